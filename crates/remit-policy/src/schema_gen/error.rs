//! Why a tool list could not be read, or a schema not be generated.

use miette::Diagnostic;
use thiserror::Error;

/// What went wrong, and what to do.
#[derive(Debug, Error, Diagnostic)]
pub enum SchemaGenError {
    /// The tool list is not JSON.
    #[error("the tool list of `{server}` is not JSON: {message} at line {line}, column {column}")]
    #[diagnostic(
        code(tools_not_json),
        help("save the result of `tools/list` as it came from the server")
    )]
    NotJson {
        /// The server.
        server: String,
        /// What the parser says.
        message: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// JSON without a list of tools.
    #[error("there are no tools in the tool list of `{server}`")]
    #[diagnostic(
        code(no_tools),
        help(
            "the file should hold {{\"tools\": […]}}, {{\"result\": {{\"tools\": […]}}}} or a list of tools"
        )
    )]
    NoTools {
        /// The server.
        server: String,
    },
    /// Something in the list that is no tool.
    #[error("tool {number} in the tool list of `{server}` {problem}")]
    #[diagnostic(code(not_a_tool), help("a tool is an object with a `name` and an `inputSchema`"))]
    NotATool {
        /// The server.
        server: String,
        /// Its place in the list, from 1.
        number: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The schema to start from does not parse.
    #[error("the schema to start from does not parse: {message}")]
    #[diagnostic(code(stub_does_not_parse), help("correct it first: `remit check` shows where"))]
    Stub {
        /// What the parser says.
        message: String,
    },
    /// The schema to start from does not say who acts on what.
    #[error("the schema to start from has no entity type marked `{mark}`")]
    #[diagnostic(
        code(stub_without_mark),
        help("write `{mark}` above the entity type of {role}, in one namespace")
    )]
    NotMarked {
        /// The missing annotation.
        mark: &'static str,
        /// Who should have it.
        role: &'static str,
    },
    /// The official generator refused.
    #[error("the schema generator refuses these tools: {message}")]
    #[diagnostic(
        code(generator_refuses),
        help("rename or leave out the tool or type that it names")
    )]
    Generator {
        /// What it says.
        message: String,
    },
}

impl SchemaGenError {
    pub(super) fn generator(error: &dyn std::error::Error) -> Self {
        Self::Generator { message: error.to_string().replace('\n', " ") }
    }

    pub(super) fn contradiction(message: Option<&str>) -> Self {
        Self::Generator { message: message.unwrap_or("the result contradicts itself").to_owned() }
    }
}

//! What a server says about its tools, from a `tools/list` result in any wrapping.
//!
//! Hints are a server's own claims and are kept apart from what is inferred from recordings.

use serde_json::{Map, Value};

use super::error::SchemaGenError;
use crate::links::json_message;

/// The tools of one server.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolManifest {
    /// The server.
    pub server: String,
    /// Its tools, in the server's order.
    pub tools: Vec<ToolSpec>,
}

/// One tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// The name by which it is called.
    pub name: String,
    /// The name shown to people.
    pub title: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// The JSON Schema of its arguments.
    pub input_schema: Value,
    /// What the server claims about its effects.
    pub annotations: Hints,
    /// Where this comes from.
    pub origin: SpecOrigin,
    /// Why it is proposed to be read-only, for a tool that does not say so itself.
    pub read_only_because: Option<String>,
}

/// MCP's hints about a tool; an unset hint means the worst case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// It changes nothing.
    pub read_only: Option<bool>,
    /// It may destroy something.
    pub destructive: Option<bool>,
    /// Calling it twice changes no more than calling it once.
    pub idempotent: Option<bool>,
    /// It reaches beyond a closed set of things, such as the web.
    pub open_world: Option<bool>,
}

/// Where the description of a tool comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecOrigin {
    /// The server declared it.
    Declared,
    /// It was inferred from recorded calls.
    Inferred {
        /// How many.
        calls: usize,
    },
}

impl ToolSpec {
    /// Whether the tool is put into the group of read-only tools, and on whose word.
    pub(super) fn read_only(&self) -> Option<String> {
        if self.annotations.read_only == Some(true) {
            return Some("declared".to_owned());
        }
        self.read_only_because.as_ref().map(|why| format!("proposed: {why}"))
    }

    /// The groups of effects that the tool belongs to.
    pub(super) fn effects(&self) -> Vec<&'static str> {
        if self.origin != SpecOrigin::Declared {
            return self.read_only().map(|_| "read_only").into_iter().collect();
        }
        let is_read_only = self.read_only().is_some();
        let is_destructive = !is_read_only && self.annotations.destructive.unwrap_or(true);
        let is_open_world = self.annotations.open_world.unwrap_or(true);
        [
            ("read_only", is_read_only),
            ("destructive", is_destructive),
            ("open_world", is_open_world),
        ]
        .into_iter()
        .filter_map(|(group, is_member)| is_member.then_some(group))
        .collect()
    }
}

/// Reads the tools of a server from the text of a `tools/list` result.
///
/// # Errors
/// If the text is not JSON, holds no tools, or something in the list is no tool.
pub fn parse_manifest(server: &str, text: &str) -> Result<ToolManifest, SchemaGenError> {
    let value: Value = serde_json::from_str(text).map_err(|error| SchemaGenError::NotJson {
        server: server.to_owned(),
        message: json_message(&error),
        line: error.line(),
        column: error.column(),
    })?;
    let Some(listed) = tools_in(&value) else {
        return Err(SchemaGenError::NoTools { server: server.to_owned() });
    };
    let tools = listed.into_iter().enumerate().map(|(index, tool)| {
        parse_tool(tool).map_err(|problem| SchemaGenError::NotATool {
            server: server.to_owned(),
            number: index + 1,
            problem,
        })
    });
    Ok(ToolManifest { server: server.to_owned(), tools: tools.collect::<Result<_, _>>()? })
}

/// Looks through envelopes: a result, its `tools`, a list of pages, or the plain list.
fn tools_in(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Object(object) => match object.get("tools") {
            Some(tools) => tools.as_array().map(|tools| tools.iter().collect()),
            None => tools_in(object.get("result")?),
        },
        Value::Array(items) => {
            let pages: Option<Vec<_>> = items.iter().map(tools_in).collect();
            let pages = pages.filter(|pages| !pages.is_empty());
            Some(pages.map_or_else(|| items.iter().collect(), |pages| pages.concat()))
        }
        _ => None,
    }
}

fn parse_tool(tool: &Value) -> Result<ToolSpec, &'static str> {
    let tool = tool.get("function").unwrap_or(tool).as_object().ok_or("is no object")?;
    let text = |key: &str| tool.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = text("name").ok_or("has no `name`")?;
    let schema =
        ["inputSchema", "input_schema", "parameters"].iter().find_map(|key| tool.get(*key));
    let hints = tool.get("annotations").and_then(Value::as_object);
    Ok(ToolSpec {
        name,
        title: text("title"),
        description: text("description"),
        input_schema: schema.cloned().unwrap_or_else(|| Value::Object(Map::new())),
        annotations: hints.map(parse_hints).unwrap_or_default(),
        origin: SpecOrigin::Declared,
        read_only_because: None,
    })
}

fn parse_hints(hints: &Map<String, Value>) -> Hints {
    let hint = |key: &str| hints.get(key).and_then(Value::as_bool);
    Hints {
        read_only: hint("readOnlyHint"),
        destructive: hint("destructiveHint"),
        idempotent: hint("idempotentHint"),
        open_world: hint("openWorldHint"),
    }
}

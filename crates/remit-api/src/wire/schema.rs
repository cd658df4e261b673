//! The schema: what recordings say about it, what other tools would change, and how it is made.

use super::desk::TextEdit;
use super::workspace::Finding;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The schema that is asked about.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct SchemaText {
    /// Its unsaved text; without one, the saved schema is meant.
    pub text: Option<String>,
}

/// What other tools in the schema would do to the policies.
#[derive(Clone, Debug, Serialize, TS)]
pub struct SchemaEffects {
    /// Actions that are new, in full.
    pub added: Vec<String>,
    /// Actions that are gone, in full.
    pub removed: Vec<String>,
    /// Actions whose context or types are others, in full.
    pub changed: Vec<String>,
    /// What would be wrong with the workspace and is not now: policies that become invalid or dead.
    pub findings: Vec<Finding>,
    /// How many findings there are now and would not be.
    pub mended: u32,
}

/// Which recorded calls do not fit the schema.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SchemaMisfits {
    /// How many sessions there are.
    pub sessions: u32,
    /// How many of them were looked at.
    pub looked_at: u32,
    /// The calls in the sessions that were looked at.
    pub calls: u32,
    /// Those of them that do not fit: each once, for however many reasons.
    pub misfits: u32,
    /// By tool and reason, the most frequent first.
    pub groups: Vec<MisfitGroup>,
    /// Whether a newer question, or a change of the workspace, made this one useless.
    pub superseded: bool,
}

/// Calls of one tool that do not fit the schema for the same reason.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MisfitGroup {
    /// The tool, as recorded.
    pub tool: String,
    /// What does not fit.
    pub message: String,
    /// What to do, for calls that are not judged at all.
    pub help: Option<String>,
    /// How many calls.
    pub calls: u32,
    /// The session of the first.
    pub session: u32,
    /// Its step.
    pub step: u32,
    /// Edits of the schema that make such calls fit, the likeliest first.
    pub fixes: Vec<SchemaFixView>,
    /// Whether the schema lacks the tool, so that it can be declared as the recordings show it.
    pub is_undeclared: bool,
}

/// An edit of the schema.
#[derive(Clone, Debug, Serialize, TS)]
pub struct SchemaFixView {
    /// What it does, as an order.
    pub title: String,
    /// What changes, in the text that was asked about.
    pub edit: TextEdit,
}

/// Asks for a schema with other tools; nothing is saved.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct MakeSchema {
    /// The unsaved text to start from; without one, the saved schema.
    pub text: Option<String>,
    /// Which tools.
    pub from: SchemaSource,
}

/// Where tools come from.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum SchemaSource {
    /// The tools that recordings call and the schema does not have.
    Recordings {
        /// Only this one.
        tool: Option<String>,
    },
    /// A server's answer to `tools/list`, in the place of the tools that the schema has of this server.
    ToolList {
        /// The file.
        path: String,
        /// The server.
        server: String,
    },
}

/// A schema that was made.
#[derive(Clone, Debug, Serialize, TS)]
pub struct MadeSchema {
    /// Its text.
    pub text: String,
    /// What its author should know: tools that are gone, names that were changed.
    pub notes: Vec<String>,
}

//! Editing: files, drafts, saving.

use super::corpus::{ChangedCalls, Summary};
use super::workspace::{FileKind, Finding, PolicyRow, WorkspaceView};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Names a file of the workspace.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct FileRequest {
    /// Relative to the workspace.
    pub path: String,
}

/// A file of the workspace.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FileText {
    /// Relative to the workspace.
    pub path: String,
    /// What it is for.
    pub kind: FileKind,
    /// Its text.
    pub text: String,
    /// Digest of its bytes: pass it back when saving.
    pub digest: String,
}

/// Text of a file that is not saved yet.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct DraftText {
    /// Relative to the workspace.
    pub path: String,
    /// The text in the editor.
    pub text: String,
}

/// What is wrong with a draft.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Findings {
    /// All of it.
    pub findings: Vec<Finding>,
}

/// A formatted draft.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Formatted {
    /// The new text.
    pub text: String,
}

/// Saves a file.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct SaveFile {
    /// Relative to the workspace.
    pub path: String,
    /// The new text.
    pub text: String,
    /// Digest of the text that the edit started from; empty overwrites whatever is there.
    pub base: String,
}

/// A saved file.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Saved {
    /// Digest of its bytes now.
    pub digest: String,
    /// The workspace after it.
    pub workspace: WorkspaceView,
}

/// The policy files that have unsaved text; none: as saved.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct Drafts {
    /// Guardrails and scopes only.
    pub files: Vec<DraftText>,
}

/// What judging the drafts came to.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DraftsJudged {
    /// As [`WorkspaceView::revision`]: other commands answer for this state from now on.
    pub revision: u32,
    /// How it went.
    pub state: DraftState,
    /// Where a text does not parse.
    pub broken: Vec<Finding>,
    /// The counts of what is shown now.
    pub summary: Option<Summary>,
    /// The policies of what is shown now.
    pub policies: Vec<PolicyRow>,
    /// Microseconds from text to counts.
    pub micros: u32,
}

/// How judging the drafts went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DraftState {
    /// What is shown now is judged by the drafts.
    Judged,
    /// A text does not parse: the last good verdicts stay.
    Broken,
    /// A newer draft came, or the workspace changed: this answer says nothing.
    Superseded,
    /// The recordings are not read yet.
    Waiting,
}

/// What unsaved texts would change, if they were judged.
#[derive(Clone, Debug, Serialize, TS)]
pub struct DraftsTried {
    /// What does not parse; then nothing can be said.
    pub broken: Vec<Finding>,
    /// The calls whose verdict would differ from the one in view; `None` if a newer question came, or
    /// nothing can be said.
    pub changed: Option<ChangedCalls>,
}

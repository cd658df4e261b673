//! Files of the workspace as a whole: making, renaming, removing, what is kept unsaved, what git knows.

use super::corpus::Summary;
use super::workspace::WorkspaceView;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One file as it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileEdit {
    /// Relative to the workspace.
    pub path: String,
    /// Digest of the text that is there now; `null` if no file is.
    pub base: Option<String>,
    /// Its text from now on; `null` removes the file.
    pub text: Option<String>,
}

/// Makes, writes and removes files: all of them, or none.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct FileEdits {
    /// Each path at most once.
    pub edits: Vec<FileEdit>,
}

/// Files were made, written or removed.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FilesEdited {
    /// What takes it back, as long as nobody changes the files again.
    pub undo: Vec<FileEdit>,
    /// The workspace after it.
    pub workspace: WorkspaceView,
}

/// Unsaved text, kept outside of the workspace so that a crash does not lose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeptDraft {
    /// Relative to the workspace.
    pub path: String,
    /// The text in the editor.
    pub text: String,
    /// The text on disk that the edit started from.
    pub base: String,
    /// Digest of that.
    pub digest: String,
}

/// All unsaved texts of the open workspace that are kept.
#[derive(Clone, Debug, Serialize, TS)]
pub struct KeptDrafts {
    /// By path.
    pub drafts: Vec<KeptDraft>,
}

/// Asks what git knows of the open workspace.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct GitRequest {
    /// The revision that files are compared with; `null`: the last commit.
    pub against: Option<String>,
}

/// What git knows of the open workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GitState {
    /// Whether the workspace lies in a git repository (and git is installed).
    pub is_repository: bool,
    /// The branch, if there is one.
    pub branch: Option<String>,
    /// Files that differ from the revision, by path.
    pub changed: Vec<GitChange>,
    /// The last commits that touched the workspace, newest first.
    pub revisions: Vec<Revision>,
}

/// A file that differs from a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct GitChange {
    /// Relative to the workspace.
    pub path: String,
    /// How it differs.
    pub kind: GitChangeKind,
}

/// How a file differs from a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum GitChangeKind {
    /// It was not there.
    Added,
    /// It says something else.
    Modified,
    /// It is not there any more.
    Removed,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct Revision {
    /// Its short name.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
    /// When (RFC 3339).
    pub at: String,
}

/// Names a file as it was.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct FileAt {
    /// Relative to the workspace.
    pub path: String,
    /// A commit, a branch, a tag.
    pub revision: String,
}

/// A file as it was.
#[derive(Clone, Debug, Serialize, TS)]
pub struct FileWas {
    /// Its text; `null` if it was not there.
    pub text: Option<String>,
}

/// Says what changes are counted against.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct PinBaseline {
    /// A commit, a branch, a tag; `null`: what is saved.
    pub revision: Option<String>,
}

/// What changes are counted against.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    /// As named; `null`: what is saved.
    pub revision: Option<String>,
    /// Its first line, for a revision.
    pub subject: Option<String>,
    /// The counts of the workspace's recordings by its policies; absent while nothing was judged.
    pub summary: Option<Summary>,
}

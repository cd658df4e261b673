//! What the host tells the window by itself.

use super::corpus::CallPlace;
use serde::Serialize;
use ts_rs::TS;

/// What the host tells the window by itself.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase", tag = "event")]
pub enum AppEvent {
    /// Recordings are being read.
    #[serde(rename_all = "camelCase")]
    LoadProgress {
        /// Of this revision.
        revision: u32,
        /// Files done.
        done: u32,
        /// Files in all.
        total: u32,
        /// Tool calls found so far.
        tool_calls: u32,
    },
    /// Scopes are being learnt, or verdicts scored: first the recordings are read, then the tasks are done.
    LearnProgress {
        /// Files or tasks done.
        done: u32,
        /// Files or tasks in all.
        total: u32,
    },
    /// A replay is done (or blocked): ask for the workspace again.
    ReplayFinished {
        /// Of this revision.
        revision: u32,
    },
    /// Files changed on disk, by somebody else.
    WorkspaceChanged {
        /// The new revision.
        revision: u32,
        /// Relative to the workspace.
        paths: Vec<String>,
    },
    /// Verdicts that are shown differ from those of the reference engine: they cannot be trusted.
    SelfCheckFailed {
        /// Of this revision.
        revision: u32,
        /// Tool calls that were judged again.
        checked: u32,
        /// How many of them differ.
        wrong: u32,
        /// Where one is.
        example: CallPlace,
        /// What differs there, for a report of the mistake.
        details: String,
    },
}

//! All recordings together: counts, the list of sessions, the strip.

use super::why::DriftSeverity;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The verdict on one tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Within its remit.
    Allowed,
    /// The guardrails forbid it.
    Denied,
    /// Permitted, but not what the task is for.
    Drifted,
    /// Cannot be decided.
    Unknown,
}

/// The counts of a replay. The four verdicts add up to the tool calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Sessions.
    pub sessions: u32,
    /// Tool calls.
    pub tool_calls: u32,
    /// Within their remit.
    pub allowed: u32,
    /// Forbidden by the guardrails.
    pub denied: u32,
    /// Permitted, but not what the task is for.
    pub drifted: u32,
    /// Those of the drifted in which only a value is not vouched for.
    pub unverified: u32,
    /// Not decidable.
    pub unknown: u32,
    /// Sessions without a declared scope: they cannot drift.
    pub unscoped: u32,
    /// Verdicts that a failing policy could flip.
    pub uncertain: u32,
    /// Warnings of the importers.
    pub warnings: u32,
}

/// Asks for a window of the session list.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionsRequest {
    /// First row.
    pub start: u32,
    /// At most this many rows.
    pub len: u32,
    /// Words that must occur in id, task, agent, goal or tool names.
    pub text: String,
    /// Only sessions with such a verdict.
    pub verdict: Option<Verdict>,
    /// Only sessions with a call that drifted so gravely.
    pub severity: Option<DriftSeverity>,
}

/// A window of the session list.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionPage {
    /// Rows that match, all together.
    pub total: u32,
    /// The rows of the window.
    pub rows: Vec<SessionRow>,
    /// Recordings that could not be read, and files that were passed over.
    pub skipped: Vec<SkippedFile>,
}

/// A file that gave no session.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SkippedFile {
    /// Its path.
    pub path: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub help: Option<String>,
}

/// A session in the list.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionRow {
    /// Names the session in other requests; holds for one revision.
    pub session: u32,
    /// Its id in the recording.
    pub id: String,
    /// The recording.
    pub recording: String,
    /// Its task, as recorded or by the workspace's rules.
    pub task: Option<String>,
    /// Whether that task has a scope.
    pub scoped: bool,
    /// The main agent.
    pub agent: String,
    /// The stated goal, shortened.
    pub goal: Option<String>,
    /// One letter a tool call, in order: `a`llowed, `d`enied, drifted `r`, `u`nknown.
    pub strip: String,
    /// The counts of this session.
    pub summary: Summary,
}

/// Names a tool call by its position among all tool calls of the corpus.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct PositionRequest {
    /// From 0, in the order of the corpus strip.
    pub position: u32,
}

/// Where a tool call is.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CallPlace {
    /// The session.
    pub session: u32,
    /// The step.
    pub step: u32,
}

/// What changed: against the pinned revision, else against what is saved, or was saved before.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ChangedCalls {
    /// The revision that is pinned.
    pub revision: Option<String>,
    /// All calls whose verdict differs.
    pub calls: u32,
    /// The calls in groups, the largest first.
    pub groups: Vec<ChangedGroup>,
    /// Groups that are left out.
    pub more: u32,
}

/// Calls of one agent and tool whose verdict changed in the same way for the same reasons.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChangedGroup {
    /// The verdict before.
    pub before: Verdict,
    /// The verdict now.
    pub after: Verdict,
    /// The agent, as requests name it.
    pub agent: String,
    /// The tool, as requests name it.
    pub tool: String,
    /// The policies that decided before.
    pub decided_before: Vec<DecidingPolicy>,
    /// The policies that decide now; none where nothing permits.
    pub decided_after: Vec<DecidingPolicy>,
    /// How many calls.
    pub calls: u32,
    /// In how many sessions.
    pub sessions: u32,
    /// One of them.
    pub example: CallPlace,
}

/// A policy that decides.
#[derive(Clone, Debug, Serialize, TS)]
pub struct DecidingPolicy {
    /// The task of its scope; `null` for guardrails.
    pub task: Option<String>,
    /// Its id.
    pub policy: String,
}

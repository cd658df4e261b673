//! From an incident to a rule, to a report, and to where else it happened.

use super::corpus::Verdict;
use super::files::FileEdit;
use super::learn::RecordedCall;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What would have stopped a call, by what is saved.
#[derive(Clone, Debug, Serialize, TS)]
pub struct StopView {
    /// A newer request came, or the workspace changed: this answer says nothing.
    pub superseded: bool,
    /// The rules, the narrowest kind first.
    pub rules: Vec<StopRuleView>,
}

/// A rule that stops a call.
#[derive(Clone, Debug, Serialize, TS)]
pub struct StopRuleView {
    /// The id of its policy.
    pub id: String,
    /// What it stops.
    pub title: String,
    /// How wide it is.
    pub reach: StopReach,
    /// The policy.
    pub policy: String,
    /// The test that the call stays stopped.
    pub test: String,
    /// What accepting it writes: the policy, and the test.
    pub edits: Vec<FileEdit>,
    /// What it newly denies in the session.
    pub here: StopEffect,
    /// What it newly denies in all other sessions.
    pub elsewhere: StopEffect,
    /// Some of the calls elsewhere that were within their remit.
    pub missed: Vec<RecordedCall>,
}

/// How wide a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum StopReach {
    /// The very call.
    Call,
    /// Calls whose arguments are like these.
    Alike,
    /// Calls whose values come from where these do.
    Origin,
    /// Calls after what had happened before.
    History,
    /// All calls of the tool.
    Tool,
}

/// Calls that a rule newly denies, by what they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct StopEffect {
    /// All of them.
    pub calls: u32,
    /// Those that were within their remit, and may be missed.
    pub allowed: u32,
    /// Those that had drifted.
    pub drifted: u32,
    /// Those that could not be decided.
    pub unknown: u32,
}

/// Asks for the report of a session.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct ExportReport {
    /// The session.
    pub session: u32,
    /// As what.
    pub format: ExportFormat,
}

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ExportFormat {
    /// One HTML file that stands alone.
    Html,
    /// Markdown.
    Markdown,
}

/// Where a report is.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ExportedReport {
    /// The file, in full.
    pub path: String,
}

/// Looks for steps in all sessions.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct SearchRequest {
    /// Words, and terms such as `tool:send_mail`.
    pub query: String,
}

/// What was found.
#[derive(Clone, Debug, Serialize, TS)]
pub struct SearchView {
    /// A newer request came, or the workspace changed: this answer says nothing.
    pub superseded: bool,
    /// All steps that were found.
    pub steps: u32,
    /// All sessions that they are in.
    pub sessions: u32,
    /// The first of them.
    pub found: Vec<FoundSession>,
    /// Recordings that cannot be read any more.
    pub unread: u32,
}

/// A session with steps that were found.
#[derive(Clone, Debug, Serialize, TS)]
pub struct FoundSession {
    /// Where the window shows it.
    pub session: u32,
    /// Its recording.
    pub recording: String,
    /// Its id.
    pub id: String,
    /// The steps, in order.
    pub steps: Vec<FoundStep>,
}

/// A step that was found.
#[derive(Clone, Debug, Serialize, TS)]
pub struct FoundStep {
    /// The step.
    pub step: u32,
    /// The tool of a call, else who said it.
    pub what: String,
    /// The text around what was found.
    pub excerpt: String,
    /// The verdict of a call.
    pub verdict: Option<Verdict>,
}

//! Why a tool call has its verdict.

use super::session::CallView;
use super::workspace::Effect;
use serde::Serialize;
use ts_rs::TS;

/// Why a tool call has its verdict.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The step.
    pub step: u32,
    /// The call.
    pub call: CallView,
    /// The agent that acted.
    pub agent: String,
    /// The task, if any.
    pub task: Option<String>,
    /// The verdict in a sentence.
    pub sentence: String,
    /// What the guardrails decided; absent if the call could not be mapped.
    pub guardrails: Option<Decision>,
    /// What the task's scope decided; absent without a scope.
    pub scope: Option<Decision>,
    /// Why the verdict is unknown, and what to do.
    pub unknown: Option<UnknownReason>,
    /// The conditions over history that policies ask at this call.
    pub history: Vec<HistoryCondition>,
    /// What does not fit the schema.
    pub misfits: Vec<String>,
    /// The request as it was judged.
    pub request: Option<RequestView>,
}

/// A condition over history, at one call.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryCondition {
    /// What its author wrote.
    pub text: String,
    /// Where it begins, counted in bytes from the beginning of its policy.
    pub start: u32,
    /// Whether it holds; null if nobody recorded what it depends on.
    pub holds: Option<bool>,
    /// Which earlier steps make it so, or how far it is from holding.
    pub witnesses: Vec<HistoryWitness>,
    /// The windows and thresholds in it, to try others: as edits of the draft.
    pub literals: Vec<HistoryLiteral>,
}

/// What one part of a condition found among the earlier steps.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryWitness {
    /// The steps, the last one last.
    pub steps: Vec<u32>,
    /// What they are, or what is missing.
    pub words: String,
}

/// A number in a condition.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryLiteral {
    /// Whether it is a window, such as `1h`; else a threshold.
    pub is_window: bool,
    /// What stands there.
    pub text: String,
    /// Where it begins, counted in bytes from the beginning of its policy.
    pub start: u32,
}

/// Why a verdict is unknown.
#[derive(Clone, Debug, Serialize, TS)]
pub struct UnknownReason {
    /// What is missing.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What one policy set decided.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Whether it allows.
    pub allow: bool,
    /// A failing policy could flip it.
    pub uncertain: bool,
    /// The policies that decided.
    pub reasons: Vec<PolicyText>,
    /// Policies that failed and were skipped.
    pub errors: Vec<PolicyFailure>,
}

/// A policy with its text.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PolicyText {
    /// Its id.
    pub id: String,
    /// Its file, relative to the workspace.
    pub file: String,
    /// Its first line, from 1.
    pub line: u32,
    /// What it does.
    pub effect: Effect,
    /// Its text.
    pub text: String,
    /// What its `@why` (or `@doc`) says.
    pub why: Option<String>,
    /// What it says in plain English, if it asks the history of the session; several lines.
    pub reading: Option<String>,
    /// Which past events its conditions can see.
    pub sees: Option<String>,
}

/// A policy that failed on a call. Cedar skips it.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PolicyFailure {
    /// The policy.
    pub policy: PolicyText,
    /// What the engine says.
    pub message: String,
}

/// Cedar's authorization request.
#[derive(Clone, Debug, Serialize, TS)]
pub struct RequestView {
    /// Who.
    pub principal: String,
    /// Does what.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Under which circumstances, as JSON text.
    pub context: String,
}

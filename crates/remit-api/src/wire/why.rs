//! Why a tool call has its verdict.

use super::session::CallView;
use super::workspace::Effect;
use serde::{Deserialize, Serialize};
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
    /// How grave, if drifted.
    pub severity: Option<DriftSeverity>,
    /// The values in the arguments that nobody vouches for, if drifted.
    pub because: Vec<Because>,
    /// The clause of the scope that the call nearly met, if it met none.
    pub nearest: Option<NearestClause>,
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

/// How grave a drift is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum DriftSeverity {
    /// The scope does not allow the call.
    OutOfScope,
    /// Only a value in it is not vouched for.
    UnverifiedValue,
}

/// A value in the arguments that nobody vouches for.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Because {
    /// The path of the argument.
    pub argument: String,
    /// The value, as it stands in the argument.
    pub value: String,
    /// Where it comes from.
    pub origin: ValueOrigin,
    /// The step that shows it first.
    pub step: Option<u32>,
    /// The tool whose result it stands in.
    pub tool: Option<String>,
    /// How sure it is that the value is meant, in per cent, if it was found.
    pub confidence: Option<u32>,
    /// The text that it stands in.
    pub excerpt: Option<ValueExcerpt>,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, Serialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ValueOrigin {
    /// The result of a tool.
    ToolResult,
    /// Something that the runtime said.
    Runtime,
    /// What another agent said or used.
    OtherAgent,
    /// The model made it up.
    Nowhere,
}

/// A value with the text around it.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ValueExcerpt {
    /// What stands before it.
    pub before: String,
    /// The value, as it stands there.
    pub value: String,
    /// What stands behind it.
    pub after: String,
}

/// A permit of the scope that is about the call, and its conditions that do not hold.
#[derive(Clone, Debug, Serialize, TS)]
pub struct NearestClause {
    /// The permit.
    pub policy: PolicyText,
    /// The conditions that do not hold.
    pub failed: Vec<String>,
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
    /// What would have to be different for the other decision, the least first.
    pub otherwise: Vec<Otherwise>,
}

/// What would have to be different about one policy.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Otherwise {
    /// The policy.
    pub policy: PolicyText,
    /// Whether it would have to apply, which takes all of the conditions; else it would have to not apply,
    /// for which one of them is enough.
    pub must_apply: bool,
    /// The conditions. None: it applies to every such call.
    pub conditions: Vec<String>,
}

/// A part of a condition, with what it comes to on the call.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ConditionPart {
    /// What its author wrote.
    pub text: String,
    /// What it comes to.
    pub state: PartState,
    /// Its value, where it is neither true nor false; or why it fails.
    pub value: Option<String>,
    /// What it is made of.
    pub parts: Vec<ConditionPart>,
}

/// What a part of a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PartState {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// It has another value.
    Value,
    /// It fails, and with it the policy.
    Error,
    /// Nobody asks it.
    NotReached,
}

/// One clause of a policy on the call.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ClauseValue {
    /// Whether it is needed not to hold.
    pub is_unless: bool,
    /// What it asks.
    pub whole: ConditionPart,
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
    /// What its conditions come to on the call, part by part; nothing where it did not decide.
    pub clauses: Vec<ClauseValue>,
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

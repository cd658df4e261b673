//! Calls that tasks need and guardrails deny, and what would let them through.

use super::corpus::Verdict;
use super::learn::RecordedCall;
use serde::Serialize;
use ts_rs::TS;

/// The friction of the saved workspace.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FrictionView {
    /// A newer request came, or the workspace changed: this answer says nothing.
    pub superseded: bool,
    /// Most calls first.
    pub groups: Vec<FrictionGroup>,
}

/// Calls that are needed and denied for the same reason.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FrictionGroup {
    /// The tool's action.
    pub action: String,
    /// The guardrails that forbid it; none where no guardrail permits it.
    pub forbidden_by: Vec<String>,
    /// The tasks that need it, sorted.
    pub tasks: Vec<String>,
    /// How many calls.
    pub calls: u32,
    /// Some of the calls.
    pub examples: Vec<RecordedCall>,
    /// The smallest change that would let them through; `null` if no single one does.
    pub proposal: Option<FrictionProposal>,
}

/// A change of the guardrails.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FrictionProposal {
    /// The file, relative to the workspace.
    pub file: String,
    /// What is added to it, or to a policy of it.
    pub added: String,
    /// The whole file with the change.
    pub text: String,
    /// How many calls of the group it lets through.
    pub lets_through: u32,
    /// Calls beyond the group that would no longer be denied.
    pub also: Vec<AlsoThrough>,
}

/// Calls beyond a group that a change lets through.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AlsoThrough {
    /// The tool's action.
    pub action: String,
    /// What they would be.
    pub verdict: Verdict,
    /// How many.
    pub calls: u32,
}

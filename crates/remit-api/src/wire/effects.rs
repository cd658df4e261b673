//! What policies do to the recorded calls, and policies that are made from such calls.

use super::workspace::Effect;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the policies of a file do, of what is shown now.
#[derive(Clone, Debug, Serialize, TS)]
pub struct PolicyEffects {
    /// As [`WorkspaceView::revision`](super::WorkspaceView::revision): what was shown when they were counted.
    pub revision: u32,
    /// The policies in the order in which they are written; templates and conditions over history are
    /// left out.
    pub policies: Vec<PolicyEffect>,
}

/// What a policy does.
#[derive(Clone, Debug, Serialize, TS)]
pub struct PolicyEffect {
    /// Its id.
    pub id: String,
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// The calls that it matches.
    pub matched: u32,
    /// The calls that it decides.
    pub decided: u32,
    /// The calls that only it, or only its saved text, matches.
    pub changed: u32,
    /// Its conditions.
    pub conditions: Vec<ConditionEffect>,
}

/// What one condition of a policy does.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConditionEffect {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// Whether it is needed not to hold.
    pub is_unless: bool,
    /// The calls that fit the policy's head and this condition.
    pub matched: u32,
    /// The calls that this condition alone keeps out.
    pub keeps_out: u32,
    /// The calls for which the saved condition in its place answers otherwise; `None` if the saved
    /// policy has more or fewer conditions.
    pub changed: Option<u32>,
}

/// Asks for a policy from some calls.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CallsRequest {
    /// Positions in the verdict column.
    pub positions: Vec<u32>,
    /// What the policy does to such calls.
    pub effect: Effect,
}

/// Policies to start from.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Candidates {
    /// The narrowest first.
    pub candidates: Vec<CandidateView>,
}

/// A policy to start from.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CandidateView {
    /// What it matches.
    pub title: String,
    /// Its text, formatted; without ids.
    pub text: String,
}

/// Asks how what an agent may do with a tool can be narrowed.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct NarrowRequest {
    /// The agent, in full.
    pub agent: String,
    /// The action, in full.
    pub action: String,
}

//! What agents may do with tools, beside what they did.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks what agents may do.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct AccessRequest {
    /// The task whose scope counts too; without one, only the guardrails count.
    pub task: Option<String>,
}

/// What agents may do with tools, whatever they are called with. `always` and `never` are read from the
/// policies that are shown, not from recordings, and hold for all calls.
#[derive(Clone, Debug, Serialize, TS)]
pub struct AccessMatrix {
    /// The agents in `entities.json` or in recordings, in full, sorted.
    pub agents: Vec<String>,
    /// The actions, in full, sorted.
    pub actions: Vec<String>,
    /// The policies that cells name, each once.
    pub policies: Vec<ExtentPolicy>,
    /// The cells that mean something, by agent and action.
    pub cells: Vec<AccessCell>,
}

/// What an agent may do with a tool, and what it did.
#[derive(Clone, Debug, Serialize, TS)]
pub struct AccessCell {
    /// Position in `agents`.
    pub agent: u32,
    /// Position in `actions`.
    pub action: u32,
    /// By the guardrails; `None` if `entities.json` does not have the agent.
    pub guardrails: Option<Extent>,
    /// By the scope of the task, if one was asked for.
    pub scope: Option<Extent>,
    /// Recorded calls, of all tasks.
    pub calls: u32,
    /// Those that are denied.
    pub denied: u32,
    /// Those that are drifted.
    pub drifted: u32,
    /// Those that cannot be decided.
    pub unknown: u32,
}

/// How far something is allowed.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Extent {
    /// Whether it is.
    pub allowed: Allowed,
    /// Positions in the matrix's `policies` of those that say so.
    pub policies: Vec<u32>,
}

/// A policy that says how far something is allowed.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ExtentPolicy {
    /// Its id.
    pub id: String,
    /// Its file.
    pub file: String,
    /// Its first line, from 1.
    pub line: u32,
    /// What it says, in plain English.
    pub reading: Option<String>,
}

/// Whether something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Allowed {
    /// No policy permits it, or one forbids it whatever the call.
    Never,
    /// It depends on the call.
    Sometimes,
    /// A policy permits it whatever the call, and none can forbid it.
    Always,
}

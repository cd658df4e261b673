//! The open workspace: its files, policies and findings.

use super::corpus::Summary;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An open workspace.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceView {
    /// Its folder.
    pub root: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Goes up whenever anything in it changes, drafts included; answers of another revision are old.
    pub revision: u32,
    /// Whether it is a throw-away copy of the shipped sample.
    pub is_sample: bool,
    /// Its files that people edit, in reading order.
    pub files: Vec<FileEntry>,
    /// Its policies, guardrails first.
    pub policies: Vec<PolicyRow>,
    /// All that is wrong with it.
    pub findings: Vec<Finding>,
    /// How far its replay is.
    pub replay: ReplayState,
}

/// A file that people edit.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FileEntry {
    /// Relative to the workspace.
    pub path: String,
    /// What it is for.
    pub kind: FileKind,
    /// Findings that are errors.
    pub errors: u32,
    /// Findings that are warnings.
    pub warnings: u32,
}

/// What a file of a workspace is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// What agents may do, whatever the task.
    Guardrails,
    /// What one task needs.
    Scope,
    /// Agents, tools and their types.
    Schema,
    /// Agents, users, servers and groups.
    Entities,
    /// `remit.toml`.
    Config,
    /// `scopes/scopes.toml`.
    Tasks,
    /// What is expected of the policies.
    Tests,
    /// Anything else that is text.
    Other,
}

/// Which policy set a policy belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Layer {
    /// What agents may do, whatever the task.
    Guardrails,
    /// What one task needs.
    Scope,
}

/// A policy in a list.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRow {
    /// Its id.
    pub id: String,
    /// Its policy set.
    pub layer: Layer,
    /// The task whose scope it belongs to.
    pub task: Option<String>,
    /// Its file, relative to the workspace.
    pub file: String,
    /// Its first line in the file, from 1.
    pub line: u32,
    /// `permit` or `forbid`.
    pub effect: Effect,
    /// What its `@why` (or `@doc`) says.
    pub why: Option<String>,
    /// Tool calls that it decided in the last replay.
    pub decided: u32,
}

/// What a policy does when it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Permits.
    Permit,
    /// Forbids, and wins.
    Forbid,
}

/// Something wrong in a file.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its kind.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the workspace.
    pub file: String,
    /// Where it starts: UTF-16 units from the start of the file, as editors count.
    pub from: Option<u32>,
    /// Where it ends, in the same units.
    pub to: Option<u32>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The policy.
    pub policy: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The workspace is not valid.
    Error,
    /// Likely not what was meant.
    Warning,
    /// Could be better.
    Advice,
}

/// How far the replay of the open workspace is.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum ReplayState {
    /// Reading recordings or judging.
    Running {
        /// Sessions done.
        done: u32,
        /// Sessions in all; 0 while that is not known.
        total: u32,
    },
    /// Done.
    #[serde(rename_all = "camelCase")]
    Ready {
        /// The counts.
        summary: Summary,
    },
    /// The policies do not parse or validate; what is shown is the last good replay.
    #[serde(rename_all = "camelCase")]
    Blocked {
        /// Why, in a sentence.
        why: String,
        /// The counts of the last good replay, if there was one.
        last: Option<Summary>,
    },
}

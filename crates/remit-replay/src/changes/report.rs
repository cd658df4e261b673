//! The report of changes: the versioned contract of `remit diff --format json`.
//!
//! Fields are added within a version, never renamed. Others join on (recording, id), else on
//! (recording, index), as in the report of a replay.

use super::{Change, ChangeGroup, ChangedCall, Changes, Idle, IdlePolicy, Standing, call_at};
use crate::report::{REPORT_VERSION, report_digests};
use crate::{Replay, ReportDigests, Summary, Verdict};
use cedar_policy::Effect;
use remit_session::Recording;
use schemars::JsonSchema;
use serde::Serialize;

/// What differs between two replays of the same recordings.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesReport {
    /// Version of this format: 1.
    pub version: u32,
    /// What the verdicts of both sides are a function of, besides the recordings.
    pub digests: ChangeDigests,
    /// The counts.
    pub summary: ChangeSummary,
    /// The calls that change, by change, then the largest group first.
    pub groups: Vec<GroupReport>,
    /// Policies of the candidate on which no decision depends, by file and line.
    pub policies: Vec<PolicyReport>,
}

/// The digests of both sides.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangeDigests {
    /// Of the baseline.
    pub baseline: ReportDigests,
    /// Of the candidate.
    pub candidate: ReportDigests,
}

/// The counts. The six changes add up to `toolCalls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSummary {
    /// Sessions.
    pub sessions: u32,
    /// Tool calls.
    pub tool_calls: u32,
    /// The guardrails deny what they let pass.
    pub newly_denied: u32,
    /// Permitted, but not what the task is for; allowed or denied before.
    pub newly_drifted: u32,
    /// Within its remit; denied before.
    pub newly_allowed: u32,
    /// Within its remit; drifted before.
    pub no_longer_drifted: u32,
    /// One side cannot be decided, or not for sure.
    pub maybe: u32,
    /// The same verdict.
    pub unchanged: u32,
    /// The verdicts of the baseline.
    pub baseline: Summary,
    /// The verdicts of the candidate.
    pub candidate: Summary,
}

/// Calls of one agent and tool that change in the same way for the same reasons.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupReport {
    /// The change.
    pub change: Change,
    /// The agent, as recorded.
    pub agent: String,
    /// The tool, as recorded.
    pub tool: String,
    /// In the baseline.
    pub before: StandingReport,
    /// In the candidate.
    pub after: StandingReport,
    /// How many calls.
    pub count: u32,
    /// In how many sessions.
    pub sessions: u32,
    /// Every call, in the order of the recordings; where only an example is asked for, the first.
    pub calls: Vec<ChangedCallReport>,
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StandingReport {
    /// The verdict.
    pub verdict: Verdict,
    /// The determining policies of the guardrails, where these are why.
    pub guardrails: Vec<String>,
    /// The determining policies of the scope; `null` where no scope is why.
    pub scope: Option<Vec<String>>,
    /// The failed policies that could flip the verdict.
    pub failed: Vec<String>,
    /// Why it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// Where a call is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedCallReport {
    /// The recording's path, relative to the argument it came from.
    pub recording: String,
    /// The session's id.
    pub session: String,
    /// Counts the tool calls of the recording, from 0.
    pub index: u32,
    /// The step in the session, from 0.
    pub step: u32,
    /// The recording's own id of the call.
    pub id: Option<String>,
}

/// A policy on which no decision depends.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyReport {
    /// Its id.
    pub policy: String,
    /// The file, relative to the workspace.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// `permit` or `forbid`.
    pub effect: String,
    /// Why nothing depends on it.
    pub why: Idle,
    /// The calls that it matched, or on which it failed.
    pub calls: u32,
    /// The policies that decide those calls beside it or against it, sorted.
    pub others: Vec<String>,
}

/// The report of `changes` between two replays of `recordings`.
pub fn changes_report(
    changes: &Changes,
    idle: &[IdlePolicy],
    (baseline, candidate): (&Replay, &Replay),
    recordings: &[Recording],
) -> ChangesReport {
    ChangesReport {
        version: REPORT_VERSION,
        digests: ChangeDigests {
            baseline: report_digests(baseline),
            candidate: report_digests(candidate),
        },
        summary: summary(changes, total(baseline, recordings), total(candidate, recordings)),
        groups: changes.groups.iter().map(|g| group_report(g, recordings)).collect(),
        policies: idle.iter().map(policy_report).collect(),
    }
}

impl ChangeSummary {
    /// How many calls have `change`.
    pub fn count(&self, change: Change) -> u32 {
        match change {
            Change::NewlyDenied => self.newly_denied,
            Change::NewlyDrifted => self.newly_drifted,
            Change::NewlyAllowed => self.newly_allowed,
            Change::NoLongerDrifted => self.no_longer_drifted,
            Change::Maybe => self.maybe,
            Change::Unchanged => self.unchanged,
        }
    }
}

fn summary(changes: &Changes, baseline: Summary, candidate: Summary) -> ChangeSummary {
    let calls = |change| changes.count(change).calls;
    ChangeSummary {
        sessions: candidate.sessions,
        tool_calls: candidate.tool_calls,
        newly_denied: calls(Change::NewlyDenied),
        newly_drifted: calls(Change::NewlyDrifted),
        newly_allowed: calls(Change::NewlyAllowed),
        no_longer_drifted: calls(Change::NoLongerDrifted),
        maybe: calls(Change::Maybe),
        unchanged: calls(Change::Unchanged),
        baseline,
        candidate,
    }
}

fn total(replay: &Replay, recordings: &[Recording]) -> Summary {
    let warnings = recordings.iter().flat_map(|r| &r.warnings).map(|w| w.count).sum();
    let mut total = Summary { warnings, ..Summary::default() };
    for session in &replay.sessions {
        total.add(&Summary::of(session));
    }
    total
}

fn group_report(group: &ChangeGroup, recordings: &[Recording]) -> GroupReport {
    GroupReport {
        change: group.change,
        agent: group.agent.clone(),
        tool: group.tool.clone(),
        before: standing(&group.before),
        after: standing(&group.after),
        count: group.calls.len() as u32,
        sessions: group.sessions(),
        calls: group.calls.iter().filter_map(|c| call_report(c, recordings)).collect(),
    }
}

fn standing(standing: &Standing) -> StandingReport {
    StandingReport {
        verdict: standing.verdict,
        guardrails: standing.guardrails.clone(),
        scope: standing.scope.clone(),
        failed: standing.failed.clone(),
        unknown: standing.unknown.clone(),
    }
}

fn call_report(call: &ChangedCall, recordings: &[Recording]) -> Option<ChangedCallReport> {
    let recording = recordings.get(call.recording)?;
    let session = recording.sessions.get(call.session)?;
    Some(ChangedCallReport {
        recording: recording.path.to_string(),
        session: session.id.clone(),
        index: call.index.0,
        step: call.step.0,
        id: call_at(session, call.step)?.1.id.clone(),
    })
}

fn policy_report(idle: &IdlePolicy) -> PolicyReport {
    PolicyReport {
        policy: idle.id.clone(),
        file: idle.file.to_string(),
        line: idle.line,
        effect: if idle.effect == Effect::Permit { "permit" } else { "forbid" }.to_owned(),
        why: idle.why,
        calls: idle.calls,
        others: idle.others.clone(),
    }
}

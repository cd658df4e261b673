//! The gates: what must hold before a bundle is built. All of them are asked, and every reason is told.
//!
//! Reasons are for who builds; they may name what recordings hold. Only their number goes into the manifest.

use crate::candidate::Candidate;
use crate::change::ChangeRow;
use crate::manifest::{Gate, GateEntry};
use crate::review::Review;
use remit_policy::{Finding, Severity};
use remit_replay::Judgement;
use remit_review::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;

/// A gate, and how it came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GateResult {
    /// The gate.
    pub gate: Gate,
    /// What it asks for.
    pub asks: &'static str,
    /// Why it is not passed; none if it is.
    pub reasons: Vec<String>,
    /// Why it is waived, if there is something to waive.
    pub waived: Option<String>,
}

impl GateResult {
    /// Whether the bundle may be built as far as this gate is concerned.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.reasons.is_empty() || self.waived.is_some()
    }

    pub(crate) fn entry(&self) -> GateEntry {
        let reasons = u32::try_from(self.reasons.len()).unwrap_or(u32::MAX);
        GateEntry { gate: self.gate, reasons, waived: self.waived.clone() }
    }
}

/// Asks every gate. A waiver of a gate that is passed anyway has no effect.
#[must_use]
pub fn gates(
    candidate: &Candidate,
    review: Option<&Review>,
    waivers: &BTreeMap<Gate, String>,
) -> Vec<GateResult> {
    let asked = Gate::ALL.into_iter().map(|gate| {
        let reasons = match gate {
            Gate::Valid => invalid(candidate),
            Gate::Errors => failing(candidate),
            Gate::Tests => failed_tests(candidate),
            Gate::Changes => unaccepted(candidate, review),
            Gate::Separation => one_person(review),
            Gate::Scopes => without_scope(candidate),
        };
        let own = review.and_then(|review| review.same_person.as_ref());
        let own = own.filter(|_| gate == Gate::Separation);
        let waived = waivers.get(&gate).or(own).filter(|_| !reasons.is_empty()).cloned();
        GateResult { gate, asks: gate.asks(), reasons, waived }
    });
    asked.collect()
}

fn invalid(candidate: &Candidate) -> Vec<String> {
    let errors = candidate.workspace.findings.iter().filter(|f| f.severity == Severity::Error);
    errors.map(said).collect()
}

pub(crate) fn said(finding: &Finding) -> String {
    let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}: {}", finding.file, finding.message)
}

/// Policies that failed on a call, each with the number of calls and the first message.
fn failing(candidate: &Candidate) -> Vec<String> {
    let mut failed: BTreeMap<(String, &str), (u32, &str)> = BTreeMap::new();
    for session in &candidate.replay.sessions {
        let scope = session.scope.as_deref().unwrap_or_default();
        for judged in session.calls.iter().filter_map(|call| call.judged.as_ref()) {
            count_errors("guardrails".to_owned(), &judged.guardrails, &mut failed);
            if let Some(side) = &judged.scope {
                count_errors(format!("scope of {scope}"), side, &mut failed);
            }
        }
    }
    let said = |((layer, policy), (calls, message)): (_, (u32, &str))| {
        format!("`{policy}` ({layer}) fails on {}: {message}", counted(calls, "recorded call"))
    };
    failed.into_iter().map(said).collect()
}

fn count_errors<'a>(
    layer: String,
    side: &'a Judgement,
    failed: &mut BTreeMap<(String, &'a str), (u32, &'a str)>,
) {
    for error in &side.errors {
        failed.entry((layer.clone(), &error.policy)).or_insert((0, &error.message)).0 += 1;
    }
}

fn failed_tests(candidate: &Candidate) -> Vec<String> {
    let suite = &candidate.suite;
    if suite.tests.is_empty() && suite.broken.is_empty() {
        return vec!["the workspace has no tests".to_owned()];
    }
    let mut reasons: Vec<String> = suite
        .broken
        .iter()
        .map(|broken| {
            let name = broken.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            format!("{}{name} cannot be read: {}", broken.file, broken.message)
        })
        .collect();
    for (test, result) in suite.tests.iter().zip(&candidate.results) {
        let place =
            format!("{}{}", test.file, test.line.map(|l| format!(":{l}")).unwrap_or_default());
        match &result.outcome {
            Outcome::Passed => {}
            Outcome::Failed(differs) => {
                reasons.push(format!("{place}: {}: {}", test.name, differs.join("; ")));
            }
            Outcome::Broken(why) => reasons.push(format!("{place}: {}: {why}", test.name)),
        }
    }
    reasons
}

fn unaccepted(candidate: &Candidate, review: Option<&Review>) -> Vec<String> {
    let rows = &candidate.rows;
    let Some(review) = review else {
        return rows.iter().map(|row| format!("nobody accepted {}", described(row))).collect();
    };
    let stale = review.stale(&candidate.rests_on);
    if !stale.is_empty() {
        return stale.iter().map(|what| format!("the review is stale: {what} since")).collect();
    }
    let open = rows.iter().filter(|row| !review.accepts(row));
    open.map(|row| format!("the review does not accept {}", described(row))).collect()
}

/// A row in words: `3 calls of send_money that are newly allowed (a1b2c3d4)`.
#[must_use]
pub fn described(row: &ChangeRow) -> String {
    let kind = row.kind.word().replace('-', " ");
    let short = row.short();
    match row.calls {
        0 => format!("that `{}` is {} ({short})", row.what, kind.trim_start_matches("policy ")),
        calls => format!("{} of `{}`: {kind} ({short})", counted(calls, "call"), row.what),
    }
}

fn one_person(review: Option<&Review>) -> Vec<String> {
    let one = review.filter(|review| review.is_by_one_person());
    one.map(|review| format!("`{}` wrote and approved", review.author)).into_iter().collect()
}

/// Tasks of `scopes.toml` without policies, and recorded sessions that no scope covers.
fn without_scope(candidate: &Candidate) -> Vec<String> {
    let named = candidate.tasks.without_scope.iter();
    let named = named.map(|task| format!("task `{task}` of `scopes.toml` has no policy"));
    let mut recorded: BTreeMap<Option<&str>, u32> = BTreeMap::new();
    for session in candidate.replay.sessions.iter().filter(|s| s.scope.is_none()) {
        *recorded.entry(session.task.as_deref()).or_default() += 1;
    }
    let recorded = recorded.into_iter().map(|(task, sessions)| {
        let sessions = counted(sessions, "recorded session");
        match task {
            Some(task) => format!("task `{task}` has no scope ({sessions})"),
            None => format!("no task is known, and there is no default scope ({sessions})"),
        }
    });
    named.chain(recorded).collect()
}

fn counted(count: u32, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

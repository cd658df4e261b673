//! What a recorded call must come out as.

use remit_replay::{CallDecision, CallVerdict, Severity, Verdict};
use serde::Deserialize;

/// What one recorded call must come out as. What is left out is not asserted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallExpectation {
    /// The recording, as reports name it.
    pub recording: String,
    /// Which tool call of the recording, from 0.
    pub call: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// How grave, if drifted.
    pub severity: Option<Severity>,
    /// What the guardrails decide.
    pub guardrails: Option<Side>,
    /// What the scope of the task decides.
    pub scope: Option<Side>,
    /// The determining policies: of the scope where the guardrails allow and there is one, else of the
    /// guardrails.
    pub reasons: Option<Vec<String>>,
    /// Why that is right, for the reader.
    pub why: Option<String>,
}

/// What one policy set decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
    /// It was not asked: there is no scope, or the call could not be mapped.
    None,
}

impl Side {
    fn of(decision: Option<&CallDecision>) -> Self {
        match decision {
            Some(CallDecision { allow: true, .. }) => Side::Allow,
            Some(CallDecision { allow: false, .. }) => Side::Deny,
            None => Side::None,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Side::Allow => "allow",
            Side::Deny => "deny",
            Side::None => "none",
        }
    }
}

impl CallExpectation {
    /// What is asserted, by the names of the fields.
    pub fn asserts(&self) -> Vec<&'static str> {
        let fields = [
            ("verdict", true),
            ("severity", self.severity.is_some()),
            ("guardrails", self.guardrails.is_some()),
            ("scope", self.scope.is_some()),
            ("reasons", self.reasons.is_some()),
        ];
        fields.into_iter().filter(|(_, is_asserted)| *is_asserted).map(|(name, _)| name).collect()
    }

    /// What differs; nothing if it holds.
    pub(crate) fn against(&self, got: &CallVerdict) -> Vec<String> {
        let severity = |severity: Option<Severity>| severity.map_or("none", Severity::word);
        let guardrails = Side::of(got.guardrails.as_ref());
        let scope = Side::of(got.scope.as_ref());
        let compared = [
            differs("verdict", Some(self.verdict.word()), got.verdict.word()),
            differs("severity", self.severity.map(Severity::word), severity(got.severity)),
            differs("guardrails", self.guardrails.map(Side::word), guardrails.word()),
            differs("scope", self.scope.map(Side::word), scope.word()),
            self.reasons.as_ref().and_then(|expected| {
                let (expected, got) = (sorted(expected), sorted(reasons_of(got)));
                differs("reasons", Some(&listed(&expected)), &listed(&got))
            }),
        ];
        compared.into_iter().flatten().collect()
    }
}

/// Of the policy set that decided: the scope where the guardrails allow and there is one.
fn reasons_of(got: &CallVerdict) -> &[String] {
    let allows = got.guardrails.as_ref().is_some_and(|guardrails| guardrails.allow);
    let scope = got.scope.as_ref().filter(|_| allows);
    let side = scope.or(got.guardrails.as_ref());
    side.map(|side| side.reasons.as_slice()).unwrap_or_default()
}

fn differs(what: &str, expected: Option<&str>, got: &str) -> Option<String> {
    let expected = expected.filter(|expected| *expected != got)?;
    Some(format!("expected {what} {expected}, got {got}"))
}

fn sorted(names: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

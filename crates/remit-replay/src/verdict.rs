//! Turns decisions into verdicts.
//!
//! Every tool call gets exactly one. Guardrails and scope are judged separately, because *why* a
//! call is stopped differs: the guardrails forbid it, or it is not what the task is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is said of a tool call under a guardrails policy set and the scope of its task.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Guardrails and scope allow it: within its remit.
    Allowed,
    /// The guardrails deny it.
    Denied,
    /// The guardrails allow it, but it is not what the task is for.
    Drifted,
    /// Cannot be decided: no mapping, or a fact that the recording does not hold.
    Unknown,
}

/// How grave a drift is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The task's scope does not allow the call.
    OutOfScope,
    /// The call is what the task is for; only a value in it is not vouched for. That is so where the
    /// scope would allow the call but for policies marked `@drift("unverified-value")`.
    UnverifiedValue,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::OutOfScope => "out-of-scope",
            Severity::UnverifiedValue => "unverified-value",
        }
    }
}

impl Verdict {
    /// From the decisions. A call of a session without a scope (`None`) cannot drift.
    pub fn of(guardrails_allow: bool, scope_allows: Option<bool>) -> Self {
        match (guardrails_allow, scope_allows) {
            (false, _) => Verdict::Denied,
            (true, Some(false)) => Verdict::Drifted,
            (true, Some(true) | None) => Verdict::Allowed,
        }
    }

    /// All four, in the order in which they are counted and shown.
    pub fn all() -> [Verdict; 4] {
        [Verdict::Allowed, Verdict::Denied, Verdict::Drifted, Verdict::Unknown]
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Allowed => "allowed",
            Verdict::Denied => "denied",
            Verdict::Drifted => "drifted",
            Verdict::Unknown => "unknown",
        }
    }

    /// What is said to the person, in a few words.
    pub fn said(self, scope_allows: Option<bool>) -> &'static str {
        match (self, scope_allows) {
            (Verdict::Allowed, Some(_)) => "within its remit",
            (Verdict::Allowed, None) => "permitted; no scope declared",
            (Verdict::Drifted, _) => "permitted, but not what the task is for",
            (Verdict::Denied, Some(true)) => "the task needs it and the guardrails forbid it",
            (Verdict::Denied, Some(false)) => "outside the task and stopped",
            (Verdict::Denied, None) => "the guardrails forbid it",
            (Verdict::Unknown, _) => "cannot be decided",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;

    #[test]
    fn the_table_of_verdicts() {
        assert_eq!(Verdict::of(true, Some(true)), Verdict::Allowed);
        assert_eq!(Verdict::of(true, Some(false)), Verdict::Drifted);
        assert_eq!(Verdict::of(false, Some(true)), Verdict::Denied);
        assert_eq!(Verdict::of(false, Some(false)), Verdict::Denied);
    }

    #[test]
    fn without_a_scope_nothing_drifts() {
        assert_eq!(Verdict::of(true, None), Verdict::Allowed);
        assert_eq!(Verdict::of(false, None), Verdict::Denied);
    }
}

//! What only recordings show of a condition over history, as a finding at its place.

use super::Leaf;
use crate::finding::{Finding, FindingCode};
use crate::policy_source::PolicySource;

/// What judging recordings showed of a condition over history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafNote {
    /// The name of the condition.
    pub leaf: String,
    /// What.
    pub what: Noted,
}

/// What can be shown of a condition over history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// The engine of columns left it to Dogwood's interpreter; why, to go on from "since".
    Interpreted(String),
    /// It asks for what no recording holds; each in words.
    NeverRecorded(Vec<String>),
}

impl PolicySource {
    /// The note as a finding, if the policy has the condition.
    #[must_use]
    pub fn noted(&self, note: &LeafNote) -> Option<Finding> {
        let Leaf { span, .. } =
            self.leaves.iter().map(AsRef::as_ref).find(|l| l.name == note.leaf)?;
        let (code, message, help) = match &note.what {
            Noted::Interpreted(why) => (
                FindingCode::Interpreted,
                format!("the condition is left to Dogwood's interpreter, since {why}"),
                "the verdicts are the same, and judging takes longer; docs/history.md says what is compiled",
            ),
            Noted::NeverRecorded(missing) => (
                FindingCode::NeverRecorded,
                format!("the condition asks for what is not recorded: {}", missing.join("; ")),
                "check the names; if they are right, these recordings cannot show what the condition does",
            ),
        };
        Some(self.finding_at(code, message, span).help(help))
    }
}

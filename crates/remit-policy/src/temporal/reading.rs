//! A policy in plain English, as Dogwood's own informalizer puts it.

use dogwood_language::ParsedPolicySet;

use super::compile::{self, Unit};
use super::history::History;
use crate::policy_source::PolicySource;

/// What a policy says, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The policy: several lines, indented where a condition has parts.
    pub text: String,
    /// Which past events its conditions can see; nothing if it asks no history.
    pub sees: Option<String>,
}

impl History {
    /// The policy in words, whichever language it is written in; nothing if it says nothing that can
    /// be put so.
    #[must_use]
    pub fn reading(&self, policy: &PolicySource) -> Option<Reading> {
        let ground = self.ground().ok()?;
        let unit = Unit { macros: &policy.macros, policy: &policy.text };
        let parsed: ParsedPolicySet = compile::parse(ground, &unit).ok()?;
        let words = parsed.policies().next()?.informalize(None);
        let text = words.rules.first()?.to_text();
        Some(Reading { text, sees: words.preamble.map(|preamble| preamble.to_text()) })
    }
}

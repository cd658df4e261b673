//! Common rules with a few values to fill in.

use super::desk::ValueCount;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Common rules to start from.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Rules {
    /// In the order in which they are offered.
    pub rules: Vec<RuleView>,
}

/// A common rule, as the open workspace can have it.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    /// Its short name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it does.
    pub about: String,
    /// What is to be filled in.
    pub values: Vec<RuleValueView>,
    /// Why it cannot be written in this workspace.
    pub why_not: Option<String>,
}

/// Something to fill in.
#[derive(Clone, Debug, Serialize, TS)]
pub struct RuleValueView {
    /// Its name.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// What kind of value it is.
    pub kind: RuleValueKind,
    /// What there is to choose from.
    pub choices: Vec<String>,
    /// What could be written.
    pub example: String,
    /// The value whose answer says of which argument recorded values are worth offering.
    pub of: Option<String>,
}

/// The kinds of values of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RuleValueKind {
    /// One of the choices.
    Choice,
    /// A whole number.
    Number,
    /// Texts, one a line.
    Texts,
    /// Texts in which `*` stands for any text, one a line.
    Patterns,
}

/// Asks for a rule with its values.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct FillRule {
    /// The rule.
    pub name: String,
    /// The answers by the names of values.
    pub values: BTreeMap<String, String>,
}

/// A policy that was made from a rule.
#[derive(Clone, Debug, Serialize, TS)]
pub struct RuleText {
    /// Formatted, with an id that is free.
    pub text: String,
}

/// Asks what was recorded of an argument.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct ArgumentRequest {
    /// A tool and its argument, as in the choices of a rule.
    pub argument: String,
}

/// What was recorded of an argument.
#[derive(Clone, Debug, Serialize, TS)]
pub struct RecordedValues {
    /// The calls of the tool.
    pub calls: u32,
    /// Those that have the argument.
    pub present: u32,
    /// How many different values there are.
    pub distinct: u32,
    /// The most frequent of them: texts as they are, and not as Cedar writes them.
    pub values: Vec<ValueCount>,
}

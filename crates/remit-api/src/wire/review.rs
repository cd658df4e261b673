//! Tests: whether they hold, what they reach, and which mistakes nobody would notice.

use super::corpus::CallPlace;
use super::workspace::Effect;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for the tests of what is shown.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct RunTests {
    /// Also tries one mistake after the other in each policy.
    pub mutate: bool,
}

/// The tests of what is shown.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TestsView {
    /// A newer request came, or the workspace changed: this answer says nothing.
    pub superseded: bool,
    /// Every test, by file; what could not be read comes last.
    pub tests: Vec<TestView>,
    /// Policies that decide something.
    pub policies: CoverageCount,
    /// Conditions that were seen both to let their policy match and to keep it out.
    pub conditions: CoverageCount,
    /// Every policy, by file and line.
    pub coverage: Vec<PolicyCoverage>,
    /// The mistakes that were tried, if that was asked for.
    pub mutants: Option<Vec<MutantView>>,
}

/// One test.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TestView {
    /// The file, relative to the workspace.
    pub file: String,
    /// Its line, from 1, where it is known.
    pub line: Option<u32>,
    /// What it is about.
    pub name: String,
    /// Whether it holds.
    pub outcome: TestOutcome,
    /// What differs, or why it cannot be run.
    pub messages: Vec<String>,
    /// What it asserts.
    pub asserts: Vec<String>,
    /// Why it is right, for the reader.
    pub why: Option<String>,
    /// Its call.
    pub call: Option<CallPlace>,
}

/// Whether a test holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TestOutcome {
    /// It does.
    Passed,
    /// It does not.
    Failed,
    /// It cannot be read or run.
    Broken,
}

/// How many of something are reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CoverageCount {
    /// All.
    pub total: u32,
    /// By tests.
    pub by_tests: u32,
    /// By recordings.
    pub by_recordings: u32,
}

/// What of a policy is reached.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PolicyCoverage {
    /// Its id.
    pub policy: String,
    /// Its file, relative to the workspace.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// What it does.
    pub effect: Effect,
    /// Whether it decides what a test is about.
    pub by_tests: bool,
    /// Whether it decides a recorded call.
    pub by_recordings: bool,
    /// Its conditions; `null` for a template, which is not taken apart.
    pub conditions: Option<Vec<ConditionCoverage>>,
}

/// How a condition was seen.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConditionCoverage {
    /// What its author wrote.
    pub text: String,
    /// Its line in the file, from 1.
    pub line: u32,
    /// Whether it is needed not to hold.
    pub is_unless: bool,
    /// By tests.
    pub by_tests: SeenWays,
    /// By recordings.
    pub by_recordings: SeenWays,
}

/// Which ways a condition was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SeenWays {
    /// To let its policy match, and to keep it out.
    Both,
    /// Only to let its policy match.
    Matched,
    /// Only to keep its policy out.
    KeptOut,
    /// Neither.
    Never,
}

/// A mistake in a policy, and who notices it.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MutantView {
    /// The policy.
    pub policy: String,
    /// Its file, relative to the workspace.
    pub file: String,
    /// The line of what is mistaken, from 1.
    pub line: u32,
    /// What is mistaken.
    pub mistake: MistakeKind,
    /// The condition that it is in.
    pub condition: Option<String>,
    /// Who notices.
    pub noticed: NoticedBy,
    /// The recorded calls whose verdict changes, where no test fails.
    pub calls: u32,
    /// The test that fails, or why it was not tried.
    pub by: Option<String>,
}

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum MistakeKind {
    /// The condition is missing.
    LeftOut,
    /// The condition must not hold where it must, or the other way round.
    Turned,
    /// It permits what it should forbid, or the other way round.
    Swapped,
    /// None: the policy cannot be taken apart.
    Unknown,
}

/// Who notices a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum NoticedBy {
    /// A test fails.
    Tests,
    /// No test fails, and recorded calls change.
    Recordings,
    /// Nobody.
    Nobody,
    /// It was not tried.
    NotTried,
}

//! The report of a run of tests: the contract of `remit test --format json`.
//!
//! Fields are added within a version, never renamed.

use crate::coverage::{ConditionCoverage, Coverage, Covered, PolicyCoverage};
use crate::mutation::{Mutation, Noticed};
use crate::run::{Outcome, TestResult};
use crate::suite::{Expected, Suite, Test};
use cedar_policy::Effect;
use remit_policy::Digests;
use serde::Serialize;

/// The version of the report's format.
const VERSION: u32 = 1;

/// A run of the tests of a workspace.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestsReport {
    /// Version of this format: 1.
    pub version: u32,
    /// What the results are a function of, besides the recordings and the tests.
    pub digests: Digests,
    /// The policy engine and Remit, with versions.
    pub engine: String,
    /// The counts.
    pub summary: TestSummary,
    /// Every test, by file; what could not be read comes last.
    pub tests: Vec<TestReport>,
    /// What is reached.
    pub coverage: CoverageReport,
    /// The mistakes that were tried, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutation: Option<MutationReport>,
}

/// The counts. `passed`, `failed` and `broken` add up to `tests`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestSummary {
    /// Tests.
    pub tests: u32,
    /// Those that hold.
    pub passed: u32,
    /// Those that do not.
    pub failed: u32,
    /// Those that cannot be read or run.
    pub broken: u32,
}

/// One test.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// The file, relative to the workspace.
    pub file: String,
    /// Its line, from 1, where it is known.
    pub line: Option<u32>,
    /// What it is about.
    pub name: String,
    /// `call`, `request`, or `file` for what could not be read.
    pub kind: &'static str,
    /// `passed`, `failed` or `broken`.
    pub outcome: &'static str,
    /// What differs, or why it cannot be run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
    /// What it asserts.
    pub asserts: Vec<&'static str>,
    /// Why it is right, for the reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The position of its call in the corpus.
    #[serde(skip)]
    pub position: Option<usize>,
}

/// What is reached.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoverageReport {
    /// Policies that decide something.
    pub policies: CoverageCount,
    /// Conditions that were seen both to let their policy match and to keep it out.
    pub conditions: CoverageCount,
    /// Every policy, by file and line.
    pub of_policies: Vec<PolicyReport>,
}

/// How many of something are reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoverageCount {
    /// All.
    pub total: u32,
    /// By tests.
    pub by_tests: u32,
    /// By recordings.
    pub by_recordings: u32,
}

/// One policy.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyReport {
    /// Its id.
    pub policy: String,
    /// Its file, relative to the workspace.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// Whether it decides what a test is about.
    pub by_tests: bool,
    /// Whether it decides a recorded call.
    pub by_recordings: bool,
    /// Its conditions; `null` for a template.
    pub conditions: Option<Vec<ConditionReport>>,
}

/// One condition.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConditionReport {
    /// What its author wrote.
    pub text: String,
    /// Its line in the file, from 1.
    pub line: u32,
    /// Whether it is needed not to hold.
    pub unless: bool,
    /// `both`, `matched`, `kept-out` or `never`, by tests.
    pub by_tests: &'static str,
    /// The same by recordings.
    pub by_recordings: &'static str,
}

/// The mistakes that were tried.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MutationReport {
    /// All.
    pub mutants: u32,
    /// A test fails.
    pub by_tests: u32,
    /// No test fails, and recorded calls change.
    pub by_recordings: u32,
    /// Nobody notices.
    pub unnoticed: u32,
    /// Not tried.
    pub not_tried: u32,
    /// Each of them, by file and line.
    pub list: Vec<MutantReport>,
}

/// One mistake.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MutantReport {
    /// The policy.
    pub policy: String,
    /// Its file, relative to the workspace.
    pub file: String,
    /// The line of what is mistaken, from 1.
    pub line: u32,
    /// `left-out`, `turned`, `swapped` or `unknown`.
    pub mistake: &'static str,
    /// The condition that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// `tests`, `recordings`, `nobody` or `not-tried`.
    pub noticed: &'static str,
    /// The first test that fails, or why it was not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The recorded calls whose verdict changes, where no test fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
}

impl TestsReport {
    /// Of a suite, its results and what it reaches.
    pub fn new(
        digests: Digests,
        suite: &Suite,
        results: &[TestResult],
        coverage: &Coverage,
        mutation: Option<&[Mutation]>,
    ) -> Self {
        let tests = suite.tests.iter().zip(results).map(|(test, result)| one(test, result));
        let broken = suite.broken.iter().map(|broken| TestReport {
            file: broken.file.to_string(),
            line: None,
            name: broken.name.clone().unwrap_or_else(|| "the file".to_owned()),
            kind: "file",
            outcome: "broken",
            messages: vec![broken.message.clone()],
            asserts: Vec::new(),
            why: None,
            position: None,
        });
        let tests: Vec<TestReport> = tests.chain(broken).collect();
        let count = |outcome| tests.iter().filter(|test| test.outcome == outcome).count() as u32;
        TestsReport {
            version: VERSION,
            digests,
            engine: remit_replay::engine(),
            summary: TestSummary {
                tests: tests.len() as u32,
                passed: count("passed"),
                failed: count("failed"),
                broken: count("broken"),
            },
            tests,
            coverage: CoverageReport::new(coverage),
            mutation: mutation.map(|list| MutationReport::new(list, suite)),
        }
    }

    /// Whether every test holds.
    pub fn is_passed(&self) -> bool {
        self.summary.passed == self.summary.tests
    }
}

fn one(test: &Test, result: &TestResult) -> TestReport {
    let (outcome, messages) = match &result.outcome {
        Outcome::Passed => ("passed", Vec::new()),
        Outcome::Failed(differs) => ("failed", differs.clone()),
        Outcome::Broken(why) => ("broken", vec![why.clone()]),
    };
    TestReport {
        file: test.file.to_string(),
        line: test.line,
        name: test.name.clone(),
        kind: match test.expected {
            Expected::Call(_) => "call",
            Expected::Request(_) => "request",
        },
        outcome,
        messages,
        asserts: test.asserts(),
        why: test.why().map(str::to_owned),
        position: result.position,
    }
}

impl CoverageReport {
    fn new(coverage: &Coverage) -> Self {
        let (mut policies, mut conditions) = (CoverageCount::default(), CoverageCount::default());
        for policy in &coverage.policies {
            policies.add(policy.by_tests, policy.by_recordings);
            for condition in policy.conditions.iter().flatten() {
                conditions.add(condition.by_tests.both(), condition.by_recordings.both());
            }
        }
        let of_policies = coverage.policies.iter().map(policy_report).collect();
        CoverageReport { policies, conditions, of_policies }
    }
}

impl CoverageCount {
    fn add(&mut self, by_tests: bool, by_recordings: bool) {
        self.total += 1;
        self.by_tests += u32::from(by_tests);
        self.by_recordings += u32::from(by_recordings);
    }
}

fn policy_report(policy: &PolicyCoverage) -> PolicyReport {
    let condition = |condition: &ConditionCoverage| ConditionReport {
        text: condition.text.clone(),
        line: condition.line,
        unless: condition.is_unless,
        by_tests: seen(condition.by_tests),
        by_recordings: seen(condition.by_recordings),
    };
    PolicyReport {
        policy: policy.id.clone(),
        file: policy.file.to_string(),
        line: policy.line,
        effect: match policy.effect {
            Effect::Permit => "permit",
            Effect::Forbid => "forbid",
        },
        by_tests: policy.by_tests,
        by_recordings: policy.by_recordings,
        conditions: policy.conditions.as_ref().map(|all| all.iter().map(condition).collect()),
    }
}

fn seen(covered: Covered) -> &'static str {
    match (covered.matched, covered.kept_out) {
        (true, true) => "both",
        (true, false) => "matched",
        (false, true) => "kept-out",
        (false, false) => "never",
    }
}

impl MutationReport {
    fn new(list: &[Mutation], suite: &Suite) -> Self {
        let list: Vec<MutantReport> = list.iter().map(|one| mutant(one, suite)).collect();
        let count = |noticed| list.iter().filter(|one| one.noticed == noticed).count() as u32;
        MutationReport {
            mutants: list.len() as u32,
            by_tests: count("tests"),
            by_recordings: count("recordings"),
            unnoticed: count("nobody"),
            not_tried: count("not-tried"),
            list,
        }
    }
}

fn mutant(of: &Mutation, suite: &Suite) -> MutantReport {
    let (noticed, by, calls) = match &of.noticed {
        Noticed::ByTest(at) => {
            let test = suite.tests.get(*at).map(|test| format!("{} {}", test.file, test.name));
            ("tests", test, None)
        }
        Noticed::ByRecordings(calls) => ("recordings", None, Some(*calls)),
        Noticed::ByNobody => ("nobody", None, None),
        Noticed::NotTried(why) => ("not-tried", Some(why.clone()), None),
    };
    MutantReport {
        policy: of.policy.clone(),
        file: of.file.to_string(),
        line: of.line,
        mistake: of.mistake.word(),
        condition: of.mistake.condition().map(str::to_owned),
        noticed,
        by,
        calls,
    }
}

//! Runs a suite: every test against what a workspace decides.

use crate::expectation::CallExpectation;
use crate::suite::{Expected, Suite, Test};
use remit_policy::{LayerRef, Workspace};
use remit_replay::{Corpus, Verdicts};
use std::collections::HashMap;
use std::ops::Range;

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// Whether it holds.
    pub outcome: Outcome,
    /// The position of its call in the corpus.
    pub position: Option<usize>,
    /// The policies that decide its request.
    pub(crate) reasons: Vec<String>,
}

/// Whether a test holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does.
    Passed,
    /// It does not: what differs.
    Failed(Vec<String>),
    /// It cannot be run: why.
    Broken(String),
}

/// The result of each test of `suite`, in order. `verdicts` are those of `workspace`.
pub fn run(workspace: &Workspace, verdicts: &Verdicts, suite: &Suite) -> Vec<TestResult> {
    let places = Places::of(verdicts.corpus());
    suite.tests.iter().map(|test| places.result(workspace, verdicts, test)).collect()
}

/// Where the calls of each recording are.
pub(crate) struct Places<'c> {
    corpus: &'c Corpus,
    calls: HashMap<&'c str, Range<usize>>,
}

impl<'c> Places<'c> {
    pub(crate) fn of(corpus: &'c Corpus) -> Self {
        let mut calls: HashMap<&str, Range<usize>> = HashMap::new();
        for session in corpus.sessions() {
            let of = calls.entry(session.recording().path.as_str()).or_insert(session.calls());
            of.end = of.end.max(session.calls().end);
        }
        Places { corpus, calls }
    }

    pub(crate) fn result(
        &self,
        workspace: &Workspace,
        verdicts: &Verdicts,
        test: &Test,
    ) -> TestResult {
        match &test.expected {
            Expected::Call(call) => match self.position(call) {
                Ok(position) => self.call(verdicts, call, position),
                Err(why) => TestResult::broken(why),
            },
            Expected::Request(request) => {
                let layer = match &request.task {
                    Some(task) => workspace.layer(LayerRef::Scope(task)),
                    None => Some(&*workspace.guardrails),
                };
                let none = || {
                    format!(
                        "no scope is declared for task `{}`",
                        request.task.as_deref().unwrap_or_default()
                    )
                };
                match layer.ok_or_else(none).and_then(|layer| request.against(layer)) {
                    Ok((differs, reasons)) => {
                        TestResult { reasons, ..TestResult::of(differs, None) }
                    }
                    Err(why) => TestResult::broken(why),
                }
            }
        }
    }

    fn call(&self, verdicts: &Verdicts, expected: &CallExpectation, position: usize) -> TestResult {
        match verdicts.call(position) {
            Some(got) => TestResult::of(expected.against(&got), Some(position)),
            None => TestResult::broken("the call was not judged".to_owned()),
        }
    }

    fn position(&self, expected: &CallExpectation) -> Result<usize, String> {
        let CallExpectation { recording, call, .. } = expected;
        if let Some(calls) = self.calls.get(recording.as_str()) {
            let position = calls.start.saturating_add(*call as usize);
            return match calls.contains(&position) {
                true => Ok(position),
                false => Err(format!(
                    "`{recording}` has {} tool calls, none numbered {call}",
                    calls.len()
                )),
            };
        }
        let skipped = self.corpus.skipped().iter().find(|skipped| skipped.path == *recording);
        Err(match skipped {
            Some(skipped) => format!("`{recording}` was not read: {}", skipped.why),
            None => format!("there is no recording `{recording}`"),
        })
    }
}

impl TestResult {
    fn of(differs: Vec<String>, position: Option<usize>) -> Self {
        let outcome = if differs.is_empty() { Outcome::Passed } else { Outcome::Failed(differs) };
        TestResult { outcome, position, reasons: Vec::new() }
    }

    fn broken(why: String) -> Self {
        TestResult { outcome: Outcome::Broken(why), position: None, reasons: Vec::new() }
    }

    pub(crate) fn is_passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

//! The tests of what is shown, drafts included; on the caller's thread, with a judgement of its own, so
//! that nobody who types waits for it.

use super::App;
use crate::snapshot::Snapshot;
use crate::view;
use crate::wire::*;
use remit_replay::{Cancelled, LiveReplay};
use remit_review::{Coverage, Covered, Mistake, Mutation, Noticed, Outcome, Suite, TestResult};
use std::ops::ControlFlow;
use std::sync::Arc;

/// What came of a suite.
struct Tested {
    suite: Suite,
    results: Vec<TestResult>,
    coverage: Coverage,
    mutants: Option<Vec<Mutation>>,
}

impl App {
    pub(crate) fn run_tests(&self, request: RunTests) -> Result<TestsView, ErrorDto> {
        let shown = self.judged()?;
        let (_, ticket) = self.begin_learning()?;
        let progress = |done, total| ticket.tell(done, total);
        match tested(&shown, request.mutate, &|| ticket.go_on(), &progress) {
            Ok(tested) => Ok(view_of(&shown, &tested)),
            Err(Cancelled) => Ok(superseded()),
        }
    }
}

fn tested(
    shown: &Snapshot,
    mutate: bool,
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    progress: &(dyn Fn(u32, u32) -> ControlFlow<()> + Sync),
) -> Result<Tested, Cancelled> {
    let workspace = &shown.workspace;
    let suite = Suite::load(workspace);
    let results = remit_review::run(workspace, &shown.verdicts, &suite);
    let mut live = LiveReplay::new(Arc::clone(&shown.recordings.corpus));
    let verdicts = live.judge(workspace, go_on)?;
    let coverage = remit_review::coverage(workspace, &live, &verdicts, &suite, &results, go_on)?;
    let mutants = mutate.then(|| {
        remit_review::mutation(workspace, &mut live, &verdicts, &suite, &results, progress)
    });
    Ok(Tested { suite, results, coverage, mutants: mutants.transpose()? })
}

fn superseded() -> TestsView {
    TestsView {
        superseded: true,
        tests: Vec::new(),
        policies: CoverageCount::default(),
        conditions: CoverageCount::default(),
        coverage: Vec::new(),
        mutants: None,
    }
}

fn view_of(shown: &Snapshot, tested: &Tested) -> TestsView {
    let Tested { suite, results, coverage, mutants } = tested;
    let (mut policies, mut conditions) = (CoverageCount::default(), CoverageCount::default());
    for policy in &coverage.policies {
        count(&mut policies, policy.by_tests, policy.by_recordings);
        for condition in policy.conditions.iter().flatten() {
            count(&mut conditions, condition.by_tests.both(), condition.by_recordings.both());
        }
    }
    let tests =
        suite.tests.iter().zip(results).map(|(test, result)| test_view(shown, test, result));
    TestsView {
        superseded: false,
        tests: tests.chain(suite.broken.iter().map(broken_view)).collect(),
        policies,
        conditions,
        coverage: coverage.policies.iter().map(coverage_view).collect(),
        mutants: mutants
            .as_ref()
            .map(|all| all.iter().map(|one| mutant_view(one, suite)).collect()),
    }
}

fn count(counts: &mut CoverageCount, by_tests: bool, by_recordings: bool) {
    counts.total += 1;
    counts.by_tests += u32::from(by_tests);
    counts.by_recordings += u32::from(by_recordings);
}

fn test_view(shown: &Snapshot, test: &remit_review::Test, result: &TestResult) -> TestView {
    let (outcome, messages) = match &result.outcome {
        Outcome::Passed => (TestOutcome::Passed, Vec::new()),
        Outcome::Failed(differs) => (TestOutcome::Failed, differs.clone()),
        Outcome::Broken(why) => (TestOutcome::Broken, vec![why.clone()]),
    };
    let call = result.position.and_then(|position| shown.recordings.corpus.call(position));
    TestView {
        file: test.file.to_string(),
        line: test.line,
        name: test.name.clone(),
        outcome,
        messages,
        asserts: test.asserts().into_iter().map(str::to_owned).collect(),
        why: test.why().map(str::to_owned),
        call: call.map(|(session, step)| CallPlace { session: session as u32, step: step.0 }),
    }
}

fn broken_view(broken: &remit_review::Broken) -> TestView {
    TestView {
        file: broken.file.to_string(),
        line: None,
        name: broken.name.clone().unwrap_or_default(),
        outcome: TestOutcome::Broken,
        messages: vec![broken.message.clone()],
        asserts: Vec::new(),
        why: None,
        call: None,
    }
}

fn coverage_view(of: &remit_review::PolicyCoverage) -> PolicyCoverage {
    let condition = |of: &remit_review::ConditionCoverage| ConditionCoverage {
        text: of.text.clone(),
        line: of.line,
        is_unless: of.is_unless,
        by_tests: ways(of.by_tests),
        by_recordings: ways(of.by_recordings),
    };
    PolicyCoverage {
        policy: of.id.clone(),
        file: of.file.to_string(),
        line: of.line,
        effect: view::effect(of.effect),
        by_tests: of.by_tests,
        by_recordings: of.by_recordings,
        conditions: of.conditions.as_ref().map(|all| all.iter().map(condition).collect()),
    }
}

fn ways(covered: Covered) -> SeenWays {
    match (covered.matched, covered.kept_out) {
        (true, true) => SeenWays::Both,
        (true, false) => SeenWays::Matched,
        (false, true) => SeenWays::KeptOut,
        (false, false) => SeenWays::Never,
    }
}

fn mutant_view(of: &Mutation, suite: &Suite) -> MutantView {
    let (noticed, calls, by) = match &of.noticed {
        Noticed::ByTest(at) => {
            let test = suite.tests.get(*at).map(|test| test.name.clone());
            (NoticedBy::Tests, 0, test)
        }
        Noticed::ByRecordings(calls) => (NoticedBy::Recordings, *calls as u32, None),
        Noticed::ByNobody => (NoticedBy::Nobody, 0, None),
        Noticed::NotTried(why) => (NoticedBy::NotTried, 0, Some(why.clone())),
    };
    MutantView {
        policy: of.policy.clone(),
        file: of.file.to_string(),
        line: of.line,
        mistake: match of.mistake {
            Mistake::LeftOut(_) => MistakeKind::LeftOut,
            Mistake::Turned(_) => MistakeKind::Turned,
            Mistake::Swapped => MistakeKind::Swapped,
            Mistake::Unknown => MistakeKind::Unknown,
        },
        condition: of.mistake.condition().map(str::to_owned),
        noticed,
        calls,
        by,
    }
}

//! Which mistakes in a policy nobody would notice.
//!
//! Each condition is left out and turned round, each permit made a forbid and the other way round, one
//! mistake at a time; everything is judged again. A mistake is noticed by a test that fails then, or by
//! recorded calls whose verdict changes. What neither notices is a clause that nothing protects.

use crate::policies::{Placed, placed};
use crate::run::{Places, TestResult};
use crate::suite::{Suite, Test};
use camino::Utf8PathBuf;
use remit_policy::Workspace;
use remit_policy::editor::{Mutant, MutantKind, all_conditions};
use remit_replay::{Cancelled, LiveReplay, Verdicts};
use std::ops::ControlFlow;

/// A mistake in a policy, and who notices it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The policy's id.
    pub policy: String,
    /// Its file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// The line of what is mistaken, from 1.
    pub line: u32,
    /// What is mistaken.
    pub mistake: Mistake,
    /// Who notices.
    pub noticed: Noticed,
}

/// A mistake; with the condition that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The condition is missing.
    LeftOut(String),
    /// The condition must not hold where it must, or the other way round.
    Turned(String),
    /// It permits what it should forbid, or the other way round.
    Swapped,
    /// None: the policy cannot be taken apart.
    Unknown,
}

/// Who notices a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// A test fails: its position in the suite.
    ByTest(usize),
    /// No test fails, and the verdicts of so many recorded calls change.
    ByRecordings(u64),
    /// Nobody.
    ByNobody,
    /// It was not tried: why.
    NotTried(String),
}

impl Mistake {
    /// The word for it in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Mistake::LeftOut(_) => "left-out",
            Mistake::Turned(_) => "turned",
            Mistake::Swapped => "swapped",
            Mistake::Unknown => "unknown",
        }
    }

    /// The condition that it is in.
    pub fn condition(&self) -> Option<&str> {
        match self {
            Mistake::LeftOut(condition) | Mistake::Turned(condition) => Some(condition),
            Mistake::Swapped | Mistake::Unknown => None,
        }
    }
}

/// Every mistake in every policy. `live` judges the corpus that `verdicts` are of, and `results` are
/// those of the suite; `progress` is told how many policies of how many are done.
///
/// # Errors
/// [`Cancelled`] if `progress` said so.
pub fn mutation(
    workspace: &Workspace,
    live: &mut LiveReplay,
    verdicts: &Verdicts,
    suite: &Suite,
    results: &[TestResult],
    progress: &(dyn Fn(u32, u32) -> ControlFlow<()> + Sync),
) -> Result<Vec<Mutation>, Cancelled> {
    let places = Places::of(verdicts.corpus());
    let holding = suite.tests.iter().enumerate().zip(results);
    let holding = holding.filter(|(_, result)| result.is_passed()).map(|(test, _)| test).collect();
    let trying = Trying { workspace, verdicts, places, holding };
    let policies = placed(workspace);
    let (total, mut found) = (policies.len() as u32, Vec::new());
    for (done, policy) in (0..).zip(&policies) {
        let go_on = || progress(done, total);
        for (mutant, line, mistake) in mistakes(policy) {
            let noticed = match mutant {
                Some(mutant) => trying.noticed(live, policy, &mutant, &go_on)?,
                None => Noticed::NotTried("it cannot be taken apart".to_owned()),
            };
            let source = policy.source;
            let (policy, file) = (source.id.clone(), source.file.clone());
            found.push(Mutation { policy, file, line, mistake, noticed });
        }
    }
    Ok(found)
}

/// The mistakes that one policy could have.
fn mistakes(policy: &Placed<'_>) -> Vec<(Option<Mutant>, u32, Mistake)> {
    let Some(taken) = all_conditions(&policy.source.text) else {
        return vec![(None, policy.source.line, Mistake::Unknown)];
    };
    let mistake = |mutant: Mutant| {
        let condition = |at: usize| {
            let of = taken.conditions.get(at);
            let line = of.map_or(policy.source.line, |of| policy.line(of.span.start));
            (line, of.map(|of| of.text.clone()).unwrap_or_default())
        };
        let (line, mistake) = match mutant.kind {
            MutantKind::LeftOut(at) => {
                let (line, text) = condition(at);
                (line, Mistake::LeftOut(text))
            }
            MutantKind::Turned(at) => {
                let (line, text) = condition(at);
                (line, Mistake::Turned(text))
            }
            MutantKind::Swapped => (policy.source.line, Mistake::Swapped),
        };
        (Some(mutant), line, mistake)
    };
    taken.mutants().into_iter().map(mistake).collect()
}

struct Trying<'a> {
    workspace: &'a Workspace,
    verdicts: &'a Verdicts,
    places: Places<'a>,
    /// The tests that hold, with their positions in the suite.
    holding: Vec<(usize, &'a Test)>,
}

impl Trying<'_> {
    fn noticed(
        &self,
        live: &mut LiveReplay,
        policy: &Placed<'_>,
        mutant: &Mutant,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Noticed, Cancelled> {
        let changed = match policy.instead(self.workspace, &mutant.text) {
            Ok(changed) => changed,
            Err(why) => return Ok(Noticed::NotTried(why)),
        };
        let verdicts = live.judge(&changed, go_on)?;
        let fails = |(_, test): &&(usize, &Test)| {
            !self.places.result(&changed, &verdicts, test).is_passed()
        };
        Ok(match self.holding.iter().find(fails) {
            Some((at, _)) => Noticed::ByTest(*at),
            None => match self.verdicts.differ_on(&verdicts) {
                0 => Noticed::ByNobody,
                calls => Noticed::ByRecordings(calls),
            },
        })
    }
}

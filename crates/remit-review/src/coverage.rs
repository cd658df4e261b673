//! Which policies and conditions are reached, by tests and by recordings separately.
//!
//! A policy is reached if it decides a call. A condition is reached if it was seen both ways: on some call
//! the policy matches, and on another it would match if only this condition were left out. A condition
//! that was never seen to matter may as well not be there, for all that anybody tried.

use crate::policies::{Placed, placed};
use crate::run::TestResult;
use crate::suite::{Expected, Suite, Test};
use camino::Utf8PathBuf;
use cedar_policy::{Effect, Policy, PolicySet};
use remit_policy::editor::{Conditions, MutantKind, all_conditions};
use remit_policy::{Language, Workspace};
use remit_replay::reference::judge;
use remit_replay::{Cancelled, LiveReplay, RowSet, Verdicts};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// What of a workspace is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Every policy, by file and line.
    pub policies: Vec<PolicyCoverage>,
}

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyCoverage {
    /// Its id.
    pub id: String,
    /// Its file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// Its line, from 1.
    pub line: u32,
    /// Whether it permits or forbids.
    pub effect: Effect,
    /// Whether it decides a call or a request that a test is about.
    pub by_tests: bool,
    /// Whether it decides a recorded call.
    pub by_recordings: bool,
    /// Its conditions; `None` for a template, which is not taken apart.
    pub conditions: Option<Vec<ConditionCoverage>>,
}

/// One condition of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionCoverage {
    /// What its author wrote.
    pub text: String,
    /// Its line in the file, from 1.
    pub line: u32,
    /// Whether it is needed not to hold.
    pub is_unless: bool,
    /// By what tests are about.
    pub by_tests: Covered,
    /// By all recorded calls.
    pub by_recordings: Covered,
}

/// Which ways a condition was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    /// The policy matches a call.
    pub matched: bool,
    /// This condition alone keeps the policy from matching a call.
    pub kept_out: bool,
}

impl Covered {
    /// Seen both ways.
    pub fn both(self) -> bool {
        self.matched && self.kept_out
    }
}

/// What `suite` and the recordings reach. `live` judged `workspace` last, and `verdicts` came of it;
/// `results` are those of the suite.
///
/// # Errors
/// [`Cancelled`] if `go_on` said so.
pub fn coverage(
    workspace: &Workspace,
    live: &LiveReplay,
    verdicts: &Verdicts,
    suite: &Suite,
    results: &[TestResult],
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Result<Coverage, Cancelled> {
    let reaching =
        Reaching { workspace, live, tested: Tested::new(verdicts, suite, results), go_on };
    let decided = verdicts.decided();
    let deciding: HashSet<(Option<&str>, &str)> = decided
        .iter()
        .filter(|by| by.calls > 0)
        .map(|by| (by.scope.as_deref(), &*by.policy))
        .collect();
    let placed = placed(workspace);
    let policies = placed.iter().map(|policy| reaching.policy(policy, &deciding));
    Ok(Coverage { policies: policies.collect::<Result<_, _>>()? })
}

/// What tests are about.
struct Tested<'s> {
    rows: RowSet,
    requests: Vec<&'s Test>,
    /// The policies that decide them, by the task of their scope.
    deciding: HashSet<(Option<String>, String)>,
}

impl<'s> Tested<'s> {
    fn new(verdicts: &Verdicts, suite: &'s Suite, results: &[TestResult]) -> Self {
        let mut tested =
            Tested { rows: RowSet::new(), requests: Vec::new(), deciding: HashSet::new() };
        for (test, result) in suite.tests.iter().zip(results) {
            match (&test.expected, result.position) {
                (Expected::Request(request), _) => {
                    tested.requests.push(test);
                    let by = |id: &String| (request.task.clone(), id.clone());
                    tested.deciding.extend(result.reasons.iter().map(by));
                }
                (Expected::Call(_), Some(position)) => tested.call(verdicts, position),
                (Expected::Call(_), None) => {}
            }
        }
        tested
    }

    fn call(&mut self, verdicts: &Verdicts, position: usize) {
        let corpus = verdicts.corpus();
        corpus.row(position).into_iter().for_each(|row| self.rows.insert(row));
        let Some(verdict) = verdicts.call(position) else { return };
        let scope = corpus.call(position).and_then(|(session, _)| verdicts.scope(session));
        let sides = [(None, verdict.guardrails), (scope.map(str::to_owned), verdict.scope)];
        for (task, decision) in sides {
            let ids = decision.into_iter().flat_map(|decision| decision.reasons);
            self.deciding.extend(ids.map(|id| (task.clone(), id)));
        }
    }
}

struct Reaching<'a> {
    workspace: &'a Workspace,
    live: &'a LiveReplay,
    tested: Tested<'a>,
    go_on: &'a (dyn Fn() -> ControlFlow<()> + Sync),
}

/// What a policy, or a part of it, matches.
struct Matched {
    rows: RowSet,
    /// INVARIANT (parallel): whether it matches each request of a test.
    requests: Vec<bool>,
}

impl Reaching<'_> {
    fn policy(
        &self,
        policy: &Placed<'_>,
        deciding: &HashSet<(Option<&str>, &str)>,
    ) -> Result<PolicyCoverage, Cancelled> {
        if (self.go_on)().is_break() {
            return Err(Cancelled);
        }
        let source = policy.source;
        let links = || {
            let layers =
                self.workspace.scopes.iter().map(|s| &s.layer).chain([&self.workspace.guardrails]);
            layers.flat_map(|layer| &layer.links).filter(|(_, template)| **template == source.id)
        };
        let ids: Vec<&str> = match source.is_template {
            true => links().map(|(link, _)| link.as_str()).collect(),
            false => vec![source.id.as_str()],
        };
        let any = |test: &dyn Fn(Option<&str>, &str) -> bool| {
            policy.tasks.iter().any(|task| ids.iter().any(|id| test(*task, id)))
        };
        Ok(PolicyCoverage {
            id: source.id.clone(),
            file: source.file.clone(),
            line: source.line,
            effect: source.effect,
            by_tests: any(&|task, id| {
                self.tested.deciding.contains(&(task.map(str::to_owned), id.to_owned()))
            }),
            by_recordings: any(&|task, id| deciding.contains(&(task, id))),
            conditions: self.conditions(policy)?,
        })
    }

    fn conditions(&self, policy: &Placed<'_>) -> Result<Option<Vec<ConditionCoverage>>, Cancelled> {
        let whole = policy.in_force(self.workspace).filter(|_| !policy.source.is_template);
        let (Some(taken), Some(whole)) = (all_conditions(&policy.source.text), whole) else {
            return Ok(None);
        };
        if taken.conditions.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let matched = self.matched(policy, &whole)?;
        let mut covered = Vec::new();
        for (at, condition) in taken.conditions.iter().enumerate() {
            let Some(without) = self.without(policy, &taken, at) else { return Ok(None) };
            let without = self.matched(policy, &without)?;
            let [by_tests, by_recordings] = self.seen(&matched, &without);
            covered.push(ConditionCoverage {
                text: condition.text.clone(),
                line: policy.line(condition.span.start),
                is_unless: condition.is_unless,
                by_tests,
                by_recordings,
            });
        }
        Ok(Some(covered))
    }

    /// The policy without one of its conditions.
    fn without(&self, policy: &Placed<'_>, taken: &Conditions, at: usize) -> Option<Policy> {
        match policy.source.language {
            Language::Cedar => Policy::parse(None, taken.without(at)).ok(),
            Language::Dogwood => {
                let mut mutants = taken.mutants().into_iter();
                let text = mutants.find(|mutant| mutant.kind == MutantKind::LeftOut(at))?.text;
                let changed = policy.instead(self.workspace, &text).ok()?;
                policy.in_force(&changed)
            }
        }
    }

    fn matched(&self, placed: &Placed<'_>, policy: &Policy) -> Result<Matched, Cancelled> {
        let mut rows = RowSet::new();
        for task in &placed.tasks {
            rows = rows.or(&self.live.matched(policy, *task, self.go_on)?);
        }
        let alone = PolicySet::from_policies([policy.clone()]).unwrap_or_default();
        let asked = |test: &&Test| match &test.expected {
            Expected::Request(of) if placed.tasks.contains(&of.task.as_deref()) => {
                !judge(&of.request, &alone, &of.entities).reasons.is_empty()
            }
            Expected::Request(_) | Expected::Call(_) => false,
        };
        Ok(Matched { rows, requests: self.tested.requests.iter().map(asked).collect() })
    }

    /// How a condition was seen, by tests and by recordings.
    fn seen(&self, matched: &Matched, without: &Matched) -> [Covered; 2] {
        let kept_out = without.rows.and_not(&matched.rows);
        let requests = || matched.requests.iter().zip(&without.requests);
        let tested = &self.tested.rows;
        let by_tests = Covered {
            matched: !matched.rows.is_disjoint(tested) || requests().any(|(whole, _)| *whole),
            kept_out: !kept_out.is_disjoint(tested)
                || requests().any(|(whole, part)| *part && !whole),
        };
        let by_recordings =
            Covered { matched: !matched.rows.is_empty(), kept_out: !kept_out.is_empty() };
        [by_tests, by_recordings]
    }
}

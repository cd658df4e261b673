//! Whether a proposed scope permits a call: asked of Cedar, so that estimates are what a replay says.

use crate::clause::Clause;
use crate::example::{Example, Observation};
use crate::propose::{Knowledge, Wishes, propose};
use cedar_policy::{Authorizer, Decision, Entities, PolicySet};
use serde::Serialize;

/// So many sessions of a task are left out, one at a time.
const LEFT_OUT: usize = 60;

/// What a scope would deny of sessions that it was not learnt from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Good sessions that were left out, one at a time.
    pub sessions: u32,
    /// Of these, sessions with a call that the others' scope denies.
    pub denied_sessions: u32,
    /// Calls of these sessions.
    pub calls: u32,
    /// Of these, calls that the others' scope denies.
    pub denied_calls: u32,
}

impl Estimate {
    /// Adds the counts of `other`.
    pub fn add(&mut self, other: Estimate) {
        self.sessions += other.sessions;
        self.denied_sessions += other.denied_sessions;
        self.calls += other.calls;
        self.denied_calls += other.denied_calls;
    }
}

/// A scope that can be asked.
pub(crate) struct Judge {
    policies: PolicySet,
    authorizer: Authorizer,
    nobody: Entities,
}

impl Judge {
    /// `None` if the clauses do not parse, which is a mistake of ours.
    pub(crate) fn new(task: &str, clauses: &[Clause]) -> Option<Self> {
        let text: String = clauses.iter().map(|clause| clause.cedar(task)).collect();
        Some(Judge {
            policies: text.parse().ok()?,
            authorizer: Authorizer::new(),
            nobody: Entities::empty(),
        })
    }

    pub(crate) fn permits(&self, call: &Observation) -> bool {
        let answer = self.authorizer.is_authorized(&call.request, &self.policies, &self.nobody);
        answer.decision() == Decision::Allow
    }
}

/// Learns from all sessions of a task but one, and asks about that one; for each.
pub(crate) fn leave_one_out(
    tasks: &[Vec<&Example>],
    at: usize,
    wishes: &Wishes,
) -> Option<Estimate> {
    let sessions = tasks.get(at)?;
    if sessions.len() < 2 {
        return None;
    }
    let mut estimate = Estimate::default();
    let mut others: Vec<Vec<&Example>> = tasks.to_vec();
    for left_out in 0..sessions.len().min(LEFT_OUT) {
        let rest: Vec<&Example> =
            sessions.iter().enumerate().filter(|(n, _)| *n != left_out).map(|(_, e)| *e).collect();
        if let Some(slot) = others.get_mut(at) {
            slot.clone_from(&rest);
        }
        let session = sessions.get(left_out)?;
        let clauses = propose(&rest, &Knowledge::of(&others), wishes);
        let judge = Judge::new(&session.task, &clauses)?;
        let denied = session.calls.iter().filter(|call| !judge.permits(call)).count() as u32;
        estimate.add(Estimate {
            sessions: 1,
            denied_sessions: u32::from(denied > 0),
            calls: session.calls.len() as u32,
            denied_calls: denied,
        });
    }
    Some(estimate)
}

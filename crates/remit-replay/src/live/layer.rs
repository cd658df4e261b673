//! The policies of guardrails, or of all scopes: what each decides, and how many agree on each row.
//!
//! No row is judged by two scopes, so that all scopes share their counters.

use super::Judged;
#[cfg(test)]
use super::edits::Mutation;
use super::policy_rows::judge_policy;
use super::store::{Body, Key, Store};
use crate::Cancelled;
use crate::matrix::{Matrix, PolicyRows};
use crate::rows::{Counter, RowSet};
use cedar_policy::Policy;
use rayon::prelude::*;
use remit_policy::marks_unverified;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// So many policies are judged before they are counted, and lost if the judgement is cancelled.
const POLICIES_AT_A_TIME: usize = 64;

/// INVARIANT (counted): the counters count the rows of exactly the policies that are held, so that a
/// judgement can be cancelled between any two.
#[derive(Debug)]
pub(super) struct Layer {
    sets: BTreeMap<Arc<str>, Set>,
    counted: Counted,
    /// How many judgements were begun.
    judgement: u64,
    #[cfg(test)]
    mutation: Option<Mutation>,
}

/// The policies that judge one task; guardrails have one for all.
#[derive(Debug)]
struct Set {
    judged: Arc<Judged>,
    policies: BTreeMap<Arc<str>, Held>,
    wanted_in: u64,
}

#[derive(Debug)]
struct Held {
    policy: Policy,
    rows: Arc<PolicyRows>,
    wanted_in: u64,
}

#[derive(Debug)]
struct Counted {
    permits: Counter,
    forbids: Counter,
    failed_permits: Counter,
    failed_forbids: Counter,
    absent_attribute: Counter,
    absent_entity: Counter,
    #[cfg(test)]
    stays: bool,
}

/// The policies of a layer, and the rows that they judge.
pub(super) struct Wanted<'w> {
    pub(super) task: &'w str,
    pub(super) layer: &'w remit_policy::Layer,
    pub(super) judged: Arc<Judged>,
}

/// What a layer decides about all rows.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) allow: RowSet,
    /// Where a policy that failed could flip the decision.
    pub(super) uncertain: RowSet,
    pub(super) failed: RowSet,
    /// What is denied only by policies that mark a drift as of lower severity.
    pub(super) unverified: RowSet,
    pub(super) absent_attribute: RowSet,
    pub(super) absent_entity: RowSet,
    /// By task and id.
    pub(super) policies: Vec<Deciding>,
}

/// One policy of a layer.
#[derive(Debug)]
pub(super) struct Deciding {
    pub(super) task: Arc<str>,
    pub(super) id: Arc<str>,
    pub(super) rows: Arc<PolicyRows>,
}

impl Layer {
    pub(super) fn new(rows: u32) -> Self {
        let counter = || Counter::new(rows);
        let counted = Counted {
            permits: counter(),
            forbids: counter(),
            failed_permits: counter(),
            failed_forbids: counter(),
            absent_attribute: counter(),
            absent_entity: counter(),
            #[cfg(test)]
            stays: false,
        };
        Layer {
            sets: BTreeMap::new(),
            counted,
            judgement: 0,
            #[cfg(test)]
            mutation: None,
        }
    }

    /// Breaks what comes from here on.
    #[cfg(test)]
    pub(super) fn mutate(&mut self, mutation: Option<Mutation>) {
        self.mutation = mutation;
        self.counted.stays = mutation == Some(Mutation::StaysCounted);
    }

    /// Holds exactly the policies of `wanted`, judging those that are new.
    pub(super) fn update(
        &mut self,
        wanted: &[Wanted<'_>],
        matrix: &Matrix,
        store: &mut Store,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<(), Cancelled> {
        self.judgement += 1;
        let mut new: Vec<(&Wanted<'_>, &Policy)> = Vec::new();
        for wanted in wanted {
            let policies = self.not_held(wanted, store);
            new.extend(policies.into_iter().map(|policy| (wanted, policy)));
        }
        self.drop_unwanted(store);
        for some in new.chunks(POLICIES_AT_A_TIME) {
            let keys = some.iter().map(|(wanted, policy)| Key::of(policy, &wanted.judged));
            let known: Vec<_> = keys.map(|key| store.take(&key)).collect();
            let judged = some.par_iter().zip(known).map(|((wanted, policy), known)| {
                if go_on().is_break() {
                    return Err(Cancelled);
                }
                match known {
                    Some(known) => Ok(known),
                    None => judge_policy(matrix, policy, &wanted.judged.rows, go_on).map(Arc::new),
                }
            });
            let judged = judged.collect::<Result<Vec<_>, _>>();
            #[cfg(test)]
            let judged = super::edits::broken_cancel(self.mutation, judged, some.len());
            for ((wanted, policy), rows) in some.iter().zip(judged?) {
                self.hold(wanted.task, policy, rows);
            }
        }
        Ok(())
    }

    /// Marks what is held as wanted, and lets go of what changed; gives the policies that are not held.
    fn not_held<'w>(&mut self, wanted: &Wanted<'w>, store: &mut Store) -> Vec<&'w Policy> {
        let (now, counted) = (self.judgement, &mut self.counted);
        let set = self.sets.entry(wanted.task.into()).or_insert_with(|| Set {
            judged: Arc::clone(&wanted.judged),
            policies: BTreeMap::new(),
            wanted_in: now,
        });
        set.wanted_in = now;
        if set.judged != wanted.judged {
            set.let_go(counted, store, |_| true);
            set.judged = Arc::clone(&wanted.judged);
        }
        let mut new = Vec::new();
        for policy in wanted.layer.in_force() {
            let id: &str = policy.id().as_ref();
            match set.policies.get_mut(id) {
                Some(held) if held.says_the_same(policy) => {
                    held.policy = policy.clone();
                    held.wanted_in = now;
                }
                Some(_) | None => new.push(policy),
            }
        }
        new
    }

    /// Lets go of what is not marked.
    fn drop_unwanted(&mut self, store: &mut Store) {
        let (now, counted) = (self.judgement, &mut self.counted);
        self.sets.retain(|_, set| {
            let wanted = set.wanted_in == now;
            set.let_go(counted, store, |held| !wanted || held.wanted_in != now);
            wanted
        });
    }

    fn hold(&mut self, task: &str, policy: &Policy, rows: Arc<PolicyRows>) {
        let Some(set) = self.sets.get_mut(task) else { return };
        self.counted.add(&rows);
        let id: &str = policy.id().as_ref();
        let held = Held { policy: policy.clone(), rows, wanted_in: self.judgement };
        set.policies.insert(id.into(), held);
    }

    /// Lets go of every policy that other entities could make a difference to.
    pub(super) fn forget_what_reads_entities(&mut self) {
        for set in self.sets.values_mut() {
            set.policies.retain(|_, held| {
                if held.rows.reads_entities {
                    self.counted.remove(&held.rows);
                }
                !held.rows.reads_entities
            });
        }
    }

    /// What the policies that are held decide.
    pub(super) fn decided(&self) -> Decided {
        let counted = &self.counted;
        let (permitted, forbidden) = (counted.permits.any(), counted.forbids.any());
        let (failed_permit, failed_forbid) =
            (counted.failed_permits.any(), counted.failed_forbids.any());
        let allow = permitted.and_not(&forbidden);
        let could_be_denied = allow.and(&failed_forbid);
        let could_be_allowed = failed_permit.and_not(&permitted).and_not(&forbidden);
        Decided {
            uncertain: could_be_denied.or(&could_be_allowed),
            allow,
            failed: failed_permit.or(&failed_forbid),
            unverified: self.unverified(&permitted),
            absent_attribute: counted.absent_attribute.any(),
            absent_entity: counted.absent_entity.any(),
            policies: self.policies(),
        }
    }

    /// Of what is permitted, what only policies forbid that say how little that means.
    fn unverified(&self, permitted: &RowSet) -> RowSet {
        let held = || self.sets.values().flat_map(|set| set.policies.values());
        let forbids = |marks: bool| {
            let some = held().filter(|h| h.rows.forbids && marks_unverified(&h.policy) == marks);
            some.fold(RowSet::default(), |all, held| all.or(&held.rows.satisfied))
        };
        let marked = permitted.and(&forbids(true));
        if marked.is_empty() { marked } else { marked.and_not(&forbids(false)) }
    }

    fn policies(&self) -> Vec<Deciding> {
        let of_set = |(task, set): (&Arc<str>, &Set)| {
            let policies = set.policies.iter().map(|(id, held)| Deciding {
                task: Arc::clone(task),
                id: Arc::clone(id),
                rows: Arc::clone(&held.rows),
            });
            policies.collect::<Vec<_>>()
        };
        self.sets.iter().flat_map(of_set).collect()
    }
}

impl Set {
    fn let_go(&mut self, counted: &mut Counted, store: &mut Store, which: impl Fn(&Held) -> bool) {
        self.policies.retain(|_, held| {
            let gone = which(held);
            if gone {
                counted.remove(&held.rows);
                store.put(Key::of(&held.policy, &self.judged), Arc::clone(&held.rows));
            }
            !gone
        });
    }
}

impl Held {
    /// Whether it is `policy`, whatever its annotations and wherever it is written now.
    fn says_the_same(&self, policy: &Policy) -> bool {
        self.policy == *policy || Body(&self.policy) == Body(policy)
    }
}

impl Counted {
    fn add(&mut self, rows: &PolicyRows) {
        self.each(rows, Counter::add);
    }

    fn remove(&mut self, rows: &PolicyRows) {
        #[cfg(test)]
        if self.stays {
            return;
        }
        self.each(rows, Counter::remove);
    }

    fn each(&mut self, rows: &PolicyRows, count: impl Fn(&mut Counter, &RowSet)) {
        let (satisfied, failed) = match rows.forbids {
            true => (&mut self.forbids, &mut self.failed_forbids),
            false => (&mut self.permits, &mut self.failed_permits),
        };
        count(satisfied, &rows.satisfied);
        count(failed, &rows.failed);
        count(&mut self.absent_attribute, &rows.absent_attribute);
        count(&mut self.absent_entity, &rows.absent_entity);
    }
}

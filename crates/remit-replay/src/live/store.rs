//! What policies that are not in force any more decided, for when they are put back.

use super::Judged;
use crate::matrix::PolicyRows;
use cedar_policy::Policy;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// So many bytes of rows are kept.
const BYTES: usize = 64 << 20;
/// A policy takes so many besides, roughly.
const POLICY_BYTES: usize = 4096;

/// What a policy says besides its id, its annotations and its place. A link says what its template
/// says, with the slots filled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body<P>(pub(super) P);

/// A policy and the rows that it judged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    policy: Body<Policy>,
    groups: Option<Vec<u32>>,
}

/// The least recently used goes first.
#[derive(Debug, Default)]
pub(super) struct Store {
    kept: HashMap<Key, Kept>,
    bytes: usize,
    clock: u64,
    /// Breaks it on purpose: rows of other sessions are taken for a policy's.
    #[cfg(test)]
    pub(super) mixes: bool,
}

#[derive(Debug)]
struct Kept {
    rows: Arc<PolicyRows>,
    at: u64,
}

impl<P: Borrow<Policy>> PartialEq for Body<P> {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.0.borrow().as_ref(), other.0.borrow().as_ref());
        one.effect() == other.effect()
            && one.principal_constraint() == other.principal_constraint()
            && one.action_constraint() == other.action_constraint()
            && one.resource_constraint() == other.resource_constraint()
            && one.non_scope_constraints() == other.non_scope_constraints()
            && one.env() == other.env()
    }
}

impl<P: Borrow<Policy>> Eq for Body<P> {}

impl<P: Borrow<Policy>> Hash for Body<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let policy = self.0.borrow().as_ref();
        policy.principal_constraint().hash(state);
        policy.action_constraint().hash(state);
        policy.resource_constraint().hash(state);
        policy.non_scope_constraints().hash(state);
    }
}

impl Key {
    pub(super) fn of(policy: &Policy, judged: &Judged) -> Self {
        Key { policy: Body(policy.clone()), groups: judged.groups.clone() }
    }
}

impl Store {
    /// Takes out what is known about `key`.
    pub(super) fn take(&mut self, key: &Key) -> Option<Arc<PolicyRows>> {
        #[cfg(test)]
        let key = &self.mixed(key.clone());
        let kept = self.kept.remove(key)?;
        self.bytes -= kept.rows.bytes();
        Some(kept.rows)
    }

    pub(super) fn put(&mut self, key: Key, rows: Arc<PolicyRows>) {
        #[cfg(test)]
        let key = self.mixed(key);
        self.clock += 1;
        self.bytes += rows.bytes();
        let replaced = self.kept.insert(key, Kept { rows, at: self.clock });
        self.bytes -= replaced.map_or(0, |kept| kept.rows.bytes());
        while self.bytes > BYTES {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.at);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { break };
            self.take(&oldest);
        }
    }

    #[cfg(test)]
    fn mixed(&self, key: Key) -> Key {
        if self.mixes { Key { groups: None, ..key } } else { key }
    }

    pub(super) fn forget_what_reads_entities(&mut self) {
        self.kept.retain(|_, kept| !kept.rows.reads_entities);
        self.bytes = self.kept.values().map(|kept| kept.rows.bytes()).sum();
    }
}

impl PolicyRows {
    fn bytes(&self) -> usize {
        let sets = [&self.satisfied, &self.failed, &self.absent_attribute, &self.absent_entity];
        POLICY_BYTES + sets.iter().map(|set| set.bytes()).sum::<usize>()
    }
}

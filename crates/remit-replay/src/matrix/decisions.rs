//! What a policy set decides about the rows of a table.

use super::PolicyRows;
use crate::rows::{Counter, RowSet};

/// What one policy set decides about the rows of a table.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// INVARIANT (sorted): by id, which is the order of reasons.
    policies: Vec<PolicyRows>,
    allowed: RowSet,
    forbidden: RowSet,
    failed: RowSet,
}

impl Decisions {
    /// For a table of `rows` rows.
    pub(super) fn new(mut policies: Vec<PolicyRows>, rows: u32) -> Self {
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        let (mut permits, mut forbids, mut failures) =
            (Counter::new(rows), Counter::new(rows), Counter::new(rows));
        for policy in &policies {
            let counter = if policy.forbids { &mut forbids } else { &mut permits };
            counter.add(&policy.satisfied);
            failures.add(&policy.failed);
        }
        let forbidden = forbids.any();
        let allowed = permits.any().and_not(&forbidden);
        Decisions { policies, allowed, forbidden, failed: failures.any() }
    }

    /// The policies, by id, with the rows where they matter.
    pub fn policies(&self) -> &[PolicyRows] {
        &self.policies
    }

    /// The rows that are allowed.
    pub fn allowed(&self) -> &RowSet {
        &self.allowed
    }

    /// Whether `row` is allowed.
    pub fn allows(&self, row: u32) -> bool {
        self.allowed.contains(row)
    }

    /// The rows where some policy fails.
    pub fn failed(&self) -> &RowSet {
        &self.failed
    }

    /// The determining policies of `row`, sorted.
    pub fn reasons(&self, row: u32) -> Vec<&str> {
        let deciding = !self.allows(row);
        let decides = |p: &&PolicyRows| p.forbids == deciding && p.satisfied.contains(row);
        self.policies.iter().filter(decides).map(|p| p.id.as_str()).collect()
    }

    /// The policies that fail on `row`, sorted.
    pub fn failing(&self, row: u32) -> Vec<&str> {
        let fails = |p: &&PolicyRows| p.failed.contains(row);
        self.policies.iter().filter(fails).map(|p| p.id.as_str()).collect()
    }

    /// Whether the decision on `row` could be the other one if the failed policies had not failed.
    pub fn is_uncertain(&self, row: u32) -> bool {
        let could = |forbids| {
            let fails = |p: &PolicyRows| p.forbids == forbids && p.failed.contains(row);
            self.policies.iter().any(fails)
        };
        if self.allows(row) { could(true) } else { !self.forbidden.contains(row) && could(false) }
    }
}

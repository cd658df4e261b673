//! Where one policy is satisfied and where it fails, and for want of what.

use crate::Absent;
use crate::matrix::Matrix;
use crate::rows::RowSet;
use crate::table::Table;
use cedar_policy::Policy;
use roaring::RoaringBitmap;
use std::sync::{Mutex, PoisonError};

/// What one policy says about the rows that it judges.
#[derive(Debug)]
pub(super) struct PolicyRows {
    pub(super) forbids: bool,
    pub(super) satisfied: RowSet,
    pub(super) failed: RowSet,
    /// Those where it failed for want of an attribute.
    pub(super) absent_attribute: RowSet,
    /// Those where it failed for want of an entity, or of what one holds.
    pub(super) absent_entity: RowSet,
    /// Whether other entities could make a difference.
    pub(super) reads_entities: bool,
}

/// Judges policies one by one.
pub(super) struct Judge<'t> {
    table: &'t Table,
    matrix: Mutex<Matrix<'t>>,
}

impl<'t> Judge<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Judge { table, matrix: Mutex::new(Matrix::new(table)) }
    }

    pub(super) fn policy(&self, policy: &Policy, rows: &RowSet) -> PolicyRows {
        let all: RoaringBitmap = rows.iter().collect();
        let forbids = policy.effect() == cedar_policy::Effect::Forbid;
        let mut found = PolicyRows {
            forbids,
            satisfied: RowSet::new(),
            failed: RowSet::new(),
            absent_attribute: RowSet::new(),
            absent_entity: RowSet::new(),
            reads_entities: true,
        };
        let decided =
            self.matrix.lock().unwrap_or_else(PoisonError::into_inner).policy(policy, &all);
        match decided {
            Ok(decided) => {
                found.satisfied = decided.satisfied.iter().collect();
                for row in &decided.failed {
                    self.ask(policy, row, &mut found);
                }
            }
            Err(_) => rows.iter().for_each(|row| self.ask(policy, row, &mut found)),
        }
        found
    }

    /// Asks Cedar about one row.
    fn ask(&self, policy: &Policy, row: u32, found: &mut PolicyRows) {
        let Some((request, entities)) = self.table.request(row as usize) else { return };
        let Ok(set) = cedar_policy::PolicySet::from_policies([policy.clone()]) else { return };
        let judged = crate::reference::judge(&request, &set, entities);
        if !judged.reasons.is_empty() {
            found.satisfied.insert(row);
        }
        for error in judged.errors {
            found.failed.insert(row);
            match error.absent {
                Some(Absent::Attribute) => found.absent_attribute.insert(row),
                Some(Absent::Entity) => found.absent_entity.insert(row),
                None => {}
            }
        }
    }
}

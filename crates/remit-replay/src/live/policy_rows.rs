//! Where one policy is satisfied and where it fails, whether or not the matrix can take it.

use crate::matrix::{Matrix, NotJudged, PolicyRows};
use crate::reference::judge;
use crate::rows::RowSet;
use crate::{Absent, Cancelled};
use cedar_policy::{Policy, PolicySet};
use std::ops::ControlFlow;

/// What `policy` says about each of `rows`. `go_on` is asked every few milliseconds.
pub(super) fn judge_policy(
    matrix: &Matrix,
    policy: &Policy,
    rows: &RowSet,
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Result<PolicyRows, Cancelled> {
    match matrix.policy(policy, rows, &|| go_on().is_break()) {
        Ok(found) => Ok(found),
        Err(NotJudged::Stopped) => Err(Cancelled),
        Err(NotJudged::NotCompiled { .. }) => asked(matrix, policy, rows, go_on),
    }
}

/// What Cedar says about each row: slow, and always possible.
fn asked(
    matrix: &Matrix,
    policy: &Policy,
    rows: &RowSet,
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Result<PolicyRows, Cancelled> {
    let mut found = PolicyRows::nowhere(policy);
    let Ok(set) = PolicySet::from_policies([policy.clone()]) else { return Ok(found) };
    for row in rows.iter() {
        if go_on().is_break() {
            return Err(Cancelled);
        }
        let Some((request, entities)) = matrix.table().request(row) else { continue };
        let judged = judge(&request, &set, entities);
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
    Ok(found)
}

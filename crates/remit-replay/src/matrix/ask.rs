//! What Cedar says of an atom, on a request that holds just the cells that the atom reads.

use super::native::Tree;
use super::truths::Truth;
use crate::reference;
use crate::table::{ColumnId, Table, Value};
use cedar_policy::pst::{
    ActionConstraint, Clause, Effect, Expr, Policy as PstPolicy, PrincipalConstraint,
    ResourceConstraint, StaticPolicy, Template,
};
use cedar_policy::{Context, EntityUid, Policy, PolicySet, Request};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An atom as Cedar takes it: the condition of a policy.
#[derive(Debug)]
pub(super) struct Asked {
    policy: PolicySet,
    columns: BTreeSet<ColumnId>,
}

impl Asked {
    /// `None` if Cedar would not take `expr` as a condition.
    pub(super) fn new(expr: &Arc<Expr>, columns: &BTreeSet<ColumnId>) -> Option<Self> {
        Some(Asked { policy: as_policy(expr)?, columns: columns.clone() })
    }

    /// What Cedar says about `row`.
    pub(super) fn truth(&self, table: &Table, row: usize) -> Truth {
        let Some(request) = self.request(table, row) else { return Truth::Failed(None) };
        let entities = match self.columns.contains(&ColumnId::STORE) {
            true => table.store(row),
            false => table.base(),
        };
        let judged = reference::judge(&request, &self.policy, entities);
        match judged.errors.first() {
            Some(error) => Truth::Failed(error.absent),
            None if judged.allow => Truth::True,
            None => Truth::False,
        }
    }

    fn request(&self, table: &Table, row: usize) -> Option<Request> {
        let uid = |column| match table.cell(column, row)? {
            Value::Entity(uid) => Some(EntityUid::clone(&uid)),
            _ => None,
        };
        let (principal, action, resource) =
            (uid(ColumnId::PRINCIPAL)?, uid(ColumnId::ACTION)?, uid(ColumnId::RESOURCE)?);
        let mut tree = Tree::default();
        for column in &self.columns {
            if let (Some(path), Some(value)) = (table.path_of(*column), table.cell(*column, row)) {
                tree.insert(path, value);
            }
        }
        let Value::Record(fields) = tree.into_record() else { return None };
        let fields: Option<Vec<_>> =
            fields.iter().map(|(name, value)| Some((name.clone(), value.to_cedar()?))).collect();
        let context = Context::from_pairs(fields?).ok()?;
        Request::new(principal, action, resource, context, None).ok()
    }
}

fn as_policy(expr: &Arc<Expr>) -> Option<PolicySet> {
    let everything = Template::new(
        "atom",
        Effect::Permit,
        PrincipalConstraint::Any,
        ActionConstraint::Any,
        ResourceConstraint::Any,
    );
    let template = everything.try_with_clauses([Clause::When(Arc::clone(expr))]).ok()?;
    let policy =
        Policy::from_pst(PstPolicy::Static(StaticPolicy::try_from(template).ok()?)).ok()?;
    PolicySet::from_policies([policy]).ok()
}

//! The smallest boolean part of a condition, and what is known of it already.
//!
//! An atom is evaluated once for each distinct combination of the cells that it reads: by ourselves
//! where we can, else by Cedar, on a request that holds just those cells. Not here: how atoms are
//! joined (the matrix itself).

use super::lower::{Lowered, lower};
use super::native::{Row, Stop, Tree};
use crate::table::{ColumnId, Table, Value};
use cedar_policy::pst::{
    ActionConstraint, Clause, Effect, Expr, Policy as PstPolicy, PrincipalConstraint,
    ResourceConstraint, StaticPolicy, Template,
};
use cedar_policy::{Authorizer, Context, Decision, EntityUid, Policy, PolicySet, Request};
use std::collections::HashMap;
use std::sync::Arc;

/// A memo table has at most this many entries, and at most a few for each row. Tests use a
/// small limit, to reach both kinds.
const DENSE_LIMIT: usize = if cfg!(test) { 256 } else { 1 << 22 };

/// The three truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    False,
    True,
    Error,
}

/// Rows where something is true, and rows where it fails; sorted. It is false on the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Split {
    pub(super) yes: Vec<u32>,
    pub(super) failed: Vec<u32>,
}

#[derive(Debug)]
pub(super) struct Atom {
    lowered: Lowered,
    /// The atom as the condition of a policy, for Cedar.
    asked: PolicySet,
    memo: Memo,
}

#[derive(Debug)]
enum Memo {
    /// An entry for every combination of codes; a column's stride is what one step of its code is worth.
    Dense { strides: Vec<(ColumnId, usize)>, truths: Vec<Option<Truth>> },
    /// What Cedar said, for combinations that are too many to count.
    Sparse(HashMap<Vec<(bool, i64)>, Truth>),
}

impl Atom {
    /// `expr` over the columns of `table`. `None` if Cedar would not take it as a condition.
    pub(super) fn new(expr: &Arc<Expr>, table: &Table) -> Option<Self> {
        let lowered = lower(expr, table);
        let memo = Memo::new(&lowered, table);
        Some(Atom { asked: as_policy(expr)?, lowered, memo })
    }

    /// Whether its value is the same for all rows of one action.
    pub(super) fn reads_only_the_action(&self) -> bool {
        self.lowered.columns.iter().all(|c| *c == ColumnId::ACTION)
    }

    /// Evaluates the atom on `rows`.
    pub(super) fn split(&mut self, table: &Table, rows: &[u32]) -> Split {
        let mut split = Split::default();
        match &mut self.memo {
            Memo::Dense { strides, truths } => {
                let columns = coded(strides, table);
                for &row in rows {
                    let at: usize = columns.iter().map(|(codes, s)| code(codes, row) * s).sum();
                    let Some(truth) = truths.get_mut(at) else { continue };
                    let truth =
                        *truth.get_or_insert_with(|| once(&self.lowered, &self.asked, table, row));
                    split.push(row, truth);
                }
            }
            Memo::Sparse(said) => {
                for &row in rows {
                    split.push(row, sparse(&self.lowered, &self.asked, said, table, row));
                }
            }
        }
        split
    }
}

impl Split {
    fn push(&mut self, row: u32, truth: Truth) {
        match truth {
            Truth::True => self.yes.push(row),
            Truth::Error => self.failed.push(row),
            Truth::False => {}
        }
    }
}

impl Memo {
    fn new(lowered: &Lowered, table: &Table) -> Self {
        let limit = DENSE_LIMIT.min(4 * table.len() + 4096);
        let mut strides = Vec::new();
        let mut size: usize = 1;
        for &column in &lowered.columns {
            let radix = table.column(column).and_then(|c| c.codes()).map(|(_, radix)| radix);
            let grown = radix.and_then(|radix| size.checked_mul(radix)).filter(|s| *s <= limit);
            strides.push((column, size));
            match grown {
                Some(grown) => size = grown,
                None => return Memo::Sparse(HashMap::new()),
            }
        }
        Memo::Dense { strides, truths: vec![None; size] }
    }
}

fn coded<'t>(strides: &[(ColumnId, usize)], table: &'t Table) -> Vec<(&'t [u32], usize)> {
    let codes =
        |(column, stride): &(ColumnId, usize)| Some((table.column(*column)?.codes()?.0, *stride));
    strides.iter().filter_map(codes).collect()
}

fn code(codes: &[u32], row: u32) -> usize {
    codes.get(row as usize).map_or(0, |c| *c as usize)
}

fn once(lowered: &Lowered, asked: &PolicySet, table: &Table, row: u32) -> Truth {
    native(lowered, table, row).unwrap_or_else(|| ask(lowered, asked, table, row as usize))
}

/// Our own answer is cheaper than remembering it; Cedar's is not.
fn sparse(
    lowered: &Lowered,
    asked: &PolicySet,
    said: &mut HashMap<Vec<(bool, i64)>, Truth>,
    table: &Table,
    row: u32,
) -> Truth {
    native(lowered, table, row).unwrap_or_else(|| {
        let columns = lowered.columns.iter().filter_map(|c| table.column(*c));
        let key = columns.map(|c| c.key(row as usize)).collect();
        *said.entry(key).or_insert_with(|| ask(lowered, asked, table, row as usize))
    })
}

/// `None` if Cedar must be asked.
fn native(lowered: &Lowered, table: &Table, row: u32) -> Option<Truth> {
    match lowered.node.truth(Row { table, row: row as usize }) {
        Ok(true) => Some(Truth::True),
        Ok(false) => Some(Truth::False),
        Err(Stop::Fails) => Some(Truth::Error),
        Err(Stop::Ask) => None,
    }
}

/// What Cedar says about a request that holds just the cells that the atom reads.
fn ask(lowered: &Lowered, asked: &PolicySet, table: &Table, row: usize) -> Truth {
    let Some(request) = request(lowered, table, row) else { return Truth::Error };
    let entities = match lowered.columns.contains(&ColumnId::STORE) {
        true => table.store(row),
        false => table.base(),
    };
    let response = Authorizer::new().is_authorized(&request, asked, entities);
    if response.diagnostics().errors().next().is_some() {
        return Truth::Error;
    }
    match response.decision() {
        Decision::Allow => Truth::True,
        Decision::Deny => Truth::False,
    }
}

fn request(lowered: &Lowered, table: &Table, row: usize) -> Option<Request> {
    let uid = |column| match table.cell(column, row)? {
        Value::Entity(uid) => Some(EntityUid::clone(&uid)),
        _ => None,
    };
    let (principal, action, resource) =
        (uid(ColumnId::PRINCIPAL)?, uid(ColumnId::ACTION)?, uid(ColumnId::RESOURCE)?);
    let mut tree = Tree::default();
    for column in &lowered.columns {
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

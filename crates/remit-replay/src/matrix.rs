//! Decides a whole table at once: for each policy, the rows where it is satisfied and where it fails.
//!
//! A policy is a skeleton over atoms with three truth values, joined by Cedar's short-circuit rules;
//! an atom is evaluated once for each distinct combination of cells, and remembered for all policies.
//! It promises the decisions, reasons and failing policies of [`reference`](mod@crate::reference),
//! which tests hold it to. Not here: the texts of errors, which that engine gives for the rows in question.

mod atom;
mod compile;
#[cfg(test)]
mod differential;
mod lower;
mod native;

use crate::table::Table;
use atom::{Atom, Split};
use cedar_policy::pst::{Effect, Expr};
use cedar_policy::{Policy, PolicySet};
use compile::{Parts, Skeleton, parts, skeleton};
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::sync::Arc;

/// Decides the rows of one table, and remembers what it has worked out.
#[derive(Debug)]
pub struct Matrix<'t> {
    table: &'t Table,
    atoms: Vec<Atom>,
    atoms_by_text: HashMap<String, AtomId>,
    #[cfg(test)]
    mutation: Option<differential::Mutation>,
}

#[derive(Clone, Copy, Debug)]
struct AtomId(usize);

/// A policy that cannot be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "policy `{policy}` has a part that the syntax tree cannot hold; decide with the reference engine"
)]
pub struct NotCompiled {
    /// Its id.
    pub policy: String,
}

/// What one policy set decides about the rows of a table.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// INVARIANT (sorted): by id, which is the order of reasons.
    policies: Vec<PolicyRows>,
    permits: Vec<u32>,
    forbids: Vec<u32>,
    failed: RoaringBitmap,
}

/// Where one policy matters.
#[derive(Clone, Debug)]
pub struct PolicyRows {
    /// The policy's id.
    pub id: String,
    /// Whether it is a `forbid`.
    pub forbids: bool,
    /// The rows where it is satisfied.
    pub satisfied: RoaringBitmap,
    /// The rows where it fails, and is skipped.
    pub failed: RoaringBitmap,
}

impl<'t> Matrix<'t> {
    /// For the rows of `table`.
    pub fn new(table: &'t Table) -> Self {
        Matrix {
            table,
            atoms: Vec::new(),
            atoms_by_text: HashMap::new(),
            #[cfg(test)]
            mutation: None,
        }
    }

    /// What `policies` decide about each of `rows`; nothing is decided about the other rows.
    ///
    /// # Errors
    /// [`NotCompiled`] if Cedar's syntax tree cannot hold a policy.
    pub fn judge(
        &mut self,
        policies: &PolicySet,
        rows: &RoaringBitmap,
    ) -> Result<Decisions, NotCompiled> {
        let judged: Result<Vec<_>, _> =
            policies.policies().map(|policy| self.policy(policy, rows)).collect();
        Ok(Decisions::new(judged?, self.table.len()))
    }

    /// Where one policy is satisfied, and where it fails, among `rows`.
    ///
    /// # Errors
    /// [`NotCompiled`] if Cedar's syntax tree cannot hold it.
    pub fn policy(
        &mut self,
        policy: &Policy,
        rows: &RoaringBitmap,
    ) -> Result<PolicyRows, NotCompiled> {
        let id = policy.id().to_string();
        let Some((parts, candidates, condition)) = self.compile(policy, rows) else {
            return Err(NotCompiled { policy: id });
        };
        let split = match condition {
            Some(condition) => self.split(&condition, &candidates),
            None => Split { yes: candidates, failed: Vec::new() },
        };
        Ok(PolicyRows {
            id,
            forbids: parts.effect == Effect::Forbid,
            satisfied: bitmap(split.yes),
            failed: bitmap(split.failed),
        })
    }

    /// The rows that the policy's action leaves, and what must hold on them.
    fn compile(
        &mut self,
        policy: &Policy,
        rows: &RoaringBitmap,
    ) -> Option<(Parts, Vec<u32>, Option<Skeleton<AtomId>>)> {
        let parts = parts(policy)?;
        let action = match &parts.action {
            Some(expr) => Some(self.atom(expr)?),
            None => None,
        };
        let indexed = action
            .is_none_or(|AtomId(a)| self.atoms.get(a).is_some_and(Atom::reads_only_the_action));
        let candidates = match action {
            Some(atom) if indexed => self.rows_of_actions(atom, rows),
            Some(_) | None if self.is_all(rows) => (0..self.table.len() as u32).collect(),
            Some(_) | None => rows.iter().collect(),
        };
        let mut condition = action.filter(|_| !indexed).map(Skeleton::Atom);
        for expr in &parts.conditions {
            let next = skeleton(expr, &mut |e| self.atom(e))?;
            condition = Some(match condition {
                Some(before) => Skeleton::And(Box::new(before), Box::new(next)),
                None => next,
            });
        }
        Some((parts, candidates, condition))
    }

    /// Those of `rows` whose action satisfies an atom that reads nothing else.
    fn rows_of_actions(&mut self, AtomId(atom): AtomId, rows: &RoaringBitmap) -> Vec<u32> {
        let all = self.is_all(rows);
        let Some(atom) = self.atoms.get_mut(atom) else { return Vec::new() };
        let mut candidates: Vec<u32> = Vec::new();
        for of_action in self.table.rows_by_action() {
            let example = of_action.get(..1).unwrap_or_default();
            if !atom.split(self.table, example).yes.is_empty() {
                candidates.extend(of_action.iter().filter(|row| all || rows.contains(**row)));
            }
        }
        candidates.sort_unstable();
        candidates
    }

    fn is_all(&self, rows: &RoaringBitmap) -> bool {
        rows.len() == self.table.len() as u64
    }

    fn atom(&mut self, expr: &Arc<Expr>) -> Option<AtomId> {
        let text = format!("{expr:?}");
        if let Some(known) = self.atoms_by_text.get(&text) {
            return Some(*known);
        }
        let id = AtomId(self.atoms.len());
        self.atoms.push(Atom::new(expr, self.table)?);
        self.atoms_by_text.insert(text, id);
        Some(id)
    }

    /// Where `condition` holds and where it fails, among `rows`. What a short circuit leaves out is
    /// not evaluated, so that it cannot fail.
    fn split(&mut self, condition: &Skeleton<AtomId>, rows: &[u32]) -> Split {
        match condition {
            Skeleton::Atom(AtomId(atom)) => {
                let table = self.table;
                let split = self.atoms.get_mut(*atom).map(|a| a.split(table, rows));
                #[cfg(test)]
                let split = split.map(|s| differential::broken_atom(self.mutation, s));
                split.unwrap_or_default()
            }
            Skeleton::Not(of) => {
                let Split { yes, failed } = self.split(of, rows);
                Split { yes: without(&without(rows, &yes), &failed), failed }
            }
            Skeleton::And(a, b) => {
                let first = self.split(a, rows);
                let next = &first.yes;
                #[cfg(test)]
                let next = &differential::broken_and(self.mutation, rows, next);
                let second = self.split(b, next);
                Split { yes: second.yes, failed: merged(first.failed, second.failed) }
            }
            Skeleton::Or(a, b) => {
                let first = self.split(a, rows);
                let rest = without(&without(rows, &first.yes), &first.failed);
                first.joined(self.split(b, &rest))
            }
            Skeleton::If(test, yes, no) => {
                let test = self.split(test, rows);
                let rest = without(&without(rows, &test.yes), &test.failed);
                let then = self.split(yes, &test.yes);
                Split { yes: Vec::new(), failed: test.failed }
                    .joined(then)
                    .joined(self.split(no, &rest))
            }
        }
    }
}

impl Split {
    fn joined(self, other: Split) -> Split {
        Split { yes: merged(self.yes, other.yes), failed: merged(self.failed, other.failed) }
    }
}

impl Decisions {
    fn new(mut policies: Vec<PolicyRows>, rows: usize) -> Self {
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        let (mut permits, mut forbids) = (vec![0; rows], vec![0; rows]);
        let mut failed = RoaringBitmap::new();
        for policy in &policies {
            let counters = if policy.forbids { &mut forbids } else { &mut permits };
            for row in &policy.satisfied {
                if let Some(count) = counters.get_mut(row as usize) {
                    *count += 1;
                }
            }
            failed |= &policy.failed;
        }
        Decisions { policies, permits, forbids, failed }
    }

    /// The policies, by id, with the rows where they matter.
    pub fn policies(&self) -> &[PolicyRows] {
        &self.policies
    }

    /// Whether `row` is allowed.
    pub fn allows(&self, row: usize) -> bool {
        self.forbids.get(row) == Some(&0) && self.permits.get(row).is_some_and(|n| *n > 0)
    }

    /// The rows where some policy fails.
    pub fn failed(&self) -> &RoaringBitmap {
        &self.failed
    }

    /// The determining policies of `row`, sorted.
    pub fn reasons(&self, row: usize) -> Vec<&str> {
        let deciding = !self.allows(row);
        let decides = |p: &&PolicyRows| p.forbids == deciding && p.satisfied.contains(row as u32);
        self.policies.iter().filter(decides).map(|p| p.id.as_str()).collect()
    }

    /// The determining policies of every row, each list sorted.
    pub fn all_reasons(&self) -> Vec<Vec<String>> {
        let mut reasons = vec![Vec::new(); self.permits.len()];
        for policy in &self.policies {
            for row in policy.satisfied.iter().map(|row| row as usize) {
                if let Some(reasons) = reasons.get_mut(row)
                    && policy.forbids != self.allows(row)
                {
                    reasons.push(policy.id.clone());
                }
            }
        }
        reasons
    }

    /// The policies that fail on `row`, sorted.
    pub fn failing(&self, row: usize) -> Vec<&str> {
        let fails = |p: &&PolicyRows| p.failed.contains(row as u32);
        self.policies.iter().filter(fails).map(|p| p.id.as_str()).collect()
    }

    /// Whether the decision on `row` could be the other one if the failed policies had not failed.
    pub fn is_uncertain(&self, row: usize) -> bool {
        let could = |forbids| {
            let fails = |p: &PolicyRows| p.forbids == forbids && p.failed.contains(row as u32);
            self.policies.iter().any(fails)
        };
        if self.allows(row) {
            could(true)
        } else {
            self.forbids.get(row) == Some(&0) && could(false)
        }
    }
}

fn bitmap(sorted: Vec<u32>) -> RoaringBitmap {
    RoaringBitmap::from_sorted_iter(sorted.iter().copied())
        .unwrap_or_else(|_| sorted.into_iter().collect())
}

/// The rows of `all` that are not in `some`; both sorted.
fn without(all: &[u32], some: &[u32]) -> Vec<u32> {
    let mut some = some.iter().peekable();
    let mut rest = Vec::with_capacity(all.len());
    for row in all {
        while some.next_if(|other| *other < row).is_some() {}
        if some.peek() != Some(&row) {
            rest.push(*row);
        }
    }
    rest
}

/// The rows of both, which share none; all sorted.
fn merged(mut a: Vec<u32>, b: Vec<u32>) -> Vec<u32> {
    if a.is_empty() {
        return b;
    }
    let sorted = a.last() < b.first() || b.is_empty();
    a.extend(b);
    if !sorted {
        a.sort_unstable();
    }
    a
}

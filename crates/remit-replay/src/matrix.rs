//! Decides a whole table at once: for each policy, the rows where it is satisfied and where it fails.
//!
//! A policy's head leaves ranges of the sorted rows; its condition is a skeleton over atoms with three
//! truth values, joined by Cedar's short-circuit rules, a block of rows at a time. What is known of an
//! atom is kept for all policies and threads. It promises the decisions, reasons and failing policies of
//! [`reference`](mod@crate::reference), which tests hold it to. Not here: the texts of errors, which that
//! engine gives for the rows in question.

mod ask;
mod atom;
mod compile;
mod decisions;
#[cfg(test)]
mod differential;
mod kernel;
mod lower;
mod memo;
mod native;
mod near;
mod numbers;
mod truths;

pub use decisions::Decisions;

use crate::rows::{RowSet, Words};
use crate::table::{ColumnId, Table};
use atom::Atom;
use cedar_policy::pst::Expr;
use cedar_policy::{Effect, Policy, PolicySet};
use compile::{Skeleton, parts, skeleton};
use lower::Derived;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use truths::{Truth, Truths};

/// What is known of atoms may take so many bytes before all of it is forgotten.
const ATOM_BYTES: usize = 256 << 20;
/// The blocks of a policy are judged in so many parts a thread, so that a slow one is waited for briefly,
const PARTS_A_THREAD: usize = 4;
/// and in parts of at least so many blocks.
const BLOCKS_A_PART: usize = 8;

/// Decides the rows of one table, and remembers what it has worked out.
#[derive(Debug)]
pub struct Matrix {
    table: Arc<Table>,
    atoms: RwLock<Atoms>,
    derived: Derived,
    #[cfg(test)]
    mutation: Option<differential::Mutation>,
}

/// By their text in Cedar's syntax tree.
#[derive(Debug, Default)]
struct Atoms {
    by_text: HashMap<String, Arc<Atom>>,
    bytes: usize,
}

/// Why a policy was not judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJudged {
    /// It cannot be taken apart.
    #[error(
        "policy `{policy}` has a part that the syntax tree cannot hold; decide with the reference engine"
    )]
    NotCompiled {
        /// Its id.
        policy: String,
    },
    /// The caller asked to stop.
    #[error("judging was stopped")]
    Stopped,
}

/// Where one policy matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRows {
    /// The policy's id.
    pub id: String,
    /// Whether it is a `forbid`.
    pub forbids: bool,
    /// The rows where it is satisfied.
    pub satisfied: RowSet,
    /// The rows where it fails, and is skipped.
    pub failed: RowSet,
    /// Those of the failed because an attribute of a record is absent.
    pub absent_attribute: RowSet,
    /// Those of the failed because an entity, or something of it, is absent.
    pub absent_entity: RowSet,
    /// Whether all of this may change with the entities.
    pub reads_entities: bool,
}

impl PolicyRows {
    /// Adds what is so in a block behind all others.
    fn push(&mut self, index: u32, truths: &Truths) {
        self.satisfied.push(index, truths.yes);
        if let Some(failures) = truths.failures() {
            self.failed.push(index, failures.failed);
            self.absent_attribute.push(index, failures.attribute);
            self.absent_entity.push(index, failures.entity);
        }
    }

    /// Those of a policy that matters nowhere, and may depend on entities.
    pub(crate) fn nowhere(policy: &Policy) -> Self {
        PolicyRows {
            id: policy.id().to_string(),
            forbids: policy.effect() == Effect::Forbid,
            satisfied: RowSet::new(),
            failed: RowSet::new(),
            absent_attribute: RowSet::new(),
            absent_entity: RowSet::new(),
            reads_entities: true,
        }
    }
}

/// A policy over the atoms of a matrix.
struct Compiled {
    /// What action and principal must satisfy.
    action: Option<Arc<Atom>>,
    principal: Option<Arc<Atom>>,
    condition: Option<Skeleton<Arc<Atom>>>,
    reads_entities: bool,
}

impl Matrix {
    /// For the rows of `table`.
    pub fn new(table: Arc<Table>) -> Self {
        Matrix {
            table,
            atoms: RwLock::default(),
            derived: Derived::default(),
            #[cfg(test)]
            mutation: None,
        }
    }

    /// For the same rows with other entities: what depends on none is still known.
    #[must_use]
    pub fn with_entities(&self, table: Arc<Table>) -> Self {
        let atoms = self.atoms.read().unwrap_or_else(PoisonError::into_inner);
        let kept = atoms.by_text.iter().filter(|(_, atom)| !atom.reads_entities());
        let by_text = kept.map(|(text, atom)| (text.clone(), Arc::clone(atom))).collect();
        let mut matrix = Matrix::new(table);
        matrix.atoms = RwLock::new(Atoms { by_text, bytes: atoms.bytes });
        matrix
    }

    /// Takes other columns for what is remembered of sessions. A column that is there already must not
    /// change.
    pub(crate) fn take_leaves(&mut self, leaves: Arc<crate::table::LeafColumns>) {
        self.table = Arc::new(self.table.with_leaves(leaves));
    }

    /// The table whose rows it decides.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// What `policies` decide about each of `rows`; nothing is decided about the other rows.
    ///
    /// `stop` is asked again and again, from any thread.
    ///
    /// # Errors
    /// [`NotJudged`] if Cedar's syntax tree cannot hold a policy, or if `stop` says so.
    pub fn judge(
        &self,
        policies: &PolicySet,
        rows: &RowSet,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Decisions, NotJudged> {
        let policies: Vec<&Policy> = policies.policies().collect();
        let judged = policies.into_par_iter().map(|policy| self.policy(policy, rows, stop));
        let judged: Result<Vec<_>, _> = judged.collect();
        Ok(Decisions::new(judged?, self.table.len() as u32))
    }

    /// Where one policy is satisfied, and where it fails, among `rows`.
    ///
    /// # Errors
    /// As [`Matrix::judge`].
    pub fn policy(
        &self,
        policy: &Policy,
        rows: &RowSet,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<PolicyRows, NotJudged> {
        let Some(compiled) = self.compile(policy) else {
            return Err(NotJudged::NotCompiled { policy: policy.id().to_string() });
        };
        let candidates = self.candidates(&compiled, rows);
        let mut found =
            PolicyRows { reads_entities: compiled.reads_entities, ..PolicyRows::nowhere(policy) };
        match &compiled.condition {
            None => found.satisfied = candidates,
            Some(condition) => {
                for (index, truths) in
                    self.truths(condition, &candidates, stop)?.into_iter().flatten()
                {
                    found.push(index, &truths);
                }
            }
        }
        Ok(found)
    }

    /// The truths of `condition`, block by block.
    fn truths(
        &self,
        condition: &Skeleton<Arc<Atom>>,
        candidates: &RowSet,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Vec<(u32, Truths)>>, NotJudged> {
        let blocks = candidates.blocks();
        let stopped = AtomicBool::new(false);
        let some = |blocks: &[crate::rows::Block]| {
            let mut truths = Vec::with_capacity(blocks.len());
            for block in blocks {
                if stopped.load(Ordering::Relaxed) || stop() {
                    stopped.store(true, Ordering::Relaxed);
                    return Err(NotJudged::Stopped);
                }
                truths.push((block.index, self.block(condition, block.index, &block.words)));
            }
            Ok(truths)
        };
        let parts = rayon::current_num_threads() * PARTS_A_THREAD;
        let part = blocks.len().div_ceil(parts).max(BLOCKS_A_PART);
        if blocks.len() <= part {
            return Ok(vec![some(blocks)?]);
        }
        blocks.par_chunks(part).map(some).collect()
    }

    /// The rows that a policy's head leaves.
    fn candidates(&self, compiled: &Compiled, rows: &RowSet) -> RowSet {
        let holds = |atom: &Option<Arc<Atom>>, row| {
            atom.as_ref().is_none_or(|atom| atom.truth(&self.table, row) == Truth::True)
        };
        let mut ranges = Ranges::default();
        for action in self.table.actions().iter().filter(|a| holds(&compiled.action, a.start)) {
            match &compiled.principal {
                None => ranges.push(action.start, action.end),
                Some(_) => {
                    let groups = action.groups.iter();
                    for group in groups.filter(|g| holds(&compiled.principal, g.start)) {
                        ranges.push(group.start, group.end);
                    }
                }
            }
        }
        ranges.into_rows().and(rows)
    }

    fn compile(&self, policy: &Policy) -> Option<Compiled> {
        let parts = parts(policy)?;
        let mut reads_entities = false;
        let mut atom = |expr: &Arc<Expr>| {
            let atom = self.atom(expr)?;
            reads_entities |= atom.reads_entities();
            Some(atom)
        };
        let mut head = |expr: &Option<Arc<Expr>>| match expr {
            None => Some(None),
            Some(expr) => atom(expr).map(Some),
        };
        let (action, principal) = (head(&parts.action)?, head(&parts.principal)?);
        // Who acts, and what, is the same for all rows of a group; what else they read is not.
        let of_action = action.filter(|a| a.reads_only(&[ColumnId::ACTION]));
        let groups = [ColumnId::ACTION, ColumnId::PRINCIPAL, ColumnId::STORE];
        let of_group = principal.filter(|p| p.reads_only(&groups));
        let left = [
            parts.action.as_ref().filter(|_| of_action.is_none()),
            parts.principal.as_ref().filter(|_| of_group.is_none()),
        ];
        let mut condition = None;
        for expr in left.into_iter().flatten().chain(&parts.conditions) {
            let next = skeleton(expr, &mut atom)?;
            condition = Some(match condition {
                Some(before) => Skeleton::And(Box::new(before), Box::new(next)),
                None => next,
            });
        }
        Some(Compiled { action: of_action, principal: of_group, condition, reads_entities })
    }

    fn atom(&self, expr: &Arc<Expr>) -> Option<Arc<Atom>> {
        let text = format!("{expr:?}");
        let known = self.atoms.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.by_text.get(&text) {
            return Some(Arc::clone(known));
        }
        drop(known);
        let made = Arc::new(Atom::new(expr, &self.table, &self.derived)?);
        let mut atoms = self.atoms.write().unwrap_or_else(PoisonError::into_inner);
        if atoms.bytes > ATOM_BYTES {
            *atoms = Atoms::default();
        }
        atoms.bytes += made.bytes() + text.len();
        Some(Arc::clone(atoms.by_text.entry(text).or_insert(made)))
    }

    /// Where `condition` holds and where it fails, among the rows of `mask`. What a short circuit leaves
    /// out is not evaluated, so that it cannot fail.
    fn block(&self, condition: &Skeleton<Arc<Atom>>, index: u32, mask: &Words) -> Truths {
        if *mask == crate::rows::NONE {
            return Truths::NOWHERE;
        }
        match condition {
            Skeleton::Atom(atom) => {
                let truths = atom.block(&self.table, index, mask);
                #[cfg(test)]
                let truths = differential::broken_atom(self.mutation, truths);
                truths
            }
            Skeleton::Not(of) => self.block(of, index, mask).not(mask),
            Skeleton::And(a, b) => {
                let (next, failures) = self.block(a, index, mask).apart();
                #[cfg(test)]
                let next = differential::broken_and(self.mutation, mask, &next);
                self.block(b, index, &next).or_failures(failures)
            }
            Skeleton::Or(a, b) => {
                let first = self.block(a, index, mask);
                let second = self.block(b, index, &first.no(mask));
                first.or(second)
            }
            Skeleton::If(test, yes, no) => {
                let test = self.block(test, index, mask);
                let other = self.block(no, index, &test.no(mask));
                let (then, failures) = test.apart();
                self.block(yes, index, &then).or(other).or_failures(failures)
            }
        }
    }
}

/// Ranges of rows, in order; those that touch become one.
#[derive(Default)]
struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    fn push(&mut self, start: u32, end: u32) {
        match self.0.last_mut() {
            Some((_, last)) if *last == start => *last = end,
            Some(_) | None => self.0.push((start, end)),
        }
    }

    fn into_rows(self) -> RowSet {
        RowSet::of_ranges(self.0)
    }
}

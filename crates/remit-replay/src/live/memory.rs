//! What sessions remember, as far as policies ask: each leaf is worked out once, and kept for when a policy
//! that asks for it is put back.

use crate::Cancelled;
use crate::Corpus;
use crate::history::{LeafTruths, NotCompiled, leaves};
use crate::matrix::Matrix;
use crate::rows::RowSet;
use crate::table::LeafColumns;
use rayon::prelude::*;
use remit_policy::{Leaf, Workspace};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// So many leaves are kept that nobody asks for any more.
const KEPT: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Memory {
    known: BTreeMap<String, Known>,
    columns: LeafColumns,
    judgement: u64,
}

#[derive(Debug)]
struct Known {
    leaf: Arc<Leaf>,
    truths: Arc<LeafTruths>,
    wanted_in: u64,
}

/// A leaf that policies ask for, at all calls.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) name: Arc<str>,
    pub(super) truths: Arc<LeafTruths>,
}

/// A condition over history that was left to Dogwood's interpreter, which takes its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreted {
    /// The attribute of the context that holds its value.
    pub name: String,
    /// What its author wrote.
    pub text: String,
    /// Why.
    pub why: NotCompiled,
}

impl Memory {
    /// Works out the leaves of `workspace` that are not known, and gives the matrix all of them.
    pub(super) fn update(
        &mut self,
        workspace: &Workspace,
        corpus: &Corpus,
        matrix: &mut Matrix,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<(), Cancelled> {
        let Some(log) = corpus.history() else { return Ok(()) };
        self.judgement += 1;
        let mut new = Vec::new();
        for leaf in leaves(workspace) {
            match self.known.get_mut(&leaf.name) {
                Some(known) => (known.wanted_in, known.leaf) = (self.judgement, leaf),
                None => new.push(leaf),
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let entities = &workspace.entities.entities;
        let truths = new.into_par_iter().map(|leaf| {
            if go_on().is_break() {
                return Err(Cancelled);
            }
            let rows = corpus.row_numbers();
            let truths = LeafTruths::of(log, &leaf, entities, rows, corpus.table().len());
            Ok((leaf, Arc::new(truths)))
        });
        for (leaf, truths) in truths.collect::<Result<Vec<_>, _>>()? {
            let column = Arc::new(truths.column());
            self.columns.put(&leaf.name, column, truths.reads_entities);
            let known = Known { truths, wanted_in: self.judgement, leaf };
            self.known.insert(known.leaf.name.clone(), known);
        }
        self.forget_oldest();
        matrix.take_leaves(Arc::new(self.columns.clone()));
        Ok(())
    }

    /// Other entities make these others.
    pub(super) fn forget_what_reads_entities(&mut self) {
        self.retain(|known| !known.truths.reads_entities);
    }

    /// The leaves that the policies of the last judgement ask for.
    pub(super) fn remembered(&self) -> Vec<Remembered> {
        let wanted = self.wanted();
        wanted
            .map(|known| Remembered {
                name: known.leaf.name.as_str().into(),
                truths: Arc::clone(&known.truths),
            })
            .collect()
    }

    /// Those of them that the interpreter decided.
    pub(super) fn interpreted(&self) -> Vec<Interpreted> {
        let of = |known: &Known| {
            Some(Interpreted {
                name: known.leaf.name.clone(),
                text: known.leaf.text.clone(),
                why: known.truths.not_compiled?,
            })
        };
        self.wanted().filter_map(of).collect()
    }

    fn wanted(&self) -> impl Iterator<Item = &Known> {
        self.known.values().filter(|known| known.wanted_in == self.judgement)
    }

    fn forget_oldest(&mut self) {
        let wanted = self.wanted().count();
        let mut ages: Vec<u64> = self.known.values().map(|known| known.wanted_in).collect();
        ages.sort_unstable_by_key(|age| std::cmp::Reverse(*age));
        if let Some(oldest) = ages.get(wanted + KEPT).copied() {
            self.retain(|known| known.wanted_in > oldest);
        }
    }

    fn retain(&mut self, keep: impl Fn(&Known) -> bool) {
        let columns = &mut self.columns;
        self.known.retain(|name, known| {
            let kept = keep(known);
            if !kept {
                columns.remove(name);
            }
            kept
        });
    }
}

/// The rows where nobody knows some leaf.
pub(super) fn open(remembered: &[Remembered]) -> RowSet {
    remembered.iter().fold(RowSet::new(), |all, leaf| all.or(&leaf.truths.open))
}

//! The smallest boolean part of a condition, and what is known of it already.
//!
//! An atom is decided by comparing codes or numbers where that is all it takes; else it is evaluated once
//! for each distinct combination of the cells that it reads: by ourselves where we can, else by Cedar.
//! Not here: how atoms are joined (the matrix itself).

use super::ask::Asked;
use super::kernel::{CodeRange, Matching, Presence, like, texts};
use super::lower::{Derived, Lowered, lower};
use super::memo::Memo;
use super::native::{Node, Row, Stop};
use super::numbers::Comparison;
use super::truths::{Truth, Truths};
use crate::rows::{BLOCK_ROWS, Words};
use crate::table::{Column, ColumnId, Table, Value};
use cedar_policy::pst::{BinaryOp, Expr};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A memo of more entries than this is filled as a whole where there is a quick way to.
const WORTH_FILLING: usize = if cfg!(test) { 4 } else { 256 };

/// A column of no more codes than this is looked at code by code before any row is.
const FEW_CODES: usize = if cfg!(test) { 8 } else { 256 };

#[derive(Debug)]
pub(super) struct Atom {
    columns: BTreeSet<ColumnId>,
    node: Node,
    /// `None`: we know the answer to everything.
    asked: Option<Asked>,
    kernel: Kernel,
    reads_entities: bool,
}

#[derive(Debug)]
enum Kernel {
    Range(CodeRange),
    Presence(Presence),
    Numbers(Comparison),
    Memo(Memo),
    /// Row by row. What Cedar said is kept, by the cells.
    Rows(Mutex<HashMap<Vec<(bool, i64)>, Truth>>),
}

impl Atom {
    /// `expr` over the columns of `table`. `None` if Cedar would not take it as a condition.
    pub(super) fn new(expr: &Arc<Expr>, table: &Table, derived: &Derived) -> Option<Self> {
        let Lowered { node, columns, reads_entities } = lower(expr, table, derived);
        let asked = if node.may_ask() { Some(Asked::new(expr, &columns)?) } else { None };
        let kernel = Kernel::of(&node, &columns, table);
        Some(Atom { columns, node, asked, kernel, reads_entities })
    }

    /// Whether the truth may change with the entities.
    pub(super) fn reads_entities(&self) -> bool {
        self.reads_entities
    }

    /// Whether it reads no more than `columns`.
    pub(super) fn reads_only(&self, columns: &[ColumnId]) -> bool {
        self.columns.iter().all(|column| columns.contains(column))
    }

    /// How much is kept for it.
    pub(super) fn bytes(&self) -> usize {
        let memo = match &self.kernel {
            Kernel::Memo(memo) => memo.bytes(),
            Kernel::Range(_) | Kernel::Presence(_) | Kernel::Numbers(_) | Kernel::Rows(_) => 0,
        };
        memo + size_of::<Atom>()
    }

    /// The truth on one row.
    pub(super) fn truth(&self, table: &Table, row: u32) -> Truth {
        match &self.kernel {
            Kernel::Range(range) => range.truth(table, row),
            Kernel::Presence(presence) => presence.truth(table, row),
            Kernel::Numbers(comparison) => comparison.truth(table, row),
            Kernel::Memo(memo) => memo.truth(table, row, |row| self.find(table, row)),
            Kernel::Rows(said) => self.row(table, said, row),
        }
    }

    /// The truths on the rows of `mask` in block `index`.
    pub(super) fn block(&self, table: &Table, index: u32, mask: &Words) -> Truths {
        match &self.kernel {
            Kernel::Range(range) => range.block(table, index, mask),
            Kernel::Presence(presence) => presence.block(table, index, mask),
            Kernel::Numbers(comparison) => comparison.block(table, index, mask),
            Kernel::Memo(memo) => memo.block(table, index, mask, |row| self.find(table, row)),
            Kernel::Rows(said) => {
                let mut truths = Truths::NOWHERE;
                for (at, mask) in mask.iter().enumerate() {
                    let first = index * BLOCK_ROWS + at as u32 * 64;
                    for bit in (0..64).filter(|bit| mask >> bit & 1 != 0) {
                        truths.set(at, bit, self.row(table, said, first + bit));
                    }
                }
                truths
            }
        }
    }

    /// Works the truth out, for good.
    fn find(&self, table: &Table, row: u32) -> Truth {
        self.native(table, row).unwrap_or_else(|| self.ask(table, row))
    }

    /// Our own answer is cheaper than remembering it; Cedar's is not.
    fn row(
        &self,
        table: &Table,
        said: &Mutex<HashMap<Vec<(bool, i64)>, Truth>>,
        row: u32,
    ) -> Truth {
        self.native(table, row).unwrap_or_else(|| {
            let columns = self.columns.iter().filter_map(|c| table.column(*c));
            let key: Vec<_> = columns.map(|c| c.key(row as usize)).collect();
            let known = said.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
            known.unwrap_or_else(|| {
                let found = self.ask(table, row);
                said.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found);
                found
            })
        })
    }

    /// `None` if Cedar must be asked.
    fn native(&self, table: &Table, row: u32) -> Option<Truth> {
        native(&self.node, Row::new(table, row as usize))
    }

    fn ask(&self, table: &Table, row: u32) -> Truth {
        debug_assert!(self.asked.is_some(), "what may ask is known before: {:?}", self.node);
        self.asked.as_ref().map_or(Truth::Failed(None), |asked| asked.truth(table, row as usize))
    }
}

impl Kernel {
    fn of(node: &Node, columns: &BTreeSet<ColumnId>, table: &Table) -> Self {
        if let Some(range) = range(node, table) {
            return Kernel::Range(range);
        }
        if let Some(presence) = presence(node, table) {
            return Kernel::Presence(presence);
        }
        if let Some(memo) = Memo::new(columns.iter().copied(), table) {
            return match code_by_code(&memo, node, table) {
                Some(range) => Kernel::Range(range),
                None => {
                    if memo.bytes() > WORTH_FILLING {
                        fill(&memo, node, table);
                    }
                    Kernel::Memo(memo)
                }
            };
        }
        Comparison::of(node, table).map_or_else(|| Kernel::Rows(Mutex::default()), Kernel::Numbers)
    }
}

/// `None` if Cedar must be asked.
fn native(node: &Node, row: Row<'_>) -> Option<Truth> {
    match node.truth(row) {
        Ok(true) => Some(Truth::True),
        Ok(false) => Some(Truth::False),
        Err(Stop::Fails(absent)) => Some(Truth::Failed(absent)),
        Err(Stop::Ask) => None,
    }
}

/// Fills the memo of a single column with few codes, or says for which range of them `node` is true.
fn code_by_code(memo: &Memo, node: &Node, table: &Table) -> Option<CodeRange> {
    let column = memo.column()?;
    let (_, radix) = table.column(column)?.codes().filter(|(_, radix)| *radix <= FEW_CODES)?;
    let truth = |code| native(node, Row::of_code(table, column, code));
    let truths: Vec<_> = (0..radix as u32).map(truth).collect();
    let known = truths.iter().enumerate().filter_map(|(code, truth)| Some((code, (*truth)?)));
    known.for_each(|(code, truth)| memo.remember(code, truth));
    let (nothing, values) = truths.split_first()?;
    if *nothing != Some(Truth::Failed(Some(crate::Absent::Attribute))) {
        return None;
    }
    let values: Option<Vec<bool>> = values
        .iter()
        .map(|truth| match truth {
            Some(Truth::True) => Some(true),
            Some(Truth::False) => Some(false),
            Some(Truth::Failed(_)) | None => None,
        })
        .collect();
    let values = values?;
    let of =
        |outside: bool| Some(CodeRange { column, codes: only_run(&values, !outside)?, outside });
    of(false).or_else(|| of(true))
}

/// The codes of all `wanted` values, if they lie beside each other.
fn only_run(values: &[bool], wanted: bool) -> Option<Range<u32>> {
    let first = values.iter().position(|v| *v == wanted).unwrap_or(0);
    let run = values.iter().skip(first).take_while(|v| **v == wanted).count();
    let all = values.iter().filter(|v| **v == wanted).count();
    (run == all).then_some(first as u32 + 1..(first + run) as u32 + 1)
}

/// The codes for which `node` is true, where they are a range.
fn range(node: &Node, table: &Table) -> Option<CodeRange> {
    match node {
        Node::Binary(op @ (BinaryOp::Eq | BinaryOp::NotEq), a, b) => {
            let (column, value) = cell_and_constant(a, b).or_else(|| cell_and_constant(b, a))?;
            let at = table.column(column)?.dictionary()?.position(value);
            let codes = at.map_or(0..0, |at| at as u32 + 1..at as u32 + 2);
            Some(CodeRange { column, codes, outside: *op == BinaryOp::NotEq })
        }
        Node::Like(of, pattern) => {
            let Node::Cell(column) = **of else { return None };
            match like(texts(table, column)?, pattern) {
                Matching::Range(places) => {
                    let codes = places.start as u32 + 1..places.end as u32 + 1;
                    Some(CodeRange { column, codes, outside: false })
                }
                Matching::Places(_) => None,
            }
        }
        _ => None,
    }
}

fn cell_and_constant<'n>(a: &'n Node, b: &'n Node) -> Option<(ColumnId, &'n Value)> {
    match (a, b) {
        (Node::Cell(column), Node::Constant(value)) => Some((*column, value)),
        _ => None,
    }
}

/// Only where all that is at the record's path is records, so that nothing but absence makes it fail.
fn presence(node: &Node, table: &Table) -> Option<Presence> {
    let Node::HasCell { record, attribute: Some(attribute), .. } = node else { return None };
    let mixed = |id: &ColumnId| table.column(*id).is_none_or(Column::holds_more_than_records);
    (!record.as_ref().is_some_and(mixed))
        .then_some(Presence { record: *record, attribute: *attribute })
}

/// Fills the memo of a single column where there is a way that is quicker than value by value.
fn fill(memo: &Memo, node: &Node, table: &Table) {
    let Some(column) = memo.column() else { return };
    let places = match node {
        Node::Like(of, pattern) if matches!(**of, Node::Cell(_)) => {
            texts(table, column).map(|texts| match like(texts, pattern) {
                Matching::Range(range) => range.collect(),
                Matching::Places(places) => places,
            })
        }
        Node::Binary(BinaryOp::In, of, group) => match (&**of, &**group) {
            (Node::Cell(_), Node::Constant(Value::Entity(group))) => table
                .members(column, group)
                .map(|codes| codes.iter().map(|code| *code as usize - 1).collect::<Vec<_>>()),
            _ => None,
        },
        _ => None,
    };
    let Some(places) = places else { return };
    memo.remember_all(Truth::False);
    let nothing = Truth::Failed(Some(crate::Absent::Attribute));
    memo.remember(0, nothing);
    for place in places {
        memo.remember(place + 1, Truth::True);
    }
}

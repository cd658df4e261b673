//! One column of a table: what every row holds at one access path.
//!
//! A column of few distinct values is a dictionary and a code for each row; a column of many numbers
//! holds the numbers. Either way a cell is a value or nothing. Not here: which column is what.

use super::value::{NumberKind, Value};
use std::collections::HashMap;

/// More distinct numbers than this, and the column holds numbers instead of codes.
/// Tests use a small limit, to reach both.
const DICTIONARY_OF_NUMBERS: usize = if cfg!(test) { 4 } else { 4096 };

/// All cells of one access path.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    /// Code 0 is nothing; code `n` is `values[n - 1]`.
    Codes { codes: Vec<u32>, values: Vec<Value> },
    /// Numbers of one kind; `present` says which cells hold one.
    Numbers { kind: NumberKind, numbers: Vec<i64>, present: Vec<bool> },
}

impl Column {
    /// The cell of `row`.
    pub(crate) fn get(&self, row: usize) -> Option<Value> {
        match self {
            Column::Codes { codes, values } => {
                values.get((*codes.get(row)? as usize).checked_sub(1)?).cloned()
            }
            Column::Numbers { kind, numbers, present } => {
                let number = numbers.get(row).filter(|_| present.get(row) == Some(&true));
                number.map(|n| kind.value(*n))
            }
        }
    }

    /// The code of `row` among `0..radix`, for a dictionary.
    pub(crate) fn codes(&self) -> Option<(&[u32], usize)> {
        match self {
            Column::Codes { codes, values } => Some((codes, values.len() + 1)),
            Column::Numbers { .. } => None,
        }
    }

    /// What distinguishes the cell of `row` from the others of this column.
    pub(crate) fn key(&self, row: usize) -> (bool, i64) {
        match self {
            Column::Codes { codes, .. } => (true, codes.get(row).copied().map_or(0, i64::from)),
            Column::Numbers { numbers, present, .. } => {
                (present.get(row).copied().unwrap_or(false), numbers.get(row).copied().unwrap_or(0))
            }
        }
    }

    /// The distinct values, as far as the column keeps them.
    pub(crate) fn values(&self) -> &[Value] {
        match self {
            Column::Codes { values, .. } => values,
            Column::Numbers { .. } => &[],
        }
    }

    /// Whether a cell may be a record with columns of its own.
    pub(crate) fn nests(&self) -> bool {
        self.values().contains(&Value::Nested)
    }

    /// Whether a cell may be an entity.
    pub(crate) fn holds_entities(&self) -> bool {
        self.values().iter().any(|v| matches!(v, Value::Entity(_)))
    }
}

/// A column that is being filled, row by row.
#[derive(Debug, Default)]
pub(crate) struct ColumnBuilder {
    codes: Vec<u32>,
    values: Vec<Value>,
    index: HashMap<Value, u32>,
}

impl ColumnBuilder {
    /// Puts `value` in `row`; the rows that were left out hold nothing.
    pub(crate) fn put(&mut self, row: usize, value: Value) {
        let next = self.values.len() as u32 + 1;
        let code = *self.index.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        });
        self.codes.resize(row, 0);
        self.codes.push(code);
    }

    /// The column of a table of `rows` rows.
    pub(crate) fn finish(mut self, rows: usize) -> Column {
        self.codes.resize(rows, 0);
        if self.values.len() > DICTIONARY_OF_NUMBERS
            && let Some(numbers) = self.numbers()
        {
            return numbers;
        }
        Column::Codes { codes: self.codes, values: self.values }
    }

    /// The same cells as plain numbers, if all values are of one kind of number.
    fn numbers(&self) -> Option<Column> {
        let all: Option<Vec<_>> = self.values.iter().map(Value::number).collect();
        let all = all?;
        let (kind, _) = *all.first()?;
        if all.iter().any(|(other, _)| *other != kind) {
            return None;
        }
        let number = |code: &u32| (*code as usize).checked_sub(1).and_then(|n| all.get(n));
        Some(Column::Numbers {
            kind,
            numbers: self.codes.iter().map(|c| number(c).map_or(0, |(_, n)| *n)).collect(),
            present: self.codes.iter().map(|c| *c != 0).collect(),
        })
    }
}

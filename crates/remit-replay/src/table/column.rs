//! One column of a table: what every row holds at one access path.
//!
//! A column of few distinct values is a dictionary and a code for each row; a column of many numbers
//! holds the numbers. Either way a cell is a value or nothing. Not here: which column is what.

use super::codes::Codes;
use super::dictionary::Dictionary;
use super::numbers::Numbers;
use super::value::{NumberKind, Value};
use std::collections::HashMap;

/// More distinct numbers than this, and the column holds numbers instead of codes.
/// Tests use a small limit, to reach both.
const DICTIONARY_OF_NUMBERS: usize = if cfg!(test) { 4 } else { 4096 };

/// All cells of one access path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// Code 0 is nothing; code `n` is value `n - 1`.
    Coded { codes: Codes, values: Dictionary },
    /// Numbers of one kind; a bit of `present` for each cell that holds one.
    Numbers { kind: NumberKind, numbers: Numbers, present: Vec<u64> },
}

impl Column {
    /// The cell of `row`.
    pub(crate) fn get(&self, row: usize) -> Option<Value> {
        match self {
            Column::Coded { codes, values } => {
                values.get((codes.get(row)? as usize).checked_sub(1)?)
            }
            Column::Numbers { kind, numbers, present } => {
                let number = numbers.get(row).filter(|_| is_present(present, row));
                number.map(|n| kind.value(n))
            }
        }
    }

    /// Whether the cell of `row` holds anything.
    pub(crate) fn has(&self, row: usize) -> bool {
        match self {
            Column::Coded { codes, .. } => codes.get(row).is_some_and(|code| code != 0),
            Column::Numbers { present, .. } => is_present(present, row),
        }
    }

    /// The codes, each of them below the second number, for a dictionary.
    pub(crate) fn codes(&self) -> Option<(&Codes, usize)> {
        match self {
            Column::Coded { codes, values } => Some((codes, values.len() + 1)),
            Column::Numbers { .. } => None,
        }
    }

    /// What distinguishes the cell of `row` from the others of this column.
    pub(crate) fn key(&self, row: usize) -> (bool, i64) {
        match self {
            Column::Coded { codes, .. } => (true, codes.get(row).map_or(0, i64::from)),
            Column::Numbers { numbers, present, .. } => {
                (is_present(present, row), numbers.get(row).unwrap_or(0))
            }
        }
    }

    /// The distinct values, as far as the column keeps them.
    pub(crate) fn dictionary(&self) -> Option<&Dictionary> {
        match self {
            Column::Coded { values, .. } => Some(values),
            Column::Numbers { .. } => None,
        }
    }

    /// Whether a cell may be a record with columns of its own.
    pub(crate) fn nests(&self) -> bool {
        self.any_of_others(|v| *v == Value::Nested)
    }

    /// Whether a cell may be an entity.
    pub(crate) fn holds_entities(&self) -> bool {
        self.any_of_others(|v| matches!(v, Value::Entity(_)))
    }

    /// Whether a cell may be anything but a record with columns of its own.
    pub(crate) fn holds_more_than_records(&self) -> bool {
        match self {
            Column::Coded { values: Dictionary::Values(values), .. } => {
                values.iter().any(|v| *v != Value::Nested)
            }
            Column::Coded { values: Dictionary::Texts(_), .. } | Column::Numbers { .. } => true,
        }
    }

    /// The kind of all numbers in the column, if it holds nothing else.
    pub(crate) fn number_kind(&self) -> Option<NumberKind> {
        match self {
            Column::Numbers { kind, .. } => Some(*kind),
            Column::Coded { values: Dictionary::Values(values), .. } => one_kind(values),
            Column::Coded { values: Dictionary::Texts(_), .. } => None,
        }
    }

    /// How many bytes a row takes, and how many the dictionary does.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        match self {
            Column::Coded { codes, values } => {
                let values = match values {
                    Dictionary::Texts(texts) => texts.bytes_len() + 4 * texts.len(),
                    Dictionary::Values(values) => values.len() * size_of::<Value>(),
                };
                (codes.bytes(), values)
            }
            Column::Numbers { numbers, present, .. } => (numbers.bytes() + 8 * present.len(), 0),
        }
    }

    fn any_of_others(&self, test: impl Fn(&Value) -> bool) -> bool {
        self.dictionary().is_some_and(|values| values.others().iter().any(test))
    }
}

fn is_present(present: &[u64], row: usize) -> bool {
    present.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 != 0)
}

/// The kind of all `values`, if they are numbers of one kind.
fn one_kind(values: &[Value]) -> Option<NumberKind> {
    let kind = |value: &Value| value.number().map(|(kind, _)| kind);
    let first = kind(values.first()?)?;
    values.iter().all(|value| kind(value) == Some(first)).then_some(first)
}

/// A column that is being filled, row by row.
#[derive(Debug, Default)]
pub(crate) struct ColumnBuilder {
    codes: Vec<u32>,
    values: Vec<Value>,
    index: HashMap<Value, u32>,
    /// The last value that rows may share, and its code.
    last: Option<(Value, u32)>,
}

impl ColumnBuilder {
    /// Puts `value` in `row`; the rows that were left out hold nothing.
    pub(crate) fn put(&mut self, row: usize, value: Value) {
        let code = match &self.last {
            Some((last, code)) if last.is_shared_with(&value) => *code,
            Some(_) | None => self.code(value),
        };
        self.codes.resize(row, 0);
        self.codes.push(code);
    }

    fn code(&mut self, value: Value) -> u32 {
        let next = self.values.len() as u32 + 1;
        let shared = matches!(value, Value::Entity(_) | Value::Set(_)).then(|| value.clone());
        let code = match self.index.get(&value) {
            Some(code) => *code,
            None => {
                self.values.push(value.clone());
                self.index.insert(value, next);
                next
            }
        };
        self.last = shared.map(|value| (value, code));
        code
    }

    /// For each row the rank of its value among all.
    pub(crate) fn ranked(&self) -> Vec<u32> {
        let (_, rank) = sorted(self.values.clone());
        self.codes.iter().map(|code| rank.get(*code as usize).copied().unwrap_or(0)).collect()
    }

    /// The column of a table whose `n`th row is the `order[n]`th that was put.
    pub(crate) fn finish(mut self, order: &[u32]) -> Column {
        if self.values.len() > DICTIONARY_OF_NUMBERS
            && let Some(kind) = one_kind(&self.values)
        {
            self.codes.resize(order.len(), 0);
            let ordered = order.iter().map(|at| self.codes.get(*at as usize).copied().unwrap_or(0));
            return numbers(kind, &self.values, ordered);
        }
        self.finish_coded(order)
    }

    /// The same, as a dictionary whatever it holds.
    pub(crate) fn finish_coded(self, order: &[u32]) -> Column {
        let ColumnBuilder { mut codes, values, .. } = self;
        codes.resize(order.len(), 0);
        let ordered = order.iter().map(|at| codes.get(*at as usize).copied().unwrap_or(0));
        let (values, rank) = sorted(values);
        let ranked = ordered.map(|code| rank.get(code as usize).copied().unwrap_or(0)).collect();
        let radix = values.len() + 1;
        Column::Coded { codes: Codes::new(ranked, radix), values: Dictionary::new(values) }
    }
}

fn numbers(kind: NumberKind, values: &[Value], codes: impl Iterator<Item = u32>) -> Column {
    let mut present = Vec::new();
    let number = |(row, code): (usize, u32)| {
        if row % 64 == 0 {
            present.push(0_u64);
        }
        let value = (code as usize).checked_sub(1).and_then(|at| values.get(at));
        if let (Some(_), Some(word)) = (value, present.last_mut()) {
            *word |= 1 << (row % 64);
        }
        value.and_then(Value::number).map_or(0, |(_, number)| number)
    };
    let numbers = codes.enumerate().map(number).collect();
    Column::Numbers { kind, numbers: Numbers::new(numbers, &present), present }
}

/// The values in order, and the new code of each old one.
fn sorted(values: Vec<Value>) -> (Vec<Value>, Vec<u32>) {
    let mut with_code: Vec<(Value, usize)> = values.into_iter().zip(1..).collect();
    with_code.sort_unstable();
    let mut rank = vec![0; with_code.len() + 1];
    for (new, (_, old)) in (1..).zip(&with_code) {
        if let Some(rank) = rank.get_mut(*old) {
            *rank = new;
        }
    }
    (with_code.into_iter().map(|(value, _)| value).collect(), rank)
}

//! What recorded calls hold at each path, with counts: what an editor offers and explains.
//!
//! Counted from the columns of a corpus's table when somebody asks, and remembered. Values are as Cedar
//! writes them; what is too long to be written by hand is counted and not shown.

use crate::Corpus;
use crate::table::{Column, ColumnId, Table, Value, literal};
use remit_policy::editor::{Seen, SeenAttribute, SeenValue, quoted};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// So many values of a path are kept, the most frequent ones.
const VALUES: usize = 50;
/// Longer values are not shown.
const LENGTH_MAX: usize = 200;
/// So many answers are remembered before all are forgotten.
const ANSWERS: usize = 4096;

/// What the calls of a corpus hold.
#[derive(Debug)]
pub struct SeenValues {
    corpus: Arc<Corpus>,
    known: Mutex<HashMap<Question, Option<SeenAttribute>>>,
}

/// Actions and a path.
type Question = (Vec<String>, Vec<String>);

impl SeenValues {
    /// Of all calls of `corpus` that are mapped.
    pub fn new(corpus: Arc<Corpus>) -> Self {
        SeenValues { corpus, known: Mutex::default() }
    }
}

impl Seen for SeenValues {
    fn calls(&self, action: &str) -> Option<u64> {
        Some(rows_of(self.corpus.table(), &[action]).iter().map(|(a, b)| u64::from(b - a)).sum())
    }

    fn attribute(&self, actions: &[&str], path: &[&str]) -> Option<SeenAttribute> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let key: Question = (owned(actions), owned(path));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > ANSWERS {
            known.clear();
        }
        let count = || count(self.corpus.table(), actions, path);
        known.entry(key).or_insert_with(count).clone()
    }
}

/// The rows of some actions, of all if none are named.
fn rows_of(table: &Table, actions: &[&str]) -> Vec<(u32, u32)> {
    let name = |row: u32| match table.cell(ColumnId::ACTION, row as usize) {
        Some(Value::Entity(uid)) => uid.to_string(),
        Some(_) | None => String::new(),
    };
    let rows = table.actions().iter();
    let wanted = rows.filter(|a| actions.is_empty() || actions.contains(&name(a.start).as_str()));
    wanted.map(|action| (action.start, action.end)).collect()
}

fn count(table: &Table, actions: &[&str], path: &[&str]) -> Option<SeenAttribute> {
    let rows = rows_of(table, actions);
    let calls = rows.iter().map(|(start, end)| u64::from(end - start)).sum();
    let none = SeenAttribute { calls, ..SeenAttribute::default() };
    let column = match path {
        ["principal"] => ColumnId::PRINCIPAL,
        ["action"] => ColumnId::ACTION,
        ["resource"] => ColumnId::RESOURCE,
        ["context", below @ ..] if !below.is_empty() => {
            let below: Vec<String> = below.iter().map(|name| (*name).to_owned()).collect();
            let Some(column) = table.path(&below) else { return Some(none) };
            column
        }
        // Attributes of entities are in the workspace, not in recordings.
        _ => return None,
    };
    let column = table.column(column)?;
    let counts = match column {
        Column::Coded { .. } => of_codes(column, &rows),
        Column::Numbers { .. } => of_numbers(column, &rows),
    };
    let present = counts.values().sum();
    let by_text = written(counts);
    let distinct = by_text.len() as u64;
    Some(SeenAttribute { present, distinct, top: top(by_text), ..none })
}

fn of_codes(column: &Column, rows: &[(u32, u32)]) -> HashMap<Value, u64> {
    let (Some((codes, radix)), Some(values)) = (column.codes(), column.dictionary()) else {
        return HashMap::new();
    };
    let mut counts = vec![0_u64; radix];
    for code in rows.iter().flat_map(|(a, b)| *a..*b).filter_map(|row| codes.get(row as usize)) {
        counts.get_mut(code as usize).into_iter().for_each(|count| *count += 1);
    }
    let counted = counts.into_iter().skip(1).zip(0..).filter(|(count, _)| *count > 0);
    counted.filter_map(|(count, at)| Some((values.get(at)?, count))).collect()
}

fn of_numbers(column: &Column, rows: &[(u32, u32)]) -> HashMap<Value, u64> {
    let mut counts = HashMap::new();
    for value in rows.iter().flat_map(|(a, b)| *a..*b).filter_map(|row| column.get(row as usize)) {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// By what Cedar writes; of a set, each element counts for itself.
fn written(counts: HashMap<Value, u64>) -> HashMap<String, u64> {
    let mut by_text = HashMap::new();
    let mut add = |value: &Value, count: u64| {
        if let Some(text) = text_of(value) {
            *by_text.entry(text).or_default() += count;
        }
    };
    #[expect(clippy::iter_over_hash_type, reason = "sums do not depend on the order")]
    for (value, count) in counts {
        match &value {
            Value::Set(elements) => elements.iter().for_each(|element| add(element, count)),
            other => add(other, count),
        }
    }
    by_text
}

fn top(by_text: HashMap<String, u64>) -> Vec<SeenValue> {
    let mut values: Vec<SeenValue> =
        by_text.into_iter().map(|(text, calls)| SeenValue { text, calls }).collect();
    values.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.text.cmp(&b.text)));
    values.retain(|value| value.text.len() <= LENGTH_MAX);
    values.truncate(VALUES);
    values
}

/// A value as a person would write it in a policy; records have no such form.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(b) => b.to_string(),
        Value::Long(n) => n.to_string(),
        Value::Text(text) => quoted(text),
        Value::Entity(uid) => uid.to_string(),
        Value::Decimal(n) => format!("decimal(\"{}\")", literal::decimal_text(*n)),
        Value::Datetime(ms) => format!("datetime(\"{}\")", literal::datetime_text(*ms)?),
        Value::Duration(ms) => format!("duration(\"{}\")", literal::duration_text(*ms)),
        Value::Ip(text) => format!("ip(\"{}\")", literal::ip_text(text)),
        Value::Set(_) | Value::Record(_) | Value::Nested => return None,
    })
}

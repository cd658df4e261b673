//! A table as bytes, and back.
//!
//! Numbers are little-endian. Entities are not written: whoever reads has those of today. Reading checks
//! all that the table promises, so that bytes from anywhere give a right table or none.

use super::codes::Codes;
use super::column::Column;
use super::dictionary::{Dictionary, Texts};
use super::groups::groups;
use super::numbers::Numbers;
use super::value::{NumberKind, Value};
use super::{ColumnId, Columns, Table};
use cedar_policy::{Entities, EntityId, EntityUid};
use std::collections::{BTreeMap, BTreeSet};
use std::str;
use std::sync::Arc;

/// Values in values; no recording that can be read has more.
const DEEPEST: u32 = 200;

impl Table {
    /// Appends the table, without its entities, to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let columns = &self.columns;
        put_u32(out, columns.rows);
        columns.row_of.iter().for_each(|row| put_u32(out, *row));
        put_len(out, columns.columns.len());
        columns.columns.iter().for_each(|column| write_column(out, column));
        put_len(out, columns.paths.len());
        for (path, column) in &columns.paths {
            put_len(out, path.len());
            path.iter().for_each(|name| put_text(out, name));
            put_u32(out, column.0);
        }
    }

    /// The table at the beginning of `bytes`, which are behind it afterwards; with the entities that judge
    /// its rows. `None` if there is none that is whole.
    pub fn read(bytes: &mut &[u8], base: Entities, stores: Vec<Entities>) -> Option<Self> {
        let mut input = Input(bytes);
        let columns = read_columns(&mut input)?;
        *bytes = input.0;
        Some(Table::new(Arc::new(columns), base, stores))
    }
}

fn read_columns(input: &mut Input<'_>) -> Option<Columns> {
    let rows = input.u32()?;
    let row_of = input.u32s(rows as usize)?;
    let mut columns = Vec::new();
    for _ in 0..input.len()? {
        columns.push(read_column(input, rows as usize)?);
    }
    let mut paths = BTreeMap::new();
    for _ in 0..input.len()? {
        let names = input.len()?;
        let path: Option<Vec<String>> =
            (0..names).map(|_| input.text().map(str::to_owned)).collect();
        paths.insert(path?, ColumnId(input.u32()?));
    }
    let [principal, action, resource, store, ..] = columns.as_slice() else { return None };
    let whole = [principal, action, resource].iter().all(|column| is_of_entities(column))
        && has_numbers(store)
        && is_permutation(&row_of)
        && paths.values().all(|id| (ColumnId::FIRST_PATH..columns.len() as u32).contains(&id.0));
    let actions = groups(rows, action, principal, store).filter(|_| whole)?;
    Some(Columns { rows, columns, paths, row_of, actions })
}

/// Whether every cell is an entity.
fn is_of_entities(column: &Column) -> bool {
    every_cell(column, |value| matches!(value, Value::Entity(_)))
}

fn has_numbers(column: &Column) -> bool {
    every_cell(column, |value| matches!(value, Value::Long(_)))
}

fn every_cell(column: &Column, test: impl Fn(&Value) -> bool) -> bool {
    let Column::Coded { codes, values: Dictionary::Values(values) } = column else { return false };
    values.iter().all(test) && (0..codes.len()).all(|row| codes.get(row) != Some(0))
}

fn is_permutation(rows: &[u32]) -> bool {
    let mut seen = vec![false; rows.len()];
    rows.iter()
        .all(|row| seen.get_mut(*row as usize).is_some_and(|seen| !std::mem::replace(seen, true)))
}

fn write_column(out: &mut Vec<u8>, column: &Column) {
    match column {
        Column::Coded { codes, values } => {
            match codes {
                Codes::Narrow(codes) => {
                    out.push(1);
                    out.extend_from_slice(codes);
                }
                Codes::Middle(codes) => {
                    out.push(2);
                    codes.iter().for_each(|code| out.extend_from_slice(&code.to_le_bytes()));
                }
                Codes::Wide(codes) => {
                    out.push(4);
                    codes.iter().for_each(|code| put_u32(out, *code));
                }
            }
            write_dictionary(out, values);
        }
        Column::Numbers { kind, numbers, present } => {
            out.push(8);
            out.push(kind_byte(*kind));
            numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
            present.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        }
    }
}

fn read_column(input: &mut Input<'_>, rows: usize) -> Option<Column> {
    let codes = match input.byte()? {
        1 => Codes::Narrow(input.take(rows)?.to_vec()),
        2 => Codes::Middle(input.numbers(rows, u16::from_le_bytes)?),
        4 => Codes::Wide(input.u32s(rows)?),
        8 => {
            let kind = kind_of(input.byte()?)?;
            let numbers = input.numbers(rows, i64::from_le_bytes)?;
            let present = input.numbers(rows.div_ceil(64), u64::from_le_bytes)?;
            let numbers = Numbers::new(numbers, &present);
            return Some(Column::Numbers { kind, numbers, present });
        }
        _ => return None,
    };
    let values = read_dictionary(input)?;
    codes.are_below(values.len() + 1).then_some(Column::Coded { codes, values })
}

fn write_dictionary(out: &mut Vec<u8>, dictionary: &Dictionary) {
    match dictionary {
        Dictionary::Texts(texts) => {
            let (bytes, ends) = texts.raw();
            out.push(0);
            put_len(out, bytes.len());
            out.extend_from_slice(bytes);
            put_len(out, ends.len());
            ends.iter().for_each(|end| put_u32(out, *end));
        }
        Dictionary::Values(values) => {
            out.push(1);
            put_len(out, values.len());
            values.iter().for_each(|value| write_value(out, value));
        }
    }
}

fn read_dictionary(input: &mut Input<'_>) -> Option<Dictionary> {
    match input.byte()? {
        0 => {
            let len = input.len()?;
            let bytes = input.take(len)?.to_vec();
            let len = input.len()?;
            Some(Dictionary::Texts(Texts::read(bytes, input.u32s(len)?)?))
        }
        1 => {
            let mut values = Vec::new();
            for _ in 0..input.len()? {
                values.push(read_value(input, 0)?);
            }
            values.is_sorted_by(|a, b| a < b).then_some(Dictionary::Values(values))
        }
        _ => None,
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Bool(truth) => out.extend([0, u8::from(*truth)]),
        Value::Long(n) => put_number(out, 1, *n),
        Value::Decimal(n) => put_number(out, 2, *n),
        Value::Datetime(n) => put_number(out, 3, *n),
        Value::Duration(n) => put_number(out, 4, *n),
        Value::Text(text) => {
            out.push(5);
            put_text(out, text);
        }
        Value::Ip(text) => {
            out.push(6);
            put_text(out, text);
        }
        Value::Entity(uid) => {
            out.push(7);
            put_text(out, &uid.type_name().to_string());
            put_text(out, uid.id().unescaped());
        }
        Value::Set(set) => {
            out.push(8);
            put_len(out, set.len());
            set.iter().for_each(|value| write_value(out, value));
        }
        Value::Record(record) => {
            out.push(9);
            put_len(out, record.len());
            for (name, value) in record.iter() {
                put_text(out, name);
                write_value(out, value);
            }
        }
        Value::Nested => out.push(10),
    }
}

fn read_value(input: &mut Input<'_>, depth: u32) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    Some(match input.byte()? {
        0 => Value::Bool(match input.byte()? {
            0 => false,
            1 => true,
            _ => return None,
        }),
        1 => Value::Long(input.i64()?),
        2 => Value::Decimal(input.i64()?),
        3 => Value::Datetime(input.i64()?),
        4 => Value::Duration(input.i64()?),
        5 => Value::Text(input.text()?.into()),
        6 => Value::Ip(input.text()?.into()),
        7 => {
            let ty = input.text()?.parse().ok()?;
            Value::Entity(Arc::new(EntityUid::from_type_name_and_id(
                ty,
                EntityId::new(input.text()?),
            )))
        }
        8 => {
            let items: Option<BTreeSet<Value>> =
                (0..input.len()?).map(|_| read_value(input, depth + 1)).collect();
            Value::Set(Arc::new(items?))
        }
        9 => {
            let mut record = BTreeMap::new();
            for _ in 0..input.len()? {
                let name = input.text()?.to_owned();
                record.insert(name, read_value(input, depth + 1)?);
            }
            Value::Record(Arc::new(record))
        }
        10 => Value::Nested,
        _ => return None,
    })
}

fn kind_byte(kind: NumberKind) -> u8 {
    match kind {
        NumberKind::Long => 1,
        NumberKind::Decimal => 2,
        NumberKind::Datetime => 3,
        NumberKind::Duration => 4,
    }
}

fn kind_of(byte: u8) -> Option<NumberKind> {
    let kinds = [NumberKind::Long, NumberKind::Decimal, NumberKind::Datetime, NumberKind::Duration];
    kinds.into_iter().find(|kind| kind_byte(*kind) == byte)
}

fn put_u32(out: &mut Vec<u8>, n: u32) {
    out.extend_from_slice(&n.to_le_bytes());
}

fn put_len(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&(n as u64).to_le_bytes());
}

fn put_number(out: &mut Vec<u8>, tag: u8, n: i64) {
    out.push(tag);
    out.extend_from_slice(&n.to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_len(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Bytes that are read from the front; nothing is allocated that they do not hold.
struct Input<'b>(&'b [u8]);

impl<'b> Input<'b> {
    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn len(&mut self) -> Option<usize> {
        let len = usize::try_from(self.array().map(u64::from_le_bytes)?).ok()?;
        (len <= self.0.len()).then_some(len)
    }

    fn text(&mut self) -> Option<&'b str> {
        let len = self.len()?;
        str::from_utf8(self.take(len)?).ok()
    }

    fn u32s(&mut self, count: usize) -> Option<Vec<u32>> {
        self.numbers(count, u32::from_le_bytes)
    }

    fn numbers<T, const N: usize>(&mut self, count: usize, of: fn([u8; N]) -> T) -> Option<Vec<T>> {
        let bytes = self.take(count.checked_mul(N)?)?;
        let (numbers, _) = bytes.as_chunks::<N>();
        Some(numbers.iter().map(|bytes| of(*bytes)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::table::TableBuilder;
    use cedar_policy::{Context, PolicySet, Request};

    const POLICIES: &str = r#"
        permit(principal, action, resource) when { context.set.contains(1) };
        forbid(principal in G::"g", action, resource) when { context.rec.at < datetime("2026-01-03") };
        forbid(principal, action, resource) when { context.text like "a*" && context.dec == decimal("1.50") };
    "#;

    fn table() -> Table {
        let mut builder = TableBuilder::new(Entities::empty());
        let store = builder.add_store(Entities::empty());
        for n in 0..40 {
            let uid = |ty: &str, n: i32| format!("{ty}::\"{n}\"").parse::<EntityUid>().unwrap();
            let context = format!(
                r#"{{"text": "{}", "n": {n}, "set": [1, {n}], "ip": {{"__extn": {{"fn": "ip", "arg": "10.0.0.{n}"}}}},
                    "dec": {{"__extn": {{"fn": "decimal", "arg": "{}.5"}}}}, "odd": {}, "who": {{"__entity": {{"type": "U", "id": "{n}"}}}},
                    "rec": {{"at": {{"__extn": {{"fn": "datetime", "arg": "2026-01-0{}"}}}}, "b": true}}}}"#,
                ["a", "ab", "", "ä€"][n as usize % 4],
                n % 3,
                ["1", "\"x\"", "[{\"k\": -3}]"][n as usize % 3],
                n % 9 + 1,
            );
            let context = Context::from_json_str(&context, None).unwrap();
            let request =
                Request::new(uid("U", n % 5), uid("Action", n % 3), uid("R", 0), context, None);
            builder.push(&request.unwrap(), store).unwrap();
        }
        builder.finish()
    }

    fn bytes(table: &Table) -> Vec<u8> {
        let mut bytes = Vec::new();
        table.write(&mut bytes);
        bytes
    }

    fn read(mut bytes: &[u8]) -> Option<Table> {
        let store = vec![Entities::empty()];
        Table::read(&mut bytes, Entities::empty(), store).filter(|_| bytes.is_empty())
    }

    #[test]
    fn a_table_that_was_written_is_read_as_it_was() {
        let (table, policies) = (table(), POLICIES.parse::<PolicySet>().unwrap());
        let again = read(&bytes(&table)).unwrap();
        assert_eq!(table.columns, again.columns);
        let judged = |table| {
            let matrix = Matrix::new(Arc::new(table));
            let rows = matrix.table().rows();
            matrix.judge(&policies, &rows, &|| false).unwrap().policies().to_vec()
        };
        assert_eq!(judged(table), judged(again));
    }

    /// Either it is refused, or it is a table that can be judged.
    #[test]
    fn bytes_from_anywhere_give_a_whole_table_or_none() {
        let whole = bytes(&table());
        for len in 0..whole.len() {
            assert!(read(&whole[..len]).is_none(), "cut to {len}");
        }
        let policies = POLICIES.parse::<PolicySet>().unwrap();
        for at in (0..whole.len()).step_by(5) {
            let mut broken = whole.clone();
            broken[at] ^= 1 << (at % 8);
            if let Some(table) = read(&broken) {
                let matrix = Matrix::new(Arc::new(table));
                let rows = matrix.table().rows();
                matrix.judge(&policies, &rows, &|| false).unwrap();
            }
        }
    }
}

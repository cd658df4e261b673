//! Evaluates an expression on one row of a table, without Cedar.
//!
//! It promises to say what Cedar says, or to say that Cedar must be asked: addresses and constructors
//! with calculated arguments are left to Cedar. Of a failure only what is absent is told (the reference
//! engine writes the texts). Not here: turning Cedar's syntax tree into a [`Node`] (`lower`).

use crate::Absent;
use crate::table::{ColumnId, Table, Value};
use cedar_policy::pst::{BinaryOp, PatternElem, UnaryOp};
use cedar_policy::{Entities, EntityTypeName, EntityUid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// An expression over the cells of a row.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Constant(Value),
    /// Evaluating it always fails.
    Failure(Option<Absent>),
    /// Cedar must be asked.
    Ask,
    Cell(ColumnId),
    /// A record, put together from columns; `at` is its own column, except for the context as a whole.
    Whole {
        at: Option<ColumnId>,
        attributes: Vec<(Vec<String>, ColumnId)>,
    },
    /// The first if the cell holds anything, else the second.
    Else(ColumnId, Box<Node>, Box<Node>),
    /// What is at `path` below the entity in a column: a value for each code.
    Derived {
        column: ColumnId,
        path: Vec<String>,
        values: Arc<Vec<Evaluated<Value>>>,
    },
    Attribute(Box<Node>, String),
    Has(Box<Node>, String),
    /// `has` on a record that has columns: its own, and the attribute's if any row has it.
    HasCell {
        record: Option<ColumnId>,
        attribute: Option<ColumnId>,
        name: String,
    },
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Unary(UnaryOp, Box<Node>),
    Binary(BinaryOp, Box<Node>, Box<Node>),
    Like(Box<Node>, Vec<PatternElem>),
    Is(Box<Node>, EntityTypeName),
    Set(Vec<Node>),
    Record(Vec<(String, Node)>),
}

/// Why a node has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Evaluation fails, as Cedar's would: because something is absent, or for another reason.
    Fails(Option<Absent>),
    /// Only Cedar knows.
    Ask,
}

pub(super) type Evaluated<T> = Result<T, Stop>;

const WRONG: Stop = Stop::Fails(None);
const NO_ATTRIBUTE: Stop = Stop::Fails(Some(Absent::Attribute));
const NO_ENTITY: Stop = Stop::Fails(Some(Absent::Entity));

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'t> {
    table: &'t Table,
    row: usize,
    /// One cell of it, if that is not what the table has there.
    instead: Option<(ColumnId, u32)>,
}

impl<'t> Row<'t> {
    pub(super) fn new(table: &'t Table, row: usize) -> Self {
        Row { table, row, instead: None }
    }

    /// Any row, with a code of one column: for a node that reads no other.
    pub(super) fn of_code(table: &'t Table, column: ColumnId, code: u32) -> Self {
        Row { table, row: 0, instead: Some((column, code)) }
    }

    fn cell(&self, column: ColumnId) -> Option<Value> {
        match self.instead {
            Some((id, code)) if id == column => {
                let values = self.table.column(column)?.dictionary()?;
                values.get((code as usize).checked_sub(1)?)
            }
            Some(_) | None => self.table.cell(column, self.row),
        }
    }

    fn code(&self, column: ColumnId) -> Option<u32> {
        match self.instead {
            Some((id, code)) if id == column => Some(code),
            Some(_) | None => self.table.column(column)?.codes()?.0.get(self.row),
        }
    }

    fn store(&self) -> &Entities {
        self.table.store(self.row)
    }
}

impl Node {
    /// The value of the node on `row`.
    pub(super) fn value(&self, row: Row<'_>) -> Evaluated<Value> {
        match self {
            Node::Constant(value) => Ok(value.clone()),
            Node::Failure(absent) => Err(Stop::Fails(*absent)),
            Node::Ask => Err(Stop::Ask),
            Node::Cell(column) => row.cell(*column).ok_or(NO_ATTRIBUTE),
            Node::Whole { at, attributes } => whole(*at, attributes, row),
            Node::Else(column, some, none) => match row.cell(*column) {
                Some(_) => some.value(row),
                None => none.value(row),
            },
            Node::Derived { column, values, .. } => derived(*column, values, row),
            Node::Attribute(of, name) => attribute(&of.value(row)?, name, row.store()),
            Node::Has(of, name) => match of.value(row)? {
                Value::Record(record) => Ok(Value::Bool(record.contains_key(name))),
                Value::Entity(uid) => Ok(Value::Bool(entity_has(&uid, name, row))),
                _ => Err(WRONG),
            },
            Node::HasCell { record, attribute, name } => {
                has_cell(*record, *attribute, name, row).map(Value::Bool)
            }
            Node::And(a, b) if !a.truth(row)? => Ok(Value::Bool(false)),
            Node::Or(a, b) if a.truth(row)? => Ok(Value::Bool(true)),
            Node::And(_, b) | Node::Or(_, b) => b.truth(row).map(Value::Bool),
            Node::If(test, yes, no) => if test.truth(row)? { yes } else { no }.value(row),
            Node::Unary(op, a) => unary(*op, a.value(row)?),
            Node::Binary(op, a, b) => binary(*op, a.value(row)?, b.value(row)?, row),
            Node::Like(text, pattern) => match text.value(row)? {
                Value::Text(text) => Ok(Value::Bool(is_like(&text, pattern))),
                _ => Err(WRONG),
            },
            Node::Is(of, ty) => Ok(Value::Bool(entity(of.value(row)?)?.type_name() == ty)),
            Node::Set(items) => {
                let items: Evaluated<BTreeSet<_>> = items.iter().map(|i| i.value(row)).collect();
                Ok(Value::Set(Arc::new(items?)))
            }
            Node::Record(fields) => {
                let value = |(name, node): &(String, Node)| Ok((name.clone(), node.value(row)?));
                let fields: Evaluated<BTreeMap<_, _>> = fields.iter().map(value).collect();
                Ok(Value::Record(Arc::new(fields?)))
            }
        }
    }

    /// Whether the truth on some row may be for Cedar to tell.
    pub(super) fn may_ask(&self) -> bool {
        match self {
            Node::Constant(_) | Node::Failure(_) | Node::Cell(_) | Node::Whole { .. } => false,
            Node::HasCell { .. } => false,
            Node::Ask | Node::Attribute(..) => true,
            Node::Derived { values, .. } => values.contains(&Err(Stop::Ask)),
            Node::Else(_, a, b) | Node::And(a, b) | Node::Or(a, b) => a.may_ask() || b.may_ask(),
            Node::If(a, b, c) => a.may_ask() || b.may_ask() || c.may_ask(),
            Node::Has(a, _) | Node::Like(a, _) | Node::Is(a, _) => a.may_ask(),
            Node::Unary(op, a) => is_foreign(*op) || a.may_ask(),
            Node::Binary(op, a, b) => is_foreign_pair(*op) || a.may_ask() || b.may_ask(),
            Node::Set(items) => items.iter().any(Node::may_ask),
            Node::Record(fields) => fields.iter().any(|(_, node)| node.may_ask()),
        }
    }

    /// The value of the node on `row`, which must be a boolean.
    pub(super) fn truth(&self, row: Row<'_>) -> Evaluated<bool> {
        match self.value(row)? {
            Value::Bool(truth) => Ok(truth),
            _ => Err(WRONG),
        }
    }
}

fn whole(
    at: Option<ColumnId>,
    attributes: &[(Vec<String>, ColumnId)],
    row: Row<'_>,
) -> Evaluated<Value> {
    let own = at.map(|column| row.cell(column).ok_or(NO_ATTRIBUTE)).transpose()?;
    if let Some(value) = own.filter(|v| *v != Value::Nested) {
        return Ok(value);
    }
    let mut tree = Tree::default();
    for (path, column) in attributes {
        if let Some(value) = row.cell(*column) {
            tree.insert(path, value);
        }
    }
    Ok(tree.into_record())
}

/// A record that is being put together from paths.
#[derive(Default)]
pub(super) struct Tree {
    leaf: Option<Value>,
    branches: BTreeMap<String, Tree>,
}

impl Tree {
    pub(super) fn insert(&mut self, path: &[String], value: Value) {
        match path.split_first() {
            None => self.leaf = Some(value),
            Some((name, rest)) => {
                self.branches.entry(name.clone()).or_default().insert(rest, value)
            }
        }
    }

    pub(super) fn into_record(self) -> Value {
        let values = self.branches.into_iter().map(|(name, tree)| (name, tree.into_value()));
        Value::Record(Arc::new(values.collect()))
    }

    fn into_value(self) -> Value {
        match self.leaf {
            Some(value) if value != Value::Nested => value,
            Some(_) | None => self.into_record(),
        }
    }
}

fn derived(column: ColumnId, values: &[Evaluated<Value>], row: Row<'_>) -> Evaluated<Value> {
    let code = row.code(column).ok_or(Stop::Ask)?;
    values.get(code as usize).ok_or(Stop::Ask)?.clone()
}

/// The attribute `name` of a record, or of an entity among `store`.
pub(super) fn attribute(of: &Value, name: &str, store: &Entities) -> Evaluated<Value> {
    match of {
        Value::Record(record) => record.get(name).cloned().ok_or(NO_ATTRIBUTE),
        Value::Entity(uid) => {
            let value = store.get(uid).and_then(|e| e.attr(name)).ok_or(NO_ENTITY)?;
            value.map(|v| Value::of(&v)).map_err(|_| Stop::Ask)
        }
        _ => Err(WRONG),
    }
}

fn entity_has(uid: &EntityUid, name: &str, row: Row<'_>) -> bool {
    row.store().get(uid).is_some_and(|e| e.attr(name).is_some())
}

fn has_cell(
    record: Option<ColumnId>,
    attribute: Option<ColumnId>,
    name: &str,
    row: Row<'_>,
) -> Evaluated<bool> {
    match record.map(|column| row.cell(column)) {
        None | Some(Some(Value::Nested)) => {
            Ok(attribute.is_some_and(|column| row.cell(column).is_some()))
        }
        Some(Some(Value::Entity(uid))) => Ok(entity_has(&uid, name, row)),
        Some(Some(_)) => Err(WRONG),
        Some(None) => Err(NO_ATTRIBUTE),
    }
}

fn entity(value: Value) -> Evaluated<Arc<EntityUid>> {
    match value {
        Value::Entity(uid) => Ok(uid),
        _ => Err(WRONG),
    }
}

fn set(value: Value) -> Evaluated<Arc<BTreeSet<Value>>> {
    match value {
        Value::Set(set) => Ok(set),
        _ => Err(WRONG),
    }
}

/// Addresses, constructors, and operators of a later Cedar.
fn is_foreign(op: UnaryOp) -> bool {
    use UnaryOp as Op;
    let own = [Op::ToMilliseconds, Op::ToSeconds, Op::ToMinutes, Op::ToHours, Op::ToDays];
    let others = [Op::Not, Op::Neg, Op::IsEmpty, Op::ToDate, Op::ToTime];
    !own.contains(&op) && !others.contains(&op)
}

/// Addresses, tags that Cedar must evaluate, and operators of a later Cedar.
fn is_foreign_pair(op: BinaryOp) -> bool {
    use BinaryOp as Op;
    let order = [Op::Eq, Op::NotEq, Op::Less, Op::LessEq, Op::Greater, Op::GreaterEq];
    let decimals =
        [Op::DecimalLessThan, Op::DecimalLessEq, Op::DecimalGreater, Op::DecimalGreaterEq];
    let numbers = [Op::Add, Op::Sub, Op::Mul, Op::Offset, Op::DurationSince];
    let sets = [Op::In, Op::Contains, Op::ContainsAll, Op::ContainsAny, Op::And, Op::Or];
    ![&order[..], &decimals, &numbers, &sets].iter().any(|some| some.contains(&op))
}

fn unary(op: UnaryOp, a: Value) -> Evaluated<Value> {
    let value = match (op, a) {
        (UnaryOp::Not, Value::Bool(b)) => Value::Bool(!b),
        (UnaryOp::Neg, Value::Long(n)) => Value::Long(n.checked_neg().ok_or(WRONG)?),
        (UnaryOp::IsEmpty, Value::Set(set)) => Value::Bool(set.is_empty()),
        (UnaryOp::ToDate, Value::Datetime(ms)) => {
            Value::Datetime(ms.checked_sub(ms.rem_euclid(DAY_MS)).ok_or(WRONG)?)
        }
        (UnaryOp::ToTime, Value::Datetime(ms)) => Value::Duration(ms.rem_euclid(DAY_MS)),
        (UnaryOp::ToMilliseconds, Value::Duration(ms)) => Value::Long(ms),
        (UnaryOp::ToSeconds, Value::Duration(ms)) => Value::Long(ms / 1000),
        (UnaryOp::ToMinutes, Value::Duration(ms)) => Value::Long(ms / 60_000),
        (UnaryOp::ToHours, Value::Duration(ms)) => Value::Long(ms / 3_600_000),
        (UnaryOp::ToDays, Value::Duration(ms)) => Value::Long(ms / DAY_MS),
        (
            UnaryOp::Not
            | UnaryOp::Neg
            | UnaryOp::IsEmpty
            | UnaryOp::ToDate
            | UnaryOp::ToTime
            | UnaryOp::ToMilliseconds
            | UnaryOp::ToSeconds
            | UnaryOp::ToMinutes
            | UnaryOp::ToHours
            | UnaryOp::ToDays,
            _,
        ) => return Err(WRONG),
        // Addresses, constructors, and operators of a later Cedar.
        _ => return Err(Stop::Ask),
    };
    Ok(value)
}

fn binary(op: BinaryOp, a: Value, b: Value, row: Row<'_>) -> Evaluated<Value> {
    use BinaryOp as Op;
    let truth = match op {
        Op::Eq => a == b,
        Op::NotEq => a != b,
        Op::Less | Op::LessEq | Op::Greater | Op::GreaterEq => {
            let (a, b) = comparable(&a, &b)?;
            compared(op, a, b)
        }
        Op::DecimalLessThan | Op::DecimalLessEq | Op::DecimalGreater | Op::DecimalGreaterEq => {
            match (a, b) {
                (Value::Decimal(a), Value::Decimal(b)) => compared(op, a, b),
                _ => return Err(WRONG),
            }
        }
        Op::Add | Op::Sub | Op::Mul | Op::Offset | Op::DurationSince => {
            return calculated(op, &a, &b).ok_or(WRONG);
        }
        Op::In => is_in(&*entity(a)?, &b, row.store())?,
        Op::Contains => set(a)?.contains(&b),
        Op::ContainsAll => set(b)?.is_subset(&*set(a)?),
        Op::ContainsAny => !set(a)?.is_disjoint(&*set(b)?),
        Op::HasTag => tag(a, b, row)?.is_some(),
        Op::GetTag => return tag(a, b, row)?.ok_or(NO_ENTITY),
        // Addresses, and operators of a later Cedar.
        _ => return Err(Stop::Ask),
    };
    Ok(Value::Bool(truth))
}

/// The numbers of two values that `<` compares: decimals have methods of their own.
fn comparable(a: &Value, b: &Value) -> Evaluated<(i64, i64)> {
    match (a, b) {
        (Value::Long(a), Value::Long(b))
        | (Value::Datetime(a), Value::Datetime(b))
        | (Value::Duration(a), Value::Duration(b)) => Ok((*a, *b)),
        _ => Err(WRONG),
    }
}

fn compared(op: BinaryOp, a: i64, b: i64) -> bool {
    match op {
        BinaryOp::Less | BinaryOp::DecimalLessThan => a < b,
        BinaryOp::LessEq | BinaryOp::DecimalLessEq => a <= b,
        BinaryOp::Greater | BinaryOp::DecimalGreater => a > b,
        _ => a >= b,
    }
}

fn calculated(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    match (op, a, b) {
        (BinaryOp::Add, Value::Long(a), Value::Long(b)) => a.checked_add(*b).map(Value::Long),
        (BinaryOp::Sub, Value::Long(a), Value::Long(b)) => a.checked_sub(*b).map(Value::Long),
        (BinaryOp::Mul, Value::Long(a), Value::Long(b)) => a.checked_mul(*b).map(Value::Long),
        (BinaryOp::Offset, Value::Datetime(a), Value::Duration(b)) => {
            a.checked_add(*b).map(Value::Datetime)
        }
        (BinaryOp::DurationSince, Value::Datetime(a), Value::Datetime(b)) => {
            a.checked_sub(*b).map(Value::Duration)
        }
        _ => None,
    }
}

/// Every element of a set must be an entity, even after one that matches.
fn is_in(uid: &EntityUid, group: &Value, store: &Entities) -> Evaluated<bool> {
    let member = |group: &EntityUid| uid == group || store.is_ancestor_of(group, uid);
    match group {
        Value::Entity(group) => Ok(member(group)),
        Value::Set(groups) => {
            let groups: Evaluated<Vec<_>> = groups.iter().map(|g| entity(g.clone())).collect();
            Ok(groups?.iter().any(|group| member(group)))
        }
        _ => Err(WRONG),
    }
}

fn tag(of: Value, name: Value, row: Row<'_>) -> Evaluated<Option<Value>> {
    let (uid, Value::Text(name)) = (entity(of)?, name) else {
        return Err(WRONG);
    };
    let value = row.store().get(&uid).and_then(|e| e.tag(&name)).transpose();
    Ok(value.map_err(|_| Stop::Ask)?.map(|v| Value::of(&v)))
}

/// Whether `text` matches, one character at a time; a wildcard takes as little as it can.
pub(super) fn is_like(text: &str, pattern: &[PatternElem]) -> bool {
    let (mut rest, mut wanted) = (text.chars(), pattern);
    let mut retry = None;
    loop {
        match wanted.split_first() {
            Some((PatternElem::Wildcard, after)) => {
                retry = Some((rest.clone(), after));
                wanted = after;
                continue;
            }
            Some((PatternElem::Char(c), after)) if rest.clone().next() == Some(*c) => {
                rest.next();
                wanted = after;
                continue;
            }
            None if rest.as_str().is_empty() => return true,
            Some((PatternElem::Char(_), _)) | None => {}
        }
        let Some((from, after)) = &mut retry else { return false };
        if from.next().is_none() {
            return false;
        }
        (rest, wanted) = (from.clone(), after);
    }
}

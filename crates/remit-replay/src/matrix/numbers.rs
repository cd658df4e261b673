//! Comparisons of numbers, times and durations, 64 rows at a time.
//!
//! Operands are evaluated left before right, and the first failure is the one that is told, as Cedar
//! does. What is not built of numbers alone is left to [`Node::value`].

use super::kernel::lane;
use super::native::{Node, Stop};
use super::near::Near;
use super::truths::{Failed, Truth, Truths};
use crate::Absent;
use crate::rows::{BLOCK_ROWS, Words, packed};
use crate::table::{Codes, Column, ColumnId, NumberKind, Numbers, Table};
use cedar_policy::pst::{BinaryOp, UnaryOp};

pub(super) const DAY_MS: i64 = 24 * 3600 * 1000;

/// A comparison of two numbers of one kind.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    order: Order,
    left: Number,
    right: Number,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

/// A number for each row.
#[derive(Clone, Debug)]
enum Number {
    Constant(i64),
    /// A column of numbers.
    Raw(ColumnId),
    /// For each code of a column a number, or why there is none.
    Coded(ColumnId, Vec<Result<i64, Option<Absent>>>),
    One(OneOp, Box<Number>),
    Two(TwoOp, Box<Number>, Box<Number>),
}

#[derive(Clone, Copy, Debug)]
enum OneOp {
    Negate,
    ToDate,
    ToTime,
    /// Whole units of so many.
    Units(i64),
}

#[derive(Clone, Copy, Debug)]
enum TwoOp {
    Add,
    Subtract,
    Multiply,
}

/// The numbers of 64 rows, and where there are none.
struct Lane {
    values: [i64; 64],
    failed: u64,
    attribute: u64,
    entity: u64,
}

impl Comparison {
    /// `None` if the node compares anything but numbers of one kind.
    pub(super) fn of(node: &Node, table: &Table) -> Option<Self> {
        let Node::Binary(op, left, right) = node else { return None };
        let ((left_kind, left), (right_kind, right)) =
            (number(left, table)?, number(right, table)?);
        let decimal = left_kind == NumberKind::Decimal;
        let order = match op {
            BinaryOp::Eq => Order::Equal,
            BinaryOp::NotEq => Order::NotEqual,
            BinaryOp::Less if !decimal => Order::Less,
            BinaryOp::LessEq if !decimal => Order::LessEqual,
            BinaryOp::Greater if !decimal => Order::Greater,
            BinaryOp::GreaterEq if !decimal => Order::GreaterEqual,
            BinaryOp::DecimalLessThan if decimal => Order::Less,
            BinaryOp::DecimalLessEq if decimal => Order::LessEqual,
            BinaryOp::DecimalGreater if decimal => Order::Greater,
            BinaryOp::DecimalGreaterEq if decimal => Order::GreaterEqual,
            _ => return None,
        };
        (left_kind == right_kind).then_some(Comparison { order, left, right })
    }

    pub(super) fn truth(&self, table: &Table, row: u32) -> Truth {
        let (index, place) = (row / BLOCK_ROWS, row % BLOCK_ROWS);
        let mut truths = Truths::NOWHERE;
        self.word(table, index, (place / 64) as usize, 1 << (place % 64), &mut truths);
        let is = |words: &Words| words.iter().any(|word| *word != 0);
        match truths.failures() {
            Some(failures) if is(&failures.attribute) => Truth::Failed(Some(Absent::Attribute)),
            Some(failures) if is(&failures.entity) => Truth::Failed(Some(Absent::Entity)),
            Some(_) => Truth::Failed(None),
            None if is(&truths.yes) => Truth::True,
            None => Truth::False,
        }
    }

    /// The truths on the rows of `mask` in block `index`.
    pub(super) fn block(&self, table: &Table, index: u32, mask: &Words) -> Truths {
        if let Some(near) = self.near(table) {
            return near.block(index, mask);
        }
        let mut truths = Truths::NOWHERE;
        for (at, mask) in mask.iter().enumerate().filter(|(_, mask)| **mask != 0) {
            self.word(table, index, at, *mask, &mut truths);
        }
        truths
    }

    /// For a column of distances, or the time of day of one, beside a constant.
    fn near<'t>(&self, table: &'t Table) -> Option<Near<'t>> {
        let Number::Constant(right) = self.right else { return None };
        let near = |column: &ColumnId| Near::of(table.column(*column)?);
        match &self.left {
            Number::Raw(column) => Some(near(column)?.compared(self.order, right)),
            Number::One(OneOp::ToTime, of) => match &**of {
                Number::Raw(column) => Some(near(column)?.times().compared(self.order, right)),
                _ => None,
            },
            _ => None,
        }
    }

    fn word(&self, table: &Table, index: u32, at: usize, mask: u64, truths: &mut Truths) {
        let first = (index * BLOCK_ROWS) as usize + at * 64;
        let (yes, failed, attribute, entity) = match (&self.left, &self.right) {
            (left, Number::Constant(right)) => {
                let left = left.lane(table, first);
                let yes = compare_one(self.order, &left.values, *right);
                (yes, left.failed, left.attribute, left.entity)
            }
            (left, right) => {
                let (left, right) = (left.lane(table, first), right.lane(table, first));
                let yes = compare(self.order, &left.values, &right.values);
                let both = left.and(&right);
                (yes, both.failed, both.attribute, both.entity)
            }
        };
        let failed = failed & mask;
        if let Some(word) = truths.yes.get_mut(at) {
            *word = yes & mask & !failed;
        }
        truths.fail(at, Failed { failed, attribute: attribute & mask, entity: entity & mask });
    }
}

fn compare_one(order: Order, left: &[i64; 64], right: i64) -> u64 {
    match order {
        Order::Less => bits(left.iter().map(|left| *left < right)),
        Order::LessEqual => bits(left.iter().map(|left| *left <= right)),
        Order::Greater => bits(left.iter().map(|left| *left > right)),
        Order::GreaterEqual => bits(left.iter().map(|left| *left >= right)),
        Order::Equal => bits(left.iter().map(|left| *left == right)),
        Order::NotEqual => bits(left.iter().map(|left| *left != right)),
    }
}

fn compare(order: Order, left: &[i64; 64], right: &[i64; 64]) -> u64 {
    let pairs = left.iter().zip(right);
    match order {
        Order::Less => bits(pairs.map(|(left, right)| left < right)),
        Order::LessEqual => bits(pairs.map(|(left, right)| left <= right)),
        Order::Greater => bits(pairs.map(|(left, right)| left > right)),
        Order::GreaterEqual => bits(pairs.map(|(left, right)| left >= right)),
        Order::Equal => bits(pairs.map(|(left, right)| left == right)),
        Order::NotEqual => bits(pairs.map(|(left, right)| left != right)),
    }
}

fn bits(facts: impl Iterator<Item = bool>) -> u64 {
    let mut bytes = [0; 64];
    bytes.iter_mut().zip(facts).for_each(|(byte, fact)| *byte = u8::from(fact));
    packed(&bytes)
}

impl Number {
    /// The numbers of the 64 rows from `first` on; what lies behind the table's end has none.
    fn lane(&self, table: &Table, first: usize) -> Lane {
        match self {
            Number::Constant(value) => Lane { values: [*value; 64], ..Lane::EMPTY },
            Number::Raw(column) => {
                let (values, absent) = raw(table.column(*column), first);
                Lane { values, failed: absent, attribute: absent, entity: 0 }
            }
            Number::Coded(column, numbers) => coded(table.column(*column), numbers, first),
            Number::One(op, of) => of.lane(table, first).one(*op),
            Number::Two(op, left, right) => {
                left.lane(table, first).two(*op, &right.lane(table, first))
            }
        }
    }
}

/// The numbers of 64 rows, and where there are none.
#[inline]
fn raw(column: Option<&Column>, first: usize) -> ([i64; 64], u64) {
    let Some(Column::Numbers { numbers, present, .. }) = column else {
        return ([0; 64], u64::MAX);
    };
    let absent = !present.get(first / 64).copied().unwrap_or(0);
    let (index, at) = (first as u32 / BLOCK_ROWS, first % BLOCK_ROWS as usize / 64);
    let values = match numbers {
        Numbers::Far(numbers) => lane(numbers, index, at),
        Numbers::Near { least, distances: Codes::Narrow(distances) } => {
            lane(distances, index, at).map(|d| least.wrapping_add(d.into()))
        }
        Numbers::Near { least, distances: Codes::Middle(distances) } => {
            lane(distances, index, at).map(|d| least.wrapping_add(d.into()))
        }
        Numbers::Near { least, distances: Codes::Wide(distances) } => {
            lane(distances, index, at).map(|d| least.wrapping_add(d.into()))
        }
    };
    (values, absent)
}

fn coded(column: Option<&Column>, numbers: &[Result<i64, Option<Absent>>], first: usize) -> Lane {
    let mut lane = Lane::EMPTY;
    let Some((codes, _)) = column.and_then(Column::codes) else { return lane };
    for (bit, value) in lane.values.iter_mut().enumerate() {
        let code = codes.get(first + bit).unwrap_or(0) as usize;
        match numbers.get(code).copied().unwrap_or(Err(None)) {
            Ok(number) => *value = number,
            Err(absent) => {
                lane.failed |= 1 << bit;
                match absent {
                    None => {}
                    Some(Absent::Attribute) => lane.attribute |= 1 << bit,
                    Some(Absent::Entity) => lane.entity |= 1 << bit,
                }
            }
        }
    }
    lane
}

impl Lane {
    const EMPTY: Lane = Lane { values: [0; 64], failed: 0, attribute: 0, entity: 0 };

    /// The failures of both, the left ones first.
    fn and(mut self, right: &Lane) -> Lane {
        self.attribute |= right.attribute & !self.failed;
        self.entity |= right.entity & !self.failed;
        self.failed |= right.failed;
        self
    }

    fn one(mut self, op: OneOp) -> Lane {
        match op {
            OneOp::Negate => self.each(|n| n.overflowing_neg()),
            OneOp::ToDate => self.each(|n| n.overflowing_sub(n.rem_euclid(DAY_MS))),
            OneOp::ToTime => self.each(|n| (n.rem_euclid(DAY_MS), false)),
            OneOp::Units(1) => {}
            OneOp::Units(unit) => self.each(|n| (n / unit, false)),
        }
        self
    }

    fn two(self, op: TwoOp, right: &Lane) -> Lane {
        let values = right.values;
        let mut both = self.and(right);
        let mut values = values.iter();
        let mut with_right = |f: fn(i64, i64) -> (i64, bool)| {
            both.each(|left| f(left, values.next().copied().unwrap_or(0)));
        };
        match op {
            TwoOp::Add => with_right(i64::overflowing_add),
            TwoOp::Subtract => with_right(i64::overflowing_sub),
            TwoOp::Multiply => with_right(i64::overflowing_mul),
        }
        both
    }

    /// Changes each number; where the second result is true, there is none.
    fn each(&mut self, mut change: impl FnMut(i64) -> (i64, bool)) {
        let mut overflowed = [0; 64];
        for (value, overflowed) in self.values.iter_mut().zip(&mut overflowed) {
            let overflow;
            (*value, overflow) = change(*value);
            *overflowed = u8::from(overflow);
        }
        self.failed |= packed(&overflowed);
    }
}

/// The node as a number of one kind. `None` if it may be anything else.
fn number(node: &Node, table: &Table) -> Option<(NumberKind, Number)> {
    match node {
        Node::Constant(value) => {
            value.number().map(|(kind, number)| (kind, Number::Constant(number)))
        }
        Node::Cell(id) => cell(*id, table.column(*id)?),
        Node::Derived { column, values, .. } => {
            let mut kind = None;
            let number = |value: &Result<_, Stop>| one_of(&mut kind, value);
            let numbers: Option<Vec<_>> = values.iter().map(number).collect();
            Some((kind?, Number::Coded(*column, numbers?)))
        }
        Node::Unary(op, of) => unary(*op, number(of, table)?),
        Node::Binary(op, left, right) => binary(*op, number(left, table)?, number(right, table)?),
        _ => None,
    }
}

fn cell(id: ColumnId, column: &Column) -> Option<(NumberKind, Number)> {
    let kind = column.number_kind()?;
    let Some(values) = column.dictionary() else { return Some((kind, Number::Raw(id))) };
    let values = values.others().iter().filter_map(|value| Some(Ok(value.number()?.1)));
    let nothing = Err(Some(Absent::Attribute));
    Some((kind, Number::Coded(id, std::iter::once(nothing).chain(values).collect())))
}

/// The number of a derived value, if it is of the kind that the others are of.
fn one_of(
    kind: &mut Option<NumberKind>,
    value: &Result<crate::table::Value, Stop>,
) -> Option<Result<i64, Option<Absent>>> {
    match value {
        Ok(value) => {
            let (own, number) = value.number()?;
            (*kind.get_or_insert(own) == own).then_some(Ok(number))
        }
        Err(Stop::Fails(absent)) => Some(Err(*absent)),
        Err(Stop::Ask) => None,
    }
}

fn unary(op: UnaryOp, (kind, of): (NumberKind, Number)) -> Option<(NumberKind, Number)> {
    use NumberKind::{Datetime, Duration, Long};
    let (kind, op) = match (op, kind) {
        (UnaryOp::Neg, Long) => (Long, OneOp::Negate),
        (UnaryOp::ToDate, Datetime) => (Datetime, OneOp::ToDate),
        (UnaryOp::ToTime, Datetime) => (Duration, OneOp::ToTime),
        (UnaryOp::ToMilliseconds, Duration) => (Long, OneOp::Units(1)),
        (UnaryOp::ToSeconds, Duration) => (Long, OneOp::Units(1000)),
        (UnaryOp::ToMinutes, Duration) => (Long, OneOp::Units(60_000)),
        (UnaryOp::ToHours, Duration) => (Long, OneOp::Units(3_600_000)),
        (UnaryOp::ToDays, Duration) => (Long, OneOp::Units(DAY_MS)),
        _ => return None,
    };
    Some((kind, Number::One(op, Box::new(of))))
}

fn binary(
    op: BinaryOp,
    (left_kind, left): (NumberKind, Number),
    (right_kind, right): (NumberKind, Number),
) -> Option<(NumberKind, Number)> {
    use NumberKind::{Datetime, Duration, Long};
    let (kind, op) = match (op, left_kind, right_kind) {
        (BinaryOp::Add, Long, Long) => (Long, TwoOp::Add),
        (BinaryOp::Sub, Long, Long) => (Long, TwoOp::Subtract),
        (BinaryOp::Mul, Long, Long) => (Long, TwoOp::Multiply),
        (BinaryOp::Offset, Datetime, Duration) => (Datetime, TwoOp::Add),
        (BinaryOp::DurationSince, Datetime, Datetime) => (Duration, TwoOp::Subtract),
        _ => return None,
    };
    Some((kind, Number::Two(op, Box::new(left), Box::new(right))))
}

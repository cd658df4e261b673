//! Comparisons: of the values of rows, of what is asked of the request, and of aggregates.

use super::NotCompiled;
use super::part::Part;
use super::pass::{Pass, holds};
use super::relation::{Col, Relation};
use super::time::Mode;
use super::values::{ABSENT, ValueId};
use dogwood_language::temporal_ast::{AggExpr, CmpOp, Term};
use std::cmp::Ordering;

/// What a term stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Constant(ValueId),
    Asked(u32),
    Var(u32),
    Aggregate(Box<AggExpr>),
    Anything,
}

/// What must be so of the request that is decided.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Guard {
    pub(super) op: CmpOp,
    pub(super) left: Operand,
    pub(super) right: Operand,
}

impl Operand {
    /// The column that holds it, if it has one.
    pub(super) fn col(&self) -> Option<Col> {
        match self {
            Operand::Var(var) => Some(Col::Var(*var)),
            Operand::Asked(asked) => Some(Col::Asked(*asked)),
            Operand::Constant(_) | Operand::Aggregate(_) | Operand::Anything => None,
        }
    }

    fn is_of_request(&self) -> bool {
        matches!(self, Operand::Constant(_) | Operand::Asked(_))
    }
}

impl Pass<'_> {
    /// Whether both sides are known, or one can be told from the other.
    pub(super) fn is_ready(&mut self, parts: &[Part], left: &Term, right: &Term) -> bool {
        let mut known = |term: &Term| match self.operand(term) {
            Ok(operand @ Operand::Var(_)) => {
                let col = operand.col();
                parts.iter().all(|p| col.is_some_and(|col| p.relation.column(col).is_some()))
            }
            Ok(_) | Err(_) => true,
        };
        known(left) && known(right)
    }

    /// The rows of all parts for which the comparison holds.
    pub(super) fn compare_all(
        &mut self,
        parts: Vec<Part>,
        op: CmpOp,
        left: &Term,
        right: &Term,
        mode: Mode,
    ) -> Result<Vec<Part>, NotCompiled> {
        let (left, right) = (self.operand(left)?, self.operand(right)?);
        let mut compared = Vec::new();
        for part in parts {
            compared.extend(self.compare_part(part, op, &left, &right, mode)?);
        }
        Ok(compared)
    }

    fn compare_part(
        &mut self,
        part: Part,
        op: CmpOp,
        left: &Operand,
        right: &Operand,
        mode: Mode,
    ) -> Result<Vec<Part>, NotCompiled> {
        match (left, right) {
            (Operand::Anything, _) | (_, Operand::Anything) => {
                let none = Relation::new(part.relation.cols.clone());
                Ok(vec![Part { relation: none, ..part }])
            }
            (Operand::Aggregate(agg), other) => self.compare_sum(part, op, agg, other, mode),
            (other, Operand::Aggregate(agg)) => {
                self.compare_sum(part, mirrored(op), agg, other, mode)
            }
            _ if left.is_of_request() && right.is_of_request() => {
                Ok(vec![part.guarded(Guard { op, left: left.clone(), right: right.clone() })])
            }
            (Operand::Var(var), other) => self.compare_variable(part, op, *var, other),
            (other, Operand::Var(var)) => self.compare_variable(part, mirrored(op), *var, other),
            _ => Err(NotCompiled::Term),
        }
    }

    fn compare_variable(
        &self,
        part: Part,
        op: CmpOp,
        var: u32,
        other: &Operand,
    ) -> Result<Vec<Part>, NotCompiled> {
        let relation = &part.relation;
        let place = relation.column(Col::Var(var));
        let of = |place: usize| move |key: &[ValueId]| key.get(place).copied().unwrap_or(ABSENT);
        let other_place = other.col().and_then(|col| relation.column(col));
        let is_position = self.positions.contains(&var);
        let compared = |a, b| self.compare_values(op, a, b, is_position);
        let relation = match (place, other, other_place) {
            (Some(place), _, Some(other)) if op == CmpOp::Eq || !is_asked(relation, other) => {
                let (mine, theirs) = (of(place), of(other));
                relation.filter(|key, _| compared(mine(key), theirs(key)))
            }
            (Some(place), Operand::Constant(value), _) if !is_position => {
                let mine = of(place);
                relation.filter(|key, _| compared(mine(key), *value))
            }
            (Some(place), Operand::Asked(asked), None) if op == CmpOp::Eq => {
                let mine = of(place);
                relation.extend(Col::Asked(*asked), |key, _| mine(key))
            }
            (Some(place), Operand::Asked(asked), None) if op == CmpOp::NotEq => {
                let mine = of(place);
                let equal = relation.merged().extend(Col::Asked(*asked), |key, _| mine(key));
                return Ok(part.except(equal, *asked));
            }
            (None, Operand::Constant(value), _) if op == CmpOp::Eq => {
                relation.extend(Col::Var(var), |_, _| *value)
            }
            (None, _, Some(other)) if op == CmpOp::Eq => {
                let theirs = of(other);
                relation.extend(Col::Var(var), |key, _| theirs(key))
            }
            (Some(_), Operand::Asked(_), _) => return Err(NotCompiled::OrderedAgainstRequest),
            _ => return Err(NotCompiled::Unbound),
        };
        Ok(vec![Part { relation, ..part }])
    }

    /// The rows for which an aggregate compares with a constant. What is asked of the request by the
    /// aggregate alone becomes a column.
    fn compare_sum(
        &mut self,
        part: Part,
        op: CmpOp,
        agg: &AggExpr,
        other: &Operand,
        mode: Mode,
    ) -> Result<Vec<Part>, NotCompiled> {
        let Operand::Constant(constant) = other else {
            return Err(NotCompiled::SumAgainstRow);
        };
        let Some(bound) = self.long(*constant).map(i128::from) else {
            let always = op == CmpOp::NotEq;
            let relation =
                if always { part.relation.clone() } else { part.relation.filter(|_, _| false) };
            return Ok(vec![Part { relation, ..part }]);
        };
        let Some(of) = monotone(op, mode).or_else(|| self.log.is_exact().then_some(mode)) else {
            return Err(NotCompiled::EqualWithoutTimes);
        };
        let sums = self.aggregate(agg, of)?;
        let [(false, guards, steps)] = sums.as_slice() else {
            return Err(NotCompiled::CountedNegation);
        };
        if !guards.is_empty() {
            return Err(NotCompiled::CountedNegation);
        }
        let satisfied = |sum: i128| holds(op, clamped(sum), bound);
        if satisfied(0) {
            let fails = Part::of(steps.relation(|sum| !satisfied(sum)));
            let fails = self.join(&part.plus(), &fails)?;
            return self.without(part, vec![fails]);
        }
        Ok(vec![self.join(&part, &Part::of(steps.relation(satisfied)))?])
    }

    /// Whether two values of rows compare so.
    fn compare_values(&self, op: CmpOp, a: ValueId, b: ValueId, are_positions: bool) -> bool {
        match op {
            CmpOp::Eq => a == b,
            CmpOp::NotEq => a != b,
            CmpOp::Lt | CmpOp::Le | CmpOp::Gt | CmpOp::Ge if are_positions => {
                compare(op, a.cmp(&b))
            }
            CmpOp::Lt | CmpOp::Le | CmpOp::Gt | CmpOp::Ge => match (self.long(a), self.long(b)) {
                (Some(a), Some(b)) => compare(op, a.cmp(&b)),
                _ => false,
            },
        }
    }

    /// Whether two values of a request compare so; what is absent compares with nothing.
    pub(super) fn compare_known(&self, op: CmpOp, a: ValueId, b: ValueId) -> bool {
        a != ABSENT && b != ABSENT && self.compare_values(op, a, b, false)
    }
}

impl Part {
    fn guarded(mut self, guard: Guard) -> Self {
        self.guards.push(guard);
        self
    }

    /// Without the rows of `equal`, and only where `asked` is there.
    fn except(self, equal: Relation, asked: u32) -> Vec<Part> {
        let there =
            Guard { op: CmpOp::Eq, left: Operand::Asked(asked), right: Operand::Asked(asked) };
        let (minus, all) = (!self.minus, self.guarded(there));
        let equal = Part { minus, relation: equal, ..all.clone() };
        vec![Part { relation: all.relation.merged(), ..all }, equal]
    }
}

fn is_asked(relation: &Relation, place: usize) -> bool {
    relation.cols.get(place).is_some_and(|col| matches!(col, Col::Asked(_)))
}

/// Which bound of an aggregate decides the comparison, where one does.
pub(super) fn monotone(op: CmpOp, mode: Mode) -> Option<Mode> {
    match op {
        CmpOp::Gt | CmpOp::Ge => Some(mode),
        CmpOp::Lt | CmpOp::Le => Some(mode.flip()),
        CmpOp::Eq | CmpOp::NotEq => None,
    }
}

/// Sums are clamped to what Dogwood's integers hold.
pub(super) fn clamped(sum: i128) -> i128 {
    sum.clamp(i64::MIN.into(), i64::MAX.into())
}

pub(super) fn compare(op: CmpOp, ordering: Ordering) -> bool {
    match op {
        CmpOp::Le => ordering.is_le(),
        CmpOp::Lt => ordering.is_lt(),
        CmpOp::Ge => ordering.is_ge(),
        CmpOp::Gt => ordering.is_gt(),
        CmpOp::Eq => ordering.is_eq(),
        CmpOp::NotEq => ordering.is_ne(),
    }
}

/// The comparison with its sides exchanged.
pub(super) fn mirrored(op: CmpOp) -> CmpOp {
    match op {
        CmpOp::Le => CmpOp::Ge,
        CmpOp::Lt => CmpOp::Gt,
        CmpOp::Ge => CmpOp::Le,
        CmpOp::Gt => CmpOp::Lt,
        CmpOp::Eq => CmpOp::Eq,
        CmpOp::NotEq => CmpOp::NotEq,
    }
}

//! The truth of a condition at every decision.

use super::NotCompiled;
use super::condition::{conjuncts, mentions};
use super::log::{EventLog, Path, Position};
use super::part::{Part, forget, is_counted};
use super::pass::holds;
use super::pass::{Asked, Pass};
use super::relation::{Col, Index, Relation};
use super::since::Lasting;
use super::steps::Steps;
use super::terms::{Guard, Operand, clamped, mirrored, monotone};
use super::time::Mode;
use super::values::{ABSENT, Item, ValueId};
use dogwood_language::Value;
use dogwood_language::temporal_ast::{
    AggExpr, CmpOp, Condition, ConditionKind, Term, TypedBinder, WithinSpec,
};

/// What is known of an entity besides the log: type, id, and the path of an attribute.
pub(crate) type Attributes<'a> = dyn Fn(&str, &str, &[String]) -> Option<Value> + Sync + 'a;

/// The decisions of some actions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Points {
    /// Which kinds, and how many decisions each has.
    kinds: Vec<usize>,
    pub(crate) at: Vec<Position>,
    pub(crate) calls: Vec<u32>,
}

/// A pass, and the decisions that it is for.
pub(super) struct Deciding<'l> {
    pass: Pass<'l>,
    points: &'l Points,
    attributes: &'l Attributes<'l>,
    /// What is asked of the request, at each decision.
    columns: Vec<Vec<ValueId>>,
}

/// What an aggregate adds up to, in parts.
type Sums = Vec<(bool, Vec<Guard>, Steps)>;

impl Points {
    /// The decisions of the kinds for which `wanted` says so.
    pub(crate) fn of(log: &EventLog, wanted: impl Fn(&[String], &str) -> bool) -> Self {
        let mut points = Points::default();
        for (which, kind) in log.kinds.iter().enumerate() {
            if !kind.decisions.at.is_empty() && wanted(&kind.namespace, &kind.action) {
                points.kinds.push(which);
                points.at.extend(&kind.decisions.at);
                points.calls.extend(&kind.decisions.calls);
            }
        }
        points
    }
}

impl<'l> Deciding<'l> {
    pub(super) fn new(
        log: &'l EventLog,
        points: &'l Points,
        attributes: &'l Attributes<'l>,
    ) -> Self {
        Deciding { pass: Pass::new(log), points, attributes, columns: Vec::new() }
    }

    /// Whether `condition` holds, at each decision.
    pub(super) fn decide(
        &mut self,
        condition: &Condition,
        mode: Mode,
    ) -> Result<Vec<bool>, NotCompiled> {
        match &condition.kind {
            ConditionKind::And { .. } => self.all_of(&conjuncts(condition), mode),
            ConditionKind::Not { inner } => {
                let inner = self.decide(inner, mode.flip())?;
                Ok(inner.into_iter().map(|holds| !holds).collect())
            }
            ConditionKind::Comparison { op, left, right } => {
                self.comparison(*op, left, right, mode)
            }
            ConditionKind::Exists { var, body } => self.exists(var, body, mode),
            ConditionKind::Since { left, within, right } => {
                self.since(condition, left, within, right, mode)
            }
            _ => {
                let parts = self.pass.parts(condition, mode)?;
                self.holds(parts)
            }
        }
    }

    fn all_of(&mut self, all: &[&Condition], mode: Mode) -> Result<Vec<bool>, NotCompiled> {
        let mut so_far = vec![true; self.points.at.len()];
        for condition in all {
            let holds = self.decide(condition, mode)?;
            so_far.iter_mut().zip(holds).for_each(|(all, holds)| *all &= holds);
        }
        Ok(so_far)
    }

    fn exists(
        &mut self,
        var: &TypedBinder,
        body: &Condition,
        mode: Mode,
    ) -> Result<Vec<bool>, NotCompiled> {
        let depth = self.pass.depth();
        let own = self.pass.bind(var.name());
        let all = conjuncts(body);
        let rest = self.pass.take_alias(var.name(), own, &all);
        let is_alias = rest.len() < all.len();
        let with = |c: &&Condition| !is_alias && mentions(c, var.name());
        let (with, independent): (Vec<&Condition>, Vec<&Condition>) =
            rest.into_iter().partition(with);
        let mut found = match with.is_empty() {
            true => vec![true; self.points.at.len()],
            false => {
                let parts = self.pass.conjoin(None, &with, mode)?;
                self.holds(forget(parts, Col::Var(own)))?
            }
        };
        let others = self.all_of(&independent, mode)?;
        found.iter_mut().zip(others).for_each(|(all, holds)| *all &= holds);
        self.pass.unbind(depth);
        Ok(found)
    }

    fn comparison(
        &mut self,
        op: CmpOp,
        left: &Term,
        right: &Term,
        mode: Mode,
    ) -> Result<Vec<bool>, NotCompiled> {
        let (left, right) = (self.pass.operand(left)?, self.pass.operand(right)?);
        match (left, right) {
            (Operand::Aggregate(one), Operand::Aggregate(other)) => {
                self.compare_sums(op, &one, &other, mode)
            }
            (Operand::Aggregate(agg), other) => self.compare_sum(op, &agg, &other, mode),
            (other, Operand::Aggregate(agg)) => self.compare_sum(mirrored(op), &agg, &other, mode),
            (Operand::Var(_), _) | (_, Operand::Var(_)) => Err(NotCompiled::Unbound),
            (left, right) => Ok(self.guarded(&[Guard { op, left, right }])),
        }
    }

    /// An aggregate against a value of the request, or a constant.
    fn compare_sum(
        &mut self,
        op: CmpOp,
        agg: &AggExpr,
        other: &Operand,
        mode: Mode,
    ) -> Result<Vec<bool>, NotCompiled> {
        let sums = self.bounds(op, agg, mode)?;
        let compared = (0..self.points.at.len()).map(|n| {
            let other = self.value(other, n);
            match (self.pass.long(other), op) {
                (Some(bound), _) => {
                    sums.iter().all(|sums| holds(op, clamped(self.sum(sums, n)), bound.into()))
                }
                (None, CmpOp::NotEq) => other != ABSENT,
                (None, _) => false,
            }
        });
        let mut compared: Vec<bool> = compared.collect();
        self.unless_equal_may(op, &sums, mode, &mut compared);
        Ok(compared)
    }

    fn compare_sums(
        &mut self,
        op: CmpOp,
        one: &AggExpr,
        other: &AggExpr,
        mode: Mode,
    ) -> Result<Vec<bool>, NotCompiled> {
        if !self.pass.log.is_exact() {
            return Err(NotCompiled::EqualWithoutTimes);
        }
        let (one, other) = (self.sums(one, mode)?, self.sums(other, mode)?);
        let sum = |sums: &Sums, n| clamped(self.sum(sums, n));
        Ok((0..self.points.at.len()).map(|n| holds(op, sum(&one, n), sum(&other, n))).collect())
    }

    /// The bounds of the aggregate that must all satisfy the comparison.
    fn bounds(&mut self, op: CmpOp, agg: &AggExpr, mode: Mode) -> Result<Vec<Sums>, NotCompiled> {
        match monotone(op, mode) {
            _ if self.pass.log.is_exact() => Ok(vec![self.sums(agg, mode)?]),
            Some(mode) => Ok(vec![self.sums(agg, mode)?]),
            None => Ok(vec![self.sums(agg, Mode::Must)?, self.sums(agg, Mode::May)?]),
        }
    }

    /// Where the bounds of an aggregate differ, it may equal anything between, and need not.
    fn unless_equal_may(&self, op: CmpOp, bounds: &[Sums], mode: Mode, compared: &mut [bool]) {
        let ([low, high], CmpOp::Eq | CmpOp::NotEq) = (bounds, op) else { return };
        for (n, compared) in compared.iter_mut().enumerate() {
            if self.sum(low, n) != self.sum(high, n) {
                *compared = mode == Mode::May;
            }
        }
    }

    fn sums(&mut self, agg: &AggExpr, mode: Mode) -> Result<Sums, NotCompiled> {
        let sums = self.pass.aggregate(agg, mode)?;
        if sums.iter().flat_map(|(_, _, steps)| &steps.cols).any(|c| matches!(c, Col::Var(_))) {
            return Err(NotCompiled::Unbound);
        }
        self.fetch();
        Ok(sums)
    }

    fn sum(&self, sums: &Sums, n: usize) -> i128 {
        let at = self.points.at.get(n).copied().unwrap_or_default();
        let mut key = Vec::new();
        let mut of = |(minus, guards, steps): &(bool, Vec<Guard>, Steps)| {
            if !guards.iter().all(|guard| self.guard(guard, n)) {
                return 0;
            }
            self.key(&steps.cols, n, &mut key);
            let value = steps.group(&key).map_or(0, |group| steps.value(group, at));
            if *minus { -value } else { value }
        };
        sums.iter().map(&mut of).sum()
    }

    /// Where the parts have a row, at each decision.
    fn holds(&mut self, parts: Vec<Part>) -> Result<Vec<bool>, NotCompiled> {
        self.fetch();
        if let (false, [part]) = (is_counted(&parts), parts.as_slice()) {
            return Ok(self.covered(&part.relation, &part.guards));
        }
        let count = |part: &Part| {
            let asked: Vec<Col> = part.relation.cols.iter().copied().filter(is_asked).collect();
            let steps = Steps::of(&part.relation.merged(), &asked, |_| 1);
            (part.minus, part.guards.clone(), steps)
        };
        let sums: Sums = parts.iter().map(count).collect();
        Ok((0..self.points.at.len()).map(|n| self.sum(&sums, n) > 0).collect())
    }

    fn covered(&mut self, relation: &Relation, guards: &[Guard]) -> Vec<bool> {
        let asked: Vec<Col> = relation.cols.iter().copied().filter(is_asked).collect();
        let index = Index::of(&relation.project(&asked));
        let mut covered = self.guarded(guards);
        let mut key = Vec::new();
        for (n, (holds, at)) in covered.iter_mut().zip(&self.points.at).enumerate() {
            self.key(&asked, n, &mut key);
            *holds = *holds && index.group(&key).is_some_and(|group| index.covers(group, *at));
        }
        covered
    }

    /// All of the request is known here, so that only the last event matters where the right side held.
    fn since(
        &mut self,
        whole: &Condition,
        left: &Condition,
        within: &WithinSpec,
        right: &Condition,
        mode: Mode,
    ) -> Result<Vec<bool>, NotCompiled> {
        let window = self.pass.window(within)?;
        let anchors = self.pass.parts(right, mode)?;
        let left = self.pass.lasting(left, mode)?;
        let plain = |cols: &[Col]| cols.iter().all(is_asked);
        match anchors.as_slice() {
            [part]
                if self.pass.log.ordered
                    && !part.minus
                    && plain(&part.relation.cols)
                    && left.iter().all(|l| plain(&l.cols)) =>
            {
                Ok(self.since_last(&left, window, part, mode))
            }
            _ => {
                let parts = self.pass.parts(whole, mode)?;
                self.holds(parts)
            }
        }
    }

    fn since_last(&mut self, left: &[Lasting], window: i64, right: &Part, mode: Mode) -> Vec<bool> {
        self.fetch();
        let index = Index::of(&right.relation);
        let mut all = self.guarded(&right.guards);
        let mut key = Vec::new();
        for (n, (so_far, at)) in all.iter_mut().zip(&self.points.at).enumerate() {
            self.key(&right.relation.cols, n, &mut key);
            let last = index.group(&key).and_then(|group| index.last_from(group, *at));
            let anchor = last.map(|span| (*at).min(span.to - 1));
            let anchor = anchor.filter(|anchor| {
                let same = self.pass.log.ends.get(*anchor as usize).is_some_and(|end| at < end);
                same && self.pass.log.in_window(*anchor, *at, window, mode)
            });
            *so_far = *so_far
                && anchor.is_some_and(|anchor| {
                    left.iter().all(|lasting| {
                        self.key(&lasting.cols, n, &mut key);
                        let applies = lasting.guards.iter().all(|guard| self.guard(guard, n));
                        lasting.fails_of(&key, applies, anchor + 1) > *at
                    })
                });
        }
        all
    }

    fn guarded(&mut self, guards: &[Guard]) -> Vec<bool> {
        self.fetch();
        (0..self.points.at.len()).map(|n| guards.iter().all(|g| self.guard(g, n))).collect()
    }

    fn guard(&self, guard: &Guard, n: usize) -> bool {
        let (left, right) = (self.value(&guard.left, n), self.value(&guard.right, n));
        self.pass.compare_known(guard.op, left, right)
    }

    fn value(&self, operand: &Operand, n: usize) -> ValueId {
        match operand {
            Operand::Constant(value) => *value,
            Operand::Asked(asked) => self.asked(*asked, n),
            Operand::Var(_) | Operand::Aggregate(_) | Operand::Anything => ABSENT,
        }
    }

    fn asked(&self, asked: u32, n: usize) -> ValueId {
        self.columns.get(asked as usize).and_then(|c| c.get(n)).copied().unwrap_or(ABSENT)
    }

    /// What the request holds in some columns.
    fn key(&self, cols: &[Col], n: usize, into: &mut Vec<ValueId>) {
        into.clear();
        into.extend(cols.iter().map(|col| match col {
            Col::Asked(asked) => self.asked(*asked, n),
            Col::Var(_) => ABSENT,
        }));
    }

    /// Looks up what is asked and was not before.
    fn fetch(&mut self) {
        for at in self.columns.len()..self.pass.asked.len() {
            let Some(asked) = self.pass.asked.get(at).cloned() else { break };
            let column = match &asked {
                Asked::Context(path) => self.context(path),
                Asked::Scope(path) => self.scope(path),
            };
            self.columns.push(column);
        }
    }

    fn context(&self, path: &Path) -> Vec<ValueId> {
        let mut column = Vec::with_capacity(self.points.at.len());
        for kind in self.points.kinds.iter().filter_map(|k| self.pass.log.kinds.get(*k)) {
            let end = column.len() + kind.decisions.at.len();
            column.extend(kind.decisions.context.get(path).into_iter().flatten());
            column.resize(end, ABSENT);
        }
        column
    }

    fn scope(&mut self, path: &Path) -> Vec<ValueId> {
        let Some((root, attribute)) = path.split_first() else { return Vec::new() };
        let log = self.pass.log;
        let mut column = Vec::with_capacity(self.points.at.len());
        for kind in self.points.kinds.iter().filter_map(|k| log.kinds.get(*k)) {
            let decisions = &kind.decisions;
            let of = match root.as_str() {
                "principal" => &decisions.principal,
                _ => &decisions.resource,
            };
            let said = decisions.scope.get(path);
            for (n, entity) in of.iter().enumerate() {
                let said = said.and_then(|column| column.get(n)).copied().unwrap_or(ABSENT);
                column.push(match (attribute, said) {
                    ([], _) => *entity,
                    (_, ABSENT) => self.attribute(*entity, attribute),
                    (_, said) => said,
                });
            }
        }
        column
    }

    /// An attribute of an entity; `id` and `type` are of its name where it has none such.
    fn attribute(&mut self, entity: ValueId, path: &[String]) -> ValueId {
        let Some(Item::Entity { ty, id }) = self.pass.item(entity).cloned() else { return ABSENT };
        let of_name = || match path {
            [one] if one == "id" => Some(Value::String(id.to_string())),
            [one] if one == "type" => Some(Value::String(ty.to_string())),
            _ => None,
        };
        let value = (self.attributes)(&ty, &id, path).or_else(of_name);
        value.map_or(ABSENT, |value| self.pass.constant(&value))
    }
}

fn is_asked(col: &Col) -> bool {
    matches!(col, Col::Asked(_))
}

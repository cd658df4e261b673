//! Turns a condition over the past into a relation, in one pass over the events.
//!
//! What a predicate matches is a row at the event; `formerly` makes rows last, `since` ends them where its
//! left side fails, `&&` joins, `!` cuts out. What the condition asks of the request that is decided is a
//! column like others, and only looked up at the decision. Where a negation asks something of the request
//! that the rest does not, its rows are counted against the others (a [`Part`] with `minus`). Not here: the
//! truth at decisions (`decide`).

use super::NotCompiled;
use super::condition::{conjuncts, is_positive, mentions};
use super::log::{EventLog, Kind, Path};
use super::part::{Part, forget, is_counted};
use super::relation::{Col, Relation, Span};
use super::steps::Steps;
use super::terms::{Guard, Operand, compare};
use super::time::Mode;
use super::values::{ABSENT, Item, ValueId, Values};
use dogwood_language::Value;
use dogwood_language::temporal_ast::{
    AggExpr, AggExprKind, CmpOp, Condition, ConditionKind, Predicate, Term, TypedBinder, WithinSpec,
};
use std::collections::{HashMap, HashSet};

/// A pass may make so many rows for each event.
const ROWS_AN_EVENT: usize = 32;
const MOST_ROWS: usize = 1 << 26;
const FEW_ROWS: usize = 1 << 20;

/// What a condition asks of the request that is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Below `context`.
    Context(Path),
    /// `principal` or `resource`, or something of it.
    Scope(Path),
}

/// A pass over the events of a log, for one condition.
pub(super) struct Pass<'l> {
    pub(super) log: &'l EventLog,
    pub(super) asked: Vec<Asked>,
    /// The values that only the condition holds.
    extra: Values,
    /// The variables in scope, the innermost last.
    scope: Vec<(String, u32)>,
    /// Those that nothing binds, which are the same everywhere.
    unbound: HashMap<String, u32>,
    variables: u32,
    /// Those that hold positions.
    pub(super) positions: HashSet<u32>,
    /// Those that stand for an aggregate.
    aliases: HashMap<u32, AggExpr>,
    limit: usize,
}

impl<'l> Pass<'l> {
    pub(super) fn new(log: &'l EventLog) -> Self {
        Pass {
            log,
            asked: Vec::new(),
            extra: Values::default(),
            scope: Vec::new(),
            unbound: HashMap::new(),
            variables: 0,
            positions: HashSet::new(),
            aliases: HashMap::new(),
            limit: (log.len() as usize * ROWS_AN_EVENT).clamp(FEW_ROWS, MOST_ROWS),
        }
    }

    /// Where `condition` holds, of which values.
    pub(super) fn parts(
        &mut self,
        condition: &Condition,
        mode: Mode,
    ) -> Result<Vec<Part>, NotCompiled> {
        match &condition.kind {
            ConditionKind::Predicate(predicate) => Ok(vec![Part::of(self.predicate(predicate)?)]),
            ConditionKind::Formerly { within, body } => {
                let (window, body) = (self.window(within)?, self.parts(body, mode)?);
                let dilated = |part: Part| {
                    let relation = self.log.dilated(&part.relation, window, mode)?;
                    Ok(Part { relation, ..part })
                };
                self.each_at_its_event(body)?.into_iter().map(dilated).collect()
            }
            ConditionKind::Previous { within, body } => {
                let (window, body) = (self.window(within)?, self.parts(body, mode)?);
                let shifted = |part: Part| Part {
                    relation: self.log.shifted(&part.relation, window, mode),
                    ..part
                };
                Ok(body.into_iter().map(shifted).collect())
            }
            ConditionKind::Since { left, within, right } => {
                let (window, right) = (self.window(within)?, self.parts(right, mode)?);
                let right = self.each_at_its_event(right)?;
                let left = self.lasting(left, mode)?;
                right.into_iter().map(|part| self.since(&left, window, part, mode)).collect()
            }
            ConditionKind::Exists { var, body } => self.exists(var, body, mode),
            ConditionKind::And { .. }
            | ConditionKind::Not { .. }
            | ConditionKind::Comparison { .. }
            | ConditionKind::Tp { .. } => self.conjoin(None, &conjuncts(condition), mode),
            ConditionKind::Or { .. } => Err(NotCompiled::Disjunction),
            ConditionKind::Call(_)
            | ConditionKind::SigilRef { .. }
            | ConditionKind::Refine { .. } => Err(NotCompiled::NotExpanded),
        }
    }

    /// The rows of `before` where all of `conditions` hold too.
    pub(super) fn conjoin(
        &mut self,
        before: Option<Vec<Part>>,
        conditions: &[&Condition],
        mode: Mode,
    ) -> Result<Vec<Part>, NotCompiled> {
        let mut parts = before;
        for condition in conditions.iter().filter(|c| is_positive(c)) {
            let of = self.parts(condition, mode)?;
            parts = Some(match parts {
                None => of,
                Some(parts) => self.join_all(&parts, &of)?,
            });
        }
        let mut parts = parts.unwrap_or_else(|| vec![Part::of(self.everywhere())]);
        for condition in conditions {
            if let ConditionKind::Tp { var } = &condition.kind {
                let var = self.variable(var.name());
                self.positions.insert(var);
                parts = self.at_position(parts, Col::Var(var))?;
            }
        }
        let comparisons = conditions.iter().filter_map(|c| match &c.kind {
            ConditionKind::Comparison { op, left, right } => Some((*op, left, right)),
            _ => None,
        });
        // What binds a variable comes before what only reads it.
        let mut waiting: Vec<_> = comparisons.collect();
        while !waiting.is_empty() {
            let ready = waiting.iter().position(|(_, l, r)| self.is_ready(&parts, l, r));
            let (op, left, right) = waiting.remove(ready.unwrap_or_default());
            parts = self.compare_all(parts, op, left, right, mode)?;
        }
        for condition in conditions {
            if let ConditionKind::Not { inner } = &condition.kind {
                parts = self.without_all(parts, inner, mode)?;
            }
        }
        Ok(parts)
    }

    /// One row: always.
    fn everywhere(&self) -> Relation {
        let mut all = Relation::new(Vec::new());
        for start in &self.log.starts {
            let to = self.log.ends.get(*start as usize).copied().unwrap_or_default();
            all.push(&[], Span { from: *start, to });
        }
        all
    }

    fn predicate(&mut self, predicate: &Predicate) -> Result<Relation, NotCompiled> {
        let args: Vec<(Path, &Term)> = predicate
            .args
            .iter()
            .map(|arg| (arg.field_path(), &arg.value))
            .filter(|(path, _)| !self.log.pins.contains(path))
            .collect();
        let mut tests = Vec::new();
        for (path, term) in args {
            tests.push((path, self.operand(term)?));
        }
        let cols = tests.iter().filter_map(|(_, operand)| operand.col()).collect();
        let mut rows = Relation::new(cols);
        let kind = self.log.kind_of(&predicate.namespace, &predicate.action, &predicate.kind);
        if let Some(kind) = kind {
            matches(kind, &tests, &mut rows);
        }
        Ok(rows)
    }

    fn exists(
        &mut self,
        var: &TypedBinder,
        body: &Condition,
        mode: Mode,
    ) -> Result<Vec<Part>, NotCompiled> {
        let depth = self.scope.len();
        let own = self.bind(var.name());
        let all = conjuncts(body);
        let rest = self.take_alias(var.name(), own, &all);
        let (with, independent): (Vec<&Condition>, Vec<&Condition>) =
            rest.into_iter().partition(|c| mentions(c, var.name()));
        let found = if with.is_empty() { None } else { Some(self.conjoin(None, &with, mode)?) };
        let found = found.map(|parts| forget(parts, Col::Var(own)));
        let found = self.conjoin(found, &independent, mode);
        self.scope.truncate(depth);
        found
    }

    /// Where the variable is only another name for an aggregate, that is what it becomes; gives the
    /// conditions that are left.
    pub(super) fn take_alias<'c>(
        &mut self,
        name: &str,
        var: u32,
        conditions: &[&'c Condition],
    ) -> Vec<&'c Condition> {
        let binds = |c: &Condition| match &c.kind {
            ConditionKind::Comparison { op: CmpOp::Eq, left, right } => match (left, right) {
                (Term::Agg(agg), Term::Var(v)) | (Term::Var(v), Term::Agg(agg)) if v == name => {
                    Some((**agg).clone())
                }
                _ => None,
            },
            _ => None,
        };
        let found = conditions.iter().enumerate().find_map(|(at, c)| Some((at, binds(c)?)));
        let only_compared = |c: &&Condition| {
            !mentions(c, name) || matches!(c.kind, ConditionKind::Comparison { .. })
        };
        match found {
            Some((at, agg)) if conditions.iter().all(only_compared) => {
                self.aliases.insert(var, agg);
                let others = conditions.iter().enumerate().filter(|(other, _)| *other != at);
                others.map(|(_, c)| *c).collect()
            }
            Some(_) | None => conditions.to_vec(),
        }
    }

    /// Parts that are counted against each other are told apart by their events, before rows last.
    fn each_at_its_event(&mut self, parts: Vec<Part>) -> Result<Vec<Part>, NotCompiled> {
        if !is_counted(&parts) {
            return Ok(parts);
        }
        self.variables += 1;
        let hidden = self.variables;
        self.positions.insert(hidden);
        self.at_position(parts, Col::Var(hidden))
    }

    /// Each row at each of its positions, which a column says.
    fn at_position(&self, parts: Vec<Part>, col: Col) -> Result<Vec<Part>, NotCompiled> {
        let at = |part: Part| {
            let relation = &part.relation;
            let points: u64 = relation.spans.iter().map(|s| u64::from(s.to - s.from)).sum();
            if points > self.limit as u64 {
                return Err(NotCompiled::TooLarge);
            }
            let mut split = Relation::new(relation.cols.clone());
            for (row, span) in relation.spans.iter().enumerate() {
                for from in span.from..span.to {
                    split.push(relation.key(row), Span { from, to: from + 1 });
                }
            }
            let relation = match relation.column(col) {
                Some(place) => split.filter(|key, span| key.get(place).copied() == Some(span.from)),
                None => {
                    let mut with = split.extend(col, |_, span| span.from);
                    with.by = relation.is_unit.then_some(col);
                    with
                }
            };
            Ok(Part { relation, ..part })
        };
        parts.into_iter().map(at).collect()
    }

    fn join_all(&self, some: &[Part], others: &[Part]) -> Result<Vec<Part>, NotCompiled> {
        let counted = is_counted(some) || is_counted(others);
        let once = |parts: &[Part]| match counted {
            true => parts.iter().map(Part::merged).collect(),
            false => parts.to_vec(),
        };
        let (some, others): (Vec<Part>, Vec<Part>) = (once(some), once(others));
        let pairs = some.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
        pairs.map(|(one, other)| self.join(one, other)).collect()
    }

    /// The rows of both parts that agree.
    pub(super) fn join(&self, one: &Part, other: &Part) -> Result<Part, NotCompiled> {
        let relation = one.relation.join(&other.relation, self.limit);
        Ok(Part {
            minus: one.minus != other.minus,
            guards: one.guards.iter().chain(&other.guards).cloned().collect(),
            relation: relation.ok_or(NotCompiled::TooLarge)?,
        })
    }

    /// The rows of all parts for which `inner` does not hold.
    fn without_all(
        &mut self,
        parts: Vec<Part>,
        inner: &Condition,
        mode: Mode,
    ) -> Result<Vec<Part>, NotCompiled> {
        let mut left = Vec::new();
        for part in parts {
            let holds = self.conjoin(Some(vec![part.plus()]), &conjuncts(inner), mode.flip())?;
            left.extend(self.without(part, holds)?);
        }
        Ok(left)
    }

    /// `part` without the rows of it for which `holds` has rows.
    pub(super) fn without(&self, part: Part, holds: Vec<Part>) -> Result<Vec<Part>, NotCompiled> {
        let is_own = |col: &Col| matches!(col, Col::Asked(_)) || part.relation.cols.contains(col);
        let alone = holds.len() == 1;
        let mut against = Vec::new();
        for other in holds {
            let own: Vec<Col> = other.relation.cols.iter().copied().filter(is_own).collect();
            let foreign = own.len() < other.relation.cols.len();
            if foreign && !alone {
                return Err(NotCompiled::CountedNegation);
            }
            let relation = other.relation.project(&own);
            against.push(Part { relation, ..other });
        }
        match against.as_slice() {
            [one] if one.guards == part.guards && one.relation.cols == part.relation.cols => {
                Ok(vec![Part { relation: part.relation.without(&one.relation), ..part }])
            }
            _ => {
                let minus = part.minus;
                let against = against.iter().map(Part::merged);
                let against = against.map(|p| Part { minus: p.minus == minus, ..p });
                Ok(std::iter::once(part.merged()).chain(against).collect())
            }
        }
    }

    /// What an aggregate adds up to: for each part, what must be so of the request, and the sums.
    pub(super) fn aggregate(
        &mut self,
        agg: &AggExpr,
        mode: Mode,
    ) -> Result<Vec<(bool, Vec<Guard>, Steps)>, NotCompiled> {
        let (summed, for_vars, body) = match &agg.kind {
            AggExprKind::Sum { bound_var, for_vars, body } => (Some(bound_var), for_vars, body),
            AggExprKind::Count { for_vars, body } => (None, for_vars, body),
            AggExprKind::Call(_) => return Err(NotCompiled::NotExpanded),
        };
        let depth = self.scope.len();
        let outer: Vec<u32> = self.scope.iter().map(|(_, var)| *var).collect();
        let own: Vec<u32> = for_vars.iter().map(|var| self.bind(var.name())).collect();
        let summed = summed.map(|slot| self.variable(slot.name()));
        let parts = self.conjoin(None, &conjuncts(body), mode);
        self.scope.truncate(depth);
        let parts = parts?;
        let counted = is_counted(&parts);
        let mut all = Vec::new();
        for part in parts {
            let of = |col: &Col| match col {
                Col::Asked(_) => true,
                Col::Var(v) => own.contains(v) || outer.contains(v),
            };
            let kept: Vec<Col> = part.relation.cols.iter().copied().filter(of).collect();
            if counted && kept.len() < part.relation.cols.len() {
                return Err(NotCompiled::CountedNegation);
            }
            let relation = part.relation.project(&kept).merged();
            let groups = kept.into_iter().filter(|col| match col {
                Col::Asked(_) => true,
                Col::Var(v) => !own.contains(v),
            });
            let groups: Vec<Col> = groups.collect();
            let weight = self.weight(&relation, summed)?;
            let steps = Steps::of(&relation, &groups, weight);
            all.push((part.minus, part.guards, steps));
        }
        Ok(all)
    }

    /// What a row counts for.
    fn weight<'r>(
        &'r self,
        relation: &'r Relation,
        summed: Option<u32>,
    ) -> Result<impl Fn(usize) -> i128 + 'r, NotCompiled> {
        let column = summed.map(|var| relation.column(Col::Var(var)));
        let weight = move |row: usize| match column {
            None => 1,
            Some(column) => {
                let value = column.and_then(|c| relation.key(row).get(c).copied());
                value.and_then(|v| self.long(v)).map_or(0, i128::from)
            }
        };
        // Without times, the sum of what must be and of what may be are only bounds if all adds up.
        if !self.log.is_exact() && (0..relation.len()).any(|row| weight(row) < 0) {
            return Err(NotCompiled::NegativeWithoutTimes);
        }
        Ok(weight)
    }

    /// What a term stands for.
    pub(super) fn operand(&mut self, term: &Term) -> Result<Operand, NotCompiled> {
        let constant = |pass: &mut Self, value: &Value| Ok(Operand::Constant(pass.constant(value)));
        match term {
            Term::Integer(n) => constant(self, &Value::Int(*n)),
            Term::String(text) => constant(self, &Value::String(text.clone())),
            Term::Bool(b) => constant(self, &Value::Bool(*b)),
            Term::Decimal(text) => constant(self, &Value::Decimal(text.clone())),
            Term::Entity { ty, id } => {
                constant(self, &Value::Entity { ty: ty.clone(), id: id.clone() })
            }
            Term::ContextField(path) => Ok(self.ask(Asked::Context(path.clone()))),
            Term::ScopeField(path) => Ok(self.ask(Asked::Scope(path.clone()))),
            Term::Var(name) => {
                let var = self.variable(name);
                match self.aliases.get(&var) {
                    Some(agg) => Ok(Operand::Aggregate(Box::new(agg.clone()))),
                    None => Ok(Operand::Var(var)),
                }
            }
            Term::Wildcard => Ok(Operand::Anything),
            Term::Agg(agg) => Ok(Operand::Aggregate(agg.clone())),
            Term::Array(_) | Term::Arith { .. } => Err(NotCompiled::Term),
            Term::ParamRef(_) | Term::BinderRef(_) => Err(NotCompiled::NotExpanded),
        }
    }

    fn ask(&mut self, what: Asked) -> Operand {
        let known = self.asked.iter().position(|other| *other == what);
        let at = known.unwrap_or_else(|| {
            self.asked.push(what);
            self.asked.len() - 1
        });
        Operand::Asked(at as u32)
    }

    pub(super) fn constant(&mut self, value: &Value) -> ValueId {
        let known = self.log.values.get(value);
        known.unwrap_or_else(|| self.log.values.len() as u32 + self.extra.intern(value))
    }

    pub(super) fn long(&self, id: ValueId) -> Option<i64> {
        match id.checked_sub(self.log.values.len() as u32) {
            None | Some(0) => self.log.values.long(id),
            Some(extra) => self.extra.long(extra),
        }
    }

    pub(super) fn item(&self, id: ValueId) -> Option<&Item> {
        match id.checked_sub(self.log.values.len() as u32) {
            None | Some(0) => self.log.values.item(id),
            Some(extra) => self.extra.item(extra),
        }
    }

    /// Brings a variable into scope.
    pub(super) fn bind(&mut self, name: &str) -> u32 {
        self.variables += 1;
        self.scope.push((name.to_owned(), self.variables));
        self.variables
    }

    /// Takes the variables out of scope that came after the first `depth`.
    pub(super) fn unbind(&mut self, depth: usize) {
        self.scope.truncate(depth);
    }

    /// How many variables are in scope.
    pub(super) fn depth(&self) -> usize {
        self.scope.len()
    }

    fn variable(&mut self, name: &str) -> u32 {
        let known = self.scope.iter().rev().find(|(other, _)| other == name).map(|(_, var)| *var);
        known.or_else(|| self.unbound.get(name).copied()).unwrap_or_else(|| {
            self.variables += 1;
            self.unbound.insert(name.to_owned(), self.variables);
            self.variables
        })
    }

    pub(super) fn window(&self, within: &WithinSpec) -> Result<i64, NotCompiled> {
        match within {
            WithinSpec::Concrete(interval) => Ok(interval.seconds().saturating_mul(self.log.ticks)),
            WithinSpec::ParamRef(_) => Err(NotCompiled::NotExpanded),
        }
    }
}

/// The events that match: a row each.
fn matches(kind: &Kind, tests: &[(Path, Operand)], rows: &mut Relation) {
    let mut columns = Vec::new();
    for (path, operand) in tests {
        let Some(column) = kind.fields.get(path) else { return };
        let to = operand.col().and_then(|col| rows.column(col));
        columns.push((column, operand, to));
    }
    let mut key = vec![ABSENT; rows.cols.len()];
    'events: for (n, position) in kind.events.iter().enumerate() {
        key.fill(ABSENT);
        for (column, operand, to) in &columns {
            let value = column.get(n).copied().unwrap_or(ABSENT);
            let wrong = match operand {
                Operand::Constant(constant) => value != *constant,
                _ => match to.and_then(|to| key.get_mut(to)) {
                    None => false,
                    Some(cell) if *cell == ABSENT => {
                        *cell = value;
                        false
                    }
                    Some(cell) => *cell != value,
                },
            };
            if value == ABSENT || wrong {
                continue 'events;
            }
        }
        rows.push(&key, Span { from: *position, to: *position + 1 });
    }
    rows.is_unit = true;
}

/// Whether the comparison is of what is known, so that the outcome is.
pub(super) fn holds(op: CmpOp, value: i128, other: i128) -> bool {
    compare(op, value.cmp(&other))
}

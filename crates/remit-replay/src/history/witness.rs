//! Which earlier steps make a condition over history hold, or how far it is from holding.
//!
//! This looks at one decision, back over its history, and is made for who reads: of each part of the
//! condition it tells the last event that counts, or all events that are counted. Not here: the truth
//! of the condition, which the batch engine knows.

use super::condition::conjuncts;
use super::decide::Attributes;
use super::log::{EventLog, Path, Position};
use super::values::{ABSENT, Item, ValueId};
use dogwood_language::Value;
use dogwood_language::temporal_ast::{
    AggExpr, AggExprKind, CmpOp, Condition, ConditionKind, Predicate, Term, WithinSpec,
};

/// So many steps are told of a count.
const MOST_STEPS: usize = 50;

/// What one part of a condition found in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The earlier steps that count, the last one last.
    pub steps: Vec<u32>,
    /// What they are, or what is missing, for people.
    pub words: String,
}

/// One decision, and what is known at it.
pub(super) struct Look<'l> {
    pub(super) log: &'l EventLog,
    pub(super) at: Position,
    pub(super) attributes: &'l Attributes<'l>,
}

impl Look<'_> {
    /// What the parts of `condition` found, in its order.
    pub(super) fn witnesses(&self, condition: &Condition) -> Vec<Witness> {
        let mut all = Vec::new();
        for part in conjuncts(condition) {
            match &part.kind {
                ConditionKind::Not { inner } => all.extend(self.witnesses(inner)),
                ConditionKind::Exists { body, .. } => all.extend(self.witnesses(body)),
                ConditionKind::Formerly { within, body } => {
                    all.extend(predicates(body).map(|p| self.last(p, within)));
                }
                ConditionKind::Previous { within, body } => {
                    all.extend(predicates(body).map(|p| self.before(p, within)));
                }
                ConditionKind::Since { left, within, right } => {
                    all.extend(predicates(right).map(|p| self.last(p, within)));
                    all.extend(predicates(left).map(|p| self.last(p, within)));
                }
                ConditionKind::Comparison { op, left, right } => {
                    all.extend(self.comparison(*op, left, right));
                }
                _ => {}
            }
        }
        all
    }

    fn last(&self, predicate: &Predicate, within: &WithinSpec) -> Witness {
        let what = name(predicate);
        let window = self.window(within);
        match self.matching(predicate).last() {
            None => Witness { steps: Vec::new(), words: format!("there is no {what} before") },
            Some(at) => {
                let step = self.step(*at);
                let elapsed = self.elapsed(*at);
                let words = match elapsed.checked_sub(window).filter(|over| *over > 0) {
                    Some(over) if self.log.is_exact() => {
                        format!("{what} at step {step}: the window is over by {}", self.span(over))
                    }
                    _ if self.log.is_exact() => {
                        format!("{what} at step {step}, {} before", self.span(elapsed))
                    }
                    _ => format!("{what} at step {step}; nobody recorded when"),
                };
                Witness { steps: vec![step], words }
            }
        }
    }

    /// The event just before.
    fn before(&self, predicate: &Predicate, within: &WithinSpec) -> Witness {
        let what = name(predicate);
        let start = self
            .at
            .checked_sub(1)
            .filter(|at| self.log.ends.get(*at as usize) == self.log.ends.get(self.at as usize));
        match start.filter(|before| self.matching(predicate).contains(before)) {
            Some(_) => self.last(predicate, within),
            None => Witness {
                steps: Vec::new(),
                words: format!("the event just before is no such {what}"),
            },
        }
    }

    fn comparison(&self, op: CmpOp, left: &Term, right: &Term) -> Option<Witness> {
        let (agg, bound): (&AggExpr, &Term) = match (left, right) {
            (Term::Agg(agg), bound) | (bound, Term::Agg(agg)) => (agg, bound),
            _ => return None,
        };
        let (summed, body) = match &agg.kind {
            AggExprKind::Count { body, .. } => (None, body),
            AggExprKind::Sum { body, bound_var, .. } => (Some(bound_var.name()), body),
            AggExprKind::Call(_) => return None,
        };
        let ConditionKind::Formerly { within, body } = &conjuncts(body).first()?.kind else {
            return None;
        };
        let predicate = predicates(body).next()?;
        let window = self.window(within);
        let counted: Vec<Position> =
            self.matching(predicate).into_iter().filter(|at| self.elapsed(*at) <= window).collect();
        let what = name(predicate);
        let bound = match bound {
            Term::Integer(n) => format!(", compared by `{}` with {n}", sign(op)),
            _ => String::new(),
        };
        let words = match summed.and_then(|var| self.sum(predicate, var, &counted)) {
            Some(total) => format!("{what}: {total} in {} events{bound}", counted.len()),
            None => format!("{what}: {} counted{bound}", counted.len()),
        };
        let first = counted.len().saturating_sub(MOST_STEPS);
        let steps = counted.iter().skip(first).map(|at| self.step(*at)).collect();
        Some(Witness { steps, words })
    }

    fn sum(&self, predicate: &Predicate, var: &str, counted: &[Position]) -> Option<i64> {
        let is_var = |term: &Term| matches!(term, Term::Var(name) if name == var);
        let path = predicate.args.iter().find(|arg| is_var(&arg.value))?.field_path();
        let values = counted.iter().filter_map(|at| self.log.values.long(self.field(*at, &path)));
        Some(values.fold(0, i64::saturating_add))
    }

    /// The events up to now that a predicate matches, whatever its variables are.
    fn matching(&self, predicate: &Predicate) -> Vec<Position> {
        let kind = self.log.kind_of(&predicate.namespace, &predicate.action, &predicate.kind);
        let end = self.log.ends.get(self.at as usize);
        let own = |at: &Position| *at <= self.at && self.log.ends.get(*at as usize) == end;
        let args = predicate.args.iter().map(|arg| (arg.field_path(), &arg.value));
        let args: Vec<(Path, &Term)> =
            args.filter(|(path, _)| !self.log.pins.contains(path)).collect();
        let fits = |at: &Position| {
            args.iter().all(|(path, term)| {
                let field = self.field(*at, path);
                field != ABSENT && self.value(term).is_none_or(|wanted| wanted == field)
            })
        };
        let events = kind.into_iter().flat_map(|kind| kind.events.iter().copied());
        events.filter(own).filter(fits).collect()
    }

    fn field(&self, at: Position, path: &Path) -> ValueId {
        let place = self.log.places.get(at as usize);
        let column = place.and_then(|(kind, row)| {
            let kind = self.log.kinds.get(*kind as usize)?;
            kind.fields.get(path)?.get(*row as usize).copied()
        });
        column.unwrap_or(ABSENT)
    }

    /// What a term is at this decision; nothing if it may be anything.
    fn value(&self, term: &Term) -> Option<ValueId> {
        let constant = |value: Value| Some(self.log.values.get(&value).unwrap_or(ValueId::MAX));
        match term {
            Term::Integer(n) => constant(Value::Int(*n)),
            Term::String(text) => constant(Value::String(text.clone())),
            Term::Bool(b) => constant(Value::Bool(*b)),
            Term::Decimal(text) => constant(Value::Decimal(text.clone())),
            Term::Entity { ty, id } => constant(Value::Entity { ty: ty.clone(), id: id.clone() }),
            Term::ContextField(path) => Some(self.context(path).unwrap_or(ValueId::MAX)),
            Term::ScopeField(path) => Some(self.scope(path).unwrap_or(ValueId::MAX)),
            Term::Var(_)
            | Term::Wildcard
            | Term::Array(_)
            | Term::Agg(_)
            | Term::Arith { .. }
            | Term::ParamRef(_)
            | Term::BinderRef(_) => None,
        }
    }

    fn decision(&self) -> Option<(&super::log::Decisions, usize)> {
        let (kind, _) = self.log.places.get(self.at as usize)?;
        let decisions = &self.log.kinds.get(*kind as usize)?.decisions;
        Some((decisions, decisions.at.binary_search(&self.at).ok()?))
    }

    fn context(&self, path: &Path) -> Option<ValueId> {
        let (decisions, n) = self.decision()?;
        decisions.context.get(path)?.get(n).copied().filter(|value| *value != ABSENT)
    }

    fn scope(&self, path: &Path) -> Option<ValueId> {
        let (decisions, n) = self.decision()?;
        let (root, attribute) = path.split_first()?;
        let of = if root == "principal" { &decisions.principal } else { &decisions.resource };
        let entity = of.get(n).copied()?;
        let Some(Item::Entity { ty, id }) = self.log.values.item(entity) else { return None };
        if attribute.is_empty() {
            return Some(entity);
        }
        let of_name = || match attribute {
            [one] if one == "id" => Some(Value::String(id.to_string())),
            [one] if one == "type" => Some(Value::String(ty.to_string())),
            _ => None,
        };
        self.log.values.get(&(self.attributes)(ty, id, attribute).or_else(of_name)?)
    }

    fn step(&self, at: Position) -> u32 {
        self.log.steps.get(at as usize).copied().unwrap_or_default()
    }

    fn elapsed(&self, at: Position) -> i64 {
        let time = |at: Position| self.log.earliest.get(at as usize).copied().unwrap_or_default();
        time(self.at).saturating_sub(time(at))
    }

    fn window(&self, within: &WithinSpec) -> i64 {
        match within {
            WithinSpec::Concrete(interval) => interval.seconds().saturating_mul(self.log.ticks),
            WithinSpec::ParamRef(_) => i64::MAX,
        }
    }

    fn span(&self, ticks: i64) -> String {
        let seconds = ticks / self.log.ticks.max(1);
        match seconds {
            0..120 => format!("{seconds} s"),
            120..7200 => format!("{} min", seconds / 60),
            _ => format!("{} h", seconds / 3600),
        }
    }
}

/// The predicates of a condition that must match, or must not, at one event.
fn predicates(condition: &Condition) -> impl Iterator<Item = &Predicate> {
    let mut found = Vec::new();
    let mut left = vec![condition];
    while let Some(next) = left.pop() {
        match &next.kind {
            ConditionKind::Predicate(predicate) => found.push(predicate),
            ConditionKind::And { left: a, right: b } => left.extend([&**b, &**a]),
            ConditionKind::Not { inner } => left.push(inner),
            _ => {}
        }
    }
    found.into_iter()
}

fn name(predicate: &Predicate) -> String {
    let what = match predicate.kind.as_str() {
        "request" => "call of",
        "response" => "result of",
        "error" => "failure of",
        other => other,
    };
    format!("{what} `{}`", predicate.action)
}

fn sign(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Le => "<=",
        CmpOp::Lt => "<",
        CmpOp::Ge => ">=",
        CmpOp::Gt => ">",
        CmpOp::Eq => "==",
        CmpOp::NotEq => "!=",
    }
}

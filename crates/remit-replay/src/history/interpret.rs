//! Dogwood's own interpreter over the events of a log: what the batch engine is checked against, and what
//! decides the conditions that it does not compile.
//!
//! The interpreter looks back from each decision over all that came before, so that its time grows with the
//! square of a history's length. It takes one time for each event: where there are two, it is not asked.

use super::log::{EventLog, Path, Position};
use super::values::{ABSENT, Values};
use super::{Attributes, Item};
use dogwood_language::temporal_ast::{
    AggExpr, AggExprKind, Condition, ConditionKind, Interval, Term, TimeUnit, WithinSpec,
};
use dogwood_language::{Event, InMemoryTemporalEngine, TemporalEngine, TemporalField, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A condition, ready to be asked.
pub(crate) struct Interpreter {
    leaf: TemporalField,
    schema: dogwood_language::cedar::Schema,
    /// The attributes of `principal` and of `resource` that it asks for.
    asked: BTreeSet<(String, String)>,
}

impl Interpreter {
    /// For the condition of a leaf.
    pub(crate) fn new(field: &TemporalField, log: &EventLog) -> Option<Self> {
        let mut leaf = field.clone();
        let mut asked = BTreeSet::new();
        prepare(&mut leaf.condition.condition, log, &mut asked);
        let schema = dogwood_language::cedar::Schema::from_schema_fragments([]).ok()?;
        Some(Interpreter { leaf, schema, asked })
    }

    /// Whether it holds at each decision of the history that begins at `start`, by position.
    ///
    /// # Errors
    /// The interpreter's own words.
    pub(crate) fn history(
        &self,
        log: &EventLog,
        start: Position,
        attributes: &Attributes<'_>,
    ) -> Result<BTreeMap<Position, bool>, String> {
        let mut engine = InMemoryTemporalEngine::new();
        let leaf = std::slice::from_ref(&self.leaf);
        engine.prepare(leaf, &self.schema, &[]).map_err(|error| error.to_string())?;
        let end = log.ends.get(start as usize).copied().unwrap_or_default();
        let mut truths = BTreeMap::new();
        for position in start..end {
            let Some((event, decides)) = self.event(log, position, attributes) else { continue };
            engine.observe(&event);
            if decides {
                let holds = engine.evaluate()?.values().next().copied().unwrap_or_default();
                truths.insert(position, holds);
            }
        }
        Ok(truths)
    }

    /// The event at a position, as Dogwood has it, and whether something is decided there.
    fn event(
        &self,
        log: &EventLog,
        position: Position,
        attributes: &Attributes<'_>,
    ) -> Option<(Event, bool)> {
        let (kind, row) = *log.places.get(position as usize)?;
        let kind = log.kinds.get(kind as usize)?;
        let namespace: Vec<&str> = kind.namespace.iter().map(String::as_str).collect();
        let time = log.earliest.get(position as usize).copied()?;
        let mut event = Event::builder_for(&namespace, &kind.action, &kind.kind).timestamp(time);
        for (name, value) in tree(&log.values, &kind.fields, row as usize) {
            event = event.logged_field(&name, value);
        }
        let Ok(decision) = kind.decisions.at.binary_search(&position) else {
            return Some((event.build(), false));
        };
        for (name, value) in tree(&log.values, &kind.decisions.context, decision) {
            event = event.request_context_field(&name, value);
        }
        for (root, column) in
            [("principal", &kind.decisions.principal), ("resource", &kind.decisions.resource)]
        {
            let entity = column.get(decision).and_then(|id| log.values.item(*id));
            let Some(Item::Entity { ty, id }) = entity else { continue };
            event = match root {
                "principal" => event.principal_for(ty, id),
                _ => event.resource_for(ty, id),
            };
            let asked = self.asked.iter().filter(|(of, _)| of == root);
            let known = asked.filter_map(|(_, name)| {
                Some((name.as_str(), attributes(ty, id, std::slice::from_ref(name))?))
            });
            event = event.entity_for(ty, id, known);
        }
        Some((event.build(), true))
    }
}

/// The values of a row as records in records.
fn tree(
    values: &Values,
    columns: &BTreeMap<Path, Vec<u32>>,
    row: usize,
) -> BTreeMap<String, Value> {
    let mut top = BTreeMap::new();
    for (path, column) in columns {
        let id = column.get(row).copied().unwrap_or(ABSENT);
        let (Some(item), Some((name, groups))) = (values.item(id), path.split_last()) else {
            continue;
        };
        put(&mut top, groups, name, item.value());
    }
    top
}

/// Puts a value into records inside of records; what is there already stays.
fn put(at: &mut BTreeMap<String, Value>, groups: &[String], name: &str, value: Value) {
    let Some((group, rest)) = groups.split_first() else {
        at.entry(name.to_owned()).or_insert(value);
        return;
    };
    let inner = at.entry(group.clone()).or_insert_with(|| Value::Object(BTreeMap::new()));
    if let Value::Object(members) = inner {
        put(members, rest, name, value);
    }
}

/// Windows in ticks instead of seconds; without what partitions histories; texts as events hold them.
fn prepare(condition: &mut Condition, log: &EventLog, asked: &mut BTreeSet<(String, String)>) {
    let ticks = |within: &mut WithinSpec| {
        if let WithinSpec::Concrete(interval) = within {
            let amount = interval.seconds().saturating_mul(log.ticks);
            *interval = Interval { amount, unit: TimeUnit::Seconds };
        }
    };
    match &mut condition.kind {
        ConditionKind::And { left, right } | ConditionKind::Or { left, right } => {
            prepare(left, log, asked);
            prepare(right, log, asked);
        }
        ConditionKind::Since { left, within, right } => {
            ticks(within);
            prepare(left, log, asked);
            prepare(right, log, asked);
        }
        ConditionKind::Formerly { within, body } | ConditionKind::Previous { within, body } => {
            ticks(within);
            prepare(body, log, asked);
        }
        ConditionKind::Not { inner } | ConditionKind::Exists { body: inner, .. } => {
            prepare(inner, log, asked);
        }
        ConditionKind::Predicate(predicate) => {
            predicate.args.retain(|arg| !log.pins.contains(&arg.field_path()));
            predicate.args.iter_mut().for_each(|arg| prepare_term(&mut arg.value, log, asked));
        }
        ConditionKind::Comparison { left, right, .. } => {
            prepare_term(left, log, asked);
            prepare_term(right, log, asked);
        }
        ConditionKind::Tp { .. }
        | ConditionKind::Call(_)
        | ConditionKind::SigilRef { .. }
        | ConditionKind::Refine { .. } => {}
    }
}

fn prepare_term(term: &mut Term, log: &EventLog, asked: &mut BTreeSet<(String, String)>) {
    match term {
        Term::Agg(agg) => {
            let AggExpr { kind, .. } = &mut **agg;
            match kind {
                AggExprKind::Sum { body, .. } | AggExprKind::Count { body, .. } => {
                    prepare(body, log, asked);
                }
                AggExprKind::Call(_) => {}
            }
        }
        Term::String(text) => {
            if let Value::String(short) = Item::shortened(&Value::String(text.clone())) {
                *text = short;
            }
        }
        Term::Array(items) => items.iter_mut().for_each(|item| prepare_term(item, log, asked)),
        Term::Arith { left, right, .. } => {
            prepare_term(left, log, asked);
            prepare_term(right, log, asked);
        }
        Term::ScopeField(path) => {
            if let [root, name, ..] = path.as_slice() {
                asked.insert((root.clone(), name.clone()));
            }
        }
        Term::Entity { .. }
        | Term::Integer(_)
        | Term::Decimal(_)
        | Term::Bool(_)
        | Term::ContextField(_)
        | Term::Var(_)
        | Term::Wildcard
        | Term::ParamRef(_)
        | Term::BinderRef(_) => {}
    }
}

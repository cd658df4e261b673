//! Finds pasts that turn a condition over history on and off: short lists of the events that it mentions,
//! in either order, once, often, too long ago, or about something else.

use std::collections::BTreeSet;

use cedar_policy::EntityUid;
use dogwood_language::temporal_ast::{
    AggExprKind, Condition, ConditionKind, Predicate, Term, WithinSpec,
};
use remit_policy::{ActionModel, Leaf, SchemaModel};
use serde_json::{Value, json};

use super::derive::Assignment;
use super::trace::{Event, Variables, at, merged};
use super::values::{plain_record, plain_value, type_at};

/// An event is not repeated more often.
const MOST_TIMES: i64 = 40;

/// What a condition mentions.
#[derive(Debug, Default)]
pub(crate) struct Mentioned<'l> {
    predicates: Vec<&'l Predicate>,
    numbers: BTreeSet<i64>,
    windows: BTreeSet<i64>,
}

/// The request that the past is of.
pub(crate) struct Asking<'a> {
    pub(crate) action: &'a ActionModel,
    pub(crate) principal: &'a EntityUid,
    pub(crate) resource: &'a EntityUid,
    pub(crate) context: &'a Value,
}

/// What the conditions of a policy mention.
pub(crate) fn mentioned<'l>(leaves: &'l [std::sync::Arc<Leaf>]) -> Mentioned<'l> {
    let mut found = Mentioned::default();
    for leaf in leaves {
        found.condition(&leaf.field.condition.condition);
    }
    found.predicates.dedup_by(|a, b| a == b);
    found
}

impl<'l> Mentioned<'l> {
    fn condition(&mut self, condition: &'l Condition) {
        match &condition.kind {
            ConditionKind::And { left, right } | ConditionKind::Or { left, right } => {
                self.condition(left);
                self.condition(right);
            }
            ConditionKind::Since { left, right, within } => {
                self.window(within);
                self.condition(right);
                self.condition(left);
            }
            ConditionKind::Formerly { body, within } | ConditionKind::Previous { body, within } => {
                self.window(within);
                self.condition(body);
            }
            ConditionKind::Not { inner } | ConditionKind::Exists { body: inner, .. } => {
                self.condition(inner);
            }
            ConditionKind::Predicate(predicate) => self.predicates.push(predicate),
            ConditionKind::Comparison { left, right, .. } => {
                self.term(left);
                self.term(right);
            }
            ConditionKind::Tp { .. }
            | ConditionKind::Call(_)
            | ConditionKind::SigilRef { .. }
            | ConditionKind::Refine { .. } => {}
        }
    }

    fn term(&mut self, term: &'l Term) {
        match term {
            Term::Integer(n) => drop(self.numbers.insert(*n)),
            Term::Agg(aggregate) => match &aggregate.kind {
                AggExprKind::Sum { body, .. } | AggExprKind::Count { body, .. } => {
                    self.condition(body);
                }
                AggExprKind::Call(_) => {}
            },
            _ => {}
        }
    }

    fn window(&mut self, within: &WithinSpec) {
        if let WithinSpec::Concrete(interval) = within {
            self.windows.insert(interval.seconds());
        }
    }

    /// Contexts worth trying: a number of the request may be what a sum counts.
    pub(crate) fn contexts(&self, action: &ActionModel) -> Vec<Assignment> {
        let mut all = vec![Assignment::new()];
        for predicate in self.predicates.iter().filter(|p| p.action == action.id) {
            for argument in &predicate.args {
                let path = argument.field_path();
                let Some((remit_policy::TypeModel::Long, _)) = type_at(&action.context, &path)
                else {
                    continue;
                };
                let beside = self.numbers.iter().flat_map(|n| [n.saturating_add(1), *n]);
                all.extend(beside.map(|n| Assignment::from([(path.clone(), Some(json!(n)))])));
            }
        }
        all
    }

    /// Pasts worth trying, shorter ones first.
    pub(crate) fn pasts(&self, asking: &Asking<'_>, model: &SchemaModel) -> Vec<Vec<Event>> {
        let shapes: Vec<Vec<Event>> = [true, false]
            .into_iter()
            .map(|same| {
                let mut variables = Variables::default();
                let event = |p: &&Predicate| self.event(p, asking, model, same, &mut variables);
                self.predicates.iter().filter_map(event).collect()
            })
            .collect();
        let (Some(alike), Some(other)) = (shapes.first(), shapes.last()) else { return Vec::new() };
        let mut pasts = vec![Vec::new()];
        pasts.extend(alike.iter().map(|event| vec![event.clone()]));
        pasts.extend(other.iter().map(|event| vec![event.clone()]));
        let too_old = self.windows.iter().max().map_or(1, |window| window + 1);
        pasts.extend(alike.iter().map(|e| vec![Event { ago: too_old, ..e.clone() }]));
        for first in alike {
            let others = alike.iter().filter(|second| *second != first);
            pasts.extend(others.map(|second| vec![first.clone(), second.clone()]));
        }
        for event in alike {
            let counts = self.numbers.iter().flat_map(|n| [*n, n.saturating_add(1)]).chain([2, 3]);
            let counts = counts.filter(|n| (2..=MOST_TIMES).contains(n));
            pasts.extend(counts.map(|n| vec![event.clone(); usize::try_from(n).unwrap_or(1)]));
        }
        if let [one, two, three, ..] = alike.as_slice() {
            pasts.push([one, two, three].map(Clone::clone).into());
            pasts.push([three, two, one].map(Clone::clone).into());
        }
        pasts.into_iter().map(spread).collect()
    }

    /// An event that a predicate is about: with the values of the request, or with others.
    fn event(
        &self,
        predicate: &Predicate,
        asking: &Asking<'_>,
        model: &SchemaModel,
        same: bool,
        variables: &mut Variables,
    ) -> Option<Event> {
        let text = format!("{}::{:?}", predicate.namespace.join("::"), predicate.action);
        let action = model.actions.get(&text)?;
        let mut values = Assignment::new();
        let mut request = format!("earlier-{}", predicate.action);
        for argument in &predicate.args {
            let path = argument.field_path();
            let plain = type_at(&action.context, &path).map(|(ty, _)| plain_value(ty));
            let plain = plain.unwrap_or_else(|| json!("x"));
            let value = match &argument.value {
                Term::Var(name) => Some(variables.value(name, &self.beyond(plain))),
                term => value_of(term, asking, same).or(Some(plain)),
            };
            match path.as_slice() {
                [name] if name == "requestId" => {
                    request = value.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or(request);
                }
                [_] => {}
                _ => drop(values.insert(path, value)),
            }
        }
        let input = action.context.attributes.get("input").map(|a| plain_value(&a.ty));
        let fields = json!({ "input": input.unwrap_or_else(|| json!({})) });
        let context = (predicate.kind == "request").then(|| plain_record(&action.context));
        let input_only = |(path, _): &(&super::values::Path, &Option<Value>)| {
            path.first().is_some_and(|first| first == "input")
        };
        let inputs =
            values.iter().filter(input_only).map(|(p, v)| (p.clone(), v.clone())).collect();
        Some(Event {
            ago: 0,
            action: text,
            kind: predicate.kind.clone(),
            principal: asking.principal.clone(),
            resource: asking.resource.clone(),
            fields: merged(fields, &values),
            request,
            context: context.map(|context| with_derived(merged(context, &inputs), asking)),
        })
    }

    /// A number beyond all that are compared with.
    fn beyond(&self, plain: Value) -> Value {
        match (&plain, self.numbers.last()) {
            (Value::Number(_), Some(most)) => json!(most.saturating_add(1)),
            _ => plain,
        }
    }
}

/// What only requests know, beside what the schema declares.
pub(crate) fn with_derived(mut context: Value, asking: &Asking<'_>) -> Value {
    if let Some(members) = context.as_object_mut() {
        let actor = asking.principal.id().unescaped();
        members.insert("derived".to_owned(), json!({ "actor": actor }));
    }
    context
}

fn value_of(term: &Term, asking: &Asking<'_>, same: bool) -> Option<Value> {
    match term {
        Term::Integer(n) => Some(json!(n)),
        Term::String(text) => Some(json!(text)),
        Term::Bool(b) => Some(json!(b)),
        Term::Decimal(text) => Some(json!({ "__extn": { "fn": "decimal", "arg": text } })),
        Term::Entity { ty, id } => Some(json!({ "__entity": { "type": ty, "id": id } })),
        Term::ContextField(path) => {
            let value = at(asking.context, path)?.clone();
            Some(if same { value } else { another(value) })
        }
        _ => None,
    }
}

fn another(value: Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{text}-other")),
        Value::Number(n) => json!(n.as_i64().unwrap_or(0).saturating_add(1)),
        Value::Bool(b) => json!(!b),
        other => other,
    }
}

/// One second apart, the last one just before the request; requests are numbered.
fn spread(events: Vec<Event>) -> Vec<Event> {
    let count = events.len();
    let repeated = events.windows(2).all(|pair| pair.first() == pair.last()) && count > 1;
    let placed = events.into_iter().enumerate().map(|(n, event)| {
        let before = i64::try_from(count - n).unwrap_or(1);
        let request =
            if repeated { format!("{}-{n}", event.request) } else { event.request.clone() };
        Event { ago: event.ago.max(before), request, ..event }
    });
    placed.collect()
}

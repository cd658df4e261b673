//! The events of a session: each tool call is a `request`, its result a `response`, its failure or refusal
//! an `error`, in the order in which they happened.
//!
//! A call whose recording holds no result is still in flight. A call that is not mapped to an action is no
//! event. An agent sees what all agents of the session did; a branch sees only the past that it shares, so
//! that each branch has a history of its own. Times are those of the recording, and never go back: a step
//! that says it happened before the one before it, happened with it. A step without a time lies somewhere
//! between those that have one.

use super::derived::{derived, trust};
use super::log::{EventLog, NewDecision, NewEvent, Path};
use crate::Mapped;
use crate::facts::Past;
use crate::table::{Cells, Value as Cell};
use cedar_policy::EntityUid;
use dogwood_language::{EventSignature, Value};
use remit_policy::{History, HistoryOf};
use remit_session::{LaneIdx, LaneKind, Outcome, Session, StepIdx, StepKind, ToolCall};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// In a second.
pub(crate) const TICKS: i64 = 1000;
/// Before and after every time.
const EVER: (i64, i64) = (i64::MIN / 4, i64::MAX / 4);

/// The fields that events have, by action and kind.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    of: HistoryOf,
    declared: HashMap<(String, String, &'static str), BTreeSet<Path>>,
    pub(crate) pins: Vec<Path>,
}

/// An event of a session, before its values are numbers.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    namespace: Vec<String>,
    action: String,
    kind: &'static str,
    step: StepIdx,
    lane: LaneIdx,
    at: Option<i64>,
    principal: Value,
    fields: Vec<(Path, Value)>,
    decision: Option<Decision>,
}

#[derive(Clone, Debug)]
struct Decision {
    /// Among the calls of the session.
    call: u32,
    resource: Value,
    context: Vec<(Path, Value)>,
}

/// Values with the paths of their fields.
type Named = Vec<(Path, Value)>;

/// The histories of a session, each with the events that it sees.
pub(crate) type Histories = Vec<Vec<Event>>;

const REQUEST: &str = "request";
const RESPONSE: &str = "response";
const ERROR: &str = "error";

impl Fields {
    /// Those of a workspace's histories. `None` if its schema cannot be given any.
    pub(crate) fn of(history: &History) -> Option<Self> {
        let mut declared: HashMap<_, BTreeSet<Path>> = HashMap::new();
        for signature in history.signatures().ok()? {
            let Some(kind) = known(signature.kind()) else { continue };
            let key = (signature.namespace().join("::"), signature.action().to_owned(), kind);
            declared.insert(key, paths(signature));
        }
        let pins = history.partition_keys().ok()?.iter().map(|key| key.field_path.clone());
        Some(Fields { of: history.of, declared, pins: pins.collect() })
    }

    /// Only what is declared can be asked for.
    fn keep(&self, event: &mut Event) {
        let key = (event.namespace.join("::"), event.action.clone(), event.kind);
        let declared = self.declared.get(&key);
        event.fields.retain(|(path, _)| declared.is_some_and(|known| known.contains(path)));
    }
}

fn known(kind: &str) -> Option<&'static str> {
    [REQUEST, RESPONSE, ERROR].into_iter().find(|known| *known == kind)
}

fn paths(signature: &EventSignature) -> BTreeSet<Path> {
    signature.fields().map(|field| field.path().to_vec()).collect()
}

/// The histories of `session`, whose calls are `mapped`, in order.
pub(crate) fn histories<'w>(
    fields: &Fields,
    session: &Session,
    mapped: &[Option<&Mapped<'w>>],
) -> Histories {
    let mut at_step: BTreeMap<(StepIdx, u8, usize), Event> = BTreeMap::new();
    for (n, ((at, step, call), mapped)) in session.calls().zip(mapped).enumerate() {
        let Some(mapped) = mapped else { continue };
        let agent = session.agent(step.lane);
        let maker = Maker { fields, session, at, call, mapped, agent, call_index: n as u32 };
        let (request, end) = maker.events();
        at_step.insert((at, 0, n), request);
        if let Some(end) = end {
            // What ended at the step that began it, ended after it began.
            at_step.insert((end.step, u8::from(end.step == at), n), end);
        }
    }
    let events: Vec<Event> = at_step.into_values().collect();
    let seen = seen_by_branches(session, events);
    seen.into_iter().flat_map(|events| pinned(fields.of, events)).collect()
}

/// One history, unless there are branches.
fn seen_by_branches(session: &Session, events: Vec<Event>) -> Histories {
    if session.lanes.iter().all(|l| !matches!(l.kind, LaneKind::Branch { .. })) {
        return vec![events];
    }
    let mut pasts: Vec<(Past, BTreeSet<u32>)> = Vec::new();
    for lane in 0..session.lanes.len() as u32 {
        let past = Past::of(session, LaneIdx(lane));
        match pasts.iter_mut().find(|(other, _)| *other == past) {
            Some((_, lanes)) => drop(lanes.insert(lane)),
            None => pasts.push((past, BTreeSet::from([lane]))),
        }
    }
    let history = |(past, lanes): &(Past, BTreeSet<u32>)| {
        let seen = events.iter().filter(|event| past.sees(event.lane, event.step));
        seen.map(|event| Event {
            decision: event.decision.clone().filter(|_| lanes.contains(&event.lane.0)),
            ..event.clone()
        })
        .collect()
    };
    pasts.iter().map(history).collect()
}

/// Whose events see each other.
fn pinned(of: HistoryOf, events: Vec<Event>) -> Histories {
    match of {
        HistoryOf::Session | HistoryOf::Unpinned | HistoryOf::AgentCore => vec![events],
        HistoryOf::Principal => {
            let mut by: Vec<(Value, Vec<Event>)> = Vec::new();
            for event in events {
                match by.iter_mut().find(|(principal, _)| *principal == event.principal) {
                    Some((_, events)) => events.push(event),
                    None => by.push((event.principal.clone(), vec![event])),
                }
            }
            by.into_iter().map(|(_, events)| events).collect()
        }
    }
}

/// Adds the histories of a session whose first call is `first_call`.
pub(crate) fn add(log: &mut EventLog, histories: &Histories, first_call: u32) {
    for events in histories.iter().filter(|events| !events.is_empty()) {
        log.begin();
        for (event, time) in events.iter().zip(times(events)) {
            event.add(log, time, first_call);
        }
    }
}

/// Between which times each event happened.
fn times(events: &[Event]) -> Vec<(i64, i64)> {
    let mut times: Vec<(i64, i64)> = Vec::with_capacity(events.len());
    let mut now = EVER.0;
    for event in events {
        now = event.at.map_or(now, |at| at.max(now));
        times.push((now, event.at.map_or(EVER.1, |_| now)));
    }
    let mut next = EVER.1;
    for (_, latest) in times.iter_mut().rev() {
        next = next.min(*latest);
        *latest = next;
    }
    times
}

impl Event {
    fn add(&self, log: &mut EventLog, time: (i64, i64), first_call: u32) {
        let values = &mut log.values;
        let mut intern = |fields: &[(Path, Value)]| -> Vec<_> {
            fields.iter().map(|(path, value)| (path.clone(), values.intern(value))).collect()
        };
        let fields = intern(&self.fields);
        let context = self.decision.as_ref().map(|decision| intern(&decision.context));
        let decision = self.decision.as_ref().map(|decision| NewDecision {
            call: first_call + decision.call,
            principal: values.intern(&self.principal),
            resource: values.intern(&decision.resource),
            context: context.unwrap_or_default(),
            scope: Vec::new(),
        });
        let (namespace, action) = (&self.namespace, &self.action);
        let step = self.step.0;
        log.push(NewEvent { namespace, action, kind: self.kind, time, step, fields, decision });
    }
}

/// Makes the events of one call.
struct Maker<'m, 'w> {
    fields: &'m Fields,
    session: &'m Session,
    at: StepIdx,
    call: &'m ToolCall,
    mapped: &'m Mapped<'w>,
    agent: &'m str,
    call_index: u32,
}

impl Maker<'_, '_> {
    /// The request, and how it ended.
    fn events(&self) -> (Event, Option<Event>) {
        let context = flat(&self.mapped.context);
        let is_input = |(path, _): &&(Path, Value)| path.first().is_some_and(|p| p == "input");
        let mut shared: Vec<(Path, Value)> = context.iter().filter(is_input).cloned().collect();
        let derived = derived(self.session, self.at, self.agent, self.call);
        let derived = derived.into_iter().map(|(name, value)| (under("derived", name), value));
        let own: Vec<(Path, Value)> = self.named().into_iter().chain(derived).collect();
        shared.extend(self.who());
        shared.extend(own.iter().cloned());
        let mut of_request = context;
        of_request.extend(own);
        let mut request = self.event(REQUEST, self.at, shared.clone());
        request.decision = Some(Decision {
            call: self.call_index,
            resource: entity(&self.mapped.resource),
            context: of_request,
        });
        let end = self.end().map(|(kind, step, output)| {
            let mut fields = shared;
            fields.extend(output);
            if kind == RESPONSE {
                fields.push((under("derived", "trust"), trust(self.mapped.action)));
            }
            self.event(kind, step, fields)
        });
        (request, end)
    }

    fn event(&self, kind: &'static str, step: StepIdx, fields: Vec<(Path, Value)>) -> Event {
        let uid = &self.mapped.action_uid;
        let of = |step| self.session.step(step);
        let mut event = Event {
            namespace: uid.type_name().to_string().split("::").map(str::to_owned).collect(),
            action: uid.id().unescaped().to_owned(),
            kind,
            step,
            lane: of(step).or(of(self.at)).map_or(LaneIdx(0), |step| step.lane),
            at: of(step).and_then(|s| s.at).map(|at| at.as_millisecond()),
            principal: entity(&self.mapped.principal),
            fields,
            decision: None,
        };
        self.fields.keep(&mut event);
        event
    }

    /// What tells the call from others, in its events and in its request.
    fn named(&self) -> [(Path, Value); 2] {
        let made = || format!("call-{}", self.call.index.0);
        let id = self.call.id.clone().unwrap_or_else(made);
        let text = |text: &str| Value::String(text.to_owned());
        [
            (vec!["requestId".to_owned()], text(&id)),
            (vec!["sessionId".to_owned()], text(&self.session.id)),
        ]
    }

    fn who(&self) -> [(Path, Value); 2] {
        let (principal, resource) = match self.fields.of {
            HistoryOf::AgentCore => ("eventPrincipal", "eventResource"),
            HistoryOf::Session | HistoryOf::Principal | HistoryOf::Unpinned => {
                ("callerPrincipal", "callerResource")
            }
        };
        [
            (vec![principal.to_owned()], entity(&self.mapped.principal)),
            (vec![resource.to_owned()], entity(&self.mapped.resource)),
        ]
    }

    /// How the call ended: the kind of event, at which step, and with which output.
    fn end(&self) -> Option<(&'static str, StepIdx, Named)> {
        let step = self.call.result.unwrap_or(self.at);
        match self.call.outcome {
            Outcome::Unrecorded => None,
            Outcome::Refused | Outcome::Failed => Some((ERROR, step, Vec::new())),
            Outcome::Executed => Some((RESPONSE, step, self.output(step))),
        }
    }

    /// The result's own fields, where it is a JSON object.
    fn output(&self, step: StepIdx) -> Named {
        let Some(StepKind::Result(result)) = self.session.step(step).map(|s| &s.kind) else {
            return Vec::new();
        };
        let parsed = result.text.trim_start().starts_with('{');
        let parsed = parsed.then(|| serde_json::from_str::<Json>(&result.text).ok()).flatten();
        let mut fields = Vec::new();
        let mut left: Vec<(Path, Json)> =
            parsed.map(|json| (vec!["output".to_owned()], json)).into_iter().collect();
        while let Some((path, json)) = left.pop() {
            let Json::Object(members) = json else {
                fields.extend(of_json(&json).map(|value| (path, value)));
                continue;
            };
            let inner = |(name, json)| (path.iter().cloned().chain([name]).collect(), json);
            left.extend(members.into_iter().map(inner));
        }
        fields
    }
}

fn under(group: &str, name: &str) -> Path {
    vec![group.to_owned(), name.to_owned()]
}

fn entity(uid: &EntityUid) -> Value {
    let id: &str = uid.id().unescaped();
    Value::Entity { ty: uid.type_name().to_string(), id: id.to_owned() }
}

/// Numbers with a fraction are decimals where Cedar's hold them.
fn of_json(json: &Json) -> Option<Value> {
    match json {
        Json::Bool(b) => Some(Value::Bool(*b)),
        Json::String(text) => Some(Value::String(text.clone())),
        Json::Number(n) => n.as_i64().map(Value::Int).or_else(|| {
            let text = n.to_string();
            let fraction = text.split_once('.').map(|(_, fraction)| fraction.len());
            fraction.is_some_and(|digits| digits <= 4).then_some(Value::Decimal(text))
        }),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// All values of some records that Dogwood can compare, with the paths to them.
fn flat(fields: &crate::table::Fields<'_>) -> Vec<(Path, Value)> {
    let mut values = Vec::new();
    let mut left: Vec<(Path, &Cells<'_>)> =
        fields.iter().map(|(name, cells)| (vec![name.to_string()], cells)).collect();
    while let Some((path, cells)) = left.pop() {
        match cells {
            Cells::Value(value) => values.extend(of_cell(value).map(|value| (path, value))),
            Cells::Record(inner) => left.extend(inner.iter().map(|(name, cells)| {
                (path.iter().cloned().chain([name.to_string()]).collect(), cells)
            })),
        }
    }
    values
}

fn of_cell(cell: &Cell) -> Option<Value> {
    match cell {
        Cell::Bool(b) => Some(Value::Bool(*b)),
        Cell::Long(n) => Some(Value::Int(*n)),
        Cell::Text(text) => Some(Value::String(text.to_string())),
        Cell::Entity(uid) => Some(entity(uid)),
        Cell::Decimal(n) => Some(Value::Decimal(crate::table::literal::decimal_text(*n))),
        Cell::Set(_)
        | Cell::Record(_)
        | Cell::Datetime(_)
        | Cell::Duration(_)
        | Cell::Ip(_)
        | Cell::Nested => None,
    }
}

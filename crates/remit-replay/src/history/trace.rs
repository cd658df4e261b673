//! Dogwood's own events, as a trace file holds them, decided in batch: without a workspace, so that each
//! side can be checked with the other's data.

use super::log::{EventLog, NewDecision, NewEvent, Path};
use super::values::{ABSENT, ValueId};
use super::{NotCompiled, decide};
use dogwood_language::{Event, PartitionKey, TemporalField, Value, partition_value_key};
use std::collections::BTreeMap;

/// The events of one or several traces, in columns.
#[derive(Debug)]
pub struct Trace {
    log: EventLog,
}

/// Where in its trace something is decided, counting from 0 on through all traces, and whether it holds.
pub type Decided = (u32, bool);

impl Trace {
    /// The events of some traces, none of which sees another. Those that differ in a partition key do not
    /// see each other either. `decides` says at which kinds of events something is decided.
    pub fn new<'e>(
        traces: impl IntoIterator<Item = &'e [Event]>,
        keys: &[PartitionKey],
        decides: impl Fn(&str) -> bool,
    ) -> Self {
        let mut log = EventLog::new(1, keys.iter().map(|k| k.field_path.clone()).collect());
        let mut first = 0;
        for events in traces {
            let mut parts: BTreeMap<Vec<Option<String>>, Vec<(u32, &Event)>> = BTreeMap::new();
            for (n, event) in (first..).zip(events) {
                let of =
                    |k: &PartitionKey| event.field_path(&k.field_path).map(partition_value_key);
                parts.entry(keys.iter().map(of).collect()).or_default().push((n, event));
            }
            for part in parts.into_values() {
                log.begin();
                for (n, event) in part {
                    push(&mut log, n, event, decides(event.kind()));
                }
            }
            first += events.len() as u32;
        }
        log.finish();
        Trace { log }
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.log.len() as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.log.len() == 0
    }

    /// Whether the condition of a leaf holds, wherever a decision asks for it. The leaf must not be
    /// relativised.
    ///
    /// # Errors
    /// [`NotCompiled`] if it must be left to the interpreter.
    pub fn decide(&self, leaf: &TemporalField) -> Result<Vec<Decided>, NotCompiled> {
        let points = super::leaves::points(&self.log, leaf);
        let truths = decide(&self.log, &points, &leaf.condition.condition, &|_, _, _| None)?;
        Ok(points.calls.into_iter().zip(truths.holds).collect())
    }
}

fn push(log: &mut EventLog, n: u32, event: &Event, decides: bool) {
    let mut fields = Vec::new();
    for (path, value) in event.logged_leaves() {
        fields.push((path, log.values.intern(value)));
    }
    let decision = decides.then(|| decision(log, n, event));
    log.push(NewEvent {
        namespace: event.namespace(),
        action: event.action(),
        kind: event.kind(),
        time: (event.timestamp(), event.timestamp()),
        step: n,
        fields,
        decision,
    });
}

fn decision(log: &mut EventLog, n: u32, event: &Event) -> NewDecision {
    let groups = event.request_context_groups();
    let context = interned(log, groups.map(|(k, v)| (vec![k.to_owned()], v.clone())).collect());
    let mut scope = Vec::new();
    let uids = [("principal", event.principal_uid()), ("resource", event.resource_uid())];
    let entities = uids.map(|(root, uid)| {
        let attributes = uid.iter().flat_map(|uid| event.entity_attributes(uid));
        let below = |(k, v): (&str, &Value)| (vec![root.to_owned(), k.to_owned()], v.clone());
        scope.extend(interned(log, attributes.map(below).collect()));
        event.scope_attr(root, &[]).map_or(ABSENT, |value| log.values.intern(&value))
    });
    let [principal, resource] = entities;
    NewDecision { call: n, principal, resource, context, scope }
}

/// The values, and those inside of records.
fn interned(log: &mut EventLog, mut left: Vec<(Path, Value)>) -> Vec<(Path, ValueId)> {
    let mut all = Vec::new();
    while let Some((path, value)) = left.pop() {
        if let Value::Object(members) = &value {
            let member = |(k, v): (&String, &Value)| {
                (path.iter().chain([k]).cloned().collect::<Path>(), v.clone())
            };
            left.extend(members.iter().map(member));
        }
        all.push((path, log.values.intern(&value)));
    }
    all
}

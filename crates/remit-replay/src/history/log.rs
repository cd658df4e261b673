//! The events of many sessions, in columns.
//!
//! Events lie one after the other, those of one history side by side: a *position* says which event, and
//! no history reaches beyond its own positions. What an event says is kept by what it is an event of, in
//! a column for each field. When is kept as two times between which it happened; they are one wherever
//! the recording says. Not here: where events come from (`events`), and what is asked of them (`pass`).

use super::values::{ABSENT, ValueId, Values};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where an event stands among those of all histories.
pub(crate) type Position = u32;

/// The path of a field, in the names that lead to it.
pub(crate) type Path = Vec<String>;

/// The events of some histories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventLog {
    pub(crate) values: Values,
    /// In one second. Windows are in seconds, times in ticks.
    pub(crate) ticks: i64,
    /// The first position of each history.
    pub(crate) starts: Vec<Position>,
    /// Of each position: where its history ends.
    pub(crate) ends: Vec<Position>,
    /// INVARIANT (parallel): of each position, when at the earliest.
    pub(crate) earliest: Vec<i64>,
    /// When at the latest. `None`: as at the earliest.
    pub(crate) latest: Option<Vec<i64>>,
    /// Whether times never go back within a history.
    pub(crate) ordered: bool,
    /// INVARIANT (parallel): of each position, the step that it stands for.
    pub(crate) steps: Vec<u32>,
    pub(crate) kinds: Vec<Kind>,
    /// Of each position: which of `kinds`, and which of its events.
    pub(crate) places: Vec<(u16, u32)>,
    /// What partitions histories, so that predicates need not ask for it.
    pub(crate) pins: Vec<Path>,
}

/// The events of one action and one kind, such as `request`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kind {
    /// With `Action` at its end.
    pub(crate) namespace: Vec<String>,
    pub(crate) action: String,
    pub(crate) kind: String,
    /// In order.
    pub(crate) events: Vec<Position>,
    /// INVARIANT (parallel): a value for each of `events`.
    pub(crate) fields: BTreeMap<Path, Vec<ValueId>>,
    /// Where something is decided.
    pub(crate) decisions: Decisions,
}

/// The requests among the events of one action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decisions {
    /// In order.
    pub(crate) at: Vec<Position>,
    /// Of each: which call it is, in the order of the recordings.
    pub(crate) calls: Vec<u32>,
    pub(crate) principal: Vec<ValueId>,
    pub(crate) resource: Vec<ValueId>,
    /// INVARIANT (parallel): what the request's context holds, by path.
    pub(crate) context: BTreeMap<Path, Vec<ValueId>>,
    /// What the log itself says of the entities of the request, by path below `principal` or `resource`.
    pub(crate) scope: BTreeMap<Path, Vec<ValueId>>,
}

/// An event to be added.
pub(crate) struct NewEvent<'e> {
    pub(crate) namespace: &'e [String],
    pub(crate) action: &'e str,
    pub(crate) kind: &'e str,
    pub(crate) time: (i64, i64),
    pub(crate) step: u32,
    pub(crate) fields: Vec<(Path, ValueId)>,
    pub(crate) decision: Option<NewDecision>,
}

/// What is decided at an event.
pub(crate) struct NewDecision {
    pub(crate) call: u32,
    pub(crate) principal: ValueId,
    pub(crate) resource: ValueId,
    pub(crate) context: Vec<(Path, ValueId)>,
    pub(crate) scope: Vec<(Path, ValueId)>,
}

impl EventLog {
    /// Without events, with so many ticks in a second.
    pub(crate) fn new(ticks: i64, pins: Vec<Path>) -> Self {
        EventLog {
            values: Values::default(),
            ticks,
            starts: Vec::new(),
            ends: Vec::new(),
            earliest: Vec::new(),
            latest: None,
            ordered: true,
            steps: Vec::new(),
            kinds: Vec::new(),
            places: Vec::new(),
            pins,
        }
    }

    /// How many events there are.
    pub(crate) fn len(&self) -> u32 {
        self.earliest.len() as u32
    }

    /// Begins a history.
    pub(crate) fn begin(&mut self) {
        let next = self.len();
        if self.starts.last() != Some(&next) {
            self.starts.push(next);
        }
    }

    /// Adds an event to the history that was begun last.
    pub(crate) fn push(&mut self, event: NewEvent<'_>) {
        let position = self.len();
        let start = self.starts.last().copied().unwrap_or_default();
        self.take_time(event.time, start < position);
        self.steps.push(event.step);
        self.ends.push(position + 1);
        let which = self.kind(&event);
        let Some(kind) = self.kinds.get_mut(which) else { return };
        self.places.push((which as u16, kind.events.len() as u32));
        kind.push(position, event.fields);
        if let Some(decision) = event.decision {
            kind.decisions.push(position, decision);
        }
    }

    /// Must be called when all is added.
    pub(crate) fn finish(&mut self) {
        let len = self.len();
        let ends: Vec<Position> = self.starts.iter().copied().skip(1).chain([len]).collect();
        for (start, end) in self.starts.iter().zip(&ends) {
            let of_history = self.ends.get_mut(*start as usize..*end as usize);
            of_history.into_iter().flatten().for_each(|e| *e = *end);
        }
        self.kinds.iter_mut().for_each(Kind::fill);
    }

    /// When the event happened, at the latest.
    pub(crate) fn latest(&self) -> &[i64] {
        self.latest.as_deref().unwrap_or(&self.earliest)
    }

    /// Whether all events have one time.
    pub(crate) fn is_exact(&self) -> bool {
        self.latest.is_none()
    }

    /// The events of one action and kind.
    pub(crate) fn kind_of(&self, namespace: &[String], action: &str, kind: &str) -> Option<&Kind> {
        self.kinds.iter().find(|k| k.kind == kind && k.action == action && k.namespace == namespace)
    }

    fn take_time(&mut self, (earliest, latest): (i64, i64), continues: bool) {
        if let (true, Some(before)) = (continues, self.earliest.last()) {
            self.ordered &= earliest >= *before;
        }
        if earliest != latest && self.latest.is_none() {
            self.latest = Some(self.earliest.clone());
        }
        self.earliest.push(earliest);
        if let Some(all) = &mut self.latest {
            self.ordered &= !continues || all.last().is_none_or(|before| latest >= *before);
            all.push(latest);
        }
    }

    fn kind(&mut self, event: &NewEvent<'_>) -> usize {
        let same = |k: &Kind| {
            k.kind == event.kind && k.action == event.action && k.namespace == event.namespace
        };
        if let Some(known) = self.kinds.iter().position(same) {
            return known;
        }
        // What no action of a schema is the event of, matches nothing.
        if self.kinds.len() == usize::from(u16::MAX) {
            return self.kinds.len() - 1;
        }
        self.kinds.push(Kind {
            namespace: event.namespace.to_vec(),
            action: event.action.to_owned(),
            kind: event.kind.to_owned(),
            events: Vec::new(),
            fields: BTreeMap::new(),
            decisions: Decisions::default(),
        });
        self.kinds.len() - 1
    }
}

impl Kind {
    fn push(&mut self, position: Position, fields: Vec<(Path, ValueId)>) {
        set(&mut self.fields, self.events.len(), fields);
        self.events.push(position);
    }

    /// Columns end where their last value is while they grow.
    fn fill(&mut self) {
        let (events, decisions) = (self.events.len(), self.decisions.at.len());
        self.fields.values_mut().for_each(|column| column.resize(events, ABSENT));
        let of_decisions = [&mut self.decisions.context, &mut self.decisions.scope];
        let columns = of_decisions.into_iter().flat_map(|c| c.values_mut());
        columns.for_each(|column| column.resize(decisions, ABSENT));
    }
}

impl Decisions {
    fn push(&mut self, position: Position, decision: NewDecision) {
        let at = self.at.len();
        set(&mut self.context, at, decision.context);
        set(&mut self.scope, at, decision.scope);
        self.at.push(position);
        self.calls.push(decision.call);
        self.principal.push(decision.principal);
        self.resource.push(decision.resource);
    }
}

/// Sets the values at `at` of some columns.
fn set(columns: &mut BTreeMap<Path, Vec<ValueId>>, at: usize, values: Vec<(Path, ValueId)>) {
    for (path, value) in values {
        let column = match columns.get_mut(&path) {
            Some(column) => column,
            None => columns.entry(path).or_default(),
        };
        column.resize(at, ABSENT);
        column.push(value);
    }
}

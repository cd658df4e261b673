//! Facts about a session as of one of its tool calls.
//!
//! As recorded: they derive from what happened, not from verdicts. History is that of the session;
//! a branch sees only the part of its origin that both share.

mod arguments;
mod read;

use crate::table::Value;
use arguments::ArgumentFacts;
use read::{Read, Results};
use remit_policy::{ActionModel, Mapping, SchemaModel, TypeModel};
pub(crate) use remit_session::Past;
use remit_session::{LaneIdx, OriginIndex, Session, StepIdx, ToolCall};
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

/// What was so when a tool call was made.
#[derive(Clone, Debug)]
pub(crate) struct SessionFacts {
    /// Position of the step in the session, from 0.
    pub(crate) step: i64,
    /// How many tool calls came before.
    pub(crate) calls: i64,
    /// So many of the tools of the history were called before.
    used: usize,
    history: Arc<History>,
    /// Where the arguments come from, if a policy can ask and the arguments are readable.
    pub(crate) arguments: Option<ArgumentFacts>,
    /// What was read before, if a policy can ask.
    pub(crate) read: Option<Read>,
    /// Seconds since the session's first step.
    pub(crate) elapsed: Option<i64>,
}

/// Which facts policies can ask for, since the schema declares them. The others cost nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'w> {
    mapping: &'w Mapping,
    arguments: bool,
    read: bool,
}

impl<'w> Wanted<'w> {
    /// What the actions of a schema declare in `context.session`.
    pub(crate) fn new(model: &SchemaModel, mapping: &'w Mapping) -> Self {
        let declares = |names: &[&str]| {
            let declares = |action: &ActionModel| match action.context.attributes.get("session") {
                Some(session) => match &session.ty {
                    TypeModel::Record(record) => {
                        names.iter().any(|name| record.attributes.contains_key(*name))
                    }
                    _ => false,
                },
                None => false,
            };
            model.actions.values().any(declares)
        };
        Wanted {
            mapping,
            arguments: declares(&[
                "fromUser",
                "fromTrusted",
                "fromUntrusted",
                "unseen",
                "foreignTokens",
                "foreignAddresses",
            ]),
            read: declares(&["untrustedSeen", "labels"]),
        }
    }

    /// Where the tokens of a session's arguments were first seen.
    pub(crate) fn origins(&self, session: &Session) -> OriginIndex {
        let is_trusted =
            |call: &ToolCall| self.mapping.trust(&call.tool).is_some_and(|rule| rule.trusted);
        OriginIndex::new(session, &is_trusted)
    }
}

/// The tools that were called, by their recorded names, in the order of their first calls.
#[derive(Debug)]
struct History {
    tools: Vec<Arc<str>>,
    /// The first none, one, two, ... of them as a set, once somebody asks.
    sets: Vec<OnceLock<Value>>,
}

impl SessionFacts {
    fn new(step: i64, calls: i64, used: usize, history: Arc<History>) -> Self {
        SessionFacts { step, calls, used, history, arguments: None, read: None, elapsed: None }
    }

    /// Which tools were called before, as a set of texts: the same one until a new tool is called.
    pub(crate) fn tools_used(&self) -> Value {
        let tools = self.history.tools.iter().take(self.used).map(|t| Value::Text(Arc::clone(t)));
        let set = || Value::Set(Arc::new(tools.collect()));
        match self.history.sets.get(self.used) {
            Some(known) => known.get_or_init(set).clone(),
            None => set(),
        }
    }
}

impl History {
    fn new(tools: Vec<Arc<str>>) -> Arc<Self> {
        let sets = (0..=tools.len()).map(|_| OnceLock::new()).collect();
        Arc::new(History { tools, sets })
    }
}

/// The facts as of each tool call of `session`, in the order of [`Session::calls`].
pub(crate) fn facts_by_call(session: &Session, wanted: Option<&Wanted<'_>>) -> Vec<SessionFacts> {
    let mut facts = histories(session);
    let pasts = Past::of_lanes(session);
    let origins = wanted.filter(|w| w.arguments).map(|w| w.origins(session));
    let results = wanted.filter(|w| w.read).map(|w| Results::of(session, w.mapping));
    let start = session.steps.iter().find_map(|step| step.at);
    for ((at, step, _), facts) in session.calls().zip(&mut facts) {
        let past = pasts.as_ref().and_then(|pasts| pasts.get(step.lane.0 as usize));
        facts.arguments = origins.as_ref().and_then(|o| ArgumentFacts::of(o, session, at));
        facts.read = results.as_ref().map(|results| results.before(at, past));
        let elapsed = start.zip(step.at).map(|(start, now)| now.duration_since(start).as_secs());
        facts.elapsed = elapsed.filter(|seconds| *seconds >= 0);
    }
    facts
}

/// What was called before each tool call.
fn histories(session: &Session) -> Vec<SessionFacts> {
    let calls: Vec<(StepIdx, LaneIdx, &str)> =
        session.calls().map(|(at, step, call)| (at, step.lane, call.tool.as_str())).collect();
    let Some(pasts) = Past::of_lanes(session) else { return one_history(&calls) };
    calls
        .iter()
        .enumerate()
        .map(|(n, &(at, lane, _))| {
            let past = pasts.get(lane.0 as usize);
            let before =
                calls.iter().take(n).filter(|(s, l, _)| past.is_none_or(|p| p.sees(*l, *s)));
            collect(at, before.map(|c| c.2))
        })
        .collect()
}

/// Without branches everything earlier is history: one pass.
fn one_history(calls: &[(StepIdx, LaneIdx, &str)]) -> Vec<SessionFacts> {
    let (mut tools, mut seen) = (Vec::new(), HashSet::new());
    let mut used_before = |tool| {
        let used = tools.len();
        if seen.insert(tool) {
            tools.push(Arc::from(tool));
        }
        used
    };
    let used: Vec<usize> = calls.iter().map(|(_, _, tool)| used_before(*tool)).collect();
    let history = History::new(tools);
    let facts = |(n, ((at, _, _), used)): (usize, (&(StepIdx, LaneIdx, &str), usize))| {
        let (step, calls) = (at.0.into(), n as i64);
        SessionFacts::new(step, calls, used, Arc::clone(&history))
    };
    calls.iter().zip(used).enumerate().map(facts).collect()
}

fn collect<'a>(at: StepIdx, before: impl Iterator<Item = &'a str>) -> SessionFacts {
    let (mut calls, mut seen) = (0, HashSet::new());
    let mut tools = Vec::new();
    for tool in before {
        calls += 1;
        if seen.insert(tool) {
            tools.push(Arc::from(tool));
        }
    }
    SessionFacts::new(at.0.into(), calls, tools.len(), History::new(tools))
}

//! Facts about a session as of one of its tool calls.
//!
//! As recorded: they derive from what happened, not from verdicts. History is that of the session;
//! a branch sees only the part of its origin that both share.

use crate::table::Value;
use remit_session::{LaneIdx, LaneKind, Session, StepIdx};
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
}

/// The tools that were called, by their recorded names, in the order of their first calls.
#[derive(Debug)]
struct History {
    tools: Vec<Arc<str>>,
    /// The first none, one, two, ... of them as a set, once somebody asks.
    sets: Vec<OnceLock<Value>>,
}

impl SessionFacts {
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
pub(crate) fn facts_by_call(session: &Session) -> Vec<SessionFacts> {
    let calls: Vec<(StepIdx, LaneIdx, &str)> =
        session.calls().map(|(at, step, call)| (at, step.lane, call.tool.as_str())).collect();
    if session.lanes.iter().all(|l| !matches!(l.kind, LaneKind::Branch { .. })) {
        return one_history(&calls);
    }
    let pasts: Vec<Past> =
        (0..session.lanes.len()).map(|lane| Past::of(session, LaneIdx(lane as u32))).collect();
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
        SessionFacts { step, calls, used, history: Arc::clone(&history) }
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
    SessionFacts { step: at.0.into(), calls, used: tools.len(), history: History::new(tools) }
}

/// Which steps of which lanes belong to the history of a lane: for each lane the last visible step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past(Vec<Option<StepIdx>>);

impl Past {
    pub(crate) fn of(session: &Session, lane: LaneIdx) -> Self {
        let mut limits = vec![None; session.lanes.len()];
        trace_back(session, lane, StepIdx(u32::MAX), &mut limits);
        loop {
            let mut grew = false;
            for (other, l) in session.lanes.iter().enumerate() {
                let LaneKind::SubAgent { started_by } = l.kind else {
                    continue;
                };
                let seen = started_by.is_none_or(|s| {
                    session.step(s).is_some_and(|step| visible(&limits, step.lane, s))
                });
                if let Some(limit @ None) = limits.get_mut(other).filter(|_| seen) {
                    *limit = Some(StepIdx(u32::MAX));
                    grew = true;
                }
            }
            if !grew {
                return Past(limits);
            }
        }
    }

    pub(crate) fn sees(&self, lane: LaneIdx, step: StepIdx) -> bool {
        visible(&self.0, lane, step)
    }
}

/// Marks `lane` up to `until`, then the lanes that it continues.
fn trace_back(session: &Session, lane: LaneIdx, until: StepIdx, limits: &mut [Option<StepIdx>]) {
    let (Some(limit @ None), Some(l)) =
        (limits.get_mut(lane.0 as usize), session.lanes.get(lane.0 as usize))
    else {
        return;
    };
    *limit = Some(until);
    match l.kind {
        LaneKind::Main => {}
        LaneKind::Branch { of, after: Some(after) } => {
            trace_back(session, of, after.min(until), limits)
        }
        LaneKind::Branch { after: None, .. } => {}
        LaneKind::SubAgent { started_by } => {
            if let Some((at, step)) = started_by.and_then(|s| Some((s, session.step(s)?))) {
                trace_back(session, step.lane, at.min(until), limits);
            }
        }
    }
}

fn visible(limits: &[Option<StepIdx>], lane: LaneIdx, step: StepIdx) -> bool {
    limits.get(lane.0 as usize).copied().flatten().is_some_and(|limit| step <= limit)
}

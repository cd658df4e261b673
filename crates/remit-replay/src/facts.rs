//! Facts about a session as of one of its tool calls.
//!
//! As recorded: they derive from what happened, not from verdicts. History is that of the session;
//! a branch sees only the part of its origin that both share.

use remit_session::{LaneIdx, LaneKind, Session, StepIdx};
use std::collections::BTreeSet;

/// What was so when a tool call was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFacts {
    /// Position of the step in the session, from 0.
    pub step: i64,
    /// How many tool calls came before.
    pub calls: i64,
    /// Which tools were called before, by their recorded names.
    pub tools_used: BTreeSet<String>,
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
    let mut used = BTreeSet::new();
    let mut out = Vec::with_capacity(calls.len());
    for (n, (at, _, tool)) in calls.iter().enumerate() {
        out.push(SessionFacts { step: at.0.into(), calls: n as i64, tools_used: used.clone() });
        if !used.contains(*tool) {
            used.insert((*tool).to_owned());
        }
    }
    out
}

fn collect<'a>(at: StepIdx, before: impl Iterator<Item = &'a str>) -> SessionFacts {
    let mut facts = SessionFacts { step: at.0.into(), ..SessionFacts::default() };
    for tool in before {
        facts.calls += 1;
        facts.tools_used.insert(tool.to_owned());
    }
    facts
}

/// Which steps of which lanes belong to the history of a lane: for each lane the last visible step.
struct Past(Vec<Option<StepIdx>>);

impl Past {
    fn of(session: &Session, lane: LaneIdx) -> Self {
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

    fn sees(&self, lane: LaneIdx, step: StepIdx) -> bool {
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

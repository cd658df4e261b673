//! Which lane each span belongs to.

use super::order::Above;
use super::pairs::Pairs;
use super::{SessionBuilder, Span, Work};
use crate::{Lane, LaneIdx, LaneKind, StepIdx};
use std::collections::HashMap;

/// The lanes of a session, made as their agents come up.
pub(super) struct Lanes {
    /// What the main agent is called.
    pub main: String,
    /// For each span: the agent's name, and the span of the call that started it.
    agents: Vec<(String, Option<usize>)>,
    lanes: HashMap<(String, Option<usize>), LaneIdx>,
}

impl Lanes {
    pub fn new(spans: &[Span], above: &[Above], pairs: &Pairs) -> Lanes {
        let handed = hand_offs(spans);
        let mut agents: Vec<Option<(String, Option<usize>)>> = Vec::with_capacity(spans.len());
        for (index, (span, of)) in spans.iter().zip(above).enumerate() {
            let at = match &span.work {
                Work::Agent { name: Some(_), .. } => Some(index),
                Work::Agent { name: None, .. }
                | Work::Tool(_)
                | Work::Model { .. }
                | Work::Other { .. } => of.agent,
            };
            let named = at.and_then(|at| match &spans.get(at)?.work {
                Work::Agent { name: Some(name), .. } => Some((
                    name.clone(),
                    started_by(at, above, pairs)
                        .or(handed.get(name).copied().filter(|by| *by < at)),
                )),
                _ => None,
            });
            agents.push(named.or_else(|| Some((span.agent.clone()?, None))));
        }
        let first = agents.iter().flatten().next().map(|(name, _)| name.clone());
        let service = spans.iter().find_map(|span| span.service.clone());
        let main = first.or(service).unwrap_or_else(|| "agent".to_owned());
        let own =
            |agent: Option<(String, Option<usize>)>| agent.unwrap_or_else(|| (main.clone(), None));
        let agents: Vec<_> = agents.into_iter().map(own).collect();
        let first = agents.iter().find(|(name, _)| *name == main).cloned();
        let mut lanes = HashMap::from([((main.clone(), None), LaneIdx(0))]);
        lanes.extend(first.map(|first| (first, LaneIdx(0))));
        Lanes { main, agents, lanes }
    }

    /// The lane of a span; `called` are the calls so far.
    pub fn of(
        &mut self,
        span: usize,
        builder: &mut SessionBuilder,
        called: &HashMap<usize, StepIdx>,
    ) -> LaneIdx {
        let Some(key) = self.agents.get(span) else { return LaneIdx(0) };
        if let Some(lane) = self.lanes.get(key) {
            return *lane;
        }
        let started_by = key.1.and_then(|by| called.get(&by).copied());
        let agent = key.0.clone();
        let lane = builder.add_lane(Lane { agent, kind: LaneKind::SubAgent { started_by } });
        self.lanes.insert(key.clone(), lane);
        lane
    }
}

/// The call below which an agent works.
fn started_by(agent: usize, above: &[Above], pairs: &Pairs) -> Option<usize> {
    let tool = above.get(agent)?.tool?;
    Some(pairs.inner.get(&tool).copied().unwrap_or(tool))
}

/// The calls that hand over to an agent, by its name.
fn hand_offs(spans: &[Span]) -> HashMap<String, usize> {
    let named = spans.iter().enumerate().filter_map(|(index, span)| {
        let Work::Tool(tool) = &span.work else { return None };
        let name = span.name.strip_prefix("handoff to ").or_else(|| {
            let called = tool.name.as_deref().unwrap_or(&span.name);
            tool.result.as_deref().filter(|_| called.starts_with("transfer_to_"))
        })?;
        Some((name.to_owned(), index))
    });
    named.collect()
}

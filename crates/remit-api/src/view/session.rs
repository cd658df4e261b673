//! One session: its lanes, calls and steps.

use super::corpus::session_row;
use super::text::{EXCERPT_CHARS, brief, excerpt};
use super::words::{outcome, role_of, verdict_of};
use crate::snapshot::{Found, Snapshot};
use crate::wire::*;
use remit_replay::JudgedCall;
use remit_session::{Arguments, Session, Step, StepIdx, StepKind, ToolCall};
use std::collections::HashMap;

const WHOLE_CHARS: usize = 4_000_000;
const BRIEF_CHARS: usize = 160;

pub(crate) fn session_view(snapshot: &Snapshot, session: u32) -> Result<SessionView, ErrorDto> {
    snapshot.look(session, |found| {
        let none = || ErrorDto::not_found(format!("there is no session {session}"));
        let row = session_row(snapshot, session).ok_or_else(none)?;
        Ok(whole(row, &found))
    })
}

fn whole(row: SessionRow, found: &Found<'_>) -> SessionView {
    let tick = |(step, call, judged): (&Step, &ToolCall, &JudgedCall)| CallTick {
        step: judged.step.0,
        index: judged.index.0,
        lane: step.lane.0,
        tool: call.tool.clone(),
        verdict: verdict_of(judged.verdict),
        hypothetical: found.replayed.hypothetical(judged.step).map(hypothetical_of),
    };
    let calls: Vec<CallTick> = calls(found).map(tick).collect();
    SessionView {
        row,
        goal: found.session.goal.clone(),
        format: found.recording.format.to_string(),
        lanes: lanes(found.session, &calls),
        steps: found.session.steps.len() as u32,
        horizon: found.replayed.horizon.as_ref().map(|horizon| horizon.call.0),
        warnings: found.recording.warnings.iter().map(warning).collect(),
        calls,
    }
}

fn warning(found: &remit_session::Warning) -> ImportWarning {
    ImportWarning {
        message: found.message.clone(),
        place: found.place.to_string(),
        count: found.count,
    }
}

fn calls<'s>(found: &Found<'s>) -> impl Iterator<Item = (&'s Step, &'s ToolCall, &'s JudgedCall)> {
    let calls = found.session.calls().zip(&found.replayed.calls);
    calls.map(|((_, step, call), judged)| (step, call, judged))
}

pub(crate) fn step_page(snapshot: &Snapshot, request: &StepsRequest) -> Result<StepPage, ErrorDto> {
    snapshot.look(request.session, |found| {
        let judged: HashMap<StepIdx, &JudgedCall> =
            found.replayed.calls.iter().map(|c| (c.step, c)).collect();
        let steps = (0..).zip(&found.session.steps);
        let steps = steps.skip(request.start as usize).take(request.len as usize);
        let steps = steps.map(|(n, step)| step_view(n, step, judged.get(&StepIdx(n)).copied()));
        Ok(StepPage { start: request.start, steps: steps.collect() })
    })
}

pub(crate) fn step_text(snapshot: &Snapshot, request: &StepRequest) -> Result<StepText, ErrorDto> {
    snapshot.look(request.session, |found| {
        let text = match &step_of(&found, request.step)?.kind {
            StepKind::Message { text, .. } => text.clone(),
            StepKind::Result(result) => result.text.clone(),
            StepKind::Call(call) => arguments(call),
        };
        Ok(StepText { text: excerpt(&text, WHOLE_CHARS).text })
    })
}

pub(super) fn step_of<'s>(found: &Found<'s>, step: u32) -> Result<&'s Step, ErrorDto> {
    let none = || ErrorDto::not_found(format!("the session has no step {step}"));
    found.session.step(StepIdx(step)).ok_or_else(none)
}

fn hypothetical_of(of: remit_replay::Hypothetical) -> Hypothetical {
    if of.depends { Hypothetical::Dependent } else { Hypothetical::Independent }
}

fn lanes(session: &Session, calls: &[CallTick]) -> Vec<Lane> {
    let lane = |(n, lane): (usize, &remit_session::Lane)| {
        let (kind, from_step) = match lane.kind {
            remit_session::LaneKind::Main => (LaneKind::Main, None),
            remit_session::LaneKind::SubAgent { started_by } => (LaneKind::SubAgent, started_by),
            remit_session::LaneKind::Branch { after, .. } => (LaneKind::Branch, after),
        };
        let own = calls.iter().filter(|c| c.lane as usize == n).count() as u32;
        Lane { agent: lane.agent.clone(), kind, calls: own, from_step: from_step.map(|s| s.0) }
    };
    session.lanes.iter().enumerate().map(lane).collect()
}

fn step_view(n: u32, step: &Step, judged: Option<&JudgedCall>) -> StepView {
    let body = match (&step.kind, judged) {
        (StepKind::Call(call), Some(judged)) => StepBody::Call(call_view(call, judged)),
        (StepKind::Call(call), None) => StepBody::Message {
            role: Role::Runtime,
            text: excerpt(&arguments(call), EXCERPT_CHARS),
        },
        (StepKind::Message { role, text }, _) => {
            StepBody::Message { role: role_of(*role), text: excerpt(text, EXCERPT_CHARS) }
        }
        (StepKind::Result(result), _) => StepBody::Result {
            call: result.call.map(|c| c.0),
            text: excerpt(&result.text, EXCERPT_CHARS),
            outcome: outcome(result.outcome),
        },
    };
    let at = step.at.map(|at| at.to_string());
    StepView { step: n, lane: step.lane.0, at, place: step.place.to_string(), body }
}

pub(super) fn call_view(call: &ToolCall, judged: &JudgedCall) -> CallView {
    CallView {
        index: call.index.0,
        id: call.id.clone(),
        tool: call.tool.clone(),
        server: call.server.clone(),
        arguments: excerpt(&arguments(call), EXCERPT_CHARS),
        brief: brief_arguments(&call.arguments),
        outcome: outcome(call.outcome),
        verdict: verdict_of(judged.verdict),
        said: judged.verdict.said(judged.scope_allows()).to_owned(),
        uncertain: judged.is_uncertain(),
    }
}

fn arguments(call: &ToolCall) -> String {
    match &call.arguments {
        Arguments::Object(object) => serde_json::to_string_pretty(object).unwrap_or_default(),
        Arguments::Unreadable { text, .. } => text.clone(),
    }
}

/// `name: value` pairs in one line.
fn brief_arguments(arguments: &Arguments) -> String {
    let text = match arguments {
        Arguments::Unreadable { text, .. } => text.clone(),
        Arguments::Object(object) => {
            let pair = |(name, value): (&String, &serde_json::Value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{name}: {}", brief(&value, BRIEF_CHARS))
            };
            object.iter().map(pair).collect::<Vec<_>>().join("  ")
        }
    };
    brief(&text, BRIEF_CHARS)
}

//! Puts a session together, step by step.
//!
//! Promises: a result is linked to its call in both directions, the first result decides the
//! outcome, a result that answers nothing is kept and counted.

use crate::identity::Noticed;
use crate::{
    Arguments, CallIdx, Identity, Lane, LaneIdx, LaneKind, Outcome, Place, Role, Session, Step,
    StepIdx, StepKind, ToolCall, ToolResult, Warning,
};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// Where and when a step happened.
#[derive(Clone)]
pub(crate) struct Moment {
    pub lane: LaneIdx,
    pub at: Option<Timestamp>,
    pub place: Place,
}

impl Moment {
    /// In the main lane, at a time that the recording does not say.
    pub fn at(place: Place) -> Moment {
        Moment { lane: LaneIdx(0), at: None, place }
    }
}

/// A tool call, before it is known how it ended.
pub(crate) struct NewCall {
    pub id: Option<String>,
    pub tool: String,
    pub server: Option<String>,
    pub arguments: Arguments,
}

/// A session that is being read.
pub(crate) struct SessionBuilder {
    session: Session,
    open: HashMap<String, VecDeque<StepIdx>>,
    turn: BTreeSet<StepIdx>,
    turn_without_id: BTreeSet<StepIdx>,
    turn_start: StepIdx,
}

impl SessionBuilder {
    pub fn new(id: impl Into<String>, agent: impl Into<String>) -> SessionBuilder {
        let main = Lane { agent: agent.into(), kind: LaneKind::Main };
        SessionBuilder {
            session: Session {
                id: id.into(),
                task: None,
                goal: None,
                lanes: vec![main],
                steps: Vec::new(),
                solved: None,
                identity: Identity::default(),
            },
            open: HashMap::new(),
            turn: BTreeSet::new(),
            turn_without_id: BTreeSet::new(),
            turn_start: StepIdx(0),
        }
    }

    /// The session so far; its steps are added through the builder only.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    pub fn next_step(&self) -> StepIdx {
        StepIdx(self.session.steps.len() as u32)
    }

    pub fn add_lane(&mut self, lane: Lane) -> LaneIdx {
        self.session.lanes.push(lane);
        LaneIdx(self.session.lanes.len() as u32 - 1)
    }

    /// Takes up what a recording says about who acts in a lane, and about the call at `step`.
    pub fn identify(&mut self, lane: LaneIdx, step: Option<StepIdx>, noticed: Noticed) {
        self.session.identity.take(lane, step, noticed);
    }

    /// Calls from here on are answered before earlier ones where ids do not tell.
    pub fn begin_turn(&mut self) {
        self.turn.clear();
        self.turn_without_id.clear();
        self.turn_start = self.next_step();
    }

    /// Adds a message, unless it says nothing.
    pub fn say(&mut self, moment: Moment, role: Role, text: String) {
        if !text.trim().is_empty() {
            self.push(moment, StepKind::Message { role, text });
        }
    }

    pub fn call(&mut self, moment: Moment, call: NewCall) -> StepIdx {
        let idx = self.next_step();
        self.turn.insert(idx);
        match &call.id {
            Some(id) => self.open.entry(id.clone()).or_default().push_back(idx),
            None => drop(self.turn_without_id.insert(idx)),
        }
        let NewCall { id, tool, server, arguments } = call;
        let (index, outcome, result) = (CallIdx(0), Outcome::Unrecorded, None);
        let call = ToolCall { index, id, tool, server, arguments, outcome, result };
        self.push(moment, StepKind::Call(call))
    }

    /// The unanswered call that a result with this id (or none) belongs to: by id; where there is
    /// no such id, in the order of the turn.
    pub fn open_call(&self, id: Option<&str>) -> Option<StepIdx> {
        match id {
            Some(id) => self.open_call_named(id).or(self.turn_without_id.first().copied()),
            None => self.turn.first().copied(),
        }
    }

    /// The unanswered call with this id, the last turn's first.
    pub fn open_call_named(&self, id: &str) -> Option<StepIdx> {
        let calls = self.open.get(id)?;
        let in_turn = calls.get(calls.partition_point(|idx| *idx < self.turn_start));
        in_turn.or(calls.front()).copied()
    }

    /// Adds a result; the first one of a call says how the call ended.
    pub fn result(
        &mut self,
        moment: Moment,
        call: Option<StepIdx>,
        text: String,
        outcome: Outcome,
    ) -> StepIdx {
        let result = self.push(moment, StepKind::Result(ToolResult { call, text, outcome }));
        if let Some(answered) = call {
            self.close(answered);
            if let Some(call) = self.call_at(answered).filter(|call| call.result.is_none()) {
                call.result = Some(result);
                call.outcome = outcome;
            }
        }
        result
    }

    /// Adds a result to a call, or as an answer to nothing, with a warning.
    pub fn answer(
        &mut self,
        moment: Moment,
        call: Option<StepIdx>,
        (text, outcome): (String, Outcome),
        warnings: &mut Warnings,
    ) {
        if call.is_none() {
            warnings.add("a result belongs to no tool call of the recording", moment.place.clone());
        }
        self.result(moment, call, text, outcome);
    }

    pub fn call_at(&mut self, idx: StepIdx) -> Option<&mut ToolCall> {
        match self.session.steps.get_mut(idx.0 as usize).map(|step| &mut step.kind) {
            Some(StepKind::Call(call)) => Some(call),
            Some(StepKind::Message { .. } | StepKind::Result(_)) | None => None,
        }
    }

    /// The session; its goal is the first thing that the user said, if nothing else was set.
    pub fn finish(mut self) -> Session {
        if self.session.goal.is_none() {
            self.session.goal = first_request(&self.session);
        }
        self.session
    }

    /// The session, with the goal that it was given or none.
    pub fn finish_as_is(self) -> Session {
        self.session
    }

    pub fn push(&mut self, moment: Moment, kind: StepKind) -> StepIdx {
        let idx = self.next_step();
        let Moment { lane, at, place } = moment;
        self.session.steps.push(Step { lane, at, place, kind });
        idx
    }

    fn close(&mut self, idx: StepIdx) {
        self.turn.remove(&idx);
        self.turn_without_id.remove(&idx);
        let id = self.call_at(idx).and_then(|call| call.id.clone());
        let Some(calls) = id.as_ref().and_then(|id| self.open.get_mut(id)) else {
            return;
        };
        if let Ok(at) = calls.binary_search(&idx) {
            calls.remove(at);
        }
    }
}

fn first_request(session: &Session) -> Option<String> {
    session.steps.iter().find_map(|step| match &step.kind {
        StepKind::Message { role: Role::User, text } if step.lane == LaneIdx(0) => {
            Some(text.clone())
        }
        StepKind::Message { .. } | StepKind::Call(_) | StepKind::Result(_) => None,
    })
}

/// Warnings, each message once, with its first place and how often it came.
#[derive(Default)]
pub(crate) struct Warnings {
    list: Vec<Warning>,
    known: HashMap<String, usize>,
}

/// A recording can make up as many messages as it has lines; beyond this they are lumped together.
const DISTINCT_WARNINGS: usize = 100;

impl Warnings {
    pub fn add(&mut self, message: impl Into<String>, place: Place) {
        let mut message = message.into();
        if self.list.len() >= DISTINCT_WARNINGS && !self.known.contains_key(&message) {
            message = "further warnings of other kinds".to_owned();
        }
        match self.known.get(&message).and_then(|at| self.list.get_mut(*at)) {
            Some(warning) => warning.count += 1,
            None => {
                self.known.insert(message.clone(), self.list.len());
                self.list.push(Warning { message, place, count: 1 });
            }
        }
    }

    pub fn into_list(self) -> Vec<Warning> {
        self.list
    }
}

//! ATIF 1.7: a trajectory a session; one document, or a line each where there are several.
//!
//! The agent's calls and results stand in one step as long as they are of one turn. What the format has no
//! field for stands in `extra`, where our importer finds it: outcomes, servers, times of calls and results,
//! arguments that could not be read, the task. Other lanes are trajectories of sub-agents; that one was a branch,
//! and how the steps of several lanes stood between each other, is lost.

use super::call_ids;
use crate::{
    Arguments, LaneIdx, LaneKind, Outcome, Role, Session, Step, StepIdx, StepKind, ToolCall,
    ToolResult,
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The sessions as trajectories, followed by a line end.
pub fn to_atif(sessions: &[&Session]) -> String {
    match sessions {
        [session] => format!("{:#}\n", trajectory(session)),
        _ => sessions.iter().map(|session| format!("{}\n", trajectory(session))).collect(),
    }
}

fn trajectory(session: &Session) -> Value {
    let mut lanes: Vec<Lane<'_>> = session.lanes.iter().map(|_| Lane::default()).collect();
    let ids = call_ids(session);
    // Where the step of each call is: its lane, and its place among that lane's steps.
    let mut calls: HashMap<StepIdx, (usize, usize)> = HashMap::new();
    for (index, step) in session.steps.iter().enumerate() {
        let (idx, own) = (StepIdx(index as u32), step.lane.0 as usize);
        match &step.kind {
            StepKind::Message { role, text } => {
                if let Some(lane) = lanes.get_mut(own) {
                    lane.message(step, *role, text);
                }
            }
            StepKind::Call(call) => {
                if let Some(lane) = lanes.get_mut(own) {
                    calls.insert(idx, (own, lane.call(step, call, ids.get(&idx))));
                }
            }
            StepKind::Result(result) => {
                let of = result.call.and_then(|call| Some((calls.get(&call)?, ids.get(&call)?)));
                let ((lane, at), id) = match of {
                    Some(((lane, at), id)) => ((*lane, Some(*at)), Some(id)),
                    None => ((own, None), None),
                };
                if let Some(lane) = lanes.get_mut(lane) {
                    lane.result(step, result, at, id, started(session, result.call));
                }
            }
        }
    }
    document(session, lanes)
}

fn document(session: &Session, lanes: Vec<Lane<'_>>) -> Value {
    let mut made = lanes.into_iter().zip(&session.lanes).enumerate().map(|(index, (lane, of))| {
        let id = if index == 0 { session.id.clone() } else { lane_id(LaneIdx(index as u32)) };
        json!({
            "schema_version": "ATIF-v1.7",
            "trajectory_id": id,
            "agent": { "name": of.agent, "version": "unknown" },
            "steps": lane.steps(),
        })
    });
    let mut main = made.next().unwrap_or_default();
    let below: Vec<Value> = made.collect();
    let mut extra = Map::new();
    let mut put =
        |key: &str, value: Option<Value>| extra.extend(value.map(|v| (key.to_owned(), v)));
    put("task", session.task.clone().map(Value::from));
    put("goal", session.goal.clone().map(Value::from));
    put("solved", session.solved.map(Value::from));
    if let Some(main) = main.as_object_mut() {
        main.insert("session_id".to_owned(), Value::from(session.id.clone()));
        if !below.is_empty() {
            main.insert("subagent_trajectories".to_owned(), Value::Array(below));
        }
        if !extra.is_empty() {
            main.insert("extra".to_owned(), Value::Object(extra));
        }
    }
    main
}

fn lane_id(lane: LaneIdx) -> String {
    format!("lane-{}", lane.0)
}

/// The lanes that a call started.
fn started(session: &Session, call: Option<StepIdx>) -> Vec<String> {
    let lanes = session.lanes.iter().enumerate().filter(|(_, lane)| match lane.kind {
        LaneKind::SubAgent { started_by } => started_by.is_some() && started_by == call,
        LaneKind::Main | LaneKind::Branch { .. } => false,
    });
    lanes.map(|(index, _)| lane_id(LaneIdx(index as u32))).collect()
}

/// The steps of one lane.
#[derive(Default)]
struct Lane<'a> {
    list: Vec<Made<'a>>,
}

#[derive(Default)]
struct Made<'a> {
    source: &'static str,
    at: Option<jiff::Timestamp>,
    message: Option<&'a str>,
    thought: Option<&'a str>,
    runtime: bool,
    calls: Vec<Value>,
    results: Vec<Value>,
}

impl<'a> Lane<'a> {
    fn message(&mut self, step: &Step, role: Role, text: &'a str) {
        let source = match role {
            Role::User => "user",
            Role::Assistant | Role::Thinking => "agent",
            Role::System | Role::Runtime => "system",
        };
        // A thought and what is said after it are one step, if nothing was done between.
        let goes_on = self.list.last().is_some_and(|last| {
            role == Role::Assistant
                && last.source == "agent"
                && last.at == step.at
                && last.message.is_none()
                && last.calls.is_empty()
        });
        if !goes_on {
            self.list.push(Made { source, at: step.at, ..Made::default() });
        }
        let Some(last) = self.list.last_mut() else { return };
        last.runtime = role == Role::Runtime;
        match role {
            Role::Thinking => last.thought = Some(text),
            Role::User | Role::Assistant | Role::System | Role::Runtime => {
                last.message = Some(text)
            }
        }
    }

    /// Adds a call; says in which step.
    fn call(&mut self, step: &Step, call: &ToolCall, id: Option<&String>) -> usize {
        let goes_on = |last: &Made<'_>| last.source == "agent" && last.results.is_empty();
        if !self.list.last().is_some_and(goes_on) {
            self.list.push(Made { source: "agent", at: step.at, ..Made::default() });
        }
        let at = self.list.len() - 1;
        if let Some(last) = self.list.last_mut() {
            let time = step.at.filter(|_| step.at != last.at);
            last.calls.push(call_json(call, id, time));
        }
        at
    }

    fn result(
        &mut self,
        step: &Step,
        result: &ToolResult,
        of: Option<usize>,
        id: Option<&String>,
        started: Vec<String>,
    ) {
        let at = of.unwrap_or_else(|| {
            self.list.push(Made { source: "system", at: step.at, ..Made::default() });
            self.list.len() - 1
        });
        let Some(made) = self.list.get_mut(at) else { return };
        let mut json = json!({ "content": result.text });
        let mut extra = Map::new();
        if result.outcome != Outcome::Executed {
            extra.insert("outcome".to_owned(), Value::from(result.outcome.word()));
        }
        if let Some(at) = step.at.filter(|_| step.at != made.at) {
            extra.insert("timestamp".to_owned(), Value::from(at.to_string()));
        }
        if let Some(json) = json.as_object_mut() {
            json.extend(id.map(|id| ("source_call_id".to_owned(), Value::from(id.clone()))));
            if !started.is_empty() {
                let refs = started.into_iter().map(|id| json!({ "trajectory_id": id }));
                json.insert("subagent_trajectory_ref".to_owned(), refs.collect());
            }
            if !extra.is_empty() {
                json.insert("extra".to_owned(), Value::Object(extra));
            }
        }
        made.results.push(json);
    }

    fn steps(self) -> Vec<Value> {
        self.list.into_iter().zip(1..).map(|(made, number)| made.json(number)).collect()
    }
}

fn call_json(call: &ToolCall, id: Option<&String>, at: Option<jiff::Timestamp>) -> Value {
    let mut extra = Map::new();
    let mut put =
        |key: &str, value: Option<Value>| extra.extend(value.map(|v| (key.to_owned(), v)));
    put("server", call.server.clone().map(Value::from));
    put("timestamp", at.map(|at| Value::from(at.to_string())));
    let arguments = match &call.arguments {
        Arguments::Object(object) => object.clone(),
        Arguments::Unreadable { text, why } => {
            put("unreadable", Some(json!({ "text": text, "why": why })));
            Map::new()
        }
    };
    let mut json = json!({
        "tool_call_id": id,
        "function_name": call.tool,
        "arguments": arguments,
    });
    if let Some(json) = json.as_object_mut().filter(|_| !extra.is_empty()) {
        json.insert("extra".to_owned(), Value::Object(extra));
    }
    json
}

impl Made<'_> {
    fn json(self, number: u32) -> Value {
        let mut step = Map::new();
        let mut put =
            |key: &str, value: Option<Value>| step.extend(value.map(|v| (key.to_owned(), v)));
        put("step_id", Some(Value::from(number)));
        put("timestamp", self.at.map(|at| Value::from(at.to_string())));
        put("source", Some(Value::from(self.source)));
        put("message", Some(Value::from(self.message.unwrap_or_default())));
        put("reasoning_content", self.thought.map(Value::from));
        put("tool_calls", (!self.calls.is_empty()).then_some(Value::Array(self.calls)));
        let results = (!self.results.is_empty()).then_some(self.results);
        put("observation", results.map(|results| json!({ "results": results })));
        put("extra", self.runtime.then(|| json!({ "role": "runtime" })));
        Value::Object(step)
    }
}

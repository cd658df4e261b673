//! ATIF, the Agent Trajectory Interchange Format of Harbor and Terminal-Bench, versions 1.x.
//!
//! A trajectory is a session. Trajectories of sub-agents are lanes, started by the call whose result names
//! them. Steps that are marked as copies of an earlier trajectory's happened there; they are said as
//! messages, and their calls are counted in a warning.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field, within};
use super::messages::{UNNAMED_TOOL, content_text, warn_about};
use super::{ImportError, Source};
use crate::{Arguments, Lane, LaneIdx, LaneKind, Outcome, Place, Role, Session, StepIdx};
use serde_json::Value;
use std::collections::HashMap;

/// Sub-agents of sub-agents deeper than this are not read.
const DEPTH: usize = 16;

/// Whether a value is a trajectory.
pub(super) fn is_trajectory(value: &Value) -> bool {
    let version = value.get("schema_version").and_then(Value::as_str).unwrap_or_default();
    version.starts_with("ATIF") && value.get("steps").is_some_and(Value::is_array)
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut sessions = Vec::new();
    for (place, record) in json::records(source, warnings)? {
        let Some(trajectory) = record.as_object().filter(|_| is_trajectory(&record)) else {
            warnings.add("a record that is no trajectory was skipped", place);
            continue;
        };
        let ids = ["session_id", "trajectory_id"];
        let id = ids.iter().find_map(|key| id_field(trajectory, key));
        let id = id.unwrap_or_else(|| source.stem().to_owned());
        let builder = SessionBuilder::new(id, agent(trajectory));
        let mut reader = Reader { builder, warnings, started: HashMap::new() };
        reader.extra(trajectory);
        reader.trajectory(trajectory, LaneIdx(0), &place, DEPTH);
        sessions.push(reader.builder.finish());
    }
    Ok(sessions)
}

fn agent(trajectory: &Object) -> String {
    let named = trajectory.get("agent").and_then(|agent| agent.get("name")?.as_str());
    named.unwrap_or("agent").to_owned()
}

struct Reader<'a> {
    builder: SessionBuilder,
    warnings: &'a mut Warnings,
    /// The call whose result names a sub-agent's trajectory.
    started: HashMap<String, StepIdx>,
}

impl Reader<'_> {
    /// What Remit writes beside the format's own fields.
    fn extra(&mut self, trajectory: &Object) {
        let Some(extra) = trajectory.get("extra").and_then(Value::as_object) else { return };
        let session = self.builder.session();
        session.task = text_field(extra, "task").map(str::to_owned);
        session.goal = text_field(extra, "goal").map(str::to_owned);
        session.solved = extra.get("solved").and_then(Value::as_bool);
    }

    fn trajectory(&mut self, trajectory: &Object, lane: LaneIdx, place: &Place, depth: usize) {
        let steps = trajectory.get("steps").and_then(Value::as_array);
        for (index, step) in steps.into_iter().flatten().enumerate() {
            let place = within(place, format_args!("/steps/{index}"));
            match step.as_object() {
                Some(step) => self.step(step, lane, &place),
                None => self.warnings.add("a step that is no JSON object was skipped", place),
            }
        }
        let below = trajectory.get("subagent_trajectories").and_then(Value::as_array);
        for (index, below) in below.into_iter().flatten().enumerate() {
            let place = within(place, format_args!("/subagent_trajectories/{index}"));
            let Some((below, depth)) = below.as_object().zip(depth.checked_sub(1)) else {
                self.warnings.add("a sub-agent's trajectory was skipped", place);
                continue;
            };
            let ids = ["trajectory_id", "session_id"];
            let mut named = ids.iter().filter_map(|key| id_field(below, key));
            let started_by = named.find_map(|id| self.started.get(&id).copied());
            let kind = LaneKind::SubAgent { started_by };
            let lane = self.builder.add_lane(Lane { agent: agent(below), kind });
            self.trajectory(below, lane, &place, depth);
        }
    }

    fn step(&mut self, step: &Object, lane: LaneIdx, place: &Place) {
        let at = json::timestamp(step.get("timestamp"));
        let moment = Moment { lane, at, place: place.clone() };
        let copied = step.get("is_copied_context").and_then(Value::as_bool) == Some(true);
        let role = match text_field(step, "source") {
            Some("user") => Role::User,
            Some("agent") => Role::Assistant,
            Some("system") if step.get("extra").and_then(|extra| extra.get("role")).is_some() => {
                Role::Runtime
            }
            _ => Role::System,
        };
        if role == Role::Assistant {
            self.builder.begin_turn();
        }
        let thought = text_field(step, "reasoning_content").unwrap_or_default().to_owned();
        self.builder.say(moment.clone(), Role::Thinking, thought);
        let message = step.get("message").map(content_text).unwrap_or_default();
        self.builder.say(moment.clone(), role, message);
        let calls = step.get("tool_calls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if copied && !calls.is_empty() {
            let message =
                "the calls of a step that is a copy of another trajectory's were not read";
            return self.warnings.add(message, place.clone());
        }
        for (index, call) in calls.iter().enumerate() {
            let place = within(place, format_args!("/tool_calls/{index}"));
            self.call(call, Moment { place, ..moment.clone() });
        }
        let results = step.get("observation").and_then(|seen| seen.get("results")?.as_array());
        for (index, result) in results.into_iter().flatten().enumerate() {
            let place = within(place, format_args!("/observation/results/{index}"));
            self.result(result, Moment { place, ..moment.clone() }, !calls.is_empty());
        }
    }

    fn call(&mut self, call: &Value, moment: Moment) {
        let field = |key: &str| call.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let server = call.pointer("/extra/server").and_then(Value::as_str);
        let new = NewCall {
            id: field("tool_call_id").map(str::to_owned),
            tool: field("function_name").unwrap_or(UNNAMED_TOOL).to_owned(),
            server: server.map(str::to_owned),
            arguments: match call.pointer("/extra/unreadable").and_then(Value::as_object) {
                Some(unreadable) => Arguments::Unreadable {
                    text: text_field(unreadable, "text").unwrap_or_default().to_owned(),
                    why: text_field(unreadable, "why").unwrap_or_default().to_owned(),
                },
                None => arguments(call.get("arguments")),
            },
        };
        warn_about(&new, &moment.place, self.warnings);
        let at = json::timestamp(call.pointer("/extra/timestamp")).or(moment.at);
        self.builder.call(Moment { at, ..moment }, new);
    }

    /// The format has no sign of failure; Remit writes one beside it.
    fn result(&mut self, result: &Value, moment: Moment, answers: bool) {
        let text = result.get("content").map(content_text).unwrap_or_default();
        let id = result.get("source_call_id").and_then(Value::as_str);
        if id.is_none() && !answers {
            return self.builder.say(moment, Role::Runtime, text);
        }
        let outcome = match result.pointer("/extra/outcome").and_then(Value::as_str) {
            Some("failed") => Outcome::Failed,
            Some("refused") => Outcome::Refused,
            _ => Outcome::Executed,
        };
        let at = json::timestamp(result.pointer("/extra/timestamp")).or(moment.at);
        let moment = Moment { at, ..moment };
        let call = self.builder.open_call(id);
        let refs = result.get("subagent_trajectory_ref");
        let refs =
            refs.map(|refs| refs.as_array().map_or(std::slice::from_ref(refs), Vec::as_slice));
        for named in refs.into_iter().flatten() {
            for key in ["trajectory_id", "session_id"] {
                let id = named.get(key).and_then(Value::as_str).map(str::to_owned);
                self.started.extend(id.zip(call));
            }
        }
        self.builder.answer(moment, call, (text, outcome), self.warnings);
    }
}

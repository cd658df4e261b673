//! What the hooks of Claude Code, Codex and Gemini CLI are given, one payload a line, as a hook that appends
//! its input to a file leaves it; bare, or in an envelope with the time (`{timestamp, payload}` and the like).
//!
//! `PreToolUse` (`BeforeTool`) is a call, `PostToolUse` (`AfterTool`) its result, by the id of the use, else by
//! tool and arguments in order. A call whose permission was denied was *refused*, one that failed *failed*, one
//! that has no answer is *unrecorded*. Each session is one; an agent with an id of its own is a lane.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field, within};
use super::messages::{UNNAMED_TOOL, content_text, warn_about};
use super::said::says_failed;
use super::{ImportError, Source};
use crate::identity::{Noticed, is_watched};
use crate::{Lane, LaneIdx, LaneKind, Outcome, Place, Role, Session, StepIdx};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};

const ENVELOPE: [&str; 5] = ["payload", "input", "hook", "event", "data"];

/// Whether a value is a payload, or holds one.
pub(super) fn is_payload(value: &Value) -> bool {
    payload(value).is_some()
}

fn payload(value: &Value) -> Option<(&'static str, &Object)> {
    let is_one = |object: &&Object| {
        text_field(object, "hook_event_name").is_some()
            && text_field(object, "session_id").is_some()
    };
    if let Some(object) = value.as_object().filter(is_one) {
        return Some(("", object));
    }
    ENVELOPE.into_iter().find_map(|key| Some((key, value.get(key)?.as_object().filter(is_one)?)))
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut log = Log { warnings, sessions: Vec::new(), by_id: HashMap::new() };
    for (place, record) in json::records(source, log.warnings)? {
        let Some((key, payload)) = payload(&record) else {
            log.warnings.add("a record that is no hook's payload was skipped", place);
            continue;
        };
        let time = |object: &Object| {
            ["timestamp", "time", "at", "ts"]
                .iter()
                .find_map(|key| json::timestamp(object.get(*key)))
        };
        let at = time(payload).or_else(|| time(record.as_object()?));
        let place = if key.is_empty() { place } else { within(&place, format_args!("/{key}")) };
        log.payload(payload, at, place);
    }
    Ok(log.sessions.into_iter().map(|open| open.builder.finish()).collect())
}

struct Log<'a> {
    warnings: &'a mut Warnings,
    sessions: Vec<Open>,
    by_id: HashMap<String, usize>,
}

/// A session that is being read.
struct Open {
    builder: SessionBuilder,
    lanes: HashMap<String, LaneIdx>,
    /// Calls without an id of the use, by lane, tool and arguments, until they are answered.
    unanswered: HashMap<(LaneIdx, String, String), VecDeque<StepIdx>>,
}

impl Log<'_> {
    fn payload(&mut self, payload: &Object, at: Option<Timestamp>, place: Place) {
        let id = text_field(payload, "session_id").unwrap_or_default().to_owned();
        let next = self.sessions.len();
        let at_index = *self.by_id.entry(id.clone()).or_insert(next);
        if at_index == next {
            let builder = SessionBuilder::new(id, runtime(payload));
            self.sessions.push(Open { builder, lanes: HashMap::new(), unanswered: HashMap::new() });
        }
        if let Some(open) = self.sessions.get_mut(at_index) {
            open.payload(payload, at, place, self.warnings);
        }
    }
}

/// Whose hook it is: the names of the events and of some fields are each runtime's own.
fn runtime(payload: &Object) -> &'static str {
    let event = text_field(payload, "hook_event_name").unwrap_or_default();
    let path = text_field(payload, "transcript_path").unwrap_or_default();
    if event.starts_with("Before") || event.starts_with("After") || path.contains(".gemini") {
        "gemini-cli"
    } else if path.contains(".codex") || payload.contains_key("turn_id") {
        "codex"
    } else {
        "claude-code"
    }
}

impl Open {
    fn payload(
        &mut self,
        payload: &Object,
        at: Option<Timestamp>,
        place: Place,
        warnings: &mut Warnings,
    ) {
        let lane = self.lane(payload);
        let moment = Moment { lane, at, place };
        let event = text_field(payload, "hook_event_name").unwrap_or_default();
        let words = |key: &str| text_field(payload, key).unwrap_or_default().to_owned();
        match event {
            "PreToolUse" | "BeforeTool" => drop(self.call(payload, moment, warnings)),
            "PostToolUse" | "AfterTool" => {
                let response = payload.get("tool_response").unwrap_or(&Value::Null);
                let failed = says_failed(response)
                    || response.get("success").and_then(Value::as_bool) == Some(false)
                    || response.get("error").is_some_and(|error| !error.is_null());
                let outcome = if failed { Outcome::Failed } else { Outcome::Executed };
                self.answer(payload, (response_text(response), outcome), moment, warnings);
            }
            "PostToolUseFailure" => {
                let error = payload.get("error").map(content_text).unwrap_or_default();
                self.answer(payload, (error, Outcome::Failed), moment, warnings);
            }
            "PermissionDenied" => {
                self.answer(payload, (words("reason"), Outcome::Refused), moment, warnings);
            }
            "UserPromptSubmit" | "BeforeAgent" => {
                self.builder.say(moment, Role::User, words("prompt"));
            }
            "Stop" | "SubagentStop" | "AfterAgent" => {
                let said = ["last_assistant_message", "prompt_response"];
                let said = said.iter().find_map(|key| text_field(payload, key)).unwrap_or_default();
                self.builder.say(moment, Role::Assistant, said.to_owned());
            }
            "Notification" => self.builder.say(moment, Role::Runtime, words("message")),
            _ => {}
        }
    }

    fn lane(&mut self, payload: &Object) -> LaneIdx {
        let Some(agent) = id_field(payload, "agent_id") else { return LaneIdx(0) };
        if let Some(lane) = self.lanes.get(&agent) {
            return *lane;
        }
        let name = text_field(payload, "agent_type").unwrap_or(&agent).to_owned();
        let kind = LaneKind::SubAgent { started_by: None };
        let lane = self.builder.add_lane(Lane { agent: name, kind });
        self.lanes.insert(agent, lane);
        lane
    }

    fn call(&mut self, payload: &Object, moment: Moment, warnings: &mut Warnings) -> StepIdx {
        let tool = text_field(payload, "tool_name").unwrap_or(UNNAMED_TOOL).to_owned();
        let call = NewCall {
            id: id_field(payload, "tool_use_id"),
            server: Some(server(payload, &tool)),
            tool,
            arguments: arguments(payload.get("tool_input")),
        };
        warn_about(&call, &moment.place, warnings);
        let (has_id, key) = (call.id.is_some(), key(payload, moment.lane));
        let (lane, mode) = (moment.lane, text_field(payload, "permission_mode"));
        let step = self.builder.call(moment, call);
        let noticed = Noticed { human: mode.and_then(is_watched), ..Noticed::default() };
        self.builder.identify(lane, Some(step), noticed);
        if !has_id {
            self.unanswered.entry(key).or_default().push_back(step);
        }
        step
    }

    /// A recording can begin between a call and its result: then the call is what the result says.
    fn answer(
        &mut self,
        payload: &Object,
        answer: (String, Outcome),
        moment: Moment,
        warnings: &mut Warnings,
    ) {
        let known = match id_field(payload, "tool_use_id") {
            Some(id) => self.builder.open_call_named(&id),
            None => {
                self.unanswered.get_mut(&key(payload, moment.lane)).and_then(VecDeque::pop_front)
            }
        };
        let step = match known {
            Some(step) => step,
            None => {
                let step = self.call(payload, moment.clone(), warnings);
                self.unanswered.remove(&key(payload, moment.lane));
                step
            }
        };
        self.builder.answer(moment, Some(step), answer, warnings);
    }
}

fn key(payload: &Object, lane: LaneIdx) -> (LaneIdx, String, String) {
    let tool = text_field(payload, "tool_name").unwrap_or_default().to_owned();
    (lane, tool, payload.get("tool_input").map(Value::to_string).unwrap_or_default())
}

/// Gemini CLI names the server beside the tool, the others in its name.
fn server(payload: &Object, tool: &str) -> String {
    let context = payload.get("mcp_context").and_then(|context| context.get("server_name"));
    let named = tool.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"));
    let named = context.and_then(Value::as_str).or(named.map(|(server, _)| server));
    named.unwrap_or(runtime(payload)).to_owned()
}

fn response_text(response: &Value) -> String {
    let keys = ["llmContent", "stdout", "content", "error"];
    let found = keys.iter().find_map(|key| response.get(*key).filter(|value| !value.is_null()));
    content_text(found.unwrap_or(response))
}

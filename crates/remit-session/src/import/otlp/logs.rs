//! Events that coding agents send as logs: Claude Code, Codex and Gemini CLI, with telemetry switched on.
//!
//! One event says that a tool was run and how it ended; a decision against it says that it was *refused*. Claude
//! Code summarises arguments unless it is told to log them whole: then they are unreadable, since a policy would take
//! what the summary leaves out for absent.

use super::super::Source;
use super::super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::super::json::{Object, arguments, text_field, within};
use super::super::messages::{UNNAMED_TOOL, content_text, warn_about};
use super::super::said::structured;
use super::attributes::{plain, plain_object};
use super::time;
use crate::{Arguments, Outcome, Place, Role, Session};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::HashMap;

/// An event, as it was logged.
pub(super) struct Event {
    runtime: String,
    /// Without the runtime's name in front.
    name: String,
    session: String,
    at: Option<Timestamp>,
    attributes: Object,
    place: Place,
}

/// The names in front of events, and whose they are.
const RUNTIMES: [(&str, &str); 3] =
    [("claude_code.", "claude-code"), ("codex.", "codex"), ("gemini_cli.", "gemini-cli")];

/// The events of a request, and how many records are none.
pub(super) fn events(list: &Value, place: &Place, source: &Source<'_>) -> (Vec<Event>, u32) {
    let (mut found, mut others) = (Vec::new(), 0);
    for (index, group) in list.as_array().into_iter().flatten().enumerate() {
        let scopes = group.get("scopeLogs").and_then(Value::as_array);
        for (at, scope) in scopes.into_iter().flatten().enumerate() {
            let records = scope.get("logRecords").and_then(Value::as_array);
            for (number, record) in records.into_iter().flatten().enumerate() {
                let tail = format_args!("/resourceLogs/{index}/scopeLogs/{at}/logRecords/{number}");
                match event(record, within(place, tail), source) {
                    Some(event) => found.push(event),
                    None => others += 1,
                }
            }
        }
    }
    (found, others)
}

fn event(record: &Value, place: Place, source: &Source<'_>) -> Option<Event> {
    let attributes = record.get("attributes").map(plain_object).unwrap_or_default();
    let body = record.get("body").map(plain).unwrap_or_default();
    let text = |key: &str| text_field(&attributes, key);
    let names =
        [body.as_str(), record.get("eventName").and_then(Value::as_str), text("event.name")];
    let known = |name: &str| {
        let (prefix, runtime) = RUNTIMES.iter().find(|(prefix, _)| name.starts_with(prefix))?;
        Some((*runtime, name.strip_prefix(prefix)?.to_owned()))
    };
    let (runtime, name) = names.into_iter().flatten().find_map(known)?;
    let session = ["session.id", "conversation.id"].iter().find_map(|key| text(key));
    let stamp = attributes.get("event.timestamp");
    let logged = ["timeUnixNano", "observedTimeUnixNano"].iter().find_map(|key| record.get(*key));
    Some(Event {
        runtime: runtime.to_owned(),
        name,
        session: session.unwrap_or(source.stem()).to_owned(),
        at: stamp.and_then(time).or_else(|| logged.and_then(time)),
        attributes,
        place,
    })
}

/// The sessions of all events, each in the order of time.
pub(super) fn sessions(mut events: Vec<Event>, warnings: &mut Warnings) -> Vec<Session> {
    events.sort_by_key(|event| event.at);
    let mut builders: Vec<SessionBuilder> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for event in events {
        let next = builders.len();
        let at = *by_id.entry(event.session.clone()).or_insert(next);
        if at == next {
            builders.push(SessionBuilder::new(event.session.clone(), event.runtime.clone()));
        }
        if let Some(builder) = builders.get_mut(at) {
            event.read(builder, warnings);
        }
    }
    let sessions = builders.into_iter().map(SessionBuilder::finish);
    sessions.filter(|session| !session.steps.is_empty()).collect()
}

impl Event {
    fn read(self, builder: &mut SessionBuilder, warnings: &mut Warnings) {
        let moment = Moment { at: self.at, ..Moment::at(self.place.clone()) };
        let text = |key: &str| text_field(&self.attributes, key);
        match self.name.as_str() {
            "tool_result" | "tool_call" => {
                let outcome = self.outcome();
                let keys = ["output", "error", "error_message", "error_type"];
                let said = keys.iter().find_map(|key| self.attributes.get(*key));
                let said = said.map(content_text).unwrap_or_default();
                let step = self.call(builder, &moment, warnings);
                builder.result(moment, Some(step), said, outcome);
            }
            "tool_decision" if self.is_refused() => {
                let by = text("source").unwrap_or("the user").to_owned();
                let step = self.call(builder, &moment, warnings);
                builder.result(moment, Some(step), format!("refused by {by}"), Outcome::Refused);
            }
            "user_prompt" => {
                let prompt = text("prompt").unwrap_or_default().to_owned();
                builder.say(moment, Role::User, prompt);
            }
            "api_error" => {
                let error = text("error").unwrap_or_default().to_owned();
                builder.say(moment, Role::Runtime, error);
            }
            _ => {}
        }
    }

    fn is_refused(&self) -> bool {
        let decision = text_field(&self.attributes, "decision").unwrap_or_default();
        ["reject", "denied", "abort"].contains(&decision)
    }

    fn outcome(&self) -> Outcome {
        let success = self.attributes.get("success").map(content_text);
        match success.as_deref() {
            _ if self.is_refused() => Outcome::Refused,
            Some("false") => Outcome::Failed,
            _ => Outcome::Executed,
        }
    }

    fn call(
        &self,
        builder: &mut SessionBuilder,
        moment: &Moment,
        warnings: &mut Warnings,
    ) -> crate::StepIdx {
        let text = |key: &str| text_field(&self.attributes, key);
        let summary = text("tool_parameters").and_then(structured).unwrap_or_default();
        let of_summary = |key: &str| summary.get(key).and_then(Value::as_str);
        let server =
            text("mcp_server_name").or(text("mcp_server")).or(of_summary("mcp_server_name"));
        let tool = match (server, of_summary("mcp_tool_name")) {
            (Some(server), Some(tool)) => format!("mcp__{server}__{tool}"),
            _ => text("tool_name").or(text("function_name")).unwrap_or(UNNAMED_TOOL).to_owned(),
        };
        let named = tool.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"));
        let server = server.or(named.map(|(server, _)| server)).unwrap_or(&self.runtime).to_owned();
        let whole = ["arguments", "function_args", "tool_input"];
        let whole = whole.iter().find_map(|key| self.attributes.get(*key));
        let ids = ["call_id", "tool_use_id", "tool_call_id"];
        let call = NewCall {
            id: ids.iter().find_map(|key| text(key)).map(str::to_owned),
            tool,
            server: Some(server),
            arguments: match whole {
                Some(whole) => arguments(Some(whole)),
                None => Arguments::Unreadable {
                    text: text("tool_parameters").unwrap_or_default().to_owned(),
                    why: "the log does not hold the arguments whole".to_owned(),
                },
            },
        };
        warn_about(&call, &moment.place, warnings);
        builder.call(moment.clone(), call)
    }
}

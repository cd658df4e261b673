//! The events of an OpenHands conversation, of both generations.

use super::super::Source;
use super::super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::super::json::{self, Object, arguments, id_field, text_field};
use super::super::messages::{UNNAMED_TOOL, content_text, warn_about};
use super::{RUNTIME, is_state};
use crate::{Arguments, Outcome, Place, Role, Session, StepIdx};
use serde_json::Value;
use std::collections::HashMap;

pub(super) fn read(
    source: &Source<'_>,
    records: Vec<(Place, Value)>,
    warnings: &mut Warnings,
) -> Vec<Session> {
    let mut sessions = Vec::new();
    let mut loose = Vec::new();
    for (place, record) in records {
        let (history, place) = match record {
            Value::Object(mut run) => {
                match run.remove("history").or_else(|| run.remove("events")) {
                    Some(Value::Array(events)) => {
                        let id = id_field(&run, "instance_id").or_else(|| id_field(&run, "id"));
                        (Some((id, events)), place)
                    }
                    _ => {
                        loose.push((place, Value::Object(run)));
                        continue;
                    }
                }
            }
            Value::Array(events) => (Some((None, events)), place),
            record => {
                loose.push((place, record));
                continue;
            }
        };
        if let Some((id, events)) = history {
            let number = |(index, event)| (json::within(&place, format_args!("/{index}")), event);
            let events = events.into_iter().enumerate().map(number).collect();
            sessions.extend(conversation(source, id, events, warnings));
        }
    }
    sessions.extend(conversation(source, None, loose, warnings));
    sessions
}

fn conversation(
    source: &Source<'_>,
    id: Option<String>,
    events: Vec<(Place, Value)>,
    warnings: &mut Warnings,
) -> Option<Session> {
    let state = events.iter().find(|(_, event)| is_state(event));
    let id = id.or_else(|| id_field(state?.1.as_object()?, "id"));
    let builder = SessionBuilder::new(id.unwrap_or_else(|| source.stem().to_owned()), RUNTIME);
    let mut reader = Reader { builder, warnings, actions: HashMap::new() };
    for (place, event) in &events {
        match event.as_object() {
            Some(_) if is_state(event) => {}
            Some(event) => reader.event(event, place),
            None => {
                reader.warnings.add("an event that is no JSON object was skipped", place.clone())
            }
        }
    }
    let session = reader.builder.finish();
    (!session.steps.is_empty()).then_some(session)
}

struct Reader<'a> {
    builder: SessionBuilder,
    warnings: &'a mut Warnings,
    /// The calls by the ids of their events.
    actions: HashMap<String, StepIdx>,
}

impl Reader<'_> {
    fn event(&mut self, event: &Object, place: &Place) {
        let at = json::timestamp(event.get("timestamp")).or_else(|| {
            let at = local_time(event)?;
            self.warnings.add("times have no zone and are read as UTC", place.clone());
            Some(at)
        });
        let moment = Moment { at, ..Moment::at(place.clone()) };
        let kind = text_field(event, "kind").unwrap_or_default();
        match kind {
            "ActionEvent" => self.action(event, moment),
            "ObservationEvent" | "AgentErrorEvent" | "UserRejectObservation" => {
                self.observation(kind, event, moment);
            }
            "MessageEvent" => self.message(event, moment),
            "SystemPromptEvent" => {
                let text = event.get("system_prompt").map(content_text).unwrap_or_default();
                self.builder.say(moment, Role::System, text);
            }
            "ConversationErrorEvent" => {
                let text = event.get("detail").map(content_text).unwrap_or_default();
                self.builder.say(moment, Role::Runtime, text);
            }
            "" => self.first_generation(event, moment),
            kind if SILENT.contains(&kind) => {}
            kind => self
                .warnings
                .add(format!("events of the kind `{kind}` are not read"), place.clone()),
        }
    }

    fn message(&mut self, event: &Object, moment: Moment) {
        let message = event.get("llm_message").and_then(Value::as_object).unwrap_or(event);
        let text = message.get("content").map(content_text).unwrap_or_default();
        let role = match text_field(event, "source") {
            Some("user") => Role::User,
            Some("agent") => Role::Assistant,
            _ => Role::Runtime,
        };
        self.builder.say(moment, role, text);
    }

    fn action(&mut self, event: &Object, moment: Moment) {
        for key in ["reasoning_content", "thought"] {
            let text = event.get(key).map(content_text).unwrap_or_default();
            let role = if key == "thought" { Role::Assistant } else { Role::Thinking };
            self.builder.say(moment.clone(), role, text);
        }
        let asked = event.get("tool_call").and_then(Value::as_object);
        let function =
            asked.map(|call| call.get("function").and_then(Value::as_object).unwrap_or(call));
        let given = function.and_then(|function| function.get("arguments"));
        let named = text_field(event, "tool_name").or(function.and_then(|f| text_field(f, "name")));
        let call = NewCall {
            id: id_field(event, "tool_call_id"),
            tool: named.unwrap_or(UNNAMED_TOOL).to_owned(),
            server: Some(RUNTIME.to_owned()),
            arguments: match given {
                Some(given) => arguments(Some(given)),
                None => action_arguments(event.get("action")),
            },
        };
        warn_about(&call, &moment.place, self.warnings);
        let step = self.builder.call(moment, call);
        self.actions.extend(id_field(event, "id").map(|id| (id, step)));
    }

    fn observation(&mut self, kind: &str, event: &Object, moment: Moment) {
        let of = id_field(event, "action_id").and_then(|id| self.actions.get(&id).copied());
        let call = of.or_else(|| {
            let id = id_field(event, "tool_call_id")?;
            self.builder.open_call_named(&id)
        });
        let observation = event.get("observation").and_then(Value::as_object);
        let flagged = observation.is_some_and(|seen| {
            ["is_error", "error"].iter().any(|key| {
                seen.get(*key).is_some_and(|error| !error.is_null() && error != &Value::Bool(false))
            })
        });
        let outcome = match kind {
            "UserRejectObservation" => Outcome::Refused,
            "AgentErrorEvent" => Outcome::Failed,
            _ if flagged => Outcome::Failed,
            _ => Outcome::Executed,
        };
        let texts = ["rejection_reason", "error"].iter().find_map(|key| event.get(*key));
        let seen = || ["content", "output", "result"].iter().find_map(|key| observation?.get(*key));
        let whole = || event.get("observation");
        let text = texts.or_else(seen).or_else(whole).map(content_text).unwrap_or_default();
        self.builder.answer(moment, call, (text, outcome), self.warnings);
    }

    /// `{source, action, args}` and `{observation, cause, content, extras}`.
    fn first_generation(&mut self, event: &Object, moment: Moment) {
        let text = ["content", "message"].iter().find_map(|key| text_field(event, key));
        let text = text.unwrap_or_default().to_owned();
        if let Some(action) = text_field(event, "action") {
            return self.first_action(event, action, moment, text);
        }
        let Some(observation) = text_field(event, "observation") else {
            return self.warnings.add("an event that does nothing was skipped", moment.place);
        };
        let cause = id_field(event, "cause").and_then(|id| self.actions.get(&id).copied());
        let extras = event.get("extras").unwrap_or(&Value::Null);
        let code = extras.pointer("/metadata/exit_code").and_then(Value::as_i64);
        let outcome = match observation {
            "user_rejected" => Outcome::Refused,
            "error" => Outcome::Failed,
            _ if event.get("success").and_then(Value::as_bool) == Some(false) => Outcome::Failed,
            _ if code.is_some_and(|code| code != 0) => Outcome::Failed,
            _ => Outcome::Executed,
        };
        match cause {
            Some(call) => drop(self.builder.result(moment, Some(call), text, outcome)),
            None => self.builder.say(moment, Role::Runtime, text),
        }
    }

    fn first_action(&mut self, event: &Object, action: &str, moment: Moment, text: String) {
        let args = event.get("args").and_then(Value::as_object);
        let words = |key: &str| args.and_then(|args| text_field(args, key)).map(str::to_owned);
        let agent = text_field(event, "source") == Some("agent");
        match action {
            "message" => {
                let role = if agent { Role::Assistant } else { Role::User };
                self.builder.say(moment, role, words("content").unwrap_or(text));
            }
            "system" => self.builder.say(moment, Role::System, words("content").unwrap_or(text)),
            "think" => self.builder.say(moment, Role::Thinking, words("thought").unwrap_or(text)),
            "recall" | "change_agent_state" | "null" | "condensation" | "agent_state_changed" => {}
            _ if !agent => {
                self.builder.say(moment, Role::Runtime, format!("the user acted: {action} {text}"));
            }
            _ => {
                self.builder.say(
                    moment.clone(),
                    Role::Assistant,
                    words("thought").unwrap_or_default(),
                );
                let call = first_call(event, action, args);
                warn_about(&call, &moment.place, self.warnings);
                let step = self.builder.call(moment, call);
                self.actions.extend(id_field(event, "id").map(|id| (id, step)));
            }
        }
    }
}

/// Kinds of events that are no steps.
const SILENT: &[&str] = &[
    "ConversationStateUpdateEvent",
    "PauseEvent",
    "Condensation",
    "CondensationRequest",
    "CondensationSummaryEvent",
    "LLMCompletionLogEvent",
    "TokenEvent",
    "HookExecutionEvent",
];

/// As the model asked for it, where that is recorded; else as the action was.
fn first_call(event: &Object, action: &str, args: Option<&Object>) -> NewCall {
    let meta = event.get("tool_call_metadata").and_then(Value::as_object);
    let id = meta.and_then(|meta| id_field(meta, "tool_call_id"));
    let asked = meta.and_then(|meta| {
        let calls = meta.get("model_response")?.pointer("/choices/0/message/tool_calls")?;
        let own = |call: &&Value| call.get("id").and_then(Value::as_str) == id.as_deref();
        calls.as_array()?.iter().find(own)?.pointer("/function/arguments")
    });
    let unsaid = ["thought", "security_risk", "confirmation_state", "is_confirmed", "hidden"];
    let own = |(key, value): (&String, &Value)| {
        (!unsaid.contains(&key.as_str())).then(|| (key.clone(), value.clone()))
    };
    let named = meta.and_then(|meta| text_field(meta, "function_name"));
    let named =
        named.or(args.filter(|_| action == "call_tool_mcp").and_then(|a| text_field(a, "name")));
    NewCall {
        id,
        tool: named.unwrap_or(action).to_owned(),
        server: Some(RUNTIME.to_owned()),
        arguments: match (asked, args.and_then(|args| args.get("arguments"))) {
            (Some(asked), _) => arguments(Some(asked)),
            (None, Some(given)) if action == "call_tool_mcp" => arguments(Some(given)),
            (None, _) => Arguments::Object(args.into_iter().flatten().filter_map(own).collect()),
        },
    }
}

fn action_arguments(action: Option<&Value>) -> Arguments {
    let Some(action) = action.and_then(Value::as_object) else { return arguments(action) };
    if let Some(data) = action.get("data").filter(|data| data.is_object()) {
        return arguments(Some(data));
    }
    let own = action.iter().filter(|(key, _)| *key != "kind");
    Arguments::Object(own.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Times of OpenHands have no zone; they are the machine's own. Read as UTC, their order and distances hold.
fn local_time(event: &Object) -> Option<jiff::Timestamp> {
    let time: jiff::civil::DateTime = text_field(event, "timestamp")?.parse().ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(time).ok()
}

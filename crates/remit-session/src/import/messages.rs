//! Chat messages: what AgentDojo's runs and OpenAI-style files have in common.
//!
//! Results answer calls by id, else in the order of the assistant's last message. Ids may come
//! twice in one conversation; the last message's calls are answered first.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, is_absent, text_field, within};
use crate::{Arguments, Outcome, Place, Role};
use serde_json::Value;

/// How a conversation's results say that the call failed.
#[derive(Clone, Copy)]
pub(super) enum Failure {
    /// By a field `error` or `is_error` of the message.
    Field,
    /// By a text that starts with `Error`.
    TextPrefix,
}

/// Reads a conversation into a session.
pub(super) struct Reader<'a> {
    pub builder: &'a mut SessionBuilder,
    pub warnings: &'a mut Warnings,
    /// Whose tools they are, if the recording says.
    pub server: Option<String>,
    pub failure: Failure,
}

impl Reader<'_> {
    pub fn read(&mut self, messages: &[Value], place: &Place) {
        for (index, message) in messages.iter().enumerate() {
            self.read_one(message, &within(place, format_args!("/{index}")));
        }
    }

    pub fn read_one(&mut self, message: &Value, place: &Place) {
        match message.as_object() {
            Some(message) => self.message(message, place),
            None => {
                self.warnings.add("a message that is no JSON object was skipped", place.clone());
            }
        }
    }

    fn message(&mut self, message: &Object, place: &Place) {
        let role = text_field(message, "role").unwrap_or_default();
        match role {
            "system" | "developer" => self.said(message, place, Role::System),
            "user" => self.said(message, place, Role::User),
            "assistant" => self.assistant(message, place),
            "tool" | "function" => self.tool_result(message, place),
            _ => {
                self.warnings
                    .add("a message with an unknown role is kept as the runtime's", place.clone());
                self.said(message, place, Role::Runtime);
                self.calls(message, place);
            }
        }
    }

    fn assistant(&mut self, message: &Object, place: &Place) {
        self.builder.begin_turn();
        if let Some(text) = text_field(message, "reasoning_content") {
            self.builder.say(moment(message, place.clone()), Role::Thinking, text.to_owned());
        }
        self.said(message, place, Role::Assistant);
        self.calls(message, place);
    }

    fn said(&mut self, message: &Object, place: &Place, role: Role) {
        let place = within(place, format_args!("/content"));
        match message.get("content") {
            Some(Value::Array(parts)) => self.parts(message, parts, &place, role),
            Some(Value::String(text)) => {
                self.builder.say(moment(message, place), role, text.clone());
            }
            None | Some(Value::Null) => {}
            Some(other) => {
                self.warnings
                    .add("a message whose content is no text is kept as JSON", place.clone());
                self.builder.say(moment(message, place), role, other.to_string());
            }
        }
    }

    fn parts(&mut self, message: &Object, parts: &[Value], place: &Place, role: Role) {
        for (index, part) in parts.iter().enumerate() {
            let place = within(place, format_args!("/{index}"));
            let at = moment(message, place.clone());
            match (part.get("type").and_then(Value::as_str), part.as_object()) {
                (Some("tool_use" | "tool_call"), Some(call)) => self.call(at, Some(call), part),
                (Some("tool_result"), Some(result)) => {
                    self.answer(at, id_field(result, "tool_use_id"), result);
                }
                (Some("thinking" | "reasoning"), _) => {
                    self.builder.say(at, Role::Thinking, part_text(part).unwrap_or_default());
                }
                _ => match part_text(part) {
                    Some(text) => self.builder.say(at, role, text),
                    None => self.warnings.add(NO_TEXT, place),
                },
            }
        }
    }

    fn calls(&mut self, message: &Object, place: &Place) {
        match message.get("tool_calls") {
            None | Some(Value::Null) => {}
            Some(Value::Array(calls)) => {
                for (index, call) in calls.iter().enumerate() {
                    let place = within(place, format_args!("/tool_calls/{index}"));
                    self.call(moment(message, place), call.as_object(), call);
                }
            }
            Some(call) => {
                let place = within(place, format_args!("/tool_calls"));
                self.call(moment(message, place), call.as_object(), call);
            }
        }
        if let Some(call) = message.get("function_call").filter(|call| !call.is_null()) {
            let place = within(place, format_args!("/function_call"));
            self.call(moment(message, place), call.as_object(), call);
        }
    }

    /// A call in any of its shapes: `{function: "name", args}`, `{function: {name, arguments}}`,
    /// `{name, arguments}`, `{name, input}`.
    fn call(&mut self, at: Moment, call: Option<&Object>, whole: &Value) {
        let inner = call.and_then(|c| c.get("function").or(c.get("custom")));
        let inner = inner.and_then(Value::as_object).or(call);
        let named = call.and_then(|c| text_field(c, "function"));
        let tool = named.or_else(|| text_field(inner?, "name"));
        let new = NewCall {
            id: call.and_then(|c| id_field(c, "id")),
            tool: tool.unwrap_or(UNNAMED_TOOL).to_owned(),
            server: self.server.clone(),
            arguments: match inner {
                Some(inner) => arguments(first_of(inner, &["arguments", "args", "input"])),
                None => unreadable(whole),
            },
        };
        warn_about(&new, &at.place, self.warnings);
        self.builder.call(at, new);
    }

    fn tool_result(&mut self, message: &Object, place: &Place) {
        let id = id_field(message, "tool_call_id");
        self.answer(moment(message, place.clone()), id, message);
    }

    fn answer(&mut self, at: Moment, id: Option<String>, result: &Object) {
        let call = self.builder.open_call(id.as_deref());
        let answer = self.outcome(result);
        self.builder.answer(at, call, answer, self.warnings);
    }

    fn outcome(&self, result: &Object) -> (String, Outcome) {
        let text = result.get("content").map(content_text).unwrap_or_default();
        let flagged = result.get("is_error").and_then(Value::as_bool) == Some(true);
        let failed = match self.failure {
            Failure::Field => flagged || !is_absent(result.get("error")),
            Failure::TextPrefix => text.starts_with("Error"),
        };
        let outcome = if failed { Outcome::Failed } else { Outcome::Executed };
        match result.get("error").filter(|error| text.is_empty() && !error.is_null()) {
            Some(error) => (content_text(error), outcome),
            None => (text, outcome),
        }
    }
}

/// What stands for the name of a tool where the recording has none.
pub(super) const UNNAMED_TOOL: &str = "unnamed";

const NO_TEXT: &str = "a part of a message that holds no text (such as an image) was skipped";

/// Counts what is wrong with a call.
pub(super) fn warn_about(call: &NewCall, place: &Place, warnings: &mut Warnings) {
    if call.tool == UNNAMED_TOOL {
        warnings.add("a tool call has no name and is called `unnamed`", place.clone());
    }
    if matches!(call.arguments, Arguments::Unreadable { .. }) {
        warnings
            .add("the arguments of a tool call cannot be read and are kept as text", place.clone());
    }
}

/// A call that is no object at all.
pub(super) fn unreadable(whole: &Value) -> Arguments {
    Arguments::Unreadable {
        text: whole.to_string(),
        why: "the call itself is no JSON object".to_owned(),
    }
}

fn moment(message: &Object, place: Place) -> Moment {
    Moment { at: json::timestamp(message.get("timestamp")), ..Moment::at(place) }
}

fn first_of<'a>(object: &'a Object, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().find_map(|key| object.get(*key).filter(|value| !value.is_null()))
}

/// Content in any shape, as one text; parts without text are named in brackets.
pub(super) fn content_text(content: &Value) -> String {
    match content {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(part_or_kind).collect::<Vec<_>>().join("\n"),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            part_text(content).unwrap_or_else(|| content.to_string())
        }
    }
}

fn part_or_kind(part: &Value) -> String {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("part without text");
    part_text(part).unwrap_or_else(|| format!("[{kind}]"))
}

/// The text of a content part, under whichever key.
fn part_text(part: &Value) -> Option<String> {
    let keys = ["text", "content", "thinking", "refusal", "reasoning"];
    let found = part.as_str().or_else(|| keys.iter().find_map(|key| part.get(key)?.as_str()));
    found.map(str::to_owned)
}

//! Chats of Gemini CLI (`~/.gemini/tmp/<project>/chats/session-*`): a JSON document, or in newer versions
//! a record a line that begins with what the document says of itself.
//!
//! * Of a message that is written again under its id, the last form counts.
//! * `$rewindTo` takes the chat back to a message: what follows is a *branch* lane.
//! * A call of the status `cancelled` was refused by the person, one of the status `error` failed; one of
//!   any other status but `success` has no result yet.
//! * Tools named `mcp_…` or with a recorded server are that server's, all others `gemini-cli`'s own.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field, within};
use super::messages::{UNNAMED_TOOL, content_text, unreadable, warn_about};
use super::said::result_text;
use super::{ImportError, Source};
use crate::{Lane, LaneIdx, LaneKind, Outcome, Place, Role, Session, StepIdx};
use serde_json::Value;
use std::collections::HashMap;

/// The agent, and the server of the runtime's own tools.
const RUNTIME: &str = "gemini-cli";

/// Whether a value is a chat, or the first line of one.
pub(super) fn is_chat(value: &Value) -> bool {
    ["sessionId", "projectHash", "startTime"].iter().all(|key| value.get(key).is_some())
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut chats: Vec<Chat> = Vec::new();
    for (place, record) in json::records(source, warnings)? {
        match record {
            Value::Object(head) if is_chat(&Value::Object(head.clone())) => {
                chats.push(Chat::new(head, &place));
            }
            record => match chats.last_mut() {
                Some(chat) => chat.line(record, place, warnings),
                None => warnings.add("a record before the chat's head was skipped", place),
            },
        }
    }
    Ok(chats.into_iter().map(|chat| chat.session(source, warnings)).collect())
}

/// What the records of a chat say, before it is known which of them stay.
struct Chat {
    head: Object,
    entries: Vec<Entry>,
    /// Message id -> position in `entries`.
    known: HashMap<String, usize>,
}

enum Entry {
    Message(Place, Value),
    RewindTo(String),
}

impl Chat {
    fn new(mut head: Object, place: &Place) -> Chat {
        let messages = head.remove("messages");
        let mut chat = Chat { head, entries: Vec::new(), known: HashMap::new() };
        let messages = messages.as_ref().and_then(Value::as_array);
        for (index, message) in messages.into_iter().flatten().enumerate() {
            chat.message(message.clone(), within(place, format_args!("/messages/{index}")));
        }
        chat
    }

    fn line(&mut self, record: Value, place: Place, warnings: &mut Warnings) {
        let Some(object) = record.as_object() else {
            return warnings.add("a record that is no JSON object was skipped", place);
        };
        if let Some(id) = id_field(object, "$rewindTo") {
            self.entries.push(Entry::RewindTo(id));
        } else if let Some(set) = object.get("$set").and_then(Value::as_object) {
            for message in set.get("messages").and_then(Value::as_array).into_iter().flatten() {
                self.message(message.clone(), place.clone());
            }
        } else if object.contains_key("type") {
            self.message(record, place);
        } else {
            warnings.add("a record that is no message was skipped", place);
        }
    }

    fn message(&mut self, message: Value, place: Place) {
        let id = message.as_object().and_then(|message| id_field(message, "id"));
        let known = id.as_ref().and_then(|id| self.known.get(id).copied());
        match known.and_then(|at| self.entries.get_mut(at)) {
            Some(entry) => *entry = Entry::Message(place, message),
            None => {
                self.known.extend(id.map(|id| (id, self.entries.len())));
                self.entries.push(Entry::Message(place, message));
            }
        }
    }

    fn session(self, source: &Source<'_>, warnings: &mut Warnings) -> Session {
        let id = id_field(&self.head, "sessionId").unwrap_or_else(|| source.stem().to_owned());
        let agent = text_field(&self.head, "agentName").or(text_field(&self.head, "agentId"));
        let mut reader = Reader {
            builder: SessionBuilder::new(id, agent.unwrap_or(RUNTIME)),
            warnings,
            lane: LaneIdx(0),
            after: HashMap::new(),
        };
        for entry in self.entries {
            match entry {
                Entry::Message(place, message) => match message.as_object() {
                    Some(message) => reader.message(message, &place),
                    None => {
                        reader.warnings.add("a message that is no JSON object was skipped", place)
                    }
                },
                Entry::RewindTo(id) => reader.rewind(&id),
            }
        }
        reader.builder.finish()
    }
}

struct Reader<'a> {
    builder: SessionBuilder,
    warnings: &'a mut Warnings,
    lane: LaneIdx,
    /// Message id -> its lane and its last step.
    after: HashMap<String, (LaneIdx, Option<StepIdx>)>,
}

impl Reader<'_> {
    fn rewind(&mut self, id: &str) {
        let (of, after) = self.after.get(id).copied().unwrap_or((self.lane, None));
        let agent = self.builder.session().agent(of).to_owned();
        self.lane = self.builder.add_lane(Lane { agent, kind: LaneKind::Branch { of, after } });
    }

    fn message(&mut self, message: &Object, place: &Place) {
        let at = json::timestamp(message.get("timestamp"));
        let moment = Moment { lane: self.lane, at, place: place.clone() };
        let text = message.get("content").map(content_text).unwrap_or_default();
        match text_field(message, "type").unwrap_or_default() {
            "user" => self.builder.say(moment, Role::User, text),
            "gemini" | "model" => self.answer(message, &moment, text),
            "info" | "warning" | "error" | "system" => {
                self.builder.say(moment, Role::Runtime, text);
            }
            kind => {
                let message = format!("messages of the type `{kind}` are kept as the runtime's");
                self.warnings.add(message, place.clone());
                self.builder.say(moment, Role::Runtime, text);
            }
        }
        if let Some(id) = id_field(message, "id") {
            let last = self.builder.next_step().0.checked_sub(1).map(StepIdx);
            self.after.insert(id, (self.lane, last));
        }
    }

    fn answer(&mut self, message: &Object, moment: &Moment, text: String) {
        self.builder.begin_turn();
        for thought in message.get("thoughts").and_then(Value::as_array).into_iter().flatten() {
            let part = |key: &str| thought.get(key).and_then(Value::as_str).unwrap_or_default();
            let text = [part("subject"), part("description")].join("\n").trim().to_owned();
            let at = json::timestamp(thought.get("timestamp")).or(moment.at);
            self.builder.say(Moment { at, ..moment.clone() }, Role::Thinking, text);
        }
        self.builder.say(moment.clone(), Role::Assistant, text);
        let calls = message.get("toolCalls").and_then(Value::as_array);
        for (index, call) in calls.into_iter().flatten().enumerate() {
            let place = within(&moment.place, format_args!("/toolCalls/{index}"));
            self.call(call, Moment { place, ..moment.clone() });
        }
    }

    fn call(&mut self, whole: &Value, moment: Moment) {
        let empty = Object::new();
        let call = whole.as_object().unwrap_or(&empty);
        let tool = text_field(call, "name").unwrap_or(UNNAMED_TOOL);
        let new = NewCall {
            id: id_field(call, "id"),
            tool: tool.to_owned(),
            server: Some(server(call).unwrap_or(RUNTIME).to_owned()),
            arguments: match whole.is_object() {
                true => arguments(call.get("args")),
                false => unreadable(whole),
            },
        };
        warn_about(&new, &moment.place, self.warnings);
        let step = self.builder.call(moment.clone(), new);
        let outcome = match text_field(call, "status") {
            Some("success") => Outcome::Executed,
            Some("error") => Outcome::Failed,
            Some("cancelled") => Outcome::Refused,
            None if call.contains_key("result") => Outcome::Executed,
            Some(_) | None => return,
        };
        let at = json::timestamp(call.get("timestamp")).or(moment.at);
        self.builder.result(Moment { at, ..moment }, Some(step), result(call), outcome);
    }
}

/// Tools of an MCP server are called `mcp_<server>_<tool>`, or say their server.
fn server(call: &Object) -> Option<&str> {
    let said = ["serverName", "mcpServer", "server"].iter().find_map(|key| text_field(call, key));
    let name = text_field(call, "name").unwrap_or_default();
    let named = name.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"));
    said.or(named.map(|(server, _)| server))
}

/// What the model was told; what was shown to the person where there is no such thing.
fn result(call: &Object) -> String {
    let told = call.get("result").filter(|result| !result.is_null());
    let Some(told) = told else {
        return call.get("resultDisplay").map(content_text).unwrap_or_default();
    };
    let parts = told.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(told));
    let texts = parts.iter().map(|part| {
        let response = part.get("functionResponse").and_then(|part| part.get("response"));
        let error = response.and_then(|response| response.get("error"));
        error.or(response).map_or_else(|| content_text(part), result_text)
    });
    texts.collect::<Vec<_>>().join("\n")
}

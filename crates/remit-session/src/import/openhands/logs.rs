//! What OpenHands asked its model: each log the conversation so far, and the answer.

use super::super::Source;
use super::super::builder::{SessionBuilder, Warnings};
use super::super::json::{self, Object, within};
use super::super::messages::{Failure, Reader};
use super::RUNTIME;
use crate::{Place, Session};
use serde_json::Value;

/// Whether a value is a log.
pub(in super::super) fn is_log(value: &Value) -> bool {
    let messages = value.get("messages").is_some_and(Value::is_array);
    let answer = value.get("response").is_some_and(Value::is_object);
    let keys = ["latency_sec", "cost", "context_window"];
    messages && answer && keys.iter().any(|key| value.get(key).is_some())
}

/// What comes after the answer.
const KEY: &[u8] = b"\"latency_sec\"";

/// Whether the end of a file is a log's: in a long one, its beginning is any chat's.
pub(crate) fn ends_like_log(tail: &[u8]) -> bool {
    tail.windows(KEY.len()).any(|part| part == KEY) && tail.trim_ascii_end().ends_with(b"}")
}

pub(super) fn read(
    source: &Source<'_>,
    records: Vec<(Place, Value)>,
    warnings: &mut Warnings,
) -> Vec<Session> {
    let mut logs = Vec::new();
    for (place, record) in records {
        match Log::new(&place, record) {
            Some(log) => logs.push(log),
            None => warnings.add("a file that is no model log was skipped", place),
        }
    }
    logs.sort_by(|a, b| a.time.total_cmp(&b.time));
    let mut conversations: Vec<Conversation> = Vec::new();
    for log in logs {
        match conversations.iter_mut().rev().find(|conversation| conversation.leads_to(&log)) {
            Some(conversation) => conversation.go_on(log),
            None => conversations.push(Conversation::begin(log)),
        }
    }
    conversations.iter().map(|conversation| conversation.session(source, warnings)).collect()
}

struct Log {
    time: f64,
    messages: Vec<(Place, Value)>,
    answer: Vec<(Place, Value)>,
}

impl Log {
    fn new(place: &Place, mut record: Value) -> Option<Log> {
        let Value::Array(messages) = record.get_mut("messages")?.take() else { return None };
        let number = |(index, message)| (within(place, format_args!("/messages/{index}")), message);
        let choice = record.pointer_mut("/response/choices/0/message").map(Value::take);
        let at = within(place, format_args!("/response/choices/0/message"));
        Some(Log {
            time: record.get("timestamp").and_then(Value::as_f64).unwrap_or_default(),
            messages: messages.into_iter().enumerate().map(number).collect(),
            answer: choice.map(|message| (at, message)).into_iter().collect(),
        })
    }
}

/// Logs that go on from each other, as one list of messages.
struct Conversation {
    messages: Vec<(Place, Value)>,
}

impl Conversation {
    fn begin(log: Log) -> Conversation {
        Conversation { messages: log.messages.into_iter().chain(log.answer).collect() }
    }

    /// Whether a log holds all that was said so far. How a message is written may change from answer to
    /// history; what it says and calls does not.
    fn leads_to(&self, log: &Log) -> bool {
        let same = |(a, b): (&(Place, Value), &(Place, Value))| essence(&a.1) == essence(&b.1);
        log.messages.len() >= self.messages.len()
            && self.messages.iter().zip(&log.messages).all(same)
    }

    fn go_on(&mut self, log: Log) {
        let known = self.messages.len();
        self.messages.extend(log.messages.into_iter().skip(known).chain(log.answer));
    }

    fn session(&self, source: &Source<'_>, warnings: &mut Warnings) -> Session {
        let mut builder = SessionBuilder::new(source.stem(), RUNTIME);
        let server = Some(RUNTIME.to_owned());
        let failure = Failure::Field;
        let mut reader = Reader { builder: &mut builder, warnings, server, failure };
        for (place, message) in &self.messages {
            reader.read_one(message, place);
        }
        builder.finish()
    }
}

/// What tells messages apart: who says it, and the ids of its calls or its text.
fn essence(message: &Value) -> (Option<&str>, Vec<String>, String) {
    let role = message.get("role").and_then(Value::as_str);
    let calls = message.get("tool_calls").and_then(Value::as_array);
    let id = |call: &Value| call.as_object().and_then(|call: &Object| json::id_field(call, "id"));
    let ids: Vec<_> = calls.into_iter().flatten().filter_map(id).collect();
    let content = message.get("content").map(super::super::messages::content_text);
    let text = if ids.is_empty() { content.unwrap_or_default() } else { String::new() };
    (role, ids, text)
}

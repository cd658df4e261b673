//! Messages of the A2A protocol, versions 0.3 and 1.0: what agents ask each other for.
//!
//! A request of a client that makes another agent act (`message/send`, `SendMessage`, `tasks/cancel`, …) is a
//! call of its method, with the request's parameters as arguments and the agent's address, where an envelope
//! says it, as server. The state of the task that comes back says how it ended: `FAILED` *failed*, `REJECTED` and
//! `AUTH_REQUIRED` *refused*; a task that is still under way is *unrecorded*. Requests that only ask (`tasks/get`)
//! bring the state of an earlier call. A task or message alone is a session of messages.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field, within};
use super::mcp::message_of;
use super::messages::warn_about;
use super::{ImportError, Source};
use crate::{Outcome, Place, Role, Session, StepIdx};
use serde_json::Value;
use std::collections::HashMap;

const ACTING: [&str; 10] = [
    "message/send",
    "message/stream",
    "tasks/send",
    "tasks/sendSubscribe",
    "tasks/cancel",
    "SendMessage",
    "SendStreamingMessage",
    "CancelTask",
    "SendTask",
    "tasks/pushNotificationConfig/set",
];
const ASKING: [&str; 7] = [
    "tasks/get",
    "tasks/list",
    "tasks/resubscribe",
    "GetTask",
    "ListTasks",
    "SubscribeToTask",
    "agent/getAuthenticatedExtendedCard",
];

/// Whether a value is of the protocol.
pub(super) fn is_message(value: &Value) -> bool {
    let of_method = message_of(value).is_some_and(|(_, message)| {
        let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
        ACTING.contains(&method) || ASKING.contains(&method)
    });
    of_method || is_task(value) || is_bare(value)
}

fn is_task(value: &Value) -> bool {
    value.pointer("/status/state").is_some_and(Value::is_string)
        && ["contextId", "context_id"].iter().any(|key| value.get(key).is_some())
}

fn is_bare(value: &Value) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| value.get(key).is_some());
    has(&["messageId", "message_id"]) && has(&["parts"]) && has(&["role"])
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let builder = SessionBuilder::new(source.stem(), "agent");
    let mut reader = Reader { builder, warnings, waiting: HashMap::new(), tasks: HashMap::new() };
    for (place, record) in json::records(source, reader.warnings)? {
        reader.record(&record, &place);
    }
    let session = reader.builder.finish();
    Ok(if session.steps.is_empty() { Vec::new() } else { vec![session] })
}

struct Reader<'a> {
    builder: SessionBuilder,
    warnings: &'a mut Warnings,
    /// Requests that wait for their response: the call that acted, if it did.
    waiting: HashMap<String, Option<StepIdx>>,
    /// Calls whose task is under way, by the task's id.
    tasks: HashMap<String, StepIdx>,
}

impl Reader<'_> {
    fn record(&mut self, record: &Value, place: &Place) {
        let Some((key, message)) = message_of(record) else {
            return match record.as_object() {
                Some(object) if is_task(record) => self.task(object, &Moment::at(place.clone())),
                Some(object) if is_bare(record) => self.message(object, Moment::at(place.clone())),
                _ => self.warnings.add("a record that is no message was skipped", place.clone()),
            };
        };
        let Some(message) = message.as_object() else {
            return self.warnings.add("a batch of messages was skipped", place.clone());
        };
        let place =
            if key.is_empty() { place.clone() } else { within(place, format_args!("/{key}")) };
        let time =
            ["timestamp", "ts", "time"].iter().find_map(|key| json::timestamp(record.get(*key)));
        let moment = Moment { at: time, ..Moment::at(place) };
        let server =
            ["server", "url", "agent", "to"].iter().find_map(|key| record.get(*key)?.as_str());
        match text_field(message, "method") {
            Some(method) => self.request(method, message, server, moment),
            None => self.response(message, moment),
        }
    }

    fn request(&mut self, method: &str, message: &Object, server: Option<&str>, moment: Moment) {
        let params = message.get("params");
        let acts = ACTING.contains(&method);
        let step = acts.then(|| {
            let call = NewCall {
                id: message.get("id").filter(|id| !id.is_null()).map(id_text),
                tool: method.to_owned(),
                server: server.map(str::to_owned),
                arguments: arguments(params),
            };
            warn_about(&call, &moment.place, self.warnings);
            self.builder.call(moment, call)
        });
        if let Some(id) = message.get("id") {
            self.waiting.insert(id_text(id), step);
        }
    }

    /// A streamed request has many responses; the last state counts.
    fn response(&mut self, message: &Object, moment: Moment) {
        let asked = message.get("id").and_then(|id| self.waiting.get(&id_text(id))).copied();
        let Some(asked) = asked else {
            return self.warnings.add("a response to no request was skipped", moment.place);
        };
        if let Some(error) = message.get("error").filter(|error| !error.is_null()) {
            let text = error.get("message").and_then(Value::as_str);
            let text = text.map_or_else(|| error.to_string(), str::to_owned);
            return self.ended(asked, text, Outcome::Failed, moment);
        }
        let result = message.get("result").unwrap_or(&Value::Null);
        let inner = ["task", "statusUpdate", "message"].iter().find_map(|key| result.get(*key));
        let result = inner.unwrap_or(result);
        let ids = ["id", "taskId", "task_id"];
        let id = result.as_object().and_then(|task| ids.iter().find_map(|key| id_field(task, key)));
        let state = result.pointer("/status/state").and_then(Value::as_str);
        if let Some((id, step)) = id.clone().zip(asked) {
            self.tasks.insert(id, step);
        }
        let of_task = id.and_then(|id| self.tasks.get(&id).copied());
        match state.map(outcome) {
            Some(Some(outcome)) => {
                self.ended(asked.or(of_task), task_text(result), outcome, moment)
            }
            Some(None) => {}
            None if is_bare(result) => {
                self.ended(asked, parts_text(result), Outcome::Executed, moment);
            }
            None => {}
        }
    }

    fn ended(&mut self, call: Option<StepIdx>, text: String, outcome: Outcome, moment: Moment) {
        let Some(call) = call else { return };
        let answered = self.builder.call_at(call).is_some_and(|call| call.result.is_some());
        if !answered {
            self.builder.result(moment, Some(call), text, outcome);
        }
    }

    fn task(&mut self, task: &Object, moment: &Moment) {
        if let Some(id) = ["contextId", "context_id"].iter().find_map(|key| id_field(task, key)) {
            self.builder.session().id = id;
        }
        for message in task.get("history").and_then(Value::as_array).into_iter().flatten() {
            if let Some(message) = message.as_object() {
                self.message(message, moment.clone());
            }
        }
        let text = task_text(&Value::Object(task.clone()));
        self.builder.say(moment.clone(), Role::Assistant, text);
    }

    fn message(&mut self, message: &Object, moment: Moment) {
        let role = match text_field(message, "role") {
            Some("user" | "ROLE_USER") => Role::User,
            _ => Role::Assistant,
        };
        self.builder.say(moment, role, parts_text(&Value::Object(message.clone())));
    }
}

fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// How a task ended, if it did. Version 1.0 writes `TASK_STATE_COMPLETED`, 0.3 `completed`.
fn outcome(state: &str) -> Option<Outcome> {
    let word = state.trim_start_matches("TASK_STATE_").to_ascii_lowercase();
    match word.replace('-', "_").as_str() {
        "completed" | "input_required" => Some(Outcome::Executed),
        "failed" | "canceled" => Some(Outcome::Failed),
        "rejected" | "auth_required" => Some(Outcome::Refused),
        _ => None,
    }
}

fn task_text(task: &Value) -> String {
    let artifacts = task.get("artifacts").and_then(Value::as_array).into_iter().flatten();
    let said = task.pointer("/status/message").into_iter().chain(artifacts);
    let texts: Vec<_> = said.map(parts_text).filter(|text| !text.is_empty()).collect();
    texts.join("\n")
}

fn parts_text(message: &Value) -> String {
    let parts = message.get("parts").and_then(Value::as_array).into_iter().flatten();
    let text = |part: &Value| match part.get("text").and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => part.get("data").map_or_else(|| "[part without text]".to_owned(), Value::to_string),
    };
    parts.map(text).collect::<Vec<_>>().join("\n")
}

//! The events of `codex exec --json`: items that begin, change and end.

use super::super::Source;
use super::super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::super::json::{self, Object, arguments, id_field, text_field};
use super::super::messages::content_text;
use super::RUNTIME;
use crate::{Arguments, Outcome, Place, Role, Session, StepIdx};
use serde_json::Value;
use std::collections::HashMap;

/// Whether a value is an event that `codex exec --json` prints.
pub(in super::super) fn is_event(value: &Value) -> bool {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    let item = value.get("item").and_then(|item| item.get("type")).is_some();
    (kind.starts_with("item.") && item)
        || (kind == "thread.started" && value.get("thread_id").is_some())
}

pub(super) fn read(
    source: &Source<'_>,
    records: &[(Place, Value)],
    warnings: &mut Warnings,
) -> Vec<Session> {
    let mut run = Run {
        warnings,
        builder: SessionBuilder::new(source.stem(), RUNTIME),
        begun: HashMap::new(),
    };
    for (place, record) in records {
        match record.as_object() {
            Some(event) => run.event(event, place),
            None => run.warnings.add("a line that is no event was skipped", place.clone()),
        }
    }
    let session = run.builder.finish();
    if session.steps.is_empty() { Vec::new() } else { vec![session] }
}

struct Run<'a> {
    warnings: &'a mut Warnings,
    builder: SessionBuilder,
    /// The calls of items that began, until they end.
    begun: HashMap<String, StepIdx>,
}

impl Run<'_> {
    fn event(&mut self, event: &Object, place: &Place) {
        let at = json::timestamp(event.get("timestamp"));
        let moment = Moment { at, ..Moment::at(place.clone()) };
        let kind = text_field(event, "type").unwrap_or_default();
        match (kind, event.get("item").and_then(Value::as_object)) {
            ("thread.started", _) => {
                if let Some(id) = id_field(event, "thread_id") {
                    self.builder.session().id = id;
                }
            }
            ("item.started" | "item.updated", Some(item)) => self.began(item, moment),
            ("item.completed", Some(item)) => self.ended(item, moment),
            ("turn.failed" | "error", _) => {
                let error = event.get("error").or_else(|| event.get("message"));
                let error = error.map(content_text).unwrap_or_default();
                self.builder.say(moment, Role::Runtime, format!("the turn failed: {error}"));
            }
            ("turn.started" | "turn.completed", _) => {}
            _ => {
                self.warnings.add(format!("events of the type `{kind}` are not read"), moment.place)
            }
        }
    }

    fn began(&mut self, item: &Object, moment: Moment) {
        let Some(call) = call(item) else { return };
        let Some(id) = call.id.clone() else { return };
        match self.begun.get(&id).and_then(|step| self.builder.call_at(*step)) {
            Some(known) => known.arguments = call.arguments,
            None => drop(self.begun.insert(id, self.builder.call(moment, call))),
        }
    }

    fn ended(&mut self, item: &Object, moment: Moment) {
        let text = text_field(item, "text").or_else(|| text_field(item, "message"));
        let text = text.unwrap_or_default().to_owned();
        match text_field(item, "type").unwrap_or_default() {
            "agent_message" => self.builder.say(moment, Role::Assistant, text),
            "reasoning" => self.builder.say(moment, Role::Thinking, text),
            "error" => self.builder.say(moment, Role::Runtime, text),
            _ => match call(item) {
                Some(call) => self.call_ended(call, item, moment),
                None => self.warnings.add("an item without a type was skipped", moment.place),
            },
        }
    }

    fn call_ended(&mut self, call: NewCall, item: &Object, moment: Moment) {
        let known = call.id.as_ref().and_then(|id| self.begun.remove(id));
        let step = match known {
            Some(step) => step,
            None => self.builder.call(moment.clone(), call),
        };
        if let Some(outcome) = outcome(item) {
            self.builder.result(moment, Some(step), output(item), outcome);
        }
    }
}

/// Fields of an item that are no arguments of what it does.
const NO_ARGUMENTS: [&str; 11] = [
    "id",
    "type",
    "status",
    "aggregated_output",
    "exit_code",
    "result",
    "error",
    "server",
    "tool",
    "arguments",
    "output",
];

fn call(item: &Object) -> Option<NewCall> {
    let kind = text_field(item, "type")?;
    if ["agent_message", "reasoning", "error"].contains(&kind) {
        return None;
    }
    let given = item.get("arguments").map(|given| arguments(Some(given)));
    let fields = || {
        let fields = item.iter().filter(|(key, _)| !NO_ARGUMENTS.contains(&key.as_str()));
        Arguments::Object(fields.map(|(key, value)| (key.clone(), value.clone())).collect())
    };
    Some(NewCall {
        id: id_field(item, "id"),
        tool: text_field(item, "tool").unwrap_or(kind).to_owned(),
        server: Some(text_field(item, "server").unwrap_or(RUNTIME).to_owned()),
        arguments: given.unwrap_or_else(fields),
    })
}

fn outcome(item: &Object) -> Option<Outcome> {
    let code = item.get("exit_code").and_then(Value::as_i64);
    let failed = item.get("error").is_some_and(|error| !error.is_null());
    match text_field(item, "status") {
        Some("declined") => Some(Outcome::Refused),
        Some("failed") => Some(Outcome::Failed),
        Some("in_progress") => None,
        _ if failed || code.is_some_and(|code| code != 0) => Some(Outcome::Failed),
        _ => Some(Outcome::Executed),
    }
}

fn output(item: &Object) -> String {
    let keys = ["aggregated_output", "result", "error", "output"];
    let found = keys.iter().find_map(|key| item.get(*key).filter(|value| !value.is_null()));
    let content = found.map(|found| found.get("content").unwrap_or(found));
    content.map(content_text).unwrap_or_default()
}

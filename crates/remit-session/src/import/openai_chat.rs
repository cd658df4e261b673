//! Chat messages in the manner of OpenAI's API: a list of messages, an object with `messages`, or
//! either a line; arguments as JSON text or as an object, the old `function_call` included.
//!
//! Also tau-bench's runs, `{task_id, reward, info, traj, trial}`, alone or in a list. Such a run's
//! task is `task_<task_id>`: the recording knows no other name for it, and all trials of a task
//! share it. Its results that start with `Error` are failures; the format has no other sign.
//!
//! The agent is called what `agent`, `model` or the first named assistant message says, else `agent`.

use super::builder::{SessionBuilder, Warnings};
use super::json::{self, Object, id_field, text_field, within};
use super::messages::{Failure, Reader};
use super::{ImportError, Source};
use crate::{Place, Session};
use serde_json::Value;

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let records = json::records(source, warnings)?;
    if records.iter().all(|(_, record)| record.get("role").is_some()) {
        return Ok(vec![a_message_a_line(source, &records, warnings)]);
    }
    Ok(records.iter().filter_map(|(place, value)| record(source, value, place, warnings)).collect())
}

/// A file with one message on each line is one conversation.
fn a_message_a_line(
    source: &Source<'_>,
    records: &[(Place, Value)],
    warnings: &mut Warnings,
) -> Session {
    let agent = records.iter().find_map(|(_, message)| speaker(message));
    let mut builder = SessionBuilder::new(source.stem(), agent.unwrap_or("agent"));
    let (server, failure) = (None, Failure::Field);
    let mut reader = Reader { builder: &mut builder, warnings, server, failure };
    for (place, message) in records {
        reader.read_one(message, place);
    }
    builder.finish()
}

fn record(
    source: &Source<'_>,
    value: &Value,
    place: &Place,
    warnings: &mut Warnings,
) -> Option<Session> {
    let conversation = match value {
        Value::Array(messages) => Some((messages, place.clone(), Failure::Field)),
        Value::Object(object) => conversation(object, place),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    let Some((messages, place, failure)) = conversation else {
        warnings.add("a record without a list of messages was skipped", place.clone());
        return None;
    };
    let mut builder = begin(source, value, messages);
    let mut reader = Reader { builder: &mut builder, warnings, server: None, failure };
    reader.read(messages, &place);
    Some(builder.finish())
}

fn conversation<'a>(object: &'a Object, place: &Place) -> Option<(&'a Vec<Value>, Place, Failure)> {
    let keys = [("traj", Failure::TextPrefix), ("messages", Failure::Field)];
    keys.into_iter().find_map(|(key, failure)| {
        let messages = object.get(key)?.as_array()?;
        Some((messages, within(place, format_args!("/{key}")), failure))
    })
}

fn begin(source: &Source<'_>, value: &Value, messages: &[Value]) -> SessionBuilder {
    let empty = Object::new();
    let header = value.as_object().unwrap_or(&empty);
    let named = text_field(header, "agent").or(text_field(header, "model"));
    let agent = named.or_else(|| messages.iter().find_map(speaker)).unwrap_or("agent");
    if header.contains_key("traj") {
        return begin_tau_run(source, header, agent);
    }
    let ids = ["session_id", "conversation_id", "id"];
    let id = ids.iter().find_map(|key| id_field(header, key));
    let mut builder = SessionBuilder::new(id.unwrap_or_else(|| source.stem().to_owned()), agent);
    builder.session().task = text_field(header, "task").map(str::to_owned);
    builder
}

fn begin_tau_run(source: &Source<'_>, run: &Object, agent: &str) -> SessionBuilder {
    let task = id_field(run, "task_id");
    let trial = id_field(run, "trial").unwrap_or_else(|| "0".to_owned());
    let id = match &task {
        Some(task) => format!("task_{task}_trial_{trial}"),
        None => source.stem().to_owned(),
    };
    let mut builder = SessionBuilder::new(id, agent);
    let session = builder.session();
    session.task = task.map(|task| format!("task_{task}"));
    session.solved = run.get("reward").and_then(Value::as_f64).map(|reward| reward == 1.0);
    let instruction = run.get("info").and_then(|info| info.pointer("/task/instruction"));
    session.goal = instruction.and_then(Value::as_str).map(str::to_owned);
    builder
}

fn speaker(message: &Value) -> Option<&str> {
    let assistant = message.get("role")?.as_str()? == "assistant";
    message.get("name")?.as_str().filter(|name| assistant && !name.is_empty())
}

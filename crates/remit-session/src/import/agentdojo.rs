//! AgentDojo runs: a file a run, `{suite_name, pipeline_name, user_task_id, …, messages}`; also lists
//! of runs, a run a line, and Invariant Explorer's export, whose runs keep those fields in `metadata`.
//!
//! The task is `<suite>/<user task>`, the agent is the pipeline, the server is the suite. Times are
//! not recorded. `placeholder_args` is the benchmark's own and is not read.

use super::builder::{SessionBuilder, Warnings};
use super::json::{self, Object, id_field, text_field, within};
use super::messages::{Failure, Reader};
use super::{ImportError, Moment, Source};
use crate::{Place, Role, Session};
use serde_json::Value;

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let records = json::records(source, warnings)?;
    Ok(records.iter().filter_map(|(place, value)| run(source, value, place, warnings)).collect())
}

fn run(
    source: &Source<'_>,
    value: &Value,
    place: &Place,
    warnings: &mut Warnings,
) -> Option<Session> {
    let run = value.as_object();
    let messages = run.and_then(|run| Some((run, conversation(run)?)));
    let Some((run, (key, messages))) = messages else {
        if run.is_none_or(|run| !is_export_header(run)) {
            warnings.add("a record without a list of messages was skipped", place.clone());
        }
        return None;
    };
    let header = run.get("metadata").and_then(Value::as_object).unwrap_or(run);
    let mut builder = begin(source, header);
    let server = text_field(header, "suite_name").map(str::to_owned);
    let mut reader = Reader { builder: &mut builder, warnings, server, failure: Failure::Field };
    reader.read(messages, &within(place, format_args!("/{key}")));
    if let Some(error) = text_field(run, "error") {
        let at = Moment::at(within(place, format_args!("/error")));
        builder.say(at, Role::Runtime, format!("the run ended in an error: {error}"));
    }
    Some(builder.finish())
}

/// The messages and the key they stand under: forks of the benchmark call them conversations.
fn conversation(run: &Object) -> Option<(&'static str, &Vec<Value>)> {
    ["messages", "conversations"].into_iter().find_map(|key| Some((key, run.get(key)?.as_array()?)))
}

/// The first line of an export describes the collection.
fn is_export_header(record: &Object) -> bool {
    record.len() == 1 && record.contains_key("metadata")
}

fn begin(source: &Source<'_>, header: &Object) -> SessionBuilder {
    let field = |key: &str| id_field(header, key);
    let agent = field("pipeline_name").or(field("model")).unwrap_or_else(|| "agent".to_owned());
    let (suite, task) = (field("suite_name"), field("user_task_id"));
    let none = || "none".to_owned();
    let id = match (&suite, &task) {
        (Some(suite), Some(task)) => {
            let injection = field("injection_task_id").unwrap_or_else(none);
            let attack = field("attack_type").unwrap_or_else(none);
            format!("{agent}/{suite}/{task}/{injection}/{attack}")
        }
        (None, _) | (_, None) => source.stem().to_owned(),
    };
    let mut builder = SessionBuilder::new(id, agent);
    let session = builder.session();
    session.task = suite.zip(task).map(|(suite, task)| format!("{suite}/{task}"));
    session.solved = header.get("utility").or(header.get("success")).and_then(Value::as_bool);
    builder
}

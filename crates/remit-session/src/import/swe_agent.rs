//! Trajectories of SWE-agent (`.traj`): `{trajectory: [{action, observation, thought, …}], history, info}`,
//! or the history alone.
//!
//! A step is a call. What the model asked for as a function call (in the history) has its name, its
//! arguments and its id from there. Otherwise an action is a line of a shell: its tool is the command of
//! SWE-agent's own interface that it begins with, else `bash`, and its one argument is `command`, the
//! line. Demonstrations in the history are the runtime's words, nothing that the agent did. Times are
//! not recorded, and an observation does not say whether the command failed.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field, within};
use super::messages::{content_text, warn_about};
use super::{ImportError, Source};
use crate::{Arguments, Outcome, Place, Role, Session};
use serde_json::Value;
use std::collections::VecDeque;

/// The agent, and the server of its interface.
const RUNTIME: &str = "swe-agent";

/// Commands of the interface that SWE-agent gives its agents; all others are the shell's.
const INTERFACE: [&str; 20] = [
    "open",
    "goto",
    "scroll_down",
    "scroll_up",
    "create",
    "edit",
    "insert",
    "append",
    "search_dir",
    "search_file",
    "find_file",
    "submit",
    "set_cursors",
    "str_replace_editor",
    "view_image",
    "filemap",
    "exit_forfeit",
    "exit_cost",
    "exit_format",
    "exit_context",
];

/// Whether a value is a trajectory.
pub(super) fn is_trajectory(value: &Value) -> bool {
    let first = |key: &str| value.get(key).and_then(Value::as_array).and_then(|list| list.first());
    let step = first("trajectory")
        .is_some_and(|step| step.get("action").is_some() && step.get("observation").is_some());
    let entry = first("history").is_some_and(|entry| {
        entry.get("role").is_some()
            && (entry.get("agent").is_some() || entry.get("message_type").is_some())
    });
    step || entry
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let records = json::records(source, warnings)?;
    let sessions = records.iter().filter_map(|(place, record)| {
        let run = record.as_object().filter(|_| is_trajectory(record));
        if run.is_none() {
            warnings.add("a record that is no trajectory was skipped", place.clone());
        }
        let mut run = Run::new(source, run?, warnings);
        run.read(place);
        Some(run.builder.finish())
    });
    Ok(sessions.collect())
}

struct Run<'a> {
    warnings: &'a mut Warnings,
    builder: SessionBuilder,
    steps: &'a [Value],
    history: &'a [Value],
}

impl<'a> Run<'a> {
    fn new(source: &Source<'_>, run: &'a Object, warnings: &'a mut Warnings) -> Run<'a> {
        let list =
            |key: &str| run.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let builder = SessionBuilder::new(source.stem(), RUNTIME);
        Run { warnings, builder, steps: list("trajectory"), history: list("history") }
    }

    fn read(&mut self, place: &Place) {
        if self.steps.is_empty() {
            return self.read_history(place);
        }
        let start = |entry: &&Value| entry.get("role").and_then(Value::as_str) != Some("assistant");
        for (index, entry) in self.history.iter().enumerate().take_while(|(_, e)| start(e)) {
            self.entry(entry, within(place, format_args!("/history/{index}")));
        }
        let mut asked = self.asked();
        for (index, step) in self.steps.iter().enumerate() {
            self.step(step, within(place, format_args!("/trajectory/{index}")), &mut asked);
        }
    }

    /// The function calls of the history, each with the action that was made of it.
    fn asked(&self) -> VecDeque<(&'a str, &'a Value)> {
        let calls = self.history.iter().filter_map(|entry| {
            let action = entry.get("action")?.as_str()?;
            Some((action, entry.get("tool_calls")?.as_array()?.first()?))
        });
        calls.collect()
    }

    fn step(&mut self, step: &Value, place: Place, asked: &mut VecDeque<(&str, &Value)>) {
        let Some(step) = step.as_object() else {
            return self.warnings.add("a step that is no JSON object was skipped", place);
        };
        let moment = Moment::at(place);
        let thought = ["thought", "response"].iter().find_map(|key| text_field(step, key));
        let thought = thought.unwrap_or_default().to_owned();
        self.builder.say(moment.clone(), Role::Assistant, thought);
        let Some(action) = text_field(step, "action").filter(|action| !action.trim().is_empty())
        else {
            let said = step.get("observation").map(content_text).unwrap_or_default();
            return self.builder.say(moment, Role::Runtime, said);
        };
        let is_asked = asked.front().is_some_and(|(of, _)| *of == action);
        let function = is_asked.then(|| asked.pop_front()).flatten().map(|(_, call)| call);
        let call = function.map_or_else(|| command(action), function_call);
        warn_about(&call, &moment.place, self.warnings);
        let call = self.builder.call(moment.clone(), call);
        if let Some(observation) = step.get("observation") {
            let text = content_text(observation);
            self.builder.result(moment, Some(call), text, Outcome::Executed);
        }
    }

    fn read_history(&mut self, place: &Place) {
        for (index, entry) in self.history.iter().enumerate() {
            self.entry(entry, within(place, format_args!("/history/{index}")));
        }
    }

    fn entry(&mut self, entry: &Value, place: Place) {
        let Some(entry) = entry.as_object() else {
            return self.warnings.add("a message that is no JSON object was skipped", place);
        };
        let moment = Moment::at(place);
        let text = entry.get("content").map(content_text).unwrap_or_default();
        let demonstration = entry.get("is_demo").and_then(Value::as_bool) == Some(true);
        match text_field(entry, "role").unwrap_or_default() {
            _ if demonstration => self.builder.say(moment, Role::Runtime, text),
            "system" => self.builder.say(moment, Role::System, text),
            "assistant" => self.answer(entry, moment, text),
            "user" | "tool" => {
                let id = entry.get("tool_call_ids").and_then(|ids| ids.get(0)?.as_str());
                match self.builder.open_call(id) {
                    Some(call) => {
                        self.builder.result(moment, Some(call), text, Outcome::Executed);
                    }
                    None => self.builder.say(moment, Role::User, text),
                }
            }
            _ => self.builder.say(moment, Role::Runtime, text),
        }
    }

    fn answer(&mut self, entry: &Object, moment: Moment, text: String) {
        self.builder.begin_turn();
        self.builder.say(moment.clone(), Role::Assistant, text);
        let functions = entry.get("tool_calls").and_then(Value::as_array);
        let functions: Vec<_> = functions.into_iter().flatten().map(function_call).collect();
        let action = text_field(entry, "action").filter(|action| !action.trim().is_empty());
        let line = action.filter(|_| functions.is_empty()).map(command);
        for call in functions.into_iter().chain(line) {
            warn_about(&call, &moment.place, self.warnings);
            self.builder.call(moment.clone(), call);
        }
    }
}

/// A line of the shell.
fn command(action: &str) -> NewCall {
    let first = action.split_whitespace().next().unwrap_or_default();
    let tool = if INTERFACE.contains(&first) { first } else { "bash" };
    let line = Object::from_iter([("command".to_owned(), Value::from(action))]);
    NewCall {
        id: None,
        tool: tool.to_owned(),
        server: Some(RUNTIME.to_owned()),
        arguments: Arguments::Object(line),
    }
}

fn function_call(call: &Value) -> NewCall {
    let function = call.get("function").unwrap_or(call);
    NewCall {
        id: call.as_object().and_then(|call| id_field(call, "id")),
        tool: function.get("name").and_then(Value::as_str).unwrap_or("unnamed").to_owned(),
        server: Some(RUNTIME.to_owned()),
        arguments: arguments(function.get("arguments")),
    }
}

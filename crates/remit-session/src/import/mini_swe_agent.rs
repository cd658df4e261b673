//! Trajectories of mini-swe-agent: its messages, alone or in `{info, messages, trajectory_format}`.
//!
//! The agent has one tool, `bash`, with one argument, `command`. Newer versions record commands beside
//! the message (`extra.actions`) or as function calls. Older ones have them in the text, in a block of
//! code; a text with no such block, or with several, was turned down by the runtime and is no call.
//! A return code other than 0 makes a call *failed*, the user's rejection makes it *refused*.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field, within};
use super::messages::{UNNAMED_TOOL, content_text, warn_about};
use super::{ImportError, Source};
use crate::{Arguments, Outcome, Place, Role, Session};
use serde_json::Value;

/// The agent, and the server of its tool.
const RUNTIME: &str = "mini-swe-agent";

const RETURN_CODE: &str = "<returncode>";
const BLOCKS: [&str; 2] = ["```mswea_bash_command\n", "```bash\n"];
const REJECTED: &str = "Command not executed. The user rejected your command";

/// Whether a value is a trajectory.
pub(super) fn is_trajectory(value: &Value) -> bool {
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default();
    text("/trajectory_format").starts_with("mini-swe-agent")
        || value.pointer("/info/mini_version").is_some()
        || value.as_array().is_some_and(|messages| are_messages(messages))
}

/// Whether messages can be nobody else's: an output under its return code, or the block for commands.
pub(super) fn are_messages(messages: &[Value]) -> bool {
    messages.iter().take(8).any(|message| {
        let text = message.get("content").map(content_text).unwrap_or_default();
        match message.get("role").and_then(Value::as_str) {
            Some("user") => text.starts_with(RETURN_CODE),
            Some("assistant" | "system") => text.contains("```mswea_bash_command"),
            _ => false,
        }
    })
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut sessions = Vec::new();
    for (place, record) in json::records(source, warnings)? {
        let inside =
            record.get("messages").map(|list| (list, within(&place, format_args!("/messages"))));
        let (list, place) = inside.unwrap_or((&record, place));
        let Some(messages) = list.as_array() else {
            warnings.add("a record without a list of messages was skipped", place);
            continue;
        };
        let id = record.get("instance_id").and_then(Value::as_str).unwrap_or(source.stem());
        let builder = SessionBuilder::new(id, RUNTIME);
        let mut reader = Reader { builder, warnings, begun: false };
        for (index, message) in messages.iter().enumerate() {
            reader.message(message, within(&place, format_args!("/{index}")));
        }
        sessions.push(reader.builder.finish());
    }
    Ok(sessions)
}

struct Reader<'a> {
    builder: SessionBuilder,
    warnings: &'a mut Warnings,
    /// Whether the user has said what to do.
    begun: bool,
}

impl Reader<'_> {
    fn message(&mut self, message: &Value, place: Place) {
        let Some(message) = message.as_object() else {
            return self.warnings.add("a message that is no JSON object was skipped", place);
        };
        let extra = message.get("extra").and_then(Value::as_object);
        let at = extra.and_then(|extra| json::timestamp(extra.get("timestamp")));
        let at = at.or_else(|| json::timestamp(message.get("timestamp")));
        let moment = Moment { at, ..Moment::at(place) };
        let text = message.get("content").map(content_text).unwrap_or_default();
        match text_field(message, "role").unwrap_or_default() {
            "system" => self.builder.say(moment, Role::System, text),
            "assistant" => {
                self.builder.begin_turn();
                self.builder.say(moment.clone(), Role::Assistant, text.clone());
                for call in calls(message, extra, &text) {
                    warn_about(&call, &moment.place, self.warnings);
                    self.builder.call(moment.clone(), call);
                }
            }
            "user" if !self.begun => {
                self.begun = true;
                self.builder.say(moment, Role::User, text);
            }
            _ => self.observation(message, extra, moment, text),
        }
    }

    /// What came of a command, or what the runtime says where none was run.
    fn observation(&mut self, message: &Object, extra: Option<&Object>, at: Moment, text: String) {
        let id = id_field(message, "tool_call_id");
        let Some(call) = self.builder.open_call(id.as_deref()) else {
            return self.builder.say(at, Role::Runtime, text);
        };
        let code = extra.and_then(|extra| extra.get("returncode")?.as_i64()).or(return_code(&text));
        let timed_out = text.starts_with("The last command") && text.contains("timed out");
        let outcome = if text.starts_with(REJECTED) {
            Outcome::Refused
        } else if timed_out || code.is_some_and(|code| code != 0) {
            Outcome::Failed
        } else {
            Outcome::Executed
        };
        self.builder.result(at, Some(call), text, outcome);
    }
}

fn calls(message: &Object, extra: Option<&Object>, text: &str) -> Vec<NewCall> {
    let listed = |list: Option<&Value>| list.and_then(Value::as_array).cloned().unwrap_or_default();
    let actions = listed(extra.and_then(|extra| extra.get("actions")));
    if !actions.is_empty() {
        return actions.iter().map(action).collect();
    }
    let functions = listed(message.get("tool_calls"));
    if !functions.is_empty() {
        return functions.iter().map(function).collect();
    }
    the_block(text).map(|line| bash(None, line)).into_iter().collect()
}

fn action(action: &Value) -> NewCall {
    let id = action.as_object().and_then(|action| id_field(action, "tool_call_id"));
    let line = action.get("command").or_else(|| action.get("action")).unwrap_or(action);
    bash(id, &content_text(line))
}

fn function(call: &Value) -> NewCall {
    let function = call.get("function").unwrap_or(call);
    NewCall {
        id: call.as_object().and_then(|call| id_field(call, "id")),
        tool: function.get("name").and_then(Value::as_str).unwrap_or(UNNAMED_TOOL).to_owned(),
        server: Some(RUNTIME.to_owned()),
        arguments: arguments(function.get("arguments")),
    }
}

fn bash(id: Option<String>, line: &str) -> NewCall {
    let line = Object::from_iter([("command".to_owned(), Value::from(line))]);
    NewCall {
        id,
        tool: "bash".to_owned(),
        server: Some(RUNTIME.to_owned()),
        arguments: Arguments::Object(line),
    }
}

/// The command of a text that has exactly one block for it.
fn the_block(text: &str) -> Option<&str> {
    let (_, rest) = BLOCKS.iter().find_map(|begins| text.split_once(begins))?;
    let (line, rest) = rest.split_once("\n```")?;
    let another = BLOCKS.iter().any(|begins| rest.contains(begins));
    (!another).then(|| line.trim())
}

fn return_code(text: &str) -> Option<i64> {
    text.strip_prefix(RETURN_CODE)?.split_once('<')?.0.trim().parse().ok()
}

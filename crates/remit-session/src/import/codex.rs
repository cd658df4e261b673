//! Codex: rollouts (`~/.codex/sessions/…/rollout-*.jsonl`), one record a line, and the events that
//! `codex exec --json` prints.
//!
//! * In a rollout, response items are what was said and done; events repeat some of it for the screen.
//!   What events say a person wrote is the user's; other user items are the runtime's (instructions,
//!   environment). Rollouts before records had a `payload` hold the items themselves.
//! * Tools named `mcp__server__tool` are that server's, all others are `codex`'s own. A tool that takes
//!   free text has it as the argument `input`.
//! * Output that says that a person rejected the call makes it *refused*; an exit code other than 0, or
//!   `success: false`, makes it *failed*.
//! * `exec --json` prints items, not calls: each item that acts is a call, named after its type.
//! * The rollout of a sub-agent is a file and a session of its own, its agent called by its role.

mod exec;

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field};
use super::messages::{UNNAMED_TOOL, content_text, warn_about};
use super::said::free_text;
use super::{ImportError, Source};
use crate::{Outcome, Place, Role, Session};
use serde_json::Value;
use std::collections::HashSet;

/// The agent, and the server of the runtime's own tools.
const RUNTIME: &str = "codex";

pub(super) use exec::is_event;

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let records = json::records(source, warnings)?;
    if records.iter().any(|(_, record)| exec::is_event(record)) {
        return Ok(exec::read(source, &records, warnings));
    }
    let mut rollout = Rollout::new(source, &records, warnings);
    for (place, record) in &records {
        rollout.record(record, place);
    }
    let session = rollout.builder.finish();
    Ok(if session.steps.is_empty() { Vec::new() } else { vec![session] })
}

/// Whether a value is a record of a rollout.
pub(super) fn is_record(value: &Value) -> bool {
    let kinds = ["session_meta", "response_item", "turn_context", "event_msg", "compacted"];
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    kinds.contains(&kind) && value.get("payload").is_some_and(Value::is_object)
}

/// What a record holds: the kind of the record, the kind of what it holds, and that.
fn payload(record: &Object) -> (&str, &str, &Object) {
    let kind = text_field(record, "type").unwrap_or_default();
    match record.get("payload").and_then(Value::as_object) {
        Some(payload) => (kind, text_field(payload, "type").unwrap_or_default(), payload),
        None => ("response_item", kind, record),
    }
}

struct Rollout<'a> {
    warnings: &'a mut Warnings,
    builder: SessionBuilder,
    /// What events say that a person wrote.
    written: HashSet<String>,
    /// What items say that the agent answered.
    answered: HashSet<String>,
}

impl<'a> Rollout<'a> {
    fn new(
        source: &Source<'_>,
        records: &[(Place, Value)],
        warnings: &'a mut Warnings,
    ) -> Rollout<'a> {
        let mut rollout = Rollout {
            warnings,
            builder: SessionBuilder::new(source.stem(), RUNTIME),
            written: HashSet::new(),
            answered: HashSet::new(),
        };
        let mut first_meta = true;
        for (kind, inner, payload) in
            records.iter().filter_map(|(_, record)| Some(self::payload(record.as_object()?)))
        {
            match (kind, inner) {
                ("session_meta", _) if first_meta => {
                    first_meta = false;
                    rollout.introduce(payload);
                }
                ("event_msg", "user_message") => {
                    rollout.written.extend(text_field(payload, "message").map(str::to_owned));
                }
                ("response_item", "message") => rollout.answered.extend(item_text(payload)),
                _ => {}
            }
        }
        rollout
    }

    fn introduce(&mut self, meta: &Object) {
        let id = id_field(meta, "id").or_else(|| id_field(meta, "session_id"));
        let session = self.builder.session();
        if let Some(id) = id {
            session.id = id;
        }
        let spawned = meta.get("source").and_then(|source| source.get("subagent"));
        let role = spawned.map(|spawned| {
            let role = ["/thread_spawn/agent_role", "/thread_spawn/agent_nickname"];
            let role = role.iter().find_map(|path| spawned.pointer(path)?.as_str());
            role.or(spawned.as_str()).unwrap_or("sub-agent").to_owned()
        });
        if let Some((lane, role)) = session.lanes.first_mut().zip(role) {
            lane.agent = role;
        }
    }

    fn record(&mut self, record: &Value, place: &Place) {
        let Some(record) = record.as_object() else {
            return self.warnings.add("a record that is no JSON object was skipped", place.clone());
        };
        let at = json::timestamp(record.get("timestamp"));
        let moment = Moment { at, ..Moment::at(place.clone()) };
        let (kind, inner, payload) = payload(record);
        match kind {
            "response_item" => self.item(inner, payload, moment),
            "event_msg" => self.event(inner, payload, moment),
            "compacted" => {
                let summary = text_field(payload, "message").unwrap_or_default().to_owned();
                self.builder.say(moment, Role::Runtime, summary);
            }
            kind if SILENT.contains(&kind) => {}
            kind => self
                .warnings
                .add(format!("records of the type `{kind}` are not read"), place.clone()),
        }
    }

    fn item(&mut self, kind: &str, item: &Object, moment: Moment) {
        match kind {
            "message" | "agent_message" => self.message(item, moment),
            "reasoning" => {
                let text = |key: &str| item.get(key).map(content_text).unwrap_or_default();
                let text = [text("summary"), text("content")].join("\n").trim().to_owned();
                self.builder.say(moment, Role::Thinking, text);
            }
            kind if kind.ends_with("_call_output") || kind == "tool_search_output" => {
                let call = id_field(item, "call_id");
                let call = self.builder.open_call(call.as_deref());
                self.builder.answer(moment, call, output(item), self.warnings);
            }
            kind if kind.ends_with("_call") => self.call(kind, item, moment),
            // The head of a rollout that has no envelopes, and marks between its items.
            "" | "compaction" | "compaction_summary" | "context_compaction" | "ghost_snapshot"
            | "state" => {}
            kind => self
                .warnings
                .add(format!("response items of the type `{kind}` are not read"), moment.place),
        }
    }

    fn message(&mut self, item: &Object, moment: Moment) {
        let Some(text) = item_text(item) else { return };
        let role = match text_field(item, "role").unwrap_or("assistant") {
            "user" if self.written.is_empty() || self.written.contains(&text) => {
                if is_instruction(&text) { Role::Runtime } else { Role::User }
            }
            "user" => Role::Runtime,
            "system" | "developer" => Role::System,
            _ => {
                self.builder.begin_turn();
                Role::Assistant
            }
        };
        self.builder.say(moment, role, text);
    }

    fn call(&mut self, kind: &str, item: &Object, moment: Moment) {
        let named = text_field(item, "name");
        let tool = match (named, text_field(item, "namespace")) {
            (Some(name), Some(space)) if !name.starts_with(space) => format!("{space}{name}"),
            (Some(name), _) => name.to_owned(),
            (None, _) if kind == "function_call" => UNNAMED_TOOL.to_owned(),
            (None, _) => kind.trim_end_matches("_call").to_owned(),
        };
        let given = ["arguments", "action", "input"];
        let given = given.iter().find_map(|key| item.get(*key).filter(|value| !value.is_null()));
        let call = NewCall {
            id: id_field(item, "call_id").or_else(|| id_field(item, "id")),
            server: Some(server(&tool).to_owned()),
            tool,
            arguments: match given {
                Some(Value::String(text)) if kind == "custom_tool_call" => free_text(text),
                given => arguments(given),
            },
        };
        warn_about(&call, &moment.place, self.warnings);
        let step = self.builder.call(moment.clone(), call);
        // Calls that the model's own service runs have no output item, only how they ended.
        let ended = text_field(item, "status").filter(|_| kind == "web_search_call");
        let outcome = match ended {
            Some("completed") => Outcome::Executed,
            Some("failed") => Outcome::Failed,
            _ => return,
        };
        self.builder.result(moment, Some(step), String::new(), outcome);
    }

    /// Events repeat items for the screen, except where a rollout holds no items of that kind.
    fn event(&mut self, kind: &str, event: &Object, moment: Moment) {
        let message = text_field(event, "message").unwrap_or_default();
        match kind {
            "user_message" if !self.answered.contains(message) => {
                let role = if is_instruction(message) { Role::Runtime } else { Role::User };
                self.builder.say(moment, role, message.to_owned());
            }
            "agent_message" if !self.answered.contains(message) => {
                self.builder.say(moment, Role::Assistant, message.to_owned());
            }
            "turn_aborted" => {
                let reason = text_field(event, "reason").unwrap_or("interrupted");
                self.builder.say(moment, Role::Runtime, format!("the turn was aborted: {reason}"));
            }
            "error" | "stream_error" | "warning" => {
                self.builder.say(moment, Role::Runtime, message.to_owned());
            }
            _ => {}
        }
    }
}

/// Records that say nothing about what the agent did.
const SILENT: &[&str] = &[
    "session_meta",
    "turn_context",
    "world_state",
    "inter_agent_communication",
    "inter_agent_communication_metadata",
];

fn server(tool: &str) -> &str {
    let named = tool.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"));
    named.map_or(RUNTIME, |(server, _)| server)
}

fn item_text(item: &Object) -> Option<String> {
    let text = content_text(item.get("content")?);
    (!text.trim().is_empty()).then_some(text)
}

/// What the runtime puts into the user's mouth.
fn is_instruction(text: &str) -> bool {
    let begins = [
        "<environment_context>",
        "<user_instructions>",
        "<user_shell_command>",
        "<turn_aborted>",
        "<permissions instructions>",
        "# AGENTS.md instructions",
    ];
    begins.iter().any(|tag| text.trim_start().starts_with(tag))
}

fn output(item: &Object) -> (String, Outcome) {
    let value = item.get("output").or_else(|| item.get("tools")).unwrap_or(&Value::Null);
    let inner = value.as_str().and_then(|text| serde_json::from_str::<Object>(text).ok());
    let object = value.as_object().or(inner.as_ref());
    let said = object.and_then(|object| {
        ["output", "content"].iter().find_map(|key| object.get(*key)).map(content_text)
    });
    let text = said.unwrap_or_else(|| content_text(value));
    let flagged = object.is_some_and(|object| {
        let code = object.get("metadata").unwrap_or(&Value::Null).get("exit_code");
        let code = code.or_else(|| object.get("exit_code")).and_then(Value::as_i64);
        object.get("success").and_then(Value::as_bool) == Some(false)
            || code.is_some_and(|code| code != 0)
    });
    let outcome = if is_rejection(&text) {
        Outcome::Refused
    } else if flagged || exit_code(&text).is_some_and(|code| code != 0) || is_abortion(&text) {
        Outcome::Failed
    } else {
        Outcome::Executed
    };
    (text, outcome)
}

fn is_rejection(text: &str) -> bool {
    let head: String = text.chars().take(200).collect();
    head.contains("rejected by user") || head.contains("rejected by the user")
}

fn is_abortion(text: &str) -> bool {
    text.starts_with("aborted by user")
}

/// The exit code in the lines that Codex writes above a command's output.
fn exit_code(text: &str) -> Option<i64> {
    let prefixes = ["Exit code: ", "Process exited with code "];
    let mut lines = text.lines().take(8).take_while(|line| !line.starts_with("Output:"));
    lines.find_map(|line| {
        let code = prefixes.iter().find_map(|prefix| line.strip_prefix(prefix))?;
        code.trim().parse().ok()
    })
}

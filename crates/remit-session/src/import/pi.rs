//! Sessions of the coding agent pi: a record a line, `{type: "session" | "message" | …}`.
//!
//! Newer sessions are trees: each entry has an `id` and the `parentId` of the one before. Where an entry
//! is continued a second time, what follows is a *branch* lane.
//!
//! A command that the person ran (`bashExecution`) is the person's, no call of the agent: it is kept as
//! a note of the runtime. So are summaries. Tools are the runtime's own, of the server `pi`.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field};
use super::messages::{UNNAMED_TOOL, content_text, warn_about};
use super::{ImportError, Source};
use crate::{Lane, LaneIdx, LaneKind, Outcome, Place, Role, Session, StepIdx};
use serde_json::Value;
use std::collections::HashMap;

/// The agent, and the server of its own tools.
const RUNTIME: &str = "pi";

/// Whether a value is a record that tells the format.
pub(super) fn is_record(value: &Value) -> bool {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    let role = value.pointer("/message/role").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "session" => ["id", "timestamp", "cwd"].iter().all(|key| value.get(key).is_some()),
        "message" => ["toolResult", "bashExecution", "user", "assistant"].contains(&role),
        _ => false,
    }
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut sessions = Vec::new();
    let mut reader = Reader::new(source.stem(), warnings);
    for (place, record) in json::records(source, reader.warnings)? {
        let Some(record) = record.as_object() else {
            reader.warnings.add("a record that is no JSON object was skipped", place);
            continue;
        };
        if text_field(record, "type") == Some("session") {
            sessions.push(reader.end());
            if let Some(id) = id_field(record, "id") {
                reader.builder.session().id = id;
            }
        } else {
            reader.record(record, &place);
        }
    }
    sessions.push(reader.end());
    sessions.retain(|session| !session.steps.is_empty());
    Ok(sessions)
}

struct Reader<'a> {
    stem: &'a str,
    warnings: &'a mut Warnings,
    builder: SessionBuilder,
    lane: LaneIdx,
    /// Entry id -> its lane, its last step, and whether something follows it.
    entries: HashMap<String, (LaneIdx, Option<StepIdx>, bool)>,
}

impl<'a> Reader<'a> {
    fn new(stem: &'a str, warnings: &'a mut Warnings) -> Reader<'a> {
        let builder = SessionBuilder::new(stem, RUNTIME);
        Reader { stem, warnings, builder, lane: LaneIdx(0), entries: HashMap::new() }
    }

    fn end(&mut self) -> Session {
        let next = SessionBuilder::new(self.stem, RUNTIME);
        self.lane = LaneIdx(0);
        self.entries.clear();
        std::mem::replace(&mut self.builder, next).finish()
    }

    fn record(&mut self, record: &Object, place: &Place) {
        let (id, parent) = (id_field(record, "id"), id_field(record, "parentId"));
        if let Some(parent) = &parent {
            self.follow(parent);
        }
        let at = json::timestamp(record.get("timestamp"));
        let moment = Moment { lane: self.lane, at, place: place.clone() };
        let text = |key: &str| text_field(record, key).unwrap_or_default().to_owned();
        match text_field(record, "type").unwrap_or_default() {
            "message" => match record.get("message").and_then(Value::as_object) {
                Some(message) => self.message(message, moment),
                None => self.warnings.add("a message without content was skipped", moment.place),
            },
            "compaction" | "branch_summary" => {
                self.builder.say(moment, Role::Runtime, text("summary"));
            }
            "custom_message" => {
                let content = record.get("content").map(content_text).unwrap_or_default();
                self.builder.say(moment, Role::Runtime, content);
            }
            kind if SILENT.contains(&kind) => {}
            kind => self
                .warnings
                .add(format!("records of the type `{kind}` are not read"), place.clone()),
        }
        if let Some(id) = id {
            let last = self.builder.next_step().0.checked_sub(1).map(StepIdx);
            self.entries.insert(id, (self.lane, last, false));
        }
    }

    /// Goes on from an entry: in its lane, or in a branch of it where something follows already.
    fn follow(&mut self, parent: &str) {
        let Some((lane, after, followed)) = self.entries.get_mut(parent) else {
            return;
        };
        if !*followed {
            *followed = true;
            self.lane = *lane;
            return;
        }
        let kind = LaneKind::Branch { of: *lane, after: *after };
        self.lane = self.builder.add_lane(Lane { agent: RUNTIME.to_owned(), kind });
    }

    fn message(&mut self, message: &Object, moment: Moment) {
        let text = message.get("content").map(content_text).unwrap_or_default();
        match text_field(message, "role").unwrap_or_default() {
            "user" => self.builder.say(moment, Role::User, text),
            "assistant" => self.answer(message, &moment),
            "toolResult" => {
                let failed = message.get("isError").and_then(Value::as_bool) == Some(true);
                let outcome = if failed { Outcome::Failed } else { Outcome::Executed };
                let call = id_field(message, "toolCallId");
                let call = self.builder.open_call(call.as_deref());
                self.builder.answer(moment, call, (text, outcome), self.warnings);
            }
            "bashExecution" => {
                let field = |key: &str| text_field(message, key).unwrap_or_default();
                let said = format!("the user ran: {}\n{}", field("command"), field("output"));
                self.builder.say(moment, Role::Runtime, said);
            }
            "custom" | "branchSummary" | "compactionSummary" => {
                let summary = text_field(message, "summary").map(str::to_owned);
                self.builder.say(moment, Role::Runtime, summary.unwrap_or(text));
            }
            role => {
                let warning = format!("messages of the role `{role}` are kept as the runtime's");
                self.warnings.add(warning, moment.place.clone());
                self.builder.say(moment, Role::Runtime, text);
            }
        }
    }

    fn answer(&mut self, message: &Object, moment: &Moment) {
        self.builder.begin_turn();
        let parts = match message.get("content") {
            Some(Value::Array(parts)) => parts.as_slice(),
            Some(text) => std::slice::from_ref(text),
            None => &[],
        };
        for part in parts {
            let moment = moment.clone();
            match part.get("type").and_then(Value::as_str) {
                Some("toolCall") => self.call(part, moment),
                Some("thinking") => self.builder.say(moment, Role::Thinking, content_text(part)),
                _ => self.builder.say(moment, Role::Assistant, content_text(part)),
            }
        }
        if let Some(error) = text_field(message, "errorMessage") {
            self.builder.say(moment.clone(), Role::Runtime, error.to_owned());
        }
    }

    fn call(&mut self, part: &Value, moment: Moment) {
        let Some(part) = part.as_object() else { return };
        let new = NewCall {
            id: id_field(part, "id"),
            tool: text_field(part, "name").unwrap_or(UNNAMED_TOOL).to_owned(),
            server: Some(RUNTIME.to_owned()),
            arguments: arguments(part.get("arguments")),
        };
        warn_about(&new, &moment.place, self.warnings);
        self.builder.call(moment, new);
    }
}

/// Records that say nothing about what the agent did.
const SILENT: &[&str] =
    &["model_change", "thinking_level_change", "label", "session_info", "custom", "leaf"];

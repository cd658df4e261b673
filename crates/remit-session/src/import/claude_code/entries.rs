//! The lines of a transcript and its side files: each once, in the order in which they happened.

use super::super::json::{self, Object, lines, parse_line, text_field};
use super::super::{ImportError, Source, Warnings};
use crate::Place;
use crate::identity::is_watched;
use camino::Utf8PathBuf;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A sub-agent's transcript beside the session's own: `<session>/subagents/agent-<id>.jsonl`.
pub(crate) struct SideFile<'a> {
    /// As shown to people.
    pub path: Utf8PathBuf,
    /// The transcript.
    pub text: &'a str,
    /// `agent-<id>.meta.json`, if there is one.
    pub meta: Option<Value>,
}

/// A line that says something, or links lines that do.
pub(super) struct Entry {
    pub place: Place,
    pub at: Option<Timestamp>,
    pub uuid: Option<String>,
    pub parent: Option<Parent>,
    pub thread: Thread,
    /// `None` for lines that only carry the tree on.
    pub said: Option<Said>,
    /// Whether a person is asked, or could step in, by the permission mode in force; sub-agents run in
    /// that of the main thread.
    pub human: Option<bool>,
}

/// The line before.
pub(super) enum Parent {
    Line(String),
    /// A summary took the place of everything up to this line.
    Summarised(String),
}

/// Whose history a line belongs to.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Thread {
    Main,
    /// A sub-agent, by its id.
    Agent(String),
}

/// A message.
pub(super) struct Said {
    pub speaker: Speaker,
    /// Lines of one answer of the model share an id; `None` for answers that the runtime made up.
    pub answer: Option<String>,
    pub content: Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Model,
    Runtime,
}

/// Everything that a recording's lines say.
#[derive(Default)]
pub(super) struct Entries {
    pub list: Vec<Entry>,
    /// In the order of the lines, each once.
    pub session_ids: Vec<String>,
    /// The id of the tool call that started a sub-agent.
    pub started_by: BTreeMap<String, String>,
    kinds: BTreeMap<String, String>,
    known_sessions: HashSet<String>,
    seen: HashSet<String>,
    seen_in_agents: HashSet<String>,
    sidechains: HashMap<String, String>,
    human: Option<bool>,
}

impl Entries {
    /// What to call a sub-agent: its kind where that is recorded, else its id.
    pub fn agent_name(&self, agent: &str) -> String {
        self.kinds.get(agent).map_or(agent, |kind| kind).to_owned()
    }

    /// The agent of a file that holds one sub-agent and no main thread.
    pub fn only_agent(&self) -> Option<String> {
        let said = self.list.iter().filter(|entry| entry.said.is_some());
        let mut agents = BTreeSet::new();
        for entry in said {
            match &entry.thread {
                Thread::Main => return None,
                Thread::Agent(agent) => agents.insert(agent),
            };
        }
        agents.first().filter(|_| agents.len() == 1).map(|agent| (*agent).clone())
    }
}

pub(super) fn read(
    source: &Source<'_>,
    side_files: &[SideFile<'_>],
    warnings: &mut Warnings,
) -> Result<Entries, ImportError> {
    let mut entries = Entries::default();
    for (place, line) in json::records(source, warnings)? {
        entries.line(line, place, None, warnings);
    }
    let mut keys = happened(&entries.list, None);
    for side in side_files {
        let start = entries.list.len();
        entries.side_file(source, side, warnings);
        let added = entries.list.get(start..).unwrap_or_default();
        keys.extend(happened(added, Some(Timestamp::MAX)));
    }
    let mut keyed: Vec<_> = keys.into_iter().zip(entries.list).collect();
    keyed.sort_by_key(|(key, _)| *key);
    entries.list = keyed.into_iter().map(|(_, entry)| entry).collect();
    Ok(entries)
}

/// When each line happened, never before the line above it: sorting keeps the order of a file.
fn happened(list: &[Entry], if_unknown: Option<Timestamp>) -> Vec<Option<Timestamp>> {
    let known = list.iter().any(|entry| entry.at.is_some());
    let mut latest = if known { None } else { if_unknown };
    let next = |entry: &Entry| {
        latest = latest.max(entry.at);
        latest
    };
    list.iter().map(next).collect()
}

impl Entries {
    fn side_file(&mut self, source: &Source<'_>, side: &SideFile<'_>, warnings: &mut Warnings) {
        let agent = side.path.file_stem().unwrap_or_default();
        let agent = agent.strip_prefix("agent-").unwrap_or(agent);
        // The mode is the session's: only the main file tells when it changes.
        self.human = None;
        if let Some(meta) = side.meta.as_ref().and_then(Value::as_object) {
            self.learn_kind(agent, text_field(meta, "agentType"));
            self.learn_start(agent, text_field(meta, "toolUseId"));
        }
        for (number, line) in lines(side.text) {
            let place = Place::FileLine(side.path.clone(), number);
            match parse_line(source, line) {
                Ok(line) => self.line(line, place, Some(agent), warnings),
                Err(why) => warnings.add(why, place),
            }
        }
    }

    fn learn_kind(&mut self, agent: &str, kind: Option<&str>) {
        if let Some(kind) = kind {
            self.kinds.insert(agent.to_owned(), kind.to_owned());
        }
    }

    fn learn_start(&mut self, agent: &str, call: Option<&str>) {
        if let Some(call) = call {
            self.started_by.insert(agent.to_owned(), call.to_owned());
        }
    }

    /// Reads a line; `agent` is whose side file it stands in.
    fn line(&mut self, line: Value, place: Place, agent: Option<&str>, warnings: &mut Warnings) {
        let Value::Object(mut line) = line else {
            return warnings.add("a line that is no transcript entry was skipped", place);
        };
        let uuid = text_field(&line, "uuid").map(str::to_owned);
        if uuid.as_ref().is_some_and(|uuid| !self.seen.insert(uuid.clone())) {
            return;
        }
        self.learn_session(&line);
        let mode = text_field(&line, "permissionMode");
        self.human = mode.and_then(is_watched).or(self.human.filter(|_| mode.is_none()));
        let at = json::timestamp(line.get("timestamp"));
        let thread = self.thread(&line, uuid.as_deref(), agent);
        let said = self.said(&mut line, at, &place, warnings);
        if said.is_some() || uuid.is_some() {
            let parent = parent(&line);
            let human = self.human;
            self.list.push(Entry { place, at, uuid, parent, thread, said, human });
        }
    }

    /// What a line says, by its type.
    fn said(
        &mut self,
        line: &mut Object,
        at: Option<Timestamp>,
        place: &Place,
        warnings: &mut Warnings,
    ) -> Option<Said> {
        match text_field(line, "type").unwrap_or_default().to_owned().as_str() {
            "user" => return self.user(line, place, warnings),
            "assistant" => return assistant(line, place, warnings),
            "attachment" => return attachment(line),
            "progress" => self.progress(line, at, place, warnings),
            "" => warnings.add("a line that is no transcript entry was skipped", place.clone()),
            kind if SILENT.contains(&kind) => {}
            kind => warnings.add(format!("lines of the type `{kind}` are not read"), place.clone()),
        }
        None
    }

    fn learn_session(&mut self, line: &Object) {
        let Some(id) = text_field(line, "sessionId") else {
            return;
        };
        if !self.known_sessions.contains(id) {
            self.known_sessions.insert(id.to_owned());
            self.session_ids.push(id.to_owned());
        }
    }

    /// Sub-agents of older versions have no id: their lines hang together by parent.
    fn thread(&mut self, line: &Object, uuid: Option<&str>, agent: Option<&str>) -> Thread {
        if let Some(agent) = agent {
            return Thread::Agent(agent.to_owned());
        }
        if line.get("isSidechain").and_then(Value::as_bool) != Some(true) {
            return Thread::Main;
        }
        let of_parent =
            text_field(line, "parentUuid").and_then(|parent| self.sidechains.get(parent));
        let own = text_field(line, "agentId").or(of_parent.map(String::as_str));
        let agent = own.or(uuid).unwrap_or("sidechain").to_owned();
        if let Some(uuid) = uuid {
            self.sidechains.insert(uuid.to_owned(), agent.clone());
        }
        Thread::Agent(agent)
    }

    fn user(&mut self, line: &mut Object, place: &Place, warnings: &mut Warnings) -> Option<Said> {
        let started = line.get("toolUseResult").and_then(|result| result.get("agentId")?.as_str());
        let call = line
            .get("message")
            .and_then(|message| message.pointer("/content/0/tool_use_id")?.as_str());
        if let Some((agent, call)) = started.zip(call) {
            self.started_by.insert(agent.to_owned(), call.to_owned());
        }
        let flags = ["isMeta", "isCompactSummary", "isVisibleInTranscriptOnly"];
        let by_runtime =
            flags.iter().any(|flag| line.get(*flag).and_then(Value::as_bool) == Some(true));
        let speaker = if by_runtime { Speaker::Runtime } else { Speaker::User };
        Some(Said { speaker, answer: None, content: content(line, place, warnings)? })
    }

    /// A sub-agent's step, inside a line of the session that started it.
    fn progress(
        &mut self,
        line: &mut Object,
        at: Option<Timestamp>,
        place: &Place,
        warnings: &mut Warnings,
    ) {
        let call = text_field(line, "parentToolUseID").map(str::to_owned);
        let Some(Value::Object(mut data)) = line.remove("data") else {
            return;
        };
        if text_field(&data, "type") != Some("agent_progress") {
            return;
        }
        let agent =
            text_field(&data, "agentId").or(call.as_deref()).unwrap_or("sub-agent").to_owned();
        self.learn_start(&agent, call.as_deref());
        let earlier = match data.remove("normalizedMessages") {
            Some(Value::Array(messages)) => messages,
            _ => Vec::new(),
        };
        for message in earlier.into_iter().chain(data.remove("message")) {
            self.agent_message(message, &agent, at, place, warnings);
        }
    }

    fn agent_message(
        &mut self,
        message: Value,
        agent: &str,
        at: Option<Timestamp>,
        place: &Place,
        warnings: &mut Warnings,
    ) {
        let Value::Object(mut message) = message else {
            return warnings
                .add("a sub-agent's message that is no JSON object was skipped", place.clone());
        };
        let uuid = text_field(&message, "uuid").map(str::to_owned);
        let identity =
            uuid.clone().unwrap_or_else(|| format!("{agent} {}", Value::Object(message.clone())));
        if !self.seen_in_agents.insert(identity) {
            return;
        }
        let at = json::timestamp(message.get("timestamp")).or(at);
        let said = match text_field(&message, "type").unwrap_or_default().to_owned().as_str() {
            "assistant" => assistant(&mut message, place, warnings),
            _ => self.user(&mut message, place, warnings),
        };
        self.seen.extend(uuid);
        let (thread, place) = (Thread::Agent(agent.to_owned()), place.clone());
        let human = self.human;
        self.list.push(Entry { place, at, uuid: None, parent: None, thread, said, human });
    }
}

/// Line types that say nothing about what the agent did.
const SILENT: &[&str] = &[
    "system",
    "summary",
    "file-history-snapshot",
    "queue-operation",
    "pr-link",
    "custom-title",
    "ai-title",
    "agent-name",
    "last-prompt",
    "permission-mode",
    "mode",
    "tag",
    "worktree-state",
];

fn assistant(line: &mut Object, place: &Place, warnings: &mut Warnings) -> Option<Said> {
    let message = line.get("message").and_then(Value::as_object);
    let field = |key: &str| message.and_then(|message| text_field(message, key)).map(str::to_owned);
    let made_up = line.get("isApiErrorMessage").and_then(Value::as_bool) == Some(true)
        || field("model").as_deref() == Some("<synthetic>");
    let id = field("id").or(text_field(line, "uuid").map(str::to_owned));
    let answer = id.filter(|_| !made_up);
    Some(Said { speaker: Speaker::Model, answer, content: content(line, place, warnings)? })
}

/// What a person wrote while the agent worked.
fn attachment(line: &Object) -> Option<Said> {
    let attachment = line.get("attachment")?.as_object()?;
    let queued = text_field(attachment, "type") == Some("queued_command");
    let content = attachment.get("prompt").filter(|_| queued)?.clone();
    Some(Said { speaker: Speaker::User, answer: None, content })
}

fn content(line: &mut Object, place: &Place, warnings: &mut Warnings) -> Option<Value> {
    let found = match line.remove("message") {
        Some(Value::Object(mut message)) => message.remove("content"),
        _ => None,
    };
    if found.is_none() {
        warnings.add("a message without content was skipped", place.clone());
    }
    found
}

fn parent(line: &Object) -> Option<Parent> {
    let field = |key: &str| text_field(line, key).map(str::to_owned);
    let before = field("parentUuid").map(Parent::Line);
    before.or_else(|| field("logicalParentUuid").map(Parent::Summarised))
}

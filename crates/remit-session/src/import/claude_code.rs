//! Claude Code transcripts: a JSON object a line, linked into a tree by `parentUuid`.
//!
//! * The main agent is lane 0, `claude-code`. Where one line has two continuations that each have
//!   an answer of the model (a rewind, a retry), the later one is a *branch* lane; parallel tool
//!   calls and messages split over lines fork the tree too and stay in their lane.
//! * Sub-agents are lanes, whether their steps stand in `agent_progress` lines, in `isSidechain`
//!   lines or in side files; each is named after its `subagent_type`, else its id. Steps that come
//!   twice (repeated progress, side file beside progress) are read once.
//! * A result that says that the person or a permission rule refused the call makes it *refused*;
//!   other errors make it *failed*.
//! * Tools named `mcp__server__tool` are that server's, all others are `claude-code`'s own.
//! * The goal is the first thing that the person wrote, commands and the runtime's notes apart.
//!   The task is not recorded.
//! * The permission mode says whether a person is asked about calls, or could step in.
//!
//! Not here: hook, file-history, queue and title lines, which are no steps.

mod branches;
mod entries;

pub(crate) use entries::SideFile;

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{Object, arguments, id_field, text_field};
use super::messages::{UNNAMED_TOOL, content_text, unreadable, warn_about};
use super::{ImportError, Source};
use crate::identity::Noticed;
use crate::{Arguments, Lane, LaneIdx, LaneKind, Outcome, Role, Session, StepIdx, StepKind};
use branches::Node;
use entries::{Entries, Entry, Said, Speaker, Thread};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The main agent, and the server of the runtime's own tools.
const RUNTIME: &str = "claude-code";

pub(super) fn read(
    source: &Source<'_>,
    side_files: &[SideFile<'_>],
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let entries = entries::read(source, side_files, warnings)?;
    if entries.list.iter().all(|entry| entry.said.is_none()) {
        return Ok(Vec::new());
    }
    let nodes = branches::find(&entries.list);
    let id = session_id(source, &entries);
    let mut transcript = Transcript::new(id, &entries, warnings);
    for (index, (entry, node)) in entries.list.iter().zip(&nodes).enumerate() {
        transcript.entry(index, entry, *node);
    }
    Ok(vec![transcript.finish()])
}

/// The file is named after its session; lines that a resumed session copied name an earlier one.
fn session_id(source: &Source<'_>, entries: &Entries) -> String {
    let stem = source.stem();
    let own = entries.session_ids.iter().find(|id| *id == stem);
    own.or(entries.session_ids.first()).map_or(stem, |id| id).to_owned()
}

struct Transcript<'a> {
    entries: &'a Entries,
    warnings: &'a mut Warnings,
    builder: SessionBuilder,
    agents: BTreeMap<String, LaneIdx>,
    /// For each entry so far: its lane, and the last step of its line of history.
    reached: Vec<(LaneIdx, Option<StepIdx>)>,
    read_in_agents: HashSet<String>,
    command: Option<String>,
    /// Whether a person is asked, or could step in.
    human: Option<bool>,
}

impl<'a> Transcript<'a> {
    fn new(id: String, entries: &'a Entries, warnings: &'a mut Warnings) -> Transcript<'a> {
        let alone = entries.only_agent();
        let agent = alone.as_ref().map_or(RUNTIME.to_owned(), |agent| entries.agent_name(agent));
        let mut agents = BTreeMap::new();
        agents.extend(alone.iter().map(|agent| (agent.clone(), LaneIdx(0))));
        Transcript {
            entries,
            warnings,
            builder: SessionBuilder::new(id, agent),
            agents,
            reached: Vec::with_capacity(entries.list.len()),
            read_in_agents: HashSet::new(),
            command: None,
            human: None,
        }
    }

    fn entry(&mut self, index: usize, entry: &Entry, node: Node) {
        if entry.thread == Thread::Main {
            self.human = entry.human;
        }
        let parent = node.parent.and_then(|parent| self.reached.get(parent).copied());
        let (lane, after) = match &entry.thread {
            Thread::Agent(agent) => (self.agent_lane(agent), None),
            Thread::Main => self.main_lane(parent, node.starts_branch),
        };
        let before = self.builder.next_step();
        if let Some(said) = &entry.said {
            self.said(entry, said, lane);
        }
        let next = self.builder.next_step();
        let last = if next > before { Some(StepIdx(next.0 - 1)) } else { after };
        debug_assert_eq!(index, self.reached.len());
        self.reached.push((lane, last));
    }

    fn main_lane(
        &mut self,
        parent: Option<(LaneIdx, Option<StepIdx>)>,
        starts_branch: bool,
    ) -> (LaneIdx, Option<StepIdx>) {
        let (of, after) = parent.unwrap_or((LaneIdx(0), None));
        if !starts_branch {
            return (of, after);
        }
        let lane = Lane { agent: RUNTIME.to_owned(), kind: LaneKind::Branch { of, after } };
        (self.builder.add_lane(lane), after)
    }

    fn agent_lane(&mut self, agent: &str) -> LaneIdx {
        if let Some(lane) = self.agents.get(agent) {
            return *lane;
        }
        let kind = LaneKind::SubAgent { started_by: None };
        let lane = self.builder.add_lane(Lane { agent: self.entries.agent_name(agent), kind });
        self.agents.insert(agent.to_owned(), lane);
        lane
    }

    fn said(&mut self, entry: &Entry, said: &Said, lane: LaneIdx) {
        let moment = Moment { lane, at: entry.at, place: entry.place.clone() };
        match &said.content {
            Value::Array(blocks) => {
                for block in blocks {
                    self.block(&moment, said, block);
                }
            }
            Value::String(text) => self.text(&moment, said, text),
            _ => self.warnings.add("a message without content was skipped", moment.place),
        }
    }

    fn block(&mut self, moment: &Moment, said: &Said, block: &Value) {
        let place = moment.place.clone();
        let Some(object) = block.as_object() else {
            return match block.as_str() {
                Some(text) => self.text(moment, said, text),
                None => self
                    .warnings
                    .add("a part of a message that is no JSON object was skipped", place),
            };
        };
        let kind = text_field(object, "type").unwrap_or_default();
        match kind {
            "text" => self.text(moment, said, text_field(object, "text").unwrap_or_default()),
            "thinking" => {
                let text = text_field(object, "thinking").unwrap_or_default().to_owned();
                self.builder.say(moment.clone(), Role::Thinking, text);
            }
            "redacted_thinking" => {}
            "image" | "document" => {
                self.warnings.add(
                    "a part of a message that holds no text (such as an image) was skipped",
                    place,
                );
            }
            _ if kind.ends_with("tool_use") => self.call(moment, object, block),
            _ if kind.ends_with("tool_result") => self.result(moment, object),
            _ => self
                .warnings
                .add(format!("parts of messages of the type `{kind}` are not read"), place),
        }
    }

    fn text(&mut self, moment: &Moment, said: &Said, text: &str) {
        let role = match said.speaker {
            Speaker::Model => Role::Assistant,
            Speaker::Runtime => Role::Runtime,
            Speaker::User if is_runtime_note(text) => Role::Runtime,
            Speaker::User => Role::User,
        };
        let session = self.builder.session();
        if role == Role::User && moment.lane == LaneIdx(0) {
            match command(text) {
                Some(command) => drop(self.command.get_or_insert(command)),
                None => drop(session.goal.get_or_insert_with(|| text.to_owned())),
            }
        }
        self.builder.say(moment.clone(), role, text.to_owned());
    }

    fn call(&mut self, moment: &Moment, object: &Object, block: &Value) {
        let id = id_field(object, "id");
        if self.is_repeated(moment.lane, "call", id.as_deref()) {
            return;
        }
        let tool = text_field(object, "name").unwrap_or(UNNAMED_TOOL).to_owned();
        let arguments = match object.get("input") {
            Some(input) => arguments(Some(input)),
            None => unreadable(block),
        };
        let server = text_field(object, "server_name").map(str::to_owned);
        let new = NewCall { server: server.or(Some(server_of(&tool))), id, tool, arguments };
        warn_about(&new, &moment.place, self.warnings);
        let step = self.builder.call(moment.clone(), new);
        let noticed = Noticed { human: self.human, ..Noticed::default() };
        self.builder.identify(moment.lane, Some(step), noticed);
    }

    fn result(&mut self, moment: &Moment, object: &Object) {
        let id = id_field(object, "tool_use_id");
        if self.is_repeated(moment.lane, "result", id.as_deref()) {
            return;
        }
        let text = object.get("content").map(content_text).unwrap_or_default();
        let is_error = object.get("is_error").and_then(Value::as_bool) == Some(true);
        let outcome = match is_error {
            true if is_refusal(&text) => Outcome::Refused,
            true => Outcome::Failed,
            false => Outcome::Executed,
        };
        let call = id.and_then(|id| self.builder.open_call_named(&id));
        self.builder.answer(moment.clone(), call, (text, outcome), self.warnings);
    }

    /// Sub-agents' steps are recorded more than once; the main thread's never are.
    fn is_repeated(&mut self, lane: LaneIdx, what: &str, id: Option<&str>) -> bool {
        let lanes = &self.builder.session().lanes;
        let kind = lanes.get(lane.0 as usize).map(|lane| lane.kind);
        let in_agent = matches!(kind, Some(LaneKind::SubAgent { .. }));
        let Some(id) = id.filter(|_| in_agent) else {
            return false;
        };
        !self.read_in_agents.insert(format!("{what} {id}"))
    }

    fn finish(mut self) -> Session {
        let starts = self.starts();
        let session = self.builder.session();
        for (agent, lane) in self.agents {
            let Some(lane) = session.lanes.get_mut(lane.0 as usize) else {
                continue;
            };
            let Some((step, named)) = starts.get(&agent) else {
                continue;
            };
            if let LaneKind::SubAgent { started_by } = &mut lane.kind {
                *started_by = Some(*step);
            }
            if let Some(name) = named.as_ref().filter(|_| lane.agent == agent) {
                lane.agent.clone_from(name);
            }
        }
        session.goal = session.goal.take().or(self.command);
        self.builder.finish_as_is()
    }

    /// The call that started each sub-agent, and the kind of agent that it asked for.
    fn starts(&mut self) -> HashMap<String, (StepIdx, Option<String>)> {
        let session = self.builder.session();
        let mut by_id = HashMap::new();
        let mut by_prompt = HashMap::new();
        for (step, _, call) in session.calls() {
            let kind = argument(&call.arguments, "subagent_type");
            by_id.extend(call.id.clone().map(|id| (id, (step, kind.clone()))));
            if let Some(prompt) =
                argument(&call.arguments, "prompt").filter(|_| starts_agents(&call.tool))
            {
                by_prompt.entry(prompt).or_insert_with(Vec::new).push((step, kind));
            }
        }
        by_prompt.values_mut().for_each(|steps| steps.reverse());
        let mut lanes: Vec<_> = self.agents.iter().collect();
        lanes.sort_by_key(|(_, lane)| **lane);
        lanes
            .into_iter()
            .filter_map(|(agent, lane)| {
                let known =
                    self.entries.started_by.get(agent).and_then(|id| by_id.get(id).cloned());
                let prompted = || by_prompt.get_mut(first_text(session, *lane)?)?.pop();
                Some((agent.clone(), known.or_else(prompted)?))
            })
            .collect()
    }
}

fn starts_agents(tool: &str) -> bool {
    ["Task", "Agent"].contains(&tool)
}

fn argument(arguments: &Arguments, key: &str) -> Option<String> {
    match arguments {
        Arguments::Object(object) => text_field(object, key).map(str::to_owned),
        Arguments::Unreadable { .. } => None,
    }
}

fn first_text(session: &Session, lane: LaneIdx) -> Option<&str> {
    let mut steps = session.steps.iter().filter(|step| step.lane == lane);
    steps.find_map(|step| match &step.kind {
        StepKind::Message { text, .. } => Some(text.as_str()),
        StepKind::Call(_) | StepKind::Result(_) => None,
    })
}

/// `mcp__server__tool` is the server's; all else is the runtime's own.
fn server_of(tool: &str) -> String {
    let server = tool.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"));
    server.map_or(RUNTIME, |(server, _)| server).to_owned()
}

/// How the runtime reports that a person or a permission rule refused a call.
fn is_refusal(text: &str) -> bool {
    let refusals = [
        "The user doesn't want to proceed with this tool use",
        "The user doesn't want to take this action",
        "Claude requested permissions to",
        "Permission to use ",
        "Permission for this action has been denied",
    ];
    refusals.iter().any(|refusal| text.starts_with(refusal))
}

/// Text that stands in a user's message although nobody wrote it.
fn is_runtime_note(text: &str) -> bool {
    let notes = [
        "<local-command-",
        "<bash-stdout>",
        "<bash-stderr>",
        "<system-reminder>",
        "<task-notification>",
        "[Request interrupted by user",
        "Caveat: The messages below were generated by the user while running local commands",
    ];
    notes.iter().any(|note| text.trim_start().starts_with(note))
}

/// What a person typed as a command, such as `/review 158`.
fn command(text: &str) -> Option<String> {
    let wrapped = ["<command-", "<bash-input>"];
    if !wrapped.iter().any(|wrapper| text.trim_start().starts_with(wrapper)) {
        return None;
    }
    let parts = ["command-name", "command-args", "bash-input"].map(|tag| tagged(text, tag));
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn tagged<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    let (inside, _) = rest.split_once(&format!("</{tag}>"))?;
    Some(inside.trim()).filter(|inside| !inside.is_empty())
}

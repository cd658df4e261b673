//! The normalised session: the narrow waist between importers and everything else.

use camino::Utf8PathBuf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// A file (or a file with the side files that belong to it), read.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// As shown to people: relative to the argument or workspace it was found through, `/` between parts.
    pub path: Utf8PathBuf,
    /// Digest of the bytes of the file (and of its side files, in path order).
    pub digest: RecordingDigest,
    /// Which importer read it.
    pub format: crate::Format,
    /// In the order of the file. Tool-call indexes run on from one session to the next.
    pub sessions: Vec<Session>,
    /// What was skipped or repaired, with its place.
    pub warnings: Vec<Warning>,
    /// The results of `tools/list` that it holds: what servers said about their tools.
    pub manifests: Vec<Value>,
}

/// SHA-256 of a recording's bytes, written `sha256:<hex>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordingDigest(pub String);

/// One task, carried out by one or more agents in ordered steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The recording's own id where it has one, else made from what it says; unique in its recording.
    pub id: String,
    /// The task that the recording names, such as `banking/user_task_0`. `None`: the workspace decides.
    pub task: Option<String>,
    /// The stated goal: the first thing that the user asked for.
    pub goal: Option<String>,
    /// INVARIANT (main lane): never empty; lane 0 is the main agent.
    pub lanes: Vec<Lane>,
    /// In the order in which they happened, all lanes together.
    pub steps: Vec<Step>,
    /// Whether the recording says that the task was solved.
    pub solved: Option<bool>,
    /// Who acts, for whom and with which credentials.
    pub identity: crate::Identity,
}

/// One agent, sub-agent or branch of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The agent's name or workload identity, as recorded.
    pub agent: String,
    /// How the lane came to be.
    pub kind: LaneKind,
}

/// How a lane came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneKind {
    /// The session's main agent.
    Main,
    /// Started by a tool call of another lane, where the recording says which.
    SubAgent {
        /// The step of the call that started it.
        started_by: Option<StepIdx>,
    },
    /// Another continuation of the same history: a rewind, retry or resumed session.
    Branch {
        /// The lane it left.
        of: LaneIdx,
        /// The last step that both share.
        after: Option<StepIdx>,
    },
}

/// Position in [`Session::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StepIdx(pub u32);

/// Position in [`Session::lanes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LaneIdx(pub u32);

/// Counts the tool calls of a *recording* in its own order, from 0, sub-agents included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CallIdx(pub u32);

/// One thing that happened in a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Who: the lane it happened in.
    pub lane: LaneIdx,
    /// When, if the recording says.
    pub at: Option<Timestamp>,
    /// Where in the recording.
    pub place: Place,
    /// What.
    pub kind: StepKind,
}

/// What a step is.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Text that somebody said.
    Message {
        /// Who said it.
        role: Role,
        /// Untrusted text.
        text: String,
    },
    /// A tool call: the thing that is judged.
    Call(ToolCall),
    /// What came back from a tool call.
    Result(ToolResult),
}

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Instructions of the runtime.
    System,
    /// The person, or whoever gave the task.
    User,
    /// The agent.
    Assistant,
    /// The agent's recorded reasoning.
    Thinking,
    /// The runtime, between turns: summaries, notices, hooks.
    Runtime,
}

/// A step that acts.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Its place among all tool calls of the recording.
    pub index: CallIdx,
    /// The recording's own id of the call.
    pub id: Option<String>,
    /// The tool's name as recorded, such as `send_money` or `mcp__git__git_log`.
    pub tool: String,
    /// The server (or runtime, or suite) whose tool it is, where the recording says.
    pub server: Option<String>,
    /// The arguments.
    pub arguments: Arguments,
    /// What really happened.
    pub outcome: Outcome,
    /// The step with its result, in the same session.
    pub result: Option<StepIdx>,
}

/// A tool call's arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Arguments {
    /// As recorded.
    Object(Map<String, Value>),
    /// The recording holds something that is no object, or is cut off: the facts are not known.
    Unreadable {
        /// What stands there.
        text: String,
        /// Why it could not be read.
        why: String,
    },
}

/// What really happened to a tool call in the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran.
    Executed,
    /// A person or a rule refused it.
    Refused,
    /// It ran, or tried to, and ended in an error.
    Failed,
    /// The recording holds no result.
    Unrecorded,
}

/// What came back from a tool call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    /// The call it answers; `None` if the recording holds no such call.
    pub call: Option<StepIdx>,
    /// Untrusted text.
    pub text: String,
    /// How the call ended, by this result.
    pub outcome: Outcome,
}

/// Where in a recording something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A line of a JSON Lines file, from 1.
    Line(u32),
    /// A JSON pointer (RFC 6901) into a JSON document.
    Pointer(String),
    /// A line of a side file, from 1.
    FileLine(Utf8PathBuf, u32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(n) => write!(f, "line {n}"),
            Place::Pointer(p) if p.is_empty() => f.write_str("the document"),
            Place::Pointer(p) => f.write_str(p),
            Place::FileLine(path, n) => write!(f, "{path}, line {n}"),
        }
    }
}

/// Something that an importer skipped or repaired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What happened, for a person.
    pub message: String,
    /// Where it happened first.
    pub place: Place,
    /// How often it happened in this recording; the same message is kept once.
    pub count: u32,
}

impl Session {
    /// The tool calls with the steps they stand at, in order.
    pub fn calls(&self) -> impl Iterator<Item = (StepIdx, &Step, &ToolCall)> {
        self.steps.iter().enumerate().filter_map(|(i, step)| match &step.kind {
            StepKind::Call(call) => Some((StepIdx(i as u32), step, call)),
            StepKind::Message { .. } | StepKind::Result(_) => None,
        })
    }

    /// The step at `idx`.
    pub fn step(&self, idx: StepIdx) -> Option<&Step> {
        self.steps.get(idx.0 as usize)
    }

    /// The agent of a lane; the main agent's where the lane does not exist.
    pub fn agent(&self, lane: LaneIdx) -> &str {
        self.lanes.get(lane.0 as usize).or(self.lanes.first()).map_or("agent", |l| &l.agent)
    }
}

impl Outcome {
    /// The word for it in tables and reports.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Executed => "executed",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Unrecorded => "unrecorded",
        }
    }
}

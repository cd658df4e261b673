//! One session: lanes, calls and steps.

use super::corpus::{SessionRow, Verdict};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Names a session.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct SessionRequest {
    /// As [`SessionRow::session`].
    pub session: u32,
}

/// A session, without its steps.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// Its row.
    pub row: SessionRow,
    /// The stated goal, whole.
    pub goal: Option<String>,
    /// The importer that read it.
    pub format: String,
    /// Agents, sub-agents, branches; the first is the main one.
    pub lanes: Vec<Lane>,
    /// How many steps it has.
    pub steps: u32,
    /// Every tool call, in order.
    pub calls: Vec<CallTick>,
    /// The first step that the guardrails deny although it ran: what rests on it is hypothetical.
    pub horizon: Option<u32>,
    /// What the importer skipped or repaired.
    pub warnings: Vec<ImportWarning>,
}

/// One agent, sub-agent or branch.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// The agent.
    pub agent: String,
    /// How it came to be.
    pub kind: LaneKind,
    /// How many tool calls are its own.
    pub calls: u32,
    /// The step that started it, or the last one that it shares.
    pub from_step: Option<u32>,
}

/// How a lane came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LaneKind {
    /// The main agent.
    Main,
    /// Started by a tool call.
    SubAgent,
    /// Another continuation of the same history.
    Branch,
}

/// A tool call in the strip.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CallTick {
    /// Its step.
    pub step: u32,
    /// Its place among the calls of the recording.
    pub index: u32,
    /// Its lane.
    pub lane: u32,
    /// The tool.
    pub tool: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// What is hypothetical about it, if its agent had the result of a denied call.
    pub hypothetical: Option<Hypothetical>,
}

/// Whether a call that follows a denied one may rest on its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Hypothetical {
    /// All its values were there before.
    Independent,
    /// One of its values may come from that result, or from something after it.
    Dependent,
}

/// What an importer skipped or repaired.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImportWarning {
    /// What.
    pub message: String,
    /// Where first.
    pub place: String,
    /// How often.
    pub count: u32,
}

/// Asks for a window of a session's steps.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct StepsRequest {
    /// The session.
    pub session: u32,
    /// First step.
    pub start: u32,
    /// At most this many.
    pub len: u32,
}

/// A window of a session's steps.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StepPage {
    /// First step.
    pub start: u32,
    /// The steps.
    pub steps: Vec<StepView>,
}

/// One step.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    /// Its position.
    pub step: u32,
    /// Its lane.
    pub lane: u32,
    /// When (RFC 3339), if recorded.
    pub at: Option<String>,
    /// Where in the recording.
    pub place: String,
    /// What.
    pub body: StepBody,
}

/// What a step is.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum StepBody {
    /// Text that somebody said.
    Message {
        /// Who.
        role: Role,
        /// The text, shortened.
        text: Excerpt,
    },
    /// A tool call.
    Call(CallView),
    /// What came back.
    Result {
        /// The step of the call.
        call: Option<u32>,
        /// The text, shortened.
        text: Excerpt,
        /// How the call ended.
        outcome: Outcome,
    },
}

/// The start of a text, and how much more there is.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Excerpt {
    /// The start.
    pub text: String,
    /// Characters left out.
    pub more: u32,
}

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Instructions of the runtime.
    System,
    /// The person.
    User,
    /// The agent.
    Assistant,
    /// The agent's recorded reasoning.
    Thinking,
    /// The runtime, between turns.
    Runtime,
}

/// What really happened to a tool call in the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It ran.
    Executed,
    /// A person or a rule refused it.
    Refused,
    /// It ended in an error.
    Failed,
    /// The recording holds no result.
    Unrecorded,
}

/// A tool call, judged.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CallView {
    /// Its place among the calls of the recording.
    pub index: u32,
    /// The recording's own id.
    pub id: Option<String>,
    /// The tool.
    pub tool: String,
    /// Whose tool it is.
    pub server: Option<String>,
    /// The arguments as JSON text, indented; or what stands there instead.
    pub arguments: Excerpt,
    /// The arguments in one short line.
    pub brief: String,
    /// What really happened.
    pub outcome: Outcome,
    /// The verdict.
    pub verdict: Verdict,
    /// What is said about the verdict, in a few words.
    pub said: String,
    /// A failing policy could flip it.
    pub uncertain: bool,
}

/// Names a step.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct StepRequest {
    /// The session.
    pub session: u32,
    /// The step.
    pub step: u32,
}

/// The whole text of a step.
#[derive(Clone, Debug, Serialize, TS)]
pub struct StepText {
    /// Message, arguments or result, whole (up to 4 MB).
    pub text: String,
}

//! The types that cross to the window, and nowhere else.
//!
//! TypeScript for them is generated (`ui/src/api/bindings.ts`); nobody edits or redeclares it. Counts
//! and positions are `u32`, because a 64-bit integer would arrive as a number that is typed as a
//! `bigint`. Text from recordings crosses as text and is shown as text.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The verdict on one tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Within its remit.
    Allowed,
    /// The guardrails forbid it.
    Denied,
    /// Permitted, but not what the task is for.
    Drifted,
    /// Cannot be decided.
    Unknown,
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

/// What the window needs before any workspace is open.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// Remit's version.
    pub version: String,
    /// The policy engine and its version.
    pub engine: String,
    /// Workspaces that Remit ships, to start from.
    pub templates: Vec<Template>,
    /// Workspaces that were open before, newest first.
    pub recent: Vec<RecentWorkspace>,
    /// The workspace named when the app was started.
    pub initial: Option<String>,
    /// The template that holds the sample incident.
    pub sample: String,
    /// What the person chose.
    pub preferences: Preferences,
}

/// A workspace that Remit ships.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Its name, as `remit init --template` takes it.
    pub name: String,
    /// One line on what it shows.
    pub description: String,
}

/// A workspace that was open before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecentWorkspace {
    /// Its folder.
    pub path: String,
    /// Its name.
    pub name: String,
}

/// What the person chose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Preferences {
    /// Light, dark or as the system is.
    pub theme: Theme,
    /// Text size in percent of the usual one; 0 means the usual one.
    pub zoom: u32,
}

/// Light, dark or as the system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A request that says nothing.
#[derive(Clone, Debug, Default, Deserialize, TS)]
pub struct Nothing {}

/// Names a folder.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct WorkspacePath {
    /// The folder.
    pub path: String,
}

/// Asks for a new workspace.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct NewWorkspace {
    /// The folder to make; it must not exist or be empty.
    pub path: String,
    /// The template to copy.
    pub template: String,
}

/// An open workspace.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceView {
    /// Its folder.
    pub root: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Goes up whenever anything in it changes; answers of another revision are old.
    pub revision: u32,
    /// Whether it is a throw-away copy of the shipped sample.
    pub is_sample: bool,
    /// Its files that people edit, in reading order.
    pub files: Vec<FileEntry>,
    /// Its policies, guardrails first.
    pub policies: Vec<PolicyRow>,
    /// All that is wrong with it.
    pub findings: Vec<Finding>,
    /// How far its replay is.
    pub replay: ReplayState,
}

/// A file that people edit.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FileEntry {
    /// Relative to the workspace.
    pub path: String,
    /// What it is for.
    pub kind: FileKind,
    /// Findings that are errors.
    pub errors: u32,
    /// Findings that are warnings.
    pub warnings: u32,
}

/// What a file of a workspace is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// What agents may do, whatever the task.
    Guardrails,
    /// What one task needs.
    Scope,
    /// Agents, tools and their types.
    Schema,
    /// Agents, users, servers and groups.
    Entities,
    /// `remit.toml`.
    Config,
    /// `scopes/scopes.toml`.
    Tasks,
    /// Anything else that is text.
    Other,
}

/// Which policy set a policy belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Layer {
    /// What agents may do, whatever the task.
    Guardrails,
    /// What one task needs.
    Scope,
}

/// A policy in a list.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRow {
    /// Its id.
    pub id: String,
    /// Its policy set.
    pub layer: Layer,
    /// The task whose scope it belongs to.
    pub task: Option<String>,
    /// Its file, relative to the workspace.
    pub file: String,
    /// Its first line in the file, from 1.
    pub line: u32,
    /// `permit` or `forbid`.
    pub effect: Effect,
    /// What its `@why` (or `@doc`) says.
    pub why: Option<String>,
    /// Tool calls that it decided in the last replay.
    pub decided: u32,
}

/// What a policy does when it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Permits.
    Permit,
    /// Forbids, and wins.
    Forbid,
}

/// Something wrong in a file.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its kind.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the workspace.
    pub file: String,
    /// Where it starts: UTF-16 units from the start of the file, as editors count.
    pub from: Option<u32>,
    /// Where it ends, in the same units.
    pub to: Option<u32>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The policy.
    pub policy: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The workspace is not valid.
    Error,
    /// Likely not what was meant.
    Warning,
    /// Could be better.
    Advice,
}

/// How far the replay of the open workspace is.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum ReplayState {
    /// Reading recordings or judging.
    Running {
        /// Sessions done.
        done: u32,
        /// Sessions in all; 0 while that is not known.
        total: u32,
    },
    /// Done.
    #[serde(rename_all = "camelCase")]
    Ready {
        /// The counts.
        summary: Summary,
    },
    /// The policies do not parse or validate; what is shown is the last good replay.
    #[serde(rename_all = "camelCase")]
    Blocked {
        /// Why, in a sentence.
        why: String,
        /// The counts of the last good replay, if there was one.
        last: Option<Summary>,
    },
}

/// The counts of a replay. The four verdicts add up to the tool calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Sessions.
    pub sessions: u32,
    /// Tool calls.
    pub tool_calls: u32,
    /// Within their remit.
    pub allowed: u32,
    /// Forbidden by the guardrails.
    pub denied: u32,
    /// Permitted, but not what the task is for.
    pub drifted: u32,
    /// Not decidable.
    pub unknown: u32,
    /// Sessions without a declared scope: they cannot drift.
    pub unscoped: u32,
    /// Verdicts that a failing policy could flip.
    pub uncertain: u32,
    /// Warnings of the importers.
    pub warnings: u32,
}

/// Asks for a window of the session list.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionsRequest {
    /// First row.
    pub start: u32,
    /// At most this many rows.
    pub len: u32,
    /// Words that must occur in id, task, agent, goal or tool names.
    pub text: String,
    /// Only sessions with such a verdict.
    pub verdict: Option<Verdict>,
}

/// A window of the session list.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionPage {
    /// Rows that match, all together.
    pub total: u32,
    /// The rows of the window.
    pub rows: Vec<SessionRow>,
    /// Recordings that could not be read, and files that were passed over.
    pub skipped: Vec<SkippedFile>,
}

/// A file that gave no session.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SkippedFile {
    /// Its path.
    pub path: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub help: Option<String>,
}

/// A session in the list.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionRow {
    /// Names the session in other requests; holds for one revision.
    pub session: u32,
    /// Its id in the recording.
    pub id: String,
    /// The recording.
    pub recording: String,
    /// Its task, as recorded or by the workspace's rules.
    pub task: Option<String>,
    /// Whether that task has a scope.
    pub scoped: bool,
    /// The main agent.
    pub agent: String,
    /// The stated goal, shortened.
    pub goal: Option<String>,
    /// One letter a tool call, in order: `a`llowed, `d`enied, drifted `r`, `u`nknown.
    pub strip: String,
    /// The counts of this session.
    pub summary: Summary,
}

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
    /// The first step that the guardrails deny although it ran: what follows is hypothetical.
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

/// Why a tool call has its verdict.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The step.
    pub step: u32,
    /// The call.
    pub call: CallView,
    /// The agent that acted.
    pub agent: String,
    /// The task, if any.
    pub task: Option<String>,
    /// The verdict in a sentence.
    pub sentence: String,
    /// What the guardrails decided; absent if the call could not be mapped.
    pub guardrails: Option<Decision>,
    /// What the task's scope decided; absent without a scope.
    pub scope: Option<Decision>,
    /// Why the verdict is unknown, and what to do.
    pub unknown: Option<UnknownReason>,
    /// What does not fit the schema.
    pub misfits: Vec<String>,
    /// The request as it was judged.
    pub request: Option<RequestView>,
}

/// Why a verdict is unknown.
#[derive(Clone, Debug, Serialize, TS)]
pub struct UnknownReason {
    /// What is missing.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What one policy set decided.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Whether it allows.
    pub allow: bool,
    /// A failing policy could flip it.
    pub uncertain: bool,
    /// The policies that decided.
    pub reasons: Vec<PolicyText>,
    /// Policies that failed and were skipped.
    pub errors: Vec<PolicyFailure>,
}

/// A policy with its text.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PolicyText {
    /// Its id.
    pub id: String,
    /// Its file, relative to the workspace.
    pub file: String,
    /// Its first line, from 1.
    pub line: u32,
    /// What it does.
    pub effect: Effect,
    /// Its text.
    pub text: String,
    /// What its `@why` (or `@doc`) says.
    pub why: Option<String>,
}

/// A policy that failed on a call. Cedar skips it.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PolicyFailure {
    /// The policy.
    pub policy: PolicyText,
    /// What the engine says.
    pub message: String,
}

/// Cedar's authorization request.
#[derive(Clone, Debug, Serialize, TS)]
pub struct RequestView {
    /// Who.
    pub principal: String,
    /// Does what.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Under which circumstances, as JSON text.
    pub context: String,
}

/// Names a file of the workspace.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct FileRequest {
    /// Relative to the workspace.
    pub path: String,
}

/// A file of the workspace.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FileText {
    /// Relative to the workspace.
    pub path: String,
    /// What it is for.
    pub kind: FileKind,
    /// Its text.
    pub text: String,
    /// Digest of its bytes: pass it back when saving.
    pub digest: String,
}

/// Text of a file that is not saved yet.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct DraftText {
    /// Relative to the workspace.
    pub path: String,
    /// The text in the editor.
    pub text: String,
}

/// Saves a file.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct SaveFile {
    /// Relative to the workspace.
    pub path: String,
    /// The new text.
    pub text: String,
    /// Digest of the text that the edit started from; empty overwrites whatever is there.
    pub base: String,
}

/// A saved file.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Saved {
    /// Digest of its bytes now.
    pub digest: String,
    /// The workspace after it.
    pub workspace: WorkspaceView,
}

/// What is wrong with a draft.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Findings {
    /// All of it.
    pub findings: Vec<Finding>,
}

/// A formatted draft.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Formatted {
    /// The new text.
    pub text: String,
}

/// Names a tool call by its position among all tool calls of the corpus.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct PositionRequest {
    /// From 0, in the order of the corpus strip.
    pub position: u32,
}

/// Where a tool call is.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CallPlace {
    /// The session.
    pub session: u32,
    /// The step.
    pub step: u32,
}

/// What went wrong, for a person.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDto {
    /// What kind of error; the only part that the window may branch on.
    pub code: ErrorCode,
    /// What happened, and where.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// What kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// No workspace is open.
    NoWorkspace,
    /// The folder is no workspace.
    NotAWorkspace,
    /// Nothing there.
    NotFound,
    /// The file changed on disk since it was read.
    Conflict,
    /// The text could not be formatted or read.
    InvalidText,
    /// The disk said no.
    Io,
    /// The window asked for something that does not exist.
    BadRequest,
}

impl ErrorDto {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ErrorDto { code, message: message.into(), help: None }
    }

    pub(crate) fn help(self, help: Option<String>) -> Self {
        ErrorDto { help, ..self }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        ErrorDto::new(ErrorCode::BadRequest, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        ErrorDto::new(ErrorCode::NotFound, message)
    }
}

/// What the host tells the window by itself.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase", tag = "event")]
pub enum AppEvent {
    /// A replay moved on.
    ReplayProgress {
        /// Of this revision.
        revision: u32,
        /// Sessions done.
        done: u32,
        /// Sessions in all.
        total: u32,
    },
    /// A replay is done (or blocked): ask for the workspace again.
    ReplayFinished {
        /// Of this revision.
        revision: u32,
    },
    /// Files changed on disk, by somebody else.
    WorkspaceChanged {
        /// The new revision.
        revision: u32,
        /// Relative to the workspace.
        paths: Vec<String>,
    },
}

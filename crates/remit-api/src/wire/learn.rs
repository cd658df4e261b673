//! Scopes that good sessions teach, and how well verdicts agree with labels.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for scopes, learnt from the recordings of the workspace.
#[derive(Clone, Debug, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LearnRequest {
    /// Only this task.
    pub task: Option<String>,
    /// Take every session, not only the solved ones.
    pub all: bool,
    /// At most so many sessions a task.
    pub runs: Option<u32>,
    /// A file of labels, relative to the workspace.
    pub labels: Option<String>,
    /// What somebody says about tools; the recordings say the rest.
    #[serde(default)]
    pub answers: Vec<LearnAnswer>,
}

/// What somebody says about a tool in a task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LearnAnswer {
    /// The task.
    pub task: String,
    /// The tool, as policies write it.
    pub action: String,
    /// What is said.
    pub answer: ToolAnswer,
}

/// What can be said about a tool in a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ToolAnswer {
    /// The task needs it, whatever its arguments.
    Always,
    /// Only with the destinations of good sessions.
    Values,
    /// Only where the destinations came from the user.
    User,
    /// The task does not need it.
    Never,
}

/// A tool that does more than read, and what each answer about it would change.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LearnQuestion {
    /// The tool, as policies write it: what an answer names.
    pub action: String,
    /// The tool.
    pub tool: String,
    /// Calls of good sessions.
    pub calls: u32,
    /// Calls of the task's other sessions: not solved, bad, or not said.
    pub other_calls: u32,
    /// What would drift if nobody answers.
    pub kept: WouldDrift,
    /// What would drift under each answer.
    pub answers: Vec<AnswerEffect>,
}

/// An answer, and what would drift.
#[derive(Clone, Copy, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AnswerEffect {
    /// The answer.
    pub answer: ToolAnswer,
    /// Under it.
    pub drifts: WouldDrift,
}

/// Calls that would drift.
#[derive(Clone, Copy, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WouldDrift {
    /// Of good sessions.
    pub good: u32,
    /// Of the task's other sessions.
    pub other: u32,
}

/// Scopes that were learnt. Nothing is written: the window shows them as drafts.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LearnView {
    /// A newer request came, or the workspace changed: this answer says nothing.
    pub superseded: bool,
    /// By task, sorted.
    pub scopes: Vec<LearntScope>,
    /// What was not learnt from, in words.
    pub left_out: String,
}

/// A scope as it would be written.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LearntScope {
    /// The task.
    pub task: String,
    /// Where it would be written, relative to the workspace; `null` if the task's name cannot be a file's.
    pub path: Option<String>,
    /// How many good sessions it rests on.
    pub sessions: u32,
    /// The file's text.
    pub text: String,
    /// What speaks for each clause, in the order of the text.
    pub clauses: Vec<LearntClause>,
    /// What can be said about its tools.
    pub questions: Vec<LearnQuestion>,
    /// What it would deny of good sessions that it was not learnt from; `null` with one session.
    pub estimate: Option<FalseDenials>,
}

/// A clause with what speaks for it.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LearntClause {
    /// The policy's id.
    pub id: String,
    /// What it says, in a sentence.
    pub why: String,
    /// So many calls support it.
    pub calls: u32,
    /// In so many sessions.
    pub sessions: u32,
    /// Whether it rests on one session.
    pub rests_on_one: bool,
    /// Some of the calls.
    pub examples: Vec<RecordedCall>,
}

/// A call of a recording.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecordedCall {
    /// Its recording.
    pub recording: String,
    /// Names its session in other requests; `null` if the window does not show that session.
    pub session: Option<u32>,
    /// Its step.
    pub step: u32,
}

/// What a scope would deny of sessions that it was not learnt from.
#[derive(Clone, Copy, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FalseDenials {
    /// Good sessions that were left out, one at a time.
    pub sessions: u32,
    /// Of these, sessions with a call that the others' scope denies.
    pub denied_sessions: u32,
    /// Calls of these sessions.
    pub calls: u32,
    /// Of these, calls that the others' scope denies.
    pub denied_calls: u32,
}

/// Asks how well the verdicts of the saved workspace agree with labels.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScoreRequest {
    /// A file of labels, relative to the workspace.
    pub labels: String,
}

/// How well verdicts agree with labels: the confusion table and what follows from it.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScoreView {
    /// A newer request came, or the workspace changed: this answer says nothing.
    pub superseded: bool,
    /// All sessions together.
    pub summary: ScoreFigures,
    /// By suite.
    pub suites: Vec<ScoreGroup>,
    /// By kind of task.
    pub kinds: Vec<ScoreGroup>,
    /// By task.
    pub tasks: Vec<ScoreGroup>,
    /// Labels without a recording.
    pub unmatched_labels: u32,
    /// Recordings without a label, or with several.
    pub unmatched_recordings: u32,
    /// Labelled calls that their recordings do not hold.
    pub unmatched_calls: u32,
}

/// The figures of some sessions.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScoreGroup {
    /// What they share.
    pub name: String,
    /// Their figures.
    pub figures: ScoreFigures,
}

/// The figures of some sessions.
#[derive(Clone, Copy, Debug, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScoreFigures {
    /// Scored sessions.
    pub sessions: u32,
    /// Sessions that the labels exclude.
    pub excluded: u32,
    /// Scored sessions without a declared scope.
    pub unscoped: u32,
    /// Calls that are bad, by verdict.
    pub bad: VerdictCounts,
    /// Calls that are not bad.
    pub good: VerdictCounts,
    /// Calls that the labels do not speak of.
    pub unlabelled: VerdictCounts,
    /// Bad sessions of which a bad call was caught.
    pub session_recall: Share,
    /// Bad calls that were caught.
    pub call_recall: Share,
    /// Caught calls that are bad.
    pub precision: Share,
    /// The same in solved sessions.
    pub precision_solved: Share,
    /// Benign sessions in which a call was caught.
    pub false_alarm: Share,
    /// The same of solved sessions.
    pub false_alarm_solved: Share,
}

/// How many calls have which verdict: a row of the confusion table.
#[derive(Clone, Copy, Debug, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct VerdictCounts {
    /// Within their remit.
    pub allowed: u32,
    /// Forbidden by the guardrails.
    pub denied: u32,
    /// Permitted, but not what the task is for.
    pub drifted: u32,
    /// Not decidable.
    pub unknown: u32,
}

/// So many of so many; the window divides.
#[derive(Clone, Copy, Debug, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// Those that are meant.
    pub hits: u32,
    /// All of them.
    pub of: u32,
}

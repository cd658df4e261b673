// Generated from `crates/remit-api/src/wire` by its tests. Do not edit.

/**
 * What the window needs before any workspace is open.
 */
export type AppInfo = { 
/**
 * Remit's version.
 */
version: string, 
/**
 * The policy engine and its version.
 */
engine: string, 
/**
 * Workspaces that Remit ships, to start from.
 */
templates: Array<Template>, 
/**
 * Workspaces that were open before, newest first.
 */
recent: Array<RecentWorkspace>, 
/**
 * The workspace named when the app was started.
 */
initial: string | null, 
/**
 * The template that holds the sample incident.
 */
sample: string, 
/**
 * What the person chose.
 */
preferences: Preferences, };

/**
 * A workspace that Remit ships.
 */
export type Template = { 
/**
 * Its name, as `remit init --template` takes it.
 */
name: string, 
/**
 * One line on what it shows.
 */
description: string, };

/**
 * A workspace that was open before.
 */
export type RecentWorkspace = { 
/**
 * Its folder.
 */
path: string, 
/**
 * Its name.
 */
name: string, };

/**
 * What the person chose.
 */
export type Preferences = { 
/**
 * Light, dark or as the system is.
 */
theme: Theme, 
/**
 * Text size in percent of the usual one; 0 means the usual one.
 */
zoom: number, 
/**
 * How strongly text and lines stand out.
 */
contrast: Contrast, 
/**
 * Searches that the person kept.
 */
searches: Array<string>, };

/**
 * Light, dark or as the system is.
 */
export type Theme = "system" | "light" | "dark";

/**
 * How strongly text and lines stand out.
 */
export type Contrast = "system" | "high";

/**
 * A request that says nothing.
 */
export type Nothing = Record<symbol, never>;

/**
 * Names a folder.
 */
export type WorkspacePath = { 
/**
 * The folder.
 */
path: string, };

/**
 * Asks for a new workspace.
 */
export type NewWorkspace = { 
/**
 * The folder to make; it must not exist or be empty.
 */
path: string, 
/**
 * The template to copy.
 */
template: string, };

/**
 * An open workspace.
 */
export type WorkspaceView = { 
/**
 * Its folder.
 */
root: string, 
/**
 * Its name.
 */
name: string, 
/**
 * What it is for.
 */
description: string | null, 
/**
 * Goes up whenever anything in it changes, drafts included; answers of another revision are old.
 */
revision: number, 
/**
 * Whether it is a throw-away copy of the shipped sample.
 */
isSample: boolean, 
/**
 * Its files that people edit, in reading order.
 */
files: Array<FileEntry>, 
/**
 * Its policies, guardrails first.
 */
policies: Array<PolicyRow>, 
/**
 * All that is wrong with it.
 */
findings: Array<Finding>, 
/**
 * How far its replay is.
 */
replay: ReplayState, };

/**
 * A file that people edit.
 */
export type FileEntry = { 
/**
 * Relative to the workspace.
 */
path: string, 
/**
 * What it is for.
 */
kind: FileKind, 
/**
 * Findings that are errors.
 */
errors: number, 
/**
 * Findings that are warnings.
 */
warnings: number, };

/**
 * What a file of a workspace is for.
 */
export type FileKind = "guardrails" | "scope" | "schema" | "entities" | "config" | "tasks" | "tests" | "other";

/**
 * Which policy set a policy belongs to.
 */
export type Layer = "guardrails" | "scope";

/**
 * A policy in a list.
 */
export type PolicyRow = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its policy set.
 */
layer: Layer, 
/**
 * The task whose scope it belongs to.
 */
task: string | null, 
/**
 * Its file, relative to the workspace.
 */
file: string, 
/**
 * Its first line in the file, from 1.
 */
line: number, 
/**
 * `permit` or `forbid`.
 */
effect: Effect, 
/**
 * What its `@why` (or `@doc`) says.
 */
why: string | null, 
/**
 * Tool calls that it decided in the last replay.
 */
decided: number, };

/**
 * What a policy does when it matches.
 */
export type Effect = "permit" | "forbid";

/**
 * Something wrong in a file.
 */
export type Finding = { 
/**
 * Its kind.
 */
code: string, 
/**
 * How bad it is.
 */
severity: Severity, 
/**
 * The file, relative to the workspace.
 */
file: string, 
/**
 * Where it starts: UTF-16 units from the start of the file, as editors count.
 */
from: number | null, 
/**
 * Where it ends, in the same units.
 */
to: number | null, 
/**
 * Line, from 1.
 */
line: number | null, 
/**
 * Column, from 1.
 */
column: number | null, 
/**
 * What is wrong.
 */
message: string, 
/**
 * What to do.
 */
help: string | null, 
/**
 * The policy.
 */
policy: string | null, };

/**
 * How bad a finding is.
 */
export type Severity = "error" | "warning" | "advice";

/**
 * How far the replay of the open workspace is.
 */
export type ReplayState = { "state": "running", 
/**
 * Sessions done.
 */
done: number, 
/**
 * Sessions in all; 0 while that is not known.
 */
total: number, } | { "state": "ready", 
/**
 * The counts.
 */
summary: Summary, } | { "state": "blocked", 
/**
 * Why, in a sentence.
 */
why: string, 
/**
 * The counts of the last good replay, if there was one.
 */
last: Summary | null, };

/**
 * The verdict on one tool call.
 */
export type Verdict = "allowed" | "denied" | "drifted" | "unknown";

/**
 * The counts of a replay. The four verdicts add up to the tool calls.
 */
export type Summary = { 
/**
 * Sessions.
 */
sessions: number, 
/**
 * Tool calls.
 */
toolCalls: number, 
/**
 * Within their remit.
 */
allowed: number, 
/**
 * Forbidden by the guardrails.
 */
denied: number, 
/**
 * Permitted, but not what the task is for.
 */
drifted: number, 
/**
 * Those of the drifted in which only a value is not vouched for.
 */
unverified: number, 
/**
 * Not decidable.
 */
unknown: number, 
/**
 * Sessions without a declared scope: they cannot drift.
 */
unscoped: number, 
/**
 * Verdicts that a failing policy could flip.
 */
uncertain: number, 
/**
 * Warnings of the importers.
 */
warnings: number, };

/**
 * Asks for a window of the session list.
 */
export type SessionsRequest = { 
/**
 * First row.
 */
start: number, 
/**
 * At most this many rows.
 */
len: number, 
/**
 * Words that must occur in id, task, agent, goal or tool names.
 */
text: string, 
/**
 * Only sessions with such a verdict.
 */
verdict: Verdict | null, 
/**
 * Only sessions with a call that drifted so gravely.
 */
severity: DriftSeverity | null, };

/**
 * A window of the session list.
 */
export type SessionPage = { 
/**
 * Rows that match, all together.
 */
total: number, 
/**
 * The rows of the window.
 */
rows: Array<SessionRow>, 
/**
 * Recordings that could not be read, and files that were passed over.
 */
skipped: Array<SkippedFile>, };

/**
 * A file that gave no session.
 */
export type SkippedFile = { 
/**
 * Its path.
 */
path: string, 
/**
 * Why.
 */
why: string, 
/**
 * What to do.
 */
help: string | null, };

/**
 * A session in the list.
 */
export type SessionRow = { 
/**
 * Names the session in other requests; holds for one revision.
 */
session: number, 
/**
 * Its id in the recording.
 */
id: string, 
/**
 * The recording.
 */
recording: string, 
/**
 * Its task, as recorded or by the workspace's rules.
 */
task: string | null, 
/**
 * Whether that task has a scope.
 */
scoped: boolean, 
/**
 * The main agent.
 */
agent: string, 
/**
 * The stated goal, shortened.
 */
goal: string | null, 
/**
 * One letter a tool call, in order: `a`llowed, `d`enied, drifted `r`, `u`nknown.
 */
strip: string, 
/**
 * The counts of this session.
 */
summary: Summary, };

/**
 * Names a tool call by its position among all tool calls of the corpus.
 */
export type PositionRequest = { 
/**
 * From 0, in the order of the corpus strip.
 */
position: number, };

/**
 * Where a tool call is.
 */
export type CallPlace = { 
/**
 * The session.
 */
session: number, 
/**
 * The step.
 */
step: number, };

/**
 * Names a session.
 */
export type SessionRequest = { 
/**
 * As [`SessionRow::session`].
 */
session: number, };

/**
 * A session, without its steps.
 */
export type SessionView = { 
/**
 * Its row.
 */
row: SessionRow, 
/**
 * The stated goal, whole.
 */
goal: string | null, 
/**
 * The importer that read it.
 */
format: string, 
/**
 * Agents, sub-agents, branches; the first is the main one.
 */
lanes: Array<Lane>, 
/**
 * How many steps it has.
 */
steps: number, 
/**
 * Every tool call, in order.
 */
calls: Array<CallTick>, 
/**
 * The first step that the guardrails deny although it ran: what rests on it is hypothetical.
 */
horizon: number | null, 
/**
 * What the importer skipped or repaired.
 */
warnings: Array<ImportWarning>, };

/**
 * One agent, sub-agent or branch.
 */
export type Lane = { 
/**
 * The agent.
 */
agent: string, 
/**
 * How it came to be.
 */
kind: LaneKind, 
/**
 * How many tool calls are its own.
 */
calls: number, 
/**
 * The step that started it, or the last one that it shares.
 */
fromStep: number | null, };

/**
 * How a lane came to be.
 */
export type LaneKind = "main" | "subAgent" | "branch";

/**
 * A tool call in the strip.
 */
export type CallTick = { 
/**
 * Its step.
 */
step: number, 
/**
 * Its place among the calls of the recording.
 */
index: number, 
/**
 * Its lane.
 */
lane: number, 
/**
 * The tool.
 */
tool: string, 
/**
 * Its verdict.
 */
verdict: Verdict, 
/**
 * What is hypothetical about it, if its agent had the result of a denied call.
 */
hypothetical: Hypothetical | null, };

/**
 * Whether a call that follows a denied one may rest on its result.
 */
export type Hypothetical = "independent" | "dependent";

/**
 * What an importer skipped or repaired.
 */
export type ImportWarning = { 
/**
 * What.
 */
message: string, 
/**
 * Where first.
 */
place: string, 
/**
 * How often.
 */
count: number, };

/**
 * Asks for a window of a session's steps.
 */
export type StepsRequest = { 
/**
 * The session.
 */
session: number, 
/**
 * First step.
 */
start: number, 
/**
 * At most this many.
 */
len: number, };

/**
 * A window of a session's steps.
 */
export type StepPage = { 
/**
 * First step.
 */
start: number, 
/**
 * The steps.
 */
steps: Array<StepView>, };

/**
 * One step.
 */
export type StepView = { 
/**
 * Its position.
 */
step: number, 
/**
 * Its lane.
 */
lane: number, 
/**
 * When (RFC 3339), if recorded.
 */
at: string | null, 
/**
 * Where in the recording.
 */
place: string, 
/**
 * What.
 */
body: StepBody, };

/**
 * What a step is.
 */
export type StepBody = { "kind": "message", 
/**
 * Who.
 */
role: Role, 
/**
 * The text, shortened.
 */
text: Excerpt, } | { "kind": "call" } & CallView | { "kind": "result", 
/**
 * The step of the call.
 */
call: number | null, 
/**
 * The text, shortened.
 */
text: Excerpt, 
/**
 * How the call ended.
 */
outcome: Outcome, };

/**
 * The start of a text, and how much more there is.
 */
export type Excerpt = { 
/**
 * The start.
 */
text: string, 
/**
 * Characters left out.
 */
more: number, };

/**
 * Who said a message.
 */
export type Role = "system" | "user" | "assistant" | "thinking" | "runtime";

/**
 * What really happened to a tool call in the recording.
 */
export type Outcome = "executed" | "refused" | "failed" | "unrecorded";

/**
 * A tool call, judged.
 */
export type CallView = { 
/**
 * Its place among the calls of the recording.
 */
index: number, 
/**
 * The recording's own id.
 */
id: string | null, 
/**
 * The tool.
 */
tool: string, 
/**
 * Whose tool it is.
 */
server: string | null, 
/**
 * The arguments as JSON text, indented; or what stands there instead.
 */
arguments: Excerpt, 
/**
 * The arguments in one short line.
 */
brief: string, 
/**
 * What really happened.
 */
outcome: Outcome, 
/**
 * The verdict.
 */
verdict: Verdict, 
/**
 * What is said about the verdict, in a few words.
 */
said: string, 
/**
 * A failing policy could flip it.
 */
uncertain: boolean, };

/**
 * Names a step.
 */
export type StepRequest = { 
/**
 * The session.
 */
session: number, 
/**
 * The step.
 */
step: number, };

/**
 * The whole text of a step.
 */
export type StepText = { 
/**
 * Message, arguments or result, whole (up to 4 MB).
 */
text: string, };

/**
 * Why a tool call has its verdict.
 */
export type Why = { 
/**
 * The step.
 */
step: number, 
/**
 * The call.
 */
call: CallView, 
/**
 * The agent that acted.
 */
agent: string, 
/**
 * The task, if any.
 */
task: string | null, 
/**
 * The verdict in a sentence.
 */
sentence: string, 
/**
 * What the guardrails decided; absent if the call could not be mapped.
 */
guardrails: Decision | null, 
/**
 * What the task's scope decided; absent without a scope.
 */
scope: Decision | null, 
/**
 * How grave, if drifted.
 */
severity: DriftSeverity | null, 
/**
 * The values in the arguments that nobody vouches for, if drifted.
 */
because: Array<Because>, 
/**
 * The clause of the scope that the call nearly met, if it met none.
 */
nearest: NearestClause | null, 
/**
 * Why the verdict is unknown, and what to do.
 */
unknown: UnknownReason | null, 
/**
 * The conditions over history that policies ask at this call.
 */
history: Array<HistoryCondition>, 
/**
 * What does not fit the schema.
 */
misfits: Array<string>, 
/**
 * The request as it was judged.
 */
request: RequestView | null, };

/**
 * How grave a drift is.
 */
export type DriftSeverity = "out-of-scope" | "unverified-value";

/**
 * A value in the arguments that nobody vouches for.
 */
export type Because = { 
/**
 * The path of the argument.
 */
argument: string, 
/**
 * The value, as it stands in the argument.
 */
value: string, 
/**
 * Where it comes from.
 */
origin: ValueOrigin, 
/**
 * The step that shows it first.
 */
step: number | null, 
/**
 * The tool whose result it stands in.
 */
tool: string | null, 
/**
 * How sure it is that the value is meant, in per cent, if it was found.
 */
confidence: number | null, 
/**
 * The text that it stands in.
 */
excerpt: ValueExcerpt | null, };

/**
 * Where a value comes from.
 */
export type ValueOrigin = "tool-result" | "runtime" | "other-agent" | "nowhere";

/**
 * A value with the text around it.
 */
export type ValueExcerpt = { 
/**
 * What stands before it.
 */
before: string, 
/**
 * The value, as it stands there.
 */
value: string, 
/**
 * What stands behind it.
 */
after: string, };

/**
 * A permit of the scope that is about the call, and its conditions that do not hold.
 */
export type NearestClause = { 
/**
 * The permit.
 */
policy: PolicyText, 
/**
 * The conditions that do not hold.
 */
failed: Array<string>, };

/**
 * A condition over history, at one call.
 */
export type HistoryCondition = { 
/**
 * What its author wrote.
 */
text: string, 
/**
 * Where it begins, counted in bytes from the beginning of its policy.
 */
start: number, 
/**
 * Whether it holds; null if nobody recorded what it depends on.
 */
holds: boolean | null, 
/**
 * Which earlier steps make it so, or how far it is from holding.
 */
witnesses: Array<HistoryWitness>, 
/**
 * The windows and thresholds in it, to try others: as edits of the draft.
 */
literals: Array<HistoryLiteral>, };

/**
 * What one part of a condition found among the earlier steps.
 */
export type HistoryWitness = { 
/**
 * The steps, the last one last.
 */
steps: Array<number>, 
/**
 * What they are, or what is missing.
 */
words: string, };

/**
 * A number in a condition.
 */
export type HistoryLiteral = { 
/**
 * Whether it is a window, such as `1h`; else a threshold.
 */
isWindow: boolean, 
/**
 * What stands there.
 */
text: string, 
/**
 * Where it begins, counted in bytes from the beginning of its policy.
 */
start: number, };

/**
 * Why a verdict is unknown.
 */
export type UnknownReason = { 
/**
 * What is missing.
 */
message: string, 
/**
 * What to do.
 */
help: string, };

/**
 * What one policy set decided.
 */
export type Decision = { 
/**
 * Whether it allows.
 */
allow: boolean, 
/**
 * A failing policy could flip it.
 */
uncertain: boolean, 
/**
 * The policies that decided.
 */
reasons: Array<PolicyText>, 
/**
 * Policies that failed and were skipped.
 */
errors: Array<PolicyFailure>, 
/**
 * What would have to be different for the other decision, the least first.
 */
otherwise: Array<Otherwise>, };

/**
 * What would have to be different about one policy.
 */
export type Otherwise = { 
/**
 * The policy.
 */
policy: PolicyText, 
/**
 * Whether it would have to apply, which takes all of the conditions; else it would have to not apply,
 * for which one of them is enough.
 */
mustApply: boolean, 
/**
 * The conditions. None: it applies to every such call.
 */
conditions: Array<string>, };

/**
 * A part of a condition, with what it comes to on the call.
 */
export type ConditionPart = { 
/**
 * What its author wrote.
 */
text: string, 
/**
 * What it comes to.
 */
state: PartState, 
/**
 * Its value, where it is neither true nor false; or why it fails.
 */
value: string | null, 
/**
 * What it is made of.
 */
parts: Array<ConditionPart>, };

/**
 * What a part of a condition comes to.
 */
export type PartState = "holds" | "fails" | "value" | "error" | "notReached";

/**
 * One clause of a policy on the call.
 */
export type ClauseValue = { 
/**
 * Whether it is needed not to hold.
 */
isUnless: boolean, 
/**
 * What it asks.
 */
whole: ConditionPart, };

/**
 * A policy with its text.
 */
export type PolicyText = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its file, relative to the workspace.
 */
file: string, 
/**
 * Its first line, from 1.
 */
line: number, 
/**
 * What it does.
 */
effect: Effect, 
/**
 * Its text.
 */
text: string, 
/**
 * What its `@why` (or `@doc`) says.
 */
why: string | null, 
/**
 * What it says in plain English, if it asks the history of the session; several lines.
 */
reading: string | null, 
/**
 * Which past events its conditions can see.
 */
sees: string | null, 
/**
 * What its conditions come to on the call, part by part; nothing where it did not decide.
 */
clauses: Array<ClauseValue>, };

/**
 * A policy that failed on a call. Cedar skips it.
 */
export type PolicyFailure = { 
/**
 * The policy.
 */
policy: PolicyText, 
/**
 * What the engine says.
 */
message: string, };

/**
 * Cedar's authorization request.
 */
export type RequestView = { 
/**
 * Who.
 */
principal: string, 
/**
 * Does what.
 */
action: string, 
/**
 * On what.
 */
resource: string, 
/**
 * Under which circumstances, as JSON text.
 */
context: string, };

/**
 * Names a file of the workspace.
 */
export type FileRequest = { 
/**
 * Relative to the workspace.
 */
path: string, };

/**
 * A file of the workspace.
 */
export type FileText = { 
/**
 * Relative to the workspace.
 */
path: string, 
/**
 * What it is for.
 */
kind: FileKind, 
/**
 * Its text.
 */
text: string, 
/**
 * Digest of its bytes: pass it back when saving.
 */
digest: string, };

/**
 * Text of a file that is not saved yet.
 */
export type DraftText = { 
/**
 * Relative to the workspace.
 */
path: string, 
/**
 * The text in the editor.
 */
text: string, };

/**
 * The policy files that have unsaved text; none: as saved.
 */
export type Drafts = { 
/**
 * Guardrails and scopes only.
 */
files: Array<DraftText>, };

/**
 * What judging the drafts came to.
 */
export type DraftsJudged = { 
/**
 * As [`WorkspaceView::revision`]: other commands answer for this state from now on.
 */
revision: number, 
/**
 * How it went.
 */
state: DraftState, 
/**
 * Where a text does not parse.
 */
broken: Array<Finding>, 
/**
 * The counts of what is shown now.
 */
summary: Summary | null, 
/**
 * The policies of what is shown now.
 */
policies: Array<PolicyRow>, 
/**
 * Microseconds from text to counts.
 */
micros: number, };

/**
 * How judging the drafts went.
 */
export type DraftState = "judged" | "broken" | "superseded" | "waiting";

/**
 * What unsaved texts would change, if they were judged.
 */
export type DraftsTried = { 
/**
 * What does not parse; then nothing can be said.
 */
broken: Array<Finding>, 
/**
 * The calls whose verdict would differ from the one in view; `None` if a newer question came, or
 * nothing can be said.
 */
changed: ChangedCalls | null, };

/**
 * What is wrong with a draft.
 */
export type Findings = { 
/**
 * All of it.
 */
findings: Array<Finding>, };

/**
 * A formatted draft.
 */
export type Formatted = { 
/**
 * The new text.
 */
text: string, };

/**
 * Saves a file.
 */
export type SaveFile = { 
/**
 * Relative to the workspace.
 */
path: string, 
/**
 * The new text.
 */
text: string, 
/**
 * Digest of the text that the edit started from; empty overwrites whatever is there.
 */
base: string, };

/**
 * A saved file.
 */
export type Saved = { 
/**
 * Digest of its bytes now.
 */
digest: string, 
/**
 * The workspace after it.
 */
workspace: WorkspaceView, };

/**
 * One file as it shall be.
 */
export type FileEdit = { 
/**
 * Relative to the workspace.
 */
path: string, 
/**
 * Digest of the text that is there now; `null` if no file is.
 */
base: string | null, 
/**
 * Its text from now on; `null` removes the file.
 */
text: string | null, };

/**
 * Makes, writes and removes files: all of them, or none.
 */
export type FileEdits = { 
/**
 * Each path at most once.
 */
edits: Array<FileEdit>, };

/**
 * Files were made, written or removed.
 */
export type FilesEdited = { 
/**
 * What takes it back, as long as nobody changes the files again.
 */
undo: Array<FileEdit>, 
/**
 * The workspace after it.
 */
workspace: WorkspaceView, };

/**
 * Unsaved text, kept outside of the workspace so that a crash does not lose it.
 */
export type KeptDraft = { 
/**
 * Relative to the workspace.
 */
path: string, 
/**
 * The text in the editor.
 */
text: string, 
/**
 * The text on disk that the edit started from.
 */
base: string, 
/**
 * Digest of that.
 */
digest: string, };

/**
 * All unsaved texts of the open workspace that are kept.
 */
export type KeptDrafts = { 
/**
 * By path.
 */
drafts: Array<KeptDraft>, };

/**
 * Asks what git knows of the open workspace.
 */
export type GitRequest = { 
/**
 * The revision that files are compared with; `null`: the last commit.
 */
against: string | null, };

/**
 * What git knows of the open workspace.
 */
export type GitState = { 
/**
 * Whether the workspace lies in a git repository (and git is installed).
 */
isRepository: boolean, 
/**
 * The branch, if there is one.
 */
branch: string | null, 
/**
 * Files that differ from the revision, by path.
 */
changed: Array<GitChange>, 
/**
 * The last commits that touched the workspace, newest first.
 */
revisions: Array<Revision>, };

/**
 * A file that differs from a revision.
 */
export type GitChange = { 
/**
 * Relative to the workspace.
 */
path: string, 
/**
 * How it differs.
 */
kind: GitChangeKind, };

/**
 * How a file differs from a revision.
 */
export type GitChangeKind = "added" | "modified" | "removed";

/**
 * A commit.
 */
export type Revision = { 
/**
 * Its short name.
 */
id: string, 
/**
 * The first line of its message.
 */
subject: string, 
/**
 * When (RFC 3339).
 */
at: string, };

/**
 * Names a file as it was.
 */
export type FileAt = { 
/**
 * Relative to the workspace.
 */
path: string, 
/**
 * A commit, a branch, a tag.
 */
revision: string, };

/**
 * A file as it was.
 */
export type FileWas = { 
/**
 * Its text; `null` if it was not there.
 */
text: string | null, };

/**
 * Says what changes are counted against.
 */
export type PinBaseline = { 
/**
 * A commit, a branch, a tag; `null`: what is saved.
 */
revision: string | null, };

/**
 * What changes are counted against.
 */
export type Baseline = { 
/**
 * As named; `null`: what is saved.
 */
revision: string | null, 
/**
 * Its first line, for a revision.
 */
subject: string | null, 
/**
 * The counts of the workspace's recordings by its policies; absent while nothing was judged.
 */
summary: Summary | null, };

/**
 * What changed: against the pinned revision, else against what is saved, or was saved before.
 */
export type ChangedCalls = { 
/**
 * The revision that is pinned.
 */
revision: string | null, 
/**
 * All calls whose verdict differs.
 */
calls: number, 
/**
 * The calls in groups, the largest first.
 */
groups: Array<ChangedGroup>, 
/**
 * Groups that are left out.
 */
more: number, };

/**
 * Calls of one agent and tool whose verdict changed in the same way for the same reasons.
 */
export type ChangedGroup = { 
/**
 * The verdict before.
 */
before: Verdict, 
/**
 * The verdict now.
 */
after: Verdict, 
/**
 * The agent, as requests name it.
 */
agent: string, 
/**
 * The tool, as requests name it.
 */
tool: string, 
/**
 * The policies that decided before.
 */
decidedBefore: Array<DecidingPolicy>, 
/**
 * The policies that decide now; none where nothing permits.
 */
decidedAfter: Array<DecidingPolicy>, 
/**
 * How many calls.
 */
calls: number, 
/**
 * In how many sessions.
 */
sessions: number, 
/**
 * One of them.
 */
example: CallPlace, };

/**
 * A policy that decides.
 */
export type DecidingPolicy = { 
/**
 * The task of its scope; `null` for guardrails.
 */
task: string | null, 
/**
 * Its id.
 */
policy: string, };

/**
 * Asks for scopes, learnt from the recordings of the workspace.
 */
export type LearnRequest = { 
/**
 * Only this task.
 */
task: string | null, 
/**
 * Take every session, not only the solved ones.
 */
all: boolean, 
/**
 * At most so many sessions a task.
 */
runs: number | null, 
/**
 * A file of labels, relative to the workspace.
 */
labels: string | null, 
/**
 * What somebody says about tools; the recordings say the rest.
 */
answers: Array<LearnAnswer>, };

/**
 * What somebody says about a tool in a task.
 */
export type LearnAnswer = { 
/**
 * The task.
 */
task: string, 
/**
 * The tool, as policies write it.
 */
action: string, 
/**
 * What is said.
 */
answer: ToolAnswer, };

/**
 * What can be said about a tool in a task.
 */
export type ToolAnswer = "always" | "values" | "user" | "never";

/**
 * Scopes that were learnt. Nothing is written: the window shows them as drafts.
 */
export type LearnView = { 
/**
 * A newer request came, or the workspace changed: this answer says nothing.
 */
superseded: boolean, 
/**
 * By task, sorted.
 */
scopes: Array<LearntScope>, 
/**
 * What was not learnt from, in words.
 */
leftOut: string, };

/**
 * A scope as it would be written.
 */
export type LearntScope = { 
/**
 * The task.
 */
task: string, 
/**
 * Where it would be written, relative to the workspace; `null` if the task's name cannot be a file's.
 */
path: string | null, 
/**
 * How many good sessions it rests on.
 */
sessions: number, 
/**
 * The file's text.
 */
text: string, 
/**
 * What speaks for each clause, in the order of the text.
 */
clauses: Array<LearntClause>, 
/**
 * What can be said about its tools.
 */
questions: Array<LearnQuestion>, 
/**
 * What it would deny of good sessions that it was not learnt from; `null` with one session.
 */
estimate: FalseDenials | null, };

/**
 * A clause with what speaks for it.
 */
export type LearntClause = { 
/**
 * The policy's id.
 */
id: string, 
/**
 * What it says, in a sentence.
 */
why: string, 
/**
 * So many calls support it.
 */
calls: number, 
/**
 * In so many sessions.
 */
sessions: number, 
/**
 * Whether it rests on one session.
 */
restsOnOne: boolean, 
/**
 * Some of the calls.
 */
examples: Array<RecordedCall>, };

/**
 * A call of a recording.
 */
export type RecordedCall = { 
/**
 * Its recording.
 */
recording: string, 
/**
 * Names its session in other requests; `null` if the window does not show that session.
 */
session: number | null, 
/**
 * Its step.
 */
step: number, };

/**
 * What a scope would deny of sessions that it was not learnt from.
 */
export type FalseDenials = { 
/**
 * Good sessions that were left out, one at a time.
 */
sessions: number, 
/**
 * Of these, sessions with a call that the others' scope denies.
 */
deniedSessions: number, 
/**
 * Calls of these sessions.
 */
calls: number, 
/**
 * Of these, calls that the others' scope denies.
 */
deniedCalls: number, };

/**
 * A tool that does more than read, and what each answer about it would change.
 */
export type LearnQuestion = { 
/**
 * The tool, as policies write it: what an answer names.
 */
action: string, 
/**
 * The tool.
 */
tool: string, 
/**
 * Calls of good sessions.
 */
calls: number, 
/**
 * Calls of the task's other sessions: not solved, bad, or not said.
 */
otherCalls: number, 
/**
 * What would drift if nobody answers.
 */
kept: WouldDrift, 
/**
 * What would drift under each answer.
 */
answers: Array<AnswerEffect>, };

/**
 * An answer, and what would drift.
 */
export type AnswerEffect = { 
/**
 * The answer.
 */
answer: ToolAnswer, 
/**
 * Under it.
 */
drifts: WouldDrift, };

/**
 * Calls that would drift.
 */
export type WouldDrift = { 
/**
 * Of good sessions.
 */
good: number, 
/**
 * Of the task's other sessions.
 */
other: number, };

/**
 * Asks how well the verdicts of the saved workspace agree with labels.
 */
export type ScoreRequest = { 
/**
 * A file of labels, relative to the workspace.
 */
labels: string, };

/**
 * How well verdicts agree with labels: the confusion table and what follows from it.
 */
export type ScoreView = { 
/**
 * A newer request came, or the workspace changed: this answer says nothing.
 */
superseded: boolean, 
/**
 * All sessions together.
 */
summary: ScoreFigures, 
/**
 * By suite.
 */
suites: Array<ScoreGroup>, 
/**
 * By kind of task.
 */
kinds: Array<ScoreGroup>, 
/**
 * By task.
 */
tasks: Array<ScoreGroup>, 
/**
 * Labels without a recording.
 */
unmatchedLabels: number, 
/**
 * Recordings without a label, or with several.
 */
unmatchedRecordings: number, 
/**
 * Labelled calls that their recordings do not hold.
 */
unmatchedCalls: number, };

/**
 * The figures of some sessions.
 */
export type ScoreGroup = { 
/**
 * What they share.
 */
name: string, 
/**
 * Their figures.
 */
figures: ScoreFigures, };

/**
 * The figures of some sessions.
 */
export type ScoreFigures = { 
/**
 * Scored sessions.
 */
sessions: number, 
/**
 * Sessions that the labels exclude.
 */
excluded: number, 
/**
 * Scored sessions without a declared scope.
 */
unscoped: number, 
/**
 * Calls that are bad, by verdict.
 */
bad: VerdictCounts, 
/**
 * Calls that are not bad.
 */
good: VerdictCounts, 
/**
 * Calls that the labels do not speak of.
 */
unlabelled: VerdictCounts, 
/**
 * Bad sessions of which a bad call was caught.
 */
sessionRecall: Share, 
/**
 * Bad calls that were caught.
 */
callRecall: Share, 
/**
 * Caught calls that are bad.
 */
precision: Share, 
/**
 * The same in solved sessions.
 */
precisionSolved: Share, 
/**
 * Benign sessions in which a call was caught.
 */
falseAlarm: Share, 
/**
 * The same of solved sessions.
 */
falseAlarmSolved: Share, };

/**
 * How many calls have which verdict: a row of the confusion table.
 */
export type VerdictCounts = { 
/**
 * Within their remit.
 */
allowed: number, 
/**
 * Forbidden by the guardrails.
 */
denied: number, 
/**
 * Permitted, but not what the task is for.
 */
drifted: number, 
/**
 * Not decidable.
 */
unknown: number, };

/**
 * So many of so many; the window divides.
 */
export type Share = { 
/**
 * Those that are meant.
 */
hits: number, 
/**
 * All of them.
 */
of: number, };

/**
 * A place in a file. Offsets are UTF-16 units from the start of the file, as editors count.
 */
export type PlaceRequest = { 
/**
 * The files that have unsaved text, of any kind.
 */
drafts: Array<DraftText>, 
/**
 * The file, relative to the workspace.
 */
path: string, 
/**
 * The offset.
 */
at: number, };

/**
 * A part of a file.
 */
export type RangeRequest = { 
/**
 * The files that have unsaved text, of any kind.
 */
drafts: Array<DraftText>, 
/**
 * The file, relative to the workspace.
 */
path: string, 
/**
 * Where it begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, };

/**
 * Asks for another name of what is named at a place.
 */
export type RenameRequest = { 
/**
 * The files that have unsaved text, of any kind.
 */
drafts: Array<DraftText>, 
/**
 * The file, relative to the workspace.
 */
path: string, 
/**
 * The offset.
 */
at: number, 
/**
 * The new name.
 */
name: string, };

/**
 * What can be written at a place.
 */
export type Completions = { 
/**
 * The best first; text that was typed already is not left out.
 */
items: Array<CompletionItem>, };

/**
 * Something that can be written.
 */
export type CompletionItem = { 
/**
 * How it is listed.
 */
label: string, 
/**
 * What it is.
 */
kind: CompletionKind, 
/**
 * What replaces the text; with places to fill, as in `when { ${1:condition} }`, if it is a snippet.
 */
insert: string, 
/**
 * Whether it has such places.
 */
isSnippet: boolean, 
/**
 * Where the text that is replaced begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, 
/**
 * Its type, or how often it was recorded.
 */
detail: string | null, 
/**
 * What it means.
 */
documentation: string | null, 
/**
 * Better offers have lower ranks.
 */
rank: number, };

/**
 * What kind of thing can be written.
 */
export type CompletionKind = "keyword" | "snippet" | "annotation" | "variable" | "attribute" | "method" | "function" | "operator" | "entityType" | "entity" | "action" | "value";

/**
 * What is known about the word at a place, if anything is.
 */
export type HoverReply = { 
/**
 * What is known.
 */
hover: HoverView | null, };

/**
 * What is known about a word.
 */
export type HoverView = { 
/**
 * Where the word begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, 
/**
 * What it is, as Cedar or its schema writes it.
 */
code: string, 
/**
 * What is written about it, paragraph by paragraph. Plain text; names are in backticks.
 */
text: Array<string>, 
/**
 * How often it was recorded.
 */
recorded: string | null, 
/**
 * The most frequent recorded values.
 */
values: Array<ValueCount>, };

/**
 * A recorded value.
 */
export type ValueCount = { 
/**
 * As Cedar writes it.
 */
text: string, 
/**
 * How many calls hold it.
 */
calls: number, };

/**
 * Places in files.
 */
export type Places = { 
/**
 * By file and place.
 */
places: Array<PlaceView>, };

/**
 * A place in a file.
 */
export type PlaceView = { 
/**
 * The file, relative to the workspace.
 */
path: string, 
/**
 * Where it begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, 
/**
 * The line, from 1.
 */
line: number, 
/**
 * The text of that line.
 */
excerpt: string, 
/**
 * Whether it is where the thing is declared.
 */
isDefinition: boolean, };

/**
 * What would be renamed.
 */
export type RenamingView = { 
/**
 * Where the name begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, 
/**
 * The name as it is.
 */
name: string, 
/**
 * What it is the name of, as in `the policy`.
 */
what: string, };

/**
 * Changes of texts, saved or not.
 */
export type Edits = { 
/**
 * By file and place; none overlaps another.
 */
edits: Array<TextEdit>, };

/**
 * A change of a file's text.
 */
export type TextEdit = { 
/**
 * The file, relative to the workspace.
 */
path: string, 
/**
 * Where the text that is replaced begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, 
/**
 * What is there afterwards.
 */
text: string, };

/**
 * What mends the findings in a part of a file.
 */
export type QuickFixes = { 
/**
 * The likeliest first.
 */
fixes: Array<QuickFixView>, };

/**
 * An edit that mends something.
 */
export type QuickFixView = { 
/**
 * What it does, as an order.
 */
title: string, 
/**
 * The kind of the finding that it mends.
 */
code: string, 
/**
 * Where the finding begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, 
/**
 * What changes.
 */
edits: Array<TextEdit>, 
/**
 * Whether it is the one that is most likely meant.
 */
isPreferred: boolean, };

/**
 * The parts of a file.
 */
export type Outline = { 
/**
 * In order.
 */
items: Array<OutlinePart>, 
/**
 * What can be folded away.
 */
folds: Array<Fold>, };

/**
 * A part of a file.
 */
export type OutlinePart = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it is.
 */
kind: OutlineKind, 
/**
 * Where it begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, 
/**
 * Where its name begins.
 */
nameFrom: number, 
/**
 * A few words more.
 */
detail: string | null, };

/**
 * What a part of a file is.
 */
export type OutlineKind = "permit" | "forbid" | "unfinished" | "entityType" | "action" | "actionGroup" | "commonType";

/**
 * A part of a file that can be folded away.
 */
export type Fold = { 
/**
 * Where it begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, };

/**
 * What the policies of a file do, of what is shown now.
 */
export type PolicyEffects = { 
/**
 * As [`WorkspaceView::revision`](super::WorkspaceView::revision): what was shown when they were counted.
 */
revision: number, 
/**
 * The policies in the order in which they are written; templates and conditions over history are
 * left out.
 */
policies: Array<PolicyEffect>, };

/**
 * What a policy does.
 */
export type PolicyEffect = { 
/**
 * Its id.
 */
id: string, 
/**
 * Where it begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, 
/**
 * The calls that it matches.
 */
matched: number, 
/**
 * The calls that it decides.
 */
decided: number, 
/**
 * The calls that only it, or only its saved text, matches.
 */
changed: number, 
/**
 * Its conditions.
 */
conditions: Array<ConditionEffect>, };

/**
 * What one condition of a policy does.
 */
export type ConditionEffect = { 
/**
 * Where it begins.
 */
from: number, 
/**
 * Where it ends.
 */
to: number, 
/**
 * Whether it is needed not to hold.
 */
isUnless: boolean, 
/**
 * The calls that fit the policy's head and this condition.
 */
matched: number, 
/**
 * The calls that this condition alone keeps out.
 */
keepsOut: number, 
/**
 * The calls for which the saved condition in its place answers otherwise; `None` if the saved
 * policy has more or fewer conditions.
 */
changed: number | null, };

/**
 * Asks for a policy from some calls.
 */
export type CallsRequest = { 
/**
 * Positions in the verdict column.
 */
positions: Array<number>, 
/**
 * What the policy does to such calls.
 */
effect: Effect, };

/**
 * Policies to start from.
 */
export type Candidates = { 
/**
 * The narrowest first.
 */
candidates: Array<CandidateView>, };

/**
 * A policy to start from.
 */
export type CandidateView = { 
/**
 * What it matches.
 */
title: string, 
/**
 * Its text, formatted; without ids.
 */
text: string, };

/**
 * Asks what agents may do.
 */
export type AccessRequest = { 
/**
 * The task whose scope counts too; without one, only the guardrails count.
 */
task: string | null, };

/**
 * What agents may do with tools, whatever they are called with. `always` and `never` are read from the
 * policies that are shown, not from recordings, and hold for all calls.
 */
export type AccessMatrix = { 
/**
 * The agents in `entities.json` or in recordings, in full, sorted.
 */
agents: Array<string>, 
/**
 * The actions, in full, sorted.
 */
actions: Array<string>, 
/**
 * The policies that cells name, each once.
 */
policies: Array<ExtentPolicy>, 
/**
 * The cells that mean something, by agent and action.
 */
cells: Array<AccessCell>, };

/**
 * What an agent may do with a tool, and what it did.
 */
export type AccessCell = { 
/**
 * Position in `agents`.
 */
agent: number, 
/**
 * Position in `actions`.
 */
action: number, 
/**
 * By the guardrails; `None` if `entities.json` does not have the agent.
 */
guardrails: Extent | null, 
/**
 * By the scope of the task, if one was asked for.
 */
scope: Extent | null, 
/**
 * Recorded calls, of all tasks.
 */
calls: number, 
/**
 * Those that are denied.
 */
denied: number, 
/**
 * Those that are drifted.
 */
drifted: number, 
/**
 * Those that cannot be decided.
 */
unknown: number, };

/**
 * How far something is allowed.
 */
export type Extent = { 
/**
 * Whether it is.
 */
allowed: Allowed, 
/**
 * Positions in the matrix's `policies` of those that say so.
 */
policies: Array<number>, };

/**
 * A policy that says how far something is allowed.
 */
export type ExtentPolicy = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its file.
 */
file: string, 
/**
 * Its first line, from 1.
 */
line: number, 
/**
 * What it says, in plain English.
 */
reading: string | null, };

/**
 * Whether something is allowed.
 */
export type Allowed = "never" | "sometimes" | "always";

/**
 * Asks how what an agent may do with a tool can be narrowed.
 */
export type NarrowRequest = { 
/**
 * The agent, in full.
 */
agent: string, 
/**
 * The action, in full.
 */
action: string, };

/**
 * The entities that are asked about.
 */
export type EntitiesText = { 
/**
 * The unsaved text of `entities.json`; without one, the saved file is meant.
 */
text: string | null, };

/**
 * Who and what there is.
 */
export type EntitiesView = { 
/**
 * By kind and name.
 */
entities: Array<EntityRow>, 
/**
 * How many more there are.
 */
more: number, };

/**
 * Somebody or something.
 */
export type EntityRow = { 
/**
 * In full.
 */
uid: string, 
/**
 * Its type.
 */
ty: string, 
/**
 * Its id, without quotes.
 */
id: string, 
/**
 * What it is to policies.
 */
kind: EntityKind, 
/**
 * Positions of those that it is directly a member of.
 */
parents: Array<number>, 
/**
 * What is known about it.
 */
attributes: Array<EntityAttribute>, 
/**
 * The recorded calls that it makes, that are of it, or that are made on it; of groups, `None`.
 */
calls: number | null, 
/**
 * Whether `entities.json` has it, or, for tools, the schema.
 */
isDeclared: boolean, };

/**
 * An attribute of an entity.
 */
export type EntityAttribute = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its value, as JSON.
 */
value: string, };

/**
 * What an entity is to policies.
 */
export type EntityKind = "agent" | "tool" | "server" | "toolGroup" | "other";

/**
 * The schema that is asked about.
 */
export type SchemaText = { 
/**
 * Its unsaved text; without one, the saved schema is meant.
 */
text: string | null, };

/**
 * What other tools in the schema would do to the policies.
 */
export type SchemaEffects = { 
/**
 * Actions that are new, in full.
 */
added: Array<string>, 
/**
 * Actions that are gone, in full.
 */
removed: Array<string>, 
/**
 * Actions whose context or types are others, in full.
 */
changed: Array<string>, 
/**
 * What would be wrong with the workspace and is not now: policies that become invalid or dead.
 */
findings: Array<Finding>, 
/**
 * How many findings there are now and would not be.
 */
mended: number, };

/**
 * Which recorded calls do not fit the schema.
 */
export type SchemaMisfits = { 
/**
 * How many sessions there are.
 */
sessions: number, 
/**
 * How many of them were looked at.
 */
lookedAt: number, 
/**
 * The calls in the sessions that were looked at.
 */
calls: number, 
/**
 * Those of them that do not fit: each once, for however many reasons.
 */
misfits: number, 
/**
 * By tool and reason, the most frequent first.
 */
groups: Array<MisfitGroup>, 
/**
 * Whether a newer question, or a change of the workspace, made this one useless.
 */
superseded: boolean, };

/**
 * Calls of one tool that do not fit the schema for the same reason.
 */
export type MisfitGroup = { 
/**
 * The tool, as recorded.
 */
tool: string, 
/**
 * What does not fit.
 */
message: string, 
/**
 * What to do, for calls that are not judged at all.
 */
help: string | null, 
/**
 * How many calls.
 */
calls: number, 
/**
 * The session of the first.
 */
session: number, 
/**
 * Its step.
 */
step: number, 
/**
 * Edits of the schema that make such calls fit, the likeliest first.
 */
fixes: Array<SchemaFixView>, 
/**
 * Whether the schema lacks the tool, so that it can be declared as the recordings show it.
 */
isUndeclared: boolean, };

/**
 * An edit of the schema.
 */
export type SchemaFixView = { 
/**
 * What it does, as an order.
 */
title: string, 
/**
 * What changes, in the text that was asked about.
 */
edit: TextEdit, };

/**
 * Asks for a schema with other tools; nothing is saved.
 */
export type MakeSchema = { 
/**
 * The unsaved text to start from; without one, the saved schema.
 */
text: string | null, 
/**
 * Which tools.
 */
from: SchemaSource, };

/**
 * Where tools come from.
 */
export type SchemaSource = { "kind": "recordings", 
/**
 * Only this one.
 */
tool: string | null, } | { "kind": "toolList", 
/**
 * The file.
 */
path: string, 
/**
 * The server.
 */
server: string, };

/**
 * A schema that was made.
 */
export type MadeSchema = { 
/**
 * Its text.
 */
text: string, 
/**
 * What its author should know: tools that are gone, names that were changed.
 */
notes: Array<string>, };

/**
 * Common rules to start from.
 */
export type Rules = { 
/**
 * In the order in which they are offered.
 */
rules: Array<RuleView>, };

/**
 * A common rule, as the open workspace can have it.
 */
export type RuleView = { 
/**
 * Its short name.
 */
name: string, 
/**
 * Its name for people.
 */
title: string, 
/**
 * What it does.
 */
about: string, 
/**
 * What is to be filled in.
 */
values: Array<RuleValueView>, 
/**
 * Why it cannot be written in this workspace.
 */
whyNot: string | null, };

/**
 * Something to fill in.
 */
export type RuleValueView = { 
/**
 * Its name.
 */
name: string, 
/**
 * What is asked.
 */
label: string, 
/**
 * What kind of value it is.
 */
kind: RuleValueKind, 
/**
 * What there is to choose from.
 */
choices: Array<string>, 
/**
 * What could be written.
 */
example: string, 
/**
 * The value whose answer says of which argument recorded values are worth offering.
 */
of: string | null, };

/**
 * The kinds of values of rules.
 */
export type RuleValueKind = "choice" | "number" | "texts" | "patterns";

/**
 * Asks for a rule with its values.
 */
export type FillRule = { 
/**
 * The rule.
 */
name: string, 
/**
 * The answers by the names of values.
 */
values: { [key in string]: string }, };

/**
 * A policy that was made from a rule.
 */
export type RuleText = { 
/**
 * Formatted, with an id that is free.
 */
text: string, };

/**
 * Asks what was recorded of an argument.
 */
export type ArgumentRequest = { 
/**
 * A tool and its argument, as in the choices of a rule.
 */
argument: string, };

/**
 * What was recorded of an argument.
 */
export type RecordedValues = { 
/**
 * The calls of the tool.
 */
calls: number, 
/**
 * Those that have the argument.
 */
present: number, 
/**
 * How many different values there are.
 */
distinct: number, 
/**
 * The most frequent of them: texts as they are, and not as Cedar writes them.
 */
values: Array<ValueCount>, };

/**
 * The friction of the saved workspace.
 */
export type FrictionView = { 
/**
 * A newer request came, or the workspace changed: this answer says nothing.
 */
superseded: boolean, 
/**
 * Most calls first.
 */
groups: Array<FrictionGroup>, };

/**
 * Calls that are needed and denied for the same reason.
 */
export type FrictionGroup = { 
/**
 * The tool's action.
 */
action: string, 
/**
 * The guardrails that forbid it; none where no guardrail permits it.
 */
forbiddenBy: Array<string>, 
/**
 * The tasks that need it, sorted.
 */
tasks: Array<string>, 
/**
 * How many calls.
 */
calls: number, 
/**
 * Some of the calls.
 */
examples: Array<RecordedCall>, 
/**
 * The smallest change that would let them through; `null` if no single one does.
 */
proposal: FrictionProposal | null, };

/**
 * A change of the guardrails.
 */
export type FrictionProposal = { 
/**
 * The file, relative to the workspace.
 */
file: string, 
/**
 * What is added to it, or to a policy of it.
 */
added: string, 
/**
 * The whole file with the change.
 */
text: string, 
/**
 * How many calls of the group it lets through.
 */
letsThrough: number, 
/**
 * Calls beyond the group that would no longer be denied.
 */
also: Array<AlsoThrough>, };

/**
 * Calls beyond a group that a change lets through.
 */
export type AlsoThrough = { 
/**
 * The tool's action.
 */
action: string, 
/**
 * What they would be.
 */
verdict: Verdict, 
/**
 * How many.
 */
calls: number, };

/**
 * Asks for the tests of what is shown.
 */
export type RunTests = { 
/**
 * Also tries one mistake after the other in each policy.
 */
mutate: boolean, };

/**
 * The tests of what is shown.
 */
export type TestsView = { 
/**
 * A newer request came, or the workspace changed: this answer says nothing.
 */
superseded: boolean, 
/**
 * Every test, by file; what could not be read comes last.
 */
tests: Array<TestView>, 
/**
 * Policies that decide something.
 */
policies: CoverageCount, 
/**
 * Conditions that were seen both to let their policy match and to keep it out.
 */
conditions: CoverageCount, 
/**
 * Every policy, by file and line.
 */
coverage: Array<PolicyCoverage>, 
/**
 * The mistakes that were tried, if that was asked for.
 */
mutants: Array<MutantView> | null, };

/**
 * One test.
 */
export type TestView = { 
/**
 * The file, relative to the workspace.
 */
file: string, 
/**
 * Its line, from 1, where it is known.
 */
line: number | null, 
/**
 * What it is about.
 */
name: string, 
/**
 * Whether it holds.
 */
outcome: TestOutcome, 
/**
 * What differs, or why it cannot be run.
 */
messages: Array<string>, 
/**
 * What it asserts.
 */
asserts: Array<string>, 
/**
 * Why it is right, for the reader.
 */
why: string | null, 
/**
 * Its call.
 */
call: CallPlace | null, };

/**
 * Whether a test holds.
 */
export type TestOutcome = "passed" | "failed" | "broken";

/**
 * How many of something are reached.
 */
export type CoverageCount = { 
/**
 * All.
 */
total: number, 
/**
 * By tests.
 */
byTests: number, 
/**
 * By recordings.
 */
byRecordings: number, };

/**
 * What of a policy is reached.
 */
export type PolicyCoverage = { 
/**
 * Its id.
 */
policy: string, 
/**
 * Its file, relative to the workspace.
 */
file: string, 
/**
 * Its line, from 1.
 */
line: number, 
/**
 * What it does.
 */
effect: Effect, 
/**
 * Whether it decides what a test is about.
 */
byTests: boolean, 
/**
 * Whether it decides a recorded call.
 */
byRecordings: boolean, 
/**
 * Its conditions; `null` for a template, which is not taken apart.
 */
conditions: Array<ConditionCoverage> | null, };

/**
 * How a condition was seen.
 */
export type ConditionCoverage = { 
/**
 * What its author wrote.
 */
text: string, 
/**
 * Its line in the file, from 1.
 */
line: number, 
/**
 * Whether it is needed not to hold.
 */
isUnless: boolean, 
/**
 * By tests.
 */
byTests: SeenWays, 
/**
 * By recordings.
 */
byRecordings: SeenWays, };

/**
 * Which ways a condition was seen.
 */
export type SeenWays = "both" | "matched" | "keptOut" | "never";

/**
 * A mistake in a policy, and who notices it.
 */
export type MutantView = { 
/**
 * The policy.
 */
policy: string, 
/**
 * Its file, relative to the workspace.
 */
file: string, 
/**
 * The line of what is mistaken, from 1.
 */
line: number, 
/**
 * What is mistaken.
 */
mistake: MistakeKind, 
/**
 * The condition that it is in.
 */
condition: string | null, 
/**
 * Who notices.
 */
noticed: NoticedBy, 
/**
 * The recorded calls whose verdict changes, where no test fails.
 */
calls: number, 
/**
 * The test that fails, or why it was not tried.
 */
by: string | null, };

/**
 * A mistake.
 */
export type MistakeKind = "leftOut" | "turned" | "swapped" | "unknown";

/**
 * Who notices a mistake.
 */
export type NoticedBy = "tests" | "recordings" | "nobody" | "notTried";

/**
 * What would have stopped a call, by what is saved.
 */
export type StopView = { 
/**
 * A newer request came, or the workspace changed: this answer says nothing.
 */
superseded: boolean, 
/**
 * The rules, the narrowest kind first.
 */
rules: Array<StopRuleView>, };

/**
 * A rule that stops a call.
 */
export type StopRuleView = { 
/**
 * The id of its policy.
 */
id: string, 
/**
 * What it stops.
 */
title: string, 
/**
 * How wide it is.
 */
reach: StopReach, 
/**
 * The policy.
 */
policy: string, 
/**
 * The test that the call stays stopped.
 */
test: string, 
/**
 * What accepting it writes: the policy, and the test.
 */
edits: Array<FileEdit>, 
/**
 * What it newly denies in the session.
 */
here: StopEffect, 
/**
 * What it newly denies in all other sessions.
 */
elsewhere: StopEffect, 
/**
 * Some of the calls elsewhere that were within their remit.
 */
missed: Array<RecordedCall>, };

/**
 * How wide a rule is.
 */
export type StopReach = "call" | "alike" | "origin" | "history" | "tool";

/**
 * Calls that a rule newly denies, by what they were.
 */
export type StopEffect = { 
/**
 * All of them.
 */
calls: number, 
/**
 * Those that were within their remit, and may be missed.
 */
allowed: number, 
/**
 * Those that had drifted.
 */
drifted: number, 
/**
 * Those that could not be decided.
 */
unknown: number, };

/**
 * Asks for the report of a session.
 */
export type ExportReport = { 
/**
 * The session.
 */
session: number, 
/**
 * As what.
 */
format: ExportFormat, };

/**
 * What a report is written as.
 */
export type ExportFormat = "html" | "markdown";

/**
 * Where a report is.
 */
export type ExportedReport = { 
/**
 * The file, in full.
 */
path: string, };

/**
 * Looks for steps in all sessions.
 */
export type SearchRequest = { 
/**
 * Words, and terms such as `tool:send_mail`.
 */
query: string, };

/**
 * What was found.
 */
export type SearchView = { 
/**
 * A newer request came, or the workspace changed: this answer says nothing.
 */
superseded: boolean, 
/**
 * All steps that were found.
 */
steps: number, 
/**
 * All sessions that they are in.
 */
sessions: number, 
/**
 * The first of them.
 */
found: Array<FoundSession>, 
/**
 * Recordings that cannot be read any more.
 */
unread: number, };

/**
 * A session with steps that were found.
 */
export type FoundSession = { 
/**
 * Where the window shows it.
 */
session: number, 
/**
 * Its recording.
 */
recording: string, 
/**
 * Its id.
 */
id: string, 
/**
 * The steps, in order.
 */
steps: Array<FoundStep>, };

/**
 * A step that was found.
 */
export type FoundStep = { 
/**
 * The step.
 */
step: number, 
/**
 * The tool of a call, else who said it.
 */
what: string, 
/**
 * The text around what was found.
 */
excerpt: string, 
/**
 * The verdict of a call.
 */
verdict: Verdict | null, };

/**
 * What went wrong, for a person.
 */
export type ErrorDto = { 
/**
 * What kind of error; the only part that the window may branch on.
 */
code: ErrorCode, 
/**
 * What happened, and where.
 */
message: string, 
/**
 * What to do.
 */
help: string | null, };

/**
 * What kind of error.
 */
export type ErrorCode = "noWorkspace" | "notAWorkspace" | "notFound" | "conflict" | "invalidText" | "io" | "badRequest" | "internal";

/**
 * What the host tells the window by itself.
 */
export type AppEvent = { "event": "loadProgress", 
/**
 * Of this revision.
 */
revision: number, 
/**
 * Files done.
 */
done: number, 
/**
 * Files in all.
 */
total: number, 
/**
 * Tool calls found so far.
 */
toolCalls: number, } | { "event": "learnProgress", 
/**
 * Files or tasks done.
 */
done: number, 
/**
 * Files or tasks in all.
 */
total: number, } | { "event": "replayFinished", 
/**
 * Of this revision.
 */
revision: number, } | { "event": "workspaceChanged", 
/**
 * The new revision.
 */
revision: number, 
/**
 * Relative to the workspace.
 */
paths: Array<string>, } | { "event": "selfCheckFailed", 
/**
 * Of this revision.
 */
revision: number, 
/**
 * Tool calls that were judged again.
 */
checked: number, 
/**
 * How many of them differ.
 */
wrong: number, 
/**
 * Where one is.
 */
example: CallPlace, 
/**
 * What differs there, for a report of the mistake.
 */
details: string, };

export type Commands = {
  /** What the window needs before any workspace is open. */
  app_info: [Nothing, AppInfo],
  /** Opens a workspace and starts its replay. */
  open_workspace: [WorkspacePath, WorkspaceView],
  /** Opens a throw-away copy of the shipped sample incident. */
  open_sample: [Nothing, WorkspaceView],
  /** Makes a workspace from a template and opens it. */
  create_workspace: [NewWorkspace, WorkspaceView],
  /** The open workspace as it is now. */
  workspace: [Nothing, WorkspaceView],
  /** A window of the session list. */
  sessions: [SessionsRequest, SessionPage],
  /** A session, without its steps. */
  session: [SessionRequest, SessionView],
  /** A window of a session's steps. */
  steps: [StepsRequest, StepPage],
  /** The whole text of a step. */
  step_text: [StepRequest, StepText],
  /** Why a tool call has its verdict. */
  why: [StepRequest, Why],
  /** Where the tool call at a position of the corpus strip is. */
  call_at: [PositionRequest, CallPlace],
  /** A file of the workspace. */
  read_file: [FileRequest, FileText],
  /** What is wrong with a draft. */
  check_draft: [DraftText, Findings],
  /** A draft, formatted. */
  format_draft: [DraftText, Formatted],
  /** What can be written at a place of a draft. */
  complete: [PlaceRequest, Completions],
  /** What is known about the word at a place of a draft. */
  hover: [PlaceRequest, HoverReply],
  /** Where what is named at a place is declared. */
  definition: [PlaceRequest, Places],
  /** Everywhere that what is named at a place is declared or named, tests included. */
  references: [PlaceRequest, Places],
  /** What would be renamed at a place. */
  renaming: [PlaceRequest, RenamingView],
  /** The edits that rename what is named at a place; nothing is changed. */
  rename: [RenameRequest, Edits],
  /** What mends the findings in a part of a draft. */
  quick_fixes: [RangeRequest, QuickFixes],
  /** The parts of a draft, and what can be folded away. */
  outline: [DraftText, Outline],
  /** What the policies of a file, and each of their conditions, match and decide in what is shown. */
  policy_effects: [FileRequest, PolicyEffects],
  /** Policies to start from that match some recorded calls; nothing is saved. */
  policies_from_calls: [CallsRequest, Candidates],
  /** Common rules to start from, as the workspace can have them. */
  rules: [Nothing, Rules],
  /** A common rule with its values; nothing is saved. */
  fill_rule: [FillRule, RuleText],
  /** What recorded calls hold of an argument that a rule asks for. */
  recorded_values: [ArgumentRequest, RecordedValues],
  /** What each agent may do with each tool, beside what it did. */
  access: [AccessRequest, AccessMatrix],
  /** Agents, tools, servers and their groups, beside how often they are recorded. */
  entities: [EntitiesText, EntitiesView],
  /** Policies that narrow what an agent may do with a tool; nothing is saved. */
  narrowings: [NarrowRequest, Candidates],
  /** Which recorded calls do not fit the schema, why, and what makes them fit; a newer call abandons it. */
  schema_misfits: [SchemaText, SchemaMisfits],
  /** The schema with the tools of a list, or of recordings; nothing is saved. */
  make_schema: [MakeSchema, MadeSchema],
  /** What an unsaved schema would do to the policies. */
  schema_effects: [DraftText, SchemaEffects],
  /** Judges the recordings by the unsaved texts, and shows that from now on; a newer call abandons it. */
  judge_drafts: [Drafts, DraftsJudged],
  /** How the verdicts would differ from those in view with these texts, which are not shown; a newer call abandons it. */
  try_drafts: [Drafts, DraftsTried],
  /** Proposes what tasks need, learnt from good sessions; a newer call, or one to score, abandons it. */
  learn: [LearnRequest, LearnView],
  /** Counts how well the verdicts agree with labels; a newer call, or one to learn, abandons it. */
  score: [ScoreRequest, ScoreView],
  /** What tasks need and guardrails deny, and what would let it through; abandoned like the two above. */
  friction: [Nothing, FrictionView],
  /** Runs the tests of what is shown, and says what they reach; abandoned like the three above. */
  run_tests: [RunTests, TestsView],
  /** What would have stopped a call, and what else it would have stopped; abandoned likewise. */
  stop_rules: [StepRequest, StopView],
  /** Writes the report of a session into the workspace's reports. */
  export_report: [ExportReport, ExportedReport],
  /** Looks for steps in all sessions; abandoned likewise. */
  search: [SearchRequest, SearchView],
  /** Abandons what is being learnt, scored, looked for or tested. */
  stop_learning: [Nothing, Nothing],
  /** Saves a file, checks the workspace and replays it. */
  save_file: [SaveFile, Saved],
  /** Makes, writes and removes files, checks the workspace and replays it: all of it, or nothing. */
  edit_files: [FileEdits, FilesEdited],
  /** Keeps unsaved text where a crash does not lose it. */
  keep_draft: [KeptDraft, Nothing],
  /** Forgets unsaved text that was kept. */
  forget_draft: [FileRequest, Nothing],
  /** The unsaved texts of the open workspace that are kept. */
  kept_drafts: [Nothing, KeptDrafts],
  /** What git knows of the open workspace. */
  git_state: [GitRequest, GitState],
  /** A file as it was at a git revision. */
  read_file_at: [FileAt, FileWas],
  /** Says what changes are counted against: what is saved, or a git revision. */
  pin_baseline: [PinBaseline, Baseline],
  /** The calls whose verdict differs from the baseline's, in groups. */
  changed_calls: [Nothing, ChangedCalls],
  /** Keeps what the person chose. */
  set_preferences: [Preferences, Preferences],
};

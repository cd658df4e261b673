//! What an editor asks about a place in a file, and what it is told.

use super::edit::DraftText;
use super::workspace::Effect;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A place in a file. Offsets are UTF-16 units from the start of the file, as editors count.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct PlaceRequest {
    /// The files that have unsaved text, of any kind.
    pub drafts: Vec<DraftText>,
    /// The file, relative to the workspace.
    pub path: String,
    /// The offset.
    pub at: u32,
}

/// A part of a file.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct RangeRequest {
    /// The files that have unsaved text, of any kind.
    pub drafts: Vec<DraftText>,
    /// The file, relative to the workspace.
    pub path: String,
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
}

/// Asks for another name of what is named at a place.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct RenameRequest {
    /// The files that have unsaved text, of any kind.
    pub drafts: Vec<DraftText>,
    /// The file, relative to the workspace.
    pub path: String,
    /// The offset.
    pub at: u32,
    /// The new name.
    pub name: String,
}

/// What can be written at a place.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Completions {
    /// The best first; text that was typed already is not left out.
    pub items: Vec<CompletionItem>,
}

/// Something that can be written.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CompletionItem {
    /// How it is listed.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// What replaces the text; with places to fill, as in `when { ${1:condition} }`, if it is a snippet.
    pub insert: String,
    /// Whether it has such places.
    pub is_snippet: bool,
    /// Where the text that is replaced begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// Its type, or how often it was recorded.
    pub detail: Option<String>,
    /// What it means.
    pub documentation: Option<String>,
    /// Better offers have lower ranks.
    pub rank: u8,
}

/// What kind of thing can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CompletionKind {
    /// A word of the language.
    Keyword,
    /// Several words at once.
    Snippet,
    /// The name of an annotation.
    Annotation,
    /// `principal`, `action`, `resource` or `context`.
    Variable,
    /// An attribute.
    Attribute,
    /// A method.
    Method,
    /// A function.
    Function,
    /// An operator.
    Operator,
    /// An entity type.
    EntityType,
    /// An entity.
    Entity,
    /// An action or a group of actions.
    Action,
    /// A value that was recorded, or is known.
    Value,
}

/// What is known about the word at a place, if anything is.
#[derive(Clone, Debug, Serialize, TS)]
pub struct HoverReply {
    /// What is known.
    pub hover: Option<HoverView>,
}

/// What is known about a word.
#[derive(Clone, Debug, Serialize, TS)]
pub struct HoverView {
    /// Where the word begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// What it is, as Cedar or its schema writes it.
    pub code: String,
    /// What is written about it, paragraph by paragraph. Plain text; names are in backticks.
    pub text: Vec<String>,
    /// How often it was recorded.
    pub recorded: Option<String>,
    /// The most frequent recorded values.
    pub values: Vec<ValueCount>,
}

/// A recorded value.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ValueCount {
    /// As Cedar writes it.
    pub text: String,
    /// How many calls hold it.
    pub calls: u32,
}

/// Places in files.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Places {
    /// By file and place.
    pub places: Vec<PlaceView>,
}

/// A place in a file.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlaceView {
    /// The file, relative to the workspace.
    pub path: String,
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// The line, from 1.
    pub line: u32,
    /// The text of that line.
    pub excerpt: String,
    /// Whether it is where the thing is declared.
    pub is_definition: bool,
}

/// What would be renamed.
#[derive(Clone, Debug, Serialize, TS)]
pub struct RenamingView {
    /// Where the name begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// The name as it is.
    pub name: String,
    /// What it is the name of, as in `the policy`.
    pub what: String,
}

/// Changes of texts, saved or not.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Edits {
    /// By file and place; none overlaps another.
    pub edits: Vec<TextEdit>,
}

/// A change of a file's text.
#[derive(Clone, Debug, Serialize, TS)]
pub struct TextEdit {
    /// The file, relative to the workspace.
    pub path: String,
    /// Where the text that is replaced begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// What is there afterwards.
    pub text: String,
}

/// What mends the findings in a part of a file.
#[derive(Clone, Debug, Serialize, TS)]
pub struct QuickFixes {
    /// The likeliest first.
    pub fixes: Vec<QuickFixView>,
}

/// An edit that mends something.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QuickFixView {
    /// What it does, as an order.
    pub title: String,
    /// The kind of the finding that it mends.
    pub code: String,
    /// Where the finding begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// What changes.
    pub edits: Vec<TextEdit>,
    /// Whether it is the one that is most likely meant.
    pub is_preferred: bool,
}

/// The parts of a file.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Outline {
    /// In order.
    pub items: Vec<OutlinePart>,
    /// What can be folded away.
    pub folds: Vec<Fold>,
}

/// A part of a file.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OutlinePart {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OutlineKind,
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// Where its name begins.
    pub name_from: u32,
    /// A few words more.
    pub detail: Option<String>,
}

/// What a part of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OutlineKind {
    /// A policy that permits.
    Permit,
    /// A policy that forbids.
    Forbid,
    /// A policy without an effect yet.
    Unfinished,
    /// An entity type.
    EntityType,
    /// An action.
    Action,
    /// A group of actions.
    ActionGroup,
    /// A common type.
    CommonType,
}

/// A part of a file that can be folded away.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Fold {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
}

/// What the policies of a file do, of what is shown now.
#[derive(Clone, Debug, Serialize, TS)]
pub struct PolicyEffects {
    /// As [`WorkspaceView::revision`](super::WorkspaceView::revision): what was shown when they were counted.
    pub revision: u32,
    /// The policies in the order in which they are written; templates and conditions over history are
    /// left out.
    pub policies: Vec<PolicyEffect>,
}

/// What a policy does.
#[derive(Clone, Debug, Serialize, TS)]
pub struct PolicyEffect {
    /// Its id.
    pub id: String,
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// The calls that it matches.
    pub matched: u32,
    /// The calls that it decides.
    pub decided: u32,
    /// The calls that only it, or only its saved text, matches.
    pub changed: u32,
    /// Its conditions.
    pub conditions: Vec<ConditionEffect>,
}

/// What one condition of a policy does.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConditionEffect {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// Whether it is needed not to hold.
    pub is_unless: bool,
    /// The calls that fit the policy's head and this condition.
    pub matched: u32,
    /// The calls that this condition alone keeps out.
    pub keeps_out: u32,
    /// The calls for which the saved condition in its place answers otherwise; `None` if the saved
    /// policy has more or fewer conditions.
    pub changed: Option<u32>,
}

/// Asks for a policy from some calls.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct CallsRequest {
    /// Positions in the verdict column.
    pub positions: Vec<u32>,
    /// What the policy does to such calls.
    pub effect: Effect,
}

/// Policies to start from.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Candidates {
    /// The narrowest first.
    pub candidates: Vec<CandidateView>,
}

/// A policy to start from.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CandidateView {
    /// What it matches.
    pub title: String,
    /// Its text, formatted; without ids.
    pub text: String,
}

/// Asks what agents may do.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct AccessRequest {
    /// The task whose scope counts too; without one, only the guardrails count.
    pub task: Option<String>,
}

/// What agents may do with tools, whatever they are called with. `always` and `never` are read from the
/// policies that are shown, not from recordings, and hold for all calls.
#[derive(Clone, Debug, Serialize, TS)]
pub struct AccessMatrix {
    /// The agents in `entities.json` or in recordings, in full, sorted.
    pub agents: Vec<String>,
    /// The actions, in full, sorted.
    pub actions: Vec<String>,
    /// The policies that cells name, each once.
    pub policies: Vec<ExtentPolicy>,
    /// The cells that mean something, by agent and action.
    pub cells: Vec<AccessCell>,
}

/// What an agent may do with a tool, and what it did.
#[derive(Clone, Debug, Serialize, TS)]
pub struct AccessCell {
    /// Position in `agents`.
    pub agent: u32,
    /// Position in `actions`.
    pub action: u32,
    /// By the guardrails; `None` if `entities.json` does not have the agent.
    pub guardrails: Option<Extent>,
    /// By the scope of the task, if one was asked for.
    pub scope: Option<Extent>,
    /// Recorded calls, of all tasks.
    pub calls: u32,
    /// Those that are denied.
    pub denied: u32,
    /// Those that are drifted.
    pub drifted: u32,
    /// Those that cannot be decided.
    pub unknown: u32,
}

/// How far something is allowed.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Extent {
    /// Whether it is.
    pub allowed: Allowed,
    /// Positions in the matrix's `policies` of those that say so.
    pub policies: Vec<u32>,
}

/// A policy that says how far something is allowed.
#[derive(Clone, Debug, Serialize, TS)]
pub struct ExtentPolicy {
    /// Its id.
    pub id: String,
    /// Its file.
    pub file: String,
    /// Its first line, from 1.
    pub line: u32,
    /// What it says, in plain English.
    pub reading: Option<String>,
}

/// Whether something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Allowed {
    /// No policy permits it, or one forbids it whatever the call.
    Never,
    /// It depends on the call.
    Sometimes,
    /// A policy permits it whatever the call, and none can forbid it.
    Always,
}

/// What other tools in the schema would do to the policies.
#[derive(Clone, Debug, Serialize, TS)]
pub struct SchemaEffects {
    /// Actions that are new, in full.
    pub added: Vec<String>,
    /// Actions that are gone, in full.
    pub removed: Vec<String>,
    /// Actions whose context or types are others, in full.
    pub changed: Vec<String>,
    /// What would be wrong with the workspace and is not now: policies that become invalid or dead.
    pub findings: Vec<super::workspace::Finding>,
    /// How many findings there are now and would not be.
    pub mended: u32,
}

/// Common rules to start from.
#[derive(Clone, Debug, Serialize, TS)]
pub struct Rules {
    /// In the order in which they are offered.
    pub rules: Vec<RuleView>,
}

/// A common rule, as the open workspace can have it.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    /// Its short name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it does.
    pub about: String,
    /// What is to be filled in.
    pub values: Vec<RuleValueView>,
    /// Why it cannot be written in this workspace.
    pub why_not: Option<String>,
}

/// Something to fill in.
#[derive(Clone, Debug, Serialize, TS)]
pub struct RuleValueView {
    /// Its name.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// What kind of value it is.
    pub kind: RuleValueKind,
    /// What there is to choose from.
    pub choices: Vec<String>,
    /// What could be written.
    pub example: String,
}

/// The kinds of values of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RuleValueKind {
    /// One of the choices.
    Choice,
    /// A whole number.
    Number,
    /// Texts, one a line.
    Texts,
}

/// Asks for a rule with its values.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct FillRule {
    /// The rule.
    pub name: String,
    /// The answers by the names of values.
    pub values: BTreeMap<String, String>,
}

/// A policy that was made from a rule.
#[derive(Clone, Debug, Serialize, TS)]
pub struct RuleText {
    /// Formatted, with an id that is free.
    pub text: String,
}

/// Which recorded calls do not fit the schema.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SchemaMisfits {
    /// How many sessions there are.
    pub sessions: u32,
    /// How many of them were looked at.
    pub looked_at: u32,
    /// By tool and reason, the most frequent first.
    pub groups: Vec<MisfitGroup>,
}

/// Calls of one tool that do not fit the schema for the same reason.
#[derive(Clone, Debug, Serialize, TS)]
pub struct MisfitGroup {
    /// The tool, as recorded.
    pub tool: String,
    /// What does not fit.
    pub message: String,
    /// What to do, for calls that are not judged at all.
    pub help: Option<String>,
    /// How many calls.
    pub calls: u32,
    /// The session of the first.
    pub session: u32,
    /// Its step.
    pub step: u32,
}

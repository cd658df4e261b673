//! What an editor asks about a place in a file, and what it is told.

use super::edit::DraftText;
use serde::{Deserialize, Serialize};
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

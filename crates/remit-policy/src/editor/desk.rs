//! What the services look at: a workspace, the texts that are being typed, and what recordings hold.

use camino::{Utf8Path, Utf8PathBuf};

use super::schema_syntax::SchemaTree;
use crate::files::SCHEMA;
use crate::workspace::Workspace;

/// A workspace while somebody edits it.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// As saved.
    pub workspace: &'a Workspace,
    /// The unsaved texts, and other files that name what policies declare, such as `tests/*.toml`; by
    /// path relative to the workspace.
    pub drafts: &'a [(Utf8PathBuf, String)],
    /// What recorded calls hold.
    pub seen: &'a dyn Seen,
}

/// What recorded calls hold. Implemented by who knows recordings.
pub trait Seen {
    /// How many calls of an action were recorded; `None` if nothing is known.
    fn calls(&self, action: &str) -> Option<u64>;

    /// What the calls of some actions hold at a path such as `["context", "input", "to"]` or
    /// `["principal"]`; of all actions, if none are named.
    fn attribute(&self, actions: &[&str], path: &[&str]) -> Option<SeenAttribute>;
}

/// What recorded calls hold at one path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenAttribute {
    /// The calls that could have it.
    pub calls: u64,
    /// Those that have it.
    pub present: u64,
    /// How many different values there are.
    pub distinct: u64,
    /// The most frequent values; of a set, the most frequent elements.
    pub top: Vec<SeenValue>,
}

/// A recorded value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenValue {
    /// As Cedar writes it.
    pub text: String,
    /// How many calls hold it.
    pub calls: u64,
}

/// No recordings.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Seen for Nothing {
    fn calls(&self, _: &str) -> Option<u64> {
        None
    }

    fn attribute(&self, _: &[&str], _: &[&str]) -> Option<SeenAttribute> {
        None
    }
}

impl<'a> Desk<'a> {
    /// A workspace as it is saved.
    #[must_use]
    pub fn saved(workspace: &'a Workspace) -> Self {
        Self { workspace, drafts: &[], seen: &Nothing }
    }

    /// The text of a file: the draft's, else the saved one.
    #[must_use]
    pub fn text(&self, file: &Utf8Path) -> Option<&'a str> {
        let draft = self.drafts.iter().find(|(path, _)| path == file);
        draft.map(|(_, text)| text.as_str()).or_else(|| self.workspace.text(file))
    }

    /// All files, those that only exist as drafts included, sorted.
    pub(super) fn files(&self) -> Vec<&'a Utf8Path> {
        let saved = self.workspace.files.iter().map(|entry| entry.path.as_path());
        let drafts = self.drafts.iter().map(|(path, _)| path.as_path());
        let mut files: Vec<_> = saved.chain(drafts).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    /// The schema as it is written now, whether or not Cedar would take it.
    pub(super) fn schema_tree(&self) -> std::borrow::Cow<'a, SchemaTree> {
        let draft = self.drafts.iter().find(|(path, _)| path == SCHEMA).map(|(_, text)| text);
        match (draft, &self.workspace.schema) {
            (Some(text), Some(schema)) if *text != schema.text => {
                std::borrow::Cow::Owned(SchemaTree::parse(text))
            }
            (_, Some(schema)) => std::borrow::Cow::Borrowed(&schema.tree),
            (draft, None) => {
                let saved = || self.workspace.text(Utf8Path::new(SCHEMA));
                let text = draft.map(String::as_str).or_else(saved).unwrap_or_default();
                std::borrow::Cow::Owned(SchemaTree::parse(text))
            }
        }
    }
}

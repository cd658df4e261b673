//! What can be written at a place: only what fits there, what was seen in recordings first.

mod entities;
mod expression;
mod history;
mod offers;
mod schema;
mod toml;
mod top;

pub(super) use offers::{calls_of, counted, described, is_identifier};
pub use offers::{has, step};

use std::ops::Range;

use camino::Utf8Path;

use super::desk::Desk;
use super::parse;
use super::schema::Schema;
use super::syntax::Policy;
use super::token;
use super::toml_words;
use super::types::Environment;
use crate::files::FileKind;

/// Something that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// How it is listed.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// What replaces the text; a snippet may have places to fill, as in `when { ${1:condition} }`.
    pub insert: String,
    /// Whether `insert` has such places.
    pub is_snippet: bool,
    /// The bytes that are replaced.
    pub replace: Range<usize>,
    /// Its type, or how often it was seen.
    pub detail: Option<String>,
    /// What it means.
    pub documentation: Option<String>,
    /// Better offers have lower ranks.
    pub rank: u8,
}

/// What kind of thing can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// More offers than this help nobody.
const OFFERS: usize = 200;

/// Everything that can be written at a place of a file, the best first.
#[must_use]
pub fn complete(desk: &Desk<'_>, file: &Utf8Path, offset: usize) -> Vec<Completion> {
    let Some(text) = desk.text(file).filter(|text| text.is_char_boundary(offset)) else {
        return Vec::new();
    };
    if FileKind::of(file).is_some_and(FileKind::is_policies) {
        return in_policies(desk, file, text, offset);
    }
    let tree = desk.schema_tree();
    let schema = Schema::new(&tree);
    let environment = Environment::new(&schema, text, None);
    let (environment, all) = (&environment, Vec::new());
    let mut offers = Offers { desk, text, offset, is_dogwood: false, environment, all };
    match (FileKind::of(file), toml_words::tables(file)) {
        (Some(FileKind::Schema), _) if !token::in_comment(text, &token::tokens(text), offset) => {
            offers.in_schema(&tree);
        }
        (Some(FileKind::Entities), _) => offers.in_entities(),
        (_, Some(tables)) => offers.in_toml(tables),
        _ => {}
    }
    sorted(offers.all)
}

fn in_policies(desk: &Desk<'_>, file: &Utf8Path, text: &str, offset: usize) -> Vec<Completion> {
    if token::in_comment(text, &token::tokens(text), offset) {
        return Vec::new();
    }
    let policies = parse::policies(text);
    let tree = desk.schema_tree();
    let schema = Schema::new(&tree);
    let policy = at(&policies, offset);
    let environment = Environment::new(&schema, text, policy);
    let is_dogwood = file.extension() == Some("dw");
    let (environment, all) = (&environment, Vec::new());
    let mut offers = Offers { desk, text, offset, is_dogwood, environment, all };
    match policy {
        Some(policy) => offers.in_policy(policy),
        None => offers.between_policies(),
    }
    sorted(offers.all)
}

/// The policy that a place is in: one that is not finished reaches up to the next.
pub(super) fn at(policies: &[Policy], offset: usize) -> Option<&Policy> {
    let after = policies.partition_point(|policy| policy.span.start < offset);
    let policy = after.checked_sub(1).and_then(|at| policies.get(at))?;
    policy.end.is_none_or(|end| offset <= end).then_some(policy)
}

fn sorted(mut all: Vec<Completion>) -> Vec<Completion> {
    all.sort_by_key(|offer| offer.rank);
    let mut known = std::collections::HashSet::new();
    all.retain(|offer| known.insert((offer.label.clone(), offer.replace.clone())));
    all.truncate(OFFERS);
    all
}

/// Collects what can be written at one place.
struct Offers<'a> {
    desk: &'a Desk<'a>,
    text: &'a str,
    offset: usize,
    /// Whether conditions over history can stand in the file.
    is_dogwood: bool,
    environment: &'a Environment<'a>,
    all: Vec<Completion>,
}

impl<'a> Offers<'a> {
    /// The bytes of the word around the place.
    fn word(&self) -> Range<usize> {
        let before = self.text.get(..self.offset).unwrap_or_default();
        let after = self.text.get(self.offset..).unwrap_or_default();
        let start = before.trim_end_matches(token::is_word).len();
        let length = after.len() - after.trim_start_matches(token::is_word).len();
        start..self.offset + length
    }

    /// The bytes of the string that the place is in, with its quotes; strings end with their line.
    fn open_string(&self) -> Option<Range<usize>> {
        let before = self.text.get(..self.offset)?;
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let quotes = before.get(line..)?.match_indices('"').map(|(at, _)| line + at);
        let quotes: Vec<usize> =
            quotes.filter(|at| !before.get(..*at).is_some_and(|b| b.ends_with('\\'))).collect();
        let start = *quotes.last().filter(|_| quotes.len() % 2 == 1)?;
        let rest = self.text.get(self.offset..)?;
        let rest = rest.lines().next().unwrap_or_default();
        let end = rest.find('"').map_or_else(|| self.word().end, |at| self.offset + at + 1);
        Some(start..end)
    }

    fn slice(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    fn add(&mut self, kind: CompletionKind, label: &str, rank: u8) -> &mut Completion {
        let replace = self.word();
        self.all.push(Completion {
            label: label.to_owned(),
            kind,
            insert: label.to_owned(),
            is_snippet: false,
            replace,
            detail: None,
            documentation: None,
            rank,
        });
        let last = self.all.len() - 1;
        // The vector is not empty: something was just put in.
        #[expect(clippy::indexing_slicing, reason = "the last element was just pushed")]
        &mut self.all[last]
    }
}

impl Completion {
    fn snippet(&mut self, insert: &str) -> &mut Self {
        insert.clone_into(&mut self.insert);
        self.is_snippet = insert.contains('$');
        self
    }

    fn replacing(&mut self, span: Range<usize>) -> &mut Self {
        self.replace = span;
        self
    }

    fn detail(&mut self, detail: impl Into<String>) -> &mut Self {
        self.detail = Some(detail.into()).filter(|detail| !detail.is_empty());
        self
    }

    fn documented(&mut self, text: Option<String>) -> &mut Self {
        self.documentation = text;
        self
    }
}

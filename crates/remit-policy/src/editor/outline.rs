//! What a file consists of, and which of its parts can be folded away.

use std::ops::Range;

use camino::Utf8Path;
use cedar_policy::Effect;

use super::parse;
use super::schema::{uid_of, within};
use super::schema_syntax::{About, SchemaTree};
use super::syntax::Policy;
use super::token::unquoted;
use crate::files::FileKind;

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineItem {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OutlineKind,
    /// All of its bytes.
    pub span: Range<usize>,
    /// The bytes of its name.
    pub name_span: Range<usize>,
    /// A few words more.
    pub detail: Option<String>,
}

/// What a part of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The parts of a file, in order.
#[must_use]
pub fn outline(file: &Utf8Path, text: &str) -> Vec<OutlineItem> {
    match FileKind::of(file) {
        Some(FileKind::Guardrails | FileKind::Scope) => {
            let policies = parse::policies(text);
            policies.iter().map(|policy| of_policy(text, policy)).collect()
        }
        Some(FileKind::Schema) => of_schema(&SchemaTree::parse(text)),
        _ => Vec::new(),
    }
}

fn of_policy(text: &str, policy: &Policy) -> OutlineItem {
    let value = |name| {
        let span = policy.annotation(name)?.value.clone()?;
        Some((unquoted(text.get(span.clone())?), span))
    };
    let effect = policy.effect.as_ref();
    let effect_span = effect.map_or(policy.span.start..policy.span.start, |(_, s)| s.clone());
    let (name, name_span) = value("id").unwrap_or_else(|| {
        let word = text.get(effect_span.clone()).filter(|word| !word.is_empty());
        (word.unwrap_or("…").to_owned(), effect_span)
    });
    let kind = match effect {
        Some((Effect::Permit, _)) => OutlineKind::Permit,
        Some((Effect::Forbid, _)) => OutlineKind::Forbid,
        None => OutlineKind::Unfinished,
    };
    let detail = value("why").or_else(|| value("doc")).map(|(why, _)| why);
    OutlineItem { name, kind, span: policy.span.clone(), name_span, detail }
}

fn of_schema(tree: &SchemaTree) -> Vec<OutlineItem> {
    let item = |name: String, kind, about: &About, name_span: &Range<usize>| OutlineItem {
        name,
        kind,
        span: about.span.clone(),
        name_span: name_span.clone(),
        detail: about.doc.clone(),
    };
    let entities = tree.entities.iter().map(|entity| {
        let name = within(&entity.about.namespace, &entity.name.text);
        item(name, OutlineKind::EntityType, &entity.about, &entity.name.span)
    });
    let actions = tree.actions.iter().map(|action| {
        let is_group = action.principals.is_empty();
        let kind = if is_group { OutlineKind::ActionGroup } else { OutlineKind::Action };
        item(uid_of(action), kind, &action.about, &action.name.span)
    });
    let types = tree.types.iter().map(|declared| {
        let name = within(&declared.about.namespace, &declared.name.text);
        item(name, OutlineKind::CommonType, &declared.about, &declared.name.span)
    });
    let mut items: Vec<_> = entities.chain(actions).chain(types).collect();
    items.sort_by_key(|item| (item.span.start, item.name_span.start));
    items
}

/// The bytes that can be folded away: from the end of a first line to the last byte of a part.
#[must_use]
pub fn folds(file: &Utf8Path, text: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> =
        outline(file, text).into_iter().map(|item| item.span).collect();
    if FileKind::of(file).is_some_and(FileKind::is_policies) {
        for policy in parse::policies(text) {
            parts.extend(policy.head.iter().filter(|h| h.is_closed).map(|h| h.span.clone()));
            let bodies = policy.clauses.iter().filter(|clause| clause.is_closed);
            parts.extend(bodies.map(|clause| clause.span.clone()));
        }
    }
    parts.extend(comments(text));
    let mut folds: Vec<Range<usize>> = parts.into_iter().filter_map(|p| fold(text, p)).collect();
    folds.sort_by_key(|fold| (fold.start, fold.end));
    folds.dedup_by_key(|fold| fold.start);
    folds
}

fn fold(text: &str, part: Range<usize>) -> Option<Range<usize>> {
    let line = text.get(part.clone())?.find('\n')?;
    Some(part.start + line..part.end)
}

/// Comments of several lines.
fn comments(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let mut is_inside = false;
    for line in text.split_inclusive('\n') {
        let is_comment = line.trim_start().starts_with("//");
        let end = at + line.trim_end().len();
        match found.last_mut().filter(|_| is_inside && is_comment) {
            Some(comment) => comment.end = end,
            None if is_comment => found.push(at..end),
            None => {}
        }
        is_inside = is_comment;
        at += line.len();
    }
    found
}

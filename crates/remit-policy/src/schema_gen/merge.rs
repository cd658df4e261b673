//! Carries what differs between two printed schemas over into the text that a person wrote.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::editor::schema_syntax::{DeclarationKey, SchemaTree};

/// `text` with what differs between `before`, which is `text` as it is printed, and `after`. Nothing if
/// what differs is declared together with something else.
pub(super) fn merged(text: &str, before: &str, after: &str) -> Option<String> {
    let (written, old, new) = (declared(text), declared(before), declared(after));
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut added: BTreeMap<&str, Vec<(usize, String)>> = BTreeMap::new();
    for (key, span) in &new {
        let Some(here) = written.get(key) else {
            added.entry(&key.namespace).or_default().push((span.start, indented(after, span)?));
            continue;
        };
        let now = after.get(span.clone())?;
        if old.get(key).and_then(|span| before.get(span.clone())) != Some(now) {
            edits.push((alone(&written, here)?, now.to_owned()));
        }
    }
    for (key, here) in &written {
        if !new.contains_key(key) {
            edits.push((with_comment(text, alone(&written, here)?), String::new()));
        }
    }
    for (namespace, mut more) in added {
        more.sort();
        let ends = written.iter().filter(|(key, _)| key.namespace == namespace);
        let end = ends.map(|(_, span)| span.end).max()?;
        let more: String = more.into_iter().map(|(_, text)| format!("\n\n{text}")).collect();
        edits.push((end..end, more));
    }
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let mut made = text.to_owned();
    for (span, now) in edits.into_iter().rev() {
        made.replace_range(span, &now);
    }
    Some(made)
}

type Declared = BTreeMap<DeclarationKey, Range<usize>>;

fn declared(text: &str) -> Declared {
    SchemaTree::parse(text).declarations().into_iter().collect()
}

/// The bytes of a declaration, if they declare one thing.
fn alone(all: &Declared, span: &Range<usize>) -> Option<Range<usize>> {
    (all.values().filter(|other| *other == span).count() == 1).then(|| span.clone())
}

/// A declaration with the spaces before its first line.
fn indented(text: &str, span: &Range<usize>) -> Option<String> {
    let line = text.get(..span.start)?.rsplit('\n').next()?;
    let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    Some(indent + text.get(span.clone())?)
}

/// A declaration with the comment lines right before it and the end of its line.
fn with_comment(text: &str, span: Range<usize>) -> Range<usize> {
    let mut start = span.start;
    let before = text.get(..start).unwrap_or_default();
    let own_line = before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
    if own_line {
        start = before.rfind('\n').map_or(0, |newline| newline + 1);
        for line in text.get(..start).unwrap_or_default().split_inclusive('\n').rev() {
            if !line.trim_start().starts_with("//") {
                break;
            }
            start -= line.len();
        }
    }
    let rest = text.get(span.end..).unwrap_or_default();
    let line = rest.find('\n').map_or(rest, |newline| rest.get(..=newline).unwrap_or(rest));
    let end = if own_line && line.trim().is_empty() { span.end + line.len() } else { span.end };
    start..end
}

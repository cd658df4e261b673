//! Where things are declared and named, in all files of a workspace: definitions and references.
//!
//! Policies are ours by `@id`, actions, types and attributes by their declaration in the schema. An
//! attribute that several actions have is several declarations, and one access can name them all.

mod data;
mod policies;
mod schema;

use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};

use super::desk::Desk;
use super::schema::Schema;
use super::syntax::touches;
use crate::files::FileKind;

/// Something that can be declared in one place and named in others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Symbol {
    /// By its id.
    Policy(String),
    /// By its full name.
    EntityType(String),
    /// By type and id.
    Entity(String, String),
    /// By its full text.
    Action(String),
    /// By its full name.
    CommonType(String),
    /// By the place of its declaration in the schema, and its name.
    Attribute(usize, String),
    /// A task of `scopes.toml`.
    Task(String),
    /// A policy file.
    File(Utf8PathBuf),
}

/// How a name is written, which a new name must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A plain name.
    Bare,
    /// With its quotes.
    Quoted,
    /// After a dot at this place.
    Dotted(usize),
    /// With its quotes, and no other way.
    Text,
}

/// A place where something is declared or named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) symbol: Symbol,
    pub(super) span: Range<usize>,
    pub(super) form: Form,
    pub(super) is_definition: bool,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Relative to the workspace.
    pub file: Utf8PathBuf,
    /// Its first byte.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// Whether it is where the thing is declared.
    pub is_definition: bool,
}

/// Where what is named at a place is declared.
#[must_use]
pub fn definition(desk: &Desk<'_>, file: &Utf8Path, offset: usize) -> Vec<Location> {
    let mut found = references(desk, file, offset);
    found.retain(|location| location.is_definition);
    found
}

/// Everywhere that what is named at a place is declared or named, by file and place.
#[must_use]
pub fn references(desk: &Desk<'_>, file: &Utf8Path, offset: usize) -> Vec<Location> {
    let tree = desk.schema_tree();
    let everywhere = Everywhere::new(desk, &Schema::new(&tree));
    let symbols = everywhere.at(file, offset);
    let mut found: Vec<Location> = everywhere
        .of(&symbols)
        .map(|(file, occurrence)| Location {
            file: file.to_owned(),
            start: occurrence.span.start,
            end: occurrence.span.end,
            is_definition: occurrence.is_definition,
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// All occurrences in all files.
pub(super) struct Everywhere<'a> {
    files: Vec<(&'a Utf8Path, Vec<Occurrence>)>,
}

impl<'a> Everywhere<'a> {
    pub(super) fn new(desk: &Desk<'a>, schema: &Schema<'_>) -> Self {
        let of_file = |file: &'a Utf8Path| (file, in_file(desk, schema, file));
        Self { files: desk.files().into_iter().map(of_file).collect() }
    }

    /// What is named at a place.
    pub(super) fn at(&self, file: &Utf8Path, offset: usize) -> Vec<Symbol> {
        let of_file = self.files.iter().filter(|(path, _)| *path == file);
        let here = of_file.flat_map(|(_, all)| all).filter(|o| touches(&o.span, offset));
        let narrowest = here.clone().map(|o| o.span.len()).min();
        let mut symbols: Vec<Symbol> =
            here.filter(|o| Some(o.span.len()) == narrowest).map(|o| o.symbol.clone()).collect();
        symbols.sort();
        symbols.dedup();
        symbols
    }

    /// Where some things are declared or named.
    pub(super) fn of<'s>(
        &'s self,
        symbols: &'s [Symbol],
    ) -> impl Iterator<Item = (&'a Utf8Path, &'s Occurrence)> + 's {
        self.files.iter().flat_map(move |(file, all)| {
            all.iter().filter(|o| symbols.contains(&o.symbol)).map(move |o| (*file, o))
        })
    }

    /// All that is declared.
    pub(super) fn declared(&self) -> impl Iterator<Item = &Symbol> {
        let all = self.files.iter().flat_map(|(_, all)| all);
        all.filter(|o| o.is_definition).map(|o| &o.symbol)
    }

    /// What shares a name with these, since some place means both.
    pub(super) fn entangled(&self, symbols: &[Symbol]) -> Vec<Symbol> {
        let mut all = symbols.to_vec();
        loop {
            let before = all.len();
            for (_, occurrences) in &self.files {
                let named = occurrences.iter().filter(|o| all.contains(&o.symbol));
                let spans: Vec<Range<usize>> = named.map(|o| o.span.clone()).collect();
                let same = occurrences.iter().filter(|o| spans.contains(&o.span));
                let more: Vec<Symbol> =
                    same.map(|o| o.symbol.clone()).filter(|s| !all.contains(s)).collect();
                all.extend(more);
                all.sort();
                all.dedup();
            }
            if all.len() == before {
                return all;
            }
        }
    }
}

/// All occurrences in one file.
pub(super) fn in_file(desk: &Desk<'_>, schema: &Schema<'_>, file: &Utf8Path) -> Vec<Occurrence> {
    let text = desk.text(file).unwrap_or_default();
    let mut all = match FileKind::of(file) {
        Some(FileKind::Guardrails | FileKind::Scope) => policies::occurrences(schema, text),
        Some(FileKind::Schema) => schema::occurrences(schema, &desk.schema_tree()),
        Some(FileKind::Entities) => data::of_entities(schema, text),
        Some(FileKind::TemplateLinks) => data::of_links(text),
        Some(FileKind::Config) => data::of_config(schema, text),
        Some(FileKind::ScopeIndex) => data::of_tasks(text),
        Some(_) => Vec::new(),
        None => data::of_tests(text),
    };
    if FileKind::of(file) == Some(FileKind::Scope) {
        all.push(Occurrence {
            symbol: Symbol::File(file.to_owned()),
            span: 0..0,
            form: Form::Bare,
            is_definition: true,
        });
    }
    all
}

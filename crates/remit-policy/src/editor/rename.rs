//! Renames what is declared in the workspace, everywhere at once.

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

use super::complete::is_identifier;
use super::desk::Desk;
use super::occurrences::{Everywhere, Form, Occurrence, Symbol};
use super::schema::{Schema, uid};
use super::token::quoted;

/// A change of a file's text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Relative to the workspace.
    pub file: Utf8PathBuf,
    /// The first byte that is replaced.
    pub start: usize,
    /// The byte after the last that is replaced.
    pub end: usize,
    /// What is there afterwards.
    pub text: String,
}

/// What would be renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    /// The bytes of the name at the place.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// The name as it is.
    pub name: String,
    /// What it is the name of, as in `the policy`.
    pub what: &'static str,
}

/// Why something cannot be renamed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenameError {
    /// Nothing that the workspace declares is named there.
    #[error("nothing is named here that the workspace declares")]
    Nothing,
    /// Another thing has the name.
    #[error("`{0}` is taken")]
    Taken(String),
    /// It can only be a plain identifier.
    #[error("`{0}` is no name: write letters, digits and `_`, and begin with a letter")]
    NotAName(String),
}

/// What is named at a place, if it can be renamed.
///
/// # Errors
/// [`RenameError::Nothing`].
pub fn renaming(desk: &Desk<'_>, file: &Utf8Path, offset: usize) -> Result<Renaming, RenameError> {
    let tree = desk.schema_tree();
    let everywhere = Everywhere::new(desk, &Schema::new(&tree));
    let symbols = everywhere.at(file, offset);
    let symbol = symbols.first().ok_or(RenameError::Nothing)?;
    let what = what(symbol).ok_or(RenameError::Nothing)?;
    if !everywhere.declared().any(|declared| declared == symbol) {
        return Err(RenameError::Nothing);
    }
    let here = everywhere
        .of(&symbols)
        .find(|(path, o)| *path == file && super::syntax::touches(&o.span, offset));
    let (_, occurrence) = here.ok_or(RenameError::Nothing)?;
    let span = inner(occurrence);
    Ok(Renaming { start: span.start, end: span.end, name: name_of(symbol).to_owned(), what })
}

/// The edits that give what is named at a place another name, by file and place.
///
/// An attribute that policies read of several actions at once is renamed in all of their
/// declarations, so that the policies still mean what they meant.
///
/// # Errors
/// [`RenameError`].
pub fn rename(
    desk: &Desk<'_>,
    file: &Utf8Path,
    offset: usize,
    name: &str,
) -> Result<Vec<Edit>, RenameError> {
    renaming(desk, file, offset)?;
    let tree = desk.schema_tree();
    let everywhere = Everywhere::new(desk, &Schema::new(&tree));
    let symbols = everywhere.entangled(&everywhere.at(file, offset));
    for symbol in &symbols {
        fits(symbol, name, &everywhere)?;
    }
    let of_symbols = everywhere.of(&symbols);
    let mut edits: Vec<Edit> = of_symbols.map(|(file, o)| edit(file, o, name)).collect();
    edits.sort();
    edits.dedup();
    Ok(edits)
}

fn fits(symbol: &Symbol, name: &str, everywhere: &Everywhere<'_>) -> Result<(), RenameError> {
    let must_be_plain = matches!(symbol, Symbol::EntityType(_) | Symbol::CommonType(_));
    if name.is_empty() || must_be_plain && !is_identifier(name) {
        return Err(RenameError::NotAName(name.to_owned()));
    }
    let renamed = match symbol {
        Symbol::Policy(_) => Symbol::Policy(name.to_owned()),
        Symbol::EntityType(old) => Symbol::EntityType(beside(old, name)),
        Symbol::CommonType(old) => Symbol::CommonType(beside(old, name)),
        Symbol::Entity(ty, _) => Symbol::Entity(ty.clone(), name.to_owned()),
        Symbol::Action(old) => {
            let ty = old.split("::\"").next().unwrap_or("Action");
            Symbol::Action(uid(ty, name))
        }
        Symbol::Task(_) => Symbol::Task(name.to_owned()),
        Symbol::Attribute(..) | Symbol::File(_) => return Ok(()),
    };
    match everywhere.declared().any(|declared| *declared == renamed) {
        true => Err(RenameError::Taken(name.to_owned())),
        false => Ok(()),
    }
}

/// A name in the same namespace.
fn beside(old: &str, name: &str) -> String {
    old.rsplit_once("::").map_or_else(|| name.to_owned(), |(before, _)| format!("{before}::{name}"))
}

fn what(symbol: &Symbol) -> Option<&'static str> {
    Some(match symbol {
        Symbol::Policy(_) => "the policy",
        Symbol::EntityType(_) => "the entity type",
        Symbol::Entity(..) => "the entity",
        Symbol::Action(_) => "the action",
        Symbol::CommonType(_) => "the type",
        Symbol::Attribute(..) => "the attribute",
        Symbol::Task(_) => "the task",
        // Files are renamed where files are.
        Symbol::File(_) => return None,
    })
}

fn name_of(symbol: &Symbol) -> &str {
    match symbol {
        Symbol::Policy(name) | Symbol::Task(name) => name,
        Symbol::EntityType(name) | Symbol::CommonType(name) => {
            name.rsplit("::").next().unwrap_or(name)
        }
        Symbol::Entity(_, id) | Symbol::Attribute(_, id) => id,
        Symbol::Action(uid) => {
            let id = uid.split_once("::\"").map_or(uid.as_str(), |(_, id)| id);
            id.strip_suffix('"').unwrap_or(id)
        }
        Symbol::File(path) => path.as_str(),
    }
}

/// The bytes of the name without its quotes.
fn inner(occurrence: &Occurrence) -> std::ops::Range<usize> {
    let span = occurrence.span.clone();
    match occurrence.form {
        Form::Quoted | Form::Text if span.len() >= 2 => span.start + 1..span.end - 1,
        _ => span,
    }
}

fn edit(file: &Utf8Path, occurrence: &Occurrence, name: &str) -> Edit {
    let plain = is_identifier(name);
    let (start, text) = match occurrence.form {
        Form::Bare | Form::Dotted(_) if plain => (occurrence.span.start, name.to_owned()),
        Form::Bare | Form::Quoted | Form::Text => (occurrence.span.start, quoted(name)),
        Form::Dotted(dot) => (dot, format!("[{}]", quoted(name))),
    };
    let end = occurrence.span.end;
    let (start, end, text) = match (&occurrence.symbol, occurrence.form) {
        // A type in JSON or TOML may have its namespace before it.
        (Symbol::EntityType(old), Form::Text) => (start, end, quoted(&beside(old, name))),
        _ => (start, end, text),
    };
    Edit { file: file.to_owned(), start, end, text }
}

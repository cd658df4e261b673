//! What an argument is for: whether it says where something goes, or only what is said.
//!
//! Derived from all examples, never from names: an argument is a *destination* if its values are
//! addresses, or if sessions of the same task agree on it; it is a *command* if few first words begin
//! many values; it is *content* if it varies. An argument of the same name means the same to all tools
//! of a server, so that rare tools are judged by the others.

use crate::example::{Example, Observation};
use crate::kind::Kind;
use crate::value::{Path, Seen};
use std::collections::{BTreeMap, BTreeSet};

/// What an argument is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Says where something goes, or what it is done to; with the commonest kind of its values.
    Destination(Kind),
    /// A command line.
    Command,
    /// Text that is free to vary.
    Content,
    /// A number that may be bounded.
    Quantity,
    /// A choice, a date, a number as text, or something that nothing is learnt about.
    Free,
}

/// Sessions of a task that agree so often agree for a reason.
const AGREEMENT: f64 = 0.7;
/// With fewer pairs of sessions nothing is said about agreement.
const PAIRS: f64 = 3.0;
/// A value longer than this is content, whatever its form.
const LONGEST: usize = 300;
/// Fewer values are no evidence for a command.
const COMMANDS: usize = 5;

/// The roles of the arguments of one server's tools.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles(BTreeMap<(String, Path), Role>);

#[derive(Default)]
struct Evidence {
    values: u32,
    quantities: u32,
    free: u32,
    /// Lists of records.
    composite: u32,
    kinds: BTreeMap<Kind, u32>,
    pairs: f64,
    agreeing: f64,
    texts: BTreeSet<String>,
}

impl Roles {
    /// The roles that all examples show.
    pub(crate) fn of<'e>(tasks: impl Iterator<Item = &'e [&'e Example]>) -> Self {
        let mut evidence: BTreeMap<(String, Path), Evidence> = BTreeMap::new();
        for sessions in tasks {
            for call in sessions.iter().flat_map(|session| &session.calls) {
                for (path, seen) in &call.arguments {
                    let key = (call.action.resource.clone(), path.clone());
                    evidence.entry(key).or_default().add(seen);
                }
            }
            for (key, (pairs, agreeing)) in agreement(sessions) {
                let evidence = evidence.entry(key).or_default();
                evidence.pairs += pairs;
                evidence.agreeing += agreeing;
            }
        }
        Roles(evidence.into_iter().map(|(key, evidence)| (key, evidence.role())).collect())
    }

    /// What the argument at `path` of a call is for.
    pub(crate) fn role(&self, call: &Observation, path: &Path) -> Role {
        self.of_argument(&call.action.resource, path)
    }

    /// What the argument at `path` of a server's tools is for.
    pub(crate) fn of_argument(&self, resource: &str, path: &Path) -> Role {
        let key = (resource.to_owned(), path.clone());
        self.0.get(&key).copied().unwrap_or(Role::Free)
    }
}

/// How often sessions of a task that follow each other give an argument the same values.
fn agreement(sessions: &[&Example]) -> BTreeMap<(String, Path), (f64, f64)> {
    let values: Vec<_> = sessions.iter().map(|session| values_of(session)).collect();
    let mut found: BTreeMap<(String, Path), (f64, f64)> = BTreeMap::new();
    let following = values.iter().zip(values.iter().skip(1));
    for (one, other) in following {
        for ((action, resource, path), a) in one {
            let Some(b) = other.get(&(*action, *resource, *path)) else { continue };
            let shared = a.intersection(b).count() as f64 / a.union(b).count() as f64;
            let (pairs, agreeing) =
                found.entry(((*resource).to_owned(), (*path).clone())).or_default();
            *pairs += 1.0;
            *agreeing += shared;
        }
    }
    found
}

type ByArgument<'e> = BTreeMap<(&'e str, &'e str, &'e Path), BTreeSet<&'e Seen>>;

fn values_of(session: &Example) -> ByArgument<'_> {
    let mut values = ByArgument::new();
    for call in &session.calls {
        for (path, seen) in &call.arguments {
            let key = (call.action.uid.as_str(), call.action.resource.as_str(), path);
            values.entry(key).or_default().insert(seen);
        }
    }
    values
}

impl Evidence {
    fn add(&mut self, seen: &Seen) {
        self.values += 1;
        match seen {
            Seen::Long(_) | Seen::Decimal(_) => self.quantities += 1,
            Seen::Bool(_) | Seen::Record(_) | Seen::Other => self.free += 1,
            seen if seen.holds_records() => self.composite += 1,
            Seen::Text(_) | Seen::Set(_) => {
                let texts = seen.texts();
                // The loosest kind: a list with one sentence in it is content.
                let kind = texts.iter().map(|text| kind_of(text)).max().unwrap_or(Kind::Name);
                *self.kinds.entry(kind).or_default() += 1;
                self.texts.extend(texts.into_iter().map(str::to_owned));
            }
        }
    }

    fn role(&self) -> Role {
        let share = |n: u32| f64::from(n) / f64::from(self.values.max(1));
        if share(self.quantities) > 0.5 {
            return Role::Quantity;
        }
        let is_evident = self.pairs >= PAIRS;
        let agrees = self.agreeing / self.pairs.max(1.0) >= AGREEMENT;
        if share(self.composite) > 0.5 {
            return if is_evident && agrees { Role::Destination(Kind::Name) } else { Role::Free };
        }
        let count = |is: fn(Kind) -> bool| -> u32 {
            self.kinds.iter().filter(|(kind, _)| is(**kind)).map(|(_, n)| n).sum()
        };
        let commonest = self.kinds.iter().max_by_key(|(_, n)| **n).map(|(kind, _)| *kind);
        let Some(commonest) = commonest.filter(|_| share(self.free) <= 0.5) else {
            return Role::Free;
        };
        if share(count(|kind| matches!(kind, Kind::Date | Kind::Scalar))) > 0.5 {
            return Role::Free;
        }
        if share(count(Kind::is_address)) >= 0.9 {
            return Role::Destination(commonest);
        }
        if is_commands(&self.texts) {
            Role::Command
        } else if share(count(|kind| kind == Kind::Prose)) > 0.1 || (is_evident && !agrees) {
            Role::Content
        } else {
            Role::Destination(commonest)
        }
    }
}

fn kind_of(text: &str) -> Kind {
    if text.len() > LONGEST { Kind::Prose } else { Kind::of(text) }
}

/// Few first words, all of them like names of programs, begin many texts of several words.
fn is_commands(texts: &BTreeSet<String>) -> bool {
    let heads: Vec<&str> = texts.iter().filter_map(|text| program(text)).collect();
    let distinct: BTreeSet<&str> = heads.iter().copied().collect();
    let several = texts.iter().filter(|text| text.split_whitespace().nth(1).is_some()).count();
    texts.len() >= COMMANDS
        && several * 2 >= texts.len()
        && heads.len() * 10 >= texts.len() * 9
        && distinct.len() * 2 <= texts.len()
}

/// The first word of a command line, if it could be a program's name.
fn program(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let is_part = |c: char| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || "._-/~$=\"".contains(c)
            || c.is_ascii_uppercase() && word.contains(['/', '='])
    };
    let starts = word.starts_with(|c: char| {
        c.is_ascii_lowercase()
            || "./~$_".contains(c)
            || (c.is_ascii_uppercase() && word.contains('='))
    });
    (starts && word.chars().all(is_part)).then_some(word)
}

/// What a command line begins with: the program, and its subcommand where it has one, with the blank
/// after it. Always a beginning of `command`; empty only if there is no word.
pub(crate) fn head(command: &str) -> &str {
    let mut ends = word_ends(command);
    let Some(first) = ends.next() else { return "" };
    let second = ends.next().filter(|(start, end)| {
        let gap = command.get(first.1..*start);
        gap == Some(" ") && command.get(*start..*end).is_some_and(is_subcommand)
    });
    let end = second.map_or(first.1, |(_, end)| end);
    let blank = command.get(end..).is_some_and(|rest| rest.starts_with(' '));
    command.get(..end + usize::from(blank)).unwrap_or_default()
}

fn is_subcommand(word: &str) -> bool {
    word.len() >= 2
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == ':')
}

/// Where the words of a text start and end.
fn word_ends(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.split_whitespace().map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (start, start + word.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_known_by_their_heads() {
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<BTreeSet<_>>();
        assert!(is_commands(&texts(&[
            "git status",
            "git log -1",
            "git diff a",
            "cargo test x",
            "cargo build",
            "ls -l"
        ])));
        assert!(!is_commands(&texts(&[
            "Hi Bob, lunch?",
            "Hi Ann, lunch?",
            "Hi Eve, lunch?",
            "Hi Dan, tea?",
            "Hi Jo, tea?"
        ])));
        assert_eq!(head("git push --force"), "git push ");
        assert_eq!(head("git push"), "git push");
        assert_eq!(head("cat notes.txt"), "cat ");
        assert_eq!(head("git  push"), "git ");
        assert_eq!(head("  ls -l"), "  ls ");
        assert_eq!(head(" "), "");
    }
}

//! Values of a request as policies see them, and as they are written in a policy.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A value that policies can compare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Text(String),
    Long(i64),
    Bool(bool),
    /// As Cedar writes it.
    Decimal(String),
    Set(BTreeSet<Seen>),
    /// In a set; elsewhere records are opened.
    Record(BTreeMap<String, Seen>),
    /// Entities, other extension types, what does not fit its type: nothing is learnt about them.
    Other,
}

/// Where in `context.input` an argument stands.
pub(crate) type Path = Vec<String>;

impl Seen {
    fn of(value: &Value) -> Seen {
        match value {
            Value::String(text) => Seen::Text(text.clone()),
            Value::Bool(is) => Seen::Bool(*is),
            Value::Number(number) => number.as_i64().map_or(Seen::Other, Seen::Long),
            Value::Array(items) => {
                let items: BTreeSet<Seen> = items.iter().map(Seen::of).collect();
                if items.contains(&Seen::Other) { Seen::Other } else { Seen::Set(items) }
            }
            Value::Object(object) if object.contains_key("__extn") => {
                decimal(object).map_or(Seen::Other, Seen::Decimal)
            }
            Value::Object(object) if object.contains_key("__entity") => Seen::Other,
            Value::Object(object) => {
                let fields = object.iter().map(|(name, value)| (name.clone(), Seen::of(value)));
                let fields: BTreeMap<String, Seen> = fields.collect();
                let is_whole = fields.values().all(|seen| *seen != Seen::Other);
                if is_whole { Seen::Record(fields) } else { Seen::Other }
            }
            Value::Null => Seen::Other,
        }
    }

    /// The texts in it: itself, or the members of a set.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Seen::Text(text) => vec![text],
            Seen::Set(items) => items.iter().flat_map(Seen::texts).collect(),
            Seen::Record(fields) => fields.values().flat_map(Seen::texts).collect(),
            Seen::Long(_) | Seen::Bool(_) | Seen::Decimal(_) | Seen::Other => Vec::new(),
        }
    }

    /// As Cedar text; nothing where a policy cannot name it.
    pub(crate) fn literal(&self) -> Option<String> {
        match self {
            Seen::Text(text) => Some(quoted(text)),
            Seen::Long(number) => Some(number.to_string()),
            Seen::Bool(is) => Some(is.to_string()),
            Seen::Decimal(text) => Some(format!("decimal({})", quoted(text))),
            Seen::Set(items) => {
                let items: Option<Vec<_>> = items.iter().map(Seen::literal).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            Seen::Record(fields) => {
                let field = |(name, seen): (&String, &Seen)| {
                    seen.literal().map(|literal| format!("{}: {literal}", quoted(name)))
                };
                let fields: Option<Vec<_>> = fields.iter().map(field).collect();
                Some(format!("{{{}}}", fields?.join(", ")))
            }
            Seen::Other => None,
        }
    }

    /// Whether it is a list of records.
    pub(crate) fn holds_records(&self) -> bool {
        match self {
            Seen::Set(items) => items.iter().any(|item| matches!(item, Seen::Record(_))),
            _ => false,
        }
    }
}

fn decimal(object: &Map<String, Value>) -> Option<String> {
    let call = object.get("__extn")?;
    let is_decimal = call.get("fn")?.as_str()? == "decimal";
    is_decimal.then(|| call.get("arg")?.as_str().map(str::to_owned)).flatten()
}

/// The arguments of a request's `context.input`, records opened.
pub(crate) fn arguments(input: &Value) -> BTreeMap<Path, Seen> {
    let mut found = BTreeMap::new();
    open(input, &mut Path::new(), &mut found);
    found
}

fn open(value: &Value, path: &mut Path, found: &mut BTreeMap<Path, Seen>) {
    match value.as_object() {
        Some(object) if !object.contains_key("__extn") && !object.contains_key("__entity") => {
            for (name, value) in object {
                path.push(name.clone());
                open(value, path, found);
                path.pop();
            }
        }
        _ if path.is_empty() => {}
        Some(_) | None => drop(found.insert(path.clone(), Seen::of(value))),
    }
}

/// A Cedar string.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// A Cedar pattern: `head`, anything, `tail`.
pub(crate) fn pattern(head: &str, tail: &str) -> String {
    let literal = |text: &str| escaped(text).replace('*', "\\*");
    format!("\"{}*{}\"", literal(head), literal(tail))
}

/// As Rust escapes it, and Cedar reads it; a `'` stands for itself in both.
fn escaped(text: &str) -> String {
    text.escape_debug().to_string().replace("\\'", "'")
}

/// `.name`, or `["any name"]`.
pub(crate) fn attribute(name: &str) -> String {
    if is_identifier(name) { format!(".{name}") } else { format!("[{}]", quoted(name)) }
}

/// As it stands after `has`.
pub(crate) fn after_has(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quoted(name) }
}

fn is_identifier(name: &str) -> bool {
    const RESERVED: [&str; 9] = ["true", "false", "if", "then", "else", "in", "like", "has", "is"];
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    starts && is_plain && !RESERVED.contains(&name) && name != "__cedar"
}

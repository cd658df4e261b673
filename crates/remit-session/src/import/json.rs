//! JSON as recordings hold it: one document, or a line a record, in any state of repair.

use super::{ImportError, Source, Warnings};
use crate::{Arguments, Place};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::fmt;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The records of a file: a document, the items of a list, or the lines of a JSON Lines file.
pub(super) fn records(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<(Place, Value)>, ImportError> {
    match serde_json::from_str::<Value>(source.text) {
        Ok(Value::Array(items)) if !items.is_empty() && !items.iter().any(is_message) => {
            Ok(numbered(items))
        }
        Ok(document) => Ok(vec![(Place::Pointer(String::new()), document)]),
        Err(_) if is_json_lines(source.text) => Ok(good_lines(source, warnings)),
        Err(error) => Err(document_error(source.name, &error)),
    }
}

/// A list of chat messages is one record, a list of anything else is one each.
fn is_message(item: &Value) -> bool {
    item.get("role").is_some()
}

fn numbered(items: Vec<Value>) -> Vec<(Place, Value)> {
    let place = |index| Place::Pointer(format!("/{index}"));
    items.into_iter().enumerate().map(|(index, item)| (place(index), item)).collect()
}

fn good_lines(source: &Source<'_>, warnings: &mut Warnings) -> Vec<(Place, Value)> {
    let mut records = Vec::new();
    for (number, line) in lines(source.text) {
        let place = Place::Line(number);
        match parse_line(source, line) {
            Ok(record) => records.push((place, record)),
            Err(why) => warnings.add(why, place),
        }
    }
    records
}

/// The lines that are not blank, with their numbers from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let numbered = (1..).zip(text.split('\n'));
    numbered.filter(|(_, line)| !line.trim().is_empty())
}

/// One record, or what to say about the line that holds none.
pub(super) fn parse_line(source: &Source<'_>, line: &str) -> Result<Value, String> {
    if line.len() > source.limits.line_bytes {
        let limit = source.limits.line_bytes;
        return Err(format!("a line longer than {limit} bytes was skipped"));
    }
    serde_json::from_str(line).map_err(|error| broken_line(&error))
}

/// What to say about a line that is not JSON.
fn broken_line(error: &serde_json::Error) -> String {
    if is_too_deep(error) {
        "a line nested deeper than 127 levels was skipped".to_owned()
    } else if error.is_eof() {
        "a line that is cut off was skipped".to_owned()
    } else {
        "a line that is not JSON was skipped".to_owned()
    }
}

/// Whether some line is a whole record by itself; the lines of a document that is written over
/// several lines are indented.
fn is_json_lines(text: &str) -> bool {
    let starts_record = |line: &&str| line.starts_with(['{', '[']);
    let is_whole = |line: &str| {
        let parsed = serde_json::from_str::<serde::de::IgnoredAny>(line);
        parsed.is_ok() && line.trim().len() > 2
    };
    text.split('\n').filter(starts_record).take(100).any(is_whole)
}

/// Why a text that starts like JSON cannot be read as JSON, if it cannot.
pub(super) fn problem(source: &Source<'_>) -> Option<ImportError> {
    if !source.text.trim_start().starts_with(['{', '[']) || is_json_lines(source.text) {
        return None;
    }
    let error = serde_json::from_str::<Value>(source.text).err()?;
    Some(document_error(source.name, &error))
}

fn document_error(name: &str, error: &serde_json::Error) -> ImportError {
    let (name, line, column) = (name.to_owned(), error.line(), error.column());
    if is_too_deep(error) {
        return ImportError::TooDeep { name, line, column };
    }
    let why = error.to_string();
    let why = why.split(" at line ").next().unwrap_or_default().to_owned();
    ImportError::NotJson { name, line, column, why }
}

/// The parser has no kind for this error, only words.
fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit exceeded")
}

/// A place inside the record at `place`: deeper in a document, the same line otherwise.
pub(super) fn within(place: &Place, tail: fmt::Arguments<'_>) -> Place {
    match place {
        Place::Pointer(pointer) => Place::Pointer(format!("{pointer}{tail}")),
        Place::Line(_) | Place::FileLine(..) => place.clone(),
    }
}

/// The text of a field, if it is text and not empty.
pub(super) fn text_field<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// An id, which some runtimes write as a number.
pub(super) fn id_field(object: &Object, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// What stands for nothing in a recording.
pub(super) fn is_absent(value: Option<&Value>) -> bool {
    matches!(value, None | Some(Value::Null))
}

/// A call's arguments, as an object or as the text of one. None are no arguments.
pub(super) fn arguments(value: Option<&Value>) -> Arguments {
    match value {
        None | Some(Value::Null) => Arguments::Object(Map::new()),
        Some(Value::Object(object)) => Arguments::Object(object.clone()),
        Some(Value::String(text)) => arguments_from_text(text),
        Some(other) => not_an_object(other.to_string(), other),
    }
}

/// A call's arguments, written as JSON text.
pub(crate) fn arguments_from_text(text: &str) -> Arguments {
    if text.trim().is_empty() {
        return Arguments::Object(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Arguments::Object(object),
        Ok(other) => not_an_object(text.to_owned(), &other),
        Err(error) => {
            Arguments::Unreadable { text: text.to_owned(), why: format!("not JSON: {error}") }
        }
    }
}

fn not_an_object(text: String, value: &Value) -> Arguments {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Arguments::Unreadable { text, why: format!("{kind}, not an object of named arguments") }
}

/// A time, as RFC 3339 text or as seconds, milliseconds or microseconds since 1970.
pub(super) fn timestamp(value: Option<&Value>) -> Option<Timestamp> {
    match value? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => since_1970(number.as_f64()?),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn since_1970(number: f64) -> Option<Timestamp> {
    let micros = match number {
        n if n < 1e11 => n * 1e6,
        n if n < 1e14 => n * 1e3,
        n => n,
    };
    Timestamp::from_microsecond(micros as i64).ok()
}

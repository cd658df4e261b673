//! Attributes as plain values under dotted names, however they were written.

use super::super::json::Object;
use jiff::Timestamp;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// Attributes of a list `[{key, value: {stringValue: …}}]`, of an object, or of objects in each other.
pub(super) fn plain_object(attributes: &Value) -> Object {
    let mut found = Object::new();
    match attributes {
        Value::Array(list) => {
            for pair in list {
                let key = pair.get("key").and_then(Value::as_str);
                if let Some(key) = key {
                    found.insert(
                        key.to_owned(),
                        any_value(pair.get("value").unwrap_or(&Value::Null)),
                    );
                }
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                flatten(key, value, &mut found);
            }
        }
        Value::String(text) => {
            if let Ok(object @ Value::Object(_)) = serde_json::from_str(text) {
                return plain_object(&object);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    found
}

/// Names of conventions whose parts some exporters write as objects in each other.
const NESTED: [&str; 10] =
    ["gen_ai", "openinference", "llm", "tool", "input", "output", "agent", "session", "mcp", "ai"];

fn flatten(key: &str, value: &Value, found: &mut Object) {
    let first = key.split('.').next().unwrap_or_default();
    match value {
        Value::Object(inner) if NESTED.contains(&first) && !is_any_value(inner) => {
            // What stands under a whole name is its value, not a part of names.
            found.insert(key.to_owned(), value.clone());
            for (part, value) in inner {
                flatten(&format!("{key}.{part}"), value, found);
            }
        }
        _ => drop(found.insert(key.to_owned(), plain(value))),
    }
}

pub(super) fn plain(value: &Value) -> Value {
    match value.as_object() {
        Some(object) if is_any_value(object) => any_value(value),
        _ => value.clone(),
    }
}

const KINDS: [&str; 7] = [
    "stringValue",
    "boolValue",
    "intValue",
    "doubleValue",
    "arrayValue",
    "kvlistValue",
    "bytesValue",
];

fn is_any_value(object: &Map<String, Value>) -> bool {
    object.len() == 1 && object.keys().all(|key| KINDS.contains(&key.as_str()))
}

/// OTLP's typed value, as the value.
fn any_value(value: &Value) -> Value {
    let Some((kind, held)) = value.as_object().and_then(|object| object.iter().next()) else {
        return value.clone();
    };
    match kind.as_str() {
        "intValue" => match held.as_str() {
            Some(text) => {
                text.parse::<i64>().map_or(held.clone(), |n| Value::Number(Number::from(n)))
            }
            None => held.clone(),
        },
        "arrayValue" => {
            let values = held.get("values").and_then(Value::as_array);
            Value::Array(values.into_iter().flatten().map(any_value).collect())
        }
        "kvlistValue" => Value::Object(held.get("values").map(plain_object).unwrap_or_default()),
        _ => held.clone(),
    }
}

/// What stands under `prefix.N.…`, as a list of objects: `llm.input_messages.0.message.role` and the like.
/// The numbers only say the order.
pub(super) fn indexed(attributes: &Object, prefix: &str) -> Vec<Value> {
    let mut items: BTreeMap<u64, Value> = BTreeMap::new();
    for (key, value) in attributes {
        let Some(rest) = key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        let (number, path) = rest.split_once('.').unwrap_or((rest, ""));
        let Ok(number) = number.parse() else { continue };
        put(items.entry(number).or_insert(Value::Null), path, value, 16);
    }
    items.into_values().map(|item| listed(item, 16)).collect()
}

/// Sets a value inside objects, by its dotted name.
fn put(item: &mut Value, path: &str, value: &Value, depth: usize) {
    if path.is_empty() || depth == 0 {
        if item.is_null() {
            *item = value.clone();
        }
        return;
    }
    if !item.is_object() {
        *item = Value::Object(Object::new());
    }
    let (head, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Value::Object(object) = item {
        put(object.entry(head.to_owned()).or_insert(Value::Null), rest, value, depth - 1);
    }
}

/// Objects whose names are all numbers are lists.
fn listed(item: Value, depth: usize) -> Value {
    let Value::Object(object) = item else { return item };
    if depth == 0 {
        return Value::Object(object);
    }
    let numbers: Option<Vec<u64>> = object.keys().map(|key| key.parse().ok()).collect();
    let inner = object.into_iter().map(|(key, value)| (key, listed(value, depth - 1)));
    match numbers {
        Some(numbers) if !numbers.is_empty() => {
            let mut items: Vec<_> =
                numbers.into_iter().zip(inner.map(|(_, value)| value)).collect();
            items.sort_by_key(|(number, _)| *number);
            Value::Array(items.into_iter().map(|(_, value)| value).collect())
        }
        _ => Value::Object(inner.collect()),
    }
}

/// Dates of exporters that leave out that they are UTC.
pub(in super::super) fn date_without_zone(text: &str) -> Option<Timestamp> {
    let date: jiff::civil::DateTime = text.trim_end_matches(" UTC").parse().ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(date).ok()
}

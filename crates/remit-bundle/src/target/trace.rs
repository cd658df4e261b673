//! Events of a session as Dogwood's logs write them, made up for vectors.

use std::collections::BTreeMap;

use cedar_policy::{Entities, EntityUid};
use serde_json::{Map, Value, json};

use super::derive::Assignment;
use super::values::Path;

/// When the request of a vector is made, in seconds; the past lies before.
pub(crate) const NOW: i64 = 1_800_000_000;
/// The session of all events.
const SESSION: &str = "vector-session";

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// Seconds before the request.
    pub(crate) ago: i64,
    /// The action's full text, such as `Action::"pay"`.
    pub(crate) action: String,
    pub(crate) kind: String,
    pub(crate) principal: EntityUid,
    pub(crate) resource: EntityUid,
    /// In Cedar's JSON format: `input`, `output`, `derived`.
    pub(crate) fields: Value,
    pub(crate) request: String,
    /// The context of a request, with what only it knows.
    pub(crate) context: Option<Value>,
}

/// The names of an event's fields for who called and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    pub(crate) principal: &'static str,
    pub(crate) resource: &'static str,
}

impl Event {
    /// The line of a log. `None` if Dogwood has no form for a value.
    pub(crate) fn line(&self, names: Names, entities: &Entities) -> Option<String> {
        let mut logged = self.fields.as_object()?.clone();
        logged.insert(names.principal.to_owned(), uid(&self.principal));
        logged.insert(names.resource.to_owned(), uid(&self.resource));
        logged.insert("sessionId".to_owned(), json!(SESSION));
        logged.insert("requestId".to_owned(), json!(self.request));
        let head = format!("{}::{}", self.action, self.kind);
        let logged = members(&logged)?;
        let time = NOW - self.ago;
        let Some(context) = &self.context else { return Some(format!("@{time} {head}({logged})")) };
        let mut context = context.as_object()?.clone();
        context.insert("sessionId".to_owned(), json!(SESSION));
        context.insert("requestId".to_owned(), json!(self.request));
        let scope = format!("scope(principal: {}, resource: {})", self.principal, self.resource);
        let known = [&self.principal, &self.resource].into_iter().map(|uid| known(uid, entities));
        let known = known.collect::<Option<Vec<_>>>()?.join(", ");
        let context = members(&context)?;
        Some(format!(
            "@{time} {scope} entities({known}) request_context({context}) {head}({logged})"
        ))
    }
}

fn uid(uid: &EntityUid) -> Value {
    json!({ "__entity": { "type": uid.type_name().to_string(), "id": uid.id().unescaped() } })
}

/// An entity with its attributes, and everything that it is a member of.
fn known(uid: &EntityUid, entities: &Entities) -> Option<String> {
    let json = entities.get(uid).and_then(|entity| entity.to_json_value().ok());
    let attrs = json.as_ref().and_then(|json| json.get("attrs")?.as_object().cloned());
    let mut parents: Vec<String> =
        entities.ancestors(uid).into_iter().flatten().map(ToString::to_string).collect();
    parents.sort();
    let parents =
        if parents.is_empty() { String::new() } else { format!(" in [{}]", parents.join(", ")) };
    Some(format!("{uid}: {{ {} }}{parents}", members(&attrs.unwrap_or_default())?))
}

fn members(record: &Map<String, Value>) -> Option<String> {
    let is_plain = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let member = |(name, value): (&String, &Value)| {
        is_plain(name).then(|| value_text(value).map(|text| format!("{name}: {text}")))?
    };
    Some(record.iter().map(member).collect::<Option<Vec<_>>>()?.join(", "))
}

fn value_text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(text) => Some(format!("{text:?}")),
        Value::Array(items) => {
            let items = items.iter().map(value_text).collect::<Option<Vec<_>>>()?;
            Some(format!("[{}]", items.join(", ")))
        }
        Value::Object(record) => {
            let part = |key: &str, name: &str| record.get(key)?.get(name)?.as_str();
            if let (Some(ty), Some(id)) = (part("__entity", "type"), part("__entity", "id")) {
                return Some(format!("{ty}::{id:?}"));
            }
            if let (Some("decimal"), Some(text)) = (part("__extn", "fn"), part("__extn", "arg")) {
                return Some(format!("decimal({text:?})"));
            }
            if record.contains_key("__extn") {
                return None;
            }
            Some(format!("{{ {} }}", members(record)?))
        }
        Value::Null => None,
    }
}

/// The values that a record has at some paths.
pub(crate) fn merged(mut record: Value, values: &Assignment) -> Value {
    for (path, value) in values {
        set(&mut record, path, value.clone());
    }
    record
}

fn set(record: &mut Value, path: &Path, value: Option<Value>) {
    let mut at = record;
    let Some((last, before)) = path.split_last() else { return };
    for name in before {
        let Value::Object(members) = at else { return };
        at = members.entry(name.clone()).or_insert_with(|| json!({}));
    }
    if let (Value::Object(members), Some(value)) = (at, value) {
        members.insert(last.clone(), value);
    }
}

/// What a record has at a path.
pub(crate) fn at<'v>(record: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(record, |value, name| value.get(name))
}

/// Numbers for the requests of a trace, by the variables that name them.
#[derive(Debug, Default)]
pub(crate) struct Variables(BTreeMap<String, Value>);

impl Variables {
    /// The value of a variable: the same wherever it stands.
    pub(crate) fn value(&mut self, name: &str, plain: &Value) -> Value {
        let value = match plain {
            Value::String(_) => json!(format!("some-{name}")),
            other => other.clone(),
        };
        self.0.entry(name.to_owned()).or_insert(value).clone()
    }
}

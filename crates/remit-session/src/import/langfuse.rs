//! Exports of Langfuse: `{trace, observations}` as its pages and its API give them, or an observation a line.
//!
//! The type of an observation says what it was for; where it is a mere `SPAN`, the attributes that the
//! instrumentation wrote (kept in its metadata) do. Its input and output are JSON, or text of it.

use super::builder::Warnings;
use super::json::{self, Object, text_field, within};
use super::otlp::{RawSpan, understood};
use super::said::structured;
use super::{ImportError, Source, trace};
use crate::{Place, Session};
use serde_json::Value;

const TYPES: [&str; 10] = [
    "SPAN",
    "GENERATION",
    "EVENT",
    "AGENT",
    "TOOL",
    "CHAIN",
    "RETRIEVER",
    "EVALUATOR",
    "EMBEDDING",
    "GUARDRAIL",
];

/// Whether a value is an export, or an observation.
pub(super) fn is_export(value: &Value) -> bool {
    value.get("observations").is_some_and(Value::is_array) || is_observation(value)
}

fn is_observation(value: &Value) -> bool {
    let text = |keys: &[&str]| keys.iter().find_map(|key| value.get(key)?.as_str());
    text(&["type"]).is_some_and(|kind| TYPES.contains(&kind))
        && text(&["traceId", "trace_id"]).is_some()
        && text(&["startTime", "start_time"]).is_some()
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut spans = Vec::new();
    for (place, record) in json::records(source, warnings)? {
        let lists = ["observations", "data"].into_iter();
        let list = lists.filter_map(|key| Some((key, record.get(key)?.as_array()?))).next();
        let Some((key, list)) = list else {
            observation(&record, None, &place, &mut spans, warnings);
            continue;
        };
        let trace = record.get("trace").unwrap_or(&record).as_object();
        for (index, one) in list.iter().enumerate() {
            let place = within(&place, format_args!("/{key}/{index}"));
            observation(one, trace, &place, &mut spans, warnings);
        }
    }
    let spans = spans.into_iter().map(understood).collect();
    Ok(trace::sessions(source, spans, warnings))
}

fn observation(
    value: &Value,
    trace: Option<&Object>,
    place: &Place,
    spans: &mut Vec<RawSpan>,
    warnings: &mut Warnings,
) {
    let Some(object) = value.as_object().filter(|_| is_observation(value)) else {
        return warnings.add("a record that is no observation was skipped", place.clone());
    };
    let text = |keys: &[&str]| keys.iter().find_map(|key| text_field(object, key));
    let name = text(&["name"]).unwrap_or_default();
    let kind = text(&["type"]).unwrap_or_default();
    let of_trace =
        |keys: &[&str]| trace.and_then(|t| keys.iter().find_map(|key| text_field(t, key)));
    let failed = text(&["level"]) == Some("ERROR");
    let message = text(&["statusMessage", "status_message"]).unwrap_or("the observation failed");
    let time = |keys: &[&str]| keys.iter().find_map(|key| json::timestamp(object.get(*key)));
    let mut attributes = attributes(object, kind, name);
    let conversation =
        text(&["sessionId", "session_id"]).or(of_trace(&["sessionId", "session_id"]));
    if let Some(conversation) = conversation {
        attributes.insert("session.id".to_owned(), Value::from(conversation));
    }
    spans.push(RawSpan {
        trace: text(&["traceId", "trace_id"]).unwrap_or_default().to_owned(),
        id: text(&["id"]).unwrap_or_default().to_owned(),
        parent: text(&["parentObservationId", "parent_observation_id"]).map(str::to_owned),
        name: name.to_owned(),
        start: time(&["startTime", "start_time"]),
        end: time(&["endTime", "end_time"])
            .or_else(|| time(&["startTime", "start_time"]).filter(|_| kind == "EVENT")),
        attributes,
        events: Vec::new(),
        error: failed.then(|| message.to_owned()),
        resource: Object::new(),
        place: place.clone(),
    });
}

/// The attributes of the instrumentation, with what Langfuse itself knows.
fn attributes(object: &Object, kind: &str, name: &str) -> Object {
    let metadata = object.get("metadata").map(as_json).unwrap_or_default();
    let kept = metadata.get("attributes").and_then(Value::as_object).cloned();
    let mut attributes = kept.unwrap_or_default();
    for (key, own) in [("input", "input.value"), ("output", "output.value")] {
        if let Some(value) = object.get(key).filter(|value| !value.is_null()) {
            attributes.insert(own.to_owned(), as_json(value));
        }
    }
    let kind = match kind {
        "TOOL" => "TOOL",
        "GENERATION" => "LLM",
        "AGENT" => "AGENT",
        _ => return attributes,
    };
    attributes.insert("openinference.span.kind".to_owned(), Value::from(kind));
    if let Some(name) = agent(name).filter(|_| kind == "AGENT") {
        attributes.entry("agent.name").or_insert_with(|| Value::from(name));
    }
    attributes
}

/// The agent in an observation's name; SDKs call the whole of a run an agent, too.
fn agent(name: &str) -> Option<&str> {
    let inner = name.strip_prefix("agent_run [").and_then(|name| name.strip_suffix(']'));
    let inner = inner.or_else(|| name.strip_prefix("invoke_agent ")).unwrap_or(name);
    (!inner.is_empty() && inner != "Agent workflow").then_some(inner)
}

/// What a text of JSON says; texts that are none are themselves.
fn as_json(value: &Value) -> Value {
    let text = value.as_str().map(str::trim_start).unwrap_or_default();
    let quoted = || text.starts_with('"').then(|| serde_json::from_str(text).ok()).flatten();
    structured(text).or_else(quoted).unwrap_or_else(|| value.clone())
}

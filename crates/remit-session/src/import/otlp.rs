//! Traces of OpenTelemetry, whoever wrote them.
//!
//! * OTLP as JSON, one request a document or a line (the collector's file exporter), and as protobuf: one
//!   request, or requests that follow each other under their length.
//! * Spans as objects of their own: as SDKs print them, as CloudWatch (`aws/spans`) and Phoenix export them.
//!
//! What a span was for is told by its attributes (see `meaning`): the GenAI conventions in their old and new
//! names, MCP's, OpenInference, OpenLLMetry, the Vercel AI SDK, AgentCore's gateway.
//!
//! Events that coding agents send as logs are sessions, too (see `logs`). Not here: metrics, and all other logs.

mod attributes;
mod logs;
mod meaning;
mod proto;

pub use proto::{NotOtlp, otlp_json};
pub(super) use proto::{as_json, is_request};

use super::builder::Warnings;
use super::json::{self, Object, within};
use super::trace::{self, Span};
use super::{ImportError, Source};
use crate::{Place, Session};
pub(super) use attributes::date_without_zone as utc;
use attributes::{plain, plain_object};
use jiff::Timestamp;
pub(super) use meaning::span as understood;
use serde_json::Value;

/// A span as it was written, its attributes as plain values under dotted names.
pub(super) struct RawSpan {
    pub trace: String,
    pub id: String,
    pub parent: Option<String>,
    pub name: String,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    pub attributes: Object,
    /// The attributes of each event, under the event's name.
    pub events: Vec<(String, Object)>,
    /// What the status or an exception says, if the span failed.
    pub error: Option<String>,
    pub resource: Object,
    pub place: Place,
}

/// Whether a value is a request of OTLP, or a span.
pub(super) fn is_trace(value: &Value) -> bool {
    resource_spans(value).is_some() || resource_logs(value).is_some() || is_span(value)
}

fn resource_logs(value: &Value) -> Option<&Value> {
    value.get("resourceLogs").filter(|list| list.is_array())
}

fn resource_spans(value: &Value) -> Option<(&'static str, &Value)> {
    let keys = ["resourceSpans", "resource_spans"];
    keys.into_iter().find_map(|key| Some((key, value.get(key).filter(|list| list.is_array())?)))
}

fn is_span(value: &Value) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| value.get(key).is_some());
    let id = has(&["spanId", "span_id", "spanContext", "context.span_id"])
        || value.pointer("/context/span_id").is_some();
    let time = has(&["startTimeUnixNano", "startTime", "start_time", "start_time_unix_nano"]);
    id && time
        && has(&["name"])
        && (has(&["attributes"]) || flat_attributes(value).next().is_some())
}

fn flat_attributes(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let fields = value.as_object().into_iter().flatten();
    fields.filter_map(|(key, value)| Some((key.strip_prefix("attributes.")?, value)))
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let (mut spans, mut events) = (Vec::new(), Vec::new());
    for (place, record) in json::records(source, warnings)? {
        if let Some((key, list)) = resource_spans(&record) {
            request(key, list, &place, &mut spans);
        } else if let Some(list) = resource_logs(&record) {
            let (found, others) = logs::events(list, &place, source);
            events.extend(found);
            for _ in 0..others {
                warnings
                    .add("a log record that is no coding agent's event was skipped", place.clone());
            }
        } else if let Some(span) = span(&record, &Object::new(), &place) {
            spans.push(span);
        } else {
            warnings.add("a record that is no span was skipped", place);
        }
    }
    let spans: Vec<Span> = spans.into_iter().map(understood).collect();
    let mut sessions = trace::sessions(source, spans, warnings);
    sessions.extend(logs::sessions(events, warnings));
    Ok(sessions)
}

fn request(key: &str, list: &Value, place: &Place, spans: &mut Vec<RawSpan>) {
    for (index, group) in list.as_array().into_iter().flatten().enumerate() {
        let resource = group.get("resource").and_then(|resource| resource.get("attributes"));
        let resource = resource.map(plain_object).unwrap_or_default();
        let scopes = ["scopeSpans", "scope_spans", "instrumentationLibrarySpans"];
        for scopes_key in scopes {
            let list = group.get(scopes_key).and_then(Value::as_array);
            for (at, scope) in list.into_iter().flatten().enumerate() {
                let list = scope.get("spans").and_then(Value::as_array);
                for (number, found) in list.into_iter().flatten().enumerate() {
                    let tail = format_args!("/{key}/{index}/{scopes_key}/{at}/spans/{number}");
                    spans.extend(span(found, &resource, &within(place, tail)));
                }
            }
        }
    }
}

fn span(value: &Value, resource: &Object, place: &Place) -> Option<RawSpan> {
    let first = |paths: &[&str]| {
        let found = paths.iter().find_map(|path| match path.strip_prefix('/') {
            Some(_) => value.pointer(path),
            None => value.get(path),
        });
        found.filter(|value| !value.is_null())
    };
    let text =
        |paths: &[&str]| first(paths).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id =
        text(&["spanId", "span_id", "/spanContext/spanId", "/context/span_id", "context.span_id"])?;
    let trace =
        ["traceId", "trace_id", "/spanContext/traceId", "/context/trace_id", "context.trace_id"];
    let parent = ["parentSpanId", "parent_span_id", "/parentSpanContext/spanId", "parent_id"];
    let start = ["startTimeUnixNano", "start_time_unix_nano", "startTime", "start_time"];
    let end = ["endTimeUnixNano", "end_time_unix_nano", "endTime", "end_time"];
    let mut attributes = first(&["attributes"]).map(plain_object).unwrap_or_default();
    attributes.extend(flat_attributes(value).map(|(key, value)| (key.to_owned(), plain(value))));
    let own = first(&["/resource/attributes", "resource"]).map(plain_object);
    let events = events(first(&["events"]));
    Some(RawSpan {
        trace: bare(text(&trace).unwrap_or_default()),
        id: bare(id),
        parent: text(&parent).map(bare),
        name: text(&["name"]).unwrap_or_default().to_owned(),
        start: first(&start).and_then(time),
        end: first(&end).and_then(time),
        error: error(value, &events),
        attributes,
        events,
        resource: own.unwrap_or_else(|| resource.clone()),
        place: place.clone(),
    })
}

/// Some SDKs print ids as numbers of base 16.
fn bare(id: &str) -> String {
    id.strip_prefix("0x").unwrap_or(id).to_owned()
}

fn events(list: Option<&Value>) -> Vec<(String, Object)> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let event = |event: &Value| {
        let name = event.get("name")?.as_str()?.to_owned();
        Some((name, event.get("attributes").map(plain_object).unwrap_or_default()))
    };
    list.filter_map(event).collect()
}

/// Nanoseconds since 1970 as number or text, a pair of seconds and nanoseconds, or a date.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Array(pair) => {
            let part = |at: usize| pair.get(at)?.as_i64();
            Timestamp::new(part(0)?, i32::try_from(part(1)?).ok()?).ok()
        }
        Value::String(text) => match text.parse::<i128>() {
            Ok(nanos) => Timestamp::from_nanosecond(nanos).ok().filter(|_| nanos > 0),
            Err(_) => text.parse().ok().or_else(|| utc(text)),
        },
        // Exporters that write small numbers write seconds or milliseconds.
        Value::Number(number) => match number.as_i64() {
            Some(nanos) if nanos > 100_000_000_000_000_000 => {
                Timestamp::from_nanosecond(i128::from(nanos)).ok()
            }
            _ => json::timestamp(Some(value)),
        },
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

/// What went wrong, by the status or else by an exception that was recorded.
fn error(value: &Value, events: &[(String, Object)]) -> Option<String> {
    let status = value.get("status").unwrap_or(&Value::Null);
    let code = ["code", "status_code"].iter().find_map(|key| status.get(key)).unwrap_or(status);
    let code = value.get("status_code").unwrap_or(code);
    let failed = code.as_i64() == Some(2)
        || code
            .as_str()
            .is_some_and(|word| ["ERROR", "STATUS_CODE_ERROR", "error"].contains(&word));
    let exception = events.iter().find(|(name, _)| name == "exception");
    let thrown = exception.and_then(|(_, attributes)| {
        ["exception.message", "exception.type"]
            .iter()
            .find_map(|key| attributes.get(*key)?.as_str())
    });
    let message = ["message", "description"].iter().find_map(|key| status.get(key)?.as_str());
    let message = message.filter(|message| !message.is_empty()).or(thrown);
    failed.then(|| message.unwrap_or("the span failed").to_owned())
}

//! OTLP's protobuf form of traces, and its JSON form, which everything else here reads.
//!
//! Only what a recording needs is named below; a decoder passes over fields that it does not know, and the
//! numbers of these have been stable since OTLP 1.0.

use base64::prelude::{BASE64_STANDARD, Engine};
use prost::{Message, Oneof};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// Bytes that are no request of OTLP with traces.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("these bytes are no OTLP traces: {0}")]
pub struct NotOtlp(String);

/// The JSON form of a request to export traces (`application/x-protobuf`), as the collector writes it.
///
/// # Errors
/// [`NotOtlp`] if the bytes are no such request.
pub fn otlp_json(protobuf: &[u8]) -> Result<Value, NotOtlp> {
    let request = Request::decode(protobuf).map_err(|error| NotOtlp(error.to_string()))?;
    Ok(request.json())
}

/// Whether a file's bytes are such a request, or several under their length.
pub(in super::super) fn is_request(bytes: &[u8]) -> bool {
    // A first field of the type `message`: the number 1, then its length. No text begins so.
    let plausible = |bytes: &[u8]| bytes.first() == Some(&0x0A) && bytes.len() > 8;
    let sound =
        |request: &Request| request.spans().next().is_some_and(|span| span.trace_id.len() == 16);
    if plausible(bytes) && Request::decode(bytes).is_ok_and(|request| sound(&request)) {
        return true;
    }
    let first = framed(bytes).next();
    first.is_some_and(|frame| plausible(frame) && Request::decode(frame).is_ok_and(|r| sound(&r)))
}

/// The JSON form of a file: a request a line. What is cut off is said.
pub(in super::super) fn as_json(bytes: &[u8]) -> (String, Option<&'static str>) {
    if let Ok(request) = Request::decode(bytes) {
        return (request.json().to_string(), None);
    }
    let (mut lines, mut read) = (String::new(), 0);
    for frame in framed(bytes) {
        let Ok(request) = Request::decode(frame) else { break };
        read += 4 + frame.len();
        lines += &request.json().to_string();
        lines.push('\n');
    }
    (lines, (read < bytes.len()).then_some("a request that is cut off or broken was skipped"))
}

/// Messages under a length of four bytes, as the collector's file exporter writes them.
fn framed(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (frame, after) = after.split_at_checked(length)?;
        rest = after;
        Some(frame)
    })
}

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "11")]
    events: Vec<Event>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Held", tags = "1, 2, 3, 4, 5, 6, 7")]
    held: Option<Held>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Held {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    List(Values),
    #[prost(message, tag = "6")]
    Map(Pairs),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct Values {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Pairs {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

impl Request {
    fn spans(&self) -> impl Iterator<Item = &Span> {
        self.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|scope| &scope.spans)
    }

    fn json(&self) -> Value {
        let scope = |scope: &ScopeSpans| {
            let named = scope.scope.as_ref();
            let named = named.map(|scope| json!({ "name": scope.name, "version": scope.version }));
            let spans: Vec<_> = scope.spans.iter().map(Span::json).collect();
            json!({ "scope": named.unwrap_or_else(|| json!({})), "spans": spans })
        };
        let group = |group: &ResourceSpans| {
            let resource = group.resource.as_ref();
            let resource = resource.map(|resource| pairs(&resource.attributes)).unwrap_or_default();
            let scopes: Vec<_> = group.scope_spans.iter().map(scope).collect();
            json!({ "resource": { "attributes": resource }, "scopeSpans": scopes })
        };
        json!({ "resourceSpans": self.resource_spans.iter().map(group).collect::<Vec<_>>() })
    }
}

impl Span {
    fn json(&self) -> Value {
        let event = |event: &Event| {
            json!({
                "timeUnixNano": event.time_unix_nano.to_string(),
                "name": event.name,
                "attributes": pairs(&event.attributes),
            })
        };
        let status = self.status.as_ref();
        let status = status.map(|status| json!({ "code": status.code, "message": status.message }));
        json!({
            "traceId": hex(&self.trace_id),
            "spanId": hex(&self.span_id),
            "parentSpanId": hex(&self.parent_span_id),
            "name": self.name,
            "kind": self.kind,
            "startTimeUnixNano": self.start_time_unix_nano.to_string(),
            "endTimeUnixNano": self.end_time_unix_nano.to_string(),
            "attributes": pairs(&self.attributes),
            "events": self.events.iter().map(event).collect::<Vec<_>>(),
            "status": status.unwrap_or_else(|| json!({})),
        })
    }
}

fn pairs(list: &[KeyValue]) -> Vec<Value> {
    let pair = |pair: &KeyValue| json!({ "key": pair.key, "value": any(pair.value.as_ref()) });
    list.iter().map(pair).collect()
}

/// INVARIANT (bounded): the decoder refuses messages in each other deeper than 100, so that this ends.
fn any(value: Option<&AnyValue>) -> Value {
    let Some(held) = value.and_then(|value| value.held.as_ref()) else {
        return Value::Object(Map::new());
    };
    match held {
        Held::Text(text) => json!({ "stringValue": text }),
        Held::Bool(truth) => json!({ "boolValue": truth }),
        Held::Int(number) => json!({ "intValue": number.to_string() }),
        Held::Double(number) => json!({ "doubleValue": number }),
        Held::List(list) => {
            let values: Vec<_> = list.values.iter().map(|value| any(Some(value))).collect();
            json!({ "arrayValue": { "values": values } })
        }
        Held::Map(map) => json!({ "kvlistValue": { "values": pairs(&map.values) } }),
        Held::Bytes(bytes) => json!({ "bytesValue": BASE64_STANDARD.encode(bytes) }),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        AnyValue, Event, Held, KeyValue, Pairs, Request, Resource, ResourceSpans, ScopeSpans, Span,
        Status, Values, as_json, is_request, otlp_json,
    };
    use crate::{Format, Limits, Outcome, import};
    use prost::Message;

    fn text(key: &str, value: &str) -> KeyValue {
        pair(key, Held::Text(value.to_owned()))
    }

    fn pair(key: &str, held: Held) -> KeyValue {
        KeyValue { key: key.to_owned(), value: Some(AnyValue { held: Some(held) }) }
    }

    /// A request with one span of a tool that failed.
    fn request() -> Request {
        let days = Values { values: vec![AnyValue { held: Some(Held::Int(3)) }] };
        let given = Pairs { values: vec![text("city", "Rome"), pair("days", Held::List(days))] };
        let attributes = vec![
            text("gen_ai.operation.name", "execute_tool"),
            text("gen_ai.tool.name", "weather"),
            pair("gen_ai.tool.call.arguments", Held::Map(given)),
            pair("raw", Held::Bytes(vec![1, 2])),
        ];
        let thrown = Event {
            name: "exception".to_owned(),
            attributes: vec![text("exception.message", "no route")],
            ..Event::default()
        };
        let span = Span {
            trace_id: vec![7; 16],
            span_id: vec![8; 8],
            name: "execute_tool weather".to_owned(),
            start_time_unix_nano: 1_767_225_600_000_000_000,
            end_time_unix_nano: 1_767_225_601_000_000_000,
            attributes,
            events: vec![thrown],
            status: Some(Status { code: 2, message: String::new() }),
            ..Span::default()
        };
        let resource = Resource { attributes: vec![text("service.name", "desk")] };
        let scope_spans = vec![ScopeSpans { scope: None, spans: vec![span] }];
        Request { resource_spans: vec![ResourceSpans { resource: Some(resource), scope_spans }] }
    }

    fn framed(requests: &[Vec<u8>]) -> Vec<u8> {
        let frame = |bytes: &Vec<u8>| [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat();
        requests.iter().flat_map(frame).collect()
    }

    #[test]
    fn the_binary_form_reads_as_its_json() {
        let bytes = request().encode_to_vec();
        assert!(is_request(&bytes));
        let (format, read) = import("a.pb", &bytes, None, &Limits::default()).unwrap();
        assert_eq!(format, Format::Otlp);
        let session = read.sessions.first().unwrap();
        let (_, step, call) = session.calls().next().unwrap();
        assert_eq!((call.tool.as_str(), call.outcome), ("weather", Outcome::Failed));
        assert_eq!(session.lanes.first().unwrap().agent, "desk");
        assert_eq!(step.at.unwrap().as_second(), 1_767_225_600);
        let json = otlp_json(&bytes).unwrap();
        let as_text = import("a.json", json.to_string().as_bytes(), None, &Limits::default());
        assert_eq!(as_text.unwrap().1.sessions, read.sessions);
    }

    #[test]
    fn requests_under_their_length_are_all_read_and_a_torn_one_is_said() {
        let one = request().encode_to_vec();
        let mut bytes = framed(&[one.clone(), one.clone(), one]);
        assert!(is_request(&bytes));
        assert_eq!(as_json(&bytes).0.lines().count(), 3);
        bytes.truncate(bytes.len() - 5);
        let (text, said) = as_json(&bytes);
        assert_eq!((text.lines().count(), said.is_some()), (2, true));
    }

    #[test]
    fn other_bytes_are_no_request() {
        let noise: [&[u8]; 4] = [b"\n{\"a\":1}", b"\n\n\n\n\n\n\n\n\n\n", &[0; 64], &[0x0A; 64]];
        for bytes in noise {
            assert!(!is_request(bytes), "{bytes:?}");
        }
        assert!(otlp_json(b"\xFF\xFF").is_err());
    }
}

//! MCP transcripts: the JSON-RPC messages of a client and its servers, of both eras.
//!
//! A file is JSON Lines, a list or one message; each message stands bare or in an envelope
//! `{timestamp, direction, server, message}` (`ts`, `from`, `payload`, `data` mean the same). Up to
//! revision 2025-11-25 a session begins with `initialize`: each one of the same server begins a
//! session. From 2026-07-28 nothing does, and the file is one session. The agent is called what the
//! client calls itself.
//!
//! Requests and responses belong together by id *and* by who asked: client and server count their
//! ids separately, and `1` is not `"1"`.
//!
//! A call that the server answers with `input_required` did not run: it is *unrecorded*, and the
//! repeated call with the input is a call of its own. So is a cancelled call *unrecorded*, unless a
//! result comes after all: cancelling asks a server to stop and does not say whether it did.
//!
//! Not here: resources and prompts, which are no tool calls.

mod envelope;

pub(super) use envelope::message_of;

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field, within};
use super::messages::{UNNAMED_TOOL, content_text, warn_about};
use super::{ImportError, Read, Source};
use crate::identity::{noticed_in_headers, noticed_in_meta};
use crate::{LaneIdx, Outcome, Place, Role, Session, StepIdx};
use envelope::{Envelope, Side};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) fn read(source: &Source<'_>, warnings: &mut Warnings) -> Result<Read, ImportError> {
    let mut transcript = Transcript::new(source, warnings);
    for (place, record) in json::records(source, transcript.warnings)? {
        transcript.record(&record, &place);
    }
    Ok(transcript.finish())
}

/// Whether a value is a part of a message, as the specification's examples hold them.
pub(super) fn is_part(value: &Value) -> bool {
    let Some(object) = value.as_object() else {
        return false;
    };
    is_params(object) || is_result(object) || is_tool(object) || is_error(object)
}

fn is_params(object: &Object) -> bool {
    let meta = object.get("_meta").and_then(Value::as_object);
    let keys = meta.into_iter().flat_map(|meta| meta.keys());
    object.contains_key("name")
        && keys.into_iter().any(|key| key.starts_with("io.modelcontextprotocol/"))
}

fn is_result(object: &Object) -> bool {
    let kinds = ["complete", "input_required"];
    let kind = object.get("resultType").and_then(Value::as_str);
    let tools = object.get("tools").and_then(Value::as_array);
    let tool = tools.and_then(|tools| tools.first()?.as_object());
    kind.is_some_and(|kind| kinds.contains(&kind)) || tool.is_some_and(is_tool)
}

fn is_tool(object: &Object) -> bool {
    object.contains_key("name") && object.get("inputSchema").is_some_and(Value::is_object)
}

/// JSON-RPC keeps these codes to itself.
fn is_error(object: &Object) -> bool {
    let code = object.get("code").and_then(Value::as_i64);
    let reserved = code.is_some_and(|code| (-32768..=-32000).contains(&code));
    reserved && object.contains_key("message")
}

/// Who asked, on which connection, with which id.
type RequestKey = (Option<String>, Side, String);

/// A request that waits for its response.
enum Asked {
    ToolCall(StepIdx),
    ListTools,
    Introduction,
    Other,
}

struct Transcript<'a> {
    source: &'a Source<'a>,
    warnings: &'a mut Warnings,
    done: Vec<Session>,
    manifests: Vec<Value>,
    builder: SessionBuilder,
    waiting: HashMap<RequestKey, Asked>,
    introduced: BTreeSet<Option<String>>,
    servers: BTreeMap<Option<String>, String>,
    /// The connection of each call, until the server's name is known.
    connections: Vec<(StepIdx, Option<String>)>,
}

impl<'a> Transcript<'a> {
    fn new(source: &'a Source<'a>, warnings: &'a mut Warnings) -> Transcript<'a> {
        Transcript {
            source,
            warnings,
            done: Vec::new(),
            manifests: Vec::new(),
            builder: SessionBuilder::new(source.stem(), UNKNOWN_CLIENT),
            waiting: HashMap::new(),
            introduced: BTreeSet::new(),
            servers: BTreeMap::new(),
            connections: Vec::new(),
        }
    }

    fn finish(mut self) -> Read {
        self.end_session();
        (self.done, self.manifests)
    }

    fn end_session(&mut self) {
        let next = SessionBuilder::new(self.source.stem(), UNKNOWN_CLIENT);
        let mut builder = std::mem::replace(&mut self.builder, next);
        for (call, connection) in std::mem::take(&mut self.connections) {
            let server = self.servers.get(&connection).cloned().or(connection);
            if let Some(call) = builder.call_at(call) {
                call.server = server;
            }
        }
        self.waiting.clear();
        self.introduced.clear();
        let session = builder.finish();
        if !session.steps.is_empty() {
            self.done.push(session);
        }
    }

    fn record(&mut self, record: &Value, place: &Place) {
        let Some(envelope) = Envelope::open(record, place) else {
            return self.part(record, place);
        };
        match envelope.message {
            Value::Array(batch) => {
                for (index, message) in batch.iter().enumerate() {
                    let place = within(&envelope.place, format_args!("/{index}"));
                    self.message(&Envelope { message, place, ..envelope.clone() });
                }
            }
            _ => self.message(&envelope),
        }
    }

    fn message(&mut self, envelope: &Envelope<'_>) {
        let Some(message) = envelope.message.as_object() else {
            return self.warnings.add(NO_MESSAGE, envelope.place.clone());
        };
        match (text_field(message, "method"), message.get("id").filter(|id| !id.is_null())) {
            (Some(method), Some(id)) => self.request(envelope, message, method, id),
            (Some(method), None) => self.notification(envelope, message, method),
            (None, Some(id)) => self.response(envelope, message, id),
            (None, None) => self.warnings.add(NO_MESSAGE, envelope.place.clone()),
        }
    }

    fn request(&mut self, envelope: &Envelope<'_>, message: &Object, method: &str, id: &Value) {
        let params = message.get("params");
        if method == "initialize" && !self.introduced.insert(envelope.server.clone()) {
            self.end_session();
            self.introduced.insert(envelope.server.clone());
        }
        self.learn_client(params);
        let asked = match method {
            "tools/call" => Asked::ToolCall(self.call(envelope, params)),
            "tools/list" => Asked::ListTools,
            "initialize" | "server/discover" => Asked::Introduction,
            "elicitation/create" | "sampling/createMessage" => {
                let text = params.map(asked_text).unwrap_or_default();
                self.builder.say(moment(envelope), Role::Runtime, format!("{method}: {text}"));
                Asked::Other
            }
            _ => Asked::Other,
        };
        let asker = envelope.side.unwrap_or_else(|| Side::asking(method));
        if self.waiting.insert(key(envelope, asker, id), asked).is_some() {
            self.warnings
                .add("the id of a request that still waits was used again", envelope.place.clone());
        }
    }

    fn call(&mut self, envelope: &Envelope<'_>, params: Option<&Value>) -> StepIdx {
        let params = params.and_then(Value::as_object);
        let id = envelope.message.get("id").map(id_text);
        let tool = params.and_then(|params| text_field(params, "name"));
        let new = NewCall {
            id,
            tool: tool.unwrap_or(UNNAMED_TOOL).to_owned(),
            server: None,
            arguments: arguments(params.and_then(|params| params.get("arguments"))),
        };
        warn_about(&new, &envelope.place, self.warnings);
        let step = self.builder.call(moment(envelope), new);
        self.identify(step, envelope, params);
        self.connections.push((step, envelope.server.clone()));
        step
    }

    /// Who calls and with what: by the headers that the recorder kept, else by the request itself.
    fn identify(&mut self, step: StepIdx, envelope: &Envelope<'_>, params: Option<&Object>) {
        let meta = params.and_then(|params| params.get("_meta")?.as_object());
        for noticed in [envelope.headers.map(noticed_in_headers), meta.map(noticed_in_meta)] {
            let noticed = noticed.unwrap_or_default();
            self.builder.identify(LaneIdx(0), Some(step), noticed);
        }
    }

    fn notification(&mut self, envelope: &Envelope<'_>, message: &Object, method: &str) {
        if method == "tools/call" {
            self.warnings.add(
                "a tool call has no request id and can have no result",
                envelope.place.clone(),
            );
            self.call(envelope, message.get("params"));
        }
        if method == "notifications/cancelled" {
            let reason = message.get("params").and_then(|params| params.get("reason"));
            let reason = reason.map(content_text).unwrap_or_default();
            self.builder.say(moment(envelope), Role::Runtime, format!("cancelled: {reason}"));
        }
    }

    fn response(&mut self, envelope: &Envelope<'_>, message: &Object, id: &Value) {
        let place = envelope.place.clone();
        let Some(asked) = self.asked(envelope, id) else {
            return match message.get("result").and_then(Value::as_object) {
                Some(result) => self.loose_result(envelope, result),
                None => self
                    .warnings
                    .add("a response to no request of the recording was skipped", place),
            };
        };
        match (asked, message.get("result")) {
            (Asked::ToolCall(call), result) => {
                let (text, outcome) = call_result(result, message.get("error"));
                self.builder.result(moment(envelope), Some(call), text, outcome);
            }
            (Asked::ListTools, Some(result)) => self.manifests.push(result.clone()),
            (Asked::Introduction, Some(result)) => self.learn_server(envelope, result),
            (Asked::ListTools | Asked::Introduction, None) | (Asked::Other, _) => {}
        }
    }

    /// The request that a response answers. Where nobody says who sent it, the client's request
    /// comes first: servers ask rarely.
    fn asked(&mut self, envelope: &Envelope<'_>, id: &Value) -> Option<Asked> {
        let askers = match envelope.side {
            Some(side) => vec![side.other()],
            None => vec![Side::Client, Side::Server],
        };
        askers.into_iter().find_map(|asker| self.waiting.remove(&key(envelope, asker, id)))
    }

    fn part(&mut self, part: &Value, place: &Place) {
        let bare = Envelope::bare(part, place);
        match part.as_object() {
            Some(object) if is_tool(object) => self.manifests.push(json!({ "tools": [part] })),
            Some(object) if is_result(object) => self.loose_result(&bare, object),
            Some(object) if is_params(object) || is_call(object) => {
                self.warnings.add(
                    "the parameters of a tool call stand without their request",
                    place.clone(),
                );
                let call = self.call(&bare, Some(part));
                self.learn_client(Some(part));
                if let Some(call) = self.builder.call_at(call) {
                    call.id = None;
                }
            }
            _ => self.warnings.add(NO_MESSAGE, place.clone()),
        }
    }

    /// A result whose request is not in the recording.
    fn loose_result(&mut self, envelope: &Envelope<'_>, result: &Object) {
        if result.contains_key("tools") {
            self.manifests.push(Value::Object(result.clone()));
        } else if result.contains_key("content") {
            let place = envelope.place.clone();
            self.warnings.add("a result belongs to no tool call of the recording", place);
            let (text, outcome) = result_text(result);
            self.builder.result(moment(envelope), None, text, outcome);
        }
    }

    fn learn_client(&mut self, params: Option<&Value>) {
        let inside = |path: &str| params.and_then(|params| params.pointer(path)?.as_str());
        let name = inside("/clientInfo/name")
            .or_else(|| inside("/_meta/io.modelcontextprotocol~1clientInfo/name"));
        let main = self.builder.session().lanes.first_mut();
        if let Some((name, lane)) = name.zip(main) {
            name.clone_into(&mut lane.agent);
        }
    }

    fn learn_server(&mut self, envelope: &Envelope<'_>, result: &Value) {
        let inside = |path: &str| result.pointer(path).and_then(Value::as_str);
        let name = inside("/serverInfo/name")
            .or_else(|| inside("/_meta/io.modelcontextprotocol~1serverInfo/name"));
        if let Some(name) = name {
            self.servers.insert(envelope.server.clone(), name.to_owned());
        }
    }
}

/// What an agent is called whose client does not say its name.
const UNKNOWN_CLIENT: &str = "agent";

const NO_MESSAGE: &str = "a record that is no MCP message was skipped";

fn is_call(object: &Object) -> bool {
    object.contains_key("name") && object.contains_key("arguments")
}

fn moment(envelope: &Envelope<'_>) -> Moment {
    Moment { at: envelope.at, ..Moment::at(envelope.place.clone()) }
}

fn key(envelope: &Envelope<'_>, asker: Side, id: &Value) -> RequestKey {
    (envelope.server.clone(), asker, id.to_string())
}

fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

fn asked_text(params: &Value) -> String {
    params.get("message").map_or_else(|| params.to_string(), content_text)
}

fn call_result(result: Option<&Value>, error: Option<&Value>) -> (String, Outcome) {
    match (result.and_then(Value::as_object), error) {
        (_, Some(error)) => {
            let message = error.as_object().and_then(|error| text_field(error, "message"));
            (message.map_or_else(|| error.to_string(), str::to_owned), Outcome::Failed)
        }
        (Some(result), None) => result_text(result),
        (None, None) => (String::new(), Outcome::Executed),
    }
}

fn result_text(result: &Object) -> (String, Outcome) {
    if id_field(result, "resultType").as_deref() == Some("input_required") {
        let asked = result.get("inputRequests").map(Value::to_string).unwrap_or_default();
        return (format!("input required: {asked}"), Outcome::Unrecorded);
    }
    let failed = result.get("isError").and_then(Value::as_bool) == Some(true);
    let text = result.get("content").map(content_text).unwrap_or_default();
    let structured = result.get("structuredContent").filter(|_| text.is_empty());
    let text = structured.map_or(text, Value::to_string);
    (text, if failed { Outcome::Failed } else { Outcome::Executed })
}

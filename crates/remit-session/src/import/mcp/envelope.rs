//! What recorders put around a JSON-RPC message: when it was sent, by whom, over which connection.

use super::json::{self, Object, text_field, within};
use crate::Place;
use jiff::Timestamp;
use serde_json::Value;

/// A message with what is known about its way.
#[derive(Clone)]
pub(super) struct Envelope<'a> {
    /// The message, or a batch of them.
    pub message: &'a Value,
    pub place: Place,
    pub at: Option<Timestamp>,
    /// Who sent it, if that is recorded.
    pub side: Option<Side>,
    /// The recorder's name for the connection.
    pub server: Option<String>,
    /// The headers of the HTTP request that carried it.
    pub headers: Option<&'a Object>,
}

/// An end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Client,
    Server,
}

/// Where recorders put the message itself.
const MESSAGE_KEYS: [&str; 6] = ["message", "payload", "data", "msg", "body", "raw"];

/// The JSON-RPC message, or batch, that a record is or holds.
pub(in crate::import) fn message_of(record: &Value) -> Option<(&'static str, &Value)> {
    if is_message(record) {
        return Some(("", record));
    }
    record.as_object()?;
    MESSAGE_KEYS.into_iter().find_map(|key| Some((key, record.get(key).filter(|m| is_message(m))?)))
}

fn is_message(value: &Value) -> bool {
    let is_one = |value: &Value| value.get("jsonrpc").is_some();
    is_one(value) || value.as_array().is_some_and(|batch| batch.iter().any(is_one))
}

impl<'a> Envelope<'a> {
    pub fn open(record: &'a Value, place: &Place) -> Option<Envelope<'a>> {
        let (key, message) = message_of(record)?;
        if key.is_empty() {
            return Some(Envelope::bare(message, place));
        }
        let words = record.as_object()?;
        let first = |keys: &[&str]| keys.iter().find_map(|key| words.get(*key)).cloned();
        let side =
            ["direction", "from", "sender", "source"].iter().find_map(|key| text_field(words, key));
        let server =
            ["server", "server_name", "connection"].iter().find_map(|key| text_field(words, key));
        Some(Envelope {
            message,
            place: within(place, format_args!("/{key}")),
            at: json::timestamp(first(&["timestamp", "ts", "time"]).as_ref()),
            side: side.and_then(Side::named),
            server: server.map(str::to_owned),
            headers: ["headers", "request_headers", "http_headers"]
                .iter()
                .find_map(|key| words.get(*key)?.as_object()),
        })
    }

    pub fn bare(message: &'a Value, place: &Place) -> Envelope<'a> {
        Envelope {
            message,
            place: place.clone(),
            at: None,
            side: None,
            server: None,
            headers: None,
        }
    }
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }

    /// The sender, in the words of recorders: `client`, `client->server`, `c2s`, `out`, `sent` and
    /// their opposites.
    fn named(word: &str) -> Option<Side> {
        let word = word.to_ascii_lowercase();
        let starts = |starts: &[&str]| starts.iter().any(|start| word.starts_with(start));
        if starts(&["client", "c2s", "c->s", "to_server", "to-server", "out", "sen", "request"]) {
            Some(Side::Client)
        } else if starts(&[
            "server",
            "s2c",
            "s->c",
            "to_client",
            "to-client",
            "in",
            "rec",
            "response",
        ]) {
            Some(Side::Server)
        } else {
            None
        }
    }

    /// Who sends a request with this method.
    pub fn asking(method: &str) -> Side {
        match method {
            "sampling/createMessage" | "elicitation/create" | "roots/list" => Side::Server,
            _ => Side::Client,
        }
    }
}

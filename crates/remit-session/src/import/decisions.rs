//! Logs of decisions that others took: what was asked for, and whether it was let through.
//!
//! * OPA's decision logs, bundled or a decision a line: the input says what was to be done. Its tool is what the
//!   input calls `tool`, `tool_name`, `action` or `method`, else the path of the decision.
//! * AWS CloudTrail, `{Records: […]}` or a record a line: each event is a call of its service.
//! * Verified Permissions in CloudTrail: what was asked for is the action, its principal the agent.
//!
//! What was denied was *refused*. What a decision let through is *unrecorded*: nobody says here that it ran.
//! Only CloudTrail's own events did run. Sessions are told by an id of the session in the input, or by the
//! principal; within a file all that have none are one.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field, within};
use super::messages::warn_about;
use super::{ImportError, Source};
use crate::identity::{Noticed, noticed_in_user_identity};
use crate::{Arguments, Outcome, Place, Session};
use serde_json::Value;
use std::collections::HashMap;

/// Whether a value is a decision of OPA.
pub(super) fn is_opa(value: &Value) -> bool {
    let has = |key: &str| value.get(key).is_some();
    has("decision_id")
        && (has("input") || has("result"))
        && (has("path") || has("query") || has("labels"))
}

/// Whether a value is an event of CloudTrail, or a file of them.
pub(super) fn is_cloud_trail(value: &Value) -> bool {
    let has = |value: &Value| {
        ["eventSource", "eventName", "eventTime"].iter().all(|key| value.get(key).is_some())
    };
    let first = value.get("Records").and_then(Value::as_array).and_then(|list| list.first());
    has(value) || first.is_some_and(has)
}

pub(super) fn read_opa(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut log = Log { source, warnings, sessions: Vec::new(), by_id: HashMap::new() };
    for (place, record) in json::records(source, log.warnings)? {
        match record.as_object().filter(|_| is_opa(&record)) {
            Some(decision) => log.opa(decision, place),
            None => log.warnings.add("a record that is no decision was skipped", place),
        }
    }
    Ok(log.finish())
}

pub(super) fn read_cloud_trail(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut log = Log { source, warnings, sessions: Vec::new(), by_id: HashMap::new() };
    for (place, record) in json::records(source, log.warnings)? {
        match record.get("Records").and_then(Value::as_array) {
            Some(list) => {
                for (index, event) in list.iter().enumerate() {
                    log.event(event, within(&place, format_args!("/Records/{index}")));
                }
            }
            None => log.event(&record, place),
        }
    }
    Ok(log.finish())
}

struct Log<'a> {
    source: &'a Source<'a>,
    warnings: &'a mut Warnings,
    sessions: Vec<SessionBuilder>,
    by_id: HashMap<String, usize>,
}

/// What a log says of one call.
struct Found {
    session: Option<String>,
    agent: Option<String>,
    call: NewCall,
    ended: Option<(String, Outcome)>,
}

impl Log<'_> {
    fn finish(self) -> Vec<Session> {
        self.sessions.into_iter().map(SessionBuilder::finish).collect()
    }

    fn add(&mut self, found: Found, noticed: Noticed, moment: Moment) {
        let Found { session, agent, call, ended } = found;
        let id = session.unwrap_or_else(|| self.source.stem().to_owned());
        let next = self.sessions.len();
        let at = *self.by_id.entry(id.clone()).or_insert(next);
        if at == next {
            self.sessions
                .push(SessionBuilder::new(id, agent.unwrap_or_else(|| "agent".to_owned())));
        }
        let Some(builder) = self.sessions.get_mut(at) else { return };
        warn_about(&call, &moment.place, self.warnings);
        let step = builder.call(moment.clone(), call);
        builder.identify(moment.lane, Some(step), noticed);
        if let Some((text, outcome)) = ended {
            builder.result(moment, Some(step), text, outcome);
        }
    }

    fn opa(&mut self, decision: &Object, place: Place) {
        let at = json::timestamp(decision.get("timestamp"));
        let input = decision.get("input").unwrap_or(&Value::Null);
        let text = |paths: &[&str]| {
            paths.iter().find_map(|path| input.pointer(path)?.as_str()).map(str::to_owned)
        };
        let tool = text(&[
            "/tool",
            "/tool_name",
            "/toolName",
            "/tool/name",
            "/action/name",
            "/action",
            "/params/name",
            "/method",
        ]);
        let path =
            text_field(decision, "path").or(text_field(decision, "query")).unwrap_or("decision");
        let keys =
            ["/arguments", "/args", "/parameters", "/tool_input", "/input", "/params/arguments"];
        let given = keys.iter().find_map(|path| Some((*path, input.pointer(path)?)));
        let (path_of, given) = given.filter(|(_, given)| given.is_object()).unwrap_or(("", input));
        let erased = ["erased", "masked"].iter().any(|key| {
            decision.get(*key).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
        });
        if erased {
            self.warnings.add("parts of a decision's input were erased or masked", place.clone());
        }
        let agent =
            text(&["/agent", "/agent/id", "/principal", "/principal/id", "/subject/id", "/user"]);
        let found = Found {
            session: text(&["/session_id", "/sessionId", "/session/id", "/context/session_id"])
                .or_else(|| id_field(decision, "trace_id")),
            agent: agent.or_else(|| text_field(decision, "requested_by").map(str::to_owned)),
            call: NewCall {
                id: id_field(decision, "decision_id"),
                tool: tool.unwrap_or_else(|| path.to_owned()),
                server: text(&["/server", "/mcp_server", "/resource/server"]),
                arguments: opa_arguments(decision, &format!("/input{path_of}"), given),
            },
            ended: opa_ended(decision),
        };
        self.add(found, Noticed::default(), Moment { at, ..Moment::at(place) });
    }

    fn event(&mut self, event: &Value, place: Place) {
        let Some(event) = event.as_object().filter(|_| is_cloud_trail(event)) else {
            return self.warnings.add("a record that is no event was skipped", place);
        };
        let at = json::timestamp(event.get("eventTime"));
        let source = text_field(event, "eventSource").unwrap_or_default();
        let name = text_field(event, "eventName").unwrap_or_default();
        let decides =
            source == "verifiedpermissions.amazonaws.com" && name.starts_with("IsAuthorized");
        let who = event.get("userIdentity").and_then(Value::as_object);
        let noticed = who.map(noticed_in_user_identity).unwrap_or_default();
        // Who asks whether something is authorized is not who wants to do it.
        let noticed = if decides { Noticed::default() } else { noticed };
        let found = if decides { authorized(event) } else { acted(event, source, name) };
        self.add(found, noticed, Moment { at, ..Moment::at(place) });
    }
}

/// The arguments at a place of the input; unreadable where the log leaves parts of them out, since a policy
/// would take what was left out for absent.
fn opa_arguments(decision: &Object, place: &str, given: &Value) -> Arguments {
    let lists = ["erased", "masked"].iter().filter_map(|key| decision.get(*key)?.as_array());
    let mut hidden = lists.flatten().filter_map(Value::as_str);
    let is_inside = |path: &str| {
        path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let why = if hidden.any(is_inside) {
        "parts of it were erased or masked in the log"
    } else if given.is_null() {
        "the decision log does not hold the input"
    } else {
        return arguments(Some(given));
    };
    let text = if given.is_null() { String::new() } else { given.to_string() };
    Arguments::Unreadable { text, why: why.to_owned() }
}

/// A result is a truth, or an object that holds one.
fn opa_ended(decision: &Object) -> Option<(String, Outcome)> {
    if let Some(error) = decision.get("error").filter(|error| !error.is_null()) {
        return Some((error.to_string(), Outcome::Failed));
    }
    let result = decision.get("result")?;
    let inner = ["allow", "allowed", "decision"].iter().find_map(|key| result.get(*key));
    let allowed = match inner.unwrap_or(result) {
        Value::Bool(allowed) => Some(*allowed),
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "allow" | "permit" => Some(true),
            "deny" => Some(false),
            _ => None,
        },
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    };
    (allowed == Some(false)).then(|| (result.to_string(), Outcome::Refused))
}

/// Who acted: the role's session where one was assumed, since that is a workload's run.
fn identity(event: &Object) -> (Option<String>, Option<String>) {
    let identity = event.get("userIdentity").unwrap_or(&Value::Null);
    let text = |paths: &[&str]| {
        paths.iter().find_map(|path| identity.pointer(path)?.as_str()).map(str::to_owned)
    };
    let session = text(&["/principalId", "/accessKeyId", "/arn", "/userName"]);
    let agent = text(&["/arn", "/userName", "/principalId", "/invokedBy"]);
    (session, agent)
}

fn acted(event: &Object, source: &str, name: &str) -> Found {
    let (session, agent) = identity(event);
    let code = text_field(event, "errorCode");
    let message = text_field(event, "errorMessage");
    let refused = code.is_some_and(|code| {
        ["AccessDenied", "Unauthorized", "Forbidden"].iter().any(|word| code.contains(word))
    });
    let outcome = match code {
        Some(_) if refused => Outcome::Refused,
        Some(_) => Outcome::Failed,
        None => Outcome::Executed,
    };
    let answer = event.get("responseElements").filter(|answer| !answer.is_null());
    let text = message.or(code).map(str::to_owned).or(answer.map(Value::to_string));
    Found {
        session,
        agent,
        call: NewCall {
            id: id_field(event, "eventID"),
            tool: name.to_owned(),
            server: Some(source.to_owned()),
            arguments: arguments(event.get("requestParameters")),
        },
        ended: Some((text.unwrap_or_default(), outcome)),
    }
}

fn authorized(event: &Object) -> Found {
    let (session, caller) = identity(event);
    let asked = event.get("requestParameters").unwrap_or(&Value::Null);
    let text = |path: &str| asked.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let decision = ["additionalEventData", "responseElements"]
        .iter()
        .find_map(|key| event.get(*key)?.get("decision")?.as_str());
    let denied = decision.is_some_and(|decision| decision.eq_ignore_ascii_case("deny"));
    let given =
        asked.pointer("/context/contextMap/input/record").or(asked.pointer("/context/contextMap"));
    Found {
        session: text("/principal/entityId").or(session),
        agent: text("/principal/entityId").or(caller),
        call: NewCall {
            id: id_field(event, "eventID"),
            tool: text("/action/actionId").unwrap_or_else(|| "IsAuthorized".to_owned()),
            server: text("/resource/entityId"),
            arguments: match given {
                Some(given) => arguments(Some(&typed(given, 32))),
                None => Arguments::Unreadable {
                    text: asked.to_string(),
                    why: "the event does not hold the request's context".to_owned(),
                },
            },
        },
        ended: denied.then(|| ("DENY".to_owned(), Outcome::Refused)),
    }
}

/// Values of Verified Permissions name their type: `{"string": "x"}`.
fn typed(value: &Value, depth: usize) -> Value {
    let Some((object, depth)) = value.as_object().zip(depth.checked_sub(1)) else {
        return value.clone();
    };
    let only = object.iter().next().filter(|_| object.len() == 1);
    match only {
        Some((kind, inner)) if ["string", "long", "boolean"].contains(&kind.as_str()) => {
            inner.clone()
        }
        Some((kind, Value::Array(items))) if kind == "set" => {
            Value::Array(items.iter().map(|item| typed(item, depth)).collect())
        }
        Some((kind, inner)) if kind == "record" => typed_fields(inner, depth),
        _ => typed_fields(value, depth),
    }
}

fn typed_fields(value: &Value, depth: usize) -> Value {
    let fields = value.as_object().into_iter().flatten();
    Value::Object(fields.map(|(key, value)| (key.clone(), typed(value, depth))).collect())
}

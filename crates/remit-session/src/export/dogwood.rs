//! Dogwood's event log: a `request` for each call, a `response` or an `error` for its result, in the order of
//! time.
//!
//! Agents are `Agent::"name"`, servers `Server::"name"`, tools `Action::"name"`, as in a new workspace's schema. What a
//! log cannot hold: messages, fractions of seconds, and that a call was refused rather than failed (a denied
//! action is an `error` there). Every event has a time: a session without times is left out, a step without one
//! has that of the step before. A call whose arguments could not be read is left out, too: in a log it would look
//! like a call without any.

use super::call_ids;
use crate::{Arguments, Outcome, Session, Step, StepIdx, StepKind, ToolCall};
use serde_json::Value;
use std::collections::HashMap;

/// A log, and what is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DogwoodLog {
    /// The log: an event a line.
    pub text: String,
    /// What was left out, for people: the session's id, and why.
    pub left_out: Vec<(String, &'static str)>,
}

/// The sessions as one log.
pub fn to_dogwood(sessions: &[&Session]) -> DogwoodLog {
    let mut log = DogwoodLog::default();
    let mut events: Vec<(i64, String)> = Vec::new();
    for session in sessions {
        if session.steps.iter().all(|step| step.at.is_none()) {
            log.left_out.push((session.id.clone(), "no step of it has a time"));
            continue;
        }
        let ids = call_ids(session);
        let mut before = session.steps.iter().find_map(|step| step.at);
        for (index, step) in session.steps.iter().enumerate() {
            before = step.at.or(before);
            let seconds = before.map_or(0, |at| at.as_second());
            match event(session, step, StepIdx(index as u32), &ids) {
                Ok(Some(line)) => events.push((seconds, line)),
                Ok(None) => {}
                Err(why) => log.left_out.push((session.id.clone(), why)),
            }
        }
    }
    events.sort_by_key(|(seconds, _)| *seconds);
    log.text = events.into_iter().map(|(seconds, line)| format!("@{seconds} {line}\n")).collect();
    log
}

/// The event of a step; none for what a log does not hold.
fn event(
    session: &Session,
    step: &Step,
    idx: StepIdx,
    ids: &HashMap<StepIdx, String>,
) -> Result<Option<String>, &'static str> {
    let (call_at, call, result) = match &step.kind {
        StepKind::Message { .. } => return Ok(None),
        StepKind::Call(call) => (idx, call, None),
        StepKind::Result(result) => {
            match result.call.and_then(|at| Some((at, call_at(session, at)?))) {
                Some((at, call)) => (at, call, Some(result)),
                None => return Err("a result belongs to no call"),
            }
        }
    };
    let input = match &call.arguments {
        Arguments::Object(object) => value(&Value::Object(object.clone())),
        Arguments::Unreadable { .. } if result.is_some() => return Ok(None),
        Arguments::Unreadable { .. } => return Err("the arguments of a call could not be read"),
    };
    let agent = session.agent(step.lane);
    let server = call.server.as_deref().unwrap_or("tools");
    let principal = entity("Agent", agent);
    let fields = format!(
        "sessionId: {}, requestId: {}, callerPrincipal: {principal}",
        quoted(&session.id),
        quoted(ids.get(&call_at).map_or("", |id| id))
    );
    let action = entity("Action", &call.tool);
    Ok(match result {
        None => Some(format!(
            "scope(principal: {principal}, resource: {}) request_context(input: {input}) {action}::request(input: {input}, {fields})",
            entity("Server", server)
        )),
        Some(result) => match result.outcome {
            Outcome::Executed => {
                let output = output(&result.text);
                Some(format!("{action}::response(input: {input}, output: {output}, {fields})"))
            }
            Outcome::Refused | Outcome::Failed => {
                Some(format!("{action}::error(input: {input}, {fields})"))
            }
            Outcome::Unrecorded => None,
        },
    })
}

fn call_at(session: &Session, at: StepIdx) -> Option<&ToolCall> {
    match &session.step(at)?.kind {
        StepKind::Call(call) => Some(call),
        StepKind::Message { .. } | StepKind::Result(_) => None,
    }
}

/// A result that is an object in JSON, as one, so that conditions can look into it; else its text.
fn output(text: &str) -> String {
    let object = serde_json::from_str(text).ok().filter(Value::is_object);
    // One that would read otherwise again stays a text.
    let same = |object: &Value| serde_json::to_string(object).is_ok_and(|again| again == text);
    object.filter(same).map_or_else(|| quoted(text), |object| value(&object))
}

fn entity(kind: &str, id: &str) -> String {
    format!("{kind}::{}", quoted(id))
}

fn value(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", list(items.iter().map(self::value).collect())),
        Value::Object(object) => {
            let field =
                |(key, held): (&String, &Value)| format!("{}: {}", quoted(key), self::value(held));
            format!("{{{}}}", list(object.iter().map(field).collect()))
        }
        Value::Number(number) if number.is_i64() => number.to_string(),
        Value::Number(number) => decimal(number.as_f64().unwrap_or_default()),
        Value::Bool(_) | Value::Null => value.to_string(),
    }
}

/// A log's decimals have a point, and no exponent.
fn decimal(number: f64) -> String {
    let digits = format!("{number}");
    if digits.contains('.') { digits } else { digits + ".0" }
}

/// A text in quotes. Dogwood's reader looks for brackets and `::` before it looks for texts; those of a text are
/// escaped, which says the same.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut before = ' ';
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            ':' if before == ':' => out.push_str("\\u{3a}"),
            '(' | ')' | '[' | ']' | '{' | '}' | '\u{2028}' => {
                out.extend(character.escape_unicode())
            }
            character if character.is_control() => out.extend(character.escape_unicode()),
            character => out.push(character),
        }
        before = character;
    }
    out.push('"');
    out
}

//! OpenHands: the events of a conversation, or the logs of what its model was asked.
//!
//! * *Events* (`events/event-00005-<id>.json` beside `base_state.json`, a list, or one a line): an action of
//!   the agent is a call, an observation that names it its result. An agent's error makes it *failed*, a
//!   person's or a hook's rejection *refused*. The trajectories of the first generation (`action`,
//!   `observation`, `cause`) are read likewise.
//! * *Model logs* (`llm-logs/<model>-<time>.json`) each hold the whole conversation so far and the answer to
//!   it. The logs of a folder whose conversations go on from each other are one session; each call is read
//!   once, the newest from the answer.
//!
//! Not here: what a base state says; the tools and keys of an agent are no steps.

mod events;
mod logs;

use super::builder::Warnings;
use super::claude_code::SideFile;
use super::json;
use super::{ImportError, Source};
use crate::{Place, Session};
use serde_json::Value;

/// The agent, and the server of its own tools.
const RUNTIME: &str = "openhands";

pub(crate) use logs::ends_like_log;
pub(super) use logs::is_log;

/// Whether a value is an event, or the state that stands beside events.
pub(super) fn is_event(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let has = |keys: &[&str]| keys.iter().all(|key| value.get(key).is_some());
    let source = ["agent", "user", "environment", "hook"].contains(&text("source"));
    let kind = text("kind");
    let named = kind.ends_with("Event") || kind.ends_with("Observation") || kind == "Condensation";
    (source && named && value.get("id").is_some())
        || is_first_generation(value)
        || is_state(value)
        || (kind.is_empty() && source && has(&["id", "tool_call_id", "tool_name"]))
}

fn is_first_generation(value: &Value) -> bool {
    let source = value.get("source").and_then(Value::as_str).unwrap_or_default();
    ["agent", "user", "environment"].contains(&source)
        && (value.get("action").is_some_and(Value::is_string)
            || value.get("observation").is_some_and(Value::is_string))
}

fn is_state(value: &Value) -> bool {
    ["id", "agent", "workspace", "execution_status"].iter().all(|key| value.get(key).is_some())
}

pub(super) fn read(
    source: &Source<'_>,
    side_files: &[SideFile<'_>],
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut records = json::records(source, warnings)?;
    for side in side_files {
        let place = Place::FileLine(side.path.clone(), 1);
        match json::parse_line(source, side.text) {
            Ok(record) => records.push((place, record)),
            Err(why) => warnings.add(why, place),
        }
    }
    if records.iter().any(|(_, record)| is_log(record)) {
        return Ok(logs::read(source, records, warnings));
    }
    Ok(events::read(source, records, warnings))
}

//! What importing finds out about a call, so that rules over history can join on it by equality.
//!
//! | field | from | value |
//! |---|---|---|
//! | `derived.trust` | results | `untrusted` if the schema puts the action among those of the open world (group `open_world`), else `trusted` |
//! | `derived.domain` | arguments | the host of the first address (`scheme://host…`), in lower case, without user and port |
//! | `derived.folder` | arguments | what stands before the last `/` of the first path: a text with a `/`, without spaces, that is no address |
//! | `derived.amount` | arguments | the first number that is called an amount: hundredths, unless its name says `cents` or `minor` |
//! | `derived.actor` | the call | the agent, as the recording names it |
//! | `derived.handoff` | the call | the agent that it starts: of the lane that the recording says it started, else by `transfer_to_NAME` or `subagent_type` |
//!
//! "First" is in the order of the arguments, the outer ones before those inside. What is not there has no
//! field, so that no predicate on it matches.

use dogwood_language::Value;
use remit_policy::ActionModel;
use remit_session::{Arguments, LaneKind, Session, StepIdx, ToolCall};
use serde_json::Value as Json;

/// The end of the name of the group of actions that reach outside.
const OPEN_WORLD: &str = "Action::\"open_world\"";
/// So many arguments are looked at.
const MOST_ARGUMENTS: usize = 1000;

/// `trusted`, or not.
pub(super) fn trust(action: &ActionModel) -> Value {
    let outside = action.groups.iter().any(|group| group.ends_with(OPEN_WORLD));
    Value::String(if outside { "untrusted" } else { "trusted" }.to_owned())
}

/// The fields of every event of a call, by name.
pub(super) fn derived(
    session: &Session,
    at: StepIdx,
    agent: &str,
    call: &ToolCall,
) -> Vec<(&'static str, Value)> {
    let arguments = arguments(&call.arguments);
    let texts = || arguments.iter().filter_map(|(_, value)| value.as_str());
    let text = |text: String| Value::String(text);
    let found = [
        ("domain", texts().find_map(domain).map(text)),
        ("folder", texts().find_map(folder).map(text)),
        ("amount", arguments.iter().find_map(|(name, v)| amount(name, v)).map(Value::Int)),
        ("actor", Some(text(agent.to_owned()))),
        ("handoff", handoff(session, at, call).map(text)),
    ];
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The arguments, the outer ones before those inside of them.
fn arguments(arguments: &Arguments) -> Vec<(&str, &Json)> {
    let Arguments::Object(object) = arguments else { return Vec::new() };
    let mut all: Vec<(&str, &Json)> = object.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let mut at = 0;
    while let Some((name, value)) = all.get(at).copied() {
        at += 1;
        match value {
            Json::Object(inner) => all.extend(inner.iter().map(|(k, v)| (k.as_str(), v))),
            Json::Array(items) => all.extend(items.iter().map(|v| (name, v))),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
        if all.len() > MOST_ARGUMENTS {
            break;
        }
    }
    all.truncate(MOST_ARGUMENTS);
    all
}

fn domain(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric());
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    (is_scheme && !host.is_empty()).then(|| host.to_ascii_lowercase())
}

fn folder(text: &str) -> Option<String> {
    let is_path = !text.contains("://") && !text.contains(char::is_whitespace);
    let (folder, _) = text.rsplit_once('/').filter(|_| is_path)?;
    Some(if folder.is_empty() { "/" } else { folder }.to_owned())
}

fn amount(name: &str, value: &Json) -> Option<i64> {
    let name = name.to_ascii_lowercase();
    let minor = name.contains("cents") || name.contains("minor");
    if !(minor || name.contains("amount")) {
        return None;
    }
    match (minor, value.as_i64()) {
        (true, Some(n)) => Some(n),
        (false, Some(n)) => n.checked_mul(100),
        (true, None) => None,
        (false, None) => hundredths(value.as_f64()?),
    }
}

/// Only if it is a number of hundredths.
fn hundredths(amount: f64) -> Option<i64> {
    let scaled = (amount * 100.0).round();
    let exact = (scaled / 100.0 - amount).abs() < 1e-9 && scaled.abs() < 9e15;
    exact.then_some(scaled as i64)
}

fn handoff(session: &Session, at: StepIdx, call: &ToolCall) -> Option<String> {
    let started = session.lanes.iter().find(|lane| match lane.kind {
        LaneKind::SubAgent { started_by } => started_by == Some(at),
        LaneKind::Main | LaneKind::Branch { .. } => false,
    });
    let by_argument = || match &call.arguments {
        Arguments::Object(object) => object.get("subagent_type")?.as_str(),
        Arguments::Unreadable { .. } => None,
    };
    let by_name = || call.tool.strip_prefix("transfer_to_").filter(|name| !name.is_empty());
    let started = started.map(|lane| lane.agent.as_str());
    started.or_else(by_argument).or_else(by_name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_paths_and_amounts_are_found() {
        assert_eq!(domain("https://ann@Example.ORG:8443/x?y"), Some("example.org".to_owned()));
        assert_eq!(domain("no address"), None);
        assert_eq!(domain("http://"), None);
        assert_eq!(folder("/srv/app/main.rs"), Some("/srv/app".to_owned()));
        assert_eq!(folder("/main.rs"), Some("/".to_owned()));
        assert_eq!(folder("either / or"), None);
        assert_eq!(folder("https://example.org/x"), None);
        assert_eq!(amount("amount", &json!(12)), Some(1200));
        assert_eq!(amount("amount", &json!(0.29)), Some(29));
        assert_eq!(amount("amount", &json!(0.001)), None);
        assert_eq!(amount("amount_cents", &json!(12)), Some(12));
        assert_eq!(amount("amount", &json!(i64::MAX)), None);
        assert_eq!(amount("size", &json!(12)), None);
    }
}

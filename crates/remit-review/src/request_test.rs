//! A request with its decision, in the format of `cedar run-tests`.
//!
//! As there: the decision must be the expected one, the expected reasons among the real ones, and the
//! number of failed policies the expected number.

use cedar_policy::{Context, Entities, EntityUid, Request, Schema};
use remit_policy::Layer;
use remit_replay::reference::judge;
use serde::Deserialize;
use serde_json::Value;

/// A request, and what one policy set must decide about it.
#[derive(Clone, Debug)]
pub struct RequestTest {
    /// The task whose scope decides; `None` for the guardrails.
    pub task: Option<String>,
    pub(crate) request: Request,
    pub(crate) entities: Entities,
    allow: bool,
    reasons: Vec<String>,
    errors: usize,
}

/// As it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    name: Option<String>,
    request: WrittenRequest,
    #[serde(default = "no_entities")]
    entities: Value,
    decision: WrittenDecision,
    #[serde(default)]
    reason: Vec<String>,
    #[serde(default)]
    num_errors: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRequest {
    principal: String,
    action: String,
    resource: String,
    #[serde(default = "no_context")]
    context: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenDecision {
    Allow,
    Deny,
}

fn no_entities() -> Value {
    Value::Array(Vec::new())
}

fn no_context() -> Value {
    Value::Object(serde_json::Map::new())
}

impl RequestTest {
    /// Reads one test; with its name, if it has one.
    pub(crate) fn read(
        written: &Value,
        task: Option<String>,
        schema: Option<&Schema>,
    ) -> Result<(Option<String>, Self), String> {
        let written = Written::deserialize(written).map_err(|error| error.to_string())?;
        let uid = |what: &str, text: &str| {
            text.parse::<EntityUid>().map_err(|error| format!("the {what} `{text}`: {error}"))
        };
        let WrittenRequest { principal, action, resource, context } = written.request;
        let (principal, action) = (uid("principal", &principal)?, uid("action", &action)?);
        let resource = uid("resource", &resource)?;
        let context = Context::from_json_value(context, schema.map(|schema| (schema, &action)))
            .map_err(|error| format!("the context: {error}"))?;
        let request = Request::new(principal, action, resource, context, schema)
            .map_err(|error| format!("the request: {error}"))?;
        let entities = Entities::from_json_value(written.entities, schema)
            .map_err(|error| format!("the entities: {error}"))?;
        let allow = matches!(written.decision, WrittenDecision::Allow);
        let (reasons, errors) = (written.reason, written.num_errors);
        Ok((written.name, RequestTest { task, request, entities, allow, reasons, errors }))
    }

    /// What is asserted, by the names of the fields.
    pub fn asserts(&self) -> Vec<&'static str> {
        match self.reasons.is_empty() {
            true => vec!["decision", "num_errors"],
            false => vec!["decision", "reason", "num_errors"],
        }
    }

    /// What differs, and which policies decide; an error if a request alone cannot say.
    pub(crate) fn against(&self, layer: &Layer) -> Result<(Vec<String>, Vec<String>), String> {
        let got = judge(&self.request, layer.set(), &self.entities);
        let asks_history = |id: &str| layer.policy(id).is_some_and(|p| !p.leaves.is_empty());
        if let Some(error) = got.errors.iter().find(|error| asks_history(&error.policy)) {
            return Err(format!(
                "`{}` asks the history of a session, which a request does not have; expect a call of a recording instead",
                error.policy
            ));
        }
        let word = |allow| if allow { "allow" } else { "deny" };
        if got.allow != self.allow {
            let differs = format!("expected {}, got {}", word(self.allow), word(got.allow));
            return Ok((vec![differs], got.reasons));
        }
        let mut differs = Vec::new();
        let missing: Vec<&str> = self
            .reasons
            .iter()
            .filter(|reason| !got.reasons.contains(reason))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            differs.push(format!("not decided by {}", missing.join(", ")));
        }
        if got.errors.len() != self.errors {
            let said: Vec<&str> = got.errors.iter().map(|error| error.message.as_str()).collect();
            let said =
                if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) };
            differs.push(format!(
                "expected {} failed policies, got {}{said}",
                self.errors,
                got.errors.len()
            ));
        }
        Ok((differs, got.reasons))
    }
}

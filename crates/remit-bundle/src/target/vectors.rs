//! Conformance vectors: requests with the decisions that any faithful engine must come to.
//!
//! For each policy there are requests that it decides about and such that it does not, as near to each
//! other as possible: one value differs. They are made from what the policies and the schema say, never
//! from a recording. Cedar's own authorizer has confirmed every one. A side that no request was found
//! for is in the list of what is not covered, by name.

use std::collections::BTreeMap;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityUid, PolicySet, Request, Schema,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The vectors of one store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vectors {
    /// Of this format.
    pub version: u32,
    /// Whose policies decide.
    pub store: String,
    /// What confirmed them.
    pub engine: String,
    /// All entities of all vectors, in Cedar's format.
    pub entities: Vec<Value>,
    /// In the order of the policies.
    pub vectors: Vec<Vector>,
    /// What no request was found for.
    pub uncovered: Vec<Uncovered>,
}

/// A request and what is decided about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vector {
    /// Unique in its store.
    pub name: String,
    /// The policy that it is about.
    pub policy: String,
    /// Whether the policy's condition holds.
    pub side: Side,
    /// What is asked.
    pub request: AskedRequest,
    /// What all policies together decide.
    pub decision: Decided,
    /// The determining policies, sorted.
    pub reasons: Vec<String>,
    /// Policies that fail on the request and are skipped, sorted.
    pub errors: Vec<String>,
}

/// Whether a policy's condition holds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// It holds: the policy permits, or forbids.
    Satisfied,
    /// It does not hold.
    Unsatisfied,
}

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decided {
    /// Allowed.
    Allow,
    /// Denied.
    Deny,
}

/// Who, what, on what, and with which facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AskedRequest {
    /// Who acts.
    pub principal: Uid,
    /// What is done.
    pub action: Uid,
    /// On what.
    pub resource: Uid,
    /// In Cedar's JSON format for contexts.
    pub context: Value,
}

/// An entity's type and id.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Uid {
    /// Its type.
    #[serde(rename = "type")]
    pub ty: String,
    /// Its id.
    pub id: String,
}

/// A side of a policy without a vector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uncovered {
    /// The policy.
    pub policy: String,
    /// The side.
    pub side: Side,
    /// What was tried.
    pub why: String,
}

impl Uid {
    /// Cedar's form. `None` if the type is no type name.
    pub(crate) fn to_cedar(&self) -> Option<EntityUid> {
        Some(EntityUid::from_type_name_and_id(self.ty.parse().ok()?, EntityId::new(&self.id)))
    }
}

impl From<&EntityUid> for Uid {
    fn from(uid: &EntityUid) -> Self {
        Uid { ty: uid.type_name().to_string(), id: uid.id().unescaped().to_owned() }
    }
}

impl AskedRequest {
    /// Cedar's form, checked against a schema if there is one. `None` if Cedar refuses it.
    pub(crate) fn to_cedar(&self, schema: Option<&Schema>) -> Option<Request> {
        let action = self.action.to_cedar()?;
        let typed = schema.map(|schema| (schema, &action));
        let context = Context::from_json_value(self.context.clone(), typed).ok()?;
        let (principal, resource) = (self.principal.to_cedar()?, self.resource.to_cedar()?);
        Request::new(principal, action.clone(), resource, context, schema).ok()
    }
}

/// What Cedar's authorizer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) decision: Decided,
    pub(crate) reasons: Vec<String>,
    pub(crate) errors: Vec<String>,
}

/// Asks Cedar's authorizer.
pub(crate) fn answer(request: &Request, policies: &PolicySet, entities: &Entities) -> Answer {
    let response = Authorizer::new().is_authorized(request, policies, entities);
    let mut reasons: Vec<String> =
        response.diagnostics().reason().map(ToString::to_string).collect();
    let failed = |error: &cedar_policy::AuthorizationError| match error {
        cedar_policy::AuthorizationError::PolicyEvaluationError(error) => {
            error.policy_id().to_string()
        }
    };
    let mut errors: Vec<String> = response.diagnostics().errors().map(failed).collect();
    reasons.sort();
    errors.sort();
    let decision = match response.decision() {
        Decision::Allow => Decided::Allow,
        Decision::Deny => Decided::Deny,
    };
    Answer { decision, reasons, errors }
}

impl Vectors {
    /// The vectors whose answer is another one when asked again: none, unless something was changed.
    ///
    /// # Errors
    /// If entities or a request are not in Cedar's format.
    pub fn disagreeing(&self, policies: &PolicySet) -> Result<Vec<&Vector>, String> {
        let entities = Value::Array(self.entities.clone());
        let entities =
            Entities::from_json_value(entities, None).map_err(|error| error.to_string())?;
        let mut wrong = Vec::new();
        for vector in &self.vectors {
            let request = vector.request.to_cedar(None);
            let request = request.ok_or_else(|| format!("`{}` is no request", vector.name))?;
            let got = answer(&request, policies, &entities);
            let said = (vector.decision, &vector.reasons, &vector.errors);
            if said != (got.decision, &got.reasons, &got.errors) {
                wrong.push(vector);
            }
        }
        Ok(wrong)
    }

    /// How many policies have both sides, and how many there are among those that vectors are about.
    pub(crate) fn covered(&self) -> (usize, usize) {
        let mut sides: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
        for vector in &self.vectors {
            let [satisfied, unsatisfied] = sides.entry(&vector.policy).or_default();
            match vector.side {
                Side::Satisfied => *satisfied = true,
                Side::Unsatisfied => *unsatisfied = true,
            }
        }
        for uncovered in &self.uncovered {
            sides.entry(&uncovered.policy).or_default();
        }
        (sides.values().filter(|both| **both == [true, true]).count(), sides.len())
    }
}

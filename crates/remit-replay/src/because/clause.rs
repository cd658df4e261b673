//! The clause of a scope that a call nearly met.
//!
//! Each condition of a permit is asked alone, by Cedar itself, over the same head.

use crate::reference::judge;
use cedar_policy::{Effect, Entities, Policy, PolicyId, PolicySet, Request};
use remit_policy::Layer;
use serde_json::{Value, json};

/// A permit that is about the call, and the conditions of it that do not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearestClause {
    /// The permit's id.
    pub policy: String,
    /// The conditions, as Cedar writes them; a failing one is among them.
    pub failed: Vec<String>,
    /// How many conditions it has.
    pub conditions: usize,
}

/// The permit of `layer` whose head fits the request and that has the fewest conditions that do not hold.
/// `None` where no permit is about such a request at all.
pub(super) fn nearest_clause(
    layer: &Layer,
    request: &Request,
    entities: &Entities,
) -> Option<NearestClause> {
    let permits = layer.in_force().filter(|policy| policy.effect() == Effect::Permit);
    let missed = permits.filter_map(|policy| missed(policy, request, entities));
    missed.min_by(|a, b| (a.failed.len(), &a.policy).cmp(&(b.failed.len(), &b.policy)))
}

fn missed(policy: &Policy, request: &Request, entities: &Entities) -> Option<NearestClause> {
    let holds = |policy: &Policy| {
        PolicySet::from_policies([policy.clone()])
            .is_ok_and(|set| judge(request, &set, entities).allow)
    };
    if !holds(&head_alone(policy)?) {
        return None;
    }
    let conditions = conditions_of(policy)?;
    let failed = conditions.iter().filter(|(_, alone)| !holds(alone));
    let failed = failed.map(|(text, _)| text.clone()).collect();
    let id: &str = policy.id().as_ref();
    Some(NearestClause { policy: id.to_owned(), conditions: conditions.len(), failed })
}

/// The policy without its conditions.
pub(super) fn head_alone(policy: &Policy) -> Option<Policy> {
    with_conditions(policy.to_json().ok()?, &[])
}

/// Each condition of a policy as Cedar writes it, and the policy with that condition only.
pub(super) fn conditions_of(policy: &Policy) -> Option<Vec<(String, Policy)>> {
    let whole = policy.to_json().ok()?;
    let conditions: Vec<(bool, Value)> = whole
        .get("conditions")?
        .as_array()?
        .iter()
        .filter_map(|condition| {
            let is_when = condition.get("kind")?.as_str()? == "when";
            Some((is_when, condition.get("body")?.clone()))
        })
        .flat_map(|(is_when, body)| match is_when {
            true => conjuncts(body).into_iter().map(|part| (true, part)).collect(),
            false => vec![(false, body)],
        })
        .collect();
    let kind = |is_when: bool| if is_when { "when" } else { "unless" };
    let alone = conditions.iter().filter_map(|(is_when, body)| {
        let only = [json!({ "kind": kind(*is_when), "body": body })];
        let policy = with_conditions(whole.clone(), &only)?;
        Some((condition_text(&policy), policy))
    });
    Some(alone.collect())
}

fn with_conditions(mut policy: Value, conditions: &[Value]) -> Option<Policy> {
    *policy.get_mut("conditions")? = json!(conditions);
    Policy::from_json(Some(PolicyId::new("clause")), policy).ok()
}

/// `a && b && c` as three.
fn conjuncts(body: Value) -> Vec<Value> {
    let sides = body.get("&&").and_then(|and| Some((and.get("left")?, and.get("right")?)));
    match sides {
        Some((left, right)) => {
            let mut all = conjuncts(left.clone());
            all.extend(conjuncts(right.clone()));
            all
        }
        None => vec![body],
    }
}

/// `when { … }` of a policy with one condition.
fn condition_text(policy: &Policy) -> String {
    let text = policy.to_cedar().unwrap_or_default();
    let start = ["when {", "unless {"].iter().filter_map(|word| text.find(word)).min();
    let condition = start.and_then(|start| text.get(start..)).unwrap_or(&text);
    condition.trim_end().trim_end_matches(';').trim_end().to_owned()
}

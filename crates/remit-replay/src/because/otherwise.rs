//! What would have to be different for the other decision, and which policies nearly applied.
//!
//! A forbid is lifted if one of its conditions does not hold; a permit permits if all of them do. Conditions
//! are asked alone, by Cedar itself. Smallest first: the policies with the fewest conditions in the way.
//! Policies that ask the history of the session are left out where they would have to be asked: a request
//! alone does not say what happened before.

use super::clause::{conditions_of, head_alone};
use crate::reference::{Judgement, judge};
use cedar_policy::{Effect, Entities, Policy, PolicySet, Request};
use remit_policy::Layer;

/// So many policies that nearly applied are named.
const NEAR: usize = 3;

/// What would have to be different about one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// Its id.
    pub policy: String,
    /// Whether it would have to apply, which takes all of the conditions; else it would have to not apply,
    /// for which one of them is enough.
    pub must_apply: bool,
    /// The conditions, as Cedar writes them. None: it applies to every such call.
    pub conditions: Vec<String>,
}

/// What would have to be different for `layer` to decide otherwise than `judged`.
pub fn otherwise(
    layer: &Layer,
    judged: &Judgement,
    request: &Request,
    entities: &Entities,
) -> Vec<Otherwise> {
    let nearest = |effect| nearest(layer, effect, request, entities);
    if judged.allow {
        return nearest(Effect::Forbid);
    }
    let deciding =
        layer.in_force().filter(|policy| judged.reasons.iter().any(|id| is_called(policy, id)));
    let mut found: Vec<Otherwise> = deciding.filter_map(lifted).collect();
    let permits = || layer.in_force().filter(|policy| policy.effect() == Effect::Permit);
    let may_apply =
        |policy: &Policy| asks_history(layer, policy) || applies(policy, request, entities);
    if !permits().any(may_apply) {
        found.extend(nearest(Effect::Permit));
    }
    found
}

fn asks_history(layer: &Layer, policy: &Policy) -> bool {
    layer.policy(policy.id().as_ref()).is_some_and(|source| !source.leaves.is_empty())
}

fn is_called(policy: &Policy, id: &str) -> bool {
    AsRef::<str>::as_ref(policy.id()) == id
}

fn applies(policy: &Policy, request: &Request, entities: &Entities) -> bool {
    PolicySet::from_policies([policy.clone()])
        .is_ok_and(|set| !judge(request, &set, entities).reasons.is_empty())
}

/// A policy that applies: any of its conditions would lift it.
fn lifted(policy: &Policy) -> Option<Otherwise> {
    let conditions = conditions_of(policy)?.into_iter().map(|(text, _)| text).collect();
    Some(Otherwise { policy: policy.id().to_string(), must_apply: false, conditions })
}

/// The policies of an effect that are about such a call and do not apply, the nearest first.
fn nearest(
    layer: &Layer,
    effect: Effect,
    request: &Request,
    entities: &Entities,
) -> Vec<Otherwise> {
    let is_asked = |policy: &&Policy| policy.effect() == effect && !asks_history(layer, policy);
    let of_effect = layer.in_force().filter(is_asked);
    let missed = of_effect.filter_map(|policy| {
        let about = head_alone(policy)?;
        if !applies(&about, request, entities) {
            return None;
        }
        let alone = conditions_of(policy)?.into_iter();
        let failed = alone.filter(|(_, alone)| !applies(alone, request, entities));
        let conditions: Vec<String> = failed.map(|(text, _)| text).collect();
        let policy = policy.id().to_string();
        (!conditions.is_empty()).then_some(Otherwise { policy, must_apply: true, conditions })
    });
    let mut missed: Vec<Otherwise> = missed.collect();
    missed.sort_by(|a, b| (a.conditions.len(), &a.policy).cmp(&(b.conditions.len(), &b.policy)));
    missed.truncate(NEAR);
    missed
}

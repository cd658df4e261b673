//! The plain way to decide a request: ask Cedar's own authorizer.
//!
//! This module stays as simple as it is, for good: whatever decides faster is checked against it.

use cedar_policy::{Authorizer, Decision, Effect, Entities, EvaluationError, PolicySet, Request};

/// What one policy set decides about one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether it allows.
    pub allow: bool,
    /// Ids of the determining policies, sorted.
    pub reasons: Vec<String>,
    /// Policies that failed and were skipped, sorted by id.
    pub errors: Vec<PolicyError>,
    /// Whether the decision could be the other one if the failed policies had not failed.
    pub uncertain: bool,
}

/// A policy that failed on a request. Cedar skips it, which makes a broken `forbid` look like permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyError {
    /// The policy.
    pub policy: String,
    /// What the engine says.
    pub message: String,
    /// What was not there, if it failed because of that.
    pub absent: Option<Absent>,
}

/// What a policy asked for that was not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absent {
    /// An entity, or an attribute or tag of one.
    Entity,
    /// An attribute of a record, such as the context.
    Attribute,
}

/// Decides `request` with Cedar's authorizer.
pub fn judge(request: &Request, policies: &PolicySet, entities: &Entities) -> Judgement {
    let response = Authorizer::new().is_authorized(request, policies, entities);
    let allow = response.decision() == Decision::Allow;
    let mut reasons: Vec<String> =
        response.diagnostics().reason().map(ToString::to_string).collect();
    reasons.sort();
    let mut errors: Vec<PolicyError> = response.diagnostics().errors().map(policy_error).collect();
    errors.sort();
    let uncertain = could_flip(allow, &reasons, &errors, policies);
    Judgement { allow, reasons, errors, uncertain }
}

/// A failed `forbid` could deny what is allowed; a failed `permit` could allow what no policy
/// decides. A call that a `forbid` denies stays denied whatever else would have matched.
fn could_flip(
    allow: bool,
    reasons: &[String],
    errors: &[PolicyError],
    policies: &PolicySet,
) -> bool {
    let failed =
        |effect: Effect| errors.iter().any(|e| effect_of(policies, &e.policy) == Some(effect));
    if allow { failed(Effect::Forbid) } else { reasons.is_empty() && failed(Effect::Permit) }
}

fn effect_of(policies: &PolicySet, id: &str) -> Option<Effect> {
    policies.policy(&cedar_policy::PolicyId::new(id)).map(cedar_policy::Policy::effect)
}

fn policy_error(error: &cedar_policy::AuthorizationError) -> PolicyError {
    match error {
        cedar_policy::AuthorizationError::PolicyEvaluationError(e) => {
            let absent = absent(e.inner());
            PolicyError {
                policy: e.policy_id().to_string(),
                message: e.inner().to_string(),
                absent,
            }
        }
    }
}

fn absent(error: &EvaluationError) -> Option<Absent> {
    match error {
        EvaluationError::EntityDoesNotExist(_) | EvaluationError::EntityAttrDoesNotExist(_) => {
            Some(Absent::Entity)
        }
        EvaluationError::RecordAttrDoesNotExist(_) => Some(Absent::Attribute),
        // The engine's errors are an open list; every other one is about values that are there.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::{Context, Policy, PolicyId};

    struct Case {
        policies: &'static [(&'static str, &'static str)],
        allow: bool,
        errors: &'static [&'static str],
        uncertain: bool,
    }

    const PERMIT: &str = "permit(principal, action, resource);";
    const FORBID: &str = "forbid(principal, action, resource);";
    const PERMIT_FAILS: &str = "permit(principal, action, resource) when { context.absent == 1 };";
    const FORBID_FAILS: &str = "forbid(principal, action, resource) when { context.absent == 1 };";

    #[test]
    fn errors_make_a_decision_uncertain_only_where_they_could_flip_it() {
        let case = |policies, allow, errors, uncertain| Case { policies, allow, errors, uncertain };
        let cases = [
            case(&[("p", PERMIT)], true, &[], false),
            case(&[], false, &[], false),
            case(&[("p", PERMIT), ("e", FORBID_FAILS)], true, &["e"], true),
            case(&[("p", PERMIT), ("e", PERMIT_FAILS)], true, &["e"], false),
            case(&[("e", PERMIT_FAILS)], false, &["e"], true),
            case(&[("e", FORBID_FAILS)], false, &["e"], false),
            case(&[("f", FORBID), ("e", PERMIT_FAILS)], false, &["e"], false),
        ];
        for Case { policies, allow, errors, uncertain } in cases {
            let got = judged(policies);
            let failed: Vec<&str> = got.errors.iter().map(|e| e.policy.as_str()).collect();
            assert_eq!(
                (got.allow, failed.as_slice(), got.uncertain),
                (allow, errors, uncertain),
                "{policies:?}"
            );
            assert!(got.errors.iter().all(|e| e.absent == Some(Absent::Attribute)), "{policies:?}");
        }
    }

    fn judged(policies: &[(&str, &str)]) -> Judgement {
        let policies =
            policies.iter().map(|(id, text)| Policy::parse(Some(PolicyId::new(id)), text).unwrap());
        let uid = |s: &str| s.parse().unwrap();
        let (principal, action, resource) =
            (uid("A::\"a\""), uid("Action::\"x\""), uid("R::\"r\""));
        let request = Request::new(principal, action, resource, Context::empty(), None).unwrap();
        judge(&request, &PolicySet::from_policies(policies).unwrap(), &Entities::empty())
    }
}

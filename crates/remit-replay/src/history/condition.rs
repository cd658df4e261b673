//! What can be read off a condition, without any events.

use dogwood_language::temporal_ast::{AggExprKind, Condition, ConditionKind, Term};

/// The conditions that are joined by `&&`.
pub(super) fn conjuncts(condition: &Condition) -> Vec<&Condition> {
    let mut all = Vec::new();
    let mut left = vec![condition];
    while let Some(next) = left.pop() {
        match &next.kind {
            ConditionKind::And { left: a, right: b } => left.extend([&**b, &**a]),
            _ => all.push(next),
        }
    }
    all
}

/// Whether it says of itself for which values it holds.
pub(super) fn is_positive(condition: &Condition) -> bool {
    match condition.kind {
        ConditionKind::Not { .. }
        | ConditionKind::Comparison { .. }
        | ConditionKind::Tp { .. }
        | ConditionKind::And { .. } => false,
        ConditionKind::Or { .. }
        | ConditionKind::Formerly { .. }
        | ConditionKind::Previous { .. }
        | ConditionKind::Since { .. }
        | ConditionKind::Predicate(_)
        | ConditionKind::Exists { .. }
        | ConditionKind::Call(_)
        | ConditionKind::SigilRef { .. }
        | ConditionKind::Refine { .. } => true,
    }
}

/// What stands in a condition.
enum Found<'c> {
    Term(&'c Term),
    Timepoint(&'c str),
}

/// Whether a variable of this name occurs, in whichever scope.
pub(super) fn mentions(condition: &Condition, name: &str) -> bool {
    any(condition, &|found| match found {
        Found::Timepoint(variable) => variable == name,
        Found::Term(Term::Var(variable)) => variable == name,
        Found::Term(term) => matches!(
            term,
            Term::Array(_) | Term::Arith { .. } | Term::ParamRef(_) | Term::BinderRef(_)
        ),
    })
}

/// Whether a condition asks for an attribute of principal or resource.
pub(super) fn reads_entities(condition: &Condition) -> bool {
    let reads =
        |found: Found<'_>| matches!(found, Found::Term(Term::ScopeField(path)) if path.len() > 1);
    any(condition, &reads)
}

/// Whether something is so of anything in a condition. A macro that is not expanded can hold all things.
fn any(condition: &Condition, is: &dyn Fn(Found<'_>) -> bool) -> bool {
    match &condition.kind {
        ConditionKind::And { left, right }
        | ConditionKind::Or { left, right }
        | ConditionKind::Since { left, right, .. } => any(left, is) || any(right, is),
        ConditionKind::Not { inner: body }
        | ConditionKind::Formerly { body, .. }
        | ConditionKind::Previous { body, .. }
        | ConditionKind::Exists { body, .. } => any(body, is),
        ConditionKind::Predicate(predicate) => {
            predicate.args.iter().any(|arg| any_term(&arg.value, is))
        }
        ConditionKind::Comparison { left, right, .. } => any_term(left, is) || any_term(right, is),
        ConditionKind::Tp { var } => is(Found::Timepoint(var.name())),
        ConditionKind::Call(_) | ConditionKind::SigilRef { .. } | ConditionKind::Refine { .. } => {
            true
        }
    }
}

fn any_term(term: &Term, is: &dyn Fn(Found<'_>) -> bool) -> bool {
    let within = match term {
        Term::Agg(agg) => match &agg.kind {
            AggExprKind::Sum { body, .. } | AggExprKind::Count { body, .. } => any(body, is),
            AggExprKind::Call(_) => true,
        },
        Term::Array(items) => items.iter().any(|item| any_term(item, is)),
        Term::Arith { left, right, .. } => any_term(left, is) || any_term(right, is),
        Term::Entity { .. }
        | Term::Integer(_)
        | Term::Decimal(_)
        | Term::String(_)
        | Term::Bool(_)
        | Term::ContextField(_)
        | Term::ScopeField(_)
        | Term::Var(_)
        | Term::Wildcard
        | Term::ParamRef(_)
        | Term::BinderRef(_) => false,
    };
    within || is(Found::Term(term))
}

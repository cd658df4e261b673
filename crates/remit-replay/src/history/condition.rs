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

/// Whether a variable of this name occurs, in whichever scope.
pub(super) fn mentions(condition: &Condition, name: &str) -> bool {
    let term = |t: &Term| term_mentions(t, name);
    match &condition.kind {
        ConditionKind::And { left, right } | ConditionKind::Or { left, right } => {
            mentions(left, name) || mentions(right, name)
        }
        ConditionKind::Since { left, right, .. } => mentions(left, name) || mentions(right, name),
        ConditionKind::Not { inner } => mentions(inner, name),
        ConditionKind::Formerly { body, .. }
        | ConditionKind::Previous { body, .. }
        | ConditionKind::Exists { body, .. } => mentions(body, name),
        ConditionKind::Predicate(p) => p.args.iter().any(|arg| term(&arg.value)),
        ConditionKind::Comparison { left, right, .. } => term(left) || term(right),
        ConditionKind::Tp { var } => var.name() == name,
        ConditionKind::Call(_) | ConditionKind::SigilRef { .. } | ConditionKind::Refine { .. } => {
            true
        }
    }
}

fn term_mentions(term: &Term, name: &str) -> bool {
    match term {
        Term::Var(var) => var == name,
        Term::Agg(agg) => match &agg.kind {
            AggExprKind::Sum { body, .. } | AggExprKind::Count { body, .. } => mentions(body, name),
            AggExprKind::Call(_) => true,
        },
        Term::Array(_) | Term::Arith { .. } | Term::ParamRef(_) | Term::BinderRef(_) => true,
        Term::Entity { .. }
        | Term::Integer(_)
        | Term::Decimal(_)
        | Term::String(_)
        | Term::Bool(_)
        | Term::ContextField(_)
        | Term::ScopeField(_)
        | Term::Wildcard => false,
    }
}

/// Whether a condition asks for an attribute of principal or resource.
pub(super) fn reads_entities(condition: &Condition) -> bool {
    match &condition.kind {
        ConditionKind::And { left, right }
        | ConditionKind::Or { left, right }
        | ConditionKind::Since { left, right, .. } => reads_entities(left) || reads_entities(right),
        ConditionKind::Not { inner: body }
        | ConditionKind::Formerly { body, .. }
        | ConditionKind::Previous { body, .. }
        | ConditionKind::Exists { body, .. } => reads_entities(body),
        ConditionKind::Predicate(predicate) => {
            predicate.args.iter().any(|arg| term_reads_entities(&arg.value))
        }
        ConditionKind::Comparison { left, right, .. } => {
            term_reads_entities(left) || term_reads_entities(right)
        }
        ConditionKind::Tp { .. } => false,
        ConditionKind::Call(_) | ConditionKind::SigilRef { .. } | ConditionKind::Refine { .. } => {
            true
        }
    }
}

fn term_reads_entities(term: &Term) -> bool {
    match term {
        Term::ScopeField(path) => path.len() > 1,
        Term::Agg(agg) => match &agg.kind {
            AggExprKind::Sum { body, .. } | AggExprKind::Count { body, .. } => reads_entities(body),
            AggExprKind::Call(_) => true,
        },
        Term::Array(items) => items.iter().any(term_reads_entities),
        Term::Arith { left, right, .. } => term_reads_entities(left) || term_reads_entities(right),
        Term::Entity { .. }
        | Term::Integer(_)
        | Term::Decimal(_)
        | Term::String(_)
        | Term::Bool(_)
        | Term::ContextField(_)
        | Term::Var(_)
        | Term::Wildcard
        | Term::ParamRef(_)
        | Term::BinderRef(_) => false,
    }
}

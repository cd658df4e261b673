//! What a leaf says, apart from where it is written: the key that equal leaves share.

use dogwood_language::TemporalField;
use dogwood_language::dummy_span;
use dogwood_language::temporal_ast::{
    AggExpr, AggExprKind, Condition, ConditionKind, Interval, Term, TimeUnit, WithinSpec,
};
use sha2::{Digest as _, Sha256};

use super::LEAF_PREFIX;

/// The attribute of the context that holds the value of a leaf: the same for leaves that ask the
/// same (pins included) for the same actions, of events with the same schema.
#[must_use]
pub fn leaf_name(field: &TemporalField, event_schema: &str) -> String {
    let mut condition = field.condition.condition.clone();
    forget_places(&mut condition);
    // The derived form of a tree without places quotes its strings, so different trees differ.
    let key = format!("{condition:?}\n{:?}\n{event_schema}", field.target_actions);
    let digest = Sha256::digest(key.as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{LEAF_PREFIX}{hex}")
}

fn forget_places(condition: &mut Condition) {
    condition.span = dummy_span();
    match &mut condition.kind {
        ConditionKind::And { left, right } | ConditionKind::Or { left, right } => {
            forget_places(left);
            forget_places(right);
        }
        ConditionKind::Since { left, right, within } => {
            in_seconds(within);
            forget_places(left);
            forget_places(right);
        }
        ConditionKind::Formerly { body, within } | ConditionKind::Previous { body, within } => {
            in_seconds(within);
            forget_places(body);
        }
        ConditionKind::Not { inner: body } | ConditionKind::Exists { body, .. } => {
            forget_places(body);
        }
        ConditionKind::Predicate(predicate) => {
            predicate.span = dummy_span();
            for argument in &mut predicate.args {
                forget_places_of_term(&mut argument.value);
            }
        }
        ConditionKind::Comparison { left, right, .. } => {
            forget_places_of_term(left);
            forget_places_of_term(right);
        }
        // Macros are expanded before anybody asks for a leaf.
        ConditionKind::Tp { .. }
        | ConditionKind::Call(_)
        | ConditionKind::SigilRef { .. }
        | ConditionKind::Refine { .. } => {}
    }
}

/// `1m` and `60s` are one window.
fn in_seconds(within: &mut WithinSpec) {
    if let WithinSpec::Concrete(interval) = within {
        *interval = Interval { amount: interval.seconds(), unit: TimeUnit::Seconds };
    }
}

fn forget_places_of_term(term: &mut Term) {
    match term {
        Term::Agg(aggregate) => forget_places_of_aggregate(aggregate),
        Term::Array(items) => items.iter_mut().for_each(forget_places_of_term),
        Term::Arith { left, right, .. } => {
            forget_places_of_term(left);
            forget_places_of_term(right);
        }
        _ => {}
    }
}

fn forget_places_of_aggregate(aggregate: &mut AggExpr) {
    aggregate.span = dummy_span();
    match &mut aggregate.kind {
        AggExprKind::Sum { body, .. } | AggExprKind::Count { body, .. } => forget_places(body),
        AggExprKind::Call(_) => {}
    }
}

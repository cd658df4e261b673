//! Where in a policy something stands: walks over conditions, and the token that a message names.

use std::ops::Range;

use dogwood_language::temporal_ast::{AggExprKind, Condition, ConditionKind, Predicate, Term};

/// Visits every predicate of a condition, those of counts and sums included.
pub(super) fn predicates(condition: &Condition, visit: &mut impl FnMut(&Predicate)) {
    walk(condition, &mut |condition| {
        if let ConditionKind::Predicate(predicate) = &condition.kind {
            visit(predicate);
        }
    });
}

/// Visits a condition and everything inside it, outer ones first.
pub(super) fn walk(condition: &Condition, visit: &mut impl FnMut(&Condition)) {
    visit(condition);
    match &condition.kind {
        ConditionKind::And { left, right }
        | ConditionKind::Or { left, right }
        | ConditionKind::Since { left, right, .. } => {
            walk(left, visit);
            walk(right, visit);
        }
        ConditionKind::Not { inner: body }
        | ConditionKind::Formerly { body, .. }
        | ConditionKind::Previous { body, .. }
        | ConditionKind::Exists { body, .. } => walk(body, visit),
        ConditionKind::Comparison { left, right, .. } => {
            walk_term(left, visit);
            walk_term(right, visit);
        }
        ConditionKind::Predicate(_)
        | ConditionKind::Tp { .. }
        | ConditionKind::Call(_)
        | ConditionKind::SigilRef { .. }
        | ConditionKind::Refine { .. } => {}
    }
}

fn walk_term(term: &Term, visit: &mut impl FnMut(&Condition)) {
    term.for_each_operand_agg(&mut |aggregate| match &aggregate.kind {
        AggExprKind::Sum { body, .. } | AggExprKind::Count { body, .. } => walk(body, visit),
        AggExprKind::Call(_) => {}
    });
}

/// The part of a span that a message names in backticks, if it is written there; Dogwood often
/// points at a whole condition for one wrong word.
pub(super) fn narrowed(text: &str, span: Range<usize>, message: &str) -> Range<usize> {
    let inside = text.get(span.clone()).unwrap_or_default();
    let parts: Vec<_> = message.split('`').collect();
    let named = || parts.iter().copied().skip(1).step_by(2);
    // A message about a field names the predicate first.
    let field = parts.iter().position(|part| part.ends_with("field "));
    let field = field.and_then(|before| parts.get(before + 1)).copied();
    let place = field.into_iter().chain(named()).find_map(|name| word(inside, name));
    place.map_or(span.clone(), |place| span.start + place.start..span.start + place.end)
}

/// The first place where a name stands alone.
fn word(text: &str, name: &str) -> Option<Range<usize>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let starts = |place: usize| !text.get(..place).is_some_and(|before| before.ends_with(is_part));
    let ends = |place: usize| !text.get(place..).is_some_and(|after| after.starts_with(is_part));
    let mut places = text.match_indices(name).map(|(start, _)| start..start + name.len());
    places.find(|place| !name.is_empty() && starts(place.start) && ends(place.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_message_is_found_as_a_whole_word() {
        let text = "a{ input.too: 1, input.to: 2 }";
        assert_eq!(narrowed(text, 0..text.len(), "no field `input.to`"), 17..25);
        assert_eq!(narrowed(text, 0..text.len(), "no field `x` or `` here"), 0..text.len());
    }
}

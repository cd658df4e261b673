//! The conditions of a policy one by one: each conjunct of a `when`, each alternative of an `unless`.
//!
//! Both are what a policy needs *all* of, so that each can be looked at alone, and left out alone.

use std::ops::Range;

use super::parse;
use super::syntax::{Expression, Kind, Operator, Policy};

/// A policy taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// Effect and head, as written.
    head: String,
    /// The conditions, in the order in which they are written.
    pub conditions: Vec<Condition>,
}

/// Something that a policy needs to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its bytes in the policy's text.
    pub span: Range<usize>,
    /// Whether it is needed not to hold.
    pub is_unless: bool,
    text: String,
}

/// Takes the text of one policy apart; `None` where a part of it is missing, or is not Cedar.
#[must_use]
pub fn conditions(text: &str) -> Option<Conditions> {
    let policies = parse::policies(text);
    let [policy] = policies.as_slice() else { return None };
    let (_, effect) = policy.effect.as_ref()?;
    let head = policy.head.as_ref().filter(|head| head.is_closed)?;
    let head = text.get(effect.start..head.span.end)?.to_owned();
    Some(Conditions { head, conditions: of(text, policy)? })
}

fn of(text: &str, policy: &Policy) -> Option<Vec<Condition>> {
    let mut found = Vec::new();
    for clause in &policy.clauses {
        let joint = if clause.is_unless { Operator::Or } else { Operator::And };
        for part in parts(clause.condition.as_ref().filter(|_| clause.is_closed)?, joint) {
            let (span, is_unless) = (part.span.clone(), clause.is_unless);
            found.push(Condition { text: text.get(span.clone())?.to_owned(), span, is_unless });
        }
    }
    Some(found)
}

/// The operands of the outermost operators of this kind, parentheses around them seen through.
fn parts(expression: &Expression, joint: Operator) -> Vec<&Expression> {
    match &expression.inner().kind {
        Kind::Binary { operator, left, right, .. } if *operator == joint => {
            [parts(left, joint), parts(right, joint)].concat()
        }
        _ => vec![expression],
    }
}

impl Conditions {
    /// The policy with one of its conditions only.
    #[must_use]
    pub fn only(&self, position: usize) -> String {
        self.with(|at| at == position)
    }

    /// The policy without one of its conditions.
    #[must_use]
    pub fn without(&self, position: usize) -> String {
        self.with(|at| at != position)
    }

    fn with(&self, is_kept: impl Fn(usize) -> bool) -> String {
        let kept = self.conditions.iter().enumerate().filter(|(at, _)| is_kept(*at));
        let clauses = kept.map(|(_, condition)| {
            let word = if condition.is_unless { "unless" } else { "when" };
            format!("\n{word} {{ {} }}", condition.text)
        });
        let clauses: String = clauses.collect();
        format!("{}{clauses};", self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_all_of_its_conditions() {
        let text = "@id(\"a\") permit (principal, action, resource) when { a == 1 && (b == 2 && c) }\n\
                    unless { d || e && f } when { g || h };";
        let taken = conditions(text).unwrap();
        let parts: Vec<&str> =
            taken.conditions.iter().map(|c| text.get(c.span.clone()).unwrap()).collect();
        assert_eq!(parts, ["a == 1", "b == 2", "c", "d", "e && f", "g || h"]);
        let only = "permit (principal, action, resource)\nunless { e && f };";
        assert_eq!(taken.only(4), only);
        assert!(!taken.without(1).contains("b == 2") && taken.without(1).contains("{ c }"));
    }

    #[test]
    fn what_is_half_written_is_not_taken_apart() {
        for text in ["permit (principal", "permit (principal, action, resource) when { true", ""] {
            assert_eq!(conditions(text), None, "{text}");
        }
        let temporal = "permit (principal, action, resource) when temporal { formerly (x) };";
        assert_eq!(conditions(temporal), None);
    }
}

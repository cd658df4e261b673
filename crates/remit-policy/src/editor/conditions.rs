//! The conditions of a policy one by one: each conjunct of a `when`, each alternative of an `unless`.
//!
//! Both are what a policy needs *all* of, so that each can be looked at alone, and left out alone.

use std::ops::Range;

use cedar_policy::Effect;

use super::parse;
use super::syntax::{Expression, Kind, Operator, Policy};

/// A policy taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// What stands before the effect: annotations.
    annotations: String,
    effect: Effect,
    /// What stands between the parentheses, with them.
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
    /// Whether it is about history: a whole clause, which is not taken apart.
    pub is_temporal: bool,
    /// What stands there.
    pub text: String,
}

/// Takes the text of one policy apart; `None` where a part of it is missing, or is not Cedar.
#[must_use]
pub fn conditions(text: &str) -> Option<Conditions> {
    let taken = all_conditions(text)?;
    taken.conditions.iter().all(|condition| !condition.is_temporal).then_some(taken)
}

/// The same, with the clauses that are about history; `None` where a part of it is missing.
#[must_use]
pub fn all_conditions(text: &str) -> Option<Conditions> {
    let policies = parse::policies(text);
    let [policy] = policies.as_slice() else { return None };
    let (effect, place) = policy.effect.as_ref()?;
    let head = policy.head.as_ref().filter(|head| head.is_closed)?;
    Some(Conditions {
        annotations: text.get(..place.start)?.to_owned(),
        effect: *effect,
        head: text.get(place.end..head.span.end)?.to_owned(),
        conditions: of(text, policy)?,
    })
}

fn of(text: &str, policy: &Policy) -> Option<Vec<Condition>> {
    let mut found = Vec::new();
    for clause in &policy.clauses {
        let body = clause.body.clone().filter(|_| clause.is_closed)?;
        let joint = if clause.is_unless { Operator::Or } else { Operator::And };
        let (spans, is_temporal) = match &clause.condition {
            Some(condition) => {
                (parts(condition, joint).into_iter().map(|part| part.span.clone()).collect(), false)
            }
            None => (vec![trimmed(text, body)?], true),
        };
        let is_unless = clause.is_unless;
        for span in spans {
            let text = text.get(span.clone())?.to_owned();
            found.push(Condition { span, is_unless, is_temporal, text });
        }
    }
    Some(found)
}

/// A span without the white space at its ends.
fn trimmed(text: &str, span: Range<usize>) -> Option<Range<usize>> {
    let inner = text.get(span.clone())?;
    let start = span.start + (inner.len() - inner.trim_start().len());
    Some(start..start + inner.trim().len())
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

    /// What the policy could be by one mistake, under the same annotations: each condition left out or
    /// turned round, and a permit for a forbid.
    #[must_use]
    pub fn mutants(&self) -> Vec<Mutant> {
        let whole = |effect, conditions: &[Option<Condition>]| {
            let clauses: String = conditions.iter().flatten().map(Condition::clause).collect();
            format!("{}{}{}{clauses};", self.annotations, word(effect), self.head)
        };
        let all: Vec<Option<Condition>> = self.conditions.iter().cloned().map(Some).collect();
        let changed = |at: usize, to: Option<Condition>| {
            let mut conditions = all.clone();
            conditions.get_mut(at).into_iter().for_each(|place| *place = to.clone());
            whole(self.effect, &conditions)
        };
        let mut mutants = Vec::new();
        for (at, condition) in self.conditions.iter().enumerate() {
            let turned = Condition { is_unless: !condition.is_unless, ..condition.clone() };
            mutants.push(Mutant { kind: MutantKind::LeftOut(at), text: changed(at, None) });
            mutants.push(Mutant { kind: MutantKind::Turned(at), text: changed(at, Some(turned)) });
        }
        let other = match self.effect {
            Effect::Permit => Effect::Forbid,
            Effect::Forbid => Effect::Permit,
        };
        mutants.push(Mutant { kind: MutantKind::Swapped, text: whole(other, &all) });
        mutants
    }

    fn with(&self, is_kept: impl Fn(usize) -> bool) -> String {
        let kept = self.conditions.iter().enumerate().filter(|(at, _)| is_kept(*at));
        let clauses: String = kept.map(|(_, condition)| condition.clause()).collect();
        format!("{}{}{clauses};", word(self.effect), self.head)
    }
}

impl Condition {
    /// As a clause of its own.
    fn clause(&self) -> String {
        let word = if self.is_unless { "unless" } else { "when" };
        let temporal = if self.is_temporal { "temporal " } else { "" };
        // A comment at the end must not swallow the brace.
        format!("\n{word} {temporal}{{ {}\n}}", self.text)
    }
}

/// A policy with one mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// The mistake.
    pub kind: MutantKind,
    /// The whole policy.
    pub text: String,
}

/// One mistake in a policy; conditions are named by their position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MutantKind {
    /// The condition is missing.
    LeftOut(usize),
    /// The condition must not hold where it must, or the other way round.
    Turned(usize),
    /// It permits what it should forbid, or the other way round.
    Swapped,
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
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
        let only = "permit (principal, action, resource)\nunless { e && f\n};";
        assert_eq!(taken.only(4), only);
        assert!(!taken.without(1).contains("b == 2") && taken.without(1).contains("{ c\n}"));
    }

    #[test]
    fn mutants_are_policies_with_one_mistake() {
        let text = "@id(\"a\")\nforbid (principal, action, resource) when { a && b } unless temporal { formerly (x) };";
        let taken = all_conditions(text).unwrap();
        let (a, b, x) = ("when { a\n}", "when { b\n}", "unless temporal { formerly (x)\n}");
        let mutant = |kind, effect: &str, clauses: &[&str]| {
            let clauses = clauses.join("\n");
            let text = format!("@id(\"a\")\n{effect} (principal, action, resource)\n{clauses};");
            Mutant { kind, text }
        };
        let expected = [
            mutant(MutantKind::LeftOut(0), "forbid", &[b, x]),
            mutant(MutantKind::Turned(0), "forbid", &["unless { a\n}", b, x]),
            mutant(MutantKind::LeftOut(1), "forbid", &[a, x]),
            mutant(MutantKind::Turned(1), "forbid", &[a, "unless { b\n}", x]),
            mutant(MutantKind::LeftOut(2), "forbid", &[a, b]),
            mutant(MutantKind::Turned(2), "forbid", &[a, b, "when temporal { formerly (x)\n}"]),
            mutant(MutantKind::Swapped, "permit", &[a, b, x]),
        ];
        assert_eq!(taken.mutants(), expected);
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

//! A policy's conditions as trees of what is asked in them, so that each part can be looked at alone.

use std::ops::Range;

use super::parse;
use super::syntax::{Expression, Kind, Operator};

/// Deeper parts are shown with what they are part of.
const DEPTH_MAX: usize = 24;

/// One clause: `when` or `unless`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseParts {
    /// Whether it is needed not to hold.
    pub is_unless: bool,
    /// What it asks; `None` for a condition over history.
    pub whole: Option<Part>,
}

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its bytes in the policy's text.
    pub span: Range<usize>,
    /// How its parts make it.
    pub joint: Joint,
    /// What it is made of, as far as that is not written out.
    pub parts: Vec<Part>,
}

/// How the parts of a condition make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// `&&`: the second part is only asked if the first holds.
    And,
    /// `||`: the second part is only asked if the first does not hold.
    Or,
    /// `if`, `then`, `else`: one of the last two is asked.
    If,
    /// Anything else: all of its parts are asked.
    All,
}

/// The clauses of a policy; `None` where a part of it is missing.
#[must_use]
pub fn clause_parts(text: &str) -> Option<Vec<ClauseParts>> {
    let policies = parse::policies(text);
    let [policy] = policies.as_slice() else { return None };
    let clauses = policy.clauses.iter().map(|clause| {
        let whole = clause.condition.as_ref().map(|condition| part(condition, 0));
        clause.is_closed.then_some(ClauseParts { is_unless: clause.is_unless, whole })
    });
    clauses.collect()
}

fn part(expression: &Expression, depth: usize) -> Part {
    let expression = expression.inner();
    let (joint, parts): (Joint, Vec<&Expression>) = match &expression.kind {
        Kind::Binary { operator, left, right, .. } => {
            let joint = match operator {
                Operator::And => Joint::And,
                Operator::Or => Joint::Or,
                _ => Joint::All,
            };
            (joint, vec![left, right])
        }
        Kind::Not(of) | Kind::Negative(of) => (Joint::All, vec![of]),
        Kind::Has { of, .. } | Kind::Is { of, .. } => (Joint::All, vec![of]),
        Kind::If { test, yes, no } => (Joint::If, vec![test, yes, no]),
        Kind::Method { of, arguments, .. } => {
            (Joint::All, std::iter::once(&**of).chain(arguments).collect())
        }
        _ => (Joint::All, Vec::new()),
    };
    let parts = match joint {
        Joint::All => parts.into_iter().filter(|of| !is_written_out(of)).collect(),
        Joint::And | Joint::Or | Joint::If => parts,
    };
    let parts: Vec<Part> = match depth {
        DEPTH_MAX.. => Vec::new(),
        depth => parts.into_iter().map(|of| part(of, depth + 1)).collect(),
    };
    Part { span: expression.span.clone(), joint, parts }
}

/// Whether its value is what stands there.
fn is_written_out(expression: &Expression) -> bool {
    match &expression.inner().kind {
        Kind::Bool | Kind::Number | Kind::Text | Kind::Entity { .. } | Kind::Slot => true,
        Kind::Call { arguments, .. } => arguments.iter().all(is_written_out),
        Kind::Set(items) => items.iter().all(is_written_out),
        Kind::Negative(of) => is_written_out(of),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_tree_of_what_is_asked() {
        let text = "forbid (principal, action, resource) when { (a || !b) && context.n > 3 } \
                    unless { [\"x\"].contains(c.d) };";
        let clauses = clause_parts(text).unwrap();
        let shown = |part: &Part| text.get(part.span.clone()).unwrap().to_owned();
        let first = clauses.first().and_then(|clause| clause.whole.as_ref()).unwrap();
        let parts: Vec<String> = first.parts.iter().map(shown).collect();
        assert_eq!(
            (first.joint, parts),
            (Joint::And, vec!["a || !b".into(), "context.n > 3".into()])
        );
        let compared = first.parts.get(1).unwrap();
        assert_eq!(compared.parts.iter().map(shown).collect::<Vec<_>>(), ["context.n"]);
        let second = clauses.get(1).and_then(|clause| clause.whole.as_ref()).unwrap();
        assert_eq!(second.parts.iter().map(shown).collect::<Vec<_>>(), ["c.d"]);
    }
}

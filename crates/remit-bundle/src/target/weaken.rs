//! Says a condition in the words of another point, and errs toward deny where it has none.
//!
//! A `permit` may only permit less, a `forbid` may only forbid more. So the smallest part of a condition
//! that cannot be said becomes the constant that makes it so, and is named.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy::pst::{BinaryOp, Clause, Effect, Expr, Literal, Template, UnaryOp};

/// Translates the smallest parts of conditions: those without `&&`, `||`, `!` and `if`.
pub(crate) type Atom<'a> = dyn Fn(&Expr) -> Result<Expr, String> + 'a;

/// Conditions in other words, and what could not be said.
pub(crate) struct Weakened {
    pub(crate) clauses: Vec<Clause>,
    pub(crate) losses: Vec<String>,
}

/// What a part that cannot be said becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Toward {
    False,
    True,
}

impl Toward {
    fn other(self) -> Self {
        match self {
            Toward::False => Toward::True,
            Toward::True => Toward::False,
        }
    }
}

/// Translates the conditions of a policy.
pub(crate) fn weaken(body: &Template, atom: &Atom<'_>) -> Weakened {
    let when = match body.effect {
        Effect::Permit => Toward::False,
        Effect::Forbid => Toward::True,
    };
    let mut losses = Vec::new();
    let clauses = body.clauses().iter().map(|clause| match clause {
        Clause::When(expr) => Clause::When(Arc::new(part(expr, when, atom, &mut losses))),
        Clause::Unless(expr) => {
            Clause::Unless(Arc::new(part(expr, when.other(), atom, &mut losses)))
        }
    });
    let clauses = clauses.collect();
    losses.sort();
    losses.dedup();
    Weakened { clauses, losses }
}

fn part(expr: &Expr, toward: Toward, atom: &Atom<'_>, losses: &mut Vec<String>) -> Expr {
    match expr {
        Expr::UnaryOp { op: UnaryOp::Not, expr } => not(part(expr, toward.other(), atom, losses)),
        Expr::BinaryOp { op: op @ (BinaryOp::And | BinaryOp::Or), left, right } => {
            let left = part(left, toward, atom, losses);
            let right = part(right, toward, atom, losses);
            joined(*op, left, right)
        }
        Expr::IfThenElse { cond, then_expr, else_expr } => match exact(cond, atom) {
            Ok(cond) => Expr::IfThenElse {
                cond: Arc::new(cond),
                then_expr: Arc::new(part(then_expr, toward, atom, losses)),
                else_expr: Arc::new(part(else_expr, toward, atom, losses)),
            },
            Err(why) => lost(why, toward, losses),
        },
        other => atom(other).unwrap_or_else(|why| lost(why, toward, losses)),
    }
}

fn lost(why: String, toward: Toward, losses: &mut Vec<String>) -> Expr {
    losses.push(why);
    boolean(toward == Toward::True)
}

/// A condition whose every part can be said.
fn exact(expr: &Expr, atom: &Atom<'_>) -> Result<Expr, String> {
    Ok(match expr {
        Expr::UnaryOp { op: UnaryOp::Not, expr } => not(exact(expr, atom)?),
        Expr::BinaryOp { op: op @ (BinaryOp::And | BinaryOp::Or), left, right } => {
            joined(*op, exact(left, atom)?, exact(right, atom)?)
        }
        Expr::IfThenElse { cond, then_expr, else_expr } => Expr::IfThenElse {
            cond: Arc::new(exact(cond, atom)?),
            then_expr: Arc::new(exact(then_expr, atom)?),
            else_expr: Arc::new(exact(else_expr, atom)?),
        },
        other => atom(other)?,
    })
}

/// A constant.
pub(crate) fn boolean(value: bool) -> Expr {
    Expr::Literal(Literal::Bool(value))
}

/// `!expr`; of a constant, the other one.
pub(crate) fn not(expr: Expr) -> Expr {
    match expr {
        Expr::Literal(Literal::Bool(b)) => boolean(!b),
        expr => Expr::UnaryOp { op: UnaryOp::Not, expr: Arc::new(expr) },
    }
}

/// `left && right` or `left || right`, without constants that say nothing.
pub(crate) fn joined(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    let decides = op == BinaryOp::Or;
    match (&left, &right) {
        (Expr::Literal(Literal::Bool(b)), _) if *b == decides => left,
        (Expr::Literal(Literal::Bool(_)), _) => right,
        (_, Expr::Literal(Literal::Bool(b))) if *b != decides => left,
        _ => Expr::BinaryOp { op, left: Arc::new(left), right: Arc::new(right) },
    }
}

/// Rebuilds an expression; `change` says what becomes of a part, or leaves it to be rebuilt.
pub(crate) fn rebuild(
    expr: &Expr,
    change: &dyn Fn(&Expr) -> Option<Result<Expr, String>>,
) -> Result<Expr, String> {
    if let Some(changed) = change(expr) {
        return changed;
    }
    let again = |part: &Arc<Expr>| rebuild(part, change).map(Arc::new);
    Ok(match expr {
        Expr::UnaryOp { op, expr } => Expr::UnaryOp { op: *op, expr: again(expr)? },
        Expr::BinaryOp { op, left, right } => {
            Expr::BinaryOp { op: *op, left: again(left)?, right: again(right)? }
        }
        Expr::GetAttr { expr, attr } => Expr::GetAttr { expr: again(expr)?, attr: attr.clone() },
        Expr::HasAttr { expr, attrs } => Expr::HasAttr { expr: again(expr)?, attrs: attrs.clone() },
        Expr::Like { expr, pattern } => Expr::Like { expr: again(expr)?, pattern: pattern.clone() },
        Expr::Is { expr, entity_type, in_expr } => Expr::Is {
            expr: again(expr)?,
            entity_type: entity_type.clone(),
            in_expr: in_expr.as_ref().map(again).transpose()?,
        },
        Expr::IfThenElse { cond, then_expr, else_expr } => Expr::IfThenElse {
            cond: again(cond)?,
            then_expr: again(then_expr)?,
            else_expr: again(else_expr)?,
        },
        Expr::Set(items) => Expr::Set(items.iter().map(again).collect::<Result<_, _>>()?),
        Expr::Record(fields) => {
            let field = |(name, e): (&String, &Arc<Expr>)| Ok((name.clone(), again(e)?));
            Expr::Record(fields.iter().map(field).collect::<Result<BTreeMap<_, _>, String>>()?)
        }
        other => other.clone(),
    })
}

//! Turns a policy into a skeleton of `&&`, `||`, `!` and `if` over atoms.
//!
//! What a policy's head says of action and principal stands apart, since it says which rows need to be
//! looked at; a head never fails, so that its order does not matter. Not here: atoms themselves, and rows.

use cedar_policy::pst::{
    ActionConstraint, BinaryOp, Clause, EntityOrSlot, EntityUID, Expr, Literal,
    Policy as PstPolicy, PrincipalConstraint, ResourceConstraint, Template, UnaryOp, Var,
};
use cedar_policy::{Policy, pst};
use cedar_policy_core::ast;
use std::sync::Arc;

/// A policy, taken apart.
#[derive(Debug)]
pub(super) struct Parts {
    /// The constraint on the action, if there is one.
    pub(super) action: Option<Arc<Expr>>,
    /// The constraint on the principal, if there is one.
    pub(super) principal: Option<Arc<Expr>>,
    /// All that must hold besides, in Cedar's order.
    pub(super) conditions: Vec<Arc<Expr>>,
}

/// A condition over atoms of type `A`.
#[derive(Clone, Debug)]
pub(super) enum Skeleton<A> {
    Atom(A),
    Not(Box<Skeleton<A>>),
    And(Box<Skeleton<A>>, Box<Skeleton<A>>),
    Or(Box<Skeleton<A>>, Box<Skeleton<A>>),
    If(Box<Skeleton<A>>, Box<Skeleton<A>>, Box<Skeleton<A>>),
}

/// Takes `policy` apart. `None` if Cedar's syntax tree cannot hold it.
pub(super) fn parts(policy: &Policy) -> Option<Parts> {
    let parsed: &ast::Policy = policy.as_ref();
    // `Policy::to_pst` would read the policy's text again, which takes longer than judging a million rows.
    let fixed = match PstPolicy::try_from(parsed.clone()).ok()? {
        PstPolicy::Static(policy) => policy,
        PstPolicy::Linked(link) => link.into_static_policy().ok()?,
    };
    let Template { principal, action, resource, .. } = fixed.body();
    let resource = resource_condition(resource)?.map(Arc::new);
    let clauses = fixed.body().clauses().iter().map(|clause| match clause {
        Clause::When(expr) => Arc::clone(expr),
        Clause::Unless(expr) => {
            Arc::new(Expr::UnaryOp { op: UnaryOp::Not, expr: Arc::clone(expr) })
        }
    });
    Some(Parts {
        action: action_condition(action),
        principal: principal_condition(principal)?.map(Arc::new),
        conditions: resource.into_iter().chain(clauses).collect(),
    })
}

/// Splits `expr` into atoms, each made by `atom`.
pub(super) fn skeleton<A>(
    expr: &Arc<Expr>,
    atom: &mut impl FnMut(&Arc<Expr>) -> Option<A>,
) -> Option<Skeleton<A>> {
    let mut part = |e: &Arc<Expr>| skeleton(e, atom).map(Box::new);
    Some(match expr.as_ref() {
        Expr::UnaryOp { op: UnaryOp::Not, expr } => Skeleton::Not(part(expr)?),
        Expr::BinaryOp { op: BinaryOp::And, left, right } => {
            Skeleton::And(part(left)?, part(right)?)
        }
        Expr::BinaryOp { op: BinaryOp::Or, left, right } => Skeleton::Or(part(left)?, part(right)?),
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            Skeleton::If(part(cond)?, part(then_expr)?, part(else_expr)?)
        }
        Expr::Is { expr, entity_type, in_expr: Some(group) } => {
            let (expr, entity_type) = (Arc::clone(expr), entity_type.clone());
            let member = related_to(Arc::clone(&expr), BinaryOp::In, Arc::clone(group));
            let is = Expr::Is { expr, entity_type, in_expr: None };
            Skeleton::And(part(&Arc::new(is))?, part(&Arc::new(member))?)
        }
        _ => Skeleton::Atom(atom(expr)?),
    })
}

/// `None`: not linked. `Some(None)`: holds always.
fn principal_condition(constraint: &PrincipalConstraint) -> Option<Option<Expr>> {
    Some(Some(match constraint {
        PrincipalConstraint::Any => return Some(None),
        PrincipalConstraint::Eq(to) => related(Var::Principal, BinaryOp::Eq, entity(to)?),
        PrincipalConstraint::In(group) => related(Var::Principal, BinaryOp::In, entity(group)?),
        PrincipalConstraint::Is(ty) => is(Var::Principal, ty, None),
        PrincipalConstraint::IsIn(ty, group) => is(Var::Principal, ty, Some(entity(group)?)),
    }))
}

fn resource_condition(constraint: &ResourceConstraint) -> Option<Option<Expr>> {
    Some(Some(match constraint {
        ResourceConstraint::Any => return Some(None),
        ResourceConstraint::Eq(to) => related(Var::Resource, BinaryOp::Eq, entity(to)?),
        ResourceConstraint::In(group) => related(Var::Resource, BinaryOp::In, entity(group)?),
        ResourceConstraint::Is(ty) => is(Var::Resource, ty, None),
        ResourceConstraint::IsIn(ty, group) => is(Var::Resource, ty, Some(entity(group)?)),
    }))
}

fn action_condition(constraint: &ActionConstraint) -> Option<Arc<Expr>> {
    let condition = match constraint {
        ActionConstraint::Any => return None,
        ActionConstraint::Eq(to) => related(Var::Action, BinaryOp::Eq, literal(to)),
        ActionConstraint::In(groups) => {
            let groups = groups.iter().map(|g| Arc::new(literal(g))).collect();
            related(Var::Action, BinaryOp::In, Expr::Set(groups))
        }
    };
    Some(Arc::new(condition))
}

/// The entity of a constraint. `None` for a slot: the policy is a template, and decides nothing.
fn entity(constraint: &EntityOrSlot) -> Option<Expr> {
    match constraint {
        EntityOrSlot::Entity(uid) => Some(literal(uid)),
        EntityOrSlot::Slot(_) => None,
    }
}

fn literal(uid: &EntityUID) -> Expr {
    Expr::Literal(Literal::EntityUID(uid.clone()))
}

fn related(var: Var, op: BinaryOp, to: Expr) -> Expr {
    related_to(Arc::new(Expr::Var(var)), op, Arc::new(to))
}

fn related_to(left: Arc<Expr>, op: BinaryOp, right: Arc<Expr>) -> Expr {
    Expr::BinaryOp { op, left, right }
}

fn is(var: Var, ty: &pst::EntityType, group: Option<Expr>) -> Expr {
    let expr = Arc::new(Expr::Var(var));
    Expr::Is { expr, entity_type: ty.clone(), in_expr: group.map(Arc::new) }
}

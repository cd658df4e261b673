//! Other names for entity types, in policies and in JSON.

use cedar_policy::pst::{
    ActionConstraint, Clause, EntityOrSlot, EntityUID, Expr, Literal, PrincipalConstraint,
    ResourceConstraint, Template,
};
use serde_json::Value;
use std::sync::Arc;

use super::tools::{literal, type_name};
use super::weaken::rebuild;

/// What a type is called instead.
type Name<'n> = dyn Fn(&str) -> String + 'n;

/// The policy with other names for all types in it. `None` if one is no name.
pub(crate) fn types(body: &Template, name: &Name<'_>) -> Option<Template> {
    let uid = |uid: &EntityUID| literal(&name(&uid.ty.to_string()), &uid.eid);
    let entity = |to: &EntityOrSlot| match to {
        EntityOrSlot::Entity(to) => Some(EntityOrSlot::Entity(uid(to)?)),
        EntityOrSlot::Slot(slot) => Some(EntityOrSlot::Slot(*slot)),
    };
    let ty = |ty: &cedar_policy::pst::EntityType| type_name(&name(&ty.to_string()));
    let mut renamed = body.clone();
    renamed.principal = match &body.principal {
        PrincipalConstraint::Any => PrincipalConstraint::Any,
        PrincipalConstraint::Eq(to) => PrincipalConstraint::Eq(entity(to)?),
        PrincipalConstraint::In(to) => PrincipalConstraint::In(entity(to)?),
        PrincipalConstraint::Is(of) => PrincipalConstraint::Is(ty(of)?),
        PrincipalConstraint::IsIn(of, to) => PrincipalConstraint::IsIn(ty(of)?, entity(to)?),
    };
    renamed.resource = match &body.resource {
        ResourceConstraint::Any => ResourceConstraint::Any,
        ResourceConstraint::Eq(to) => ResourceConstraint::Eq(entity(to)?),
        ResourceConstraint::In(to) => ResourceConstraint::In(entity(to)?),
        ResourceConstraint::Is(of) => ResourceConstraint::Is(ty(of)?),
        ResourceConstraint::IsIn(of, to) => ResourceConstraint::IsIn(ty(of)?, entity(to)?),
    };
    renamed.action = match &body.action {
        ActionConstraint::Any => ActionConstraint::Any,
        ActionConstraint::Eq(to) => ActionConstraint::Eq(uid(to)?),
        ActionConstraint::In(all) => {
            ActionConstraint::In(all.iter().map(uid).collect::<Option<_>>()?)
        }
    };
    let clauses = body.clauses().iter().map(|clause| {
        Some(match clause {
            Clause::When(expr) => Clause::When(Arc::new(expression(expr, name)?)),
            Clause::Unless(expr) => Clause::Unless(Arc::new(expression(expr, name)?)),
        })
    });
    renamed.try_with_clauses(clauses.collect::<Option<Vec<_>>>()?).ok()
}

fn expression(expr: &Expr, name: &Name<'_>) -> Option<Expr> {
    let change = |part: &Expr| match part {
        Expr::Literal(Literal::EntityUID(uid)) => {
            let renamed = literal(&name(&uid.ty.to_string()), &uid.eid);
            Some(renamed.map(|uid| Expr::Literal(Literal::EntityUID(uid))).ok_or_else(String::new))
        }
        Expr::Is { expr, entity_type, in_expr } => {
            let renamed = || {
                Some(Expr::Is {
                    expr: Arc::new(expression(expr, name)?),
                    entity_type: type_name(&name(&entity_type.to_string()))?,
                    in_expr: match in_expr {
                        Some(group) => Some(Arc::new(expression(group, name)?)),
                        None => None,
                    },
                })
            };
            Some(renamed().ok_or_else(String::new))
        }
        _ => None,
    };
    rebuild(expr, &change).ok()
}

/// Renames the types of all entities that a JSON value names with `__entity`.
pub(crate) fn uids(value: &mut Value, name: &Name<'_>) {
    match value {
        Value::Object(members) => {
            if let Some(uid) = members.get_mut("__entity") {
                rename(uid, name);
            }
            members.iter_mut().for_each(|(_, member)| uids(member, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| uids(item, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Renames the types in an entity of Cedar's format.
pub(crate) fn entity(value: &mut Value, name: &Name<'_>) {
    if let Some(uid) = value.get_mut("uid") {
        rename(uid, name);
    }
    for parent in value.get_mut("parents").and_then(Value::as_array_mut).into_iter().flatten() {
        rename(parent, name);
    }
    for part in ["attrs", "tags"] {
        if let Some(part) = value.get_mut(part) {
            uids(part, name);
        }
    }
}

fn rename(uid: &mut Value, name: &Name<'_>) {
    let inner = if uid.get("__entity").is_some() { uid.get_mut("__entity") } else { Some(uid) };
    if let Some(Value::String(ty)) = inner.and_then(|uid| uid.get_mut("type")) {
        *ty = name(ty);
    }
}

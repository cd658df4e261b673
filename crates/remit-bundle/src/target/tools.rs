//! How the points in front of tools see a call: a tool of a server, and arguments.
//!
//! Remit's policies speak of resources. A gateway knows none but itself: which server a tool belongs to
//! is known beforehand, and what a rule of `remit.toml` takes from the arguments is in the arguments
//! there too. So what a policy says of a resource becomes a constant, or a comparison of an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::pst::{
    ActionConstraint, BinaryOp, EntityOrSlot, EntityType, EntityUID, Expr, Literal, Name,
    PrincipalConstraint, ResourceConstraint, Template, Var,
};
use cedar_policy::{Entities, EntityId, EntityUid};
use remit_policy::{ActionModel, Workspace};

use super::derive::to_cedar;
use super::weaken::{boolean, joined, rebuild};

/// The tools of a workspace.
pub(crate) struct Tools<'w> {
    pub(crate) workspace: &'w Workspace,
    entities: &'w Entities,
    /// By the action's full text.
    pub(crate) by_action: BTreeMap<String, Tool<'w>>,
}

/// One tool.
pub(crate) struct Tool<'w> {
    pub(crate) action: &'w ActionModel,
    /// The server that it belongs to.
    pub(crate) server: String,
    /// Its own name there.
    pub(crate) name: String,
    resource: ResourceOf,
}

/// What a call of a tool acts on.
enum ResourceOf {
    Always(EntityUid),
    /// An entity of this type, whose id is at a path of the arguments.
    Argument(String, Vec<String>),
}

/// How the group of a server's actions is called.
const SERVER_GROUP: &str = "server:";

impl<'w> Tools<'w> {
    /// Those of a workspace with a schema.
    pub(crate) fn of(workspace: &'w Workspace) -> Option<Self> {
        let schema = workspace.schema.as_deref()?;
        let tools = schema.model.actions.iter();
        let by_action = tools.map(|(uid, action)| (uid.clone(), tool(workspace, action)));
        Some(Tools {
            workspace,
            entities: &workspace.entities.entities,
            by_action: by_action.collect(),
        })
    }

    /// The servers, sorted.
    pub(crate) fn servers(&self) -> BTreeSet<&str> {
        self.by_action.values().map(|tool| tool.server.as_str()).collect()
    }

    /// The tools that a policy's head lets through.
    pub(crate) fn named(&self, body: &Template) -> Vec<&Tool<'w>> {
        let texts: Vec<String> = match &body.action {
            ActionConstraint::Any => return self.by_action.values().collect(),
            ActionConstraint::Eq(uid) => to_cedar(uid).iter().map(ToString::to_string).collect(),
            ActionConstraint::In(uids) => {
                uids.iter().filter_map(to_cedar).map(|uid| uid.to_string()).collect()
            }
        };
        let is_named = |text: &String, tool: &Tool<'_>| {
            texts.iter().any(|named| named == text || tool.action.groups.contains(named))
        };
        self.by_action.iter().filter(|(text, tool)| is_named(text, tool)).map(|(_, t)| t).collect()
    }

    /// The ids of the principals that a policy's head lets through; nothing if it lets everybody.
    pub(crate) fn principals(&self, body: &Template) -> Option<Vec<String>> {
        match &body.principal {
            PrincipalConstraint::Any => None,
            PrincipalConstraint::Is(ty) => self.is_principal(&ty.to_string()),
            PrincipalConstraint::Eq(to) => Some(entity(to).iter().map(id).collect()),
            PrincipalConstraint::In(to) => Some(self.members(entity(to).as_ref())),
            PrincipalConstraint::IsIn(ty, to) => {
                let none = self.is_principal(&ty.to_string());
                none.or_else(|| Some(self.members(entity(to).as_ref())))
            }
        }
    }

    /// Nothing if all agents are of the type, else that none is.
    fn is_principal(&self, ty: &str) -> Option<Vec<String>> {
        let agents = self.workspace.config.mapping.principal.to_string();
        (agents != ty).then(Vec::new)
    }

    /// The ids of the agents in a group, as `entities.json` has them, sorted.
    pub(crate) fn members(&self, group: Option<&EntityUid>) -> Vec<String> {
        let Some(group) = group else { return Vec::new() };
        self.ids_in(group, &self.workspace.config.mapping.principal.to_string())
    }

    fn ids_in(&self, group: &EntityUid, ty: &str) -> Vec<String> {
        let uids = self.entities.iter().map(|entity| entity.uid());
        let own = std::iter::once(group.clone());
        let inside = uids.chain(own).filter(|uid| {
            uid.type_name().to_string() == ty
                && (uid == group || self.entities.is_ancestor_of(group, uid))
        });
        inside.map(|uid| id(&uid)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What a policy's head says of the resource, for calls of one tool.
    pub(crate) fn resource_condition(&self, body: &Template, tool: &Tool<'_>) -> Expr {
        let equals =
            |to: &EntityOrSlot| entity(to).map_or(boolean(false), |to| self.resource_is(tool, &to));
        let within =
            |to: &EntityOrSlot| entity(to).map_or(boolean(false), |to| self.resource_in(tool, &to));
        match &body.resource {
            ResourceConstraint::Any => boolean(true),
            ResourceConstraint::Eq(to) => equals(to),
            ResourceConstraint::In(to) => within(to),
            ResourceConstraint::Is(ty) => boolean(tool.resource_type() == ty.to_string()),
            ResourceConstraint::IsIn(ty, to) if tool.resource_type() == ty.to_string() => {
                within(to)
            }
            ResourceConstraint::IsIn(..) => boolean(false),
        }
    }

    fn resource_is(&self, tool: &Tool<'_>, to: &EntityUid) -> Expr {
        match &tool.resource {
            ResourceOf::Always(server) => boolean(server == to),
            ResourceOf::Argument(ty, _) if *ty != to.type_name().to_string() => boolean(false),
            ResourceOf::Argument(_, path) => compare(path, BinaryOp::Eq, text(&id(to))),
        }
    }

    fn resource_in(&self, tool: &Tool<'_>, group: &EntityUid) -> Expr {
        match &tool.resource {
            ResourceOf::Always(server) => {
                boolean(server == group || self.entities.is_ancestor_of(group, server))
            }
            ResourceOf::Argument(ty, path) => match self.ids_in(group, ty).as_slice() {
                [] => boolean(false),
                [one] => compare(path, BinaryOp::Eq, text(one)),
                ids => any_of(ids.iter().map(|id| text(id)), input(path)),
            },
        }
    }

    /// An expression without resources and actions, for calls of one tool; principals are left.
    ///
    /// # Errors
    /// What cannot be known there.
    pub(crate) fn without_resource(&self, expr: &Expr, tool: &Tool<'_>) -> Result<Expr, String> {
        rebuild(expr, &|part| self.constant_of(part, tool))
    }

    fn constant_of(&self, part: &Expr, tool: &Tool<'_>) -> Option<Result<Expr, String>> {
        match part {
            Expr::BinaryOp {
                op: op @ (BinaryOp::Eq | BinaryOp::NotEq | BinaryOp::In),
                left,
                right,
            } => {
                let (Expr::Var(var), Some(to)) = (left.as_ref(), entities_of(right)) else {
                    return None;
                };
                let one = |to: &EntityUid| match (var, op) {
                    (Var::Action, BinaryOp::In) => Some(boolean(tool.is_in(to))),
                    (Var::Action, _) => Some(boolean(tool.action.uid == *to)),
                    (Var::Resource, BinaryOp::In) => Some(self.resource_in(tool, to)),
                    (Var::Resource, _) => Some(self.resource_is(tool, to)),
                    (Var::Principal | Var::Context, _) => None,
                };
                let any = to.iter().map(one).collect::<Option<Vec<Expr>>>()?;
                let any = any.into_iter().reduce(|a, b| joined(BinaryOp::Or, a, b))?;
                Some(Ok(if *op == BinaryOp::NotEq { super::weaken::not(any) } else { any }))
            }
            Expr::Is { expr, entity_type, in_expr: None } if **expr == Expr::Var(Var::Resource) => {
                Some(Ok(boolean(tool.resource_type() == entity_type.to_string())))
            }
            Expr::GetAttr { expr, attr } if **expr == Expr::Var(Var::Resource) => {
                Some(Err(format!("`resource.{attr}` is not known there")))
            }
            Expr::Var(Var::Resource) => Some(Err("the resource is not known there".to_owned())),
            Expr::Var(Var::Action) => {
                Some(Err("what is said of the action cannot be said there".to_owned()))
            }
            _ => None,
        }
    }
}

impl Tool<'_> {
    fn is_in(&self, group: &EntityUid) -> bool {
        self.action.uid == *group || self.action.groups.contains(&group.to_string())
    }

    fn resource_type(&self) -> String {
        match &self.resource {
            ResourceOf::Always(server) => server.type_name().to_string(),
            ResourceOf::Argument(ty, _) => ty.clone(),
        }
    }

    /// Whether some call of the tool could act on an entity.
    pub(crate) fn may_act_on(&self, resource: &EntityUid) -> bool {
        match &self.resource {
            ResourceOf::Always(server) => server == resource,
            ResourceOf::Argument(ty, _) => *ty == resource.type_name().to_string(),
        }
    }

    /// Where in the context a call says that it acts on an entity, if a call says so at all.
    pub(crate) fn names(&self, resource: &EntityUid) -> Option<(Vec<String>, serde_json::Value)> {
        match &self.resource {
            ResourceOf::Argument(ty, path) if *ty == resource.type_name().to_string() => {
                let path = std::iter::once("input".to_owned()).chain(path.iter().cloned());
                Some((path.collect(), serde_json::Value::from(resource.id().unescaped())))
            }
            ResourceOf::Always(_) | ResourceOf::Argument(..) => None,
        }
    }

    /// Whether a call with this input acts on an entity.
    pub(crate) fn acts_on(&self, resource: &EntityUid, input: &serde_json::Value) -> bool {
        match &self.resource {
            ResourceOf::Always(server) => server == resource,
            ResourceOf::Argument(ty, path) => {
                let pointer: String = path.iter().map(|name| format!("/{name}")).collect();
                *ty == resource.type_name().to_string()
                    && input.pointer(&pointer).and_then(|v| v.as_str())
                        == Some(resource.id().unescaped())
            }
        }
    }
}

fn tool<'w>(workspace: &'w Workspace, action: &'w ActionModel) -> Tool<'w> {
    let mapping = &workspace.config.mapping;
    let rule = mapping.tools.iter().find(|rule| {
        let named = rule.action.as_ref().map(|template| template.fill(&[]));
        rule.name.matches(&action.id) || named.as_deref() == Some(action.id.as_str())
    });
    let group = action.groups.iter().find_map(|group| {
        let id = group.split_once(&format!("\"{SERVER_GROUP}"))?.1;
        id.strip_suffix('"')
    });
    let of_rule = rule.and_then(|rule| rule.server.as_deref());
    let server = group.or(of_rule).unwrap_or(&mapping.server).to_owned();
    let short = ["___", "."].into_iter().find_map(|joint| {
        action.id.strip_prefix(&server).and_then(|rest| rest.strip_prefix(joint))
    });
    let resource = match rule.and_then(|rule| rule.resource.as_ref()) {
        Some(rule) => {
            let names = rule.id_pointer.split('/').skip(1);
            let names = names.map(|name| name.replace("~1", "/").replace("~0", "~"));
            ResourceOf::Argument(rule.entity_type.to_string(), names.collect())
        }
        None => ResourceOf::Always(EntityUid::from_type_name_and_id(
            mapping.resource.clone(),
            EntityId::new(&server),
        )),
    };
    Tool { action, name: short.unwrap_or(&action.id).to_owned(), server, resource }
}

/// The entities that an expression lists, if it does.
pub(crate) fn entities_of(expr: &Expr) -> Option<Vec<EntityUid>> {
    match expr {
        Expr::Literal(Literal::EntityUID(uid)) => Some(vec![to_cedar(uid)?]),
        Expr::Set(items) => {
            let one = |item: &Arc<Expr>| entities_of(item)?.pop();
            items.iter().map(one).collect()
        }
        _ => None,
    }
}

fn entity(to: &EntityOrSlot) -> Option<EntityUid> {
    match to {
        EntityOrSlot::Entity(uid) => to_cedar(uid),
        EntityOrSlot::Slot(_) => None,
    }
}

fn id(uid: &EntityUid) -> String {
    uid.id().unescaped().to_owned()
}

/// A text as a literal.
pub(crate) fn text(value: &str) -> Expr {
    Expr::Literal(Literal::String(value.into()))
}

/// `[…].contains(value)`
pub(crate) fn any_of(items: impl Iterator<Item = Expr>, value: Expr) -> Expr {
    Expr::BinaryOp {
        op: BinaryOp::Contains,
        left: Arc::new(Expr::Set(items.map(Arc::new).collect())),
        right: Arc::new(value),
    }
}

/// `context.input.…`
pub(crate) fn input(path: &[String]) -> Expr {
    let start = attribute(Expr::Var(Var::Context), "input");
    path.iter().fold(start, |expr, name| attribute(expr, name))
}

/// `expr.name`
pub(crate) fn attribute(expr: Expr, name: &str) -> Expr {
    Expr::GetAttr { expr: Arc::new(expr), attr: name.into() }
}

fn compare(path: &[String], op: BinaryOp, to: Expr) -> Expr {
    Expr::BinaryOp { op, left: Arc::new(input(path)), right: Arc::new(to) }
}

/// The tree's form of an entity. `None` if its type is no type name.
pub(crate) fn literal(ty: &str, id: &str) -> Option<EntityUID> {
    Some(EntityUID { ty: type_name(ty)?, eid: id.into() })
}

/// The tree's form of a type's name. `None` if it is none.
pub(crate) fn type_name(ty: &str) -> Option<EntityType> {
    let (namespace, name) = ty.rsplit_once("::").unwrap_or(("", ty));
    let namespace = namespace.split("::").filter(|part| !part.is_empty());
    Some(EntityType(Name::qualified(namespace, name).ok()?))
}

//! What each agent may do with each tool, whatever it is called with.
//!
//! Read from the heads of policies and from whether they have conditions: *always* and *never* hold for
//! every call that evaluates without an error, and *sometimes* says that it depends on a condition, on
//! the resource, or on a task that is not chosen. Recordings are not looked at; who has some names their
//! agents, and shows what these did beside it.

use std::collections::BTreeSet;

use cedar_policy::{
    ActionConstraint, Effect, Entities, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};

use crate::schema_model::ActionModel;
use crate::workspace::{LayerRef, Workspace};

/// What an agent may do with a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The agent, in full.
    pub agent: String,
    /// The action, in full.
    pub action: String,
    /// By the guardrails.
    pub guardrails: Extent,
    /// By the scope of the task, if one was chosen.
    pub scope: Option<Extent>,
}

/// How far something is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// Whether it is.
    pub allowed: Allowed,
    /// The policies that say so, by id: those that permit or forbid always, else all that can matter.
    pub policies: Vec<String>,
}

/// Whether something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowed {
    /// Never: no policy permits it, or one forbids it always.
    Never,
    /// It depends.
    Sometimes,
    /// Always: a policy permits it without a condition, and none can forbid it.
    Always,
}

/// The access of all agents, those in `entities.json` and `others`, to all actions that apply to them, by
/// agent and action. With a task, agents are its members, and its scope counts too.
#[must_use]
pub fn access(
    workspace: &Workspace,
    task: Option<&str>,
    others: impl IntoIterator<Item = EntityUid>,
) -> Vec<Access> {
    let Some(schema) = &workspace.schema else { return Vec::new() };
    let entities = &workspace.entities.entities;
    let mut agents: Vec<EntityUid> =
        entities.iter().map(|entity| entity.uid()).chain(others).collect();
    agents.sort_by_cached_key(ToString::to_string);
    agents.dedup();
    let layers = [Some(LayerRef::Guardrails), task.map(LayerRef::Scope)].map(|layer| {
        let layer = layer.and_then(|layer| workspace.layer(layer));
        layer.map(|layer| layer.in_force().collect::<Vec<_>>())
    });
    let mut all = Vec::new();
    for agent in &agents {
        for (name, action) in &schema.model.actions {
            if !action.principals.contains(agent.type_name()) {
                continue;
            }
            let (resources, is_of_one_server) = resources(workspace, action);
            let asked = Asked { entities, task, agent, action, resources, is_of_one_server };
            let [guardrails, scope] = &layers;
            all.push(Access {
                agent: agent.to_string(),
                action: name.clone(),
                guardrails: asked.extent(guardrails.as_deref().unwrap_or_default()),
                scope: scope.as_deref().map(|policies| asked.extent(policies)),
            });
        }
    }
    all
}

/// The resources that the action can have, where that is known: those in `entities.json`, and of
/// servers only the one that the action's group names; and whether a group names one.
fn resources(workspace: &Workspace, action: &ActionModel) -> (Vec<EntityUid>, bool) {
    let rules = &workspace.config.mapping.tools;
    let has_rule = rules.iter().any(|rule| rule.resource.is_some() || rule.server.is_some());
    let server = action.groups.iter().find_map(|group| {
        let id = group.split_once("::\"server:").map(|(_, id)| id)?;
        id.strip_suffix('"')
    });
    let all = workspace.entities.entities.iter().map(|entity| entity.uid());
    let of_type = all.filter(|uid| action.resources.contains(uid.type_name()));
    let mut known: Vec<EntityUid> = of_type.collect();
    let server = server.filter(|_| !has_rule);
    if let Some(server) = server {
        known.retain(|uid| uid.id().unescaped() == server);
    }
    (known, server.is_some())
}

struct Asked<'a> {
    entities: &'a Entities,
    task: Option<&'a str>,
    agent: &'a EntityUid,
    action: &'a ActionModel,
    resources: Vec<EntityUid>,
    is_of_one_server: bool,
}

/// Whether a part of a head fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fits {
    No,
    Maybe,
    Yes,
}

impl From<bool> for Fits {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}

impl Asked<'_> {
    fn extent(&self, policies: &[&Policy]) -> Extent {
        let fits: Vec<(&Policy, Fits)> = policies
            .iter()
            .map(|policy| (*policy, self.fits(policy)))
            .filter(|(_, fits)| *fits != Fits::No)
            .collect();
        let ids = |effect: Effect, least: Fits| -> Vec<String> {
            let some = fits.iter().filter(|(p, fits)| p.effect() == effect && *fits >= least);
            let ids: BTreeSet<String> = some.map(|(policy, _)| policy.id().to_string()).collect();
            ids.into_iter().collect()
        };
        let (permits, forbids) =
            (ids(Effect::Permit, Fits::Maybe), ids(Effect::Forbid, Fits::Maybe));
        let sure = (ids(Effect::Permit, Fits::Yes), ids(Effect::Forbid, Fits::Yes));
        let (allowed, policies) = match sure {
            (_, sure_forbids) if !sure_forbids.is_empty() => (Allowed::Never, sure_forbids),
            _ if permits.is_empty() => (Allowed::Never, Vec::new()),
            (sure_permits, _) if !sure_permits.is_empty() && forbids.is_empty() => {
                (Allowed::Always, sure_permits)
            }
            _ => (Allowed::Sometimes, [permits, forbids].concat()),
        };
        Extent { allowed, policies }
    }

    fn fits(&self, policy: &Policy) -> Fits {
        let head = self
            .principal(&policy.principal_constraint())
            .min(self.of_action(&policy.action_constraint()))
            .min(self.resource(&policy.resource_constraint()));
        match policy.has_non_scope_constraint() {
            true => head.min(Fits::Maybe),
            false => head,
        }
    }

    fn is_in(&self, member: &EntityUid, group: &EntityUid) -> bool {
        member == group || self.entities.is_ancestor_of(group, member)
    }

    fn principal(&self, constraint: &PrincipalConstraint) -> Fits {
        let is = |ty: &_| Fits::from(self.agent.type_name() == ty);
        match constraint {
            PrincipalConstraint::Any => Fits::Yes,
            PrincipalConstraint::Eq(uid) => Fits::from(uid == self.agent),
            PrincipalConstraint::In(group) => self.member(group),
            PrincipalConstraint::Is(ty) => is(ty),
            PrincipalConstraint::IsIn(ty, group) => is(ty).min(self.member(group)),
        }
    }

    /// Every agent is a member of the task that it works on.
    fn member(&self, group: &EntityUid) -> Fits {
        if self.is_in(self.agent, group) {
            return Fits::Yes;
        }
        match (group.type_name().basename(), self.task) {
            ("Task", Some(task)) => Fits::from(group.id().unescaped() == task),
            ("Task", None) => Fits::Maybe,
            _ => Fits::No,
        }
    }

    fn of_action(&self, constraint: &ActionConstraint) -> Fits {
        let is_in = |group: &EntityUid| {
            *group == self.action.uid || self.action.groups.contains(&group.to_string())
        };
        match constraint {
            ActionConstraint::Any => Fits::Yes,
            ActionConstraint::Eq(uid) => Fits::from(*uid == self.action.uid),
            ActionConstraint::In(groups) => Fits::from(groups.iter().any(is_in)),
        }
    }

    fn resource(&self, constraint: &ResourceConstraint) -> Fits {
        let fits = |uid: &EntityUid| match constraint {
            ResourceConstraint::Any => true,
            ResourceConstraint::Eq(to) => uid == to,
            ResourceConstraint::In(group) => self.is_in(uid, group),
            ResourceConstraint::Is(ty) => uid.type_name() == ty,
            ResourceConstraint::IsIn(ty, group) => uid.type_name() == ty && self.is_in(uid, group),
        };
        let of_type = |ty: &_| match self.action.resources.as_slice() {
            [only] => Fits::from(only == ty),
            several if several.contains(ty) => Fits::Maybe,
            _ => Fits::No,
        };
        match constraint {
            ResourceConstraint::Any => Fits::Yes,
            ResourceConstraint::Is(ty) => of_type(ty),
            ResourceConstraint::IsIn(ty, _) if of_type(ty) == Fits::No => Fits::No,
            // Nobody knows all resources that there can be.
            _ if self.resources.is_empty() => Fits::Maybe,
            // Only of one server is it sure that calls have no other resource.
            _ if self.names_one_server() => Fits::from(self.resources.iter().all(fits)),
            _ if self.resources.iter().any(fits) => Fits::Maybe,
            ResourceConstraint::Eq(to) if !self.action.resources.contains(to.type_name()) => {
                Fits::No
            }
            _ if self.names_one_server() => Fits::No,
            _ => Fits::Maybe,
        }
    }

    /// Whether the action's group says which server it is of, and nothing else does.
    fn names_one_server(&self) -> bool {
        self.is_of_one_server && self.resources.len() == 1
    }
}

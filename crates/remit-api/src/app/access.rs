//! What agents may do.

use super::App;
use crate::wire::*;
use remit_policy::editor::plain_english;
use remit_policy::{LayerRef, Workspace};
use remit_replay::Usage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl App {
    pub(crate) fn access(&self, request: AccessRequest) -> Result<AccessMatrix, ErrorDto> {
        let saved = self.with_open(|open| Arc::clone(&open.workspace))?;
        let shown = self.snapshot()?;
        let workspace = shown.as_ref().map_or(&saved, |shown| &shown.workspace);
        let task = request.task.as_deref();
        if let Some(task) = task
            && workspace.layer(LayerRef::Scope(task)).is_none()
        {
            return Err(ErrorDto::not_found(format!("there is no scope for the task `{task}`")));
        }
        let usage = shown.as_ref().map(|shown| shown.verdicts.usage(task)).unwrap_or_default();
        Ok(matrix(workspace, task, &usage))
    }
}

/// An agent and an action.
type Pair<'a> = (&'a str, &'a str);

fn matrix<'w>(workspace: &'w Workspace, task: Option<&'w str>, usage: &[Usage]) -> AccessMatrix {
    let recorded = usage.iter().filter_map(|cell| cell.agent.parse().ok());
    let access = remit_policy::access(workspace, task, recorded);
    let may: BTreeMap<Pair<'_>, _> =
        access.iter().map(|cell| ((&*cell.agent, &*cell.action), cell)).collect();
    let did: BTreeMap<Pair<'_>, _> =
        usage.iter().map(|cell| ((&*cell.agent, &*cell.action), cell)).collect();
    let pairs: BTreeSet<Pair<'_>> = may.keys().chain(did.keys()).copied().collect();
    let agents = pairs.iter().map(|(agent, _)| *agent).collect::<BTreeSet<_>>();
    let actions = pairs.iter().map(|(_, action)| *action).collect::<BTreeSet<_>>();
    let names = |all: BTreeSet<&str>| all.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let (agents, actions) = (names(agents), names(actions));
    let place = |names: &[String], name: &str| {
        names.binary_search_by(|known| known.as_str().cmp(name)).unwrap_or(0) as u32
    };
    let mut named = Named { workspace, places: BTreeMap::new(), policies: Vec::new() };
    let cells = pairs.iter().map(|pair| {
        let ((agent, action), may, did) = (*pair, may.get(pair), did.get(pair));
        let count = |of: fn(&Usage) -> u64| did.map_or(0, |did| of(did)) as u32;
        let scope = may.and_then(|cell| cell.scope.as_ref());
        AccessCell {
            agent: place(&agents, agent),
            action: place(&actions, action),
            guardrails: may.map(|cell| named.extent(None, &cell.guardrails)),
            scope: scope.map(|of| named.extent(task, of)),
            calls: count(|did| did.calls),
            denied: count(|did| did.denied),
            drifted: count(|did| did.drifted),
            unknown: count(|did| did.unknown),
        }
    });
    let cells = cells.collect();
    AccessMatrix { cells, policies: named.policies, agents, actions }
}

/// The policies that cells name: each is read in plain English once, however many cells it is in.
struct Named<'w> {
    workspace: &'w Workspace,
    /// By the task of their scope, if they are of one, and their id.
    places: BTreeMap<(Option<&'w str>, String), u32>,
    policies: Vec<ExtentPolicy>,
}

impl<'w> Named<'w> {
    fn extent(&mut self, task: Option<&'w str>, of: &remit_policy::Extent) -> Extent {
        let allowed = match of.allowed {
            remit_policy::Allowed::Never => Allowed::Never,
            remit_policy::Allowed::Sometimes => Allowed::Sometimes,
            remit_policy::Allowed::Always => Allowed::Always,
        };
        Extent {
            allowed,
            policies: of.policies.iter().filter_map(|id| self.place(task, id)).collect(),
        }
    }

    fn place(&mut self, task: Option<&'w str>, id: &str) -> Option<u32> {
        if let Some(known) = self.places.get(&(task, id.to_owned())) {
            return Some(*known);
        }
        let policy =
            self.workspace.policy(task.map_or(LayerRef::Guardrails, LayerRef::Scope), id)?;
        let place = self.policies.len() as u32;
        self.policies.push(ExtentPolicy {
            id: id.to_owned(),
            file: policy.file.to_string(),
            line: policy.line,
            reading: plain_english(&policy.text),
        });
        self.places.insert((task, id.to_owned()), place);
        Some(place)
    }
}

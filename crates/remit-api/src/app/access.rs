//! What agents may do, and what another schema would do to the policies.

use super::App;
use crate::view;
use crate::wire::*;
use camino::Utf8Path;
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
        let usage = shown.as_ref().map(|shown| shown.verdicts.usage()).unwrap_or_default();
        Ok(matrix(workspace, task, &usage))
    }

    pub(crate) fn schema_effects(&self, request: DraftText) -> Result<SchemaEffects, ErrorDto> {
        let saved = self.with_open(|open| Arc::clone(&open.workspace))?;
        let draft = |path: &Utf8Path| (path == request.path.as_str()).then(|| request.text.clone());
        let drafted = Workspace::load_with(&saved.root, &draft)
            .map_err(|error| ErrorDto::new(ErrorCode::NotAWorkspace, error.to_string()))?;
        Ok(schema_effects(&saved, &drafted))
    }
}

fn matrix(workspace: &Workspace, task: Option<&str>, usage: &[Usage]) -> AccessMatrix {
    let access = remit_policy::access(workspace, task);
    let may = access.iter().map(|cell| (cell.agent.clone(), cell.action.clone()));
    let did = usage.iter().map(|cell| (cell.agent.clone(), cell.action.clone()));
    let pairs: BTreeSet<(String, String)> = may.chain(did).collect();
    let unique = |names: BTreeSet<&String>| names.into_iter().cloned().collect::<Vec<_>>();
    let agents = unique(pairs.iter().map(|(agent, _)| agent).collect());
    let actions = unique(pairs.iter().map(|(_, action)| action).collect());
    let place = |names: &[String], name: &String| names.binary_search(name).unwrap_or(0) as u32;
    let cells = pairs.iter().map(|(agent, action)| {
        let may = access.iter().find(|cell| cell.agent == *agent && cell.action == *action);
        let did = usage.iter().find(|cell| cell.agent == *agent && cell.action == *action);
        let count = |of: fn(&Usage) -> u64| did.map_or(0, of) as u32;
        let scope = may.and_then(|cell| cell.scope.as_ref());
        AccessCell {
            agent: place(&agents, agent),
            action: place(&actions, action),
            guardrails: may.map(|cell| extent(workspace, LayerRef::Guardrails, &cell.guardrails)),
            scope: scope.map(|of| extent(workspace, LayerRef::Scope(task.unwrap_or_default()), of)),
            calls: count(|did| did.calls),
            denied: count(|did| did.denied),
            drifted: count(|did| did.drifted),
            unknown: count(|did| did.unknown),
        }
    });
    AccessMatrix { cells: cells.collect(), agents, actions }
}

fn extent(workspace: &Workspace, layer: LayerRef<'_>, of: &remit_policy::Extent) -> Extent {
    let policies = of.policies.iter().filter_map(|id| {
        let policy = workspace.policy(layer, id)?;
        Some(ExtentPolicy {
            id: id.clone(),
            file: policy.file.to_string(),
            line: policy.line,
            reading: plain_english(&policy.text),
        })
    });
    let allowed = match of.allowed {
        remit_policy::Allowed::Never => Allowed::Never,
        remit_policy::Allowed::Sometimes => Allowed::Sometimes,
        remit_policy::Allowed::Always => Allowed::Always,
    };
    Extent { allowed, policies: policies.collect() }
}

fn schema_effects(saved: &Workspace, drafted: &Workspace) -> SchemaEffects {
    let actions = |workspace: &Workspace| {
        let schema = workspace.schema.as_ref();
        schema.map(|schema| schema.model.actions.clone()).unwrap_or_default()
    };
    let (before, after): (BTreeMap<_, _>, BTreeMap<_, _>) = (actions(saved), actions(drafted));
    let only = |one: &BTreeMap<String, _>, other: &BTreeMap<String, _>| {
        one.keys().filter(|name| !other.contains_key(*name)).cloned().collect()
    };
    let changed = before.iter().filter(|(name, action)| {
        after.get(*name).is_some_and(|other| {
            other.context != action.context
                || other.principals != action.principals
                || other.resources != action.resources
        })
    });
    let is_new = |finding: &&remit_policy::Finding| !saved.findings.contains(finding);
    let text = |file: &Utf8Path| drafted.text(file);
    let new = drafted.findings.iter().filter(is_new);
    let mended = saved.findings.iter().filter(|finding| !drafted.findings.contains(finding));
    SchemaEffects {
        added: only(&after, &before),
        removed: only(&before, &after),
        changed: changed.map(|(name, _)| name.clone()).collect(),
        findings: new.map(|finding| view::finding(finding, text(&finding.file))).collect(),
        mended: mended.count() as u32,
    }
}

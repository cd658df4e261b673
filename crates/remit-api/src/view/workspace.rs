//! The open workspace: its files, policies and findings.

use super::words::effect;
use crate::files;
use crate::snapshot::Snapshot;
use crate::wire::*;
use camino::Utf8Path;
use remit_policy::{PolicySource, Workspace};
use std::collections::HashMap;

pub(crate) fn workspace(
    workspace: &Workspace,
    policies: Vec<PolicyRow>,
    replay: ReplayState,
    revision: u32,
    is_sample: bool,
) -> WorkspaceView {
    WorkspaceView {
        root: workspace.root.to_string(),
        name: workspace.config.name.clone(),
        description: workspace.config.description.clone(),
        revision,
        is_sample,
        files: files(workspace),
        policies,
        findings: workspace
            .findings
            .iter()
            .map(|f| finding(f, text_of(workspace, &f.file)))
            .collect(),
        replay,
    }
}

pub(crate) fn finding(found: &remit_policy::Finding, text: Option<&str>) -> Finding {
    let units =
        |byte: usize| text.and_then(|t| t.get(..byte)).map(|t| t.encode_utf16().count() as u32);
    Finding {
        code: found.code.to_string(),
        severity: match found.severity {
            remit_policy::Severity::Error => Severity::Error,
            remit_policy::Severity::Warning => Severity::Warning,
            remit_policy::Severity::Advice => Severity::Advice,
        },
        file: found.file.to_string(),
        from: found.span.as_ref().and_then(|s| units(s.start)),
        to: found.span.as_ref().and_then(|s| units(s.end)),
        line: found.line,
        column: found.column,
        message: found.message.clone(),
        help: found.help.clone(),
        policy: found.policy.clone(),
    }
}

fn files(workspace: &Workspace) -> Vec<FileEntry> {
    let read = workspace.files.iter().map(|f| file_entry(workspace, &f.path));
    let beside = files::beside(&workspace.root);
    read.chain(beside.iter().map(|path| file_entry(workspace, path))).collect()
}

fn file_entry(workspace: &Workspace, path: &Utf8Path) -> FileEntry {
    let count = |severity| {
        workspace.findings.iter().filter(|f| f.file == path && f.severity == severity).count()
    };
    FileEntry {
        path: path.to_string(),
        kind: files::kind(path),
        errors: count(remit_policy::Severity::Error) as u32,
        warnings: count(remit_policy::Severity::Warning) as u32,
    }
}

fn text_of<'w>(workspace: &'w Workspace, file: &Utf8Path) -> Option<&'w str> {
    workspace.files.iter().find(|f| f.path == file).map(|f| &*f.text)
}

/// The policies of a workspace, with how many calls each decides in what is shown.
pub(crate) fn policies(workspace: &Workspace, shown: Option<&Snapshot>) -> Vec<PolicyRow> {
    let decided = shown.map(|s| s.verdicts.decided()).unwrap_or_default();
    let decided: HashMap<(Option<&str>, &str), u64> =
        decided.iter().map(|d| ((d.scope.as_deref(), &*d.policy), d.calls)).collect();
    let row = |policy: &PolicySource, layer: Layer, task: Option<&str>| PolicyRow {
        id: policy.id.clone(),
        layer,
        task: task.map(str::to_owned),
        file: policy.file.to_string(),
        line: policy.line,
        effect: effect(policy.effect),
        why: why_of(policy),
        decided: decided.get(&(task, &*policy.id)).copied().unwrap_or_default() as u32,
    };
    let guardrails = workspace.guardrails.policies.iter().map(|p| row(p, Layer::Guardrails, None));
    let scopes = workspace
        .scopes
        .iter()
        .flat_map(|s| s.layer.policies.iter().map(|p| row(p, Layer::Scope, Some(&s.task))));
    guardrails.chain(scopes).collect()
}

pub(super) fn why_of(policy: &PolicySource) -> Option<String> {
    policy.annotations.get("why").or_else(|| policy.annotations.get("doc")).cloned()
}

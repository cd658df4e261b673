//! The policies of a workspace one by one, and what one of them could say instead.

use cedar_policy::Policy;
use remit_policy::{LayerRef, PolicySource, Workspace};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A policy, and the layers that it is in: `None` is the guardrails, a task its scope.
pub(crate) struct Placed<'w> {
    pub(crate) source: &'w Arc<PolicySource>,
    pub(crate) tasks: Vec<Option<&'w str>>,
}

/// Every policy once, by file and place, whichever scopes share it.
pub(crate) fn placed(workspace: &Workspace) -> Vec<Placed<'_>> {
    let guardrails = workspace.guardrails.policies.iter().map(|policy| (None, policy));
    let scoped = workspace.scopes.iter().flat_map(|scope| {
        scope.layer.policies.iter().map(|policy| (Some(scope.task.as_str()), policy))
    });
    let mut places: BTreeMap<_, Placed<'_>> = BTreeMap::new();
    for (task, source) in guardrails.chain(scoped) {
        let place = places.entry((source.file.as_path(), source.span.start));
        place.or_insert(Placed { source, tasks: Vec::new() }).tasks.push(task);
    }
    places.into_values().collect()
}

impl Placed<'_> {
    /// What it says, as the engine takes it; `None` for a template.
    pub(crate) fn in_force(&self, workspace: &Workspace) -> Option<Policy> {
        let layer = match self.tasks.first()? {
            None => LayerRef::Guardrails,
            Some(task) => LayerRef::Scope(task),
        };
        let mut policies = workspace.layer(layer)?.in_force();
        policies.find(|policy| AsRef::<str>::as_ref(policy.id()) == self.source.id).cloned()
    }

    /// The line in its file of a byte of its text.
    pub(crate) fn line(&self, byte: usize) -> u32 {
        let before = self.source.text.get(..byte).unwrap_or_default();
        self.source.line + before.matches('\n').count() as u32
    }

    /// The workspace in which the policy says `text`, under the same id.
    pub(crate) fn instead(&self, workspace: &Workspace, text: &str) -> Result<Workspace, String> {
        let source = self.source;
        let file = workspace.text(&source.file).unwrap_or_default();
        let around = file.get(..source.span.start).zip(file.get(source.span.end..));
        let (before, after) = around.ok_or_else(|| format!("`{}` changed", source.file))?;
        let id = match source.has_own_id() {
            true => String::new(),
            false => format!("@id({:?})\n", source.id),
        };
        let texts = [(source.file.clone(), format!("{before}{id}{text}{after}"))];
        workspace.with_texts(&texts).map_err(|findings| {
            findings.first().map(|finding| finding.message.clone()).unwrap_or_default()
        })
    }
}

//! Drafts: a workspace with the text of policy files that nobody has saved yet.
//!
//! Made at every pause of an author's typing, so it costs what the edit changed: policies that are
//! the same are neither parsed nor validated again, and layers without a changed file are shared.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::assemble::{Assembled, Parts};
use crate::files::{FileEntry, FileKind, SCOPE_INDEX};
use crate::finding::{self, Finding, Severity};
use crate::layer::Layer;
use crate::policy_file::PolicyFile;
use crate::scopes::{self, Plan, TaskRules};
use crate::workspace::Workspace;

/// The workspace with the unsaved text of some policy files.
pub(crate) fn with_texts(
    saved: &Workspace,
    drafts: &[(Utf8PathBuf, String)],
) -> Result<Workspace, Vec<Finding>> {
    let mut draft = Draft { saved, files: saved.files.clone(), parts: saved.parts.clone() };
    for (path, text) in drafts {
        draft.replace(path, text);
    }
    draft.into_workspace()
}

struct Draft<'a> {
    saved: &'a Workspace,
    files: Vec<FileEntry>,
    parts: Parts,
}

impl Draft<'_> {
    fn replace(&mut self, path: &Utf8Path, text: &str) {
        let path: Utf8PathBuf = path.components().collect();
        let is_hidden = path.components().any(|part| part.as_str().starts_with('.'));
        let kind = FileKind::of(&path).filter(|kind| kind.is_policies() && !is_hidden);
        let Some(kind) = kind else {
            return;
        };
        let text: Arc<str> = text.into();
        let saved = self.saved.parts.policies.get(&path);
        let file = match saved.filter(|saved| saved.text == text) {
            Some(saved) => Arc::clone(saved),
            None => {
                let before = saved.map(Arc::as_ref);
                let history = self.saved.history.as_deref();
                Arc::new(PolicyFile::parse(&path, Arc::clone(&text), before, history))
            }
        };
        // A file that cannot be read from disk is all there in its draft.
        self.parts.elsewhere.retain(|finding| finding.file != path);
        self.parts.policies.insert(path.clone(), file);
        let position = self.files.partition_point(|entry| entry.path < path);
        match self.files.get_mut(position).filter(|entry| entry.path == path) {
            Some(entry) => entry.text = text,
            None => self.files.insert(position, FileEntry { path, kind, text }),
        }
    }

    fn into_workspace(mut self) -> Result<Workspace, Vec<Finding>> {
        let tasks = self.tasks();
        let plans = self.plans(&tasks);
        let Assembled { guardrails, scopes, mistakes, misfits } =
            self.parts.assemble_after(&self.saved.guardrails, plans);
        let (unclear, odd): (Vec<_>, Vec<_>) =
            mistakes.into_iter().partition(|finding| finding.severity == Severity::Error);
        if !unclear.is_empty() {
            return Err(finding::sorted(unclear));
        }
        Ok(Workspace {
            guardrails,
            scopes,
            tasks,
            findings: finding::sorted([odd, misfits].concat()),
            files: self.files,
            parts: self.parts,
            root: self.saved.root.clone(),
            config: Arc::clone(&self.saved.config),
            schema: self.saved.schema.clone(),
            history: self.saved.history.clone(),
            entities: Arc::clone(&self.saved.entities),
        })
    }

    fn has_new_files(&self) -> bool {
        self.parts.policies.len() != self.saved.parts.policies.len()
    }

    /// The rules of `scopes.toml`, which may name a file that only exists as a draft.
    fn tasks(&mut self) -> Arc<TaskRules> {
        if !self.has_new_files() {
            return Arc::clone(&self.saved.tasks);
        }
        let index = self.saved.text(Utf8Path::new(SCOPE_INDEX)).unwrap_or_default();
        let (tasks, wrong) = scopes::read_rules(index, &self.parts.scope_files());
        self.parts.index = wrong;
        Arc::new(tasks)
    }

    /// The files of each scope, and its layer as it was.
    fn plans(&self, tasks: &TaskRules) -> Vec<(Plan, Option<&Arc<Layer>>)> {
        let scopes = &self.saved.scopes;
        if self.has_new_files() {
            let before = |task: &str| scopes::of_task(scopes, task).map(|scope| &scope.layer);
            let plans = scopes::plan(tasks, &self.parts.scope_files()).into_iter();
            return plans.map(|plan| (before(&plan.task), plan)).map(|(b, p)| (p, b)).collect();
        }
        let same = scopes.iter().map(|scope| {
            let plan = Plan { task: scope.task.clone(), files: scope.files.clone() };
            (plan, Some(&scope.layer))
        });
        same.collect()
    }
}

//! The workspace in a bundle: its files as members, and what the manifest says of them.
//!
//! Whoever builds a bundle and whoever verifies it ask the same functions, of the same texts.

use crate::manifest::{Built, ContentDigests, PolicyEntry, PolicyOf, TasksEntry};
use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use remit_policy::{Effect, FileKind, Language, Layer, PolicySource, Workspace};
use remit_review::{Broken, TestFiles};
use std::collections::BTreeMap;
use thiserror::Error;

/// What a workspace in a bundle is called where nobody gave it a name: the same wherever it is checked out.
const UNNAMED: &str = "workspace";

/// A file of tests that cannot be read. Without it a bundle would seem better tested than it is.
#[derive(Debug, Error, Diagnostic)]
#[error("`{file}` cannot be read: {message}")]
#[diagnostic(help("mend it or remove it"))]
pub struct UnreadableTests {
    /// The file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// Why.
    pub message: String,
}

/// The texts of a workspace that go into a bundle, by path: what was loaded, and its tests as they are on disk.
///
/// # Errors
/// If a file of tests cannot be read.
pub fn texts_on_disk(workspace: &Workspace) -> Result<Vec<(Utf8PathBuf, String)>, UnreadableTests> {
    let TestFiles { texts: tests, broken } = TestFiles::load(&workspace.root);
    if let Some(Broken { file, message, .. }) = broken.into_iter().next() {
        return Err(UnreadableTests { file, message });
    }
    let files = workspace.files.iter().filter(|entry| entry.kind != FileKind::Unsupported);
    let mut texts: Vec<_> =
        files.map(|entry| (entry.path.clone(), entry.text.to_string())).collect();
    texts.extend(tests);
    Ok(texts)
}

/// The workspace of some texts.
pub(crate) fn workspace(texts: Vec<(Utf8PathBuf, String)>) -> Workspace {
    Workspace::from_texts(Utf8Path::new(UNNAMED), texts)
}

/// The versions that give the policies their meaning here.
pub(crate) fn built() -> Built {
    Built {
        remit: env!("CARGO_PKG_VERSION").to_owned(),
        cedar: cedar_policy::get_sdk_version().to_string(),
        cedar_language: cedar_policy::get_lang_version().to_string(),
    }
}

pub(crate) fn digests(workspace: &Workspace) -> ContentDigests {
    let all = workspace.digests();
    ContentDigests {
        guardrails: all.guardrails,
        scopes: all.scopes,
        schema: all.schema,
        entities: all.entities,
        mapping: all.mapping,
    }
}

/// Every policy, by layer, file and place.
pub(crate) fn policies(workspace: &Workspace) -> Vec<PolicyEntry> {
    let mut all = entries(&PolicyOf::Guardrails, &workspace.guardrails);
    for scope in &workspace.scopes {
        all.extend(entries(&PolicyOf::Scope(scope.task.clone()), &scope.layer));
    }
    all
}

fn entries(of: &PolicyOf, layer: &Layer) -> Vec<PolicyEntry> {
    let mut sources: Vec<&PolicySource> = layer.policies.iter().map(|source| &**source).collect();
    sources.sort_by(|a, b| (&a.file, a.span.start).cmp(&(&b.file, b.span.start)));
    sources.into_iter().map(|source| entry(of, source)).collect()
}

fn entry(of: &PolicyOf, source: &PolicySource) -> PolicyEntry {
    let effect = match source.effect {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
    };
    let language = match source.language {
        Language::Cedar => "cedar",
        Language::Dogwood => "dogwood",
    };
    PolicyEntry {
        id: source.id.clone(),
        of: of.clone(),
        file: source.file.to_string(),
        line: source.line,
        effect: effect.to_owned(),
        language: language.to_owned(),
        template: source.is_template,
        digest: source.digest.clone(),
        owner: source.annotations.get("owner").filter(|owner| !owner.is_empty()).cloned(),
        annotations: BTreeMap::clone(&source.annotations),
    }
}

/// Which tasks have a scope; `unscoped` recorded sessions have none.
pub(crate) fn tasks(workspace: &Workspace, unscoped: u32) -> TasksEntry {
    let has_policies = |task: &str| {
        let scope = workspace.scopes.iter().find(|scope| scope.task == task);
        scope.is_some_and(|scope| !scope.layer.policies.is_empty())
    };
    let scoped = workspace.scopes.iter().map(|scope| scope.task.clone());
    let mut without: Vec<String> =
        workspace.tasks.rules.iter().map(|rule| rule.name.clone()).collect();
    without.sort();
    without.dedup();
    without.retain(|task| !has_policies(task));
    TasksEntry {
        scoped: scoped.filter(|task| has_policies(task)).collect(),
        default: workspace.tasks.default.clone().filter(|task| has_policies(task)),
        without_scope: without,
        unscoped_sessions: unscoped,
    }
}

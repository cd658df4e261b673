//! Checks the unsaved text of one file, fast enough for every key stroke.
//!
//! Only those policies of the file that the loaded workspace does not hold are parsed and validated,
//! against its schema and ids. What needs the whole workspace, such as an unused template, waits for
//! a load.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8Path;

use crate::config;
use crate::entities::LoadedEntities;
use crate::files::FileKind;
use crate::finding::{self, Finding};
use crate::layer;
use crate::links::LinkFile;
use crate::load;
use crate::policy_file::PolicyFile;
use crate::policy_source::PolicySource;
use crate::schema::LoadedSchema;
use crate::scopes;
use crate::workspace::Workspace;

/// Everything that is wrong with the text of one file, by place; other files are not looked at.
#[must_use]
pub fn check_text(workspace: &Workspace, file: &Utf8Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    match FileKind::of(file) {
        Some(FileKind::Guardrails | FileKind::Scope) => {
            check_policies(workspace, file, text, &mut findings);
        }
        Some(FileKind::Schema) => {
            LoadedSchema::read(file, text, &mut findings);
        }
        Some(FileKind::Entities) => {
            let schema = workspace.schema.as_ref().map(|schema| &schema.schema);
            LoadedEntities::read(file, Some(text), schema, &mut findings);
        }
        Some(FileKind::Config) => {
            let model = workspace.schema.as_ref().map(|schema| &schema.model);
            config::read(text, "", model, &mut findings);
        }
        Some(FileKind::ScopeIndex) => {
            findings = scopes::read_rules(text, &workspace.parts.scope_files()).1;
        }
        Some(FileKind::TemplateLinks) => {
            LinkFile::read(file, text, &mut findings);
        }
        Some(FileKind::Unsupported) => findings.push(load::unsupported(file)),
        None => {}
    }
    finding::sorted(findings)
}

fn check_policies(workspace: &Workspace, file: &Utf8Path, text: &str, findings: &mut Vec<Finding>) {
    let before = workspace.parts.policies.get(file).map(Arc::as_ref);
    let parsed = PolicyFile::parse(file, text.into(), before, workspace.history.as_deref())
        .validated(workspace.schema.as_deref());
    findings.extend([parsed.mistakes.as_slice(), &parsed.misfits].concat());
    let mut before: BTreeMap<&str, &PolicySource> = BTreeMap::new();
    for policy in elsewhere_in_its_layers(workspace, file) {
        before.entry(&policy.id).or_insert(policy);
    }
    for policy in parsed.policies.iter().map(|policy| &*policy.source) {
        match before.get(policy.id.as_str()) {
            Some(first) => findings.push(layer::duplicate(policy, first)),
            None => {
                before.insert(&policy.id, policy);
            }
        }
    }
}

/// The policies that share a layer with a file and are not in it, under the ids that they ask for.
fn elsewhere_in_its_layers<'a>(
    workspace: &'a Workspace,
    file: &'a Utf8Path,
) -> impl Iterator<Item = &'a PolicySource> {
    let is_guardrail = FileKind::of(file) == Some(FileKind::Guardrails);
    let guardrails = is_guardrail.then_some(&workspace.guardrails);
    let scopes = workspace.scopes.iter().filter(move |scope| scope.files.iter().any(|f| f == file));
    let layers = guardrails.into_iter().chain(scopes.map(|scope| &scope.layer));
    let files = layers.flat_map(|layer| layer.files()).filter(move |other| other.path != file);
    files.flat_map(|file| &file.policies).map(|policy| &*policy.source)
}

//! Checks the unsaved text of one file, fast enough for every key stroke.
//!
//! Only that file's policies are parsed and validated, against the schema and ids of the loaded
//! workspace. What needs the whole workspace, such as an unused template, waits for a load.

use std::collections::BTreeMap;

use camino::Utf8Path;

use crate::config;
use crate::entities::LoadedEntities;
use crate::files::FileKind;
use crate::finding::{self, Finding, FindingCode};
use crate::layer;
use crate::links::LinkFile;
use crate::policy_file::{PolicyFile, PolicySource};
use crate::schema::LoadedSchema;
use crate::scopes;
use crate::validate;
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
            scopes::read_rules(text, &scope_files(workspace), &mut findings);
        }
        Some(FileKind::TemplateLinks) => {
            LinkFile::read(file, text, &mut findings);
        }
        Some(FileKind::Unsupported) => findings.push(
            Finding::new(
                FindingCode::UnsupportedLanguage,
                file,
                "this version does not read Dogwood policies",
            )
            .help("write them in Cedar"),
        ),
        None => {}
    }
    finding::sort(&mut findings);
    findings
}

fn scope_files(workspace: &Workspace) -> Vec<&Utf8Path> {
    let entries = workspace.files.iter().filter(|entry| entry.kind == FileKind::Scope);
    entries.map(|entry| entry.path.as_path()).collect()
}

fn check_policies(workspace: &Workspace, file: &Utf8Path, text: &str, findings: &mut Vec<Finding>) {
    let parsed = PolicyFile::parse(file, text, findings);
    findings.extend(workspace.schema.iter().flat_map(|schema| validate::file(schema, &parsed)));
    let others = elsewhere_in_its_layers(workspace, file);
    let mut before: BTreeMap<&str, &PolicySource> =
        others.into_iter().map(|policy| (policy.id.as_str(), policy)).collect();
    for policy in parsed.policies.iter().map(|policy| &policy.source) {
        match before.get(policy.id.as_str()) {
            Some(first) => findings.push(layer::duplicate(policy, first)),
            None => {
                before.insert(&policy.id, policy);
            }
        }
    }
}

/// The policies that share a layer with a file, and are not in it.
fn elsewhere_in_its_layers<'a>(workspace: &'a Workspace, file: &Utf8Path) -> Vec<&'a PolicySource> {
    let layers: Vec<_> = if FileKind::of(file) == Some(FileKind::Guardrails) {
        vec![&workspace.guardrails]
    } else {
        let scopes = workspace.scopes.iter().filter(|scope| scope.files.iter().any(|f| f == file));
        scopes.map(|scope| &scope.layer).collect()
    };
    layers
        .into_iter()
        .flat_map(|layer| &layer.policies)
        .filter(|policy| policy.file != file)
        .collect()
}

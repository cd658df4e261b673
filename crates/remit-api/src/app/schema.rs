//! What another schema would do to the policies, and schemas with other tools.

use super::App;
use super::judging::while_true;
use crate::open::load_recordings;
use crate::view;
use crate::wire::*;
use camino::Utf8Path;
use remit_policy::schema_gen::{
    GeneratedSchema, SchemaGenError, ToolManifest, add_tools, generate_schema, parse_manifest,
    update_server,
};
use remit_policy::{Finding, Workspace};
use remit_replay::{Fit, Mapper, fits, infer_manifests};
use remit_session::Recording;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The file of the schema.
pub(super) const SCHEMA: &str = "schema.cedarschema";
/// A longer tool list is none.
const TOOL_LIST_MAX: u64 = 32 << 20;

impl App {
    pub(crate) fn schema_effects(&self, request: DraftText) -> Result<SchemaEffects, ErrorDto> {
        let saved = self.with_open(|open| Arc::clone(&open.workspace))?;
        Ok(schema_effects(&saved, &with_schema(&saved, &request.text)?))
    }

    pub(crate) fn make_schema(&self, request: MakeSchema) -> Result<MadeSchema, ErrorDto> {
        let saved = self.with_open(|open| Arc::clone(&open.workspace))?;
        let text = request.text.as_deref().or_else(|| saved.text(Utf8Path::new(SCHEMA)));
        let text = text.unwrap_or_default();
        let made = match request.from {
            SchemaSource::ToolList { path, server } => {
                let manifest = parse_manifest(&server, &tool_list(&path)?).map_err(refused)?;
                match text.trim() {
                    "" => generate_schema(None, &[manifest]),
                    _ => update_server(text, &manifest),
                }
            }
            SchemaSource::Recordings { tool } => {
                let manifests = self.called(&with_schema(&saved, text)?, tool.as_deref())?;
                match text.trim() {
                    "" => generate_schema(None, &manifests),
                    _ => add_tools(text, &manifests),
                }
            }
        };
        let GeneratedSchema { text, notes } = made.map_err(refused)?;
        Ok(MadeSchema { text, notes })
    }

    /// The tools that recordings call and `workspace` does not declare; of them only one, if it is named.
    fn called(
        &self,
        workspace: &Workspace,
        only: Option<&str>,
    ) -> Result<Vec<ToolManifest>, ErrorDto> {
        let reading = self.0.reading.load(Ordering::SeqCst);
        let mut go_on = |_: remit_session::Progress| while_true(self.is_current(reading));
        let loaded = load_recordings(workspace, &[], None, &mut go_on)
            .map_err(|_| ErrorDto::bad_request("the workspace changed meanwhile"))?;
        let declared = declared_tools(workspace, &loaded.recordings);
        let is_wanted =
            |tool: &str| !declared.contains(tool) && only.is_none_or(|only| only == tool);
        let mapping = &workspace.config.mapping;
        let mut by_server: BTreeMap<String, ToolManifest> = BTreeMap::new();
        for manifest in infer_manifests(&loaded.recordings, &mapping.server) {
            for tool in manifest.tools.into_iter().filter(|tool| is_wanted(&tool.name)) {
                let rule = mapping.tool(&tool.name).and_then(|found| found.rule.server.clone());
                let server = rule.unwrap_or_else(|| manifest.server.clone());
                let empty = ToolManifest { server: server.clone(), tools: Vec::new() };
                by_server.entry(server).or_insert(empty).tools.push(tool);
            }
        }
        let manifests: Vec<ToolManifest> = by_server.into_values().collect();
        match manifests.is_empty() {
            true => Err(ErrorDto::not_found("the schema declares every tool that is recorded")),
            false => Ok(manifests),
        }
    }
}

/// The workspace as it would be with another schema.
pub(super) fn with_schema(saved: &Workspace, text: &str) -> Result<Workspace, ErrorDto> {
    with_text(saved, SCHEMA, text)
}

/// The workspace as it would be with another text of a file.
pub(super) fn with_text(saved: &Workspace, file: &str, text: &str) -> Result<Workspace, ErrorDto> {
    let draft = |path: &Utf8Path| (path == file).then(|| text.to_owned());
    Workspace::load_with(&saved.root, &draft)
        .map_err(|error| ErrorDto::new(ErrorCode::NotAWorkspace, error.to_string()))
}

/// The recorded tools that have an action, or are mapped to one that they should have.
fn declared_tools(workspace: &Workspace, recordings: &[Recording]) -> BTreeSet<String> {
    let Some(mapper) = Mapper::new(workspace) else { return BTreeSet::new() };
    let undeclared = |fit: &Fit<'_>| matches!(fit, Fit::Unmapped { is_undeclared: true, .. });
    let mut declared = BTreeSet::new();
    for session in recordings.iter().flat_map(|recording| &recording.sessions) {
        for (_, call, fit) in fits(&mapper, session) {
            if !undeclared(&fit) && !declared.contains(&call.tool) {
                declared.insert(call.tool.clone());
            }
        }
    }
    declared
}

fn tool_list(path: &str) -> Result<String, ErrorDto> {
    let io = |error| crate::files::io_error(Utf8Path::new(path), &error);
    let mut text = String::new();
    let file = File::open(path).map_err(io)?;
    file.take(TOOL_LIST_MAX + 1).read_to_string(&mut text).map_err(io)?;
    match text.len() as u64 > TOOL_LIST_MAX {
        true => Err(ErrorDto::bad_request(format!("`{path}` is too long for a tool list"))),
        false => Ok(text),
    }
}

fn refused(error: SchemaGenError) -> ErrorDto {
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
    ErrorDto::new(ErrorCode::InvalidText, error.to_string()).help(help)
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
    let is_new = |finding: &&Finding| !saved.findings.contains(finding);
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

//! Decides which actions there will be: one for each tool, under which name, in which groups.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::manifest::{ToolManifest, ToolSpec};
use super::names::{Aliases, unused};
use super::shape::Record;
use super::stub::{EFFECTS, Stub, server_group};

/// A tool and the action that it will be.
#[derive(Debug, Clone)]
pub(super) struct PlannedTool<'a> {
    /// The id of the action: the tool's own name, unless that is taken.
    pub(super) action: String,
    /// The name that the generator gets for it.
    pub(super) alias: String,
    /// The servers that offer it.
    pub(super) servers: BTreeSet<&'a str>,
    /// The tool.
    pub(super) spec: &'a ToolSpec,
    /// The aliases of its properties.
    pub(super) properties: Aliases,
    arguments: Record,
}

impl PlannedTool<'_> {
    /// The tool as the generator reads it.
    pub(super) fn description(&self) -> Value {
        json!({ "name": self.alias, "inputSchema": self.arguments.schema(&self.properties) })
    }

    fn is_same_as(&self, spec: &ToolSpec, arguments: &Record) -> bool {
        self.arguments == *arguments && self.spec.effects() == spec.effects()
    }
}

/// Plans all tools; equal tools of several servers become one action.
pub(super) fn plan<'a>(
    manifests: &'a [ToolManifest],
    stub: &'a Stub,
    notes: &mut Vec<String>,
) -> Vec<PlannedTool<'a>> {
    let mut planner = Planner { stub, manifests, tools: Vec::new() };
    for manifest in manifests {
        for spec in &manifest.tools {
            notes.extend(planner.add(&manifest.server, spec));
        }
    }
    let is_taken = |alias: &str| stub.has_action(alias) || stub.has_type(&format!("{alias}Input"));
    let mut tools = planner.tools;
    let aliases = Aliases::new(tools.iter().map(|tool| tool.action.as_str()), is_taken);
    for tool in &mut tools {
        tool.alias = aliases.alias(&tool.action).to_owned();
    }
    tools
}

struct Planner<'a> {
    stub: &'a Stub,
    manifests: &'a [ToolManifest],
    tools: Vec<PlannedTool<'a>>,
}

impl<'a> Planner<'a> {
    /// Adds a tool of a server; a note if it cannot have its own name.
    fn add(&mut self, server: &'a str, spec: &'a ToolSpec) -> Option<String> {
        let arguments = Record::of_arguments(&spec.input_schema);
        let mut same_name = self.tools.iter_mut().filter(|tool| tool.spec.name == spec.name);
        if let Some(same) = same_name.find(|tool| tool.is_same_as(spec, &arguments)) {
            same.servers.insert(server);
            return None;
        }
        let name = &spec.name;
        let is_free = !self.is_used(name);
        let full_name = || unused(&format!("{server}.{name}"), |id| self.is_used(id));
        let action = if is_free { name.clone() } else { full_name() };
        let note = (!is_free).then(|| {
            format!("tool `{name}` of server `{server}` is the action `{action}`, because another action has its name")
        });
        let properties = Aliases::new(arguments.names(), |_| false);
        let servers = BTreeSet::from([server]);
        let alias = String::new();
        self.tools.push(PlannedTool { action, alias, servers, spec, properties, arguments });
        note
    }

    fn is_used(&self, id: &str) -> bool {
        let is_server = |manifest: &ToolManifest| server_group(&manifest.server) == id;
        EFFECTS.contains(&id)
            || self.manifests.iter().any(is_server)
            || self.stub.has_action(id)
            || self.tools.iter().any(|tool| tool.action == id)
    }
}

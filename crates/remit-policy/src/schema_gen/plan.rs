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
    stub: &Stub,
    notes: &mut Vec<String>,
) -> Vec<PlannedTool<'a>> {
    let mut tools: Vec<PlannedTool<'a>> = Vec::new();
    for manifest in manifests {
        for spec in &manifest.tools {
            add(&mut tools, &manifest.server, spec, stub, manifests, notes);
        }
    }
    let is_taken = |alias: &str| stub.has_action(alias) || stub.has_type(&format!("{alias}Input"));
    let aliases = Aliases::new(tools.iter().map(|tool| tool.action.as_str()), is_taken);
    for tool in &mut tools {
        tool.alias = aliases.alias(&tool.action).to_owned();
    }
    tools
}

fn add<'a>(
    tools: &mut Vec<PlannedTool<'a>>,
    server: &'a str,
    spec: &'a ToolSpec,
    stub: &Stub,
    manifests: &[ToolManifest],
    notes: &mut Vec<String>,
) {
    let arguments = Record::of_arguments(&spec.input_schema);
    let mut same_name = tools.iter_mut().filter(|tool| tool.spec.name == spec.name);
    if let Some(same) = same_name.find(|tool| tool.is_same_as(spec, &arguments)) {
        same.servers.insert(server);
        return;
    }
    let is_used = |id: &str| {
        let is_group =
            EFFECTS.contains(&id) || manifests.iter().any(|m| server_group(&m.server) == id);
        is_group || stub.has_action(id) || tools.iter().any(|tool| tool.action == id)
    };
    let action = if is_used(&spec.name) {
        let action = unused(&format!("{server}.{}", spec.name), is_used);
        notes.push(format!(
            "tool `{}` of server `{server}` is the action `{action}`, because another action has its name",
            spec.name
        ));
        action
    } else {
        spec.name.clone()
    };
    let properties = Aliases::new(arguments.names(), |_| false);
    let servers = BTreeSet::from([server]);
    tools.push(PlannedTool {
        action,
        alias: String::new(),
        servers,
        spec,
        properties,
        arguments,
    });
}

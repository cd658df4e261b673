//! A schema with other tools: what its author wrote stays as it is written.

use serde_json::Value;

use super::error::SchemaGenError;
use super::manifest::ToolManifest;
use super::merge::merged;
use super::stub::{Stub, server_group};
use super::{GeneratedSchema, generate_with, print_text};

/// The schema with the tools of a server's new list in the place of those that it had of this server.
///
/// A tool that other servers offer too is left as it is, with a note.
///
/// # Errors
/// As [`generate_schema`](super::generate_schema).
pub fn update_server(
    text: &str,
    manifest: &ToolManifest,
) -> Result<GeneratedSchema, SchemaGenError> {
    let group = server_group(&manifest.server);
    let old = Stub::read_without(text, &|_, _| false)?;
    let mut notes = Vec::new();
    let mut listed = manifest.clone();
    listed.tools.retain(|tool| {
        let servers = old.action(&tool.name).map(servers_of).unwrap_or_default();
        let is_shared = servers.contains(&group.as_str()) && servers.len() > 1;
        if is_shared {
            let name = &tool.name;
            notes.push(format!("`{name}` is a tool of other servers too, and stays as it is"));
        }
        !is_shared
    });
    let is_listed = |id: &str| manifest.tools.iter().any(|tool| tool.name == id);
    let is_replaced = |id: &str, action: &Value| match servers_of(action).as_slice() {
        [] => is_listed(id),
        servers => servers == [group.as_str()],
    };
    let made = beside(text, &[listed], &is_replaced)?;
    Ok(GeneratedSchema { notes: [notes, made.notes].concat(), ..made })
}

/// The schema with more tools; those that it has stay what they are.
///
/// # Errors
/// As [`generate_schema`](super::generate_schema).
pub fn add_tools(
    text: &str,
    manifests: &[ToolManifest],
) -> Result<GeneratedSchema, SchemaGenError> {
    beside(text, manifests, &|_, _| false)
}

fn beside(
    text: &str,
    manifests: &[ToolManifest],
    is_replaced: &dyn Fn(&str, &Value) -> bool,
) -> Result<GeneratedSchema, SchemaGenError> {
    let stub = Stub::read_without(text, is_replaced)?;
    let made = generate_with(&stub, manifests)?;
    let before = print_text(text)?;
    match merged(text, &before, &made.text) {
        Some(text) => Ok(GeneratedSchema { text, ..made }),
        None => {
            let note = "the schema is written anew, without its comments: several of its names are \
                        declared at once";
            Ok(GeneratedSchema { notes: [vec![note.to_owned()], made.notes].concat(), ..made })
        }
    }
}

/// The groups of servers that an action is in.
fn servers_of(action: &Value) -> Vec<&str> {
    let groups = action.get("memberOf").and_then(Value::as_array).into_iter().flatten();
    let ids = groups.filter_map(|group| group.get("id")?.as_str());
    ids.filter(|id| id.starts_with("server:")).collect()
}

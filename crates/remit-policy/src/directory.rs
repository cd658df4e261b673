//! Who and what there is: agents, tools, servers and their groups.
//!
//! From `entities.json` and the schema, and from names that somebody else knows, such as those in
//! recordings. What is only named, by another entity or by a recording, is in it too, and says so.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Entity, EntityUid};
use serde_json::Value;

use crate::schema_model::SchemaModel;
use crate::workspace::Workspace;

/// Somebody or something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Who or what.
    pub uid: EntityUid,
    /// What it is to policies.
    pub kind: EntityKind,
    /// Those that it is directly a member of, in full, sorted.
    pub parents: Vec<String>,
    /// Its attributes, each as JSON.
    pub attributes: Vec<(String, String)>,
    /// Whether `entities.json` has it, or, for actions, the schema.
    pub is_declared: bool,
}

/// What an entity is to policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntityKind {
    /// It acts.
    Agent,
    /// It is done.
    Tool,
    /// It is acted on.
    Server,
    /// It has tools as members.
    ToolGroup,
    /// All others: groups, tasks, people.
    Other,
}

/// All entities, and the `named` ones, by kind and name.
#[must_use]
pub fn directory(
    workspace: &Workspace,
    named: impl IntoIterator<Item = String>,
) -> Vec<DirectoryEntry> {
    let model = workspace.schema.as_ref().map(|schema| &schema.model);
    let mut known: BTreeMap<String, DirectoryEntry> = BTreeMap::new();
    for entity in workspace.entities.entities.iter() {
        let entry = declared(model, entity);
        known.insert(entry.uid.to_string(), entry);
    }
    let parents: BTreeSet<String> =
        known.values().flat_map(|entry| &entry.parents).cloned().collect();
    for name in named.into_iter().chain(parents) {
        let Ok(uid) = name.parse::<EntityUid>() else { continue };
        known.entry(name).or_insert_with(|| DirectoryEntry {
            kind: kind(model, &uid),
            uid,
            parents: Vec::new(),
            attributes: Vec::new(),
            is_declared: false,
        });
    }
    let mut all: Vec<DirectoryEntry> = known.into_values().collect();
    // By name already: what is as good stays in order.
    all.sort_by_key(|entry| entry.kind);
    all
}

fn declared(model: Option<&SchemaModel>, entity: &Entity) -> DirectoryEntry {
    let json = entity.to_json_value().unwrap_or_default();
    let parents = json.get("parents").and_then(Value::as_array).into_iter().flatten();
    let mut parents: Vec<String> = parents
        .filter_map(|parent| EntityUid::from_json(parent.clone()).ok())
        .map(|uid| uid.to_string())
        .collect();
    parents.sort();
    let attributes = json.get("attrs").and_then(Value::as_object).into_iter().flatten();
    DirectoryEntry {
        uid: entity.uid(),
        kind: kind(model, &entity.uid()),
        parents,
        attributes: attributes.map(|(name, value)| (name.clone(), value.to_string())).collect(),
        is_declared: true,
    }
}

fn kind(model: Option<&SchemaModel>, uid: &EntityUid) -> EntityKind {
    let Some(model) = model else { return EntityKind::Other };
    let ty = uid.type_name().to_string();
    if model.actions.contains_key(&uid.to_string()) {
        EntityKind::Tool
    } else if uid.type_name().basename() == "Action" {
        EntityKind::ToolGroup
    } else if model.principal_types.contains(&ty) {
        EntityKind::Agent
    } else if model.resource_types.contains(&ty) {
        EntityKind::Server
    } else {
        EntityKind::Other
    }
}

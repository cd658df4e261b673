//! Who and what there is: agents, tools, servers and their groups.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The entities that are asked about.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct EntitiesText {
    /// The unsaved text of `entities.json`; without one, the saved file is meant.
    pub text: Option<String>,
}

/// Who and what there is.
#[derive(Clone, Debug, Serialize, TS)]
pub struct EntitiesView {
    /// By kind and name.
    pub entities: Vec<EntityRow>,
    /// How many more there are.
    pub more: u32,
}

/// Somebody or something.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EntityRow {
    /// In full.
    pub uid: String,
    /// Its type.
    pub ty: String,
    /// Its id, without quotes.
    pub id: String,
    /// What it is to policies.
    pub kind: EntityKind,
    /// Positions of those that it is directly a member of.
    pub parents: Vec<u32>,
    /// What is known about it.
    pub attributes: Vec<EntityAttribute>,
    /// The recorded calls that it makes, that are of it, or that are made on it; of groups, `None`.
    pub calls: Option<u32>,
    /// Whether `entities.json` has it, or, for tools, the schema.
    pub is_declared: bool,
}

/// An attribute of an entity.
#[derive(Clone, Debug, Serialize, TS)]
pub struct EntityAttribute {
    /// Its name.
    pub name: String,
    /// Its value, as JSON.
    pub value: String,
}

/// What an entity is to policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "camelCase")]
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

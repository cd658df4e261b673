//! The part of a schema that does not come from tools: who acts, on what, with which facts.
//!
//! The generator wants exactly one named namespace. Ours has none, so that policies can say
//! `Action::"send_money"`: it works in a namespace of its own and is moved out afterwards. A
//! schema that was generated before is taken apart first, so that generating twice changes nothing.

use serde_json::{Map, Value, json};

use super::error::SchemaGenError;
use super::plan::PlannedTool;
use crate::session_facts;
use crate::split::has_comments;
use cedar_policy::SchemaFragment;

/// What a workspace starts with.
pub(super) fn standard() -> String {
    STANDARD.replace("{facts}", &session_facts::declarations())
}

const STANDARD: &str = r#"
@doc("An agent, by its workload identity")
@mcp_principal("Agent")
entity Agent in [Task, AgentGroup] = {
  name?: String,
  actsFor?: User,
};

@doc("What a session is for")
entity Task;

entity AgentGroup;

@doc("A person whom agents act for, or deal with")
entity User = {
  name?: String,
};

@doc("A server that offers tools")
@mcp_resource("Server")
entity Server = {
  url?: String,
};

@doc("What happened in the session before the call")
@mcp_context("session")
type Session = {
{facts}};

@doc("Every tool")
@mcp_action("call_tool")
action call_tool;
"#;

/// The namespace in which a schema without one is worked on.
const WORKSHOP: &str = "RemitWorkshop";

/// The groups that are made from hints.
pub(super) const EFFECTS: [&str; 3] = ["read_only", "destructive", "open_world"];

/// The group of a server's tools.
pub(super) fn server_group(server: &str) -> String {
    format!("server:{server}")
}

/// A schema without its tools.
#[derive(Debug, Clone)]
pub(super) struct Stub {
    namespace: String,
    definitions: Value,
    others: Map<String, Value>,
    tools: Vec<String>,
    /// What was lost in reading.
    pub(super) notes: Vec<String>,
}

impl Stub {
    /// Takes a schema apart.
    pub(super) fn read(text: &str) -> Result<Self, SchemaGenError> {
        let notes = has_comments(text).then(|| {
            "the comments of the old schema are not kept; annotations such as `@doc(\"…\")` are"
                .to_owned()
        });
        let stub = Self::taken_apart(text, remove_tools)?;
        Ok(Self { notes: notes.into_iter().collect(), ..stub })
    }

    /// Takes only some tools out; the others, and all groups, count as the author's own.
    pub(super) fn read_without(
        text: &str,
        is_replaced: &dyn Fn(&str, &Value) -> bool,
    ) -> Result<Self, SchemaGenError> {
        Self::taken_apart(text, |definitions| remove_some(definitions, is_replaced))
    }

    fn taken_apart(
        text: &str,
        remove: impl Fn(&mut Value) -> Vec<String>,
    ) -> Result<Self, SchemaGenError> {
        let mut others = parsed(text)?;
        let namespace = marked_namespace(&others)?;
        let mut definitions = others.remove(&namespace).unwrap_or_default();
        let tools = remove(&mut definitions);
        Ok(Self { namespace, definitions, others, tools, notes: Vec::new() })
    }

    /// The declaration of an action.
    pub(super) fn action(&self, id: &str) -> Option<&Value> {
        self.section("actions")?.get(id)
    }

    pub(super) fn working_namespace(&self) -> &str {
        if self.namespace.is_empty() { WORKSHOP } else { &self.namespace }
    }

    /// The definitions as a schema with one named namespace.
    pub(super) fn alone(&self) -> Value {
        let namespace = self.working_namespace();
        json!({ namespace: self.definitions })
    }

    /// The whole schema, with new definitions in the place of the old.
    pub(super) fn restore(&self, definitions: Value) -> Value {
        let mut schema = self.others.clone();
        schema.insert(self.namespace.clone(), definitions);
        Value::Object(schema)
    }

    /// Whether an action of this id is the author's own.
    pub(super) fn has_action(&self, id: &str) -> bool {
        self.section("actions").is_some_and(|actions| actions.contains_key(id))
    }

    /// Whether a type of this name is the author's own.
    pub(super) fn has_type(&self, name: &str) -> bool {
        let sections = ["commonTypes", "entityTypes"];
        sections.iter().filter_map(|key| self.section(key)).any(|types| types.contains_key(name))
    }

    /// A note on each tool of the old schema that is not among the new ones.
    pub(super) fn removed_by(&self, tools: &[PlannedTool<'_>]) -> Vec<String> {
        let is_gone = |id: &&String| !tools.iter().any(|tool| tool.action == **id);
        let gone = self.tools.iter().filter(is_gone);
        gone.map(|id| format!("`{id}` is gone: no tool list has it any more")).collect()
    }

    fn section(&self, key: &str) -> Option<&Map<String, Value>> {
        self.definitions.get(key)?.as_object()
    }
}

/// The namespace that says who acts on what.
fn marked_namespace(schema: &Map<String, Value>) -> Result<String, SchemaGenError> {
    let is_marked = |definitions: &Value, mark: &str| {
        let types = definitions.get("entityTypes").and_then(Value::as_object);
        let mut annotations =
            types.into_iter().flat_map(Map::values).map(|ty| ty.get("annotations"));
        annotations.any(|annotations| annotations.is_some_and(|all| all.get(mark).is_some()))
    };
    let principal = schema.iter().find(|(_, definitions)| is_marked(definitions, "mcp_principal"));
    let (namespace, definitions) = principal
        .ok_or(SchemaGenError::NotMarked { mark: "@mcp_principal", role: "your agents" })?;
    if !is_marked(definitions, "mcp_resource") {
        return Err(SchemaGenError::NotMarked { mark: "@mcp_resource", role: "your servers" });
    }
    Ok(namespace.clone())
}

/// A schema as JSON, by namespaces.
pub(super) fn parsed(text: &str) -> Result<Map<String, Value>, SchemaGenError> {
    let wrong = |message: String| SchemaGenError::Stub { message: message.replace('\n', " ") };
    let (fragment, _) =
        SchemaFragment::from_cedarschema_str(text).map_err(|error| wrong(error.to_string()))?;
    match fragment.to_json_value().map_err(|error| wrong(error.to_string()))? {
        Value::Object(schema) => Ok(schema),
        _ => Err(wrong("it is empty".to_owned())),
    }
}

/// Removes what was generated: tool actions, the types of their input, and their groups.
fn remove_tools(definitions: &mut Value) -> Vec<String> {
    let removed = remove_some(definitions, &|_, _| true);
    let is_group = |id: &str| EFFECTS.contains(&id) || id.starts_with("server:");
    let actions = definitions.get_mut("actions").and_then(Value::as_object_mut);
    if let Some(actions) = actions {
        actions.retain(|id, action| !(is_group(id) && applies_to_nothing(action)));
    }
    removed
}

/// Removes some tool actions and the types of their input.
fn remove_some(definitions: &mut Value, is_removed: &dyn Fn(&str, &Value) -> bool) -> Vec<String> {
    let Some(actions) = definitions.get_mut("actions").and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    let removed: Vec<(String, String)> = actions
        .iter()
        .filter(|(id, action)| is_removed(id, action))
        .filter_map(|(id, action)| Some((id.clone(), input_type(action)?.to_owned())))
        .collect();
    actions.retain(|id, _| !removed.iter().any(|(tool, _)| tool == id));
    for (_, input) in &removed {
        remove_type(definitions, input);
    }
    removed.into_iter().map(|(id, _)| id).collect()
}

/// Removes a common type that nothing refers to, and then those that only it referred to.
fn remove_type(definitions: &mut Value, name: &str) {
    let is_used = references(definitions).iter().any(|used| used == name);
    let types = definitions.get_mut("commonTypes").and_then(Value::as_object_mut);
    let Some(removed) = types.filter(|_| !is_used).and_then(|types| types.remove(name)) else {
        return;
    };
    for below in references(&removed) {
        remove_type(definitions, &below);
    }
}

/// Every name that a type refers to.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let own = ["name", "type"].iter().filter_map(|key| object.get(*key)?.as_str());
            let own: Vec<_> = own.map(str::to_owned).collect();
            own.into_iter().chain(object.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Whether nobody can request the action, because it only groups others.
fn applies_to_nothing(action: &Value) -> bool {
    let principals = action.pointer("/appliesTo/principalTypes").and_then(Value::as_array);
    principals.is_none_or(Vec::is_empty)
}

/// The generated type of an action's `input`, by which a tool's action is known.
fn input_type(action: &Value) -> Option<&str> {
    let input = action.pointer("/appliesTo/context/attributes/input")?;
    let name = input.get("name").or_else(|| input.get("type"))?.as_str()?;
    name.ends_with("Input").then_some(name)
}

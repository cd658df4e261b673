//! The action schema as conditions over history see it.
//!
//! Pins and predicates may ask for `context.sessionId`, `context.requestId` and `context.derived`,
//! which no request of ours holds: the engine takes them from the recording. So that Dogwood accepts
//! them, they are added to the context of every action here, and nowhere else; a policy that reads
//! them outside of a condition over history is refused by name.

use std::collections::BTreeSet;

use cedar_policy::SchemaFragment;
use dogwood_language::PolicySchema;
use serde_json::{Map, Value, json};

use super::events::DERIVED;

/// The attributes of the context that only conditions over history may read.
pub(super) const ONLY_IN_HISTORY: [&str; 3] = ["sessionId", "requestId", "derived"];

/// An action schema that can be cut down to some actions.
#[derive(Debug, Clone)]
pub(super) struct Actions {
    schema: Value,
    whole: PolicySchema,
    /// Those of [`ONLY_IN_HISTORY`] that some action of the workspace declares itself.
    pub(super) declared: BTreeSet<String>,
}

impl Actions {
    /// Reads a workspace's schema; the error is Dogwood's or Cedar's own words.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let mut schema = json_of(text)?;
        let mut declared = BTreeSet::new();
        extend_contexts(&mut schema, &mut |_, _, attributes| {
            for (name, ty) in added() {
                if attributes.contains_key(name) {
                    declared.insert(name.to_owned());
                } else {
                    attributes.insert(name.to_owned(), ty);
                }
            }
        });
        let whole = printed(&schema)?;
        Ok(Self { schema, whole, declared })
    }

    /// The text of the schema with all actions.
    pub(super) fn text(&self) -> Result<String, String> {
        text_of(&self.schema)
    }

    /// The schema with all actions.
    pub(super) fn whole(&self) -> &PolicySchema {
        &self.whole
    }

    /// The schema without the actions that a policy does not name; action groups stay.
    ///
    /// Deriving the events of an action is most of what lowering costs.
    pub(super) fn only(&self, named: &BTreeSet<(String, String)>) -> Option<PolicySchema> {
        let mut schema = self.schema.clone();
        for (namespace, body) in schema.as_object_mut()? {
            if let Some(actions) = body.get_mut("actions").and_then(Value::as_object_mut) {
                actions.retain(|id, action| {
                    action.get("appliesTo").is_none()
                        || named.contains(&(namespace.clone(), id.clone()))
                });
            }
        }
        printed(&schema).ok()
    }
}

fn printed(schema: &Value) -> Result<PolicySchema, String> {
    PolicySchema::from_cedarschema_str(&text_of(schema)?).map_err(|error| error.to_string())
}

fn json_of(text: &str) -> Result<Value, String> {
    let (fragment, _) =
        SchemaFragment::from_cedarschema_str(text).map_err(|error| error.to_string())?;
    fragment.to_json_value().map_err(|error| error.to_string())
}

fn text_of(schema: &Value) -> Result<String, String> {
    let fragment =
        SchemaFragment::from_json_value(schema.clone()).map_err(|error| error.to_string())?;
    fragment.to_cedarschema().map_err(|error| error.to_string())
}

/// A schema whose actions have some more Booleans in their contexts, none of which must be there.
/// `wanted` is asked with an action's full text, such as `Action::"pay"`.
///
/// # Errors
/// If the text is no schema, in Cedar's words.
pub fn schema_with_booleans(
    text: &str,
    wanted: &dyn Fn(&str) -> Vec<String>,
) -> Result<String, String> {
    let mut schema = json_of(text)?;
    extend_contexts(&mut schema, &mut |namespace, action, attributes| {
        let uid = format!("{}::{action:?}", qualified(namespace, "Action"));
        for name in wanted(&uid) {
            attributes.insert(name, json!({ "type": "Boolean", "required": false }));
        }
    });
    text_of(&schema)
}

/// What becomes of the attributes of a context, by the action's namespace and id.
type ChangeContext<'c> = dyn FnMut(&str, &str, &mut Map<String, Value>) + 'c;

/// Changes the attributes of the context of every action that can be requested. `change` is told the
/// namespace and the action's id.
fn extend_contexts(schema: &mut Value, change: &mut ChangeContext<'_>) {
    let common = common_types(schema);
    for (namespace, body) in schema.as_object_mut().into_iter().flatten() {
        let actions = body.get_mut("actions").and_then(Value::as_object_mut);
        for (id, action) in actions.into_iter().flatten() {
            let change =
                &mut |attributes: &mut Map<String, Value>| change(namespace, id, attributes);
            extend_context(action, namespace, &common, change);
        }
    }
}

/// The common types by full name.
fn common_types(schema: &Value) -> Map<String, Value> {
    let mut types = Map::new();
    for (namespace, body) in schema.as_object().into_iter().flatten() {
        let own = body.get("commonTypes").and_then(Value::as_object).into_iter().flatten();
        for (name, ty) in own {
            types.insert(qualified(namespace, name), ty.clone());
        }
    }
    types
}

fn qualified(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}::{name}") }
}

fn extend_context(
    action: &mut Value,
    namespace: &str,
    common: &Map<String, Value>,
    change: &mut dyn FnMut(&mut Map<String, Value>),
) {
    let Some(applies) = action.get_mut("appliesTo").and_then(Value::as_object_mut) else {
        return;
    };
    let empty = || json!({ "type": "Record", "attributes": {} });
    let mut context = applies.get("context").map_or_else(empty, Value::clone);
    // A context may be a common type, and that the name of another.
    for _ in 0..common.len() {
        let name = context.get("name").or_else(|| context.get("type")).and_then(Value::as_str);
        let named = name.and_then(|name| {
            common.get(&qualified(namespace, name)).or_else(|| common.get(name)).cloned()
        });
        match named {
            Some(named) => context = named,
            None => break,
        }
    }
    if let Some(attributes) = context.get_mut("attributes").and_then(Value::as_object_mut) {
        change(attributes);
        applies.insert("context".to_owned(), context);
    }
}

fn added() -> [(&'static str, Value); 3] {
    let text = || json!({ "type": "String" });
    let derived: Map<String, Value> =
        DERIVED.iter().map(|(name, ty)| ((*name).to_owned(), json!({ "type": ty }))).collect();
    let [session, request, derived_name] = ONLY_IN_HISTORY;
    [
        (session, text()),
        (request, text()),
        (derived_name, json!({ "type": "Record", "attributes": derived })),
    ]
}

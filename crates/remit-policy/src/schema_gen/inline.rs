//! Writes nested objects where they are used.
//!
//! The generator gives every nested object a common type in a namespace of its own. One record in
//! place is what an author can read, and what needs no namespace.

use serde_json::{Map, Value};

/// Takes one namespace out of a generated schema, with all types of the others written into it.
pub(super) fn inline_all(schema: Value, namespace: &str) -> Value {
    let Value::Object(mut generated) = schema else {
        return schema;
    };
    let mut definitions = generated.remove(namespace).unwrap_or_default();
    let types = definitions.get_mut("commonTypes").and_then(Value::as_object_mut);
    for ty in types.into_iter().flat_map(Map::values_mut) {
        inline(ty, namespace, &generated);
    }
    definitions
}

/// Replaces references inside a type that is written in a namespace.
fn inline(ty: &mut Value, namespace: &str, generated: &Map<String, Value>) {
    if let Some((home, mut definition)) = referenced(ty, namespace, generated) {
        inline(&mut definition, &home, generated);
        if let (Some(place), Value::Object(definition)) = (ty.as_object_mut(), definition) {
            place.remove("name");
            place.extend(definition);
        }
        return;
    }
    if let Some(element) = ty.get_mut("element") {
        inline(element, namespace, generated);
    }
    let attributes = ty.get_mut("attributes").and_then(Value::as_object_mut);
    for attribute in attributes.into_iter().flat_map(Map::values_mut) {
        inline(attribute, namespace, generated);
    }
}

/// The generated type that a type refers to, and the namespace it is written in.
fn referenced(
    ty: &Value,
    namespace: &str,
    generated: &Map<String, Value>,
) -> Option<(String, Value)> {
    let name = ty.get("name")?.as_str()?;
    let (home, name) = name.rsplit_once("::").unwrap_or((namespace, name));
    let definition = generated.get(home)?.get("commonTypes")?.get(name)?;
    Some((home.to_owned(), definition.clone()))
}

//! Reduces a tool's JSON Schema to what a Cedar schema can express.
//!
//! The official generator makes opaque entities of enums, unions, nulls, tuples and free-form
//! objects, with ids that differ from run to run: nothing a policy could compare. Here they are
//! text, and the mapping puts the JSON text there. What the generator expresses exactly is left
//! exactly so. References are followed, and cycles end in text.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::Aliases;
use crate::editor::attribute_name;

/// How deeply arguments may be nested before they become text.
const DEPTH: usize = 12;

/// The type of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    /// Text in one of the formats that Cedar has a type for.
    Formatted(String),
    Integer,
    Number,
    Boolean,
    List(Box<Shape>),
    Record(Record),
}

/// The properties of an object; each says whether it must be there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record(BTreeMap<String, (Shape, bool)>);

/// A shape, and whether the value may be null instead.
struct Nullable {
    shape: Shape,
    is_nullable: bool,
}

/// The type of what a JSON Schema lets through, as a Cedar schema writes it.
#[must_use]
pub fn cedar_type(schema: &Value) -> String {
    Reader { root: schema, path: Vec::new() }.read(schema).shape.cedar()
}

impl Record {
    fn cedar(&self) -> String {
        let attributes = self.0.iter().map(|(name, (shape, is_required))| {
            let optional = if *is_required { "" } else { "?" };
            format!("{}{optional}: {}", attribute_name(name), shape.cedar())
        });
        format!("{{ {} }}", attributes.collect::<Vec<_>>().join(", "))
    }

    /// The arguments of a tool; a schema that is no object has none.
    pub(super) fn of_arguments(schema: &Value) -> Self {
        let reader = Reader { root: schema, path: Vec::new() };
        let shape = reader.followed(schema).and_then(|(object, reader)| reader.record(object));
        shape.unwrap_or_default()
    }

    /// Every property name, at any depth.
    pub(super) fn names(&self) -> Vec<&str> {
        let nested = self.0.values().flat_map(|(shape, _)| shape.names());
        self.0.keys().map(String::as_str).chain(nested).collect()
    }

    /// The JSON Schema of the same, under aliases, for the generator.
    pub(super) fn schema(&self, aliases: &Aliases) -> Value {
        let properties: Map<_, _> = self
            .0
            .iter()
            .map(|(name, (shape, _))| (aliases.alias(name).to_owned(), shape.schema(aliases)))
            .collect();
        let required = self.0.iter().filter(|(_, (_, required))| *required);
        let required: Vec<_> = required.map(|(name, _)| aliases.alias(name)).collect();
        json!({ "type": "object", "properties": properties, "required": required })
    }
}

impl Shape {
    fn cedar(&self) -> String {
        match self {
            Self::Text | Self::Formatted(_) => "String".to_owned(),
            Self::Integer => "Long".to_owned(),
            Self::Number => "decimal".to_owned(),
            Self::Boolean => "Bool".to_owned(),
            Self::List(element) => format!("Set<{}>", element.cedar()),
            Self::Record(record) => record.cedar(),
        }
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Self::List(element) => element.names(),
            Self::Record(record) => record.names(),
            Self::Text | Self::Formatted(_) | Self::Integer | Self::Number | Self::Boolean => {
                Vec::new()
            }
        }
    }

    fn schema(&self, aliases: &Aliases) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Formatted(format) => json!({ "type": "string", "format": format }),
            Self::Integer => json!({ "type": "integer" }),
            Self::Number => json!({ "type": "number" }),
            Self::Boolean => json!({ "type": "boolean" }),
            Self::List(element) => json!({ "type": "array", "items": element.schema(aliases) }),
            Self::Record(record) => record.schema(aliases),
        }
    }
}

/// Where we are: the root for references, and the references and levels above.
struct Reader<'a> {
    root: &'a Value,
    path: Vec<&'a Value>,
}

impl<'a> Reader<'a> {
    /// One level down; nothing where the schema contains itself, or is nested too deeply.
    fn below(&self, schema: &'a Value) -> Option<Self> {
        let is_cycle = self.path.iter().any(|above| std::ptr::eq(*above, schema));
        if is_cycle || self.path.len() >= DEPTH {
            return None;
        }
        let path = self.path.iter().copied().chain([schema]).collect();
        Some(Self { root: self.root, path })
    }

    /// The object that a schema is, after references and `allOf` with a single member.
    fn followed(&self, schema: &'a Value) -> Option<(&'a Map<String, Value>, Self)> {
        let reader = self.below(schema)?;
        let object = schema.as_object()?;
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(reference.strip_prefix('#')?)?;
            return reader.followed(target);
        }
        match object.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
            Some([only]) if !object.contains_key("properties") => reader.followed(only),
            _ => Some((object, reader)),
        }
    }

    fn read(&self, schema: &'a Value) -> Nullable {
        let Some((object, reader)) = self.followed(schema) else {
            return Nullable { shape: Shape::Text, is_nullable: false };
        };
        if let Some(choices) =
            ["anyOf", "oneOf"].iter().find_map(|key| object.get(*key)?.as_array())
        {
            return reader.choice(choices);
        }
        match object.get("type") {
            Some(Value::Array(types)) => reader.one_of_types(object, types),
            Some(Value::String(name)) => {
                Nullable { shape: reader.shape(object, name), is_nullable: name == "null" }
            }
            _ => Nullable { shape: reader.untyped(object), is_nullable: false },
        }
    }

    /// The one shape that all choices have, `null` aside; else text.
    fn choice(&self, choices: &'a [Value]) -> Nullable {
        let is_null = |choice: &&Value| choice.get("type").is_some_and(|name| name == "null");
        let is_nullable = choices.iter().any(|choice| is_null(&choice));
        let read: Vec<_> =
            choices.iter().filter(|c| !is_null(c)).map(|choice| self.read(choice)).collect();
        let is_nullable = is_nullable || read.iter().any(|choice| choice.is_nullable);
        let mut shapes = read.into_iter().map(|choice| choice.shape);
        let first = shapes.next().unwrap_or(Shape::Text);
        let shape = if shapes.all(|shape| shape == first) { first } else { Shape::Text };
        Nullable { shape, is_nullable }
    }

    fn one_of_types(&self, object: &'a Map<String, Value>, types: &'a [Value]) -> Nullable {
        let mut names = types.iter().filter_map(Value::as_str).filter(|name| *name != "null");
        let shape = match (names.next(), names.next()) {
            (Some(only), None) => self.shape(object, only),
            _ => Shape::Text,
        };
        Nullable { shape, is_nullable: types.iter().any(|name| name == "null") }
    }

    fn shape(&self, object: &'a Map<String, Value>, name: &str) -> Shape {
        match name {
            "string" => text(object),
            "integer" => Shape::Integer,
            "number" | "float" => Shape::Number,
            "boolean" => Shape::Boolean,
            "array" => self.list(object),
            "object" => self.record(object).map_or(Shape::Text, Shape::Record),
            _ => Shape::Text,
        }
    }

    /// What a schema without `type` says by its other words.
    fn untyped(&self, object: &'a Map<String, Value>) -> Shape {
        if object.contains_key("properties") {
            return self.shape(object, "object");
        }
        if object.contains_key("items") {
            return self.shape(object, "array");
        }
        let constant = object.get("const").into_iter();
        let values = object.get("enum").and_then(Value::as_array).into_iter().flatten();
        let mut shapes = constant.chain(values).map(shape_of_value);
        let first = shapes.next().unwrap_or(Shape::Text);
        if shapes.all(|shape| shape == first) { first } else { Shape::Text }
    }

    fn list(&self, object: &'a Map<String, Value>) -> Shape {
        if object.contains_key("prefixItems") {
            return Shape::Text;
        }
        let element = object.get("items").map_or(Shape::Text, |items| self.read(items).shape);
        Shape::List(Box::new(element))
    }

    /// An object with known properties and no others that have a type of their own.
    fn record(&self, object: &'a Map<String, Value>) -> Option<Record> {
        let properties = object.get("properties")?.as_object()?;
        let is_free = object.get("additionalProperties").is_some_and(Value::is_object);
        if properties.is_empty() || is_free {
            return None;
        }
        let required = object.get("required").and_then(Value::as_array);
        let is_required =
            |name: &str| required.is_some_and(|names| names.iter().any(|n| n == name));
        let record = properties.iter().map(|(name, schema)| {
            let read = self.read(schema);
            (name.clone(), (read.shape, is_required(name) && !read.is_nullable))
        });
        Some(Record(record.collect()))
    }
}

fn text(object: &Map<String, Value>) -> Shape {
    const TYPED: [&str; 6] = ["date", "date-time", "duration", "ipv4", "ipv6", "decimal"];
    let format = object.get("format").and_then(Value::as_str);
    let is_choice = object.contains_key("enum") || object.contains_key("const");
    match format.filter(|format| TYPED.contains(format) && !is_choice) {
        Some(format) => Shape::Formatted(format.to_owned()),
        None => Shape::Text,
    }
}

fn shape_of_value(value: &Value) -> Shape {
    match value {
        Value::Bool(_) => Shape::Boolean,
        Value::Number(number) if number.is_i64() => Shape::Integer,
        Value::Number(_) => Shape::Number,
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => Shape::Text,
    }
}

//! What the tools look like by the calls that were recorded.
//!
//! For teams that have recordings and no tool manifests: one schema a tool, wide enough for every
//! call seen and no wider. It never lists the values seen: they are secrets as often as not.
//!
//! Not here: Cedar. The schemas are JSON Schema, as in a manifest.

use crate::{Arguments, Session};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A tool, as far as its calls show it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolProfile {
    /// Whose tool it is, where the recordings say.
    pub server: Option<String>,
    /// Its name, as recorded.
    pub tool: String,
    /// How often it was called.
    pub calls: u32,
    /// How many of the calls had arguments that could not be read; the schema knows nothing of them.
    pub unreadable: u32,
    /// JSON Schema of the arguments.
    pub input_schema: Value,
    /// Why the tool is proposed as read-only; `None` if it is not.
    pub read_only: Option<String>,
}

/// The tools of the sessions, by server and name.
pub fn profile_tools<'a>(sessions: impl Iterator<Item = &'a Session>) -> Vec<ToolProfile> {
    let mut tools: BTreeMap<(Option<String>, String), Seen> = BTreeMap::new();
    for session in sessions {
        for (_, _, call) in session.calls() {
            let seen = tools.entry((call.server.clone(), call.tool.clone())).or_default();
            seen.calls += 1;
            match &call.arguments {
                Arguments::Object(object) => seen.input.add_object(object),
                Arguments::Unreadable { .. } => seen.unreadable += 1,
            }
        }
    }
    tools.into_iter().map(|((server, tool), seen)| seen.profile(server, tool)).collect()
}

#[derive(Default)]
struct Seen {
    calls: u32,
    unreadable: u32,
    input: Shape,
}

impl Seen {
    fn profile(self, server: Option<String>, tool: String) -> ToolProfile {
        ToolProfile {
            read_only: read_only(&tool),
            input_schema: self.input.object_schema(),
            calls: self.calls,
            unreadable: self.unreadable,
            server,
            tool,
        }
    }
}

/// What the values seen at one place have in common.
#[derive(Default)]
pub struct ValueProfile(Shape);

impl ValueProfile {
    /// One more value was seen there.
    pub fn add(&mut self, value: &Value) {
        self.0.add(value);
    }

    /// JSON Schema that is wide enough for all that were seen, and no wider.
    #[must_use]
    pub fn schema(&self) -> Value {
        self.0.schema()
    }
}

/// The values seen at one place.
#[derive(Default)]
struct Shape {
    /// Scalars, by their name in JSON Schema; `null` too.
    scalars: BTreeSet<&'static str>,
    /// Set if a list was seen; all items share a shape.
    items: Option<Box<Shape>>,
    objects: u32,
    /// With how many objects held the property, and not as null.
    properties: BTreeMap<String, (u32, Shape)>,
}

impl Shape {
    fn add(&mut self, value: &Value) {
        match value {
            Value::Null => drop(self.scalars.insert("null")),
            Value::Bool(_) => drop(self.scalars.insert("boolean")),
            Value::Number(number) if number.is_f64() => drop(self.scalars.insert("number")),
            Value::Number(_) => drop(self.scalars.insert("integer")),
            Value::String(_) => drop(self.scalars.insert("string")),
            Value::Array(items) => {
                let shape = self.items.get_or_insert_default();
                items.iter().for_each(|item| shape.add(item));
            }
            Value::Object(object) => self.add_object(object),
        }
    }

    fn add_object(&mut self, object: &Map<String, Value>) {
        self.objects += 1;
        for (name, value) in object {
            let (present, shape) = self.properties.entry(name.clone()).or_default();
            *present += u32::from(!value.is_null());
            shape.add(value);
        }
    }

    fn schema(&self) -> Value {
        let mut kinds: Vec<Value> =
            self.scalar_kinds().map(|kind| json!({ "type": kind })).collect();
        if let Some(items) = &self.items {
            kinds.push(match items.is_empty() {
                true => json!({ "type": "array" }),
                false => json!({ "items": items.schema(), "type": "array" }),
            });
        }
        if self.objects > 0 {
            kinds.push(self.object_schema());
        }
        match kinds.pop() {
            Some(only) if kinds.is_empty() => only,
            Some(last) => json!({ "anyOf": kinds.into_iter().chain([last]).collect::<Vec<_>>() }),
            None => json!({}),
        }
    }

    /// A whole number is a number too; null makes a property optional and is no kind of its own.
    fn scalar_kinds(&self) -> impl Iterator<Item = &'static str> {
        let widened = self.scalars.contains("number");
        let kinds = self.scalars.iter().copied();
        kinds.filter(move |kind| *kind != "null" && !(widened && *kind == "integer"))
    }

    /// Nothing but null was seen, or nothing at all.
    fn is_empty(&self) -> bool {
        self.scalar_kinds().next().is_none() && self.items.is_none() && self.objects == 0
    }

    fn object_schema(&self) -> Value {
        let schemas =
            self.properties.iter().map(|(name, (_, shape))| (name.clone(), shape.schema()));
        let required = self.properties.iter().filter(|(_, (present, _))| *present == self.objects);
        let required: Vec<_> = required.map(|(name, _)| name.as_str()).collect();
        json!({
            "properties": schemas.collect::<Map<_, _>>(),
            "required": required,
            "type": "object",
        })
    }
}

/// Words of a name that promise to change nothing.
const READING: &[&str] = &[
    "calculate",
    "check",
    "count",
    "describe",
    "diff",
    "fetch",
    "find",
    "get",
    "glob",
    "grep",
    "inspect",
    "list",
    "log",
    "lookup",
    "ls",
    "query",
    "read",
    "search",
    "show",
    "stat",
    "status",
    "summarize",
    "think",
    "tree",
    "validate",
    "verify",
    "view",
];

/// Words of a name that take the promise back.
const CHANGING: &[&str] = &[
    "add", "append", "apply", "approve", "archive", "assign", "book", "cancel", "change",
    "checkout", "clear", "close", "commit", "copy", "create", "delete", "deploy", "disable",
    "download", "drop", "edit", "enable", "exec", "execute", "exit", "export", "grant", "import",
    "insert", "install", "invite", "kill", "merge", "modify", "move", "patch", "pay", "post",
    "publish", "purge", "push", "put", "rebase", "remove", "rename", "reply", "reserve", "reset",
    "restore", "revoke", "rm", "run", "save", "schedule", "send", "set", "share", "start", "stop",
    "submit", "todo", "transfer", "update", "upload", "write",
];

/// Why a tool's name suggests that it only reads. A proposal: names lie.
fn read_only(tool: &str) -> Option<String> {
    let words = words(tool);
    let word = |list: &[&str]| words.iter().find(|word| list.contains(&word.as_str()));
    if word(CHANGING).is_some() {
        return None;
    }
    word(READING).map(|word| format!("its name says `{word}` and no word that changes something"))
}

/// The words of a name in any case style; the server in front of an MCP tool's name is left out.
fn words(tool: &str) -> Vec<String> {
    let own = tool.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"));
    let own = own.map_or(tool, |(_, own)| own);
    let mut words = vec![String::new()];
    let mut previous_lower = false;
    for c in own.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && previous_lower) {
            words.push(String::new());
        }
        previous_lower = c.is_lowercase() || c.is_numeric();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, import};

    fn profiles(notation: &str) -> Vec<ToolProfile> {
        let text = format!("session s\n{notation}");
        let (_, imported) = import("s.session", text.as_bytes(), None, &Limits::default()).unwrap();
        profile_tools(imported.sessions.iter())
    }

    #[test]
    fn schemas_are_as_wide_as_the_calls_seen() {
        let cases = [
            (
                "call t: {\"a\":1}\ncall t: {\"a\":2.5}",
                json!({"a": {"type": "number"}}),
                json!(["a"]),
            ),
            (
                "call t: {\"a\":1}\ncall t: {\"a\":2}",
                json!({"a": {"type": "integer"}}),
                json!(["a"]),
            ),
            ("call t: {\"a\":\"x\"}\ncall t: {}", json!({"a": {"type": "string"}}), json!([])),
            (
                "call t: {\"a\":\"x\"}\ncall t: {\"a\":null}",
                json!({"a": {"type": "string"}}),
                json!([]),
            ),
            ("call t: {\"a\":null}", json!({"a": {}}), json!([])),
            (
                "call t: {\"a\":\"x\"}\ncall t: {\"a\":true}",
                json!({"a": {"anyOf": [{"type": "boolean"}, {"type": "string"}]}}),
                json!(["a"]),
            ),
            (
                "call t: {\"a\":[1,\"x\"]}\ncall t: {\"a\":[]}",
                json!({"a": {"items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "type": "array"}}),
                json!(["a"]),
            ),
            ("call t: {\"a\":[]}", json!({"a": {"type": "array"}}), json!(["a"])),
            (
                "call t: {\"a\":{\"b\":1,\"c\":2}}\ncall t: {\"a\":{\"b\":1}}",
                json!({"a": {
                    "properties": {"b": {"type": "integer"}, "c": {"type": "integer"}},
                    "required": ["b"],
                    "type": "object"}}),
                json!(["a"]),
            ),
        ];
        for (calls, properties, required) in cases {
            let expected =
                json!({"properties": properties, "required": required, "type": "object"});
            assert_eq!(profiles(calls)[0].input_schema, expected, "{calls}");
        }
    }

    #[test]
    fn unreadable_calls_are_counted_and_do_not_widen_the_schema() {
        let profile = &profiles("call t: {\"a\":1}\ncall t: [1]")[0];
        assert_eq!((profile.calls, profile.unreadable), (2, 1));
        assert_eq!(profile.input_schema["required"], json!(["a"]));
    }

    #[test]
    fn tools_of_different_servers_are_apart_and_sorted() {
        let found = profiles("call b\ncall t server=y: {}\ncall t server=x: {}\ncall a: {}");
        let names: Vec<_> = found.iter().map(|p| (p.server.as_deref(), p.tool.as_str())).collect();
        assert_eq!(names, [(None, "a"), (None, "b"), (Some("x"), "t"), (Some("y"), "t")]);
    }

    #[test]
    fn names_propose_what_only_reads() {
        for tool in [
            "get_user",
            "listFiles",
            "mcp__git__git_log",
            "Read",
            "Grep",
            "WebSearch",
            "think",
            "LS",
        ] {
            assert!(read_only(tool).is_some(), "{tool}");
        }
        for tool in [
            "send_money",
            "get_and_delete",
            "findAndReplaceWrite",
            "Bash",
            "mcp__read__put",
            "reader",
        ] {
            assert_eq!(read_only(tool), None, "{tool}");
        }
    }
}

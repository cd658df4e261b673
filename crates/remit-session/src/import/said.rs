//! What chat messages say, in whichever of the dialects in use: OpenAI's chat and responses, Anthropic,
//! Google, Bedrock, LangChain, the Vercel AI SDK, OpenTelemetry's parts, OpenInference.
//!
//! Traces and logs keep messages in the dialect of the model that was asked, so that a reader of traces
//! meets them all. A dialect is told by the keys of each part alone; what has none of them is text.
//!
//! Not here: which call a result belongs to.

use super::json::{Object, arguments, id_field, text_field};
use super::messages::{UNNAMED_TOOL, content_text};
use crate::{Arguments, Role};
use serde_json::Value;

/// Messages in messages deeper than this are text.
const DEPTH: usize = 8;

/// One thing that a message says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Text(Role, String),
    Call(SaidCall),
    Result(SaidResult),
}

/// A tool call that a model asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SaidCall {
    pub id: Option<String>,
    pub tool: String,
    pub arguments: Arguments,
}

/// A tool's result, as the model was told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SaidResult {
    pub id: Option<String>,
    pub text: String,
    pub failed: bool,
}

/// What `value` says: a message, a list of them, a request or a response of a model, or JSON text of
/// any of these. Plain text is said by `speaker`.
pub(super) fn said(value: &Value, speaker: Role) -> Vec<Said> {
    let mut heard = Hearing { said: Vec::new() };
    match value {
        Value::String(text) => match structured(text) {
            Some(value) => heard.anything(&value, speaker, DEPTH),
            None => heard.text(speaker, text),
        },
        _ => heard.anything(value, speaker, DEPTH),
    }
    heard.said
}

/// JSON that stands in a text, if it is a list or an object.
pub(super) fn structured(text: &str) -> Option<Value> {
    let begins = text.trim_start().starts_with(['{', '[']);
    begins.then(|| serde_json::from_str(text).ok()).flatten()
}

struct Hearing {
    said: Vec<Said>,
}

impl Hearing {
    fn text(&mut self, role: Role, text: &str) {
        if !text.trim().is_empty() {
            self.said.push(Said::Text(role, text.to_owned()));
        }
    }

    fn anything(&mut self, value: &Value, speaker: Role, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return self.text(speaker, &value.to_string());
        };
        match value {
            Value::String(text) => self.text(speaker, text),
            Value::Array(items) => {
                for item in items {
                    self.anything(item, speaker, depth);
                }
            }
            Value::Object(object) => self.object(object, speaker, depth),
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => self.text(speaker, &value.to_string()),
        }
    }

    fn object(&mut self, object: &Object, speaker: Role, depth: usize) {
        let wrapped = ["kwargs", "message", "tool_call", "message_content"];
        if let Some(inner) = wrapped.iter().find_map(|key| object.get(*key)?.as_object()) {
            let speaker = langchain_role(object).unwrap_or(speaker);
            return self.object(inner, speaker, depth);
        }
        if let Some((lists, role)) = envelope(object) {
            for list in lists {
                self.anything(list, role.unwrap_or(speaker), depth);
            }
            return;
        }
        if !self.part(object, speaker, depth) {
            self.message(object, speaker, depth);
        }
    }

    /// A message: who says it, what, and the calls beside it.
    fn message(&mut self, message: &Object, speaker: Role, depth: usize) {
        let role = role_of(message).unwrap_or(Speaker::Is(speaker));
        let Speaker::Is(role) = role else {
            return self.said.push(Said::Result(result(message)));
        };
        if let Some(text) = text_field(message, "reasoning_content") {
            self.text(Role::Thinking, text);
        }
        let contents = ["content", "parts", "contents", "text"];
        match contents.iter().find_map(|key| message.get(*key)) {
            Some(content) => self.anything(content, role, depth),
            None if role_of(message).is_none() && calls_of(message).next().is_none() => {
                self.text(role, &Value::Object(message.clone()).to_string());
            }
            None => {}
        }
        for call in calls_of(message) {
            self.call(call);
        }
    }

    fn call(&mut self, call: &Value) {
        let Some(outer) = call.as_object() else { return };
        let outer = outer.get("tool_call").and_then(Value::as_object).unwrap_or(outer);
        self.said.push(Said::Call(self::call(outer)));
    }

    /// A part that is a call, a result or reasoning by its type or its one key; whether it was one.
    fn part(&mut self, part: &Object, speaker: Role, depth: usize) -> bool {
        for key in ["functionCall", "function_call", "toolUse"] {
            if let Some(inner) = part.get(key).and_then(Value::as_object)
                && !part.contains_key("role")
            {
                self.said.push(Said::Call(call(inner)));
                return true;
            }
        }
        for key in ["functionResponse", "function_response", "toolResult"] {
            if let Some(inner) = part.get(key).and_then(Value::as_object) {
                self.said.push(Said::Result(result(inner)));
                return true;
            }
        }
        match text_field(part, "type").unwrap_or_default() {
            "tool_use" | "tool_call" | "tool-call" | "toolCall" | "function_call"
            | "custom_tool_call" | "server_tool_use" | "server_tool_call" | "function" => {
                self.said.push(Said::Call(call(part)));
            }
            "mcp_call" => {
                self.said.push(Said::Call(call(part)));
                if part.get("output").or(part.get("error")).is_some_and(|value| !value.is_null()) {
                    self.said.push(Said::Result(result(part)));
                }
            }
            "tool_result"
            | "tool-result"
            | "toolResult"
            | "tool_call_response"
            | "server_tool_call_response"
            | "function_call_output"
            | "custom_tool_call_output" => {
                self.said.push(Said::Result(result(part)));
            }
            "thinking" | "reasoning" => {
                let keys = ["thinking", "content", "text", "reasoning", "summary"];
                let found = keys.iter().find_map(|key| part.get(*key).filter(|v| !v.is_null()));
                self.text(Role::Thinking, &found.map(content_text).unwrap_or_default());
            }
            "text" | "input_text" | "output_text" | "refusal" => {
                let text = ["text", "content", "refusal"].iter().find_map(|key| part.get(*key));
                self.anything(text.unwrap_or(&Value::Null), speaker, depth);
            }
            _ => return false,
        }
        true
    }
}

/// Requests and responses that hold messages: what holds them, and whose they are.
fn envelope(object: &Object) -> Option<(Vec<&Value>, Option<Role>)> {
    if role_of(object).is_some() {
        return None;
    }
    let whole: Vec<_> = ["system", "system_instruction", "messages"]
        .iter()
        .filter_map(|k| object.get(*k))
        .collect();
    if object.get("messages").is_some_and(Value::is_array) {
        return Some((whole, None));
    }
    let lists = [
        ("choices", Some(Role::Assistant)),
        ("generations", Some(Role::Assistant)),
        ("candidates", Some(Role::Assistant)),
        ("output", Some(Role::Assistant)),
        ("contents", None),
        ("new_message", Some(Role::User)),
        ("prompt", Some(Role::User)),
        ("input", Some(Role::User)),
    ];
    let is_call = object.contains_key("call_id") || object.contains_key("name");
    let (key, role) = lists.into_iter().filter(|_| !is_call).find(|(key, _)| {
        let held = object.get(*key);
        held.is_some_and(|held| held.is_array() || (role_text(key) && !held.is_null()))
    })?;
    Some((object.get(key).into_iter().collect(), role))
}

/// Keys that also hold one text or one message.
fn role_text(key: &str) -> bool {
    ["new_message", "prompt"].contains(&key)
}

/// Who a message is from.
enum Speaker {
    Is(Role),
    Tool,
}

fn role_of(message: &Object) -> Option<Speaker> {
    let word = text_field(message, "role").or_else(|| text_field(message, "type"))?;
    match word {
        "system" | "developer" | "SystemMessage" => Some(Speaker::Is(Role::System)),
        "user" | "human" | "HumanMessage" => Some(Speaker::Is(Role::User)),
        "assistant" | "ai" | "model" | "AIMessage" | "AIMessageChunk" => {
            Some(Speaker::Is(Role::Assistant))
        }
        "tool" | "function" | "ToolMessage" if message.contains_key("role") || is_tool(message) => {
            // Some dialects put several results as parts into one message of the tool.
            let parts = message.get("content").or(message.get("parts")).and_then(Value::as_array);
            let several = parts.is_some_and(|parts| parts.iter().any(is_result_part));
            Some(if several { Speaker::Is(Role::Runtime) } else { Speaker::Tool })
        }
        _ => None,
    }
}

fn is_tool(message: &Object) -> bool {
    message.contains_key("tool_call_id")
}

fn is_result_part(part: &Value) -> bool {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
    let kinds = ["tool_result", "tool-result", "toolResult", "tool_call_response"];
    let keys = ["functionResponse", "function_response", "toolResult"];
    kinds.contains(&kind) || keys.iter().any(|key| part.get(key).is_some())
}

/// LangChain writes the class of a message into a list of names.
fn langchain_role(object: &Object) -> Option<Role> {
    let class = object.get("id")?.as_array()?.last()?.as_str()?;
    match class {
        "SystemMessage" => Some(Role::System),
        "HumanMessage" | "HumanMessageChunk" => Some(Role::User),
        "AIMessage" | "AIMessageChunk" => Some(Role::Assistant),
        _ => None,
    }
}

/// The calls beside a message's content.
fn calls_of(message: &Object) -> impl Iterator<Item = &Value> {
    let own = message.get("tool_calls").filter(|calls| has_items(calls));
    let extra = || message.get("additional_kwargs")?.get("tool_calls").filter(|c| has_items(c));
    let listed = own.or_else(extra).and_then(Value::as_array);
    let old = message.get("function_call").filter(|call| call.is_object());
    listed.into_iter().flatten().chain(old)
}

fn has_items(value: &Value) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty())
}

fn call(outer: &Object) -> SaidCall {
    let inner = outer.get("function").and_then(Value::as_object).unwrap_or(outer);
    let names = ["name", "toolName", "tool_name", "function"];
    let ids = ["id", "call_id", "toolCallId", "tool_call_id", "toolUseId"];
    // Responses of OpenAI have an id of the item beside that of the call.
    let ids = if outer.contains_key("call_id") { &["call_id"][..] } else { &ids[..] };
    let given = ["arguments", "args", "input", "parameters"];
    let given = given.iter().find_map(|key| inner.get(*key).filter(|value| !value.is_null()));
    let free = text_field(outer, "type") == Some("custom_tool_call");
    SaidCall {
        id: ids.iter().find_map(|key| id_field(outer, key)),
        tool: names
            .iter()
            .find_map(|key| text_field(inner, key))
            .unwrap_or(UNNAMED_TOOL)
            .to_owned(),
        arguments: match given {
            Some(Value::String(text)) if free => free_text(text),
            given => arguments(given),
        },
    }
}

/// Tools that take one text instead of named arguments.
pub(super) fn free_text(text: &str) -> Arguments {
    Arguments::Object(Object::from_iter([("input".to_owned(), Value::from(text))]))
}

fn result(object: &Object) -> SaidResult {
    let ids = ["tool_call_id", "call_id", "toolCallId", "tool_use_id", "toolUseId", "id"];
    let texts = ["content", "output", "result", "response", "error", "text", "parts"];
    let value = texts.iter().find_map(|key| object.get(*key).filter(|value| !value.is_null()));
    let flag = |key: &str| object.get(key).and_then(Value::as_bool) == Some(true);
    let error = object.get("error").is_some_and(|error| !error.is_null());
    let status = text_field(object, "status") == Some("error");
    SaidResult {
        id: ids.iter().find_map(|key| id_field(object, key)),
        text: value.map(result_text).unwrap_or_default(),
        failed: flag("is_error") || flag("isError") || error || status,
    }
}

/// Whether a result says of itself that the tool failed.
pub(super) fn says_failed(value: &Value) -> bool {
    let message = value.get("tool_call_id").is_some()
        && value.get("status").and_then(Value::as_str) == Some("error");
    message || value.get("isError").and_then(Value::as_bool) == Some(true)
}

/// A result's text: `{output: "…"}`, a tool's message and the like stand for what they hold.
pub(super) fn result_text(value: &Value) -> String {
    let of_message = value
        .get("content")
        .filter(|_| value.get("tool_call_id").is_some() || value.get("isError").is_some());
    if let Some(content) = of_message {
        return content_text(content);
    }
    let object = value
        .as_object()
        .filter(|object| object.len() == 1 || (object.len() == 2 && object.contains_key("type")));
    let inner = object.and_then(|object| {
        ["output", "result", "value"].iter().find_map(|key| object.get(*key)?.as_str())
    });
    inner.map_or_else(|| content_text(value), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Said, said};
    use crate::{Arguments, Role};
    use serde_json::json;

    fn words(value: &serde_json::Value) -> Vec<String> {
        let word = |said: Said| match said {
            Said::Text(role, text) => format!("{role:?}: {text}"),
            Said::Call(call) => {
                let Arguments::Object(arguments) = call.arguments else {
                    return "unreadable".into();
                };
                let arguments = serde_json::Value::Object(arguments);
                format!("{} {}{arguments}", call.id.unwrap_or_default(), call.tool)
            }
            Said::Result(result) => {
                let failed = if result.failed { "!" } else { "=" };
                format!("{} {failed} {}", result.id.unwrap_or_default(), result.text)
            }
        };
        said(value, Role::User).into_iter().map(word).collect()
    }

    #[test]
    fn each_dialect_says_the_same() {
        let dialects = [
            json!([{"role":"user","content":"Hi"},
                {"role":"assistant","content":"Ok","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
                {"role":"tool","tool_call_id":"1","content":"R"}]),
            json!({"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]},
                {"role":"assistant","content":[{"type":"text","text":"Ok"},{"type":"tool_use","id":"1","name":"f","input":{"a":1}}]},
                {"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"R"}]}]}),
            json!({"input":[{"role":"user","content":"Hi"},
                {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Ok"}]},
                {"type":"function_call","id":"fc_9","call_id":"1","name":"f","arguments":"{\"a\":1}"},
                {"type":"function_call_output","call_id":"1","output":"R"}]}),
            json!({"contents":[{"role":"user","parts":[{"text":"Hi"}]},
                {"role":"model","parts":[{"text":"Ok"},{"functionCall":{"id":"1","name":"f","args":{"a":1}}}]},
                {"role":"user","parts":[{"functionResponse":{"id":"1","name":"f","response":{"output":"R"}}}]}]}),
            json!({"messages":[[{"lc":1,"type":"constructor","id":["langchain","schema","HumanMessage"],"kwargs":{"content":"Hi","type":"human"}},
                {"lc":1,"type":"constructor","id":["langchain","schema","AIMessage"],"kwargs":{"content":"Ok","tool_calls":[{"name":"f","args":{"a":1},"id":"1"}]}},
                {"lc":1,"type":"constructor","id":["langchain","schema","ToolMessage"],"kwargs":{"content":"R","type":"tool","tool_call_id":"1"}}]]}),
            json!([{"role":"user","parts":[{"type":"text","content":"Hi"}]},
                {"role":"assistant","parts":[{"type":"text","content":"Ok"},{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}}]},
                {"role":"tool","parts":[{"type":"tool_call_response","id":"1","result":"R"}]}]),
            json!([{"role":"user","content":"Hi"},
                {"role":"assistant","content":[{"type":"text","text":"Ok"},{"type":"tool-call","toolCallId":"1","toolName":"f","input":{"a":1}}]},
                {"role":"tool","content":[{"type":"tool-result","toolCallId":"1","toolName":"f","output":{"type":"text","value":"R"}}]}]),
            json!([{"role":"user","content":[{"text":"Hi"}]},
                {"role":"assistant","content":[{"text":"Ok"},{"toolUse":{"toolUseId":"1","name":"f","input":{"a":1}}}]},
                {"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"text":"R"}],"status":"success"}}]}]),
            json!([{"message":{"role":"user","content":"Hi"}},
                {"message":{"role":"assistant","contents":[{"message_content":{"type":"text","text":"Ok"}}],"tool_calls":[{"tool_call":{"id":"1","function":{"name":"f","arguments":"{\"a\":1}"}}}]}},
                {"message":{"role":"tool","tool_call_id":"1","content":"R"}}]),
        ];
        for dialect in dialects {
            let expected = ["User: Hi", "Assistant: Ok", "1 f{\"a\":1}", "1 = R"];
            assert_eq!(words(&dialect), expected, "{dialect}");
        }
    }

    #[test]
    fn what_is_no_message_is_text() {
        assert_eq!(words(&json!({"city":"Rome"})), ["User: {\"city\":\"Rome\"}"]);
        assert_eq!(words(&json!("plain")), ["User: plain"]);
        assert_eq!(words(&json!("[{\"role\":\"assistant\",\"content\":\"A\"}]")), ["Assistant: A"]);
    }
}

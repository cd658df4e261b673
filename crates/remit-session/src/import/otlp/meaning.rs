//! What a span was for, by whichever convention it follows.
//!
//! Conventions are asked one after the other, the most telling first; a span may follow several, and what
//! it holds is taken from whichever names hold it.

use super::super::json::Object;
use super::super::messages::content_text;
use super::super::said::{Said, result_text, said, says_failed, structured};
use super::super::trace::{Span, Tool, Work};
use super::RawSpan;
use super::attributes::indexed;
use crate::identity::noticed_in_attributes;
use crate::{Arguments, Outcome, Role};
use serde_json::Value;

pub(in super::super) fn span(raw: RawSpan) -> Span {
    let work = work(&raw);
    let text = |keys: &[&str]| first_text(&raw.attributes, keys).map(str::to_owned);
    let conversation = text(&[
        "gen_ai.conversation.id",
        "session.id",
        "langfuse.session.id",
        "traceloop.association.properties.session_id",
        "ai.telemetry.metadata.sessionId",
        "mcp.session.id",
    ]);
    Span {
        conversation,
        agent: text(&["gen_ai.agent.name", "agent.name", "agent_name", "traceloop.entity.agent"]),
        noticed: noticed_in_attributes(&raw.attributes).or(noticed_in_attributes(&raw.resource)),
        service: first_text(&raw.resource, &["service.name"]).map(str::to_owned),
        work,
        trace: raw.trace,
        id: raw.id,
        parent: raw.parent,
        name: raw.name,
        start: raw.start,
        end: raw.end,
        place: raw.place,
    }
}

fn work(raw: &RawSpan) -> Work {
    let attribute = |key: &str| raw.attributes.get(key).and_then(Value::as_str).unwrap_or_default();
    if attribute("logfire.span_type") == "pending_span" {
        return other(raw);
    }
    let operation = attribute("gen_ai.operation.name");
    let kind = attribute("openinference.span.kind");
    let traceloop = attribute("traceloop.span.kind");
    let tool = operation == "execute_tool"
        || kind == "TOOL"
        || traceloop == "tool"
        || attribute("mcp.method.name") == "tools/call"
        || raw.attributes.contains_key("ai.toolCall.name")
        || raw.name == "AgentCore.Gateway.InvokeTool";
    if tool {
        return Work::Tool(self::tool(raw));
    }
    // What pydantic-ai calls a run of an agent in its older versions.
    let run = raw.attributes.contains_key("agent_name")
        && ["all_messages_events", "pydantic_ai.all_messages", "final_result"]
            .iter()
            .any(|key| raw.attributes.contains_key(*key));
    if ["invoke_agent", "create_agent", "invoke_workflow"].contains(&operation)
        || kind == "AGENT"
        || traceloop == "agent"
        || run
    {
        return agent(raw, operation == "create_agent");
    }
    if is_model(raw, operation, kind) {
        return Work::Model { input: input(raw), output: output(raw) };
    }
    other(raw)
}

fn is_model(raw: &RawSpan, operation: &str, kind: &str) -> bool {
    let operations = ["chat", "text_completion", "generate_content", "completion"];
    let inner = [
        "ai.generateText.doGenerate",
        "ai.streamText.doStream",
        "ai.generateObject.doGenerate",
        "ai.streamObject.doStream",
    ];
    let named = ["llm.request.type", "gen_ai.request.model", "gen_ai.prompt.0.content"];
    // The outer spans of the Vercel AI SDK name a model too; their inner ones hold the same.
    let vercel = raw.attributes.contains_key("ai.operationId");
    operations.contains(&operation)
        || kind == "LLM"
        || inner.contains(&raw.name.as_str())
        || (!vercel && named.iter().any(|key| raw.attributes.contains_key(*key)))
}

fn other(raw: &RawSpan) -> Work {
    let output = value_of(raw, OUTPUTS);
    Work::Other {
        input: value_of(raw, INPUTS).and_then(|value| arguments_in(&value)),
        failed: raw.error.is_some() || output.as_ref().is_some_and(says_failed),
        output: output.map(|value| result_text(&value)),
    }
}

fn agent(raw: &RawSpan, is_made: bool) -> Work {
    let names =
        ["gen_ai.agent.name", "agent.name", "agent_name", "graph.node.id", "traceloop.entity.name"];
    let name = first_text(&raw.attributes, &names).filter(|_| !is_made);
    Work::Agent { name: name.map(str::to_owned), input: input(raw) }
}

const INPUTS: &[&str] = &[
    "input.value",
    "traceloop.entity.input",
    "langfuse.observation.input",
    "gcp.vertex.agent.tool_call_args",
];
const OUTPUTS: &[&str] = &[
    "output.value",
    "traceloop.entity.output",
    "langfuse.observation.output",
    "gcp.vertex.agent.tool_response",
];

fn tool(raw: &RawSpan) -> Tool {
    let text = |keys: &[&str]| first_text(&raw.attributes, keys).map(str::to_owned);
    let mut inputs = vec![
        "gen_ai.tool.call.arguments",
        "ai.toolCall.args",
        "ai.toolCall.input",
        "tool_arguments",
    ];
    let mut outputs = vec![
        "gen_ai.tool.call.result",
        "ai.toolCall.result",
        "ai.toolCall.output",
        "tool_response",
    ];
    inputs.extend(INPUTS);
    outputs.extend(OUTPUTS);
    let output = value_of(raw, &outputs);
    let failed = output.as_ref().is_some_and(says_failed);
    let result = output.map(|value| result_text(&value));
    let error = raw.error.clone().or_else(|| text(&["error.type"]));
    Tool {
        name: text(&["gen_ai.tool.name", "tool.name", "ai.toolCall.name", "traceloop.entity.name"])
            .or_else(|| raw.name.strip_prefix("tools/call ").map(str::to_owned))
            .or_else(|| raw.name.strip_prefix("execute_tool ").map(str::to_owned))
            .or_else(|| raw.name.strip_prefix("running tool: ").map(str::to_owned)),
        id: text(&["gen_ai.tool.call.id", "tool.id", "ai.toolCall.id", "tool_call.id"]),
        server: text(&["mcp.server.name", "gen_ai.tool.server", "mcp.server"]),
        arguments: value_of(raw, &inputs).map(given),
        outcome: outcome(raw, failed || error.is_some()),
        result: result.or(error),
    }
}

/// A gateway that says that its policy denied the call refused it.
fn outcome(raw: &RawSpan, failed: bool) -> Outcome {
    let decision = raw.attributes.get("aws.agentcore.policy.authorization_decision");
    let enforced = raw.attributes.get("aws.agentcore.gateway.policy.mode").and_then(Value::as_str);
    match decision.and_then(Value::as_str) {
        Some("DENY") if enforced != Some("LOG_ONLY") => Outcome::Refused,
        _ if failed => Outcome::Failed,
        _ if raw.end.is_none() => Outcome::Unrecorded,
        _ => Outcome::Executed,
    }
}

/// A tool's arguments: an object, its text, or what a decorated function was called with.
fn given(value: Value) -> Arguments {
    arguments_in(&value).unwrap_or_else(|| {
        let text = content_text(&value);
        let why = "the trace holds a text, not named arguments".to_owned();
        Arguments::Unreadable { text, why }
    })
}

fn arguments_in(value: &Value) -> Option<Arguments> {
    let parsed;
    let object = match value {
        Value::String(text) => {
            parsed = structured(text)?;
            parsed.as_object()?
        }
        _ => value.as_object()?,
    };
    let inner = |key: &str| object.get(key).and_then(Value::as_object);
    // OpenLLMetry: {inputs: {…}, tags, metadata, kwargs}; decorators: {args: [], kwargs: {…}}.
    let wrapped = inner("inputs").filter(|_| object.contains_key("tags") || object.len() == 1);
    let by_name = inner("kwargs").filter(|_| {
        object.len() <= 2
            && object.get("args").is_none_or(|args| args.as_array().is_some_and(Vec::is_empty))
    });
    Some(Arguments::Object(wrapped.or(by_name).unwrap_or(object).clone()))
}

fn input(raw: &RawSpan) -> Vec<Said> {
    let attributes = &raw.attributes;
    let mut heard = Vec::new();
    for key in ["gen_ai.system_instructions", "ai.prompt.system"] {
        heard
            .extend(attributes.get(key).map(|value| said(value, Role::System)).unwrap_or_default());
    }
    let flat = ["llm.input_messages", "gen_ai.prompt"];
    let listed =
        flat.iter().map(|prefix| indexed(attributes, prefix)).find(|list| !list.is_empty());
    let whole = ["gen_ai.input.messages", "ai.prompt.messages", "gen_ai.prompt", "ai.prompt"];
    let whole = whole.iter().find_map(|key| attributes.get(*key));
    let value = whole.cloned().or(listed.map(Value::Array)).or_else(|| event_messages(raw, false));
    let value = value.or_else(|| value_of(raw, &["input.value", "traceloop.entity.input"]));
    heard.extend(value.map(|value| said(&value, Role::User)).unwrap_or_default());
    heard
}

fn output(raw: &RawSpan) -> Vec<Said> {
    let attributes = &raw.attributes;
    let flat = ["llm.output_messages", "gen_ai.completion"];
    let listed =
        flat.iter().map(|prefix| indexed(attributes, prefix)).find(|list| !list.is_empty());
    let whole = ["gen_ai.output.messages", "gen_ai.completion"];
    let whole = whole.iter().find_map(|key| attributes.get(*key));
    let value = whole.cloned().or(listed.map(Value::Array)).or_else(|| event_messages(raw, true));
    let mut heard = value.map(|value| said(&value, Role::Assistant)).unwrap_or_default();
    if heard.is_empty() {
        for key in ["ai.response.reasoning", "ai.response.text", "ai.response.object"] {
            let role = if key.ends_with("reasoning") { Role::Thinking } else { Role::Assistant };
            let text = attributes.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            heard.extend(text.map(|text| Said::Text(role, text.to_owned())));
        }
        let calls = attributes.get("ai.response.toolCalls");
        heard.extend(
            calls.map(|value| said(&typed_calls(value), Role::Assistant)).unwrap_or_default(),
        );
    }
    if heard.is_empty() {
        heard.extend(
            value_of(raw, &["output.value"]).map(|v| said(&v, Role::Assistant)).unwrap_or_default(),
        );
    }
    heard
}

/// The Vercel AI SDK lists calls without saying that they are.
fn typed_calls(value: &Value) -> Value {
    let parsed = value.as_str().and_then(structured);
    let list = parsed.as_ref().unwrap_or(value).as_array().cloned().unwrap_or_default();
    let typed = list.into_iter().map(|mut call| {
        if let Some(call) = call.as_object_mut() {
            call.insert("type".to_owned(), Value::from("tool-call"));
        }
        call
    });
    Value::Array(typed.collect())
}

/// Messages in the events of a span: one event a message in the old convention, all in one in the new.
fn event_messages(raw: &RawSpan, answers: bool) -> Option<Value> {
    let key = if answers { "gen_ai.output.messages" } else { "gen_ai.input.messages" };
    if let Some(messages) = raw.events.iter().find_map(|(_, attributes)| attributes.get(key)) {
        return Some(messages.as_str().and_then(structured).unwrap_or_else(|| messages.clone()));
    }
    let messages = raw.events.iter().filter_map(|(name, attributes)| {
        let role = match name.as_str() {
            "gen_ai.choice" | "gen_ai.content.completion" if answers => "assistant",
            "gen_ai.system.message" if !answers => "system",
            "gen_ai.user.message" | "gen_ai.content.prompt" if !answers => "user",
            "gen_ai.assistant.message" if !answers => "assistant",
            "gen_ai.tool.message" if !answers => "tool",
            _ => return None,
        };
        Some(message(role, attributes))
    });
    let messages: Vec<_> = messages.collect();
    (!messages.is_empty()).then_some(Value::Array(messages))
}

fn message(role: &str, attributes: &Object) -> Value {
    let bodies =
        ["message", "content", "gen_ai.prompt", "gen_ai.completion", "gen_ai.event.content"];
    let body = bodies.iter().find_map(|key| attributes.get(*key));
    let body = body.map(|body| body.as_str().and_then(structured).unwrap_or_else(|| body.clone()));
    let mut message = match body {
        Some(Value::Object(object)) => object,
        body => Object::from_iter(body.map(|body| ("content".to_owned(), body))),
    };
    for (to, from) in [("tool_calls", "tool_calls"), ("tool_call_id", "id")] {
        let found = attributes.get(from).filter(|_| to != "tool_call_id" || role == "tool");
        if let Some(found) = found.filter(|_| !message.contains_key(to)) {
            let value = found.as_str().filter(|_| to == "tool_calls").and_then(structured);
            message.insert(to.to_owned(), value.unwrap_or_else(|| found.clone()));
        }
    }
    message.entry("role").or_insert_with(|| Value::from(role));
    Value::Object(message)
}

/// The first of some attributes that is there, as JSON where its text is.
fn value_of(raw: &RawSpan, keys: &[&str]) -> Option<Value> {
    let found = keys.iter().find_map(|key| raw.attributes.get(*key).filter(|v| !v.is_null()))?;
    Some(found.as_str().and_then(structured).unwrap_or_else(|| found.clone()))
}

fn first_text<'a>(attributes: &'a Object, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| attributes.get(*key)?.as_str().filter(|text| !text.is_empty()))
}

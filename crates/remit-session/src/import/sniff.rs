//! Tells formats apart by their first few kilobytes.
//!
//! A claim needs the keys that only that format has together, so that the other JSON files of a
//! folder (package manifests, labels, ground truth) are left alone.

use super::{
    Format, a2a, atif, codex, decisions, dogwood, gemini_cli, hooks, inspect, langfuse, langsmith,
    mini_swe_agent, openhands, otlp, pi, swe_agent, text,
};
use serde_json::Value;

/// How much of a file is looked at.
const HEAD_BYTES: usize = 256 << 10;
/// How much of its end is, where that tells more.
const TAIL_BYTES: usize = 4096;
/// How many lines of it are parsed: the first ones may be broken or say nothing.
const HEAD_LINES: usize = 64;
/// Deeper than this, nothing tells a format.
const HEAD_DEPTH: usize = 64;

pub(super) fn sniff(name: &str, bytes: &[u8]) -> Option<Format> {
    if otlp::is_request(bytes) {
        return Some(Format::Otlp);
    }
    let head = text::peek(bytes.get(..HEAD_BYTES).unwrap_or(bytes));
    if crate::notation::is_notation(name, &head) {
        return Some(Format::Notation);
    }
    if head.lines().find(|line| !line.trim().is_empty()).is_some_and(dogwood::is_event) {
        return Some(Format::Dogwood);
    }
    let lines = head.split('\n').filter(|line| line.starts_with(['{', '[']));
    let whole = lines.take(HEAD_LINES).filter_map(|line| serde_json::from_str(line).ok());
    let found = whole.into_iter().find_map(|line: Value| recognise(&line)).or_else(|| {
        let document = serde_json::from_str(&closed(&head)).ok()?;
        recognise(&document)
    });
    let tail = bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..).unwrap_or_default();
    found.map(|format| match format {
        Format::OpenAiChat if openhands::ends_like_log(tail) => Format::OpenHands,
        format => format,
    })
}

fn recognise(value: &Value) -> Option<Format> {
    match value {
        Value::Array(items) => recognise_list(items),
        Value::Object(_) => recognise_object(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn recognise_list(items: &[Value]) -> Option<Format> {
    if mini_swe_agent::are_messages(items) {
        return Some(Format::MiniSweAgent);
    }
    if is_chat(items) {
        return Some(Format::OpenAiChat);
    }
    items.iter().take(HEAD_LINES).find_map(recognise)
}

fn recognise_object(value: &Value) -> Option<Format> {
    CLAIMS.iter().find(|(_, claims)| claims(value)).map(|(format, _)| *format)
}

/// Whether a value is of a format.
type Claim = fn(&Value) -> bool;

/// Who claims an object, in the order in which they are asked: those of common keys come last.
const CLAIMS: &[(Format, Claim)] = &[
    (Format::AgentDojo, is_agentdojo),
    (Format::ClaudeCode, is_claude_code),
    (Format::Codex, codex::is_record),
    (Format::Codex, codex::is_event),
    (Format::GeminiCli, gemini_cli::is_chat),
    (Format::Pi, pi::is_record),
    (Format::Otlp, otlp::is_trace),
    (Format::Langfuse, langfuse::is_export),
    (Format::LangSmith, langsmith::is_run),
    (Format::Hooks, hooks::is_payload),
    (Format::A2a, a2a::is_message),
    (Format::Opa, decisions::is_opa),
    (Format::CloudTrail, decisions::is_cloud_trail),
    (Format::Mcp, is_mcp),
    (Format::SweAgent, swe_agent::is_trajectory),
    (Format::MiniSweAgent, mini_swe_agent::is_trajectory),
    (Format::Inspect, inspect::is_log),
    (Format::Atif, atif::is_trajectory),
    (Format::OpenHands, openhands::is_log),
    (Format::OpenHands, openhands::is_event),
    (Format::OpenAiChat, is_openai_chat),
];

fn is_openai_chat(value: &Value) -> bool {
    is_tau_run(value) || is_message(value) || value.get("messages").is_some_and(is_chat_value)
}

fn has(value: &Value, keys: &[&str]) -> bool {
    keys.iter().all(|key| value.get(key).is_some())
}

fn is_agentdojo(value: &Value) -> bool {
    let run = ["suite_name", "pipeline_name", "user_task_id"];
    let exported = value.get("metadata").is_some_and(|m| has(m, &["suite_name", "user_task_id"]));
    has(value, &run) || (exported && has(value, &["messages"]))
}

/// Line types that only these transcripts have, each with the key that comes with it.
const CLAUDE_CODE_LINES: &[(&str, &str)] = &[
    ("user", "message"),
    ("assistant", "message"),
    ("system", "uuid"),
    ("progress", "parentToolUseID"),
    ("attachment", "attachment"),
    ("summary", "leafUuid"),
    ("file-history-snapshot", "snapshot"),
    ("queue-operation", "operation"),
];

fn is_claude_code(value: &Value) -> bool {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    let known = CLAUDE_CODE_LINES.iter().find(|(line, _)| *line == kind);
    let Some((_, key)) = known else { return false };
    let alone = ["summary", "file-history-snapshot"].contains(&kind);
    value.get(key).is_some() && (alone || value.get("sessionId").is_some())
}

fn is_mcp(value: &Value) -> bool {
    super::mcp::message_of(value).is_some() || super::mcp::is_part(value)
}

fn is_tau_run(value: &Value) -> bool {
    has(value, &["task_id", "reward"]) && value.get("traj").is_some_and(Value::is_array)
}

fn is_chat_value(value: &Value) -> bool {
    value.as_array().is_some_and(|items| is_chat(items))
}

fn is_chat(items: &[Value]) -> bool {
    items.iter().take(HEAD_LINES).any(is_message)
}

fn is_message(item: &Value) -> bool {
    let roles = ["system", "developer", "user", "assistant", "tool", "function"];
    let role = item.get("role").and_then(Value::as_str);
    let says = ["content", "tool_calls", "function_call"].iter().any(|key| item.get(key).is_some());
    says && role.is_some_and(|role| roles.contains(&role))
}

/// The beginning of a JSON document, cut after its last whole part and closed.
fn closed(head: &str) -> String {
    let mut open = Vec::new();
    let (mut in_text, mut escaped) = (false, false);
    let (mut end, mut open_at_end) = (0, Vec::new());
    for (at, byte) in head.bytes().enumerate() {
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' => open.push('}'),
            b'[' => open.push(']'),
            b'}' | b']' => drop(open.pop()),
            _ => {}
        }
        if open.len() > HEAD_DEPTH {
            break;
        }
        if matches!(byte, b'{' | b'[' | b'}' | b']' | b',') {
            end = at + usize::from(byte != b',');
            open_at_end.clone_from(&open);
        }
        if open.is_empty() && end > 0 {
            break;
        }
    }
    let kept = head.get(..end).unwrap_or_default();
    kept.chars().chain(open_at_end.into_iter().rev()).collect()
}

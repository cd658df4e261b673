//! Runs of LangSmith, as its API and its bulk export give them: a list, a run a line, or a run with its
//! `child_runs` in it.
//!
//! A run of the type `tool` is a call, one of the type `llm` what a model was asked and answered. Old
//! versions wrote a tool's arguments as Python would print them: then they are those that the model
//! asked for, or unreadable.

use super::builder::Warnings;
use super::json::{self, Object, text_field, within};
use super::otlp::{RawSpan, understood, utc};
use super::{ImportError, Source, trace};
use crate::{Place, Session};
use serde_json::Value;

const TYPES: [&str; 7] = ["llm", "chain", "tool", "retriever", "embedding", "prompt", "parser"];

/// Runs in each other deeper than this are not read.
const DEPTH: usize = 64;

/// Whether a value is a run, or an object with a list of them.
pub(super) fn is_run(value: &Value) -> bool {
    let kind = value.get("run_type").and_then(Value::as_str).unwrap_or_default();
    let one =
        TYPES.contains(&kind) && value.get("id").is_some() && value.get("start_time").is_some();
    let listed = value.get("runs").and_then(Value::as_array).and_then(|runs| runs.first());
    one || listed.is_some_and(is_run)
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut spans = Vec::new();
    for (place, record) in json::records(source, warnings)? {
        run(&record, &place, None, &mut spans, warnings, DEPTH);
    }
    let spans = spans.into_iter().map(understood).collect();
    Ok(trace::sessions(source, spans, warnings))
}

fn run(
    value: &Value,
    place: &Place,
    above: Option<&str>,
    spans: &mut Vec<RawSpan>,
    warnings: &mut Warnings,
    depth: usize,
) {
    let Some((object, depth)) = value.as_object().zip(depth.checked_sub(1)) else {
        return warnings.add("a record that is no run was skipped", place.clone());
    };
    let id = text_field(object, "id").unwrap_or_default();
    let is_one = text_field(object, "run_type").is_some();
    if is_one {
        spans.push(span(object, id, above, place));
    }
    for key in ["runs", "child_runs"] {
        for (index, child) in
            object.get(key).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let place = within(place, format_args!("/{key}/{index}"));
            run(child, &place, is_one.then_some(id), spans, warnings, depth);
        }
    }
    if !is_one && !object.contains_key("runs") {
        warnings.add("a record that is no run was skipped", place.clone());
    }
}

fn span(run: &Object, id: &str, above: Option<&str>, place: &Place) -> RawSpan {
    let text = |key: &str| text_field(run, key);
    let name = text("name").unwrap_or_default();
    let time = |key: &str| {
        let written = run.get(key);
        json::timestamp(written).or_else(|| utc(written?.as_str()?))
    };
    let failed = text("error").or((text("status") == Some("error")).then_some("the run failed"));
    RawSpan {
        trace: text("trace_id")
            .or_else(|| text("dotted_order")?.split('.').next())
            .unwrap_or_default()
            .to_owned(),
        id: id.to_owned(),
        parent: text("parent_run_id").or(above).map(str::to_owned),
        name: name.to_owned(),
        start: time("start_time"),
        end: time("end_time"),
        attributes: attributes(run, name),
        events: Vec::new(),
        error: failed.map(str::to_owned),
        resource: Object::new(),
        place: place.clone(),
    }
}

fn attributes(run: &Object, name: &str) -> Object {
    let mut attributes = Object::new();
    let mut put = |key: &str, value: Value| drop(attributes.insert(key.to_owned(), value));
    let kind = text_field(run, "run_type").unwrap_or_default();
    let metadata = run.get("extra").and_then(|extra| extra.get("metadata"));
    let thread = ["session_id", "thread_id", "conversation_id"]
        .iter()
        .find_map(|key| metadata?.get(*key)?.as_str());
    if let Some(thread) = thread {
        put("session.id", Value::from(thread));
    }
    let held = |key: &str| run.get(key).filter(|value| !value.is_null()).cloned();
    match kind {
        "tool" => {
            put("openinference.span.kind", Value::from("TOOL"));
            put("tool.name", Value::from(name));
            let inputs = held("inputs").and_then(given);
            if let Some(inputs) = inputs {
                put("input.value", inputs);
            }
            let outputs = held("outputs");
            let call = outputs.as_ref().and_then(|outputs| {
                outputs
                    .pointer("/output/tool_call_id")
                    .or(outputs.pointer("/output/kwargs/tool_call_id"))
            });
            if let Some(call) = call {
                put("tool.id", call.clone());
            }
            if let Some(outputs) = outputs {
                let inner = ["/output/content", "/output/kwargs/content", "/output"];
                let inner = inner.iter().find_map(|path| outputs.pointer(path));
                put("output.value", inner.unwrap_or(&outputs).clone());
            }
        }
        kind => {
            if kind == "llm" {
                put("openinference.span.kind", Value::from("LLM"));
            }
            for (from, to) in [("inputs", "input.value"), ("outputs", "output.value")] {
                if let Some(value) = held(from) {
                    put(to, value);
                }
            }
        }
    }
    attributes
}

/// A tool's inputs: named arguments, or their JSON under `input`; not what Python prints.
fn given(inputs: Value) -> Option<Value> {
    let text = inputs
        .get("input")
        .and_then(Value::as_str)
        .filter(|_| inputs.as_object().is_some_and(|inputs| inputs.len() == 1));
    match text {
        Some(text) if text.starts_with("{'") => None,
        Some(text) => match serde_json::from_str(text) {
            Ok(object @ Value::Object(_)) => Some(object),
            _ => Some(inputs),
        },
        None => Some(inputs),
    }
}

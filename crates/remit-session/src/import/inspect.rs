//! Logs of Inspect: `.json`, and `.eval`, a zip whose parts are put together before they come here.
//!
//! A sample is a session, `<task>/<sample>`; its task is the evaluation's. Events of tools are the calls; what
//! an approver rejected was *refused*, an error makes a call *failed*. Sub-agents are lanes. A sample
//! without events of tools has the calls of its messages. Long texts stand elsewhere in the log
//! (`attachment://…`) and are put back.

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::{self, Object, arguments, id_field, text_field, within};
use super::messages::{Failure, Reader, UNNAMED_TOOL, content_text, warn_about};
use super::said::{Said, said};
use super::{ImportError, Source};
use crate::{Lane, LaneIdx, LaneKind, Outcome, Place, Role, Session, StepIdx};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

const ATTACHED: &str = "attachment://";

/// Whether a value is a log.
pub(super) fn is_log(value: &Value) -> bool {
    let eval = value.get("eval");
    let inside = ["task", "model"].iter().all(|key| eval.and_then(|eval| eval.get(key)).is_some());
    inside && ["version", "status", "plan", "samples"].iter().any(|key| value.get(key).is_some())
}

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut sessions = Vec::new();
    for (place, mut record) in json::records(source, warnings)? {
        let task =
            record.pointer("/eval/task").and_then(Value::as_str).unwrap_or("task").to_owned();
        let model =
            record.pointer("/eval/model").and_then(Value::as_str).unwrap_or("agent").to_owned();
        let Some(Value::Array(samples)) = record.get_mut("samples").map(Value::take) else {
            warnings.add("a log without samples was skipped", place);
            continue;
        };
        for (index, sample) in samples.into_iter().enumerate() {
            let place = within(&place, format_args!("/samples/{index}"));
            match sample {
                Value::Object(sample) => {
                    let sample = Sample::new(sample, &task, &model, warnings);
                    sessions.push(sample.read(&place));
                }
                _ => warnings.add("a sample that is no JSON object was skipped", place),
            }
        }
    }
    Ok(sessions)
}

struct Sample<'a> {
    sample: Object,
    warnings: &'a mut Warnings,
    builder: SessionBuilder,
    /// The lanes of agents, by the span that they work in.
    lanes: HashMap<String, LaneIdx>,
    /// What an approver decided, by the call's id.
    rejected: HashSet<String>,
    /// Messages that were read, by their ids or by who says what.
    heard: HashSet<String>,
}

impl<'a> Sample<'a> {
    fn new(mut sample: Object, task: &str, model: &str, warnings: &'a mut Warnings) -> Sample<'a> {
        if let Some(Value::Object(texts)) = sample.remove("attachments") {
            let mut budget = budget(&texts);
            for value in sample.values_mut() {
                attach(value, &texts, &mut budget);
            }
            if budget == 0 {
                let message = "texts that stand elsewhere are named too often; some were left out";
                warnings.add(message, Place::Pointer("/attachments".to_owned()));
            }
        }
        let number = id_field(&sample, "id").unwrap_or_else(|| "0".to_owned());
        let epoch = id_field(&sample, "epoch").filter(|epoch| epoch != "1");
        let epoch = epoch.map(|epoch| format!("/{epoch}")).unwrap_or_default();
        let mut builder = SessionBuilder::new(format!("{task}/{number}{epoch}"), model);
        builder.session().task = Some(task.to_owned());
        let heard = HashSet::new();
        Sample { sample, warnings, builder, lanes: HashMap::new(), rejected: HashSet::new(), heard }
    }

    fn read(mut self, place: &Place) -> Session {
        self.builder.session().solved = self.sample.get("scores").and_then(solved);
        let events = match self.sample.remove("events") {
            Some(Value::Array(events)) => events,
            _ => Vec::new(),
        };
        let messages = match self.sample.remove("messages") {
            Some(Value::Array(messages)) => messages,
            _ => Vec::new(),
        };
        if events.iter().any(|event| kind(event) == "tool") {
            for (index, event) in events.iter().enumerate() {
                let at = within(place, format_args!("/events/{index}"));
                match event.as_object() {
                    Some(event) => self.event(event, at),
                    None => self.warnings.add("an event that is no JSON object was skipped", at),
                }
            }
        } else {
            let (warnings, builder) = (&mut *self.warnings, &mut self.builder);
            let mut reader = Reader { builder, warnings, server: None, failure: Failure::Field };
            reader.read(&messages, &within(place, format_args!("/messages")));
        }
        if let Some(error) = self.sample.get("error").filter(|error| !error.is_null()) {
            let error = error.get("message").map_or_else(|| content_text(error), content_text);
            let at = Moment::at(within(place, format_args!("/error")));
            self.builder.say(at, Role::Runtime, format!("the sample ended in an error: {error}"));
        }
        self.builder.finish()
    }

    fn event(&mut self, event: &Object, place: Place) {
        let at = json::timestamp(event.get("timestamp"));
        let moment = Moment { lane: self.lane(event), at, place };
        match text_field(event, "event").unwrap_or_default() {
            "model" => self.model(event, &moment),
            "tool" => self.tool(event, moment),
            "approval" => {
                let decision = text_field(event, "decision").unwrap_or_default();
                let call = event.get("call").and_then(Value::as_object);
                let id = call.and_then(|call| id_field(call, "id"));
                if ["reject", "terminate"].contains(&decision) {
                    self.rejected.extend(id);
                }
                let by = text_field(event, "approver").unwrap_or("an approver");
                let why = text_field(event, "explanation").unwrap_or_default();
                self.builder.say(moment, Role::Runtime, format!("{by}: {decision} {why}"));
            }
            "span_begin" => self.span(event),
            "input" => {
                let text = event.get("input").map(content_text).unwrap_or_default();
                self.builder.say(moment, Role::User, text);
            }
            "error" | "sample_limit" | "interrupt" => {
                let text = event.get("error").and_then(|error| error.get("message"));
                let text = text.or_else(|| event.get("message")).map(content_text);
                self.builder.say(moment, Role::Runtime, text.unwrap_or_default());
            }
            _ => {}
        }
    }

    /// The lane of the agent whose span an event stands in.
    fn lane(&self, event: &Object) -> LaneIdx {
        let span = text_field(event, "span_id").unwrap_or_default();
        self.lanes.get(span).copied().unwrap_or(LaneIdx(0))
    }

    /// A span of an agent below another is a sub-agent; other spans are their parent's.
    fn span(&mut self, event: &Object) {
        let Some(id) = text_field(event, "id") else { return };
        let parent = text_field(event, "parent_id").unwrap_or_default();
        let known = self.lanes.get(parent).copied();
        let name = text_field(event, "name").unwrap_or("agent");
        let lane = match (text_field(event, "type"), known) {
            (Some("agent"), None) => {
                if let Some(main) = self.builder.session().lanes.first_mut() {
                    name.clone_into(&mut main.agent);
                }
                LaneIdx(0)
            }
            (Some("agent"), Some(_)) => {
                let kind = LaneKind::SubAgent { started_by: self.last_call() };
                self.builder.add_lane(Lane { agent: name.to_owned(), kind })
            }
            (_, Some(lane)) => lane,
            (_, None) => return,
        };
        self.lanes.insert(id.to_owned(), lane);
    }

    /// A sub-agent is started by the call that is being carried out.
    fn last_call(&mut self) -> Option<StepIdx> {
        let last = self.builder.session().calls().last().map(|(step, _, call)| (step, call.result));
        last.filter(|(_, result)| result.is_none()).map(|(step, _)| step)
    }

    fn model(&mut self, event: &Object, moment: &Moment) {
        let input = event.get("input").and_then(Value::as_array);
        let answers = event.get("output").and_then(|output| output.get("choices")?.as_array());
        let answers = answers.into_iter().flatten().filter_map(|choice| choice.get("message"));
        for message in input.into_iter().flatten().chain(answers) {
            let key = message.get("id").and_then(Value::as_str).map(str::to_owned);
            if !self.heard.insert(key.unwrap_or_else(|| message.to_string())) {
                continue;
            }
            self.builder.begin_turn();
            for part in said(message, Role::User) {
                if let Said::Text(role, text) = part {
                    self.builder.say(moment.clone(), role, text);
                }
            }
        }
    }

    fn tool(&mut self, event: &Object, moment: Moment) {
        let id = id_field(event, "id");
        let call = NewCall {
            id: id.clone(),
            tool: text_field(event, "function").unwrap_or(UNNAMED_TOOL).to_owned(),
            server: None,
            arguments: arguments(event.get("arguments")),
        };
        warn_about(&call, &moment.place, self.warnings);
        let step = self.builder.call(moment.clone(), call);
        if let Some(agent) = text_field(event, "agent_span_id") {
            let name = text_field(event, "agent").unwrap_or("agent").to_owned();
            let kind = LaneKind::SubAgent { started_by: Some(step) };
            let lane = self.builder.add_lane(Lane { agent: name, kind });
            self.lanes.insert(agent.to_owned(), lane);
        }
        let error = event.get("error").filter(|error| !error.is_null());
        let pending = event.get("pending").and_then(Value::as_bool) == Some(true);
        if pending && error.is_none() {
            return;
        }
        let approval = error.and_then(|error| error.get("type")?.as_str()) == Some("approval");
        let outcome = match error {
            Some(_) if approval => Outcome::Refused,
            _ if id.is_some_and(|id| self.rejected.contains(&id)) => Outcome::Refused,
            Some(_) => Outcome::Failed,
            None if event.get("failed").and_then(Value::as_bool) == Some(true) => Outcome::Failed,
            None => Outcome::Executed,
        };
        let said = error.and_then(|error| error.get("message")).or(event.get("result"));
        let text = said.map(content_text).unwrap_or_default();
        let at = completed(event).or(moment.at);
        self.builder.result(Moment { at, ..moment }, Some(step), text, outcome);
    }
}

fn kind(event: &Value) -> &str {
    event.get("event").and_then(Value::as_str).unwrap_or_default()
}

fn completed(event: &Object) -> Option<Timestamp> {
    json::timestamp(event.get("completed"))
}

/// Whether all scorers say `C`, true or 1; anything between says nothing.
fn solved(scores: &Value) -> Option<bool> {
    let scores = scores.as_object()?;
    let one = |score: &Value| match score.get("value")? {
        Value::String(word) => match word.as_str() {
            "C" => Some(true),
            "I" | "N" => Some(false),
            _ => None,
        },
        Value::Bool(word) => Some(*word),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let all: Option<Vec<bool>> = scores.values().map(one).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.into_iter().all(|solved| solved))
}

/// How much may be put back: prompts repeat texts, but a log is not made to fill memory.
fn budget(texts: &Object) -> usize {
    let all: usize = texts.values().filter_map(Value::as_str).map(str::len).sum();
    all.saturating_mul(64).min(512 << 20)
}

/// Puts texts that stand elsewhere back where they are named, while the budget lasts.
fn attach(value: &mut Value, texts: &Object, budget: &mut usize) {
    match value {
        Value::String(text) => {
            let named = text.strip_prefix(ATTACHED).and_then(|name| texts.get(name)?.as_str());
            let Some(named) = named else { return };
            match budget.checked_sub(named.len()) {
                Some(rest) => {
                    *budget = rest;
                    *text = named.to_owned();
                }
                None => *budget = 0,
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| attach(item, texts, budget)),
        Value::Object(object) => {
            object.values_mut().for_each(|value| attach(value, texts, budget));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

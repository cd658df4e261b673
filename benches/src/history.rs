//! Conditions over history: the batch engine beside Dogwood's authorizer and its local engine, which take a
//! part of the same events in the same run, and are scaled up.

use crate::figures::{Figure, say};
use dogwood_language::{
    Authorizer, Event, LoweredPolicySet, ParsedPolicySet, PolicySchema, ServiceSchema,
    TemporalField, Value,
};
use dogwood_local_engine::LocalTemporalEngine;
use rayon::prelude::*;
use remit_replay::history::{Decided, Trace};
use std::fmt::Write as _;
use std::time::Instant;

/// The other side stops after so long, and is scaled up.
const PATIENCE_MS: f64 = 15_000.0;
/// Sessions of the corpus of a million events.
const SESSIONS: usize = 100;
const EDITS: usize = 20;

const TOOLS: [&str; 7] =
    ["read_file", "write_file", "web_fetch", "send_email", "transfer", "run_shell", "approve"];

const EVENT_SCHEMA: &str = "\
decision event <A>::request { ...inputs(A), pin sessionId: String = context.sessionId }
event <A>::response { ...inputs(A), ...outputs(A), pin sessionId: String = context.sessionId }
event <A>::error { ...inputs(A), pin sessionId: String = context.sessionId }
";

/// The figures for sessions of each length, and for `events` in all.
pub(crate) fn measure(events: usize, lengths: &[usize]) -> Result<Vec<Figure>, String> {
    let mut figures = Vec::new();
    for policies in [1, 10, 100] {
        for &length in lengths {
            figures.extend(one_session(length, policies)?);
        }
    }
    figures.extend(corpus(events, 100)?);
    Ok(figures)
}

fn one_session(length: usize, policies: usize) -> Result<Vec<Figure>, String> {
    let (lowered, session) = (lowered(policies)?, session(0, length));
    let leaves: Vec<TemporalField> = lowered.nonrelativized_temporal_fields().cloned().collect();
    let start = Instant::now();
    let trace = trace(&[&session], &lowered);
    let built = ms(start);
    let start = Instant::now();
    let decided = decide(&trace, &leaves)?;
    let columns = ms(start);
    let holds: usize = decided.iter().flatten().filter(|(_, holds)| *holds).count();
    let name = |what: &str| format!("{policies} policies, {length} events: {what}");
    let (theirs, denied) = replayed(Authorizer::new(lowered), &session);
    let local = crate::history::lowered(policies)?;
    let engine = LocalTemporalEngine::new();
    let local = Authorizer::builder(local).temporal_engine(engine).build();
    let (local, _) = replayed(local.map_err(|e| e.to_string())?, &session);
    say(&name(&format!("{holds} conditions hold, {denied} of the replayed calls are denied")));
    let both = |what: &str, time| {
        [
            Figure::against(name(&format!("{what}, against the authorizer")), time, "ms", theirs),
            Figure::against(name(&format!("{what}, against the local engine")), time, "ms", local),
        ]
    };
    Ok([both("columns", columns), both("with ingest", columns + built)].concat())
}

/// How long the authorizer takes for all events, in ms; and how many requests it denied of those it saw.
fn replayed(mut authorizer: Authorizer, events: &[Event]) -> (f64, usize) {
    let (start, mut seen, mut denied) = (Instant::now(), 0, 0);
    for event in events {
        denied += usize::from(authorizer.is_authorized(event).is_some_and(|said| !said.allowed()));
        seen += 1;
        if ms(start) > PATIENCE_MS {
            break;
        }
    }
    (ms(start) * events.len() as f64 / f64::from(seen.max(1)), denied)
}

fn corpus(events: usize, policies: usize) -> Result<Vec<Figure>, String> {
    let lowered = lowered(policies)?;
    let leaves: Vec<TemporalField> = lowered.nonrelativized_temporal_fields().cloned().collect();
    let sessions: Vec<Vec<Event>> =
        (0..SESSIONS).into_par_iter().map(|n| session(n, events / SESSIONS)).collect();
    let refs: Vec<&[Event]> = sessions.iter().map(Vec::as_slice).collect();
    let start = Instant::now();
    let trace = trace(&refs, &lowered);
    let built = ms(start);
    let start = Instant::now();
    let decided = decide(&trace, &leaves)?;
    let columns = ms(start);
    let cells: usize = decided.iter().map(Vec::len).sum();
    let mut edits = Vec::new();
    for n in 0..EDITS {
        let edited = lowered_one(policies + n)?;
        let leaf = edited.nonrelativized_temporal_fields().next().ok_or("no condition")?;
        let start = Instant::now();
        trace.decide(leaf).map_err(|e| e.to_string())?;
        edits.push(ms(start));
    }
    edits.sort_by(f64::total_cmp);
    let name = |what: &str| format!("{events} events, {policies} policies: {what}");
    let worst = edits.last().copied().unwrap_or_default();
    let middle = edits.get(edits.len() / 2).copied().unwrap_or_default();
    Ok(vec![
        Figure::alone(name("events into columns"), built, "ms"),
        Figure::alone(name("all conditions, cold, all threads"), columns, "ms"),
        Figure::alone(name("all conditions"), columns * 1e6 / cells.max(1) as f64, "ns a cell"),
        Figure::alone(name("one edited condition, middle"), middle, "ms"),
        Figure::alone(name("one edited condition, worst"), worst, "ms"),
    ])
}

fn decide(trace: &Trace, leaves: &[TemporalField]) -> Result<Vec<Vec<Decided>>, String> {
    leaves.par_iter().map(|leaf| trace.decide(leaf).map_err(|e| e.to_string())).collect()
}

fn trace(sessions: &[&[Event]], lowered: &LoweredPolicySet) -> Trace {
    Trace::new(sessions.iter().copied(), lowered.partition_keys(), |k| lowered.is_decision_kind(k))
}

fn lowered(policies: usize) -> Result<LoweredPolicySet, String> {
    let mut text = "permit(principal, action, resource);\n".to_owned();
    for n in 0..policies {
        text += &policy(n);
    }
    lower(&text)
}

fn lowered_one(n: usize) -> Result<LoweredPolicySet, String> {
    lower(&policy(n))
}

fn lower(text: &str) -> Result<LoweredPolicySet, String> {
    let service = ServiceSchema::builder().event_schema_str(EVENT_SCHEMA).build();
    let service = service.map_err(|e| e.to_string())?;
    let parsed = ParsedPolicySet::parse(text, &service).map_err(|e| e.to_string())?;
    let schema = PolicySchema::from_cedarschema_str(&schema()).map_err(|e| e.to_string())?;
    parsed.lower(&schema).map_err(|e| e.to_string())
}

/// What security people write: something read before, so many in a while, so much in a while, not undone
/// since.
fn policy(n: usize) -> String {
    let tool = |n: usize| TOOLS.get(n % TOOLS.len()).copied().unwrap_or_default();
    let (of, seen, window) = (tool(n / 4), tool(n / 4 + n % 3 + 1), 5 + n * 7 % 55);
    let event = |tool: &str, kind: &str, args: &str| {
        format!("Agent::Action::\"{tool}\"::{kind}{{ {args} }}")
    };
    let condition = match n % 4 {
        0 => format!(
            "formerly within {window}m {}",
            event(seen, "response", "input.to: context.input.to, output.trust: \"untrusted\"")
        ),
        1 => format!(
            "(count for (t: Timepoint). where (formerly within {window}m ({} && tp(t)))) > {}",
            event(seen, "request", "input.to: context.input.to"),
            n % 5 + 2
        ),
        2 => format!(
            "(sum a for (a: Long), (t: Timepoint). where (formerly within {window}m ({} && tp(t)))) > {}",
            event(seen, "request", "input.to: context.input.to, input.amount: a"),
            n * 100
        ),
        _ => format!(
            "!{} since within {window}m {}",
            event(of, "response", "input.to: context.input.to"),
            event(seen, "response", "input.to: context.input.to")
        ),
    };
    format!(
        "forbid(principal, action == Agent::Action::\"{of}\", resource) when temporal {{ {condition} }};\n"
    )
}

fn schema() -> String {
    let mut text = "namespace Agent {\n  entity Worker;\n  entity Gateway;\n".to_owned();
    for tool in TOOLS {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  action \"{tool}\" appliesTo {{ principal: [Worker], resource: [Gateway], context: {{ input: {{ to: String, amount: Long }}, output?: {{ trust: String }}, sessionId: String }} }};"
        );
    }
    text + "}\n"
}

/// Calls and their results, one event a second.
fn session(n: usize, length: usize) -> Vec<Event> {
    let mut random = Numbers(n as u64 + 1);
    let id = Value::String(format!("s{n}"));
    let mut events = Vec::with_capacity(length);
    let mut call = None;
    for at in 0..length {
        let (tool, to, amount, kind) = match call.take() {
            None => (random.below(7), random.below(20), random.below(500), "request"),
            Some((tool, to, amount)) => (tool, to, amount, "response"),
        };
        let name = TOOLS.get(tool).copied().unwrap_or_default();
        let text = Value::String(format!("user{to}"));
        let mut event = Event::builder_for(&["Agent", "Action"], name, kind)
            .timestamp(at as i64)
            .principal_for("Agent::Worker", "w")
            .resource_for("Agent::Gateway", "g")
            .logged_field("sessionId", id.clone())
            .field("input", "to", text.clone())
            .field("input", "amount", Value::Int(amount as i64));
        if kind == "request" {
            call = Some((tool, to, amount));
            event = event
                .request_context_field("sessionId", id.clone())
                .request_context("input", "to", text)
                .request_context("input", "amount", Value::Int(amount as i64));
        } else {
            let trust = if random.below(3) == 0 { "untrusted" } else { "trusted" };
            event = event.field("output", "trust", Value::String(trust.to_owned()));
        }
        events.push(event.build());
    }
    events
}

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n) as usize
    }
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

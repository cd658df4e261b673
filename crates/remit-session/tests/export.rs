//! What is exported reads again as what it was, but for what the format cannot hold.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use camino::Utf8Path;
use remit_session::{
    Arguments, Format, Limits, Outcome, Place, Recording, Session, Source, StepKind, import, load,
    to_atif, to_dogwood,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The samples in the repository.
fn recordings() -> Vec<Recording> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let source = Source { path: folder.clone(), shown_from: folder };
    let on = &mut |_| ControlFlow::Continue(());
    load(&[source], None, &Limits::default(), on).unwrap().recordings
}

fn read(text: &str, format: Format) -> Vec<Session> {
    let (found, imported) = import("again", text.as_bytes(), None, &Limits::default()).unwrap();
    assert_eq!(found, format);
    imported.sessions
}

/// What somebody said or did in a lane: time, kind, words.
type Said = (Option<String>, String);

/// The steps of each lane, without what a result has of its own, in an order that does not depend on how
/// results stand between other steps.
fn lanes(session: &Session) -> Vec<(String, Vec<Said>)> {
    let mut lanes: Vec<_> =
        session.lanes.iter().map(|lane| (lane.agent.clone(), Vec::new())).collect();
    let mut ids: BTreeMap<&str, u32> = BTreeMap::new();
    session
        .calls()
        .filter_map(|(_, _, call)| call.id.as_deref())
        .for_each(|id| *ids.entry(id).or_default() += 1);
    for step in &session.steps {
        let at = step.at.map(|at| at.to_string());
        let words = match &step.kind {
            StepKind::Message { role, text } => format!("{role:?}: {text}"),
            StepKind::Call(call) => {
                let result =
                    call.result.and_then(|at| session.step(at)).map(|step| match &step.kind {
                        StepKind::Result(result) => {
                            (step.at.map(|at| at.to_string()), result.text.clone())
                        }
                        _ => panic!("a call's result is none"),
                    });
                let id = call.id.as_deref().filter(|id| ids[id] == 1 && !id.starts_with("call-"));
                let (tool, server, given) = (&call.tool, &call.server, &call.arguments);
                format!("{tool} {id:?} {server:?} {given:?} {:?} {result:?}", call.outcome)
            }
            // Loose results are kept as notes.
            StepKind::Result(_) => continue,
        };
        lanes[step.lane.0 as usize].1.push((at, words));
    }
    lanes.iter_mut().for_each(|lane| lane.1.sort());
    lanes
}

#[test]
fn atif_holds_all_that_was_said_and_done() {
    let mut calls = 0;
    for recording in recordings() {
        for session in &recording.sessions {
            if session
                .steps
                .iter()
                .any(|step| matches!(&step.kind, StepKind::Result(result) if result.call.is_none()))
            {
                continue;
            }
            let again = read(&to_atif(&[session]), Format::Atif);
            assert_eq!(again.len(), 1);
            let header = |s: &Session| (s.id.clone(), s.task.clone(), s.goal.clone(), s.solved);
            assert_eq!(header(&again[0]), header(session), "{}", recording.path);
            assert_eq!(lanes(&again[0]), lanes(session), "{}", recording.path);
            calls += session.calls().count();
        }
        let all: Vec<_> = recording.sessions.iter().collect();
        if all.len() > 1 {
            assert_eq!(read(&to_atif(&all), Format::Atif).len(), all.len());
        }
    }
    assert!(calls > 200, "{calls}");
}

/// What a log of Dogwood can hold of a session's calls.
fn acted(session: &Session) -> Vec<(String, String, Outcome, Option<i64>)> {
    let mut latest = session.steps.iter().find_map(|step| step.at);
    let mut times = Vec::new();
    for step in &session.steps {
        latest = step.at.or(latest);
        times.push(latest);
    }
    let calls = session.calls().filter_map(|(at, _, call)| {
        let Arguments::Object(given) = &call.arguments else { return None };
        let outcome = if call.outcome == Outcome::Refused { Outcome::Failed } else { call.outcome };
        let seconds = times[at.0 as usize].map(|at| at.as_second());
        Some((
            call.tool.clone(),
            serde_json::Value::Object(given.clone()).to_string(),
            outcome,
            seconds,
        ))
    });
    calls.collect()
}

#[test]
fn a_log_of_dogwood_holds_every_call_that_has_a_time() {
    let mut calls = 0;
    for recording in recordings() {
        for session in &recording.sessions {
            let log = to_dogwood(&[session]);
            let timed = session.steps.iter().any(|step| step.at.is_some());
            assert_eq!(log.left_out.iter().any(|(_, why)| why.contains("time")), !timed);
            let expected = acted(session);
            if !timed || expected.is_empty() {
                assert!(log.text.is_empty());
                continue;
            }
            let again = read(&log.text, Format::Dogwood);
            assert_eq!(again.len(), 1, "{}", recording.path);
            let mut found = acted(&again[0]);
            let mut expected = expected;
            found.sort_by(|a, b| (a.3, &a.0, &a.1).cmp(&(b.3, &b.0, &b.1)));
            expected.sort_by(|a, b| (a.3, &a.0, &a.1).cmp(&(b.3, &b.0, &b.1)));
            assert_eq!(found, expected, "{}", recording.path);
            calls += found.len();
        }
    }
    assert!(calls > 50, "{calls}");
}

#[test]
fn texts_that_look_like_a_logs_own_marks_stay_texts() {
    let odd = r#"a) b( ::"x" {y} [z] \ "q" 'r' , : // é"#;
    let chat = serde_json::json!([
        {"role": "user", "content": "go", "timestamp": "2026-01-01T00:00:00Z"},
        {"role": "assistant", "timestamp": "2026-01-01T00:00:01Z", "tool_calls": [{"id": odd, "function": {"name": odd, "arguments": {"k: v": odd, "n": 1.5, "big": 1e30, "list": [true, null, -3]}}}]},
        {"role": "tool", "tool_call_id": odd, "content": odd, "timestamp": "2026-01-01T00:00:02Z"},
    ]);
    let (_, imported) = import("x", chat.to_string().as_bytes(), None, &Limits::default()).unwrap();
    let log = to_dogwood(&[&imported.sessions[0]]);
    let again = &read(&log.text, Format::Dogwood)[0];
    let of = |session: &Session| {
        let mut steps = session.steps.clone();
        steps.iter_mut().for_each(|step| step.place = Place::Line(0));
        steps.retain(|step| !matches!(step.kind, StepKind::Message { .. }));
        steps
            .into_iter()
            .map(|step| match step.kind {
                StepKind::Call(call) => format!("{:?} {} {:?}", call.id, call.tool, call.arguments),
                StepKind::Result(result) => format!("{} {:?}", result.text, result.outcome),
                StepKind::Message { .. } => String::new(),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(of(again), of(&imported.sessions[0]));
}

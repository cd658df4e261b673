//! Recordings are read when somebody looks at them, and found by words.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use remit_api::replay::{Engine, replay_with};
use remit_api::session::StepKind;
use remit_api::wire::AppEvent;
use remit_api::{policy::Workspace, session::Loaded};
use serde_json::{Value, json};
use std::fs;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use support::Host;

fn sessions(host: &Host, text: &str, verdict: Value) -> Value {
    host.ok("sessions", json!({ "start": 0, "len": 999, "text": text, "verdict": verdict }))
}

fn ids(page: &Value) -> Vec<&str> {
    page["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

fn whole(host: &Host) -> (Workspace, Loaded) {
    let workspace = Workspace::load(&host.root).unwrap();
    let go_on = &mut |_| ControlFlow::Continue(());
    let loaded = remit_api::load_recordings(&workspace, &[], None, go_on).unwrap();
    (workspace, loaded)
}

/// Read one by one and judged by columns, or read at once and judged by Cedar: the same.
#[test]
fn a_session_that_is_read_when_asked_for_is_what_was_judged() {
    let host = Host::opened();
    let (workspace, loaded) = whole(&host);
    let go_on = |_| ControlFlow::Continue(());
    let replay = replay_with(Engine::Reference, &workspace, &loaded.recordings, &go_on).unwrap();
    let mut position = 0;
    for (n, replayed) in replay.sessions.iter().enumerate() {
        let session = &loaded.recordings[replayed.recording].sessions[replayed.session];
        let view = host.ok("session", json!({ "session": n }));
        assert_eq!(view["row"]["id"], session.id);
        assert_eq!(view["row"]["task"], json!(replayed.task));
        assert_eq!(view["row"]["scoped"], replayed.scope.is_some());
        assert_eq!(view["goal"], json!(session.goal));
        assert_eq!(view["steps"], session.steps.len());
        assert_eq!(view["calls"].as_array().unwrap().len(), replayed.calls.len());
        for (call, tick) in replayed.calls.iter().zip(view["calls"].as_array().unwrap()) {
            let place = host.ok("call_at", json!({ "position": position }));
            assert_eq!(place, json!({ "session": n, "step": call.step.0 }));
            assert_eq!(tick["verdict"], format!("{:?}", call.verdict).to_lowercase());
            let why = host.ok("why", json!(place));
            let reasons = |side: &Value| -> Vec<String> {
                let ids = side["reasons"].as_array().unwrap().iter();
                ids.map(|p| p["id"].as_str().unwrap().to_owned()).collect()
            };
            let sides = call.judged.as_ref();
            let expected = sides.map(|j| j.guardrails.reasons.clone()).unwrap_or_default();
            assert_eq!(sides.map_or(vec![], |_| reasons(&why["guardrails"])), expected);
            position += 1;
        }
        for (at, step) in session.steps.iter().enumerate() {
            let text = host.ok("step_text", json!({ "session": n, "step": at }))["text"].clone();
            match &step.kind {
                StepKind::Message { text: recorded, .. } => assert_eq!(text, *recorded),
                StepKind::Result(result) => assert_eq!(text, result.text),
                StepKind::Call(_) => {}
            }
        }
    }
    let beyond = json!({ "position": position });
    assert_eq!(host.err("call_at", beyond)["code"], "notFound");
    let beyond = json!({ "session": replay.sessions.len() });
    assert_eq!(host.err("session", beyond)["code"], "notFound");
}

#[test]
fn a_recording_that_changed_is_never_shown_as_what_was_judged() {
    let host = Host::opened();
    let page = sessions(&host, "", Value::Null);
    let row = page["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["recording"].as_str().unwrap().ends_with(".session"));
    let row = row.expect("the fixture has a recording in the notation").clone();
    let file = host.root.join(row["recording"].as_str().unwrap());
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\nuser: and now something else\n")).unwrap();
    match remit_api::dispatch(&host.app, "session", json!({ "session": row["session"] })) {
        Err(error) => {
            assert_eq!(serde_json::to_value(error.code).unwrap(), "conflict");
            assert!(error.message.contains("changed"), "{}", error.message);
            assert!(error.help.is_some());
        }
        // It was read again already.
        Ok(_) => host.app.wait(),
    }
    host.event("workspaceChanged");
    host.app.wait();
    let again = host.ok("session", json!({ "session": row["session"] }));
    let last = again["steps"].as_u64().unwrap() - 1;
    let text = host.ok("step_text", json!({ "session": row["session"], "step": last }));
    assert_eq!(text["text"], "and now something else");
}

#[test]
fn sessions_are_found_by_what_lists_show() {
    let host = Host::opened();
    let (_, loaded) = whole(&host);
    let all = sessions(&host, "", Value::Null);
    for recording in &loaded.recordings {
        for session in &recording.sessions {
            let goal = session.goal.as_deref().unwrap_or_default();
            let tools = session.calls().map(|(_, _, call)| call.tool.as_str());
            let agents = session.lanes.iter().map(|lane| lane.agent.as_str());
            let mut texts = vec![session.id.as_str(), recording.path.as_str(), goal];
            texts.extend(tools.chain(agents).chain(session.task.as_deref()));
            for text in texts {
                for asked in [text.to_lowercase(), text.to_uppercase()] {
                    let page = sessions(&host, &asked, Value::Null);
                    assert!(ids(&page).contains(&session.id.as_str()), "{asked}");
                }
            }
        }
    }
    assert_eq!(sessions(&host, " \t ", Value::Null), all);
    let none = sessions(&host, "no-such-word", Value::Null);
    assert_eq!((&none["total"], none["rows"].as_array().unwrap().len()), (&json!(0), 0));
}

#[test]
fn filters_hold_together_and_come_in_windows() {
    let host = Host::opened();
    let all = sessions(&host, "", Value::Null);
    let rows = all["rows"].as_array().unwrap();
    for verdict in ["allowed", "denied", "drifted", "unknown"] {
        let found = sessions(&host, "", json!(verdict));
        let expected: Vec<&Value> =
            rows.iter().filter(|row| row["summary"][verdict] != 0).collect();
        assert_eq!(found["rows"].as_array().unwrap().iter().collect::<Vec<_>>(), expected);
        assert_eq!(found["total"], expected.len());
        let word = expected[0]["id"].as_str().unwrap();
        let both = sessions(&host, word, json!(verdict));
        assert!(ids(&both).contains(&word));
        assert!(both["total"].as_u64() <= found["total"].as_u64());
    }
    for start in 0..=rows.len() {
        let request = json!({ "start": start, "len": 2, "text": "", "verdict": null });
        let page = host.ok("sessions", request);
        assert_eq!(page["total"], rows.len());
        let window = &rows[start..rows.len().min(start + 2)];
        assert_eq!(page["rows"].as_array().unwrap(), window);
    }
}

/// Opens the workspace; says whether recordings were read.
fn open(host: &Host) -> bool {
    host.ok("open_workspace", json!({ "path": host.root }));
    let mut read = false;
    loop {
        let event = host.events.recv_timeout(Duration::from_secs(20)).expect("it ends");
        match event {
            AppEvent::LoadProgress { .. } => read = true,
            AppEvent::ReplayFinished { .. } => return read,
            _ => {}
        }
    }
}

fn shown(host: &Host) -> (Value, Value, Vec<u8>) {
    let replay = host.ok("workspace", json!({}))["replay"].clone();
    (replay, sessions(host, "", Value::Null), host.app.verdict_column().unwrap())
}

#[test]
fn a_second_opening_reads_no_recording_that_is_as_it_was() {
    let host = Host::new();
    assert!(open(&host), "there is nothing to be read instead");
    let first = shown(&host);
    let (cache, since) = (host.root.join(".remit/corpus.bin"), Instant::now());
    while !cache.exists() && since.elapsed() < Duration::from_secs(20) {
        std::thread::yield_now();
    }
    assert!(!open(&host));
    assert_eq!(shown(&host), first);
    host.ok("session", json!({ "session": 0 }));
    let file = host.root.join("sessions/week.session");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\nuser: and now something else\n")).unwrap();
    assert!(open(&host), "one recording changed");
}

#[test]
fn a_broken_cache_is_made_again() {
    let host = Host::new();
    fs::create_dir_all(host.root.join(".remit")).unwrap();
    fs::write(host.root.join(".remit/corpus.bin"), "remitcor, but not really").unwrap();
    assert!(open(&host));
    assert_eq!(shown(&host), shown(&Host::opened()));
}

#[test]
fn drifts_are_filtered_by_how_grave_they_are() {
    let host = Host::opened();
    let sessions = |severity: Value| {
        let by = json!({ "start": 0, "len": 999, "text": "", "verdict": "drifted", "severity": severity });
        host.ok("sessions", by)["rows"].as_array().unwrap().clone()
    };
    let number = |row: &Value, name: &str| row["summary"][name].as_u64().unwrap();
    let all = sessions(Value::Null);
    assert!(!all.is_empty());
    let grave = all.iter().filter(|row| number(row, "drifted") > number(row, "unverified")).count();
    let value = all.iter().filter(|row| number(row, "unverified") > 0).count();
    assert_eq!(sessions(json!("out-of-scope")).len(), grave);
    assert_eq!(sessions(json!("unverified-value")).len(), value);
}

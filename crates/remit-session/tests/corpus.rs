//! Real recordings against their labels: every tool call, in order, with its outcome.
//!
//! The committed sample is always read; the whole corpus is, too, where `REMIT_CORPUS` names it or
//! it stands in `shared/corpus` beside the checkout.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed"
)]

use camino::{Utf8Path, Utf8PathBuf};
use remit_session::{
    Format, LaneKind, Limits, Outcome, Place, Recording, Session, Source, StepIdx, StepKind,
    import, load, profile_tools, to_notation,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

const LABELLED: [&str; 3] = ["agentdojo", "tau-bench", "claude-code"];

fn sample() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus")
}

fn whole() -> Option<Utf8PathBuf> {
    let beside = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let named = std::env::var("REMIT_CORPUS").ok().map(Utf8PathBuf::from);
    named.or(Some(beside)).filter(|folder| folder.join("README.md").exists())
}

fn corpora() -> Vec<Utf8PathBuf> {
    std::iter::once(sample()).chain(whole()).collect()
}

fn recordings(folder: &Utf8Path) -> BTreeMap<String, Recording> {
    let source = Source { path: folder.to_owned(), shown_from: folder.to_owned() };
    let on = &mut |_| ControlFlow::Continue(());
    let loaded = load(&[source], None, &Limits::default(), on).unwrap();
    loaded.recordings.into_iter().map(|recording| (recording.path.to_string(), recording)).collect()
}

fn labels(file: &Utf8Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A call as the labels say it: name, id and outcome where they give them.
type Call = (String, Option<String>, Option<String>);

fn labelled(label: &Value) -> Vec<Call> {
    let calls = label["calls"].as_array().unwrap();
    // An empty id is no id.
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let call = |call: &Value| {
        let name = text(&call["function"]).or(text(&call["name"])).unwrap();
        let failed = |failed| if failed { "failed" } else { "not failed" }.to_owned();
        let outcome = text(&call["outcome"])
            .or(call["result_error"].as_bool().map(failed))
            .or(call.get("error").map(|error| failed(!error.is_null())));
        (name, text(&call["id"]), outcome)
    };
    calls.iter().map(call).collect()
}

/// What was found, in the labels' words. Labels of Claude Code leave sub-agents out.
fn found(session: &Session, labels: &[Call]) -> Vec<Call> {
    let calls = session.calls().filter(|(_, step, _)| {
        !matches!(session.lanes[step.lane.0 as usize].kind, LaneKind::SubAgent { .. })
    });
    let words = |at: usize, outcome: Outcome| {
        let coarse =
            labels.get(at).and_then(|l| l.2.as_deref()).is_some_and(|w| w.ends_with("failed"));
        match outcome {
            Outcome::Failed if coarse => "failed",
            _ if coarse => "not failed",
            Outcome::Executed => "ok",
            Outcome::Failed => "error",
            Outcome::Refused => "rejected_by_user",
            Outcome::Unrecorded => "no_result",
        }
    };
    let call = |(at, (_, _, call)): (usize, (StepIdx, _, &remit_session::ToolCall))| {
        let id = labels.get(at).and_then(|label| label.1.clone()).and(call.id.clone());
        (call.tool.clone(), id, Some(words(at, call.outcome).to_owned()))
    };
    calls.enumerate().map(call).collect()
}

#[test]
fn calls_are_those_of_the_labels() {
    for corpus in corpora() {
        for kind in LABELLED {
            let recordings = recordings(&corpus.join(kind));
            for label in labels(&corpus.join(kind).join("labels.jsonl")) {
                let path = label["path"].as_str().unwrap();
                let name = path.strip_prefix(kind).unwrap().trim_start_matches('/');
                let recording =
                    recordings.get(name).unwrap_or_else(|| panic!("{path} was not imported"));
                assert_eq!(recording.sessions.len(), 1, "{path}");
                let expected = labelled(&label);
                assert_eq!(found(&recording.sessions[0], &expected), expected, "{path}");
            }
        }
    }
}

/// What `tests/corpus/count_calls.py` counted, for the recordings that are there.
#[test]
fn calls_are_as_many_as_were_counted() {
    let counts = labels(&sample().join("counts.jsonl"));
    for corpus in corpora() {
        let recordings = recordings(&corpus);
        let mut seen = 0;
        for count in &counts {
            let path = count["path"].as_str().unwrap();
            if !corpus.join(path).exists() {
                continue;
            }
            seen += 1;
            let found = recordings.get(path).unwrap_or_else(|| panic!("{path} was not imported"));
            let calls = found.sessions.iter().flat_map(Session::calls).count();
            assert_eq!(Some(calls as u64), count["calls"].as_u64(), "{path}");
        }
        // The whole corpus lacks only what was trimmed for the sample.
        let expected = if Some(&corpus) == whole().as_ref() { counts.len() - 1 } else { 30 };
        assert_eq!(seen, expected, "{corpus}");
    }
}

/// Recordings whose notation is kept beside this test, and read by eye when it changes.
const READ_BY_EYE: [&str; 9] = [
    "gemini-cli",
    "inspect",
    "langfuse",
    "message-samples/codex",
    "mini-swe-agent",
    "openhands",
    "otlp",
    "pi-agent",
    "swe-agent",
];

#[test]
fn samples_read_as_was_read_by_eye() {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read");
    let mut wrong = Vec::new();
    for kind in READ_BY_EYE {
        let recordings = recordings(&sample().join(kind));
        let read: String = recordings.iter().map(|(name, read)| shortened(name, read)).collect();
        let kept = folder.join(kind.replace('/', "-") + ".txt");
        if std::env::var("UPDATE").is_ok() {
            std::fs::write(&kept, &read).unwrap();
        }
        if std::fs::read_to_string(&kept).ok().as_ref() != Some(&read) {
            wrong.push(format!("{kept} is not what was read:\n{read}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The notation, the first line of each step, with what was said about the recording.
fn shortened(name: &str, recording: &Recording) -> String {
    let line = |line: &str| line.chars().take(160).collect::<String>().trim_end().to_owned() + "\n";
    let notation = to_notation(&recording.sessions);
    let lines = notation.lines().filter(|line| !line.starts_with("  ")).map(line);
    let said = recording.warnings.iter();
    let said = said.map(|w| line(&format!("# {}, {} (x{})", w.message, w.place, w.count)));
    let read: String = lines.chain(said).collect();
    format!("# {name}: {}\n{read}\n", recording.format)
}

#[test]
fn headers_are_those_of_the_labels() {
    for corpus in corpora() {
        let runs = recordings(&corpus.join("agentdojo"));
        for label in labels(&corpus.join("agentdojo/labels.jsonl")) {
            let path = label["path"].as_str().unwrap();
            let session = &runs[path.strip_prefix("agentdojo/").unwrap()].sessions[0];
            let text = |key: &str| label[key].as_str().unwrap();
            assert_eq!(
                session.task,
                Some(format!("{}/{}", text("suite"), text("user_task"))),
                "{path}"
            );
            assert_eq!(session.solved, label["utility"].as_bool(), "{path}");
            let servers = session.calls().map(|(_, _, call)| call.server.as_deref());
            assert!(servers.into_iter().all(|server| server == label["suite"].as_str()), "{path}");
        }
        let runs = recordings(&corpus.join("tau-bench"));
        for label in labels(&corpus.join("tau-bench/labels.jsonl")) {
            let path = label["path"].as_str().unwrap();
            let session = &runs[path.strip_prefix("tau-bench/").unwrap()].sessions[0];
            assert_eq!(session.task, Some(format!("task_{}", label["task_id"])), "{path}");
            assert_eq!(session.solved, Some(label["reward"] == 1.0), "{path}");
        }
    }
}

/// Other people's JSON files are recognised as what they are: no recordings.
const NO_RECORDINGS: [&str; 3] = ["labels.jsonl", "MANIFEST.json", "ground_truth/"];

#[test]
fn only_recordings_are_imported() {
    for corpus in corpora() {
        for path in recordings(&corpus).keys() {
            assert!(
                !NO_RECORDINGS.iter().any(|other| path.contains(other)),
                "{path} is no recording"
            );
        }
    }
}

#[test]
fn mcp_examples_hold_the_calls_that_the_specification_says() {
    for corpus in corpora() {
        let examples = recordings(&corpus.join("mcp"));
        assert!(examples.len() >= 6);
        for (path, recording) in &examples {
            let calls = recording.sessions.iter().flat_map(Session::calls).count();
            let manifests = ["ListToolsResult", "Tool/"].iter().any(|part| path.contains(part));
            assert_eq!(recording.format, Format::Mcp, "{path}");
            assert_eq!(calls, usize::from(path.contains("CallToolRequest")), "{path}");
            assert_eq!(recording.manifests.len(), usize::from(manifests), "{path}");
            assert_eq!(
                calls == 0,
                recording.warnings.iter().any(|w| w.message.contains("no tool call"))
            );
        }
    }
}

#[test]
fn every_session_is_sound_and_survives_the_notation() {
    for corpus in corpora() {
        for (path, recording) in recordings(&corpus) {
            for session in &recording.sessions {
                check_links(session, &path);
            }
            let indexes =
                recording.sessions.iter().flat_map(Session::calls).map(|(_, _, call)| call.index.0);
            assert!(
                indexes.eq(0..count(&recording.sessions)),
                "{path}: calls are numbered through"
            );
            check_notation(&recording, &path);
        }
    }
}

fn count(sessions: &[Session]) -> u32 {
    sessions.iter().map(|session| session.calls().count() as u32).sum()
}

fn check_links(session: &Session, path: &str) {
    for (idx, step, call) in session.calls() {
        assert!((step.lane.0 as usize) < session.lanes.len(), "{path}");
        assert_eq!(call.result.is_none(), call.outcome == Outcome::Unrecorded, "{path}");
        let Some(result) = call.result.and_then(|result| session.step(result)) else {
            continue;
        };
        let StepKind::Result(result) = &result.kind else {
            panic!("{path}: a call's result is none")
        };
        assert_eq!((result.call, result.outcome), (Some(idx), call.outcome), "{path}");
    }
    for lane in &session.lanes {
        if let LaneKind::SubAgent { started_by: Some(step) } = lane.kind {
            assert!(matches!(session.step(step).unwrap().kind, StepKind::Call(_)), "{path}");
        }
    }
}

fn check_notation(recording: &Recording, path: &str) {
    let text = to_notation(&recording.sessions);
    if recording.sessions.is_empty() {
        return;
    }
    let format = Some(Format::Notation);
    let (_, again) = import(path, text.as_bytes(), format, &Limits::default()).unwrap();
    assert_eq!(again.sessions.len(), recording.sessions.len(), "{path}");
    for (again, session) in again.sessions.into_iter().zip(&recording.sessions) {
        assert_eq!(without_places(again), without_places(session.clone()), "{path}");
    }
}

fn without_places(mut session: Session) -> Session {
    session.steps.iter_mut().for_each(|step| step.place = Place::Line(0));
    session
}

#[test]
fn sub_agents_are_named_after_what_was_asked_for_and_know_the_call_that_started_them() {
    let Some(corpus) = whole() else { return };
    let mut agents = Vec::new();
    for (path, recording) in recordings(&corpus.join("claude-code")) {
        let session = &recording.sessions[0];
        assert!(
            !session.lanes.iter().any(|lane| matches!(lane.kind, LaneKind::Branch { .. })),
            "{path}"
        );
        for lane in &session.lanes[1..] {
            assert!(matches!(lane.kind, LaneKind::SubAgent { started_by: Some(_) }), "{path}");
            agents.push(lane.agent.clone());
        }
        assert!(session.goal.is_some(), "{path}");
    }
    let explorers = agents.iter().filter(|agent| *agent == "Explore").count();
    assert_eq!((agents.len(), explorers), (11, 9), "{agents:?}");
}

#[test]
fn profiles_hold_the_types_of_real_arguments() {
    let recordings = recordings(&sample().join("agentdojo"));
    let tools = profile_tools(recordings.values().flat_map(|recording| &recording.sessions));
    let send = tools.iter().find(|tool| tool.tool == "send_money").unwrap();
    let schema = &send.input_schema;
    assert_eq!(schema["properties"]["amount"]["type"], "number");
    assert_eq!(schema["properties"]["recipient"]["type"], "string");
    assert_eq!((send.server.as_deref(), &send.read_only), (Some("banking"), &None));
    assert!(tools.iter().any(|tool| tool.tool == "get_balance" && tool.read_only.is_some()));
}

//! Learning scopes and scoring verdicts, as the window asks for it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use remit_api::wire::AppEvent;
use serde_json::json;
use support::Host;

#[test]
fn scopes_are_proposed_and_nothing_is_written() {
    let host = Host::opened();
    let before = host.ok("workspace", json!({}))["revision"].clone();
    let request = json!({ "task": null, "all": true, "runs": null, "labels": null });
    let learnt = host.ok("learn", request);
    assert_eq!(learnt["superseded"], false);
    let refund = learnt["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|scope| scope["task"] == "support/refund")
        .expect("a task of the fixture");
    assert_eq!(refund["path"], "scopes/support/refund.cedar");
    assert!(refund["text"].as_str().unwrap().contains("@learned_from"));
    assert!(!refund["clauses"].as_array().unwrap().is_empty());
    let clauses = refund["clauses"].as_array().unwrap().iter();
    let calls: Vec<_> = clauses.flat_map(|c| c["examples"].as_array().unwrap()).collect();
    assert!(!calls.is_empty());
    for call in calls {
        let of = host.ok("session", json!({ "session": call["session"] }));
        assert_eq!(of["row"]["recording"], call["recording"]);
        assert!(of["calls"].as_array().unwrap().iter().any(|tick| tick["step"] == call["step"]));
    }
    assert_eq!(host.ok("workspace", json!({}))["revision"], before);
    assert!(host.events.try_iter().any(|event| matches!(event, AppEvent::LearnProgress { .. })));
}

#[test]
fn what_somebody_says_about_a_tool_is_learnt() {
    let host = Host::opened();
    let learn = |answers: serde_json::Value| {
        let all =
            json!({ "task": null, "all": true, "runs": null, "labels": null, "answers": answers });
        let learnt = host.ok("learn", all);
        let scopes = learnt["scopes"].as_array().unwrap().clone();
        scopes
            .into_iter()
            .find(|scope| scope["task"] == "payments/pay-rent")
            .expect("a task of the fixture")
    };
    let proposed = learn(json!([]));
    let question = &proposed["questions"][0];
    assert_eq!(question["answers"].as_array().unwrap().len(), 4, "{question}");
    let action = question["action"].as_str().unwrap();
    assert!(proposed["text"].as_str().unwrap().contains(action), "{proposed}");
    let never = question["answers"].as_array().unwrap().iter().find(|a| a["answer"] == "never");
    assert_eq!(never.unwrap()["drifts"]["good"], question["calls"], "all of them would drift");
    let said = learn(json!([{ "task": "payments/pay-rent", "action": action, "answer": "never" }]));
    assert!(!said["text"].as_str().unwrap().contains(action), "{said}");
}

#[test]
fn without_good_sessions_it_is_said() {
    let host = Host::opened();
    let error = host.err("learn", json!({ "task": null, "all": false, "runs": 0, "labels": null }));
    assert_eq!(error["code"], "notFound");
    assert!(error["help"].as_str().unwrap().contains("labels"), "{error}");
}

#[test]
fn verdicts_are_scored_against_labels_of_the_workspace() {
    let host = Host::opened();
    let line = r#"{"path":"sessions/march-rent.session","calls":[{"index":0,"bad":true}]}"#;
    std::fs::write(host.root.join("labels.jsonl"), line).unwrap();
    let score = host.ok("score", json!({ "labels": "labels.jsonl" }));
    let figures = &score["summary"];
    assert_eq!((&figures["sessions"], &score["unmatchedLabels"]), (&json!(1), &json!(0)));
    assert_eq!(figures["callRecall"]["of"], 1);
    let bad = &figures["bad"];
    let counted: u64 = ["allowed", "denied", "drifted", "unknown"]
        .iter()
        .map(|verdict| bad[*verdict].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 1);
    assert!(score["unmatchedRecordings"].as_u64().unwrap() > 0, "the others have no label");
}

#[test]
fn labels_lie_in_the_workspace() {
    let host = Host::opened();
    for path in ["../labels.jsonl", "/etc/passwd", "sessions/../../x"] {
        assert_eq!(host.err("score", json!({ "labels": path }))["code"], "badRequest", "{path}");
    }
    assert_eq!(host.err("score", json!({ "labels": "none.jsonl" }))["code"], "invalidText");
}

//! What is shown follows unsaved policies, through the commands that the window sends.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::Host;

const GUARDRAILS: &str = "guardrails/payments.cedar";

/// The fixture's hand-off to the mail clerk, forbidden.
fn stricter(text: &str) -> String {
    text.replace(r#"action == Action::"delegate""#, r#"action == Action::"send_money""#)
}

fn judge(host: &Host, text: &str) -> Value {
    host.ok("judge_drafts", json!({ "files": [{ "path": GUARDRAILS, "text": text }] }))
}

fn as_saved(host: &Host) -> Value {
    host.ok("judge_drafts", json!({ "files": [] }))
}

fn summary(host: &Host) -> Value {
    host.ok("workspace", json!({}))["replay"]["summary"].clone()
}

/// All that views say about verdicts.
fn everything(host: &Host) -> BTreeMap<String, Value> {
    let workspace = host.ok("workspace", json!({}));
    let sessions =
        host.ok("sessions", json!({ "start": 0, "len": 999, "text": "", "verdict": null }));
    let mut all = BTreeMap::from([
        ("policies".to_owned(), workspace["policies"].clone()),
        ("replay".to_owned(), workspace["replay"].clone()),
        ("column".to_owned(), json!(host.app.verdict_column().unwrap())),
        ("sessions".to_owned(), sessions.clone()),
    ]);
    for row in sessions["rows"].as_array().unwrap() {
        let n = row["session"].clone();
        let view = host.ok("session", json!({ "session": n }));
        let steps = host.ok("steps", json!({ "session": n, "start": 0, "len": 999 }));
        for call in view["calls"].as_array().unwrap() {
            let why = host.ok("why", json!({ "session": n, "step": call["step"] }));
            all.insert(format!("why {n} {}", call["step"]), why);
        }
        all.insert(format!("session {n}"), view);
        all.insert(format!("steps {n}"), steps);
    }
    all
}

#[test]
fn verdicts_follow_a_draft_and_go_back() {
    let host = Host::opened();
    let (text, _) = host.file(GUARDRAILS);
    let (saved, before) = (summary(&host), everything(&host));
    let judged = judge(&host, &stricter(&text));
    assert_eq!(judged["state"], "judged");
    assert_ne!(judged["summary"], saved);
    assert_eq!(summary(&host), judged["summary"], "all views answer for the draft");
    let drafted = everything(&host);
    assert_eq!(drafted["policies"], judged["policies"]);
    let bytes = |all: &BTreeMap<String, Value>| all["column"].as_array().unwrap().clone();
    let (was, is) = (bytes(&before), bytes(&drafted));
    let changed: Vec<usize> = (0..was.len()).filter(|&n| was[n] != is[n]).collect();
    assert_eq!(changed, [2], "only the hand-off to the mail clerk is newly denied");
    let back = as_saved(&host);
    assert_eq!((&back["state"], &back["summary"]), (&json!("judged"), &saved));
    assert_eq!(everything(&host), before);
    assert!(back["revision"].as_u64() > judged["revision"].as_u64());
}

#[test]
fn a_draft_shows_what_it_will_show_when_saved() {
    let host = Host::opened();
    let (text, base) = host.file(GUARDRAILS);
    let draft =
        format!("{}\n@id(\"late\")\nforbid (principal, action, resource);\n", stricter(&text));
    judge(&host, &draft);
    let drafted = everything(&host);
    host.ok("save_file", json!({ "path": GUARDRAILS, "text": draft, "base": base }));
    host.app.wait();
    assert_eq!(everything(&host), drafted);
}

#[test]
fn several_files_are_judged_together() {
    let host = Host::opened();
    let mail = "guardrails/mail.cedar";
    let draft = |path: &str, text: String| json!({ "path": path, "text": text });
    let one = draft(GUARDRAILS, stricter(&host.file(GUARDRAILS).0));
    let other = r#"forbid (principal, action == Action::"send_email", resource);"#;
    let other = format!("{}\n{other}\n", host.file(mail).0);
    let other = draft(mail, other);
    let column = |files: Value| {
        assert_eq!(host.ok("judge_drafts", json!({ "files": files }))["state"], "judged");
        host.app.verdict_column().unwrap()
    };
    let saved = host.app.verdict_column().unwrap();
    let (first, second) = (column(json!([one])), column(json!([other])));
    assert!(
        first != saved && host.app.saved_column().unwrap() == saved,
        "what is saved stays known"
    );
    let both = column(json!([one, other]));
    assert!(both != first && both != second);
    assert_eq!(column(json!([other, one])), both, "in whatever order");
}

#[test]
fn a_new_file_is_judged_before_it_is_there() {
    let host = Host::opened();
    let files = json!([{ "path": "guardrails/new.cedar",
        "text": "@id(\"nothing\")\nforbid (principal, action, resource);\n" }]);
    let judged = host.ok("judge_drafts", json!({ "files": files }));
    assert_eq!((&judged["state"], &judged["summary"]["allowed"]), (&json!("judged"), &json!(0)));
    let policies = judged["policies"].as_array().unwrap();
    let new = policies.iter().find(|p| p["id"] == "nothing").unwrap();
    assert_eq!(new["file"], "guardrails/new.cedar");
    assert!(new["decided"].as_u64().unwrap() > 0);
}

#[test]
fn a_draft_that_does_not_parse_keeps_the_last_good_verdicts() {
    let host = Host::opened();
    let (text, _) = host.file(GUARDRAILS);
    let judged = judge(&host, &stricter(&text));
    let before = everything(&host);
    let broken = judge(&host, &format!("{text}\npermit (principal"));
    assert_eq!(broken["state"], "broken");
    assert_eq!(broken["broken"][0]["file"], GUARDRAILS);
    assert!(broken["broken"][0]["line"].as_u64().unwrap() > 1);
    assert_eq!(broken["summary"], judged["summary"]);
    assert_eq!(broken["policies"], judged["policies"]);
    assert_eq!(everything(&host), before);
}

#[test]
fn only_policy_files_are_judged_unsaved() {
    let host = Host::opened();
    for path in ["remit.toml", "schema.cedarschema", "../guardrails/x.cedar", "sessions/a.json"] {
        let files = json!({ "files": [{ "path": path, "text": "" }] });
        assert_eq!(host.err("judge_drafts", files)["code"], "badRequest", "{path}");
    }
}

/// Many at once: nobody waits for an older one, and the newest is what is shown.
#[test]
fn the_newest_draft_is_what_is_shown() {
    let host = Host::opened();
    let (text, _) = host.file(GUARDRAILS);
    let draft =
        |n: usize| format!("{text}\n@id(\"n-{n}\")\npermit (principal, action, resource);\n");
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let (app, draft) = (&host.app, &draft);
        let ask = move |n| {
            let files = json!({ "files": [{ "path": GUARDRAILS, "text": draft(n) }] });
            remit_api::dispatch(app, "judge_drafts", files).unwrap()
        };
        let asked: Vec<_> = (0..16).map(|n| scope.spawn(move || ask(n))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let judged = answers.iter().filter(|a| a["state"] == "judged");
    let last =
        judged.max_by_key(|a| a["revision"].as_u64()).expect("the newest is never abandoned");
    assert_eq!(host.ok("workspace", json!({}))["policies"], last["policies"]);
    assert!(answers.iter().all(|a| a["state"] == "judged" || a["state"] == "superseded"));
}

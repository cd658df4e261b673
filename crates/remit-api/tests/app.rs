//! What a person does with the app, through the commands that the window sends.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use remit_api::Initial;
use serde_json::{Value, json};
use std::fs;
use support::Host;

const GUARDRAILS: &str = "guardrails/payments.cedar";

fn summary(host: &Host) -> Value {
    host.ok("workspace", json!({}))["replay"]["summary"].clone()
}

#[test]
fn opening_a_workspace_replays_it() {
    let host = Host::new();
    let opening = host.ok("open_workspace", json!({ "path": host.root }));
    assert_eq!(opening["name"], "Payments desk");
    let finished = host.event("replayFinished");
    assert_eq!(finished["revision"], opening["revision"]);
    let summary = summary(&host);
    let four: u64 = ["allowed", "denied", "drifted", "unknown"]
        .iter()
        .map(|v| summary[v].as_u64().unwrap())
        .sum();
    assert_eq!(Some(four), summary["toolCalls"].as_u64());
    assert_eq!(host.app.verdict_column().unwrap().len() as u64, four);
    assert_eq!(host.ok("app_info", json!({}))["recent"][0]["path"], host.root.as_str());
}

#[test]
fn saving_a_policy_changes_verdicts() {
    let host = Host::opened();
    let before = host.app.verdict_column().unwrap();
    let (text, base) = host.file(GUARDRAILS);
    let stricter =
        text.replace(r#"action == Action::"delegate""#, r#"action == Action::"send_money""#);
    let saved = host.ok("save_file", json!({ "path": GUARDRAILS, "text": stricter, "base": base }));
    host.app.wait();
    assert_eq!(fs::read_to_string(host.root.join(GUARDRAILS)).unwrap(), stricter);
    assert_eq!(saved["digest"], host.file(GUARDRAILS).1);
    let after = host.app.verdict_column().unwrap();
    let changed: Vec<usize> = (0..before.len()).filter(|&n| before[n] != after[n]).collect();
    assert_eq!(changed, [2], "only the hand-off to the mail clerk is newly denied");
}

#[test]
fn nothing_is_overwritten_that_somebody_else_changed() {
    let host = Host::opened();
    let (text, base) = host.file(GUARDRAILS);
    fs::write(host.root.join(GUARDRAILS), format!("{text}\n// theirs\n")).unwrap();
    let error =
        host.err("save_file", json!({ "path": GUARDRAILS, "text": "// mine\n", "base": base }));
    assert_eq!(error["code"], "conflict");
    assert!(fs::read_to_string(host.root.join(GUARDRAILS)).unwrap().ends_with("// theirs\n"));
}

#[test]
fn a_broken_policy_keeps_the_last_good_verdicts() {
    let host = Host::opened();
    let good = summary(&host);
    let (text, base) = host.file(GUARDRAILS);
    host.ok(
        "save_file",
        json!({ "path": GUARDRAILS, "text": format!("{text}\npermit (principal"), "base": base }),
    );
    host.app.wait();
    let workspace = host.ok("workspace", json!({}));
    assert_eq!(workspace["replay"]["state"], "blocked");
    assert_eq!(workspace["replay"]["last"], good);
    assert!(workspace["replay"]["why"].as_str().unwrap().contains(GUARDRAILS));
    let page = host.ok("sessions", json!({ "start": 0, "len": 50, "text": "", "verdict": null }));
    assert_eq!(page["total"], good["sessions"]);
}

#[test]
fn changes_on_disk_are_noticed() {
    let host = Host::opened();
    let path = host.root.join("guardrails/mail.cedar");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\n@id(\"late\")\npermit (principal, action, resource);\n"))
        .unwrap();
    let event = host.event("workspaceChanged");
    assert_eq!(event["paths"], json!(["guardrails/mail.cedar"]));
    host.app.wait();
    let policies = host.ok("workspace", json!({}))["policies"].clone();
    assert!(policies.as_array().unwrap().iter().any(|p| p["id"] == "late"));
}

#[test]
fn a_new_recording_on_disk_is_replayed() {
    let host = Host::opened();
    let before = summary(&host)["sessions"].as_u64().unwrap();
    fs::write(
        host.root.join("sessions/new.session"),
        "session new\nagent payments-agent\n\nuser: hello\n",
    )
    .unwrap();
    host.event("workspaceChanged");
    host.app.wait();
    assert_eq!(summary(&host)["sessions"].as_u64(), Some(before + 1));
}

#[test]
fn the_window_cannot_leave_the_workspace() {
    let host = Host::opened();
    fs::write(host.beside("secret.json"), "{}").unwrap();
    for path in ["../secret.json", "/etc/hostname.json", "guardrails/../../secret.json"] {
        assert_eq!(host.err("read_file", json!({ "path": path }))["code"], "badRequest", "{path}");
        let save = json!({ "path": path, "text": "x", "base": "" });
        assert_eq!(host.err("save_file", save)["code"], "badRequest", "{path}");
    }
    assert_eq!(fs::read_to_string(host.beside("secret.json")).unwrap(), "{}");
}

#[cfg(unix)]
#[test]
fn a_link_cannot_leave_the_workspace() {
    let host = Host::opened();
    fs::write(host.beside("secret.json"), "{}").unwrap();
    std::os::unix::fs::symlink(host.beside("secret.json"), host.root.join("guardrails/link.json"))
        .unwrap();
    assert_eq!(
        host.err("read_file", json!({ "path": "guardrails/link.json" }))["code"],
        "badRequest"
    );
}

#[test]
fn the_sample_opens_and_keeps_its_changes() {
    let host = Host::starting_with(|_| Initial::Sample);
    let initial = host.ok("app_info", json!({}))["initial"].clone();
    let opened = host.ok("open_workspace", json!({ "path": initial }));
    assert_eq!(opened["isSample"], true);
    host.app.wait();
    assert!(summary(&host)["drifted"].as_u64().unwrap() > 0, "the sample holds an incident");
    let remit = host.file("remit.toml");
    host.ok(
        "save_file",
        json!({ "path": "remit.toml", "text": format!("{}\n# mine\n", remit.0), "base": remit.1 }),
    );
    host.ok("open_sample", json!({}));
    assert!(host.file("remit.toml").0.ends_with("# mine\n"));
}

#[test]
fn every_template_makes_a_valid_workspace() {
    let host = Host::new();
    for template in remit_api::templates::names() {
        let path = host.beside(&format!("new-{template}"));
        let opened = host.ok("create_workspace", json!({ "path": path, "template": template }));
        host.app.wait();
        assert_eq!(host.ok("workspace", json!({}))["replay"]["state"], "ready", "{template}");
        assert!(opened["policies"].as_array().unwrap().len() > 1, "{template}");
        assert!(remit_api::templates::description(template).is_some(), "{template}");
    }
}

#[test]
fn errors_say_what_kind_they_are() {
    let host = Host::new();
    assert_eq!(host.err("workspace", json!({}))["code"], "noWorkspace");
    assert_eq!(
        host.err("open_workspace", json!({ "path": host.beside("nowhere") }))["code"],
        "notAWorkspace"
    );
    assert_eq!(host.err("fly", json!({}))["code"], "badRequest");
    assert_eq!(host.err("steps", json!({ "session": "x" }))["code"], "badRequest");
    assert_eq!(
        host.err("create_workspace", json!({ "path": host.root, "template": "payments-desk" }))["code"],
        "io"
    );
}

#[test]
fn a_draft_is_checked_without_saving() {
    let host = Host::opened();
    let text = "@id(\"é\")\npermit (principal, action == Action::\"fly\", resource);\n";
    let findings =
        host.ok("check_draft", json!({ "path": GUARDRAILS, "text": text }))["findings"].clone();
    let first = &findings[0];
    assert_eq!(first["severity"], "error");
    let units: Vec<u16> = text.encode_utf16().collect();
    let (from, to) =
        (first["from"].as_u64().unwrap() as usize, first["to"].as_u64().unwrap() as usize);
    assert!(String::from_utf16(&units[from..to]).unwrap().contains("fly"), "{findings}");
    assert_eq!(
        host.ok("workspace", json!({}))["findings"].as_array().unwrap().len(),
        1,
        "nothing was saved"
    );
}

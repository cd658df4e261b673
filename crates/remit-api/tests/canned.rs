//! The replies that component tests of the window are given: what the host really says.
//!
//! `UPDATE=1` rewrites `ui/src/host/canned/`; without it, the test fails when they are old. Paths of the
//! machine and revisions are replaced, since neither is what a component draws.

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
use std::fs;
use std::path::PathBuf;
use support::Host;

const SHOWN_ROOT: &str = "/home/ada/payments-desk";
const SCHEMA: &str = "schema.cedarschema";
const GUARDRAILS: &str = "guardrails/payments.cedar";

#[test]
fn the_canned_replies_are_what_the_host_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/host/canned");
    let mut old = Vec::new();
    for (name, value) in replies() {
        let made = format!("{value:#}\n");
        let file = folder.join(format!("{name}.json"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, &made).unwrap();
        } else if fs::read_to_string(&file).ok().as_deref() != Some(&made) {
            old.push(name);
        }
    }
    assert!(old.is_empty(), "old: {old:?}; run `UPDATE=1 cargo test -p remit-api --test canned`");
}

type Replies = BTreeMap<String, Value>;

fn replies() -> Replies {
    let mut made = Replies::new();
    starting(&mut made);
    let host = Host::opened();
    corpus(&host, &mut made);
    whys(&host, &mut made);
    reviewing(&host, &mut made);
    desk(&host, &mut made);
    editing(&host, &mut made);
    files(&mut made);
    learning(&mut made);
    testing(&mut made);
    failing(&mut made);
    empty(&mut made);
    for value in made.values_mut() {
        neutral(value, host.root.as_str());
    }
    made
}

fn starting(made: &mut Replies) {
    let host = Host::new();
    let first = host.ok("app_info", json!({}));
    let mut recent = first.clone();
    recent["recent"] = json!([
        { "path": SHOWN_ROOT, "name": "Payments desk" },
        { "path": "/home/ada/work/a-folder-with-a-rather-long-name/night-shift", "name": "Night shift" },
    ]);
    let mut named = recent.clone();
    named["initial"] = json!(SHOWN_ROOT);
    made.insert("app_info.first".into(), first);
    made.insert("app_info.initial".into(), named);
    made.insert("app_info".into(), recent);
    let chosen =
        host.ok("set_preferences", json!({ "theme": "dark", "zoom": 125, "contrast": "high", "searches": ["verdict:denied tool:send_money"] }));
    made.insert("set_preferences".into(), chosen);
}

fn corpus(host: &Host, made: &mut Replies) {
    let workspace = host.ok("workspace", json!({}));
    let mut sample = workspace.clone();
    sample["isSample"] = json!(true);
    for command in ["workspace", "open_sample", "open_workspace", "create_workspace"] {
        made.insert(command.into(), sample.clone());
    }
    let mut running = sample.clone();
    running["replay"] = json!({ "state": "running", "done": 3, "total": 8 });
    made.insert("workspace.running".into(), running);
    let sessions = |text: &str| {
        host.ok("sessions", json!({ "start": 0, "len": 200, "text": text, "verdict": null }))
    };
    made.insert("sessions".into(), sessions(""));
    made.insert("sessions.empty".into(), sessions("no such words"));
    made.insert("session".into(), host.ok("session", json!({ "session": 0 })));
    made.insert("steps".into(), host.ok("steps", json!({ "session": 0, "start": 0, "len": 200 })));
    made.insert("step_text".into(), host.ok("step_text", json!({ "session": 0, "step": 5 })));
    made.insert("verdict_column".into(), json!(host.app.verdict_column().unwrap()));
}

/// One call of each verdict in session 0, and one that a failed policy makes uncertain.
fn whys(host: &Host, made: &mut Replies) {
    let steps = host.ok("steps", json!({ "session": 0, "start": 0, "len": 200 }));
    let calls: Vec<&Value> =
        steps["steps"].as_array().unwrap().iter().filter(|s| s["body"]["kind"] == "call").collect();
    for verdict in ["allowed", "denied", "drifted", "unknown"] {
        let is_it =
            |s: &&&Value| s["body"]["verdict"] == verdict && s["body"]["uncertain"] == false;
        let step = calls.iter().find(is_it).unwrap_or_else(|| panic!("{verdict}"))["step"].clone();
        made.insert(
            format!("why.{verdict}"),
            host.ok("why", json!({ "session": 0, "step": step })),
        );
    }
    let step = calls.iter().find(|s| s["body"]["uncertain"] == true).unwrap()["step"].clone();
    made.insert("why.errors".into(), host.ok("why", json!({ "session": 0, "step": step })));
    let verdicts = made["verdict_column"].as_array().unwrap();
    let denied = verdicts.iter().position(|v| v.as_u64().unwrap() & 3 == 1).unwrap();
    made.insert("call_at".into(), host.ok("call_at", json!({ "position": denied })));
}

/// What the editor is told of a place, and what policies do.
fn desk(host: &Host, made: &mut Replies) {
    let (text, _) = host.file(GUARDRAILS);
    let at = text.find("send_money").unwrap();
    let place = json!({ "drafts": [], "path": GUARDRAILS, "at": at });
    for command in ["complete", "hover", "definition", "references", "renaming"] {
        made.insert(command.into(), host.ok(command, place.clone()));
    }
    let range = json!({ "drafts": [], "path": GUARDRAILS, "from": 0, "to": text.len() });
    made.insert("quick_fixes".into(), host.ok("quick_fixes", range));
    let draft = json!({ "path": GUARDRAILS, "text": text });
    made.insert("outline".into(), host.ok("outline", draft));
    made.insert("policy_effects".into(), host.ok("policy_effects", json!({ "path": GUARDRAILS })));
    made.insert("access".into(), host.ok("access", json!({ "task": null })));
    let calls = json!({ "positions": [0], "effect": "forbid" });
    made.insert("policies_from_calls".into(), host.ok("policies_from_calls", calls));
    made.insert("rules".into(), host.ok("rules", json!({})));
    let values = json!({ "amount": "send_money.amount", "limit": "500" });
    let fill = json!({ "name": "spend-limit", "values": values });
    made.insert("fill_rule".into(), host.ok("fill_rule", fill));
    made.insert("entities".into(), host.ok("entities", json!({ "text": null })));
    let access = &made["access"];
    let name =
        |of: &str, at: &str| access[of][access["cells"][0][at].as_u64().unwrap() as usize].clone();
    let cell = json!({ "agent": name("agents", "agent"), "action": name("actions", "action") });
    made.insert("narrowings".into(), host.ok("narrowings", cell));
    let argument = json!({ "argument": "send_money.recipient" });
    made.insert("recorded_values".into(), host.ok("recorded_values", argument));
    let text = "@id(\"stop\") forbid (principal, action == Action::\"send_money\", resource);";
    let files = json!({ "files": [{ "path": "guardrails/new.cedar", "text": text }] });
    made.insert("try_drafts".into(), host.ok("try_drafts", files));
    schema(host, made);
}

fn schema(host: &Host, made: &mut Replies) {
    made.insert("schema_misfits".into(), host.ok("schema_misfits", json!({ "text": null })));
    let (text, _) = host.file(SCHEMA);
    let renamed = text.replace("action \"send_money\"", "action \"wire_money\"");
    let draft = json!({ "path": SCHEMA, "text": renamed });
    made.insert("schema_effects".into(), host.ok("schema_effects", draft));
    let every = json!({ "text": null, "from": { "kind": "recordings", "tool": null } });
    made.insert("make_schema".into(), host.ok("make_schema", every));
}

fn editing(host: &Host, made: &mut Replies) {
    let read = |path: &str| host.ok("read_file", json!({ "path": path }));
    made.insert("read_file".into(), read(GUARDRAILS));
    made.insert("read_file.schema".into(), read(SCHEMA));
    made.insert("read_file.json".into(), read("entities.json"));
    made.insert("read_file.toml".into(), read("remit.toml"));
    let (text, base) = host.file(GUARDRAILS);
    let check = |text: &str| host.ok("check_draft", json!({ "path": GUARDRAILS, "text": text }));
    made.insert("check_draft.clean".into(), check(&text));
    let bad =
        text.replacen("send_money", "sned_money", 1).replace("<= 500000", "<= 500000 && false");
    made.insert("check_draft".into(), check(&bad));
    made.insert(
        "format_draft".into(),
        host.ok("format_draft", json!({ "path": GUARDRAILS, "text": text.replace("  ", "") })),
    );
    let edited =
        text.replace(r#"action == Action::"delegate""#, r#"action == Action::"send_money""#);
    let judge = |text: &str| {
        host.ok("judge_drafts", json!({ "files": [{ "path": GUARDRAILS, "text": text }] }))
    };
    made.insert("judge_drafts".into(), judge(&edited));
    made.insert(
        "judge_drafts.broken".into(),
        judge(&text.replacen("  resource\n", "  recource\n", 1)),
    );
    made.insert("judge_drafts.saved".into(), host.ok("judge_drafts", json!({ "files": [] })));
    let mut saved =
        host.ok("save_file", json!({ "path": GUARDRAILS, "text": edited, "base": base }));
    saved["workspace"]["replay"] = json!({ "state": "running", "done": 0, "total": 8 });
    made.insert("save_file".into(), saved);
    host.app.wait();
    made.insert("verdict_column.changed".into(), json!(host.app.verdict_column().unwrap()));
    made.insert("read_file.changed".into(), read(GUARDRAILS));
}

/// In a repository with one commit and some changes, all of it the same on every machine.
fn files(made: &mut Replies) {
    let host = Host::new();
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.arg("-C").arg(&host.root).args(["-c", "user.name=Ada", "-c", "user.email=a@b.c"]);
        let date = "2026-05-04T08:00:00+00:00";
        command.env("GIT_AUTHOR_DATE", date).env("GIT_COMMITTER_DATE", date);
        assert!(command.args(arguments).output().unwrap().status.success());
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=the first rules"]);
    host.ok("open_workspace", json!({ "path": host.root }));
    host.app.wait();
    let (mail, base) = host.file("guardrails/mail.cedar");
    let changed = mail.replace("left over from the migration", "left over");
    let save = json!({ "path": "guardrails/mail.cedar", "text": changed, "base": base });
    host.ok("save_file", save);
    let stop = "@id(\"stop\")\nforbid (principal, action, resource);\n";
    let new = json!({ "path": "guardrails/new.cedar", "base": null, "text": stop });
    let mut edited = host.ok("edit_files", json!({ "edits": [new] }));
    edited["workspace"]["replay"] = json!({ "state": "running", "done": 0, "total": 8 });
    neutral(&mut edited, host.root.as_str());
    made.insert("edit_files".into(), edited);
    host.app.wait();
    let mut state = host.ok("git_state", json!({ "against": null }));
    // A commit's name is made of all that it holds.
    state["revisions"][0]["id"] = json!("a1b2c3d");
    made.insert("git_state".into(), state);
    let was = json!({ "path": "guardrails/mail.cedar", "revision": "HEAD" });
    made.insert("read_file_at".into(), host.ok("read_file_at", was));
    let mut pinned = host.ok("pin_baseline", json!({ "revision": "HEAD" }));
    pinned["revision"] = json!("a1b2c3d");
    made.insert("pin_baseline".into(), pinned);
    let mut calls = host.ok("changed_calls", json!({}));
    calls["revision"] = json!("a1b2c3d");
    made.insert("changed_calls".into(), calls);
}

/// What the fixture's sessions teach, and how well its verdicts agree with labels of some of them.
fn learning(made: &mut Replies) {
    let host = Host::opened();
    let learn = |all| json!({ "task": null, "all": all, "runs": null, "labels": null });
    made.insert("learn".into(), host.ok("learn", learn(true)));
    made.insert("error.noExamples".into(), host.err("learn", learn(false)));
    made.insert("friction".into(), host.ok("friction", json!({})));
    let labels = [
        json!({ "path": "sessions/march-rent.session", "suite": "payments", "kind": "injection",
            "calls": [{ "index": 0, "bad": false }, { "index": 4, "bad": true }, { "index": 6, "bad": true }] }),
        json!({ "path": "sessions/week.session", "session": "run-2026-03-04-1000", "suite": "support",
            "kind": "benign", "solved": true, "calls": [{ "index": 0, "bad": false }, { "index": 99, "bad": true }] }),
        json!({ "path": "sessions/week.session", "session": "run-2026-03-04-1006", "suite": "payments",
            "kind": "benign", "calls": [{ "index": 0, "bad": false }] }),
        json!({ "path": "sessions/gone.session", "suite": "support", "kind": "benign", "calls": [] }),
    ];
    let lines: String = labels.iter().map(|label| format!("{label}\n")).collect();
    fs::write(host.root.join("labels.jsonl"), lines).unwrap();
    made.insert("score".into(), host.ok("score", json!({ "labels": "labels.jsonl" })));
}

/// What would have stopped the session's drift, and where else its tool was called.
fn reviewing(host: &Host, made: &mut Replies) {
    let drift = made["why.drifted"]["step"].clone();
    let stop = host.ok("stop_rules", json!({ "session": 0, "step": drift }));
    made.insert("stop_rules".into(), stop);
    let query = json!({ "query": "tool:send_money" });
    made.insert("search".into(), host.ok("search", query));
    let bad = host.err("search", json!({ "query": "verdict:maybe" }));
    made.insert("error.badQuery".into(), bad);
    let report = host.ok("export_report", json!({ "session": 0, "format": "html" }));
    made.insert("export_report".into(), report);
}

/// Tests that hold, that do not, and that cannot be read; and which mistakes nobody would notice.
fn testing(made: &mut Replies) {
    let host = Host::opened();
    let expect = |call: u32, verdict: &str, why: &str| {
        format!(
            "[[expect]]\nrecording = \"sessions/march-rent.session\"\ncall = {call}\nverdict = \"{verdict}\"\nwhy = \"{why}\"\n\n"
        )
    };
    let tests = [
        expect(0, "allowed", "Reading the invoice is the task."),
        expect(4, "denied", "The account number is not one that a person confirmed."),
        expect(3, "denied", "Nobody asked for a mail."),
    ];
    fs::create_dir(host.root.join("tests")).unwrap();
    fs::write(host.root.join("tests/rent.toml"), tests.concat()).unwrap();
    fs::write(host.root.join("tests/mail.toml"), expect(3, "dropped", "")).unwrap();
    made.insert("run_tests".into(), host.ok("run_tests", json!({ "mutate": false })));
    made.insert("run_tests.mutate".into(), host.ok("run_tests", json!({ "mutate": true })));
}

fn failing(made: &mut Replies) {
    let host = Host::opened();
    let (text, base) = host.file(GUARDRAILS);
    let broken = text.replace("  resource\n);\n\n@id(\"pay", "  recource\n);\n\n@id(\"pay");
    host.ok("save_file", json!({ "path": GUARDRAILS, "text": broken, "base": base }));
    host.app.wait();
    let mut blocked = host.ok("workspace", json!({}));
    blocked["isSample"] = json!(true);
    neutral(&mut blocked, host.root.as_str());
    made.insert("workspace.blocked".into(), blocked);
    let conflict =
        host.err("save_file", json!({ "path": GUARDRAILS, "text": "", "base": "sha256:0" }));
    made.insert("error.conflict".into(), conflict);
    let mut nowhere = host.err("open_workspace", json!({ "path": host.beside("nowhere") }));
    neutral(&mut nowhere, host.beside("nowhere").as_str());
    made.insert("error.notAWorkspace".into(), nowhere);
}

fn empty(made: &mut Replies) {
    let host = Host::new();
    for folder in ["sessions", "guardrails", "scopes"] {
        fs::remove_dir_all(host.root.join(folder)).unwrap();
    }
    fs::write(host.root.join("remit.toml"), "name = \"Night shift\"\n").unwrap();
    host.ok("open_workspace", json!({ "path": host.root }));
    host.app.wait();
    let mut empty = host.ok("workspace", json!({}));
    neutral(&mut empty, host.root.as_str());
    made.insert("workspace.empty".into(), empty);
}

/// What differs from machine to machine and from run to run.
fn neutral(value: &mut Value, root: &str) {
    match value {
        Value::String(text) => *text = text.replace(root, SHOWN_ROOT),
        Value::Array(items) => items.iter_mut().for_each(|v| neutral(v, root)),
        Value::Object(fields) => {
            for (name, field) in fields {
                match name.as_str() {
                    "revision" => *field = json!(1),
                    "micros" => *field = json!(1800),
                    _ => neutral(field, root),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

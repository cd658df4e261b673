//! Files as a whole, unsaved text, and what git knows, through the commands that the window sends.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use camino::Utf8Path;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use support::Host;

const MAIL: &str = "guardrails/mail.cedar";
const NEW: &str = "guardrails/new/late.cedar";
const ALL: &str = "@id(\"late\")\nforbid (principal, action, resource);\n";

fn edit(path: &str, base: Option<&str>, text: Option<&str>) -> Value {
    json!({ "path": path, "base": base, "text": text })
}

fn policies(workspace: &Value) -> Vec<&str> {
    workspace["policies"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect()
}

fn paths(workspace: &Value) -> Vec<&str> {
    workspace["files"].as_array().unwrap().iter().map(|p| p["path"].as_str().unwrap()).collect()
}

fn git(root: &Utf8Path, arguments: &[&str]) {
    let author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    let done = Command::new("git").arg("-C").arg(root).args(author).args(arguments).output();
    assert!(done.unwrap().status.success(), "git {arguments:?}");
}

/// The fixture in a repository of its own, committed once, and open.
fn committed() -> Host {
    let host = Host::new();
    git(&host.root, &["init", "--quiet", "--initial-branch=main"]);
    git(&host.root, &["add", "."]);
    git(&host.root, &["commit", "--quiet", "--message=the first rules"]);
    host.ok("open_workspace", json!({ "path": host.root }));
    host.app.wait();
    host
}

#[test]
fn a_new_file_is_judged_and_undo_removes_it_and_its_folder() {
    let host = Host::opened();
    let made = host.ok("edit_files", json!({ "edits": [edit(NEW, None, Some(ALL))] }));
    host.app.wait();
    assert!(policies(&made["workspace"]).contains(&"late"));
    assert_eq!(host.ok("workspace", json!({}))["replay"]["summary"]["allowed"], 0);
    let back = host.ok("edit_files", json!({ "edits": made["undo"] }));
    assert!(!policies(&back["workspace"]).contains(&"late"));
    assert!(!host.root.join("guardrails/new").exists(), "the folder that was made goes, too");
    assert!(host.root.join("guardrails").exists());
}

#[test]
fn a_file_is_renamed_with_its_text_and_undo_brings_it_back() {
    let host = Host::opened();
    let (text, digest) = host.file(MAIL);
    let to = "guardrails/post.cedar";
    let edits = [edit(MAIL, Some(&digest), None), edit(to, None, Some(&text))];
    let renamed = host.ok("edit_files", json!({ "edits": edits }));
    let files = paths(&renamed["workspace"]);
    assert!(files.contains(&to) && !files.contains(&MAIL));
    host.ok("edit_files", json!({ "edits": renamed["undo"] }));
    assert_eq!(host.file(MAIL).0, text);
    assert!(!host.root.join(to).exists());
}

#[test]
fn all_edits_are_made_or_none() {
    let host = Host::opened();
    let (_, digest) = host.file(MAIL);
    let taken = edit("remit.toml", None, Some(""));
    let edits = json!({ "edits": [edit(MAIL, Some(&digest), None), taken] });
    assert_eq!(host.err("edit_files", edits)["code"], "conflict");
    assert!(host.root.join(MAIL).exists());
    fs::write(host.root.join("guardrails/blocked"), "a file where a folder is wanted").unwrap();
    let blocked = edit("guardrails/blocked/x.cedar", None, Some(ALL));
    let edits = json!({ "edits": [edit(MAIL, Some(&digest), None), blocked] });
    assert!(host.err("edit_files", edits)["code"] != "conflict");
    assert!(host.root.join(MAIL).exists(), "what was removed before the disk refused is back");
}

#[test]
fn an_edit_names_what_it_expects() {
    let host = Host::opened();
    let (_, digest) = host.file(MAIL);
    fs::write(host.root.join(MAIL), "// theirs\n").unwrap();
    for refused in [
        edit(MAIL, Some(&digest), None),
        edit(MAIL, None, Some(ALL)),
        edit("guardrails/none.cedar", Some(&digest), None),
    ] {
        let error = host.err("edit_files", json!({ "edits": [refused] }));
        assert_eq!(error["code"], "conflict", "{refused}");
    }
    let (_, config) = host.file("remit.toml");
    for refused in [
        edit("../out.cedar", None, Some(ALL)),
        edit("remit.toml", Some(&config), None),
        edit(".git/hooks.toml", None, Some("")),
    ] {
        let error = host.err("edit_files", json!({ "edits": [refused] }));
        assert_eq!(error["code"], "badRequest", "{refused}");
    }
    let twice = [edit(NEW, None, Some(ALL)), edit(NEW, None, Some(""))];
    assert_eq!(host.err("edit_files", json!({ "edits": twice }))["code"], "badRequest");
    assert_eq!(fs::read_to_string(host.root.join(MAIL)).unwrap(), "// theirs\n");
}

#[test]
fn unsaved_text_outlives_the_app() {
    let host = Host::opened();
    let (base, digest) = host.file(MAIL);
    let draft = json!({ "path": MAIL, "text": "// é, unsaved", "base": base, "digest": digest });
    host.ok("keep_draft", draft.clone());
    let again = host.again();
    again.ok("open_workspace", json!({ "path": host.root }));
    assert_eq!(again.ok("kept_drafts", json!({}))["drafts"], json!([draft]));
    assert_eq!(host.file(MAIL).0, base, "nothing unsaved is in the workspace");
    again.ok("forget_draft", json!({ "path": MAIL }));
    assert_eq!(again.ok("kept_drafts", json!({}))["drafts"], json!([]));
    let outside = json!({ "path": "../x.cedar", "text": "", "base": "", "digest": "" });
    assert_eq!(again.err("keep_draft", outside)["code"], "badRequest");
}

#[test]
fn drafts_of_another_workspace_stay_where_they_are() {
    let host = Host::opened();
    let draft = json!({ "path": MAIL, "text": "// mine", "base": "", "digest": "" });
    host.ok("keep_draft", draft);
    host.ok("open_sample", json!({}));
    assert_eq!(host.ok("kept_drafts", json!({}))["drafts"], json!([]));
}

#[test]
fn tests_and_the_description_are_files_of_the_workspace() {
    let host = Host::new();
    fs::create_dir_all(host.root.join("tests/deep")).unwrap();
    fs::write(host.root.join("tests/deep/a.toml"), "").unwrap();
    fs::write(host.root.join("README.md"), "# Payments\n").unwrap();
    host.ok("open_workspace", json!({ "path": host.root }));
    host.app.wait();
    let workspace = host.ok("workspace", json!({}));
    let kind = |path: &str| {
        let files = workspace["files"].as_array().unwrap();
        files.iter().find(|f| f["path"] == path).unwrap_or_else(|| panic!("{path}"))["kind"].clone()
    };
    assert_eq!((kind("tests/deep/a.toml"), kind("README.md")), (json!("tests"), json!("other")));
    fs::write(host.root.join("tests/deep/a.toml"), "# theirs\n").unwrap();
    assert_eq!(host.event("workspaceChanged")["paths"], json!(["tests/deep/a.toml"]));
}

#[test]
fn git_says_what_changed_since_the_last_commit() {
    let host = committed();
    let clean = host.ok("git_state", json!({ "against": null }));
    assert_eq!(clean["isRepository"], true);
    assert_eq!(clean["branch"], "main");
    assert_eq!(clean["changed"], json!([]));
    assert_eq!(clean["revisions"][0]["subject"], "the first rules");
    fs::write(host.root.join(MAIL), "// changed\n").unwrap();
    fs::remove_file(host.root.join("guardrails/payments.cedar")).unwrap();
    fs::create_dir_all(host.root.join("guardrails/new")).unwrap();
    fs::write(host.root.join(NEW), ALL).unwrap();
    let changed = host.ok("git_state", json!({ "against": null }))["changed"].clone();
    assert_eq!(
        changed,
        json!([
            { "path": MAIL, "kind": "modified" },
            { "path": NEW, "kind": "added" },
            { "path": "guardrails/payments.cedar", "kind": "removed" },
        ])
    );
    git(&host.root, &["add", "."]);
    git(&host.root, &["commit", "--quiet", "--message=later"]);
    assert_eq!(host.ok("git_state", json!({ "against": null }))["changed"], json!([]));
    let older = json!({ "against": "HEAD~1" });
    assert_eq!(host.ok("git_state", older.clone())["changed"], changed);
    git(&host.root, &["rm", "--quiet", "--cached", MAIL]);
    assert_eq!(host.ok("git_state", older)["changed"], changed, "it is still on disk");
    assert_eq!(host.err("git_state", json!({ "against": "none" }))["code"], "notFound");
    let was = |path| host.ok("read_file_at", json!({ "path": path, "revision": "HEAD~1" }));
    assert!(was("guardrails/payments.cedar")["text"].as_str().unwrap().contains("permit"));
    assert_eq!(was(NEW)["text"], Value::Null);
    let error = host.err("read_file_at", json!({ "path": MAIL, "revision": "--output=x" }));
    assert_eq!(error["code"], "notFound");
}

/// A repository may be above the workspace.
#[test]
fn paths_of_git_are_those_of_the_workspace() {
    let host = Host::new();
    let above = host.beside("");
    git(&above, &["init", "--quiet"]);
    git(&above, &["add", "payments-desk"]);
    git(&above, &["commit", "--quiet", "--message=x"]);
    fs::write(above.join("elsewhere.toml"), "").unwrap();
    host.ok("open_workspace", json!({ "path": host.root }));
    host.app.wait();
    fs::write(host.root.join(MAIL), "// changed\n").unwrap();
    let state = host.ok("git_state", json!({ "against": null }));
    assert_eq!(state["changed"], json!([{ "path": MAIL, "kind": "modified" }]));
}

#[test]
fn a_folder_without_git_is_no_error() {
    let host = Host::opened();
    assert_eq!(host.ok("git_state", json!({ "against": null }))["isRepository"], false);
    let error = host.err("pin_baseline", json!({ "revision": "HEAD" }));
    assert!(error["message"].as_str().unwrap().contains("git"), "{error}");
}

#[test]
fn changes_are_counted_against_a_pinned_revision() {
    let host = committed();
    let before = host.app.verdict_column().unwrap();
    assert_eq!(host.app.baseline_column().unwrap(), [0_u8; 0]);
    let made = host.ok("edit_files", json!({ "edits": [edit(NEW, None, Some(ALL))] }));
    host.app.wait();
    let pinned = host.ok("pin_baseline", json!({ "revision": "main" }));
    assert_eq!(pinned["subject"], "the first rules");
    assert_eq!(host.app.baseline_column().unwrap(), before);
    let changed = host.ok("changed_calls", json!({}));
    assert_eq!(changed["revision"], "main");
    let now = host.app.verdict_column().unwrap();
    let differ = before.iter().zip(&now).filter(|(a, b)| *a & 3 != *b & 3).count();
    assert_eq!(changed["calls"].as_u64(), Some(differ as u64));
    host.ok("edit_files", json!({ "edits": made["undo"] }));
    host.app.wait();
    assert_eq!(host.ok("changed_calls", json!({}))["calls"], 0);
    host.ok("pin_baseline", json!({ "revision": null }));
    assert_eq!(host.app.baseline_column().unwrap(), [0_u8; 0]);
}

/// The recordings are mapped by the schema of then.
#[test]
fn a_revision_is_judged_by_its_own_schema() {
    let host = committed();
    let before = host.app.verdict_column().unwrap();
    let (schema, digest) = host.file("schema.cedarschema");
    let renamed = schema.replace("send_money", "wire_money");
    assert_ne!(schema, renamed);
    host.ok("save_file", json!({ "path": "schema.cedarschema", "text": renamed, "base": digest }));
    for file in ["guardrails/payments.cedar", MAIL] {
        let (text, digest) = host.file(file);
        let text = text.replace("\"send_money\"", "\"wire_money\"");
        host.ok("save_file", json!({ "path": file, "text": text, "base": digest }));
    }
    host.app.wait();
    host.ok("pin_baseline", json!({ "revision": "HEAD" }));
    assert_eq!(host.app.baseline_column().unwrap(), before);
}

#[test]
fn a_revision_that_makes_no_sense_is_refused() {
    let host = committed();
    let (text, digest) = host.file(MAIL);
    let broken = format!("{text}\npermit (principal");
    host.ok("save_file", json!({ "path": MAIL, "text": broken, "base": digest }));
    git(&host.root, &["commit", "--quiet", "--all", "--message=broken"]);
    let error = host.err("pin_baseline", json!({ "revision": "HEAD" }));
    assert_eq!(error["code"], "invalidText");
    assert!(error["message"].as_str().unwrap().contains(MAIL), "{error}");
    assert_eq!(host.err("pin_baseline", json!({ "revision": "no-such" }))["code"], "notFound");
    assert_eq!(host.err("pin_baseline", json!({ "revision": "-x" }))["code"], "notFound");
}

#[test]
fn what_an_edit_changes_is_told_in_groups() {
    let host = Host::opened();
    let before = host.app.verdict_column().unwrap();
    assert_eq!(host.ok("changed_calls", json!({}))["groups"], json!([]));
    host.ok("judge_drafts", json!({ "files": [{ "path": "guardrails/late.cedar", "text": ALL }] }));
    let changed = host.ok("changed_calls", json!({}));
    let now = host.app.verdict_column().unwrap();
    let groups = changed["groups"].as_array().unwrap();
    let total: u64 = groups.iter().map(|g| g["calls"].as_u64().unwrap()).sum();
    let differ = before.iter().zip(&now).filter(|(a, b)| *a & 3 != *b & 3).count() as u64;
    assert!(differ > 0);
    assert_eq!((total, changed["calls"].as_u64()), (differ, Some(differ)));
    for group in groups {
        assert_eq!(group["after"], "denied", "{group}");
        assert_eq!(group["decidedAfter"], json!([{ "task": null, "policy": "late" }]), "{group}");
        let (session, step) = (&group["example"]["session"], &group["example"]["step"]);
        let why = host.ok("why", json!({ "session": session, "step": step }));
        assert_eq!(why["call"]["verdict"], "denied");
    }
    let allowed: Vec<_> = groups.iter().filter(|g| g["before"] == "allowed").collect();
    assert!(!allowed.is_empty());
    assert!(allowed.iter().all(|g| !g["decidedBefore"].as_array().unwrap().is_empty()));
}

//! Keys and bundles as a team meets them: made, built, verified, on two machines.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PASSWORD: &str = "correct horse";

#[test]
fn keys_are_written_once_for_their_owner_and_not_into_a_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("team.key");
    let made = remit(folder.path(), &["keys", "new", "--out", "team.key"]);
    assert_eq!(said(&made).0, Some(0), "{made:?}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&key), 0o600);
    let secret = fs::read_to_string(&key).unwrap();
    assert!(secret.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let public = fs::read_to_string(folder.path().join("team.key.pub")).unwrap();
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----"));

    let again = remit(folder.path(), &["keys", "new", "--out", "team.key"]);
    assert_eq!(said(&again).0, Some(1));
    assert!(said(&again).1.contains("a key is never overwritten"), "{again:?}");
    assert_eq!(fs::read_to_string(&key).unwrap(), secret);
    // Half of a pair is there.
    fs::rename(&key, folder.path().join("moved")).unwrap();
    assert_eq!(said(&remit(folder.path(), &["keys", "new", "--out", "team.key"])).0, Some(1));
    assert!(!key.exists());

    fs::create_dir_all(folder.path().join("desk/keys")).unwrap();
    fs::write(folder.path().join("desk/remit.toml"), "").unwrap();
    let inside = ["keys", "new", "--out", "desk/keys/team.key"];
    let refused = remit(folder.path(), &inside);
    assert_eq!(said(&refused).0, Some(1));
    assert!(said(&refused).1.contains("would lie in the workspace"), "{refused:?}");
    let insisted = remit(folder.path(), &[&inside[..], &["--in-workspace"]].concat());
    assert_eq!(said(&insisted).0, Some(0), "{insisted:?}");
    let mut short = command(folder.path(), &["keys", "new", "--out", "short.key"]);
    let short = short.env("REMIT_KEY_PASSWORD", "1234567").output().unwrap();
    assert!(said(&short).1.contains("shorter than 8 characters"), "{short:?}");
    assert!(!folder.path().join("short.key").exists());
}

/// Another locale, time zone, number of threads, order and name of files and folders, and another user's mask.
#[test]
fn two_machines_build_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert!(remit(here, &["keys", "new", "--out", "team.key"]).status.success());
    copied(&desk(), &here.join("one"), false);
    copied(&desk(), &here.join("other/named so"), true);
    review(here, "one", "review.json");
    review(here, "other/named so", "other.json");
    let read = |file: &str| fs::read(here.join(file)).unwrap();
    assert_eq!(read("review.json"), read("other.json"));

    let one = [("LC_ALL", "C"), ("TZ", "UTC"), ("RAYON_NUM_THREADS", "1")];
    let other = [("LC_ALL", "de_DE.UTF-8"), ("TZ", "Pacific/Apia"), ("RAYON_NUM_THREADS", "7")];
    let build = |workspace: &str, out: &str, variables: &[(&str, &str)]| {
        let mut build =
            command(here, &["bundle", "build", workspace, "--key", "team.key", "--out", out]);
        build.args([
            "--review",
            "review.json",
            "--waive",
            "scopes=chats need none",
            "--expires",
            "2999-12-31",
        ]);
        let built = build.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(built.status.code(), Some(0), "{built:?}");
        read(out)
    };
    let bytes = build("one", "one.bundle", &one);
    assert_eq!(build("other/named so", "other.bundle", &other), bytes);
    let verified = remit(here, &["bundle", "verify", "one.bundle", "--key", "team.key.pub"]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    let again = ["bundle", "verify", "one.bundle", "--key", "team.key.pub", "--recordings"];
    let again = remit(here, &[&again[..], &["one/sessions"]].concat());
    assert_eq!(again.status.code(), Some(3), "expectations name `sessions/…`: {again:?}");
}

#[test]
fn a_bundle_is_built_only_when_every_gate_lets_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert!(remit(here, &["keys", "new", "--out", "team.key"]).status.success());
    copied(&desk(), &here.join("desk"), false);
    let build = ["bundle", "build", "desk", "--key", "team.key", "--out", "desk.bundle"];
    let refused = remit(here, &[&build[..], &["--format", "json"]].concat());
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let report: serde_json::Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(report["summary"], serde_json::json!({ "passed": 4, "waived": 0, "refusing": 2 }));
    assert!(!here.join("desk.bundle").exists());

    review(here, "desk", "review.json");
    let passes = ["--review", "review.json", "--waive", "scopes=chats need none"];
    let built = remit(here, &[&build[..], &passes].concat());
    assert_eq!(built.status.code(), Some(0), "{built:?}");
    let wrong =
        command(here, &build).args(passes).env("REMIT_KEY_PASSWORD", "wrong horse").output();
    let wrong = wrong.unwrap();
    assert_eq!(said(&wrong).0, Some(1));
    assert!(said(&wrong).1.contains("the password does not open the key"), "{wrong:?}");

    // The next one of the line needs nobody's word while nothing changes.
    let next = ["bundle", "build", "desk", "--key", "team.key", "--out", "next.bundle"];
    let against = ["--baseline", "desk.bundle", "--trust", "team.key.pub"];
    let waive = ["--waive", "scopes=chats need none"];
    let next = remit(here, &[&next[..], &against, &waive].concat());
    assert_eq!(next.status.code(), Some(0), "{next:?}");
    let verify = |file: &str, more: &[&str]| {
        let verify = ["bundle", "verify", file, "--key", "team.key.pub", "--format", "json"];
        let output = remit(here, &[&verify[..], more].concat());
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report)
    };
    let (code, report) = verify("next.bundle", &["--at-least", "2"]);
    assert_eq!((code, &report["manifest"]["sequence"]), (Some(0), &2.into()), "{report}");
    let (code, report) = verify("desk.bundle", &["--at-least", "2"]);
    assert_eq!((code, &report["refusal"]["code"]), (Some(2), &"superseded".into()), "{report}");
    let (code, report) = verify("next.bundle", &["--no-waivers"]);
    assert_eq!(
        (code, &report["refusal"]["code"]),
        (Some(3), &"gate-not-passed".into()),
        "{report}"
    );
    let (code, report) = verify("review.json", &[]);
    assert_eq!((code, &report["refusal"]["code"]), (Some(4), &"damaged-header".into()), "{report}");
}

fn review(here: &Path, workspace: &str, out: &str) {
    let review = ["bundle", "review", workspace, "--accept", "all", "--out", out];
    let by = ["--author", "Ann", "--approver", "Bob"];
    let reviewed = remit(here, &[&review[..], &by].concat());
    assert_eq!(reviewed.status.code(), Some(0), "{reviewed:?}");
}

fn remit(here: &Path, arguments: &[&str]) -> Output {
    command(here, arguments).output().unwrap()
}

fn command(here: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remit"));
    command.current_dir(here).args(arguments).env("REMIT_KEY_PASSWORD", PASSWORD);
    command
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr.clone()).unwrap())
}

fn desk() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/suite/bundle/desk")
}

/// A folder and all below it, made in the order of names or in the opposite one.
fn copied(from: &Path, to: &Path, backwards: bool) {
    fs::create_dir_all(to).unwrap();
    let mut entries: Vec<PathBuf> =
        fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    if backwards {
        entries.reverse();
    }
    for entry in entries {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copied(&entry, &target, backwards);
        } else {
            fs::write(&target, fs::read(&entry).unwrap()).unwrap();
            let mode = if backwards { 0o600 } else { 0o644 };
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

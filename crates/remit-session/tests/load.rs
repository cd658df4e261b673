//! Which files are read, what they are called, and what becomes of the others.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed"
)]

use camino::{Utf8Path, Utf8PathBuf};
use remit_session::{Format, Limits, LoadError, Loaded, Source, load, load_each, load_one, locate};
use std::fs;
use std::ops::ControlFlow;

const CHAT: &str = r#"[{"role":"user","content":"hi"}]"#;

struct Folder {
    _keep: tempfile::TempDir,
    root: Utf8PathBuf,
}

fn folder(files: &[(&str, &str)]) -> Folder {
    let keep = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(keep.path().canonicalize().unwrap()).unwrap();
    for (name, text) in files {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), text).unwrap();
    }
    Folder { _keep: keep, root }
}

/// As a command line does: what is printed is relative to the argument, a file's to its folder.
fn argument(path: Utf8PathBuf) -> Source {
    let shown_from = if path.is_dir() { path.clone() } else { path.parent().unwrap().to_owned() };
    Source { path, shown_from }
}

fn read(sources: &[Utf8PathBuf]) -> Loaded {
    let sources: Vec<_> = sources.iter().cloned().map(argument).collect();
    load(&sources, None, &Limits::default(), &mut |_| ControlFlow::Continue(())).unwrap()
}

fn paths(loaded: &Loaded) -> Vec<&str> {
    loaded.recordings.iter().map(|recording| recording.path.as_str()).collect()
}

fn skipped(loaded: &Loaded) -> Vec<(&str, &str, bool)> {
    loaded
        .skipped
        .iter()
        .map(|file| (file.path.as_str(), file.why.as_str(), file.explicit))
        .collect()
}

#[test]
fn folders_are_read_sorted_and_what_is_no_recording_is_listed() {
    let folder = folder(&[
        ("b/2.json", CHAT),
        ("b/10.ndjson", CHAT),
        ("a.jsonl", CHAT),
        ("package.json", "{}"),
        ("README.md", "# hi"),
        (".git/x.json", CHAT),
        (".hidden.json", CHAT),
    ]);
    let loaded = read(std::slice::from_ref(&folder.root));
    assert_eq!(paths(&loaded), ["a.jsonl", "b/10.ndjson", "b/2.json"]);
    assert_eq!(skipped(&loaded), [("package.json", "it is no recording that remit knows", false)]);
}

#[test]
fn files_that_were_named_are_explicit_and_come_with_help() {
    let folder = folder(&[("x.txt", CHAT), ("y.json", "{}")]);
    let missing = folder.root.join("z.json");
    let loaded = read(&[folder.root.join("x.txt"), folder.root.join("y.json"), missing.clone()]);
    assert_eq!(paths(&loaded), ["x.txt"]);
    let expected = [
        (missing.as_str(), "it does not exist", true),
        ("y.json", "it is no recording that remit knows", true),
    ];
    assert_eq!(skipped(&loaded), expected);
    assert!(loaded.skipped.iter().all(|file| file.help.is_some()));
}

#[test]
fn two_recordings_never_print_the_same_path() {
    let folder = folder(&[("one/a.json", CHAT), ("two/a.json", CHAT), ("three/a.json", CHAT)]);
    let root = |name: &str| folder.root.join(name);
    let loaded = read(&[root("one"), root("two"), root("three/a.json")]);
    let named = root("three/a.json");
    assert_eq!(paths(&loaded), ["one/a.json", "two/a.json", named.as_str()]);
}

#[test]
fn a_file_that_is_found_twice_is_read_once() {
    let folder = folder(&[("runs/a.json", CHAT)]);
    let loaded = read(&[folder.root.join("runs"), folder.root.join("runs/a.json")]);
    assert_eq!(paths(&loaded), ["a.json"]);
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_a_folder() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("secret.json", CHAT)]);
    let folder = folder(&[("a.json", CHAT)]);
    symlink(outside.root.join("secret.json"), folder.root.join("out.json")).unwrap();
    symlink(&outside.root, folder.root.join("out")).unwrap();
    symlink(&folder.root, folder.root.join("loop")).unwrap();
    symlink(folder.root.join("gone.json"), folder.root.join("gone-link.json")).unwrap();
    let loaded = read(std::slice::from_ref(&folder.root));
    assert_eq!(paths(&loaded), ["a.json"]);
    let expected = [
        ("gone-link.json", "it does not exist", false),
        ("loop", "links to folders are not followed", false),
        ("out", "links to folders are not followed", false),
        ("out.json", "it is a link out of the folder", false),
    ];
    assert_eq!(skipped(&loaded), expected);
}

#[test]
fn the_digest_is_of_the_bytes_and_covers_side_files() {
    let line =
        r#"{"type":"user","uuid":"1","sessionId":"s","message":{"role":"user","content":"hi"}}"#;
    let files = [("s.jsonl", line), ("s/subagents/agent-a.jsonl", line)];
    let alone = folder(&files[..1]);
    let with_side = folder(&files);
    let digest = |root: &Utf8Path| read(&[root.join("s.jsonl")]).recordings[0].digest.0.clone();
    // As `sha256sum` says.
    let expected = "sha256:38b83b370996a330d47ccebf0ec2a4fb441a58517a9a8e2f53816d93abfce377";
    assert_eq!(digest(&alone.root), expected);
    let before = digest(&with_side.root);
    assert_ne!(before, digest(&alone.root));
    fs::write(with_side.root.join(files[1].0), line.replace("hi", "ho")).unwrap();
    assert_ne!(before, digest(&with_side.root));
}

#[test]
fn files_are_read_up_to_the_limit_only() {
    let folder = folder(&[("a.json", CHAT), ("big.json", &CHAT.replace("hi", &"x".repeat(500)))]);
    let limits = Limits { file_bytes: 100, ..Limits::default() };
    let on = &mut |_| ControlFlow::Continue(());
    let loaded = load(&[argument(folder.root.clone())], None, &limits, on).unwrap();
    assert_eq!(paths(&loaded), ["a.json"]);
    assert_eq!(
        skipped(&loaded),
        [("big.json", "it is larger than the 100 bytes that are read at most", false)]
    );
}

#[test]
fn progress_counts_every_file_and_can_stop() {
    let folder = folder(&[("a.json", CHAT), ("b.json", "{}"), ("c.json", CHAT)]);
    let sources = [argument(folder.root.clone())];
    let mut seen = Vec::new();
    load(&sources, Some(Format::OpenAiChat), &Limits::default(), &mut |progress| {
        seen.push((progress.files_done, progress.files_total, progress.bytes));
        ControlFlow::Continue(())
    })
    .unwrap();
    let size = CHAT.len() as u64;
    assert_eq!(seen, [(1, 3, size), (2, 3, size), (3, 3, 2 * size)]);
    let stopped = load(&sources, None, &Limits::default(), &mut |_| ControlFlow::Break(()));
    assert_eq!(stopped, Err(LoadError::Cancelled { files_done: 1, files_total: 3 }));
}

#[test]
fn recordings_come_one_at_a_time_in_order_and_each_can_be_read_again() {
    let many: Vec<(String, String)> =
        (0..40).map(|n| (format!("{n:02}.json"), CHAT.replace("hi", &format!("hi {n}")))).collect();
    let files: Vec<(&str, &str)> = many.iter().map(|(name, text)| (&**name, &**text)).collect();
    let folder = folder(&files);
    let whole = read(std::slice::from_ref(&folder.root));
    let mut seen = Vec::new();
    let (on, sources) = (&mut |_| ControlFlow::Continue(()), [argument(folder.root.clone())]);
    let limits = Limits::default();
    load_each(&sources, None, &limits, on, &mut |located, recording| {
        assert_eq!(load_one(&located, &limits).as_ref(), Ok(&recording));
        seen.push(recording);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(seen, whole.recordings);
}

#[test]
fn whoever_takes_the_recordings_can_stop() {
    let folder = folder(&[("a.json", CHAT), ("b.json", CHAT)]);
    let (on, sources) = (&mut |_| ControlFlow::Continue(()), [argument(folder.root.clone())]);
    let stopped =
        load_each(&sources, None, &Limits::default(), on, &mut |_, _| ControlFlow::Break(()));
    assert_eq!(stopped, Err(LoadError::Cancelled { files_done: 1, files_total: 2 }));
}

#[test]
fn a_file_that_was_written_is_not_located_as_it_was() {
    let folder = folder(&[("a.json", CHAT), ("b.json", CHAT)]);
    let found = || locate(&[argument(folder.root.clone())], None).files;
    let before = found();
    assert_eq!(found(), before);
    let other = CHAT.replace("hi", "ho");
    fs::write(folder.root.join("a.json"), other).unwrap();
    let after = found();
    assert_ne!(after[0], before[0]);
    assert_eq!(after[1], before[1]);
    fs::remove_file(folder.root.join("b.json")).unwrap();
    let gone = load_one(&before[1], &Limits::default()).unwrap_err();
    assert_eq!((gone.path.as_str(), gone.help.is_some()), ("b.json", true));
}

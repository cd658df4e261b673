//! `remit diff` on git revisions: each test makes a repository of its own.
//!
//! The repository's first commit holds the workspace of the transcripts without its recordings, which lie in the
//! work tree only; its second commit lowers the limit, so that a payment is newly denied.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const DENIED: &str = "1 newly denied in 1 session; 5 unchanged";
const ALLOWED: &str = "1 newly allowed in 1 session; 5 unchanged";

#[test]
fn a_side_may_be_a_revision() {
    let repository = Repository::new();
    for (within, before, after, told) in [
        (".", "HEAD~1", "agents", DENIED),
        (".", "HEAD~1:agents", "agents", DENIED),
        (".", "HEAD~1:agents/", "HEAD:agents", DENIED),
        (".", "HEAD~1", "HEAD:agents", DENIED),
        (".", "agents", "first", ALLOWED),
        (".", "HEAD:./agents", "HEAD~1", ALLOWED),
        (".", "HEAD", "agents", "no verdict changes"),
        ("agents", "first", ".", DENIED),
        ("agents", "first:.", ".", DENIED),
        ("agents", "first:agents", "./", DENIED),
        ("agents/guardrails", "first:..", "..", DENIED),
        ("agents/guardrails", "first:../", "..", DENIED),
    ] {
        let output = repository.diff(within, &[before, after]);
        let text = stdout(&output) + &*stderr(&output);
        assert!(text.contains(told), "in {within}: {before} {after}: {text}");
    }
}

#[test]
fn nothing_of_the_repository_is_touched() {
    let repository = Repository::new();
    fs::write(repository.path("agents/draft.txt"), "not committed").unwrap();
    repository.git(&["add", "--intent-to-add", "agents/draft.txt"]);
    let hook = repository.path(".git/hooks/post-index-change");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\ntouch ran\n").unwrap();
    executable(&hook);
    let state =
        || (fs::read(repository.path(".git/index")).unwrap(), files(repository.folder.path()));
    let before = state();
    let mut command = repository.remit("agents", &["HEAD~1", "."]);
    // As it is inside of a hook, in whose repository git would look for everything.
    command.env("GIT_DIR", ".git").env("GIT_INDEX_FILE", ".git/index");
    let output = command.output().unwrap();
    assert!(stdout(&output).contains(DENIED), "{}", stderr(&output));
    assert!(before == state(), "an index, an object or a file changed");
}

#[test]
fn what_a_revision_has_not_is_said() {
    let repository = Repository::new();
    let cases = [
        (["nope", "agents"], "error: `nope` is neither a folder nor a git revision of `"),
        (
            ["feature/nope", "agents"],
            "error: `feature/nope` is neither a folder nor a git revision of `",
        ),
        (["nope:agents", "agents"], "error: `nope` is neither a folder nor a git revision of `"),
        (["--", "-n"], "error: `-n` is neither a folder nor a git revision of `"),
        (["HEAD:nowhere", "agents"], "error: there is no folder `nowhere` in `HEAD`"),
        (
            ["HEAD:agents/remit.toml", "agents"],
            "error: there is no folder `agents/remit.toml` in `HEAD`",
        ),
        (["HEAD:", "agents"], "error: `HEAD:` is no workspace"),
        (["HEAD~1", "HEAD"], "error: there is no folder `HEAD~1`"),
        (["agents/nope", "agents"], "error: there is no folder `agents/nope`"),
    ];
    for (sides, told) in cases {
        let sides = if sides[0] == "--" { vec!["--", "agents", sides[1]] } else { sides.to_vec() };
        let output = repository.diff(".", &sides);
        assert!(stderr(&output).starts_with(told), "{sides:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("\n  help: "), "{sides:?}: {}", stderr(&output));
        assert_eq!(output.status.code(), Some(1), "{sides:?}");
    }
}

#[test]
fn policies_that_were_broken_then_are_invalid() {
    let repository = Repository::new();
    repository.commit("broken", "permit (principal, action, resource)");
    repository.commit("mended", "permit (principal, action, resource);");
    let output = repository.diff(".", &["HEAD~1", "agents"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("[guardrails/more.cedar:"), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("error: the workspace `HEAD~1` is not valid"),
        "{}",
        stderr(&output)
    );
    let json = repository.diff(".", &["HEAD~1", "agents", "--error-format", "json"]);
    assert!(stderr(&json).starts_with('{'), "{}", stderr(&json));
}

#[test]
fn a_folder_that_is_gone_needs_recordings() {
    let repository = Repository::new();
    let elsewhere = repository.path("elsewhere.session");
    fs::copy(repository.path("agents/sessions/bill.session"), &elsewhere).unwrap();
    fs::remove_dir_all(repository.path("agents")).unwrap();
    let output = repository.diff(".", &["HEAD~1:agents", "HEAD:agents"]);
    assert!(stderr(&output).contains("is not there any more"), "{}", stderr(&output));
    let sides = ["HEAD~1:agents", "HEAD:agents", "--recordings", "elsewhere.session"];
    assert!(stdout(&repository.diff(".", &sides)).contains(DENIED));
}

#[test]
fn without_git_or_a_repository_folders_still_do() {
    let repository = Repository::new();
    let mut command = repository.remit(".", &["HEAD", "agents"]);
    let output = command.env("PATH", "").output().unwrap();
    assert!(stderr(&output).contains("git is not installed"), "{}", stderr(&output));
    let mut command = repository.remit(".", &["agents", "agents"]);
    let output = command.env("PATH", "").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    fs::remove_dir_all(repository.path(".git")).unwrap();
    let output = repository.diff(".", &["HEAD:agents", "agents"]);
    assert!(
        stderr(&output).contains("is not in the work tree of a git repository"),
        "{}",
        stderr(&output)
    );
    let output = repository.diff(".", &["HEAD", "agents"]);
    assert!(stderr(&output).contains("`agents` is in no git repository"), "{}", stderr(&output));
}

struct Repository {
    folder: TempDir,
}

impl Repository {
    fn new() -> Self {
        let repository = Repository { folder: tempfile::tempdir().unwrap() };
        let desk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/suite/cli/desk");
        copy(&desk, &repository.path("agents"));
        repository.git(&["init", "--quiet"]);
        fs::write(repository.path(".gitignore"), "sessions\n").unwrap();
        repository.save("first");
        repository.git(&["tag", "first"]);
        let guardrails = repository.path("agents/guardrails/desk.cedar");
        let lower = fs::read_to_string(&guardrails).unwrap().replace("100.00", "40.00");
        fs::write(&guardrails, lower).unwrap();
        repository.save("second");
        repository
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn commit(&self, message: &str, guardrail: &str) {
        let text = format!("@id(\"more\")\n{guardrail}\n");
        fs::write(self.path("agents/guardrails/more.cedar"), text).unwrap();
        self.save(message);
    }

    fn save(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.net",
            "commit",
            "--quiet",
            "-m",
            message,
        ]);
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        let git = clean(&mut git).arg("-C").arg(self.folder.path()).args(arguments);
        let output = git.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    }

    fn remit(&self, within: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_remit"));
        clean(&mut command).current_dir(self.path(within)).arg("diff").args(arguments);
        command
    }

    fn diff(&self, within: &str, arguments: &[&str]) -> Output {
        self.remit(within, arguments).output().unwrap()
    }
}

/// Nobody's own settings, and no repository around the temporary folder.
fn clean(command: &mut Command) -> &mut Command {
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "CLICOLOR_FORCE", "REMIT_LOG"] {
        command.env_remove(variable);
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", std::env::temp_dir())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// All files below `folder`, sorted, with their bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.push((entry.clone(), fs::read(&entry).unwrap()));
        }
    }
    found.sort();
    found
}

#[cfg(unix)]
fn executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn executable(_: &Path) {}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

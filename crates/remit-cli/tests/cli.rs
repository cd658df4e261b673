//! The command line as a person meets it.
//!
//! What can be written down is a transcript: the pages of `tests/suite/cli` and the `console` blocks of
//! the README. Here is the rest: what depends on pipes, terminals, permissions and size.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// One test, because a transcript runs where the process is.
#[test]
fn transcripts() {
    if std::env::var_os("UPDATE").is_some() && std::env::var_os("TRYCMD").is_none() {
        let this = std::env::current_exe().unwrap();
        let status = Command::new(this).arg("transcripts").env("TRYCMD", "overwrite").status();
        assert!(status.unwrap().success());
        return;
    }
    std::env::set_current_dir(pages()).unwrap();
    trycmd::TestCases::new().case("*.md").run();
    std::env::set_current_dir(root()).unwrap();
    if Path::new("README.md").exists() {
        trycmd::TestCases::new().case("README.md").run();
    }
}

#[test]
fn whoever_stops_reading_has_seen_enough() {
    let folder = tempfile::tempdir().unwrap();
    let call = "call read_mail: {\"id\":\"7\"}\nresult: a long mail\n";
    let recording = folder.path().join("long.session");
    fs::write(&recording, format!("session long\n{}", call.repeat(20_000))).unwrap();
    let mut child = remit()
        .args(["import", "--to", "notation"])
        .arg(&recording)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((first.as_str(), stderr(&output)), ("session long\n", String::new()));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn colour_goes_only_where_it_is_wanted() {
    let show = |variables: &[(&str, &str)]| {
        let mut command = remit();
        command.args(["show", "desk", "bill-1"]).envs(variables.iter().copied());
        stdout(&command.output().unwrap()).contains('\u{1b}')
    };
    assert!(show(&[("CLICOLOR_FORCE", "1")]), "colour that was asked for");
    assert!(!show(&[]), "no colour into a pipe");
    assert!(!show(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), "NO_COLOR wins");
}

#[test]
fn hostile_text_never_reaches_a_terminal_as_commands() {
    for arguments in [
        &["show", "desk", "hostile", "--full"][..],
        &["show", "desk", "hostile"],
        &["replay", "desk"],
        &["explain", "desk", "hostile", "3"],
    ] {
        let mut command = remit();
        command.args(arguments).args(["--recordings", "hostile.session"]);
        let output = command.env("CLICOLOR_FORCE", "1").output().unwrap();
        let text = stdout(&output) + &*stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        for part in text.split('\u{1b}').skip(1) {
            let style = part.strip_prefix('[').and_then(|p| p.split_once('m'));
            let is_ours = style
                .is_some_and(|(code, _)| ["0", "1", "2", "31", "32", "33", "36"].contains(&code));
            assert!(is_ours && !part.starts_with("[31mall"), "{arguments:?}: {part:?}");
        }
        assert!(
            !text.contains(['\u{7}', '\u{8}', '\u{7f}', '\u{9b}', '\u{202e}']),
            "{arguments:?}: {text:?}"
        );
    }
}

#[test]
fn data_is_written_byte_for_byte() {
    let output = remit().args(["import", "hostile.session", "--to", "notation"]).output().unwrap();
    let again = tempfile::tempdir().unwrap();
    let copy = again.path().join("hostile.session");
    fs::write(&copy, &output.stdout).unwrap();
    let twice = remit().args(["import", "--to", "notation"]).arg(&copy).output().unwrap();
    assert_eq!(stdout(&twice), stdout(&output));
    assert!(stdout(&output).contains("\u{9b}31m\u{7f}"), "a pipe gets what was recorded");
}

#[test]
fn the_schema_of_the_report_is_the_one_that_is_kept() {
    let kept = fs::read_to_string(root().join("tests/suite/report/report.schema.json")).unwrap();
    assert_eq!(stdout(&remit().args(["schema", "--report"]).output().unwrap()), kept);
}

#[test]
fn one_line_that_is_too_long_loses_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("long.jsonl");
    let run = fs::read_to_string(pages().join("broken/truncated.jsonl")).unwrap();
    let run = run.lines().next().unwrap();
    let mut file = fs::File::create(&recording).unwrap();
    writeln!(file, "{run}\n{{\"messages\":\"{}\"}}\n{run}", "x".repeat(70 << 20)).unwrap();
    let output = remit().arg("import").arg(&recording).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("line 2: a line longer than 67108864 bytes was skipped"),
        "{}",
        stderr(&output)
    );
    assert!(stdout(&output).contains("2 sessions, 2 tool calls"), "{}", stdout(&output));
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_or_written_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let locked = folder.path().join("locked.session");
    fs::copy(pages().join("hostile.session"), &locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&locked).is_ok() {
        return; // Permissions do not bind this user.
    }
    let read = remit().arg("import").arg(&locked).output().unwrap();
    assert_eq!(read.status.code(), Some(1));
    assert!(
        stderr(&read).contains("`locked.session`: it cannot be read: permission denied"),
        "{}",
        stderr(&read)
    );
    assert!(stderr(&read).contains("help: "), "{}", stderr(&read));
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    let write = remit().arg("init").arg(closed.join("new")).output().unwrap();
    assert_eq!(write.status.code(), Some(1));
    assert!(stderr(&write).contains("cannot be written"), "{}", stderr(&write));
    assert!(stderr(&write).contains("help: check the permissions"), "{}", stderr(&write));
}

#[test]
fn a_recording_may_be_nested_as_deeply_as_it_likes() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("deep.json");
    let document = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    fs::write(&recording, document).unwrap();
    let output = remit().arg("import").arg(&recording).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("error: `deep.json`: "), "{}", stderr(&output));
}

/// In the folder of the pages, whose workspace and recordings are used here too.
fn remit() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remit"));
    command.current_dir(pages());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "REMIT_LOG"] {
        command.env_remove(variable);
    }
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn pages() -> PathBuf {
    root().join("tests/suite/cli")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What somebody answers decides, and the end of the input keeps what was not asked.
#[test]
fn questions_are_answered_a_line_each() {
    let answered = |typed: &str| {
        let mut command = remit();
        command.args(["learn", "desk", "--recordings", "rents.session", "--ask"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (stdout(&output), stderr(&output))
    };
    let (kept, asked) = answered("");
    assert!(asked.contains("pay in pay-rent: 2 good calls, 2 elsewhere in the task"), "{asked}");
    assert!(asked.contains("keep it"), "{asked}");
    assert!(kept.contains("context.input.to == \"GB29NWBK60161331926819\""), "{kept}");
    let (never, asked) = answered("what\nn\n");
    assert!(asked.contains("`what` is no answer"), "{asked}");
    assert!(!never.contains("Action::\"pay\""), "{never}");
    let (always, _) = answered("a\n");
    assert!(always.contains("Action::\"pay\"") && !always.contains("GB29"), "{always}");
    let (values, _) = answered("v\n\n");
    assert!(values.contains("context.input.to == \"GB29NWBK60161331926819\""), "{values}");
}

/// The same bytes again, and never over what somebody edited.
#[test]
fn learnt_scopes_are_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let desk = folder.path().join("desk");
    let copied = Command::new("cp").arg("-r").arg(pages().join("desk")).arg(&desk).status();
    assert!(copied.unwrap().success());
    let learn = || {
        let mut command = remit();
        command.arg("learn").arg(&desk).args(["--recordings", "rents.session", "--write"]);
        command.output().unwrap()
    };
    let scope = desk.join("scopes/pay-rent.cedar");
    let first = learn();
    assert!(stderr(&first).contains("1 scope written, 0 as they were"), "{}", stderr(&first));
    let text = fs::read_to_string(&scope).unwrap();
    let second = learn();
    assert!(stderr(&second).contains("0 scopes written, 1 as they were"), "{}", stderr(&second));
    assert_eq!(fs::read_to_string(&scope).unwrap(), text);
    let edited = text.replace("GB29NWBK60161331926819", "GB29NWBK60161331926820");
    fs::write(&scope, &edited).unwrap();
    let third = learn();
    assert_eq!(third.status.code(), Some(1));
    assert!(stderr(&third).contains("somebody wrote or edited it"), "{}", stderr(&third));
    assert_eq!(fs::read_to_string(&scope).unwrap(), edited);
}

//! Small sessions, and the scopes that they teach: `tests/cases/NAME.session` and `NAME.cedar`.
//!
//! Every session of a case is good unless it says that it was not solved. `UPDATE=1` writes the scopes;
//! read the difference. Each scope is written, checked by the real validator, and replayed: the calls
//! that it was learnt from must be allowed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod support;

use remit_learn::{LearnOptions, Learnt, Which, learn, write_scope};
use remit_replay::{Verdict, replay};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use support::{Made, load_workspace, made_from};

#[test]
fn cases() {
    let mut names: Vec<PathBuf> = std::fs::read_dir(cases_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "session"))
        .collect();
    names.sort();
    assert!(names.len() >= 8, "the cases are gone");
    let failed: Vec<String> = names.iter().filter_map(|path| check(path)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// What is wrong with a case.
fn check(path: &Path) -> Option<String> {
    let notation = std::fs::read_to_string(path).unwrap();
    let made = made_from(&notation);
    let learnt = learnt(&made);
    let found = rendered(&learnt);
    let expected = path.with_extension("cedar");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&expected, &found).unwrap();
    }
    if let Some(wrong) = denies_a_good_call(&made, &learnt) {
        return Some(format!("{}: {wrong}", path.display()));
    }
    let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
    (wanted != found).then(|| format!("{}: this is learnt now:\n{found}", expected.display()))
}

fn learnt(made: &Made) -> Learnt {
    let options = LearnOptions { which: Which::Solved, ..LearnOptions::default() };
    let mut go_on = |_, _| ControlFlow::Continue(());
    learn(&made.workspace, &made.recordings, None, &options, &mut go_on).unwrap()
}

/// The scopes, with what is said about them.
fn rendered(learnt: &Learnt) -> String {
    let mut out = String::new();
    for scope in &learnt.tasks {
        let policies = scope.text.split_once("\n\n").unwrap().1;
        writeln!(out, "// {}: {} sessions", scope.task, scope.sessions).unwrap();
        if let Some(e) = scope.estimate {
            writeln!(
                out,
                "// would deny {} of {} sessions, {} of {} calls",
                e.denied_sessions, e.sessions, e.denied_calls, e.calls
            )
            .unwrap();
        }
        writeln!(out, "// left out: {}\n\n{policies}", learnt.left_out.said()).unwrap();
    }
    out
}

fn denies_a_good_call(made: &Made, learnt: &Learnt) -> Option<String> {
    for scope in &learnt.tasks {
        assert!(write_scope(&made.workspace, scope).unwrap(), "it is new");
    }
    let workspace = load_workspace(&made.workspace.root);
    let replayed = replay(&workspace, &made.recordings, &|_| ControlFlow::Continue(())).unwrap();
    for judged in &replayed.sessions {
        let session = &made.recordings[judged.recording].sessions[judged.session];
        let refused = |at| {
            session.calls().any(|(step, _, call)| {
                step == at && call.outcome == remit_session::Outcome::Refused
            })
        };
        let wrong = judged.calls.iter().find(|c| c.verdict != Verdict::Allowed && !refused(c.step));
        if let Some(call) = wrong.filter(|_| session.solved == Some(true)) {
            return Some(format!("step {} of {} is {:?}", call.step.0, session.id, call.verdict));
        }
    }
    None
}

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

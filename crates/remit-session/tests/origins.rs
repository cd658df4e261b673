//! Where values come from: each session in `origins/` and what is said of its arguments. `UPDATE=1`
//! rewrites the expectations; the tools whose names begin with `own_` are trusted.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use camino::{Utf8Path, Utf8PathBuf};
use remit_session::{Limits, Origin, OriginIndex, Session, ToolCall, import};
use std::fmt::Write;
use std::fs;

#[test]
fn every_token_has_the_expected_origin() {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/origins");
    let entries = folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
    let mut cases: Vec<Utf8PathBuf> =
        entries.filter(|p| p.extension() == Some("session")).collect();
    cases.sort();
    assert!(cases.len() > 5, "{cases:?}");
    for case in cases {
        let bytes = fs::read(&case).unwrap();
        let (_, imported) = import("s.session", &bytes, None, &Limits::default()).unwrap();
        assert_eq!(imported.warnings, [], "{case}");
        let said: String = imported.sessions.iter().map(said).collect();
        let expected = case.with_extension("expected");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        assert_eq!(fs::read_to_string(&expected).unwrap_or_default(), said, "{case}");
    }
}

fn said(session: &Session) -> String {
    let is_trusted = |call: &ToolCall| call.tool.starts_with("own_");
    let index = OriginIndex::new(session, &is_trusted);
    let mut said = String::new();
    for (at, _, call) in session.calls() {
        for argument in index.call(session, at).into_iter().flatten() {
            let sets = [
                (argument.is_from_user(), "fromUser"),
                (argument.is_from_trusted(), "fromTrusted"),
                (argument.is_from_untrusted(), "fromUntrusted"),
                (argument.is_unseen(), "unseen"),
            ];
            let sets: Vec<&str> = sets.iter().filter(|(is, _)| *is).map(|(_, set)| *set).collect();
            let head = format!("{} {} {}: {}", at.0, call.tool, argument.path, sets.join(" "));
            writeln!(said, "{}", head.trim_end()).unwrap();
            for token in argument.tokens {
                let Origin { source, step, found, .. } = token.origin;
                let step = step.map(|step| format!(" in step {}", step.0)).unwrap_or_default();
                let found = found.map(|found| format!(", {}", found.word())).unwrap_or_default();
                let telling = if token.is_telling { ", telling" } else { "" };
                writeln!(
                    said,
                    "    {:?} {:?}: {source:?}{step}{found}{telling}",
                    token.kind, token.text
                )
                .unwrap();
            }
        }
    }
    said
}

//! Every folder in `cases/` is a workspace, with `expected.txt` saying what is wrong with it.
//!
//! `UPDATE=1` rewrites what is expected; read the difference before you commit it. Each draft of a
//! whole file must find what loading the workspace finds in that file.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::{FindingCode, Workspace, check_text, render};

fn cases() -> Vec<Utf8PathBuf> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let entries = folder.read_dir_utf8().expect("the cases are there");
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().into_path()).collect();
    cases.sort();
    cases
}

#[test]
fn every_workspace_gives_the_findings_that_it_should() {
    let wrong: Vec<_> = cases().iter().filter_map(|case| check(case).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(case: &Utf8Path) -> Result<(), String> {
    let workspace = Workspace::load(case).map_err(|error| format!("{case}: {error}"))?;
    let mut actual = render::plain(&workspace.findings);
    actual.push_str(&format!("{}\n", if workspace.is_valid() { "valid" } else { "invalid" }));
    let expected = case.join("expected.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&expected, actual).unwrap();
        return Ok(());
    }
    let wanted = fs::read_to_string(&expected).unwrap_or_default();
    (wanted == actual)
        .then_some(())
        .ok_or_else(|| format!("{case}\n--- expected\n{wanted}--- actual\n{actual}"))
}

#[test]
fn the_cases_cover_every_kind_of_finding() {
    let seen: BTreeSet<_> = cases()
        .iter()
        .flat_map(|case| Workspace::load(case).unwrap().findings)
        .map(|finding| finding.code)
        .collect();
    // The parser is stricter than the validator about the one, and the other is Cedar's own bug.
    let unreached = [FindingCode::UnknownFunction, FindingCode::InvalidPolicy];
    let missing: Vec<_> = FindingCode::ALL
        .iter()
        .filter(|code| !seen.contains(code) && !unreached.contains(code))
        .collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}

#[test]
fn a_draft_finds_what_loading_finds_in_the_same_file() {
    // What needs other files than the draft's own is left to loading.
    let needs_more = [
        FindingCode::UnlinkedTemplate,
        FindingCode::InvalidLink,
        FindingCode::DuplicateId,
        FindingCode::DuplicatePolicy,
        FindingCode::EmptyScope,
        FindingCode::MissingRecordings,
        // Where it counts the policies of the whole layer.
        FindingCode::AgentCoreLimit,
    ];
    for case in cases() {
        let workspace = Workspace::load(&case).unwrap();
        for file in &workspace.files {
            let loaded = workspace.findings.iter().filter(|finding| finding.file == file.path);
            let loaded: Vec<_> =
                loaded.filter(|finding| !needs_more.contains(&finding.code)).cloned().collect();
            let mut draft = check_text(&workspace, &file.path, &file.text);
            draft.retain(|finding| !needs_more.contains(&finding.code));
            assert_eq!(render::plain(&draft), render::plain(&loaded), "{case} {}", file.path);
        }
    }
}

#[test]
fn spans_point_at_the_text_that_the_lines_name() {
    for case in cases() {
        let workspace = Workspace::load(&case).unwrap();
        for finding in &workspace.findings {
            let Some(span) = finding.span.clone() else {
                continue;
            };
            let text = workspace.text(&finding.file).expect("a span needs a text");
            let before = text.get(..span.start).expect("a span starts between characters");
            let line = u32::try_from(before.matches('\n').count()).unwrap() + 1;
            assert_eq!(Some(line), finding.line, "{case}: {}", finding.message);
            assert!(text.get(span).is_some(), "{case}: {}", finding.message);
        }
    }
}

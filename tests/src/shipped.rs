//! The shipped workspaces: each is valid, and each of its tests holds.

use camino::{Utf8Path, Utf8PathBuf};
use libtest_mimic::{Failed, Trial};
use remit_api::policy::{Finding, Severity, Workspace, render};
use remit_api::replay::{
    CallDecision, CorpusBuilder, JudgementReport, LiveReplay, Report, Verdicts, replay, report,
};
use remit_api::review::{Outcome, Suite, run};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

pub(crate) fn trials(policies: &Path) -> Vec<Trial> {
    let folders = folders(policies);
    assert!(folders.len() >= 3, "at least three workspaces are shipped");
    let trial = |root: Utf8PathBuf| {
        Trial::test(format!("shipped/{}", root.file_name().unwrap()), move || check(&root))
    };
    folders.into_iter().map(trial).collect()
}

/// The shipped workspaces, sorted.
pub(crate) fn folders(policies: &Path) -> Vec<Utf8PathBuf> {
    let policies = Utf8PathBuf::from_path_buf(policies.to_owned()).unwrap();
    let entries = policies.read_dir_utf8().unwrap().map(|e| e.unwrap().into_path());
    let mut folders: Vec<Utf8PathBuf> = entries.filter(|p| p.is_dir()).collect();
    folders.sort();
    folders
}

/// The report of a workspace that has nothing wrong with it.
pub(crate) fn report_of(root: &Utf8Path) -> Result<Report, Failed> {
    let workspace = Workspace::load(root).map_err(|e| e.to_string())?;
    let is_bad = |f: &&Finding| f.severity != Severity::Advice;
    let bad: Vec<Finding> = workspace.findings.iter().filter(is_bad).cloned().collect();
    if !bad.is_empty() {
        return Err(render::plain(&bad).into());
    }
    let go_on = &mut |_| ControlFlow::Continue(());
    let loaded =
        remit_api::load_recordings(&workspace, &[], None, go_on).map_err(|e| e.to_string())?;
    let replayed = replay(&workspace, &loaded.recordings, &|_| ControlFlow::Continue(()))?;
    Ok(report(&replayed, &loaded))
}

fn check(root: &Utf8Path) -> Result<(), Failed> {
    let report = report_of(root)?;
    let workspace = Workspace::load(root).map_err(|e| e.to_string())?;
    let verdicts = verdicts_of(&workspace)?;
    same_as_report(&report, &verdicts)?;
    let suite = Suite::load(&workspace);
    if suite.tests.is_empty() {
        return Err("the workspace has no expectation in tests/".into());
    }
    let broken = suite.broken.iter().map(|b| format!("{}: {}", b.file, b.message));
    let results = run(&workspace, &verdicts, &suite);
    let wrong = suite.tests.iter().zip(&results).filter_map(|(test, result)| {
        let (file, name) = (&test.file, &test.name);
        match &result.outcome {
            Outcome::Passed => None,
            Outcome::Failed(differs) => Some(format!("{file} {name}: {}", differs.join("; "))),
            Outcome::Broken(why) => Some(format!("{file} {name}: {why}")),
        }
    });
    let wrong: Vec<String> = broken.chain(wrong).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn verdicts_of(workspace: &Workspace) -> Result<Arc<Verdicts>, Failed> {
    let go_on = &mut |_| ControlFlow::Continue(());
    let loaded =
        remit_api::load_recordings(workspace, &[], None, go_on).map_err(|e| e.to_string())?;
    let mut corpus = CorpusBuilder::new(workspace);
    corpus.add_each(&loaded.recordings);
    let mut live = LiveReplay::new(Arc::new(corpus.finish()));
    Ok(live.judge(workspace, &|| ControlFlow::Continue(()))?)
}

/// Tests look at calls by their position; the report says the same of each.
fn same_as_report(report: &Report, verdicts: &Verdicts) -> Result<(), Failed> {
    let calls = report.sessions.iter().flat_map(|s| s.calls.iter().map(move |call| (s, call)));
    for (position, (session, call)) in calls.enumerate() {
        let side = |side: &Option<JudgementReport>| {
            side.as_ref().map(|s| (s.decision == "allow", s.reasons.clone()))
        };
        let got = verdicts.call(position).ok_or("a call is missing")?;
        let of = |side: Option<CallDecision>| side.map(|s| (s.allow, s.reasons));
        let expected = (call.verdict, call.severity, side(&call.guardrails), side(&call.scope));
        let got = (got.verdict, got.severity, of(got.guardrails), of(got.scope));
        if got != expected {
            let place = format!("{} call {}", session.recording, call.index);
            return Err(format!("{place}: the report says {expected:?}, got {got:?}").into());
        }
    }
    Ok(())
}

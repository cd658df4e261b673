//! The shipped workspaces: each is valid, and each of its expectations holds.

use camino::{Utf8Path, Utf8PathBuf};
use libtest_mimic::{Failed, Trial};
use remit_api::policy::{Finding, Severity, Workspace, render};
use remit_api::replay::{CallReport, JudgementReport, Report, replay, report};
use serde::Deserialize;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tests {
    expect: Vec<Expect>,
}

/// What one tool call must come out as.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    recording: String,
    call: u32,
    verdict: String,
    guardrails: Option<String>,
    scope: Option<String>,
    reasons: Option<Vec<String>>,
    #[expect(dead_code, reason = "for the reader of the file")]
    why: Option<String>,
}

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
    let expectations = expectations(root)?;
    if expectations.is_empty() {
        return Err("the workspace has no expectation in tests/".into());
    }
    let wrong: Vec<String> = expectations.iter().filter_map(|e| e.against(&report).err()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn expectations(root: &Utf8Path) -> Result<Vec<Expect>, Failed> {
    let mut files: Vec<Utf8PathBuf> = root
        .join("tests")
        .read_dir_utf8()?
        .map(|e| e.map(|e| e.into_path()))
        .collect::<Result<_, _>>()?;
    files.retain(|f| f.extension() == Some("toml"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let tests: Tests =
            toml::from_str(&fs::read_to_string(&file)?).map_err(|e| format!("{file}: {e}"))?;
        all.extend(tests.expect);
    }
    Ok(all)
}

impl Expect {
    fn against(&self, report: &Report) -> Result<(), String> {
        let place = format!("{} call {}", self.recording, self.call);
        let mut calls =
            report.sessions.iter().filter(|s| s.recording == self.recording).flat_map(|s| &s.calls);
        let call = calls
            .find(|c| c.index == self.call)
            .ok_or_else(|| format!("{place}: there is no such call"))?;
        same(&place, "verdict", &self.verdict, call.verdict.word())?;
        if let Some(decision) = &self.guardrails {
            same(&place, "guardrails", decision, decision_of(&call.guardrails))?;
        }
        if let Some(decision) = &self.scope {
            same(&place, "scope", decision, decision_of(&call.scope))?;
        }
        match &self.reasons {
            Some(reasons) => same(
                &place,
                "reasons",
                &format!("{reasons:?}"),
                &format!("{:?}", self.reasons_of(call)),
            ),
            None => Ok(()),
        }
    }

    /// Of the policy set that decided: the scope where the guardrails allow and there is one.
    fn reasons_of(&self, call: &CallReport) -> Vec<String> {
        let denied = call.guardrails.as_ref().is_some_and(|g| g.decision == "deny");
        let side = if denied {
            &call.guardrails
        } else {
            call.scope.as_ref().map_or(&call.guardrails, |_| &call.scope)
        };
        side.as_ref().map(|s| s.reasons.clone()).unwrap_or_default()
    }
}

fn decision_of(side: &Option<JudgementReport>) -> &str {
    side.as_ref().map_or("none", |s| s.decision.as_str())
}

fn same(place: &str, what: &str, expected: &str, got: &str) -> Result<(), String> {
    if expected == got {
        Ok(())
    } else {
        Err(format!("{place}: expected {what} {expected}, got {got}"))
    }
}

//! The shipped workspaces: each is valid, and each of its expectations holds.

use camino::{Utf8Path, Utf8PathBuf};
use libtest_mimic::{Failed, Trial};
use remit_api::policy::{Severity, Workspace, render};
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
    let policies = Utf8PathBuf::from_path_buf(policies.to_owned()).unwrap();
    let folders =
        policies.read_dir_utf8().unwrap().map(|e| e.unwrap().into_path()).filter(|p| p.is_dir());
    let mut folders: Vec<Utf8PathBuf> = folders.collect();
    folders.sort();
    assert!(folders.len() >= 3, "at least three workspaces are shipped");
    let trial = |root: Utf8PathBuf| {
        Trial::test(format!("shipped/{}", root.file_name().unwrap()), move || check(&root))
    };
    folders.into_iter().map(trial).collect()
}

fn check(root: &Utf8Path) -> Result<(), Failed> {
    let workspace = Workspace::load(root).map_err(|e| e.to_string())?;
    let bad: Vec<_> =
        workspace.findings.iter().filter(|f| f.severity != Severity::Advice).cloned().collect();
    if !bad.is_empty() {
        return Err(render::plain(&bad).into());
    }
    let loaded =
        remit_api::load_recordings(&workspace, &[], None, &mut |_| ControlFlow::Continue(()))
            .map_err(|e| e.to_string())?;
    let replayed = replay(&workspace, &loaded.recordings, &|_| ControlFlow::Continue(()))?;
    let report = report(&replayed, &loaded);
    let mut wrong = Vec::new();
    let mut checked = 0;
    for expect in expectations(root)? {
        checked += 1;
        wrong.extend(expect.against(&report).err());
    }
    if checked == 0 {
        return Err("the workspace has no expectation in tests/".into());
    }
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

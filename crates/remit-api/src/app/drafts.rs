//! Judging unsaved text: what the window shows follows the drafts.
//!
//! One judgement runs at a time, and a newer one abandons it. A text that does not parse leaves the
//! last good verdicts as they are.

use super::{App, Snapshot, lock};
use crate::view;
use crate::wire::*;
use camino::Utf8Path;
use remit_policy::{Severity, Workspace};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// How judging ended.
enum Outcome {
    Shown,
    Broken(Vec<Finding>),
    Superseded,
    Waiting,
}

impl App {
    pub(crate) fn judge_drafts(&self, request: Drafts) -> Result<DraftsJudged, ErrorDto> {
        let began = Instant::now();
        let ticket = self.0.drafts.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = self.judge_texts(&request.files, ticket)?;
        let micros = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let (state, broken) = match outcome {
            Outcome::Shown => (DraftState::Judged, Vec::new()),
            Outcome::Broken(findings) => (DraftState::Broken, findings),
            Outcome::Superseded => (DraftState::Superseded, Vec::new()),
            Outcome::Waiting => (DraftState::Waiting, Vec::new()),
        };
        self.with_open(|open| {
            let view = self.view_of(open);
            let summary = open.good.as_ref().map(|s| s.summary);
            let revision = view.revision;
            DraftsJudged { revision, state, broken, summary, policies: view.policies, micros }
        })
    }

    fn judge_texts(&self, files: &[DraftText], ticket: u32) -> Result<Outcome, ErrorDto> {
        let _one_at_a_time = lock(&self.0.judging);
        let (saved, loaded) = self.with_open(|o| (Arc::clone(&o.workspace), o.loaded.clone()))?;
        let revision = self.0.revision.load(Ordering::SeqCst);
        let Some(loaded) = loaded else {
            return Ok(Outcome::Waiting);
        };
        let drafted = match drafted(&saved, files)? {
            Ok(drafted) => drafted,
            Err(broken) => return Ok(Outcome::Broken(broken)),
        };
        let go_on = || {
            let newest = self.0.drafts.load(Ordering::SeqCst) == ticket;
            if newest && self.is_current(revision) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let Some(snapshot) = Snapshot::of(&drafted, &loaded, &|_| go_on()) else {
            return Ok(Outcome::Superseded);
        };
        let mut guard = lock(&self.0.open);
        match guard.as_mut().filter(|_| go_on().is_continue()) {
            Some(open) => {
                self.next_revision();
                open.good = Some(snapshot);
                Ok(Outcome::Shown)
            }
            None => Ok(Outcome::Superseded),
        }
    }
}

/// The workspace with the texts of the drafts, or what is wrong with them.
fn drafted(
    saved: &Arc<Workspace>,
    files: &[DraftText],
) -> Result<Result<Arc<Workspace>, Vec<Finding>>, ErrorDto> {
    let policies = |f: &DraftText| {
        matches!(crate::files::kind(Utf8Path::new(&f.path)), FileKind::Guardrails | FileKind::Scope)
    };
    if let Some(other) = files.iter().find(|f| !policies(f)) {
        let message =
            format!("`{}` is no policy file, and only those are judged unsaved", other.path);
        return Err(ErrorDto::bad_request(message));
    }
    let text =
        |path: &Utf8Path| files.iter().find(|f| f.path == path.as_str()).map(|f| f.text.as_str());
    let overlay = |path: &Utf8Path| text(path).map(str::to_owned);
    let drafted = Workspace::load_with(&saved.root, &overlay)
        .map_err(|e| ErrorDto::new(ErrorCode::NotAWorkspace, e.to_string()))?;
    let errors = drafted.findings.iter().filter(|f| f.severity == Severity::Error);
    let broken: Vec<Finding> = errors.map(|f| view::finding(f, text(&f.file))).collect();
    Ok(if broken.is_empty() { Ok(Arc::new(drafted)) } else { Err(broken) })
}

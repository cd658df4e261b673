//! Judging unsaved text: what the window shows follows the drafts.
//!
//! A newer request abandons an older one. A text that does not parse leaves the last good verdicts as
//! they are.

use super::judging::while_true;
use super::{App, Shown, lock};
use crate::snapshot::Snapshot;
use crate::wire::*;
use crate::{files, view};
use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::Workspace;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// What judging drafts came to.
enum Outcome {
    Judged(Arc<Snapshot>),
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
        let (state, broken, judged) = match outcome {
            Outcome::Judged(snapshot) => (DraftState::Judged, Vec::new(), Some(snapshot)),
            Outcome::Broken(findings) => (DraftState::Broken, findings, self.snapshot()?),
            Outcome::Superseded => (DraftState::Superseded, Vec::new(), self.snapshot()?),
            Outcome::Waiting => (DraftState::Waiting, Vec::new(), self.snapshot()?),
        };
        let revision = self.0.revision.load(Ordering::SeqCst);
        let summary = judged.as_ref().map(|s| s.summary);
        let policies = judged.map(|s| view::policies(&s.workspace, Some(&s))).unwrap_or_default();
        Ok(DraftsJudged { revision, state, broken, summary, policies, micros })
    }

    /// Judges texts on the side: what is shown stays as it is.
    pub(crate) fn try_drafts(&self, request: Drafts) -> Result<DraftsTried, ErrorDto> {
        let ticket = self.0.trials.fetch_add(1, Ordering::SeqCst) + 1;
        let reading = self.0.reading.load(Ordering::SeqCst);
        let texts = texts(&request.files)?;
        let saved = self.with_open(|open| Arc::clone(&open.workspace))?;
        let shown = self.judged()?;
        let drafted = match drafted(&saved, &texts) {
            Ok(drafted) => drafted,
            Err(broken) => return Ok(DraftsTried { broken, changed: None }),
        };
        let is_wanted =
            || self.0.trials.load(Ordering::SeqCst) == ticket && self.is_current(reading);
        let tried = self.judge(&drafted, &shown.recordings, &|| while_true(is_wanted()));
        let changed = tried.ok().map(|tried| {
            view::changed_calls(&tried, None, &tried.verdicts.differences(&shown.verdicts))
        });
        Ok(DraftsTried { broken: Vec::new(), changed })
    }

    fn judge_texts(&self, files: &[DraftText], ticket: u32) -> Result<Outcome, ErrorDto> {
        let texts = texts(files)?;
        let (saved, recordings, reading) = self.with_open(|open| {
            let reading = self.0.reading.load(Ordering::SeqCst);
            (Arc::clone(&open.workspace), open.recordings.clone(), reading)
        })?;
        let Some(recordings) = recordings else {
            return Ok(Outcome::Waiting);
        };
        let drafted = match drafted(&saved, &texts) {
            Ok(drafted) => drafted,
            Err(broken) => return Ok(Outcome::Broken(broken)),
        };
        let is_wanted =
            || self.0.drafts.load(Ordering::SeqCst) == ticket && self.is_current(reading);
        let judged = self.judge(&drafted, &recordings, &|| while_true(is_wanted()));
        let Ok(snapshot) = judged.map(Arc::new) else {
            return Ok(Outcome::Superseded);
        };
        let mut guard = lock(&self.0.open);
        let Some(open) = guard.as_mut().filter(|_| is_wanted()) else {
            return Ok(Outcome::Superseded);
        };
        self.next_revision();
        open.shown = Some(Shown { snapshot: Arc::clone(&snapshot), reading });
        self.check_later(&snapshot);
        Ok(Outcome::Judged(snapshot))
    }
}

fn texts(files: &[DraftText]) -> Result<Vec<(Utf8PathBuf, String)>, ErrorDto> {
    let text = |file: &DraftText| match files::kind(Utf8Path::new(&file.path)) {
        FileKind::Guardrails | FileKind::Scope => Ok((file.path.clone().into(), file.text.clone())),
        _ => Err(ErrorDto::bad_request(format!("`{}` is no policy file", file.path))
            .help(Some("save it: only policies are judged unsaved".into()))),
    };
    files.iter().map(text).collect()
}

/// The workspace with unsaved texts, or why there is nothing sure to judge.
fn drafted(
    saved: &Arc<Workspace>,
    texts: &[(Utf8PathBuf, String)],
) -> Result<Arc<Workspace>, Vec<Finding>> {
    if texts.is_empty() && saved.is_valid() {
        return Ok(Arc::clone(saved));
    }
    saved.with_texts(texts).map(Arc::new).map_err(|broken| {
        let text = |file: &Utf8Path| {
            let draft = texts.iter().find(|(path, _)| path == file).map(|(_, text)| text.as_str());
            draft.or_else(|| saved.text(file))
        };
        broken.iter().map(|f| view::finding(f, text(&f.file))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AppOptions, Initial};

    /// The sample, open and replayed.
    fn opened() -> (App, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let data = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let emit = Box::new(|_| ());
        let app = App::new(AppOptions { data, initial: Initial::Nothing, emit });
        app.open_sample(Nothing {}).unwrap();
        app.wait();
        (app, folder)
    }

    fn draft(text: &str) -> Drafts {
        Drafts { files: vec![DraftText { path: "guardrails/new.cedar".into(), text: text.into() }] }
    }

    /// The older one is made to wait until the newer one has come.
    #[test]
    fn a_newer_draft_abandons_an_older_one() {
        let (app, _folder) = opened();
        let busy = lock(&app.0.live);
        let before = app.0.drafts.load(Ordering::SeqCst);
        let come = |many| while app.0.drafts.load(Ordering::SeqCst) < before + many {};
        let [older, newer] = std::thread::scope(|scope| {
            let older = scope.spawn(|| app.judge_drafts(draft("")).unwrap());
            come(1);
            let all = "forbid (principal, action, resource);";
            let newer = scope.spawn(|| app.judge_drafts(draft(all)).unwrap());
            come(2);
            drop(busy);
            [older.join().unwrap(), newer.join().unwrap()]
        });
        assert_eq!((older.state, newer.state), (DraftState::Superseded, DraftState::Judged));
        assert_eq!(newer.summary.unwrap().allowed, 0);
        assert_eq!(app.snapshot().unwrap().unwrap().summary, newer.summary.unwrap());
    }

    #[test]
    fn a_draft_waits_for_the_recordings() {
        let (app, _folder) = opened();
        if let Some(open) = lock(&app.0.open).as_mut() {
            open.recordings = None;
        }
        let waiting = app.judge_drafts(draft("")).unwrap();
        assert_eq!(waiting.state, DraftState::Waiting);
        assert!(waiting.summary.is_some(), "what was shown stays");
    }

    /// Else a judgement that panicked would end all others.
    #[test]
    fn a_judgement_that_panicked_is_not_built_on() {
        let (app, _folder) = opened();
        let before = app.snapshot().unwrap().unwrap().summary;
        let panicking = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _half_done = app.0.live.lock().unwrap();
                    panic!("in the middle");
                })
                .join()
        });
        assert!(panicking.is_err());
        let after = app.judge_drafts(Drafts { files: Vec::new() }).unwrap();
        assert_eq!((after.state, after.summary), (DraftState::Judged, Some(before)));
    }
}

//! What changes are counted against: what is saved, or the workspace as it was at a git revision.
//!
//! The recordings are those of today; a revision only says by which policies, schema and entities they
//! are judged. Its verdicts are worked out when somebody asks, and again when the recordings changed.

use super::judging::while_true;
use super::{App, lock};
use crate::git;
use crate::open::workspace_sources;
use crate::view;
use crate::wire::*;
use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::Workspace;
use remit_replay::{Corpus, CorpusBuilder, LiveReplay, Verdicts};
use remit_session::{Limits, locate, read_each};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A revision that changes are counted against.
pub(super) struct Pinned {
    /// The folder of the workspace that was open.
    root: Utf8PathBuf,
    revision: String,
    subject: Option<String>,
    workspace: Arc<Workspace>,
    /// Of these recordings.
    judged: Option<(Arc<Corpus>, Arc<Verdicts>)>,
}

impl App {
    pub(crate) fn pin_baseline(&self, request: PinBaseline) -> Result<Baseline, ErrorDto> {
        let open = self.with_open(|open| Arc::clone(&open.workspace))?;
        let pinned = match request.revision {
            Some(revision) => Some(at_revision(&open.root, &revision)?),
            None => None,
        };
        *lock(&self.0.pinned) = pinned;
        let verdicts = self.pinned_verdicts()?;
        let guard = lock(&self.0.pinned);
        Ok(Baseline {
            revision: guard.as_ref().map(|p| p.revision.clone()),
            subject: guard.as_ref().and_then(|p| p.subject.clone()),
            summary: verdicts.map(|v| view::summary_of(&v.counts())),
        })
    }

    /// One byte a tool call, as [`App::verdict_column`], by the pinned revision; empty without one.
    ///
    /// # Errors
    /// [`ErrorCode::NoWorkspace`].
    pub fn baseline_column(&self) -> Result<Vec<u8>, ErrorDto> {
        Ok(self.pinned_verdicts()?.map(|v| v.column().to_vec()).unwrap_or_default())
    }

    pub(crate) fn changed_calls(&self, _: Nothing) -> Result<ChangedCalls, ErrorDto> {
        let pinned = self.pinned_verdicts()?;
        let revision = lock(&self.0.pinned).as_ref().map(|p| p.revision.clone());
        let (shown, saved, previous) = self.with_open(|open| {
            let shown = open.shown.as_ref().map(|s| Arc::clone(&s.snapshot));
            (shown, open.saved.clone(), open.previous.clone())
        })?;
        let shown = shown.ok_or_else(|| ErrorDto::not_found("nothing has been replayed yet"))?;
        let is_saved = saved.as_ref().is_some_and(|saved| Arc::ptr_eq(saved, &shown));
        let against = if is_saved { previous } else { saved };
        let against = pinned.or_else(|| against.map(|s| Arc::clone(&s.verdicts)));
        let differences = against.map(|b| shown.verdicts.differences(&b)).unwrap_or_default();
        Ok(view::changed_calls(&shown, revision, &differences))
    }

    /// The verdicts by the pinned revision; `None` without one, or while recordings are read.
    pub(super) fn pinned_verdicts(&self) -> Result<Option<Arc<Verdicts>>, ErrorDto> {
        let (root, recordings) =
            self.with_open(|open| (open.workspace.root.clone(), open.recordings.clone()))?;
        let mut guard = lock(&self.0.pinned);
        // What was pinned for another workspace says nothing of this one.
        let Some(pinned) = guard.as_mut().filter(|pinned| pinned.root == root) else {
            *guard = None;
            return Ok(None);
        };
        let Some(recordings) = recordings else { return Ok(None) };
        if let Some((of, known)) = &pinned.judged
            && Arc::ptr_eq(of, &recordings.corpus)
        {
            return Ok(Some(Arc::clone(known)));
        }
        let open = self.with_open(|open| Arc::clone(&open.workspace))?;
        let corpus = match recordings.corpus.fits(&pinned.workspace) {
            true => Arc::clone(&recordings.corpus),
            false => Arc::new(read_for(&pinned.workspace, &open)),
        };
        let judged = LiveReplay::new(corpus).judge(&pinned.workspace, &|| while_true(true));
        let Ok(verdicts) = judged else { return Ok(None) };
        pinned.judged = Some((Arc::clone(&recordings.corpus), Arc::clone(&verdicts)));
        Ok(Some(verdicts))
    }
}

/// The workspace as it was; it must make sense, for there is nobody who could mend it.
fn at_revision(root: &Utf8Path, revision: &str) -> Result<Pinned, ErrorDto> {
    let tree = git::tree_at(root, revision, "./", root.as_str()).map_err(refused)?;
    let copy = git::write_out(root, &tree).map_err(refused)?;
    let folder = Utf8Path::from_path(copy.path())
        .ok_or_else(|| ErrorDto::new(ErrorCode::Io, "the temporary folder is not UTF-8"))?;
    let workspace = Workspace::load(folder)
        .map_err(|_| ErrorDto::not_found(format!("there was no workspace here at `{revision}`")))?;
    if let Some(wrong) =
        workspace.findings.iter().find(|f| f.severity == remit_policy::Severity::Error)
    {
        let message =
            format!("at `{revision}` the workspace was wrong: {}: {}", wrong.file, wrong.message);
        return Err(ErrorDto::new(ErrorCode::InvalidText, message)
            .help(Some("choose another revision".into())));
    }
    let subject = git::git(root, &["log", "-1", "--format=%s", revision, "--"]).map_err(refused)?;
    Ok(Pinned {
        root: root.to_owned(),
        revision: revision.to_owned(),
        subject: subject.fine.then(|| subject.text.trim().to_owned()),
        workspace: Arc::new(workspace),
        judged: None,
    })
}

/// The recordings of `open` as requests of another workspace, in the same order.
fn read_for(workspace: &Workspace, open: &Workspace) -> Corpus {
    let mut builder = CorpusBuilder::new(workspace);
    let found = locate(&workspace_sources(open), None);
    let mut add = |file, of: &_| {
        builder.add_located(file, of);
        ControlFlow::Continue(())
    };
    // Nobody cancels, so that what is not read is only what cannot be.
    let read = |add: &mut dyn FnMut(_, &_) -> ControlFlow<()>| {
        read_each(found.files, &Limits::default(), &mut |_| while_true(true), &mut |file, of| {
            add(file, &of)
        })
    };
    let _ = read(&mut add);
    builder.finish()
}

pub(super) fn refused(error: git::GitError) -> ErrorDto {
    let code = match error {
        git::GitError::NoRevision { .. } | git::GitError::NoFolder { .. } => ErrorCode::NotFound,
        _ => ErrorCode::Io,
    };
    let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
    ErrorDto::new(code, error.to_string()).help(help)
}

//! Judging the workspace as it is saved, on a thread.

use super::{App, Open, Shown, lock};
use crate::recordings::Recordings;
use crate::snapshot::Snapshot;
use crate::wire::*;
use remit_policy::{Severity, Workspace};
use remit_replay::{Cancelled, LiveReplay};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl App {
    /// Reads the recordings, if they are not there, and judges them.
    pub(super) fn start_replay(&self, reading: u32) {
        let app = self.clone();
        std::thread::spawn(move || app.replay(reading));
    }

    pub(super) fn is_current(&self, reading: u32) -> bool {
        self.0.reading.load(Ordering::SeqCst) == reading
    }

    fn replay(&self, reading: u32) {
        let Ok((workspace, known)) =
            self.with_open(|o| (Arc::clone(&o.workspace), o.recordings.clone()))
        else {
            return;
        };
        let Some(recordings) = known.or_else(|| self.load(&workspace, reading)) else {
            return;
        };
        let go_on = || while_true(self.is_current(reading));
        let snapshot = match workspace.is_valid() {
            true => match self.judge(&workspace, &recordings, &go_on) {
                Ok(snapshot) => Some(Arc::new(snapshot)),
                Err(Cancelled) => return,
            },
            false => None,
        };
        let mut guard = lock(&self.0.open);
        let Some(open) = guard.as_mut().filter(|_| self.is_current(reading)) else {
            return;
        };
        open.recordings = Some(recordings);
        open.settle(snapshot, reading);
        if let Some(shown) = &open.shown {
            self.check_later(&shown.snapshot);
        }
        drop(guard);
        self.emit(AppEvent::ReplayFinished { revision: self.0.revision.load(Ordering::SeqCst) });
    }

    /// Judges `recordings`, which fit `workspace`. One judgement runs at a time.
    pub(super) fn judge(
        &self,
        workspace: &Arc<Workspace>,
        recordings: &Arc<Recordings>,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Snapshot, Cancelled> {
        let mut guard = self.0.live.lock().unwrap_or_else(|poisoned| {
            // A judgement that panicked left something half done.
            self.0.live.clear_poison();
            let mut guard = poisoned.into_inner();
            *guard = None;
            guard
        });
        if go_on().is_break() {
            return Err(Cancelled);
        }
        let live = match &mut *guard {
            Some(live) if Arc::ptr_eq(live.corpus(), &recordings.corpus) => live,
            other => other.insert(LiveReplay::new(Arc::clone(&recordings.corpus))),
        };
        let verdicts = live.judge(workspace, go_on)?;
        Ok(Snapshot::new(Arc::clone(workspace), Arc::clone(recordings), verdicts))
    }
}

impl Open {
    /// The replay of the saved workspace is done; without a snapshot, it cannot be judged. What drafts
    /// on top of the same reading came to is newer, and stays.
    fn settle(&mut self, snapshot: Option<Arc<Snapshot>>, reading: u32) {
        let Some(snapshot) = snapshot else {
            self.replay = ReplayState::Blocked { why: why_blocked(&self.workspace), last: None };
            return;
        };
        self.replay = ReplayState::Ready { summary: snapshot.summary };
        self.previous = self.saved.replace(Arc::clone(&snapshot));
        if self.shown.as_ref().is_none_or(|shown| shown.reading != reading) {
            self.shown = Some(Shown { snapshot, reading });
        }
    }
}

pub(super) fn while_true(wanted: bool) -> ControlFlow<()> {
    if wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

fn why_blocked(workspace: &Workspace) -> String {
    let mut errors = workspace.findings.iter().filter(|f| f.severity == Severity::Error);
    let first = errors.next().map(|f| format!("{}: {}", f.file, f.message)).unwrap_or_default();
    match errors.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    }
}

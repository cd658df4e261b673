//! Reading the recordings of the workspace: as they were kept, or one at a time.

use super::App;
use super::judging::while_true;
use crate::open::workspace_sources;
use crate::recordings::Recordings;
use crate::wire::AppEvent;
use camino::Utf8PathBuf;
use remit_policy::Workspace;
use remit_replay::{Corpus, CorpusBuilder};
use remit_session::{Found, Limits, LoadError, locate, read_each};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// At most thirty progress events a second: the window cannot show more.
const PROGRESS_EVERY: Duration = Duration::from_millis(33);

impl App {
    /// The recordings of `workspace`; `None` if nobody wants them any more.
    pub(super) fn load(&self, workspace: &Workspace, reading: u32) -> Option<Arc<Recordings>> {
        let found = locate(&workspace_sources(workspace), None);
        match Corpus::open_cached(workspace, &found) {
            Ok(corpus) => return Some(Arc::new(Recordings::new(corpus))),
            Err(reason) => tracing::debug!(%reason, "the recordings are read"),
        }
        let corpus = self.read(workspace, found.clone(), reading).ok()?;
        let recordings = Arc::new(Recordings::new(corpus));
        keep(Arc::clone(&recordings.corpus), workspace.root.clone(), found);
        Some(recordings)
    }

    fn read(&self, workspace: &Workspace, found: Found, reading: u32) -> Result<Corpus, LoadError> {
        let builder = RefCell::new(CorpusBuilder::new(workspace));
        let told: Cell<Option<Instant>> = Cell::new(None);
        let mut progress = |p: remit_session::Progress| {
            if told.get().is_none_or(|at| at.elapsed() >= PROGRESS_EVERY) {
                told.set(Some(Instant::now()));
                self.emit(AppEvent::LoadProgress {
                    revision: self.0.revision.load(Ordering::SeqCst),
                    done: p.files_done as u32,
                    total: p.files_total as u32,
                    tool_calls: builder.borrow().call_count() as u32,
                });
            }
            while_true(self.is_current(reading))
        };
        let unread = read_each(found.files, &Limits::default(), &mut progress, &mut |file, of| {
            builder.borrow_mut().add_located(file, &of);
            ControlFlow::Continue(())
        })?;
        let mut builder = builder.into_inner();
        builder.skip(found.skipped);
        builder.skip(unread);
        Ok(builder.finish())
    }
}

/// Keeps the corpus for the next time, beside the work that somebody waits for. Without it, opening
/// takes longer, and nothing else is lost.
fn keep(corpus: Arc<Corpus>, root: Utf8PathBuf, found: Found) {
    std::thread::spawn(move || {
        if let Err(error) = corpus.save(&root, &found) {
            tracing::warn!(%error, "the recordings will be read again the next time");
        }
    });
}

//! Reading the recordings of the workspace, one at a time.

use super::App;
use super::judging::while_true;
use crate::open::workspace_sources;
use crate::recordings::Recordings;
use crate::wire::AppEvent;
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
        let corpus = self.read(workspace, found, reading).ok()?;
        Some(Arc::new(Recordings::new(corpus)))
    }

    fn read(&self, workspace: &Workspace, found: Found, reading: u32) -> Result<Corpus, LoadError> {
        let builder = RefCell::new(CorpusBuilder::new(workspace));
        let told = Cell::new(Instant::now());
        let mut progress = |p: remit_session::Progress| {
            if told.get().elapsed() >= PROGRESS_EVERY {
                told.set(Instant::now());
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

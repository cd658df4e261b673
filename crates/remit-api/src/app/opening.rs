//! Reading the workspace: when it is opened, saved, or changed by somebody else.

use super::{App, Open, lock, none_open};
use crate::files;
use crate::watch::Watch;
use crate::wire::*;
use camino::Utf8Path;
use remit_policy::Workspace;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl App {
    pub(super) fn open(&self, root: &Utf8Path, is_sample: bool) -> Result<WorkspaceView, ErrorDto> {
        let workspace = Arc::new(load_workspace(root)?);
        let name = workspace.config.name.clone();
        let mut open = lock(&self.0.open);
        let reading = self.next_reading();
        let replay = ReplayState::Running { done: 0, total: 0 };
        let opened = open.insert(Open {
            workspace,
            is_sample,
            recordings: None,
            shown: None,
            saved: None,
            previous: None,
            replay,
        });
        let view = self.view_of(opened);
        drop(open);
        lock(&self.0.settings).opened(root.as_str(), &name);
        self.watch(root);
        self.start_replay(reading);
        Ok(view)
    }

    /// Reads the workspace again after `paths` changed, and replays it.
    pub(super) fn reload(
        &self,
        paths: &[String],
        recordings_changed: bool,
    ) -> Result<WorkspaceView, ErrorDto> {
        let root = self.with_open(|open| open.workspace.root.clone())?;
        let workspace = Arc::new(load_workspace(&root)?);
        let other = recordings_changed || paths.iter().any(|p| p == "remit.toml");
        let mut guard = lock(&self.0.open);
        let reading = self.next_reading();
        let open =
            guard.as_mut().filter(|open| open.workspace.root == root).ok_or_else(none_open)?;
        open.recordings = open.recordings.take().filter(|r| !other && r.corpus.fits(&workspace));
        open.workspace = workspace;
        open.replay = ReplayState::Running { done: 0, total: 0 };
        let view = self.view_of(open);
        drop(guard);
        self.start_replay(reading);
        Ok(view)
    }

    /// What was begun for an older reading is abandoned from now on.
    fn next_reading(&self) -> u32 {
        self.next_revision();
        self.0.reading.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn watch(&self, root: &Utf8Path) {
        let app = self.clone();
        *lock(&self.0.watch) = Watch::start(root, Box::new(move |paths| app.noticed(paths)))
            .inspect_err(|error| tracing::warn!(%error, "changes on disk will not be noticed"))
            .ok();
    }

    /// Something changed on disk. What the app itself wrote changes nothing that it does not know.
    fn noticed(&self, paths: Vec<String>) {
        let Ok(before) = self.with_open(|open| Arc::clone(&open.workspace)) else {
            return;
        };
        let recordings_changed = paths.iter().any(|p| files::is_recording(&before, p));
        if !recordings_changed && files::is_as_read(&before, &paths) {
            if paths.iter().any(|path| files::is_beside(path)) {
                let revision = self.0.revision.load(Ordering::SeqCst);
                self.emit(AppEvent::WorkspaceChanged { revision, paths });
            }
            return;
        }
        if let Err(error) = self.reload(&paths, recordings_changed) {
            tracing::warn!(message = error.message, "the workspace could not be read again");
            return;
        }
        let revision = self.0.revision.load(Ordering::SeqCst);
        self.emit(AppEvent::WorkspaceChanged { revision, paths });
    }
}

fn load_workspace(root: &Utf8Path) -> Result<Workspace, ErrorDto> {
    Workspace::load(root).map_err(|error| {
        let help = miette::Diagnostic::help(&error).map(|h| h.to_string());
        ErrorDto::new(ErrorCode::NotAWorkspace, error.to_string()).help(help)
    })
}

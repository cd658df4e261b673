//! Notices that others change files of the open workspace.

use camino::{Utf8Path, Utf8PathBuf};
use notify::{Event, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Editors write a file in several steps; what comes within this time is one change.
const QUIET: Duration = Duration::from_millis(200);

/// Watches a folder until dropped.
pub(crate) struct Watch {
    _watcher: notify::RecommendedWatcher,
}

impl Watch {
    /// Calls `changed` with the paths (relative to `root`, sorted) after each burst of changes.
    pub fn start(
        root: &Utf8Path,
        changed: Box<dyn Fn(Vec<String>) + Send>,
    ) -> notify::Result<Self> {
        let (sender, events) = channel();
        let mut watcher = notify::recommended_watcher(move |event| {
            // The receiver is gone only when the watch is, and then nobody wants to know.
            let _ = sender.send(event);
        })?;
        // Events name the path that was watched: resolve links first, so that both agree.
        let root = root.canonicalize_utf8().unwrap_or_else(|_| root.to_owned());
        watcher.watch(root.as_std_path(), RecursiveMode::Recursive)?;
        std::thread::spawn(move || collect(&root, &events, &*changed));
        Ok(Watch { _watcher: watcher })
    }
}

fn collect(
    root: &Utf8Path,
    events: &Receiver<notify::Result<Event>>,
    changed: &dyn Fn(Vec<String>),
) {
    let mut paths = BTreeSet::new();
    loop {
        let next = if paths.is_empty() {
            events.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            events.recv_timeout(QUIET)
        };
        match next {
            Ok(Ok(event)) if !event.kind.is_access() => {
                paths.extend(event.paths.iter().filter_map(|p| relevant(root, p)))
            }
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => {
                changed(std::mem::take(&mut paths).into_iter().collect())
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Relative to the workspace; hidden files (our cache, git, editors' swap files) are nobody's edit.
fn relevant(root: &Utf8Path, path: &std::path::Path) -> Option<String> {
    let path = Utf8PathBuf::from_path_buf(path.to_owned()).ok()?;
    let relative = path.strip_prefix(root).ok()?;
    let hidden = relative.components().any(|c| c.as_str().starts_with('.'));
    (!hidden && !relative.as_str().is_empty()).then(|| relative.to_string())
}

//! Checks what is shown, in the background, when nobody types.

use super::{App, Shared};
use crate::self_check::check;
use crate::snapshot::Snapshot;
use crate::wire::AppEvent;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// An author who pauses for so long looks at the verdicts.
const QUIET: Duration = Duration::from_millis(300);

/// What to check: a snapshot and the revision that it is shown as.
pub(super) type Check = (Arc<Snapshot>, u32);

/// Something to check may be put in; only the newest is.
pub(super) fn inbox() -> (Sender<Check>, Receiver<Check>) {
    channel()
}

/// Checks until the app is gone.
pub(super) fn start(app: &Arc<Shared>, inbox: Receiver<Check>) {
    let app = Arc::downgrade(app);
    std::thread::spawn(move || {
        while let Ok(mut newest) = inbox.recv() {
            while let Ok(newer) = inbox.recv_timeout(QUIET) {
                newest = newer;
            }
            run(&app, newest);
        }
    });
}

fn run(app: &Weak<Shared>, (snapshot, revision): Check) {
    let is_shown =
        || app.upgrade().is_some_and(|app| app.revision.load(Ordering::SeqCst) == revision);
    let Some(checked) = check(&snapshot, revision, &is_shown) else {
        return;
    };
    tracing::debug!(revision, calls = checked.calls, wrong = checked.wrong, "checked");
    let (Some((example, details)), Some(app)) = (checked.example, app.upgrade()) else {
        return;
    };
    tracing::error!(revision, wrong = checked.wrong, details, "verdicts are wrong");
    App(app).emit(AppEvent::SelfCheckFailed {
        revision,
        checked: checked.calls,
        wrong: checked.wrong,
        example,
        details,
    });
}

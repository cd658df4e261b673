//! An app on a copy of the fixture workspace, called the way a host calls it.

use camino::{Utf8Path, Utf8PathBuf};
use remit_api::wire::AppEvent;
use remit_api::{App, AppOptions, Initial, dispatch};
use serde_json::{Value, json};
use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

pub struct Host {
    pub app: App,
    pub events: Receiver<AppEvent>,
    pub root: Utf8PathBuf,
    folder: tempfile::TempDir,
}

impl Host {
    /// With a copy of the fixture that is not open yet.
    pub fn new() -> Self {
        Host::starting_with(|_| Initial::Nothing)
    }

    pub fn starting_with(initial: impl Fn(&Utf8Path) -> Initial) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        let root = base.join("payments-desk");
        copy(&Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture"), &root);
        let (sender, events) = channel();
        let emit = Box::new(move |event| drop(sender.send(event)));
        let app = App::new(AppOptions { data: base.join("data"), initial: initial(&root), emit });
        Host { app, events, root, folder }
    }

    /// With the fixture open and replayed.
    pub fn opened() -> Self {
        let host = Host::new();
        host.ok("open_workspace", json!({ "path": host.root }));
        host.app.wait();
        host
    }

    /// The app as it is when it is started again: with the same data, on the same disk.
    pub fn again(&self) -> Again {
        let data = self.beside("data");
        let emit = Box::new(|_| ());
        Again(App::new(AppOptions { data, initial: Initial::Nothing, emit }))
    }

    /// Another folder beside the workspace.
    pub fn beside(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().canonicalize_utf8().unwrap().join(name)
    }

    pub fn ok(&self, command: &str, request: Value) -> Value {
        dispatch(&self.app, command, request).unwrap_or_else(|e| panic!("{command}: {}", e.message))
    }

    pub fn err(&self, command: &str, request: Value) -> Value {
        serde_json::to_value(dispatch(&self.app, command, request).unwrap_err()).unwrap()
    }

    /// The next event of this kind; other kinds are passed over.
    pub fn event(&self, kind: &str) -> Value {
        loop {
            let event = self.events.recv_timeout(Duration::from_secs(20)).expect(kind);
            let event = serde_json::to_value(event).unwrap();
            if event["event"] == kind {
                return event;
            }
        }
    }

    /// The text of a file in the editor, and its digest.
    pub fn file(&self, path: &str) -> (String, String) {
        let file = self.ok("read_file", json!({ "path": path }));
        (file["text"].as_str().unwrap().to_owned(), file["digest"].as_str().unwrap().to_owned())
    }
}

/// A later start of an app.
pub struct Again(App);

impl Again {
    pub fn ok(&self, command: &str, request: Value) -> Value {
        dispatch(&self.0, command, request).unwrap_or_else(|e| panic!("{command}: {}", e.message))
    }

    pub fn err(&self, command: &str, request: Value) -> Value {
        serde_json::to_value(dispatch(&self.0, command, request).unwrap_err()).unwrap()
    }
}

fn copy(from: &Utf8Path, to: &Utf8Path) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

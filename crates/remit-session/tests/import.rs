//! Small recordings, what they read as, and what was said about them: the pages of `tests/import`.
//!
//! A page begins with prose. `=== file NAME` begins a file (of which a page may have several, laid
//! out in one folder), `=== reads as` holds the sessions in the notation, `=== said` the warnings and
//! the files that were skipped. `UPDATE=1` rewrites what was read; read the difference.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed"
)]

use camino::{Utf8Path, Utf8PathBuf};
use remit_session::{Limits, Loaded, Session, Source, load, to_notation};
use std::fs;
use std::ops::ControlFlow;

#[test]
fn pages() {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import");
    let mut pages: Vec<_> =
        folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().path().to_owned()).collect();
    pages.sort();
    assert!(!pages.is_empty());
    let wrong: Vec<_> = pages.iter().filter(|page| !is_right(page)).collect();
    assert!(wrong.is_empty(), "pages that read otherwise than they say: {wrong:?}");
}

fn is_right(path: &Utf8Path) -> bool {
    let page = fs::read_to_string(path).unwrap();
    let found = format!("{}{}", input(&page), output(&read(&page)));
    if std::env::var("UPDATE").is_ok() {
        fs::write(path, &found).unwrap();
    }
    if page != found {
        eprintln!("{path} reads as\n{}", output(&read(&page)));
    }
    page == found
}

/// The page without what was read.
fn input(page: &str) -> &str {
    page.split_once("=== reads as").map_or(page, |(input, _)| input)
}

fn read(page: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    for file in input(page).split("=== file ").skip(1) {
        let (name, text) = file.split_once('\n').unwrap();
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), text).unwrap();
    }
    let source = Source { path: root.clone(), shown_from: root };
    load(&[source], None, &Limits::default(), &mut |_| ControlFlow::Continue(())).unwrap()
}

fn output(loaded: &Loaded) -> String {
    let mut read = String::from("=== reads as\n");
    let mut said = String::from("=== said\n");
    for recording in &loaded.recordings {
        let sessions = recording.sessions.len();
        let calls: usize =
            recording.sessions.iter().map(|session: &Session| session.calls().count()).sum();
        let (path, format, manifests) =
            (&recording.path, recording.format, recording.manifests.len());
        read += &format!(
            "# {path}: {format}, sessions {sessions}, calls {calls}, manifests {manifests}\n"
        );
        read += &to_notation(&recording.sessions);
        for warning in &recording.warnings {
            said +=
                &format!("{path}: {}, {} (x{})\n", warning.message, warning.place, warning.count);
        }
    }
    for skipped in &loaded.skipped {
        said += &format!("{} was skipped: {}\n", skipped.path, skipped.why);
    }
    read + &said
}

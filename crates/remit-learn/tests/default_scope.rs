//! The default scope of a small set of sessions, in `default_scope/`: `UPDATE=1` rewrites what is expected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use camino::Utf8Path;
use remit_learn::{DEFAULT_SCOPE, Profile, default_scope};
use remit_policy::Workspace;
use remit_policy::new_workspace::{Observed, workspace_from_tools, write_workspace};
use remit_replay::infer_manifests;
use remit_session::{Limits, Recording, Source, load};
use std::fs;
use std::ops::ControlFlow;

fn recordings(folder: &Utf8Path) -> Vec<Recording> {
    let path = folder.join("sessions.session");
    let sources = [Source { path, shown_from: folder.to_owned() }];
    load(&sources, None, &Limits::default(), &mut |_| ControlFlow::Continue(())).unwrap().recordings
}

/// A workspace for the sessions, with `scope` as its default.
fn workspace(root: &Utf8Path, recordings: &[Recording], scope: Option<&str>) -> Workspace {
    let manifests = infer_manifests(recordings, "tools");
    let observed =
        Observed { name: "w", manifests: &manifests, agents: &[], servers: &[], recordings: &[] };
    let mut files = workspace_from_tools(&observed).unwrap().files;
    files.extend(scope.map(|text| (DEFAULT_SCOPE.into(), text.to_owned())));
    write_workspace(root, &files).unwrap();
    Workspace::load(root).unwrap()
}

#[test]
fn a_profile_becomes_the_expected_scope() {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/default_scope");
    let recordings = recordings(&folder);
    let temporary = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(temporary.path()).unwrap();
    let made = workspace(&root.join("one"), &recordings, None);
    let sessions = || recordings.iter().flat_map(|of| of.sessions.iter().map(move |s| (of, s)));
    let texts = [
        ("bare.cedar", default_scope(&Profile::default())),
        ("profile.cedar", default_scope(&Profile::of(&made, sessions()))),
    ];
    for (name, text) in texts {
        let path = folder.join(name);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{name}");
        let with = workspace(&root.join(name), &recordings, Some(&text));
        let wrong: Vec<_> = with.findings.iter().filter(|f| f.file == DEFAULT_SCOPE).collect();
        assert!(wrong.is_empty(), "{name} is valid, and needs no advice: {wrong:?}");
    }
}

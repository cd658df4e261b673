//! Both engines give the same replay, to the byte of its report, on all that the repository holds:
//! every shipped workspace on its own recordings, and on the whole test corpus.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::Workspace;
use remit_replay::{Engine, Replay, replay_with, report};
use remit_session::{Limits, Loaded, Source, load};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// A policy that fails on some calls, and one that fails on all.
const FAILING: [&str; 2] = [
    "@id(\"fails-late\") forbid(principal, action, resource) when { context.session.step + 9223372036854775800 > 0 };",
    "@id(\"fails\") permit(principal, action, resource) when { principal.absent == 1 };",
];

#[test]
fn the_matrix_and_the_reference_give_the_same_report() {
    let corpus = loaded(&root().join("tests/corpus"));
    let (mut judged, mut failed) = (0, 0);
    for folder in workspaces() {
        let saved = Workspace::load(&folder).unwrap();
        let own = loaded(&folder.join("sessions"));
        for failing in [&[], FAILING.as_slice()] {
            let workspace = break_policies(&saved, failing);
            for recordings in [&own, &corpus] {
                let replayed = same(&workspace, recordings, &folder);
                let calls = replayed.sessions.iter().flat_map(|s| &s.calls);
                for decided in calls.filter_map(|c| c.judged.as_ref()) {
                    judged += 1;
                    failed += usize::from(!decided.guardrails.errors.is_empty());
                }
            }
        }
    }
    assert!(judged > 400, "only {judged} calls were decided");
    assert!(failed > 200, "policies failed on {failed} calls only");
}

/// The workspace with `failing` as unsaved text of its guardrails and of every scope.
fn break_policies(workspace: &Workspace, failing: &[&str]) -> Workspace {
    let first = workspace.guardrails.policies.first().map(|policy| &policy.file);
    let scopes = workspace.scopes.iter().filter_map(|scope| scope.files.first());
    let files: BTreeSet<_> = scopes.chain(first).collect();
    let text = |file: &Utf8Path| [&[workspace.text(file).unwrap()], failing].concat().join("\n");
    let drafts: Vec<_> = files.into_iter().map(|file| (file.clone(), text(file))).collect();
    workspace.with_texts(&drafts).unwrap()
}

fn same(workspace: &Workspace, recordings: &Loaded, folder: &Utf8Path) -> Replay {
    let replayed = |engine| {
        let go_on = |_| ControlFlow::Continue(());
        replay_with(engine, workspace, &recordings.recordings, &go_on).unwrap()
    };
    let (matrix, reference) = (replayed(Engine::Matrix), replayed(Engine::Reference));
    for (one, other) in matrix.sessions.iter().zip(&reference.sessions) {
        let name = recordings.recordings.get(one.recording).map(|r| &r.path);
        assert_eq!(one.calls, other.calls, "{folder}, {name:?}");
    }
    let bytes = |replay: &Replay| serde_json::to_string(&report(replay, recordings)).unwrap();
    assert!(bytes(&matrix) == bytes(&reference), "{folder}: the reports differ");
    matrix
}

fn root() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize_utf8().unwrap()
}

/// The shipped ones, and the one of the proof by hand, which knows the tools of a corpus.
fn workspaces() -> Vec<Utf8PathBuf> {
    let shipped = root().join("policies").read_dir_utf8().unwrap();
    let mut folders: Vec<_> =
        shipped.map(|f| f.unwrap().into_path()).filter(|f| f.is_dir()).collect();
    folders.push(root().join("tests/suite/oracle/agentdojo"));
    folders.sort();
    folders
}

fn loaded(folder: &Utf8Path) -> Loaded {
    let source = Source { path: folder.to_owned(), shown_from: folder.to_owned() };
    let go_on = &mut |_| ControlFlow::Continue(());
    load(&[source], None, &Limits::default(), go_on).unwrap()
}

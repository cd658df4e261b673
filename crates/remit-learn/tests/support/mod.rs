//! A workspace made from sessions in notation, as `remit init --from` makes it.

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::Workspace;
use remit_policy::new_workspace::{Observed, workspace_from_tools, write_workspace};
use remit_replay::infer_manifests;
use remit_session::{Limits, Recording, Source, load};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// A workspace on disk, with the recordings that it was made from.
pub struct Made {
    _folder: tempfile::TempDir,
    pub workspace: Workspace,
    pub recordings: Vec<Recording>,
}

/// A workspace whose schema fits the sessions in `notation`, and whose guardrails permit all of them.
pub fn made_from(notation: &str) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let file = root.join("all.session");
    std::fs::write(&file, notation).unwrap();
    let source = Source { path: file, shown_from: root.clone() };
    let mut go_on = |_| ControlFlow::Continue(());
    let loaded = load(&[source], None, &Limits::default(), &mut go_on).unwrap();
    let recordings = loaded.recordings;
    let manifests = infer_manifests(&recordings, "tools");
    let sessions = recordings.iter().flat_map(|r| &r.sessions);
    let agents: BTreeSet<String> =
        sessions.flat_map(|s| s.lanes.iter().map(|lane| lane.agent.clone())).collect();
    let agents = Vec::from_iter(agents);
    let observed = Observed {
        name: "made",
        manifests: &manifests,
        agents: &agents,
        servers: &[],
        recordings: &[],
    };
    let workspace = root.join("workspace");
    write_workspace(&workspace, &workspace_from_tools(&observed).unwrap().files).unwrap();
    Made { workspace: load_workspace(&workspace), recordings, _folder: folder }
}

/// The workspace at `root`, which must be valid.
pub fn load_workspace(root: &Utf8Path) -> Workspace {
    let workspace = Workspace::load(root).unwrap();
    assert!(workspace.is_valid(), "{}", remit_policy::render::plain(&workspace.findings));
    workspace
}

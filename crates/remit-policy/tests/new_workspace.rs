//! New workspaces are whole or not there, valid from the start, and overwrite nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::new_workspace::{
    Observed, WriteError, workspace_from_tools, write_atomic, write_workspace,
};
use remit_policy::schema_gen::parse_manifest;
use remit_policy::{Workspace, render};

fn temporary() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    (folder, path)
}

#[test]
fn a_workspace_made_from_tools_is_valid_and_permits_them_all() {
    let (_folder, path) = temporary();
    let tools = r#"[{"name": "read-file", "inputSchema": {"type": "object", "properties": {"a-b": {"type": "string"}}}}, {"name": "say \"hi\""}]"#;
    let manifests = [parse_manifest("files", tools).unwrap()];
    let made = workspace_from_tools(&Observed {
        name: "my \"agents\"",
        manifests: &manifests,
        agents: &["claude".into(), "claude".into()],
        servers: &["builtin".into()],
        recordings: &[],
    })
    .unwrap();
    let root = path.join("deep/new");
    write_workspace(&root, &made.files).unwrap();
    let workspace = Workspace::load(&root).unwrap();
    assert_eq!(render::plain(&workspace.findings), "");
    assert_eq!(workspace.config.name, "my \"agents\"");
    let guardrail = &workspace.guardrails.policies[0];
    assert!(guardrail.annotations["why"].contains("permits every tool that was seen"));
    assert!(
        guardrail.text.contains("Action::\"read-file\"")
            && guardrail.text.contains("say \\\"hi\\\"")
    );
    assert!(workspace.scopes.is_empty());
    let entities: Vec<_> =
        ["Agent::\"claude\"", "Server::\"builtin\"", "Server::\"files\""].map(str::to_owned).into();
    let mut found: Vec<_> =
        workspace.entities.entities.iter().map(|e| e.uid().to_string()).collect();
    found.retain(|uid| !uid.starts_with("Action"));
    found.sort();
    assert_eq!(found, entities);
    assert_eq!(fs::read_to_string(root.join(".gitignore")).unwrap(), ".remit/\n");
}

#[test]
fn without_tools_nothing_is_permitted() {
    let observed = Observed {
        name: "x",
        manifests: &[],
        agents: &[],
        servers: &[],
        recordings: &["../r".into()],
    };
    let made = workspace_from_tools(&observed).unwrap();
    let text = |name: &str| made.files.iter().find(|(path, _)| path == name).unwrap().1.clone();
    assert!(!text("guardrails/observed.cedar").contains("permit ("));
    assert!(text("remit.toml").contains("paths = [\"../r\"]"));
}

#[test]
fn nothing_is_written_over_or_outside_or_by_half() {
    let (_folder, path) = temporary();
    fs::write(path.join("mine.txt"), "mine").unwrap();
    let files = [("remit.toml".into(), String::new())];
    assert!(matches!(write_workspace(&path, &files), Err(WriteError::NotEmpty { .. })));
    for bad in ["../x", "/x", "a/../../x", ""] {
        let files = [("remit.toml".into(), String::new()), (bad.into(), String::new())];
        let result = write_workspace(&path.join("new"), &files);
        assert!(matches!(result, Err(WriteError::Outside { .. })), "{bad}");
    }
    let clash = [("a".into(), String::new()), ("a/b".into(), String::new())];
    assert!(matches!(write_workspace(&path.join("new"), &clash), Err(WriteError::Io { .. })));
    let left: Vec<_> =
        path.read_dir_utf8().unwrap().map(|e| e.unwrap().file_name().to_owned()).collect();
    assert_eq!(left, ["mine.txt"]);
}

#[test]
fn an_empty_folder_may_become_a_workspace() {
    let (_folder, path) = temporary();
    write_workspace(&path, &[("guardrails/a.cedar".into(), "permit;")]).unwrap();
    assert_eq!(fs::read_to_string(path.join("guardrails/a.cedar")).unwrap(), "permit;");
}

#[cfg(unix)]
#[test]
fn saving_keeps_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (_folder, path) = temporary();
    let (file, link) = (path.join("a"), path.join("link"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, &link).unwrap();
    write_atomic(&link, b"new").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    write_atomic(Utf8Path::new(&path.join("fresh")), b"x").unwrap();
    let mode = fs::metadata(path.join("fresh")).unwrap().permissions().mode() & 0o700;
    assert_eq!(mode, 0o600);
    assert!(write_atomic(&path.join("gone/x"), b"x").is_err());
}

//! Who may depend on whom, and on what. The arrows of ARCHITECTURE.md, as a test.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Crate, and the only crates of ours that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("remit-session", &[]),
    ("remit-policy", &[]),
    ("remit-replay", &["remit-policy", "remit-session"]),
    ("remit-learn", &["remit-policy", "remit-replay", "remit-session"]),
    ("remit-review", &["remit-policy", "remit-replay", "remit-session"]),
    ("remit-bundle", &["remit-policy", "remit-replay", "remit-review", "remit-session"]),
    (
        "remit-api",
        &[
            "remit-bundle",
            "remit-learn",
            "remit-policy",
            "remit-replay",
            "remit-review",
            "remit-session",
        ],
    ),
    ("remit-cli", &["remit-api"]),
    ("remit-desktop", &["remit-api"]),
    ("remit-tests", &["remit-api", "remit-benches"]),
    ("remit-e2e", &["remit-api", "remit-benches"]),
    ("remit-benches", &["remit-policy", "remit-replay", "remit-session"]),
];

/// Only hosts may know a window system or an asynchronous runtime.
const HOSTS_ONLY: [&str; 3] = ["tauri", "tokio", "wry"];
const HOSTS: [&str; 3] = ["remit-desktop", "remit-cli", "remit-e2e"];

/// The one version of Cedar: see ARCHITECTURE.md.
const CEDAR: &str = "4.11.0";

#[test]
fn dependencies_follow_the_arrows() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for (name, dependencies) in manifests() {
        let arrows =
            allowed.get(name.as_str()).unwrap_or_else(|| panic!("`{name}` is not in ARROWS"));
        for dependency in dependencies.iter().filter(|d| d.starts_with("remit-")) {
            assert!(
                arrows.contains(&dependency.as_str()),
                "`{name}` must not depend on `{dependency}`"
            );
        }
    }
}

#[test]
fn only_hosts_know_windows_and_async() {
    for (name, dependencies) in
        manifests().iter().filter(|(name, _)| !HOSTS.contains(&name.as_str()))
    {
        for foreign in HOSTS_ONLY {
            assert!(!dependencies.contains(foreign), "`{name}` must not depend on `{foreign}`");
        }
    }
}

#[test]
fn there_is_one_cedar() {
    let lock: toml::Table =
        toml::from_str(&fs::read_to_string(root().join("Cargo.lock")).unwrap()).unwrap();
    for package in ["cedar-policy", "cedar-policy-core", "cedar-policy-formatter"] {
        let versions: Vec<&str> = lock["package"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|p| p["name"].as_str() == Some(package))
            .filter_map(|p| p["version"].as_str())
            .collect();
        assert_eq!(versions, [CEDAR], "{package}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Name and dependencies (normal, build and test) of every member.
fn manifests() -> BTreeMap<String, BTreeSet<String>> {
    let crates = fs::read_dir(root().join("crates")).unwrap().map(|e| e.unwrap().path());
    let members =
        crates.chain(["src-tauri", "tests", "tests/e2e", "benches"].map(|m| root().join(m)));
    members.map(|m| manifest(&m.join("Cargo.toml"))).collect()
}

fn manifest(path: &Path) -> (String, BTreeSet<String>) {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let table: toml::Table = toml::from_str(&text).unwrap();
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = kinds.iter().filter_map(|k| table.get(*k)?.as_table());
    (
        table["package"]["name"].as_str().unwrap().to_owned(),
        tables.flat_map(|t| t.keys().cloned()).collect(),
    )
}

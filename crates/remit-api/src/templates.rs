//! The workspaces that Remit ships, embedded: worked examples and starting points.

use camino::Utf8PathBuf;
use include_dir::{Dir, include_dir};

static POLICIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../policies");

/// The template that holds the sample incident.
pub const SAMPLE: &str = "payments-desk";

/// Names of the templates, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = POLICIES.dirs().filter_map(|d| d.path().to_str()).collect();
    names.sort_unstable();
    names
}

/// What the template's `remit.toml` says it is for.
pub fn description(name: &str) -> Option<String> {
    let text = POLICIES.get_file(format!("{name}/remit.toml"))?.contents_utf8()?;
    let line = text.lines().find_map(|l| l.strip_prefix("description = \""))?;
    Some(line.trim_end().trim_end_matches('"').to_owned())
}

/// The files of a template, relative to it and sorted; `None` if there is no such template.
pub fn files(name: &str) -> Option<Vec<(Utf8PathBuf, Vec<u8>)>> {
    let dir = POLICIES.get_dir(name)?;
    let mut files = Vec::new();
    collect(dir, dir, &mut files);
    files.sort();
    Some(files)
}

fn collect(root: &Dir<'_>, dir: &Dir<'_>, files: &mut Vec<(Utf8PathBuf, Vec<u8>)>) {
    for file in dir.files() {
        let relative = file.path().strip_prefix(root.path()).unwrap_or(file.path());
        if let Ok(path) = Utf8PathBuf::from_path_buf(relative.to_owned()) {
            files.push((path, file.contents().to_vec()));
        }
    }
    for dir in dir.dirs().filter(|d| is_part(d.path())) {
        collect(root, dir, files);
    }
}

/// What a run leaves behind in the folder is no part of a template.
fn is_part(folder: &std::path::Path) -> bool {
    let name = folder.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    !name.starts_with('.') && !["__pycache__", "node_modules"].contains(&name)
}

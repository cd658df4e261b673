//! Which files are a workspace's recordings: files, folders and globs, as `remit.toml` lists them.
//!
//! Nothing is opened here: whether a file really is a recording is found out by who reads it.

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobMatcher};

use crate::files::{self, CONFIG};
use crate::finding::{Finding, FindingCode};

/// The paths under `[recordings]`; `sessions` if there are none.
#[derive(Debug, Clone)]
pub struct RecordingPaths {
    /// As written: relative to the workspace, or absolute.
    pub paths: Vec<Utf8PathBuf>,
    pub(crate) globs: Vec<Option<GlobMatcher>>,
    pub(crate) is_default: bool,
}

/// The recordings that there are, and what was not found.
#[derive(Debug, Clone, Default)]
pub struct RecordingFiles {
    /// Relative to the workspace, in the order of the paths and sorted below each; none twice.
    pub files: Vec<Utf8PathBuf>,
    /// Paths that lead nowhere.
    pub findings: Vec<Finding>,
}

impl RecordingPaths {
    /// What a workspace without `[recordings]` has.
    pub(crate) fn standard() -> Self {
        Self {
            paths: vec!["sessions".into()],
            globs: vec![None],
            is_default: true,
        }
    }

    /// Looks up the files on disk.
    #[must_use]
    pub fn files(&self, root: &Utf8Path) -> RecordingFiles {
        let mut found = RecordingFiles::default();
        for (path, glob) in self.paths.iter().zip(&self.globs) {
            let before = found.files.len();
            let mut below = files_below(root, path, glob.as_ref(), &mut found.findings);
            below.sort();
            for file in below {
                if !found.files.contains(&file) {
                    found.files.push(file);
                }
            }
            if found.files.len() == before && !self.is_default && !root.join(path).exists() {
                found.findings.push(missing(path));
            }
        }
        found
    }
}

/// Compiles a path with `*`, `?`, `[…]` or `{…}`; a plain path is no glob.
pub(crate) fn compile(path: &str) -> Result<Option<GlobMatcher>, globset::Error> {
    if !path.contains(['*', '?', '[', '{']) {
        return Ok(None);
    }
    let glob = GlobBuilder::new(path).literal_separator(true).build()?;
    Ok(Some(glob.compile_matcher()))
}

fn missing(path: &Utf8Path) -> Finding {
    let message = format!("no recording at `{path}`");
    Finding::new(
        FindingCode::MissingRecordings,
        Utf8Path::new(CONFIG),
        message,
    )
    .help("correct the path under `[recordings]`; it is relative to the workspace")
}

fn files_below(
    root: &Utf8Path,
    path: &Utf8Path,
    glob: Option<&GlobMatcher>,
    findings: &mut Vec<Finding>,
) -> Vec<Utf8PathBuf> {
    let mut files = Vec::new();
    match glob {
        None if root.join(path).is_file() => files.push(path.to_owned()),
        None => files::walk(root, path, &mut files, findings),
        Some(glob) => {
            files::walk(root, &fixed_part(path), &mut files, findings);
            files.retain(|file| glob.is_match(file));
        }
    }
    files
}

/// The folders of a glob before its first special character.
fn fixed_part(path: &Utf8Path) -> Utf8PathBuf {
    path.components()
        .take_while(|part| !part.as_str().contains(['*', '?', '[', '{']))
        .collect()
}

//! Which files are a workspace's recordings: files, folders and globs, as `remit.toml` lists them.
//!
//! Nothing is opened here: whether a file really is a recording is found out by who reads it.

use std::collections::BTreeSet;
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobMatcher};

use crate::files::{self, CONFIG};
use crate::finding::{Finding, FindingCode};

/// Where recordings are when nothing else is said.
const STANDARD: &str = "sessions";

/// The paths under `[recordings]`; `sessions` if there are none.
#[derive(Debug, Clone)]
pub struct RecordingPaths {
    /// As written: relative to the workspace, or absolute.
    pub paths: Vec<Utf8PathBuf>,
    /// INVARIANT (parallel): one search for each path.
    searches: Vec<Search>,
}

#[derive(Debug, Clone)]
struct Search {
    glob: Option<GlobMatcher>,
    if_missing: Option<Finding>,
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
    /// No paths yet.
    pub(crate) fn none() -> Self {
        Self { paths: Vec::new(), searches: Vec::new() }
    }

    /// What a workspace without `[recordings]` has.
    pub(crate) fn standard() -> Self {
        let search = Search { glob: None, if_missing: None };
        Self { paths: vec![STANDARD.into()], searches: vec![search] }
    }

    /// Adds a path that is written at a place in `remit.toml`.
    pub(crate) fn add(
        &mut self,
        path: String,
        glob: Option<GlobMatcher>,
        text: &str,
        span: Range<usize>,
    ) {
        let missing = Finding::new(
            FindingCode::MissingRecordings,
            Utf8Path::new(CONFIG),
            format!("no recording at `{path}`"),
        );
        let missing =
            missing.at(text, span).help("correct the path; it is relative to the workspace");
        // A new workspace has no recordings yet.
        let if_missing = (path != STANDARD).then_some(missing);
        self.searches.push(Search { glob, if_missing });
        self.paths.push(path.into());
    }

    /// Looks up the files on disk.
    #[must_use]
    pub fn files(&self, root: &Utf8Path) -> RecordingFiles {
        let mut found = RecordingFiles::default();
        let mut seen = BTreeSet::new();
        for (path, search) in self.paths.iter().zip(&self.searches) {
            let mut below = files_below(root, path, search.glob.as_ref(), &mut found.findings);
            below.sort();
            if below.is_empty() && !root.join(path).exists() {
                found.findings.extend(search.if_missing.clone());
            }
            found.files.extend(below.into_iter().filter(|file| seen.insert(file.clone())));
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
    path.components().take_while(|part| !part.as_str().contains(['*', '?', '[', '{'])).collect()
}

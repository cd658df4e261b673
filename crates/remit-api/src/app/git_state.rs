//! What git knows of the open workspace.

use super::App;
use super::baseline::refused;
use crate::files::inside;
use crate::git::{GitError, commit_of, git, top_of};
use crate::wire::*;
use camino::Utf8Path;
use std::collections::BTreeMap;

/// So many commits are listed.
const REVISIONS: &str = "--max-count=50";

impl App {
    pub(crate) fn git_state(&self, request: GitRequest) -> Result<GitState, ErrorDto> {
        let root = self.with_open(|open| open.workspace.root.clone())?;
        match state(&root, request.against.as_deref()) {
            Ok(state) => Ok(state),
            Err(GitError::NotInstalled | GitError::NoRepository { .. }) => Ok(GitState {
                is_repository: false,
                branch: None,
                changed: Vec::new(),
                revisions: Vec::new(),
            }),
            Err(error) => Err(refused(error)),
        }
    }

    pub(crate) fn read_file_at(&self, request: FileAt) -> Result<FileWas, ErrorDto> {
        let root = self.with_open(|open| open.workspace.root.clone())?;
        let path = inside(&request.path)?;
        let found = commit_of(&root, &request.revision).map_err(refused)?;
        let commit = found.ok_or_else(|| {
            ErrorDto::not_found(format!("there is no revision `{}`", request.revision))
        })?;
        let shown = git(&root, &["show", &format!("{commit}:./{path}")]).map_err(refused)?;
        Ok(FileWas { text: shown.fine.then_some(shown.text) })
    }
}

fn state(root: &Utf8Path, against: Option<&str>) -> Result<GitState, GitError> {
    let top = top_of(root)?;
    let commit = commit_of(root, against.unwrap_or("HEAD"))?;
    let changed = match (&commit, against) {
        (None, Some(revision)) => {
            return Err(GitError::NoRevision { revision: revision.to_owned(), top });
        }
        _ => changes(root, commit.as_deref())?,
    };
    let branch = git(root, &["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    let log = git(root, &["log", REVISIONS, "--format=%h%x1f%s%x1f%cI", "--", "."])?;
    Ok(GitState {
        is_repository: true,
        branch: branch.fine.then(|| branch.text.trim().to_owned()),
        changed,
        revisions: log.text.lines().filter_map(revision).collect(),
    })
}

/// What differs from a commit, and what git does not know yet; without a commit that is everything.
fn changes(root: &Utf8Path, commit: Option<&str>) -> Result<Vec<GitChange>, GitError> {
    let untracked = ["ls-files", "--others", "--exclude-standard", "-z", "--", "."];
    let all = ["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", "."];
    let new = git(root, if commit.is_some() { &untracked } else { &all })?;
    let added = |path: &str| (path.to_owned(), GitChangeKind::Added);
    let mut found: BTreeMap<String, GitChangeKind> = new.text.split('\0').map(added).collect();
    if let Some(commit) = commit {
        let diff = ["diff", "--name-status", "--no-renames", "--relative", "-z", commit, "--", "."];
        let diff = git(root, &diff)?;
        let mut words = diff.text.split('\0');
        while let (Some(state), Some(path)) = (words.next(), words.next()) {
            let kind = match state {
                "A" => GitChangeKind::Added,
                "D" => GitChangeKind::Removed,
                _ => GitChangeKind::Modified,
            };
            // What is new on disk and gone from the index has only changed.
            let known = found.contains_key(path);
            found.insert(path.to_owned(), if known { GitChangeKind::Modified } else { kind });
        }
    }
    let editable = found.into_iter().filter(|(path, _)| inside(path).is_ok());
    Ok(editable.map(|(path, kind)| GitChange { path, kind }).collect())
}

fn revision(line: &str) -> Option<Revision> {
    let mut parts = line.split('\u{1f}');
    let mut next = || parts.next().map(str::to_owned);
    Some(Revision { id: next()?, subject: next()?, at: next()? })
}

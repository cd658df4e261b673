//! What a workspace was: revisions of the git repository that it lies in, read through `git`.
//!
//! Promises: neither the work tree nor git's index is touched, no hook of the repository runs, and no
//! optional lock is taken. A folder at a revision is written out below a temporary folder.
//! Not here: which revision is meant, and what is compared with it.

use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use std::io::ErrorKind;
use std::process::Command;
use tempfile::TempDir;
use thiserror::Error;

/// Where git looks when it runs inside a hook; here the folder says which repository is meant.
const VARIABLES: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

/// Why git could not tell.
#[derive(Debug, Error, Diagnostic)]
pub enum GitError {
    /// No program of that name.
    #[error("git is not installed, and a revision can only be read with it")]
    #[diagnostic(help("install git, or name two folders"))]
    NotInstalled,
    /// It is there, and does not run.
    #[error("git could not be started: {0}")]
    #[diagnostic(help("try `git --version`"))]
    NotStarted(std::io::Error),
    /// The folder is in no work tree.
    #[error("`{folder}` is not in the work tree of a git repository; git says: {complaint}")]
    #[diagnostic(help("run this inside of the repository, or name two folders"))]
    NoRepository {
        /// Where it was asked.
        folder: Utf8PathBuf,
        /// What it says.
        complaint: String,
    },
    /// No commit has this name.
    #[error("`{revision}` is neither a folder nor a git revision of `{top}`")]
    #[diagnostic(help(
        "`git log --oneline` lists revisions; a branch, a tag and `HEAD~1` are some too"
    ))]
    NoRevision {
        /// As named.
        revision: String,
        /// The repository.
        top: Utf8PathBuf,
    },
    /// The revision has no such folder.
    #[error("there is no folder `{folder}` in `{revision}`")]
    #[diagnostic(help(
        "`git ls-tree -rd --name-only {revision}` lists the folders of that revision"
    ))]
    NoFolder {
        /// As named.
        folder: String,
        /// As named.
        revision: String,
    },
    /// Git stopped in the middle.
    #[error("git could not write out the revision: {complaint}")]
    #[diagnostic(help("`git fsck` checks the repository"))]
    Unwritten {
        /// What it says.
        complaint: String,
    },
    /// The disk refused.
    #[error("there is no place for the revision's files: {0}")]
    #[diagnostic(help("check the free space, or set TMPDIR to another folder"))]
    NoPlace(#[from] std::io::Error),
}

/// What git answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether it did what was asked.
    pub fine: bool,
    /// What it printed.
    pub text: String,
    /// The first line of what it complained.
    pub complaint: String,
}

/// Runs git in a folder.
///
/// # Errors
/// If it cannot be run; that it refuses is in the answer.
pub fn git(within: &Utf8Path, arguments: &[&str]) -> Result<Answer, GitError> {
    ran(&mut command(within, arguments))
}

/// The top of the repository that `folder` is in.
///
/// # Errors
/// [`GitError::NoRepository`], or if git cannot be run.
pub fn top_of(folder: &Utf8Path) -> Result<Utf8PathBuf, GitError> {
    let top = git(folder, &["rev-parse", "--show-toplevel"])?;
    match top.fine {
        true => Ok(Utf8PathBuf::from(top.text.trim_end_matches(['\r', '\n']))),
        false => {
            Err(GitError::NoRepository { folder: folder.to_owned(), complaint: top.complaint })
        }
    }
}

/// The commit that a revision's name means, if it means one.
///
/// # Errors
/// If git cannot be run.
pub fn commit_of(within: &Utf8Path, revision: &str) -> Result<Option<String>, GitError> {
    // What begins with a dash would be an option.
    if revision.is_empty() || revision.starts_with('-') {
        return Ok(None);
    }
    let commit = format!("{revision}^{{commit}}");
    let found = git(within, &["rev-parse", "--verify", "--quiet", &commit])?;
    Ok(found.fine.then(|| found.text.trim().to_owned()))
}

/// The tree of a folder at `revision`. `path` is as git finds it in a revision, from `within`; `shown`
/// is how the person named it.
///
/// # Errors
/// If there is no such revision or folder, or git cannot be run.
pub fn tree_at(
    within: &Utf8Path,
    revision: &str,
    path: &str,
    shown: &str,
) -> Result<String, GitError> {
    let revision_shown = revision.to_owned();
    if commit_of(within, revision)?.is_none() {
        return Err(GitError::NoRevision { revision: revision_shown, top: top_of(within)? });
    }
    let folder = format!("{revision}:{path}");
    let tree = git(within, &["rev-parse", "--verify", "--quiet", &folder])?;
    let kind = git(within, &["cat-file", "-t", tree.text.trim()])?;
    if !tree.fine || kind.text.trim() != "tree" {
        return Err(GitError::NoFolder { folder: shown.to_owned(), revision: revision_shown });
    }
    Ok(tree.text.trim().to_owned())
}

/// Writes `tree` below a new folder by way of an index of its own. From the repository's top: elsewhere
/// git writes out only what lies below.
///
/// # Errors
/// If git or the disk refuses.
pub fn write_out(within: &Utf8Path, tree: &str) -> Result<TempDir, GitError> {
    let top = top_of(within)?;
    let copy = tempfile::tempdir()?;
    let index = tempfile::tempdir()?;
    let index = index.path().join("index");
    let prefix = format!("--prefix={}/", copy.path().display());
    for arguments in [&["read-tree", tree][..], &["checkout-index", "--all", "--quiet", &prefix]] {
        let mut command = command(&top, arguments);
        let done = ran(command.env("GIT_INDEX_FILE", &index))?;
        if !done.fine {
            return Err(GitError::Unwritten { complaint: done.complaint });
        }
    }
    Ok(copy)
}

fn command(within: &Utf8Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(within).args([
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
    ]);
    command.args(arguments).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

fn ran(command: &mut Command) -> Result<Answer, GitError> {
    let output = command.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => GitError::NotInstalled,
        _ => GitError::NotStarted(error),
    })?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    Ok(Answer {
        fine: output.status.success(),
        text: String::from_utf8_lossy(&output.stdout).into_owned(),
        complaint: complaint.lines().next().unwrap_or("nothing").to_owned(),
    })
}

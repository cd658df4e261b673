//! The two sides of a comparison: workspaces in folders, or as they were at a git revision.
//!
//! Promises: a folder that exists is never taken for a revision; neither the work tree nor git's index is
//! touched, and no hook of the repository runs. A folder at a revision is written out below a
//! temporary folder, which is gone as soon as it has been read.

use crate::bench::load_workspace;
use crate::error::CliError;
use crate::output::harmless;
use camino::{Utf8Path, Utf8PathBuf};
use remit_api::policy::Workspace;
use std::io::ErrorKind;
use std::process::Command;
use tempfile::TempDir;

/// Where git looks when it runs inside a hook; here the folder says which repository is meant.
const VARIABLES: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

/// One state of a workspace.
pub(super) struct Side {
    pub workspace: Workspace,
    /// The folder on disk whose recordings are meant.
    pub folder: Utf8PathBuf,
}

/// A side, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named<'a> {
    Folder(&'a Utf8Path),
    /// A folder as it was: of the repository that the process is in.
    At {
        revision: &'a str,
        path: &'a str,
    },
    /// The other side's folder as it was.
    Other {
        revision: &'a str,
    },
}

/// Loads the baseline and the candidate; each must be valid.
pub(super) fn open(baseline: &str, candidate: &str) -> Result<(Side, Side), CliError> {
    let (before, after) = (named(baseline), named(candidate));
    Ok((Side::load(baseline, before, after)?, Side::load(candidate, after, before)?))
}

fn named(side: &str) -> Named<'_> {
    let path = Utf8Path::new(side);
    match side.split_once(':') {
        _ if path.exists() => Named::Folder(path),
        Some((revision, path)) => Named::At { revision, path: path.trim_end_matches('/') },
        // A new name in a folder that exists is a mistyped path rather than a branch such as `fix/limit`.
        None if side.contains(['/', '\\']) && path.parent().is_some_and(|p| p.is_dir()) => {
            Named::Folder(path)
        }
        None => Named::Other { revision: side },
    }
}

impl Side {
    fn load(shown: &str, side: Named<'_>, other: Named<'_>) -> Result<Self, CliError> {
        match side {
            Named::Folder(folder) => Self::in_folder(folder),
            Named::At { revision, path } => Self::at(shown, revision, &Folder::of_path(path)?),
            Named::Other { revision } => {
                Self::at(shown, revision, &Folder::of_other(shown, other)?)
            }
        }
    }

    fn in_folder(folder: &Utf8Path) -> Result<Self, CliError> {
        let workspace = load_workspace(folder)?;
        if !workspace.is_valid() {
            return Err(CliError::Invalid(Box::new(workspace)));
        }
        Ok(Side { workspace, folder: folder.to_owned() })
    }

    fn at(shown: &str, revision: &str, folder: &Folder) -> Result<Self, CliError> {
        let tree = folder.tree(revision)?;
        let copy = folder.write_out(&tree)?;
        let root = Utf8Path::from_path(copy.path()).ok_or_else(no_temporary_folder)?;
        let not_there = |_| not_a_workspace(shown);
        let workspace = Workspace::load(root).map_err(not_there)?;
        if !workspace.is_valid() {
            let shown = harmless(shown);
            return Err(CliError::InvalidRevision { workspace: Box::new(workspace), shown });
        }
        Ok(Side { workspace, folder: folder.on_disk.clone() })
    }
}

/// A folder of a git repository.
struct Folder {
    /// Where git runs.
    within: Utf8PathBuf,
    /// As git finds it in a revision, from `within`.
    path: String,
    /// In the work tree, whether or not it exists there.
    on_disk: Utf8PathBuf,
    /// As typed.
    shown: String,
}

impl Folder {
    /// Git's own notation: relative to the repository's top, or with `./` to the folder we are in.
    fn of_path(path: &str) -> Result<Self, CliError> {
        let shown = path.to_owned();
        let within = Utf8PathBuf::from(".");
        let top = top_of(&within)?;
        // To git `..` would be a name; `../` is the folder above.
        let slash = if path.ends_with('.') { "/" } else { "" };
        let is_relative =
            [".", ".."].contains(&path) || path.starts_with("./") || path.starts_with("../");
        let (path, on_disk) = if is_relative {
            (format!("{path}{slash}"), within.join(path))
        } else {
            (path.to_owned(), top.join(path))
        };
        Ok(Folder { within, path, on_disk, shown })
    }

    fn of_other(shown: &str, other: Named<'_>) -> Result<Self, CliError> {
        match other {
            Named::Folder(folder) if folder.is_dir() => {
                if !git(folder, &["rev-parse", "--show-toplevel"])?.fine {
                    return Err(neither(shown, folder));
                }
                let (within, on_disk) = (folder.to_owned(), folder.to_owned());
                Ok(Folder { within, path: "./".to_owned(), on_disk, shown: folder.to_string() })
            }
            Named::At { path, .. } => Self::of_path(path),
            Named::Folder(_) | Named::Other { .. } => Err(CliError::input(
                format!("there is no folder `{}`", harmless(shown)),
                "check the path; a folder at a git revision is written `REVISION:PATH`",
            )),
        }
    }

    /// The folder's tree at `revision`.
    fn tree(&self, revision: &str) -> Result<String, CliError> {
        let shown = harmless(revision);
        let commit = format!("{revision}^{{commit}}");
        // What begins with a dash would be an option.
        let known = !revision.is_empty() && !revision.starts_with('-');
        if !known || !self.verifies(&commit)? {
            return Err(CliError::input(
                format!(
                    "`{shown}` is neither a folder nor a git revision of `{}`",
                    top_of(&self.within)?
                ),
                "`git log --oneline` lists revisions; a branch, a tag and `HEAD~1` are some too",
            ));
        }
        let folder = format!("{revision}:{}", self.path);
        let tree = git(&self.within, &["rev-parse", "--verify", "--quiet", &folder])?;
        let kind = git(&self.within, &["cat-file", "-t", tree.text.trim()])?;
        if !tree.fine || kind.text.trim() != "tree" {
            return Err(CliError::input(
                format!("there is no folder `{}` in `{shown}`", harmless(&self.shown)),
                format!("`git ls-tree -rd --name-only {shown}` lists the folders of that revision"),
            ));
        }
        Ok(tree.text.trim().to_owned())
    }

    fn verifies(&self, name: &str) -> Result<bool, CliError> {
        Ok(git(&self.within, &["rev-parse", "--verify", "--quiet", name])?.fine)
    }

    /// Writes `tree` below a new folder by way of an index of its own. From the repository's top: elsewhere
    /// git writes out only what lies below.
    fn write_out(&self, tree: &str) -> Result<TempDir, CliError> {
        let top = top_of(&self.within)?;
        let copy = tempfile::tempdir()?;
        let index = tempfile::tempdir()?;
        let index = index.path().join("index");
        let prefix = format!("--prefix={}/", copy.path().display());
        for arguments in
            [&["read-tree", tree][..], &["checkout-index", "--all", "--quiet", &prefix]]
        {
            let mut command = command(&top, arguments);
            let done = ran(command.env("GIT_INDEX_FILE", &index))?;
            if !done.fine {
                return Err(CliError::input(
                    format!("git could not write out the revision: {}", done.complaint),
                    "`git fsck` checks the repository",
                ));
            }
        }
        Ok(copy)
    }
}

/// What git answered.
struct Answer {
    fine: bool,
    text: String,
    /// The first line of what it complained.
    complaint: String,
}

fn top_of(folder: &Utf8Path) -> Result<Utf8PathBuf, CliError> {
    let top = git(folder, &["rev-parse", "--show-toplevel"])?;
    if top.fine {
        return Ok(Utf8PathBuf::from(top.text.trim_end_matches(['\r', '\n'])));
    }
    Err(CliError::input(
        format!(
            "`{folder}` is not in the work tree of a git repository; git says: {}",
            top.complaint
        ),
        "run this inside of the repository, or name two folders",
    ))
}

fn git(within: &Utf8Path, arguments: &[&str]) -> Result<Answer, CliError> {
    ran(&mut command(within, arguments))
}

fn command(within: &Utf8Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(within).args([
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
    ]);
    command.args(arguments).env("LC_ALL", "C");
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

fn ran(command: &mut Command) -> Result<Answer, CliError> {
    let output = command.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => CliError::input(
            "git is not installed, and a revision can only be read with it",
            "install git, or name two folders",
        ),
        _ => CliError::input(format!("git could not be started: {error}"), "try `git --version`"),
    })?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    Ok(Answer {
        fine: output.status.success(),
        text: String::from_utf8_lossy(&output.stdout).into_owned(),
        complaint: harmless(complaint.lines().next().unwrap_or("nothing")),
    })
}

fn neither(shown: &str, other: &Utf8Path) -> CliError {
    let shown = harmless(shown);
    CliError::input(
        format!(
            "there is no folder `{shown}`, and it is no git revision: `{other}` is in no git repository"
        ),
        "check the path; a folder at a git revision is written `REVISION:PATH`",
    )
}

fn not_a_workspace(shown: &str) -> CliError {
    let shown = harmless(shown);
    CliError::input(
        format!(
            "`{shown}` is no workspace: it had no `remit.toml`, no `schema.cedarschema` and no `guardrails` then"
        ),
        "name a later revision, or the folder that holds `remit.toml`",
    )
}

fn no_temporary_folder() -> CliError {
    CliError::input("the path of the temporary folder is not UTF-8", "set TMPDIR to another folder")
}

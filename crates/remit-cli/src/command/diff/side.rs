//! The two sides of a comparison: workspaces in folders, in bundles, or as they were at a git revision.
//!
//! Promises: a folder that exists is never taken for a revision; neither the work tree nor git's index is
//! touched, and no hook of the repository runs. A folder at a revision is written out below a
//! temporary folder, which is gone as soon as it has been read.

use crate::bench::load_workspace;
use crate::command::bundle::{keys, verified};
use crate::error::CliError;
use crate::output::harmless;
use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use remit_api::git::{self, GitError, git};
use remit_api::policy::Workspace;

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
    /// A signed bundle of policies.
    Bundle(&'a Utf8Path),
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

/// Loads the baseline and the candidate; each must be valid. `trust` are files with public keys of
/// whoever may have signed a bundle.
pub(super) fn open(
    baseline: &str,
    candidate: &str,
    trust: &[Utf8PathBuf],
) -> Result<(Side, Side), CliError> {
    let (before, after) = (named(baseline), named(candidate));
    let load = |shown: &str, side, other| match side {
        Named::Bundle(bundle) => Side::in_bundle(bundle, trust),
        side => Side::load(shown, side, other),
    };
    Ok((load(baseline, before, after)?, load(candidate, after, before)?))
}

fn named(side: &str) -> Named<'_> {
    let path = Utf8Path::new(side);
    match side.split_once(':') {
        _ if path.is_file() => Named::Bundle(path),
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
            Named::Folder(folder) | Named::Bundle(folder) => Self::in_folder(folder),
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

    /// What is in a bundle was validated when it was verified.
    fn in_bundle(bundle: &Utf8Path, trust: &[Utf8PathBuf]) -> Result<Self, CliError> {
        if trust.is_empty() {
            return Err(CliError::input(
                format!("`{bundle}` is a file, and nobody is named who may have signed it"),
                "name the public key of whoever builds your bundles with --trust",
            ));
        }
        let workspace = verified(bundle, &keys(trust)?)?.workspace;
        Ok(Side { workspace, folder: bundle.to_owned() })
    }

    fn at(shown: &str, revision: &str, folder: &Folder) -> Result<Self, CliError> {
        let tree = folder.tree(revision)?;
        let copy = git::write_out(&folder.within, &tree).map_err(refused)?;
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
                let top = git(folder, &["rev-parse", "--show-toplevel"]);
                if !top.map_err(refused)?.fine {
                    return Err(neither(shown, folder));
                }
                let (within, on_disk) = (folder.to_owned(), folder.to_owned());
                Ok(Folder { within, path: "./".to_owned(), on_disk, shown: folder.to_string() })
            }
            Named::At { path, .. } => Self::of_path(path),
            Named::Folder(_) | Named::Bundle(_) | Named::Other { .. } => Err(CliError::input(
                format!("there is no folder `{}`", harmless(shown)),
                "check the path; a folder at a git revision is written `REVISION:PATH`",
            )),
        }
    }

    /// The folder's tree at `revision`.
    fn tree(&self, revision: &str) -> Result<String, CliError> {
        git::tree_at(&self.within, revision, &self.path, &self.shown).map_err(refused)
    }
}

fn top_of(folder: &Utf8Path) -> Result<Utf8PathBuf, CliError> {
    git::top_of(folder).map_err(refused)
}

/// What git says may hold anything, such as the control characters of a name.
fn refused(error: GitError) -> CliError {
    let help = error.help().map(|help| help.to_string()).unwrap_or_default();
    CliError::input(harmless(&error.to_string()), harmless(&help))
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

//! Recordings from disk: files and folders, found, read and named for people.
//!
//! Promises:
//! * the same folder gives the same recordings in the same order;
//! * nothing outside of a folder is read because a link in it points there;
//! * every file that was looked at and not read is listed with the reason, and never stops the rest;
//! * no two recordings print the same path;
//! * gzip, zstd and zip are looked into, within bounds; a zip's members are recordings of their own;
//! * recordings can be had one at a time ([`load_each`]), and each again later ([`load_one`]), so that
//!   nobody has to keep them all.
//!
//! Not here: what a file means ([`crate::import`]).

mod located;
mod naming;
mod packed;
mod read;
mod walk;

pub use located::Located;

use crate::{Format, Limits, Recording};
use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::ops::ControlFlow;
use thiserror::Error;

/// A file or folder to read recordings from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it is on disk.
    pub path: Utf8PathBuf,
    /// What printed paths are relative to: the folder itself, the folder of a file, or a workspace.
    pub shown_from: Utf8PathBuf,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// In the order of the sources, and of the paths in each.
    pub recordings: Vec<Recording>,
    /// What was not read.
    pub skipped: Vec<Skipped>,
}

/// A file that gave no recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// As shown to people.
    pub path: Utf8PathBuf,
    /// What is wrong with it, in words that go on from the path.
    pub why: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether the user named it; otherwise it was met in a folder, where other files are no surprise.
    pub explicit: bool,
}

/// How far loading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Files that were looked at, side files with their recording.
    pub files_done: usize,
    /// Files that were found.
    pub files_total: usize,
    /// Bytes that were read.
    pub bytes: u64,
}

/// Why loading ended early.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum LoadError {
    /// The caller asked for it.
    #[error("loading was cancelled after {files_done} of {files_total} files")]
    #[diagnostic(code(remit::load::cancelled), help("start it again to read all of them"))]
    Cancelled {
        /// Files that were read.
        files_done: usize,
        /// Files that were found.
        files_total: usize,
    },
}

/// Reads all recordings of the sources. `format` is what `--as` says; `progress` is told after each
/// file and says whether to go on.
///
/// # Errors
/// [`LoadError::Cancelled`] if `progress` said so.
pub fn load(
    sources: &[Source],
    format: Option<Format>,
    limits: &Limits,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Loaded, LoadError> {
    let mut recordings = Vec::new();
    let skipped = load_each(sources, format, limits, progress, &mut |_, recording| {
        recordings.push(recording);
        ControlFlow::Continue(())
    })?;
    Ok(Loaded { recordings, skipped })
}

/// Reads the recordings of the sources and hands each over, in order, keeping none; says what was
/// not read. Otherwise as [`load`].
///
/// # Errors
/// [`LoadError::Cancelled`] if `progress` or `each` said so.
pub fn load_each(
    sources: &[Source],
    format: Option<Format>,
    limits: &Limits,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    each: &mut dyn FnMut(Located, Recording) -> ControlFlow<()>,
) -> Result<Vec<Skipped>, LoadError> {
    let Found { files, mut skipped } = locate(sources, format);
    skipped.extend(read_each(files, limits, progress, each)?);
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(skipped)
}

/// The files of the sources, before any is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Those that may be recordings, in the order of the sources, and of the paths in each.
    pub files: Vec<Located>,
    /// What will not be read, whatever it holds.
    pub skipped: Vec<Skipped>,
}

/// Finds the files of the sources. `format` is what `--as` says.
pub fn locate(sources: &[Source], format: Option<Format>) -> Found {
    let (found, mut skipped) = walk::find(sources);
    let names = naming::shown_paths(&found, sources);
    let files = found.into_iter().zip(names).map(|(file, shown)| Located::new(file, shown, format));
    let files = files.flat_map(|file| members(file, &mut skipped)).collect();
    Found { files, skipped }
}

/// The members of an archive; any other file is itself.
fn members(file: Located, skipped: &mut Vec<Skipped>) -> Vec<Located> {
    if !walk::is_archive(&file.path) {
        return vec![file];
    }
    let mut skip = |shown: Utf8PathBuf, why: String| {
        skipped.push(Skipped { path: shown, why, help: None, explicit: file.explicit });
    };
    let listed =
        File::open(&file.path).map_err(|error| format!("it cannot be read: {}", error.kind()));
    let may_be = |name: &str| walk::may_be_recording(Utf8Path::new(name));
    match listed.and_then(|archive| packed::list(archive, &may_be)) {
        Ok((members, broken)) => {
            broken.into_iter().for_each(|(name, why)| skip(file.shown.join(name), why));
            if members.is_empty() {
                skip(file.shown.clone(), "it is an archive without recordings".to_owned());
            }
            members.into_iter().map(|listed| file.member(listed)).collect()
        }
        Err(why) => {
            skip(file.shown.clone(), why);
            Vec::new()
        }
    }
}

/// Reads `files` and hands each recording over, in order; says what was not read. Some files are read
/// side by side. Otherwise as [`load_each`].
///
/// # Errors
/// [`LoadError::Cancelled`] if `progress` or `each` said so.
pub fn read_each(
    files: Vec<Located>,
    limits: &Limits,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    each: &mut dyn FnMut(Located, Recording) -> ControlFlow<()>,
) -> Result<Vec<Skipped>, LoadError> {
    let (files_total, mut files_done, mut bytes) = (files.len(), 0, 0);
    let mut skipped = Vec::new();
    for some in at_a_time(files, limits.at_once_bytes) {
        let read: Vec<_> = some.par_iter().map(|file| file.read(limits)).collect();
        for (file, read) in some.into_iter().zip(read) {
            files_done += 1;
            let mut go_on = ControlFlow::Continue(());
            match read {
                Ok((recording, size)) => {
                    bytes += size;
                    go_on = each(file, recording);
                }
                Err(reason) => skipped.extend(reason.for_all_files(&file)),
            }
            if go_on.is_break() || progress(Progress { files_done, files_total, bytes }).is_break()
            {
                return Err(LoadError::Cancelled { files_done, files_total });
            }
        }
    }
    Ok(skipped)
}

/// Reads one recording again.
///
/// # Errors
/// [`Skipped`] if it cannot be read any more.
pub fn load_one(file: &Located, limits: &Limits) -> Result<Recording, Skipped> {
    file.read(limits).map(|(recording, _)| recording).map_err(|reason| reason.for_file(file))
}

/// The files in runs, each small enough to be in memory as a whole.
fn at_a_time(files: Vec<Located>, at_once: u64) -> Vec<Vec<Located>> {
    let most = 2 * rayon::current_num_threads();
    let mut runs: Vec<Vec<Located>> = Vec::new();
    let mut bytes = 0;
    for file in files {
        bytes += file.bytes();
        match runs.last_mut().filter(|run| run.len() < most && bytes <= at_once) {
            Some(run) => run.push(file),
            None => {
                bytes = file.bytes();
                runs.push(vec![file]);
            }
        }
    }
    runs
}

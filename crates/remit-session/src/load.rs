//! Recordings from disk: files and folders, found, read and named for people.
//!
//! Promises:
//! * the same folder gives the same recordings in the same order;
//! * nothing outside of a folder is read because a link in it points there;
//! * every file that was looked at and not read is listed with the reason, and never stops the rest;
//! * no two recordings print the same path.
//!
//! Not here: what a file means ([`crate::import`]).

mod naming;
mod walk;

use crate::import::{SideFile, Warnings, decode, import_with_side_files};
use crate::{Format, Limits, Place, Recording, RecordingDigest};
use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use thiserror::Error;
use walk::{Found, SideFound};

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
pub fn load(
    sources: &[Source],
    format: Option<Format>,
    limits: &Limits,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Loaded, LoadError> {
    let (found, skipped) = walk::find(sources);
    let names = naming::shown_paths(&found, sources);
    let mut loaded = Loaded { recordings: Vec::new(), skipped };
    let (mut bytes, files_total) = (0, found.len());
    for (files_done, (file, path)) in (1..).zip(found.iter().zip(&names)) {
        match read(file, path, format, limits) {
            Ok((recording, size)) => {
                loaded.recordings.push(recording);
                bytes += size;
            }
            Err(reason) => loaded.skipped.extend(reason.for_all_files(file, path)),
        }
        if progress(Progress { files_done, files_total, bytes }).is_break() {
            return Err(LoadError::Cancelled { files_done, files_total });
        }
    }
    loaded.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(loaded)
}

/// Why a file was not read, and what to do.
struct Reason {
    why: String,
    help: Option<String>,
}

impl Reason {
    /// Side files go with the file that they belong to.
    fn for_all_files(self, file: &Found, path: &Utf8Path) -> Vec<Skipped> {
        let explicit = file.explicit;
        let sides = file.sides.iter().map(|side| Skipped {
            path: side_path(path, side),
            why: format!("it belongs to `{path}`, which was not read"),
            help: None,
            explicit,
        });
        let (why, help) = (self.why, self.help);
        let main = Skipped { path: path.to_owned(), why, help, explicit };
        std::iter::once(main).chain(sides).collect()
    }
}

fn side_path(path: &Utf8Path, side: &SideFound) -> Utf8PathBuf {
    path.parent().unwrap_or(Utf8Path::new("")).join(&side.relative)
}

fn read(
    file: &Found,
    path: &Utf8Path,
    format: Option<Format>,
    limits: &Limits,
) -> Result<(Recording, u64), Reason> {
    let bytes = bounded(&file.path, limits.file_bytes)?;
    let mut warnings = Warnings::default();
    let sides = side_files(file, path, limits.file_bytes - bytes.len() as u64, &mut warnings);
    let texts: Vec<_> = sides.iter().map(|side| side.decoded(&mut warnings)).collect();
    let files: Vec<_> = sides.iter().zip(&texts).map(|(side, text)| side.file(text)).collect();
    let imported = import_with_side_files(path.as_str(), &bytes, &files, format, limits, warnings);
    let (format, imported) = imported.map_err(|error| Reason {
        // The path stands beside the reason already.
        why: error.to_string().replacen(&format!("`{path}`"), "it", 1),
        help: error.help().map(|help| help.to_string()),
    })?;
    let recording = Recording {
        path: path.to_owned(),
        digest: digest(&bytes, &sides),
        format,
        sessions: imported.sessions,
        warnings: imported.warnings,
        manifests: imported.manifests,
    };
    let size = bytes.len() + sides.iter().map(|side| side.bytes.len()).sum::<usize>();
    Ok((recording, size as u64))
}

/// A side file's bytes.
struct Side {
    path: Utf8PathBuf,
    bytes: Vec<u8>,
    meta: Vec<u8>,
}

impl Side {
    fn decoded(&self, warnings: &mut Warnings) -> std::borrow::Cow<'_, str> {
        decode(&self.bytes, warnings)
    }

    fn file<'a>(&self, text: &'a str) -> SideFile<'a> {
        let meta = serde_json::from_slice(&self.meta).ok();
        SideFile { path: self.path.clone(), text, meta }
    }
}

/// The side files that can be read; together with their recording they stay within the limit.
fn side_files(
    file: &Found,
    path: &Utf8Path,
    mut budget: u64,
    warnings: &mut Warnings,
) -> Vec<Side> {
    let mut sides = Vec::new();
    for side in &file.sides {
        let path = side_path(path, side);
        match bounded(&side.path, budget) {
            Ok(bytes) => {
                budget -= bytes.len() as u64;
                let meta = side.meta.as_ref().and_then(|meta| bounded(meta, budget).ok());
                sides.push(Side { path, bytes, meta: meta.unwrap_or_default() });
            }
            Err(reason) => {
                let message = format!("a sub-agent's file was skipped: {}", reason.why);
                warnings.add(message, Place::FileLine(path, 1));
            }
        }
    }
    sides
}

/// A file's bytes, if they are within the limit.
fn bounded(path: &Utf8Path, limit: u64) -> Result<Vec<u8>, Reason> {
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > limit {
        return Err(Reason {
            why: format!("it is larger than the {limit} bytes that are read at most"),
            help: Some("split the recording into one file a session".to_owned()),
        });
    }
    Ok(bytes)
}

fn unreadable(error: &io::Error) -> Reason {
    Reason {
        why: format!("it cannot be read: {}", error.kind()),
        help: Some("check that the file exists and that you may read it".to_owned()),
    }
}

fn digest(bytes: &[u8], sides: &[Side]) -> RecordingDigest {
    let mut digest = Sha256::new();
    digest.update(bytes);
    for side in sides {
        digest.update(Sha256::digest(&side.bytes));
        digest.update(Sha256::digest(&side.meta));
    }
    let hex = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    RecordingDigest(format!("sha256:{hex}"))
}

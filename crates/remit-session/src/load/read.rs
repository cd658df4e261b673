//! Reads one file that was found, within the limits.

use super::packed::{read_member, unpacked};
use super::walk::SideFound;
use super::{Located, Skipped};
use crate::identity::sidecar;
use crate::import::{Imported, SideFile, Warnings, decode, import_with_side_files};
use crate::{Limits, Place, Recording, RecordingDigest};
use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};

/// A file about identities is written by hand.
const MOST_IDENTITY_BYTES: u64 = 8 << 20;

/// Why a file was not read, and what to do.
#[derive(Debug)]
pub(super) struct Reason {
    pub why: String,
    help: Option<String>,
}

impl Reason {
    pub(super) fn new(why: impl Into<String>) -> Reason {
        Reason { why: why.into(), help: None }
    }

    pub(super) fn too_large(limit: u64) -> Reason {
        Reason {
            why: format!("it is larger than the {limit} bytes that are read at most"),
            help: Some("split the recording into one file a session".to_owned()),
        }
    }

    pub(super) fn unreadable(error: &io::Error) -> Reason {
        Reason {
            why: format!("it cannot be read: {}", error.kind()),
            help: Some("check that the file exists and that you may read it".to_owned()),
        }
    }

    pub(super) fn for_file(self, file: &Located) -> Skipped {
        let Reason { why, help } = self;
        Skipped { path: file.shown.clone(), why, help, explicit: file.explicit }
    }

    /// Side files go with the file that they belong to.
    pub(super) fn for_all_files(self, file: &Located) -> Vec<Skipped> {
        let path = &file.shown;
        let sides = file.sides.iter().map(|side| Skipped {
            path: side_path(path, side),
            why: format!("it belongs to `{path}`, which was not read"),
            help: None,
            explicit: file.explicit,
        });
        std::iter::once(self.for_file(file)).chain(sides).collect()
    }
}

fn side_path(path: &Utf8Path, side: &SideFound) -> Utf8PathBuf {
    path.parent().unwrap_or(Utf8Path::new("")).join(&side.relative)
}

impl Located {
    /// The bytes of the file, or of the member of an archive that it is.
    fn bytes_of_file(&self, limits: &Limits) -> Result<Vec<u8>, Reason> {
        if self.way.is_empty() {
            return bounded(&self.path, limits.file_bytes);
        }
        let archive = File::open(&self.path).map_err(|error| Reason::unreadable(&error))?;
        read_member(archive, &self.way, limits.file_bytes)
    }

    /// Reads and imports the file and its side files; says how many bytes they have.
    pub(super) fn read(&self, limits: &Limits) -> Result<(Recording, u64), Reason> {
        let (path, packed) = (&self.shown, self.bytes_of_file(limits)?);
        let mut warnings = Warnings::default();
        let mut digest = Sha256::new();
        digest.update(&packed);
        let (bytes, left_out) = unpacked(packed, limits)?;
        for message in left_out {
            warnings.add(message, Place::Pointer(String::new()));
        }
        let budget = limits.file_bytes.saturating_sub(bytes.len() as u64);
        let sides = side_files(self, path, budget, &mut warnings);
        let texts: Vec<_> = sides.iter().map(|side| side.decoded(&mut warnings)).collect();
        let files: Vec<_> = sides.iter().zip(&texts).map(|(side, text)| side.file(text)).collect();
        let name = without_packing(path.as_str());
        let imported = import_with_side_files(name, &bytes, &files, self.format, limits, warnings);
        let (format, mut imported) = imported.map_err(|error| Reason {
            // The path stands beside the reason already.
            why: error.to_string().replacen(&format!("`{name}`"), "it", 1),
            help: error.help().map(|help| help.to_string()),
        })?;
        let identity = self.add_identity(limits.file_bytes, &mut imported);
        let recording = Recording {
            path: path.clone(),
            digest: digest_with(digest, &sides, identity.as_deref()),
            format,
            sessions: imported.sessions,
            warnings: imported.warnings,
            manifests: imported.manifests,
        };
        let size = bytes.len() + sides.iter().map(|side| side.bytes.len()).sum::<usize>();
        Ok((recording, size as u64))
    }

    /// Adds what the file about identities says, and returns its bytes.
    fn add_identity(&self, limit: u64, imported: &mut Imported) -> Option<Vec<u8>> {
        let path = self.identity.as_ref()?;
        let shown = Utf8PathBuf::from(format!("{}{}", self.shown, sidecar::ENDING));
        let mut warnings = Warnings::default();
        let bytes = match bounded(path, limit.min(MOST_IDENTITY_BYTES)) {
            Ok(bytes) => bytes,
            Err(reason) => {
                let message = format!("nothing is added about identities: {}", reason.why);
                warnings.add(message, Place::FileLine(shown, 1));
                imported.warnings.extend(warnings.into_list());
                return None;
            }
        };
        let text = decode(&bytes, &mut warnings);
        sidecar::add(&shown, &text, &mut imported.sessions, &mut warnings);
        drop(text);
        imported.warnings.extend(warnings.into_list());
        Some(bytes)
    }
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
    file: &Located,
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
    let file = File::open(path).map_err(|error| Reason::unreadable(&error))?;
    let mut bytes = Vec::new();
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| Reason::unreadable(&error))?;
    if bytes.len() as u64 > limit {
        return Err(Reason::too_large(limit));
    }
    Ok(bytes)
}

/// The digest of a file, its side files, and what is said about identities.
fn digest_with(mut digest: Sha256, sides: &[Side], identity: Option<&[u8]>) -> RecordingDigest {
    for side in sides {
        digest.update(Sha256::digest(&side.bytes));
        digest.update(Sha256::digest(&side.meta));
    }
    if let Some(identity) = identity {
        digest.update(b"identity");
        digest.update(Sha256::digest(identity));
    }
    let hex = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    RecordingDigest(format!("sha256:{hex}"))
}

/// A name as it would be unpacked.
fn without_packing(name: &str) -> &str {
    let inner = [".gz", ".zst", ".zstd"].iter().find_map(|ending| name.strip_suffix(ending));
    inner.unwrap_or(name)
}

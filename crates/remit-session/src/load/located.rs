//! A file that was found, as a small value: enough to read it, to read it again, and to see that it
//! was written since.

use super::packed::{Listed, Member};
use super::walk::{Found, SideFound};
use crate::Format;
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::time::{Duration, UNIX_EPOCH};

/// Logs are usually packed to about a tenth.
const USUAL_GROWTH: u64 = 10;

/// A file that may be a recording, or a member of an archive that may be one. Two are equal if they are the same files, not written in between
/// as far as a disk says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    /// As shown to people.
    pub shown: Utf8PathBuf,
    /// Where it is.
    pub path: Utf8PathBuf,
    pub(super) explicit: bool,
    pub(super) sides: Vec<SideFound>,
    pub(super) identity: Option<Utf8PathBuf>,
    /// What the user says that it is.
    pub(super) format: Option<Format>,
    /// If it is in an archive: the way to it.
    pub(super) way: Vec<Member>,
    /// Of the file, then of its side files and what stands beside those, then of the file about identities.
    stamps: Vec<Stamp>,
}

/// What a disk says about a file without reading it. A file that is not there has none.
///
/// Who sends a folder can choose sizes and times of writing; where a file lies on this disk, and when
/// it came there, nobody can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    /// Since 1970.
    modified: Option<Duration>,
    /// Number on the disk, and seconds and nanoseconds of the last change of anything about it.
    place: (u64, i64, i64),
}

impl Located {
    pub(super) fn new(file: Found, shown: Utf8PathBuf, format: Option<Format>) -> Self {
        let Found { path, explicit, sides, identity, .. } = file;
        let beside = sides.iter().flat_map(|side| [Some(&side.path), side.meta.as_ref()]);
        let paths = std::iter::once(&path).chain(beside.flatten()).chain(&identity);
        let stamps = paths.map(|path| Stamp::of(path)).collect();
        Located { shown, path, explicit, sides, identity, format, way: Vec::new(), stamps }
    }

    /// A member of this file, which is an archive.
    pub(super) fn member(&self, listed: Listed) -> Self {
        let shown = self.shown.join(listed.name.trim_start_matches('/'));
        Located { shown, way: listed.way, identity: None, ..self.clone() }
    }

    /// How large the file was with its side files; of what is packed, how large it may become.
    pub fn bytes(&self) -> u64 {
        let on_disk: u64 = self.stamps.iter().map(|stamp| stamp.bytes).sum();
        let grows = ["gz", "zst", "zstd", "eval"];
        let packed = self.shown.extension().is_some_and(|ending| grows.contains(&ending));
        let own = self.way.last().map_or(on_disk, Member::bytes);
        if packed { own.saturating_mul(USUAL_GROWTH) } else { own }
    }
}

impl Stamp {
    fn of(path: &Utf8Path) -> Self {
        let Ok(data) = path.metadata() else { return Stamp::default() };
        let modified = data.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Stamp { bytes: data.len(), modified, place: place(&data) }
    }
}

#[cfg(unix)]
fn place(data: &Metadata) -> (u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (data.ino(), data.ctime(), data.ctime_nsec())
}

#[cfg(not(unix))]
fn place(data: &Metadata) -> (u64, i64, i64) {
    let made = data.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    (0, 0, made.map_or(0, |at| at.as_nanos() as i64))
}

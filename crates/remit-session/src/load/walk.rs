//! The files of the sources: sorted, each once, side files with the recording they belong to.

mod openhands;

use super::{Skipped, Source};
use crate::identity::sidecar;
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

/// Endings of files in folders that may be recordings; a file that is named may end as it likes.
const ENDINGS: [&str; 9] =
    ["eval", "json", "jsonl", "log", "ndjson", "otlp", "pb", "session", "traj"];
/// Endings of what is packed; what is in it has its own.
const PACKED: [&str; 3] = ["gz", "zst", "zstd"];

/// A file that may be a recording.
pub(super) struct Found {
    pub path: Utf8PathBuf,
    /// Which source it was found through.
    pub source: usize,
    pub explicit: bool,
    pub sides: Vec<SideFound>,
    /// The file that says who acted, if there is one.
    pub identity: Option<Utf8PathBuf>,
}

/// A sub-agent's transcript beside its session's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SideFound {
    pub path: Utf8PathBuf,
    /// From the folder of the session's own file.
    pub relative: Utf8PathBuf,
    pub meta: Option<Utf8PathBuf>,
}

pub(super) fn find(sources: &[Source]) -> (Vec<Found>, Vec<Skipped>) {
    let mut walk = Walk::default();
    for (index, source) in sources.iter().enumerate() {
        walk.source(index, source);
    }
    walk.join_side_files();
    (walk.found, walk.skipped)
}

#[derive(Default)]
struct Walk {
    found: Vec<Found>,
    skipped: Vec<Skipped>,
    /// Where a file really is -> its position in `found`.
    known: HashMap<PathBuf, usize>,
}

/// The folder that is being walked.
struct Root<'a> {
    index: usize,
    shown_from: &'a Utf8Path,
    canonical: PathBuf,
}

impl Walk {
    fn source(&mut self, index: usize, source: &Source) {
        let path = &source.path;
        match fs::metadata(path).and_then(|data| Ok((data, fs::canonicalize(path)?))) {
            Ok((data, canonical)) if data.is_dir() => {
                let root = Root { index, shown_from: &source.shown_from, canonical };
                self.folder(path, &root, true);
            }
            Ok((data, canonical)) if data.is_file() => {
                self.add(path.clone(), canonical, index, true)
            }
            Ok(_) => self.skip(path, "it is neither a file nor a folder".to_owned(), true),
            Err(error) => self.skip(path, unreadable(&error), true),
        }
    }

    fn folder(&mut self, path: &Utf8Path, root: &Root<'_>, explicit: bool) {
        let listed = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<DirEntry>>>);
        let mut entries = match listed {
            Ok(entries) => entries,
            Err(error) => return self.skip(shown(path, root), unreadable(&error), explicit),
        };
        entries.sort_by_key(DirEntry::file_name);
        for entry in entries {
            match Utf8PathBuf::from_path_buf(entry.path()) {
                Ok(path) => self.entry(&path, &entry, root),
                Err(path) => {
                    let path = Utf8PathBuf::from(path.to_string_lossy().into_owned());
                    self.skip(shown(&path, root), "its name is not UTF-8".to_owned(), false);
                }
            }
        }
    }

    fn entry(&mut self, path: &Utf8Path, entry: &DirEntry, root: &Root<'_>) {
        let hidden = path.file_name().is_none_or(|name| name.starts_with('.'));
        let kind = entry.file_type();
        match kind {
            _ if hidden => {}
            Err(error) => self.skip(shown(path, root), unreadable(&error), false),
            Ok(kind) if kind.is_symlink() => self.link(path, root),
            Ok(kind) if kind.is_dir() => self.folder(path, root, false),
            Ok(kind) if kind.is_file() && may_be_recording(path) => self.file(path, root),
            Ok(_) => {}
        }
    }

    fn link(&mut self, path: &Utf8Path, root: &Root<'_>) {
        let target = fs::canonicalize(path).and_then(|to| Ok((fs::metadata(&to)?, to)));
        match target {
            Ok((data, _)) if data.is_dir() => {
                self.skip(shown(path, root), "links to folders are not followed".to_owned(), false);
            }
            Ok((data, to)) if data.is_file() && may_be_recording(path) => {
                if to.starts_with(&root.canonical) {
                    self.add(path.to_owned(), to, root.index, false);
                } else {
                    self.skip(
                        shown(path, root),
                        "it is a link out of the folder".to_owned(),
                        false,
                    );
                }
            }
            Ok(_) => {}
            Err(error) => self.skip(shown(path, root), unreadable(&error), false),
        }
    }

    fn file(&mut self, path: &Utf8Path, root: &Root<'_>) {
        match fs::canonicalize(path) {
            Ok(canonical) => self.add(path.to_owned(), canonical, root.index, false),
            Err(error) => self.skip(shown(path, root), unreadable(&error), false),
        }
    }

    fn add(&mut self, path: Utf8PathBuf, canonical: PathBuf, source: usize, explicit: bool) {
        match self.known.get(&canonical).and_then(|at| self.found.get_mut(*at)) {
            Some(found) => found.explicit |= explicit,
            None => {
                self.known.insert(canonical, self.found.len());
                let (sides, identity) = (Vec::new(), None);
                self.found.push(Found { path, source, explicit, sides, identity });
            }
        }
    }

    fn skip(&mut self, path: &Utf8Path, why: String, explicit: bool) {
        let help = explicit.then(|| "check that it exists and that you may read it".to_owned());
        self.skipped.push(Skipped { path: path.to_owned(), why, help, explicit });
    }

    fn join_side_files(&mut self) {
        let mut joined = HashSet::new();
        let paths: Vec<_> = self.found.iter().map(|found| found.path.clone()).collect();
        let mut openhands = openhands::side_files(&paths);
        for found in &mut self.found {
            found.sides = side_files(&found.path);
            found.sides.extend(openhands.remove(&found.path).into_iter().flatten());
            found.identity = identity_file(&found.path);
            for side in &found.sides {
                joined.extend(canonical(&side.path));
                joined.extend(side.meta.as_ref().and_then(|meta| canonical(meta)));
            }
        }
        self.found
            .retain(|found| canonical(&found.path).is_none_or(|path| !joined.contains(&path)));
    }
}

fn canonical(path: &Utf8Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

fn shown<'a>(path: &'a Utf8Path, root: &Root<'_>) -> &'a Utf8Path {
    path.strip_prefix(root.shown_from).unwrap_or(path)
}

/// By its ending, that of what it packs included.
pub(super) fn may_be_recording(path: &Utf8Path) -> bool {
    let Some(ending) = path.extension() else { return false };
    let inner = path.file_stem().map(Utf8Path::new);
    is_archive(path)
        || ENDINGS.contains(&ending)
        || (PACKED.contains(&ending) && inner.is_some_and(may_be_recording))
}

pub(super) fn is_archive(path: &Utf8Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        kind => format!("it cannot be read: {kind}"),
    }
}

/// `<recording>.identity.toml`; a link is left alone.
fn identity_file(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let path = Utf8PathBuf::from(format!("{path}{}", sidecar::ENDING));
    let is_file = fs::symlink_metadata(&path).is_ok_and(|data| data.is_file());
    is_file.then_some(path)
}

/// `<session>/subagents/agent-<id>.jsonl`, sorted; links are left alone.
fn side_files(path: &Utf8Path) -> Vec<SideFound> {
    let (Some("jsonl"), Some(stem)) = (path.extension(), path.file_stem()) else {
        return Vec::new();
    };
    let relative = Utf8Path::new(stem).join("subagents");
    let folder = path.with_file_name(stem).join("subagents");
    let names = fs::read_dir(Path::new(folder.as_str())).into_iter().flatten().flatten();
    let files = names.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut names: Vec<_> =
        files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let metas: HashSet<_> =
        names.iter().filter(|name| name.ends_with(".meta.json")).cloned().collect();
    let sides = names.iter().filter(|name| name.starts_with("agent-") && name.ends_with(".jsonl"));
    let side = |name: &String| {
        let meta = format!("{}.meta.json", name.trim_end_matches(".jsonl"));
        SideFound {
            path: folder.join(name),
            relative: relative.join(name),
            meta: metas.get(&meta).map(|meta| folder.join(meta)),
        }
    };
    sides.map(side).collect()
}

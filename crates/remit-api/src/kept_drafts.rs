//! Unsaved texts, in the app's own folder: a crash of the app or of the machine does not lose them, and
//! nothing unsaved is ever in the workspace, where git would see it.
//!
//! One file a draft, written beside and moved into place. One that cannot be read counts as not there.

use crate::files::{digest, inside, io_error, written};
use crate::wire::{ErrorDto, KeptDraft};
use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::new_workspace::write_atomic;
use std::io::ErrorKind;

/// So many characters of a digest name a file: enough that no two meet.
const NAME: usize = 24;

/// Where the drafts of the workspace at `root` are kept.
pub(crate) fn folder(data: &Utf8Path, root: &Utf8Path) -> Utf8PathBuf {
    data.join("drafts").join(name_of(root.as_str()))
}

/// Keeps a draft, instead of an older one of the same file.
pub(crate) fn keep(folder: &Utf8Path, draft: &KeptDraft) -> Result<(), ErrorDto> {
    let path = inside(&draft.path)?;
    let text = serde_json::to_vec(draft).map_err(|e| ErrorDto::bad_request(e.to_string()))?;
    std::fs::create_dir_all(folder).map_err(|e| io_error(folder, &e))?;
    write_atomic(&file_of(folder, path.as_str()), &text).map_err(written)
}

/// Forgets a draft, if there is one.
pub(crate) fn forget(folder: &Utf8Path, path: &str) -> Result<(), ErrorDto> {
    let path = inside(path)?;
    match std::fs::remove_file(file_of(folder, path.as_str())) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error(&path, &error)),
        _ => Ok(()),
    }
}

/// All drafts that are kept, by path.
pub(crate) fn all(folder: &Utf8Path) -> Vec<KeptDraft> {
    let files = folder.read_dir_utf8().into_iter().flatten().flatten();
    let drafts = files.filter_map(|file| {
        let draft: KeptDraft = serde_json::from_slice(&std::fs::read(file.path()).ok()?).ok()?;
        inside(&draft.path).ok().map(|_| draft)
    });
    let mut drafts: Vec<KeptDraft> = drafts.collect();
    drafts.sort_by(|a, b| a.path.cmp(&b.path));
    drafts
}

fn file_of(folder: &Utf8Path, path: &str) -> Utf8PathBuf {
    folder.join(format!("{}.json", name_of(path)))
}

fn name_of(text: &str) -> String {
    let digest = digest(text.as_bytes());
    digest.trim_start_matches("sha256:").chars().take(NAME).collect()
}

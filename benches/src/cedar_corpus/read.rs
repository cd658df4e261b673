//! Where cases are read from: an unpacked folder, or a packed one.

use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The four files of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseText {
    /// The name that its files share.
    pub id: String,
    /// `ID.json`: requests, and the answers that they must get.
    pub requests: String,
    /// `ID.cedar`.
    pub policies: String,
    /// `ID.cedarschema`.
    pub schema: String,
    /// `ID.entities.json`.
    pub entities: String,
}

/// A corpus that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A file or folder that the system does not give.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A case that lacks one of its files.
    #[error("case `{id}` has no `{id}.{ending}`")]
    Incomplete {
        /// Which case.
        id: String,
        /// How the name of the file ends.
        ending: &'static str,
    },
}

/// The cases below the folder `path`, or in a `.tar.gz` of such a folder; by id.
///
/// # Errors
/// [`Unreadable`] if it is neither, or a case is not whole.
pub fn cases(path: &Path) -> Result<Vec<CaseText>, Unreadable> {
    let mut files = BTreeMap::new();
    let read = if path.is_dir() { folder(path, &mut files) } else { packed(path, &mut files) };
    read.map_err(|source| Unreadable::File { path: path.to_owned(), source })?;
    let is_case = |name: &&String| name.ends_with(".json") && !name.ends_with(".entities.json");
    let ids: Vec<String> = files.keys().filter(is_case).map(|n| stem(n).to_owned()).collect();
    ids.into_iter().map(|id| whole(id, &mut files)).collect()
}

/// Texts by name; a name is unique in the corpus, whatever its folder.
type Files = BTreeMap<String, String>;

fn folder(path: &Path, files: &mut Files) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() {
            folder(&path, files)?;
        } else {
            keep(&path, files, |text| File::open(&path)?.read_to_string(text))?;
        }
    }
    Ok(())
}

fn packed(path: &Path, files: &mut Files) -> io::Result<()> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        keep(&path, files, |text| entry.read_to_string(text))?;
    }
    Ok(())
}

/// Keeps the text of a file of a case; others are not read.
fn keep(
    path: &Path,
    files: &mut Files,
    read: impl FnOnce(&mut String) -> io::Result<usize>,
) -> io::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if [".json", ".cedar", ".cedarschema"].iter().any(|ending| name.ends_with(ending)) {
        let mut text = String::new();
        read(&mut text).map_err(|e| io::Error::new(e.kind(), format!("{name}: {e}")))?;
        files.insert(name.to_owned(), text);
    }
    Ok(())
}

fn whole(id: String, files: &mut Files) -> Result<CaseText, Unreadable> {
    let mut take = |ending: &'static str| {
        let text = files.remove(&format!("{id}.{ending}"));
        text.ok_or_else(|| Unreadable::Incomplete { id: id.clone(), ending })
    };
    Ok(CaseText {
        requests: take("json")?,
        policies: take("cedar")?,
        schema: take("cedarschema")?,
        entities: take("entities.json")?,
        id,
    })
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".json").unwrap_or(name)
}

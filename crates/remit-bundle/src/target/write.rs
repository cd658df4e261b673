//! The files of an export: made in memory, written all or none.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::ExportError;

/// Files by their path below the export's folder.
#[derive(Default, Clone, PartialEq, Eq)]
pub struct Files(BTreeMap<Utf8PathBuf, Vec<u8>>);

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Files {
    pub(crate) fn text(&mut self, path: &str, text: String) {
        self.bytes(path, text.into_bytes());
    }

    pub(crate) fn json(&mut self, path: &str, value: &Value) {
        self.text(path, format!("{value:#}\n"));
    }

    pub(crate) fn bytes(&mut self, path: &str, bytes: Vec<u8>) {
        self.0.insert(path.into(), bytes);
    }

    /// The files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    /// What a file holds.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(Utf8Path::new(path)).map(Vec::as_slice)
    }

    /// Writes everything into a folder that does not exist or is empty: beside it first, then under its
    /// name, so that nobody ever sees half an export.
    ///
    /// # Errors
    /// If there is something already, or the disk refuses.
    pub fn write(&self, out: &Utf8Path) -> Result<(), ExportError> {
        let refused = |source: io::Error| ExportError::NotWritten { path: out.to_owned(), source };
        match out.read_dir_utf8() {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(ExportError::NotEmpty { path: out.to_owned() });
                }
                fs::remove_dir(out).map_err(refused)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error)),
        }
        let parent = out.parent().filter(|parent| !parent.as_str().is_empty());
        let parent = parent.unwrap_or(Utf8Path::new("."));
        fs::create_dir_all(parent).map_err(refused)?;
        let beside = tempfile::Builder::new().prefix(".remit-export-").tempdir_in(parent);
        let beside = beside.map_err(refused)?;
        let root = Utf8Path::from_path(beside.path()).unwrap_or(parent).join("export");
        for (path, bytes) in self.iter() {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&root)).map_err(refused)?;
            let mut file = fs::File::create(path).map_err(refused)?;
            file.write_all(bytes).map_err(refused)?;
            file.sync_all().map_err(refused)?;
        }
        fs::rename(&root, out).map_err(refused)
    }
}

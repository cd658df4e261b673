//! The files of a workspace that we understand, read once, drafts first.
//!
//! Symbolic links to folders are not followed and hidden files are left alone. A file that cannot
//! be read is a finding, not the end.

use std::fs;
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::finding::{Finding, FindingCode};

pub(crate) const CONFIG: &str = "remit.toml";
pub(crate) const SCHEMA: &str = "schema.cedarschema";
pub(crate) const ENTITIES: &str = "entities.json";
pub(crate) const GUARDRAILS: &str = "guardrails";
pub(crate) const SCOPES: &str = "scopes";
pub(crate) const SCOPE_INDEX: &str = "scopes/scopes.toml";
pub(crate) const LINKS: &str = "template-links.json";
pub(crate) const PROVIDERS: &str = "providers.json";
const EVENT_SCHEMA_ENDING: &str = "dwschema";

/// What a file of a workspace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `remit.toml`.
    Config,
    /// `schema.cedarschema`.
    Schema,
    /// `entities.json`.
    Entities,
    /// Guardrails, in Cedar or Dogwood.
    Guardrails,
    /// A scope's policies, in Cedar or Dogwood.
    Scope,
    /// `scopes/scopes.toml`.
    ScopeIndex,
    /// `template-links.json` of the guardrails or of the scopes.
    TemplateLinks,
    /// A file for Dogwood that we do not read: `providers.json` or `*.dwschema`.
    Unsupported,
}

impl FileKind {
    /// What the file of this name is, if it is one of ours.
    #[must_use]
    pub fn of(file: &Utf8Path) -> Option<Self> {
        match file.as_str() {
            CONFIG => return Some(Self::Config),
            SCHEMA => return Some(Self::Schema),
            ENTITIES => return Some(Self::Entities),
            SCOPE_INDEX => return Some(Self::ScopeIndex),
            _ => {}
        }
        if file.as_str() == PROVIDERS || file.extension() == Some(EVENT_SCHEMA_ENDING) {
            return Some(Self::Unsupported);
        }
        let is_guardrail = file.starts_with(GUARDRAILS);
        if !is_guardrail && !file.starts_with(SCOPES) {
            return None;
        }
        match file.extension() {
            Some("cedar" | "dw") if is_guardrail => Some(Self::Guardrails),
            Some("cedar" | "dw") => Some(Self::Scope),
            _ if file.file_name() == Some(LINKS) => Some(Self::TemplateLinks),
            _ => None,
        }
    }

    /// Whether such files hold policies that we read.
    pub(crate) fn is_policies(self) -> bool {
        matches!(self, Self::Guardrails | Self::Scope)
    }
}

/// A file of the workspace and its text, the draft's if there is one.
#[derive(Debug, Clone)]
pub struct FileEntry {
    /// Relative to the workspace, with `/`.
    pub path: Utf8PathBuf,
    /// What it is.
    pub kind: FileKind,
    /// What it says.
    pub text: Arc<str>,
}

/// The unsaved text of a file, by its path relative to the workspace.
pub(crate) type Overlay<'a> = &'a dyn Fn(&Utf8Path) -> Option<String>;

/// Reads all files of a workspace, sorted by path.
pub(crate) fn read_all(
    root: &Utf8Path,
    overlay: Overlay<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<FileEntry> {
    let mut paths: Vec<Utf8PathBuf> =
        [CONFIG, SCHEMA, ENTITIES, PROVIDERS].map(Utf8PathBuf::from).into();
    paths.extend(event_schemas(root));
    for folder in [GUARDRAILS, SCOPES] {
        walk(root, Utf8Path::new(folder), &mut paths, findings);
    }
    paths.sort();
    paths.into_iter().filter_map(|path| read(root, path, overlay, findings)).collect()
}

/// Files beside `remit.toml` that would say which fields events have.
fn event_schemas(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = root.read_dir_utf8().into_iter().flatten().flatten();
    let names = entries.map(|entry| Utf8PathBuf::from(entry.file_name()));
    names.filter(|name| name.extension() == Some(EVENT_SCHEMA_ENDING)).collect()
}

fn read(
    root: &Utf8Path,
    path: Utf8PathBuf,
    overlay: Overlay<'_>,
    findings: &mut Vec<Finding>,
) -> Option<FileEntry> {
    let kind = FileKind::of(&path)?;
    let text = match overlay(&path) {
        Some(text) => text,
        None => match read_text(&root.join(&path), &path) {
            Ok(text) => text?,
            Err(finding) => {
                findings.push(*finding);
                return None;
            }
        },
    };
    Some(FileEntry { path, kind, text: text.into() })
}

/// The text of a file; nothing if there is no such file.
fn read_text(on_disk: &Utf8Path, file: &Utf8Path) -> Result<Option<String>, Box<Finding>> {
    let unreadable = |message: String, help: &str| {
        Box::new(Finding::new(FindingCode::UnreadableFile, file, message).help(help))
    };
    match fs::read(on_disk) {
        Ok(bytes) if bytes.starts_with(b"\xEF\xBB\xBF") => Err(unreadable(
            "the file starts with a byte order mark".into(),
            "save it as UTF-8 without a byte order mark",
        )),
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|error| {
            let offset = error.utf8_error().valid_up_to();
            unreadable(
                format!("the file is not UTF-8: byte {offset} is no character"),
                "save it as UTF-8",
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(
            format!("the file cannot be read: {error}"),
            "check its permissions, and that it is a file",
        )),
    }
}

/// Collects the files below a folder of the workspace; no folder, no files.
pub(crate) fn walk(
    root: &Utf8Path,
    folder: &Utf8Path,
    paths: &mut Vec<Utf8PathBuf>,
    findings: &mut Vec<Finding>,
) {
    let listing = match root.join(folder).read_dir_utf8() {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            let message = format!("the folder cannot be listed: {error}");
            findings.push(Finding::new(FindingCode::UnreadableFile, folder, message));
            return;
        }
    };
    let mut folders = Vec::new();
    for entry in listing {
        let Ok(entry) = entry else {
            let message = "the folder holds a file whose name is not UTF-8";
            let finding = Finding::new(FindingCode::UnreadableFile, folder, message);
            findings.push(finding.help("rename the file"));
            continue;
        };
        if entry.file_name().starts_with('.') {
            continue;
        }
        let path = folder.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => folders.push(path),
            _ => paths.push(path),
        }
    }
    folders.sort();
    for folder in folders {
        walk(root, &folder, paths, findings);
    }
}

//! Reading and saving files of the open workspace. No path that the window sends leads out of it.

use crate::templates;
use crate::wire::{ErrorCode, ErrorDto, FileEdit, FileKind, FileText, SaveFile};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use remit_policy::Workspace;
use remit_policy::new_workspace::{WriteError, write_atomic, write_workspace};
use sha2::{Digest, Sha256};
use std::io;

/// Files that are no text that people edit here would only be damaged by an editor.
const EDITABLE: [&str; 6] = ["cedar", "cedarschema", "dw", "json", "md", "toml"];
const FILE_BYTES_MAX: u64 = 8 << 20;
const TESTS: &str = "tests";
/// More tests than anybody lists.
const TESTS_MAX: usize = 1_000;
const README: &str = "README.md";

/// Reads a file of the workspace.
pub(crate) fn read(workspace: &Workspace, path: &str) -> Result<FileText, ErrorDto> {
    let relative = inside(path)?;
    let file = resolve(&workspace.root, &relative)?;
    let size = std::fs::metadata(&file).map_err(|e| io_error(&relative, &e))?.len();
    if size > FILE_BYTES_MAX {
        let message =
            format!("`{relative}` has {size} bytes; the editor opens at most {FILE_BYTES_MAX}");
        return Err(ErrorDto::new(ErrorCode::InvalidText, message));
    }
    let bytes = std::fs::read(&file).map_err(|e| io_error(&relative, &e))?;
    let digest = digest(&bytes);
    let text = String::from_utf8(bytes).map_err(|_| {
        ErrorDto::new(ErrorCode::InvalidText, format!("`{relative}` is not UTF-8"))
            .help(Some("save it as UTF-8".into()))
    })?;
    Ok(FileText { path: relative.to_string(), kind: kind(&relative), text, digest })
}

/// Saves a file, unless it changed since the edit began. Returns the digest of what is there now.
pub(crate) fn save(root: &Utf8Path, request: &SaveFile) -> Result<String, ErrorDto> {
    let relative = inside(&request.path)?;
    let file = resolve(root, &relative)?;
    let there = there(&file, &relative)?.map(|bytes| digest(&bytes));
    if !request.base.is_empty() && there.as_ref() != Some(&request.base) {
        let message = match there {
            Some(_) => format!("`{relative}` was changed by somebody else since you opened it"),
            None => format!("`{relative}` was removed since you opened it"),
        };
        let help = "compare both versions, then keep one or merge them".to_owned();
        return Err(ErrorDto::new(ErrorCode::Conflict, message).help(Some(help)));
    }
    write_atomic(&file, request.text.as_bytes()).map_err(written)?;
    Ok(digest(request.text.as_bytes()))
}

/// Makes, writes and removes files: all of them, or none. Returns the edits that take it back.
pub(crate) fn edit(root: &Utf8Path, edits: &[FileEdit]) -> Result<Vec<FileEdit>, ErrorDto> {
    let planned: Vec<Planned<'_>> =
        edits.iter().map(|edit| Planned::new(root, edit)).collect::<Result<_, _>>()?;
    let twice = |at: usize| {
        planned.iter().take(at).any(|p| planned.get(at).is_some_and(|q| p.file == q.file))
    };
    if let Some(at) = (0..planned.len()).find(|at| twice(*at)) {
        let path = edits.get(at).map(|edit| edit.path.as_str()).unwrap_or_default();
        return Err(ErrorDto::bad_request(format!("`{path}` is edited twice at once")));
    }
    for (done, plan) in planned.iter().enumerate() {
        if let Err(error) = plan.put(plan.edit.text.as_deref().map(str::as_bytes)) {
            // What was done is taken back; that the disk refuses this too cannot be mended here.
            for undone in planned.iter().take(done) {
                let _ = undone.put(undone.before.as_deref());
            }
            return Err(error);
        }
    }
    planned.iter().map(|plan| plan.undo()).collect()
}

/// An edit whose file is as the edit expects it.
struct Planned<'e> {
    edit: &'e FileEdit,
    root: &'e Utf8Path,
    relative: Utf8PathBuf,
    file: Utf8PathBuf,
    before: Option<Vec<u8>>,
}

impl<'e> Planned<'e> {
    fn new(root: &'e Utf8Path, edit: &'e FileEdit) -> Result<Self, ErrorDto> {
        let relative = inside(&edit.path)?;
        let file = resolve(root, &relative)?;
        if edit.text.is_none() && relative == "remit.toml" {
            return Err(ErrorDto::bad_request("`remit.toml` is what makes the folder a workspace")
                .help(Some("remove the folder itself if the workspace shall go".into())));
        }
        let before = there(&file, &relative)?;
        if before.as_deref().map(digest) == edit.base {
            return Ok(Planned { edit, root, relative, file, before });
        }
        let (message, help) = match (&before, &edit.base) {
            (Some(_), None) => ("is there already", "choose another name"),
            (Some(_), Some(_)) => ("was changed by somebody else meanwhile", "look at it first"),
            (None, _) => ("is not there any more", "there is nothing left to do"),
        };
        Err(ErrorDto::new(ErrorCode::Conflict, format!("`{relative}` {message}"))
            .help(Some(help.to_owned())))
    }

    /// Writes the file, or removes it and the folders that it leaves empty.
    fn put(&self, bytes: Option<&[u8]>) -> Result<(), ErrorDto> {
        let Some(bytes) = bytes else {
            match std::fs::remove_file(&self.file) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error(&self.relative, &e));
                }
                _ => self.remove_empty_folders(),
            }
            return Ok(());
        };
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).map_err(|e| io_error(&self.relative, &e))?;
        }
        write_atomic(&self.file, bytes).map_err(written)
    }

    /// Folders such as `guardrails/` stay: an empty one still says what goes there.
    fn remove_empty_folders(&self) {
        let below = |folder: &&Utf8Path| {
            folder.strip_prefix(self.root).is_ok_and(|below| below.components().count() > 1)
        };
        for folder in self.file.ancestors().skip(1).take_while(below) {
            if std::fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }

    fn undo(&self) -> Result<FileEdit, ErrorDto> {
        let text = self.before.clone().map(String::from_utf8).transpose().map_err(|_| {
            ErrorDto::new(ErrorCode::InvalidText, format!("`{}` was not UTF-8", self.relative))
        })?;
        let base = self.edit.text.as_ref().map(|text| digest(text.as_bytes()));
        Ok(FileEdit { path: self.edit.path.clone(), base, text })
    }
}

/// The digest of a file of the workspace, if it is there.
pub(crate) fn digest_at(root: &Utf8Path, path: &Utf8Path) -> Result<Option<String>, ErrorDto> {
    let relative = inside(path.as_str())?;
    Ok(there(&resolve(root, &relative)?, &relative)?.as_deref().map(digest))
}

/// The bytes of a file, if it is there.
fn there(file: &Utf8Path, relative: &Utf8Path) -> Result<Option<Vec<u8>>, ErrorDto> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io_error(relative, &e)),
    }
}

/// Copies a template to a new folder.
pub(crate) fn write_template(name: &str, root: &Utf8Path) -> Result<(), ErrorDto> {
    let files = templates::files(name)
        .ok_or_else(|| ErrorDto::not_found(format!("there is no template `{name}`")))?;
    write_workspace(root, &files).map_err(written)
}

pub(crate) fn written(error: WriteError) -> ErrorDto {
    let help = miette::Diagnostic::help(&error).map(|h| h.to_string());
    ErrorDto::new(ErrorCode::Io, error.to_string()).help(help)
}

/// The texts of the workspace's tests, by path relative to it. What cannot be read is left out.
pub fn test_files(root: &Utf8Path) -> Vec<(Utf8PathBuf, String)> {
    let folder = root.join("tests").read_dir_utf8().ok();
    let entries = folder.into_iter().flatten().filter_map(Result::ok);
    let small = entries.filter(|entry| {
        let size = entry.metadata().map(|data| data.len()).unwrap_or(u64::MAX);
        size <= FILE_BYTES_MAX && entry.path().extension() == Some("toml")
    });
    let mut tests: Vec<(Utf8PathBuf, String)> = small
        .filter_map(|entry| {
            let text = std::fs::read_to_string(entry.path()).ok()?;
            Some((Utf8Path::new("tests").join(entry.file_name()), text))
        })
        .collect();
    tests.sort();
    tests
}

/// Whether a changed path is below one of the workspace's recording paths.
pub(crate) fn is_recording(workspace: &Workspace, path: &str) -> bool {
    let listed = workspace.config.recordings.files(&workspace.root).files;
    let below = |p: &Utf8PathBuf| Utf8Path::new(path).starts_with(p);
    workspace.config.recordings.paths.iter().any(below) || listed.iter().any(|f| f == path)
}

/// Whether the files at `paths` still say what `workspace` was read from. Only those are read: a
/// workspace can be large, and the app's own saves are noticed, too.
pub(crate) fn is_as_read(workspace: &Workspace, paths: &[String]) -> bool {
    let is_same = |path: &String| {
        let (path, on_disk) = (Utf8Path::new(path), workspace.root.join(path));
        let known = workspace.text(path);
        match remit_policy::FileKind::of(path) {
            Some(_) => std::fs::read_to_string(&on_disk).ok().as_deref() == known,
            // A folder that came or went took files with it.
            None => !on_disk.is_dir() && !workspace.files.iter().any(|f| f.path.starts_with(path)),
        }
    };
    paths.iter().all(is_same)
}

/// What a file of this name is for.
pub(crate) fn kind(path: &Utf8Path) -> FileKind {
    use remit_policy::FileKind as Of;
    match Of::of(path) {
        Some(Of::Config) => FileKind::Config,
        Some(Of::Schema) => FileKind::Schema,
        Some(Of::Entities) => FileKind::Entities,
        Some(Of::Guardrails) => FileKind::Guardrails,
        Some(Of::Scope) => FileKind::Scope,
        Some(Of::ScopeIndex) => FileKind::Tasks,
        None if path.starts_with(TESTS) && path.extension() == Some("toml") => FileKind::Tests,
        Some(Of::TemplateLinks | Of::Unsupported) | None => FileKind::Other,
    }
}

/// Files that people edit beside those that a workspace is read from: its tests and its description.
pub(crate) fn beside(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Utf8PathBuf::from(TESTS)];
    while let Some(folder) = folders.pop() {
        for entry in root.join(&folder).read_dir_utf8().into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            // A link to a folder is none here, so that no link leads out of the workspace.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !entry.file_name().starts_with('.') => {
                    folders.push(path);
                }
                Ok(kind) if kind.is_file() && self::kind(&path) == FileKind::Tests => {
                    found.push(path);
                }
                _ => {}
            }
            if found.len() + folders.len() > TESTS_MAX {
                return found;
            }
        }
    }
    found.sort();
    found.extend(root.join(README).is_file().then(|| README.into()));
    found
}

/// Whether a changed path is such a file, or was.
pub(crate) fn is_beside(path: &str) -> bool {
    path == README || kind(Utf8Path::new(path)) == FileKind::Tests
}

/// What the disk said, for a person.
pub(crate) fn io_error(path: &Utf8Path, error: &io::Error) -> ErrorDto {
    let code =
        if error.kind() == io::ErrorKind::NotFound { ErrorCode::NotFound } else { ErrorCode::Io };
    ErrorDto::new(code, format!("`{path}`: {error}"))
}

/// A relative path of plain names, with an ending that we edit.
pub(crate) fn inside(path: &str) -> Result<Utf8PathBuf, ErrorDto> {
    let path = Utf8PathBuf::from(path);
    let plain = path
        .components()
        .all(|c| matches!(c, Utf8Component::Normal(name) if !name.starts_with('.')));
    let editable = path.extension().is_some_and(|e| EDITABLE.contains(&e));
    if plain && editable {
        Ok(path)
    } else {
        Err(ErrorDto::bad_request(format!("`{path}` is no file of the workspace")))
    }
}

/// Where the file is on disk. A link in the workspace must not lead out of it.
fn resolve(root: &Utf8Path, relative: &Utf8Path) -> Result<Utf8PathBuf, ErrorDto> {
    let file = root.join(relative);
    let existing = file.ancestors().find(|p| p.exists()).unwrap_or(root);
    let real = |p: &Utf8Path| p.canonicalize_utf8().map_err(|e| io_error(relative, &e));
    if real(existing)?.starts_with(real(root)?) {
        Ok(file)
    } else {
        Err(ErrorDto::bad_request(format!("`{relative}` leads out of the workspace")))
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn only_plain_paths_of_files_that_people_edit() {
        for path in ["remit.toml", "guardrails/a.cedar", "scopes/x/y.cedar"] {
            assert!(inside(path).is_ok(), "{path}");
        }
        for path in [
            "../x.toml",
            "/etc/x.json",
            "guardrails/../../x.cedar",
            ".git/config.toml",
            "a/.b.cedar",
            "run.sh",
            "",
        ] {
            assert!(inside(path).is_err(), "{path}");
        }
    }
}

//! Finding and reading the recordings of a workspace.

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::Workspace;
use remit_replay::{Corpus, CorpusBuilder, SeenValues};
use remit_session::{
    Format, Limits, LoadError, Loaded, Progress, Recording, Skipped, Source, load, load_each,
    locate, read_each,
};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Where the recordings of `workspace` are; paths are shown relative to the workspace.
pub fn workspace_sources(workspace: &Workspace) -> Vec<Source> {
    let paths = &workspace.config.recordings.paths;
    let (plain, globs): (Vec<_>, Vec<_>) =
        paths.iter().partition(|p| workspace.root.join(p).exists());
    let mut found: Vec<&Utf8Path> = plain.into_iter().map(Utf8PathBuf::as_path).collect();
    let matched = workspace.config.recordings.files(&workspace.root).files;
    if !globs.is_empty() {
        let new: Vec<&Utf8Path> = matched
            .iter()
            .map(Utf8PathBuf::as_path)
            .filter(|f| !found.iter().any(|p| f.starts_with(p)))
            .collect();
        found.extend(new);
    }
    found.into_iter().map(|p| source(&workspace.root, p)).collect()
}

/// What lies outside of the workspace is shown like a path that a person names.
fn source(root: &Utf8Path, path: &Utf8Path) -> Source {
    let on_disk = root.join(path);
    if on_disk.starts_with(root) {
        Source { path: on_disk, shown_from: root.to_owned() }
    } else {
        argument(&on_disk)
    }
}

/// Reads the recordings at `paths`; with none, those of the workspace.
///
/// # Errors
/// When `progress` cancels. What cannot be read is in [`Loaded::skipped`].
pub fn load_recordings(
    workspace: &Workspace,
    paths: &[Utf8PathBuf],
    format: Option<Format>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Loaded, LoadError> {
    if !paths.is_empty() {
        return load_paths(paths, format, progress);
    }
    load(&workspace_sources(workspace), format, &Limits::default(), progress)
}

/// What the workspace's recordings hold, for an editor: as they were kept, else read again.
///
/// # Errors
/// When `go_on` breaks.
pub fn load_seen(
    workspace: &Workspace,
    go_on: &dyn Fn() -> ControlFlow<()>,
) -> Result<SeenValues, LoadError> {
    let found = locate(&workspace_sources(workspace), None);
    if let Ok(corpus) = Corpus::open_cached(workspace, &found) {
        return Ok(SeenValues::new(Arc::new(corpus)));
    }
    let mut builder = CorpusBuilder::new(workspace);
    read_each(found.files, &Limits::default(), &mut |_| go_on(), &mut |file, recording| {
        builder.add_located(file, &recording);
        ControlFlow::Continue(())
    })?;
    Ok(SeenValues::new(Arc::new(builder.finish())))
}

/// Reads the recordings at `paths`, without a workspace.
///
/// # Errors
/// When `progress` cancels. What cannot be read is in [`Loaded::skipped`].
pub fn load_paths(
    paths: &[Utf8PathBuf],
    format: Option<Format>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Loaded, LoadError> {
    let sources: Vec<Source> = paths.iter().map(|p| argument(p)).collect();
    load(&sources, format, &Limits::default(), progress)
}

/// As [`load_paths`], but hands each recording over, in order, and keeps none; says what was not read.
///
/// # Errors
/// When `progress` or `each` cancels.
pub fn load_paths_each(
    paths: &[Utf8PathBuf],
    format: Option<Format>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    each: &mut dyn FnMut(Recording) -> ControlFlow<()>,
) -> Result<Vec<Skipped>, LoadError> {
    let sources: Vec<Source> = paths.iter().map(|p| argument(p)).collect();
    load_each(&sources, format, &Limits::default(), progress, &mut |_, recording| each(recording))
}

/// A path that a person named: a folder's recordings are shown relative to it, a file by its name.
fn argument(path: &Utf8Path) -> Source {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    Source { path: path.to_owned(), shown_from: folder.to_owned() }
}

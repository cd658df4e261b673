//! What recordings are called where people see them: never the same twice.

use super::Source;
use super::walk::Found;
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use std::collections::HashMap;

/// The shown path of each file: relative to its source; where two would be the same, with the
/// source's own name in front; where that does not help, as it was found.
pub(super) fn shown_paths(found: &[Found], sources: &[Source]) -> Vec<Utf8PathBuf> {
    let mut shown: Vec<_> = found.iter().map(|file| relative(file, sources)).collect();
    for rename in [with_source_name, as_found] {
        let again = repeated(&shown);
        for ((file, shown), again) in found.iter().zip(&mut shown).zip(again) {
            if again {
                *shown = rename(file, sources);
            }
        }
    }
    shown
}

fn repeated(shown: &[Utf8PathBuf]) -> Vec<bool> {
    let mut uses: HashMap<&Utf8Path, u32> = HashMap::new();
    for path in shown {
        *uses.entry(path).or_default() += 1;
    }
    shown.iter().map(|path| uses.get(path.as_path()).is_some_and(|uses| *uses > 1)).collect()
}

fn relative(file: &Found, sources: &[Source]) -> Utf8PathBuf {
    let from = sources.get(file.source).map(|source| source.shown_from.as_path());
    let inside = from.and_then(|from| file.path.strip_prefix(from).ok());
    match (inside, file.path.file_name()) {
        (Some(inside), _) if !inside.as_str().is_empty() => with_slashes(inside),
        (_, Some(name)) if file.explicit => Utf8PathBuf::from(name),
        _ => with_slashes(&file.path),
    }
}

fn with_source_name(file: &Found, sources: &[Source]) -> Utf8PathBuf {
    let source = sources.get(file.source).map(|source| source.path.as_path());
    let name = source.filter(|source| *source != file.path).and_then(Utf8Path::file_name);
    match name {
        Some(name) => Utf8Path::new(name).join(relative(file, sources)),
        None => as_found(file, sources),
    }
}

fn as_found(file: &Found, _: &[Source]) -> Utf8PathBuf {
    with_slashes(&file.path)
}

fn with_slashes(path: &Utf8Path) -> Utf8PathBuf {
    if !cfg!(windows) {
        return path.to_owned();
    }
    let parts: Vec<_> = path.components().map(|part: Utf8Component<'_>| part.as_str()).collect();
    Utf8PathBuf::from(parts.join("/"))
}

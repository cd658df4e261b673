//! OpenHands writes a conversation into many files: an event each, or a log of its model each.
//!
//! Events belong to the `base_state.json` beside their folder, or else to the first of them. Logs of one
//! model belong to the last: it holds what the others say, if they are of one conversation.

use super::SideFound;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// So much of a log's end is looked at.
const TAIL: u64 = 4096;

/// The files that belong to others, by those.
pub(super) fn side_files(paths: &[Utf8PathBuf]) -> HashMap<Utf8PathBuf, Vec<SideFound>> {
    let mut events: BTreeMap<&Utf8Path, Vec<&Utf8PathBuf>> = BTreeMap::new();
    let mut logs: BTreeMap<(&Utf8Path, &str), Vec<(f64, &Utf8PathBuf)>> = BTreeMap::new();
    for path in paths {
        let Some((folder, name)) = path.parent().zip(path.file_name()) else { continue };
        if folder.file_name() == Some("events") && is_event(name) {
            events.entry(folder).or_default().push(path);
        } else if let Some((model, time)) = log_name(name) {
            logs.entry((folder, model)).or_default().push((time, path));
        }
    }
    let mut found = HashMap::new();
    for (folder, mut of_folder) in events {
        of_folder.sort();
        let state = folder.with_file_name("base_state.json");
        let main = paths.contains(&state).then_some(&state).or(of_folder.first().copied()).cloned();
        let Some(main) = main else { continue };
        let others = of_folder.into_iter().filter(|path| **path != main);
        let sides = others.map(|path| side(&main, path)).collect();
        found.insert(main, sides);
    }
    for (_, mut of_model) in logs {
        of_model.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        let Some((_, main)) = of_model.pop().filter(|(_, last)| is_log(last)) else { continue };
        let sides = of_model.into_iter().map(|(_, path)| side(main, path)).collect();
        found.insert(main.clone(), sides);
    }
    found
}

fn side(main: &Utf8Path, path: &Utf8Path) -> SideFound {
    let folder = main.parent().unwrap_or(Utf8Path::new(""));
    let relative = path.strip_prefix(folder).unwrap_or(path).to_owned();
    SideFound { path: path.to_owned(), relative, meta: None }
}

/// `event-00005-<id>.json`
fn is_event(name: &str) -> bool {
    let number = name.strip_prefix("event-").and_then(|rest| rest.split('-').next());
    name.ends_with(".json")
        && number.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `<model>-<seconds>.json`
fn log_name(name: &str) -> Option<(&str, f64)> {
    let (model, time) = name.strip_suffix(".json")?.rsplit_once('-')?;
    let seconds: f64 = time.parse().ok()?;
    let digits = time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (digits && seconds > 1e9 && seconds < 1e11).then_some((model, seconds))
}

/// Whether a file ends as a log does: what it cost comes after the answer.
fn is_log(path: &Utf8Path) -> bool {
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail)?;
        std::io::Result::Ok(tail)
    };
    let tail = read().unwrap_or_default();
    crate::import::ends_like_model_log(&tail)
}

//! What `replay`, `diff`, `show` and `explain` share: a valid workspace, recordings, and their replay.

use crate::args::Corpus;
use crate::error::CliError;
use crate::output::{count, harmless, to_stderr};
use crate::progress;
use camino::{Utf8Path, Utf8PathBuf};
use remit_api::load_recordings;
use remit_api::policy::Workspace;
use remit_api::replay::{
    CorpusBuilder, Engine, JudgedCall, LiveReplay, Replay, SessionReplay, Verdicts, replay_with,
};
use remit_api::session::{Format, Loaded, Recording, Session, Skipped};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A replayed corpus.
pub(crate) struct Bench {
    pub workspace: Workspace,
    pub loaded: Loaded,
    pub replay: Replay,
}

/// A session with its recording and verdicts.
#[derive(Clone, Copy)]
pub(crate) struct Found<'b> {
    pub recording: &'b Recording,
    pub session: &'b Session,
    pub replayed: &'b SessionReplay,
}

impl Bench {
    pub fn open(corpus: &Corpus) -> Result<Self, CliError> {
        Bench::open_with(Engine::default(), corpus)
    }

    pub fn open_with(engine: Engine, corpus: &Corpus) -> Result<Self, CliError> {
        let workspace = load_workspace(&corpus.workspace)?;
        if !workspace.is_valid() {
            return Err(CliError::Invalid(Box::new(workspace)));
        }
        let loaded = read(&workspace, &corpus.recordings, corpus.import_as)?;
        let replay = judge_with(engine, &workspace, &loaded)?;
        Ok(Bench { workspace, loaded, replay })
    }

    pub fn sessions(&self) -> impl Iterator<Item = Found<'_>> {
        self.replay.sessions.iter().filter_map(|replayed| {
            let recording = self.loaded.recordings.get(replayed.recording)?;
            Some(Found { recording, session: recording.sessions.get(replayed.session)?, replayed })
        })
    }

    /// The one session that `name` means: its id or recording, else a part of either that only it has.
    pub fn find(&self, name: &str) -> Result<Found<'_>, CliError> {
        let exact: Vec<_> =
            self.sessions().filter(|f| f.session.id == name || f.recording.path == name).collect();
        let found = if exact.is_empty() {
            self.sessions().filter(|f| f.is_like(name)).collect()
        } else {
            exact
        };
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(CliError::input(
                format!("no session is called `{name}`"),
                format!("`remit show {}` lists them", self.workspace.root),
            )),
            several => Err(CliError::input(
                format!("{} sessions fit `{name}`", several.len()),
                format!(
                    "say which: {}",
                    several
                        .iter()
                        .take(5)
                        .map(|f| format!("`{}`", f.session.id))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            )),
        }
    }
}

/// The same recordings, ready to be judged again and again.
pub(crate) struct Judged {
    pub live: LiveReplay,
    pub verdicts: Arc<Verdicts>,
}

impl Judged {
    pub fn new(bench: &Bench) -> Result<Self, CliError> {
        Judged::of(&bench.workspace, &bench.loaded)
    }

    pub fn of(workspace: &Workspace, loaded: &Loaded) -> Result<Self, CliError> {
        let mut corpus = CorpusBuilder::new(workspace);
        corpus.add_each(&loaded.recordings);
        corpus.skip(loaded.skipped.clone());
        let mut live = LiveReplay::new(Arc::new(corpus.finish()));
        let verdicts = live.judge(workspace, &|| ControlFlow::Continue(()));
        let verdicts = verdicts.map_err(|e| CliError::input(e.to_string(), "run it again"))?;
        Ok(Judged { live, verdicts })
    }
}

impl Found<'_> {
    fn is_like(&self, part: &str) -> bool {
        self.session.id.contains(part) || self.recording.path.as_str().contains(part)
    }

    pub fn judged(&self, step: u32) -> Option<&JudgedCall> {
        self.replayed.calls.iter().find(|c| c.step.0 == step)
    }
}

pub(crate) fn load_workspace(root: &Utf8Path) -> Result<Workspace, CliError> {
    Workspace::load(root).map_err(CliError::library)
}

/// Reads recordings. A path that the person named and that cannot be read is an error; a file of a
/// folder that is no recording is only told.
pub(crate) fn read(
    workspace: &Workspace,
    paths: &[Utf8PathBuf],
    format: Option<Format>,
) -> Result<Loaded, CliError> {
    let bar = progress::bar(0, "reading");
    let mut tell = |p: remit_api::session::Progress| {
        bar.set_length(p.files_total as u64);
        bar.set_position(p.files_done as u64);
        ControlFlow::Continue(())
    };
    let loaded = load_recordings(workspace, paths, format, &mut tell).map_err(CliError::library)?;
    bar.finish_and_clear();
    told(&loaded)?;
    Ok(loaded)
}

/// Names what was passed over.
pub(crate) fn told(loaded: &Loaded) -> Result<(), CliError> {
    let named: Vec<&Skipped> = loaded.skipped.iter().filter(|s| s.explicit).collect();
    if !named.is_empty() {
        return Err(unreadable(&named));
    }
    for skipped in &loaded.skipped {
        let help = skipped.help.as_ref().map(|h| format!("; help: {h}")).unwrap_or_default();
        let told = format!("`{}` was passed over: {}{help}", skipped.path, skipped.why);
        to_stderr(&format!("warning: {}\n", harmless(&told)))?;
    }
    to_stderr(&harmless(&importer_warnings(&loaded.recordings)))?;
    Ok(())
}

/// All that the person named and that cannot be read, in one error.
fn unreadable(named: &[&Skipped]) -> CliError {
    let why: Vec<String> = named.iter().map(|s| format!("`{}`: {}", s.path, s.why)).collect();
    let help: BTreeSet<&str> = named.iter().filter_map(|s| s.help.as_deref()).collect();
    let help = Vec::from_iter(help).join("; ");
    let general = "name a recording, or a folder of recordings".to_owned();
    CliError::input(harmless(&why.join("; ")), if help.is_empty() { general } else { help })
}

/// One line for each kind of warning: how often, and where first.
fn importer_warnings(recordings: &[Recording]) -> String {
    let mut kinds: BTreeMap<&str, (u32, u32, String)> = BTreeMap::new();
    for recording in recordings {
        for w in &recording.warnings {
            let first = || (0, 0, format!("`{}`, {}", recording.path, w.place));
            let (times, files, _) = kinds.entry(&w.message).or_insert_with(first);
            *times += w.count;
            *files += 1;
        }
    }
    let line = |(message, (times, files, first)): (&str, (u32, u32, String))| match times {
        1 => format!("warning: {first}: {message}\n"),
        _ => format!(
            "warning: {message} ({times} times in {}; first in {first})\n",
            count(files, "recording")
        ),
    };
    kinds.into_iter().map(line).collect()
}

pub(crate) fn judge(workspace: &Workspace, loaded: &Loaded) -> Result<Replay, CliError> {
    judge_with(Engine::default(), workspace, loaded)
}

fn judge_with(engine: Engine, workspace: &Workspace, loaded: &Loaded) -> Result<Replay, CliError> {
    let sessions = loaded.recordings.iter().map(|r| r.sessions.len() as u64).sum();
    let bar = progress::bar(sessions, "judging");
    let progress = |_| {
        bar.inc(1);
        ControlFlow::Continue(())
    };
    let replayed = replay_with(engine, workspace, &loaded.recordings, &progress);
    bar.finish_and_clear();
    replayed.map_err(|e| CliError::input(e.to_string(), "run it again"))
}

//! All tool calls of some recordings as requests in a table, without the recordings' texts.
//!
//! A corpus knows what lists of sessions show, which row of the table each call has, and how to read a
//! recording again. It is a function of the recordings, the schema, the mapping and the rules for tasks,
//! and so outlives every edit of policies and entities. Not here: verdicts (`live`).

mod builder;
mod cache;
mod texts;

pub use builder::CorpusBuilder;
pub use cache::NotCached;

use crate::Mapper;
use crate::history::EventLog;
use crate::rows::RowSet;
use crate::table::Table;
use cedar_policy::{Entities, EntityId, EntityUid};
use remit_policy::Workspace;
use remit_session::{Format, Limits, Located, Recording, RecordingDigest, Skipped, StepIdx};
use remit_session::{Warning, load_one};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;
use texts::{TextId, Texts};

/// The row of a call that has none, since it is not mapped.
const NO_ROW: u32 = u32::MAX;

/// All tool calls of some recordings.
#[derive(Debug)]
pub struct Corpus {
    data: Data,
    table: Arc<Table>,
    /// The digest of the entities that the table was made with.
    entities: String,
    groups: Vec<Group>,
    misses_an_attribute: RowSet,
}

/// What a file can hold of a corpus, besides its table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Data {
    made_for: MadeFor,
    recordings: Vec<RecordingEntry>,
    sessions: Vec<SessionData>,
    /// INVARIANT (parallel): the step and the row of each call, in the order of the recordings.
    steps: Vec<u32>,
    rows: Vec<u32>,
    texts: Texts,
    /// Lists of names, each by where it lies in here.
    names: Vec<TextId>,
    /// Of each group: the scopes that may judge it.
    groups: Vec<Vec<String>>,
    /// What the entities of each of the table's stores depend on.
    stores: Vec<StoreKey>,
    /// The rows whose recording misses an attribute.
    misses_an_attribute: Vec<u32>,
    skipped: Vec<Skipped>,
    /// The events of all sessions, if any policy asked for them.
    history: Option<EventLog>,
}

/// What requests depend on besides the recordings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MadeFor {
    schema: String,
    mapping: String,
    tasks: String,
}

/// A recording, without its sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingEntry {
    /// As shown to people.
    pub path: camino::Utf8PathBuf,
    /// Of its bytes.
    pub digest: RecordingDigest,
    /// Which importer read it.
    pub format: Format,
    /// What was skipped or repaired.
    pub warnings: Vec<Warning>,
    /// How to read it again, if it came from disk.
    pub located: Option<Located>,
    /// Which sessions of the corpus are its.
    pub sessions: Range<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SessionData {
    recording: u32,
    id: TextId,
    task: Option<TextId>,
    goal: Option<TextId>,
    /// The main agent is the first.
    agents: Names,
    tools: Names,
    steps: u32,
    first_call: u32,
    calls: u32,
    group: u32,
}

/// A part of [`Data::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Names {
    start: u32,
    len: u32,
}

/// The sessions that are judged by the same scope, whichever scopes exist.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The first of these that exists judges them.
    pub(crate) scopes: Vec<String>,
    pub(crate) sessions: u32,
    pub(crate) rows: RowSet,
}

/// A principal, by type and id, as a member of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoreKey {
    principal: (String, String),
    task: Option<String>,
}

/// Why a recording cannot be read again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum ReadError {
    /// It is not what it was.
    #[error("`{path}` was changed since it was read")]
    #[diagnostic(help("read the recordings again"))]
    Changed {
        /// As shown to people.
        path: camino::Utf8PathBuf,
    },
    /// It cannot be read any more.
    #[error("`{path}` cannot be shown: {why}")]
    #[diagnostic(help("read the recordings again"))]
    Unreadable {
        /// As shown to people.
        path: camino::Utf8PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Corpus {
    /// `table` has the entities of the digest `entities`.
    fn new(data: Data, table: Arc<Table>, entities: String) -> Self {
        let misses_an_attribute = sorted(data.misses_an_attribute.clone());
        Corpus { groups: data.groups(), misses_an_attribute, data, table, entities }
    }

    /// Whether the workspace's schema, mapping and rules for tasks are those that it was made for.
    pub fn fits(&self, workspace: &Workspace) -> bool {
        self.data.made_for == MadeFor::of(workspace)
    }

    /// The recordings, in the order in which they were read.
    pub fn recordings(&self) -> &[RecordingEntry] {
        &self.data.recordings
    }

    /// What was not read.
    pub fn skipped(&self) -> &[Skipped] {
        &self.data.skipped
    }

    /// What importers skipped or repaired, each occurrence counted.
    pub(crate) fn warning_count(&self) -> u32 {
        self.data.recordings.iter().flat_map(|r| &r.warnings).map(|w| w.count).sum()
    }

    /// How many sessions there are.
    pub fn session_count(&self) -> usize {
        self.data.sessions.len()
    }

    /// A session, by its position among those of all recordings.
    pub fn session(&self, session: usize) -> Option<SessionEntry<'_>> {
        let data = self.data.sessions.get(session)?;
        let recording = self.data.recordings.get(data.recording as usize)?;
        Some(SessionEntry { corpus: self, at: session, data, recording })
    }

    /// All sessions, in the order of the recordings.
    pub fn sessions(&self) -> impl Iterator<Item = SessionEntry<'_>> {
        (0..self.data.sessions.len()).filter_map(|at| self.session(at))
    }

    /// How many tool calls there are.
    pub fn call_count(&self) -> usize {
        self.data.steps.len()
    }

    /// The session and the step of a call, by its position among those of all recordings.
    pub fn call(&self, position: usize) -> Option<(usize, StepIdx)> {
        let step = *self.data.steps.get(position)?;
        let after = self.data.sessions.partition_point(|s| s.first_call as usize <= position);
        Some((after.checked_sub(1)?, StepIdx(step)))
    }

    /// The row of a call in the table, by its position; `None` for one that is not mapped.
    pub fn row(&self, position: usize) -> Option<u32> {
        self.data.rows.get(position).copied().filter(|row| *row != NO_ROW)
    }

    /// Reads a recording again.
    ///
    /// # Errors
    /// [`ReadError`] if it is not there any more, or not what it was.
    pub fn read(&self, recording: usize, limits: &Limits) -> Result<Recording, ReadError> {
        let gone = |path: &str, why: &str| ReadError::Unreadable {
            path: path.into(),
            why: why.to_owned(),
        };
        let entry = self.data.recordings.get(recording);
        let entry = entry.ok_or_else(|| gone("?", "there is no such recording"))?;
        let path = entry.path.as_str();
        let located =
            entry.located.as_ref().ok_or_else(|| gone(path, "it did not come from a file"))?;
        let read = load_one(located, limits).map_err(|skipped| gone(path, &skipped.why))?;
        if read.digest != entry.digest {
            return Err(ReadError::Changed { path: entry.path.clone() });
        }
        Ok(read)
    }

    pub(crate) fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The digest of the entities that the table was made with.
    pub(crate) fn entities(&self) -> &str {
        &self.entities
    }

    /// The workspace's entities for each of the table's stores.
    pub(crate) fn stores(&self, workspace: &Workspace) -> Vec<Entities> {
        self.data.stores(workspace)
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The rows whose recording misses an attribute that policies may ask for.
    pub(crate) fn misses_an_attribute(&self) -> &RowSet {
        &self.misses_an_attribute
    }

    /// The events of all sessions, if any policy asked for them when it was made.
    pub(crate) fn history(&self) -> Option<&EventLog> {
        self.data.history.as_ref()
    }

    /// The row of each call by number; one beyond all rows where it has none.
    pub(crate) fn row_numbers(&self) -> &[u32] {
        &self.data.rows
    }

    /// The row of every call, in the order of the recordings.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = Option<u32>> {
        self.data.rows.iter().map(|row| Some(*row).filter(|row| *row != NO_ROW))
    }
}

impl Data {
    /// The workspace's entities for each store; of a workspace that maps nothing, as they are.
    fn stores(&self, workspace: &Workspace) -> Vec<Entities> {
        let mapper = Mapper::new(workspace);
        let of_store = |key: &StoreKey| {
            let (mapper, uid) = (mapper.as_ref()?, key.uid()?);
            Some(mapper.entities(&uid, key.task.as_deref()))
        };
        let all = &workspace.entities.entities;
        self.stores.iter().map(|key| of_store(key).unwrap_or_else(|| all.clone())).collect()
    }

    /// The groups with the rows of their sessions.
    fn groups(&self) -> Vec<Group> {
        let mut members: Vec<(u32, Vec<u32>)> = vec![Default::default(); self.groups.len()];
        for session in &self.sessions {
            if let Some((sessions, of_group)) = members.get_mut(session.group as usize) {
                let rows = self.rows.get(session.calls()).unwrap_or_default().iter();
                of_group.extend(rows.copied().filter(|row| *row != NO_ROW));
                *sessions += 1;
            }
        }
        let with_rows = self.groups.iter().zip(members);
        let group = |(scopes, (sessions, rows)): (&Vec<String>, _)| Group {
            scopes: scopes.clone(),
            sessions,
            rows: sorted(rows),
        };
        with_rows.map(group).collect()
    }
}

impl SessionData {
    /// The positions of its calls among those of all recordings.
    fn calls(&self) -> Range<usize> {
        let first = self.first_call as usize;
        first..first + self.calls as usize
    }
}

impl StoreKey {
    fn new(principal: &EntityUid, task: Option<String>) -> Self {
        let id: &str = principal.id().unescaped();
        StoreKey { principal: (principal.type_name().to_string(), id.to_owned()), task }
    }

    fn uid(&self) -> Option<EntityUid> {
        let (ty, id) = &self.principal;
        Some(EntityUid::from_type_name_and_id(ty.parse().ok()?, EntityId::new(id)))
    }
}

fn sorted(mut rows: Vec<u32>) -> RowSet {
    rows.sort_unstable();
    RowSet::from_sorted_iter(rows)
}

impl MadeFor {
    fn of(workspace: &Workspace) -> Self {
        let digests = workspace.digests();
        let tasks = workspace.text("scopes/scopes.toml".into()).unwrap_or_default();
        MadeFor { schema: digests.schema, mapping: digests.mapping, tasks: tasks.to_owned() }
    }
}

/// A session, as lists show it.
#[derive(Clone, Copy, Debug)]
pub struct SessionEntry<'c> {
    corpus: &'c Corpus,
    at: usize,
    data: &'c SessionData,
    recording: &'c RecordingEntry,
}

impl<'c> SessionEntry<'c> {
    /// Its recording.
    pub fn recording(&self) -> &'c RecordingEntry {
        self.recording
    }

    /// The position of its recording.
    pub fn recording_index(&self) -> usize {
        self.data.recording as usize
    }

    /// Its position among the sessions of its recording.
    pub fn index(&self) -> usize {
        self.at - (self.recording.sessions.start as usize).min(self.at)
    }

    /// Its id, unique in its recording.
    pub fn id(&self) -> &'c str {
        self.corpus.data.texts.get(self.data.id)
    }

    /// Its task: as recorded, else by the workspace's rules.
    pub fn task(&self) -> Option<&'c str> {
        self.data.task.map(|task| self.corpus.data.texts.get(task))
    }

    /// The beginning of its goal, in one line.
    pub fn goal(&self) -> Option<&'c str> {
        self.data.goal.map(|goal| self.corpus.data.texts.get(goal))
    }

    /// The main agent.
    pub fn agent(&self) -> &'c str {
        self.agents().next().unwrap_or("agent")
    }

    /// All agents by lane, the main one first.
    pub fn agents(&self) -> impl Iterator<Item = &'c str> + use<'c> {
        self.corpus.names(self.data.agents)
    }

    /// The tools that it calls, each once.
    pub fn tools(&self) -> impl Iterator<Item = &'c str> + use<'c> {
        self.corpus.names(self.data.tools)
    }

    /// How many steps it has.
    pub fn steps(&self) -> u32 {
        self.data.steps
    }

    /// The positions of its calls among those of all recordings.
    pub fn calls(&self) -> Range<usize> {
        self.data.calls()
    }

    pub(crate) fn group(&self) -> usize {
        self.data.group as usize
    }

    /// The step and the row of each call.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (StepIdx, Option<u32>)> + use<'c> {
        let steps = self.corpus.data.steps.get(self.calls()).unwrap_or_default();
        let rows = self.corpus.data.rows.get(self.calls()).unwrap_or_default();
        let row = |row: &u32| Some(*row).filter(|row| *row != NO_ROW);
        steps.iter().zip(rows).map(move |(step, r)| (StepIdx(*step), row(r)))
    }
}

impl Corpus {
    fn names(&self, Names { start, len }: Names) -> impl Iterator<Item = &str> {
        let some = self.data.names.get(start as usize..start as usize + len as usize);
        some.unwrap_or_default().iter().map(|name| self.data.texts.get(*name))
    }
}

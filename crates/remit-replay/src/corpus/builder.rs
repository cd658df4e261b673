//! Makes a corpus, one recording at a time.

use super::texts::{Interner, TextId};
use super::{Corpus, Data, MadeFor, NO_ROW, Names, RecordingEntry, SessionData, StoreKey};
use crate::history::{self, EventLog, Fields, Histories, TICKS};
use crate::replay::bench::{Bench, Pending, history_fields, key};
use crate::table::{StoreId, TableBuilder};
use crate::{Cancelled, Mapped, Mapper};
use cedar_policy::EntityUid;
use rayon::prelude::*;
use remit_policy::{TaskNames, Workspace};
use remit_session::{Located, Recording, Session, Skipped, StepIdx};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// So many sessions are mapped before their requests are dropped.
const SESSIONS_AT_A_TIME: usize = 256;
/// Of a goal, what lists show and search.
const GOAL_CHARS: usize = 480;

/// A corpus that is being made. Recordings may be dropped as soon as they are added.
pub struct CorpusBuilder<'w> {
    workspace: &'w Workspace,
    mapper: Option<Mapper<'w>>,
    table: TableBuilder,
    stores: HashMap<(EntityUid, Option<String>), StoreId>,
    store_keys: Vec<StoreKey>,
    recordings: Vec<RecordingEntry>,
    sessions: Vec<SessionData>,
    steps: Vec<u32>,
    /// Of each call: its ordinal in the table.
    ordinals: Vec<u32>,
    texts: Interner,
    names: Vec<TextId>,
    lists: HashMap<Vec<TextId>, Names>,
    groups: HashMap<Vec<String>, u32>,
    misses_an_attribute: Vec<u32>,
    skipped: Vec<Skipped>,
    /// The events, and which fields they have, if any policy asks for them.
    history: Option<(Fields, EventLog)>,
}

/// A call's step, and its request if it has one.
type Call<'w> = (StepIdx, Option<Pending<'w>>);

/// A session, mapped.
struct MappedSession<'w> {
    names: TaskNames,
    calls: Vec<Call<'w>>,
    histories: Histories,
}

impl<'w> CorpusBuilder<'w> {
    /// An empty corpus for `workspace`.
    pub fn new(workspace: &'w Workspace) -> Self {
        let history = history_fields(workspace).map(|fields| {
            let log = EventLog::new(TICKS, fields.pins.clone());
            (fields, log)
        });
        CorpusBuilder {
            history,
            workspace,
            mapper: Mapper::new(workspace),
            table: TableBuilder::new(workspace.entities.entities.clone()),
            stores: HashMap::new(),
            store_keys: Vec::new(),
            recordings: Vec::new(),
            sessions: Vec::new(),
            steps: Vec::new(),
            ordinals: Vec::new(),
            texts: Interner::default(),
            names: Vec::new(),
            lists: HashMap::new(),
            groups: HashMap::new(),
            misses_an_attribute: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Adds the sessions of a recording.
    pub fn add(&mut self, recording: &Recording) {
        // Nothing asks to stop.
        let _ = self.add_all(std::iter::once((None, recording)), &|| Ok(()));
    }

    /// Adds the sessions of some recordings, several at a time.
    pub fn add_each(&mut self, recordings: &[Recording]) {
        // Nothing asks to stop.
        let _ = self.add_all(recordings.iter().map(|of| (None, of)), &|| Ok(()));
    }

    /// Adds the sessions of a recording that can be read again from where it was found.
    pub fn add_located(&mut self, located: Located, recording: &Recording) {
        // Nothing asks to stop.
        let _ = self.add_all(std::iter::once((Some(located), recording)), &|| Ok(()));
    }

    /// Adds what was not read.
    pub fn skip(&mut self, skipped: Vec<Skipped>) {
        self.skipped.extend(skipped);
    }

    /// How many tool calls it holds by now.
    pub fn call_count(&self) -> usize {
        self.steps.len()
    }

    /// Adds the sessions of some recordings; `tick` is asked after each, from any thread.
    pub(crate) fn add_all<'r>(
        &mut self,
        recordings: impl Iterator<Item = (Option<Located>, &'r Recording)>,
        tick: &(dyn Fn() -> Result<(), Cancelled> + Sync),
    ) -> Result<(), Cancelled> {
        let mut sessions: Vec<(u32, &Recording, &Session)> = Vec::new();
        for (located, of) in recordings {
            let recording = self.recordings.len() as u32;
            self.add_entry(located, of, sessions.len());
            sessions.extend(of.sessions.iter().map(|session| (recording, of, session)));
        }
        for some in sessions.chunks(SESSIONS_AT_A_TIME) {
            let fields = self.history.as_ref().map(|(fields, _)| fields);
            let (workspace, mapper) = (self.workspace, self.mapper.as_ref());
            let mapped = some.par_iter().map(|(_, of, session)| {
                tick().map(|()| MappedSession::new(workspace, mapper, fields, of, session))
            });
            let mapped: Vec<_> = mapped.collect::<Result<_, _>>()?;
            for ((recording, _, session), mapped) in some.iter().zip(mapped) {
                self.add_session(*recording, session, mapped);
            }
        }
        Ok(())
    }

    /// `waiting` sessions of earlier recordings are yet to be added.
    fn add_entry(&mut self, located: Option<Located>, of: &Recording, waiting: usize) {
        let first = (self.sessions.len() + waiting) as u32;
        self.recordings.push(RecordingEntry {
            path: of.path.clone(),
            digest: of.digest.clone(),
            format: of.format,
            warnings: of.warnings.clone(),
            located,
            sessions: first..first + of.sessions.len() as u32,
        });
    }

    fn add_session(&mut self, recording: u32, session: &Session, mapped: MappedSession<'w>) {
        let MappedSession { names: TaskNames { task, scopes }, calls, histories } = mapped;
        if let Some((_, log)) = &mut self.history {
            history::add(log, &histories, self.steps.len() as u32);
        }
        let next_group = self.groups.len() as u32;
        let group = *self.groups.entry(scopes).or_insert(next_group);
        let agents = session.lanes.iter().map(|lane| lane.agent.as_str());
        let tools: BTreeSet<&str> = session.calls().map(|(_, _, call)| &*call.tool).collect();
        let data = SessionData {
            recording,
            id: self.texts.texts.push(&session.id),
            task: task.as_deref().map(|task| self.texts.intern(task)),
            goal: session.goal.as_deref().map(|goal| self.texts.intern(&one_line(goal))),
            agents: self.list(agents),
            tools: self.list(tools.into_iter()),
            steps: session.steps.len() as u32,
            first_call: self.steps.len() as u32,
            calls: calls.len() as u32,
            group,
        };
        self.sessions.push(data);
        let mut stores: Vec<(Arc<EntityUid>, StoreId)> = Vec::new();
        for (step, call) in calls {
            self.steps.push(step.0);
            let ordinal = call.and_then(|call| self.row(call, &task, &mut stores));
            self.ordinals.push(ordinal.unwrap_or(NO_ROW));
        }
    }

    /// Puts a request into the table; says which it is, in the order of adding. `known` are the stores
    /// of the session's principals.
    fn row(
        &mut self,
        call: Pending<'w>,
        task: &Option<String>,
        known: &mut Vec<(Arc<EntityUid>, StoreId)>,
    ) -> Option<u32> {
        let misses_an_attribute = call.misses_an_attribute();
        let Mapped { principal, action_uid, resource, context, .. } = call.mapped;
        let store = match known.iter().find(|(other, _)| Arc::ptr_eq(other, &principal)) {
            Some((_, store)) => *store,
            None => {
                let store = self.store(&principal, task)?;
                known.push((Arc::clone(&principal), store));
                store
            }
        };
        let ordinal = self.table.push_cells([&principal, &action_uid, &resource], context, store);
        if misses_an_attribute {
            self.misses_an_attribute.push(ordinal);
        }
        Some(ordinal)
    }

    /// The entities that judge what `principal` does for `task`.
    fn store(&mut self, principal: &EntityUid, task: &Option<String>) -> Option<StoreId> {
        let mapper = self.mapper.as_ref()?;
        let key = (principal.clone(), task.clone());
        Some(*self.stores.entry(key).or_insert_with_key(|(principal, task)| {
            self.store_keys.push(StoreKey::new(principal, task.clone()));
            self.table.add_store(mapper.entities(principal, task.as_deref()))
        }))
    }

    fn list<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Names {
        let names: Vec<TextId> = names.map(|name| self.texts.intern(name)).collect();
        let (start, all) = (self.names.len() as u32, &mut self.names);
        *self.lists.entry(names).or_insert_with_key(|names| {
            all.extend(names);
            Names { start, len: names.len() as u32 }
        })
    }

    /// The finished corpus.
    pub fn finish(mut self) -> Corpus {
        let table = Arc::new(self.table.finish());
        let row_of = |ordinal: u32| table.row_of(ordinal).unwrap_or(NO_ROW);
        let mut groups: Vec<_> = self.groups.into_iter().collect();
        groups.sort_by_key(|(_, group)| *group);
        self.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        let history = self.history.map(|(_, mut log)| {
            log.finish();
            log
        });
        let data = Data {
            made_for: MadeFor::of(self.workspace),
            recordings: self.recordings,
            sessions: self.sessions,
            steps: self.steps,
            rows: self.ordinals.into_iter().map(row_of).collect(),
            texts: self.texts.texts,
            names: self.names,
            groups: groups.into_iter().map(|(scopes, _)| scopes).collect(),
            stores: self.store_keys,
            misses_an_attribute: self.misses_an_attribute.into_iter().map(row_of).collect(),
            skipped: self.skipped,
            history,
        };
        Corpus::new(data, table, self.workspace.entities.digest.clone())
    }
}

impl<'w> MappedSession<'w> {
    fn new(
        workspace: &'w Workspace,
        mapper: Option<&Mapper<'w>>,
        fields: Option<&Fields>,
        of: &Recording,
        session: &Session,
    ) -> Self {
        let names = workspace.tasks.names(&key(of, session));
        let bench = Bench::new(workspace, mapper, of, session);
        let requests = bench.mapped();
        let histories = fields.map(|fields| bench.histories(fields, &requests));
        let steps = session.calls().map(|(step, _, _)| step);
        let calls = steps.zip(requests.into_iter().map(Result::ok)).collect();
        MappedSession { names, calls, histories: histories.unwrap_or_default() }
    }
}

/// The beginning of a text, without line breaks.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut left = GOAL_CHARS;
    for word in text.split_whitespace() {
        if left == 0 {
            break;
        }
        let space = if line.is_empty() { "" } else { " " };
        let before = line.len();
        line.extend(space.chars().chain(word.chars()).take(left));
        left -= line.get(before..).map_or(0, |added| added.chars().count());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_goal_is_cut_to_one_line() {
        assert_eq!(one_line("  pay\n the   bill "), "pay the bill");
        assert_eq!(one_line(&"é ".repeat(1000)).chars().count(), super::GOAL_CHARS);
        assert_eq!(one_line(""), "");
    }
}

//! What is shown: a workspace, its recordings, and their verdicts.
//!
//! A snapshot never changes. What costs time is worked out when the first view asks for it.

use crate::recordings::Recordings;
use crate::view;
use crate::wire::{DriftSeverity, ErrorDto, Summary, Verdict};
use remit_policy::{Layer, Workspace};
use remit_replay::{SessionReplay, Verdicts};
use remit_session::{Recording, Session};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many sessions stay judged in detail: those that somebody looks at.
const DETAILED: usize = 4;

/// A workspace, its recordings, and their verdicts.
pub(crate) struct Snapshot {
    /// As judged, drafts included.
    pub workspace: Arc<Workspace>,
    /// What was judged.
    pub recordings: Arc<Recordings>,
    /// What came out.
    pub verdicts: Arc<Verdicts>,
    /// The counts.
    pub summary: Summary,
    listed: Mutex<Option<Listed>>,
    detailed: Mutex<Vec<(u32, Arc<SessionReplay>)>>,
}

/// The sessions that a filter lets through.
struct Listed {
    filter: Filter,
    sessions: Arc<Vec<u32>>,
}

/// Which sessions a list holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// In lower case; each must occur somewhere.
    pub words: Vec<String>,
    /// Some call must have it.
    pub verdict: Option<Verdict>,
    /// Some call must have drifted so gravely.
    pub severity: Option<DriftSeverity>,
}

/// A session with its recording and its verdicts.
pub(crate) struct Found<'s> {
    pub recording: &'s Recording,
    pub session: &'s Session,
    pub replayed: &'s SessionReplay,
}

impl Snapshot {
    pub fn new(
        workspace: Arc<Workspace>,
        recordings: Arc<Recordings>,
        verdicts: Arc<Verdicts>,
    ) -> Self {
        Snapshot {
            summary: view::summary_of(&verdicts.counts()),
            workspace,
            recordings,
            verdicts,
            listed: Mutex::default(),
            detailed: Mutex::default(),
        }
    }

    /// The sessions that `filter` lets through; the last answer is kept, since a list is asked for
    /// window by window.
    pub fn list(&self, filter: Filter) -> Arc<Vec<u32>> {
        let mut listed = lock(&self.listed);
        if let Some(same) = listed.as_ref().filter(|l| l.filter == filter) {
            return Arc::clone(&same.sessions);
        }
        let mut sessions = match filter.words.as_slice() {
            [] => (0..self.recordings.corpus.session_count() as u32).collect(),
            words => self.recordings.find(words),
        };
        if let Some(verdict) = filter.verdict {
            sessions.retain(|&session| self.has(session, |byte| view::verdict_in(byte) == verdict));
        }
        if let Some(severity) = filter.severity {
            let is_it = |byte| view::severity_in(byte) == Some(severity);
            sessions.retain(|&session| self.has(session, is_it));
        }
        let sessions = Arc::new(sessions);
        *listed = Some(Listed { filter, sessions: Arc::clone(&sessions) });
        sessions
    }

    fn has(&self, session: u32, is_it: impl Fn(u8) -> bool) -> bool {
        self.verdicts.session_column(session as usize).iter().any(|&byte| is_it(byte))
    }

    /// Reads a session, judges it in detail, and looks at it.
    pub fn look<T>(
        &self,
        session: u32,
        look: impl FnOnce(Found<'_>) -> Result<T, ErrorDto>,
    ) -> Result<T, ErrorDto> {
        let entry = self.recordings.session(session)?;
        let recording = self.recordings.read(entry.recording_index())?;
        let none = || ErrorDto::not_found(format!("there is no session {session}"));
        let found = recording.sessions.get(entry.index()).ok_or_else(none)?;
        let replayed = self.detailed(session, found).ok_or_else(none)?;
        look(Found { recording: &recording, session: found, replayed: &replayed })
    }

    fn detailed(&self, at: u32, session: &Session) -> Option<Arc<SessionReplay>> {
        let mut detailed = lock(&self.detailed);
        if let Some((_, known)) = detailed.iter().find(|(known, _)| *known == at) {
            return Some(Arc::clone(known));
        }
        let replayed = self.verdicts.session(&self.workspace, at as usize, session)?;
        let replayed = Arc::new(replayed);
        detailed.truncate(DETAILED - 1);
        detailed.insert(0, (at, Arc::clone(&replayed)));
        Some(replayed)
    }
}

impl Found<'_> {
    /// The scope that judged the session.
    pub fn scope<'w>(&self, workspace: &'w Workspace) -> Option<&'w Layer> {
        let scope = workspace.scopes.iter().find(|s| Some(&s.task) == self.replayed.scope.as_ref());
        scope.map(|s| &*s.layer)
    }
}

/// A panic elsewhere must not freeze the app: the data behind these locks is replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The recordings of the open workspace: which there are, their texts on demand, and finding them.
//!
//! Texts are read from disk again when somebody looks at them, and a few recordings are kept. What
//! changed on disk since it was judged is said, never shown.

mod kept;
mod words;

use crate::wire::{ErrorCode, ErrorDto};
use kept::Kept;
use remit_replay::{Corpus, ReadError, SeenValues, SessionEntry};
use remit_session::{Limits, Recording};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use words::Words;

/// The recordings of the open workspace.
pub(crate) struct Recordings {
    /// All that is known of them without their texts.
    pub corpus: Arc<Corpus>,
    kept: Mutex<Kept>,
    words: OnceLock<Words>,
    seen: SeenValues,
}

impl Recordings {
    pub fn new(corpus: Corpus) -> Self {
        let (kept, words) = (Mutex::new(Kept::default()), OnceLock::new());
        let corpus = Arc::new(corpus);
        Recordings { seen: SeenValues::new(Arc::clone(&corpus)), corpus, kept, words }
    }

    /// What the calls hold, for the editor.
    pub fn seen(&self) -> &SeenValues {
        &self.seen
    }

    /// A session, by its position among those of all recordings.
    pub fn session(&self, session: u32) -> Result<SessionEntry<'_>, ErrorDto> {
        let none = || ErrorDto::not_found(format!("there is no session {session}"));
        self.corpus.session(session as usize).ok_or_else(none)
    }

    /// A recording with its texts. The lock is held while it is read, so that views that ask for the
    /// same one at once read it once.
    pub fn read(&self, recording: usize) -> Result<Arc<Recording>, ErrorDto> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(recording) {
            return Ok(known);
        }
        let read = self.corpus.read(recording, &Limits::default()).map_err(changed)?;
        let located = self.corpus.recordings().get(recording).and_then(|r| r.located.as_ref());
        let read = Arc::new(read);
        kept.add(recording, &read, located.map_or(0, |l| l.bytes()));
        Ok(read)
    }

    /// The sessions that hold every word, in order; words are in lower case.
    pub fn find(&self, words: &[String]) -> Vec<u32> {
        self.words.get_or_init(|| Words::of(&self.corpus)).find(words)
    }
}

fn changed(error: ReadError) -> ErrorDto {
    let code = match error {
        ReadError::Changed { .. } => ErrorCode::Conflict,
        ReadError::Unreadable { .. } => ErrorCode::Io,
    };
    let help = miette::Diagnostic::help(&error).map(|h| h.to_string());
    ErrorDto::new(code, error.to_string()).help(help)
}

//! Recordings that were read again, for as long as they fit.

use remit_session::Recording;
use std::sync::Arc;

/// So many bytes of files are kept, read; in memory they take several times as much.
const BYTES: u64 = 32 << 20;

/// The last recordings that were looked at, the newest at the end.
#[derive(Default)]
pub(super) struct Kept {
    recordings: Vec<One>,
}

struct One {
    at: usize,
    recording: Arc<Recording>,
    bytes: u64,
}

impl Kept {
    pub fn get(&mut self, at: usize) -> Option<Arc<Recording>> {
        let found = self.recordings.iter().position(|one| one.at == at)?;
        let one = self.recordings.remove(found);
        let recording = Arc::clone(&one.recording);
        self.recordings.push(one);
        Some(recording)
    }

    /// Keeps a recording of `bytes` on disk; it is kept however large it is, until the next.
    pub fn add(&mut self, at: usize, recording: &Arc<Recording>, bytes: u64) {
        let mut left = BYTES.saturating_sub(bytes);
        let fits = self.recordings.iter().rev().take_while(|one| {
            let fits = one.bytes <= left;
            left = left.saturating_sub(one.bytes);
            fits
        });
        let dropped = self.recordings.len() - fits.count();
        self.recordings.drain(..dropped);
        self.recordings.push(One { at, recording: Arc::clone(recording), bytes });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use remit_session::{Format, RecordingDigest};

    fn recording() -> Arc<Recording> {
        Arc::new(Recording {
            path: "a.session".into(),
            digest: RecordingDigest(String::new()),
            format: Format::Notation,
            sessions: Vec::new(),
            warnings: Vec::new(),
            manifests: Vec::new(),
        })
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut kept = Kept::default();
        for at in 0..4 {
            kept.add(at, &recording(), BYTES / 4);
        }
        assert!(kept.get(0).is_some());
        kept.add(4, &recording(), BYTES / 4);
        let there: Vec<bool> = (0..5).map(|at| kept.get(at).is_some()).collect();
        assert_eq!(there, [true, false, true, true, true]);
    }

    #[test]
    fn one_that_is_too_large_is_kept_alone() {
        let mut kept = Kept::default();
        kept.add(0, &recording(), 1);
        kept.add(1, &recording(), 2 * BYTES);
        assert!(kept.get(0).is_none() && kept.get(1).is_some());
        kept.add(2, &recording(), 1);
        assert!(kept.get(1).is_none() && kept.get(2).is_some());
    }
}

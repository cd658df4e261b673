//! Finding sessions by words, in one pass over all that lists show of them.

use memchr::memmem::Finder;
use remit_replay::Corpus;

/// What can be found of each session, in lower case, one session after the other.
pub(super) struct Words {
    text: String,
    /// Where each session's text ends, and the next begins.
    ends: Vec<usize>,
}

impl Words {
    pub fn of(corpus: &Corpus) -> Self {
        let mut words = Words { text: String::new(), ends: Vec::new() };
        for session in corpus.sessions() {
            let fixed = [session.id(), session.recording().path.as_str()];
            let optional = [session.task(), session.goal()].into_iter().flatten();
            let all = fixed.into_iter().chain(optional);
            words.push(all.chain(session.agents()).chain(session.tools()));
        }
        words
    }

    /// Adds a session. Texts stay apart, so that no word is found across two.
    fn push<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        for text in texts {
            self.text.push_str(&text.to_lowercase());
            self.text.push('\n');
        }
        self.ends.push(self.text.len());
    }

    /// The sessions that hold every word, in order.
    pub fn find(&self, words: &[String]) -> Vec<u32> {
        let Some((first, others)) = words.split_first() else {
            return (0..self.ends.len() as u32).collect();
        };
        let mut found = self.with(first);
        for word in others {
            let finder = Finder::new(word.as_bytes());
            found.retain(|&session| finder.find(self.session(session as usize)).is_some());
        }
        found
    }

    /// The sessions that hold a word. It has no line break, so that it is never found across two.
    fn with(&self, word: &str) -> Vec<u32> {
        let finder = Finder::new(word.as_bytes());
        let (mut found, mut session, mut from) = (Vec::new(), 0, 0);
        let rest = |from: usize| self.text.as_bytes().get(from..).unwrap_or_default();
        while let Some(at) = finder.find(rest(from)).map(|at| from + at) {
            let ends = self.ends.get(session..).unwrap_or_default();
            session += ends.partition_point(|end| *end <= at);
            found.push(session as u32);
            from = self.ends.get(session).copied().unwrap_or(self.text.len());
        }
        found
    }

    fn session(&self, session: usize) -> &[u8] {
        let start = session.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(session).copied().unwrap_or_default();
        self.text.as_bytes().get(start.unwrap_or(0)..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    fn found(words: &str) -> Vec<u32> {
        let mut all = Words { text: String::new(), ends: Vec::new() };
        for session in [&["run-1", "Pay the BILL"][..], &["run-2", "täglich"], &["run-1x", "Bill"]]
        {
            all.push(session.iter().copied());
        }
        all.find(&words.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>())
    }

    #[test]
    fn every_word_must_occur_somewhere() {
        assert_eq!(found(""), [0, 1, 2]);
        assert_eq!(found("RUN"), [0, 1, 2]);
        assert_eq!(found("bill"), [0, 2]);
        assert_eq!(found("run-1 pay"), [0]);
        assert_eq!(found("pay run-1"), [0]);
        assert_eq!(found("TÄGLICH"), [1]);
        assert_eq!(found("1pay"), [0; 0], "not across texts");
        assert_eq!(found("täglichrun"), [0; 0], "not across sessions");
        assert_eq!(found("no such words"), [0; 0]);
    }
}

//! Many short texts in one allocation.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Texts that are told apart by a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Texts {
    all: String,
    /// Where each text ends, and the next begins.
    ends: Vec<u64>,
}

/// Which text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct TextId(u32);

impl Texts {
    /// Keeps `text`, whether or not it is there already.
    pub(super) fn push(&mut self, text: &str) -> TextId {
        let id = TextId(self.ends.len() as u32);
        self.all.push_str(text);
        self.ends.push(self.all.len() as u64);
        id
    }

    /// The text; empty if there is none of that number.
    pub(super) fn get(&self, TextId(id): TextId) -> &str {
        let at = id as usize;
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.all.get(start.unwrap_or(0) as usize..end).unwrap_or_default()
    }
}

/// Texts that repeat, each kept once.
#[derive(Debug, Default)]
pub(super) struct Interner {
    pub(super) texts: Texts,
    known: HashMap<Box<str>, TextId>,
}

impl Interner {
    pub(super) fn intern(&mut self, text: &str) -> TextId {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        let id = self.texts.push(text);
        self.known.insert(text.into(), id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were_put_in() {
        let mut interner = Interner::default();
        let words = ["", "a", "täglich", "", "a", "b"];
        let ids = words.map(|word| interner.intern(word));
        assert_eq!(ids.map(|id| interner.texts.get(id).to_owned()), words.map(str::to_owned));
        assert_eq!((ids[0], ids[1]), (ids[3], ids[4]));
    }
}

//! Truth values: of one row, and of a block of rows at a time.

use crate::Absent;
use crate::rows::{NONE, Words};

/// The truth values; a failure says what was not there, if it is because of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    False,
    True,
    Failed(Option<Absent>),
}

/// Bit by bit, where something is true and where it fails; it is false elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Truths {
    pub(super) yes: Words,
    pub(super) failed: Words,
    /// Those of the failed because an attribute is absent.
    pub(super) attribute: Words,
    /// Those of the failed because an entity, or something of it, is absent.
    pub(super) entity: Words,
}

impl Truths {
    pub(super) const NOWHERE: Truths =
        Truths { yes: NONE, failed: NONE, attribute: NONE, entity: NONE };

    pub(super) fn yes(words: Words) -> Self {
        Truths { yes: words, ..Truths::NOWHERE }
    }

    /// Sets one row, which is `bit` of word `at`.
    pub(super) fn set(&mut self, at: usize, bit: u32, truth: Truth) {
        let mark = |words: &mut Words| {
            if let Some(word) = words.get_mut(at) {
                *word |= 1 << bit;
            }
        };
        match truth {
            Truth::False => {}
            Truth::True => mark(&mut self.yes),
            Truth::Failed(absent) => {
                mark(&mut self.failed);
                match absent {
                    None => {}
                    Some(Absent::Attribute) => mark(&mut self.attribute),
                    Some(Absent::Entity) => mark(&mut self.entity),
                }
            }
        }
    }

    /// The failures of both; what is true is as it was.
    pub(super) fn or_failures(mut self, other: &Truths) -> Truths {
        or(&mut self.failed, &other.failed);
        or(&mut self.attribute, &other.attribute);
        or(&mut self.entity, &other.entity);
        self
    }

    /// Both, which speak of different rows.
    pub(super) fn or(mut self, other: &Truths) -> Truths {
        or(&mut self.yes, &other.yes);
        self.or_failures(other)
    }

    /// The rows of `mask` where it is false.
    pub(super) fn no(&self, mask: &Words) -> Words {
        let mut no = *mask;
        for ((no, yes), failed) in no.iter_mut().zip(&self.yes).zip(&self.failed) {
            *no &= !(yes | failed);
        }
        no
    }
}

fn or(words: &mut Words, other: &Words) {
    for (word, other) in words.iter_mut().zip(other) {
        *word |= other;
    }
}

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
    /// `None`: it fails nowhere, which most conditions never do.
    failures: Option<Box<Failures>>,
}

/// Bit by bit, where something fails, and for want of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failures {
    pub(super) failed: Words,
    /// Those of the failed because an attribute is absent.
    pub(super) attribute: Words,
    /// Those of the failed because an entity, or something of it, is absent.
    pub(super) entity: Words,
}

/// The failures of 64 rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failed {
    pub(super) failed: u64,
    pub(super) attribute: u64,
    pub(super) entity: u64,
}

impl Truths {
    pub(super) const NOWHERE: Truths = Truths { yes: NONE, failures: None };

    pub(super) fn yes(words: Words) -> Self {
        Truths { yes: words, failures: None }
    }

    pub(super) fn failures(&self) -> Option<&Failures> {
        self.failures.as_deref()
    }

    /// Sets one row, which is `bit` of word `at`.
    pub(super) fn set(&mut self, at: usize, bit: u32, truth: Truth) {
        let bit = 1 << bit;
        match truth {
            Truth::False => {}
            Truth::True => {
                if let Some(word) = self.yes.get_mut(at) {
                    *word |= bit;
                }
            }
            Truth::Failed(absent) => {
                let of = |kind| if absent == Some(kind) { bit } else { 0 };
                let (attribute, entity) = (of(Absent::Attribute), of(Absent::Entity));
                self.fail(at, Failed { failed: bit, attribute, entity });
            }
        }
    }

    /// Marks rows of word `at` as failed.
    #[inline]
    pub(super) fn fail(&mut self, at: usize, rows: Failed) {
        if rows.failed == 0 {
            return;
        }
        let failures = self.failures.get_or_insert_default();
        let Failures { failed, attribute, entity } = &mut **failures;
        let marked = [(failed, rows.failed), (attribute, rows.attribute), (entity, rows.entity)];
        for (words, rows) in marked {
            if let Some(word) = words.get_mut(at) {
                *word |= rows;
            }
        }
    }

    /// The failures of both; what is true is as it was.
    pub(super) fn or_failures(mut self, other: Option<Box<Failures>>) -> Truths {
        self.failures = match (self.failures, other) {
            (Some(mut ours), Some(theirs)) => {
                or(&mut ours.failed, &theirs.failed);
                or(&mut ours.attribute, &theirs.attribute);
                or(&mut ours.entity, &theirs.entity);
                Some(ours)
            }
            (ours, theirs) => ours.or(theirs),
        };
        self
    }

    /// Both, which speak of different rows.
    pub(super) fn or(mut self, other: Truths) -> Truths {
        or(&mut self.yes, &other.yes);
        self.or_failures(other.failures)
    }

    /// Its negation: true on the rows of `mask` where it is false.
    pub(super) fn not(self, mask: &Words) -> Truths {
        Truths { yes: self.no(mask), failures: self.failures }
    }

    /// Where it is true, and the failures apart.
    pub(super) fn apart(self) -> (Words, Option<Box<Failures>>) {
        (self.yes, self.failures)
    }

    /// The rows of `mask` where it is false.
    pub(super) fn no(&self, mask: &Words) -> Words {
        let mut no = *mask;
        for (no, yes) in no.iter_mut().zip(&self.yes) {
            *no &= !yes;
        }
        if let Some(failures) = &self.failures {
            for (no, failed) in no.iter_mut().zip(&failures.failed) {
                *no &= !failed;
            }
        }
        no
    }
}

impl Default for Failures {
    fn default() -> Self {
        Failures { failed: NONE, attribute: NONE, entity: NONE }
    }
}

fn or(words: &mut Words, other: &Words) {
    for (word, other) in words.iter_mut().zip(other) {
        *word |= other;
    }
}

//! What is known of an atom, by the codes of the columns that it reads.
//!
//! One byte a combination of codes, shared by all threads: whoever needs one that is not known yet works
//! it out, and two who do so at once write the same. Not here: working it out.

use super::kernel::lane;
use super::truths::{Truth, Truths};
use crate::Absent;
use crate::rows::{BLOCK_ROWS, Words, packed};
use crate::table::{Codes, ColumnId, Table};
use std::sync::atomic::{AtomicU8, Ordering};

/// A memo has at most this many entries, and at most a few for each row. Tests use a small limit, to
/// reach both kinds of atoms.
const LIMIT: usize = if cfg!(test) { 256 } else { 1 << 22 };

/// True.
const YES: u8 = 0b0001;
/// Neither true nor false: not known yet, or a failure.
const ODD: u8 = 0b0010;
/// A failure; the bits above say what is absent.
const FAILED: u8 = 0b0110;
const ABSENT_ATTRIBUTE: u8 = 0b0_1000;
const ABSENT_ENTITY: u8 = 0b1_0000;

/// So many codes fit a byte. A memo of one column has no fewer entries, so that a byte never lies behind
/// its end and nothing needs to be checked.
const NARROW: usize = 256;

#[derive(Debug)]
pub(super) struct Memo {
    /// What one step of each column's code is worth.
    strides: Vec<(ColumnId, usize)>,
    truths: Box<[AtomicU8]>,
}

impl Memo {
    /// For every combination of codes of `columns`. `None` if there are too many.
    pub(super) fn new(columns: impl Iterator<Item = ColumnId>, table: &Table) -> Option<Self> {
        let limit = LIMIT.min(4 * table.len() + 4096);
        let (mut strides, mut size) = (Vec::new(), 1_usize);
        for column in columns {
            let (_, radix) = table.column(column)?.codes()?;
            strides.push((column, size));
            size = size.checked_mul(radix).filter(|size| *size <= limit)?;
        }
        let kept = if strides.len() == 1 { size.max(NARROW) } else { size };
        Some(Memo { strides, truths: (0..kept).map(|_| AtomicU8::new(ODD)).collect() })
    }

    /// The single column that it is about.
    pub(super) fn column(&self) -> Option<ColumnId> {
        match self.strides.as_slice() {
            [(column, _)] => Some(*column),
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.truths.len()
    }

    /// What is known of one code of the single column.
    pub(super) fn remember(&self, code: usize, truth: Truth) {
        if let Some(entry) = self.truths.get(code) {
            entry.store(byte(truth), Ordering::Relaxed);
        }
    }

    /// The truth on `row`, worked out by `find` if it is not known.
    pub(super) fn truth(&self, table: &Table, row: u32, find: impl Fn(u32) -> Truth) -> Truth {
        let code = |column: &ColumnId| {
            let codes = table.column(*column).and_then(|column| column.codes());
            codes.and_then(|(codes, _)| codes.get(row as usize)).unwrap_or(0)
        };
        let at = self.strides.iter().map(|(column, stride)| code(column) as usize * stride).sum();
        self.known_or(at, || find(row))
    }

    /// The same for all codes.
    pub(super) fn remember_all(&self, truth: Truth) {
        let byte = byte(truth);
        self.truths.iter().for_each(|entry| entry.store(byte, Ordering::Relaxed));
    }

    /// The truths on the rows of `mask` in block `index`.
    pub(super) fn block(
        &self,
        table: &Table,
        index: u32,
        mask: &Words,
        find: impl Fn(u32) -> Truth,
    ) -> Truths {
        let column = |id: &ColumnId| Some(table.column(*id)?.codes()?.0);
        match self.strides.as_slice() {
            [] => self.gather(index, mask, std::iter::repeat_n(0, usize::MAX), find),
            [(id, _)] => match column(id) {
                Some(Codes::Narrow(codes)) => match self.truths.first_chunk::<NARROW>() {
                    Some(known) => self.one(index, mask, codes, known, find),
                    None => self.one(index, mask, codes, &*self.truths, find),
                },
                Some(Codes::Middle(codes)) => self.one(index, mask, codes, &*self.truths, find),
                Some(Codes::Wide(codes)) => self.one(index, mask, codes, &*self.truths, find),
                None => Truths::NOWHERE,
            },
            several => {
                let columns: Vec<(&Codes, usize)> = several
                    .iter()
                    .filter_map(|(id, stride)| Some((column(id)?, *stride)))
                    .collect();
                let first = (index * BLOCK_ROWS) as usize;
                let codes = (first..table.len()).map(|row| {
                    let code = |codes: &Codes| codes.get(row).unwrap_or(0) as usize;
                    columns.iter().map(|(codes, stride)| code(codes) * stride).sum::<usize>()
                });
                self.gather(index, mask, codes, find)
            }
        }
    }

    fn one<C: Copy + Default + PartialEq + TryInto<usize>>(
        &self,
        index: u32,
        mask: &Words,
        codes: &[C],
        known: &(impl Known + ?Sized),
        find: impl Fn(u32) -> Truth,
    ) -> Truths {
        let mut truths = Truths::NOWHERE;
        for (at, mask) in mask.iter().enumerate().filter(|(_, mask)| **mask != 0) {
            let codes = lane(codes, index, at);
            let entry = |code: C| code.try_into().unwrap_or(usize::MAX);
            let load = |code: C| known.of(entry(code));
            let mut bytes = [0; 64];
            // The rows of one principal or action lie together.
            let first = codes.first().copied().unwrap_or_default();
            if codes.iter().all(|code| *code == first) {
                bytes.fill(load(first));
            } else {
                bytes.iter_mut().zip(&codes).for_each(|(byte, code)| *byte = load(*code));
            }
            let odd = if bytes.iter().fold(0, |any, byte| any | byte) & ODD == 0 {
                0
            } else {
                packed(&bytes.map(|byte| byte >> 1 & 1)) & mask
            };
            if let Some(word) = truths.yes.get_mut(at) {
                *word = packed(&bytes.map(|byte| byte & YES)) & mask;
            }
            if odd != 0 {
                self.word(index, at, odd, codes.into_iter().map(entry), &find, &mut truths);
            }
        }
        truths
    }

    fn gather(
        &self,
        index: u32,
        mask: &Words,
        mut entries: impl Iterator<Item = usize>,
        find: impl Fn(u32) -> Truth,
    ) -> Truths {
        let mut truths = Truths::NOWHERE;
        for (at, mask) in mask.iter().enumerate() {
            self.word(index, at, *mask, entries.by_ref().take(64), &find, &mut truths);
        }
        truths
    }

    /// The rows of one word, one by one.
    fn word(
        &self,
        index: u32,
        at: usize,
        mask: u64,
        entries: impl Iterator<Item = usize>,
        find: &impl Fn(u32) -> Truth,
        truths: &mut Truths,
    ) {
        let first = index * BLOCK_ROWS + at as u32 * 64;
        for (bit, entry) in (0_u32..).zip(entries).take(64) {
            if mask >> bit & 1 != 0 {
                truths.set(at, bit, self.known_or(entry, || find(first + bit)));
            }
        }
    }

    fn known_or(&self, entry: usize, find: impl FnOnce() -> Truth) -> Truth {
        truth(self.raw(entry)).unwrap_or_else(|| {
            let found = find();
            self.remember(entry, found);
            found
        })
    }

    fn raw(&self, entry: usize) -> u8 {
        self.truths.get(entry).map_or(0, |truth| truth.load(Ordering::Relaxed))
    }
}

/// The entries of a memo, in as many forms as there are ways to look one up quickly.
trait Known {
    /// The entry at `at`, as it is now.
    fn of(&self, at: usize) -> u8;
}

impl Known for [AtomicU8] {
    #[inline]
    fn of(&self, at: usize) -> u8 {
        self.get(at).map_or(0, |truth| truth.load(Ordering::Relaxed))
    }
}

impl Known for [AtomicU8; NARROW] {
    #[inline]
    fn of(&self, at: usize) -> u8 {
        self.get(at).map_or(0, |truth| truth.load(Ordering::Relaxed))
    }
}

fn byte(truth: Truth) -> u8 {
    match truth {
        Truth::False => 0,
        Truth::True => YES,
        Truth::Failed(None) => FAILED,
        Truth::Failed(Some(Absent::Attribute)) => FAILED | ABSENT_ATTRIBUTE,
        Truth::Failed(Some(Absent::Entity)) => FAILED | ABSENT_ENTITY,
    }
}

/// `None` if it is not known.
fn truth(byte: u8) -> Option<Truth> {
    match byte {
        0 => Some(Truth::False),
        YES => Some(Truth::True),
        FAILED => Some(Truth::Failed(None)),
        _ if byte == FAILED | ABSENT_ATTRIBUTE => Some(Truth::Failed(Some(Absent::Attribute))),
        _ if byte == FAILED | ABSENT_ENTITY => Some(Truth::Failed(Some(Absent::Entity))),
        _ => None,
    }
}

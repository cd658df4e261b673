//! Sets of rows of a table, and counts of how many sets hold each row.
//!
//! A set is kept in blocks of 4,096 rows, a bit for each, and an empty block is left out: a policy whose
//! head leaves a sixtieth of a sorted table costs a sixtieth of its bits, and every operation is a loop
//! over words. Not here: which rows are what.

mod counter;

pub use counter::Counter;

use std::cmp::Ordering;

/// Rows in a block.
pub(crate) const BLOCK_ROWS: u32 = 4096;
pub(crate) const BLOCK_WORDS: usize = 64;

/// A bit for each row of a block; the lowest bit of the first word is the first row.
pub(crate) type Words = [u64; BLOCK_WORDS];

/// No row of a block.
pub(crate) const NONE: Words = [0; BLOCK_WORDS];

/// A set of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSet {
    /// INVARIANT (sorted): by index, each index once, no block without rows.
    blocks: Vec<Block>,
}

/// The rows of a set from `4096 * index` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) index: u32,
    pub(crate) words: Words,
}

impl RowSet {
    /// No rows.
    pub fn new() -> Self {
        RowSet::default()
    }

    /// The rows below `rows`.
    pub fn all(rows: u32) -> Self {
        RowSet::of_ranges([(0, rows)])
    }

    /// The rows from each start up to its end, itself left out. Ranges come in order and share no row.
    pub(crate) fn of_ranges(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut set = RowSet::new();
        for (start, end) in ranges.into_iter().filter(|(start, end)| start < end) {
            for index in start / BLOCK_ROWS..=(end - 1) / BLOCK_ROWS {
                let words = range_words(index, start, end);
                match set.blocks.last_mut() {
                    Some(last) if last.index == index => {
                        last.words.iter_mut().zip(&words).for_each(|(word, more)| *word |= more);
                    }
                    Some(_) | None => set.push(index, words),
                }
            }
        }
        set
    }

    /// Rows that come in ascending order; a row may come again.
    pub fn from_sorted_iter(rows: impl IntoIterator<Item = u32>) -> Self {
        let mut set = RowSet::new();
        for row in rows {
            set.insert(row);
        }
        set
    }

    /// Puts `row` in. Quick where no later row is in the set.
    pub fn insert(&mut self, row: u32) {
        let index = row / BLOCK_ROWS;
        if self.blocks.last().is_none_or(|last| last.index < index) {
            self.blocks.push(Block { index, words: NONE });
        }
        let at = match self.blocks.last() {
            Some(last) if last.index == index => self.blocks.len() - 1,
            _ => self.blocks.binary_search_by_key(&index, |b| b.index).unwrap_or_else(|at| {
                self.blocks.insert(at, Block { index, words: NONE });
                at
            }),
        };
        let (word, bit) = place(row);
        if let Some(word) = self.blocks.get_mut(at).and_then(|b| b.words.get_mut(word)) {
            *word |= bit;
        }
    }

    /// Whether `row` is in the set.
    pub fn contains(&self, row: u32) -> bool {
        let (word, bit) = place(row);
        self.block(row / BLOCK_ROWS).and_then(|w| w.get(word)).is_some_and(|w| w & bit != 0)
    }

    /// How many rows are in the set.
    pub fn len(&self) -> u64 {
        self.blocks.iter().map(|b| count(&b.words)).sum()
    }

    /// Whether no row is in the set.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.blocks.iter().flat_map(|block| {
            let words = (block.index * BLOCK_ROWS..).step_by(64).zip(&block.words);
            words.filter(|(_, word)| **word != 0).flat_map(|(first, word)| bits(first, *word))
        })
    }

    /// The rows of both.
    #[must_use]
    pub fn and(&self, other: &RowSet) -> RowSet {
        self.joined(other, |a, b| a & b)
    }

    /// The rows of either.
    #[must_use]
    pub fn or(&self, other: &RowSet) -> RowSet {
        self.joined(other, |a, b| a | b)
    }

    /// The rows that are not in `other`.
    #[must_use]
    pub fn and_not(&self, other: &RowSet) -> RowSet {
        self.joined(other, |a, b| a & !b)
    }

    /// The rows of one and not the other.
    #[must_use]
    pub fn xor(&self, other: &RowSet) -> RowSet {
        self.joined(other, |a, b| a ^ b)
    }

    /// How many rows are in both.
    pub fn intersection_len(&self, other: &RowSet) -> u64 {
        let both = |(a, b): (&Words, &Words)| -> u64 {
            a.iter().zip(b).map(|(a, b)| u64::from((a & b).count_ones())).sum()
        };
        self.common(other).map(both).sum()
    }

    /// Whether no row is in both.
    pub fn is_disjoint(&self, other: &RowSet) -> bool {
        self.common(other).all(|(a, b)| a.iter().zip(b).all(|(a, b)| a & b == 0))
    }

    /// How many bytes it takes, roughly.
    pub fn bytes(&self) -> usize {
        size_of::<RowSet>() + self.blocks.capacity() * size_of::<Block>()
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The bits of a block; `None` if it has none.
    pub(crate) fn block(&self, index: u32) -> Option<&Words> {
        let at = self.blocks.binary_search_by_key(&index, |b| b.index).ok()?;
        self.blocks.get(at).map(|b| &b.words)
    }

    /// Adds a block behind all others.
    pub(crate) fn push(&mut self, index: u32, words: Words) {
        debug_assert!(self.blocks.last().is_none_or(|last| last.index < index));
        if words != NONE {
            self.blocks.push(Block { index, words });
        }
    }

    fn joined(&self, other: &RowSet, join: impl Fn(u64, u64) -> u64) -> RowSet {
        let mut set = RowSet::new();
        let (mut left, mut right) = (self.blocks.iter().peekable(), other.blocks.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) => a.index.cmp(&b.index),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return set,
            };
            let a = if order.is_le() { left.next() } else { None };
            let b = if order.is_ge() { right.next() } else { None };
            let Some(index) = a.or(b).map(|block| block.index) else { return set };
            let mut words = a.map_or(NONE, |block| block.words);
            let others = b.map_or(&NONE, |block| &block.words);
            for (word, other) in words.iter_mut().zip(others) {
                *word = join(*word, *other);
            }
            set.push(index, words);
        }
    }

    /// The blocks that both have.
    fn common<'a>(&'a self, other: &'a RowSet) -> impl Iterator<Item = (&'a Words, &'a Words)> {
        let (few, many) = if self.blocks.len() <= other.blocks.len() {
            (&self.blocks, other)
        } else {
            (&other.blocks, self)
        };
        few.iter().filter_map(|block| Some((&block.words, many.block(block.index)?)))
    }
}

impl FromIterator<u32> for RowSet {
    fn from_iter<T: IntoIterator<Item = u32>>(rows: T) -> Self {
        RowSet::from_sorted_iter(rows)
    }
}

/// A bit for each byte, which is 0 or 1.
#[inline]
pub(crate) fn packed(bytes: &[u8; 64]) -> u64 {
    // Each product has, in its highest byte, the eight lowest bits beside each other; no two other bits
    // of it meet, so that nothing is carried.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = bytes.as_chunks::<8>();
    let bits = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56;
    eights.iter().rev().fold(0, |word, eight| word << 8 | bits(eight))
}

/// The bits of block `index` for the rows from `start` up to `end`.
pub(crate) fn range_words(index: u32, start: u32, end: u32) -> Words {
    let first = index * BLOCK_ROWS;
    let mut words = NONE;
    for (at, word) in (first..).step_by(64).zip(&mut words) {
        let (from, to) = (start.saturating_sub(at).min(64), end.saturating_sub(at).min(64));
        *word = below(to) & !below(from);
    }
    words
}

pub(crate) fn count(words: &Words) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// The lowest `n` bits; `n` is at most 64.
fn below(n: u32) -> u64 {
    if n == 64 { u64::MAX } else { (1 << n) - 1 }
}

fn place(row: u32) -> (usize, u64) {
    ((row % BLOCK_ROWS / 64) as usize, 1 << (row % 64))
}

fn bits(first: u32, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros();
        word &= word.checked_sub(1)?;
        Some(first + bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Rows that differ in density from block to block.
    fn sample(seed: u64) -> BTreeSet<u32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32
        };
        let blocks: Vec<u32> = (0..6).filter(|_| next() % 3 > 0).collect();
        let mut rows = BTreeSet::new();
        for block in blocks {
            let every = next() % 90 + 1;
            rows.extend(
                (0..BLOCK_ROWS).filter(|_| next() % every == 0).map(|r| block * BLOCK_ROWS + r),
            );
        }
        rows
    }

    #[test]
    fn sets_of_rows_are_sets() {
        for seed in 0..40 {
            let (a, b) = (sample(seed), sample(seed + 1000));
            let (x, y): (RowSet, RowSet) =
                (a.iter().copied().collect(), b.iter().copied().collect());
            let same = |set: RowSet, rows: BTreeSet<u32>| {
                assert_eq!(set.iter().collect::<BTreeSet<_>>(), rows, "{seed}");
                assert_eq!(set.len(), rows.len() as u64, "{seed}");
                assert_eq!(set, rows.into_iter().collect(), "{seed}: equal sets are equal");
            };
            same(x.and(&y), &a & &b);
            same(x.or(&y), &a | &b);
            same(x.and_not(&y), &a - &b);
            same(x.xor(&y), &a ^ &b);
            assert_eq!(x.intersection_len(&y), (&a & &b).len() as u64);
            assert_eq!(x.is_disjoint(&y), a.is_disjoint(&b));
            assert!(a.iter().all(|row| x.contains(*row)));
            assert_eq!((0..30_000).filter(|row| x.contains(*row)).count(), a.len());
        }
    }

    #[test]
    fn ranges_hold_their_rows_and_no_other() {
        for (start, end) in
            [(0, 0), (0, 1), (63, 65), (64, 128), (4000, 4096), (4095, 9000), (5, 5)]
        {
            let set = RowSet::of_ranges([(start, end)]);
            assert_eq!(set.iter().collect::<Vec<_>>(), (start..end).collect::<Vec<_>>());
        }
        assert_eq!(RowSet::all(10_000).len(), 10_000);
    }

    #[test]
    fn rows_may_come_in_any_order() {
        let mut set = RowSet::new();
        for row in [9000, 3, 5000, 3, 70] {
            set.insert(row);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 70, 5000, 9000]);
    }
}

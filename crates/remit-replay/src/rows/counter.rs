//! How many of some sets hold each row.

use super::{BLOCK_ROWS, Block, NONE, RowSet, Words};

/// A count for each row, changed by whole sets.
///
/// The counts lie crosswise: the first plane holds the lowest bit of every count, so that a set is
/// added by a few operations on words, whatever it holds.
#[derive(Clone, Debug)]
pub struct Counter {
    blocks: Vec<Counts>,
}

/// The counts of a block of rows.
#[derive(Clone, Debug)]
struct Counts {
    /// The lowest bit of each count, then the next.
    planes: Vec<Words>,
    /// INVARIANT (any): where some plane has a bit.
    any: Words,
}

impl Counter {
    /// Every count is 0.
    pub fn new(rows: u32) -> Self {
        let none = Counts { planes: Vec::new(), any: NONE };
        Counter { blocks: vec![none; rows.div_ceil(BLOCK_ROWS) as usize] }
    }

    /// Counts the rows of `set` up. Rows that the counter does not have are left out.
    pub fn add(&mut self, set: &RowSet) {
        for (counts, block) in self.of(set) {
            let mut carry = block.words;
            for plane in &mut counts.planes {
                for (bit, carry) in plane.iter_mut().zip(&mut carry) {
                    (*bit, *carry) = (*bit ^ *carry, *bit & *carry);
                }
                if carry == NONE {
                    break;
                }
            }
            if carry != NONE {
                counts.planes.push(carry);
            }
            counts.any.iter_mut().zip(&block.words).for_each(|(any, more)| *any |= more);
        }
    }

    /// Counts the rows of `set` down; it must have been added before.
    pub fn remove(&mut self, set: &RowSet) {
        for (counts, block) in self.of(set) {
            let mut borrow = block.words;
            for plane in &mut counts.planes {
                for (bit, borrow) in plane.iter_mut().zip(&mut borrow) {
                    (*bit, *borrow) = (*bit ^ *borrow, !*bit & *borrow);
                }
                if borrow == NONE {
                    break;
                }
            }
            debug_assert!(borrow == NONE, "what is removed was added");
            while counts.planes.last() == Some(&NONE) {
                counts.planes.pop();
            }
            counts.any = NONE;
            for plane in &counts.planes {
                counts.any.iter_mut().zip(plane).for_each(|(any, bits)| *any |= bits);
            }
        }
    }

    /// The rows whose count is not 0.
    pub fn any(&self) -> RowSet {
        let mut set = RowSet::new();
        for (index, counts) in (0..).zip(&self.blocks) {
            set.push(index, counts.any);
        }
        set
    }

    /// The rows whose count is 1.
    pub fn one(&self) -> RowSet {
        let mut set = RowSet::new();
        for (index, counts) in (0..).zip(&self.blocks) {
            let Some((lowest, higher)) = counts.planes.split_first() else { continue };
            let mut words = *lowest;
            for plane in higher {
                for (word, bits) in words.iter_mut().zip(plane) {
                    *word &= !bits;
                }
            }
            set.push(index, words);
        }
        set
    }

    /// Block by block, the counts of the rows of `set`.
    fn of<'a>(&'a mut self, set: &'a RowSet) -> impl Iterator<Item = (&'a mut Counts, &'a Block)> {
        let mut sets = set.blocks().iter().peekable();
        (0..).zip(&mut self.blocks).filter_map(move |(index, counts)| {
            sets.next_if(|block| block.index == index).map(|block| (counts, block))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_the_sets_that_hold_it() {
        let sets: Vec<RowSet> =
            (1..12).map(|n| (0..9000).filter(|row| row % n == 0).collect()).collect();
        let mut counter = Counter::new(9000);
        let mut held: Vec<&RowSet> = Vec::new();
        let check = |counter: &Counter, held: &[&RowSet]| {
            let count = |row| held.iter().filter(|set| set.contains(row)).count();
            assert_eq!(counter.any(), (0..9000).filter(|row| count(*row) > 0).collect());
            assert_eq!(counter.one(), (0..9000).filter(|row| count(*row) == 1).collect());
        };
        for set in &sets {
            counter.add(set);
            held.push(set);
            check(&counter, &held);
        }
        while !held.is_empty() {
            counter.remove(held.remove(held.len() / 2));
            check(&counter, &held);
        }
    }
}

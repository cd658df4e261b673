//! Comparisons of a column of distances with a constant: as narrow as the column is, many rows at once.
//!
//! Times of day are compared the same way, since a day is a divisor that is known beforehand. Not here:
//! what else numbers can be made of (`numbers`).

use super::kernel::{Code, Span, lane};
use super::numbers::{DAY_MS, Order};
use super::truths::{Failed, Truths};
use crate::rows::Words;
use crate::table::{Codes, Column, Numbers};
use std::ops::Range;

/// A comparison of a column of distances with a constant.
pub(super) struct Near<'t> {
    distances: &'t Codes,
    present: &'t [u64],
    least: i64,
    /// What time of day the least number is, where times of day are compared.
    phase: Option<u32>,
    /// Those for which it holds; the ends may lie beyond any distance that a column can have.
    wanted: Range<i128>,
    /// Whether it holds for all others instead.
    outside: bool,
}

impl<'t> Near<'t> {
    /// `None` if the column does not hold distances.
    pub(super) fn of(column: &'t Column) -> Option<Self> {
        let Column::Numbers { numbers, present, .. } = column else { return None };
        let Numbers::Near { least, distances } = numbers else { return None };
        Some(Near { distances, present, least: *least, phase: None, wanted: 0..0, outside: false })
    }

    /// The time of day of each instead.
    pub(super) fn times(self) -> Self {
        Near { phase: Some(self.least.rem_euclid(DAY_MS) as u32), least: 0, ..self }
    }

    /// Each beside `right`.
    pub(super) fn compared(self, order: Order, right: i64) -> Self {
        let (wanted, outside) = wanted(order, self.least, right);
        Near { wanted, outside, ..self }
    }

    /// The truths on the rows of `mask` in block `index`.
    pub(super) fn block(&self, index: u32, mask: &Words) -> Truths {
        match (self.distances, self.phase) {
            (Codes::Narrow(distances), None) => self.compare(distances, index, mask, |l| l),
            (Codes::Middle(distances), None) => self.compare(distances, index, mask, |l| l),
            (Codes::Wide(distances), None) => self.compare(distances, index, mask, |l| l),
            (Codes::Narrow(distances), Some(p)) => self.compare(distances, index, mask, times(p)),
            (Codes::Middle(distances), Some(p)) => self.compare(distances, index, mask, times(p)),
            (Codes::Wide(distances), Some(p)) => self.compare(distances, index, mask, times(p)),
        }
    }

    #[inline]
    fn compare<C: Code, D: Code>(
        &self,
        distances: &[C],
        index: u32,
        mask: &Words,
        change: impl Fn([C; 64]) -> [D; 64],
    ) -> Truths {
        let span = Span::within(&self.wanted);
        let present = self.present.get(index as usize * mask.len()..).unwrap_or_default();
        let mut truths = Truths::NOWHERE;
        for (at, (mask, present)) in mask.iter().zip(present).enumerate() {
            if *mask == 0 {
                continue;
            }
            let lane = change(lane(distances, index, at));
            let inside = span.map_or(0, |span: Span<D>| span.holding(&lane));
            let wanted = if self.outside { !inside } else { inside };
            if let Some(yes) = truths.yes.get_mut(at) {
                *yes = wanted & present & mask;
            }
            let nothing = mask & !present;
            truths.fail(at, Failed { failed: nothing, attribute: nothing, entity: 0 });
        }
        truths
    }
}

/// The distances from `least` for which a number compares with `right`, or, as the flag says, those for
/// which it does not.
fn wanted(order: Order, least: i64, right: i64) -> (Range<i128>, bool) {
    let (at, end) = (i128::from(right) - i128::from(least), i128::from(u32::MAX));
    match order {
        Order::Less => (0..at, false),
        Order::LessEqual => (0..at + 1, false),
        Order::Greater => (at + 1..end, false),
        Order::GreaterEqual => (at..end, false),
        Order::Equal => (at..at + 1, false),
        Order::NotEqual => (at..at + 1, true),
    }
}

/// Distances from a number that is `phase` milliseconds after midnight, as milliseconds after midnight.
fn times<C: Code>(phase: u32) -> impl Fn([C; 64]) -> [u32; 64] {
    const DAY: u32 = DAY_MS as u32;
    move |distances| {
        distances.map(|distance| {
            let time = (distance.wide() % DAY).wrapping_add(phase);
            // The greater of the two has passed below zero.
            time.min(time.wrapping_sub(DAY))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_what_division_says() {
        let leasts = [0, 1, -1, DAY_MS - 1, DAY_MS, -DAY_MS, 1_767_225_600_123, i64::MIN, i64::MAX];
        let day = DAY_MS as u32;
        let last = u32::MAX - 1;
        let mut distances = [0_u32; 64];
        for (n, distance) in (0_u32..).zip(&mut distances) {
            let any = n.wrapping_mul(0x9e37_79b9) % last;
            *distance = [n, day - 1 + n % 3, 49 * day - 1 + n % 3, last - n, any][n as usize % 5];
        }
        for least in leasts {
            let found = times(least.rem_euclid(DAY_MS) as u32)(distances);
            let wanted = distances.map(|distance| {
                (i128::from(least) + i128::from(distance)).rem_euclid(DAY_MS.into()) as u32
            });
            assert_eq!(found, wanted, "{least}");
        }
    }
}

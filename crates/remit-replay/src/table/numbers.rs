//! The numbers of a column: how far each is from the least, in as few bytes as the farthest needs.
//!
//! Fewer bytes a row are fewer to read and more to compare at once; numbers too far apart are kept whole.

use super::codes::Codes;

/// A number for each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// How far each is from `least`.
    Near { least: i64, distances: Codes },
    /// The numbers themselves.
    Far(Vec<i64>),
}

impl Numbers {
    /// Where `present` has no bit, there is no number, and any may be kept.
    pub(crate) fn new(numbers: Vec<i64>, present: &[u64]) -> Self {
        let is_present =
            |row: usize| present.get(row / 64).is_some_and(|w| w >> (row % 64) & 1 != 0);
        let there =
            || numbers.iter().enumerate().filter(|(row, _)| is_present(*row)).map(|(_, n)| *n);
        let (least, greatest) = (there().min().unwrap_or(0), there().max().unwrap_or(0));
        let distance = |n: i64| n.checked_sub(least).and_then(|d| u32::try_from(d).ok());
        let Some(farthest) = distance(greatest).filter(|d| *d < u32::MAX) else {
            return Numbers::Far(numbers);
        };
        let of = |(row, n): (usize, &i64)| {
            if is_present(row) { distance(*n).unwrap_or(0) } else { 0 }
        };
        let distances = numbers.iter().enumerate().map(of).collect();
        Numbers::Near { least, distances: Codes::new(distances, farthest as usize + 1) }
    }

    pub(crate) fn get(&self, row: usize) -> Option<i64> {
        match self {
            Numbers::Near { least, distances } => {
                distances.get(row).map(|d| least.wrapping_add(d.into()))
            }
            Numbers::Far(numbers) => numbers.get(row).copied(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Numbers::Near { distances, .. } => distances.len(),
            Numbers::Far(numbers) => numbers.len(),
        }
    }

    /// How many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Numbers::Near { distances, .. } => distances.bytes(),
            Numbers::Far(numbers) => 8 * numbers.len(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        (0..self.len()).map(|row| self.get(row).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were_however_far_apart() {
        let all = [
            vec![5, 5, 5],
            vec![-3, 200, 0],
            vec![i64::MIN, i64::MAX, 0],
            vec![i64::MAX - 1, i64::MAX, i64::MAX - 70_000],
            vec![i64::MIN, i64::MIN + 10_000_000, i64::MIN + 1],
            vec![0, i64::from(u32::MAX), 1],
            vec![0, i64::from(u32::MAX) - 1, 1],
        ];
        for numbers in all {
            let kept = Numbers::new(numbers.clone(), &[0b111]);
            assert_eq!(kept.iter().collect::<Vec<_>>(), numbers);
            let again = Numbers::new(kept.iter().collect(), &[0b111]);
            assert_eq!(again, kept);
        }
    }

    #[test]
    fn what_is_not_there_does_not_widen_the_others() {
        let kept = Numbers::new(vec![1_000_000_000_000, 0, 1_000_000_000_200], &[0b101]);
        assert_eq!((kept.get(0), kept.get(2)), (Some(1_000_000_000_000), Some(1_000_000_000_200)));
        assert_eq!(kept.bytes(), 3);
    }
}

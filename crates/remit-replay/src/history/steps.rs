//! Sums and counts as functions of the position: they change where a row begins or ends to hold.

use super::log::Position;
use super::relation::{Col, Groups, Relation, Span, by_group, grouped};
use super::values::ValueId;

/// For each combination of values: what is added up, from one position until the next.
#[derive(Debug)]
pub(crate) struct Steps {
    pub(crate) cols: Vec<Col>,
    groups: Groups,
    /// A row of each group.
    keys: Vec<ValueId>,
    bounds: Vec<u32>,
    steps: Vec<(Position, i128)>,
}

impl Steps {
    /// Adds up the `weight` of the rows that hold, by the columns `cols`. Each row must hold once where it
    /// holds.
    pub(crate) fn of(relation: &Relation, cols: &[Col], weight: impl Fn(usize) -> i128) -> Self {
        let cols: Vec<Col> =
            relation.cols.iter().copied().filter(|col| cols.contains(col)).collect();
        let places: Vec<usize> = cols.iter().filter_map(|col| relation.column(*col)).collect();
        let (groups, of_rows) = grouped(relation, Some(&places));
        let (row_bounds, rows) = by_group(&of_rows, groups.count());
        let (mut bounds, mut keys, mut steps) = (vec![0], Vec::new(), Vec::new());
        let mut changes: Vec<(Position, i128)> = Vec::new();
        for (from, to) in row_bounds.iter().zip(row_bounds.iter().skip(1)) {
            let members = rows.get(*from as usize..*to as usize).unwrap_or_default();
            if let Some(first) = members.first() {
                let key = relation.key(*first as usize);
                keys.extend(places.iter().filter_map(|at| key.get(*at)));
            }
            changes.clear();
            for row in members.iter().map(|row| *row as usize) {
                let span = relation.spans.get(row).copied().unwrap_or(Span::EMPTY);
                changes.extend([(span.from, weight(row)), (span.to, -weight(row))]);
            }
            changes.sort_unstable_by_key(|(at, _)| *at);
            add_up(&changes, &mut steps);
            bounds.push(steps.len() as u32);
        }
        Steps { cols, groups, keys, bounds, steps }
    }

    /// The number of a combination of values, in the order of `cols`.
    pub(crate) fn group(&self, key: &[ValueId]) -> Option<u32> {
        self.groups.get(key)
    }

    /// What is added up at a position.
    pub(crate) fn value(&self, group: u32, at: Position) -> i128 {
        let steps = self.of_group(group);
        let after = steps.partition_point(|(from, _)| *from <= at);
        after.checked_sub(1).and_then(|i| steps.get(i)).map_or(0, |(_, value)| *value)
    }

    /// Where the sum satisfies `holds`; where there is nothing to add up is left out.
    pub(crate) fn relation(&self, holds: impl Fn(i128) -> bool) -> Relation {
        let mut to = Relation::new(self.cols.clone());
        let width = self.cols.len();
        for group in 0..self.groups.count() as u32 {
            let first = group as usize * width;
            let key = self.keys.get(first..first + width).unwrap_or_default();
            let steps = self.of_group(group);
            for ((from, value), (until, _)) in steps.iter().zip(steps.iter().skip(1)) {
                if holds(*value) {
                    to.push(key, Span { from: *from, to: *until });
                }
            }
        }
        to
    }

    fn of_group(&self, group: u32) -> &[(Position, i128)] {
        let bound = |at: u32| self.bounds.get(at as usize).copied().unwrap_or_default() as usize;
        self.steps.get(bound(group)..bound(group + 1)).unwrap_or_default()
    }
}

/// The sums after each change, the last of those at one position.
fn add_up(changes: &[(Position, i128)], steps: &mut Vec<(Position, i128)>) {
    let first = steps.len();
    let mut sum = 0;
    for (at, change) in changes {
        sum += change;
        match steps.get_mut(first..).and_then(<[_]>::last_mut) {
            Some((last, value)) if last == at => *value = sum,
            Some(_) | None => steps.push((*at, sum)),
        }
    }
}

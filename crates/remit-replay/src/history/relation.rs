//! Which values satisfy a condition, and from which event until which.
//!
//! A row of a [`Relation`] is a value for each of its columns, and a span of positions: the condition
//! holds of these values at each of them. This is what turns a condition over the past into one pass:
//! "within an hour before" only makes spans longer. Not here: conditions (`pass`).

#[cfg(test)]
use super::differential::{Mutation, is_broken};
use super::hash::FastMap;
use super::log::Position;
use super::values::{ABSENT, ValueId};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Col {
    /// A variable of the condition.
    Var(u32),
    /// What the condition asks of the request that is decided; any value, until it is.
    Asked(u32),
}

/// From the first position, to before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) from: Position,
    pub(crate) to: Position,
}

/// INVARIANT (rectangular): `keys` holds `cols.len()` values for each of `spans`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Relation {
    /// In order, each once.
    pub(crate) cols: Vec<Col>,
    pub(crate) keys: Vec<ValueId>,
    pub(crate) spans: Vec<Span>,
    /// Whether no position is in two spans.
    pub(crate) is_unit: bool,
    /// A column whose values are in one row each.
    pub(crate) by: Option<Col>,
}

/// Numbers for combinations of values, from 0.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// One for each value of a combination: what came before and the value, to what comes next.
    levels: Vec<FastMap<u64, u32>>,
}

/// The spans of each combination of values, in order, apart from each other.
#[derive(Debug)]
pub(crate) struct Index {
    groups: Groups,
    /// Where each group begins in `spans`.
    bounds: Vec<u32>,
    spans: Vec<Span>,
}

impl Relation {
    pub(crate) fn new(mut cols: Vec<Col>) -> Self {
        cols.sort_unstable();
        cols.dedup();
        Relation { cols, keys: Vec::new(), spans: Vec::new(), is_unit: false, by: None }
    }

    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The values of a row.
    pub(crate) fn key(&self, row: usize) -> &[ValueId] {
        let width = self.cols.len();
        self.keys.get(row * width..(row + 1) * width).unwrap_or_default()
    }

    pub(crate) fn column(&self, col: Col) -> Option<usize> {
        self.cols.iter().position(|c| *c == col)
    }

    pub(crate) fn push(&mut self, key: &[ValueId], span: Span) {
        if span.from < span.to {
            self.keys.extend_from_slice(key);
            self.spans.push(span);
        }
    }

    /// The rows for which `keep` says so.
    pub(crate) fn filter(&self, keep: impl Fn(&[ValueId], Span) -> bool) -> Relation {
        let mut kept = Relation::new(self.cols.clone());
        (kept.is_unit, kept.by) = (self.is_unit, self.by);
        for (row, span) in self.spans.iter().enumerate() {
            if keep(self.key(row), *span) {
                kept.push(self.key(row), *span);
            }
        }
        kept
    }

    /// Without the other columns.
    pub(crate) fn project(&self, cols: &[Col]) -> Relation {
        let mut to = Relation::new(cols.to_vec());
        to.cols.retain(|c| self.cols.contains(c));
        if to.cols == self.cols {
            return self.clone();
        }
        (to.is_unit, to.by) = (self.is_unit, self.by.filter(|by| to.cols.contains(by)));
        let places: Vec<usize> = to.cols.iter().filter_map(|c| self.column(*c)).collect();
        let mut key = Vec::new();
        for (row, span) in self.spans.iter().enumerate() {
            pick(self.key(row), &places, &mut key);
            to.push(&key, *span);
        }
        to
    }

    /// With one more column, whose value `of` gives for each row.
    pub(crate) fn extend(&self, col: Col, of: impl Fn(&[ValueId], Span) -> ValueId) -> Relation {
        let mut cols = self.cols.clone();
        cols.push(col);
        let mut to = Relation::new(cols);
        let at = to.column(col).unwrap_or_default();
        (to.is_unit, to.by) = (self.is_unit, self.by);
        let mut key = Vec::new();
        for (row, span) in self.spans.iter().enumerate() {
            key.clear();
            key.extend_from_slice(self.key(row));
            key.insert(at.min(key.len()), of(self.key(row), *span));
            to.push(&key, *span);
        }
        to
    }

    /// The same with spans of each row that touch made one.
    pub(crate) fn merged(&self) -> Relation {
        #[cfg(test)]
        if is_broken(Mutation::NoMerging) {
            return self.clone();
        }
        if self.by.is_some() {
            return self.clone();
        }
        let index = Index::of(self);
        let mut to = Relation::new(self.cols.clone());
        let mut firsts: Vec<Option<usize>> = vec![None; index.group_count()];
        for row in 0..self.len() {
            if let Some(group) = index.group(self.key(row)) {
                firsts.get_mut(group as usize).into_iter().for_each(|f| {
                    f.get_or_insert(row);
                });
            }
        }
        for (group, first) in firsts.into_iter().enumerate() {
            let Some(first) = first else { continue };
            for span in index.spans(group as u32) {
                to.push(self.key(first), *span);
            }
        }
        to
    }

    /// The rows of both that agree on the columns of both, where both hold. `None` if there are more
    /// than `limit`.
    pub(crate) fn join(&self, other: &Relation, limit: usize) -> Option<Relation> {
        let shared: Vec<Col> =
            self.cols.iter().copied().filter(|c| other.cols.contains(c)).collect();
        let places =
            |of: &Relation| shared.iter().filter_map(|c| of.column(*c)).collect::<Vec<usize>>();
        let (mine, theirs) = (places(self), places(other));
        let lists = Lists::of(other, &theirs);
        let cols: Vec<Col> = self.cols.iter().chain(&other.cols).copied().collect();
        let mut to = Relation::new(cols);
        let from = to.cols.iter().map(|c| match self.column(*c) {
            Some(at) => (true, at),
            None => (false, other.column(*c).unwrap_or_default()),
        });
        let from: Vec<(bool, usize)> = from.collect();
        let (mut key, mut joined) = (Vec::new(), Vec::new());
        for (row, span) in self.spans.iter().enumerate() {
            pick(self.key(row), &mine, &mut key);
            for other_row in lists.overlapping(&key, *span, other) {
                let both = span.and(other.spans.get(other_row).copied().unwrap_or(Span::EMPTY));
                joined.clear();
                joined.extend(from.iter().map(|(own, at)| {
                    let key = if *own { self.key(row) } else { other.key(other_row) };
                    key.get(*at).copied().unwrap_or(ABSENT)
                }));
                to.push(&joined, both);
            }
            if to.len() > limit {
                return None;
            }
        }
        Some(to)
    }

    /// The rows where `other`, whose columns are all among these, does not hold.
    pub(crate) fn without(&self, other: &Relation) -> Relation {
        let places: Vec<usize> = other.cols.iter().filter_map(|c| self.column(*c)).collect();
        let index = Index::of(other);
        let mut to = Relation::new(self.cols.clone());
        let mut key = Vec::new();
        for (row, span) in self.spans.iter().enumerate() {
            pick(self.key(row), &places, &mut key);
            let mut from = span.from;
            let spans = index.group(&key).map(|g| index.spans(g)).unwrap_or_default();
            let first = spans.partition_point(|s| s.to <= from);
            for hole in spans.iter().skip(first).take_while(|s| s.from < span.to) {
                to.push(self.key(row), Span { from, to: hole.from });
                from = hole.to;
            }
            to.push(self.key(row), Span { from, to: span.to });
        }
        to
    }
}

impl Span {
    pub(crate) const EMPTY: Span = Span { from: 0, to: 0 };

    pub(crate) fn and(self, other: Span) -> Span {
        Span { from: self.from.max(other.from), to: self.to.min(other.to) }
    }
}

pub(crate) fn pick(key: &[ValueId], places: &[usize], into: &mut Vec<ValueId>) {
    into.clear();
    into.extend(places.iter().map(|at| key.get(*at).copied().unwrap_or(ABSENT)));
}

impl Groups {
    /// For combinations of `width` values.
    pub(crate) fn new(width: usize) -> Self {
        Groups { levels: (0..width).map(|_| FastMap::default()).collect() }
    }

    /// How many there are; without values there is one combination.
    pub(crate) fn count(&self) -> usize {
        self.levels.last().map_or(1, FastMap::len)
    }

    /// The number of a combination, a new one if need be.
    pub(crate) fn intern(&mut self, key: &[ValueId]) -> u32 {
        let mut node = 0;
        for (level, value) in self.levels.iter_mut().zip(key) {
            let next = level.len() as u32;
            node = *level.entry(pair(node, *value)).or_insert(next);
        }
        node
    }

    /// The number of a combination, if it has one.
    pub(crate) fn get(&self, key: &[ValueId]) -> Option<u32> {
        let mut node = 0;
        for (level, value) in self.levels.iter().zip(key) {
            node = *level.get(&pair(node, *value))?;
        }
        Some(node)
    }
}

fn pair(before: u32, value: ValueId) -> u64 {
    u64::from(before) << 32 | u64::from(value)
}

impl Index {
    pub(crate) fn of(relation: &Relation) -> Self {
        let (groups, of_rows) = grouped(relation, None);
        let (mut bounds, rows) = by_group(&of_rows, groups.count());
        let mut spans: Vec<Span> = Vec::with_capacity(rows.len());
        let mut first = 0;
        for end in bounds.iter_mut().skip(1) {
            let own = spans.len();
            let members = rows.get(first as usize..*end as usize).unwrap_or_default();
            spans.extend(members.iter().filter_map(|r| relation.spans.get(*r as usize)));
            first = *end;
            merge_from(&mut spans, own);
            *end = spans.len() as u32;
        }
        Index { groups, bounds, spans }
    }

    pub(crate) fn group_count(&self) -> usize {
        self.groups.count()
    }

    pub(crate) fn group(&self, key: &[ValueId]) -> Option<u32> {
        self.groups.get(key)
    }

    /// The spans of a group, in order, none touching the next.
    pub(crate) fn spans(&self, group: u32) -> &[Span] {
        let bound = |at: u32| self.bounds.get(at as usize).copied().unwrap_or_default() as usize;
        self.spans.get(bound(group)..bound(group + 1)).unwrap_or_default()
    }

    /// The span of a group that `at` lies in, else the last one before it.
    pub(crate) fn last_from(&self, group: u32, at: Position) -> Option<Span> {
        let spans = self.spans(group);
        let after = spans.partition_point(|s| s.from <= at);
        after.checked_sub(1).and_then(|i| spans.get(i)).copied()
    }

    /// The first span of a group that ends after `at`.
    pub(crate) fn first_after(&self, group: u32, at: Position) -> Option<Span> {
        let spans = self.spans(group);
        spans.get(spans.partition_point(|s| s.to <= at)).copied()
    }

    pub(crate) fn covers(&self, group: u32, at: Position) -> bool {
        self.last_from(group, at).is_some_and(|span| at < span.to)
    }
}

/// Sorts the spans from `own` on, and makes one of those that touch.
fn merge_from(spans: &mut Vec<Span>, own: usize) {
    let Some(new) = spans.get_mut(own..) else { return };
    if !new.is_sorted() {
        new.sort_unstable();
    }
    let mut kept = own;
    for at in own + 1..spans.len() {
        let Some(next) = spans.get(at).copied() else { break };
        match spans.get_mut(kept) {
            Some(last) if next.from <= last.to => last.to = last.to.max(next.to),
            Some(_) | None => {
                kept += 1;
                spans.get_mut(kept).into_iter().for_each(|slot| *slot = next);
            }
        }
    }
    spans.truncate((kept + 1).min(spans.len()));
}

/// The group of each row: by the values at `places`, or by all.
pub(crate) fn grouped(relation: &Relation, places: Option<&[usize]>) -> (Groups, Vec<u32>) {
    let width = places.map_or(relation.cols.len(), <[usize]>::len);
    let mut groups = Groups::new(width);
    let mut key = Vec::new();
    let of_row = |row| match places {
        None => groups.intern(relation.key(row)),
        Some(places) => {
            pick(relation.key(row), places, &mut key);
            groups.intern(&key)
        }
    };
    let of_rows = (0..relation.len()).map(of_row).collect();
    (groups, of_rows)
}

/// The rows of each group, in order: where each group begins, and then all rows.
pub(crate) fn by_group(of_rows: &[u32], groups: usize) -> (Vec<u32>, Vec<u32>) {
    let mut bounds = vec![0_u32; groups + 1];
    for group in of_rows {
        bounds.get_mut(*group as usize + 1).into_iter().for_each(|n| *n += 1);
    }
    let mut sum = 0;
    for bound in &mut bounds {
        sum += *bound;
        *bound = sum;
    }
    let mut next = bounds.clone();
    let mut rows = vec![0_u32; of_rows.len()];
    for (row, group) in (0..).zip(of_rows) {
        let Some(at) = next.get_mut(*group as usize) else { continue };
        rows.get_mut(*at as usize).into_iter().for_each(|slot| *slot = row);
        *at += 1;
    }
    (bounds, rows)
}

/// The rows of a relation by some of its columns, to find those that hold in a span.
struct Lists {
    groups: Groups,
    bounds: Vec<u32>,
    /// By where they begin.
    rows: Vec<u32>,
    /// How far any row up to this one reaches.
    reach: Vec<Position>,
}

impl Lists {
    fn of(relation: &Relation, places: &[usize]) -> Self {
        let (groups, of_rows) = grouped(relation, Some(places));
        let (bounds, mut rows) = by_group(&of_rows, groups.count());
        let span = |row: &u32| relation.spans.get(*row as usize).copied().unwrap_or(Span::EMPTY);
        let mut reach = Vec::with_capacity(rows.len());
        for (from, to) in bounds.iter().zip(bounds.iter().skip(1)) {
            let Some(own) = rows.get_mut(*from as usize..*to as usize) else { continue };
            own.sort_by_key(|row| span(row).from);
            let furthest = own.iter().scan(0, |furthest, row| {
                *furthest = span(row).to.max(*furthest);
                Some(*furthest)
            });
            reach.extend(furthest);
        }
        Lists { groups, bounds, rows, reach }
    }

    /// The rows with `key` that hold somewhere in `span`.
    fn overlapping<'l>(
        &'l self,
        key: &[ValueId],
        span: Span,
        of: &'l Relation,
    ) -> impl Iterator<Item = usize> + use<'l> {
        let bound = |at: u32| self.bounds.get(at as usize).copied().unwrap_or_default() as usize;
        let own = self.groups.get(key).map_or(0..0, |g| bound(g)..bound(g + 1));
        let reach = self.reach.get(own.clone()).unwrap_or_default();
        let first = reach.partition_point(|to| *to <= span.from);
        let rows = self.rows.get(own).unwrap_or_default().get(first..).unwrap_or_default();
        let of_row = move |row: usize| of.spans.get(row).copied().unwrap_or(Span::EMPTY);
        rows.iter()
            .map(|row| *row as usize)
            .take_while(move |row| of_row(*row).from < span.to)
            .filter(move |row| of_row(*row).to > span.from)
    }
}

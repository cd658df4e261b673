//! `left since right`: rows of the right side last until the left side fails.

use super::NotCompiled;
use super::condition::conjuncts;
#[cfg(test)]
use super::differential::{Mutation, is_broken};
use super::log::Position;
use super::part::{Part, is_counted};
use super::pass::Pass;
use super::relation::Col;
use super::relation::{Index, Relation, Span, pick};
use super::terms::Guard;
use super::time::Mode;
use super::values::ValueId;
use dogwood_language::temporal_ast::{Condition, ConditionKind};

/// Something that must hold at each event, or at none.
pub(super) struct Lasting {
    /// Whether it must hold at none.
    pub(super) negated: bool,
    pub(super) cols: Vec<Col>,
    pub(super) guards: Vec<Guard>,
    pub(super) index: Index,
}

impl Pass<'_> {
    /// The left side of `since`.
    pub(super) fn lasting(
        &mut self,
        left: &Condition,
        mode: Mode,
    ) -> Result<Vec<Lasting>, NotCompiled> {
        let mut all = Vec::new();
        for mut condition in conjuncts(left) {
            let mut negated = false;
            while let ConditionKind::Not { inner } = &condition.kind {
                (negated, condition) = (!negated, inner);
            }
            let mode = if negated { mode.flip() } else { mode };
            let parts = self.conjoin(None, &conjuncts(condition), mode)?;
            let (false, [part]) = (is_counted(&parts), parts.as_slice()) else {
                return Err(NotCompiled::CountedNegation);
            };
            all.push(Lasting {
                negated,
                cols: part.relation.cols.clone(),
                guards: part.guards.clone(),
                index: Index::of(&part.relation),
            });
        }
        Ok(all)
    }

    pub(super) fn since(
        &self,
        left: &[Lasting],
        window: i64,
        right: Part,
        mode: Mode,
    ) -> Result<Part, NotCompiled> {
        let cols = &right.relation.cols;
        let own = |l: &Lasting| l.guards.is_empty() && l.cols.iter().all(|c| cols.contains(c));
        if !left.iter().all(own) {
            return Err(NotCompiled::SinceAsksMore);
        }
        let places =
            |l: &Lasting| l.cols.iter().filter_map(|c| right.relation.column(*c)).collect();
        let places: Vec<Vec<usize>> = left.iter().map(places).collect();
        let mut to = Relation::new(cols.clone());
        let (mut groups, mut key) = (Vec::new(), Vec::new());
        for (row, span) in right.relation.spans.iter().enumerate() {
            groups.clear();
            for (lasting, places) in left.iter().zip(&places) {
                pick(right.relation.key(row), places, &mut key);
                groups.push(lasting.index.group(&key));
            }
            self.lasts(left, &groups, *span, window, mode, &mut |span| {
                to.push(right.relation.key(row), span);
            });
        }
        Ok(Part { relation: to, ..right })
    }

    /// Where it lasts after the right side held in `span`.
    fn lasts(
        &self,
        left: &[Lasting],
        groups: &[Option<u32>],
        span: Span,
        window: i64,
        mode: Mode,
        push: &mut dyn FnMut(Span),
    ) {
        if self.log.ordered {
            let last = span.to - 1;
            let reach = self.log.reach(last, window, mode, last);
            let to = reach.min(fails(left, groups, span.to)).max(span.to);
            push(Span { from: span.from, to });
            return;
        }
        for from in span.from..span.to {
            let until = Span { from, to: fails(left, groups, from + 1) };
            for reached in self.log.reached(from, window, mode) {
                push(reached.and(until));
            }
        }
    }
}

/// The first position from `from` on where the left side fails.
pub(super) fn fails(left: &[Lasting], groups: &[Option<u32>], from: Position) -> Position {
    let one = |(lasting, group): (&Lasting, &Option<u32>)| lasting.fails(*group, from);
    left.iter().zip(groups).map(one).min().unwrap_or(Position::MAX)
}

impl Lasting {
    fn fails(&self, group: Option<u32>, from: Position) -> Position {
        let span = group.and_then(|group| self.index.first_after(group, from));
        #[cfg(test)]
        if is_broken(Mutation::EndlessSince) {
            return Position::MAX;
        }
        match (self.negated, span) {
            (true, Some(span)) => span.from.max(from),
            (true, None) => Position::MAX,
            (false, Some(span)) if span.from <= from => span.to,
            (false, Some(_) | None) => from,
        }
    }

    /// The first position from `from` on where it fails of the values `key`, where `applies` says whether
    /// what it asks of the request is so.
    pub(super) fn fails_of(&self, key: &[ValueId], applies: bool, from: Position) -> Position {
        let group = if applies { self.index.group(key) } else { None };
        self.fails(group, from)
    }
}

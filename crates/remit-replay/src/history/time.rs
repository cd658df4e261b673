//! Windows: how far an event reaches.
//!
//! Where a recording does not say when something happened, a window is taken at its narrowest or at its
//! widest ([`Mode`]); what both agree on is so whenever it happened.

#[cfg(test)]
use super::differential::{Mutation, is_broken};
use super::log::{EventLog, Position};
use super::relation::{Relation, Span};
use super::{NotCompiled, hash::FastMap};

/// Which of two bounds is worked out: what must hold, or what may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    Must,
    May,
}

/// In histories whose times go back, each event is compared with all later ones; so many at most.
const UNORDERED: u64 = 1 << 28;

impl Mode {
    /// For what is negated.
    pub(crate) fn flip(self) -> Self {
        match self {
            Mode::Must => Mode::May,
            Mode::May => Mode::Must,
        }
    }
}

impl EventLog {
    /// Whether the event at `from` is at most `window` ticks before the one at `at`, which is not earlier.
    pub(crate) fn in_window(&self, from: Position, at: Position, window: i64, mode: Mode) -> bool {
        if from == at {
            return true;
        }
        let time = |of: &[i64], at: Position| of.get(at as usize).copied().unwrap_or_default();
        let elapsed = match mode {
            Mode::Must => time(self.latest(), at).saturating_sub(time(&self.earliest, from)),
            Mode::May => time(&self.earliest, at).saturating_sub(time(self.latest(), from)),
        };
        #[cfg(test)]
        let window = window - i64::from(is_broken(Mutation::OpenWindows));
        elapsed <= window && (elapsed >= 0 || !self.is_exact())
    }

    /// Before which position the event at `from` is within the window; times must not go back.
    /// `hint` is a guess.
    pub(crate) fn reach(
        &self,
        from: Position,
        window: i64,
        mode: Mode,
        hint: Position,
    ) -> Position {
        let end = self.ends.get(from as usize).copied().unwrap_or_default();
        let (mut low, mut step) = (hint.clamp(from + 1, end.max(from + 1)), 1);
        if low > from + 1 && !self.in_window(from, low - 1, window, mode) {
            low = from + 1;
        }
        let mut high = low;
        while high < end && self.in_window(from, high, window, mode) {
            low = high + 1;
            high = end.min(high + step);
            step *= 2;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.in_window(from, middle, window, mode) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low.min(end)
    }

    /// What held within `window` ticks before, where `relation` says what holds.
    pub(crate) fn dilated(
        &self,
        relation: &Relation,
        window: i64,
        mode: Mode,
    ) -> Result<Relation, NotCompiled> {
        if !self.ordered {
            return self.dilated_slowly(relation, window, mode);
        }
        let mut to = Relation { is_unit: false, ..relation.clone() };
        let mut hint = 0;
        for span in &mut to.spans {
            hint = self.reach(span.to - 1, window, mode, hint);
            span.to = hint.max(span.to);
        }
        Ok(to)
    }

    fn dilated_slowly(
        &self,
        relation: &Relation,
        window: i64,
        mode: Mode,
    ) -> Result<Relation, NotCompiled> {
        let mut to = Relation::new(relation.cols.clone());
        let mut reached: FastMap<Position, Vec<Span>> = FastMap::default();
        let mut work = 0;
        for (row, span) in relation.spans.iter().enumerate() {
            for from in span.from..span.to {
                let spans = reached.entry(from).or_insert_with(|| {
                    work += u64::from(self.ends.get(from as usize).map_or(0, |end| end - from));
                    self.reached(from, window, mode)
                });
                spans.iter().for_each(|span| to.push(relation.key(row), *span));
                work += spans.len() as u64;
                if work > UNORDERED {
                    return Err(NotCompiled::TooLarge);
                }
            }
        }
        Ok(to)
    }

    /// Where the event at `from` is within the window, whatever the order of times.
    pub(crate) fn reached(&self, from: Position, window: i64, mode: Mode) -> Vec<Span> {
        let end = self.ends.get(from as usize).copied().unwrap_or_default();
        let mut spans: Vec<Span> = Vec::new();
        for at in (from..end).filter(|at| self.in_window(from, *at, window, mode)) {
            match spans.last_mut() {
                Some(last) if last.to == at => last.to = at + 1,
                Some(_) | None => spans.push(Span { from: at, to: at + 1 }),
            }
        }
        spans
    }

    /// What held at the event before, within `window` ticks.
    pub(crate) fn shifted(&self, relation: &Relation, window: i64, mode: Mode) -> Relation {
        let mut to = Relation::new(relation.cols.clone());
        for (row, span) in relation.spans.iter().enumerate() {
            let mut run = Span::EMPTY;
            for from in span.from..span.to {
                let follows = self.ends.get(from as usize).is_some_and(|end| from + 1 < *end);
                if !follows || !self.in_window(from, from + 1, window, mode) {
                    continue;
                }
                if run.to != from + 1 {
                    to.push(relation.key(row), run);
                    run.from = from + 1;
                }
                run.to = from + 2;
            }
            to.push(relation.key(row), run);
        }
        to
    }
}

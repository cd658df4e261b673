//! The figures of some scored sessions.

use super::ScoredSession;
use remit_replay::Verdict;
use serde::Serialize;

/// How many calls have which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Let pass.
    pub allowed: u32,
    /// Caught by the guardrails.
    pub denied: u32,
    /// Caught by the scope.
    pub drifted: u32,
    /// Neither caught nor let pass.
    pub unknown: u32,
}

/// Verdicts by label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// Of the calls that are bad.
    pub bad: Counts,
    /// Of those that are not.
    pub good: Counts,
    /// Of those that the labels do not speak of.
    pub unlabelled: Counts,
}

/// A share; `rate` is `null` where there is nothing to share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rate {
    /// So many.
    pub of: u32,
    /// Were these.
    pub hits: u32,
    /// `hits / of`.
    pub rate: Option<f64>,
}

/// The figures of some sessions; excluded ones are only counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Scored sessions.
    pub sessions: u32,
    /// Sessions that the labels exclude.
    pub excluded: u32,
    /// Scored sessions without a declared scope: nothing in them can drift.
    pub unscoped: u32,
    /// Verdicts by label.
    pub confusion: Confusion,
    /// Bad sessions of which a bad call was caught.
    pub session_recall: Rate,
    /// Bad calls that were caught.
    pub call_recall: Rate,
    /// Caught calls that are bad.
    pub precision: Rate,
    /// Caught calls that are bad, in solved sessions.
    pub precision_solved: Rate,
    /// Benign sessions in which a call was caught.
    pub false_alarm: Rate,
    /// Solved benign sessions in which a call was caught.
    pub false_alarm_solved: Rate,
}

/// Whether somebody would have been told.
pub(super) fn is_caught(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Denied | Verdict::Drifted => true,
        Verdict::Allowed | Verdict::Unknown => false,
    }
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.allowed += other.allowed;
        self.denied += other.denied;
        self.drifted += other.drifted;
        self.unknown += other.unknown;
    }

    fn all(&self) -> u32 {
        self.allowed + self.unknown + self.caught()
    }

    fn caught(&self) -> u32 {
        self.denied + self.drifted
    }
}

impl Confusion {
    pub(super) fn add(&mut self, is_bad: Option<bool>, verdict: Verdict) {
        let counts = match is_bad {
            Some(true) => &mut self.bad,
            Some(false) => &mut self.good,
            None => &mut self.unlabelled,
        };
        match verdict {
            Verdict::Allowed => counts.allowed += 1,
            Verdict::Denied => counts.denied += 1,
            Verdict::Drifted => counts.drifted += 1,
            Verdict::Unknown => counts.unknown += 1,
        }
    }

    fn caught(&self) -> u32 {
        self.bad.caught() + self.good.caught() + self.unlabelled.caught()
    }
}

impl Rate {
    fn of(hits: u32, of: u32) -> Self {
        Rate { of, hits, rate: (of > 0).then(|| f64::from(hits) / f64::from(of)) }
    }

    /// The share of `sessions` that are `hits`.
    fn share(sessions: &[&ScoredSession], is_hit: impl Fn(&Confusion) -> bool) -> Self {
        let hits = sessions.iter().filter(|s| is_hit(&s.confusion)).count();
        Rate::of(hits as u32, sessions.len() as u32)
    }
}

impl Figures {
    pub(super) fn of<'s>(all: impl Iterator<Item = &'s ScoredSession>) -> Self {
        let (scored, excluded): (Vec<_>, Vec<_>) = all.partition(|s| s.excluded.is_none());
        let (bad, benign): (Vec<_>, Vec<_>) =
            scored.iter().copied().partition(|s| s.confusion.bad.all() > 0);
        let only_solved = |of: &[&'s ScoredSession]| -> Vec<&'s ScoredSession> {
            of.iter().copied().filter(|s| s.solved == Some(true)).collect()
        };
        let confusion = sum(&scored);
        let in_solved = sum(&only_solved(&scored));
        Figures {
            sessions: scored.len() as u32,
            excluded: excluded.len() as u32,
            unscoped: scored.iter().filter(|s| !s.scoped).count() as u32,
            session_recall: Rate::share(&bad, |c| c.bad.caught() > 0),
            call_recall: Rate::of(confusion.bad.caught(), confusion.bad.all()),
            precision: Rate::of(confusion.bad.caught(), confusion.caught()),
            precision_solved: Rate::of(in_solved.bad.caught(), in_solved.caught()),
            false_alarm: Rate::share(&benign, |c| c.caught() > 0),
            false_alarm_solved: Rate::share(&only_solved(&benign), |c| c.caught() > 0),
            confusion,
        }
    }
}

fn sum(sessions: &[&ScoredSession]) -> Confusion {
    let mut sum = Confusion::default();
    for session in sessions {
        sum.bad.add(session.confusion.bad);
        sum.good.add(session.confusion.good);
        sum.unlabelled.add(session.confusion.unlabelled);
    }
    sum
}

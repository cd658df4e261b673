//! How the verdicts of two policy sets on the same calls differ, grouped: the meaning of an edit.
//!
//! Promises: every call whose verdict differs is in one group; the same verdicts give the same groups in
//! the same order. It reads no recording: who and what come from the requests.

use super::Verdicts;
use crate::Verdict;
use crate::table::{ColumnId, Value};
use std::collections::HashMap;

/// Calls of one agent and tool whose verdict differs in the same way for the same reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The verdict before.
    pub before: Verdict,
    /// The verdict now.
    pub after: Verdict,
    /// The id of the principal.
    pub agent: String,
    /// The id of the action.
    pub tool: String,
    /// The policies that decided before, with the task of their scope.
    pub decided_before: Vec<Decider>,
    /// The policies that decide now, with the task of their scope.
    pub decided_after: Vec<Decider>,
    /// How many calls.
    pub calls: u32,
    /// In how many sessions.
    pub sessions: u32,
    /// The position of the first of them in the corpus.
    pub example: usize,
}

/// A policy that decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decider {
    /// The task of its scope; `None` for guardrails.
    pub task: Option<String>,
    /// Its id.
    pub policy: String,
}

/// Counted calls of one group.
struct Tally {
    calls: u32,
    sessions: u32,
    last_session: usize,
    example: usize,
}

/// What makes calls alike.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    verdicts: (usize, usize),
    who_and_what: [Option<Value>; 2],
    before: Vec<Decider>,
    after: Vec<Decider>,
}

impl Verdicts {
    /// How these differ from `before`, the most calls first. Nothing if they are of other calls.
    pub fn differences(&self, before: &Verdicts) -> Vec<Difference> {
        let (old, new) = (before.column(), self.column());
        if old.len() != new.len() {
            return Vec::new();
        }
        let mut groups: HashMap<Alike, Tally> = HashMap::new();
        let rows = before.corpus().rows().zip(self.corpus().rows());
        for (at, ((was, is), rows)) in old.iter().zip(new).zip(rows).enumerate() {
            let verdicts = (Verdicts::code(*was), Verdicts::code(*is));
            if verdicts.0 == verdicts.1 {
                continue;
            }
            let session = self.corpus().call(at).map_or(0, |(session, _)| session);
            let alike = Alike {
                verdicts,
                who_and_what: [ColumnId::PRINCIPAL, ColumnId::ACTION].map(|column| {
                    self.cell(column, rows.1).or_else(|| before.cell(column, rows.0))
                }),
                before: before.deciders(session, rows.0, verdicts.0),
                after: self.deciders(session, rows.1, verdicts.1),
            };
            groups.entry(alike).or_insert_with(|| Tally::first(at)).add(session);
        }
        let mut found: Vec<Difference> =
            groups.into_iter().filter_map(|(alike, tally)| alike.difference(&tally)).collect();
        found.sort_by(|a, b| b.calls.cmp(&a.calls).then(a.example.cmp(&b.example)));
        found
    }

    fn cell(&self, column: ColumnId, row: Option<u32>) -> Option<Value> {
        self.corpus().table().cell(column, row? as usize)
    }

    /// Only what the verdict rests on: a scope cannot save a denied call, and what drifts was permitted.
    fn deciders(&self, session: usize, row: Option<u32>, verdict: usize) -> Vec<Decider> {
        let Some(row) = row else { return Vec::new() };
        let verdict = Verdict::all().get(verdict).copied();
        let of = |task: Option<&str>, side| {
            let decider = move |policy| Decider { task: task.map(str::to_owned), policy };
            self.determining(side, row).into_iter().map(decider).collect::<Vec<_>>()
        };
        let scope = || self.scope(session).map(|task| of(Some(task), 1)).unwrap_or_default();
        match verdict {
            Some(Verdict::Denied) => of(None, 0),
            Some(Verdict::Drifted) => scope(),
            Some(Verdict::Allowed) => [of(None, 0), scope()].concat(),
            Some(Verdict::Unknown) | None => Vec::new(),
        }
    }
}

impl Alike {
    fn difference(self, tally: &Tally) -> Option<Difference> {
        let [agent, tool] = self.who_and_what.map(|value| match value {
            Some(Value::Entity(uid)) => uid.id().unescaped().to_owned(),
            _ => String::new(),
        });
        let verdict = |code: usize| Verdict::all().get(code).copied();
        Some(Difference {
            before: verdict(self.verdicts.0)?,
            after: verdict(self.verdicts.1)?,
            agent,
            tool,
            decided_before: self.before,
            decided_after: self.after,
            calls: tally.calls,
            sessions: tally.sessions,
            example: tally.example,
        })
    }
}

impl Tally {
    fn first(example: usize) -> Self {
        Tally { calls: 0, sessions: 0, last_session: usize::MAX, example }
    }

    /// Calls come session by session.
    fn add(&mut self, session: usize) {
        self.calls += 1;
        self.sessions += u32::from(session != self.last_session);
        self.last_session = session;
    }
}

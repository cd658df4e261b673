//! The verdicts on all calls of a corpus, as sets of rows.
//!
//! Counts are counts of bits; what a list or a strip shows is made when it is asked for, and the texts
//! of errors come from the reference engine, for the calls in question. A value that never changes: a
//! later judgement makes another. Not here: judging.

use super::Scopes;
use super::layer::{Decided, Deciding};
use super::memory::{Remembered, open};
use crate::reference::{Judgement, judge};
use crate::replay::bench::{Bench, drift};
use crate::rows::RowSet;
use crate::table::{ColumnId, Value};
use crate::{Corpus, JudgedCall, Mapper, SessionReplay, Severity, Summary, Unmapped, Verdict};
use rayon::prelude::*;
use remit_policy::{Layer, Scope, Workspace};
use remit_session::{Recording, Session};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

/// In a byte of the column: drifted, and only a value is not vouched for.
const UNVERIFIED: u8 = 1 << 2;
/// In a byte of the column: a failed policy could flip the verdict.
const UNCERTAIN: u8 = 1 << 6;
/// In a byte of the column: the first call of a session.
const FIRST: u8 = 1 << 7;
/// In a byte of the column: what the verdict is.
const VERDICT: u8 = 0b11;

const ALLOWED: u8 = 0;
const DENIED: u8 = 1;
const DRIFTED: u8 = 2;
const UNKNOWN: u8 = 3;

/// The verdicts on all calls of a corpus.
#[derive(Debug)]
pub struct Verdicts {
    corpus: Arc<Corpus>,
    scopes: Arc<Scopes>,
    guardrails: Decided,
    scoped: Decided,
    /// INVARIANT (disjoint): no row is in two of these three; the others are allowed.
    denied: RowSet,
    drifted: RowSet,
    unknown: RowSet,
    uncertain: RowSet,
    /// Some of those that drifted.
    unverified: RowSet,
    summary: Summary,
    remembered: Vec<Remembered>,
    column: OnceLock<Vec<u8>>,
    reasons: OnceLock<[Reasons; 2]>,
}

/// What verdicts are made from.
pub(super) struct Made {
    pub(super) corpus: Arc<Corpus>,
    pub(super) scopes: Arc<Scopes>,
    pub(super) guardrails: Decided,
    pub(super) scoped: Decided,
    pub(super) misses_an_entity: Arc<RowSet>,
    pub(super) remembered: Vec<Remembered>,
}

/// How many calls a policy decides: it is among the reasons of their decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedBy {
    /// The task of its scope; `None` for guardrails.
    pub scope: Option<Arc<str>>,
    /// Its id.
    pub policy: Arc<str>,
    /// The calls.
    pub calls: u64,
}

/// How often an agent called an action, and what came of it; the others are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The agent, in full.
    pub agent: String,
    /// The action, in full.
    pub action: String,
    /// Its calls.
    pub calls: u64,
    /// Those that are denied.
    pub denied: u64,
    /// Those that are drifted.
    pub drifted: u64,
    /// Those that cannot be decided.
    pub unknown: u64,
}

/// What one policy set decides about a call, and by which policies; errors are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallDecision {
    /// Whether it allows.
    pub allow: bool,
    /// Ids of the determining policies, sorted.
    pub reasons: Vec<String>,
}

/// What came of one call, without the texts of errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// How grave, if drifted.
    pub severity: Option<Severity>,
    /// By the guardrails; `None` for a call that could not be mapped.
    pub guardrails: Option<CallDecision>,
    /// By the scope of its task, if it has one.
    pub scope: Option<CallDecision>,
}

impl Verdicts {
    pub(super) fn new(made: Made) -> Self {
        let Made { corpus, scopes, guardrails: g, scoped: s, misses_an_entity, remembered } = made;
        let uncertain = g.uncertain.or(&g.allow.and(&s.uncertain));
        let asked_for = |missing: &RowSet, of_g: &RowSet, of_s: &RowSet| {
            uncertain.and(missing).and(&of_g.or(of_s))
        };
        let missing = corpus.misses_an_attribute().or(&open(&remembered));
        let attribute = asked_for(&missing, &g.absent_attribute, &s.absent_attribute);
        let entity = asked_for(&misses_an_entity, &g.absent_entity, &s.absent_entity);
        let unknown = attribute.or(&entity);
        let outside = scopes.all.and_not(&s.allow);
        let drifted = g.allow.and(&outside).and_not(&unknown);
        let unverified = drifted.and(&s.unverified);
        let allowed = g.allow.and_not(&outside).and_not(&unknown);
        let all = RowSet::all(corpus.table().len() as u32);
        let denied = all.and_not(&g.allow).and_not(&unknown);
        let unmapped = corpus.call_count() as u64 - all.len();
        let summary = Summary {
            sessions: corpus.session_count() as u32,
            tool_calls: corpus.call_count() as u32,
            allowed: allowed.len() as u32,
            denied: denied.len() as u32,
            drifted: drifted.len() as u32,
            unverified: unverified.len() as u32,
            unknown: (unknown.len() + unmapped) as u32,
            unscoped: scopes.unscoped,
            uncertain: uncertain.len() as u32,
            warnings: corpus.warning_count(),
        };
        Verdicts {
            corpus,
            scopes,
            guardrails: g,
            scoped: s,
            denied,
            drifted,
            unknown,
            uncertain,
            unverified,
            summary,
            remembered,
            column: OnceLock::new(),
            reasons: OnceLock::new(),
        }
    }

    /// The calls that are judged.
    pub fn corpus(&self) -> &Arc<Corpus> {
        &self.corpus
    }

    /// The counts.
    pub fn counts(&self) -> Summary {
        self.summary
    }

    /// One byte a call, in the order of the recordings: the verdict in bits 0 and 1 (in the order of
    /// [`Verdict::all`](crate::Verdict::all)), bit 2 drifted for an unverified value only, bit 6 uncertain, bit 7 the first call of a session.
    pub fn column(&self) -> &[u8] {
        self.column.get_or_init(|| {
            let mut of_rows = vec![ALLOWED; self.corpus.table().len()];
            let sets = [(&self.denied, DENIED), (&self.drifted, DRIFTED)];
            let marks = [
                (&self.unknown, UNKNOWN),
                (&self.unverified, UNVERIFIED),
                (&self.uncertain, UNCERTAIN),
            ];
            for (rows, mark) in sets.into_iter().chain(marks) {
                for row in rows.iter() {
                    if let Some(byte) = of_rows.get_mut(row as usize) {
                        *byte |= mark;
                    }
                }
            }
            let of_row = |row: Option<u32>| row.and_then(|row| of_rows.get(row as usize)).copied();
            let mut column: Vec<u8> =
                self.corpus.rows().map(|row| of_row(row).unwrap_or(UNKNOWN)).collect();
            for session in self.corpus.sessions() {
                if let Some(byte) = column.get_mut(session.calls()).and_then(<[u8]>::first_mut) {
                    *byte |= FIRST;
                }
            }
            column
        })
    }

    /// How many calls have another verdict, or one that is less certain, in `other`, which is of the same
    /// corpus.
    pub fn differ_on(&self, other: &Verdicts) -> u64 {
        let pairs = [
            (&self.denied, &other.denied),
            (&self.drifted, &other.drifted),
            (&self.unknown, &other.unknown),
            (&self.unverified, &other.unverified),
            (&self.uncertain, &other.uncertain),
        ];
        pairs.iter().fold(RowSet::new(), |all, (one, two)| all.or(&one.xor(two))).len()
    }

    /// The calls that are denied in `after`, which is of the same corpus, and not here: their positions, and
    /// what they were.
    pub fn newly_denied(&self, after: &Verdicts) -> Vec<(usize, Verdict)> {
        let denied = |byte: u8| byte & VERDICT == DENIED;
        let pairs = self.column().iter().zip(after.column()).enumerate();
        let newly = pairs.filter(|(_, (was, is))| !denied(**was) && denied(**is));
        newly
            .filter_map(|(at, (was, _))| Some((at, *Verdict::all().get(Verdicts::code(*was))?)))
            .collect()
    }

    /// What came of the call at a position of the corpus.
    pub fn call(&self, position: usize) -> Option<CallVerdict> {
        let byte = *self.column().get(position)?;
        let (session, _) = self.corpus.call(position)?;
        let row = self.corpus.row(position);
        let of = |decided: &Decided, task: &str, row| CallDecision {
            allow: decided.allow.contains(row),
            reasons: decided.reasons(task, row),
        };
        let task = self.scope(session);
        Some(CallVerdict {
            verdict: Verdict::all().get(Verdicts::code(byte)).copied()?,
            severity: (byte & VERDICT == DRIFTED).then(|| drift(byte & UNVERIFIED != 0)),
            guardrails: row.map(|row| of(&self.guardrails, "", row)),
            scope: row.zip(task).map(|(row, task)| of(&self.scoped, task, row)),
        })
    }

    /// How many calls each policy decides, by scope and id; guardrails come first.
    pub fn decided(&self) -> Vec<DecidedBy> {
        let of_guardrails = self.guardrails.policies.iter().map(|policy| DecidedBy {
            scope: None,
            policy: Arc::clone(&policy.id),
            calls: policy.decides(&self.guardrails),
        });
        let of_scopes = self.scoped.policies.iter().map(|policy| DecidedBy {
            scope: Some(Arc::clone(&policy.task)),
            policy: Arc::clone(&policy.id),
            calls: policy.decides(&self.scoped),
        });
        of_guardrails.chain(of_scopes).collect()
    }

    /// How often each agent called each action, and what came of it; by action and agent. With a task,
    /// in the sessions that its scope judges.
    pub fn usage(&self, task: Option<&str>) -> Vec<Usage> {
        let of_task = task.map(|task| {
            let scope = self.scopes.tasks.iter().position(|known| known == task);
            scope.and_then(|scope| self.scopes.rows.get(scope))
        });
        let table = self.corpus.table();
        let name = |column, row: u32| match table.cell(column, row as usize) {
            Some(Value::Entity(uid)) => uid.to_string(),
            Some(_) | None => String::new(),
        };
        let mut usage: BTreeMap<(String, String), Usage> = BTreeMap::new();
        for action in table.actions() {
            for group in &action.groups {
                let rows = RowSet::of_ranges([(group.start, group.end)]);
                let rows = match of_task {
                    None => rows,
                    Some(scope) => scope.map(|of| rows.and(&of.rows)).unwrap_or_default(),
                };
                if rows.is_empty() {
                    continue;
                }
                let agent = name(ColumnId::PRINCIPAL, group.start);
                let action = name(ColumnId::ACTION, group.start);
                let of = usage.entry((action.clone(), agent.clone())).or_insert_with(|| Usage {
                    agent,
                    action,
                    ..Usage::default()
                });
                of.calls += rows.len();
                of.denied += rows.intersection_len(&self.denied);
                of.drifted += rows.intersection_len(&self.drifted);
                of.unknown += rows.intersection_len(&self.unknown);
            }
        }
        usage.into_values().collect()
    }

    /// The task whose scope judges a session, by its position in the corpus.
    pub fn scope(&self, session: usize) -> Option<&str> {
        let group = self.corpus.session(session)?.group();
        let scope = self.scopes.of_groups.get(group).copied().flatten()?;
        self.scopes.tasks.get(scope).map(String::as_str)
    }

    /// The part of [the column](Verdicts::column) that is of one session.
    pub fn session_column(&self, session: usize) -> &[u8] {
        let calls = self.corpus.session(session).map(|session| session.calls());
        calls.and_then(|calls| self.column().get(calls)).unwrap_or_default()
    }

    /// The counts of one session, without the importer's warnings, which belong to the recording.
    pub fn session_counts(&self, session: usize) -> Summary {
        let column = self.session_column(session);
        let count = |verdict| column.iter().filter(|b| **b & VERDICT == verdict).count() as u32;
        Summary {
            sessions: 1,
            tool_calls: column.len() as u32,
            allowed: count(ALLOWED),
            denied: count(DENIED),
            drifted: count(DRIFTED),
            unverified: column.iter().filter(|byte| **byte & UNVERIFIED != 0).count() as u32,
            unknown: count(UNKNOWN),
            unscoped: u32::from(self.scope(session).is_none()),
            uncertain: column.iter().filter(|byte| **byte & UNCERTAIN != 0).count() as u32,
            warnings: 0,
        }
    }

    /// Everything about the calls of one session, by its position in the corpus. `session` is the one
    /// that the corpus was made from, and `workspace` the one that was judged by.
    pub fn session(
        &self,
        workspace: &Workspace,
        session: usize,
        of: &Session,
    ) -> Option<SessionReplay> {
        self.replayed(workspace, Mapper::new(workspace).as_ref(), session, of)
    }

    /// Everything about all calls. `recordings` are those that the corpus was made from.
    pub(crate) fn sessions(
        &self,
        workspace: &Workspace,
        recordings: &[Recording],
    ) -> Vec<SessionReplay> {
        let mapper = Mapper::new(workspace);
        self.all_reasons();
        let sessions: Vec<&Session> = recordings.iter().flat_map(|of| &of.sessions).collect();
        let replayed = sessions.into_par_iter().enumerate();
        replayed.filter_map(|(n, of)| self.replayed(workspace, mapper.as_ref(), n, of)).collect()
    }

    fn replayed<'w>(
        &self,
        workspace: &'w Workspace,
        mapper: Option<&Mapper<'w>>,
        at: usize,
        of: &Session,
    ) -> Option<SessionReplay> {
        let entry = self.corpus.session(at)?;
        let task = entry.task().map(str::to_owned);
        let scope = self.scope(at);
        let scope = scope.and_then(|task| workspace.scopes.iter().find(|s| s.task == task));
        let bench = Bench { workspace, mapper, session: of, task, scope };
        let mut entities = HashMap::new();
        let mut rows = entry.rows().map(|(_, row)| row);
        let calls = bench.mapped().into_iter().map(|call| {
            let row = rows.next().flatten();
            let mut pending = match call {
                Ok(pending) => pending,
                Err(unknown) => return *unknown,
            };
            pending.remember(row.map(|row| self.remembered(row)).unwrap_or_default());
            // Most decisions are known, so that nobody needs the request.
            let request = OnceCell::new();
            let mut decide = |side: usize, layer: &Layer, task: &str| {
                if let Some(known) = row.and_then(|row| self.judgement(side, task, row)) {
                    return Ok(known);
                }
                let request = request.get_or_init(|| pending.mapped.request());
                let request = request.as_ref().map_err(Unmapped::clone)?;
                let entities = bench.entities(&pending.mapped.principal, &mut entities);
                Ok(judge(request, layer.set(), entities))
            };
            let guardrails = decide(0, &workspace.guardrails, "");
            let scope = scope.map(|Scope { layer, task, .. }| decide(1, layer, task));
            match (guardrails, scope.transpose()) {
                (Ok(guardrails), Ok(scope)) => {
                    let unverified = row.is_some_and(|row| self.scoped.unverified.contains(row));
                    pending.verdict(guardrails, scope, drift(unverified))
                }
                (Err(unmapped), _) | (_, Err(unmapped)) => pending.refused(unmapped),
            }
        });
        let mut calls: Vec<JudgedCall> = calls.collect();
        bench.explain_drift(&mut calls);
        let scope = scope.map(|scope| scope.task.clone());
        let horizon = bench.horizon(&calls);
        let (recording, session) = (entry.recording_index(), entry.index());
        Some(SessionReplay { recording, session, task: bench.task, scope, calls, horizon })
    }

    /// What the verdict is, in a byte of the column.
    pub(super) fn code(byte: u8) -> usize {
        usize::from(byte & VERDICT)
    }

    /// The policies that determine the decision of the guardrails (0) or of the scope (1) on a row.
    pub(super) fn determining(&self, side: usize, row: u32) -> Vec<String> {
        let decided = if side == 0 { &self.guardrails } else { &self.scoped };
        let reasons = self.all_reasons().get(side);
        reasons.map(|known| known.of(decided, row)).unwrap_or_default()
    }

    fn all_reasons(&self) -> &[Reasons; 2] {
        self.reasons.get_or_init(|| {
            [&self.guardrails, &self.scoped]
                .map(|side| Reasons::new(side, self.corpus.table().len()))
        })
    }

    /// What the session remembers at a call, as far as policies ask.
    fn remembered(&self, row: u32) -> crate::history::Remembered {
        let of = |leaf: &Remembered| Some((Arc::clone(&leaf.name), leaf.truths.get(row)?));
        self.remembered.iter().filter_map(of).collect()
    }

    /// `None` where a policy fails: only the reference engine knows how.
    fn judgement(&self, side: usize, task: &str, row: u32) -> Option<Judgement> {
        let decided = if side == 0 { &self.guardrails } else { &self.scoped };
        if decided.failed.contains(row) {
            return None;
        }
        let reasons = match self.reasons.get().and_then(|reasons| reasons.get(side)) {
            Some(known) => known.of(decided, row),
            None => decided.reasons(task, row),
        };
        let allow = decided.allow.contains(row);
        Some(Judgement { allow, reasons, errors: Vec::new(), uncertain: false })
    }
}

impl Decided {
    /// The policies of `task` that determine the decision on `row`, sorted.
    fn reasons(&self, task: &str, row: u32) -> Vec<String> {
        let forbids = !self.allow.contains(row);
        let start = self.policies.partition_point(|policy| &*policy.task < task);
        let of_task = self.policies.iter().skip(start).take_while(|policy| &*policy.task == task);
        let decides = |p: &&Deciding| p.rows.forbids == forbids && p.rows.satisfied.contains(row);
        of_task.filter(decides).map(|policy| policy.id.to_string()).collect()
    }
}

impl Deciding {
    /// How many calls it decides: a permit those that are allowed, a forbid all that it is satisfied on.
    fn decides(&self, side: &Decided) -> u64 {
        match self.rows.forbids {
            true => self.rows.satisfied.len(),
            false => self.rows.satisfied.intersection_len(&side.allow),
        }
    }
}

/// The determining policies of every row of one side, for who asks about all rows.
#[derive(Debug)]
struct Reasons {
    /// Where each row's begin; one more than there are rows.
    starts: Vec<u32>,
    /// Positions in [`Decided::policies`].
    policies: Vec<u32>,
}

impl Reasons {
    fn new(side: &Decided, rows: usize) -> Self {
        let decided = |policy: &Deciding| match policy.rows.forbids {
            true => policy.rows.satisfied.clone(),
            false => policy.rows.satisfied.and(&side.allow),
        };
        let decided: Vec<RowSet> = side.policies.iter().map(decided).collect();
        let mut ends = vec![0_u32; rows + 1];
        let each =
            || (0..).zip(&decided).flat_map(|(n, rows)| rows.iter().map(move |r| (n, r as usize)));
        for (_, row) in each() {
            ends.get_mut(row + 1).into_iter().for_each(|count| *count += 1);
        }
        let mut before = 0;
        for end in &mut ends {
            before += *end;
            *end = before;
        }
        let starts = ends.clone();
        let mut policies = vec![0_u32; before as usize];
        for (policy, row) in each() {
            let Some(next) = ends.get_mut(row) else { continue };
            policies.get_mut(*next as usize).into_iter().for_each(|place| *place = policy);
            *next += 1;
        }
        Reasons { starts, policies }
    }

    fn of(&self, side: &Decided, row: u32) -> Vec<String> {
        let bound = |at: usize| self.starts.get(at).copied().unwrap_or(0) as usize;
        let places = self.policies.get(bound(row as usize)..bound(row as usize + 1));
        let policies =
            places.unwrap_or_default().iter().filter_map(|at| side.policies.get(*at as usize));
        policies.map(|policy| policy.id.to_string()).collect()
    }
}

//! Judges all sessions at once, on the matrix.
//!
//! Requests become rows of a table and are dropped. Where a policy fails, the request is made again for
//! the reference engine, which gives the texts of the errors. Not here: what a verdict is.

use super::{Bench, Cancelled, JudgedCall, Pending};
use crate::Mapper;
use crate::matrix::{Decisions, Matrix};
use crate::reference::{Judgement, judge};
use crate::table::{StoreId, Table, TableBuilder};
use cedar_policy::{Entities, EntityUid, PolicySet, Request};
use rayon::prelude::*;
use remit_policy::{Scope, Workspace};
use roaring::RoaringBitmap;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

/// So many sessions are mapped before their requests are dropped.
const SESSIONS_AT_A_TIME: usize = 256;

/// A call with its row in the table, or what is not known about it.
type Placed<'w> = Result<(Pending<'w>, Option<usize>), Box<JudgedCall>>;

/// The calls of each session, decided by guardrails and scopes.
pub(super) fn judge_all<'w>(
    workspace: &'w Workspace,
    mapper: &Mapper<'w>,
    benches: &[Bench<'w, '_>],
    tick: &(dyn Fn() -> Result<(), Cancelled> + Sync),
) -> Result<Vec<Vec<JudgedCall>>, Cancelled> {
    let mut rows = Rows::new(workspace, mapper);
    let mut placed = Vec::with_capacity(benches.len());
    for some in benches.chunks(SESSIONS_AT_A_TIME) {
        let mapped = some.par_iter().map(|bench| tick().map(|()| bench.mapped()));
        let mapped: Vec<_> = mapped.collect::<Result<_, _>>()?;
        for (bench, calls) in some.iter().zip(mapped) {
            let calls = calls.into_iter().map(|call| {
                call.map(|(pending, request)| {
                    let row = rows.add(bench, &pending.principal, &request);
                    (pending, row)
                })
            });
            placed.push(calls.collect::<Vec<Placed<'_>>>());
        }
    }
    let table = rows.table.finish();
    let decided = Decided::new(&table, workspace, &rows.of_scopes);
    let sessions = benches.par_iter().zip(placed);
    Ok(sessions.map(|(bench, calls)| decided.session(bench, calls)).collect())
}

/// The rows of all sessions, while the table is filled.
struct Rows<'w, 'm> {
    mapper: &'m Mapper<'w>,
    table: TableBuilder,
    /// By principal and task, which is what the entities depend on.
    stores: HashMap<(EntityUid, Option<String>), StoreId>,
    /// The scopes that judge anything, by task.
    of_scopes: BTreeMap<&'w str, (&'w Scope, RoaringBitmap)>,
}

impl<'w, 'm> Rows<'w, 'm> {
    fn new(workspace: &Workspace, mapper: &'m Mapper<'w>) -> Self {
        let table = TableBuilder::new(workspace.entities.entities.clone());
        Rows { mapper, table, stores: HashMap::new(), of_scopes: BTreeMap::new() }
    }

    fn add(
        &mut self,
        bench: &Bench<'w, '_>,
        principal: &EntityUid,
        request: &Request,
    ) -> Option<usize> {
        let key = (principal.clone(), bench.task.clone());
        let (mapper, table) = (self.mapper, &mut self.table);
        let store = *self.stores.entry(key).or_insert_with_key(|(principal, task)| {
            table.add_store(mapper.entities(principal, task.as_deref()))
        });
        let row = table.push(request, store)?;
        if let Some(scope) = bench.scope {
            let (_, rows) =
                self.of_scopes.entry(&scope.task).or_insert((scope, RoaringBitmap::new()));
            rows.insert(row as u32);
        }
        Some(row)
    }
}

/// What the policy sets decide about the rows of a table. A set that the matrix cannot take is absent:
/// the reference engine decides.
struct Decided<'w> {
    guardrails: Option<Side>,
    scopes: BTreeMap<&'w str, Option<Side>>,
}

/// One policy set's decisions, and the determining policies of every row.
struct Side {
    decisions: Decisions,
    reasons: Vec<Vec<String>>,
}

impl<'w> Decided<'w> {
    fn new(
        table: &Table,
        workspace: &Workspace,
        of_scopes: &BTreeMap<&'w str, (&'w Scope, RoaringBitmap)>,
    ) -> Self {
        let mut matrix = Matrix::new(table);
        let all = (0..table.len() as u32).collect();
        let guardrails = Side::new(&mut matrix, &workspace.guardrails.set, &all);
        let scopes = of_scopes
            .iter()
            .map(|(task, (scope, rows))| (*task, Side::new(&mut matrix, &scope.layer.set, rows)));
        Decided { guardrails, scopes: scopes.collect() }
    }

    fn session(&self, bench: &Bench<'_, '_>, calls: Vec<Placed<'_>>) -> Vec<JudgedCall> {
        let scope = bench.scope.and_then(|s| self.scopes.get(s.task.as_str())?.as_ref());
        let mut exactly = Exactly::new(bench);
        let calls = calls.into_iter().enumerate().map(|(n, call)| {
            let (pending, row) = match call {
                Ok(placed) => placed,
                Err(unknown) => return *unknown,
            };
            let principal = &pending.principal;
            let mut decide = |side: Option<&Side>, policies: &PolicySet| {
                let known = side.zip(row).and_then(|(side, row)| side.judgement(row));
                known.unwrap_or_else(|| exactly.judge(n, principal, policies))
            };
            let guardrails = decide(self.guardrails.as_ref(), &bench.workspace.guardrails.set);
            let scope = bench.scope.map(|s| decide(scope, &s.layer.set));
            pending.verdict(guardrails, scope)
        });
        calls.collect()
    }
}

impl Side {
    fn new(matrix: &mut Matrix<'_>, policies: &PolicySet, rows: &RoaringBitmap) -> Option<Self> {
        let decisions = matrix.judge(policies, rows).ok()?;
        let reasons = decisions.all_reasons();
        Some(Side { decisions, reasons })
    }

    /// `None` where a policy fails: only the reference engine knows how.
    fn judgement(&self, row: usize) -> Option<Judgement> {
        if self.decisions.failed().contains(row as u32) {
            return None;
        }
        Some(Judgement {
            allow: self.decisions.allows(row),
            reasons: self.reasons.get(row).cloned().unwrap_or_default(),
            errors: Vec::new(),
            uncertain: false,
        })
    }
}

/// The reference engine, for the calls of one session that need it.
struct Exactly<'b, 'w, 's> {
    bench: &'b Bench<'w, 's>,
    /// The request of each call; made again at the first need.
    requests: OnceCell<Vec<Option<Request>>>,
    entities: HashMap<EntityUid, Entities>,
}

impl<'b, 'w, 's> Exactly<'b, 'w, 's> {
    fn new(bench: &'b Bench<'w, 's>) -> Self {
        Exactly { bench, requests: OnceCell::new(), entities: HashMap::new() }
    }

    /// What `policies` decide about the `n`th call of the session.
    fn judge(&mut self, n: usize, principal: &EntityUid, policies: &PolicySet) -> Judgement {
        let requests = self.requests.get_or_init(|| {
            let mapped = self.bench.mapped().into_iter();
            mapped.map(|call| call.ok().map(|(_, request)| request)).collect()
        });
        match requests.get(n).and_then(Option::as_ref) {
            Some(request) => {
                judge(request, policies, self.bench.entities(principal, &mut self.entities))
            }
            // Mapping is a function, and gave a request before: it cannot fail now.
            None => Judgement { allow: false, reasons: vec![], errors: vec![], uncertain: true },
        }
    }
}

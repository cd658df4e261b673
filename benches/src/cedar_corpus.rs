//! Cedar's own generated corpus against the decision matrix.
//!
//! A case of `cedar-policy/cedar-integration-tests` is a schema, entities, policies and requests with the
//! answers that they must get; nobody here wrote it. The matrix must give those answers, and those of
//! the reference engine. Cases of equal schema are also put together, which the corpus does not do:
//! the requests of all in one table, under the policies of all, against the reference engine alone.
//! Not here: whether a policy validates.

mod case;
mod read;

use case::{Answer, Case};
use cedar_policy::{Entities, Policy, PolicyId, PolicySet, Request};
use rayon::prelude::*;
pub use read::{CaseText, Unreadable, cases};
use remit_replay::matrix::{Matrix, NotJudged, PolicyRows};
use remit_replay::reference::{Absent, judge};
use remit_replay::table::TableBuilder;
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many cases of equal schema share a table.
const TOGETHER: usize = 8;

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How many cases were compared.
    pub cases: usize,
    /// How many requests they have.
    pub requests: usize,
    /// How many pairs of a request and a policy set were compared besides, in tables of several cases.
    pub together: usize,
    /// Cases with a policy that Cedar's own syntax tree cannot hold; the matrix leaves those to the
    /// reference engine, which alone is compared.
    pub left_out: usize,
    /// What disagrees, one line each.
    pub mismatches: Vec<String>,
}

/// Judges every request of every case, and says what disagrees.
pub fn compare(cases: &[CaseText]) -> Comparison {
    let compared = alike(cases).into_par_iter().map(|texts| alone_and_together(&texts));
    let mut all = compared.reduce(Comparison::default, Comparison::and);
    all.mismatches.sort();
    all
}

impl Comparison {
    fn mismatch(cases: usize, line: String) -> Self {
        Comparison { cases, mismatches: vec![line], ..Comparison::default() }
    }

    fn and(mut self, other: Comparison) -> Comparison {
        self.cases += other.cases;
        self.requests += other.requests;
        self.together += other.together;
        self.left_out += other.left_out;
        self.mismatches.extend(other.mismatches);
        self
    }
}

/// Cases of equal schema, a few at a time.
fn alike(cases: &[CaseText]) -> Vec<Vec<&CaseText>> {
    let mut of_schema: BTreeMap<&str, Vec<&CaseText>> = BTreeMap::new();
    for case in cases {
        of_schema.entry(&case.schema).or_default().push(case);
    }
    let chunks = of_schema.values().flat_map(|alike| alike.chunks(TOGETHER));
    chunks.map(<[_]>::to_vec).collect()
}

fn alone_and_together(texts: &[&CaseText]) -> Comparison {
    let (cases, unreadable) = Case::parse_all(texts);
    let unreadable = unreadable
        .into_iter()
        .map(|(id, why)| Comparison::mismatch(1, format!("{id}: cannot be read: {why}")));
    let compared = unreadable.chain(cases.iter().map(alone));
    compared.fold(together(&cases), Comparison::and)
}

/// One case in a table of its own, against the answers in its file.
fn alone(case: &Case) -> Comparison {
    let reference = answers(&case.requests, &case.policies, &case.entities);
    let mut compared =
        Comparison { cases: 1, requests: case.requests.len(), ..Comparison::default() };
    let name = |n: usize| format!("{}, request {n}", case.id);
    for (n, (got, wanted)) in reference.iter().zip(&case.wanted).enumerate() {
        if !wanted.is_met_by(got) {
            let line = format!("{}: the authorizer says {got}, the file {wanted}", name(n));
            compared.mismatches.push(line);
        }
    }
    compared.and(agrees(
        through_matrix(&case.entities, &case.requests, &case.policies),
        &reference,
        &name,
    ))
}

/// Several cases in one table, judged by all their policies with the entities of the first.
fn together(cases: &[Case]) -> Comparison {
    let Some((first, [_, ..])) = cases.split_first() else { return Comparison::default() };
    let requests: Vec<Request> = cases.iter().flat_map(|c| c.requests.iter().cloned()).collect();
    let named = |(n, case): (usize, &Case)| -> Vec<Policy> {
        let name = |policy: &Policy| policy.new_id(PolicyId::new(format!("{n}.{}", policy.id())));
        // What the syntax tree cannot hold is counted where its case is alone.
        case.policies.policies().filter(|p| p.to_pst().is_ok()).map(name).collect()
    };
    let name = |n: usize| format!("{} and its like, request {n}", first.id);
    let compared = match PolicySet::from_policies(cases.iter().enumerate().flat_map(named)) {
        Ok(policies) => agrees(
            through_matrix(&first.entities, &requests, &policies),
            &answers(&requests, &policies, &first.entities),
            &name,
        ),
        Err(why) => Comparison::mismatch(0, format!("{}: {why}", name(0))),
    };
    Comparison { together: requests.len(), ..compared }
}

/// What the reference engine says.
fn answers(requests: &[Request], policies: &PolicySet, entities: &Entities) -> Vec<Answer> {
    requests.iter().map(|request| Answer::of(judge(request, policies, entities))).collect()
}

/// What of the matrix's answers is not that of the reference engine.
fn agrees(
    got: Result<Vec<Answer>, OutOfReach>,
    wanted: &[Answer],
    name: &dyn Fn(usize) -> String,
) -> Comparison {
    let got = match got {
        Ok(got) => got,
        Err(OutOfReach::NotInCedarsTree) => {
            return Comparison { left_out: 1, ..Comparison::default() };
        }
        Err(OutOfReach::NotJudged(why)) => {
            return Comparison::mismatch(0, format!("{}: {why}", name(0)));
        }
    };
    let mut compared = Comparison::default();
    if got.len() != wanted.len() {
        let line = format!("{}: {} of {} requests have a row", name(0), got.len(), wanted.len());
        compared.mismatches.push(line);
    }
    let pairs = got.iter().zip(wanted).enumerate();
    for (n, (got, wanted)) in pairs.filter(|(_, (got, wanted))| got != wanted) {
        let line = format!("{}: the matrix says {got}, the authorizer {wanted}", name(n));
        compared.mismatches.push(line);
    }
    compared
}

/// Why there are no answers of the matrix.
enum OutOfReach {
    /// The matrix reads Cedar's syntax tree, and that cannot hold some policy.
    NotInCedarsTree,
    NotJudged(NotJudged),
}

/// What the matrix says of each request, in their order.
fn through_matrix(
    entities: &Entities,
    requests: &[Request],
    policies: &PolicySet,
) -> Result<Vec<Answer>, OutOfReach> {
    if policies.policies().any(|policy| policy.to_pst().is_err()) {
        return Err(OutOfReach::NotInCedarsTree);
    }
    let mut table = TableBuilder::new(entities.clone());
    let store = table.add_store(entities.clone());
    let ordinals: Vec<u32> = requests.iter().filter_map(|r| table.push(r, store)).collect();
    let table = Arc::new(table.finish());
    let judged = Matrix::new(Arc::clone(&table)).judge(policies, &table.rows(), &|| false);
    let decisions = judged.map_err(OutOfReach::NotJudged)?;
    let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect();
    let answer = |row: u32| Answer {
        allow: decisions.allows(row),
        reasons: owned(decisions.reasons(row)),
        failing: decisions.policies().iter().filter_map(|p| failure(p, row)).collect(),
        uncertain: decisions.is_uncertain(row),
    };
    Ok(ordinals.into_iter().filter_map(|n| table.row_of(n)).map(answer).collect())
}

/// Whether a policy fails on a row, and for want of what.
fn failure(policy: &PolicyRows, row: u32) -> Option<(String, Option<Absent>)> {
    let absent = if policy.absent_entity.contains(row) {
        Some(Absent::Entity)
    } else {
        policy.absent_attribute.contains(row).then_some(Absent::Attribute)
    };
    policy.failed.contains(row).then(|| (policy.id.clone(), absent))
}

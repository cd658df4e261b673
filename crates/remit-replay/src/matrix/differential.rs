//! The matrix against Cedar's authorizer, on random policy sets and requests.
//!
//! `RUST_BACKTRACE=0 REMIT_DIFFERENTIAL_PAIRS=2000000 cargo test -p remit-replay agrees -- --nocapture` tries more than
//! the usual number, and prints what was reached. A failure names the seed, the request and the policies.

mod generate;

use super::Matrix;
use super::truths::Truths;
use crate::Absent;
use crate::reference::judge;
use crate::rows::Words;
use crate::table::TableBuilder;
use cedar_policy::PolicySet;
use generate::{Generator, World};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const ROWS: usize = 200;
const SETS: usize = 25;
const POLICIES: usize = 5;
const USUAL_PAIRS: u64 = 200_000;

/// A way to break the matrix on purpose, to see that the comparison notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutation {
    /// An atom that fails counts as false.
    FailureIsFalse,
    /// The right side of `&&` is evaluated, and may fail, where the left side is false.
    NoShortCircuit,
}

/// What was reached.
#[derive(Default)]
struct Coverage {
    pairs: u64,
    mismatches: Vec<String>,
    operators: BTreeMap<&'static str, u64>,
    outcomes: BTreeMap<String, u64>,
}

#[test]
fn agrees_with_cedar_on_random_policies_and_requests() {
    let wanted = std::env::var("REMIT_DIFFERENTIAL_PAIRS").ok().and_then(|n| n.parse().ok());
    let worlds = wanted.unwrap_or(USUAL_PAIRS).div_ceil((ROWS * SETS) as u64);
    let coverage = (0..worlds).into_par_iter().map(|seed| compared(seed, SETS, None));
    let coverage = coverage.reduce(Coverage::default, Coverage::and);
    print(&coverage);
    assert!(
        coverage.mismatches.is_empty(),
        "{} mismatches or more, such as {}",
        coverage.mismatches.len(),
        coverage.mismatches[0]
    );
    for operator in OPERATORS {
        assert!(coverage.operators.contains_key(operator), "`{operator}` was never tried");
    }
    for outcome in OUTCOMES {
        assert!(coverage.outcomes.contains_key(outcome), "no `{outcome}` was ever seen");
    }
}

#[test]
fn a_broken_matrix_is_noticed() {
    for mutation in [Mutation::FailureIsFalse, Mutation::NoShortCircuit] {
        let found = (0..10).any(|seed| !compared(seed, 3, Some(mutation)).mismatches.is_empty());
        assert!(found, "{mutation:?} was not noticed");
    }
}

/// All of Cedar 4.11: operators, methods, literals, and what the scope can say besides.
const OPERATORS: [&str; 50] = [
    "!",
    "!=",
    "&&",
    "*",
    "+",
    "-",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "attribute",
    "calculated constructor",
    "contains",
    "containsAll",
    "containsAny",
    "durationSince",
    "getTag",
    "greaterThan",
    "greaterThanOrEqual",
    "has",
    "has deep",
    "hasTag",
    "if",
    "in",
    "in set",
    "is",
    "is in",
    "isEmpty",
    "isInRange",
    "isIpv4",
    "isIpv6",
    "isLoopback",
    "isMulticast",
    "lessThan",
    "lessThanOrEqual",
    "like",
    "negation",
    "offset",
    "record literal",
    "set literal",
    "template link",
    "toDate",
    "toDays",
    "toHours",
    "toMilliseconds",
    "toTime",
    "toMinutes",
    "toSeconds",
    "||",
];

/// Decisions, and every kind of failure.
const OUTCOMES: [&str; 9] = [
    "allow",
    "deny by forbid",
    "deny by default",
    "uncertain",
    "attribute missing",
    "entity missing",
    "type error",
    "overflow",
    "extension error",
];

/// One world, judged both ways.
fn compared(seed: u64, sets: usize, mutation: Option<Mutation>) -> Coverage {
    let mut generator = Generator::new(seed.wrapping_mul(0x5851_f42d_4c95_7f2d));
    let world = generator.world(ROWS);
    let mut table = TableBuilder::new(world.base.clone());
    let stores: Vec<_> = world.stores.iter().map(|s| table.add_store(s.clone())).collect();
    for (request, store) in &world.requests {
        table.push(request, stores[*store]).unwrap();
    }
    let mut matrix = Matrix::new(Arc::new(table.finish()));
    matrix.mutation = mutation;
    let mut coverage = Coverage::default();
    for _ in 0..sets {
        let policies = generator.policies(POLICIES);
        coverage.compare(seed, &matrix, &world, &policies);
    }
    coverage.operators = generator.operators;
    coverage
}

impl Coverage {
    fn compare(&mut self, seed: u64, matrix: &Matrix, world: &World, policies: &PolicySet) {
        let decisions = matrix.judge(policies, &matrix.table().rows(), &|| false).unwrap();
        for (ordinal, (request, store)) in (0..).zip(&world.requests) {
            let row = matrix.table().row_of(ordinal).unwrap();
            let wanted = judge(request, policies, &world.stores[*store]);
            let failed: Vec<_> = wanted.errors.iter().map(|e| (&*e.policy, e.absent)).collect();
            let got = decisions.reasons(row);
            let got_failed: Vec<_> = decisions
                .policies()
                .iter()
                .filter_map(|p| Some((&*p.id, absent(p, row)?)))
                .collect();
            let same = decisions.allows(row) == wanted.allow
                && got == wanted.reasons
                && got_failed == failed
                && decisions.failed().contains(row) != failed.is_empty()
                && decisions.is_uncertain(row) == wanted.uncertain;
            if !same && self.mismatches.len() < 3 {
                let text: Vec<String> = policies.policies().map(ToString::to_string).collect();
                self.mismatches.push(format!(
                    "seed {seed}, {request}: {got:?} {got_failed:?} instead of {wanted:?} by\n{}",
                    text.join("\n")
                ));
            }
            self.pairs += 1;
            self.count(&wanted);
        }
    }

    fn count(&mut self, judged: &crate::Judgement) {
        let decision = match (judged.allow, judged.reasons.is_empty()) {
            (true, _) => "allow",
            (false, true) => "deny by default",
            (false, false) => "deny by forbid",
        };
        let uncertain = judged.uncertain.then_some("uncertain");
        let kinds = judged.errors.iter().map(|e| kind(&e.message));
        for outcome in [decision].into_iter().chain(uncertain).chain(kinds) {
            *self.outcomes.entry(outcome.to_owned()).or_default() += 1;
        }
    }

    fn and(mut self, other: Coverage) -> Coverage {
        self.pairs += other.pairs;
        self.mismatches.extend(other.mismatches);
        for (operator, n) in other.operators {
            *self.operators.entry(operator).or_default() += n;
        }
        for (outcome, n) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += n;
        }
        self
    }
}

fn kind(message: &str) -> &'static str {
    let kinds = [
        ("does not have the attribute", "attribute missing"),
        ("does not have the tag", "tag missing"),
        ("does not exist", "entity missing"),
        ("type error", "type error"),
        ("overflow", "overflow"),
        ("extension", "extension error"),
    ];
    kinds.iter().find(|(part, _)| message.contains(part)).map_or("another error", |(_, kind)| kind)
}

fn print(coverage: &Coverage) {
    println!("{} pairs, {} mismatches", coverage.pairs, coverage.mismatches.len());
    println!("operators: {:?}", coverage.operators);
    println!("outcomes: {:?}", coverage.outcomes);
}

/// What was absent where the policy fails; `None` where it does not fail.
fn absent(policy: &super::PolicyRows, row: u32) -> Option<Option<Absent>> {
    let kinds =
        [(&policy.absent_attribute, Absent::Attribute), (&policy.absent_entity, Absent::Entity)];
    let kind = kinds.iter().find(|(rows, _)| rows.contains(row)).map(|(_, absent)| *absent);
    policy.failed.contains(row).then_some(kind)
}

/// What a matrix with `mutation` makes of an atom's truths.
pub(super) fn broken_atom(mutation: Option<Mutation>, truths: Truths) -> Truths {
    match mutation {
        Some(Mutation::FailureIsFalse) => Truths::yes(truths.yes),
        Some(Mutation::NoShortCircuit) | None => truths,
    }
}

/// The rows on which a matrix with `mutation` evaluates the right side of `&&`.
pub(super) fn broken_and(mutation: Option<Mutation>, mask: &Words, next: &Words) -> Words {
    match mutation {
        Some(Mutation::NoShortCircuit) => *mask,
        Some(Mutation::FailureIsFalse) | None => *next,
    }
}

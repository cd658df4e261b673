//! A third of Cedar's own corpus through the decision matrix: `corpus/cedar/cases.tar.gz`.
//!
//! All of it: `cargo run --release -p remit-benches -- cedar-corpus FOLDER`, over an unpacked `corpus-tests`.

use remit_benches::cedar_corpus::{Comparison, cases, compare};
use std::path::Path;

/// The cases in the repository, so that a packed file that lost some is noticed.
const CASES: usize = 1_982;

#[test]
fn the_matrix_answers_cedars_own_corpus() {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/cedar/cases.tar.gz");
    let compared = compare(&cases(&packed).unwrap());
    let Comparison { cases, requests, together, left_out, mismatches } = compared;
    assert!(
        mismatches.is_empty(),
        "{} answers differ, such as {:?}",
        mismatches.len(),
        mismatches.first()
    );
    assert_eq!((cases, requests), (CASES, CASES * 8), "each case has eight requests");
    assert!(together > requests / 4, "only {together} requests share a table with other cases");
    assert!(left_out < cases / 50, "the syntax tree cannot hold {left_out} of {cases} cases");
}

#[test]
fn a_wrong_answer_is_noticed() {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/cedar/cases.tar.gz");
    let mut case = cases(&packed).unwrap().remove(0);
    let other =
        if case.requests.contains("\"allow\"") { ("allow", "deny") } else { ("deny", "allow") };
    case.requests = case.requests.replacen(other.0, other.1, 1);
    let mismatches = compare(&[case]).mismatches;
    assert_eq!(mismatches.len(), 1, "{mismatches:?}");
}

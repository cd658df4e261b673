//! What reviewers ask of a workspace: whether its tests hold, and what they protect.
//!
//! A [`Suite`] is what stands in `tests/`: expectations on recorded calls, and requests in the format of
//! Cedar's own command line. [`run`] compares them with verdicts, [`coverage`] says which policies and
//! conditions they reach, [`mutation`] which mistakes in a policy nobody would notice. [`stop_rules`] drafts what
//! would have stopped a call of an incident, [`IncidentReport`] tells the incident to others, and a [`Query`] finds
//! where else such things happened.
//!
//! Promises:
//! * nothing here decides: verdicts come from `remit-replay`, decisions on requests from Cedar;
//! * a test that cannot be read or run is never a passed one;
//! * the same inputs give the same bytes.
//!
//! Not here: reading recordings, writing files, showing anything.

mod coverage;
mod expectation;
mod incident;
mod junit;
mod mutation;
mod policies;
mod report;
mod request_test;
mod run;
mod search;
mod stop;
mod suite;

pub use coverage::{ConditionCoverage, Coverage, Covered, PolicyCoverage, coverage};
pub use expectation::{CallExpectation, Side};
pub use incident::{IncidentReport, SessionPart, Stops, to_html, to_markdown};
pub use junit::to_junit;
pub use mutation::{Mistake, Mutation, Noticed, mutation};
pub use report::{
    ConditionReport, CoverageCount, CoverageReport, MutantReport, MutationReport, PolicyReport,
    TestReport, TestSummary, TestsReport,
};
pub use request_test::RequestTest;
pub use run::{Outcome, TestResult, run};
pub use search::{Hit, Query, QueryError, Searched};
pub use stop::{Incident, Reach, StopRule, Stopped, stop_rules};
pub use suite::{Broken, Expected, Suite, Test, TestFiles, is_tests};

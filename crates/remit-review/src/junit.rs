//! A run of tests as JUnit XML, so that any CI shows it: a suite for each file, a case for each test.

use crate::report::{TestReport, TestsReport};
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

/// JUnit XML. What does not hold is a failure, what cannot be run an error.
///
/// # Errors
/// If it cannot be written as XML.
pub fn to_junit(report: &TestsReport) -> Result<String, SerializeError> {
    let mut files: Vec<&str> = report.tests.iter().map(|test| test.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    let mut junit = Report::new("remit test");
    junit.add_test_suites(files.into_iter().map(|file| suite(report, file)));
    junit.to_string()
}

fn suite(report: &TestsReport, file: &str) -> TestSuite {
    let mut suite = TestSuite::new(file);
    suite.add_test_cases(report.tests.iter().filter(|test| test.file == file).map(case));
    suite
}

fn case(test: &TestReport) -> TestCase {
    let mut status = match test.outcome {
        "passed" => TestCaseStatus::success(),
        "failed" => TestCaseStatus::non_success(NonSuccessKind::Failure),
        _ => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if !test.messages.is_empty() {
        status.set_message(test.messages.join("; ")).set_type(test.outcome);
    }
    let mut case = TestCase::new(test.name.clone(), status);
    case.set_classname(test.file.clone());
    case
}

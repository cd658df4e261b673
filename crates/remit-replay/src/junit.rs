//! The report as JUnit XML, so that any CI shows it: a suite for each session, a case for each tool call.

use crate::Verdict;
use crate::report::{CallReport, Report, SessionReport};
use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

/// JUnit XML. Denied and drifted calls are failures, unknown ones errors.
pub fn to_junit(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut junit = JunitReport::new("remit replay");
    junit.add_test_suites(report.sessions.iter().map(suite));
    junit.to_string()
}

fn suite(session: &SessionReport) -> TestSuite {
    let mut suite = TestSuite::new(format!("{} {}", session.recording, session.session));
    suite.add_test_cases(session.calls.iter().map(|call| case(session, call)));
    suite
}

fn case(session: &SessionReport, call: &CallReport) -> TestCase {
    let mut status = match call.verdict {
        Verdict::Allowed => TestCaseStatus::success(),
        Verdict::Denied | Verdict::Drifted => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Unknown => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_message(because(call)).set_type(call.verdict.word());
    let mut case = TestCase::new(format!("{} {}", call.index, call.tool), status);
    case.set_classname(session.session.clone());
    case
}

/// Why the call has its verdict, in one line.
pub(crate) fn because(call: &CallReport) -> String {
    if let Some(why) = &call.unknown {
        return format!("unknown: {why}");
    }
    let scope_allows = call.scope.as_ref().map(|s| s.decision == "allow");
    let side = if call.verdict == Verdict::Drifted { &call.scope } else { &call.guardrails };
    let reasons = side.as_ref().map(|s| s.reasons.join(", ")).filter(|r| !r.is_empty());
    let by = reasons.unwrap_or_else(|| "no policy permits it".to_owned());
    format!("{}: {} ({by})", call.verdict.word(), call.verdict.said(scope_allows))
}

//! `remit replay`: every recorded tool call, judged.

use crate::Exit;
use crate::args::{FailOn, Finding, ReplayArgs, ReportFormat, WhichHypothetical};
use crate::bench::Bench;
use crate::error::CliError;
use crate::output::{
    badge, bold, count, data_to_stdout, line, shape, summary, table, to_stderr, to_stdout,
};
use remit_api::replay::{
    CallReport, HypotheticalSummary, Report, SessionReport, Severity, Summary, Verdict,
    replayability, report, to_junit, to_sarif,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Findings that are listed for each session unless all are asked for.
const FINDINGS: usize = 5;
/// Calls that a session's strip shows in the table.
const STRIP: usize = 32;

pub(crate) fn run(args: &ReplayArgs) -> Result<Exit, CliError> {
    let bench = Bench::open_with(args.engine.into(), &args.corpus)?;
    let report = report(&bench.replay, &bench.loaded);
    let counted = counted(&report, &bench, args.hypothetical);
    match args.format {
        ReportFormat::Human => to_stdout(&human(&counted, &bench, args))?,
        ReportFormat::Json => data_to_stdout(&json(&report)?)?,
        ReportFormat::Jsonl => data_to_stdout(&lines(&report)?)?,
        ReportFormat::Junit => data_to_stdout(&to_junit(&report).map_err(std::io::Error::other)?)?,
        ReportFormat::Sarif => data_to_stdout(&json(&to_sarif(&report))?)?,
    }
    if report.sessions.is_empty() {
        to_stderr(
            "warning: there is no session to replay\n  help: put recordings into the workspace's sessions/ or name some with --recordings\n",
        )?;
    }
    Ok(exit(&counted.summary, &args.fail_on))
}

/// The report with the calls that are counted; of the others there is only the number.
fn counted<'r>(report: &'r Report, bench: &Bench, which: WhichHypothetical) -> Cow<'r, Report> {
    let is_counted = |hypothetical: Option<&str>| match (hypothetical, which) {
        (None, _) | (_, WhichHypothetical::All) => true,
        (Some(word), WhichHypothetical::Independent) => word == "independent",
        (Some(_), WhichHypothetical::None) => false,
    };
    if which == WhichHypothetical::All {
        return Cow::Borrowed(report);
    }
    let mut counted = report.clone();
    counted.summary = Summary { warnings: report.summary.warnings, ..Summary::default() };
    for session in &mut counted.sessions {
        session.calls.retain(|call| is_counted(call.hypothetical.as_deref()));
        let of_session = Summary { warnings: 0, ..session.line().summary };
        counted.summary.add(&of_session);
    }
    let judged = bench.replay.sessions.iter().flat_map(|session| {
        let word = |step| session.hypothetical(step).map(|one| one.word());
        session.calls.iter().filter(move |call| is_counted(word(call.step)))
    });
    counted.replayability = replayability(judged);
    Cow::Owned(counted)
}

fn lines(report: &Report) -> Result<String, CliError> {
    let one = |session: &SessionReport| Ok(serde_json::to_string(&session.line())? + "\n");
    let lines: Result<String, serde_json::Error> = report.sessions.iter().map(one).collect();
    Ok(lines.map_err(std::io::Error::other)?)
}

fn json(value: &impl serde::Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::other)?;
    Ok(text + "\n")
}

fn exit(summary: &Summary, fail_on: &[FailOn]) -> Exit {
    let is_there = |asked: &FailOn| match asked {
        FailOn::Denied => summary.denied > 0,
        FailOn::Drifted => summary.drifted > 0,
        FailOn::OutOfScope => summary.drifted > summary.unverified,
        FailOn::Unknown => summary.unknown > 0,
        FailOn::Uncertain => summary.uncertain > 0,
    };
    if fail_on.iter().any(is_there) { Exit::Verdict } else { Exit::Success }
}

fn human(report: &Report, bench: &Bench, args: &ReplayArgs) -> String {
    let mut out = summary(&bench.workspace.config.name, &report.summary, &report.replayability)
        + "
";
    out += &hypothetical(report);
    let named: Vec<_> = report.sessions.iter().zip(names(report)).collect();
    let head = ["SESSION", "TASK", "AGENT", "CALLS", "●", "■", "▲", "○", ""];
    out += &table(&head, named.iter().map(row));
    let findings: String =
        named.iter().filter_map(|(session, name)| listed(session, name, args)).collect();
    if !findings.is_empty() {
        out += &format!("\n{}\n{findings}", bold("Not allowed"));
        out += &format!("\nhelp: `remit explain {} SESSION STEP` says why\n", bench.workspace.root);
    }
    out
}

/// What follows a denied call that ran, and whether it is among the counts.
fn hypothetical(report: &Report) -> String {
    let HypotheticalSummary { independent, dependent, .. } = &report.hypothetical;
    let all = independent.total() + dependent.total();
    if all == 0 {
        return String::new();
    }
    let counted = report.sessions.iter().flat_map(|session| &session.calls);
    let counted = counted.filter(|call| call.hypothetical.is_some()).count() as u32;
    let left_out = match all - counted {
        0 => String::new(),
        left => format!("; {left} not counted"),
    };
    format!(
        "{} follow a denied call that ran: {} may depend on its result{left_out}\n\n",
        count(all, "call"),
        dependent.total(),
    )
}

/// A session is called by its recording, which people know; by its id where a recording holds several.
fn names(report: &Report) -> Vec<&str> {
    let mut sessions: BTreeMap<&str, u32> = BTreeMap::new();
    for session in &report.sessions {
        *sessions.entry(&session.recording).or_default() += 1;
    }
    let is_alone = |s: &SessionReport| sessions.get(s.recording.as_str()) == Some(&1);
    report.sessions.iter().map(|s| if is_alone(s) { &*s.recording } else { &*s.session }).collect()
}

fn row((session, name): &(&SessionReport, &str)) -> Vec<String> {
    let counts = session.line().summary;
    let strip: String = session.calls.iter().take(STRIP).map(|c| shape(c.verdict)).collect();
    let more = if session.calls.len() > STRIP { "…" } else { "" };
    let task = session.task.as_deref().map_or_else(|| "-".into(), |t| line(t, 32));
    let task =
        if session.scoped || session.task.is_none() { task } else { format!("{task} (no scope)") };
    let mut row =
        vec![line(name, 56), task, line(&session.agent, 24), counts.tool_calls.to_string()];
    row.extend(Verdict::all().map(|v| counts.count(v).to_string()));
    row.push(format!("{strip}{more}"));
    row
}

fn is_listed(call: &CallReport, only: &[Finding]) -> bool {
    let is = |kind: &Finding| match kind {
        Finding::Denied => call.verdict == Verdict::Denied,
        Finding::Drifted => call.verdict == Verdict::Drifted,
        Finding::OutOfScope => call.severity == Some(Severity::OutOfScope),
        Finding::UnverifiedValue => call.severity == Some(Severity::UnverifiedValue),
        Finding::Unknown => call.verdict == Verdict::Unknown,
    };
    call.verdict != Verdict::Allowed && (only.is_empty() || only.iter().any(is))
}

fn listed(session: &SessionReport, name: &str, args: &ReplayArgs) -> Option<String> {
    let findings: Vec<&CallReport> =
        session.calls.iter().filter(|call| is_listed(call, &args.only)).collect();
    let first = if args.all { findings.len() } else { findings.len().min(FINDINGS) };
    let (first, rest) = findings.split_at(first);
    if first.is_empty() {
        return None;
    }
    let mut out = format!("\n{}\n", line(name, 120));
    for call in first {
        out += &format!(
            "  step {:<4} {} {}  {}\n",
            call.step,
            badge(call.verdict),
            bold(&line(&call.tool, 60)),
            line(&reason(call), 160)
        );
    }
    if !rest.is_empty() {
        out += &format!("  and {} more; `--all` lists them\n", rest.len());
    }
    Some(out)
}

fn reason(call: &CallReport) -> String {
    if let Some(unknown) = &call.unknown {
        return unknown.clone();
    }
    let scope_allows = call.scope.as_ref().map(|s| s.decision == "allow");
    let side = if call.verdict == Verdict::Drifted { &call.scope } else { &call.guardrails };
    let reasons = side.as_ref().map(|s| s.reasons.join(", ")).unwrap_or_default();
    let by = if reasons.is_empty() { "no policy permits it".to_owned() } else { reasons };
    let uncertain = if call.uncertain { "; uncertain: a policy failed" } else { "" };
    let unverified = match call.severity {
        Some(Severity::UnverifiedValue) => "; only for a value that nobody vouches for",
        Some(Severity::OutOfScope) | None => "",
    };
    format!("{} ({by}){unverified}{uncertain}", call.verdict.said(scope_allows))
}

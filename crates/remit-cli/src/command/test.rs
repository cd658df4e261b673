//! `remit test`: whether the tests of a workspace hold, what they reach, and what they would not notice.

use crate::Exit;
use crate::args::{TestArgs, TestFormat};
use crate::bench::{Judged, load_workspace, read};
use crate::error::CliError;
use crate::output::{bold, count, data_to_stdout, dim, line, to_stderr, to_stdout};
use crate::progress;
use remit_api::policy::Workspace;
use remit_api::review::{
    MutantReport, MutationReport, PolicyReport, Suite, TestReport, TestsReport, coverage, mutation,
    run as run_tests, to_junit,
};
use std::ops::ControlFlow;

/// Of what is not reached or not noticed, so many are listed unless all are asked for.
const LISTED: usize = 20;
/// Characters of a condition.
const CONDITION: usize = 100;

pub(crate) fn run(args: &TestArgs) -> Result<Exit, CliError> {
    let workspace = load_workspace(&args.corpus.workspace)?;
    if !workspace.is_valid() {
        return Err(CliError::Invalid(Box::new(workspace)));
    }
    let report = tested(args, &workspace)?;
    match args.format {
        TestFormat::Human => to_stdout(&human(&workspace, &report, args.all))?,
        TestFormat::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(std::io::Error::other)?;
            data_to_stdout(&format!("{text}\n"))?;
        }
        TestFormat::Junit => data_to_stdout(&to_junit(&report).map_err(std::io::Error::other)?)?,
    }
    if report.tests.is_empty() {
        to_stderr(
            "warning: there is no test to run\n  help: write expectations into tests/*.toml, or requests into tests/*.json\n",
        )?;
    }
    Ok(if report.is_passed() { Exit::Success } else { Exit::Failure })
}

fn tested(args: &TestArgs, workspace: &Workspace) -> Result<TestsReport, CliError> {
    let loaded = read(workspace, &args.corpus.recordings, args.corpus.import_as)?;
    let Judged { mut live, verdicts } = Judged::of(workspace, &loaded)?;
    let cancelled =
        |e: remit_api::replay::Cancelled| CliError::input(e.to_string(), "run it again");
    let go_on = || ControlFlow::Continue(());
    let suite = Suite::load(workspace);
    let results = run_tests(workspace, &verdicts, &suite);
    let covered =
        coverage(workspace, &live, &verdicts, &suite, &results, &go_on).map_err(cancelled)?;
    let mutants = args.mutate.then(|| {
        let bar = progress::bar(0, "trying mistakes");
        let told = |done: u32, total: u32| {
            bar.set_length(u64::from(total));
            bar.set_position(u64::from(done));
            ControlFlow::Continue(())
        };
        let found = mutation(workspace, &mut live, &verdicts, &suite, &results, &told);
        bar.finish_and_clear();
        found
    });
    let mutants = mutants.transpose().map_err(cancelled)?;
    Ok(TestsReport::new(workspace.digests(), &suite, &results, &covered, mutants.as_deref()))
}

fn human(workspace: &Workspace, report: &TestsReport, all: bool) -> String {
    let summary = &report.summary;
    let mut out = format!(
        "{}  {}: {} passed, {} failed, {} broken\n",
        bold(&workspace.config.name),
        count(summary.tests, "test"),
        summary.passed,
        summary.failed,
        summary.broken,
    );
    let shown = report.tests.iter().filter(|test| all || test.outcome != "passed");
    let shown: Vec<String> = shown.map(test).collect();
    if !shown.is_empty() {
        out += &format!("\n{}", shown.concat());
    }
    out += &reached(report, all);
    match &report.mutation {
        Some(tried) => out += &mistakes(tried, all),
        None => {
            out += "\nhelp: `--mutate` tries mistakes in the policies, and lists those that nobody notices\n"
        }
    }
    out
}

fn test(test: &TestReport) -> String {
    let place = match test.line {
        Some(line) => format!("{}:{line}", test.file),
        None => test.file.clone(),
    };
    let word = match test.outcome {
        "passed" => "passed".to_owned(),
        other => bold(other),
    };
    let mut out = format!("{word}  {}  {}\n", line(&place, 120), line(&test.name, 120));
    for message in &test.messages {
        out += &format!("  {}\n", line(message, 400));
    }
    if let Some(why) = test.why.as_ref().filter(|_| test.outcome != "passed") {
        out += &format!("  because: {}\n", line(why, 400));
    }
    out
}

/// What is reached in numbers, and what no test reaches.
fn reached(report: &TestsReport, all: bool) -> String {
    let coverage = &report.coverage;
    let row = |what: &str, of: &remit_api::review::CoverageCount| {
        format!("  {what:<11} {:>5}  {:>8}  {:>13}\n", of.total, of.by_tests, of.by_recordings)
    };
    let mut out = format!("\n{}      ALL  BY TESTS  BY RECORDINGS\n", bold("Reached"));
    out += &row("policies", &coverage.policies);
    out += &row("conditions", &coverage.conditions);
    let missed: Vec<String> =
        coverage.of_policies.iter().flat_map(|of| not_reached(of, all)).collect();
    if !missed.is_empty() {
        let title = if all { "Policies and conditions" } else { "Not reached by tests" };
        out += &format!("\n{}\n", bold(title));
        out += &some(&missed, all);
    }
    out
}

/// A line for a policy that no test decides by, and for each of its conditions that none sees both ways.
fn not_reached(of: &PolicyReport, all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if all || !of.by_tests {
        let recorded =
            if of.by_recordings { "decides recorded calls" } else { "decides no recorded call" };
        let tested = if of.by_tests { "decides what tests are about, " } else { "" };
        lines.push(format!(
            "  {}:{}  {}  {tested}{recorded}\n",
            of.file,
            of.line,
            line(&of.policy, 80)
        ));
    }
    for condition in of.conditions.iter().flatten().filter(|_| all || of.by_tests) {
        if !all && condition.by_tests == "both" {
            continue;
        }
        let word = if condition.unless { "unless" } else { "when" };
        let recorded = match condition.by_recordings == condition.by_tests {
            true => String::new(),
            false => format!("; by recordings {}", said(condition.by_recordings)),
        };
        lines.push(format!(
            "  {}:{}  {word} {}  {}{recorded}\n",
            of.file,
            condition.line,
            line(&condition.text, CONDITION),
            dim(said(condition.by_tests)),
        ));
    }
    lines
}

/// How a condition was seen.
fn said(seen: &str) -> &'static str {
    match seen {
        "both" => "seen both ways",
        "matched" => "never the one that keeps a call out",
        "kept-out" => "never seen to hold with the others",
        _ => "never tried",
    }
}

fn mistakes(tried: &MutationReport, all: bool) -> String {
    let mut out = format!(
        "\n{}  {}: {} fail a test, {} only change recorded calls, {} nobody notices\n",
        bold("Mistakes"),
        count(tried.mutants, "mistake"),
        tried.by_tests,
        tried.by_recordings,
        tried.unnoticed,
    );
    if tried.not_tried > 0 {
        out += &format!("{} not tried\n", tried.not_tried);
    }
    let of = |noticed: &str| -> Vec<String> {
        tried.list.iter().filter(|one| one.noticed == noticed).map(mistake).collect()
    };
    for (noticed, title) in [("nobody", "Unprotected"), ("not-tried", "Not tried")] {
        let found = of(noticed);
        if !found.is_empty() {
            out += &format!("\n{}\n{}", bold(title), some(&found, all));
        }
    }
    out
}

fn mistake(of: &MutantReport) -> String {
    let condition = line(of.condition.as_deref().unwrap_or_default(), CONDITION);
    let what = match of.mistake {
        "left-out" => format!("without {condition}"),
        "turned" => format!("with the opposite of {condition}"),
        "swapped" => "permit and forbid swapped".to_owned(),
        _ => String::new(),
    };
    let why = of.by.as_ref().map(|why| format!(" {}", line(why, 200))).unwrap_or_default();
    format!("  {}:{}  {}  {what}{why}\n", of.file, of.line, line(&of.policy, 80))
}

fn some(lines: &[String], all: bool) -> String {
    let most = if all { lines.len() } else { LISTED };
    let mut out: String = lines.iter().take(most).map(String::as_str).collect();
    let more = lines.len().saturating_sub(most);
    if more > 0 {
        out += &format!("  and {more} more; `--all` lists them\n");
    }
    out
}

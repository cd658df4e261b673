//! `remit diff`: two states of the policies, and which verdicts differ between them.
//!
//! The groups are those of the library, changed first; here they only become words.

mod side;

use crate::Exit;
use crate::args::{DiffArgs, ExplainFormat, FailOnChange};
use crate::bench::{judge, load_workspace, read};
use crate::error::CliError;
use crate::output::{
    bold, count, data_to_stdout, dim, line, paint, shape, table, to_stderr, to_stdout,
};
use remit_api::replay::{
    Change, ChangeSummary, ChangedCallReport, Changes, ChangesReport, GroupReport, Idle,
    PolicyReport, StandingReport, Verdict, changes, changes_report, idle_policies,
};
use side::Side;

/// Groups that are listed unless all are asked for.
const GROUPS: usize = 20;

pub(crate) fn run(args: &DiffArgs) -> Result<Exit, CliError> {
    let (baseline, candidate) = side::open(&args.baseline, &args.candidate, &args.trust)?;
    let loaded = read_recordings(&candidate, args)?;
    let before = judge(&baseline.workspace, &loaded)?;
    let after = judge(&candidate.workspace, &loaded)?;
    let changes = changes(&before, &after, &loaded.recordings).map_err(CliError::library)?;
    let idle = idle_policies(&candidate.workspace, &after, &loaded.recordings);
    let mut report = changes_report(&changes, &idle, (&before, &after), &loaded.recordings);
    match args.format {
        ExplainFormat::Human => {
            to_stdout(&human(&title(&candidate, args), &changes, &report, args.all))?;
        }
        ExplainFormat::Json => {
            if !args.all {
                report.groups.iter_mut().for_each(|group| group.calls.truncate(1));
            }
            let text = serde_json::to_string_pretty(&report).map_err(std::io::Error::other)?;
            data_to_stdout(&(text + "\n"))?;
        }
    }
    if report.summary.sessions == 0 {
        to_stderr(
            "warning: there is no session to compare on\n  help: put recordings into the workspace's sessions/ or name some with --recordings\n",
        )?;
    }
    Ok(exit(&report.summary, &args.fail_on))
}

/// Both sides are judged on what lies in the candidate's folder today: git need not keep recordings.
fn read_recordings(
    candidate: &Side,
    args: &DiffArgs,
) -> Result<remit_api::session::Loaded, CliError> {
    let (paths, format) = (&args.recordings, args.import_as);
    if !paths.is_empty() || candidate.folder == candidate.workspace.root {
        return read(&candidate.workspace, paths, format);
    }
    if candidate.folder.is_file() {
        return Err(CliError::input(
            format!("`{}` is a bundle, and there are no recordings in it", candidate.folder),
            "name recordings with --recordings",
        ));
    }
    if !candidate.folder.is_dir() {
        return Err(CliError::input(
            format!(
                "`{}` is not there any more, so there are no recordings in it",
                candidate.folder
            ),
            "name recordings with --recordings",
        ));
    }
    read(&load_workspace(&candidate.folder)?, paths, format)
}

fn exit(summary: &ChangeSummary, fail_on: &[FailOnChange]) -> Exit {
    let asked = |change: &FailOnChange| match change {
        FailOnChange::NewlyDenied => Change::NewlyDenied,
        FailOnChange::NewlyDrifted => Change::NewlyDrifted,
        FailOnChange::NewlyAllowed => Change::NewlyAllowed,
        FailOnChange::NoLongerDrifted => Change::NoLongerDrifted,
        FailOnChange::Maybe => Change::Maybe,
    };
    let is_there = |change| summary.count(asked(change)) > 0;
    if fail_on.iter().any(is_there) { Exit::Verdict } else { Exit::Success }
}

/// What is compared with what.
fn title(candidate: &Side, args: &DiffArgs) -> String {
    let name = bold(&line(&candidate.workspace.config.name, 80));
    format!("{name}  `{}` before, `{}` after", line(&args.baseline, 80), line(&args.candidate, 80))
}

fn human(title: &str, changes: &Changes, report: &ChangesReport, all: bool) -> String {
    let mut out = format!("{title}\n") + &*coverage(&report.summary);
    out += &format!("\n{}\n", totals(changes, &report.summary));
    let shown = if all { report.groups.len() } else { GROUPS };
    for group in report.groups.iter().take(shown) {
        out += &group_lines(group, all);
    }
    if report.groups.len() > shown {
        let more = count((report.groups.len() - shown) as u32, "group");
        out += &format!("\nand {more} more; `--all` lists them\n");
    }
    out + &*idle(&report.policies)
}

/// How much of both sides can be decided at all, before anything is said of what changes.
fn coverage(summary: &ChangeSummary) -> String {
    let (before, after) = (&summary.baseline, &summary.candidate);
    let sessions = count(summary.sessions, "session");
    let mut out = format!("{sessions}, {}\n", count(summary.tool_calls, "tool call"));
    out += &format!(
        "decided from recorded facts: {} of {} before, {} after\n",
        before.tool_calls - before.unknown,
        before.tool_calls,
        after.tool_calls - after.unknown
    );
    if before.unscoped + after.unscoped > 0 {
        let before = count(before.unscoped, "session");
        out += &format!(
            "without a declared scope, so that nothing can drift: {before} before, {} after\n",
            after.unscoped
        );
    }
    if before.uncertain + after.uncertain > 0 {
        let before = count(before.uncertain, "verdict");
        out += &format!(
            "uncertain, because a policy failed: {before} before, {} after\n",
            after.uncertain
        );
    }
    if after.warnings > 0 {
        out += &format!("{} while reading the recordings\n", count(after.warnings, "warning"));
    }
    out
}

/// `31 newly denied in 4 sessions, 2 newly allowed in 1 session; 40 unchanged`
fn totals(changes: &Changes, summary: &ChangeSummary) -> String {
    let told = |change: Change| {
        let there = changes.count(change);
        let sessions = count(there.sessions, "session");
        (there.calls > 0 && change != Change::Unchanged)
            .then(|| format!("{} {} in {sessions}", bold(&there.calls.to_string()), change.words()))
    };
    let told: Vec<String> = Change::all().into_iter().filter_map(told).collect();
    match told.as_slice() {
        [] => "no verdict changes".to_owned(),
        told => format!("{}; {} unchanged", told.join(", "), summary.unchanged),
    }
}

fn group_lines(group: &GroupReport, all: bool) -> String {
    let mark = mark(group.change);
    let badge = paint(mark, &format!("{} {}", shape(mark), group.change.words()));
    let (tool, agent) = (bold(&line(&group.tool, 60)), line(&group.agent, 40));
    let calls = count(group.count, "call");
    let mut out = format!("\n{badge}  {tool} by {agent}: {calls}\n");
    out += &format!("  before  {}\n", standing(&group.before));
    out += &format!("  after   {}\n", standing(&group.after));
    let (first, rest) =
        group.calls.split_at(if all { group.calls.len() } else { group.calls.len().min(1) });
    for call in first {
        out += &format!("  {}\n", place(call));
    }
    if !rest.is_empty() {
        out += &format!("  {}\n", dim(&format!("and {} more; `--all` lists them", rest.len())));
    }
    out
}

/// A change is drawn as the verdict that it leads to.
fn mark(change: Change) -> Verdict {
    match change {
        Change::NewlyDenied => Verdict::Denied,
        Change::NewlyDrifted => Verdict::Drifted,
        Change::NewlyAllowed | Change::NoLongerDrifted | Change::Unchanged => Verdict::Allowed,
        Change::Maybe => Verdict::Unknown,
    }
}

fn standing(standing: &StandingReport) -> String {
    let word = standing.verdict.word();
    if let Some(unknown) = &standing.unknown {
        return line(&format!("{word}: {unknown}"), 160);
    }
    let guardrails = || named(&standing.guardrails);
    let scope = standing.scope.as_deref().map(named);
    let why = match (standing.verdict, scope) {
        (Verdict::Allowed, Some(scope)) => format!("{}; scope: {scope}", guardrails()),
        (Verdict::Allowed, None) => format!("{}; no scope declared", guardrails()),
        (Verdict::Drifted, scope) => format!("scope: {}", scope.unwrap_or_default()),
        (Verdict::Denied | Verdict::Unknown, _) => guardrails(),
    };
    let failed = match standing.failed.as_slice() {
        [] => String::new(),
        failed => format!("; uncertain: {} failed", failed.join(", ")),
    };
    line(&format!("{word} ({why}){failed}"), 160)
}

fn named(policies: &[String]) -> String {
    if policies.is_empty() { "no policy permits it".to_owned() } else { policies.join(", ") }
}

fn place(call: &ChangedCallReport) -> String {
    let id = call.id.as_ref().map(|id| format!(" ({})", line(id, 40))).unwrap_or_default();
    let (recording, session) = (line(&call.recording, 160), line(&call.session, 160));
    format!("{recording}  {session} step {}{id}", call.step)
}

fn idle(policies: &[PolicyReport]) -> String {
    if policies.is_empty() {
        return String::new();
    }
    let row = |policy: &PolicyReport| {
        let place = format!("{}:{}", policy.file, policy.line);
        vec![line(&policy.policy, 48), line(&place, 60), line(&why_idle(policy), 120)]
    };
    let head = bold("Policies on which no decision depends, on these recordings");
    format!("\n{head}\n\n{}", table(&["POLICY", "PLACE", "WHY"], policies.iter().map(row)))
}

fn why_idle(policy: &PolicyReport) -> String {
    let calls = count(policy.calls, "call");
    let others = policy.others.join(", ");
    match policy.why {
        Idle::Fails => format!("fails on {calls}; what it would say is not known"),
        Idle::MatchesNothing => "matches no call".to_owned(),
        Idle::Shadowed => format!("shadowed: all it permits ({calls}) is forbidden by {others}"),
        Idle::Redundant if others.is_empty() => format!("redundant on {calls}"),
        Idle::Redundant => format!("redundant: {calls}, decided alike without it; see {others}"),
        Idle::DecidesNothing => {
            format!("decides nothing: no policy permits what it forbids ({calls})")
        }
        Idle::Untried => "untried: no session of its task".to_owned(),
    }
}

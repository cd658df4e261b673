//! `remit score`: how well the verdicts agree with labelled sessions.

use crate::Exit;
use crate::args::{ExplainFormat, ScoreArgs};
use crate::bench::Bench;
use crate::error::CliError;
use crate::output::{badge, bold, count, data_to_stdout, dim, line, table, to_stderr, to_stdout};
use crate::progress;
use remit_api::learn::{
    Counts, Figures, Group, Labels, LearnOptions, Rate, Score, ScoredSession, replay_held_out,
    score,
};
use remit_api::replay::{Replay, Verdict};
use std::ops::ControlFlow;

/// Calls that are listed unless all are asked for.
const LISTED: usize = 20;

pub(crate) fn run(args: &ScoreArgs) -> Result<Exit, CliError> {
    let labels = Labels::load(&args.labels).map_err(CliError::library)?;
    let bench = Bench::open(&args.corpus)?;
    let replayed = if args.held_out { Some(held_out(&bench, &labels)?) } else { None };
    let replay = replayed.as_ref().unwrap_or(&bench.replay);
    let score = score(replay, &bench.loaded.recordings, &labels);
    to_stderr(&unmatched(&score))?;
    if score.sessions.is_empty() {
        return Err(CliError::input(
            format!("no recording has a label in `{}`", args.labels),
            "labels name recordings by `path`, which must end like the recording's own path",
        ));
    }
    match args.format {
        ExplainFormat::Human => to_stdout(&human(&bench.workspace.config.name, &score, args.all))?,
        ExplainFormat::Json => {
            let text = serde_json::to_string_pretty(&score).map_err(std::io::Error::other)?;
            data_to_stdout(&(text + "\n"))?;
        }
    }
    Ok(Exit::Success)
}

/// The verdicts of scopes that have not seen the sessions that they judge.
fn held_out(bench: &Bench, labels: &Labels) -> Result<Replay, CliError> {
    let bar = progress::bar(0, "learning");
    let mut tell = |done: u32, total: u32| {
        bar.set_length(total.into());
        bar.set_position(done.into());
        ControlFlow::Continue(())
    };
    let (options, recordings) = (LearnOptions::default(), &bench.loaded.recordings);
    let replayed = replay_held_out(&bench.workspace, recordings, Some(labels), &options, &mut tell);
    bar.finish_and_clear();
    replayed.map_err(CliError::library)
}

/// What was left out because it could not be joined: never silently.
fn unmatched(score: &Score) -> String {
    let told = |what: &str, names: &[String]| match names.first() {
        Some(first) => {
            format!("warning: {what}: {}, first `{}`\n", names.len(), line(first, 200))
        }
        None => String::new(),
    };
    let unmatched = &score.unmatched;
    told("recordings with tool calls and without a label are not scored", &unmatched.recordings)
        + &*told("recordings that several labels fit are not scored", &unmatched.ambiguous)
        + &*told("labels are about recordings that were not replayed", &unmatched.labels)
        + &*told("labelled calls are not in their recordings", &unmatched.calls)
}

fn human(name: &str, score: &Score, all: bool) -> String {
    let figures = &score.summary;
    let mut out = format!(
        "{}  {} scored, {} excluded by the labels\n",
        bold(name),
        count(figures.sessions, "session"),
        figures.excluded
    );
    if figures.unscoped > 0 {
        out += &format!(
            "{} without a declared scope: nothing in {} can drift\n",
            count(figures.unscoped, "session"),
            if figures.unscoped == 1 { "it" } else { "them" }
        );
    }
    out += &format!("\n{}\n{}", confusion(figures), rates(figures));
    for (what, groups) in [("SUITE", &score.suites), ("KIND", &score.kinds), ("TASK", &score.tasks)]
    {
        if groups.len() > 1 {
            out += &format!("\n{}", by_group(what, groups));
        }
    }
    out + &*wrong(score, all)
}

/// One row a label, one column a verdict.
fn confusion(figures: &Figures) -> String {
    let row = |name: &str, counts: &Counts| {
        let counts = [counts.allowed, counts.denied, counts.drifted, counts.unknown];
        let cells = counts.iter().map(ToString::to_string);
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    let c = &figures.confusion;
    let rows = [row("bad", &c.bad), row("good", &c.good), row("not labelled", &c.unlabelled)];
    table(&["CALLS", "● ALLOWED", "■ DENIED", "▲ DRIFTED", "○ UNKNOWN"], rows)
}

fn rates(figures: &Figures) -> String {
    let rows = [
        ("session recall", &figures.session_recall, "bad sessions of which a bad call was caught"),
        ("call recall", &figures.call_recall, "bad calls that were caught"),
        ("precision", &figures.precision, "caught calls that are bad"),
        ("  solved", &figures.precision_solved, "the same in solved sessions"),
        ("false alarm", &figures.false_alarm, "benign sessions in which a call was caught"),
        ("  solved", &figures.false_alarm_solved, "the same of solved sessions"),
    ];
    let row = |(name, rate, said): (&str, &Rate, &str)| {
        format!("  {name:<15} {:>6}  {:<11} {}\n", share(rate), parts(rate), dim(said))
    };
    rows.map(row).concat()
}

fn by_group(what: &str, groups: &[Group]) -> String {
    let rows = groups.iter().map(|group| {
        let f = &group.figures;
        let rates = [
            f.session_recall,
            f.call_recall,
            f.precision,
            f.precision_solved,
            f.false_alarm,
            f.false_alarm_solved,
        ];
        let mut row = vec![line(&group.name, 40), f.sessions.to_string()];
        row.extend(rates.iter().map(share));
        row
    });
    let head = [what, "SESSIONS", "RECALL", "CALLS", "PRECISION", "SOLVED", "ALARM", "SOLVED"];
    table(&head, rows)
}

fn share(rate: &Rate) -> String {
    rate.rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.3}"))
}

fn parts(rate: &Rate) -> String {
    format!("{} of {}", rate.hits, rate.of)
}

fn wrong(score: &Score, all: bool) -> String {
    let scored = score.sessions.iter().filter(|s| s.excluded.is_none());
    let wrong: Vec<_> = scored.flat_map(|s| s.wrong.iter().map(move |w| (s, w))).collect();
    let listed = if all { wrong.len() } else { wrong.len().min(LISTED) };
    if wrong.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", bold("Verdicts that do not agree with their labels"));
    let mut last: Option<&ScoredSession> = None;
    for (session, call) in wrong.iter().take(listed) {
        if last.is_none_or(|last| !std::ptr::eq(last, *session)) {
            out += &format!("\n{}\n", line(&session.recording, 160));
            last = Some(session);
        }
        let label = if call.bad { "labelled bad" } else { "not labelled bad" };
        let verdict: Verdict = call.verdict;
        out += &format!(
            "  step {:<4} {} {}  {label}\n",
            call.step.0,
            badge(verdict),
            bold(&line(&call.tool, 60))
        );
    }
    if wrong.len() > listed {
        out += &format!("\nand {} more; `--all` lists them\n", wrong.len() - listed);
    }
    out
}

//! `remit learn`: what each task needs, as its good sessions show it.

mod dialog;

use crate::Exit;
use crate::args::{ExplainFormat, LearnArgs};
use crate::bench::{load_workspace, read};
use crate::error::CliError;
use crate::output::{
    bold, count, data_to_stdout, dim, harmless, line, table, to_stderr, to_stdout,
};
use crate::progress;
use remit_api::learn::{
    CallPlace, Estimate, Incident, Labels, LearnOptions, Learnt, ProposedScope, Stopped, Which,
    ask, learn, scope_file, write_scope,
};
use remit_api::policy::Workspace;
use remit_api::session::Loaded;
use std::ops::ControlFlow;

/// Calls that are named for each clause.
const NAMED: usize = 3;

pub(crate) fn run(args: &LearnArgs) -> Result<Exit, CliError> {
    let workspace = load_workspace(&args.corpus.workspace)?;
    if !workspace.is_valid() {
        return Err(CliError::Invalid(Box::new(workspace)));
    }
    let labels = args.labels.as_deref().map(Labels::load).transpose().map_err(CliError::library)?;
    let loaded = read(&workspace, &args.corpus.recordings, args.corpus.import_as)?;
    let mut options = options(args)?;
    if args.ask {
        let questions = ask(&workspace, &loaded.recordings, labels.as_ref(), &options)
            .map_err(CliError::library)?;
        options.answers = dialog::answers(&questions, &mut std::io::stdin().lock())?;
    }
    let learnt = propose(&workspace, &loaded, labels.as_ref(), &options)?;
    to_stderr(&format!("left out: {}\n", learnt.left_out.said()))?;
    match args.format {
        ExplainFormat::Human if args.write => to_stdout(&overview(&workspace, &learnt))?,
        ExplainFormat::Human => {
            let scopes: String = learnt.tasks.iter().map(scope).collect();
            to_stdout(&format!("{scopes}{}", overview(&workspace, &learnt)))?;
        }
        ExplainFormat::Json => {
            let text = serde_json::to_string_pretty(&learnt).map_err(std::io::Error::other)?;
            data_to_stdout(&(text + "\n"))?;
        }
    }
    if args.write { write(&workspace, &learnt) } else { Ok(Exit::Success) }
}

fn options(args: &LearnArgs) -> Result<LearnOptions, CliError> {
    let incident = |pair: &[String]| match pair {
        [session, step] => {
            let step = step.parse().map_err(|_| {
                CliError::input(
                    format!("`{step}` is no step"),
                    "steps are numbers, as `remit show` prints them",
                )
            })?;
            Ok(Some(Incident { session: session.clone(), step }))
        }
        _ => Ok(None),
    };
    let must_stop: Result<Vec<_>, CliError> = args.must_stop.chunks(2).map(incident).collect();
    Ok(LearnOptions {
        which: if args.all { Which::All } else { Which::Solved },
        runs: args.runs.map(|runs| runs as usize),
        task: args.task.clone(),
        must_stop: must_stop?.into_iter().flatten().collect(),
        ..LearnOptions::default()
    })
}

fn propose(
    workspace: &Workspace,
    loaded: &Loaded,
    labels: Option<&Labels>,
    options: &LearnOptions,
) -> Result<Learnt, CliError> {
    let bar = progress::bar(0, "learning");
    let mut tell = |done: u32, total: u32| {
        bar.set_length(total.into());
        bar.set_position(done.into());
        ControlFlow::Continue(())
    };
    let learnt = learn(workspace, &loaded.recordings, labels, options, &mut tell);
    bar.finish_and_clear();
    learnt.map_err(CliError::library)
}

fn write(workspace: &Workspace, learnt: &Learnt) -> Result<Exit, CliError> {
    let (mut changed, mut refused) = (0, 0);
    for scope in &learnt.tasks {
        match write_scope(workspace, scope) {
            Ok(is_new) => changed += u32::from(is_new),
            Err(error) => {
                refused += 1;
                let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
                let help = help.map(|help| format!("\n  help: {help}")).unwrap_or_default();
                to_stderr(&harmless(&format!("error: {error}{help}\n")))?;
            }
        }
    }
    let same = learnt.tasks.len() as u32 - changed - refused;
    to_stderr(&format!("{} written, {same} as they were\n", count(changed, "scope")))?;
    Ok(if refused > 0 { Exit::Failure } else { Exit::Success })
}

/// The text, then what speaks for each clause.
fn scope(scope: &ProposedScope) -> String {
    let mut out = format!("{}\n", harmless(&scope.text));
    for clause in &scope.clauses {
        let one = if clause.rests_on_one { ", rests on one observation" } else { "" };
        out += &format!(
            "{}  {} in {}{one}  {}\n",
            bold(&line(&clause.id, 80)),
            count(clause.calls.len() as u32, "call"),
            count(clause.sessions, "session"),
            dim(&places(&clause.calls))
        );
        for condition in clause.conditions.iter().filter(|c| !c.seen_once.is_empty()) {
            let argument = condition.argument.as_deref().unwrap_or_default();
            out += &format!(
                "  {}: seen once: {}\n",
                line(argument, 40),
                line(&condition.seen_once.join(", "), 160)
            );
        }
    }
    out + "\n"
}

fn places(calls: &[CallPlace]) -> String {
    let named = calls.iter().take(NAMED).map(|at| format!("{} step {}", at.session, at.step));
    let named = line(&named.collect::<Vec<_>>().join(", "), 200);
    match calls.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn overview(workspace: &Workspace, learnt: &Learnt) -> String {
    let summary = &learnt.summary;
    let mut out = format!(
        "{}, learnt from {} with {}; {}, of which {} on one observation\n\n",
        count(summary.tasks, "scope"),
        count(summary.sessions, "good session"),
        count(summary.calls, "call"),
        count(summary.clauses, "clause"),
        if summary.rest_on_one == 1 {
            "1 rests".to_owned()
        } else {
            format!("{} rest", summary.rest_on_one)
        },
    );
    let row = |scope: &ProposedScope| {
        let ones = scope.clauses.iter().filter(|clause| clause.rests_on_one).count();
        let file = scope_file(workspace, &scope.task);
        vec![
            line(&scope.task, 48),
            scope.sessions.to_string(),
            scope.clauses.len().to_string(),
            ones.to_string(),
            scope.estimate.as_ref().map_or_else(|| "one session".to_owned(), false_denials),
            file.map_or_else(|| "-".to_owned(), |file| line(file.as_str(), 60)),
        ]
    };
    let head = ["TASK", "SESSIONS", "CLAUSES", "ON ONE", "WOULD DENY", "FILE"];
    out += &table(&head, learnt.tasks.iter().map(row));
    out += &format!(
        "\nwould deny, of good sessions that a scope was not learnt from: {}\n",
        false_denials(&summary.estimate)
    );
    out.extend(learnt.stopped.iter().map(stopped));
    out
}

fn false_denials(estimate: &Estimate) -> String {
    format!(
        "{} of {} sessions, {} of {} calls",
        estimate.denied_sessions, estimate.sessions, estimate.denied_calls, estimate.calls
    )
}

fn stopped(stopped: &Stopped) -> String {
    let how = match stopped.by {
        "guardrails" => "by the guardrails".to_owned(),
        _ => format!("by the scope, {}", stopped.width.replace('-', " ")),
    };
    format!(
        "stopped: step {} of {} ({}), {how}\n",
        stopped.call.step,
        line(&stopped.call.session, 80),
        line(&stopped.action, 60)
    )
}

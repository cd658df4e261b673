//! `remit friction`: what tasks need and guardrails deny, and the smallest change that would let it through.

use crate::Exit;
use crate::args::{ExplainFormat, FrictionArgs};
use crate::bench::Bench;
use crate::error::CliError;
use crate::output::{bold, count, data_to_stdout, harmless, line, to_stdout};
use remit_api::replay::{Friction, Proposal, friction, report_digests};
use serde_json::{Value, json};
use std::ops::ControlFlow;

/// Tasks that are named of a group.
const TASKS: usize = 5;

pub(crate) fn run(args: &FrictionArgs) -> Result<Exit, CliError> {
    let bench = Bench::open(&args.corpus)?;
    let go_on = || ControlFlow::Continue(());
    let found = friction(&bench.workspace, &bench.loaded.recordings, &bench.replay, &go_on);
    let found = found.map_err(|e| CliError::input(e.to_string(), "run it again"))?;
    match args.format {
        ExplainFormat::Human => to_stdout(&human(&bench, &found))?,
        ExplainFormat::Json => data_to_stdout(&format!("{:#}\n", json(&bench, &found)))?,
    }
    Ok(Exit::Success)
}

fn human(bench: &Bench, found: &[Friction]) -> String {
    let calls: usize = found.iter().map(|group| group.calls.len()).sum();
    let mut out = format!(
        "{}  {} needed by a task and denied\n",
        bold(&bench.workspace.config.name),
        count(calls as u32, "call")
    );
    for group in found {
        out.push_str(&one(bench, group));
    }
    out
}

fn one(bench: &Bench, group: &Friction) -> String {
    let by = match group.forbidden_by.as_slice() {
        [] => "no guardrail permits it".to_owned(),
        ids => format!("forbidden by {}", ids.join(", ")),
    };
    let calls = count(group.calls.len() as u32, "call");
    let mut out = format!("\n{}  {calls}: {}\n", bold(&line(&group.action, 80)), line(&by, 200));
    if !group.tasks.is_empty() {
        let more = group.tasks.len().saturating_sub(TASKS);
        let named: Vec<String> = group.tasks.iter().take(TASKS).map(|t| line(t, 80)).collect();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        out.push_str(&format!("  needed by {}{more}\n", named.join(", ")));
    }
    if let Some((recording, session, step)) = group.calls.first() {
        let of = bench.loaded.recordings.get(*recording);
        let id = of.and_then(|of| Some(line(&of.sessions.get(*session)?.id, 80)));
        out.push_str(&format!("  first: session {}, step {}\n", id.unwrap_or_default(), step.0));
    }
    match &group.proposal {
        Some(proposal) => out.push_str(&change(group, proposal)),
        None => out.push_str("  no single change lets these through\n"),
    }
    out
}

fn change(group: &Friction, proposal: &Proposal) -> String {
    let what = match group.forbidden_by.first() {
        Some(id) => format!("an exception to {id}"),
        None => "a permit".to_owned(),
    };
    let text: String = proposal.added.lines().map(|l| format!("    {}\n", harmless(l))).collect();
    let of = group.calls.len();
    let mut out = format!(
        "  {what} in {} would let {} of {of} through:\n{text}",
        proposal.file, proposal.lets_through
    );
    if proposal.also.is_empty() {
        out.push_str("  and nothing else that is recorded\n");
    }
    for also in &proposal.also {
        let (calls, verdict) = (count(also.calls as u32, "call"), also.verdict.word());
        out.push_str(&format!(
            "  and also {calls} of {}, then {verdict}\n",
            line(&also.action, 80)
        ));
    }
    out
}

fn json(bench: &Bench, found: &[Friction]) -> Value {
    let call = |(recording, session, step): &(usize, usize, remit_api::session::StepIdx)| {
        let of = bench.loaded.recordings.get(*recording);
        let session = of.and_then(|of| of.sessions.get(*session));
        json!({
            "recording": of.map(|of| &of.path),
            "session": session.map(|session| &session.id),
            "step": step,
        })
    };
    let group = |group: &Friction| {
        let proposal = group.proposal.as_ref().map(|p| {
            let also = p
                .also
                .iter()
                .map(|a| json!({ "action": a.action, "verdict": a.verdict, "calls": a.calls }));
            json!({
                "file": p.file, "added": p.added, "letsThrough": p.lets_through,
                "also": also.collect::<Vec<_>>(),
            })
        });
        json!({
            "action": group.action,
            "forbiddenBy": group.forbidden_by,
            "tasks": group.tasks,
            "calls": group.calls.iter().map(call).collect::<Vec<_>>(),
            "proposal": proposal,
        })
    };
    let calls: usize = found.iter().map(|group| group.calls.len()).sum();
    json!({
        "version": 1,
        "digests": report_digests(&bench.replay),
        "summary": { "groups": found.len(), "calls": calls },
        "groups": found.iter().map(group).collect::<Vec<_>>(),
    })
}

//! `remit show`: one session, step by step, with its verdicts.

use crate::Exit;
use crate::args::ShowArgs;
use crate::bench::{Bench, Found};
use crate::error::CliError;
use crate::output::{badge, block, bold, count, dim, line, table, to_stdout};
use remit_api::replay::{Summary, Verdict};
use remit_api::session::{
    Arguments, LaneIdx, LaneKind, Role, Session, Step, StepIdx, StepKind, ToolCall,
};

/// Characters of a text that are shown unless the whole is asked for.
const SHORT: usize = 240;
/// Where the texts of steps begin.
const TEXT_COLUMN: usize = 18;

pub(crate) fn run(args: &ShowArgs) -> Result<Exit, CliError> {
    let bench = Bench::open(&args.corpus)?;
    let text = match &args.session {
        Some(name) => session(&bench.find(name)?, args.full),
        None => list(&bench),
    };
    to_stdout(&text)?;
    Ok(Exit::Success)
}

fn list(bench: &Bench) -> String {
    let row = |found: Found<'_>| {
        let counts = Summary::of(found.replayed);
        let goal = found.session.goal.as_deref().unwrap_or("-");
        vec![
            line(&found.session.id, 60),
            line(found.recording.path.as_str(), 60),
            counts.tool_calls.to_string(),
            line(goal, 60),
        ]
    };
    table(&["SESSION", "RECORDING", "CALLS", "GOAL"], bench.sessions().map(row))
}

fn session(found: &Found<'_>, full: bool) -> String {
    let mut out = head(found);
    let horizon = found.replayed.horizon.as_ref().map(|horizon| horizon.call.0);
    for (n, step) in (0..).zip(&found.session.steps) {
        out += &one_step(found, n, step, full);
        if Some(n) == horizon {
            out += &dim(
                "  ┄┄ the agent would not have had this result: what rests on it is hypothetical ┄┄\n",
            );
        }
    }
    out
}

fn head(found: &Found<'_>) -> String {
    let counts = Summary::of(found.replayed);
    let scope = match (&found.replayed.task, &found.replayed.scope) {
        (Some(task), Some(_)) => line(task, 80),
        (Some(task), None) => format!("{} (no scope declared: nothing can drift)", line(task, 80)),
        (None, _) => "none known (nothing can drift)".to_owned(),
    };
    let verdicts: Vec<String> =
        Verdict::all().iter().map(|&v| format!("{} {}", badge(v), counts.count(v))).collect();
    format!(
        "{}\nrecording  {} ({})\ntask       {scope}\nagent      {}\n{}: {}\n\n",
        bold(&line(&found.session.id, 120)),
        line(found.recording.path.as_str(), 200),
        found.recording.format,
        line(found.session.agent(LaneIdx(0)), 80),
        count(counts.tool_calls, "tool call"),
        verdicts.join("  "),
    )
}

fn one_step(found: &Found<'_>, n: u32, step: &Step, full: bool) -> String {
    let lane = lane_mark(found.session, step.lane);
    let number = dim(&format!("{n:>5}"));
    match &step.kind {
        StepKind::Message { role, text } => {
            format!("{number}  {lane}{:<9}  {}\n", role_word(*role), body(text, full))
        }
        StepKind::Result(result) => {
            format!("{number}  {lane}{:<9}  {}\n", result.outcome.word(), body(&result.text, full))
        }
        StepKind::Call(call) => {
            let verdict = found.judged(n).map(|j| badge(j.verdict)).unwrap_or_default();
            let hypothetical = match found.replayed.hypothetical(StepIdx(n)) {
                Some(one) => dim(&format!("  hypothetical, {}", one.word())),
                None => String::new(),
            };
            format!(
                "{number}  {lane}{:<9}  {} {}  {verdict}{hypothetical}\n",
                "call",
                bold(&line(&call.tool, 80)),
                body(&arguments(call), full)
            )
        }
    }
}

fn body(text: &str, full: bool) -> String {
    if full { block(text, TEXT_COLUMN) } else { line(text, SHORT) }
}

fn arguments(call: &ToolCall) -> String {
    match &call.arguments {
        Arguments::Object(object) => serde_json::to_string(object).unwrap_or_default(),
        Arguments::Unreadable { text, why } => format!("{text} (unreadable: {why})"),
    }
}

fn lane_mark(session: &Session, lane: LaneIdx) -> String {
    let kind = session.lanes.get(lane.0 as usize).map(|l| l.kind);
    match kind {
        Some(LaneKind::SubAgent { .. }) => format!("[{}] ", line(session.agent(lane), 24)),
        Some(LaneKind::Branch { .. }) => format!("[branch {}] ", lane.0),
        Some(LaneKind::Main) | None => String::new(),
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Thinking => "thinking",
        Role::Runtime => "runtime",
    }
}

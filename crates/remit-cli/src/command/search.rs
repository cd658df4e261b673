//! `remit search`: steps in recorded sessions, by tool, agent, argument, verdict, policy and text.

use crate::Exit;
use crate::args::{ExplainFormat, SearchArgs};
use crate::bench::{Bench, Judged};
use crate::error::CliError;
use crate::output::{badge, bold, count, data_to_stdout, line, to_stdout};
use remit_api::replay::CallVerdict;
use remit_api::review::{Hit, Query, Searched};
use serde_json::{Value, json};

/// Steps that are listed unless all are asked for.
const LISTED: usize = 100;

pub(crate) fn run(args: &SearchArgs) -> Result<Exit, CliError> {
    let query = Query::parse(&args.query.join(" "));
    let query = query.map_err(|error| CliError::input(error.message, error.help))?;
    let bench = Bench::open(&args.corpus)?;
    let live = Judged::new(&bench)?;
    let found: Vec<(String, String, Vec<Hit>)> = bench
        .sessions()
        .enumerate()
        .map(|(at, found)| {
            let calls =
                live.verdicts.corpus().session(at).map(|entry| entry.calls()).unwrap_or_default();
            let verdicts: Vec<CallVerdict> =
                calls.filter_map(|at| live.verdicts.call(at)).collect();
            let task = found.replayed.task.as_deref();
            let searched = Searched { session: found.session, task, verdicts: &verdicts };
            let (recording, session) = (found.recording.path.to_string(), found.session.id.clone());
            (recording, session, query.find(&searched))
        })
        .filter(|(.., hits)| !hits.is_empty())
        .collect();
    match args.format {
        ExplainFormat::Human => to_stdout(&human(&found, args.all))?,
        ExplainFormat::Json => data_to_stdout(&format!("{:#}\n", report(&found)))?,
    }
    Ok(Exit::Success)
}

fn human(found: &[(String, String, Vec<Hit>)], all: bool) -> String {
    let total: usize = found.iter().map(|(.., hits)| hits.len()).sum();
    let mut out =
        format!("{} in {}\n", count(total as u32, "step"), count(found.len() as u32, "session"));
    let mut left = if all { usize::MAX } else { LISTED };
    for (recording, session, hits) in found {
        if left == 0 {
            break;
        }
        out += &format!("\n{}  {}\n", bold(&line(session, 80)), line(recording, 120));
        for hit in hits.iter().take(left) {
            let verdict =
                hit.verdict.map(|verdict| format!("{} ", badge(verdict))).unwrap_or_default();
            out += &format!(
                "  step {:<4} {verdict}{}  {}\n",
                hit.step.0,
                bold(&line(&hit.what, 60)),
                line(&hit.excerpt, 160)
            );
        }
        left = left.saturating_sub(hits.len());
    }
    if total > LISTED && !all {
        out += &format!("\nand {} more; `--all` lists them\n", total - LISTED);
    }
    out
}

fn report(found: &[(String, String, Vec<Hit>)]) -> Value {
    let session = |(recording, session, hits): &(String, String, Vec<Hit>)| {
        let hit = |hit: &Hit| json!({ "step": hit.step, "what": hit.what, "verdict": hit.verdict, "excerpt": hit.excerpt });
        let steps: Vec<Value> = hits.iter().map(hit).collect();
        json!({ "recording": recording, "session": session, "steps": steps })
    };
    let steps: usize = found.iter().map(|(.., hits)| hits.len()).sum();
    json!({
        "version": 1,
        "summary": { "sessions": found.len(), "steps": steps },
        "sessions": found.iter().map(session).collect::<Vec<Value>>(),
    })
}

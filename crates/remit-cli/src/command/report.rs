//! `remit report`: an incident in one file that opens anywhere.

use crate::Exit;
use crate::args::ReportArgs;
use crate::bench::{Bench, Found, Judged};
use crate::command::stop;
use crate::error::CliError;
use crate::output::{count, to_stderr};
use camino::Utf8Path;
use remit_api::policy::new_workspace::write_atomic;
use remit_api::replay::{Verdict, report_digests};
use remit_api::review::{IncidentReport, SessionPart, Stops, to_html, to_markdown};

pub(crate) fn run(args: &ReportArgs) -> Result<Exit, CliError> {
    let render = renderer(&args.out)?;
    let bench = Bench::open(&args.corpus)?;
    let sessions: Vec<Found<'_>> = match &args.session {
        Some(name) => vec![bench.find(name)?],
        None => bench.sessions().filter(is_incident).collect(),
    };
    let mut live = Judged::new(&bench)?;
    let stops: Vec<Option<Stops>> =
        sessions.iter().map(|found| what_stops(&bench, &mut live, found)).collect();
    let parts: Vec<SessionPart<'_>> = sessions
        .iter()
        .zip(&stops)
        .map(|(found, stops)| SessionPart {
            recording: found.recording,
            session: found.session,
            replayed: found.replayed,
            stops: stops.as_ref(),
        })
        .collect();
    let digests = report_digests(&bench.replay);
    let text = render(&IncidentReport::new(&bench.workspace, &digests, &parts));
    write_atomic(&args.out, text.as_bytes()).map_err(CliError::library)?;
    to_stderr(&format!("{} in {}\n", count(parts.len() as u32, "session"), args.out))?;
    Ok(Exit::Success)
}

fn renderer(out: &Utf8Path) -> Result<fn(&IncidentReport) -> String, CliError> {
    match out.extension() {
        Some("html" | "htm") => Ok(to_html),
        Some("md" | "markdown") => Ok(to_markdown),
        Some(_) | None => Err(CliError::input(
            format!("`{out}` says neither HTML nor Markdown"),
            "let the file's name end in .html or .md",
        )),
    }
}

fn is_incident(found: &Found<'_>) -> bool {
    found
        .replayed
        .calls
        .iter()
        .any(|call| matches!(call.verdict, Verdict::Denied | Verdict::Drifted))
}

/// What would have stopped the first drift of a session.
fn what_stops(bench: &Bench, live: &mut Judged, found: &Found<'_>) -> Option<Stops> {
    let calls = &found.replayed.calls;
    let first = |verdict| calls.iter().find(|call| call.verdict == verdict);
    let step = first(Verdict::Drifted)?.step;
    let rules = stop::rules(bench, live, found, step).ok()?;
    Some(Stops { step, rules })
}

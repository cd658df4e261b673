//! The whole corpus: the strip, the list of sessions.

use super::text::brief;
use super::words::{letter, summary_of, verdict_in};
use crate::snapshot::{Filter, Snapshot};
use crate::wire::*;
use remit_session::Skipped;

const GOAL_CHARS: usize = 240;
/// Marks that a row's strip can show.
const STRIP_CALLS: usize = 4_000;

pub(crate) fn call_at(snapshot: &Snapshot, position: u32) -> Result<CallPlace, ErrorDto> {
    let none = || ErrorDto::not_found(format!("there is no tool call at position {position}"));
    let (session, step) = snapshot.recordings.corpus.call(position as usize).ok_or_else(none)?;
    Ok(CallPlace { session: session as u32, step: step.0 })
}

pub(crate) fn session_page(snapshot: &Snapshot, request: &SessionsRequest) -> SessionPage {
    let words = request.text.split_whitespace().map(str::to_lowercase).collect();
    let sessions =
        snapshot.list(Filter { words, verdict: request.verdict, severity: request.severity });
    let window = sessions.iter().skip(request.start as usize).take(request.len as usize);
    SessionPage {
        total: sessions.len() as u32,
        rows: window.filter_map(|&session| session_row(snapshot, session)).collect(),
        skipped: snapshot.recordings.corpus.skipped().iter().map(skipped).collect(),
    }
}

pub(super) fn session_row(snapshot: &Snapshot, session: u32) -> Option<SessionRow> {
    let entry = snapshot.recordings.corpus.session(session as usize)?;
    let summary = summary_of(&snapshot.verdicts.session_counts(session as usize));
    let calls = snapshot.verdicts.session_column(session as usize).iter();
    Some(SessionRow {
        session,
        id: entry.id().to_owned(),
        recording: entry.recording().path.to_string(),
        task: entry.task().map(str::to_owned),
        scoped: summary.unscoped == 0,
        agent: entry.agent().to_owned(),
        goal: entry.goal().map(|g| brief(g, GOAL_CHARS)),
        strip: calls.take(STRIP_CALLS).map(|&byte| letter(verdict_in(byte))).collect(),
        summary,
    })
}

fn skipped(file: &Skipped) -> SkippedFile {
    SkippedFile { path: file.path.to_string(), why: file.why.clone(), help: file.help.clone() }
}

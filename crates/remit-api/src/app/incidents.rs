//! An incident under review: what would have stopped a call, a report of it, and where else it happened.
//!
//! Rules are drafted from what is saved, because accepting one writes files; a report is of what is shown.

use super::App;
use super::learning::NAMED;
use crate::files;
use crate::snapshot::{Found, Snapshot};
use crate::view::verdict_of;
use crate::wire::*;
use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::new_workspace::write_atomic;
use remit_replay::{Cancelled, Corpus, LiveReplay, ReportDigests};
use remit_review::{
    Hit, Incident, IncidentReport, Query, Searched, SessionPart, StopRule, Stopped, Stops,
};
use remit_session::{Limits, StepIdx};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Where reports are written, in the workspace.
const REPORTS: &str = "reports";
/// So many steps are shown of those that were found.
const STEPS: usize = 500;
/// Characters of a session's id in a file's name.
const NAME_CHARS: usize = 60;

type GoOn<'a> = &'a (dyn Fn() -> ControlFlow<()> + Sync);

impl App {
    pub(crate) fn stop_rules(&self, request: StepRequest) -> Result<StopView, ErrorDto> {
        let saved = self.with_open(|open| open.saved.clone())?;
        let saved = saved.ok_or_else(|| ErrorDto::not_found("nothing has been replayed yet"))?;
        let (_, ticket) = self.begin_learning()?;
        let go_on = || ticket.go_on();
        let step = StepIdx(request.step);
        let rules = saved.look(request.session, |found| {
            Ok(rules(&saved, request.session, &found, step, &go_on))
        })?;
        let Ok(rules) = rules else {
            return Ok(StopView { superseded: true, rules: Vec::new() });
        };
        let rules = rules.ok_or_else(|| {
            ErrorDto::not_found(format!(
                "step {} is no call that a policy can be about",
                request.step
            ))
        })?;
        let (root, corpus) = (&saved.workspace.root, &saved.recordings.corpus);
        let rule = |rule| rule_view(root, corpus, rule);
        let rules = rules.into_iter().map(rule).collect::<Result<_, _>>()?;
        Ok(StopView { superseded: false, rules })
    }

    pub(crate) fn export_report(&self, request: ExportReport) -> Result<ExportedReport, ErrorDto> {
        let shown = self.judged()?;
        let (render, ending): (fn(&IncidentReport) -> String, &str) = match request.format {
            ExportFormat::Html => (remit_review::to_html, "html"),
            ExportFormat::Markdown => (remit_review::to_markdown, "md"),
        };
        let (name, text) = shown.look(request.session, |found| {
            let report = report(&shown, request.session, &found);
            Ok((file_name(&found.session.id), render(&report)))
        })?;
        let folder = shown.workspace.root.join(REPORTS);
        let path = folder.join(format!("incident-{name}.{ending}"));
        std::fs::create_dir_all(&folder).map_err(|e| files::io_error(&folder, &e))?;
        write_atomic(&path, text.as_bytes()).map_err(files::written)?;
        Ok(ExportedReport { path: path.into_string() })
    }

    pub(crate) fn search(&self, request: SearchRequest) -> Result<SearchView, ErrorDto> {
        let query = Query::parse(&request.query)
            .map_err(|e| ErrorDto::bad_request(e.message).help(Some(e.help)))?;
        let shown = self.judged()?;
        let (_, ticket) = self.begin_learning()?;
        let corpus = &shown.recordings.corpus;
        let total = corpus.recordings().len() as u32;
        let mut view =
            SearchView { superseded: false, steps: 0, sessions: 0, found: Vec::new(), unread: 0 };
        for at in 0..total {
            if ticket.tell(at, total).is_break() {
                return Ok(SearchView { superseded: true, ..view });
            }
            search_in(&shown, &query, at as usize, &mut view);
        }
        Ok(view)
    }
}

/// The rules that would have stopped a call, by a judgement of its own.
fn rules(
    snapshot: &Snapshot,
    at: u32,
    found: &Found<'_>,
    step: StepIdx,
    go_on: GoOn<'_>,
) -> Result<Option<Vec<StopRule>>, Cancelled> {
    let mut live = LiveReplay::new(Arc::clone(&snapshot.recordings.corpus));
    let verdicts = live.judge(&snapshot.workspace, go_on)?;
    let (recording, session) = (found.recording, found.session);
    let incident = Incident { recording, session, at: at as usize, step };
    remit_review::stop_rules(&snapshot.workspace, &mut live, &verdicts, &incident, go_on)
}

fn rule_view(root: &Utf8Path, corpus: &Corpus, rule: StopRule) -> Result<StopRuleView, ErrorDto> {
    let missed = |stopped: &Stopped| {
        let (session, step) = corpus.call(stopped.position)?;
        let recording = corpus.session(session)?.recording().path.to_string();
        Some(RecordedCall { recording, session: Some(session as u32), step: step.0 })
    };
    let missed = rule.missed().take(NAMED).filter_map(missed).collect();
    let edit = |(path, text): (Utf8PathBuf, String)| {
        let base = files::digest_at(root, &path)?;
        Ok(FileEdit { path: path.into_string(), base, text: Some(text) })
    };
    Ok(StopRuleView {
        here: effect(&rule.here),
        elsewhere: effect(&rule.elsewhere),
        missed,
        edits: rule.files.into_iter().map(edit).collect::<Result<_, ErrorDto>>()?,
        reach: match rule.reach {
            remit_review::Reach::Call => StopReach::Call,
            remit_review::Reach::Alike => StopReach::Alike,
            remit_review::Reach::Origin => StopReach::Origin,
            remit_review::Reach::History => StopReach::History,
            remit_review::Reach::Tool => StopReach::Tool,
        },
        id: rule.id,
        title: rule.title,
        policy: rule.policy,
        test: rule.test,
    })
}

fn effect(stopped: &[Stopped]) -> StopEffect {
    let count = |was| stopped.iter().filter(|one| one.was == was).count() as u32;
    StopEffect {
        calls: stopped.len() as u32,
        allowed: count(remit_replay::Verdict::Allowed),
        drifted: count(remit_replay::Verdict::Drifted),
        unknown: count(remit_replay::Verdict::Unknown),
    }
}

/// The report of a session, with what would have stopped its first drift.
fn report(shown: &Snapshot, at: u32, found: &Found<'_>) -> IncidentReport {
    let is_drift =
        |call: &&remit_replay::JudgedCall| call.verdict == remit_replay::Verdict::Drifted;
    let drift = found.replayed.calls.iter().find(is_drift);
    let go_on = || ControlFlow::Continue(());
    let stops = drift.and_then(|call| {
        let rules = rules(shown, at, found, call.step, &go_on).ok()??;
        Some(Stops { step: call.step, rules })
    });
    let Found { recording, session, replayed } = *found;
    let part = SessionPart { recording, session, replayed, stops: stops.as_ref() };
    IncidentReport::new(&shown.workspace, &digests(shown), &[part])
}

fn digests(shown: &Snapshot) -> ReportDigests {
    let digests = shown.workspace.digests();
    let replay = remit_replay::Replay { digests, sessions: Vec::new() };
    remit_replay::report_digests(&replay)
}

/// An id as a part of a file's name.
fn file_name(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = id.chars().take(NAME_CHARS).map(plain).collect();
    match name.trim_matches('-') {
        "" => "session".to_owned(),
        name => name.to_owned(),
    }
}

/// Adds what is found in a recording. One that cannot be read any more is counted.
fn search_in(shown: &Snapshot, query: &Query, recording: usize, view: &mut SearchView) {
    let corpus = &shown.recordings.corpus;
    let Ok(read) = corpus.read(recording, &Limits::default()) else {
        view.unread += 1;
        return;
    };
    let first = corpus.recordings().get(recording).map_or(0, |entry| entry.sessions.start);
    for (at, session) in (first..).zip(&read.sessions) {
        let Some(entry) = corpus.session(at as usize) else { continue };
        let verdicts: Vec<_> = entry.calls().filter_map(|call| shown.verdicts.call(call)).collect();
        let hits = query.find(&Searched { session, task: entry.task(), verdicts: &verdicts });
        if hits.is_empty() {
            continue;
        }
        view.sessions += 1;
        let left = STEPS.saturating_sub(view.steps as usize);
        view.steps += hits.len() as u32;
        let steps: Vec<FoundStep> = hits.into_iter().take(left).map(found_step).collect();
        if !steps.is_empty() {
            let (recording, id) = (read.path.to_string(), session.id.clone());
            view.found.push(FoundSession { session: at, recording, id, steps });
        }
    }
}

fn found_step(hit: Hit) -> FoundStep {
    FoundStep {
        step: hit.step.0,
        what: hit.what,
        excerpt: hit.excerpt,
        verdict: hit.verdict.map(verdict_of),
    }
}

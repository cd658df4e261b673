//! The whole corpus: counts, the strip, the list of sessions.

use super::text::brief;
use super::words::{letter, summary_of, verdict_of};
use crate::app::Snapshot;
use crate::wire::*;
use remit_policy::{Layer as PolicyLayer, Workspace};
use remit_replay::{JudgedCall, Replay, SessionReplay};
use remit_session::{LaneIdx, Loaded, Recording, Session, Step, StepIdx, ToolCall};

const GOAL_CHARS: usize = 240;
/// Marks that a row's strip can show.
const STRIP_CALLS: usize = 4_000;

pub(crate) fn summary(replay: &Replay, loaded: &Loaded) -> Summary {
    let mut all = remit_replay::Summary::default();
    for session in &replay.sessions {
        all.add(&remit_replay::Summary::of(session));
    }
    all.warnings = loaded.recordings.iter().flat_map(|r| &r.warnings).map(|w| w.count).sum();
    summary_of(&all)
}

pub(crate) fn verdict_column(snapshot: &Snapshot) -> Vec<u8> {
    let byte = |(n, call): (usize, &JudgedCall)| {
        let verdict = match call.verdict {
            remit_replay::Verdict::Allowed => 0,
            remit_replay::Verdict::Denied => 1,
            remit_replay::Verdict::Drifted => 2,
            remit_replay::Verdict::Unknown => 3,
        };
        verdict | (u8::from(call.is_uncertain()) << 6) | (u8::from(n == 0) << 7)
    };
    snapshot.replay.sessions.iter().flat_map(|s| s.calls.iter().enumerate().map(byte)).collect()
}

pub(crate) fn call_at(snapshot: &Snapshot, position: u32) -> Result<CallPlace, ErrorDto> {
    let mut left = position as usize;
    for (session, replayed) in snapshot.replay.sessions.iter().enumerate() {
        if let Some(call) = replayed.calls.get(left) {
            return Ok(CallPlace { session: session as u32, step: call.step.0 });
        }
        left -= replayed.calls.len();
    }
    Err(ErrorDto::not_found(format!("there is no tool call at position {position}")))
}

pub(crate) fn session_page(snapshot: &Snapshot, request: &SessionsRequest) -> SessionPage {
    let words: Vec<String> = request.text.split_whitespace().map(str::to_lowercase).collect();
    let rows = (0..snapshot.replay.sessions.len() as u32)
        .filter_map(|n| Some((n, Found::of(snapshot, n)?)));
    let rows: Vec<_> = rows.filter(|(_, f)| f.has(request.verdict) && f.matches(&words)).collect();
    let window = rows.iter().skip(request.start as usize).take(request.len as usize);
    let skipped = snapshot.loaded.skipped.iter();
    SessionPage {
        total: rows.len() as u32,
        rows: window.map(|(n, f)| f.row(*n)).collect(),
        skipped: skipped
            .map(|s| SkippedFile {
                path: s.path.to_string(),
                why: s.why.clone(),
                help: s.help.clone(),
            })
            .collect(),
    }
}

/// A session with its recording and its verdicts.
pub(super) struct Found<'s> {
    pub recording: &'s Recording,
    pub session: &'s Session,
    pub replayed: &'s SessionReplay,
}

impl<'s> Found<'s> {
    fn of(snapshot: &'s Snapshot, session: u32) -> Option<Self> {
        let replayed = snapshot.replay.sessions.get(session as usize)?;
        let recording = snapshot.loaded.recordings.get(replayed.recording)?;
        Some(Found { recording, session: recording.sessions.get(replayed.session)?, replayed })
    }

    pub fn get(snapshot: &'s Snapshot, session: u32) -> Result<Self, ErrorDto> {
        Found::of(snapshot, session)
            .ok_or_else(|| ErrorDto::not_found(format!("there is no session {session}")))
    }

    pub fn step(&self, step: u32) -> Result<&'s Step, ErrorDto> {
        let none = || ErrorDto::not_found(format!("the session has no step {step}"));
        self.session.step(StepIdx(step)).ok_or_else(none)
    }

    pub fn calls(&self) -> impl Iterator<Item = (&'s Step, &'s ToolCall, &'s JudgedCall)> {
        self.session
            .calls()
            .zip(&self.replayed.calls)
            .map(|((_, step, call), judged)| (step, call, judged))
    }

    fn has(&self, verdict: Option<Verdict>) -> bool {
        verdict.is_none_or(|v| self.replayed.calls.iter().any(|c| verdict_of(c.verdict) == v))
    }

    fn matches(&self, words: &[String]) -> bool {
        let s = self.session;
        let fixed = [
            Some(s.id.as_str()),
            self.replayed.task.as_deref(),
            s.goal.as_deref(),
            Some(self.recording.path.as_str()),
        ];
        let agents = s.lanes.iter().map(|l| l.agent.as_str());
        let tools = s.calls().map(|(_, _, call)| call.tool.as_str());
        let text: Vec<String> =
            fixed.into_iter().flatten().chain(agents).chain(tools).map(str::to_lowercase).collect();
        words.iter().all(|word| text.iter().any(|t| t.contains(word)))
    }

    pub fn row(&self, session: u32) -> SessionRow {
        SessionRow {
            session,
            id: self.session.id.clone(),
            recording: self.recording.path.to_string(),
            task: self.replayed.task.clone(),
            scoped: self.replayed.scope.is_some(),
            agent: self.session.agent(LaneIdx(0)).to_owned(),
            goal: self.session.goal.as_deref().map(|g| brief(g, GOAL_CHARS)),
            strip: self
                .replayed
                .calls
                .iter()
                .take(STRIP_CALLS)
                .map(|c| letter(c.verdict))
                .collect(),
            summary: summary_of(&remit_replay::Summary::of(self.replayed)),
        }
    }

    /// The scope that judged the session.
    pub fn scope<'w>(&self, workspace: &'w Workspace) -> Option<&'w PolicyLayer> {
        let scope = workspace.scopes.iter().find(|s| Some(&s.task) == self.replayed.scope.as_ref());
        scope.map(|s| &*s.layer)
    }
}

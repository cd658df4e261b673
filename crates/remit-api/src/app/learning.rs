//! Scopes from good sessions, and scores: long work over all recordings, on the caller's thread.
//!
//! A newer request abandons an older one, and so does another reading of the workspace. Nothing that is
//! learnt is written or shown: the window makes drafts of it.

use super::App;
use super::judging::while_true;
use crate::open::load_recordings;
use crate::wire::*;
use camino::{Utf8Component, Utf8Path};
use remit_learn::{
    Answer, Answers, Effect, Labels, LearnError, LearnOptions, Learnt, ProposedScope, Question,
    Score, Which,
};
use remit_policy::Workspace;
use remit_session::Loaded;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Positions of sessions, by recording and id.
pub(super) type Places = HashMap<(String, String), u32>;

/// Calls that are named for a clause.
pub(super) const NAMED: usize = 5;

/// One request, and whether anybody still wants its answer.
pub(super) struct Ticket<'a> {
    app: &'a App,
    number: u32,
    reading: u32,
}

impl Ticket<'_> {
    pub(super) fn go_on(&self) -> ControlFlow<()> {
        let is_newest = self.app.0.learning.load(Ordering::SeqCst) == self.number;
        while_true(is_newest && self.app.is_current(self.reading))
    }

    pub(super) fn tell(&self, done: u32, total: u32) -> ControlFlow<()> {
        self.app.emit(AppEvent::LearnProgress { done, total });
        self.go_on()
    }

    /// All recordings of the workspace; `None` if nobody wants them any more.
    pub(super) fn recordings(&self, workspace: &Workspace) -> Option<Loaded> {
        let mut progress =
            |p: remit_session::Progress| self.tell(p.files_done as u32, p.files_total as u32);
        load_recordings(workspace, &[], None, &mut progress).ok()
    }
}

impl App {
    pub(crate) fn learn(&self, request: LearnRequest) -> Result<LearnView, ErrorDto> {
        let (workspace, ticket) = self.begin_learning()?;
        let labels = request.labels.map(|path| labels(&workspace, &path)).transpose()?;
        let Some(loaded) = ticket.recordings(&workspace) else {
            return Ok(LearnView::superseded());
        };
        let options = LearnOptions {
            which: if request.all { Which::All } else { Which::Solved },
            runs: request.runs.map(|runs| runs as usize),
            task: request.task,
            answers: answers(request.answers),
            ..LearnOptions::default()
        };
        let labels = labels.as_ref();
        let mut progress = |done, total| ticket.tell(done, total);
        let recordings = &loaded.recordings;
        let learnt = remit_learn::learn(&workspace, recordings, labels, &options, &mut progress);
        let asked = match &learnt {
            Ok(_) => remit_learn::ask(&workspace, recordings, labels, &options),
            Err(_) => Ok(Vec::new()),
        };
        match learnt {
            Ok(learnt) => {
                let asked = asked.map_err(|error| learn_error(&error))?;
                Ok(learn_view(&workspace, learnt, &asked, &self.session_places()?))
            }
            Err(LearnError::Cancelled) => Ok(LearnView::superseded()),
            Err(error) => Err(learn_error(&error)),
        }
    }

    pub(crate) fn score(&self, request: ScoreRequest) -> Result<ScoreView, ErrorDto> {
        let (workspace, ticket) = self.begin_learning()?;
        let labels = labels(&workspace, &request.labels)?;
        let Some(loaded) = ticket.recordings(&workspace) else {
            return Ok(ScoreView::superseded());
        };
        let go_on = |_| match self.is_current(ticket.reading) {
            true => ticket.go_on(),
            false => ControlFlow::Break(()),
        };
        match remit_replay::replay(&workspace, &loaded.recordings, &go_on) {
            Ok(replay) => Ok(score_view(&remit_learn::score(&replay, &loaded.recordings, &labels))),
            Err(remit_replay::Cancelled) => Ok(ScoreView::superseded()),
        }
    }

    /// Abandons what is being learnt or scored.
    pub(crate) fn stop_learning(&self, _: Nothing) -> Result<Nothing, ErrorDto> {
        self.0.learning.fetch_add(1, Ordering::SeqCst);
        Ok(Nothing {})
    }

    /// Where the window shows each session, by recording and id; none while recordings are still read.
    pub(super) fn session_places(&self) -> Result<Places, ErrorDto> {
        let Some(recordings) = self.with_open(|open| open.recordings.clone())? else {
            return Ok(Places::new());
        };
        let corpus = &recordings.corpus;
        let place = |at: u32| {
            let session = corpus.session(at as usize)?;
            let key = (session.recording().path.to_string(), session.id().to_owned());
            Some((key, at))
        };
        Ok((0..corpus.session_count() as u32).filter_map(place).collect())
    }

    pub(super) fn begin_learning(&self) -> Result<(Arc<Workspace>, Ticket<'_>), ErrorDto> {
        let workspace = self.with_open(|open| Arc::clone(&open.workspace))?;
        let number = self.0.learning.fetch_add(1, Ordering::SeqCst) + 1;
        let reading = self.0.reading.load(Ordering::SeqCst);
        Ok((workspace, Ticket { app: self, number, reading }))
    }
}

/// The labels at a path that does not lead out of the workspace.
fn labels(workspace: &Workspace, path: &str) -> Result<Labels, ErrorDto> {
    let path = Utf8Path::new(path);
    let is_inside = path.components().all(|part| matches!(part, Utf8Component::Normal(_)));
    if !is_inside {
        return Err(ErrorDto::bad_request(format!("`{path}` is not in the workspace"))
            .help(Some("put the labels into the workspace's folder".into())));
    }
    Labels::load(&workspace.root.join(path)).map_err(|error| {
        let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
        ErrorDto::new(ErrorCode::InvalidText, error.to_string()).help(help)
    })
}

fn learn_error(error: &LearnError) -> ErrorDto {
    let code = match error {
        LearnError::Internal { .. } | LearnError::Cancelled => ErrorCode::Internal,
        LearnError::NoExamples { .. } | LearnError::NotStopped(_) => ErrorCode::NotFound,
    };
    let help = miette::Diagnostic::help(error).map(|help| help.to_string());
    ErrorDto::new(code, error.to_string()).help(help)
}

impl LearnView {
    fn superseded() -> Self {
        LearnView { superseded: true, scopes: Vec::new(), left_out: String::new() }
    }
}

impl ScoreView {
    fn superseded() -> Self {
        ScoreView {
            superseded: true,
            summary: ScoreFigures::default(),
            suites: Vec::new(),
            kinds: Vec::new(),
            tasks: Vec::new(),
            unmatched_labels: 0,
            unmatched_recordings: 0,
            unmatched_calls: 0,
        }
    }
}

fn answers(said: Vec<LearnAnswer>) -> Answers {
    let answer = |said: LearnAnswer| {
        let answer = match said.answer {
            ToolAnswer::Always => Answer::Always,
            ToolAnswer::Values => Answer::Values,
            ToolAnswer::User => Answer::User,
            ToolAnswer::Never => Answer::Never,
        };
        ((said.task, said.action), answer)
    };
    Answers(said.into_iter().map(answer).collect())
}

fn question_view(question: &Question) -> LearnQuestion {
    let drifts = |of: &Effect| WouldDrift { good: of.good, other: of.other };
    let answer = |(answer, effect): &(Answer, Effect)| AnswerEffect {
        answer: match answer {
            Answer::Always => ToolAnswer::Always,
            Answer::Values => ToolAnswer::Values,
            Answer::User => ToolAnswer::User,
            Answer::Never => ToolAnswer::Never,
        },
        drifts: drifts(effect),
    };
    LearnQuestion {
        action: question.action.clone(),
        tool: question.tool.clone(),
        calls: question.calls,
        other_calls: question.other_calls,
        kept: drifts(&question.kept),
        answers: question.answers.iter().map(answer).collect(),
    }
}

fn learn_view(
    workspace: &Workspace,
    learnt: Learnt,
    asked: &[Question],
    places: &Places,
) -> LearnView {
    let left_out = learnt.left_out.said();
    let scope = |scope| scope_view(workspace, scope, asked, places);
    let scopes = learnt.tasks.into_iter().map(scope).collect();
    LearnView { superseded: false, scopes, left_out }
}

fn scope_view(
    workspace: &Workspace,
    scope: ProposedScope,
    asked: &[Question],
    places: &Places,
) -> LearntScope {
    let example = |at: &remit_learn::CallPlace| RecordedCall {
        recording: at.recording.clone(),
        session: places.get(&(at.recording.clone(), at.session.clone())).copied(),
        step: at.step,
    };
    let clause = |clause: &remit_learn::ProposedClause| LearntClause {
        id: clause.id.clone(),
        why: clause.why.clone(),
        calls: clause.calls.len() as u32,
        sessions: clause.sessions,
        rests_on_one: clause.rests_on_one,
        examples: clause.calls.iter().take(NAMED).map(example).collect(),
    };
    LearntScope {
        path: remit_learn::scope_file(workspace, &scope.task).map(|path| path.into_string()),
        sessions: scope.sessions,
        clauses: scope.clauses.iter().map(clause).collect(),
        questions: asked.iter().filter(|q| q.task == scope.task).map(question_view).collect(),
        estimate: scope.estimate.map(|of| FalseDenials {
            sessions: of.sessions,
            denied_sessions: of.denied_sessions,
            calls: of.calls,
            denied_calls: of.denied_calls,
        }),
        task: scope.task,
        text: scope.text,
    }
}

fn score_view(score: &Score) -> ScoreView {
    let groups = |groups: &[remit_learn::Group]| {
        let group = |of: &remit_learn::Group| ScoreGroup {
            name: of.name.clone(),
            figures: figures(&of.figures),
        };
        groups.iter().map(group).collect()
    };
    let unmatched = &score.unmatched;
    ScoreView {
        superseded: false,
        summary: figures(&score.summary),
        suites: groups(&score.suites),
        kinds: groups(&score.kinds),
        tasks: groups(&score.tasks),
        unmatched_labels: unmatched.labels.len() as u32,
        unmatched_recordings: (unmatched.recordings.len() + unmatched.ambiguous.len()) as u32,
        unmatched_calls: unmatched.calls.len() as u32,
    }
}

fn figures(of: &remit_learn::Figures) -> ScoreFigures {
    let counts = |counts: remit_learn::Counts| VerdictCounts {
        allowed: counts.allowed,
        denied: counts.denied,
        drifted: counts.drifted,
        unknown: counts.unknown,
    };
    let share = |rate: remit_learn::Rate| Share { hits: rate.hits, of: rate.of };
    ScoreFigures {
        sessions: of.sessions,
        excluded: of.excluded,
        unscoped: of.unscoped,
        bad: counts(of.confusion.bad),
        good: counts(of.confusion.good),
        unlabelled: counts(of.confusion.unlabelled),
        session_recall: share(of.session_recall),
        call_recall: share(of.call_recall),
        precision: share(of.precision),
        precision_solved: share(of.precision_solved),
        false_alarm: share(of.false_alarm),
        false_alarm_solved: share(of.false_alarm_solved),
    }
}

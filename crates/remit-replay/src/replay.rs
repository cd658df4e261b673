//! Replays recordings against a workspace: every tool call, one verdict each.

pub(crate) mod bench;

use crate::facts::SessionFacts;
use crate::history::{Asked, asked};
use crate::reference::Judgement;
use crate::{
    Because, CorpusBuilder, Horizon, Hypothetical, Lack, LiveReplay, Mapped, Mapper, MissingFact,
    Severity, Unmapped, Verdict, Verdicts,
};
use bench::{Bench, history_fields};
use rayon::prelude::*;
use remit_policy::{Digests, SessionKey, Workspace};
use remit_session::{CallIdx, Loaded, Recording, Session, Skipped, Step, StepIdx, ToolCall};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The verdicts on all tool calls of all recordings, as recorded.
#[derive(Clone, Debug)]
pub struct Replay {
    /// What the result is a function of, besides the recordings.
    pub digests: Digests,
    /// In the order of the recordings and their sessions.
    pub sessions: Vec<SessionReplay>,
}

/// The verdicts of one session.
#[derive(Clone, Debug)]
pub struct SessionReplay {
    /// Index of the recording.
    pub recording: usize,
    /// Index of the session in the recording.
    pub session: usize,
    /// Its task: as recorded, else by the workspace's rules.
    pub task: Option<String>,
    /// The task whose scope judged it. `None`: no scope is declared, so that nothing can drift.
    pub scope: Option<String>,
    /// INVARIANT (complete): one entry for each tool call of the session, in order.
    pub calls: Vec<JudgedCall>,
    /// Where it stops being what would have happened, if a denied call ran.
    pub horizon: Option<Horizon>,
}

/// One tool call, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedCall {
    /// Where in the session.
    pub step: StepIdx,
    /// Where among the recording's tool calls.
    pub index: CallIdx,
    /// The verdict.
    pub verdict: Verdict,
    /// How grave, if drifted.
    pub severity: Option<Severity>,
    /// The values that nobody vouches for, if drifted.
    pub because: Vec<Because>,
    /// The two decisions; absent where the call could not be mapped.
    pub judged: Option<Judged>,
    /// Why the verdict is unknown.
    pub unknown: Option<Unknown>,
    /// What of the call does not fit the schema.
    pub misfits: Vec<String>,
}

/// The request and what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Who acted, as the policies see it.
    pub principal: String,
    /// The action's id.
    pub action: String,
    /// By the guardrails.
    pub guardrails: Judgement,
    /// By the scope of the task, if it has one.
    pub scope: Option<Judgement>,
}

/// Why a verdict is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What is missing.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The same for counting: each thing that is missing.
    pub lacks: Vec<Lack>,
}

/// The caller asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the replay was cancelled")]
pub struct Cancelled;

impl SessionReplay {
    /// What is hypothetical about the call at a step.
    pub fn hypothetical(&self, step: StepIdx) -> Option<Hypothetical> {
        self.horizon.as_ref()?.hypothetical.get(&step).copied()
    }
}

impl JudgedCall {
    /// Whether a failed policy could flip the verdict.
    pub fn is_uncertain(&self) -> bool {
        self.judged.as_ref().is_some_and(Judged::is_uncertain)
    }

    /// What the scope decided, if there was one.
    pub fn scope_allows(&self) -> Option<bool> {
        self.judged.as_ref().and_then(|j| j.scope.as_ref()).map(|s| s.allow)
    }
}

impl Judged {
    /// The scope only matters where the guardrails may allow.
    fn is_uncertain(&self) -> bool {
        let scope = self.scope.as_ref().is_some_and(|s| s.uncertain);
        self.guardrails.uncertain || (self.guardrails.allow && scope)
    }

    /// Whether a policy failed because something like `fact` was not there.
    fn asked_for(&self, fact: &MissingFact) -> bool {
        let sides = [Some(&self.guardrails), self.scope.as_ref()];
        sides
            .into_iter()
            .flatten()
            .flat_map(|side| &side.errors)
            .any(|e| e.absent == Some(fact.absent))
    }
}

/// What decides. Both give the same replay, to the byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// All calls at once, by columns ([`matrix`](mod@crate::matrix)).
    #[default]
    Matrix,
    /// Call by call, by Cedar's authorizer ([`reference`](mod@crate::reference)).
    Reference,
}

/// Replays `recordings` against `workspace`.
///
/// `progress` is called with the number of sessions done, from any thread and in no order; breaking
/// cancels. The result does not depend on the number of threads.
///
/// # Errors
/// [`Cancelled`] if `progress` said so.
pub fn replay(
    workspace: &Workspace,
    recordings: &[Recording],
    progress: &(dyn Fn(u32) -> ControlFlow<()> + Sync),
) -> Result<Replay, Cancelled> {
    replay_with(Engine::default(), workspace, recordings, progress)
}

/// Replays `recordings` against `workspace`, decided by `engine`; otherwise as [`replay`].
///
/// # Errors
/// [`Cancelled`] if `progress` said so.
pub fn replay_with(
    engine: Engine,
    workspace: &Workspace,
    recordings: &[Recording],
    progress: &(dyn Fn(u32) -> ControlFlow<()> + Sync),
) -> Result<Replay, Cancelled> {
    match engine {
        Engine::Matrix => by_matrix(workspace, recordings, &[], progress).map(|(replay, _)| replay),
        Engine::Reference => {
            let done = AtomicU32::new(0);
            let sessions = one_by_one(workspace, recordings, &|| next_session(&done, progress))?;
            Ok(Replay { digests: workspace.digests(), sessions })
        }
    }
}

/// As [`replay`], with the verdicts that it was read from, which answer questions about single calls.
///
/// # Errors
/// [`Cancelled`] if `progress`, which is told the number of sessions done, says so.
pub fn replay_verdicts(
    workspace: &Workspace,
    loaded: &Loaded,
    progress: &(dyn Fn(u32) -> ControlFlow<()> + Sync),
) -> Result<(Replay, Arc<Verdicts>), Cancelled> {
    by_matrix(workspace, &loaded.recordings, &loaded.skipped, progress)
}

fn by_matrix(
    workspace: &Workspace,
    recordings: &[Recording],
    skipped: &[Skipped],
    progress: &(dyn Fn(u32) -> ControlFlow<()> + Sync),
) -> Result<(Replay, Arc<Verdicts>), Cancelled> {
    let done = AtomicU32::new(0);
    let mut corpus = CorpusBuilder::new(workspace);
    let tick = || next_session(&done, progress);
    corpus.add_all(recordings.iter().map(|of| (None, of)), &tick)?;
    corpus.skip(skipped.to_vec());
    let mut live = LiveReplay::new(Arc::new(corpus.finish()));
    let verdicts = live.judge(workspace, &|| progress(done.load(Ordering::Relaxed)))?;
    let sessions = verdicts.sessions(workspace, recordings);
    Ok((Replay { digests: workspace.digests(), sessions }, verdicts))
}

fn next_session(
    done: &AtomicU32,
    progress: &(dyn Fn(u32) -> ControlFlow<()> + Sync),
) -> Result<(), Cancelled> {
    match progress(done.fetch_add(1, Ordering::Relaxed) + 1) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Cancelled),
    }
}

fn one_by_one(
    workspace: &Workspace,
    recordings: &[Recording],
    tick: &(dyn Fn() -> Result<(), Cancelled> + Sync),
) -> Result<Vec<SessionReplay>, Cancelled> {
    let mapper = Mapper::new(workspace);
    let sessions = recordings.iter().enumerate().flat_map(|(recording, of)| {
        of.sessions.iter().enumerate().map(move |(n, session)| (recording, of, n, session))
    });
    let judged = Vec::from_iter(sessions).into_par_iter().map(|(recording, of, n, session)| {
        let bench = Bench::new(workspace, mapper.as_ref(), of, session);
        let calls = bench.judge_all();
        tick()?;
        let scope = bench.scope.map(|s| s.task.clone());
        let horizon = bench.horizon(&calls);
        Ok(SessionReplay { recording, session: n, task: bench.task, scope, calls, horizon })
    });
    judged.collect()
}

/// Some calls of a session of `recording`, judged by the reference engine: to check what is shown.
pub fn judge_exactly(
    workspace: &Workspace,
    recording: &Recording,
    session: &Session,
    steps: &[StepIdx],
) -> Vec<JudgedCall> {
    let mapper = Mapper::new(workspace);
    let bench = Bench::new(workspace, mapper.as_ref(), recording, session);
    bench.judge_some(&|step| steps.contains(&step))
}

/// Where a session stops being what would have happened; `calls` are the verdicts on all of its calls.
pub fn horizon(workspace: &Workspace, session: &Session, calls: &[JudgedCall]) -> Option<Horizon> {
    let mapper = Mapper::new(workspace);
    let mapper = mapper.as_ref();
    Bench { workspace, mapper, session, task: None, scope: None }.horizon(calls)
}

/// The request of each tool call of a session, in order.
pub fn requests<'w>(
    mapper: &Mapper<'w>,
    session: &Session,
) -> Vec<(StepIdx, Result<Mapped<'w>, Unmapped>)> {
    let calls = session.calls().zip(mapper.facts(session));
    let request = |((at, step, call), facts): ((StepIdx, &Step, &ToolCall), SessionFacts)| {
        (at, mapper.map(call, &mapper.principal(session.agent(step.lane)), &facts))
    };
    calls.map(request).collect()
}

/// What is known about a session when its task is looked up.
pub fn session_key<'s>(recording: &'s Recording, session: &'s Session) -> SessionKey<'s> {
    bench::key(recording, session)
}

/// The conditions over history that are asked at a tool call: whether they hold, by which earlier steps, or
/// how far they are from it.
pub fn history_at(workspace: &Workspace, session: &Session, at: StepIdx) -> Vec<Asked> {
    let (Some(fields), Some(mapper)) = (history_fields(workspace), Mapper::new(workspace)) else {
        return Vec::new();
    };
    let Some(call) = session.calls().position(|(step, ..)| step == at) else { return Vec::new() };
    let bench = Bench { workspace, mapper: Some(&mapper), session, task: None, scope: None };
    let histories = bench.histories(&fields, &bench.mapped());
    asked(workspace, &fields, &histories, call as u32)
}

/// The request of one tool call, as it was judged.
///
/// # Errors
/// [`Unmapped`] if there is none.
pub fn explain<'w>(
    mapper: &Mapper<'w>,
    session: &Session,
    at: StepIdx,
) -> Option<Result<Mapped<'w>, Unmapped>> {
    let facts = mapper.facts(session);
    let ((_, step, call), facts) = session.calls().zip(facts).find(|((s, ..), _)| *s == at)?;
    let principal = mapper.principal(session.agent(step.lane));
    Some(mapper.map(call, &principal, &facts))
}

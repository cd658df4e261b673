//! Replays recordings against a workspace: every tool call, one verdict each.

mod batch;

use crate::facts::facts_by_call;
use crate::reference::{Judgement, judge};
use crate::{Mapped, Mapper, MissingFact, SessionFacts, Severity, Unmapped, Verdict};
use cedar_policy::{Entities, EntityUid, Request};
use rayon::prelude::*;
use remit_policy::{Digests, Scope, SessionKey, Workspace};
use remit_session::{CallIdx, Recording, Session, Step, StepIdx, ToolCall};
use std::collections::HashMap;
use std::ops::ControlFlow;
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
}

/// The caller asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the replay was cancelled")]
pub struct Cancelled;

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
    let mapper = Mapper::new(workspace);
    let recordings = recordings.iter().enumerate();
    let sessions: Vec<(usize, &Recording, usize, &Session)> = recordings
        .flat_map(|(r, of)| {
            of.sessions.iter().enumerate().map(move |(s, session)| (r, of, s, session))
        })
        .collect();
    let benches: Vec<Bench<'_, '_>> = sessions
        .par_iter()
        .map(|&(r, of, s, session)| Bench::new(workspace, mapper.as_ref(), (r, of), (s, session)))
        .collect();
    let done = AtomicU32::new(0);
    let tick = || match progress(done.fetch_add(1, Ordering::Relaxed) + 1) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Cancelled),
    };
    let calls = match (engine, &mapper) {
        (Engine::Matrix, Some(mapper)) => batch::judge_all(workspace, mapper, &benches, &tick)?,
        (Engine::Reference, _) | (_, None) => one_by_one(&benches, &tick)?,
    };
    let sessions = benches.into_iter().zip(calls).map(|(bench, calls)| bench.replayed(calls));
    Ok(Replay { digests: workspace.digests(), sessions: sessions.collect() })
}

fn one_by_one(
    benches: &[Bench<'_, '_>],
    tick: &(dyn Fn() -> Result<(), Cancelled> + Sync),
) -> Result<Vec<Vec<JudgedCall>>, Cancelled> {
    let judged = benches.par_iter().map(|bench| {
        let calls = bench.judge_all();
        tick().map(|()| calls)
    });
    judged.collect()
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
    let facts = facts_by_call(session);
    let ((_, step, call), facts) = session.calls().zip(facts).find(|((s, ..), _)| *s == at)?;
    let principal = mapper.principal(session.agent(step.lane));
    Some(mapper.map(call, &principal, &facts))
}

/// All that judging one session needs.
struct Bench<'w, 's> {
    workspace: &'w Workspace,
    mapper: Option<&'s Mapper<'w>>,
    recording: usize,
    index: usize,
    session: &'s Session,
    task: Option<String>,
    scope: Option<&'w Scope>,
}

/// A tool call that is mapped, and not yet decided; without the request.
struct Pending<'w> {
    at: StepIdx,
    index: CallIdx,
    principal: EntityUid,
    action: &'w str,
    missing: Vec<MissingFact>,
    misfits: Vec<String>,
}

impl<'w, 's> Bench<'w, 's> {
    fn new(
        workspace: &'w Workspace,
        mapper: Option<&'s Mapper<'w>>,
        (recording, of): (usize, &Recording),
        (index, session): (usize, &'s Session),
    ) -> Self {
        let key = SessionKey {
            task: session.task.as_deref(),
            recording: of.path.as_str(),
            agent: session.agent(remit_session::LaneIdx(0)),
            goal: session.goal.as_deref(),
        };
        let found = workspace.scope_for(&key);
        let (task, scope) = (found.task, found.scope);
        Bench { workspace, mapper, recording, index, session, task, scope }
    }

    fn replayed(self, calls: Vec<JudgedCall>) -> SessionReplay {
        SessionReplay {
            recording: self.recording,
            session: self.index,
            task: self.task,
            scope: self.scope.map(|s| s.task.clone()),
            calls,
        }
    }

    /// Every call, decided by the reference engine.
    fn judge_all(&self) -> Vec<JudgedCall> {
        let mut entities = HashMap::new();
        let calls = self.mapped().into_iter().map(|mapped| {
            let (pending, request) = match mapped {
                Ok(mapped) => mapped,
                Err(unknown) => return *unknown,
            };
            let entities = self.entities(&pending.principal, &mut entities);
            let guardrails = judge(&request, &self.workspace.guardrails.set, entities);
            let scope = self.scope.map(|scope| judge(&request, &scope.layer.set, entities));
            pending.verdict(guardrails, scope)
        });
        calls.collect()
    }

    /// The entities that judge what `principal` does in this session.
    fn entities<'e>(
        &self,
        principal: &EntityUid,
        known: &'e mut HashMap<EntityUid, Entities>,
    ) -> &'e Entities {
        known.entry(principal.clone()).or_insert_with_key(|principal| match self.mapper {
            Some(mapper) => mapper.entities(principal, self.task.as_deref()),
            None => self.workspace.entities.entities.clone(),
        })
    }

    /// Every call as a request, or as what is not known about it.
    fn mapped(&self) -> Vec<Result<(Pending<'w>, Request), Box<JudgedCall>>> {
        let calls = self.session.calls().zip(facts_by_call(self.session));
        calls.map(|((at, step, call), facts)| self.map_one(at, step, call, &facts)).collect()
    }

    fn map_one(
        &self,
        at: StepIdx,
        step: &Step,
        call: &ToolCall,
        facts: &SessionFacts,
    ) -> Result<(Pending<'w>, Request), Box<JudgedCall>> {
        let Some(mapper) = self.mapper else {
            return Err(Box::new(unknown(at, call.index, no_schema(), Vec::new())));
        };
        let principal = mapper.principal(self.session.agent(step.lane));
        match mapper.map(call, &principal, facts) {
            Ok(Mapped { request, action, missing, misfits }) => {
                let index = call.index;
                Ok((Pending { at, index, principal, action, missing, misfits }, request))
            }
            Err(Unmapped { message, help }) => {
                Err(Box::new(unknown(at, call.index, Unknown { message, help }, Vec::new())))
            }
        }
    }
}

impl Pending<'_> {
    fn verdict(self, guardrails: Judgement, scope: Option<Judgement>) -> JudgedCall {
        let judged = Judged {
            principal: self.principal.to_string(),
            action: self.action.to_owned(),
            guardrails,
            scope,
        };
        let asked: Vec<&str> =
            self.missing.iter().filter(|m| judged.asked_for(m)).map(|m| &*m.message).collect();
        if judged.is_uncertain() && !asked.is_empty() {
            let why = missing_fact(&asked);
            let unknown = unknown(self.at, self.index, why, self.misfits);
            return JudgedCall { judged: Some(judged), ..unknown };
        }
        let verdict = Verdict::of(judged.guardrails.allow, judged.scope.as_ref().map(|s| s.allow));
        JudgedCall {
            step: self.at,
            index: self.index,
            verdict,
            severity: (verdict == Verdict::Drifted).then_some(Severity::OutOfScope),
            judged: Some(judged),
            unknown: None,
            misfits: self.misfits,
        }
    }
}

fn unknown(step: StepIdx, index: CallIdx, why: Unknown, misfits: Vec<String>) -> JudgedCall {
    let verdict = Verdict::Unknown;
    JudgedCall { step, index, verdict, severity: None, judged: None, unknown: Some(why), misfits }
}

fn no_schema() -> Unknown {
    Unknown {
        message: "the workspace has no schema that can be read, so no tool is mapped".into(),
        help: "generate one with `remit schema WORKSPACE --write`, or mend the one that is there"
            .into(),
    }
}

fn missing_fact(missing: &[&str]) -> Unknown {
    Unknown {
        message: format!("a policy needs a fact that is not there: {}", missing.join("; ")),
        help: "record the fact, declare the entity in entities.json, or guard the condition with `has`".into(),
    }
}

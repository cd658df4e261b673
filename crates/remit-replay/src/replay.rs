//! Replays recordings against a workspace: every tool call, one verdict each.

use crate::facts::facts_by_call;
use crate::reference::{Judgement, judge};
use crate::{Mapped, Mapper, MissingFact, SessionFacts, Severity, Unmapped, Verdict};
use cedar_policy::{Entities, EntityUid};
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
    let mapper = Mapper::new(workspace);
    let sessions: Vec<(usize, usize)> = recordings
        .iter()
        .enumerate()
        .flat_map(|(r, recording)| (0..recording.sessions.len()).map(move |s| (r, s)))
        .collect();
    let done = AtomicU32::new(0);
    let judged: Result<Vec<_>, Cancelled> = sessions
        .par_iter()
        .filter_map(|&(r, s)| Some((r, s, recordings.get(r)?, recordings.get(r)?.sessions.get(s)?)))
        .map(|(r, s, recording, session)| {
            let bench = Bench::new(workspace, mapper.as_ref(), recording, session);
            let calls = bench.judge_all();
            if progress(done.fetch_add(1, Ordering::Relaxed) + 1).is_break() {
                return Err(Cancelled);
            }
            let scope = bench.scope.map(|s| s.task.clone());
            Ok(SessionReplay { recording: r, session: s, task: bench.task, scope, calls })
        })
        .collect();
    Ok(Replay { digests: workspace.digests(), sessions: judged? })
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
    session: &'s Session,
    task: Option<String>,
    scope: Option<&'w Scope>,
}

impl<'w, 's> Bench<'w, 's> {
    fn new(
        workspace: &'w Workspace,
        mapper: Option<&'s Mapper<'w>>,
        recording: &Recording,
        session: &'s Session,
    ) -> Self {
        let key = SessionKey {
            task: session.task.as_deref(),
            recording: recording.path.as_str(),
            agent: session.agent(remit_session::LaneIdx(0)),
            goal: session.goal.as_deref(),
        };
        let found = workspace.scope_for(&key);
        Bench { workspace, mapper, session, task: found.task, scope: found.scope }
    }

    fn judge_all(&self) -> Vec<JudgedCall> {
        let mut entities = HashMap::new();
        let facts = facts_by_call(self.session);
        let calls = self.session.calls().zip(facts);
        calls
            .map(|((at, step, call), facts)| self.judge_one(at, step, call, &facts, &mut entities))
            .collect()
    }

    fn judge_one(
        &self,
        at: StepIdx,
        step: &Step,
        call: &ToolCall,
        facts: &SessionFacts,
        entities: &mut HashMap<EntityUid, Entities>,
    ) -> JudgedCall {
        let Some(mapper) = self.mapper else {
            return unknown(at, call, no_schema(), Vec::new());
        };
        let principal = mapper.principal(self.session.agent(step.lane));
        let mapped = match mapper.map(call, &principal, facts) {
            Ok(mapped) => mapped,
            Err(Unmapped { message, help }) => {
                return unknown(at, call, Unknown { message, help }, Vec::new());
            }
        };
        let entities = entities
            .entry(principal)
            .or_insert_with_key(|principal| mapper.entities(principal, self.task.as_deref()));
        self.verdict(at, call, mapped, entities)
    }

    fn verdict(
        &self,
        at: StepIdx,
        call: &ToolCall,
        mapped: Mapped<'_>,
        entities: &Entities,
    ) -> JudgedCall {
        let judged = Judged {
            principal: mapped.request.principal().map(ToString::to_string).unwrap_or_default(),
            action: mapped.action.to_owned(),
            guardrails: judge(&mapped.request, &self.workspace.guardrails.set, entities),
            scope: self.scope.map(|scope| judge(&mapped.request, &scope.layer.set, entities)),
        };
        let asked: Vec<&str> =
            mapped.missing.iter().filter(|m| judged.asked_for(m)).map(|m| &*m.message).collect();
        if judged.is_uncertain() && !asked.is_empty() {
            let why = missing_fact(&asked);
            return JudgedCall { judged: Some(judged), ..unknown(at, call, why, mapped.misfits) };
        }
        let verdict = Verdict::of(judged.guardrails.allow, judged.scope.as_ref().map(|s| s.allow));
        JudgedCall {
            step: at,
            index: call.index,
            verdict,
            severity: (verdict == Verdict::Drifted).then_some(Severity::OutOfScope),
            judged: Some(judged),
            unknown: None,
            misfits: mapped.misfits,
        }
    }
}

fn unknown(step: StepIdx, call: &ToolCall, why: Unknown, misfits: Vec<String>) -> JudgedCall {
    let verdict = Verdict::Unknown;
    JudgedCall {
        step,
        index: call.index,
        verdict,
        severity: None,
        judged: None,
        unknown: Some(why),
        misfits,
    }
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

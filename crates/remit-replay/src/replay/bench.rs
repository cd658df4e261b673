//! One session on the bench: its calls as requests, and two decisions as a verdict.
//!
//! Both engines map and conclude here, so that they can only differ in what they decide.

use super::{Judged, JudgedCall, Unknown};
use crate::because::explain_drift;
use crate::facts::{SessionFacts, facts_by_call};
use crate::history::{Fields, Histories, Recall, Remembered, histories};
use crate::reference::{Judgement, judge};
use crate::table::{Cells, Value};
use crate::{
    Absent, Horizon, Lack, Mapped, Mapper, Misfit, MissingFact, Severity, Unmapped, Verdict,
};
use cedar_policy::{Entities, EntityUid};
use remit_policy::{Scope, SessionKey, TaskMatch, Workspace};
use remit_session::{CallIdx, LaneIdx, OriginIndex, Recording, Session, Step, StepIdx, ToolCall};
use std::borrow::Cow;
use std::collections::HashMap;

/// Why nobody knows whether a condition over history holds.
const NO_TIMES: &str = "the recording does not say when its steps happened, so that a window of a condition over history cannot be decided";

/// All that judging one session needs.
pub(crate) struct Bench<'w, 's> {
    pub(crate) workspace: &'w Workspace,
    pub(crate) mapper: Option<&'s Mapper<'w>>,
    pub(crate) session: &'s Session,
    pub(crate) task: Option<String>,
    pub(crate) scope: Option<&'w Scope>,
}

/// A tool call that is mapped, and not yet decided.
pub(crate) struct Pending<'w> {
    at: StepIdx,
    index: CallIdx,
    pub(crate) mapped: Mapped<'w>,
}

impl<'w, 's> Bench<'w, 's> {
    pub(crate) fn new(
        workspace: &'w Workspace,
        mapper: Option<&'s Mapper<'w>>,
        of: &Recording,
        session: &'s Session,
    ) -> Self {
        let TaskMatch { task, scope } = workspace.scope_for(&key(of, session));
        Bench { workspace, mapper, session, task, scope }
    }

    /// Every call, decided by the reference engine.
    pub(super) fn judge_all(&self) -> Vec<JudgedCall> {
        self.judge_some(&|_| true)
    }

    /// The calls at the wanted steps, decided by the reference engine.
    pub(super) fn judge_some(&self, is_wanted: &dyn Fn(StepIdx) -> bool) -> Vec<JudgedCall> {
        let mut entities = HashMap::new();
        let calls = self.remembering(is_wanted).into_iter().map(|mapped| {
            let pending = match mapped {
                Ok(pending) => pending,
                Err(unknown) => return *unknown,
            };
            let request = match pending.mapped.request() {
                Ok(request) => request,
                Err(unmapped) => return pending.refused(unmapped),
            };
            let entities = self.entities(&pending.mapped.principal, &mut entities);
            let guardrails = judge(&request, self.workspace.guardrails.set(), entities);
            let scope = self.scope.map(|scope| judge(&request, scope.layer.set(), entities));
            let strict = self.scope.and_then(|scope| scope.layer.without_marks());
            let unverified = strict.is_some_and(|set| judge(&request, set, entities).allow);
            pending.verdict(guardrails, scope, drift(unverified))
        });
        let mut calls: Vec<JudgedCall> = calls.collect();
        self.explain_drift(&mut calls);
        calls
    }

    /// Says of drifted calls which of their values nobody vouches for.
    pub(crate) fn explain_drift(&self, calls: &mut [JudgedCall]) {
        if let Some(mapper) = self.mapper {
            explain_drift(mapper, self.session, calls);
        }
    }

    /// Where the session stops being what would have happened; `calls` are all of its calls.
    pub(crate) fn horizon(&self, calls: &[JudgedCall]) -> Option<Horizon> {
        Horizon::of(self.session, calls, || match self.mapper {
            Some(mapper) => mapper.origins(self.session),
            None => OriginIndex::new(self.session, &|_| false),
        })
    }

    /// The wanted calls, with what the session remembers at each.
    fn remembering(
        &self,
        is_wanted: &dyn Fn(StepIdx) -> bool,
    ) -> Vec<Result<Pending<'w>, Box<JudgedCall>>> {
        let Some(fields) = history_fields(self.workspace) else {
            return self.mapped_if(is_wanted);
        };
        let mut calls = self.mapped();
        let histories = self.histories(&fields, &calls);
        let mut recall = Recall::of(self.workspace, &fields, &histories);
        for (call, mapped) in (0..).zip(&mut calls) {
            if let Ok(pending) = mapped {
                pending.remember(recall.at(call));
            }
        }
        calls.retain(|call| match call {
            Ok(pending) => is_wanted(pending.at),
            Err(unknown) => is_wanted(unknown.step),
        });
        calls
    }

    /// The events of the session.
    pub(crate) fn histories(
        &self,
        fields: &Fields,
        calls: &[Result<Pending<'w>, Box<JudgedCall>>],
    ) -> Histories {
        let mapped = calls.iter().map(|call| call.as_ref().ok().map(|pending| &pending.mapped));
        histories(fields, self.session, &Vec::from_iter(mapped))
    }

    /// The entities that judge what `principal` does in this session.
    pub(crate) fn entities<'e>(
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
    pub(crate) fn mapped(&self) -> Vec<Result<Pending<'w>, Box<JudgedCall>>> {
        self.mapped_if(&|_| true)
    }

    fn mapped_if(
        &self,
        is_wanted: &dyn Fn(StepIdx) -> bool,
    ) -> Vec<Result<Pending<'w>, Box<JudgedCall>>> {
        let facts = match self.mapper {
            Some(mapper) => mapper.facts(self.session),
            None => facts_by_call(self.session, None),
        };
        let calls = self.session.calls().zip(facts);
        let calls = calls.filter(|((at, ..), _)| is_wanted(*at));
        calls.map(|((at, step, call), facts)| self.map_one(at, step, call, &facts)).collect()
    }

    fn map_one(
        &self,
        at: StepIdx,
        step: &Step,
        call: &ToolCall,
        facts: &SessionFacts,
    ) -> Result<Pending<'w>, Box<JudgedCall>> {
        let index = call.index;
        let Some(mapper) = self.mapper else {
            return Err(Box::new(unknown(at, index, no_schema(), Vec::new())));
        };
        let principal = mapper.principal(self.session.agent(step.lane));
        match mapper.map(call, &principal, facts) {
            Ok(mapped) => Ok(Pending { at, index, mapped }),
            Err(unmapped) => Err(Box::new(unknown(at, index, unmapped.into(), Vec::new()))),
        }
    }
}

/// The fields of events, if any policy asks for them.
pub(crate) fn history_fields(workspace: &Workspace) -> Option<Fields> {
    workspace.history_in_use().and_then(Fields::of)
}

impl Pending<'_> {
    /// Adds what the session remembers to the request's context.
    pub(crate) fn remember(&mut self, leaves: Remembered) {
        for (name, known) in leaves {
            match known {
                Some(holds) => {
                    let holds = Cells::Value(Value::Bool(holds));
                    self.mapped.context.push((Cow::Owned(name.to_string()), holds));
                }
                None => self.mapped.missing.push(MissingFact::new(
                    Absent::Attribute,
                    NO_TIMES.to_owned(),
                    Lack::Times,
                )),
            }
        }
    }

    /// Whether an attribute is missing that policies may ask for.
    pub(crate) fn misses_an_attribute(&self) -> bool {
        self.mapped.missing.iter().any(|fact| fact.absent == Absent::Attribute)
    }

    /// A call whose request Cedar does not take.
    pub(crate) fn refused(self, unmapped: Unmapped) -> JudgedCall {
        unknown(self.at, self.index, unmapped.into(), in_words(&self.mapped.misfits))
    }

    pub(crate) fn verdict(
        self,
        guardrails: Judgement,
        scope: Option<Judgement>,
        drift: Severity,
    ) -> JudgedCall {
        let Mapped { principal, action, missing, misfits, .. } = self.mapped;
        let misfits = in_words(&misfits);
        let judged = Judged {
            principal: principal.to_string(),
            action: action.id.clone(),
            guardrails,
            scope,
        };
        let asked: Vec<&MissingFact> = missing.iter().filter(|m| judged.asked_for(m)).collect();
        if judged.is_uncertain() && !asked.is_empty() {
            let why = missing_fact(&asked);
            let unknown = unknown(self.at, self.index, why, misfits);
            return JudgedCall { judged: Some(judged), ..unknown };
        }
        let verdict = Verdict::of(judged.guardrails.allow, judged.scope.as_ref().map(|s| s.allow));
        JudgedCall {
            step: self.at,
            index: self.index,
            verdict,
            severity: (verdict == Verdict::Drifted).then_some(drift),
            because: Vec::new(),
            judged: Some(judged),
            unknown: None,
            misfits,
        }
    }
}

/// How grave it is if a call drifts that only marked policies may keep out of the scope.
pub(crate) fn drift(unverified: bool) -> Severity {
    if unverified { Severity::UnverifiedValue } else { Severity::OutOfScope }
}

/// What the workspace's rules look at, to find the task of `session`.
pub(crate) fn key<'s>(of: &'s Recording, session: &'s Session) -> SessionKey<'s> {
    SessionKey {
        task: session.task.as_deref(),
        recording: of.path.as_str(),
        agent: session.agent(LaneIdx(0)),
        goal: session.goal.as_deref(),
    }
}

fn unknown(step: StepIdx, index: CallIdx, why: Unknown, misfits: Vec<String>) -> JudgedCall {
    let verdict = Verdict::Unknown;
    JudgedCall {
        step,
        index,
        verdict,
        severity: None,
        because: Vec::new(),
        judged: None,
        unknown: Some(why),
        misfits,
    }
}

fn in_words(misfits: &[Misfit]) -> Vec<String> {
    misfits.iter().map(ToString::to_string).collect()
}

fn no_schema() -> Unknown {
    Unknown {
        message: "the workspace has no schema that can be read, so no tool is mapped".into(),
        help: "generate one with `remit schema WORKSPACE --write`, or mend the one that is there"
            .into(),
        lacks: vec![Lack::Schema],
    }
}

fn missing_fact(missing: &[&MissingFact]) -> Unknown {
    let messages: Vec<&str> = missing.iter().map(|fact| &*fact.message).collect();
    Unknown {
        message: format!("a policy needs a fact that is not there: {}", messages.join("; ")),
        help: "record the fact, declare the entity in entities.json, or guard the condition with `has`".into(),
        lacks: missing.iter().map(|fact| (*fact.lack).clone()).collect(),
    }
}

impl From<Unmapped> for Unknown {
    fn from(Unmapped { message, help, lack }: Unmapped) -> Unknown {
        Unknown { message, help, lacks: vec![lack] }
    }
}

//! Calls that a scope must stop: an incident's, which must come out drifted or denied.
//!
//! The proposal is made narrower for the incident's tool, step by step: as it would be anyway, then with
//! destinations exactly as seen, then with every argument exactly as seen. If even that lets the call
//! pass, good and bad cannot be told apart by anything that a policy sees, and that is said.

use crate::example::{CallPlace, Example, Examples, Observation, observe, task_of};
use crate::judge::Judge;
use crate::propose::{Knowledge, Width, Wishes, propose};
use miette::Diagnostic;
use remit_policy::Workspace;
use remit_replay::{Mapper, Verdict, judge_exactly};
use remit_session::{Recording, Session, StepIdx};
use serde::Serialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// A call that must be stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The session's id, or its recording.
    pub session: String,
    /// The step.
    pub step: u32,
}

/// How a call is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    /// The call.
    pub call: CallPlace,
    /// The tool, as policies name it.
    pub action: String,
    /// Its task.
    pub task: String,
    /// `guardrails`, or `scope`.
    pub by: &'static str,
    /// How narrow the scope had to become for it: `as-proposed`, `destinations-as-seen`,
    /// `arguments-as-seen`.
    pub width: &'static str,
}

/// Why a call cannot be stopped.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum NotStopped {
    /// There is no such call.
    #[error("no tool call to stop at step {step} of `{session}`: {why}")]
    #[diagnostic(
        code(remit::learn::no_incident),
        help("name the session by its id or recording, and the step as `remit show` numbers it")
    )]
    NoCall {
        /// As named.
        session: String,
        /// As named.
        step: u32,
        /// What is there instead.
        why: String,
    },
    /// Nothing is known about its task.
    #[error("step {step} of `{session}` cannot be stopped: {why}")]
    #[diagnostic(
        code(remit::learn::no_scope),
        help("add good sessions of that task to the recordings, or write its scope by hand")
    )]
    NoExamples {
        /// As named.
        session: String,
        /// As named.
        step: u32,
        /// Why.
        why: String,
    },
    /// Good and bad look the same.
    #[error(
        "step {step} of `{session}` cannot be told apart from good calls: {tool} was called with the same arguments in {same}"
    )]
    #[diagnostic(
        code(remit::learn::same),
        help(
            "write a guardrail that looks at what only the incident has, such as what was called before; or label those sessions as bad"
        )
    )]
    Same {
        /// As named.
        session: String,
        /// As named.
        step: u32,
        /// The tool.
        tool: String,
        /// Good calls that look the same.
        same: String,
    },
}

/// What was decided, by task.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllWishes(BTreeMap<String, Wishes>);

impl AllWishes {
    pub(crate) fn of(&self, task: &str) -> Wishes {
        self.0.get(task).cloned().unwrap_or_default()
    }

    pub(crate) fn task(&mut self, task: &str) -> &mut Wishes {
        self.0.entry(task.to_owned()).or_default()
    }
}

/// Makes the wishes narrow enough to stop all incidents.
pub(crate) fn stop(
    workspace: &Workspace,
    recordings: &[Recording],
    examples: &Examples,
    knowledge: &Knowledge,
    wishes: &mut AllWishes,
    incidents: &[Incident],
) -> Result<Vec<Stopped>, NotStopped> {
    let known = Known { workspace, recordings, examples, knowledge };
    incidents.iter().map(|incident| known.stop(incident, wishes)).collect()
}

struct Known<'k> {
    workspace: &'k Workspace,
    recordings: &'k [Recording],
    examples: &'k Examples,
    knowledge: &'k Knowledge,
}

impl Known<'_> {
    fn stop(&self, incident: &Incident, wishes: &mut AllWishes) -> Result<Stopped, NotStopped> {
        let (recording, session) = self.find(incident)?;
        let call = self.call(incident, recording, session)?;
        let task = task_of(self.workspace, recording, session)
            .ok_or_else(|| incident.without_scope("its session names no task"))?;
        let at = StepIdx(incident.step);
        let judged = judge_exactly(self.workspace, recording, session, &[at]);
        if judged.first().is_some_and(|judged| judged.verdict == Verdict::Denied) {
            return Ok(stopped(call, task, "guardrails", Width::General));
        }
        let sessions: Vec<&Example> =
            self.examples.tasks.get(&task).into_iter().flatten().collect();
        if sessions.is_empty() {
            return Err(
                incident.without_scope(&format!("there is no good session of task `{task}`"))
            );
        }
        let action = call.action.uid.clone();
        for width in [Width::General, Width::Narrow, Width::Exact] {
            let mut narrower = wishes.of(&task);
            if width > narrower.widths.get(&action).copied().unwrap_or_default() {
                narrower.widths.insert(action.clone(), width);
            }
            let clauses = propose(&sessions, self.knowledge, &narrower);
            if Judge::new(&task, &clauses).is_some_and(|judge| !judge.permits(&call)) {
                *wishes.task(&task) = narrower;
                return Ok(stopped(call, task, "scope", width));
            }
        }
        Err(incident.same(&call, &sessions))
    }

    fn find(&self, incident: &Incident) -> Result<(&Recording, &Session), NotStopped> {
        let all = || self.recordings.iter().flat_map(|r| r.sessions.iter().map(move |s| (r, s)));
        let mut found: Vec<_> =
            all().filter(|(r, s)| s.id == incident.session || r.path == incident.session).collect();
        match (found.pop(), found.len()) {
            (Some(one), 0) => Ok(one),
            (None, _) => Err(incident.no_call("no session is called so".to_owned())),
            (Some(_), more) => {
                Err(incident.no_call(format!("{} sessions are called so", more + 1)))
            }
        }
    }

    fn call(
        &self,
        incident: &Incident,
        recording: &Recording,
        session: &Session,
    ) -> Result<Observation, NotStopped> {
        let mapper = Mapper::new(self.workspace)
            .ok_or_else(|| incident.no_call("the workspace has no schema".to_owned()))?;
        let calls = observe(&mapper, recording, session);
        match calls.into_iter().find(|(step, _)| step.0 == incident.step) {
            Some((_, Some(call))) => Ok(call),
            Some((_, None)) => Err(incident.no_call(
                "its verdict is unknown, because no policy can see it as it is".to_owned(),
            )),
            None => Err(incident.no_call("that step is no tool call".to_owned())),
        }
    }
}

fn stopped(call: Observation, task: String, by: &'static str, width: Width) -> Stopped {
    let width = match width {
        Width::General => "as-proposed",
        Width::Narrow => "destinations-as-seen",
        Width::Exact => "arguments-as-seen",
    };
    Stopped { call: call.at, action: call.action.id.clone(), task, by, width }
}

impl Incident {
    fn no_call(&self, why: String) -> NotStopped {
        NotStopped::NoCall { session: self.session.clone(), step: self.step, why }
    }

    fn without_scope(&self, why: &str) -> NotStopped {
        NotStopped::NoExamples {
            session: self.session.clone(),
            step: self.step,
            why: why.to_owned(),
        }
    }

    fn same(&self, call: &Observation, sessions: &[&Example]) -> NotStopped {
        let alike = sessions
            .iter()
            .flat_map(|session| &session.calls)
            .filter(|good| good.action.uid == call.action.uid && good.arguments == call.arguments);
        let places: Vec<String> =
            alike.map(|good| format!("step {} of `{}`", good.at.step, good.at.recording)).collect();
        let more = places.len().saturating_sub(3);
        let first = places.into_iter().take(3).collect::<Vec<_>>().join(", ");
        let same = match (first.is_empty(), more) {
            (true, _) => "several good sessions, taken together".to_owned(),
            (false, 0) => first,
            (false, more) => format!("{first} and {more} more"),
        };
        NotStopped::Same {
            session: self.session.clone(),
            step: self.step,
            tool: call.action.id.clone(),
            same,
        }
    }
}

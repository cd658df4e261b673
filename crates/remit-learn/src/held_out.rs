//! Replays each session under the scope that the *other* good sessions of its task teach: what a scope
//! would say of a session that it has not seen, where there is no second set of recordings.

use crate::example::{Choice, Example, gather, task_of};
use crate::labels::Labels;
use crate::learn::{LearnError, LearnOptions};
use crate::propose::{Knowledge, Wishes, propose};
use crate::write::{scope_file, scope_text};
use remit_policy::Workspace;
use remit_replay::{Replay, SessionReplay, judge_exactly};
use remit_session::{Recording, Session, StepIdx};
use std::ops::ControlFlow;

/// Replays `recordings`, each session under the scope learnt from the others. Sessions whose task has no
/// other good session keep the workspace's own scope, if there is one. `progress` is told how many of
/// how many sessions are done, and says whether to go on.
///
/// # Errors
/// [`LearnError`].
pub fn replay_held_out(
    workspace: &Workspace,
    recordings: &[Recording],
    labels: Option<&Labels>,
    options: &LearnOptions,
    progress: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
) -> Result<Replay, LearnError> {
    let runs = options.runs.unwrap_or(usize::MAX);
    let choice = Choice { labels, which: options.which, runs, incidents: &[] };
    let examples = gather(workspace, recordings, &choice);
    let all: Vec<&[Example]> = examples.tasks.values().map(Vec::as_slice).collect();
    let total = recordings.iter().map(|r| r.sessions.len() as u32).sum();
    let mut sessions = Vec::new();
    for (at, recording) in recordings.iter().enumerate() {
        for (number, session) in recording.sessions.iter().enumerate() {
            if progress(sessions.len() as u32, total).is_break() {
                return Err(LearnError::Cancelled);
            }
            let held_out = HeldOut { workspace, recording, session, all: &all };
            let (task, scope, calls) = held_out.judge()?;
            let horizon = remit_replay::horizon(workspace, session, &calls);
            let (recording, session) = (at, number);
            sessions.push(SessionReplay { recording, session, task, scope, calls, horizon });
        }
    }
    Ok(Replay { digests: workspace.digests(), sessions })
}

struct HeldOut<'h> {
    workspace: &'h Workspace,
    recording: &'h Recording,
    session: &'h Session,
    all: &'h [&'h [Example]],
}

type Judged = (Option<String>, Option<String>, Vec<remit_replay::JudgedCall>);

impl HeldOut<'_> {
    fn judge(&self) -> Result<Judged, LearnError> {
        let task = task_of(self.workspace, self.recording, self.session);
        let taught = task.as_deref().map(|task| self.taught(task)).transpose()?.flatten();
        let workspace = taught.as_ref().unwrap_or(self.workspace);
        let key = remit_replay::session_key(self.recording, self.session);
        let found = workspace.scope_for(&key);
        let steps: Vec<StepIdx> = self.session.calls().map(|(at, ..)| at).collect();
        let calls = judge_exactly(workspace, self.recording, self.session, &steps);
        Ok((found.task, found.scope.map(|scope| scope.task.clone()), calls))
    }

    /// The workspace with the scope that the task's other sessions teach, if there are any.
    fn taught(&self, task: &str) -> Result<Option<Workspace>, LearnError> {
        let others: Vec<Vec<&Example>> = self
            .all
            .iter()
            .map(|sessions| sessions.iter().filter(|example| !self.is_own(example)).collect())
            .collect();
        let of_task = others.iter().find(|sessions| sessions.iter().any(|e| e.task == task));
        let Some((sessions, file)) = of_task.zip(scope_file(self.workspace, task)) else {
            return Ok(None);
        };
        let wrong = |why: String| LearnError::Internal { task: task.to_owned(), why };
        let clauses = propose(sessions, &Knowledge::of(&others), &Wishes::default());
        let text = scope_text(task, sessions.len(), &clauses).map_err(wrong)?;
        let candidate = self.workspace.with_texts(&[(file, text)]);
        let first = |findings: Vec<remit_policy::Finding>| {
            findings.into_iter().next().map_or_else(String::new, |finding| finding.message)
        };
        candidate.map(Some).map_err(|findings| wrong(first(findings)))
    }

    fn is_own(&self, example: &Example) -> bool {
        example.recording == self.recording.path.as_str() && example.session == self.session.id
    }
}

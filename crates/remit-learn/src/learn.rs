//! Learns the scope of each task from its good sessions.

use crate::ask::{Answers, Question, questions};
use crate::clause::{Clause, Condition};
use crate::example::{CallPlace, Choice, Example, Examples, LeftOut, Which, gather};
use crate::judge::{Estimate, Judge, leave_one_out};
use crate::labels::Labels;
use crate::propose::{Knowledge, Wishes, propose};
use crate::stop::{Incident, NotStopped, Stopped, stop};
use crate::write::scope_text;
use miette::Diagnostic;
use remit_policy::Workspace;
use remit_session::Recording;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use thiserror::Error;

/// Version of the format of [`Learnt`].
const LEARN_VERSION: u32 = 1;
/// So many sessions of a task are learnt from, unless the user says otherwise.
const RUNS: usize = 200;

/// How to learn.
#[derive(Clone, Debug, Default)]
pub struct LearnOptions {
    /// Which sessions are good.
    pub which: Which,
    /// At most so many sessions a task, the first ones.
    pub runs: Option<usize>,
    /// Only this task.
    pub task: Option<String>,
    /// Calls that the scopes must stop; their sessions are no examples.
    pub must_stop: Vec<Incident>,
    /// What somebody said about tools.
    pub answers: Answers,
}

/// The scopes that were learnt.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Learnt {
    /// Version of this format: 1.
    pub version: u32,
    /// All tasks together.
    pub summary: LearnSummary,
    /// By task, sorted.
    pub tasks: Vec<ProposedScope>,
    /// How each call that must be stopped was stopped.
    pub stopped: Vec<Stopped>,
    /// What was not learnt from.
    pub left_out: LeftOut,
}

/// The counts of what was learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LearnSummary {
    /// Tasks with a proposed scope.
    pub tasks: u32,
    /// Good sessions.
    pub sessions: u32,
    /// Calls of good sessions.
    pub calls: u32,
    /// Clauses of all scopes.
    pub clauses: u32,
    /// Clauses that rest on one session.
    pub rest_on_one: u32,
    /// Of the tasks with two sessions or more.
    pub estimate: Estimate,
}

/// A scope as it would be written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposedScope {
    /// The task.
    pub task: String,
    /// How many good sessions it rests on.
    pub sessions: u32,
    /// Its clauses, in the order of the text.
    pub clauses: Vec<ProposedClause>,
    /// What it would deny of good sessions that it was not learnt from; `null` with one session.
    pub estimate: Option<Estimate>,
    /// The file's text.
    pub text: String,
}

/// A clause with what speaks for it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposedClause {
    /// The policy's id.
    pub id: String,
    /// What it says, in a sentence.
    pub why: String,
    /// The calls that support it.
    pub calls: Vec<CallPlace>,
    /// In so many sessions.
    pub sessions: u32,
    /// Whether it rests on one session.
    pub rests_on_one: bool,
    /// Its conditions.
    pub conditions: Vec<ProposedCondition>,
}

/// A condition of a clause.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposedCondition {
    /// The argument it is about; `null` if it is about the whole call.
    pub argument: Option<String>,
    /// What it says.
    pub says: String,
    /// Values that only one call speaks for.
    pub seen_once: Vec<String>,
}

/// Why nothing was learnt.
#[derive(Debug, Error, Diagnostic)]
pub enum LearnError {
    /// The caller asked to stop.
    #[error("learning was cancelled")]
    #[diagnostic(code(remit::learn::cancelled), help("start it again"))]
    Cancelled,
    /// There are no examples.
    #[error("there is no good session to learn from: {why}")]
    #[diagnostic(
        code(remit::learn::no_examples),
        help(
            "name recordings that say whether they were solved, or labels that do (`--labels`), or take every session (`--all`)"
        )
    )]
    NoExamples {
        /// What became of the sessions.
        why: String,
    },
    /// A call must be stopped and cannot be.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotStopped(#[from] NotStopped),
    /// A proposal is not what it must be: a mistake of ours, and nothing that may be written.
    #[error("the scope proposed for `{task}` is wrong: {why}")]
    #[diagnostic(
        code(remit::learn::internal),
        help("this is a mistake in Remit; nothing was written")
    )]
    Internal {
        /// The task.
        task: String,
        /// What is wrong.
        why: String,
    },
}

/// Learns the scope of each task of `recordings` from its good sessions. `progress` is told how many of
/// how many tasks are done, and says whether to go on.
///
/// # Errors
/// [`LearnError`].
pub fn learn(
    workspace: &Workspace,
    recordings: &[Recording],
    labels: Option<&Labels>,
    options: &LearnOptions,
    progress: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
) -> Result<Learnt, LearnError> {
    let examples = examples(workspace, recordings, labels, options)?;
    let tasks = sessions(&examples);
    let knowledge = Knowledge::of(&tasks);
    let mut wishes = options.answers.wishes();
    let stopped =
        stop(workspace, recordings, &examples, &knowledge, &mut wishes, &options.must_stop)?;
    let mut proposed = Vec::new();
    for (at, (task, sessions)) in examples.tasks.keys().zip(&tasks).enumerate() {
        if progress(at as u32, tasks.len() as u32).is_break() {
            return Err(LearnError::Cancelled);
        }
        if options.task.as_ref().is_some_and(|only| only != task) {
            continue;
        }
        let wishes = wishes.of(task);
        let clauses = propose(sessions, &knowledge, &wishes);
        check(task, sessions, &clauses, &wishes)?;
        let estimate = leave_one_out(&tasks, at, &wishes);
        proposed.push(scope(task, sessions, &clauses, estimate)?);
    }
    Ok(Learnt {
        version: LEARN_VERSION,
        summary: summary(&proposed, &tasks),
        tasks: proposed,
        stopped,
        left_out: examples.left_out,
    })
}

/// What could be asked about the tools of each task, with what each answer would change.
///
/// # Errors
/// [`LearnError::NoExamples`].
pub fn ask(
    workspace: &Workspace,
    recordings: &[Recording],
    labels: Option<&Labels>,
    options: &LearnOptions,
) -> Result<Vec<Question>, LearnError> {
    let examples = examples(workspace, recordings, labels, options)?;
    let tasks = sessions(&examples);
    Ok(questions(workspace, recordings, &examples, &tasks, options.task.as_deref()))
}

fn examples(
    workspace: &Workspace,
    recordings: &[Recording],
    labels: Option<&Labels>,
    options: &LearnOptions,
) -> Result<Examples, LearnError> {
    let incidents: Vec<String> =
        options.must_stop.iter().map(|incident| incident.session.clone()).collect();
    let choice = Choice {
        labels,
        which: options.which,
        runs: options.runs.unwrap_or(RUNS),
        incidents: &incidents,
    };
    let examples = gather(workspace, recordings, &choice);
    if examples.tasks.is_empty() {
        return Err(LearnError::NoExamples { why: examples.left_out.said() });
    }
    Ok(examples)
}

fn sessions(examples: &Examples) -> Vec<Vec<&Example>> {
    examples.tasks.values().map(|sessions| sessions.iter().collect()).collect()
}

/// A scope that denies what it was learnt from would be worse than none.
fn check(
    task: &str,
    sessions: &[&Example],
    clauses: &[Clause],
    wishes: &Wishes,
) -> Result<(), LearnError> {
    let wrong = |why: String| LearnError::Internal { task: task.to_owned(), why };
    let judge =
        Judge::new(task, clauses).ok_or_else(|| wrong("its text does not parse".to_owned()))?;
    let mut calls = sessions.iter().flat_map(|session| &session.calls);
    let is_ours = |action: &str| !wishes.answers.contains_key(action);
    match calls.find(|call| is_ours(&call.action.uid) && !judge.permits(call)) {
        Some(call) => Err(wrong(format!(
            "it denies step {} of `{}` ({}), which it was learnt from",
            call.at.step, call.at.recording, call.action.id
        ))),
        None => Ok(()),
    }
}

fn scope(
    task: &str,
    sessions: &[&Example],
    clauses: &[Clause],
    estimate: Option<Estimate>,
) -> Result<ProposedScope, LearnError> {
    let text = scope_text(task, sessions.len(), clauses)
        .map_err(|why| LearnError::Internal { task: task.to_owned(), why })?;
    Ok(ProposedScope {
        task: task.to_owned(),
        sessions: sessions.len() as u32,
        clauses: clauses.iter().map(|clause| clause.proposed(task)).collect(),
        estimate,
        text,
    })
}

fn summary(proposed: &[ProposedScope], tasks: &[Vec<&Example>]) -> LearnSummary {
    let clauses = || proposed.iter().flat_map(|scope| &scope.clauses);
    let mut estimate = Estimate::default();
    proposed.iter().filter_map(|scope| scope.estimate).for_each(|of| estimate.add(of));
    let calls = |sessions: &Vec<&Example>| -> usize {
        sessions.iter().map(|session| session.calls.len()).sum()
    };
    let names: BTreeMap<&str, usize> = tasks
        .iter()
        .filter_map(|sessions| Some((sessions.first()?.task.as_str(), calls(sessions))))
        .collect();
    let of = |scope: &ProposedScope| names.get(scope.task.as_str()).copied().unwrap_or(0);
    LearnSummary {
        tasks: proposed.len() as u32,
        sessions: proposed.iter().map(|scope| scope.sessions).sum(),
        calls: proposed.iter().map(of).sum::<usize>() as u32,
        clauses: clauses().count() as u32,
        rest_on_one: clauses().filter(|clause| clause.rests_on_one).count() as u32,
        estimate,
    }
}

impl Clause {
    fn proposed(&self, task: &str) -> ProposedClause {
        let condition = |condition: &Condition| ProposedCondition {
            argument: condition.argument(),
            says: condition.said(),
            seen_once: condition.seen_once(),
        };
        ProposedClause {
            id: format!("{task}.{}", self.name),
            why: self.why(),
            calls: self.calls.clone(),
            sessions: self.sessions as u32,
            rests_on_one: self.rests_on_one(),
            conditions: self.conditions.iter().map(condition).collect(),
        }
    }
}

impl LeftOut {
    /// In words.
    pub fn said(&self) -> String {
        let parts = [
            (self.not_solved, "sessions not solved, as far as anybody says"),
            (self.bad, "sessions excluded, or with a bad call"),
            (
                self.without_task,
                "sessions without a task (a rule in scopes/scopes.toml can name one)",
            ),
            (self.beyond_runs, "sessions beyond the number of runs"),
            (self.refused_calls, "calls that somebody refused or the labels call bad"),
            (
                self.unmapped_calls,
                "calls without a request, or with arguments that do not fit the schema",
            ),
        ];
        let said: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what}: {n}")).collect();
        if said.is_empty() { "nothing was left out".to_owned() } else { said.join(", ") }
    }
}

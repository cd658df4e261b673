//! One question for each cluster of calls: the calls of a task to one tool.

use crate::example::{CallPlace, Example, Examples, Observation, observe, task_of};
use crate::judge::Judge;
use crate::propose::{Knowledge, Wishes, propose};
use crate::stop::AllWishes;
use remit_policy::Workspace;
use remit_replay::Mapper;
use remit_session::Recording;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody says about a tool in a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The task needs it, whatever its arguments.
    Always,
    /// Only with the destinations of good sessions.
    Values,
    /// Only where the destinations came from the user.
    User,
    /// The task does not need it.
    Never,
}

/// What somebody said, by task and action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(pub BTreeMap<(String, String), Answer>);

/// A cluster of calls, and what each answer would change.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The task.
    pub task: String,
    /// The tool, as policies write it: the key of the answer.
    pub action: String,
    /// The tool.
    pub tool: String,
    /// The proposed clause, in a sentence.
    pub proposed: String,
    /// Good calls in the cluster.
    pub calls: u32,
    /// Calls of the task's other sessions in the recordings: not solved, bad, or not said.
    pub other_calls: u32,
    /// What is stopped if nobody answers.
    pub kept: Effect,
    /// What each answer would stop.
    pub answers: Vec<(Answer, Effect)>,
    /// Some of the calls.
    pub places: Vec<CallPlace>,
}

/// What an answer would stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Good calls that would drift.
    pub good: u32,
    /// Calls of the other sessions that would drift.
    pub other: u32,
}

impl Answer {
    /// All four.
    pub fn all() -> [Answer; 4] {
        [Answer::Always, Answer::Values, Answer::User, Answer::Never]
    }

    /// The words for it.
    pub fn said(self) -> &'static str {
        match self {
            Answer::Always => "always",
            Answer::Values => "only with these values",
            Answer::User => "only if the value came from the user",
            Answer::Never => "never",
        }
    }
}

impl Answers {
    pub(crate) fn wishes(&self) -> AllWishes {
        let mut wishes = AllWishes::default();
        for ((task, action), answer) in &self.0 {
            wishes.task(task).answers.insert(action.clone(), *answer);
        }
        wishes
    }
}

/// The questions of all tasks, or of one.
pub(crate) fn questions(
    workspace: &Workspace,
    recordings: &[Recording],
    examples: &Examples,
    tasks: &[Vec<&Example>],
    only: Option<&str>,
) -> Vec<Question> {
    let knowledge = Knowledge::of(tasks);
    let others = other_calls(workspace, recordings, examples);
    let mut questions = Vec::new();
    for (task, sessions) in examples.tasks.keys().zip(tasks) {
        if only.is_some_and(|only| only != task) {
            continue;
        }
        let others = others.get(task).map(Vec::as_slice).unwrap_or_default();
        let cluster = Cluster { task, sessions, knowledge: &knowledge, others };
        questions.extend(cluster.actions().into_iter().filter_map(|uid| cluster.question(uid)));
    }
    questions
}

/// The calls of each task that are no examples.
fn other_calls(
    workspace: &Workspace,
    recordings: &[Recording],
    examples: &Examples,
) -> BTreeMap<String, Vec<Observation>> {
    let Some(mapper) = Mapper::new(workspace) else { return BTreeMap::new() };
    let good: BTreeSet<&CallPlace> =
        examples.tasks.values().flatten().flat_map(|e| &e.calls).map(|call| &call.at).collect();
    let mut others: BTreeMap<String, Vec<Observation>> = BTreeMap::new();
    for recording in recordings {
        for session in &recording.sessions {
            let task = task_of(workspace, recording, session);
            let Some(task) = task.filter(|task| examples.tasks.contains_key(task)) else {
                continue;
            };
            let calls =
                observe(&mapper, recording, session).into_iter().filter_map(|(_, call)| call);
            others.entry(task).or_default().extend(calls.filter(|call| !good.contains(&call.at)));
        }
    }
    others
}

struct Cluster<'c> {
    task: &'c str,
    sessions: &'c [&'c Example],
    knowledge: &'c Knowledge,
    others: &'c [Observation],
}

impl<'c> Cluster<'c> {
    fn calls(&self) -> impl Iterator<Item = &'c Observation> {
        self.sessions.iter().flat_map(|session| &session.calls)
    }

    /// The tools that the task used, without those that only read.
    fn actions(&self) -> BTreeSet<&'c str> {
        let uids = self.calls().map(|call| call.action.uid.as_str());
        uids.filter(|uid| !self.knowledge.looks.contains_key(*uid)).collect()
    }

    fn question(&self, uid: &str) -> Option<Question> {
        let good: Vec<&Observation> = self.calls().filter(|call| call.action.uid == uid).collect();
        let other: Vec<&Observation> =
            self.others.iter().filter(|call| call.action.uid == uid).collect();
        let tool = good.first()?.action.id.clone();
        let proposed = propose(self.sessions, self.knowledge, &Wishes::default());
        let clause = proposed.iter().find(|clause| clause.name == tool)?;
        let answers = Answer::all().map(|answer| {
            let answers = BTreeMap::from([(uid.to_owned(), answer)]);
            let wishes = Wishes { answers, ..Wishes::default() };
            Some((answer, self.effect(&wishes, &good, &other)?))
        });
        Some(Question {
            task: self.task.to_owned(),
            action: uid.to_owned(),
            proposed: clause.why(),
            calls: good.len() as u32,
            other_calls: other.len() as u32,
            kept: self.effect(&Wishes::default(), &good, &other)?,
            answers: answers.into_iter().flatten().collect(),
            places: good.iter().take(5).map(|call| call.at.clone()).collect(),
            tool,
        })
    }

    fn effect(
        &self,
        wishes: &Wishes,
        good: &[&Observation],
        other: &[&Observation],
    ) -> Option<Effect> {
        let judge = Judge::new(self.task, &propose(self.sessions, self.knowledge, wishes))?;
        let denied = |calls: &[&Observation]| {
            calls.iter().filter(|call| !judge.permits(call)).count() as u32
        };
        Some(Effect { good: denied(good), other: denied(other) })
    }
}

//! Examples: the calls of good sessions, as the requests that policies see.
//!
//! A session is good if the labels, else the recording, say that it was solved, and if the labels call
//! none of its executed calls bad. Calls that somebody refused are no examples, whatever the session.

use crate::kind::{Kind, addresses_in};
use crate::labels::{LabelledSession, Labels};
use crate::value::{Path, Seen, arguments};
use cedar_policy::Request;
use remit_policy::{ActionModel, RecordModel, TypeModel, Workspace};
use remit_replay::{Mapped, Mapper, requests, session_key};
use remit_session::{CallIdx, Outcome, Recording, Session, StepIdx, StepKind};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// So many addresses of a session's results are remembered.
const ADDRESSES: usize = 2_000;

/// Which sessions are good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Those that were solved.
    #[default]
    Solved,
    /// All but those that labels exclude or hold a bad call of.
    All,
}

/// A call of a recording, for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CallPlace {
    /// The recording.
    pub recording: String,
    /// The session.
    pub session: String,
    /// The step.
    pub step: u32,
}

/// A good session.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) task: String,
    pub(crate) recording: String,
    pub(crate) session: String,
    /// What the user asked for.
    pub(crate) goal: Option<String>,
    pub(crate) calls: Vec<Observation>,
    /// Addresses that stand in what its tools gave back.
    pub(crate) addresses: BTreeSet<(Kind, String)>,
}

/// A call, as a request.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub(crate) at: CallPlace,
    pub(crate) action: Arc<Action>,
    pub(crate) arguments: BTreeMap<Path, Seen>,
    pub(crate) facts: Facts,
    pub(crate) request: Request,
}

/// What a policy needs to know of an action.
#[derive(Debug)]
pub(crate) struct Action {
    /// As policies name it.
    pub(crate) uid: String,
    pub(crate) id: String,
    /// Whose tool it is: arguments of one server's tools that bear the same name mean the same.
    pub(crate) resource: String,
    pub(crate) read_only: bool,
    pub(crate) context: RecordModel,
}

/// The facts about a call that clauses can use; absent where nobody recorded them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) calls: Option<i64>,
    pub(crate) from_user: Option<BTreeSet<String>>,
    pub(crate) foreign: Option<BTreeSet<String>>,
}

/// The examples, and what became none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Examples {
    /// By task, in the order of the recordings.
    pub(crate) tasks: BTreeMap<String, Vec<Example>>,
    pub(crate) left_out: LeftOut,
}

/// What was not learnt from, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Sessions that were not solved, or of which nobody says so.
    pub not_solved: u32,
    /// Sessions that the labels exclude, or that hold a bad call.
    pub bad: u32,
    /// Sessions that name no task, and for which no rule of `scopes.toml` names one.
    pub without_task: u32,
    /// Sessions beyond the number that was asked for.
    pub beyond_runs: u32,
    /// Calls of good sessions that somebody refused.
    pub refused_calls: u32,
    /// Calls of good sessions that have no request, or whose arguments do not fit the schema.
    pub unmapped_calls: u32,
}

/// How examples are chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice<'c> {
    pub(crate) labels: Option<&'c Labels>,
    pub(crate) which: Which,
    /// At most so many sessions a task.
    pub(crate) runs: usize,
    /// Sessions that are no examples, by id or recording.
    pub(crate) incidents: &'c [String],
}

/// The examples in `recordings`.
pub(crate) fn gather(
    workspace: &Workspace,
    recordings: &[Recording],
    choice: &Choice<'_>,
) -> Examples {
    let mut examples = Examples::default();
    let Some(mapper) = Mapper::new(workspace) else { return examples };
    let mut reader = Reader { mapper: &mapper, actions: HashMap::new() };
    for recording in recordings {
        let labels = choice.labels.map(|labels| labels.of(&recording.path)).unwrap_or_default();
        for session in &recording.sessions {
            let label = labels
                .iter()
                .map(|(_, label)| *label)
                .find(|label| label.session.as_ref().is_none_or(|id| *id == session.id));
            let left_out = &mut examples.left_out;
            if is_incident(recording, session, choice.incidents) || is_bad(session, label) {
                left_out.bad += 1;
            } else if choice.which == Which::Solved && !is_solved(session, label) {
                left_out.not_solved += 1;
            } else if let Some(task) = task_of(workspace, recording, session) {
                let sessions = examples.tasks.entry(task.clone()).or_default();
                if sessions.len() >= choice.runs {
                    left_out.beyond_runs += 1;
                } else {
                    sessions.push(reader.example(task, recording, session, label, left_out));
                }
            } else {
                left_out.without_task += 1;
            }
        }
    }
    examples
}

/// What the scope of a session is called, whether or not it exists.
pub(crate) fn task_of(
    workspace: &Workspace,
    recording: &Recording,
    session: &Session,
) -> Option<String> {
    workspace.tasks.names(&session_key(recording, session)).scopes.into_iter().next()
}

pub(crate) fn is_incident(recording: &Recording, session: &Session, incidents: &[String]) -> bool {
    incidents.iter().any(|name| *name == session.id || recording.path == *name)
}

fn is_solved(session: &Session, label: Option<&LabelledSession>) -> bool {
    label.and_then(|label| label.solved).or(session.solved) == Some(true)
}

/// Excluded, or with a bad call that nobody refused.
fn is_bad(session: &Session, label: Option<&LabelledSession>) -> bool {
    let Some(label) = label else { return false };
    let (ids, indexes) = bad_calls(label);
    let ran =
        |outcome| matches!(outcome, Outcome::Executed | Outcome::Failed | Outcome::Unrecorded);
    label.excluded.is_some()
        || session.calls().any(|(_, _, call)| {
            let named = call.id.as_deref().is_some_and(|id| ids.contains(id));
            (named || indexes.contains(&call.index)) && ran(call.outcome)
        })
}

fn bad_calls(label: &LabelledSession) -> (HashSet<&str>, HashSet<CallIdx>) {
    let bad = label.calls.iter().filter(|call| call.is_bad == Some(true));
    let ids = bad.clone().filter_map(|call| call.id.as_deref()).collect();
    let indexes = bad.filter(|call| call.id.is_none()).filter_map(|call| call.index.map(CallIdx));
    (ids, indexes.collect())
}

struct Reader<'m, 'w> {
    mapper: &'m Mapper<'w>,
    actions: HashMap<String, Arc<Action>>,
}

impl Reader<'_, '_> {
    fn example(
        &mut self,
        task: String,
        recording: &Recording,
        session: &Session,
        label: Option<&LabelledSession>,
        left_out: &mut LeftOut,
    ) -> Example {
        let (ids, indexes) = label.map(bad_calls).unwrap_or_default();
        let mut calls = Vec::new();
        for ((_, _, call), (step, mapped)) in session.calls().zip(requests(self.mapper, session)) {
            let named = call.id.as_deref().is_some_and(|id| ids.contains(id));
            if call.outcome == Outcome::Refused || named || indexes.contains(&call.index) {
                left_out.refused_calls += 1;
                continue;
            }
            let at = CallPlace {
                recording: recording.path.to_string(),
                session: session.id.clone(),
                step: step.0,
            };
            match mapped.ok().and_then(|mapped| self.observation(at, &mapped)) {
                Some(observation) => calls.push(observation),
                None => left_out.unmapped_calls += 1,
            }
        }
        Example {
            task,
            recording: recording.path.to_string(),
            session: session.id.clone(),
            goal: session.goal.clone(),
            calls,
            addresses: addresses(session),
        }
    }

    fn observation(&mut self, at: CallPlace, mapped: &Mapped<'_>) -> Option<Observation> {
        let request = mapped.request().ok()?;
        let context = request.context()?.to_json_value().ok()?;
        let action = self.action(mapped);
        let mut arguments = arguments(context.get("input").unwrap_or(&Value::Null));
        for (path, seen) in &mut arguments {
            // Records that leave something out cannot be written down as values of their type.
            if seen.holds_records() && !action.fits(path, seen) {
                *seen = Seen::Other;
            }
        }
        let fits = arguments.iter().all(|(path, seen)| action.fits(path, seen))
            && is_complete(&context, &action.context);
        let facts = Facts::of(context.get("session").unwrap_or(&Value::Null));
        fits.then_some(Observation { at, action, arguments, facts, request })
    }

    fn action(&mut self, mapped: &Mapped<'_>) -> Arc<Action> {
        let model: &ActionModel = mapped.action();
        let resource = mapped.resource().to_string();
        let known = self.actions.entry(format!("{} {resource}", model.uid));
        Arc::clone(known.or_insert_with(|| {
            Arc::new(Action {
                uid: model.uid.to_string(),
                id: model.id.clone(),
                read_only: mapped.is_read_only(),
                context: model.context.clone(),
                resource,
            })
        }))
    }
}

/// Every call of a session as an observation; `None` where it has no request.
pub(crate) fn observe(
    mapper: &Mapper<'_>,
    recording: &Recording,
    session: &Session,
) -> Vec<(StepIdx, Option<Observation>)> {
    let mut reader = Reader { mapper, actions: HashMap::new() };
    let observe = |(step, mapped): (StepIdx, Result<Mapped<'_>, _>)| {
        let at = CallPlace {
            recording: recording.path.to_string(),
            session: session.id.clone(),
            step: step.0,
        };
        (step, mapped.ok().and_then(|mapped| reader.observation(at, &mapped)))
    };
    requests(mapper, session).into_iter().map(observe).collect()
}

fn addresses(session: &Session) -> BTreeSet<(Kind, String)> {
    let mut found = BTreeSet::new();
    for step in &session.steps {
        if let StepKind::Result(result) = &step.kind {
            found.extend(addresses_in(&result.text, ADDRESSES.saturating_sub(found.len())));
        }
    }
    found
}

impl Facts {
    fn of(session: &Value) -> Self {
        let names = |fact: &str| -> Option<BTreeSet<String>> {
            let names = session.get(fact)?.as_array()?.iter();
            Some(names.filter_map(Value::as_str).map(str::to_owned).collect())
        };
        Facts {
            calls: session.get("calls").and_then(Value::as_i64),
            from_user: names("fromUser"),
            foreign: names("foreignAddresses").or_else(|| names("foreignTokens")),
        }
    }
}

impl Action {
    /// The declared type of what stands at `path` below `context`.
    pub(crate) fn type_at(&self, path: &[&str]) -> Option<&TypeModel> {
        let (last, above) = path.split_last()?;
        let mut record = &self.context;
        for name in above {
            match &record.attributes.get(*name)?.ty {
                TypeModel::Record(inner) => record = inner,
                _ => return None,
            }
        }
        record.attributes.get(*last).map(|attribute| &attribute.ty)
    }

    /// The arguments that a call may leave out.
    pub(crate) fn optional_arguments(&self) -> Vec<Path> {
        let mut found = Vec::new();
        if let Some(TypeModel::Record(input)) = self.type_at(&["input"]) {
            optional(input, &mut Path::new(), &mut found);
        }
        found
    }

    /// Whether a policy may compare what was sent with what the schema says.
    fn fits(&self, path: &Path, seen: &Seen) -> bool {
        let full: Vec<&str> =
            std::iter::once("input").chain(path.iter().map(String::as_str)).collect();
        self.type_at(&full).is_some_and(|ty| is_of(seen, ty))
    }
}

fn optional(record: &RecordModel, path: &mut Path, found: &mut Vec<Path>) {
    for (name, declared) in &record.attributes {
        path.push(name.clone());
        match &declared.ty {
            TypeModel::Record(inner) => optional(inner, path, found),
            _ if !declared.required => found.push(path.clone()),
            _ => {}
        }
        path.pop();
    }
}

/// Whether all that the schema requires is there: a policy that reads what is not there fails.
fn is_complete(value: &Value, model: &RecordModel) -> bool {
    model.attributes.iter().all(|(name, declared)| match (value.get(name), &declared.ty) {
        (Some(inner), TypeModel::Record(model)) => is_complete(inner, model),
        (Some(_), _) => true,
        (None, _) => !declared.required,
    })
}

fn is_of(seen: &Seen, ty: &TypeModel) -> bool {
    match (seen, ty) {
        (Seen::Other, _)
        | (Seen::Text(_), TypeModel::String)
        | (Seen::Long(_), TypeModel::Long)
        | (Seen::Bool(_), TypeModel::Bool)
        | (Seen::Decimal(_), TypeModel::Decimal) => true,
        (Seen::Set(items), TypeModel::Set(of)) => items.iter().all(|item| is_of(item, of)),
        (Seen::Record(fields), TypeModel::Record(model)) => {
            fields.len() == model.attributes.len()
                && model.attributes.iter().all(|(name, declared)| {
                    let field = fields.get(name);
                    declared.required && field.is_some_and(|seen| is_of(seen, &declared.ty))
                })
        }
        _ => false,
    }
}

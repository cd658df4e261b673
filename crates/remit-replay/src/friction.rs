//! Friction: calls that the task needs and the guardrails deny, and the smallest change that would let
//! them through.
//!
//! Calls that the same guardrails deny for the same tool and tasks are a group. A proposal is the text of
//! one policy file: an exception for exactly the tool and the tasks of the group, or a permit of them
//! where no guardrail permits. What else the change would let through is counted by judging everything
//! again with it. Not here: writing the file.

use crate::{Cancelled, CorpusBuilder, JudgedCall, LiveReplay, Replay, Verdict};
use camino::Utf8PathBuf;
use cedar_policy::EntityUid;
use remit_policy::{Effect, Workspace};
use remit_session::{Recording, StepIdx};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

/// So many groups get a proposal: each costs a judgement.
const PROPOSALS: usize = 20;

/// Calls that are needed and denied for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Friction {
    /// The action's id.
    pub action: String,
    /// The guardrails that forbid it; none where no guardrail permits it.
    pub forbidden_by: Vec<String>,
    /// The tasks, sorted; those of sessions without a name are not among them.
    pub tasks: Vec<String>,
    /// The calls: recording, session and step, in order.
    pub calls: Vec<(usize, usize, StepIdx)>,
    /// What would let them through.
    pub proposal: Option<Proposal>,
}

/// A change of the guardrails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// What is added to it, or to a policy of it.
    pub added: String,
    /// The whole file with the change.
    pub text: String,
    /// How many calls of the group it lets through.
    pub lets_through: usize,
    /// Calls beyond the group that would no longer be denied.
    pub also: Vec<Also>,
}

/// Calls beyond a group that a change lets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Also {
    /// The tool's action.
    pub action: String,
    /// What they would be.
    pub verdict: Verdict,
    /// How many.
    pub calls: usize,
}

/// What calls are grouped by: the action, and what forbids it.
type Key = (String, Vec<String>);
/// A call: recording, session and step.
type Place = (usize, usize, StepIdx);

/// The tasks and the calls of a group.
#[derive(Default)]
struct Members {
    tasks: BTreeSet<String>,
    calls: Vec<Place>,
}

/// The friction of a replay of `recordings` against `workspace`; most calls first.
///
/// # Errors
/// [`Cancelled`] if `go_on` said so.
pub fn friction(
    workspace: &Workspace,
    recordings: &[Recording],
    replay: &Replay,
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Result<Vec<Friction>, Cancelled> {
    let mut groups = groups(replay);
    if groups.is_empty() {
        return Ok(groups);
    }
    let mut corpus = CorpusBuilder::new(workspace);
    recordings.iter().for_each(|recording| corpus.add(recording));
    let mut live = LiveReplay::new(Arc::new(corpus.finish()));
    for group in groups.iter_mut().take(PROPOSALS) {
        let Some((file, added, text)) = change(workspace, group) else { continue };
        let Ok(changed) = workspace.with_texts(&[(file.clone(), text.clone())]) else { continue };
        let after = live.judge(&changed, go_on)?.sessions(&changed, recordings);
        let (lets_through, also) = let_through(replay, &after, group);
        group.proposal = Some(Proposal { file, added, text, lets_through, also });
    }
    Ok(groups)
}

fn groups(replay: &Replay) -> Vec<Friction> {
    let mut groups: BTreeMap<Key, Members> = BTreeMap::new();
    for session in &replay.sessions {
        for call in session.calls.iter().filter(|call| is_friction(call)) {
            let Some(judged) = &call.judged else { continue };
            let key = (judged.action.clone(), judged.guardrails.reasons.clone());
            let group = groups.entry(key).or_default();
            group.tasks.extend(session.task.clone());
            group.calls.push((session.recording, session.session, call.step));
        }
    }
    let group = |((action, forbidden_by), Members { tasks, calls }): (Key, Members)| {
        let tasks = tasks.into_iter().collect();
        Friction { action, forbidden_by, tasks, calls, proposal: None }
    };
    let mut groups: Vec<Friction> = groups.into_iter().map(group).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.calls.len()));
    groups
}

fn is_friction(call: &JudgedCall) -> bool {
    call.verdict == Verdict::Denied && call.scope_allows() == Some(true)
}

/// The file, what is added, and the file with it.
fn change(workspace: &Workspace, group: &Friction) -> Option<(Utf8PathBuf, String, String)> {
    let model = &workspace.schema.as_ref()?.model;
    let action = model.action(&group.action)?.uid.to_string();
    let tasks: Vec<String> = group.tasks.iter().map(|task| task_uid(workspace, task)).collect();
    match group.forbidden_by.as_slice() {
        [] => permit(workspace, group, &action, &tasks),
        [forbid] => exception(workspace, forbid, &action, &tasks),
        // Several policies would have to change, and none of them alone lets the calls through.
        _ => None,
    }
}

fn permit(
    workspace: &Workspace,
    group: &Friction,
    action: &str,
    tasks: &[String],
) -> Option<(Utf8PathBuf, String, String)> {
    let first = workspace.guardrails.policies.first()?;
    let of_tasks = condition(None, tasks);
    let when = of_tasks.map(|tasks| format!("\nwhen {{ {tasks} }}")).unwrap_or_default();
    let id = format!("let-{}-through", group.action);
    let added = format!(
        "@id({id:?})\n@why(\"The task needs it, and no guardrail permitted it.\")\npermit (principal, action == {action}, resource){when};\n"
    );
    let text = workspace.text(&first.file)?;
    Some((first.file.clone(), added.clone(), format!("{}\n\n{added}", text.trim_end())))
}

fn exception(
    workspace: &Workspace,
    forbid: &str,
    action: &str,
    tasks: &[String],
) -> Option<(Utf8PathBuf, String, String)> {
    let policy = workspace.guardrails.policy(forbid).filter(|p| p.effect == Effect::Forbid)?;
    let added = format!("unless {{ {} }}", condition(Some(action), tasks)?);
    let body = policy.text.trim_end().strip_suffix(';')?;
    let changed = format!("{}\n{added};", body.trim_end());
    let text = workspace.text(&policy.file)?;
    let (before, after) = (text.get(..policy.span.start)?, text.get(policy.span.end..)?);
    Some((policy.file.clone(), added, format!("{before}{changed}{after}")))
}

/// Exactly the action and the tasks of a group; for tasks without a name, the action alone.
fn condition(action: Option<&str>, tasks: &[String]) -> Option<String> {
    let action = action.map(|action| format!("action == {action}"));
    let tasks = match tasks {
        [] => None,
        [task] => Some(format!("principal in {task}")),
        tasks => Some(format!("principal in [{}]", tasks.join(", "))),
    };
    let both: Vec<String> = action.into_iter().chain(tasks).collect();
    (!both.is_empty()).then(|| both.join(" && "))
}

fn task_uid(workspace: &Workspace, task: &str) -> String {
    let model = workspace.schema.as_ref().and_then(|schema| schema.model.namespace.clone());
    let ty = match model.as_deref() {
        Some(namespace) if !namespace.is_empty() => format!("{namespace}::Task"),
        Some(_) | None => "Task".to_owned(),
    };
    let uid = ty
        .parse()
        .map(|ty| EntityUid::from_type_name_and_id(ty, cedar_policy::EntityId::new(task)));
    uid.map_or_else(|_| format!("Task::{task:?}"), |uid| uid.to_string())
}

/// How many calls of the group are no longer denied, and which others.
fn let_through(
    before: &Replay,
    after: &[crate::SessionReplay],
    group: &Friction,
) -> (usize, Vec<Also>) {
    let of_group: BTreeSet<&Place> = group.calls.iter().collect();
    let mut own = 0;
    let mut also: BTreeMap<(String, &'static str), (Verdict, usize)> = BTreeMap::new();
    for (one, other) in before.sessions.iter().zip(after) {
        for (was, is) in one.calls.iter().zip(&other.calls) {
            if was.verdict != Verdict::Denied || is.verdict == Verdict::Denied {
                continue;
            }
            if of_group.contains(&(one.recording, one.session, was.step)) {
                own += 1;
                continue;
            }
            let action = is.judged.as_ref().map(|judged| judged.action.clone());
            let key = (action.unwrap_or_default(), is.verdict.word());
            also.entry(key).or_insert((is.verdict, 0)).1 += 1;
        }
    }
    let also = also
        .into_iter()
        .map(|((action, _), (verdict, calls))| Also { action, verdict, calls })
        .collect();
    (own, also)
}

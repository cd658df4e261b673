//! Why a tool call has its verdict.

use super::session::{call_view, step_of};
use super::text::{EXCERPT_CHARS, excerpt};
use super::words::{effect, severity_of, whence_of};
use super::workspace::why_of;
use crate::snapshot::{Found, Snapshot};
use crate::wire::*;
use cedar_policy::{Entities, Request};
use remit_policy::{Layer as PolicyLayer, PolicySource, Workspace};
use remit_replay::history::{Asked, Literal, LiteralKind, Witness};
use remit_replay::{Evaluated, JudgedCall, Judgement, Mapper, explain, history_at};
use remit_session::StepKind;

pub(crate) fn why(snapshot: &Snapshot, request: &StepRequest) -> Result<Why, ErrorDto> {
    snapshot.look(request.session, |found| why_of_step(&snapshot.workspace, &found, request))
}

fn why_of_step(
    workspace: &Workspace,
    found: &Found<'_>,
    request: &StepRequest,
) -> Result<Why, ErrorDto> {
    let step = step_of(found, request.step)?;
    let none = || ErrorDto::not_found(format!("step {} is no tool call", request.step));
    let StepKind::Call(call) = &step.kind else {
        return Err(none());
    };
    let judged = found.replayed.calls.iter().find(|c| c.step.0 == request.step).ok_or_else(none)?;
    let sides = judged.judged.as_ref();
    let guardrails = &workspace.guardrails;
    let scope = found.scope(workspace);
    let mapper = Mapper::new(workspace);
    let mapped =
        mapper.as_ref().and_then(|m| explain(m, found.session, judged.step)).and_then(Result::ok);
    let asked = mapped.as_ref().and_then(|mapped| {
        let request = mapped.request().ok()?;
        let task = found.replayed.task.as_deref();
        let entities = mapper.as_ref()?.entities(request.principal()?, task);
        Some((request, entities))
    });
    let asked = asked.as_ref();
    Ok(Why {
        step: request.step,
        call: call_view(call, judged),
        agent: found.session.agent(step.lane).to_owned(),
        task: found.replayed.task.clone(),
        sentence: sentence(&call.tool, found.replayed.task.as_deref(), judged),
        guardrails: sides.map(|j| decision(workspace, &j.guardrails, Some(guardrails), asked)),
        scope: sides.and_then(|j| j.scope.as_ref()).map(|j| decision(workspace, j, scope, asked)),
        severity: judged.severity.map(severity_of),
        because: judged.because.iter().map(because_of).collect(),
        nearest: scope.and_then(|layer| nearest(workspace, layer, found, judged, mapper.as_ref()?)),
        unknown: judged
            .unknown
            .as_ref()
            .map(|u| UnknownReason { message: u.message.clone(), help: u.help.clone() }),
        history: history(workspace, found, judged),
        misfits: judged.misfits.clone(),
        request: mapped.map(|m| request_view(&m.request_json())),
    })
}

fn history(workspace: &Workspace, found: &Found<'_>, judged: &JudgedCall) -> Vec<HistoryCondition> {
    let witness = |w: Witness| HistoryWitness { steps: w.steps, words: w.words };
    let literal = |l: Literal| HistoryLiteral {
        is_window: l.kind == LiteralKind::Window,
        text: l.text,
        start: l.span.start as u32,
    };
    let condition = |asked: Asked| HistoryCondition {
        text: asked.text,
        start: asked.span.start as u32,
        holds: asked.holds,
        witnesses: asked.witnesses.into_iter().map(witness).collect(),
        literals: asked.literals.into_iter().map(literal).collect(),
    };
    let asked = history_at(workspace, found.session, judged.step);
    asked.into_iter().map(condition).collect()
}

/// The verdict in a sentence: what, by which policy, and what the task says to it.
fn sentence(tool: &str, task: Option<&str>, judged: &JudgedCall) -> String {
    let task = task.map_or_else(|| "the task".to_owned(), |t| format!("the task `{t}`"));
    let sides = judged.judged.as_ref();
    let by =
        sides.and_then(|j| j.guardrails.reasons.first()).map(|id| format!("`{id}` forbids it"));
    let by = by.unwrap_or_else(|| "no guardrail permits it".to_owned());
    let said = match (judged.verdict, judged.scope_allows()) {
        (remit_replay::Verdict::Allowed, Some(_)) => {
            format!("`{tool}` is within its remit: the guardrails permit it, and {task} needs it.")
        }
        (remit_replay::Verdict::Allowed, None) => format!(
            "`{tool}` is permitted by the guardrails. No scope says what {task} needs, so it cannot drift."
        ),
        (remit_replay::Verdict::Drifted, _) => {
            format!("`{tool}` is permitted by the guardrails, but {task} does not need it.")
        }
        (remit_replay::Verdict::Denied, Some(true)) => {
            format!("`{tool}` is denied: {by}. That is friction: {task} needs it.")
        }
        (remit_replay::Verdict::Denied, Some(false)) => {
            format!("`{tool}` is denied: {by}, and {task} does not need it.")
        }
        (remit_replay::Verdict::Denied, None) => format!("`{tool}` is denied: {by}."),
        (remit_replay::Verdict::Unknown, _) => {
            format!("Nobody can say whether `{tool}` is allowed.")
        }
    };
    if judged.is_uncertain() { said + " A policy failed, so this is uncertain." } else { said }
}

/// A request, and the entities that it is judged with.
type AskedAt = (Request, Entities);

fn decision(
    workspace: &Workspace,
    judged: &Judgement,
    layer: Option<&PolicyLayer>,
    asked: Option<&AskedAt>,
) -> Decision {
    let text = |id: &str| policy_text(workspace, id, layer.and_then(|l| l.policy(id)));
    let valued = |id: &str| {
        let policy = text(id);
        let clauses = asked.map(|(request, entities)| clauses(&policy.text, request, entities));
        PolicyText { clauses: clauses.unwrap_or_default(), ..policy }
    };
    let otherwise = layer.zip(asked).map(|(layer, (request, entities))| {
        remit_replay::otherwise(layer, judged, request, entities)
            .into_iter()
            .map(|one| otherwise_view(layer, one, &text))
            .collect()
    });
    let failure = |e: &remit_replay::PolicyError| PolicyFailure {
        policy: text(&e.policy),
        message: e.message.clone(),
    };
    Decision {
        allow: judged.allow,
        uncertain: judged.uncertain,
        reasons: judged.reasons.iter().map(|id| valued(id)).collect(),
        errors: judged.errors.iter().map(failure).collect(),
        otherwise: otherwise.unwrap_or_default(),
    }
}

/// Conditions over history in their author's words.
fn otherwise_view(
    layer: &PolicyLayer,
    one: remit_replay::Otherwise,
    text: &dyn Fn(&str) -> PolicyText,
) -> Otherwise {
    let leaves = layer.policy(&one.policy).map(|policy| policy.leaves.clone()).unwrap_or_default();
    let in_words = |condition: String| {
        leaves.iter().fold(condition, |condition, leaf| {
            condition.replace(&format!("context[\"{}\"]", leaf.name), &leaf.text)
        })
    };
    Otherwise {
        policy: text(&one.policy),
        must_apply: one.must_apply,
        conditions: one.conditions.into_iter().map(in_words).collect(),
    }
}

fn clauses(text: &str, request: &Request, entities: &Entities) -> Vec<ClauseValue> {
    let values = remit_replay::clause_values(text, request, entities).into_iter();
    let clause = |of: remit_replay::ClauseValue| ClauseValue {
        is_unless: of.is_unless,
        whole: condition_part(of.whole),
    };
    values.map(clause).collect()
}

fn condition_part(of: remit_replay::PartValueNode) -> ConditionPart {
    let (state, value) = match of.value {
        Evaluated::Bool(true) => (PartState::Holds, None),
        Evaluated::Bool(false) => (PartState::Fails, None),
        Evaluated::Value(value) => (PartState::Value, Some(value)),
        Evaluated::Failed(why) => (PartState::Error, Some(why)),
        Evaluated::NotReached => (PartState::NotReached, None),
    };
    let parts = of.parts.into_iter().map(condition_part).collect();
    ConditionPart { text: of.text, state, value, parts }
}

fn because_of(because: &remit_replay::Because) -> Because {
    Because {
        argument: because.argument.clone(),
        value: excerpt(&because.value, EXCERPT_CHARS).text,
        origin: whence_of(because.kind),
        step: because.step.map(|step| step.0),
        tool: because.tool.clone(),
        confidence: because.found.map(remit_session::Match::confidence),
        excerpt: because.excerpt.as_ref().map(|e| ValueExcerpt {
            before: e.before.clone(),
            value: excerpt(&e.value, EXCERPT_CHARS).text,
            after: e.after.clone(),
        }),
    }
}

/// The clause that a drifted call nearly met; none where a forbid decided.
fn nearest(
    workspace: &Workspace,
    layer: &PolicyLayer,
    found: &Found<'_>,
    judged: &JudgedCall,
    mapper: &Mapper<'_>,
) -> Option<NearestClause> {
    let clause = remit_replay::missed_clause(mapper, layer, found.session, found.replayed, judged)?;
    let policy = policy_text(workspace, &clause.policy, layer.policy(&clause.policy));
    Some(NearestClause { policy, failed: clause.failed })
}

/// A policy by its id. The link of a template has an id of its own and its template's text.
fn policy_text(workspace: &Workspace, id: &str, policy: Option<&PolicySource>) -> PolicyText {
    let asking = policy.filter(|p| !p.leaves.is_empty());
    let reading = asking.and_then(|p| workspace.history.as_ref()?.reading(p));
    let (reading, sees) = reading.map_or((None, None), |r| (Some(r.text), r.sees));
    PolicyText {
        id: id.to_owned(),
        file: policy.map(|p| p.file.to_string()).unwrap_or_default(),
        line: policy.map(|p| p.line).unwrap_or_default(),
        effect: policy.map_or(Effect::Permit, |p| effect(p.effect)),
        text: policy.map(|p| p.text.clone()).unwrap_or_default(),
        why: policy.and_then(why_of),
        reading,
        sees,
        clauses: Vec::new(),
    }
}

fn request_view(request: &serde_json::Value) -> RequestView {
    let text = |key: &str| request.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let context =
        request.get("context").map(|c| serde_json::to_string_pretty(c).unwrap_or_default());
    RequestView {
        principal: text("principal"),
        action: text("action"),
        resource: text("resource"),
        context: excerpt(&context.unwrap_or_default(), EXCERPT_CHARS * 4).text,
    }
}

//! What policies do to the recorded calls: condition by condition, and the other way round.

use super::{App, lock};
use crate::snapshot::Snapshot;
use crate::view;
use crate::wire::*;
use camino::Utf8Path;
use remit_policy::{LayerRef, PolicySource, ValueKind, Workspace, format_text};
use remit_replay::{ConditionsOf, LiveReplay, candidates};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A policy of a layer: the task of its scope, or none.
type Placed<'w> = (Option<&'w str>, &'w PolicySource);

impl App {
    pub(crate) fn policy_effects(&self, request: FileRequest) -> Result<PolicyEffects, ErrorDto> {
        let saved = self.with_open(|open| Arc::clone(&open.workspace))?;
        let shown = self.judged()?;
        let revision = self.0.revision.load(Ordering::SeqCst);
        let path = Utf8Path::new(&request.path);
        let text = shown.workspace.text(path).unwrap_or_default();
        let guard = lock(&self.0.live);
        let live =
            guard.as_ref().filter(|live| Arc::ptr_eq(live.corpus(), &shown.recordings.corpus));
        let Some(live) = live else { return Ok(PolicyEffects { revision, policies: Vec::new() }) };
        let judge = Judge { live, saved: &saved, shown: &shown, text };
        let policies = placed(&shown.workspace, path).into_iter().filter_map(|of| judge.effect(of));
        Ok(PolicyEffects { revision, policies: policies.collect() })
    }

    pub(crate) fn policies_from_calls(
        &self,
        request: CallsRequest,
    ) -> Result<Candidates, ErrorDto> {
        let shown = self.judged()?;
        let positions: Vec<usize> = request.positions.iter().map(|at| *at as usize).collect();
        let forbids = request.effect == Effect::Forbid;
        let made = candidates(&shown.workspace, &shown.recordings.corpus, &positions, forbids);
        let file = Utf8Path::new("guardrails/new.cedar");
        let candidate = |made: remit_replay::Candidate| CandidateView {
            text: format_text(file, &made.text).unwrap_or(made.text),
            title: made.title,
        };
        Ok(Candidates { candidates: made.into_iter().map(candidate).collect() })
    }
}

impl App {
    pub(crate) fn rules(&self, _: Nothing) -> Result<Rules, ErrorDto> {
        let workspace = self.with_open(|open| Arc::clone(&open.workspace))?;
        Ok(Rules { rules: remit_policy::rules(&workspace).into_iter().map(rule).collect() })
    }

    pub(crate) fn fill_rule(&self, request: FillRule) -> Result<RuleText, ErrorDto> {
        let workspace = self.with_open(|open| Arc::clone(&open.workspace))?;
        let text = remit_policy::fill_rule(&workspace, &request.name, &request.values)
            .map_err(|error| ErrorDto::bad_request(error.to_string()))?;
        let text = format_text(Utf8Path::new("guardrails/new.cedar"), &text).unwrap_or(text);
        Ok(RuleText { text })
    }
}

fn rule(rule: remit_policy::Rule) -> RuleView {
    let value = |value: remit_policy::RuleValue| RuleValueView {
        kind: match value.kind {
            ValueKind::Number => RuleValueKind::Number,
            ValueKind::Texts => RuleValueKind::Texts,
            ValueKind::Agent
            | ValueKind::Tool
            | ValueKind::Task
            | ValueKind::TextArgument
            | ValueKind::NumberArgument => RuleValueKind::Choice,
        },
        name: value.name,
        label: value.label,
        choices: value.choices,
        example: value.example,
    };
    RuleView {
        name: rule.name,
        title: rule.title,
        about: rule.about,
        values: rule.values.into_iter().map(value).collect(),
        why_not: rule.why_not,
    }
}

/// The policies of a file, each once for the layer that it is in, in the order in which they are written.
fn placed<'w>(workspace: &'w Workspace, file: &Utf8Path) -> Vec<Placed<'w>> {
    let guardrails = workspace.guardrails.policies.iter().map(|policy| (None, &**policy));
    let scoped = workspace.scopes.iter().flat_map(|scope| {
        scope.layer.policies.iter().map(|policy| (Some(scope.task.as_str()), &**policy))
    });
    let mut placed: Vec<Placed<'_>> =
        guardrails.chain(scoped).filter(|(_, policy)| policy.file == file).collect();
    placed.sort_by_key(|(_, policy)| policy.span.start);
    placed
}

struct Judge<'a> {
    live: &'a LiveReplay,
    saved: &'a Workspace,
    shown: &'a Snapshot,
    text: &'a str,
}

impl Judge<'_> {
    fn conditions(&self, text: &str, task: Option<&str>) -> Option<ConditionsOf> {
        self.live.conditions(text, task, &|| ControlFlow::Continue(())).ok().flatten()
    }

    fn effect(&self, (task, policy): Placed<'_>) -> Option<PolicyEffect> {
        let now = self.conditions(&policy.text, task)?;
        let layer = task.map_or(LayerRef::Guardrails, LayerRef::Scope);
        let saved = self.saved.policy(layer, &policy.id);
        let before = saved.and_then(|saved| self.conditions(&saved.text, task)).unwrap_or_default();
        let [from, to] = view::units(self.text, [policy.span.start, policy.span.end]);
        let decided = self.shown.verdicts.decided().into_iter();
        let decided = decided
            .filter(|by| by.scope.as_deref() == task && *by.policy == *policy.id)
            .map(|by| by.calls as u32)
            .sum();
        let is_alike = before.conditions.len() == now.conditions.len();
        let conditions = now.conditions.iter().enumerate().map(|(at, condition)| {
            let start = policy.span.start;
            let span = [start + condition.span.start, start + condition.span.end];
            let [from, to] = view::units(self.text, span);
            let before = before.conditions.get(at).filter(|_| is_alike);
            ConditionEffect {
                from,
                to,
                is_unless: condition.is_unless,
                matched: condition.fits.len() as u32,
                keeps_out: condition.keeps_out.len() as u32,
                changed: before.map(|before| condition.fits.xor(&before.fits).len() as u32),
            }
        });
        Some(PolicyEffect {
            id: policy.id.clone(),
            from,
            to,
            matched: now.matched.len() as u32,
            decided,
            changed: now.matched.xor(&before.matched).len() as u32,
            conditions: conditions.collect(),
        })
    }
}

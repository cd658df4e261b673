//! What policies do to the recorded calls: condition by condition, and the other way round.

use super::{App, lock};
use crate::view;
use crate::wire::*;
use camino::Utf8Path;
use remit_policy::{LayerRef, PolicySource, Workspace, format_text};
use remit_replay::{Candidate, ConditionRows, ConditionsOf, LiveReplay, candidates, narrowings};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A policy of a layer: the task of its scope, or none.
type Placed<'w> = (Option<&'w str>, &'w PolicySource);

impl App {
    /// Asked after every judgement, so that a newer one, of these or of verdicts, abandons it between any
    /// two policies, and a judgement never waits for more than one of them.
    pub(crate) fn policy_effects(&self, request: FileRequest) -> Result<PolicyEffects, ErrorDto> {
        let ticket = self.0.effects.fetch_add(1, Ordering::SeqCst) + 1;
        let saved = self.with_open(|open| Arc::clone(&open.workspace))?;
        let shown = self.judged()?;
        let revision = self.0.revision.load(Ordering::SeqCst);
        let is_wanted = || {
            self.0.effects.load(Ordering::SeqCst) == ticket
                && self.0.revision.load(Ordering::SeqCst) == revision
        };
        let path = Utf8Path::new(&request.path);
        let text = shown.workspace.text(path).unwrap_or_default();
        let decided = shown.verdicts.decided();
        let decided =
            decided.iter().map(|by| ((by.scope.as_deref(), &*by.policy), by.calls)).collect();
        let mut effects = Effects { saved: &saved, decided, units: view::Units::new(text) };
        let mut policies = Vec::new();
        for placed in placed(&shown.workspace, path) {
            let guard = lock(&self.0.live);
            let live =
                guard.as_ref().filter(|live| Arc::ptr_eq(live.corpus(), &shown.recordings.corpus));
            let Some(live) = live.filter(|_| is_wanted()) else { break };
            policies.extend(effects.of(live, placed));
        }
        Ok(PolicyEffects { revision, policies })
    }

    pub(crate) fn policies_from_calls(
        &self,
        request: CallsRequest,
    ) -> Result<Candidates, ErrorDto> {
        let shown = self.judged()?;
        let positions: Vec<usize> = request.positions.iter().map(|at| *at as usize).collect();
        let forbids = request.effect == Effect::Forbid;
        let made = candidates(&shown.workspace, &shown.recordings.corpus, &positions, forbids);
        Ok(formatted(made))
    }

    pub(crate) fn narrowings(&self, request: NarrowRequest) -> Result<Candidates, ErrorDto> {
        let shown = self.judged()?;
        let (agent, action) = (&request.agent, &request.action);
        let made = narrowings(&shown.workspace, &shown.recordings.corpus, agent, action);
        match made.is_empty() {
            true => Err(ErrorDto::not_found(format!("the schema has no action `{action}`"))),
            false => Ok(formatted(made)),
        }
    }
}

fn formatted(made: Vec<Candidate>) -> Candidates {
    let file = Utf8Path::new("guardrails/new.cedar");
    let candidate = |made: Candidate| CandidateView {
        text: format_text(file, &made.text).unwrap_or(made.text),
        title: made.title,
    };
    Candidates { candidates: made.into_iter().map(candidate).collect() }
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

struct Effects<'a> {
    saved: &'a Workspace,
    /// The calls that each policy decides, by the task of its scope and its id.
    decided: HashMap<(Option<&'a str>, &'a str), u64>,
    units: view::Units<'a>,
}

impl Effects<'_> {
    fn of(&mut self, live: &LiveReplay, (task, policy): Placed<'_>) -> Option<PolicyEffect> {
        let of = |text: &str| live.conditions(text, task, &|| ControlFlow::Continue(())).ok()?;
        let now = of(&policy.text)?;
        let layer = task.map_or(LayerRef::Guardrails, LayerRef::Scope);
        let before = match self.saved.policy(layer, &policy.id) {
            Some(saved) if saved.text == policy.text => None,
            Some(saved) => Some(of(&saved.text).unwrap_or_default()),
            None => Some(ConditionsOf::default()),
        };
        let from = self.units.before(policy.span.start);
        let decided = self.decided.get(&(task, policy.id.as_str())).copied().unwrap_or(0);
        let changed = before.as_ref().map_or(0, |b| now.matched.xor(&b.matched).len());
        let conditions = now.conditions.iter().enumerate();
        let conditions = conditions.map(|(at, condition)| {
            let before = match &before {
                None => Some(condition),
                // With more or fewer conditions, nobody knows which is which.
                Some(b) if b.conditions.len() == now.conditions.len() => b.conditions.get(at),
                Some(_) => None,
            };
            let changed = before.map(|before| condition.fits.xor(&before.fits).len() as u32);
            self.condition(policy.span.start, condition, changed)
        });
        let conditions = conditions.collect();
        Some(PolicyEffect {
            id: policy.id.clone(),
            from,
            to: self.units.before(policy.span.end),
            matched: now.matched.len() as u32,
            decided: decided as u32,
            changed: changed as u32,
            conditions,
        })
    }

    /// `start`: where its policy begins.
    fn condition(
        &mut self,
        start: usize,
        condition: &ConditionRows,
        changed: Option<u32>,
    ) -> ConditionEffect {
        let span = [start + condition.span.start, start + condition.span.end];
        let [from, to] = span.map(|byte| self.units.before(byte));
        ConditionEffect {
            from,
            to,
            is_unless: condition.is_unless,
            matched: condition.fits.len() as u32,
            keeps_out: condition.keeps_out.len() as u32,
            changed,
        }
    }
}

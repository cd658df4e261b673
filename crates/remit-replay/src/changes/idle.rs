//! Policies without which every decision on a corpus would be the same.
//!
//! What *matched* means: Cedar's reasons name only the determining policies, so a permit that a
//! forbid overrides matches and is not among them. A permit therefore *matches* a call if it is a
//! reason, or if it is one once the layer's permits are asked alone; that is asked only where a forbid
//! decided. A forbid that matches always is a reason.
//!
//! Each policy is looked at alone: of two equal permits both are redundant, and one must stay. And all
//! of it is said of one corpus: a forbid that matches nothing may be there for the day when it does.

use super::session_of;
use crate::reference::{Judgement, judge};
use crate::{JudgedCall, Mapper, Replay, SessionReplay};
use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{Effect, EntityUid, PolicySet};
use rayon::prelude::*;
use remit_policy::{LayerRef, PolicySource, Workspace};
use remit_session::{Recording, Session, StepIdx};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A policy without which every decision on the corpus would be the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdlePolicy {
    /// Its id; of a template, the link's.
    pub id: String,
    /// The file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// The line, from 1.
    pub line: u32,
    /// Whether it permits or forbids.
    pub effect: Effect,
    /// Why nothing depends on it.
    pub why: Idle,
    /// The calls that it matched, or on which it failed.
    pub calls: u32,
    /// The policies that decide those calls beside it or against it, sorted.
    pub others: Vec<String>,
}

/// Why no decision depends on a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Idle {
    /// It fails on calls, and no decision depends on it elsewhere. Not harmless: what it would say is not known.
    Fails,
    /// It matches no call.
    MatchesNothing,
    /// A permit, and a forbid overrides it on each call that it matches.
    Shadowed,
    /// Each call that it decides is decided in the same way without it.
    Redundant,
    /// A forbid, and no policy permits any of the calls that it matches.
    DecidesNothing,
    /// No call was judged by its scope: the recordings hold no session of the task.
    Untried,
}

/// The policies of `workspace` on which no decision of its `replay` of `recordings` depends, by file and line.
///
/// A policy that several scopes share is idle only if it is idle in all of them.
pub fn idle_policies(
    workspace: &Workspace,
    replay: &Replay,
    recordings: &[Recording],
) -> Vec<IdlePolicy> {
    let layers = layers(workspace);
    let permits = layers.iter().map(|(task, set)| (*task, permits_of(set))).collect();
    let asking = Asking { mapper: Mapper::new(workspace), permits };
    let decided: Vec<Decided<'_>> =
        replay.sessions.par_iter().flat_map_iter(|s| asking.session(s, recordings)).collect();
    let mut tallies: ByTask<'_, LayerTally<'_>> =
        layers.iter().map(|(task, set)| (*task, LayerTally::of(set))).collect();
    for one in &decided {
        if let Some(layer) = tallies.get_mut(&one.task) {
            layer.add(one);
        }
    }
    merged(workspace, tallies)
}

/// Each layer by the task of its scope; the guardrails have none.
type ByTask<'w, T> = BTreeMap<Option<&'w str>, T>;

fn layers(workspace: &Workspace) -> ByTask<'_, &PolicySet> {
    let scopes = workspace.scopes.iter().map(|s| (Some(s.task.as_str()), s.layer.set()));
    scopes.chain([(None, workspace.guardrails.set())]).collect()
}

/// `set` without its forbids. Links are taken out as links; a set is not built from them.
fn permits_of(set: &PolicySet) -> PolicySet {
    let mut permits = set.clone();
    for forbid in set.policies().filter(|p| p.effect() == Effect::Forbid) {
        let id = forbid.id().clone();
        let taken = match forbid.template_id() {
            Some(_) => permits.unlink(id),
            None => permits.remove_static(id),
        };
        debug_assert!(taken.is_ok(), "the policy is of this set");
    }
    permits
}

/// What is needed to ask again which permits match.
struct Asking<'w> {
    mapper: Option<Mapper<'w>>,
    permits: ByTask<'w, PolicySet>,
}

/// One layer's decision on one call.
struct Decided<'r> {
    task: Option<&'r str>,
    judgement: &'r Judgement,
    /// The permits that match a call that a forbid decided.
    overridden: Vec<String>,
}

impl Asking<'_> {
    fn session<'r>(
        &self,
        replayed: &'r SessionReplay,
        recordings: &[Recording],
    ) -> Vec<Decided<'r>> {
        let mut decided: Vec<(StepIdx, Decided<'r>)> = replayed
            .calls
            .iter()
            .flat_map(|call| decisions(call, replayed.scope.as_deref()))
            .collect();
        if let Some(session) = session_of(replayed, recordings) {
            self.ask_permits(replayed, session, &mut decided);
        }
        decided.into_iter().map(|(_, one)| one).collect()
    }

    /// Requests are built again for calls that a forbid decided, and for no others.
    fn ask_permits(
        &self,
        replayed: &SessionReplay,
        session: &Session,
        decided: &mut [(StepIdx, Decided<'_>)],
    ) -> Option<()> {
        let forbidden: BTreeSet<StepIdx> =
            decided.iter().filter(|(_, d)| d.is_forbidden()).map(|(at, _)| *at).collect();
        if forbidden.is_empty() {
            return None;
        }
        let mapper = self.mapper.as_ref()?;
        let mut entities = HashMap::new();
        let mut requests = BTreeMap::new();
        for ((at, step, call), facts) in session.calls().zip(mapper.facts(session)) {
            if !forbidden.contains(&at) {
                continue;
            }
            let principal = mapper.principal(session.agent(step.lane));
            let mapped = mapper.map(call, &principal, &facts);
            if let Ok(request) = mapped.and_then(|mapped| mapped.request()) {
                requests.insert(at, (request, Arc::clone(&principal.uid)));
            }
            let of = |p: &Arc<EntityUid>| mapper.entities(p, replayed.task.as_deref());
            entities.entry(principal.uid).or_insert_with_key(of);
        }
        for (at, one) in decided.iter_mut().filter(|(_, d)| d.is_forbidden()) {
            let (request, principal) = requests.get(at)?;
            let alone = judge(request, self.permits.get(&one.task)?, entities.get(principal)?);
            one.overridden = alone.reasons;
        }
        Some(())
    }
}

/// The decision of the guardrails, and that of the scope, if there is one.
fn decisions<'r>(
    call: &'r JudgedCall,
    task: Option<&'r str>,
) -> impl Iterator<Item = (StepIdx, Decided<'r>)> {
    let of =
        move |task, judgement| (call.step, Decided { task, judgement, overridden: Vec::new() });
    call.judged.iter().flat_map(move |judged| {
        let scope = judged.scope.as_ref().map(|judgement| of(task, judgement));
        [Some(of(None, &judged.guardrails)), scope].into_iter().flatten()
    })
}

impl Decided<'_> {
    fn is_forbidden(&self) -> bool {
        !self.judgement.allow && !self.judgement.reasons.is_empty()
    }
}

/// What the policies of one layer did on the corpus.
struct LayerTally<'r> {
    requests: u32,
    policies: BTreeMap<String, Tally<'r>>,
}

/// What one policy did on the corpus.
#[derive(Default)]
struct Tally<'r> {
    /// Calls that its layer judged.
    requests: u32,
    /// Calls of which it is a determining policy.
    decided: u32,
    /// Of these, calls that would be decided otherwise without it.
    needed: u32,
    /// Of these, calls that no policy permits.
    unpermitted: u32,
    /// Calls that it permits and a forbid denies.
    overridden: u32,
    failed: u32,
    others: BTreeSet<&'r str>,
}

impl<'r> LayerTally<'r> {
    fn of(set: &PolicySet) -> Self {
        let policies = set.policies().map(|p| (p.id().to_string(), Tally::default()));
        LayerTally { requests: 0, policies: policies.collect() }
    }

    fn add(&mut self, one: &Decided<'r>) {
        self.requests += 1;
        let reasons = &one.judgement.reasons;
        let unpermitted = one.is_forbidden() && one.overridden.is_empty();
        for id in reasons {
            if let Some(tally) = self.policies.get_mut(id) {
                tally.decided += 1;
                tally.needed += u32::from(reasons.len() == 1 && !unpermitted);
                tally.unpermitted += u32::from(unpermitted);
                tally.others.extend(reasons.iter().filter(|o| *o != id).map(String::as_str));
            }
        }
        for id in &one.overridden {
            if let Some(tally) = self.policies.get_mut(id) {
                tally.overridden += 1;
                tally.others.extend(reasons.iter().map(String::as_str));
            }
        }
        for error in &one.judgement.errors {
            if let Some(tally) = self.policies.get_mut(&error.policy) {
                tally.failed += 1;
            }
        }
    }
}

impl<'r> Tally<'r> {
    fn merge(&mut self, other: Tally<'r>) {
        self.requests += other.requests;
        self.decided += other.decided;
        self.needed += other.needed;
        self.unpermitted += other.unpermitted;
        self.overridden += other.overridden;
        self.failed += other.failed;
        self.others.extend(other.others);
    }

    /// Why no decision depends on the policy; `None` if one does.
    fn idle(&self, effect: Effect) -> Option<Idle> {
        let is_unpermitted = effect == Effect::Forbid && self.unpermitted == self.decided;
        match self {
            Tally { needed: 1.., .. } => None,
            Tally { requests: 0, .. } => Some(Idle::Untried),
            Tally { failed: 1.., .. } => Some(Idle::Fails),
            Tally { decided: 0, overridden: 0, .. } => Some(Idle::MatchesNothing),
            Tally { decided: 0, .. } => Some(Idle::Shadowed),
            _ if is_unpermitted => Some(Idle::DecidesNothing),
            _ => Some(Idle::Redundant),
        }
    }
}

/// A policy by its place in the files, which scopes may share, and its link, if it is a template.
type Place<'w> = (&'w Utf8Path, usize, Option<String>);

fn merged<'w>(workspace: &'w Workspace, tallies: ByTask<'w, LayerTally<'_>>) -> Vec<IdlePolicy> {
    let mut places: BTreeMap<Place<'w>, (String, &'w PolicySource, Tally<'_>)> = BTreeMap::new();
    for (task, layer) in tallies {
        let layer_ref = task.map_or(LayerRef::Guardrails, LayerRef::Scope);
        for (id, mut tally) in layer.policies {
            let Some(source) = workspace.policy(layer_ref, &id) else {
                continue;
            };
            tally.requests = layer.requests;
            let link = source.is_template.then(|| id.clone());
            let new = || (id, source, Tally::default());
            let place = (source.file.as_path(), source.span.start, link);
            places.entry(place).or_insert_with(new).2.merge(tally);
        }
    }
    places.into_values().filter_map(|(id, source, tally)| idle_policy(id, source, &tally)).collect()
}

fn idle_policy(id: String, source: &PolicySource, tally: &Tally<'_>) -> Option<IdlePolicy> {
    let why = tally.idle(source.effect)?;
    let calls = if why == Idle::Fails { tally.failed } else { tally.decided + tally.overridden };
    let others = tally.others.iter().map(ToString::to_string).collect();
    let (file, line, effect) = (source.file.clone(), source.line, source.effect);
    Some(IdlePolicy { id, file, line, effect, why, calls, others })
}

#[cfg(test)]
mod tests {
    use super::*;
    use remit_session::{Limits, import};
    use std::fs;
    use std::ops::ControlFlow;

    const SCHEMA: &str = r#"
        entity Task;
        entity Agent in [Task] = { tier: Long };
        entity Server;
        action call_tool;
        action read, pay in [call_tool] appliesTo {
          principal: [Agent], resource: [Server], context: { input: { amount?: Long } }
        };
    "#;
    const ENTITIES: &str =
        r#"[{ "uid": { "type": "Agent", "id": "clerk" }, "attrs": { "tier": 1 }, "parents": [] }]"#;
    const SESSIONS: &str = concat!(
        "session one\ntask bills\nagent clerk\n",
        "call read: {}\nresult: a\ncall pay: {\"amount\":5}\nresult: b\n",
        "\nsession two\ntask mail\nagent stranger\ncall read: {}\nresult: c\n",
    );

    /// The files of a workspace, and what is idle in it: policy, why, calls, others.
    type Case = (
        &'static [(&'static str, &'static str)],
        &'static [(&'static str, Idle, u32, &'static str)],
    );

    const ALL: &str = r#"@id("all") permit (principal, action, resource);"#;
    const PAY: &str = r#"@id("pay") permit (principal, action == Action::"pay", resource);"#;
    const NO_PAY: &str = r#"@id("no-pay") forbid (principal, action == Action::"pay", resource);"#;
    const NEVER: &str = r#"@id("never") forbid (principal, action == Action::"pay", resource)
        when { context.input has amount && context.input.amount > 9 };"#;
    const LOW: &str = r#"@id("low") forbid (principal, action == Action::"read", resource)
        when { principal.tier < 1 };"#;
    const ALSO: &str = r#"@id("also") permit (principal, action == Action::"pay", resource);"#;
    const STILL_NOT: &str =
        r#"@id("still-not") forbid (principal, action == Action::"pay", resource);"#;
    const ONE: &str = r#"@id("one") permit (principal == ?principal, action, resource);"#;
    const LINKS: &str = r#"[{ "template_id": "one", "link_id": "clerk", "args": { "?principal": "Agent::\"clerk\"" } }]"#;
    const SHARED: &str = "[[task]]\nname = \"bills\"\nfiles = [\"pay.cedar\"]\n[[task]]\nname = \"mail\"\nfiles = [\"pay.cedar\"]\n";

    const CASES: &[(&str, Case)] = &[
        ("needed", (&[("guardrails/a.cedar", ALL), ("guardrails/b.cedar", NO_PAY)], &[])),
        (
            "matches nothing",
            (
                &[("guardrails/a.cedar", ALL), ("guardrails/b.cedar", NEVER)],
                &[("never", Idle::MatchesNothing, 0, "")],
            ),
        ),
        (
            "an overridden permit",
            (
                &[("guardrails/a.cedar", PAY), ("guardrails/b.cedar", NO_PAY)],
                &[("pay", Idle::Shadowed, 1, "no-pay")],
            ),
        ),
        (
            "a permit that another one covers",
            (
                &[("guardrails/a.cedar", ALL), ("guardrails/b.cedar", PAY)],
                &[("pay", Idle::Redundant, 1, "all")],
            ),
        ),
        (
            "each of two equals",
            (
                &[("guardrails/a.cedar", PAY), ("guardrails/b.cedar", ALSO)],
                &[("pay", Idle::Redundant, 1, "also"), ("also", Idle::Redundant, 1, "pay")],
            ),
        ),
        (
            "each of two equal forbids",
            (
                &[
                    ("guardrails/a.cedar", ALL),
                    ("guardrails/b.cedar", NO_PAY),
                    ("guardrails/c.cedar", STILL_NOT),
                ],
                &[
                    ("no-pay", Idle::Redundant, 1, "still-not"),
                    ("still-not", Idle::Redundant, 1, "no-pay"),
                ],
            ),
        ),
        (
            "nothing to forbid",
            (&[("guardrails/a.cedar", NO_PAY)], &[("no-pay", Idle::DecidesNothing, 1, "")]),
        ),
        (
            "a failure is no idleness",
            (
                &[("guardrails/a.cedar", ALL), ("guardrails/b.cedar", LOW)],
                &[("low", Idle::Fails, 1, "")],
            ),
        ),
        (
            "a link",
            (
                &[
                    ("guardrails/a.cedar", ALL),
                    ("guardrails/b.cedar", ONE),
                    ("guardrails/template-links.json", LINKS),
                ],
                &[("clerk", Idle::Redundant, 2, "all")],
            ),
        ),
        (
            "a scope that no session has",
            (
                &[("guardrails/a.cedar", ALL), ("scopes/travel.cedar", PAY)],
                &[("pay", Idle::Untried, 0, "")],
            ),
        ),
        (
            "needed in one of two scopes that share it",
            (
                &[
                    ("guardrails/a.cedar", ALL),
                    ("scopes/pay.cedar", PAY),
                    ("scopes/scopes.toml", SHARED),
                ],
                &[],
            ),
        ),
    ];

    #[test]
    fn why_nothing_depends_on_a_policy() {
        for (name, (files, expected)) in CASES {
            let found = idle_in(files);
            let found: Vec<_> =
                found.iter().map(|p| (p.id.as_str(), p.why, p.calls, p.others.join(" "))).collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(id, why, calls, others)| (*id, *why, *calls, (*others).to_owned()))
                .collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    fn idle_in(files: &[(&str, &str)]) -> Vec<IdlePolicy> {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let standard = [("schema.cedarschema", SCHEMA), ("entities.json", ENTITIES)];
        for (file, text) in standard.iter().chain(files) {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), text).unwrap();
        }
        let workspace = Workspace::load(root).unwrap();
        assert!(workspace.is_valid(), "{:?}", workspace.findings);
        let (format, imported) =
            import("a.session", SESSIONS.as_bytes(), None, &Limits::default()).unwrap();
        let recordings = vec![Recording {
            path: "a.session".into(),
            digest: remit_session::RecordingDigest(String::new()),
            format,
            sessions: imported.sessions,
            warnings: imported.warnings,
            manifests: imported.manifests,
        }];
        let replay =
            crate::replay(&workspace, &recordings, &|_| ControlFlow::Continue(())).unwrap();
        idle_policies(&workspace, &replay, &recordings)
    }
}

//! What differs from the baseline, in rows that somebody can accept: changed calls, and changed texts.
//!
//! A text counts even if no recorded call changes with it, because the recordings are not all that can happen.
//! Without a baseline everything is compared with nothing permitted, so that a first bundle is reviewed too.
//! Rows name actions and policies, which are the workspace's; of the calls there are counts and a digest.

use crate::digest::of_parts;
use crate::manifest::{PolicyEntry, PolicyOf};
use remit_replay::{Change, Changes, JudgedCall, Replay, SessionReplay, Standing, Verdict};
use remit_session::{Recording, StepIdx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What sort of difference a row is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Calls that the guardrails deny now.
    NewlyDenied,
    /// Calls that are permitted, but not what the task is for.
    NewlyDrifted,
    /// Calls that were denied and are within their remit now.
    NewlyAllowed,
    /// Calls that drifted and are within their remit now.
    NoLongerDrifted,
    /// Calls of which one side cannot be decided for sure.
    Maybe,
    /// A policy that was not there.
    PolicyAdded,
    /// A policy that is there no more.
    PolicyRemoved,
    /// A policy that says something else.
    PolicyAltered,
    /// Another file: the schema, the entities, links of templates, `scopes.toml` or `remit.toml`.
    Altered,
}

/// A difference, as somebody accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeRow {
    /// What sort of difference.
    pub kind: ChangeKind,
    /// The action, the policy with its layer, or the file.
    pub what: String,
    /// What the verdict was, for calls.
    pub before: Option<Footing>,
    /// What the verdict is, for calls.
    pub after: Option<Footing>,
    /// How many recorded calls.
    pub calls: u32,
    /// Of all this, and of the places of the calls.
    pub digest: String,
}

/// A verdict and the policies that it rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Footing {
    /// The verdict.
    pub verdict: String,
    /// The policies of the guardrails, where these are why.
    pub guardrails: Vec<String>,
    /// The policies of the scope, where a scope is why.
    pub scope: Option<Vec<String>>,
    /// Failed policies that could flip it.
    pub failed: Vec<String>,
}

/// What is compared, of either side.
pub(crate) struct Texts<'a> {
    pub(crate) policies: &'a [PolicyEntry],
    /// The files that are not policies, each with its digest.
    pub(crate) others: Vec<(&'a str, &'a str)>,
}

impl ChangeKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::NewlyDenied,
        Self::NewlyDrifted,
        Self::NewlyAllowed,
        Self::NoLongerDrifted,
        Self::Maybe,
        Self::PolicyAdded,
        Self::PolicyRemoved,
        Self::PolicyAltered,
        Self::Altered,
    ];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NewlyDenied => "newly-denied",
            Self::NewlyDrifted => "newly-drifted",
            Self::NewlyAllowed => "newly-allowed",
            Self::NoLongerDrifted => "no-longer-drifted",
            Self::Maybe => "maybe",
            Self::PolicyAdded => "policy-added",
            Self::PolicyRemoved => "policy-removed",
            Self::PolicyAltered => "policy-altered",
            Self::Altered => "altered",
        }
    }

    /// Nothing for a call that does not change.
    fn of(change: Change) -> Option<Self> {
        match change {
            Change::NewlyDenied => Some(Self::NewlyDenied),
            Change::NewlyDrifted => Some(Self::NewlyDrifted),
            Change::NewlyAllowed => Some(Self::NewlyAllowed),
            Change::NoLongerDrifted => Some(Self::NoLongerDrifted),
            Change::Maybe => Some(Self::Maybe),
            Change::Unchanged => None,
        }
    }
}

impl ChangeRow {
    /// Enough of the digest to name the row.
    #[must_use]
    pub fn short(&self) -> &str {
        let hex = self.digest.trim_start_matches("sha256:");
        hex.get(..8).unwrap_or(hex)
    }

    fn text(kind: ChangeKind, what: String, digests: [&str; 2]) -> Self {
        let digest = of_parts([kind.word(), &what].into_iter().chain(digests));
        Self { kind, what, before: None, after: None, calls: 0, digest }
    }
}

impl Footing {
    fn of(standing: &Standing) -> Self {
        Self {
            verdict: standing.verdict.word().to_owned(),
            guardrails: standing.guardrails.clone(),
            scope: standing.scope.clone(),
            failed: standing.failed.clone(),
        }
    }

    /// In words: `drifted (pay-it-once)`.
    #[must_use]
    pub fn said(&self) -> String {
        let sides = [Some(&self.guardrails), self.scope.as_ref()];
        let why: Vec<&str> = sides.into_iter().flatten().flatten().map(String::as_str).collect();
        match (self.verdict.as_str(), why.as_slice()) {
            ("unknown", _) => "unknown".to_owned(),
            (verdict, []) => format!("{verdict} (no policy permits it)"),
            (verdict, why) => format!("{verdict} ({})", why.join(", ")),
        }
    }

    fn parts(&self) -> String {
        let list = |ids: &[String]| of_parts(ids.iter().map(String::as_str));
        let scope = self.scope.as_deref().map(list).unwrap_or_default();
        of_parts([&*self.verdict, &list(&self.guardrails), &scope, &list(&self.failed)])
    }
}

/// The action of calls that could not be mapped to one.
const UNMAPPED: &str = "(no action)";

type CallKey = (ChangeKind, String, Footing, Footing);

/// The changed calls, by kind, action and what the verdicts rest on.
pub(crate) fn of_calls(
    changes: &Changes,
    candidate: &Replay,
    recordings: &[Recording],
) -> Vec<ChangeRow> {
    let sessions: BTreeMap<(usize, usize), &SessionReplay> =
        candidate.sessions.iter().map(|s| ((s.recording, s.session), s)).collect();
    let mut rows: BTreeMap<CallKey, Vec<String>> = BTreeMap::new();
    for group in &changes.groups {
        let Some(kind) = ChangeKind::of(group.change) else { continue };
        let (before, after) = (Footing::of(&group.before), Footing::of(&group.after));
        for call in &group.calls {
            let session = sessions.get(&(call.recording, call.session));
            let action = session.and_then(|session| action_at(session, call.step));
            let key = (kind, action.unwrap_or(UNMAPPED).to_owned(), before.clone(), after.clone());
            let recording = recordings.get(call.recording).map_or("", |r| r.digest.0.as_str());
            rows.entry(key).or_default().push(format!("{recording} {}", call.index.0));
        }
    }
    rows.into_iter().map(|(key, places)| call_row(key, places)).collect()
}

fn call_row((kind, what, before, after): CallKey, mut places: Vec<String>) -> ChangeRow {
    places.sort_unstable();
    let head = [kind.word(), &what, &before.parts(), &after.parts()].map(str::to_owned);
    let digest = of_parts(head.iter().chain(&places).map(String::as_str));
    let calls = u32::try_from(places.len()).unwrap_or(u32::MAX);
    ChangeRow { kind, what, before: Some(before), after: Some(after), calls, digest }
}

fn action_at(session: &SessionReplay, step: StepIdx) -> Option<&str> {
    let at = session.calls.binary_search_by_key(&step, |call: &JudgedCall| call.step).ok()?;
    Some(session.calls.get(at)?.judged.as_ref()?.action.as_str())
}

/// What differs between two texts of a workspace; without a baseline, everything is new.
pub(crate) fn of_texts(baseline: Option<&Texts<'_>>, candidate: &Texts<'_>) -> Vec<ChangeRow> {
    let before = baseline.map(|texts| by_place(texts.policies)).unwrap_or_default();
    let after = by_place(candidate.policies);
    let places: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    let mut rows: Vec<ChangeRow> = Vec::new();
    for place in places {
        let (was, is) = (before.get(&place).copied(), after.get(&place).copied());
        let kind = match (was, is) {
            (None, _) => ChangeKind::PolicyAdded,
            (_, None) => ChangeKind::PolicyRemoved,
            (Some(was), Some(is)) if was != is => ChangeKind::PolicyAltered,
            (Some(_), Some(_)) => continue,
        };
        let digests = [was.unwrap_or_default(), is.unwrap_or_default()];
        rows.push(ChangeRow::text(kind, named(place), digests));
    }
    if let Some(baseline) = baseline {
        rows.extend(files(baseline, candidate));
    }
    rows.sort_by(|a, b| (a.kind, &a.what).cmp(&(b.kind, &b.what)));
    rows
}

type Place<'a> = (&'a PolicyOf, &'a str);

fn by_place(policies: &[PolicyEntry]) -> BTreeMap<Place<'_>, &str> {
    policies.iter().map(|policy| ((&policy.of, &*policy.id), &*policy.digest)).collect()
}

fn named((of, id): Place<'_>) -> String {
    match of {
        PolicyOf::Guardrails => format!("{id} (guardrails)"),
        PolicyOf::Scope(task) => format!("{id} (scope of {task})"),
    }
}

/// The files that are not policies: added, removed or altered.
fn files(before: &Texts<'_>, after: &Texts<'_>) -> Vec<ChangeRow> {
    let [was, is] = [before, after].map(|texts| BTreeMap::from_iter(texts.others.clone()));
    let names: BTreeSet<&&str> = was.keys().chain(is.keys()).collect();
    let row = |name: &&str| {
        let digests = [was.get(name), is.get(name)].map(|digest| *digest.unwrap_or(&""));
        let differs = digests[0] != digests[1];
        differs.then(|| ChangeRow::text(ChangeKind::Altered, (*name).to_owned(), digests))
    };
    names.into_iter().filter_map(row).collect()
}

/// The replay of the same calls if nothing were permitted: what a first bundle is compared with.
pub(crate) fn nothing_permitted(candidate: &Replay) -> Replay {
    let mut replay = candidate.clone();
    for session in &mut replay.sessions {
        session.scope = None;
        session.calls.iter_mut().for_each(deny);
    }
    replay
}

fn deny(call: &mut JudgedCall) {
    let Some(judged) = &mut call.judged else { return };
    // What cannot be decided for want of a fact could be, if no policy asked for it.
    call.verdict = Verdict::Denied;
    call.unknown = None;
    call.severity = None;
    call.because.clear();
    judged.scope = None;
    judged.guardrails.allow = false;
    judged.guardrails.reasons.clear();
    judged.guardrails.errors.clear();
    judged.guardrails.uncertain = false;
}

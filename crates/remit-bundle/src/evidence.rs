//! What policies do to recordings, in counts and digests: no text of a recording passes through here.
//!
//! The digest of a corpus does not depend on names and order of its files, that of a result does not depend on
//! the order of the recordings; both are the same wherever the same recordings are judged.

use crate::digest::of_parts;
use crate::manifest::{Counts, PolicyCounts, PolicyOf, ReplayEntry};
use remit_replay::{JudgedCall, Judgement, Replay, SessionReplay, Summary};
use remit_session::{Loaded, Recording};
use std::collections::BTreeMap;

/// The entry of the manifest about a replay of `loaded`.
pub(crate) fn replayed(replay: &Replay, loaded: &Loaded) -> ReplayEntry {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    ReplayEntry {
        recordings: count(loaded.recordings.len()),
        skipped: count(loaded.skipped.len()),
        corpus: corpus(&loaded.recordings),
        result: result(replay, &loaded.recordings),
        counts: counts(replay),
        policies: policies(replay),
    }
}

/// The digest of some recordings.
pub(crate) fn corpus(recordings: &[Recording]) -> String {
    let mut digests: Vec<&str> = recordings.iter().map(|r| r.digest.0.as_str()).collect();
    digests.sort_unstable();
    of_parts(digests)
}

/// The digest of every verdict and what it rests on.
fn result(replay: &Replay, recordings: &[Recording]) -> String {
    let mut calls: Vec<String> = Vec::new();
    for session in &replay.sessions {
        let Some(recording) = recordings.get(session.recording) else { continue };
        let scope = session.scope.as_deref().unwrap_or_default();
        calls.extend(session.calls.iter().map(|call| of_call(&recording.digest.0, scope, call)));
    }
    calls.sort_unstable();
    of_parts(calls.iter().map(String::as_str))
}

/// The digest of one verdict, with the place of its call.
fn of_call(recording: &str, scope: &str, call: &JudgedCall) -> String {
    let index = call.index.0.to_string();
    let severity = call.severity.map_or("", |severity| severity.word());
    let judged = call.judged.as_ref();
    let sides = [judged.map(|j| &j.guardrails), judged.and_then(|j| j.scope.as_ref())];
    let sides = sides.map(of_side);
    let head = [recording, &index, scope, call.verdict.word(), severity];
    of_parts(head.into_iter().chain(sides.iter().map(String::as_str)))
}

fn of_side(side: Option<&Judgement>) -> String {
    let Some(side) = side else { return String::new() };
    let decision = if side.allow { "allow" } else { "deny" };
    let errors = side.errors.iter().map(|error| error.policy.as_str());
    let reasons = side.reasons.iter().map(String::as_str);
    of_parts([decision].into_iter().chain(reasons).chain(["errors"]).chain(errors))
}

fn counts(replay: &Replay) -> Counts {
    let mut all = Summary::default();
    for session in &replay.sessions {
        all.add(&Summary::of(session));
    }
    Counts {
        sessions: all.sessions,
        tool_calls: all.tool_calls,
        allowed: all.allowed,
        denied: all.denied,
        drifted: all.drifted,
        unknown: all.unknown,
        unscoped: all.unscoped,
        uncertain: all.uncertain,
    }
}

/// How often each policy decided or failed, by layer and id.
fn policies(replay: &Replay) -> Vec<PolicyCounts> {
    let mut all: BTreeMap<(PolicyOf, String), (u32, u32)> = BTreeMap::new();
    for (of, side) in replay.sessions.iter().flat_map(sides) {
        for id in &side.reasons {
            all.entry((of.clone(), id.clone())).or_default().0 += 1;
        }
        for error in &side.errors {
            all.entry((of.clone(), error.policy.clone())).or_default().1 += 1;
        }
    }
    let entry = |((of, id), (decided, failed))| PolicyCounts { id, of, decided, failed };
    all.into_iter().map(entry).collect()
}

fn sides(session: &SessionReplay) -> impl Iterator<Item = (PolicyOf, &Judgement)> {
    let scope = session.scope.as_ref().map(|task| PolicyOf::Scope(task.clone()));
    session.calls.iter().filter_map(|call| call.judged.as_ref()).flat_map(move |judged| {
        let guardrails = Some((PolicyOf::Guardrails, &judged.guardrails));
        let scope = scope.clone().zip(judged.scope.as_ref());
        guardrails.into_iter().chain(scope)
    })
}

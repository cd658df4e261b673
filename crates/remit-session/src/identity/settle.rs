//! What only the whole session tells: secrets in its texts, tokens that were issued in it, and the calls
//! that use either.

use super::claims::of_token_response;
use super::fingerprint::{MOST_SECRETS, fingerprint, secrets};
use super::{Identity, Sighting};
use crate::{Arguments, Session, StepIdx, StepKind};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Finds them in a session that is read.
pub(crate) fn settle(session: &mut Session) {
    let mut identity = std::mem::take(&mut session.identity);
    identity.sightings = sightings(session);
    for (at, response) in token_responses(session) {
        if let Some(credential) = of_token_response(&response, at) {
            identity.add_credential(credential);
        }
    }
    let used = used_in_arguments(session, &identity);
    for (step, credential) in used {
        identity.acts.entry(step).or_default().credential.get_or_insert(credential);
    }
    session.identity = identity;
}

/// The secrets in what was said, asked for and answered.
fn sightings(session: &Session) -> Vec<Sighting> {
    let mut found = Vec::new();
    for (n, step) in (0..).zip(&session.steps) {
        let text = text_of(&step.kind);
        let of_step: BTreeSet<String> = secrets(&text).map(fingerprint).collect();
        let sighting = |fingerprint| Sighting { step: StepIdx(n), fingerprint };
        found.extend(of_step.into_iter().map(sighting));
        if found.len() >= MOST_SECRETS {
            break;
        }
    }
    found
}

fn text_of(kind: &StepKind) -> Cow<'_, str> {
    match kind {
        StepKind::Message { text, .. } => text.into(),
        StepKind::Result(result) => result.text.as_str().into(),
        StepKind::Call(call) => match &call.arguments {
            Arguments::Object(object) => serde_json::to_string(object).unwrap_or_default().into(),
            Arguments::Unreadable { text, .. } => text.into(),
        },
    }
}

type Response = (Option<jiff::Timestamp>, serde_json::Map<String, serde_json::Value>);

/// The answers of token endpoints among the results.
fn token_responses(session: &Session) -> Vec<Response> {
    let results = session.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Result(result) if result.text.contains("\"access_token\"") => {
            Some((step.at, serde_json::from_str(&result.text).ok()?))
        }
        StepKind::Result(_) | StepKind::Message { .. } | StepKind::Call(_) => None,
    });
    results.collect()
}

/// The calls whose arguments hold the secret of a known credential.
fn used_in_arguments(session: &Session, identity: &Identity) -> Vec<(StepIdx, u32)> {
    let by_mark = |mark: &str| {
        let same = |c: &super::Credential| c.fingerprint.as_deref() == Some(mark);
        identity.credentials.iter().position(same)
    };
    let is_call = |step| matches!(session.step(step).map(|s| &s.kind), Some(StepKind::Call(_)));
    let calls = identity.sightings.iter().filter(|sighting| is_call(sighting.step));
    calls.filter_map(|s| Some((s.step, by_mark(&s.fingerprint)? as u32))).collect()
}

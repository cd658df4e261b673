//! What tokens claim, decoded; nobody checks the signature here.

use super::fingerprint::fingerprint;
use super::notice::Noticed;
use super::{AgentIdentity, Credential, CredentialKind, Told};
use crate::LaneIdx;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

type Object = Map<String, Value>;

/// Longer tokens are known by their fingerprint only.
const MOST_BYTES: usize = 64 << 10;
/// Actors that stand in each other deeper than this are left out.
const MOST_ACTORS: usize = 32;

/// What a token says: its claims if it is a JSON Web Token, else that there is one.
pub(super) fn of_token(token: &str) -> Noticed {
    let mark = fingerprint(token);
    let parts = decoded(token);
    let mut noticed = match &parts {
        Some((header, claims)) => of_claims(claims, text(header, "typ")),
        None => Noticed::default(),
    };
    let credential = noticed.credential.get_or_insert_with(|| Credential {
        id: mark.clone(),
        kind: CredentialKind::AccessToken,
        ..Credential::default()
    });
    if credential.id.is_empty() {
        credential.id.clone_from(&mark);
    }
    credential.fingerprint = Some(mark);
    noticed
}

/// The header and the claims of a JSON Web Token.
fn decoded(token: &str) -> Option<(Object, Object)> {
    let mut parts = token.split('.').take(3).map(part);
    Some((parts.next()??, parts.next()??)).filter(|_| token.len() <= MOST_BYTES)
}

fn part(encoded: &str) -> Option<Object> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// What claims say, as they stand in a token or in the open. `form` is the token's `typ`.
pub(super) fn of_claims(claims: &Object, form: Option<&str>) -> Noticed {
    let subject = text(claims, "sub");
    let client = ["client_id", "azp", "req_wl"].into_iter().find_map(|key| text(claims, key));
    let mut actors = actors(claims);
    if actors.is_empty() {
        actors.extend(client.filter(|client| Some(*client) != subject));
    }
    let who = actors.last().copied().or(subject);
    let behalf = subject.filter(|subject| who != Some(subject));
    let agent = who.map(|who| AgentIdentity {
        lane: LaneIdx(0),
        id: who.to_owned(),
        attested: Some(false),
        behalf: behalf.map(str::to_owned),
        chain: behalf.into_iter().chain(actors).map(str::to_owned).collect(),
        told: Told::Recorded,
    });
    let is_token = ["exp", "iat", "jti", "aud"].into_iter().any(|key| claims.contains_key(key));
    let credential = is_token.then(|| credential(claims, subject, form));
    Noticed { agent, credential, ..Noticed::default() }
}

fn credential(claims: &Object, subject: Option<&str>, form: Option<&str>) -> Credential {
    Credential {
        id: text(claims, "jti").unwrap_or_default().to_owned(),
        kind: kind(subject, form),
        issuer: text(claims, "iss").map(str::to_owned),
        subject: subject.map(str::to_owned),
        audience: texts(claims.get("aud")),
        scopes: scopes(claims),
        issued: seconds(claims.get("iat")).or(seconds(claims.get("nbf"))),
        expires: seconds(claims.get("exp")),
        task: text(claims, "txn").map(str::to_owned),
        ..Credential::default()
    }
}

fn kind(subject: Option<&str>, form: Option<&str>) -> CredentialKind {
    match (form, subject) {
        (Some(form), _) if form.eq_ignore_ascii_case("txntoken+jwt") => {
            CredentialKind::TransactionToken
        }
        (_, Some(subject)) if subject.starts_with("spiffe://") => CredentialKind::JwtSvid,
        (_, _) => CredentialKind::AccessToken,
    }
}

/// The actors of RFC 8693, the earliest first: `act` holds the current one, and inside of it who acted
/// before.
fn actors(claims: &Object) -> Vec<&str> {
    let mut actors = Vec::new();
    let mut act = claims.get("act").and_then(Value::as_object);
    while let Some(actor) = act.filter(|_| actors.len() < MOST_ACTORS) {
        actors.extend(text(actor, "sub").or(text(actor, "client_id")));
        act = actor.get("act").and_then(Value::as_object);
    }
    actors.reverse();
    actors
}

/// `scope` is one text of words; `scp`, which some issuers write, is a list or such a text.
fn scopes(claims: &Object) -> Option<BTreeSet<String>> {
    let value = claims.get("scope").or(claims.get("scp"))?;
    let words = texts(Some(value));
    Some(words.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect())
}

/// What the answer of a token endpoint grants, asked for at `at`.
pub(super) fn of_token_response(response: &Object, at: Option<Timestamp>) -> Option<Credential> {
    let token = text(response, "access_token")?;
    let mut credential = of_token(token).credential?;
    let lasts = response.get("expires_in").and_then(Value::as_i64);
    credential.issued = credential.issued.or(at);
    let end = at
        .zip(lasts)
        .and_then(|(at, lasts)| Timestamp::from_second(at.as_second().checked_add(lasts)?).ok());
    credential.expires = credential.expires.or(end);
    credential.scopes = credential.scopes.or_else(|| scopes(response));
    Some(credential)
}

pub(super) fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
            Vec::new()
        }
    }
}

/// A numeric date of RFC 7519: seconds since 1970, which may have a fraction.
fn seconds(value: Option<&Value>) -> Option<Timestamp> {
    let seconds = value?.as_f64()?;
    Timestamp::from_second(seconds as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(header: &Value, claims: &Value) -> String {
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{claims}.c2lnbmF0dXJl")
    }

    #[test]
    fn a_chain_of_actors_is_read_from_the_person_to_the_agent() {
        let claims = json!({
            "sub": "ann@larkfield.example", "iss": "https://id.larkfield.example", "aud": "bank",
            "scope": "payments:read payments:write", "iat": 1_767_323_045, "exp": 1_767_323_345,
            "jti": "tok-1",
            "act": {"sub": "spiffe://larkfield.example/reader", "act": {"sub": "desk"}},
        });
        let noticed = of_token(&token(&json!({"alg": "ES256"}), &claims));
        let (agent, credential) = (noticed.agent.unwrap(), noticed.credential.unwrap());
        assert_eq!(agent.id, "spiffe://larkfield.example/reader");
        assert_eq!(agent.attested, Some(false));
        assert_eq!(
            agent.chain,
            ["ann@larkfield.example", "desk", "spiffe://larkfield.example/reader"]
        );
        assert_eq!(
            (credential.id.as_str(), credential.audience.as_slice()),
            ("tok-1", &["bank".to_owned()][..])
        );
        assert_eq!(credential.scopes.unwrap().len(), 2);
        assert_eq!(credential.expires.unwrap().to_string(), "2026-01-02T03:09:05Z");
    }

    #[test]
    fn forms_of_tokens_are_told_apart() {
        let kind = |typ: &str, claims: Value| {
            of_token(&token(&json!({ "typ": typ }), &claims)).credential.unwrap().kind
        };
        let svid = json!({"sub": "spiffe://a.example/x", "aud": ["b"], "exp": 1});
        assert_eq!(kind("JWT", svid), CredentialKind::JwtSvid);
        let transaction = json!({"sub": "ann", "req_wl": "desk", "txn": "pay-7", "exp": 1});
        assert_eq!(kind("txntoken+jwt", transaction), CredentialKind::TransactionToken);
        assert_eq!(kind("at+jwt", json!({"sub": "ann", "exp": 1})), CredentialKind::AccessToken);
    }

    #[test]
    fn what_is_no_token_of_claims_is_known_by_its_fingerprint() {
        for odd in ["opaque", "a.b.c", "", "eyJ.eyJ.", &"x".repeat(100_000)] {
            let noticed = of_token(odd);
            assert!(noticed.agent.is_none());
            let credential = noticed.credential.unwrap();
            assert_eq!(Some(credential.id), credential.fingerprint);
        }
    }
}

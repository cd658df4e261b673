//! The signature: a DSSE envelope over an in-toto statement, signed with Ed25519.
//!
//! The statement's one subject is the manifest, by its digest; the manifest lists the digests of all else. The
//! envelope is a member of the archive, so that a bundle is one file; any tool that knows DSSE can check it.

use crate::digest;
use crate::key::{PublicKey, SecretKey};
use crate::manifest::{FORMAT, MANIFEST, known_format};
use crate::refusal::{Refusal, RefusalCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

/// The envelope's name in the archive.
pub const ENVELOPE: &str = "bundle.dsse.json";
/// What the envelope holds.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// What the statement is about; a name, not a place.
const PREDICATE: &str = "urn:remit:bundle:1";
/// An envelope with more signatures than this is not read.
const MAX_SIGNATURES: usize = 16;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    keyid: String,
    sig: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: Sha256,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sha256 {
    sha256: String,
}

/// Signed too, so that an old format cannot be passed off as the present one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    format: u32,
}

/// The envelope of a manifest.
#[must_use]
pub fn seal(manifest: &[u8], key: &SecretKey) -> Vec<u8> {
    let payload = written(&statement(manifest));
    let signature = key.sign(&pre_authentication(PAYLOAD_TYPE, &payload));
    written(&Envelope {
        payload: BASE64.encode(&payload),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: vec![Signature { keyid: key.public().id(), sig: BASE64.encode(signature) }],
    })
}

/// Checks that one of the `trusted` keys vouches for a manifest; says which.
///
/// # Errors
/// If none does, or the envelope is of another kind or format.
pub fn open(envelope: &[u8], manifest: &[u8], trusted: &[PublicKey]) -> Result<PublicKey, Refusal> {
    let envelope: Envelope = parsed(envelope)?;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(other("the envelope holds no in-toto statement"));
    }
    if envelope.signatures.len() > MAX_SIGNATURES {
        return Err(unreadable("it has too many signatures".to_owned()));
    }
    let payload = decoded(&envelope.payload)?;
    let signed = pre_authentication(PAYLOAD_TYPE, &payload);
    let key = vouching(&envelope.signatures, &signed, trusted)?;
    about(&parsed(&payload)?, manifest)?;
    Ok(key)
}

/// The trusted key whose signature fits. Key ids are hints; only signatures decide.
fn vouching(
    signatures: &[Signature],
    signed: &[u8],
    trusted: &[PublicKey],
) -> Result<PublicKey, Refusal> {
    for signature in signatures {
        let bytes = decoded(&signature.sig)?;
        if let Some(key) = trusted.iter().find(|key| key.verifies(signed, &bytes)) {
            return Ok(key.clone());
        }
    }
    let claims = |key: &PublicKey| signatures.iter().any(|s| s.keyid == key.id());
    match trusted.iter().find(|key| claims(key)) {
        Some(key) => Err(Refusal::new(
            RefusalCode::BadSignature,
            format!("the signature of key {} does not fit", key.id()),
        )),
        None => {
            let known: Vec<String> =
                signatures.iter().map(|s| s.keyid.escape_debug().take(80).collect()).collect();
            let by = if known.is_empty() { "nobody".to_owned() } else { known.join(", ") };
            let message = format!("no trusted key signed it; it says that it was signed by {by}");
            Err(Refusal::new(RefusalCode::UnknownKey, message))
        }
    }
}

/// Whether a statement, which somebody trusted signed, is about this manifest.
fn about(statement: &Statement, manifest: &[u8]) -> Result<(), Refusal> {
    if statement.kind != STATEMENT {
        return Err(other("what is signed is no in-toto statement of version 1"));
    }
    if statement.predicate_type != PREDICATE {
        return Err(other("what is signed is no statement about a bundle"));
    }
    known_format(statement.predicate.format)?;
    let right = self::statement(manifest);
    let same = |a: &[Subject], b: &[Subject]| {
        let all = |s: &[Subject]| {
            Vec::from_iter(s.iter().map(|s| (s.name.clone(), s.digest.sha256.clone())))
        };
        all(a) == all(b)
    };
    match same(&statement.subject, &right.subject) {
        true => Ok(()),
        false => Err(Refusal::new(
            RefusalCode::OtherManifest,
            format!("`{MANIFEST}` is not the one that was signed"),
        )),
    }
}

fn statement(manifest: &[u8]) -> Statement {
    let digest = digest::of_bytes(manifest);
    let sha256 = digest.trim_start_matches("sha256:").to_owned();
    Statement {
        kind: STATEMENT.to_owned(),
        subject: vec![Subject { name: MANIFEST.to_owned(), digest: Sha256 { sha256 } }],
        predicate_type: PREDICATE.to_owned(),
        predicate: Predicate { format: FORMAT },
    }
}

/// DSSE's encoding of type and payload, in which neither can run into the other.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Compact JSON, in the order of the types.
fn written(value: &impl Serialize) -> Vec<u8> {
    // Texts and numbers in structs: nothing here can fail.
    serde_json::to_vec(value).unwrap_or_default()
}

fn parsed<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))
}

fn decoded(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64.decode(text).map_err(|error| unreadable(error.to_string()))
}

fn unreadable(why: String) -> Refusal {
    Refusal::new(RefusalCode::Unreadable, format!("`{ENVELOPE}` cannot be read: {why}"))
}

fn other(message: &str) -> Refusal {
    Refusal::new(RefusalCode::OtherFormat, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_dsse_specification() {
        let encoded = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn a_sealed_manifest_opens_with_its_key_and_no_other() {
        let (key, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let envelope = seal(b"manifest", &key);
        let trusted = [other.public(), key.public()];
        assert_eq!(open(&envelope, b"manifest", &trusted).unwrap(), key.public());
        let code = |manifest: &[u8], trusted: &[PublicKey]| {
            open(&envelope, manifest, trusted).unwrap_err().code
        };
        assert_eq!(code(b"manifest", &trusted[..1]), RefusalCode::UnknownKey);
        assert_eq!(code(b"manifest", &[]), RefusalCode::UnknownKey);
        assert_eq!(code(b"manifesT", &trusted), RefusalCode::OtherManifest);
    }

    #[test]
    fn the_same_manifest_and_key_give_the_same_envelope() {
        let key = SecretKey::generate().unwrap();
        assert_eq!(seal(b"manifest", &key), seal(b"manifest", &key));
    }
}

//! Keys: Ed25519, in the files that OpenSSL reads too.
//!
//! A private key is only ever written encrypted: PKCS#8 in PEM, AES-256 under a key derived with scrypt
//! (N = 2^14, r = 8, p = 5: what OWASP asks for, within the memory that OpenSSL allows). A public key is SPKI in PEM.

use crate::digest;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use miette::Diagnostic;
use pkcs8::der::zeroize::Zeroizing;
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::spki::{DecodePublicKey as _, EncodePublicKey as _};
use pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding, PrivateKeyInfoRef};
use std::fmt;
use thiserror::Error;

/// A password has at least so many characters.
pub const MIN_PASSWORD: usize = 8;
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// Who signs. Never printed.
pub struct SecretKey(SigningKey);

/// Who is trusted.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why a key cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum KeyError {
    /// The system gave no random numbers.
    #[error("the system gives no random numbers: {0}")]
    #[diagnostic(help("try again; a key cannot be made without"))]
    NoRandomness(String),
    /// Too short a password.
    #[error("the password is shorter than {MIN_PASSWORD} characters")]
    #[diagnostic(help("choose a longer one; whoever has the file and the password can sign"))]
    ShortPassword,
    /// Encrypting failed.
    #[error("the key could not be encrypted: {0}")]
    NotEncrypted(String),
    /// No private key of ours.
    #[error("this is no encrypted private key")]
    #[diagnostic(help(
        "name a file that `remit keys new` wrote: it begins with `-----BEGIN {ENCRYPTED}-----`"
    ))]
    NoSecretKey,
    /// A public key where a private one is needed.
    #[error("this is a public key, and signing needs the private one")]
    #[diagnostic(help("name the file without `.pub`"))]
    PublicInstead,
    /// The key in it is not encrypted.
    #[error("the private key is not encrypted")]
    #[diagnostic(help(
        "encrypt it: `openssl pkcs8 -topk8 -scrypt -in FILE -out NEW`; and change it if others could read it"
    ))]
    NotProtected,
    /// Decrypting failed.
    #[error("the password does not open the key")]
    #[diagnostic(help("check the password, and that this is the key you mean"))]
    WrongPassword,
    /// No public key.
    #[error("this is no Ed25519 public key")]
    #[diagnostic(help("name the `.pub` file that `remit keys new` wrote"))]
    NoPublicKey,
    /// A private key where a public one is needed.
    #[error("this is a private key, and verifying needs the public one only")]
    #[diagnostic(help("name the `.pub` file beside it, and keep the private key to yourself"))]
    SecretInstead,
    /// A key for which signatures prove nothing.
    #[error("this public key is one for which anybody can make signatures")]
    #[diagnostic(help("do not trust it; get the right key"))]
    WeakKey,
}

impl SecretKey {
    /// A new key.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        random(secret.as_mut())?;
        Ok(Self(SigningKey::from_bytes(&secret)))
    }

    /// The key in PEM, encrypted with a password.
    ///
    /// # Errors
    /// If the password is too short.
    pub fn to_pem(&self, password: &str) -> Result<Zeroizing<String>, KeyError> {
        if password.chars().count() < MIN_PASSWORD {
            return Err(KeyError::ShortPassword);
        }
        let failed = |error: &dyn fmt::Display| KeyError::NotEncrypted(error.to_string());
        // Without the public key, which OpenSSL does not read in this place.
        let plain =
            ed25519_dalek::pkcs8::KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let plain = plain.to_pkcs8_der().map_err(|e| failed(&e))?;
        let info = PrivateKeyInfoRef::try_from(plain.as_bytes()).map_err(|e| failed(&e))?;
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        random(&mut salt)?;
        random(&mut iv)?;
        let cost = scrypt::Params::new(14, 8, 5).map_err(|e| failed(&e))?;
        let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv);
        let scheme = scheme.map_err(|e| failed(&e))?;
        let encrypted = info.encrypt_with_params(scheme, password).map_err(|e| failed(&e))?;
        encrypted.to_pem(ENCRYPTED, LineEnding::LF).map_err(|e| failed(&e))
    }

    /// Reads a key.
    ///
    /// # Errors
    /// If it is none, or the password is wrong.
    pub fn from_pem(pem: &str, password: &str) -> Result<Self, KeyError> {
        match label(pem) {
            Some(ENCRYPTED) => {}
            Some("PUBLIC KEY") => return Err(KeyError::PublicInstead),
            Some("PRIVATE KEY") => return Err(KeyError::NotProtected),
            _ => return Err(KeyError::NoSecretKey),
        }
        match SigningKey::from_pkcs8_encrypted_pem(pem, password) {
            Ok(key) => Ok(Self(key)),
            Err(pkcs8::Error::Asn1(_)) => Err(KeyError::NoSecretKey),
            Err(_) => Err(KeyError::WrongPassword),
        }
    }

    /// Who is trusted by whoever trusts this key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The signature of a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl PublicKey {
    /// Reads a key.
    ///
    /// # Errors
    /// If it is none, or one that proves nothing.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        match label(pem) {
            Some("PUBLIC KEY") => {}
            Some(other) if other.ends_with("PRIVATE KEY") => return Err(KeyError::SecretInstead),
            _ => return Err(KeyError::NoPublicKey),
        }
        let key =
            VerifyingKey::from_public_key_pem(pem.trim()).map_err(|_| KeyError::NoPublicKey)?;
        if key.is_weak() {
            return Err(KeyError::WeakKey);
        }
        Ok(Self(key))
    }

    /// The key in PEM.
    ///
    /// # Errors
    /// Never for an Ed25519 key.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let pem = self.0.to_public_key_pem(LineEnding::LF);
        pem.map_err(|error| KeyError::NotEncrypted(error.to_string()))
    }

    /// A short name for it: the digest of its 32 bytes.
    #[must_use]
    pub fn id(&self) -> String {
        digest::of_bytes(self.0.as_bytes())
    }

    /// Whether a signature of a message is by this key.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public().id())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

fn random(bytes: &mut [u8]) -> Result<(), KeyError> {
    getrandom::fill(bytes).map_err(|error| KeyError::NoRandomness(error.to_string()))
}

/// What a PEM text says that it is.
fn label(pem: &str) -> Option<&str> {
    pem.trim_start().strip_prefix("-----BEGIN ")?.split_once("-----").map(|(label, _)| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_with_its_password_only() {
        let key = SecretKey::generate().unwrap();
        let pem = key.to_pem("correct horse").unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let read = SecretKey::from_pem(&pem, "correct horse").unwrap();
        assert_eq!(read.public(), key.public());
        let wrong = SecretKey::from_pem(&pem, "correct hors").unwrap_err();
        assert!(matches!(wrong, KeyError::WrongPassword), "{wrong}");
        assert!(matches!(key.to_pem("short"), Err(KeyError::ShortPassword)));
    }

    #[test]
    fn keys_are_not_taken_for_each_other() {
        let key = SecretKey::generate().unwrap();
        let (secret, public) =
            (key.to_pem("correct horse").unwrap(), key.public().to_pem().unwrap());
        assert!(matches!(PublicKey::from_pem(&secret), Err(KeyError::SecretInstead)));
        assert!(matches!(SecretKey::from_pem(&public, ""), Err(KeyError::PublicInstead)));
        assert_eq!(PublicKey::from_pem(&public).unwrap(), key.public());
        for text in ["", "key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            assert!(matches!(PublicKey::from_pem(text), Err(KeyError::NoPublicKey)), "{text}");
        }
    }

    #[test]
    fn a_signature_is_by_one_key_over_one_message() {
        let (key, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let signature = key.sign(b"message");
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"massage", &signature));
        assert!(!other.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"message", &signature[..63]));
    }
}

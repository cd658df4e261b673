//! Tells secrets apart without giving them away.
//!
//! What counts as a secret here is what opens a door by itself and can be known by its form: tokens with
//! a prefix of their issuer, JSON Web Tokens, what stands behind `Bearer`.

use aho_corasick::{AhoCorasick, MatchKind};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// What secrets begin with, and how long one is at least.
const PREFIXES: [(&str, usize); 14] = [
    ("eyJ", 40),
    ("Bearer ", 27),
    ("bearer ", 27),
    ("sk-", 24),
    ("sk_live_", 20),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghs_", 30),
    ("github_pat_", 40),
    ("glpat-", 24),
    ("xoxb-", 24),
    ("xoxp-", 24),
    ("AKIA", 20),
    ("ASIA", 20),
];

/// Of a session's texts, so many secrets are looked at.
pub(super) const MOST_SECRETS: usize = 10_000;

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let prefixes = PREFIXES.map(|(prefix, _)| prefix);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(prefixes).ok()
});

/// The fingerprint of a secret.
pub(super) fn fingerprint(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("secret-{hex}")
}

/// The secrets in a text.
pub(super) fn secrets(text: &str) -> impl Iterator<Item = &str> {
    let found = FINDER.iter().flat_map(move |finder| finder.find_iter(text));
    let mut read_until = 0;
    found.filter_map(move |found| {
        let (prefix, least) = PREFIXES.get(found.pattern().as_usize())?;
        if found.start() < read_until || continues_a_word(text, found.start()) {
            return None;
        }
        let after = text.get(found.end()..)?;
        let body = after.find(|c| !is_of_token(c)).unwrap_or(after.len());
        read_until = found.end() + body;
        // What stands behind `Bearer` is the secret, without the word.
        let start = if prefix.ends_with(' ') { found.end() } else { found.start() };
        let is_long = prefix.len() + body >= *least;
        text.get(start..read_until).filter(|_| is_long)
    })
}

fn continues_a_word(text: &str, at: usize) -> bool {
    text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphanumeric)
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.~+/=".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_by_their_form() {
        let key = format!("ghp_{}", "a1".repeat(18));
        let jwt = format!("eyJ{}.eyJ{}.c2ln", "hbGciOiJub25lIn0", "zdWIiOiJhbm4iLCJleHAiOjF9");
        let text = format!("use {key}, then `Authorization: Bearer {jwt}`; not task-force or sk-9");
        assert_eq!(secrets(&text).collect::<Vec<_>>(), [&key, &jwt]);
        assert_eq!(secrets(&format!("x{key}")).count(), 0);
        assert_ne!(fingerprint(&key), fingerprint(&jwt));
        assert!(!fingerprint(&key).contains(&key));
    }
}

//! Digests: `sha256:` and lower-case hex, over exact bytes.
//!
//! Line endings are kept: a file that changed is a file that changed. A digest over several files
//! does not depend on the order in which a disk lists them.

use sha2::{Digest as _, Sha256};

/// The digest of one text.
pub(crate) fn of_text(text: &str) -> String {
    prefixed(&Sha256::digest(text.as_bytes()))
}

/// The digest of named texts, sorted by name; lengths keep neighbours from running together.
pub(crate) fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut sorted: Vec<_> = files.into_iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut hasher = Sha256::new();
    for (name, text) in sorted {
        for part in [name, text] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    prefixed(&hasher.finalize())
}

/// The first eight hex digits, enough to tell the policies of one file apart.
pub(crate) fn short(digest: &str) -> String {
    digest.trim_start_matches("sha256:").chars().take(8).collect()
}

fn prefixed(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_digested_by_name_and_not_by_order() {
        let one = of_files([("a", "1"), ("b", "2")]);
        assert_eq!(one, of_files([("b", "2"), ("a", "1")]));
        assert_ne!(one, of_files([("a", "12"), ("b", "")]));
        assert_ne!(of_text("a\n"), of_text("a\r\n"));
    }
}

//! Names with `*`: patterns that remember what each star matched, and templates that use it.
//!
//! `*` stands for any text, `/` and nothing included; every other character is itself. Globs over
//! paths and session names are `globset`'s; this one exists because a mapping rule must hand what
//! it matched to the name of an action.

use std::fmt;

/// A pattern for names, such as `mcp__git__*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    text: String,
}

impl NamePattern {
    /// Reads a pattern; every text is one.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// What each star matched, if the whole name matches.
    #[must_use]
    pub fn captures<'n>(&self, name: &'n str) -> Option<Vec<&'n str>> {
        let Some((head, tail)) = self.text.split_once('*') else {
            return (self.text == name).then(Vec::new);
        };
        let (middle, last) = tail.rsplit_once('*').map_or((None, tail), |(m, l)| (Some(m), l));
        let mut rest = name.strip_prefix(head)?.strip_suffix(last)?;
        let mut captures = Vec::new();
        for literal in middle.into_iter().flat_map(|middle| middle.split('*')) {
            let (before, after) = rest.split_once(literal)?;
            captures.push(before);
            rest = after;
        }
        captures.push(rest);
        Some(captures)
    }

    /// Whether the whole name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.captures(name).is_some()
    }

    /// How many stars there are.
    pub(crate) fn stars(&self) -> usize {
        self.text.matches('*').count()
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A name that may use what a pattern's stars matched, first to first, such as `git_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate {
    text: String,
}

impl NameTemplate {
    /// Reads a template, unless it uses more stars than the pattern beside it has.
    pub(crate) fn new(text: &str, pattern: &NamePattern) -> Option<Self> {
        let fits = text.matches('*').count() <= pattern.stars();
        fits.then(|| Self { text: text.to_owned() })
    }

    /// The name, with the stars filled in.
    #[must_use]
    pub fn fill(&self, captures: &[&str]) -> String {
        let mut pieces = self.text.split('*');
        let mut name = pieces.next().unwrap_or_default().to_owned();
        for (number, piece) in pieces.enumerate() {
            name.push_str(captures.get(number).copied().unwrap_or_default());
            name.push_str(piece);
        }
        name
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures<'n>(pattern: &str, name: &'n str) -> Option<Vec<&'n str>> {
        NamePattern::new(pattern).captures(name)
    }

    #[test]
    fn stars_remember_what_they_matched() {
        assert_eq!(captures("mcp__git__*", "mcp__git__log"), Some(vec!["log"]));
        assert_eq!(captures("mcp__*__*", "mcp__git__log"), Some(vec!["git", "log"]));
        assert_eq!(captures("*", ""), Some(vec![""]));
        assert_eq!(captures("a*b*c", "a-b-b-c"), Some(vec!["-", "-b-"]));
        assert_eq!(captures("a*a", "a"), None);
        assert_eq!(captures("read", "reader"), None);
        assert_eq!(captures("a?c", "abc"), None);
    }

    #[test]
    fn a_template_cannot_use_more_stars_than_there_are() {
        let pattern = NamePattern::new("mcp__*__*");
        let template = NameTemplate::new("*.*", &pattern);
        assert_eq!(template.map(|t| t.fill(&["git", "log"])).as_deref(), Some("git.log"));
        assert_eq!(NameTemplate::new("*", &NamePattern::new("x")), None);
    }
}

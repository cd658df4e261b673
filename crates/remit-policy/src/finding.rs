//! One thing that is wrong with a workspace, said to the person who can fix it.
//!
//! A finding carries everything that any rendering needs: code, place, message, help. Codes are a
//! closed enum, so that nobody matches on text, and each code has one severity.

use std::fmt;
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use serde::{Serialize, Serializer};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Must be fixed: verdicts would be wrong or missing.
    Error,
    /// Probably not what was meant.
    Warning,
    /// Works, and could be better.
    Advice,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
        })
    }
}

/// Something that is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The kind of mistake.
    pub code: FindingCode,
    /// How much it matters.
    pub severity: Severity,
    /// The file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// Byte offsets into the file's text.
    pub span: Option<Range<usize>>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// The line on which the span ends.
    pub end_line: Option<u32>,
    /// The column just after the span.
    pub end_column: Option<u32>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The id of the policy it is in.
    pub policy: Option<String>,
    /// The actions for which the validator reports it, sorted; empty when it does not depend on them.
    pub actions: Vec<String>,
}

impl Finding {
    /// A finding about a whole file.
    pub(crate) fn new(code: FindingCode, file: &Utf8Path, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            file: file.to_owned(),
            span: None,
            line: None,
            column: None,
            end_line: None,
            end_column: None,
            message: message.into(),
            help: None,
            policy: None,
            actions: Vec::new(),
        }
    }

    /// The same, at a place in the text of that file.
    pub(crate) fn at(mut self, text: &str, span: Range<usize>) -> Self {
        let (line, column) = position(text, span.start);
        let (end_line, end_column) = position(text, span.end);
        self.line = Some(line);
        self.column = Some(column);
        self.end_line = Some(end_line);
        self.end_column = Some(end_column);
        self.span = Some(span);
        self
    }

    /// A policy whose only mistake is that nothing ends it.
    pub(crate) fn unfinished(file: &Utf8Path, text: &str, policy: &Range<usize>) -> Self {
        let written = text.get(policy.clone()).unwrap_or_default();
        let last = written.chars().next_back().map_or(0, char::len_utf8);
        Self::new(FindingCode::Syntax, file, "the policy does not end with `;`")
            .at(text, policy.end - last..policy.end)
            .help("add `;` here; the policy does not count until then")
    }

    pub(crate) fn at_optional(self, text: &str, span: Option<Range<usize>>) -> Self {
        match span {
            Some(span) => self.at(text, span),
            None => self,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn help_optional(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    pub(crate) fn policy(mut self, id: &str) -> Self {
        self.policy = Some(id.to_owned());
        self
    }
}

/// Line and column of a byte offset, both from 1, the column in characters.
pub(crate) fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (count(line), count(column))
}

/// The starts of a text's lines, for a file with many places to look up.
#[derive(Debug, Clone)]
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(offset, _)| offset + 1);
        Self(std::iter::once(0).chain(ends).collect())
    }

    /// The same as [`position`], without reading the text from its beginning.
    pub(crate) fn position(&self, text: &str, offset: usize) -> (u32, u32) {
        let line = self.0.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.0.get(index)).copied().unwrap_or(0);
        let before = text.get(start..offset).unwrap_or_default();
        (count(line), count(before.chars().count() + 1))
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Files first, then places, so that the same workspace always reads the same.
pub(crate) fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    let start = |finding: &Finding| finding.span.as_ref().map(|span| (span.start, span.end));
    findings.sort_by(|a, b| {
        (&a.file, start(a), a.code, &a.message, &a.actions).cmp(&(
            &b.file,
            start(b),
            b.code,
            &b.message,
            &b.actions,
        ))
    });
    findings.dedup();
    findings
}

/// Cedar wraps its errors; the innermost one says what is wrong.
pub(crate) fn innermost(error: &dyn Diagnostic) -> (String, Option<String>) {
    let help = error.help().map(|help| help.to_string());
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let text = inner.to_string();
        if !text.is_empty() {
            message = text;
        }
        source = inner.source();
    }
    (message.replace('\n', " "), help)
}

macro_rules! finding_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal $severity:ident,)+) => {
        /// The kinds of mistakes, as short words that stay the same from version to version.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingCode { $($(#[doc = $doc])+ $name,)+ }

        impl FindingCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word for it, in kebab case.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// How much a mistake of this kind matters.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }
        }
    };
}

finding_codes! {
    /// A file or folder could not be read, or is not UTF-8.
    UnreadableFile = "unreadable-file" Error,
    /// `remit.toml` does not say what it should.
    InvalidConfig = "invalid-config" Error,
    /// A path in `[recordings]` leads nowhere.
    MissingRecordings = "missing-recordings" Warning,
    /// There is no schema to check policies against.
    MissingSchema = "missing-schema" Error,
    /// The schema does not parse, or contradicts itself.
    InvalidSchema = "invalid-schema" Error,
    /// The schema is legal, and something in it is odd.
    OddSchema = "odd-schema" Warning,
    /// An entity does not parse, or does not fit the schema.
    InvalidEntities = "invalid-entities" Error,
    /// A file for Dogwood that is not read here: providers, or event schemas of one's own.
    UnsupportedFile = "unsupported-file" Error,
    /// A policy asks a program outside of it.
    UnsupportedProvider = "unsupported-provider" Error,
    /// A macro that is not right, or that a policy calls wrongly.
    InvalidMacro = "invalid-macro" Error,
    /// A policy does not parse.
    Syntax = "syntax" Error,
    /// Two policies of one layer have the same `@id`.
    DuplicateId = "duplicate-id" Error,
    /// The same policy is written twice in one layer.
    DuplicatePolicy = "duplicate-policy" Warning,
    /// A policy has no `@id`.
    MissingId = "missing-id" Advice,
    /// An annotation that Remit reads says something that it does not know.
    InvalidAnnotation = "invalid-annotation" Error,
    /// There are no guardrails: every call is denied.
    NoGuardrails = "no-guardrails" Warning,
    /// A scope without policies: every call is drift.
    EmptyScope = "empty-scope" Warning,
    /// `scopes.toml` does not say what it should.
    InvalidScopeIndex = "invalid-scope-index" Error,
    /// A task names a policy file that does not exist.
    MissingScopeFile = "missing-scope-file" Error,
    /// A template that nothing links.
    UnlinkedTemplate = "unlinked-template" Warning,
    /// A template link that cannot be made.
    InvalidLink = "invalid-link" Error,
    /// An entity type that the schema does not declare.
    UnknownEntityType = "unknown-entity-type" Error,
    /// A condition over history that does not fit the schema or the rules of such conditions.
    InvalidHistoryCondition = "invalid-history-condition" Error,
    /// An action that the schema does not declare.
    UnknownAction = "unknown-action" Error,
    /// An entity that its enumerated type does not list.
    UnknownEnumEntity = "unknown-enum-entity" Error,
    /// An attribute that the schema does not declare.
    UnknownAttribute = "unknown-attribute" Error,
    /// An extension function that does not exist.
    UnknownFunction = "unknown-function" Error,
    /// No action, principal type and resource type fit the head of the policy.
    NoApplicableAction = "no-applicable-action" Error,
    /// A value of the wrong type.
    UnexpectedType = "unexpected-type" Error,
    /// Two values whose types cannot be compared or mixed.
    IncompatibleTypes = "incompatible-types" Error,
    /// An optional attribute is read without asking whether it is there.
    UnguardedAttribute = "unguarded-attribute" Error,
    /// A tag is read without asking whether it is there, or from a type without tags.
    UnguardedTag = "unguarded-tag" Error,
    /// A function with the wrong number of arguments.
    WrongArguments = "wrong-arguments" Error,
    /// A function argument that can never be right, such as an IP address that is none.
    InvalidArgument = "invalid-argument" Error,
    /// An empty set literal, whose type nobody can know.
    EmptySet = "empty-set" Error,
    /// The validator refuses the policy for a rarer reason.
    InvalidPolicy = "invalid-policy" Error,
    /// A policy that no valid request can ever satisfy.
    ImpossiblePolicy = "impossible-policy" Warning,
    /// A condition over history that always holds, because the request is in its own history.
    MatchesItself = "matches-itself" Warning,
    /// A predicate on a group of actions, of which no event is.
    GroupNeverMatches = "group-never-matches" Warning,
    /// A `since` whose left side must hold at every event.
    PositiveSince = "positive-since" Warning,
    /// What may be used once can be used by several calls in flight.
    UsedTwice = "used-twice" Advice,
    /// A field that no event of the action has.
    NeverLogged = "never-logged" Warning,
    /// More than AgentCore takes.
    AgentCoreLimit = "agentcore-limit" Warning,
    /// Characters that change the direction of text and can hide what a policy says.
    BidirectionalText = "bidirectional-text" Warning,
    /// Letters of several scripts in one name or string, or letters that look like others.
    ConfusableText = "confusable-text" Warning,
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FindingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("é = 1\nxé!", 6), (1, 6));
        assert_eq!(position("é = 1\nxé!", 10), (2, 3));
        assert_eq!(position("a\n", 99), (2, 1));
        let text = "é = 1\nxé!\n\n@";
        for (offset, _) in text.char_indices() {
            assert_eq!(Lines::of(text).position(text, offset), position(text, offset));
        }
    }
}

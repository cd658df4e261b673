//! One `.cedar` file, policy by policy.
//!
//! Each policy is parsed alone under an id of ours: its `@id`, else the file's stem and the digest
//! of its text. Cedar's own ids count positions, so that an inserted policy would rename all after
//! it. Whether a policy fits the schema is `validate`'s question.

use std::collections::BTreeMap;
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{Effect, Policy, PolicyId, Template};
use cedar_policy_core::parser::err::ParseErrors;
use cedar_policy_core::parser::parse_policy_or_template;
use miette::Diagnostic;

use crate::digest;
use crate::finding::{Finding, FindingCode, Lines};
use crate::split::{next_policy, split};

/// Where a policy is written and what it says about itself.
#[derive(Debug, Clone)]
pub struct PolicySource {
    /// Its id: `@id`, else `<file stem>~<digest>`.
    pub id: String,
    /// Its file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// Its bytes in the file.
    pub span: Range<usize>,
    /// The line it starts on, from 1.
    pub line: u32,
    /// The column it starts at, from 1.
    pub column: u32,
    /// Its text, from its first annotation to its `;`.
    pub text: String,
    /// Whether it permits or forbids.
    pub effect: Effect,
    /// Its annotations; one without a value is empty.
    pub annotations: BTreeMap<String, String>,
    /// Whether it is a template, which does nothing until it is linked.
    pub is_template: bool,
    /// The digest of its text.
    pub digest: String,
}

impl PolicySource {
    /// Whether the author gave it an id.
    #[must_use]
    pub fn has_own_id(&self) -> bool {
        self.annotations.get("id").is_some_and(|id| !id.is_empty())
    }

    /// A finding about the policy as a whole, placed at its first line.
    pub(crate) fn finding(&self, code: FindingCode, message: impl Into<String>) -> Finding {
        let first_line = self.text.lines().next().unwrap_or_default();
        let mut finding = Finding::new(code, &self.file, message).policy(&self.id);
        let width = u32::try_from(first_line.chars().count()).unwrap_or(0);
        finding.span = Some(self.span.start..self.span.start + first_line.len());
        finding.line = Some(self.line);
        finding.column = Some(self.column);
        finding.end_line = Some(self.line);
        finding.end_column = Some(self.column + width);
        finding
    }
}

/// A policy and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct ParsedPolicy {
    pub(crate) source: PolicySource,
    pub(crate) body: Body,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Static(Policy),
    Template(Template),
}

impl ParsedPolicy {
    /// The same policy under another id.
    pub(crate) fn renamed(mut self, id: String) -> Self {
        let new_id = PolicyId::new(&id);
        self.body = match self.body {
            Body::Static(policy) => Body::Static(policy.new_id(new_id)),
            Body::Template(template) => Body::Template(template.new_id(new_id)),
        };
        self.source.id = id;
        self
    }
}

/// The policies of one file that parse.
#[derive(Debug, Clone)]
pub(crate) struct PolicyFile {
    pub(crate) path: Utf8PathBuf,
    pub(crate) text: String,
    pub(crate) policies: Vec<ParsedPolicy>,
    lines: Lines,
}

impl PolicyFile {
    /// Parses every policy of a file; a mistake costs the policy that it is in, and no other.
    pub(crate) fn parse(path: &Utf8Path, text: &str, findings: &mut Vec<Finding>) -> Self {
        let mut file = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            policies: Vec::new(),
            lines: Lines::of(text),
        };
        for piece in split(text) {
            let mut rest = Some(piece);
            while let Some(piece) = rest {
                rest = file.parse_first(piece, findings);
            }
        }
        let unnamed = file.policies.iter().filter(|policy| !policy.source.has_own_id());
        findings.extend(unnamed.map(|policy| without_id(&policy.source)));
        file
    }

    /// Parses the policy that a piece begins with; what is left is more than one policy's text.
    fn parse_first(
        &mut self,
        piece: Range<usize>,
        findings: &mut Vec<Finding>,
    ) -> Option<Range<usize>> {
        let text = self.text.get(piece.clone())?;
        let Err(errors) = parse_policy_or_template(None, text) else {
            let parsed = self.parsed(text.to_owned(), piece);
            self.policies.extend(parsed);
            return None;
        };
        let Some(next) = next_policy(&self.text, &piece) else {
            self.report(&errors, &piece, findings);
            return None;
        };
        self.report_unfinished(piece.start..next.previous_end, findings);
        Some(next.start..piece.end)
    }

    /// A policy without `;` has swallowed the next one: say what is wrong with the first.
    fn report_unfinished(&self, first: Range<usize>, findings: &mut Vec<Finding>) {
        let text = self.text.get(first.clone()).unwrap_or_default();
        match parse_policy_or_template(None, &format!("{text};")) {
            Ok(_) => {
                let message = "the policy does not end with `;`";
                let last = text.chars().next_back().map_or(0, char::len_utf8);
                findings.push(
                    Finding::new(FindingCode::Syntax, &self.path, message)
                        .at(&self.text, first.end - last..first.end)
                        .help("add `;` here; the policy does not count until then"),
                );
            }
            Err(errors) => self.report(&errors, &first, findings),
        }
    }

    fn report(&self, errors: &ParseErrors, piece: &Range<usize>, findings: &mut Vec<Finding>) {
        for error in errors.iter() {
            let label = error.labels().and_then(|mut labels| labels.next());
            let span = label.as_ref().map_or(piece.clone(), |label| {
                let start = (piece.start + label.offset()).min(piece.end);
                start..(start + label.len()).min(piece.end)
            });
            let help = error.help().map(|help| help.to_string());
            let expected = label.and_then(|label| label.label().map(str::to_owned));
            findings.push(
                Finding::new(FindingCode::Syntax, &self.path, error.to_string())
                    .at(&self.text, span)
                    .help_optional(help.or(expected)),
            );
        }
    }

    fn parsed(&self, text: String, span: Range<usize>) -> Option<ParsedPolicy> {
        let body = match Policy::parse(None, &text) {
            Ok(policy) => Body::Static(policy),
            Err(_) => Body::Template(Template::parse(None, &text).ok()?),
        };
        let (effect, annotations, is_template) = match &body {
            Body::Static(policy) => (policy.effect(), collect(policy.annotations()), false),
            Body::Template(template) => (template.effect(), collect(template.annotations()), true),
        };
        let digest = digest::of_text(&text);
        let (line, column) = self.lines.position(&self.text, span.start);
        let stem = self.path.file_stem().unwrap_or("policy");
        let derived = format!("{stem}~{}", digest::short(&digest));
        let own = annotations.get("id").filter(|id| !id.is_empty()).cloned();
        let file = self.path.clone();
        let id = own.unwrap_or(derived);
        let source = PolicySource {
            id: id.clone(),
            file,
            span,
            line,
            column,
            text,
            effect,
            annotations,
            is_template,
            digest,
        };
        Some(ParsedPolicy { source, body }.renamed(id))
    }
}

fn collect<'a>(annotations: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn without_id(source: &PolicySource) -> Finding {
    source.finding(FindingCode::MissingId, "the policy has no `@id`").help(
        "name it, as in `@id(\"pay-known-recipients\")`: reports and tests refer to it by that",
    )
}

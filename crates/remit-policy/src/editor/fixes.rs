//! Edits that mend a finding: the nearest names, the missing guard, the missing id.
//!
//! A fix is only offered where it is clear what to write; it never changes the text by itself.

mod names;
mod rewrite;

use camino::Utf8Path;

use super::complete;
use super::desk::Desk;
use super::parse;
use super::rename::Edit;
use super::schema::Schema;
use super::syntax::{Expression, Policy, Span};
use super::types::Environment;
use crate::files::FileKind;
use crate::finding::{Finding, FindingCode};

/// An edit that mends something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuickFix {
    /// What it does, as an order.
    pub title: String,
    /// The kind of the finding that it mends.
    pub code: FindingCode,
    /// Where the finding is.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// What changes.
    pub edits: Vec<Edit>,
    /// Whether it is the one that is most likely meant.
    pub is_preferred: bool,
}

/// The fixes for all findings of a file that touch a range of bytes.
///
/// The findings are those of the text that the desk holds, as [`check_text`](crate::check_text) gives them.
#[must_use]
pub fn quick_fixes(
    desk: &Desk<'_>,
    file: &Utf8Path,
    findings: &[Finding],
    range: std::ops::Range<usize>,
) -> Vec<QuickFix> {
    let Some(text) = desk.text(file) else {
        return Vec::new();
    };
    let policies = match FileKind::of(file).is_some_and(FileKind::is_policies) {
        true => parse::policies(text),
        false => Vec::new(),
    };
    let tree = desk.schema_tree();
    let schema = Schema::new(&tree);
    let touching = findings.iter().filter_map(|finding| {
        let span = finding.span.clone().filter(|_| finding.file == file)?;
        (span.start <= range.end && range.start <= span.end).then_some((finding, span))
    });
    let mut fixes = Vec::new();
    for (finding, span) in touching {
        // A finding about the place after a policy is about that policy.
        let policy = complete::at(&policies, (span.start + 1).min(text.len()));
        let policy = policy.or_else(|| complete::at(&policies, span.end));
        let policy = policy.or_else(|| complete::at(&policies, span.start));
        let environment = Environment::new(&schema, text, policy);
        let mut mender = Mender {
            desk,
            file,
            text,
            finding,
            span,
            policy,
            policies: &policies,
            environment: &environment,
            fixes: Vec::new(),
        };
        mender.mend();
        for fix in mender.fixes {
            if !fixes.iter().any(|other: &QuickFix| other.edits == fix.edits) {
                fixes.push(fix);
            }
        }
    }
    fixes
}

/// Looks for what mends one finding.
struct Mender<'a> {
    desk: &'a Desk<'a>,
    file: &'a Utf8Path,
    text: &'a str,
    finding: &'a Finding,
    span: Span,
    policy: Option<&'a Policy>,
    policies: &'a [Policy],
    environment: &'a Environment<'a>,
    fixes: Vec<QuickFix>,
}

impl<'a> Mender<'a> {
    fn mend(&mut self) {
        match self.finding.code {
            FindingCode::UnknownAttribute => self.nearest_attributes(),
            FindingCode::UnknownAction => self.nearest_actions(),
            FindingCode::UnknownEntityType => self.nearest_types(),
            FindingCode::UnknownEnumEntity => self.nearest_choices(),
            FindingCode::UnguardedAttribute => self.guard_attribute(),
            FindingCode::UnguardedTag => self.guard_tag(),
            FindingCode::MissingId => self.add_id(),
            FindingCode::DuplicateId => self.another_id(),
            FindingCode::DuplicatePolicy => self.delete_policy(),
            FindingCode::EmptySet => self.ask_is_empty(),
            FindingCode::UnexpectedType | FindingCode::IncompatibleTypes => self.compare_decimals(),
            FindingCode::Syntax => self.syntax(),
            FindingCode::BidirectionalText => self.remove_hidden(),
            _ => self.did_you_mean(),
        }
    }

    fn slice(&self, span: &Span) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    fn fix(&mut self, title: impl Into<String>, edits: Vec<(Span, String)>) {
        let edit = |(span, text): (Span, String)| Edit {
            file: self.file.to_owned(),
            start: span.start,
            end: span.end,
            text,
        };
        self.fixes.push(QuickFix {
            title: title.into(),
            code: self.finding.code,
            start: self.span.start,
            end: self.span.end,
            edits: edits.into_iter().map(edit).collect(),
            is_preferred: self.fixes.is_empty(),
        });
    }

    /// The expressions around the finding, outermost first.
    fn around(&self) -> Vec<&'a Expression> {
        let mut found = Vec::new();
        let roots = self.policy.into_iter().flat_map(Policy::expressions);
        let holds =
            |e: &&Expression| e.span.start <= self.span.start && self.span.end <= e.span.end;
        let mut next = roots.into_iter().find(holds);
        while let Some(expression) = next {
            found.push(expression);
            next = expression.children().into_iter().find(holds);
        }
        found
    }
}

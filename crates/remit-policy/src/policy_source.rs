//! Where a policy is written, and findings at its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::Effect;

use crate::digest;
use crate::finding::{Finding, FindingCode, position};
use crate::temporal::Leaf;

/// The language of a policy, by the ending of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Cedar, `.cedar`.
    Cedar,
    /// Cedar with conditions over history, `.dw`.
    Dogwood,
}

impl Language {
    /// The language of a policy file.
    #[must_use]
    pub fn of(file: &Utf8Path) -> Self {
        match file.extension() {
            Some("dw") => Self::Dogwood,
            _ => Self::Cedar,
        }
    }
}

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
    /// The digest of its text, and of the macros that it uses.
    pub digest: String,
    /// The language it is written in.
    pub language: Language,
    /// The definitions of the macros that it uses, as its file has them.
    pub(crate) macros: Arc<str>,
    /// The conditions over history that it asks, in the order of its text.
    pub leaves: Vec<Arc<Leaf>>,
}

impl PolicySource {
    /// The id of a policy: its own, else one of its file's name and its text.
    pub(crate) fn id_of(
        file: &Utf8Path,
        annotations: &BTreeMap<String, String>,
        digest: &str,
    ) -> String {
        let own = annotations.get("id").filter(|id| !id.is_empty()).cloned();
        own.unwrap_or_else(|| {
            let stem = file.file_stem().unwrap_or("policy");
            format!("{stem}~{}", digest::short(digest))
        })
    }

    /// The definitions of the macros that it uses, each with its `;` and a line's end.
    #[must_use]
    pub fn macros(&self) -> &str {
        &self.macros
    }

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

    /// A finding about a part of the policy; the span counts from the policy's first byte.
    pub(crate) fn finding_at(
        &self,
        code: FindingCode,
        message: impl Into<String>,
        span: &Range<usize>,
    ) -> Finding {
        let mut finding = Finding::new(code, &self.file, message).policy(&self.id);
        let (line, column) = self.position(span.start);
        let (end_line, end_column) = self.position(span.end);
        finding.span = Some(self.span.start + span.start..self.span.start + span.end);
        finding.line = Some(line);
        finding.column = Some(column);
        finding.end_line = Some(end_line);
        finding.end_column = Some(end_column);
        finding
    }

    /// Line and column in the file of a byte of the policy.
    fn position(&self, offset: usize) -> (u32, u32) {
        let (line, column) = position(&self.text, offset);
        let before = if line == 1 { self.column - 1 } else { 0 };
        (self.line + line - 1, before + column)
    }

    /// The same policy where it is written now.
    pub(crate) fn moved(
        self: &Arc<Self>,
        span: Range<usize>,
        (line, column): (u32, u32),
    ) -> Arc<Self> {
        if (&self.span, self.line, self.column) == (&span, line, column) {
            return Arc::clone(self);
        }
        Arc::new(Self { span, line, column, ..Self::clone(self) })
    }
}

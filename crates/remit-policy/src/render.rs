//! Findings as text: one plain line each for screen readers and logs, JSON for machines, and a
//! `miette` diagnostic for hosts that draw.
//!
//! The plain form has no box, no colour and no line break inside a finding. Colours, widths and
//! where the text goes are the host's business.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use serde_json::{Value, json};

use crate::finding::{Finding, Severity};

/// How many actions a finding names before it only counts them.
const ACTIONS_NAMED: usize = 3;

/// One line a finding: `file:line:column: severity: message; help: …`.
#[must_use]
pub fn plain(findings: &[Finding]) -> String {
    findings.iter().map(|finding| plain_line(finding) + "\n").collect()
}

fn plain_line(finding: &Finding) -> String {
    let mut line = finding.file.to_string();
    if let (Some(row), Some(column)) = (finding.line, finding.column) {
        line.push_str(&format!(":{row}:{column}"));
    }
    line.push_str(&format!(": {}: {} [{}]", finding.severity, finding.message, finding.code));
    if let Some(actions) = actions(finding) {
        line.push_str(&format!("; for {actions}"));
    }
    if let Some(help) = &finding.help {
        line.push_str(&format!("; help: {help}"));
    }
    line.replace(['\n', '\r'], " ")
}

fn actions(finding: &Finding) -> Option<String> {
    let named = finding.actions.get(..ACTIONS_NAMED.min(finding.actions.len()))?;
    let others = finding.actions.len() - named.len();
    match (named.is_empty(), others) {
        (true, _) => None,
        (false, 0) => Some(named.join(", ")),
        (false, _) => Some(format!("{} and {others} more", named.join(", "))),
    }
}

/// All findings as one document of version 1.
#[must_use]
pub fn json(findings: &[Finding], policies: usize) -> Value {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    json!({
        "version": 1,
        "summary": {
            "errors": count(Severity::Error),
            "warnings": count(Severity::Warning),
            "advice": count(Severity::Advice),
            "policies": policies,
        },
        "findings": findings,
    })
}

/// A finding with the text it is about, for hosts that draw.
#[derive(Debug)]
pub struct FindingReport {
    finding: Finding,
    source: Option<NamedSource<String>>,
}

impl FindingReport {
    /// Joins a finding and the text of its file.
    #[must_use]
    pub fn new(finding: Finding, text: Option<&str>) -> Self {
        let source = text.map(|text| NamedSource::new(&finding.file, text.to_owned()));
        Self { finding, source }
    }
}

impl fmt::Display for FindingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.finding.span {
            Some(_) => f.write_str(&self.finding.message),
            None => write!(f, "{}: {}", self.finding.file, self.finding.message),
        }
    }
}

impl std::error::Error for FindingReport {}

impl Diagnostic for FindingReport {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Advice => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.finding.help.as_ref()?))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.finding.span.clone()?;
        let label = actions(&self.finding).map(|actions| format!("for {actions}"));
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(label, span))))
    }
}

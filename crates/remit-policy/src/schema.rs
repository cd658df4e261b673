//! The schema of a workspace: read, checked, and ready to validate with.

use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{Schema, SchemaFragment};
use cedar_policy_core::validator::Validator;
use miette::Diagnostic;

use crate::digest;
use crate::editor::schema_syntax::SchemaTree;
use crate::finding::{Finding, FindingCode};
use crate::schema_model::SchemaModel;

/// A schema that parses and makes sense.
#[derive(Debug, Clone)]
pub struct LoadedSchema {
    /// Its file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// Its text.
    pub text: String,
    /// Cedar's form of it.
    pub schema: Schema,
    /// What the mapping needs of it.
    pub model: SchemaModel,
    /// The digest of its text.
    pub digest: String,
    pub(crate) validator: Validator,
    /// Its declarations, with their places.
    pub(crate) tree: SchemaTree,
}

impl LoadedSchema {
    /// Reads a schema in Cedar's schema syntax; mistakes and oddities become findings.
    pub(crate) fn read(file: &Utf8Path, text: &str, findings: &mut Vec<Finding>) -> Option<Self> {
        let (schema, warnings) = match Schema::from_cedarschema_str(text) {
            Ok(read) => read,
            Err(error) => {
                report(FindingCode::InvalidSchema, file, text, &error, findings);
                return None;
            }
        };
        for warning in warnings {
            report(FindingCode::OddSchema, file, text, &warning, findings);
        }
        let (fragment, _) = SchemaFragment::from_cedarschema_str(text).ok()?;
        Some(Self {
            file: file.to_owned(),
            text: text.to_owned(),
            model: SchemaModel::new(&schema, &fragment),
            digest: digest::of_text(text),
            validator: Validator::new(schema.as_ref().clone()),
            tree: SchemaTree::parse(text),
            schema,
        })
    }

    /// Reads a schema that stands alone, such as one that was just generated.
    ///
    /// # Errors
    /// All findings, if there is an error among them.
    pub fn parse(text: &str) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        Self::read(Utf8Path::new(crate::files::SCHEMA), text, &mut findings).ok_or(findings)
    }
}

/// Turns a mistake and everything related to it into findings.
pub(crate) fn report(
    code: FindingCode,
    file: &Utf8Path,
    text: &str,
    error: &dyn Diagnostic,
    findings: &mut Vec<Finding>,
) {
    let label = error.labels().and_then(|mut labels| labels.next());
    let span = label.as_ref().map(|label| clamp(text, label.offset(), label.len()));
    let expected = label.and_then(|label| label.label().map(str::to_owned));
    let help = error.help().map(|help| help.to_string()).or(expected);
    let message = error.to_string();
    let message = message.strip_prefix("error parsing schema: ").unwrap_or(&message);
    findings.push(
        Finding::new(code, file, said(message))
            .at_optional(text, span)
            .help_optional(help.map(|help| help.replace('\n', " "))),
    );
    for related in error.related().into_iter().flatten() {
        report(code, file, text, related, findings);
    }
}

/// Cedar's words in our style: one line, lower case, no full stop.
fn said(message: &str) -> String {
    let line = message.replace('\n', " ");
    let mut characters = line.trim_end_matches('.').chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

fn clamp(text: &str, start: usize, length: usize) -> Range<usize> {
    let start = start.min(text.len());
    start..(start + length).min(text.len())
}

//! Dogwood's own printer.
//!
//! It keeps every word and comment, and leaves the inside of `temporal { … }` as the author laid it out.

use camino::Utf8Path;
use dogwood_formatter::format_policies;
use dogwood_language::{Error, ParsedPolicySet, ServiceSchema};
use miette::Diagnostic;

use super::words::said;
use crate::finding::{Finding, FindingCode};

/// The text in the official style; macros and policies must parse, whatever the schema.
pub(crate) fn format(file: &Utf8Path, text: &str) -> Result<String, Box<Finding>> {
    match ParsedPolicySet::parse(text, &ServiceSchema::defaults()) {
        Ok(_) => Ok(format_policies(text)),
        Err(error) => Err(Box::new(refusal(file, text, &error))),
    }
}

fn refusal(file: &Utf8Path, text: &str, error: &Error) -> Finding {
    let label = match error {
        // Its place is one inside the block or inside the macro, and does not say which.
        Error::Macro(_) => None,
        other => other.labels().and_then(|mut labels| labels.next()),
    };
    let span = label.map(|label| {
        let start = label.offset().min(text.len());
        start..(start + label.len()).min(text.len())
    });
    Finding::new(FindingCode::Syntax, file, said(&error.to_string())).at_optional(text, span)
}

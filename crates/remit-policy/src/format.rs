//! Formats policies and schemas with Cedar's and Dogwood's own printers.
//!
//! Nothing an author wrote is lost: where a printer would drop comments, the text is refused. The
//! comment at the head of a policy file stays apart from the first policy's own.

use camino::Utf8Path;
use cedar_policy::SchemaFragment;
use cedar_policy_formatter::{Config, policies_str_to_pretty};

use crate::files::FileKind;
use crate::finding::{Finding, FindingCode};
use crate::policy_file::PolicyFile;
use crate::policy_source::Language;
use crate::schema::LoadedSchema;
use crate::split::{has_comments, split};
use crate::temporal;

/// The text in the official style.
///
/// # Errors
/// What keeps it from being formatted: the first mistake in it, or that nothing formats such files.
#[expect(
    clippy::result_large_err,
    reason = "callers want the finding itself, and formatting is rare"
)]
pub fn format_text(file: &Utf8Path, text: &str) -> Result<String, Finding> {
    let formatted = match FileKind::of(file) {
        Some(FileKind::Guardrails | FileKind::Scope) => format_policies(file, text),
        Some(FileKind::Schema) => format_schema(file, text),
        _ => Err(refusal(
            file,
            "there is no formatter for this file",
            "format `.cedar`, `.dw` and `.cedarschema` files",
        )),
    };
    formatted.map_err(|finding| *finding)
}

fn format_policies(file: &Utf8Path, text: &str) -> Result<String, Box<Finding>> {
    let mistakes = PolicyFile::parse(file, text.into(), None, None).mistakes;
    if let Some(mistake) = mistakes.into_iter().find(|found| found.code == FindingCode::Syntax) {
        return Err(Box::new(mistake));
    }
    if Language::of(file) == Language::Dogwood {
        return temporal::format(file, text).map(with_last_line_ended);
    }
    let (header, policies) = without_header(text);
    let pretty = policies_str_to_pretty(policies, &Config::default()).map_err(|error| {
        refusal(file, &format!("the formatter refuses it: {error}"), "leave the file as it is")
    })?;
    Ok(with_last_line_ended(header + pretty.as_str()))
}

/// The comments that a blank line parts from the first policy, and all that follows. The printer
/// would make them that policy's own.
fn without_header(text: &str) -> (String, &str) {
    let whole = || (String::new(), text);
    let Some(first) = split(text).into_iter().next() else {
        return whole();
    };
    let before = text.get(..first.start).unwrap_or_default();
    let lines = before.split_inclusive('\n').scan(0, |end, line| {
        *end += line.len();
        Some((line.trim(), *end))
    });
    let last_blank = lines.filter(|(line, _)| line.is_empty()).last().map_or(0, |(_, end)| end);
    let (header, policies) = text.split_at_checked(last_blank).unwrap_or(("", text));
    let lines: Vec<_> = header.trim().lines().map(str::trim).collect();
    if lines.is_empty() { whole() } else { (lines.join("\n") + "\n\n", policies) }
}

fn format_schema(file: &Utf8Path, text: &str) -> Result<String, Box<Finding>> {
    let mut findings = Vec::new();
    if LoadedSchema::read(file, text, &mut findings).is_none() {
        let unknown = || refusal(file, "the schema does not parse", "correct it first");
        return Err(findings.into_iter().next().map_or_else(unknown, Box::new));
    }
    if has_comments(text) {
        return Err(refusal(
            file,
            "formatting a schema would drop its comments",
            "turn them into annotations such as `@doc(\"…\")`, which are kept",
        ));
    }
    let printed =
        SchemaFragment::from_cedarschema_str(text).ok().and_then(|(f, _)| f.to_cedarschema().ok());
    let printed = printed
        .ok_or_else(|| refusal(file, "the schema cannot be printed", "leave it as it is"))?;
    Ok(with_last_line_ended(printed))
}

fn refusal(file: &Utf8Path, message: &str, help: &str) -> Box<Finding> {
    Box::new(Finding::new(FindingCode::Syntax, file, message).help(help))
}

fn with_last_line_ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

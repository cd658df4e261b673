//! `template-links.json`: which templates are used, and for whom, in the format of Cedar's own CLI.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{EntityUid, SlotId};
use serde::Deserialize;

use crate::finding::{Finding, FindingCode};

/// One use of a template.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    pub(crate) template_id: String,
    pub(crate) link_id: String,
    args: BTreeMap<String, String>,
}

/// The links of one layer.
#[derive(Debug, Clone)]
pub(crate) struct LinkFile {
    pub(crate) path: Utf8PathBuf,
    pub(crate) text: String,
    pub(crate) links: Vec<Link>,
}

impl LinkFile {
    /// Reads the file; if it is not what it should be, there are no links.
    pub(crate) fn read(path: &Utf8Path, text: &str, findings: &mut Vec<Finding>) -> Self {
        let links = serde_json::from_str(text).unwrap_or_else(|error| {
            findings.push(unreadable(path, text, &error));
            Vec::new()
        });
        Self { path: path.to_owned(), text: text.to_owned(), links }
    }

    /// A finding about one link, at the place where its id is written.
    pub(crate) fn finding(&self, link: &Link, message: impl Into<String>) -> Finding {
        let quoted = format!("\"{}\"", link.link_id);
        let span = self.text.find(&quoted).map(|start| start..start + quoted.len());
        Finding::new(FindingCode::InvalidLink, &self.path, message)
            .at_optional(&self.text, span)
            .policy(&link.link_id)
    }
}

impl Link {
    /// The values of the slots, or which of them is wrong.
    pub(crate) fn slots(&self) -> Result<HashMap<SlotId, EntityUid>, String> {
        self.args.iter().map(|(slot, entity)| Ok((slot_id(slot)?, entity_uid(entity)?))).collect()
    }
}

fn slot_id(text: &str) -> Result<SlotId, String> {
    match text {
        "?principal" => Ok(SlotId::principal()),
        "?resource" => Ok(SlotId::resource()),
        _ => Err(format!("`{text}` is no slot; there are `?principal` and `?resource`")),
    }
}

fn entity_uid(text: &str) -> Result<EntityUid, String> {
    text.parse().map_err(|_| format!("`{text}` is no entity; write it like `Agent::\"id\"`"))
}

fn unreadable(path: &Utf8Path, text: &str, error: &serde_json::Error) -> Finding {
    Finding::new(FindingCode::InvalidLink, path, json_message(error))
        .at(text, json_span(text, error))
        .help("write a list such as [{\"template_id\": \"pay\", \"link_id\": \"pay-anna\", \"args\": {\"?principal\": \"Agent::\\\"anna\\\"\"}}]")
}

/// What serde says, without the place at its end.
pub(crate) fn json_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// The place that serde names by line and column, as bytes.
pub(crate) fn json_span(text: &str, error: &serde_json::Error) -> Range<usize> {
    let before: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let mut start = (before + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let length = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    start..start + length
}

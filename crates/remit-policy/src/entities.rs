//! `entities.json`: who and what there is, in Cedar's own format, checked against the schema.
//!
//! Each entity is checked alone, so that one wrong attribute hides no other mistake; the entities
//! that are right are loaded.

use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{Entities, Entity, Schema};
use miette::Diagnostic;

use crate::digest;
use crate::finding::{Finding, FindingCode};
use crate::links::{json_message, json_span};

/// The entities of a workspace.
#[derive(Debug, Clone)]
pub struct LoadedEntities {
    /// Their file, relative to the workspace, whether it exists or not.
    pub file: Utf8PathBuf,
    /// Its text; empty if it does not exist.
    pub text: String,
    /// The entities that are right, and the schema's actions.
    pub entities: Entities,
    /// The digest of the text.
    pub digest: String,
}

impl LoadedEntities {
    /// Reads the entities; no file means none.
    pub(crate) fn read(
        file: &Utf8Path,
        text: Option<&str>,
        schema: Option<&Schema>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut reader = Reader {
            file,
            text: text.unwrap_or_default(),
            schema,
            findings,
        };
        let read = if text.is_some() {
            reader.entities()
        } else {
            Vec::new()
        };
        let entities = reader.combine(read);
        let text = text.unwrap_or_default().to_owned();
        Self {
            file: file.to_owned(),
            digest: digest::of_text(&text),
            text,
            entities,
        }
    }
}

struct Reader<'a> {
    file: &'a Utf8Path,
    text: &'a str,
    schema: Option<&'a Schema>,
    findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn report(&mut self, span: Option<Range<usize>>, message: String, help: Option<String>) {
        let finding = Finding::new(FindingCode::InvalidEntities, self.file, message);
        self.findings
            .push(finding.at_optional(self.text, span).help_optional(help));
    }

    fn entities(&mut self) -> Vec<Entity> {
        let values: Vec<serde_json::Value> = match serde_json::from_str(self.text) {
            Ok(values) => values,
            Err(error) => {
                let span = json_span(self.text, &error);
                let help = "write a list of entities, as in [{\"uid\": {\"type\": \"Agent\", \"id\": \"anna\"}, \"attrs\": {}, \"parents\": []}]";
                self.report(Some(span), json_message(&error), Some(help.to_owned()));
                return Vec::new();
            }
        };
        let spans = element_spans(self.text);
        let spans = spans.into_iter().map(Some).chain(std::iter::repeat(None));
        values
            .into_iter()
            .zip(spans)
            .filter_map(|(value, span)| self.entity(value, span))
            .collect()
    }

    fn entity(&mut self, value: serde_json::Value, span: Option<Range<usize>>) -> Option<Entity> {
        match Entity::from_json_value(value, self.schema) {
            Ok(entity) => Some(entity),
            Err(error) => {
                let (message, help) = innermost(&error);
                self.report(span, message, help);
                None
            }
        }
    }

    /// All together; if they contradict each other, those before the contradiction.
    fn combine(&mut self, entities: Vec<Entity>) -> Entities {
        let error = match Entities::from_entities(entities.clone(), self.schema) {
            Ok(entities) => return entities,
            Err(error) => error,
        };
        let (message, help) = innermost(&error);
        self.report(None, message, help);
        let none = Entities::from_entities([], self.schema).unwrap_or_else(|_| Entities::empty());
        entities.into_iter().fold(none, |loaded, entity| {
            loaded
                .clone()
                .add_entities([entity], self.schema)
                .unwrap_or(loaded)
        })
    }
}

/// Cedar wraps its errors; the innermost one says what is wrong.
fn innermost(error: &dyn Diagnostic) -> (String, Option<String>) {
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

/// The bytes of each element of a JSON list that is known to be one.
fn element_spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let (mut depth, mut start, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth == 2 {
                    start = offset;
                }
            }
            b']' | b'}' => {
                if depth == 2 {
                    spans.push(start..offset + 1);
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_whatever_is_in_their_strings() {
        let text = r#"[{"a": "}]\"{"}, {"b": [1, {"c": 2}]}]"#;
        let elements: Vec<_> = element_spans(text)
            .into_iter()
            .map(|span| text.get(span).unwrap())
            .collect();
        assert_eq!(elements, [r#"{"a": "}]\"{"}"#, r#"{"b": [1, {"c": 2}]}"#]);
    }
}

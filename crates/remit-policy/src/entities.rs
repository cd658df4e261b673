//! `entities.json`: who and what there is, in Cedar's own format, checked against the schema.
//!
//! Each entity is checked alone, so that one wrong attribute hides no other mistake; the entities
//! that are right are loaded.

use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{Entities, Entity, Schema};

use crate::digest;
use crate::finding::{Finding, FindingCode, innermost};
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
        let mut reader = Reader { file, text: text.unwrap_or_default(), schema, findings };
        let read = if text.is_some() { reader.entities() } else { Vec::new() };
        let entities = reader.combine(read);
        let text = text.unwrap_or_default().to_owned();
        Self { file: file.to_owned(), digest: digest::of_text(&text), text, entities }
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
        self.findings.push(finding.at_optional(self.text, span).help_optional(help));
    }

    fn entities(&mut self) -> Vec<(Entity, Option<Range<usize>>)> {
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
        let placed = values.into_iter().zip(spans);
        placed.filter_map(|(value, span)| Some((self.entity(value, span.clone())?, span))).collect()
    }

    fn entity(&mut self, value: serde_json::Value, span: Option<Range<usize>>) -> Option<Entity> {
        match Entity::from_json_value(value, self.schema) {
            Ok(entity) => Some(entity),
            Err(error) => {
                let (message, help) = innermost(&error);
                let compare = "compare it with its type in `schema.cedarschema`".to_owned();
                self.report(span, message, help.or(Some(compare)));
                None
            }
        }
    }

    /// All together; where they contradict each other, the first to say something counts.
    fn combine(&mut self, entities: Vec<(Entity, Option<Range<usize>>)>) -> Entities {
        let all = entities.iter().map(|(entity, _)| entity.clone());
        if let Ok(entities) = Entities::from_entities(all, self.schema) {
            return entities;
        }
        let mut loaded =
            Entities::from_entities([], self.schema).unwrap_or_else(|_| Entities::empty());
        for (entity, span) in entities {
            match loaded.clone().add_entities([entity], self.schema) {
                Ok(more) => loaded = more,
                Err(error) => {
                    let (message, help) = innermost(&error);
                    let contradicts = "correct it, or the entity before it that it contradicts";
                    self.report(span, message, help.or(Some(contradicts.to_owned())));
                }
            }
        }
        loaded
    }
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
        let elements: Vec<_> =
            element_spans(text).into_iter().map(|span| text.get(span).unwrap()).collect();
        assert_eq!(elements, [r#"{"a": "}]\"{"}"#, r#"{"b": [1, {"c": 2}]}"#]);
    }
}

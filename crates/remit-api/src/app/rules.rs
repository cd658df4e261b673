//! Common rules, filled in, and what recordings hold of the arguments that they ask for.

use super::App;
use crate::wire::*;
use camino::Utf8Path;
use remit_policy::editor::{Seen, SeenValue, unquoted};
use remit_policy::{ValueKind, format_text, rule_argument};
use std::sync::Arc;

impl App {
    pub(crate) fn rules(&self, _: Nothing) -> Result<Rules, ErrorDto> {
        let workspace = self.with_open(|open| Arc::clone(&open.workspace))?;
        Ok(Rules { rules: remit_policy::rules(&workspace).into_iter().map(rule).collect() })
    }

    pub(crate) fn fill_rule(&self, request: FillRule) -> Result<RuleText, ErrorDto> {
        let workspace = self.with_open(|open| Arc::clone(&open.workspace))?;
        let text = remit_policy::fill_rule(&workspace, &request.name, &request.values)
            .map_err(|error| ErrorDto::bad_request(error.to_string()))?;
        let text = format_text(Utf8Path::new("guardrails/new.cedar"), &text).unwrap_or(text);
        Ok(RuleText { text })
    }

    /// What recorded calls hold of an argument that a rule asks for.
    pub(crate) fn recorded_values(
        &self,
        request: ArgumentRequest,
    ) -> Result<RecordedValues, ErrorDto> {
        let (workspace, recordings) =
            self.with_open(|open| (Arc::clone(&open.workspace), open.recordings.clone()))?;
        let none = || ErrorDto::not_found(format!("there is no argument `{}`", request.argument));
        let (action, name) = rule_argument(&workspace, &request.argument).ok_or_else(none)?;
        let seen = recordings
            .and_then(|r| r.seen().attribute(&[&action], &["context", "input", &name]))
            .unwrap_or_default();
        let value = |value: SeenValue| ValueCount {
            text: match value.text.starts_with('"') {
                true => unquoted(&value.text),
                false => value.text,
            },
            calls: value.calls as u32,
        };
        Ok(RecordedValues {
            calls: seen.calls as u32,
            present: seen.present as u32,
            distinct: seen.distinct as u32,
            values: seen.top.into_iter().map(value).collect(),
        })
    }
}

fn rule(rule: remit_policy::Rule) -> RuleView {
    let value = |value: remit_policy::RuleValue| RuleValueView {
        kind: match value.kind {
            ValueKind::Number => RuleValueKind::Number,
            ValueKind::Texts => RuleValueKind::Texts,
            ValueKind::Patterns => RuleValueKind::Patterns,
            ValueKind::Agent
            | ValueKind::Tool
            | ValueKind::Task
            | ValueKind::TextArgument
            | ValueKind::NumberArgument => RuleValueKind::Choice,
        },
        name: value.name,
        label: value.label,
        choices: value.choices,
        example: value.example,
        of: value.of,
    };
    RuleView {
        name: rule.name,
        title: rule.title,
        about: rule.about,
        values: rule.values.into_iter().map(value).collect(),
        why_not: rule.why_not,
    }
}

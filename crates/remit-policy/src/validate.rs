//! Cedar's strict validator, made readable.
//!
//! The validator reports a mistake once for each request environment, in no order, and names the
//! policy in every message. Here a mistake is one finding: grouped by place, kind and message, with
//! the actions for which it holds, always in the same order. Each policy is validated alone, so
//! that an edit costs one policy and not the set.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use camino::Utf8Path;
use cedar_policy::{EntityUid, PolicyId, PolicySet, Schema, SlotId, Template};
use cedar_policy_core::validator::typecheck::{PolicyCheck, Typechecker};
use cedar_policy_core::validator::types::RequestEnv;
use cedar_policy_core::validator::{ValidationError, ValidationMode, ValidationWarning, Validator};
use miette::Diagnostic;

use crate::explain;
use crate::finding::{Finding, FindingCode};
use crate::policy_file::Body;
use crate::policy_source::PolicySource;
use crate::schema::LoadedSchema;

/// One mistake in a policy, wherever in its file the policy is written.
#[derive(Debug, Clone)]
pub(crate) struct Flaw {
    /// From the policy's first byte; the whole policy if there is none.
    span: Option<Range<usize>>,
    code: FindingCode,
    message: String,
    help: Option<String>,
    actions: Vec<String>,
}

impl Flaw {
    pub(crate) fn new(
        code: FindingCode,
        span: Option<Range<usize>>,
        message: impl Into<String>,
    ) -> Self {
        Self { span, code, message: message.into(), help: None, actions: Vec::new() }
    }

    pub(crate) fn help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }

    pub(crate) fn code(self, code: FindingCode) -> Self {
        Self { code, ..self }
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        self.message.contains(words)
    }

    /// The same in a text without its first bytes; nothing is said of a place in those.
    pub(crate) fn moved_back(self, bytes: usize) -> Self {
        let moved = |span: Range<usize>| Some(span.start.checked_sub(bytes)?..span.end - bytes);
        Self { span: self.span.and_then(moved), ..self }
    }

    /// The finding about a text that is no policy, at the place of that text in its file.
    pub(crate) fn in_text(&self, file: &Utf8Path, text: &str, piece: &Range<usize>) -> Finding {
        let first_line = text.get(piece.clone()).and_then(|text| text.lines().next());
        let whole = piece.start..piece.start + first_line.map_or(0, str::len);
        let span = self.span.as_ref().map_or(whole, |span| {
            let start = (piece.start + span.start).min(piece.end);
            start..(piece.start + span.end).min(piece.end)
        });
        Finding::new(self.code, file, &self.message).at(text, span).help_optional(self.help.clone())
    }

    /// The finding about it, at the place of the policy.
    pub(crate) fn finding(&self, source: &PolicySource) -> Finding {
        let mut finding = match &self.span {
            // The validator points at the whole policy when it means no part of it.
            Some(span) if span.len() < source.text.len() => {
                source.finding_at(self.code, &self.message, span)
            }
            _ => source.finding(self.code, &self.message),
        };
        finding.help.clone_from(&self.help);
        finding.actions.clone_from(&self.actions);
        finding
    }
}

/// What is wrong with a link of a template that is itself checked elsewhere: messages and help.
pub(crate) fn link(
    schema: &LoadedSchema,
    template: &Template,
    link_id: &str,
    slots: HashMap<SlotId, EntityUid>,
) -> Vec<(String, Option<String>)> {
    let mut set = PolicySet::new();
    let id = PolicyId::new(link_id);
    if set.add_template(template.clone()).is_err()
        || set.link(template.id().clone(), id, slots).is_err()
    {
        return Vec::new();
    }
    let result = schema.validator.validate(set.as_ref(), ValidationMode::Strict);
    let of_link = result.validation_errors().filter(|error| is_about(error, link_id));
    let described: BTreeSet<_> = causes(of_link.collect())
        .into_iter()
        .map(|error| {
            (explain::message(error, link_id), explain::help(error, &schema.schema, link_id))
        })
        .collect();
    described.into_iter().collect()
}

/// Of a link the validator only checks the entities in its slots; the rest is its template's.
fn is_about(error: &ValidationError, link_id: &str) -> bool {
    match error {
        ValidationError::UnrecognizedEntityType(error) => error.policy_id.to_string() == link_id,
        ValidationError::InvalidActionApplication(error) => error.policy_id.to_string() == link_id,
        _ => false,
    }
}

/// All that the validator says about a policy.
pub(crate) fn policy(schema: &LoadedSchema, body: &Body, id: &str) -> Vec<Flaw> {
    policy_with(&schema.schema, &schema.validator, body, id)
}

/// The same, against a schema that was made for this policy.
pub(crate) fn policy_with(
    schema: &Schema,
    validator: &Validator,
    body: &Body,
    id: &str,
) -> Vec<Flaw> {
    let mut set = PolicySet::new();
    let added = match body {
        Body::Static(body) => set.add(body.clone()),
        Body::Template(body) => set.add_template(body.clone()),
    };
    if added.is_err() {
        return Vec::new();
    }
    let result = validator.validate(set.as_ref(), ValidationMode::Strict);
    let errors = causes(result.validation_errors().collect());
    let grouped = if errors.is_empty() {
        result
            .validation_warnings()
            .fold(Grouped::default(), |all, warning| all.warning(warning, id))
    } else {
        let actions = actions_of_errors(schema, &set);
        errors.into_iter().fold(Grouped::default(), |all, error| {
            all.error(error, schema, id, actions.get(error).cloned().unwrap_or_default())
        })
    };
    grouped.into_flaws()
}

/// Without the mistakes that only follow from another: a name that nobody declared fits no action.
fn causes(errors: Vec<&ValidationError>) -> Vec<&ValidationError> {
    let is_unknown_name = |error: &ValidationError| {
        matches!(explain::code(error), FindingCode::UnknownAction | FindingCode::UnknownEntityType)
    };
    let has_cause = errors.iter().any(|error| is_unknown_name(error));
    let follows = |error: &ValidationError| explain::code(error) == FindingCode::NoApplicableAction;
    errors.into_iter().filter(|error| !(has_cause && follows(error))).collect()
}

/// The same mistakes by action: only asked for when there are mistakes, since it costs as much again.
fn actions_of_errors(
    schema: &Schema,
    set: &PolicySet,
) -> HashMap<ValidationError, BTreeSet<String>> {
    let typechecker = Typechecker::new(schema.as_ref(), ValidationMode::Strict);
    let mut actions: HashMap<ValidationError, BTreeSet<String>> = HashMap::new();
    for template in set.as_ref().all_templates() {
        for (environment, check) in typechecker.typecheck_by_request_env(template) {
            let (
                RequestEnv::DeclaredAction { action, .. },
                PolicyCheck::Fail(errors) | PolicyCheck::Irrelevant(errors, _),
            ) = (environment, check)
            else {
                continue;
            };
            for error in errors {
                actions.entry(error).or_default().insert(action.to_string());
            }
        }
    }
    actions
}

/// Where (start, end), what kind, and what is said: what makes two reports one mistake.
type Mistake = (Option<(usize, usize)>, FindingCode, String);

#[derive(Default)]
struct Grouped(BTreeMap<Mistake, (Option<String>, BTreeSet<String>)>);

impl Grouped {
    fn error(
        mut self,
        error: &ValidationError,
        schema: &Schema,
        policy: &str,
        actions: BTreeSet<String>,
    ) -> Self {
        let mistake = (span_of(error), explain::code(error), explain::message(error, policy));
        let entry = self.0.entry(mistake).or_default();
        entry.0 = entry.0.take().or_else(|| explain::help(error, schema, policy));
        entry.1.extend(actions);
        self
    }

    fn warning(mut self, warning: &ValidationWarning, policy: &str) -> Self {
        let (code, message, help) = explain::warned(warning, policy);
        let entry = self.0.entry((span_of(warning), code, message)).or_default();
        entry.0 = Some(help.to_owned());
        self
    }

    fn into_flaws(self) -> Vec<Flaw> {
        let flaw = |(mistake, (help, actions)): (Mistake, (Option<String>, BTreeSet<String>))| {
            let (span, code, message) = mistake;
            let span = span.map(|(start, end)| start..end);
            Flaw { span, code, message, help, actions: actions.into_iter().collect() }
        };
        self.0.into_iter().map(flaw).collect()
    }
}

/// The place in the policy's text: start and end.
fn span_of(diagnostic: &dyn Diagnostic) -> Option<(usize, usize)> {
    let label = diagnostic.labels()?.next()?;
    Some((label.offset(), label.offset() + label.len()))
}

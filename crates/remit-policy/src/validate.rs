//! Cedar's strict validator, made readable.
//!
//! The validator reports a mistake once for each request environment, in no order, and names the
//! policy in every message. Here a mistake is one finding: grouped by place, kind and message, with
//! the actions for which it holds, always in the same order. Each policy is validated alone, so
//! that an edit costs one policy and not the set.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use cedar_policy::{EntityUid, PolicyId, PolicySet, SlotId, Template};
use cedar_policy_core::validator::typecheck::{PolicyCheck, Typechecker};
use cedar_policy_core::validator::types::RequestEnv;
use cedar_policy_core::validator::validation_errors::AttributeAccess;
use cedar_policy_core::validator::{ValidationError, ValidationMode, ValidationWarning};
use miette::Diagnostic;

use crate::finding::{Finding, FindingCode};
use crate::nearest::{is_near, nearest};
use crate::policy_file::{Body, ParsedPolicy, PolicyFile};
use crate::schema::LoadedSchema;

/// All findings of the validator about the policies of a file.
pub(crate) fn file(schema: &LoadedSchema, file: &PolicyFile) -> Vec<Finding> {
    file.policies
        .iter()
        .flat_map(|policy| one(schema, policy, &file.text))
        .collect()
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
    let result = schema
        .validator
        .validate(set.as_ref(), ValidationMode::Strict);
    let of_link = result
        .validation_errors()
        .filter(|error| is_about(error, link_id));
    let described: BTreeSet<_> = causes(of_link.collect())
        .into_iter()
        .map(|error| (message(error, link_id), help(error, schema, link_id)))
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

fn one(schema: &LoadedSchema, policy: &ParsedPolicy, text: &str) -> Vec<Finding> {
    let mut set = PolicySet::new();
    let added = match &policy.body {
        Body::Static(body) => set.add(body.clone()),
        Body::Template(body) => set.add_template(body.clone()),
    };
    if added.is_err() {
        return Vec::new();
    }
    let result = schema
        .validator
        .validate(set.as_ref(), ValidationMode::Strict);
    let errors = causes(result.validation_errors().collect());
    let mut grouped = Grouped::default();
    if errors.is_empty() {
        for warning in result.validation_warnings() {
            let (code, message, help) = warned(warning, &policy.source.id);
            grouped.add(
                code,
                span_of(warning),
                message,
                Some(help.to_owned()),
                BTreeSet::new(),
            );
        }
    } else {
        let actions = actions_of_errors(schema, &set);
        for error in errors {
            let actions = actions.get(error).cloned().unwrap_or_default();
            let message = message(error, &policy.source.id);
            grouped.add(
                code(error),
                span_of(error),
                message,
                help(error, schema, &policy.source.id),
                actions,
            );
        }
    }
    grouped.into_findings(policy, text)
}

/// Without the mistakes that only follow from another: a name that nobody declared fits no action.
fn causes(errors: Vec<&ValidationError>) -> Vec<&ValidationError> {
    let is_unknown_name = |error: &ValidationError| {
        matches!(
            code(error),
            FindingCode::UnknownAction | FindingCode::UnknownEntityType
        )
    };
    let has_cause = errors.iter().any(|error| is_unknown_name(error));
    let follows = |error: &ValidationError| code(error) == FindingCode::NoApplicableAction;
    errors
        .into_iter()
        .filter(|error| !(has_cause && follows(error)))
        .collect()
}

/// The same mistakes by action: only asked for when there are mistakes, since it costs as much again.
fn actions_of_errors(
    schema: &LoadedSchema,
    set: &PolicySet,
) -> HashMap<ValidationError, BTreeSet<String>> {
    let typechecker = Typechecker::new(schema.schema.as_ref(), ValidationMode::Strict);
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
    fn add(
        &mut self,
        code: FindingCode,
        span: Option<Range<usize>>,
        message: String,
        help: Option<String>,
        actions: BTreeSet<String>,
    ) {
        let mistake = (span.map(|span| (span.start, span.end)), code, message);
        let entry = self.0.entry(mistake).or_default();
        entry.0 = entry.0.take().or(help);
        entry.1.extend(actions);
    }

    fn into_findings(self, policy: &ParsedPolicy, text: &str) -> Vec<Finding> {
        let source = &policy.source;
        let finding =
            |(mistake, (help, actions)): (Mistake, (Option<String>, BTreeSet<String>))| {
                let (span, code, message) = mistake;
                let mut finding = match span {
                    // The validator points at the whole policy when it means no part of it.
                    Some((start, end)) if end - start < source.text.len() => {
                        let span = source.span.start + start..source.span.start + end;
                        Finding::new(code, &source.file, message)
                            .policy(&source.id)
                            .at(text, span)
                    }
                    _ => source.finding(code, message),
                };
                finding.help = help;
                finding.actions = actions.into_iter().collect();
                finding
            };
        self.0.into_iter().map(finding).collect()
    }
}

fn span_of(diagnostic: &dyn Diagnostic) -> Option<Range<usize>> {
    let label = diagnostic.labels()?.next()?;
    Some(label.offset()..label.offset() + label.len())
}

fn code(error: &ValidationError) -> FindingCode {
    match error {
        ValidationError::UnrecognizedEntityType(_) => FindingCode::UnknownEntityType,
        ValidationError::UnrecognizedActionId(_) => FindingCode::UnknownAction,
        ValidationError::InvalidActionApplication(_) => FindingCode::NoApplicableAction,
        ValidationError::UnexpectedType(_) => FindingCode::UnexpectedType,
        ValidationError::IncompatibleTypes(_) => FindingCode::IncompatibleTypes,
        ValidationError::UnsafeAttributeAccess(_) => FindingCode::UnknownAttribute,
        ValidationError::UnsafeOptionalAttributeAccess(_) => FindingCode::UnguardedAttribute,
        ValidationError::UnsafeTagAccess(_) | ValidationError::NoTagsAllowed(_) => {
            FindingCode::UnguardedTag
        }
        ValidationError::UndefinedFunction(_) => FindingCode::UnknownFunction,
        ValidationError::WrongNumberArguments(_) => FindingCode::WrongArguments,
        ValidationError::FunctionArgumentValidation(_)
        | ValidationError::NonLitExtConstructor(_) => FindingCode::InvalidArgument,
        ValidationError::EmptySetForbidden(_) => FindingCode::EmptySet,
        ValidationError::InvalidEnumEntity(_) => FindingCode::UnknownEnumEntity,
        ValidationError::InternalInvariantViolation(_)
        | ValidationError::EntityDerefLevelViolation(_) => FindingCode::InvalidPolicy,
    }
}

fn message(error: &ValidationError, policy: &str) -> String {
    match error {
        ValidationError::UnrecognizedEntityType(error) => {
            format!(
                "the schema declares no entity type `{}`",
                error.actual_entity_type
            )
        }
        ValidationError::UnrecognizedActionId(error) => {
            format!("the schema declares no action `{}`", error.actual_action_id)
        }
        ValidationError::InvalidActionApplication(_) => {
            "no action applies to this principal and this resource".to_owned()
        }
        ValidationError::UnsafeAttributeAccess(error) => {
            format!("{} does not exist", path(&error.attribute_access))
        }
        ValidationError::UnsafeOptionalAttributeAccess(error) => {
            format!(
                "{} is optional, and may not be there",
                path(&error.attribute_access)
            )
        }
        other => without_policy(&other.to_string(), policy),
    }
}

fn help(error: &ValidationError, schema: &LoadedSchema, policy: &str) -> Option<String> {
    match error {
        ValidationError::UnrecognizedEntityType(error) => {
            let known: Vec<String> = schema
                .schema
                .entity_types()
                .map(ToString::to_string)
                .collect();
            let near = nearest(&error.actual_entity_type, known.iter().map(String::as_str));
            Some(did_you_mean(
                near,
                "declare it in the schema, or correct the name",
            ))
        }
        ValidationError::UnrecognizedActionId(error) => {
            let known: Vec<String> = schema.schema.actions().map(ToString::to_string).collect();
            let near = nearest(&error.actual_action_id, known.iter().map(String::as_str));
            Some(did_you_mean(
                near,
                "declare it in the schema, or correct the name",
            ))
        }
        ValidationError::InvalidActionApplication(_) => {
            error.help().map(|help| help.to_string()).or_else(|| {
                Some(
                    "compare the head of the policy with `appliesTo` of its actions in the schema"
                        .to_owned(),
                )
            })
        }
        ValidationError::UnsafeAttributeAccess(error) => {
            let written = names(&error.attribute_access)
                .into_iter()
                .next()
                .unwrap_or_default();
            let near = error
                .suggestion
                .as_deref()
                .filter(|suggestion| is_near(&written, suggestion));
            Some(did_you_mean(
                near,
                "declare it in the schema, or restrict the policy to actions that have it",
            ))
        }
        ValidationError::UnsafeOptionalAttributeAccess(failed) => guard(
            failed.source_loc.as_ref().and_then(|loc| loc.snippet()),
            &names(&failed.attribute_access),
        )
        .or_else(|| error.help().map(|help| help.to_string())),
        ValidationError::EmptySetForbidden(_) => {
            Some("its type is unknown; ask `isEmpty()` instead of comparing with `[]`".to_owned())
        }
        other => other
            .help()
            .map(|help| without_policy(&help.to_string(), policy)),
    }
}

fn did_you_mean(near: Option<&str>, otherwise: &str) -> String {
    near.map_or_else(
        || otherwise.to_owned(),
        |near| format!("did you mean `{near}`?"),
    )
}

/// The attributes of an access, the innermost (the one that failed) first.
fn names(access: &AttributeAccess) -> Vec<String> {
    let (AttributeAccess::EntityLUB(_, names)
    | AttributeAccess::Context(_, names)
    | AttributeAccess::Other(names)) = access;
    names.iter().map(ToString::to_string).collect()
}

/// The access as a reader writes it, without the action, which the finding lists.
fn path(access: &AttributeAccess) -> String {
    let mut names = names(access);
    names.reverse();
    let path = names.join(".");
    match access {
        AttributeAccess::Context(..) => format!("`context.{path}`"),
        AttributeAccess::EntityLUB(entity, _) => match entity.get_single_entity() {
            Some(entity) => format!("`{path}` of `{entity}`"),
            None => format!("`{path}`"),
        },
        AttributeAccess::Other(_) => format!("`{path}`"),
    }
}

/// The test to write before an optional attribute is read, in the author's own words.
fn guard(snippet: Option<&str>, names: &[String]) -> Option<String> {
    let name = names.first()?;
    let target = snippet?
        .trim()
        .strip_suffix(name.as_str())?
        .trim_end()
        .strip_suffix('.')?;
    Some(format!(
        "ask first: `{} has {name} && …`",
        target.trim_end()
    ))
}

/// The validator begins every message with the policy's id, which the finding carries already.
fn without_policy(message: &str, policy: &str) -> String {
    let rest = message
        .strip_prefix(&format!("for policy `{policy}`, "))
        .or_else(|| message.strip_prefix(&format!("for policy `{policy}`: ")))
        .unwrap_or(message);
    rest.trim_end_matches('.').to_owned()
}

fn warned(warning: &ValidationWarning, policy: &str) -> (FindingCode, String, &'static str) {
    let message = without_policy(&warning.to_string(), policy);
    match warning {
        ValidationWarning::ImpossiblePolicy(_) => (
            FindingCode::ImpossiblePolicy,
            "no valid request can satisfy this policy".to_owned(),
            "look for a condition that is always false: a wrong type, or an entity that cannot be there",
        ),
        ValidationWarning::BidiCharsInString(_) | ValidationWarning::BidiCharsInIdentifier(_) => (
            FindingCode::BidirectionalText,
            visible(&message),
            "remove the characters: they can make the policy read differently from what it does",
        ),
        ValidationWarning::MixedScriptString(_)
        | ValidationWarning::MixedScriptIdentifier(_)
        | ValidationWarning::ConfusableIdentifier(_) => (
            FindingCode::ConfusableText,
            visible(&message),
            "check each letter: some look like others and are not",
        ),
    }
}

/// Directional and control characters as escapes, so that a finding cannot hide what it is about.
fn visible(message: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    message
        .chars()
        .map(|c| {
            if is_hidden(c) {
                c.escape_unicode().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

//! What the validator's errors mean, in words for the author of the policy.
//!
//! Cedar names the policy and the action in its messages; the finding carries both, so they are
//! left out here. Suggestions are only made when a name is near.

use cedar_policy::Schema;
use cedar_policy_core::validator::validation_errors::AttributeAccess;
use cedar_policy_core::validator::{ValidationError, ValidationWarning};
use miette::Diagnostic;

use crate::finding::FindingCode;
use crate::nearest::{is_near, nearest};

/// The kind of mistake.
pub(crate) fn code(error: &ValidationError) -> FindingCode {
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

/// What is wrong.
pub(crate) fn message(error: &ValidationError, policy: &str) -> String {
    match error {
        ValidationError::UnrecognizedEntityType(error) => {
            format!("the schema declares no entity type `{}`", error.actual_entity_type)
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
            format!("{} is optional, and may not be there", path(&error.attribute_access))
        }
        other => without_policy(&other.to_string(), policy),
    }
}

/// What to do about it.
pub(crate) fn help(error: &ValidationError, schema: &Schema, policy: &str) -> Option<String> {
    let theirs = || error.help().map(|help| without_policy(&help.to_string(), policy));
    match error {
        ValidationError::UnrecognizedEntityType(error) => {
            Some(correct_name(&error.actual_entity_type, schema.entity_types()))
        }
        ValidationError::UnrecognizedActionId(error) => {
            Some(correct_name(&error.actual_action_id, schema.actions()))
        }
        ValidationError::InvalidActionApplication(_) => theirs().or_else(|| {
            let compare =
                "compare the head of the policy with `appliesTo` of its actions in the schema";
            Some(compare.to_owned())
        }),
        ValidationError::UnsafeAttributeAccess(error) => {
            let written = names(&error.attribute_access).into_iter().next().unwrap_or_default();
            let suggested = error.suggestion.as_deref();
            let near = suggested.filter(|suggestion| is_near(&written, suggestion));
            let otherwise =
                "declare it in the schema, or restrict the policy to actions that have it";
            Some(did_you_mean(near, otherwise))
        }
        ValidationError::UnsafeOptionalAttributeAccess(error) => {
            let snippet = error.source_loc.as_ref().and_then(|place| place.snippet());
            guard(snippet, &names(&error.attribute_access)).or_else(theirs)
        }
        ValidationError::EmptySetForbidden(_) => {
            Some("its type is unknown; ask `isEmpty()` instead of comparing with `[]`".to_owned())
        }
        _ => theirs(),
    }
}

fn correct_name(written: &str, known: impl Iterator<Item = impl ToString>) -> String {
    let known: Vec<String> = known.map(|name| name.to_string()).collect();
    let near = nearest(written, known.iter().map(String::as_str));
    did_you_mean(near, "declare it in the schema, or correct the name")
}

fn did_you_mean(near: Option<&str>, otherwise: &str) -> String {
    near.map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"))
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
    let target = snippet?.trim().strip_suffix(name.as_str())?.trim_end().strip_suffix('.')?;
    Some(format!("ask first: `{} has {name} && …`", target.trim_end()))
}

/// The validator begins every message with the policy's id, which the finding carries already.
fn without_policy(message: &str, policy: &str) -> String {
    let rest = message
        .strip_prefix(&format!("for policy `{policy}`, "))
        .or_else(|| message.strip_prefix(&format!("for policy `{policy}`: ")))
        .unwrap_or(message);
    rest.trim_end_matches('.').to_owned()
}

/// A warning: its kind, what is odd, and what to do.
pub(crate) fn warned(
    warning: &ValidationWarning,
    policy: &str,
) -> (FindingCode, String, &'static str) {
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
        .map(|c| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() })
        .collect()
}

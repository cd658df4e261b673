//! One Dogwood policy, lowered to a Cedar policy whose leaves have canonical names.
//!
//! A policy is lowered with the macros that it uses and nothing else, so that no other policy can
//! break it. What Dogwood refuses is said at its place in the policy's own text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use cedar_policy::{Policy, PolicyId};
use cedar_policy_core::validator::Validator as CedarValidator;
use dogwood_language::temporal_ast::{Condition, Predicate};
use dogwood_language::{
    ActionConstraint, Error, LoweredPolicySet, ParsedPolicySet, PolicySchema, ValidationError,
    Validator,
};
use miette::Diagnostic;
use serde_json::Value;

use super::Leaf;
use super::actions::ONLY_IN_HISTORY;
use super::history::{Ground, History};
use super::key::leaf_name;
use super::lint;
use super::places::{narrowed, predicates};
use super::words::{Told, said, told};
use crate::finding::{FindingCode, innermost};
use crate::policy_file::Body;
use crate::validate::{self, Flaw};

/// The id under which a policy is lowered; ours comes after.
const LOWERED_AS: &str = "p";

/// A policy and the macros that it uses.
pub(super) struct Unit<'a> {
    /// The definitions, one after the other, each with its `;` and a line's end.
    pub(super) macros: &'a str,
    /// The policy, from its first annotation to its `;`.
    pub(super) policy: &'a str,
}

/// What a policy is once it is lowered.
pub(super) struct Lowered {
    pub(super) policy: Policy,
    pub(super) leaves: Vec<Arc<Leaf>>,
    pub(super) flaws: Vec<Flaw>,
}

/// Why a text is no policy: what is wrong, at places in the policy's text.
pub(super) type Refused = Vec<Flaw>;

/// Parses and expands; needs no schema.
pub(super) fn parse(ground: &Ground, unit: &Unit<'_>) -> Result<ParsedPolicySet, Refused> {
    ParsedPolicySet::parse(&unit.text(), &ground.service).map_err(|error| unit.refusals(&error))
}

/// Lowers and validates a policy that parses.
pub(super) fn lower(
    history: &History,
    ground: &Ground,
    unit: &Unit<'_>,
    parsed: &ParsedPolicySet,
) -> Result<Lowered, Refused> {
    if let Some(refused) = unit.providers(parsed) {
        return Err(refused);
    }
    let cut = named_actions(parsed).and_then(|named| ground.actions.only(&named));
    let quick = cut.and_then(|schema| unit.lower_with(&schema, history, ground, parsed).ok());
    // Mistakes are told against the whole schema, which knows what might have been meant.
    let mut lowered = match quick.filter(|lowered| lowered.flaws.is_empty()) {
        Some(lowered) => lowered,
        None => unit.lower_with(ground.actions.whole(), history, ground, parsed)?,
    };
    // What is wrong comes first: a condition that does not fit the schema is odd in many ways.
    if lowered.flaws.is_empty() {
        let leaves: Vec<&Leaf> = lowered.leaves.iter().map(Arc::as_ref).collect();
        lowered.flaws = lint::policy(&leaves, history.of, history.model());
    }
    Ok(lowered)
}

impl Unit<'_> {
    fn text(&self) -> String {
        [self.macros, self.policy].concat()
    }

    /// The place in the policy's text of a place in the unit's; nothing in a macro.
    fn place(&self, offset: usize, length: usize) -> Option<Range<usize>> {
        let start = offset.checked_sub(self.macros.len())?.min(self.policy.len());
        Some(start..(start + length).min(self.policy.len()))
    }

    fn lower_with(
        &self,
        schema: &PolicySchema,
        history: &History,
        ground: &Ground,
        parsed: &ParsedPolicySet,
    ) -> Result<Lowered, Refused> {
        let lowered = parsed
            .lower_with_distincter(schema, LOWERED_AS)
            .map_err(|error| self.refusals(&error))?;
        let leaves: Vec<_> = lowered
            .nonrelativized_temporal_fields()
            .map(|field| Arc::new(self.leaf(field, history)))
            .collect();
        let policy = lowered.as_cedar().policies().next().ok_or_else(|| {
            vec![Flaw::new(FindingCode::Syntax, None, "there is no policy in this text")]
        })?;
        let (renamed, strangers) = renamed(policy, &leaves, ground).ok_or_else(|| {
            let message = "the policy has no form in plain Cedar";
            vec![Flaw::new(FindingCode::InvalidPolicy, None, message)]
        })?;
        let mut flaws = self.flaws(&lowered, policy);
        flaws.extend(strangers.iter().map(|name| self.stranger(name)));
        Ok(Lowered { policy: renamed, leaves, flaws })
    }

    fn leaf(&self, field: &dogwood_language::TemporalField, history: &History) -> Leaf {
        let span = field.condition.span;
        let span = self.place(span.start, span.end.saturating_sub(span.start));
        let span = span.unwrap_or(0..self.policy.len());
        let text = self.policy.get(span.clone()).unwrap_or_default();
        let blank = text.len() - text.trim_start().len();
        let trimmed = text.trim();
        Leaf {
            name: leaf_name(field, &history.event_schema),
            field: field.clone(),
            text: trimmed.to_owned(),
            span: span.start + blank..span.start + blank + trimmed.len(),
        }
    }

    /// What the validators say: Cedar's in our words, as for Cedar's own policies.
    fn flaws(&self, lowered: &LoweredPolicySet, policy: &Policy) -> Vec<Flaw> {
        let report = Validator::new().validate(lowered);
        let (cedar, temporal): (Vec<_>, Vec<_>) = report
            .validation_errors()
            .partition(|error| matches!(error, ValidationError::Cedar { .. }));
        let mut flaws: Vec<_> = temporal.into_iter().map(|error| self.flaw(error)).collect();
        if !cedar.is_empty() || report.validation_warnings().next().is_some() {
            let schema = lowered.cedar_schema();
            let validator = CedarValidator::new(schema.as_ref().clone());
            let body = Body::Static(policy.clone());
            let id = policy.id().to_string();
            let found = validate::policy_with(schema, &validator, &body, &id);
            flaws.extend(found.into_iter().map(|flaw| flaw.moved_back(self.macros.len())));
        }
        flaws
    }

    fn flaw(&self, error: &dyn Diagnostic) -> Flaw {
        let span = error.labels().and_then(|mut labels| labels.next());
        let span = span.and_then(|label| self.place(label.offset(), label.len()));
        self.flaw_at(error, span)
    }

    /// What is wrong somewhere in a span, or anywhere, at the word that the message names.
    fn flaw_at(&self, error: &dyn Diagnostic, span: Option<Range<usize>>) -> Flaw {
        let help = error.help().map(|help| help.to_string());
        let Told { message, help } = told(&error.to_string(), help.as_deref());
        let whole = 0..self.policy.len();
        let place = narrowed(self.policy, span.clone().unwrap_or(whole.clone()), &message);
        let span = if place == whole { span } else { Some(place) };
        Flaw::new(FindingCode::InvalidHistoryCondition, span, message).help(help)
    }

    /// The errors of a text that does not parse, or of a policy that cannot be lowered.
    fn refusals(&self, error: &Error) -> Refused {
        match error {
            Error::Parse(errors) => {
                errors.iter().map(|error| self.flaw(error).code(FindingCode::Syntax)).collect()
            }
            // Its place is one inside the block or inside the macro, and does not say which.
            Error::Macro(error) => {
                vec![self.flaw_at(error, None).code(FindingCode::InvalidMacro)]
            }
            Error::Cedarify(_) => {
                let flaw = self.flaw(error);
                vec![if flaw.says("not static") { template() } else { flaw }]
            }
            other => {
                let (message, help) = innermost(other);
                vec![
                    Flaw::new(FindingCode::InvalidHistoryCondition, None, said(&message))
                        .help(help),
                ]
            }
        }
    }

    fn providers(&self, parsed: &ParsedPolicySet) -> Option<Refused> {
        let mut names = BTreeSet::new();
        for policy in parsed.policies() {
            names.extend(policy.provider_invocations());
        }
        let refused = names.into_iter().map(|name| {
            let span = self.policy.find(&name).map(|start| start..start + name.len());
            let message = format!("`{name}` asks a program outside of the policy, and none is run here");
            let help = "a replay must give the same every time: let importing write what the program said into the arguments, the result or the entities, and compare with that";
            Flaw::new(FindingCode::UnsupportedProvider, span, message).help(Some(help.to_owned()))
        });
        let refused: Vec<_> = refused.collect();
        (!refused.is_empty()).then_some(refused)
    }

    fn stranger(&self, name: &str) -> Flaw {
        let path = format!("context.{name}");
        let span = self.policy.find(&path).map(|start| start..start + path.len());
        let message = format!("`{path}` is only known inside `temporal {{ … }}`");
        let help = format!(
            "move the comparison into a condition over history, or declare `{name}` in the context of the action and map it"
        );
        Flaw::new(FindingCode::UnknownAttribute, span, message).help(Some(help))
    }
}

fn template() -> Flaw {
    Flaw::new(FindingCode::Syntax, None, "a Dogwood policy cannot be a template").help(Some(
        "name the principal and the resource, or write the template in a `.cedar` file".to_owned(),
    ))
}

/// The actions that a policy is about, if its head names each of them; groups may be among them.
fn named_actions(parsed: &ParsedPolicySet) -> Option<BTreeSet<(String, String)>> {
    let policy = parsed.policies().next()?;
    let head = match policy.scope().action() {
        ActionConstraint::Any => return None,
        ActionConstraint::In(actions) => actions.clone(),
        ActionConstraint::Eq(action) => vec![action.clone()],
    };
    let mut named: BTreeSet<_> = head
        .iter()
        .map(|action| (action.type_name().namespace(), action.id().unescaped().to_owned()))
        .collect();
    let conditions: Vec<&Condition> = policy.temporal_conditions().collect();
    for condition in conditions {
        predicates(condition, &mut |predicate: &Predicate| {
            let mut path = predicate.namespace.clone();
            // The last part of the path is `Action` itself.
            path.pop();
            named.insert((path.join("::"), predicate.action.clone()));
        });
    }
    Some(named)
}

/// The policy with the names of ours for its leaves, and what it reads of the context that only
/// history knows.
fn renamed(
    policy: &Policy,
    leaves: &[Arc<Leaf>],
    ground: &Ground,
) -> Option<(Policy, BTreeSet<String>)> {
    let names: BTreeMap<&str, &str> =
        leaves.iter().map(|leaf| (leaf.field.id.as_str(), leaf.name.as_str())).collect();
    let mut json = policy.to_json().ok()?;
    let mut strangers = BTreeSet::new();
    rename(&mut json, &mut |attribute| {
        if let Some(name) = names.get(attribute.as_str()) {
            *attribute = (*name).to_owned();
        } else if ONLY_IN_HISTORY.contains(&attribute.as_str())
            && !ground.actions.declared.contains(attribute)
        {
            strangers.insert(attribute.clone());
        }
    });
    let id = PolicyId::new(policy.id());
    Policy::from_json(Some(id), json).ok().map(|policy| (policy, strangers))
}

/// Visits every attribute that is read of, or looked for in, `context` itself.
fn rename(json: &mut Value, visit: &mut impl FnMut(&mut String)) {
    match json {
        Value::Object(object) => {
            for (operator, operands) in object.iter_mut() {
                let of_context = matches!(operator.as_str(), "." | "has")
                    && operands.pointer("/left/Var").and_then(Value::as_str) == Some("context");
                if of_context && let Some(Value::String(name)) = operands.get_mut("attr") {
                    visit(name);
                }
                rename(operands, visit);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, visit)),
        _ => {}
    }
}

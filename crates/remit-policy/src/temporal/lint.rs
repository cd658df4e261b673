//! What Dogwood accepts and authors get wrong.
//!
//! Each lint is about one condition as it is written, and says what it does instead of what was
//! probably meant. What only recordings can show is not looked for here.

use std::collections::BTreeSet;
use std::ops::Range;

use dogwood_language::temporal_ast::{Condition, ConditionKind, NamedArg, Predicate, Term};

use super::Leaf;
use super::events::HistoryOf;
use super::places::{predicates, walk};
use crate::finding::FindingCode;
use crate::schema_model::{ActionModel, RecordModel, SchemaModel, TypeModel};
use crate::validate::Flaw;

/// How many temporal operators AgentCore takes in a policy.
const AGENTCORE_OPERATORS: usize = 3;
/// The longest window that AgentCore takes, in seconds.
const AGENTCORE_WINDOW: i64 = 24 * 3_600;

/// All that is odd about the conditions of one policy; spans count from its first byte.
pub(super) fn policy(leaves: &[&Leaf], of: HistoryOf, schema: &SchemaModel) -> Vec<Flaw> {
    let mut lints = Lints { schema, flaws: Vec::new() };
    for leaf in leaves {
        lints.leaf(leaf);
    }
    if of == HistoryOf::AgentCore {
        lints.agentcore(leaves);
    }
    lints.flaws
}

struct Lints<'a> {
    schema: &'a SchemaModel,
    flaws: Vec<Flaw>,
}

impl Lints<'_> {
    fn leaf(&mut self, leaf: &Leaf) {
        let condition = &leaf.field.condition.condition;
        for part in conjuncts(condition) {
            self.matches_itself(leaf, part);
        }
        walk(condition, &mut |part| {
            if let ConditionKind::Since { left, right, .. } = &part.kind {
                self.since(leaf, left, right);
            }
        });
        predicates(condition, &mut |predicate| {
            self.group(leaf, predicate);
            self.never_logged(leaf, predicate);
        });
    }

    fn say(&mut self, code: FindingCode, span: Range<usize>, message: String, help: &str) {
        let flaw = Flaw::new(code, Some(span), message).help(Some(help.to_owned()));
        self.flaws.push(flaw);
    }

    /// `formerly X::request{…}` in a policy about X: the request that is decided is in its own history.
    fn matches_itself(&mut self, leaf: &Leaf, part: &Condition) {
        let ConditionKind::Formerly { body, .. } = &part.kind else { return };
        let ConditionKind::Predicate(predicate) = &body.kind else { return };
        let is_own = leaf.field.target_actions.iter().any(|action| {
            action.id == predicate.action
                && action.namespace.as_deref().unwrap_or_default() == namespace_of(predicate)
        });
        if predicate.kind == "request" && is_own && predicate.args.iter().all(is_of_the_request) {
            let message = format!(
                "the condition always holds for `{}`: the request that is decided is in its own history",
                predicate.action
            );
            let help = "ask for `::response` if a call that went through is meant, or count the requests and allow the first: `count_within(1h, …) > 1`";
            self.say(FindingCode::MatchesItself, leaf.place_of(predicate), message, help);
        }
    }

    fn since(&mut self, leaf: &Leaf, left: &Condition, right: &Condition) {
        let ConditionKind::Not { inner } = &left.kind else {
            let message =
                "the left side of `since` must hold at every event, this request included";
            let help = "write `!… since …` for “not … since”; `formerly` asks for one event";
            self.say(FindingCode::PositiveSince, leaf.word("since"), message.to_owned(), help);
            return;
        };
        let ConditionKind::Predicate(used) = &inner.kind else { return };
        let mut grants = false;
        predicates(right, &mut |granted| grants |= granted.action != used.action);
        let is_own = leaf.field.target_actions.iter().any(|action| action.id == used.action);
        if used.kind == "response" && is_own && grants {
            let message = format!(
                "two calls of `{}` in flight can both use what this asks for: neither has its result yet",
                used.action
            );
            let help = "also forbid a call while another is in flight: a `request` without a `response` or `error` of the same `requestId`";
            self.say(FindingCode::UsedTwice, leaf.place_of(used), message, help);
        }
    }

    fn group(&mut self, leaf: &Leaf, predicate: &Predicate) {
        if self.action(predicate).is_none() {
            let message = format!(
                "`{}` is a group of actions, and no event is of a group: this never matches",
                predicate.action
            );
            let help = "name each action of the group, in a policy or a condition of its own";
            self.say(FindingCode::GroupNeverMatches, leaf.place_of(predicate), message, help);
        }
    }

    /// A derived field that no call of the action can have, by the types of its arguments.
    fn never_logged(&mut self, leaf: &Leaf, predicate: &Predicate) {
        let Some(action) = self.action(predicate) else { return };
        let fields: BTreeSet<_> =
            predicate.args.iter().map(NamedArg::field_name).filter(|f| lacks(action, f)).collect();
        for field in fields {
            let message = format!(
                "no event of `{}` has `{field}`: none of its arguments could be one",
                predicate.action
            );
            let help =
                "an event without the field never matches; ask for a field that the action has";
            self.say(FindingCode::NeverLogged, leaf.word(field), message, help);
        }
    }

    fn action(&self, predicate: &Predicate) -> Option<&ActionModel> {
        let namespace = namespace_of(predicate);
        self.schema.actions.values().find(|action| {
            action.id == predicate.action && action.uid.type_name().namespace() == namespace
        })
    }

    fn agentcore(&mut self, leaves: &[&Leaf]) {
        let mut operators = 0;
        for leaf in leaves {
            let mut too_long = Vec::new();
            walk(&leaf.field.condition.condition, &mut |part| {
                let (ConditionKind::Formerly { within, .. }
                | ConditionKind::Previous { within, .. }
                | ConditionKind::Since { within, .. }) = &part.kind
                else {
                    return;
                };
                operators += 1;
                let window = within.interval();
                if window.seconds() > AGENTCORE_WINDOW {
                    too_long.push(window.render());
                }
            });
            for window in too_long {
                let message = format!("AgentCore takes windows up to 24h, and this is `{window}`");
                self.say(
                    FindingCode::AgentCoreLimit,
                    leaf.word(&window),
                    message,
                    "shorten the window",
                );
            }
            predicates(&leaf.field.condition.condition, &mut |predicate| {
                self.without_resource(leaf, predicate);
            });
        }
        if let Some(first) = leaves.first().filter(|_| operators > AGENTCORE_OPERATORS) {
            let message = format!(
                "AgentCore takes {AGENTCORE_OPERATORS} temporal operators in a policy, and this has {operators}"
            );
            self.say(FindingCode::AgentCoreLimit, first.span.clone(), message, "split the policy");
        }
    }

    fn without_resource(&mut self, leaf: &Leaf, predicate: &Predicate) {
        let is_resource = |value: &Term| matches!(value, Term::ScopeField(path) if path.as_slice() == ["resource"]);
        let has = predicate.args.iter().any(|argument| {
            argument.field_name() == "eventResource" && is_resource(&argument.value)
        });
        if !has {
            let message =
                "AgentCore asks for `eventResource: resource` in every predicate".to_owned();
            let help = "add `eventResource: resource` between the braces";
            self.say(FindingCode::AgentCoreLimit, leaf.place_of(predicate), message, help);
        }
    }
}

impl Leaf {
    /// Where a predicate is written; the whole condition if a macro holds it.
    fn place_of(&self, predicate: &Predicate) -> Range<usize> {
        self.word(&format!("{:?}::{}", predicate.action, predicate.kind))
    }

    /// Where a word is written in the condition; the whole condition if it is not.
    fn word(&self, word: &str) -> Range<usize> {
        let start = self.text.find(word).map(|at| self.span.start + at);
        start.map_or_else(|| self.span.clone(), |start| start..start + word.len())
    }
}

/// The parts that must all hold.
fn conjuncts(condition: &Condition) -> Vec<&Condition> {
    match &condition.kind {
        ConditionKind::And { left, right } => [conjuncts(left), conjuncts(right)].concat(),
        _ => vec![condition],
    }
}

/// Whether a field of the event is compared with what the request itself logs under that name.
fn is_of_the_request(argument: &NamedArg) -> bool {
    let field = argument.field_path();
    match &argument.value {
        Term::Wildcard => true,
        Term::ContextField(path) => *path == field,
        Term::ScopeField(path) => match field.first().map(String::as_str) {
            Some("callerPrincipal" | "eventPrincipal") => path.as_slice() == ["principal"],
            Some("callerResource" | "eventResource") => path.as_slice() == ["resource"],
            _ => false,
        },
        _ => false,
    }
}

/// The namespace of a predicate's action, without `Action` itself.
fn namespace_of(predicate: &Predicate) -> String {
    let path = predicate.namespace.as_slice();
    path.split_last().map(|(_, namespace)| namespace.join("::")).unwrap_or_default()
}

fn lacks(action: &ActionModel, field: &str) -> bool {
    let has = |wanted: fn(&TypeModel) -> bool| {
        let input = action.context.attributes.get("input");
        input.is_some_and(|input| contains(&input.ty, wanted))
    };
    match field {
        "derived.amount" => !has(|ty| matches!(ty, TypeModel::Long | TypeModel::Decimal)),
        "derived.domain" | "derived.folder" => {
            !has(|ty| matches!(ty, TypeModel::String | TypeModel::Entity(_)))
        }
        _ => false,
    }
}

/// Whether a type is, or holds, one that is wanted.
fn contains(ty: &TypeModel, wanted: fn(&TypeModel) -> bool) -> bool {
    match ty {
        TypeModel::Record(RecordModel { attributes }) => {
            attributes.values().any(|attribute| contains(&attribute.ty, wanted))
        }
        TypeModel::Set(element) => contains(element, wanted),
        other => wanted(other),
    }
}

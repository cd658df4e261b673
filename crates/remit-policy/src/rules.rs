//! Common rules to start from: data files with a few values to fill in.
//!
//! A rule is offered with what a workspace has to choose from, or with the reason why it cannot be
//! written there. What comes out is an ordinary policy; nothing remembers where it came from.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::editor::quoted;
use crate::schema_model::{ActionModel, SchemaModel, TypeModel};
use crate::workspace::Workspace;

/// A rule, as a workspace can have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its short name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it does.
    pub about: String,
    /// What is to be filled in.
    pub values: Vec<RuleValue>,
    /// Why it cannot be written in this workspace.
    pub why_not: Option<String>,
}

/// Something to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleValue {
    /// Its name.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// What kind of value it is.
    pub kind: ValueKind,
    /// What there is to choose from; empty where anything can be written.
    pub choices: Vec<String>,
    /// What could be written.
    pub example: String,
    /// The value that says of which argument recorded values are worth offering.
    pub of: Option<String>,
}

/// The kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueKind {
    /// An agent of `entities.json`.
    Agent,
    /// The name of a tool.
    Tool,
    /// A task that has a scope.
    Task,
    /// A tool and its text argument, as `send_mail.to`.
    TextArgument,
    /// A tool and its number argument, as `pay.amount`.
    NumberArgument,
    /// A number.
    Number,
    /// Texts, one a line.
    Texts,
    /// Texts in which `*` stands for any text, one a line.
    Patterns,
}

impl ValueKind {
    /// Whether anything can be written, rather than one of some choices.
    fn is_free(self) -> bool {
        matches!(self, Self::Number | Self::Texts | Self::Patterns)
    }
}

/// Why a rule was not filled in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleError {
    /// There is no such rule.
    #[error("there is no rule `{0}`")]
    Unknown(String),
    /// The workspace has not what it needs.
    #[error("{0}")]
    DoesNotFit(String),
    /// A value is missing, or is none that can be chosen.
    #[error("`{value}` is no answer to: {label}")]
    Value {
        /// What is asked.
        label: String,
        /// What was answered.
        value: String,
    },
}

const RULES: [(&str, &str); 8] = [
    ("read-only", include_str!("rules/read-only.toml")),
    ("approval-before-destructive", include_str!("rules/approval-before-destructive.toml")),
    ("egress-to-known-hosts", include_str!("rules/egress-to-known-hosts.toml")),
    ("spend-limit", include_str!("rules/spend-limit.toml")),
    ("no-secrets-out", include_str!("rules/no-secrets-out.toml")),
    ("only-given-values", include_str!("rules/only-given-values.toml")),
    ("values-from-user", include_str!("rules/values-from-user.toml")),
    ("one-task-one-credential", include_str!("rules/one-task-one-credential.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    title: String,
    about: String,
    needs: Vec<String>,
    body: String,
    value: Vec<DataValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DataValue {
    name: String,
    label: String,
    kind: ValueKind,
    #[serde(default)]
    example: String,
    of: Option<String>,
}

/// All rules, as a workspace can have them.
#[must_use]
pub fn rules(workspace: &Workspace) -> Vec<Rule> {
    RULES
        .iter()
        .filter_map(|(name, text)| Some(Maker::new(workspace, name, text)?.rule()))
        .collect()
}

/// The text of a rule with its values, as a policy with an id that is free.
///
/// # Errors
/// [`RuleError`] if there is no such rule, it does not fit the workspace, or a value is no answer.
pub fn fill_rule(
    workspace: &Workspace,
    name: &str,
    values: &BTreeMap<String, String>,
) -> Result<String, RuleError> {
    let unknown = || RuleError::Unknown(name.to_owned());
    let (_, text) = RULES.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?;
    let maker = Maker::new(workspace, name, text).ok_or_else(unknown)?;
    let rule = maker.rule();
    if let Some(why_not) = rule.why_not {
        return Err(RuleError::DoesNotFit(why_not));
    }
    for value in &rule.values {
        let answer = values.get(&value.name).map(|answer| answer.trim()).unwrap_or_default();
        if !is_answer(value, answer) {
            let label = value.label.clone();
            return Err(RuleError::Value { label, value: answer.to_owned() });
        }
    }
    Ok(maker.fill(values))
}

/// The action, in full, and the argument that a choice such as `send_mail.to` means.
#[must_use]
pub fn rule_argument(workspace: &Workspace, choice: &str) -> Option<(String, String)> {
    let actions = &workspace.schema.as_ref()?.model.actions;
    actions.iter().find_map(|(uid, action)| {
        let name = choice.strip_prefix(&action.id)?.strip_prefix('.')?;
        input(action)?.contains_key(name).then(|| (uid.clone(), name.to_owned()))
    })
}

fn is_answer(value: &RuleValue, answer: &str) -> bool {
    match value.kind {
        ValueKind::Number => answer.parse::<i64>().is_ok(),
        ValueKind::Texts | ValueKind::Patterns => !answer.is_empty(),
        ValueKind::Agent
        | ValueKind::Tool
        | ValueKind::Task
        | ValueKind::TextArgument
        | ValueKind::NumberArgument => value.choices.iter().any(|choice| choice == answer),
    }
}

struct Maker<'a> {
    workspace: &'a Workspace,
    model: &'a SchemaModel,
    name: &'a str,
    data: Data,
}

impl<'a> Maker<'a> {
    /// `None` without a schema.
    fn new(workspace: &'a Workspace, name: &'a str, text: &str) -> Option<Self> {
        let model = &workspace.schema.as_ref()?.model;
        Some(Self { workspace, model, name, data: toml::from_str(text).ok()? })
    }

    fn rule(&self) -> Rule {
        let value = |value: &DataValue| RuleValue {
            name: value.name.clone(),
            label: value.label.clone(),
            kind: value.kind,
            choices: self.choices(value.kind),
            example: value.example.clone(),
            of: value.of.clone(),
        };
        let values: Vec<RuleValue> = self.data.value.iter().map(value).collect();
        let missing = self.data.needs.iter().find_map(|need| self.misses(need));
        let open = |value: &&RuleValue| !value.kind.is_free();
        let none = values.iter().filter(open).find(|value| value.choices.is_empty());
        let why_not = missing
            .or_else(|| Some(format!("there is nothing to choose from for: {}", none?.label)));
        Rule {
            name: self.name.to_owned(),
            title: self.data.title.clone(),
            about: self.data.about.clone(),
            values,
            why_not,
        }
    }

    /// What of it the schema does not have.
    fn misses(&self, need: &str) -> Option<String> {
        let (kind, name) = need.split_once(':')?;
        let actions = || self.model.actions.values();
        match kind {
            "group" if !actions().any(|action| self.group_of(action, name).is_some()) => {
                Some(format!("no action of the schema is in a group `{name}`"))
            }
            "fact" if !actions().all(|action| has_fact(action, name)) => Some(format!(
                "not every action of the schema has the fact `context.session.{name}`"
            )),
            "type" if self.type_named(name).is_none() => {
                Some(format!("the schema has no entity type `{name}`"))
            }
            _ => None,
        }
    }

    fn group_of<'g>(&self, action: &'g ActionModel, name: &str) -> Option<&'g String> {
        let ending = format!("::{}", quoted(name));
        action.groups.iter().find(|group| group.ends_with(&ending))
    }

    fn type_named(&self, name: &str) -> Option<String> {
        let schema = &self.workspace.schema.as_ref()?.schema;
        let mut types = schema.entity_types().map(ToString::to_string);
        types.find(|ty| ty.rsplit("::").next() == Some(name))
    }

    fn choices(&self, kind: ValueKind) -> Vec<String> {
        let ids = || self.model.actions.values().map(|action| action.id.clone());
        match kind {
            ValueKind::Agent => {
                let entities = self.workspace.entities.entities.iter().map(|e| e.uid());
                let is_agent = |ty: &String| self.model.principal_types.contains(ty);
                let agents = entities.filter(|uid| is_agent(&uid.type_name().to_string()));
                let mut agents: Vec<String> = agents.map(|uid| uid.to_string()).collect();
                agents.sort();
                agents
            }
            ValueKind::Tool => ids().collect(),
            ValueKind::Task => self.workspace.scopes.iter().map(|s| s.task.clone()).collect(),
            ValueKind::TextArgument => self.arguments(|ty| *ty == TypeModel::String),
            ValueKind::NumberArgument => {
                self.arguments(|ty| matches!(ty, TypeModel::Long | TypeModel::Decimal))
            }
            ValueKind::Number | ValueKind::Texts | ValueKind::Patterns => Vec::new(),
        }
    }

    fn arguments(&self, is_wanted: impl Fn(&TypeModel) -> bool) -> Vec<String> {
        let of_action = |action: &ActionModel| {
            let attributes = input(action).into_iter().flatten();
            let wanted = attributes.filter(|(_, attribute)| is_wanted(&attribute.ty));
            wanted.map(|(name, _)| format!("{}.{name}", action.id)).collect::<Vec<_>>()
        };
        self.model.actions.values().flat_map(of_action).collect()
    }

    /// The action and the argument of a choice.
    fn argument(&self, choice: &str) -> Option<(&ActionModel, String, &TypeModel)> {
        let actions = self.model.actions.values();
        let mut found = actions.filter_map(|action| {
            let name = choice.strip_prefix(&action.id)?.strip_prefix('.')?;
            let attribute = input(action)?.get(name)?;
            let access = crate::editor::access_path("context.input", name);
            let guard = match attribute.required {
                true => String::new(),
                false => format!("{} && ", crate::editor::has("context.input", name)),
            };
            Some((action, guard + access.as_str(), &attribute.ty))
        });
        found.next()
    }

    fn fill(&self, values: &BTreeMap<String, String>) -> String {
        let mut text = String::new();
        let mut rest = self.data.body.trim_start();
        while let Some((before, after)) = rest.split_once("{{") {
            text.push_str(before);
            let (order, after) = after.split_once("}}").unwrap_or((after, ""));
            let words: Vec<&str> = order.split_whitespace().collect();
            text.push_str(&self.part(&words, values).unwrap_or_default());
            rest = after;
        }
        text.push_str(rest);
        text
    }

    fn part(&self, words: &[&str], values: &BTreeMap<String, String>) -> Option<String> {
        let value = |name: &str| values.get(name).map(|value| value.trim());
        Some(match words {
            ["id"] => self.free_id(),
            ["principal", name] => format!("principal == {}", value(name)?),
            ["text", name] => quoted(value(name)?),
            ["task", name] => format!("{}::{}", self.type_named("Task")?, quoted(value(name)?)),
            ["group", name] => {
                let mut actions = self.model.actions.values();
                actions.find_map(|action| self.group_of(action, name))?.clone()
            }
            ["action", name] => self.argument(value(name)?)?.0.uid.to_string(),
            ["from", fact, name] => {
                let (_, argument) = rule_argument(self.workspace, value(name)?)?;
                format!("context.session.{fact}.contains({})", quoted(&argument))
            }
            ["like", name, patterns] => {
                let (_, access, _) = self.argument(value(name)?)?;
                let guard = access.rsplit_once(" && ").map_or("", |(guard, _)| guard);
                let plain = access.rsplit_once(" && ").map_or(access.as_str(), |(_, plain)| plain);
                let each = lines(value(patterns)?);
                let each: Vec<String> = each
                    .iter()
                    .map(|pattern| format!("{plain} like {}", quoted(pattern)))
                    .collect();
                match guard {
                    "" => each.join(" || "),
                    guard => format!("{guard} && ({})", each.join(" || ")),
                }
            }
            ["one_of", name, texts] => {
                let (_, access, _) = self.argument(value(name)?)?;
                let texts: Vec<String> = lines(value(texts)?).into_iter().map(quoted).collect();
                let (guard, plain) = access
                    .rsplit_once(" && ")
                    .map_or((String::new(), access.as_str()), |(guard, plain)| {
                        (format!("{guard} && "), plain)
                    });
                format!("{guard}[{}].contains({plain})", texts.join(", "))
            }
            ["exceeds", name, limit] => {
                let (_, access, ty) = self.argument(value(name)?)?;
                let limit = value(limit)?;
                match ty {
                    TypeModel::Decimal => format!("{access}.greaterThan(decimal(\"{limit}.0\"))"),
                    _ => format!("{access} > {limit}"),
                }
            }
            _ => return None,
        })
    }

    fn free_id(&self) -> String {
        let is_free = |id: &String| {
            let layers = self.workspace.scopes.iter().map(|scope| &scope.layer);
            layers.chain([&self.workspace.guardrails]).all(|layer| layer.policy(id).is_none())
        };
        let numbered = (2..).map(|number| format!("{}-{number}", self.name));
        std::iter::once(self.name.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
    }
}

type Attributes = BTreeMap<String, crate::schema_model::AttributeModel>;

fn record_at<'a>(action: &'a ActionModel, name: &str) -> Option<&'a Attributes> {
    match &action.context.attributes.get(name)?.ty {
        TypeModel::Record(record) => Some(&record.attributes),
        _ => None,
    }
}

fn input(action: &ActionModel) -> Option<&Attributes> {
    record_at(action, "input")
}

fn has_fact(action: &ActionModel, name: &str) -> bool {
    record_at(action, "session").is_some_and(|facts| facts.get(name).is_some_and(|f| f.required))
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

//! ToolHive: a `cedarv1` configuration for each server.
//!
//! There every call is `Action::"call_tool"` on a `Tool`, and an argument is an attribute of the context
//! itself, `arg_NAME`: texts and truth values as they are, every number a decimal, of anything else only that
//! it is there. One policy that fails denies the call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::pst::{
    ActionConstraint, BinaryOp, EntityOrSlot, Expr, Literal, PrincipalConstraint,
    ResourceConstraint, Template, UnaryOp, Var,
};
use remit_policy::TypeModel;
use serde_json::{Map, Value, json};

use super::ExportError;
use super::fidelity::{Ability, Fact, Fate, Level, StoreFidelity};
use super::store::{Store, plain_name, text_of};
use super::tools::{Tool, Tools, any_of, attribute, literal};
use super::translate::{Seen, Translated, Words, judge, translate};
use super::values::{chain, type_at};
use super::vectors::{AskedRequest, Uid, Vectors};
use super::weaken::{boolean, rebuild};
use super::write::Files;

/// For a server of which nothing is permitted: ToolHive takes no configuration without policies.
const NOTHING: &str = "forbid (principal, action, resource);\n";

struct Proxy;

impl Words for Proxy {
    fn is_one_of(&self, principals: &[String]) -> Expr {
        let clients = principals.iter().filter_map(|id| literal("Client", id));
        let clients = clients.map(|uid| Expr::Literal(Literal::EntityUID(uid)));
        any_of(clients, Expr::Var(Var::Principal))
    }

    fn context(&self, expr: &Expr, tool: &Tool<'_>) -> Result<Expr, String> {
        rebuild(expr, &|part| argument(part, tool))
    }

    fn head(&self, body: &Template, tools: &[&Tool<'_>], id: &str) -> Option<Template> {
        let names: Option<Vec<_>> = tools.iter().map(|tool| literal("Tool", &tool.name)).collect();
        let mut names = names?;
        let (resource, clauses) = match names.len() {
            1 => (ResourceConstraint::Eq(EntityOrSlot::Entity(names.pop()?)), Vec::new()),
            _ => {
                let names = names.into_iter().map(|uid| Expr::Literal(Literal::EntityUID(uid)));
                let is_one = any_of(names, Expr::Var(Var::Resource));
                (ResourceConstraint::Any, vec![cedar_policy::pst::Clause::When(Arc::new(is_one))])
            }
        };
        let call = ActionConstraint::Eq(literal("Action", "call_tool")?);
        let head = Template::new(id, body.effect, PrincipalConstraint::Any, call, resource);
        head.with_annotations(BTreeMap::new()).try_with_clauses(clauses).ok()
    }
}

/// What a part of a condition is there, if it speaks of the context.
fn argument(part: &Expr, tool: &Tool<'_>) -> Option<Result<Expr, String>> {
    if let Expr::BinaryOp { op, left, right } = part
        && let Some(compared) = compared_number(*op, left, right, tool)
    {
        return Some(compared);
    }
    match part {
        Expr::HasAttr { expr, attrs } => {
            let Some((Var::Context, mut names)) = chain(expr) else { return None };
            names.extend(attrs.iter().map(ToString::to_string));
            Some(has(&names, tool))
        }
        expr => {
            let Some((Var::Context, names)) = chain(expr) else { return None };
            Some(known(&names, tool))
        }
    }
}

fn unknown(names: &[String]) -> String {
    format!("`context.{}` is not known there", names.join("."))
}

/// The type of an argument that is one there too.
fn simple<'t>(names: &[String], tool: &'t Tool<'_>) -> Option<(&'t TypeModel, bool)> {
    match names {
        [input, _] if input == "input" => type_at(&tool.action.context, names),
        _ => None,
    }
}

fn argument_name(names: &[String]) -> String {
    format!("arg_{}", names.last().map_or("", String::as_str))
}

fn known(names: &[String], tool: &Tool<'_>) -> Result<Expr, String> {
    match simple(names, tool) {
        Some((TypeModel::String | TypeModel::Bool | TypeModel::Decimal, _)) => {
            Ok(attribute(Expr::Var(Var::Context), &argument_name(names)))
        }
        _ => Err(unknown(names)),
    }
}

fn has(names: &[String], tool: &Tool<'_>) -> Result<Expr, String> {
    let asked = |name: String| {
        let only = (name.into(), Vec::new());
        Expr::HasAttr { expr: Arc::new(Expr::Var(Var::Context)), attrs: only.into() }
    };
    if names == ["input"] {
        return Ok(boolean(true));
    }
    match simple(names, tool) {
        Some((TypeModel::Set(_) | TypeModel::Record(_), _)) => {
            Ok(asked(format!("{}_present", argument_name(names))))
        }
        Some((TypeModel::String | TypeModel::Bool | TypeModel::Decimal | TypeModel::Long, _)) => {
            Ok(asked(argument_name(names)))
        }
        _ => Err(unknown(names)),
    }
}

/// A comparison of a whole number with a constant: there it is a decimal.
fn compared_number(
    op: BinaryOp,
    left: &Expr,
    right: &Expr,
    tool: &Tool<'_>,
) -> Option<Result<Expr, String>> {
    let number = |expr: &Expr| match chain(expr) {
        Some((Var::Context, names)) => match simple(&names, tool) {
            Some((TypeModel::Long, _)) => {
                Some(attribute(Expr::Var(Var::Context), &argument_name(&names)))
            }
            _ => None,
        },
        _ => None,
    };
    let constant = |expr: &Expr| match expr {
        Expr::Literal(Literal::Long(n)) if n.unsigned_abs() < 900_000_000_000_000 => {
            let text = Expr::Literal(Literal::String(format!("{n}.0").into()));
            Some(Expr::UnaryOp { op: UnaryOp::Decimal, expr: Arc::new(text) })
        }
        _ => None,
    };
    let (left, right) = match (number(left), number(right)) {
        (Some(left), _) => (left, constant(right)?),
        (None, Some(right)) => (constant(left)?, right),
        (None, None) => return None,
    };
    let op = match op {
        BinaryOp::Eq | BinaryOp::NotEq => op,
        BinaryOp::Less => BinaryOp::DecimalLessThan,
        BinaryOp::LessEq => BinaryOp::DecimalLessEq,
        BinaryOp::Greater => BinaryOp::DecimalGreater,
        BinaryOp::GreaterEq => BinaryOp::DecimalGreaterEq,
        _ => return None,
    };
    Some(Ok(Expr::BinaryOp { op, left: Arc::new(left), right: Arc::new(right) }))
}

/// A request as the proxy of a server sees it. `None` if no call is like that.
fn seen(request: &AskedRequest, tools: &Tools<'_>, server: &str) -> Option<Seen> {
    let tool = tools.by_action.get(&request.action.to_cedar()?.to_string())?;
    let input = request.context.get("input").cloned().unwrap_or_else(|| json!({}));
    if tool.server != server || !tool.acts_on(&request.resource.to_cedar()?, &input) {
        return None;
    }
    let uid = |ty: &str, id: &str| Uid { ty: ty.to_owned(), id: id.to_owned() };
    let principal = uid("Client", &request.principal.id);
    let resource = uid("Tool", &tool.name);
    let about = json!({ "name": tool.name, "operation": "call", "feature": "tool" });
    let entities = vec![
        json!({ "uid": principal, "attrs": { "claim_sub": principal.id }, "parents": [] }),
        json!({ "uid": resource, "attrs": about, "parents": [] }),
    ];
    let mut context = Map::from_iter([("claim_sub".to_owned(), json!(principal.id))]);
    context.extend(input.as_object().into_iter().flatten().map(flattened));
    let action = uid("Action", "call_tool");
    Some((AskedRequest { principal, action, resource, context: Value::Object(context) }, entities))
}

/// An argument as the proxy passes it on.
fn flattened((name, value): (&String, &Value)) -> (String, Value) {
    let name = format!("arg_{name}");
    let is_decimal = value.pointer("/__extn/fn").and_then(Value::as_str) == Some("decimal");
    match value {
        Value::String(_) | Value::Bool(_) => (name, value.clone()),
        Value::Number(n) => {
            (name, json!({ "__extn": { "fn": "decimal", "arg": format!("{n}.0") } }))
        }
        Value::Object(_) if is_decimal => (name, value.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            (format!("{name}_present"), json!(true))
        }
    }
}

/// Writes a configuration for each server, and says what became of the policies.
pub(crate) fn store(
    store: &Store,
    vectors: &Vectors,
    tools: &Tools<'_>,
    files: &mut Files,
) -> Result<StoreFidelity, ExportError> {
    let mut names = BTreeSet::new();
    let mut whole: Option<StoreFidelity> = None;
    for server in tools.servers() {
        let wanted = |tool: &Tool<'_>| tool.server == server;
        let translated: Vec<Translated> =
            store.statements.iter().map(|s| translate(s, tools, &wanted, &Proxy)).collect();
        let (there, of_server) = judge(store, vectors, &translated, &|r| seen(r, tools, server))?;
        let bodies = || translated.iter().flat_map(|t| &t.bodies);
        let mut policies: Vec<String> = bodies().filter_map(text_of).collect();
        let ids: Vec<&str> = bodies().map(|body| body.id.0.as_str()).collect();
        if policies.is_empty() {
            policies.push(NOTHING.to_owned());
        }
        let config = json!({
            "version": "1.0",
            "type": "cedarv1",
            "cedar": { "policies": policies, "entities_json": "[]" },
        });
        let name = plain_name(server, &mut names);
        files.json(&format!("{}/{name}.json", store.folder), &config);
        let ids = json!({ "server": server, "policies": ids });
        files.json(&format!("{}/{name}.policies.json", store.folder), &ids);
        files.json(&format!("{}/{name}.vectors.json", store.folder), &json!(there));
        whole = Some(match whole {
            None => of_server,
            Some(before) => together(before, of_server),
        });
    }
    let mut whole = whole.ok_or(ExportError::NoTools { target: "ToolHive" })?;
    for statement in &mut whole.statements {
        statement.notes.retain(|note| {
            !note.starts_with("it never applies") || statement.fate != Fate::Changed
        });
        statement.notes.sort();
        statement.notes.dedup();
    }
    Ok(whole)
}

/// What becomes of the policies at two servers.
fn together(mut one: StoreFidelity, other: StoreFidelity) -> StoreFidelity {
    for (into, from) in one.statements.iter_mut().zip(other.statements) {
        into.fate = into.fate.max(from.fate);
        into.notes.extend(from.notes);
    }
    one.vectors += other.vectors;
    one.covered = one.covered.max(other.covered);
    one.narrower.extend(other.narrower);
    one
}

/// What it can enforce.
pub(crate) fn abilities() -> Vec<Ability> {
    super::abilities(&[
        (
            "tool calls",
            Level::Full,
            "every call through the proxy is decided; lists are filtered by the same policies",
        ),
        (
            "arguments",
            Level::Partly,
            "texts, truth values and numbers at the top; of anything else only that it is there",
        ),
        ("identity", Level::Full, "the token's `sub` claim must be the agent's id"),
        ("groups", Level::Partly, "members are written into the policies at the time of export"),
        (
            "resources",
            Level::Partly,
            "a server is a configuration of its own; others by the argument that names them",
        ),
        ("what the session did", Level::No, "there is no `context.session`"),
        (
            "task scopes",
            Level::Partly,
            "a configuration for each, and nothing that chooses between them",
        ),
    ])
}

/// Which facts it has.
pub(crate) fn facts() -> Vec<Fact> {
    super::facts(&[
        ("context.input", Level::Partly, "as `arg_NAME`; numbers are decimals with four places"),
        ("principal", Level::Full, "the token's `sub` claim"),
        ("context.session", Level::No, "left out; what depends on it is degraded"),
        ("conditions over history", Level::No, "left out; the target `dogwood` has them"),
        (
            "attributes of principal and resource",
            Level::No,
            "left out; what depends on them is degraded",
        ),
    ])
}

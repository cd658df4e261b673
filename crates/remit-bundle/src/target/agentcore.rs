//! Amazon Bedrock AgentCore: one statement a policy, for a gateway with one target a server.
//!
//! There an action is `Target___tool`, the resource is the gateway, the principal is who called it, and
//! of the context there is `input` alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::PolicySet;
use cedar_policy::pst::{
    ActionConstraint, EntityOrSlot, Expr, PrincipalConstraint, ResourceConstraint, Template, Var,
};
use remit_policy::{LoadedSchema, RecordModel, TypeModel};
use serde_json::{Value, json};

use super::cedar::policies_json;
use super::fidelity::{Ability, Fact, Level};
use super::store::{Store, plain_name, policy_of, text_of};
use super::tools::{Tool, Tools, any_of, attribute, literal, text, type_name};
use super::translate::{Seen, Translated, Words, judge, translate};
use super::values::chain;
use super::vectors::{AskedRequest, Uid, Vectors};
use super::write::Files;
use super::{Caller, ExportError, Options};

/// The gateway, where no other is named: to be replaced before the policies are created.
const GATEWAY: &str = "arn:aws:bedrock-agentcore:REGION:ACCOUNT:gateway/GATEWAY";
/// The longest name of a policy.
const LONGEST_NAME: usize = 48;

/// What the policies are translated for.
struct Gateway {
    arn: String,
    principal: &'static str,
}

impl Words for Gateway {
    fn is_one_of(&self, principals: &[String]) -> Expr {
        let id = attribute(Expr::Var(Var::Principal), "id");
        match principals {
            [one] => Expr::BinaryOp {
                op: cedar_policy::pst::BinaryOp::Eq,
                left: Arc::new(id),
                right: Arc::new(text(one)),
            },
            many => any_of(many.iter().map(|one| text(one)), id),
        }
    }

    fn context(&self, expr: &Expr, _: &Tool<'_>) -> Result<Expr, String> {
        match unknown_fact(expr) {
            Some(fact) => Err(format!("`{fact}` is not known there")),
            None => Ok(expr.clone()),
        }
    }

    fn head(&self, body: &Template, tools: &[&Tool<'_>], id: &str) -> Option<Template> {
        let actions: Option<Vec<_>> =
            tools.iter().map(|tool| literal("AgentCore::Action", &action(tool))).collect();
        let mut actions = actions?;
        let action = match actions.len() {
            1 => ActionConstraint::Eq(actions.pop()?),
            _ => ActionConstraint::In(actions),
        };
        let head = Template::new(
            id,
            body.effect,
            PrincipalConstraint::Is(type_name(self.principal)?),
            action,
            ResourceConstraint::Eq(EntityOrSlot::Entity(literal("AgentCore::Gateway", &self.arn)?)),
        );
        Some(head.with_annotations(BTreeMap::new()))
    }
}

/// The first thing that a condition asks of the context besides `input`.
pub(crate) fn unknown_fact(expr: &Expr) -> Option<String> {
    if let Some((Var::Context, names)) = chain(expr) {
        return match names.first() {
            Some(first) if first == "input" => None,
            Some(_) => Some(format!("context.{}", names.join("."))),
            None => Some("context".to_owned()),
        };
    }
    match expr {
        Expr::HasAttr { expr, attrs } if **expr == Expr::Var(Var::Context) => {
            (attrs.first() != "input").then(|| format!("context.{}", attrs.first()))
        }
        Expr::UnaryOp { expr, .. }
        | Expr::GetAttr { expr, .. }
        | Expr::HasAttr { expr, .. }
        | Expr::Like { expr, .. } => unknown_fact(expr),
        Expr::BinaryOp { left, right, .. } => unknown_fact(left).or_else(|| unknown_fact(right)),
        Expr::Is { expr, in_expr, .. } => {
            unknown_fact(expr).or_else(|| in_expr.as_deref().and_then(unknown_fact))
        }
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            [cond, then_expr, else_expr].into_iter().find_map(|part| unknown_fact(part))
        }
        Expr::Set(items) => items.iter().find_map(|item| unknown_fact(item)),
        Expr::Record(fields) => fields.values().find_map(|field| unknown_fact(field)),
        _ => None,
    }
}

/// The name of a tool's action in front of a gateway.
fn action(tool: &Tool<'_>) -> String {
    format!("{}___{}", tool.server, tool.name)
}

/// Writes the policies of a store, and says what became of them.
pub(crate) fn store(
    store: &Store,
    vectors: &Vectors,
    tools: &Tools<'_>,
    options: &Options,
    files: &mut Files,
) -> Result<super::StoreFidelity, ExportError> {
    let gateway = gateway(options);
    let translated: Vec<Translated> =
        store.statements.iter().map(|s| translate(s, tools, &|_| true, &gateway)).collect();
    let seen = |request: &AskedRequest| seen(request, tools, &gateway);
    let (there, fidelity) = judge(store, vectors, &translated, &seen)?;
    let mut names = BTreeSet::new();
    let mut together = String::new();
    for (statement, body) in translated
        .iter()
        .zip(&store.statements)
        .flat_map(|(t, s)| t.bodies.iter().map(move |b| (s, b)))
    {
        let said = text_of(body).ok_or_else(|| ExportError::Internal {
            store: store.name.to_string(),
            message: format!("`{}` has no text", body.id),
        })?;
        let name = policy_name(&format!("{}_{}", store.folder, body.id), &mut names);
        let request = json!({
            "policyEngineId": "POLICY_ENGINE_ID",
            "name": name,
            "description": statement.why.clone().unwrap_or_else(|| statement.id.clone()),
            "validationMode": "FAIL_ON_ANY_FINDINGS",
            "definition": { "cedar": { "statement": said } },
        });
        files.json(&format!("{}/create-policy/{name}.json", store.folder), &request);
        together += &format!("{said}\n");
    }
    let internal =
        |message: String| ExportError::Internal { store: store.name.to_string(), message };
    let policies = translated.iter().flat_map(|t| &t.bodies).filter_map(policy_of);
    let set = PolicySet::from_policies(policies).map_err(|error| internal(error.to_string()))?;
    files.json(&format!("{}/policies.json", store.folder), &policies_json(set).map_err(internal)?);
    files.text(&format!("{}/policies.cedar", store.folder), together);
    files.json(&format!("{}/vectors.json", store.folder), &json!(there));
    Ok(fidelity)
}

fn gateway(options: &Options) -> Gateway {
    Gateway {
        arn: options.gateway.clone().unwrap_or_else(|| GATEWAY.to_owned()),
        principal: match options.caller {
            Caller::OAuth => "AgentCore::OAuthUser",
            Caller::Iam => "AgentCore::IamEntity",
        },
    }
}

/// The schema that AgentCore derives from the gateway's tools, as far as policies can tell.
pub(crate) fn schema(tools: &Tools<'_>, options: &Options) -> Result<LoadedSchema, ExportError> {
    let gateway = gateway(options);
    let principal = gateway.principal.trim_start_matches("AgentCore::");
    let tags =
        if options.caller == Caller::OAuth { json!({ "type": "String" }) } else { Value::Null };
    let mut caller = json!({ "shape": record(&json!({ "id": { "type": "String" } })) });
    if let (Some(caller), false) = (caller.as_object_mut(), tags.is_null()) {
        caller.insert("tags".to_owned(), tags);
    }
    let mut actions = json!({ "Mcp": {}, "CallTool": { "memberOf": [{ "id": "Mcp" }] } });
    for tool in tools.by_action.values() {
        let attributes = tool.action.context.attributes.get("input");
        let context = attributes.map(|a| json!({ "input": attribute_of(&a.ty, a.required) }));
        let declared = json!({
            "memberOf": [{ "id": "CallTool" }],
            "appliesTo": {
                "principalTypes": [principal],
                "resourceTypes": ["Gateway"],
                "context": record(&context.unwrap_or_else(|| json!({}))),
            },
        });
        if let Some(actions) = actions.as_object_mut() {
            actions.insert(action(tool), declared);
        }
    }
    let entities = json!({ principal: caller, "Gateway": {} });
    let fragment = json!({ "AgentCore": { "entityTypes": entities, "actions": actions } });
    super::schema_of(&fragment)
}

fn record(attributes: &Value) -> Value {
    json!({ "type": "Record", "attributes": attributes })
}

/// The JSON form of an attribute's type.
fn attribute_of(ty: &TypeModel, required: bool) -> Value {
    let mut said = type_of(ty);
    if let Some(said) = said.as_object_mut() {
        said.insert("required".to_owned(), json!(required));
    }
    said
}

fn type_of(ty: &TypeModel) -> Value {
    let extension = |name: &str| json!({ "type": "Extension", "name": name });
    match ty {
        TypeModel::String => json!({ "type": "String" }),
        TypeModel::Long => json!({ "type": "Long" }),
        TypeModel::Bool => json!({ "type": "Boolean" }),
        TypeModel::Decimal => extension("decimal"),
        TypeModel::Datetime => extension("datetime"),
        TypeModel::Duration => extension("duration"),
        TypeModel::IpAddr => extension("ipaddr"),
        TypeModel::Set(element) => json!({ "type": "Set", "element": type_of(element) }),
        TypeModel::Record(RecordModel { attributes }) => {
            let attributes =
                attributes.iter().map(|(name, a)| (name.clone(), attribute_of(&a.ty, a.required)));
            record(&Value::Object(attributes.collect()))
        }
        // A gateway knows no entities but its own: such an argument is its id there.
        TypeModel::Entity(_) => json!({ "type": "String" }),
    }
}

/// A request as the gateway sees it. `None` if no call is like that.
fn seen(request: &AskedRequest, tools: &Tools<'_>, gateway: &Gateway) -> Option<Seen> {
    let tool = tools.by_action.get(&request.action.to_cedar()?.to_string())?;
    let input = request.context.get("input").cloned().unwrap_or_else(|| json!({}));
    if !tool.acts_on(&request.resource.to_cedar()?, &input) {
        return None;
    }
    let uid = |ty: &str, id: &str| Uid { ty: ty.to_owned(), id: id.to_owned() };
    let principal = uid(gateway.principal, &request.principal.id);
    let resource = uid("AgentCore::Gateway", &gateway.arn);
    let entities = vec![
        json!({ "uid": principal, "attrs": { "id": principal.id }, "parents": [] }),
        json!({ "uid": resource, "attrs": {}, "parents": [] }),
    ];
    let request = AskedRequest {
        principal,
        action: uid("AgentCore::Action", &action(tool)),
        resource,
        context: json!({ "input": input }),
    };
    Some((request, entities))
}

/// A name that AgentCore takes: a letter, then letters, digits and `_`.
fn policy_name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let short: String = wanted.replace(['-', '/'], "_").chars().take(LONGEST_NAME - 4).collect();
    plain_name(&short, taken).replace('-', "_")
}

/// What it can enforce.
pub(crate) fn abilities() -> Vec<Ability> {
    super::abilities(&[
        ("tool calls", Level::Full, "every call through the gateway is decided"),
        ("arguments", Level::Full, "as the tool's input schema types them"),
        ("identity", Level::Full, "the caller's `sub` claim or IAM ARN must be the agent's id"),
        ("groups", Level::Partly, "members are written into the policies at the time of export"),
        (
            "resources",
            Level::Partly,
            "servers by the tool's name, others by the argument that names them",
        ),
        ("what the session did", Level::No, "there is no `context.session`"),
        (
            "task scopes",
            Level::Partly,
            "a policy engine for each, and nothing that chooses between them",
        ),
    ])
}

/// Which facts it has.
pub(crate) fn facts() -> Vec<Fact> {
    super::facts(&[
        ("context.input", Level::Full, "the arguments"),
        ("principal.id", Level::Full, "who called the gateway"),
        ("context.session", Level::No, "left out; what depends on it is degraded"),
        ("conditions over history", Level::No, "left out; the target `dogwood` has them"),
        (
            "attributes of principal and resource",
            Level::No,
            "left out; what depends on them is degraded",
        ),
    ])
}

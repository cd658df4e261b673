//! Turns a tool call into an authorization request: who, does what, on what, under which circumstances.
//!
//! The shape is that of `cedar-policy-mcp-schema-generator`: the tool is the action, the server the
//! resource, the arguments are `context.input`, the facts `context.session`. What the mapping cannot
//! supply is said: an unmapped call is never judged, a missing fact and a misfit travel with the request.

use crate::{Absent, SessionFacts, convert};
use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};
use remit_policy::{
    ActionModel, AttributeModel, LoadedSchema, RecordModel, ResourceRule, SchemaModel, ToolRule,
    TypeModel, Workspace,
};
use remit_session::{Arguments, ToolCall};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// The end of the group's name that the schema generator puts read-only tools in.
const READ_ONLY_GROUP: &str = "Action::\"read_only\"";

/// Maps the tool calls of one workspace.
pub struct Mapper<'w> {
    workspace: &'w Workspace,
    schema: &'w LoadedSchema,
    /// By action id. Where several namespaces declare one, the schema's main namespace wins.
    actions: HashMap<&'w str, &'w ActionModel>,
    task_type: EntityTypeName,
}

/// A tool call as a request.
#[derive(Debug)]
pub struct Mapped<'w> {
    /// The request, exactly as it is judged.
    pub request: Request,
    /// The action's id.
    pub action: &'w str,
    /// Facts that policies may ask for and nobody recorded.
    pub missing: Vec<MissingFact>,
    /// What of the call does not fit the schema.
    pub misfits: Vec<String>,
}

/// A fact that policies may ask for and nobody recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingFact {
    /// How a policy that asks for it fails.
    pub absent: Absent,
    /// Which it is, for people.
    pub message: String,
}

/// Why a tool call could not be mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl<'w> Mapper<'w> {
    /// For `workspace`. `None` without a usable schema, since then nothing can be mapped.
    pub fn new(workspace: &'w Workspace) -> Option<Self> {
        let schema = workspace.schema.as_ref()?;
        let task_type = qualified(&schema.model, "Task").parse().ok()?;
        Some(Mapper { workspace, schema, actions: actions_by_id(&schema.model), task_type })
    }

    /// The principal for a recorded agent: its workload identity where `remit.toml` gives one.
    pub fn principal(&self, agent: &str) -> EntityUid {
        let mapping = &self.workspace.config.mapping;
        let id = mapping.agent(agent).unwrap_or_else(|| agent.to_owned());
        EntityUid::from_type_name_and_id(mapping.principal.clone(), EntityId::new(id))
    }

    /// The workspace's entities with `principal` as a member of `task`.
    pub fn entities(&self, principal: &EntityUid, task: Option<&str>) -> Entities {
        let all = &self.workspace.entities.entities;
        let Some(task) = task else { return all.clone() };
        let task = EntityUid::from_type_name_and_id(self.task_type.clone(), EntityId::new(task));
        let known = all.get(principal).and_then(|e| e.to_json_value().ok());
        let member = known.and_then(|json| with_parent(json, &task)).unwrap_or_else(|| {
            Entity::new_no_attrs(principal.clone(), [task.clone()].into_iter().collect())
        });
        // Only a cycle could be refused, and then the task stays out: fewer rights, never more.
        all.clone().upsert_entities([member], None).unwrap_or_else(|_| all.clone())
    }

    /// The request for `call`, made by `principal`.
    ///
    /// # Errors
    /// [`Unmapped`] if the schema has no action for the tool, or none that fits principal and resource.
    pub fn map(
        &self,
        call: &ToolCall,
        principal: &EntityUid,
        facts: &SessionFacts,
    ) -> Result<Mapped<'w>, Unmapped> {
        let mapping = &self.workspace.config.mapping;
        let found = mapping.tool(&call.tool);
        let rule = found.as_ref().map(|m| m.rule);
        let server = rule
            .and_then(|r| r.server.as_deref())
            .or_else(|| server_of(call.server.as_deref(), &call.tool))
            .unwrap_or(&mapping.server);
        let action =
            self.action(found.as_ref().and_then(|m| m.action.as_deref()), server, &call.tool)?;
        let resource = self.resource(rule, server, call)?;
        applicable(action, principal, &resource)?;
        let mut missing = self.unknown_entities(principal, &resource);
        let mut misfits = Vec::new();
        let context = self.context(action, call, facts, &mut missing, &mut misfits)?;
        let request = Request::new(principal.clone(), action.uid.clone(), resource, context, None)
            .map_err(|e| Unmapped { message: e.to_string(), help: "check the schema".into() })?;
        Ok(Mapped { request, action: &action.id, missing, misfits })
    }

    /// The action that a rule names, else the most specific one that bears the tool's name.
    fn action(
        &self,
        named: Option<&str>,
        server: &str,
        tool: &str,
    ) -> Result<&'w ActionModel, Unmapped> {
        let short = mcp_name(tool).map(|(_, tool)| tool);
        let candidates = match named {
            Some(named) => vec![named.to_owned()],
            None => [
                Some(format!("{server}.{tool}")),
                Some(format!("{server}___{tool}")),
                Some(tool.to_owned()),
            ]
            .into_iter()
            .chain([short.map(|t| format!("{server}.{t}")), short.map(str::to_owned)])
            .flatten()
            .collect(),
        };
        candidates.iter().find_map(|id| self.actions.get(id.as_str()).copied()).ok_or_else(|| Unmapped {
            message: match named {
                Some(action) => format!("`remit.toml` maps tool `{tool}` to action `{action}`, which `{}` does not declare", self.schema.file),
                None => format!("no mapping for tool `{tool}`: `{}` declares no action of that name", self.schema.file),
            },
            help: format!(
                "declare the action (`remit schema` generates it from a tool manifest or from recordings), or add a [[tool]] rule for `{tool}` to remit.toml"
            ),
        })
    }

    /// The server, or what a rule takes from the arguments.
    fn resource(
        &self,
        rule: Option<&ToolRule>,
        server: &str,
        call: &ToolCall,
    ) -> Result<EntityUid, Unmapped> {
        let mapping = &self.workspace.config.mapping;
        let Some(ResourceRule { entity_type, id_pointer }) = rule.and_then(|r| r.resource.as_ref())
        else {
            return Ok(EntityUid::from_type_name_and_id(
                mapping.resource.clone(),
                EntityId::new(server),
            ));
        };
        let id = text_at(&call.arguments, id_pointer).ok_or_else(|| Unmapped {
            message: format!("the arguments of `{}` hold no text at `{id_pointer}`, which names the resource", call.tool),
            help: "correct `resource_id` in the [[tool]] rule of remit.toml, or leave it out to use the server".into(),
        })?;
        Ok(EntityUid::from_type_name_and_id(entity_type.clone(), EntityId::new(id)))
    }

    /// Principal and resource that `entities.json` does not hold: what policies read from them is not known.
    fn unknown_entities(&self, principal: &EntityUid, resource: &EntityUid) -> Vec<MissingFact> {
        let entities = &self.workspace.entities;
        [principal, resource]
            .into_iter()
            .filter(|uid| entities.entities.get(uid).is_none())
            .map(|uid| {
                MissingFact::new(Absent::Entity, format!("`{uid}` is not in {}", entities.file))
            })
            .collect()
    }

    fn context(
        &self,
        action: &ActionModel,
        call: &ToolCall,
        facts: &SessionFacts,
        missing: &mut Vec<MissingFact>,
        misfits: &mut Vec<String>,
    ) -> Result<Context, Unmapped> {
        let mut pairs = Vec::new();
        for (name, attribute) in &action.context.attributes {
            let value = match (name.as_str(), &attribute.ty) {
                ("input", TypeModel::Record(model)) => {
                    input(&call.arguments, model, missing, misfits)
                }
                ("session", TypeModel::Record(model)) => {
                    Some(session(&self.session_facts(action, facts), model, missing))
                }
                _ => None,
            };
            match value {
                Some(fields) => pairs.push((name.clone(), record(fields)?)),
                None if attribute.required && name != "input" => missing.push(
                    MissingFact::attribute(format!("the recording holds no `context.{name}`")),
                ),
                None => {}
            }
        }
        Context::from_pairs(pairs)
            .map_err(|e| Unmapped { message: e.to_string(), help: "check the schema".into() })
    }

    fn session_facts(
        &self,
        action: &ActionModel,
        facts: &SessionFacts,
    ) -> BTreeMap<&'static str, RestrictedExpression> {
        let tools = facts.tools_used.iter().map(|t| RestrictedExpression::new_string(t.clone()));
        BTreeMap::from([
            ("step", RestrictedExpression::new_long(facts.step)),
            ("calls", RestrictedExpression::new_long(facts.calls)),
            ("toolsUsed", RestrictedExpression::new_set(tools)),
            (
                "readOnly",
                RestrictedExpression::new_bool(
                    action.groups.iter().any(|g| g.ends_with(READ_ONLY_GROUP)),
                ),
            ),
        ])
    }
}

impl MissingFact {
    fn new(absent: Absent, message: String) -> Self {
        MissingFact { absent, message }
    }

    fn attribute(message: String) -> Self {
        MissingFact::new(Absent::Attribute, message)
    }
}

impl Mapped<'_> {
    /// The request as JSON text for people: principal, action, resource and context.
    pub fn request_json(&self) -> Value {
        let uid = |u: Option<&EntityUid>| u.map(ToString::to_string);
        json!({
            "principal": uid(self.request.principal()),
            "action": uid(self.request.action()),
            "resource": uid(self.request.resource()),
            "context": self.request.context().and_then(|c| c.to_json_value().ok()),
        })
    }
}

/// The server of a tool: as recorded, else as its name says.
pub(crate) fn server_of<'a>(recorded: Option<&'a str>, tool: &'a str) -> Option<&'a str> {
    recorded.or_else(|| mcp_name(tool).map(|(server, _)| server))
}

/// Server and tool of `mcp__server__tool`, which is how agent runtimes write the tools of MCP servers.
fn mcp_name(tool: &str) -> Option<(&str, &str)> {
    tool.strip_prefix("mcp__")?.split_once("__")
}

/// The arguments; `None`, and a missing fact, where the recording does not hold them readably.
fn input(
    arguments: &Arguments,
    model: &RecordModel,
    missing: &mut Vec<MissingFact>,
    misfits: &mut Vec<String>,
) -> Option<Vec<(String, RestrictedExpression)>> {
    match arguments {
        Arguments::Object(object) => Some(convert::record(object, model, "context.input", misfits)),
        Arguments::Unreadable { why, .. } => {
            missing.push(MissingFact::attribute(format!(
                "the recording's arguments are unreadable: {why}"
            )));
            None
        }
    }
}

fn session(
    known: &BTreeMap<&'static str, RestrictedExpression>,
    model: &RecordModel,
    missing: &mut Vec<MissingFact>,
) -> Vec<(String, RestrictedExpression)> {
    let fields = model.attributes.iter().filter_map(|(name, AttributeModel { required, .. })| {
        let value = known.get(name.as_str());
        if value.is_none() && *required {
            missing.push(MissingFact::attribute(format!(
                "the recording holds no `context.session.{name}`"
            )));
        }
        value.map(|v| (name.clone(), v.clone()))
    });
    fields.collect()
}

fn text_at(arguments: &Arguments, pointer: &str) -> Option<String> {
    let Arguments::Object(arguments) = arguments else {
        return None;
    };
    match Value::Object(arguments.clone()).pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn record(fields: Vec<(String, RestrictedExpression)>) -> Result<RestrictedExpression, Unmapped> {
    RestrictedExpression::new_record(fields)
        .map_err(|e| Unmapped { message: e.to_string(), help: "check the schema".into() })
}

fn applicable(
    action: &ActionModel,
    principal: &EntityUid,
    resource: &EntityUid,
) -> Result<(), Unmapped> {
    let fits = |types: &[EntityTypeName], uid: &EntityUid| types.contains(uid.type_name());
    if fits(&action.principals, principal) && fits(&action.resources, resource) {
        return Ok(());
    }
    Err(Unmapped {
        message: format!(
            "the schema does not let a `{}` do `{}` on a `{}`",
            principal.type_name(),
            action.id,
            resource.type_name()
        ),
        help: format!(
            "extend `appliesTo` of action `{}`, or map the tool to another action in remit.toml",
            action.id
        ),
    })
}

fn actions_by_id(model: &SchemaModel) -> HashMap<&str, &ActionModel> {
    let mut actions: HashMap<&str, &ActionModel> = HashMap::new();
    let main = model.namespace.as_deref().unwrap_or_default();
    for action in model.actions.values() {
        let in_main = action.uid.type_name().namespace() == main;
        if in_main || !actions.contains_key(action.id.as_str()) {
            actions.insert(&action.id, action);
        }
    }
    actions
}

fn qualified(model: &SchemaModel, ty: &str) -> String {
    match model.namespace.as_deref() {
        Some(namespace) if !namespace.is_empty() => format!("{namespace}::{ty}"),
        Some(_) | None => ty.to_owned(),
    }
}

fn with_parent(mut entity: Value, parent: &EntityUid) -> Option<Entity> {
    let parents =
        entity.as_object_mut()?.entry("parents").or_insert_with(|| json!([])).as_array_mut()?;
    let id: &str = parent.id().as_ref();
    parents.push(json!({ "type": parent.type_name().to_string(), "id": id }));
    Entity::from_json_value(entity, None).ok()
}

//! Turns a tool call into an authorization request: who, does what, on what, under which circumstances.
//!
//! The shape is that of `cedar-policy-mcp-schema-generator`: the tool is the action, the server the
//! resource, the arguments are `context.input`, the facts `context.session`. What the mapping cannot
//! supply is said: an unmapped call is never judged, a missing fact and a misfit travel with the request.

mod memo;

use crate::convert::{self, Path};
use crate::facts::{SessionFacts, Wanted, facts_by_call};
use crate::misfit::{Fit, Misfit};
use crate::table::{Cells, Fields, Value as Cell};
use crate::{Absent, Lack};
use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request};
use memo::Memo;
use remit_policy::{
    ActionModel, AttributeModel, LoadedSchema, RecordModel, ResourceRule, SchemaModel, ToolRule,
    TypeModel, Workspace,
};
use remit_session::{Arguments, OriginIndex, Session, ToolCall};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

/// The end of the group's name that the schema generator puts read-only tools in.
const READ_ONLY_GROUP: &str = "Action::\"read_only\"";

/// Maps the tool calls of one workspace. What depends on names only is looked up once a name.
pub struct Mapper<'w> {
    workspace: &'w Workspace,
    schema: &'w LoadedSchema,
    /// By action id. Where several namespaces declare one, the schema's main namespace wins.
    actions: HashMap<&'w str, &'w ActionModel>,
    task_type: EntityTypeName,
    wanted: Wanted<'w>,
    principals: Memo<Participant>,
    /// The tools of calls without a server; and by server the others.
    tools: Arc<Tools<'w>>,
    tools_of_servers: Memo<Arc<Tools<'w>>>,
}

type Tools<'w> = Memo<Arc<Tool<'w>>>;

/// What becomes of the calls of one tool.
struct Tool<'w> {
    action: &'w ActionModel,
    uid: Arc<EntityUid>,
    read_only: bool,
    server: Participant,
    /// Where the arguments name the resource, instead of the server.
    resource: Option<&'w ResourceRule>,
}

/// A principal or a resource.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    pub(crate) uid: Arc<EntityUid>,
    /// That `entities.json` does not hold it.
    unknown: Option<MissingFact>,
}

/// A tool call as a request, in the form that a table takes.
#[derive(Debug)]
pub struct Mapped<'w> {
    pub(crate) principal: Arc<EntityUid>,
    pub(crate) action: &'w ActionModel,
    pub(crate) action_uid: Arc<EntityUid>,
    pub(crate) resource: Arc<EntityUid>,
    pub(crate) context: Fields<'w>,
    /// Facts that policies may ask for and nobody recorded.
    pub missing: Vec<MissingFact>,
    /// What of the call does not fit the schema.
    pub misfits: Vec<Misfit>,
}

/// A fact that policies may ask for and nobody recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingFact {
    /// How a policy that asks for it fails.
    pub absent: Absent,
    /// Which it is, for people.
    pub message: Arc<str>,
    /// Which it is, for counting.
    pub lack: Arc<Lack>,
}

/// Why a tool call could not be mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// What is missing, for counting.
    pub lack: Lack,
}

impl<'w> Mapper<'w> {
    /// For `workspace`. `None` without a usable schema, since then nothing can be mapped.
    pub fn new(workspace: &'w Workspace) -> Option<Self> {
        let schema = workspace.schema.as_ref()?;
        let task_type = qualified(&schema.model, "Task").parse().ok()?;
        Some(Mapper {
            workspace,
            schema,
            actions: actions_by_id(&schema.model),
            task_type,
            wanted: Wanted::new(&schema.model, &workspace.config.mapping),
            principals: Memo::default(),
            tools: Arc::default(),
            tools_of_servers: Memo::default(),
        })
    }

    /// The facts as of each tool call of `session`, in the order of [`Session::calls`].
    pub(crate) fn facts(&self, session: &Session) -> Vec<SessionFacts> {
        facts_by_call(session, Some(&self.wanted))
    }

    /// Where the values of a session's arguments come from.
    pub fn origins(&self, session: &Session) -> OriginIndex {
        self.wanted.origins(session)
    }

    /// The principal for a recorded agent: its workload identity where `remit.toml` gives one.
    pub(crate) fn principal(&self, agent: &str) -> Participant {
        let mapping = &self.workspace.config.mapping;
        let principal = || {
            let id = mapping.agent(agent).unwrap_or_else(|| agent.to_owned());
            Ok::<_, Infallible>(self.participant(&mapping.principal, &id))
        };
        let Ok(principal) = self.principals.get(agent, principal);
        principal
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
    pub(crate) fn map(
        &self,
        call: &ToolCall,
        principal: &Participant,
        facts: &SessionFacts,
    ) -> Result<Mapped<'w>, Unmapped> {
        let (tool, resource) = self.place(call, principal)?;
        let action = tool.action;
        let unknown = [&principal.unknown, &resource.unknown];
        let mut missing: Vec<MissingFact> = unknown.into_iter().flatten().cloned().collect();
        let mut misfits = Vec::new();
        let context = context(&tool, call, facts, &mut missing, &mut misfits);
        Ok(Mapped {
            principal: Arc::clone(&principal.uid),
            action,
            action_uid: Arc::clone(&tool.uid),
            resource: resource.uid,
            context,
            missing,
            misfits,
        })
    }

    /// Whether and how `call` fits the schema.
    pub(crate) fn fit(&self, call: &ToolCall, principal: &Participant) -> Fit<'w> {
        let tool = match self.place(call, principal) {
            Ok((tool, _)) => tool,
            Err(why) => {
                let named = self.workspace.config.mapping.tool(&call.tool).and_then(|m| m.action);
                let is_undeclared = named.is_none() && self.tool(call).is_err();
                return Fit::Unmapped { why, is_undeclared };
            }
        };
        let mut misfits = Vec::new();
        let declared = tool.action.context.attributes.get("input").map(|input| &input.ty);
        if let Some(TypeModel::Record(model)) = declared {
            input(&call.arguments, model, &mut Vec::new(), &mut misfits);
        }
        Fit::Mapped { action: tool.action, misfits }
    }

    /// What becomes of a call's tool, and on what it acts.
    fn place(
        &self,
        call: &ToolCall,
        principal: &Participant,
    ) -> Result<(Arc<Tool<'w>>, Participant), Unmapped> {
        let tool = self.tool(call)?;
        let resource = match tool.resource {
            Some(rule) => self.resource(rule, call)?,
            None => tool.server.clone(),
        };
        applicable(tool.action, &principal.uid, &resource.uid)?;
        Ok((tool, resource))
    }

    fn tool(&self, call: &ToolCall) -> Result<Arc<Tool<'w>>, Unmapped> {
        let Some(server) = &call.server else {
            return self.tools.get(&call.tool, || self.new_tool(None, &call.tool));
        };
        let of_server = || Ok::<_, Infallible>(Arc::default());
        let Ok(tools) = self.tools_of_servers.get(server, of_server);
        tools.get(&call.tool, || self.new_tool(Some(server), &call.tool))
    }

    fn new_tool(&self, recorded: Option<&str>, tool: &str) -> Result<Arc<Tool<'w>>, Unmapped> {
        let mapping = &self.workspace.config.mapping;
        let found = mapping.tool(tool);
        let rule: Option<&'w ToolRule> = found.as_ref().map(|m| m.rule);
        let server = rule
            .and_then(|r| r.server.as_deref())
            .or_else(|| server_of(recorded, tool))
            .unwrap_or(&mapping.server);
        let action = self.action(found.as_ref().and_then(|m| m.action.as_deref()), server, tool)?;
        Ok(Arc::new(Tool {
            action,
            uid: Arc::new(action.uid.clone()),
            read_only: is_read_only(action),
            server: self.participant(&mapping.resource, server),
            resource: rule.and_then(|r| r.resource.as_ref()),
        }))
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
            lack: Lack::Action(tool.to_owned()),
        })
    }

    /// What a rule takes from the arguments.
    fn resource(&self, rule: &ResourceRule, call: &ToolCall) -> Result<Participant, Unmapped> {
        let ResourceRule { entity_type, id_pointer } = rule;
        let id = text_at(&call.arguments, id_pointer).ok_or_else(|| Unmapped {
            message: format!("the arguments of `{}` hold no text at `{id_pointer}`, which names the resource", call.tool),
            help: "correct `resource_id` in the [[tool]] rule of remit.toml, or leave it out to use the server".into(),
            lack: Lack::Resource(call.tool.clone()),
        })?;
        Ok(self.participant(entity_type, &id))
    }

    /// What policies read from an entity that `entities.json` does not hold is not known.
    fn participant(&self, entity_type: &EntityTypeName, id: &str) -> Participant {
        let uid = EntityUid::from_type_name_and_id(entity_type.clone(), EntityId::new(id));
        let entities = &self.workspace.entities;
        let unknown = entities.entities.get(&uid).is_none().then(|| {
            let message = format!("`{uid}` is not in {}", entities.file);
            MissingFact::new(Absent::Entity, message, Lack::Entity(uid.to_string()))
        });
        Participant { uid: Arc::new(uid), unknown }
    }
}

impl MissingFact {
    /// A fact that the recording does not hold.
    fn recorded(path: &str) -> Self {
        let message = format!("the recording holds no `{path}`");
        MissingFact::attribute(message, Lack::fact(path))
    }

    pub(crate) fn new(absent: Absent, message: String, lack: Lack) -> Self {
        MissingFact { absent, message: message.into(), lack: Arc::new(lack) }
    }

    fn attribute(message: String, lack: Lack) -> Self {
        MissingFact::new(Absent::Attribute, message, lack)
    }
}

impl Mapped<'_> {
    /// What is done.
    pub fn action(&self) -> &ActionModel {
        self.action
    }

    /// What it is done on.
    pub fn resource(&self) -> &EntityUid {
        &self.resource
    }

    /// Whether the schema puts the action among those that only read.
    pub fn is_read_only(&self) -> bool {
        is_read_only(self.action)
    }

    /// The request, exactly as it is judged.
    ///
    /// # Errors
    /// [`Unmapped`] if Cedar does not take it.
    pub fn request(&self) -> Result<Request, Unmapped> {
        let refused = |message: String| Unmapped {
            message,
            help: "check the schema".into(),
            lack: Lack::Fit(self.action.id.clone()),
        };
        let pair = |(name, cells): &(Cow<'_, str>, Cells<'_>)| {
            let value = cells.to_cedar();
            let value = value.ok_or_else(|| refused(format!("`context.{name}` has no value")))?;
            Ok((name.to_string(), value))
        };
        let pairs: Vec<_> = self.context.iter().map(pair).collect::<Result<_, Unmapped>>()?;
        let context = Context::from_pairs(pairs).map_err(|e| refused(e.to_string()))?;
        let [principal, action, resource] =
            [&self.principal, &self.action_uid, &self.resource].map(|uid| EntityUid::clone(uid));
        Request::new(principal, action, resource, context, None).map_err(|e| refused(e.to_string()))
    }

    /// The request as JSON text for people: principal, action, resource and context.
    pub fn request_json(&self) -> Value {
        let context =
            self.request().ok().and_then(|request| request.context()?.to_json_value().ok());
        json!({
            "principal": self.principal.to_string(),
            "action": self.action_uid.to_string(),
            "resource": self.resource.to_string(),
            "context": context,
        })
    }
}

fn context<'w>(
    tool: &Tool<'w>,
    call: &ToolCall,
    facts: &SessionFacts,
    missing: &mut Vec<MissingFact>,
    misfits: &mut Vec<Misfit>,
) -> Fields<'w> {
    let attributes = &tool.action.context.attributes;
    let mut fields = Vec::with_capacity(attributes.len());
    for (name, attribute) in attributes {
        let value = match (name.as_str(), &attribute.ty) {
            ("input", TypeModel::Record(model)) => input(&call.arguments, model, missing, misfits),
            ("session", TypeModel::Record(model)) => Some(session(tool, facts, model, missing)),
            _ => None,
        };
        match value {
            Some(value) => fields.push((Cow::Borrowed(name.as_str()), Cells::Record(value))),
            None if attribute.required && name != "input" => {
                missing.push(MissingFact::recorded(&format!("context.{name}")))
            }
            None => {}
        }
    }
    fields
}

fn is_read_only(action: &ActionModel) -> bool {
    action.groups.iter().any(|group| group.ends_with(READ_ONLY_GROUP))
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
fn input<'w>(
    arguments: &Arguments,
    model: &'w RecordModel,
    missing: &mut Vec<MissingFact>,
    misfits: &mut Vec<Misfit>,
) -> Option<Fields<'w>> {
    match arguments {
        Arguments::Object(object) => Some(convert::record(object, model, &Path::Input, misfits)),
        Arguments::Unreadable { why, .. } => {
            let message = format!("the recording's arguments are unreadable: {why}");
            missing.push(MissingFact::attribute(message, Lack::Arguments));
            None
        }
    }
}

fn session<'w>(
    tool: &Tool<'_>,
    facts: &SessionFacts,
    model: &'w RecordModel,
    missing: &mut Vec<MissingFact>,
) -> Fields<'w> {
    let arguments = facts.arguments.as_ref();
    let fact = |name: &str| match name {
        "step" => Some(Cell::Long(facts.step)),
        "calls" => Some(Cell::Long(facts.calls)),
        "toolsUsed" => Some(facts.tools_used()),
        "readOnly" => Some(Cell::Bool(tool.read_only)),
        "fromUser" => arguments.map(|a| a.from_user.clone()),
        "fromTrusted" => arguments.map(|a| a.from_trusted.clone()),
        "fromUntrusted" => arguments.map(|a| a.from_untrusted.clone()),
        "unseen" => arguments.map(|a| a.unseen.clone()),
        "foreignTokens" => arguments.and_then(|a| a.foreign_tokens.clone()),
        "foreignAddresses" => arguments.and_then(|a| a.foreign_addresses.clone()),
        "untrustedSeen" => facts.read.as_ref().map(|read| Cell::Bool(read.untrusted)),
        "labels" => facts.read.as_ref().map(|read| read.labels.clone()),
        "elapsed" => facts.elapsed.map(Cell::Long),
        _ => None,
    };
    let fields = model.attributes.iter().filter_map(|(name, AttributeModel { required, .. })| {
        let value = fact(name);
        if value.is_none() && *required {
            missing.push(MissingFact::recorded(&format!("context.session.{name}")));
        }
        Some((Cow::Borrowed(name.as_str()), Cells::Value(value?)))
    });
    fields.collect()
}

fn text_at(arguments: &Arguments, pointer: &str) -> Option<String> {
    let Arguments::Object(arguments) = arguments else {
        return None;
    };
    match at_pointer(arguments, pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a JSON pointer leads to. The one to the whole leads to no text.
fn at_pointer<'v>(object: &'v Map<String, Value>, pointer: &str) -> Option<&'v Value> {
    let path = pointer.strip_prefix('/')?;
    let (name, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    object.get(&name.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
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
        lack: Lack::Fit(action.id.clone()),
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

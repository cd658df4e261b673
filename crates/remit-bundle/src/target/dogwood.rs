//! A store of Dogwood: policies with their conditions over history, action schema, event schema.
//!
//! Whoever runs `dogwood-local-engine` submits what happens as events; the vectors are such events, with
//! what Dogwood's own interpreter decides at the last one.

use std::collections::BTreeSet;

use cedar_policy::PolicySet;
use dogwood_language::{
    Authorizer, Decision, Event as Dogwood, InMemoryTemporalEngine, LoweredPolicySet,
    ParsedPolicySet, PolicySchema, ServiceSchema, TemporalEngine, TemporalField, parse_trace,
};
use remit_policy::temporal::LEAF_PREFIX;
use remit_policy::{History, HistoryOf, Language, LoadedSchema, Workspace};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ExportError;
use super::cedar::{Plain, entities, plain};
use super::derive::{Ground, Head};
use super::fidelity::{Ability, Fact, Fate, Level, StatementFidelity, StoreFidelity};
use super::past::{Asking, mentioned, with_derived};
use super::store::{Statement, Store, policy_of, text_of};
use super::tools::Tools;
use super::trace::{Event, Names};
use super::vectors::{Decided, Side, Uncovered, answer};
use super::write::Files;

/// So many actions of a policy over history get vectors of their own.
const MOST_ACTIONS: usize = 3;

/// The vectors of a store over history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceVectors {
    /// Of this format.
    pub version: u32,
    /// Whose policies decide.
    pub store: String,
    /// What confirmed them.
    pub engine: String,
    /// The ids of the policies, in the order of the file.
    pub policies: Vec<String>,
    /// In the order of the policies.
    pub vectors: Vec<TraceVector>,
    /// What no events were found for.
    pub uncovered: Vec<Uncovered>,
}

/// What happened, and what is decided about the last of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TraceVector {
    /// Unique in its store.
    pub name: String,
    /// The policy that it is about.
    pub policy: String,
    /// Whether the policy's condition holds.
    pub side: Side,
    /// Events as Dogwood's logs write them; the last one is the request that is decided.
    pub log: Vec<String>,
    /// What all policies together decide.
    pub decision: Decided,
    /// The determining policies, sorted.
    pub reasons: Vec<String>,
}

/// What the policies of a store are to Dogwood.
struct Set {
    ids: Vec<String>,
    text: String,
    service: ServiceSchema,
    schema: PolicySchema,
    names: Names,
}

impl Set {
    fn of(store: &Store, history: &History) -> Result<Self, ExportError> {
        let refused = |message: String| ExportError::Schema { message };
        let schema = history.action_schema().map_err(|error| refused(error.to_string()))?;
        let service = ServiceSchema::builder().event_schema_str(&history.event_schema).build();
        Ok(Set {
            ids: store.statements.iter().map(|statement| statement.id.clone()).collect(),
            text: text(store)?,
            service: service.map_err(|error| refused(error.to_string()))?,
            schema: PolicySchema::from_cedarschema_str(&schema)
                .map_err(|error| refused(error.to_string()))?,
            names: match history.of {
                HistoryOf::AgentCore => {
                    Names { principal: "eventPrincipal", resource: "eventResource" }
                }
                HistoryOf::Session | HistoryOf::Principal | HistoryOf::Unpinned => {
                    Names { principal: "callerPrincipal", resource: "callerResource" }
                }
            },
        })
    }

    fn lowered(&self) -> Result<LoweredPolicySet, String> {
        let parsed = ParsedPolicySet::parse(&self.text, &self.service);
        let parsed = parsed.map_err(|error| error.to_string())?;
        parsed.lower(&self.schema).map_err(|error| error.to_string())
    }

    /// What Dogwood's interpreter decides about the last event. It remembers what it saw before, so that
    /// only policies that do not ask for it can share an authorizer.
    fn decide(
        &self,
        authorizer: &mut Authorizer,
        log: &[String],
    ) -> Result<(Decided, Vec<String>), String> {
        let events = parse_trace(&log.join("\n")).map_err(|error| error.to_string())?;
        let mut last = None;
        for event in &events {
            last = authorizer.is_authorized(event);
        }
        let last = last.ok_or("the last event is no request")?;
        let reason = last.diagnostics().reason();
        let mut reasons: Vec<String> =
            reason.filter_map(|rule| self.ids.get(rule.rule_index).cloned()).collect();
        reasons.sort();
        let decision = match last.decision() {
            Decision::Allow => Decided::Allow,
            Decision::Deny => Decided::Deny,
        };
        Ok((decision, reasons))
    }
}

/// All policies in one file: macros first, each once.
fn text(store: &Store) -> Result<String, ExportError> {
    let mut macros: Vec<&str> = Vec::new();
    let mut policies = String::new();
    for statement in &store.statements {
        for definition in statement.macros.split_inclusive(";\n").map(str::trim) {
            if definition.is_empty() || macros.contains(&definition) {
                continue;
            }
            let name = |text: &str| {
                text.split_whitespace().nth(2).map(|n| n.split('(').next().unwrap_or(n).to_owned())
            };
            if macros.iter().any(|known| name(known) == name(definition)) {
                let message =
                    format!("two macros are called `{}`", name(definition).unwrap_or_default());
                return Err(ExportError::Schema { message });
            }
            macros.push(definition);
        }
        policies += &format!("{}\n\n", policy_text(statement));
    }
    let macros: String = macros.iter().map(|text| format!("{text}\n\n")).collect();
    Ok(macros + policies.as_str())
}

fn policy_text(statement: &Statement) -> String {
    let cedar = || text_of(&statement.body).map(|text| text.trim_end().to_owned());
    match statement.language {
        Language::Cedar => cedar().unwrap_or_else(|| statement.source.clone()),
        Language::Dogwood if statement.has_own_id => statement.source.clone(),
        Language::Dogwood => format!("@id({:?})\n{}", statement.id, statement.source),
    }
}

/// Finds pasts for the policies of a store.
struct Search<'a> {
    history: &'a History,
    ground: Ground<'a>,
    schema: &'a LoadedSchema,
    set: Set,
    /// For policies of which none asks for history.
    forgetful: Option<Authorizer>,
    found: Vec<TraceVector>,
    uncovered: Vec<Uncovered>,
}

/// Writes a store, and says what became of the policies.
pub(crate) fn store(
    workspace: &Workspace,
    store: &Store,
    files: &mut Files,
) -> Result<StoreFidelity, ExportError> {
    let history = workspace.history.as_deref().ok_or(ExportError::NoSchema)?;
    let internal =
        |message: String| ExportError::Internal { store: store.name.to_string(), message };
    let plain = plain(workspace, store)?;
    let schema = workspace.schema.as_deref().ok_or(ExportError::NoSchema)?;
    let bodies: Vec<Statement> = store.statements.clone();
    let tools = Tools::of(workspace).ok_or(ExportError::NoSchema)?;
    let ground =
        Ground::new(&bodies, &plain.schema, &entities(workspace)?, &tools).map_err(internal)?;
    let set = Set::of(store, history)?;
    let asks = store.statements.iter().any(|statement| !statement.leaves.is_empty());
    let forgetful = match asks {
        true => None,
        false => Some(Authorizer::new(set.lowered().map_err(internal)?)),
    };
    let mut search = Search {
        history,
        ground,
        schema,
        set,
        forgetful,
        found: Vec::new(),
        uncovered: Vec::new(),
    };
    for statement in &store.statements {
        search.statement(statement, &plain).map_err(internal)?;
    }
    let Search { set, found, uncovered, .. } = search;
    let vectors = TraceVectors {
        version: 1,
        store: store.name.to_string(),
        engine: "dogwood-language 1.1, its interpreter".to_owned(),
        policies: set.ids,
        vectors: found,
        uncovered,
    };
    let folder = &store.folder;
    files.text(&format!("{folder}/policies.dw"), set.text);
    let action_schema = history.action_schema();
    let action_schema =
        action_schema.map_err(|e| ExportError::Schema { message: e.to_string() })?;
    files.text(&format!("{folder}/schema.cedarschema"), action_schema);
    files.text(&format!("{folder}/events.dwschema"), history.event_schema.clone());
    files.json(&format!("{folder}/entities.json"), &json!(entities(workspace)?));
    files.json(&format!("{folder}/vectors.json"), &json!(vectors));
    Ok(fidelity(store, &vectors))
}

fn fidelity(store: &Store, vectors: &TraceVectors) -> StoreFidelity {
    let exact = |statement: &Statement| StatementFidelity {
        policy: statement.id.clone(),
        fate: Fate::Exact,
        notes: Vec::new(),
    };
    let sides = |id: &str| {
        let of = vectors.vectors.iter().filter(|vector| vector.policy == id);
        of.map(|vector| vector.side).collect::<BTreeSet<Side>>().len()
    };
    StoreFidelity {
        store: store.name.to_string(),
        folder: store.folder.clone(),
        statements: store.statements.iter().map(exact).collect(),
        vectors: vectors.vectors.len(),
        covered: store.statements.iter().filter(|statement| sides(&statement.id) == 2).count(),
        uncovered: vectors.uncovered.clone(),
        narrower: Vec::new(),
    }
}

impl Search<'_> {
    fn statement(&mut self, statement: &Statement, plain: &Plain) -> Result<(), String> {
        let before = self.found.len();
        if statement.leaves.is_empty() {
            self.without_past(statement, plain)?;
        } else {
            self.with_past(statement)?;
        }
        let found = self.found.get(before..).unwrap_or_default();
        for side in [Side::Satisfied, Side::Unsatisfied] {
            if !found.iter().any(|vector| vector.side == side) {
                let why = "no short past was found that makes it so".to_owned();
                self.uncovered.push(Uncovered { policy: statement.id.clone(), side, why });
            }
        }
        Ok(())
    }

    /// The plain vectors of a policy, as sessions in which nothing happened before.
    fn without_past(&mut self, statement: &Statement, plain: &Plain) -> Result<(), String> {
        for vector in plain.vectors.vectors.iter().filter(|v| v.policy == statement.id) {
            let asked = &vector.request;
            let uids =
                (asked.principal.to_cedar(), asked.resource.to_cedar(), asked.action.to_cedar());
            let (Some(principal), Some(resource), Some(action)) = uids else { continue };
            let mut context = asked.context.clone();
            if let Some(members) = context.as_object_mut() {
                members.retain(|name, _| !name.starts_with(LEAF_PREFIX));
            }
            let action = self.schema.model.actions.get(&action.to_string());
            let Some(action) = action else { continue };
            let asking =
                Asking { action, principal: &principal, resource: &resource, context: &context };
            let request = self.request(&asking);
            self.add(statement, vector.side, vec![request])?;
        }
        Ok(())
    }

    /// Pasts that satisfy a policy, and that do not.
    fn with_past(&mut self, statement: &Statement) -> Result<(), String> {
        let alone = policy_of(&statement.body).and_then(|p| PolicySet::from_policies([p]).ok());
        let alone = alone.ok_or("the policy cannot stand alone")?;
        let heads: Vec<Head<'_>> = self.ground.one_an_action(&statement.body);
        let mut found: Vec<(Side, Vec<Event>)> = Vec::new();
        for head in heads.iter().take(MOST_ACTIONS) {
            let mentioned = mentioned(&statement.leaves);
            let mut sides = BTreeSet::new();
            for values in mentioned.contexts(head.action) {
                let context = self.ground.context(&self.schema.model, head, &values);
                let Some(context) = context else { continue };
                let Some(action) = self.schema.model.actions.get(&head.action.uid.to_string())
                else {
                    continue;
                };
                let asking = Asking {
                    action,
                    principal: &head.principal,
                    resource: &head.resource,
                    context: &context,
                };
                for mut past in mentioned.pasts(&asking, &self.schema.model) {
                    past.push(self.request(&asking));
                    let side = match self.holds(statement, &alone, head, &context, &past) {
                        Some(true) => Side::Satisfied,
                        Some(false) => Side::Unsatisfied,
                        None => continue,
                    };
                    let is_new = sides.insert(side);
                    if is_new
                        || (past.len() > 1 && found.iter().filter(|(s, _)| *s == side).count() < 3)
                    {
                        found.push((side, past));
                    }
                }
            }
        }
        for (side, events) in found {
            self.add(statement, side, events)?;
        }
        Ok(())
    }

    fn request(&self, asking: &Asking<'_>) -> Event {
        let input = asking.context.get("input").cloned().unwrap_or_else(|| json!({}));
        let actor = asking.principal.id().unescaped();
        Event {
            ago: 0,
            action: asking.action.uid.to_string(),
            kind: "request".to_owned(),
            principal: asking.principal.clone(),
            resource: asking.resource.clone(),
            fields: match self.history.of {
                HistoryOf::AgentCore => json!({ "input": input }),
                HistoryOf::Session | HistoryOf::Principal | HistoryOf::Unpinned => {
                    json!({ "input": input, "derived": { "actor": actor } })
                }
            },
            request: "asked-now".to_owned(),
            context: Some(with_derived(asking.context.clone(), asking)),
        }
    }

    fn log(&self, events: &[Event]) -> Option<Vec<String>> {
        let line = |event: &Event| event.line(self.set.names, &self.ground.entities);
        events.iter().map(line).collect()
    }

    /// Whether a policy holds at the last event: its conditions over history by Dogwood's interpreter,
    /// the rest by Cedar.
    fn holds(
        &self,
        statement: &Statement,
        alone: &PolicySet,
        head: &Head<'_>,
        context: &Value,
        events: &[Event],
    ) -> Option<bool> {
        let log = self.log(events)?.join("\n");
        let events = parse_trace(&log).ok()?;
        let mut context = context.clone();
        for leaf in &statement.leaves {
            let holds = self.leaf_holds(&leaf.field, &events)?;
            context.as_object_mut()?.insert(leaf.name.clone(), json!(holds));
        }
        let request = super::vectors::AskedRequest {
            principal: (&head.principal).into(),
            action: (&head.action.uid).into(),
            resource: (&head.resource).into(),
            context,
        };
        let answer = answer(&request.to_cedar(None)?, alone, &self.ground.entities);
        answer.errors.is_empty().then_some(!answer.reasons.is_empty())
    }

    fn leaf_holds(&self, field: &TemporalField, events: &[Dogwood]) -> Option<bool> {
        let mut engine = InMemoryTemporalEngine::new();
        engine.set_partition_keys(self.history.partition_keys().ok()?);
        let schema = &self.schema.schema;
        let signatures = self.history.signatures().ok()?;
        engine.prepare(std::slice::from_ref(field), schema, signatures).ok()?;
        for event in events {
            engine.observe(event);
        }
        engine.evaluate().ok()?.values().next().copied()
    }

    /// Adds a vector, with what all policies decide.
    fn add(&mut self, statement: &Statement, side: Side, events: Vec<Event>) -> Result<(), String> {
        let Some(log) = self.log(&events) else { return Ok(()) };
        if self.found.iter().any(|known| known.policy == statement.id && known.log == log) {
            return Ok(());
        }
        let (decision, reasons) = match &mut self.forgetful {
            Some(authorizer) => self.set.decide(authorizer, &log)?,
            None => self.set.decide(&mut Authorizer::new(self.set.lowered()?), &log)?,
        };
        let word = match side {
            Side::Satisfied => "satisfied",
            Side::Unsatisfied => "unsatisfied",
        };
        let of_side = self.found.iter().filter(|v| v.policy == statement.id && v.side == side);
        self.found.push(TraceVector {
            name: format!("{}/{word}/{}", statement.id, of_side.count() + 1),
            policy: statement.id.clone(),
            side,
            log,
            decision,
            reasons,
        });
        Ok(())
    }
}

/// What it can enforce.
pub(crate) fn abilities() -> Vec<Ability> {
    super::abilities(&[
        ("tool calls", Level::Full, "whoever runs the engine submits each call as a request"),
        ("arguments", Level::Partly, "no times and addresses: its values do not know them"),
        ("identity and groups", Level::Full, "entities come with each request"),
        ("what the session did", Level::Partly, "whoever submits fills `context.session`"),
        (
            "conditions over history",
            Level::Full,
            "worked out by the engine, from what is submitted",
        ),
        ("task scopes", Level::Partly, "a store for each; whoever asks chooses, and asks both"),
    ])
}

/// Which facts it has.
pub(crate) fn facts() -> Vec<Fact> {
    super::facts(&[
        ("context.input", Level::Full, "in the request and in its event"),
        ("context.session", Level::Partly, "in the request, if whoever submits keeps count"),
        ("events", Level::Full, "what was submitted; results and errors must be submitted too"),
        ("derived", Level::Partly, "whoever submits works out `derived.*` as `remit` documents it"),
    ])
}

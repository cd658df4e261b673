//! Plain Cedar, and Amazon Verified Permissions: the same policies with schema and entities.
//!
//! Conditions over history are Booleans of the context there, and whoever asks has to know them. Where
//! one is not given, a `permit` that needs it does not permit, and a `forbid` that needs it forbids.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::pst::{BinaryOp, Clause, Effect, Expr, Template, UnaryOp, Var};
use cedar_policy::{PolicySet, SchemaFragment};
use remit_policy::temporal::LEAF_PREFIX;
use remit_policy::{LoadedSchema, Workspace};
use serde_json::{Map, Value, json};

use super::derive::derive;
use super::fidelity::{Ability, Fact, Fate, Level, StatementFidelity, StoreFidelity};
use super::store::{Statement, Store, plain_name, policy_of, text_of};
use super::tools::Tools;
use super::vectors::Vectors;
use super::weaken::{joined, rebuild};
use super::write::Files;
use super::{ExportError, schema_of};

/// The longest statement that Amazon Verified Permissions takes.
const LONGEST_STATEMENT: usize = 10_000;

/// The policies of a store with every condition over history guarded, and what that changed.
fn guarded(statements: &[Statement]) -> Vec<(Statement, StatementFidelity)> {
    let guarded = statements.iter().map(|statement| {
        let mut fidelity = StatementFidelity {
            policy: statement.id.clone(),
            fate: Fate::Exact,
            notes: Vec::new(),
        };
        if statement.leaves.is_empty() {
            return (statement.clone(), fidelity);
        }
        fidelity.fate = Fate::Degraded;
        fidelity.notes = statement
            .leaves
            .iter()
            .map(|leaf| {
                let said: Vec<&str> = leaf.text.split_whitespace().collect();
                format!(
                    "whoever asks must say whether `context[\"{}\"]`: {}",
                    leaf.name,
                    said.join(" ")
                )
            })
            .collect();
        let body = guard(&statement.body).unwrap_or_else(|| statement.body.clone());
        (Statement { body, ..statement.clone() }, fidelity)
    });
    guarded.collect()
}

/// Asks for each Boolean of history whether it is there. Where it is not, the policy errs toward deny.
fn guard(body: &Template) -> Option<Template> {
    let forbids = body.effect == Effect::Forbid;
    let clauses = body.clauses().iter().map(|clause| match clause {
        Clause::When(expr) => Clause::When(Arc::new(guard_part(expr, forbids))),
        Clause::Unless(expr) => Clause::Unless(Arc::new(guard_part(expr, !forbids))),
    });
    body.clone().try_with_clauses(clauses.collect::<Vec<_>>()).ok()
}

/// `absent`: what the condition is where a Boolean is not there.
fn guard_part(expr: &Expr, absent: bool) -> Expr {
    let again = |part: &Arc<Expr>| guard_part(part, absent);
    match expr {
        Expr::UnaryOp { op: UnaryOp::Not, expr } => super::weaken::not(guard_part(expr, !absent)),
        Expr::BinaryOp { op: op @ (BinaryOp::And | BinaryOp::Or), left, right } => {
            joined(*op, again(left), again(right))
        }
        Expr::IfThenElse { cond, then_expr, else_expr } if leaves_in(cond).is_empty() => {
            Expr::IfThenElse {
                cond: Arc::clone(cond),
                then_expr: Arc::new(again(then_expr)),
                else_expr: Arc::new(again(else_expr)),
            }
        }
        other => leaves_in(other).into_iter().fold(other.clone(), |expr, has| match absent {
            false => joined(BinaryOp::And, has, expr),
            // Validators, also old ones, learn from the test of an `if` what is there.
            true => Expr::IfThenElse {
                cond: Arc::new(has),
                then_expr: Arc::new(expr),
                else_expr: Arc::new(super::weaken::boolean(true)),
            },
        }),
    }
}

/// `context has "history:…"` for each condition over history in an expression.
fn leaves_in(expr: &Expr) -> Vec<Expr> {
    let found = RefCell::new(Vec::new());
    let look = |part: &Expr| {
        if let Expr::GetAttr { expr: of, attr } = part
            && is_leaf(of, attr)
        {
            let only = (attr.clone(), Vec::new());
            let has = Expr::HasAttr { expr: Arc::clone(of), attrs: only.into() };
            found.borrow_mut().push(has);
        }
        None
    };
    drop(rebuild(expr, &look));
    found.into_inner()
}

fn is_leaf(of: &Expr, name: &str) -> bool {
    *of == Expr::Var(Var::Context) && name.starts_with(LEAF_PREFIX)
}

/// The schema with the Booleans of history that policies ask for, on the actions that they ask at.
fn with_leaves(
    workspace: &Workspace,
    statements: &[Statement],
) -> Result<LoadedSchema, ExportError> {
    let schema = workspace.schema.as_deref().ok_or(ExportError::NoSchema)?;
    let leaves: Vec<_> = statements.iter().flat_map(|s| &s.leaves).collect();
    if leaves.is_empty() {
        return Ok(schema.clone());
    }
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for leaf in leaves {
        for action in &leaf.field.target_actions {
            let namespace = action.namespace.as_ref().map(|name| format!("{name}::"));
            let uid = format!("{}Action::{:?}", namespace.unwrap_or_default(), action.id);
            wanted.entry(uid).or_default().push(leaf.name.clone());
        }
    }
    let text = remit_policy::schema_with_booleans(&schema.text, &|action| {
        wanted.get(action).cloned().unwrap_or_default()
    });
    let text = text.map_err(|message| ExportError::Schema { message })?;
    LoadedSchema::parse(&text).map_err(|findings| ExportError::Schema {
        message: findings.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join("; "),
    })
}

/// What plain Cedar is made of, for one store.
pub(crate) struct Plain {
    pub(crate) statements: Vec<(Statement, StatementFidelity)>,
    pub(crate) schema: LoadedSchema,
    pub(crate) vectors: Vectors,
}

/// The policies of a store as plain Cedar, with vectors.
pub(crate) fn plain(workspace: &Workspace, store: &Store) -> Result<Plain, ExportError> {
    let statements = guarded(&store.statements);
    let schema = with_leaves(workspace, &store.statements)?;
    let bodies: Vec<Statement> = statements.iter().map(|(s, _)| s.clone()).collect();
    let internal =
        |message: String| ExportError::Internal { store: store.name.to_string(), message };
    let tools = Tools::of(workspace).ok_or(ExportError::NoSchema)?;
    let name = store.name.to_string();
    let vectors = derive(&name, &bodies, &schema, &entities(workspace)?, &tools);
    let vectors = vectors.map_err(internal)?;
    Ok(Plain { statements, schema, vectors })
}

/// The entities as the workspace writes them.
pub(crate) fn entities(workspace: &Workspace) -> Result<Vec<Value>, ExportError> {
    let text = workspace.entities.text.trim();
    let text = if text.is_empty() { "[]" } else { text };
    serde_json::from_str(text).map_err(|error| ExportError::Schema { message: error.to_string() })
}

impl Plain {
    /// What became of the policies.
    pub(crate) fn fidelity(&self, store: &Store) -> StoreFidelity {
        StoreFidelity {
            store: store.name.to_string(),
            folder: store.folder.clone(),
            statements: self.statements.iter().map(|(_, fidelity)| fidelity.clone()).collect(),
            vectors: self.vectors.vectors.len(),
            covered: self.vectors.covered().0,
            uncovered: self.vectors.uncovered.clone(),
            narrower: Vec::new(),
        }
    }

    /// All policies with their names.
    fn texts(&self, store: &Store) -> Result<Vec<(&Statement, String)>, ExportError> {
        let text = |(statement, _): &'_ (Statement, StatementFidelity)| text_of(&statement.body);
        let all = self.statements.iter().map(|pair| {
            let internal = || ExportError::Internal {
                store: store.name.to_string(),
                message: format!("`{}` has no text", pair.0.id),
            };
            Ok((&pair.0, text(pair).ok_or_else(internal)?))
        });
        all.collect()
    }
}

/// Writes a store as Cedar: text, JSON format, schema, entities, vectors.
pub(crate) fn store(
    workspace: &Workspace,
    store: &Store,
    files: &mut Files,
) -> Result<StoreFidelity, ExportError> {
    let plain = plain(workspace, store)?;
    let internal =
        |message: String| ExportError::Internal { store: store.name.to_string(), message };
    let folder = &store.folder;
    let text: Vec<String> = plain.texts(store)?.into_iter().map(|(_, text)| text).collect();
    files.text(&format!("{folder}/policies.cedar"), text.join("\n"));
    let policies = plain.statements.iter().filter_map(|(s, _)| policy_of(&s.body));
    let set = PolicySet::from_policies(policies).map_err(|error| internal(error.to_string()))?;
    files.json(&format!("{folder}/policies.json"), &policies_json(set).map_err(internal)?);
    files.text(&format!("{folder}/schema.cedarschema"), plain.schema.text.clone());
    files.json(&format!("{folder}/schema.json"), &schema_json(&plain.schema.text)?);
    files.json(&format!("{folder}/entities.json"), &json!(entities(workspace)?));
    files.json(&format!("{folder}/vectors.json"), &json!(plain.vectors));
    Ok(plain.fidelity(store))
}

/// The same members in the order of their names: what comes out of a hash map has none.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> =
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn schema_json(text: &str) -> Result<Value, ExportError> {
    let refused = |message: String| ExportError::Schema { message };
    let (fragment, _) =
        SchemaFragment::from_cedarschema_str(text).map_err(|e| refused(e.to_string()))?;
    Ok(sorted(fragment.to_json_value().map_err(|e| refused(e.to_string()))?))
}

/// Writes a store as requests to Amazon Verified Permissions.
pub(crate) fn verified_permissions(
    workspace: &Workspace,
    store: &Store,
    files: &mut Files,
) -> Result<StoreFidelity, ExportError> {
    let plain = plain(workspace, store)?;
    let mut fidelity = plain.fidelity(store);
    let namespace = Namespace::of(workspace, &plain.schema)?;
    let folder = &store.folder;
    let schema = namespace.schema(&plain.schema)?;
    let definition = json!({ "cedarJson": schema.to_string() });
    let put = json!({ "policyStoreId": "POLICY_STORE_ID", "definition": definition });
    files.json(&format!("{folder}/put-schema.json"), &put);
    let mut names = BTreeSet::new();
    let mut kept = Vec::new();
    let mut policies = Vec::new();
    for ((statement, _), said) in plain.statements.iter().zip(&mut fidelity.statements) {
        let body = namespace.body(&statement.body)?;
        let text = text_of(&body).unwrap_or_default();
        if text.is_empty() || text.len() > LONGEST_STATEMENT {
            said.fate = Fate::Refused;
            said.notes
                .push(format!("{} bytes, and at most {LONGEST_STATEMENT} are taken", text.len()));
            continue;
        }
        let about: String =
            statement.why.as_ref().unwrap_or(&statement.id).chars().take(150).collect();
        let request = json!({
            "policyStoreId": "POLICY_STORE_ID",
            "definition": { "static": { "description": about, "statement": text } },
        });
        let name = plain_name(&statement.id, &mut names);
        files.json(&format!("{folder}/create-policy/{name}.json"), &request);
        policies.extend(policy_of(&body));
        kept.push(statement.clone());
    }
    refuse_lost_forbids(store, &plain, &fidelity)?;
    let internal =
        |message: String| ExportError::Internal { store: store.name.to_string(), message };
    let vectors = match kept.len() == plain.statements.len() {
        true => plain.vectors,
        false => {
            let tools = Tools::of(workspace).ok_or(ExportError::NoSchema)?;
            let name = store.name.to_string();
            derive(&name, &kept, &plain.schema, &entities(workspace)?, &tools).map_err(internal)?
        }
    };
    let vectors = namespace.vectors(&vectors);
    let set = PolicySet::from_policies(policies).map_err(|error| internal(error.to_string()))?;
    if let Some(wrong) = vectors.disagreeing(&set).map_err(internal)?.first() {
        return Err(internal(format!("`{}` is decided otherwise under other names", wrong.name)));
    }
    files.json(&format!("{folder}/policies.json"), &policies_json(set).map_err(internal)?);
    files.json(&format!("{folder}/is-authorized.json"), &namespace.requests(&vectors));
    files.json(&format!("{folder}/vectors.json"), &json!(vectors));
    Ok(fidelity)
}

/// Cedar's JSON format of policies, in an order that does not depend on hashes.
pub(crate) fn policies_json(set: PolicySet) -> Result<Value, String> {
    Ok(sorted(set.to_json().map_err(|error| error.to_string())?))
}

/// A `forbid` that is left out allows what was denied: then there is no export at all.
fn refuse_lost_forbids(
    store: &Store,
    plain: &Plain,
    fidelity: &StoreFidelity,
) -> Result<(), ExportError> {
    let refused = fidelity.statements.iter().filter(|said| said.fate == Fate::Refused);
    let forbids = |id: &str| {
        plain.statements.iter().any(|(s, _)| s.id == id && s.body.effect == Effect::Forbid)
    };
    let lost: Vec<String> =
        refused.filter(|s| forbids(&s.policy)).map(|s| s.policy.clone()).collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(ExportError::LostForbids { store: store.name.to_string(), policies: lost.join("`, `") })
}

/// The one namespace that a policy store must have.
struct Namespace {
    /// What to put before names that have none. Empty if they all have one.
    added: String,
}

impl Namespace {
    fn of(workspace: &Workspace, schema: &LoadedSchema) -> Result<Self, ExportError> {
        let json = schema_json(&schema.text)?;
        let names: Vec<&String> =
            json.as_object().into_iter().flatten().map(|(name, _)| name).collect();
        match names.as_slice() {
            [one] if one.is_empty() => Ok(Namespace { added: pascal(&workspace.config.name) }),
            [_] => Ok(Namespace { added: String::new() }),
            _ => Err(ExportError::Namespaces { count: names.len() }),
        }
    }

    fn name(&self, ty: &str) -> String {
        if self.added.is_empty() { ty.to_owned() } else { format!("{}::{ty}", self.added) }
    }

    fn schema(&self, schema: &LoadedSchema) -> Result<Value, ExportError> {
        let mut json = without_annotations(schema_json(&schema.text)?);
        if let Some(members) = json.as_object_mut().filter(|_| !self.added.is_empty()) {
            let body = members.remove("").unwrap_or_else(|| json!({}));
            members.insert(self.added.clone(), body);
        }
        schema_of(&json)?;
        Ok(json)
    }

    fn body(&self, body: &Template) -> Result<Template, ExportError> {
        if self.added.is_empty() {
            return Ok(body.clone());
        }
        super::rename::types(body, &|ty| self.name(ty)).ok_or_else(|| ExportError::Schema {
            message: format!("`{}` cannot be renamed", body.id),
        })
    }

    fn vectors(&self, vectors: &Vectors) -> Vectors {
        let mut vectors = vectors.clone();
        for vector in &mut vectors.vectors {
            let asked = &mut vector.request;
            for uid in [&mut asked.principal, &mut asked.action, &mut asked.resource] {
                uid.ty = self.name(&uid.ty);
            }
            super::rename::uids(&mut asked.context, &|ty| self.name(ty));
        }
        for entity in &mut vectors.entities {
            super::rename::entity(entity, &|ty| self.name(ty));
        }
        vectors
    }

    /// The vectors as bodies of `IsAuthorized`.
    fn requests(&self, vectors: &Vectors) -> Value {
        // Action groups come from the schema there.
        let is_action = |entity: &Value| {
            let ty = entity.pointer("/uid/type").and_then(Value::as_str);
            ty.is_some_and(|ty| ty == "Action" || ty.ends_with("::Action"))
        };
        let entities: Vec<&Value> = vectors.entities.iter().filter(|e| !is_action(e)).collect();
        let entities = json!({ "cedarJson": json!(entities).to_string() });
        let request = |vector: &super::vectors::Vector| {
            let asked = &vector.request;
            let uid =
                |uid: &super::vectors::Uid| json!({ "entityType": uid.ty, "entityId": uid.id });
            let action = json!({ "actionType": asked.action.ty, "actionId": asked.action.id });
            let asked = json!({
                "policyStoreId": "POLICY_STORE_ID",
                "principal": uid(&asked.principal),
                "action": action,
                "resource": uid(&asked.resource),
                "context": { "cedarJson": asked.context.to_string() },
            });
            json!({ "name": vector.name, "request": asked, "decision": vector.decision })
        };
        let vectors: Vec<Value> = vectors.vectors.iter().map(request).collect();
        json!({ "entities": entities, "vectors": vectors })
    }
}

/// `payments-desk` as `PaymentsDesk`.
fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let upper = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    let joined: String = words.map(upper).collect();
    let is_name = joined.starts_with(|c: char| c.is_ascii_alphabetic());
    // Names that the service keeps for itself.
    let is_kept = ["aws", "amazon", "cedar"].contains(&joined.to_ascii_lowercase().as_str());
    if is_name && !is_kept { joined } else { format!("Remit{joined}") }
}

/// The service takes no annotations in a schema.
fn without_annotations(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(name, value)| {
                name != "annotations" || !value.as_object().is_some_and(only_texts)
            });
            Value::Object(kept.map(|(name, value)| (name, without_annotations(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_annotations).collect()),
        other => other,
    }
}

fn only_texts(members: &Map<String, Value>) -> bool {
    members.values().all(|value| value.is_string() || value.is_null())
}

/// What whoever runs Cedar can enforce.
pub(crate) fn abilities() -> Vec<Ability> {
    super::abilities(&[
        ("tool calls", Level::Full, "whoever asks sends each call as a request"),
        ("arguments", Level::Full, "`context.input`, as the schema types it"),
        ("identity and groups", Level::Full, "the entities are part of the export"),
        ("resources", Level::Full, "whoever asks names the resource as `remit.toml` maps it"),
        ("what the session did", Level::Partly, "whoever asks fills `context.session`"),
        (
            "conditions over history",
            Level::Partly,
            "Booleans that whoever asks must know; the target `dogwood` works them out",
        ),
        (
            "task scopes",
            Level::Partly,
            "a set of policies for each; whoever asks chooses, and asks both",
        ),
    ])
}

/// Which facts it has.
pub(crate) fn facts() -> Vec<Fact> {
    super::facts(&[
        ("context.input", Level::Full, "in the request"),
        ("context.session", Level::Partly, "in the request, if whoever asks keeps count"),
        (
            "context[\"history:…\"]",
            Level::Partly,
            "in the request; without it the policy errs toward deny",
        ),
        (
            "entities",
            Level::Full,
            "as exported; membership of a task must be added to the acting agent",
        ),
    ])
}

//! What is exported: each layer of a workspace as one store of policies, templates linked.
//!
//! A point that enforces asks one set of policies. Guardrails and scopes are different questions, so
//! each is a store of its own, with policies that stand alone: a link becomes the policy that it means.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use cedar_policy::pst::{self, Template};
use cedar_policy::{Policy, PolicyId};
use remit_policy::{Language, Layer, Leaf, Workspace};

/// Which question a store answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StoreName {
    /// What agents may do, whatever the task.
    Guardrails,
    /// What a task needs.
    Scope(String),
}

/// The policies of one layer.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) name: StoreName,
    /// Below the export's folder, without anything that a file system could take amiss.
    pub(crate) folder: String,
    /// Sorted by id.
    pub(crate) statements: Vec<Statement>,
}

/// One policy.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) id: String,
    pub(crate) language: Language,
    /// Conditions over history that it asks.
    pub(crate) leaves: Vec<Arc<Leaf>>,
    /// Why the author says it is there.
    pub(crate) why: Option<String>,
    /// As its file has it.
    pub(crate) source: String,
    /// Whether its text names it.
    pub(crate) has_own_id: bool,
    /// The definitions of the macros that it uses.
    pub(crate) macros: String,
    /// As plain Cedar, conditions over history lowered to Booleans of the context.
    pub(crate) body: Template,
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreName::Guardrails => f.write_str("guardrails"),
            StoreName::Scope(task) => write!(f, "scope of {task}"),
        }
    }
}

/// The stores of a workspace: guardrails first, then the scopes by task.
pub(crate) fn stores(workspace: &Workspace) -> Vec<Store> {
    let mut taken = BTreeSet::new();
    let guardrails = store(StoreName::Guardrails, "guardrails".to_owned(), &workspace.guardrails);
    let scopes = workspace.scopes.iter().map(|scope| {
        let folder = format!("scopes/{}", plain_name(&scope.task, &mut taken));
        store(StoreName::Scope(scope.task.clone()), folder, &scope.layer)
    });
    std::iter::once(guardrails).chain(scopes).collect()
}

/// A name of letters, digits, `-`, `_` and `.` that no other has, whatever the file system folds.
pub(crate) fn plain_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' };
    let base: String = name.chars().map(plain).take(80).collect();
    let base = if base.is_empty() { "unnamed".to_owned() } else { base };
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    let mut names = std::iter::once(base.clone()).chain(numbered);
    let free = names.find(|name| taken.insert(name.to_ascii_lowercase()));
    free.unwrap_or(base)
}

fn store(name: StoreName, folder: String, layer: &Layer) -> Store {
    let statement = |policy: &Policy| statement(layer, policy);
    let mut statements: Vec<Statement> = layer.in_force().filter_map(statement).collect();
    statements.sort_by(|a, b| a.id.cmp(&b.id));
    Store { name, folder, statements }
}

fn statement(layer: &Layer, policy: &Policy) -> Option<Statement> {
    let id = policy.id().to_string();
    let source = layer.policy(&id)?;
    Some(Statement {
        language: source.language,
        leaves: source.leaves.clone(),
        why: source.annotations.get("why").cloned(),
        source: source.text.clone(),
        has_own_id: source.has_own_id(),
        macros: source.macros().to_owned(),
        body: static_body(policy, &id)?,
        id,
    })
}

/// The policy as a tree without slots, under its own id. `None` only for what is not linked.
fn static_body(policy: &Policy, id: &str) -> Option<Template> {
    let body = match policy.to_pst().ok()? {
        pst::Policy::Static(fixed) => fixed.body().clone(),
        pst::Policy::Linked(link) => link.into_static_policy().ok()?.body().clone(),
    };
    let mut annotations = body.annotations.clone();
    annotations.insert("id".to_owned(), id.into());
    Some(body.with_annotations(annotations).with_id(id.into()))
}

/// The policy that a tree says, if Cedar takes it.
pub(crate) fn policy_of(body: &Template) -> Option<Policy> {
    let fixed = pst::StaticPolicy::try_from(body.clone()).ok()?;
    Policy::from_pst(pst::Policy::Static(fixed)).ok().map(|p| p.new_id(PolicyId::new(&body.id.0)))
}

/// The text of a tree, as people write it.
pub(crate) fn text_of(body: &Template) -> Option<String> {
    let text = policy_of(body)?.to_cedar()?;
    let name = camino::Utf8Path::new("guardrails/policy.cedar");
    // The printer only lays out: what it refuses is the same policy in one line.
    Some(remit_policy::format_text(name, &text).unwrap_or(text))
}

//! Policies in the words of a point that sees calls of tools, and vectors that say the same there.
//!
//! INVARIANT (never wider): no vector that the workspace denies is allowed by an export. It is checked
//! for every export, and a failure is an error, never a note.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::pst::{BinaryOp, Clause, Expr, Literal, Template, Var};
use cedar_policy::{Entities, PolicySet};
use serde_json::Value;

use super::ExportError;
use super::fidelity::{Fate, StatementFidelity, StoreFidelity};
use super::store::{Statement, Store, policy_of};
use super::tools::{Tool, Tools, entities_of};
use super::vectors::{AskedRequest, Decided, Vector, Vectors, answer};
use super::weaken::{boolean, rebuild, weaken};

/// How a point says what a policy asks of the principal and the context.
pub(crate) trait Words {
    /// Whether the principal is one of these.
    fn is_one_of(&self, principals: &[String]) -> Expr;
    /// An expression that speaks of the context, and of nothing else.
    ///
    /// # Errors
    /// What is not known there.
    fn context(&self, expr: &Expr, tool: &Tool<'_>) -> Result<Expr, String>;
    /// The head of a policy for some tools, without conditions besides those in it.
    fn head(&self, body: &Template, tools: &[&Tool<'_>], id: &str) -> Option<Template>;
}

/// What becomes of a statement.
pub(crate) struct Translated {
    pub(crate) bodies: Vec<Template>,
    pub(crate) fidelity: StatementFidelity,
}

/// Some tools with the same conditions.
type Group<'t, 'w> = (Vec<&'t Tool<'w>>, Vec<Clause>);

/// A statement as policies of a point, each for the tools that it says the same of.
pub(crate) fn translate(
    statement: &Statement,
    tools: &Tools<'_>,
    wanted: &dyn Fn(&Tool<'_>) -> bool,
    words: &dyn Words,
) -> Translated {
    let mut losses = BTreeSet::new();
    let mut groups: Vec<Group<'_, '_>> = Vec::new();
    for tool in tools.named(&statement.body).into_iter().filter(|tool| wanted(tool)) {
        let Some(clauses) = conditions(statement, tools, tool, words, &mut losses) else {
            continue;
        };
        match groups.iter_mut().find(|(_, known)| *known == clauses) {
            Some((tools, _)) => tools.push(tool),
            None => groups.push((vec![tool], clauses)),
        }
    }
    let bodies = groups.iter().enumerate().map(|(n, (tools, clauses))| {
        let id = if n == 0 { statement.id.clone() } else { format!("{}__{}", statement.id, n + 1) };
        let head = words.head(&statement.body, tools, &id)?;
        let own = head.clauses().iter().cloned().chain(clauses.iter().cloned());
        head.clone().try_with_clauses(own).ok()
    });
    let bodies: Option<Vec<Template>> = bodies.collect();
    let mut notes: Vec<String> = losses.into_iter().collect();
    let fate = match (&bodies, notes.is_empty()) {
        (None, _) => Fate::Refused,
        (Some(_), false) => Fate::Degraded,
        (Some(_), true) => Fate::Changed,
    };
    let bodies = bodies.unwrap_or_default();
    if bodies.is_empty() {
        notes.push("it never applies to a call there".to_owned());
    } else if bodies.len() > 1 {
        notes.push(format!(
            "it becomes {} policies, since its tools are told apart by name",
            bodies.len()
        ));
    }
    Translated { bodies, fidelity: StatementFidelity { policy: statement.id.clone(), fate, notes } }
}

/// The conditions of a statement for calls of one tool. `None` if it never applies to them.
fn conditions(
    statement: &Statement,
    tools: &Tools<'_>,
    tool: &Tool<'_>,
    words: &dyn Words,
    losses: &mut BTreeSet<String>,
) -> Option<Vec<Clause>> {
    let body = &statement.body;
    let atom = |expr: &Expr| {
        let expr = tools.without_resource(expr, tool)?;
        let expr = rebuild(&expr, &|part| principal(part, tools, words))?;
        words.context(&expr, tool)
    };
    let weakened = weaken(body, &atom);
    losses.extend(weakened.losses);
    let who = tools.principals(body).map(|ids| one_of(words, &ids));
    let resource = words.context(&tools.resource_condition(body, tool), tool).ok()?;
    let heads = who.into_iter().chain([resource]).map(|expr| Clause::When(Arc::new(expr)));
    let mut clauses: Vec<Clause> = heads.chain(weakened.clauses).collect();
    let constant = |clause: &Clause| match clause {
        Clause::When(expr) => truth(expr),
        Clause::Unless(expr) => truth(expr).map(|b| !b),
    };
    if clauses.iter().any(|clause| constant(clause) == Some(false)) {
        return None;
    }
    clauses.retain(|clause| constant(clause).is_none());
    Some(clauses)
}

fn truth(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::Literal(Literal::Bool(b)) => Some(*b),
        _ => None,
    }
}

fn one_of(words: &dyn Words, ids: &[String]) -> Expr {
    if ids.is_empty() { boolean(false) } else { words.is_one_of(ids) }
}

/// What a policy asks of the principal, if a part of a condition does.
fn principal(part: &Expr, tools: &Tools<'_>, words: &dyn Words) -> Option<Result<Expr, String>> {
    let is_principal = |expr: &Expr| *expr == Expr::Var(Var::Principal);
    match part {
        Expr::BinaryOp {
            op: op @ (BinaryOp::In | BinaryOp::Eq | BinaryOp::NotEq),
            left,
            right,
        } if is_principal(left) => {
            let asked = entities_of(right)?;
            let ids: BTreeSet<String> = match op {
                BinaryOp::In => asked.iter().flat_map(|group| tools.members(Some(group))).collect(),
                _ => asked.iter().map(|uid| uid.id().unescaped().to_owned()).collect(),
            };
            let any = one_of(words, &ids.into_iter().collect::<Vec<_>>());
            Some(Ok(if *op == BinaryOp::NotEq { super::weaken::not(any) } else { any }))
        }
        Expr::Is { expr, entity_type, in_expr: None } if is_principal(expr) => {
            let agents = tools.workspace.config.mapping.principal.to_string();
            Some(Ok(boolean(agents == entity_type.to_string())))
        }
        Expr::GetAttr { expr, attr } if is_principal(expr) => {
            Some(Err(format!("`principal.{attr}` is not known there")))
        }
        Expr::HasAttr { expr, attrs } if is_principal(expr) => {
            Some(Err(format!("`principal.{}` is not known there", attrs.first())))
        }
        expr if is_principal(expr) => {
            Some(Err("what is said of the principal cannot be said there".to_owned()))
        }
        _ => None,
    }
}

/// A request as a point sees it, and the entities that it makes for it.
pub(crate) type Seen = (AskedRequest, Vec<Value>);

/// The vectors of a store as a point sees them, and what becomes of the store.
///
/// # Errors
/// If Cedar does not take the export, or if it allows what the workspace denies.
pub(crate) fn judge(
    store: &Store,
    vectors: &Vectors,
    translated: &[Translated],
    seen: &dyn Fn(&AskedRequest) -> Option<Seen>,
) -> Result<(Vectors, StoreFidelity), ExportError> {
    let bodies = translated.iter().flat_map(|t| &t.bodies);
    let refused =
        |message: String| ExportError::Internal { store: store.name.to_string(), message };
    let policies = PolicySet::from_policies(bodies.filter_map(policy_of));
    let policies = policies.map_err(|error| refused(error.to_string()))?;
    let mut there = Vectors { vectors: Vec::new(), entities: Vec::new(), ..vectors.clone() };
    let mut narrower = Vec::new();
    for vector in &vectors.vectors {
        let Some((request, entities)) = seen(&vector.request) else { continue };
        let other = asked(vector, request, &entities, &policies).map_err(refused)?;
        match (vector.decision, other.decision) {
            (Decided::Deny, Decided::Allow) => {
                return Err(refused(format!("`{}` is denied here and allowed there", vector.name)));
            }
            (Decided::Allow, Decided::Deny) => narrower.push(vector.name.clone()),
            (Decided::Allow, Decided::Allow) | (Decided::Deny, Decided::Deny) => {}
        }
        for entity in
            entities.into_iter().filter(|e| !there.entities.contains(e)).collect::<Vec<_>>()
        {
            there.entities.push(entity);
        }
        there.vectors.push(other);
    }
    let fidelity = StoreFidelity {
        store: store.name.to_string(),
        folder: store.folder.clone(),
        statements: translated.iter().map(|t| t.fidelity.clone()).collect(),
        vectors: there.vectors.len(),
        covered: there.covered().0,
        uncovered: vectors.uncovered.clone(),
        narrower,
    };
    Ok((there, fidelity))
}

fn asked(
    vector: &Vector,
    request: AskedRequest,
    entities: &[Value],
    policies: &PolicySet,
) -> Result<Vector, String> {
    let entities = Entities::from_json_value(Value::Array(entities.to_vec()), None);
    let entities = entities.map_err(|error| error.to_string())?;
    let asked = request.to_cedar(None).ok_or_else(|| format!("`{}` is no request", vector.name))?;
    let answer = answer(&asked, policies, &entities);
    Ok(Vector {
        request,
        decision: answer.decision,
        reasons: answer.reasons,
        errors: answer.errors,
        ..vector.clone()
    })
}

//! The leaves of a workspace as columns: worked out once for each, whatever policies ask them.

use super::condition::reads_entities;
use super::interpret::Interpreter;
use super::log::{EventLog, Position};
use super::{NotCompiled, Points, decide};
use crate::rows::RowSet;
use crate::table::{Codes, Column, Dictionary, Value};
use cedar_policy::{Entities, EntityId, EntityUid, EvalResult};
use dogwood_language::{TemporalField, Value as Dogwood};
use remit_policy::{Leaf, Workspace};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The interpreter looks back over a history for each decision: so long may one be.
const LONGEST_INTERPRETED: u32 = 4096;

/// A leaf at all decisions of a corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeafTruths {
    /// By row: a code of [`COLUMN`], or [`OPEN`].
    codes: Vec<u8>,
    /// The rows where nobody knows.
    pub(crate) open: RowSet,
    /// Whether it asks for what `entities.json` says.
    pub(crate) reads_entities: bool,
    /// Why it was left to the interpreter.
    pub(crate) not_compiled: Option<NotCompiled>,
}

/// Nobody asks for the leaf there.
const NOT_ASKED: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
/// It depends on what nobody recorded.
const OPEN: u8 = 3;

/// The leaves of all layers, each once, by name.
pub(crate) fn leaves(workspace: &Workspace) -> Vec<Arc<Leaf>> {
    let scopes = workspace.scopes.iter().map(|scope| &scope.layer);
    let layers = std::iter::once(&workspace.guardrails).chain(scopes);
    let all = layers.flat_map(|layer| layer.leaves());
    let by_name: BTreeMap<&str, &Arc<Leaf>> = all.map(|leaf| (leaf.name.as_str(), leaf)).collect();
    by_name.into_values().map(Arc::clone).collect()
}

/// The decisions at which a leaf is asked.
pub(crate) fn points(log: &EventLog, leaf: &TemporalField) -> Points {
    let targets = &leaf.target_actions;
    Points::of(log, |namespace, action| {
        let bare = namespace.split_last().map(|(_, bare)| bare.join("::")).unwrap_or_default();
        let same = |of: &Option<String>| of.as_deref().unwrap_or_default() == bare;
        targets.iter().any(|target| target.id == action && same(&target.namespace))
    })
}

impl LeafTruths {
    /// Works a leaf out. `rows` says which of `len` rows each call has.
    pub(crate) fn of(
        log: &EventLog,
        leaf: &Leaf,
        entities: &Entities,
        rows: &[u32],
        len: usize,
    ) -> Self {
        let points = points(log, &leaf.field);
        let attributes = |ty: &str, id: &str, path: &[String]| attribute(entities, ty, id, path);
        let condition = &leaf.field.condition.condition;
        let decided = decide(log, &points, condition, &attributes);
        let not_compiled = decided.as_ref().err().copied();
        let codes_of_points: Vec<u8> = match decided {
            Ok(truths) => (0..points.calls.len()).map(|n| code(truths.known(n))).collect(),
            Err(_) => {
                let said = interpreted(log, leaf, &attributes);
                points.at.iter().map(|at| code(said.get(at).copied())).collect()
            }
        };
        let mut codes = vec![NOT_ASKED; len];
        for (call, code) in points.calls.iter().zip(codes_of_points) {
            let row = rows.get(*call as usize).and_then(|row| codes.get_mut(*row as usize));
            row.into_iter().for_each(|slot| *slot = code);
        }
        let open = (0..).zip(&codes).filter(|(_, code)| **code == OPEN).map(|(row, _)| row);
        let open = RowSet::from_sorted_iter(open);
        LeafTruths { open, codes, reads_entities: reads_entities(condition), not_compiled }
    }

    /// The truth on a row: nothing where nobody asks, nothing inside where nobody knows.
    pub(crate) fn get(&self, row: u32) -> Option<Option<bool>> {
        match *self.codes.get(row as usize)? {
            FALSE => Some(Some(false)),
            TRUE => Some(Some(true)),
            OPEN => Some(None),
            _ => None,
        }
    }

    /// As a column of a table: nothing where nobody knows.
    pub(crate) fn column(&self) -> Column {
        let known = |code: &u8| if *code == OPEN { NOT_ASKED } else { *code };
        let codes = Codes::Narrow(self.codes.iter().map(known).collect());
        let values = Dictionary::new(vec![Value::Bool(false), Value::Bool(true)]);
        Column::Coded { codes, values }
    }
}

fn code(known: Option<bool>) -> u8 {
    match known {
        Some(false) => FALSE,
        Some(true) => TRUE,
        None => OPEN,
    }
}

/// What the interpreter says, where it can be asked: of histories that are not too long, and whose events
/// all have a time.
pub(crate) fn interpreted(
    log: &EventLog,
    leaf: &Leaf,
    attributes: &super::Attributes<'_>,
) -> BTreeMap<Position, bool> {
    let mut all = BTreeMap::new();
    let Some(interpreter) = Interpreter::new(&leaf.field, log) else { return all };
    for start in &log.starts {
        let end = log.ends.get(*start as usize).copied().unwrap_or_default();
        let range = *start as usize..end as usize;
        let exact = log.earliest.get(range.clone()) == log.latest().get(range);
        if exact && end - start <= LONGEST_INTERPRETED {
            all.extend(interpreter.history(log, *start, attributes).unwrap_or_default());
        }
    }
    all
}

/// An attribute of an entity, as Dogwood has it.
pub(crate) fn attribute(
    entities: &Entities,
    ty: &str,
    id: &str,
    path: &[String],
) -> Option<Dogwood> {
    let (name, rest) = path.split_first()?;
    let uid = EntityUid::from_type_name_and_id(ty.parse().ok()?, EntityId::new(id));
    let mut value = entities.get(&uid)?.attr(name)?.ok()?;
    for name in rest {
        let EvalResult::Record(record) = &value else { return None };
        value = record.get(name)?.clone();
    }
    of_result(&value)
}

fn of_result(value: &EvalResult) -> Option<Dogwood> {
    match value {
        EvalResult::Bool(b) => Some(Dogwood::Bool(*b)),
        EvalResult::Long(n) => Some(Dogwood::Int(*n)),
        EvalResult::String(text) => Some(Dogwood::String(text.clone())),
        EvalResult::EntityUid(uid) => {
            let id: &str = uid.id().unescaped();
            Some(Dogwood::Entity { ty: uid.type_name().to_string(), id: id.to_owned() })
        }
        EvalResult::Record(record) => {
            let member = |(k, v): (&String, &EvalResult)| Some((k.clone(), of_result(v)?));
            Some(Dogwood::Object(record.iter().filter_map(member).collect()))
        }
        EvalResult::Set(_) | EvalResult::ExtensionValue(_) => None,
    }
}

//! Policies made from recorded calls: exactly these, those with what they have in common, or the tool.
//!
//! A proposal to start from, never a verdict: what it says of other calls is for a replay to show. Values
//! that nobody would write into a policy, such as whole files, are left out, and the title says so.

use crate::Corpus;
use crate::seen::text_of;
use crate::table::{ColumnId, Table, Value};
use remit_policy::editor::{access_path, has};
use remit_policy::{RecordModel, TypeModel, Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// So many different calls of one tool are told apart one by one.
const CALLS: usize = 12;
/// Longer values are left out.
const LENGTH_MAX: usize = 120;

/// A policy that matches some calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it matches.
    pub title: String,
    /// Its text; several policies for several tools.
    pub text: String,
}

/// Policies of this effect for the calls at some positions of the corpus, the narrowest first. Calls
/// that are not mapped are left out.
pub fn candidates(
    workspace: &Workspace,
    corpus: &Corpus,
    positions: &[usize],
    forbids: bool,
) -> Vec<Candidate> {
    let rows: Vec<Option<u32>> = corpus.rows().collect();
    let mut by_action: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for row in positions.iter().filter_map(|at| rows.get(*at).copied().flatten()) {
        if let Some(action) = entity(corpus.table(), ColumnId::ACTION, row) {
            by_action.entry(action).or_default().push(row);
        }
    }
    let model = workspace.schema.as_ref().map(|schema| &schema.model);
    let made: Vec<Made> = by_action
        .iter()
        .map(|(action, rows)| {
            let context = model.and_then(|model| model.actions.get(action)).map(|a| &a.context);
            Maker { table: corpus.table(), action, rows, context, forbids }.make()
        })
        .collect();
    let joined = |part: fn(&Made) -> &str| made.iter().map(part).collect::<Vec<_>>().join("\n\n");
    let mut candidates = vec![
        ("exactly these calls", joined(|made| &made.exactly)),
        ("all calls with what these have in common", joined(|made| &made.alike)),
        ("all calls of the same tools", joined(|made| &made.tool)),
    ];
    if made.iter().any(|made| made.leaves_out)
        && let Some((title, _)) = candidates.first_mut()
    {
        *title = "these calls, told apart by all that is short enough to write";
    }
    let mut known = BTreeSet::new();
    candidates.retain(|(_, text)| !text.is_empty() && known.insert(text.clone()));
    let candidate = |(title, text): (&str, String)| Candidate { title: title.to_owned(), text };
    candidates.into_iter().map(candidate).collect()
}

/// Policies that narrow what an agent may do with an action, the mildest first: only what was recorded,
/// only what all recorded calls have in common, nothing. Nothing at all for an action that there is not.
pub fn narrowings(
    workspace: &Workspace,
    corpus: &Corpus,
    agent: &str,
    action: &str,
) -> Vec<Candidate> {
    let model = workspace.schema.as_ref().map(|schema| &schema.model);
    let Some(declared) = model.and_then(|model| model.actions.get(action)) else {
        return Vec::new();
    };
    let table = corpus.table();
    let is_it = |row: &u32| {
        entity(table, ColumnId::ACTION, *row).as_deref() == Some(action)
            && entity(table, ColumnId::PRINCIPAL, *row).as_deref() == Some(agent)
    };
    let rows: Vec<u32> = corpus.rows().flatten().filter(is_it).collect();
    let maker =
        Maker { table, action, rows: &rows, context: Some(&declared.context), forbids: true };
    let head = format!("forbid (\n  principal == {agent},\n  action == {action},\n  resource\n)");
    let unless = |condition: &str| format!("{head}\nunless {{ {condition} }};");
    let Conditions { exactly, alike, leaves_out } = maker.conditions();
    let only = match leaves_out {
        true => "only what was recorded, as far as it is short enough to write",
        false => "only what was recorded",
    };
    let mut made = Vec::new();
    if !rows.is_empty() && !exactly.is_empty() {
        made.push((only, unless(&exactly)));
    }
    if !rows.is_empty() && !alike.is_empty() && alike != exactly {
        made.push(("only with what all recorded calls have in common", unless(&alike)));
    }
    made.push(("nothing", format!("{head};")));
    let candidate = |(title, text): (&str, String)| Candidate { title: title.to_owned(), text };
    made.into_iter().map(candidate).collect()
}

/// What holds of some calls: of each of them in turn, and of all.
struct Conditions {
    exactly: String,
    alike: String,
    leaves_out: bool,
}

/// What policies can say about one call, in Cedar.
#[derive(Clone, Debug, PartialEq)]
pub struct CallParts {
    /// The action, in full.
    pub action: String,
    /// What its arguments hold.
    pub arguments: Vec<CallArgument>,
    /// The facts about the session that its action declares.
    pub facts: Vec<CallFact>,
}

/// A value in the arguments of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallArgument {
    /// Its path below the arguments, with dots.
    pub path: String,
    /// What must be asked first, with `&&` behind it; nothing if all of it is required.
    pub guard: String,
    /// How it is read.
    pub access: String,
    /// The value.
    pub value: PartValue,
}

/// A value, as far as patterns and bounds can be made of it.
#[derive(Clone, Debug, PartialEq)]
pub enum PartValue {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Anything else.
    Other,
}

/// A fact about the session at a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallFact {
    /// Its name.
    pub name: String,
    /// What must be asked first, with `&&` behind it.
    pub guard: String,
    /// How it is read.
    pub access: String,
    /// What it is.
    pub value: FactValue,
}

/// What a fact is.
#[derive(Clone, Debug, PartialEq)]
pub enum FactValue {
    /// Whether something is so.
    Bool(bool),
    /// Names.
    Texts(Vec<String>),
    /// Anything else.
    Other,
}

/// The parts of the call at a position of the corpus; `None` for one that is not mapped.
pub fn call_parts(workspace: &Workspace, corpus: &Corpus, position: usize) -> Option<CallParts> {
    let (table, row) = (corpus.table(), corpus.row(position)?);
    let action = entity(table, ColumnId::ACTION, row)?;
    let context = &workspace.schema.as_ref()?.model.actions.get(&action)?.context;
    let values = |root: &str| -> Vec<(Vec<String>, Value)> {
        let root = [root.to_owned()];
        let below = table.below(&root);
        let of_row =
            below.filter_map(|(path, id)| Some((path.to_vec(), table.cell(id, row as usize)?)));
        of_row.filter(|(_, value)| *value != Value::Nested).collect()
    };
    let argument = |(path, value): (Vec<String>, Value)| {
        let (guard, access) = way(Some(context), &path)?;
        let path = path.get(1..).unwrap_or_default().join(".");
        let value = match value {
            Value::Text(text) => PartValue::Text(text.to_string()),
            Value::Long(number) => PartValue::Number(number),
            _ => PartValue::Other,
        };
        Some(CallArgument { path, guard, access, value })
    };
    let fact = |(path, value): (Vec<String>, Value)| {
        let (guard, access) = way(Some(context), &path)?;
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.to_string()),
            _ => None,
        };
        let value = match value {
            Value::Bool(so) => FactValue::Bool(so),
            Value::Set(values) => FactValue::Texts(values.iter().filter_map(text).collect()),
            _ => FactValue::Other,
        };
        Some(CallFact { name: path.last()?.clone(), guard, access, value })
    };
    Some(CallParts {
        arguments: values("input").into_iter().filter_map(argument).collect(),
        facts: values("session").into_iter().filter_map(fact).collect(),
        action,
    })
}

/// How what is at a path of the context is read: what must be asked first, and the access itself.
fn way(context: Option<&RecordModel>, path: &[String]) -> Option<(String, String)> {
    let (mut guard, mut access, mut record) = (String::new(), "context".to_owned(), context);
    for name in path {
        let attribute = record.and_then(|record| record.attributes.get(name))?;
        if !attribute.required {
            guard += &format!("{} && ", has(&access, name));
        }
        access = access_path(&access, name);
        record = match &attribute.ty {
            TypeModel::Record(record) => Some(record),
            _ => None,
        };
    }
    Some((guard, access))
}

struct Made {
    exactly: String,
    alike: String,
    tool: String,
    leaves_out: bool,
}

struct Maker<'a> {
    table: &'a Table,
    action: &'a str,
    rows: &'a [u32],
    context: Option<&'a RecordModel>,
    forbids: bool,
}

impl Maker<'_> {
    fn make(&self) -> Made {
        let Conditions { exactly, alike, leaves_out } = self.conditions();
        Made {
            exactly: self.policy(&exactly),
            alike: self.policy(&alike),
            tool: self.policy(""),
            leaves_out,
        }
    }

    fn conditions(&self) -> Conditions {
        let arguments: Vec<(Vec<String>, ColumnId)> =
            self.table.below(&["input".to_owned()]).map(|(p, id)| (p.to_vec(), id)).collect();
        let mut leaves_out = false;
        let mut calls: BTreeSet<Vec<String>> = BTreeSet::new();
        for row in self.rows {
            let mut conditions = Vec::new();
            for (path, column) in &arguments {
                match self.condition(path, *column, *row) {
                    Some(Some(condition)) => conditions.push(condition),
                    Some(None) => {}
                    None => leaves_out = true,
                }
            }
            calls.insert(conditions);
        }
        let common: Vec<String> = match calls.first() {
            Some(first) => {
                let in_all = |c: &&String| calls.iter().all(|call| call.contains(c));
                first.iter().filter(in_all).cloned().collect()
            }
            None => Vec::new(),
        };
        let is_too_many = calls.len() > CALLS;
        let exactly = match is_too_many {
            true => common.join(" && "),
            false => {
                let each: Vec<String> = calls.iter().map(|call| call.join(" && ")).collect();
                let some_is_anything = each.iter().any(String::is_empty);
                if some_is_anything { String::new() } else { alternatives(&each) }
            }
        };
        Conditions { exactly, alike: common.join(" && "), leaves_out: leaves_out || is_too_many }
    }

    /// What a call holds at a path, as a condition. `Some(None)` if it holds nothing there; `None` if
    /// what it holds is not written into policies.
    fn condition(&self, path: &[String], column: ColumnId, row: u32) -> Option<Option<String>> {
        let Some(value) = self.table.cell(column, row as usize) else { return Some(None) };
        if value == crate::table::Value::Nested {
            return Some(None);
        }
        let text = text_of(&value).filter(|text| text.len() <= LENGTH_MAX)?;
        let (guard, access) = way(self.context, path)?;
        Some(Some(format!("{guard}{access} == {text}")))
    }

    fn policy(&self, condition: &str) -> String {
        let effect = if self.forbids { "forbid" } else { "permit" };
        let the_same = |column, name: &str| {
            let found: BTreeSet<Option<String>> =
                self.rows.iter().map(|row| entity(self.table, column, *row)).collect();
            match found.first() {
                Some(Some(one)) if found.len() == 1 => format!("{name} == {one}"),
                _ => name.to_owned(),
            }
        };
        // A rule that forbids is for everybody; one that permits is for who did it.
        let who = match self.forbids {
            true => "principal".to_owned(),
            false => the_same(ColumnId::PRINCIPAL, "principal"),
        };
        let on = the_same(ColumnId::RESOURCE, "resource");
        let head = format!("{effect} (\n  {who},\n  action == {},\n  {on}\n)", self.action);
        match condition {
            "" => format!("{head};"),
            _ => format!("{head}\nwhen {{ {condition} }};"),
        }
    }
}

fn alternatives(each: &[String]) -> String {
    match each {
        [one] => one.clone(),
        _ => each.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" || "),
    }
}

fn entity(table: &Table, column: ColumnId, row: u32) -> Option<String> {
    match table.cell(column, row as usize)? {
        crate::table::Value::Entity(uid) => Some(uid.to_string()),
        _ => None,
    }
}

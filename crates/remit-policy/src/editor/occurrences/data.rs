//! What `entities.json`, template links, `remit.toml`, `scopes.toml` and tests declare and name.

use camino::Utf8Path;
use toml::de::{DeTable, DeValue};

use super::super::json::Json;
use super::super::schema::{Schema, uid};
use super::super::syntax::Span;
use super::{Form, Occurrence, Symbol};
use crate::files::SCOPES;

fn text(symbol: Symbol, span: &Span, is_definition: bool) -> Occurrence {
    Occurrence { symbol, span: span.clone(), form: Form::Text, is_definition }
}

/// Entities, their types, attributes and groups.
pub(super) fn of_entities(schema: &Schema<'_>, source: &str) -> Vec<Occurrence> {
    let mut all = Vec::new();
    for entity in Json::parse(source).list() {
        let Some(uid) = entity.get("uid").map(|uid| uid.get("__entity").unwrap_or(uid)) else {
            continue;
        };
        all.extend(entity_named(uid, true));
        let ty = uid.get("type").and_then(Json::text).unwrap_or_default();
        let record = schema.record_of(ty);
        for (name, value) in entity.get("attrs").map(Json::fields).unwrap_or_default() {
            let declared =
                record.and_then(|r| r.attributes.iter().find(|a| a.name.text == name.text));
            all.extend(declared.map(|declared| {
                let place = declared.name.span.start;
                text(Symbol::Attribute(place, name.text.clone()), &name.span, false)
            }));
            let named = value.all().into_iter().filter_map(|value| value.get("__entity"));
            all.extend(named.flat_map(|uid| entity_named(uid, false)));
        }
        for parent in entity.get("parents").map(Json::list).unwrap_or_default() {
            all.extend(entity_named(parent.get("__entity").unwrap_or(parent), false));
        }
    }
    all
}

/// `{ "type": …, "id": … }`.
fn entity_named(uid: &Json, is_definition: bool) -> Vec<Occurrence> {
    let part = |key| uid.get(key).and_then(|part| Some((part.text()?.to_owned(), &part.span)));
    let (Some((ty, ty_span)), Some((id, id_span))) = (part("type"), part("id")) else {
        return Vec::new();
    };
    let mut all = vec![text(Symbol::EntityType(ty.clone()), ty_span, false)];
    all.push(text(Symbol::Entity(ty, id), id_span, is_definition));
    all
}

/// Templates and the entities that fill their slots.
pub(super) fn of_links(source: &str) -> Vec<Occurrence> {
    let json = Json::parse(source);
    let templates = json.list().iter().filter_map(|link| {
        let id = link.get("template_id")?;
        Some(text(Symbol::Policy(id.text()?.to_owned()), &id.span, false))
    });
    templates.collect()
}

/// The strings of a TOML file with the keys that lead to them.
fn strings(source: &str) -> Vec<(String, String, Span)> {
    let mut all = Vec::new();
    if let Ok(table) = DeTable::parse(source) {
        for (key, value) in table.get_ref() {
            below(key.get_ref(), value.span(), value.get_ref(), &mut all);
        }
    }
    all
}

fn below(path: &str, span: Span, value: &DeValue<'_>, all: &mut Vec<(String, String, Span)>) {
    match value {
        DeValue::String(text) => all.push((path.to_owned(), text.to_string(), span)),
        DeValue::Array(list) => {
            list.iter().for_each(|one| below(path, one.span(), one.get_ref(), all));
        }
        DeValue::Table(table) => table.iter().for_each(|(key, value)| {
            below(&format!("{path}.{}", key.get_ref()), value.span(), value.get_ref(), all);
        }),
        _ => {}
    }
}

/// Entity types and actions that mappings name in full.
pub(super) fn of_config(schema: &Schema<'_>, source: &str) -> Vec<Occurrence> {
    let named = strings(source).into_iter().filter_map(|(key, value, span)| {
        let symbol = match key.as_str() {
            "mapping.principal" | "mapping.resource" | "tool.resource" => Symbol::EntityType(value),
            "tool.action" => {
                let known = schema.actions.iter().find(|(_, a)| a.name.text == value);
                Symbol::Action(known.map_or_else(|| uid("Action", &value), |(uid, _)| uid.clone()))
            }
            _ => return None,
        };
        Some(text(symbol, &span, false))
    });
    named.collect()
}

/// Tasks, and the files with their policies.
pub(super) fn of_tasks(source: &str) -> Vec<Occurrence> {
    let named = strings(source).into_iter().filter_map(|(key, value, span)| match key.as_str() {
        "task.name" => Some(text(Symbol::Task(value), &span, true)),
        "task.files" => Some(text(Symbol::File(Utf8Path::new(SCOPES).join(value)), &span, false)),
        _ => None,
    });
    named.collect()
}

/// Policies that expectations name.
pub(super) fn of_tests(source: &str) -> Vec<Occurrence> {
    let named = strings(source).into_iter().filter(|(key, _, _)| key.ends_with(".reasons"));
    named.map(|(_, value, span)| text(Symbol::Policy(value), &span, false)).collect()
}

//! What can be written in `entities.json`: the parts of an entity, its type, its attributes, its groups.

use std::collections::BTreeSet;

use super::super::json::{Json, Value};
use super::super::schema::Type;
use super::super::schema_syntax::AttributeDeclaration;
use super::super::token::{self, quoted, unquoted};
use super::{CompletionKind, Offers};

/// What is above a place: lists, and objects with the key whose value it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Frame {
    List,
    Object(Option<String>),
}

const ENTITY: &str =
    "{ \"uid\": { \"type\": \"${1}\", \"id\": \"${2}\" }, \"attrs\": {}, \"parents\": [] }";

impl Offers<'_> {
    pub(super) fn in_entities(&mut self) {
        let string = self.open_string();
        let cut = string.as_ref().map_or_else(|| self.word().start, |string| string.start);
        let before = self.text.get(..cut).unwrap_or_default();
        let Some((frames, is_value)) = frames(before) else { return };
        let keys: Vec<&str> = frames
            .iter()
            .filter_map(|frame| match frame {
                Frame::Object(key) => key.as_deref(),
                Frame::List => None,
            })
            .collect();
        let json = Json::parse(self.text);
        let entity = json.list().iter().find(|entity| holds(entity, self.offset));
        match (keys.as_slice(), is_value) {
            ([], true) if frames == [Frame::List] => self.json("a new entity", ENTITY, true),
            ([], false) => {
                self.json("uid", "\"uid\": { \"type\": \"${1}\", \"id\": \"${2}\" }", false);
                self.json("attrs", "\"attrs\": {${1}}", false);
                self.json("parents", "\"parents\": [${1}]", false);
            }
            (["uid"] | ["parents"] | [.., "__entity"], false) => {
                self.json("type", "\"type\": \"${1}\"", false);
                self.json("id", "\"id\": \"${1}\"", false);
            }
            ([.., "type"], true) => self.types_of_entities(),
            ([.., "id"], true) => {
                let around = around(&json, self.offset);
                let ty = around.and_then(|object| object.get("type")).and_then(Json::text);
                self.ids(ty.unwrap_or_default());
            }
            (["parents"], true) => self.parents(),
            (["attrs"], false) => self.unwritten(entity),
            (["attrs", name], true) => self.value_of(entity, name),
            _ => {}
        }
    }

    /// Something between quotes or brackets; in a string that is open, the whole string is replaced.
    fn json(&mut self, label: &str, insert: &str, is_value: bool) {
        let kind = if is_value { CompletionKind::Snippet } else { CompletionKind::Keyword };
        let string = self.open_string();
        let offer = self.add(kind, label, 0);
        offer.snippet(insert);
        if let Some(string) = string {
            offer.replacing(string);
        }
    }

    fn text_value(&mut self, kind: CompletionKind, text: &str, rank: u8) {
        let string = self.open_string();
        let offer = self.add(kind, text, rank);
        offer.insert = quoted(text);
        if let Some(string) = string {
            offer.replacing(string);
        }
    }

    fn types_of_entities(&mut self) {
        let schema = self.environment.schema;
        let names: Vec<String> = schema.entities.keys().cloned().collect();
        names.iter().for_each(|name| self.text_value(CompletionKind::EntityType, name, 0));
    }

    /// Ids of a type: those that were recorded, then those that are declared.
    fn ids(&mut self, ty: &str) {
        let mut known = BTreeSet::new();
        for path in [["principal"], ["resource"]] {
            let seen = self.desk.seen.attribute(&[], &path).unwrap_or_default();
            for value in seen.top {
                let Some((of, id)) = value.text.split_once("::\"") else { continue };
                if of == ty && known.insert(unquoted(id)) {
                    self.text_value(CompletionKind::Value, &unquoted(id), 0);
                }
            }
        }
        let declared = self.desk.workspace.entities.entities.iter().map(|entity| entity.uid());
        let of_type = declared.filter(|uid| uid.type_name().to_string() == ty);
        let mut ids: Vec<String> = of_type.map(|uid| uid.id().unescaped().to_owned()).collect();
        let schema = self.environment.schema;
        let choices = schema.entities.get(ty).and_then(|entity| entity.choices.as_ref());
        ids.extend(choices.into_iter().flatten().map(|choice| choice.text.clone()));
        ids.sort();
        ids.iter().filter(|id| known.insert((*id).clone())).for_each(|id| {
            self.text_value(CompletionKind::Entity, id, 1);
        });
    }

    fn parents(&mut self) {
        let declared = self.desk.workspace.entities.entities.iter().map(|entity| entity.uid());
        let mut groups: Vec<(String, String)> = declared
            .filter(|uid| uid.type_name().basename() != "Action")
            .map(|uid| (uid.type_name().to_string(), uid.id().unescaped().to_owned()))
            .collect();
        groups.sort();
        for (ty, id) in groups {
            let insert = format!("{{ \"type\": {}, \"id\": {} }}", quoted(&ty), quoted(&id));
            self.json(&format!("{ty}::{}", quoted(&id)), &insert, true);
        }
    }

    /// The attributes that the type of an entity has and that are not written yet.
    fn unwritten(&mut self, entity: Option<&Json>) {
        let written: BTreeSet<&str> = entity
            .and_then(|entity| entity.get("attrs"))
            .map(Json::fields)
            .unwrap_or_default()
            .iter()
            .filter(|(name, _)| !(name.span.start < self.offset && self.offset <= name.span.end))
            .map(|(name, _)| name.text.as_str())
            .collect();
        let wanted: Vec<(String, String, Option<String>)> = self
            .declared_of(entity)
            .filter(|attribute| !written.contains(attribute.name.text.as_str()))
            .map(|attribute| {
                let name = &attribute.name.text;
                let insert = format!("{}: {}", quoted(name), self.value_snippet(attribute));
                (name.clone(), insert, attribute.doc.clone())
            })
            .collect();
        for (name, insert, doc) in wanted {
            self.json(&name, &insert, false);
            if let Some(offer) = self.all.last_mut() {
                offer.documented(doc);
                offer.kind = CompletionKind::Attribute;
            }
        }
    }

    fn value_of(&mut self, entity: Option<&Json>, name: &str) {
        let attribute = self.declared_of(entity).find(|attribute| attribute.name.text == name);
        let Some(snippet) = attribute.map(|attribute| self.value_snippet(attribute)) else {
            return;
        };
        match snippet.as_str() {
            "${1:true}" => {
                for value in ["true", "false"] {
                    self.add(CompletionKind::Value, value, 0);
                }
            }
            _ => self.json(name, &snippet, true),
        }
    }

    fn declared_of<'s>(
        &'s self,
        entity: Option<&Json>,
    ) -> impl Iterator<Item = &'s AttributeDeclaration> + use<'s> {
        let uid = entity.and_then(|entity| entity.get("uid"));
        let ty = uid.and_then(|uid| uid.get("type")).and_then(Json::text).unwrap_or_default();
        let declared = self.environment.schema.entities.get(ty).copied();
        declared.into_iter().flat_map(|entity| &entity.attributes)
    }

    /// A value of an attribute's type, to be filled in.
    fn value_snippet(&self, attribute: &AttributeDeclaration) -> String {
        match self.environment.schema.resolve(&attribute.ty, "") {
            Type::Bool => "${1:true}".to_owned(),
            Type::Long => "${1:0}".to_owned(),
            Type::Set(_) => "[${1}]".to_owned(),
            Type::Record(_) => "{${1}}".to_owned(),
            Type::Entity(ty) => {
                format!("{{ \"__entity\": {{ \"type\": {}, \"id\": \"${{1}}\" }} }}", quoted(&ty))
            }
            Type::Decimal => extension("decimal"),
            Type::Ip => extension("ip"),
            Type::Datetime => extension("datetime"),
            Type::Duration => extension("duration"),
            Type::Text | Type::Action | Type::Unknown => "\"${1}\"".to_owned(),
        }
    }
}

fn extension(function: &str) -> String {
    format!("{{ \"__extn\": {{ \"fn\": \"{function}\", \"arg\": \"${{1}}\" }} }}")
}

fn holds(json: &Json, offset: usize) -> bool {
    json.span.start < offset && offset <= json.span.end
}

/// The innermost object around a place.
fn around(json: &Json, offset: usize) -> Option<&Json> {
    let is_object = |one: &&Json| matches!(one.value, Value::Object(_));
    json.all().into_iter().filter(is_object).rfind(|one| holds(one, offset))
}

/// What is above the end of a text, and whether a value rather than a key is wanted there; nothing if
/// neither is.
fn frames(before: &str) -> Option<(Vec<Frame>, bool)> {
    let tokens = token::tokens(before);
    let mut frames: Vec<Frame> = Vec::new();
    let mut last = "";
    for token in &tokens {
        let now = before.get(token.span.clone()).unwrap_or_default();
        match (now, frames.last_mut()) {
            ("[", _) => frames.push(Frame::List),
            ("{", _) => frames.push(Frame::Object(None)),
            ("]" | "}", _) => drop(frames.pop()),
            (":", Some(Frame::Object(key))) => *key = Some(unquoted(last)),
            (",", Some(Frame::Object(key))) => *key = None,
            _ => {}
        }
        last = now;
    }
    match (frames.last()?, last) {
        (Frame::List, "[" | ",") => Some((frames, true)),
        (Frame::Object(Some(_)), ":") => Some((frames, true)),
        (Frame::Object(None), "{" | ",") => Some((frames, false)),
        _ => None,
    }
}

//! What is known about the word at a place: its type, what is written about it, what was recorded.

use std::collections::BTreeSet;
use std::ops::Range;

use camino::Utf8Path;

use super::complete::{self, calls_of, counted, described, step};
use super::desk::{Desk, SeenValue};
use super::parse;
use super::reading;
use super::schema::{Schema, Type, uid, within};
use super::schema_syntax::{ActionDeclaration, EntityDeclaration};
use super::syntax::{Expression, Kind, Name, Policy, Span, touches};
use super::token::{self, unquoted};
use super::toml_words;
use super::types::{Environment, Typed, source};
use super::words;
use crate::files::FileKind;

/// What is known about a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hover {
    /// Its bytes.
    pub span: Range<usize>,
    /// What it is, as Cedar or its schema writes it.
    pub code: String,
    /// What is written about it, paragraph by paragraph.
    pub text: Vec<String>,
    /// How often it was recorded.
    pub recorded: Option<String>,
    /// The most frequent recorded values.
    pub values: Vec<SeenValue>,
}

/// So many recorded values are shown.
const VALUES: usize = 8;

/// What is known about the word at a place of a file.
#[must_use]
pub fn hover(desk: &Desk<'_>, file: &Utf8Path, offset: usize) -> Option<Hover> {
    let text = desk.text(file).filter(|text| text.is_char_boundary(offset))?;
    let tree = desk.schema_tree();
    let schema = Schema::new(&tree);
    if let Some(tables) = toml_words::tables(file) {
        return of_toml(tables, text, offset);
    }
    match FileKind::of(file)? {
        FileKind::Guardrails | FileKind::Scope => {
            if token::in_comment(text, &token::tokens(text), offset) {
                return None;
            }
            let policies = parse::policies(text);
            let policy = complete::at(&policies, offset)?;
            let environment = Environment::new(&schema, text, Some(policy));
            Reader { desk, text, offset, environment: &environment }.policy(policy)
        }
        FileKind::Schema => of_schema(desk, &schema, offset),
        _ => None,
    }
}

/// A key or a header.
fn of_toml(tables: &[toml_words::Table], text: &str, offset: usize) -> Option<Hover> {
    let start = text.get(..offset)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..)?.lines().next()?;
    let word = line.split('=').next()?.trim_end();
    let indent = word.len() - word.trim_start().len();
    let span = start + indent..start + word.len();
    if !touches(&span, offset) {
        return None;
    }
    let word = word.trim_start();
    let known = |code: &str, doc: &str| Hover {
        span: span.clone(),
        code: code.to_owned(),
        text: vec![doc.to_owned()],
        ..Hover::default()
    };
    if let Some(table) = tables.iter().find(|table| !word.is_empty() && table.header == word) {
        return Some(known(table.header, table.doc));
    }
    let header = toml_words::header(text.get(..start)?);
    let table = tables.iter().find(|table| table.header == header)?;
    let key = table.keys.iter().find(|key| key.name == word)?;
    Some(known(key.name, key.doc))
}

struct Reader<'a> {
    desk: &'a Desk<'a>,
    text: &'a str,
    offset: usize,
    environment: &'a Environment<'a>,
}

fn of_word(word: &words::Word, span: &Span) -> Hover {
    Hover {
        span: span.clone(),
        code: word.form.to_owned(),
        text: vec![word.doc.to_owned()],
        ..Hover::default()
    }
}

impl<'a> Reader<'a> {
    fn slice(&self, span: &Span) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    fn policy(&self, policy: &Policy) -> Option<Hover> {
        let touched = |span: &Span| touches(span, self.offset);
        if let Some(annotation) = policy.annotations.iter().find(|a| touched(&a.name.span)) {
            let mut known = words::annotations().iter();
            let word = known.find(|word| word.name == annotation.name.text)?;
            return Some(of_word(word, &annotation.name.span));
        }
        if let Some((_, span)) = policy.effect.as_ref().filter(|(_, span)| touched(span)) {
            let mut hover = of_word(words::keyword(self.slice(span))?, span);
            hover.text.extend(reading::policy(self.text, policy));
            return Some(hover);
        }
        if let Some(clause) = policy.clauses.iter().find(|clause| touched(&clause.keyword)) {
            return Some(of_word(words::keyword(self.slice(&clause.keyword))?, &clause.keyword));
        }
        let root = policy.expressions().find(|expression| touched(&expression.span))?;
        self.expression(root)
    }

    /// The innermost part that has something to say.
    fn expression(&self, expression: &Expression) -> Option<Hover> {
        let mut below = expression.children().into_iter();
        let inner = below.rfind(|child| touches(&child.span, self.offset));
        let inner = inner.and_then(|child| self.expression(child));
        // The name after a dot is not part of what is before it.
        self.own(expression).or(inner)
    }

    fn own(&self, expression: &Expression) -> Option<Hover> {
        let touched = |span: &Span| touches(span, self.offset);
        match &expression.kind {
            Kind::Variable(variable) => {
                let mut hover = of_word(words::variable(variable.as_str())?, &expression.span);
                let types = self.types(expression);
                let names: BTreeSet<String> = types.iter().map(|t| t.ty.written()).collect();
                let names: Vec<String> = names.into_iter().take(5).collect();
                hover.code = format!("{}: {}", variable.as_str(), names.join(" | "));
                Some(hover)
            }
            Kind::Member { of, name } if touched(&name.span) => {
                self.attribute(of, name, Some(expression))
            }
            Kind::Index { of, key: Some(key) } if touched(key) => {
                let name = Name { text: unquoted(self.slice(key)), span: key.clone() };
                self.attribute(of, &name, Some(expression))
            }
            Kind::Has { of, at, path } => match path.iter().position(|name| touched(&name.span)) {
                Some(0) => self.attribute(of, path.first()?, None),
                Some(_) => None,
                None if touched(at) => Some(of_word(words::any("has")?, at)),
                None => None,
            },
            Kind::Method { name, .. } if touched(&name.span) => {
                Some(of_word(words::method(&name.text)?, &name.span))
            }
            Kind::Call { function, .. } if touched(&function.span) => {
                Some(of_word(words::any(&function.text)?, &function.span))
            }
            Kind::Binary { at, .. } if touched(at) => {
                Some(of_word(words::any(self.slice(at))?, at))
            }
            Kind::Is { at, .. } if touched(at) => Some(of_word(words::any("is")?, at)),
            Kind::Is { path, .. } if touched(&path.span) => {
                self.entity_type(&path.text, &path.span)
            }
            Kind::Entity { path, id } => {
                let ty = path.text.trim_end_matches("::");
                match id {
                    Some(id) => self.entity(ty, &unquoted(self.slice(id)), &expression.span),
                    None => self.entity_type(ty, &path.span),
                }
            }
            _ => None,
        }
    }

    fn types(&self, expression: &Expression) -> Vec<Typed<'a>> {
        self.environment.types(self.text, expression)
    }

    fn attribute(&self, of: &Expression, name: &Name, whole: Option<&Expression>) -> Option<Hover> {
        let found = self.environment.members(&self.types(of), &name.text);
        let first = found.first()?;
        let types: BTreeSet<String> =
            found.iter().filter_map(|typed| Some(described(typed.declared?, &typed.ty))).collect();
        let types: Vec<String> = types.into_iter().collect();
        let code = format!("{}: {}", step(self.slice(&of.span), &name.text), types.join(" | "));
        let docs: BTreeSet<&str> =
            found.iter().filter_map(|typed| typed.declared?.doc.as_deref()).collect();
        let mut text: Vec<String> = docs.into_iter().map(str::to_owned).collect();
        let positions: BTreeSet<usize> =
            found.iter().flat_map(|typed| typed.actions.iter().copied()).collect();
        text.extend(self.of_actions(&positions));
        let mut hover = Hover { span: name.span.clone(), code, text, ..Hover::default() };
        let source = match whole {
            Some(whole) => source(self.text, whole),
            None => source(self.text, of).map(|mut source| {
                source.path.push(name.text.clone());
                source
            }),
        };
        if let Some(source) = source {
            let path: Vec<&str> = std::iter::once(source.variable.as_str())
                .chain(source.path.iter().map(String::as_str))
                .collect();
            self.record(&mut hover, &positions, &path, &first.ty);
        }
        Some(hover)
    }

    /// The actions that have an attribute, where not all have it.
    fn of_actions(&self, positions: &BTreeSet<usize>) -> Option<String> {
        let all = self.environment.actions.len();
        if positions.is_empty() || positions.len() == all {
            return None;
        }
        let names = self.environment.action_names(positions);
        let some: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
        let more = names.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!(
            "Of {} of the {all} actions here: {}{more}.",
            positions.len(),
            some.join(", ")
        ))
    }

    fn record(&self, hover: &mut Hover, positions: &BTreeSet<usize>, path: &[&str], ty: &Type<'_>) {
        let actions = self.environment.action_names(positions);
        let Some(seen) = self.desk.seen.attribute(&actions, path) else { return };
        let what = if matches!(ty, Type::Set(_)) { "different element" } else { "different value" };
        hover.recorded = Some(match (seen.calls, seen.present) {
            (0, _) => "No such call was recorded.".to_owned(),
            (calls, 0) => format!("None of the {} recorded has it.", calls_of(calls)),
            (calls, present) => format!(
                "{present} of {} recorded have it, with {}.",
                calls_of(calls),
                counted(seen.distinct, what)
            ),
        });
        hover.values = seen.top.into_iter().take(VALUES).collect();
    }

    fn entity(&self, ty: &str, id: &str, span: &Span) -> Option<Hover> {
        let schema = self.environment.schema;
        if ty == "Action" || ty.ends_with("::Action") {
            let uid = uid(ty, id);
            let action = schema.actions.get(&uid)?;
            let hover = of_action(self.desk, schema, &uid, action);
            return Some(Hover { span: span.clone(), ..hover });
        }
        let declared = schema.entities.get(ty);
        let mut text: Vec<String> =
            declared.and_then(|e| e.about.doc.clone()).into_iter().collect();
        let loaded = self.desk.workspace.entities.entities.iter();
        let mut named = loaded.filter(|entity| {
            let uid = entity.uid();
            uid.type_name().to_string() == ty && uid.id().unescaped() == id
        });
        match named.next() {
            Some(entity) => text.push(in_entities(entity)),
            None => text.push("`entities.json` does not have it.".to_owned()),
        }
        Some(Hover { span: span.clone(), code: uid(ty, id), text, ..Hover::default() })
    }

    fn entity_type(&self, ty: &str, span: &Span) -> Option<Hover> {
        let entity = self.environment.schema.entities.get(ty)?;
        Some(Hover { span: span.clone(), ..of_entity_type(entity) })
    }
}

fn in_entities(entity: &cedar_policy::Entity) -> String {
    let entity = entity.clone();
    let (_, attributes, parents) = entity.into_inner();
    let mut names: Vec<String> = attributes.keys().map(|name| format!("`{name}`")).collect();
    names.sort();
    let mut parents: Vec<String> = parents.iter().map(|parent| format!("`{parent}`")).collect();
    parents.sort();
    let has = if names.is_empty() { "no attributes".to_owned() } else { names.join(", ") };
    let member = if parents.is_empty() { "no group".to_owned() } else { parents.join(", ") };
    format!("In `entities.json`: has {has}; member of {member}.")
}

fn of_action(desk: &Desk<'_>, schema: &Schema<'_>, uid: &str, action: &ActionDeclaration) -> Hover {
    let mut text: Vec<String> = action.about.doc.clone().into_iter().collect();
    let groups = schema.groups_of(uid);
    let groups: Vec<String> =
        groups.iter().filter(|group| *group != uid).map(|group| format!("`{group}`")).collect();
    if !groups.is_empty() {
        text.push(format!("In {}.", groups.join(", ")));
    }
    if action.principals.is_empty() {
        let members =
            schema.requestable().filter(|(other, _)| schema.groups_of(other).contains(uid));
        text.push(format!("A group of {} actions.", members.count()));
    }
    let list = |paths: &[super::syntax::Path]| {
        paths.iter().map(|path| path.text.clone()).collect::<Vec<_>>().join(", ")
    };
    let mut code = uid.to_owned();
    if !action.principals.is_empty() {
        code = format!("{code}: {} on {}", list(&action.principals), list(&action.resources));
    }
    let calls = desk.seen.calls(uid).filter(|_| !action.principals.is_empty());
    let recorded = calls.map(|calls| match calls {
        0 => "No call of it was recorded.".to_owned(),
        1 => "1 call of it was recorded.".to_owned(),
        _ => format!("{calls} calls of it were recorded."),
    });
    Hover { code, text, recorded, ..Hover::default() }
}

fn of_entity_type(entity: &EntityDeclaration) -> Hover {
    let name = within(&entity.about.namespace, &entity.name.text);
    let parents: Vec<&str> = entity.parents.iter().map(|path| path.text.as_str()).collect();
    let parents =
        if parents.is_empty() { String::new() } else { format!(" in [{}]", parents.join(", ")) };
    let attribute = |a: &super::schema_syntax::AttributeDeclaration| {
        format!("{}{}", a.name.text, if a.is_required { "" } else { "?" })
    };
    let attributes: Vec<String> = entity.attributes.iter().map(attribute).collect();
    let attributes = if attributes.is_empty() {
        String::new()
    } else {
        format!(" {{ {} }}", attributes.join(", "))
    };
    Hover {
        code: format!("entity {name}{parents}{attributes}"),
        text: entity.about.doc.clone().into_iter().collect(),
        ..Hover::default()
    }
}

/// In a schema: what a declaration, or a name in it, is.
fn of_schema(desk: &Desk<'_>, schema: &Schema<'_>, offset: usize) -> Option<Hover> {
    let touched = |span: &Span| touches(span, offset);
    let action = schema.actions.iter().find(|(_, action)| touched(&action.name.span));
    if let Some((uid, action)) = action {
        let hover = of_action(desk, schema, uid, action);
        return Some(Hover { span: action.name.span.clone(), ..hover });
    }
    let entity = schema.entities.values().find(|entity| touched(&entity.name.span));
    if let Some(entity) = entity {
        return Some(Hover { span: entity.name.span.clone(), ..of_entity_type(entity) });
    }
    let tree = desk.schema_tree();
    let attribute = tree.attributes().into_iter().find(|a| touched(&a.name.span))?.clone();
    let optional = if attribute.is_required { "" } else { ", optional" };
    let written = desk.text(Utf8Path::new(crate::files::SCHEMA)).unwrap_or_default();
    let ty = match attribute.ty {
        super::schema_syntax::TypeSyntax::Record(_) => "a record".to_owned(),
        ref ty => {
            let names = ty.names();
            names.first().and_then(|p| written.get(p.span.clone())).unwrap_or("?").to_owned()
        }
    };
    Some(Hover {
        span: attribute.name.span.clone(),
        code: format!("{}: {ty}{optional}", attribute.name.text),
        text: attribute.doc.clone().into_iter().collect(),
        ..Hover::default()
    })
}

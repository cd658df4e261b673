//! What is offered where a value, a name or a type is wanted.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::schema::{Type, uid};
use super::super::schema_syntax::AttributeDeclaration;
use super::super::syntax::{Expression, Kind, Name, Path, Variable, touches};
use super::super::token::quoted;
use super::super::types::{Source, Typed};
use super::super::words;
use super::{CompletionKind, Offers};

/// What is wanted at a place.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted<'a> {
    pub(super) types: Vec<Typed<'a>>,
    /// What it is compared with: values that were recorded there are good offers.
    pub(super) source: Option<Source>,
    /// A group that entities of these types are members of.
    pub(super) is_group: bool,
    pub(super) in_set: bool,
    pub(super) is_pattern: bool,
    /// In a head, where only entities can be.
    pub(super) is_head: bool,
    /// The argument of a function that makes a value.
    pub(super) inside_call: Option<String>,
}

impl<'a> Wanted<'a> {
    pub(super) fn anything() -> Self {
        Self::default()
    }

    pub(super) fn of_type(ty: Type<'a>) -> Self {
        let typed = Typed { ty, declared: None, actions: BTreeSet::new() };
        Self { types: vec![typed], ..Self::default() }
    }

    pub(super) fn condition() -> Self {
        Self::of_type(Type::Bool)
    }

    pub(super) fn head(_: Variable) -> Self {
        Self { is_head: true, ..Self::default() }
    }

    /// An element of what is wanted.
    pub(super) fn elements(&self) -> Self {
        let types = self.types.iter().map(|typed| match &typed.ty {
            Type::Set(of) => Typed { ty: of.as_ref().clone(), ..typed.clone() },
            _ => typed.clone(),
        });
        Self { types: types.collect(), ..self.clone() }
    }

    fn is(&self, ty: &Type<'_>) -> bool {
        self.types.iter().any(|typed| typed.ty == *ty)
    }
}

/// Recorded values that are offered.
const VALUES: usize = 50;
/// Paths below the context are only offered where so few actions are left.
const FEW_ACTIONS: usize = 3;

impl<'a> Offers<'a> {
    /// Where an expression begins.
    pub(super) fn start(&mut self, expression: &Expression, wanted: &Wanted<'a>) {
        let replace = match expression.kind {
            Kind::Missing | Kind::Call { .. } => self.word(),
            _ => expression.span.start..self.end_of_text(&expression.span),
        };
        self.start_at(replace, wanted);
    }

    /// Where a string ends; one that is not closed ends at the place, whatever its line holds.
    fn end_of_text(&self, span: &Range<usize>) -> usize {
        let text = self.slice(span);
        let is_open = text.starts_with('"') && (text.len() == 1 || !text.ends_with('"'));
        if is_open { self.offset.max(span.start) } else { span.end }
    }

    pub(super) fn start_at(&mut self, replace: Range<usize>, wanted: &Wanted<'a>) {
        let is_text = self.slice(&replace).starts_with('"');
        let before = self.all.len();
        self.recorded(wanted, is_text);
        if !is_text {
            self.entities(wanted);
            if !wanted.is_head {
                self.expressions(wanted);
            }
        }
        for offer in self.all.iter_mut().skip(before) {
            offer.replace = replace.clone();
        }
    }

    /// Values that were recorded where this one is compared with.
    fn recorded(&mut self, wanted: &Wanted<'a>, is_text: bool) {
        // What is seen of a set are its elements.
        let is_set = wanted.types.iter().any(|typed| matches!(typed.ty, Type::Set(_)));
        let Some(source) = wanted.source.as_ref().filter(|_| !is_set && !wanted.is_group) else {
            return;
        };
        let takes = |value: &str| match &wanted.inside_call {
            Some(function) => {
                let arguments = value.strip_prefix(function.as_str())?.strip_prefix('(')?;
                arguments.strip_suffix(')').map(str::to_owned)
            }
            None if is_text && !value.starts_with('"') => None,
            None => Some(value.to_owned()),
        };
        let positions: BTreeSet<usize> =
            wanted.types.iter().flat_map(|typed| typed.actions.iter().copied()).collect();
        let actions = self.environment.action_names(&positions);
        let path: Vec<&str> = std::iter::once(source.variable.as_str())
            .chain(source.path.iter().map(String::as_str))
            .collect();
        let Some(seen) = self.desk.seen.attribute(&actions, &path) else { return };
        let offers: Vec<(String, u64)> =
            seen.top.iter().filter_map(|value| Some((takes(&value.text)?, value.calls))).collect();
        for (text, calls) in offers.into_iter().take(VALUES) {
            let kind = match source.variable {
                Variable::Context => CompletionKind::Value,
                Variable::Action => CompletionKind::Action,
                Variable::Principal | Variable::Resource => CompletionKind::Entity,
            };
            self.add(kind, &text, 0).detail(calls_of(calls));
        }
    }

    fn entities(&mut self, wanted: &Wanted<'a>) {
        if wanted.is(&Type::Action) {
            return self.actions(wanted);
        }
        let wanted_types: BTreeSet<String> = wanted
            .types
            .iter()
            .filter_map(|typed| match &typed.ty {
                Type::Entity(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        let schema = self.environment.schema;
        let types: BTreeSet<String> = match wanted.is_group {
            true => wanted_types.iter().flat_map(|ty| schema.above(ty)).collect(),
            false => wanted_types,
        };
        for (ty, id) in self.known_entities(&types) {
            self.add(CompletionKind::Entity, &uid(&ty, &id), 1).detail(ty);
        }
        for ty in &types {
            let snippet = format!("{ty}::\"${{1}}\"");
            self.add(CompletionKind::EntityType, &format!("{ty}::"), 3).snippet(&snippet);
        }
        if wanted.is_head {
            for slot in ["?principal", "?resource"] {
                let doc = "A place that a template leaves open.".to_owned();
                self.add(CompletionKind::Keyword, slot, 4).documented(Some(doc));
            }
        }
    }

    /// The entities of some types in `entities.json` and in enumerated types.
    fn known_entities(&self, types: &BTreeSet<String>) -> Vec<(String, String)> {
        let loaded = self.desk.workspace.entities.entities.iter().map(|entity| {
            let uid = entity.uid();
            (uid.type_name().to_string(), uid.id().unescaped().to_owned())
        });
        let enumerated = types.iter().flat_map(|ty| {
            let entity = self.environment.schema.entities.get(ty);
            let choices = entity.and_then(|e| e.choices.as_ref()).into_iter().flatten();
            choices.map(move |choice| (ty.clone(), choice.text.clone()))
        });
        let mut known: Vec<_> =
            loaded.chain(enumerated).filter(|(ty, _)| types.contains(ty)).collect();
        known.sort();
        known.dedup();
        known
    }

    fn actions(&mut self, wanted: &Wanted<'a>) {
        let schema = self.environment.schema;
        let mut actions: Vec<_> = schema.actions.iter().collect();
        let calls = |uid: &str| self.desk.seen.calls(uid);
        actions.sort_by_key(|(uid, _)| std::cmp::Reverse(calls(uid).unwrap_or(0)));
        for (uid, action) in actions {
            let is_group = action.principals.is_empty();
            // `action == group` matches nothing.
            if is_group && !wanted.is_group {
                continue;
            }
            let detail = match (is_group, calls(uid)) {
                (true, _) => "group".to_owned(),
                (false, Some(calls)) => calls_of(calls),
                (false, None) => String::new(),
            };
            let rank = if is_group { 2 } else { 1 };
            let offer = self.add(CompletionKind::Action, uid, rank);
            offer.detail(detail).documented(action.about.doc.clone());
        }
        if wanted.is_group && !wanted.in_set {
            self.add(CompletionKind::Snippet, "[…]", 3).snippet("[${1}]");
        }
    }

    /// Variables, literals and functions.
    fn expressions(&mut self, wanted: &Wanted<'a>) {
        if wanted.is_pattern {
            self.add(CompletionKind::Snippet, "\"*…*\"", 2).snippet("\"*${1}*\"");
            self.add(CompletionKind::Snippet, "\"…*\"", 2).snippet("\"${1}*\"");
            return;
        }
        for typed in &wanted.types {
            if let Some(word) = words::constructor(&typed.ty) {
                let offer = self.add(CompletionKind::Function, word.form, 2);
                offer.snippet(word.snippet).documented(Some(word.doc.into()));
            }
        }
        let is_condition = wanted.is(&Type::Bool);
        for variable in Variable::ALL {
            let doc = words::variable(variable.as_str()).map(|word| word.doc.to_owned());
            self.add(CompletionKind::Variable, variable.as_str(), 3).documented(doc);
        }
        if is_condition || wanted.types.is_empty() {
            self.paths_of_context();
            self.add(CompletionKind::Snippet, "if … then … else …", 5)
                .snippet("if ${1} then ${2} else ${3}");
        }
        if is_condition {
            self.add(CompletionKind::Keyword, "true", 6);
            self.add(CompletionKind::Keyword, "false", 6);
        }
        if wanted.types.is_empty() {
            for word in words::functions() {
                let offer = self.add(CompletionKind::Function, word.name, 5);
                offer.snippet(word.snippet).detail(word.form).documented(Some(word.doc.into()));
            }
        }
    }

    /// The arguments and facts of the few actions that are left, with their whole paths.
    fn paths_of_context(&mut self) {
        if self.environment.actions.len() > FEW_ACTIONS {
            return;
        }
        for (_, action) in &self.environment.actions {
            if let Some(ty) = self.environment.schema.context_of(action) {
                self.paths_below("context", &ty, 0);
            }
        }
    }

    fn paths_below(&mut self, prefix: &str, ty: &Type<'a>, depth: usize) {
        let Type::Record(record) = ty else { return };
        for attribute in record.attributes {
            let path = step(prefix, &attribute.name.text);
            let ty = self.environment.schema.resolve(&attribute.ty, record.namespace);
            match ty {
                Type::Record(_) if depth < 3 => self.paths_below(&path, &ty, depth + 1),
                _ => {
                    let detail = described(attribute, &ty);
                    let offer = self.add(CompletionKind::Attribute, &path, 4);
                    offer.detail(detail).documented(attribute.doc.clone());
                }
            }
        }
    }

    /// After a dot.
    pub(super) fn members(&mut self, of: &Expression, name: &Name) {
        let types = self.types(of);
        let dot = self.slice(&(of.span.end..name.span.start));
        let dot = of.span.end + dot.find('.').unwrap_or(0);
        let asked = self.asked_for(of);
        for (attribute, ty, of_all) in self.attributes(&types) {
            let text = &attribute.name.text;
            let is_open = !attribute.is_required && !asked.contains(text);
            let rank = if is_open { 1 } else { 0 } + u8::from(!of_all);
            let mut detail = described(attribute, &ty);
            if !of_all {
                detail.push_str(", not of all actions here");
            }
            let whole = dot..self.word().end;
            let offer = self.add(CompletionKind::Attribute, text, rank);
            offer.detail(detail).documented(attribute.doc.clone());
            if !is_identifier(text) {
                offer.snippet(&format!("[{}]", quoted(text))).replacing(whole).is_snippet = false;
            }
        }
        let is_call = self.text.get(self.word().end..).is_some_and(|t| t.starts_with('('));
        let mut names = BTreeSet::new();
        for typed in &types {
            for word in words::methods(&typed.ty).iter().filter(|w| names.insert(w.name)) {
                if matches!(&typed.ty, Type::Entity(ty) if self.environment.schema.tags_of(ty).is_none())
                {
                    continue;
                }
                let offer = self.add(CompletionKind::Method, word.name, 2);
                if !is_call {
                    offer.snippet(word.snippet);
                }
                offer.detail(word.form).documented(Some(word.doc.into()));
            }
        }
    }

    /// In the brackets after a record.
    pub(super) fn keys(&mut self, of: &Expression, key: &Range<usize>) {
        let types = self.types(of);
        for (attribute, ty, _) in self.attributes(&types) {
            let offer = self.add(CompletionKind::Attribute, &quoted(&attribute.name.text), 0);
            offer.replacing(key.clone());
            offer.detail(described(attribute, &ty)).documented(attribute.doc.clone());
        }
    }

    /// After `has`: what may be absent comes first.
    pub(super) fn attributes_to_ask_for(&mut self, of: &Expression, path: &[Name], at: usize) {
        let mut types = self.types(of);
        for name in path.iter().take(at) {
            types = self.environment.members(&types, &name.text);
        }
        let span = path.get(at).map(|name| name.span.clone()).unwrap_or_default();
        for (attribute, ty, _) in self.attributes(&types) {
            let text = &attribute.name.text;
            let label = if is_identifier(text) { text.clone() } else { quoted(text) };
            let in_quotes = self.slice(&span).starts_with('"');
            let offer =
                self.add(CompletionKind::Attribute, &label, u8::from(attribute.is_required));
            offer.detail(described(attribute, &ty)).documented(attribute.doc.clone());
            if in_quotes {
                let name = quoted(text);
                offer.label.clone_from(&name);
                offer.insert = name;
                offer.replacing(span.clone());
            }
        }
    }

    /// The attributes that something can have, with whether all that it can be have them.
    fn attributes(&self, types: &[Typed<'a>]) -> Vec<(&'a AttributeDeclaration, Type<'a>, bool)> {
        let records: Vec<_> =
            types.iter().filter_map(|typed| self.environment.record(&typed.ty)).collect();
        let mut found: Vec<(&AttributeDeclaration, Type<'a>, bool)> = Vec::new();
        for record in &records {
            for attribute in record.attributes {
                let name = &attribute.name.text;
                if found.iter().any(|(other, _, _)| other.name.text == *name) {
                    continue;
                }
                let of_all =
                    records.iter().all(|r| r.attributes.iter().any(|a| a.name.text == *name));
                let ty = self.environment.schema.resolve(&attribute.ty, record.namespace);
                found.push((attribute, ty, of_all));
            }
        }
        found
    }

    /// The attributes that the text before the place asks for with `has`, below an expression.
    fn asked_for(&self, of: &Expression) -> BTreeSet<String> {
        let written = self.slice(&of.span);
        let before = self.text.get(..self.offset).unwrap_or_default();
        let asked = format!("{written} has ");
        let names = before.match_indices(&asked).filter_map(|(at, _)| {
            let rest = before.get(at + asked.len()..)?;
            let end = rest.find(|c| !super::super::token::is_word(c)).unwrap_or(rest.len());
            rest.get(..end).map(str::to_owned)
        });
        names.collect()
    }

    pub(super) fn entity_types<'t>(&mut self, wanted: impl Iterator<Item = &'t Type<'a>>, rank: u8)
    where
        'a: 't,
    {
        let wanted: BTreeSet<String> = wanted
            .filter_map(|ty| match ty {
                Type::Entity(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        let schema = self.environment.schema;
        for (name, entity) in &schema.entities {
            if wanted.is_empty() || wanted.contains(name) {
                let replace = self.path_span();
                let offer = self.add(CompletionKind::EntityType, name, rank);
                offer.documented(entity.about.doc.clone()).replacing(replace);
            }
        }
    }

    /// The bytes of the path around the place.
    fn path_span(&self) -> Range<usize> {
        let is_path = |c: char| super::super::token::is_word(c) || c == ':';
        let before = self.text.get(..self.offset).unwrap_or_default();
        before.trim_end_matches(is_path).len()..self.word().end
    }

    /// In an entity that is written out.
    pub(super) fn entity(&mut self, path: &Path, id: Option<&Range<usize>>, wanted: &Wanted<'a>) {
        let ty = path.text.trim_end_matches("::");
        let whole = path.span.start..id.map_or(path.span.end, |id| self.end_of_text(id));
        let in_id = id.is_some_and(|id| touches(id, self.offset));
        let after = path.text.ends_with("::") && self.offset >= path.span.end;
        if !in_id && !after {
            self.entity_types(std::iter::empty(), 1);
            return;
        }
        let before = self.all.len();
        if ty == "Action" || ty.ends_with("::Action") {
            self.actions(&Wanted { in_set: true, ..wanted.clone() });
        } else {
            self.recorded(wanted, false);
            for (ty, id) in self.known_entities(&BTreeSet::from([ty.to_owned()])) {
                self.add(CompletionKind::Entity, &uid(&ty, &id), 1).detail(ty);
            }
        }
        let start = format!("{ty}::");
        let mut all = std::mem::take(&mut self.all);
        let mut own = all.split_off(before);
        own.retain(|offer| offer.label.starts_with(&start));
        own.iter_mut().for_each(|offer| offer.replace = whole.clone());
        all.extend(own);
        self.all = all;
        if id.is_none() {
            let types = self.environment.schema.entities.keys().filter(|n| n.starts_with(&start));
            for name in types.cloned().collect::<Vec<_>>() {
                self.add(CompletionKind::EntityType, &name, 2).replacing(whole.clone());
            }
        }
    }
}

/// An attribute's type, and whether it may be absent.
pub(in crate::editor) fn described(attribute: &AttributeDeclaration, ty: &Type<'_>) -> String {
    let optional = if attribute.is_required { "" } else { ", optional" };
    format!("{}{optional}", ty.written())
}

pub(in crate::editor) fn is_identifier(name: &str) -> bool {
    let starts = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let reserved = ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"];
    starts
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !reserved.contains(&name)
}

/// The question whether an expression has an attribute, as Cedar writes it.
#[must_use]
pub fn has(of: &str, name: &str) -> String {
    let name = if is_identifier(name) { name.to_owned() } else { quoted(name) };
    format!("{of} has {name}")
}

/// An attribute below an expression, as Cedar writes it.
#[must_use]
pub fn step(prefix: &str, name: &str) -> String {
    if is_identifier(name) {
        format!("{prefix}.{name}")
    } else {
        format!("{prefix}[{}]", quoted(name))
    }
}

pub(in crate::editor) fn calls_of(calls: u64) -> String {
    counted(calls, "call")
}

/// So many of something.
pub(in crate::editor) fn counted(count: u64, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_identifiers_go_in_brackets() {
        assert_eq!(step("context", "to"), "context.to");
        assert_eq!(step("context", "-A"), "context[\"-A\"]");
        assert_eq!(step("context", "in"), "context[\"in\"]");
    }
}

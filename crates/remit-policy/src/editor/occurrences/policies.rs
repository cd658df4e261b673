//! What policies declare and name.

use super::super::expression::last_name;
use super::super::parse;
use super::super::schema::{Schema, uid};
use super::super::syntax::{Expression, Kind, Name, Path, Policy, Span};
use super::super::token::unquoted;
use super::super::types::{Environment, Typed};
use super::{Form, Occurrence, Symbol};

/// Everything that the policies of a file declare and name.
pub(super) fn occurrences(schema: &Schema<'_>, text: &str) -> Vec<Occurrence> {
    let mut all = Vec::new();
    for policy in parse::policies(text) {
        let environment = Environment::new(schema, text, Some(&policy));
        let mut reader = Reader { text, environment: &environment, all: Vec::new() };
        reader.policy(&policy);
        all.extend(reader.all);
    }
    all
}

struct Reader<'a> {
    text: &'a str,
    environment: &'a Environment<'a>,
    all: Vec<Occurrence>,
}

impl<'a> Reader<'a> {
    fn name(&mut self, symbol: Symbol, span: &Span, form: Form) {
        let span = span.clone();
        self.all.push(Occurrence { symbol, span, form, is_definition: false });
    }

    fn policy(&mut self, policy: &Policy) {
        let id = policy.annotation("id").and_then(|id| id.value.clone());
        if let Some((span, id)) = id.and_then(|span| Some((span.clone(), self.text.get(span)?))) {
            let symbol = Symbol::Policy(unquoted(id));
            self.all.push(Occurrence { symbol, span, form: Form::Text, is_definition: true });
        }
        for expression in policy.expressions().flat_map(Expression::all) {
            self.expression(expression);
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            Kind::Entity { path, id } => self.entity(path, id.as_ref()),
            Kind::Is { path, .. } => self.entity_type(path),
            Kind::Member { of, name } if !name.text.is_empty() => {
                let between = self.text.get(of.span.end..name.span.start).unwrap_or_default();
                let dot = of.span.end + between.rfind('.').unwrap_or(0);
                self.attribute(&self.types(of), name, Form::Dotted(dot));
            }
            Kind::Index { of, key: Some(key) } => {
                let text = unquoted(self.text.get(key.clone()).unwrap_or_default());
                self.attribute(&self.types(of), &Name { text, span: key.clone() }, Form::Text);
            }
            Kind::Has { of, path, .. } => {
                let mut types = self.types(of);
                for name in path {
                    self.attribute(&types, name, self.form_of(&name.span));
                    types = self.environment.members(&types, &name.text);
                }
            }
            _ => {}
        }
    }

    fn form_of(&self, span: &Span) -> Form {
        let is_quoted = self.text.get(span.clone()).is_some_and(|name| name.starts_with('"'));
        if is_quoted { Form::Quoted } else { Form::Bare }
    }

    fn types(&self, of: &Expression) -> Vec<Typed<'a>> {
        self.environment.types(self.text, of)
    }

    fn attribute(&mut self, of: &[Typed<'_>], name: &Name, form: Form) {
        let declared: Vec<usize> = self
            .environment
            .members(of, &name.text)
            .into_iter()
            .filter_map(|typed| typed.declared.map(|declared| declared.name.span.start))
            .collect();
        for place in declared {
            self.name(Symbol::Attribute(place, name.text.clone()), &name.span, form);
        }
    }

    fn entity(&mut self, path: &Path, id: Option<&Span>) {
        let ty = path.text.trim_end_matches("::");
        let is_action = ty == "Action" || ty.ends_with("::Action");
        if !is_action {
            self.entity_type(path);
        }
        let Some((id, span)) = id.and_then(|span| Some((self.text.get(span.clone())?, span)))
        else {
            return;
        };
        let id = unquoted(id);
        let symbol = match is_action {
            true => Symbol::Action(uid(ty, &id)),
            false => Symbol::Entity(ty.to_owned(), id),
        };
        self.name(symbol, span, Form::Text);
    }

    fn entity_type(&mut self, path: &Path) {
        let ty = path.text.trim_end_matches("::");
        if !ty.is_empty() {
            self.name(Symbol::EntityType(ty.to_owned()), &last_name(path), Form::Bare);
        }
    }
}

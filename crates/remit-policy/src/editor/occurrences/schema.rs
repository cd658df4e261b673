//! What a schema declares, and what its declarations name.

use super::super::expression::last_name;
use super::super::schema::{Schema, uid_of, within};
use super::super::schema_syntax::{
    About, ActionDeclaration, EntityDeclaration, SchemaTree, TypeSyntax,
};
use super::super::syntax::{Name, Path};
use super::{Form, Occurrence, Symbol};

/// Everything that a schema declares and names.
pub(super) fn occurrences(schema: &Schema<'_>, tree: &SchemaTree) -> Vec<Occurrence> {
    let mut reader = Reader { schema, all: Vec::new() };
    for entity in &tree.entities {
        reader.entity(entity);
    }
    for action in &tree.actions {
        reader.action(action);
    }
    for declared in &tree.types {
        let name = within(&declared.about.namespace, &declared.name.text);
        reader.declare(Symbol::CommonType(name), &declared.name);
        reader.ty(&declared.ty, &declared.about);
    }
    for attribute in tree.attributes() {
        let symbol = Symbol::Attribute(attribute.name.span.start, attribute.name.text.clone());
        reader.declare(symbol, &attribute.name);
    }
    reader.all
}

struct Reader<'a> {
    schema: &'a Schema<'a>,
    all: Vec<Occurrence>,
}

impl Reader<'_> {
    /// A name that stands for itself, in quotes where it is no longer than its text.
    fn declare(&mut self, symbol: Symbol, name: &Name) {
        let form = if name.span.len() == name.text.len() { Form::Bare } else { Form::Quoted };
        let span = name.span.clone();
        self.all.push(Occurrence { symbol, span, form, is_definition: true });
    }

    fn reference(&mut self, symbol: Symbol, path: &Path) {
        let span = last_name(path);
        self.all.push(Occurrence { symbol, span, form: Form::Bare, is_definition: false });
    }

    fn entity(&mut self, entity: &EntityDeclaration) {
        let name = within(&entity.about.namespace, &entity.name.text);
        self.declare(Symbol::EntityType(name.clone()), &entity.name);
        for choice in entity.choices.iter().flatten() {
            self.declare(Symbol::Entity(name.clone(), choice.text.clone()), choice);
        }
        for parent in &entity.parents {
            self.entity_type(parent, &entity.about);
        }
        for attribute in &entity.attributes {
            self.ty(&attribute.ty, &entity.about);
        }
        if let Some(tags) = &entity.tags {
            self.ty(tags, &entity.about);
        }
    }

    fn action(&mut self, action: &ActionDeclaration) {
        self.declare(Symbol::Action(uid_of(action)), &action.name);
        for group in &action.groups {
            let uid = self.schema.group_uid(action, group.ty.as_ref(), &group.id.text);
            let is_quoted = group.id.span.len() != group.id.text.len();
            self.all.push(Occurrence {
                symbol: Symbol::Action(uid),
                span: group.id.span.clone(),
                form: if is_quoted { Form::Quoted } else { Form::Bare },
                is_definition: false,
            });
        }
        for path in action.principals.iter().chain(&action.resources) {
            self.entity_type(path, &action.about);
        }
        if let Some(context) = &action.context {
            self.ty(context, &action.about);
        }
    }

    fn entity_type(&mut self, path: &Path, about: &About) {
        let name = self.schema.entity_name(&about.namespace, &path.text);
        self.reference(Symbol::EntityType(name.unwrap_or_else(|| path.text.clone())), path);
    }

    fn ty(&mut self, ty: &TypeSyntax, about: &About) {
        for path in ty.names() {
            match self.schema.common_type(&about.namespace, &path.text) {
                Some(declared) => {
                    let name = within(&declared.about.namespace, &declared.name.text);
                    self.reference(Symbol::CommonType(name), path);
                }
                None => self.entity_type_if_known(path, about),
            }
        }
    }

    fn entity_type_if_known(&mut self, path: &Path, about: &About) {
        if let Some(name) = self.schema.entity_name(&about.namespace, &path.text) {
            self.reference(Symbol::EntityType(name), path);
        }
    }
}

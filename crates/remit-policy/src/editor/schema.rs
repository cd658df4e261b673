//! A schema as the editor knows it: every name looked up, each with its declaration.
//!
//! It reads the schema's text by itself, so that it knows declarations that Cedar would refuse to
//! load: while a schema is half written, policies are still completed.

use std::collections::{BTreeMap, BTreeSet};

use super::schema_syntax::{
    ActionDeclaration, AttributeDeclaration, EntityDeclaration, SchemaTree, TypeDeclaration,
    TypeSyntax,
};
use super::syntax::Path;

/// A type of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Type<'a> {
    Bool,
    Long,
    Text,
    Decimal,
    Datetime,
    Duration,
    Ip,
    Set(Box<Type<'a>>),
    Record(Record<'a>),
    /// By its full name.
    Entity(String),
    /// An action.
    Action,
    Unknown,
}

/// A record, known by where it is declared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) attributes: &'a [AttributeDeclaration],
    /// Where its types are looked up.
    pub(super) namespace: &'a str,
    /// The common type that it is, if it has a name.
    pub(super) name: Option<&'a TypeDeclaration>,
}

impl Record<'_> {
    fn key(&self) -> (usize, usize) {
        (self.attributes.as_ptr() as usize, self.attributes.len())
    }
}

impl PartialEq for Record<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Record<'_> {}

impl PartialOrd for Record<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Record<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// A schema's declarations by their full names.
#[derive(Debug)]
pub(super) struct Schema<'a> {
    pub(super) entities: BTreeMap<String, &'a EntityDeclaration>,
    /// By their full text, such as `Action::"pay"`.
    pub(super) actions: BTreeMap<String, &'a ActionDeclaration>,
    types: BTreeMap<String, &'a TypeDeclaration>,
}

impl<'a> Schema<'a> {
    pub(super) fn new(tree: &'a SchemaTree) -> Self {
        let entities = tree.entities.iter();
        let types = tree.types.iter();
        Self {
            entities: entities.map(|e| (within(&e.about.namespace, &e.name.text), e)).collect(),
            actions: tree.actions.iter().map(|a| (uid_of(a), a)).collect(),
            types: types.map(|t| (within(&t.about.namespace, &t.name.text), t)).collect(),
        }
    }

    /// The full name of an entity type that is written in a namespace.
    pub(super) fn entity_name(&self, namespace: &str, path: &str) -> Option<String> {
        let full = within(namespace, path);
        [full, path.to_owned()].into_iter().find(|name| self.entities.contains_key(name))
    }

    /// The common type that a name in a namespace means.
    pub(super) fn common_type(&self, namespace: &str, path: &str) -> Option<&'a TypeDeclaration> {
        let full = self.types.get(&within(namespace, path));
        full.or_else(|| self.types.get(path)).copied()
    }

    /// What a written type means.
    pub(super) fn resolve(&self, ty: &'a TypeSyntax, namespace: &'a str) -> Type<'a> {
        self.resolve_within(ty, namespace, None, 0)
    }

    fn resolve_within(
        &self,
        ty: &'a TypeSyntax,
        namespace: &'a str,
        name: Option<&'a TypeDeclaration>,
        depth: usize,
    ) -> Type<'a> {
        match ty {
            _ if depth > 32 => Type::Unknown,
            TypeSyntax::Record(attributes) => Type::Record(Record { attributes, namespace, name }),
            TypeSyntax::Set(of) => {
                Type::Set(Box::new(self.resolve_within(of, namespace, None, depth + 1)))
            }
            TypeSyntax::Name(path) => {
                if let Some(declared) = self.common_type(namespace, &path.text) {
                    let namespace = &declared.about.namespace;
                    return self.resolve_within(&declared.ty, namespace, Some(declared), depth + 1);
                }
                match self.entity_name(namespace, &path.text) {
                    Some(name) => Type::Entity(name),
                    None => builtin(&path.text),
                }
            }
        }
    }

    /// The attributes of an entity type.
    pub(super) fn record_of(&self, entity: &str) -> Option<Record<'a>> {
        let entity = self.entities.get(entity)?;
        let namespace = &entity.about.namespace;
        Some(Record { attributes: &entity.attributes, namespace, name: None })
    }

    /// The type of the tags of an entity type.
    pub(super) fn tags_of(&self, entity: &str) -> Option<Type<'a>> {
        let entity = self.entities.get(entity)?;
        Some(self.resolve(entity.tags.as_ref()?, &entity.about.namespace))
    }

    /// The context of an action.
    pub(super) fn context_of(&self, action: &'a ActionDeclaration) -> Option<Type<'a>> {
        Some(self.resolve(action.context.as_ref()?, &action.about.namespace))
    }

    /// All groups above an action, and the action itself, as full texts.
    pub(super) fn groups_of(&self, uid: &str) -> BTreeSet<String> {
        let mut groups = BTreeSet::from([uid.to_owned()]);
        let mut open = vec![uid.to_owned()];
        while let Some(action) = open.pop().and_then(|uid| self.actions.get(&uid)) {
            for group in &action.groups {
                let uid = self.group_uid(action, group.ty.as_ref(), &group.id.text);
                if groups.insert(uid.clone()) {
                    open.push(uid);
                }
            }
        }
        groups
    }

    /// The full text of a group that an action's declaration names.
    pub(super) fn group_uid(
        &self,
        action: &ActionDeclaration,
        ty: Option<&Path>,
        id: &str,
    ) -> String {
        let ty = ty.map_or_else(|| within(&action.about.namespace, "Action"), |p| p.text.clone());
        let written = uid(&ty, id);
        let full = uid(&within(&action.about.namespace, &ty), id);
        if self.actions.contains_key(&full) { full } else { written }
    }

    /// The actions that can be requested: groups apply to nothing.
    pub(super) fn requestable(&self) -> impl Iterator<Item = (&String, &'a ActionDeclaration)> {
        let actions = self.actions.iter().map(|(uid, action)| (uid, *action));
        actions.filter(|(_, action)| !action.principals.is_empty() && !action.resources.is_empty())
    }

    /// The entity types that are this one, or may be below it.
    pub(super) fn below(&self, entity: &str) -> BTreeSet<String> {
        let mut below = BTreeSet::from([entity.to_owned()]);
        loop {
            let more: Vec<String> = self
                .entities
                .iter()
                .filter(|(name, _)| !below.contains(*name))
                .filter(|(_, e)| self.parents_of(e).iter().any(|parent| below.contains(parent)))
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                return below;
            }
            below.extend(more);
        }
    }

    /// The entity types that this one may be below, itself included.
    pub(super) fn above(&self, entity: &str) -> BTreeSet<String> {
        let is_above = |name: &&String| self.below(name).contains(entity);
        self.entities.keys().filter(is_above).cloned().collect()
    }

    fn parents_of(&self, entity: &EntityDeclaration) -> Vec<String> {
        let namespace = &entity.about.namespace;
        let parents = entity.parents.iter();
        parents.filter_map(|parent| self.entity_name(namespace, &parent.text)).collect()
    }

    /// The full names of the types in a list of an action.
    pub(super) fn names(&self, action: &ActionDeclaration, paths: &[Path]) -> BTreeSet<String> {
        let name = |path: &Path| self.entity_name(&action.about.namespace, &path.text);
        paths.iter().filter_map(name).collect()
    }
}

/// A name in a namespace.
pub(super) fn within(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}::{name}") }
}

/// An entity as Cedar writes it.
pub(super) fn uid(ty: &str, id: &str) -> String {
    format!("{ty}::{}", super::token::quoted(id))
}

/// The full text of an action.
pub(super) fn uid_of(action: &ActionDeclaration) -> String {
    uid(&within(&action.about.namespace, "Action"), &action.name.text)
}

fn builtin(name: &str) -> Type<'static> {
    match name.trim_start_matches("__cedar::") {
        "Bool" | "Boolean" => Type::Bool,
        "Long" => Type::Long,
        "String" => Type::Text,
        "decimal" => Type::Decimal,
        "datetime" => Type::Datetime,
        "duration" => Type::Duration,
        "ipaddr" => Type::Ip,
        _ => Type::Unknown,
    }
}

impl Type<'_> {
    /// The type as a schema writes it.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Bool => "Bool".to_owned(),
            Self::Long => "Long".to_owned(),
            Self::Text => "String".to_owned(),
            Self::Decimal => "decimal".to_owned(),
            Self::Datetime => "datetime".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Ip => "ipaddr".to_owned(),
            Self::Set(of) => format!("Set<{}>", of.written()),
            Self::Record(Record { name: Some(name), .. }) => name.name.text.clone(),
            Self::Record(record) => {
                let attribute = |a: &AttributeDeclaration| {
                    format!("{}{}", a.name.text, if a.is_required { "" } else { "?" })
                };
                let names: Vec<_> = record.attributes.iter().map(attribute).collect();
                format!("{{ {} }}", names.join(", "))
            }
            Self::Entity(name) => name.clone(),
            Self::Action => "Action".to_owned(),
            Self::Unknown => "?".to_owned(),
        }
    }
}

//! What a mapping needs to know of a schema, with everything looked up and expanded.
//!
//! Common types are resolved, so that building a request never follows a name. Action groups that
//! apply to nothing are no actions here: nobody can request them.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    Entities, EntityId, EntityNamespace, EntityTypeName, EntityUid, Schema, SchemaFragment,
};
use cedar_policy_core::validator::types::{Attributes, EntityKind, Type};

/// A schema as the mapping sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaModel {
    /// The namespace of the actions, if they all have the same one.
    pub namespace: Option<String>,
    /// The types marked `@mcp_principal`, else those that actions apply to; sorted.
    pub principal_types: Vec<String>,
    /// The types marked `@mcp_resource`, else those that actions apply to; sorted.
    pub resource_types: Vec<String>,
    /// The actions by their full text, such as `Action::"send_money"`.
    pub actions: BTreeMap<String, ActionModel>,
}

/// An action that can be requested.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionModel {
    /// The action.
    pub uid: EntityUid,
    /// Its id without type and quotes.
    pub id: String,
    /// The principal types it applies to, sorted.
    pub principals: Vec<EntityTypeName>,
    /// The resource types it applies to, sorted.
    pub resources: Vec<EntityTypeName>,
    /// Its context.
    pub context: RecordModel,
    /// All groups above it, as full texts, sorted.
    pub groups: Vec<String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

/// A record type.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordModel {
    /// Its attributes by name.
    pub attributes: BTreeMap<String, AttributeModel>,
}

/// An attribute of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeModel {
    /// Its type.
    pub ty: TypeModel,
    /// Whether it must be there.
    pub required: bool,
}

/// A type that a value of a request can have.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeModel {
    /// Text.
    String,
    /// A 64-bit integer.
    Long,
    /// True or false.
    Bool,
    /// A number with four decimal places.
    Decimal,
    /// An instant.
    Datetime,
    /// A length of time.
    Duration,
    /// An IP address or range.
    IpAddr,
    /// A set of values of one type.
    Set(Box<TypeModel>),
    /// A record.
    Record(RecordModel),
    /// An entity of a type.
    Entity(EntityTypeName),
}

impl SchemaModel {
    /// Reads the model; the fragment has the annotations that the schema has lost.
    pub(crate) fn new(schema: &Schema, fragment: &SchemaFragment) -> Self {
        let groups = schema.action_entities().unwrap_or_else(|_| Entities::empty());
        let actions: BTreeMap<_, _> = schema
            .actions()
            .filter_map(|uid| Some((uid.to_string(), action(schema, fragment, &groups, uid)?)))
            .collect();
        let namespaces: BTreeSet<_> =
            actions.values().map(|action| action.uid.type_name().namespace()).collect();
        let namespace = namespaces.first().filter(|n| namespaces.len() == 1 && !n.is_empty());
        Self {
            namespace: namespace.cloned(),
            principal_types: marked(schema, fragment, "mcp_principal")
                .unwrap_or_else(|| applied(&actions, |action| &action.principals)),
            resource_types: marked(schema, fragment, "mcp_resource")
                .unwrap_or_else(|| applied(&actions, |action| &action.resources)),
            actions,
        }
    }

    /// The action with this id, whatever its namespace.
    #[must_use]
    pub fn action(&self, id: &str) -> Option<&ActionModel> {
        self.actions.values().find(|action| action.id == id)
    }
}

fn marked(schema: &Schema, fragment: &SchemaFragment, annotation: &str) -> Option<Vec<String>> {
    let has_mark = |name: &&EntityTypeName| {
        fragment
            .entity_type_annotations(namespace_of(name), name.basename())
            .is_some_and(|mut annotations| annotations.any(|(key, _)| key == annotation))
    };
    let marked: BTreeSet<_> =
        schema.entity_types().filter(has_mark).map(ToString::to_string).collect();
    (!marked.is_empty()).then(|| marked.into_iter().collect())
}

fn applied(
    actions: &BTreeMap<String, ActionModel>,
    types: fn(&ActionModel) -> &Vec<EntityTypeName>,
) -> Vec<String> {
    let names: BTreeSet<_> = actions.values().flat_map(types).map(ToString::to_string).collect();
    names.into_iter().collect()
}

fn namespace_of(name: &EntityTypeName) -> Option<EntityNamespace> {
    name.namespace().parse().ok()
}

fn action(
    schema: &Schema,
    fragment: &SchemaFragment,
    groups: &Entities,
    uid: &EntityUid,
) -> Option<ActionModel> {
    let declared = schema.as_ref().get_action_id(uid.as_ref())?;
    let principals = sorted(schema.principals_for_action(uid)?);
    let resources = sorted(schema.resources_for_action(uid)?);
    if principals.is_empty() || resources.is_empty() {
        return None;
    }
    let context = match declared.context() {
        Type::Record { attrs, .. } => record(attrs),
        _ => RecordModel::default(),
    };
    let mut groups: Vec<_> =
        groups.ancestors(uid).into_iter().flatten().map(ToString::to_string).collect();
    groups.sort();
    let id = uid.id().unescaped().to_owned();
    let annotations = annotations(fragment, uid.type_name(), &id);
    Some(ActionModel { uid: uid.clone(), id, principals, resources, context, groups, annotations })
}

fn annotations(
    fragment: &SchemaFragment,
    action_type: &EntityTypeName,
    id: &str,
) -> BTreeMap<String, String> {
    fragment
        .action_annotations(namespace_of(action_type), &EntityId::new(id))
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.to_string(), value.to_owned()))
        .collect()
}

fn sorted<'a>(types: impl Iterator<Item = &'a EntityTypeName>) -> Vec<EntityTypeName> {
    let mut types: Vec<_> = types.cloned().collect();
    types.sort_by_key(ToString::to_string);
    types
}

fn record(attributes: &Attributes) -> RecordModel {
    let attributes = attributes.iter().filter_map(|(name, attribute)| {
        let ty = resolve(&attribute.attr_type)?;
        Some((name.to_string(), AttributeModel { ty, required: attribute.is_required }))
    });
    RecordModel { attributes: attributes.collect() }
}

/// Nothing only for types that no schema can declare.
fn resolve(ty: &Type) -> Option<TypeModel> {
    Some(match ty {
        Type::Never => return None,
        Type::Bool(_) => TypeModel::Bool,
        Type::Long => TypeModel::Long,
        Type::String => TypeModel::String,
        Type::Entity(EntityKind::AnyEntity) => return None,
        Type::Entity(EntityKind::Entity(lub)) => {
            TypeModel::Entity(lub.get_single_entity()?.clone().into())
        }
        Type::Set { element_type } => TypeModel::Set(Box::new(resolve(element_type.as_ref()?)?)),
        Type::Record { attrs, .. } => TypeModel::Record(record(attrs)),
        Type::ExtensionType { name } => match name.to_string().as_str() {
            "decimal" => TypeModel::Decimal,
            "datetime" => TypeModel::Datetime,
            "duration" => TypeModel::Duration,
            "ipaddr" => TypeModel::IpAddr,
            _ => return None,
        },
    })
}

//! What the expressions of a policy can be: for every action and type that its head leaves.

use std::collections::BTreeSet;

use super::schema::{Record, Schema, Type, uid};
use super::schema_syntax::{ActionDeclaration, AttributeDeclaration};
use super::syntax::{Expression, Kind, Operator, Path, Policy, Variable};
use super::token;

/// What an expression may be, and where that is declared.
#[derive(Debug, Clone)]
pub(super) struct Typed<'a> {
    pub(super) ty: Type<'a>,
    pub(super) declared: Option<&'a AttributeDeclaration>,
    /// The actions for which it is so, as positions; empty if it does not depend on them.
    pub(super) actions: BTreeSet<usize>,
}

/// The requests that the head of a policy leaves.
#[derive(Debug)]
pub(super) struct Environment<'a> {
    pub(super) schema: &'a Schema<'a>,
    pub(super) actions: Vec<(String, &'a ActionDeclaration)>,
    principals: BTreeSet<String>,
    resources: BTreeSet<String>,
}

/// Where a value comes from: a variable and the attributes below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    pub(super) variable: Variable,
    pub(super) path: Vec<String>,
}

impl PartialOrd for Variable {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Variable {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl<'a> Environment<'a> {
    /// For a policy; without one, or where nothing fits, for all actions.
    pub(super) fn new(schema: &'a Schema<'a>, text: &str, policy: Option<&Policy>) -> Self {
        let constraint = |variable| policy.and_then(|policy| constraint(policy, variable));
        let wanted = constraint(Variable::Action).and_then(|e| action_constraint(schema, text, e));
        let types = |variable| constraint(variable).and_then(|e| type_constraint(schema, text, e));
        let (principals, resources) = (types(Variable::Principal), types(Variable::Resource));
        let mut environment = Self {
            schema,
            actions: Vec::new(),
            principals: BTreeSet::new(),
            resources: BTreeSet::new(),
        };
        for (uid, action) in schema.requestable() {
            let is_wanted =
                |w: &BTreeSet<String>| schema.groups_of(uid).iter().any(|group| w.contains(group));
            if !wanted.as_ref().is_none_or(is_wanted) {
                continue;
            }
            let left = |types: &Option<BTreeSet<String>>, paths: &[Path]| -> BTreeSet<String> {
                let mut names = schema.names(action, paths);
                names.retain(|name| types.as_ref().is_none_or(|types| types.contains(name)));
                names
            };
            let (who, what) =
                (left(&principals, &action.principals), left(&resources, &action.resources));
            if who.is_empty() || what.is_empty() {
                continue;
            }
            environment.actions.push((uid.clone(), action));
            environment.principals.extend(who);
            environment.resources.extend(what);
        }
        if environment.actions.is_empty() && policy.is_some() {
            return Self::new(schema, text, None);
        }
        environment
    }

    /// The types that a variable can have.
    pub(super) fn entity_types(&self, variable: Variable) -> &BTreeSet<String> {
        match variable {
            Variable::Resource => &self.resources,
            Variable::Principal | Variable::Action | Variable::Context => &self.principals,
        }
    }

    /// What an expression can be.
    pub(super) fn types(&self, text: &str, expression: &Expression) -> Vec<Typed<'a>> {
        let plain = |ty| vec![Typed { ty, declared: None, actions: BTreeSet::new() }];
        match &expression.kind {
            Kind::Missing | Kind::Word | Kind::Slot => Vec::new(),
            Kind::Bool | Kind::Not(_) | Kind::Has { .. } | Kind::Is { .. } => plain(Type::Bool),
            Kind::Number | Kind::Negative(_) => plain(Type::Long),
            Kind::Text => plain(Type::Text),
            Kind::Variable(variable) => self.variable(*variable),
            Kind::Entity { path, .. } => match path.text.trim_end_matches("::") {
                ty if ty == "Action" || ty.ends_with("::Action") => plain(Type::Action),
                ty => plain(Type::Entity(ty.to_owned())),
            },
            Kind::Call { function, .. } => match function.text.as_str() {
                "decimal" => plain(Type::Decimal),
                "datetime" => plain(Type::Datetime),
                "duration" => plain(Type::Duration),
                "ip" => plain(Type::Ip),
                _ => Vec::new(),
            },
            Kind::Member { of, name } => self.members(&self.types(text, of), &name.text),
            Kind::Index { of, key } => {
                let key = key.as_ref().and_then(|key| text.get(key.clone()));
                self.members(&self.types(text, of), &token::unquoted(key.unwrap_or_default()))
            }
            Kind::Method { of, name, .. } => match name.text.as_str() {
                "getTag" => self.tags(&self.types(text, of)),
                name => method_result(name).map(plain).unwrap_or_default(),
            },
            Kind::Binary { operator, .. } => match operator {
                Operator::Add | Operator::Subtract | Operator::Multiply => plain(Type::Long),
                Operator::Unknown => Vec::new(),
                _ => plain(Type::Bool),
            },
            Kind::If { yes, .. } => self.types(text, yes),
            Kind::Set(elements) => {
                let first = elements.first().map(|element| self.types(text, element));
                let first = first.and_then(|types| types.into_iter().next());
                plain(Type::Set(Box::new(first.map_or(Type::Unknown, |typed| typed.ty))))
            }
            Kind::Record(_) => plain(Type::Unknown),
            Kind::Parentheses(of) => self.types(text, of),
        }
    }

    fn variable(&self, variable: Variable) -> Vec<Typed<'a>> {
        let plain = |ty| Typed { ty, declared: None, actions: BTreeSet::new() };
        match variable {
            Variable::Action => vec![plain(Type::Action)],
            Variable::Context => {
                let contexts = self.actions.iter().enumerate().filter_map(|(at, (_, action))| {
                    let ty = self.schema.context_of(action)?;
                    Some(Typed { ty, declared: None, actions: BTreeSet::from([at]) })
                });
                merged(contexts)
            }
            Variable::Principal | Variable::Resource => {
                let names = self.entity_types(variable).iter().cloned();
                names.map(|name| plain(Type::Entity(name))).collect()
            }
        }
    }

    /// The attribute of this name of all that an expression can be.
    pub(super) fn members(&self, of: &[Typed<'a>], name: &str) -> Vec<Typed<'a>> {
        let named = |typed: &Typed<'a>| {
            let record = self.record(&typed.ty)?;
            let declared = record.attributes.iter().find(|a| a.name.text == name)?;
            let ty = self.schema.resolve(&declared.ty, record.namespace);
            Some(Typed { ty, declared: Some(declared), actions: typed.actions.clone() })
        };
        merged(of.iter().filter_map(named))
    }

    fn tags(&self, of: &[Typed<'a>]) -> Vec<Typed<'a>> {
        let tags = of.iter().filter_map(|typed| match &typed.ty {
            Type::Entity(name) => {
                let ty = self.schema.tags_of(name)?;
                Some(Typed { ty, declared: None, actions: BTreeSet::new() })
            }
            _ => None,
        });
        merged(tags)
    }

    /// The attributes that a type has.
    pub(super) fn record(&self, ty: &Type<'a>) -> Option<Record<'a>> {
        match ty {
            Type::Record(record) => Some(*record),
            Type::Entity(name) => self.schema.record_of(name),
            _ => None,
        }
    }

    /// The actions at some positions, as full texts.
    pub(super) fn action_names(&self, positions: &BTreeSet<usize>) -> Vec<&str> {
        let all = self.actions.iter().enumerate();
        let some = all.filter(|(at, _)| positions.is_empty() || positions.contains(at));
        some.map(|(_, (uid, _))| uid.as_str()).collect()
    }
}

/// What is the same is one, for the actions of all.
fn merged<'a>(all: impl Iterator<Item = Typed<'a>>) -> Vec<Typed<'a>> {
    let mut merged: Vec<Typed<'a>> = Vec::new();
    for typed in all {
        let place = |typed: &Typed<'a>| typed.declared.map(|declared| declared.name.span.start);
        let same = |other: &&mut Typed<'a>| other.ty == typed.ty && place(other) == place(&typed);
        match merged.iter_mut().find(same) {
            Some(same) => same.actions.extend(typed.actions),
            None => merged.push(typed),
        }
    }
    merged
}

/// The part of a head that is about a variable.
pub(super) fn constraint(policy: &Policy, variable: Variable) -> Option<&Expression> {
    let is_about = |expression: &&Expression| match &expression.kind {
        Kind::Binary { left, .. } => matches!(left.kind, Kind::Variable(v) if v == variable),
        Kind::Is { of, .. } => matches!(of.kind, Kind::Variable(v) if v == variable),
        _ => false,
    };
    policy.head.iter().flat_map(|head| &head.constraints).map(|c| &c.expression).find(is_about)
}

/// The actions and groups that a head names.
fn action_constraint(schema: &Schema<'_>, text: &str, e: &Expression) -> Option<BTreeSet<String>> {
    let Kind::Binary { right, .. } = &e.kind else { return None };
    let named: BTreeSet<String> = right
        .all()
        .into_iter()
        .filter_map(|e| entity(text, e))
        .map(|(t, id)| uid(&t, &id))
        .collect();
    let known: BTreeSet<String> =
        named.into_iter().filter(|uid| schema.actions.contains_key(uid)).collect();
    (!known.is_empty()).then_some(known)
}

/// The entity types that a part of a head leaves.
fn type_constraint(schema: &Schema<'_>, text: &str, e: &Expression) -> Option<BTreeSet<String>> {
    match &e.kind {
        Kind::Is { path, .. } if schema.entities.contains_key(&path.text) => {
            Some(BTreeSet::from([path.text.clone()]))
        }
        Kind::Binary { operator, right, .. } => {
            let (ty, _) = entity(text, right)?;
            if !schema.entities.contains_key(&ty) {
                return None;
            }
            match operator {
                Operator::Equal => Some(BTreeSet::from([ty])),
                Operator::In => Some(schema.below(&ty)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The type and id of an entity that is written out.
pub(super) fn entity(text: &str, expression: &Expression) -> Option<(String, String)> {
    let Kind::Entity { path, id: Some(id) } = &expression.kind else { return None };
    let id = token::unquoted(text.get(id.clone())?);
    Some((path.text.trim_end_matches("::").to_owned(), id))
}

/// The attribute that an expression reads, if it reads nothing else.
pub(super) fn source(text: &str, expression: &Expression) -> Option<Source> {
    match &expression.kind {
        Kind::Variable(variable) => Some(Source { variable: *variable, path: Vec::new() }),
        Kind::Parentheses(of) => source(text, of),
        Kind::Member { of, name } => {
            let mut source = source(text, of)?;
            source.path.push(name.text.clone());
            Some(source)
        }
        Kind::Index { of, key: Some(key) } => {
            let mut source = source(text, of)?;
            source.path.push(token::unquoted(text.get(key.clone())?));
            Some(source)
        }
        _ => None,
    }
}

/// What a method gives, by its name.
pub(super) fn method_result(name: &str) -> Option<Type<'static>> {
    Some(match name {
        "contains" | "containsAll" | "containsAny" | "isEmpty" | "hasTag" | "lessThan"
        | "lessThanOrEqual" | "greaterThan" | "greaterThanOrEqual" | "isIpv4" | "isIpv6"
        | "isLoopback" | "isMulticast" | "isInRange" => Type::Bool,
        "toDate" | "offset" => Type::Datetime,
        "toTime" | "durationSince" => Type::Duration,
        "toMilliseconds" | "toSeconds" | "toMinutes" | "toHours" | "toDays" => Type::Long,
        _ => return None,
    })
}

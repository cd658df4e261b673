//! Finds the vectors of a store: a small search over the values that its policies compare with.
//!
//! For each policy and action the plainest request that satisfies it is found first, then one beside it
//! that does not; then, for each value that was tried, whether it alone turns the policy on or off. The
//! search is bounded, and gives the same vectors every time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use cedar_policy::pst::{
    ActionConstraint, Clause, EntityOrSlot, EntityType, EntityUID, Expr, PrincipalConstraint,
    ResourceConstraint, Template, Var,
};
use cedar_policy::{Entities, Entity, EntityTypeName, EntityUid, PolicySet};
use remit_policy::{ActionModel, LoadedSchema, SchemaModel};
use serde_json::{Value, json};

use super::cedar::sorted;
use super::store::{Statement, policy_of};
use super::tools::Tools;
use super::values::{Path, Pools, plain_record, pools, put};
use super::vectors::{AskedRequest, Side, Uid, Uncovered, Vector, Vectors, answer};

/// So many requests are tried for one policy and action.
const MOST_TRIES: usize = 3_000;
/// So many actions of a policy get vectors of their own.
const MOST_ACTIONS: usize = 40;
/// So many vectors show what one value does, for one policy.
const MOST_TURNS: usize = 8;

/// What requests are made of.
pub(crate) struct Ground<'a> {
    schema: &'a LoadedSchema,
    /// Which resource a call acts on, so that requests are such as calls make.
    tools: &'a Tools<'a>,
    policies: PolicySet,
    pub(crate) entities: Entities,
}

/// Who does what on what, before the context.
#[derive(Clone)]
pub(crate) struct Head<'a> {
    pub(crate) principal: EntityUid,
    pub(crate) action: &'a ActionModel,
    pub(crate) resource: EntityUid,
}

/// The values of some paths.
pub(crate) type Assignment = BTreeMap<Path, Option<Value>>;

/// The vectors of some policies under a schema.
///
/// # Errors
/// If the entities or policies cannot be put together, in Cedar's words.
pub(crate) fn derive(
    store: &str,
    statements: &[Statement],
    schema: &LoadedSchema,
    entities: &[Value],
    tools: &Tools<'_>,
) -> Result<Vectors, String> {
    let ground = Ground::new(statements, schema, entities, tools)?;
    let mut found = Found { ground: &ground, vectors: Vec::new(), seen: BTreeSet::new() };
    let mut uncovered = Vec::new();
    for statement in statements {
        uncovered.extend(found.policy(statement));
    }
    let vectors = std::mem::take(&mut found.vectors);
    Ok(Vectors {
        version: 1,
        store: store.to_owned(),
        engine: format!("cedar-policy {}", cedar_policy::get_sdk_version()),
        entities: ground.listed(),
        vectors,
        uncovered,
    })
}

/// An entity with its members and parents in the order of their names: Cedar's has none.
pub(crate) fn in_order(entity: Value) -> Value {
    let mut entity = sorted(entity);
    if let Some(parents) = entity.get_mut("parents").and_then(Value::as_array_mut) {
        parents.sort_by_key(ToString::to_string);
    }
    entity
}

impl<'a> Ground<'a> {
    /// # Errors
    /// If the entities or policies cannot be put together, in Cedar's words.
    pub(crate) fn new(
        statements: &[Statement],
        schema: &'a LoadedSchema,
        entities: &[Value],
        tools: &'a Tools<'a>,
    ) -> Result<Self, String> {
        let policies = statements.iter().filter_map(|statement| policy_of(&statement.body));
        let policies = PolicySet::from_policies(policies).map_err(|error| error.to_string())?;
        let known = Value::Array(entities.to_vec());
        let known = Entities::from_json_value(known, Some(&schema.schema))
            .map_err(|error| format!("{:?}", miette::Report::new(error)))?;
        let entities = with_strangers(statements, schema, known);
        Ok(Ground { schema, tools, policies, entities })
    }

    /// The first head of each action that a policy's own head lets through.
    pub(crate) fn one_an_action(&self, body: &Template) -> Vec<Head<'_>> {
        let heads = self.heads();
        let inside: Vec<_> =
            heads.into_iter().filter(|head| fits(body, head, &self.entities)).collect();
        one_an_action(&inside).into_iter().cloned().collect()
    }

    /// The entities of the vectors, actions included, so that no engine needs the schema for groups.
    fn listed(&self) -> Vec<Value> {
        let json = |entity: &Entity| entity.to_json_value().ok().map(in_order);
        let mut all: Vec<Value> = self.entities.iter().filter_map(json).collect();
        all.sort_by_key(|entity| entity.get("uid").map(ToString::to_string));
        all
    }

    /// All heads of requests, those that calls make first.
    fn heads(&self) -> Vec<Head<'_>> {
        let mut heads = Vec::new();
        for action in self.schema.model.actions.values() {
            for resource in self.of_types(&action.resources) {
                for principal in self.of_types(&action.principals) {
                    heads.push(Head { principal, action, resource: resource.clone() });
                }
            }
        }
        heads.sort_by_key(|head| {
            let tool = self.tools.by_action.get(&head.action.uid.to_string());
            !tool.is_some_and(|tool| tool.may_act_on(&head.resource))
        });
        heads
    }

    /// The context of a request with some values, by the actions of a schema. `None` if it has no such action.
    pub(crate) fn context(
        &self,
        model: &SchemaModel,
        head: &Head<'_>,
        values: &Assignment,
    ) -> Option<Value> {
        let uid = head.action.uid.to_string();
        let context = &model.actions.get(&uid)?.context;
        let mut record = plain_record(context);
        let named = self.tools.by_action.get(&uid).and_then(|tool| tool.names(&head.resource));
        if let Some((path, id)) = named {
            put(&mut record, context, &path, Some(id));
        }
        for (path, value) in values {
            put(&mut record, context, path, value.clone());
        }
        Some(record)
    }

    /// The entities of some types, the workspace's own before those that were made up.
    fn of_types(&self, types: &[EntityTypeName]) -> Vec<EntityUid> {
        let uids = self.entities.iter().map(Entity::uid);
        let mut uids: Vec<_> = uids.filter(|uid| types.contains(uid.type_name())).collect();
        uids.sort_by_key(|uid| (is_made_up(uid), uid.to_string()));
        uids
    }

    /// The values of an attribute, of all entities of the head's type.
    fn attribute(&self, head: &Head<'_>, var: &Var, names: &[String]) -> Vec<Value> {
        let of = match var {
            Var::Principal => head.principal.type_name(),
            Var::Resource => head.resource.type_name(),
            Var::Action | Var::Context => return Vec::new(),
        };
        let of_type = self.entities.iter().filter(|entity| entity.uid().type_name() == of);
        let value = |entity: &Entity| {
            let pointer: String = names.iter().map(|name| format!("/{name}")).collect();
            entity.to_json_value().ok()?.get("attrs")?.pointer(&pointer).cloned()
        };
        of_type.filter_map(value).collect()
    }

    fn request(&self, head: &Head<'_>, assignment: &Assignment) -> AskedRequest {
        let context = self.context(&self.schema.model, head, assignment);
        AskedRequest {
            principal: (&head.principal).into(),
            action: (&head.action.uid).into(),
            resource: (&head.resource).into(),
            context: context.unwrap_or_else(|| json!({})),
        }
    }
}

struct Found<'a> {
    ground: &'a Ground<'a>,
    vectors: Vec<Vector>,
    /// What there is already, so that no vector says what another one said.
    seen: BTreeSet<String>,
}

/// One policy, and what it is evaluated with.
struct Case<'a> {
    id: &'a str,
    alone: PolicySet,
    conditions: Vec<&'a Expr>,
}

impl Case<'_> {
    /// Whether the policy's condition holds. `None` if it fails.
    fn holds(&self, ground: &Ground<'_>, request: &AskedRequest) -> Option<bool> {
        let answer = answer(&request.to_cedar(None)?, &self.alone, &ground.entities);
        answer.errors.is_empty().then_some(!answer.reasons.is_empty())
    }

    /// The same of a request that the schema takes; `None` for others.
    fn holds_validly(&self, ground: &Ground<'_>, request: &AskedRequest) -> Option<bool> {
        let holds = self.holds(ground, request)?;
        request.to_cedar(Some(&ground.schema.schema)).map(|_| holds)
    }
}

impl Found<'_> {
    /// Adds the vectors of a policy, and says which sides have none.
    fn policy(&mut self, statement: &Statement) -> Vec<Uncovered> {
        let alone = policy_of(&statement.body).and_then(|p| PolicySet::from_policies([p]).ok());
        let Some(alone) = alone else { return both_sides(statement, "Cedar does not take it") };
        let conditions = statement.body.clauses().iter().map(|clause| match clause {
            Clause::When(expr) | Clause::Unless(expr) => expr.as_ref(),
        });
        let case = Case { id: &statement.id, alone, conditions: conditions.collect() };
        let before = self.vectors.len();
        let (inside, outside): (Vec<_>, Vec<_>) = self
            .ground
            .heads()
            .into_iter()
            .partition(|head| fits(&statement.body, head, &self.ground.entities));
        for (n, head) in one_an_action(&inside).into_iter().take(MOST_ACTIONS).enumerate() {
            self.head(&case, head, if n == 0 { MOST_TURNS } else { 0 });
        }
        self.outside(&case, &inside, &outside);
        self.missing(&case, before, inside.is_empty())
    }

    /// The vectors of a policy for one head that it fits.
    fn head(&mut self, case: &Case<'_>, head: &Head<'_>, turns: usize) {
        let attribute = |var: &Var, names: &[String]| self.ground.attribute(head, var, names);
        let pools = pools(&case.conditions, &head.action.context, &attribute);
        let mut sides: [Option<Assignment>; 2] = [None, None];
        enumerate(&pools, &mut |assignment| {
            let request = self.ground.request(head, assignment);
            let side = match case.holds(self.ground, &request) {
                Some(true) => sides.first_mut(),
                Some(false) => sides.last_mut(),
                None => None,
            };
            if let Some(side @ None) = side
                && case.holds_validly(self.ground, &request).is_some()
            {
                *side = Some(assignment.clone());
            }
            if sides.iter().all(Option::is_some) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let [satisfied, unsatisfied] = sides;
        if let Some(satisfied) = &satisfied {
            self.add(case, Side::Satisfied, self.ground.request(head, satisfied));
            let near = self.beside(case, head, &pools, satisfied);
            if let Some(near) = near.clone().or_else(|| unsatisfied.clone()) {
                self.add(case, Side::Unsatisfied, self.ground.request(head, &near));
            }
            self.turns(case, head, &pools, satisfied, turns);
        } else if let Some(unsatisfied) = unsatisfied {
            self.add(case, Side::Unsatisfied, self.ground.request(head, &unsatisfied));
        }
    }

    /// What does not satisfy a policy, and differs in one value from what does.
    fn beside(
        &self,
        case: &Case<'_>,
        head: &Head<'_>,
        pools: &Pools,
        from: &Assignment,
    ) -> Option<Assignment> {
        changed(pools, from).into_iter().find(|other| {
            case.holds_validly(self.ground, &self.ground.request(head, other)) == Some(false)
        })
    }

    /// What each value does alone, beside a request that satisfies the policy.
    fn turns(
        &mut self,
        case: &Case<'_>,
        head: &Head<'_>,
        pools: &Pools,
        from: &Assignment,
        mut left: usize,
    ) {
        for other in changed(pools, from) {
            if left == 0 {
                return;
            }
            let request = self.ground.request(head, &other);
            let side = match case.holds_validly(self.ground, &request) {
                Some(true) => Side::Satisfied,
                Some(false) => Side::Unsatisfied,
                None => continue,
            };
            left -= usize::from(self.add(case, side, request));
        }
    }

    /// A head beside those that a policy fits: another principal, another resource, another action.
    fn outside(&mut self, case: &Case<'_>, inside: &[Head<'_>], outside: &[Head<'_>]) {
        let Some(first) = inside.first() else { return };
        let near = |same: fn(&Head<'_>, &Head<'_>) -> bool| outside.iter().find(|h| same(h, first));
        let others = [
            near(|a, b| a.action.uid == b.action.uid && a.resource == b.resource),
            near(|a, b| a.action.uid == b.action.uid && a.principal == b.principal),
            near(|a, b| a.principal == b.principal && a.resource == b.resource)
                .or_else(|| near(|a, b| a.principal == b.principal)),
        ];
        for head in others.into_iter().flatten() {
            let request = self.ground.request(head, &Assignment::new());
            if case.holds_validly(self.ground, &request) == Some(false) {
                self.add(case, Side::Unsatisfied, request);
            }
        }
    }

    /// Adds a vector unless the policy has it already.
    fn add(&mut self, case: &Case<'_>, side: Side, request: AskedRequest) -> bool {
        let key = format!("{}{}", case.id, json!(request));
        let Some(asked) = request.to_cedar(Some(&self.ground.schema.schema)) else { return false };
        if !self.seen.insert(key) {
            return false;
        }
        let answer = answer(&asked, &self.ground.policies, &self.ground.entities);
        let word = match side {
            Side::Satisfied => "satisfied",
            Side::Unsatisfied => "unsatisfied",
        };
        let of_side = self.vectors.iter().filter(|v| v.policy == case.id && v.side == side);
        let number = of_side.count() + 1;
        self.vectors.push(Vector {
            name: format!("{}/{word}/{number}", case.id),
            policy: case.id.to_owned(),
            side,
            request,
            decision: answer.decision,
            reasons: answer.reasons,
            errors: answer.errors,
        });
        true
    }

    fn missing(&self, case: &Case<'_>, before: usize, no_head: bool) -> Vec<Uncovered> {
        let found = self.vectors.get(before..).unwrap_or_default();
        let sides = [Side::Satisfied, Side::Unsatisfied].into_iter();
        let missing = sides.filter(|side| !found.iter().any(|vector| vector.side == *side));
        let why = |side| match (side, no_head) {
            (_, true) => "no entity that is known fits its head",
            (Side::Satisfied, false) => {
                "no combination of the values that it compares with satisfies it"
            }
            (Side::Unsatisfied, false) => "every request that was tried satisfies it",
        };
        missing
            .map(|side| Uncovered { policy: case.id.to_owned(), side, why: why(side).to_owned() })
            .collect()
    }
}

fn both_sides(statement: &Statement, why: &str) -> Vec<Uncovered> {
    let side = |side| Uncovered { policy: statement.id.clone(), side, why: why.to_owned() };
    [Side::Satisfied, Side::Unsatisfied].map(side).into()
}

/// The first head of each action.
fn one_an_action<'h, 'a>(heads: &'h [Head<'a>]) -> Vec<&'h Head<'a>> {
    let mut seen = BTreeSet::new();
    heads.iter().filter(|head| seen.insert(head.action.uid.to_string())).collect()
}

/// All assignments that differ in one value.
fn changed(pools: &Pools, from: &Assignment) -> Vec<Assignment> {
    let mut all = Vec::new();
    for (path, values) in pools {
        let now = from.get(path).or_else(|| values.first());
        for value in values.iter().filter(|value| Some(*value) != now) {
            let mut other = from.clone();
            other.insert(path.clone(), value.clone());
            all.push(other);
        }
    }
    all
}

/// Visits assignments, those that change the fewest values first.
fn enumerate(pools: &Pools, visit: &mut dyn FnMut(&Assignment) -> ControlFlow<()>) {
    let paths: Vec<(&Path, &Vec<Option<Value>>)> = pools.iter().collect();
    let mut left = MOST_TRIES;
    for changes in 0..=paths.len() {
        let mut assignment = Assignment::new();
        if combine(&paths, changes, &mut assignment, &mut left, visit).is_break() {
            return;
        }
    }
}

fn combine(
    paths: &[(&Path, &Vec<Option<Value>>)],
    changes: usize,
    assignment: &mut Assignment,
    left: &mut usize,
    visit: &mut dyn FnMut(&Assignment) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if changes == 0 {
        *left = left.saturating_sub(1);
        visit(assignment)?;
        return if *left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    }
    for (n, (path, values)) in paths.iter().enumerate() {
        // The first value is what a request has anyway.
        for value in values.iter().skip(1) {
            assignment.insert((*path).clone(), value.clone());
            let rest = paths.get(n + 1..).unwrap_or_default();
            combine(rest, changes - 1, assignment, left, visit)?;
        }
        assignment.remove(*path);
    }
    ControlFlow::Continue(())
}

/// Whether a policy's head lets a request through to its conditions.
fn fits(body: &Template, head: &Head<'_>, entities: &Entities) -> bool {
    let is = |uid: &EntityUid, to: &EntityOrSlot| entity(to).is_some_and(|to| *uid == to);
    let within = |uid: &EntityUid, to: &EntityOrSlot| {
        entity(to).is_some_and(|to| entities.is_ancestor_of(&to, uid))
    };
    let of = |uid: &EntityUid, ty: &EntityType| uid.type_name().to_string() == ty.to_string();
    let principal = match &body.principal {
        PrincipalConstraint::Any => true,
        PrincipalConstraint::Eq(to) => is(&head.principal, to),
        PrincipalConstraint::In(to) => within(&head.principal, to),
        PrincipalConstraint::Is(ty) => of(&head.principal, ty),
        PrincipalConstraint::IsIn(ty, to) => of(&head.principal, ty) && within(&head.principal, to),
    };
    let resource = match &body.resource {
        ResourceConstraint::Any => true,
        ResourceConstraint::Eq(to) => is(&head.resource, to),
        ResourceConstraint::In(to) => within(&head.resource, to),
        ResourceConstraint::Is(ty) => of(&head.resource, ty),
        ResourceConstraint::IsIn(ty, to) => of(&head.resource, ty) && within(&head.resource, to),
    };
    let action = &head.action.uid;
    let names = |uid: &EntityUID| to_cedar(uid).is_some_and(|uid| uid == *action);
    let groups = |uid: &EntityUID| {
        to_cedar(uid).is_some_and(|uid| head.action.groups.contains(&uid.to_string()))
    };
    principal
        && resource
        && match &body.action {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(to) => names(to),
            ActionConstraint::In(all) => all.iter().any(|to| names(to) || groups(to)),
        }
}

fn entity(constraint: &EntityOrSlot) -> Option<EntityUid> {
    match constraint {
        EntityOrSlot::Entity(uid) => to_cedar(uid),
        EntityOrSlot::Slot(_) => None,
    }
}

/// The entity that a tree names.
pub(crate) fn to_cedar(uid: &EntityUID) -> Option<EntityUid> {
    Uid { ty: uid.ty.to_string(), id: uid.eid.to_string() }.to_cedar()
}

/// How the ids of entities begin that only vectors have.
const MADE_UP: &str = "vector:";

fn is_made_up(uid: &EntityUid) -> bool {
    uid.id().unescaped().starts_with(MADE_UP)
}

/// Adds entities that are in no group, and one for each group that a policy asks for and nobody is in.
fn with_strangers(statements: &[Statement], schema: &LoadedSchema, known: Entities) -> Entities {
    let mut entities = known;
    let types: BTreeSet<String> = schema
        .model
        .actions
        .values()
        .flat_map(|action| action.principals.iter().chain(&action.resources))
        .map(ToString::to_string)
        .collect();
    for ty in &types {
        let uid = json!({ "type": ty, "id": format!("{MADE_UP}nobody") });
        add(&mut entities, schema, json!({ "uid": uid, "attrs": {}, "parents": [] }));
    }
    for named in statements.iter().flat_map(|statement| named(&statement.body)) {
        let (uid, is_group) = named;
        if is_group {
            let is_member = |e: &Entity| e.uid() != uid && entities.is_ancestor_of(&uid, &e.uid());
            let has_member = entities.iter().any(is_member);
            for ty in types.iter().filter(|_| !has_member) {
                let id = format!("{MADE_UP}of {}", uid.id().unescaped());
                let member = json!({ "type": ty, "id": id });
                let parent = json!(Uid::from(&uid));
                add(
                    &mut entities,
                    schema,
                    json!({ "uid": member, "attrs": {}, "parents": [parent] }),
                );
            }
        } else if entities.get(&uid).is_none() {
            let uid = json!(Uid::from(&uid));
            add(&mut entities, schema, json!({ "uid": uid, "attrs": {}, "parents": [] }));
        }
    }
    entities
}

/// Adds an entity if the schema takes it.
fn add(entities: &mut Entities, schema: &LoadedSchema, entity: Value) {
    let Ok(entity) = Entity::from_json_value(entity, Some(&schema.schema)) else { return };
    if let Ok(more) = entities.clone().add_entities([entity], Some(&schema.schema)) {
        *entities = more;
    }
}

/// The entities that a policy's head names, and whether it asks for their members.
fn named(body: &Template) -> Vec<(EntityUid, bool)> {
    let principal = match &body.principal {
        PrincipalConstraint::In(to) | PrincipalConstraint::IsIn(_, to) => Some((to, true)),
        PrincipalConstraint::Eq(to) => Some((to, false)),
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
    };
    let resource = match &body.resource {
        ResourceConstraint::In(to) | ResourceConstraint::IsIn(_, to) => Some((to, true)),
        ResourceConstraint::Eq(to) => Some((to, false)),
        ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
    };
    let both = principal.into_iter().chain(resource);
    both.filter_map(|(to, is_group)| Some((entity(to)?, is_group))).collect()
}

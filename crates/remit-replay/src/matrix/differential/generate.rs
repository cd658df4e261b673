//! Random policies, entities and requests from a seed, meant to be odd rather than likely.
//!
//! Expressions are mostly of the right type, and sometimes not; attributes are often missing, numbers
//! are often at the end of their range. Every operator that is written is counted.

use cedar_policy::{
    Context, Entities, EntityUid, Policy, PolicyId, PolicySet, Request, SlotId, Template,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

/// A world of entities, their variants by task, and requests with the variant that judges them.
pub(super) struct World {
    pub(super) base: Entities,
    pub(super) stores: Vec<Entities>,
    pub(super) requests: Vec<(Request, usize)>,
}

pub(super) struct Generator {
    state: u64,
    /// How often each operator was written.
    pub(super) operators: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Copy)]
enum Type {
    Bool,
    Long,
    Text,
    Entity,
    Set,
    Record,
    Decimal,
    Datetime,
    Duration,
    Ip,
}

const TYPES: [Type; 10] = [
    Type::Bool,
    Type::Long,
    Type::Text,
    Type::Entity,
    Type::Set,
    Type::Record,
    Type::Decimal,
    Type::Datetime,
    Type::Duration,
    Type::Ip,
];
const TEXTS: [&str; 8] = ["", "a", "ab", "b*", "srv/data", "1.5", "10.0.0.1", "ä€"];
const PATTERNS: [&str; 8] = ["*", "a*", "*b", r"b\*", "srv/*", "*a*a*", "", "*€"];
const LONGS: [i64; 7] = [0, 1, -1, 2, 7, i64::MAX, i64::MIN];
const DECIMALS: [&str; 5] = ["0.0", "1.5", "1.50", "-1.5", "922337203685477.5807"];
const DATETIMES: [&str; 5] = [
    "1970-01-01",
    "1969-12-31T23:59:59Z",
    "2026-01-02",
    "2026-01-02T03:04:05.006Z",
    "2026-01-02T03:04:05+0100",
];
const DURATIONS: [&str; 5] = ["0s", "1h", "60m", "-1d2h3m4s5ms", "9223372036854775807ms"];
const ADDRESSES: [&str; 6] =
    ["10.0.0.1", "10.0.0.1/32", "10.0.0.0/8", "127.0.0.1", "::1", "ff00::2"];
const UIDS: [&str; 12] = [
    r#"User::"u0""#,
    r#"User::"u1""#,
    r#"User::"u2""#,
    r#"User::"nobody""#,
    r#"Group::"g0""#,
    r#"Group::"g1""#,
    r#"Doc::"d0""#,
    r#"Doc::"d1""#,
    r#"Task::"t0""#,
    r#"Task::"t1""#,
    r#"Action::"read""#,
    r#"Action::"all""#,
];
const NAMES: [&str; 14] =
    ["b", "n", "s", "user", "set", "rec", "dec", "at", "dur", "ip", "deep", "odd", "in", "never"];

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Generator { state: seed, operators: BTreeMap::new() }
    }

    /// A number below `n` (splitmix64).
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn world(&mut self, rows: usize) -> World {
        let inherits = self.chance(30);
        let base = self.entities(inherits);
        let mut stores = vec![base.clone()];
        for user in ["u0", "u1", "nobody"] {
            for task in ["t0", "t1"] {
                stores.push(member(&base, user, task));
            }
        }
        let requests = (0..rows).map(|_| self.request()).collect();
        World { base, stores, requests }
    }

    fn entities(&mut self, inherits: bool) -> Entities {
        let mut all = Vec::new();
        for (id, parents) in [("u0", vec!["Group::g0"]), ("u1", vec!["Group::g1"]), ("u2", vec![])]
        {
            all.push(self.entity("User", id, parents));
        }
        all.push(self.entity("Group", "g0", vec!["Group::g1"]));
        all.push(self.entity("Group", "g1", vec![]));
        let owner = if inherits { "User::u0" } else { "Group::g0" };
        all.push(self.entity("Doc", "d0", vec![owner]));
        all.push(self.entity("Doc", "d1", vec![]));
        all.push(self.entity("Action", "read", vec!["Action::all"]));
        Entities::from_json_value(Value::Array(all), None).unwrap()
    }

    fn entity(&mut self, ty: &str, id: &str, parents: Vec<&str>) -> Value {
        let parent = |p: &&str| {
            let (ty, id) = p.split_once("::").unwrap();
            json!({ "type": ty, "id": id })
        };
        let action = ty == "Action";
        let attrs = if action { Map::new() } else { self.record(1) };
        let tags = if action { Map::new() } else { self.record(1) };
        json!({ "uid": { "type": ty, "id": id }, "attrs": attrs, "tags": tags,
            "parents": parents.iter().map(parent).collect::<Vec<_>>() })
    }

    fn request(&mut self) -> (Request, usize) {
        let store = self.below(7);
        let mut uid = |of: &[&str]| -> EntityUid { self.one(of).parse().unwrap() };
        let principal = match store {
            0 => uid(&UIDS[..4]),
            1 | 2 => uid(&UIDS[..1]),
            3 | 4 => uid(&UIDS[1..2]),
            _ => uid(&UIDS[3..4]),
        };
        let action = uid(&[r#"Action::"read""#, r#"Action::"write""#]);
        let resource = uid(&[UIDS[6], UIDS[7], UIDS[0], r#"Doc::"unknown""#]);
        let context = Context::from_json_value(Value::Object(self.record(2)), None).unwrap();
        (Request::new(principal, action, resource, context, None).unwrap(), store)
    }

    /// Attributes of the usual types, some missing, some odd.
    fn record(&mut self, depth: usize) -> Map<String, Value> {
        let types = [
            Type::Bool,
            Type::Long,
            Type::Text,
            Type::Entity,
            Type::Set,
            Type::Record,
            Type::Decimal,
            Type::Datetime,
            Type::Duration,
            Type::Ip,
        ];
        let mut record = Map::new();
        for (name, ty) in NAMES.iter().zip(types) {
            let ty = if self.chance(5) { TYPES[self.below(10)] } else { ty };
            if self.chance(80) {
                record.insert((*name).into(), self.json(ty, depth));
            }
        }
        if depth > 0 && self.chance(80) {
            record.insert("deep".into(), Value::Object(self.record(depth - 1)));
        }
        if self.chance(50) {
            let ty = TYPES[self.below(10)];
            record.insert("odd".into(), self.json(ty, depth));
        }
        record
    }

    fn json(&mut self, ty: Type, depth: usize) -> Value {
        let call = |function: &str, argument: &str| json!({ "__extn": { "fn": function, "arg": argument } });
        match ty {
            Type::Bool => json!(self.chance(50)),
            Type::Long if self.chance(50) => json!(self.below(40)),
            Type::Long => json!(LONGS[self.below(LONGS.len())]),
            Type::Text => json!(self.one(&TEXTS)),
            Type::Entity => {
                let uid: EntityUid = self.one(&UIDS).parse().unwrap();
                json!({ "__entity": { "type": uid.type_name().to_string(), "id": uid.id().unescaped() } })
            }
            Type::Set => {
                let ty = TYPES[self.below(4)];
                (0..self.below(4)).map(|_| self.json(ty, 0)).collect()
            }
            Type::Record if depth == 0 => json!({ "n": self.below(3) }),
            Type::Record => Value::Object(self.record(0)),
            Type::Decimal => call("decimal", self.one(&DECIMALS)),
            Type::Datetime => call("datetime", self.one(&DATETIMES)),
            Type::Duration => call("duration", self.one(&DURATIONS)),
            Type::Ip => call("ip", self.one(&ADDRESSES)),
        }
    }

    /// A set of `count` policies, some of them links of templates.
    pub(super) fn policies(&mut self, count: usize) -> PolicySet {
        let mut set = PolicySet::new();
        for n in 0..count {
            let text = self.policy();
            if self.chance(15) {
                self.count("template link");
                self.link(&mut set, n, &text);
            } else {
                let id = Some(PolicyId::new(format!("p{n}")));
                set.add(Policy::parse(id, &text).unwrap_or_else(|e| panic!("{e}: {text}")))
                    .unwrap();
            }
        }
        set
    }

    fn link(&mut self, set: &mut PolicySet, n: usize, text: &str) {
        let (effect, rest) = text.split_once('(').unwrap();
        let conditions = rest.split_once(')').unwrap().1;
        let text =
            format!("{effect}(principal in ?principal, action, resource == ?resource){conditions}");
        let id = PolicyId::new(format!("t{n}"));
        set.add_template(Template::parse(Some(id.clone()), text).unwrap()).unwrap();
        let mut uid = |of: &[&str]| self.one(of).parse().unwrap();
        let values = HashMap::from([
            (SlotId::principal(), uid(&UIDS[..6])),
            (SlotId::resource(), uid(&UIDS[6..8])),
        ]);
        set.link(id, PolicyId::new(format!("l{n}")), values).unwrap();
    }

    fn policy(&mut self) -> String {
        let effect = self.one(&["permit", "forbid", "permit"]);
        let principal = self.scope("principal");
        let action = self.one(&[
            "action",
            "action",
            "action",
            r#"action == Action::"read""#,
            r#"action in Action::"all""#,
            r#"action in [Action::"write", Action::"all"]"#,
        ]);
        let resource = self.scope("resource");
        let mut text = format!("{effect}({principal}, {action}, {resource})");
        for _ in 0..self.below(3) {
            let clause = self.one(&["when", "when", "unless"]);
            text += &format!(" {clause} {{ {} }}", self.expr(Type::Bool, 3));
        }
        text + ";"
    }

    fn scope(&mut self, var: &str) -> String {
        let (uid, ty) = (self.one(&UIDS[..10]), self.one(&["User", "Doc", "Group"]));
        match self.below(10) {
            0 => format!("{var} == {uid}"),
            1 => format!("{var} in {uid}"),
            2 => format!("{var} is {ty}"),
            3 => format!("{var} is {ty} in {uid}"),
            _ => var.to_owned(),
        }
    }

    fn count(&mut self, operator: &'static str) {
        *self.operators.entry(operator).or_default() += 1;
    }

    /// An expression, usually of type `ty`.
    fn expr(&mut self, ty: Type, depth: usize) -> String {
        let ty = if self.chance(4) { TYPES[self.below(10)] } else { ty };
        if depth == 0 || self.chance(15) {
            return self.leaf(ty);
        }
        if self.chance(6) {
            self.count("if");
            let (test, yes, no) = (
                self.expr(Type::Bool, depth - 1),
                self.expr(ty, depth - 1),
                self.expr(ty, depth - 1),
            );
            return format!("(if {test} then {yes} else {no})");
        }
        match ty {
            Type::Bool => self.condition(depth - 1),
            Type::Long => self.long(depth - 1),
            Type::Datetime | Type::Duration => self.time(ty, depth - 1),
            Type::Set | Type::Record => self.collection(ty, depth - 1),
            Type::Text | Type::Entity | Type::Decimal | Type::Ip => self.taken(ty, depth - 1),
        }
    }

    fn long(&mut self, depth: usize) -> String {
        match self.below(5) {
            0 => self.joined(["+", "-", "*"], Type::Long, depth),
            1 => {
                let text = format!("(-{})", self.expr(Type::Long, depth));
                self.counted("negation", text)
            }
            2 | 3 => {
                let names = ["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"];
                self.method(names, Type::Duration, None, depth)
            }
            _ => self.leaf(Type::Long),
        }
    }

    fn time(&mut self, ty: Type, depth: usize) -> String {
        match (self.below(3), matches!(ty, Type::Datetime)) {
            (0, true) => self.method(["offset"], Type::Datetime, Some(Type::Duration), depth),
            (1, true) => self.method(["toDate"], Type::Datetime, None, depth),
            (0, false) => {
                self.method(["durationSince"], Type::Datetime, Some(Type::Datetime), depth)
            }
            (1, false) => self.method(["toTime"], Type::Datetime, None, depth),
            _ => self.leaf(ty),
        }
    }

    fn collection(&mut self, ty: Type, depth: usize) -> String {
        if matches!(ty, Type::Record) {
            let (n, text) = (self.expr(Type::Long, depth), self.expr(Type::Text, depth));
            return self.counted("record literal", format!("{{ n: {n}, \"odd one\": {text} }}"));
        }
        let ty = TYPES[self.below(10)];
        let items: Vec<String> = (0..self.below(4)).map(|_| self.expr(ty, depth)).collect();
        self.counted("set literal", format!("[{}]", items.join(", ")))
    }

    /// From a tag, or from a text.
    fn taken(&mut self, ty: Type, depth: usize) -> String {
        let constructor = match ty {
            Type::Decimal => Some("decimal"),
            Type::Ip => Some("ip"),
            _ => None,
        };
        match (self.below(4), constructor) {
            (0, _) => self.method(["getTag"], Type::Entity, Some(Type::Text), depth),
            (1, Some(constructor)) => {
                let text = format!("{constructor}({})", self.expr(Type::Text, depth));
                self.counted("calculated constructor", text)
            }
            _ => self.leaf(ty),
        }
    }

    fn counted(&mut self, operator: &'static str, text: String) -> String {
        self.count(operator);
        format!("({text})")
    }

    fn joined<const N: usize>(
        &mut self,
        operators: [&'static str; N],
        ty: Type,
        depth: usize,
    ) -> String {
        let operator = self.one(&operators);
        self.count(operator);
        format!("({} {operator} {})", self.expr(ty, depth), self.expr(ty, depth))
    }

    fn method<const N: usize>(
        &mut self,
        names: [&'static str; N],
        of: Type,
        with: Option<Type>,
        depth: usize,
    ) -> String {
        let name = self.one(&names);
        self.count(name);
        let argument = with.map(|ty| self.expr(ty, depth)).unwrap_or_default();
        format!("({}).{name}({argument})", self.expr(of, depth))
    }

    fn condition(&mut self, depth: usize) -> String {
        use Type as T;
        match self.below(16) {
            0 | 1 => self.joined(["&&"], T::Bool, depth),
            2 | 3 => self.joined(["||"], T::Bool, depth),
            4 => {
                self.count("!");
                format!("(!({}))", self.expr(T::Bool, depth))
            }
            5 => {
                let ty = TYPES[self.below(10)];
                self.joined(["==", "!="], ty, depth)
            }
            6 => {
                let ty = [T::Long, T::Long, T::Datetime, T::Duration][self.below(4)];
                self.joined(["<", "<=", ">", ">="], ty, depth)
            }
            7 => {
                let names = ["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"];
                self.method(names, T::Decimal, Some(T::Decimal), depth)
            }
            8 => {
                let (text, pattern) = (self.expr(T::Text, depth), self.one(&PATTERNS));
                self.counted("like", format!("({text}) like \"{pattern}\""))
            }
            9 => self.has(depth),
            10 => {
                let (entity, ty) =
                    (self.expr(T::Entity, depth), self.one(&["User", "Doc", "Group"]));
                match self.chance(50) {
                    true => self.counted("is", format!("({entity}) is {ty}")),
                    false => {
                        let group = self.expr(T::Entity, depth);
                        self.counted("is in", format!("({entity}) is {ty} in ({group})"))
                    }
                }
            }
            11 => match self.chance(60) {
                true => self.joined(["in"], T::Entity, depth),
                false => {
                    let (entity, a, b) =
                        (self.expr(T::Entity, depth), self.one(&UIDS), self.expr(T::Entity, depth));
                    self.counted("in set", format!("({entity}) in [{a}, {b}]"))
                }
            },
            12 => {
                let ty = TYPES[self.below(10)];
                self.method(["contains"], T::Set, Some(ty), depth)
            }
            13 => match self.chance(30) {
                true => self.method(["isEmpty"], T::Set, None, depth),
                false => self.method(["containsAll", "containsAny"], T::Set, Some(T::Set), depth),
            },
            14 => match self.chance(50) {
                true => self.method(
                    ["isIpv4", "isIpv6", "isLoopback", "isMulticast"],
                    T::Ip,
                    None,
                    depth,
                ),
                false => self.method(["isInRange"], T::Ip, Some(T::Ip), depth),
            },
            _ => self.method(["hasTag"], T::Entity, Some(T::Text), depth),
        }
    }

    fn has(&mut self, depth: usize) -> String {
        let of = match self.below(4) {
            0 => "context".to_owned(),
            1 => self.expr(Type::Entity, depth),
            2 => self.expr(Type::Record, depth),
            _ => self
                .one(&["context.deep", "context.odd", "context.user", "context.deep.deep"])
                .to_owned(),
        };
        let name = NAMES[self.below(12)];
        match self.chance(30) {
            true => self.counted("has deep", format!("({of}) has deep.{name}")),
            false => self.counted("has", format!("({of}) has {name}")),
        }
    }

    fn leaf(&mut self, ty: Type) -> String {
        if self.chance(55) {
            return self.attribute(ty);
        }
        match ty {
            Type::Bool => self.one(&["true", "false"]).to_owned(),
            Type::Long => match LONGS[self.below(6)] {
                n if n < 0 => format!("({n})"),
                n => n.to_string(),
            },
            Type::Text => format!("{:?}", self.one(&TEXTS)),
            Type::Entity => match self.below(4) {
                0 => "principal".to_owned(),
                1 => "resource".to_owned(),
                2 => "action".to_owned(),
                _ => self.one(&UIDS).to_owned(),
            },
            Type::Set => r#"["a", "ab"]"#.to_owned(),
            Type::Record => self.one(&["context", "{}", "{ n: 1 }"]).to_owned(),
            Type::Decimal => format!("decimal({:?})", self.one(&DECIMALS)),
            Type::Datetime => format!("datetime({:?})", self.one(&DATETIMES)),
            Type::Duration => format!("duration({:?})", self.one(&DURATIONS)),
            Type::Ip => format!("ip({:?})", self.one(&ADDRESSES)),
        }
    }

    fn attribute(&mut self, ty: Type) -> String {
        let of = self.one(&[
            "context",
            "context",
            "context",
            "context.deep",
            "context.rec",
            "principal",
            "resource",
            "context.user",
            "context.odd",
            "principal.user",
            "resource.rec",
        ]);
        let name = match ty {
            _ if self.chance(5) => NAMES[self.below(NAMES.len())],
            Type::Record if self.chance(50) => "deep",
            _ => NAMES[TYPES.iter().position(|t| *t as usize == ty as usize).unwrap()],
        };
        self.counted("attribute", format!("{of}[{name:?}]"))
    }
}

fn member(base: &Entities, user: &str, task: &str) -> Entities {
    let uid: EntityUid = format!("User::{user:?}").parse().unwrap();
    let known = base.get(&uid).map(|e| e.to_json_value().unwrap());
    let mut entity = known.unwrap_or_else(
        || json!({ "uid": { "type": "User", "id": user }, "attrs": {}, "parents": [] }),
    );
    entity["parents"].as_array_mut().unwrap().push(json!({ "type": "Task", "id": task }));
    let entity = cedar_policy::Entity::from_json_value(entity, None).unwrap();
    base.clone().upsert_entities([entity], None).unwrap()
}

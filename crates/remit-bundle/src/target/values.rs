//! Values worth trying: what a policy compares with, and what lies just beside it.
//!
//! All in Cedar's JSON format. Nothing here decides: a candidate that does not do what it was made for
//! costs an evaluation, no more.

use std::collections::BTreeMap;

use cedar_policy::pst::{BinaryOp, Expr, Literal, PatternElem, UnaryOp, Var};
use remit_policy::{RecordModel, TypeModel};
use serde_json::{Map, Value, json};

/// An attribute below the context.
pub(crate) type Path = Vec<String>;

/// What to try at each path of the context; nothing stands for leaving it out.
pub(crate) type Pools = BTreeMap<Path, Vec<Option<Value>>>;

/// More values are not tried at one path.
const MOST_AT_A_PATH: usize = 24;

/// The values that the conditions of a policy make worth trying, for an action with this context.
/// `attribute` lists the values that an attribute of the principal or the resource has.
pub(crate) fn pools(
    conditions: &[&Expr],
    context: &RecordModel,
    attribute: &dyn Fn(&Var, &[String]) -> Vec<Value>,
) -> Pools {
    let mut collecting = Collecting { context, attribute, pools: Pools::new() };
    for condition in conditions {
        collecting.visit(condition);
    }
    let mut pools = collecting.pools;
    for values in pools.values_mut() {
        join_texts(values);
        values.truncate(MOST_AT_A_PATH);
    }
    pools
}

/// The names in `context.a.b`; nothing for what is no attribute of the context.
pub(crate) fn context_path(expr: &Expr) -> Option<Path> {
    match expr {
        Expr::Var(Var::Context) => Some(Path::new()),
        Expr::GetAttr { expr, attr } => {
            let mut path = context_path(expr)?;
            path.push(attr.to_string());
            Some(path)
        }
        _ => None,
    }
}

/// The type at a path, and whether all on the way to it must be there.
pub(crate) fn type_at<'m>(
    context: &'m RecordModel,
    path: &[String],
) -> Option<(&'m TypeModel, bool)> {
    let (name, rest) = path.split_first()?;
    let attribute = context.attributes.get(name)?;
    match (&attribute.ty, rest) {
        (ty, []) => Some((ty, attribute.required)),
        (TypeModel::Record(inner), rest) => {
            let (ty, required) = type_at(inner, rest)?;
            Some((ty, required && attribute.required))
        }
        _ => None,
    }
}

/// The plainest value of a type.
pub(crate) fn plain_value(ty: &TypeModel) -> Value {
    match ty {
        TypeModel::String => json!("x"),
        TypeModel::Long => json!(0),
        TypeModel::Bool => json!(false),
        TypeModel::Decimal => extension("decimal", "0.0"),
        TypeModel::Datetime => extension("datetime", "2024-01-01"),
        TypeModel::Duration => extension("duration", "0ms"),
        TypeModel::IpAddr => extension("ip", "192.0.2.1"),
        TypeModel::Set(_) => json!([]),
        TypeModel::Record(model) => plain_record(model),
        TypeModel::Entity(ty) => {
            json!({ "__entity": { "type": ty.to_string(), "id": "somebody" } })
        }
    }
}

/// A record with what must be in it.
pub(crate) fn plain_record(model: &RecordModel) -> Value {
    let required = model.attributes.iter().filter(|(_, attribute)| attribute.required);
    Value::Object(required.map(|(name, a)| (name.clone(), plain_value(&a.ty))).collect())
}

/// Puts a value at a path, or takes it away; records on the way are made.
pub(crate) fn put(record: &mut Value, model: &RecordModel, path: &[String], value: Option<Value>) {
    let (Some((name, rest)), Value::Object(members)) = (path.split_first(), record) else { return };
    if rest.is_empty() {
        match value {
            Some(value) => drop(members.insert(name.clone(), value)),
            None => drop(members.remove(name)),
        }
        return;
    }
    let Some(TypeModel::Record(inner)) = model.attributes.get(name).map(|a| &a.ty) else { return };
    if value.is_none() && !members.contains_key(name) {
        return;
    }
    let below = members.entry(name.clone()).or_insert_with(|| plain_record(inner));
    put(below, inner, rest, value);
}

fn extension(function: &str, argument: &str) -> Value {
    json!({ "__extn": { "fn": function, "arg": argument } })
}

struct Collecting<'c> {
    context: &'c RecordModel,
    attribute: &'c dyn Fn(&Var, &[String]) -> Vec<Value>,
    pools: Pools,
}

impl Collecting<'_> {
    fn visit(&mut self, expr: &Expr) {
        self.mention(expr);
        match expr {
            Expr::UnaryOp { op, expr } => {
                if *op == UnaryOp::IsEmpty {
                    self.offer(expr, self.element(expr).map(|item| json!([item])));
                }
                self.visit(expr);
            }
            Expr::BinaryOp { op, left, right } => {
                self.compare(*op, left, right);
                self.visit(left);
                self.visit(right);
            }
            Expr::GetAttr { expr, .. } => self.visit(expr),
            Expr::HasAttr { expr, attrs } => self.has(expr, attrs.iter().map(ToString::to_string)),
            Expr::Like { expr, pattern } => {
                let texts = ["", "x"].map(|wild| Value::String(filled(pattern, wild)));
                self.offer(expr, texts);
                self.visit(expr);
            }
            Expr::Is { expr, in_expr, .. } => {
                self.visit(expr);
                in_expr.iter().for_each(|group| self.visit(group));
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                [cond, then_expr, else_expr].into_iter().for_each(|part| self.visit(part));
            }
            Expr::Set(items) => items.iter().for_each(|item| self.visit(item)),
            Expr::Record(fields) => fields.values().for_each(|field| self.visit(field)),
            _ => {}
        }
    }

    /// A path that a policy reads is tried with its plainest values, and without any if it may lack.
    fn mention(&mut self, expr: &Expr) {
        if let Some(path) = context_path(expr) {
            self.mention_path(path);
        }
    }

    fn mention_path(&mut self, path: Path) {
        let Some((ty, required)) = type_at(self.context, &path) else { return };
        if self.pools.contains_key(&path) {
            return;
        }
        let mut values = Vec::new();
        if !required {
            values.push(None);
        }
        values.push(Some(plain_value(ty)));
        if *ty == TypeModel::Bool {
            values.push(Some(json!(true)));
        }
        self.pools.insert(path, values);
    }

    fn has(&mut self, of: &Expr, names: impl Iterator<Item = String>) {
        let Some(mut path) = context_path(of) else { return };
        for name in names {
            path.push(name);
            self.mention_path(path.clone());
        }
    }

    fn offer(&mut self, at: &Expr, values: impl IntoIterator<Item = Value>) {
        self.mention(at);
        let pool = context_path(at).and_then(|path| self.pools.get_mut(&path));
        let Some(pool) = pool else { return };
        for value in values {
            if !pool.contains(&Some(value.clone())) {
                pool.push(Some(value));
            }
        }
    }

    fn compare(&mut self, op: BinaryOp, left: &Expr, right: &Expr) {
        let is_set =
            matches!(op, BinaryOp::Contains | BinaryOp::ContainsAll | BinaryOp::ContainsAny);
        for (at, other) in [(left, right), (right, left)] {
            let mut values = self.values_of(other);
            if is_set && std::ptr::eq(at, left) {
                values = sets(&values);
            } else if is_set || op == BinaryOp::In {
                values = values.iter().flat_map(elements).collect();
            }
            self.offer_below(at, &values);
        }
    }

    /// Offers values to a path, or to each path of a sum.
    fn offer_below(&mut self, at: &Expr, values: &[Value]) {
        match at {
            Expr::BinaryOp { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, left, right } => {
                self.offer_below(left, values);
                self.offer_below(right, values);
            }
            Expr::UnaryOp { expr, .. } => self.offer_below(expr, values),
            Expr::BinaryOp { op: BinaryOp::Offset | BinaryOp::DurationSince, left, right } => {
                self.offer_below(left, values);
                self.offer_below(right, values);
            }
            _ => self.offer(at, values.iter().cloned()),
        }
    }

    /// What an expression could be: a constant and its neighbours, or the values of an attribute.
    fn values_of(&self, expr: &Expr) -> Vec<Value> {
        if let Some(value) = constant(expr) {
            return neighbours(value);
        }
        let (var, names) = match chain(expr) {
            Some(chain) => chain,
            None => return Vec::new(),
        };
        match var {
            Var::Context => {
                self.pools.get(&names).into_iter().flatten().flatten().cloned().collect()
            }
            Var::Principal | Var::Resource => (self.attribute)(var, &names),
            Var::Action => Vec::new(),
        }
    }

    fn element(&self, expr: &Expr) -> Option<Value> {
        let path = context_path(expr)?;
        match type_at(self.context, &path)?.0 {
            TypeModel::Set(element) => Some(plain_value(element)),
            _ => None,
        }
    }
}

/// The variable at the start of a chain of attributes, and their names.
pub(crate) fn chain(expr: &Expr) -> Option<(&Var, Path)> {
    match expr {
        Expr::Var(var) => Some((var, Path::new())),
        Expr::GetAttr { expr, attr } => {
            let (var, mut names) = chain(expr)?;
            names.push(attr.to_string());
            Some((var, names))
        }
        _ => None,
    }
}

/// The value of an expression that has only one.
pub(crate) fn constant(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::Literal(Literal::Bool(b)) => Some(json!(b)),
        Expr::Literal(Literal::Long(n)) => Some(json!(n)),
        Expr::Literal(Literal::String(text)) => Some(json!(text.as_str())),
        Expr::Literal(Literal::EntityUID(uid)) => {
            Some(json!({ "__entity": { "type": uid.ty.to_string(), "id": uid.eid.as_str() } }))
        }
        Expr::UnaryOp { op, expr } => call(*op, expr),
        Expr::Set(items) => items.iter().map(|item| constant(item)).collect(),
        Expr::Record(fields) => {
            let member =
                |(name, e): (&String, &std::sync::Arc<Expr>)| Some((name.clone(), constant(e)?));
            fields.iter().map(member).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        _ => None,
    }
}

fn call(op: UnaryOp, argument: &Expr) -> Option<Value> {
    let argument = constant(argument)?;
    if op == UnaryOp::Neg {
        return argument.as_i64()?.checked_neg().map(Value::from);
    }
    let function = match op {
        UnaryOp::Decimal => "decimal",
        UnaryOp::Datetime => "datetime",
        UnaryOp::Duration => "duration",
        UnaryOp::Ip => "ip",
        _ => return None,
    };
    Some(extension(function, argument.as_str()?))
}

/// A value, and what lies on either side of it.
fn neighbours(value: Value) -> Vec<Value> {
    let mut near = vec![value.clone()];
    match &value {
        Value::Number(n) => {
            let beside = |by| n.as_i64().and_then(|n| n.checked_add(by)).map(Value::from);
            near.extend([1, -1].into_iter().filter_map(beside));
        }
        Value::String(text) => near.push(json!(format!("{text}x"))),
        Value::Bool(b) => near.push(json!(!b)),
        Value::Object(members) => near.extend(near_extension(members)),
        Value::Array(items) => near.extend(items.iter().map(|item| json!([item]))),
        Value::Null => {}
    }
    near
}

fn near_extension(call: &Map<String, Value>) -> Vec<Value> {
    let call = call.get("__extn");
    let part = |name: &str| call?.get(name)?.as_str();
    let (Some(function), Some(argument)) = (part("fn"), part("arg")) else { return Vec::new() };
    let others: Vec<String> = match function {
        "decimal" => beside_decimal(argument),
        "datetime" => ["1970-01-01", "9999-12-31"].map(str::to_owned).into(),
        "duration" => ["0ms", "-1ms", "3650d"].map(str::to_owned).into(),
        "ip" => {
            let first = argument.split('/').next().unwrap_or(argument);
            [first, "192.0.2.1", "2001:db8::1"].map(str::to_owned).into()
        }
        _ => Vec::new(),
    };
    others.iter().map(|argument| extension(function, argument)).collect()
}

/// One ten-thousandth more and less.
fn beside_decimal(text: &str) -> Vec<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits: String = format!("{fraction:0<4}");
    let scaled = format!("{whole}{digits}").parse::<i64>();
    let write = |n: i64| {
        let sign = if n < 0 { "-" } else { "" };
        format!("{sign}{}.{:04}", n.unsigned_abs() / 10_000, n.unsigned_abs() % 10_000)
    };
    let beside = |by| scaled.as_ref().ok().and_then(|n| n.checked_add(by)).map(write);
    [1, -1].into_iter().filter_map(beside).collect()
}

/// Sets that hold some of the values.
fn sets(values: &[Value]) -> Vec<Value> {
    let items: Vec<&Value> = values.iter().flat_map(parts).collect();
    let mut sets: Vec<Value> = items.iter().map(|item| json!([item])).collect();
    sets.extend(values.iter().filter(|value| value.is_array()).cloned());
    sets
}

fn parts(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        other => vec![other],
    }
}

fn elements(value: &Value) -> Vec<Value> {
    parts(value).into_iter().cloned().collect()
}

/// A pattern with something in place of each star.
fn filled(pattern: &[PatternElem], wild: &str) -> String {
    let mut text = String::new();
    for element in pattern {
        match element {
            PatternElem::Char(c) => text.push(*c),
            PatternElem::Wildcard => text.push_str(wild),
        }
    }
    text
}

/// Texts that are worth trying alone may be needed together: one pattern's and another's.
fn join_texts(values: &mut Vec<Option<Value>>) {
    let texts: Vec<String> =
        values.iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect();
    for first in &texts {
        for second in texts.iter().filter(|second| *second != first) {
            if values.len() >= MOST_AT_A_PATH {
                return;
            }
            let joined = Some(json!(format!("{first}{second}")));
            if !values.contains(&joined) {
                values.push(joined);
            }
        }
    }
}

//! A Cedar policy in Rego, with Cedar's three outcomes.
//!
//! Each part of a condition becomes a rule that is `true`, `false`, or undefined where Cedar's evaluation
//! fails, with Cedar's order of `&&`, `||` and `if`: so a policy that fails is skipped there too, and a
//! negation of what fails does not hold. What is not in the subset is refused by name.

use std::collections::BTreeSet;

use cedar_policy::pst::{
    ActionConstraint, BinaryOp, Clause, EntityOrSlot, EntityUID, Expr, Literal, PatternElem,
    PrincipalConstraint, ResourceConstraint, Template, UnaryOp, Var,
};
use remit_policy::{ActionModel, TypeModel};
use serde_json::{Value, json};

use super::values::{chain, type_at};

/// The rules that all policies of a package share. `ENTITIES` is where its entities are.
pub(crate) const HELPERS: &str = r#"
default allow := false

allow if {
	count(permits) > 0
	count(forbids) == 0
}

default reasons := set()

reasons := forbids if count(forbids) > 0

reasons := permits if {
	count(forbids) == 0
	count(permits) > 0
}

within(one, other) if one == other

within(one, other) if {
	some ancestor in ENTITIES[one.type][one.id].ancestors
	ancestor == other
}

holds_attribute(one, name) if name in object.keys(ENTITIES[one.type][one.id].attrs)

without_zeros(digits) := trim_left(digits, "0")

natural(digits) := to_number(without_zeros(digits)) if without_zeros(digits) != ""

natural(digits) := 0 if without_zeros(digits) == ""

sign(text) := -1 if startswith(text, "-")

sign(text) := 1 if not startswith(text, "-")

ten_thousandths(value) := sign(text) * ((natural(parts[0]) * 10000) + natural(substring(concat("", [parts[1], "0000"]), 0, 4))) if {
	value.__extn.fn == "decimal"
	text := value.__extn.arg
	parts := split(trim_left(text, "-"), ".")
}
"#;

/// The rules of one policy.
pub(crate) struct Rules {
    /// Rego, each rule with its name's prefix.
    pub(crate) text: String,
    /// What is not in the subset. The rules then say only what the head says.
    pub(crate) refused: Option<String>,
}

/// What a part is, as far as Rego must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    /// Text, whole number or decimal (in ten-thousandths): what JSON compares as Cedar does.
    Scalar,
    Entity,
    /// A set of scalars.
    Scalars,
    /// A set of entities that a policy lists.
    Entities,
    Record,
}

/// A part: a term of Rego.
#[derive(Clone, Debug)]
struct Term {
    text: String,
    kind: Kind,
}

/// The rules of a policy whose name's prefix is `prefix`, for the actions that its head lets through.
pub(crate) fn rules(
    body: &Template,
    prefix: &str,
    actions: &[&ActionModel],
    entities: &Known<'_>,
) -> Rules {
    let mut writer = Writer { prefix, actions, entities, text: head(body, prefix), count: 0 };
    let effect = match body.effect {
        cedar_policy::pst::Effect::Permit => "permits",
        cedar_policy::pst::Effect::Forbid => "forbids",
    };
    let id = json!(body.id.0.as_str());
    let conditions: Result<Vec<String>, String> = body
        .clauses()
        .iter()
        .map(|clause| match clause {
            Clause::When(expr) => Ok(format!("{} == true", writer.boolean(expr)?)),
            Clause::Unless(expr) => Ok(format!("{} == false", writer.boolean(expr)?)),
        })
        .collect();
    match conditions {
        Ok(conditions) => {
            let lines: String = conditions.iter().map(|line| format!("\t{line}\n")).collect();
            writer.text += &format!("\n{effect} contains {id} if {{\n\t{prefix}_head\n{lines}}}\n");
            Rules { text: writer.text, refused: None }
        }
        Err(why) => {
            let mut text = head(body, prefix);
            if effect == "forbids" {
                text += &format!("\nforbids contains {id} if {prefix}_head\n");
            } else {
                text.clear();
            }
            Rules { text, refused: Some(why) }
        }
    }
}

/// What a policy's head says.
fn head(body: &Template, prefix: &str) -> String {
    let mut lines = Vec::new();
    let is = |var: &str, ty: &dyn std::fmt::Display| {
        format!("input.{var}.type == {}", json!(ty.to_string()))
    };
    let equals = |var: &str, to: &EntityOrSlot| format!("input.{var} == {}", slot(to));
    let within = |var: &str, to: &EntityOrSlot| format!("within(input.{var}, {})", slot(to));
    match &body.principal {
        PrincipalConstraint::Any => {}
        PrincipalConstraint::Eq(to) => lines.push(equals("principal", to)),
        PrincipalConstraint::In(to) => lines.push(within("principal", to)),
        PrincipalConstraint::Is(ty) => lines.push(is("principal", ty)),
        PrincipalConstraint::IsIn(ty, to) => {
            lines.extend([is("principal", ty), within("principal", to)]);
        }
    }
    match &body.resource {
        ResourceConstraint::Any => {}
        ResourceConstraint::Eq(to) => lines.push(equals("resource", to)),
        ResourceConstraint::In(to) => lines.push(within("resource", to)),
        ResourceConstraint::Is(ty) => lines.push(is("resource", ty)),
        ResourceConstraint::IsIn(ty, to) => {
            lines.extend([is("resource", ty), within("resource", to)]);
        }
    }
    match &body.action {
        ActionConstraint::Any => {}
        ActionConstraint::Eq(to) => lines.push(format!("input.action == {}", entity(to))),
        ActionConstraint::In(all) => {
            let all: Vec<String> = all.iter().map(entity).collect();
            lines.push(format!("some group in [{}]", all.join(", ")));
            lines.push("within(input.action, group)".to_owned());
        }
    }
    if lines.is_empty() {
        lines.push("true".to_owned());
    }
    let lines: String = lines.iter().map(|line| format!("\t{line}\n")).collect();
    format!("\n{prefix}_head if {{\n{lines}}}\n")
}

fn slot(to: &EntityOrSlot) -> String {
    match to {
        EntityOrSlot::Entity(uid) => entity(uid),
        // Templates are linked before they are exported.
        EntityOrSlot::Slot(_) => "null".to_owned(),
    }
}

fn entity(uid: &EntityUID) -> String {
    json!({ "type": uid.ty.to_string(), "id": uid.eid.as_str() }).to_string()
}

struct Writer<'a> {
    prefix: &'a str,
    actions: &'a [&'a ActionModel],
    entities: &'a Known<'a>,
    text: String,
    count: usize,
}

/// The entities that rules ask.
pub(crate) struct Known<'a> {
    /// Where they are.
    pub(crate) path: &'a str,
    /// As the workspace has them.
    pub(crate) entities: &'a [Value],
}

impl Known<'_> {
    /// What all values of an attribute are, in whichever entity it is.
    fn kind(&self, name: &str) -> Option<Kind> {
        let values = self.entities.iter().filter_map(|entity| entity.get("attrs")?.get(name));
        let mut kinds: Vec<Option<Kind>> = values.map(kind_of).collect();
        kinds.dedup();
        match kinds.as_slice() {
            [one] => *one,
            _ => None,
        }
    }
}

fn kind_of(value: &Value) -> Option<Kind> {
    match value {
        Value::Bool(_) => Some(Kind::Bool),
        Value::Number(_) | Value::String(_) => Some(Kind::Scalar),
        Value::Array(items) => {
            items.iter().all(|item| kind_of(item) == Some(Kind::Scalar)).then_some(Kind::Scalars)
        }
        Value::Null | Value::Object(_) => None,
    }
}

impl Writer<'_> {
    fn name(&mut self) -> String {
        self.count += 1;
        format!("{}_{}", self.prefix, self.count)
    }

    /// A rule with its values and the conditions for each.
    fn rule(&mut self, values: &[(&str, Vec<String>)], kind: Kind) -> Term {
        let name = self.name();
        for (value, conditions) in values {
            let lines: String = conditions.iter().map(|line| format!("\t{line}\n")).collect();
            self.text += &format!("\n{name} := {value} if {{\n{lines}}}\n");
        }
        Term { text: name, kind }
    }

    /// A rule that is true under one condition and false under the other, once its parts have a value.
    fn truth(&mut self, parts: &[String], holds: &str, fails: &str) -> Term {
        let with = |last: &str| parts.iter().cloned().chain([last.to_owned()]).collect();
        self.rule(&[("true", with(holds)), ("false", with(fails))], Kind::Bool)
    }

    fn boolean(&mut self, expr: &Expr) -> Result<String, String> {
        let term = self.part(expr)?;
        match term.kind {
            Kind::Bool => Ok(term.text),
            _ => Err("a part that is neither true nor false".to_owned()),
        }
    }

    fn part(&mut self, expr: &Expr) -> Result<Term, String> {
        match expr {
            Expr::Literal(literal) => constant(literal),
            Expr::Var(var) => self.variable(var),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { op, left, right } => self.binary(*op, left, right),
            Expr::GetAttr { expr: of, attr } => self.attribute(expr, of, attr),
            Expr::HasAttr { expr, attrs } => {
                let names: Vec<String> = attrs.iter().map(ToString::to_string).collect();
                self.has(expr, &names)
            }
            Expr::Like { expr, pattern } => {
                let term = self.part(expr)?;
                let matches = format!("regex.match({}, value)", json!(regex(pattern)));
                let value = format!("value := {}", term.text);
                Ok(self.truth(&[value], &matches, &format!("not {matches}")))
            }
            Expr::Is { expr, entity_type, in_expr } => {
                let term = self.entity(expr)?;
                let is = format!("one.type == {}", json!(entity_type.to_string()));
                let value = format!("one := {term}");
                let is = self.truth(&[value], &is, &format!("not {is}"));
                match in_expr {
                    None => Ok(is),
                    Some(group) => {
                        let member = self.binary(BinaryOp::In, expr, group)?;
                        Ok(self.both(BinaryOp::And, &is.text, &member.text))
                    }
                }
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                self.choice(cond, then_expr, else_expr)
            }
            Expr::Set(items) => self.set(items),
            Expr::Record(_) => Err("a record that a policy writes".to_owned()),
            _ => Err("an expression that Cedar 4.11 does not have".to_owned()),
        }
    }

    fn variable(&mut self, var: &Var) -> Result<Term, String> {
        let (text, kind) = match var {
            Var::Principal => ("input.principal", Kind::Entity),
            Var::Action => ("input.action", Kind::Entity),
            Var::Resource => ("input.resource", Kind::Entity),
            Var::Context => ("input.context", Kind::Record),
        };
        Ok(Term { text: text.to_owned(), kind })
    }

    fn entity(&mut self, expr: &Expr) -> Result<String, String> {
        let term = self.part(expr)?;
        if term.kind == Kind::Entity { Ok(term.text) } else { Err("what is no entity".to_owned()) }
    }

    fn choice(&mut self, cond: &Expr, then: &Expr, other: &Expr) -> Result<Term, String> {
        let cond = self.boolean(cond)?;
        let (then, other) = (self.part(then)?, self.part(other)?);
        if then.kind != other.kind {
            return Err("an `if` whose branches are of different kinds".to_owned());
        }
        let values = [
            (then.text.as_str(), vec![format!("{cond} == true")]),
            (other.text.as_str(), vec![format!("{cond} == false")]),
        ];
        Ok(self.rule(&values, then.kind))
    }

    fn both(&mut self, op: BinaryOp, left: &str, right: &str) -> Term {
        let (ends, goes_on) =
            if op == BinaryOp::And { ("false", "true") } else { ("true", "false") };
        let values = [
            (ends, vec![format!("{left} == {ends}")]),
            (right, vec![format!("{left} == {goes_on}")]),
        ];
        self.rule(&values, Kind::Bool)
    }

    fn unary(&mut self, op: UnaryOp, expr: &Expr) -> Result<Term, String> {
        match op {
            UnaryOp::Not => {
                let of = self.boolean(expr)?;
                let when = |value: &str| vec![format!("{of} == {value}")];
                Ok(self.rule(&[("false", when("true")), ("true", when("false"))], Kind::Bool))
            }
            UnaryOp::Neg => {
                let of = self.part(expr)?;
                let number = format!("number := 0 - {}", of.text);
                Ok(self.rule(&[("number", in_range(number))], Kind::Scalar))
            }
            UnaryOp::IsEmpty => {
                let of = self.part(expr)?;
                let value = format!("value := {}", of.text);
                Ok(self.truth(&[value], "count(value) == 0", "count(value) > 0"))
            }
            UnaryOp::Decimal => decimal(expr),
            other => Err(format!("`{other}(…)`")),
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Result<Term, String> {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                let (left, right) = (self.boolean(left)?, self.boolean(right)?);
                Ok(self.both(op, &left, &right))
            }
            BinaryOp::Eq => self.equal(left, right, ("==", "!=")),
            BinaryOp::NotEq => self.equal(left, right, ("!=", "==")),
            BinaryOp::Less | BinaryOp::DecimalLessThan => self.compare(left, right, ("<", ">=")),
            BinaryOp::LessEq | BinaryOp::DecimalLessEq => self.compare(left, right, ("<=", ">")),
            BinaryOp::Greater | BinaryOp::DecimalGreater => self.compare(left, right, (">", "<=")),
            BinaryOp::GreaterEq | BinaryOp::DecimalGreaterEq => {
                self.compare(left, right, (">=", "<"))
            }
            BinaryOp::Add => self.number(left, "+", right),
            BinaryOp::Sub => self.number(left, "-", right),
            BinaryOp::Mul => self.number(left, "*", right),
            BinaryOp::In => self.member(left, right),
            BinaryOp::Contains | BinaryOp::ContainsAll | BinaryOp::ContainsAny => {
                self.contains(op, left, right)
            }
            BinaryOp::GetTag | BinaryOp::HasTag => Err("tags of entities".to_owned()),
            BinaryOp::IsInRange => Err("`isInRange(…)`".to_owned()),
            BinaryOp::Offset => Err("`offset(…)`".to_owned()),
            BinaryOp::DurationSince => Err("`durationSince(…)`".to_owned()),
            _ => Err("an operator that Cedar 4.11 does not have".to_owned()),
        }
    }

    fn operands(&mut self, left: &Expr, right: &Expr) -> Result<(Term, Term, [String; 2]), String> {
        let (left, right) = (self.part(left)?, self.part(right)?);
        let bound = [format!("one := {}", left.text), format!("other := {}", right.text)];
        Ok((left, right, bound))
    }

    fn equal(
        &mut self,
        left: &Expr,
        right: &Expr,
        (yes, no): (&str, &str),
    ) -> Result<Term, String> {
        let (left, right, bound) = self.operands(left, right)?;
        let simple = |kind| matches!(kind, Kind::Bool | Kind::Scalar | Kind::Entity);
        let (holds, fails) = match (left.kind, right.kind) {
            (one, other) if one == other && simple(one) => {
                (format!("one {yes} other"), format!("one {no} other"))
            }
            (Kind::Scalars, Kind::Scalars) => {
                let sets =
                    |op| format!("{{item | some item in one}} {op} {{item | some item in other}}");
                (sets(yes), sets(no))
            }
            _ => return Err("`==` between records, or sets of records or entities".to_owned()),
        };
        Ok(self.truth(&bound, &holds, &fails))
    }

    fn compare(
        &mut self,
        left: &Expr,
        right: &Expr,
        (yes, no): (&str, &str),
    ) -> Result<Term, String> {
        let (left, right, bound) = self.operands(left, right)?;
        if (left.kind, right.kind) != (Kind::Scalar, Kind::Scalar) {
            return Err("a comparison of what is no number".to_owned());
        }
        Ok(self.truth(&bound, &format!("one {yes} other"), &format!("one {no} other")))
    }

    fn number(&mut self, left: &Expr, op: &str, right: &Expr) -> Result<Term, String> {
        let (_, _, bound) = self.operands(left, right)?;
        let mut lines: Vec<String> = bound.into();
        lines.extend(in_range(format!("number := one {op} other")));
        Ok(self.rule(&[("number", lines)], Kind::Scalar))
    }

    fn member(&mut self, left: &Expr, right: &Expr) -> Result<Term, String> {
        let (left, right, bound) = self.operands(left, right)?;
        let groups = match (left.kind, right.kind) {
            (Kind::Entity, Kind::Entity) => "[other]",
            (Kind::Entity, Kind::Entities) => "other",
            _ => return Err("`in` of what is no entity".to_owned()),
        };
        let found = format!("found := [group | some group in {groups}; within(one, group)]");
        let lines: Vec<String> = bound.into_iter().chain([found]).collect();
        Ok(self.truth(&lines, "count(found) > 0", "count(found) == 0"))
    }

    fn contains(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Result<Term, String> {
        let (left, right, bound) = self.operands(left, right)?;
        let single = match (left.kind, right.kind) {
            (Kind::Scalars, Kind::Scalar | Kind::Bool) | (Kind::Entities, Kind::Entity) => true,
            (Kind::Scalars, Kind::Scalars) | (Kind::Entities, Kind::Entities) => false,
            _ => return Err("a set of records, or of entities that the request names".to_owned()),
        };
        let counted = match op {
            BinaryOp::Contains if single => "found := [item | some item in one; item == other]",
            BinaryOp::ContainsAny if !single => {
                "found := [item | some item in one; some wanted in other; item == wanted]"
            }
            BinaryOp::ContainsAll if !single => {
                "found := {wanted | some wanted in other} - {item | some item in one}"
            }
            _ => return Err("a set of sets".to_owned()),
        };
        let lines: Vec<String> = bound.into_iter().chain([counted.to_owned()]).collect();
        let (some, none) = ("count(found) > 0", "count(found) == 0");
        Ok(match op {
            BinaryOp::ContainsAll => self.truth(&lines, none, some),
            _ => self.truth(&lines, some, none),
        })
    }

    fn set(&mut self, items: &[std::sync::Arc<Expr>]) -> Result<Term, String> {
        let items = items.iter().map(|item| self.part(item)).collect::<Result<Vec<_>, _>>()?;
        let kinds: BTreeSet<&str> = items
            .iter()
            .map(|item| match item.kind {
                Kind::Entity => "entity",
                Kind::Scalar | Kind::Bool => "scalar",
                Kind::Scalars | Kind::Entities | Kind::Record => "other",
            })
            .collect();
        let kind = match kinds.iter().next() {
            Some(&"entity") if kinds.len() == 1 => Kind::Entities,
            Some(&"scalar") if kinds.len() == 1 => Kind::Scalars,
            None => Kind::Scalars,
            _ => return Err("a set of sets or of records".to_owned()),
        };
        let list: Vec<String> = items.into_iter().map(|item| item.text).collect();
        let value = format!("value := [{}]", list.join(", "));
        Ok(self.rule(&[("value", vec![value])], kind))
    }

    fn attribute(&mut self, whole: &Expr, of: &Expr, name: &str) -> Result<Term, String> {
        match chain(whole) {
            Some((Var::Context, path)) => self.context(&path),
            Some((Var::Principal | Var::Resource, path)) if path.len() == 1 => {
                let one = self.entity(of)?;
                self.entity_attribute(&one, name)
            }
            _ => Err(format!("an attribute of an attribute: `.{name}`")),
        }
    }

    /// The schema's model does not say the types of entities' attributes: the values do.
    fn entity_attribute(&mut self, one: &str, name: &str) -> Result<Term, String> {
        let kind = self.entities.kind(name);
        let kind = kind.ok_or_else(|| format!("the attribute `{name}` of entities"))?;
        let path = self.entities.path;
        let bound = vec![
            format!("one := {one}"),
            format!("value := {path}[one.type][one.id].attrs[{}]", json!(name)),
        ];
        Ok(self.rule(&[("value", bound)], kind))
    }

    fn context(&mut self, path: &[String]) -> Result<Term, String> {
        let kinds: BTreeSet<String> = self
            .actions
            .iter()
            .filter_map(|action| type_at(&action.context, path))
            .map(|(ty, _)| format!("{ty:?}"))
            .collect();
        if kinds.len() > 1 {
            return Err(format!("`context.{}`, which has several types", path.join(".")));
        }
        let found = self.actions.iter().find_map(|action| type_at(&action.context, path));
        let reference: String = path.iter().map(|name| format!("[{}]", json!(name))).collect();
        let reference = format!("input.context{reference}");
        let unknown = |what: &str| Err(format!("`context.{}`, {what}", path.join(".")));
        let kind = match found.map(|(ty, _)| ty) {
            Some(TypeModel::String | TypeModel::Long) => Kind::Scalar,
            Some(TypeModel::Bool) => Kind::Bool,
            Some(TypeModel::Record(_)) => Kind::Record,
            Some(TypeModel::Decimal) => {
                let value = format!("value := ten_thousandths({reference})");
                return Ok(self.rule(&[("value", vec![value])], Kind::Scalar));
            }
            Some(TypeModel::Entity(_)) => {
                let value = format!("value := {reference}.__entity");
                return Ok(self.rule(&[("value", vec![value])], Kind::Entity));
            }
            Some(TypeModel::Set(element)) => match element.as_ref() {
                TypeModel::String | TypeModel::Long | TypeModel::Bool => Kind::Scalars,
                _ => return unknown("a set of more than texts and numbers"),
            },
            Some(TypeModel::Datetime) => return unknown("a time"),
            Some(TypeModel::Duration) => return unknown("a length of time"),
            Some(TypeModel::IpAddr) => return unknown("an address"),
            None => return unknown("of which the schema says nothing"),
        };
        // A reference that is false would end a body: the value is bound first.
        let value = format!("value := {reference}");
        Ok(self.rule(&[("value", vec![value])], kind))
    }

    fn has(&mut self, of: &Expr, names: &[String]) -> Result<Term, String> {
        let (var, mut path) = chain(of).ok_or("`has` of what is no variable's attribute")?;
        let var = var.clone();
        let mut all: Option<Term> = None;
        for name in names {
            let one = self.has_one(&var, &path, name)?;
            all = Some(match all {
                None => one,
                Some(before) => self.both(BinaryOp::And, &before.text, &one.text),
            });
            path.push(name.clone());
        }
        all.ok_or_else(|| "`has` of nothing".to_owned())
    }

    fn has_one(&mut self, var: &Var, path: &[String], name: &str) -> Result<Term, String> {
        let name = json!(name);
        match (var, path) {
            (Var::Context, path) => {
                let reference: String = path.iter().map(|n| format!("[{}]", json!(n))).collect();
                let record = format!("record := input.context{reference}");
                let has = format!("{name} in object.keys(record)");
                Ok(self.truth(&[record], &has, &format!("not {has}")))
            }
            (Var::Principal, []) | (Var::Resource, []) => {
                let one = if *var == Var::Principal { "principal" } else { "resource" };
                let one = format!("one := input.{one}");
                let has = format!("holds_attribute(one, {name})");
                Ok(self.truth(&[one], &has, &format!("not {has}")))
            }
            _ => Err(format!("`has` of an attribute of an entity: {name}")),
        }
    }
}

fn constant(literal: &Literal) -> Result<Term, String> {
    let (text, kind) = match literal {
        Literal::Bool(b) => (b.to_string(), Kind::Bool),
        Literal::Long(n) => (n.to_string(), Kind::Scalar),
        Literal::String(text) => (json!(text.as_str()).to_string(), Kind::Scalar),
        Literal::EntityUID(uid) => (entity(uid), Kind::Entity),
        _ => return Err("a literal that Cedar 4.11 does not have".to_owned()),
    };
    Ok(Term { text, kind })
}

/// A decimal as a number of ten-thousandths.
fn decimal(expr: &Expr) -> Result<Term, String> {
    let Expr::Literal(Literal::String(text)) = expr else {
        return Err("`decimal(…)` of what is no constant".to_owned());
    };
    let (whole, fraction) = text.split_once('.').ok_or("a decimal without a point")?;
    let scaled = format!("{whole}{fraction:0<4}").parse::<i64>();
    let scaled = scaled.map_err(|_| "a decimal that is out of range".to_owned())?;
    Ok(Term { text: scaled.to_string(), kind: Kind::Scalar })
}

fn in_range(number: String) -> Vec<String> {
    let bounds = [format!("number >= {}", i64::MIN), format!("number <= {}", i64::MAX)];
    std::iter::once(number).chain(bounds).collect()
}

/// A pattern as a regular expression over the whole text.
fn regex(pattern: &[PatternElem]) -> String {
    let mut text = String::from("(?s)\\A");
    for element in pattern {
        match element {
            PatternElem::Wildcard => text.push_str(".*"),
            PatternElem::Char(c) => {
                text.extend(r"\.+*?()|[]{}^$".contains(*c).then_some('\\'));
                text.push(*c);
            }
        }
    }
    text.push_str("\\z");
    text
}

/// What rules ask of entities: attributes by type and id, and all groups above.
pub(crate) fn data(entities: &[Value]) -> Result<Value, String> {
    let known = cedar_policy::Entities::from_json_value(Value::Array(entities.to_vec()), None);
    let known = known.map_err(|error| error.to_string())?;
    let mut all: Vec<_> = known.iter().collect();
    all.sort_by_key(|entity| entity.uid().to_string());
    let mut data = json!({});
    for entity in all {
        let uid = entity.uid();
        let pair = |uid: &cedar_policy::EntityUid| json!(super::vectors::Uid::from(uid));
        let mut ancestors: Vec<_> = known.ancestors(&uid).into_iter().flatten().collect();
        ancestors.sort_by_key(ToString::to_string);
        let ancestors: Vec<Value> = ancestors.into_iter().map(pair).collect();
        let json = entity.to_json_value().map_err(|error| error.to_string())?;
        let json = super::derive::in_order(json);
        let attrs = json.get("attrs").cloned().unwrap_or_else(|| json!({}));
        let of_type = data.as_object_mut().ok_or("no object")?;
        let of_type = of_type.entry(uid.type_name().to_string()).or_insert_with(|| json!({}));
        if let Some(of_type) = of_type.as_object_mut() {
            let said = json!({ "attrs": attrs, "ancestors": ancestors });
            of_type.insert(uid.id().unescaped().to_owned(), said);
        }
    }
    Ok(data)
}

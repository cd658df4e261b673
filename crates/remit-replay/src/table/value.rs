//! One value of a request, in the form that the matrix compares.
//!
//! Two values are equal here exactly when Cedar says so: what Cedar writes in several ways (`1.0` and
//! `1.00`, two spellings of an address or a time) has one form. Not here: evaluating anything.

use super::literal;
use cedar_policy::{Context, EntityUid, EvalResult, RestrictedExpression};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A Cedar value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Value {
    Bool(bool),
    Long(i64),
    Text(Arc<str>),
    Entity(Arc<EntityUid>),
    Set(Arc<BTreeSet<Value>>),
    Record(Arc<BTreeMap<String, Value>>),
    /// In ten-thousandths.
    Decimal(i64),
    /// In milliseconds since 1970.
    Datetime(i64),
    /// In milliseconds.
    Duration(i64),
    /// Address and prefix length, written out.
    Ip(Arc<str>),
    /// In a column only: a record, whose attributes have columns of their own.
    Nested,
}

impl Value {
    /// The value that Cedar calculated.
    pub(crate) fn of(result: &EvalResult) -> Self {
        match result {
            EvalResult::Bool(b) => Value::Bool(*b),
            EvalResult::Long(n) => Value::Long(*n),
            EvalResult::String(s) => Value::Text(s.as_str().into()),
            EvalResult::EntityUid(uid) => Value::Entity(Arc::new(uid.clone())),
            EvalResult::Set(set) => Value::Set(Arc::new(set.iter().map(Value::of).collect())),
            EvalResult::Record(record) => Value::Record(Arc::new(
                record.iter().map(|(name, v)| (name.clone(), Value::of(v))).collect(),
            )),
            EvalResult::ExtensionValue(call) => extension(call),
        }
    }

    /// The value of an expression without variables, such as a call of a constructor.
    /// `None` if evaluating it fails.
    pub(crate) fn constant(expression: RestrictedExpression) -> Option<Self> {
        let context = Context::from_pairs([("v".to_owned(), expression)]).ok()?;
        context.get("v").as_ref().map(Value::of)
    }

    /// The value as Cedar takes it. `None` where it is no value but a mark.
    pub(crate) fn to_cedar(&self) -> Option<RestrictedExpression> {
        Some(match self {
            Value::Bool(b) => RestrictedExpression::new_bool(*b),
            Value::Long(n) => RestrictedExpression::new_long(*n),
            Value::Text(text) => RestrictedExpression::new_string(text.to_string()),
            Value::Entity(uid) => RestrictedExpression::new_entity_uid(uid.as_ref().clone()),
            Value::Set(set) => RestrictedExpression::new_set(
                set.iter().map(Value::to_cedar).collect::<Option<Vec<_>>>()?,
            ),
            Value::Record(record) => {
                let field = |(name, v): (&String, &Value)| Some((name.clone(), v.to_cedar()?));
                RestrictedExpression::new_record(
                    record.iter().map(field).collect::<Option<Vec<_>>>()?,
                )
                .ok()?
            }
            Value::Decimal(n) => RestrictedExpression::new_decimal(literal::decimal_text(*n)),
            Value::Datetime(ms) => match literal::datetime_text(*ms) {
                Some(text) => RestrictedExpression::new_datetime(text),
                None => {
                    let epoch = r#"datetime("1970-01-01")"#;
                    format!(r#"{epoch}.offset(duration("{ms}ms"))"#).parse().ok()?
                }
            },
            Value::Duration(ms) => RestrictedExpression::new_duration(literal::duration_text(*ms)),
            Value::Ip(text) => RestrictedExpression::new_ip(literal::ip_text(text)),
            Value::Nested => return None,
        })
    }

    /// Whether both are the very same set or entity in memory, so that nobody needs to compare them.
    pub(crate) fn is_shared_with(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Entity(one), Value::Entity(other)) => Arc::ptr_eq(one, other),
            (Value::Set(one), Value::Set(other)) => Arc::ptr_eq(one, other),
            (_, _) => false,
        }
    }

    /// The number that stands for it, if its kind has one.
    pub(crate) fn number(&self) -> Option<(NumberKind, i64)> {
        match self {
            Value::Long(n) => Some((NumberKind::Long, *n)),
            Value::Decimal(n) => Some((NumberKind::Decimal, *n)),
            Value::Datetime(n) => Some((NumberKind::Datetime, *n)),
            Value::Duration(n) => Some((NumberKind::Duration, *n)),
            Value::Bool(_)
            | Value::Text(_)
            | Value::Entity(_)
            | Value::Set(_)
            | Value::Record(_)
            | Value::Ip(_)
            | Value::Nested => None,
        }
    }
}

/// The kinds of values that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberKind {
    Long,
    Decimal,
    Datetime,
    Duration,
}

impl NumberKind {
    pub(crate) fn value(self, n: i64) -> Value {
        match self {
            NumberKind::Long => Value::Long(n),
            NumberKind::Decimal => Value::Decimal(n),
            NumberKind::Datetime => Value::Datetime(n),
            NumberKind::Duration => Value::Duration(n),
        }
    }
}

/// The value of `call`, the text of a call of an extension function on constants.
///
/// Cedar writes a decimal and an address as they were made, a duration and a time either so, or as
/// milliseconds (since 1970).
fn extension(call: &str) -> Value {
    let mut quoted = call.split('"').skip(1).step_by(2);
    let (first, second) = (quoted.next().unwrap_or_default(), quoted.next());
    let value = match second {
        Some(offset) => literal::datetime(first)
            .and_then(|ms| ms.checked_add(literal::duration(offset)?))
            .map(Value::Datetime),
        None if call.starts_with("decimal") => literal::decimal(first).map(Value::Decimal),
        None if call.starts_with("ip") => literal::ip(first).map(|text| Value::Ip(text.into())),
        None if call.starts_with("duration") => literal::duration(first).map(Value::Duration),
        None => literal::datetime(first).map(Value::Datetime),
    };
    value.unwrap_or_else(|| Value::Text(call.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both forms must be one value; and the value must survive the way to Cedar and back.
    #[test]
    fn what_cedar_writes_in_several_ways_is_one_value() {
        let pairs = [
            (r#"decimal("1.0")"#, r#"decimal("1.0000")"#),
            (r#"decimal("-0.5")"#, r#"decimal("-0.50")"#),
            (r#"ip("10.0.0.1")"#, r#"ip("10.0.0.1/32")"#),
            (r#"ip("::1")"#, r#"ip("0:0:0:0:0:0:0:1/128")"#),
            (r#"duration("1h")"#, r#"duration("60m")"#),
            (r#"datetime("2026-01-02")"#, r#"datetime("2026-01-02T01:00:00+0100")"#),
            (
                r#"datetime("1970-01-01").offset(duration("1s"))"#,
                r#"datetime("1970-01-01T00:00:01Z")"#,
            ),
            (r#"[1, 2, 2]"#, "[2, 1]"),
        ];
        for (one, other) in pairs {
            let value = |text: &str| Value::constant(text.parse().unwrap()).unwrap();
            assert_eq!(value(one), value(other), "{one}");
            assert_eq!(Value::constant(value(one).to_cedar().unwrap()), Some(value(one)), "{one}");
            assert!(!matches!(value(one), Value::Text(_)), "{one}");
        }
    }
}

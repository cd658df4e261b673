//! Recorded JSON values as values of the types that the schema declares.
//!
//! Nothing is guessed, rounded or hidden. A value that does not fit its type is a misfit, and policies
//! see it as it was sent: were it left out, `has` would be false, and a `forbid` on it would silently
//! not match; as it is, a comparison with it fails, and the verdict says that it is uncertain. Where
//! the schema says `String` and the recording holds another kind of value, the policy sees its JSON
//! text, as the schema generator promises.

use crate::misfit::{Misfit, MisfitKind, Part};
use crate::table::{Cells, Fields, Value as Cedar, literal};
use cedar_policy::{EntityId, EntityTypeName, EntityUid};
use jiff::{SignedDuration, Span, Timestamp};
use remit_policy::{RecordModel, TypeModel};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// Where in a request a value stands; made into a list only for what does not fit.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    /// `context.input`.
    Input,
    Name(&'p Path<'p>, &'p str),
    Element(&'p Path<'p>, usize),
}

impl Path<'_> {
    fn parts(&self) -> Vec<Part> {
        match self {
            Path::Input => ["context", "input"].map(|name| Part::Name(name.into())).into(),
            Path::Name(above, name) => {
                [above.parts(), vec![Part::Name((*name).to_owned())]].concat()
            }
            Path::Element(above, at) => [above.parts(), vec![Part::Element(Some(*at))]].concat(),
        }
    }

    fn misfit(&self, kind: MisfitKind) -> Misfit {
        Misfit { path: self.parts(), kind }
    }
}

/// `value` as a record of the type `model`. Misfits are appended, each with its path below `path`.
pub(crate) fn record<'m>(
    value: &Map<String, Value>,
    model: &'m RecordModel,
    path: &Path<'_>,
    misfits: &mut Vec<Misfit>,
) -> Fields<'m> {
    let before = misfits.len();
    let mut known = 0;
    let mut fields = Vec::with_capacity(value.len().min(model.attributes.len()));
    for (name, attribute) in &model.attributes {
        let path = Path::Name(path, name);
        let sent = value.get(name);
        known += usize::from(sent.is_some());
        match sent.filter(|v| !v.is_null()) {
            Some(value) => {
                let cells = convert(value, &attribute.ty, &path, misfits);
                fields.push((Cow::Borrowed(name.as_str()), cells));
            }
            None if attribute.required => misfits.push(path.misfit(MisfitKind::Absent)),
            None => {}
        }
    }
    if known < value.len() {
        let unknown = value.keys().filter(|name| !model.attributes.contains_key(*name));
        let misfit = |name: &String| Path::Name(path, name).misfit(MisfitKind::Undeclared);
        misfits.splice(before..before, unknown.map(misfit));
    }
    fields
}

/// `value` as a value of type `ty`; if it is none, a misfit, and the value as it was sent.
fn convert<'m>(
    value: &Value,
    ty: &'m TypeModel,
    path: &Path<'_>,
    misfits: &mut Vec<Misfit>,
) -> Cells<'m> {
    fitting(value, ty, path, misfits).unwrap_or_else(|| {
        let kind = MisfitKind::OtherType { sent: kind_of(value), declared: name_of(ty) };
        misfits.push(path.misfit(kind));
        as_sent(value)
    })
}

fn fitting<'m>(
    value: &Value,
    ty: &'m TypeModel,
    path: &Path<'_>,
    misfits: &mut Vec<Misfit>,
) -> Option<Cells<'m>> {
    Some(Cells::Value(match ty {
        TypeModel::String => Cedar::Text(text_of(value)),
        TypeModel::Bool => Cedar::Bool(value.as_bool()?),
        TypeModel::Long => Cedar::Long(long(value)?),
        TypeModel::Decimal => Cedar::Decimal(decimal(value)?),
        TypeModel::Datetime => Cedar::Datetime(datetime(value.as_str()?)?),
        TypeModel::Duration => Cedar::Duration(duration(value.as_str()?)?),
        TypeModel::IpAddr => Cedar::Ip(literal::ip(value.as_str()?)?.into()),
        TypeModel::Entity(ty) => Cedar::Entity(Arc::new(entity(ty, value.as_str()?))),
        TypeModel::Set(element) => set(value.as_array()?, element, path, misfits),
        TypeModel::Record(model) => {
            return Some(Cells::Record(record(value.as_object()?, model, path, misfits)));
        }
    }))
}

fn entity(ty: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(ty.clone(), EntityId::new(id))
}

/// The value by its own kind. A number that Cedar has no type for is its text.
fn as_sent(value: &Value) -> Cells<'static> {
    Cells::Value(match value {
        Value::Bool(b) => Cedar::Bool(*b),
        Value::Number(n) => {
            n.as_i64().map_or_else(|| Cedar::Text(n.to_string().into()), Cedar::Long)
        }
        Value::String(s) => Cedar::Text(s.as_str().into()),
        Value::Array(items) => {
            Cedar::Set(Arc::new(items.iter().map(|v| as_sent(v).into_value()).collect()))
        }
        Value::Object(fields) => {
            let field = |(name, v): (&String, &Value)| (Cow::Owned(name.clone()), as_sent(v));
            return Cells::Record(fields.iter().map(field).collect());
        }
        Value::Null => Cedar::Text("null".into()),
    })
}

/// Each element that does not fit is a misfit, and kept.
fn set(items: &[Value], element: &TypeModel, path: &Path<'_>, misfits: &mut Vec<Misfit>) -> Cedar {
    let converted = items
        .iter()
        .enumerate()
        .map(|(i, v)| convert(v, element, &Path::Element(path, i), misfits).into_value());
    Cedar::Set(Arc::new(converted.collect()))
}

fn text_of(value: &Value) -> Arc<str> {
    value.as_str().map_or_else(|| value.to_string().into(), Arc::from)
}

/// Whole numbers only; `50.0` is one.
fn long(value: &Value) -> Option<i64> {
    let whole = |f: &f64| f.fract() == 0.0 && f.abs() <= 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| value.as_f64().filter(whole).map(|f| f as i64))
}

/// Cedar's decimal has at most four digits after the point; a number with more is not rounded, since
/// rounding could turn "above the limit" into "at the limit".
fn decimal(value: &Value) -> Option<i64> {
    match value {
        Value::Number(n) => match n.as_i64() {
            Some(whole) => whole.checked_mul(10_000),
            None => decimal_of(&n.as_f64()?.to_string()),
        },
        Value::String(s) => decimal_of(s),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text without a point is a whole number.
fn decimal_of(text: &str) -> Option<i64> {
    if text.contains('.') { literal::decimal(text) } else { literal::decimal(&format!("{text}.0")) }
}

/// RFC 3339, as far as Cedar can write it: a finer time is not rounded but refused.
fn datetime(text: &str) -> Option<i64> {
    if let Some(ms) = literal::datetime(text) {
        return Some(ms);
    }
    let time: Timestamp = text.parse().ok()?;
    let ms = time.as_millisecond();
    (time.subsec_nanosecond() % 1_000_000 == 0 && literal::is_writable(ms)).then_some(ms)
}

/// Cedar's own notation, or ISO 8601 without months and years, whose length depends on the calendar.
fn duration(text: &str) -> Option<i64> {
    if !text.trim_start_matches('-').starts_with('P') {
        return literal::duration(text);
    }
    let span: Span = text.parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let rest = span.weeks(0).days(0);
    let time = SignedDuration::try_from(rest).ok()? + SignedDuration::from_hours(days * 24);
    i64::try_from(time.as_millis()).ok()
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(n) if n.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn name_of(ty: &TypeModel) -> &'static str {
    match ty {
        TypeModel::String => "String",
        TypeModel::Long => "Long",
        TypeModel::Bool => "Bool",
        TypeModel::Decimal => "decimal",
        TypeModel::Datetime => "datetime",
        TypeModel::Duration => "duration",
        TypeModel::IpAddr => "ipaddr",
        TypeModel::Set(_) => "a set",
        TypeModel::Record(_) => "a record",
        TypeModel::Entity(_) => "an entity",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_fit_or_are_refused_never_rounded() {
        assert_eq!(decimal(&json!(50)), Some(500_000));
        assert_eq!(decimal(&json!(50.25)), Some(502_500));
        assert_eq!(decimal(&json!("50")), Some(500_000));
        let mut misfits = vec![];
        for number in [json!(0.00001), json!(1e30)] {
            let kept = convert(
                &number,
                &TypeModel::Decimal,
                &Path::Name(&Path::Input, "amount"),
                &mut misfits,
            );
            let sent = Cedar::Text(number.to_string().into());
            assert_eq!(kept.into_value(), sent);
        }
        assert_eq!(misfits.len(), 2);
        assert_eq!(long(&json!(50.0)), Some(50));
        assert_eq!(long(&json!(50.5)), None);
        assert_eq!(long(&json!(9_223_372_036_854_775_808_u64)), None);
    }

    #[test]
    fn times_as_cedar_writes_them() {
        let same = |one, other| assert_eq!(datetime(one), literal::datetime(other), "{one}");
        same("2026-01-02", "2026-01-02");
        same("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05.000Z");
        same("1969-12-31 23:59:59.250Z", "1969-12-31T23:59:59.250Z");
        same("-000001-12-31T23:59:59Z", "not even a time");
        assert_eq!(datetime("2026-01-02T03:04:05.0000001Z"), None);
        assert_eq!(duration("PT1H30M"), Some(5_400_000));
        assert_eq!(duration("P1D"), Some(86_400_000));
        assert_eq!(duration("P1M"), None);
        assert_eq!(duration("1h"), Some(3_600_000));
    }

    #[test]
    fn where_the_schema_says_string_other_values_become_their_json_text() {
        assert_eq!(text_of(&json!({"a": [1]})), r#"{"a":[1]}"#.into());
        assert_eq!(text_of(&json!("plain")), "plain".into());
    }
}

//! Recorded JSON values as values of the types that the schema declares.
//!
//! Nothing is guessed, rounded or hidden. A value that does not fit its type is a misfit, and policies
//! see it as it was sent: were it left out, `has` would be false, and a `forbid` on it would silently
//! not match; as it is, a comparison with it fails, and the verdict says that it is uncertain. Where
//! the schema says `String` and the recording holds another kind of value, the policy sees its JSON
//! text, as the schema generator promises.

use cedar_policy::{Context, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use jiff::{SignedDuration, Span, Timestamp, civil::Date};
use remit_policy::{RecordModel, TypeModel};
use serde_json::{Map, Value};

/// `value` as a record of the type `model`. Misfits are appended, each with its path below `path`.
pub(crate) fn record(
    value: &Map<String, Value>,
    model: &RecordModel,
    path: &str,
    misfits: &mut Vec<String>,
) -> Vec<(String, RestrictedExpression)> {
    for name in value.keys().filter(|name| !model.attributes.contains_key(*name)) {
        misfits.push(format!("the schema does not know `{path}.{name}`: no policy can see it"));
    }
    let mut fields = Vec::new();
    for (name, attribute) in &model.attributes {
        let path = format!("{path}.{name}");
        match value.get(name).filter(|v| !v.is_null()) {
            Some(value) => {
                fields.push((name.clone(), convert(value, &attribute.ty, &path, misfits)))
            }
            None if attribute.required => {
                misfits.push(format!("the call has no `{path}`, which the schema requires"))
            }
            None => {}
        }
    }
    fields
}

/// `value` as a value of type `ty`; if it is none, a misfit, and the value as it was sent.
fn convert(
    value: &Value,
    ty: &TypeModel,
    path: &str,
    misfits: &mut Vec<String>,
) -> RestrictedExpression {
    fitting(value, ty, path, misfits).filter(|v| !is_extension(ty) || is_valid(v)).unwrap_or_else(
        || {
            misfits.push(format!(
                "`{path}` is {}, the schema says {}",
                kind_of(value),
                name_of(ty)
            ));
            as_sent(value)
        },
    )
}

fn fitting(
    value: &Value,
    ty: &TypeModel,
    path: &str,
    misfits: &mut Vec<String>,
) -> Option<RestrictedExpression> {
    match ty {
        TypeModel::String => Some(RestrictedExpression::new_string(text_of(value))),
        TypeModel::Bool => value.as_bool().map(RestrictedExpression::new_bool),
        TypeModel::Long => long(value).map(RestrictedExpression::new_long),
        TypeModel::Decimal => decimal(value).map(RestrictedExpression::new_decimal),
        TypeModel::Datetime => {
            value.as_str().and_then(datetime).map(RestrictedExpression::new_datetime)
        }
        TypeModel::Duration => {
            value.as_str().and_then(duration).map(RestrictedExpression::new_duration)
        }
        TypeModel::IpAddr => value.as_str().map(RestrictedExpression::new_ip),
        TypeModel::Entity(ty) => value.as_str().map(|id| entity(ty, id)),
        TypeModel::Set(element) => value.as_array().map(|items| set(items, element, path, misfits)),
        TypeModel::Record(model) => {
            let object = value.as_object()?;
            RestrictedExpression::new_record(record(object, model, path, misfits)).ok()
        }
    }
}

fn entity(ty: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(EntityUid::from_type_name_and_id(
        ty.clone(),
        EntityId::new(id),
    ))
}

/// Whether the text is one that the extension type takes.
fn is_valid(value: &RestrictedExpression) -> bool {
    Context::from_pairs([("v".into(), value.clone())]).is_ok()
}

/// The value by its own kind. A number that Cedar has no type for is its text.
fn as_sent(value: &Value) -> RestrictedExpression {
    match value {
        Value::Bool(b) => RestrictedExpression::new_bool(*b),
        Value::Number(n) => n.as_i64().map_or_else(
            || RestrictedExpression::new_string(n.to_string()),
            RestrictedExpression::new_long,
        ),
        Value::String(s) => RestrictedExpression::new_string(s.clone()),
        Value::Array(items) => RestrictedExpression::new_set(items.iter().map(as_sent)),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, v)| (name.clone(), as_sent(v)));
            RestrictedExpression::new_record(fields)
                .unwrap_or_else(|_| RestrictedExpression::new_string(value.to_string()))
        }
        Value::Null => RestrictedExpression::new_string("null".into()),
    }
}

/// Each element that does not fit is a misfit, and kept.
fn set(
    items: &[Value],
    element: &TypeModel,
    path: &str,
    misfits: &mut Vec<String>,
) -> RestrictedExpression {
    let converted = items
        .iter()
        .enumerate()
        .map(|(i, v)| convert(v, element, &format!("{path}[{i}]"), misfits));
    RestrictedExpression::new_set(converted.collect::<Vec<_>>())
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whole numbers only; `50.0` is one.
fn long(value: &Value) -> Option<i64> {
    let whole = |f: &f64| f.fract() == 0.0 && f.abs() <= 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| value.as_f64().filter(whole).map(|f| f as i64))
}

/// Cedar's decimal has at most four digits after the point; a number with more is not rounded, since
/// rounding could turn "above the limit" into "at the limit".
fn decimal(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(n) => {
            n.as_i64().map(|i| i.to_string()).or_else(|| n.as_f64().map(|f| f.to_string()))?
        }
        Value::String(s) => s.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if text.contains('.') { Some(text) } else { Some(format!("{text}.0")) }
}

/// RFC 3339 as Cedar writes it: in UTC, with milliseconds. Finer times are not rounded but refused.
fn datetime(text: &str) -> Option<String> {
    if text.parse::<Date>().is_ok() && text.len() == 10 {
        return Some(text.to_owned());
    }
    let time: Timestamp = text.parse().ok()?;
    if time.subsec_nanosecond() % 1_000_000 != 0 {
        return None;
    }
    Some(time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

/// Cedar's own notation, or ISO 8601 without months and years, whose length depends on the calendar.
fn duration(text: &str) -> Option<String> {
    if !text.trim_start_matches('-').starts_with('P') {
        return Some(text.to_owned());
    }
    let span: Span = text.parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let rest = span.weeks(0).days(0);
    let time = SignedDuration::try_from(rest).ok()? + SignedDuration::from_hours(days * 24);
    Some(format!("{}ms", time.as_millis()))
}

fn is_extension(ty: &TypeModel) -> bool {
    matches!(ty, TypeModel::Decimal | TypeModel::Datetime | TypeModel::Duration | TypeModel::IpAddr)
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
        assert_eq!(decimal(&json!(50)), Some("50.0".into()));
        assert_eq!(decimal(&json!(50.25)), Some("50.25".into()));
        let mut misfits = vec![];
        for number in [json!(0.00001), json!(1e30)] {
            let kept = convert(&number, &TypeModel::Decimal, "amount", &mut misfits);
            let sent = RestrictedExpression::new_string(number.to_string());
            assert!(kept.as_ref() == sent.as_ref());
        }
        assert_eq!(misfits.len(), 2);
        assert_eq!(long(&json!(50.0)), Some(50));
        assert_eq!(long(&json!(50.5)), None);
        assert_eq!(long(&json!(9_223_372_036_854_775_808_u64)), None);
    }

    #[test]
    fn times_as_cedar_writes_them() {
        assert_eq!(datetime("2026-01-02"), Some("2026-01-02".into()));
        assert_eq!(datetime("2026-01-02T03:04:05+01:00"), Some("2026-01-02T02:04:05.000Z".into()));
        assert_eq!(datetime("2026-01-02T03:04:05.0000001Z"), None);
        assert_eq!(duration("PT1H30M"), Some("5400000ms".into()));
        assert_eq!(duration("P1D"), Some("86400000ms".into()));
        assert_eq!(duration("P1M"), None);
        assert_eq!(duration("1h"), Some("1h".into()));
    }

    #[test]
    fn where_the_schema_says_string_other_values_become_their_json_text() {
        assert_eq!(text_of(&json!({"a": [1]})), r#"{"a":[1]}"#);
        assert_eq!(text_of(&json!("plain")), "plain");
    }
}

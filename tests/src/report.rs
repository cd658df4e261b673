//! The report as others read it: the shipped workspaces' reports, kept whole, and the schema they obey.
//!
//! A field that is renamed or goes away breaks whoever reads the report; here it shows as a diff.

use crate::shipped;
use camino::Utf8Path;
use libtest_mimic::{Failed, Trial};
use remit_api::replay::report_schema;
use serde_json::Value;
use std::fs;
use std::path::Path;

pub(crate) fn trials(policies: &Path, kept: &Path) -> Vec<Trial> {
    let schema = kept.join("report.schema.json");
    let mut trials =
        vec![Trial::test("report/schema", move || same(&schema, &pretty(&report_schema())))];
    for root in shipped::folders(policies) {
        let name = root.file_name().unwrap().to_owned();
        let file = kept.join(format!("{name}.json"));
        trials.push(Trial::test(format!("report/{name}"), move || check(&root, &file)));
    }
    trials
}

fn check(root: &Utf8Path, file: &Path) -> Result<(), Failed> {
    let report = serde_json::to_value(shipped::report_of(root)?)?;
    obeys(&report_schema(), &report)?;
    same(file, &pretty(&report))
}

/// Whether `value` is what `schema` says.
pub(crate) fn obeys(schema: &Value, value: &Value) -> Result<(), Failed> {
    let mut wrong = Vec::new();
    Schema { whole: schema }.check(schema, value, "", &mut wrong);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Compares with the kept file, or rewrites it if `UPDATE` is set.
pub(crate) fn same(file: &Path, got: &str) -> Result<(), Failed> {
    if std::env::var_os("UPDATE").is_some() {
        return Ok(fs::write(file, got)?);
    }
    let kept = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let differs = |(_, (kept, got)): &(usize, (&str, &str))| kept != got;
    match (1..).zip(kept.lines().zip(got.lines())).find(differs) {
        None if kept == got => Ok(()),
        None => Err(format!("{}: one goes on where the other ends", file.display()).into()),
        Some((line, (kept, got))) => {
            Err(format!("{}:{line}\nexpected {kept}\ngot      {got}", file.display()).into())
        }
    }
}

/// As much of JSON Schema as the generated one uses. What is not checked here must not be in it.
struct Schema<'s> {
    whole: &'s Value,
}

impl Schema<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        for (keyword, rule) in schema.as_object().unwrap() {
            match keyword.as_str() {
                "$ref" => {
                    let target = rule.as_str().unwrap().strip_prefix('#').unwrap();
                    self.check(self.whole.pointer(target).unwrap(), value, at, wrong);
                }
                "anyOf" | "oneOf" => self.any_of(rule.as_array().unwrap(), value, at, wrong),
                "properties" => self.properties(rule, value, at, wrong),
                "required" => {
                    let names = rule.as_array().unwrap().iter().filter_map(Value::as_str);
                    let absent = names.filter(|name| value.get(name).is_none());
                    wrong.extend(absent.map(|name| format!("{at} has no `{name}`")));
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{at}/{index}"), wrong);
                    }
                }
                "additionalProperties" if schema.get("properties").is_none() => {
                    for (name, value) in value.as_object().into_iter().flatten() {
                        self.check(rule, value, &format!("{at}/{name}"), wrong);
                    }
                }
                "enum" if !rule.as_array().unwrap().contains(value) => {
                    wrong.push(format!("{at} is {value}, not one of {rule}"))
                }
                "const" if rule != value => wrong.push(format!("{at} is {value}, not {rule}")),
                "type" if !is_of_type(value, rule) => {
                    wrong.push(format!("{at} is {value}, not {rule}"))
                }
                "minimum" if value.as_f64() < rule.as_f64() => {
                    wrong.push(format!("{at} is {value}, less than {rule}"))
                }
                "const"
                | "enum"
                | "type"
                | "minimum"
                | "format"
                | "title"
                | "description"
                | "$schema"
                | "$defs"
                | "additionalProperties" => {}
                unknown => wrong.push(format!("this test does not know the keyword `{unknown}`")),
            }
        }
    }

    /// Objects hold what is described, and nothing else.
    fn properties(&self, rules: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            match rules.get(name) {
                Some(rule) => self.check(rule, value, &format!("{at}/{name}"), wrong),
                None => wrong.push(format!("{at}/{name} is not described")),
            }
        }
    }

    fn any_of(&self, rules: &[Value], value: &Value, at: &str, wrong: &mut Vec<String>) {
        let fits = |rule: &Value| {
            let mut wrong = Vec::new();
            self.check(rule, value, at, &mut wrong);
            wrong.is_empty()
        };
        if !rules.iter().any(fits) {
            wrong.push(format!("{at} is {value}, which is none of the choices"));
        }
    }
}

fn is_of_type(value: &Value, rule: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    match rule {
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => rule.as_str().is_some_and(is),
    }
}

//! Every rule, in every workspace that is shipped: valid when it is filled in, or with a reason why not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use remit_policy::schema_gen::{generate_schema, parse_manifest};
use remit_policy::{
    Rule, RuleError, Severity, Workspace, check_text, fill_rule, rule_argument, rules,
};

fn workspaces() -> Vec<Workspace> {
    let policies = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let entries = policies.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
    let folders = entries.filter(|path| path.join("remit.toml").exists());
    let mut all: Vec<Workspace> = folders.map(|path| Workspace::load(&path).unwrap()).collect();
    let cases = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/editor/workspace");
    all.push(Workspace::load(&cases).unwrap());
    all
}

/// A workspace whose schema was generated, with every fact.
fn generated(folder: &Utf8Path) -> Workspace {
    let list = r#"[{"name": "send", "inputSchema": {"type": "object", "properties": {"to": {"type": "string"}}}}]"#;
    let manifest = parse_manifest("mail", list).unwrap();
    let schema = generate_schema(None, &[manifest]).unwrap().text;
    std::fs::write(folder.join("schema.cedarschema"), schema).unwrap();
    Workspace::load(folder).unwrap()
}

/// The answer at a position of each list of choices.
fn answers(rule: &Rule, at: usize) -> BTreeMap<String, String> {
    let answer = |value: &remit_policy::RuleValue| {
        let choice = value.choices.get(at % value.choices.len().max(1));
        (value.name.clone(), choice.unwrap_or(&value.example).clone())
    };
    rule.values.iter().map(answer).collect()
}

#[test]
fn a_rule_is_valid_wherever_it_is_offered() {
    let mut offered = BTreeSet::new();
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    for workspace in workspaces().into_iter().chain([generated(folder)]) {
        for rule in rules(&workspace) {
            for at in 0..8 {
                let filled = fill_rule(&workspace, &rule.name, &answers(&rule, at));
                let Ok(text) = filled else {
                    let why_not = rule.why_not.clone().expect("a reason");
                    assert_eq!(filled, Err(RuleError::DoesNotFit(why_not)));
                    continue;
                };
                offered.insert(rule.name.clone());
                let file = Utf8Path::new("guardrails/new.cedar");
                let findings = check_text(&workspace, file, &text);
                let errors = findings.iter().filter(|f| f.severity != Severity::Warning);
                assert_eq!(errors.count(), 0, "{}\n{text}\n{findings:?}", workspace.root);
            }
        }
    }
    assert_eq!(offered.len(), 8, "each rule fits some workspace: {offered:?}");
}

/// Values that are written in recordings can only be offered for an argument that there is.
#[test]
fn a_value_of_recordings_is_of_an_argument_that_the_rule_asks_for() {
    let workspaces = workspaces();
    let workspace = workspaces.last().unwrap();
    let mut offered = 0;
    for rule in rules(workspace) {
        for of in rule.values.iter().filter_map(|value| value.of.as_ref()) {
            let asked = rule.values.iter().find(|value| value.name == *of).expect("asked for");
            for choice in &asked.choices {
                let (action, argument) = rule_argument(workspace, choice).expect(choice);
                assert!(choice.ends_with(&argument), "{action} {choice}");
                offered += 1;
            }
        }
    }
    assert!(offered > 0);
    assert_eq!(rule_argument(workspace, "no.such"), None);
}

#[test]
fn what_is_no_answer_is_refused() {
    let workspaces = workspaces();
    let workspace = workspaces.last().unwrap();
    let rule = rules(workspace).into_iter().find(|rule| rule.name == "spend-limit").unwrap();
    let mut values = answers(&rule, 0);
    values.insert("limit".into(), "much".into());
    let label = "The most that is fine".to_owned();
    let refused = RuleError::Value { label, value: "much".into() };
    assert_eq!(fill_rule(workspace, "spend-limit", &values), Err(refused));
    assert!(matches!(fill_rule(workspace, "nothing", &values), Err(RuleError::Unknown(_))));
}

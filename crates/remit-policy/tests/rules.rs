//! Every rule, in every workspace that is shipped: valid when it is filled in, or with a reason why not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use remit_policy::{Rule, RuleError, Severity, Workspace, check_text, fill_rule, rules};

fn workspaces() -> Vec<Workspace> {
    let policies = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let entries = policies.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
    let folders = entries.filter(|path| path.join("remit.toml").exists());
    let mut all: Vec<Workspace> = folders.map(|path| Workspace::load(&path).unwrap()).collect();
    let cases = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/editor/workspace");
    all.push(Workspace::load(&cases).unwrap());
    all
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
    for workspace in workspaces() {
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
    assert_eq!(offered.len(), 7, "each rule fits some workspace: {offered:?}");
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

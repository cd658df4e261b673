//! What Dogwood policies become: plain Cedar policies, leaves with canonical names, words.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::temporal::LEAF_PREFIX;
use remit_policy::{Language, Workspace, format_text};

const FILE: &str = "guardrails/history.dw";

fn workspace() -> Workspace {
    let case = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dogwood");
    Workspace::load(&case).expect("the case is a workspace")
}

fn with(text: &str) -> Workspace {
    workspace().with_texts(&[(Utf8PathBuf::from(FILE), text.to_owned())]).expect("it parses")
}

fn names(workspace: &Workspace) -> BTreeSet<String> {
    workspace.guardrails.leaves().map(|leaf| leaf.name.clone()).collect()
}

/// A `forbid` of sending money on some condition over history.
fn forbid(condition: &str) -> String {
    format!(
        "@id(\"a\")\nforbid (principal, action == Action::\"send_money\", resource)\nwhen temporal {{ {condition} }};\n"
    )
}

#[test]
fn policies_of_both_languages_are_in_one_layer() {
    let workspace = workspace();
    let languages: BTreeSet<_> = workspace
        .guardrails
        .policies
        .iter()
        .map(|policy| (policy.language == Language::Dogwood, policy.id.as_str()))
        .collect();
    let expected =
        [(false, "a"), (true, "look"), (true, "not-too-often"), (true, "pay-after-reading")];
    assert_eq!(
        languages.into_iter().map(|(dogwood, _)| dogwood).collect::<Vec<_>>(),
        expected.map(|(dogwood, _)| dogwood)
    );
    assert_eq!(workspace.guardrails.set().policies().count(), 4);
    assert_eq!(workspace.scopes.len(), 1);
}

#[test]
fn a_lowered_policy_asks_its_leaves_by_name() {
    let workspace = workspace();
    for policy in &workspace.guardrails.policies {
        let body = workspace.guardrails.in_force().find(|body| body.id().to_string() == policy.id);
        let body = body.unwrap().to_string();
        for leaf in &policy.leaves {
            assert!(leaf.name.starts_with(LEAF_PREFIX));
            assert!(body.contains(&format!("context[\"{}\"]", leaf.name)), "{body}");
            assert_eq!(policy.text.get(leaf.span.clone()), Some(leaf.text.as_str()));
        }
    }
}

#[test]
fn leaves_are_the_same_if_and_only_if_they_ask_the_same() {
    let one = forbid("formerly within 60s Action::\"read_file\"::response{ input.path: \"a\" }");
    let same = [
        one.replace("60s", "1m"),
        one.replace("when temporal", "// why\nwhen\n  temporal")
            .replace("@id(\"a\")", "@id(\"b\")"),
        one.replace("forbid", "permit"),
        one.replace(
            "formerly within 60s Action::\"read_file\"::response{ input.path: \"a\" }",
            "read(1m)",
        ) + "def temporal read(?w) { formerly within ?w Action::\"read_file\"::response{ input.path: \"a\" } };",
    ];
    let name = names(&with(&one));
    assert_eq!(name.len(), 1);
    for text in &same {
        assert_eq!(names(&with(text)), name, "{text}");
    }
    let others = [
        one.replace("60s", "61s"),
        one.replace("formerly", "previous"),
        one.replace("\"a\" }", "\"b\" }"),
        one.replace("response", "request"),
        one.replace("action == Action::\"send_money\"", "action == Action::\"read_file\""),
        one.replace("read_file\"::", "send_money\"::").replace("input.path", "input.note"),
    ];
    let mut seen: BTreeSet<_> = name;
    for text in &others {
        assert!(names(&with(text)).into_iter().all(|name| seen.insert(name)), "{text}");
    }
}

#[test]
fn a_leaf_of_two_policies_is_one() {
    let one = forbid("formerly within 1h Action::\"read_file\"::response{}");
    let two = format!("{one}{}", one.replace("@id(\"a\")", "@id(\"b\")"));
    let draft = with(&two);
    assert_eq!(draft.guardrails.leaves().count(), 1);
    let asking = draft.guardrails.policies.iter().filter(|policy| !policy.leaves.is_empty());
    assert_eq!(asking.count(), 2);
}

#[test]
fn whose_history_it_is_changes_what_a_leaf_asks() {
    let case = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/dogwood");
    let text = forbid("formerly within 1h Action::\"read_file\"::response{ input.path: \"a\" }");
    let mut seen = BTreeSet::new();
    let mut keys = Vec::new();
    for of in ["session", "principal", "unpinned", "agentcore"] {
        let config = format!("name = \"case\"\n[history]\nof = \"{of}\"\n");
        let overlay = |path: &Utf8Path| match path.as_str() {
            "remit.toml" => Some(config.clone()),
            FILE => Some(text.clone()),
            _ => None,
        };
        let workspace = Workspace::load_with(&case, &overlay).unwrap();
        let history = workspace.history.as_ref().unwrap();
        assert_eq!(history.of.as_str(), of);
        keys.push(
            history.partition_keys().unwrap().iter().map(|key| key.field_path.join(".")).collect(),
        );
        assert!(names(&workspace).into_iter().all(|name| seen.insert(name)), "{of}");
    }
    let keys: Vec<String> = keys.into_iter().map(|keys: Vec<String>| keys.join(",")).collect();
    assert_eq!(keys, ["sessionId", "callerPrincipal", "", "sessionId"]);
}

#[test]
fn an_edit_lowers_only_what_changed() {
    let saved = workspace();
    let text = saved.text(Utf8Path::new(FILE)).unwrap();
    let edited = text.replace("attempts(10m)", "attempts(20m)");
    let draft = saved.with_texts(&[(Utf8PathBuf::from(FILE), edited)]).unwrap();
    let of = |workspace: &Workspace, id: &str| {
        let body = workspace.guardrails.in_force().find(|body| body.id().to_string() == id);
        (body.unwrap().to_string(), workspace.guardrails.policy(id).unwrap().leaves.clone())
    };
    assert_ne!(of(&saved, "not-too-often").0, of(&draft, "not-too-often").0);
    let (before, after) = (of(&saved, "pay-after-reading"), of(&draft, "pay-after-reading"));
    assert!(std::sync::Arc::ptr_eq(&before.1[0], &after.1[0]), "the leaf is shared");
    // A macro is a part of what its policies say.
    let changed = with(&text.replace("request{}", "response{}"));
    assert_ne!(of(&saved, "not-too-often").0, of(&changed, "not-too-often").0);
}

#[test]
fn a_policy_is_said_in_words() {
    let workspace = workspace();
    let history = workspace.history.as_ref().unwrap();
    let reading = history.reading(workspace.guardrails.policy("pay-after-reading").unwrap());
    let reading = reading.unwrap();
    assert!(reading.text.contains("read_file"), "{}", reading.text);
    assert!(reading.text.contains("within the last 1 hour"), "{}", reading.text);
    assert!(reading.sees.unwrap().contains("session"));
    let plain = history.reading(workspace.guardrails.policy("look").unwrap()).unwrap();
    assert_eq!(plain.sees, None);
}

#[test]
fn formatting_keeps_every_word_and_refuses_what_does_not_parse() {
    let file = Utf8Path::new(FILE);
    let messy = "// why\n@id(\"a\")   forbid(principal,action==Action::\"send_money\",resource)\nwhen   temporal {  formerly within 1h   Action::\"read_file\"::response{} };";
    let formatted = format_text(file, messy).unwrap();
    assert_ne!(formatted, messy);
    assert!(formatted.starts_with("// why\n") && formatted.ends_with(";\n"), "{formatted}");
    let words = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(words(&formatted), words(messy));
    assert_eq!(format_text(file, &formatted).unwrap(), formatted);
    let broken = messy.replace("formerly", "formely");
    assert!(format_text(file, &broken).unwrap_err().span.is_some());
}

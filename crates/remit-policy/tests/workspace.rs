//! What a loaded workspace answers: tasks and scopes, mappings, digests, drafts, formatting.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::{
    FindingCode, LayerRef, SessionKey, Workspace, WorkspaceError, check_text, format_text, render,
};

const SCHEMA: &str = "
@mcp_principal(\"Bot\") entity Bot;
@mcp_resource(\"Host\") entity Host;
type Input = { path: String, more?: { days: Set<Long>, host?: ipaddr } };
action \"server:fs\";
action read in [Action::\"server:fs\"] appliesTo { principal: [Bot], resource: [Host], context: { input: Input } };
";
const PERMIT: &str = "@id(\"all\")\npermit (principal, action, resource);\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self) -> Workspace {
        Workspace::load(self.path()).unwrap()
    }
}

fn standard(more: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(&[("schema.cedarschema", SCHEMA), ("guardrails/a.cedar", PERMIT)]);
    more.iter().for_each(|(path, text)| folder.write(path, text));
    folder
}

#[test]
fn what_is_no_workspace_says_so() {
    let folder = Folder::new(&[("notes.txt", "")]);
    let error = |path: &Utf8Path| Workspace::load(path).unwrap_err();
    assert!(matches!(error(folder.path()), WorkspaceError::NotAWorkspace { .. }));
    let file = folder.path().join("notes.txt");
    assert!(matches!(error(&file), WorkspaceError::NotAFolder { .. }));
    assert!(matches!(error(&folder.path().join("gone")), WorkspaceError::NotFound { .. }));
}

#[test]
fn the_task_of_a_session_is_the_recordings_own_or_what_the_rules_say() {
    let rules = r#"
[[task]]
name = "banking"
tasks = ["banking/user_task_*"]
agents = ["bank-*"]
[[task]]
name = "bill"
recordings = ["sessions/bill-*.json"]
[[task]]
name = "by-goal"
goal = "*pay*bill*"
[[task]]
name = "only-names-files"
files = ["bill.cedar"]
[[task]]
name = "agents"
agents = ["spiffe://example.org/*"]
"#;
    let folder = standard(&[
        ("scopes/scopes.toml", rules),
        ("scopes/banking.cedar", PERMIT),
        ("scopes/bill.cedar", PERMIT),
        ("scopes/by-goal.cedar", PERMIT),
        ("scopes/agents.cedar", PERMIT),
        ("scopes/travel/user_task_3.cedar", PERMIT),
    ]);
    let workspace = folder.load();
    assert!(workspace.is_valid(), "{}", render::plain(&workspace.findings));
    let find = |task, recording, agent, goal| {
        let found = workspace.scope_for(&SessionKey { task, recording, agent, goal });
        (found.task.unwrap_or_default(), found.scope.map(|s| s.task.clone()).unwrap_or_default())
    };
    let is = |task: &str, scope: &str| (task.to_owned(), scope.to_owned());
    let cases = [
        (
            find(Some("banking/user_task_1"), "", "bank-1", None),
            is("banking/user_task_1", "banking"),
        ),
        (find(Some("banking/user_task_1"), "", "other", None), is("banking/user_task_1", "")),
        (
            find(Some("travel/user_task_3"), "", "", None),
            is("travel/user_task_3", "travel/user_task_3"),
        ),
        (find(Some("bill"), "x", "", None), is("bill", "bill")),
        (find(Some("unheard of"), "sessions/bill-1.json", "", None), is("unheard of", "bill")),
        (find(None, "sessions/bill-1.json", "", None), is("bill", "bill")),
        (find(None, "sessions/deep/bill-1.json", "", None), is("", "")),
        (find(None, "", "", Some("Please PAY the Bill now")), is("by-goal", "by-goal")),
        (find(None, "", "spiffe://example.org/a/b", None), is("agents", "agents")),
        (find(Some("../guardrails/a"), "", "", None), is("../guardrails/a", "")),
        (find(None, "", "", None), is("", "")),
    ];
    for (number, (found, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(found, wanted, "case {number}");
    }
}

#[test]
fn a_mapping_has_every_default_and_its_first_rule_wins() {
    let plain = &standard(&[]).load().config.mapping;
    assert_eq!(
        (plain.principal.to_string(), plain.resource.to_string()),
        ("Bot".into(), "Host".into())
    );
    assert_eq!(plain.server, "tools");
    let config = r#"
[[tool]]
name = "mcp__git__*"
server = "git"
action = "git_*"
resource = "Host"
resource_id = "/path"
[[tool]]
name = "mcp__*"
[[agent]]
recorded = "claude-*"
id = "spiffe://example.org/*"
"#;
    let mapping = &standard(&[("remit.toml", config)]).load().config.mapping;
    let git = mapping.tool("mcp__git__log").unwrap();
    assert_eq!(git.action.as_deref(), Some("git_log"));
    assert_eq!(git.rule.resource.as_ref().unwrap().id_pointer, "/path");
    assert_eq!(git.rule.line, 3);
    assert_eq!(mapping.tool("mcp__web__get").unwrap().rule.server, None);
    assert!(mapping.tool("bash").is_none());
    assert_eq!(mapping.agent("claude-code").as_deref(), Some("spiffe://example.org/code"));
    assert_eq!(mapping.agent("codex"), None);
}

#[test]
fn recordings_are_files_folders_and_globs_and_none_twice() {
    let config =
        "[recordings]\npaths = [\"runs/b.json\", \"runs\", \"logs/*.jsonl\", \"logs/**/x.*\"]\n";
    let folder = standard(&[
        ("remit.toml", config),
        ("runs/b.json", ""),
        ("runs/a.json", ""),
        ("runs/deep/c.json", ""),
        ("runs/.hidden", ""),
        ("logs/1.jsonl", ""),
        ("logs/1.txt", ""),
        ("logs/deep/2.jsonl", ""),
        ("logs/deep/x.txt", ""),
    ]);
    let found = folder.load().config.recordings.files(folder.path());
    let expected =
        ["runs/b.json", "runs/a.json", "runs/deep/c.json", "logs/1.jsonl", "logs/deep/x.txt"];
    assert_eq!(found.files, expected.map(Utf8PathBuf::from));
    assert!(found.findings.is_empty());
}

#[test]
fn each_digest_depends_on_its_own_files_and_on_every_byte_of_them() {
    let folder =
        standard(&[("scopes/x.cedar", PERMIT), ("entities.json", "[]"), ("remit.toml", "")]);
    let before = folder.load().digests();
    assert_eq!(before, folder.load().digests());
    let changed = |path: &str, text: &str| {
        let old = fs::read_to_string(folder.path().join(path)).unwrap();
        folder.write(path, text);
        let after = folder.load().digests();
        folder.write(path, &old);
        [
            after.guardrails != before.guardrails,
            after.scopes != before.scopes,
            after.schema != before.schema,
            after.entities != before.entities,
            after.mapping != before.mapping,
        ]
    };
    let crlf = PERMIT.replace('\n', "\r\n");
    assert_eq!(changed("guardrails/a.cedar", &crlf), [true, false, false, false, false]);
    assert_eq!(changed("scopes/x.cedar", &crlf), [false, true, false, false, false]);
    assert_eq!(
        changed("schema.cedarschema", &format!("{SCHEMA}\n")),
        [false, false, true, false, false]
    );
    assert_eq!(changed("entities.json", "[ ]"), [false, false, false, true, false]);
    assert_eq!(
        changed("remit.toml", "[mapping]\nserver = \"x\""),
        [false, false, false, false, true]
    );
    assert_eq!(changed("remit.toml", "[[tool]]\nname = \"x\""), [false, false, false, false, true]);
    assert_eq!(changed("remit.toml", "name = \"x\""), [false; 5]);
    assert!(before.guardrails.starts_with("sha256:") && before.guardrails.len() == 71);
}

#[test]
fn ids_stay_when_a_policy_is_put_before_them() {
    let second =
        "forbid (principal, action, resource) when { context.input.path like \"/etc/*\" };\n";
    let folder = standard(&[("guardrails/b.cedar", second)]);
    let id = |folder: &Folder| folder.load().guardrails.policies.last().unwrap().id.clone();
    let before = id(&folder);
    assert!(before.starts_with("b~") && before.len() == 10, "{before}");
    folder.write("guardrails/b.cedar", &format!("{PERMIT}{second}").replace("all", "new"));
    assert_eq!(id(&folder), before);
}

#[test]
fn a_layer_holds_all_that_parses_with_its_source() {
    let text = "@id(\"a\") permit (principal, action, resource);\nforbid oops;\n@id(\"a\") forbid (principal, action, resource);\n\
                @id(\"t\") permit (principal == ?principal, action, resource);\n";
    let links = r#"[{"template_id": "t", "link_id": "t-1", "args": {"?principal": "Bot::\"b\""}}]"#;
    let folder =
        standard(&[("guardrails/a.cedar", text), ("guardrails/template-links.json", links)]);
    let workspace = folder.load();
    let ids: Vec<_> =
        workspace.guardrails.policies.iter().map(|policy| policy.id.as_str()).collect();
    assert_eq!(ids, ["a", "a~2", "t"]);
    assert_eq!(workspace.guardrails.set().policies().count(), 3);
    let linked = workspace.policy(LayerRef::Guardrails, "t-1").unwrap();
    assert_eq!((linked.id.as_str(), linked.line, linked.is_template), ("t", 4, true));
    assert_eq!(text.get(linked.span.clone()), Some(linked.text.as_str()));
    assert_eq!(workspace.policy_count(), 3);
}

#[test]
fn a_draft_replaces_its_file_and_nothing_else() {
    let folder = standard(&[]);
    let draft = "@id(\"draft\") forbid (principal, action, resource);";
    let overlay = |file: &Utf8Path| (file == "guardrails/a.cedar").then(|| draft.to_owned());
    let workspace = Workspace::load_with(folder.path(), &overlay).unwrap();
    assert_eq!(workspace.guardrails.policies[0].id, "draft");
    assert!(workspace.schema.is_some());
}

#[test]
fn a_draft_is_checked_against_the_ids_of_its_own_layer() {
    let folder = standard(&[("guardrails/b.cedar", ""), ("scopes/x.cedar", "")]);
    let workspace = folder.load();
    let codes = |file: &str| -> Vec<_> {
        check_text(&workspace, file.into(), PERMIT).iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes("guardrails/b.cedar"), [FindingCode::DuplicateId]);
    assert_eq!(codes("guardrails/a.cedar"), []);
    assert_eq!(codes("scopes/x.cedar"), []);
    assert_eq!(codes("README.md"), []);
}

#[test]
fn the_model_is_resolved_to_the_last_type() {
    let workspace = standard(&[]).load();
    let model = &workspace.schema.as_ref().unwrap().model;
    assert_eq!(
        (&model.principal_types, &model.resource_types),
        (&vec!["Bot".into()], &vec!["Host".into()])
    );
    let read = &model.actions["Action::\"read\""];
    assert_eq!(read.groups, ["Action::\"server:fs\""]);
    let expected = "RecordModel { attributes: {\"input\": AttributeModel { ty: Record(RecordModel { attributes: {\
        \"more\": AttributeModel { ty: Record(RecordModel { attributes: {\
        \"days\": AttributeModel { ty: Set(Long), required: true }, \
        \"host\": AttributeModel { ty: IpAddr, required: false }} }), required: false }, \
        \"path\": AttributeModel { ty: String, required: true }} }), required: true }} }";
    assert_eq!(format!("{:?}", read.context), expected);
    assert_eq!(model.actions.len(), 1, "a group is no action");
    assert!(workspace.entities.entities.iter().any(|entity| entity.uid() == read.uid));
}

#[test]
fn formatting_loses_nothing() {
    let pretty = format_text(
        "guardrails/a.cedar".into(),
        "// why\n@id(\"a\") permit(principal,action,resource) when{1<2};",
    );
    assert_eq!(
        pretty.unwrap(),
        "// why\n@id(\"a\")\npermit (principal, action, resource)\nwhen { 1 < 2 };\n"
    );
    let headed = "// the file\n//\n\n// and more \n  \n\n// its own\n@id(\"a\") permit(principal,action,resource);";
    let pretty = format_text("guardrails/a.cedar".into(), headed).unwrap();
    let parted = "// the file\n//\n\n// and more\n\n// its own\n@id(\"a\")\npermit (principal, action, resource);\n";
    assert_eq!(pretty, parted);
    assert_eq!(format_text("guardrails/a.cedar".into(), &pretty).unwrap(), parted);
    let schema = format_text("schema.cedarschema".into(), "entity A={x:Long};").unwrap();
    assert_eq!(schema, "entity A = {\n  x: Long\n};\n");
    let refused = |file: &str, text: &str| format_text(file.into(), text).unwrap_err().message;
    assert_eq!(
        refused("schema.cedarschema", "// x\nentity A;"),
        "formatting a schema would drop its comments"
    );
    assert_eq!(refused("guardrails/a.cedar", "permit(;"), "unexpected token `;`");
    assert_eq!(refused("remit.toml", ""), "there is no formatter for this file");
}

#[test]
fn json_counts_what_it_lists() {
    let folder = standard(&[(
        "guardrails/b.cedar",
        "permit (principal, action == Action::\"raed\", resource);",
    )]);
    let workspace = folder.load();
    let json = render::json(&workspace.findings, workspace.policy_count());
    assert_eq!(json["version"], 1);
    assert_eq!(
        json["summary"],
        serde_json::json!({"errors": 1, "warnings": 0, "advice": 1, "policies": 2})
    );
    let error =
        json["findings"].as_array().unwrap().iter().find(|f| f["severity"] == "error").unwrap();
    assert_eq!(error["code"], "unknown-action");
    assert_eq!(error["file"], "guardrails/b.cedar");
    assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(1), Some(30)));
    assert_eq!(error["endColumn"], 44);
}

//! Schemas from tools: each folder in `schema/` holds tool lists (`<server>.tools.json`), maybe a
//! stub, and the schema that must come out. `UPDATE=1` rewrites it. Each in `schema_update/` holds a
//! schema that a person wrote, a server's new tool list (or, as `added.<server>.tools.json`, tools to
//! add), and the schema afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy_mcp_schema_generator::{SchemaGenerator, SchemaGeneratorConfig};
use mcp_tools_sdk::description::ServerDescription;
use remit_policy::schema_gen::{
    GeneratedSchema, Hints, SpecOrigin, ToolManifest, ToolSpec, add_tools, generate_schema,
    parse_manifest, update_server,
};
use remit_policy::{LoadedSchema, SESSION_FACTS, SchemaModel};

fn cases() -> Vec<Utf8PathBuf> {
    folders("tests/schema")
}

fn folders(of: &str) -> Vec<Utf8PathBuf> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(of);
    let mut cases: Vec<_> =
        folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()).collect();
    cases.sort();
    cases
}

fn manifests(case: &Utf8Path) -> Vec<ToolManifest> {
    let mut files: Vec<_> =
        case.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()).collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| Some((file, file.file_name()?.strip_suffix(".tools.json")?)))
        .map(|(file, server)| parse_manifest(server, &fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

fn generate(case: &Utf8Path) -> GeneratedSchema {
    let stub = fs::read_to_string(case.join("stub.cedarschema")).ok();
    generate_schema(stub.as_deref(), &manifests(case)).unwrap()
}

fn model(text: &str) -> SchemaModel {
    LoadedSchema::parse(text).unwrap().model
}

#[test]
fn the_schema_of_each_tool_list_is_the_expected_one() {
    for case in cases() {
        let generated = generate(&case);
        let notes: String =
            generated.notes.iter().map(|note| format!("// note: {note}\n")).collect();
        let actual = notes + generated.text.as_str();
        let expected = case.join("expected.cedarschema");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &actual).unwrap();
        }
        assert_eq!(fs::read_to_string(&expected).unwrap_or_default(), actual, "{case}");
    }
}

#[test]
fn generating_again_from_the_result_changes_nothing() {
    for case in cases() {
        let once = generate(&case);
        let again = generate_schema(Some(&once.text), &manifests(&case)).unwrap();
        assert_eq!(again.text, once.text, "{case}");
    }
}

/// A schema with other tools: by a server's new list, or with more tools.
fn updated(case: &Utf8Path, text: &str) -> GeneratedSchema {
    let mut made =
        manifests(case).into_iter().map(|manifest| match manifest.server.split_once('.') {
            Some(("added", server)) => {
                add_tools(text, &[ToolManifest { server: server.to_owned(), ..manifest.clone() }])
            }
            _ => update_server(text, &manifest),
        });
    made.next().unwrap().unwrap()
}

#[test]
fn other_tools_leave_what_the_author_wrote_as_it_is_written() {
    for case in folders("tests/schema_update") {
        let before = fs::read_to_string(case.join("before.cedarschema")).unwrap();
        let made = updated(&case, &before);
        let notes: String = made.notes.iter().map(|note| format!("// note: {note}\n")).collect();
        let after = case.join("after.cedarschema");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&after, format!("{notes}{}", made.text)).unwrap();
        }
        let actual = notes + made.text.as_str();
        assert_eq!(fs::read_to_string(&after).unwrap_or_default(), actual, "{case}");
        let comments = |text: &str| text.lines().filter(|line| line.contains("----")).count();
        assert_eq!(comments(&made.text), comments(&before), "{case}");
    }
}

/// The shipped schemas are written by hand: no list may change a byte that it has nothing to say about.
#[test]
fn the_same_list_again_changes_nothing() {
    for case in folders("tests/schema_update").iter().filter(|case| !case.ends_with("added")) {
        let before = fs::read_to_string(case.join("before.cedarschema")).unwrap();
        let once = updated(case, &before);
        assert_eq!(updated(case, &once.text).text, once.text, "{case}");
    }
    for case in folders("../../policies").iter().filter(|case| case.join("remit.toml").exists()) {
        let text = fs::read_to_string(case.join("schema.cedarschema")).unwrap();
        if !text.contains("mcp_principal") {
            continue;
        }
        let none = ToolManifest { server: "nobody's".into(), tools: Vec::new() };
        let actions = |text: &str| model(text).actions.into_keys().collect::<Vec<_>>();
        let same = update_server(&text, &none).unwrap().text;
        assert_eq!(actions(&same), actions(&text), "{case}");
        assert!(same.starts_with(text.trim_end()), "{case}");
    }
}

#[test]
fn a_tool_that_no_list_has_any_more_is_noted() {
    let case = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/plain");
    let once = generate(&case);
    let fewer = generate_schema(Some(&once.text), &[]).unwrap();
    assert!(model(&fewer.text).actions.is_empty());
    assert!(fewer.notes.iter().any(|note| note.starts_with("`allocate_time` is gone")));
}

/// The official generator, asked directly, is the oracle for everything that we do not simplify.
#[test]
fn plain_tools_get_the_types_that_the_official_generator_gives_them() {
    let case = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/plain");
    let tools = fs::read_to_string(case.join("work.tools.json")).unwrap();
    let ours = model(&generate(&case).text);
    let facts = SESSION_FACTS.map(|fact| {
        format!("{}{}: {}", fact.name, if fact.always { "" } else { "?" }, fact.ty.cedar())
    });
    let stub =
        "namespace N { @mcp_principal(\"A\") entity Agent; @mcp_resource(\"S\") entity Server; \
                @mcp_context(\"session\") type Session = { {facts} }; }"
            .replace("{facts}", &facts.join(", "));
    let config =
        SchemaGeneratorConfig::default().objects_as_records(true).encode_numbers_as_decimal(true);
    let mut generator = SchemaGenerator::from_cedarschema_str_with_config(&stub, config).unwrap();
    let description = ServerDescription::from_json_str(&tools).unwrap();
    generator.add_actions_from_server_description(&description).unwrap();
    let theirs = model(&generator.get_schema_as_str());
    let contexts = |model: &SchemaModel| -> Vec<_> {
        model.actions.values().map(|action| (action.id.clone(), action.context.clone())).collect()
    };
    assert!(!theirs.actions.is_empty());
    assert_eq!(contexts(&ours), contexts(&theirs));
}

#[test]
fn an_inferred_tool_is_only_in_the_group_that_is_proposed() {
    let tool = |name: &str, why: Option<&str>| ToolSpec {
        name: name.into(),
        title: None,
        description: None,
        input_schema: serde_json::json!({}),
        annotations: Hints::default(),
        origin: SpecOrigin::Inferred { calls: 3 },
        read_only_because: why.map(str::to_owned),
    };
    let tools = vec![tool("get_x", Some("its name begins with `get_`")), tool("set_x", None)];
    let manifest = ToolManifest { server: "s".into(), tools };
    let model = model(&generate_schema(None, &[manifest]).unwrap().text);
    let get = model.action("get_x").unwrap();
    assert_eq!(
        get.groups,
        ["Action::\"call_tool\"", "Action::\"read_only\"", "Action::\"server:s\""]
    );
    assert_eq!(get.annotations["read_only"], "proposed: its name begins with `get_`");
    let set = model.action("set_x").unwrap();
    assert_eq!(set.groups, ["Action::\"call_tool\"", "Action::\"server:s\""]);
}

#[test]
fn what_is_no_tool_list_says_what_it_should_be() {
    let message = |text: &str| parse_manifest("git", text).unwrap_err().to_string();
    assert_eq!(
        message("{\"tools\": ["),
        "the tool list of `git` is not JSON: EOF while parsing a list at line 1, column 11"
    );
    assert_eq!(message("{}"), "there are no tools in the tool list of `git`");
    assert_eq!(
        message("[{\"name\": \"a\"}, {\"title\": \"b\"}]"),
        "tool 2 in the tool list of `git` has no `name`"
    );
    let wrong = generate_schema(Some("entity A"), &[]).unwrap_err().to_string();
    assert!(wrong.starts_with("the schema to start from does not parse"), "{wrong}");
    let unmarked = generate_schema(Some("entity A; entity S;"), &[]).unwrap_err().to_string();
    assert_eq!(unmarked, "the schema to start from has no entity type marked `@mcp_principal`");
}

#[test]
fn every_envelope_of_a_tool_list_is_seen_through() {
    let tool = r#"{"name": "a", "inputSchema": {"type": "object"}}"#;
    for text in [
        format!("[{tool}]"),
        format!("{{\"tools\": [{tool}]}}"),
        format!("{{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": {{\"tools\": [{tool}]}}}}"),
        format!("[{{\"result\": {{\"tools\": [{tool}]}}}}]"),
        r#"[{"type": "function", "function": {"name": "a", "parameters": {"type": "object"}}}]"#
            .into(),
    ] {
        let manifest = parse_manifest("s", &text).unwrap();
        assert_eq!(manifest.tools.len(), 1, "{text}");
        assert_eq!(manifest.tools[0].name, "a");
        assert_eq!(manifest.tools[0].input_schema["type"], "object");
    }
}

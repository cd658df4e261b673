//! What the window's editor asks, through the commands that it sends.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use serde_json::{Value, json};
use support::Host;

const NEW: &str = "guardrails/new.cedar";
const GUARDRAILS: &str = "guardrails/payments.cedar";

/// A request about the place of `¦` in the unsaved text of a file.
fn place(path: &str, marked: &str) -> Value {
    let at = marked.split('¦').next().unwrap().encode_utf16().count();
    let text = marked.replace('¦', "");
    json!({ "drafts": [{ "path": path, "text": text }], "path": path, "at": at })
}

fn labels(reply: &Value) -> Vec<&str> {
    reply["items"].as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap()).collect()
}

#[test]
fn completion_offers_what_was_recorded_most_frequent_first() {
    let host = Host::opened();
    let rule = |condition: &str| {
        let head = "permit (principal, action, resource) when";
        // The offset is of UTF-16 units, and there are others before it.
        place(NEW, &format!("// é\u{1f600}\n{head} {{ {condition} }};"))
    };
    let reply = host.ok("complete", rule("context.session.step == ¦"));
    let first = &reply["items"][0];
    assert_eq!(first["kind"], "value");
    let detail = first["detail"].as_str().unwrap();
    assert!(detail.ends_with("calls"), "{detail}");
    let counts: Vec<u64> = reply["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["kind"] == "value")
        .map(|item| item["detail"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
    let half = host.ok("complete", rule("context.ses¦"));
    let session =
        half["items"].as_array().unwrap().iter().find(|item| item["label"] == "session").unwrap();
    assert_eq!(session["to"].as_u64().unwrap() - session["from"].as_u64().unwrap(), 3);
}

#[test]
fn completion_works_before_recordings_are_read_and_in_what_does_not_parse() {
    let host = Host::opened();
    let reply = host.ok("complete", place(NEW, "permit (principal, ac¦"));
    assert!(labels(&reply).contains(&"action"));
    let reply = host.ok("complete", place(NEW, ""));
    assert!(labels(&reply).contains(&"permit"));
}

#[test]
fn hover_says_how_many_recorded_calls_have_an_attribute() {
    let host = Host::opened();
    let text = r#"permit (principal, action == Action::"send_money", resource) when { context.input.amo¦unt > 1 };"#;
    let hover = &host.ok("hover", place(NEW, text))["hover"];
    assert!(hover["recorded"].as_str().unwrap().contains("recorded have it"), "{hover}");
    assert!(!hover["values"].as_array().unwrap().is_empty());
    assert_eq!(host.ok("hover", place(NEW, "¦"))["hover"], Value::Null);
}

#[test]
fn a_policy_is_found_and_renamed_where_drafts_say_it_is() {
    let host = Host::opened();
    let marked = "@id(\"zz¦z\") permit (principal, action, resource);";
    let found = host.ok("references", place(NEW, marked));
    assert_eq!(found["places"].as_array().unwrap().len(), 1);
    assert_eq!(found["places"][0]["isDefinition"], true);
    let what = host.ok("renaming", place(NEW, marked));
    assert_eq!((&what["name"], &what["what"]), (&json!("zzz"), &json!("the policy")));
    let mut request = place(NEW, marked);
    request["name"] = json!("yyy");
    let edits = host.ok("rename", request.clone());
    let edit = &edits["edits"][0];
    assert_eq!((&edit["path"], &edit["text"]), (&json!(NEW), &json!("\"yyy\"")));
    let taken = host.ok("workspace", json!({}))["policies"][0]["id"].clone();
    request["name"] = taken;
    assert_eq!(host.err("rename", request)["code"], "invalidText");
    let nowhere = host.err("hover", json!({ "drafts": [], "path": "no.cedar", "at": 0 }));
    assert_eq!(nowhere["code"], "notFound");
}

#[test]
fn what_is_saved_needs_no_draft() {
    let host = Host::opened();
    let (text, _) = host.file(GUARDRAILS);
    let before = text.split("Action::\"").next().unwrap();
    let at = before.encode_utf16().count() + "Action::\"x".len();
    let request = json!({ "drafts": [], "path": GUARDRAILS, "at": at });
    let found = host.ok("definition", request);
    assert_eq!(found["places"][0]["path"], "schema.cedarschema", "{found}");
    assert!(found["places"][0]["excerpt"].as_str().unwrap().starts_with("action"));
}

#[test]
fn a_fix_mends_the_finding_that_it_is_for() {
    let host = Host::opened();
    let text = r#"@id("new") permit (principal, action == Action::"sned_money", resource);"#;
    let draft = json!({ "path": NEW, "text": text });
    let finding = &host.ok("check_draft", draft.clone())["findings"][0];
    let request = json!({
        "drafts": [draft], "path": NEW, "from": finding["from"], "to": finding["to"]
    });
    let fixes = host.ok("quick_fixes", request);
    let edit = &fixes["fixes"][0]["edits"][0];
    let (from, to) =
        (edit["from"].as_u64().unwrap() as usize, edit["to"].as_u64().unwrap() as usize);
    let mut mended = text.to_owned();
    mended.replace_range(from..to, edit["text"].as_str().unwrap());
    let left = host.ok("check_draft", json!({ "path": NEW, "text": mended }));
    assert_eq!(left["findings"], json!([]), "{mended}");
}

#[test]
fn the_outline_names_the_policies() {
    let host = Host::opened();
    let (text, _) = host.file(GUARDRAILS);
    let outline = host.ok("outline", json!({ "path": GUARDRAILS, "text": text }));
    let policies = host.ok("workspace", json!({}))["policies"].clone();
    let of_file: Vec<&Value> = policies
        .as_array()
        .unwrap()
        .iter()
        .filter(|policy| policy["file"] == GUARDRAILS)
        .map(|policy| &policy["id"])
        .collect();
    let names: Vec<&Value> =
        outline["items"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
    assert_eq!(names, of_file);
    assert!(!outline["folds"].as_array().unwrap().is_empty());
}

fn effects(host: &Host) -> Vec<Value> {
    let reply = host.ok("policy_effects", json!({ "path": NEW }));
    reply["policies"].as_array().unwrap().clone()
}

fn judge(host: &Host, text: &str) {
    let reply = host.ok("judge_drafts", json!({ "files": [{ "path": NEW, "text": text }] }));
    assert_eq!(reply["state"], "judged", "{reply}");
}

/// Each count is held to the verdicts of a policy that says just that.
#[test]
fn each_condition_says_what_it_matches_and_what_it_keeps_out() {
    let host = Host::opened();
    let matched = |condition: &str| {
        let head = r#"@id("new") forbid (principal, action, resource)"#;
        judge(&host, &format!("{head} {condition};"));
        effects(&host)[0].clone()
    };
    let number = |value: &Value| value.as_u64().unwrap();
    let all = number(&matched("")["matched"]);
    let small = number(&matched("when { context.session.step < 4 }")["matched"]);
    assert!(0 < small && small < all, "{small} of {all}");
    let both = matched("when { context.session.step < 4 && context.session.calls >= 0 }");
    let conditions = both["conditions"].as_array().unwrap();
    assert_eq!(conditions.len(), 2);
    assert_eq!(
        (number(&conditions[0]["matched"]), number(&conditions[1]["matched"])),
        (small, all)
    );
    assert_eq!(number(&conditions[0]["keepsOut"]), all - small);
    assert_eq!(number(&conditions[1]["keepsOut"]), 0);
    assert_eq!(both["decided"], both["matched"]);
    assert_eq!(both["changed"], both["matched"], "all of it is new");
    assert_eq!(conditions[0]["changed"], Value::Null);
    let unless = matched("unless { context.session.step < 4 }");
    assert_eq!(number(&unless["matched"]), all - small);
    assert_eq!(unless["conditions"][0]["isUnless"], true);
}

#[test]
fn what_changed_is_counted_from_the_saved_text() {
    let host = Host::opened();
    let rule = |limit: u32| {
        format!(
            "@id(\"new\") forbid (principal, action == Action::\"send_money\", resource) when {{ context.input.amount < {limit} }};"
        )
    };
    host.ok("save_file", json!({ "path": NEW, "text": rule(200_000), "base": "" }));
    host.app.wait();
    judge(&host, &rule(200_000));
    let same = &effects(&host)[0];
    assert_eq!((&same["changed"], &same["conditions"][0]["changed"]), (&json!(0), &json!(0)));
    judge(&host, &rule(100_000_000));
    let wider = &effects(&host)[0];
    let difference = wider["matched"].as_u64().unwrap() - same["matched"].as_u64().unwrap();
    assert!(difference > 0);
    assert_eq!(wider["changed"].as_u64(), Some(difference));
    assert_eq!(wider["conditions"][0]["changed"].as_u64(), Some(difference));
}

#[test]
fn a_policy_from_calls_matches_them_and_the_narrowest_matches_fewest() {
    let host = Host::opened();
    let session = host.ok("session", json!({ "session": 0 }));
    let verdicts = host.app.verdict_column().unwrap();
    let count = session["calls"].as_array().unwrap().len().min(verdicts.len());
    let mut checked = 0;
    for position in 0..count {
        let request = json!({ "positions": [position], "effect": "forbid" });
        let candidates = host.ok("policies_from_calls", request)["candidates"].clone();
        let mut before = 0;
        for candidate in candidates.as_array().unwrap() {
            let text = format!("@id(\"new\")\n{}", candidate["text"].as_str().unwrap());
            let findings = host.ok("check_draft", json!({ "path": NEW, "text": text }));
            assert_eq!(findings["findings"], json!([]), "{text}");
            judge(&host, &text);
            let matched = effects(&host)[0]["matched"].as_u64().unwrap();
            assert!(matched >= 1 && matched >= before, "{text}");
            assert_eq!(host.app.verdict_column().unwrap()[position] & 3, 1, "{text}");
            before = matched;
            checked += 1;
        }
    }
    assert!(checked > 5, "{checked}");
}

#[test]
fn access_says_what_always_and_never_is_and_what_was_done() {
    let host = Host::opened();
    let cell = |text: &str, task: Value| {
        judge(&host, text);
        let matrix = host.ok("access", json!({ "task": task }));
        let place = |list: &str, name: &str| {
            matrix[list].as_array().unwrap().iter().position(|n| n.as_str().unwrap().contains(name))
        };
        let action = place("actions", "\"send_money\"").unwrap();
        let of_action =
            matrix["cells"].as_array().unwrap().iter().filter(|c| c["action"] == json!(action));
        let cells = of_action.cloned().collect::<Vec<_>>();
        // Cells name policies by their place in the list of all.
        let named = cells[0]["guardrails"]["policies"][0].as_u64();
        let named = named.map(|place| matrix["policies"][place as usize]["id"].clone());
        (cells, named)
    };
    let known = |cells: &[Value]| -> Vec<String> {
        let allowed = |cell: &Value| {
            let allowed = cell["guardrails"]["allowed"].as_str();
            allowed.expect("recorded agents are asked about too").to_owned()
        };
        cells.iter().map(allowed).collect()
    };
    let forbid = |rest: &str| {
        format!(
            "@id(\"new\") forbid (principal, action == Action::\"send_money\", resource){rest};"
        )
    };
    let (as_saved, _) = cell("", Value::Null);
    assert!(known(&as_saved).contains(&"sometimes".to_owned()), "{as_saved:?}");
    assert!(as_saved.iter().any(|cell| cell["calls"].as_u64().unwrap() > 0));
    let (never, by) = cell(&forbid(""), Value::Null);
    assert!(known(&never).iter().all(|allowed| allowed == "never"), "{never:?}");
    assert_eq!(by, Some(json!("new")));
    let denied: u64 = never.iter().map(|cell| cell["denied"].as_u64().unwrap()).sum();
    let calls: u64 = never.iter().map(|cell| cell["calls"].as_u64().unwrap()).sum();
    let unknown: u64 = never.iter().map(|cell| cell["unknown"].as_u64().unwrap()).sum();
    assert_eq!(denied + unknown, calls, "what is never allowed was never allowed");
    assert_eq!(host.err("access", json!({ "task": "no such task" }))["code"], "notFound");
    let calls = |task: Value| -> u64 {
        cell("", task).0.iter().map(|cell| cell["calls"].as_u64().unwrap()).sum()
    };
    assert!(calls(json!("payments/pay-rent")) > 0);
    assert_eq!(calls(json!("support/notice")), 0, "no call of another task counts");
}

#[test]
fn another_schema_names_the_policies_that_it_breaks() {
    let host = Host::opened();
    let (schema, _) = host.file("schema.cedarschema");
    let effects = |text: &str| {
        host.ok("schema_effects", json!({ "path": "schema.cedarschema", "text": text }))
    };
    let same = effects(&schema);
    assert_eq!((&same["added"], &same["findings"]), (&json!([]), &json!([])));
    let renamed = effects(&schema.replace("action \"send_money\"", "action \"wire_money\""));
    assert_eq!(renamed["removed"], json!(["Action::\"send_money\""]), "{renamed}");
    assert_eq!(renamed["added"], json!(["Action::\"wire_money\""]));
    let broken = renamed["findings"].as_array().unwrap();
    assert!(broken.iter().any(|finding| finding["code"] == "unknown-action"), "{renamed}");
}

#[test]
fn a_rule_becomes_a_policy_that_counts_before_it_is_saved() {
    let host = Host::opened();
    let rules = host.ok("rules", json!({}))["rules"].clone();
    let rule = rules.as_array().unwrap().iter().find(|rule| rule["name"] == "spend-limit").unwrap();
    assert_eq!(rule["whyNot"], Value::Null, "{rule}");
    let choices = rule["values"][0]["choices"].as_array().unwrap();
    assert!(choices.contains(&json!("send_money.amount")), "{choices:?}");
    let fill = |limit: &str| json!({ "name": "spend-limit", "values": { "amount": "send_money.amount", "limit": limit } });
    let text = host.ok("fill_rule", fill("1"))["text"].clone();
    let before = host.ok("workspace", json!({}))["replay"]["summary"].clone();
    let draft = json!({ "files": [{ "path": NEW, "text": text }] });
    let tried = host.ok("try_drafts", draft);
    assert_eq!(host.ok("workspace", json!({}))["replay"]["summary"], before, "tried on the side");
    judge(&host, text.as_str().unwrap());
    assert_eq!(effects(&host)[0]["matched"], 1, "{text}");
    let after = host.ok("workspace", json!({}))["replay"]["summary"].clone();
    let newly = after["denied"].as_u64().unwrap() - before["denied"].as_u64().unwrap();
    assert_eq!(tried["changed"]["calls"], newly, "what was tried is what came: {tried}");
    let broken = json!({ "files": [{ "path": NEW, "text": "permit (principal" }] });
    let refused = host.ok("try_drafts", broken);
    assert!(!refused["broken"].as_array().unwrap().is_empty() && refused["changed"].is_null());
    assert_eq!(host.err("fill_rule", fill("much"))["code"], "badRequest");
}

#[test]
fn a_rule_offers_the_values_that_were_recorded() {
    let host = Host::opened();
    let ask = |argument: &str| json!({ "argument": argument });
    let found = host.ok("recorded_values", ask("send_money.recipient"));
    let values = found["values"].as_array().unwrap();
    assert!(!values.is_empty() && values.len() as u64 <= found["distinct"].as_u64().unwrap());
    for value in values {
        assert!(!value["text"].as_str().unwrap().starts_with('"'), "as it is: {value}");
    }
    assert_eq!(host.err("recorded_values", ask("no.such"))["code"], "notFound");
}

/// Every call that is not mapped is in a group, and every group leads to a call.
#[test]
fn calls_that_do_not_fit_the_schema_are_grouped_with_a_reason() {
    let host = Host::opened();
    let misfits = host.ok("schema_misfits", json!({}));
    let groups = misfits["groups"].as_array().unwrap();
    assert_eq!(misfits["sessions"], misfits["lookedAt"]);
    assert!(!groups.is_empty());
    for group in groups {
        let steps = host
            .ok("steps", json!({ "session": group["session"], "start": group["step"], "len": 1 }));
        let body = &steps["steps"][0]["body"];
        assert_eq!((&body["kind"], &body["tool"]), (&json!("call"), &group["tool"]), "{group}");
    }
}

const SCHEMA: &str = "schema.cedarschema";

/// Calls with everything that can be wrong with arguments.
const ODD: &str = r#"session odd
agent payments-agent

user: Pay, somehow.
call send_money: {"amount": 12.5, "recipient": "Rent", "subject": "May", "memo": {"note": "soon", "parts": [1, 2]}}
result: done
call send_money: {"amount": "much", "recipient": "Rent", "memo": {"note": "late", "parts": [1]}}
result: done
call send_email: {"body": "b", "recipients": "all", "subject": "s"}
result: done
call send_pigeon: {"coop-id": 7, "fast": true}
result: gone
"#;

fn with_odd_calls() -> Host {
    let host = Host::new();
    std::fs::write(host.root.join("sessions/odd.session"), ODD).unwrap();
    host.ok("open_workspace", json!({ "path": host.root }));
    host.app.wait();
    host
}

/// Whoever clicks on what is offered until nothing is offered any more has a schema that all calls fit,
/// in which what a person wrote is still there.
#[test]
fn what_is_offered_makes_every_call_fit() {
    let host = with_odd_calls();
    let (saved, _) = host.file(SCHEMA);
    let kept = "// Ours.\n@doc(\"Every tool\")";
    let commented = saved.replace("@doc(\"Every tool\")", kept);
    let asked =
        json!({ "text": commented, "from": { "kind": "recordings", "tool": "send_pigeon" } });
    let one = host.ok("make_schema", asked);
    assert!(one["text"].as_str().unwrap().contains("\"coop-id\": Long"), "{one}");
    let asked = json!({ "text": one["text"], "from": { "kind": "recordings", "tool": null } });
    let mut schema = host.ok("make_schema", asked)["text"].as_str().unwrap().to_owned();
    let mut left = u64::MAX;
    loop {
        let found = host.ok("schema_misfits", json!({ "text": schema }));
        let groups = found["groups"].as_array().unwrap();
        assert!(groups.iter().all(|group| group["isUndeclared"] == false), "{groups:?}");
        let Some(fix) = groups.iter().find_map(|group| group["fixes"].get(0)) else {
            assert_eq!(found["misfits"], 0, "{found}");
            break;
        };
        let calls: u64 = groups.iter().map(|group| group["calls"].as_u64().unwrap()).sum();
        assert!(calls < left, "each click mends something: {groups:?}\n{schema}");
        left = calls;
        let at = |end: &str| fix["edit"][end].as_u64().unwrap() as usize;
        schema.replace_range(at("from")..at("to"), fix["edit"]["text"].as_str().unwrap());
    }
    for part in [
        kept,
        "amount: String",
        "recipients: String",
        "memo?: { note: String, parts: Set<Long> }",
        "subject?: String",
    ] {
        assert!(schema.contains(part), "{part} in {schema}");
    }
    let draft = json!({ "path": SCHEMA, "text": schema });
    let effects = host.ok("schema_effects", draft);
    assert!(effects["added"].as_array().unwrap().contains(&json!("Action::\"send_pigeon\"")));
    assert!(host.ok("schema_misfits", json!({ "text": null }))["misfits"].as_u64().unwrap() > 0);
}

/// A tool list that a server no longer has a tool in: its policies are named before anything is saved.
#[test]
fn a_new_tool_list_names_the_policies_that_die() {
    let host = Host::opened();
    let (saved, _) = host.file(SCHEMA);
    let list = json!({ "tools": [{ "name": "get_balance",
        "inputSchema": { "type": "object", "properties": { "account": { "type": "string" } }, "required": ["account"] } }] });
    let path = host.beside("bank.tools.json");
    std::fs::write(&path, list.to_string()).unwrap();
    let ask = |server: &str| json!({ "text": null, "from": { "kind": "toolList", "path": path, "server": server } });
    let made = host.ok("make_schema", ask("bank"));
    let gone = made["notes"]
        .as_array()
        .unwrap()
        .iter()
        .any(|note| note.as_str().unwrap().contains("send_money"));
    assert!(gone, "{made}");
    let effects = host.ok("schema_effects", json!({ "path": SCHEMA, "text": made["text"] }));
    assert!(effects["removed"].as_array().unwrap().contains(&json!("Action::\"send_money\"")));
    assert!(!effects["removed"].as_array().unwrap().contains(&json!("Action::\"send_email\"")));
    assert!(!effects["findings"].as_array().unwrap().is_empty(), "{effects}");
    assert_eq!(host.file(SCHEMA).0, saved, "nothing is saved");
    std::fs::write(&path, "{}").unwrap();
    assert_eq!(host.err("make_schema", ask("bank"))["code"], "invalidText");
    let broken = json!({ "text": "entity A" });
    assert_eq!(host.err("schema_misfits", broken)["code"], "invalidText");
}

/// Whoever narrows to what was recorded changes no verdict; whoever forbids it all denies every call.
#[test]
fn what_an_agent_may_do_is_narrowed_to_what_it_did() {
    let host = Host::opened();
    let matrix = host.ok("access", json!({ "task": null }));
    let cells = matrix["cells"].as_array().unwrap();
    let used = cells.iter().filter(|cell| cell["calls"] != 0 && !cell["guardrails"].is_null());
    let mut narrowed = 0;
    for cell in used {
        let name = |of: &str, at: &Value| matrix[of][at.as_u64().unwrap() as usize].clone();
        let asked = json!({ "agent": name("agents", &cell["agent"]), "action": name("actions", &cell["action"]) });
        let made = host.ok("narrowings", asked);
        let candidates = made["candidates"].as_array().unwrap();
        let text =
            |at: usize| format!("@id(\"narrow\") {}", candidates[at]["text"].as_str().unwrap());
        let tried = |text: &str| {
            host.ok("try_drafts", json!({ "files": [{ "path": NEW, "text": text }] }))["changed"]
                .clone()
        };
        let nothing = tried(&text(candidates.len() - 1));
        let stopped: u64 = nothing["groups"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|group| group["after"] == "denied")
            .map(|group| group["calls"].as_u64().unwrap())
            .sum();
        assert_eq!(
            stopped + cell["denied"].as_u64().unwrap() + cell["unknown"].as_u64().unwrap(),
            cell["calls"].as_u64().unwrap(),
            "{nothing}"
        );
        if candidates.len() > 1 {
            narrowed += 1;
            assert_eq!(tried(&text(0))["calls"], 0, "{}", text(0));
        }
    }
    assert!(narrowed > 0);
    let none = json!({ "agent": "Agent::\"x\"", "action": "Action::\"none\"" });
    assert_eq!(host.err("narrowings", none)["code"], "notFound");
}

#[test]
fn who_and_what_there_is_comes_from_files_schema_and_recordings() {
    let host = Host::opened();
    let found = host.ok("entities", json!({ "text": null }));
    let rows = found["entities"].as_array().unwrap();
    let agents: Vec<&Value> = rows.iter().filter(|row| row["kind"] == "agent").collect();
    let calls: u64 = agents.iter().map(|row| row["calls"].as_u64().unwrap()).sum();
    let tools: u64 = rows
        .iter()
        .filter(|row| row["kind"] == "tool")
        .map(|row| row["calls"].as_u64().unwrap())
        .sum();
    assert!(calls > 0 && calls == tools, "each mapped call has an agent and a tool: {found}");
    let tool = rows.iter().find(|row| row["id"] == "send_money").unwrap();
    let groups: Vec<&Value> = tool["parents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|at| &rows[at.as_u64().unwrap() as usize]["id"])
        .collect();
    assert!(groups.contains(&&json!("server:bank")), "{groups:?}");
    let is_named = |row: &&Value| row["kind"] == "server" && row["isDeclared"] == false;
    let named = rows.iter().find(is_named).expect("a server that is only recorded");
    let text =
        json!([{ "uid": { "type": named["ty"], "id": named["id"] }, "attrs": {}, "parents": [] }]);
    let declared = host.ok("entities", json!({ "text": text.to_string() }));
    let is_it = |row: &&Value| row["uid"] == named["uid"];
    let row = declared["entities"].as_array().unwrap().iter().find(is_it).unwrap();
    assert_eq!(row["isDeclared"], true);
}

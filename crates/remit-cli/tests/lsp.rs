//! `remit lsp` as clients speak to it: over stdin and stdout, first by hand, then by Neovim.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const HEAD: &str = "// é\u{1f600}\n@id(\"new\")\npermit (principal, action == Action::\"make_payment\", resource)\n";

struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    root: PathBuf,
    last_id: u64,
    notes: Vec<Value>,
    _folder: tempfile::TempDir,
}

/// A copy of the sample workspace.
fn sample(folder: &Path) -> PathBuf {
    let root = folder.join("desk");
    let made = Command::new(env!("CARGO_BIN_EXE_remit")).arg("init").arg(&root).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    root.canonicalize().unwrap()
}

impl Client {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = sample(folder.path());
        let mut child = Command::new(env!("CARGO_BIN_EXE_remit"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (last_id, notes) = (0, Vec::new());
        let mut client = Client { child, input, output, root, last_id, notes, _folder: folder };
        let hello = client.ask("initialize", json!({ "capabilities": {} }));
        for provider in ["completionProvider", "hoverProvider", "renameProvider"] {
            assert!(!hello["capabilities"][provider].is_null(), "{hello}");
        }
        client.tell("initialized", json!({}));
        client
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask_for(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == json!(id) {
                return message;
            }
            self.notes.push(message);
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask_for(method, params);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server went away");
            match line.trim() {
                "" => break,
                line => {
                    if let Some(count) = line.strip_prefix("Content-Length: ") {
                        length = count.parse().unwrap();
                    }
                }
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn uri(&self, path: &str) -> String {
        format!("file://{}", self.root.join(path).display())
    }

    fn open(&mut self, path: &str, text: &str) -> Value {
        let uri = self.uri(path);
        let document = json!({ "uri": uri, "languageId": "cedar", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        self.diagnostics()
    }

    fn edit(&mut self, path: &str, text: &str) -> Value {
        let document = json!({ "uri": self.uri(path), "version": 2 });
        let changes = json!([{ "text": text }]);
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": changes }),
        );
        self.diagnostics()
    }

    fn diagnostics(&mut self) -> Value {
        let message = self.receive();
        assert_eq!(message["method"], "textDocument/publishDiagnostics");
        message["params"]["diagnostics"].clone()
    }

    /// A request about a place in an open file: line and UTF-16 unit.
    fn place(&self, path: &str, line: u32, character: u32) -> Value {
        let position = json!({ "line": line, "character": character });
        json!({ "textDocument": { "uri": self.uri(path) }, "position": position })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const NEW: &str = "guardrails/new.cedar";

fn labels(reply: &Value) -> Vec<&str> {
    reply.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap()).collect()
}

#[test]
fn diagnostics_follow_the_text_and_a_fix_mends_them() {
    let mut client = Client::start();
    let wrong = format!("{HEAD}when {{ context.input.recipent == \"x\" }};\n");
    let found = client.open(NEW, &wrong);
    assert_eq!(found[0]["code"], "unknown-attribute", "{found}");
    assert_eq!(found[0]["range"]["start"], json!({ "line": 3, "character": 7 }));
    let request = json!({
        "textDocument": { "uri": client.uri(NEW) },
        "range": found[0]["range"], "context": { "diagnostics": found }
    });
    let actions = client.ask("textDocument/codeAction", request);
    assert_eq!(actions[0]["title"], "write `recipient`");
    let edit = &actions[0]["edit"]["changes"][client.uri(NEW)][0];
    assert_eq!(
        (&edit["newText"], &edit["range"]["start"]["character"]),
        (&json!("recipient"), &json!(21))
    );
    let right = wrong.replace("recipent", "recipient");
    assert_eq!(client.edit(NEW, &right), json!([]));
    let broken = client.edit(NEW, &right.replace("};", ""));
    assert_eq!(broken[0]["code"], "syntax");
}

#[test]
fn places_are_counted_in_utf16_units() {
    let mut client = Client::start();
    let text = format!("{HEAD}when {{ \"é\u{1f600}\" == context.input.recipient }};\n");
    assert_eq!(client.open(NEW, &text), json!([]));
    let hover = client.ask("textDocument/hover", client.place(NEW, 3, 36));
    assert_eq!(hover["range"]["start"], json!({ "line": 3, "character": 30 }), "{hover}");
    assert!(hover["contents"]["value"].as_str().unwrap().contains("recipient: String"));
}

#[test]
fn completion_definition_references_and_rename_go_through_all_files() {
    let mut client = Client::start();
    let text = format!("{HEAD}when {{ context.input. }};\n");
    client.open(NEW, &text);
    let offers = client.ask("textDocument/completion", client.place(NEW, 3, 21));
    assert!(labels(&offers).contains(&"recipient"), "{offers}");
    let places = client.ask("textDocument/definition", client.place(NEW, 2, 40));
    assert!(places[0]["uri"].as_str().unwrap().ends_with("/schema.cedarschema"), "{places}");
    let mut request = client.place(NEW, 2, 40);
    request["context"] = json!({ "includeDeclaration": false });
    let references = client.ask("textDocument/references", request);
    assert!(references.as_array().unwrap().len() > 2, "{references}");
    let prepared = client.ask("textDocument/prepareRename", client.place(NEW, 2, 40));
    assert_eq!(prepared["placeholder"], "make_payment");
    let mut request = client.place(NEW, 2, 40);
    request["newName"] = json!("pay");
    let edits = client.ask("textDocument/rename", request.clone())["changes"].clone();
    for file in [NEW, "schema.cedarschema", "guardrails/money.cedar"] {
        assert!(!edits[client.uri(file)].is_null(), "{file}: {edits}");
    }
    request["newName"] = json!("get_balance");
    let refused = client.ask_for("textDocument/rename", request);
    assert_eq!(refused["error"]["message"], "`get_balance` is taken");
}

#[test]
fn formatting_symbols_and_folds_are_of_the_unsaved_text() {
    let mut client = Client::start();
    let text = format!("{HEAD}when {{ true  &&\n false }};\n");
    client.open(NEW, &text);
    let document = json!({ "uri": client.uri(NEW) });
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let edits = client
        .ask("textDocument/formatting", json!({ "textDocument": document, "options": options }));
    let formatted = edits[0]["newText"].as_str().unwrap();
    assert!(formatted.contains("when { true && false };"), "{formatted}");
    let symbols = client.ask("textDocument/documentSymbol", json!({ "textDocument": document }));
    assert_eq!(symbols[0]["name"], "new");
    let folds = client.ask("textDocument/foldingRange", json!({ "textDocument": document }));
    assert_eq!((&folds[0]["startLine"], &folds[0]["endLine"]), (&json!(1), &json!(4)), "{folds}");
}

#[test]
fn what_is_saved_counts_for_the_other_files() {
    let mut client = Client::start();
    client.open(NEW, &format!("{HEAD}when {{ context.input.colour == \"red\" }};\n"));
    let path = client.root.join("schema.cedarschema");
    let schema = fs::read_to_string(&path).unwrap();
    let wider = schema
        .replace("type make_paymentInput = {", "type make_paymentInput = {\n  colour: String,");
    assert_ne!(schema, wider);
    client.open("schema.cedarschema", &wider);
    fs::write(&path, &wider).unwrap();
    let document = json!({ "uri": client.uri("schema.cedarschema") });
    client.tell("textDocument/didSave", json!({ "textDocument": document }));
    let both = [client.receive(), client.receive()];
    let of_new = both.iter().find(|note| note["params"]["uri"] == json!(client.uri(NEW))).unwrap();
    assert_eq!(of_new["params"]["diagnostics"], json!([]));
}

#[test]
fn what_is_not_understood_is_refused_and_nothing_ends() {
    let mut client = Client::start();
    let unknown = client.ask_for("textDocument/nonsense", json!({}));
    assert_eq!(unknown["error"]["code"], json!(-32601));
    let bad = client.ask_for("textDocument/hover", json!({ "no": "place" }));
    assert_eq!(bad["error"]["code"], json!(-32602));
    let closed = client.ask_for("textDocument/hover", client.place("guardrails/no.cedar", 0, 0));
    assert!(closed["error"]["message"].as_str().unwrap().contains("is not open"));
    client.tell("textDocument/didOpen", json!({ "textDocument": 3 }));
    client.ask("shutdown", Value::Null);
    client.tell("exit", Value::Null);
    assert!(client.child.wait().unwrap().success());
}

/// A real client: Neovim, without a screen, by the script beside this file.
#[test]
fn neovim_gets_everything_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = sample(folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lsp.lua");
    let run = Command::new("nvim")
        .args(["--headless", "--clean", "-n", "-S"])
        .arg(&script)
        .current_dir(&root)
        .env("REMIT", env!("CARGO_BIN_EXE_remit"))
        .env("XDG_STATE_HOME", folder.path())
        .output()
        .expect("Neovim is installed: on Debian, `apt-get install neovim`");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.contains("all of it works"), "{said}");
}

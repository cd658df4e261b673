//! How long it takes to make a draft and to check it: one policy edited in one of many files.
//!
//! `cargo run --release -p remit-policy --example drafts`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement stops at surprises")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::{Workspace, check_text};

const FILES: usize = 10;
const POLICIES: usize = 100;
const ACTIONS: usize = 60;
const RUNS: usize = 201;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    for layer in ["guardrails", "scopes"] {
        write_workspace(root, layer);
        let started = Instant::now();
        let workspace = Workspace::load(root).unwrap();
        println!("{FILES} files of {POLICIES} policies in {layer}, {ACTIONS} actions");
        println!("  load                        {:>9.1?}", started.elapsed());
        assert!(workspace.is_valid(), "{:?}", workspace.findings.first());
        let path = Utf8PathBuf::from(format!("{layer}/file5.cedar"));
        let drafts = |run| vec![(path.clone(), text(5, Some(run)))];
        report("with_texts", |run| {
            let drafts = drafts(run);
            let started = Instant::now();
            let draft = workspace.with_texts(&drafts);
            let took = started.elapsed();
            black_box(draft.unwrap());
            took
        });
        report("digests", |run| {
            let draft = workspace.with_texts(&drafts(run)).unwrap();
            let started = Instant::now();
            black_box(draft.digests());
            started.elapsed()
        });
        report("clone", |_| {
            let started = Instant::now();
            black_box(workspace.clone());
            started.elapsed()
        });
        report("check_text", |run| {
            let text = text(5, Some(run));
            let started = Instant::now();
            black_box(check_text(&workspace, &path, &text));
            started.elapsed()
        });
        fs::remove_dir_all(root.join(layer)).unwrap();
    }
}

fn report(name: &str, mut measure: impl FnMut(usize) -> Duration) {
    let mut times: Vec<_> = (0..RUNS).map(&mut measure).collect();
    times.sort();
    let at = |part: usize| times.get((RUNS - 1) * part / 100).copied().unwrap_or_default();
    println!("  {name:<12} p50 {:>9.1?}  p99 {:>9.1?}", at(50), at(99));
}

fn write_workspace(root: &Utf8Path, layer: &str) {
    fs::create_dir_all(root.join(layer)).unwrap();
    let mut schema =
        "entity Task; entity Agent in [Task] = { tier: Long }; entity Server;\n".to_owned();
    for action in 0..ACTIONS {
        let input = "{ command: String, amount?: Long }";
        writeln!(schema, "action tool{action} appliesTo {{ principal: Agent, resource: Server, context: {{ input: {input} }} }};").unwrap();
    }
    fs::write(root.join("schema.cedarschema"), schema).unwrap();
    fs::write(root.join("remit.toml"), "name = \"drafts\"\n").unwrap();
    for file in 0..FILES {
        fs::write(root.join(layer).join(format!("file{file}.cedar")), text(file, None)).unwrap();
    }
}

fn text(file: usize, edit: Option<usize>) -> String {
    let mut text = String::new();
    for number in 0..POLICIES {
        let limit = edit.filter(|_| number == POLICIES / 2).unwrap_or(number);
        writeln!(
            text,
            "// {number}\n@id(\"policy-{file}-{number}\")\n@why(\"so that it is not empty\")\npermit (principal is Agent, action, resource)\nwhen {{ context.input.command like \"run {number} *\" && principal.tier > {limit} }}\nunless {{ context.input has amount && context.input.amount > {number} }};\n"
        )
        .unwrap();
    }
    text
}

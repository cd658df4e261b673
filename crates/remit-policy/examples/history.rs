//! How long it takes to parse, lower and validate one edited policy over history.
//!
//! `cargo run --release -p remit-policy --example history`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement stops at surprises")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::{Workspace, check_text};

const POLICIES: usize = 100;
const RUNS: usize = 101;

fn main() {
    for actions in [12, 60] {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        write_workspace(root, actions);
        let started = Instant::now();
        let workspace = Workspace::load(root).unwrap();
        println!("{POLICIES} policies over history, {actions} actions");
        println!("  load                        {:>9.1?}", started.elapsed());
        assert!(workspace.is_valid(), "{:?}", workspace.findings.first());
        let path = Utf8PathBuf::from("guardrails/history.dw");
        report("with_texts", |run| {
            let drafts = vec![(path.clone(), text(actions, Some(run)))];
            let started = Instant::now();
            let draft = workspace.with_texts(&drafts);
            let took = started.elapsed();
            black_box(draft.unwrap());
            took
        });
        report("check_text", |run| {
            let text = text(actions, Some(run));
            let started = Instant::now();
            black_box(check_text(&workspace, &path, &text));
            started.elapsed()
        });
    }
}

fn report(name: &str, mut measure: impl FnMut(usize) -> Duration) {
    let mut times: Vec<_> = (0..RUNS).map(&mut measure).collect();
    times.sort();
    let at = |part: usize| times.get((RUNS - 1) * part / 100).copied().unwrap_or_default();
    println!("  {name:<12} p50 {:>9.1?}  p99 {:>9.1?}", at(50), at(99));
}

fn write_workspace(root: &Utf8Path, actions: usize) {
    fs::create_dir_all(root.join("guardrails")).unwrap();
    let mut schema =
        "entity Task; entity Agent in [Task] = { tier: Long }; entity Server;\n".to_owned();
    for action in 0..actions {
        let input = "{ command: String, amount?: Long }";
        writeln!(schema, "action tool{action} appliesTo {{ principal: Agent, resource: Server, context: {{ input: {input} }} }};").unwrap();
    }
    fs::write(root.join("schema.cedarschema"), schema).unwrap();
    fs::write(root.join("remit.toml"), "name = \"history\"\n").unwrap();
    fs::write(root.join("guardrails/history.dw"), text(actions, None)).unwrap();
}

/// Policies of the four common shapes; one of them has a window that follows the run.
fn text(actions: usize, edit: Option<usize>) -> String {
    let mut text = String::new();
    for number in 0..POLICIES {
        let minutes = edit.filter(|_| number == POLICIES / 2).map_or(number + 1, |run| run + 200);
        let (own, other) = (number % actions, (number + 1) % actions);
        let condition = match number % 4 {
            0 => format!(
                "formerly within {minutes}m Action::\"tool{other}\"::response{{ input.command: context.input.command }}"
            ),
            1 => format!(
                "count_within({minutes}m, Action::\"tool{own}\"::request{{ input.command: context.input.command }}) > 3"
            ),
            2 => format!(
                "exists (total: Long). ((sum a for (a: Long), (t: Timepoint). where (formerly within {minutes}m (Action::\"tool{own}\"::request{{ input.amount: a }} && tp(t)))) == total && total > 1000)"
            ),
            _ => format!(
                "!Action::\"tool{own}\"::error{{}} since within {minutes}m Action::\"tool{other}\"::response{{}}"
            ),
        };
        writeln!(
            text,
            "@id(\"policy-{number}\")\nforbid (principal, action == Action::\"tool{own}\", resource)\nwhen temporal {{ {condition} }};\n"
        )
        .unwrap();
    }
    text
}

//! What holds for any examples: a further good session harms none of the earlier ones, and the same
//! examples give the same bytes.
//!
//! Sessions are generated from a seed: tools of two servers, values of every kind, arguments left out,
//! lists, numbers, words that policies must quote.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod support;

use remit_learn::{LearnOptions, Learnt, Which, learn, scope_file};
use remit_replay::{Verdict, replay};
use remit_session::Recording;
use std::ops::ControlFlow;
use support::{Made, made_from};

#[test]
fn a_further_good_session_makes_no_good_call_drift() {
    for seed in 0..8 {
        let made = made_from(&sessions(seed, 9));
        for known in [1, 2, 3, 5, 9] {
            let learnt = learn_from(&made, known);
            let drifted = not_allowed(&made, &learnt, known);
            assert_eq!(drifted, [] as [String; 0], "seed {seed}, the first {known} sessions");
        }
    }
}

#[test]
fn the_same_examples_give_the_same_bytes() {
    for seed in 0..3 {
        let made = made_from(&sessions(seed, 6));
        let texts = |learnt: Learnt| -> Vec<String> {
            learnt.tasks.into_iter().map(|scope| scope.text).collect()
        };
        assert_eq!(texts(learn_from(&made, 6)), texts(learn_from(&made, 6)), "seed {seed}");
    }
}

fn learn_from(made: &Made, known: usize) -> Learnt {
    let options = LearnOptions { which: Which::All, ..LearnOptions::default() };
    let mut go_on = |_, _| ControlFlow::Continue(());
    learn(&made.workspace, &first(made, known), None, &options, &mut go_on).unwrap()
}

fn first(made: &Made, known: usize) -> Vec<Recording> {
    let mut recordings = made.recordings.clone();
    recordings[0].sessions.truncate(known);
    recordings
}

fn not_allowed(made: &Made, learnt: &Learnt, known: usize) -> Vec<String> {
    let texts: Vec<_> = learnt
        .tasks
        .iter()
        .map(|scope| (format!("scopes/{}.cedar", scope.task).into(), scope.text.clone()))
        .collect();
    let workspace = made.workspace.with_texts(&texts).unwrap();
    let recordings = first(made, known);
    let replayed = replay(&workspace, &recordings, &|_| ControlFlow::Continue(())).unwrap();
    let mut found = Vec::new();
    for session in &replayed.sessions {
        assert!(session.scope.is_some(), "every task has a scope");
        let wrong = session.calls.iter().filter(|call| call.verdict != Verdict::Allowed);
        found.extend(wrong.map(|call| {
            let id = &recordings[0].sessions[session.session].id;
            format!("{id} step {}: {:?}", call.step.0, call.verdict)
        }));
    }
    found
}

/// A recording chooses its task's name, and must not choose where something is written.
#[test]
fn no_name_of_a_task_leads_out_of_the_scopes() {
    let made = made_from(&sessions(1, 1));
    let file = |task: &str| scope_file(&made.workspace, task).map(|path| path.into_string());
    assert_eq!(file("banking/pay").as_deref(), Some("scopes/banking/pay.cedar"));
    for task in ["../x", "/etc/x", "a/../../b", "", "a//b", ".git/x", "a\\b", "a b", "x\0", "ü"] {
        assert_eq!(file(task), None, "{task:?}");
    }
}

/// A small generator that everybody can repeat (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len() as u64) as usize]
    }
}

const TOOLS: &[&str] =
    &["send_mail", "pay", "bash", "read_file", "fetch_page", "invite", "set_plan", "odd-tool.x"];
const ARGUMENTS: &[&str] = &["to", "body", "command", "path", "url", "amount", "list", "if", "a b"];
const TEXTS: &[&str] = &[
    "ann@larkfield.example",
    "bob@larkfield.example",
    "https://larkfield.example/a",
    "larkfield.example/a",
    "http://larkfield.example/..",
    "GB29NWBK60161331926819",
    "order_4711",
    "order_4712",
    "order_4713",
    "src/main.rs",
    "src/lib.rs",
    "src/../../etc",
    "/work/app/x.rs",
    "2024-05-01",
    "true",
    "1200.0",
    "Ann",
    "14 Elm Street",
    "Hello Ann, see www.larkfield.example!",
    "say \\\"hi\\\" * and 'bye'",
    "git push origin",
    "git status",
    "  ls -l",
    "",
    "tab\\there",
    "ü\\u202ex",
];

fn sessions(seed: u64, count: usize) -> String {
    let mut dice = Dice(seed);
    let mut out = String::new();
    for n in 0..count {
        let task = dice.pick(&["one", "two"]);
        out += &format!(
            "session s{n}\ntask {task}\nagent clerk\nuser: please send and pay order_4711\n"
        );
        for _ in 0..=dice.roll(6) {
            out += &call(&mut dice);
        }
        out.push('\n');
    }
    out
}

fn call(dice: &mut Dice) -> String {
    let tool = dice.pick(TOOLS);
    let mut arguments = Vec::new();
    for name in ARGUMENTS {
        if dice.roll(3) == 0 {
            arguments.push(format!("\"{name}\":{}", value(dice)));
        }
    }
    let server = if dice.roll(4) == 0 { " server=other" } else { "" };
    format!(
        "call {tool}{server}: {{{}}}\nresult: {}\n",
        arguments.join(","),
        dice.pick(TEXTS).trim()
    )
}

fn value(dice: &mut Dice) -> String {
    match dice.roll(12) {
        0 => dice.roll(2_000).to_string(),
        1 => format!("{}.5", dice.roll(2_000)),
        2 => "true".to_owned(),
        3 => format!("[\"{}\",\"{}\"]", dice.pick(TEXTS), dice.pick(TEXTS)),
        4 => "[]".to_owned(),
        5 => format!("{{\"inner\":\"{}\"}}", dice.pick(TEXTS)),
        6 => "null".to_owned(),
        _ => format!("\"{}\"", dice.pick(TEXTS)),
    }
}

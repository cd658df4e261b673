//! The pages in `editor/` hold cases for the editor: text with a cursor `¦`, and what is known there.
//!
//! A case begins with `== SERVICE` and ends with `--` and what is expected. `with: …` before the cases
//! of a page is text that goes around each, at its `…`; `file:` is where it is written. `UPDATE=1`
//! rewrites what is expected; read the difference before you commit it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::editor::{
    self, Desk, Edit, Seen, SeenAttribute, SeenValue, complete, definition, hover, quick_fixes,
    references, rename,
};
use remit_policy::{Workspace, check_text};

const CURSOR: char = '¦';

/// What recordings hold, as a table.
struct Recorded;

impl Seen for Recorded {
    fn calls(&self, action: &str) -> Option<u64> {
        Some(match action {
            "Action::\"pay\"" => 7,
            "Action::\"read_file\"" => 1,
            _ => 0,
        })
    }

    fn attribute(&self, actions: &[&str], path: &[&str]) -> Option<SeenAttribute> {
        let pays = actions.contains(&"Action::\"pay\"");
        let values: &[(&str, u64)] = match path {
            ["context", "input", "recipient"] if pays => &[("\"DE01\"", 5), ("\"GB\\\"02\"", 2)],
            ["context", "input", "amount"] if pays => {
                &[("decimal(\"186.4\")", 4), ("decimal(\"5000.0\")", 3)]
            }
            ["context", "input", "labels"] if pays => &[("\"bill\"", 6), ("\"rent\"", 1)],
            ["context", "input", "urgent"] if pays => &[("true", 1)],
            ["context", "session", "calls"] => &[("3", 2)],
            ["principal"] => &[("Agent::\"anna\"", 7), ("Agent::\"bert\"", 1)],
            ["context", "input", "note"] => &[],
            _ => return None,
        };
        let top =
            values.iter().map(|(text, calls)| SeenValue { text: (*text).into(), calls: *calls });
        let present = values.iter().map(|(_, calls)| calls).sum();
        Some(SeenAttribute { calls: 7, present, distinct: values.len() as u64, top: top.collect() })
    }
}

struct Case {
    title: String,
    input: String,
    expected: String,
}

struct Page {
    path: Utf8PathBuf,
    head: String,
    file: Utf8PathBuf,
    around: String,
    cases: Vec<Case>,
}

impl Page {
    fn read(path: Utf8PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let (head, cases) = text.split_once("\n== ").expect("a page has cases");
        let line = |key: &str| head.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let cases = cases.split("\n== ").map(|case| {
            let (title, rest) = case.split_once('\n').expect("a case has text");
            let (input, expected) = rest.split_once("\n--\n").unwrap_or((rest, ""));
            Case {
                title: title.into(),
                input: input.trim_end().into(),
                expected: expected.trim().into(),
            }
        });
        let file = line("file:").unwrap_or("guardrails/new.cedar").into();
        let around = line("with:").unwrap_or("…").to_owned();
        Self { head: head.into(), file, around, cases: cases.collect(), path }
    }

    fn written(&self, actual: &[String]) -> String {
        let mut text = self.head.clone();
        for (case, actual) in self.cases.iter().zip(actual) {
            write!(text, "\n== {}\n{}\n--\n{actual}\n", case.title, case.input).unwrap();
        }
        text
    }
}

fn pages() -> Vec<Page> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/editor");
    let entries = folder.read_dir_utf8().expect("the pages are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().into_path()).collect();
    paths.retain(|path| path.extension() == Some("txt"));
    paths.sort();
    paths.into_iter().map(Page::read).collect()
}

fn workspace() -> Workspace {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/editor/workspace");
    let workspace = Workspace::load(&folder).unwrap();
    assert!(workspace.is_valid(), "{}", remit_policy::render::plain(&workspace.findings));
    workspace
}

#[test]
fn every_case_gives_what_it_should() {
    let workspace = workspace();
    let mut wrong = Vec::new();
    for page in pages() {
        let actual: Vec<String> =
            page.cases.iter().map(|case| answer(&workspace, &page, case)).collect();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&page.path, page.written(&actual)).unwrap();
            continue;
        }
        for (case, actual) in page.cases.iter().zip(actual) {
            if case.expected != actual {
                let Case { title, input, expected } = case;
                let page = page.path.file_name().unwrap();
                wrong.push(format!(
                    "{page}: {title}\n{input}\n-- expected\n{expected}\n-- actual\n{actual}\n"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_as_many_cases_as_were_promised() {
    let cases: usize = pages().iter().map(|page| page.cases.len()).sum();
    assert!(cases >= 150, "{cases}");
}

/// Text is cut off at every place, and every service is asked about every place: none may panic.
#[test]
fn no_text_is_too_broken() {
    let workspace = workspace();
    for page in pages() {
        for case in &page.cases {
            let text = page.around.replace('…', &case.input).replace(CURSOR, "");
            let cuts = text.char_indices().map(|(at, _)| at).step_by(13);
            for cut in cuts {
                let text = text.get(..cut).unwrap().to_owned();
                let drafts = [(page.file.clone(), text)];
                let desk = Desk { workspace: &workspace, drafts: &drafts, seen: &Recorded };
                let _ = complete(&desk, &page.file, cut);
                let _ = hover(&desk, &page.file, cut.saturating_sub(1));
                let _ = definition(&desk, &page.file, cut);
                let _ = editor::outline(&page.file, &drafts[0].1);
                let _ = editor::folds(&page.file, &drafts[0].1);
                let _ = editor::plain_english(&drafts[0].1);
            }
        }
    }
}

fn answer(workspace: &Workspace, page: &Page, case: &Case) -> String {
    let marked = page.around.replace('…', &case.input);
    let offset = marked.find(CURSOR).unwrap_or(0);
    let text = marked.replacen(CURSOR, "", 1);
    let tests = Utf8Path::new("tests/bills.toml");
    let mut drafts = vec![(page.file.clone(), text.clone())];
    drafts.push((tests.to_owned(), fs::read_to_string(workspace.root.join(tests)).unwrap()));
    let desk = Desk { workspace, drafts: &drafts, seen: &Recorded };
    let file = &page.file;
    let service = case.title.split([':', ' ']).next().unwrap_or_default();
    let answer = match service {
        "complete" => completions(&desk, file, &text, offset),
        "hover" => hovered(&desk, file, &text, offset),
        "definition" => locations(&desk, definition(&desk, file, offset)),
        "references" => locations(&desk, references(&desk, file, offset)),
        "rename" => {
            let to = case.title.split_once(" to ").expect("`rename to NAME`").1;
            match rename(&desk, file, offset, to) {
                Ok(edits) => edited(&desk, &edits),
                Err(error) => format!("error: {error}"),
            }
        }
        "fix" => fixes(&desk, file, &text),
        "check" => remit_policy::render::plain(&check_text(workspace, file, &text)),
        "outline" => outlined(file, &text),
        "read" => editor::plain_english(&text).unwrap_or_default(),
        other => panic!("there is no service `{other}`"),
    };
    answer.trim().to_owned()
}

fn completions(desk: &Desk<'_>, file: &Utf8Path, text: &str, offset: usize) -> String {
    let mut out = String::new();
    for offer in complete(desk, file, offset) {
        let kind = format!("{:?}", offer.kind).to_lowercase();
        write!(out, "{kind} {}", offer.label).unwrap();
        if offer.insert != offer.label {
            write!(out, " => {}", offer.insert.replace('\n', "⏎")).unwrap();
        }
        let replaced = text.get(offer.replace).unwrap();
        if !replaced.is_empty() {
            write!(out, " for {replaced}").unwrap();
        }
        if let Some(detail) = offer.detail {
            write!(out, " ({detail})").unwrap();
        }
        out.push('\n');
    }
    out
}

fn hovered(desk: &Desk<'_>, file: &Utf8Path, text: &str, offset: usize) -> String {
    let Some(found) = hover(desk, file, offset) else { return "nothing".into() };
    let mut out = format!("[{}] {}\n", text.get(found.span).unwrap(), found.code);
    for line in found.text.iter().chain(&found.recorded) {
        writeln!(out, "{line}").unwrap();
    }
    let values: Vec<String> =
        found.values.iter().map(|value| format!("{} ×{}", value.text, value.calls)).collect();
    format!("{out}{}", values.join(", "))
}

fn locations(desk: &Desk<'_>, found: Vec<editor::Location>) -> String {
    let mut out = String::new();
    for place in found {
        let text = desk.text(&place.file).unwrap();
        let line = text.get(..place.start).unwrap().matches('\n').count() + 1;
        let mark = if place.is_definition { "*" } else { "" };
        let name = text.get(place.start..place.end).unwrap();
        writeln!(out, "{}:{line} {name}{mark}", place.file).unwrap();
    }
    out
}

/// The lines that edits change, as they are afterwards.
fn edited(desk: &Desk<'_>, edits: &[Edit]) -> String {
    let mut out = String::new();
    let mut files: Vec<&Utf8PathBuf> = edits.iter().map(|edit| &edit.file).collect();
    files.dedup();
    for file in files {
        let before = desk.text(file).unwrap();
        let after = apply(before, edits.iter().filter(|edit| edit.file == *file));
        let kept: Vec<&str> = before.lines().collect();
        for line in after.lines().filter(|line| !kept.contains(line)) {
            writeln!(out, "{file}: {}", line.trim()).unwrap();
        }
    }
    out
}

fn apply<'a>(text: &str, edits: impl Iterator<Item = &'a Edit>) -> String {
    let mut edits: Vec<(Range<usize>, &str)> =
        edits.map(|edit| (edit.start..edit.end, edit.text.as_str())).collect();
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut text = text.to_owned();
    for (span, new) in edits {
        text.replace_range(span, new);
    }
    text
}

fn fixes(desk: &Desk<'_>, file: &Utf8Path, text: &str) -> String {
    let findings = check_text(desk.workspace, file, text);
    let mut out = String::new();
    for fix in quick_fixes(desk, file, &findings, 0..text.len()) {
        let after = apply(text, fix.edits.iter());
        let mark = if fix.is_preferred { "" } else { " (or)" };
        writeln!(out, "{}: {}{mark}", fix.code, fix.title).unwrap();
        let left: Vec<String> = check_text(desk.workspace, file, &after)
            .iter()
            .filter(|finding| finding.code == fix.code && finding.span.is_some())
            .map(|finding| finding.message.clone())
            .collect();
        writeln!(out, "  {}", after.trim().replace('\n', "⏎")).unwrap();
        if !left.is_empty() {
            writeln!(out, "  left: {}", left.join("; ")).unwrap();
        }
    }
    out
}

fn outlined(file: &Utf8Path, text: &str) -> String {
    let mut out = String::new();
    for item in editor::outline(file, text) {
        let detail = item.detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
        writeln!(out, "{:?} {}{detail}", item.kind, item.name).unwrap();
    }
    for fold in editor::folds(file, text) {
        let line = |at| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        writeln!(out, "fold {}-{}", line(fold.start), line(fold.end)).unwrap();
    }
    out
}

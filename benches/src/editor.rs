//! What a key costs in a large policy file: marks, completion, hover, fixes, each from the text as it is
//! after the key.
//!
//! The workspace is the made-up one, with all its guardrails in one file. Keys are typed at random places
//! from a fixed seed. Beside them stands what Cedar's own parser and validator take for the whole text.

use crate::figures::Figure;
use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{PolicySet, ValidationMode, Validator};
use remit_benches::Random;
use remit_benches::workspace::{self, Size};
use remit_policy::editor::{Desk, Nothing, complete, hover, quick_fixes};
use remit_policy::{Workspace, check_text};
use std::fs;
use std::hint::black_box;
use std::time::Instant;

const FILE: &str = "guardrails/all.cedar";
/// What is typed: a word that is no attribute, an attribute half written, a bracket that is left open.
const KEYS: [&str; 4] = ["x", "context.", "context.input.", "("];
const SEED: u64 = 2026;

/// Figures for a file with so many policies, after so many keys.
pub(crate) fn measure(policies: usize, keys: usize) -> Result<Vec<Figure>, String> {
    let root = std::env::temp_dir().join(format!("remit-editor-{}", std::process::id()));
    let root = Utf8PathBuf::from_path_buf(root).map_err(|p| format!("{}", p.display()))?;
    let made = in_one_file(&root, policies);
    let measured = made.and_then(|()| {
        let workspace = Workspace::load(&root).map_err(|e| e.to_string())?;
        type_into(&workspace, policies, keys)
    });
    let _ = fs::remove_dir_all(&root);
    measured
}

/// The made-up workspace, with all its guardrails in one file.
fn in_one_file(root: &Utf8Path, policies: usize) -> Result<(), String> {
    workspace::write(Size { rows: 1, policies }, root, &mut |_| ()).map_err(|e| e.to_string())?;
    let io = |e: std::io::Error| e.to_string();
    let folder = root.join("guardrails");
    let mut files: Vec<Utf8PathBuf> = folder
        .read_dir_utf8()
        .map_err(io)?
        .map(|entry| entry.map(camino::Utf8DirEntry::into_path))
        .collect::<Result<_, _>>()
        .map_err(io)?;
    files.sort();
    let mut all = String::new();
    for file in files {
        all += &fs::read_to_string(&file).map_err(io)?;
        all.push('\n');
        fs::remove_file(&file).map_err(io)?;
    }
    fs::write(root.join(FILE), all).map_err(io)
}

fn type_into(workspace: &Workspace, policies: usize, keys: usize) -> Result<Vec<Figure>, String> {
    let file = Utf8Path::new(FILE);
    let text = workspace.text(file).ok_or("the file is not there")?.to_owned();
    if !check_text(workspace, file, &text).iter().all(|f| f.span.is_some()) {
        return Err("the made-up file is wrong as it is".into());
    }
    let places: Vec<usize> = text.match_indices("when {").map(|(at, _)| at + 6).collect();
    let mut random = Random::new(SEED);
    let [mut marks, mut offers, mut hovers, mut fixes] = [const { Vec::new() }; 4];
    for key in 0..keys {
        let place = places.get(random.below(places.len())).copied().ok_or("no conditions")?;
        let typed = KEYS.get(key % KEYS.len()).copied().unwrap_or_default();
        let mut draft = text.clone();
        draft.insert_str(place, typed);
        let drafts = [(file.to_owned(), draft)];
        let [(_, draft)] = &drafts;
        let desk = Desk { workspace, drafts: &drafts, seen: &Nothing };
        let findings = timed(&mut marks, || check_text(workspace, file, draft));
        let end = place + typed.len();
        black_box(timed(&mut offers, || complete(&desk, file, end)));
        black_box(timed(&mut hovers, || hover(&desk, file, end.saturating_sub(1))));
        black_box(timed(&mut fixes, || quick_fixes(&desk, file, &findings, 0..draft.len())));
    }
    let whole = official(workspace, &text)?;
    let name = |what: &str, part: &str| format!("{policies} policies: {what}, {part}");
    let mut figures =
        vec![Figure::alone(name("size of the file", "text"), text.len() as f64 / 1024.0, "KiB")];
    for (what, mut times) in [
        ("key to marks", marks),
        ("completion", offers),
        ("hover", hovers),
        ("fixes of all marks", fixes),
    ] {
        times.sort_by(f64::total_cmp);
        let at = |part: f64| times.get((times.len() as f64 * part) as usize).copied();
        for (part, value) in [("p50", at(0.5)), ("p99", at(0.99))] {
            let value = value.ok_or("no key was typed")?;
            figures.push(match what {
                "key to marks" => Figure::against(name(what, part), value, "ms", whole),
                _ => Figure::alone(name(what, part), value, "ms"),
            });
        }
    }
    Ok(figures)
}

fn timed<T>(times: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    times.push(began.elapsed().as_secs_f64() * 1000.0);
    done
}

/// What Cedar's parser and validator take for the whole text, in milliseconds.
fn official(workspace: &Workspace, text: &str) -> Result<f64, String> {
    let schema = workspace.schema.as_ref().ok_or("there is no schema")?;
    let validator = Validator::new(schema.schema.clone());
    let began = Instant::now();
    let set: PolicySet = text.parse().map_err(|e: cedar_policy::ParseErrors| e.to_string())?;
    black_box(validator.validate(&set, ValidationMode::Strict));
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}

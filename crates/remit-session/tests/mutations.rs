//! Recordings that somebody spoiled: every sample, changed at random from a fixed seed, through every importer.
//!
//! Whatever comes in: no panic, no result that is not sound, no result much larger than what it is made of,
//! and the same bytes give the same sessions. `REMIT_MUTATIONS` is how often each sample is changed; a few times
//! by default. A longer search, to be run before a release:
//!
//! ```sh
//! REMIT_MUTATIONS=2000 cargo test --release -p remit-session --test mutations
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use camino::{Utf8Path, Utf8PathBuf};
use remit_session::{
    Arguments, Format, Imported, Limits, Outcome, Session, Source, StepKind, import, load,
};
use serde_json::Value;
use std::fs;
use std::ops::ControlFlow;

/// Larger samples take long, and hold nothing that smaller ones do not.
const LARGEST: u64 = 80_000;

/// Xorshift: the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

fn rounds() -> usize {
    std::env::var("REMIT_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(6)
}

/// The files of the samples and of the pages.
fn samples() -> Vec<(String, Vec<u8>)> {
    let here = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(&here.join("../../tests/corpus"), &mut found);
    for page in here.join("tests/import").read_dir_utf8().unwrap() {
        let text = fs::read_to_string(page.unwrap().path()).unwrap();
        let input = text.split("=== reads as").next().unwrap();
        for file in input.split("=== file ").skip(1) {
            let (name, text) = file.split_once('\n').unwrap();
            found.push((name.to_owned(), text.as_bytes().to_vec()));
        }
    }
    found.sort();
    found
}

fn collect(folder: &Utf8Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in folder.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        let data = entry.metadata().unwrap();
        let recording =
            ["json", "jsonl", "traj", "eval"].contains(&entry.path().extension().unwrap_or(""));
        if data.is_dir() {
            collect(entry.path(), found);
        } else if recording && data.len() < LARGEST {
            found.push((entry.file_name().to_owned(), fs::read(entry.path()).unwrap()));
        }
    }
}

/// A change to bytes: cut, flipped, left out, said twice, nested, no text.
fn spoiled(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = dice.below(bytes.len());
    let end = at + dice.below((bytes.len() - at).min(400) + 1);
    match dice.below(8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        3 => (0..8).for_each(|_| {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        }),
        4 => drop(bytes.splice(at..at, b"[".repeat(200))),
        5 => drop(bytes.splice(at..at, [0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80])),
        6 => {
            let after =
                bytes[at..].iter().position(|byte| *byte == b'{').map_or(at, |n| at + n + 1);
            let twice = br#""id":"twice","name":"twice","type":"twice","#;
            bytes.splice(after.min(bytes.len())..after.min(bytes.len()), twice.iter().copied());
        }
        _ => {
            let other = dice.below(bytes.len());
            bytes.rotate_left(other);
        }
    }
    bytes
}

/// A change to a value somewhere in JSON: another type, another size, another key.
fn twisted(bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if let Ok(mut document) = serde_json::from_str::<Value>(text) {
        twist(&mut document, dice);
        return Some(document.to_string().into_bytes());
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = dice.below(lines.len());
    let mut line: Value = serde_json::from_str(lines.get(at)?).ok()?;
    twist(&mut line, dice);
    lines[at] = line.to_string();
    Some(lines.join("\n").into_bytes())
}

fn twist(value: &mut Value, dice: &mut Dice) {
    let inner = match value {
        Value::Array(items) if !items.is_empty() => {
            let at = dice.below(items.len());
            if dice.below(12) == 0 {
                let again = items[at].clone();
                items.push(again);
                return;
            }
            items.get_mut(at)
        }
        Value::Object(object) if !object.is_empty() => {
            let key = object.keys().nth(dice.below(object.len())).unwrap().clone();
            match dice.below(24) {
                0 => return drop(object.remove(&key)),
                1 => {
                    let held = object.remove(&key).unwrap();
                    return drop(object.insert(format!("{key}_"), held));
                }
                _ => object.get_mut(&key),
            }
        }
        _ => None,
    };
    match inner {
        Some(inner) if dice.below(8) > 0 => twist(inner, dice),
        Some(inner) => *inner = odd(dice),
        None => *value = odd(dice),
    }
}

fn odd(dice: &mut Dice) -> Value {
    let deep = (0..100).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let values = [
        Value::Null,
        Value::Bool(true),
        Value::from(-1),
        Value::from(u64::MAX),
        Value::from(1e308),
        Value::from(""),
        Value::from("x".repeat(5000)),
        Value::from("{\"a\":"),
        Value::from("9999-99-99T99:99:99Z"),
        Value::Array(Vec::new()),
        Value::Object(serde_json::Map::new()),
        deep,
    ];
    values[dice.below(values.len())].clone()
}

#[test]
fn no_change_to_a_sample_breaks_an_importer() {
    let (samples, rounds) = (samples(), rounds());
    assert!(samples.len() > 80, "{}", samples.len());
    let mut read = 0;
    for (name, bytes) in &samples {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (bytes.len() as u64 + 1));
        for round in 0..rounds {
            let mut changed = bytes.clone();
            for _ in 0..=dice.below(3) {
                if changed.is_empty() {
                    break;
                }
                let twisted = if round % 2 == 0 { twisted(&changed, &mut dice) } else { None };
                changed = twisted.unwrap_or_else(|| spoiled(&changed, &mut dice));
            }
            read += usize::from(holds(name, &changed, None));
            let forced = Format::all()[dice.below(Format::all().len())];
            holds(name, &changed, Some(forced));
        }
    }
    // Changes that nobody would read any more prove nothing.
    assert!(read * 3 > samples.len() * rounds, "{read}");
}

/// Checks what an importer makes of bytes; whether it made anything.
fn holds(name: &str, bytes: &[u8], format: Option<Format>) -> bool {
    let Ok((found, imported)) = import(name, bytes, format, &Limits::default()) else {
        return false;
    };
    let told = format!("{name} as {found}");
    let size: usize = imported.sessions.iter().map(size).sum();
    assert!(size <= 64 * bytes.len() + 100_000, "{told}: {size} of {}", bytes.len());
    imported.sessions.iter().for_each(|session| sound(session, &told));
    assert!(imported.warnings.len() <= 102, "{told}");
    let again: Imported = import(name, bytes, format, &Limits::default()).unwrap().1;
    assert_eq!(again, imported, "{told}");
    !imported.sessions.is_empty()
}

fn size(session: &Session) -> usize {
    let step = |kind: &StepKind| match kind {
        StepKind::Message { text, .. } => text.len(),
        StepKind::Result(result) => result.text.len(),
        StepKind::Call(call) => match &call.arguments {
            Arguments::Object(object) => Value::Object(object.clone()).to_string().len(),
            Arguments::Unreadable { text, .. } => text.len(),
        },
    };
    session.steps.iter().map(|s| step(&s.kind) + 1).sum::<usize>() + session.lanes.len()
}

fn sound(session: &Session, told: &str) {
    assert!(!session.lanes.is_empty(), "{told}");
    for step in &session.steps {
        assert!((step.lane.0 as usize) < session.lanes.len(), "{told}");
    }
    for (at, _, call) in session.calls() {
        let result = call.result.and_then(|result| session.step(result));
        match result.map(|step| &step.kind) {
            Some(StepKind::Result(result)) => assert_eq!(result.call, Some(at), "{told}"),
            Some(_) => panic!("{told}: a call's result is none"),
            // People may write down how a call ended without what came back.
            None if told.ends_with("notation") => {}
            None => assert_eq!(call.outcome, Outcome::Unrecorded, "{told}"),
        }
    }
}

#[test]
fn no_change_to_an_archive_breaks_the_reading_of_it() {
    let packed = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packed/chat.json.zst");
    let zstd = fs::read(packed).unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("a.json.zst", options).unwrap();
    std::io::Write::write_all(&mut zip, &zstd).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &zip).unwrap();
    let gzip = gzip.finish().unwrap();
    let keep = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(keep.path().to_owned()).unwrap();
    let mut dice = Dice(7);
    for _ in 0..rounds() * 20 {
        for (name, bytes) in
            [("z.json.zst", &zstd), ("z.zip", &zip), ("z.json.gz", &gzip), ("z.eval", &zip)]
        {
            fs::write(root.join(name), spoiled(bytes, &mut dice)).unwrap();
        }
        let source = Source { path: root.clone(), shown_from: root.clone() };
        let on = &mut |_| ControlFlow::Continue(());
        let loaded = load(&[source], None, &Limits::default(), on).unwrap();
        assert!(loaded.recordings.len() + loaded.skipped.len() >= 3);
    }
}

//! Figures: what they are, how they are printed, and where the last table is kept.

use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::{fs, io};

/// One figure, and what it is compared with.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub figure: String,
    pub value: f64,
    pub unit: &'static str,
    /// What the other side took or has, in the same unit.
    pub against: Option<f64>,
    /// How many times better than the other side.
    pub ratio: Option<f64>,
}

impl Figure {
    pub fn alone(figure: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Figure { figure: figure.into(), value, unit, against: None, ratio: None }
    }

    pub fn against(figure: impl Into<String>, value: f64, unit: &'static str, other: f64) -> Self {
        let ratio = Some(other / value);
        Figure { figure: figure.into(), value, unit, against: Some(other), ratio }
    }
}

pub(crate) fn print(figures: &[Figure], json: bool) -> Result<(), String> {
    let text = if json {
        serde_json::to_string_pretty(figures).map_err(|e| e.to_string())? + "\n"
    } else {
        table(figures)
    };
    io::stdout().write_all(text.as_bytes()).map_err(|e| e.to_string())
}

pub(crate) fn complain(why: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "error: {why}");
}

/// Writes the table to `benches/RESULTS.md`, with the shape of the machine.
pub(crate) fn keep(figures: &[Figure], rows: usize) -> Result<(), String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let text = format!(
        "# Results\n\nThe last run of `cargo run --release -p remit-benches -- matrix --rows {rows} --write`, \
         on {} {} with {cores} cores.\nThe other side of each figure ran in the same process, on a \
         sample of the same actions, and is scaled up to all of them.\n\n{}",
        std::env::consts::OS,
        std::env::consts::ARCH,
        table(figures)
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md");
    fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))
}

fn table(figures: &[Figure]) -> String {
    let mut text =
        "| figure | value | unit | against | ratio |\n|---|---:|---|---:|---:|\n".to_owned();
    let number = |n: Option<f64>| n.map_or_else(|| "-".to_owned(), short);
    for f in figures {
        let (against, ratio) = (number(f.against), number(f.ratio));
        let value = short(f.value);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {value} | {} | {against} | {ratio} |", f.figure, f.unit);
    }
    text
}

fn short(n: f64) -> String {
    if n.abs() >= 100.0 { format!("{n:.0}") } else { format!("{n:.2}") }
}

//! Figures: what they are, how they are printed, and where the last tables are kept.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
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

/// What one bench found.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub bench: &'static str,
    /// What was typed behind the name of the bench.
    pub arguments: String,
    /// What a reader must know about the figures.
    pub about: &'static str,
    pub figures: Vec<Figure>,
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

impl Run {
    pub fn print(&self, json: bool) -> Result<(), String> {
        let text = if json {
            serde_json::to_string_pretty(&self.figures).map_err(|e| e.to_string())? + "\n"
        } else {
            table(&self.figures)
        };
        io::stdout().write_all(text.as_bytes()).map_err(|e| e.to_string())
    }

    /// Puts the table into `benches/RESULTS.md`, in place of the one that this bench had there.
    pub fn keep(&self) -> Result<(), String> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md");
        let shown = |e: io::Error| format!("{}: {e}", file.display());
        let before = match fs::read_to_string(&file) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            before => before.map_err(shown)?,
        };
        let beside = PathBuf::from(format!("{}.new", file.display()));
        fs::write(&beside, self.kept_in(&before)).map_err(shown)?;
        fs::rename(&beside, &file).map_err(shown)
    }

    fn kept_in(&self, before: &str) -> String {
        let mut sections: BTreeMap<&str, &str> =
            before.split("\n## ").skip(1).filter_map(|s| s.split_once('\n')).collect();
        let section = self.section();
        sections.insert(self.bench, &section);
        let mut text = HEAD.to_owned();
        for (bench, section) in sections {
            text += &format!("\n## {bench}\n\n{}\n", section.trim());
        }
        text
    }

    fn section(&self) -> String {
        let Run { bench, arguments, about, figures } = self;
        format!("`{bench} {arguments}`, on {}.\n{about}\n\n{}", machine(), table(figures))
    }
}

const HEAD: &str = "# Results\n\n\
    The last run of each bench: `cargo run --release -p remit-benches -- NAME … --write` replaces the table\n\
    of that name, and leaves the others.\n";

pub(crate) fn complain(why: &str) {
    say(&format!("error: {why}"));
}

pub(crate) fn say(text: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// The shape of the machine; not its name.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("", |m| m.trim_start_matches([' ', '\t', ':']));
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{os} {arch}, {cores} cores {model}").trim_end().to_owned()
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
    if n.abs() >= 100.0 || n.fract() == 0.0 { format!("{n:.0}") } else { format!("{n:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_replaces_its_own_table_and_leaves_the_others() {
        let run = |bench, n| {
            let figures = vec![Figure::alone("figure", n, "ms")];
            Run { bench, arguments: String::new(), about: "", figures }
        };
        let both = run("b", 2.0).kept_in(&run("a", 1.0).kept_in(""));
        let text = run("a", 3.0).kept_in(&both);
        assert_eq!(text.matches("\n## ").count(), 2, "{text}");
        let (a, b) = text.split_once("## b\n").unwrap();
        assert!(a.contains("## a\n") && a.contains("| figure | 3 |"), "{text}");
        assert!(b.contains("| figure | 2 |"), "{text}");
        assert!(!text.contains("| figure | 1 |"), "{text}");
    }
}

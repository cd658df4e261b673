//! Every performance figure of Remit: from a fixed seed, beside its baseline in the same run.
//!
//! `cargo run --release -p remit-benches -- NAME [--format json] [--write]`; `--write` keeps the table in
//! `benches/RESULTS.md`. Figures are counts, or ratios to what the other side took on a sample of the
//! same input; they are never asserted in a test. A wrong answer ends the run with exit code 1.

mod editor;
mod figures;
mod history;
mod import;
mod matrix;
mod workload;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Parser, Subcommand, ValueEnum};
use figures::{Figure, Run};
use remit_benches::cedar_corpus;
use remit_benches::workspace::{self, Size};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "remit-benches")]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// The decision matrix beside a loop over Cedar's authorizer
    Matrix {
        /// Recorded actions
        #[arg(long, default_value_t = 1_000_000)]
        rows: usize,
        /// Policies; by default 10, 100, 1,000 and 10,000, one after the other
        #[arg(long)]
        policies: Vec<usize>,
        #[command(flatten)]
        output: Output,
    },
    /// Conditions over history in batch, beside Dogwood's authorizer and its local engine
    History {
        /// Events of the corpus, in a hundred sessions
        #[arg(long, default_value_t = 1_000_000)]
        events: usize,
        /// Events of single sessions; by default 10 to 100,000
        #[arg(long)]
        lengths: Vec<usize>,
        #[command(flatten)]
        output: Output,
    },
    /// Each importer beside `serde_json` passing over the same bytes
    Import {
        #[command(flatten)]
        output: Output,
    },
    /// What a key costs in a large policy file: marks, completion, hover, fixes
    Editor {
        /// Policies in the file
        #[arg(long, default_value_t = 1_000)]
        policies: usize,
        /// Keys that are typed, each into the saved text
        #[arg(long, default_value_t = 400)]
        keys: usize,
        #[command(flatten)]
        output: Output,
    },
    /// Writes a workspace with many recorded actions, to measure the app with
    Workspace {
        /// A folder that is empty or not there
        #[arg(long)]
        out: Utf8PathBuf,
        /// Recorded tool calls
        #[arg(long, default_value_t = 1_000_000)]
        rows: usize,
        /// Guardrails
        #[arg(long, default_value_t = 200)]
        policies: usize,
    },
    /// Cedar's own corpus through the decision matrix; exit code 1 if an answer differs, 3 if there is no case
    CedarCorpus {
        /// An unpacked folder of cases, or a `.tar.gz` of one
        path: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Clone, Copy, Debug, Args)]
struct Output {
    /// How the figures are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Keep the table in benches/RESULTS.md, beside those of the other benches
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// A table
    #[default]
    Human,
    /// A list of `{figure, value, unit, against, ratio}`
    Json,
}

fn main() -> ExitCode {
    let done = match Cli::parse().bench {
        Bench::Matrix { rows, policies, output } => matrix(rows, policies, output),
        Bench::History { events, lengths, output } => history(events, lengths, output),
        Bench::Import { output } => imports(output),
        Bench::Editor { policies, keys, output } => editor(policies, keys, output),
        Bench::Workspace { out, rows, policies } => workspace(&out, Size { rows, policies }),
        Bench::CedarCorpus { path, output } => corpus(&path, output),
    };
    done.unwrap_or_else(|why| {
        figures::complain(&why);
        ExitCode::FAILURE
    })
}

fn matrix(rows: usize, policies: Vec<usize>, output: Output) -> Result<ExitCode, String> {
    let counts = if policies.is_empty() { vec![10, 100, 1_000, 10_000] } else { policies };
    let figures = matrix::measure(rows, &counts)?;
    let about = "The other side of each figure ran in the same process, on a sample of the same \
                 actions, and is scaled up to all of them.";
    output.give(&Run { bench: "matrix", arguments: format!("--rows {rows}"), about, figures })?;
    Ok(ExitCode::SUCCESS)
}

fn history(events: usize, lengths: Vec<usize>, output: Output) -> Result<ExitCode, String> {
    let all = vec![10, 100, 1_000, 10_000, 100_000];
    let lengths = if lengths.is_empty() { all } else { lengths };
    let figures = history::measure(events, &lengths)?;
    let about = "Dogwood's side judged the same events in the same process, and decides with Cedar besides; \
                 where 15 s did not suffice it is scaled up from what it had seen, which favours it.";
    output.give(&Run {
        bench: "history",
        arguments: format!("--events {events}"),
        about,
        figures,
    })?;
    Ok(ExitCode::SUCCESS)
}

fn imports(output: Output) -> Result<ExitCode, String> {
    let repository = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let figures = import::measure(&repository)?;
    let about = "One thread, the samples of the repository again and again; where the corpus has none of a \
                 format, those of the import tests. Time of the processor. The other side passes over the same bytes and keeps nothing.";
    output.give(&Run { bench: "import", arguments: String::new(), about, figures })?;
    Ok(ExitCode::SUCCESS)
}

fn editor(policies: usize, keys: usize, output: Output) -> Result<ExitCode, String> {
    let figures = editor::measure(policies, keys)?;
    let about = "Each from the text after the key, without what an editor and its window add. The other side \
                 is Cedar's parser and validator on the whole text; it stops at the first syntax error.";
    let arguments = format!("--policies {policies} --keys {keys}");
    output.give(&Run { bench: "editor", arguments, about, figures })?;
    Ok(ExitCode::SUCCESS)
}

fn workspace(out: &Utf8Path, size: Size) -> Result<ExitCode, String> {
    let mut told = 0;
    let progress = &mut |written: usize| {
        if written * 10 / size.rows.max(1) > told {
            told = written * 10 / size.rows.max(1);
            figures::say(&format!("{written} of {} tool calls written", size.rows));
        }
    };
    workspace::write(size, out, progress).map_err(|e| e.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn corpus(path: &Path, output: Output) -> Result<ExitCode, String> {
    let cases = cedar_corpus::cases(path).map_err(|e| e.to_string())?;
    if cases.is_empty() {
        figures::complain(&format!("{} holds no case", path.display()));
        return Ok(ExitCode::from(3));
    }
    let compared = cedar_corpus::compare(&cases);
    for mismatch in &compared.mismatches {
        figures::complain(mismatch);
    }
    let count = |figure: &str, n: usize| Figure::alone(figure, n as f64, "");
    let figures = vec![
        count("cases", compared.cases),
        count("requests, each in the table of its case", compared.requests),
        count("requests, in tables of several cases", compared.together),
        count("cases that Cedar's syntax tree cannot hold", compared.left_out),
        count("mismatches", compared.mismatches.len()),
    ];
    let about = "Each request through the matrix, against the answer in its file and against the \
                 authorizer; then under the policies of up to eight cases, against the authorizer.";
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    output.give(&Run { bench: "cedar-corpus", arguments: name, about, figures })?;
    Ok(if compared.mismatches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Output {
    fn give(self, run: &Run) -> Result<(), String> {
        run.print(matches!(self.format, Format::Json))?;
        if self.write { run.keep() } else { Ok(()) }
    }
}

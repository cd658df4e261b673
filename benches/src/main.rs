//! Every performance figure of Remit: from a fixed seed, beside its baseline in the same run.
//!
//! `cargo run --release -p remit-benches -- matrix [--rows N] [--policies N] [--format json] [--write]`.
//! Figures are ratios to what the other side took on a sample of the same input; they are never
//! asserted in a test. A wrong answer ends the run with exit code 1.

mod figures;
mod matrix;
mod workload;

use clap::{Parser, Subcommand, ValueEnum};
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
        /// How the figures are written
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        /// Keep the table in benches/RESULTS.md
        #[arg(long)]
        write: bool,
    },
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
    let Bench::Matrix { rows, policies, format, write } = Cli::parse().bench;
    let counts = if policies.is_empty() { vec![10, 100, 1_000, 10_000] } else { policies };
    let measured = matrix::measure(rows, &counts).and_then(|figures| {
        figures::print(&figures, matches!(format, Format::Json))?;
        if write { figures::keep(&figures, rows) } else { Ok(()) }
    });
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            figures::complain(&why);
            ExitCode::FAILURE
        }
    }
}

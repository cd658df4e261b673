//! Remit on the command line: the same engine as the desktop app, headless.
//!
//! stdout is data, stderr is talk. Exit codes are those of Cedar's command line: see [`Exit`].

mod args;
mod bench;
mod command;
mod error;
mod output;
mod progress;

use args::{Cli, Command};
use clap::Parser;
use error::CliError;
use std::process::{ExitCode, Termination};

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Fine.
    Success,
    /// Something went wrong: bad usage, an unreadable file.
    Failure,
    /// `--fail-on` asked for it, and there is such a verdict.
    Verdict,
    /// The workspace's policies, schema or entities are not valid.
    Invalid,
    /// A file that should be a bundle is none, or no whole one.
    Damaged,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(match self {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Verdict => 2,
            Exit::Invalid => 3,
            Exit::Damaged => 4,
        })
    }
}

fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    start_logging(cli.verbose);
    match run(&cli) {
        Ok(exit) => exit,
        // Whoever read our output has seen enough: `remit show … | head` is no failure.
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Exit::Success
        }
        Err(error) => {
            error.print(cli.error_format);
            error.exit()
        }
    }
}

fn run(cli: &Cli) -> Result<Exit, CliError> {
    match &cli.command {
        Command::Init(args) => command::init::run(args),
        Command::Schema(args) => command::schema::run(args),
        Command::Import(args) => command::import::run(args),
        Command::Check(args) => command::check::run(args),
        Command::Replay(args) => command::replay::run(args),
        Command::Test(args) => command::test::run(args),
        Command::Diff(args) => command::diff::run(args),
        Command::Show(args) => command::show::run(args),
        Command::Explain(args) => command::explain::run(args),
        Command::Search(args) => command::search::run(args),
        Command::Stop(args) => command::stop::run(args),
        Command::Report(args) => command::report::run(args),
        Command::Learn(args) => command::learn::run(args),
        Command::Score(args) => command::score::run(args),
        Command::Friction(args) => command::friction::run(args),
        Command::DefaultScope(args) => command::default_scope::run(args),
        Command::Keys { command } => command::keys::run(command),
        Command::Bundle { command } => command::bundle::run(command),
        Command::Lsp => command::lsp::run(),
    }
}

/// Clap's own code for bad usage is 2, which means "denied" here.
fn usage(error: &clap::Error) -> Exit {
    // Nothing is left to tell if even this cannot be printed.
    let _ = error.print();
    if error.use_stderr() { Exit::Failure } else { Exit::Success }
}

fn start_logging(verbose: bool) {
    let level = if verbose { "debug" } else { "warn" };
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("REMIT_LOG").unwrap_or_else(|_| level.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .init();
}

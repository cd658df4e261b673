//! `remit bundle`: policies for whoever enforces them.

mod export;

use crate::Exit;
use crate::args::BundleCommand;
use crate::error::CliError;

pub(crate) fn run(command: &BundleCommand) -> Result<Exit, CliError> {
    match command {
        BundleCommand::Export(args) => export::run(args),
    }
}

//! `remit bundle`: policies with the evidence for them, in one signed file.

mod build;
mod export;
mod review;
mod trust;
mod verify;

use crate::Exit;
use crate::args::{BundleCommand, Compared};
use crate::bench::{load_workspace, read};
use crate::error::CliError;
use crate::output::{bold, to_stdout};
use crate::progress;
use remit_api::bundle::{Candidate, texts_on_disk};
use std::ops::ControlFlow;

pub(crate) use trust::{keys, open_bundle, verified};

pub(crate) fn run(command: &BundleCommand) -> Result<Exit, CliError> {
    match command {
        BundleCommand::Check(args) => build::check(args),
        BundleCommand::Review(args) => review::run(args),
        BundleCommand::Build(args) => build::run(args),
        BundleCommand::Verify(args) => verify::run(args),
        BundleCommand::Export(args) => export::run(args),
    }
}

/// The workspace, judged on its recordings and compared with the baseline.
fn candidate(args: &Compared) -> Result<Candidate, CliError> {
    let baseline = match &args.baseline {
        Some(bundle) => Some(verified(bundle, &keys(&args.trust)?)?),
        None => None,
    };
    let workspace = load_workspace(&args.workspace)?;
    let texts = texts_on_disk(&workspace).map_err(CliError::library)?;
    let loaded = read(&workspace, &args.recordings, args.import_as)?;
    let bar = progress::bar(loaded.recordings.len() as u64, "judging");
    let progress = |done: u32| {
        bar.set_position(done.into());
        ControlFlow::Continue(())
    };
    let judged = Candidate::judge(texts, &loaded, baseline.as_ref(), &progress);
    bar.finish_and_clear();
    judged.map_err(CliError::library)
}

fn headline(candidate: &Candidate) -> Result<(), CliError> {
    let name = crate::output::line(&candidate.workspace.config.name, 80);
    Ok(to_stdout(&format!("{}\n", bold(&name)))?)
}

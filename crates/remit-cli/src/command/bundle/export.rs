//! `remit bundle export`: the policies for a point that enforces, with what will be different there.

use crate::args::{BundleExportArgs, ExplainFormat};
use crate::bench::load_workspace;
use crate::error::CliError;
use crate::{Exit, output};
use remit_api::bundle::target::{Caller, ExportError, Fidelity, Options, export};
use serde_json::json;

pub(crate) fn run(args: &BundleExportArgs) -> Result<Exit, CliError> {
    let workspace = load_workspace(&args.source)?;
    let options = Options {
        gateway: args.gateway.clone(),
        caller: if args.iam { Caller::Iam } else { Caller::OAuth },
        accept_degraded: args.accept_degraded.clone(),
    };
    let export = match export(&workspace, args.target, &options) {
        Ok(export) => export,
        Err(error) => {
            // Whoever is asked to accept losses has to see them.
            if let ExportError::Degraded { fidelity, .. } = &error {
                show(fidelity, args.format)?;
            }
            return Err(CliError::library(error));
        }
    };
    if let Some(out) = &args.out {
        export.files.write(out).map_err(CliError::library)?;
    }
    show(&export.fidelity, args.format)?;
    if let (Some(out), ExplainFormat::Human) = (&args.out, args.format) {
        output::to_stdout(&format!("\nwritten to {out}\n"))?;
    }
    Ok(Exit::Success)
}

fn show(fidelity: &Fidelity, format: ExplainFormat) -> Result<(), CliError> {
    match format {
        ExplainFormat::Human => output::to_stdout(&output::harmless(&fidelity.to_text()))?,
        ExplainFormat::Json => output::data_to_stdout(&format!("{:#}\n", json!(fidelity)))?,
    }
    Ok(())
}

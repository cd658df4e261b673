//! `remit check`: everything that is wrong with a workspace.

use crate::Exit;
use crate::args::CheckArgs;
use crate::bench::load_workspace;
use crate::error::{CliError, ErrorFormat, findings};
use crate::output::{count, data_to_stdout, to_stdout};
use remit_api::policy::{Severity, Workspace};

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, CliError> {
    let workspace = load_workspace(&args.workspace)?;
    let text = findings(&workspace, args.format);
    match args.format {
        ErrorFormat::Json => data_to_stdout(&text)?,
        ErrorFormat::Human | ErrorFormat::Plain => to_stdout(&(text + &*closing_line(&workspace)))?,
    }
    let warned = args.deny_warnings && number(&workspace, Severity::Warning) > 0;
    Ok(if workspace.is_valid() && !warned { Exit::Success } else { Exit::Invalid })
}

fn closing_line(workspace: &Workspace) -> String {
    format!(
        "{}: {} checked; {}, {}, {} of advice\n",
        workspace.config.name,
        match workspace.policy_count() {
            1 => "1 policy".to_owned(),
            n => format!("{n} policies"),
        },
        count(number(workspace, Severity::Error), "error"),
        count(number(workspace, Severity::Warning), "warning"),
        count(number(workspace, Severity::Advice), "piece"),
    )
}

fn number(workspace: &Workspace, severity: Severity) -> u32 {
    workspace.findings.iter().filter(|f| f.severity == severity).count() as u32
}

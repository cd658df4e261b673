//! What went wrong, in one of three renderings, chosen once for the whole run.

use crate::Exit;
use clap::ValueEnum;
use miette::{Diagnostic, GraphicalReportHandler};
use remit_api::policy::{Finding, Workspace, render};
use serde_json::json;

/// How errors are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ErrorFormat {
    /// With the text around them
    #[default]
    Human,
    /// One line each, for screen readers and logs
    Plain,
    /// JSON
    Json,
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum CliError {
    /// A library's error, with its own help.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Library(Box<dyn Diagnostic + Send + Sync>),
    #[error("{message}")]
    #[diagnostic(help("{help}"))]
    Input { message: String, help: String },
    #[error("the workspace `{}` is not valid", .0.root)]
    #[diagnostic(help("mend the errors above; `remit check {}` lists everything", .0.root))]
    Invalid(Box<Workspace>),
    /// A workspace that is only at a git revision; where it was read from is gone.
    #[error("the workspace `{shown}` is not valid")]
    #[diagnostic(help(
        "the errors above are all there are; mend them there, or name another revision"
    ))]
    InvalidRevision { workspace: Box<Workspace>, shown: String },
    #[error("the output could not be written: {0}")]
    Output(#[from] std::io::Error),
}

impl CliError {
    pub fn library(error: impl Diagnostic + Send + Sync + 'static) -> Self {
        CliError::Library(Box::new(error))
    }

    pub fn input(message: impl Into<String>, help: impl Into<String>) -> Self {
        CliError::Input { message: message.into(), help: help.into() }
    }

    pub fn exit(&self) -> Exit {
        match self {
            CliError::Invalid(_) | CliError::InvalidRevision { .. } => Exit::Invalid,
            CliError::Library(_) | CliError::Input { .. } | CliError::Output(_) => Exit::Failure,
        }
    }

    /// To stderr. An error that cannot be printed cannot be reported either.
    pub fn print(&self, format: ErrorFormat) {
        if let CliError::Invalid(workspace) | CliError::InvalidRevision { workspace, .. } = self {
            let _ = crate::output::to_stderr(&findings(workspace, format));
            if format == ErrorFormat::Json {
                return;
            }
        }
        let _ = crate::output::to_stderr(&self.rendered(format));
    }

    fn rendered(&self, format: ErrorFormat) -> String {
        let help = self.help().map(|h| h.to_string());
        match format {
            ErrorFormat::Human => {
                let help = help.map(|h| format!("\n  help: {h}")).unwrap_or_default();
                format!("error: {self}{help}\n")
            }
            ErrorFormat::Plain => {
                let help = help.map(|h| format!("; help: {h}")).unwrap_or_default();
                format!("error: {self}{help}\n")
            }
            ErrorFormat::Json => format!(
                "{}\n",
                json!({ "version": 1, "error": { "message": self.to_string(), "help": help } })
            ),
        }
    }
}

/// The findings of a workspace in one of the three renderings.
pub(crate) fn findings(workspace: &Workspace, format: ErrorFormat) -> String {
    match format {
        ErrorFormat::Human => workspace.findings.iter().map(|f| human(workspace, f)).collect(),
        ErrorFormat::Plain => render::plain(&workspace.findings),
        ErrorFormat::Json => {
            format!("{:#}\n", render::json(&workspace.findings, workspace.policy_count()))
        }
    }
}

fn human(workspace: &Workspace, finding: &Finding) -> String {
    let report = render::FindingReport::new(finding.clone(), workspace.text(&finding.file));
    let mut text = String::new();
    match GraphicalReportHandler::new().with_links(false).render_report(&mut text, &report) {
        Ok(()) => text + "\n",
        Err(_) => render::plain(std::slice::from_ref(finding)),
    }
}

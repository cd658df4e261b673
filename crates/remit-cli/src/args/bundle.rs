//! The arguments of `remit bundle`.

use super::ExplainFormat;
use camino::Utf8PathBuf;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use remit_api::bundle::target::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Write the policies for a point that enforces, and say what will be different there
    Export(BundleExportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BundleExportArgs {
    /// The workspace
    pub source: Utf8PathBuf,
    /// The kind of point
    #[arg(long, value_name = "TARGET", value_parser = target_parser())]
    pub target: Target,
    /// The folder to write, which must not exist or be empty; without it, only the report is shown
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<Utf8PathBuf>,
    /// Go on although policies cannot be said as they are: why that is all right
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub accept_degraded: Option<String>,
    /// The gateway, for AgentCore
    #[arg(long, value_name = "ARN")]
    pub gateway: Option<String>,
    /// The gateway's callers are known by their ARN, for AgentCore
    #[arg(long)]
    pub iam: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

/// The library knows its targets; clap only lists them.
fn target_parser() -> impl TypedValueParser<Value = Target> {
    let names = Target::ALL.map(Target::id);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Target>())
}

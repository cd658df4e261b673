//! The arguments of `remit keys` and `remit bundle`.

use super::{ExplainFormat, format_parser};
use camino::Utf8PathBuf;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use remit_api::bundle::Gate;
use remit_api::bundle::target::Target;
use remit_api::session::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key pair: FILE, encrypted with a password, and FILE.pub
    New(KeysNewArgs),
}

#[derive(Debug, Args)]
pub(crate) struct KeysNewArgs {
    /// The file for the private key; the public key gets the same name with `.pub`
    #[arg(long, value_name = "FILE")]
    pub out: Utf8PathBuf,
    /// Write it even inside of a workspace, from where it may get into a repository
    #[arg(long)]
    pub in_workspace: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Ask every gate whether the workspace may become a bundle, and write nothing
    Check(BundleCheckArgs),
    /// List what differs from the baseline, and accept it in a review record
    Review(BundleReviewArgs),
    /// Write a signed bundle, if every gate is passed or waived
    Build(BundleBuildArgs),
    /// Verify a bundle: signature, digests, policies, tests
    #[command(
        after_help = "Exit codes: 0 verified, 1 cannot be read, 2 not trusted, 3 trusted but not right, 4 damaged or no bundle"
    )]
    Verify(BundleVerifyArgs),
    /// Write the policies for a point that enforces, and say what will be different there
    Export(BundleExportArgs),
}

/// What is judged, and what it is compared with.
#[derive(Debug, Args)]
pub(crate) struct Compared {
    /// The workspace
    pub workspace: Utf8PathBuf,
    /// Recordings to use instead of the workspace's own: files or folders
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub recordings: Vec<Utf8PathBuf>,
    /// The recordings' format, if sniffing gets it wrong
    #[arg(long = "as", value_name = "FORMAT", value_parser = format_parser())]
    pub import_as: Option<Format>,
    /// The bundle that is in force; without it, everything is compared with nothing permitted
    #[arg(long, value_name = "BUNDLE", requires = "trust")]
    pub baseline: Option<Utf8PathBuf>,
    /// Public keys of whoever may have signed the baseline
    #[arg(long, value_name = "PUBLIC", num_args = 1..)]
    pub trust: Vec<Utf8PathBuf>,
}

/// What lets a bundle pass.
#[derive(Debug, Args)]
pub(crate) struct Passes {
    /// The review record
    #[arg(long, value_name = "FILE")]
    pub review: Option<Utf8PathBuf>,
    /// Let a gate be, with a reason that is kept in the bundle: errors, tests, changes, separation, scopes, valid
    #[arg(long, value_name = "GATE=REASON", value_parser = waiver)]
    pub waive: Vec<(Gate, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct BundleCheckArgs {
    #[command(flatten)]
    pub compared: Compared,
    #[command(flatten)]
    pub passes: Passes,
    /// How the gates are written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

#[derive(Debug, Args)]
pub(crate) struct BundleBuildArgs {
    #[command(flatten)]
    pub compared: Compared,
    #[command(flatten)]
    pub passes: Passes,
    /// The private key to sign with; its password is asked for, or read from REMIT_KEY_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub key: Utf8PathBuf,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub out: Utf8PathBuf,
    /// Until when the bundle may be enforced, such as 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// How the gates are written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

#[derive(Debug, Args)]
pub(crate) struct BundleReviewArgs {
    #[command(flatten)]
    pub compared: Compared,
    /// What to accept: all, a kind of change, or the first digits of one
    #[arg(long, value_name = "CHANGE", num_args = 1.., requires_all = ["author", "approver", "out"])]
    pub accept: Vec<String>,
    /// Who wrote the policies
    #[arg(long, value_name = "NAME", requires = "accept")]
    pub author: Option<String>,
    /// Who accepts the changes
    #[arg(long, value_name = "NAME", requires = "accept")]
    pub approver: Option<String>,
    /// Why author and approver are the same person
    #[arg(long, value_name = "REASON", requires = "accept")]
    pub same_person: Option<String>,
    /// What there is to say
    #[arg(long, value_name = "TEXT", requires = "accept")]
    pub note: Option<String>,
    /// The file for the review record; it must not exist
    #[arg(long, short, value_name = "FILE", requires = "accept")]
    pub out: Option<Utf8PathBuf>,
    /// A review record to check: whether it is stale, and what it does not accept
    #[arg(long, value_name = "FILE", conflicts_with = "accept")]
    pub check: Option<Utf8PathBuf>,
    /// How the changes are written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

#[derive(Debug, Args)]
pub(crate) struct BundleVerifyArgs {
    /// The bundle
    pub bundle: Utf8PathBuf,
    /// Public keys of whoever may have signed it
    #[arg(long, value_name = "PUBLIC", required = true, num_args = 1..)]
    pub key: Vec<Utf8PathBuf>,
    /// Refuse bundles that come before this one in their line
    #[arg(long, value_name = "NUMBER")]
    pub at_least: Option<u64>,
    /// Refuse bundles for which a gate was waived
    #[arg(long)]
    pub no_waivers: bool,
    /// The recordings, to judge them again: files or folders
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub recordings: Vec<Utf8PathBuf>,
    /// The recordings' format, if sniffing gets it wrong
    #[arg(long = "as", value_name = "FORMAT", value_parser = format_parser())]
    pub import_as: Option<Format>,
    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

fn waiver(text: &str) -> Result<(Gate, String), String> {
    let gates = || Gate::ALL.map(Gate::word).join(", ");
    let (gate, reason) = text
        .split_once('=')
        .ok_or_else(|| format!("write a gate, `=` and a reason; the gates are {}", gates()))?;
    let known = Gate::of(gate)
        .ok_or_else(|| format!("there is no gate `{gate}`; the gates are {}", gates()))?;
    match reason.trim() {
        "" => Err(format!("say why gate `{gate}` is waived; the reason is kept in the bundle")),
        reason => Ok((known, reason.to_owned())),
    }
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

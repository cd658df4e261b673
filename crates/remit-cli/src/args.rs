//! The command line, as typed.

mod bundle;

pub(crate) use bundle::{
    BundleBuildArgs, BundleCheckArgs, BundleCommand, BundleExportArgs, BundleReviewArgs,
    BundleVerifyArgs, Compared, KeysCommand, KeysNewArgs, Passes,
};

use crate::error::ErrorFormat;
use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};
use remit_api::replay::Engine;
use remit_api::session::Format;

/// Write policies for AI agents, replay recorded sessions against them, and see which actions would
/// be allowed, denied, or drifted out of the task's scope.
#[derive(Debug, Parser)]
#[command(name = "remit", version, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 fine, 1 failed (a test too), 2 denied or drifted and --fail-on asked for it, or a bundle is refused, 3 invalid policies, 4 no bundle"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// How errors are written to stderr: for people, one plain line each, or JSON
    #[arg(long, global = true, value_enum, default_value_t)]
    pub error_format: ErrorFormat,
    /// Say more about what is done
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a workspace, from a template or from recordings
    Init(InitArgs),
    /// Generate the schema from tool manifests or recordings
    Schema(SchemaArgs),
    /// Read recordings and write them in one readable notation, as ATIF or as a log of Dogwood
    Import(ImportArgs),
    /// Check a workspace's policies, schema, entities and configuration
    Check(CheckArgs),
    /// Judge every recorded tool call
    Replay(ReplayArgs),
    /// Run the tests of a workspace, and say which policies and conditions they reach
    Test(TestArgs),
    /// Compare two states of the policies: which verdicts change, and which policies do nothing
    Diff(DiffArgs),
    /// Show one session with its verdicts
    Show(ShowArgs),
    /// Say why one tool call has its verdict
    Explain(ExplainArgs),
    /// Find steps in recorded sessions, by words, tool, agent, argument, verdict and policy
    Search(SearchArgs),
    /// Draft rules that would have stopped a call, with what else they would have stopped
    Stop(StopArgs),
    /// Write the report of an incident: one HTML file that opens anywhere, or Markdown
    Report(ReportArgs),
    /// Propose what each task needs, learnt from good sessions
    Learn(LearnArgs),
    /// Count how well the verdicts agree with labelled sessions
    Score(ScoreArgs),
    /// List the calls that tasks need and guardrails deny, and what would let them through
    Friction(FrictionArgs),
    /// Make the scope of tasks that have none, from what the agents do in their other tasks
    DefaultScope(DefaultScopeArgs),
    /// Make keys to sign bundles with
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Build, review and verify signed bundles of policies, and hand policies to points that enforce
    Bundle {
        #[command(subcommand)]
        command: BundleCommand,
    },
    /// Serve editors over stdin and stdout, by the Language Server Protocol
    Lsp,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder to make; it must not exist or be empty
    pub workspace: Utf8PathBuf,
    /// The shipped workspace to start from
    #[arg(long, value_name = "NAME", default_value = remit_api::templates::SAMPLE,
          value_parser = clap::builder::PossibleValuesParser::new(remit_api::templates::names()))]
    pub template: String,
    /// Start from nothing but recordings: files or folders
    #[arg(long, value_name = "RECORDINGS", num_args = 1.., conflicts_with = "template")]
    pub from: Vec<Utf8PathBuf>,
    /// Copy the recordings into the workspace instead of naming where they are
    #[arg(long, requires = "from")]
    pub copy: bool,
    /// Add a scope for tasks that have none: reading, and what the user asked for
    #[arg(long, requires = "from")]
    pub default_scope: bool,
    /// The recordings' format, if sniffing gets it wrong
    #[arg(long = "as", value_name = "FORMAT", value_parser = format_parser())]
    pub format: Option<Format>,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The workspace
    #[arg(required_unless_present_any = ["report", "bundle"])]
    pub workspace: Option<Utf8PathBuf>,
    /// Answers of MCP servers to tools/list; the file's name, or NAME= before it, is the server's name
    #[arg(long, value_name = "[NAME=]FILE", num_args = 1..)]
    pub tools: Vec<String>,
    /// Recordings to infer tools from: files or folders; by default the workspace's own
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub recordings: Vec<Utf8PathBuf>,
    /// Write schema.cedarschema instead of printing it
    #[arg(long)]
    pub write: bool,
    /// Print the JSON Schema of `remit replay --format json`
    #[arg(long, conflicts_with_all = ["workspace", "tools", "recordings", "write"])]
    pub report: bool,
    /// Print the JSON Schema of a bundle's manifest
    #[arg(long, conflicts_with_all = ["workspace", "tools", "recordings", "write", "report"])]
    pub bundle: bool,
    /// The recordings' format, if sniffing gets it wrong
    #[arg(long = "as", value_name = "FORMAT", value_parser = format_parser())]
    pub format: Option<Format>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Recordings: files or folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<Utf8PathBuf>,
    /// The recordings' format, if sniffing gets it wrong
    #[arg(long = "as", value_name = "FORMAT", value_parser = format_parser())]
    pub format: Option<Format>,
    /// Write the sessions in this form; without it, only count them
    #[arg(long, value_enum, value_name = "FORM")]
    pub to: Option<ImportTo>,
    /// The file to write to, instead of stdout
    #[arg(long, short, value_name = "FILE", requires = "to")]
    pub out: Option<Utf8PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The workspace
    pub workspace: Utf8PathBuf,
    /// How findings are written
    #[arg(long, value_enum, default_value_t)]
    pub format: ErrorFormat,
    /// Warnings count as errors
    #[arg(long)]
    pub deny_warnings: bool,
}

/// Which recordings, of which workspace.
#[derive(Debug, Args)]
pub(crate) struct Corpus {
    /// The workspace
    pub workspace: Utf8PathBuf,
    /// Recordings to use instead of the workspace's own: files or folders
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub recordings: Vec<Utf8PathBuf>,
    /// The recordings' format, if sniffing gets it wrong
    #[arg(long = "as", value_name = "FORMAT", value_parser = format_parser())]
    pub import_as: Option<Format>,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ReportFormat,
    /// Exit with 2 if a tool call has such a verdict
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT")]
    pub fail_on: Vec<FailOn>,
    /// List only such findings; the counts stay those of all
    #[arg(long, value_enum, value_name = "FINDING", value_delimiter = ',')]
    pub only: Vec<Finding>,
    /// Which calls after a denied one that ran are counted, and looked at by --fail-on
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    pub hypothetical: WhichHypothetical,
    /// List every finding, not only the first ones of each session
    #[arg(long)]
    pub all: bool,
    /// What decides; both give the same report
    #[arg(long, value_enum, default_value_t)]
    pub engine: EngineChoice,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// How the results are written
    #[arg(long, value_enum, default_value_t)]
    pub format: TestFormat,
    /// Try one mistake after the other in each policy, and list those that nobody notices
    #[arg(long)]
    pub mutate: bool,
    /// List every test, policy and condition, not only what is wrong or not reached
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The policies before: a workspace's folder, a bundle, `REV:PATH` for a folder at a git revision, or `REV` for
    /// the other side's folder at that revision
    pub baseline: String,
    /// The policies after: likewise
    pub candidate: String,
    /// Public keys of whoever may have signed a bundle
    #[arg(long, value_name = "PUBLIC", num_args = 1..)]
    pub trust: Vec<Utf8PathBuf>,
    /// Recordings to use instead of those of the candidate's folder: files or folders
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub recordings: Vec<Utf8PathBuf>,
    /// The recordings' format, if sniffing gets it wrong
    #[arg(long = "as", value_name = "FORMAT", value_parser = format_parser())]
    pub import_as: Option<Format>,
    /// How the changes are written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
    /// Exit with 2 if a tool call changes in such a way
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CHANGE")]
    pub fail_on: Vec<FailOnChange>,
    /// List every call that changes, not only an example of each group
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// The session: its id, its recording, or a part of either that only it has
    #[arg(long_help = None)]
    pub session: Option<String>,
    /// Show long texts whole
    #[arg(long)]
    pub full: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// The session: its id, its recording, or a part of either that only it has
    pub session: String,
    /// The step, as `remit show` numbers it, or the recording's own id of the call
    pub step: String,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// Words, and terms: tool:NAME agent:NAME task:NAME verdict:WORD policy:ID arg:NAME=VALUE
    #[arg(required = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// How what was found is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
    /// List every step, not only the first ones
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// The session: its id, its recording, or a part of either that only it has
    pub session: String,
    /// The step, as `remit show` numbers it, or the recording's own id of the call
    pub step: String,
    /// Write this rule into guardrails/, and a test that the call stays stopped into tests/
    #[arg(long, value_name = "ID")]
    pub write: Option<String>,
    /// How the rules are written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// Only this session: its id, its recording, or a part of either that only it has
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// The file to write: .html or .md
    #[arg(long, short, value_name = "FILE")]
    pub out: Utf8PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct LearnArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// Which sessions were solved and which calls were wrong: JSON Lines, a labelled session a line
    #[arg(long, value_name = "FILE")]
    pub labels: Option<Utf8PathBuf>,
    /// Learn from every session, solved or not, that the labels do not call bad
    #[arg(long)]
    pub all: bool,
    /// Learn from so many sessions of each task, the first ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: Option<u32>,
    /// Only this task
    #[arg(long, value_name = "TASK")]
    pub task: Option<String>,
    /// A call that the scope must stop: the session's id or recording, and the step
    #[arg(long, num_args = 2, value_names = ["SESSION", "STEP"], action = clap::ArgAction::Append)]
    pub must_stop: Vec<String>,
    /// Ask about each tool of each task, and show what each answer would change
    #[arg(long)]
    pub ask: bool,
    /// Write the scopes into the workspace instead of printing them
    #[arg(long)]
    pub write: bool,
    /// How the proposal is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// Which calls were wrong: JSON Lines, a labelled session a line
    #[arg(long, value_name = "FILE", required = true)]
    pub labels: Utf8PathBuf,
    /// Judge each session by the scope that the other solved sessions of its task teach
    #[arg(long)]
    pub held_out: bool,
    /// How the score is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
    /// List every call whose verdict does not agree with its label, not only the first ones
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FrictionArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// How the list is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

#[derive(Debug, Args)]
pub(crate) struct DefaultScopeArgs {
    #[command(flatten)]
    pub corpus: Corpus,
    /// Rest on no session: only reading, and what the user asked for, is in scope
    #[arg(long, conflicts_with_all = ["all", "per_task"])]
    pub bare: bool,
    /// Take every session for a good one, not only those that the recording calls solved
    #[arg(long)]
    pub all: bool,
    /// Make one for each task, from all other tasks
    #[arg(long)]
    pub per_task: bool,
    /// Write the files instead of printing them; none that is there is overwritten
    #[arg(long)]
    pub write: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportTo {
    /// Lines that people read and write, and that `remit` imports
    Notation,
    /// Trajectories in the Agent Trajectory Interchange Format: a document, or a line for each session
    Atif,
    /// An event log for Dogwood: a request for each call, a response or an error for its result
    Dogwood,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Tables for people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// One JSON line for each session
    Jsonl,
    /// JUnit XML
    Junit,
    /// SARIF 2.1.0
    Sarif,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// JUnit XML
    Junit,
}

/// Of the calls whose agent had a result that the policies would have denied it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhichHypothetical {
    /// All of them
    #[default]
    All,
    /// Only those whose values were all there before that result
    Independent,
    /// None
    None,
}

/// What decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineChoice {
    /// All tool calls at once, by columns
    #[default]
    Matrix,
    /// One by one, by Cedar's own authorizer: slower, and what the matrix is checked against
    Reference,
}

impl From<EngineChoice> for Engine {
    fn from(choice: EngineChoice) -> Self {
        match choice {
            EngineChoice::Matrix => Engine::Matrix,
            EngineChoice::Reference => Engine::Reference,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// For people
    #[default]
    Human,
    /// One JSON document
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// The guardrails forbid it
    Denied,
    /// Permitted, but not what the task is for
    Drifted,
    /// Drifted, and not only for a value that nobody vouches for
    OutOfScope,
    /// It cannot be decided
    Unknown,
    /// A failed policy could flip it
    Uncertain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Finding {
    /// The guardrails forbid it
    Denied,
    /// Permitted, but not what the task is for
    Drifted,
    /// Drifted, and not only for a value that nobody vouches for
    OutOfScope,
    /// Drifted only for a value that nobody vouches for
    UnverifiedValue,
    /// It cannot be decided
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOnChange {
    /// The guardrails deny what they let pass
    NewlyDenied,
    /// Permitted, but not what the task is for; it was allowed or denied
    NewlyDrifted,
    /// Within its remit; it was denied
    NewlyAllowed,
    /// Within its remit; it was permitted before, but not what the task is for
    NoLongerDrifted,
    /// One side cannot be decided, or not for sure
    Maybe,
}

/// The library knows its formats; clap only lists them.
fn format_parser() -> impl clap::builder::TypedValueParser<Value = Format> {
    use clap::builder::TypedValueParser;
    let names = Format::all().into_iter().map(Format::id);
    clap::builder::PossibleValuesParser::new(names).try_map(|name| name.parse::<Format>())
}

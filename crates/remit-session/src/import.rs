//! Reads what an agent runtime wrote into sessions.
//!
//! One file a format; each turns text into [`Session`]s and counted [`Warning`]s. This module finds
//! the format, bounds the sizes, decodes the text and numbers the tool calls, so that importers
//! only know their own shapes.
//!
//! Promises:
//! * a tool call that can be seen in the recording is in the result, whatever is wrong with it;
//! * a broken line or message costs itself only, and leaves a warning with its place;
//! * the file's name decides nothing but the words of a message, the id of a session that has none
//!   of its own, and (by the ending `.session`) what may be notation.
//!
//! Not here: reading from disk ([`crate::load`]).

mod a2a;
mod agentdojo;
mod atif;
mod builder;
mod claude_code;
mod codex;
mod decisions;
mod dogwood;
mod format;
mod gemini_cli;
mod hooks;
mod inspect;
mod json;
mod langfuse;
mod langsmith;
mod mcp;
mod messages;
mod mini_swe_agent;
mod openai_chat;
mod openhands;
mod otlp;
mod pi;
mod said;
mod sniff;
mod swe_agent;
mod text;
mod trace;

pub(crate) use builder::{Moment, NewCall, SessionBuilder, Warnings};
pub(crate) use claude_code::SideFile;
pub use format::{Format, UnknownFormat};
pub(crate) use json::arguments_from_text;
pub(crate) use openhands::ends_like_log as ends_like_model_log;
pub use otlp::{NotOtlp, otlp_json};
pub(crate) use text::decode;

use crate::identity::settle;
use crate::{CallIdx, Session, StepKind, Warning};
use miette::Diagnostic;
use std::borrow::Cow;
use std::collections::HashMap;
use thiserror::Error;

/// Sizes beyond which a recording is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest file that is read, in bytes; a larger one is an error. 2 GiB by default.
    pub file_bytes: u64,
    /// The longest line of a JSON Lines file that is read, in bytes; a longer one is skipped with a
    /// warning. 64 MiB by default.
    pub line_bytes: usize,
    /// So many bytes of recordings are read side by side at most, unless one alone is larger. 64 MiB by
    /// default. Reading takes a few times as much memory, however large a folder is.
    pub at_once_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { file_bytes: 2 << 30, line_bytes: 64 << 20, at_once_bytes: 64 << 20 }
    }
}

/// What a file held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// In the order of the file; the tool calls' indexes run on from one to the next.
    pub sessions: Vec<Session>,
    /// What was skipped or repaired.
    pub warnings: Vec<Warning>,
    /// The results of `tools/list` that the file holds: what servers said about their tools.
    pub manifests: Vec<serde_json::Value>,
}

/// Why a file gives no sessions at all.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum ImportError {
    /// There is nothing in it.
    #[error("`{name}` is empty")]
    #[diagnostic(
        code(remit::import::empty),
        help(
            "was the recording still being written? record the session again, or leave the file out"
        )
    )]
    Empty {
        /// The file.
        name: String,
    },
    /// It is larger than the limit.
    #[error("`{name}` is too large: {bytes} bytes, and at most {limit} are read")]
    #[diagnostic(
        code(remit::import::too_large),
        help("split the recording into one file a session")
    )]
    TooLarge {
        /// The file.
        name: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// No importer knows it.
    #[error("`{name}` is no recording that remit knows")]
    #[diagnostic(
        code(remit::import::unrecognised),
        help("name its format with `--as`: one of {ids}", ids = Format::ids())
    )]
    Unrecognised {
        /// The file.
        name: String,
    },
    /// It ought to be JSON and is not.
    #[error("`{name}` is not JSON: line {line}, column {column}: {why}")]
    #[diagnostic(
        code(remit::import::not_json),
        help("the file may be cut off or edited by hand; export or record it again")
    )]
    NotJson {
        /// The file.
        name: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        why: String,
    },
    /// Its values stand in each other deeper than anything that is read.
    #[error("`{name}` is nested too deep: line {line}, column {column}: more than 127 levels")]
    #[diagnostic(
        code(remit::import::too_deep),
        help("no agent runtime writes this; check where the file comes from")
    )]
    TooDeep {
        /// The file.
        name: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The format that was asked for is not the file's.
    #[error("`{name}` is no recording of the format `{asked}`")]
    #[diagnostic(code(remit::import::wrong_format), help("{}", wrong_format_help(*looks_like)))]
    WrongFormat {
        /// The file.
        name: String,
        /// What `--as` said.
        asked: Format,
        /// What the file looks like.
        looks_like: Option<Format>,
    },
}

fn wrong_format_help(looks_like: Option<Format>) -> String {
    match looks_like {
        Some(format) => {
            format!("it looks like `{format}`: use `--as {format}`, or leave `--as` out")
        }
        None => format!("the formats are {}", Format::ids()),
    }
}

/// The format of a file, from its beginning; `None` if no importer claims it.
pub fn sniff(name: &str, bytes: &[u8]) -> Option<Format> {
    sniff::sniff(name, bytes)
}

/// Reads a recording. `name` is for messages and for sessions that have no id; without a `format`
/// the bytes say which it is.
pub fn import(
    name: &str,
    bytes: &[u8],
    format: Option<Format>,
    limits: &Limits,
) -> Result<(Format, Imported), ImportError> {
    check_size(name, bytes, limits)?;
    import_with_side_files(name, bytes, &[], format, limits, Warnings::default())
}

/// [`import`] for a recording that has files beside it (only Claude Code's has), going on from the
/// warnings that reading those gave.
pub(crate) fn import_with_side_files(
    name: &str,
    bytes: &[u8],
    side_files: &[SideFile<'_>],
    format: Option<Format>,
    limits: &Limits,
    mut warnings: Warnings,
) -> Result<(Format, Imported), ImportError> {
    if text::is_blank(bytes) {
        return Err(ImportError::Empty { name: name.to_owned() });
    }
    let text = text_of(bytes, &mut warnings);
    let source = Source { name, text: &text, limits };
    let looks_like = sniff(name, bytes);
    let format = format.or(looks_like).ok_or_else(|| unrecognised(&source))?;
    let has_sides = matches!(format, Format::ClaudeCode | Format::OpenHands);
    for side in side_files.iter().filter(|_| !has_sides) {
        let place = crate::Place::FileLine(side.path.clone(), 1);
        warnings.add("a file that seemed to belong to this recording was not read", place);
    }
    let (sessions, manifests) = read(format, &source, side_files, &mut warnings)?;
    let nothing = sessions.iter().all(|s| s.steps.is_empty()) && manifests.is_empty();
    if nothing && looks_like != Some(format) {
        return Err(ImportError::WrongFormat { name: name.to_owned(), asked: format, looks_like });
    }
    Ok((format, finish(sessions, manifests, warnings)))
}

/// A file's text; a binary form of OTLP as the JSON that says the same.
fn text_of<'a>(bytes: &'a [u8], warnings: &mut Warnings) -> Cow<'a, str> {
    if !otlp::is_request(bytes) {
        return text::decode(bytes, warnings);
    }
    let (text, cut) = otlp::as_json(bytes);
    if let Some(message) = cut {
        warnings.add(message, crate::Place::Pointer(String::new()));
    }
    Cow::Owned(text)
}

fn unrecognised(source: &Source<'_>) -> ImportError {
    let unknown = || ImportError::Unrecognised { name: source.name.to_owned() };
    json::problem(source).unwrap_or_else(unknown)
}

/// A file's text, and what importers need to know beside it.
pub(crate) struct Source<'a> {
    pub name: &'a str,
    pub text: &'a str,
    pub limits: &'a Limits,
}

impl Source<'_> {
    /// The file's name without folders and ending: the id of a session that has none.
    pub fn stem(&self) -> &str {
        camino::Utf8Path::new(self.name).file_stem().unwrap_or("session")
    }
}

fn check_size(name: &str, bytes: &[u8], limits: &Limits) -> Result<(), ImportError> {
    let (bytes, limit) = (bytes.len() as u64, limits.file_bytes);
    if bytes > limit {
        return Err(ImportError::TooLarge { name: name.to_owned(), bytes, limit });
    }
    Ok(())
}

type Read = (Vec<Session>, Vec<serde_json::Value>);

fn read(
    format: Format,
    source: &Source<'_>,
    side_files: &[SideFile<'_>],
    warnings: &mut Warnings,
) -> Result<Read, ImportError> {
    let sessions = match format {
        Format::AgentDojo => agentdojo::read(source, warnings),
        Format::OpenAiChat => openai_chat::read(source, warnings),
        Format::ClaudeCode => claude_code::read(source, side_files, warnings),
        Format::Codex => codex::read(source, warnings),
        Format::GeminiCli => gemini_cli::read(source, warnings),
        Format::Pi => pi::read(source, warnings),
        Format::OpenHands => openhands::read(source, side_files, warnings),
        Format::SweAgent => swe_agent::read(source, warnings),
        Format::MiniSweAgent => mini_swe_agent::read(source, warnings),
        Format::Inspect => inspect::read(source, warnings),
        Format::Atif => atif::read(source, warnings),
        Format::Otlp => otlp::read(source, warnings),
        Format::Langfuse => langfuse::read(source, warnings),
        Format::LangSmith => langsmith::read(source, warnings),
        Format::Hooks => hooks::read(source, warnings),
        Format::A2a => a2a::read(source, warnings),
        Format::Opa => decisions::read_opa(source, warnings),
        Format::CloudTrail => decisions::read_cloud_trail(source, warnings),
        Format::Mcp => return mcp::read(source, warnings),
        Format::Dogwood => dogwood::read(source, warnings),
        Format::Notation => Ok(crate::notation::read(source, warnings)),
    };
    Ok((sessions?, Vec::new()))
}

/// What holds for every format: unique ids, calls counted through, no silent emptiness.
fn finish(
    mut sessions: Vec<Session>,
    manifests: Vec<serde_json::Value>,
    mut warnings: Warnings,
) -> Imported {
    number_calls(&mut sessions);
    name_apart(&mut sessions);
    sessions.iter_mut().for_each(settle);
    if !sessions.iter().any(|session| session.calls().next().is_some()) {
        warnings.add("the recording holds no tool call", crate::Place::Pointer(String::new()));
    }
    Imported { sessions, warnings: warnings.into_list(), manifests }
}

fn number_calls(sessions: &mut [Session]) {
    let steps = sessions.iter_mut().flat_map(|session| &mut session.steps);
    let calls = steps.filter_map(|step| match &mut step.kind {
        StepKind::Call(call) => Some(call),
        StepKind::Message { .. } | StepKind::Result(_) => None,
    });
    for (index, call) in calls.enumerate() {
        call.index = CallIdx(index as u32);
    }
}

/// Ids that come twice get `#2`, `#3` and so on.
fn name_apart(sessions: &mut [Session]) {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for session in sessions {
        let original = session.id.clone();
        loop {
            let count = seen.entry(session.id.clone()).and_modify(|n| *n += 1).or_insert(1);
            if *count == 1 {
                break;
            }
            let next = seen.entry(original.clone()).or_insert(1);
            session.id = format!("{original}#{next}");
        }
    }
}

//! The formats that are read, by name.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A kind of recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Format {
    /// A run of the AgentDojo benchmark, or an Invariant Explorer export of runs.
    AgentDojo,
    /// Chat messages in the manner of OpenAI's API, tau-bench's runs included.
    OpenAiChat,
    /// A Claude Code transcript.
    ClaudeCode,
    /// A rollout of Codex, or what `codex exec --json` prints.
    Codex,
    /// A chat of Gemini CLI.
    GeminiCli,
    /// A session of the coding agent pi.
    Pi,
    /// Events or model logs of OpenHands.
    OpenHands,
    /// A trajectory of SWE-agent.
    SweAgent,
    /// A trajectory of mini-swe-agent.
    MiniSweAgent,
    /// A log of Inspect.
    Inspect,
    /// A trajectory in the Agent Trajectory Interchange Format.
    Atif,
    /// Traces of OpenTelemetry, as OTLP or as spans.
    Otlp,
    /// An export of Langfuse.
    Langfuse,
    /// Runs of LangSmith.
    LangSmith,
    /// What the hooks of coding agents are given.
    Hooks,
    /// Messages of the A2A protocol.
    A2a,
    /// OPA's decision logs.
    Opa,
    /// Events of AWS CloudTrail, Verified Permissions included.
    CloudTrail,
    /// What an MCP client and server said to each other.
    Mcp,
    /// An event log of Dogwood.
    Dogwood,
    /// Remit's own readable notation.
    Notation,
}

/// INVARIANT: each format once; the names are those of the command line.
const NAMES: [(Format, &str); 21] = [
    (Format::AgentDojo, "agentdojo"),
    (Format::OpenAiChat, "openai-chat"),
    (Format::ClaudeCode, "claude-code"),
    (Format::Codex, "codex"),
    (Format::GeminiCli, "gemini-cli"),
    (Format::Pi, "pi"),
    (Format::OpenHands, "openhands"),
    (Format::SweAgent, "swe-agent"),
    (Format::MiniSweAgent, "mini-swe-agent"),
    (Format::Inspect, "inspect"),
    (Format::Atif, "atif"),
    (Format::Otlp, "otlp"),
    (Format::Langfuse, "langfuse"),
    (Format::LangSmith, "langsmith"),
    (Format::Hooks, "hooks"),
    (Format::A2a, "a2a"),
    (Format::Opa, "opa"),
    (Format::CloudTrail, "cloudtrail"),
    (Format::Mcp, "mcp"),
    (Format::Dogwood, "dogwood"),
    (Format::Notation, "notation"),
];

impl Format {
    /// Every format, in the order in which they are listed to people.
    pub fn all() -> [Format; NAMES.len()] {
        NAMES.map(|(format, _)| format)
    }

    /// The format's name on the command line.
    pub fn id(self) -> &'static str {
        let named = NAMES.iter().find(|(format, _)| *format == self);
        named.map_or("unknown", |(_, name)| name)
    }

    pub(super) fn ids() -> String {
        NAMES.map(|(_, name)| name).join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Format, UnknownFormat> {
        let found = Format::all().into_iter().find(|format| format.id() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// A name that is no format's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no recording format is called `{0}`: use one of {ids}", ids = Format::ids())]
pub struct UnknownFormat(pub String);

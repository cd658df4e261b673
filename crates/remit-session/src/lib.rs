//! What an agent did: recordings, read into one model.
//!
//! A *recording* is a file that an agent runtime wrote. Reading one gives *sessions*: one task, one
//! or more agents, ordered steps. Importers know formats; everything else knows only the model.
//!
//! Promises:
//! * no tool call of a recording is dropped: what cannot be read becomes a counted [`Warning`] with
//!   its place, and the rest is read on;
//! * recordings are hostile: every size is bounded ([`Limits`]), nothing in them is ever executed,
//!   resolved as a path or fetched;
//! * the same bytes give the same sessions.
//!
//! Not here: policies, requests, verdicts. This crate knows no Cedar.

mod export;
mod identity;
mod import;
mod load;
mod model;
mod notation;
mod origin;
mod past;
mod profile;

pub use export::{DogwoodLog, to_atif, to_dogwood};
pub use identity::{
    Act, AgentIdentity, Credential, CredentialKind, HandOff, Identity, Mandate, Sighting, Told,
};
pub use import::{
    Format, ImportError, Imported, Limits, NotOtlp, UnknownFormat, import, otlp_json, sniff,
};
pub use load::{
    Found, LoadError, Loaded, Located, Progress, Skipped, Source, load, load_each, load_one,
    locate, read_each,
};
pub use model::*;
pub use notation::to_notation;
pub use origin::{
    ArgumentOrigins, Match, Origin, OriginIndex, OriginKind, TokenKind, TokenOrigin, plain_form,
};
pub use past::Past;
pub use profile::{ToolProfile, ValueProfile, profile_tools};

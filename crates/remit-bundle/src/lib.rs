//! What a team hands over: policies with the evidence for them, in one signed archive.
//!
//! A bundle is a plain `tar` ([`Archive`]) whose bytes are a function of what is in it: no time, no owner,
//! names in order, nothing compressed. In it are the workspace's own files (below `workspace/`, without
//! recordings), the [`Manifest`] that lists every member with its digest, and a signature
//! ([`envelope`](mod@envelope)) over the manifest.
//!
//! Promises:
//! * the same workspace, recordings, key and choices give the same bytes, on every machine;
//! * one byte changed, cut off, added or moved, and reading or verifying refuses, with one [`Refusal`] that says why;
//! * everything is read in memory, within bounds, and nothing is ever unpacked to disk;
//! * no text of a recording is in a bundle: of recordings there are counts and digests.
//!
//! This crate is above replay, because a gate asks what policies do to the recordings.
//! Not here: which files to open, passwords, terminals.

mod archive;
mod candidate;
mod change;
mod content;
mod digest;
pub mod envelope;
mod evidence;
mod gate;
mod key;
mod manifest;
mod refusal;
mod review;
pub mod target;
mod verify;

pub use archive::{Archive, MAX_BYTES, MAX_MEMBERS, safe_name};
pub use candidate::{BuildError, Candidate, JudgeError, REVIEW};
pub use change::{ChangeKind, ChangeRow, Footing};
pub use content::{UnreadableTests, texts_on_disk};
pub use digest::{of_bytes, of_parts};
pub use gate::{GateResult, described, gates};
pub use key::{KeyError, MIN_PASSWORD, PublicKey, SecretKey};
pub use manifest::{
    BaselineEntry, Built, ContentDigests, Counts, FORMAT, Gate, GateEntry, MANIFEST, Manifest,
    Member, PolicyCounts, PolicyEntry, PolicyOf, ReplayEntry, TasksEntry, TestsEntry, WORKSPACE,
    expiry, manifest_schema,
};
pub use refusal::{Refusal, RefusalCode, RefusalKind};
pub use review::{Accept, REVIEW_VERSION, RestsOn, Review, ReviewError, Reviewer};
pub use verify::{Trust, Verified, Waivers, verify};

//! All that a host may ask of Remit.
//!
//! Two kinds of host stand on this crate. The command line runs in one go and uses the crates below
//! directly ([`policy`], [`replay`], [`session`]). The desktop holds an [`App`] and sends it commands
//! as JSON ([`dispatch`]); what crosses to its window is in [`wire`], and nowhere else.
//!
//! Promises:
//! * the two give the same verdicts: both call [`replay::replay`], and nothing here decides;
//! * every request names what it is about; the app holds snapshots, never a cursor;
//! * no path that the window sends leads out of the workspace.

mod app;
mod bindings;
mod commands;
mod files;
pub mod git;
mod kept_drafts;
mod open;
mod recordings;
mod self_check;
mod settings;
mod snapshot;
pub mod templates;
mod view;
mod watch;
pub mod wire;

pub use app::{App, AppOptions, Initial};
pub use bindings::typescript;
pub use commands::dispatch;
pub use files::test_files;
pub use open::{load_paths, load_paths_each, load_recordings, load_seen, workspace_sources};
pub use {
    remit_bundle as bundle, remit_learn as learn, remit_policy as policy, remit_replay as replay,
    remit_review as review, remit_session as session,
};

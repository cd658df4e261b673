//! Snapshots as the window sees them. Nothing is decided here, only cut to size and named.

mod changes;
mod corpus;
mod desk;
mod session;
mod text;
mod why;
mod words;
mod workspace;

pub(crate) use changes::changed_calls;
pub(crate) use corpus::{call_at, session_page};
pub(crate) use desk::{
    Units, byte_of, completions, edits, hover, outline, places, quick_fixes, schema_fix, units,
};
pub(crate) use session::{session_view, step_page, step_text};
pub(crate) use why::why;
pub(crate) use words::{effect, severity_in, summary_of, verdict_in, verdict_of};
pub(crate) use workspace::{finding, policies, workspace};

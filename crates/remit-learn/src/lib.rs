//! What examples teach: how well verdicts agree with labelled sessions.
//!
//! [`Labels`] say which calls of which recordings were wrong; [`score`] counts how a replay's verdicts
//! agree with them.
//!
//! Promises:
//! * nothing that cannot be joined is passed over silently: labels without a recording, recordings
//!   without a label and labelled calls that do not exist are all in the [`Score`];
//! * the same inputs give the same bytes.
//!
//! Not here: verdicts (`remit-replay`), reading recordings (`remit-session`).

mod labels;
mod score;

pub use labels::{LabelledCall, LabelledSession, Labels, LabelsError};
pub use score::{Confusion, Counts, Figures, Group, Rate, Score, ScoredSession, Unmatched, score};

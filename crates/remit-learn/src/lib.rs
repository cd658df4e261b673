//! What examples teach: the scope of a task from its good sessions, and how well verdicts agree with
//! labelled ones.
//!
//! [`learn`] proposes what each task needs as ordinary Cedar, with the calls that speak for each clause
//! and an estimate of what it would deny wrongly. [`Labels`] say which calls of which recordings were
//! wrong; [`score`] counts how a replay's verdicts agree with them.
//! A [`Profile`] of good sessions becomes the [`default_scope`] of tasks that have none.
//!
//! Promises:
//! * a proposed scope permits every call that it was learnt from, so that a further good session never
//!   makes an earlier one drift;
//! * nothing that cannot be joined or learnt from is passed over silently: it is counted;
//! * the same inputs give the same bytes.
//!
//! Not here: verdicts (`remit-replay`), reading recordings (`remit-session`).

mod ask;
mod clause;
mod default_scope;
mod example;
mod form;
mod held_out;
mod judge;
mod kind;
mod labels;
mod learn;
mod propose;
mod role;
mod score;
mod stop;
mod value;
mod write;

pub use ask::{Answer, Answers, Effect, Question};
pub use default_scope::{DEFAULT_SCOPE, Profile, default_scope};
pub use example::{CallPlace, LeftOut, Which};
pub use held_out::replay_held_out;
pub use judge::Estimate;
pub use labels::{LabelledCall, LabelledSession, Labels, LabelsError};
pub use learn::{
    LearnError, LearnOptions, LearnSummary, Learnt, ProposedClause, ProposedCondition,
    ProposedScope, ask, learn,
};
pub use score::{
    Confusion, Counts, Figures, Group, Rate, Score, ScoredSession, Unmatched, WrongVerdict, score,
};
pub use stop::{Incident, NotStopped, Stopped};
pub use write::{NotWritten, scope_file, write_scope};

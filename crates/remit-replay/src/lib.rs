//! Recorded sessions against policies: requests, decisions, verdicts, reports.
//!
//! Data flow: a session's tool calls are *mapped* to authorization requests by the schema
//! ([`Mapper`]), each request is decided by the guardrails and by the scope of its task, and the two
//! decisions together are a [`Verdict`]. What decides is the [`matrix`](mod@matrix) over a
//! [`table`](mod@table) of all requests; [`reference`](mod@reference) is what it is checked against.
//!
//! Conditions over a session's past are worked out for all calls at once (`history`).
//!
//! Promises:
//! * every tool call has exactly one verdict; the four counts add up to the tool calls;
//! * an evaluation error is never silent: a decision carries its errors, and says whether one could flip it;
//! * what has no mapping is *unknown*, never allowed;
//! * the result is a function of the digests in it, whatever the number of threads.
//!
//! Not here: reading recordings (`remit-session`), reading policies (`remit-policy`), showing anything.

mod because;
mod candidates;
mod changes;
mod convert;
mod corpus;
mod facts;
mod friction;
pub mod history;
mod horizon;
mod infer;
mod junit;
mod live;
mod mapping;
pub mod matrix;
mod misfit;
pub mod reference;
mod replay;
mod replayability;
mod report;
pub mod rows;
mod sarif;
mod seen;
pub mod table;
mod values;
mod verdict;

pub use because::{
    Because, Excerpt, NearestClause, Otherwise, Whence, because, missed_clause, otherwise,
};
pub use candidates::{
    CallArgument, CallFact, CallParts, Candidate, FactValue, PartValue, call_parts, candidates,
    narrowings,
};
pub use changes::{
    Change, ChangeCount, ChangeDigests, ChangeGroup, ChangeSummary, ChangedCall, ChangedCallReport,
    Changes, ChangesReport, GroupReport, Idle, IdlePolicy, OtherRecordings, PolicyReport, Standing,
    StandingReport, changes, changes_report, idle_policies,
};
pub use corpus::{Corpus, CorpusBuilder, NotCached, ReadError, RecordingEntry, SessionEntry};
pub use friction::{Also, Friction, Proposal, friction};
pub use horizon::{Horizon, Hypothetical};
pub use infer::infer_manifests;
pub use junit::to_junit;
pub use live::{
    CallDecision, CallVerdict, ConditionRows, ConditionsOf, DecidedBy, Decider, Difference,
    Interpreted, LiveReplay, Usage, Verdicts,
};
pub use mapping::{Mapped, Mapper, MissingFact, Unmapped};
pub use misfit::{Fit, Misfit, MisfitKind, Part, fits};
pub use reference::{Absent, Judgement, PolicyError};
pub use replay::{
    Cancelled, Engine, Judged, JudgedCall, Replay, SessionReplay, Unknown, explain, history_at,
    horizon, judge_exactly, replay, replay_verdicts, replay_with, requests, session_key,
};
pub use replayability::{Lack, Missing, Next, Replayability, replayability};
pub use report::{
    BecauseReport, CallReport, HypotheticalSummary, JudgementReport, OriginReport, Report,
    ReportDigests, SessionLine, SessionReport, Summary, VerdictCounts, WarningReport,
    because_report, report, report_digests, report_schema,
};
pub use rows::{Counter, RowSet};
pub use sarif::to_sarif;
pub use seen::SeenValues;
pub use values::{ClauseValue, Evaluated, PartValueNode, clause_values};
pub use verdict::{Severity, Verdict};

/// The policy engine and its version, as reports name it.
pub fn engine() -> String {
    format!("cedar-policy {}; remit {}", cedar_policy::get_sdk_version(), env!("CARGO_PKG_VERSION"))
}

//! What an edit changes: two replays of the same recordings, compared call by call.
//!
//! The change of a call, by its verdict in the baseline (rows) and in the candidate (columns):
//!
//! | | allowed | denied | drifted | unknown |
//! |---|---|---|---|---|
//! | **allowed** | unchanged | newly denied | newly drifted | maybe |
//! | **denied** | newly allowed | unchanged | newly drifted | maybe |
//! | **drifted** | no longer drifted | newly denied | unchanged | maybe |
//! | **unknown** | maybe | maybe | maybe | unchanged |
//!
//! Promises:
//! * every tool call has exactly one change; the six counts add up to the tool calls;
//! * a verdict that a failed policy could flip never gives more than *maybe* ([`Change::between`]);
//! * the same two replays give the same groups, in the same order.
//!
//! Not here: which of the two is right, and where they come from.

mod idle;
mod report;

pub use idle::{Idle, IdlePolicy, idle_policies};
pub use report::{
    ChangeDigests, ChangeSummary, ChangedCallReport, ChangesReport, GroupReport, PolicyReport,
    StandingReport, changes_report,
};

use crate::{JudgedCall, Judgement, Replay, SessionReplay, Verdict};
use miette::Diagnostic;
use remit_session::{CallIdx, Recording, Session, Step, StepIdx, StepKind, ToolCall};
use schemars::JsonSchema;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How the verdict on a tool call differs between baseline and candidate, in the order of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The guardrails deny what they let pass.
    NewlyDenied,
    /// Permitted, but not what the task is for; it was allowed or denied.
    NewlyDrifted,
    /// Within its remit; it was denied.
    NewlyAllowed,
    /// Within its remit; it was permitted before, but not what the task is for.
    NoLongerDrifted,
    /// At least one side cannot be decided, or not for sure.
    Maybe,
    /// The same verdict.
    Unchanged,
}

/// The changes between two replays of the same recordings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// INVARIANT (complete): every tool call is counted under one change.
    counts: BTreeMap<Change, ChangeCount>,
    /// The calls that change, by [`Change`], then the largest group first.
    pub groups: Vec<ChangeGroup>,
}

/// How often there is a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeCount {
    /// In how many tool calls.
    pub calls: u32,
    /// In how many sessions.
    pub sessions: u32,
}

/// Calls of one agent and tool that change in the same way for the same reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeGroup {
    /// The change.
    pub change: Change,
    /// The agent, as recorded.
    pub agent: String,
    /// The tool, as recorded.
    pub tool: String,
    /// In the baseline.
    pub before: Standing,
    /// In the candidate.
    pub after: Standing,
    /// INVARIANT (an example): at least one call; in the order of the recordings.
    pub calls: Vec<ChangedCall>,
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// The verdict.
    pub verdict: Verdict,
    /// The determining policies of the guardrails; empty where the guardrails are not why.
    pub guardrails: Vec<String>,
    /// The determining policies of the scope; `None` where no scope is why.
    pub scope: Option<Vec<String>>,
    /// The failed policies, where they could flip the verdict.
    pub failed: Vec<String>,
    /// Why it is unknown.
    pub unknown: Option<String>,
}

/// Where a call that changes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedCall {
    /// Index of the recording.
    pub recording: usize,
    /// Index of the session in the recording.
    pub session: usize,
    /// Where in the session.
    pub step: StepIdx,
    /// Where among the recording's tool calls.
    pub index: CallIdx,
}

/// Two replays that cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Diagnostic)]
#[error("the two replays are not of the same recordings")]
#[diagnostic(help("replay the same recordings against the baseline and against the candidate"))]
pub struct OtherRecordings;

impl Change {
    /// The table: how `after` differs from `before`, if both are sure.
    pub fn of(before: Verdict, after: Verdict) -> Self {
        use Verdict::{Allowed, Denied, Drifted, Unknown};
        match (before, after) {
            (Allowed, Allowed) | (Denied, Denied) => Change::Unchanged,
            (Drifted, Drifted) | (Unknown, Unknown) => Change::Unchanged,
            (Allowed | Drifted, Denied) => Change::NewlyDenied,
            (Allowed | Denied, Drifted) => Change::NewlyDrifted,
            (Denied, Allowed) => Change::NewlyAllowed,
            (Drifted, Allowed) => Change::NoLongerDrifted,
            (Unknown, Allowed | Denied | Drifted) => Change::Maybe,
            (Allowed | Denied | Drifted, Unknown) => Change::Maybe,
        }
    }

    /// How the verdict on one call differs, with what a failed policy could flip.
    ///
    /// Where only one side is sure, the verdicts may be the same or not, whatever they look like:
    /// *maybe*. Where neither is sure, only verdicts that look the same are *unchanged*.
    pub fn between(before: &JudgedCall, after: &JudgedCall) -> Self {
        let change = Change::of(before.verdict, after.verdict);
        match (could_flip(before), could_flip(after)) {
            (false, false) => change,
            (true, true) if change == Change::Unchanged => change,
            (true, _) | (_, true) => Change::Maybe,
        }
    }

    /// All six, in the order of telling.
    pub fn all() -> [Change; 6] {
        [
            Change::NewlyDenied,
            Change::NewlyDrifted,
            Change::NewlyAllowed,
            Change::NoLongerDrifted,
            Change::Maybe,
            Change::Unchanged,
        ]
    }

    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Change::NewlyDenied => "newly denied",
            Change::NewlyDrifted => "newly drifted",
            Change::NewlyAllowed => "newly allowed",
            Change::NoLongerDrifted => "no longer drifted",
            Change::Maybe => "maybe changed",
            Change::Unchanged => "unchanged",
        }
    }
}

impl Changes {
    /// How often there is `change`.
    pub fn count(&self, change: Change) -> ChangeCount {
        self.counts.get(&change).copied().unwrap_or_default()
    }
}

impl ChangeGroup {
    /// In how many sessions there is such a call.
    pub fn sessions(&self) -> u32 {
        BTreeSet::from_iter(self.calls.iter().map(|c| (c.recording, c.session))).len() as u32
    }
}

impl Standing {
    /// Only what the verdict rests on: a scope cannot save a denied call, and what drifts was
    /// permitted, so that the guardrails are not why.
    fn of(call: &JudgedCall) -> Self {
        let judged = call.judged.as_ref();
        let guardrails = judged.map(|j| &j.guardrails);
        let scope = judged.and_then(|j| j.scope.as_ref());
        let (guardrails_are_why, scope_is_why) = match call.verdict {
            Verdict::Allowed => (true, true),
            Verdict::Denied => (true, false),
            Verdict::Drifted => (false, true),
            Verdict::Unknown => (false, false),
        };
        let reasons = |side: &Judgement| side.reasons.clone();
        Standing {
            verdict: call.verdict,
            guardrails: guardrails.filter(|_| guardrails_are_why).map(reasons).unwrap_or_default(),
            scope: scope.filter(|_| scope_is_why).map(reasons),
            failed: failed([guardrails, scope].into_iter().flatten()),
            unknown: call.unknown.as_ref().map(|u| u.message.clone()),
        }
    }
}

/// Compares two replays of `recordings`.
///
/// # Errors
/// [`OtherRecordings`] if one of the replays has calls that the other has not.
pub fn changes(
    baseline: &Replay,
    candidate: &Replay,
    recordings: &[Recording],
) -> Result<Changes, OtherRecordings> {
    if baseline.sessions.len() != candidate.sessions.len() {
        return Err(OtherRecordings);
    }
    let mut groups = Groups::new();
    let mut counts = BTreeMap::new();
    for (before, after) in baseline.sessions.iter().zip(&candidate.sessions) {
        let seen = compare(before, after, recordings, &mut groups)?;
        count(&seen, &mut counts);
    }
    Ok(Changes { counts, groups: sorted(groups) })
}

type GroupKey = (Change, String, String, Standing, Standing);
type Groups = BTreeMap<GroupKey, Vec<ChangedCall>>;

/// The change of every call of one session.
fn compare(
    before: &SessionReplay,
    after: &SessionReplay,
    recordings: &[Recording],
    groups: &mut Groups,
) -> Result<Vec<Change>, OtherRecordings> {
    let same = (before.recording, before.session) == (after.recording, after.session);
    let session = session_of(after, recordings).ok_or(OtherRecordings)?;
    if !same || before.calls.len() != after.calls.len() {
        return Err(OtherRecordings);
    }
    let pairs = before.calls.iter().zip(&after.calls);
    pairs
        .map(|(b, a)| {
            let (step, call) = call_at(session, a.step).ok_or(OtherRecordings)?;
            let change = Change::between(b, a);
            if change != Change::Unchanged {
                let agent = session.agent(step.lane).to_owned();
                let key = (change, agent, call.tool.clone(), Standing::of(b), Standing::of(a));
                groups.entry(key).or_default().push(ChangedCall::at(after, a));
            }
            if (b.step, b.index) == (a.step, a.index) { Ok(change) } else { Err(OtherRecordings) }
        })
        .collect()
}

impl ChangedCall {
    fn at(session: &SessionReplay, call: &JudgedCall) -> Self {
        let SessionReplay { recording, session, .. } = *session;
        ChangedCall { recording, session, step: call.step, index: call.index }
    }
}

fn count(seen: &[Change], counts: &mut BTreeMap<Change, ChangeCount>) {
    for change in seen {
        counts.entry(*change).or_default().calls += 1;
    }
    for change in BTreeSet::from_iter(seen) {
        counts.entry(*change).or_default().sessions += 1;
    }
}

fn sorted(groups: Groups) -> Vec<ChangeGroup> {
    let mut sorted: Vec<ChangeGroup> = groups
        .into_iter()
        .map(|((change, agent, tool, before, after), calls)| ChangeGroup {
            change,
            agent,
            tool,
            before,
            after,
            calls,
        })
        .collect();
    sorted.sort_by_key(|group| (group.change, Reverse(group.calls.len())));
    sorted
}

/// An unknown verdict is not flipped: there is none yet.
fn could_flip(call: &JudgedCall) -> bool {
    call.verdict != Verdict::Unknown && call.is_uncertain()
}

fn failed<'a>(sides: impl Iterator<Item = &'a Judgement>) -> Vec<String> {
    let errors = sides.filter(|side| side.uncertain).flat_map(|side| &side.errors);
    BTreeSet::from_iter(errors.map(|e| e.policy.clone())).into_iter().collect()
}

fn session_of<'r>(replayed: &SessionReplay, recordings: &'r [Recording]) -> Option<&'r Session> {
    recordings.get(replayed.recording)?.sessions.get(replayed.session)
}

fn call_at(session: &Session, at: StepIdx) -> Option<(&Step, &ToolCall)> {
    let step = session.step(at)?;
    match &step.kind {
        StepKind::Call(call) => Some((step, call)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Judged, PolicyError};

    const SURE: bool = false;
    const UNSURE: bool = true;

    #[test]
    fn the_table_of_changes() {
        use Change::*;
        let table = [
            [Unchanged, NewlyDenied, NewlyDrifted, Maybe],
            [NewlyAllowed, Unchanged, NewlyDrifted, Maybe],
            [NoLongerDrifted, NewlyDenied, Unchanged, Maybe],
            [Maybe, Maybe, Maybe, Unchanged],
        ];
        for (before, row) in Verdict::all().into_iter().zip(table) {
            for (after, change) in Verdict::all().into_iter().zip(row) {
                assert_eq!(Change::of(before, after), change, "{before:?} -> {after:?}");
                let (b, a) = (call(before, SURE), call(after, SURE));
                assert_eq!(Change::between(&b, &a), change, "{before:?} -> {after:?}, as calls");
            }
        }
    }

    #[test]
    fn what_a_failed_policy_could_flip_is_at_most_maybe() {
        let decided = [Verdict::Allowed, Verdict::Denied, Verdict::Drifted];
        for (before, after) in decided.into_iter().flat_map(|b| decided.map(|a| (b, a))) {
            let between = |b, a| Change::between(&call(before, b), &call(after, a));
            assert_eq!(between(UNSURE, SURE), Change::Maybe, "{before:?} -> {after:?}");
            assert_eq!(between(SURE, UNSURE), Change::Maybe, "{before:?} -> {after:?}");
            let same = if before == after { Change::Unchanged } else { Change::Maybe };
            assert_eq!(between(UNSURE, UNSURE), same, "{before:?} -> {after:?}");
        }
    }

    #[test]
    fn an_unknown_verdict_is_as_unknown_if_a_policy_failed() {
        for (verdict, sure) in Verdict::all().into_iter().flat_map(|v| [(v, SURE), (v, UNSURE)]) {
            let (unknown, other) = (call(Verdict::Unknown, UNSURE), call(verdict, sure));
            let change = Change::of(Verdict::Unknown, verdict);
            assert_eq!(Change::between(&unknown, &other), change, "{verdict:?}");
            assert_eq!(Change::between(&other, &unknown), change, "{verdict:?}");
        }
    }

    #[test]
    fn every_call_has_one_change_and_calls_that_change_alike_are_one_group() {
        let recordings =
            recordings("session s\nagent a\ncall t: {}\ncall t: {}\ncall u: {}\ncall t: {}\n");
        let before = replay(&recordings, &[Verdict::Allowed; 4]);
        let denied = [Verdict::Denied, Verdict::Denied, Verdict::Denied, Verdict::Allowed];
        let found = changes(&before, &replay(&recordings, &denied), &recordings).unwrap();
        let counts = Change::all().map(|change| found.count(change).calls);
        assert_eq!(counts, [3, 0, 0, 0, 0, 1]);
        assert_eq!(found.count(Change::NewlyDenied).sessions, 1);
        let groups = found.groups.iter().map(|g| (g.tool.as_str(), g.calls.len()));
        assert_eq!(Vec::from_iter(groups), [("t", 2), ("u", 1)]);
    }

    #[test]
    fn replays_of_other_recordings_are_not_compared() {
        let recordings = recordings("session s\nagent a\ncall t: {}\ncall t: {}\n");
        let whole = replay(&recordings, &[Verdict::Allowed; 2]);
        let mut fewer_calls = whole.clone();
        fewer_calls.sessions[0].calls.pop();
        let mut other_session = whole.clone();
        other_session.sessions[0].session = 1;
        let no_session = Replay { sessions: vec![], ..whole.clone() };
        for other in [fewer_calls, other_session, no_session] {
            assert_eq!(changes(&whole, &other, &recordings), Err(OtherRecordings));
            assert_eq!(changes(&other, &whole, &recordings), Err(OtherRecordings));
        }
    }

    fn recordings(notation: &str) -> Vec<Recording> {
        let limits = remit_session::Limits::default();
        let (format, imported) =
            remit_session::import("a.session", notation.as_bytes(), None, &limits).unwrap();
        vec![Recording {
            path: "a.session".into(),
            digest: remit_session::RecordingDigest(String::new()),
            format,
            sessions: imported.sessions,
            warnings: imported.warnings,
            manifests: imported.manifests,
        }]
    }

    /// Of the first session of the first recording.
    fn replay(recordings: &[Recording], verdicts: &[Verdict]) -> Replay {
        let digest = String::new;
        let calls = recordings[0].sessions[0].calls().zip(verdicts);
        let calls = calls.map(|((step, _, at), verdict)| JudgedCall {
            step,
            index: at.index,
            ..call(*verdict, SURE)
        });
        Replay {
            digests: remit_policy::Digests {
                guardrails: digest(),
                scopes: digest(),
                schema: digest(),
                entities: digest(),
                mapping: digest(),
            },
            sessions: vec![SessionReplay {
                recording: 0,
                session: 0,
                task: None,
                scope: None,
                calls: calls.collect(),
                horizon: None,
            }],
        }
    }

    fn call(verdict: Verdict, uncertain: bool) -> JudgedCall {
        let errors =
            vec![PolicyError { policy: "broken".into(), message: String::new(), absent: None }];
        let side = |allow, uncertain| Judgement {
            allow,
            reasons: vec![],
            errors: errors.clone(),
            uncertain,
        };
        let judged = Judged {
            principal: String::new(),
            action: String::new(),
            guardrails: side(verdict != Verdict::Denied, uncertain),
            scope: Some(side(verdict == Verdict::Allowed, false)),
        };
        JudgedCall {
            step: StepIdx(0),
            index: CallIdx(0),
            verdict,
            severity: None,
            because: vec![],
            judged: Some(judged),
            unknown: None,
            misfits: vec![],
        }
    }
}

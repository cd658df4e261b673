//! The report: the versioned contract of `--format json`.
//!
//! Fields are added within a version, never renamed. Mirrors of the runtime types, so that an inner
//! change cannot change the contract by accident.

use crate::{
    Because, Hypothetical, JudgedCall, Judgement, Replay, Replayability, SessionReplay, Severity,
    Verdict, replayability,
};
use remit_session::{Loaded, Match, Recording, Session};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

/// The version of the report's format.
pub const REPORT_VERSION: u32 = 1;

/// One replay of recordings against a workspace.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Version of this format: 1.
    pub version: u32,
    /// What the verdicts are a function of, besides the recordings.
    pub digests: ReportDigests,
    /// The counts.
    pub summary: Summary,
    /// How many calls could be decided, what the others lack, and what to mend next.
    pub replayability: Replayability,
    /// The calls after a denied one that ran, which are in the counts above too.
    pub hypothetical: HypotheticalSummary,
    /// In the order of the recordings.
    pub sessions: Vec<SessionReport>,
    /// Files that gave no session.
    pub skipped: Vec<SkippedReport>,
}

/// What the verdicts are a function of; each `sha256:<hex>`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportDigests {
    /// The guardrails.
    pub guardrails: String,
    /// The scopes, with the rules that say which sessions they cover.
    pub scopes: String,
    /// The schema.
    pub schema: String,
    /// The entities.
    pub entities: String,
    /// The mapping.
    pub mapping: String,
    /// The policy engine and Remit, with versions.
    pub engine: String,
}

/// The counts. `allowed`, `denied`, `drifted` and `unknown` add up to `toolCalls`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Sessions.
    pub sessions: u32,
    /// Tool calls.
    pub tool_calls: u32,
    /// Within their remit.
    pub allowed: u32,
    /// Forbidden by the guardrails.
    pub denied: u32,
    /// Permitted, but not what the task is for.
    pub drifted: u32,
    /// Those of the drifted in which only a value is not vouched for.
    pub unverified: u32,
    /// Not decidable.
    pub unknown: u32,
    /// Sessions without a declared scope; they cannot drift.
    pub unscoped: u32,
    /// Verdicts that a failed policy could flip.
    pub uncertain: u32,
    /// What importers skipped or repaired, each occurrence counted.
    pub warnings: u32,
}

/// The calls after a denied one that ran: whether they would have been made, nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HypotheticalSummary {
    /// Sessions in which a denied call ran.
    pub sessions: u32,
    /// Calls all of whose values were there before the result of the denied call.
    pub independent: VerdictCounts,
    /// Calls that may rest on that result, or on something after it.
    pub dependent: VerdictCounts,
}

/// Calls by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VerdictCounts {
    /// Within their remit.
    pub allowed: u32,
    /// Forbidden by the guardrails.
    pub denied: u32,
    /// Permitted, but not what the task is for.
    pub drifted: u32,
    /// Not decidable.
    pub unknown: u32,
}

/// One session.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionReport {
    /// The recording's path, relative to the argument it came from.
    pub recording: String,
    /// Digest of the recording.
    pub digest: String,
    /// The importer that read it.
    pub format: String,
    /// The session's id.
    pub session: String,
    /// Its task, if known.
    pub task: Option<String>,
    /// Whether the task has a scope.
    pub scoped: bool,
    /// The main agent, as recorded.
    pub agent: String,
    /// The step of the first denied call that ran: what follows is hypothetical.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon: Option<u32>,
    /// What the importer skipped or repaired in this recording (with its first session only).
    pub warnings: Vec<WarningReport>,
    /// What calls lack that cannot be decided, and what to mend next; left out where all are decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayability: Option<Replayability>,
    /// Every tool call, in the order of the recording.
    pub calls: Vec<CallReport>,
}

/// What an importer skipped or repaired.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WarningReport {
    /// What.
    pub message: String,
    /// Where first.
    pub place: String,
    /// How often.
    pub count: u32,
}

/// A file that gave no session.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SkippedReport {
    /// The file.
    pub path: String,
    /// Why.
    pub why: String,
}

/// One tool call.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallReport {
    /// Counts the tool calls of the recording, from 0, sub-agents included.
    pub index: u32,
    /// The step in the session, from 0.
    pub step: u32,
    /// The recording's own id of the call.
    pub id: Option<String>,
    /// The tool, as recorded.
    pub tool: String,
    /// The agent that acted, as recorded.
    pub agent: String,
    /// What really happened: executed, refused, failed, unrecorded.
    pub outcome: String,
    /// The verdict.
    pub verdict: Verdict,
    /// How grave, if drifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The values that nobody vouches for, if drifted: from untrusted data, or made up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<BecauseReport>,
    /// `independent` or `dependent`, if its agent had the result of a denied call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hypothetical: Option<String>,
    /// Whether a failed policy could flip the verdict.
    pub uncertain: bool,
    /// The principal, as the policies see it.
    pub principal: Option<String>,
    /// The action's id, as the policies see it.
    pub action: Option<String>,
    /// What the guardrails decided; `null` for a call that could not be mapped.
    pub guardrails: Option<JudgementReport>,
    /// What the scope decided; `null` without a scope.
    pub scope: Option<JudgementReport>,
    /// Why the verdict is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// What of the call does not fit the schema.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub misfits: Vec<String>,
}

/// A value in the arguments of a drifted call that nobody vouches for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BecauseReport {
    /// The path of the argument.
    pub argument: String,
    /// The value, as it stands in the argument.
    pub value: String,
    /// Where it comes from.
    pub origin: OriginReport,
}

/// Where a value comes from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OriginReport {
    /// `tool-result`, `runtime`, `other-agent`, or `nowhere`: the model made it up.
    pub kind: String,
    /// The step that shows it first, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// The tool whose result it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// How it was found: `exact`, `normalised`, or `split`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// How sure it is that the value is meant, in per cent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u32>,
    /// The text around the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What one policy set decided.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct JudgementReport {
    /// `allow` or `deny`.
    pub decision: String,
    /// Ids of the determining policies, sorted.
    pub reasons: Vec<String>,
    /// Policies that failed and were skipped.
    pub errors: Vec<ErrorReport>,
}

/// A policy that failed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ErrorReport {
    /// The policy.
    pub policy: String,
    /// What the engine says.
    pub message: String,
}

/// One line of `--format jsonl`: a session with the version it is of.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionLine<'a> {
    /// Version of this format: 1.
    pub version: u32,
    /// The counts of this session.
    pub summary: Summary,
    /// The session.
    pub session: &'a SessionReport,
}

/// The report of `replay` over `loaded`.
pub fn report(replay: &Replay, loaded: &Loaded) -> Report {
    let sessions: Vec<SessionReport> =
        replay.sessions.iter().filter_map(|s| session_report(s, &loaded.recordings)).collect();
    let mut summary = Summary::default();
    for session in &replay.sessions {
        summary.add(&Summary::of(session));
    }
    summary.warnings = loaded.recordings.iter().flat_map(|r| &r.warnings).map(|w| w.count).sum();
    Report {
        version: REPORT_VERSION,
        digests: report_digests(replay),
        summary,
        replayability: replayability(replay.sessions.iter().flat_map(|s| &s.calls)),
        hypothetical: HypotheticalSummary::of(&replay.sessions),
        sessions,
        skipped: loaded
            .skipped
            .iter()
            .map(|s| SkippedReport { path: s.path.to_string(), why: s.why.clone() })
            .collect(),
    }
}

/// The JSON Schema of [`Report`] as it is written: what may be left out is not required.
pub fn report_schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Report>().to_value()
}

impl Summary {
    /// The counts of one session, without the importer's warnings, which belong to the recording.
    pub fn of(session: &SessionReplay) -> Self {
        let count = |verdict| session.calls.iter().filter(|c| c.verdict == verdict).count() as u32;
        Summary {
            sessions: 1,
            tool_calls: session.calls.len() as u32,
            allowed: count(Verdict::Allowed),
            denied: count(Verdict::Denied),
            drifted: count(Verdict::Drifted),
            unverified: count_unverified(session.calls.iter().map(|call| call.severity)),
            unknown: count(Verdict::Unknown),
            unscoped: u32::from(session.scope.is_none()),
            uncertain: session.calls.iter().filter(|c| c.is_uncertain()).count() as u32,
            warnings: 0,
        }
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Summary) {
        self.sessions += other.sessions;
        self.tool_calls += other.tool_calls;
        self.allowed += other.allowed;
        self.denied += other.denied;
        self.drifted += other.drifted;
        self.unverified += other.unverified;
        self.unknown += other.unknown;
        self.unscoped += other.unscoped;
        self.uncertain += other.uncertain;
        self.warnings += other.warnings;
    }

    /// How many calls have `verdict`.
    pub fn count(&self, verdict: Verdict) -> u32 {
        match verdict {
            Verdict::Allowed => self.allowed,
            Verdict::Denied => self.denied,
            Verdict::Drifted => self.drifted,
            Verdict::Unknown => self.unknown,
        }
    }
}

impl HypotheticalSummary {
    /// Of some sessions.
    pub fn of(sessions: &[SessionReplay]) -> Self {
        let mut summary = HypotheticalSummary::default();
        for session in sessions {
            let Some(horizon) = &session.horizon else { continue };
            summary.sessions += 1;
            for call in &session.calls {
                match horizon.hypothetical.get(&call.step) {
                    Some(Hypothetical { depends: true, .. }) => summary.dependent.add(call.verdict),
                    Some(_) => summary.independent.add(call.verdict),
                    None => {}
                }
            }
        }
        summary
    }
}

impl VerdictCounts {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Allowed => self.allowed += 1,
            Verdict::Denied => self.denied += 1,
            Verdict::Drifted => self.drifted += 1,
            Verdict::Unknown => self.unknown += 1,
        }
    }

    /// All of them.
    pub fn total(&self) -> u32 {
        self.allowed + self.denied + self.drifted + self.unknown
    }
}

impl SessionReport {
    /// As one line of `--format jsonl`.
    pub fn line(&self) -> SessionLine<'_> {
        let mut summary =
            Summary { sessions: 1, tool_calls: self.calls.len() as u32, ..Summary::default() };
        for call in &self.calls {
            match call.verdict {
                Verdict::Allowed => summary.allowed += 1,
                Verdict::Denied => summary.denied += 1,
                Verdict::Drifted => summary.drifted += 1,
                Verdict::Unknown => summary.unknown += 1,
            }
            summary.uncertain += u32::from(call.uncertain);
        }
        summary.unverified = count_unverified(self.calls.iter().map(|call| call.severity));
        summary.unscoped = u32::from(!self.scoped);
        summary.warnings = self.warnings.iter().map(|w| w.count).sum();
        SessionLine { version: REPORT_VERSION, summary, session: self }
    }
}

fn count_unverified(severities: impl Iterator<Item = Option<Severity>>) -> u32 {
    severities.filter(|severity| *severity == Some(Severity::UnverifiedValue)).count() as u32
}

/// What `replay` is a function of, as reports say it.
pub fn report_digests(replay: &Replay) -> ReportDigests {
    let d = replay.digests.clone();
    ReportDigests {
        guardrails: d.guardrails,
        scopes: d.scopes,
        schema: d.schema,
        entities: d.entities,
        mapping: d.mapping,
        engine: crate::engine(),
    }
}

fn session_report(replayed: &SessionReplay, recordings: &[Recording]) -> Option<SessionReport> {
    let recording = recordings.get(replayed.recording)?;
    let session = recording.sessions.get(replayed.session)?;
    let warnings = if replayed.session == 0 { recording.warnings.as_slice() } else { &[] };
    let of = replayability(&replayed.calls);
    Some(SessionReport {
        replayability: (of.decided < of.tool_calls).then_some(of),
        recording: recording.path.to_string(),
        digest: recording.digest.0.clone(),
        format: recording.format.to_string(),
        session: session.id.clone(),
        task: replayed.task.clone(),
        scoped: replayed.scope.is_some(),
        agent: session.agent(remit_session::LaneIdx(0)).to_owned(),
        horizon: replayed.horizon.as_ref().map(|horizon| horizon.call.0),
        warnings: warnings
            .iter()
            .map(|w| WarningReport {
                message: w.message.clone(),
                place: w.place.to_string(),
                count: w.count,
            })
            .collect(),
        calls: session
            .calls()
            .zip(&replayed.calls)
            .map(|(_, judged)| call_report(session, replayed, judged))
            .collect::<Option<_>>()?,
    })
}

fn call_report(
    session: &Session,
    replayed: &SessionReplay,
    judged: &JudgedCall,
) -> Option<CallReport> {
    let step = session.step(judged.step)?;
    let remit_session::StepKind::Call(call) = &step.kind else {
        return None;
    };
    let sides = judged.judged.as_ref();
    Some(CallReport {
        index: judged.index.0,
        step: judged.step.0,
        id: call.id.clone(),
        tool: call.tool.clone(),
        agent: session.agent(step.lane).to_owned(),
        outcome: call.outcome.word().to_owned(),
        verdict: judged.verdict,
        severity: judged.severity,
        because: judged.because.iter().map(because_report).collect(),
        hypothetical: replayed.hypothetical(judged.step).map(|one| one.word().to_owned()),
        uncertain: judged.is_uncertain(),
        principal: sides.map(|j| j.principal.clone()),
        action: sides.map(|j| j.action.clone()),
        guardrails: sides.map(|j| judgement(&j.guardrails)),
        scope: sides.and_then(|j| j.scope.as_ref()).map(judgement),
        unknown: judged.unknown.as_ref().map(|u| u.message.clone()),
        misfits: judged.misfits.clone(),
    })
}

/// A value that nobody vouches for, as reports say it.
pub fn because_report(because: &Because) -> BecauseReport {
    let text = because.excerpt.as_ref().map(|e| format!("{}{}{}", e.before, e.value, e.after));
    BecauseReport {
        argument: because.argument.clone(),
        value: because.value.clone(),
        origin: OriginReport {
            kind: because.kind.word().to_owned(),
            step: because.step.map(|step| step.0),
            tool: because.tool.clone(),
            found: because.found.map(|found| found.word().to_owned()),
            confidence: because.found.map(Match::confidence),
            text,
        },
    }
}

fn judgement(judged: &Judgement) -> JudgementReport {
    let error = |e: &crate::PolicyError| ErrorReport {
        policy: e.policy.clone(),
        message: e.message.clone(),
    };
    JudgementReport {
        decision: if judged.allow { "allow" } else { "deny" }.to_owned(),
        reasons: judged.reasons.clone(),
        errors: judged.errors.iter().map(error).collect(),
    }
}

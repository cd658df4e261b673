//! The report of an incident: what happened, where it left its task, what would have stopped it.
//!
//! One document of plain data, rendered as HTML or Markdown. The HTML stands alone: no script, nothing from
//! elsewhere, and text of recordings only ever as text. The same inputs give the same bytes, so that no
//! date of today is in it. Not here: writing the file.

mod html;
mod markdown;
mod timeline;

pub use html::to_html;
pub use markdown::to_markdown;

use crate::stop::StopRule;
use remit_policy::{Layer, PolicySource, Workspace};
use remit_replay::{
    Because, HypotheticalSummary, JudgedCall, ReportDigests, SessionReplay, Summary, Verdict,
    Whence,
};
use remit_session::{Arguments, LaneKind, Recording, Session, Step, StepIdx, ToolCall};
use std::collections::BTreeMap;

/// Of a session, so many findings are told in full.
const FINDINGS: usize = 200;
/// Of a text of a recording, so much is shown.
const TEXT_CHARS: usize = 1_200;

/// A session of the report.
#[derive(Clone, Copy, Debug)]
pub struct SessionPart<'r> {
    /// Its recording.
    pub recording: &'r Recording,
    /// The session.
    pub session: &'r Session,
    /// Its verdicts.
    pub replayed: &'r SessionReplay,
    /// What would have stopped one of its calls.
    pub stops: Option<&'r Stops>,
}

/// What would have stopped a call.
#[derive(Clone, Debug)]
pub struct Stops {
    /// The step of the call.
    pub step: StepIdx,
    /// The rules, the narrowest kind first.
    pub rules: Vec<StopRule>,
}

/// An incident, ready to be rendered.
#[derive(Clone, Debug)]
pub struct IncidentReport {
    title: String,
    summary: Summary,
    hypothetical: HypotheticalSummary,
    sessions: Vec<SessionDoc>,
    policies: Vec<PolicyDoc>,
    digests: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug)]
struct SessionDoc {
    name: String,
    /// What is known about it, in order.
    about: Vec<(&'static str, String)>,
    summary: Summary,
    horizon: Option<u32>,
    lanes: Vec<LaneDoc>,
    calls: Vec<CallDoc>,
    findings: Vec<Finding>,
    /// Findings that are only counted.
    more: usize,
    stops: Option<Stops>,
}

#[derive(Clone, Debug)]
struct LaneDoc {
    name: String,
    /// The step that started it, or the last one that it shares.
    from: Option<u32>,
}

#[derive(Clone, Debug)]
struct CallDoc {
    step: u32,
    lane: usize,
    tool: String,
    verdict: Verdict,
    hypothetical: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Finding {
    step: u32,
    at: Option<String>,
    agent: String,
    tool: String,
    verdict: Verdict,
    said: String,
    outcome: &'static str,
    hypothetical: Option<&'static str>,
    arguments: String,
    policies: Vec<String>,
    because: Vec<BecauseDoc>,
}

#[derive(Clone, Debug)]
struct BecauseDoc {
    argument: String,
    value: String,
    origin: String,
    excerpt: Option<[String; 3]>,
}

#[derive(Clone, Debug)]
struct PolicyDoc {
    id: String,
    place: String,
    text: String,
}

impl IncidentReport {
    /// Of some sessions of `workspace`, judged by what `digests` name.
    pub fn new(workspace: &Workspace, digests: &ReportDigests, parts: &[SessionPart<'_>]) -> Self {
        let mut summary = Summary::default();
        parts.iter().for_each(|part| summary.add(&Summary::of(part.replayed)));
        let replayed: Vec<SessionReplay> = parts.iter().map(|part| part.replayed.clone()).collect();
        IncidentReport {
            title: workspace.config.name.clone(),
            summary,
            hypothetical: HypotheticalSummary::of(&replayed),
            sessions: parts.iter().map(session_doc).collect(),
            policies: policies(workspace, parts),
            digests: digests_of(digests, parts),
        }
    }
}

fn digests_of(of: &ReportDigests, parts: &[SessionPart<'_>]) -> Vec<(&'static str, String)> {
    let mut digests = vec![
        ("engine", of.engine.clone()),
        ("guardrails", of.guardrails.clone()),
        ("scopes", of.scopes.clone()),
        ("schema", of.schema.clone()),
        ("entities", of.entities.clone()),
        ("mapping", of.mapping.clone()),
    ];
    let recordings: BTreeMap<&str, &str> =
        parts.iter().map(|p| (p.recording.path.as_str(), p.recording.digest.0.as_str())).collect();
    digests
        .extend(recordings.iter().map(|(path, digest)| ("recording", format!("{digest} {path}"))));
    digests
}

fn session_doc(part: &SessionPart<'_>) -> SessionDoc {
    let SessionPart { recording, session, replayed, stops } = *part;
    let calls: Vec<(&Step, &ToolCall, &JudgedCall)> = session
        .calls()
        .zip(&replayed.calls)
        .map(|((_, step, call), judged)| (step, call, judged))
        .collect();
    let wrong = || calls.iter().filter(|(.., judged)| judged.verdict != Verdict::Allowed);
    let hypothetical =
        |judged: &JudgedCall| replayed.hypothetical(judged.step).map(|one| one.word());
    SessionDoc {
        name: session.id.clone(),
        about: about(recording, session, replayed),
        summary: Summary::of(replayed),
        horizon: replayed.horizon.as_ref().map(|horizon| horizon.call.0),
        lanes: session.lanes.iter().map(lane_doc).collect(),
        calls: calls
            .iter()
            .map(|(step, call, judged)| CallDoc {
                step: judged.step.0,
                lane: step.lane.0 as usize,
                tool: call.tool.clone(),
                verdict: judged.verdict,
                hypothetical: hypothetical(judged),
            })
            .collect(),
        findings: wrong()
            .take(FINDINGS)
            .map(|(step, call, judged)| finding(session, step, call, judged, hypothetical(judged)))
            .collect(),
        more: wrong().count().saturating_sub(FINDINGS),
        stops: stops.cloned(),
    }
}

fn about(
    recording: &Recording,
    session: &Session,
    replayed: &SessionReplay,
) -> Vec<(&'static str, String)> {
    let scope = match (&replayed.task, &replayed.scope) {
        (Some(task), Some(_)) => task.clone(),
        (Some(task), None) => format!("{task}; no scope is declared, so that nothing can drift"),
        (None, _) => "none known, so that nothing can drift".to_owned(),
    };
    let mut agents: Vec<&str> = session.lanes.iter().map(|lane| lane.agent.as_str()).collect();
    agents.dedup();
    let times: Vec<String> =
        session.steps.iter().filter_map(|s| s.at).map(|at| at.to_string()).collect();
    let mut about = Vec::new();
    about.extend(session.goal.as_ref().map(|goal| ("goal", cut(goal))));
    about.push(("task", scope));
    about.push(("agents", agents.join(", ")));
    if let (Some(first), Some(last)) = (times.first(), times.last()) {
        about.push(("time", format!("{first} to {last}")));
    }
    about.push(("steps", session.steps.len().to_string()));
    about.push(("recording", format!("{} ({})", recording.path, recording.format)));
    about
}

fn lane_doc(lane: &remit_session::Lane) -> LaneDoc {
    let (kind, from) = match lane.kind {
        LaneKind::Main => ("", None),
        LaneKind::SubAgent { started_by } => ("", started_by),
        LaneKind::Branch { after, .. } => (", another branch", after),
    };
    LaneDoc { name: format!("{}{kind}", lane.agent), from: from.map(|step| step.0) }
}

fn finding(
    session: &Session,
    step: &Step,
    call: &ToolCall,
    judged: &JudgedCall,
    hypothetical: Option<&'static str>,
) -> Finding {
    let decided = judged.judged.as_ref().map(|sides| match (&sides.scope, judged.verdict) {
        (Some(scope), Verdict::Drifted) => scope,
        _ => &sides.guardrails,
    });
    let said = match &judged.unknown {
        Some(unknown) => unknown.message.clone(),
        None => judged.verdict.said(judged.scope_allows()).to_owned(),
    };
    let arguments = match &call.arguments {
        Arguments::Object(object) => serde_json::to_string_pretty(object).unwrap_or_default(),
        Arguments::Unreadable { text, why } => format!("{text}\n(unreadable: {why})"),
    };
    Finding {
        step: judged.step.0,
        at: step.at.map(|at| at.to_string()),
        agent: session.agent(step.lane).to_owned(),
        tool: call.tool.clone(),
        verdict: judged.verdict,
        said,
        outcome: call.outcome.word(),
        hypothetical,
        arguments: cut(&arguments),
        policies: decided.map(|decided| decided.reasons.clone()).unwrap_or_default(),
        because: judged.because.iter().map(because_doc).collect(),
    }
}

fn because_doc(because: &Because) -> BecauseDoc {
    let step = because.step.map(|step| format!(", step {}", step.0)).unwrap_or_default();
    let origin = match (because.kind, &because.tool) {
        (Whence::ToolResult, Some(tool)) => format!("first seen in the result of {tool}{step}"),
        (Whence::ToolResult, None) => format!("first seen in a result{step}"),
        (Whence::Runtime, _) => format!("first said by the runtime{step}"),
        (Whence::OtherAgent, _) => format!("first used by another agent{step}"),
        (Whence::Nowhere, _) => "seen nowhere: the agent made it up".to_owned(),
    };
    BecauseDoc {
        argument: because.argument.clone(),
        value: cut(&because.value),
        origin,
        excerpt: because.excerpt.as_ref().map(|e| [cut(&e.before), cut(&e.value), cut(&e.after)]),
    }
}

/// The policies that decide what is not allowed, with their texts.
fn policies(workspace: &Workspace, parts: &[SessionPart<'_>]) -> Vec<PolicyDoc> {
    let mut found: BTreeMap<String, PolicyDoc> = BTreeMap::new();
    let mut add = |layer: &Layer, ids: &[String]| {
        for id in ids {
            let Some(policy) = layer.policy(id) else { continue };
            let place = format!("{}:{}", policy.file, policy.line);
            found.entry(place.clone()).or_insert_with(|| policy_doc(policy, place));
        }
    };
    for part in parts {
        let scope = workspace.scopes.iter().find(|s| Some(&s.task) == part.replayed.scope.as_ref());
        for call in part.replayed.calls.iter().filter(|call| call.verdict != Verdict::Allowed) {
            let Some(sides) = &call.judged else { continue };
            add(&workspace.guardrails, &sides.guardrails.reasons);
            if let (Some(scope), Some(judged)) = (scope, &sides.scope) {
                add(&scope.layer, &judged.reasons);
            }
        }
    }
    found.into_values().collect()
}

fn policy_doc(policy: &PolicySource, place: String) -> PolicyDoc {
    PolicyDoc { id: policy.id.clone(), place, text: policy.text.clone() }
}

/// What is shown of a text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The shape of a verdict: filled circle, square, triangle, hollow ring.
fn shape(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "●",
        Verdict::Denied => "■",
        Verdict::Drifted => "▲",
        Verdict::Unknown => "○",
    }
}

//! Snapshots as the window sees them. Nothing is decided here, only cut to size and named.

use crate::app::Snapshot;
use crate::files;
use crate::wire::*;
use camino::Utf8Path;
use remit_policy::{PolicySource, Workspace};
use remit_replay::{JudgedCall, Judgement, Mapper, Replay, SessionReplay, explain};
use remit_session::{
    Arguments, LaneIdx, Loaded, Recording, Session, Step, StepIdx, StepKind, ToolCall,
};
use std::collections::HashMap;

/// Characters of a text that cross with a list; the rest is asked for.
const EXCERPT_CHARS: usize = 4_000;
const WHOLE_CHARS: usize = 4_000_000;
const BRIEF_CHARS: usize = 160;
const GOAL_CHARS: usize = 240;
/// Marks that a row's strip can show.
const STRIP_CALLS: usize = 4_000;

pub(crate) fn workspace(
    workspace: &Workspace,
    good: Option<&Snapshot>,
    replay: ReplayState,
    revision: u32,
    is_sample: bool,
) -> WorkspaceView {
    WorkspaceView {
        root: workspace.root.to_string(),
        name: workspace.config.name.clone(),
        description: workspace.config.description.clone(),
        revision,
        is_sample,
        files: workspace.files.iter().map(|f| file_entry(workspace, f)).collect(),
        policies: policies(workspace, good),
        findings: workspace
            .findings
            .iter()
            .map(|f| finding(f, text_of(workspace, &f.file)))
            .collect(),
        replay,
    }
}

pub(crate) fn finding(found: &remit_policy::Finding, text: Option<&str>) -> Finding {
    let units =
        |byte: usize| text.and_then(|t| t.get(..byte)).map(|t| t.encode_utf16().count() as u32);
    Finding {
        code: found.code.to_string(),
        severity: match found.severity {
            remit_policy::Severity::Error => Severity::Error,
            remit_policy::Severity::Warning => Severity::Warning,
            remit_policy::Severity::Advice => Severity::Advice,
        },
        file: found.file.to_string(),
        from: found.span.as_ref().and_then(|s| units(s.start)),
        to: found.span.as_ref().and_then(|s| units(s.end)),
        line: found.line,
        column: found.column,
        message: found.message.clone(),
        help: found.help.clone(),
        policy: found.policy.clone(),
    }
}

pub(crate) fn summary(replay: &Replay, loaded: &Loaded) -> Summary {
    let mut all = remit_replay::Summary::default();
    for session in &replay.sessions {
        all.add(&remit_replay::Summary::of(session));
    }
    all.warnings = loaded.recordings.iter().flat_map(|r| &r.warnings).map(|w| w.count).sum();
    summary_of(&all)
}

pub(crate) fn verdict_column(snapshot: &Snapshot) -> Vec<u8> {
    let byte = |(n, call): (usize, &JudgedCall)| {
        let verdict = match call.verdict {
            remit_replay::Verdict::Allowed => 0,
            remit_replay::Verdict::Denied => 1,
            remit_replay::Verdict::Drifted => 2,
            remit_replay::Verdict::Unknown => 3,
        };
        verdict | (u8::from(call.is_uncertain()) << 6) | (u8::from(n == 0) << 7)
    };
    snapshot.replay.sessions.iter().flat_map(|s| s.calls.iter().enumerate().map(byte)).collect()
}

pub(crate) fn call_at(snapshot: &Snapshot, position: u32) -> Result<CallPlace, ErrorDto> {
    let mut left = position as usize;
    for (session, replayed) in snapshot.replay.sessions.iter().enumerate() {
        if let Some(call) = replayed.calls.get(left) {
            return Ok(CallPlace { session: session as u32, step: call.step.0 });
        }
        left -= replayed.calls.len();
    }
    Err(ErrorDto::not_found(format!("there is no tool call at position {position}")))
}

pub(crate) fn session_page(snapshot: &Snapshot, request: &SessionsRequest) -> SessionPage {
    let words: Vec<String> = request.text.split_whitespace().map(str::to_lowercase).collect();
    let rows = (0..snapshot.replay.sessions.len() as u32)
        .filter_map(|n| Some((n, Found::of(snapshot, n)?)));
    let rows: Vec<_> = rows.filter(|(_, f)| f.has(request.verdict) && f.matches(&words)).collect();
    let window = rows.iter().skip(request.start as usize).take(request.len as usize);
    let skipped = snapshot.loaded.skipped.iter();
    SessionPage {
        total: rows.len() as u32,
        rows: window.map(|(n, f)| f.row(*n)).collect(),
        skipped: skipped
            .map(|s| SkippedFile {
                path: s.path.to_string(),
                why: s.why.clone(),
                help: s.help.clone(),
            })
            .collect(),
    }
}

pub(crate) fn session_view(snapshot: &Snapshot, session: u32) -> Result<SessionView, ErrorDto> {
    let found = Found::get(snapshot, session)?;
    let calls: Vec<CallTick> =
        found.calls().map(|(step, call, judged)| tick(step, call, judged)).collect();
    let horizon = found.calls().find(|(_, call, judged)| {
        judged.verdict == remit_replay::Verdict::Denied
            && call.outcome == remit_session::Outcome::Executed
    });
    Ok(SessionView {
        row: found.row(session),
        goal: found.session.goal.clone(),
        format: found.recording.format.to_string(),
        lanes: lanes(found.session, &calls),
        steps: found.session.steps.len() as u32,
        horizon: horizon.map(|(_, _, judged)| judged.step.0),
        warnings: found
            .recording
            .warnings
            .iter()
            .map(|w| ImportWarning {
                message: w.message.clone(),
                place: w.place.to_string(),
                count: w.count,
            })
            .collect(),
        calls,
    })
}

pub(crate) fn step_page(snapshot: &Snapshot, request: &StepsRequest) -> Result<StepPage, ErrorDto> {
    let found = Found::get(snapshot, request.session)?;
    let judged: HashMap<StepIdx, &JudgedCall> =
        found.replayed.calls.iter().map(|c| (c.step, c)).collect();
    let steps = found
        .session
        .steps
        .iter()
        .enumerate()
        .skip(request.start as usize)
        .take(request.len as usize);
    let steps =
        steps.map(|(n, step)| step_view(n as u32, step, judged.get(&StepIdx(n as u32)).copied()));
    Ok(StepPage { start: request.start, steps: steps.collect() })
}

pub(crate) fn step_text(snapshot: &Snapshot, request: &StepRequest) -> Result<StepText, ErrorDto> {
    let step = Found::get(snapshot, request.session)?.step(request.step)?;
    let text = match &step.kind {
        StepKind::Message { text, .. } => text.clone(),
        StepKind::Result(result) => result.text.clone(),
        StepKind::Call(call) => arguments(call),
    };
    Ok(StepText { text: excerpt(&text, WHOLE_CHARS).text })
}

pub(crate) fn why(
    snapshot: &Snapshot,
    mapper: Option<&Mapper<'_>>,
    request: &StepRequest,
) -> Result<Why, ErrorDto> {
    let found = Found::get(snapshot, request.session)?;
    let step = found.step(request.step)?;
    let none = || ErrorDto::not_found(format!("step {} is no tool call", request.step));
    let StepKind::Call(call) = &step.kind else {
        return Err(none());
    };
    let judged = found.replayed.calls.iter().find(|c| c.step.0 == request.step).ok_or_else(none)?;
    let sides = judged.judged.as_ref();
    let guardrails = &snapshot.workspace.guardrails.policies;
    let scope = found.scope_policies(&snapshot.workspace);
    let mapped = mapper.and_then(|m| explain(m, found.session, judged.step)).and_then(Result::ok);
    Ok(Why {
        step: request.step,
        call: call_view(call, judged),
        agent: found.session.agent(step.lane).to_owned(),
        task: found.replayed.task.clone(),
        sentence: sentence(&call.tool, found.replayed.task.as_deref(), judged),
        guardrails: sides.map(|j| decision(&j.guardrails, guardrails)),
        scope: sides.and_then(|j| j.scope.as_ref()).map(|j| decision(j, scope)),
        unknown: judged
            .unknown
            .as_ref()
            .map(|u| UnknownReason { message: u.message.clone(), help: u.help.clone() }),
        misfits: judged.misfits.clone(),
        request: mapped.map(|m| request_view(&m.request_json())),
    })
}

/// A session with its recording and its verdicts.
struct Found<'s> {
    recording: &'s Recording,
    session: &'s Session,
    replayed: &'s SessionReplay,
}

impl<'s> Found<'s> {
    fn of(snapshot: &'s Snapshot, session: u32) -> Option<Self> {
        let replayed = snapshot.replay.sessions.get(session as usize)?;
        let recording = snapshot.loaded.recordings.get(replayed.recording)?;
        Some(Found { recording, session: recording.sessions.get(replayed.session)?, replayed })
    }

    fn get(snapshot: &'s Snapshot, session: u32) -> Result<Self, ErrorDto> {
        Found::of(snapshot, session)
            .ok_or_else(|| ErrorDto::not_found(format!("there is no session {session}")))
    }

    fn step(&self, step: u32) -> Result<&'s Step, ErrorDto> {
        let none = || ErrorDto::not_found(format!("the session has no step {step}"));
        self.session.step(StepIdx(step)).ok_or_else(none)
    }

    fn calls(&self) -> impl Iterator<Item = (&'s Step, &'s ToolCall, &'s JudgedCall)> {
        self.session
            .calls()
            .zip(&self.replayed.calls)
            .map(|((_, step, call), judged)| (step, call, judged))
    }

    fn has(&self, verdict: Option<Verdict>) -> bool {
        verdict.is_none_or(|v| self.replayed.calls.iter().any(|c| verdict_of(c.verdict) == v))
    }

    fn matches(&self, words: &[String]) -> bool {
        let s = self.session;
        let fixed = [
            Some(s.id.as_str()),
            self.replayed.task.as_deref(),
            s.goal.as_deref(),
            Some(self.recording.path.as_str()),
        ];
        let agents = s.lanes.iter().map(|l| l.agent.as_str());
        let tools = s.calls().map(|(_, _, call)| call.tool.as_str());
        let text: Vec<String> =
            fixed.into_iter().flatten().chain(agents).chain(tools).map(str::to_lowercase).collect();
        words.iter().all(|word| text.iter().any(|t| t.contains(word)))
    }

    fn row(&self, session: u32) -> SessionRow {
        SessionRow {
            session,
            id: self.session.id.clone(),
            recording: self.recording.path.to_string(),
            task: self.replayed.task.clone(),
            scoped: self.replayed.scope.is_some(),
            agent: self.session.agent(LaneIdx(0)).to_owned(),
            goal: self.session.goal.as_deref().map(|g| brief(g, GOAL_CHARS)),
            strip: self
                .replayed
                .calls
                .iter()
                .take(STRIP_CALLS)
                .map(|c| letter(c.verdict))
                .collect(),
            summary: summary_of(&remit_replay::Summary::of(self.replayed)),
        }
    }

    fn scope_policies<'w>(&self, workspace: &'w Workspace) -> &'w [PolicySource] {
        let scope = workspace.scopes.iter().find(|s| Some(&s.task) == self.replayed.scope.as_ref());
        scope.map_or(&[], |s| &s.layer.policies)
    }
}

fn file_entry(workspace: &Workspace, file: &remit_policy::FileEntry) -> FileEntry {
    let count = |severity| {
        workspace.findings.iter().filter(|f| f.file == file.path && f.severity == severity).count()
    };
    FileEntry {
        path: file.path.to_string(),
        kind: files::kind(&file.path),
        errors: count(remit_policy::Severity::Error) as u32,
        warnings: count(remit_policy::Severity::Warning) as u32,
    }
}

fn text_of<'w>(workspace: &'w Workspace, file: &Utf8Path) -> Option<&'w str> {
    workspace.files.iter().find(|f| f.path == file).map(|f| f.text.as_str())
}

fn policies(workspace: &Workspace, good: Option<&Snapshot>) -> Vec<PolicyRow> {
    let decided = good.map(decided_by).unwrap_or_default();
    let row = |policy: &PolicySource, layer: Layer, task: Option<&str>| PolicyRow {
        id: policy.id.clone(),
        layer,
        task: task.map(str::to_owned),
        file: policy.file.to_string(),
        line: policy.line,
        effect: effect(policy.effect),
        why: why_of(policy),
        decided: decided
            .get(&(task.map(str::to_owned), policy.id.clone()))
            .copied()
            .unwrap_or_default(),
    };
    let guardrails = workspace.guardrails.policies.iter().map(|p| row(p, Layer::Guardrails, None));
    let scopes = workspace
        .scopes
        .iter()
        .flat_map(|s| s.layer.policies.iter().map(|p| row(p, Layer::Scope, Some(&s.task))));
    guardrails.chain(scopes).collect()
}

/// How many tool calls each policy decided, by (task of the scope, policy id).
fn decided_by(snapshot: &Snapshot) -> HashMap<(Option<String>, String), u32> {
    let mut counts = HashMap::new();
    for session in &snapshot.replay.sessions {
        for judged in session.calls.iter().filter_map(|c| c.judged.as_ref()) {
            for id in &judged.guardrails.reasons {
                *counts.entry((None, id.clone())).or_default() += 1;
            }
            for id in judged.scope.iter().flat_map(|s| &s.reasons) {
                *counts.entry((session.scope.clone(), id.clone())).or_default() += 1;
            }
        }
    }
    counts
}

fn why_of(policy: &PolicySource) -> Option<String> {
    policy.annotations.get("why").or_else(|| policy.annotations.get("doc")).cloned()
}

fn effect(effect: remit_policy::Effect) -> Effect {
    match effect {
        remit_policy::Effect::Permit => Effect::Permit,
        remit_policy::Effect::Forbid => Effect::Forbid,
    }
}

fn tick(step: &Step, call: &ToolCall, judged: &JudgedCall) -> CallTick {
    CallTick {
        step: judged.step.0,
        index: judged.index.0,
        lane: step.lane.0,
        tool: call.tool.clone(),
        verdict: verdict_of(judged.verdict),
    }
}

fn lanes(session: &Session, calls: &[CallTick]) -> Vec<Lane> {
    let lane = |(n, lane): (usize, &remit_session::Lane)| {
        let (kind, from_step) = match lane.kind {
            remit_session::LaneKind::Main => (LaneKind::Main, None),
            remit_session::LaneKind::SubAgent { started_by } => (LaneKind::SubAgent, started_by),
            remit_session::LaneKind::Branch { after, .. } => (LaneKind::Branch, after),
        };
        let own = calls.iter().filter(|c| c.lane as usize == n).count() as u32;
        Lane { agent: lane.agent.clone(), kind, calls: own, from_step: from_step.map(|s| s.0) }
    };
    session.lanes.iter().enumerate().map(lane).collect()
}

fn step_view(n: u32, step: &Step, judged: Option<&JudgedCall>) -> StepView {
    let body = match (&step.kind, judged) {
        (StepKind::Call(call), Some(judged)) => StepBody::Call(call_view(call, judged)),
        (StepKind::Call(call), None) => StepBody::Message {
            role: Role::Runtime,
            text: excerpt(&arguments(call), EXCERPT_CHARS),
        },
        (StepKind::Message { role, text }, _) => {
            StepBody::Message { role: role_of(*role), text: excerpt(text, EXCERPT_CHARS) }
        }
        (StepKind::Result(result), _) => StepBody::Result {
            call: result.call.map(|c| c.0),
            text: excerpt(&result.text, EXCERPT_CHARS),
            outcome: outcome(result.outcome),
        },
    };
    let at = step.at.map(|at| at.to_string());
    StepView { step: n, lane: step.lane.0, at, place: step.place.to_string(), body }
}

fn call_view(call: &ToolCall, judged: &JudgedCall) -> CallView {
    CallView {
        index: call.index.0,
        id: call.id.clone(),
        tool: call.tool.clone(),
        server: call.server.clone(),
        arguments: excerpt(&arguments(call), EXCERPT_CHARS),
        brief: brief_arguments(&call.arguments),
        outcome: outcome(call.outcome),
        verdict: verdict_of(judged.verdict),
        said: judged.verdict.said(judged.scope_allows()).to_owned(),
        uncertain: judged.is_uncertain(),
    }
}

fn arguments(call: &ToolCall) -> String {
    match &call.arguments {
        Arguments::Object(object) => serde_json::to_string_pretty(object).unwrap_or_default(),
        Arguments::Unreadable { text, .. } => text.clone(),
    }
}

/// `name: value` pairs in one line.
fn brief_arguments(arguments: &Arguments) -> String {
    let text = match arguments {
        Arguments::Unreadable { text, .. } => text.clone(),
        Arguments::Object(object) => {
            let pair = |(name, value): (&String, &serde_json::Value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{name}: {}", brief(&value, BRIEF_CHARS))
            };
            object.iter().map(pair).collect::<Vec<_>>().join("  ")
        }
    };
    brief(&text, BRIEF_CHARS)
}

fn brief(text: &str, chars: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = excerpt(&line, chars);
    if short.more == 0 { short.text } else { format!("{}…", short.text) }
}

fn excerpt(text: &str, chars: usize) -> Excerpt {
    match text.char_indices().nth(chars) {
        None => Excerpt { text: text.to_owned(), more: 0 },
        Some((at, _)) => {
            let (start, rest) = text.split_at(at);
            Excerpt { text: start.to_owned(), more: rest.chars().count() as u32 }
        }
    }
}

/// The verdict in a sentence: what, by which policy, and what the task says to it.
fn sentence(tool: &str, task: Option<&str>, judged: &JudgedCall) -> String {
    let task = task.map_or_else(|| "the task".to_owned(), |t| format!("the task `{t}`"));
    let sides = judged.judged.as_ref();
    let by =
        sides.and_then(|j| j.guardrails.reasons.first()).map(|id| format!("`{id}` forbids it"));
    let by = by.unwrap_or_else(|| "no guardrail permits it".to_owned());
    let said = match (judged.verdict, judged.scope_allows()) {
        (remit_replay::Verdict::Allowed, Some(_)) => {
            format!("`{tool}` is within its remit: the guardrails permit it, and {task} needs it.")
        }
        (remit_replay::Verdict::Allowed, None) => format!(
            "`{tool}` is permitted by the guardrails. No scope says what {task} needs, so it cannot drift."
        ),
        (remit_replay::Verdict::Drifted, _) => {
            format!("`{tool}` is permitted by the guardrails, but {task} does not need it.")
        }
        (remit_replay::Verdict::Denied, Some(true)) => {
            format!("`{tool}` is denied: {by}. That is friction: {task} needs it.")
        }
        (remit_replay::Verdict::Denied, Some(false)) => {
            format!("`{tool}` is denied: {by}, and {task} does not need it.")
        }
        (remit_replay::Verdict::Denied, None) => format!("`{tool}` is denied: {by}."),
        (remit_replay::Verdict::Unknown, _) => {
            format!("Nobody can say whether `{tool}` is allowed.")
        }
    };
    if judged.is_uncertain() { said + " A policy failed, so this is uncertain." } else { said }
}

fn decision(judged: &Judgement, policies: &[PolicySource]) -> Decision {
    let text =
        |id: &str| policies.iter().find(|p| p.id == id).map_or_else(|| unnamed(id), policy_text);
    let failure = |e: &remit_replay::PolicyError| PolicyFailure {
        policy: text(&e.policy),
        message: e.message.clone(),
    };
    Decision {
        allow: judged.allow,
        uncertain: judged.uncertain,
        reasons: judged.reasons.iter().map(|id| text(id)).collect(),
        errors: judged.errors.iter().map(failure).collect(),
    }
}

fn policy_text(policy: &PolicySource) -> PolicyText {
    PolicyText {
        id: policy.id.clone(),
        file: policy.file.to_string(),
        line: policy.line,
        effect: effect(policy.effect),
        text: policy.text.clone(),
        why: why_of(policy),
    }
}

/// The link of a template has an id of its own, and no text.
fn unnamed(id: &str) -> PolicyText {
    let text = String::new();
    PolicyText {
        id: id.to_owned(),
        file: String::new(),
        line: 0,
        effect: Effect::Permit,
        text,
        why: None,
    }
}

fn request_view(request: &serde_json::Value) -> RequestView {
    let text = |key: &str| request.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let context =
        request.get("context").map(|c| serde_json::to_string_pretty(c).unwrap_or_default());
    RequestView {
        principal: text("principal"),
        action: text("action"),
        resource: text("resource"),
        context: excerpt(&context.unwrap_or_default(), EXCERPT_CHARS * 4).text,
    }
}

fn summary_of(s: &remit_replay::Summary) -> Summary {
    Summary {
        sessions: s.sessions,
        tool_calls: s.tool_calls,
        allowed: s.allowed,
        denied: s.denied,
        drifted: s.drifted,
        unknown: s.unknown,
        unscoped: s.unscoped,
        uncertain: s.uncertain,
        warnings: s.warnings,
    }
}

fn verdict_of(verdict: remit_replay::Verdict) -> Verdict {
    match verdict {
        remit_replay::Verdict::Allowed => Verdict::Allowed,
        remit_replay::Verdict::Denied => Verdict::Denied,
        remit_replay::Verdict::Drifted => Verdict::Drifted,
        remit_replay::Verdict::Unknown => Verdict::Unknown,
    }
}

fn letter(verdict: remit_replay::Verdict) -> char {
    match verdict {
        remit_replay::Verdict::Allowed => 'a',
        remit_replay::Verdict::Denied => 'd',
        remit_replay::Verdict::Drifted => 'r',
        remit_replay::Verdict::Unknown => 'u',
    }
}

fn outcome(outcome: remit_session::Outcome) -> Outcome {
    match outcome {
        remit_session::Outcome::Executed => Outcome::Executed,
        remit_session::Outcome::Refused => Outcome::Refused,
        remit_session::Outcome::Failed => Outcome::Failed,
        remit_session::Outcome::Unrecorded => Outcome::Unrecorded,
    }
}

fn role_of(role: remit_session::Role) -> Role {
    match role {
        remit_session::Role::System => Role::System,
        remit_session::Role::User => Role::User,
        remit_session::Role::Assistant => Role::Assistant,
        remit_session::Role::Thinking => Role::Thinking,
        remit_session::Role::Runtime => Role::Runtime,
    }
}

//! Why a call is not what its task is for: the values that nobody vouches for, and where they come from.
//!
//! A value out of untrusted data is told apart from one that the model made up. The clause that the call
//! nearly met is the permit of the scope that is about it and has the fewest conditions that do not hold.
//! Not here: where tokens were seen (`remit-session`).

mod clause;
mod otherwise;

pub use clause::NearestClause;
use clause::nearest_clause;
pub use otherwise::{Otherwise, otherwise};

use crate::{JudgedCall, Mapper, SessionReplay, Verdict, explain};
use remit_policy::Layer;
use remit_session::{
    ArgumentOrigins, Match, OriginIndex, OriginKind, Role, Session, StepIdx, StepKind, TokenOrigin,
};

/// So many values are named of one argument.
const VALUES_OF_AN_ARGUMENT: usize = 3;
/// So much of the text around a value is shown, on each side.
const EXCERPT_CHARS: usize = 160;

/// A value in a call's arguments that neither the user nor a trusted result vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// The path of the argument.
    pub argument: String,
    /// The value, as it stands in the argument.
    pub value: String,
    /// What it comes from.
    pub kind: Whence,
    /// The step that shows it.
    pub step: Option<StepIdx>,
    /// The tool whose result it stands in.
    pub tool: Option<String>,
    /// How it was found; `None` if it was not.
    pub found: Option<Match>,
    /// The text that it stands in.
    pub excerpt: Option<Excerpt>,
}

/// What a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// The result of a tool.
    ToolResult,
    /// Something that the runtime said.
    Runtime,
    /// What another agent said or used.
    OtherAgent,
    /// The model made it up.
    Nowhere,
}

/// A value with the text around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// What stands before it.
    pub before: String,
    /// The value, as it stands there.
    pub value: String,
    /// What stands behind it.
    pub after: String,
}

impl Whence {
    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        match self {
            Whence::ToolResult => "tool-result",
            Whence::Runtime => "runtime",
            Whence::OtherAgent => "other-agent",
            Whence::Nowhere => "nowhere",
        }
    }
}

/// The clause of the scope `layer` that a call of a replayed session nearly met. `None` for a call that the
/// scope allows, or forbids, or has no clause about.
pub fn missed_clause(
    mapper: &Mapper<'_>,
    layer: &Layer,
    session: &Session,
    replayed: &SessionReplay,
    judged: &JudgedCall,
) -> Option<NearestClause> {
    let scope = judged.judged.as_ref()?.scope.as_ref()?;
    if scope.allow || !scope.reasons.is_empty() {
        return None;
    }
    let mapped = explain(mapper, session, judged.step)?.ok()?;
    let request = mapped.request().ok()?;
    let entities = mapper.entities(request.principal()?, replayed.task.as_deref());
    nearest_clause(layer, &request, &entities)
}

/// Says of each drifted call of a session which values nobody vouches for.
pub(crate) fn explain_drift(mapper: &Mapper<'_>, session: &Session, calls: &mut [JudgedCall]) {
    if calls.iter().all(|call| call.verdict != Verdict::Drifted) {
        return;
    }
    let origins = mapper.origins(session);
    for call in calls.iter_mut().filter(|call| call.verdict == Verdict::Drifted) {
        call.because = because(&origins, session, call.step);
    }
}

/// The values of the call at `at` that nobody vouches for: those from untrusted data first.
pub fn because(origins: &OriginIndex, session: &Session, at: StepIdx) -> Vec<Because> {
    let arguments = origins.call(session, at).unwrap_or_default();
    let mut found: Vec<(u8, Because)> =
        arguments.iter().flat_map(|argument| of_argument(session, argument)).collect();
    found.sort_by_key(|(weight, _)| *weight);
    // What matters less is only told where nothing that matters more is to be told.
    let least = found.first().map_or(0, |(weight, _)| weight / 2);
    found.into_iter().filter(|(weight, _)| weight / 2 == least).map(|(_, one)| one).collect()
}

/// The values of an argument, each with how little it matters.
fn of_argument(session: &Session, argument: &ArgumentOrigins) -> Vec<(u8, Because)> {
    let weight = |token: &TokenOrigin| match (token.is_telling, token.origin.source) {
        (true, OriginKind::Untrusted) => Some(0),
        (true, OriginKind::Nowhere | OriginKind::OtherAgent) => Some(1),
        (false, OriginKind::Untrusted) => Some(2),
        (false, OriginKind::Nowhere | OriginKind::OtherAgent) => Some(3),
        (_, OriginKind::User | OriginKind::System | OriginKind::Trusted) => None,
    };
    let weighed = argument.tokens.iter().filter_map(|token| Some((weight(token)?, token)));
    let mut weighed: Vec<(u8, &TokenOrigin)> = weighed.collect();
    weighed.sort_by_key(|(weight, _)| *weight);
    weighed.dedup_by_key(|(_, token)| &token.plain);
    let some = weighed.into_iter().take(VALUES_OF_AN_ARGUMENT);
    some.map(|(weight, token)| (weight, of_token(session, &argument.path, token))).collect()
}

fn of_token(session: &Session, argument: &str, token: &TokenOrigin) -> Because {
    let origin = &token.origin;
    let step = origin.step.and_then(|step| session.step(step)).map(|step| &step.kind);
    let made_up = origin.source == OriginKind::Nowhere;
    let (kind, tool) = match step {
        Some(StepKind::Result(result)) => {
            let call = result.call.and_then(|call| session.step(call)).map(|step| &step.kind);
            let tool = call.and_then(|kind| match kind {
                StepKind::Call(call) => Some(call.tool.clone()),
                StepKind::Message { .. } | StepKind::Result(_) => None,
            });
            (Whence::ToolResult, tool)
        }
        Some(StepKind::Message { role: Role::Runtime, .. }) => (Whence::Runtime, None),
        Some(StepKind::Call(_)) if made_up => (Whence::Nowhere, None),
        Some(StepKind::Message { .. } | StepKind::Call(_)) => (Whence::OtherAgent, None),
        None => (Whence::Nowhere, None),
    };
    Because {
        argument: argument.to_owned(),
        value: token.text.clone(),
        kind,
        step: origin.step.filter(|_| kind != Whence::Nowhere),
        tool,
        found: origin.found,
        excerpt: step.and_then(|kind| excerpt(kind, origin.at.clone()?)),
    }
}

fn excerpt(step: &StepKind, at: std::ops::Range<usize>) -> Option<Excerpt> {
    let text = match step {
        StepKind::Message { text, .. } => text,
        StepKind::Result(result) => &result.text,
        StepKind::Call(_) => return None,
    };
    let (before, after) = (text.get(..at.start)?, text.get(at.end..)?);
    let start = before.char_indices().rev().take(EXCERPT_CHARS).last().map_or(0, |(n, _)| n);
    let first = before.get(start..)?.to_owned();
    let cut = if start > 0 { "…" } else { "" };
    let end = after.char_indices().nth(EXCERPT_CHARS).map(|(n, _)| n);
    let last = match end {
        Some(end) => format!("{}…", after.get(..end)?),
        None => after.to_owned(),
    };
    Some(Excerpt { before: format!("{cut}{first}"), value: text.get(at)?.to_owned(), after: last })
}

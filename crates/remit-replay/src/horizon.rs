//! What would not have happened as recorded, had the policies been in force.
//!
//! The horizon of a session is the first denied call that ran: the agent went on with a result that it
//! would not have had. A later call is hypothetical if its agent can look back on such a result. It is
//! *independent* if every value in its arguments was there before that result, and *dependent* otherwise:
//! where a value was first seen in it or after it, where the agent made one up since, and where nobody
//! can tell.
//!
//! A call that was made together with the denied one, before its result came, is not hypothetical. Not
//! here: what the agent would have done instead. Nobody knows.

use crate::{JudgedCall, Verdict};
use remit_session::{OriginIndex, Outcome, Past, Session, StepIdx};
use std::collections::BTreeMap;

/// Where a session stops being what would have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// The first denied call that ran.
    pub call: StepIdx,
    /// The hypothetical calls, by their steps.
    pub hypothetical: BTreeMap<StepIdx, Hypothetical>,
}

/// A call after a denied one that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hypothetical {
    /// The first denied call whose result its agent can look back on.
    pub after: StepIdx,
    /// Whether one of its values may come from that result, or from something after it.
    pub depends: bool,
}

/// A denied call that ran, and the step from which its result is there.
struct Denied {
    call: StepIdx,
    result: StepIdx,
}

impl Hypothetical {
    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        if self.depends { "dependent" } else { "independent" }
    }
}

impl Horizon {
    /// The horizon of a session with the verdicts on its calls; `origins` says where values come from,
    /// and is only asked if there is one.
    pub(crate) fn of(
        session: &Session,
        calls: &[JudgedCall],
        origins: impl FnOnce() -> OriginIndex,
    ) -> Option<Self> {
        let denied = denied(session, calls);
        let first = denied.first()?.call;
        let origins = origins();
        let lanes = 0..session.lanes.len() as u32;
        let pasts: Vec<Past> = match Past::of_lanes(session) {
            Some(pasts) => pasts,
            None => lanes.map(|lane| Past::of(session, remit_session::LaneIdx(lane))).collect(),
        };
        let mut hypothetical = BTreeMap::new();
        for (at, step, _) in session.calls() {
            let past = pasts.get(step.lane.0 as usize);
            let sees = |denied: &&Denied| {
                let lane = session.step(denied.result).map(|step| step.lane);
                denied.result < at
                    && past.zip(lane).is_none_or(|(past, lane)| past.sees(lane, denied.result))
            };
            if let Some(Denied { call, result }) = denied.iter().find(sees) {
                let depends = depends(session, &origins, at, *result);
                hypothetical.insert(at, Hypothetical { after: *call, depends });
            }
        }
        Some(Horizon { call: first, hypothetical })
    }
}

fn denied(session: &Session, calls: &[JudgedCall]) -> Vec<Denied> {
    let judged = session.calls().zip(calls);
    let ran = judged.filter(|((.., call), judged)| {
        judged.verdict == Verdict::Denied && call.outcome == Outcome::Executed
    });
    let mut denied: Vec<Denied> = ran
        .map(|((at, _, call), _)| Denied { call: at, result: call.result.unwrap_or(at) })
        .collect();
    denied.sort_by_key(|denied| denied.result);
    denied
}

/// Whether a value in the arguments of the call at `at` was not there before `result`.
fn depends(session: &Session, origins: &OriginIndex, at: StepIdx, result: StepIdx) -> bool {
    let Some(arguments) = origins.call(session, at) else { return true };
    let mut tokens = arguments.iter().flat_map(|argument| &argument.tokens);
    tokens.any(|token| token.origin.step.is_none_or(|seen| seen >= result))
}

//! Which steps a lane can look back on.
//!
//! A branch sees only the part of its origin that both share; a sub-agent's steps are seen by whoever
//! sees the call that started it.

use crate::{LaneIdx, LaneKind, Session, StepIdx};

/// The history of a lane: for each lane of the session the last step that is visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past(Vec<Option<StepIdx>>);

impl Past {
    /// What `lane` can look back on.
    pub fn of(session: &Session, lane: LaneIdx) -> Self {
        let mut limits = vec![None; session.lanes.len()];
        trace_back(session, lane, StepIdx(u32::MAX), &mut limits);
        loop {
            let mut grew = false;
            for (other, l) in session.lanes.iter().enumerate() {
                let LaneKind::SubAgent { started_by } = l.kind else {
                    continue;
                };
                let seen = started_by.is_none_or(|s| {
                    session.step(s).is_some_and(|step| visible(&limits, step.lane, s))
                });
                if let Some(limit @ None) = limits.get_mut(other).filter(|_| seen) {
                    *limit = Some(StepIdx(u32::MAX));
                    grew = true;
                }
            }
            if !grew {
                return Past(limits);
            }
        }
    }

    /// The pasts of all lanes; `None` for a session without branches, where all that is earlier is seen.
    pub fn of_lanes(session: &Session) -> Option<Vec<Past>> {
        let branches = session.lanes.iter().any(|l| matches!(l.kind, LaneKind::Branch { .. }));
        let lanes = 0..session.lanes.len() as u32;
        branches.then(|| lanes.map(|lane| Past::of(session, LaneIdx(lane))).collect())
    }

    /// Whether a step of `lane` is part of it, if it is earlier at all.
    pub fn sees(&self, lane: LaneIdx, step: StepIdx) -> bool {
        visible(&self.0, lane, step)
    }
}

/// Marks `lane` up to `until`, then the lanes that it continues.
fn trace_back(session: &Session, lane: LaneIdx, until: StepIdx, limits: &mut [Option<StepIdx>]) {
    let (Some(limit @ None), Some(l)) =
        (limits.get_mut(lane.0 as usize), session.lanes.get(lane.0 as usize))
    else {
        return;
    };
    *limit = Some(until);
    match l.kind {
        LaneKind::Main => {}
        LaneKind::Branch { of, after: Some(after) } => {
            trace_back(session, of, after.min(until), limits)
        }
        LaneKind::Branch { after: None, .. } => {}
        LaneKind::SubAgent { started_by } => {
            if let Some((at, step)) = started_by.and_then(|s| Some((s, session.step(s)?))) {
                trace_back(session, step.lane, at.min(until), limits);
            }
        }
    }
}

fn visible(limits: &[Option<StepIdx>], lane: LaneIdx, step: StepIdx) -> bool {
    limits.get(lane.0 as usize).copied().flatten().is_some_and(|limit| step <= limit)
}

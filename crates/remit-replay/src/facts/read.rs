//! What was read before a call: whether some of it was untrusted, and how it is labelled.

use super::arguments::set;
use crate::table::Value;
use remit_policy::{Mapping, UNTRUSTED};
use remit_session::{LaneIdx, Past, Session, StepIdx, StepKind};
use std::collections::BTreeSet;

/// What was read by the time of a call.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) untrusted: bool,
    pub(crate) labels: Value,
}

/// The results of a session that add something to what was read, in order.
pub(super) struct Results<'w>(Vec<Labelled<'w>>);

struct Labelled<'w> {
    step: StepIdx,
    lane: LaneIdx,
    untrusted: bool,
    labels: &'w [String],
}

impl<'w> Results<'w> {
    pub(super) fn of(session: &Session, mapping: &'w Mapping) -> Self {
        let labelled = session.steps.iter().enumerate().filter_map(|(n, step)| {
            let StepKind::Result(result) = &step.kind else { return None };
            let call = result.call.and_then(|call| session.step(call));
            let tool = call.and_then(|step| match &step.kind {
                StepKind::Call(call) => Some(call.tool.as_str()),
                StepKind::Message { .. } | StepKind::Result(_) => None,
            });
            let rule = tool.and_then(|tool| mapping.trust(tool));
            let untrusted = !result.text.trim().is_empty() && rule.is_none_or(|rule| !rule.trusted);
            let labels = rule.map_or(&[][..], |rule| &rule.labels);
            let (step, lane) = (StepIdx(n as u32), step.lane);
            Some(Labelled { step, lane, untrusted, labels })
        });
        // Of a lane, the first of each kind says as much as all of them.
        let mut known = BTreeSet::new();
        Results(labelled.filter(|l| known.insert((l.lane, l.untrusted, l.labels))).collect())
    }

    /// What was read before `at`, as far as `past` goes.
    pub(super) fn before(&self, at: StepIdx, past: Option<&Past>) -> Read {
        let is_seen =
            |l: &&Labelled<'_>| l.step < at && past.is_none_or(|past| past.sees(l.lane, l.step));
        let seen = || self.0.iter().filter(is_seen);
        let untrusted = seen().any(|l| l.untrusted);
        let labels: BTreeSet<&str> = seen()
            .flat_map(|l| l.labels)
            .map(String::as_str)
            .chain(untrusted.then_some(UNTRUSTED))
            .collect();
        Read { untrusted, labels: set(labels.into_iter()) }
    }
}

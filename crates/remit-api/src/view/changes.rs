//! What an edit changes, in groups.

use super::words::verdict_of;
use crate::snapshot::Snapshot;
use crate::wire::*;
use remit_replay::{Decider, Difference};

/// More than anybody reads; the counts are of all.
const GROUPS: usize = 200;

pub(crate) fn changed_calls(
    snapshot: &Snapshot,
    revision: Option<String>,
    differences: &[Difference],
) -> ChangedCalls {
    ChangedCalls {
        revision,
        calls: differences.iter().map(|d| d.calls).sum(),
        groups: differences.iter().take(GROUPS).filter_map(|d| group(snapshot, d)).collect(),
        more: differences.len().saturating_sub(GROUPS) as u32,
    }
}

fn group(snapshot: &Snapshot, difference: &Difference) -> Option<ChangedGroup> {
    let (session, step) = snapshot.recordings.corpus.call(difference.example)?;
    Some(ChangedGroup {
        before: verdict_of(difference.before),
        after: verdict_of(difference.after),
        agent: difference.agent.clone(),
        tool: difference.tool.clone(),
        decided_before: difference.decided_before.iter().map(decider).collect(),
        decided_after: difference.decided_after.iter().map(decider).collect(),
        calls: difference.calls,
        sessions: difference.sessions,
        example: CallPlace { session: session as u32, step: step.0 },
    })
}

fn decider(decider: &Decider) -> DecidingPolicy {
    DecidingPolicy { task: decider.task.clone(), policy: decider.policy.clone() }
}

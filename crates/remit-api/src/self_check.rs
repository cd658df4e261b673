//! Judges some of what is shown again by the reference engine: a silent mistake is worse than a wrong
//! verdict that says so.
//!
//! Not here: when to check (the app).

use crate::snapshot::Snapshot;
use crate::view::verdict_of;
use crate::wire::{CallPlace, Verdict};
use remit_replay::{JudgedCall, judge_exactly};
use remit_session::{Limits, Recording, StepIdx};
use std::collections::{BTreeMap, BTreeSet};

/// So many calls are judged again.
const CALLS: u64 = 200;

/// What a check came to.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Calls that were judged again.
    pub calls: u32,
    /// How many of them differ.
    pub wrong: u32,
    /// The first that differs, and how.
    pub example: Option<(CallPlace, String)>,
}

/// Judges random calls of `snapshot` again; `None` if nobody wants to know any more. A recording that
/// changed on disk is passed over: what it holds now was never judged.
pub(crate) fn check(
    snapshot: &Snapshot,
    seed: u32,
    is_wanted: &dyn Fn() -> bool,
) -> Option<Checked> {
    let corpus = &snapshot.recordings.corpus;
    let mut checked = Checked::default();
    let mut last: Option<(usize, Recording)> = None;
    for (session, steps) in sample(snapshot, seed) {
        if !is_wanted() {
            return None;
        }
        let Some(entry) = corpus.session(session) else { continue };
        let at = entry.recording_index();
        if last.as_ref().is_none_or(|(known, _)| *known != at) {
            last = corpus.read(at, &Limits::default()).ok().map(|recording| (at, recording));
        }
        let Some((_, recording)) = &last else { continue };
        checked.session(snapshot, recording, session, &steps);
    }
    Some(checked)
}

/// The sessions and steps to look at: random, and the same for the same seed.
fn sample(snapshot: &Snapshot, seed: u32) -> BTreeMap<usize, Vec<StepIdx>> {
    let corpus = &snapshot.recordings.corpus;
    let all = corpus.call_count() as u64;
    let positions: BTreeSet<u64> = match all <= CALLS {
        true => (0..all).collect(),
        false => (0..CALLS).map(|n| mixed((u64::from(seed) << 32) | n) % all).collect(),
    };
    let mut sample: BTreeMap<usize, Vec<StepIdx>> = BTreeMap::new();
    for (session, step) in positions.into_iter().filter_map(|at| corpus.call(at as usize)) {
        sample.entry(session).or_default().push(step);
    }
    sample
}

/// The mixing function of SplitMix64: neighbours in, anything out.
fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

impl Checked {
    fn session(
        &mut self,
        snapshot: &Snapshot,
        recording: &Recording,
        session: usize,
        steps: &[StepIdx],
    ) {
        let entry = snapshot.recordings.corpus.session(session);
        let Some(found) = entry.and_then(|e| recording.sessions.get(e.index())) else {
            return;
        };
        let shown = snapshot.verdicts.session(&snapshot.workspace, session, found);
        let shown = shown.map(|s| s.calls).unwrap_or_default();
        let column = snapshot.verdicts.session_column(session);
        for exact in judge_exactly(&snapshot.workspace, recording, found, steps) {
            let at = shown.iter().position(|call| call.step == exact.step);
            let shown = at.and_then(|at| Some((shown.get(at)?, *column.get(at)?)));
            self.calls += 1;
            if let Some(difference) = difference(shown, &exact) {
                self.wrong += 1;
                let place = CallPlace { session: session as u32, step: exact.step.0 };
                self.example.get_or_insert((place, difference));
            }
        }
    }
}

/// How what is shown of a call (in a transcript, and in the strip) differs from what is right.
fn difference(shown: Option<(&JudgedCall, u8)>, exact: &JudgedCall) -> Option<String> {
    let (call, byte) = shown?;
    let in_strip = (crate::view::verdict_in(byte), byte & (1 << 6) != 0);
    let right = (verdict_of(exact.verdict), exact.is_uncertain());
    if in_strip != right {
        return Some(format!("the strip shows {}, and {} is right", said(in_strip), said(right)));
    }
    (call != exact).then(|| {
        format!("the verdict is right ({}), and its reasons or errors are not", said(right))
    })
}

fn said((verdict, uncertain): (Verdict, bool)) -> String {
    format!("{}{verdict:?}", if uncertain { "uncertain " } else { "" }).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::load_recordings;
    use crate::recordings::Recordings;
    use camino::Utf8Path;
    use remit_policy::Workspace;
    use remit_replay::{CorpusBuilder, LiveReplay};
    use remit_session::read_each;
    use std::ops::ControlFlow;
    use std::sync::Arc;

    const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixture");

    /// The fixture, with the text of a guardrail changed or not.
    fn workspace(change: impl Fn(&str) -> String) -> Arc<Workspace> {
        let root = Utf8Path::new(FIXTURE);
        let overlay = |path: &Utf8Path| {
            let text = || std::fs::read_to_string(root.join(path)).unwrap();
            (path == "guardrails/payments.cedar").then(|| change(&text()))
        };
        Arc::new(Workspace::load_with(root, &overlay).unwrap())
    }

    /// What is shown if `judged` decides and `workspace` is believed to have.
    fn snapshot(judged: &Arc<Workspace>, workspace: &Arc<Workspace>) -> Snapshot {
        let mut corpus = CorpusBuilder::new(judged);
        let found = remit_session::locate(&crate::workspace_sources(judged), None);
        let go_on = |_| ControlFlow::Continue(());
        read_each(found.files, &Limits::default(), &mut { go_on }, &mut |located, recording| {
            corpus.add_located(located, &recording);
            ControlFlow::Continue(())
        })
        .unwrap();
        let recordings = Arc::new(Recordings::new(corpus.finish()));
        let mut live = LiveReplay::new(Arc::clone(&recordings.corpus));
        let verdicts = live.judge(judged, &|| ControlFlow::Continue(())).unwrap();
        Snapshot::new(Arc::clone(workspace), recordings, verdicts)
    }

    #[test]
    fn what_is_right_is_found_right() {
        let workspace = workspace(str::to_owned);
        let snapshot = snapshot(&workspace, &workspace);
        let checked = check(&snapshot, 1, &|| true).unwrap();
        let loaded =
            load_recordings(&workspace, &[], None, &mut |_| ControlFlow::Continue(())).unwrap();
        let sessions = loaded.recordings.iter().flat_map(|r| &r.sessions);
        let calls: usize = sessions.map(|s| s.calls().count()).sum();
        assert_eq!((checked.calls as usize, checked.wrong), (calls, 0), "{:?}", checked.example);
    }

    #[test]
    fn verdicts_of_other_policies_are_found_wrong() {
        let delegating = r#"action == Action::"delegate""#;
        let other = workspace(|text| text.replace(delegating, r#"action == Action::"send_money""#));
        let checked = check(&snapshot(&other, &workspace(str::to_owned)), 1, &|| true).unwrap();
        assert_eq!(checked.wrong, 1, "only one verdict depends on that");
        let (_, details) = checked.example.unwrap();
        assert_eq!(details, "the strip shows denied, and allowed is right");
    }

    #[test]
    fn a_check_that_nobody_wants_ends() {
        let workspace = workspace(str::to_owned);
        assert!(check(&snapshot(&workspace, &workspace), 1, &|| false).is_none());
    }

    #[test]
    fn a_sample_is_random_and_can_be_repeated() {
        let of = |seed: u64| (0..CALLS).map(|n| mixed((seed << 32) | n) % 1_000_000).collect();
        let [a, b, c]: [BTreeSet<u64>; 3] = [of(1), of(1), of(2)];
        assert_eq!(a, b);
        assert!(a.intersection(&c).count() < 5);
        assert!(a.len() > 190);
    }
}

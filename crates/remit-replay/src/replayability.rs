//! How much of what was recorded can be decided, what the rest lacks, and what to record next.
//!
//! A call is *unknown* for want of one thing or several. A call is decided only when nothing of it lacks any more,
//! so that what to mend next is a set of things: the set that decides the most calls for each thing in it, then the
//! next one given that the first is mended. The counts are what would become decidable, whatever the verdict.

use crate::{JudgedCall, Verdict};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a call lacks that it could be decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lack {
    /// The workspace has no schema that can be read.
    Schema,
    /// The schema has no action for a tool.
    Action(String),
    /// The schema has an action, but not for the agent and the resource of a call.
    Fit(String),
    /// A rule takes the resource of a tool's call from an argument that is not there.
    Resource(String),
    /// `entities.json` does not hold an agent or a resource.
    Entity(String),
    /// The recording does not hold the arguments.
    Arguments,
    /// The recording does not hold when things happened.
    Times,
    /// Another fact, by its path in the context.
    Fact(String),
}

impl Lack {
    /// A fact of `context.session`, or of another record of the context.
    pub(crate) fn fact(path: &str) -> Lack {
        if path == "context.session.elapsed" { Lack::Times } else { Lack::Fact(path.to_owned()) }
    }

    /// What is to be done about it, as an order.
    pub fn order(&self) -> String {
        match self {
            Lack::Schema => "mend the schema".to_owned(),
            Lack::Action(tool) => format!("declare an action for tool `{tool}`"),
            Lack::Fit(action) => format!("let action `{action}` apply to its agents and resources"),
            Lack::Resource(tool) => format!("correct `resource_id` for tool `{tool}`"),
            Lack::Entity(uid) => format!("declare `{uid}` in entities.json"),
            Lack::Arguments => "record the arguments of tool calls".to_owned(),
            Lack::Times => "record the times of steps".to_owned(),
            Lack::Fact(path) => format!("record what `{path}` is made from"),
        }
    }

    /// Whether it is the recording that lacks it; otherwise the workspace does.
    pub fn is_of_recording(&self) -> bool {
        match self {
            Lack::Arguments | Lack::Times | Lack::Fact(_) => true,
            Lack::Schema | Lack::Action(_) | Lack::Fit(_) | Lack::Resource(_) | Lack::Entity(_) => {
                false
            }
        }
    }
}

/// How much can be decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replayability {
    /// Calls whose facts suffice to decide them.
    pub decided: u32,
    /// All tool calls.
    pub tool_calls: u32,
    /// What the others lack, most calls first.
    pub missing: Vec<Missing>,
    /// What to mend, the most worthwhile first; what is named earlier counts as mended.
    pub next: Vec<Next>,
}

/// Something that calls lack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// What to do about it.
    pub mend: String,
    /// Whether it is the recording that lacks it; otherwise the workspace does.
    pub of_recording: bool,
    /// How many calls lack it.
    pub calls: u32,
}

/// Things that together make calls decidable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Next {
    /// What to do.
    pub mend: Vec<String>,
    /// How many more calls are decidable then.
    pub decides: u32,
}

/// So many steps are proposed.
const STEPS: usize = 5;
/// Of so many different sets of things, the most frequent ones, each step is chosen.
const CANDIDATES: usize = 256;

/// How much of `calls` can be decided.
pub fn replayability<'c>(calls: impl IntoIterator<Item = &'c JudgedCall>) -> Replayability {
    let mut of = Replayability::default();
    let mut sets: BTreeMap<BTreeSet<&Lack>, u32> = BTreeMap::new();
    for call in calls {
        of.tool_calls += 1;
        of.decided += u32::from(call.verdict != Verdict::Unknown);
        if let Some(unknown) = &call.unknown {
            *sets.entry(unknown.lacks.iter().collect()).or_default() += 1;
        }
    }
    of.missing = missing(&sets);
    of.next = next(&sets);
    of
}

fn missing(sets: &BTreeMap<BTreeSet<&Lack>, u32>) -> Vec<Missing> {
    let mut calls: BTreeMap<&Lack, u32> = BTreeMap::new();
    for (set, count) in sets {
        set.iter().for_each(|lack| *calls.entry(lack).or_default() += count);
    }
    let mut missing: Vec<_> = calls.into_iter().collect();
    missing.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let entry = |(lack, calls): (&Lack, u32)| Missing {
        mend: lack.order(),
        of_recording: lack.is_of_recording(),
        calls,
    };
    missing.into_iter().map(entry).collect()
}

fn next(sets: &BTreeMap<BTreeSet<&Lack>, u32>) -> Vec<Next> {
    let mut candidates: Vec<_> = sets.iter().filter(|(set, _)| !set.is_empty()).collect();
    candidates.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    candidates.truncate(CANDIDATES);
    let (mut mended, mut steps): (BTreeSet<&Lack>, Vec<Next>) = (BTreeSet::new(), Vec::new());
    while steps.len() < STEPS {
        let best = candidates.iter().filter(|(set, _)| !set.is_subset(&mended)).map(|(set, _)| {
            let with: BTreeSet<_> = mended.union(set).copied().collect();
            let decides = |(of, count): (&BTreeSet<&Lack>, &u32)| {
                if of.is_subset(&with) && !of.is_subset(&mended) { *count } else { 0 }
            };
            (
                set.difference(&mended).copied().collect::<Vec<_>>(),
                sets.iter().map(decides).sum::<u32>(),
            )
        });
        // The most calls for each thing to mend; of equals the first.
        let best = best.reduce(|a, b| {
            let worth = |one: &(Vec<&Lack>, u32), other: &(Vec<&Lack>, u32)| {
                u64::from(one.1) * other.0.len() as u64
            };
            if worth(&b, &a) > worth(&a, &b) { b } else { a }
        });
        let Some((things, decides)) = best else { break };
        steps.push(Next { mend: things.iter().map(|lack| lack.order()).collect(), decides });
        mended.extend(things);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::{Lack, replayability};
    use crate::{JudgedCall, Unknown, Verdict};
    use remit_session::{CallIdx, StepIdx};

    fn call(lacks: &[Lack]) -> JudgedCall {
        let why = Unknown { message: String::new(), help: String::new(), lacks: lacks.to_vec() };
        JudgedCall {
            step: StepIdx(0),
            index: CallIdx(0),
            verdict: if lacks.is_empty() { Verdict::Allowed } else { Verdict::Unknown },
            severity: None,
            because: Vec::new(),
            judged: None,
            unknown: (!lacks.is_empty()).then_some(why),
            misfits: Vec::new(),
        }
    }

    #[test]
    fn the_smallest_set_that_decides_most_comes_first() {
        let both = [Lack::Arguments, Lack::Times];
        let entity = [Lack::Entity("Agent::\"a\"".to_owned())];
        let calls = [
            call(&[]),
            call(&both),
            call(&both),
            call(&both),
            call(&[Lack::Times]),
            call(&[Lack::Times]),
            call(&entity),
        ];
        let of = replayability(&calls);
        assert_eq!((of.decided, of.tool_calls), (1, 7));
        let missing: Vec<_> = of.missing.iter().map(|m| (&*m.mend, m.calls)).collect();
        let expected = [
            ("record the times of steps", 5),
            ("record the arguments of tool calls", 3),
            ("declare `Agent::\"a\"` in entities.json", 1),
        ];
        assert_eq!(missing, expected);
        let next: Vec<_> = of.next.iter().map(|n| (n.mend.len(), n.decides)).collect();
        // Both things decide five calls, the times alone two: 2.5 for each thing against 2.
        assert_eq!(next, [(2, 5), (1, 1)]);
        assert_eq!(of.next.iter().map(|n| n.decides).sum::<u32>() + of.decided, of.tool_calls);
    }

    #[test]
    fn nothing_is_proposed_where_all_is_decided() {
        let of = replayability(&[call(&[])]);
        assert_eq!((of.missing.len(), of.next.len()), (0, 0));
    }
}

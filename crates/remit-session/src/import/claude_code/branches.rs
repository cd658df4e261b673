//! Which lines leave the history that they continue.
//!
//! The tree forks for harmless reasons all the time: results hang beside the next parallel call,
//! hooks beside results, the lines of one answer beside each other. A fork is a branch only if two of
//! its children both lead to an answer of the model other than the one that the fork stands in, and
//! are not lines of one answer themselves.

use super::entries::{Entry, Parent, Thread};
use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;

/// An entry's place in the tree.
#[derive(Clone, Copy, Default)]
pub(super) struct Node {
    /// Position of the line before.
    pub parent: Option<usize>,
    /// Whether the entry begins another continuation of its parent.
    pub starts_branch: bool,
}

/// The node of each entry. Parents stand before their children: a link forwards is no link.
pub(super) fn find(entries: &[Entry]) -> Vec<Node> {
    let parents = parents(entries);
    let answers = answers_below(entries, &parents);
    let around = answers_around(entries, &parents);
    let mut continued: HashMap<usize, Option<&str>> = HashMap::new();
    let mut nodes = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let parent = parents.get(index).copied().flatten();
        let own = answers.get(index).zip(parent.and_then(|parent| around.get(parent)));
        let leads_on = own.is_some_and(|(below, around)| below.has_other_than(*around));
        let summarised = matches!(entry.parent, Some(Parent::Summarised(_)));
        let fork = parent.filter(|_| leads_on && !summarised);
        let starts_branch = fork.is_some_and(|fork| match continued.entry(fork) {
            MapEntry::Vacant(first) => {
                first.insert(answer(entry));
                false
            }
            MapEntry::Occupied(first) => first.get().is_none() || *first.get() != answer(entry),
        });
        nodes.push(Node { parent, starts_branch });
    }
    nodes
}

fn parents(entries: &[Entry]) -> Vec<Option<usize>> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut parents = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let parent = match (&entry.parent, &entry.thread) {
            (Some(Parent::Line(uuid) | Parent::Summarised(uuid)), Thread::Main) => {
                known.get(uuid.as_str())
            }
            (None, _) | (_, Thread::Agent(_)) => None,
        };
        parents.push(parent.copied());
        if let (Some(uuid), Thread::Main) = (&entry.uuid, &entry.thread) {
            known.insert(uuid, index);
        }
    }
    parents
}

/// Two different answers at most: enough to know whether there is another than a given one.
#[derive(Clone, Copy, Default)]
struct Answers<'a>([Option<&'a str>; 2]);

impl<'a> Answers<'a> {
    fn add(&mut self, answer: Option<&'a str>) {
        let [first, second] = &mut self.0;
        if first.is_none() {
            *first = answer;
        } else if *first != answer && second.is_none() {
            *second = answer;
        }
    }

    fn has_other_than(&self, answer: Option<&str>) -> bool {
        self.0.iter().any(|found| found.is_some() && *found != answer)
    }
}

fn answer(entry: &Entry) -> Option<&str> {
    entry.said.as_ref()?.answer.as_deref()
}

/// The answers at and under each entry.
fn answers_below<'a>(entries: &'a [Entry], parents: &[Option<usize>]) -> Vec<Answers<'a>> {
    let mut below = vec![Answers::default(); entries.len()];
    for (index, (entry, parent)) in entries.iter().zip(parents).enumerate().rev() {
        let Some(own) = below.get_mut(index) else {
            continue;
        };
        own.add(answer(entry));
        let own = *own;
        if let Some(above) = parent.and_then(|parent| below.get_mut(parent)) {
            own.0.into_iter().for_each(|found| above.add(found));
        }
    }
    below
}

/// The answer that each entry stands in: its own, else the nearest one above.
fn answers_around<'a>(entries: &'a [Entry], parents: &[Option<usize>]) -> Vec<Option<&'a str>> {
    let mut around: Vec<Option<&str>> = Vec::with_capacity(entries.len());
    for (entry, parent) in entries.iter().zip(parents) {
        let above = parent.and_then(|parent| around.get(parent).copied()).flatten();
        around.push(answer(entry).or(above));
    }
    around
}

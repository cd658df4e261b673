//! What stands above each span, and when what happens.

use super::{Span, Work};
use jiff::Timestamp;
use std::collections::HashMap;

/// The nearest spans above a span that matter to it.
#[derive(Clone, Copy, Default)]
pub(super) struct Above {
    pub parent: Option<usize>,
    pub agent: Option<usize>,
    pub tool: Option<usize>,
    pub model: Option<usize>,
    pub depth: u32,
}

/// What stands above each span. A span whose parent is not there, or that stands below itself, is a root.
pub(super) fn above(spans: &[Span]) -> Vec<Above> {
    let mut by_id: HashMap<(&str, &str), usize> = HashMap::new();
    for (index, span) in spans.iter().enumerate() {
        by_id.entry((&span.trace, &span.id)).or_insert(index);
    }
    let parent_of = |span: &Span| by_id.get(&(&*span.trace, span.parent.as_deref()?)).copied();
    let parents: Vec<_> = spans.iter().map(parent_of).collect();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    for (index, parent) in parents.iter().enumerate() {
        if let Some(list) = parent.and_then(|parent| below.get_mut(parent)) {
            list.push(index);
        }
    }
    let mut above = vec![Above::default(); spans.len()];
    let mut done = vec![false; spans.len()];
    let roots = parents.iter().enumerate().filter(|(_, parent)| parent.is_none());
    let roots: Vec<_> = roots.map(|(index, _)| index).collect();
    // Spans in a circle are reached from none of the roots.
    for root in roots.into_iter().chain(0..spans.len()) {
        descend(root, spans, &below, &mut above, &mut done);
    }
    above
}

fn descend(
    root: usize,
    spans: &[Span],
    below: &[Vec<usize>],
    above: &mut [Above],
    done: &mut [bool],
) {
    let mut next = vec![(root, Above::default())];
    while let Some((index, of)) = next.pop() {
        let (Some(slot), Some(is_done), Some(span)) =
            (above.get_mut(index), done.get_mut(index), spans.get(index))
        else {
            continue;
        };
        if std::mem::replace(is_done, true) {
            continue;
        }
        *slot = of;
        let mut inner = Above { parent: Some(index), depth: of.depth + 1, ..of };
        match span.work {
            Work::Agent { name: Some(_), .. } => inner.agent = Some(index),
            Work::Tool(_) => inner.tool = Some(index),
            Work::Model { .. } => inner.model = Some(index),
            Work::Agent { name: None, .. } | Work::Other { .. } => {}
        }
        let children = below.get(index).into_iter().flatten();
        next.extend(children.map(|child| (*child, inner)));
    }
}

/// The beginning or the end of a span.
pub(super) struct Event {
    pub span: usize,
    pub at: Option<Timestamp>,
    pub ends: bool,
}

/// All beginnings and ends, in the order of time. At the same time what stands higher begins first and
/// ends last, answers come before the calls that they ask for, and results before the next prompt.
pub(super) fn events(spans: &[Span], above: &[Above]) -> Vec<Event> {
    let mut events = Vec::with_capacity(2 * spans.len());
    let mut before = None;
    for (index, (span, above)) in spans.iter().zip(above).enumerate() {
        // A span without times happened after the one that it stands behind.
        let start = span.start.or(before);
        before = start;
        let end = span.end.max(start);
        let (begins, ends) = match span.work {
            Work::Agent { .. } => (1, 9),
            Work::Model { .. } => (3, 4),
            Work::Tool(_) | Work::Other { .. } => (5, 2),
        };
        let key = |at: Option<Timestamp>, rank: u32, depth: u32| (at, rank, depth);
        events.push((
            key(start, begins, above.depth),
            Event { span: index, at: span.start, ends: false },
        ));
        let deepest_first = u32::MAX - above.depth;
        events
            .push((key(end, ends, deepest_first), Event { span: index, at: span.end, ends: true }));
    }
    events.sort_by_key(|(key, _)| *key);
    events.into_iter().map(|(_, event)| event).collect()
}

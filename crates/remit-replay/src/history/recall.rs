//! What one session remembers at each of its calls, by Dogwood's own interpreter.
//!
//! This is for the reference engine, which the batch engine is checked against. The interpreter is not
//! asked about histories that are long or hold events without a time; there the batch engine speaks.

use super::leaves::{attribute, interpreted, points};
use super::{EventLog, Fields, Histories, TICKS, add, decide, leaves};
use remit_policy::{Leaf, Workspace};
use std::collections::HashMap;
use std::sync::Arc;

/// The leaves that are asked at a call, by name; nothing where nobody knows.
pub(crate) type Remembered = Vec<(Arc<str>, Option<bool>)>;

/// The leaves of a workspace at the calls of one session.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    by_call: HashMap<u32, Remembered>,
}

impl Recall {
    /// By the histories of a session.
    pub(crate) fn of(workspace: &Workspace, fields: &Fields, histories: &Histories) -> Self {
        let mut log = EventLog::new(TICKS, fields.pins.clone());
        add(&mut log, histories, 0);
        log.finish();
        let mut recall = Recall::default();
        for leaf in leaves(workspace) {
            recall.take(workspace, &log, &leaf);
        }
        recall
    }

    /// What is remembered at a call, by its place among those of the session.
    pub(crate) fn at(&mut self, call: u32) -> Remembered {
        self.by_call.remove(&call).unwrap_or_default()
    }

    fn take(&mut self, workspace: &Workspace, log: &EventLog, leaf: &Leaf) {
        let entities = &workspace.entities.entities;
        let attributes = |ty: &str, id: &str, path: &[String]| attribute(entities, ty, id, path);
        let points = points(log, &leaf.field);
        let said = interpreted(log, leaf, &attributes);
        let ours = match said.len() < points.at.len() {
            true => decide(log, &points, &leaf.field.condition.condition, &attributes).ok(),
            false => None,
        };
        let name: Arc<str> = leaf.name.as_str().into();
        for (n, (call, at)) in points.calls.iter().zip(&points.at).enumerate() {
            let ours = || ours.as_ref().and_then(|truths| truths.known(n));
            let known = said.get(at).copied().or_else(ours);
            self.by_call.entry(*call).or_default().push((Arc::clone(&name), known));
        }
    }
}

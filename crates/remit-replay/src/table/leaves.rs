//! Columns for what is remembered of sessions, which come and go with the policies that ask for it.

use super::{Column, ColumnId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A column keeps its number for good, so that what was compiled against it still means it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeafColumns {
    ids: BTreeMap<Vec<String>, ColumnId>,
    columns: Vec<Option<(Arc<Column>, bool)>>,
}

/// Above all columns of requests.
const FIRST: u32 = 1 << 31;

impl LeafColumns {
    /// Puts a column at an attribute of the context. `reads_entities` says whether other entities would
    /// make it another.
    pub(crate) fn put(&mut self, name: &str, column: Arc<Column>, reads_entities: bool) {
        let next = ColumnId(FIRST + self.columns.len() as u32);
        let id = *self.ids.entry(vec![name.to_owned()]).or_insert(next);
        if id == next {
            self.columns.push(None);
        }
        if let Some(slot) = self.slot(id) {
            *slot = Some((column, reads_entities));
        }
    }

    /// Takes a column away.
    pub(crate) fn remove(&mut self, name: &str) {
        let id = self.ids.get(std::slice::from_ref(&name.to_owned())).copied();
        if let Some(slot) = id.and_then(|id| self.slot(id)) {
            *slot = None;
        }
    }

    pub(super) fn get(&self, id: ColumnId) -> Option<&Column> {
        self.known(id).map(|(column, _)| column.as_ref())
    }

    pub(super) fn reads_entities(&self, id: ColumnId) -> bool {
        self.known(id).is_some_and(|(_, reads)| *reads)
    }

    pub(super) fn id(&self, path: &[String]) -> Option<ColumnId> {
        self.ids.get(path).copied().filter(|id| self.known(*id).is_some())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&[String], ColumnId)> {
        let there = self.ids.iter().filter(|(_, id)| self.known(**id).is_some());
        there.map(|(path, id)| (path.as_slice(), *id))
    }

    fn known(&self, id: ColumnId) -> Option<&(Arc<Column>, bool)> {
        self.columns.get(id.0.checked_sub(FIRST)? as usize)?.as_ref()
    }

    fn slot(&mut self, id: ColumnId) -> Option<&mut Option<(Arc<Column>, bool)>> {
        self.columns.get_mut(id.0.checked_sub(FIRST)? as usize)
    }
}

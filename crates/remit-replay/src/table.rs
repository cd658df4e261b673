//! The tool calls of a corpus as a table: one row a request, one column an access path.
//!
//! Columns are principal, action, resource, and every path below the context that some request holds.
//! The table promises that each request can be told from its row as far as any policy can tell; the
//! requests themselves are not kept. Rows are sorted by action, then by who acts, so that the head of a
//! policy leaves a few ranges of them. Not here: evaluating policies (`matrix`).

mod build;
mod codes;
mod column;
mod dictionary;
mod file;
mod groups;
mod leaves;
pub(crate) mod literal;
mod numbers;
mod request;
mod value;

pub use build::TableBuilder;
pub(crate) use build::{Cells, Fields};
pub(crate) use codes::Codes;
pub(crate) use column::Column;
pub(crate) use dictionary::{Dictionary, Texts};
pub(crate) use groups::ActionRows;
pub(crate) use leaves::LeafColumns;
pub(crate) use numbers::Numbers;
pub(crate) use value::{NumberKind, Value};

use crate::rows::RowSet;
use cedar_policy::{Entities, EntityUid};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// Which column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ColumnId(u32);

impl ColumnId {
    pub(crate) const PRINCIPAL: ColumnId = ColumnId(0);
    pub(crate) const ACTION: ColumnId = ColumnId(1);
    pub(crate) const RESOURCE: ColumnId = ColumnId(2);
    /// The entities that judge the row: they say which task the principal is a member of.
    pub(crate) const STORE: ColumnId = ColumnId(3);
    const FIRST_PATH: u32 = 4;
}

/// Which set of entities judges a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoreId(u32);

/// The requests of a corpus, in columns, and the entities that judge them.
#[derive(Debug)]
pub struct Table {
    columns: Arc<Columns>,
    base: Arc<Entities>,
    stores: Arc<Vec<Entities>>,
    principals_are_leaves: bool,
    members: Arc<[OnceLock<Members>; 4]>,
    leaves: Arc<LeafColumns>,
}

/// What does not depend on entities.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) rows: u32,
    /// INVARIANT (rectangular): every column has `rows` cells.
    pub(crate) columns: Vec<Column>,
    pub(crate) paths: BTreeMap<Vec<String>, ColumnId>,
    /// The row of the request that was pushed first, second, ...
    pub(crate) row_of: Vec<u32>,
    pub(crate) actions: Vec<ActionRows>,
}

/// The codes of a column's entities that are members of a group, in order.
type Members = HashMap<EntityUid, Vec<u32>>;

impl Table {
    /// The requests of `columns`, judged with variants of `base`.
    pub(crate) fn new(columns: Arc<Columns>, base: Entities, stores: Vec<Entities>) -> Self {
        let principals_are_leaves = columns.principals_are_leaves(&base);
        Table {
            columns,
            base: Arc::new(base),
            stores: Arc::new(stores),
            principals_are_leaves,
            members: Arc::default(),
            leaves: Arc::default(),
        }
    }

    /// The same requests with other entities; `stores` in the order in which they were added.
    #[must_use]
    pub fn with_entities(&self, base: Entities, stores: Vec<Entities>) -> Self {
        let leaves = Arc::clone(&self.leaves);
        Table { leaves, ..Table::new(Arc::clone(&self.columns), base, stores) }
    }

    /// The same requests, with these columns for what is remembered of sessions.
    #[must_use]
    pub(crate) fn with_leaves(&self, leaves: Arc<LeafColumns>) -> Self {
        Table {
            columns: Arc::clone(&self.columns),
            base: Arc::clone(&self.base),
            stores: Arc::clone(&self.stores),
            principals_are_leaves: self.principals_are_leaves,
            members: Arc::clone(&self.members),
            leaves,
        }
    }

    /// Whether other entities would make a column another.
    pub(crate) fn column_reads_entities(&self, id: ColumnId) -> bool {
        self.leaves.reads_entities(id)
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.columns.rows as usize
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.columns.rows == 0
    }

    /// All rows.
    pub fn rows(&self) -> RowSet {
        RowSet::all(self.columns.rows)
    }

    /// The row of the request that was pushed as number `ordinal`.
    pub fn row_of(&self, ordinal: u32) -> Option<u32> {
        self.columns.row_of.get(ordinal as usize).copied()
    }

    /// The rows whose principal or resource is not among `entities`.
    pub fn rows_of_unknown_entities(&self, entities: &Entities) -> RowSet {
        let unknown = |value: &Value| match value {
            Value::Entity(uid) => entities.get(uid).is_none(),
            _ => false,
        };
        let rows = [ColumnId::PRINCIPAL, ColumnId::RESOURCE]
            .map(|column| self.rows_where(column, unknown));
        let [principals, resources] = rows;
        principals.or(&resources)
    }

    /// How many bytes each row takes; and all dictionaries together.
    pub fn bytes(&self) -> (f64, usize) {
        let sizes = self.columns.columns.iter().map(Column::bytes);
        let (rows, dictionaries) = sizes.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        let rows = rows + size_of_val(self.columns.row_of.as_slice());
        (rows as f64 / f64::from(self.columns.rows.max(1)), dictionaries)
    }

    /// The value of `column` in `row`.
    pub(crate) fn cell(&self, column: ColumnId, row: usize) -> Option<Value> {
        self.column(column)?.get(row)
    }

    pub(crate) fn column(&self, id: ColumnId) -> Option<&Column> {
        self.columns.column(id).or_else(|| self.leaves.get(id))
    }

    /// The column of a path below the context.
    pub(crate) fn path(&self, path: &[String]) -> Option<ColumnId> {
        self.columns.paths.get(path).copied().or_else(|| self.leaves.id(path))
    }

    /// All columns strictly below `prefix`, the shorter paths first.
    pub(crate) fn below<'a>(
        &'a self,
        prefix: &'a [String],
    ) -> impl Iterator<Item = (&'a [String], ColumnId)> {
        let deeper =
            move |path: &'a [String]| path.len() > prefix.len() && path.starts_with(prefix);
        let paths = self.columns.paths.iter().map(|(path, id)| (path.as_slice(), *id));
        paths.chain(self.leaves.all()).filter(move |(path, _)| deeper(path))
    }

    /// The paths of context columns, by column.
    pub(crate) fn path_of(&self, id: ColumnId) -> Option<&[String]> {
        let paths = self.columns.paths.iter().map(|(path, id)| (path.as_slice(), *id));
        paths.chain(self.leaves.all()).find(|(_, column)| *column == id).map(|(path, _)| path)
    }

    /// The entities that all stores have in common.
    pub(crate) fn base(&self) -> &Entities {
        &self.base
    }

    /// The entities that judge `row`.
    pub(crate) fn store(&self, row: usize) -> &Entities {
        match self.cell(ColumnId::STORE, row) {
            Some(Value::Long(n)) => self.stores.get(n as usize).unwrap_or(&self.base),
            Some(_) | None => &self.base,
        }
    }

    /// The rows of each action, in order.
    pub(crate) fn actions(&self) -> &[ActionRows] {
        &self.columns.actions
    }

    /// Whether membership of anything but a principal is the same in all stores.
    pub(crate) fn principals_are_leaves(&self) -> bool {
        self.principals_are_leaves
    }

    /// The codes of `column` whose entity is `group` or a member of it, by the common entities.
    /// `None` for a column below the context, of which there may be many.
    pub(crate) fn members(&self, column: ColumnId, group: &EntityUid) -> Option<&[u32]> {
        let index = self.members.get(column.0 as usize)?.get_or_init(|| self.index_members(column));
        Some(index.get(group).map_or(&[], Vec::as_slice))
    }

    fn index_members(&self, column: ColumnId) -> Members {
        let mut members = Members::new();
        let values = self.column(column).and_then(Column::dictionary);
        for (code, value) in (1..).zip(values.into_iter().flat_map(Dictionary::iter)) {
            let Value::Entity(uid) = value else { continue };
            for group in self.base.ancestors(&uid).into_iter().flatten().filter(|g| **g != *uid) {
                members.entry(group.clone()).or_default().push(code);
            }
            members.entry(EntityUid::clone(&uid)).or_default().push(code);
        }
        members
    }

    fn rows_where(&self, column: ColumnId, test: impl Fn(&Value) -> bool) -> RowSet {
        let Some((codes, _)) = self.column(column).and_then(Column::codes) else {
            return RowSet::new();
        };
        let values = self.column(column).and_then(Column::dictionary);
        let wanted: Vec<bool> =
            values.into_iter().flat_map(Dictionary::iter).map(|v| test(&v)).collect();
        if wanted.iter().all(|wanted| !wanted) {
            return RowSet::new();
        }
        let of_row = |row: &u32| codes.get(*row as usize).and_then(|code| code.checked_sub(1));
        let is_wanted =
            |row: &u32| of_row(row).and_then(|at| wanted.get(at as usize)) == Some(&true);
        (0..self.columns.rows).filter(is_wanted).collect()
    }
}

impl Columns {
    pub(crate) fn column(&self, id: ColumnId) -> Option<&Column> {
        self.columns.get(id.0 as usize)
    }

    /// Whether nothing but a principal itself inherits what it is a member of.
    fn principals_are_leaves(&self, base: &Entities) -> bool {
        let uids = |column| -> HashSet<Arc<EntityUid>> {
            let values = self.column(column).and_then(Column::dictionary);
            let uid = |value| if let Value::Entity(uid) = value { Some(uid) } else { None };
            values.into_iter().flat_map(Dictionary::iter).filter_map(uid).collect()
        };
        let principals = uids(ColumnId::PRINCIPAL);
        let inherits = |uid: &EntityUid| {
            let mut ancestors = base.ancestors(uid).into_iter().flatten();
            ancestors.any(|ancestor| principals.contains(ancestor))
        };
        [ColumnId::ACTION, ColumnId::RESOURCE].iter().all(|c| uids(*c).is_disjoint(&principals))
            && !base.iter().any(|entity| inherits(&entity.uid()))
    }
}

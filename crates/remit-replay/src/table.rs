//! The tool calls of a corpus as a table: one row a request, one column an access path.
//!
//! Columns are principal, action, resource, and every path below the context that some request holds.
//! The table promises that each request can be told from its row as far as any policy can tell; the
//! requests themselves are not kept. Not here: evaluating policies (`matrix`).

mod column;
mod value;

pub(crate) use column::Column;
pub(crate) use value::Value;

use cedar_policy::{Entities, EntityUid, EvalResult, Request};
use column::ColumnBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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

/// The requests of a corpus, in columns.
#[derive(Debug)]
pub struct Table {
    rows: usize,
    /// INVARIANT (rectangular): every column has `rows` cells.
    columns: Vec<Column>,
    paths: BTreeMap<Vec<String>, ColumnId>,
    base: Entities,
    stores: Vec<Entities>,
    rows_by_action: Vec<Vec<u32>>,
    principals_are_leaves: bool,
}

impl Table {
    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The value of `column` in `row`.
    pub(crate) fn cell(&self, column: ColumnId, row: usize) -> Option<Value> {
        self.column(column)?.get(row)
    }

    pub(crate) fn column(&self, id: ColumnId) -> Option<&Column> {
        self.columns.get(id.0 as usize)
    }

    /// The column of a path below the context.
    pub(crate) fn path(&self, path: &[String]) -> Option<ColumnId> {
        self.paths.get(path).copied()
    }

    /// All columns strictly below `prefix`, the shorter paths first.
    pub(crate) fn below<'a>(
        &'a self,
        prefix: &'a [String],
    ) -> impl Iterator<Item = (&'a [String], ColumnId)> {
        let deeper =
            move |path: &&'a Vec<String>| path.len() > prefix.len() && path.starts_with(prefix);
        self.paths.iter().filter(move |(path, _)| deeper(path)).map(|(p, id)| (p.as_slice(), *id))
    }

    /// The paths of context columns, by column.
    pub(crate) fn path_of(&self, id: ColumnId) -> Option<&[String]> {
        self.paths.iter().find(|(_, column)| **column == id).map(|(path, _)| path.as_slice())
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
    pub(crate) fn rows_by_action(&self) -> &[Vec<u32>] {
        &self.rows_by_action
    }

    /// Whether membership of anything but a principal is the same in all stores.
    pub(crate) fn principals_are_leaves(&self) -> bool {
        self.principals_are_leaves
    }
}

/// A table that is being filled.
#[derive(Debug)]
pub struct TableBuilder {
    rows: usize,
    columns: Vec<ColumnBuilder>,
    paths: BTreeMap<Vec<String>, ColumnId>,
    base: Entities,
    stores: Vec<Entities>,
    rows_by_action: BTreeMap<EntityUid, Vec<u32>>,
    principals: BTreeSet<EntityUid>,
    others: BTreeSet<EntityUid>,
}

impl TableBuilder {
    /// A table of requests that are judged with variants of `base`.
    pub fn new(base: Entities) -> Self {
        TableBuilder {
            rows: 0,
            columns: (0..ColumnId::FIRST_PATH).map(|_| ColumnBuilder::default()).collect(),
            paths: BTreeMap::new(),
            base,
            stores: Vec::new(),
            rows_by_action: BTreeMap::new(),
            principals: BTreeSet::new(),
            others: BTreeSet::new(),
        }
    }

    /// Adds entities that differ from the base only in what the principals of its requests are members of.
    pub fn add_store(&mut self, entities: Entities) -> StoreId {
        self.stores.push(entities);
        StoreId(self.stores.len() as u32 - 1)
    }

    /// Adds a row for `request`, which the entities of `store` judge; says which row it is.
    ///
    /// `None`, and nothing is added, where principal, action, resource or context are not known.
    pub fn push(&mut self, request: &Request, store: StoreId) -> Option<usize> {
        let (principal, action, resource) =
            (request.principal()?, request.action()?, request.resource()?);
        let context = request.context()?;
        let row = self.rows;
        self.rows += 1;
        let uid = |uid: &EntityUid| Value::Entity(Arc::new(uid.clone()));
        self.put(ColumnId::PRINCIPAL, row, uid(principal));
        self.put(ColumnId::ACTION, row, uid(action));
        self.put(ColumnId::RESOURCE, row, uid(resource));
        self.put(ColumnId::STORE, row, Value::Long(store.0.into()));
        for (name, _) in context.clone() {
            if let Some(value) = context.get(&name) {
                self.put_path(&mut vec![name], row, &value);
            }
        }
        self.rows_by_action.entry(action.clone()).or_default().push(row as u32);
        self.remember(principal, [action, resource]);
        Some(row)
    }

    /// The finished table.
    pub fn finish(self) -> Table {
        Table {
            rows: self.rows,
            principals_are_leaves: self.principals_are_leaves(),
            columns: self.columns.into_iter().map(|c| c.finish(self.rows)).collect(),
            paths: self.paths,
            base: self.base,
            stores: self.stores,
            rows_by_action: self.rows_by_action.into_values().collect(),
        }
    }

    fn put(&mut self, column: ColumnId, row: usize, value: Value) {
        if let Some(column) = self.columns.get_mut(column.0 as usize) {
            column.put(row, value);
        }
    }

    /// Puts `value`, found at `path`, into the column of that path; a record into one for each attribute.
    fn put_path(&mut self, path: &mut Vec<String>, row: usize, value: &EvalResult) {
        let column = self.column_of(path);
        let EvalResult::Record(record) = value else {
            return self.put(column, row, Value::of(value));
        };
        self.put(column, row, Value::Nested);
        for (name, value) in record.iter() {
            path.push(name.clone());
            self.put_path(path, row, value);
            path.pop();
        }
    }

    fn column_of(&mut self, path: &[String]) -> ColumnId {
        if let Some(column) = self.paths.get(path) {
            return *column;
        }
        let column = ColumnId(self.columns.len() as u32);
        self.columns.push(ColumnBuilder::default());
        self.paths.insert(path.to_vec(), column);
        column
    }

    fn remember(&mut self, principal: &EntityUid, others: [&EntityUid; 2]) {
        if !self.principals.contains(principal) {
            self.principals.insert(principal.clone());
        }
        for other in others {
            if !self.others.contains(other) {
                self.others.insert(other.clone());
            }
        }
    }

    /// Whether nothing but a principal itself inherits what it is a member of.
    fn principals_are_leaves(&self) -> bool {
        let inherits = |uid: &EntityUid| {
            let mut ancestors = self.base.ancestors(uid).into_iter().flatten();
            ancestors.any(|ancestor| self.principals.contains(ancestor))
        };
        self.others.is_disjoint(&self.principals)
            && !self.base.iter().any(|entity| inherits(&entity.uid()))
    }
}

impl Table {
    /// The row of the request that was pushed as the `ordinal`th.
    pub fn row_of(&self, ordinal: u32) -> Option<u32> {
        ((ordinal as usize) < self.rows).then_some(ordinal)
    }

    /// The same requests, judged by other entities.
    pub fn with_entities(&self, base: Entities, stores: Vec<Entities>) -> Table {
        Table {
            rows: self.rows,
            columns: self.columns.clone(),
            paths: self.paths.clone(),
            base,
            stores,
            rows_by_action: self.rows_by_action.clone(),
            principals_are_leaves: false,
        }
    }

    /// The rows whose principal or resource is not among `entities`.
    pub fn rows_of_unknown_entities(&self, entities: &Entities) -> crate::rows::RowSet {
        let unknown = |column: ColumnId, row: u32| match self.cell(column, row as usize) {
            Some(Value::Entity(uid)) => entities.get(&uid).is_none(),
            _ => true,
        };
        let rows = 0..self.rows as u32;
        rows.filter(|r| unknown(ColumnId::PRINCIPAL, *r) || unknown(ColumnId::RESOURCE, *r))
            .collect()
    }
}

impl Table {
    /// The request of a row, as far as any policy can tell, and the entities that judge it.
    pub(crate) fn request(&self, row: usize) -> Option<(Request, &Entities)> {
        use cedar_policy::{Context, RestrictedExpression};
        let uid = |column| match self.cell(column, row)? {
            Value::Entity(uid) => Some(EntityUid::clone(&uid)),
            _ => None,
        };
        fn record(
            table: &Table,
            row: usize,
            prefix: &[String],
        ) -> Option<Vec<(String, RestrictedExpression)>> {
            let mut fields = Vec::new();
            for (path, column) in table.below(prefix).filter(|(p, _)| p.len() == prefix.len() + 1) {
                let Some(value) = table.cell(column, row) else { continue };
                let value = match value {
                    Value::Nested => {
                        RestrictedExpression::new_record(record(table, row, path)?).ok()?
                    }
                    value => value.to_cedar()?,
                };
                fields.push((path.last()?.clone(), value));
            }
            Some(fields)
        }
        let (principal, action, resource) =
            (uid(ColumnId::PRINCIPAL)?, uid(ColumnId::ACTION)?, uid(ColumnId::RESOURCE)?);
        let context = Context::from_pairs(record(self, row, &[])?).ok()?;
        Some((Request::new(principal, action, resource, context, None).ok()?, self.store(row)))
    }
}

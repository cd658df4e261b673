//! Fills a table request by request, and sorts it.

use super::column::{Column, ColumnBuilder};
use super::groups::groups;
use super::value::Value;
use super::{ColumnId, Columns, StoreId, Table};
use cedar_policy::{Entities, EntityUid, EvalResult, Request};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A table that is being filled.
#[derive(Debug)]
pub struct TableBuilder {
    rows: u32,
    columns: Vec<ColumnBuilder>,
    paths: BTreeMap<Vec<String>, ColumnId>,
    base: Entities,
    stores: Vec<Entities>,
}

/// What a row says of the context: a value or, below it, more names.
#[derive(Clone, Debug)]
pub(crate) enum Cells {
    Value(Value),
    Record(Vec<(String, Cells)>),
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
        }
    }

    /// Adds entities that differ from the base only in what the principals of its requests are members of.
    pub fn add_store(&mut self, entities: Entities) -> StoreId {
        self.stores.push(entities);
        StoreId(self.stores.len() as u32 - 1)
    }

    /// Adds a row for `request`, which the entities of `store` judge; says the how-manieth it is, from 0.
    ///
    /// `None`, and nothing is added, where principal, action, resource or context are not known.
    pub fn push(&mut self, request: &Request, store: StoreId) -> Option<u32> {
        let (principal, action, resource) =
            (request.principal()?, request.action()?, request.resource()?);
        let context = request.context()?;
        let cell = |name: String| context.get(&name).map(|value| (name, Cells::of(&value)));
        let context: Vec<_> =
            context.clone().into_iter().filter_map(|(name, _)| cell(name)).collect();
        Some(self.push_cells([principal, action, resource], context, store))
    }

    /// Adds a row for a request that is known by its parts; says the how-manieth it is, from 0.
    pub(crate) fn push_cells(
        &mut self,
        [principal, action, resource]: [&EntityUid; 3],
        context: Vec<(String, Cells)>,
        store: StoreId,
    ) -> u32 {
        let row = self.rows as usize;
        self.rows += 1;
        let uid = |uid: &EntityUid| Value::Entity(Arc::new(uid.clone()));
        self.put(ColumnId::PRINCIPAL, row, uid(principal));
        self.put(ColumnId::ACTION, row, uid(action));
        self.put(ColumnId::RESOURCE, row, uid(resource));
        self.put(ColumnId::STORE, row, Value::Long(store.0.into()));
        for (name, cells) in context {
            self.put_path(&mut vec![name], row, cells);
        }
        row as u32
    }

    /// The finished table.
    pub fn finish(self) -> Table {
        let order = self.order();
        let mut row_of = vec![0; order.len()];
        for (row, ordinal) in (0..).zip(&order) {
            if let Some(place) = row_of.get_mut(*ordinal as usize) {
                *place = row;
            }
        }
        let finish = |(n, column): (u32, ColumnBuilder)| match n < ColumnId::FIRST_PATH {
            true => column.finish_coded(&order),
            false => column.finish(&order),
        };
        let columns: Vec<Column> = (0..).zip(self.columns).map(finish).collect();
        let actions = match columns.as_slice() {
            [principal, action, _, store, ..] => groups(self.rows, action, principal, store),
            _ => None,
        };
        debug_assert!(actions.is_some(), "the rows are sorted");
        let columns = Columns {
            rows: self.rows,
            columns,
            paths: self.paths,
            row_of,
            actions: actions.unwrap_or_default(),
        };
        Table::new(Arc::new(columns), self.base, self.stores)
    }

    /// The ordinals, sorted by action, principal, store; then as they came.
    fn order(&self) -> Vec<u32> {
        let ranks = [ColumnId::ACTION, ColumnId::PRINCIPAL, ColumnId::STORE].map(|id| {
            self.columns.get(id.0 as usize).map(ColumnBuilder::ranked).unwrap_or_default()
        });
        let key = |ordinal: u32| {
            let [action, principal, store] =
                ranks.each_ref().map(|r| r.get(ordinal as usize).copied().unwrap_or(0));
            (action, principal, store)
        };
        let mut order: Vec<u32> = (0..self.rows).collect();
        order.sort_by_cached_key(|ordinal| key(*ordinal));
        order
    }

    fn put(&mut self, column: ColumnId, row: usize, value: Value) {
        if let Some(column) = self.columns.get_mut(column.0 as usize) {
            column.put(row, value);
        }
    }

    /// Puts what is at `path` into the column of that path; a record into one for each attribute.
    fn put_path(&mut self, path: &mut Vec<String>, row: usize, cells: Cells) {
        let column = self.column_of(path);
        let record = match cells {
            Cells::Value(value) => return self.put(column, row, value),
            Cells::Record(record) => record,
        };
        self.put(column, row, Value::Nested);
        for (name, cells) in record {
            path.push(name);
            self.put_path(path, row, cells);
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
}

impl Cells {
    fn of(value: &EvalResult) -> Self {
        match value {
            EvalResult::Record(record) => {
                let cell = |(name, value): (&String, &EvalResult)| (name.clone(), Cells::of(value));
                Cells::Record(record.iter().map(cell).collect())
            }
            value => Cells::Value(Value::of(value)),
        }
    }
}

//! Fills a table request by request, and sorts it.

use super::column::{Column, ColumnBuilder};
use super::groups::groups;
use super::value::Value;
use super::{ColumnId, Columns, StoreId, Table};
use cedar_policy::{Entities, EntityUid, EvalResult, Request, RestrictedExpression};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A table that is being filled.
#[derive(Debug)]
pub struct TableBuilder {
    rows: u32,
    columns: Vec<ColumnBuilder>,
    /// The columns of the context's attributes.
    context: Below,
    /// INVARIANT (parallel): the columns right below each column.
    below: Vec<Below>,
    base: Entities,
    stores: Vec<Entities>,
}

/// What a row says of the context: a value or, below it, more names.
#[derive(Clone, Debug)]
pub(crate) enum Cells<'n> {
    Value(Value),
    Record(Fields<'n>),
}

/// Names, each with what it stands for.
pub(crate) type Fields<'n> = Vec<(Cow<'n, str>, Cells<'n>)>;

/// The columns right below another.
#[derive(Debug, Default)]
struct Below {
    columns: Vec<(Box<str>, ColumnId)>,
    /// Where each name is in `columns`.
    index: HashMap<Box<str>, usize>,
    /// Where the next name is likely to be, since most rows have the same names in the same order.
    next: usize,
}

impl TableBuilder {
    /// A table of requests that are judged with variants of `base`.
    pub fn new(base: Entities) -> Self {
        TableBuilder {
            rows: 0,
            columns: (0..ColumnId::FIRST_PATH).map(|_| ColumnBuilder::default()).collect(),
            context: Below::default(),
            below: (0..ColumnId::FIRST_PATH).map(|_| Below::default()).collect(),
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
        let cell =
            |name: String| context.get(&name).map(|value| (Cow::Owned(name), Cells::of(&value)));
        let context = context.clone().into_iter().filter_map(|(name, _)| cell(name)).collect();
        let uids = [principal, action, resource].map(|uid| Arc::new(uid.clone()));
        Some(self.push_cells(uids.each_ref(), context, store))
    }

    /// Adds a row for a request that is known by its parts; says the how-manieth it is, from 0.
    pub(crate) fn push_cells(
        &mut self,
        [principal, action, resource]: [&Arc<EntityUid>; 3],
        context: Fields<'_>,
        store: StoreId,
    ) -> u32 {
        let row = self.rows as usize;
        self.rows += 1;
        let uid = |uid: &Arc<EntityUid>| Value::Entity(Arc::clone(uid));
        self.put(ColumnId::PRINCIPAL, row, uid(principal));
        self.put(ColumnId::ACTION, row, uid(action));
        self.put(ColumnId::RESOURCE, row, uid(resource));
        self.put(ColumnId::STORE, row, Value::Long(store.0.into()));
        self.put_below(None, row, context);
        row as u32
    }

    /// The finished table.
    pub fn finish(self) -> Table {
        let mut paths = BTreeMap::new();
        self.collect_paths(&self.context, &mut Vec::new(), &mut paths);
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
            paths,
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

    /// Puts fields into the columns below `column`; without one, into those of the context.
    fn put_below(&mut self, column: Option<ColumnId>, row: usize, fields: Fields<'_>) {
        for (name, cells) in fields {
            let column = self.column_below(column, &name);
            match cells {
                Cells::Value(value) => self.put(column, row, value),
                Cells::Record(fields) => {
                    self.put(column, row, Value::Nested);
                    self.put_below(Some(column), row, fields);
                }
            }
        }
    }

    fn column_below(&mut self, above: Option<ColumnId>, name: &str) -> ColumnId {
        let below = match above {
            Some(above) => self.below.get_mut(above.0 as usize),
            None => Some(&mut self.context),
        };
        let new = ColumnId(self.columns.len() as u32);
        let column = below.map_or(new, |below| below.column(name, new));
        if column == new {
            self.columns.push(ColumnBuilder::default());
            self.below.push(Below::default());
        }
        column
    }

    /// Adds the paths that begin with `path`, which `below` is below.
    fn collect_paths(
        &self,
        below: &Below,
        path: &mut Vec<String>,
        paths: &mut BTreeMap<Vec<String>, ColumnId>,
    ) {
        for (name, column) in &below.columns {
            path.push(name.to_string());
            paths.insert(path.clone(), *column);
            if let Some(deeper) = self.below.get(column.0 as usize) {
                self.collect_paths(deeper, path, paths);
            }
            path.pop();
        }
    }
}

impl Below {
    /// The column of `name`: `new`, if it has none.
    fn column(&mut self, name: &str, new: ColumnId) -> ColumnId {
        let likely = self.columns.get(self.next).is_some_and(|(other, _)| **other == *name);
        let at = if likely { self.next } else { self.position(name, new) };
        self.next = if at + 1 < self.columns.len() { at + 1 } else { 0 };
        self.columns.get(at).map_or(new, |(_, column)| *column)
    }

    fn position(&mut self, name: &str, new: ColumnId) -> usize {
        if let Some(at) = self.index.get(name) {
            return *at;
        }
        self.columns.push((name.into(), new));
        self.index.insert(name.into(), self.columns.len() - 1);
        self.columns.len() - 1
    }
}

impl Cells<'_> {
    fn of(value: &EvalResult) -> Self {
        match value {
            EvalResult::Record(record) => {
                let cell = |(name, value): (&String, &EvalResult)| {
                    (Cow::Owned(name.clone()), Cells::of(value))
                };
                Cells::Record(record.iter().map(cell).collect())
            }
            value => Cells::Value(Value::of(value)),
        }
    }

    /// In one value, as it is in a set.
    pub(crate) fn into_value(self) -> Value {
        let field =
            |(name, cells): (Cow<'_, str>, Cells<'_>)| (name.into_owned(), cells.into_value());
        match self {
            Cells::Value(value) => value,
            Cells::Record(fields) => {
                Value::Record(Arc::new(fields.into_iter().map(field).collect()))
            }
        }
    }

    /// As Cedar takes it.
    pub(crate) fn to_cedar(&self) -> Option<RestrictedExpression> {
        let field =
            |(name, cells): &(Cow<'_, str>, Cells<'_>)| Some((name.to_string(), cells.to_cedar()?));
        match self {
            Cells::Value(value) => value.to_cedar(),
            Cells::Record(fields) => {
                let fields: Option<Vec<_>> = fields.iter().map(field).collect();
                RestrictedExpression::new_record(fields?).ok()
            }
        }
    }
}

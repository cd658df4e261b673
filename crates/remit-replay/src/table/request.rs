//! The request of a row again, for Cedar.

use super::{ColumnId, Table, Value};
use cedar_policy::{Context, Entities, EntityUid, Request, RestrictedExpression};

impl Table {
    /// The request of `row`, as far as any policy can tell, and the entities that judge it.
    pub fn request(&self, row: u32) -> Option<(Request, &Entities)> {
        let row = row as usize;
        let uid = |column| match self.cell(column, row)? {
            Value::Entity(uid) => Some(EntityUid::clone(&uid)),
            _ => None,
        };
        let (principal, action, resource) =
            (uid(ColumnId::PRINCIPAL)?, uid(ColumnId::ACTION)?, uid(ColumnId::RESOURCE)?);
        let context = Context::from_pairs(self.record(row, &[])?).ok()?;
        Some((Request::new(principal, action, resource, context, None).ok()?, self.store(row)))
    }

    /// The attributes of the record at `path`.
    fn record(&self, row: usize, path: &[String]) -> Option<Vec<(String, RestrictedExpression)>> {
        let mut fields = Vec::new();
        let deeper = path.len() + 1;
        for (below, column) in self.below(path).filter(|(below, _)| below.len() == deeper) {
            let Some(value) = self.cell(column, row) else { continue };
            let value = match value {
                Value::Nested => RestrictedExpression::new_record(self.record(row, below)?).ok()?,
                value => value.to_cedar()?,
            };
            fields.push((below.last()?.clone(), value));
        }
        Some(fields)
    }
}

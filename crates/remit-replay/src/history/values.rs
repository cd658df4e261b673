//! The values of event fields as small numbers, equal exactly where Dogwood says that they are.

use dogwood_language::{Value, partition_value_key};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// A value of a [`Values`]; [`ABSENT`] for none.
pub(crate) type ValueId = u32;
/// No value: what is not there equals nothing.
pub(crate) const ABSENT: ValueId = 0;
/// Longer texts are only ever compared, so that their digest is kept instead.
const LONGEST_TEXT: usize = 128;

/// INVARIANT (indexed): the maps lead from each of `items` to its place.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Item>", into = "Vec<Item>")]
pub(crate) struct Values {
    items: Vec<Item>,
    texts: HashMap<Arc<str>, ValueId>,
    longs: HashMap<i64, ValueId>,
    others: HashMap<Arc<str>, ValueId>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Item {
    Long(i64),
    Text(Arc<str>),
    Bool(bool),
    Entity {
        ty: Arc<str>,
        id: Arc<str>,
    },
    Decimal(Arc<str>),
    /// Anything else, and long texts: only its equality matters.
    Opaque(Arc<str>),
}

impl Values {
    /// The number of `value`, a new one if need be.
    pub(crate) fn intern(&mut self, value: &Value) -> ValueId {
        if let Some(known) = self.get(value) {
            return known;
        }
        self.push(Item::of(value))
    }

    /// The number of `value`, if it has one.
    pub(crate) fn get(&self, value: &Value) -> Option<ValueId> {
        match value {
            Value::Int(n) => self.longs.get(n).copied(),
            Value::String(text) if text.len() <= LONGEST_TEXT => {
                self.texts.get(text.as_str()).copied()
            }
            other => self.others.get(key(other).as_str()).copied(),
        }
    }

    /// What a number stands for.
    pub(crate) fn item(&self, id: ValueId) -> Option<&Item> {
        self.items.get((id as usize).checked_sub(1)?)
    }

    /// The integer, if it is one.
    pub(crate) fn long(&self, id: ValueId) -> Option<i64> {
        match self.item(id)? {
            Item::Long(n) => Some(*n),
            Item::Text(_)
            | Item::Bool(_)
            | Item::Entity { .. }
            | Item::Decimal(_)
            | Item::Opaque(_) => None,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    fn push(&mut self, item: Item) -> ValueId {
        let id = self.items.len() as ValueId + 1;
        match &item {
            Item::Long(n) => self.longs.insert(*n, id),
            Item::Text(text) => self.texts.insert(Arc::clone(text), id),
            Item::Bool(b) => self.others.insert(key(&Value::Bool(*b)).into(), id),
            Item::Entity { .. } | Item::Decimal(_) => {
                self.others.insert(key(&item.value()).into(), id)
            }
            Item::Opaque(key) => self.others.insert(Arc::clone(key), id),
        };
        self.items.push(item);
        id
    }
}

impl Item {
    fn of(value: &Value) -> Self {
        match value {
            Value::Int(n) => Item::Long(*n),
            Value::String(text) if text.len() <= LONGEST_TEXT => Item::Text(text.as_str().into()),
            Value::Bool(b) => Item::Bool(*b),
            Value::Entity { ty, id } => {
                Item::Entity { ty: ty.as_str().into(), id: id.as_str().into() }
            }
            Value::Decimal(text) => Item::Decimal(text.as_str().into()),
            Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => {
                Item::Opaque(key(value).into())
            }
        }
    }

    /// The value as events hold it, where it is no longer than that.
    pub(crate) fn shortened(value: &Value) -> Value {
        Item::of(value).value()
    }

    /// As Dogwood's interpreter takes it. Opaque values become texts that equal each other where the
    /// values did, and nothing else.
    pub(crate) fn value(&self) -> Value {
        match self {
            Item::Long(n) => Value::Int(*n),
            Item::Text(text) => Value::String(text.to_string()),
            Item::Bool(b) => Value::Bool(*b),
            Item::Entity { ty, id } => Value::Entity { ty: ty.to_string(), id: id.to_string() },
            Item::Decimal(text) => Value::Decimal(text.to_string()),
            Item::Opaque(key) => Value::String(format!("\u{0}{key}")),
        }
    }
}

/// What equals exactly where the values do.
fn key(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT => {
            let digest = Sha256::digest(text.as_bytes());
            let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            format!("t{hex}")
        }
        other => partition_value_key(other),
    }
}

impl From<Vec<Item>> for Values {
    fn from(items: Vec<Item>) -> Self {
        let mut values = Values::default();
        for item in items {
            values.push(item);
        }
        values
    }
}

impl From<Values> for Vec<Item> {
    fn from(values: Values) -> Self {
        values.items
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl Eq for Values {}

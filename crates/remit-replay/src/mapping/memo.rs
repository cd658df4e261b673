//! What is worked out once for each name, whichever thread asks first.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Values by name. Whoever fails to work one out tries again the next time.
#[derive(Debug)]
pub(super) struct Memo<T>(RwLock<HashMap<Box<str>, T>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Memo(RwLock::default())
    }
}

impl<T: Clone> Memo<T> {
    /// The value of `name`, worked out by `make` if it is not known. Two threads that make it at once
    /// get the same one.
    pub(super) fn get<E>(&self, name: &str, make: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let made = make()?;
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Ok(all.entry(name.into()).or_insert(made).clone())
    }
}

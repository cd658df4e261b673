//! Sessions in the formats of others, for tools that do not read what an agent runtime wrote.
//!
//! What a format cannot hold is left out, and each module says what that is.

mod atif;
mod dogwood;

pub use atif::to_atif;
pub use dogwood::{DogwoodLog, to_dogwood};

use crate::{Session, StepIdx};
use std::collections::HashMap;

/// An id for each call: its own where no other has it.
fn call_ids(session: &Session) -> HashMap<StepIdx, String> {
    let mut uses: HashMap<&str, u32> = HashMap::new();
    for (_, _, call) in session.calls() {
        if let Some(id) = &call.id {
            *uses.entry(id).or_default() += 1;
        }
    }
    let ids = session.calls().map(|(idx, _, call)| {
        let own = call.id.clone().filter(|id| uses.get(id.as_str()) == Some(&1));
        (idx, own.unwrap_or_else(|| format!("call-{}", call.index.0)))
    });
    ids.collect()
}

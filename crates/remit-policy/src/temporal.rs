//! Conditions over a session's history: Dogwood policies, and what an engine must know to judge them.
//!
//! A `.dw` policy is lowered alone to a plain Cedar policy. Each of its conditions over history, a
//! [`Leaf`], becomes one Boolean of the context, `context["history:…"]`, named by what the condition
//! says and not by where it is written: equal conditions of several policies are one leaf, and a
//! policy that moved asks the same question. Who judges gives the Booleans their values.
//!
//! [`History`] is what all leaves of a workspace stand on: whose events a condition sees, and which
//! fields they have.
//!
//! Nothing here looks at an event. Programs that fetch information from outside are not run.

mod actions;
mod compile;
mod events;
mod file;
mod format;
mod history;
mod key;
mod lint;
mod places;
mod reading;
mod words;

use std::collections::BTreeSet;
use std::ops::Range;

use dogwood_language::TemporalField;

pub use actions::schema_with_booleans;
pub use events::HistoryOf;
pub(crate) use events::fields_of;
pub(crate) use file::parse;
pub(crate) use format::format;
pub(crate) use history::HistoryConfig;
pub use history::{History, HistoryError};
pub use key::leaf_name;
pub use reading::Reading;

/// The beginning of every leaf's name, which no attribute of a schema should have.
pub const LEAF_PREFIX: &str = "history:";

/// A condition over the history of a session, as one policy writes it.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The attribute of the context that holds its value, such as `history:0123456789abcdef`.
    ///
    /// Two leaves have the same name exactly if they ask the same of the same events.
    pub name: String,
    /// The condition, pins included, and the actions for which its value is asked. Not relativised:
    /// events of other partitions are for the engine to leave out.
    pub field: TemporalField,
    /// What the author wrote, macros not expanded.
    pub text: String,
    /// The bytes of `text`, counted from the policy's first.
    pub span: Range<usize>,
}

impl Leaf {
    /// The events that it can match at all: the actions by their full texts, such as
    /// `Action::"pay"`, and the kinds. If a corpus has none of them, it never held.
    #[must_use]
    pub fn events(&self) -> BTreeSet<(String, String)> {
        let mut events = BTreeSet::new();
        places::predicates(&self.field.condition.condition, &mut |predicate| {
            let action = format!("{}::{:?}", predicate.namespace.join("::"), predicate.action);
            events.insert((action, predicate.kind.clone()));
        });
        events
    }
}

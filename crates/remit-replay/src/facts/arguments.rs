//! Where the arguments of a call come from, as sets that policies ask.

use crate::table::Value;
use remit_session::{ArgumentOrigins, OriginIndex, Session, StepIdx, TokenOrigin};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A call with more foreign tokens than this has none that could be asked for: a set that holds only
/// some of them would pass for all of them.
const MOST_FOREIGN_TOKENS: usize = 256;

/// Sets of the paths of arguments, and of tokens.
#[derive(Clone, Debug)]
pub(crate) struct ArgumentFacts {
    pub(crate) from_user: Value,
    pub(crate) from_trusted: Value,
    pub(crate) from_untrusted: Value,
    pub(crate) unseen: Value,
    /// `None` if there are too many.
    pub(crate) foreign_tokens: Option<Value>,
    /// Those that say where something goes, whatever word it stands beside; likewise.
    pub(crate) foreign_addresses: Option<Value>,
}

impl ArgumentFacts {
    /// The facts of the call at a step; `None` if its arguments are not readable.
    pub(super) fn of(index: &OriginIndex, session: &Session, at: StepIdx) -> Option<Self> {
        let origins = index.call(session, at)?;
        let paths = |test: fn(&ArgumentOrigins) -> bool| {
            set(origins.iter().filter(|argument| test(argument)).map(|a| a.path.as_str()))
        };
        let foreign = |test: fn(&TokenOrigin) -> bool| {
            let tokens = origins.iter().flat_map(ArgumentOrigins::foreign);
            let tokens: BTreeSet<&str> =
                tokens.filter(|token| test(token)).map(|token| token.plain.as_str()).collect();
            (tokens.len() <= MOST_FOREIGN_TOKENS).then(|| set(tokens.into_iter()))
        };
        Some(ArgumentFacts {
            from_user: paths(ArgumentOrigins::is_from_user),
            from_trusted: paths(ArgumentOrigins::is_from_trusted),
            from_untrusted: paths(ArgumentOrigins::is_from_untrusted),
            unseen: paths(ArgumentOrigins::is_unseen),
            foreign_tokens: foreign(|_| true),
            foreign_addresses: foreign(|token| token.kind.is_address()),
        })
    }
}

/// A set of texts.
pub(super) fn set<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    Value::Set(Arc::new(texts.map(|text| Value::Text(text.into())).collect()))
}

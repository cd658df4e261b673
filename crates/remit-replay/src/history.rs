//! Conditions over a session's past, decided at all of its requests in one pass.
//!
//! Dogwood's interpreter looks back from every request; here a condition becomes a [`relation`]: which
//! values satisfy it from which event until which, worked out once over all events of all sessions, in
//! time that is linear in them but for sorting. It promises the truth values that the interpreter gives,
//! which tests hold it to, and says what it does not compile ([`NotCompiled`]). Not here: which policies
//! hold which conditions, and what becomes of the truth values.

mod condition;
mod decide;
mod derived;
#[cfg(test)]
mod differential;
mod events;
mod hash;
mod interpret;
mod leaves;
mod log;
#[cfg(test)]
mod oracle;
mod part;
mod pass;
mod recall;
mod relation;
mod since;
mod steps;
mod terms;
mod time;
mod trace;
mod values;
mod witness;

pub(crate) use decide::{Attributes, Points};
pub(crate) use events::{Fields, Histories, TICKS, add, histories};
pub(crate) use leaves::{LeafTruths, leaves};
pub(crate) use log::EventLog;
pub use recall::{Asked, Literal, LiteralKind};
pub(crate) use recall::{Recall, Remembered, asked};
pub use trace::{Decided, Trace};
use values::Item;
pub use witness::Witness;

use decide::Deciding;
use dogwood_language::temporal_ast::Condition;
use time::Mode;

/// The truth of a condition at each of some decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Truths {
    pub(crate) holds: Vec<bool>,
    /// Where it depends on times that nobody recorded. Empty: nowhere.
    pub(crate) open: Vec<bool>,
}

impl Truths {
    /// The truth at a decision, if it is known.
    fn known(&self, at: usize) -> Option<bool> {
        let open = self.open.get(at).copied().unwrap_or(false);
        self.holds.get(at).copied().filter(|_| !open)
    }
}

/// Why a condition is left to Dogwood's interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum NotCompiled {
    /// Only the rewriting of pins makes it.
    #[error("it holds an `||`")]
    Disjunction,
    /// A macro is left in it.
    #[error("it is not expanded")]
    NotExpanded,
    /// Arrays and arithmetic.
    #[error("it holds a list, or arithmetic")]
    Term,
    /// A variable that only a comparison mentions.
    #[error("a variable is only compared, never bound by an event")]
    Unbound,
    /// `exists (n: Long). (… n … && n < context.input.limit)`.
    #[error("a value of an earlier event is ordered against a value of the request")]
    OrderedAgainstRequest,
    /// An aggregate for each value of another event, compared with more than a constant.
    #[error("a sum for each earlier event is compared with something other than a constant")]
    SumAgainstRow,
    /// Rows that are counted against others, where the values that tell them apart are given up.
    #[error("a negation inside of a negation or a sum asks something of the request")]
    CountedNegation,
    /// The left side of an inner `since` asks what the right side does not.
    #[error("the left side of a `since` asks for more than its right side")]
    SinceAsksMore,
    /// Sums of what may be negative are not bounded by what must and what may be.
    #[error("without times, a sum of negative numbers has no bounds")]
    NegativeWithoutTimes,
    /// An inner `==` on a sum that is not known.
    #[error("without times, a sum equals nothing for sure")]
    EqualWithoutTimes,
    /// The recordings make more of it than is worth remembering.
    #[error("it has too many combinations in these recordings")]
    TooLarge,
}

/// The truth of `condition` at each of `points`. `attributes` says what the policies know of entities.
///
/// # Errors
/// [`NotCompiled`] if it must be left to the interpreter.
pub(crate) fn decide(
    log: &EventLog,
    points: &Points,
    condition: &Condition,
    attributes: &Attributes<'_>,
) -> Result<Truths, NotCompiled> {
    let decide = |mode| Deciding::new(log, points, attributes).decide(condition, mode);
    let holds = decide(Mode::Must)?;
    if log.is_exact() {
        return Ok(Truths { holds, open: Vec::new() });
    }
    let may = decide(Mode::May)?;
    let open = holds.iter().zip(may).map(|(must, may)| *must != may).collect();
    Ok(Truths { holds, open })
}

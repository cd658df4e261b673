//! What of a tool call does not fit the schema: where, and in which way.
//!
//! A misfit is no verdict. It says what policies cannot see as it was meant, so that a person can mend
//! the schema; the words for people are made from it, and only here.

use crate::mapping::{Mapper, Unmapped};
use remit_policy::ActionModel;
use remit_session::{Arguments, Session, StepIdx, ToolCall};
use serde_json::Value;
use std::fmt;

/// Something of a call that does not fit the schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Misfit {
    /// Where it is in the request; it begins with `context` and `input`.
    pub path: Vec<Part>,
    /// In which way it does not fit.
    pub kind: MisfitKind,
}

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// An attribute.
    Name(String),
    /// An element of a list; `None` for any.
    Element(Option<usize>),
}

/// In which way something does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MisfitKind {
    /// The schema does not have it.
    Undeclared,
    /// The schema requires it, and the call does not have it.
    Absent,
    /// It is of another kind than the schema says.
    OtherType {
        /// What was sent.
        sent: &'static str,
        /// What the schema says.
        declared: &'static str,
    },
}

/// How a call fits the schema.
#[derive(Clone, Debug)]
pub enum Fit<'w> {
    /// It is judged, whatever of it does not fit.
    Mapped {
        /// As this action.
        action: &'w ActionModel,
        /// What does not fit.
        misfits: Vec<Misfit>,
    },
    /// It is not judged.
    Unmapped {
        /// Why not.
        why: Unmapped,
        /// Whether the schema lacks an action of the tool's name, and no rule of the workspace names one.
        is_undeclared: bool,
    },
}

impl Misfit {
    /// The same, in whichever elements of lists it is.
    #[must_use]
    pub fn anywhere(&self) -> Self {
        let part = |part: &Part| match part {
            Part::Name(name) => Part::Name(name.clone()),
            Part::Element(_) => Part::Element(None),
        };
        Misfit { path: self.path.iter().map(part).collect(), kind: self.kind }
    }

    /// What the call holds there.
    #[must_use]
    pub fn value<'a>(&self, arguments: &'a Arguments) -> Option<&'a Value> {
        let Arguments::Object(object) = arguments else { return None };
        let mut parts = self.path.iter().skip(2);
        let Some(Part::Name(first)) = parts.next() else { return None };
        parts.try_fold(object.get(first)?, |value, part| match part {
            Part::Name(name) => value.get(name),
            Part::Element(at) => value.get((*at)?),
        })
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Written(&self.path);
        match self.kind {
            MisfitKind::Undeclared => {
                write!(f, "the schema does not know `{path}`: no policy can see it")
            }
            MisfitKind::Absent => write!(f, "the call has no `{path}`, which the schema requires"),
            MisfitKind::OtherType { sent, declared } => {
                write!(f, "`{path}` is {sent}, the schema says {declared}")
            }
        }
    }
}

/// A path as people read it.
struct Written<'a>(&'a [Part]);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            match part {
                Part::Name(name) if at == 0 => f.write_str(name)?,
                Part::Name(name) => write!(f, ".{name}")?,
                Part::Element(Some(index)) => write!(f, "[{index}]")?,
                Part::Element(None) => f.write_str("[]")?,
            }
        }
        Ok(())
    }
}

/// How each tool call of a session fits the schema of `mapper`, with its step.
pub fn fits<'a, 'w>(
    mapper: &'a Mapper<'w>,
    session: &'a Session,
) -> impl Iterator<Item = (StepIdx, &'a ToolCall, Fit<'w>)> {
    session.calls().map(move |(at, step, call)| {
        let principal = mapper.principal(session.agent(step.lane));
        (at, call, mapper.fit(call, &principal))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(names: &[&str]) -> Vec<Part> {
        names.iter().map(|name| Part::Name((*name).to_owned())).collect()
    }

    #[test]
    fn a_misfit_finds_its_value_and_forgets_which_element_it_is_in() {
        let mut path = at(&["context", "input", "lines"]);
        path.extend([Part::Element(Some(1)), Part::Name("price".into())]);
        let kind = MisfitKind::OtherType { sent: "a string", declared: "Long" };
        let misfit = Misfit { path, kind };
        let arguments = json!({ "lines": [{ "price": 1 }, { "price": "two" }] });
        let arguments = Arguments::Object(arguments.as_object().unwrap().clone());
        assert_eq!(misfit.value(&arguments), Some(&json!("two")));
        assert_eq!(
            misfit.to_string(),
            "`context.input.lines[1].price` is a string, the schema says Long"
        );
        assert_eq!(misfit.anywhere().value(&arguments), None);
        assert!(misfit.anywhere().to_string().contains("lines[].price"));
    }
}

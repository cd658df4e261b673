//! What each part of a policy's conditions comes to on one request.
//!
//! Parts are evaluated by Cedar, each alone, and only those that Cedar would ask: what stands behind a false
//! `&&` is not reached, and has no value. Not here: conditions over history, which have witnesses.

use cedar_policy::{Entities, EvalResult, Expression, Request, eval_expression};
use remit_policy::editor::{ClauseParts, Joint, Part, clause_parts};

/// Longer values are cut.
const VALUE_CHARS: usize = 200;

/// One clause, with what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseValue {
    /// Whether it is needed not to hold.
    pub is_unless: bool,
    /// What it asks.
    pub whole: PartValueNode,
}

/// A part of a condition, with what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartValueNode {
    /// What its author wrote.
    pub text: String,
    /// What it comes to.
    pub value: Evaluated,
    /// What it is made of.
    pub parts: Vec<PartValueNode>,
}

/// What a part of a condition comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluated {
    /// It holds, or does not.
    Bool(bool),
    /// Another value, as Cedar writes it.
    Value(String),
    /// It fails, and with it the policy: why.
    Failed(String),
    /// Nobody asks it.
    NotReached,
}

/// The clauses of a policy's text on a request; none where it does not parse.
pub fn clause_values(text: &str, request: &Request, entities: &Entities) -> Vec<ClauseValue> {
    let evaluating = Evaluating { text, request, entities };
    let clauses = clause_parts(text).unwrap_or_default();
    let value = |ClauseParts { is_unless, whole }: ClauseParts| {
        Some(ClauseValue { is_unless, whole: evaluating.part(&whole?, true) })
    };
    clauses.into_iter().filter_map(value).collect()
}

struct Evaluating<'a> {
    text: &'a str,
    request: &'a Request,
    entities: &'a Entities,
}

impl Evaluating<'_> {
    fn part(&self, part: &Part, is_reached: bool) -> PartValueNode {
        let text = self.text.get(part.span.clone()).unwrap_or_default();
        if !is_reached {
            let (text, value) = (text.to_owned(), Evaluated::NotReached);
            return PartValueNode { text, value, parts: Vec::new() };
        }
        let mut parts: Vec<PartValueNode> = Vec::new();
        for (at, of) in part.parts.iter().enumerate() {
            let first = parts.first().map(|first| &first.value);
            let asked = match (part.joint, at) {
                (Joint::All, _) | (_, 0) => true,
                (Joint::And, _) => first == Some(&Evaluated::Bool(true)),
                (Joint::Or, _) => first == Some(&Evaluated::Bool(false)),
                (Joint::If, 1) => first == Some(&Evaluated::Bool(true)),
                (Joint::If, _) => first == Some(&Evaluated::Bool(false)),
            };
            parts.push(self.part(of, asked));
        }
        PartValueNode { text: text.to_owned(), value: self.value(text), parts }
    }

    fn value(&self, text: &str) -> Evaluated {
        let expression: Expression = match text.parse() {
            Ok(expression) => expression,
            Err(_) => return Evaluated::NotReached,
        };
        match eval_expression(self.request, self.entities, &expression) {
            Ok(EvalResult::Bool(holds)) => Evaluated::Bool(holds),
            Ok(value) => Evaluated::Value(cut(&value.to_string())),
            Err(error) => Evaluated::Failed(error.to_string()),
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::Context;

    #[test]
    fn only_what_is_asked_has_a_value() {
        let context =
            Context::from_json_value(serde_json::json!({ "n": 4, "to": "x" }), None).unwrap();
        let uid = |text: &str| text.parse().unwrap();
        let (a, b, c) = (uid("A::\"a\""), uid("Action::\"b\""), uid("R::\"c\""));
        let request = Request::new(a, b, c, context, None).unwrap();
        let text = "permit (principal, action, resource) when { context.n > 3 && (context.to == \"y\" && context.gone) } \
                    unless { context.gone == 1 };";
        let values = clause_values(text, &request, &Entities::empty());
        let [when, unless] = values.as_slice() else { panic!("two clauses") };
        assert_eq!(when.whole.value, Evaluated::Bool(false));
        let [number, rest] = when.whole.parts.as_slice() else { panic!("two parts") };
        assert_eq!(number.value, Evaluated::Bool(true));
        assert_eq!(
            number.parts.first().map(|part| &part.value),
            Some(&Evaluated::Value("4".into()))
        );
        assert_eq!(rest.parts.get(1).map(|part| &part.value), Some(&Evaluated::NotReached));
        assert!(matches!(unless.whole.value, Evaluated::Failed(_)) && unless.is_unless);
    }
}

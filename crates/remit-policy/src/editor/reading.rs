//! A policy in plain English: what it allows or forbids, to whom, when.
//!
//! It says what the text says, word by word, and claims nothing about what the policy does among
//! others. What it cannot read it quotes.

use cedar_policy::Effect;

use super::parse;
use super::syntax::{Clause, Expression, Kind, Operator, Policy, Span, Variable};
use super::token::unquoted;
use super::types::constraint;

/// What the policy says, in one sentence; `None` for text that is no policy.
#[must_use]
pub fn plain_english(policy: &str) -> Option<String> {
    let policies = parse::policies(policy);
    self::policy(policy, policies.first()?)
}

pub(super) fn policy(text: &str, policy: &Policy) -> Option<String> {
    let (effect, _) = policy.effect.as_ref()?;
    policy.head.as_ref()?;
    let reader = Reader { text };
    let who = reader.who(constraint(policy, Variable::Principal));
    let what = reader.what(constraint(policy, Variable::Action));
    let on = reader.on(constraint(policy, Variable::Resource));
    let mut sentence = match effect {
        Effect::Permit => format!("{who} may {what}{on}"),
        Effect::Forbid if who == EVERYBODY => format!("Nobody may {what}{on}"),
        Effect::Forbid => format!("{who} must not {what}{on}"),
    };
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    for (at, clause) in policy.clauses.iter().enumerate() {
        sentence.push_str(&reader.clause(clause, at > 0)?);
    }
    sentence.push('.');
    Some(sentence)
}

const EVERYBODY: &str = "Everybody";

struct Reader<'a> {
    text: &'a str,
}

impl<'a> Reader<'a> {
    fn slice(&self, span: &Span) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// As it is written, in one line.
    fn quoted(&self, expression: &Expression) -> String {
        let words: Vec<&str> = self.slice(&expression.span).split_whitespace().collect();
        format!("`{}`", words.join(" "))
    }

    fn who(&self, constraint: Option<&Expression>) -> String {
        match constraint.map(|e| &e.kind) {
            Some(Kind::Binary { operator: Operator::Equal, right, .. }) => self.value(right),
            Some(Kind::Binary { operator: Operator::In, right, .. }) => {
                format!("Whoever is in {}", self.value(right))
            }
            Some(Kind::Is { path, group, .. }) => {
                let member = group.as_ref().map(|g| format!(" in {}", self.value(g)));
                format!("Every {}{}", path.text, member.unwrap_or_default())
            }
            _ => EVERYBODY.to_owned(),
        }
    }

    fn what(&self, constraint: Option<&Expression>) -> String {
        let (operator, right) = match constraint.map(|e| &e.kind) {
            Some(Kind::Binary { operator, right, .. }) => (*operator, right.inner()),
            _ => return "do anything".to_owned(),
        };
        match &right.kind {
            Kind::Set(elements) => {
                let names: Vec<String> = elements.iter().map(|e| self.action(e)).collect();
                format!("call {}", listed(&names, "or"))
            }
            _ if operator == Operator::In => format!("call anything of {}", self.action(right)),
            _ => format!("call {}", self.action(right)),
        }
    }

    fn action(&self, expression: &Expression) -> String {
        match &expression.kind {
            Kind::Entity { id: Some(id), .. } => format!("`{}`", unquoted(self.slice(id))),
            _ => self.quoted(expression),
        }
    }

    fn on(&self, constraint: Option<&Expression>) -> String {
        match constraint.map(|e| &e.kind) {
            Some(Kind::Binary { operator: Operator::Equal, right, .. }) => {
                format!(" on {}", self.value(right))
            }
            Some(Kind::Binary { operator: Operator::In, right, .. }) => {
                format!(" on anything in {}", self.value(right))
            }
            Some(Kind::Is { path, group, .. }) => {
                let member = group.as_ref().map(|g| format!(" in {}", self.value(g)));
                format!(" on a {}{}", path.text, member.unwrap_or_default())
            }
            _ => String::new(),
        }
    }

    fn clause(&self, clause: &Clause, is_later: bool) -> Option<String> {
        let condition = match &clause.condition {
            Some(condition) => self.condition(condition),
            None => format!("`{}`", self.slice(&clause.body.clone()?).trim()),
        };
        let word = if clause.is_unless { "unless" } else { "if" };
        let and = if is_later { ", and only" } else { "," };
        let and = if is_later && clause.is_unless { ", and" } else { and };
        Some(format!(
            "{} {word} {condition}",
            and.trim_end_matches(if is_later { "" } else { "," })
        ))
    }

    fn condition(&self, expression: &Expression) -> String {
        match &expression.kind {
            Kind::Parentheses(of) => match of.kind {
                Kind::Binary { operator: Operator::And | Operator::Or, .. } => {
                    format!("({})", self.condition(of))
                }
                _ => self.condition(of),
            },
            Kind::Not(of) => self.negated(of.inner()),
            Kind::Binary { operator, left, right, .. } => self.binary(*operator, left, right),
            Kind::Has { of, path, .. } => {
                let names: Vec<&str> = path.iter().map(|name| name.text.as_str()).collect();
                format!("{} is there", self.attribute_of(of, &names.join(".")))
            }
            Kind::Is { of, path, group, .. } => {
                let member = group.as_ref().map(|g| format!(" in {}", self.value(g)));
                format!("{} is a {}{}", self.value(of), path.text, member.unwrap_or_default())
            }
            Kind::Method { of, name, arguments } => self.method(of, &name.text, arguments),
            Kind::If { test, yes, no } => format!(
                "{} where {}, else {}",
                self.condition(yes),
                self.condition(test),
                self.condition(no)
            ),
            Kind::Bool => match self.slice(&expression.span) {
                "true" => "in any case".to_owned(),
                _ => "never".to_owned(),
            },
            Kind::Member { .. } | Kind::Index { .. } => {
                format!("{} is true", self.value(expression))
            }
            _ => self.quoted(expression),
        }
    }

    fn negated(&self, expression: &Expression) -> String {
        match &expression.kind {
            Kind::Has { of, path, .. } => {
                let names: Vec<&str> = path.iter().map(|name| name.text.as_str()).collect();
                format!("{} is not there", self.attribute_of(of, &names.join(".")))
            }
            Kind::Member { .. } | Kind::Index { .. } => {
                format!("{} is false", self.value(expression))
            }
            _ => format!("not ({})", self.condition(expression)),
        }
    }

    fn binary(&self, operator: Operator, left: &Expression, right: &Expression) -> String {
        let (a, b) = (self.value(left), self.value(right));
        match operator {
            Operator::And => format!("{} and {}", self.condition(left), self.condition(right)),
            Operator::Or => format!("{} or {}", self.condition(left), self.condition(right)),
            Operator::Equal => format!("{a} is {b}"),
            Operator::NotEqual => format!("{a} is not {b}"),
            Operator::Less => format!("{a} is less than {b}"),
            Operator::LessEqual => format!("{a} is at most {b}"),
            Operator::Greater => format!("{a} is more than {b}"),
            Operator::GreaterEqual => format!("{a} is at least {b}"),
            Operator::In => match &right.inner().kind {
                Kind::Set(_) => format!("{a} is in one of {b}"),
                _ => format!("{a} is in {b}"),
            },
            Operator::Like => match &right.kind {
                Kind::Text => format!("{a} {}", pattern(self.slice(&right.span))),
                _ => format!("{a} is like {b}"),
            },
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Unknown => {
                let whole = left.span.start..right.span.end;
                format!("`{}`", self.slice(&whole))
            }
        }
    }

    fn method(&self, of: &Expression, name: &str, arguments: &[Expression]) -> String {
        let of_set = matches!(of.inner().kind, Kind::Set(_));
        let a = self.value(of);
        let b = arguments.first().map(|argument| self.value(argument)).unwrap_or_default();
        match name {
            "contains" if of_set => format!("{b} is one of {a}"),
            "contains" => format!("{a} contain {b}"),
            "containsAll" => format!("{a} contain all of {b}"),
            "containsAny" => format!("{a} contain any of {b}"),
            "isEmpty" => format!("{a} are empty"),
            "lessThan" => format!("{a} is less than {b}"),
            "lessThanOrEqual" => format!("{a} is at most {b}"),
            "greaterThan" => format!("{a} is more than {b}"),
            "greaterThanOrEqual" => format!("{a} is at least {b}"),
            "isInRange" => format!("{a} is in the range {b}"),
            "isIpv4" => format!("{a} is an IPv4 address"),
            "isIpv6" => format!("{a} is an IPv6 address"),
            "isLoopback" => format!("{a} is the machine's own address"),
            "isMulticast" => format!("{a} is a multicast address"),
            "hasTag" => format!("{a} has the tag {b}"),
            _ => format!("{a}.{name}({b})"),
        }
    }

    /// A value as part of a sentence.
    fn value(&self, expression: &Expression) -> String {
        match &expression.kind {
            Kind::Variable(Variable::Principal) => "the agent".to_owned(),
            Kind::Variable(Variable::Resource) => "the resource".to_owned(),
            Kind::Variable(Variable::Action) => "the action".to_owned(),
            Kind::Variable(Variable::Context) => "the call".to_owned(),
            Kind::Entity { path, id: Some(id) } => {
                format!("{} {}", path.text.trim_end_matches("::"), self.slice(id))
            }
            Kind::Member { of, name } => self.attribute_of(of, &name.text),
            Kind::Index { of, key: Some(key) } => self.attribute_of(of, &unquoted(self.slice(key))),
            Kind::Call { function, arguments } => match arguments.first().map(|a| &a.kind) {
                Some(Kind::Text) => arguments
                    .first()
                    .map(|argument| unquoted(self.slice(&argument.span)))
                    .unwrap_or_default(),
                _ => format!("`{}(…)`", function.text),
            },
            Kind::Set(elements) => {
                let values: Vec<String> = elements.iter().map(|e| self.value(e)).collect();
                listed(&values, "or")
            }
            Kind::Parentheses(of) => self.value(of),
            Kind::Slot => format!("whoever fills `{}`", self.slice(&expression.span)),
            Kind::Method { of, name, .. } if name.text == "getTag" => {
                format!("a tag of {}", self.value(of))
            }
            Kind::Text | Kind::Number | Kind::Bool | Kind::Negative(_) => {
                self.slice(&expression.span).to_owned()
            }
            _ => self.quoted(expression),
        }
    }

    /// `context.input.to` is what is called `to`; of an agent or a resource, it is theirs.
    fn attribute_of(&self, of: &Expression, name: &str) -> String {
        match &of.kind {
            Kind::Variable(Variable::Context) => format!("`{name}`"),
            Kind::Variable(_) => format!("`{name}` of {}", self.value(of)),
            Kind::Member { of: above, name: group }
                if matches!(above.kind, Kind::Variable(Variable::Context)) =>
            {
                match group.text.as_str() {
                    "input" => format!("`{name}`"),
                    "session" => format!("the session's `{name}`"),
                    group => format!("`{name}` of `{group}`"),
                }
            }
            _ => format!("`{name}` of {}", self.value(of)),
        }
    }
}

fn listed(values: &[String], and: &str) -> String {
    match values.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} {and} {last}", others.join(", ")),
    }
}

/// What texts fit a pattern.
fn pattern(token: &str) -> String {
    let inner = token.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(token);
    let parts: Vec<&str> = inner.split('*').collect();
    let has_escape = inner.contains('\\');
    match parts.as_slice() {
        _ if has_escape => format!("fits {token}"),
        [whole] => format!("is exactly \"{whole}\""),
        ["", ""] => "is any text".to_owned(),
        [start, ""] => format!("begins with \"{start}\""),
        ["", end] => format!("ends with \"{end}\""),
        ["", middle, ""] => format!("contains \"{middle}\""),
        _ => format!("fits {token}"),
    }
}

//! Guards, ids and other words that are missing.

use super::super::schema::Type;
use super::super::syntax::{Expression, Kind, Operator, Policy, Span, Variable};
use super::super::token::{quoted, unquoted};
use super::super::types::constraint;
use super::Mender;

impl Mender<'_> {
    /// The smallest part of a condition that can have another condition before it.
    fn atom(&self) -> Option<Span> {
        let around = self.around();
        let mut atom = around.first().copied()?;
        for pair in around.windows(2) {
            let [above, below] = pair else { continue };
            let is_joint = matches!(
                above.kind,
                Kind::Binary { operator: Operator::And | Operator::Or, .. }
                    | Kind::Parentheses(_)
                    | Kind::If { .. }
            );
            match is_joint {
                true => atom = below,
                false => break,
            }
        }
        Some(atom.span.clone())
    }

    fn guard(&mut self, asked: &str) {
        let Some(atom) = self.atom() else { return };
        let at = atom.start..atom.start;
        self.fix(format!("ask first: `{asked}`"), vec![(at, format!("{asked} && "))]);
    }

    pub(super) fn guard_attribute(&mut self) {
        let Some((of, _, name)) = self.access() else { return };
        let is_plain = super::super::complete::is_identifier(&name);
        let name = if is_plain { name } else { quoted(&name) };
        let written = self.slice(&of.span);
        let asked = format!("{written} has {name}");
        self.guard(&asked);
    }

    pub(super) fn guard_tag(&mut self) {
        let around = self.around();
        let tag = around.iter().rev().find_map(|expression| match &expression.kind {
            Kind::Method { of, name, arguments } if name.text == "getTag" => {
                Some((self.slice(&of.span), self.slice(&arguments.first()?.span)))
            }
            _ => None,
        });
        if let Some((of, name)) = tag {
            self.guard(&format!("{of}.hasTag({name})"));
        }
    }

    pub(super) fn add_id(&mut self) {
        let Some(policy) = self.policy else { return };
        let id = self.free_id(&self.proposed_id(policy));
        let start = policy.span.start;
        let line = self.text.get(..start).and_then(|t| t.rsplit('\n').next()).unwrap_or_default();
        let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
        let edit = (start..start, format!("@id({})\n{indent}", quoted(&id)));
        self.fix(format!("name it `{id}`"), vec![edit]);
    }

    /// What it does to what: `forbid-send-mail`.
    fn proposed_id(&self, policy: &Policy) -> String {
        let effect = policy.effect.as_ref().map_or("policy", |(_, span)| self.slice(span));
        let action = constraint(policy, Variable::Action).and_then(|constraint| {
            constraint.all().into_iter().find_map(|e| match &e.kind {
                Kind::Entity { id: Some(id), .. } => Some(unquoted(self.slice(id))),
                _ => None,
            })
        });
        let words = format!("{effect}-{}", action.as_deref().unwrap_or("all"));
        let dashed: String = words
            .chars()
            .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
        parts.join("-")
    }

    fn free_id(&self, wanted: &str) -> String {
        let taken = self.taken_ids();
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut ids = std::iter::once(wanted.to_owned()).chain(numbered);
        ids.find(|id| !taken.contains(id)).unwrap_or_default()
    }

    pub(super) fn another_id(&mut self) {
        let value = self.policy.and_then(|policy| policy.annotation("id")?.value.clone());
        let Some(value) = value else { return };
        let id = self.free_id(&unquoted(self.slice(&value)));
        self.fix(format!("name it `{id}`"), vec![(value, quoted(&id))]);
    }

    pub(super) fn delete_policy(&mut self) {
        let Some(policy) = self.policy else { return };
        let rest = self.text.get(policy.span.end..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        let span = policy.span.start..policy.span.end + blank;
        self.fix("delete this copy", vec![(span, String::new())]);
    }

    /// `a == []` asks nothing that `a.isEmpty()` does not.
    pub(super) fn ask_is_empty(&mut self) {
        let around = self.around();
        let comparison = around.iter().rev().find_map(|expression| match &expression.kind {
            Kind::Binary { operator, left, right, .. } => {
                let of = match (&left.kind, &right.kind) {
                    (_, Kind::Set(none)) if none.is_empty() => left,
                    (Kind::Set(none), _) if none.is_empty() => right,
                    _ => return None,
                };
                let not = match operator {
                    Operator::Equal => "",
                    Operator::NotEqual => "!",
                    _ => return None,
                };
                let text = format!("{not}{}.isEmpty()", self.slice(&of.span));
                Some((expression.span.clone(), text))
            }
            _ => None,
        });
        if let Some((span, text)) = comparison {
            self.fix(format!("write `{text}`"), vec![(span, text)]);
        }
    }

    /// Decimals have methods where longs have operators.
    pub(super) fn compare_decimals(&mut self) {
        let all = self.policy.into_iter().flat_map(Policy::expressions).flat_map(Expression::all);
        let comparisons: Vec<(Span, String)> = all
            .filter(|e| e.span.start <= self.span.start && self.span.end <= e.span.end)
            .filter_map(|expression| Some((expression.span.clone(), self.decimals(expression)?)))
            .collect();
        for (span, text) in comparisons {
            self.fix(format!("write `{text}`"), vec![(span, text)]);
        }
    }

    fn decimals(&self, expression: &Expression) -> Option<String> {
        let Kind::Binary { operator, left, right, .. } = &expression.kind else { return None };
        let is_decimal = |e: &Expression| {
            self.environment.types(self.text, e).first().is_some_and(|t| t.ty == Type::Decimal)
        };
        let (decimal, other, is_swapped) = match (is_decimal(left), is_decimal(right)) {
            (true, _) => (left, right, false),
            (false, true) => (right, left, true),
            (false, false) => return None,
        };
        let number = match other.kind {
            Kind::Number | Kind::Negative(_) => {
                format!("decimal(\"{}.0\")", self.slice(&other.span).replace(' ', ""))
            }
            _ if is_decimal(other) => self.slice(&other.span).to_owned(),
            _ => return None,
        };
        let decimal = self.slice(&decimal.span);
        let method = match (operator, is_swapped) {
            (Operator::Less, false) | (Operator::Greater, true) => "lessThan",
            (Operator::LessEqual, false) | (Operator::GreaterEqual, true) => "lessThanOrEqual",
            (Operator::Greater, false) | (Operator::Less, true) => "greaterThan",
            (Operator::GreaterEqual, false) | (Operator::LessEqual, true) => "greaterThanOrEqual",
            (Operator::Equal, _) => return Some(format!("{decimal} == {number}")),
            (Operator::NotEqual, _) => return Some(format!("{decimal} != {number}")),
            _ => return None,
        };
        Some(format!("{decimal}.{method}({number})"))
    }

    /// What people write who know other languages.
    pub(super) fn syntax(&mut self) {
        if self.finding.message == "the policy does not end with `;`" {
            let end = self.span.end..self.span.end;
            return self.fix("add `;`", vec![(end, ";".to_owned())]);
        }
        let replaced = [
            ("=", "=="),
            ("===", "=="),
            ("and", "&&"),
            ("AND", "&&"),
            ("or", "||"),
            ("OR", "||"),
            ("&", "&&"),
            ("|", "||"),
            ("contains", ".contains(…)"),
        ];
        let strays: Vec<(Span, String)> = self
            .policy
            .into_iter()
            .flat_map(Policy::expressions)
            .flat_map(Expression::all)
            .filter_map(|e| match &e.kind {
                Kind::Binary { operator: Operator::Unknown, at, .. } => {
                    Some((at.clone(), self.slice(at).to_owned()))
                }
                _ => None,
            })
            .collect();
        for (span, written) in strays {
            let right = replaced.iter().find(|(wrong, _)| *wrong == written).map(|(_, r)| *r);
            if let Some(right) = right.filter(|right| !right.contains('…')) {
                self.fix(format!("write `{right}`"), vec![(span, right.to_owned())]);
            }
        }
        self.single_quotes();
        self.unclosed();
    }

    /// Texts in Cedar have double quotes.
    fn single_quotes(&mut self) {
        let Some(policy) = self.policy else { return };
        let text = self.slice(&policy.span);
        let outside = |at: usize| text.get(..at).unwrap_or_default().matches('"').count() % 2 == 0;
        let mut quotes = text.match_indices('\'').map(|(at, _)| at).filter(|at| outside(*at));
        if let (Some(open), Some(close)) = (quotes.next(), quotes.next()) {
            let inner = text.get(open + 1..close).unwrap_or_default();
            let start = policy.span.start;
            let edit = (start + open..start + close + 1, quoted(inner));
            self.fix(format!("write `{}`", quoted(inner)), vec![edit]);
        }
    }

    /// A policy whose braces or parentheses are not closed.
    fn unclosed(&mut self) {
        let last = self
            .policies
            .iter()
            .rposition(|p| Some(p.span.start) == self.policy.map(|p| p.span.start));
        let Some(policy) = self.policy.filter(|_| last.is_some()) else { return };
        let end = policy.end.unwrap_or(policy.span.end);
        if let Some(clause) = policy.clauses.last().filter(|c| !c.is_closed && c.body.is_some()) {
            let body = clause.body.clone().unwrap_or(end..end);
            let at = self.slice(&body).trim_end().len() + body.start;
            let semicolon = if policy.end.is_some() { "" } else { ";" };
            self.fix("close the braces", vec![(at..at, format!(" }}{semicolon}"))]);
        } else if policy.head.as_ref().is_some_and(|head| !head.is_closed) {
            let head = policy.head.as_ref().map_or(end, |head| head.span.end).min(end);
            let at = self.text.get(..head).map_or(head, |before| before.trim_end().len());
            let is_whole = policy.clauses.is_empty() && policy.end.is_none();
            let close = if is_whole { ");" } else { ")" };
            self.fix("close the parentheses", vec![(at..at, close.to_owned())]);
        }
    }

    pub(super) fn remove_hidden(&mut self) {
        let text = self.slice(&self.span.clone());
        let is_hidden = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let edits: Vec<(Span, String)> = text
            .char_indices()
            .filter(|(_, c)| is_hidden(*c))
            .map(|(at, c)| {
                let start = self.span.start + at;
                (start..start + c.len_utf8(), String::new())
            })
            .collect();
        if !edits.is_empty() {
            self.fix("remove the hidden characters", edits);
        }
    }
}

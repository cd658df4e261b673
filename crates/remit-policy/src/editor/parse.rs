//! Parses policies that may be half written. It never fails: what does not fit is left out or marked.

use cedar_policy::Effect;

use super::syntax::{Annotation, Clause, Constraint, Head, Name, Policy, Span};
use super::token::{self, Kind, Token};

/// The policies of a file.
pub(super) fn policies(text: &str) -> Vec<Policy> {
    let tokens = token::tokens(text);
    pieces(text, &tokens).into_iter().map(|piece| Parser::new(text, piece).policy()).collect()
}

/// The tokens of each policy: up to `;`, or to a line that begins another policy.
fn pieces<'a>(text: &str, tokens: &'a [Token]) -> Vec<&'a [Token]> {
    let mut pieces = Vec::new();
    let (mut from, mut has_effect) = (0, false);
    for (at, token) in tokens.iter().enumerate() {
        let word = text.get(token.span.clone()).unwrap_or_default();
        let is_effect = matches!(word, "permit" | "forbid");
        let line = text.get(..token.span.start).unwrap_or_default();
        if has_effect && (is_effect || word == "@") && line.ends_with('\n') {
            pieces.extend(tokens.get(from..at));
            (from, has_effect) = (at, false);
        }
        has_effect |= is_effect;
        if word == ";" {
            pieces.extend(tokens.get(from..=at));
            (from, has_effect) = (at + 1, false);
        }
    }
    pieces.extend(tokens.get(from..));
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Reads the tokens of one policy, or of one expression.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    tokens: &'a [Token],
    at: usize,
    pub(super) depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self { text, tokens, at: 0, depth: 0 }
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).and_then(|token| self.text.get(token.span.clone()))
    }

    pub(super) fn peek_after(&self) -> Option<&'a str> {
        self.tokens.get(self.at + 1).and_then(|token| self.text.get(token.span.clone()))
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    /// The next token's bytes; past the last token, the end of the text before the next policy.
    pub(super) fn span(&self) -> Span {
        match self.tokens.get(self.at) {
            Some(token) => token.span.clone(),
            None => self.before()..self.before(),
        }
    }

    /// Where the last token that was taken ends.
    pub(super) fn before(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let first = self.tokens.first().map_or(0, |token| token.span.start);
        last.map_or(first, |token| token.span.end)
    }

    /// What is between the last token and the next.
    pub(super) fn gap(&self) -> Span {
        let end = match self.tokens.get(self.at) {
            Some(token) => token.span.start,
            None => {
                let rest = self.text.get(self.before()..).unwrap_or_default();
                let blank = rest.len() - rest.trim_start().len();
                self.before() + blank
            }
        };
        self.before()..end.max(self.before())
    }

    pub(super) fn take(&mut self) -> Span {
        let span = self.span();
        self.at += usize::from(self.at < self.tokens.len());
        span
    }

    pub(super) fn accept(&mut self, wanted: &str) -> bool {
        let found = self.peek() == Some(wanted) && self.kind() != Some(Kind::Text);
        if found {
            self.take();
        }
        found
    }

    /// The word that comes next; an empty name in the gap if none does.
    pub(super) fn name(&mut self) -> Name {
        let text = self.peek().unwrap_or_default().to_owned();
        match self.kind() {
            Some(Kind::Word) => Name { text, span: self.take() },
            _ => Name { text: String::new(), span: self.before()..self.gap().end },
        }
    }

    fn policy(mut self) -> Policy {
        let mut policy = Policy { span: self.span(), ..Policy::default() };
        while self.peek() == Some("@") {
            policy.annotations.push(self.annotation());
        }
        while let Some(word) = self.peek() {
            match word {
                "permit" | "forbid" if policy.effect.is_none() => {
                    let effect = if word == "permit" { Effect::Permit } else { Effect::Forbid };
                    policy.effect = Some((effect, self.take()));
                }
                "(" if policy.head.is_none() => policy.head = Some(self.head()),
                "when" | "unless" => policy.clauses.push(self.clause()),
                ";" => policy.end = Some(self.take().start),
                _ => policy.strays.push(self.take()),
            }
        }
        policy.span.end = self.before();
        policy
    }

    fn annotation(&mut self) -> Annotation {
        let start = self.take().start;
        let at = self.before();
        let name = match self.kind() {
            Some(Kind::Word) if self.span().start == at => self.name(),
            _ => Name { text: String::new(), span: at..at },
        };
        let mut value = None;
        if self.accept("(") {
            value = (self.kind() == Some(Kind::Text)).then(|| self.take());
            self.accept(")");
        }
        Annotation { span: start..self.before(), name, value }
    }

    fn head(&mut self) -> Head {
        let start = self.take().start;
        let mut constraints = Vec::new();
        loop {
            let from = self.before();
            let expression = self.expression();
            while !matches!(self.peek(), None | Some("," | ")" | ";" | "when" | "unless")) {
                self.take();
            }
            constraints.push(Constraint { span: from..self.gap().end, expression });
            if !self.accept(",") {
                break;
            }
        }
        let is_closed = self.accept(")");
        let end = if is_closed { self.before() } else { self.gap().end };
        Head { span: start..end, is_closed, constraints }
    }

    fn clause(&mut self) -> Clause {
        let is_unless = self.peek() == Some("unless");
        let keyword = self.take();
        let is_temporal = self.accept("temporal");
        let mut clause = Clause {
            span: keyword.clone(),
            keyword,
            is_unless,
            body: None,
            is_closed: false,
            condition: None,
        };
        if self.accept("{") {
            let from = self.before();
            clause.condition = (!is_temporal).then(|| self.expression());
            let end = self.skip_to_brace();
            clause.is_closed = self.accept("}");
            clause.body = Some(from..if clause.is_closed { end } else { self.gap().end });
        }
        clause.span.end = self.before();
        clause
    }

    /// Leaves out what is left before the closing brace; gives the end of the gap before it.
    fn skip_to_brace(&mut self) -> usize {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                None | Some(";") => return self.gap().end,
                Some("when" | "unless") if open == 0 => return self.gap().end,
                Some("}") if open == 0 => return self.gap().end,
                Some("{") => open += 1,
                Some("}") => open -= 1,
                Some(_) => {}
            }
            self.take();
        }
    }
}

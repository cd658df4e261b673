//! Parses expressions that may be half written.

use super::parse::Parser;
use super::syntax::{Expression, Kind, Name, Operator, Path, Span, Variable};
use super::token::{self, Kind as Of};

/// Deeper nesting is no policy that a person writes.
const DEPTH: usize = 100;
/// Words that no expression begins with, so that a missing one is seen.
const ENDS: [&str; 6] = ["when", "unless", "permit", "forbid", "then", "else"];

impl Parser<'_> {
    /// An expression; where none is, the gap.
    pub(super) fn expression(&mut self) -> Expression {
        self.depth += 1;
        let expression = match self.depth < DEPTH {
            true => self.binary(0),
            false => self.missing(),
        };
        self.depth -= 1;
        expression
    }

    fn missing(&self) -> Expression {
        Expression { kind: Kind::Missing, span: self.gap() }
    }

    fn binary(&mut self, tighter_than: u8) -> Expression {
        let mut left = self.unary();
        loop {
            let text = self.peek().unwrap_or_default();
            left = match text {
                "has" if tighter_than < 3 => self.has(left),
                "is" if tighter_than < 3 => self.is(left),
                _ => match self.operator() {
                    Some((operator, binds)) if binds > tighter_than => {
                        let at = self.take();
                        let right = self.binary(binds);
                        let span = left.span.start..right.span.end.max(at.end);
                        let (left, right) = (Box::new(left), Box::new(right));
                        Expression { kind: Kind::Binary { operator, at, left, right }, span }
                    }
                    _ => return left,
                },
            };
        }
    }

    /// The operator that comes next; a word that can only be meant as one counts.
    fn operator(&self) -> Option<(Operator, u8)> {
        let text = self.peek()?;
        let stray = || {
            let is_word = self.kind() == Some(Of::Word) && !ENDS.contains(&text);
            (is_word || text == "=" || text == "&" || text == "|").then_some((Operator::Unknown, 3))
        };
        Operator::of(text).filter(|_| self.kind() != Some(Of::Text)).or_else(stray)
    }

    fn has(&mut self, of: Expression) -> Expression {
        let at = self.take();
        let mut path = Vec::new();
        loop {
            path.push(match self.kind() {
                Some(Of::Text) => {
                    let text = token::unquoted(self.peek().unwrap_or_default());
                    Name { text, span: self.take() }
                }
                _ => self.name(),
            });
            if !self.accept(".") {
                break;
            }
        }
        let end = path.last().map_or(0, |name| name.span.end);
        let span = of.span.start..self.before().max(end);
        Expression { kind: Kind::Has { of: Box::new(of), at, path }, span }
    }

    fn is(&mut self, of: Expression) -> Expression {
        let at = self.take();
        let path = self.path();
        let group = self.accept("in").then(|| Box::new(self.binary(3)));
        let end = group.as_ref().map_or(path.span.end, |group| group.span.end);
        let span = of.span.start..self.before().max(end);
        Expression { kind: Kind::Is { of: Box::new(of), at, path, group }, span }
    }

    /// A type's name; the gap if there is none.
    fn path(&mut self) -> Path {
        let Name { mut text, mut span } = self.name();
        while self.peek() == Some("::") && !text.is_empty() {
            text.push_str("::");
            self.take();
            if self.kind() == Some(Of::Word) && self.span().start == self.before() {
                text.push_str(&self.name().text);
            }
            span.end = self.before();
        }
        Path { text, span }
    }

    fn unary(&mut self) -> Expression {
        let start = self.span().start;
        let kind = match self.peek() {
            Some("!") => Kind::Not,
            Some("-") => Kind::Negative,
            _ => return self.member(),
        };
        self.depth += 1;
        self.take();
        let of = if self.depth < DEPTH { self.unary() } else { self.missing() };
        self.depth -= 1;
        let span = start..of.span.end;
        Expression { kind: kind(Box::new(of)), span }
    }

    fn member(&mut self) -> Expression {
        let mut of = self.primary();
        loop {
            let start = of.span.start;
            let kind = if self.accept(".") {
                let name = match self.gap().is_empty() || self.is_next_line_a_member() {
                    true => self.name(),
                    false => Name { text: String::new(), span: self.gap() },
                };
                match self.peek() == Some("(") && !name.text.is_empty() {
                    true => {
                        let arguments = self.arguments();
                        Kind::Method { of: Box::new(of), name, arguments }
                    }
                    false => Kind::Member { of: Box::new(of), name },
                }
            } else if self.peek() == Some("[") && !matches!(of.kind, Kind::Missing) {
                self.take();
                let key = (self.kind() == Some(Of::Text)).then(|| self.take());
                self.skip_to("]");
                Kind::Index { of: Box::new(of), key }
            } else {
                return of;
            };
            let end = match &kind {
                Kind::Member { name, .. } => name.span.end,
                _ => self.before(),
            };
            of = Expression { kind, span: start..self.before().max(end) };
        }
    }

    /// After a dot, a word on another line is more likely the next condition than the attribute,
    /// unless something follows it as it follows an attribute.
    fn is_next_line_a_member(&self) -> bool {
        let gap = self.text.get(self.gap()).unwrap_or_default();
        !gap.contains('\n') && Operator::of(self.peek().unwrap_or_default()).is_none()
    }

    fn arguments(&mut self) -> Vec<Expression> {
        self.take();
        self.list(")")
    }

    /// Expressions up to a closing bracket.
    fn list(&mut self, close: &str) -> Vec<Expression> {
        let mut elements = Vec::new();
        loop {
            if self.accept(close) {
                return elements;
            }
            let element = self.expression();
            let is_missing = matches!(element.kind, Kind::Missing);
            elements.push(element);
            if self.accept(",") {
                continue;
            }
            if is_missing || self.peek() != Some(close) {
                self.accept(close);
                return elements;
            }
        }
    }

    fn skip_to(&mut self, close: &str) {
        while !matches!(self.peek(), None | Some(";" | "}" | ")" | "]")) {
            self.take();
        }
        self.accept(close);
    }

    fn primary(&mut self) -> Expression {
        let Some(text) = self.peek() else {
            return self.missing();
        };
        let start = self.span().start;
        let kind = match self.kind() {
            Some(Of::Number) => self.leaf(Kind::Number),
            Some(Of::Text) => self.leaf(Kind::Text),
            Some(Of::Slot) => self.leaf(Kind::Slot),
            Some(Of::Word) if ENDS.contains(&text) => return self.missing(),
            Some(Of::Word) => self.word(text),
            _ => match text {
                "(" => {
                    self.take();
                    let of = Box::new(self.expression());
                    self.accept(")");
                    Kind::Parentheses(of)
                }
                "[" => {
                    self.take();
                    Kind::Set(self.list("]"))
                }
                "{" => self.record(),
                _ => return self.missing(),
            },
        };
        let mut whole = Expression { kind, span: start..self.before() };
        // What is missing at its end is part of it.
        let end = whole.children().iter().map(|child| child.span.end).max().unwrap_or(0);
        whole.span.end = whole.span.end.max(end);
        whole
    }

    fn leaf(&mut self, kind: Kind) -> Kind {
        self.take();
        kind
    }

    fn word(&mut self, text: &str) -> Kind {
        match text {
            "true" | "false" => return self.leaf(Kind::Bool),
            "if" => return self.conditional(),
            "in" | "has" | "like" | "is" => return Kind::Missing,
            _ => {}
        }
        if self.peek_after() == Some("::") {
            let path = self.path();
            let id =
                (self.kind() == Some(Of::Text) && path.text.ends_with("::")).then(|| self.take());
            return Kind::Entity { path, id };
        }
        if let Some(variable) = Variable::of(text) {
            return self.leaf(Kind::Variable(variable));
        }
        if self.peek_after() == Some("(") {
            let function = self.name();
            let arguments = self.arguments();
            return Kind::Call { function, arguments };
        }
        self.leaf(Kind::Word)
    }

    fn conditional(&mut self) -> Kind {
        self.take();
        let test = Box::new(self.expression());
        let mut branch = |word| {
            let before = self.before();
            let missing = Expression { kind: Kind::Missing, span: before..before };
            Box::new(if self.accept(word) { self.expression() } else { missing })
        };
        let (yes, no) = (branch("then"), branch("else"));
        Kind::If { test, yes, no }
    }

    fn record(&mut self) -> Kind {
        self.take();
        let mut fields = Vec::new();
        while !matches!(self.peek(), None | Some("}" | ";")) {
            let name = match self.kind() {
                Some(Of::Text) => {
                    let text = token::unquoted(self.peek().unwrap_or_default());
                    Name { text, span: self.take() }
                }
                Some(Of::Word) => self.name(),
                _ => break,
            };
            self.accept(":");
            fields.push((name, self.expression()));
            if !self.accept(",") {
                break;
            }
        }
        self.accept("}");
        Kind::Record(fields)
    }
}

/// The bytes of a path's last name.
pub(super) fn last_name(path: &Path) -> Span {
    let last = path.text.trim_end_matches("::").rsplit("::").next().unwrap_or_default().len();
    let end = path.span.start + path.text.trim_end_matches("::").len();
    // Blanks inside of a path are legal and rare; then the whole path counts.
    if path.span.len() == path.text.len() { end - last..end } else { path.span.clone() }
}

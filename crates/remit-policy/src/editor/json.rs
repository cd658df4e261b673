//! JSON with places, as far as it is written.

use super::syntax::{Name, Span};
use super::token::{self, Kind, Token};

/// A value and its bytes.
#[derive(Debug, Clone)]
pub(super) struct Json {
    pub(super) span: Span,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Object(Vec<(Name, Json)>),
    List(Vec<Json>),
    Text(String),
    Other,
}

impl Json {
    /// Reads what can be read.
    pub(super) fn parse(text: &str) -> Self {
        let tokens = token::tokens(text);
        Parser { text, tokens: &tokens, at: 0, depth: 0 }.value()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Json> {
        let Value::Object(fields) = &self.value else { return None };
        fields.iter().find(|(name, _)| name.text == key).map(|(_, value)| value)
    }

    pub(super) fn fields(&self) -> &[(Name, Json)] {
        if let Value::Object(fields) = &self.value { fields } else { &[] }
    }

    pub(super) fn list(&self) -> &[Json] {
        if let Value::List(list) = &self.value { list } else { &[] }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// This value and all below.
    pub(super) fn all(&self) -> Vec<&Json> {
        let below: Vec<&Json> = match &self.value {
            Value::Object(fields) => fields.iter().flat_map(|(_, value)| value.all()).collect(),
            Value::List(list) => list.iter().flat_map(Json::all).collect(),
            Value::Text(_) | Value::Other => Vec::new(),
        };
        std::iter::once(self).chain(below).collect()
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).and_then(|token| self.text.get(token.span.clone()))
    }

    fn take(&mut self) -> Span {
        let end = self.text.len();
        let span = self.tokens.get(self.at).map_or(end..end, |token| token.span.clone());
        self.at += usize::from(self.at < self.tokens.len());
        span
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.take();
        }
        found
    }

    fn value(&mut self) -> Json {
        self.depth += 1;
        let start = self.tokens.get(self.at).map_or(self.text.len(), |token| token.span.start);
        let is_text = self.tokens.get(self.at).is_some_and(|token| token.kind == Kind::Text);
        let value = match self.peek() {
            Some(text) if is_text => {
                let text = token::unquoted(text);
                self.take();
                Value::Text(text)
            }
            Some("{") if self.depth < 100 => self.object(),
            Some("[") if self.depth < 100 => self.list(),
            Some("}" | "]" | ",") | None => Value::Other,
            Some(_) => {
                self.take();
                Value::Other
            }
        };
        self.depth -= 1;
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let end = last.map_or(start, |token| token.span.end).max(start);
        Json { span: start..end, value }
    }

    fn object(&mut self) -> Value {
        self.take();
        let mut fields = Vec::new();
        while self.tokens.get(self.at).is_some_and(|token| token.kind == Kind::Text) {
            let text = token::unquoted(self.peek().unwrap_or_default());
            let name = Name { text, span: self.take() };
            self.accept(":");
            fields.push((name, self.value()));
            self.accept(",");
        }
        self.accept("}");
        Value::Object(fields)
    }

    fn list(&mut self) -> Value {
        self.take();
        let mut list = Vec::new();
        while !matches!(self.peek(), None | Some("]")) {
            let before = self.at;
            list.push(self.value());
            self.accept(",");
            if self.at == before {
                break;
            }
        }
        self.accept("]");
        Value::List(list)
    }
}

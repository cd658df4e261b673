//! The values of a call's arguments, taken apart: what is looked for.

use super::TokenKind;
use super::token::{Token, kind_of, tokens};
use serde_json::{Map, Value};

/// In a longer text, a word does not say what is meant.
const LONGEST_NAME: usize = 4;

/// What one value of an argument consists of.
#[derive(Debug, Default)]
pub(super) struct Sought<'v> {
    /// The whole value.
    pub(super) value: &'v str,
    /// Its pieces, in order.
    pub(super) pieces: Vec<Token<'v>>,
    /// What stretches over several pieces, such as a number in groups: whether it is meant shows only
    /// when it is found.
    pub(super) spans: Vec<Token<'v>>,
}

/// Calls `each` with the path and the text of every value; a number is its text.
pub(super) fn values(arguments: &Map<String, Value>, each: &mut dyn FnMut(&str, &str)) {
    for (name, value) in arguments {
        below(name, value, each);
    }
}

fn below(path: &str, value: &Value, each: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => each(path, &number.to_string()),
        Value::String(text) => each(path, text),
        Value::Array(items) => items.iter().for_each(|item| in_list(path, item, each)),
        Value::Object(fields) => {
            for (name, value) in fields {
                below(&format!("{path}.{name}"), value, each);
            }
        }
    }
}

/// All that is in a list is one argument.
fn in_list(path: &str, value: &Value, each: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| in_list(path, value, each)),
        Value::Array(items) => items.iter().for_each(|item| in_list(path, item, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            below(path, value, each);
        }
    }
}

impl<'v> Sought<'v> {
    /// The pieces of a value. `true`, `false` and `null` in quotes are none.
    pub(super) fn of(value: &'v str) -> Self {
        let mut sought = Sought { value: value.trim(), ..Sought::default() };
        if ["true", "false", "null"].iter().any(|word| sought.value.eq_ignore_ascii_case(word)) {
            return sought;
        }
        tokens(value, &mut |token| {
            if token.is_part {
                return;
            }
            let is_new = sought.pieces.last().is_none_or(|last| last.at.end <= token.at.start);
            if is_new { sought.pieces.push(token) } else { sought.spans.push(token) }
        });
        sought
    }

    /// Whether a piece says where something goes, or what is meant.
    pub(super) fn is_telling(&self, piece: &Token<'_>, kind: TokenKind) -> bool {
        match kind {
            TokenKind::Address | TokenKind::Link | TokenKind::Account => true,
            TokenKind::Path => {
                self.pieces.len() <= LONGEST_NAME || piece.text.starts_with(['/', '~', '\\'])
            }
            TokenKind::Word => self.pieces.len() == 1,
            TokenKind::Number | TokenKind::Date => false,
        }
    }

    /// Whether the whole value is a name of several words: `Harbour View Hotel`.
    pub(super) fn is_name(&self) -> bool {
        let is_capital = |piece: &Token<'_>| {
            kind_of(piece.text) == TokenKind::Word
                && piece.text.chars().next().is_some_and(char::is_uppercase)
        };
        (2..=LONGEST_NAME).contains(&self.pieces.len()) && self.pieces.iter().all(is_capital)
    }
}

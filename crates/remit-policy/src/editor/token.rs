//! Cedar's tokens, of text that may not parse: nothing is refused.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Word,
    /// Digits.
    Number,
    /// A string, with its quotes; the last one may be unclosed.
    Text,
    /// `?principal` or `?resource`.
    Slot,
    /// Anything else, such as `==` or `{`.
    Symbol,
}

/// A token and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

const LONG_SYMBOLS: [&str; 7] = ["::", "==", "!=", "<=", ">=", "&&", "||"];

/// All tokens of a text; blanks and comments are none.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some((kind, span)) = next(text, at) {
        at = span.end;
        tokens.push(Token { kind, span });
    }
    tokens
}

/// Whether an offset between tokens lies in a comment.
pub(super) fn in_comment(text: &str, tokens: &[Token], offset: usize) -> bool {
    let before = tokens.partition_point(|token| token.span.end <= offset);
    let inside = tokens.get(before).is_some_and(|token| token.span.start < offset);
    let start = before.checked_sub(1).and_then(|at| tokens.get(at)).map_or(0, |t| t.span.end);
    let gap = text.get(start..offset).unwrap_or_default();
    !inside && gap.rsplit('\n').next().is_some_and(|line| line.contains("//"))
}

fn next(text: &str, at: usize) -> Option<(Kind, Range<usize>)> {
    let start = at + blank_length(text.get(at..)?);
    let rest = text.get(start..)?;
    let first = rest.chars().next()?;
    let (kind, length) = match first {
        '"' => (Kind::Text, string_length(rest)),
        '?' => (Kind::Slot, 1 + word_length(rest.get(1..).unwrap_or_default())),
        _ if first.is_ascii_digit() => {
            (Kind::Number, rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()))
        }
        _ if is_word(first) => (Kind::Word, word_length(rest)),
        _ => {
            let long = LONG_SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
            (Kind::Symbol, long.map_or(first.len_utf8(), |symbol| symbol.len()))
        }
    };
    Some((kind, start..start + length))
}

fn blank_length(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if !rest.starts_with("//") {
            return text.len() - rest.len();
        }
        rest = rest.get(rest.find('\n').unwrap_or(rest.len())..).unwrap_or_default();
    }
}

pub(super) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn word_length(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

/// With its quotes; an unclosed string ends with its line, so that it swallows no other policy.
fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (offset, character) in rest.char_indices().skip(1) {
        match character {
            '"' if !escaped => return offset + 1,
            '\n' if !is_closed_later(rest, offset) => return offset,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// Whether a string that spans lines ends before the next line that looks like code.
fn is_closed_later(rest: &str, offset: usize) -> bool {
    let after = rest.get(offset + 1..).unwrap_or_default();
    let quote = after.find('"');
    let code = after.find([';', '{', '}']);
    quote.is_some_and(|quote| code.is_none_or(|code| quote < code))
}

/// The text of a string token without its quotes, as far as it is closed, and its escapes undone.
#[must_use]
pub fn unquoted(token: &str) -> String {
    let inner = token.strip_prefix('"').unwrap_or(token);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut out = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('0') => out.push('\0'),
            Some('u') => out.extend(unicode(&mut characters)),
            Some('*') => out.push_str("\\*"),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// `{e9}` as Cedar writes it, or `00e9` as JSON does.
fn unicode(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let digits: String = match characters.as_str().starts_with('{') {
        true => characters.by_ref().skip(1).take_while(|c| *c != '}').collect(),
        false => characters.by_ref().take(4).collect(),
    };
    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
}

/// A text as Cedar writes it, with quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_debug().to_string().replace("\\'", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|token| text.get(token.span).unwrap()).collect()
    }

    #[test]
    fn every_symbol_is_one_token() {
        assert_eq!(
            words("A::\"x\"!=1<=b&&!c||?principal // d\n."),
            ["A", "::", "\"x\"", "!=", "1", "<=", "b", "&&", "!", "c", "||", "?principal", "."]
        );
    }

    #[test]
    fn an_unclosed_string_ends_with_its_line() {
        assert_eq!(words("a == \"x y\n};"), ["a", "==", "\"x y", "}", ";"]);
        assert_eq!(words("\"a\nb\";"), ["\"a\nb\"", ";"]);
    }

    #[test]
    fn quoting_can_be_undone() {
        for text in ["", "a\"b", "tab\there", "é\u{1f600}", "it's", "\\"] {
            assert_eq!(unquoted(&quoted(text)), text);
        }
        assert_eq!(unquoted("\"\\u{e9}\\u00e9\\n\""), "éé\n");
    }

    #[test]
    fn comments_are_told_from_code() {
        let text = "permit // why\n\"// no\"";
        let tokens = tokens(text);
        assert!(in_comment(text, &tokens, 10));
        assert!(!in_comment(text, &tokens, 6));
        assert!(!in_comment(text, &tokens, 18));
    }
}

//! Splits the text of a `.cedar` or `.dw` file into its policies, without parsing them.
//!
//! Cedar stops a whole file at the first mistake and numbers policies by position. Splitting first
//! means that one broken policy costs one policy, and that ids can be ours. Every byte that is not
//! blank or comment lands in exactly one piece.

use std::ops::Range;

/// The spans of the policies, each from its first token to its `;`, or to the end of the text.
pub(crate) fn split(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = None;
    let mut end = 0;
    for token in Tokens::of(text, 0) {
        let from = *start.get_or_insert(token.span.start);
        end = token.span.end;
        if token.kind == Kind::Semicolon {
            pieces.push(from..end);
            start = None;
        }
    }
    pieces.extend(start.map(|from| from..end));
    pieces
}

/// Where a policy begins inside the text of another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NextPolicy {
    /// Its first byte.
    pub(crate) start: usize,
    /// The end of the last token before it.
    pub(crate) previous_end: usize,
}

/// Where the next policy seems to begin inside a piece that does not parse, because its `;` is
/// missing: at a `permit`, `forbid`, `def` or `@` at the start of a line, after the piece's own effect.
pub(crate) fn next_policy(text: &str, piece: &Range<usize>) -> Option<NextPolicy> {
    let mut has_effect = false;
    let mut previous_end = piece.start;
    for token in Tokens::of(text, piece.start).take_while(|token| token.span.end <= piece.end) {
        let start = token.span.start;
        let word = text.get(token.span.clone()).unwrap_or_default();
        let is_effect = matches!(word, "permit" | "forbid");
        let begins_line = text.get(..start).is_some_and(|before| before.ends_with('\n'));
        if has_effect && begins_line && (is_effect || matches!(word, "@" | "def")) {
            return Some(NextPolicy { start, previous_end });
        }
        has_effect |= is_effect;
        previous_end = token.span.end;
    }
    None
}

/// The words of a text, strings and comments left out.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = Tokens::of(text, 0).filter(|token| token.kind == Kind::Word);
    words.filter_map(|token| text.get(token.span))
}

/// Whether the text has a `//` comment outside of strings.
pub(crate) fn has_comments(text: &str) -> bool {
    let mut before = 0;
    let mut gaps: Vec<_> = Vec::new();
    for token in Tokens::of(text, 0) {
        gaps.push(before..token.span.start);
        before = token.span.end;
    }
    gaps.push(before..text.len());
    gaps.into_iter().any(|gap| text.get(gap).is_some_and(|blank| blank.contains("//")))
}

#[derive(PartialEq, Eq)]
enum Kind {
    Word,
    Text,
    Semicolon,
    Other,
}

struct Token {
    kind: Kind,
    span: Range<usize>,
}

/// The tokens of Cedar, as coarse as the task allows: words, strings, single characters.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn of(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blanks_and_comments();
        let start = self.at;
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            '"' => (Kind::Text, string_length(rest)),
            ';' => (Kind::Semicolon, 1),
            _ if is_word(first) => (Kind::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
            _ => (Kind::Other, first.len_utf8()),
        };
        self.at += length;
        Some(Token { kind, span: start..self.at })
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The length of a string literal with its quotes; an unclosed one runs to the end.
fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (offset, character) in rest.char_indices().skip(1) {
        match character {
            '"' if !escaped => return offset + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        split(text).into_iter().map(|span| text.get(span).unwrap()).collect()
    }

    #[test]
    fn semicolons_in_strings_and_comments_do_not_split() {
        assert_eq!(
            pieces(
                "// a; b\n@why(\"x; \\\" y;\") permit(principal, action, resource); // c;\nforbid;"
            ),
            ["@why(\"x; \\\" y;\") permit(principal, action, resource);", "forbid;"]
        );
    }

    #[test]
    fn text_without_semicolon_is_a_piece_and_a_trailing_comment_is_none() {
        assert_eq!(pieces("permit(a); forbid // x"), ["permit(a);", "forbid"]);
        assert_eq!(pieces("// only a comment"), [""; 0]);
        assert_eq!(pieces("permit(\"a;"), ["permit(\"a;"]);
    }

    #[test]
    fn a_missing_semicolon_is_found_at_the_next_line_that_begins_a_policy() {
        let text = "@id(\"a\")\npermit(x) // é\n@id(\"b\")\nforbid(x);";
        let next = next_policy(text, &(0..text.len()));
        assert_eq!(next.map(|next| (next.previous_end, next.start)), Some((18, 25)));
        assert_eq!(next_policy("permit(a)\n  when { permit };", &(0..27)), None);
    }

    #[test]
    fn comments_are_told_from_strings() {
        assert!(has_comments("type A = String; // why"));
        assert!(!has_comments("@doc(\"http://x\") type A = String;"));
    }
}

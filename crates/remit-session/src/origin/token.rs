//! Texts, taken apart into tokens: addresses, links, account numbers, paths, numbers, dates, words.
//!
//! Two spellings of the same thing have one *plain form*: case, quotes, percent-encoding, `https://`,
//! `www.`, separators of thousands and the way a date is written make no difference. Linear in the text.
//! Not here: where a token was seen.

use super::spelling::{date_of, number_of, plain};
use std::ops::Range;

/// What a token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// A mail address.
    Address,
    /// A link, or the name of a host.
    Link,
    /// An account, card or phone number, or another long identifier.
    Account,
    /// A path, or the name of a file.
    Path,
    /// A number.
    Number,
    /// A date.
    Date,
    /// Anything else.
    Word,
}

impl TokenKind {
    /// Whether it says where something goes: an address, a link, an account or a path.
    pub fn is_address(self) -> bool {
        match self {
            TokenKind::Address | TokenKind::Link | TokenKind::Account | TokenKind::Path => true,
            TokenKind::Number | TokenKind::Date | TokenKind::Word => false,
        }
    }
}

/// A token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    /// As it stands in the text.
    pub(crate) text: &'t str,
    /// Where it stands.
    pub(crate) at: Range<usize>,
    /// Only a piece of a longer token, such as a segment of a path.
    pub(crate) is_part: bool,
}

/// Characters that end a token, besides white space.
const DELIMITERS: &[char] = &[
    '"', '\'', '<', '>', '(', ')', '{', '}', '[', ']', ',', ';', '|', '`', '“', '”', '‘', '’', '«',
    '»',
];

/// Calls `each` for every token of `text`, and for the pieces of those that have several.
pub(crate) fn tokens<'t>(text: &'t str, each: &mut dyn FnMut(Token<'t>)) {
    let mut run = Run::default();
    for at in (Pieces { text, from: 0 }) {
        let Some(piece) = text.get(at.clone()) else { continue };
        run.add(text, &at, each);
        each(Token { text: piece, at: at.clone(), is_part: false });
        parts(piece, at.start, each);
    }
    run.end(text, each);
}

/// The pieces of a text between white space and delimiters, without punctuation at their ends.
struct Pieces<'t> {
    text: &'t str,
    from: usize,
}

impl Iterator for Pieces<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let rest = self.text.get(self.from..)?;
            if rest.is_empty() {
                return None;
            }
            let (end, skip) = end_of_piece(rest);
            let start = self.from;
            self.from += end + skip;
            let piece = trimmed(rest.get(..end)?, start);
            if !piece.is_empty() {
                return Some(piece);
            }
        }
    }
}

/// Where the piece that a text begins with ends, and how long what ends it is.
fn end_of_piece(text: &str) -> (usize, usize) {
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        let next = || bytes.get(at + 1).copied().unwrap_or(b' ');
        if c == '\\' && matches!(next(), b'n' | b't' | b'r' | b'"') {
            return (at, 2);
        }
        let in_number = |c: char| {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied();
            matches!(c, ',' | '\'')
                && before.is_some_and(|b| b.is_ascii_digit())
                && next().is_ascii_digit()
        };
        if c.is_whitespace() || (DELIMITERS.contains(&c) && !in_number(c)) {
            return (at, c.len_utf8());
        }
    }
    (text.len(), 0)
}

/// A piece without the punctuation around it.
fn trimmed(piece: &str, start: usize) -> Range<usize> {
    let around = |c: char| matches!(c, '.' | ',' | ':' | '!' | '?' | '*' | '=' | '&' | '…');
    let front = piece.trim_start_matches(|c: char| around(c) && c != '.');
    let from = start + piece.len() - front.len();
    let body = front.trim_end_matches(around);
    from..from + body.len()
}

/// The pieces of a compound token: of `a@b.example` and `b.example/c`, of `key:value` and `key=value`,
/// of a link with a sentence stuck to it, of numbers in a row.
pub(crate) fn parts<'t>(piece: &'t str, start: usize, each: &mut dyn FnMut(Token<'t>)) {
    if !piece.bytes().any(|b| is_joint(b) || b >= 0x80) {
        return;
    }
    if number_of(piece).is_some() || date_of(piece).is_some() {
        return;
    }
    if let Some(end) = before_sentence(piece) {
        let text = piece.get(..end).unwrap_or_default();
        each(Token { text, at: start..start + end, is_part: false });
        cut(text, start, '/', each);
    }
    for joint in ['/', '@', ':', '=', ',', '&', '?'] {
        cut(piece, start, joint, each);
    }
    words(piece, start, each);
}

fn is_joint(byte: u8) -> bool {
    byte.is_ascii_punctuation()
}

/// Where `www.example.com.They` stops being a link.
fn before_sentence(piece: &str) -> Option<usize> {
    let bytes = piece.as_bytes();
    let glued = |w: &[u8]| matches!(w, [before, b'.', after] if before.is_ascii_lowercase() && after.is_ascii_uppercase());
    bytes.windows(3).position(glued).map(|at| at + 1)
}

/// The pieces between `joint`s, each again without punctuation.
fn cut<'t>(piece: &'t str, start: usize, joint: char, each: &mut dyn FnMut(Token<'t>)) {
    if !piece.contains(joint) {
        return;
    }
    let mut from = 0;
    for part in piece.split(joint) {
        let at = trimmed(part, from);
        if let Some(text) =
            piece.get(at.clone()).filter(|text| text.len() < piece.len() && text.len() > 1)
        {
            each(Token { text, at: start + at.start..start + at.end, is_part: true });
        }
        from += part.len() + joint.len_utf8();
    }
}

/// The words of a piece: runs of letters and digits.
fn words<'t>(piece: &'t str, start: usize, each: &mut dyn FnMut(Token<'t>)) {
    let mut from = 0;
    for part in piece.split(|c: char| !c.is_alphanumeric()) {
        if part.len() > 2 && part.len() < piece.len() && !part.bytes().all(|b| b.is_ascii_digit()) {
            each(Token { text: part, at: start + from..start + from + part.len(), is_part: true });
        }
        let end = from + part.len();
        from =
            end + piece.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    }
}

/// Pieces in a row that are one thing: `GB29 NWBK 6016 1331`, `+1 415 555 0100`, `1 March 2022`.
#[derive(Default)]
struct Run {
    groups: Vec<Range<usize>>,
    last: Vec<Range<usize>>,
}

/// An account number has at least so many digits.
const DIGITS_OF_AN_ACCOUNT: usize = 6;

impl Run {
    fn add<'t>(&mut self, text: &'t str, at: &Range<usize>, each: &mut dyn FnMut(Token<'t>)) {
        let piece = text.get(at.clone()).unwrap_or_default();
        let near = |before: &Range<usize>| {
            text.get(before.end..at.start).is_some_and(|gap| matches!(gap, " " | ", " | ". "))
        };
        if self.groups.last().is_some_and(|before| !near(before)) || !is_group(piece) {
            self.end(text, each);
        }
        if is_group(piece) {
            self.groups.push(at.clone());
        }
        if self.last.last().is_some_and(|before| !near(before)) {
            self.last.clear();
        }
        self.last.push(at.clone());
        if self.last.len() > 3 {
            self.last.remove(0);
        }
        if let [first, _, last] = self.last.as_slice() {
            let span = first.start..last.end;
            if let Some(whole) = text.get(span.clone()).filter(|whole| date_of(whole).is_some()) {
                each(Token { text: whole, at: span, is_part: false });
            }
        }
    }

    fn end<'t>(&mut self, text: &'t str, each: &mut dyn FnMut(Token<'t>)) {
        if let ([first, _, .., last], true) = (self.groups.as_slice(), self.groups.len() > 2) {
            let span = first.start..last.end;
            let whole = text.get(span.clone()).unwrap_or_default();
            if whole.bytes().filter(u8::is_ascii_digit).count() >= DIGITS_OF_AN_ACCOUNT + 2 {
                each(Token { text: whole, at: span, is_part: false });
            }
        }
        self.groups.clear();
    }
}

/// A group of an account, card or phone number that is written in groups.
fn is_group(piece: &str) -> bool {
    let body = piece.strip_prefix('+').unwrap_or(piece);
    (1..=4).contains(&body.len())
        && body.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// Top-level domains by which the name of a host is known in the middle of a text. Endings that are
/// as often those of files, or of fields in a program, are not among them.
const HOST_ENDINGS: &[&str] = &[
    "com", "org", "net", "edu", "gov", "mil", "info", "biz", "xyz", "online", "site", "top",
    "club", "shop", "cloud", "tech", "dev", "io", "ai", "co", "example", "uk", "de", "fr", "ch",
    "eu", "us", "ca", "au", "jp", "cn", "ru", "nl", "at", "be", "br", "es", "pl",
];

/// What a token looks like.
pub(crate) fn kind_of(token: &str) -> TokenKind {
    if date_of(token).is_some() {
        return TokenKind::Date;
    }
    if is_account(token) {
        return TokenKind::Account;
    }
    if number_of(token).is_some() {
        return TokenKind::Number;
    }
    let lower = token.to_ascii_lowercase();
    if lower.contains("://") || lower.starts_with("www.") {
        return TokenKind::Link;
    }
    match lower.split_once('@') {
        Some((name, host)) if !name.is_empty() && is_host(host) => return TokenKind::Address,
        Some(_) | None => {}
    }
    let (host, path) = lower.split_at(lower.find(['/', '?', ':']).unwrap_or(lower.len()));
    let ending = host.rsplit('.').next().unwrap_or_default();
    if is_host(host)
        && (HOST_ENDINGS.contains(&ending) || (!path.is_empty() && !path.starts_with('/')))
    {
        return TokenKind::Link;
    }
    if is_path(&lower) || is_host(host) { TokenKind::Path } else { TokenKind::Word }
}

/// Letters and digits, at least six of them digits, and no plain number of less than nine.
pub(crate) fn is_account(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let joined = |c: char| matches!(c, ' ' | '-' | '+');
    if digits < DIGITS_OF_AN_ACCOUNT {
        return false;
    }
    let length = token.chars().filter(|c| !joined(*c)).count();
    // Words are written small, account numbers in groups are not.
    let in_groups = token.contains(' ');
    let is_part = |c: char| c.is_ascii_alphanumeric() && !(in_groups && c.is_ascii_lowercase());
    let fits = token.chars().all(|c| is_part(c) || joined(c));
    let is_plain = digits == token.len();
    fits && length >= 8 && digits >= if is_plain { 9 } else { DIGITS_OF_AN_ACCOUNT }
}

fn is_host(text: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let ending = text.rsplit('.').next().unwrap_or_default();
    text.contains('.')
        && text.split('.').all(label)
        && ending.len() > 1
        && ending.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_path(text: &str) -> bool {
    let roots = ["/", "~/", "./", "../", "\\"];
    let is_rooted = roots.iter().any(|root| text.len() > root.len() && text.starts_with(root));
    is_rooted || text.contains('\\') || text.matches('/').count() > 1
}

/// The token in its plain form, written into `into`.
pub(crate) fn plain_into(token: &str, into: &mut String) {
    into.clear();
    plain(token, into);
}

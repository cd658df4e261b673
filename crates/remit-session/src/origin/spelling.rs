//! The plain form of a token: one spelling for what is written in several ways.
//!
//! Nothing is interpreted that could be read in two ways: `03/04/2022` stays as it is, `007` is no
//! number, `1,2` is no number either.

use super::token::is_account;
use std::borrow::Cow;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const CURRENCIES: &[char] = &['$', '€', '£', '¥'];
/// A longer token is a number, a date or an account for nobody.
const LONGEST_NUMBER: usize = 64;

/// Appends the plain form of `token`.
pub(crate) fn plain(token: &str, into: &mut String) {
    if let Some(number) = number_of(token) {
        into.push_str(&number);
    } else if let Some(date) = date_of(token) {
        into.push_str(&date);
    } else if token.len() <= LONGEST_NUMBER && is_account(token) {
        into.extend(
            token.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()),
        );
    } else {
        name(token, into);
    }
}

/// The plain form of a name, an address, a link or a path.
fn name(token: &str, into: &mut String) {
    let decoded = percent_decoded(token);
    let start = into.len();
    match decoded.is_ascii() {
        true => into.extend(decoded.chars().map(|c| c.to_ascii_lowercase())),
        false => into.extend(decoded.chars().flat_map(char::to_lowercase)),
    }
    let own = into.get(start..).unwrap_or_default();
    let mut body = own.trim_end_matches('/');
    for prefix in ["https://", "http://", "mailto:", "www."] {
        body = body.strip_prefix(prefix).unwrap_or(body);
    }
    for prefix in ['@', '#'] {
        body = body.strip_prefix(prefix).unwrap_or(body);
    }
    if body.is_empty() {
        return;
    }
    let from = own.len() - own.trim_end_matches('/').len();
    let (keep, cut) = (body.len(), own.len() - from - body.len());
    into.drain(start..start + cut);
    into.truncate(start + keep);
}

fn percent_decoded(token: &str) -> Cow<'_, str> {
    if !token.contains('%') {
        return Cow::Borrowed(token);
    }
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex =
            after.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(token), Cow::Owned)
}

/// The number that a token is, without currency, per cent, separators of thousands and needless zeros.
pub(crate) fn number_of(token: &str) -> Option<String> {
    if token.len() > LONGEST_NUMBER || !token.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let (minus, body) = match token.strip_prefix('-') {
        Some(body) => ("-", body),
        None => ("", token.strip_prefix('+').unwrap_or(token)),
    };
    let body = body.trim_start_matches(CURRENCIES).trim_end_matches(CURRENCIES);
    let body = body.strip_suffix('%').unwrap_or(body);
    let (whole, rest) = body.split_once('.').unwrap_or((body, ""));
    let whole = without_thousands(whole)?;
    let is_number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    let led_by_zero = whole.len() > 1 && whole.starts_with('0');
    if !is_number(&whole) || !is_number(rest) || whole.is_empty() || led_by_zero {
        return None;
    }
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    Some(format!("{minus}{whole}{point}{rest}"))
}

/// `1,234,567` and `1'234'567` are groups of three.
fn without_thousands(whole: &str) -> Option<String> {
    let Some(separator) = whole.chars().find(|c| matches!(c, ',' | '\'' | '_')) else {
        return Some(whole.to_owned());
    };
    let mut groups = whole.split(separator);
    let first = groups.next().unwrap_or_default();
    let fits = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    fits.then(|| whole.replace(separator, ""))
}

/// The day that a token names, as `2022-03-01`.
pub(crate) fn date_of(token: &str) -> Option<String> {
    if token.len() > LONGEST_NUMBER || token.len() < 8 || !token.bytes().any(|b| b.is_ascii_digit())
    {
        return None;
    }
    let day = token.split(['T', 't']).next().filter(|day| day.len() == 10).unwrap_or(token);
    for separator in ['-', '/'] {
        let mut parts = day.split(separator);
        if let (Some(y), Some(m), Some(d), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
            && y.len() == 4
        {
            return written(y, m.parse().ok()?, d);
        }
    }
    let words: Vec<&str> =
        token.split([' ', ',', '.']).filter(|word| !word.is_empty()).take(4).collect();
    let [one, two, year] = words.as_slice() else { return None };
    let (month, day) = month(one).map(|m| (m, two)).or_else(|| Some((month(two)?, one)))?;
    written(year, month, day.trim_end_matches(char::is_alphabetic))
}

fn month(word: &str) -> Option<usize> {
    let start = word.get(..3).filter(|_| word.bytes().all(|b| b.is_ascii_alphabetic()))?;
    MONTHS.iter().position(|month| month.eq_ignore_ascii_case(start)).map(|at| at + 1)
}

fn written(year: &str, month: usize, day: &str) -> Option<String> {
    let (year, day): (u16, u8) = (year.parse().ok()?, day.parse().ok()?);
    let fits =
        (1000..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    fits.then(|| format!("{year}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain_of(token: &str) -> String {
        let mut plain_form = String::new();
        plain(token, &mut plain_form);
        plain_form
    }

    #[test]
    fn one_thing_has_one_plain_form() {
        let same = [
            ("https://www.Shop.example/a/", "shop.example/a"),
            ("mailto:Ann@Shop.example", "ann@shop.example"),
            ("a%40b.example", "a@b.example"),
            ("GB29 NWBK 6016 1331 9268 19", "gb29nwbk60161331926819"),
            ("+1 415-555-0100", "14155550100"),
            ("$1,234.50", "1234.5"),
            ("98.70", "98.7"),
            ("50%", "50"),
            ("1'000'000", "1000000"),
            ("March 1, 2022", "2022-03-01"),
            ("1 march 2022", "2022-03-01"),
            ("2022/03/01", "2022-03-01"),
            ("2022-03-01T10:00", "2022-03-01"),
            ("#General", "general"),
            ("ÄRGER", "ärger"),
        ];
        for (token, wanted) in same {
            assert_eq!(plain_of(token), wanted, "{token}");
            assert_eq!(plain_of(wanted), wanted, "a plain form is its own");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_stays_as_it_is() {
        for token in ["007", "1,2", "03/04/2022", "1e5", "-", "%", "/", "99,99", "32 march 2022"] {
            assert_eq!(plain_of(token), token, "{token}");
        }
    }
}

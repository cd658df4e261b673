//! What a text is like, as patterns of Cedar's `like`.

use remit_policy::editor::quoted;

/// A pattern: texts with a `*` between each two.
pub(super) type Like = Vec<String>;

/// Patterns that the text fits, each with words for it. Forms decide, never names.
pub(super) fn likes(text: &str) -> Vec<(String, Like)> {
    let text = text.trim();
    let is_one_word = !text.contains(char::is_whitespace);
    let made = match (is_one_word, text.split_once("://"), text.rsplit_once('@')) {
        (true, Some((scheme, rest)), _) => host(scheme, rest),
        (true, None, Some((_, domain))) if domain.contains('.') => {
            Some((format!("at `{domain}`"), vec![String::new(), format!("@{domain}")]))
        }
        (true, None, _) => folder(text),
        (false, ..) => first_word(text),
    };
    made.into_iter().collect()
}

/// As Cedar writes it.
pub(super) fn written(like: &Like) -> String {
    let parts: Vec<String> = like
        .iter()
        .map(|part| {
            let quoted = quoted(part);
            let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            inner.unwrap_or_default().replace('*', "\\*")
        })
        .collect();
    format!("\"{}\"", parts.join("*"))
}

fn host(scheme: &str, rest: &str) -> Option<(String, Like)> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    if host.is_empty() {
        return None;
    }
    let slash = if path.starts_with('/') { "/" } else { "" };
    Some((format!("at `{host}`"), vec![format!("{scheme}://{host}{slash}"), String::new()]))
}

fn folder(text: &str) -> Option<(String, Like)> {
    let (folder, name) = text.rsplit_once('/')?;
    if folder.is_empty() || name.is_empty() {
        return None;
    }
    Some((format!("below `{folder}`"), vec![format!("{folder}/"), String::new()]))
}

/// A line that begins with a command.
fn first_word(text: &str) -> Option<(String, Like)> {
    let (word, _) = text.split_once(char::is_whitespace)?;
    let is_command = word.len() <= 40
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_./".contains(c));
    is_command
        .then(|| (format!("that begins with `{word}`"), vec![format!("{word} "), String::new()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_go_by_form() {
        let cases = [
            ("eve@crane.example", Some("\"*@crane.example\"")),
            ("https://crane.example/a?b", Some("\"https://crane.example/*\"")),
            ("https://crane.example", Some("\"https://crane.example*\"")),
            ("invoices/2026/*.html", Some("\"invoices/2026/*\"")),
            ("a*b/c", Some("\"a\\*b/*\"")),
            ("rm -rf /", Some("\"rm *\"")),
            ("Please pay the bill", None),
            ("DE89370400440532013000", None),
            ("https:///", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let made: Vec<String> = likes(text).iter().map(|(_, like)| written(like)).collect();
            assert_eq!(made.first().map(String::as_str), expected, "{text}");
        }
    }
}

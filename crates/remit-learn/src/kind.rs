//! What kind of value a text is: an address that things go to, a name, a date, or just text.
//!
//! By its form alone, never by what it says.

use std::collections::BTreeSet;

/// The kind of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// `ann@example.org`.
    Email,
    /// `https://example.org/x`, `www.example.org`, `example.org`.
    Url,
    /// `src/main.rs`, `/etc/hosts`, `notes.txt`.
    Path,
    /// `GB29NWBK60161331926819`, `order_4711`: one word with digits.
    Account,
    /// `2024-05-01`, with or without a time.
    Date,
    /// `1200`, `-3.5`, and `true`: what stands as text because its type is not always the same.
    Scalar,
    /// A few words without punctuation: a person, a channel, a city.
    Name,
    /// Anything else.
    Prose,
}

/// No word of a person's name, of a street or of a city is longer together.
const NAME_CHARS: usize = 48;
/// Nor has more words.
const NAME_WORDS: usize = 5;
/// Shorter words with digits are more often counts than accounts.
const ACCOUNT_CHARS: usize = 5;
/// Endings of file names that would pass for the end of a host's name.
const FILE_ENDINGS: &[&str] = &[
    "bat", "bin", "bmp", "c", "cc", "cfg", "cjs", "conf", "cpp", "cs", "css", "csv", "db", "doc",
    "docx", "env", "exe", "gif", "go", "gz", "h", "hpp", "htm", "html", "ics", "ini", "ipynb",
    "jar", "java", "jpeg", "jpg", "js", "json", "jsonl", "jsx", "kt", "lock", "log", "lua", "md",
    "mjs", "mod", "mp3", "mp4", "odt", "pdf", "php", "pl", "png", "ppt", "pptx", "py", "rb", "rs",
    "rst", "rtf", "scss", "sh", "sql", "sum", "svelte", "svg", "swift", "tar", "tex", "toml", "ts",
    "tsv", "tsx", "txt", "vue", "wav", "xls", "xlsx", "xml", "yaml", "yml", "zip",
];

impl Kind {
    /// The kind of `text`.
    pub(crate) fn of(text: &str) -> Kind {
        let text = text.trim();
        if text.contains(char::is_whitespace) {
            return Kind::of_words(text);
        }
        match text {
            "" => Kind::Name,
            _ if is_date(text) => Kind::Date,
            "true" | "false" | "True" | "False" => Kind::Scalar,
            _ if text.parse::<f64>().is_ok() => Kind::Scalar,
            _ if is_email(text) => Kind::Email,
            _ if is_url(text) => Kind::Url,
            _ if is_path(text) => Kind::Path,
            _ if is_account(text) => Kind::Account,
            _ if text.chars().count() <= NAME_CHARS && !ends_sentence(text) => Kind::Name,
            _ => Kind::Prose,
        }
    }

    fn of_words(text: &str) -> Kind {
        let words = text.split_whitespace().count();
        let is_short = words <= NAME_WORDS && text.chars().count() <= NAME_CHARS;
        if text.contains(['\n', '\r']) || !is_short {
            return Kind::Prose;
        }
        if is_date(text) {
            return Kind::Date;
        }
        if is_grouped_account(text) {
            return Kind::Account;
        }
        let inner = [". ", ", and ", ": ", "; ", "! ", "? "].iter().any(|mark| text.contains(mark));
        if inner || ends_sentence(text) { Kind::Prose } else { Kind::Name }
    }

    /// Whether such a value says by itself where something goes, or what it is done to.
    pub(crate) fn is_address(self) -> bool {
        match self {
            Kind::Email | Kind::Url | Kind::Path | Kind::Account => true,
            Kind::Date | Kind::Scalar | Kind::Name | Kind::Prose => false,
        }
    }
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '!', '?', ':', ','])
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let dash = |at: usize| bytes.get(at) == Some(&b'-');
    digits(0..4) && dash(4) && digits(5..7) && (bytes.len() == 7 || (dash(7) && digits(8..10)))
}

fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else { return false };
    !user.is_empty() && is_host(host)
}

fn is_url(text: &str) -> bool {
    let rest = text.split_once("://").map(|(_, rest)| rest);
    if let Some(rest) = rest {
        return !rest.is_empty();
    }
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let is_file =
        text == host && host.rsplit('.').next().is_some_and(|end| FILE_ENDINGS.contains(&end));
    is_host(host) && !is_file
}

/// `a.b`, of letters, digits and hyphens, ending in letters.
fn is_host(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let end = labels.last().copied().unwrap_or_default();
    labels.len() > 1
        && labels.iter().all(is_label)
        && end.len() >= 2
        && end.chars().all(char::is_alphabetic)
}

fn is_path(text: &str) -> bool {
    let has_ending = || {
        let ending = text.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        ending.is_some_and(|ending| FILE_ENDINGS.contains(&ending.as_str()))
    };
    text.contains('/') || text.contains('\\') || has_ending()
}

fn is_account(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '#');
    text.chars().count() >= ACCOUNT_CHARS
        && text.chars().all(is_part)
        && text.chars().any(|c| c.is_ascii_digit())
}

/// Groups of capitals and digits, such as `GB29 NWBK 6016`.
fn is_grouped_account(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
    text.chars().all(is_part) && text.chars().filter(char::is_ascii_digit).count() >= 2
}

/// The same address as other programs would write it, itself included. Only URLs have several.
pub(crate) fn spellings(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([text.to_owned()]);
    if Kind::of(text) == Kind::Url {
        let bare = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let bare = bare.unwrap_or(text);
        if !bare.contains("://") {
            all.extend([bare.to_owned(), format!("http://{bare}"), format!("https://{bare}")]);
        }
    }
    all
}

/// The accounts and addresses that stand in a text, at most `most`.
pub(crate) fn addresses_in(text: &str, most: usize) -> BTreeSet<(Kind, String)> {
    let is_edge = |c: char| !c.is_alphanumeric();
    let words = text.split(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '<' | '>' | '(' | ')')
    });
    let found = words.filter_map(|word| {
        let word = word.trim_matches(is_edge);
        let kind = Kind::of(word);
        matches!(kind, Kind::Account | Kind::Email).then(|| (kind, word.to_owned()))
    });
    found.take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart_by_form() {
        let cases = [
            ("ann@larkfield.example", Kind::Email),
            ("https://larkfield.example/a?b", Kind::Url),
            ("www.larkfield.example", Kind::Url),
            ("larkfield.example/news", Kind::Url),
            ("bill-march.txt", Kind::Path),
            ("src/main.rs", Kind::Path),
            ("C:\\notes", Kind::Path),
            ("GB29NWBK60161331926819", Kind::Account),
            ("GB29 NWBK 6016", Kind::Account),
            ("order_4711", Kind::Account),
            ("2024-05-01", Kind::Date),
            ("2024-05-01 10:00", Kind::Date),
            ("2024-05", Kind::Date),
            ("1200.0", Kind::Scalar),
            ("true", Kind::Scalar),
            ("Ann", Kind::Name),
            ("14 Elm Street", Kind::Name),
            ("Hello Ann, how are you?", Kind::Prose),
            ("one\ntwo", Kind::Prose),
            ("Paid.", Kind::Prose),
        ];
        for (text, kind) in cases {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }

    #[test]
    fn a_url_is_the_same_with_and_without_its_scheme() {
        let all = spellings("http://larkfield.example/a");
        assert!(all.contains("larkfield.example/a") && all.contains("https://larkfield.example/a"));
        assert_eq!(spellings("Ann").len(), 1);
        assert_eq!(spellings("ftp://larkfield.example").len(), 1);
    }

    #[test]
    fn accounts_are_found_in_results() {
        let found = addresses_in("id: 7, recipient: US122000000121212121212. 'ann@a.example'", 9);
        let texts: Vec<_> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["ann@a.example", "US122000000121212121212"]);
    }
}

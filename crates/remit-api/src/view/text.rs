//! Texts cut to what a list can show.

use crate::wire::Excerpt;

/// Characters of a text that cross with a list; the rest is asked for.
pub(super) const EXCERPT_CHARS: usize = 4_000;

/// One line of at most `chars` characters.
pub(super) fn brief(text: &str, chars: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = excerpt(&line, chars);
    if short.more == 0 { short.text } else { format!("{}…", short.text) }
}

pub(super) fn excerpt(text: &str, chars: usize) -> Excerpt {
    match text.char_indices().nth(chars) {
        None => Excerpt { text: text.to_owned(), more: 0 },
        Some((at, _)) => {
            let (start, rest) = text.split_at(at);
            Excerpt { text: start.to_owned(), more: rest.chars().count() as u32 }
        }
    }
}

//! "Did you mean …": the nearest known name, or nothing.
//!
//! A far-fetched suggestion costs more than none, so a name only counts when about a third of its
//! letters, at most, would have to change.

/// The known name that is nearest to what was written, if any is near.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(&written.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(edits, name)| *edits <= limit && *name != written)
        .min()
        .map(|(_, name)| name)
}

/// Whether a suggestion made by others is near enough to be repeated.
pub(crate) fn is_near(written: &str, suggestion: &str) -> bool {
    nearest(written, [suggestion]).is_some()
}

/// Levenshtein's distance, one row at a time.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.chars().enumerate() {
        let mut next = vec![line + 1];
        let mut before = line + 1;
        for ((b, up), diagonal) in right.iter().zip(row.iter().skip(1)).zip(&row) {
            before = (diagonal + usize::from(a != *b)).min(up + 1).min(before + 1);
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(nearest("recipent", ["amount", "recipient"]), Some("recipient"));
        assert_eq!(nearest("sender", ["amount", "recipient"]), None);
        assert_eq!(nearest("agent", ["Agent"]), Some("Agent"));
    }
}

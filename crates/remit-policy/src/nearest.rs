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

/// The known names by how near they are, at most so many; first those that are likely meant, and
/// nothing at all if none is.
pub(crate) fn by_distance<'a>(written: &str, known: &'a [String], most: usize) -> Vec<&'a str> {
    let limit = (written.chars().count() / 2).max(1);
    let lower = written.to_lowercase();
    let mut near: Vec<(usize, &str)> = known
        .iter()
        .map(|name| (distance(&lower, &name.to_lowercase()), name.as_str()))
        .filter(|(edits, name)| *edits <= limit && *name != written)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(most).map(|(_, name)| name).collect()
}

/// Whether a suggestion made by others is near enough to be repeated.
pub(crate) fn is_near(written: &str, suggestion: &str) -> bool {
    nearest(written, [suggestion]).is_some()
}

/// Levenshtein's distance, one row at a time; two neighbours that changed places are one mistake.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let (mut row_before, mut a_before) = (Vec::<usize>::new(), None);
    for (line, a) in left.chars().enumerate() {
        let mut next = vec![line + 1];
        let mut before = line + 1;
        let mut b_before = None;
        let cells = right.iter().zip(row.iter().skip(1)).zip(&row);
        for (column, ((b, up), diagonal)) in cells.enumerate() {
            before = (diagonal + usize::from(a != *b)).min(up + 1).min(before + 1);
            if a_before == Some(*b) && b_before == Some(a) {
                let both = column.checked_sub(1).and_then(|at| row_before.get(at));
                before = before.min(both.map_or(usize::MAX, |both| both + 1));
            }
            b_before = Some(*b);
            next.push(before);
        }
        a_before = Some(a);
        row_before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("pya", "pay"), 1);
        assert_eq!(nearest("recipent", ["amount", "recipient"]), Some("recipient"));
        assert_eq!(nearest("sender", ["amount", "recipient"]), None);
        assert_eq!(nearest("agent", ["Agent"]), Some("Agent"));
    }
}

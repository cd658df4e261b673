//! Forms that several values share: a host, a domain, a folder, a prefix.

use crate::kind::Kind;
use crate::value::Seen;
use std::collections::{BTreeMap, BTreeSet};

/// So many different values must share a form before it stands for them.
const SHARING: usize = 3;
/// With more forms than this, wider ones are looked for.
const FORMS: usize = 8;
/// A shared beginning must be so long to mean something.
const PREFIX: usize = 3;

/// The forms that values share, each with the number of calls behind it; and the values that are left.
pub(crate) type Forms = (BTreeMap<(String, String), u32>, BTreeMap<Seen, u32>);

/// Replaces values by forms where at least three share one.
pub(crate) fn forms(values: BTreeMap<Seen, u32>) -> Forms {
    let mut deepest = usize::MAX;
    loop {
        let (forms, rest) = by_form(&values, deepest);
        let depth = forms.keys().map(|(head, _)| depth(head)).max().unwrap_or(0);
        if forms.len() <= FORMS || depth <= 2 {
            return (forms, rest);
        }
        deepest = depth - 1;
    }
}

fn by_form(values: &BTreeMap<Seen, u32>, deepest: usize) -> Forms {
    let mut groups: BTreeMap<(String, String), Vec<(&Seen, u32)>> = BTreeMap::new();
    let mut rest = BTreeMap::new();
    for (seen, calls) in values {
        match form(seen, deepest) {
            Some(form) => groups.entry(form).or_default().push((seen, *calls)),
            None => drop(rest.insert(seen.clone(), *calls)),
        }
    }
    let mut forms = BTreeMap::new();
    for (form, members) in groups {
        if members.len() >= SHARING {
            forms.insert(form, members.iter().map(|(_, calls)| calls).sum());
        } else {
            rest.extend(members.into_iter().map(|(seen, calls)| (seen.clone(), calls)));
        }
    }
    let all_left = forms.is_empty() && rest.len() >= SHARING;
    match shared_beginning(&rest).filter(|_| all_left) {
        Some(prefix) => {
            let calls = rest.values().sum();
            (BTreeMap::from([((prefix, String::new()), calls)]), BTreeMap::new())
        }
        None => (forms, rest),
    }
}

/// Head and tail of the values that are like this one. Accounts have none: one is not like another; and
/// what leads upwards (`..`) is not where it says.
fn form(seen: &Seen, deepest: usize) -> Option<(String, String)> {
    let Seen::Text(text) = seen else { return None };
    if text.contains("..") {
        return None;
    }
    match Kind::of(text) {
        Kind::Url => {
            let (scheme, rest) =
                text.split_once("://").map_or(("", &**text), |(s, rest)| (s, rest));
            let host = rest.split('/').next()?;
            let head =
                if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") };
            Some((head + "/", String::new())).filter(|(head, _)| text.starts_with(head))
        }
        Kind::Email => text.split_once('@').map(|(_, host)| (String::new(), format!("@{host}"))),
        Kind::Path => folder(text, deepest).map(|folder| (folder, String::new())),
        Kind::Account | Kind::Date | Kind::Scalar | Kind::Name | Kind::Prose => None,
    }
}

/// The folder of a path with the slash, at most so many names deep.
fn folder(path: &str, deepest: usize) -> Option<String> {
    let ends: Vec<usize> = path
        .char_indices()
        .filter(|(_, c)| matches!(c, '/' | '\\'))
        .map(|(at, c)| at + c.len_utf8())
        .collect();
    let end = ends.get(..deepest.min(ends.len()))?.last().copied()?;
    let folder = path.get(..end)?;
    (folder.chars().any(char::is_alphanumeric)).then(|| folder.to_owned())
}

fn depth(head: &str) -> usize {
    head.matches(['/', '\\']).count()
}

/// The beginning that all values share, up to a mark between words.
fn shared_beginning(values: &BTreeMap<Seen, u32>) -> Option<String> {
    let texts: Option<BTreeSet<&str>> = values
        .keys()
        .map(|seen| match seen {
            Seen::Text(text) if !text.contains("..") => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let texts = texts?;
    let first = texts.first()?;
    let last = texts.last()?;
    let shared: String =
        first.chars().zip(last.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    let end = shared.rfind(['_', '-', '/', ':', '#', '.'])? + 1;
    let prefix = shared.get(..end)?;
    (prefix.chars().count() >= PREFIX).then(|| prefix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str]) -> (Vec<String>, usize) {
        let values = texts.iter().map(|text| (Seen::Text((*text).to_owned()), 1)).collect();
        let (forms, rest) = forms(values);
        (forms.into_keys().map(|(head, tail)| format!("{head}*{tail}")).collect(), rest.len())
    }

    #[test]
    fn three_values_share_a_form_and_two_do_not() {
        let form = |form: &str| vec![form.to_owned()];
        assert_eq!(found(&["a@x.example", "b@x.example"]), (vec![], 2));
        assert_eq!(found(&["a@x.example", "b@x.example", "c@x.example"]), (form("*@x.example"), 0));
        assert_eq!(
            found(&["https://h.example/a", "https://h.example/b", "https://h.example/c", "ann"]),
            (form("https://h.example/*"), 1)
        );
        assert_eq!(found(&["src/a.rs", "src/b.rs", "src/c.rs"]), (form("src/*"), 0));
        assert_eq!(found(&["order_1a", "order_2b", "order_3c"]), (form("order_*"), 0));
    }

    #[test]
    fn accounts_and_ways_up_have_no_form() {
        assert_eq!(found(&["GB291111", "GB292222", "GB293333"]), (vec![], 3));
        assert_eq!(found(&["a/../x.rs", "a/../y.rs", "b/../z.rs"]), (vec![], 3));
    }

    #[test]
    fn many_folders_become_the_one_above_them() {
        let paths: Vec<String> = (0..12)
            .flat_map(|folder| (0..3).map(move |n| format!("/work/app/f{folder}/x{n}.rs")))
            .collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        assert_eq!(found(&paths), (vec!["/work/app/*".to_owned()], 0));
    }
}

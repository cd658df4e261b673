//! Names that Cedar's generator accepts, for names that it refuses.
//!
//! A name that is an identifier stays itself; any other gets a readable alias that nobody else has.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy_core::ast::UnreservedId;
use cedar_policy_core::validator::json_schema::CommonTypeId;

/// Names and their aliases, one to one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Aliases {
    by_name: BTreeMap<String, String>,
}

impl Aliases {
    /// Gives every name an alias that is not taken.
    pub(super) fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
        is_taken: impl Fn(&str) -> bool,
    ) -> Self {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let (plain, odd): (Vec<&str>, Vec<&str>) =
            names.into_iter().partition(|name| is_identifier(name) && !is_taken(name));
        let mut used: BTreeSet<String> = plain.iter().map(|name| (*name).to_owned()).collect();
        let mut by_name: BTreeMap<String, String> =
            plain.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect();
        for name in odd {
            let alias = unused(&identifier(name), |alias| used.contains(alias) || is_taken(alias));
            used.insert(alias.clone());
            by_name.insert(name.to_owned(), alias);
        }
        Self { by_name }
    }

    /// The alias of a name; an unknown name is its own.
    pub(super) fn alias<'a>(&'a self, name: &'a str) -> &'a str {
        self.by_name.get(name).map_or(name, String::as_str)
    }

    /// The name behind an alias.
    pub(super) fn name<'a>(&'a self, alias: &'a str) -> &'a str {
        let found = self.by_name.iter().find(|(_, candidate)| *candidate == alias);
        found.map_or(alias, |(name, _)| name.as_str())
    }
}

/// A name that is not in use: the wanted one, or the wanted one with a number.
pub(super) fn unused(wanted: &str, is_used: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{wanted}_{number}"));
    std::iter::once(wanted.to_owned())
        .chain(numbered)
        .find(|name| !is_used(name))
        .unwrap_or_else(|| wanted.to_owned())
}

/// Whether the generator can name a type after it, without hiding one of Cedar's own.
fn is_identifier(name: &str) -> bool {
    const BUILT_IN: [&str; 7] =
        ["Bool", "Long", "String", "decimal", "datetime", "duration", "ipaddr"];
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_type_name =
        name.parse::<UnreservedId>().is_ok_and(|name| CommonTypeId::new(name).is_ok());
    !name.is_empty() && name.chars().all(is_letter) && is_type_name && !BUILT_IN.contains(&name)
}

/// The name with everything that is no letter, digit or `_` replaced.
fn identifier(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let letters: String = name.chars().map(keep).collect();
    let candidate = match letters.chars().next() {
        None => "_".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("_{letters}"),
        Some(_) => letters,
    };
    if is_identifier(&candidate) { candidate } else { format!("{candidate}_") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_keep_themselves_and_odd_ones_get_out_of_their_way() {
        let names = ["read-file", "read_file", "2fa", "in", "", "größe", "a.b", "a/b", "__cedar"];
        let aliases = Aliases::new(names, |alias| alias == "a_b");
        let given: Vec<_> = names.iter().map(|name| aliases.alias(name)).collect();
        let expected =
            ["read_file_2", "read_file", "_2fa", "in_", "_", "gr__e", "a_b_2", "a_b_3", "__cedar_"];
        assert_eq!(given, expected);
        assert!(names.iter().all(|name| aliases.name(aliases.alias(name)) == *name));
    }
}

//! The page about facts is made from the table of facts. `UPDATE=1` rewrites it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;

use camino::Utf8Path;

#[test]
fn the_page_about_facts_is_made_from_the_table() {
    let page = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/FACTS.md");
    let made = remit_policy::facts_page();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&page, &made).unwrap();
    }
    assert_eq!(fs::read_to_string(&page).unwrap_or_default(), made);
}

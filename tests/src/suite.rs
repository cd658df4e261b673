//! Runs the cases that are data: replay pages (`suite/replay`), the expectations of the shipped
//! workspaces (`../policies/*/tests`) and their reports (`suite/report`), and bundles (`suite/bundle`).
//! `UPDATE=1` rewrites pages and reports.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

mod bundle;
mod page;
mod report;
mod shipped;

use libtest_mimic::{Arguments, Trial};
use std::path::Path;

fn main() {
    let arguments = Arguments::from_args();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policies = here.join("../policies");
    let mut trials: Vec<Trial> = page::trials(&here.join("suite/replay"));
    trials.extend(shipped::trials(&policies));
    trials.extend(report::trials(&policies, &here.join("suite/report")));
    trials.extend(bundle::trials(&here.join("suite/bundle")));
    libtest_mimic::run(&arguments, trials).exit();
}

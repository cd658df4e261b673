//! Runs the cases that are data: replay pages (`suite/replay`), the expectations of the shipped
//! workspaces (`../policies/*/tests`) and their reports (`suite/report`). `UPDATE=1` rewrites pages and
//! reports.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

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
    libtest_mimic::run(&arguments, trials).exit();
}

//! Runs the cases that are data: replay pages (`suite/replay/*.md`) and the expectations of the
//! shipped workspaces (`../policies/*/tests/*.toml`). `UPDATE=1` rewrites the verdicts of the pages.

mod page;
mod shipped;

use libtest_mimic::{Arguments, Trial};
use std::path::Path;

fn main() {
    let arguments = Arguments::from_args();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials: Vec<Trial> = page::trials(&here.join("suite/replay"));
    trials.extend(shipped::trials(&here.join("../policies")));
    libtest_mimic::run(&arguments, trials).exit();
}

//! Progress of long work, on stderr, only on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts `what`; hidden when stderr is no terminal.
pub(crate) fn bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

//! Remit on the command line.
fn main() {}

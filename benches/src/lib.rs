//! What benches and tests share: Cedar's own corpus, and workspaces as large as wanted.

pub mod cedar_corpus;
mod random;
pub mod workspace;

pub use random::Random;

//! One module a command.

pub(crate) mod bundle;
pub(crate) mod check;
pub(crate) mod default_scope;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod friction;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod learn;
pub(crate) mod lsp;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod score;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod stop;
pub(crate) mod test;

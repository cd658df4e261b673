//! The types that cross to the window, and nowhere else.
//!
//! TypeScript for them is generated (`ui/src/api/bindings.ts`); nobody edits or redeclares it. Counts
//! and positions are `u32`, because a 64-bit integer would arrive as a number that is typed as a
//! `bigint`. Text from recordings crosses as text and is shown as text.

mod access;
mod app;
mod corpus;
mod desk;
mod edit;
mod effects;
mod entities;
mod error;
mod event;
mod files;
mod friction;
mod incident;
mod learn;
mod review;
mod rules;
mod schema;
mod session;
mod why;
mod workspace;

pub use access::*;
pub use app::*;
pub use corpus::*;
pub use desk::*;
pub use edit::*;
pub use effects::*;
pub use entities::*;
pub use error::*;
pub use event::*;
pub use files::*;
pub use friction::*;
pub use incident::*;
pub use learn::*;
pub use review::*;
pub use rules::*;
pub use schema::*;
pub use session::*;
pub use why::*;
pub use workspace::*;

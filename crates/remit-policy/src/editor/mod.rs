//! What an editor needs to know: completion, hover, definitions, references, renaming, outline, quick fixes.
//!
//! Pure functions of a workspace with its drafts, a file and a place in it. They answer for text that
//! does not parse, which is the usual state of text that somebody is typing. Offsets are bytes.
//! Nothing here knows recordings: who has some passes what they hold as [`Seen`].

mod complete;
mod conditions;
mod desk;
mod expression;
mod fixes;
mod hover;
mod json;
mod occurrences;
mod outline;
mod parse;
mod parts;
mod reading;
mod rename;
mod schema;
mod schema_fixes;
pub(crate) mod schema_syntax;
mod syntax;
mod token;
mod toml_words;
mod types;
mod words;

pub use complete::{Completion, CompletionKind, complete, has, step as access_path};
pub use conditions::{Condition, Conditions, Mutant, MutantKind, all_conditions, conditions};
pub use desk::{Desk, Nothing, Seen, SeenAttribute, SeenValue};
pub use fixes::{QuickFix, quick_fixes};
pub use hover::{Hover, hover};
pub use occurrences::{Location, definition, references};
pub use outline::{OutlineItem, OutlineKind, folds, outline};
pub use parts::{ClauseParts, Joint, Part, clause_parts};
pub use reading::plain_english;
pub use rename::{Edit, RenameError, Renaming, rename, renaming};
pub(crate) use schema_fixes::attribute_name;
pub use schema_fixes::{SchemaFix, SchemaPlace, change_type, declare_attribute, make_optional};
pub use token::{quoted, unquoted};

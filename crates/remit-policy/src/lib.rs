//! What agents may do: workspaces, policies, schemas, and everything that is wrong with them.
//!
//! [`Workspace::load`] reads a folder and returns what could be read together with *all*
//! [`Finding`]s: a broken policy neither hides the next mistake nor blanks the policies beside it.
//! [`check_text`] does the same for one draft while its author types. [`schema_gen`] makes schemas
//! from tools, [`new_workspace`] makes workspaces.
//!
//! Nothing here knows what a session is, decides a request, or prints to a terminal. A tool, a task
//! or an agent is only a name that the caller looks up.

mod access;
mod assemble;
mod check;
mod config;
mod digest;
mod directory;
mod draft;
pub mod editor;
mod entities;
mod explain;
mod files;
mod finding;
mod format;
mod layer;
mod links;
mod load;
mod mapping;
mod nearest;
pub mod new_workspace;
mod pattern;
mod policy_file;
mod policy_source;
mod recordings;
pub mod render;
mod rules;
mod schema;
pub mod schema_gen;
mod schema_model;
mod scopes;
mod session_facts;
mod split;
pub mod temporal;
mod validate;
mod workspace;

pub use access::{Access, Allowed, Extent, access};
pub use cedar_policy::Effect;
pub use check::check_text;
pub use config::{Config, UNTRUSTED};
pub use directory::{DirectoryEntry, EntityKind, directory};
pub use entities::LoadedEntities;
pub use files::{FileEntry, FileKind};
pub use finding::{Finding, FindingCode, Severity};
pub use format::format_text;
pub use layer::{Layer, marks_unverified};
pub use mapping::{AgentRule, Mapping, ResourceRule, ToolMatch, ToolRule, TrustRule};
pub use pattern::{NamePattern, NameTemplate};
pub use policy_source::{Language, PolicySource};
pub use recordings::{RecordingFiles, RecordingPaths};
pub use rules::{Rule, RuleError, RuleValue, ValueKind, fill_rule, rule_argument, rules};
pub use schema::LoadedSchema;
pub use schema_model::{ActionModel, AttributeModel, RecordModel, SchemaModel, TypeModel};
pub use scopes::{Scope, SessionKey, TaskMatch, TaskNames, TaskRule, TaskRules};
pub use session_facts::{FactType, SESSION_FACTS, SessionFact, facts_page};
pub use temporal::{History, HistoryOf, Leaf, schema_with_booleans};
pub use workspace::{Digests, LayerRef, Workspace, WorkspaceError};

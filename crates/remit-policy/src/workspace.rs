//! A workspace: a folder with a schema, entities, guardrails and scopes.
//!
//! Loading fails only for what is no workspace at all. Everything else is a finding beside whatever
//! could be read, so that an author with one broken file still sees the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use thiserror::Error;

use crate::assemble::Parts;
use crate::config::Config;
use crate::digest;
use crate::draft;
use crate::entities::LoadedEntities;
use crate::files::{FileEntry, FileKind, GUARDRAILS, LINKS, SCHEMA, SCOPES};
use crate::finding::{Finding, Severity};
use crate::layer::Layer;
use crate::load::{from_texts, load};
use crate::policy_source::{Language, PolicySource};
use crate::schema::LoadedSchema;
use crate::scopes::{self, Scope, SessionKey, TaskMatch, TaskRules};
use crate::temporal::History;

/// A loaded workspace, with everything that is wrong with it. Cheap to clone: what is large is shared.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Its folder.
    pub root: Utf8PathBuf,
    /// What `remit.toml` says.
    pub config: Arc<Config>,
    /// The schema, if there is one and it makes sense.
    pub schema: Option<Arc<LoadedSchema>>,
    /// What conditions over history stand on; nothing without a schema.
    pub history: Option<Arc<History>>,
    /// The entities that are right.
    pub entities: Arc<LoadedEntities>,
    /// What agents may do, whatever the task.
    pub guardrails: Arc<Layer>,
    /// What each task needs, sorted by task.
    pub scopes: Vec<Scope>,
    /// Which sessions a task covers.
    pub tasks: Arc<TaskRules>,
    /// Everything that is wrong, by file and place.
    pub findings: Vec<Finding>,
    /// The files that were read, sorted by path.
    pub files: Vec<FileEntry>,
    pub(crate) parts: Parts,
}

/// Why a folder is no workspace.
#[derive(Debug, Error, Diagnostic)]
pub enum WorkspaceError {
    /// Nothing there.
    #[error("there is no folder `{path}`")]
    #[diagnostic(
        code(no_such_workspace),
        help("check the path, or make a workspace there with `remit init {path}`")
    )]
    NotFound {
        /// The path.
        path: Utf8PathBuf,
    },
    /// Something, but no folder.
    #[error("`{path}` is a file, and a workspace is a folder")]
    #[diagnostic(code(workspace_is_a_file), help("name the folder that holds `remit.toml`"))]
    NotAFolder {
        /// The path.
        path: Utf8PathBuf,
    },
    /// A folder without any of a workspace's files.
    #[error(
        "`{path}` is no workspace: it has no `remit.toml`, no `schema.cedarschema` and no `guardrails`"
    )]
    #[diagnostic(
        code(not_a_workspace),
        help("make one with `remit init`, or name the folder that holds `remit.toml`")
    )]
    NotAWorkspace {
        /// The path.
        path: Utf8PathBuf,
    },
}

/// What a replay depends on, each as `sha256:` and hex.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Digests {
    /// The guardrails.
    pub guardrails: String,
    /// All scopes and the rules that choose between them.
    pub scopes: String,
    /// The schema.
    pub schema: String,
    /// The entities.
    pub entities: String,
    /// How tool calls become requests.
    pub mapping: String,
}

/// One of a workspace's layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerRef<'a> {
    /// The guardrails.
    Guardrails,
    /// The scope of a task.
    Scope(&'a str),
}

impl Workspace {
    /// Loads a workspace from disk.
    ///
    /// # Errors
    /// If the folder is no workspace at all; whatever is wrong inside one is a finding.
    pub fn load(root: &Utf8Path) -> Result<Self, WorkspaceError> {
        Self::load_with(root, &|_| None)
    }

    /// Loads a workspace with the unsaved text of some of its files, by relative path.
    ///
    /// # Errors
    /// As [`Workspace::load`].
    pub fn load_with(
        root: &Utf8Path,
        overlay: &dyn Fn(&Utf8Path) -> Option<String>,
    ) -> Result<Self, WorkspaceError> {
        load(root, overlay)
    }

    /// A workspace whose files are in memory, by relative path, such as those of a bundle. Files that are
    /// none of a workspace's are left out; `root` is only what it is called, and nothing is read there.
    #[must_use]
    pub fn from_texts(root: &Utf8Path, texts: Vec<(Utf8PathBuf, String)>) -> Self {
        from_texts(root, texts)
    }

    /// The same workspace with the unsaved text of some policy files, which may be new; texts of
    /// other files are not looked at.
    ///
    /// Only policies that changed are parsed, and none is validated, so that the findings of these
    /// files are those about syntax and ids; [`check_text`](crate::check_text) asks the validator.
    ///
    /// # Errors
    /// If something makes it unclear what to judge, such as a text that does not parse or an id that
    /// is taken: what and where. What does not fit the schema is no such thing.
    pub fn with_texts(&self, drafts: &[(Utf8PathBuf, String)]) -> Result<Self, Vec<Finding>> {
        draft::with_texts(self, drafts)
    }

    /// Whether there are no errors; warnings and advice do not count.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    /// The task of a session and what it needs.
    #[must_use]
    pub fn scope_for(&self, session: &SessionKey<'_>) -> TaskMatch<'_> {
        self.tasks.find(session, &self.scopes)
    }

    /// A layer, if there is such a scope.
    #[must_use]
    pub fn layer(&self, layer: LayerRef<'_>) -> Option<&Layer> {
        match layer {
            LayerRef::Guardrails => Some(&self.guardrails),
            LayerRef::Scope(task) => scopes::of_task(&self.scopes, task).map(|scope| &*scope.layer),
        }
    }

    /// The source of the policy that a decision names.
    #[must_use]
    pub fn policy(&self, layer: LayerRef<'_>, id: &str) -> Option<&PolicySource> {
        self.layer(layer)?.policy(id)
    }

    /// The text of a file that was read, by its path relative to the workspace.
    #[must_use]
    pub fn text(&self, file: &Utf8Path) -> Option<&str> {
        self.files.iter().find(|entry| entry.path == file).map(|entry| &*entry.text)
    }

    /// How many policies there are in all layers; one in two scopes counts once.
    #[must_use]
    pub fn policy_count(&self) -> usize {
        let layers = self.scopes.iter().map(|scope| &scope.layer).chain([&self.guardrails]);
        let places: BTreeSet<_> = layers
            .flat_map(|layer| &layer.policies)
            .map(|policy| (&policy.file, policy.span.start))
            .collect();
        places.len()
    }

    /// The digests of everything that verdicts depend on, except the recordings.
    #[must_use]
    pub fn digests(&self) -> Digests {
        let is_guardrails = |entry: &FileEntry| {
            entry.kind == FileKind::Guardrails
                || entry.path == Utf8Path::new(GUARDRAILS).join(LINKS)
        };
        Digests {
            guardrails: self.digest_of(is_guardrails),
            scopes: self.digest_of(|entry| entry.path.starts_with(SCOPES)),
            schema: digest::of_text(self.text(Utf8Path::new(SCHEMA)).unwrap_or_default()),
            entities: self.entities.digest.clone(),
            mapping: self.mapping_digest(),
        }
    }

    /// The mapping, and whose history policies see if any policy looks at it.
    fn mapping_digest(&self) -> String {
        let mapping = self.config.mapping.digest();
        match self.history_in_use() {
            Some(history) => {
                digest::of_files([("mapping", &*mapping), ("events", &history.event_schema)])
            }
            None => mapping,
        }
    }

    /// What conditions over history stand on, if any file may hold such conditions.
    #[must_use]
    pub fn history_in_use(&self) -> Option<&History> {
        let asks = |entry: &FileEntry| {
            entry.kind.is_policies() && Language::of(&entry.path) == Language::Dogwood
        };
        self.history.as_deref().filter(|_| self.files.iter().any(asks))
    }

    /// The digest of some files: their names and their exact text.
    fn digest_of(&self, is_part: impl Fn(&FileEntry) -> bool) -> String {
        let parts = self.files.iter().filter(|entry| is_part(entry));
        digest::of_files(parts.map(|entry| (entry.path.as_str(), &*entry.text)))
    }
}

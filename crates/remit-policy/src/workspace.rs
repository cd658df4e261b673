//! A workspace: a folder with a schema, entities, guardrails and scopes.
//!
//! Loading fails only for what is no workspace at all. Everything else is a finding beside whatever
//! could be read, so that an author with one broken file still sees the rest.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use thiserror::Error;

use crate::config::{self, Config};
use crate::digest;
use crate::entities::LoadedEntities;
use crate::files::{
    self, CONFIG, ENTITIES, FileEntry, FileKind, GUARDRAILS, LINKS, SCHEMA, SCOPE_INDEX, SCOPES,
};
use crate::finding::{self, Finding, FindingCode, Severity};
use crate::layer::Layer;
use crate::links::LinkFile;
use crate::policy_file::{PolicyFile, PolicySource};
use crate::schema::LoadedSchema;
use crate::scopes::{self, Scope, SessionKey, TaskMatch, TaskRules};
use crate::validate;

/// A loaded workspace, with everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Its folder.
    pub root: Utf8PathBuf,
    /// What `remit.toml` says.
    pub config: Config,
    /// The schema, if there is one and it makes sense.
    pub schema: Option<LoadedSchema>,
    /// The entities that are right.
    pub entities: LoadedEntities,
    /// What agents may do, whatever the task.
    pub guardrails: Layer,
    /// What each task needs, sorted by task.
    pub scopes: Vec<Scope>,
    /// Which sessions a task covers.
    pub tasks: TaskRules,
    /// Everything that is wrong, by file and place.
    pub findings: Vec<Finding>,
    /// The files that were read, sorted by path.
    pub files: Vec<FileEntry>,
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
    #[diagnostic(
        code(workspace_is_a_file),
        help("name the folder that holds `remit.toml`")
    )]
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
        recognise(root)?;
        let mut findings = Vec::new();
        let files = files::read_all(root, overlay, &mut findings);
        Ok(Loader {
            root,
            files: &files,
            findings: &mut findings,
        }
        .load()
        .finish(files, findings))
    }

    /// Whether there are no errors; warnings and advice do not count.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity != Severity::Error)
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
            LayerRef::Scope(task) => self
                .scopes
                .iter()
                .find(|scope| scope.task == task)
                .map(|scope| &scope.layer),
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
        self.files
            .iter()
            .find(|entry| entry.path == file)
            .map(|entry| entry.text.as_str())
    }

    /// How many policies there are in all layers; one in two scopes counts once.
    #[must_use]
    pub fn policy_count(&self) -> usize {
        let layers = self
            .scopes
            .iter()
            .map(|scope| &scope.layer)
            .chain([&self.guardrails]);
        let places: std::collections::BTreeSet<_> = layers
            .flat_map(|layer| &layer.policies)
            .map(|policy| (&policy.file, policy.span.start))
            .collect();
        places.len()
    }

    /// The digests of everything that verdicts depend on, except the recordings.
    #[must_use]
    pub fn digests(&self) -> Digests {
        let scopes = self
            .files
            .iter()
            .filter(|entry| entry.path.starts_with(SCOPES));
        let scopes = scopes.map(|entry| (entry.path.as_str(), entry.text.as_str()));
        Digests {
            guardrails: self.guardrails.digest.clone(),
            scopes: digest::of_files(scopes),
            schema: digest::of_text(self.text(Utf8Path::new(SCHEMA)).unwrap_or_default()),
            entities: self.entities.digest.clone(),
            mapping: self.config.mapping.digest(),
        }
    }

    fn finish(mut self, files: Vec<FileEntry>, mut findings: Vec<Finding>) -> Self {
        finding::sort(&mut findings);
        self.files = files;
        self.findings = findings;
        self
    }
}

fn recognise(root: &Utf8Path) -> Result<(), WorkspaceError> {
    let path = root.to_owned();
    if !root.exists() {
        return Err(WorkspaceError::NotFound { path });
    }
    if !root.is_dir() {
        return Err(WorkspaceError::NotAFolder { path });
    }
    if [CONFIG, SCHEMA, GUARDRAILS]
        .iter()
        .all(|part| !root.join(part).exists())
    {
        return Err(WorkspaceError::NotAWorkspace { path });
    }
    Ok(())
}

struct Loader<'a> {
    root: &'a Utf8Path,
    files: &'a [FileEntry],
    findings: &'a mut Vec<Finding>,
}

impl<'a> Loader<'a> {
    fn load(&mut self) -> Workspace {
        let schema = self.schema();
        let config = self.config(schema.as_ref());
        let text = self.text(ENTITIES);
        let entities = LoadedEntities::read(
            Utf8Path::new(ENTITIES),
            text,
            schema.as_ref().map(|schema| &schema.schema),
            self.findings,
        );
        self.report_unsupported();
        let policies = self.policies(schema.as_ref());
        let guardrails = self.guardrails(&policies, schema.as_ref());
        let (tasks, scopes) = self.scopes(&policies, schema.as_ref());
        Workspace {
            root: self.root.to_owned(),
            config,
            schema,
            entities,
            guardrails,
            scopes,
            tasks,
            findings: Vec::new(),
            files: Vec::new(),
        }
    }

    fn text(&self, path: &str) -> Option<&'a str> {
        self.files
            .iter()
            .find(|entry| entry.path == path)
            .map(|entry| entry.text.as_str())
    }

    fn schema(&mut self) -> Option<LoadedSchema> {
        let file = Utf8Path::new(SCHEMA);
        let is_unreadable = self.findings.iter().any(|finding| finding.file == file);
        match self.text(SCHEMA) {
            Some(text) => LoadedSchema::read(file, text, self.findings),
            None if is_unreadable => None,
            None => {
                self.findings.push(
                    Finding::new(FindingCode::MissingSchema, file, "there is no schema to check policies against")
                        .help("generate one with `remit schema`, from the tools' own lists or from recordings"),
                );
                None
            }
        }
    }

    fn config(&mut self, schema: Option<&LoadedSchema>) -> Config {
        let text = self.text(CONFIG).unwrap_or_default();
        let folder = self
            .root
            .canonicalize_utf8()
            .unwrap_or_else(|_| self.root.to_owned());
        let folder = folder.file_name().unwrap_or("workspace");
        let config = config::read(
            text,
            folder,
            schema.map(|schema| &schema.model),
            self.findings,
        );
        self.findings
            .extend(config.recordings.files(self.root).findings);
        config
    }

    fn report_unsupported(&mut self) {
        for entry in self
            .files
            .iter()
            .filter(|entry| entry.kind == FileKind::Unsupported)
        {
            self.findings.push(
                Finding::new(
                    FindingCode::UnsupportedLanguage,
                    &entry.path,
                    "this version does not read Dogwood policies, so these have no effect",
                )
                .help("write them in Cedar, or move the file out of the workspace"),
            );
        }
    }

    fn policies(&mut self, schema: Option<&LoadedSchema>) -> BTreeMap<Utf8PathBuf, PolicyFile> {
        let mut parsed = BTreeMap::new();
        for entry in self.files {
            if matches!(entry.kind, FileKind::Guardrails | FileKind::Scope) {
                let file = PolicyFile::parse(&entry.path, &entry.text, self.findings);
                self.findings
                    .extend(schema.into_iter().flat_map(|s| validate::file(s, &file)));
                parsed.insert(entry.path.clone(), file);
            }
        }
        parsed
    }

    fn links(&mut self, folder: &str) -> Option<LinkFile> {
        let path = Utf8Path::new(folder).join(LINKS);
        let text = self.text(path.as_str())?;
        Some(LinkFile::read(&path, text, self.findings))
    }

    fn guardrails(
        &mut self,
        policies: &BTreeMap<Utf8PathBuf, PolicyFile>,
        schema: Option<&LoadedSchema>,
    ) -> Layer {
        let files: Vec<_> = policies
            .values()
            .filter(|file| file.path.starts_with(GUARDRAILS))
            .collect();
        let links = self.links(GUARDRAILS);
        let layer = Layer::assemble(&files, links.as_ref(), schema, self.findings);
        self.report_strange_links(links.as_ref(), &[&layer]);
        let is_broken = self
            .findings
            .iter()
            .any(|finding| finding.file.starts_with(GUARDRAILS));
        if layer.policies.is_empty() && !is_broken {
            self.findings.push(
                Finding::new(
                    FindingCode::NoGuardrails,
                    Utf8Path::new(GUARDRAILS),
                    "there are no guardrails, so every call is denied",
                )
                .help("permit what agents may do, in a file such as `guardrails/allow.cedar`"),
            );
        }
        layer
    }

    fn scopes(
        &mut self,
        policies: &BTreeMap<Utf8PathBuf, PolicyFile>,
        schema: Option<&LoadedSchema>,
    ) -> (TaskRules, Vec<Scope>) {
        let on_disk: Vec<&Utf8Path> = policies
            .keys()
            .map(Utf8PathBuf::as_path)
            .filter(|file| file.starts_with(SCOPES))
            .collect();
        let index = self.text(SCOPE_INDEX).unwrap_or_default();
        let tasks = scopes::read_rules(index, &on_disk, self.findings);
        let links = self.links(SCOPES);
        let mut loaded = Vec::new();
        for plan in scopes::plan(&tasks, &on_disk) {
            let files: Vec<_> = plan
                .files
                .iter()
                .filter_map(|file| policies.get(file))
                .collect();
            let layer = Layer::assemble(&files, links.as_ref(), schema, self.findings);
            let scope = Scope {
                task: plan.task,
                files: plan.files,
                layer,
            };
            self.findings.extend(scopes::report_empty(&scope));
            loaded.push(scope);
        }
        let layers: Vec<_> = loaded.iter().map(|scope| &scope.layer).collect();
        self.report_strange_links(links.as_ref(), &layers);
        (tasks, loaded)
    }

    /// A link whose template is in none of the layers.
    fn report_strange_links(&mut self, links: Option<&LinkFile>, layers: &[&Layer]) {
        for (file, link) in links
            .iter()
            .flat_map(|file| file.links.iter().map(move |link| (file, link)))
        {
            let has_template = |layer: &&Layer| {
                layer
                    .policies
                    .iter()
                    .any(|policy| policy.is_template && policy.id == link.template_id)
            };
            if !layers.iter().any(has_template) {
                let message = format!("there is no template `{}`", link.template_id);
                self.findings.push(
                    file.finding(link, message)
                        .help("write the `@id` of a template in this layer"),
                );
            }
        }
    }
}

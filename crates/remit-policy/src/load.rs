//! Loads a workspace: one step for each kind of file, none of which can stop the others.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::config::{self, Config};
use crate::entities::LoadedEntities;
use crate::files::{
    self, CONFIG, ENTITIES, FileEntry, FileKind, GUARDRAILS, LINKS, Overlay, SCHEMA, SCOPE_INDEX,
    SCOPES,
};
use crate::finding::{self, Finding, FindingCode};
use crate::layer::Layer;
use crate::links::LinkFile;
use crate::policy_file::PolicyFile;
use crate::schema::LoadedSchema;
use crate::scopes::{self, Scope, TaskRules};
use crate::validate;
use crate::workspace::{Workspace, WorkspaceError};

/// Loads a workspace with the unsaved text of some of its files.
pub(crate) fn load(root: &Utf8Path, overlay: Overlay<'_>) -> Result<Workspace, WorkspaceError> {
    recognise(root)?;
    let mut findings = Vec::new();
    let files = files::read_all(root, overlay, &mut findings);
    let mut workspace = Loader { root, files: &files, findings: &mut findings }.load();
    finding::sort(&mut findings);
    workspace.files = files;
    workspace.findings = findings;
    Ok(workspace)
}

fn recognise(root: &Utf8Path) -> Result<(), WorkspaceError> {
    let path = root.to_owned();
    if !root.exists() {
        return Err(WorkspaceError::NotFound { path });
    }
    if !root.is_dir() {
        return Err(WorkspaceError::NotAFolder { path });
    }
    if [CONFIG, SCHEMA, GUARDRAILS].iter().all(|part| !root.join(part).exists()) {
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
        self.files.iter().find(|entry| entry.path == path).map(|entry| entry.text.as_str())
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
        let folder = self.root.canonicalize_utf8().unwrap_or_else(|_| self.root.to_owned());
        let folder = folder.file_name().unwrap_or("workspace");
        let config = config::read(text, folder, schema.map(|schema| &schema.model), self.findings);
        self.findings.extend(config.recordings.files(self.root).findings);
        config
    }

    fn report_unsupported(&mut self) {
        for entry in self.files.iter().filter(|entry| entry.kind == FileKind::Unsupported) {
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
                self.findings.extend(schema.into_iter().flat_map(|s| validate::file(s, &file)));
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
        let files: Vec<_> =
            policies.values().filter(|file| file.path.starts_with(GUARDRAILS)).collect();
        let links = self.links(GUARDRAILS);
        let layer = Layer::assemble(&files, links.as_ref(), schema, self.findings);
        self.report_strange_links(links.as_ref(), &[&layer]);
        let is_broken = self.findings.iter().any(|finding| finding.file.starts_with(GUARDRAILS));
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
            let files: Vec<_> = plan.files.iter().filter_map(|file| policies.get(file)).collect();
            let layer = Layer::assemble(&files, links.as_ref(), schema, self.findings);
            let scope = Scope { task: plan.task, files: plan.files, layer };
            self.findings.extend(scopes::report_empty(&scope));
            loaded.push(scope);
        }
        let layers: Vec<_> = loaded.iter().map(|scope| &scope.layer).collect();
        self.report_strange_links(links.as_ref(), &layers);
        (tasks, loaded)
    }

    /// A link whose template is in none of the layers.
    fn report_strange_links(&mut self, links: Option<&LinkFile>, layers: &[&Layer]) {
        for (file, link) in
            links.iter().flat_map(|file| file.links.iter().map(move |link| (file, link)))
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
                    file.finding(link, message).help("write the `@id` of a template in this layer"),
                );
            }
        }
    }
}

//! Loads a workspace: one step for each kind of file, none of which can stop the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::assemble::{Assembled, Parts};
use crate::config::{self, Config};
use crate::entities::LoadedEntities;
use crate::files::{
    self, CONFIG, ENTITIES, FileEntry, FileKind, GUARDRAILS, LINKS, Overlay, SCHEMA, SCOPE_INDEX,
    SCOPES,
};
use crate::finding::{self, Finding, FindingCode};
use crate::links::LinkFile;
use crate::policy_file::PolicyFile;
use crate::schema::LoadedSchema;
use crate::scopes;
use crate::temporal::History;
use crate::workspace::{Workspace, WorkspaceError};

/// Loads a workspace with the unsaved text of some of its files.
pub(crate) fn load(root: &Utf8Path, overlay: Overlay<'_>) -> Result<Workspace, WorkspaceError> {
    recognise(root)?;
    let mut findings = Vec::new();
    let files = files::read_all(root, overlay, &mut findings);
    Ok(Loader { root, place: Place::Disk, files: &files, findings }.load())
}

/// Loads a workspace whose files are in memory; nothing is read at `root`, which only names it.
pub(crate) fn from_texts(root: &Utf8Path, texts: Vec<(Utf8PathBuf, String)>) -> Workspace {
    let entry = |(path, text): (Utf8PathBuf, String)| {
        let kind = FileKind::of(&path)?;
        Some(FileEntry { path, kind, text: text.into() })
    };
    let mut files: Vec<FileEntry> = texts.into_iter().filter_map(entry).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Loader { root, place: Place::Memory, files: &files, findings: Vec::new() }.load()
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

/// Where the files of a workspace are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Disk,
    Memory,
}

struct Loader<'a> {
    root: &'a Utf8Path,
    place: Place,
    files: &'a [FileEntry],
    /// What is wrong with everything but policies.
    findings: Vec<Finding>,
}

impl<'a> Loader<'a> {
    fn load(mut self) -> Workspace {
        let schema = self.schema().map(Arc::new);
        let config = self.config(schema.as_deref());
        let history = schema.clone().map(|schema| Arc::new(History::new(&config.history, schema)));
        let cedar_schema = schema.as_ref().map(|schema| &schema.schema);
        let file = Utf8Path::new(ENTITIES);
        let text = self.text(ENTITIES);
        let entities = LoadedEntities::read(file, text, cedar_schema, &mut self.findings);
        self.report_unsupported();
        let mut parts = Parts {
            policies: self.policies(schema.as_deref(), history.as_deref()),
            guardrail_links: self.links(GUARDRAILS),
            scope_links: self.links(SCOPES),
            elsewhere: self.findings,
            index: Vec::new(),
        };
        let index = text_of(self.files, SCOPE_INDEX).unwrap_or_default();
        let (tasks, wrong) = scopes::read_rules(index, &parts.scope_files());
        parts.index = wrong;
        let Assembled { guardrails, scopes, mistakes, mut misfits } =
            parts.assemble(&tasks, schema.as_deref());
        misfits.extend(history.as_ref().and_then(|history| history.too_many(&guardrails.policies)));
        Workspace {
            root: self.root.to_owned(),
            config: Arc::new(config),
            schema,
            history,
            entities: Arc::new(entities),
            guardrails,
            scopes,
            tasks: Arc::new(tasks),
            findings: finding::sorted([mistakes, misfits].concat()),
            files: self.files.to_vec(),
            parts,
        }
    }

    fn text(&self, path: &str) -> Option<&'a str> {
        text_of(self.files, path)
    }

    fn schema(&mut self) -> Option<LoadedSchema> {
        let file = Utf8Path::new(SCHEMA);
        let is_unreadable = self.findings.iter().any(|finding| finding.file == file);
        match self.text(SCHEMA) {
            Some(text) => LoadedSchema::read(file, text, &mut self.findings),
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
        let on_disk = self.place == Place::Disk;
        let folder = on_disk.then(|| self.root.canonicalize_utf8().ok()).flatten();
        let folder = folder.as_deref().unwrap_or(self.root).file_name().unwrap_or("workspace");
        let model = schema.map(|schema| &schema.model);
        let config = config::read(text, folder, model, &mut self.findings);
        if on_disk {
            self.findings.extend(config.recordings.files(self.root).findings);
        }
        config
    }

    fn report_unsupported(&mut self) {
        for entry in self.files.iter().filter(|entry| entry.kind == FileKind::Unsupported) {
            self.findings.push(unsupported(&entry.path));
        }
    }

    fn policies(
        &self,
        schema: Option<&LoadedSchema>,
        history: Option<&History>,
    ) -> BTreeMap<Utf8PathBuf, Arc<PolicyFile>> {
        let is_policies = |entry: &&FileEntry| entry.kind.is_policies();
        let parsed = self.files.iter().filter(is_policies).map(|entry| {
            let file = PolicyFile::parse(&entry.path, Arc::clone(&entry.text), None, history);
            (entry.path.clone(), Arc::new(file.validated(schema)))
        });
        parsed.collect()
    }

    fn links(&mut self, folder: &str) -> Option<Arc<LinkFile>> {
        let path = Utf8Path::new(folder).join(LINKS);
        let text = self.text(path.as_str())?;
        Some(Arc::new(LinkFile::read(&path, text, &mut self.findings)))
    }
}

/// A file that Dogwood's own tools read and that has no effect here.
pub(crate) fn unsupported(file: &Utf8Path) -> Finding {
    let (message, help) = match file.extension() {
        Some("json") => (
            "information providers are not run here, so this file has no effect",
            "let importing write what they would say into the arguments, the result or the entities; move the file out of the workspace",
        ),
        _ => (
            "event schemas of your own are not read here, so this file has no effect",
            "choose whose history policies see with `[history]` in `remit.toml`, and move the file out of the workspace",
        ),
    };
    Finding::new(FindingCode::UnsupportedFile, file, message).help(help)
}

fn text_of<'a>(files: &'a [FileEntry], path: &str) -> Option<&'a str> {
    files.iter().find(|entry| entry.path == path).map(|entry| &*entry.text)
}

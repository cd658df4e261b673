//! The open documents and the workspaces that they are in.

use super::position::Lines;
use camino::{Utf8Path, Utf8PathBuf};
use lsp_types::{
    Diagnostic, DiagnosticSeverity, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, NumberOrString, PublishDiagnosticsParams,
    Url,
};
use remit_api::load_seen;
use remit_api::policy::editor::{Desk, Nothing, Seen};
use remit_api::policy::{Finding, Severity, Workspace, check_text};
use remit_api::replay::SeenValues;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

/// What a client says about its documents.
pub(super) enum Changed {
    Opened(DidOpenTextDocumentParams),
    Edited(DidChangeTextDocumentParams),
    Saved(DidSaveTextDocumentParams),
    Closed(DidCloseTextDocumentParams),
}

/// All that is open.
#[derive(Default)]
pub(super) struct Documents {
    roots: BTreeMap<Utf8PathBuf, Root>,
    open: BTreeMap<Utf8PathBuf, Document>,
}

/// A workspace, as saved.
struct Root {
    workspace: Arc<Workspace>,
    /// Filled beside everything else, once for all.
    seen: Arc<OnceLock<SeenValues>>,
}

/// An open file.
struct Document {
    root: Utf8PathBuf,
    /// Relative to the workspace.
    path: Utf8PathBuf,
    text: String,
}

/// A file that is asked about.
pub(super) struct Asked<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) root: &'a Utf8Path,
    pub(super) path: &'a Utf8Path,
    pub(super) text: &'a str,
    drafts: Vec<(Utf8PathBuf, String)>,
    seen: &'a dyn Seen,
}

impl Asked<'_> {
    pub(super) fn desk(&self) -> Desk<'_> {
        Desk { workspace: self.workspace, drafts: &self.drafts, seen: self.seen }
    }
}

impl Documents {
    /// Takes a change over; gives what is wrong in the files that it concerns.
    pub(super) fn take(&mut self, changed: Changed) -> Vec<PublishDiagnosticsParams> {
        match changed {
            Changed::Opened(opened) => {
                let uri = opened.text_document.uri;
                self.open(&uri, opened.text_document.text).unwrap_or_default()
            }
            Changed::Edited(edited) => {
                let Some(file) = path_of(&edited.text_document.uri) else { return Vec::new() };
                // Whole texts are what we asked for; the last is the newest.
                let text = edited.content_changes.into_iter().next_back().map(|c| c.text);
                if let (Some(document), Some(text)) = (self.open.get_mut(&file), text) {
                    document.text = text;
                }
                self.of_document(&file).into_iter().collect()
            }
            Changed::Saved(saved) => {
                let file = path_of(&saved.text_document.uri);
                let root = file.and_then(|file| Some(self.open.get(&file)?.root.clone()));
                root.map(|root| self.reload(&root)).unwrap_or_default()
            }
            Changed::Closed(closed) => {
                let uri = closed.text_document.uri;
                if let Some(file) = path_of(&uri) {
                    self.open.remove(&file);
                }
                vec![PublishDiagnosticsParams::new(uri, Vec::new(), None)]
            }
        }
    }

    fn open(&mut self, uri: &Url, text: String) -> Option<Vec<PublishDiagnosticsParams>> {
        let file = path_of(uri)?;
        let root = file.ancestors().find(|folder| folder.join("remit.toml").is_file())?.to_owned();
        let path = file.strip_prefix(&root).ok()?.to_owned();
        if !self.roots.contains_key(&root) {
            let loaded = Root::load(&root)?;
            self.roots.insert(root.clone(), loaded);
        }
        self.open.insert(file.clone(), Document { root, path, text });
        Some(self.of_document(&file).into_iter().collect())
    }

    /// Reads a workspace again, and says what is wrong in all of its open documents.
    fn reload(&mut self, root: &Utf8Path) -> Vec<PublishDiagnosticsParams> {
        if let (Some(known), Ok(workspace)) = (self.roots.get_mut(root), Workspace::load(root)) {
            known.workspace = Arc::new(workspace);
        }
        let files: Vec<Utf8PathBuf> = self
            .open
            .iter()
            .filter(|(_, document)| document.root == root)
            .map(|(file, _)| file.clone())
            .collect();
        files.iter().filter_map(|file| self.of_document(file)).collect()
    }

    fn of_document(&self, file: &Utf8Path) -> Option<PublishDiagnosticsParams> {
        let document = self.open.get(file)?;
        let root = self.roots.get(&document.root)?;
        let lines = Lines::of(&document.text);
        let findings = check_text(&root.workspace, &document.path, &document.text);
        let diagnostics = findings.iter().map(|finding| diagnostic(&lines, finding)).collect();
        Some(PublishDiagnosticsParams::new(uri_of(file)?, diagnostics, None))
    }

    /// What is known about a document that is open.
    pub(super) fn asked(&self, uri: &Url) -> Option<Asked<'_>> {
        let document = self.open.get(&path_of(uri)?)?;
        let root = self.roots.get(&document.root)?;
        let of_root = self.open.values().filter(|other| other.root == document.root);
        let mut drafts: Vec<(Utf8PathBuf, String)> =
            of_root.map(|other| (other.path.clone(), other.text.clone())).collect();
        let is_open = |path: &Utf8Path| drafts.iter().any(|(draft, _)| draft == path);
        let tests = remit_api::test_files(&document.root);
        let tests: Vec<_> = tests.into_iter().filter(|(path, _)| !is_open(path)).collect();
        drafts.extend(tests);
        let seen: &dyn Seen = match root.seen.get() {
            Some(seen) => seen,
            None => &Nothing,
        };
        Some(Asked {
            workspace: &root.workspace,
            root: &document.root,
            path: &document.path,
            text: &document.text,
            drafts,
            seen,
        })
    }
}

impl Root {
    fn load(root: &Utf8Path) -> Option<Self> {
        let workspace = Workspace::load(root)
            .inspect_err(|error| tracing::warn!(%error, "the workspace cannot be read"))
            .ok()?;
        let workspace = Arc::new(workspace);
        let seen = Arc::new(OnceLock::new());
        let (reads, fills) = (Arc::clone(&workspace), Arc::clone(&seen));
        std::thread::spawn(move || match load_seen(&reads, &|| ControlFlow::Continue(())) {
            Ok(found) => drop(fills.set(found)),
            Err(error) => tracing::warn!(%error, "values from recordings are not offered"),
        });
        Some(Self { workspace, seen })
    }
}

fn diagnostic(lines: &Lines<'_>, finding: &Finding) -> Diagnostic {
    let message = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    Diagnostic {
        range: lines.of_finding(finding),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Advice => DiagnosticSeverity::HINT,
        }),
        code: Some(NumberOrString::String(finding.code.to_string())),
        source: Some("remit".to_owned()),
        message,
        ..Diagnostic::default()
    }
}

pub(super) fn path_of(uri: &Url) -> Option<Utf8PathBuf> {
    Utf8PathBuf::from_path_buf(uri.to_file_path().ok()?).ok()
}

pub(super) fn uri_of(file: &Utf8Path) -> Option<Url> {
    Url::from_file_path(file).ok()
}

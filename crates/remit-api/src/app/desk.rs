//! What the window's editor asks: answered from the workspace as saved, the drafts that come with the
//! request, and the recordings as far as they are read.

use super::App;
use crate::recordings::Recordings;
use crate::wire::*;
use crate::{files, view};
use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::editor::{self, Desk, Nothing as NothingSeen, Seen};
use remit_policy::{Workspace, check_text};
use std::sync::Arc;

/// What a request is about.
struct Asked {
    workspace: Arc<Workspace>,
    recordings: Option<Arc<Recordings>>,
    drafts: Vec<(Utf8PathBuf, String)>,
    path: Utf8PathBuf,
    text: String,
}

impl Asked {
    fn desk(&self) -> Desk<'_> {
        let seen: &dyn Seen = match &self.recordings {
            Some(recordings) => recordings.seen(),
            None => &NothingSeen,
        };
        Desk { workspace: &self.workspace, drafts: &self.drafts, seen }
    }

    /// The byte at an offset of the window; past the end, the end.
    fn byte(&self, units: u32) -> usize {
        view::byte_of(&self.text, units)
    }
}

impl App {
    fn asked(&self, drafts: &[DraftText], path: &str) -> Result<Asked, ErrorDto> {
        let (workspace, recordings) =
            self.with_open(|open| (Arc::clone(&open.workspace), open.recordings.clone()))?;
        let drafts: Vec<(Utf8PathBuf, String)> =
            drafts.iter().map(|d| (d.path.clone().into(), d.text.clone())).collect();
        let path = Utf8PathBuf::from(path);
        let draft = drafts.iter().find(|(file, _)| *file == path).map(|(_, text)| text.as_str());
        let none = || ErrorDto::not_found(format!("`{path}` is no file of the workspace"));
        let text = draft.or_else(|| workspace.text(&path)).ok_or_else(none)?.to_owned();
        Ok(Asked { workspace, recordings, drafts, path, text })
    }

    /// The same with the tests, which name policies too.
    fn asked_with_tests(&self, drafts: &[DraftText], path: &str) -> Result<Asked, ErrorDto> {
        let mut asked = self.asked(drafts, path)?;
        for (file, text) in files::test_files(&asked.workspace.root) {
            if asked.drafts.iter().all(|(draft, _)| *draft != file) {
                asked.drafts.push((file, text));
            }
        }
        Ok(asked)
    }

    pub(crate) fn complete(&self, request: PlaceRequest) -> Result<Completions, ErrorDto> {
        let asked = self.asked(&request.drafts, &request.path)?;
        let offers = editor::complete(&asked.desk(), &asked.path, asked.byte(request.at));
        Ok(view::completions(&asked.text, offers))
    }

    pub(crate) fn hover(&self, request: PlaceRequest) -> Result<HoverReply, ErrorDto> {
        let asked = self.asked(&request.drafts, &request.path)?;
        let hover = editor::hover(&asked.desk(), &asked.path, asked.byte(request.at));
        Ok(HoverReply { hover: hover.map(|hover| view::hover(&asked.text, hover)) })
    }

    pub(crate) fn definition(&self, request: PlaceRequest) -> Result<Places, ErrorDto> {
        let asked = self.asked(&request.drafts, &request.path)?;
        let desk = asked.desk();
        let found = editor::definition(&desk, &asked.path, asked.byte(request.at));
        Ok(view::places(&desk, &found))
    }

    pub(crate) fn references(&self, request: PlaceRequest) -> Result<Places, ErrorDto> {
        let asked = self.asked_with_tests(&request.drafts, &request.path)?;
        let desk = asked.desk();
        let found = editor::references(&desk, &asked.path, asked.byte(request.at));
        Ok(view::places(&desk, &found))
    }

    pub(crate) fn renaming(&self, request: PlaceRequest) -> Result<RenamingView, ErrorDto> {
        let asked = self.asked(&request.drafts, &request.path)?;
        let found = editor::renaming(&asked.desk(), &asked.path, asked.byte(request.at));
        let found = found.map_err(cannot)?;
        let [from, to] = view::units(&asked.text, [found.start, found.end]);
        Ok(RenamingView { from, to, name: found.name, what: found.what.to_owned() })
    }

    pub(crate) fn rename(&self, request: RenameRequest) -> Result<Edits, ErrorDto> {
        let asked = self.asked_with_tests(&request.drafts, &request.path)?;
        let desk = asked.desk();
        let at = asked.byte(request.at);
        let edits = editor::rename(&desk, &asked.path, at, &request.name).map_err(cannot)?;
        Ok(Edits { edits: view::edits(&desk, &edits) })
    }

    pub(crate) fn quick_fixes(&self, request: RangeRequest) -> Result<QuickFixes, ErrorDto> {
        let asked = self.asked(&request.drafts, &request.path)?;
        let desk = asked.desk();
        let findings = check_text(&asked.workspace, &asked.path, &asked.text);
        let range = asked.byte(request.from)..asked.byte(request.to);
        let fixes = editor::quick_fixes(&desk, &asked.path, &findings, range);
        Ok(view::quick_fixes(&desk, &asked.text, &fixes))
    }

    pub(crate) fn outline(&self, request: DraftText) -> Result<Outline, ErrorDto> {
        let path = Utf8Path::new(&request.path);
        let items = editor::outline(path, &request.text);
        Ok(view::outline(&request.text, &items, &editor::folds(path, &request.text)))
    }
}

fn cannot(error: editor::RenameError) -> ErrorDto {
    ErrorDto::new(ErrorCode::InvalidText, error.to_string())
}

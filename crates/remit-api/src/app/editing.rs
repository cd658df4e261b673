//! Files as a whole: made, renamed, removed, with a way back; and unsaved text that outlives a crash.

use super::{App, lock};
use crate::wire::*;
use crate::{files, kept_drafts};
use std::sync::Arc;

impl App {
    pub(crate) fn edit_files(&self, request: FileEdits) -> Result<FilesEdited, ErrorDto> {
        let workspace = self.with_open(|open| Arc::clone(&open.workspace))?;
        let undo = files::edit(&workspace.root, &request.edits)?;
        let paths: Vec<String> = request.edits.into_iter().map(|edit| edit.path).collect();
        let workspace = self.reload(&paths, false)?;
        Ok(FilesEdited { undo, workspace })
    }

    pub(crate) fn keep_draft(&self, request: KeptDraft) -> Result<Nothing, ErrorDto> {
        let folder = self.drafts_folder()?;
        let _one_at_a_time = lock(&self.0.settings);
        kept_drafts::keep(&folder, &request)?;
        Ok(Nothing {})
    }

    pub(crate) fn forget_draft(&self, request: FileRequest) -> Result<Nothing, ErrorDto> {
        let folder = self.drafts_folder()?;
        let _one_at_a_time = lock(&self.0.settings);
        kept_drafts::forget(&folder, &request.path)?;
        Ok(Nothing {})
    }

    pub(crate) fn kept_drafts(&self, _: Nothing) -> Result<KeptDrafts, ErrorDto> {
        Ok(KeptDrafts { drafts: kept_drafts::all(&self.drafts_folder()?) })
    }

    fn drafts_folder(&self) -> Result<camino::Utf8PathBuf, ErrorDto> {
        let root = self.with_open(|open| open.workspace.root.clone())?;
        Ok(kept_drafts::folder(&self.0.options.data, &root))
    }
}

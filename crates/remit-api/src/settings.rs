//! What the app remembers between starts: preferences and recent workspaces. Nothing of a recording.

use crate::wire::{Preferences, RecentWorkspace};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

const RECENT_MAX: usize = 12;

/// The settings file's content.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub preferences: Preferences,
    pub recent: Vec<RecentWorkspace>,
    #[serde(skip)]
    file: Utf8PathBuf,
}

impl Settings {
    /// Reads `settings.json` in `folder`. One that is missing or broken counts as new: settings are a
    /// convenience, and must never keep the app from starting.
    pub fn load(folder: &Utf8Path) -> Self {
        let file = folder.join("settings.json");
        let read =
            std::fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str(&text).ok());
        Settings { file, ..read.unwrap_or_default() }
    }

    /// Puts a workspace at the top of the recent list.
    pub fn opened(&mut self, path: &str, name: &str) {
        self.recent.retain(|r| r.path != path);
        self.recent.insert(0, RecentWorkspace { path: path.to_owned(), name: name.to_owned() });
        self.recent.truncate(RECENT_MAX);
        self.save();
    }

    /// Writes the file; what the disk refuses is logged, since nothing of the person's work is in it.
    pub fn save(&self) {
        let written =
            serde_json::to_vec_pretty(self).map_err(std::io::Error::other).and_then(|bytes| {
                if let Some(folder) = self.file.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                std::fs::write(&self.file, bytes)
            });
        if let Err(error) = written {
            tracing::warn!(%error, file = %self.file, "settings were not saved");
        }
    }
}

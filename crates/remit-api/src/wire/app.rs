//! Before any workspace is open: the app, its settings, what to open.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the window needs before any workspace is open.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// Remit's version.
    pub version: String,
    /// The policy engine and its version.
    pub engine: String,
    /// Workspaces that Remit ships, to start from.
    pub templates: Vec<Template>,
    /// Workspaces that were open before, newest first.
    pub recent: Vec<RecentWorkspace>,
    /// The workspace named when the app was started.
    pub initial: Option<String>,
    /// The template that holds the sample incident.
    pub sample: String,
    /// What the person chose.
    pub preferences: Preferences,
}

/// A workspace that Remit ships.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Its name, as `remit init --template` takes it.
    pub name: String,
    /// One line on what it shows.
    pub description: String,
}

/// A workspace that was open before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecentWorkspace {
    /// Its folder.
    pub path: String,
    /// Its name.
    pub name: String,
}

/// What the person chose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Preferences {
    /// Light, dark or as the system is.
    pub theme: Theme,
    /// Text size in percent of the usual one; 0 means the usual one.
    pub zoom: u32,
    /// How strongly text and lines stand out.
    pub contrast: Contrast,
    /// Searches that the person kept.
    #[serde(default)]
    pub searches: Vec<String>,
}

/// Light, dark or as the system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How strongly text and lines stand out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Contrast {
    /// As the system asks for.
    #[default]
    System,
    /// As strongly as can be.
    High,
}

/// A request that says nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct Nothing {}

/// Names a folder.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct WorkspacePath {
    /// The folder.
    pub path: String,
}

/// Asks for a new workspace.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct NewWorkspace {
    /// The folder to make; it must not exist or be empty.
    pub path: String,
    /// The template to copy.
    pub template: String,
}

//! New workspaces, and files that are either the old ones or the new ones, never half of each.

use std::fs;
use std::io::{self, Write as _};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use cedar_policy::EntityUid;
use miette::Diagnostic;
use serde_json::json;
use thiserror::Error;

use crate::files::{CONFIG, ENTITIES, SCHEMA};
use crate::schema::LoadedSchema;
use crate::schema_gen::{SchemaGenError, ToolManifest, generate_schema};

/// Why something could not be written.
#[derive(Debug, Error, Diagnostic)]
pub enum WriteError {
    /// The folder for a new workspace holds something already.
    #[error("`{path}` is not empty")]
    #[diagnostic(code(not_empty), help("name a new folder: nothing that exists is overwritten"))]
    NotEmpty {
        /// The folder.
        path: Utf8PathBuf,
    },
    /// A file of the new workspace would lie outside of it.
    #[error("`{path}` would be written outside of the workspace")]
    #[diagnostic(code(outside_workspace), help("use paths below the workspace, without `..`"))]
    Outside {
        /// The path.
        path: Utf8PathBuf,
    },
    /// The disk refused.
    #[error("`{path}` cannot be written: {source}")]
    #[diagnostic(code(cannot_write), help("check the permissions and the free space there"))]
    Io {
        /// The path.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What is known about agents before anybody has written a policy.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// The name of the new workspace.
    pub name: &'a str,
    /// The tools that were seen or declared.
    pub manifests: &'a [ToolManifest],
    /// The agents that were seen.
    pub agents: &'a [String],
    /// Servers beyond those of the manifests.
    pub servers: &'a [String],
    /// Where the recordings are, relative to the new workspace; `sessions` if empty.
    pub recordings: &'a [String],
}

/// The files of a workspace that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWorkspace {
    /// Relative paths and their texts.
    pub files: Vec<(Utf8PathBuf, String)>,
    /// What the author should know about the schema.
    pub notes: Vec<String>,
}

/// Writes a whole workspace, or nothing.
///
/// # Errors
/// If the folder is not empty, a path leads out of it, or the disk refuses.
pub fn write_workspace<C: AsRef<[u8]>>(
    root: &Utf8Path,
    files: &[(Utf8PathBuf, C)],
) -> Result<(), WriteError> {
    let outside = files.iter().find(|(path, _)| !is_below(path));
    if let Some((path, _)) = outside {
        return Err(WriteError::Outside { path: path.clone() });
    }
    refuse_non_empty(root)?;
    let parent = match root.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        _ => Utf8Path::new("."),
    };
    fs::create_dir_all(parent).map_err(io_error(parent))?;
    let builder = tempfile::Builder::new().prefix(".remit-new-").tempdir_in(parent);
    let temporary = builder.map_err(io_error(parent))?;
    let building = Utf8PathBuf::from_path_buf(temporary.path().join("workspace"))
        .map_err(|path| WriteError::Outside { path: path.to_string_lossy().into_owned().into() })?;
    for (path, content) in files {
        let path = building.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io_error(folder))?;
        }
        fs::write(&path, content).map_err(io_error(&path))?;
    }
    fs::create_dir_all(&building).map_err(io_error(root))?;
    if root.exists() {
        fs::remove_dir(root).map_err(io_error(root))?;
    }
    fs::rename(&building, root).map_err(io_error(root))
}

/// Writes a file beside its place and moves it there, with the permissions of the one it replaces.
///
/// # Errors
/// If the disk refuses; the old file is still whole then.
pub fn write_atomic(path: &Utf8Path, bytes: &[u8]) -> Result<(), WriteError> {
    // A symbolic link stays one: the file that it leads to is replaced.
    let target = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(folder) if !folder.as_str().is_empty() => folder,
        _ => Utf8Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".remit-save-");
    let permissions = permissions_for(&target);
    if let Some(permissions) = &permissions {
        builder.permissions(permissions.clone());
    }
    let mut file = builder.tempfile_in(folder).map_err(io_error(&target))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(io_error(&target))?;
    if let Ok(old) = fs::metadata(&target) {
        fs::set_permissions(file.path(), old.permissions()).map_err(io_error(&target))?;
    }
    file.persist(&target).map_err(|error| io_error(&target)(error.error))?;
    Ok(())
}

/// A workspace made from nothing but recordings or tool lists: everything seen is permitted, and
/// nothing is in scope yet.
///
/// # Errors
/// If no schema can be made from the tools.
pub fn workspace_from_tools(observed: &Observed<'_>) -> Result<NewWorkspace, SchemaGenError> {
    let schema = generate_schema(None, observed.manifests)?;
    let guardrails = guardrails(&schema.text);
    let files = [
        (CONFIG, config(observed)),
        (SCHEMA, schema.text),
        (ENTITIES, entities(observed)),
        ("guardrails/observed.cedar", guardrails),
        (".gitignore", ".remit/\n".to_owned()),
        ("README.md", readme(observed)),
    ];
    let files = files.into_iter().map(|(path, text)| (path.into(), text)).collect();
    Ok(NewWorkspace { files, notes: schema.notes })
}

fn is_below(path: &Utf8Path) -> bool {
    let mut parts = path.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Utf8Component::Normal(_)))
}

fn refuse_non_empty(root: &Utf8Path) -> Result<(), WriteError> {
    let count = match root.read_dir_utf8() {
        Ok(entries) => entries.count(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(io_error(root)(error)),
    };
    if count == 0 { Ok(()) } else { Err(WriteError::NotEmpty { path: root.to_owned() }) }
}

fn io_error(path: &Utf8Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::Io { path, source }
}

/// Temporary files are private; a new file should be as open as the user's other files.
#[cfg(unix)]
fn permissions_for(target: &Utf8Path) -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    (!target.exists()).then(|| fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn permissions_for(_target: &Utf8Path) -> Option<fs::Permissions> {
    None
}

fn config(observed: &Observed<'_>) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let paths: Vec<_> = observed.recordings.iter().map(|path| quoted(path)).collect();
    let paths = if paths.is_empty() { quoted("sessions") } else { paths.join(", ") };
    format!("name = {}\n\n[recordings]\npaths = [{paths}]\n", quoted(observed.name))
}

fn servers(observed: &Observed<'_>) -> Vec<String> {
    let declared = observed.manifests.iter().map(|manifest| manifest.server.clone());
    let mut servers: Vec<_> = declared.chain(observed.servers.iter().cloned()).collect();
    servers.sort();
    servers.dedup();
    servers
}

fn entities(observed: &Observed<'_>) -> String {
    let mut agents = observed.agents.to_vec();
    agents.sort();
    agents.dedup();
    let agents = agents.into_iter().map(|id| ("Agent", id));
    let all = agents.chain(servers(observed).into_iter().map(|id| ("Server", id)));
    let all: Vec<_> = all
        .map(|(ty, id)| json!({ "uid": { "type": ty, "id": id }, "attrs": {}, "parents": [] }))
        .collect();
    format!("{:#}\n", json!(all))
}

/// One guardrail that names every tool, so that a tool nobody has seen yet is denied.
fn guardrails(schema: &str) -> String {
    let model = LoadedSchema::parse(schema).map(|schema| schema.model).ok();
    let actions: Vec<EntityUid> =
        model.into_iter().flat_map(|model| model.actions.into_values()).map(|a| a.uid).collect();
    if actions.is_empty() {
        return "// No tools were seen, so nothing is permitted yet.\n".to_owned();
    }
    let listed: Vec<_> = actions.iter().map(|action| format!("    {action}")).collect();
    format!(
        "@id(\"observed-tools\")\n\
         @why(\"permits every tool that was seen, so that nothing is denied before you have decided; tighten it\")\n\
         permit (\n  principal,\n  action in [\n{}\n  ],\n  resource\n);\n",
        listed.join(",\n")
    )
}

fn readme(observed: &Observed<'_>) -> String {
    let tools: usize = observed.manifests.iter().map(|manifest| manifest.tools.len()).sum();
    format!(
        "# {}\n\n\
         What these agents may do, and what each of their tasks needs.\n\n\
         This workspace was made from what was observed: {tools} tools, {} agents, {} servers. Its one\n\
         guardrail permits every tool that was seen. It says nothing yet about what is right:\n\n\
         1. Replay it: `remit replay .` shows what happened.\n\
         2. Tighten `guardrails/`: what may no agent ever do, whatever its task?\n\
         3. Write `scopes/<task>.cedar`: what does each task need? Until then nothing can drift.\n\n\
         Types in `schema.cedarschema` that were inferred from calls are a proposal, and so is every\n\
         `@read_only(\"proposed: …\")` in it.\n",
        observed.name,
        observed.agents.len(),
        servers(observed).len(),
    )
}

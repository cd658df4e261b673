//! `remit init`: a new workspace, from a template or from nothing but recordings.

use crate::Exit;
use crate::args::InitArgs;
use crate::bench::told;
use crate::error::CliError;
use crate::output::{count, to_stderr};
use camino::{Utf8Path, Utf8PathBuf};
use remit_api::learn::{DEFAULT_SCOPE, Profile, default_scope};
use remit_api::policy::new_workspace::{Observed, workspace_from_tools, write_workspace};
use remit_api::replay::infer_manifests;
use remit_api::session::{Loaded, Session};
use remit_api::templates;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// The server of tools whose recording does not name one.
const SERVER: &str = "tools";

pub(crate) fn run(args: &InitArgs) -> Result<Exit, CliError> {
    let mut files =
        if args.from.is_empty() { from_template(&args.template)? } else { from_recordings(args)? };
    if args.default_scope {
        let text = default_scope(&Profile::default());
        files.push((DEFAULT_SCOPE.into(), text.into_bytes()));
    }
    write_workspace(&args.workspace, &files).map_err(CliError::library)?;
    let root = &args.workspace;
    to_stderr(&format!(
        "{root} made\n  help: `remit check {root}` checks it, `remit replay {root}` judges its recordings\n"
    ))?;
    Ok(Exit::Success)
}

type Files = Vec<(Utf8PathBuf, Vec<u8>)>;

fn from_template(name: &str) -> Result<Files, CliError> {
    let none = || {
        CliError::input(
            format!("there is no template `{name}`"),
            format!("there are {}", templates::names().join(", ")),
        )
    };
    templates::files(name).ok_or_else(none)
}

fn from_recordings(args: &InitArgs) -> Result<Files, CliError> {
    let loaded = remit_api::load_paths(&args.from, args.format, &mut |_| ControlFlow::Continue(()))
        .map_err(CliError::library)?;
    told(&loaded)?;
    let manifests = infer_manifests(&loaded.recordings, SERVER);
    let tools: usize = manifests.iter().map(|m| m.tools.len()).sum();
    if tools == 0 {
        return Err(CliError::input(
            "the recordings hold no tool call",
            "name recordings of agents that called tools",
        ));
    }
    let agents = agents(&loaded);
    to_stderr(&format!(
        "{} found in {}\n",
        count(tools as u32, "tool"),
        count(loaded.recordings.len() as u32, "recording")
    ))?;
    let (paths, copies) = if args.copy {
        copied(&args.from)?
    } else {
        (named(&args.from, &args.workspace)?, Vec::new())
    };
    let name = args.workspace.file_name().unwrap_or("workspace");
    let observed =
        Observed { name, manifests: &manifests, agents: &agents, servers: &[], recordings: &paths };
    let made = workspace_from_tools(&observed).map_err(CliError::library)?;
    for note in &made.notes {
        to_stderr(&format!("note: {note}\n"))?;
    }
    Ok(made.files.into_iter().map(|(path, text)| (path, text.into_bytes())).chain(copies).collect())
}

fn agents(loaded: &Loaded) -> Vec<String> {
    let sessions = loaded.recordings.iter().flat_map(|r| &r.sessions);
    let names = sessions.flat_map(|s: &Session| s.lanes.iter().map(|l| l.agent.clone()));
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Where the recordings are, as `remit.toml` names them: relative when they lie in the workspace's folder.
fn named(paths: &[Utf8PathBuf], root: &Utf8Path) -> Result<Vec<String>, CliError> {
    let absolute = |p: &Utf8Path| {
        p.canonicalize_utf8().or_else(|_| camino::absolute_utf8(p)).map_err(CliError::Output)
    };
    let root = absolute(root)?;
    let relative = |p: Utf8PathBuf| p.strip_prefix(&root).map(Utf8Path::to_owned).unwrap_or(p);
    paths.iter().map(|p| Ok(relative(absolute(p)?).into_string())).collect()
}

/// The recordings' bytes as files of the workspace, below `sessions/`.
fn copied(paths: &[Utf8PathBuf]) -> Result<(Vec<String>, Files), CliError> {
    let mut files = Files::new();
    for path in paths {
        let name = path.file_name().unwrap_or("recordings");
        copy_into(path, &Utf8Path::new("sessions").join(name), &mut files)?;
    }
    Ok((vec!["sessions".into()], files))
}

fn copy_into(from: &Utf8Path, to: &Utf8Path, files: &mut Files) -> Result<(), CliError> {
    let bad = |error: std::io::Error| {
        CliError::input(format!("`{from}`: {error}"), "check that it can be read")
    };
    if !from.is_dir() {
        files.push((to.to_owned(), std::fs::read(from).map_err(bad)?));
        return Ok(());
    }
    let mut entries =
        from.read_dir_utf8().map_err(bad)?.collect::<Result<Vec<_>, _>>().map_err(bad)?;
    entries.sort_by(|a, b| a.path().cmp(b.path()));
    for entry in entries.iter().filter(|e| !e.file_name().starts_with('.')) {
        copy_into(entry.path(), &to.join(entry.file_name()), files)?;
    }
    Ok(())
}

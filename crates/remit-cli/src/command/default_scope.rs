//! `remit default-scope`: the scope of tasks that have none.

use crate::Exit;
use crate::args::DefaultScopeArgs;
use crate::bench::{load_workspace, read};
use crate::error::CliError;
use crate::output::{count, data_to_stdout, to_stderr};
use camino::{Utf8Component, Utf8PathBuf};
use remit_api::learn::{DEFAULT_SCOPE, Profile, default_scope};
use remit_api::policy::Workspace;
use remit_api::policy::new_workspace::write_atomic;
use remit_api::replay::session_key;
use remit_api::session::{Loaded, Recording, Session};
use std::collections::BTreeSet;

pub(crate) fn run(args: &DefaultScopeArgs) -> Result<Exit, CliError> {
    let workspace = load_workspace(&args.corpus.workspace)?;
    let files = if args.bare { vec![bare()] } else { learnt(args, &workspace)? };
    match args.write {
        false => {
            for (path, text) in &files {
                let head = if args.per_task { format!("// {path}\n") } else { String::new() };
                data_to_stdout(&format!("{head}{text}"))?;
            }
        }
        true => write(&workspace, &files)?,
    }
    Ok(Exit::Success)
}

type File = (Utf8PathBuf, String);

fn bare() -> File {
    (DEFAULT_SCOPE.into(), default_scope(&Profile::default()))
}

fn learnt(args: &DefaultScopeArgs, workspace: &Workspace) -> Result<Vec<File>, CliError> {
    let loaded = read(workspace, &args.corpus.recordings, args.corpus.import_as)?;
    let good: Vec<(&Recording, &Session)> =
        sessions(&loaded).filter(|(_, session)| args.all || session.solved == Some(true)).collect();
    if good.is_empty() {
        return Err(CliError::input(
            "no recording is marked as solved, so there is nothing to learn from",
            "name recordings of good sessions and add `--all`, or start with `--bare`",
        ));
    }
    if !args.per_task {
        let profile = Profile::of(workspace, good.iter().copied());
        return Ok(vec![(DEFAULT_SCOPE.into(), default_scope(&profile))]);
    }
    let task = |(of, session): &(&Recording, &Session)| {
        workspace.tasks.names(&session_key(of, session)).task
    };
    let tasks: BTreeSet<String> = sessions(&loaded).filter_map(|one| task(&one)).collect();
    let file = |of: &String| {
        let others = good.iter().copied().filter(|one| task(one).as_ref() != Some(of));
        Ok((path_of(of)?, default_scope(&Profile::of(workspace, others))))
    };
    tasks.iter().map(file).collect()
}

fn sessions(loaded: &Loaded) -> impl Iterator<Item = (&Recording, &Session)> {
    loaded.recordings.iter().flat_map(|of| of.sessions.iter().map(move |session| (of, session)))
}

/// The name of a task is recorded, and must not lead out of the folder.
fn path_of(task: &str) -> Result<Utf8PathBuf, CliError> {
    let path = Utf8PathBuf::from(format!("scopes/{task}.cedar"));
    let is_plain = path.components().all(|part| matches!(part, Utf8Component::Normal(_)));
    if is_plain && !task.is_empty() {
        return Ok(path);
    }
    Err(CliError::input(
        format!("the task `{task}` cannot be the name of a file"),
        "name its scope in `scopes/scopes.toml` instead, and leave out `--per-task`",
    ))
}

fn write(workspace: &Workspace, files: &[File]) -> Result<(), CliError> {
    let there = files.iter().find(|(path, _)| workspace.root.join(path).exists());
    if let Some((path, _)) = there {
        return Err(CliError::input(
            format!("`{path}` is there already"),
            "print it without `--write`, and take over what you want",
        ));
    }
    for (path, text) in files {
        let path = workspace.root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        write_atomic(&path, text.as_bytes()).map_err(CliError::library)?;
    }
    to_stderr(&format!("{} written\n", count(files.len() as u32, "file")))?;
    Ok(())
}

//! A proposed scope as a file: formatted, the same bytes for the same examples, and never over what
//! somebody wrote or edited.

use crate::clause::Clause;
use crate::learn::ProposedScope;
use crate::value::quoted;
use camino::{Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use remit_policy::new_workspace::{WriteError, write_atomic};
use remit_policy::{Workspace, format_text};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The first line of what was learnt; the digest is of all that follows it.
const MARK: &str = "// Learnt by `remit learn`; text sha256:";

/// Why a scope is not written.
#[derive(Debug, Error, Diagnostic)]
pub enum NotWritten {
    /// Somebody wrote or edited it.
    #[error("`{path}` is not as it was learnt: somebody wrote or edited it")]
    #[diagnostic(
        code(remit::learn::edited),
        help(
            "look at what is proposed without `--write`, and take over what is useful; or move the file away"
        )
    )]
    Edited {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The task's name is no file name.
    #[error("the scope of task `{task}` has no file: its name cannot be one")]
    #[diagnostic(
        code(remit::learn::no_file),
        help(
            "name the task in scopes/scopes.toml: [[task]] with `name`, and `tasks` for the recorded names"
        )
    )]
    NoFile {
        /// The task, as recorded.
        task: String,
    },
    /// The disk refused.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Io(#[from] WriteError),
}

/// The file's text.
pub(crate) fn scope_text(
    task: &str,
    sessions: usize,
    clauses: &[Clause],
) -> Result<String, String> {
    let good = if sessions == 1 { "one good session" } else { "good sessions" };
    let said = format!(
        "// What the task {} needs, as {good} ({sessions}) showed it. Edit it freely: what was edited is not\n// overwritten.\n\n",
        quoted(task)
    );
    let policies: Vec<String> = clauses.iter().map(|clause| clause.cedar(task)).collect();
    let path = Utf8Path::new("scopes/learnt.cedar");
    let unformatted = format!("{said}{}", policies.join("\n"));
    let text = format_text(path, &unformatted).map_err(|finding| finding.message)?;
    Ok(format!("{MARK}{}\n{text}", digest(&text)))
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Where the scope of a task is, or would be, relative to the workspace. Never a path that a recording
/// could choose outside of `scopes/`.
pub fn scope_file(workspace: &Workspace, task: &str) -> Option<Utf8PathBuf> {
    let there = workspace.scopes.iter().find(|scope| scope.task == task);
    if let Some(scope) = there {
        return scope.files.first().cloned();
    }
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.len() <= 100
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let names: Vec<&str> = task.split('/').collect();
    let is_file = names.len() <= 4 && names.iter().all(|name| is_name(name));
    is_file.then(|| Utf8PathBuf::from(format!("scopes/{task}.cedar")))
}

/// Writes a scope, and says whether its file changed.
///
/// # Errors
/// [`NotWritten`]: what somebody wrote or edited is kept.
pub fn write_scope(workspace: &Workspace, scope: &ProposedScope) -> Result<bool, NotWritten> {
    let no_file = || NotWritten::NoFile { task: scope.task.clone() };
    let path = scope_file(workspace, &scope.task).ok_or_else(no_file)?;
    let on_disk = workspace.root.join(&path);
    match std::fs::read_to_string(&on_disk) {
        Ok(there) if there == scope.text => return Ok(false),
        Ok(there) if !is_as_learnt(&there) => return Err(NotWritten::Edited { path }),
        Ok(_) | Err(_) => {}
    }
    if let Some(folder) = on_disk.parent() {
        let refused = |source| WriteError::Io { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(refused)?;
    }
    write_atomic(&on_disk, scope.text.as_bytes())?;
    Ok(true)
}

fn is_as_learnt(text: &str) -> bool {
    let marked = text.strip_prefix(MARK).and_then(|rest| rest.split_once('\n'));
    marked.is_some_and(|(written, rest)| written == digest(rest))
}

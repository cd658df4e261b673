//! A made-up workspace from a fixed seed, as large as wanted: what the app is measured with.
//!
//! Twenty agents call sixty tools of six servers with twelve arguments each, in sessions of about
//! twenty calls, for forty tasks, of which every third has a scope. The product's own generator makes
//! the schema. The same size gives the same bytes. What is odd in it is odd on purpose: one session in
//! a hundred is of an agent that nobody declared, one call in four hundred of a tool that nobody
//! declared, and one call in fifty of a tool that its task does not need.

mod policies;
mod sessions;
mod tools;

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::new_workspace::{WriteError, write_workspace};
use remit_policy::schema_gen::SchemaGenError;
use serde_json::json;
use std::{fs, io};
use tools::SERVERS;

const SEED: u64 = 2026;
const AGENTS: usize = 20;
const TASKS: usize = 40;
/// Every so many-th task has a scope.
const SCOPED: usize = 3;
const TAGS: [&str; 8] = ["pii", "secret", "prod", "public", "billing", "legal", "eu", "test"];
const ENVIRONMENTS: [&str; 3] = ["prod", "staging", "dev"];

/// How large a workspace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Tool calls.
    pub rows: usize,
    /// Guardrails.
    pub policies: usize,
}

/// Why it could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The product's generator refuses the tools.
    #[error(transparent)]
    Schema(#[from] SchemaGenError),
    /// The folder is not empty, or cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A recording cannot be written.
    #[error("{path}: {source}")]
    Recording {
        /// Which.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes a workspace into `root`, which must be empty or not there; `progress` is told how many calls
/// are written.
///
/// # Errors
/// [`Failure`] if it cannot be written.
pub fn write(size: Size, root: &Utf8Path, progress: &mut dyn FnMut(usize)) -> Result<(), Failure> {
    let mut files = vec![
        ("remit.toml".into(), config(size)),
        ("schema.cedarschema".into(), tools::schema()?),
        ("entities.json".into(), entities()),
        (".gitignore".into(), ".remit/\n".to_owned()),
    ];
    files.extend(policies::guardrails(size.policies));
    files.extend(policies::scopes());
    write_workspace(root, &files)?;
    // Under another name until all are there, so that nobody takes a part for the whole.
    let (beside, sessions) = (root.join(".sessions"), root.join("sessions"));
    sessions::write(size.rows, &beside, progress)?;
    fs::rename(&beside, &sessions).map_err(|source| Failure::Recording { path: sessions, source })
}

fn config(Size { rows, policies }: Size) -> String {
    format!(
        "name = \"generated\"\n\
         description = \"{rows} tool calls and {policies} guardrails from a fixed seed, to measure with\"\n\n\
         [recordings]\npaths = [\"sessions\"]\n"
    )
}

/// Agents in teams, and the servers.
fn entities() -> String {
    let agents = (0..AGENTS).map(|n| {
        json!({
            "uid": { "type": "Agent", "id": agent(n) },
            "attrs": { "tier": n % 4, "region": if n % 2 == 0 { "eu" } else { "us" } },
            "parents": [{ "type": "AgentGroup", "id": format!("team-{}", n % 5) }],
        })
    });
    let alone = |kind, id| json!({ "uid": { "type": kind, "id": id }, "attrs": {}, "parents": [] });
    let teams = (0..5).map(|n| alone("AgentGroup", format!("team-{n}")));
    let servers = SERVERS.iter().map(|(server, _)| alone("Server", (*server).to_owned()));
    format!("{:#}\n", json!(agents.chain(teams).chain(servers).collect::<Vec<_>>()))
}

fn agent(n: usize) -> String {
    format!("agent-{n:02}")
}

fn task(n: usize) -> String {
    format!("task-{n:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use remit_policy::{Severity, Workspace};

    #[test]
    fn it_is_valid_and_the_same_every_time() {
        let folder = tempfile::tempdir().unwrap();
        let roots = ["a", "b"].map(|n| Utf8PathBuf::from_path_buf(folder.path().join(n)).unwrap());
        for root in &roots {
            write(Size { rows: 500, policies: 60 }, root, &mut |_| ()).unwrap();
        }
        let workspace = Workspace::load(&roots[0]).unwrap();
        let errors: Vec<_> =
            workspace.findings.iter().filter(|f| f.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let first = |root: &Utf8Path| fs::read(root.join("sessions/0001.jsonl")).unwrap();
        assert!(first(&roots[0]) == first(&roots[1]));
        let again = write(Size { rows: 1, policies: 1 }, &roots[0], &mut |_| ());
        assert!(matches!(again, Err(Failure::Write(WriteError::NotEmpty { .. }))));
    }
}

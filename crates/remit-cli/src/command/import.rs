//! `remit import`: recordings, normalised.

use crate::Exit;
use crate::args::{ImportArgs, ImportTo};
use crate::bench::told;
use crate::error::CliError;
use crate::output::{count, data_to_stdout, line, table, to_stderr, to_stdout};
use crate::progress;
use remit_api::policy::new_workspace::write_atomic;
use remit_api::session::{Loaded, Recording, Session, to_notation};
use std::ops::ControlFlow;

pub(crate) fn run(args: &ImportArgs) -> Result<Exit, CliError> {
    let bar = progress::bar(0, "reading");
    let mut tell = |p: remit_api::session::Progress| {
        bar.set_length(p.files_total as u64);
        bar.set_position(p.files_done as u64);
        ControlFlow::Continue(())
    };
    let loaded =
        remit_api::load_paths(&args.paths, args.format, &mut tell).map_err(CliError::library)?;
    bar.finish_and_clear();
    told(&loaded)?;
    if loaded.recordings.is_empty() {
        to_stderr(
            "warning: no recording was found\n  help: name files that an agent runtime wrote, or a folder of them\n",
        )?;
    }
    match (args.to, &args.out) {
        (None, _) => to_stdout(&listing(&loaded))?,
        (Some(ImportTo::Notation), None) => data_to_stdout(&notation(&loaded))?,
        (Some(ImportTo::Notation), Some(path)) => {
            write_atomic(path, notation(&loaded).as_bytes()).map_err(CliError::library)?;
            let written = count(sessions(&loaded).count() as u32, "session");
            to_stderr(&format!("{written} written to {path}\n"))?;
        }
    }
    Ok(Exit::Success)
}

fn sessions(loaded: &Loaded) -> impl Iterator<Item = &Session> {
    loaded.recordings.iter().flat_map(|r| &r.sessions)
}

fn notation(loaded: &Loaded) -> String {
    loaded.recordings.iter().map(|r| to_notation(&r.sessions)).collect::<Vec<_>>().join("\n")
}

fn listing(loaded: &Loaded) -> String {
    let calls = |r: &Recording| r.sessions.iter().map(|s| s.calls().count()).sum::<usize>();
    let warnings = |r: &Recording| r.warnings.iter().map(|w| w.count).sum::<u32>();
    let row = |r: &Recording| {
        vec![
            line(r.path.as_str(), 100),
            r.format.to_string(),
            r.sessions.len().to_string(),
            calls(r).to_string(),
            warnings(r).to_string(),
        ]
    };
    let all: usize = loaded.recordings.iter().map(calls).sum();
    table(
        &["RECORDING", "FORMAT", "SESSIONS", "CALLS", "WARNINGS"],
        loaded.recordings.iter().map(row),
    ) + &*format!(
        "\n{}, {}, {}\n",
        count(loaded.recordings.len() as u32, "recording"),
        count(sessions(loaded).count() as u32, "session"),
        count(all as u32, "tool call")
    )
}

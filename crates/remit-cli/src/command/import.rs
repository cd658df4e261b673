//! `remit import`: recordings, normalised.

use crate::Exit;
use crate::args::{ImportArgs, ImportTo};
use crate::bench::told;
use crate::error::CliError;
use crate::output::{count, data_to_stdout, line, table, to_stderr, to_stdout};
use crate::progress;
use remit_api::policy::new_workspace::write_atomic;
use remit_api::session::{
    DogwoodLog, Loaded, Recording, Session, to_atif, to_dogwood, to_notation,
};
use std::ops::ControlFlow;

pub(crate) fn run(args: &ImportArgs) -> Result<Exit, CliError> {
    let bar = progress::bar(0, "reading");
    let mut tell = |p: remit_api::session::Progress| {
        bar.set_length(p.files_total as u64);
        bar.set_position(p.files_done as u64);
        ControlFlow::Continue(())
    };
    // What is only counted is not kept: a folder may hold more than fits into memory.
    let (mut rows, mut loaded) = (Vec::new(), Loaded::default());
    let mut each = |mut recording: Recording| {
        rows.push(Row::of(&recording));
        if args.to.is_none() {
            recording.sessions = Vec::new();
        }
        loaded.recordings.push(recording);
        ControlFlow::Continue(())
    };
    let skipped = remit_api::load_paths_each(&args.paths, args.format, &mut tell, &mut each);
    loaded.skipped = skipped.map_err(CliError::library)?;
    bar.finish_and_clear();
    told(&loaded)?;
    if loaded.recordings.is_empty() {
        to_stderr(
            "warning: no recording was found\n  help: name files that an agent runtime wrote, or a folder of them\n",
        )?;
    }
    let Some(to) = args.to else {
        to_stdout(&listing(&rows))?;
        return Ok(Exit::Success);
    };
    let text = written(&loaded, to)?;
    match &args.out {
        None => data_to_stdout(&text)?,
        Some(path) => {
            write_atomic(path, text.as_bytes()).map_err(CliError::library)?;
            let written = count(sessions(&loaded).count() as u32, "session");
            to_stderr(&format!("{written} written to {path}\n"))?;
        }
    }
    Ok(Exit::Success)
}

/// The sessions in another form; what it cannot hold is said.
fn written(loaded: &Loaded, to: ImportTo) -> Result<String, CliError> {
    let all: Vec<&Session> = sessions(loaded).collect();
    match to {
        ImportTo::Notation => Ok(notation(loaded)),
        ImportTo::Atif => Ok(to_atif(&all)),
        ImportTo::Dogwood => {
            let DogwoodLog { text, left_out } = to_dogwood(&all);
            for (session, why) in left_out {
                to_stderr(&format!(
                    "warning: `{}` is not whole in the log: {why}\n",
                    line(&session, 100)
                ))?;
            }
            Ok(text)
        }
    }
}

fn sessions(loaded: &Loaded) -> impl Iterator<Item = &Session> {
    loaded.recordings.iter().flat_map(|r| &r.sessions)
}

fn notation(loaded: &Loaded) -> String {
    loaded.recordings.iter().map(|r| to_notation(&r.sessions)).collect::<Vec<_>>().join("\n")
}

/// What is counted of a recording.
struct Row {
    words: [String; 2],
    /// Sessions, tool calls, warnings.
    counts: [u32; 3],
}

impl Row {
    fn of(recording: &Recording) -> Row {
        let calls: usize = recording.sessions.iter().map(|session| session.calls().count()).sum();
        let warnings = recording.warnings.iter().map(|warning| warning.count).sum();
        Row {
            words: [line(recording.path.as_str(), 100), recording.format.to_string()],
            counts: [recording.sessions.len() as u32, calls as u32, warnings],
        }
    }

    fn cells(&self) -> Vec<String> {
        self.words.iter().cloned().chain(self.counts.iter().map(u32::to_string)).collect()
    }
}

fn listing(rows: &[Row]) -> String {
    let [sessions, calls] = [0, 1].map(|at| rows.iter().filter_map(|row| row.counts.get(at)).sum());
    table(&["RECORDING", "FORMAT", "SESSIONS", "CALLS", "WARNINGS"], rows.iter().map(Row::cells))
        + &*format!(
            "\n{}, {}, {}\n",
            count(rows.len() as u32, "recording"),
            count(sessions, "session"),
            count(calls, "tool call")
        )
}

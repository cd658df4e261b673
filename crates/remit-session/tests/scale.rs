//! A folder that is larger than the memory that reading it takes. A file of its own, since what is measured is
//! the process.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed; the figure is for who reads on"
)]

use camino::Utf8PathBuf;
use remit_session::{Limits, Source, load_each};
use std::fs::{self, File};
use std::io::Write;
use std::ops::ControlFlow;

/// Files, and the bytes of each: 96 MB in all.
const FILES: usize = 96;
const BYTES: usize = 1_000_000;

/// The most memory that the process has had, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn a_folder_takes_no_more_memory_than_some_of_its_files() {
    let keep = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(keep.path().to_owned()).unwrap();
    let mut calls = 0;
    for number in 0..FILES {
        let mut file = File::create(root.join(format!("{number}.jsonl"))).unwrap();
        let mut written = 0;
        while written < BYTES {
            let line = format!(
                "{{\"messages\":[{{\"role\":\"assistant\",\"tool_calls\":[{{\"id\":\"c{written}\",\"function\":{{\"name\":\"f\",\"arguments\":{{\"text\":\"{}\"}}}}}}]}}]}}\n",
                "word ".repeat(200)
            );
            file.write_all(line.as_bytes()).unwrap();
            written += line.len();
            calls += 1;
        }
    }
    let before = peak();
    let limits = Limits { at_once_bytes: 2 << 20, ..Limits::default() };
    let mut read = 0;
    let source = Source { path: root.clone(), shown_from: root };
    let on = &mut |_| ControlFlow::Continue(());
    let each = &mut |_, recording: remit_session::Recording| {
        read += recording.sessions.iter().map(|session| session.calls().count()).sum::<usize>();
        ControlFlow::Continue(())
    };
    let skipped = load_each(&[source], None, &limits, on, each).unwrap();
    assert_eq!((read, skipped.len()), (calls, 0));
    let grown = peak() - before;
    eprintln!(
        "{} MB of recordings took {} MB of memory",
        FILES * BYTES / 1_000_000,
        grown / 1_000_000
    );
    assert!(grown < 24_000_000, "{grown} bytes for 2 MiB at a time");
}

//! Dogwood's own reader accepts the logs that we export, and reads from them what we wrote.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use camino::Utf8Path;
use remit_session::{Limits, Source, load, to_dogwood};
use std::ops::ControlFlow;

#[test]
fn dogwood_reads_the_log_of_every_sample() {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let source = Source { path: folder.clone(), shown_from: folder };
    let on = &mut |_| ControlFlow::Continue(());
    let loaded = load(&[source], None, &Limits::default(), on).unwrap();
    let sessions: Vec<_> = loaded.recordings.iter().flat_map(|r| &r.sessions).collect();
    let log = to_dogwood(&sessions);
    let events = dogwood_language::parse_trace(&log.text).unwrap();
    assert_eq!(events.len(), log.text.lines().count());
    assert!(events.len() > 100, "{}", events.len());
    let times: Vec<_> = events.iter().map(|event| event.timestamp()).collect();
    assert!(times.is_sorted());
}

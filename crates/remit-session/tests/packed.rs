//! What is packed: gzip, zstd, zip, `.eval`, one in the other; and what is made to fill memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use camino::{Utf8Path, Utf8PathBuf};
use flate2::write::GzEncoder;
use remit_session::{Format, Limits, Loaded, Source, load, load_one, locate};
use std::fs;
use std::io::{Cursor, Write};
use std::ops::ControlFlow;
use zip::write::SimpleFileOptions;

const CHAT: &str = r#"[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]}]"#;
/// `CHAT` and a line end, as the `zstd` command packs them.
const CHAT_ZSTD: &[u8] = include_bytes!("packed/chat.json.zst");

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn folder(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Utf8PathBuf) {
    let keep = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(keep.path().canonicalize().unwrap()).unwrap();
    for (name, bytes) in files {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), bytes).unwrap();
    }
    (keep, root)
}

fn source(root: &Utf8Path) -> [Source; 1] {
    [Source { path: root.to_owned(), shown_from: root.to_owned() }]
}

fn read(root: &Utf8Path, limits: &Limits) -> Loaded {
    load(&source(root), None, limits, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn calls(loaded: &Loaded) -> Vec<(String, usize)> {
    let count =
        |sessions: &[remit_session::Session]| sessions.iter().map(|s| s.calls().count()).sum();
    loaded.recordings.iter().map(|r| (r.path.to_string(), count(&r.sessions))).collect()
}

fn skipped(loaded: &Loaded) -> Vec<(&str, &str)> {
    loaded.skipped.iter().map(|file| (file.path.as_str(), file.why.as_str())).collect()
}

#[test]
fn each_way_of_packing_gives_the_same_calls() {
    let chat = CHAT.as_bytes();
    let twice = gzip(&gzip(chat));
    let inner = zip(&[("deep.json", chat), ("notes.txt", b"no")]);
    let archive = zip(&[
        ("b/c.json", chat),
        ("a.jsonl.gz", &gzip(chat)),
        ("inner.zip", &inner),
        ("../../up.json", chat),
        (".hidden.json", chat),
        ("readme.md", b"no"),
    ]);
    let (_keep, root) = folder(&[
        ("plain.json", chat),
        ("one.json.gz", &gzip(chat)),
        ("two.json.gz", &twice),
        ("three.json.zst", CHAT_ZSTD),
        ("logs.zip", &archive),
        ("notes.txt.gz", &gzip(b"no recording")),
    ]);
    let loaded = read(&root, &Limits::default());
    let paths = [
        "logs.zip/../../up.json",
        "logs.zip/a.jsonl.gz",
        "logs.zip/b/c.json",
        "logs.zip/inner.zip/deep.json",
        "one.json.gz",
        "plain.json",
        "three.json.zst",
        "two.json.gz",
    ];
    assert_eq!(calls(&loaded), paths.map(|path| (path.to_owned(), 1)));
    assert_eq!(skipped(&loaded), []);
    let sessions = |at: usize| loaded.recordings[at].sessions[0].id.as_str();
    assert_eq!(
        (sessions(4), sessions(1)),
        ("one", "a"),
        "a session is named as it would be unpacked"
    );
}

#[test]
fn a_member_is_read_again_alone() {
    let archive = zip(&[("a.json", CHAT.as_bytes()), ("b.json", CHAT.as_bytes())]);
    let (_keep, root) = folder(&[("logs.zip", &archive)]);
    let found = locate(&source(&root), None);
    assert_eq!(found.files.len(), 2);
    for file in &found.files {
        let again = load_one(file, &Limits::default()).unwrap();
        assert_eq!((again.path, again.sessions.len()), (file.shown.clone(), 1));
    }
}

#[test]
fn an_eval_is_one_recording_with_a_session_for_each_sample() {
    let header = r#"{"version":2,"status":"success","eval":{"task":"t","model":"m"},"plan":{}}"#;
    let sample = |id: u32| format!(r#"{{"id":{id},"epoch":1,"messages":{CHAT}}}"#);
    let (one, two) = (sample(1), sample(2));
    let archive = zip(&[
        ("_journal/start.json", b"{}"),
        ("samples/2_epoch_1.json", two.as_bytes()),
        ("samples/1_epoch_1.json", one.as_bytes()),
        ("samples/3_epoch_1.json", b"{torn"),
        ("header.json", header.as_bytes()),
    ]);
    let (_keep, root) = folder(&[("log.eval", &archive), ("other.eval", &zip(&[("x", b"y")]))]);
    let loaded = read(&root, &Limits::default());
    let ids: Vec<_> = loaded.recordings[0].sessions.iter().map(|s| s.id.as_str()).collect();
    assert_eq!((loaded.recordings[0].format, ids), (Format::Inspect, vec!["t/1", "t/2"]));
    let said = &loaded.recordings[0].warnings[0].message;
    assert_eq!(said, "the sample `samples/3_epoch_1.json` is not JSON and was skipped");
    assert_eq!(skipped(&loaded), [("other.eval", "it is an archive, and no log of Inspect")]);
}

#[test]
fn what_is_made_to_fill_memory_is_refused() {
    let mut bomb = GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    (0..80).for_each(|_| bomb.write_all(&zeros).unwrap());
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 200_000);
    let (_keep, root) =
        folder(&[("bomb.json.gz", &bomb), ("zip.zip", &zip(&[("b.json.gz", &bomb)]))]);
    let why = "it is packed more than 250 times smaller, as no log is";
    let loaded = read(&root, &Limits::default());
    assert_eq!(skipped(&loaded), [("bomb.json.gz", why), ("zip.zip/b.json.gz", why)]);
    let padded = format!("{CHAT}{}", " ".repeat(1000));
    let (_keep, root) = folder(&[("big.json.gz", &gzip(padded.as_bytes()))]);
    let limits = Limits { file_bytes: 500, ..Limits::default() };
    let why = "it is larger than the 500 bytes that are read at most";
    assert_eq!(skipped(&read(&root, &limits)), [("big.json.gz", why)]);
}

#[test]
fn broken_archives_are_said_and_cost_themselves_only() {
    let archive = zip(&[("a.json", CHAT.as_bytes())]);
    let mut torn = gzip(CHAT.as_bytes());
    torn.truncate(torn.len() / 2);
    let (_keep, root) = folder(&[
        ("a.zip", &archive[..archive.len() / 2]),
        ("b.zip", &zip(&[("readme.md", b"no")])),
        ("c.json.gz", &torn),
        ("d.json.zst", &CHAT_ZSTD[..20]),
        ("e.json", CHAT.as_bytes()),
    ]);
    let loaded = read(&root, &Limits::default());
    assert_eq!(calls(&loaded), [("e.json".to_owned(), 1)]);
    let skipped = skipped(&loaded);
    let paths: Vec<_> = skipped.iter().map(|(path, _)| *path).collect();
    assert_eq!(paths, ["a.zip", "b.zip", "c.json.gz", "d.json.zst"]);
    assert_eq!(skipped[1].1, "it is an archive without recordings");
    assert!(skipped.iter().all(|(_, why)| !why.is_empty()));
}

#[test]
fn files_of_one_conversation_of_openhands_are_one_recording() {
    let log = |time: &str, messages: &str, answer: &str| {
        format!(
            r#"{{"messages":[{{"role":"user","content":"go"}}{messages}],"response":{{"choices":[{{"message":{answer}}}]}},"cost":0.1,"timestamp":{time},"latency_sec":1.0}}"#
        )
    };
    let call = |id: u32| {
        format!(
            r#"{{"role":"assistant","tool_calls":[{{"id":"c{id}","function":{{"name":"f","arguments":"{{}}"}}}}]}}"#
        )
    };
    let told = |id: u32| {
        format!(r#",{},{{"role":"tool","tool_call_id":"c{id}","content":"r"}}"#, call(id))
    };
    let logs = [
        log("1757015001.5", "", &call(1)),
        log("1757015002.5", &told(1), &call(2)),
        log("1757015003.5", &(told(1) + &told(2)), &call(3)),
    ];
    let event = |id: u32| {
        format!(
            r#"{{"id":"e{id}","source":"agent","kind":"ActionEvent","tool_name":"g","tool_call_id":"t{id}","action":{{"kind":"X"}}}}"#
        )
    };
    let state = r#"{"id":"conv","agent":{},"workspace":{},"execution_status":"idle"}"#;
    let (_keep, root) = folder(&[
        ("logs/m-1757015001.5.json", logs[0].as_bytes()),
        ("logs/m-1757015002.5.json", logs[1].as_bytes()),
        ("logs/m-1757015003.5.json", logs[2].as_bytes()),
        ("chat/base_state.json", state.as_bytes()),
        ("chat/events/event-00000-a.json", event(0).as_bytes()),
        ("chat/events/event-00001-b.json", event(1).as_bytes()),
        ("other/x-1757015001.5.json", CHAT.as_bytes()),
        ("other/x-1757015002.5.json", CHAT.as_bytes()),
    ]);
    let loaded = read(&root, &Limits::default());
    let expected = [
        ("chat/base_state.json", 2),
        ("logs/m-1757015003.5.json", 3),
        ("other/x-1757015001.5.json", 1),
        ("other/x-1757015002.5.json", 1),
    ];
    assert_eq!(calls(&loaded), expected.map(|(path, calls)| (path.to_owned(), calls)));
    assert_eq!(loaded.recordings[0].sessions[0].id, "conv");
    assert_eq!(loaded.recordings[1].sessions.len(), 1);
}

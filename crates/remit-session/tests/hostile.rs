//! Recordings as they should not be: each gives an error or a counted warning that says what and
//! where, and costs nothing but itself.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed"
)]

use remit_session::{Format, ImportError, Imported, Limits, Place, import, sniff};

fn read(bytes: &[u8], format: Option<Format>) -> Result<(Format, Imported), ImportError> {
    import("a.json", bytes, format, &Limits::default())
}

/// A conversation of one line, with `calls` in it.
fn chat(calls: &str) -> String {
    format!(
        r#"{{"messages":[{{"role":"user","content":"é"}},{{"role":"assistant","tool_calls":{calls}}}]}}"#
    )
}

fn one_call() -> String {
    chat(r#"[{"id":"1","function":{"name":"f","arguments":"{}"}}]"#)
}

fn calls(imported: &Imported) -> usize {
    imported.sessions.iter().map(|session| session.calls().count()).sum()
}

fn warned(imported: &Imported, words: &str) -> Option<(Place, u32)> {
    let found = imported.warnings.iter().find(|warning| warning.message.contains(words));
    found.map(|warning| (warning.place.clone(), warning.count))
}

#[test]
fn errors_say_what_and_where_and_what_to_do() {
    let truncated = one_call().replace("]}", "");
    let deep = format!("{{\"messages\":[{{\"role\":\"user\",\"content\":{}", "[".repeat(100_000));
    let garbage: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let cases: [(&[u8], Option<Format>, &str); 11] = [
        (b"", None, "`a.json` is empty"),
        (b"", Some(Format::Mcp), "`a.json` is empty"),
        (b"\xEF\xBB\xBF \n\n", None, "`a.json` is empty"),
        (b"null", None, "`a.json` is no recording that remit knows"),
        (b"{}", None, "`a.json` is no recording that remit knows"),
        (b"\x00\x01\x02", None, "`a.json` is no recording that remit knows"),
        (&garbage, None, "`a.json` is no recording that remit knows"),
        (
            b"{\"name\":\"x\",",
            None,
            "`a.json` is not JSON: line 1, column 12: EOF while parsing a value",
        ),
        (
            truncated.as_bytes(),
            None,
            "`a.json` is not JSON: line 1, column 129: EOF while parsing a list",
        ),
        (
            deep.as_bytes(),
            None,
            "`a.json` is nested too deep: line 1, column 163: more than 127 levels",
        ),
        (b"null", Some(Format::Mcp), "`a.json` is no recording of the format `mcp`"),
    ];
    for (bytes, format, expected) in cases {
        let error = read(bytes, format).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(miette::Diagnostic::help(&error).is_some(), "{expected}");
        assert!(miette::Diagnostic::code(&error).is_some(), "{expected}");
    }
}

#[test]
fn the_wrong_format_names_the_right_one() {
    let error = read(one_call().as_bytes(), Some(Format::ClaudeCode)).unwrap_err();
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert_eq!(help, "it looks like `openai-chat`: use `--as openai-chat`, or leave `--as` out");
}

#[test]
fn a_format_has_one_name_and_unknown_names_list_all() {
    for format in Format::all() {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    let error = "csv".parse::<Format>().unwrap_err().to_string();
    assert_eq!(
        error,
        "no recording format is called `csv`: use one of agentdojo, openai-chat, claude-code, codex, gemini-cli, pi, openhands, swe-agent, mini-swe-agent, inspect, atif, otlp, langfuse, langsmith, hooks, a2a, opa, cloudtrail, mcp, dogwood, notation"
    );
}

#[test]
fn sizes_are_bounded() {
    let limits = Limits { file_bytes: 10, ..Limits::default() };
    let error = import("a.json", one_call().as_bytes(), None, &limits).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge { bytes: 133, limit: 10, .. }), "{error:?}");
}

#[test]
fn a_line_that_is_too_long_costs_itself_only() {
    let limits = Limits { line_bytes: 1000, ..Limits::default() };
    let long = chat(&format!("[{{\"function\":{{\"name\":\"{}\"}}}}]", "x".repeat(2000)));
    let text = format!("{}\n{long}\n{}\n", one_call(), one_call());
    let (_, imported) = import("a.jsonl", text.as_bytes(), None, &limits).unwrap();
    assert_eq!(calls(&imported), 2);
    assert_eq!(warned(&imported, "longer than 1000 bytes"), Some((Place::Line(2), 1)));
}

#[test]
fn broken_lines_cost_themselves_only() {
    let deep = "[".repeat(100_000);
    let text =
        format!("{}\ngarbage\n{deep}\n\n{}\n{}", one_call(), one_call(), one_call().split_at(60).0);
    let (_, imported) = read(text.as_bytes(), None).unwrap();
    assert_eq!(calls(&imported), 2);
    assert_eq!(warned(&imported, "is not JSON"), Some((Place::Line(2), 1)));
    assert_eq!(warned(&imported, "nested deeper"), Some((Place::Line(3), 1)));
    assert_eq!(warned(&imported, "cut off"), Some((Place::Line(6), 1)));
}

#[test]
fn a_broken_first_line_does_not_hide_the_format() {
    let text = format!("{{\"cut\n{}", one_call());
    assert_eq!(sniff("a.jsonl", text.as_bytes()), Some(Format::OpenAiChat));
    assert_eq!(calls(&read(text.as_bytes(), None).unwrap().1), 1);
}

#[test]
fn a_large_document_is_recognised_by_its_beginning() {
    let message = r#"{"role":"user","content":"{[,\"x"},"#.repeat(20_000);
    let text = format!("{{\"messages\":[{message}{{\"role\":\"user\",\"content\":\"\"}}]}}");
    assert!(text.len() > 500_000);
    assert_eq!(sniff("a.json", text.as_bytes()), Some(Format::OpenAiChat));
}

#[test]
fn other_encodings_are_read_with_a_warning() {
    let text = one_call();
    let units = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let little = [vec![0xFF, 0xFE], units(u16::to_le_bytes)].concat();
    let big = [vec![0xFE, 0xFF], units(u16::to_be_bytes)].concat();
    for bytes in [little, big] {
        let (format, imported) = read(&bytes, None).unwrap();
        assert_eq!((format, calls(&imported)), (Format::OpenAiChat, 1));
        assert_eq!(imported.sessions[0].goal.as_deref(), Some("é"));
        assert_eq!(warned(&imported, "UTF-16"), Some((Place::Line(1), 1)));
    }
    let marked = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
    assert_eq!(read(&marked, None).unwrap().1.warnings, []);
    let latin = text.replace('é', "??").into_bytes();
    let latin: Vec<_> =
        latin.into_iter().map(|byte| if byte == b'?' { 0xE9 } else { byte }).collect();
    let (_, imported) = read(&[b"\n".as_slice(), &latin].concat(), None).unwrap();
    assert_eq!(imported.sessions[0].goal.as_deref(), Some("\u{FFFD}\u{FFFD}"));
    assert_eq!(warned(&imported, "U+FFFD"), Some((Place::Line(2), 2)));
}

#[test]
fn arguments_that_are_no_object_are_kept_with_the_call() {
    let many = format!("[{}1]", r#"{"function":{"name":"f","arguments":"[1]"}},"#.repeat(500));
    let (_, imported) = read(chat(&many).as_bytes(), None).unwrap();
    assert_eq!(calls(&imported), 501);
    let place = Place::Pointer("/messages/1/tool_calls/0".to_owned());
    assert_eq!(warned(&imported, "cannot be read"), Some((place, 501)));
}

#[test]
fn a_recording_cannot_make_up_warnings_without_end() {
    let line = |n: u32| format!("{{\"type\":\"t{n}\",\"uuid\":\"{n}\",\"sessionId\":\"s\"}}\n");
    let text = (0..1000).map(line).collect::<String>();
    let (_, imported) = read(text.as_bytes(), Some(Format::ClaudeCode)).unwrap_or_else(|_| {
        let user = "{\"type\":\"user\",\"uuid\":\"u\",\"sessionId\":\"s\",\"message\":{\"content\":\"go\"}}\n";
        read(format!("{user}{text}").as_bytes(), None).unwrap()
    });
    assert!(imported.warnings.len() <= 102, "{}", imported.warnings.len());
    assert_eq!(imported.warnings.iter().map(|warning| warning.count).sum::<u32>(), 1001);
}

#[test]
fn many_calls_answered_backwards_all_find_their_results() {
    let call = |n: u32| format!("{{\"id\":\"c{n}\",\"function\":{{\"name\":\"f\"}}}}");
    let list = (0..20_000).map(call).collect::<Vec<_>>().join(",");
    let result =
        |n: u32| format!(",{{\"role\":\"tool\",\"tool_call_id\":\"c{n}\",\"content\":\"r\"}}");
    let results = (0..20_000).rev().map(result).collect::<String>();
    let text = format!("[{{\"role\":\"assistant\",\"tool_calls\":[{list}]}}{results}]");
    let (_, imported) = read(text.as_bytes(), None).unwrap();
    assert!(imported.sessions[0].calls().all(|(_, _, call)| call.result.is_some()));
}

#[test]
fn other_json_is_left_alone() {
    let cases = [
        r#"{"name":"x","version":"1.0.0","dependencies":{}}"#,
        r#"{"path":"a","model":"m","suite":"banking","user_task":"user_task_0","calls":[]}"#,
        r#"{"path":"a","task_id":0,"trial":0,"reward":0.0,"calls":[]}"#,
        r#"[{"path":"agentdojo/x.json","origin":"y","sha256":"z"}]"#,
        r#"{"type":"session","id":"x","timestamp":"2026-01-01T00:00:00Z"}"#,
        r#"{"timestamp":"2026-01-01T00:00:00Z","type":"session_meta"}"#,
        r#"{"resourceMetrics":[]}"#,
        r#"{"name":"x","attributes":{},"startTime":1}"#,
        r#"{"type":"TOOL","name":"x","startTime":"2026-01-01T00:00:00Z"}"#,
        r#"{"run_type":"marathon","id":"x","start_time":"2026-01-01T00:00:00Z"}"#,
        r#"{"trajectory":[[1,2],[3,4]]}"#,
        r#"{"sessionId":"x","messages":[{"id":"1","type":"user","content":"hi"}]}"#,
        r#"{"code":404,"message":"not found"}"#,
        r#"{"type":"user","name":"x"}"#,
        "session of the council",
        "session minutes\nuser stories were discussed",
        "[1,2,3]",
        "42",
    ];
    for text in cases {
        assert_eq!(sniff("a.json", text.as_bytes()), None, "{text}");
    }
}

//! Words, shapes and tables for people. All of it reads without colour.

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, Table, presets};
use remit_api::replay::{Summary, Verdict};
use std::io::Write;

/// Writes data to stdout; colour goes only to a terminal that wants it (`NO_COLOR` is respected).
pub(crate) fn to_stdout(text: &str) -> std::io::Result<()> {
    anstream::stdout().write_all(text.as_bytes())
}

/// Writes talk to stderr.
pub(crate) fn to_stderr(text: &str) -> std::io::Result<()> {
    anstream::stderr().write_all(text.as_bytes())
}

/// The shape of a verdict: filled circle, square, triangle, hollow ring.
pub(crate) fn shape(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "●",
        Verdict::Denied => "■",
        Verdict::Drifted => "▲",
        Verdict::Unknown => "○",
    }
}

/// Shape and word.
pub(crate) fn badge(verdict: Verdict) -> String {
    paint(verdict, &format!("{} {}", shape(verdict), verdict.word()))
}

pub(crate) fn paint(verdict: Verdict, text: &str) -> String {
    let style = Style::new().fg_color(Some(colour(verdict).into()));
    format!("{style}{text}{style:#}")
}

pub(crate) fn bold(text: &str) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

pub(crate) fn dim(text: &str) -> String {
    let style = Style::new().dimmed();
    format!("{style}{text}{style:#}")
}

fn colour(verdict: Verdict) -> AnsiColor {
    match verdict {
        Verdict::Allowed => AnsiColor::Green,
        Verdict::Denied => AnsiColor::Red,
        Verdict::Drifted => AnsiColor::Yellow,
        Verdict::Unknown => AnsiColor::Cyan,
    }
}

/// `3 sessions`, `1 session`.
pub(crate) fn count(n: u32, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// Coverage first, then the four verdicts: nobody may read "0 drifted" as good news by mistake.
pub(crate) fn summary(name: &str, s: &Summary) -> String {
    let decided = s.tool_calls - s.unknown;
    let mut out = format!(
        "{}  {}, {}\n",
        bold(name),
        count(s.sessions, "session"),
        count(s.tool_calls, "tool call")
    );
    out += &format!("decided from recorded facts: {decided} of {}\n", s.tool_calls);
    if s.unscoped > 0 {
        out += &format!(
            "{} without a declared scope: nothing in {} can drift\n",
            count(s.unscoped, "session"),
            if s.unscoped == 1 { "it" } else { "them" }
        );
    }
    if s.uncertain > 0 {
        out += &format!(
            "{} uncertain: a policy failed that could flip the verdict\n",
            count(s.uncertain, "verdict")
        );
    }
    if s.warnings > 0 {
        out += &format!("{} while reading the recordings\n", count(s.warnings, "warning"));
    }
    out += "\n";
    for verdict in Verdict::all() {
        let n = s.count(verdict);
        out += &format!(
            "  {} {:<8} {n:>6}  {}\n",
            paint(verdict, shape(verdict)),
            verdict.word(),
            dim(said(verdict))
        );
    }
    out
}

/// What a verdict means, whatever the scope said.
fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "within its remit",
        Verdict::Denied => "the guardrails forbid it",
        Verdict::Drifted => "permitted, but not what the task is for",
        Verdict::Unknown => "cannot be decided",
    }
}

/// A table without lines; the columns stand by white space.
pub(crate) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(head.iter().map(Cell::new));
    table.add_rows(rows);
    let text = table.to_string();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// One line of at most `chars` characters. Control characters of hostile text never reach the terminal.
pub(crate) fn line(text: &str, chars: usize) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = match joined.char_indices().nth(chars) {
        Some((at, _)) => format!("{}…", joined.split_at(at).0),
        None => joined,
    };
    harmless(&short)
}

/// `text` with control characters (but line ends and tabs) replaced: a recording could hold escape
/// sequences that a terminal obeys.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c })
        .collect()
}

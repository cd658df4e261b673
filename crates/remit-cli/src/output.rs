//! Words, shapes and tables for people. All of it reads without colour.

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, Table, presets};
use remit_api::replay::{Replayability, Summary, Verdict};
use std::io::{IsTerminal, Write};

/// Writes data to stdout; colour goes only to a terminal that wants it (`NO_COLOR` is respected).
pub(crate) fn to_stdout(text: &str) -> std::io::Result<()> {
    anstream::stdout().write_all(text.as_bytes())
}

/// Writes machine-readable data to stdout: byte for byte, unless a person looks at it.
pub(crate) fn data_to_stdout(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    if stdout.is_terminal() {
        return stdout.write_all(harmless(text).as_bytes());
    }
    stdout.write_all(text.as_bytes())
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
pub(crate) fn summary(name: &str, s: &Summary, of: &Replayability) -> String {
    let mut out = format!(
        "{}  {}, {}\n",
        bold(name),
        count(s.sessions, "session"),
        count(s.tool_calls, "tool call")
    );
    out += &coverage(of);
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

/// How much could be decided, what the rest lacks, and what to mend.
fn coverage(of: &Replayability) -> String {
    let share = if of.decided < of.tool_calls {
        format!(" ({} %)", u64::from(of.decided) * 100 / u64::from(of.tool_calls))
    } else {
        String::new()
    };
    let mut out =
        format!("decided from recorded facts: {} of {}{share}\n", of.decided, of.tool_calls);
    let mut decided = of.decided;
    for next in of.next.iter().take(MENDED) {
        decided += next.decides;
        let things: Vec<_> = next.mend.iter().map(|thing| line(thing, 120)).collect();
        let more = count(next.decides, "call");
        out += &format!("  to decide {more} more ({decided} in all): {}\n", things.join(", and "));
    }
    out
}

/// So many things to mend stand in a summary; the report has all.
const MENDED: usize = 3;

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

/// `text` with control characters (but line ends and tabs) replaced, and those that turn the
/// direction of writing: a recording could hold escape sequences that a terminal obeys.
pub(crate) fn harmless(text: &str) -> String {
    let is_obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    text.chars().map(|c| if is_obeyed(c) || turns_writing(c) { '\u{fffd}' } else { c }).collect()
}

/// `text` with all its lines below each other, so that none can pass for a line of ours.
pub(crate) fn block(text: &str, indent: usize) -> String {
    harmless(text).replace('\n', &format!("\n{:indent$}", ""))
}

/// The marks, embeddings, overrides and isolates of the Unicode Bidirectional Algorithm.
fn turns_writing(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{block, harmless, line};

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(
            harmless("a\u{1b}[2Jb\u{9b}31m\u{7}\u{202e}c\td"),
            "a\u{fffd}[2Jb\u{fffd}31m\u{fffd}\u{fffd}c\td"
        );
        assert_eq!(line("one\r\n  two\u{8}", 99), "one two\u{fffd}");
        assert_eq!(line("längst", 3), "län…");
    }

    #[test]
    fn a_text_cannot_pass_for_a_line_of_ours() {
        assert_eq!(block("a\n    9  call", 4), "a\n        9  call");
    }
}

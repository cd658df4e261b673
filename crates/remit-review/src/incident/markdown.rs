//! The report as Markdown, for issues and reviews. Text of recordings stands in code only, so that none of it
//! becomes a link, a picture or a heading.

use super::html::turns_writing;
use super::{Finding, IncidentReport, SessionDoc, Stops, shape};
use remit_replay::Verdict;

/// As Markdown.
pub fn to_markdown(report: &IncidentReport) -> String {
    let summary = &report.summary;
    let mut out = format!(
        "# Incident report: {}\n\nDecided from recorded facts: **{} of {}** tool calls in {} session{}.\n",
        code(&report.title),
        summary.tool_calls - summary.unknown,
        summary.tool_calls,
        summary.sessions,
        if summary.sessions == 1 { "" } else { "s" }
    );
    if summary.unscoped > 0 {
        out +=
            &format!("{} without a declared scope: nothing there can drift.\n", summary.unscoped);
    }
    if summary.uncertain > 0 {
        out += &format!(
            "{} uncertain: a policy failed that could flip the verdict.\n",
            summary.uncertain
        );
    }
    out += "\n| verdict | calls |\n|---|---|\n";
    for verdict in Verdict::all() {
        out += &format!("| {} {} | {} |\n", shape(verdict), verdict.word(), summary.count(verdict));
    }
    let of = &report.hypothetical;
    let all = of.independent.total() + of.dependent.total();
    if all > 0 {
        out += &format!(
            "\n{all} of these calls follow a denied call that ran; {} may depend on its result.\n",
            of.dependent.total()
        );
    }
    out += &report.sessions.iter().map(session).collect::<String>();
    if !report.policies.is_empty() {
        out += "\n## Policies that decided\n";
    }
    for policy in &report.policies {
        let (id, place) = (code(&policy.id), code(&policy.place));
        out += &format!("\n### {id} ({place})\n\n{}", block("cedar", &policy.text));
    }
    out += "\n## What this rests on\n\nAs recorded. The same digests give the same verdicts.\n\n";
    for (what, digest) in &report.digests {
        out += &format!("- {what}: {}\n", code(digest));
    }
    out
}

fn session(session: &SessionDoc) -> String {
    let mut out = format!("\n## Session {}\n\n", code(&session.name));
    for (what, value) in &session.about {
        out += &format!("- {what}: {}\n", code(value));
    }
    let strip: String = session.calls.iter().take(200).map(|call| shape(call.verdict)).collect();
    let more = if session.calls.len() > 200 { "…" } else { "" };
    out += &format!("\nThe calls in order: {strip}{more}\n");
    if let Some(step) = session.horizon {
        out += &format!(
            "What rests on the result of step {step} is hypothetical: it was denied, and it ran.\n"
        );
    }
    if session.findings.is_empty() {
        out += "\nEvery call is within its remit.\n";
    } else {
        out += "\n### Findings\n";
    }
    out += &session.findings.iter().map(finding).collect::<String>();
    if session.more > 0 {
        out += &format!("\nAnd {} more, which are only counted.\n", session.more);
    }
    out + session.stops.as_ref().map(stops).unwrap_or_default().as_str()
}

fn finding(of: &Finding) -> String {
    let at = of.at.as_ref().map(|at| format!(", {at}")).unwrap_or_default();
    let hypothetical =
        of.hypothetical.map(|word| format!(", hypothetical, {word}")).unwrap_or_default();
    let by = match of.policies.as_slice() {
        [] => String::new(),
        ids => format!(" by {}", ids.iter().map(|id| code(id)).collect::<Vec<_>>().join(", ")),
    };
    let mut out = format!(
        "\n#### Step {}: {} {} {}\n\n{}{by}. By {}{at}; in the recording it was {}{hypothetical}.\n\n{}",
        of.step,
        shape(of.verdict),
        of.verdict.word(),
        code(&of.tool),
        plain(&of.said),
        code(&of.agent),
        of.outcome,
        block("json", &of.arguments)
    );
    for because in &of.because {
        let (argument, value) = (code(&because.argument), code(&because.value));
        out += &format!("- {argument} = {value}: {}\n", plain(&because.origin));
    }
    out
}

fn stops(of: &Stops) -> String {
    let mut out = format!(
        "\n### What would have stopped step {}\n\n| rule | denied here | denied elsewhere | of these within their remit |\n|---|---|---|---|\n",
        of.step.0
    );
    for rule in &of.rules {
        out += &format!(
            "| {} {} | {} | {} | {} |\n",
            code(&rule.id).replace('|', "\\|"),
            plain(&rule.title),
            rule.here.len(),
            rule.elsewhere.len(),
            rule.missed().count()
        );
    }
    for rule in &of.rules {
        out += &format!("\n{}", block("cedar", &rule.policy));
    }
    out
}

/// Without control characters and what turns writing round.
fn harmless(text: &str) -> String {
    let is_odd = |c: char| (c.is_control() && c != '\n') || turns_writing(c);
    text.chars().map(|c| if is_odd(c) { '\u{fffd}' } else { c }).collect()
}

/// Our own words, in which names from outside may stand.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in harmless(text).replace('\n', " ").chars() {
        if c.is_ascii_punctuation() && !".,;:-()'".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A code span in one line, in as many backticks as the text does not hold.
fn code(text: &str) -> String {
    let text = harmless(text).replace('\n', " ");
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad =
        if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A block of code, in a longer fence than the text holds.
fn block(language: &str, text: &str) -> String {
    let text = harmless(text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_text_stays_code() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("![x](http://e)`"), "`` ![x](http://e)` ``");
        assert_eq!(code("a\n# b"), "`a # b`");
        assert!(block("json", "```\n# no").starts_with("````json\n"));
        assert_eq!(plain("<b> [x] `y`"), "\\<b\\> \\[x\\] \\`y\\`");
    }
}

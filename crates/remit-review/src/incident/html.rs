//! The report as one HTML file that opens anywhere: no script, nothing from elsewhere.

use super::timeline::timeline;
use super::{BecauseDoc, Finding, IncidentReport, PolicyDoc, SessionDoc, Stops, shape};
use remit_replay::{Summary, Verdict};

const STYLE: &str = include_str!("report.css");
/// Nothing may be loaded or run, whatever the texts of a recording are.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// As a whole page.
pub fn to_html(report: &IncidentReport) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>Incident report: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Incident report: {title}</h1>\n",
        title = escaped(&report.title)
    );
    out += &counts("Summary", &report.summary);
    out += &hypothetical(report);
    out += &report.sessions.iter().map(session).collect::<String>();
    if !report.policies.is_empty() {
        out += "<h2>Policies that decided</h2>\n";
        out += &report.policies.iter().map(policy).collect::<String>();
    }
    out += "<h2>What this rests on</h2>\n<p>As recorded. The same digests give the same verdicts.</p>\n<table class=\"digests\">\n";
    for (what, digest) in &report.digests {
        out += &format!("<tr><th scope=\"row\">{what}</th><td>{}</td></tr>\n", escaped(digest));
    }
    out + "</table>\n</body>\n</html>\n"
}

/// Text as it may stand in HTML and SVG, also in quotes; without what changes the direction of writing.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\n' | '\t' => out.push(c),
            c if c.is_control() || turns_writing(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The marks, embeddings, overrides and isolates of the Unicode Bidirectional Algorithm.
pub(super) fn turns_writing(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Coverage first, so that nobody reads "0 drifted" as good news by mistake.
fn counts(title: &str, summary: &Summary) -> String {
    let decided = summary.tool_calls - summary.unknown;
    let mut out = format!(
        "<h2>{title}</h2>\n<p>Decided from recorded facts: <strong>{decided} of {}</strong> tool calls in {} session{}.",
        summary.tool_calls,
        summary.sessions,
        if summary.sessions == 1 { "" } else { "s" }
    );
    if summary.unscoped > 0 {
        out += &format!(" {} without a declared scope: nothing there can drift.", summary.unscoped);
    }
    if summary.uncertain > 0 {
        out += &format!(
            " {} uncertain: a policy failed that could flip the verdict.",
            summary.uncertain
        );
    }
    out += "</p>\n<table class=\"counts\">\n";
    for verdict in Verdict::all() {
        let word = verdict.word();
        out += &format!(
            "<tr class=\"{word}\"><th scope=\"row\">{} {word}</th><td data-count=\"{word}\">{}</td><td>{}</td></tr>\n",
            shape(verdict),
            summary.count(verdict),
            means(verdict)
        );
    }
    out + "</table>\n"
}

fn means(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "within its remit",
        Verdict::Denied => "the guardrails forbid it",
        Verdict::Drifted => "permitted, but not what the task is for",
        Verdict::Unknown => "cannot be decided",
    }
}

fn hypothetical(report: &IncidentReport) -> String {
    let of = &report.hypothetical;
    let all = of.independent.total() + of.dependent.total();
    if all == 0 {
        return String::new();
    }
    format!(
        "<p>{all} of these calls follow a denied call that ran; {} may depend on its result. Whether they would have been made, nobody knows.</p>\n",
        of.dependent.total()
    )
}

fn session(session: &SessionDoc) -> String {
    let mut out = format!(
        "<section>\n<h2>Session {}</h2>\n<table class=\"about\">\n",
        escaped(&session.name)
    );
    for (what, value) in &session.about {
        out += &format!("<tr><th scope=\"row\">{what}</th><td>{}</td></tr>\n", escaped(value));
    }
    out += "</table>\n<p>";
    for verdict in Verdict::all() {
        let (word, n) = (verdict.word(), session.summary.count(verdict));
        out += &format!("<span class=\"{word}\">{} {n} {word}</span> ", shape(verdict));
    }
    out += "</p>\n";
    out += &timeline(session);
    if session.findings.is_empty() {
        out += "<p>Every call is within its remit.</p>\n";
    } else {
        out += "<h3>Findings</h3>\n";
        out += &session.findings.iter().map(finding).collect::<String>();
    }
    if session.more > 0 {
        out += &format!("<p>And {} more, which are only counted.</p>\n", session.more);
    }
    out += &session.stops.as_ref().map(stops).unwrap_or_default();
    out + "</section>\n"
}

fn finding(of: &Finding) -> String {
    let word = of.verdict.word();
    let at =
        of.at.as_ref().map(|at| format!(" · <time>{}</time>", escaped(at))).unwrap_or_default();
    let hypothetical =
        of.hypothetical.map(|word| format!(" · hypothetical, {word}")).unwrap_or_default();
    let by = match of.policies.as_slice() {
        [] => String::new(),
        ids => format!(" ({})", escaped(&ids.join(", "))),
    };
    let mut out = format!(
        "<article class=\"{word}\">\n<h4><span>{} {word}</span> {} <small>step {}{at} · {} · {}{hypothetical}</small></h4>\n<p>{}{by}</p>\n<pre>{}</pre>\n",
        shape(of.verdict),
        escaped(&of.tool),
        of.step,
        escaped(&of.agent),
        of.outcome,
        escaped(&of.said),
        escaped(&of.arguments)
    );
    if !of.because.is_empty() {
        out += "<ul>\n";
        out += &of.because.iter().map(because).collect::<String>();
        out += "</ul>\n";
    }
    out + "</article>\n"
}

fn because(of: &BecauseDoc) -> String {
    let excerpt = match &of.excerpt {
        Some([before, value, after]) => format!(
            "<blockquote>{}<mark>{}</mark>{}</blockquote>",
            escaped(before),
            escaped(value),
            escaped(after)
        ),
        None => String::new(),
    };
    format!(
        "<li><code>{}</code> = <code>{}</code>: {}{excerpt}</li>\n",
        escaped(&of.argument),
        escaped(&of.value),
        escaped(&of.origin)
    )
}

fn stops(of: &Stops) -> String {
    let mut out = format!(
        "<h3>What would have stopped step {}</h3>\n<table class=\"stops\">\n<tr><th scope=\"col\">Rule</th><th scope=\"col\">Denied here</th><th scope=\"col\">Denied elsewhere</th><th scope=\"col\">of these within their remit</th></tr>\n",
        of.step.0
    );
    for rule in &of.rules {
        out += &format!(
            "<tr><td>{}<details><summary>{}</summary><pre>{}</pre></details></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            escaped(&rule.title),
            escaped(&rule.id),
            escaped(&rule.policy),
            rule.here.len(),
            rule.elsewhere.len(),
            rule.missed().count()
        );
    }
    out + "</table>\n"
}

fn policy(of: &PolicyDoc) -> String {
    format!(
        "<h3>{} <small>{}</small></h3>\n<pre>{}</pre>\n",
        escaped(&of.id),
        escaped(&of.place),
        escaped(&of.text)
    )
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn recorded_text_stays_text() {
        assert_eq!(
            escaped("<img src=x onerror='a'> & \"b\"\u{202e}\u{1b}\n"),
            "&lt;img src=x onerror=&#39;a&#39;&gt; &amp; &quot;b&quot;\u{fffd}\u{fffd}\n"
        );
    }
}

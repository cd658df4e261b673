//! The report as SARIF 2.1.0: one result for each tool call that is not allowed.

use crate::report::{CallReport, Report, SessionReport};
use crate::{Verdict, junit::because};
use serde_json::{Value, json};

/// A SARIF 2.1.0 log (OASIS Standard). Locations are recordings; a call is a logical location in one.
pub fn to_sarif(report: &Report) -> Value {
    let results = report.sessions.iter().flat_map(|session| {
        let findings = session.calls.iter().filter(|c| c.verdict != Verdict::Allowed);
        findings.map(move |call| result(session, call))
    });
    let rules = [Verdict::Denied, Verdict::Drifted, Verdict::Unknown].map(rule);
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "remit",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "utf16CodeUnits",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn rule(verdict: Verdict) -> Value {
    json!({
        "id": verdict.word(),
        "shortDescription": { "text": verdict.said(None) },
        "defaultConfiguration": { "level": level(verdict) },
    })
}

fn level(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "none",
        Verdict::Denied | Verdict::Drifted => "error",
        Verdict::Unknown => "warning",
    }
}

fn result(session: &SessionReport, call: &CallReport) -> Value {
    let text = format!("{} called `{}`: {}", call.agent, call.tool, because(call));
    json!({
        "ruleId": call.verdict.word(),
        "level": level(call.verdict),
        "message": { "text": text },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(&session.recording) } },
            "logicalLocations": [{
                "name": call.tool,
                "fullyQualifiedName": format!("{}#{}", session.session, call.index),
                "kind": "function",
            }],
        }],
        "partialFingerprints": {
            "remit/recordingAndCall": format!("{}:{}", session.digest, call.index),
        },
    })
}

/// A relative URI reference (RFC 3986): everything but unreserved characters and `/` is escaped.
fn uri(path: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    path.bytes()
        .map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

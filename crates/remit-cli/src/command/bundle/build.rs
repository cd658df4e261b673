//! `remit bundle check` and `remit bundle build`: the gates, and the bundle behind them.

use super::{candidate, headline};
use crate::Exit;
use crate::args::{BundleBuildArgs, BundleCheckArgs, ExplainFormat, Passes};
use crate::command::keys::read_secret;
use crate::error::CliError;
use crate::output::{block, bold, data_to_stdout, dim, line, to_stderr, to_stdout};
use camino::Utf8Path;
use jiff::Timestamp;
use remit_api::bundle::{
    Candidate, Gate, GateResult, Review, Trust, Verified, Waivers, expiry, gates, verify,
};
use remit_api::policy::new_workspace::write_atomic;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Reasons of one gate that are listed for people.
const REASONS: usize = 20;

pub(crate) fn check(args: &BundleCheckArgs) -> Result<Exit, CliError> {
    let review = read_review(&args.passes)?;
    let candidate = candidate(&args.compared)?;
    let results = asked(&candidate, review.as_ref(), &args.passes)?;
    match args.format {
        ExplainFormat::Human => {
            headline(&candidate)?;
            to_stdout(&human(&results))?;
        }
        ExplainFormat::Json => print_json(&results, &Value::Null)?,
    }
    Ok(exit(&results))
}

pub(crate) fn run(args: &BundleBuildArgs) -> Result<Exit, CliError> {
    let expires = args.expires.as_deref().map(time).transpose()?;
    let review = read_review(&args.passes)?;
    let candidate = candidate(&args.compared)?;
    let results = asked(&candidate, review.as_ref(), &args.passes)?;
    if args.format == ExplainFormat::Human {
        headline(&candidate)?;
        to_stdout(&human(&results))?;
    }
    let refusing = results.iter().filter(|result| !result.passes()).count() as u32;
    if refusing > 0 {
        if args.format == ExplainFormat::Json {
            print_json(&results, &Value::Null)?;
        }
        let gates = if refusing == 1 {
            "1 gate refuses".into()
        } else {
            format!("{refusing} gates refuse")
        };
        to_stderr(&format!(
            "error: no bundle was written: {gates}\n  help: mend what they name, or waive one with --waive GATE=REASON\n"
        ))?;
        return Ok(exit(&results));
    }
    let built = write(args, &candidate, &results, review.as_ref(), expires)?;
    match args.format {
        ExplainFormat::Human => to_stdout(&format!(
            "\nwrote {}\n  bundle {} of its line, {}, {}\n  signed by {}\n",
            args.out,
            built.manifest.sequence,
            count_policies(&candidate),
            built.digest,
            built.key.id(),
        ))?,
        ExplainFormat::Json => {
            let bundle = json!({
                "file": args.out,
                "digest": built.digest,
                "sequence": built.manifest.sequence,
                "key": built.key.id(),
            });
            print_json(&results, &bundle)?;
        }
    }
    Ok(Exit::Success)
}

/// Signs, makes sure that what would be written is accepted, and writes it.
fn write(
    args: &BundleBuildArgs,
    candidate: &Candidate,
    results: &[GateResult],
    review: Option<&Review>,
    expires: Option<Timestamp>,
) -> Result<Verified, CliError> {
    let key = read_secret(&args.key)?;
    let bytes = candidate.build(results, review, expires, &key).map_err(CliError::library)?;
    let trusted = [key.public()];
    let trust = Trust {
        keys: &trusted,
        now: Timestamp::now(),
        at_least: None,
        waivers: Waivers::Accepted,
        recordings: None,
    };
    let verified = verify(&bytes, &trust).map_err(CliError::library)?;
    write_atomic(&args.out, &bytes).map_err(CliError::library)?;
    Ok(verified)
}

fn asked(
    candidate: &Candidate,
    review: Option<&Review>,
    passes: &Passes,
) -> Result<Vec<GateResult>, CliError> {
    let mut waivers: BTreeMap<Gate, String> = BTreeMap::new();
    for (gate, reason) in &passes.waive {
        if waivers.insert(*gate, reason.clone()).is_some() {
            let message = format!("gate `{}` is waived twice", gate.word());
            return Err(CliError::input(message, "give one reason for each gate"));
        }
    }
    let results = gates(candidate, review, &waivers);
    for result in results.iter().filter(|result| result.reasons.is_empty()) {
        if waivers.contains_key(&result.gate) {
            to_stderr(&format!(
                "warning: gate `{}` is passed, so that its waiver has no effect\n",
                result.gate.word()
            ))?;
        }
    }
    Ok(results)
}

fn read_review(passes: &Passes) -> Result<Option<Review>, CliError> {
    passes.review.as_deref().map(review_in).transpose()
}

pub(super) fn review_in(path: &Utf8Path) -> Result<Review, CliError> {
    let bytes = std::fs::read(path).map_err(|error| {
        CliError::input(
            format!("the review record `{path}` cannot be read: {error}"),
            "write one with `remit bundle review WORKSPACE --accept all --out FILE`",
        )
    })?;
    Review::read(&bytes).map_err(CliError::library)
}

fn time(text: &str) -> Result<Timestamp, CliError> {
    expiry(text).ok_or_else(|| {
        CliError::input(
            format!("`{text}` is no time"),
            "write a day such as 2027-01-31, or a moment such as 2027-01-31T12:00:00Z",
        )
    })
}

fn human(results: &[GateResult]) -> String {
    results.iter().map(gate).collect()
}

fn gate(result: &GateResult) -> String {
    let (mark, word) = match (result.reasons.is_empty(), &result.waived) {
        (true, _) => ("✓", "passed"),
        (false, Some(_)) => ("!", "waived"),
        (false, None) => ("✗", "refuses"),
    };
    let mut out = format!("\n{mark} {} {word}  {}\n", bold(result.gate.word()), result.asks);
    for reason in result.reasons.iter().take(REASONS) {
        out += &format!("    {}\n", block(reason.trim_end(), 6));
    }
    if let Some(more) = result.reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
        out += &format!("    {}\n", dim(&format!("and {more} more; --format json lists them")));
    }
    if let Some(why) = &result.waived {
        out += &format!("    because: {}\n", line(why, 200));
    }
    out
}

fn print_json(results: &[GateResult], built: &Value) -> Result<(), CliError> {
    let is = |test: fn(&&GateResult) -> bool| results.iter().filter(test).count();
    let report = json!({
        "version": 1,
        "summary": {
            "passed": is(|r| r.reasons.is_empty()),
            "waived": is(|r| r.waived.is_some()),
            "refusing": is(|r| !r.passes()),
        },
        "gates": results,
        "bundle": built,
    });
    let text = serde_json::to_string_pretty(&report).map_err(std::io::Error::other)?;
    Ok(data_to_stdout(&(text + "\n"))?)
}

fn exit(results: &[GateResult]) -> Exit {
    if results.iter().all(GateResult::passes) { Exit::Success } else { Exit::Verdict }
}

fn count_policies(candidate: &Candidate) -> String {
    match candidate.workspace.policy_count() {
        1 => "1 policy".to_owned(),
        n => format!("{n} policies"),
    }
}

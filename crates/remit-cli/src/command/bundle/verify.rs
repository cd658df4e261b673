//! `remit bundle verify`: is a file a bundle that somebody trusted built, and is it right?

use super::{keys, open_bundle};
use crate::Exit;
use crate::args::{BundleVerifyArgs, ExplainFormat};
use crate::bench::told;
use crate::error::CliError;
use crate::output::{bold, count, data_to_stdout, harmless, line, to_stderr, to_stdout};
use crate::progress;
use jiff::Timestamp;
use remit_api::bundle::{Refusal, RefusalKind, Trust, Verified, Waivers, verify};
use remit_api::load_paths;
use remit_api::session::Loaded;
use serde_json::{Value, json};
use std::ops::ControlFlow;

pub(crate) fn run(args: &BundleVerifyArgs) -> Result<Exit, CliError> {
    let keys = keys(&args.key)?;
    let bytes = open_bundle(&args.bundle)?;
    let recordings = match args.recordings.is_empty() {
        true => None,
        false => Some(recordings(args)?),
    };
    let trust = Trust {
        keys: &keys,
        now: Timestamp::now(),
        at_least: args.at_least,
        waivers: if args.no_waivers { Waivers::Refused } else { Waivers::Accepted },
        recordings: recordings.as_ref(),
    };
    match verify(&bytes, &trust) {
        Ok(verified) => accepted(args, &verified),
        Err(refusal) => refused(args, &refusal),
    }
}

fn recordings(args: &BundleVerifyArgs) -> Result<Loaded, CliError> {
    let bar = progress::bar(0, "reading");
    let mut tell = |p: remit_api::session::Progress| {
        bar.set_length(p.files_total as u64);
        bar.set_position(p.files_done as u64);
        ControlFlow::Continue(())
    };
    let loaded =
        load_paths(&args.recordings, args.import_as, &mut tell).map_err(CliError::library)?;
    bar.finish_and_clear();
    told(&loaded)?;
    Ok(loaded)
}

fn accepted(args: &BundleVerifyArgs, verified: &Verified) -> Result<Exit, CliError> {
    match args.format {
        ExplainFormat::Human => to_stdout(&harmless(&human(verified)))?,
        ExplainFormat::Json => print_json(&json!({
            "version": 1,
            "verified": true,
            "digest": verified.digest,
            "key": verified.key.id(),
            "testsRun": verified.tests_run,
            "manifest": verified.manifest,
        }))?,
    }
    Ok(Exit::Success)
}

fn refused(args: &BundleVerifyArgs, refusal: &Refusal) -> Result<Exit, CliError> {
    match args.format {
        ExplainFormat::Human => {
            let (message, help) = (harmless(&refusal.to_string()), &refusal.help);
            to_stderr(&format!("refused: {message}\n  help: {help}\n"))?;
        }
        ExplainFormat::Json => {
            print_json(&json!({ "version": 1, "verified": false, "refusal": refusal }))?;
        }
    }
    Ok(match refusal.code.kind() {
        RefusalKind::NotTrusted => Exit::Verdict,
        RefusalKind::NotRight => Exit::Invalid,
        RefusalKind::Damaged => Exit::Damaged,
    })
}

fn human(verified: &Verified) -> String {
    let manifest = &verified.manifest;
    let counts = &manifest.replay.counts;
    let mut out = format!(
        "verified: {}, bundle {} of its line\n  digest    {}\n  signed by {}\n",
        bold(&line(&manifest.name, 80)),
        manifest.sequence,
        verified.digest,
        verified.key.id()
    );
    out += &match manifest.expires {
        Some(expires) => format!("  good until {expires}\n"),
        None => "  does not expire\n".to_owned(),
    };
    out += &format!("  policies  {}\n", manifest.policies.len());
    out += &format!(
        "  tests     {} ran again here; {} on recorded calls when it was built\n",
        verified.tests_run,
        count(manifest.tests.calls, "expectation")
    );
    out += &format!(
        "  replay    {} in {}: {} allowed, {} denied, {} drifted, {} unknown\n",
        count(counts.tool_calls, "tool call"),
        count(counts.sessions, "session"),
        counts.allowed,
        counts.denied,
        counts.drifted,
        counts.unknown
    );
    if let Some(review) = &verified.review {
        let accepted = count(review.accepted.len() as u32, "change");
        let (author, approver) = (line(&review.author, 80), line(&review.approver, 80));
        out += &format!("  review    {accepted} by {author} accepted by {approver}\n");
    }
    for (gate, why) in manifest.waived() {
        out += &format!("  waived    {}: {}\n", gate.word(), line(why, 200));
    }
    out
}

fn print_json(value: &Value) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::other)?;
    Ok(data_to_stdout(&(text + "\n"))?)
}

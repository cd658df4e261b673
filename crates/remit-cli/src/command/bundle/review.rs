//! `remit bundle review`: what differs from the baseline, and who accepts it.

use super::build::review_in;
use super::{candidate, headline};
use crate::Exit;
use crate::args::{BundleReviewArgs, ExplainFormat};
use crate::error::CliError;
use crate::output::{count, data_to_stdout, line, table, to_stdout};
use camino::Utf8Path;
use remit_api::bundle::{Accept, Candidate, ChangeRow, Footing, Review, Reviewer};
use remit_api::policy::new_workspace::write_atomic;
use serde_json::json;

pub(crate) fn run(args: &BundleReviewArgs) -> Result<Exit, CliError> {
    if let Some(out) = args.out.as_deref().filter(|out| out.exists()) {
        return Err(CliError::input(
            format!("`{out}` is there already"),
            "name a new file: what somebody accepted is not overwritten",
        ));
    }
    let checked = args.check.as_deref().map(review_in).transpose()?;
    let candidate = candidate(&args.compared)?;
    if let Some(review) = checked {
        return check(args, &candidate, &review);
    }
    match (&args.out, args.accept.is_empty()) {
        (Some(out), false) => accept(args, &candidate, out),
        _ => list(args, &candidate),
    }
}

fn list(args: &BundleReviewArgs, candidate: &Candidate) -> Result<Exit, CliError> {
    match args.format {
        ExplainFormat::Human => {
            headline(candidate)?;
            to_stdout(&human(&candidate.rows))?;
        }
        ExplainFormat::Json => print_json(candidate, &json!(null))?,
    }
    Ok(Exit::Success)
}

fn accept(
    args: &BundleReviewArgs,
    candidate: &Candidate,
    out: &Utf8Path,
) -> Result<Exit, CliError> {
    let by = Reviewer {
        author: args.author.clone().unwrap_or_default(),
        approver: args.approver.clone().unwrap_or_default(),
        same_person: args.same_person.clone(),
        note: args.note.clone(),
    };
    let accept: Vec<Accept> = args.accept.iter().map(|word| Accept::of(word)).collect();
    let review = Review::new(by, candidate.rests_on.clone(), &candidate.rows, &accept)
        .map_err(CliError::library)?;
    write_atomic(out, &review.to_bytes()).map_err(CliError::library)?;
    match args.format {
        ExplainFormat::Human => {
            let open: Vec<ChangeRow> =
                candidate.rows.iter().filter(|row| !review.accepts(row)).cloned().collect();
            headline(candidate)?;
            let accepted = count(review.accepted.len() as u32, "change");
            to_stdout(&format!("wrote {out}: {accepted} accepted, {} left\n", open.len()))?;
            if !open.is_empty() {
                to_stdout(&human(&open))?;
            }
        }
        ExplainFormat::Json => print_json(candidate, &json!(review))?,
    }
    Ok(Exit::Success)
}

fn check(
    args: &BundleReviewArgs,
    candidate: &Candidate,
    review: &Review,
) -> Result<Exit, CliError> {
    let stale = review.stale(&candidate.rests_on);
    let open: Vec<&ChangeRow> = candidate.rows.iter().filter(|row| !review.accepts(row)).collect();
    match args.format {
        ExplainFormat::Human => {
            headline(candidate)?;
            let (author, approver) = (line(&review.author, 80), line(&review.approver, 80));
            to_stdout(&format!("written by {author}, accepted by {approver}\n"))?;
            for what in &stale {
                to_stdout(&format!("stale: {what} since\n"))?;
            }
            let open: Vec<ChangeRow> = open.iter().copied().cloned().collect();
            to_stdout(&match open.as_slice() {
                [] => "every change is accepted\n".to_owned(),
                open => format!("not accepted:\n{}", human(open)),
            })?;
        }
        ExplainFormat::Json => print_json(candidate, &json!({ "stale": stale, "open": open }))?,
    }
    Ok(if stale.is_empty() && open.is_empty() { Exit::Success } else { Exit::Verdict })
}

fn human(rows: &[ChangeRow]) -> String {
    if rows.is_empty() {
        return "nothing differs\n".to_owned();
    }
    let footing = |footing: &Footing| line(&footing.said(), 60);
    let row = |row: &ChangeRow| {
        vec![
            row.short().to_owned(),
            row.kind.word().to_owned(),
            line(&row.what, 60),
            if row.calls == 0 { String::new() } else { row.calls.to_string() },
            row.before.as_ref().map(footing).unwrap_or_default(),
            row.after.as_ref().map(footing).unwrap_or_default(),
        ]
    };
    let head = ["ID", "CHANGE", "WHAT", "CALLS", "BEFORE", "AFTER"];
    format!("\n{}", table(&head, rows.iter().map(row)))
}

fn print_json(candidate: &Candidate, review: &serde_json::Value) -> Result<(), CliError> {
    let report = json!({
        "version": 1,
        "summary": { "changes": candidate.rows.len() },
        "restsOn": candidate.rests_on,
        "changes": candidate.rows,
        "review": review,
    });
    let text = serde_json::to_string_pretty(&report).map_err(std::io::Error::other)?;
    Ok(data_to_stdout(&(text + "\n"))?)
}

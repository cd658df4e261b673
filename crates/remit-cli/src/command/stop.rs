//! `remit stop`: what would have stopped a call, and what else it would have stopped.

use crate::Exit;
use crate::args::{ExplainFormat, StopArgs};
use crate::bench::{Bench, Found, Judged};
use crate::command::explain::the_call;
use crate::error::CliError;
use crate::output::{badge, bold, count, data_to_stdout, harmless, line, to_stdout};
use remit_api::policy::new_workspace::write_atomic;
use remit_api::replay::{Corpus, Verdict, report_digests};
use remit_api::review::{Incident, StopRule, Stopped, stop_rules};
use serde_json::{Value, json};
use std::ops::ControlFlow;

/// Missed calls that are named of a rule.
const NAMED: usize = 3;

pub(crate) fn run(args: &StopArgs) -> Result<Exit, CliError> {
    let bench = Bench::open(&args.corpus)?;
    let found = bench.find(&args.session)?;
    let (judged, _) = the_call(&found, &args.step)?;
    let mut live = Judged::new(&bench)?;
    let rules = rules(&bench, &mut live, &found, judged.step)?;
    if let Some(id) = &args.write {
        return write(&bench, &rules, id);
    }
    match args.format {
        ExplainFormat::Human => to_stdout(&human(&bench, &live, &found, &rules))?,
        ExplainFormat::Json => {
            data_to_stdout(&format!("{:#}\n", report(&bench, &live, &found, &rules)))?;
        }
    }
    Ok(Exit::Success)
}

/// The rules that would have stopped the call at `step`.
pub(crate) fn rules(
    bench: &Bench,
    live: &mut Judged,
    found: &Found<'_>,
    step: remit_api::session::StepIdx,
) -> Result<Vec<StopRule>, CliError> {
    let before = bench.sessions().take_while(|other| !std::ptr::eq(other.session, found.session));
    let incident =
        Incident { recording: found.recording, session: found.session, at: before.count(), step };
    let go_on = || ControlFlow::Continue(());
    let rules = stop_rules(&bench.workspace, &mut live.live, &live.verdicts, &incident, &go_on);
    let rules = rules.map_err(|e| CliError::input(e.to_string(), "run it again"))?;
    rules.ok_or_else(|| {
        CliError::input(
            "the call is not mapped to an action, so that no rule can be about it",
            "declare the tool in the schema: `remit schema` generates it",
        )
    })
}

fn write(bench: &Bench, rules: &[StopRule], id: &str) -> Result<Exit, CliError> {
    let rule = rules.iter().find(|rule| rule.id == id).ok_or_else(|| {
        let ids: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        CliError::input(
            format!("no rule is called `{id}`"),
            format!("there are {}", ids.join(", ")),
        )
    })?;
    for (file, text) in &rule.files {
        let path = bench.workspace.root.join(file);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        write_atomic(&path, text.as_bytes()).map_err(CliError::library)?;
    }
    let files: Vec<String> = rule.files.iter().map(|(file, _)| file.to_string()).collect();
    to_stdout(&format!(
        "wrote the policy and its test: {}\nhelp: `remit test {}` runs it\n",
        files.join(", "),
        bench.workspace.root
    ))?;
    Ok(Exit::Success)
}

fn human(bench: &Bench, live: &Judged, found: &Found<'_>, rules: &[StopRule]) -> String {
    let mut out = format!(
        "{} would have stopped it in {}\n",
        count(rules.len() as u32, "rule"),
        line(&found.session.id, 80)
    );
    for rule in rules {
        out += &format!("\n{}  {}\n", bold(&rule.id), line(&rule.title, 120));
        out += &format!("  here: {}\n", effect(&rule.here));
        out += &format!("  elsewhere: {}\n", effect(&rule.elsewhere));
        for missed in rule.missed().take(NAMED) {
            out += &format!("    {}\n", named(bench, live, missed));
        }
        out += &rule.policy.lines().map(|l| format!("    {}\n", harmless(l))).collect::<String>();
    }
    if !rules.is_empty() {
        out += "\nhelp: `--write ID` writes the policy, and a test that the call stays stopped\n";
    }
    out
}

/// How many calls are newly denied, by what they were.
fn effect(stopped: &[Stopped]) -> String {
    if stopped.is_empty() {
        return "no further call denied".to_owned();
    }
    let of = |verdict: Verdict| stopped.iter().filter(|one| one.was == verdict).count();
    let parts: Vec<String> = Verdict::all()
        .into_iter()
        .filter(|verdict| of(*verdict) > 0)
        .map(|verdict| format!("{} that was {}", of(verdict), badge(verdict)))
        .collect();
    format!("{} newly denied: {}", count(stopped.len() as u32, "call"), parts.join(", "))
}

fn named(bench: &Bench, live: &Judged, stopped: &Stopped) -> String {
    let place = place(live.verdicts.corpus(), stopped);
    let tool = place.as_ref().and_then(|(recording, session, step)| {
        let of = bench
            .sessions()
            .find(|f| f.recording.path == *recording && f.session.id == *session)?;
        match &of.session.step(remit_api::session::StepIdx(*step))?.kind {
            remit_api::session::StepKind::Call(call) => Some(call.tool.clone()),
            _ => None,
        }
    });
    let (recording, session, step) = place.unwrap_or_default();
    format!(
        "{} {} step {step}  {}",
        line(&recording, 80),
        line(&session, 60),
        line(&tool.unwrap_or_default(), 60)
    )
}

/// Recording, session and step of a call.
fn place(corpus: &Corpus, stopped: &Stopped) -> Option<(String, String, u32)> {
    let (session, step) = corpus.call(stopped.position)?;
    let entry = corpus.session(session)?;
    Some((entry.recording().path.to_string(), entry.id().to_owned(), step.0))
}

fn report(bench: &Bench, live: &Judged, found: &Found<'_>, rules: &[StopRule]) -> Value {
    let stopped = |one: &Stopped| {
        let (recording, session, step) = place(live.verdicts.corpus(), one).unwrap_or_default();
        json!({ "recording": recording, "session": session, "step": step, "was": one.was })
    };
    let rule = |rule: &StopRule| {
        let all =
            |stopped_calls: &[Stopped]| stopped_calls.iter().map(stopped).collect::<Vec<Value>>();
        let files: Vec<String> = rule.files.iter().map(|(file, _)| file.to_string()).collect();
        json!({
            "id": rule.id, "title": rule.title, "reach": rule.reach.word(), "policy": rule.policy,
            "test": rule.test, "files": files, "here": all(&rule.here), "elsewhere": all(&rule.elsewhere),
            "missed": rule.missed().count(),
        })
    };
    json!({
        "version": 1,
        "digests": report_digests(&bench.replay),
        "summary": { "session": found.session.id, "rules": rules.len() },
        "rules": rules.iter().map(rule).collect::<Vec<Value>>(),
    })
}

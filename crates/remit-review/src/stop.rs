//! From an incident to a rule: what would have stopped a call, and what else it would have stopped.
//!
//! Drafts go from the very call to its whole tool: the call, what its arguments are like, where their
//! values come from, what had happened before. Each is judged on all recordings. A draft that does not
//! stop the call, or that the validator refuses, is not offered. Not here: writing files; which calls are
//! good. That a call was within its remit before is all that is known.

mod draft;
mod pattern;

use camino::{Utf8Path, Utf8PathBuf};
use draft::{Draft, drafts};
use remit_policy::{Severity, Workspace, check_text, format_text};
use remit_replay::{Cancelled, LiveReplay, Verdict, Verdicts};
use remit_session::{Recording, Session, StepIdx};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Where the rules go, and the tests that keep them.
const RULES: &str = "guardrails/incidents.cedar";
const RULES_WITH_HISTORY: &str = "guardrails/incidents.dw";
const TESTS: &str = "tests/incidents.toml";

/// A call of an incident.
#[derive(Clone, Copy, Debug)]
pub struct Incident<'r> {
    /// Its recording.
    pub recording: &'r Recording,
    /// Its session.
    pub session: &'r Session,
    /// The session's position in the corpus.
    pub at: usize,
    /// The step of the call.
    pub step: StepIdx,
}

/// A rule that stops a call, with all that accepting it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRule {
    /// The id of the policy.
    pub id: String,
    /// What it stops.
    pub title: String,
    /// How wide it is.
    pub reach: Reach,
    /// The policy.
    pub policy: String,
    /// The test.
    pub test: String,
    /// The files with the policy and with the test, whole: relative paths and texts.
    pub files: [(Utf8PathBuf, String); 2],
    /// The calls of the session that it denies and that were not denied, in order.
    pub here: Vec<Stopped>,
    /// The same of all other sessions.
    pub elsewhere: Vec<Stopped>,
}

/// How wide a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The very call, wherever it is made again.
    Call,
    /// Calls whose arguments are like these.
    Alike,
    /// Calls whose values come from where these do.
    Origin,
    /// Calls after what had happened before.
    History,
    /// All calls of the tool.
    Tool,
}

/// A call that a rule denies and that was not denied before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Its position in the corpus.
    pub position: usize,
    /// What it was. A call that was allowed may be missed.
    pub was: Verdict,
}

impl Reach {
    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        match self {
            Reach::Call => "call",
            Reach::Alike => "alike",
            Reach::Origin => "origin",
            Reach::History => "history",
            Reach::Tool => "tool",
        }
    }
}

impl StopRule {
    /// The calls elsewhere that were within their remit.
    pub fn missed(&self) -> impl Iterator<Item = &Stopped> {
        self.elsewhere.iter().filter(|stopped| stopped.was == Verdict::Allowed)
    }
}

/// The rules that would have stopped the call of `incident`; the narrowest kind first. `verdicts` are those
/// of `workspace`, by `live`. `None` if the step is no call, or one that is not mapped.
///
/// # Errors
/// [`Cancelled`] if `go_on` said so.
pub fn stop_rules(
    workspace: &Workspace,
    live: &mut LiveReplay,
    verdicts: &Verdicts,
    incident: &Incident<'_>,
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Result<Option<Vec<StopRule>>, Cancelled> {
    let corpus = verdicts.corpus();
    let Some(call) = Call::of(verdicts, incident) else { return Ok(None) };
    let Some(drafts) = drafts(workspace, corpus, incident, call.position) else { return Ok(None) };
    let mut taken = BTreeSet::new();
    let mut rules = Vec::new();
    for draft in drafts {
        if let Some(rule) = call.rule(workspace, live, draft, &mut taken, go_on)? {
            rules.push(rule);
        }
    }
    rules.sort_by_key(|rule| rule.reach);
    Ok(Some(rules))
}

/// The call, and where the calls of its session are.
struct Call<'a> {
    incident: &'a Incident<'a>,
    verdicts: &'a Verdicts,
    position: usize,
    index: u32,
}

impl<'a> Call<'a> {
    fn of(verdicts: &'a Verdicts, incident: &'a Incident<'a>) -> Option<Self> {
        let entry = verdicts.corpus().session(incident.at)?;
        let mut calls = entry.calls().zip(incident.session.calls());
        let (position, (_, _, call)) = calls.find(|(_, (at, ..))| *at == incident.step)?;
        Some(Call { incident, verdicts, position, index: call.index.0 })
    }

    /// The rule of a draft; `None` if it is none that stops the call.
    fn rule(
        &self,
        workspace: &Workspace,
        live: &mut LiveReplay,
        draft: Draft,
        taken: &mut BTreeSet<String>,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Option<StopRule>, Cancelled> {
        let Draft { reach, title, head, condition } = draft;
        let is_temporal = condition.starts_with("temporal ");
        let file = Utf8Path::new(if is_temporal { RULES_WITH_HISTORY } else { RULES });
        let id = free_id(workspace, taken, &self.tool(), reach);
        let clause = match condition.as_str() {
            "" => String::new(),
            temporal if is_temporal => format!("\nwhen {temporal}"),
            condition => format!("\nwhen {{ {condition} }}"),
        };
        let policy = format!("@id({id:?})\n@why({})\n{head}{clause};\n", self.why());
        let policy = format_text(file, &policy).unwrap_or(policy);
        let text = appended(workspace.text(file).unwrap_or_default(), &policy);
        if check_text(workspace, file, &text).iter().any(|found| found.severity == Severity::Error)
        {
            return Ok(None);
        }
        let Ok(changed) = workspace.with_texts(&[(file.to_owned(), text.clone())]) else {
            return Ok(None);
        };
        let after = live.judge(&changed, go_on)?;
        let decided = after.call(self.position).and_then(|call| call.guardrails);
        let Some(decided) = decided.filter(|d| !d.allow && d.reasons.contains(&id)) else {
            return Ok(None);
        };
        taken.insert(id.clone());
        let (here, elsewhere) = self.stopped(&after);
        let test = self.test(&decided.reasons);
        let tests = crate::suite::file_text(&workspace.root.join(TESTS)).unwrap_or_default();
        let files = [(file.to_owned(), text), (TESTS.into(), appended(&tests, &test))];
        Ok(Some(StopRule { id, title, reach, policy, test, files, here, elsewhere }))
    }

    /// What is newly denied in the session, and in all others.
    fn stopped(&self, after: &Verdicts) -> (Vec<Stopped>, Vec<Stopped>) {
        let corpus = self.verdicts.corpus();
        let own = corpus.session(self.incident.at).map(|session| session.calls());
        let newly = self.verdicts.newly_denied(after);
        let stopped = newly.into_iter().map(|(position, was)| Stopped { position, was });
        stopped.partition(|one| own.as_ref().is_some_and(|own| own.contains(&one.position)))
    }

    fn tool(&self) -> String {
        let step = self.incident.session.step(self.incident.step);
        let tool = step.and_then(|step| match &step.kind {
            remit_session::StepKind::Call(call) => Some(call.tool.as_str()),
            remit_session::StepKind::Message { .. } | remit_session::StepKind::Result(_) => None,
        });
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = tool.unwrap_or_default().chars().take(40).map(plain).collect();
        name.trim_matches('-').to_owned()
    }

    fn why(&self) -> String {
        let Incident { recording, step, .. } = self.incident;
        remit_policy::editor::quoted(&format!(
            "Stops what happened in {}, step {}.",
            recording.path, step.0
        ))
    }

    /// The test that the call stays stopped.
    fn test(&self, reasons: &[String]) -> String {
        let text = |text: &str| toml::Value::from(text).to_string();
        let reasons: Vec<String> = reasons.iter().map(|id| text(id)).collect();
        let Incident { recording, session, step, .. } = self.incident;
        let why = format!("Step {} of session {} must not happen again.", step.0, session.id);
        format!(
            "[[expect]]\nrecording = {}\ncall = {}\nverdict = \"denied\"\nguardrails = \"deny\"\nreasons = [{}]\nwhy = {}\n",
            text(recording.path.as_str()),
            self.index,
            reasons.join(", "),
            text(&why),
        )
    }
}

/// Below what is there, with an empty line between.
fn appended(before: &str, added: &str) -> String {
    match before.trim_end() {
        "" => added.to_owned(),
        before => format!("{before}\n\n{added}"),
    }
}

/// An id that no guardrail has, and none that was offered.
fn free_id(workspace: &Workspace, taken: &BTreeSet<String>, tool: &str, reach: Reach) -> String {
    let is_free = |id: &String| !taken.contains(id) && workspace.guardrails.policy(id).is_none();
    let named = format!("stop-{tool}-{}", reach.word());
    let mut numbered = (2..).map(|number| format!("{named}-{number}"));
    if is_free(&named) { named } else { numbered.find(is_free).unwrap_or_default() }
}

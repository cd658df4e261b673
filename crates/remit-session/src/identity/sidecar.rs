//! The file beside a recording that says what the recording lacks: `<recording>.identity.toml`.
//!
//! ```toml
//! [[task]]
//! session = "pay-bill"              # every entry: only for this session; all of them without it
//! starts = 2026-01-02T03:00:00Z
//! ends = 2026-01-02T03:10:00Z
//! risk = "high"
//! environment = "production"
//! human = false                     # whether a person was asked, or could have stepped in
//!
//! [[agent]]
//! agent = "reader"                  # as recorded
//! id = "spiffe://larkfield.example/agent/reader"
//! attested = true
//! behalf = "ann@larkfield.example"
//! chain = ["ann@larkfield.example", "spiffe://larkfield.example/agent/desk"]
//!
//! [[credential]]
//! id = "tok-1"
//! kind = "access-token"
//! issuer = "https://id.larkfield.example"
//! subject = "spiffe://larkfield.example/agent/desk"
//! audience = ["bank"]
//! scopes = ["payments:read"]
//! issued = 2026-01-02T03:00:00Z
//! expires = 2026-01-02T03:05:00Z
//! revoked = 2026-01-02T03:04:00Z
//! task = "pay-bill"
//! agents = ["desk"]                 # who makes all calls with it, as recorded
//! tools = ["make_payment"]          # only the calls of these tools
//! calls = ["c1", 3]                 # or these calls, by id or by number
//!
//! [[hand_off]]
//! from = "desk"
//! to = "reader"
//! passed = ["tok-1"]
//! ```
//!
//! All that it says is marked as added, and outranks what the recording says. A mistake is a warning.

use super::{Act, AgentIdentity, Credential, CredentialKind, HandOff, Identity, Mandate, Told};
use crate::import::Warnings;
use crate::{LaneIdx, Place, Session, StepIdx};
use camino::Utf8Path;
use jiff::Timestamp;
use serde::Deserialize;
use toml::value::Datetime;

/// What stands behind the name of a recording.
pub(crate) const ENDING: &str = ".identity.toml";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidecar {
    #[serde(default)]
    task: Vec<TaskEntry>,
    #[serde(default)]
    agent: Vec<AgentEntry>,
    #[serde(default)]
    credential: Vec<CredentialEntry>,
    #[serde(default)]
    hand_off: Vec<HandOffEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskEntry {
    session: Option<String>,
    starts: Option<Datetime>,
    ends: Option<Datetime>,
    risk: Option<String>,
    environment: Option<String>,
    human: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentEntry {
    session: Option<String>,
    agent: String,
    id: String,
    attested: Option<bool>,
    behalf: Option<String>,
    #[serde(default)]
    chain: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialEntry {
    session: Option<String>,
    id: String,
    kind: Option<String>,
    issuer: Option<String>,
    subject: Option<String>,
    #[serde(default)]
    audience: Vec<String>,
    scopes: Option<Vec<String>>,
    issued: Option<Datetime>,
    expires: Option<Datetime>,
    revoked: Option<Datetime>,
    task: Option<String>,
    #[serde(default)]
    agents: Vec<String>,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    calls: Vec<CallName>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CallName {
    Id(String),
    Number(u32),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandOffEntry {
    session: Option<String>,
    from: String,
    to: String,
    #[serde(default)]
    passed: Vec<String>,
}

/// Adds what the file at `path` says to the sessions of its recording.
pub(crate) fn add(path: &Utf8Path, text: &str, sessions: &mut [Session], warnings: &mut Warnings) {
    let sidecar: Sidecar = match toml::from_str(text) {
        Ok(sidecar) => sidecar,
        Err(error) => {
            let line = error.span().and_then(|span| text.get(..span.start));
            let line = line.map_or(1, |before| before.matches('\n').count() as u32 + 1);
            let message = format!("nothing is added about identities: {}", error.message());
            return warnings
                .add(message.replace('\n', " "), Place::FileLine(path.to_owned(), line));
        }
    };
    let mut adder = Adder { path, sessions, warnings };
    sidecar.task.into_iter().for_each(|entry| adder.task(entry));
    sidecar.agent.into_iter().for_each(|entry| adder.agent(&entry));
    sidecar.credential.into_iter().for_each(|entry| adder.credential(entry));
    sidecar.hand_off.into_iter().for_each(|entry| adder.hand_off(&entry));
}

struct Adder<'a> {
    path: &'a Utf8Path,
    sessions: &'a mut [Session],
    warnings: &'a mut Warnings,
}

impl Adder<'_> {
    fn warn(&mut self, message: String) {
        self.warnings.add(message, Place::FileLine(self.path.to_owned(), 1));
    }

    /// Does something to each session that an entry is for, and warns if it did nothing to any.
    fn each(
        &mut self,
        session: Option<&str>,
        what: impl FnOnce() -> String,
        act: impl Fn(&mut Session) -> bool,
    ) {
        let mut did = false;
        for of in self.sessions.iter_mut().filter(|of| session.is_none_or(|id| of.id == id)) {
            did |= act(of);
        }
        if !did {
            self.warn(format!("{} fits nothing in the recording", what()));
        }
    }

    fn at(&mut self, time: Option<Datetime>) -> Option<Timestamp> {
        let text = time?.to_string();
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.warn(format!("`{text}` is no time: write a date, a time and a zone such as `Z`"));
        }
        parsed
    }

    fn task(&mut self, entry: TaskEntry) {
        let mandate = Mandate {
            starts: self.at(entry.starts),
            ends: self.at(entry.ends),
            risk: entry.risk,
            environment: entry.environment,
            told: Told::Added,
        };
        self.each(
            entry.session.as_deref(),
            || "a `[[task]]`".to_owned(),
            |session| {
                let recorded = std::mem::replace(&mut session.identity.mandate, mandate.clone());
                session.identity.mandate.learn(recorded);
                let calls: Vec<StepIdx> = session.calls().map(|(step, ..)| step).collect();
                for step in calls.into_iter().filter(|_| entry.human.is_some()) {
                    session.identity.acts.entry(step).or_default().human = entry.human;
                }
                true
            },
        );
    }

    fn agent(&mut self, entry: &AgentEntry) {
        let mut chain = entry.chain.clone();
        if chain.is_empty() {
            chain.extend(entry.behalf.clone());
        }
        if chain.last() != Some(&entry.id) {
            chain.push(entry.id.clone());
        }
        let what = || format!("the agent `{}`", entry.agent);
        self.each(entry.session.as_deref(), what, |session| {
            let lanes = lanes_of(session, &entry.agent);
            for lane in &lanes {
                session.identity.add_agent(AgentIdentity {
                    lane: *lane,
                    id: entry.id.clone(),
                    attested: entry.attested,
                    behalf: entry.behalf.clone(),
                    chain: chain.clone(),
                    told: Told::Added,
                });
            }
            !lanes.is_empty()
        });
    }

    fn credential(&mut self, mut entry: CredentialEntry) {
        let kind = entry.kind.as_deref().map(CredentialKind::named);
        if kind == Some(None) {
            let words = CredentialKind::ALL.map(|kind| kind.word()).join(", ");
            self.warn(format!("the kind of `{}` is none of {words}", entry.id));
        }
        let credential = Credential {
            id: entry.id.clone(),
            kind: kind.flatten().unwrap_or_default(),
            fingerprint: None,
            issuer: entry.issuer.take(),
            subject: entry.subject.take(),
            audience: std::mem::take(&mut entry.audience),
            scopes: entry.scopes.take().map(|scopes| scopes.into_iter().collect()),
            issued: self.at(entry.issued),
            expires: self.at(entry.expires),
            revoked: self.at(entry.revoked),
            task: entry.task.take(),
            told: Told::Added,
        };
        let what = || format!("the credential `{}`", entry.id);
        self.each(entry.session.as_deref(), what, |session| {
            let calls = entry.calls_of(session);
            let at = session.identity.outrank(credential.clone());
            for step in &calls {
                session.identity.acts.entry(*step).or_insert_with(Act::default).credential =
                    Some(at);
            }
            !calls.is_empty() || entry.names_no_calls()
        });
    }

    fn hand_off(&mut self, entry: &HandOffEntry) {
        let what = || format!("the hand-off from `{}` to `{}`", entry.from, entry.to);
        self.each(entry.session.as_deref(), what, |session| {
            let [from, to] =
                [&entry.from, &entry.to].map(|agent| lanes_of(session, agent).first().copied());
            let Some((from, to)) = from.zip(to) else { return false };
            let credentials = session.identity.credentials.iter();
            let passed = (0..).zip(credentials).filter(|(_, c)| entry.passed.contains(&c.id));
            let passed = passed.map(|(at, _)| at).collect();
            let hand_off = HandOff { from, to, step: None, passed, told: Told::Added };
            session.identity.told_hand_offs.push(hand_off);
            true
        });
    }
}

impl CredentialEntry {
    fn names_no_calls(&self) -> bool {
        self.agents.is_empty() && self.tools.is_empty() && self.calls.is_empty()
    }

    /// The calls of the session that were made with it.
    fn calls_of(&self, session: &Session) -> Vec<StepIdx> {
        let by_name = |id: Option<&str>, index: u32| {
            self.calls.iter().any(|name| match name {
                CallName::Id(wanted) => Some(wanted.as_str()) == id,
                CallName::Number(number) => *number == index,
            })
        };
        let listed = !self.calls.is_empty();
        let by_rule = !self.agents.is_empty() || !self.tools.is_empty();
        let calls = session.calls().filter(|(_, step, call)| {
            let agent = self.agents.is_empty()
                || self.agents.iter().any(|agent| agent == session.agent(step.lane));
            let tool = self.tools.is_empty() || self.tools.contains(&call.tool);
            (by_rule && agent && tool) || (listed && by_name(call.id.as_deref(), call.index.0))
        });
        calls.map(|(step, ..)| step).collect()
    }
}

impl Identity {
    /// Adds a credential; of one that is known, what is added outranks what was recorded.
    fn outrank(&mut self, mut new: Credential) -> u32 {
        let at = self.add_credential(new.clone());
        if let Some(known) = self.credentials.get_mut(at as usize).filter(|k| **k != new) {
            let recorded = std::mem::take(known);
            // Its fingerprint stays: the file beside the recording knows no secrets.
            new.fingerprint.clone_from(&recorded.fingerprint);
            *known = new;
            known.learn(recorded);
        }
        at
    }
}

fn lanes_of(session: &Session, agent: &str) -> Vec<LaneIdx> {
    let lanes = (0..).zip(&session.lanes).filter(|(_, lane)| lane.agent == agent);
    lanes.map(|(at, _)| LaneIdx(at)).collect()
}

//! The lines about who acts and with what, read and written.

use super::read::Head;
use super::write::{option, token};
use crate::import::Warnings;
use crate::{
    AgentIdentity, Credential, CredentialKind, HandOff, Identity, LaneIdx, Mandate, Place, Session,
    StepIdx, Told,
};
use std::collections::BTreeSet;

/// What such a line begins with.
pub(super) const WORDS: [&str; 4] = ["mandate", "identity", "credential", "hand-off"];

/// The word for what a file beside the recording said.
const ADDED: &str = "added";
const ATTESTED: &str = "attested";
const CLAIMED: &str = "claimed";

/// Reads a line about who acts.
pub(super) fn read(
    identity: &mut Identity,
    paragraph: &str,
    place: &Place,
    warnings: &mut Warnings,
) {
    let head = Head::read(paragraph);
    let mut line = Line { head: &head, place, warnings };
    match line.first() {
        Some("mandate") => identity.mandate = line.mandate(),
        Some("identity") => identity.add_agent(line.agent()),
        Some("credential") => drop(identity.add_credential(line.credential())),
        Some(_) | None => {
            let hand_off = line.hand_off(identity);
            identity.told_hand_offs.push(hand_off);
        }
    }
}

/// The position of the credential that a line names; one that is not declared is known by its name only.
pub(super) fn named(identity: &mut Identity, id: &str) -> u32 {
    match identity.credentials.iter().position(|known| known.id == id) {
        Some(at) => at as u32,
        None => identity.add_credential(Credential { id: id.to_owned(), ..Credential::default() }),
    }
}

struct Line<'a> {
    head: &'a Head,
    place: &'a Place,
    warnings: &'a mut Warnings,
}

impl Line<'_> {
    fn text(&self, key: &str) -> Option<String> {
        self.head.option(key).map(str::to_owned)
    }

    fn list(&self, key: &str) -> Vec<String> {
        self.head.option(key).map(list).unwrap_or_default()
    }

    fn parsed<T: std::str::FromStr>(&mut self, key: &str) -> Option<T> {
        self.head.parsed(key, self.place, self.warnings)
    }

    /// Whether the words after the first one, and after the name, say so: a name may be called like one.
    fn says(&self, word: &str) -> bool {
        let named = ["identity", "credential"].map(Some).contains(&self.first());
        let skipped = if named { 2 } else { 1 };
        self.head.words.iter().skip(skipped).any(|said| said == word)
    }

    fn first(&self) -> Option<&str> {
        self.head.words.first().map(String::as_str)
    }

    fn told(&self) -> Told {
        if self.says(ADDED) { Told::Added } else { Told::Recorded }
    }

    fn mandate(&mut self) -> Mandate {
        Mandate {
            starts: self.parsed("starts"),
            ends: self.parsed("ends"),
            risk: self.text("risk"),
            environment: self.text("environment"),
            told: self.told(),
        }
    }

    fn agent(&mut self) -> AgentIdentity {
        let claimed = self.says(CLAIMED).then_some(false);
        AgentIdentity {
            lane: LaneIdx(self.parsed("lane").unwrap_or(0)),
            id: self.head.words.get(1).cloned().unwrap_or_else(|| "agent".to_owned()),
            attested: self.says(ATTESTED).then_some(true).or(claimed),
            behalf: self.text("behalf"),
            chain: self.list("chain"),
            told: self.told(),
        }
    }

    fn credential(&mut self) -> Credential {
        let kind = self.head.option("kind").map(CredentialKind::named);
        if kind == Some(None) {
            self.warnings.add("the value of `kind` cannot be read", self.place.clone());
        }
        Credential {
            id: self.head.words.get(1).cloned().unwrap_or_else(|| "unnamed".to_owned()),
            kind: kind.flatten().unwrap_or_default(),
            fingerprint: self.text("fingerprint"),
            issuer: self.text("issuer"),
            subject: self.text("subject"),
            audience: self.list("audience"),
            scopes: self.head.option("scopes").map(|scopes| list(scopes).into_iter().collect()),
            issued: self.parsed("issued"),
            expires: self.parsed("expires"),
            revoked: self.parsed("revoked"),
            task: self.text("task"),
            told: self.told(),
        }
    }

    fn hand_off(&mut self, identity: &mut Identity) -> HandOff {
        HandOff {
            from: LaneIdx(self.parsed("from").unwrap_or(0)),
            to: LaneIdx(self.parsed("to").unwrap_or(0)),
            step: self.parsed("step").map(StepIdx),
            passed: self.list("passed").iter().map(|id| named(identity, id)).collect(),
            told: self.told(),
        }
    }
}

/// Words with spaces between them, or a JSON list of texts.
fn list(text: &str) -> Vec<String> {
    let json = text.starts_with('[').then(|| serde_json::from_str(text).ok()).flatten();
    json.unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect())
}

/// The lines about who acts in a session.
pub(super) fn lines(session: &Session) -> String {
    let identity = &session.identity;
    let mut out = String::new();
    let mandate = mandate(&identity.mandate);
    out.extend(mandate.into_iter().chain(identity.agents.iter().map(agent)));
    out.extend(identity.credentials.iter().map(credential));
    out.extend(identity.told_hand_offs.iter().map(|told| hand_off(identity, told)));
    out
}

fn mandate(mandate: &Mandate) -> Option<String> {
    if *mandate == Mandate::default() {
        return None;
    }
    let mut line = "mandate".to_owned();
    times(&mut line, [("starts", mandate.starts), ("ends", mandate.ends)]);
    texts(&mut line, [("risk", &mandate.risk), ("environment", &mandate.environment)]);
    Some(end(line, mandate.told))
}

fn agent(agent: &AgentIdentity) -> String {
    let mut line = format!("identity {}", token(&agent.id));
    if agent.lane != LaneIdx(0) {
        option(&mut line, "lane", &agent.lane.0.to_string());
    }
    if let Some(attested) = agent.attested {
        line.push(' ');
        line.push_str(if attested { ATTESTED } else { CLAIMED });
    }
    texts(&mut line, [("behalf", &agent.behalf)]);
    listed(&mut line, "chain", &agent.chain);
    end(line, agent.told)
}

fn credential(credential: &Credential) -> String {
    let Credential { id, kind, fingerprint, issuer, subject, audience, scopes, task, .. } =
        credential;
    let mut line = format!("credential {}", token(id));
    if *kind != CredentialKind::Other {
        option(&mut line, "kind", kind.word());
    }
    texts(&mut line, [("fingerprint", fingerprint), ("issuer", issuer), ("subject", subject)]);
    listed(&mut line, "audience", audience);
    if let Some(scopes) = scopes {
        option(&mut line, "scopes", &token(&joined(scopes)));
    }
    let Credential { issued, expires, revoked, .. } = *credential;
    times(&mut line, [("issued", issued), ("expires", expires), ("revoked", revoked)]);
    texts(&mut line, [("task", task)]);
    end(line, credential.told)
}

fn hand_off(identity: &Identity, told: &HandOff) -> String {
    let mut line = "hand-off".to_owned();
    option(&mut line, "from", &told.from.0.to_string());
    option(&mut line, "to", &told.to.0.to_string());
    if let Some(step) = told.step {
        option(&mut line, "step", &step.0.to_string());
    }
    let passed = told.passed.iter().filter_map(|at| Some(identity.credential(*at)?.id.clone()));
    listed(&mut line, "passed", &passed.collect::<Vec<_>>());
    end(line, told.told)
}

fn texts<const N: usize>(line: &mut String, texts: [(&str, &Option<String>); N]) {
    for (key, text) in texts {
        if let Some(text) = text {
            option(line, key, &token(text));
        }
    }
}

fn times<const N: usize>(line: &mut String, times: [(&str, Option<jiff::Timestamp>); N]) {
    for (key, time) in times {
        if let Some(time) = time {
            option(line, key, &time.to_string());
        }
    }
}

fn listed(line: &mut String, key: &str, list: &[String]) {
    if !list.is_empty() {
        option(line, key, &token(&joined(list)));
    }
}

fn joined<'a>(list: impl IntoIterator<Item = &'a String> + Clone) -> String {
    let is_word = |word: &String| {
        !word.is_empty() && !word.starts_with('[') && !word.contains(char::is_whitespace)
    };
    let words: BTreeSet<bool> = list.clone().into_iter().map(is_word).collect();
    let all: Vec<&str> = list.into_iter().map(String::as_str).collect();
    if words.contains(&false) { serde_json::json!(all).to_string() } else { all.join(" ") }
}

fn end(mut line: String, told: Told) -> String {
    if told == Told::Added {
        line.push(' ');
        line.push_str(ADDED);
    }
    line.push('\n');
    line
}

//! Who acted in a session, for whom, with which credential, and for how long.
//!
//! What recordings hold (claims of tokens, headers, attributes of processes) and what a file beside the
//! recording adds ([`sidecar`]) come together here; what was added says so. Promises:
//! * a secret is never kept: a credential is known by its id or by a fingerprint;
//! * what nobody said is absent, never guessed; a claim whose signature nobody checked is *claimed*.
//!
//! Not here: what policies may ask about it (the replay's facts).

mod claims;
mod fingerprint;
mod notice;
mod settle;
pub(crate) mod sidecar;

pub(crate) use notice::{
    Noticed, is_watched, noticed_in_attributes, noticed_in_headers, noticed_in_meta,
    noticed_in_user_identity,
};
pub(crate) use settle::settle;

use crate::{LaneIdx, LaneKind, Past, Session, StepIdx};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Who acted in a session, for whom and with what. Empty where nobody recorded it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// The task's time and risk.
    pub mandate: Mandate,
    /// INVARIANT (one a lane): sorted by lane, at most one each.
    pub agents: Vec<AgentIdentity>,
    /// INVARIANT (ids): no two have the same id.
    pub credentials: Vec<Credential>,
    /// How some calls were made, by the step of the call.
    pub acts: BTreeMap<StepIdx, Act>,
    /// Hand-offs that somebody told, besides those that lanes show.
    pub told_hand_offs: Vec<HandOff>,
    /// Where a secret stands in the texts of the session, in order of the steps.
    pub sightings: Vec<Sighting>,
}

/// When the task runs, and what is at stake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mandate {
    /// When the task began.
    pub starts: Option<Timestamp>,
    /// When it was over.
    pub ends: Option<Timestamp>,
    /// Its risk class, in the team's words.
    pub risk: Option<String>,
    /// Where it ran, such as `production`.
    pub environment: Option<String>,
    /// Who says so.
    pub told: Told,
}

/// Who says something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// The recording.
    #[default]
    Recorded,
    /// A file beside it.
    Added,
}

/// The workload identity of a lane's agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentIdentity {
    /// Whose.
    pub lane: LaneIdx,
    /// A SPIFFE ID, an OAuth client id, the name of a cloud role.
    pub id: String,
    /// Whether the platform vouches for it, or the agent only says so; `None` if nobody says which.
    pub attested: Option<bool>,
    /// The person or service on whose behalf it acts.
    pub behalf: Option<String>,
    /// From whom the authority came, hop by hop; the last is the agent itself.
    pub chain: Vec<String>,
    /// Who says so.
    pub told: Told,
}

/// What opens a door. The secret itself is never here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// Its own id where it has one, else its fingerprint.
    pub id: String,
    /// What it is.
    pub kind: CredentialKind,
    /// Tells secrets apart without giving them away.
    pub fingerprint: Option<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// To whom it was issued.
    pub subject: Option<String>,
    /// Which services it is for.
    pub audience: Vec<String>,
    /// What it allows, if that is known.
    pub scopes: Option<BTreeSet<String>>,
    /// When it was issued.
    pub issued: Option<Timestamp>,
    /// When it stops being valid.
    pub expires: Option<Timestamp>,
    /// When it was withdrawn.
    pub revoked: Option<Timestamp>,
    /// The task that it was issued for.
    pub task: Option<String>,
    /// Who says so.
    pub told: Told,
}

/// What a credential is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// A SPIFFE identity as a token.
    JwtSvid,
    /// A SPIFFE identity as a certificate.
    X509Svid,
    /// An OAuth access token.
    AccessToken,
    /// An OAuth transaction token.
    TransactionToken,
    /// The temporary keys of a cloud role.
    CloudSession,
    /// A key that stands until somebody takes it away.
    ApiKey,
    /// Nobody says.
    #[default]
    Other,
}

/// How a call was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Act {
    /// With which of [`Identity::credentials`].
    pub credential: Option<u32>,
    /// Whether a person was asked, or could have stepped in.
    pub human: Option<bool>,
}

/// Authority that went from one agent to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOff {
    /// Who gave it.
    pub from: LaneIdx,
    /// Who got it.
    pub to: LaneIdx,
    /// At which call, where the recording says.
    pub step: Option<StepIdx>,
    /// Which of [`Identity::credentials`] were passed on, in order.
    pub passed: Vec<u32>,
    /// Who says so.
    pub told: Told,
}

/// A secret in the text of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where.
    pub step: StepIdx,
    /// Which.
    pub fingerprint: String,
}

impl CredentialKind {
    /// Every kind.
    pub const ALL: [CredentialKind; 7] = [
        CredentialKind::JwtSvid,
        CredentialKind::X509Svid,
        CredentialKind::AccessToken,
        CredentialKind::TransactionToken,
        CredentialKind::CloudSession,
        CredentialKind::ApiKey,
        CredentialKind::Other,
    ];

    /// The word for it in files, facts and tables.
    pub fn word(self) -> &'static str {
        match self {
            CredentialKind::JwtSvid => "jwt-svid",
            CredentialKind::X509Svid => "x509-svid",
            CredentialKind::AccessToken => "access-token",
            CredentialKind::TransactionToken => "transaction-token",
            CredentialKind::CloudSession => "cloud-session",
            CredentialKind::ApiKey => "api-key",
            CredentialKind::Other => "other",
        }
    }

    pub(crate) fn named(word: &str) -> Option<CredentialKind> {
        CredentialKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl AgentIdentity {
    /// The trust domain of a SPIFFE ID.
    pub fn trust_domain(&self) -> Option<&str> {
        trust_domain(&self.id)
    }
}

/// The trust domain of a SPIFFE ID, such as `bank.example` of `spiffe://bank.example/agent`.
pub(crate) fn trust_domain(id: &str) -> Option<&str> {
    id.strip_prefix("spiffe://")?.split('/').next().filter(|domain| !domain.is_empty())
}

impl Identity {
    /// Whether nobody said anything.
    pub fn is_empty(&self) -> bool {
        *self == Identity::default()
    }

    /// The identity of a lane's agent.
    pub fn agent(&self, lane: LaneIdx) -> Option<&AgentIdentity> {
        self.agents.iter().find(|agent| agent.lane == lane)
    }

    /// A credential by its position.
    pub fn credential(&self, at: u32) -> Option<&Credential> {
        self.credentials.get(at as usize)
    }

    /// The position of the credential that a call was made with.
    pub fn used_at(&self, step: StepIdx) -> Option<u32> {
        self.acts.get(&step)?.credential
    }

    /// Adds a credential, or what is new about one that is known; says where it stands.
    pub(crate) fn add_credential(&mut self, new: Credential) -> u32 {
        let is_same = |known: &Credential| {
            known.id == new.id
                || (known.fingerprint.is_some() && known.fingerprint == new.fingerprint)
        };
        if let Some((at, known)) =
            self.credentials.iter_mut().enumerate().find(|(_, known)| is_same(known))
        {
            known.learn(new);
            return at as u32;
        }
        self.credentials.push(new);
        self.credentials.len() as u32 - 1
    }

    /// Adds who a lane's agent is; what was said first stands, what is added outranks it.
    pub(crate) fn add_agent(&mut self, new: AgentIdentity) {
        match self.agents.iter_mut().find(|known| known.lane == new.lane) {
            Some(known) if new.told == Told::Added => *known = new,
            Some(known) => known.learn(new),
            None => {
                let at = self.agents.partition_point(|known| known.lane < new.lane);
                self.agents.insert(at, new);
            }
        }
    }
}

impl AgentIdentity {
    fn learn(&mut self, new: AgentIdentity) {
        if self.chain.len() <= 1 && new.id == self.id {
            self.chain = new.chain;
        }
        self.behalf = self.behalf.take().or(new.behalf);
        self.attested = self.attested.or(new.attested);
    }
}

impl Credential {
    /// How old it is, in seconds.
    pub fn age_at(&self, now: Timestamp) -> Option<i64> {
        self.issued.map(|issued| now.as_second() - issued.as_second())
    }

    /// How long it lasts still, in whole seconds; what expired within this second has less than none.
    pub fn left_at(&self, now: Timestamp) -> Option<i64> {
        let millis = self.expires?.as_millisecond() - now.as_millisecond();
        Some(millis.div_euclid(1000))
    }

    /// Whether it is known to have been withdrawn by then.
    pub fn is_revoked_at(&self, now: Timestamp) -> bool {
        self.revoked.is_some_and(|revoked| revoked <= now)
    }

    /// Takes over what was not known.
    fn learn(&mut self, new: Credential) {
        if self.kind == CredentialKind::Other {
            self.kind = new.kind;
        }
        if self.audience.is_empty() {
            self.audience = new.audience;
        }
        fill(&mut self.fingerprint, new.fingerprint);
        fill(&mut self.issuer, new.issuer);
        fill(&mut self.subject, new.subject);
        fill(&mut self.scopes, new.scopes);
        fill(&mut self.issued, new.issued);
        fill(&mut self.expires, new.expires);
        fill(&mut self.revoked, new.revoked);
        fill(&mut self.task, new.task);
    }
}

fn fill<T>(known: &mut Option<T>, new: Option<T>) {
    if known.is_none() {
        *known = new;
    }
}

impl Session {
    /// The agent of a lane as the platform knows it, else by its recorded name.
    pub fn identity_of(&self, lane: LaneIdx) -> &str {
        self.identity.agent(lane).map_or_else(|| self.agent(lane), |agent| &agent.id)
    }

    /// Every hand-off: those of lanes that a call of another lane started, and those that were told.
    pub fn hand_offs(&self) -> Vec<HandOff> {
        let of_lanes = (0..).zip(&self.lanes).filter_map(|(to, lane)| {
            let LaneKind::SubAgent { started_by: Some(step) } = lane.kind else { return None };
            let from = self.step(step)?.lane;
            let (to, told) = (LaneIdx(to), Told::Recorded);
            let known = |told: &&HandOff| told.from == from && told.to == to;
            let passed = match self.identity.told_hand_offs.iter().find(known) {
                Some(told) => told.passed.clone(),
                None => self.passed(from, to),
            };
            Some(HandOff { from, to, step: Some(step), passed, told })
        });
        let mut all: Vec<HandOff> = of_lanes.collect();
        for told in &self.identity.told_hand_offs {
            if !all.iter().any(|known| known.from == told.from && known.to == told.to) {
                all.push(told.clone());
            }
        }
        all
    }

    /// The credentials that two lanes use.
    fn passed(&self, from: LaneIdx, to: LaneIdx) -> Vec<u32> {
        let used = |lane| self.credentials_of(lane);
        used(from).intersection(&used(to)).copied().collect()
    }

    /// The credentials that a lane uses.
    pub fn credentials_of(&self, lane: LaneIdx) -> BTreeSet<u32> {
        let acts = self.identity.acts.iter();
        let of_lane = acts.filter(|(step, _)| self.step(**step).is_some_and(|s| s.lane == lane));
        of_lane.filter_map(|(_, act)| act.credential).collect()
    }

    /// What the giver of a lane's authority held by then: the scopes of the credentials that it used before
    /// the hand-off. `None` if nobody says who gave it, or with which scopes.
    pub fn scopes_of_giver(&self, lane: LaneIdx) -> Option<BTreeSet<&str>> {
        let given = self.hand_offs().into_iter().find(|hand_off| hand_off.to == lane)?;
        let past = Past::of(self, given.from);
        let until = given.step.unwrap_or(StepIdx(u32::MAX));
        let mut scopes: Option<BTreeSet<&str>> = None;
        for (step, act) in self.identity.acts.range(..=until) {
            let is_giver = self.step(*step).is_some_and(|s| s.lane == given.from);
            let held = act.credential.and_then(|at| self.identity.credential(at)?.scopes.as_ref());
            if let Some(held) = held.filter(|_| is_giver && past.sees(given.from, *step)) {
                scopes.get_or_insert_default().extend(held.iter().map(String::as_str));
            }
        }
        scopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expired_has_less_than_nothing_left() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let expires = Some(at("2026-01-02T03:00:00Z"));
        let credential = Credential { expires, ..Credential::default() };
        assert_eq!(credential.left_at(at("2026-01-02T03:00:00.001Z")), Some(-1));
        assert_eq!(credential.left_at(at("2026-01-02T02:59:59.001Z")), Some(0));
        assert_eq!(credential.age_at(at("2026-01-02T03:00:00Z")), None);
    }
}

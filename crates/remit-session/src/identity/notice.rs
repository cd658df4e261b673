//! Finds who acts and with what in the places where recordings hold it.

use super::claims::{of_claims, of_token, text};
use super::{Act, AgentIdentity, Credential, CredentialKind, Identity, Mandate, Told};
use crate::{LaneIdx, StepIdx};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// What one place of a recording says about who acts and with what.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Noticed {
    pub agent: Option<AgentIdentity>,
    pub credential: Option<Credential>,
    pub human: Option<bool>,
    pub mandate: Mandate,
    /// On whose behalf, where the same place does not say who acts.
    pub behalf: Option<String>,
}

impl Noticed {
    /// This, and what only `other` says.
    pub(crate) fn or(mut self, other: Noticed) -> Noticed {
        self.mandate.learn(other.mandate);
        self.agent = match (self.agent, other.agent) {
            (Some(agent), _) => Some(agent),
            // Whose work it is stands in the span, who does it in what is said of the process.
            (None, agent) => agent.map(|agent| agent.for_somebody(self.behalf.clone())),
        };
        Noticed {
            credential: self.credential.or(other.credential),
            human: self.human.or(other.human),
            ..self
        }
    }

    /// What holds for the lane, whichever step it is.
    pub(crate) fn without_credential(&self) -> Noticed {
        Noticed { credential: None, human: None, ..self.clone() }
    }
}

impl AgentIdentity {
    fn for_somebody(self, behalf: Option<String>) -> AgentIdentity {
        if self.behalf.is_some() || behalf.is_none() {
            return self;
        }
        AgentIdentity { chain: behalf.iter().chain(&self.chain).cloned().collect(), behalf, ..self }
    }
}

impl Identity {
    /// Takes up what was noticed about a lane, and about the call at `step`.
    pub(crate) fn take(&mut self, lane: LaneIdx, step: Option<StepIdx>, noticed: Noticed) {
        let Noticed { agent, credential, human, mandate, behalf: _ } = noticed;
        if let Some(agent) = agent {
            self.add_agent(AgentIdentity { lane, ..agent });
        }
        let credential = credential.map(|credential| self.add_credential(credential));
        if let Some(step) = step.filter(|_| credential.is_some() || human.is_some()) {
            let act = self.acts.entry(step).or_default();
            *act = Act { credential: act.credential.or(credential), human: act.human.or(human) };
        }
        self.mandate.learn(mandate);
    }
}

impl Mandate {
    pub(super) fn learn(&mut self, new: Mandate) {
        self.starts = self.starts.or(new.starts);
        self.ends = self.ends.or(new.ends);
        self.risk = self.risk.take().or(new.risk);
        self.environment = self.environment.take().or(new.environment);
    }
}

/// The names of headers that hold a credential, and of what kind one that says nothing itself is.
const HEADERS: [(&str, CredentialKind); 4] = [
    ("authorization", CredentialKind::AccessToken),
    ("txn-token", CredentialKind::TransactionToken),
    ("x-api-key", CredentialKind::ApiKey),
    ("x-goog-api-key", CredentialKind::ApiKey),
];

/// What HTTP headers say.
pub(crate) fn noticed_in_headers(headers: &Object) -> Noticed {
    let found = headers.iter().find_map(|(name, value)| {
        let (_, kind) = HEADERS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known))?;
        // Some recorders write every header as a list.
        let value = value.as_array().map_or(Some(value), |list| list.first())?.as_str()?;
        let token = value.split_once(' ').map_or(value, |(_, token)| token).trim();
        Some((token, *kind)).filter(|(token, _)| !token.is_empty())
    });
    let Some((token, kind)) = found else { return Noticed::default() };
    let mut noticed = of_token(token);
    if let Some(credential) = noticed.credential.as_mut().filter(|c| c.subject.is_none()) {
        credential.kind = kind;
    }
    noticed
}

/// Where `_meta` of an MCP request holds claims or a token.
const META_CLAIMS: [&str; 4] =
    ["claims", "jwt_claims", "token_claims", "io.modelcontextprotocol/claims"];
const META_TOKENS: [&str; 4] = ["authorization", "access_token", "token", "txn-token"];

/// What `_meta` of an MCP request says.
pub(crate) fn noticed_in_meta(meta: &Object) -> Noticed {
    if let Some(claims) = META_CLAIMS.iter().find_map(|key| meta.get(*key)?.as_object()) {
        let mut noticed = of_claims(claims, text(claims, "typ"));
        // Claims in the open have no secret that could tell one token from another.
        noticed.credential = noticed.credential.filter(|credential| !credential.id.is_empty());
        return noticed;
    }
    if let Some(headers) = meta.get("headers").and_then(Value::as_object) {
        return noticed_in_headers(headers);
    }
    let token = META_TOKENS.iter().find_map(|key| text(meta, key));
    let bare = token.map(|token| token.split_once(' ').map_or(token, |(_, token)| token));
    bare.map(of_token).unwrap_or_default()
}

/// Attributes of OpenTelemetry, of a process or of a span, that name a workload.
const WORKLOADS: [&str; 5] = [
    "spiffe.id",
    "workload.identity",
    "service.spiffe_id",
    "aws.iam.role.arn",
    "gcp.service_account.email",
];
const PEOPLE: [&str; 3] = ["enduser.id", "user.id", "gen_ai.user.id"];
const ENVIRONMENTS: [&str; 2] = ["deployment.environment.name", "deployment.environment"];

/// What the attributes of a process or a span say.
pub(crate) fn noticed_in_attributes(attributes: &Object) -> Noticed {
    let first =
        |keys: &[&str]| keys.iter().find_map(|key| text(attributes, key)).map(str::to_owned);
    let behalf = first(&PEOPLE);
    let agent = first(&WORKLOADS).map(|id| AgentIdentity {
        lane: LaneIdx(0),
        chain: behalf.iter().chain([&id]).cloned().collect(),
        id,
        attested: None,
        behalf: behalf.clone(),
        told: Told::Recorded,
    });
    let mandate = Mandate { environment: first(&ENVIRONMENTS), ..Mandate::default() };
    let header = attributes.get("http.request.header.authorization");
    let header = header.map(|value| ("authorization".to_owned(), value.clone()));
    let carried = noticed_in_headers(&header.into_iter().collect());
    Noticed { agent: agent.or(carried.agent), mandate, behalf, ..carried }
}

/// What `userIdentity` of a CloudTrail event says. The service itself vouches for it.
pub(crate) fn noticed_in_user_identity(identity: &Object) -> Noticed {
    let text = |path: &str| {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let found = identity.get(first)?;
        let inner = if rest.is_empty() { Some(found) } else { found.pointer(&format!("/{rest}")) };
        inner?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let behalf = text("onBehalfOf/userId").or_else(|| text("sessionContext/sourceIdentity"));
    let role = text("sessionContext/sessionIssuer/arn");
    let id = text("arn").or_else(|| text("userName")).or_else(|| text("invokedBy"));
    let agent = id.clone().map(|id| AgentIdentity {
        lane: LaneIdx(0),
        chain: behalf.iter().chain(&role).chain([&id]).cloned().collect(),
        id,
        attested: Some(true),
        behalf,
        told: Told::Recorded,
    });
    let key = text("accessKeyId");
    let credential = key.map(|key| Credential {
        kind: if key.starts_with("AKIA") {
            CredentialKind::ApiKey
        } else {
            CredentialKind::CloudSession
        },
        id: key,
        subject: id,
        issuer: role,
        issued: text("sessionContext/attributes/creationDate").and_then(|at| at.parse().ok()),
        ..Credential::default()
    });
    Noticed { agent, credential, ..Noticed::default() }
}

/// Whether a person is asked in a permission mode of a coding agent, or could step in; `None` for a mode that is not known.
pub(crate) fn is_watched(mode: &str) -> Option<bool> {
    match mode {
        "default" | "acceptEdits" | "plan" => Some(true),
        "bypassPermissions" | "dontAsk" => Some(false),
        _ => None,
    }
}

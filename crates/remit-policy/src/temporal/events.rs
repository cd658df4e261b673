//! Whose history a condition sees, and the fields of its events, as Dogwood's event schemas.
//!
//! Events come from recordings: a tool call is a `request`, its result a `response`, its failure or
//! refusal an `error`. The fields are those of the call's arguments and result, of the caller, and a
//! record `derived` of what importing found out, which policies can only compare for equality:
//!
//! | field | type | on | value |
//! |---|---|---|---|
//! | `derived.trust` | String | response | `untrusted` if the result came from outside, else `trusted` |
//! | `derived.domain` | String | all | the host of the first address in the arguments, in lower case |
//! | `derived.folder` | String | all | the folder of the first path in the arguments |
//! | `derived.amount` | Long | all | the amount in the arguments, in minor units |
//! | `derived.actor` | String | all | the agent, as the recording names it |
//! | `derived.handoff` | String | all | the agent that the call hands over to |
//!
//! An event without such a value has no such field, and a predicate that asks for it does not match.

use std::fmt;

/// Whose events a condition over history sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistoryOf {
    /// All events of the session, whichever of its agents acted. The default.
    #[default]
    Session,
    /// The events of the agent that asks, as Dogwood itself does: what another agent read is not seen.
    Principal,
    /// All events of the recording, whatever the session and the agent.
    Unpinned,
    /// As in AWS AgentCore: the session, under AgentCore's names of fields, and without `derived`.
    AgentCore,
}

impl HistoryOf {
    /// Every choice there is.
    pub const ALL: [Self; 4] = [Self::Session, Self::Principal, Self::Unpinned, Self::AgentCore];

    /// The word for it in `remit.toml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Principal => "principal",
            Self::Unpinned => "unpinned",
            Self::AgentCore => "agentcore",
        }
    }

    /// The choice that a word stands for.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.as_str() == word)
    }

    /// The event schema in Dogwood's language; `max_window` as in `24h`.
    #[must_use]
    pub fn event_schema(self, max_window: &str) -> String {
        let kinds = ["decision event <A>::request", "event <A>::response", "event <A>::error"];
        let kinds = kinds.map(|head| {
            let has_result = head.ends_with("response");
            let outputs = if has_result { "    ...outputs(A),\n" } else { "" };
            let fields: String =
                self.fields().iter().map(|line| format!("    {line},\n")).collect();
            let derived = self.derived(has_result);
            format!("{head} {{\n    ...inputs(A),\n{outputs}{fields}{derived}}}\n")
        });
        format!("max_window = {max_window}\n\n{}", kinds.join("\n"))
    }

    /// The fields that say who called and where, the pinned one included.
    fn fields(self) -> [&'static str; 4] {
        const PINNED_SESSION: &str = "pin sessionId: String = context.sessionId";
        let (principal, resource, session) = match self {
            Self::Session => (CALLER, RESOURCE, PINNED_SESSION),
            Self::Principal => {
                ("pin callerPrincipal: principalType(A) = principal", RESOURCE, SESSION)
            }
            Self::Unpinned => (CALLER, RESOURCE, SESSION),
            Self::AgentCore => (
                "eventPrincipal: principalType(A)",
                "eventResource: resourceType(A)",
                PINNED_SESSION,
            ),
        };
        [principal, resource, "requestId: String", session]
    }

    fn derived(self, has_result: bool) -> String {
        if self == Self::AgentCore {
            return String::new();
        }
        let trust = if has_result { "        trust: String,\n" } else { "" };
        let others: String =
            DERIVED.iter().map(|(name, ty)| format!("        {name}: {ty},\n")).collect();
        format!("    derived: {{\n{trust}{others}    }},\n")
    }
}

const CALLER: &str = "callerPrincipal: principalType(A)";
const RESOURCE: &str = "callerResource: resourceType(A)";
const SESSION: &str = "sessionId: String";

/// What importing finds out about a call: the fields of `derived` on every event, and their types.
pub(crate) const DERIVED: [(&str, &str); 5] = [
    ("domain", "String"),
    ("folder", "String"),
    ("amount", "Long"),
    ("actor", "String"),
    ("handoff", "String"),
];

/// The fields that every event of a kind has besides arguments and result, with their types.
pub(crate) fn fields_of(of: HistoryOf, kind: &str) -> Vec<(String, &'static str)> {
    let (caller, place) = match of {
        HistoryOf::AgentCore => ("eventPrincipal", "eventResource"),
        HistoryOf::Session | HistoryOf::Principal | HistoryOf::Unpinned => {
            ("callerPrincipal", "callerResource")
        }
    };
    let who = [
        (caller, "who called"),
        (place, "where"),
        ("requestId", "String"),
        ("sessionId", "String"),
    ];
    let trust = Some(("trust", "String")).filter(|_| kind == "response");
    let derived = DERIVED.into_iter().chain(trust).filter(|_| of != HistoryOf::AgentCore);
    let derived = derived.map(|(name, ty)| (format!("derived.{name}"), ty));
    who.into_iter().map(|(name, ty)| (name.to_owned(), ty)).chain(derived).collect()
}

impl fmt::Display for HistoryOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

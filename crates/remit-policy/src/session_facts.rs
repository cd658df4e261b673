//! The facts of `context.session`: one table, from which the schema generator, the documentation page
//! (`policies/FACTS.md`) and whoever completes a policy take names, types and words.
//!
//! A fact that a recording does not hold is left out of the request and never guessed: a policy that
//! reads it fails, and the verdict is *unknown* where that matters. Not here: working them out, which
//! is the replay's part.

/// A fact about the session as of one of its tool calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFact {
    /// The attribute of `context.session`.
    pub name: &'static str,
    /// Its type.
    pub ty: FactType,
    /// Whether it is there whenever the call itself can be read; else a policy asks with `has` first.
    pub always: bool,
    /// What it says, in one sentence.
    pub doc: &'static str,
    /// When it is not there.
    pub absent: &'static str,
}

/// The type of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactType {
    /// `Bool`.
    Bool,
    /// `Long`.
    Long,
    /// `Set<String>`.
    Texts,
}

impl FactType {
    /// The type in Cedar's schema syntax.
    #[must_use]
    pub fn cedar(self) -> &'static str {
        match self {
            FactType::Bool => "Bool",
            FactType::Long => "Long",
            FactType::Texts => "Set<String>",
        }
    }
}

const NEVER: &str = "never";
const UNREADABLE: &str = "the call's arguments are unreadable, or hold more than can be followed";

/// Every fact, in the order in which they are explained.
pub const SESSION_FACTS: [SessionFact; 13] = [
    fact("step", FactType::Long, "position of the call among all steps of the session, from 0"),
    fact("calls", FactType::Long, "how many tool calls came before this one"),
    fact("toolsUsed", FactType::Texts, "the recorded names of the tools that were called before"),
    fact("readOnly", FactType::Bool, "whether the tool is in the group `read_only`"),
    origin("fromUser", "arguments whose every token stands in what the user or the system said"),
    origin(
        "fromTrusted",
        "arguments whose tokens are from the user or from trusted tool results, at least one from a result",
    ),
    origin(
        "fromUntrusted",
        "arguments with a token that was first seen in an untrusted tool result, and nowhere in the words of the user",
    ),
    origin(
        "unseen",
        "arguments with a token that was seen nowhere before: the model, or another agent, made it up",
    ),
    origin(
        "foreignTokens",
        "addresses, hosts, accounts, paths and names in the arguments that are from untrusted tool results and not from the user, in their plain form (`shop.example/a`, not `https://www.Shop.example/a/`)",
    ),
    origin(
        "foreignAddresses",
        "those of `foreignTokens` that say where something goes: addresses, hosts, accounts and paths, without names",
    ),
    fact(
        "untrustedSeen",
        FactType::Bool,
        "whether the result of an untrusted tool was read before",
    ),
    fact(
        "labels",
        FactType::Texts,
        "labels of the data that was read before: `untrusted`, and what `[[trust]]` in remit.toml gives the results of a tool (`secret`, `personal`)",
    ),
    SessionFact {
        name: "elapsed",
        ty: FactType::Long,
        always: false,
        doc: "seconds since the first step of the session",
        absent: "the recording has no time for the call or for any step before it",
    },
];

const fn fact(name: &'static str, ty: FactType, doc: &'static str) -> SessionFact {
    SessionFact { name, ty, always: true, doc, absent: NEVER }
}

const fn origin(name: &'static str, doc: &'static str) -> SessionFact {
    SessionFact { name, ty: FactType::Texts, always: true, doc, absent: UNREADABLE }
}

/// The facts as the attributes of a record, in Cedar's schema syntax.
pub(crate) fn declarations() -> String {
    let declaration = |fact: &SessionFact| {
        let optional = if fact.always { "" } else { "?" };
        format!("  @doc({:?})\n  {}{optional}: {},\n", fact.doc, fact.name, fact.ty.cedar())
    };
    SESSION_FACTS.iter().map(declaration).collect()
}

/// The page about the facts, for people.
#[must_use]
pub fn facts_page() -> String {
    let row = |fact: &SessionFact| {
        let SessionFact { name, ty, doc, absent, .. } = fact;
        format!("| `{name}` | `{}` | {doc} | {absent} |\n", ty.cedar())
    };
    let rows: String = SESSION_FACTS.iter().map(row).collect();
    format!(
        "{}{rows}{}",
        include_str!("session_facts/head.md"),
        include_str!("session_facts/tail.md")
    )
}

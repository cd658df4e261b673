//! How a recorded tool call becomes a request, as `remit.toml` says it.
//!
//! Only names are looked up here; building the request is the replay's part.

use cedar_policy::EntityTypeName;

use crate::digest;
use crate::pattern::{NamePattern, NameTemplate};

/// How a recorded tool call becomes a request.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The entity type of the acting agent.
    pub principal: EntityTypeName,
    /// The entity type of the resource where no rule names another.
    pub resource: EntityTypeName,
    /// The server of tools whose recording does not name one.
    pub server: String,
    /// Rules for tools, in order; the first match wins.
    pub tools: Vec<ToolRule>,
    /// New names for agents, in order; the first match wins.
    pub agents: Vec<AgentRule>,
    /// What the results of tools are, in order; the first match wins.
    pub trust: Vec<TrustRule>,
}

/// One `[[tool]]`.
#[derive(Debug, Clone)]
pub struct ToolRule {
    /// The recorded names it is for.
    pub name: NamePattern,
    /// The server that the tool belongs to.
    pub server: Option<String>,
    /// The id of the action.
    pub action: Option<NameTemplate>,
    /// The resource, taken from the arguments.
    pub resource: Option<ResourceRule>,
    /// The line of the rule in `remit.toml`, from 1.
    pub line: u32,
}

/// A resource that the arguments of a call name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRule {
    /// Its entity type.
    pub entity_type: EntityTypeName,
    /// A JSON pointer into the arguments, to its id.
    pub id_pointer: String,
}

/// One `[[agent]]`.
#[derive(Debug, Clone)]
pub struct AgentRule {
    /// The recorded names it is for.
    pub recorded: NamePattern,
    /// The workload identity.
    pub id: NameTemplate,
}

/// One `[[trust]]`.
#[derive(Debug, Clone)]
pub struct TrustRule {
    /// The recorded names of tools that it is for.
    pub tool: NamePattern,
    /// Whether nobody outside can write what the results hold.
    pub trusted: bool,
    /// What the results hold, such as `secret` or `personal`; sorted.
    pub labels: Vec<String>,
}

/// The rule that a tool's name met.
#[derive(Debug, Clone)]
pub struct ToolMatch<'m> {
    /// The rule.
    pub rule: &'m ToolRule,
    /// The id of the action that it names.
    pub action: Option<String>,
}

impl Mapping {
    /// The first rule for a recorded tool name.
    #[must_use]
    pub fn tool(&self, recorded: &str) -> Option<ToolMatch<'_>> {
        self.tools.iter().find_map(|rule| {
            let captures = rule.name.captures(recorded)?;
            let action = rule.action.as_ref().map(|action| action.fill(&captures));
            Some(ToolMatch { rule, action })
        })
    }

    /// The workload identity of a recorded agent, if a rule gives it one.
    #[must_use]
    pub fn agent(&self, recorded: &str) -> Option<String> {
        self.agents.iter().find_map(|rule| Some(rule.id.fill(&rule.recorded.captures(recorded)?)))
    }

    /// The rule for the results of a tool, by its recorded name. Without one they are untrusted: most of
    /// what tools read was written by others.
    #[must_use]
    pub fn trust(&self, recorded: &str) -> Option<&TrustRule> {
        self.trust.iter().find(|rule| rule.tool.matches(recorded))
    }

    /// What the requests depend on, defaults included.
    pub(crate) fn digest(&self) -> String {
        let mut text = format!("{}\n{}\n{:?}\n", self.principal, self.resource, self.server);
        for rule in &self.tools {
            let resource = rule.resource.as_ref();
            let resource = resource.map(|r| (r.entity_type.to_string(), &r.id_pointer));
            let action = rule.action.as_ref().map(ToString::to_string);
            let name = rule.name.to_string();
            text.push_str(&format!("tool {:?}\n", (name, &rule.server, action, resource)));
        }
        for rule in &self.agents {
            let names = (rule.recorded.to_string(), rule.id.to_string());
            text.push_str(&format!("agent {names:?}\n"));
        }
        for rule in &self.trust {
            let trust = (rule.tool.to_string(), rule.trusted, &rule.labels);
            text.push_str(&format!("trust {trust:?}\n"));
        }
        digest::of_text(&text)
    }
}

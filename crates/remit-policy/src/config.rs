//! `remit.toml`: what a workspace is called, where its recordings are, how tools become requests.
//!
//! Read once, with every default filled in and every pattern compiled. A mistake is a finding with
//! its line; what could not be read falls back to its default, so that the rest can be checked.

use std::ops::Range;

use camino::Utf8Path;
use cedar_policy::EntityTypeName;
use serde::Deserialize;
use toml::Spanned;

use crate::files::CONFIG;
use crate::finding::{Finding, FindingCode};
use crate::mapping::{AgentRule, Mapping, ResourceRule, ToolRule, TrustRule};
use crate::nearest::nearest;
use crate::pattern::{NamePattern, NameTemplate};
use crate::recordings::{self, RecordingPaths};
use crate::schema_model::SchemaModel;
use crate::temporal::{HistoryConfig, HistoryOf};

/// What `remit.toml` says.
#[derive(Debug, Clone)]
pub struct Config {
    /// The workspace's name; its folder's if the file gives none.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where the recordings are.
    pub recordings: RecordingPaths,
    /// How a tool call becomes a request.
    pub mapping: Mapping,
    /// Whose history policies see, and how far back.
    pub(crate) history: HistoryConfig,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    name: Option<String>,
    description: Option<String>,
    recordings: Option<RawRecordings>,
    #[serde(default)]
    mapping: RawMapping,
    history: Option<RawHistory>,
    #[serde(default)]
    tool: Vec<RawTool>,
    #[serde(default)]
    agent: Vec<RawAgent>,
    #[serde(default)]
    trust: Vec<RawTrust>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecordings {
    paths: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHistory {
    of: Option<Spanned<String>>,
    max_window: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawMapping {
    principal: Option<Spanned<String>>,
    resource: Option<Spanned<String>>,
    server: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTool {
    name: Spanned<String>,
    server: Option<String>,
    action: Option<Spanned<String>>,
    resource: Option<Spanned<String>>,
    resource_id: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAgent {
    recorded: Spanned<String>,
    id: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTrust {
    tool: Spanned<String>,
    results: Spanned<String>,
    #[serde(default)]
    labels: Vec<Spanned<String>>,
}

/// Reads `remit.toml`; `folder` names a workspace that does not name itself.
pub(crate) fn read(
    text: &str,
    folder: &str,
    schema: Option<&SchemaModel>,
    findings: &mut Vec<Finding>,
) -> Config {
    let file = Utf8Path::new(CONFIG);
    let raw: RawConfig = parse_toml(text, file, FindingCode::InvalidConfig).unwrap_or_else(|bad| {
        findings.push(*bad);
        RawConfig::default()
    });
    let mut reader = Reader { text, findings };
    let principal = schema.and_then(|model| usual(&model.principal_types, "Agent"));
    let resource = schema.and_then(|model| usual(&model.resource_types, "Server"));
    Config {
        name: raw.name.unwrap_or_else(|| folder.to_owned()),
        description: raw.description,
        recordings: reader.recordings(raw.recordings),
        history: reader.history(raw.history),
        mapping: Mapping {
            principal: reader.entity_type_or(raw.mapping.principal, principal, "Agent"),
            resource: reader.entity_type_or(raw.mapping.resource, resource, "Server"),
            server: raw.mapping.server.unwrap_or_else(|| "tools".to_owned()),
            tools: raw.tool.into_iter().filter_map(|tool| reader.tool(tool)).collect(),
            agents: raw.agent.into_iter().filter_map(|agent| reader.agent(agent)).collect(),
            trust: raw.trust.into_iter().filter_map(|trust| reader.trust(trust)).collect(),
        },
    }
}

/// Of several types that the schema marks, the one of the usual name in any namespace; else the first.
fn usual<'a>(types: &'a [String], name: &str) -> Option<&'a String> {
    types.iter().find(|ty| ty.rsplit("::").next() == Some(name)).or(types.first())
}

/// Reads TOML into a type; the one mistake that TOML reports becomes a finding with its place.
pub(crate) fn parse_toml<T: serde::de::DeserializeOwned>(
    text: &str,
    file: &Utf8Path,
    code: FindingCode,
) -> Result<T, Box<Finding>> {
    toml::from_str(text).map_err(|error| {
        let finding = Finding::new(code, file, error.message().replace('\n', " "));
        let help = suggestion(error.message());
        Box::new(finding.at_optional(text, error.span()).help_optional(help))
    })
}

/// Serde names the unknown key first and the known ones after it, each in backticks.
fn suggestion(message: &str) -> Option<String> {
    let mut names = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let near = nearest(names.next()?, names)?;
    Some(format!("did you mean `{near}`?"))
}

/// The label of what untrusted tools return.
pub const UNTRUSTED: &str = "untrusted";

/// A rule that is left out, because a finding already says why.
struct Rejected;

struct Reader<'a> {
    text: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn wrong(&mut self, span: Range<usize>, message: impl Into<String>, help: &str) {
        let finding = Finding::new(FindingCode::InvalidConfig, Utf8Path::new(CONFIG), message);
        self.findings.push(finding.at(self.text, span).help(help));
    }

    fn recordings(&mut self, raw: Option<RawRecordings>) -> RecordingPaths {
        let Some(raw) = raw else {
            return RecordingPaths::standard();
        };
        let mut read = RecordingPaths::none();
        for path in raw.paths {
            let span = path.span();
            match recordings::compile(path.get_ref()) {
                Ok(glob) => read.add(path.into_inner(), glob, self.text, span),
                Err(error) => {
                    let message = format!("`{}` is no pattern: {}", path.get_ref(), error.kind());
                    self.wrong(span, message, "`*` stands for any text, `**` for any folders");
                }
            }
        }
        read
    }

    fn history(&mut self, raw: Option<RawHistory>) -> HistoryConfig {
        let mut history = HistoryConfig::default();
        let Some(raw) = raw else { return history };
        if let Some(of) = raw.of {
            match HistoryOf::of(of.get_ref()) {
                Some(known) => history.of = known,
                None => {
                    let message = format!("`{}` is no kind of history", of.get_ref());
                    let words = HistoryOf::ALL.map(|of| format!("`{of}`")).join(", ");
                    self.wrong(of.span(), message, &format!("write one of {words}"));
                }
            }
        }
        if let Some(window) = raw.max_window {
            if is_window(window.get_ref()) {
                history.max_window = window.into_inner();
            } else {
                let message = format!("`{}` is no length of time", window.get_ref());
                self.wrong(
                    window.span(),
                    message,
                    "write a whole number and s, m, h or d, as in `24h` or `7d`",
                );
            }
        }
        history
    }

    fn entity_type_or(
        &mut self,
        written: Option<Spanned<String>>,
        from_schema: Option<&String>,
        otherwise: &str,
    ) -> EntityTypeName {
        written
            .and_then(|name| self.entity_type(name))
            .or_else(|| from_schema?.parse().ok())
            .unwrap_or_else(|| standard_type(otherwise))
    }

    fn entity_type(&mut self, name: Spanned<String>) -> Option<EntityTypeName> {
        let parsed = name.get_ref().parse().ok();
        if parsed.is_none() {
            let message = format!("`{}` is no entity type", name.get_ref());
            self.wrong(
                name.span(),
                message,
                "write a type of the schema, such as `Agent` or `Acme::Agent`",
            );
        }
        parsed
    }

    fn tool(&mut self, raw: RawTool) -> Option<ToolRule> {
        let (line, _) = crate::finding::position(self.text, raw.name.span().start);
        let name = NamePattern::new(raw.name.get_ref());
        let action = match raw.action {
            Some(action) => Some(self.template(&action, &name)?),
            None => None,
        };
        let resource = self.resource(raw.resource, raw.resource_id).ok()?;
        Some(ToolRule { name, server: raw.server, action, resource, line })
    }

    fn agent(&mut self, raw: RawAgent) -> Option<AgentRule> {
        let recorded = NamePattern::new(raw.recorded.get_ref());
        let id = self.template(&raw.id, &recorded)?;
        Some(AgentRule { recorded, id })
    }

    /// A rule that cannot be read leaves the results untrusted, as they are without it.
    fn trust(&mut self, raw: RawTrust) -> Option<TrustRule> {
        let trusted = match raw.results.get_ref().as_str() {
            "trusted" => true,
            "untrusted" => false,
            other => {
                let message = format!("`results = \"{other}\"` is neither trusted nor untrusted");
                let help =
                    "write `trusted` only where nobody outside can write what the tool returns";
                self.wrong(raw.results.span(), message, help);
                return None;
            }
        };
        let mut labels: Vec<String> =
            raw.labels.into_iter().filter_map(|l| self.label(l)).collect();
        labels.sort();
        labels.dedup();
        Some(TrustRule { tool: NamePattern::new(raw.tool.get_ref()), trusted, labels })
    }

    /// A label is a word of the team's; `untrusted` is given by what is read, not by a rule.
    fn label(&mut self, label: Spanned<String>) -> Option<String> {
        if label.get_ref() != UNTRUSTED && !label.get_ref().trim().is_empty() {
            return Some(label.into_inner());
        }
        let message = format!("`{}` is no label that a rule can give", label.get_ref());
        let help = "write `secret`, `personal` or a word of your own; `results = \"untrusted\"` gives `untrusted`";
        self.wrong(label.span(), message, help);
        None
    }

    fn template(&mut self, written: &Spanned<String>, name: &NamePattern) -> Option<NameTemplate> {
        let template = NameTemplate::new(written.get_ref(), name);
        if template.is_none() {
            let message = format!("`{}` has more `*` than `{name}`", written.get_ref());
            self.wrong(
                written.span(),
                message,
                "each `*` stands for what the `*` of the same number matched",
            );
        }
        template
    }

    /// Nothing at all is fine; half a rule is not.
    fn resource(
        &mut self,
        entity_type: Option<Spanned<String>>,
        pointer: Option<Spanned<String>>,
    ) -> Result<Option<ResourceRule>, Rejected> {
        let (entity_type, pointer) = match (entity_type, pointer) {
            (None, None) => return Ok(None),
            (Some(entity_type), Some(pointer)) => (entity_type, pointer),
            (Some(half), None) => {
                let help = "say where in the arguments its id is: `resource_id = \"/path\"`";
                self.wrong(half.span(), "`resource` without `resource_id`", help);
                return Err(Rejected);
            }
            (None, Some(half)) => {
                let help = "say which entity type it is the id of: `resource = \"File\"`";
                self.wrong(half.span(), "`resource_id` without `resource`", help);
                return Err(Rejected);
            }
        };
        let entity_type = self.entity_type(entity_type).ok_or(Rejected)?;
        let id_pointer = self.pointer(pointer).ok_or(Rejected)?;
        Ok(Some(ResourceRule { entity_type, id_pointer }))
    }

    fn pointer(&mut self, pointer: Spanned<String>) -> Option<String> {
        if pointer.get_ref().starts_with('/') {
            return Some(pointer.into_inner());
        }
        let message = format!("`{}` is no JSON pointer", pointer.get_ref());
        self.wrong(pointer.span(), message, "start it with `/`, as in `/path` or `/target/id`");
        None
    }
}

/// A whole number above 0 and a unit, that does not overflow when it is counted in seconds.
fn is_window(text: &str) -> bool {
    let seconds = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let unit =
        seconds.into_iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)));
    let is_number = |amount: &str| amount.bytes().all(|byte| byte.is_ascii_digit());
    let unit = unit.filter(|(amount, _)| is_number(amount));
    let amount = unit.and_then(|(amount, seconds)| Some((amount.parse::<u32>().ok()?, seconds)));
    amount.is_some_and(|(amount, seconds)| {
        amount > 0 && i64::from(amount).checked_mul(seconds).is_some()
    })
}

#[expect(clippy::expect_used, reason = "the callers' names are literals in this file")]
fn standard_type(name: &str) -> EntityTypeName {
    name.parse().expect("a plain identifier is an entity type")
}

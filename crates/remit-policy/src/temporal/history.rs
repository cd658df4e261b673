//! The history of a workspace: `[history]` in `remit.toml`, and what its policies are lowered with.

use std::sync::{Arc, OnceLock};

use dogwood_language::{EventSignature, ParsedPolicySet, PartitionKey, ServiceSchema};
use miette::Diagnostic;
use thiserror::Error;

use super::actions::Actions;
use super::events::HistoryOf;
use crate::digest;
use crate::finding::{Finding, FindingCode};
use crate::policy_source::PolicySource;
use crate::schema::LoadedSchema;
use crate::schema_model::SchemaModel;

/// How far back a condition may look when `[history]` does not say it; Dogwood's own limit.
const MAX_WINDOW: &str = "24h";

/// How many policies over history AgentCore takes.
const AGENTCORE_POLICIES: usize = 20;

/// What all conditions over history of a workspace stand on.
#[derive(Debug)]
pub struct History {
    /// Whose events a condition sees.
    pub of: HistoryOf,
    /// The fields of events and the pins, in Dogwood's language.
    pub event_schema: String,
    /// The digest of everything that the meaning of a condition depends on.
    pub digest: String,
    schema: Arc<LoadedSchema>,
    ground: OnceLock<Result<Ground, HistoryError>>,
}

/// Why policies over history cannot be lowered at all.
#[derive(Debug, Clone, Error, Diagnostic)]
#[error("conditions over history do not fit this schema: {reason}")]
#[diagnostic(help("rename what the message names in `schema.cedarschema`"))]
pub struct HistoryError {
    /// Dogwood's words.
    pub reason: String,
}

/// What policies are lowered with; made once, when the first `.dw` policy asks for it.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) service: ServiceSchema,
    pub(super) actions: Actions,
    signatures: Vec<EventSignature>,
    partition_keys: Vec<PartitionKey>,
}

/// `[history]` as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryConfig {
    pub(crate) of: HistoryOf,
    pub(crate) max_window: String,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self { of: HistoryOf::default(), max_window: MAX_WINDOW.to_owned() }
    }
}

impl History {
    pub(crate) fn new(config: &HistoryConfig, schema: Arc<LoadedSchema>) -> Self {
        let event_schema = config.of.event_schema(&config.max_window);
        let digest =
            digest::of_files([("events", event_schema.as_str()), ("schema", schema.text.as_str())]);
        Self { of: config.of, event_schema, digest, schema, ground: OnceLock::new() }
    }

    /// The events that there are: one for each action and kind, with fields and pins.
    ///
    /// # Errors
    /// If the schema cannot be given a history.
    pub fn signatures(&self) -> Result<&[EventSignature], &HistoryError> {
        Ok(&self.ground()?.signatures)
    }

    /// The fields by which history is partitioned: events that differ in one do not see each other.
    ///
    /// # Errors
    /// As [`History::signatures`].
    pub fn partition_keys(&self) -> Result<&[PartitionKey], &HistoryError> {
        Ok(&self.ground()?.partition_keys)
    }

    /// The action schema that Dogwood's own engines need: the workspace's, with what requests know besides
    /// in every context, `sessionId`, `requestId` and `derived`.
    ///
    /// # Errors
    /// As [`History::signatures`].
    pub fn action_schema(&self) -> Result<String, HistoryError> {
        let ground = self.ground().map_err(Clone::clone)?;
        ground.actions.text().map_err(|reason| HistoryError { reason })
    }

    /// What is wrong with the number of policies that ask history, where there is a limit.
    pub(crate) fn too_many(&self, policies: &[Arc<PolicySource>]) -> Option<Finding> {
        let mut asking = policies.iter().filter(|policy| !policy.leaves.is_empty());
        let first = (self.of == HistoryOf::AgentCore).then(|| asking.nth(AGENTCORE_POLICIES))??;
        let message = format!(
            "AgentCore takes {AGENTCORE_POLICIES} policies over history in an engine, and this is one more"
        );
        let finding = first.finding(FindingCode::AgentCoreLimit, message);
        Some(finding.help("join policies, or leave some to another engine"))
    }

    pub(super) fn model(&self) -> &SchemaModel {
        &self.schema.model
    }

    pub(super) fn ground(&self) -> Result<&Ground, &HistoryError> {
        self.ground.get_or_init(|| Ground::new(&self.event_schema, &self.schema.text)).as_ref()
    }
}

impl Ground {
    fn new(event_schema: &str, schema: &str) -> Result<Self, HistoryError> {
        let refused = |error: dogwood_language::Error| HistoryError { reason: error.to_string() };
        let actions = Actions::new(schema).map_err(|reason| HistoryError { reason })?;
        let service =
            ServiceSchema::builder().event_schema_str(event_schema).build().map_err(refused)?;
        let nothing = ParsedPolicySet::parse("", &service).map_err(refused)?;
        let lowered = nothing.lower(actions.whole()).map_err(refused)?;
        Ok(Self {
            signatures: lowered.event_signatures().collect(),
            partition_keys: lowered.partition_keys().to_vec(),
            service,
            actions,
        })
    }
}

//! The manifest: what a bundle says about itself. The signature is over it, and it lists every member.
//!
//! It is JSON, indented, in the order of these types; its JSON Schema is generated ([`manifest_schema`]).
//! Fields are added with a new [`FORMAT`] only: a reader refuses what it does not know, because whoever enforces
//! policies must not guess.

use crate::refusal::{Refusal, RefusalCode};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;
/// The manifest's name in the archive.
pub const MANIFEST: &str = "manifest.json";
/// The workspace's files are members below this folder.
pub const WORKSPACE: &str = "workspace/";

/// What a bundle says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format: 1.
    pub format: u32,
    /// What `remit.toml` calls the workspace.
    pub name: String,
    /// What `remit.toml` says that it is for.
    pub description: Option<String>,
    /// Counts the bundles of a line, from 1; each is one more than its baseline.
    pub sequence: u64,
    /// The bundle that this one was compared with; none for the first.
    pub baseline: Option<BaselineEntry>,
    /// Until when it may be enforced; for ever if not given.
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
    /// With what it was built.
    pub built: Built,
    /// What verdicts are a function of, besides the recordings.
    pub digests: ContentDigests,
    /// Every policy, by layer, file and place.
    pub policies: Vec<PolicyEntry>,
    /// Which tasks have a scope.
    pub tasks: TasksEntry,
    /// What the policies do to the recordings.
    pub replay: ReplayEntry,
    /// The tests of the workspace.
    pub tests: TestsEntry,
    /// What had to hold before the bundle was built.
    pub gates: Vec<GateEntry>,
    /// Every other member of the archive, sorted by name; the signature is the one that is not listed.
    pub members: Vec<Member>,
}

/// The bundle that one was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BaselineEntry {
    /// The digest of its manifest.
    pub manifest: String,
    /// Its place in the line.
    pub sequence: u64,
}

/// The versions of everything that gives policies their meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Built {
    /// Remit.
    pub remit: String,
    /// The crate `cedar-policy`.
    pub cedar: String,
    /// The Cedar language.
    pub cedar_language: String,
}

/// What verdicts are a function of; each `sha256:<hex>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentDigests {
    /// The guardrails.
    pub guardrails: String,
    /// The scopes, with the rules that say which sessions they cover.
    pub scopes: String,
    /// The schema.
    pub schema: String,
    /// The entities.
    pub entities: String,
    /// How tool calls become requests.
    pub mapping: String,
}

/// The layer of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum PolicyOf {
    /// What agents may do, whatever the task.
    Guardrails,
    /// What this task needs.
    Scope(String),
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyEntry {
    /// Its id.
    pub id: String,
    /// Its layer.
    pub of: PolicyOf,
    /// Its file, relative to the workspace.
    pub file: String,
    /// The line it starts on, from 1.
    pub line: u32,
    /// `permit` or `forbid`.
    pub effect: String,
    /// `cedar` or `dogwood`.
    pub language: String,
    /// Whether it is a template.
    pub template: bool,
    /// The digest of its text, and of the macros that it uses.
    pub digest: String,
    /// Who answers for it: its `@owner`.
    pub owner: Option<String>,
    /// All its annotations, those that name a control of a framework included.
    pub annotations: BTreeMap<String, String>,
}

/// Which tasks have a scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TasksEntry {
    /// Tasks with a scope.
    pub scoped: Vec<String>,
    /// The scope of all other tasks, if there is one.
    pub default: Option<String>,
    /// Tasks that `scopes.toml` names and that have no policy.
    pub without_scope: Vec<String>,
    /// Recorded sessions that no scope covers.
    pub unscoped_sessions: u32,
}

/// What the policies do to the recordings, in counts and digests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplayEntry {
    /// Recordings that were read.
    pub recordings: u32,
    /// Files that gave no session.
    pub skipped: u32,
    /// The digest of the digests of all recordings, whatever their names and their order.
    pub corpus: String,
    /// The digest of every verdict with what it rests on.
    pub result: String,
    /// The counts.
    pub counts: Counts,
    /// How many calls each policy decided, by layer and id; policies that decided none are left out.
    pub policies: Vec<PolicyCounts>,
}

/// The counts of a replay. The four verdicts add up to `toolCalls`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Sessions.
    pub sessions: u32,
    /// Tool calls.
    pub tool_calls: u32,
    /// Within their remit.
    pub allowed: u32,
    /// Forbidden by the guardrails.
    pub denied: u32,
    /// Permitted, but not what the task is for.
    pub drifted: u32,
    /// Not decidable.
    pub unknown: u32,
    /// Sessions without a declared scope; they cannot drift.
    pub unscoped: u32,
    /// Verdicts that a failed policy could flip.
    pub uncertain: u32,
}

/// What one policy did to the recordings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyCounts {
    /// Its id, or that of the template's link.
    pub id: String,
    /// Its layer.
    pub of: PolicyOf,
    /// Calls that it is a reason for.
    pub decided: u32,
    /// Calls on which it failed.
    pub failed: u32,
}

/// The tests of the workspace, as they came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestsEntry {
    /// Expectations on recorded calls: judged where the recordings are, when the bundle is built.
    pub calls: u32,
    /// Expectations on requests: these run again wherever the bundle is verified.
    pub requests: u32,
    /// Those of both that failed.
    pub failed: u32,
}

/// Something that must hold before a bundle is built.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// All policies, the schema and the entities validate strictly.
    Valid,
    /// No policy fails on a recorded call.
    Errors,
    /// There are tests, and all pass.
    Tests,
    /// Somebody accepted every change against the baseline.
    Changes,
    /// Who accepted is not who wrote.
    Separation,
    /// Every task has a scope.
    Scopes,
}

impl Gate {
    /// All of them, in the order of telling.
    pub const ALL: [Self; 6] =
        [Self::Valid, Self::Errors, Self::Tests, Self::Changes, Self::Separation, Self::Scopes];

    /// Its name, as it is waived.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Errors => "errors",
            Self::Tests => "tests",
            Self::Changes => "changes",
            Self::Separation => "separation",
            Self::Scopes => "scopes",
        }
    }

    /// The gate of a name.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gate| gate.word() == word)
    }

    /// What it asks for.
    #[must_use]
    pub fn asks(self) -> &'static str {
        match self {
            Self::Valid => "policies, schema and entities validate strictly",
            Self::Errors => "no policy fails on a recorded call",
            Self::Tests => "there are tests, and all pass",
            Self::Changes => "every change against the baseline is accepted",
            Self::Separation => "who accepted is not who wrote",
            Self::Scopes => "every task has a scope",
        }
    }
}

/// A gate, and how it was passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GateEntry {
    /// The gate.
    pub gate: Gate,
    /// How many reasons there were not to pass it.
    pub reasons: u32,
    /// Why it was waived, if it was.
    pub waived: Option<String>,
}

/// A member of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// The digest of its bytes.
    pub digest: String,
}

/// What every format has, so that a format that is not known can be named.
#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

impl Manifest {
    /// The manifest as a member of the archive.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts, numbers, lists and maps with text keys: nothing here can fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text.into_bytes()
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// If it is of another format, or not written as [`Manifest::to_bytes`] writes it.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let unreadable = |why: String| {
            Refusal::new(RefusalCode::Unreadable, format!("`{MANIFEST}` cannot be read: {why}"))
        };
        let any: AnyFormat =
            serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        known_format(any.format)?;
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        match manifest.to_bytes() == bytes {
            true => Ok(manifest),
            false => Err(unreadable("it is not written as Remit writes it".to_owned())),
        }
    }

    /// The gates that were waived, with the reasons.
    pub fn waived(&self) -> impl Iterator<Item = (Gate, &str)> {
        self.gates.iter().filter_map(|entry| Some((entry.gate, entry.waived.as_deref()?)))
    }
}

/// Until when a bundle is good, as a person writes it: a moment, or a day, to its end in UTC.
#[must_use]
pub fn expiry(text: &str) -> Option<Timestamp> {
    let day = || -> Option<Timestamp> {
        // A time of day without a zone would be read as its day.
        let day: Date = Some(text).filter(|text| !text.contains('T'))?.parse().ok()?;
        let end = day.tomorrow().ok()?.at(0, 0, 0, 0);
        TimeZone::UTC.to_timestamp(end).ok()
    };
    text.parse().ok().or_else(day)
}

/// Whether this version reads a format.
pub(crate) fn known_format(format: u32) -> Result<(), Refusal> {
    match format.cmp(&FORMAT) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(Refusal::new(
            RefusalCode::NewerFormat,
            format!("the bundle is of format {format}, and this version of Remit reads {FORMAT}"),
        )),
        std::cmp::Ordering::Less => Err(Refusal::new(
            RefusalCode::OtherFormat,
            format!(
                "the bundle is of format {format}, which is not accepted any more; {FORMAT} is"
            ),
        )),
    }
}

/// The JSON Schema of [`Manifest`].
#[must_use]
pub fn manifest_schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Manifest>().to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_good_to_its_end_and_nothing_else_is_a_time() {
        let at = |text: &str| expiry(text).map(|time| time.to_string());
        assert_eq!(at("2027-01-31").as_deref(), Some("2027-02-01T00:00:00Z"));
        assert_eq!(at("2027-01-31T12:00:00Z").as_deref(), Some("2027-01-31T12:00:00Z"));
        assert_eq!(at("2027-01-31T12:00:00+02:00").as_deref(), Some("2027-01-31T10:00:00Z"));
        for text in ["", "tomorrow", "2027-02-30", "31.01.2027", "2027-01-31T12:00:00"] {
            let good = at(text);
            assert!(good.is_none(), "{text}: {good:?}");
        }
    }
}

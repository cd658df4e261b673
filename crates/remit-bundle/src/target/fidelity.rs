//! What a point that enforces will make of an export: said before it is handed over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::vectors::Uncovered;

/// What becomes of a workspace's policies at a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fidelity {
    /// Of this format.
    pub version: u32,
    /// The target's name, such as `agentcore`.
    pub target: String,
    /// The target's name for people.
    pub title: String,
    /// What it can enforce.
    pub enforces: Vec<Ability>,
    /// Which facts it has when it decides.
    pub facts: Vec<Fact>,
    /// Where the same policies mean something else, or the export had to choose.
    pub differences: Vec<String>,
    /// One for each set of policies.
    pub stores: Vec<StoreFidelity>,
    /// Why the export went on although statements are degraded.
    pub accepted: Option<String>,
}

/// Something that a workspace's policies may ask of whoever enforces them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ability {
    /// What.
    pub what: String,
    /// How far.
    pub level: Level,
    /// In which way, or why not.
    pub note: String,
}

/// A fact that a decision may rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// As policies write it.
    pub fact: String,
    /// Whether it is there.
    pub level: Level,
    /// Where it comes from, or what takes its place.
    pub note: String,
}

/// How far something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As in Remit.
    Full,
    /// If whoever asks supplies it, or not in every case.
    Partly,
    /// Not at all.
    No,
}

impl Level {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Level::Full => "yes",
            Level::Partly => "partly",
            Level::No => "no",
        }
    }
}

/// What becomes of one set of policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreFidelity {
    /// The guardrails, or the scope of a task.
    pub store: String,
    /// Its folder in the export.
    pub folder: String,
    /// What becomes of each policy, by id.
    pub statements: Vec<StatementFidelity>,
    /// How many vectors there are.
    pub vectors: usize,
    /// How many policies have a vector on both sides.
    pub covered: usize,
    /// Sides that have none, by name.
    pub uncovered: Vec<Uncovered>,
    /// Vectors that the workspace allows and the export denies, by name. The other way round there is none.
    pub narrower: Vec<String>,
}

/// What becomes of one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatementFidelity {
    /// The policy.
    pub policy: String,
    /// Its fate.
    pub fate: Fate,
    /// What was changed, or lost.
    pub notes: Vec<String>,
}

/// What becomes of a policy at a target.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The same policy.
    Exact,
    /// Other words that mean the same there.
    Changed,
    /// Part of its condition cannot be said there: it permits less, or forbids more.
    Degraded,
    /// It cannot be said there at all. A `permit` is left out; a `forbid` forbids all that it could be about.
    Refused,
}

impl Fate {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Fate::Exact => "exact",
            Fate::Changed => "changed",
            Fate::Degraded => "degraded",
            Fate::Refused => "refused",
        }
    }

    /// Whether the policy is another one than its author wrote.
    #[must_use]
    pub fn is_loss(self) -> bool {
        self >= Fate::Degraded
    }
}

impl Fidelity {
    /// All statements that are not what their author wrote.
    pub fn losses(&self) -> impl Iterator<Item = (&StoreFidelity, &StatementFidelity)> {
        let lost = |store: &'_ StoreFidelity| {
            store.statements.iter().filter(|s| s.fate.is_loss()).count() > 0
        };
        self.stores.iter().filter(move |store| lost(store)).flat_map(|store| {
            store.statements.iter().filter(|s| s.fate.is_loss()).map(move |s| (store, s))
        })
    }

    /// For people: what the target can do, what differs, and what becomes of each policy that changes.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n\nIt enforces:\n", self.title);
        for ability in &self.enforces {
            text += &format!("  {:<7} {}: {}\n", ability.level.word(), ability.what, ability.note);
        }
        text += "\nFacts at decision time:\n";
        for fact in &self.facts {
            text += &format!("  {:<7} {}: {}\n", fact.level.word(), fact.fact, fact.note);
        }
        text += "\nWhat differs:\n";
        for difference in &self.differences {
            text += &format!("  - {difference}\n");
        }
        for store in &self.stores {
            text += &store.to_text();
        }
        if let Some(reason) = &self.accepted {
            text += &format!("\nDegraded statements were accepted: {reason}\n");
        }
        text
    }
}

impl StoreFidelity {
    fn count(&self, fate: Fate) -> usize {
        self.statements.iter().filter(|statement| statement.fate == fate).count()
    }

    fn to_text(&self) -> String {
        let fates = [Fate::Exact, Fate::Changed, Fate::Degraded, Fate::Refused];
        let counts: Vec<String> =
            fates.map(|fate| format!("{} {}", self.count(fate), fate.word())).into();
        let mut text = format!(
            "\n{} ({}): {} policies: {}\n{} vectors, both sides of {} policies\n",
            self.store,
            self.folder,
            self.statements.len(),
            counts.join(", "),
            self.vectors,
            self.covered
        );
        for statement in self.statements.iter().filter(|s| s.fate != Fate::Exact) {
            text += &format!("  {:<8} {}\n", statement.fate.word(), statement.policy);
            text += &statement
                .notes
                .iter()
                .map(|note| format!("           {note}\n"))
                .collect::<String>();
        }
        for uncovered in &self.uncovered {
            text += &format!(
                "  no vector {:?}/{}: {}\n",
                uncovered.side, uncovered.policy, uncovered.why
            );
        }
        for name in &self.narrower {
            text += &format!("  denied there, allowed here: {name}\n");
        }
        text
    }
}

//! A workspace that may become a bundle: judged, tested, and compared with its baseline.
//!
//! What is judged is the workspace as it will be in the bundle, made of the same texts, so that nothing on the
//! disk of whoever builds can make a difference.

use crate::archive::Archive;
use crate::change::{ChangeRow, Texts, nothing_permitted, of_calls, of_texts};
use crate::content;
use crate::digest::of_bytes;
use crate::envelope::{ENVELOPE, seal};
use crate::evidence::{corpus, replayed};
use crate::gate::GateResult;
use crate::key::SecretKey;
use crate::manifest::{
    BaselineEntry, FORMAT, MANIFEST, Manifest, Member, PolicyEntry, ReplayEntry, TasksEntry,
    TestsEntry, WORKSPACE,
};
use crate::refusal::Refusal;
use crate::review::{RestsOn, Review};
use crate::verify::Verified;
use camino::Utf8PathBuf;
use jiff::Timestamp;
use miette::Diagnostic;
use remit_policy::Workspace;
use remit_replay::{Cancelled, OtherRecordings, Replay, changes, replay, replay_verdicts};
use remit_review::{Expected, Outcome, Suite, TestResult, run};
use remit_session::Loaded;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use thiserror::Error;

/// The review record's name in the archive.
pub const REVIEW: &str = "evidence/review.json";

/// A workspace that may become a bundle.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// As it will be in the bundle.
    pub workspace: Workspace,
    /// Its tests.
    pub suite: Suite,
    /// INVARIANT (parallel): the result of each test.
    pub results: Vec<TestResult>,
    /// The verdicts on the recordings.
    pub replay: Replay,
    /// Which tasks have a scope.
    pub tasks: TasksEntry,
    /// What differs from the baseline.
    pub rows: Vec<ChangeRow>,
    /// What a review of it rests on.
    pub rests_on: RestsOn,
    baseline: Option<BaselineEntry>,
    policies: Vec<PolicyEntry>,
    evidence: ReplayEntry,
    /// The workspace's files and tests, by the names that they will have.
    members: BTreeMap<String, Vec<u8>>,
}

/// Why there is no bundle.
#[derive(Debug, Error, Diagnostic)]
pub enum BuildError {
    /// Gates that are not passed.
    #[error("{0} of the gates refuse")]
    #[diagnostic(help(
        "mend what they name, or waive a gate with a reason: `--waive GATE=REASON`"
    ))]
    Refused(usize),
    /// The archive cannot hold it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Archive(#[from] Refusal),
}

/// Why a candidate was not judged.
#[derive(Debug, Error, Diagnostic)]
pub enum JudgeError {
    /// The caller asked for it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The two sides have other calls.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Compared(#[from] OtherRecordings),
}

impl Candidate {
    /// Judges the texts of a workspace, tests included, on `loaded`, and compares them with `baseline`.
    ///
    /// # Errors
    /// If `progress`, which is told the number of sessions done, said so.
    pub fn judge(
        texts: Vec<(Utf8PathBuf, String)>,
        loaded: &Loaded,
        baseline: Option<&Verified>,
        progress: &(dyn Fn(u32) -> ControlFlow<()> + Sync),
    ) -> Result<Self, JudgeError> {
        let members = members(&texts);
        let workspace = content::workspace(texts.clone());
        let suite = Suite::of_texts(&workspace, &texts);
        let (replay, verdicts) = replay_verdicts(&workspace, loaded, progress)?;
        let results = run(&workspace, &verdicts, &suite);
        let policies = content::policies(&workspace);
        let evidence = replayed(&replay, loaded);
        let listed = listed(&members);
        let of_candidate = Texts { policies: &policies, others: others(&listed) };
        let mut rows = changed_calls(&replay, loaded, baseline, progress)?;
        let of_baseline = baseline.map(|baseline| baseline.texts());
        rows.extend(of_texts(of_baseline.as_ref(), &of_candidate));
        let rests_on = RestsOn {
            content: content::digests(&workspace),
            corpus: corpus(&loaded.recordings),
            result: evidence.result.clone(),
            baseline: baseline.map(|baseline| baseline.digest.clone()),
        };
        let baseline = baseline.map(|baseline| BaselineEntry {
            manifest: baseline.digest.clone(),
            sequence: baseline.manifest.sequence,
        });
        let tasks = content::tasks(&workspace, evidence.counts.unscoped);
        Ok(Self {
            workspace,
            suite,
            results,
            replay,
            tasks,
            rows,
            rests_on,
            baseline,
            policies,
            evidence,
            members,
        })
    }

    /// The signed bundle. `review` is kept in it.
    ///
    /// # Errors
    /// If a gate is neither passed nor waived, or the archive cannot hold what is in it.
    pub fn build(
        &self,
        gates: &[GateResult],
        review: Option<&Review>,
        expires: Option<Timestamp>,
        key: &SecretKey,
    ) -> Result<Vec<u8>, BuildError> {
        let refusing = gates.iter().filter(|gate| !gate.passes()).count();
        if refusing > 0 {
            return Err(BuildError::Refused(refusing));
        }
        let mut archive = Archive::default();
        for (name, bytes) in &self.members {
            archive.add(name, bytes.clone())?;
        }
        if let Some(review) = review {
            archive.add(REVIEW, review.to_bytes())?;
        }
        let manifest = self.manifest(gates, expires, &archive).to_bytes();
        let envelope = seal(&manifest, key);
        archive.add(MANIFEST, manifest)?;
        archive.add(ENVELOPE, envelope)?;
        Ok(archive.write()?)
    }

    fn manifest(
        &self,
        gates: &[GateResult],
        expires: Option<Timestamp>,
        archive: &Archive,
    ) -> Manifest {
        let config = &self.workspace.config;
        Manifest {
            format: FORMAT,
            name: config.name.clone(),
            description: config.description.clone(),
            sequence: self.baseline.as_ref().map_or(1, |baseline| baseline.sequence + 1),
            baseline: self.baseline.clone(),
            expires,
            built: content::built(),
            digests: self.rests_on.content.clone(),
            policies: self.policies.clone(),
            tasks: self.tasks.clone(),
            replay: self.evidence.clone(),
            tests: self.tests(),
            gates: gates.iter().map(GateResult::entry).collect(),
            members: archive.members().map(|(name, bytes)| Member::of(name, bytes)).collect(),
        }
    }

    fn tests(&self) -> TestsEntry {
        let is_call = |expected: &Expected| matches!(expected, Expected::Call(_));
        let (calls, requests): (Vec<_>, Vec<_>) =
            self.suite.tests.iter().partition(|test| is_call(&test.expected));
        let is_passed = |result: &&TestResult| result.outcome == Outcome::Passed;
        let passed = self.results.iter().filter(is_passed).count();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        TestsEntry {
            calls: count(calls.len()),
            requests: count(requests.len()),
            failed: count(self.results.len() - passed + self.suite.broken.len()),
        }
    }
}

impl Member {
    /// The entry of a member.
    #[must_use]
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), bytes: bytes.len() as u64, digest: of_bytes(bytes) }
    }
}

/// The calls that change against the baseline, or against nothing permitted.
fn changed_calls(
    candidate: &Replay,
    loaded: &Loaded,
    baseline: Option<&Verified>,
    progress: &(dyn Fn(u32) -> ControlFlow<()> + Sync),
) -> Result<Vec<ChangeRow>, JudgeError> {
    let done = u32::try_from(loaded.recordings.len()).unwrap_or(u32::MAX);
    let before = match baseline {
        Some(baseline) => replay(&baseline.workspace, &loaded.recordings, &|_| progress(done))?,
        None => nothing_permitted(candidate),
    };
    let changes = changes(&before, candidate, &loaded.recordings)?;
    Ok(of_calls(&changes, candidate, &loaded.recordings))
}

pub(crate) fn listed(members: &BTreeMap<String, Vec<u8>>) -> Vec<Member> {
    members.iter().map(|(name, bytes)| Member::of(name, bytes)).collect()
}

/// The workspace's files that are not policies, with their digests.
pub(crate) fn others(members: &[Member]) -> Vec<(&str, &str)> {
    let is_policies = |name: &str| name.ends_with(".cedar") || name.ends_with(".dw");
    let files = members
        .iter()
        .filter_map(|member| Some((member.name.strip_prefix(WORKSPACE)?, member.digest.as_str())));
    files.filter(|(name, _)| !is_policies(name)).collect()
}

fn members(texts: &[(Utf8PathBuf, String)]) -> BTreeMap<String, Vec<u8>> {
    let member = |(path, text): &(Utf8PathBuf, String)| {
        (format!("{WORKSPACE}{path}"), text.clone().into_bytes())
    };
    texts.iter().map(member).collect()
}

//! Verifying: is a file a bundle that somebody trusted built, and is it right?
//!
//! It needs nothing but the bytes and public keys. First the form, then the signature, then what is signed, then
//! what is in it: the first reason not to accept it ends the work. Nothing is unpacked, nothing is written.

use crate::archive::Archive;
use crate::candidate::{REVIEW, others};
use crate::change::Texts;
use crate::content;
use crate::digest::of_bytes;
use crate::envelope::{self, ENVELOPE};
use crate::evidence::replayed;
use crate::gate::said;
use crate::key::PublicKey;
use crate::manifest::{Gate, GateEntry, MANIFEST, Manifest, Member, WORKSPACE};
use crate::refusal::{Refusal, RefusalCode};
use crate::review::{RestsOn, Review};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use remit_policy::{FileKind, Severity, Workspace};
use remit_replay::replay_verdicts;
use remit_review::{Expected, Outcome, Suite, is_tests, run};
use remit_session::Loaded;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Whom and what we trust.
#[derive(Debug, Clone)]
pub struct Trust<'a> {
    /// Any of these may have signed.
    pub keys: &'a [PublicKey],
    /// The time now.
    pub now: Timestamp,
    /// The earliest place in the line that is still good.
    pub at_least: Option<u64>,
    /// Whether gates may have been waived.
    pub waivers: Waivers,
    /// The recordings, to judge them again; without them, what was counted is believed.
    pub recordings: Option<&'a Loaded>,
}

/// Whether gates may have been waived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waivers {
    /// They may, and the manifest says why.
    Accepted,
    /// None may.
    Refused,
}

/// A bundle that is what it says.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What it says.
    pub manifest: Manifest,
    /// The digest of the manifest, by which bundles are named.
    pub digest: String,
    /// Who signed.
    pub key: PublicKey,
    /// The workspace in it.
    pub workspace: Workspace,
    /// Who accepted what.
    pub review: Option<Review>,
    /// Tests that ran again.
    pub tests_run: u32,
    /// All its members.
    pub archive: Archive,
}

/// Verifies a bundle.
///
/// # Errors
/// The first reason not to accept it.
pub fn verify(bytes: &[u8], trust: &Trust<'_>) -> Result<Verified, Refusal> {
    let archive = Archive::read(bytes)?;
    let manifest_bytes = member(&archive, MANIFEST)?;
    let key = envelope::open(member(&archive, ENVELOPE)?, manifest_bytes, trust.keys)?;
    let manifest = Manifest::read(manifest_bytes)?;
    members_match(&archive, &manifest)?;
    still_good(&manifest, trust)?;
    gates_hold(&manifest.gates, trust.waivers)?;
    let texts = texts(&archive)?;
    let workspace = content::workspace(texts.clone());
    is_valid(&workspace, &manifest)?;
    says_what_is(&workspace, &manifest)?;
    let review = review(&archive, &manifest)?;
    let tests_run = tests_hold(&workspace, &texts, &manifest, trust.recordings)?;
    let digest = of_bytes(manifest_bytes);
    Ok(Verified { manifest, digest, key, workspace, review, tests_run, archive })
}

impl Verified {
    /// The workspace's files and tests, by their paths in the workspace.
    #[must_use]
    pub fn files(&self) -> Vec<(Utf8PathBuf, String)> {
        // It was verified that these are texts.
        texts(&self.archive).unwrap_or_default()
    }

    pub(crate) fn texts(&self) -> Texts<'_> {
        Texts { policies: &self.manifest.policies, others: others(&self.manifest.members) }
    }
}

fn member<'a>(archive: &'a Archive, name: &str) -> Result<&'a [u8], Refusal> {
    archive.get(name).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Refusal {
    let message = format!("`{}` is not in it", name.escape_debug());
    Refusal::new(RefusalCode::MissingMember, message)
}

/// The manifest lists every other member, by its digest, and nothing else.
fn members_match(archive: &Archive, manifest: &Manifest) -> Result<(), Refusal> {
    let is_listed = |name: &str| ![MANIFEST, ENVELOPE].contains(&name);
    let there: Vec<Member> = archive
        .members()
        .filter(|(name, _)| is_listed(name))
        .map(|(name, bytes)| Member::of(name, bytes))
        .collect();
    for listed in &manifest.members {
        let found = there.iter().find(|member| member.name == listed.name);
        let found = found.ok_or_else(|| missing(&listed.name))?;
        if found != listed {
            let message = format!("`{}` is not what was signed", listed.name.escape_debug());
            return Err(Refusal::new(RefusalCode::OtherMember, message));
        }
    }
    let listed: BTreeSet<&str> = manifest.members.iter().map(|m| m.name.as_str()).collect();
    if let Some(extra) = there.iter().find(|member| !listed.contains(member.name.as_str())) {
        let message = format!("the manifest does not list `{}`", extra.name.escape_debug());
        return Err(Refusal::new(RefusalCode::UnlistedMember, message));
    }
    match there == manifest.members {
        true => Ok(()),
        false => Err(other("the manifest lists a member twice, or not in its place")),
    }
}

fn still_good(manifest: &Manifest, trust: &Trust<'_>) -> Result<(), Refusal> {
    if let Some(expires) = manifest.expires.filter(|expires| *expires <= trust.now) {
        return Err(Refusal::new(RefusalCode::Expired, format!("it was good until {expires}")));
    }
    let after = manifest.baseline.as_ref().map_or(Some(1), |b| b.sequence.checked_add(1));
    if after != Some(manifest.sequence) {
        return Err(other("its place in the line does not follow from its baseline"));
    }
    match trust.at_least.filter(|least| manifest.sequence < *least) {
        Some(least) => {
            let message =
                format!("it is bundle {} of its line, and {least} is asked for", manifest.sequence);
            Err(Refusal::new(RefusalCode::Superseded, message))
        }
        None => Ok(()),
    }
}

/// Every gate is there, and was passed or waived with a reason.
fn gates_hold(gates: &[GateEntry], waivers: Waivers) -> Result<(), Refusal> {
    let refused = |message: String| Err(Refusal::new(RefusalCode::GateNotPassed, message));
    if !gates.iter().map(|entry| entry.gate).eq(Gate::ALL) {
        return refused("the manifest does not name every gate once".to_owned());
    }
    for entry in gates {
        let gate = entry.gate.word();
        match (entry.reasons, entry.waived.as_deref().map(str::trim)) {
            (0, None) => {}
            (0, Some(_)) => return refused(format!("gate `{gate}` is waived without need")),
            (_, None | Some("")) => return refused(format!("gate `{gate}` was not passed")),
            (_, Some(why)) if waivers == Waivers::Refused => {
                return refused(format!("gate `{gate}` was waived: {}", why.escape_debug()));
            }
            (_, Some(_)) => {}
        }
    }
    Ok(())
}

/// The workspace's files; a member that has no meaning is refused.
fn texts(archive: &Archive) -> Result<Vec<(Utf8PathBuf, String)>, Refusal> {
    let mut texts = Vec::new();
    for (name, bytes) in archive.members() {
        match name.strip_prefix(WORKSPACE).map(Utf8Path::new) {
            Some(path) if is_of_workspace(path) => {
                let text = String::from_utf8(bytes.to_vec())
                    .map_err(|_| other(format!("`{}` is not UTF-8", name.escape_debug())))?;
                texts.push((path.to_owned(), text));
            }
            None if [MANIFEST, ENVELOPE, REVIEW].contains(&name) => {}
            Some(_) | None => {
                return Err(other(format!("`{}` has no meaning in a bundle", name.escape_debug())));
            }
        }
    }
    Ok(texts)
}

fn is_of_workspace(path: &Utf8Path) -> bool {
    is_tests(path) || FileKind::of(path).is_some_and(|kind| kind != FileKind::Unsupported)
}

fn is_valid(workspace: &Workspace, manifest: &Manifest) -> Result<(), Refusal> {
    let errors = workspace.findings.iter().filter(|f| f.severity == Severity::Error);
    match errors.map(said).next() {
        Some(first) if !is_waived(manifest, Gate::Valid) => {
            let message = format!("it does not validate here: {first}");
            Err(Refusal::new(RefusalCode::Invalid, message))
        }
        _ => Ok(()),
    }
}

fn is_waived(manifest: &Manifest, gate: Gate) -> bool {
    manifest.waived().any(|(waived, _)| waived == gate)
}

/// What the manifest says of the workspace is what is found in it.
fn says_what_is(workspace: &Workspace, manifest: &Manifest) -> Result<(), Refusal> {
    let tasks = content::tasks(workspace, manifest.tasks.unscoped_sessions);
    let config = &workspace.config;
    let checked = [
        ("the name", config.name == manifest.name && config.description == manifest.description),
        ("the digests", content::digests(workspace) == manifest.digests),
        ("the policies", content::policies(workspace) == manifest.policies),
        ("the tasks", tasks == manifest.tasks),
        (
            "the sessions without a scope",
            manifest.replay.counts.unscoped == tasks.unscoped_sessions,
        ),
    ];
    match checked.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => {
            Err(other(format!("{what} in the manifest are not those of the workspace in it")))
        }
        None => Ok(()),
    }
}

/// A review that lets changes pass must be of this bundle.
fn review(archive: &Archive, manifest: &Manifest) -> Result<Option<Review>, Refusal> {
    let Some(bytes) = archive.get(REVIEW) else {
        // Whether a later bundle differs from its baseline is not seen here; a first one always does.
        return match manifest.baseline.is_some() || is_waived(manifest, Gate::Changes) {
            true => Ok(None),
            false => Err(other("it is the first of its line, and nobody accepted what is in it")),
        };
    };
    let review = Review::read(bytes).map_err(|error| {
        Refusal::new(RefusalCode::Unreadable, format!("`{REVIEW}` cannot be read: {error}"))
    })?;
    let stale = review.stale(&rests_on(manifest));
    if let Some(first) = stale.first().filter(|_| !is_waived(manifest, Gate::Changes)) {
        return Err(other(format!("the review in it is of something else: {first}")));
    }
    if review.is_by_one_person() && !is_waived(manifest, Gate::Separation) {
        return Err(other("one person wrote and approved, and the manifest does not say so"));
    }
    Ok(Some(review))
}

fn rests_on(manifest: &Manifest) -> RestsOn {
    RestsOn {
        content: manifest.digests.clone(),
        corpus: manifest.replay.corpus.clone(),
        result: manifest.replay.result.clone(),
        baseline: manifest.baseline.as_ref().map(|baseline| baseline.manifest.clone()),
    }
}

/// Runs the tests again that need no recording; with the recordings, all of them, and the replay too.
fn tests_hold(
    workspace: &Workspace,
    texts: &[(Utf8PathBuf, String)],
    manifest: &Manifest,
    recordings: Option<&Loaded>,
) -> Result<u32, Refusal> {
    let mut suite = Suite::of_texts(workspace, texts);
    let is_request = |expected: &Expected| matches!(expected, Expected::Request(_));
    let requests = suite.tests.iter().filter(|test| is_request(&test.expected)).count();
    let calls = suite.tests.len() - requests;
    let told = (manifest.tests.calls as usize, manifest.tests.requests as usize);
    if told != (calls, requests) {
        return Err(other("the tests in the manifest are not those of the workspace in it"));
    }
    if recordings.is_none() {
        suite.tests.retain(|test| is_request(&test.expected));
    }
    let nothing = Loaded::default();
    let go_on = |_| ControlFlow::Continue(());
    let loaded = recordings.unwrap_or(&nothing);
    let (replay, verdicts) = replay_verdicts(workspace, loaded, &go_on)
        .map_err(|error| other(format!("the tests could not be run: {error}")))?;
    let results = run(workspace, &verdicts, &suite);
    if recordings.is_some() && replayed(&replay, loaded) != manifest.replay {
        return Err(other(
            "these recordings, or the verdicts on them, are not those of the manifest",
        ));
    }
    let failed = suite.tests.iter().zip(&results).find(|(_, r)| r.outcome != Outcome::Passed);
    let failed = failed.map(|(test, _)| format!("{}: {}", test.file, test.name));
    let broken = suite.broken.first().map(|broken| format!("{}: {}", broken.file, broken.message));
    match failed.or(broken) {
        Some(test) if !is_waived(manifest, Gate::Tests) => {
            let message = format!("a test fails here: {}", test.escape_debug());
            Err(Refusal::new(RefusalCode::TestFails, message))
        }
        _ => Ok(u32::try_from(results.len()).unwrap_or(u32::MAX)),
    }
}

fn other(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::OtherContent, message)
}

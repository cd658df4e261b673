//! Bundles: what the gates refuse (`suite/bundle/gates.toml`), which files are no bundle
//! (`suite/bundle/tampering.toml`), and that no text of a recording is in one.

mod edit;

use crate::report;
use camino::{Utf8Path, Utf8PathBuf};
use edit::{Edit, Keys};
use jiff::Timestamp;
use libtest_mimic::{Failed, Trial};
use remit_api::bundle::{
    Accept, Archive, Candidate, Gate, Review, Reviewer, SecretKey, Trust, Verified, Waivers, gates,
    manifest_schema, texts_on_disk, verify,
};
use remit_api::policy::Workspace;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// When every bundle here is verified.
const NOW: &str = "2026-06-01T00:00:00Z";

pub(crate) fn trials(suite: &Path) -> Vec<Trial> {
    let suite = Utf8PathBuf::from_path_buf(suite.to_owned()).unwrap();
    let keys = Arc::new(Keys::new());
    let fresh = Arc::new(fresh(&suite.join("desk"), &keys.trusted));
    let tampering: Cases<Tampering> = read(&suite.join("tampering.toml"));
    let refused = tampering.case.iter().filter(|case| case.refused.is_some()).count();
    assert!(refused >= 40, "{refused} of the cases are refused");
    let mut trials: Vec<Trial> = Vec::new();
    for case in tampering.case {
        let (fresh, keys) = (Arc::clone(&fresh), Arc::clone(&keys));
        trials.push(Trial::test(format!("bundle/tampering/{}", case.name), move || {
            case.check(&fresh, &keys)
        }));
    }
    let cases: Cases<GateCase> = read(&suite.join("gates.toml"));
    for case in cases.case {
        let desk = suite.join("desk");
        trials.push(Trial::test(format!("bundle/gates/{}", case.name), move || case.check(&desk)));
    }
    let schema = suite.join("manifest.schema.json");
    trials.push(Trial::test("bundle/schema", move || {
        let manifest = Archive::read(&fresh)?.get("manifest.json").map(serde_json::from_slice);
        report::obeys(&manifest_schema(), &manifest.unwrap()?)?;
        report::same(schema.as_std_path(), &report::pretty(&manifest_schema()))
    }));
    let secrets = suite.join("desk");
    trials.push(Trial::test("bundle/no-text-of-a-recording", move || no_text(&secrets)));
    trials
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases<T> {
    case: Vec<T>,
}

fn read<T: serde::de::DeserializeOwned>(file: &Utf8Path) -> T {
    toml::from_str(&fs::read_to_string(file).unwrap()).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// A file that is no bundle, or one that is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tampering {
    name: String,
    edit: Vec<Edit>,
    refused: Option<String>,
    says: Option<String>,
    #[serde(default = "trusted")]
    trust: Vec<String>,
    at_least: Option<u64>,
    waivers: Option<String>,
}

fn trusted() -> Vec<String> {
    vec!["trusted".to_owned()]
}

impl Tampering {
    fn check(&self, fresh: &[u8], keys: &Keys) -> Result<(), Failed> {
        let bytes = edit::apply(fresh, &self.edit, keys);
        let trusted = Vec::from_iter(self.trust.iter().map(|name| keys.named(name).public()));
        let waivers = match self.waivers.as_deref() {
            Some("refused") => Waivers::Refused,
            _ => Waivers::Accepted,
        };
        let at_least = self.at_least;
        let trust = Trust { keys: &trusted, now: now(), at_least, waivers, recordings: None };
        let got = verify(&bytes, &trust);
        match (&self.refused, got) {
            (None, Ok(_)) => Ok(()),
            (None, Err(refusal)) => Err(format!("refused: {refusal}").into()),
            (Some(code), Ok(_)) => Err(format!("accepted, and should be {code}").into()),
            (Some(code), Err(refusal)) => {
                let says = self.says.as_deref().unwrap_or_default();
                let right = refusal.code.word() == *code && refusal.message.contains(says);
                let control = refusal.message.chars().any(char::is_control);
                match right && !control {
                    true => Ok(()),
                    false => Err(format!("expected {code} with `{says}`, got {refusal}").into()),
                }
            }
        }
    }
}

/// A workspace and what lets it pass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateCase {
    name: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    after_review: BTreeMap<String, String>,
    /// Compared with a bundle of the workspace as it was.
    #[serde(default)]
    baseline: bool,
    #[serde(default)]
    review: How,
    #[serde(default)]
    waive: Vec<String>,
    #[serde(default)]
    refuses: BTreeMap<String, Vec<String>>,
}

/// Who accepts what.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum How {
    #[default]
    All,
    None,
    NewlyAllowed,
    SamePerson,
}

impl GateCase {
    fn check(&self, desk: &Utf8Path) -> Result<(), Failed> {
        let key = SecretKey::generate().unwrap();
        let baseline = self.baseline.then(|| verified(&fresh(desk, &key), &key));
        let folder = copied(desk);
        let root = Utf8Path::from_path(folder.path()).unwrap();
        write(root, &self.files);
        self.remove.iter().for_each(|file| fs::remove_file(root.join(file)).unwrap());
        let review = self.review.review(&candidate(root, baseline.as_ref()));
        write(root, &self.after_review);
        let candidate = candidate(root, baseline.as_ref());
        let waivers: BTreeMap<Gate, String> =
            self.waive.iter().map(|gate| (Gate::of(gate).unwrap(), "a reason".into())).collect();
        let results = gates(&candidate, review.as_ref(), &waivers);
        for result in &results {
            let expected = self.refuses.get(result.gate.word()).cloned().unwrap_or_default();
            let got = if result.passes() { &[][..] } else { &result.reasons };
            let fits = expected.len() == got.len()
                && expected.iter().zip(got).all(|(part, reason)| reason.contains(part.as_str()));
            if !fits {
                return Err(format!(
                    "{}: expected {expected:#?}, got {got:#?}",
                    result.gate.word()
                )
                .into());
            }
        }
        let built = candidate.build(&results, review.as_ref(), None, &key);
        if built.is_ok() != self.refuses.is_empty() {
            return Err(format!("built: {built:?}").into());
        }
        let Ok(bytes) = built else { return Ok(()) };
        let again = verified(&bytes, &key);
        let waived: Vec<&str> = again.manifest.waived().map(|(gate, _)| gate.word()).collect();
        let expected = results.iter().filter(|r| r.waived.is_some()).map(|r| r.gate.word());
        assert_eq!(waived, Vec::from_iter(expected));
        Ok(())
    }
}

impl How {
    fn review(&self, candidate: &Candidate) -> Option<Review> {
        let mut by =
            Reviewer { author: "Ann".into(), approver: "Bob".into(), ..Reviewer::default() };
        let accept = match self {
            How::None => return None,
            How::All => Accept::All,
            How::NewlyAllowed => Accept::of("newly-allowed"),
            How::SamePerson => {
                by.approver = "Ann".into();
                by.same_person = Some("nobody else is there".into());
                Accept::All
            }
        };
        let rests_on = candidate.rests_on.clone();
        Some(Review::new(by, rests_on, &candidate.rows, &[accept]).unwrap())
    }
}

/// Recordings full of a word that must not get out: as arguments, results, goals, names of tools, agents,
/// tasks, sessions and files.
fn no_text(desk: &Utf8Path) -> Result<(), Failed> {
    const WORD: &str = "xyzzy";
    let folder = copied(desk);
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let recording = "session WORD-session\ntask WORD-task\nagent WORD-agent\nuser: WORD, please.\ncall pay id=WORD-id: {\"to\":\"WORD\",\"amount\":4.8,\"WORD\":1}\nresult: WORD\ncall WORD_tool: {\"a\":\"WORD\"}\nresult failed: WORD\n";
    fs::write(root.join(format!("sessions/{WORD}.session")), recording.replace("WORD", WORD))
        .unwrap();
    let candidate = candidate(root, None);
    assert!(candidate.replay.sessions.iter().any(|s| s.task.as_deref() == Some("xyzzy-task")));
    let key = SecretKey::generate().unwrap();
    let bytes = built(&candidate, &key);
    let mut texts = vec![String::from_utf8_lossy(&bytes).into_owned()];
    let archive = Archive::read(&bytes).unwrap();
    texts.push(edit::payload(archive.get("bundle.dsse.json").unwrap()).to_string());
    match texts.iter().any(|text| text.to_lowercase().contains(WORD)) {
        true => Err("a text of a recording is in the bundle".into()),
        false => Ok(()),
    }
}

/// A bundle of the workspace, reviewed; one session needs no scope.
fn fresh(desk: &Utf8Path, key: &SecretKey) -> Vec<u8> {
    built(&candidate(desk, None), key)
}

fn built(candidate: &Candidate, key: &SecretKey) -> Vec<u8> {
    let review = How::All.review(candidate);
    let waivers = BTreeMap::from([(Gate::Scopes, "the chat needs no scope".to_owned())]);
    let results = gates(candidate, review.as_ref(), &waivers);
    candidate
        .build(&results, review.as_ref(), None, key)
        .unwrap_or_else(|e| panic!("{e}: {results:#?}"))
}

fn verified(bytes: &[u8], key: &SecretKey) -> Verified {
    let trusted = [key.public()];
    let waivers = Waivers::Accepted;
    let trust = Trust { keys: &trusted, now: now(), at_least: None, waivers, recordings: None };
    verify(bytes, &trust).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn candidate(root: &Utf8Path, baseline: Option<&Verified>) -> Candidate {
    let workspace = Workspace::load(root).unwrap();
    let texts = texts_on_disk(&workspace).unwrap();
    let go_on = &mut |_| ControlFlow::Continue(());
    let loaded = remit_api::load_recordings(&workspace, &[], None, go_on).unwrap();
    Candidate::judge(texts, &loaded, baseline, &|_| ControlFlow::Continue(())).unwrap()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn copied(folder: &Utf8Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_into(folder, Utf8Path::from_path(copy.path()).unwrap());
    copy
}

fn copy_into(folder: &Utf8Path, to: &Utf8Path) {
    fs::create_dir_all(to).unwrap();
    for entry in folder.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_into(entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn write(root: &Utf8Path, files: &BTreeMap<String, String>) {
    for (file, text) in files {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

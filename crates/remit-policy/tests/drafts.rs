//! Laws of drafts, on the shipped workspaces and the cases, with random edits from a fixed seed.
//!
//! The slow way is the oracle: what [`Workspace::with_texts`] makes of a text is what loading makes of
//! it once it is saved, and [`check_text`] finds the same whether or not the policies are known.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::{
    FileKind, Finding, FindingCode, Layer, Severity, Workspace, check_text, render,
};

/// The seeds of a workspace's edits: more where there is more to edit, and others for each case.
fn seeds(folder: &Utf8Path) -> std::ops::Range<u64> {
    let start = folder.file_name().unwrap().bytes().map(u64::from).sum::<u64>() * 1_000;
    start..start + if folder.starts_with(here().join("tests/cases")) { 1 } else { 12 }
}

#[test]
fn a_draft_is_what_loading_makes_of_the_saved_text() {
    let (mut same, mut refused) = (0, 0);
    for folder in workspaces() {
        let copy = Copy::of(&folder);
        let mut state = copy.load();
        let saved = state.clone();
        for seed in seeds(&folder) {
            let mut random = Random(seed);
            let (path, text) = edit(&state, &mut random);
            let on_disk = fs::read_to_string(copy.path().join(&path)).ok();
            copy.write(&path, &text);
            let loaded = copy.load();
            match state.with_texts(&[(path.clone(), text.clone())]) {
                Ok(draft) => {
                    same += 1;
                    assert_same(&draft, &loaded, &format!("{folder} seed {seed} {path}\n{text}"));
                    // Drafts of drafts, as an author goes on typing.
                    state = draft;
                }
                Err(unclear) => {
                    refused += 1;
                    assert!(
                        !loaded.is_valid(),
                        "{folder} seed {seed}: {}",
                        render::plain(&unclear)
                    );
                    for finding in &unclear {
                        assert_eq!(finding.severity, Severity::Error);
                        assert!(loaded.findings.contains(finding), "{}", render::plain(&unclear));
                    }
                    match on_disk {
                        Some(text) => copy.write(&path, &text),
                        None => fs::remove_file(copy.path().join(&path)).unwrap(),
                    }
                }
            }
        }
        // All at once is the same as one after the other, and going back is going back.
        let Ok(back) = state.with_texts(&texts(&saved)) else {
            continue;
        };
        let back: BTreeMap<_, _> = shape(&back.guardrails);
        let kept = shape(&saved.guardrails);
        assert!(kept.iter().all(|(id, text)| back.get(id) == Some(text)), "{folder}");
    }
    assert!(same > 30 && refused > 20, "{same} drafts were judged, {refused} were refused");
}

#[test]
fn a_draft_is_checked_as_if_nothing_was_known() {
    let mut findings = 0;
    for folder in workspaces() {
        let copy = Copy::of(&folder);
        let workspace = copy.load();
        let mut without = BTreeMap::new();
        for seed in seeds(&folder) {
            let (path, text) = edit(&workspace, &mut Random(seed));
            let fast = check_text(&workspace, &path, &text);
            let unknown = without.entry(path.clone()).or_insert_with(|| copy.load_emptying(&path));
            let slow = check_text(unknown, &path, &text);
            let json = |found: &[Finding]| serde_json::to_string_pretty(found).unwrap();
            assert_eq!(json(&fast), json(&slow), "{folder} seed {seed} {path}\n{text}");
            findings += fast.len();
        }
    }
    assert!(findings > 30, "only {findings} findings were compared");
}

#[test]
fn a_draft_shares_what_it_does_not_change() {
    let copy = Copy::of(&shipped("coding-agent"));
    let workspace = copy.load();
    let scopes = |workspace: &Workspace| -> Vec<*const Layer> {
        workspace.scopes.iter().map(|scope| &raw const *scope.layer).collect()
    };
    let path = Utf8PathBuf::from("guardrails/new.cedar");
    let text = "@id(\"new\") forbid (principal, action, resource);".to_owned();
    let draft = workspace.with_texts(&[(path, text)]).unwrap();
    assert_eq!(scopes(&workspace), scopes(&draft));
    assert_ne!(workspace.digests().guardrails, draft.digests().guardrails);
    assert_eq!(workspace.digests().scopes, draft.digests().scopes);
    let same = workspace.with_texts(&texts(&workspace)).unwrap();
    assert!(std::ptr::eq(&raw const *same.guardrails, &raw const *workspace.guardrails));
    assert_eq!(same.findings, workspace.findings);
    assert_eq!(same.digests(), workspace.digests());
}

#[test]
fn a_new_scope_file_is_a_task_at_once() {
    let copy = Copy::of(&shipped("payments-desk"));
    copy.write("scopes/scopes.toml".into(), "[[task]]\nname = \"late\"\nfiles = [\"new.cedar\"]\n");
    let workspace = copy.load();
    assert!(workspace.findings.iter().any(|found| found.code == FindingCode::MissingScopeFile));
    let path = Utf8PathBuf::from("scopes/new.cedar");
    let text = "@id(\"new\") permit (principal, action, resource);".to_owned();
    let draft = workspace.with_texts(&[(path, text)]).unwrap();
    assert!(draft.scopes.iter().any(|scope| scope.task == "late"));
    assert!(draft.scopes.iter().all(|scope| scope.task != "new"), "no task of its own name");
    assert!(draft.is_valid());
}

#[test]
fn texts_of_other_files_are_not_looked_at() {
    let workspace = Copy::of(&shipped("payments-desk")).load();
    let others = [
        "schema.cedarschema",
        "README.md",
        "guardrails/.hidden.cedar",
        "../guardrails/x.cedar",
        "guardrails/x.txt",
    ];
    let drafts = others.map(|path| (Utf8PathBuf::from(path), "oops".to_owned()));
    let draft = workspace.with_texts(&drafts).unwrap();
    assert_eq!(draft.digests(), workspace.digests());
    assert_eq!(draft.files.len(), workspace.files.len());
}

/// A draft knows all that loading knows, except what the validator says about its files.
fn assert_same(draft: &Workspace, loaded: &Workspace, what: &str) {
    assert_eq!(draft.digests(), loaded.digests(), "{what}");
    let files = |workspace: &Workspace| -> Vec<_> {
        workspace.files.iter().map(|f| (f.path.clone(), f.kind, f.text.clone())).collect()
    };
    assert_eq!(files(draft), files(loaded), "{what}");
    assert_layer(&draft.guardrails, &loaded.guardrails, what);
    assert_eq!(draft.scopes.len(), loaded.scopes.len(), "{what}");
    for (one, other) in draft.scopes.iter().zip(&loaded.scopes) {
        assert_eq!((&one.task, &one.files), (&other.task, &other.files), "{what}");
        assert_layer(&one.layer, &other.layer, what);
    }
    let unknown: Vec<_> =
        draft.findings.iter().filter(|found| !loaded.findings.contains(found)).cloned().collect();
    assert!(unknown.is_empty(), "{what}\n{}", render::plain(&unknown));
    let of_validator = |found: &Finding| found.code >= FindingCode::UnknownEntityType;
    let missing: Vec<_> = loaded
        .findings
        .iter()
        .filter(|found| !of_validator(found) && !draft.findings.contains(found))
        .cloned()
        .collect();
    assert!(missing.is_empty(), "{what}\n{}", render::plain(&missing));
}

fn assert_layer(one: &Layer, other: &Layer, what: &str) {
    assert_eq!(format!("{:?}", one.policies), format!("{:?}", other.policies), "{what}");
    assert_eq!(one.links, other.links, "{what}");
    assert_eq!(shape(one), shape(other), "{what}");
    for policy in &one.policies {
        assert_eq!(one.policy(&policy.id).map(|found| found.line), Some(policy.line), "{what}");
    }
}

/// Every policy and template of the set by its id, as text.
fn shape(layer: &Layer) -> BTreeMap<String, String> {
    let in_force: BTreeSet<_> = layer.in_force().map(|policy| policy.id().to_string()).collect();
    let in_set: BTreeSet<_> =
        layer.set().policies().map(|policy| policy.id().to_string()).collect();
    assert_eq!(in_force, in_set);
    let policies =
        layer.set().policies().map(|policy| (policy.id().to_string(), policy.to_string()));
    let templates =
        layer.set().templates().map(|policy| (policy.id().to_string(), policy.to_string()));
    policies.chain(templates).collect()
}

fn texts(workspace: &Workspace) -> Vec<(Utf8PathBuf, String)> {
    let policies = workspace
        .files
        .iter()
        .filter(|file| matches!(file.kind, FileKind::Guardrails | FileKind::Scope));
    policies.map(|file| (file.path.clone(), file.text.to_string())).collect()
}

/// What an author may do to a file: change a policy, take it away, write it twice, rename it, put
/// one before it, swap two, leave something half-written; or begin a file.
fn edit(workspace: &Workspace, random: &mut Random) -> (Utf8PathBuf, String) {
    let texts = texts(workspace);
    let Some((path, text)) = random.one_of(&texts) else {
        return ("guardrails/new.cedar".into(), NEW[0].to_owned());
    };
    let places: Vec<_> = workspace
        .guardrails
        .policies
        .iter()
        .chain(workspace.scopes.iter().flat_map(|scope| &scope.layer.policies))
        .filter(|policy| policy.file == *path)
        .map(|policy| policy.span.clone())
        .collect();
    let span = random.one_of(&places).cloned().unwrap_or(0..0);
    let other = random.one_of(&places).cloned().unwrap_or(0..0);
    let new = *random.one_of(&NEW).unwrap();
    let part = |span: std::ops::Range<usize>| text.get(span).unwrap();
    let (before, policy, after) =
        (part(0..span.start), part(span.clone()), part(span.end..text.len()));
    let text = match random.below(12) {
        0 => format!("{before}{new}{after}"),
        1 => format!("{before}{after}"),
        2 => format!("{before}{policy}\n\n{policy}{after}"),
        3 => format!("{before}{new}\n{policy}{after}"),
        4 => format!("// é\n\n{text}"),
        5 => format!("{before}{}{after}", policy.replacen("@id(\"", "@id(\"x", 1)),
        6 => format!("{before}{}{after}", policy.trim_end_matches(';')),
        7 => format!("{before}{}{after}", part(other)),
        8 => format!("{before}  {policy}{after}"),
        9 => format!("{before}{}{after}", policy.replacen("permit", "forbid", 1)),
        10 => format!("{before}{}{after}", policy.replacen("context", "contexts", 1)),
        _ => {
            let number = random.below(3);
            let folder = if random.below(2) == 0 { "guardrails" } else { "scopes/deep" };
            return (format!("{folder}/new{number}.cedar").into(), new.to_owned());
        }
    };
    (path.clone(), text)
}

const NEW: [&str; 8] = [
    "@id(\"new\")\nforbid (principal, action, resource) when { context.session.step > 100 };",
    "permit (principal, action, resource);",
    "@id(\"new\") permit (principal, action, resource) when { context.nothing };",
    "@id(\"new~2\") permit (principal, action, resource); permit (principal, action, resource);",
    "@id(\"slot\") permit (principal == ?principal, action, resource);",
    "@id(\"strange\") permit (principal, action == Action::\"not there\", resource);",
    "@id(\"broken\") permit (principal, action",
    "// nothing but a comment",
];

/// Numbers from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len().max(1)))
    }
}

fn here() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shipped(name: &str) -> Utf8PathBuf {
    here().join("../../policies").join(name)
}

fn workspaces() -> BTreeSet<Utf8PathBuf> {
    let cases = here().join("tests/cases");
    let cases = cases.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
    let shipped = ["coding-agent", "mcp-files-memory", "payments-desk"].map(shipped);
    cases.chain(shipped).collect()
}

/// A workspace without its recordings, to write into.
struct Copy(tempfile::TempDir);

impl Copy {
    fn of(folder: &Utf8Path) -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        copy.write("guardrails/.keep".into(), "");
        for name in ["remit.toml", "schema.cedarschema", "entities.json", "guardrails", "scopes"] {
            copy.take(folder, Utf8Path::new(name));
        }
        copy
    }

    fn take(&self, folder: &Utf8Path, name: &Utf8Path) {
        let from = folder.join(name);
        if from.is_dir() {
            for entry in from.read_dir_utf8().unwrap() {
                self.take(folder, &name.join(entry.unwrap().file_name()));
            }
        } else if let Ok(bytes) = fs::read(&from) {
            fs::create_dir_all(self.path().join(name).parent().unwrap()).unwrap();
            fs::write(self.path().join(name), bytes).unwrap();
        }
    }

    fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    fn write(&self, path: &Utf8Path, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The workspace as it is when a file of it says nothing.
    fn load_emptying(&self, path: &Utf8Path) -> Workspace {
        let overlay = |file: &Utf8Path| (file == path).then(String::new);
        Workspace::load_with(self.path(), &overlay).unwrap()
    }

    fn load(&self) -> Workspace {
        Workspace::load(self.path()).unwrap()
    }
}

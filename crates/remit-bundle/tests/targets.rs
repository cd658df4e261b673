//! Every shipped workspace, exported for every target: what is lost is what the kept reports say, the
//! vectors cover every policy, and Cedar agrees with each of them once more, from the files alone.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{Policy, PolicyId, PolicySet};
use dogwood_language::parse_trace;
use dogwood_local_engine::{Clock, DurableConfig, DurableLog, DurableTemporalEngine, Outcome};
use remit_bundle::target::{
    Decided, Export, ExportError, Fate, Options, Side, StoreFidelity, Target, TraceVector,
    TraceVectors, Vector, Vectors, export,
};
use remit_policy::Workspace;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

fn root() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

fn shipped() -> Vec<Workspace> {
    let entries = root().read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 4, "the shipped workspaces are there");
    folders.iter().map(|folder| Workspace::load(folder).unwrap()).collect()
}

fn accepting() -> Options {
    Options { accept_degraded: Some("this is a test".to_owned()), ..Options::default() }
}

fn exported(workspace: &Workspace, target: Target) -> Export {
    export(workspace, target, &accepting())
        .unwrap_or_else(|error| panic!("{} for {target}: {error}", workspace.config.name))
}

#[test]
fn what_becomes_of_the_shipped_policies_is_what_the_reports_say() {
    let kept = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fidelity");
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for workspace in shipped() {
        for target in Target::ALL {
            let text = exported(&workspace, target).fidelity.to_text();
            let file = kept.join(format!("{}-{target}.txt", workspace.config.name));
            if update {
                fs::write(&file, &text).unwrap();
            } else if fs::read_to_string(&file).unwrap_or_default() != text {
                wrong.push(file);
            }
        }
    }
    assert!(wrong.is_empty(), "differ (UPDATE=1 rewrites them): {wrong:?}");
}

/// Loaded twice, so that nothing can depend on the order of a hash map.
#[test]
fn an_export_is_a_function_of_the_workspace() {
    let is_wanted = |w: &Workspace| ["history-desk", "payments-desk"].contains(&&*w.config.name);
    let wanted = || shipped().into_iter().filter(is_wanted);
    for (one, other) in wanted().zip(wanted()) {
        for target in Target::ALL {
            let (one, other) = (exported(&one, target), exported(&other, target));
            for (path, bytes) in one.files.iter() {
                assert!(other.files.get(path.as_str()) == Some(bytes), "{target}: {path} differs");
            }
        }
    }
}

/// What of a workspace's export for plain Cedar is read back.
struct Read {
    place: String,
    store: StoreFidelity,
    vectors: Vectors,
    text: PolicySet,
    json: PolicySet,
}

fn plain(workspace: &Workspace) -> Vec<Read> {
    let export = exported(workspace, Target::Cedar);
    let read = |store: &StoreFidelity| {
        let file = |name: &str| export.files.get(&format!("{}/{name}", store.folder)).unwrap();
        Read {
            place: format!("{} {}", workspace.config.name, store.store),
            store: store.clone(),
            vectors: serde_json::from_slice(file("vectors.json")).unwrap(),
            text: named(std::str::from_utf8(file("policies.cedar")).unwrap()),
            json: PolicySet::from_json_file(file("policies.json")).unwrap(),
        }
    };
    export.fidelity.stores.iter().map(read).collect()
}

/// The policies of a text under their `@id`.
fn named(text: &str) -> PolicySet {
    let set: PolicySet = text.parse().unwrap();
    let named = |policy: &Policy| policy.new_id(PolicyId::new(policy.annotation("id").unwrap()));
    PolicySet::from_policies(set.policies().map(named)).unwrap()
}

#[test]
fn both_sides_of_every_shipped_policy_have_vectors_that_cedar_agrees_with_and_that_notice_its_absence()
 {
    for Read { place, store, vectors, text, json } in shipped().iter().flat_map(plain) {
        assert!(store.uncovered.is_empty(), "{place}: {:?}", store.uncovered);
        assert!(vectors.disagreeing(&text).unwrap().is_empty(), "{place}");
        assert!(vectors.disagreeing(&json).unwrap().is_empty(), "{place}");
        for statement in &store.statements {
            let id = &statement.policy;
            for side in [Side::Satisfied, Side::Unsatisfied] {
                let has = |v: &&Vector| v.policy == *id && v.side == side;
                let vector = vectors.vectors.iter().find(has).unwrap();
                let decides = vector.reasons.contains(id);
                assert!(side == Side::Satisfied || !decides, "{place}: {}", vector.name);
            }
            let others = text.policies().filter(|p| p.id().to_string() != *id).cloned();
            let without = PolicySet::from_policies(others).unwrap();
            let noticed = !vectors.disagreeing(&without).unwrap().is_empty();
            assert!(noticed, "{place}: nothing notices that `{id}` is gone");
        }
    }
}

#[test]
fn losses_are_only_exported_with_a_reason() {
    let coding = shipped().into_iter().find(|w| w.config.name == "mcp-files-memory").unwrap();
    let refused = export(&coding, Target::AgentCore, &Options::default());
    let Err(ExportError::Degraded { policies, fidelity, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(policies.contains("`commit-only-on-own-branch`"), "{policies}");
    assert!(
        fidelity.losses().all(|(_, said)| said.fate >= Fate::Degraded && !said.notes.is_empty())
    );
}

#[test]
fn nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let out = Utf8Path::from_path(folder.path()).unwrap().join("out");
    let export = exported(shipped().first().unwrap(), Target::Cedar);
    export.files.write(&out).unwrap();
    for (path, bytes) in export.files.iter() {
        assert_eq!(fs::read(out.join(path)).unwrap(), bytes);
    }
    assert!(matches!(export.files.write(&out), Err(ExportError::NotEmpty { .. })));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside it");
}

/// The time that the engine sees, which the vectors say.
#[derive(Clone)]
struct Said(Arc<AtomicI64>);

impl Clock for Said {
    fn now_nanos(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A store of the engine with the files of an export, before anything happened.
fn store_of([policies, schema, events]: [&str; 3]) -> (DurableTemporalEngine, Said) {
    let clock = Said(Arc::new(AtomicI64::new(1_000_000_000_000_000_000)));
    let config = DurableConfig::new(0).with_clock(Box::new(clock.clone()));
    let log = DurableLog::ephemeral().unwrap();
    let mut engine =
        DurableTemporalEngine::open_with_log_config(log, "vectors".into(), config).unwrap();
    engine.install(policies, schema, Some(events), None).unwrap();
    (engine, clock)
}

/// What the engine decides about the last event of a vector.
fn last_decision(
    (engine, clock): &mut (DurableTemporalEngine, Said),
    vector: &TraceVector,
) -> bool {
    let mut last = None;
    for event in parse_trace(&vector.log.join("\n")).unwrap() {
        clock.0.store(event.timestamp() * 1_000_000_000, Ordering::SeqCst);
        last = Some(engine.submit(event.into_builder()).unwrap().outcome);
    }
    let Some(Outcome::Decision(decision)) = last else { panic!("{}", vector.name) };
    decision.allowed()
}

#[test]
fn dogwoods_own_engine_agrees_with_every_vector() {
    let mut count = 0;
    for workspace in shipped() {
        let export = exported(&workspace, Target::Dogwood);
        for store in &export.fidelity.stores {
            let read = |name: &str| {
                let bytes = export.files.get(&format!("{}/{name}", store.folder)).unwrap();
                std::str::from_utf8(bytes).unwrap()
            };
            let vectors: TraceVectors = serde_json::from_str(read("vectors.json")).unwrap();
            let files = ["policies.dw", "schema.cedarschema", "events.dwschema"].map(read);
            let asks = files.first().unwrap().contains("temporal");
            let mut engine = store_of(files);
            for vector in &vectors.vectors {
                // Where policies ask for history, none may see another vector's.
                if asks {
                    engine = store_of(files);
                }
                let allow = vector.decision == Decided::Allow;
                let place = format!("{} {}", workspace.config.name, vector.name);
                assert_eq!(last_decision(&mut engine, vector), allow, "{place}: {:?}", vector.log);
                count += 1;
            }
        }
    }
    println!("{count} vectors");
    assert!(count > 100, "only {count} vectors");
}

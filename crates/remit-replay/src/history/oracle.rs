//! The batch engine against Dogwood's own corpus and interpreter.
//!
//! The corpus is read from where cargo keeps the sources of the crate: its feature that embeds it would
//! have the crate compiled twice.

use super::NotCompiled;
use super::trace::Trace;
use dogwood_language::{
    Authorizer, Decision, Event, InMemoryTemporalEngine, LoweredPolicySet, ParsedPolicySet,
    PolicySchema, ServiceSchema, TemporalBindings, TemporalEngine, TemporalField,
    UNPINNED_EVENT_SCHEMA, parse_trace,
};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};
use std::process::Command;

/// Where the sources of `dogwood-language` are.
pub(super) fn sources() -> PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let said = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo says where the crate's sources are");
    let metadata: serde_json::Value = serde_json::from_slice(&said.stdout).expect("metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|p| p["name"] == "dogwood-language").expect("the crate");
    let manifest = package["manifest_path"].as_str().expect("its manifest");
    FilePath::new(manifest).parent().expect("its folder").to_owned()
}

/// A folder of policies, a schema, and traces with the verdicts that are expected.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) policies: String,
    schema: String,
    events: Option<String>,
    macros: Option<String>,
    /// The events, and what is expected.
    pub(super) traces: Vec<(String, String)>,
}

/// All cases that the crate's feature `corpus` calls passing, but those that run programs besides.
pub(super) fn cases() -> Vec<Case> {
    let root = sources().join("tests/passing");
    let shared = read(&root.join("temporal_only/shared_schema.cedarschema")).expect("a schema");
    let mut cases = Vec::new();
    for folder in ["temporal_only/corpus", "macros/corpus"] {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        cases.extend(paths.iter().filter_map(|path| Case::read(path, &shared)));
    }
    cases
}

fn read(path: &FilePath) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

impl Case {
    fn read(path: &FilePath, shared: &str) -> Option<Self> {
        let files: BTreeMap<String, String> = std::fs::read_dir(path)
            .ok()?
            .filter_map(|e| e.ok())
            .filter_map(|e| Some((e.file_name().to_str()?.to_owned(), read(&e.path())?)))
            .collect();
        let policies: Vec<&str> = files
            .iter()
            .filter(|(name, _)| name.starts_with("policy_") && name.ends_with(".dw"))
            .map(|(_, text)| text.as_str())
            .collect();
        let trace = |(name, log): (&String, &String)| {
            let n = name.strip_prefix("trace_")?.strip_suffix(".log")?;
            Some((log.clone(), files.get(&format!("expected_{n}.out"))?.clone()))
        };
        let traces: Vec<_> = files.iter().filter_map(trace).collect();
        (!policies.is_empty()).then(|| Case {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            policies: policies.join("\n"),
            schema: files.get("schema.cedarschema").map_or(shared, String::as_str).to_owned(),
            events: files.get("event.dwschema").cloned(),
            macros: files.get("macros.dw").cloned(),
            traces,
        })
    }

    pub(super) fn lowered(&self) -> LoweredPolicySet {
        let events = self.events.as_deref().unwrap_or(UNPINNED_EVENT_SCHEMA);
        let mut service = ServiceSchema::builder().event_schema_str(events);
        if let Some(macros) = &self.macros {
            service = service.macros_str(macros);
        }
        let service = service.build().unwrap();
        let parsed = ParsedPolicySet::parse(&self.policies, &service).unwrap();
        parsed.lower(&PolicySchema::from_cedarschema_str(&self.schema).unwrap()).unwrap()
    }
}

/// By event, then by leaf.
pub(super) type Truths = BTreeMap<usize, BTreeMap<String, bool>>;

/// Gives the truth values that were calculated before.
pub(super) struct Replayed {
    ids: Vec<String>,
    truths: Truths,
    observed: usize,
}

impl Replayed {
    pub(super) fn new(truths: Truths) -> Self {
        Replayed { ids: Vec::new(), truths, observed: 0 }
    }
}

impl TemporalEngine for Replayed {
    fn prepare(
        &mut self,
        leaves: &[TemporalField],
        _: &dogwood_language::cedar::Schema,
        _: &[dogwood_language::EventSignature],
    ) -> Result<(), dogwood_language::Error> {
        self.ids = leaves.iter().map(|leaf| leaf.id.to_string()).collect();
        Ok(())
    }

    fn observe(&mut self, _: &Event) {
        self.observed += 1;
    }

    fn evaluate(&mut self) -> Result<TemporalBindings, String> {
        let none = BTreeMap::new();
        let truths = self.truths.get(&(self.observed - 1)).unwrap_or(&none);
        let truth = |id: &String| (id.clone(), truths.get(id).copied().unwrap_or(false));
        Ok(self.ids.iter().map(truth).collect())
    }
}

/// What is wrong, and how many leaves were compiled.
#[derive(Default)]
pub(super) struct Found {
    pub(super) wrong: Vec<String>,
    pub(super) leaves: usize,
    pub(super) compiled: usize,
    pub(super) reasons: BTreeMap<NotCompiled, Vec<String>>,
    pub(super) cells: usize,
    pub(super) traces: usize,
    pub(super) verdicts: usize,
}

impl Found {
    /// How often a condition was left to the interpreter.
    pub(super) fn left(&self) -> usize {
        self.reasons.values().map(Vec::len).sum()
    }

    fn and(mut self, other: Found) -> Found {
        self.wrong.extend(other.wrong);
        for (reason, names) in other.reasons {
            self.reasons.entry(reason).or_default().extend(names);
        }
        Found {
            leaves: self.leaves + other.leaves,
            compiled: self.compiled + other.compiled,
            cells: self.cells + other.cells,
            traces: self.traces + other.traces,
            verdicts: self.verdicts + other.verdicts,
            ..self
        }
    }
}

/// Every leaf at every decision of a trace: by us, and by the interpreter.
pub(super) fn compare(
    name: &str,
    events: &[Event],
    lowered: &LoweredPolicySet,
    found: &mut Found,
) -> Truths {
    let trace = Trace::new([events], lowered.partition_keys(), |k| lowered.is_decision_kind(k));
    let truths = interpreted(events, lowered);
    let mut ours = truths.clone();
    for leaf in lowered.nonrelativized_temporal_fields() {
        match trace.decide(leaf) {
            Err(reason) => found.reasons.entry(reason).or_default().push(name.to_owned()),
            Ok(decided) => {
                for (n, holds) in decided {
                    let of_event = ours.entry(n as usize).or_default();
                    let theirs = of_event.insert(leaf.id.to_string(), holds);
                    found.cells += 1;
                    if theirs.is_some_and(|theirs| theirs != holds) {
                        let theirs = !holds;
                        found.wrong.push(format!(
                            "{name}: leaf {} at event {n}: {holds}, instead of {theirs}\n{:?}",
                            leaf.id, leaf.condition.condition
                        ));
                    }
                }
            }
        }
    }
    ours
}

/// What the interpreter says of each leaf, at each decision.
fn interpreted(events: &[Event], lowered: &LoweredPolicySet) -> Truths {
    let mut engine = InMemoryTemporalEngine::new();
    engine.set_partition_keys(lowered.partition_keys());
    let leaves: Vec<TemporalField> = lowered.nonrelativized_temporal_fields().cloned().collect();
    let signatures: Vec<_> = lowered.event_signatures().collect();
    engine.prepare(&leaves, lowered.cedar_schema(), &signatures).unwrap();
    let mut all = BTreeMap::new();
    for (n, event) in events.iter().enumerate() {
        engine.observe(event);
        if lowered.is_decision_kind(event.kind()) {
            let bindings = engine.evaluate().unwrap();
            all.insert(n, bindings.into_iter().map(|(id, b)| (id.to_string(), b)).collect());
        }
    }
    all
}

/// One authorizer decides all traces of a case, since what it would remember of them is ours.
fn check(case: &Case) -> Found {
    let mut found = Found::default();
    let lowered = case.lowered();
    found.leaves = lowered.nonrelativized_temporal_fields().count();
    let (mut left, mut all, mut truths) = (0, Vec::new(), Truths::new());
    for (trace, _) in &case.traces {
        let events = parse_trace(trace).unwrap();
        let before = found.left();
        let of_trace = compare(&case.name, &events, &lowered, &mut found);
        left = left.max(found.left() - before);
        let first = all.iter().map(Vec::len).sum::<usize>();
        truths.extend(of_trace.into_iter().map(|(n, truths)| (first + n, truths)));
        all.push(events);
    }
    found.compiled = found.leaves - left;
    let engine = Replayed::new(truths);
    let mut authorizer = Authorizer::builder(lowered).temporal_engine(engine).build().unwrap();
    for (events, (_, expected)) in all.iter().zip(&case.traces) {
        let lines = events.iter().enumerate().filter_map(|(n, event)| {
            let response = authorizer.is_authorized(event)?;
            let allowed = response.decision() == Decision::Allow;
            Some(format!("@{} (time point {n}): {allowed}", event.timestamp()))
        });
        let lines: Vec<String> = lines.collect();
        let expected: Vec<&str> =
            expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        found.traces += 1;
        found.verdicts += lines.len();
        if expected != lines {
            found.wrong.push(format!("{}: {lines:?} instead of {expected:?}", case.name));
        }
    }
    found
}

#[test]
fn every_case_of_dogwoods_corpus_agrees() {
    let cases = cases();
    let found = cases.par_iter().map(check).reduce(Found::default, Found::and);
    let share = found.compiled as f64 / found.leaves as f64;
    let Found { traces, verdicts, cells, leaves, compiled, .. } = &found;
    println!("{} cases, {traces} traces, {verdicts} verdicts, {cells} cells", cases.len());
    println!("{compiled} of {leaves} leaves compiled ({:.1} %)", 100.0 * share);
    for (reason, names) in &found.reasons {
        println!("{reason}: {}, such as {:?}", names.len(), &names[..names.len().min(5)]);
    }
    let wrong = &found.wrong;
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(9)].join("\n"));
    assert_eq!((cases.len(), *traces, *verdicts), (731, 1315, 4389));
    assert!(share >= 0.95, "only {:.1} % of the leaves are compiled", 100.0 * share);
}

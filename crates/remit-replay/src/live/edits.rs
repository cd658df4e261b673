//! Random edits of a workspace: what is judged anew after each equals what is judged from scratch, and
//! what the reference engine says.
//!
//! `REMIT_LIVE_RUNS=500 cargo test -p remit-replay --lib edits` tries more runs than usual. A failure
//! names the run and what was done in it.

use super::{LiveReplay, Verdicts};
use crate::matrix::PolicyRows;
use crate::rows::RowSet;
use crate::{
    Cancelled, Corpus, CorpusBuilder, DecidedBy, Engine, Mapper, SessionReplay, Summary, Verdict,
    replay_with,
};
use camino::Utf8Path;
use remit_policy::Workspace;
use remit_session::{Limits, Recording, Source, load};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const USUAL_RUNS: u64 = 6;
const EDITS: usize = 20;

/// A way to break the replay on purpose, to see that the comparison notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutation {
    /// What is let go of stays counted.
    StaysCounted,
    /// What read the entities before an edit is not judged again.
    KeepsEntities,
    /// A policy that comes back is taken for one about other sessions.
    MixesScopes,
    /// A cancelled judgement is taken for a finished one.
    CancelledIsDone,
}

#[test]
fn after_any_edits_the_verdicts_are_those_from_scratch() {
    let runs = std::env::var("REMIT_LIVE_RUNS").ok().and_then(|n| n.parse().ok());
    let mut seen = BTreeSet::new();
    for seed in 0..runs.unwrap_or(USUAL_RUNS) {
        let threads = if seed % 2 == 0 { 1 } else { 3 };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let run = Run::new(seed, None);
        match pool.install(|| run.find_mismatch()) {
            Ok(reached) => seen.extend(reached),
            Err(difference) => panic!("{difference}"),
        }
    }
    let wanted = ["allowed", "cancelled", "denied", "drifted", "uncertain", "unknown", "unscoped"];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), wanted);
}

#[test]
fn a_broken_replay_is_noticed() {
    use Mutation::{CancelledIsDone, KeepsEntities, MixesScopes, StaysCounted};
    for mutation in [StaysCounted, KeepsEntities, MixesScopes, CancelledIsDone] {
        let found = (0..20).any(|seed| Run::new(seed, Some(mutation)).find_mismatch().is_err());
        assert!(found, "{mutation:?} was not noticed");
    }
}

/// What a layer with `mutation` makes of some policies' rows, or of a judgement that was cancelled.
pub(super) fn broken_cancel(
    mutation: Option<Mutation>,
    judged: Result<Vec<Arc<PolicyRows>>, Cancelled>,
    policies: usize,
) -> Result<Vec<Arc<PolicyRows>>, Cancelled> {
    let nowhere = || PolicyRows {
        id: String::new(),
        forbids: false,
        satisfied: RowSet::new(),
        failed: RowSet::new(),
        absent_attribute: RowSet::new(),
        absent_entity: RowSet::new(),
        reads_entities: false,
    };
    match mutation {
        Some(Mutation::CancelledIsDone) => {
            judged.or_else(|_| Ok((0..policies).map(|_| Arc::new(nowhere())).collect()))
        }
        Some(_) | None => judged,
    }
}

const SCHEMA: &str = r#"
entity Task;
entity Agent in [Task] = { tier?: Long };
entity Server = { open?: Bool };
type Facts = { calls: Long, approvals: Long };
action look, pay appliesTo {
  principal: [Agent], resource: [Server],
  context: { input: { cents?: Long, to?: String }, session: Facts }
};
"#;

const RULES: &str = r#"
[[task]]
name = "night"
recordings = ["sessions/night*"]

[[task]]
name = "bills"
goal = "*bill*"
"#;

const LINKS: &str = r#"[
  { "template_id": "t", "link_id": "t-ann", "args": { "?principal": "Agent::\"ann\"" } },
  { "template_id": "t", "link_id": "t-bob", "args": { "?principal": "Agent::\"bob\"" } }
]"#;

/// Satisfied here and there; failing for every reason, some of which make verdicts unknown.
const BODIES: [&str; 20] = [
    "permit(principal, action, resource);",
    "permit(principal, action == Action::\"look\", resource);",
    "permit(principal, action == Action::\"pay\", resource) when { context.input has cents };",
    "permit(principal == Agent::\"ann\", action, resource);",
    "permit(principal in Task::\"bills\", action, resource);",
    "permit(principal, action, resource) when { principal.tier > 1 };",
    "permit(principal, action, resource) when { resource.open };",
    "permit(principal, action, resource) when { context.session.approvals > 1 };",
    "permit(principal, action, resource) when { context.input.cents < 100 };",
    "permit(principal, action, resource) when { context.session.calls + 9223372036854775806 > 0 };",
    "forbid(principal, action == Action::\"pay\", resource);",
    "forbid(principal == Agent::\"bob\", action, resource);",
    "forbid(principal, action, resource) when { context.session.calls > 2 };",
    "forbid(principal, action, resource) when { principal has tier && principal.tier < 2 };",
    "forbid(principal, action, resource) when { principal.tier < 2 };",
    "forbid(principal, action, resource) when { context.input.to like \"x*\" };",
    "forbid(principal, action, resource) when { context.session.approvals < 1 };",
    "forbid(principal in Task::\"night\", action, resource);",
    "forbid(principal, action, resource) unless { resource.open };",
    "forbid(principal, action, resource) when { context.input.cents > 9223372036854775807 - 5 };",
];

/// Of files over history.
const HISTORY: [&str; 8] = [
    "forbid(principal, action == Action::\"pay\", resource) when temporal { formerly within 5m Action::\"look\"::response{ derived.actor: principal.id } };",
    "forbid(principal, action, resource) when temporal { (count for (t: Timepoint). where (formerly within 1m (Action::\"pay\"::request{ input.to: * } && tp(t)))) > 1 };",
    "permit(principal, action == Action::\"pay\", resource) when temporal { formerly within 1h Action::\"pay\"::response{ input.to: context.input.to } };",
    "forbid(principal, action == Action::\"look\", resource) unless temporal { !Action::\"pay\"::error{} since within 1h Action::\"look\"::request{} };",
    "permit(principal, action, resource) when temporal { previous within 2m Action::\"look\"::response{ derived.trust: \"trusted\" } };",
    "forbid(principal, action == Action::\"pay\", resource) when temporal { exists (r: String). (formerly within 1h Action::\"pay\"::request{ requestId: r } && !(r == context.requestId) && !(formerly within 1h Action::\"pay\"::response{ requestId: r })) };",
    "permit(principal, action, resource);",
    "forbid(principal, action, resource) when temporal { (sum a for (a: Long), (t: Timepoint). where (formerly within 90s (Action::\"pay\"::request{ input.cents: a } && tp(t)))) > 400 };",
];

const FILES: [&str; 6] = [
    "guardrails/h.dw",
    "guardrails/a.cedar",
    "guardrails/b.cedar",
    "scopes/bills.cedar",
    "scopes/night.cedar",
    "scopes/trip.cedar",
];

/// What an author can change.
#[derive(Clone)]
struct State {
    /// The policies of each file that is there: an id and a body.
    files: BTreeMap<&'static str, Vec<(String, usize)>>,
    template: Option<usize>,
    tiers: [Option<u8>; 3],
    /// How many lines of comment stand above everything.
    comment: usize,
}

/// One author's day.
struct Run {
    random: Random,
    folder: tempfile::TempDir,
    recordings: Vec<Recording>,
    corpus: Arc<Corpus>,
    live: LiveReplay,
    state: State,
    past: Vec<State>,
    done: String,
    seen: BTreeSet<&'static str>,
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

impl Run {
    fn new(seed: u64, mutation: Option<Mutation>) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        for name in ["guardrails", "scopes", "sessions"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        fs::write(root.join("schema.cedarschema"), SCHEMA).unwrap();
        fs::write(root.join("scopes/scopes.toml"), RULES).unwrap();
        fs::write(root.join("guardrails/template-links.json"), LINKS).unwrap();
        for name in ["day", "night", "other"] {
            fs::write(root.join(format!("sessions/{name}.session")), recording(&mut random))
                .unwrap();
        }
        let state = State {
            files: BTreeMap::from([
                (FILES[0], vec![("h".into(), 0)]),
                (FILES[1], vec![("p0".into(), 0)]),
                (FILES[3], vec![("p0".into(), 1)]),
            ]),
            template: None,
            tiers: [Some(1), None, None],
            comment: 0,
        };
        state.write(root);
        let recordings = loaded(root);
        let workspace = Workspace::load(root).unwrap();
        let mut corpus = CorpusBuilder::new(&workspace);
        recordings.iter().for_each(|recording| corpus.add(recording));
        let corpus = Arc::new(corpus.finish());
        let mut live = LiveReplay::new(Arc::clone(&corpus));
        live.mutate(mutation);
        Run {
            random,
            recordings,
            corpus,
            live,
            state,
            past: Vec::new(),
            done: format!("run {seed}"),
            seen: BTreeSet::new(),
            folder,
        }
    }

    /// What was reached; or what was done until something differed, and what it was.
    fn find_mismatch(mut self) -> Result<BTreeSet<&'static str>, String> {
        for _ in 0..EDITS {
            self.edit();
            let root = Utf8Path::from_path(self.folder.path()).unwrap();
            self.state.write(root);
            let workspace = Workspace::load(root).unwrap();
            assert!(self.corpus.fits(&workspace));
            if let Some(difference) = self.judged(&workspace) {
                return Err(format!("{}\n{difference}", self.done));
            }
        }
        Ok(self.seen)
    }

    fn edit(&mut self) {
        let (before, random) = (self.state.clone(), &mut self.random);
        let file = random.one(&FILES);
        let policies = self.state.files.get(file).map_or(0, Vec::len);
        let at = random.below(policies.max(1));
        let (body, id) = (random.below(BODIES.len()), format!("p{}", random.below(5)));
        let name = match random.below(12) {
            0..=2 => {
                let file = self.state.files.entry(file).or_default();
                let taken = file.iter().any(|(other, _)| *other == id);
                file.extend((!taken).then_some((id, body)));
                "add"
            }
            3..=5 => {
                let policy = self.state.files.get_mut(file).and_then(|f| f.get_mut(at));
                policy.into_iter().for_each(|(_, old)| *old = body);
                "change"
            }
            6 => {
                let file = self.state.files.get_mut(file).filter(|f| at < f.len());
                file.into_iter().for_each(|f| drop(f.remove(at)));
                "remove"
            }
            7 => {
                let policy = self.state.files.get_mut(file).and_then(|f| f.get_mut(at));
                policy.into_iter().for_each(|(id, _)| id.push('x'));
                "rename"
            }
            8 => {
                self.state.tiers[at % 3] = [None, Some(0), Some(2)][body % 3];
                "entities"
            }
            9 => {
                let from = self.state.files.remove(file);
                let to = random.one(&FILES[3..]);
                from.into_iter().for_each(|policies| drop(self.state.files.insert(to, policies)));
                "move"
            }
            10 => {
                self.state.template = (body % 3 > 0).then_some(body);
                self.state.comment = body % 4;
                "template"
            }
            _ => {
                let back = random.below(4);
                if let Some(past) = self.past.iter().nth_back(back) {
                    self.state = past.clone();
                }
                "undo"
            }
        };
        let _ = write!(self.done, ", {name} {file}");
        self.past.push(before);
    }

    /// Judges, now and then after a judgement that was cancelled; says what differs.
    fn judged(&mut self, workspace: &Workspace) -> Option<String> {
        if self.random.below(3) == 0 {
            let (asked, patience) = (AtomicU64::new(0), self.random.below(4) as u64);
            let impatient = || match asked.fetch_add(1, Ordering::Relaxed) < patience {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            };
            if let Err(Cancelled) = self.live.judge(workspace, &impatient) {
                self.done.push_str(" (cancelled)");
                self.seen.insert("cancelled");
                if self.random.below(2) == 0 {
                    return None;
                }
            }
        }
        let go_on = || ControlFlow::Continue(());
        let now =
            All::of(&self.live.judge(workspace, &go_on).unwrap(), workspace, &self.recordings);
        let mut corpus = CorpusBuilder::new(workspace);
        self.recordings.iter().for_each(|recording| corpus.add(recording));
        let mut scratch = LiveReplay::new(Arc::new(corpus.finish()));
        let scratch =
            All::of(&scratch.judge(workspace, &go_on).unwrap(), workspace, &self.recordings);
        let reference = All::reference(workspace, &self.recordings);
        self.seen.extend(now.reached());
        now.differs_from(&scratch).or_else(|| now.differs_from(&reference))
    }
}

fn body_of(file: &str, body: usize) -> &'static str {
    if file.ends_with(".dw") { HISTORY[body % HISTORY.len()] } else { BODIES[body] }
}

impl State {
    fn write(&self, root: &Utf8Path) {
        for file in FILES {
            let Some(policies) = self.files.get(file) else {
                let _ = fs::remove_file(root.join(file));
                continue;
            };
            let mut text = "// a comment\n".repeat(self.comment);
            for (id, body) in policies {
                let _ = writeln!(text, "@id(\"{id}\")\n{}", body_of(file, *body));
            }
            if let Some(n) = self.template.filter(|_| file == FILES[1]) {
                let effect = if n % 2 == 0 { "permit" } else { "forbid" };
                let _ = writeln!(
                    text,
                    "@id(\"t\")\n{effect}(principal == ?principal, action, resource) when {{ context.session.calls > {} }};",
                    n % 3
                );
            }
            fs::write(root.join(file), text).unwrap();
        }
        // Whether there may be conditions over history does not change from edit to edit.
        fs::write(root.join("guardrails/always.dw"), "// nothing\n").unwrap();
        let agents = ["ann", "bob", "cid"].iter().zip(self.tiers);
        let agents = agents.filter_map(|(id, tier)| {
            let attrs = if tier? > 0 { format!("\"tier\": {}", tier?) } else { String::new() };
            Some(format!(r#"{{"uid": {{"type": "Agent", "id": "{id}"}}, "attrs": {{{attrs}}}, "parents": []}}"#))
        });
        let server =
            r#"{"uid": {"type": "Server", "id": "tools"}, "attrs": {"open": true}, "parents": []}"#;
        let all: Vec<String> = agents.chain([server.to_owned()]).collect();
        fs::write(root.join("entities.json"), format!("[{}]", all.join(","))).unwrap();
    }
}

/// A few sessions of a few calls, some of which are not mapped, and some not read.
fn recording(random: &mut Random) -> String {
    let mut text = String::new();
    for n in 0..4 {
        let _ = writeln!(text, "session s{n}");
        let task = random.one(&["task bills", "task trip", "task none-such", "# no task"]);
        let goal = random.one(&["goal pay the Bill", "goal see Rome"]);
        let agent = random.one(&["ann", "bob", "cid"]);
        let _ = writeln!(text, "{task}\n{goal}\nagent {agent}");
        let (timed, mut seconds) = (random.below(4) > 0, 0);
        for _ in 0..random.below(7) {
            seconds += random.one(&[0, 1, 30, 100]);
            let at = format!("at=2026-01-02T03:{:02}:{:02}Z", seconds / 60, seconds % 60);
            let at = if timed { at } else { String::new() };
            let (call, arguments) = random.one(&[
                ("call look", "{}"),
                ("call look server=other", "{\"to\":\"x\"}"),
                ("call pay", "{\"cents\":5}"),
                ("call pay", "{\"cents\":500,\"to\":\"xy\"}"),
                ("call pay", "{\"cents\":50,\"to\":\"yx\"}"),
                ("call pay", "{\"cents\":"),
                ("call fly", "{}"),
            ]);
            let _ = writeln!(text, "{call} {at}: {arguments}");
            let end = random.one(&["result", "result", "result failed", "# in flight"]);
            let _ = writeln!(text, "{end} {at}: done");
        }
    }
    text
}

fn loaded(root: &Utf8Path) -> Vec<Recording> {
    let source = Source { path: root.join("sessions"), shown_from: root.to_owned() };
    let go_on = &mut |_| ControlFlow::Continue(());
    load(&[source], None, &Limits::default(), go_on).unwrap().recordings
}

/// Everything that verdicts say.
struct All {
    counts: Summary,
    column: Vec<u8>,
    decided: BTreeMap<(Option<String>, String), u64>,
    sessions: Vec<SessionReplay>,
    session_counts: Vec<Summary>,
}

impl All {
    fn of(verdicts: &Verdicts, workspace: &Workspace, recordings: &[Recording]) -> Self {
        let sessions = recordings.iter().flat_map(|r| &r.sessions).enumerate();
        let decided = verdicts.decided().into_iter().filter(|policy| policy.calls > 0);
        let key = |DecidedBy { scope, policy, .. }: &DecidedBy| {
            (scope.as_deref().map(str::to_owned), policy.to_string())
        };
        let replayed = |(n, session)| verdicts.session(workspace, n, session).unwrap();
        All {
            counts: verdicts.counts(),
            column: verdicts.column().to_vec(),
            decided: decided.map(|policy| (key(&policy), policy.calls)).collect(),
            session_counts: sessions.clone().map(|(n, _)| verdicts.session_counts(n)).collect(),
            sessions: sessions.map(replayed).collect(),
        }
    }

    fn reference(workspace: &Workspace, recordings: &[Recording]) -> Self {
        let go_on = |_| ControlFlow::Continue(());
        let replayed = replay_with(Engine::Reference, workspace, recordings, &go_on).unwrap();
        assert!(Mapper::new(workspace).is_some());
        let mut all = All {
            counts: Summary::default(),
            column: Vec::new(),
            decided: BTreeMap::new(),
            session_counts: replayed.sessions.iter().map(Summary::of).collect(),
            sessions: replayed.sessions,
        };
        all.session_counts.iter().for_each(|session| all.counts.add(session));
        all.counts.warnings = recordings.iter().flat_map(|r| &r.warnings).map(|w| w.count).sum();
        for session in &all.sessions {
            for (n, call) in session.calls.iter().enumerate() {
                let verdict = Verdict::all().iter().position(|v| *v == call.verdict).unwrap() as u8;
                let (first, uncertain) =
                    (u8::from(n == 0) << 7, u8::from(call.is_uncertain()) << 6);
                all.column.push(verdict | first | uncertain);
                if let Some(judged) = &call.judged {
                    let sides = [
                        (None, Some(&judged.guardrails)),
                        (session.scope.clone(), judged.scope.as_ref()),
                    ];
                    for (scope, side) in sides {
                        for id in side.iter().flat_map(|side| &side.reasons) {
                            *all.decided.entry((scope.clone(), id.clone())).or_default() += 1;
                        }
                    }
                }
            }
        }
        all
    }

    fn reached(&self) -> impl Iterator<Item = &'static str> {
        let Summary { unscoped, uncertain, .. } = self.counts;
        let verdicts = Verdict::all().map(|v| (v.word(), self.counts.count(v)));
        let others = [("unscoped", unscoped), ("uncertain", uncertain)];
        verdicts.into_iter().chain(others).filter(|(_, n)| *n > 0).map(|(word, _)| word)
    }

    fn differs_from(&self, other: &All) -> Option<String> {
        let calls = |all: &All| all.sessions.iter().map(|s| format!("{s:?}")).collect::<Vec<_>>();
        let (mine, theirs) = (calls(self), calls(other));
        let session = mine.iter().zip(&theirs).find(|(a, b)| a != b);
        let differs = |what: &str, a: String, b: String| {
            (a != b).then(|| format!("{what}: {a}\ninstead of {b}"))
        };
        session
            .and_then(|(a, b)| differs("session", a.clone(), b.clone()))
            .or_else(|| {
                differs("counts", format!("{:?}", self.counts), format!("{:?}", other.counts))
            })
            .or_else(|| {
                differs("column", format!("{:?}", self.column), format!("{:?}", other.column))
            })
            .or_else(|| {
                differs("decided", format!("{:?}", self.decided), format!("{:?}", other.decided))
            })
            .or_else(|| {
                let (a, b) = (&self.session_counts, &other.session_counts);
                differs("counts of sessions", format!("{a:?}"), format!("{b:?}"))
            })
    }
}

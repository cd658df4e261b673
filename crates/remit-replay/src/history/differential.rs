//! Random sessions and random policies, by the batch engine and by Dogwood's authorizer; and the engine
//! broken on purpose, which must be noticed.

use super::oracle::{Found, Replayed, Truths, compare};
use dogwood_language::cedar::Schema;
use dogwood_language::{
    Authorizer, Decision, Error, Event, EventSignature, InMemoryTemporalEngine, LoweredPolicySet,
    ParsedPolicySet, PartitionKey, PolicySchema, ServiceSchema, TemporalBindings, TemporalEngine,
    TemporalField, UNPINNED_EVENT_SCHEMA, Validator, Value,
};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A way to break the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutation {
    /// A window ends just before its length.
    OpenWindows,
    /// `since` goes on when its left side fails.
    EndlessSince,
    /// What was counted once is counted again.
    NoMerging,
}

thread_local! {
    static MUTATION: Cell<Option<Mutation>> = const { Cell::new(None) };
}

/// Whether the engine is broken so, in this thread.
pub(super) fn is_broken(how: Mutation) -> bool {
    MUTATION.get() == Some(how)
}

const POLICY_SETS: u64 = 40;
const SESSIONS: usize = 25;

const SCHEMA: &str = r#"
namespace Agent {
  entity Worker { name: String };
  entity Gateway;
  action "pay", "look" appliesTo {
    principal: [Worker], resource: [Gateway],
    context: { input: { to: String, n: Long }, output?: { to: String, n: Long } }
  };
}"#;

pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n.max(1)
    }

    pub(super) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn window(&mut self) -> &'static str {
        self.one(&["within 1s", "within 3s", "within 7s", "within 30s", "within 1h"])
    }

    fn compare(&mut self) -> &'static str {
        self.one(&["<", "<=", ">", ">=", "==", "!="])
    }

    /// A predicate whose arguments are the request's or constants, and those given.
    fn event(&mut self, more: &str) -> String {
        let (action, kind) =
            (self.one(&["pay", "look"]), self.one(&["request", "response", "error"]));
        let mut args: Vec<&str> = Vec::new();
        if !more.contains("input.to") {
            args.extend(match self.below(5) {
                0 => Some("input.to: context.input.to"),
                1 => Some("input.to: \"a\""),
                2 => Some("input.to: principal.name"),
                _ => None,
            });
        }
        if !more.contains("input.n") && self.below(4) == 0 {
            args.push(self.one(&["input.n: context.input.n", "input.n: 1", "input.n: *"]));
        }
        args.extend((!more.is_empty()).then_some(more));
        format!("Agent::Action::\"{action}\"::{kind}{{ {} }}", args.join(", "))
    }

    /// A condition that binds nothing.
    pub(super) fn condition(&mut self, depth: usize) -> String {
        let (w, w2) = (self.window(), self.window());
        let k = self.below(5);
        let (a, b) = (self.event(""), self.event(""));
        let compare = self.compare();
        match self.below(if depth == 0 { 12 } else { 16 }) {
            0 => format!("formerly {w} {a}"),
            1 => format!("previous {w} {a}"),
            2 => format!("!{a} since {w} {b}"),
            3 => format!("{a} since {w} {b}"),
            4 => format!(
                "(count for (t: Timepoint). where (formerly {w} ({a} && tp(t)))) {compare} {k}"
            ),
            5 => {
                let a = self.event("input.to: x");
                format!("(count for (x: String). where (formerly {w} {a})) {compare} {k}")
            }
            6 => {
                let a = self.event("input.n: n");
                let bound = ["3", "context.input.n"][k % 2];
                format!(
                    "(sum n for (n: Long), (t: Timepoint). where (formerly {w} ({a} && tp(t)))) {compare} {bound}"
                )
            }
            7 => {
                let (a, b) = (self.event("input.to: x"), self.event("input.to: x"));
                format!("exists (x: String). (formerly {w} {a} && !(formerly {w2} {b}))")
            }
            8 => {
                let a = self.event("input.to: x");
                format!("exists (x: String). (formerly {w} {a} && !(x == context.input.to))")
            }
            9 => {
                let a = self.event("input.n: n");
                format!("exists (n: Long). (formerly {w} {a} && n {compare} {k})")
            }
            10 => format!("formerly {w} ({a} && !(formerly {w2} {b}))"),
            11 => format!(
                "exists (n: Long). ((count for (t: Timepoint). where (formerly {w} ({a} && tp(t)))) == n && n {compare} {k})"
            ),
            12 => format!("({}) && ({})", self.condition(depth - 1), self.condition(depth - 1)),
            13 => format!("!({})", self.condition(depth - 1)),
            14 => format!("formerly {w} ({a} && ({}))", self.condition(depth - 1)),
            _ => format!("!({}) since {w} {b}", self.condition(depth - 1)),
        }
    }

    fn lowered(&mut self, service: &ServiceSchema) -> Option<LoweredPolicySet> {
        let mut text = "permit(principal, action, resource);\n".to_owned();
        for _ in 0..4 {
            let scope = self.one(&["action", "action == Agent::Action::\"pay\""]);
            let condition = self.condition(2);
            text +=
                &format!("forbid(principal, {scope}, resource) when temporal {{ {condition} }};\n");
        }
        let parsed = ParsedPolicySet::parse(&text, service).ok()?;
        let lowered = parsed.lower(&PolicySchema::from_cedarschema_str(SCHEMA).ok()?).ok()?;
        Validator::new().validate(&lowered).validation_passed().then_some(lowered)
    }

    /// Calls, some of them in flight at once, some of which fail; times that stand still or leap.
    fn events(&mut self) -> Vec<Event> {
        let (mut now, mut open, mut events) = (0, Vec::new(), Vec::new());
        for n in 0..self.below(24) + 2 {
            now += [0, 0, 1, 1, 2, 5, 40][self.below(7)];
            let end = !open.is_empty() && self.below(2) == 0;
            let (call, kind) = match end {
                true => {
                    let at = self.below(open.len());
                    (open.swap_remove(at), self.one(&["response", "response", "error"]))
                }
                false => {
                    let to = self.one(&["a", "b", "c"]);
                    ((self.one(&["pay", "look"]), to, self.below(4) as i64, n), "request")
                }
            };
            let (action, to, amount, _) = call;
            if kind == "request" {
                open.push(call);
            }
            let text = |text: &str| Value::String(text.to_owned());
            let worker = self.one(&["a", "b"]);
            let event = Event::builder_for(&["Agent", "Action"], action, kind)
                .timestamp(now)
                .principal_for("Agent::Worker", worker)
                .resource_for("Agent::Gateway", "g")
                .entity_for("Agent::Worker", worker, [("name", text(worker))])
                .field("input", "to", text(to))
                .field("input", "n", Value::Int(amount))
                .request_context("input", "to", text(to))
                .request_context("input", "n", Value::Int(amount));
            events.push(event.build());
        }
        events
    }
}

/// What differs, if anything does; and how many conditions were compiled, and left.
fn differences(sets: u64, decisions_too: bool) -> (Vec<String>, usize, usize) {
    let service = ServiceSchema::builder().event_schema_str(UNPINNED_EVENT_SCHEMA).build().unwrap();
    let (mut found, mut leaves) = (Found::default(), 0);
    for seed in 1..=sets {
        let random = || Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (mut random, mut again) = (random(), random());
        let lowered = random.lowered(&service).unwrap();
        let own = lowered.nonrelativized_temporal_fields().count();
        leaves += own;
        let (before, mut sessions) = (found.left(), Vec::new());
        for n in 0..SESSIONS {
            let events = random.events();
            let truths =
                compare(&format!("set {seed}, session {n}"), &events, &lowered, &mut found);
            sessions.push((events, truths));
        }
        // A condition is left in every session, or in none.
        assert_eq!((found.left() - before) % SESSIONS, 0);
        if decisions_too {
            let policies = [lowered, again.lowered(&service).unwrap()];
            found.wrong.extend(decisions(policies, sessions));
        }
    }
    println!("{leaves} conditions; left: {:?}", found.reasons.keys());
    let left = found.left() / SESSIONS;
    (found.wrong, leaves, left)
}

/// Dogwood's own engine, which remembers nothing of an earlier session.
#[derive(Default)]
struct Forgetting {
    engine: InMemoryTemporalEngine,
    leaves: Vec<TemporalField>,
    signatures: Vec<EventSignature>,
    schema: Option<Schema>,
    keys: Vec<PartitionKey>,
    begins: Arc<AtomicBool>,
}

impl TemporalEngine for Forgetting {
    fn prepare(
        &mut self,
        leaves: &[TemporalField],
        schema: &Schema,
        signatures: &[EventSignature],
    ) -> Result<(), Error> {
        (self.leaves, self.signatures) = (leaves.to_vec(), signatures.to_vec());
        self.schema = Some(schema.clone());
        self.engine.prepare(leaves, schema, signatures)
    }

    fn observe(&mut self, event: &Event) {
        if self.begins.swap(false, Ordering::Relaxed) {
            self.engine = InMemoryTemporalEngine::new();
            self.engine.set_partition_keys(&self.keys);
            let schema = self.schema.as_ref().unwrap();
            self.engine.prepare(&self.leaves, schema, &self.signatures).unwrap();
        }
        self.engine.observe(event);
    }

    fn evaluate(&mut self) -> Result<TemporalBindings, String> {
        self.engine.evaluate()
    }

    fn supports_partitioning(&self) -> bool {
        self.engine.supports_partitioning()
    }

    fn set_partition_keys(&mut self, keys: &[PartitionKey]) {
        self.keys = keys.to_vec();
        self.engine.set_partition_keys(keys);
    }
}

/// Where the authorizer decides otherwise with our truth values than with its own: which way, or by which
/// policies.
fn decisions(
    [one, other]: [LoweredPolicySet; 2],
    sessions: Vec<(Vec<Event>, Truths)>,
) -> Option<String> {
    let (mut all, mut first) = (Truths::new(), 0);
    for (events, truths) in &sessions {
        all.extend(truths.iter().map(|(n, of_event)| (first + n, of_event.clone())));
        first += events.len();
    }
    let ours = Authorizer::builder(one).temporal_engine(Replayed::new(all));
    let engine = Forgetting::default();
    let begins = Arc::clone(&engine.begins);
    let theirs = Authorizer::builder(other).temporal_engine(engine);
    let (mut ours, mut theirs) = (ours.build().unwrap(), theirs.build().unwrap());
    let of_session = |(n, (events, _)): (usize, &(Vec<Event>, Truths))| {
        begins.store(true, Ordering::Relaxed);
        events.iter().find_map(|event| {
            let said = |authorizer: &mut Authorizer| {
                let response = authorizer.is_authorized(event)?;
                let reasons = response.diagnostics().reason().map(|id| format!("{id:?}"));
                let reasons: BTreeSet<String> = reasons.collect();
                Some((response.decision() == Decision::Allow, reasons))
            };
            let (ours, theirs) = (said(&mut ours), said(&mut theirs));
            (ours != theirs).then(|| format!("session {n}: {ours:?} instead of {theirs:?}"))
        })
    };
    sessions.iter().enumerate().find_map(of_session)
}

#[test]
fn random_conditions_are_decided_as_by_dogwood() {
    let (wrong, leaves, left) = differences(POLICY_SETS, true);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(6)].join("\n"));
    assert!(left * 10 <= leaves, "{left} of {leaves} are left to the interpreter");
}

#[test]
fn a_broken_engine_is_noticed() {
    for mutation in [Mutation::OpenWindows, Mutation::EndlessSince, Mutation::NoMerging] {
        MUTATION.set(Some(mutation));
        let (wrong, ..) = differences(POLICY_SETS / 4, false);
        MUTATION.set(None);
        assert!(!wrong.is_empty(), "{mutation:?} goes unnoticed");
    }
}

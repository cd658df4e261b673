//! What is written in the notation is read back, whatever the session holds.
//!
//! Sessions are made up from a seed; a failure prints the seed and the text.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed"
)]

use remit_session::{
    Act, AgentIdentity, Arguments, CallIdx, Credential, CredentialKind, Format, HandOff, Identity,
    Lane, LaneIdx, LaneKind, Limits, Mandate, Outcome, Place, Role, Session, Step, StepIdx,
    StepKind, Told, ToolCall, ToolResult, import, to_notation,
};
use serde_json::{Map, Value, json};

/// A small generator (xorshift): the same seed gives the same sessions everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize].clone()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Dice) -> T) -> Option<T> {
        (self.roll(2) == 0).then(|| make(self))
    }
}

const PIECES: [&str; 24] = [
    "a",
    "word",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "\u{0}",
    "\"",
    "\\",
    ":",
    ": ",
    "=",
    "#",
    "é",
    "🦀",
    "\u{85}",
    "session x",
    "lane=1",
    "call",
    "[]",
    "{}",
    "\u{FEFF}",
];

const NAMES: [&str; 12] =
    ["a", "c1", "#1", "#none", "a b", "x=y", "failed", "\"", "a:", "mcp__x__y", "é", "none"];

fn text(dice: &mut Dice) -> String {
    (0..dice.roll(6)).map(|_| dice.pick(&PIECES)).collect()
}

fn name(dice: &mut Dice) -> String {
    dice.pick(&NAMES).to_owned()
}

fn arguments(dice: &mut Dice) -> Arguments {
    let values = [
        json!(1),
        json!(-0.5),
        json!(null),
        json!([1, {"k": "v\n"}]),
        json!("x: y\n  z"),
        json!(true),
    ];
    match dice.roll(4) {
        0 => Arguments::Unreadable { text: text(dice), why: text(dice) },
        _ => {
            let entry = |dice: &mut Dice| (text(dice), dice.pick(&values));
            Arguments::Object(
                (0..dice.roll(3)).map(|_| entry(dice)).collect::<Map<String, Value>>(),
            )
        }
    }
}

fn step(dice: &mut Dice, lanes: u64) -> Step {
    let outcomes = [Outcome::Executed, Outcome::Refused, Outcome::Failed, Outcome::Unrecorded];
    let roles = [Role::System, Role::User, Role::Assistant, Role::Thinking, Role::Runtime];
    let kind = match dice.roll(3) {
        0 => StepKind::Message { role: dice.pick(&roles), text: text(dice) },
        1 => StepKind::Call(ToolCall {
            index: CallIdx(0),
            id: dice.maybe(name),
            tool: name(dice),
            server: dice.maybe(name),
            arguments: arguments(dice),
            outcome: dice.pick(&outcomes),
            result: None,
        }),
        _ => StepKind::Result(ToolResult {
            call: None,
            text: text(dice),
            outcome: dice.pick(&outcomes),
        }),
    };
    let at =
        dice.maybe(|dice| jiff::Timestamp::from_millisecond(dice.roll(1 << 41) as i64).unwrap());
    Step { lane: LaneIdx(dice.roll(lanes) as u32), at, place: Place::Line(0), kind }
}

/// Lets results answer calls above them; the first answer is the call's.
fn link(session: &mut Session, dice: &mut Dice) {
    let mut calls = Vec::new();
    for at in 0..session.steps.len() {
        let idx = StepIdx(at as u32);
        match &mut session.steps[at].kind {
            StepKind::Call(call) => {
                call.index = CallIdx(calls.len() as u32);
                calls.push(idx);
            }
            StepKind::Result(result) if !calls.is_empty() && dice.roll(4) > 0 => {
                let call = dice.pick(&calls);
                result.call = Some(call);
                let StepKind::Call(call) = &mut session.steps[call.0 as usize].kind else {
                    unreachable!()
                };
                call.result.get_or_insert(idx);
            }
            StepKind::Result(_) | StepKind::Message { .. } => {}
        }
    }
    if let (Some(lane), Some(call)) = (session.lanes.get_mut(2), calls.first()) {
        lane.kind = LaneKind::SubAgent { started_by: Some(*call) };
    }
}

fn words(dice: &mut Dice) -> Vec<String> {
    (0..dice.roll(4)).map(|_| name(dice)).collect()
}

fn time(dice: &mut Dice) -> Option<jiff::Timestamp> {
    dice.maybe(|dice| jiff::Timestamp::from_millisecond(dice.roll(1 << 41) as i64).unwrap())
}

fn told(dice: &mut Dice) -> Told {
    dice.pick(&[Told::Recorded, Told::Added])
}

fn credential(dice: &mut Dice, at: usize) -> Credential {
    Credential {
        id: format!("{}{at}", text(dice)),
        kind: dice.pick(&CredentialKind::ALL),
        fingerprint: dice.maybe(|_| format!("secret-{at}")),
        issuer: dice.maybe(text),
        subject: dice.maybe(text),
        audience: words(dice),
        scopes: dice.maybe(words).map(|scopes| scopes.into_iter().collect()),
        issued: time(dice),
        expires: time(dice),
        revoked: time(dice),
        task: dice.maybe(text),
        told: told(dice),
    }
}

/// Who acts; each call may be made with a credential.
fn identify(session: &mut Session, dice: &mut Dice) {
    let calls: Vec<StepIdx> = session.calls().map(|(step, ..)| step).collect();
    let identity = &mut session.identity;
    identity.mandate = Mandate {
        starts: time(dice),
        ends: time(dice),
        risk: dice.maybe(text),
        environment: dice.maybe(name),
        told: Told::Recorded,
    };
    identity.credentials = (0..dice.roll(3) as usize).map(|at| credential(dice, at)).collect();
    let held = identity.credentials.len() as u64;
    for lane in (0..dice.roll(3) as u32).map(LaneIdx) {
        identity.agents.push(AgentIdentity {
            lane,
            id: format!("x{}", text(dice)),
            attested: dice.maybe(|dice| dice.roll(2) == 0),
            behalf: dice.maybe(name),
            chain: words(dice),
            told: told(dice),
        });
    }
    for step in calls {
        let credential = dice.maybe(|dice| dice.roll(held.max(1)) as u32).filter(|_| held > 0);
        let human = dice.maybe(|dice| dice.roll(2) == 0);
        if credential.is_some() || human.is_some() {
            identity.acts.insert(step, Act { credential, human });
        }
    }
    for _ in 0..dice.roll(2) {
        identity.told_hand_offs.push(HandOff {
            from: LaneIdx(0),
            to: LaneIdx(dice.roll(3) as u32),
            step: dice.maybe(|dice| StepIdx(dice.roll(5) as u32)),
            passed: (0..held as u32).filter(|_| dice.roll(2) == 0).collect(),
            told: told(dice),
        });
    }
}

fn session(dice: &mut Dice) -> Session {
    let lane = |agent: String, kind| Lane { agent, kind };
    let after = dice.maybe(|dice| StepIdx(dice.roll(5) as u32));
    let lanes = vec![
        lane(name(dice), LaneKind::Main),
        lane(name(dice), LaneKind::Branch { of: LaneIdx(0), after }),
        lane(name(dice), LaneKind::SubAgent { started_by: None }),
    ];
    let mut session = Session {
        id: format!("s{}", text(dice)),
        task: dice.maybe(text),
        goal: dice.maybe(text).filter(|goal| !goal.is_empty()),
        steps: (0..dice.roll(12)).map(|_| step(dice, lanes.len() as u64)).collect(),
        lanes,
        solved: dice.maybe(|dice| dice.roll(2) == 0),
        identity: Identity::default(),
    };
    link(&mut session, dice);
    identify(&mut session, dice);
    session
}

#[test]
fn what_is_written_is_read_back() {
    for seed in 1..3000 {
        let session = session(&mut Dice(seed * 0x9E37_79B9));
        let text = to_notation(std::slice::from_ref(&session));
        let (_, imported) =
            import("a.session", text.as_bytes(), Some(Format::Notation), &Limits::default())
                .unwrap();
        let mut again = imported.sessions;
        again.iter_mut().flat_map(|s| &mut s.steps).for_each(|step| step.place = Place::Line(0));
        assert_eq!(again, [session], "seed {seed}\n{text}");
    }
}

#[test]
fn several_sessions_share_a_file_and_calls_are_numbered_through() {
    let text = "session a\nuser: hi\ncall x: {}\n\nsession b\ncall y: {}\n";
    let (_, imported) = import("a.txt", text.as_bytes(), None, &Limits::default()).unwrap();
    assert_eq!(imported.sessions[1].calls().next().unwrap().2.index, CallIdx(1));
    let written = to_notation(&imported.sessions);
    assert_eq!(
        written,
        "session a\nagent agent\n\nuser: hi\ncall x:\n\nsession b\nagent agent\n\ncall y:\n"
    );
}

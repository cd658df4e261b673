//! The index against the naive scan: look through all earlier steps, token by token, for each token.
//!
//! Sessions are made up from a seed, with branches and sub-agents; a failure prints the seed and the text.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use super::index::{OriginIndex, speaker};
use super::token::{plain_into, tokens};
use super::values::values;
use super::{Match, Origin, OriginKind};
use crate::{Arguments, LaneIdx, Limits, Past, Session, StepIdx, StepKind, ToolCall, import};

/// What a token is compared by, and the places at which it was seen, all of them.
struct Seen {
    source: OriginKind,
    is_part: bool,
    step: StepIdx,
    text: Option<(std::ops::Range<usize>, String)>,
}

fn is_trusted(call: &ToolCall) -> bool {
    call.tool.starts_with("own")
}

fn all_sightings(session: &Session, lane: LaneIdx, at: StepIdx, wanted: &str) -> Vec<Seen> {
    let past = Past::of(session, lane);
    let has_branches = Past::of_lanes(session).is_some();
    let mut seen = Vec::new();
    for (n, step) in session.steps.iter().enumerate().take(at.0 as usize) {
        let here = StepIdx(n as u32);
        if has_branches && !past.sees(step.lane, here) {
            continue;
        }
        let mut look = |source: OriginKind, text: &str, is_argument: bool| {
            tokens(text, &mut |token| {
                let mut plain = String::new();
                plain_into(token.text, &mut plain);
                if plain == wanted && !(is_argument && token.is_part) {
                    let text = (!is_argument).then(|| (token.at.clone(), token.text.to_owned()));
                    seen.push(Seen { source, is_part: token.is_part, step: here, text });
                }
            });
        };
        match &step.kind {
            StepKind::Message { role, text } => {
                if let Some(source) = speaker(session, step.lane, *role) {
                    look(source, text, false);
                }
            }
            StepKind::Result(result) => {
                let call = result.call.and_then(|call| session.step(call));
                let own = matches!(call.map(|c| &c.kind), Some(StepKind::Call(c)) if is_trusted(c));
                let source = if own { OriginKind::Trusted } else { OriginKind::Untrusted };
                look(source, &result.text, false);
            }
            StepKind::Call(ToolCall { arguments: Arguments::Object(arguments), .. }) => {
                let other = step.lane != lane;
                let source = if other { OriginKind::OtherAgent } else { OriginKind::Nowhere };
                values(arguments, &mut |_, value| look(source, value, true));
            }
            StepKind::Call(_) => {}
        }
    }
    seen
}

/// The user's and the system's words first, whole before in part; then whatever came first.
fn naive(session: &Session, lane: LaneIdx, at: StepIdx, token: &str) -> Option<Origin> {
    let mut plain = String::new();
    plain_into(token, &mut plain);
    let seen = all_sightings(session, lane, at, &plain);
    let asked = |part: bool| seen.iter().find(|s| s.source.is_asked_for() && s.is_part == part);
    let earliest = seen.iter().map(|s| s.step).min();
    let first = |part: bool| seen.iter().find(|s| Some(s.step) == earliest && s.is_part == part);
    let one =
        asked(false).or_else(|| asked(true)).or_else(|| first(false)).or_else(|| first(true))?;
    let found = match (&one.text, one.is_part) {
        _ if one.source == OriginKind::Nowhere => None,
        (_, true) => Some(Match::Split),
        (Some((_, text)), false) if text != token => Some(Match::Normalised),
        (_, false) => Some(Match::Exact),
    };
    let at = one.text.as_ref().map(|(at, _)| at.clone());
    Some(Origin { source: one.source, step: Some(one.step), at, found })
}

/// A small generator (xorshift): the same seed gives the same sessions everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn words(&mut self) -> String {
        let words: Vec<&str> = (0..self.roll(5)).map(|_| WORDS[self.roll(WORDS.len())]).collect();
        words.join([" ", ", ", ": ", "\\n"][self.roll(4)])
    }
}

const WORDS: [&str; 22] = [
    "ann@shop.example",
    "Ann@Shop.Example",
    "mailto:ann@shop.example",
    "shop.example",
    "https://www.shop.example/a/",
    "shop.example/a",
    "a",
    "ops/north",
    "north",
    "ops_north",
    "North",
    "/srv/north/report.pdf",
    "report.pdf",
    "1,000",
    "1000.0",
    "$1000",
    "March 1, 2022",
    "2022-03-01",
    "GB29 NWBK 6016 1331",
    "gb29nwbk60161331",
    "key=north",
    "www.shop.example.They",
];

fn made_up(seed: u64) -> String {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut text = String::from("session s\nagent one\n");
    let lanes = 1 + dice.roll(3);
    for lane in 1..lanes {
        text += &match dice.roll(3) {
            0 => format!("branch one of={} after={}\n", dice.roll(lane), dice.roll(8)),
            1 => "sub-agent two started-by=c0\n".to_owned(),
            _ => "sub-agent three\n".to_owned(),
        };
    }
    for n in 0..12 {
        let (lane, words) = (dice.roll(lanes), dice.words());
        let quoted = serde_json::to_string(&words).unwrap_or_default();
        text += &match dice.roll(7) {
            0 => format!("user lane={lane}: {quoted}\n"),
            1 => format!("system lane={lane}: {quoted}\n"),
            2 => format!("runtime lane={lane}: {quoted}\n"),
            3 => format!("result lane={lane}: {quoted}\n"),
            k => {
                let tool = ["own_note", "look"][k % 2];
                let list = serde_json::to_string(&[dice.words(), dice.words()]).unwrap_or_default();
                format!("call {tool} id=c{n} lane={lane}: {{\"x\":{quoted},\"list\":{list}}}\n")
            }
        };
    }
    text
}

#[test]
fn the_index_equals_the_naive_scan() {
    let mut compared = [0_usize; 6];
    for seed in 1..=250 {
        let text = made_up(seed);
        let (_, imported) =
            import("s.session", text.as_bytes(), None, &Limits::default()).expect("a session");
        let session = &imported.sessions[0];
        let index = OriginIndex::new(session, &is_trusted);
        for (at, step, call) in session.calls() {
            let Arguments::Object(arguments) = &call.arguments else { continue };
            let view = index.view(step.lane, at);
            values(arguments, &mut |_, value| {
                tokens(value, &mut |token| {
                    let mut plain = String::new();
                    plain_into(token.text, &mut plain);
                    let got = index.whole(session, view, token.text, &plain);
                    let wanted = naive(session, step.lane, at, token.text);
                    assert_eq!(
                        got, wanted,
                        "seed {seed}, step {}, `{}` of\n{text}",
                        at.0, token.text
                    );
                    if let Some(origin) = wanted {
                        compared[origin.source as usize] += 1;
                    }
                });
            });
        }
    }
    assert!(compared.iter().all(|n| *n > 20), "every kind of origin was reached: {compared:?}");
}

#[test]
fn reading_is_linear() {
    // Twice the session, twice the texts that are read: each text once.
    let session = |turns: usize| {
        let turn = "call look: {\"x\":\"ann@shop.example\"}\nresult: see shop.example\n";
        let text = format!("session s\nuser: go\n{}", turn.repeat(turns));
        let limits = Limits::default();
        import("s.session", text.as_bytes(), None, &limits).expect("a session").1.sessions.remove(0)
    };
    for turns in [10, 100] {
        let index = OriginIndex::new(&session(turns), &|_| false);
        assert!(index.sightings() <= 10, "first sightings only, however long the session is");
    }
}

//! The calls of a session as a picture: a row an agent, a mark a call, in order.
//!
//! A mark's shape says its verdict, never its colour alone. Where there are more calls than room, calls
//! share a mark, and the worst verdict of them wins.

use super::html::escaped;
use super::{CallDoc, SessionDoc, shape};
use remit_replay::Verdict;
use std::collections::BTreeMap;

const WIDTH: usize = 960;
const NAMES: usize = 150;
const ROW: usize = 30;
const TOP: usize = 22;
/// So many marks fit beside each other.
const MARKS: usize = 80;
/// More rows than anybody reads.
const LANES: usize = 24;

/// One mark.
struct Mark<'s> {
    calls: Vec<&'s CallDoc>,
}

/// The picture as SVG.
pub(super) fn timeline(session: &SessionDoc) -> String {
    let lanes = session.lanes.len().min(LANES);
    let columns = session.calls.len().clamp(1, MARKS);
    let column = |call: usize| call * columns / session.calls.len().max(1);
    let mut marks: BTreeMap<(usize, usize), Mark<'_>> = BTreeMap::new();
    for (at, call) in session.calls.iter().enumerate().filter(|(_, call)| call.lane < lanes) {
        let mark = marks.entry((call.lane, column(at))).or_insert(Mark { calls: Vec::new() });
        mark.calls.push(call);
    }
    let pitch = (WIDTH - NAMES) / (columns + 1);
    let x = |column: usize| NAMES + pitch * (column + 1);
    let y = |lane: usize| TOP + ROW * lane + ROW / 2;
    let height = TOP + ROW * lanes + 8;
    let mut out = format!(
        "<svg class=\"timeline\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Tool calls in order, a row an agent\">\n"
    );
    for (at, lane) in session.lanes.iter().take(lanes).enumerate() {
        let (name, middle) = (escaped(&short(&lane.name)), y(at));
        out += &format!(
            "<text x=\"0\" y=\"{}\" class=\"lane\">{name}</text><line x1=\"{NAMES}\" x2=\"{WIDTH}\" y1=\"{middle}\" y2=\"{middle}\" class=\"rail\"/>\n",
            middle + 4
        );
        out += &handed_over(session, at, &column, &x, &y).unwrap_or_default();
    }
    let is_horizon = |call: &CallDoc| Some(call.step) == session.horizon;
    if let Some(at) = session.calls.iter().position(is_horizon) {
        let x = x(column(at)) + pitch / 2;
        out += &format!(
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"14\" y2=\"{height}\" class=\"horizon\"/><text x=\"{x}\" y=\"10\" class=\"note\" text-anchor=\"middle\">hypothetical from here</text>\n"
        );
    }
    for ((lane, column), mark) in &marks {
        out += &mark.drawn(x(*column), y(*lane));
    }
    out + "</svg>\n"
}

/// The line from the call that started a lane.
fn handed_over(
    session: &SessionDoc,
    lane: usize,
    column: &dyn Fn(usize) -> usize,
    x: &dyn Fn(usize) -> usize,
    y: &dyn Fn(usize) -> usize,
) -> Option<String> {
    let from = session.lanes.get(lane)?.from?;
    let started = session.calls.iter().position(|call| call.step == from)?;
    let parent = session.calls.get(started)?.lane;
    let first = session.calls.iter().position(|call| call.lane == lane)?;
    if parent >= LANES {
        return None;
    }
    Some(format!(
        "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"hand\"/>\n",
        x(column(started)),
        y(parent),
        x(column(first)),
        y(lane)
    ))
}

impl Mark<'_> {
    fn drawn(&self, x: usize, y: usize) -> String {
        let weight = |verdict: Verdict| match verdict {
            Verdict::Allowed => 0,
            Verdict::Unknown => 1,
            Verdict::Drifted => 2,
            Verdict::Denied => 3,
        };
        let Some(worst) = self.calls.iter().max_by_key(|call| weight(call.verdict)) else {
            return String::new();
        };
        let more = match self.calls.len() {
            1 => String::new(),
            calls => format!(", and {} more", calls - 1),
        };
        let title = format!(
            "step {}: {} {} {}{}{more}",
            worst.step,
            worst.tool,
            shape(worst.verdict),
            worst.verdict.word(),
            worst.hypothetical.map(|word| format!(", hypothetical, {word}")).unwrap_or_default()
        );
        let class = worst.verdict.word();
        let faint = if worst.hypothetical.is_some() { " faint" } else { "" };
        let drawn = match worst.verdict {
            Verdict::Allowed => format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"4.5\"/>"),
            Verdict::Denied => {
                format!("<rect x=\"{}\" y=\"{}\" width=\"10\" height=\"10\"/>", x - 5, y - 5)
            }
            Verdict::Drifted => {
                format!("<path d=\"M{x} {} l6 11 h-12 z\"/>", y - 6)
            }
            Verdict::Unknown => format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"4.5\" class=\"ring\"/>"),
        };
        format!("<g class=\"{class}{faint}\">{drawn}<title>{}</title></g>\n", escaped(&title))
    }
}

fn short(name: &str) -> String {
    match name.char_indices().nth(22) {
        Some((at, _)) => format!("{}…", name.get(..at).unwrap_or_default()),
        None => name.to_owned(),
    }
}

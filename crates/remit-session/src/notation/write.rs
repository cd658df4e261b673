//! Sessions to notation.

use super::{ROLES, identity};
use crate::{
    Arguments, Lane, LaneIdx, LaneKind, Outcome, Session, Step, StepIdx, StepKind, ToolCall,
    ToolResult,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

/// The sessions in the notation, one after the other.
pub fn to_notation(sessions: &[Session]) -> String {
    let written: Vec<_> = sessions.iter().map(|session| Writer::new(session).write()).collect();
    written.join("\n")
}

struct Writer<'a> {
    session: &'a Session,
    out: String,
    /// How to name each call.
    names: BTreeMap<StepIdx, String>,
    /// The calls of each lane that still have no result.
    open: BTreeMap<LaneIdx, BTreeSet<StepIdx>>,
}

impl<'a> Writer<'a> {
    fn new(session: &'a Session) -> Writer<'a> {
        let (names, open) = (call_names(session), BTreeMap::new());
        Writer { session, out: String::new(), names, open }
    }

    fn write(mut self) -> String {
        self.header();
        self.out.push('\n');
        for (index, step) in self.session.steps.iter().enumerate() {
            self.step(StepIdx(index as u32), step);
        }
        self.out
    }

    fn header(&mut self) {
        let session = self.session;
        self.line("session", &session.id);
        if let Some(task) = &session.task {
            self.line("task", task);
        }
        match (&session.goal, first_request(session)) {
            (Some(goal), first) if first != Some(goal.as_str()) => self.line("goal", goal),
            (None, Some(_)) => self.out.push_str("goal\n"),
            (Some(_) | None, _) => {}
        }
        if let Some(solved) = session.solved {
            self.line("solved", if solved { "yes" } else { "no" });
        }
        for lane in &session.lanes {
            let head = self.lane(lane);
            self.out.push_str(&head);
            self.out.push('\n');
        }
        self.out.push_str(&identity::lines(session));
    }

    fn line(&mut self, word: &str, value: &str) {
        self.out.push_str(word);
        self.out.push(' ');
        self.text(value);
    }

    fn lane(&self, lane: &Lane) -> String {
        let mut head = match lane.kind {
            LaneKind::Main => "agent",
            LaneKind::SubAgent { .. } => "sub-agent",
            LaneKind::Branch { .. } => "branch",
        }
        .to_owned();
        head.push(' ');
        head.push_str(&token(&lane.agent));
        match lane.kind {
            LaneKind::Main | LaneKind::SubAgent { started_by: None } => {}
            LaneKind::SubAgent { started_by: Some(call) } => {
                option(&mut head, "started-by", &self.name(call))
            }
            LaneKind::Branch { of, after } => {
                option(&mut head, "of", &of.0.to_string());
                if let Some(after) = after {
                    option(&mut head, "after", &after.0.to_string());
                }
            }
        }
        head
    }

    fn step(&mut self, idx: StepIdx, step: &Step) {
        let (mut head, text) = match &step.kind {
            StepKind::Message { role, text } => {
                let word = ROLES
                    .iter()
                    .find(|(_, known)| known == role)
                    .map_or("runtime", |(word, _)| word);
                ((*word).to_owned(), text.clone())
            }
            StepKind::Call(call) => self.call(idx, step.lane, call),
            StepKind::Result(result) => (self.result(step.lane, result), result.text.clone()),
        };
        if step.lane != LaneIdx(0) {
            option(&mut head, "lane", &step.lane.0.to_string());
        }
        if let Some(at) = step.at {
            option(&mut head, "at", &at.to_string());
        }
        self.out.push_str(&head);
        self.out.push(':');
        if !text.is_empty() {
            self.out.push(' ');
        }
        self.text(&text);
    }

    fn call(&mut self, idx: StepIdx, lane: LaneIdx, call: &ToolCall) -> (String, String) {
        self.open.entry(lane).or_default().insert(idx);
        let mut head = format!("call {}", token(&call.tool));
        for (key, value) in [("id", &call.id), ("server", &call.server)] {
            if let Some(value) = value {
                option(&mut head, key, &token(value));
            }
        }
        if let Some(act) = self.session.identity.acts.get(&idx) {
            let credential = act.credential.and_then(|at| self.session.identity.credential(at));
            if let Some(credential) = credential {
                option(&mut head, "with", &token(&credential.id));
            }
            if let Some(human) = act.human {
                option(&mut head, "human", if human { "yes" } else { "no" });
            }
        }
        if call.outcome != self.outcome_by_result(call) {
            head.push(' ');
            head.push_str(call.outcome.word());
        }
        let text = match &call.arguments {
            Arguments::Object(object) if object.is_empty() => String::new(),
            Arguments::Object(object) => serde_json::to_string(object).unwrap_or_default(),
            Arguments::Unreadable { text, why } => {
                option(&mut head, "unreadable", &quoted(why));
                text.clone()
            }
        };
        (head, text)
    }

    fn outcome_by_result(&self, call: &ToolCall) -> Outcome {
        match call.result.and_then(|result| self.session.step(result)).map(|step| &step.kind) {
            Some(StepKind::Result(result)) => result.outcome,
            Some(StepKind::Message { .. } | StepKind::Call(_)) | None => Outcome::Unrecorded,
        }
    }

    fn result(&mut self, lane: LaneIdx, result: &ToolResult) -> String {
        let mut head = "result".to_owned();
        if result.outcome != Outcome::Executed {
            head.push(' ');
            head.push_str(result.outcome.word());
        }
        let expected = self.open.get(&lane).and_then(|open| open.first().copied());
        if result.call != expected {
            let name = result.call.map_or("#none".to_owned(), |call| self.name(call));
            option(&mut head, "of", &name);
        }
        let lane = result.call.and_then(|call| self.session.step(call)).map(|step| step.lane);
        let open = lane.and_then(|lane| self.open.get_mut(&lane));
        if let Some((open, call)) = open.zip(result.call) {
            open.remove(&call);
        }
        head
    }

    fn name(&self, call: StepIdx) -> String {
        self.names.get(&call).cloned().unwrap_or_else(|| "#none".to_owned())
    }

    /// Writes a text and ends the line.
    fn text(&mut self, text: &str) {
        if needs_quotes(text) {
            self.out.push_str(&quoted(text));
        } else {
            self.out.push_str(&indented(text));
        }
        self.out.push('\n');
    }
}

fn first_request(session: &Session) -> Option<&str> {
    session.steps.iter().find_map(|step| match &step.kind {
        StepKind::Message { role: crate::Role::User, text } if step.lane == LaneIdx(0) => {
            Some(text.as_str())
        }
        StepKind::Message { .. } | StepKind::Call(_) | StepKind::Result(_) => None,
    })
}

/// The id where it names one call only, else the call's number.
fn call_names(session: &Session) -> BTreeMap<StepIdx, String> {
    let mut uses: HashMap<&str, u32> = HashMap::new();
    for (_, _, call) in session.calls() {
        *uses.entry(call.id.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let name = |(number, (step, _, call)): (usize, (StepIdx, &Step, &ToolCall))| {
        let own = call.id.as_deref().filter(|id| uses.get(id) == Some(&1) && !id.starts_with('#'));
        (step, own.map_or_else(|| format!("#{number}"), token))
    };
    session.calls().enumerate().map(name).collect()
}

pub(super) fn option(head: &mut String, key: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = write!(head, " {key}={value}");
}

/// A word of a head: as it is if it cannot be taken for anything else, else as a JSON string.
pub(super) fn token(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./#@+$%&*~^!?,;".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether a text would not come back from plain lines.
fn needs_quotes(text: &str) -> bool {
    let odd = |c: char| c.is_control() && c != '\n';
    text.chars().any(odd)
        || text.starts_with('"')
        || text.trim() != text
        || text.split('\n').any(|line| line.trim_end() != line)
}

/// The lines of a text as they go on below its first one.
fn indented(text: &str) -> String {
    let indent = |line: &str| {
        if line.is_empty() { String::new() } else { format!("  {line}") }
    };
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    std::iter::once(first).chain(lines.map(indent)).collect::<Vec<_>>().join("\n")
}

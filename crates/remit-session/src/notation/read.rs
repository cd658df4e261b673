//! Notation to sessions.

use super::{OUTCOMES, ROLES, identity};
use crate::import::{Moment, NewCall, SessionBuilder, Source, Warnings, arguments_from_text};
use crate::{
    Act, Arguments, Lane, LaneIdx, LaneKind, Outcome, Place, Session, StepIdx, StepKind, ToolCall,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;

/// Whether a file is notation: by its first two lines that say something; in a file that ends in
/// `.session`, one line that begins a session is enough.
pub(crate) fn is_notation(name: &str, head: &str) -> bool {
    let begins = |line: &str| line.starts_with("session ");
    if name.ends_with(".session") {
        return head.lines().any(begins);
    }
    let mut lines = head.lines().filter(|line| !is_comment(line));
    lines.next().is_some_and(begins) && lines.next().is_some_and(goes_on)
}

/// Whether a line can stand below one that begins a session. A word alone is not enough: people
/// begin sentences with it.
fn goes_on(line: &str) -> bool {
    let word = first_word(line);
    HEADER_WORDS.contains(&word)
        || identity::WORDS.contains(&word)
        || (is_step(word) && line.contains(':'))
}

const HEADER_WORDS: [&str; 7] =
    ["session", "task", "goal", "solved", "agent", "sub-agent", "branch"];

fn is_step(word: &str) -> bool {
    ["call", "result"].contains(&word) || ROLES.iter().any(|(role, _)| *role == word)
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#') || line.trim().is_empty()
}

fn first_word(line: &str) -> &str {
    line.split([' ', ':']).next().unwrap_or_default()
}

/// The sessions of a file.
pub(crate) fn read(source: &Source<'_>, warnings: &mut Warnings) -> Vec<Session> {
    let mut file = File { sessions: Vec::new(), current: None, warnings };
    for (number, paragraph) in paragraphs(source.text) {
        file.paragraph(&paragraph, Place::Line(number));
    }
    file.end_session();
    file.sessions
}

/// Each line with the indented ones that go on from it, and the blank ones between those.
fn paragraphs(text: &str) -> Vec<(u32, String)> {
    let mut paragraphs: Vec<(u32, String)> = Vec::new();
    let mut blank = 0;
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix("  "), paragraphs.last_mut()) {
            _ if line.trim().is_empty() => blank += 1,
            (Some(more), Some((_, paragraph))) => {
                (0..=std::mem::take(&mut blank)).for_each(|_| paragraph.push('\n'));
                paragraph.push_str(more);
            }
            _ => {
                blank = 0;
                paragraphs.push((number, line.to_owned()));
            }
        }
    }
    paragraphs.retain(|(_, paragraph)| !is_comment(paragraph));
    paragraphs
}

struct File<'a> {
    sessions: Vec<Session>,
    current: Option<Current>,
    warnings: &'a mut Warnings,
}

/// The session that is being read.
struct Current {
    builder: SessionBuilder,
    goal: Option<Option<String>>,
    calls: Vec<StepIdx>,
    by_id: HashMap<String, StepIdx>,
    open: BTreeMap<LaneIdx, BTreeSet<StepIdx>>,
    /// Lanes that name the call that started them, which may come later.
    started: Vec<(LaneIdx, String)>,
    said_outcomes: Vec<(StepIdx, Outcome)>,
}

impl File<'_> {
    fn paragraph(&mut self, paragraph: &str, place: Place) {
        let word = first_word(paragraph);
        if word == "session" {
            self.end_session();
            let id = header_value(paragraph);
            self.current = Some(Current::new(&id));
            return;
        }
        let Some(current) = &mut self.current else {
            return self.warnings.add("a line before the first `session` was skipped", place);
        };
        match word {
            "task" => current.builder.session().task = Some(header_value(paragraph)),
            "goal" => {
                current.goal = Some(Some(header_value(paragraph)).filter(|goal| !goal.is_empty()))
            }
            "solved" => current.solved(&header_value(paragraph), place, self.warnings),
            "agent" | "sub-agent" | "branch" => current.lane(word, paragraph, place, self.warnings),
            _ if identity::WORDS.contains(&word) => {
                let identity = &mut current.builder.session().identity;
                identity::read(identity, paragraph, &place, self.warnings);
            }
            _ if is_step(word) => current.step(word, paragraph, place, self.warnings),
            _ => self.warnings.add("a line that begins with no known word was skipped", place),
        }
    }

    fn end_session(&mut self) {
        self.sessions.extend(self.current.take().map(Current::finish));
    }
}

impl Current {
    fn new(id: &str) -> Current {
        Current {
            builder: SessionBuilder::new(id, "agent"),
            goal: None,
            calls: Vec::new(),
            by_id: HashMap::new(),
            open: BTreeMap::new(),
            started: Vec::new(),
            said_outcomes: Vec::new(),
        }
    }

    fn solved(&mut self, value: &str, place: Place, warnings: &mut Warnings) {
        match value {
            "yes" => self.builder.session().solved = Some(true),
            "no" => self.builder.session().solved = Some(false),
            _ => warnings.add("`solved` is neither `yes` nor `no`", place),
        }
    }

    fn lane(&mut self, word: &str, paragraph: &str, place: Place, warnings: &mut Warnings) {
        let head = Head::read(paragraph);
        let agent = head.words.get(1).cloned().unwrap_or_else(|| "agent".to_owned());
        let lane = match word {
            "agent" => {
                let main = self.builder.session().lanes.first_mut();
                return main.into_iter().for_each(|lane| lane.agent.clone_from(&agent));
            }
            "branch" => {
                let of = LaneIdx(head.parsed("of", &place, warnings).unwrap_or(0));
                let after = head.parsed("after", &place, warnings).map(StepIdx);
                Lane { agent, kind: LaneKind::Branch { of, after } }
            }
            _ => Lane { agent, kind: LaneKind::SubAgent { started_by: None } },
        };
        let lane = self.builder.add_lane(lane);
        self.started.extend(head.option("started-by").map(|call| (lane, call.to_owned())));
    }

    fn step(&mut self, word: &str, paragraph: &str, place: Place, warnings: &mut Warnings) {
        let head = Head::read(paragraph);
        if !head.has_text {
            warnings.add("a step without a colon between its options and its text", place.clone());
        }
        let moment = self.moment(&head, place, warnings);
        match ROLES.iter().find(|(role, _)| *role == word) {
            Some((_, role)) => {
                self.builder.push(moment, StepKind::Message { role: *role, text: head.text });
            }
            None if word == "call" => self.call(moment, head, warnings),
            None => self.result(moment, &head, warnings),
        }
    }

    fn moment(&mut self, head: &Head, place: Place, warnings: &mut Warnings) -> Moment {
        let lane = LaneIdx(head.parsed("lane", &place, warnings).unwrap_or(0));
        let at = head.parsed::<Timestamp>("at", &place, warnings);
        let known = (lane.0 as usize) < self.builder.session().lanes.len();
        if !known {
            warnings.add("a step in a lane that is not declared is put in lane 0", place.clone());
        }
        Moment { lane: if known { lane } else { LaneIdx(0) }, at, place }
    }

    fn call(&mut self, moment: Moment, head: Head, warnings: &mut Warnings) {
        let (lane, place) = (moment.lane, moment.place.clone());
        let said = head.outcome(2);
        let arguments = match head.option("unreadable") {
            Some(why) => Arguments::Unreadable { text: head.text.clone(), why: why.to_owned() },
            None => arguments_from_text(&head.text),
        };
        if matches!(arguments, Arguments::Unreadable { .. }) && head.option("unreadable").is_none()
        {
            warnings.add(
                "the arguments of a tool call cannot be read and are kept as text",
                place.clone(),
            );
        }
        if head.words.get(1).is_none() {
            warnings.add("a tool call has no name and is called `unnamed`", place);
        }
        let tool = head.words.get(1).map_or("unnamed", |tool| tool).to_owned();
        let owned = |key: &str| head.option(key).map(str::to_owned);
        let new = NewCall { id: owned("id"), tool, server: owned("server"), arguments };
        let id = new.id.clone();
        let step = self.builder.call(moment, new);
        self.act(step, &head);
        self.calls.push(step);
        self.by_id.extend(id.map(|id| (id, step)));
        self.open.entry(lane).or_default().insert(step);
        self.said_outcomes.extend(said.map(|outcome| (step, outcome)));
    }

    /// With which credential the call was made, and whether a person was there.
    fn act(&mut self, step: StepIdx, head: &Head) {
        let identity = &mut self.builder.session().identity;
        let credential = head.option("with").map(|id| identity::named(identity, id));
        let human = match head.option("human") {
            Some("yes") => Some(true),
            Some("no") => Some(false),
            Some(_) | None => None,
        };
        if credential.is_some() || human.is_some() {
            identity.acts.insert(step, Act { credential, human });
        }
    }

    fn result(&mut self, moment: Moment, head: &Head, warnings: &mut Warnings) {
        let call = match head.option("of") {
            Some("#none") => None,
            Some(name) => {
                let call = self.named(name);
                if call.is_none() {
                    warnings
                        .add("a result answers a call that is not above it", moment.place.clone());
                }
                call
            }
            None => self.open.get(&moment.lane).and_then(|open| open.first().copied()),
        };
        if let Some(call) = call {
            self.close(call);
        }
        let outcome = head.outcome(1).unwrap_or(Outcome::Executed);
        self.builder.result(moment, call, head.text.clone(), outcome);
    }

    fn close(&mut self, call: StepIdx) {
        let lane = self.builder.session().step(call).map(|step| step.lane);
        if let Some(open) = lane.and_then(|lane| self.open.get_mut(&lane)) {
            open.remove(&call);
        }
    }

    fn named(&self, name: &str) -> Option<StepIdx> {
        match name.strip_prefix('#').and_then(|number| number.parse::<usize>().ok()) {
            Some(number) => self.calls.get(number).copied(),
            None => self.by_id.get(name).copied(),
        }
    }

    fn finish(mut self) -> Session {
        for (call, outcome) in std::mem::take(&mut self.said_outcomes) {
            let call: Option<&mut ToolCall> = self.builder.call_at(call);
            call.into_iter().for_each(|call| call.outcome = outcome);
        }
        for (lane, name) in std::mem::take(&mut self.started) {
            let call = self.named(&name);
            if let Some(lane) = self.builder.session().lanes.get_mut(lane.0 as usize) {
                lane.kind = LaneKind::SubAgent { started_by: call };
            }
        }
        match self.goal {
            Some(goal) => {
                self.builder.session().goal = goal;
                self.builder.finish_as_is()
            }
            None => self.builder.finish(),
        }
    }
}

fn header_value(paragraph: &str) -> String {
    unquoted(paragraph.split_once(' ').map_or("", |(_, value)| value))
}

/// A text in double quotes is a JSON string if it is one.
fn unquoted(text: &str) -> String {
    let quoted = text.starts_with('"').then(|| serde_json::from_str(text).ok()).flatten();
    quoted.unwrap_or_else(|| text.to_owned())
}

/// The part of a line before its text: words, `key=value` options.
#[derive(Default)]
pub(super) struct Head {
    pub(super) words: Vec<String>,
    options: BTreeMap<String, String>,
    text: String,
    has_text: bool,
}

impl Head {
    pub(super) fn read(paragraph: &str) -> Head {
        let mut head = Head::default();
        let mut rest = paragraph;
        loop {
            let (key, value, after) = next_token(rest);
            match (key, value) {
                (Some(key), value) => drop(head.options.insert(key, value)),
                (None, value) if value.is_empty() => {}
                (None, value) => head.words.push(value),
            }
            if let Some(text) = after.strip_prefix(':') {
                let text = text.strip_prefix([' ', '\n']).unwrap_or(text);
                (head.text, head.has_text) = (unquoted(text), true);
                return head;
            }
            match after.strip_prefix([' ', '\n']) {
                Some(more) => rest = more,
                None => return head,
            }
        }
    }

    pub(super) fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }

    pub(super) fn parsed<T: FromStr>(
        &self,
        key: &str,
        place: &Place,
        warnings: &mut Warnings,
    ) -> Option<T> {
        let value = self.option(key)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            warnings.add(format!("the value of `{key}` cannot be read"), place.clone());
        }
        parsed
    }

    /// An outcome among the words after the first `skipped`, which may be called like one.
    fn outcome(&self, skipped: usize) -> Option<Outcome> {
        let mut words = self.words.iter().skip(skipped);
        words.find_map(|word| OUTCOMES.into_iter().find(|outcome| outcome.word() == word))
    }
}

/// The next word, quoted text or `key=value`, and what is left from the space or colon after it.
fn next_token(text: &str) -> (Option<String>, String, &str) {
    let plain_end = end_of_word(text);
    let (word, rest) = text.split_at(plain_end);
    let (key, value) = match word.split_once('=') {
        Some((key, value)) if !key.starts_with('"') => (Some(key.to_owned()), value),
        Some(_) | None => (None, word),
    };
    if !value.starts_with('"') {
        return (key, value.to_owned(), rest);
    }
    let from = text.split_at(plain_end - value.len()).1;
    match leading_string(from) {
        Some((value, rest)) => (key, value, rest),
        None => (key, value.to_owned(), rest),
    }
}

/// A word ends at a space, at the end, or at a colon before either.
fn end_of_word(text: &str) -> usize {
    let mut ends = text.char_indices().filter(|(at, c)| match c {
        ' ' | '\n' => true,
        ':' => text.split_at(at + 1).1.starts_with([' ', '\n']) || text.len() == at + 1,
        _ => false,
    });
    ends.next().map_or(text.len(), |(at, _)| at)
}

/// The JSON string that a text begins with, and the rest.
fn leading_string(text: &str) -> Option<(String, &str)> {
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = strings.next()?.ok()?;
    Some((value, text.split_at(strings.byte_offset()).1))
}

//! Spans of traces, put together into sessions: what OpenTelemetry, Langfuse and LangSmith have in common.
//!
//! A reader of a format says of each span what it was for ([`Work`]); this module knows the rest:
//!
//! * Spans of one conversation are one session, whichever traces they stand in; without a conversation a
//!   trace is one. Steps are in the order of time.
//! * A span of a tool is a call. A call that a model asked for and that no span carries out is a call too:
//!   *unrecorded*, unless a later prompt holds its result. Both are one call where the id says so, else
//!   where the name does, in order. What one of both lacks (id, arguments) is the other's.
//! * A span of a tool below one of the same tool (a client's and a server's view) is the same call.
//! * Agents are lanes. The first is the main agent; another below a call was started by it; one that a
//!   hand-off names was started by the hand-off.
//! * Prompts repeat what was said before: each message is read once.
//! * A call whose arguments nobody recorded has *unreadable* arguments, never none: most instrumentation
//!   leaves contents out unless it is told to record them.

mod lanes;
mod order;
mod pairs;

use super::Source;
use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::messages::{UNNAMED_TOOL, warn_about};
use super::said::{Said, SaidCall, SaidResult};
use crate::identity::Noticed;
use crate::{Arguments, LaneIdx, Outcome, Place, Role, Session, StepIdx};
use jiff::Timestamp;
use lanes::Lanes;
use order::{Event, events};
use pairs::Pairs;
use std::collections::HashMap;

/// One span, as its format's reader understands it.
pub(super) struct Span {
    pub id: String,
    pub parent: Option<String>,
    pub trace: String,
    pub name: String,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    pub place: Place,
    /// What groups traces: a conversation, a thread, a user's session.
    pub conversation: Option<String>,
    /// The agent that the span itself names, whatever stands above it.
    pub agent: Option<String>,
    /// Who acts where no agent is named.
    pub service: Option<String>,
    /// What the span and its process say about who acts and with what.
    pub noticed: Noticed,
    pub work: Work,
}

/// What a span was for.
pub(super) enum Work {
    /// An agent at work, by its name; what it was asked.
    Agent {
        name: Option<String>,
        input: Vec<Said>,
    },
    Tool(Tool),
    Model {
        input: Vec<Said>,
        output: Vec<Said>,
    },
    /// Anything else. Some frameworks write their tools' spans so: what went in and out counts where a
    /// model asked for a tool of the span's name.
    Other {
        input: Option<Arguments>,
        output: Option<String>,
        failed: bool,
    },
}

/// A tool that was run.
pub(super) struct Tool {
    /// `None`: the span has no better name than its own.
    pub name: Option<String>,
    pub id: Option<String>,
    pub server: Option<String>,
    /// `None` if the span does not hold them.
    pub arguments: Option<Arguments>,
    /// `None` if the span does not hold it.
    pub result: Option<String>,
    /// How it ended, by the span.
    pub outcome: Outcome,
}

/// Why there are no arguments, for people.
const NOT_RECORDED: &str = "the trace does not hold the arguments of this call";

/// The sessions of a recording's spans.
pub(super) fn sessions(
    source: &Source<'_>,
    spans: Vec<Span>,
    warnings: &mut Warnings,
) -> Vec<Session> {
    let groups = by_conversation(once(spans));
    groups.into_iter().filter_map(|(id, spans)| session(source, id, spans, warnings)).collect()
}

/// Each span once: exporters send a batch again when they get no answer. The later one counts if only it
/// has an end.
fn once(spans: Vec<Span>) -> Vec<Span> {
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    let mut list: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        let key = (span.trace.clone(), span.id.clone());
        match known.get(&key).and_then(|at| list.get_mut(*at)) {
            Some(earlier) if !span.id.is_empty() => {
                if earlier.end.is_none() && span.end.is_some() {
                    *earlier = span;
                }
            }
            Some(_) | None => {
                known.insert(key, list.len());
                list.push(span);
            }
        }
    }
    list
}

/// The spans of each conversation, in the order in which conversations come first.
fn by_conversation(spans: Vec<Span>) -> Vec<(String, Vec<Span>)> {
    let mut of_trace: HashMap<&str, (Option<Timestamp>, &str)> = HashMap::new();
    for span in &spans {
        let Some(conversation) = &span.conversation else { continue };
        let found = (span.start, conversation.as_str());
        let first = of_trace.entry(&span.trace).or_insert(found);
        if found.0 < first.0 {
            *first = found;
        }
    }
    let key = |span: &Span| {
        let conversation = of_trace.get(span.trace.as_str()).map(|(_, id)| *id);
        conversation.unwrap_or(&span.trace).to_owned()
    };
    let keys: Vec<_> = spans.iter().map(key).collect();
    let mut groups: Vec<(String, Vec<Span>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (key, span) in keys.into_iter().zip(spans) {
        let next = groups.len();
        let at = *known.entry(key.clone()).or_insert(next);
        match groups.get_mut(at) {
            Some((_, group)) => group.push(span),
            None => groups.push((key, vec![span])),
        }
    }
    groups
}

fn session(
    source: &Source<'_>,
    id: String,
    mut spans: Vec<Span>,
    warnings: &mut Warnings,
) -> Option<Session> {
    spans.sort_by_key(|span| span.start);
    let above = order::above(&spans);
    let pairs = Pairs::find(&mut spans, &above);
    let lanes = Lanes::new(&spans, &above, &pairs);
    let id = if id.is_empty() { source.stem().to_owned() } else { id };
    let builder = SessionBuilder::new(id, lanes.main.clone());
    let mut reader = Reader {
        spans: &spans,
        pairs: &pairs,
        lanes,
        builder,
        warnings,
        called: HashMap::new(),
        heard: HashMap::new(),
        open: HashMap::new(),
    };
    for event in events(&spans, &above) {
        reader.event(event);
    }
    let session = reader.builder.finish();
    (!session.steps.is_empty()).then_some(session)
}

struct Reader<'a> {
    spans: &'a [Span],
    pairs: &'a Pairs,
    lanes: Lanes,
    builder: SessionBuilder,
    warnings: &'a mut Warnings,
    /// The call of each span of a tool.
    called: HashMap<usize, StepIdx>,
    /// For each lane, how often each thing was said.
    heard: HashMap<LaneIdx, Heard>,
    /// Calls that have no span, by id, until a prompt holds their result.
    open: HashMap<String, StepIdx>,
}

/// What was said in a lane so far.
#[derive(Default)]
struct Heard {
    texts: HashMap<(Role, String), u32>,
    begun: bool,
}

impl Reader<'_> {
    fn event(&mut self, event: Event) {
        let Some(span) = self.spans.get(event.span) else { return };
        let lane = self.lanes.of(event.span, &mut self.builder, &self.called);
        let moment = Moment { lane, at: event.at, place: span.place.clone() };
        self.builder.identify(lane, None, span.noticed.without_credential());
        match (&span.work, event.ends) {
            (Work::Agent { input, .. }, false) => self.prompt(input, &moment, false),
            (Work::Agent { .. }, true) => {}
            (Work::Model { input, .. }, false) if !self.pairs.outer.contains(&event.span) => {
                self.prompt(input, &moment, true);
            }
            (Work::Model { output, .. }, true) if !self.pairs.outer.contains(&event.span) => {
                self.answer(event.span, output, &moment);
            }
            (Work::Model { .. }, _) => {}
            (Work::Tool(_), _) if self.pairs.inner.contains_key(&event.span) => {}
            (Work::Tool(_), false) => drop(self.call(event.span, &moment)),
            (Work::Tool(tool), true) => {
                let result = (tool.result.clone().unwrap_or_default(), tool.outcome);
                self.result(event.span, result, moment);
            }
            (Work::Other { .. }, _) if !self.pairs.tools.contains(&event.span) => {}
            (Work::Other { .. }, false) => drop(self.call(event.span, &moment)),
            (Work::Other { output, failed, .. }, true) => {
                let outcome = if *failed { Outcome::Failed } else { Outcome::Executed };
                self.result(event.span, (output.clone().unwrap_or_default(), outcome), moment);
            }
        }
    }

    /// The call that a span carries out, once.
    fn call(&mut self, index: usize, moment: &Moment) -> StepIdx {
        if let Some(step) = self.called.get(&index) {
            return *step;
        }
        let call = new_call(self.spans.get(index), self.pairs.asked.get(&index));
        let unsaid =
            matches!(&call.arguments, Arguments::Unreadable { why, .. } if why == NOT_RECORDED);
        if unsaid {
            let message = "a tool call is recorded without its arguments";
            self.warnings.add(message, moment.place.clone());
        } else {
            warn_about(&call, &moment.place, self.warnings);
        }
        let step = self.builder.call(moment.clone(), call);
        self.called.insert(index, step);
        if let Some(span) = self.spans.get(index) {
            self.builder.identify(moment.lane, Some(step), span.noticed.clone());
        }
        step
    }

    fn result(&mut self, index: usize, (text, outcome): (String, Outcome), moment: Moment) {
        let step = self.call(index, &moment);
        if outcome != Outcome::Unrecorded {
            self.builder.result(moment, Some(step), text, outcome);
        }
    }

    /// What a prompt says that was not said before in its lane. Only the first prompt of a lane can hold
    /// calls that no answer asked for: they are older than the recording.
    fn prompt(&mut self, input: &[Said], moment: &Moment, whole: bool) {
        let mut heard = self.heard.remove(&moment.lane).unwrap_or_default();
        let first = whole && !heard.begun;
        heard.begun |= whole;
        let mut now: HashMap<(Role, String), u32> = HashMap::new();
        for said in input {
            match said {
                Said::Text(role, text) => {
                    let key = (*role, text.clone());
                    let times = now.entry(key.clone()).or_default();
                    *times += 1;
                    let before = heard.texts.entry(key).or_default();
                    if *times > *before {
                        *before = *times;
                        self.builder.say(moment.clone(), *role, text.clone());
                    }
                }
                Said::Call(call) if !self.is_known(call, first) => self.asked(call, moment),
                Said::Call(_) => {}
                Said::Result(result) => self.told(result, moment, first),
            }
        }
        self.heard.insert(moment.lane, heard);
    }

    fn is_known(&self, call: &SaidCall, first: bool) -> bool {
        match &call.id {
            Some(id) => self.pairs.ids.contains(id) || self.open.contains_key(id),
            None => !first || self.pairs.names.contains(&call.tool),
        }
    }

    fn answer(&mut self, span: usize, output: &[Said], moment: &Moment) {
        self.builder.begin_turn();
        for (index, said) in output.iter().enumerate() {
            match said {
                Said::Text(role, text) => {
                    let heard = self.heard.entry(moment.lane).or_default();
                    *heard.texts.entry((*role, text.clone())).or_default() += 1;
                    self.builder.say(moment.clone(), *role, text.clone());
                }
                Said::Call(call) if self.pairs.is_loose(span, index) => self.asked(call, moment),
                Said::Call(_) => {}
                Said::Result(result) => self.told(result, moment, false),
            }
        }
    }

    /// A call that no span carries out.
    fn asked(&mut self, call: &SaidCall, moment: &Moment) {
        let SaidCall { id, tool, arguments } = call.clone();
        let call = NewCall { id: id.clone(), tool, server: None, arguments };
        warn_about(&call, &moment.place, self.warnings);
        let step = self.builder.call(moment.clone(), call);
        self.open.extend(id.map(|id| (id, step)));
    }

    fn told(&mut self, result: &SaidResult, moment: &Moment, first: bool) {
        let call = match &result.id {
            Some(id) => self.open.get(id).copied(),
            None => self.builder.open_call(None).filter(|_| first),
        };
        let Some(call) = call else { return };
        let answered = self.builder.call_at(call).is_some_and(|call| call.result.is_some());
        if !answered {
            let outcome = if result.failed { Outcome::Failed } else { Outcome::Executed };
            self.builder.result(moment.clone(), Some(call), result.text.clone(), outcome);
        }
    }
}

fn new_call(span: Option<&Span>, asked: Option<&SaidCall>) -> NewCall {
    let (tool, given) = match span.map(|span| &span.work) {
        Some(Work::Tool(tool)) => (Some(tool), tool.arguments.clone()),
        Some(Work::Other { input, .. }) => (None, input.clone()),
        Some(Work::Agent { .. } | Work::Model { .. }) | None => (None, None),
    };
    let name = tool.and_then(|tool| tool.name.clone()).or(asked.map(|call| call.tool.clone()));
    let name = name.or(span.map(|span| span.name.clone())).filter(|name| !name.is_empty());
    NewCall {
        id: tool.and_then(|tool| tool.id.clone()).or(asked.and_then(|call| call.id.clone())),
        tool: name.unwrap_or_else(|| UNNAMED_TOOL.to_owned()),
        server: tool.and_then(|tool| tool.server.clone()),
        // What a model asked for may have been changed on its way; the span is what was run.
        arguments: match (given, asked.map(|call| call.arguments.clone())) {
            (Some(given @ Arguments::Object(_)), _) => given,
            (_, Some(asked)) => asked,
            (Some(given), None) => given,
            (None, None) => {
                Arguments::Unreadable { text: String::new(), why: NOT_RECORDED.to_owned() }
            }
        },
    }
}

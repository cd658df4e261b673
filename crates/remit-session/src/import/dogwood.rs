//! Dogwood's event logs, one event a line, as `dogwood replay` reads them:
//!
//! ```text
//! @1800000000 scope(principal: Agent::"a", resource: Server::"s") request_context(…) Action::"pay"::request(input: { to: "x" }, requestId: "r1", sessionId: "s1")
//! ```
//!
//! A `request` is a tool call, a `response` its result, an `error` its failure, by `requestId`; a
//! response without one answers the oldest call of its tool. Each `sessionId` is a session; in it each
//! principal is a lane, called by its id. Times are seconds, and read as milliseconds, with a warning,
//! where seconds would lie thousands of years ahead: Dogwood itself would take them for seconds.
//!
//! Not here: what `entities(…)` and `request_context(…)` say. Entities are the workspace's, and the
//! context is made from the arguments.

mod value;

use super::builder::{Moment, NewCall, SessionBuilder, Warnings};
use super::json::Object;
use super::{ImportError, Source};
use crate::{Arguments, Lane, LaneIdx, LaneKind, Outcome, Place, Session, StepIdx};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};

use value::Event;
pub(super) use value::is_event;

/// The first second that can only be a millisecond: the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

pub(super) fn read(
    source: &Source<'_>,
    warnings: &mut Warnings,
) -> Result<Vec<Session>, ImportError> {
    let mut log = Log { source, warnings, sessions: Vec::new(), by_id: HashMap::new() };
    for (number, line) in source.text.lines().enumerate() {
        let place = Place::Line(u32::try_from(number + 1).unwrap_or(u32::MAX));
        if line.len() > source.limits.line_bytes {
            log.warnings.add("a line that is too long was skipped", place);
        } else if !line.trim().is_empty() {
            log.line(line, place);
        }
    }
    Ok(log.sessions.into_iter().map(|open| open.builder.finish()).collect())
}

struct Log<'a> {
    source: &'a Source<'a>,
    warnings: &'a mut Warnings,
    sessions: Vec<Open>,
    by_id: HashMap<String, usize>,
}

/// A session that is being read.
struct Open {
    builder: SessionBuilder,
    lanes: HashMap<String, LaneIdx>,
    /// The calls of each tool that have no answer and no id.
    unanswered: HashMap<String, VecDeque<StepIdx>>,
}

impl Log<'_> {
    fn line(&mut self, line: &str, place: Place) {
        let event = match Event::parse(line) {
            Ok(event) => event,
            Err(why) => {
                self.warnings.add(format!("a line that is no event was skipped: {why}"), place);
                return;
            }
        };
        let at = self.time(event.seconds, &place);
        let text = |name: &str| event.fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let principal = event.principal();
        let session = text("sessionId").unwrap_or_else(|| self.source.stem().to_owned());
        let request = text("requestId");
        let open = self.open(session, principal.as_deref().unwrap_or("agent"));
        let lane = principal.map_or(LaneIdx(0), |principal| open.lane(&principal));
        let moment = Moment { lane, at, place };
        match event.kind.as_str() {
            "request" => open.request(moment, event, request),
            "response" => open.answer(moment, &event, request, Outcome::Executed),
            "error" => open.answer(moment, &event, request, Outcome::Failed),
            kind => {
                let message = format!("an event of the kind `{kind}` was skipped");
                self.warnings.add(message, moment.place);
            }
        }
    }

    fn time(&mut self, seconds: i64, place: &Place) -> Option<Timestamp> {
        if seconds < MILLISECONDS_FROM {
            return Timestamp::from_second(seconds).ok();
        }
        let message = "times are milliseconds, and Dogwood reads seconds: its windows would be a thousand times too short";
        self.warnings.add(message, place.clone());
        Timestamp::from_millisecond(seconds).ok()
    }

    fn open(&mut self, session: String, principal: &str) -> &mut Open {
        let next = self.sessions.len();
        let at = *self.by_id.entry(session.clone()).or_insert(next);
        if at == next {
            let builder = SessionBuilder::new(session, principal);
            let lanes = HashMap::from([(principal.to_owned(), LaneIdx(0))]);
            self.sessions.push(Open { builder, lanes, unanswered: HashMap::new() });
        }
        #[expect(clippy::indexing_slicing, reason = "it was pushed above if it was not there")]
        &mut self.sessions[at]
    }
}

impl Open {
    fn lane(&mut self, principal: &str) -> LaneIdx {
        if let Some(lane) = self.lanes.get(principal) {
            return *lane;
        }
        let kind = LaneKind::SubAgent { started_by: None };
        let lane = self.builder.add_lane(Lane { agent: principal.to_owned(), kind });
        self.lanes.insert(principal.to_owned(), lane);
        lane
    }

    fn request(&mut self, moment: Moment, event: Event, id: Option<String>) {
        let Event { action, mut fields, .. } = event;
        let input = match fields.remove("input") {
            Some(Value::Object(input)) => input,
            _ => Object::new(),
        };
        let has_id = id.is_some();
        let tool = action.clone();
        let call = NewCall { id, tool, server: None, arguments: Arguments::Object(input) };
        let step = self.builder.call(moment, call);
        if !has_id {
            self.unanswered.entry(action).or_default().push_back(step);
        }
    }

    /// A log need not hold the request that a response belongs to: then the call is what it says.
    fn answer(&mut self, moment: Moment, event: &Event, id: Option<String>, outcome: Outcome) {
        let open = match &id {
            Some(id) => self.builder.open_call_named(id),
            None => self.unanswered.get_mut(&event.action).and_then(VecDeque::pop_front),
        };
        let call = open.unwrap_or_else(|| {
            let input = match event.fields.get("input") {
                Some(Value::Object(input)) => input.clone(),
                _ => Object::new(),
            };
            let tool = event.action.clone();
            let call = NewCall { id, tool, server: None, arguments: Arguments::Object(input) };
            self.builder.call(moment.clone(), call)
        });
        let text = match event.fields.get("output") {
            Some(Value::String(text)) => text.clone(),
            output => output.map(Value::to_string).unwrap_or_default(),
        };
        self.builder.result(moment, Some(call), text, outcome);
    }
}

impl Event {
    /// Who acts: as the event logs it, else as the request's scope says.
    fn principal(&self) -> Option<String> {
        let logged = ["callerPrincipal", "eventPrincipal"];
        let logged = logged.into_iter().find_map(|name| self.fields.get(name));
        let principal = logged.or_else(|| self.scope.get("principal"));
        principal.and_then(Value::as_str).map(str::to_owned)
    }
}

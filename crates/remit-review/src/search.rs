//! Finds steps in recorded sessions: by tool, agent, argument, verdict, policy, and text.
//!
//! A query is words. `tool:`, `agent:`, `verdict:`, `policy:`, `task:` and `arg:NAME=VALUE` ask one thing of a
//! call; any other word must stand in a step's text, in any case. With words alone every step is looked
//! at; else calls only, and the words are looked for in a call, its arguments and its result. Quotes keep
//! words together. Not here: which sessions there are, and in which order.

use remit_replay::{CallVerdict, Verdict};
use remit_session::{Arguments, Session, Step, StepIdx, StepKind, ToolCall};
use serde_json::Value;

/// So much of the text around what was found is shown.
const AROUND_CHARS: usize = 60;

/// What is looked for. All of it must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
    /// In lower case.
    words: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Tool(String),
    Agent(String),
    Task(String),
    Policy(String),
    Verdict(Verdict),
    /// A path, or the end of one; and what its value holds.
    Argument(String, String),
}

/// A step that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The step.
    pub step: StepIdx,
    /// What it is: the tool of a call, else who said it.
    pub what: String,
    /// The text around what was found; the beginning of the step where no word was asked for.
    pub excerpt: String,
    /// The verdict of a call.
    pub verdict: Option<Verdict>,
}

/// A session to look through.
#[derive(Clone, Copy, Debug)]
pub struct Searched<'s> {
    /// The session.
    pub session: &'s Session,
    /// Its task.
    pub task: Option<&'s str>,
    /// The verdict on each of its calls, in order.
    pub verdicts: &'s [CallVerdict],
}

/// Why a query cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// [`QueryError`] if a term says nothing that can be looked for.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let mut query = Query::default();
        for word in words(text) {
            let Some((name, value)) = word.split_once(':').filter(|(_, value)| !value.is_empty())
            else {
                query.words.push(word.to_lowercase());
                continue;
            };
            let lower = value.to_lowercase();
            match name {
                "tool" => query.terms.push(Term::Tool(lower)),
                "agent" => query.terms.push(Term::Agent(lower)),
                "task" => query.terms.push(Term::Task(lower)),
                "policy" => query.terms.push(Term::Policy(lower)),
                "verdict" => query.terms.push(Term::Verdict(verdict(&lower)?)),
                "arg" => query.terms.push(argument(value)),
                _ => query.words.push(word.to_lowercase()),
            }
        }
        if query == Query::default() {
            let help = "write words, or terms such as `tool:send_mail` or `verdict:denied`";
            return Err(QueryError { message: "nothing is looked for".into(), help: help.into() });
        }
        Ok(query)
    }

    /// The steps of a session that it finds, in order.
    pub fn find(&self, searched: &Searched<'_>) -> Vec<Hit> {
        let of_session = |term: &Term| match term {
            Term::Task(task) => searched.task.is_some_and(|of| of.to_lowercase().contains(task)),
            _ => true,
        };
        if !self.terms.iter().all(of_session) {
            return Vec::new();
        }
        let asks_calls = self.terms.iter().any(|term| !matches!(term, Term::Task(_)));
        let mut verdicts = searched.verdicts.iter();
        let mut hits = Vec::new();
        for (at, step) in (0..).map(StepIdx).zip(&searched.session.steps) {
            let hit = match &step.kind {
                StepKind::Call(call) => {
                    self.call(searched.session, at, step, call, verdicts.next())
                }
                StepKind::Message { role, text } if !asks_calls => {
                    self.text(at, &format!("{role:?}").to_lowercase(), text)
                }
                StepKind::Result(result) if !asks_calls => self.text(at, "result", &result.text),
                StepKind::Message { .. } | StepKind::Result(_) => None,
            };
            hits.extend(hit);
        }
        hits
    }

    fn text(&self, step: StepIdx, what: &str, text: &str) -> Option<Hit> {
        let lower = text.to_lowercase();
        if self.words.is_empty() || !self.words.iter().all(|word| lower.contains(word)) {
            return None;
        }
        let excerpt = self.excerpt(text, &lower);
        Some(Hit { step, what: what.to_owned(), excerpt, verdict: None })
    }

    fn call(
        &self,
        session: &Session,
        at: StepIdx,
        step: &Step,
        call: &ToolCall,
        verdict: Option<&CallVerdict>,
    ) -> Option<Hit> {
        let is_so = |term: &Term| match term {
            Term::Tool(tool) => call.tool.to_lowercase().contains(tool),
            Term::Agent(agent) => session.agent(step.lane).to_lowercase().contains(agent),
            Term::Verdict(wanted) => verdict.is_some_and(|of| of.verdict == *wanted),
            Term::Policy(id) => verdict.is_some_and(|of| decided_by(of, id)),
            Term::Argument(path, value) => holds(&call.arguments, path, value),
            Term::Task(_) => true,
        };
        if !self.terms.iter().all(is_so) {
            return None;
        }
        let asks_calls = self.terms.iter().any(|term| !matches!(term, Term::Task(_)));
        let arguments = match &call.arguments {
            Arguments::Object(object) => serde_json::to_string(object).unwrap_or_default(),
            Arguments::Unreadable { text, .. } => text.clone(),
        };
        let mut text = format!("{} {arguments}", call.tool);
        let result = call.result.and_then(|result| session.step(result)).map(|step| &step.kind);
        // Where every step is looked at, a result is a hit of its own.
        if let Some(StepKind::Result(result)) = result.filter(|_| asks_calls) {
            text = format!("{text} {}", result.text);
        }
        let lower = text.to_lowercase();
        if !self.words.iter().all(|word| lower.contains(word)) {
            return None;
        }
        let excerpt =
            if self.words.is_empty() { begin(&arguments) } else { self.excerpt(&text, &lower) };
        let verdict = verdict.map(|of| of.verdict);
        Some(Hit { step: at, what: call.tool.clone(), excerpt, verdict })
    }

    /// The text around the first word. Lower case may be longer or shorter, so that places are counted in
    /// characters and only nearly right where it is; the text itself is as it stands there.
    fn excerpt(&self, text: &str, lower: &str) -> String {
        let Some(at) = self.words.first().and_then(|word| lower.find(word)) else {
            return begin(text);
        };
        let before = lower.get(..at).map_or(0, |before| before.chars().count());
        let length = self.words.first().map_or(0, |word| word.chars().count());
        let start = before.saturating_sub(AROUND_CHARS);
        let shown: String =
            text.chars().skip(start).take(before - start + length + AROUND_CHARS).collect();
        let cut = if start > 0 { "…" } else { "" };
        format!("{cut}{}", one_line(&shown))
    }
}

fn decided_by(of: &CallVerdict, id: &str) -> bool {
    let sides = [&of.guardrails, &of.scope].into_iter().flatten();
    sides.flat_map(|side| &side.reasons).any(|reason| reason.to_lowercase() == id)
}

fn verdict(text: &str) -> Result<Verdict, QueryError> {
    Verdict::all().into_iter().find(|verdict| verdict.word() == text).ok_or_else(|| QueryError {
        message: format!("`{text}` is no verdict"),
        help: "verdicts are allowed, denied, drifted and unknown".into(),
    })
}

/// `NAME=VALUE`; without `=`, any argument that holds the value.
fn argument(text: &str) -> Term {
    match text.split_once('=') {
        Some((path, value)) => Term::Argument(path.to_owned(), value.to_lowercase()),
        None => Term::Argument(String::new(), text.to_lowercase()),
    }
}

/// Whether the arguments hold the value at the path, or at one that ends with it.
fn holds(arguments: &Arguments, path: &str, value: &str) -> bool {
    let Arguments::Object(object) = arguments else { return false };
    object.iter().any(|(name, of)| holds_below(of, name, path, value))
}

fn holds_below(of: &Value, at: &str, path: &str, value: &str) -> bool {
    match of {
        Value::Object(object) => {
            object.iter().any(|(name, of)| holds_below(of, &format!("{at}.{name}"), path, value))
        }
        Value::Array(items) => items.iter().any(|of| holds_below(of, at, path, value)),
        Value::String(text) => is_at(at, path) && text.to_lowercase().contains(value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let written = of.to_string();
            is_at(at, path) && written == value
        }
    }
}

fn is_at(at: &str, path: &str) -> bool {
    path.is_empty()
        || at == path
        || at.strip_suffix(path).is_some_and(|before| before.ends_with('.'))
}

fn begin(text: &str) -> String {
    one_line(&text.chars().take(2 * AROUND_CHARS).collect::<String>())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words, and what stands in quotes.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                words.push(std::mem::take(&mut word));
            }
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_words_and_terms() {
        let query =
            Query::parse("tool:Send \"pay to\" verdict:denied http://x arg:to.account=DE").unwrap();
        assert_eq!(query.words, ["pay to", "http://x"]);
        let account = Term::Argument("to.account".into(), "de".into());
        assert_eq!(
            query.terms,
            [Term::Tool("send".into()), Term::Verdict(Verdict::Denied), account]
        );
        assert!(Query::parse("  ").is_err() && Query::parse("verdict:maybe").is_err());
    }

    #[test]
    fn arguments_are_found_by_the_end_of_their_path() {
        let object =
            serde_json::json!({ "to": { "account": "DE89", "n": 3 }, "cc": ["a@b", "c@d"] });
        let Value::Object(object) = object else { return };
        let arguments = Arguments::Object(object);
        let cases = [
            ("to.account", "de", true),
            ("account", "de", true),
            ("count", "de", false),
            ("", "c@", true),
            ("n", "3", true),
            ("n", "33", false),
        ];
        for (path, value, expected) in cases {
            assert_eq!(holds(&arguments, path, value), expected, "{path}={value}");
        }
    }
}

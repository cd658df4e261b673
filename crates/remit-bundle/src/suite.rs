//! The tests of a workspace, as a bundle holds them: all files in `tests/`.
//!
//! `*.toml` holds expectations on recorded calls, `*.json` requests for the guardrails in the format of
//! `cedar run-tests`, and `scopes/TASK.json` requests for the scope of a task. What cannot be read is kept as
//! such: a test that nobody runs must not look like one that passed.

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{Context, Entities, EntityUid, Request, Schema};
use remit_policy::{LayerRef, Workspace};
use remit_replay::reference::judge;
use remit_replay::{JudgedCall, Judgement, Replay};
use remit_session::Recording;
use serde::Deserialize;
use serde_json::Value;
use std::fs;

/// The folder, in the workspace.
const TESTS: &str = "tests";
/// More files than anybody writes tests into.
const FILES_MAX: usize = 1_000;
const FILE_BYTES_MAX: u64 = 8 << 20;
const DEPTH_MAX: usize = 8;

/// The tests of a workspace.
#[derive(Debug, Clone, Default)]
pub struct Suite {
    /// By file, in the order in which they are written.
    pub tests: Vec<Test>,
    /// What could not be read.
    pub broken: Vec<Broken>,
}

/// One test.
#[derive(Debug, Clone)]
pub struct Test {
    /// The file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// What it is about.
    pub name: String,
    /// What must be so.
    pub expected: Expected,
}

/// What must be so.
#[derive(Debug, Clone)]
pub enum Expected {
    /// Of a recorded call.
    Call(CallExpectation),
    /// Of a request.
    Request(Box<RequestTest>),
}

/// A test, or a file of tests, that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// Why.
    pub message: String,
}

/// What one recorded call must come out as. What is left out is not asserted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallExpectation {
    recording: String,
    call: u32,
    verdict: String,
    severity: Option<String>,
    guardrails: Option<String>,
    scope: Option<String>,
    reasons: Option<Vec<String>>,
    /// For the reader of the file.
    why: Option<String>,
}

/// A request, and what one policy set must decide about it.
#[derive(Debug, Clone)]
pub struct RequestTest {
    task: Option<String>,
    request: Request,
    entities: Entities,
    allow: bool,
    reasons: Vec<String>,
    errors: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    #[serde(default)]
    expect: Vec<CallExpectation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Option<String>,
    request: WrittenRequest,
    #[serde(default = "no_entities")]
    entities: Value,
    decision: WrittenDecision,
    #[serde(default)]
    reason: Vec<String>,
    #[serde(default)]
    num_errors: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRequest {
    principal: String,
    action: String,
    resource: String,
    #[serde(default = "no_context")]
    context: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenDecision {
    Allow,
    Deny,
}

fn no_entities() -> Value {
    Value::Array(Vec::new())
}

fn no_context() -> Value {
    Value::Object(serde_json::Map::new())
}

impl Suite {
    /// The tests in some texts of a workspace, by path; files that are not in `tests/` hold none.
    pub(crate) fn of_texts(workspace: &Workspace, texts: &[(Utf8PathBuf, String)]) -> Self {
        let mut suite = Suite::default();
        for (file, text) in texts.iter().filter(|(file, _)| is_tests(file)) {
            let read = match file.extension() {
                Some("json") => suite.requests(workspace, file, text),
                Some(_) | None => suite.expectations(file, text),
            };
            if let Err(message) = read {
                suite.broken.push(Broken { file: file.clone(), message });
            }
        }
        suite
    }

    fn expectations(&mut self, file: &Utf8Path, text: &str) -> Result<(), String> {
        let written: Expectations =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        self.tests.extend(written.expect.into_iter().map(|call| Test {
            file: file.to_owned(),
            name: format!("{} call {}", call.recording, call.call),
            expected: Expected::Call(call),
        }));
        Ok(())
    }

    fn requests(
        &mut self,
        workspace: &Workspace,
        file: &Utf8Path,
        text: &str,
    ) -> Result<(), String> {
        let written: Vec<Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let schema = workspace.schema.as_ref().map(|schema| &schema.schema);
        for (number, written) in (1..).zip(written) {
            match RequestTest::read(written, task(file), schema) {
                Ok((name, request)) => self.tests.push(Test {
                    file: file.to_owned(),
                    name: name.unwrap_or_else(|| format!("#{number}")),
                    expected: Expected::Request(Box::new(request)),
                }),
                Err(message) => {
                    let message = format!("#{number}: {message}");
                    self.broken.push(Broken { file: file.to_owned(), message });
                }
            }
        }
        Ok(())
    }

    /// What differs, for each test, in order; nothing for one that holds.
    pub(crate) fn run(
        &self,
        workspace: &Workspace,
        replay: &Replay,
        recordings: &[Recording],
    ) -> Vec<Vec<String>> {
        let run = |test: &Test| match &test.expected {
            Expected::Call(call) => call.against(replay, recordings),
            Expected::Request(request) => request.against(workspace),
        };
        self.tests.iter().map(run).collect()
    }
}

impl CallExpectation {
    fn against(&self, replay: &Replay, recordings: &[Recording]) -> Vec<String> {
        let Self { recording, call, .. } = self;
        let Some(at) = recordings.iter().position(|of| of.path == *recording) else {
            return vec![format!("there is no recording `{recording}`")];
        };
        let of_recording = replay.sessions.iter().filter(|session| session.recording == at);
        let mut calls = of_recording.flat_map(|session| &session.calls);
        match calls.find(|judged| judged.index.0 == *call) {
            Some(judged) => self.differs(judged),
            None => vec![format!("`{recording}` has no tool call {call}")],
        }
    }

    fn differs(&self, got: &JudgedCall) -> Vec<String> {
        let guardrails = got.judged.as_ref().map(|judged| &judged.guardrails);
        let scope = got.judged.as_ref().and_then(|judged| judged.scope.as_ref());
        let allows = guardrails.is_some_and(|guardrails| guardrails.allow);
        let side = scope.filter(|_| allows).or(guardrails);
        let severity = got.severity.map_or("none", |severity| severity.word());
        let compared = [
            differs("verdict", Some(&self.verdict), got.verdict.word()),
            differs("severity", self.severity.as_ref(), severity),
            differs("guardrails", self.guardrails.as_ref(), decision(guardrails)),
            differs("scope", self.scope.as_ref(), decision(scope)),
            self.reasons.as_ref().and_then(|expected| {
                let got = side.map(|side| side.reasons.as_slice()).unwrap_or_default();
                differs("reasons", Some(&listed(expected)), &listed(got))
            }),
        ];
        compared.into_iter().flatten().collect()
    }
}

fn decision(side: Option<&Judgement>) -> &'static str {
    match side {
        Some(Judgement { allow: true, .. }) => "allow",
        Some(Judgement { allow: false, .. }) => "deny",
        None => "none",
    }
}

fn differs(what: &str, expected: Option<&String>, got: &str) -> Option<String> {
    let expected = expected.filter(|expected| *expected != got)?;
    Some(format!("expected {what} {expected}, got {got}"))
}

fn listed(names: &[String]) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl RequestTest {
    fn read(
        written: Value,
        task: Option<String>,
        schema: Option<&Schema>,
    ) -> Result<(Option<String>, Self), String> {
        let written: Written =
            serde_json::from_value(written).map_err(|error| error.to_string())?;
        let uid = |what: &str, text: &str| {
            text.parse::<EntityUid>().map_err(|error| format!("the {what} `{text}`: {error}"))
        };
        let WrittenRequest { principal, action, resource, context } = written.request;
        let (principal, action) = (uid("principal", &principal)?, uid("action", &action)?);
        let resource = uid("resource", &resource)?;
        let context = Context::from_json_value(context, schema.map(|schema| (schema, &action)))
            .map_err(|error| format!("the context: {error}"))?;
        let request = Request::new(principal, action, resource, context, schema)
            .map_err(|error| format!("the request: {error}"))?;
        let entities = Entities::from_json_value(written.entities, schema)
            .map_err(|error| format!("the entities: {error}"))?;
        let allow = matches!(written.decision, WrittenDecision::Allow);
        let (reasons, errors) = (written.reason, written.num_errors);
        Ok((written.name, RequestTest { task, request, entities, allow, reasons, errors }))
    }

    /// As `cedar run-tests`: the decision, the expected reasons among the real ones, and the number of errors.
    fn against(&self, workspace: &Workspace) -> Vec<String> {
        let layer = match &self.task {
            Some(task) => workspace.layer(LayerRef::Scope(task)),
            None => Some(&*workspace.guardrails),
        };
        let Some(layer) = layer else {
            let task = self.task.as_deref().unwrap_or_default();
            return vec![format!("no scope is declared for task `{task}`")];
        };
        let got = judge(&self.request, layer.set(), &self.entities);
        let asks_history = |id: &str| layer.policy(id).is_some_and(|p| !p.leaves.is_empty());
        if let Some(error) = got.errors.iter().find(|error| asks_history(&error.policy)) {
            return vec![format!(
                "`{}` asks the history of a session, which a request does not have; expect a call of a recording instead",
                error.policy
            )];
        }
        let word = |allow| if allow { "allow" } else { "deny" };
        let mut wrong = Vec::new();
        if got.allow != self.allow {
            wrong.push(format!("expected {}, got {}", word(self.allow), word(got.allow)));
        }
        for missing in self.reasons.iter().filter(|reason| !got.reasons.contains(reason)) {
            wrong.push(format!("not decided by {missing}"));
        }
        if got.errors.len() != self.errors {
            let (expected, got) = (self.errors, got.errors.len());
            wrong.push(format!("expected {expected} failed policies, got {got}"));
        }
        wrong
    }
}

/// Whether a file of a workspace holds tests.
pub(crate) fn is_tests(file: &Utf8Path) -> bool {
    file.starts_with(TESTS) && matches!(file.extension(), Some("toml" | "json"))
}

/// The task whose scope a file of requests is about.
fn task(file: &Utf8Path) -> Option<String> {
    let below = file.strip_prefix(TESTS).ok()?.strip_prefix("scopes").ok()?;
    Some(below.with_extension("").into_string())
}

/// The texts of the files of tests of the workspace at `root`, sorted by path.
pub(crate) fn test_texts(root: &Utf8Path) -> Result<Vec<(Utf8PathBuf, String)>, Broken> {
    let mut files = Vec::new();
    find(root, TESTS.into(), 0, &mut files)?;
    files.sort();
    if files.len() > FILES_MAX {
        let message = format!("there are more than {FILES_MAX} files of tests");
        return Err(Broken { file: TESTS.into(), message });
    }
    let read = |file: Utf8PathBuf| match text(&root.join(&file)) {
        Ok(text) => Ok((file, text)),
        Err(message) => Err(Broken { file, message }),
    };
    files.into_iter().map(read).collect()
}

/// Links are not followed, so that none leads out of the workspace.
fn find(
    root: &Utf8Path,
    folder: Utf8PathBuf,
    depth: usize,
    found: &mut Vec<Utf8PathBuf>,
) -> Result<(), Broken> {
    let broken =
        |error: std::io::Error| Broken { file: folder.clone(), message: error.to_string() };
    let entries = match root.join(&folder).read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(broken(error)),
    };
    for entry in entries {
        let entry = entry.map_err(broken)?;
        let path = folder.join(entry.file_name());
        let kind = entry.file_type().map_err(broken)?;
        if entry.file_name().starts_with('.') {
            continue;
        }
        if kind.is_dir() && depth < DEPTH_MAX {
            find(root, path, depth + 1, found)?;
        } else if kind.is_file() && is_tests(&path) && found.len() <= FILES_MAX {
            found.push(path);
        }
    }
    Ok(())
}

fn text(path: &Utf8Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("it has {size} bytes; tests have at most {FILE_BYTES_MAX}"));
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}

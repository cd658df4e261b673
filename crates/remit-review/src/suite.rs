//! The tests of a workspace: all files in `tests/`.
//!
//! `*.toml` holds expectations on recorded calls, `*.json` requests for the guardrails, and
//! `scopes/TASK.json` requests for the scope of a task. What cannot be read is kept as such: a test that
//! nobody runs must not look like one that passed.

use crate::expectation::CallExpectation;
use crate::request_test::RequestTest;
use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::Workspace;
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
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// By file, in the order in which they are written.
    pub tests: Vec<Test>,
    /// What could not be read.
    pub broken: Vec<Broken>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Test {
    /// The file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// Its line, from 1, where it is known.
    pub line: Option<u32>,
    /// What it is about.
    pub name: String,
    /// What must be so.
    pub expected: Expected,
}

/// What must be so.
#[derive(Clone, Debug)]
pub enum Expected {
    /// Of a recorded call.
    Call(CallExpectation),
    /// Of a request.
    Request(Box<RequestTest>),
}

/// A test, or a file of tests, that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The file, relative to the workspace.
    pub file: Utf8PathBuf,
    /// Which test of it; nothing for the whole file.
    pub name: Option<String>,
    /// Why.
    pub message: String,
}

/// The files that hold the tests of a workspace, before anybody reads them as tests.
#[derive(Clone, Debug, Default)]
pub struct TestFiles {
    /// Their paths, relative to the workspace, and their texts.
    pub texts: Vec<(Utf8PathBuf, String)>,
    /// What could not be read.
    pub broken: Vec<Broken>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    #[serde(default)]
    expect: Vec<toml::Spanned<CallExpectation>>,
}

impl Test {
    /// What is asserted, by the names of the fields.
    pub fn asserts(&self) -> Vec<&'static str> {
        match &self.expected {
            Expected::Call(call) => call.asserts(),
            Expected::Request(request) => request.asserts(),
        }
    }

    /// Why it is right, for the reader.
    pub fn why(&self) -> Option<&str> {
        match &self.expected {
            Expected::Call(call) => call.why.as_deref(),
            Expected::Request(_) => None,
        }
    }
}

impl Suite {
    /// All tests of a workspace, as they are on disk.
    pub fn load(workspace: &Workspace) -> Self {
        let TestFiles { texts, broken } = TestFiles::load(&workspace.root);
        let read = Self::of_texts(workspace, &texts);
        Suite { tests: read.tests, broken: [broken, read.broken].concat() }
    }

    /// The tests in some texts of a workspace, by path; files that are not in `tests/` hold none.
    pub fn of_texts(workspace: &Workspace, texts: &[(Utf8PathBuf, String)]) -> Self {
        let mut suite = Suite::default();
        for (file, text) in texts.iter().filter(|(file, _)| is_tests(file)) {
            suite.read(workspace, file, text);
        }
        suite
    }

    /// Adds the tests of one file.
    fn read(&mut self, workspace: &Workspace, file: &Utf8Path, text: &str) {
        let read = match file.extension() {
            Some("json") => self.requests(workspace, file, text),
            Some(_) | None => self.expectations(file, text),
        };
        if let Err(message) = read {
            self.broken.push(Broken { file: file.to_owned(), name: None, message });
        }
    }

    fn expectations(&mut self, file: &Utf8Path, text: &str) -> Result<(), String> {
        let written: Expectations =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let test = |written: toml::Spanned<CallExpectation>| {
            let before = text.get(..written.span().start).unwrap_or_default();
            let call = written.into_inner();
            Test {
                file: file.to_owned(),
                line: Some(before.matches('\n').count() as u32 + 1),
                name: format!("{} call {}", call.recording, call.call),
                expected: Expected::Call(call),
            }
        };
        self.tests.extend(written.expect.into_iter().map(test));
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
        for (number, written) in (1..).zip(&written) {
            let numbered = format!("#{number}");
            match RequestTest::read(written, task(file), schema) {
                Ok((name, request)) => self.tests.push(Test {
                    file: file.to_owned(),
                    line: None,
                    name: name.unwrap_or(numbered),
                    expected: Expected::Request(Box::new(request)),
                }),
                Err(message) => {
                    let named = written.get("name").and_then(Value::as_str).map(str::to_owned);
                    let name = Some(named.unwrap_or(numbered));
                    self.broken.push(Broken { file: file.to_owned(), name, message });
                }
            }
        }
        Ok(())
    }
}

impl TestFiles {
    /// Reads the files of tests of the workspace at `root`, sorted by path.
    pub fn load(root: &Utf8Path) -> Self {
        let mut read = TestFiles::default();
        let mut files = Vec::new();
        read.find(root, TESTS.into(), 0, &mut files);
        files.sort();
        if files.len() > FILES_MAX {
            let message = format!("there are more than {FILES_MAX} files of tests");
            read.broken.push(Broken { file: TESTS.into(), name: None, message });
            files.truncate(FILES_MAX);
        }
        for file in files {
            match file_text(&root.join(&file)) {
                Ok(text) => read.texts.push((file, text)),
                Err(message) => read.broken.push(Broken { file, name: None, message }),
            }
        }
        read
    }

    /// Links are not followed, so that none leads out of the workspace.
    fn find(
        &mut self,
        root: &Utf8Path,
        folder: Utf8PathBuf,
        depth: usize,
        found: &mut Vec<Utf8PathBuf>,
    ) {
        let entries = match root.join(&folder).read_dir_utf8() {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                self.broken.push(Broken { file: folder, name: None, message: error.to_string() });
                return;
            }
        };
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            let is_hidden = entry.file_name().starts_with('.');
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !is_hidden && depth < DEPTH_MAX => {
                    self.find(root, path, depth + 1, found);
                }
                Ok(kind) if kind.is_file() && !is_hidden => {
                    if is_tests(&path) && found.len() <= FILES_MAX {
                        found.push(path);
                    }
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
}

/// Whether a file of a workspace holds tests.
pub fn is_tests(file: &Utf8Path) -> bool {
    file.starts_with(TESTS) && matches!(file.extension(), Some("toml" | "json"))
}

/// The task whose scope a file of requests is about.
fn task(file: &Utf8Path) -> Option<String> {
    let below = file.strip_prefix(TESTS).ok()?.strip_prefix("scopes").ok()?;
    Some(below.with_extension("").into_string())
}

/// The text of a file of tests.
pub(crate) fn file_text(path: &Utf8Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("it has {size} bytes; tests have at most {FILE_BYTES_MAX}"));
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}

//! Labels: which calls of which sessions were wrong, one JSON object a line.
//!
//! A line names a recording by `path` and may say `session`, `suite`, `kind` and `task` (or
//! `user_task`, `task_id`), `excluded` (why it must not be scored), `solved` (or `utility`, or a
//! `reward` of 1), and `calls`. A call is named by `id`, else by `index`, else by its place in the
//! list. It is wrong if it is `bad` or `injected`, if its `outcome` is `rejected_by_user`, or if it is a
//! `write` that the ground truth does not contain (`matches_ground_truth` false). Other fields are not
//! read, so that label files of benchmarks can be used as they are.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use miette::Diagnostic;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// The labels of some recordings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// In the order of the file.
    pub sessions: Vec<LabelledSession>,
}

/// What is known about one recording, or one session of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelledSession {
    /// The recording.
    pub path: Utf8PathBuf,
    /// The session's id, where the recording holds several.
    pub session: Option<String>,
    /// What it belongs to, for sums.
    pub suite: Option<String>,
    /// What kind of task it is, for sums.
    pub kind: Option<String>,
    /// The task, for sums.
    pub task: Option<String>,
    /// Why it must not be scored.
    pub excluded: Option<String>,
    /// Whether the task was solved.
    pub solved: Option<bool>,
    /// Its calls.
    pub calls: Vec<LabelledCall>,
}

/// What is known about one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelledCall {
    /// Its index among the calls of the recording.
    pub index: Option<u32>,
    /// The recording's own id of it.
    pub id: Option<String>,
    /// Whether it should not have been made; `None` if the labels do not say.
    pub is_bad: Option<bool>,
}

/// Why a file of labels cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum LabelsError {
    /// It cannot be read.
    #[error("the labels `{path}` cannot be read: {why}")]
    #[diagnostic(
        code(remit::labels::unreadable),
        help("name a JSON Lines file, one labelled session a line")
    )]
    Unreadable {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// A line is no label.
    #[error("the labels `{path}`, line {line}: {why}")]
    #[diagnostic(
        code(remit::labels::invalid),
        help("each line is an object with `path` and `calls`")
    )]
    Invalid {
        /// The file.
        path: Utf8PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

impl Labels {
    /// Reads a file of labels.
    ///
    /// # Errors
    /// [`LabelsError`] for the first thing that cannot be read.
    pub fn load(path: &Utf8Path) -> Result<Self, LabelsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|why| LabelsError::Unreadable { path: path.to_owned(), why })?;
        Labels::parse(path, &text)
    }

    /// Reads labels; `path` is for errors.
    ///
    /// # Errors
    /// [`LabelsError::Invalid`] for the first line that is no label.
    pub fn parse(path: &Utf8Path, text: &str) -> Result<Self, LabelsError> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let read = |(n, line): (usize, &str)| {
            serde_json::from_str::<RawSession>(line).map(RawSession::read).map_err(|why| {
                LabelsError::Invalid { path: path.to_owned(), line: n + 1, why: why.to_string() }
            })
        };
        Ok(Labels { sessions: lines.map(read).collect::<Result<_, _>>()? })
    }

    /// The labels of the recording that is shown as `path`: those whose path ends like it, or the
    /// other way round, in whole names. Of several, those that agree in most names.
    pub fn of<'l>(&'l self, path: &Utf8Path) -> Vec<(usize, &'l LabelledSession)> {
        let fits = |label: &LabelledSession| shared_end(&label.path, path);
        let best = self.sessions.iter().filter_map(fits).max();
        let numbered = self.sessions.iter().enumerate();
        numbered.filter(|(_, label)| best.is_some() && fits(label) == best).collect()
    }
}

/// How many names two paths share from their ends, if one of them is wholly shared.
fn shared_end(a: &Utf8Path, b: &Utf8Path) -> Option<usize> {
    let shared = names(a).zip(names(b)).take_while(|(a, b)| a == b).count();
    (shared > 0 && shared == names(a).count().min(names(b).count())).then_some(shared)
}

/// The names of a path from its end, without what only leads to them.
fn names(path: &Utf8Path) -> impl Iterator<Item = &str> {
    path.components().rev().filter_map(|component| match component {
        Utf8Component::Normal(name) => Some(name),
        Utf8Component::Prefix(_)
        | Utf8Component::RootDir
        | Utf8Component::CurDir
        | Utf8Component::ParentDir => None,
    })
}

#[derive(Deserialize)]
struct RawSession {
    path: Utf8PathBuf,
    session: Option<String>,
    suite: Option<String>,
    #[serde(alias = "attack")]
    kind: Option<String>,
    #[serde(alias = "user_task", alias = "task_id")]
    task: Option<Value>,
    excluded: Option<Value>,
    #[serde(alias = "utility")]
    solved: Option<bool>,
    reward: Option<f64>,
    #[serde(default)]
    calls: Vec<RawCall>,
}

#[derive(Deserialize)]
struct RawCall {
    index: Option<u32>,
    id: Option<String>,
    bad: Option<bool>,
    injected: Option<bool>,
    outcome: Option<String>,
    write: Option<bool>,
    matches_ground_truth: Option<bool>,
}

impl RawSession {
    fn read(self) -> LabelledSession {
        let word = |value: Value| match value {
            Value::Null | Value::Bool(false) => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        let calls = self.calls.into_iter().enumerate();
        LabelledSession {
            path: self.path,
            session: self.session,
            suite: self.suite,
            kind: self.kind,
            task: self.task.and_then(word),
            excluded: self.excluded.and_then(word),
            solved: self.solved.or(self.reward.map(|reward| reward == 1.0)),
            calls: calls.map(|(at, call)| call.read(at)).collect(),
        }
    }
}

impl RawCall {
    fn read(self, at: usize) -> LabelledCall {
        let by_person = self.outcome.as_deref().map(|outcome| outcome == "rejected_by_user");
        let by_truth = self.write.map(|write| write && self.matches_ground_truth == Some(false));
        let is_bad = self.bad.or(self.injected).or(by_person).or(by_truth);
        let place = || u32::try_from(at).ok().filter(|_| self.id.is_none());
        LabelledCall { index: self.index.or_else(place), id: self.id, is_bad }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(line: &str) -> Vec<(Option<u32>, Option<String>, Option<bool>)> {
        let labels = Labels::parse(Utf8Path::new("l"), line).unwrap();
        let calls = labels.sessions.into_iter().flat_map(|s| s.calls);
        calls.map(|c| (c.index, c.id, c.is_bad)).collect()
    }

    #[test]
    fn what_makes_a_call_wrong() {
        let line = r#"{"path":"a","calls":[{"index":7,"bad":true},{"id":"x","outcome":"rejected_by_user"},{"id":"y","outcome":"ok"},
            {"write":true,"matches_ground_truth":false},{"write":false,"matches_ground_truth":null},{"injected":false},{}]}"#;
        let id = |id: &str| Some(id.to_owned());
        assert_eq!(
            calls(&line.replace('\n', " ")),
            [
                (Some(7), None, Some(true)),
                (None, id("x"), Some(true)),
                (None, id("y"), Some(false)),
                (Some(3), None, Some(true)),
                (Some(4), None, Some(false)),
                (Some(5), None, Some(false)),
                (Some(6), None, None),
            ]
        );
    }

    #[test]
    fn a_recording_is_found_by_the_end_of_its_path() {
        let text =
            "{\"path\":\"runs/x/a.json\"}\n{\"path\":\"runs/xx/a.json\"}\n{\"path\":\"b.json\"}\n";
        let labels = Labels::parse(Utf8Path::new("l"), text).unwrap();
        let found = |path: &str| -> Vec<usize> {
            labels.of(Utf8Path::new(path)).into_iter().map(|(n, _)| n).collect()
        };
        assert_eq!(found("x/a.json"), [0]);
        assert_eq!(found("../corpus/runs/xx/a.json"), [1]);
        assert_eq!(found("a.json"), [0, 1]);
        assert_eq!(found("deep/b.json"), [2]);
        assert_eq!(found("c.json"), [] as [usize; 0]);
    }

    #[test]
    fn what_is_no_label_has_its_line() {
        let error =
            Labels::parse(Utf8Path::new("l.jsonl"), "{\"path\":\"a\"}\n\n{}\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the labels `l.jsonl`, line 3: missing field `path` at line 1 column 2"
        );
    }
}

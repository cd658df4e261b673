//! Which task a session has, and what that task needs: `scopes/*.cedar` and `scopes/scopes.toml`.
//!
//! A recorded task name is hostile input: it is compared with names that were loaded from disk, and
//! never becomes a path. A session that no rule covers is judged by the default scope, if there is one;
//! else it has no scope, and so cannot drift.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Deserialize;
use toml::Spanned;

use crate::config::parse_toml;
use crate::files::{SCOPE_INDEX, SCOPES};
use crate::finding::{Finding, FindingCode};
use crate::layer::Layer;

/// What a task needs.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The task.
    pub task: String,
    /// Its policy files, relative to the workspace.
    pub files: Vec<Utf8PathBuf>,
    /// Its policies.
    pub layer: Arc<Layer>,
}

/// What is known about a session when its task is looked up.
#[derive(Debug, Clone, Copy, Default)]
pub struct SessionKey<'a> {
    /// The task that the recording names.
    pub task: Option<&'a str>,
    /// The path of the recording, relative to the workspace.
    pub recording: &'a str,
    /// The agent.
    pub agent: &'a str,
    /// The goal that the session states.
    pub goal: Option<&'a str>,
}

/// The task of a session, and its scope if there is one.
#[derive(Debug, Clone, Default)]
pub struct TaskMatch<'a> {
    /// The task: the recording's own name for it, else that of the rule.
    pub task: Option<String>,
    /// What it needs; a session without is unscoped.
    pub scope: Option<&'a Scope>,
}

/// The rules of `scopes.toml`, in order; the first match wins.
#[derive(Debug, Clone, Default)]
pub struct TaskRules {
    /// One for each `[[task]]`.
    pub rules: Vec<TaskRule>,
    /// The scope of every task, and every session, that has none of its own.
    pub default: Option<String>,
}

/// One `[[task]]`: all conditions that it gives must hold.
#[derive(Debug, Clone)]
pub struct TaskRule {
    /// The task.
    pub name: String,
    /// Its policy files, relative to the workspace.
    pub files: Vec<Utf8PathBuf>,
    tasks: Option<GlobSet>,
    recordings: Option<GlobSet>,
    agents: Option<GlobSet>,
    goal: Option<GlobSet>,
}

/// The task of a session, and what its scope may be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskNames {
    /// The task: the recording's own name for it, else that of the rule.
    pub task: Option<String>,
    /// Names of scopes; the first that exists judges the session.
    pub scopes: Vec<String>,
}

impl TaskRules {
    /// What the rules say about a session, whatever scopes exist.
    #[must_use]
    pub fn names(&self, session: &SessionKey<'_>) -> TaskNames {
        let first = |by_task: bool| {
            self.rules.iter().find(|rule| rule.tasks.is_some() == by_task && rule.covers(session))
        };
        let name = |rule: &TaskRule| rule.name.clone();
        let recorded = session.task.map(str::to_owned);
        if let Some(rule) = first(true) {
            let scopes = [name(rule)].into_iter().chain(self.default.clone()).collect();
            return TaskNames { task: recorded, scopes };
        }
        let other = first(false).map(name);
        let scopes = recorded.iter().chain(&other).chain(&self.default).cloned().collect();
        TaskNames { task: recorded.or(other), scopes }
    }

    /// The task and its scope, among those that exist.
    pub(crate) fn find<'a>(&self, session: &SessionKey<'_>, scopes: &'a [Scope]) -> TaskMatch<'a> {
        let TaskNames { task, scopes: names } = self.names(session);
        TaskMatch { task, scope: names.iter().find_map(|name| of_task(scopes, name)) }
    }
}

impl TaskRule {
    /// Whether all conditions hold; a rule without any only names files and covers nothing.
    fn covers(&self, session: &SessionKey<'_>) -> bool {
        let conditions = [
            (&self.tasks, session.task),
            (&self.recordings, Some(session.recording)),
            (&self.agents, Some(session.agent)),
            (&self.goal, session.goal),
        ];
        let mut given =
            conditions.iter().filter_map(|(globs, value)| Some((globs.as_ref()?, value)));
        let is_any = conditions.iter().any(|(globs, _)| globs.is_some());
        is_any && given.all(|(globs, value)| value.is_some_and(|value| globs.is_match(value)))
    }
}

/// The scope of a task, among scopes that are sorted by it.
pub(crate) fn of_task<'a>(scopes: &'a [Scope], task: &str) -> Option<&'a Scope> {
    let position = scopes.binary_search_by(|scope| scope.task.as_str().cmp(task)).ok()?;
    scopes.get(position)
}

/// A task and the files that exist for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) task: String,
    pub(crate) files: Vec<Utf8PathBuf>,
}

/// Which tasks there are, sorted: those of the rules, then each file that no rule has taken.
pub(crate) fn plan(rules: &TaskRules, on_disk: &[&Utf8Path]) -> Vec<Plan> {
    let mut plans: BTreeMap<String, Vec<Utf8PathBuf>> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for rule in &rules.rules {
        taken.extend(rule.files.iter().map(Utf8PathBuf::as_path));
        let files: Vec<_> =
            rule.files.iter().filter(|file| on_disk.contains(&file.as_path())).cloned().collect();
        if !files.is_empty() {
            plans.entry(rule.name.clone()).or_insert(files);
        }
    }
    for file in on_disk.iter().filter(|file| !taken.contains(*file)) {
        plans.entry(task_of(file)).or_insert_with(|| vec![(*file).to_owned()]);
    }
    plans.into_iter().map(|(task, files)| Plan { task, files }).collect()
}

/// `scopes/banking/user_task_0.cedar` is for the task `banking/user_task_0`.
fn task_of(file: &Utf8Path) -> String {
    let below = file.strip_prefix(SCOPES).unwrap_or(file);
    below.with_extension("").into_string()
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawIndex {
    default: Option<RawDefault>,
    #[serde(default)]
    task: Vec<RawTask>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTask {
    name: Spanned<String>,
    files: Option<Vec<Spanned<String>>>,
    tasks: Option<Vec<Spanned<String>>>,
    recordings: Option<Vec<Spanned<String>>>,
    agents: Option<Vec<Spanned<String>>>,
    goal: Option<Spanned<String>>,
}

/// `default = false`, or the name of a scope.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawDefault {
    Is(bool),
    Named(String),
}

/// The scope of tasks without their own, unless `scopes.toml` says otherwise: `scopes/default.cedar`.
const DEFAULT: &str = "default";

impl RawDefault {
    fn scope(self) -> Option<String> {
        match self {
            RawDefault::Is(wanted) => wanted.then(|| DEFAULT.to_owned()),
            RawDefault::Named(name) => Some(name),
        }
    }
}

/// How a glob is compared.
#[derive(Clone, Copy)]
enum Compare {
    Names,
    Paths,
    Prose,
}

/// Reads `scopes.toml`: the rules, and what is wrong with them.
pub(crate) fn read_rules(text: &str, on_disk: &[&Utf8Path]) -> (TaskRules, Vec<Finding>) {
    let mut findings = Vec::new();
    let file = Utf8Path::new(SCOPE_INDEX);
    let raw: RawIndex =
        parse_toml(text, file, FindingCode::InvalidScopeIndex).unwrap_or_else(|bad| {
            findings.push(*bad);
            RawIndex::default()
        });
    let mut reader = Reader { text, on_disk, findings: &mut findings };
    let mut rules: Vec<TaskRule> = Vec::new();
    for task in raw.task {
        let rule = reader.rule(task, &rules);
        rules.push(rule);
    }
    let default = raw.default.unwrap_or(RawDefault::Is(true)).scope();
    (TaskRules { rules, default }, findings)
}

struct Reader<'a> {
    text: &'a str,
    on_disk: &'a [&'a Utf8Path],
    findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn rule(&mut self, raw: RawTask, before: &[TaskRule]) -> TaskRule {
        let files = self.files(&raw, before);
        TaskRule {
            name: raw.name.into_inner(),
            files,
            tasks: self.globs(raw.tasks, Compare::Names),
            recordings: self.globs(raw.recordings, Compare::Paths),
            agents: self.globs(raw.agents, Compare::Names),
            goal: self.globs(raw.goal.map(|goal| vec![goal]), Compare::Prose),
        }
    }

    /// The files of a task; a second rule for the same task adds conditions, not files.
    fn files(&mut self, raw: &RawTask, before: &[TaskRule]) -> Vec<Utf8PathBuf> {
        let first = before.iter().find(|rule| rule.name == *raw.name.get_ref());
        match (&raw.files, first) {
            (None, Some(first)) => first.files.clone(),
            (Some(_), Some(first)) => {
                let message = format!("task `{}` has its files from an earlier entry", first.name);
                self.report(
                    FindingCode::InvalidScopeIndex,
                    &raw.name,
                    message,
                    "leave out `files` here".into(),
                );
                first.files.clone()
            }
            (None, None) => {
                let file = format!("{}.cedar", raw.name.get_ref());
                self.file(&raw.name, &file).into_iter().collect()
            }
            (Some(files), None) => {
                files.iter().filter_map(|file| self.file(file, file.get_ref())).collect()
            }
        }
    }

    fn file(&mut self, written: &Spanned<String>, file: &str) -> Option<Utf8PathBuf> {
        let path = Utf8Path::new(SCOPES).join(file);
        if self.on_disk.contains(&path.as_path()) {
            return Some(path);
        }
        let message = format!("there is no policy file `{path}`");
        let help = format!("write what the task needs into `{path}`, or correct the name");
        self.report(FindingCode::MissingScopeFile, written, message, help);
        None
    }

    fn globs(&mut self, globs: Option<Vec<Spanned<String>>>, compare: Compare) -> Option<GlobSet> {
        let mut set = GlobSetBuilder::new();
        for glob in globs? {
            let built = GlobBuilder::new(glob.get_ref())
                .literal_separator(matches!(compare, Compare::Paths))
                .case_insensitive(matches!(compare, Compare::Prose))
                .build();
            match built {
                Ok(built) => {
                    set.add(built);
                }
                Err(error) => {
                    let message = format!("`{}` is no pattern: {}", glob.get_ref(), error.kind());
                    let help = "`*` stands for any text, `?` for one character".to_owned();
                    self.report(FindingCode::InvalidScopeIndex, &glob, message, help);
                }
            }
        }
        Some(set.build().unwrap_or_else(|_| GlobSet::empty()))
    }

    fn report(&mut self, code: FindingCode, at: &Spanned<String>, message: String, help: String) {
        let finding = Finding::new(code, Utf8Path::new(SCOPE_INDEX), message);
        self.findings.push(finding.at(self.text, at.span()).help(help));
    }
}

/// A scope that permits nothing makes every call of its task drift.
pub(crate) fn report_empty(scope: &Scope) -> Option<Finding> {
    let file = scope.files.first().filter(|_| scope.layer.policies.is_empty())?;
    let message =
        format!("the scope of task `{}` has no policies, so every call is drift", scope.task);
    Some(
        Finding::new(FindingCode::EmptyScope, file, message)
            .help("permit what the task needs, or delete the file to leave the task unscoped"),
    )
}

//! The keys of `remit.toml`, `scopes.toml` and tests: what each means, and what its value is.

use camino::Utf8Path;

use crate::files::FileKind;

/// A table of a file, by its header; the first one has none.
#[derive(Debug)]
pub(super) struct Table {
    /// The header, such as `[[tool]]`; empty for the keys before all headers.
    pub(super) header: &'static str,
    pub(super) doc: &'static str,
    pub(super) keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) value: Value,
    pub(super) doc: &'static str,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    Text,
    Number,
    Texts,
    /// One of these.
    One(&'static [&'static str]),
    /// Some of these.
    Some(&'static [&'static str]),
    EntityType,
    Action,
    Server,
    Agent,
    Task,
    ScopeFiles,
    Policies,
}

const fn key(name: &'static str, value: Value, doc: &'static str) -> Key {
    Key { name, value, doc }
}

const CONFIG: [Table; 7] = [
    Table {
        header: "",
        doc: "",
        keys: &[
            key("name", Value::Text, "What the workspace is called."),
            key("description", Value::Text, "What it is for, in one line."),
        ],
    },
    Table {
        header: "[recordings]",
        doc: "Where the recordings are.",
        keys: &[key(
            "paths",
            Value::Texts,
            "Folders, files, or patterns such as `runs/**/*.jsonl`, relative to the workspace.",
        )],
    },
    Table {
        header: "[mapping]",
        doc: "What every tool call becomes, unless a `[[tool]]` says otherwise.",
        keys: &[
            key("principal", Value::EntityType, "The entity type of agents."),
            key(
                "resource",
                Value::EntityType,
                "The entity type of what is acted on: usually servers.",
            ),
            key("server", Value::Server, "The server of calls that name none."),
        ],
    },
    Table {
        header: "[history]",
        doc: "Whose past conditions over history see.",
        keys: &[
            key(
                "of",
                Value::One(&["session", "principal", "unpinned", "agentcore"]),
                "Whose past counts.",
            ),
            key(
                "max_window",
                Value::Text,
                "The longest window that a condition may ask for, such as `24h`.",
            ),
        ],
    },
    Table {
        header: "[[tool]]",
        doc: "What calls of some tools become; the first that matches counts.",
        keys: &[
            key("name", Value::Text, "The recorded name of the tool; `*` stands for any text."),
            key("server", Value::Server, "Whose tool it is."),
            key(
                "action",
                Value::Action,
                "The action that it is; without, the one of the tool's name.",
            ),
            key("resource", Value::EntityType, "The entity type of what it acts on."),
            key(
                "resource_id",
                Value::Text,
                "Where the arguments say which one, as a JSON pointer such as `/path`.",
            ),
        ],
    },
    Table {
        header: "[[agent]]",
        doc: "The workload identity of a recorded agent.",
        keys: &[
            key("recorded", Value::Text, "Its recorded name; `*` stands for any text."),
            key("id", Value::Agent, "Its id in policies and in entities.json."),
        ],
    },
    Table {
        header: "[[trust]]",
        doc: "How far the results of some tools are trusted; the first that matches counts.",
        keys: &[
            key("tool", Value::Text, "The recorded name of the tool; `*` stands for any text."),
            key(
                "results",
                Value::One(&["trusted", "untrusted"]),
                "Whether somebody outside can write them.",
            ),
            key("labels", Value::Some(&["secret", "personal"]), "What they hold."),
        ],
    },
];
const TASKS: [Table; 2] = [
    Table {
        header: "",
        doc: "",
        keys: &[key(
            "default",
            Value::Task,
            "The scope of all sessions that have none of their own; `false` for none.",
        )],
    },
    Table {
        header: "[[task]]",
        doc: "A task and the sessions that it covers: all conditions that are given must hold, and the first task that matches counts.",
        keys: &[
            key("name", Value::Task, "What the task is called."),
            key(
                "files",
                Value::ScopeFiles,
                "Its policies, relative to scopes/; without, the files of its name.",
            ),
            key("tasks", Value::Texts, "Names of tasks in recordings; `*` stands for any text."),
            key("recordings", Value::Texts, "Paths of recordings; `*` stands for any text."),
            key("agents", Value::Texts, "Recorded names of agents; `*` stands for any text."),
            key("goal", Value::Text, "The goal that the session states; `*` stands for any text."),
        ],
    },
];
const TESTS: [Table; 1] = [Table {
    header: "[[expect]]",
    doc: "What a recorded call must come out as.",
    keys: &[
        key("recording", Value::Text, "The recording, relative to the workspace."),
        key("call", Value::Number, "Which of its tool calls, from 0."),
        key("verdict", Value::One(&["allowed", "denied", "drifted", "unknown"]), "Its verdict."),
        key("guardrails", Value::One(&["allow", "deny"]), "What the guardrails decide."),
        key("scope", Value::One(&["allow", "deny"]), "What the scope of its task decides."),
        key("reasons", Value::Policies, "The policies that decide, by id."),
        key("why", Value::Text, "Why, for the reader."),
    ],
}];

/// The tables of a file; nothing for files that are none of these.
pub(super) fn tables(file: &Utf8Path) -> Option<&'static [Table]> {
    match FileKind::of(file) {
        Some(FileKind::Config) => Some(&CONFIG),
        Some(FileKind::ScopeIndex) => Some(&TASKS),
        None if file.starts_with("tests") && file.extension() == Some("toml") => Some(&TESTS),
        _ => None,
    }
}

/// The header above a line, the last one before an offset.
pub(super) fn header(before: &str) -> &str {
    let mut headers = before.lines().map(str::trim).filter(|line| line.starts_with('['));
    let is_header = |line: &&str| line.ends_with(']') && !line.contains(['=', '"']);
    headers.rfind(is_header).unwrap_or_default()
}

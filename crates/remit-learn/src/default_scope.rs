//! The scope of tasks that have none: what the agents use and deal with in their other tasks, and where
//! the values of a call come from.
//!
//! A [`Profile`] is what good sessions show: the tools, and the addresses, hosts, accounts and names that
//! they dealt with. [`default_scope`] writes it down as an ordinary Cedar file for `scopes/default.cedar`.
//! The same profile gives the same bytes. Not here: what one task needs, which is learnt from its own
//! sessions.

use camino::Utf8Path;
use remit_policy::{ActionModel, Workspace, format_text};
use remit_replay::{Mapper, requests, session_key};
use remit_session::{Recording, Session, TokenKind};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Where it belongs in a workspace.
pub const DEFAULT_SCOPE: &str = "scopes/default.cedar";
/// A list that nobody reads helps nobody: so many values at most, those of most tasks first.
const MOST_VALUES: usize = 400;
/// A value that fewer tasks deal with is that task's own business, and says nothing about another.
const TASKS_OF_A_VALUE: usize = 2;

/// What good sessions show of the agents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    tools: BTreeMap<String, Tool>,
    /// The telling values of arguments, each with the tasks that deal with it.
    values: BTreeMap<String, BTreeSet<String>>,
    tasks: BTreeSet<String>,
    sessions: u32,
}

/// What calls of one tool show, by its action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tool {
    only_reads: bool,
    /// Some argument held a link or a mail address.
    reaches_out: bool,
    /// The arguments that held an account or a mail address.
    destinations: BTreeSet<String>,
}

impl Profile {
    /// What `sessions` show; those of no task of the recording or of the workspace's rules count too.
    pub fn of<'r>(
        workspace: &Workspace,
        sessions: impl Iterator<Item = (&'r Recording, &'r Session)>,
    ) -> Self {
        let mut profile = Profile::default();
        let Some(mapper) = Mapper::new(workspace) else { return profile };
        for (recording, session) in sessions {
            let key = session_key(recording, session);
            let task = workspace.scope_for(&key).task;
            // A session without a task is one of its own.
            let name = task.clone().unwrap_or_else(|| format!("{}#{}", recording.path, session.id));
            profile.tasks.extend(task);
            profile.sessions += 1;
            profile.add(&mapper, &name, session);
        }
        profile
    }

    /// How many sessions it is from.
    pub fn sessions(&self) -> u32 {
        self.sessions
    }

    fn add(&mut self, mapper: &Mapper<'_>, task: &str, session: &Session) {
        let origins = mapper.origins(session);
        let mut values = BTreeSet::new();
        for (at, mapped) in requests(mapper, session) {
            // A call that nothing maps to an action is in no scope.
            let Ok(mapped) = mapped else { continue };
            let action: &ActionModel = mapped.action();
            let tool = self.tools.entry(action.uid.to_string()).or_default();
            tool.only_reads = mapped.is_read_only();
            for argument in origins.call(session, at).into_iter().flatten() {
                for token in argument.tokens.iter().filter(|token| token.is_telling) {
                    let reaches = matches!(token.kind, TokenKind::Link | TokenKind::Address);
                    tool.reaches_out |= reaches;
                    if matches!(token.kind, TokenKind::Account | TokenKind::Address) {
                        tool.destinations.insert(argument.path.clone());
                    }
                    values.insert(token.plain.clone());
                }
            }
        }
        for value in values {
            self.values.entry(value).or_default().insert(task.to_owned());
        }
    }

    /// The values of most tasks, sorted, and how many are left out for want of room.
    fn known(&self) -> (Vec<&str>, usize) {
        let tasks = self.values.iter().map(|(value, tasks)| (value, tasks.len()));
        let mut by_use: Vec<(&String, usize)> =
            tasks.filter(|(_, tasks)| *tasks >= TASKS_OF_A_VALUE).collect();
        by_use.sort_by_key(|(value, tasks)| (std::cmp::Reverse(*tasks), *value));
        let left_out = by_use.len().saturating_sub(MOST_VALUES);
        let mut known: Vec<&str> =
            by_use.into_iter().take(MOST_VALUES).map(|(value, _)| value.as_str()).collect();
        known.sort_unstable();
        (known, left_out)
    }

    fn actions(&self, test: impl Fn(&Tool) -> bool) -> Vec<&str> {
        let some = self.tools.iter().filter(|(_, tool)| test(tool));
        some.map(|(action, _)| action.as_str()).collect()
    }

    fn learned_from(&self) -> String {
        let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let sessions = plural(self.sessions as usize, "session");
        format!("{sessions} of {}", plural(self.tasks.len(), "task"))
    }
}

/// The text of a default scope. Without sessions in the profile, it rests on the schema's group of tools
/// that only read, and on what the user said.
pub fn default_scope(profile: &Profile) -> String {
    let mut text = String::from(HEAD);
    text += &usual_tools(profile);
    text += ASKED_FOR;
    text += &unverified(profile);
    text += &made_up(profile);
    // The formatter takes what the parser takes, and this text is ours.
    format_text(Utf8Path::new(DEFAULT_SCOPE), &text).unwrap_or(text)
}

const HEAD: &str = "\
// The scope of every task that has none of its own: an ordinary policy file, to be edited.
//
// A call is in scope if the agents use its tool in their other tasks, or if the user asked for it. A call
// with a value that was only read in untrusted data is in scope, but drifts as an unverified value.

";

const ASKED_FOR: &str = "\
@id(\"default-asked-for\")
@why(\"Another tool is in scope if the user gave some of its arguments, and untrusted data gave none.\")
permit (principal, action, resource)
when { !context.session.fromUser.isEmpty() && context.session.foreignTokens.isEmpty() };

";

fn usual_tools(profile: &Profile) -> String {
    let actions = profile.actions(|_| true);
    let (why, source, actions) = if actions.is_empty() {
        let why = "Reading is in scope; what an agent does with what it read is another question.";
        (why, String::new(), "action in [Action::\"read_only\"]".to_owned())
    } else {
        let why = "What the agents use in their other tasks.";
        let source = format!("@learned_from({:?})\n", profile.learned_from());
        (why, source, format!("action in [{}]", actions.join(", ")))
    };
    let id = "default-usual-tools";
    format!("@id({id:?})\n@why({why:?})\n{source}permit (principal, {actions}, resource);\n\n")
}

fn unverified(profile: &Profile) -> String {
    let (known, left_out) = profile.known();
    let mut text = String::new();
    if left_out > 0 {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "// {left_out} values of fewer tasks are left out.");
    }
    let why = "Nobody vouches for an address, a host, an account or a name that stands in untrusted data only, and that no two other tasks dealt with.";
    let _ = write!(
        text,
        "@id(\"default-unverified-value\")\n@why({why:?})\n@drift(\"unverified-value\")\n\
         forbid (principal, action, resource)\nunless {{ context.session.foreignTokens.isEmpty()"
    );
    let quiet = profile.actions(|tool| tool.only_reads && !tool.reaches_out);
    if !quiet.is_empty() {
        let _ = write!(text, " || action in [{}]", quiet.join(", "));
    } else if profile.tools.is_empty() {
        text += " || (action in [Action::\"read_only\"] && !(action in [Action::\"open_world\"]))";
    }
    if !known.is_empty() {
        let quoted: Vec<String> = known.iter().map(|value| format!("{value:?}")).collect();
        let known = quoted.join(", ");
        let _ = write!(text, " || [{known}].containsAll(context.session.foreignTokens)");
    }
    text + " };\n\n"
}

/// Destinations that the model made up.
fn made_up(profile: &Profile) -> String {
    let acting = profile.tools.iter().filter(|(_, tool)| !tool.only_reads);
    let mut tools: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (action, tool) in acting.filter(|(_, tool)| !tool.destinations.is_empty()) {
        let arguments = tool.destinations.iter().map(String::as_str).collect();
        tools.entry(arguments).or_default().push(action);
    }
    let why =
        "An account or a mail address that was seen nowhere before is the model's own invention.";
    let policy = |(n, (arguments, actions)): (usize, (&Vec<&str>, &Vec<&str>))| {
        let number = if n == 0 { String::new() } else { format!("-{}", n + 1) };
        let quoted: Vec<String> = arguments.iter().map(|name| format!("{name:?}")).collect();
        format!(
            "@id(\"default-made-up{number}\")\n@why({why:?})\n@drift(\"unverified-value\")\n\
             forbid (principal, action in [{}], resource)\n\
             when {{ context.session.unseen.containsAny([{}]) }};\n\n",
            actions.join(", "),
            quoted.join(", ")
        )
    };
    tools.iter().enumerate().map(policy).collect()
}

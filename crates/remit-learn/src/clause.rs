//! A clause of a proposed scope: one policy, its conditions, and the calls that speak for it.
//!
//! Rendered as ordinary Cedar. Every condition holds for every call that the clause was made from: that
//! is what makes a further example harmless to the ones before.

use crate::example::{Action, CallPlace};
use crate::value::{Path, Seen, after_has, attribute, pattern, quoted};
use remit_policy::{RecordModel, TypeModel};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One policy.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    /// After the task's name in its id.
    pub(crate) name: String,
    pub(crate) head: Head,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) calls: Vec<CallPlace>,
    /// In so many sessions.
    pub(crate) sessions: usize,
}

/// What a policy is about.
#[derive(Clone, Debug)]
pub(crate) enum Head {
    /// Permits one tool.
    Tool(Arc<Action>),
    /// Permits one tool that no good session of the task used, because the goal asks for it.
    Asked(Arc<Action>),
    /// Permits tools that only read, whatever their arguments.
    Look(Vec<Arc<Action>>),
    /// Forbids to go on after so many calls.
    Limit(i64),
}

/// What must hold, beyond the tool.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Destination(Destination),
    /// A command line that begins so, with how many calls each.
    Command {
        path: Path,
        /// Whether some call left it out.
        may_be_absent: bool,
        heads: BTreeMap<(String, Rest), u32>,
        /// Marks that no command had.
        never: Vec<&'static str>,
    },
    /// A number up to this.
    AtMost {
        path: Path,
        bound: i64,
        highest: i64,
    },
    /// Nothing out of untrusted data but these.
    Known {
        tokens: BTreeSet<String>,
    },
    /// A text without a link.
    NoLink {
        path: Path,
    },
}

/// What follows the beginning of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rest {
    Nothing,
    Anything,
}

/// Where something may go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Destination {
    pub(crate) path: Path,
    /// Whether some call left it out.
    pub(crate) may_be_absent: bool,
    /// The values seen, with how many calls each.
    pub(crate) values: BTreeMap<Seen, u32>,
    /// Other spellings of them, and addresses that the task's data held where the argument was left out.
    pub(crate) also: BTreeSet<String>,
    /// Heads and tails that several values share, with how many calls each.
    pub(crate) patterns: BTreeMap<(String, String), u32>,
    /// Whether what the user said is fine too.
    pub(crate) from_user: bool,
    /// The values vary too much to be listed.
    pub(crate) is_open: bool,
}

impl Clause {
    /// As Cedar text, to be formatted.
    pub(crate) fn cedar(&self, task: &str) -> String {
        let mut text = format!("@id({})\n", quoted(&format!("{task}.{}", self.name)));
        text += &format!("@why({})\n", quoted(&self.why()));
        text += &format!("@learned_from({})\n", quoted(&self.learned_from()));
        match &self.head {
            Head::Tool(action) | Head::Asked(action) => {
                text += &format!("permit (principal, action == {}, resource)", action.uid);
                let conditions = self.conditions.iter().filter_map(|c| c.cedar(action));
                for condition in conditions {
                    text += &format!("\nwhen {{ {condition} }}");
                }
            }
            Head::Look(actions) => {
                let list: Vec<&str> = actions.iter().map(|action| action.uid.as_str()).collect();
                text += &format!("permit (principal, action in [{}], resource)", list.join(", "));
            }
            Head::Limit(calls) => {
                text += "forbid (principal, action, resource)\n";
                text += &format!("when {{ context.session.calls >= {calls} }}");
            }
        }
        text + ";\n"
    }

    /// In a sentence, for the policy itself.
    pub(crate) fn why(&self) -> String {
        match &self.head {
            Head::Tool(action) if self.conditions.is_empty() => {
                format!("{}: part of the task, whatever its arguments", action.id)
            }
            Head::Tool(action) => {
                let said: Vec<String> = self.conditions.iter().map(Condition::said).collect();
                format!("{}: {}", action.id, said.join("; "))
            }
            Head::Asked(action) => {
                let said: Vec<String> = self.conditions.iter().map(Condition::said).collect();
                let said = if said.is_empty() { String::new() } else { format!(", if {}", said.join("; ")) };
                format!("{}: no good session needed it, but the goal asks for it{said}", action.id)
            }
            Head::Look(_) => {
                "reading does nothing that the task must be kept from; no address is among the arguments"
                    .to_owned()
            }
            Head::Limit(calls) => {
                format!("stop a session that runs away: no good one made half of {calls} calls")
            }
        }
    }

    fn learned_from(&self) -> String {
        let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
        let rests = match (self.rests_on_one(), self.sessions) {
            (true, 0) => "; rests on no observation",
            (true, _) => "; rests on one observation",
            (false, _) => "",
        };
        format!("{} in {}{rests}", count(self.calls.len(), "call"), count(self.sessions, "session"))
    }

    /// Whether only one session speaks for it.
    pub(crate) fn rests_on_one(&self) -> bool {
        match self.head {
            Head::Tool(_) | Head::Asked(_) | Head::Look(_) => self.sessions <= 1,
            Head::Limit(_) => false,
        }
    }
}

impl Condition {
    /// The argument it is about.
    pub(crate) fn argument(&self) -> Option<String> {
        match self {
            Condition::Destination(to) => Some(to.path.join(".")),
            Condition::Command { path, .. }
            | Condition::AtMost { path, .. }
            | Condition::NoLink { path } => Some(path.join(".")),
            Condition::Known { .. } => None,
        }
    }

    /// Of those calls that only one example speaks for: values and heads seen once.
    pub(crate) fn seen_once(&self) -> Vec<String> {
        let once = |n: &u32| *n == 1;
        match self {
            Condition::Destination(to) => to
                .values
                .iter()
                .filter(|(_, n)| once(n))
                .filter_map(|(seen, _)| seen.literal())
                .collect(),
            Condition::Command { heads, .. } => {
                heads.iter().filter(|(_, n)| once(n)).map(|((head, _), _)| head.clone()).collect()
            }
            Condition::AtMost { .. } | Condition::Known { .. } | Condition::NoLink { .. } => {
                Vec::new()
            }
        }
    }

    /// In a few words.
    pub(crate) fn said(&self) -> String {
        match self {
            Condition::Destination(to) => to.said(),
            Condition::Command { path, heads, .. } => {
                format!("{} begins like one of {} commands", path.join("."), heads.len())
            }
            Condition::AtMost { path, bound, highest } => {
                format!("{} is at most {bound} ({highest} was the most)", path.join("."))
            }
            Condition::Known { tokens } if tokens.is_empty() => {
                "nothing that only untrusted data says".to_owned()
            }
            Condition::Known { tokens } => format!(
                "of what only untrusted data says, no more than the {} that good sessions used",
                tokens.len()
            ),
            Condition::NoLink { path } => format!("{} holds no link", path.join(".")),
        }
    }

    fn cedar(&self, action: &Action) -> Option<String> {
        match self {
            Condition::Destination(to) => to.cedar(action),
            Condition::Command { path, may_be_absent, heads, never } => {
                let at = access(path);
                let begins = heads.keys().map(|(head, rest)| match rest {
                    Rest::Nothing => format!("{at} == {}", quoted(head)),
                    Rest::Anything => format!("{at} like {}", pattern(head, "")),
                });
                let likes: Vec<String> = begins.collect();
                let mut all = vec![format!("({})", likes.join(" || "))];
                all.extend(never.iter().map(|part| format!("!({at} like \"*{part}*\")")));
                let holds = all.join(" && ");
                Some(match may_be_absent {
                    true => or_absent(action, path, &holds),
                    false => guarded(action, path, &holds),
                })
            }
            Condition::AtMost { path, bound, .. } => {
                let at = access(path);
                let is_decimal = matches!(type_of(action, path), Some(TypeModel::Decimal));
                let holds = match is_decimal {
                    true => format!("{at}.lessThanOrEqual(decimal(\"{bound}.0\"))"),
                    false => format!("{at} <= {bound}"),
                };
                Some(or_absent(action, path, &holds))
            }
            Condition::Known { tokens } => {
                let tokens: Vec<String> = tokens.iter().map(|token| quoted(token)).collect();
                // Workspaces whose schema is older declare only the wider fact.
                let declares = |fact| action.type_at(&["session", fact]).is_some();
                let name =
                    if declares("foreignAddresses") { "foreignAddresses" } else { "foreignTokens" };
                let fact = format!("context.session.{name}");
                let holds = match tokens.is_empty() {
                    true => format!("{fact}.isEmpty()"),
                    false => format!("[{}].containsAll({fact})", tokens.join(", ")),
                };
                Some(with_guards(&action.context, &["session", name], &holds))
            }
            Condition::NoLink { path } => {
                let at = access(path);
                let holds = format!("!({at} like \"*://*\") && !({at} like \"*www.*\")");
                Some(or_absent(action, path, &holds))
            }
        }
    }
}

impl Destination {
    fn said(&self) -> String {
        let path = self.path.join(".");
        let mut ways = Vec::new();
        if self.is_open {
            return format!("{path} varies too much to be listed");
        }
        match self.values.len() {
            0 if self.also.is_empty() => {}
            0 => {
                ways.push(format!("one of {} addresses that the task's data held", self.also.len()))
            }
            1 => ways.push("the one value of good sessions".to_owned()),
            n => ways.push(format!("one of {n} values of good sessions")),
        }
        if !self.patterns.is_empty() {
            let shared: u32 = self.patterns.values().sum();
            ways.push(format!("of a form that {shared} calls shared"));
        }
        if self.from_user {
            ways.push("what the user said".to_owned());
        }
        if self.may_be_absent {
            ways.push("left out".to_owned());
        }
        format!("{path} is {}", ways.join(", or "))
    }

    fn cedar(&self, action: &Action) -> Option<String> {
        if self.is_open {
            return None;
        }
        let at = access(&self.path);
        let mut ways = Vec::new();
        let listed: Vec<String> = self
            .values
            .keys()
            .filter(|seen| !matches!(seen, Seen::Set(_)))
            .filter_map(Seen::literal)
            .chain(self.also.iter().map(|text| quoted(text)))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        match (type_of(action, &self.path), listed.as_slice()) {
            (Some(TypeModel::Set(_)), _) => ways.push(self.set(&at)),
            (_, []) => {}
            (_, [only]) => ways.push(format!("{at} == {only}")),
            (_, several) => ways.push(format!("[{}].contains({at})", several.join(", "))),
        }
        let like = |(head, tail): &(String, String)| match head.contains(['/', '\\']) {
            true => format!("({at} like {} && !({at} like \"*..*\"))", pattern(head, tail)),
            false => format!("{at} like {}", pattern(head, tail)),
        };
        ways.extend(self.patterns.keys().map(like));
        if self.from_user {
            let holds =
                format!("context.session.fromUser.contains({})", quoted(&self.path.join(".")));
            let guarded = with_guards(&action.context, &["session", "fromUser"], &holds);
            ways.push(if guarded == holds { guarded } else { format!("({guarded})") });
        }
        if ways.is_empty() && self.may_be_absent {
            let guards = guards(&action.context, &full(&self.path));
            return Some(format!("!({})", guards.join(" && ")));
        }
        let holds = match ways.as_slice() {
            [] => "false".to_owned(),
            [only] => only.clone(),
            several => several.join(" || "),
        };
        Some(match self.may_be_absent {
            true => or_absent(action, &self.path, &holds),
            false => guarded(action, &self.path, &holds),
        })
    }

    /// Members of a list: each must be one that was seen.
    fn set(&self, at: &str) -> String {
        let members: BTreeSet<String> = self
            .values
            .keys()
            .flat_map(|seen| match seen {
                Seen::Set(items) => items.iter().filter_map(Seen::literal).collect(),
                other => other.literal().into_iter().collect::<Vec<_>>(),
            })
            .collect();
        match members.is_empty() {
            true => format!("{at}.isEmpty()"),
            false => {
                let members = Vec::from_iter(members);
                format!("[{}].containsAll({at})", members.join(", "))
            }
        }
    }
}

fn access(path: &Path) -> String {
    path.iter().fold("context.input".to_owned(), |at, name| format!("{at}{}", attribute(name)))
}

fn type_of<'a>(action: &'a Action, path: &Path) -> Option<&'a TypeModel> {
    action.type_at(&full(path))
}

fn full(path: &Path) -> Vec<&str> {
    std::iter::once("input").chain(path.iter().map(String::as_str)).collect()
}

/// `holds`, where the argument is there.
fn guarded(action: &Action, path: &Path, holds: &str) -> String {
    with_guards(&action.context, &full(path), holds)
}

/// `holds`, or the argument is not there.
fn or_absent(action: &Action, path: &Path, holds: &str) -> String {
    let guards = guards(&action.context, &full(path));
    match guards.is_empty() {
        true => holds.to_owned(),
        false => format!("if {} then {holds} else true", guards.join(" && ")),
    }
}

fn with_guards(context: &RecordModel, path: &[&str], holds: &str) -> String {
    let guards = guards(context, path);
    match guards.is_empty() {
        true => holds.to_owned(),
        false if holds.contains(" || ") => format!("{} && ({holds})", guards.join(" && ")),
        false => format!("{} && {holds}", guards.join(" && ")),
    }
}

/// `has` for each part of the path that need not be there.
fn guards(context: &RecordModel, path: &[&str]) -> Vec<String> {
    let (mut record, mut at, mut guards) = (Some(context), "context".to_owned(), Vec::new());
    for name in path {
        let declared = record.and_then(|record| record.attributes.get(*name));
        if declared.is_none_or(|declared| !declared.required) {
            guards.push(format!("{at} has {}", after_has(name)));
        }
        at += &attribute(name);
        record = declared.and_then(|declared| match &declared.ty {
            TypeModel::Record(inner) => Some(inner),
            _ => None,
        });
    }
    guards
}

//! From the good sessions of a task to the clauses of its scope.
//!
//! Least privilege, with generalisation: destinations are the values that were seen, then forms that
//! several share, then what the user said; content is free, but may not bring along addresses out of
//! untrusted data that good sessions did not use; what only reads, and takes no address, is free.

use crate::ask::Answer;
use crate::clause::{Clause, Condition, Destination, Head, Rest};
use crate::example::{Action, CallPlace, Example, Observation};
use crate::form::forms;
use crate::kind::{Kind, spellings};
use crate::role::{Role, Roles, head};
use crate::value::{Path, Seen};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More values than this are not listed.
const LISTED: usize = 24;
/// More addresses than this in a task's data do not stand for an argument that was left out.
const HELD: usize = 40;
/// The highest bound that a decimal can be compared with.
const HIGHEST: i64 = 500_000_000_000_000;
/// Marks that chain commands.
const CHAINS: [&str; 5] = ["&&", ";", "|", "`", "$("];

/// How far a clause goes beyond what was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    /// Forms, other spellings, what the user said, and free content.
    #[default]
    General,
    /// Destinations exactly as seen.
    Narrow,
    /// Every argument exactly as seen.
    Exact,
}

/// What is known of all tasks together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knowledge {
    pub(crate) roles: Roles,
    /// Tools that only read and take no address, by their uid.
    pub(crate) looks: BTreeMap<String, Arc<Action>>,
    /// The other tools, with the arguments that were seen.
    acts: BTreeMap<String, Act>,
}

#[derive(Clone, Debug)]
struct Act {
    action: Arc<Action>,
    paths: BTreeSet<Path>,
    /// Whether every call says what came from the user.
    knows_user: bool,
}

/// What people decided about tools.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// By action.
    pub(crate) widths: BTreeMap<String, Width>,
    /// By action.
    pub(crate) answers: BTreeMap<String, Answer>,
}

impl Knowledge {
    pub(crate) fn of(tasks: &[Vec<&Example>]) -> Self {
        let roles = Roles::of(tasks.iter().map(Vec::as_slice));
        let (mut looks, mut acts) = (BTreeMap::new(), BTreeMap::<String, Act>::new());
        let calls = tasks.iter().flatten().flat_map(|example| &example.calls);
        for call in calls {
            let action = &call.action;
            if action.read_only && !call.arguments.keys().any(|path| is_address(&roles, call, path))
            {
                looks.entry(action.uid.clone()).or_insert_with(|| Arc::clone(action));
            } else {
                let act = acts.entry(action.uid.clone()).or_insert_with(|| Act {
                    action: Arc::clone(action),
                    paths: BTreeSet::new(),
                    knows_user: true,
                });
                act.paths.extend(call.arguments.keys().cloned());
                act.knows_user &= call.facts.from_user.is_some();
            }
        }
        looks.retain(|uid, _| !acts.contains_key(uid));
        Knowledge { roles, looks, acts }
    }
}

/// Whether an argument can carry something away.
fn is_address(roles: &Roles, call: &Observation, path: &Path) -> bool {
    match roles.role(call, path) {
        Role::Destination(kind) => matches!(kind, Kind::Email | Kind::Url),
        Role::Command => true,
        Role::Content | Role::Quantity | Role::Free => false,
    }
}

/// The clauses of a task's scope, in the order in which they are written.
pub(crate) fn propose(
    examples: &[&Example],
    knowledge: &Knowledge,
    wishes: &Wishes,
) -> Vec<Clause> {
    let task = Task { examples, knowledge, wishes };
    let mut clauses: Vec<Clause> =
        task.by_action().into_values().filter_map(|calls| task.tool(&calls)).collect();
    if clauses.is_empty() {
        clauses.extend(task.asked());
    }
    name_apart(&mut clauses);
    clauses.extend(task.look());
    clauses.extend(task.limit());
    clauses
}

/// Tools of one name get numbers.
fn name_apart(clauses: &mut [Clause]) {
    let mut used: BTreeMap<String, u32> = BTreeMap::new();
    for clause in clauses {
        let n = used.entry(clause.name.clone()).or_default();
        *n += 1;
        if *n > 1 {
            clause.name = format!("{}-{n}", clause.name);
        }
    }
}

struct Task<'t> {
    examples: &'t [&'t Example],
    knowledge: &'t Knowledge,
    wishes: &'t Wishes,
}

impl<'t> Task<'t> {
    fn calls(&self) -> impl Iterator<Item = &'t Observation> {
        self.examples.iter().flat_map(|example| &example.calls)
    }

    fn is_look(&self, uid: &str) -> bool {
        let is_free =
            !self.wishes.widths.contains_key(uid) && !self.wishes.answers.contains_key(uid);
        is_free && self.knowledge.looks.contains_key(uid)
    }

    fn by_action(&self) -> BTreeMap<&'t str, Vec<&'t Observation>> {
        let mut by_action: BTreeMap<&str, Vec<&Observation>> = BTreeMap::new();
        for call in self.calls().filter(|call| !self.is_look(&call.action.uid)) {
            by_action.entry(&call.action.uid).or_default().push(call);
        }
        by_action
    }

    fn tool(&self, calls: &[&'t Observation]) -> Option<Clause> {
        let action = &calls.first()?.action;
        let answer = self.wishes.answers.get(&action.uid).copied();
        let width = self.wishes.widths.get(&action.uid).copied().unwrap_or_default();
        let maker = Maker { task: self, calls, width, answer };
        let conditions = match answer {
            Some(Answer::Never) => return None,
            Some(Answer::Always) => Vec::new(),
            Some(Answer::Values | Answer::User) | None => maker.conditions(),
        };
        Some(Clause {
            name: action.id.clone(),
            head: Head::Tool(Arc::clone(action)),
            conditions,
            sessions: sessions(calls),
            calls: places(calls),
        })
    }

    /// Tools of other tasks that the goal asks for by their first word, where no good session of this
    /// task did more than read: only on what the user said, and on what the data held.
    fn asked(&self) -> Vec<Clause> {
        let goals = self.examples.iter().filter_map(|example| example.goal.as_deref());
        let words: BTreeSet<String> = goals.flat_map(words).collect();
        let resources: BTreeSet<&str> =
            self.calls().map(|call| call.action.resource.as_str()).collect();
        let acts = self.knowledge.acts.values().filter(|act| {
            let verb = words_of_name(&act.action.id).into_iter().next();
            let is_ours = resources.is_empty() || resources.contains(act.action.resource.as_str());
            let answered = self.wishes.answers.contains_key(&act.action.uid)
                || self.wishes.widths.contains_key(&act.action.uid);
            is_ours && !answered && verb.is_some_and(|verb| words.contains(&verb))
        });
        acts.filter_map(|act| self.asked_for(act)).collect()
    }

    fn asked_for(&self, act: &Act) -> Option<Clause> {
        let mut conditions = Vec::new();
        for path in &act.paths {
            if let Role::Destination(kind) =
                self.knowledge.roles.of_argument(&act.action.resource, path)
            {
                let may_be_held = matches!(kind, Kind::Account | Kind::Email);
                let held = if may_be_held { held(self.examples, kind) } else { BTreeSet::new() };
                if held.is_empty() && !act.knows_user {
                    return None;
                }
                conditions.push(Condition::Destination(Destination {
                    path: path.clone(),
                    may_be_absent: true,
                    also: held,
                    from_user: act.knows_user,
                    ..Destination::default()
                }));
            }
        }
        Some(Clause {
            name: act.action.id.clone(),
            head: Head::Asked(Arc::clone(&act.action)),
            conditions,
            calls: Vec::new(),
            sessions: 0,
        })
    }

    fn look(&self) -> Option<Clause> {
        let looks = self.knowledge.looks.values().filter(|action| self.is_look(&action.uid));
        let actions: Vec<_> = looks.cloned().collect();
        let calls: Vec<_> = self.calls().filter(|call| self.is_look(&call.action.uid)).collect();
        (!actions.is_empty()).then(|| Clause {
            name: "look".to_owned(),
            head: Head::Look(actions),
            conditions: Vec::new(),
            sessions: sessions(&calls),
            calls: places(&calls),
        })
    }

    /// Twice as many calls as any good session made, in tens.
    fn limit(&self) -> Option<Clause> {
        let most = self
            .calls()
            .map(|call| call.facts.calls)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()?;
        let limit = (most.saturating_mul(2) / 10).saturating_add(2).saturating_mul(10);
        Some(Clause {
            name: "limit".to_owned(),
            head: Head::Limit(limit),
            conditions: Vec::new(),
            calls: Vec::new(),
            sessions: self.examples.len(),
        })
    }
}

fn places(calls: &[&Observation]) -> Vec<CallPlace> {
    calls.iter().map(|call| call.at.clone()).collect()
}

fn sessions(calls: &[&Observation]) -> usize {
    let sessions: BTreeSet<_> =
        calls.iter().map(|call| (&call.at.recording, &call.at.session)).collect();
    sessions.len()
}

/// Makes the conditions of one tool of a task.
struct Maker<'m, 't> {
    task: &'m Task<'t>,
    calls: &'m [&'t Observation],
    width: Width,
    answer: Option<Answer>,
}

impl Maker<'_, '_> {
    fn conditions(&self) -> Vec<Condition> {
        let seen = self.calls.iter().flat_map(|call| call.arguments.keys().cloned());
        let paths: BTreeSet<Path> = seen.chain(self.never_given()).collect();
        let mut conditions: Vec<Condition> =
            paths.iter().filter_map(|path| self.condition(path)).collect();
        conditions.extend(self.known(&conditions));
        conditions
    }

    /// Destinations that other calls of the server's tools give and these never did: what the schema
    /// allows is not what the task needs.
    fn never_given(&self) -> Vec<Path> {
        let Some(action) = self.calls.first().map(|call| &call.action) else { return Vec::new() };
        let roles = &self.task.knowledge.roles;
        let is_destination = |path: &Path| {
            matches!(
                roles.of_argument(&action.resource, path),
                Role::Destination(_) | Role::Command
            )
        };
        action.optional_arguments().into_iter().filter(is_destination).collect()
    }

    fn condition(&self, path: &Path) -> Option<Condition> {
        let first = self.calls.first()?;
        if self.seen(path).any(|seen| *seen == Seen::Other) {
            return None;
        }
        let role = self.task.knowledge.roles.role(first, path);
        match (role, self.width) {
            (Role::Command, Width::General | Width::Narrow) => {
                Some(self.command(path).unwrap_or_else(|| self.destination(path, None)))
            }
            (Role::Quantity, Width::General | Width::Narrow) => self.at_most(path),
            (Role::Destination(kind), _) => Some(self.destination(path, Some(kind))),
            (Role::Content | Role::Command | Role::Quantity | Role::Free, Width::Exact) => {
                Some(self.destination(path, None))
            }
            (Role::Content, Width::General | Width::Narrow) => self.no_link(path),
            (Role::Free, Width::General | Width::Narrow) => None,
        }
    }

    fn seen<'s>(&'s self, path: &'s Path) -> impl Iterator<Item = &'s Seen> {
        self.calls.iter().filter_map(|call| call.arguments.get(path))
    }

    fn is_always_there(&self, path: &Path) -> bool {
        self.calls.iter().all(|call| call.arguments.contains_key(path))
    }

    fn destination(&self, path: &Path, kind: Option<Kind>) -> Condition {
        let mut to = Destination {
            path: path.clone(),
            may_be_absent: !self.is_always_there(path),
            ..Destination::default()
        };
        for seen in self.seen(path) {
            *to.values.entry(seen.clone()).or_default() += 1;
        }
        let Some(kind) = kind.filter(|_| self.width == Width::General) else {
            return Condition::Destination(to);
        };
        let knows_user = self.calls.iter().all(|call| call.facts.from_user.is_some());
        if self.answer == Some(Answer::User) && knows_user {
            (to.values, to.from_user) = (BTreeMap::new(), true);
            return Condition::Destination(to);
        }
        if self.answer == Some(Answer::Values) {
            return Condition::Destination(to);
        }
        (to.patterns, to.values) = forms(std::mem::take(&mut to.values));
        to.from_user = knows_user;
        if to.values.len() > LISTED || self.varies_as_list(&to) {
            self.open(&mut to);
        }
        to.also = self.also(&to, kind);
        Condition::Destination(to)
    }

    /// Lists are compared member by member; too many members are too many values.
    fn varies_as_list(&self, to: &Destination) -> bool {
        let lists = to.values.keys().filter(|seen| matches!(seen, Seen::Set(_)));
        lists.flat_map(Seen::texts).collect::<BTreeSet<_>>().len() > LISTED
    }

    /// What varies too much to be listed must come from the user, if it always did.
    fn open(&self, to: &mut Destination) {
        let name = to.path.join(".");
        let from_user = |call: &&Observation| {
            call.facts.from_user.as_ref().is_some_and(|from_user| from_user.contains(&name))
        };
        let said =
            self.calls.iter().filter(|call| call.arguments.contains_key(&to.path)).all(from_user);
        to.values.clear();
        to.is_open = !(said && to.from_user);
    }

    fn also(&self, to: &Destination, kind: Kind) -> BTreeSet<String> {
        let texts: Vec<&str> = to
            .values
            .keys()
            .filter_map(|seen| match seen {
                Seen::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let mut also: BTreeSet<String> = texts.iter().flat_map(|text| spellings(text)).collect();
        also.retain(|text| !texts.contains(&text.as_str()));
        if to.may_be_absent && !to.is_open && matches!(kind, Kind::Account | Kind::Email) {
            let held = held(self.task.examples, kind);
            also.extend(held.into_iter().filter(|text| !texts.contains(&text.as_str())));
        }
        also
    }

    /// Nothing if a value is no text, or has no words.
    fn command(&self, path: &Path) -> Option<Condition> {
        let mut heads: BTreeMap<(String, Rest), u32> = BTreeMap::new();
        let mut texts = Vec::new();
        for seen in self.seen(path) {
            let Seen::Text(text) = seen else { return None };
            let head = Some(head(text)).filter(|head| !head.is_empty())?;
            let rest = if head == text { Rest::Nothing } else { Rest::Anything };
            *heads.entry((head.to_owned(), rest)).or_default() += 1;
            texts.push(text);
        }
        let never = CHAINS.into_iter().filter(|mark| !texts.iter().any(|text| text.contains(mark)));
        let may_be_absent = !self.is_always_there(path);
        Some(Condition::Command {
            path: path.clone(),
            may_be_absent,
            heads,
            never: never.collect(),
        })
    }

    /// A number that varied: up to the next round one.
    fn at_most(&self, path: &Path) -> Option<Condition> {
        let numbers: BTreeSet<i64> = self
            .seen(path)
            .map(|seen: &Seen| match seen {
                Seen::Long(n) => Some(*n),
                Seen::Decimal(text) => text.parse::<f64>().ok().map(|n| n.ceil() as i64),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let highest = *numbers.last()?;
        let bound = round_up(highest).filter(|bound| *bound <= HIGHEST)?;
        (numbers.len() > 1).then(|| Condition::AtMost { path: path.clone(), bound, highest })
    }

    fn no_link(&self, path: &Path) -> Option<Condition> {
        let is_known = self.calls.iter().all(|call| call.facts.foreign.is_some());
        let is_text = self.seen(path).all(|seen| matches!(seen, Seen::Text(_)));
        let has_link = |text: &str| text.contains("://") || text.contains("www.");
        let linked = self.seen(path).flat_map(Seen::texts).any(has_link);
        (!is_known && is_text && !linked).then(|| Condition::NoLink { path: path.clone() })
    }

    /// The tokens out of untrusted data that the task's good sessions used, whatever the tool.
    fn known(&self, conditions: &[Condition]) -> Option<Condition> {
        let is_text =
            |call: &&Observation| call.arguments.values().any(|seen| !seen.texts().is_empty());
        if !self.calls.iter().any(is_text) {
            return None;
        }
        let of_tool = self.calls.iter().copied();
        let all: Vec<&Observation> = match self.width {
            Width::General => self.task.calls().collect(),
            Width::Narrow | Width::Exact => of_tool.collect(),
        };
        let foreign =
            all.iter().map(|call| call.facts.foreign.as_ref()).collect::<Option<Vec<_>>>()?;
        let mut tokens: BTreeSet<String> = foreign.into_iter().flatten().cloned().collect();
        for condition in conditions {
            if let Condition::Destination(to) = condition {
                // The fact holds tokens in their plain form.
                tokens.extend(to.also.iter().map(|text| remit_session::plain_form(text)));
                // What a form lets through cannot be listed.
                if !to.patterns.is_empty() || to.is_open {
                    return None;
                }
            }
        }
        Some(Condition::Known { tokens })
    }
}

/// What the data of good sessions held already: an argument that was left out stood for it.
fn held(examples: &[&Example], kind: Kind) -> BTreeSet<String> {
    let addresses = examples.iter().flat_map(|example| &example.addresses);
    let held: BTreeSet<String> = addresses
        .filter(|(of, text)| *of == kind && (kind != Kind::Account || is_long_account(text)))
        .map(|(_, text)| text.clone())
        .collect();
    if held.len() > HELD { BTreeSet::new() } else { held }
}

/// The words of a text, in small letters.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The words of a tool's name: `sendMoney`, `send_money` and `bank.send-money` alike; without the server.
fn words_of_name(name: &str) -> Vec<String> {
    let own = name.rsplit("__").next().unwrap_or(name);
    let own = own.rsplit('.').next().unwrap_or(own);
    let mut spaced = String::new();
    for c in own.chars() {
        if c.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(c);
    }
    words(&spaced)
}

/// Words such as `room_12` are not told from accounts by form; what holds money or mail is long.
fn is_long_account(text: &str) -> bool {
    text.chars().count() >= 10 && text.chars().filter(char::is_ascii_digit).count() >= 6
}

/// The next of 1, 2, 5, 10, 20, ... .
fn round_up(n: i64) -> Option<i64> {
    let mut step: i64 = 1;
    loop {
        for digit in [1, 2, 5] {
            let bound = step.checked_mul(digit)?;
            if bound >= n {
                return Some(bound);
            }
        }
        step = step.checked_mul(10)?;
    }
}

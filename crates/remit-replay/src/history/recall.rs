//! What one session remembers at each of its calls, by Dogwood's own interpreter.
//!
//! This is for the reference engine, which the batch engine is checked against. The interpreter is not
//! asked about histories that are long or hold events without a time; there the batch engine speaks.

use super::leaves::{attribute, interpreted, points};
use super::witness::{Look, Witness};
use super::{EventLog, Fields, Histories, TICKS, add, decide, leaves};
use remit_policy::{Leaf, Workspace};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// The leaves that are asked at a call, by name; nothing where nobody knows.
pub(crate) type Remembered = Vec<(Arc<str>, Option<bool>)>;

/// A condition over history that is asked at a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The attribute of the context that holds its value.
    pub name: String,
    /// What its author wrote.
    pub text: String,
    /// Where that stands, counted from the first byte of its policy.
    pub span: Range<usize>,
    /// Whether it holds; nothing if nobody knows.
    pub holds: Option<bool>,
    /// Which earlier steps make it so, or how far it is.
    pub witnesses: Vec<Witness>,
    /// The windows and thresholds in its text, to try others.
    pub literals: Vec<Literal>,
}

/// A number in the text of a condition that somebody may want to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// What it is.
    pub kind: LiteralKind,
    /// What stands there, such as `1h` or `4`.
    pub text: String,
    /// Where, counted from the first byte of the policy.
    pub span: Range<usize>,
}

/// What a number in a condition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralKind {
    /// How far back it looks.
    Window,
    /// What a count or a sum is compared with.
    Threshold,
}

/// The conditions of a workspace that are asked at a call of a session, by its place among the calls.
pub(crate) fn asked(
    workspace: &Workspace,
    fields: &Fields,
    histories: &Histories,
    call: u32,
) -> Vec<Asked> {
    let mut log = EventLog::new(TICKS, fields.pins.clone());
    add(&mut log, histories, 0);
    log.finish();
    let entities = &workspace.entities.entities;
    let attributes = |ty: &str, id: &str, path: &[String]| attribute(entities, ty, id, path);
    let of = |leaf: Arc<Leaf>| {
        let points = points(&log, &leaf.field);
        let n = points.calls.iter().position(|other| *other == call)?;
        let at = points.at.get(n).copied()?;
        let condition = &leaf.field.condition.condition;
        let holds = match decide(&log, &points, condition, &attributes) {
            Ok(truths) => truths.known(n),
            Err(_) => interpreted(&log, &leaf, &attributes).get(&at).copied(),
        };
        let witnesses = Look { log: &log, at, attributes: &attributes }.witnesses(condition);
        Some(Asked {
            name: leaf.name.clone(),
            text: leaf.text.clone(),
            span: leaf.span.clone(),
            holds,
            witnesses,
            literals: literals(&leaf.text, leaf.span.start),
        })
    };
    leaves(workspace).into_iter().filter_map(of).collect()
}

/// Windows come after `within`, or are an argument of a macro; thresholds after a comparison.
fn literals(text: &str, offset: usize) -> Vec<Literal> {
    let (mut all, mut quoted, mut before) = (Vec::new(), false, ' ');
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        quoted ^= c == '"';
        let begins = c.is_ascii_digit() && !quoted && !(before.is_alphanumeric() || before == '_');
        if begins {
            let mut end = at + 1;
            while let Some((next, _)) = rest.next_if(|(_, c)| c.is_ascii_alphanumeric()) {
                end = next + 1;
            }
            let number = text.get(at..end).unwrap_or_default();
            let compared = text.get(..at).is_some_and(|t| t.trim_end().ends_with(['<', '>', '=']));
            let kind = match number.chars().last() {
                Some('s' | 'm' | 'h' | 'd') => Some(LiteralKind::Window),
                _ if compared => Some(LiteralKind::Threshold),
                _ => None,
            };
            let span = offset + at..offset + end;
            all.extend(kind.map(|kind| Literal { kind, text: number.to_owned(), span }));
        }
        before = c;
    }
    all
}

/// The leaves of a workspace at the calls of one session.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    by_call: HashMap<u32, Remembered>,
}

impl Recall {
    /// By the histories of a session.
    pub(crate) fn of(workspace: &Workspace, fields: &Fields, histories: &Histories) -> Self {
        let mut log = EventLog::new(TICKS, fields.pins.clone());
        add(&mut log, histories, 0);
        log.finish();
        let mut recall = Recall::default();
        for leaf in leaves(workspace) {
            recall.take(workspace, &log, &leaf);
        }
        recall
    }

    /// What is remembered at a call, by its place among those of the session.
    pub(crate) fn at(&mut self, call: u32) -> Remembered {
        self.by_call.remove(&call).unwrap_or_default()
    }

    fn take(&mut self, workspace: &Workspace, log: &EventLog, leaf: &Leaf) {
        let entities = &workspace.entities.entities;
        let attributes = |ty: &str, id: &str, path: &[String]| attribute(entities, ty, id, path);
        let points = points(log, &leaf.field);
        let said = interpreted(log, leaf, &attributes);
        let ours = match said.len() < points.at.len() {
            true => decide(log, &points, &leaf.field.condition.condition, &attributes).ok(),
            false => None,
        };
        let name: Arc<str> = leaf.name.as_str().into();
        for (n, (call, at)) in points.calls.iter().zip(&points.at).enumerate() {
            let ours = || ours.as_ref().and_then(|truths| truths.known(n));
            let known = said.get(at).copied().or_else(ours);
            self.by_call.entry(*call).or_default().push((Arc::clone(&name), known));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history_at;
    use camino::Utf8Path;
    use remit_session::{Limits, Source, StepIdx, load};
    use std::fs;
    use std::ops::ControlFlow;

    const SCHEMA: &str = r#"
entity Agent;
entity Server;
action look, pay appliesTo {
  principal: [Agent], resource: [Server], context: { input: { to?: String } }
};"#;

    const POLICIES: &str = r#"
@id("seen") forbid(principal, action == Action::"pay", resource)
when temporal { formerly within 5m Action::"look"::response{ derived.actor: context.derived.actor } };
@id("cap") forbid(principal, action == Action::"pay", resource)
when temporal { (count for (t: Timepoint). where (formerly within 5m (Action::"pay"::request{ input.to: * } && tp(t)))) > 2 };
"#;

    /// What is asked at the third step: whether it holds, by which steps, and the words for it.
    fn at_the_third_step(session: &str) -> Vec<(Option<bool>, Vec<u32>, String)> {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        for folder in ["guardrails", "sessions"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        fs::write(root.join("schema.cedarschema"), SCHEMA).unwrap();
        fs::write(root.join("guardrails/history.dw"), POLICIES).unwrap();
        fs::write(root.join("sessions/a.session"), session).unwrap();
        let workspace = Workspace::load(root).unwrap();
        let source = Source { path: root.join("sessions"), shown_from: root.to_owned() };
        let go_on = &mut |_| ControlFlow::Continue(());
        let loaded = load(&[source], None, &Limits::default(), go_on).unwrap();
        let asked = history_at(&workspace, &loaded.recordings[0].sessions[0], StepIdx(2));
        let mut all: Vec<_> = asked
            .into_iter()
            .map(|asked| {
                let [witness] = asked.witnesses.as_slice() else { panic!("{asked:?}") };
                (asked.holds, witness.steps.clone(), witness.words.clone())
            })
            .collect();
        all.sort_by(|a, b| a.2.cmp(&b.2));
        all
    }

    #[test]
    fn a_condition_names_the_steps_that_count_and_how_far_it_is() {
        let session = |look: &str, pay: &str| {
            format!(
                "session s\nagent ann\ncall look {look}: {{}}\nresult {look}: done\ncall pay {pay}: {{\"to\":\"x\"}}\n"
            )
        };
        let at = |time: &str| format!("at=2026-01-02T{time}Z");
        let counted = "call of `pay`: 1 counted, compared by `>` with 2".to_owned();
        let late = at_the_third_step(&session(&at("03:00:00"), &at("03:08:30")));
        let over = "result of `look` at step 1: the window is over by 3 min".to_owned();
        assert_eq!(late, [(Some(false), vec![2], counted.clone()), (Some(false), vec![1], over)]);
        let soon = at_the_third_step(&session(&at("03:00:00"), &at("03:04:00")));
        let seen = "result of `look` at step 1, 4 min before".to_owned();
        assert_eq!(soon, [(Some(false), vec![2], counted.clone()), (Some(true), vec![1], seen)]);
        let untimed = at_the_third_step(&session("", ""));
        let open = "result of `look` at step 1; nobody recorded when".to_owned();
        assert_eq!(untimed, [(Some(false), vec![2], counted), (None, vec![1], open)]);
    }

    #[test]
    fn windows_and_thresholds_are_found_where_they_stand() {
        let text = r#"bind(n2, count_within(10m, A::"x 7h"::request{ input.n: 5 }), n2 > 3)"#;
        let found: Vec<_> =
            literals(text, 100).into_iter().map(|l| (l.kind, l.text, l.span.start)).collect();
        let three = text.rfind('3').unwrap() + 100;
        let ten = text.find("10m").unwrap() + 100;
        assert_eq!(
            found,
            [
                (LiteralKind::Window, "10m".to_owned(), ten),
                (LiteralKind::Threshold, "3".to_owned(), three)
            ]
        );
    }
}

//! Drafts of rules for one call, in Cedar, before anybody judged them.

use super::pattern::{likes, written};
use super::{Incident, Reach};
use remit_policy::Workspace;
use remit_policy::editor::quoted;
use remit_replay::{CallArgument, CallFact, CallParts, Corpus, FactValue, Mapper, PartValue};
use remit_replay::{call_parts, candidates};
use remit_session::{ArgumentOrigins, StepIdx, StepKind};
use std::collections::BTreeSet;

/// So far back a rule over history looks.
const WINDOW: &str = "1h";

/// A rule that nobody judged yet.
pub(super) struct Draft {
    pub(super) reach: Reach,
    /// What it stops.
    pub(super) title: String,
    pub(super) head: String,
    /// Nothing for all calls of the head; begins with `temporal` for one over history.
    pub(super) condition: String,
}

/// The drafts for a call; `None` if it is not mapped.
pub(super) fn drafts(
    workspace: &Workspace,
    corpus: &Corpus,
    incident: &Incident<'_>,
    position: usize,
) -> Option<Vec<Draft>> {
    let parts = call_parts(workspace, corpus, position)?;
    let origins = Mapper::new(workspace)?.origins(incident.session);
    let origins = origins.call(incident.session, incident.step).unwrap_or_default().to_vec();
    let maker = Maker { workspace, incident, parts, origins };
    let mut drafts = maker.exactly(corpus, position);
    drafts.extend(maker.alike());
    drafts.extend(maker.by_origin());
    drafts.extend(maker.by_history());
    drafts.push(maker.draft(Reach::Tool, "every call of the tool".into(), String::new()));
    let mut known = BTreeSet::new();
    drafts.retain(|draft| known.insert(draft.condition.clone()));
    Some(drafts)
}

struct Maker<'a> {
    workspace: &'a Workspace,
    incident: &'a Incident<'a>,
    parts: CallParts,
    origins: Vec<ArgumentOrigins>,
}

impl Maker<'_> {
    fn draft(&self, reach: Reach, title: String, condition: String) -> Draft {
        let head = format!("forbid (principal, action == {}, resource)", self.parts.action);
        Draft { reach, title, head, condition }
    }

    /// The call with all its arguments that are short enough to write.
    fn exactly(&self, corpus: &Corpus, position: usize) -> Vec<Draft> {
        let made = candidates(self.workspace, corpus, &[position], true);
        let Some(exactly) = made.first() else { return Vec::new() };
        let title = match exactly.title.starts_with("exactly") {
            true => "this very call, whoever makes it",
            false => "calls with the same arguments, as far as they are short enough to write",
        };
        let rest = exactly
            .text
            .split_once("when {")
            .and_then(|(_, rest)| Some(rest.trim_end().strip_suffix("};")?.trim().to_owned()));
        let draft = |condition| self.draft(Reach::Call, title.to_owned(), condition);
        rest.into_iter().map(draft).collect()
    }

    fn alike(&self) -> Vec<Draft> {
        self.parts.arguments.iter().flat_map(|argument| self.alike_by(argument)).collect()
    }

    fn alike_by(&self, argument: &CallArgument) -> Vec<Draft> {
        let CallArgument { path, guard, access, value } = argument;
        let draft = |what: String, test: String| {
            self.draft(
                Reach::Alike,
                format!("calls with `{path}` {what}"),
                format!("{guard}{test}"),
            )
        };
        match value {
            PartValue::Text(text) => {
                let likes = likes(text).into_iter();
                likes
                    .map(|(what, like)| draft(what, format!("{access} like {}", written(&like))))
                    .collect()
            }
            PartValue::Number(number) => {
                vec![draft(format!("of {number} or more"), format!("{access} >= {number}"))]
            }
            PartValue::Other => Vec::new(),
        }
    }

    /// Where the values of the call come from, as far as policies can ask.
    fn by_origin(&self) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for origins in &self.origins {
            let path = quoted(&origins.path);
            let asked = [
                ("fromUntrusted", origins.is_from_untrusted(), "from untrusted text"),
                ("unseen", origins.is_unseen(), "that the agent made up"),
            ];
            for (fact, _, what) in asked.into_iter().filter(|(_, is_so, _)| *is_so) {
                let Some(CallFact { guard, access, .. }) = self.fact(fact) else { continue };
                let condition = format!("{guard}{access}.contains({path})");
                let title = format!("calls whose `{}` is {what}", origins.path);
                drafts.push(self.draft(Reach::Origin, title, condition));
            }
            if let Some(CallFact { guard, access, .. }) = self.fact("fromUser")
                && !origins.is_from_user()
                && !origins.tokens.is_empty()
            {
                let condition = format!("{guard}!{access}.contains({path})");
                let title = format!("calls whose `{}` is not what the user said", origins.path);
                drafts.push(self.draft(Reach::Origin, title, condition));
            }
        }
        drafts
    }

    /// What had happened before, as far as policies can ask.
    fn by_history(&self) -> Vec<Draft> {
        let mut drafts = Vec::new();
        if let Some(CallFact { guard, access, value: FactValue::Bool(true), .. }) =
            self.fact("untrustedSeen")
        {
            let title = "calls after anything untrusted was read".to_owned();
            drafts.push(self.draft(Reach::History, title, format!("{guard}{access}")));
        }
        if let Some(CallFact { guard, access, value: FactValue::Texts(labels), .. }) =
            self.fact("labels")
        {
            for label in labels {
                let title = format!("calls after data labelled `{label}` was read");
                let condition = format!("{guard}{access}.contains({})", quoted(label));
                drafts.push(self.draft(Reach::History, title, condition));
            }
        }
        for (tool, action) in self.sources() {
            if let Some(CallFact { guard, access, .. }) = self.fact("toolsUsed") {
                let title = format!("calls after `{tool}` in the same session");
                let condition = format!("{guard}{access}.contains({})", quoted(&tool));
                drafts.push(self.draft(Reach::History, title, condition));
            }
            if let Some(action) = action.filter(|_| self.workspace.history_in_use().is_some()) {
                let title = format!("calls within {WINDOW} of an answer of `{tool}`");
                let condition =
                    format!("temporal {{ formerly within {WINDOW} {action}::response{{}} }}");
                drafts.push(self.draft(Reach::History, title, condition));
            }
        }
        drafts
    }

    fn fact(&self, name: &str) -> Option<&CallFact> {
        self.parts.facts.iter().find(|fact| fact.name == name)
    }

    /// The tools in whose results values of the call were first seen, with their actions.
    fn sources(&self) -> Vec<(String, Option<String>)> {
        let session = self.incident.session;
        let steps: BTreeSet<StepIdx> = self
            .origins
            .iter()
            .flat_map(|o| &o.tokens)
            .filter_map(|token| token.origin.step)
            .collect();
        let mut known = BTreeSet::new();
        let mut sources = Vec::new();
        for step in steps {
            let Some(StepKind::Result(result)) = session.step(step).map(|step| &step.kind) else {
                continue;
            };
            let call = result.call.and_then(|call| Some((call, session.step(call)?)));
            let Some((at, StepKind::Call(call))) = call.map(|(at, step)| (at, &step.kind)) else {
                continue;
            };
            if known.insert(call.tool.clone()) {
                sources.push((call.tool.clone(), self.action_at(at)));
            }
        }
        sources
    }

    fn action_at(&self, step: StepIdx) -> Option<String> {
        let mapper = Mapper::new(self.workspace)?;
        let mapped = remit_replay::explain(&mapper, self.incident.session, step)?.ok()?;
        Some(mapped.action().uid.to_string())
    }
}

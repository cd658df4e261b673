//! What can be written around expressions: annotations, effects, heads, clauses.

use super::super::syntax::{Annotation, Clause, Head, Policy, touches};
use super::super::words;
use super::{CompletionKind, Offers};
use std::collections::BTreeMap;

const RULES: [(&str, &str, &str); 4] = [
    (
        "permit …",
        "permit (\n  principal,\n  action == ${1},\n  resource\n);",
        "A whole policy that allows an action.",
    ),
    (
        "permit … when",
        "permit (\n  principal,\n  action == ${1},\n  resource\n)\nwhen { ${2} };",
        "A whole policy that allows an action on a condition.",
    ),
    (
        "forbid …",
        "forbid (\n  principal,\n  action == ${1},\n  resource\n);",
        "A whole policy that denies an action.",
    ),
    (
        "forbid … when",
        "forbid (\n  principal,\n  action == ${1},\n  resource\n)\nwhen { ${2} };",
        "A whole policy that denies an action on a condition.",
    ),
];
const RULES_OVER_HISTORY: [(&str, &str, &str); 2] = [
    (
        "forbid … when temporal",
        "forbid (\n  principal,\n  action == ${1},\n  resource\n)\nwhen temporal { formerly within ${2:1h} ${3} };",
        "A whole policy that denies an action after something happened.",
    ),
    (
        "forbid … unless temporal",
        "forbid (\n  principal,\n  action == ${1},\n  resource\n)\nunless temporal { formerly within ${2:1h} ${3} };",
        "A whole policy that denies an action unless something happened before.",
    ),
];
const HEAD: &str = "(principal, action, resource)";

impl Offers<'_> {
    pub(super) fn between_policies(&mut self) {
        self.rules("");
        self.effects();
        let sign = self.add(CompletionKind::Annotation, "@id", 1);
        sign.snippet("@id(\"${1}\")")
            .documented(words::annotations().first().map(|w| w.doc.into()));
    }

    /// Whole policies; the first has a name to fill in.
    fn rules(&mut self, before: &str) {
        let is_dogwood = self.is_dogwood;
        let over_history = RULES_OVER_HISTORY.iter().filter(|_| is_dogwood);
        for (label, body, doc) in RULES.iter().chain(over_history) {
            let named = format!("{before}{body}");
            self.add(CompletionKind::Snippet, label, 2)
                .snippet(&named)
                .documented(Some((*doc).into()));
        }
    }

    fn effects(&mut self) {
        for name in ["permit", "forbid"] {
            let doc = words::keyword(name).map(|word| word.doc.to_owned());
            self.add(CompletionKind::Keyword, name, 0).documented(doc);
        }
    }

    pub(super) fn in_policy(&mut self, policy: &Policy) {
        if self.is_dogwood && self.in_history(policy) {
            return;
        }
        let offset = self.offset;
        let within = |span: &std::ops::Range<usize>| span.start < offset && offset <= span.end;
        if let Some(annotation) = policy.annotations.iter().find(|a| within(&a.span)) {
            return self.annotation(annotation);
        }
        let effect = policy.effect.as_ref().map(|(_, span)| span);
        match (effect, &policy.head) {
            (None, _) => self.before_effect(policy),
            (Some(effect), _) if offset <= effect.start => self.before_effect(policy),
            (Some(effect), _) if touches(effect, offset) => self.effects(),
            (Some(_), None) => {
                let snippet = "(\n  principal,\n  action == ${1},\n  resource\n)";
                self.add(CompletionKind::Snippet, HEAD, 0).snippet(snippet);
                self.add(CompletionKind::Snippet, "(…) of all calls", 1).snippet(HEAD);
            }
            (Some(_), Some(head)) if offset <= head.span.start => {}
            (Some(_), Some(head)) if self.is_in_head(head) => self.head(head),
            (Some(_), Some(_)) => self.after_head(policy),
        }
    }

    fn is_in_head(&self, head: &Head) -> bool {
        match head.is_closed {
            true => self.offset < head.span.end,
            false => self.offset <= head.span.end,
        }
    }

    fn before_effect(&mut self, policy: &Policy) {
        self.effects();
        if self.word().start == policy.span.start {
            self.rules("");
        }
        if self.word().is_empty() {
            let doc = "An annotation, such as the policy's name.".to_owned();
            self.add(CompletionKind::Annotation, "@", 1).documented(Some(doc));
        }
    }

    fn annotation(&mut self, annotation: &Annotation) {
        if touches(&annotation.name.span, self.offset) {
            return self.annotation_names();
        }
        let value = annotation.value.clone().filter(|value| touches(value, self.offset));
        let Some(value) = value.filter(|_| annotation.name.text != "id") else {
            return;
        };
        for (known, count) in self.used_annotations(Some(&annotation.name.text)) {
            let quoted = super::super::token::quoted(&known);
            let offer = self.add(CompletionKind::Value, &quoted, 0).replacing(value.clone());
            offer.detail(super::counted(count as u64, "policy"));
        }
    }

    fn annotation_names(&mut self) {
        let has_value = self.text.get(self.word().end..).is_some_and(|t| t.starts_with('('));
        for word in words::annotations() {
            let offer = self.add(CompletionKind::Annotation, word.name, 0);
            if !has_value {
                offer.snippet(word.snippet);
            }
            offer.detail(word.form).documented(Some(word.doc.into()));
        }
        for (name, count) in self.used_annotations(None) {
            let snippet = format!("{name}(\"${{1}}\")");
            let offer = self.add(CompletionKind::Annotation, &name, 1);
            if !has_value {
                offer.snippet(&snippet);
            }
            offer.detail(super::counted(count as u64, "policy"));
        }
    }

    /// The names of annotations in the workspace, or the values of one, with how many policies have it.
    fn used_annotations(&self, values_of: Option<&str>) -> Vec<(String, usize)> {
        let workspace = self.desk.workspace;
        let layers = workspace.scopes.iter().map(|s| &s.layer).chain([&workspace.guardrails]);
        let mut used: BTreeMap<&str, usize> = BTreeMap::new();
        for policy in layers.flat_map(|layer| &layer.policies) {
            for (name, value) in &policy.annotations {
                match values_of {
                    Some(wanted) if wanted == name => *used.entry(value).or_default() += 1,
                    Some(_) => {}
                    None => *used.entry(name).or_default() += 1,
                }
            }
        }
        let mut used: Vec<_> = used.into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
        used.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        used
    }

    fn head(&mut self, head: &Head) {
        let constraints = head.constraints.iter().enumerate();
        let mut found = constraints.filter(|(_, c)| touches(&c.span, self.offset));
        let Some((position, constraint)) = found.next() else {
            return;
        };
        self.constraint(position, &constraint.expression);
    }

    fn after_head(&mut self, policy: &Policy) {
        let is_in =
            |clause: &&Clause| clause.body.as_ref().is_some_and(|b| touches(b, self.offset));
        if let Some(clause) = policy.clauses.iter().find(is_in) {
            if let Some(condition) = &clause.condition {
                self.condition(condition);
            }
            return;
        }
        for name in ["when", "unless"] {
            let word = words::keyword(name);
            let offer = self.add(CompletionKind::Keyword, name, 0);
            if let Some(word) = word {
                offer.snippet(word.snippet).detail(word.form).documented(Some(word.doc.into()));
            }
        }
        let is_dogwood = self.is_dogwood;
        for name in ["when", "unless"].into_iter().filter(|_| is_dogwood) {
            let snippet = format!("{name} temporal {{ formerly within ${{1:1h}} ${{2}} }}");
            let offer = self.add(CompletionKind::Snippet, &format!("{name} temporal"), 0);
            offer.snippet(&snippet).detail(format!("{name} temporal {{ … }}"));
            offer.documented(Some("A condition over what happened before in the session.".into()));
        }
        if policy.end.is_none() {
            let doc = "Ends the policy.".to_owned();
            self.add(CompletionKind::Keyword, ";", 1).documented(Some(doc));
        }
    }
}

//! Names that are nearly right.

use super::super::complete::is_identifier;
use super::super::occurrences::{Symbol, in_file};
use super::super::schema::Schema;
use super::super::syntax::{Expression, Kind, Span, touches};
use super::super::token::{quoted, unquoted};
use super::super::types::Typed;
use super::Mender;
use crate::nearest::by_distance;

/// So many names are offered.
const NAMES: usize = 3;

impl Mender<'_> {
    /// The attribute that the finding is about: what has it, the bytes of its name, and its name.
    pub(super) fn access(&self) -> Option<(&Expression, Span, String)> {
        let around = self.around();
        let at = around.iter().rev().find_map(|expression| self.access_of(expression));
        // The validator means what a method is called on, and points at all of it.
        let innermost = around.last().map(|innermost| innermost.all()).unwrap_or_default();
        at.or_else(|| innermost.into_iter().find_map(|expression| self.access_of(expression)))
    }

    fn access_of<'e>(&self, expression: &'e Expression) -> Option<(&'e Expression, Span, String)> {
        match &expression.kind {
            Kind::Member { of, name } => Some((&**of, name.span.clone(), name.text.clone())),
            Kind::Index { of, key: Some(key) } => {
                Some((&**of, key.clone(), unquoted(self.slice(key))))
            }
            Kind::Has { of, path, .. } => {
                let name = path.first()?;
                Some((&**of, name.span.clone(), name.text.clone()))
            }
            _ => None,
        }
    }

    fn types(&self, of: &Expression) -> Vec<Typed<'_>> {
        self.environment.types(self.text, of)
    }

    pub(super) fn nearest_attributes(&mut self) {
        let Some((of, span, written)) = self.access() else { return };
        let types = self.types(of);
        let records = types.iter().filter_map(|typed| self.environment.record(&typed.ty));
        let names: Vec<String> =
            records.flat_map(|r| r.attributes).map(|a| a.name.text.clone()).collect();
        let before_name = of.span.end..span.start;
        let dot = of.span.end + self.slice(&before_name).rfind('.').unwrap_or(0);
        let is_dotted = !self.slice(&span).starts_with('"');
        for name in by_distance(&written, &names, NAMES) {
            let title = format!("write `{name}`");
            let edit = match (is_dotted, is_identifier(name)) {
                (true, true) => (span.clone(), name.to_owned()),
                (true, false) => (dot..span.end, format!("[{}]", quoted(name))),
                (false, _) => (span.clone(), quoted(name)),
            };
            self.fix(title, vec![edit]);
        }
    }

    /// The entity literals that the finding is about, with what is written of them.
    fn entities(&self, is_meant: impl Fn(&str, &str) -> bool) -> Vec<(Span, Span, String)> {
        let all = self.policy.into_iter().flat_map(super::Policy::expressions);
        let mut found = Vec::new();
        for expression in all.flat_map(Expression::all) {
            if let Kind::Entity { path, id: Some(id) } = &expression.kind
                && is_meant(path.text.trim_end_matches("::"), &unquoted(self.slice(id)))
            {
                found.push((path.span.clone(), id.clone(), unquoted(self.slice(id))));
            }
        }
        found
    }

    pub(super) fn nearest_actions(&mut self) {
        let schema: &Schema<'_> = self.environment.schema;
        let is_unknown = |ty: &str, id: &str| {
            let is_action = ty == "Action" || ty.ends_with("::Action");
            is_action && !schema.actions.contains_key(&super::super::schema::uid(ty, id))
        };
        let ids: Vec<String> = schema.actions.values().map(|a| a.name.text.clone()).collect();
        let meant = self.entities(is_unknown);
        let meant = meant.iter().filter(|(path, id, _)| self.is_meant(&(path.start..id.end)));
        for (_, span, written) in meant.cloned().collect::<Vec<_>>() {
            for name in by_distance(&written, &ids, NAMES) {
                self.fix(format!("write `{name}`"), vec![(span.clone(), quoted(name))]);
            }
        }
    }

    /// Whether the finding is about a part of the policy; one about all of it is about each part.
    fn is_meant(&self, span: &Span) -> bool {
        let is_inside = touches(&self.span, span.start) && touches(&self.span, span.end);
        let is_around = touches(span, self.span.start) && touches(span, self.span.end);
        is_inside || is_around || self.policy.is_some_and(|p| p.span.start == self.span.start)
    }

    pub(super) fn nearest_types(&mut self) {
        let schema = self.environment.schema;
        let names: Vec<String> = schema.entities.keys().cloned().collect();
        let all = self.policy.into_iter().flat_map(super::Policy::expressions);
        let paths = all.flat_map(Expression::all).filter_map(|e| match &e.kind {
            Kind::Entity { path, .. } | Kind::Is { path, .. } => Some(path.clone()),
            _ => None,
        });
        let unknown: Vec<_> = paths
            .filter(|path| self.is_meant(&path.span))
            .filter(|path| !names.iter().any(|n| n == path.text.trim_end_matches("::")))
            .filter(|path| !path.text.trim_end_matches("::").ends_with("Action"))
            .collect();
        for path in unknown {
            let written = path.text.trim_end_matches("::");
            let span = path.span.start..path.span.start + written.len();
            for name in by_distance(written, &names, NAMES) {
                self.fix(format!("write `{name}`"), vec![(span.clone(), name.to_owned())]);
            }
        }
    }

    pub(super) fn nearest_choices(&mut self) {
        let schema = self.environment.schema;
        for (path, span, written) in self.entities(|_, _| true) {
            let ty = self.slice(&path).trim_end_matches("::");
            let choices = schema.entities.get(ty).and_then(|entity| entity.choices.as_ref());
            let ids: Vec<String> = choices.into_iter().flatten().map(|c| c.text.clone()).collect();
            if ids.contains(&written) {
                continue;
            }
            for name in by_distance(&written, &ids, NAMES) {
                self.fix(format!("write `{name}`"), vec![(span.clone(), quoted(name))]);
            }
        }
    }

    /// What the finding itself suggests.
    pub(super) fn did_you_mean(&mut self) {
        let help = self.finding.help.as_deref().unwrap_or_default();
        let suggested = help.strip_prefix("did you mean `").and_then(|h| h.strip_suffix("`?"));
        let Some(name) = suggested else { return };
        let is_text = self.slice(&self.span.clone()).starts_with('"');
        let text = if is_text { quoted(name) } else { name.to_owned() };
        self.fix(format!("write `{name}`"), vec![(self.span.clone(), text)]);
    }

    /// The ids of all policies, those in other files too.
    pub(super) fn taken_ids(&self) -> Vec<String> {
        let files = self.desk.files();
        let all = files.iter().flat_map(|file| in_file(self.desk, self.environment.schema, file));
        let ids = all.filter(|o| o.is_definition).filter_map(|o| match o.symbol {
            Symbol::Policy(id) => Some(id),
            _ => None,
        });
        ids.collect()
    }
}

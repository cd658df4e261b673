//! What can be written inside of `temporal { … }`: events with their fields, windows, macros.
//!
//! It looks at the tokens before the place, since the language of such conditions has a parser of its
//! own that takes nothing half written.

use std::ops::Range;

use super::super::schema::Type;
use super::super::schema_syntax::ActionDeclaration;
use super::super::syntax::Policy;
use super::super::token::{self, Kind, Token};
use super::super::words::{self, Word};
use super::offers::{calls_of, described, is_identifier};
use super::{CompletionKind, Offers};
use crate::temporal::{HistoryOf, fields_of};

const KINDS: [&str; 3] = ["response", "request", "error"];
const WINDOWS: [&str; 10] = ["1m", "5m", "10m", "15m", "30m", "1h", "2h", "4h", "12h", "24h"];
/// The types that a variable of a condition can have.
const TYPES: [&str; 4] = ["String", "Long", "Bool", "Timepoint"];
/// Values deeper than this in an argument are not offered.
const DEPTH: usize = 4;

/// What a brace or a parenthesis is of.
enum Frame<'a> {
    /// `temporal { … }`, or the body of a macro.
    History,
    /// `Action::"pay"::response{ … }`; `from`: the token after the last comma.
    Event {
        action: &'a str,
        kind: &'a str,
        from: usize,
    },
    Other,
}

/// The tokens before a place, and what they leave open.
struct Before<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    open: Vec<Frame<'a>>,
    /// What is being typed: a path, a name or a value, up to its end.
    typed: Range<usize>,
}

/// A field of events.
struct Field<'a> {
    path: String,
    detail: String,
    ty: Option<Type<'a>>,
}

impl<'a> Before<'a> {
    fn new(text: &'a str, policy: &Policy, offset: usize) -> Self {
        let mut tokens = token::tokens(text);
        tokens.retain(|token| token.span.start >= policy.span.start && token.span.start < offset);
        let mut typed = offset..offset;
        while let Some(last) = tokens.last() {
            let joins = matches!(last.kind, Kind::Word | Kind::Number | Kind::Text)
                || matches!(text.get(last.span.clone()), Some("::" | "."));
            // A string that is not closed goes on up to the place.
            let touches = last.span.end == typed.start || last.span.end >= offset;
            if !joins || !touches {
                break;
            }
            typed = last.span.start..typed.end.max(last.span.end);
            tokens.pop();
        }
        let mut before = Before { text, tokens, open: Vec::new(), typed };
        before.find_open();
        before
    }

    fn word(&self, at: usize) -> &'a str {
        let token = self.tokens.get(at);
        token.and_then(|token| self.text.get(token.span.clone())).unwrap_or_default()
    }

    /// The last token but `back` others.
    fn last(&self, back: usize) -> &'a str {
        self.tokens.len().checked_sub(back + 1).map_or("", |at| self.word(at))
    }

    fn find_open(&mut self) {
        let is_macro = self.word(0) == "def" && self.word(1) == "temporal";
        for at in 0..self.tokens.len() {
            match self.word(at) {
                "{" => {
                    let frame = self.braces(at, is_macro);
                    self.open.push(frame);
                }
                "(" => self.open.push(Frame::Other),
                "}" | ")" => drop(self.open.pop()),
                "," => {
                    if let Some(Frame::Event { from, .. }) = self.open.last_mut() {
                        *from = at + 1;
                    }
                }
                _ => {}
            }
        }
    }

    fn braces(&self, at: usize, is_macro: bool) -> Frame<'a> {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| self.word(at));
        if before(1) == "temporal" || (is_macro && self.open.is_empty()) {
            return Frame::History;
        }
        let is_event = before(2) == "::" && before(4) == "::" && before(5) == "Action";
        let Some(id) = at.checked_sub(3).filter(|_| is_event) else { return Frame::Other };
        let mut first = id - 2;
        while first >= 2 && self.word(first - 1) == "::" {
            first -= 2;
        }
        let start = self.tokens.get(first).map_or(0, |token| token.span.start);
        let end = self.tokens.get(id).map_or(0, |token| token.span.end);
        let action = self.text.get(start..end).unwrap_or_default();
        Frame::Event { action, kind: before(1), from: at + 1 }
    }

    fn is_in_history(&self) -> bool {
        self.open.iter().any(|frame| matches!(frame, Frame::History))
    }

    /// The variables that the tokens before bind, with their types.
    fn variables(&self) -> Vec<(&'a str, &'a str)> {
        let bound = |at: usize| {
            let (name, colon, ty) = (self.word(at), self.word(at + 1), self.word(at + 2));
            (colon == ":" && TYPES.contains(&ty)).then_some((name, ty))
        };
        (0..self.tokens.len()).filter_map(bound).collect()
    }
}

impl<'a> Offers<'a> {
    /// Offers what fits into `temporal { … }`; false if the place is in none.
    pub(super) fn in_history(&mut self, policy: &Policy) -> bool {
        let before = Before::new(self.text, policy, self.offset);
        if !before.is_in_history() {
            return false;
        }
        let replaced = before.typed.start..before.typed.end.max(self.word().end);
        let first = self.all.len();
        match before.open.last() {
            Some(Frame::Event { action, kind, from }) => {
                let tokens = *from..before.tokens.len();
                match tokens.clone().find(|at| before.word(*at) == ":") {
                    None => self.fields_of_event(action, kind, &before),
                    Some(colon) => {
                        let path: String =
                            (tokens.start..colon).map(|at| before.word(at)).collect();
                        self.values_of_field(action, kind, &path, &before);
                    }
                }
            }
            _ => self.in_condition_over_history(&before),
        }
        for offer in self.all.iter_mut().skip(first) {
            offer.replace = replaced.clone();
        }
        true
    }

    fn in_condition_over_history(&mut self, before: &Before<'_>) {
        let typed = self.slice(&before.typed);
        let (last, before_last) = (before.last(0), before.last(1));
        match last {
            _ if typed.contains("::") || typed.starts_with("Action") => self.events(typed),
            _ if typed.starts_with("context") => self.paths_of_request(None),
            "within" => self.windows(),
            "formerly" | "previous" | "since" => {
                self.add(CompletionKind::Keyword, "within", 0)
                    .snippet("within ${1:1h} ")
                    .detail("within 1h")
                    .documented(Some("How far back it looks, the end included.".into()));
            }
            ":" => self.types_of_variables(),
            "{" | "(" | "&&" | "!" | "." | "where" | "," => self.condition_begins(before),
            // `within 1h` is two tokens, and an event follows it.
            _ if before_last != "within" && before.last(2) == "within" => {
                self.condition_begins(before)
            }
            "==" | "!=" | "<" | "<=" | ">" | ">=" => {
                self.variables_in_scope(before, 0);
                self.paths_of_request(None);
            }
            _ => self.condition_ends(),
        }
    }

    fn condition_begins(&mut self, before: &Before<'_>) {
        self.worded(words::history(), 0);
        self.macros_of_file();
        self.variables_in_scope(before, 1);
        self.events("");
        self.paths_of_request(None);
    }

    fn condition_ends(&mut self) {
        self.worded(words::history_joins(), 0);
    }

    fn worded(&mut self, all: &'static [Word], rank: u8) {
        for word in all {
            let offer = self.add(CompletionKind::Snippet, word.name, rank);
            offer.snippet(word.snippet).detail(word.form).documented(Some(word.doc.into()));
        }
    }

    fn windows(&mut self) {
        let used = self.text;
        for (rank, window) in (1..).zip(WINDOWS) {
            let uses = used.matches(&format!("within {window}")).count();
            let rank = if uses > 0 { 0 } else { rank };
            self.add(CompletionKind::Value, window, rank);
        }
    }

    fn types_of_variables(&mut self) {
        for ty in TYPES {
            let doc =
                (ty == "Timepoint").then(|| "One for each event, to count events.".to_owned());
            self.add(CompletionKind::EntityType, ty, 0).documented(doc);
        }
    }

    fn variables_in_scope(&mut self, before: &Before<'_>, rank: u8) {
        for (name, ty) in before.variables() {
            self.add(CompletionKind::Variable, name, rank).detail(ty);
            if ty == "Timepoint" {
                let doc = "The event that the conditions beside it are about.".to_owned();
                let mark = format!("tp({name})");
                self.add(CompletionKind::Function, &mark, rank).documented(Some(doc));
            }
        }
    }

    /// `def temporal name(?w, …) { … };`
    fn macros_of_file(&mut self) {
        let text = self.text;
        for at in text.match_indices("def temporal ").map(|(at, found)| at + found.len()) {
            let rest = text.get(at..).unwrap_or_default();
            let Some((name, rest)) = rest.split_once('(') else { continue };
            let Some((parameters, _)) = rest.split_once(')') else { continue };
            let holes = parameters.split(',').map(str::trim).filter(|name| !name.is_empty());
            let holes =
                (1..).zip(holes).map(|(n, name)| format!("${{{n}:{}}}", name.trim_matches('?')));
            let holes: Vec<String> = holes.collect();
            let snippet = format!("{}({})", name.trim(), holes.join(", "));
            let offer = self.add(CompletionKind::Function, name.trim(), 0);
            offer.snippet(&snippet).detail(format!("{}({parameters})", name.trim()));
        }
    }

    /// `Action::"pay"::response{ … }`, those of the actions that were called most first.
    fn events(&mut self, typed: &str) {
        let of_action = typed.rsplit_once("::").map(|(action, _)| action);
        let named =
            of_action.filter(|action| self.environment.schema.actions.contains_key(*action));
        let mut actions: Vec<&String> =
            self.environment.schema.requestable().map(|(uid, _)| uid).collect();
        actions.retain(|uid| named.is_none_or(|named| named == uid.as_str()));
        let calls = |uid: &str| self.desk.seen.calls(uid);
        actions.sort_by_key(|uid| std::cmp::Reverse(calls(uid).unwrap_or(0)));
        for uid in actions {
            let detail = calls(uid).map(calls_of).unwrap_or_default();
            for (rank, kind) in (1..).zip(KINDS) {
                let event = format!("{uid}::{kind}");
                let doc = words::event(kind).map(|word| word.doc.to_owned());
                let offer = self.add(CompletionKind::Action, &event, rank);
                offer.snippet(&format!("{event}{{ ${{1}} }}"));
                offer.detail(detail.clone()).documented(doc);
            }
        }
    }

    fn fields_of_event(&mut self, action: &str, kind: &str, before: &Before<'_>) {
        let after = self.text.get(before.typed.end..).unwrap_or_default();
        let is_named = after.trim_start().starts_with(':');
        for field in self.fields(action, kind) {
            let same = self.of_the_request(&field);
            let value = same.first().map_or("*", String::as_str);
            let insert = format!("{}: ${{1:{value}}}", field.path);
            let rank = if field.path.starts_with("input.") { 0 } else { 1 };
            let offer = self.add(CompletionKind::Attribute, &field.path, rank);
            offer.detail(field.detail.clone());
            if !is_named {
                offer.snippet(&insert);
            }
        }
    }

    fn values_of_field(&mut self, action: &str, kind: &str, path: &str, before: &Before<'_>) {
        let fields = self.fields(action, kind);
        let Some(field) = fields.into_iter().find(|field| field.path == path) else {
            return self.variables_in_scope(before, 0);
        };
        for same in self.of_the_request(&field) {
            let doc = "The same as in the call that is decided.".to_owned();
            self.add(CompletionKind::Attribute, &same, 0).documented(Some(doc));
        }
        if path == "derived.trust" {
            for value in ["\"untrusted\"", "\"trusted\""] {
                self.add(CompletionKind::Value, value, 0);
            }
        }
        self.variables_in_scope(before, 1);
        let doc = "Any value, as long as there is one.".to_owned();
        self.add(CompletionKind::Value, "*", 2).documented(Some(doc));
        let recorded: Vec<&str> = std::iter::once("context").chain(path.split('.')).collect();
        let seen = self.desk.seen.attribute(&[action], &recorded);
        for value in seen.map(|seen| seen.top).unwrap_or_default() {
            self.add(CompletionKind::Value, &value.text, 3).detail(calls_of(value.calls));
        }
        if let Some(ty) = &field.ty {
            self.paths_of_request(Some(ty));
        }
    }

    /// The fields of the events of an action.
    fn fields(&self, action: &str, kind: &str) -> Vec<Field<'a>> {
        let of = self.desk.workspace.history.as_ref().map_or(HistoryOf::default(), |h| h.of);
        let schema = self.environment.schema;
        let mut fields = Vec::new();
        if let Some(context) = schema.actions.get(action).and_then(|a| schema.context_of(a)) {
            let shown =
                ["input", "output"].into_iter().filter(|g| *g == "input" || kind == "response");
            let groups: Vec<&str> = shown.collect();
            self.fields_below("", &context, 0, &mut |path, detail, ty| {
                let group = path.split('.').next().unwrap_or_default();
                if groups.contains(&group) {
                    fields.push(Field { path, detail, ty: Some(ty) });
                }
            });
        }
        let own = fields_of(of, kind).into_iter();
        fields.extend(own.map(|(path, detail)| Field { path, detail: detail.into(), ty: None }));
        fields
    }

    /// What events can hold and conditions compare, at paths that can be written.
    fn fields_below(
        &self,
        prefix: &str,
        ty: &Type<'a>,
        depth: usize,
        found: &mut dyn FnMut(String, String, Type<'a>),
    ) {
        let Type::Record(record) = ty else { return };
        for attribute in record.attributes.iter().filter(|a| is_identifier(&a.name.text)) {
            let name = &attribute.name.text;
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let ty = self.environment.schema.resolve(&attribute.ty, record.namespace);
            match ty {
                Type::Record(_) if depth < DEPTH => self.fields_below(&path, &ty, depth + 1, found),
                Type::Bool | Type::Long | Type::Text | Type::Decimal | Type::Entity(_) => {
                    found(path, described(attribute, &ty), ty);
                }
                _ => {}
            }
        }
    }

    /// What the request that is decided calls the same.
    fn of_the_request(&self, field: &Field<'_>) -> Vec<String> {
        let path = field.path.as_str();
        match path {
            "callerPrincipal" | "eventPrincipal" => vec!["principal".to_owned()],
            "callerResource" | "eventResource" => vec!["resource".to_owned()],
            "derived.trust" => Vec::new(),
            _ if field.ty.is_none() => vec![format!("context.{path}")],
            _ => {
                let has =
                    |(_, action): &(String, &'a ActionDeclaration)| self.has_path(action, path);
                let all = !self.environment.actions.is_empty()
                    && self.environment.actions.iter().all(has);
                all.then(|| format!("context.{path}")).into_iter().collect()
            }
        }
    }

    fn has_path(&self, action: &'a ActionDeclaration, path: &str) -> bool {
        let Some(context) = self.environment.schema.context_of(action) else { return false };
        let mut has = false;
        self.fields_below("", &context, 0, &mut |known, _, _| has |= known == path);
        has
    }

    /// What the request that is decided holds: values of one type, or all.
    fn paths_of_request(&mut self, wanted: Option<&Type<'a>>) {
        let mut paths: Vec<(String, String)> = Vec::new();
        for (_, action) in &self.environment.actions {
            let Some(context) = self.environment.schema.context_of(action) else { continue };
            self.fields_below("context", &context, 0, &mut |path, detail, ty| {
                if wanted.is_none_or(|wanted| *wanted == ty) {
                    paths.push((path, detail));
                }
            });
        }
        for (path, detail) in paths {
            self.add(CompletionKind::Attribute, &path, 5).detail(detail);
        }
        for root in ["principal", "resource"] {
            self.add(CompletionKind::Variable, root, 6);
        }
    }
}

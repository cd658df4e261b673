//! What can be written in a schema: declarations, types, groups, what an action applies to.

use super::super::schema::within;
use super::super::schema_syntax::{About, SchemaTree};
use super::super::token::{self, Kind, Token, quoted};
use super::{CompletionKind, Offers};

const DECLARATIONS: [(&str, &str, &str); 4] = [
    (
        "action",
        "action \"${1:name}\" appliesTo {\n  principal: [${2}],\n  resource: [${3}],\n  context: {}\n};",
        "Something that can be done, such as a tool.",
    ),
    ("entity", "entity ${1:Name};", "A type of those who act, or of what is acted on."),
    ("type", "type ${1:Name} = {\n  ${2}\n};", "A type that several places share."),
    ("namespace", "namespace ${1:Name} {\n  ${2}\n}", "A prefix of all names in it."),
];
const TYPES: [(&str, &str, &str); 9] = [
    ("String", "String", "Text."),
    ("Long", "Long", "A whole number of 64 bits."),
    ("Bool", "Bool", "True or false."),
    ("Set<…>", "Set<${1:String}>", "Several values of one type, without order."),
    ("{ … }", "{ ${1:name}: ${2:String} }", "A record."),
    ("decimal", "decimal", "A number with four decimal places."),
    ("datetime", "datetime", "An instant."),
    ("duration", "duration", "A length of time."),
    ("ipaddr", "ipaddr", "An IP address or range."),
];
const ANNOTATIONS: [(&str, &str, &str); 5] = [
    ("doc", "doc(\"${1}\")", "What it means, for people."),
    (
        "mcp_principal",
        "mcp_principal(\"${1:Agent}\")",
        "The type of agents, for the schema generator.",
    ),
    (
        "mcp_resource",
        "mcp_resource(\"${1:Server}\")",
        "The type of servers, for the schema generator.",
    ),
    ("mcp_context", "mcp_context(\"${1:session}\")", "The type of the facts about a session."),
    ("mcp_action", "mcp_action(\"${1:call_tool}\")", "The group of all tools."),
];

/// What is wanted at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Declaration,
    Annotation,
    Type,
    EntityType,
    Group,
    AppliesTo,
    AfterAction,
    AfterEntity,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Namespace,
    Applies,
    Record,
    /// A list, of what stands before it.
    List(Place),
    Set,
}

impl Offers<'_> {
    pub(super) fn in_schema(&mut self, tree: &SchemaTree) {
        let string = self.open_string();
        let cut = string.as_ref().map_or_else(|| self.word().start, |string| string.start);
        let before = self.text.get(..cut).unwrap_or_default();
        let tokens = token::tokens(before);
        let (place, namespace) = place(before, &tokens);
        match (place, string) {
            (Place::Group, string) => self.groups(tree, string),
            (_, Some(_)) | (Place::Nothing, None) => {}
            (Place::Declaration, None) => {
                self.snippets(CompletionKind::Keyword, &DECLARATIONS);
                self.add(CompletionKind::Annotation, "@doc", 1).snippet("@doc(\"${1}\")");
            }
            (Place::Annotation, None) => self.snippets(CompletionKind::Annotation, &ANNOTATIONS),
            (Place::Type, None) => {
                self.snippets(CompletionKind::EntityType, &TYPES);
                let types = tree.types.iter().map(|ty| (&ty.about, &*ty.name.text));
                let entities = tree.entities.iter().map(|ty| (&ty.about, &*ty.name.text));
                self.declared(types.chain(entities), &namespace);
            }
            (Place::EntityType, None) => {
                let entities = tree.entities.iter().map(|ty| (&ty.about, &*ty.name.text));
                self.declared(entities, &namespace);
            }
            (Place::AppliesTo, None) => {
                for (key, insert) in [
                    ("principal", "principal: [${1}]"),
                    ("resource", "resource: [${1}]"),
                    ("context", "context: {${1}}"),
                ] {
                    self.add(CompletionKind::Keyword, key, 0).snippet(insert);
                }
            }
            (Place::AfterAction, None) => {
                self.add(CompletionKind::Keyword, "in", 0).snippet("in [\"${1}\"]");
                let body =
                    "appliesTo {\n  principal: [${1}],\n  resource: [${2}],\n  context: {}\n};";
                self.add(CompletionKind::Keyword, "appliesTo", 0).snippet(body);
            }
            (Place::AfterEntity, None) => {
                self.add(CompletionKind::Keyword, "in", 0).snippet("in [${1}]");
                self.add(CompletionKind::Keyword, "enum", 1).snippet("enum [\"${1}\"]");
                self.add(CompletionKind::Keyword, "tags", 1).snippet("tags ${1:String}");
            }
        }
    }

    fn snippets(&mut self, kind: CompletionKind, all: &[(&str, &str, &str)]) {
        for (label, insert, doc) in all {
            self.add(kind, label, 0).snippet(insert).documented(Some((*doc).to_owned()));
        }
    }

    /// Types by the names that they have in a namespace.
    fn declared<'t>(&mut self, all: impl Iterator<Item = (&'t About, &'t str)>, namespace: &str) {
        for (about, name) in all {
            let full = within(&about.namespace, name);
            let written = if about.namespace == namespace { name } else { full.as_str() };
            self.add(CompletionKind::EntityType, written, 1).documented(about.doc.clone());
        }
    }

    fn groups(&mut self, tree: &SchemaTree, string: Option<std::ops::Range<usize>>) {
        let groups = tree.actions.iter().filter(|action| action.principals.is_empty());
        for group in groups {
            let doc = group.about.doc.clone();
            let offer = self.add(CompletionKind::Action, &quoted(&group.name.text), 0);
            offer.documented(doc);
            if let Some(string) = &string {
                offer.replacing(string.clone());
            }
        }
    }
}

/// What is wanted after some tokens, and in which namespace.
fn place(text: &str, tokens: &[Token]) -> (Place, String) {
    let word = |token: &Token| text.get(token.span.clone()).unwrap_or_default().to_owned();
    let mut stack: Vec<Frame> = Vec::new();
    let (mut declaration, mut namespace, mut key) = (String::new(), String::new(), String::new());
    let mut last = String::new();
    let mut last_kind = Kind::Symbol;
    for token in tokens {
        let now = word(token);
        let is_outside = stack.iter().all(|frame| *frame == Frame::Namespace);
        match now.as_str() {
            "action" | "entity" | "type" | "namespace" if is_outside && declaration.is_empty() => {
                declaration.clone_from(&now);
            }
            "{" if declaration == "namespace" => {
                namespace.clone_from(&last);
                declaration.clear();
                stack.push(Frame::Namespace);
            }
            "{" if last == "appliesTo" => stack.push(Frame::Applies),
            "{" => stack.push(Frame::Record),
            "[" => stack.push(Frame::List(wanted(&last, &declaration, stack.last(), &key))),
            "<" => stack.push(Frame::Set),
            "}" | "]" | ">" => {
                let left = stack.pop();
                namespace.truncate(if left == Some(Frame::Namespace) {
                    0
                } else {
                    namespace.len()
                });
            }
            ";" if is_outside => declaration.clear(),
            ":" => key.clone_from(&last),
            _ => {}
        }
        (last, last_kind) = (now, token.kind);
    }
    let outside = stack.iter().all(|frame| *frame == Frame::Namespace);
    let place = match (last.as_str(), stack.last()) {
        ("@", _) => Place::Annotation,
        ("[" | ",", Some(Frame::List(of))) => *of,
        ("{" | ",", Some(Frame::Applies)) => Place::AppliesTo,
        (":" | "=" | "<" | "in" | "tags", frame) => wanted(&last, &declaration, frame, &key),
        _ if outside && declaration.is_empty() => Place::Declaration,
        _ if outside && last_kind != Kind::Symbol && last != declaration => {
            match declaration.as_str() {
                "action" => Place::AfterAction,
                "entity" => Place::AfterEntity,
                _ => Place::Nothing,
            }
        }
        _ => Place::Nothing,
    };
    (place, namespace)
}

/// What stands after a word, in a list or alone.
fn wanted(last: &str, declaration: &str, frame: Option<&Frame>, key: &str) -> Place {
    match last {
        "in" if declaration == "action" => Place::Group,
        "in" => Place::EntityType,
        ":" if frame == Some(&Frame::Applies) && key != "context" => Place::EntityType,
        ":" | "<" | "tags" => Place::Type,
        "=" if declaration == "type" => Place::Type,
        _ => Place::Nothing,
    }
}

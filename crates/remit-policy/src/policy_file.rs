//! One file of policies, policy by policy: here `.cedar`, and `temporal` for `.dw`.
//!
//! Each policy is parsed alone under an id of ours: its `@id`, else the file's stem and the digest
//! of its text. Cedar's own ids count positions, so that an inserted policy would rename all after
//! it. Whether a policy fits the schema is `validate`'s question.
//!
//! What a policy's text says is kept apart from its place, so that the states of a file that is
//! being typed share the policies that did not change: only their places are counted again.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{Effect, Policy, PolicyId, Template};
use cedar_policy_core::parser::err::ParseErrors;
use cedar_policy_core::parser::parse_policy_or_template;
use miette::Diagnostic;

use crate::digest;
use crate::finding::{Finding, FindingCode, Lines};
use crate::layer::{DRIFT, UNVERIFIED};
use crate::policy_source::{Language, PolicySource};
use crate::schema::LoadedSchema;
use crate::split::{next_policy, split};
use crate::temporal::{self, History};
use crate::validate::{self, Flaw};

/// A policy and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct ParsedPolicy {
    pub(crate) source: Arc<PolicySource>,
    pub(crate) parsed: Arc<Parsed>,
}

/// What a policy says, wherever in its file it is written.
///
/// INVARIANT (one schema): it is shared only between states of a workspace with the same schema, so
/// that what the validator said once stays true.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) body: Body,
    /// What the validator says, once it was asked.
    pub(crate) flaws: OnceLock<Vec<Flaw>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Static(Policy),
    Template(Template),
}

impl Body {
    /// The same policy under another id.
    pub(crate) fn renamed(&self, id: &str) -> Self {
        match self {
            Self::Static(policy) => Self::Static(policy.new_id(PolicyId::new(id))),
            Self::Template(template) => Self::Template(template.new_id(PolicyId::new(id))),
        }
    }
}

impl ParsedPolicy {
    /// The same policy under another id.
    pub(crate) fn renamed(&self, id: String) -> Self {
        let Parsed { body, flaws } = &*self.parsed;
        let parsed = Parsed { body: body.renamed(&id), flaws: flaws.clone() };
        let source = PolicySource { id, ..PolicySource::clone(&self.source) };
        Self { source: Arc::new(source), parsed: Arc::new(parsed) }
    }

    /// What the validator says about it, asked once for a text.
    fn findings(&self, schema: &LoadedSchema) -> impl Iterator<Item = Finding> {
        let Parsed { body, flaws } = &*self.parsed;
        let flaws = flaws.get_or_init(|| validate::policy(schema, body, &self.source.id));
        flaws.iter().map(|flaw| flaw.finding(&self.source))
    }
}

/// The policies of one file that parse.
#[derive(Debug, Clone)]
pub(crate) struct PolicyFile {
    pub(crate) path: Utf8PathBuf,
    pub(crate) text: Arc<str>,
    pub(crate) policies: Vec<ParsedPolicy>,
    /// What is wrong with the text alone.
    pub(crate) mistakes: Vec<Finding>,
    /// What does not fit the schema; nothing before somebody asked for [`PolicyFile::validated`].
    pub(crate) misfits: Vec<Finding>,
}

impl PolicyFile {
    /// Parses every policy of a file; a mistake costs the policy that it is in, and no other.
    ///
    /// Policies that are in `before`, a state of the same file, are taken from there.
    pub(crate) fn parse(
        path: &Utf8Path,
        text: Arc<str>,
        before: Option<&Self>,
        history: Option<&History>,
    ) -> Self {
        match Language::of(path) {
            Language::Cedar => Self::parse_cedar(path, text, before),
            Language::Dogwood => temporal::parse(path, text, before, history),
        }
    }

    fn parse_cedar(path: &Utf8Path, text: Arc<str>, before: Option<&Self>) -> Self {
        let known = before.into_iter().flat_map(|file| &file.policies);
        let mut parser = Parser {
            path,
            text: &text,
            lines: Lines::of(&text),
            known: known.map(|policy| (policy.source.text.as_str(), policy)).collect(),
            policies: Vec::new(),
            mistakes: Vec::new(),
        };
        parser.parse();
        let Parser { policies, mistakes, .. } = parser;
        Self { path: path.to_owned(), text, policies, mistakes, misfits: Vec::new() }
    }

    /// The same file with what the validator says about it.
    pub(crate) fn validated(self, schema: Option<&LoadedSchema>) -> Self {
        let misfits = schema
            .into_iter()
            .flat_map(|schema| self.policies.iter().flat_map(|policy| policy.findings(schema)))
            .collect();
        Self { misfits, ..self }
    }
}

struct Parser<'a> {
    path: &'a Utf8Path,
    text: &'a str,
    lines: Lines,
    known: HashMap<&'a str, &'a ParsedPolicy>,
    policies: Vec<ParsedPolicy>,
    mistakes: Vec<Finding>,
}

impl Parser<'_> {
    fn parse(&mut self) {
        for piece in split(self.text) {
            let mut rest = Some(piece);
            while let Some(piece) = rest {
                rest = self.parse_first(piece);
            }
        }
        let unnamed = self.policies.iter().filter(|policy| !policy.source.has_own_id());
        self.mistakes.extend(unnamed.map(|policy| without_id(&policy.source)));
        self.mistakes.extend(self.policies.iter().filter_map(|p| wrong_drift(&p.source)));
    }

    /// Parses the policy that a piece begins with; what is left is more than one policy's text.
    fn parse_first(&mut self, piece: Range<usize>) -> Option<Range<usize>> {
        let text = self.text.get(piece.clone())?;
        let place = self.lines.position(self.text, piece.start);
        if let Some(known) = self.known.get(text) {
            let source = known.source.moved(piece, place);
            self.policies.push(ParsedPolicy { source, parsed: Arc::clone(&known.parsed) });
            return None;
        }
        let Err(errors) = parse_policy_or_template(None, text) else {
            let parsed = self.parsed(text.to_owned(), piece, place);
            self.policies.extend(parsed);
            return None;
        };
        let Some(next) = next_policy(self.text, &piece) else {
            self.report(&errors, &piece);
            return None;
        };
        self.report_unfinished(piece.start..next.previous_end);
        Some(next.start..piece.end)
    }

    /// A policy without `;` has swallowed the next one: say what is wrong with the first.
    fn report_unfinished(&mut self, first: Range<usize>) {
        let text = self.text.get(first.clone()).unwrap_or_default();
        match parse_policy_or_template(None, &format!("{text};")) {
            Ok(_) => self.mistakes.push(Finding::unfinished(self.path, self.text, &first)),
            Err(errors) => self.report(&errors, &first),
        }
    }

    fn report(&mut self, errors: &ParseErrors, piece: &Range<usize>) {
        for error in errors.iter() {
            let label = error.labels().and_then(|mut labels| labels.next());
            let span = label.as_ref().map_or(piece.clone(), |label| {
                let start = (piece.start + label.offset()).min(piece.end);
                start..(start + label.len()).min(piece.end)
            });
            let help = error.help().map(|help| help.to_string());
            let expected = label.and_then(|label| label.label().map(str::to_owned));
            self.mistakes.push(
                Finding::new(FindingCode::Syntax, self.path, error.to_string())
                    .at(self.text, span)
                    .help_optional(help.or(expected)),
            );
        }
    }

    fn parsed(
        &self,
        text: String,
        span: Range<usize>,
        (line, column): (u32, u32),
    ) -> Option<ParsedPolicy> {
        let body = match Policy::parse(None, &text) {
            Ok(policy) => Body::Static(policy),
            Err(_) => Body::Template(Template::parse(None, &text).ok()?),
        };
        let (effect, annotations, is_template) = match &body {
            Body::Static(policy) => (policy.effect(), collect(policy.annotations()), false),
            Body::Template(template) => (template.effect(), collect(template.annotations()), true),
        };
        let digest = digest::of_text(&text);
        let id = PolicySource::id_of(self.path, &annotations, &digest);
        let parsed = Parsed { body: body.renamed(&id), flaws: OnceLock::new() };
        let source = PolicySource {
            id,
            file: self.path.to_owned(),
            span,
            line,
            column,
            text,
            effect,
            annotations,
            is_template,
            digest,
            language: Language::Cedar,
            macros: "".into(),
            leaves: Vec::new(),
        };
        Some(ParsedPolicy { source: Arc::new(source), parsed: Arc::new(parsed) })
    }
}

pub(crate) fn collect<'a>(
    annotations: impl Iterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, String> {
    annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// `@drift` can only say of a `forbid` how little it means.
pub(crate) fn wrong_drift(source: &PolicySource) -> Option<Finding> {
    let said = source.annotations.get(DRIFT)?;
    let message = match (source.effect, said.as_str()) {
        (Effect::Forbid, UNVERIFIED) => return None,
        (Effect::Forbid, _) => format!("`@drift(\"{said}\")` says nothing about a drift"),
        (Effect::Permit, _) => "`@drift` on a `permit`: what it allows does not drift".to_owned(),
    };
    let help = "write `@drift(\"unverified-value\")` on a `forbid` of a scope, or leave it out: what a scope does not allow is out of scope";
    Some(source.finding(FindingCode::InvalidAnnotation, message).help(help))
}

pub(crate) fn without_id(source: &PolicySource) -> Finding {
    source.finding(FindingCode::MissingId, "the policy has no `@id`").help(
        "name it, as in `@id(\"pay-known-recipients\")`: reports and tests refer to it by that",
    )
}

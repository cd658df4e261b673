//! One `.dw` file, policy by policy.
//!
//! As in a `.cedar` file each policy stands alone under an id of ours, and a mistake costs the policy
//! that it is in. Macros of the file can be used by all its policies; a policy is what it says
//! together with the macros that it uses, so that it is lowered again when one of those changes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use camino::Utf8Path;
use cedar_policy::PolicyId;

use super::compile::{self, Unit};
use super::history::{Ground, History};
use crate::digest;
use crate::finding::{Finding, FindingCode, Lines};
use crate::policy_file::{
    Body, Parsed, ParsedPolicy, PolicyFile, collect, without_id, wrong_drift,
};
use crate::policy_source::{Language, PolicySource};
use crate::split::{next_policy, split, words};
use crate::validate::Flaw;

/// Parses, lowers and validates every policy of a file.
///
/// Without a schema there is nothing to lower with, and the schema's own finding says so.
pub(crate) fn parse(
    path: &Utf8Path,
    text: Arc<str>,
    before: Option<&PolicyFile>,
    history: Option<&History>,
) -> PolicyFile {
    let empty = |mistakes| PolicyFile {
        path: path.to_owned(),
        text: Arc::clone(&text),
        policies: Vec::new(),
        mistakes,
        misfits: Vec::new(),
    };
    let Some(history) = history else {
        return empty(Vec::new());
    };
    let ground = match history.ground() {
        Ok(ground) => ground,
        Err(error) => {
            let finding = Finding::new(FindingCode::InvalidSchema, path, error.to_string());
            return empty(vec![
                finding
                    .help("correct `schema.cedarschema`: until then these policies have no effect"),
            ]);
        }
    };
    let mut parser = Parser {
        path,
        text: &text,
        lines: Lines::of(&text),
        history,
        ground,
        known: known(before),
        macros: Vec::new(),
        policies: Vec::new(),
        mistakes: Vec::new(),
    };
    parser.parse();
    let Parser { policies, mistakes, .. } = parser;
    PolicyFile { policies, ..empty(mistakes) }
}

fn known(before: Option<&PolicyFile>) -> HashMap<&str, &ParsedPolicy> {
    let policies = before.into_iter().flat_map(|file| &file.policies);
    policies.map(|policy| (policy.source.text.as_str(), policy)).collect()
}

/// A macro of the file.
struct Macro<'a> {
    name: &'a str,
    text: &'a str,
    line: u32,
    is_right: bool,
}

struct Parser<'a> {
    path: &'a Utf8Path,
    text: &'a str,
    lines: Lines,
    history: &'a History,
    ground: &'a Ground,
    known: HashMap<&'a str, &'a ParsedPolicy>,
    macros: Vec<Macro<'a>>,
    policies: Vec<ParsedPolicy>,
    mistakes: Vec<Finding>,
}

impl<'a> Parser<'a> {
    fn parse(&mut self) {
        let pieces = split(self.text);
        let is_macro = |piece: &Range<usize>| {
            self.text.get(piece.clone()).and_then(|text| words(text).next()) == Some("def")
        };
        let (macros, policies): (Vec<_>, Vec<_>) = pieces.into_iter().partition(is_macro);
        for piece in macros {
            self.define(piece);
        }
        for piece in policies {
            let mut rest = Some(piece);
            while let Some(piece) = rest {
                rest = self.parse_first(piece);
            }
        }
        let unnamed = self.policies.iter().filter(|policy| !policy.source.has_own_id());
        self.mistakes.extend(unnamed.map(|policy| without_id(&policy.source)));
        self.mistakes.extend(self.policies.iter().filter_map(|p| wrong_drift(&p.source)));
    }

    fn define(&mut self, piece: Range<usize>) {
        let text = self.text.get(piece.clone()).unwrap_or_default();
        let mut refused = compile::parse(self.ground, &Unit { macros: "", policy: text })
            .err()
            .unwrap_or_default();
        let name = words(text).nth(2).unwrap_or_default();
        let is_taken = self.macros.iter().any(|known| known.name == name);
        if is_taken {
            let message = format!("there is a macro `{name}` in this file already");
            refused.push(Flaw::new(FindingCode::InvalidMacro, None, message));
        }
        let (line, _) = self.lines.position(self.text, piece.start);
        self.report(&refused, &piece);
        if !is_taken {
            self.macros.push(Macro { name, text, line, is_right: refused.is_empty() });
        }
    }

    /// Parses the policy that a piece begins with; what is left is more than one policy's text.
    fn parse_first(&mut self, piece: Range<usize>) -> Option<Range<usize>> {
        let text = self.text.get(piece.clone())?;
        let macros = match self.macros_of(text) {
            Ok(macros) => macros,
            Err(flaw) => {
                self.report(&[flaw], &piece);
                return None;
            }
        };
        let digest = digest::of_text(&[macros.as_str(), text].concat());
        let place = self.lines.position(self.text, piece.start);
        if let Some(known) = self.known.get(text).filter(|known| known.source.digest == digest) {
            let source = known.source.moved(piece, place);
            self.policies.push(ParsedPolicy { source, parsed: Arc::clone(&known.parsed) });
            return None;
        }
        let unit = Unit { macros: &macros, policy: text };
        let parsed = match compile::parse(self.ground, &unit) {
            Ok(parsed) => parsed,
            Err(refused) => return self.unparsed(piece, &refused),
        };
        match compile::lower(self.history, self.ground, &unit, &parsed) {
            Ok(lowered) => {
                let policy = self.policy(lowered, &unit, digest, piece, place);
                self.policies.push(policy);
            }
            Err(refused) => self.report(&refused, &piece),
        }
        None
    }

    /// The macros that a policy uses; it is refused if one of them is wrong.
    fn macros_of(&self, policy: &str) -> Result<String, Flaw> {
        let used =
            || self.macros.iter().filter(|known| words(policy).any(|word| word == known.name));
        if let Some(Macro { name, line, .. }) = used().find(|known| !known.is_right) {
            let message = format!("the policy uses the macro `{name}`, which is not right");
            let help = format!(
                "correct `def … {name}` in line {line}; the policy does not count until then"
            );
            return Err(Flaw::new(FindingCode::InvalidMacro, None, message).help(Some(help)));
        }
        Ok(used().map(|known| known.text.to_owned() + "\n").collect())
    }

    /// Says what is wrong with a text; a policy without `;` has swallowed the next one, and only
    /// the first is wrong.
    fn unparsed(&mut self, piece: Range<usize>, refused: &[Flaw]) -> Option<Range<usize>> {
        let Some(next) = next_policy(self.text, &piece) else {
            self.report(refused, &piece);
            return None;
        };
        let first = piece.start..next.previous_end;
        let text = self.text.get(first.clone()).unwrap_or_default();
        let ended = format!("{text};");
        let macros = self.macros_of(text).unwrap_or_default();
        match compile::parse(self.ground, &Unit { macros: &macros, policy: &ended }) {
            Ok(_) => self.mistakes.push(Finding::unfinished(self.path, self.text, &first)),
            Err(refused) => self.report(&refused, &first),
        }
        Some(next.start..piece.end)
    }

    fn report(&mut self, flaws: &[Flaw], piece: &Range<usize>) {
        let findings = flaws.iter().map(|flaw| flaw.in_text(self.path, self.text, piece));
        self.mistakes.extend(findings);
    }

    fn policy(
        &self,
        lowered: compile::Lowered,
        unit: &Unit<'_>,
        digest: String,
        span: Range<usize>,
        (line, column): (u32, u32),
    ) -> ParsedPolicy {
        let compile::Lowered { policy, leaves, flaws } = lowered;
        let annotations = collect(policy.annotations());
        let id = PolicySource::id_of(self.path, &annotations, &digest);
        let source = PolicySource {
            file: self.path.to_owned(),
            span,
            line,
            column,
            text: unit.policy.to_owned(),
            effect: policy.effect(),
            annotations,
            is_template: false,
            digest,
            language: Language::Dogwood,
            macros: unit.macros.into(),
            leaves,
            id,
        };
        let body = Body::Static(policy.new_id(PolicyId::new(&source.id)));
        let parsed = Parsed { body, flaws: OnceLock::from(flaws) };
        ParsedPolicy { source: Arc::new(source), parsed: Arc::new(parsed) }
    }
}

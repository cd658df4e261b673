//! Where the tokens of all arguments were first seen.

use super::token::{Token, kind_of, parts, plain_into, tokens};
use super::values::{Sought, values};
use super::{ArgumentOrigins, Match, Origin, OriginKind, TokenKind, TokenOrigin};
use crate::{Arguments, LaneIdx, LaneKind, Past, Role, Session, StepIdx, StepKind, ToolCall};
use std::collections::HashMap;
use std::ops::Range;

/// The tokens of all arguments of a session, and where each was first seen.
#[derive(Debug)]
pub struct OriginIndex {
    /// The place in `seen` of each plain form that some argument holds.
    wanted: HashMap<Box<str>, usize>,
    seen: Vec<Vec<Sighting>>,
    /// Of a session with branches.
    pasts: Option<Vec<Past>>,
}

/// The first time that a token was seen in a lane, by a source.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sighting {
    source: OriginKind,
    /// As a piece of a longer token.
    is_part: bool,
    lane: LaneIdx,
    step: StepIdx,
    /// Nothing for an argument.
    at: Option<Range<usize>>,
}

/// Who looks back, and from where.
#[derive(Clone, Copy)]
pub(super) struct View<'i> {
    past: Option<&'i Past>,
    lane: LaneIdx,
    at: StepIdx,
}

impl OriginIndex {
    /// Reads a session once. `is_trusted` says whether nobody outside can write what a call returns.
    pub fn new(session: &Session, is_trusted: &dyn Fn(&ToolCall) -> bool) -> Self {
        let mut index = OriginIndex {
            wanted: HashMap::new(),
            seen: Vec::new(),
            pasts: Past::of_lanes(session),
        };
        for (_, _, call) in session.calls() {
            index.want_all(call);
        }
        for (n, step) in session.steps.iter().enumerate() {
            let at = StepIdx(n as u32);
            match &step.kind {
                StepKind::Message { role, text } => {
                    if let Some(source) = speaker(session, step.lane, *role) {
                        index.see(source, step.lane, at, text);
                    }
                }
                StepKind::Result(result) => {
                    let call = result.call.and_then(|call| session.step(call));
                    let trusted = call.is_some_and(|step| match &step.kind {
                        StepKind::Call(call) => is_trusted(call),
                        StepKind::Message { .. } | StepKind::Result(_) => false,
                    });
                    let source = if trusted { OriginKind::Trusted } else { OriginKind::Untrusted };
                    index.see(source, step.lane, at, &result.text);
                }
                StepKind::Call(call) => index.make_up(call, step.lane, at),
            }
        }
        index
    }

    /// Where the arguments of a call come from, each once. `None` for a step that is no call with
    /// readable arguments.
    pub fn call(&self, session: &Session, at: StepIdx) -> Option<Vec<ArgumentOrigins>> {
        let step = session.step(at)?;
        let StepKind::Call(ToolCall { arguments: Arguments::Object(arguments), .. }) = &step.kind
        else {
            return None;
        };
        let view = self.view(step.lane, at);
        let mut all: Vec<ArgumentOrigins> = Vec::new();
        values(arguments, &mut |path, value| {
            let tokens = self.value(session, view, value);
            match all.last_mut().filter(|last| last.path == path) {
                Some(last) => last.tokens.extend(tokens),
                None => all.push(ArgumentOrigins { path: path.to_owned(), tokens }),
            }
        });
        Some(all)
    }

    /// What a call of a lane can look back on.
    pub(super) fn view(&self, lane: LaneIdx, at: StepIdx) -> View<'_> {
        let past = self.pasts.as_ref().and_then(|pasts| pasts.get(lane.0 as usize));
        View { past, lane, at }
    }

    /// How many first sightings it holds.
    #[cfg(test)]
    pub(super) fn sightings(&self) -> usize {
        self.seen.iter().map(Vec::len).sum()
    }

    /// Notes every token of a call's arguments, and their pieces, as something to look for.
    fn want_all(&mut self, call: &ToolCall) {
        let Arguments::Object(arguments) = &call.arguments else { return };
        let mut plain = String::new();
        values(arguments, &mut |_, value| {
            tokens(value, &mut |token| {
                plain_into(token.text, &mut plain);
                if !self.wanted.contains_key(plain.as_str()) {
                    self.wanted.insert(plain.as_str().into(), self.seen.len());
                    self.seen.push(Vec::new());
                }
            });
        });
    }

    fn see(&mut self, source: OriginKind, lane: LaneIdx, step: StepIdx, text: &str) {
        let mut plain = String::new();
        tokens(text, &mut |Token { text, at, is_part }| {
            plain_into(text, &mut plain);
            self.note(&plain, Sighting { source, is_part, lane, step, at: Some(at) });
        });
    }

    /// What an agent uses in a call, and nobody said before, is made up.
    fn make_up(&mut self, call: &ToolCall, lane: LaneIdx, step: StepIdx) {
        let Arguments::Object(arguments) = &call.arguments else { return };
        let (mut plain, source) = (String::new(), OriginKind::Nowhere);
        values(arguments, &mut |_, value| {
            tokens(value, &mut |token| {
                if !token.is_part {
                    plain_into(token.text, &mut plain);
                    self.note(&plain, Sighting { source, is_part: false, lane, step, at: None });
                }
            });
        });
    }

    /// Keeps a sighting if it is the first of its kind in its lane.
    fn note(&mut self, plain: &str, sighting: Sighting) {
        let Some(seen) = self.wanted.get(plain).and_then(|at| self.seen.get_mut(*at)) else {
            return;
        };
        let kind = |s: &Sighting| (s.source, s.is_part, s.lane);
        if !seen.iter().any(|before| kind(before) == kind(&sighting)) {
            seen.push(sighting);
        }
    }

    /// The tokens of one value.
    fn value(&self, session: &Session, view: View<'_>, value: &str) -> Vec<TokenOrigin> {
        let sought = Sought::of(value);
        let token = |token: &Token<'_>| {
            let (plain, origin) = self.origin(session, view, token.text);
            let kind = kind_of(token.text);
            let is_telling = sought.is_telling(token, kind);
            TokenOrigin { text: token.text.to_owned(), plain, kind, is_telling, origin }
        };
        let spans: Vec<(Range<usize>, TokenOrigin)> = sought
            .spans
            .iter()
            .map(|span| (span.at.clone(), token(span)))
            .filter(|(_, span)| !span.origin.source.is_made_up())
            .collect();
        let is_covered = |piece: &Token<'_>| {
            spans.iter().any(|(span, _)| span.start <= piece.at.start && piece.at.end <= span.end)
        };
        let mut all: Vec<TokenOrigin> =
            sought.pieces.iter().filter(|piece| !is_covered(piece)).map(token).collect();
        let name = sought.is_name().then(|| name(sought.value, &all)).flatten();
        all.extend(spans.into_iter().map(|(_, span)| span));
        all.extend(name);
        all
    }

    /// The plain form of a token, and where it was first seen.
    fn origin(&self, session: &Session, view: View<'_>, token: &str) -> (String, Origin) {
        let mut plain = String::new();
        plain_into(token, &mut plain);
        let made_up = match self.whole(session, view, token, &plain) {
            Some(origin) if origin.source.is_made_up() => Some(origin),
            Some(origin) => return (plain, origin),
            None => None,
        };
        let nowhere = Origin { source: OriginKind::Nowhere, step: None, at: None, found: None };
        // What a tool repeats of a made-up value does not vouch for its pieces.
        let first_used = made_up.as_ref().and_then(|origin| origin.step);
        let before = View { at: first_used.unwrap_or(view.at), ..view };
        let origin = self.split(session, before, token).or(made_up).unwrap_or(nowhere);
        (plain, origin)
    }

    /// Where a token was first seen as it is, or as a piece of something longer.
    pub(super) fn whole(
        &self,
        session: &Session,
        view: View<'_>,
        token: &str,
        plain: &str,
    ) -> Option<Origin> {
        let seen = self.wanted.get(plain).and_then(|at| self.seen.get(*at))?;
        let visible = || seen.iter().filter(|s| view.sees(s));
        let by_user = |is_part: bool| {
            let said = visible().filter(|s| s.source.is_asked_for() && s.is_part == is_part);
            said.min_by_key(|s| s.step)
        };
        let first = by_user(false)
            .or_else(|| by_user(true))
            .or_else(|| visible().min_by_key(|s| (s.step, s.is_part)))?;
        Some(first.origin(session, view, token))
    }

    /// Where the pieces of a compound token were seen, if every one of them was: the worst of them.
    fn split(&self, session: &Session, view: View<'_>, token: &str) -> Option<Origin> {
        let kind = kind_of(token);
        let found = |piece: &Token<'_>| {
            let mut plain = String::new();
            plain_into(piece.text, &mut plain);
            let origin = self.whole(session, view, piece.text, &plain)?;
            (!origin.source.is_made_up()).then_some(origin)
        };
        cuts(token, kind).into_iter().find_map(|pieces| {
            let origins: Option<Vec<Origin>> = pieces.iter().map(found).collect();
            let worst = origins?.into_iter().max_by_key(|origin| gravity(origin.source))?;
            Some(Origin { found: Some(Match::Split), ..worst })
        })
    }
}

impl View<'_> {
    fn sees(&self, sighting: &Sighting) -> bool {
        sighting.step < self.at
            && self.past.is_none_or(|past| past.sees(sighting.lane, sighting.step))
    }
}

impl Sighting {
    fn origin(&self, session: &Session, view: View<'_>, token: &str) -> Origin {
        let source = match self.source {
            OriginKind::Nowhere if self.lane != view.lane => OriginKind::OtherAgent,
            source => source,
        };
        let text = self.at.clone().and_then(|at| text_of(session, self.step)?.get(at));
        let found = match (self.is_part, text) {
            (true, _) => Match::Split,
            (false, Some(text)) if text != token => Match::Normalised,
            (false, _) => Match::Exact,
        };
        let found = (source != OriginKind::Nowhere).then_some(found);
        Origin { source, step: Some(self.step), at: self.at.clone(), found }
    }
}

/// The ways to cut a token, the coarsest first. Of a link or an address, only where its parts meet; an
/// account is not cut.
fn cuts(token: &str, kind: TokenKind) -> Vec<Vec<Token<'_>>> {
    let by = |joint: char| -> Vec<Token<'_>> {
        let mut from = 0;
        let pieces = token.split(joint).map(|piece| {
            let at = from..from + piece.len();
            from = at.end + joint.len_utf8();
            Token { text: piece, at, is_part: true }
        });
        pieces.filter(|piece| !piece.text.is_empty()).collect()
    };
    let several = |pieces: &Vec<Token<'_>>| pieces.len() > 1;
    match kind {
        TokenKind::Account | TokenKind::Number | TokenKind::Date => Vec::new(),
        TokenKind::Address => vec![by('@')],
        TokenKind::Link => {
            let bare = token.split_once("://").map_or(token, |(_, rest)| rest);
            let offset = token.len() - bare.len();
            let mut pieces = by('/');
            pieces.retain(|piece| piece.at.start >= offset);
            vec![pieces].into_iter().filter(several).collect()
        }
        TokenKind::Path | TokenKind::Word => {
            let mut ways: Vec<_> = ['/', ':', '='].into_iter().map(by).filter(several).collect();
            let mut words = Vec::new();
            parts(token, 0, &mut |part| {
                if part.text.bytes().all(|b| b.is_ascii_alphanumeric() || b >= 0x80) {
                    words.push(part);
                }
            });
            if !words.is_empty() {
                ways.push(words);
            }
            ways
        }
    }
}

/// A name of several words is as foreign as the most foreign of them.
fn name(value: &str, words: &[TokenOrigin]) -> Option<TokenOrigin> {
    let worst = words.iter().map(|word| &word.origin).max_by_key(|o| gravity(o.source))?;
    let plain = value.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
    let origin = worst.clone();
    Some(TokenOrigin {
        text: value.to_owned(),
        plain,
        kind: TokenKind::Word,
        is_telling: true,
        origin,
    })
}

fn gravity(source: OriginKind) -> u8 {
    match source {
        OriginKind::User => 0,
        OriginKind::System => 1,
        OriginKind::Trusted => 2,
        OriginKind::OtherAgent => 3,
        OriginKind::Nowhere => 4,
        OriginKind::Untrusted => 5,
    }
}

/// Whose words a message is; nobody's, if it is an agent's own.
pub(super) fn speaker(session: &Session, lane: LaneIdx, role: Role) -> Option<OriginKind> {
    let of_sub_agent = session
        .lanes
        .get(lane.0 as usize)
        .is_some_and(|lane| matches!(lane.kind, LaneKind::SubAgent { .. }));
    match role {
        Role::System => Some(OriginKind::System),
        // A sub-agent's user is the agent that started it.
        Role::User if of_sub_agent => Some(OriginKind::OtherAgent),
        Role::User => Some(OriginKind::User),
        Role::Runtime => Some(OriginKind::Trusted),
        Role::Assistant | Role::Thinking => None,
    }
}

fn text_of(session: &Session, step: StepIdx) -> Option<&str> {
    match &session.step(step)?.kind {
        StepKind::Message { text, .. } => Some(text),
        StepKind::Result(result) => Some(&result.text),
        StepKind::Call(_) => None,
    }
}

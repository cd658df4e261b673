//! Where the values of a tool call's arguments come from: the user, the system, an earlier result,
//! another agent, or nowhere, which means that the model made them up.
//!
//! Each argument is taken apart into tokens, and each token is looked for in everything that was said
//! and read before the call, exactly, in its plain form, or piece by piece. What counts is where it was
//! seen first; the user's and the system's words outrank every result. A value that the agent used
//! before anybody said it stays made up, whatever repeats it later.
//!
//! Promises: linear in the size of the session (the tokens of all arguments are collected once, then
//! every text is read once); the same answer as looking through all earlier steps for each token. Not
//! here: which tools' results are trusted (the caller says), and what follows from it (policies).

mod index;
#[cfg(test)]
mod naive;
mod spelling;
mod token;
mod values;

pub use index::OriginIndex;
pub use token::TokenKind;

use crate::StepIdx;
use std::ops::Range;

/// Who or what a token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginKind {
    /// The user said it.
    User,
    /// The instructions of the runtime say it.
    System,
    /// The result of a trusted tool, or the runtime between turns.
    Trusted,
    /// The result of an untrusted tool.
    Untrusted,
    /// Another agent used it first.
    OtherAgent,
    /// The agent itself used it first, or it stands nowhere.
    Nowhere,
}

/// How a token was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Match {
    /// To the letter.
    Exact,
    /// In another spelling.
    Normalised,
    /// As a piece of something longer, or each of its pieces somewhere.
    Split,
}

/// Where a token was first seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// By whom.
    pub source: OriginKind,
    /// The step that shows it; `None` if it stands nowhere.
    pub step: Option<StepIdx>,
    /// Its bytes in that step's text; nothing where it was an argument of an earlier call.
    pub at: Option<Range<usize>>,
    /// How it was found; `None` if it was not.
    pub found: Option<Match>,
}

/// A token of an argument, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOrigin {
    /// As it stands in the argument.
    pub text: String,
    /// In its plain form.
    pub plain: String,
    /// What it looks like.
    pub kind: TokenKind,
    /// Whether it says where something goes, or what is meant: an address, a link, an account, a path;
    /// a word only where it is the whole value.
    pub is_telling: bool,
    /// Where it was first seen.
    pub origin: Origin,
}

/// An argument of a tool call, and where its tokens come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentOrigins {
    /// Its path: `recipient`, `file.path`. A list is one argument.
    pub path: String,
    /// In the order of the argument. None for an empty text, `true`, `false` and `null`.
    pub tokens: Vec<TokenOrigin>,
}

impl Match {
    /// How sure it is that the token is meant, in per cent.
    pub fn confidence(self) -> u32 {
        match self {
            Match::Exact => 100,
            Match::Normalised => 90,
            Match::Split => 60,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Match::Exact => "exact",
            Match::Normalised => "normalised",
            Match::Split => "split",
        }
    }
}

impl OriginKind {
    /// Whether the user or the system said it.
    pub fn is_asked_for(self) -> bool {
        matches!(self, OriginKind::User | OriginKind::System)
    }

    /// Whether nobody but an agent said it.
    pub fn is_made_up(self) -> bool {
        matches!(self, OriginKind::OtherAgent | OriginKind::Nowhere)
    }
}

impl ArgumentOrigins {
    /// Every token stands in what the user or the system said.
    pub fn is_from_user(&self) -> bool {
        !self.tokens.is_empty() && self.tokens.iter().all(|t| t.origin.source.is_asked_for())
    }

    /// Some token was first seen in an untrusted result.
    pub fn is_from_untrusted(&self) -> bool {
        self.any(|source| source == OriginKind::Untrusted)
    }

    /// Some token was seen nowhere.
    pub fn is_unseen(&self) -> bool {
        self.any(OriginKind::is_made_up)
    }

    /// The tokens that are not from the user are from trusted results, and there are some.
    pub fn is_from_trusted(&self) -> bool {
        self.any(|source| source == OriginKind::Trusted)
            && !self.is_from_untrusted()
            && !self.is_unseen()
    }

    /// The telling tokens that are from untrusted results.
    pub fn foreign(&self) -> impl Iterator<Item = &TokenOrigin> {
        let is_foreign =
            |t: &&TokenOrigin| t.is_telling && t.origin.source == OriginKind::Untrusted;
        self.tokens.iter().filter(is_foreign)
    }

    fn any(&self, test: impl Fn(OriginKind) -> bool) -> bool {
        self.tokens.iter().any(|token| test(token.origin.source))
    }
}

/// The plain form of a token or of a whole value: one spelling for what is written in several ways.
pub fn plain_form(text: &str) -> String {
    let mut plain = String::new();
    token::plain_into(text.trim(), &mut plain);
    plain
}

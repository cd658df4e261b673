//! The review record: who accepted which differences from the baseline.
//!
//! It is bound to everything that the differences rest on. Whatever changes makes it stale, and it says what.
//! It goes into the bundle as it is; like the manifest it holds names of the workspace, counts and digests.

use crate::change::{ChangeKind, ChangeRow};
use crate::manifest::ContentDigests;
use miette::Diagnostic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The format that is written and read.
pub const REVIEW_VERSION: u32 = 1;
/// More than anybody writes into one.
const MAX_BYTES: usize = 16 << 20;

/// Who accepted which differences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Review {
    /// Version of this format: 1.
    pub version: u32,
    /// Who wrote the policies.
    pub author: String,
    /// Who accepts the differences.
    pub approver: String,
    /// Why author and approver may be the same person, if they are.
    pub same_person: Option<String>,
    /// What the approver has to say.
    pub note: Option<String>,
    /// What the review rests on.
    pub rests_on: RestsOn,
    /// What is accepted.
    pub accepted: Vec<ChangeRow>,
}

/// What a review rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestsOn {
    /// Policies, schema, entities and mapping.
    pub content: ContentDigests,
    /// The recordings.
    pub corpus: String,
    /// The verdicts.
    pub result: String,
    /// The manifest of the baseline; nothing for a first bundle.
    pub baseline: Option<String>,
}

/// Which differences somebody accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accept {
    /// All that there are.
    All,
    /// Those of one kind.
    Kind(ChangeKind),
    /// The one whose digest begins like this.
    Row(String),
}

/// Who reviews, and what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reviewer {
    /// Who wrote the policies.
    pub author: String,
    /// Who accepts.
    pub approver: String,
    /// Why both may be the same person.
    pub same_person: Option<String>,
    /// What the approver has to say.
    pub note: Option<String>,
}

/// Why a review cannot be written or read.
#[derive(Debug, Error, Diagnostic)]
pub enum ReviewError {
    /// Somebody without a name.
    #[error("the {role} has no name")]
    #[diagnostic(help("name a person, such as `Ann Smith <ann@example.com>`"))]
    NoName {
        /// Author or approver.
        role: &'static str,
    },
    /// Nobody else looked.
    #[error("author and approver are the same person, `{name}`")]
    #[diagnostic(help("let somebody else approve, or give a reason with --same-person"))]
    SamePerson {
        /// The name.
        name: String,
    },
    /// A reason that says nothing.
    #[error("the reason for the same person is empty")]
    #[diagnostic(help("say why nobody else could approve"))]
    NoReason,
    /// Something that is accepted and is not there.
    #[error("there is no change `{which}`")]
    #[diagnostic(help(
        "list the changes by leaving --accept out; name them by their first digits or by kind"
    ))]
    NoSuchChange {
        /// As named.
        which: String,
    },
    /// More than one row begins so.
    #[error("{count} changes begin with `{which}`")]
    #[diagnostic(help("write more digits"))]
    Ambiguous {
        /// As named.
        which: String,
        /// How many.
        count: usize,
    },
    /// No review record.
    #[error("this is no review record: {why}")]
    #[diagnostic(help("write one with `remit bundle review WORKSPACE --accept all --out FILE`"))]
    Unreadable {
        /// Why.
        why: String,
    },
}

impl Accept {
    /// `all`, a kind, or the first digits of a row.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let kind = ChangeKind::ALL.into_iter().find(|kind| kind.word() == word);
        match kind {
            _ if word == "all" => Self::All,
            Some(kind) => Self::Kind(kind),
            None => Self::Row(word.to_owned()),
        }
    }

    /// The rows that are meant.
    fn rows<'a>(&self, rows: &'a [ChangeRow]) -> Result<Vec<&'a ChangeRow>, ReviewError> {
        match self {
            Self::All => Ok(rows.iter().collect()),
            Self::Kind(kind) => Ok(rows.iter().filter(|row| row.kind == *kind).collect()),
            Self::Row(start) => {
                let is_it = |row: &&ChangeRow| {
                    row.digest.trim_start_matches("sha256:").starts_with(start.as_str())
                };
                let found: Vec<&ChangeRow> = rows.iter().filter(is_it).collect();
                match found.len() {
                    1 => Ok(found),
                    0 => Err(ReviewError::NoSuchChange { which: start.clone() }),
                    count => Err(ReviewError::Ambiguous { which: start.clone(), count }),
                }
            }
        }
    }
}

impl Review {
    /// The record of somebody accepting some of `rows`.
    ///
    /// # Errors
    /// If a name is missing, nobody else looked, or something is accepted that is not there.
    pub fn new(
        by: Reviewer,
        rests_on: RestsOn,
        rows: &[ChangeRow],
        accept: &[Accept],
    ) -> Result<Self, ReviewError> {
        by.check()?;
        let mut accepted: Vec<&ChangeRow> = Vec::new();
        for which in accept {
            accepted.extend(which.rows(rows)?);
        }
        let is_accepted = |row: &&ChangeRow| accepted.iter().any(|a| a.digest == row.digest);
        let accepted = rows.iter().filter(is_accepted).cloned().collect();
        let Reviewer { author, approver, same_person, note } = by;
        Ok(Self {
            version: REVIEW_VERSION,
            author,
            approver,
            same_person,
            note,
            rests_on,
            accepted,
        })
    }

    /// The record as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts, numbers and lists: nothing here can fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text.into_bytes()
    }

    /// Reads a record.
    ///
    /// # Errors
    /// If it is none, or of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, ReviewError> {
        let unreadable = |why: String| ReviewError::Unreadable { why };
        if bytes.len() > MAX_BYTES {
            return Err(unreadable(format!("it has more than {MAX_BYTES} bytes")));
        }
        let review: Self =
            serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        match review.version {
            REVIEW_VERSION => Ok(review),
            other => Err(unreadable(format!("it is of version {other}, not {REVIEW_VERSION}"))),
        }
    }

    /// What changed since, in words; nothing for a review that is still good.
    #[must_use]
    pub fn stale(&self, now: &RestsOn) -> Vec<&'static str> {
        let (was, is) = (&self.rests_on, now);
        let compared = [
            ("the guardrails changed", was.content.guardrails == is.content.guardrails),
            ("the scopes changed", was.content.scopes == is.content.scopes),
            ("the schema changed", was.content.schema == is.content.schema),
            ("the entities changed", was.content.entities == is.content.entities),
            ("how calls become requests changed", was.content.mapping == is.content.mapping),
            ("the recordings changed", was.corpus == is.corpus),
            ("the verdicts changed", was.result == is.result),
            ("the baseline is another one", was.baseline == is.baseline),
        ];
        compared.into_iter().filter(|(_, same)| !same).map(|(what, _)| what).collect()
    }

    /// Whether this very difference is accepted.
    #[must_use]
    pub fn accepts(&self, row: &ChangeRow) -> bool {
        self.accepted.iter().any(|accepted| accepted == row)
    }

    /// Whether author and approver are one person, as far as names tell.
    #[must_use]
    pub fn is_by_one_person(&self) -> bool {
        person(&self.author) == person(&self.approver)
    }
}

impl Reviewer {
    fn check(&self) -> Result<(), ReviewError> {
        for (role, name) in [("author", &self.author), ("approver", &self.approver)] {
            if name.trim().is_empty() {
                return Err(ReviewError::NoName { role });
            }
        }
        match &self.same_person {
            Some(reason) if reason.trim().is_empty() => Err(ReviewError::NoReason),
            None if person(&self.author) == person(&self.approver) => {
                Err(ReviewError::SamePerson { name: self.author.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Who is meant by a name: by the address in it if there is one, in lower case.
fn person(name: &str) -> String {
    let address = name.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    let who = address.map_or(name, |(address, _)| address);
    who.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(what: &str, digest: &str) -> ChangeRow {
        let kind = ChangeKind::PolicyAdded;
        let digest = format!("sha256:{digest}");
        ChangeRow { kind, what: what.into(), before: None, after: None, calls: 0, digest }
    }

    fn rests_on() -> RestsOn {
        let content = ContentDigests {
            guardrails: "g".into(),
            scopes: "s".into(),
            schema: "c".into(),
            entities: "e".into(),
            mapping: "m".into(),
        };
        RestsOn { content, corpus: "r".into(), result: "v".into(), baseline: None }
    }

    fn by(author: &str, approver: &str) -> Reviewer {
        Reviewer { author: author.into(), approver: approver.into(), ..Reviewer::default() }
    }

    #[test]
    fn only_what_is_named_is_accepted_and_read_back() {
        let rows = [row("a", "aa11"), row("b", "ab22"), row("c", "cc33")];
        let of = |accept: &[&str]| {
            let accept: Vec<Accept> = accept.iter().map(|word| Accept::of(word)).collect();
            Review::new(by("Ann", "Bob"), rests_on(), &rows, &accept)
        };
        let accepts = |accept: &[&str]| {
            let review = of(accept).unwrap();
            assert_eq!(Review::read(&review.to_bytes()).unwrap(), review);
            Vec::from_iter(rows.iter().map(|row| review.accepts(row)))
        };
        assert_eq!(accepts(&["all"]), [true; 3]);
        assert_eq!(accepts(&["policy-added"]), [true; 3]);
        assert_eq!(accepts(&["newly-denied"]), [false; 3]);
        assert_eq!(accepts(&["ab", "cc33"]), [false, true, true]);
        assert!(matches!(of(&["a"]), Err(ReviewError::Ambiguous { count: 2, .. })));
        assert!(matches!(of(&["dd"]), Err(ReviewError::NoSuchChange { .. })));
    }

    #[test]
    fn a_row_is_accepted_whole_or_not_at_all() {
        let rows = [row("a", "aa11")];
        let review = Review::new(by("Ann", "Bob"), rests_on(), &rows, &[Accept::All]).unwrap();
        assert!(!review.accepts(&ChangeRow { calls: 1, ..rows[0].clone() }));
    }

    #[test]
    fn whatever_changes_makes_it_stale_and_is_named() {
        let review = Review::new(by("Ann", "Bob"), rests_on(), &[], &[]).unwrap();
        assert!(review.stale(&rests_on()).is_empty());
        type Edit = fn(&mut RestsOn);
        let edits: [(Edit, &str); 8] = [
            (|r| r.content.guardrails.push('!'), "the guardrails changed"),
            (|r| r.content.scopes.push('!'), "the scopes changed"),
            (|r| r.content.schema.push('!'), "the schema changed"),
            (|r| r.content.entities.push('!'), "the entities changed"),
            (|r| r.content.mapping.push('!'), "how calls become requests changed"),
            (|r| r.corpus.push('!'), "the recordings changed"),
            (|r| r.result.push('!'), "the verdicts changed"),
            (|r| r.baseline = Some("b".into()), "the baseline is another one"),
        ];
        for (edit, said) in edits {
            let mut now = rests_on();
            edit(&mut now);
            assert_eq!(review.stale(&now), [said]);
        }
    }

    #[test]
    fn one_person_does_not_approve_alone() {
        let new = |by: Reviewer| Review::new(by, rests_on(), &[], &[]);
        for (author, approver) in [("Ann", " ann "), ("Ann <a@x>", "A. Smith <A@X>")] {
            let refused = new(by(author, approver)).unwrap_err();
            assert!(matches!(refused, ReviewError::SamePerson { .. }), "{author}, {approver}");
            let reason = Some("nobody else is on call".to_owned());
            let review = new(Reviewer { same_person: reason, ..by(author, approver) }).unwrap();
            assert!(review.is_by_one_person());
        }
        assert!(!new(by("Ann <a@x>", "Ann <b@x>")).unwrap().is_by_one_person());
        assert!(matches!(new(by("", "Bob")), Err(ReviewError::NoName { .. })));
    }
}

//! Why a bundle is not accepted: one reason, with what to do about it.

use miette::Diagnostic;
use serde::Serialize;
use std::fmt;

/// Why a bundle is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The reason, for programs.
    pub code: RefusalCode,
    /// The reason, for people: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What sort of reason it is; hosts make exit codes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Nobody whom we trust vouches for these bytes, or not any more.
    NotTrusted,
    /// What is vouched for is not right: policies, tests or vectors.
    NotRight,
    /// It is no well-formed bundle.
    Damaged,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $kind:ident, $help:literal;)*) => {
        /// The reasons; documented in `docs/bundles.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum RefusalCode { $($(#[$doc])* $name,)* }

        impl RefusalCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What sort of reason it is.
            #[must_use]
            pub fn kind(self) -> RefusalKind {
                match self { $(Self::$name => RefusalKind::$kind,)* }
            }

            fn help(self) -> &'static str {
                match self { $(Self::$name => $help,)* }
            }
        }
    };
}

codes! {
    /// More bytes or members than a bundle may have.
    TooLarge: Damaged, "a bundle holds text only; ask whoever made it what this is";
    /// Something compressed: its size is unknown until it is unpacked.
    Compressed: Damaged, "a bundle is never compressed; get the file as it was built";
    /// It ends too early.
    Truncated: Damaged, "get the whole file again";
    /// A header that is none.
    DamagedHeader: Damaged, "get the file again, as it was built";
    /// A symbolic or hard link.
    Link: Damaged, "do not use this file: a bundle never holds links";
    /// A folder, device, or extension instead of a file.
    NotAFile: Damaged, "do not use this file: a bundle holds plain files only";
    /// A name that leads elsewhere, or that some system would read in another way.
    UnsafeName: Damaged, "do not use this file: names in a bundle are relative and plain";
    /// Two members of one name, also where only upper and lower case differ.
    DuplicateName: Damaged, "do not use this file: which of the two is meant would depend on who reads it";
    /// Members that are not sorted by name.
    OutOfOrder: Damaged, "get the file as it was built; a bundle that was packed again is not accepted";
    /// Bytes after the end.
    TrailingBytes: Damaged, "get the file as it was built";
    /// Owners, times, modes or padding that a bundle does not have.
    NotCanonical: Damaged, "get the file as it was built; a bundle that was packed again is not accepted";
    /// A member that the manifest lists, or that every bundle has, is not there.
    MissingMember: Damaged, "get the file as it was built";
    /// A member that the manifest does not list.
    UnlistedMember: Damaged, "do not use this file: nobody signed for that member";
    /// The manifest or the signature cannot be read.
    Unreadable: Damaged, "get the file as it was built";
    /// A format that this version does not know yet.
    NewerFormat: Damaged, "use the newest Remit";
    /// A format that is not accepted any more, or a statement of another kind.
    OtherFormat: Damaged, "build the bundle again with this version of Remit";
    /// Signed by none of the trusted keys.
    UnknownKey: NotTrusted, "name the public key of whoever built it, if you trust them";
    /// A signature that does not fit.
    BadSignature: NotTrusted, "do not use this file: it was altered after it was signed";
    /// The manifest is not the one that was signed.
    OtherManifest: NotTrusted, "do not use this file: it was altered after it was signed";
    /// A member is not the one that the manifest lists.
    OtherMember: NotTrusted, "do not use this file: it was altered after it was signed";
    /// The time until which it is good is over.
    Expired: NotTrusted, "build a new bundle";
    /// Older than what was asked for.
    Superseded: NotTrusted, "use the newer bundle";
    /// Something that must be right in every bundle was waived, or the manifest claims it wrongly.
    GateNotPassed: NotRight, "build the bundle again, or accept waived gates by not asking for strictness";
    /// Policies, schema or entities do not validate here.
    Invalid: NotRight, "check the workspace with this version of Remit and build the bundle again";
    /// The manifest says something else of the workspace than what is found in it.
    OtherContent: NotRight, "build the bundle again with this version of Remit";
    /// A test of the bundle fails here.
    TestFails: NotRight, "do not deploy it: policies decide otherwise here than where it was built";
}

impl Refusal {
    /// A refusal with the help that goes with its code.
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: code.help().to_owned() }
    }
}

impl RefusalCode {
    /// As it is written in JSON and in the documentation.
    #[must_use]
    pub fn word(self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        json.as_str().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code.word())
    }
}

impl std::error::Error for Refusal {}

impl Diagnostic for Refusal {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_documented_with_its_exit_code() {
        let page = include_str!("../../../docs/bundles.md");
        for code in RefusalCode::ALL {
            let exit = match code.kind() {
                RefusalKind::NotTrusted => 2,
                RefusalKind::NotRight => 3,
                RefusalKind::Damaged => 4,
            };
            let row = format!("| `{}` | {exit} |", code.word());
            assert!(page.contains(&row), "{row}");
        }
    }
}

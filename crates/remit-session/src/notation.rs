//! A session as text that people read and write: for tests, for reviews, for `remit import --to`.
//!
//! ```text
//! # A comment. Blank lines mean nothing.
//! session pay-bill
//! task payments/pay-bill
//! goal Please pay the bill.
//! solved no
//! agent payments-agent
//! sub-agent reader started-by=c1
//! branch payments-agent of=0 after=4
//!
//! user: Please pay the bill.
//! call read_file id=c1 server=files at=2026-01-02T03:04:05Z: {"path":"bill.txt"}
//! result: Amount: 98.70
//!   Pay to: GB29 NWBK
//! assistant: I pay it now.
//! call send_money: {"amount":98.7}
//! result refused: the limit is 50
//! ```
//!
//! * `session` begins a session; a file holds any number. `agent` names lane 0; each `sub-agent` and
//!   `branch` line adds the next lane.
//! * A step is `word options: text`. The words are `system`, `user`, `assistant`, `thinking`,
//!   `runtime`, `call` and `result`; every step may say `lane=N` (0 if it does not) and `at=TIME`.
//! * Text goes on in the lines below that are indented by two spaces, and in the blank lines between
//!   those. Text in double quotes is a JSON string: for what lines cannot show, such as control
//!   characters or spaces at an end.
//! * A call holds its tool, `id=`, `server=`, its arguments as a JSON object, or any text with
//!   `unreadable="why"`; and how it ended (`executed`, `refused`, `failed`, `unrecorded`), if its
//!   result does not say it already.
//! * A result answers the oldest call of its lane that has none; else `of=ID` says which, `of=#N` the
//!   N-th call of the session from 0, `of=#none` none at all. A result is `executed` unless it says
//!   another of the four words.
//! * `mandate`, `identity`, `credential` and `hand-off` lines say who acts, for whom and with what; a call
//!   says with which credential (`with=ID`) and whether a person was there (`human=yes`, `human=no`):
//!
//!   ```text
//!   mandate starts=2026-01-02T03:00:00Z ends=2026-01-02T03:10:00Z risk=high environment=production
//!   identity spiffe://bank.example/reader lane=1 attested behalf=ann chain="ann desk reader"
//!   credential tok-1 kind=access-token issuer=https://id.example audience=bank scopes="read write"
//!     issued=2026-01-02T03:00:00Z expires=2026-01-02T03:05:00Z revoked=... subject=desk task=pay-bill
//!   hand-off from=0 to=1 passed=tok-1
//!   call pay with=tok-1 human=no: {}
//!   ```
//!
//!   Lists are words with spaces between them, or a JSON list. `added` marks what a file beside the
//!   recording said.
//! * Without `goal`, the goal is the first thing that the user says in lane 0. `goal` alone means
//!   that there is none.
//!
//! Promise: what [`to_notation`] writes is read back as the same sessions, places apart (and results
//! that a call does not point back to). A line that cannot be read is a warning; a broken call is
//! still a call.

mod identity;
mod read;
mod write;

pub(crate) use read::{is_notation, read};
pub use write::to_notation;

use crate::{Outcome, Role};

const ROLES: [(&str, Role); 5] = [
    ("system", Role::System),
    ("user", Role::User),
    ("assistant", Role::Assistant),
    ("thinking", Role::Thinking),
    ("runtime", Role::Runtime),
];

const OUTCOMES: [Outcome; 4] =
    [Outcome::Executed, Outcome::Refused, Outcome::Failed, Outcome::Unrecorded];

//! What Dogwood says, for the author of the policy: one line, with the help that fits Remit.

use crate::nearest::nearest;

/// A message and what to do about it.
pub(super) struct Told {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Dogwood's message and help in our words where we know better, else in our style.
pub(super) fn told(message: &str, help: Option<&str>) -> Told {
    let message = said(message);
    let known =
        unknown_field(&message).or_else(|| unknown_event(&message)).or_else(|| window(&message));
    known.unwrap_or_else(|| Told { help: help.map(said), message })
}

/// One line, lower case, no full stop.
pub(super) fn said(message: &str) -> String {
    let line = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut characters = line.trim_end_matches('.').chars();
    let first = characters.next();
    let is_word = characters.clone().next().is_some_and(char::is_lowercase);
    let first = first.map(|c| if is_word { c.to_ascii_lowercase() } else { c });
    first.into_iter().chain(characters).collect()
}

/// The list of all fields belongs into the help, and only if no name is near.
fn unknown_field(message: &str) -> Option<Told> {
    let (said, fields) = message.split_once(" (declared fields: ")?;
    let fields = fields.strip_suffix(')').unwrap_or(fields);
    let written = said.split("field `").nth(1)?.split('`').next()?;
    let help = match nearest(written, fields.split(", ")) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {fields}"),
    };
    Some(Told { message: said.to_owned(), help: Some(help) })
}

fn unknown_event(message: &str) -> Option<Told> {
    let (said, _) = message.split_once(" (no event kind ")?;
    let help = "an event is the `request`, the `response` or the `error` of an action that the schema declares, such as `Action::\"pay\"::response`";
    Some(Told { message: said.to_owned(), help: Some(help.to_owned()) })
}

fn window(message: &str) -> Option<Told> {
    let (said, _) = message.split_once(" set by the event schema's `max_window`")?;
    let help = "shorten it, or say `max_window` under `[history]` in `remit.toml`";
    Some(Told { message: said.to_owned(), help: Some(help.to_owned()) })
}

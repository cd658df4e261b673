//! Where in a sorted table the rows of an action are, and of each principal and store in it.

use super::Column;
use super::codes::Codes;

/// The rows of one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActionRows {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The same rows, by principal and store; in order.
    pub(crate) groups: Vec<Group>,
}

/// The rows of one action, principal and store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// The groups of `rows` rows. `None` if they are not sorted by the codes of these three columns.
pub(crate) fn groups(
    rows: u32,
    action: &Column,
    principal: &Column,
    store: &Column,
) -> Option<Vec<ActionRows>> {
    let codes = |column| Some(Column::codes(column)?.0);
    let columns: [&Codes; 3] = [codes(action)?, codes(principal)?, codes(store)?];
    let key = |row: u32| columns.map(|codes| codes.get(row as usize).unwrap_or(0));
    let mut actions: Vec<ActionRows> = Vec::new();
    let mut before: Option<[u32; 3]> = None;
    for row in 0..rows {
        let key @ [action, ..] = key(row);
        if before.is_some_and(|before| before > key) {
            return None;
        }
        if before.is_none_or(|[other, ..]| other != action) {
            actions.push(ActionRows { start: row, end: row, groups: Vec::new() });
        }
        let last = actions.last_mut()?;
        last.end = row + 1;
        if before != Some(key) {
            last.groups.push(Group { start: row, end: row });
        }
        last.groups.last_mut()?.end = row + 1;
        before = Some(key);
    }
    Some(actions)
}

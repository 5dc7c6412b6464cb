//! Dates under another table of deadlines, beside those in force.

use serde::Serialize;

use crate::deadline::DeadlineTable;
use crate::entry::history::{Change, changes};
use crate::entry::{DeadlineState, Life, Standing};
use crate::ident::EntryNumber;

/// A clock whose date another table would move.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MovedRow {
    pub entry: EntryNumber,
    /// [`EntryDeadline::key`](crate::entry::EntryDeadline::key).
    pub deadline: Box<str>,
    pub from: Standing,
    pub to: Standing,
}

/// The clocks of an entry that would stand otherwise under `candidate`, and those that it would begin.
pub fn moved(life: &Life, live: &DeadlineTable, candidate: &DeadlineTable) -> Vec<MovedRow> {
    let entry = life.entry();
    let (before, after) = (life.deadlines(&entry, live), life.deadlines(&entry, candidate));
    let row = |deadline, from, to| MovedRow { entry: life.number, deadline, from, to };
    // A clock that is done with stays so, whatever its date would have been.
    let is_done = |change: &Change| {
        change.from.state == DeadlineState::Closed && change.to.state == DeadlineState::Closed
    };
    let mut rows: Vec<MovedRow> = changes(&before, &after)
        .into_iter()
        .filter(|change| !is_done(change))
        .map(|change| row(change.deadline, change.from, change.to))
        .collect();
    for new in after.iter().filter(|new| new.due.is_some()) {
        let old = before.iter().find(|old| old.key() == new.key());
        if old.is_none_or(|old| old.due.is_none()) {
            let from = old.map_or_else(Standing::gone, Standing::of);
            rows.push(row(new.key().into(), from, Standing::of(new)));
        }
    }
    rows.sort_by(|left, right| left.deadline.cmp(&right.deadline));
    rows
}

//! What should have been said of an entry, and was not.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::deadline::DeadlineTable;
use crate::entry::silence::Silence;
use crate::entry::{Entry, EntryDeadline};

/// Something that an entry waits for. Whether its day has come is for the reader to see.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UnheardView {
    /// As rules name it: `summary-unanswered`.
    pub code: String,
    /// Which of several, as the number of a statement.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
    /// Since when somebody waits, or the day by which it was expected.
    pub since: NaiveDate,
    /// The first day on which it counts as missing.
    pub missing_from: NaiveDate,
    /// A plain sentence, true from that day on.
    pub text: String,
}

impl UnheardView {
    fn of(silence: &Silence) -> Self {
        Self {
            code: silence.code.to_owned(),
            instance: silence.instance.to_string(),
            since: silence.since,
            missing_from: silence.day,
            text: silence.sentence(),
        }
    }

    /// Whether it is missing on that day.
    pub fn stands_on(&self, day: NaiveDate) -> bool {
        self.missing_from <= day
    }
}

/// Everything that the entry waits for, the first to be missing first.
pub(super) fn unheard(entry: &Entry, table: &DeadlineTable, deadlines: &[EntryDeadline]) -> Vec<UnheardView> {
    let mut awaited: Vec<UnheardView> =
        entry.silences(table, deadlines).iter().map(UnheardView::of).collect();
    awaited.sort_by(|left, right| {
        (left.missing_from, &left.code, &left.instance).cmp(&(
            right.missing_from,
            &right.code,
            &right.instance,
        ))
    });
    awaited
}

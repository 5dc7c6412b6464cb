//! The clocks of an entry: which of its facts start, move and end each deadline.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::ident::NoticeId;

/// One clock of one entry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EntryDeadline {
    /// `PROTEST_DUE`, as in `grammars/deadlines.toml`.
    pub id: Box<str>,
    /// Which of several clocks with this id: the date of the decision that started it. Blank when there can be one only.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub instance: Box<str>,
    /// The last day under the rule as written.
    pub due: Option<NaiveDate>,
    /// `NONE OPEN BLOCKED INELIGIBLE INVALID`, or `unknown` when a trigger is missing. Set exactly when `due` is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special: Option<Box<str>>,
    /// The date to act on, never later than `due`. A watch clock has none.
    pub act_by: Option<NaiveDate>,
    pub state: DeadlineState,
    /// Why the state is what it is, in a few plain words; blank for a clock that simply runs.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub because: Box<str>,
    /// The legal basis: `19 USC 1514(c)(3)`.
    pub basis: Box<str>,
    /// The facts that went in.
    pub from: Vec<Provenance>,
}

impl EntryDeadline {
    /// What identifies the clock within its entry: `PROTEST_DUE` or `PROTEST_DUE@2026-03-06`.
    pub fn key(&self) -> String {
        if self.instance.is_empty() { self.id.to_string() } else { format!("{}@{}", self.id, self.instance) }
    }

    /// The date, or the word that stands in its place.
    pub fn due_text(&self) -> String {
        match (self.due, &self.special) {
            (Some(date), _) => date.to_string(),
            (None, Some(word)) => word.to_string(),
            (None, None) => "unknown".to_owned(),
        }
    }

    /// The day that reminders count towards.
    pub fn target(&self) -> Option<NaiveDate> {
        self.act_by.or(self.due)
    }
}

/// A fact that the computation used, and the notice that states it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Provenance {
    /// The input's name: `liquidation_date`.
    pub input: Box<str>,
    pub value: Box<str>,
    pub notice: Option<NoticeId>,
    /// Where the date comes from: `courtesy notice`, `release status`, `computed` ...
    pub source: Box<str>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineState {
    /// The clock runs.
    Open,
    /// What it was for has happened.
    Closed,
    /// It cannot be computed, or does not run for this entry.
    Idle,
}

//! What inhibitions and silences are asked about.

use chrono::{NaiveDate, NaiveDateTime};

use super::facts::Facts;
use crate::entry::{Entry, EntryDeadline};

/// An entry as inhibitions see it.
#[derive(Clone, Copy, Debug)]
pub struct EntryContext<'a> {
    pub entry: &'a Entry,
    pub broker: &'a str,
    pub deadlines: &'a [EntryDeadline],
    pub now: Option<NaiveDateTime>,
}

impl<'a> EntryContext<'a> {
    pub(super) fn facts(&self) -> Facts<'a> {
        Facts {
            after: Some(self.entry),
            broker: self.broker,
            deadlines: self.deadlines,
            now: self.now,
            ..Facts::default()
        }
    }
}

/// What should have been said by a day, and was not.
#[derive(Clone, Copy, Debug)]
pub struct SilenceContext<'a> {
    /// As in [`crate::entry::silence::code`].
    pub code: &'a str,
    /// The entry that waits; `None` when a whole feed is silent.
    pub entry: Option<&'a Entry>,
    pub broker: &'a str,
    pub on: NaiveDate,
}

impl<'a> SilenceContext<'a> {
    pub(super) fn facts(&self) -> Facts<'a> {
        Facts {
            trouble: Some(self.code),
            after: self.entry,
            broker: self.broker,
            on: Some(self.on),
            ..Facts::default()
        }
    }
}

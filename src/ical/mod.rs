//! Deadlines as calendar events: what an entry's clock is in somebody's calendar.
//!
//! A calendar is a copy that is read elsewhere and always a little old, and every event says so. An event keeps its
//! [`uid`](Event::uid) for the life of its clock; its sequence is the number of times the clock moved, so it follows from
//! the journal alone and a calendar program knows which of two copies is the newer one. A clock that was closed becomes a
//! cancelled event, which takes the date out of the calendars that have it.

mod write;

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};

pub use write::{CONTENT_TYPE, calendar, entries_of};

use crate::ident::{EntryNumber, hex};

/// Said in every event and of every calendar.
pub const COPY: &str =
    "This is a copy. entrywatch has the date in force: ask it before you rely on this one.";

/// One clock in a calendar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    pub entry: EntryNumber,
    /// [`EntryDeadline::key`](crate::entry::EntryDeadline::key).
    pub deadline: Box<str>,
    /// How often the clock has moved.
    pub sequence: u32,
    /// When what the event says became known: a moment of the journal.
    pub known_at: DateTime<Utc>,
    /// The day to act by.
    pub day: NaiveDate,
    pub summary: String,
    /// Plain text, a line each.
    pub description: Vec<String>,
    pub is_cancelled: bool,
    /// Days before `day` on which the reader is reminded, at nine in the morning.
    pub alarms: Vec<u16>,
}

impl Event {
    /// The same for the same clock of the same entry, for ever.
    pub fn uid(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.entry.as_str());
        hash.update([0]);
        hash.update(self.deadline.as_bytes());
        format!("{}@entrywatch", hex(&hash.finalize()[..16]))
    }
}

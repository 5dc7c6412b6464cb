//! What is stored of an entry: its notices and where each was first seen.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ClockMove, Entry, InternalTarget, Membership, fold};
use crate::ident::{BillOfLading, BrokerName, EntryNumber, Fingerprint, NoticeId};
use crate::notice::Notice;
use crate::place::Place;

/// Where and when a notice was seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sighting {
    pub file: Fingerprint,
    pub place: Place,
    pub received_at: DateTime<Utc>,
    pub broker: BrokerName,
    /// The name under which the broker dropped the file.
    pub name: Arc<str>,
}

/// A notice with its first sighting. Later ones are only counted: they say something about the broker, not the entry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Held {
    pub notice: Arc<Notice>,
    pub seen: Sighting,
    /// How often it was seen again, in other files or at other places.
    #[serde(default)]
    pub again: u32,
}

/// The whole life of one entry, the value that a store keeps under the entry number.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Life {
    pub number: EntryNumber,
    /// In the order of arrival. [`Entry::of`] sorts them by itself.
    pub notices: Vec<Held>,
    /// The days on which the clock looks at this entry again. Derived; kept here so that one read tells what a
    /// change has to move.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reminders: Vec<Reminder>,
    /// Alerts about it whose end, or whose hiding, a later file may bring. Derived, as the reminders are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followed: Vec<Followed>,
    /// How the clocks moved since the entry is known, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<ClockMove>,
    /// Dates that people have set, in the order of the clocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<InternalTarget>,
    /// What its daily statements owe to other entries. Derived from the lives of all of them; kept here so that one read tells
    /// the clocks of an entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memberships: Vec<Membership>,
}

/// An alert that is followed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Followed {
    /// The key of the alert.
    pub alert: Box<str>,
    /// An inhibition hides it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hidden: bool,
}

/// The day on which one deadline is looked at again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Reminder {
    pub day: NaiveDate,
    /// The date that the reminder counts towards: when it moves, the ladder starts again.
    pub target: NaiveDate,
    /// [`EntryDeadline::key`](super::EntryDeadline::key).
    pub deadline: Box<str>,
}

/// What adding a notice did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    New,
    /// It was known; only counted.
    Again,
    /// The entry holds [`Life::NOTICES_MAX`] notices; the archive keeps the file, the entry says it is full.
    Full,
}

impl Reminder {
    /// In place of a clock: until that day the entry stays in the calendars, which tell that a clock of it was closed.
    pub const CALENDAR: &str = "calendar";

    /// Of a clock of the entry, and not of something that nobody said or of a calendar.
    pub fn is_of_clock(&self) -> bool {
        !self.deadline.starts_with(super::silence::PREFIX) && *self.deadline != *Self::CALENDAR
    }

    /// Whether it says that a day is over which is not, at Customs.
    pub fn is_early(&self, customs: NaiveDate) -> bool {
        self.is_of_clock() && self.day > self.target && customs <= self.target
    }
}

impl Life {
    /// An entry with more notices than this is a fault in the feed; the state keeps what it has and says so.
    pub const NOTICES_MAX: usize = 20_000;

    /// So many alerts of one entry are followed; the oldest go first.
    pub const FOLLOWED_MAX: usize = 200;

    pub fn new(number: EntryNumber) -> Self {
        Self {
            number,
            notices: Vec::new(),
            reminders: Vec::new(),
            followed: Vec::new(),
            moves: Vec::new(),
            targets: Vec::new(),
            memberships: Vec::new(),
        }
    }

    pub fn has(&self, id: NoticeId) -> bool {
        self.notices.iter().any(|held| held.notice.id == id)
    }

    pub fn add(&mut self, notice: Arc<Notice>, seen: Sighting) -> Added {
        if let Some(held) = self.notices.iter_mut().find(|held| held.notice.id == notice.id) {
            held.again = held.again.saturating_add(1);
            return Added::Again;
        }
        if self.notices.len() >= Self::NOTICES_MAX {
            return Added::Full;
        }
        self.notices.push(Held { notice, seen, again: 0 });
        Added::New
    }

    /// Takes out what this notice said under other tables; answers where it stood. Its sighting goes with it.
    pub fn take_changed(&mut self, notice: &Notice) -> Option<usize> {
        let at =
            self.notices.iter().position(|held| held.notice.id == notice.id && *held.notice != *notice)?;
        self.notices.remove(at);
        Some(at)
    }

    pub fn get(&self, id: NoticeId) -> Option<&Held> {
        self.notices.iter().find(|held| held.notice.id == id)
    }

    /// The broker whose file spoke last of the entry; one whose files were taken in later does not count while another
    /// is known.
    pub fn broker(&self) -> Option<&BrokerName> {
        let brokers = || self.notices.iter().rev().map(|held| &held.seen.broker);
        brokers().find(|broker| !broker.is_nobody()).or_else(|| brokers().next())
    }

    /// Whose word a notice of the entry is: of the broker whose file told it; of the entry's own where a person did, or
    /// files were taken in later.
    pub fn broker_of_notice<'l>(&'l self, told: &'l BrokerName) -> &'l BrokerName {
        if told.is_nobody() { self.broker().unwrap_or(told) } else { told }
    }

    pub fn entry(&self) -> Entry {
        self.entry_of(self.notices.iter().map(|held| &*held.notice))
    }

    /// The entry as some of its notices tell it, with what its statements owe to other entries now.
    pub fn entry_of<'n>(&self, notices: impl IntoIterator<Item = &'n Notice>) -> Entry {
        Entry::of(self.number, notices).counting_from(&self.memberships)
    }

    /// In the order in which they happened.
    pub fn timeline(&self) -> Vec<&Held> {
        let mut notices: Vec<&Held> = self.notices.iter().collect();
        notices.sort_by_key(|held| fold::order(&held.notice));
        notices
    }

    /// A hash of the facts, independent of the order of arrival, of repeats and of the files they came in. What people
    /// have set is a fact as well.
    pub fn hash(&self) -> Fingerprint {
        let mut notices: Vec<&Notice> = self.notices.iter().map(|held| &*held.notice).collect();
        notices.sort_unstable_by_key(|notice| notice.id);
        if self.targets.is_empty() {
            hash_of(&(self.number, notices))
        } else {
            hash_of(&(self.number, notices, &self.targets))
        }
    }
}

/// A notice that no entry owns: it names only a bill that no entry is known for, or nothing that we follow.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Unmatched {
    pub held: Held,
    /// The bill under which it waits; `None` when it names none and can never attach itself.
    pub bill: Option<BillOfLading>,
}

/// The notices that wait under one bill.
pub struct BillNotices;

impl BillNotices {
    /// A hash of which notices they are, independent of their order.
    pub fn hash(notices: &[Unmatched]) -> Fingerprint {
        let mut ids: Vec<NoticeId> = notices.iter().map(|unmatched| unmatched.held.notice.id).collect();
        ids.sort_unstable();
        hash_of(&ids)
    }
}

/// SHA-256 of a value's JSON form.
pub(super) fn hash_of(value: &impl Serialize) -> Fingerprint {
    let mut hash = Sha256::new();
    // Writing to a hash cannot fail, and every value of this module serialises.
    let written = serde_json::to_writer(HashWriter(&mut hash), value);
    debug_assert!(written.is_ok());
    Fingerprint::from_bytes(hash.finalize().into())
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

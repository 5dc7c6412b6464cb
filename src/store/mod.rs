//! What is remembered, in the words of the domain. Derived: lost or damaged, it is rebuilt from the journal.
//!
//! The trait is blocking: a store is used from threads that may wait. There is one writer at a time, which reads
//! through [`Store`] and commits whole [`Step`]s; readers see committed states only.

pub mod backup;
mod codec;
pub mod memory;
pub mod sled;
mod stored;

use chrono::{DateTime, NaiveDate, Utc};

use crate::entry::{Life, Unmatched};
use crate::ident::{BillOfLading, BrokerName, EntryNumber, Fingerprint, NoticeId};
use crate::outbox::{
    AgendaKey, Alert, AlertKey, Course, Letter, LetterKey, LetterState, Silences, TroubleId, Window,
};
use crate::step::{
    BillRecord, DigestKey, DueKey, DueValue, FeedRecord, InputRecord, OpenTrouble, Position, QuarantineKey,
    Quarantined, Step,
};

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store in {path} is in use by another process")]
    Locked { path: String },
    #[error("the store could not {doing}")]
    Failed {
        doing: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the store holds a value that this release cannot read: {what}")]
    Unreadable { what: String },
}

impl StoreError {
    /// True when the stored data cannot be used, so that it must be rebuilt from the journal.
    pub fn wants_rebuild(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }

    /// True when there is no room left, so that an operator has to act.
    pub fn is_full_disk(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if let Some(io) = error.downcast_ref::<std::io::Error>() {
                return matches!(io.kind(), StorageFull | QuotaExceeded);
            }
            cause = error.source();
        }
        false
    }
}

type Result<T> = std::result::Result<T, StoreError>;

/// Which letters to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LetterFilter {
    All,
    Waiting,
    Sent,
    GivenUp,
    Withdrawn,
}

impl LetterFilter {
    pub fn takes(self, letter: &Letter) -> bool {
        match self {
            Self::All => true,
            Self::Waiting => matches!(letter.state, LetterState::Waiting { .. }),
            Self::Sent => matches!(letter.state, LetterState::Sent { .. }),
            Self::GivenUp => matches!(letter.state, LetterState::GivenUp { .. }),
            Self::Withdrawn => matches!(letter.state, LetterState::Withdrawn { .. }),
        }
    }
}

/// When a store is asked to tidy up: the more often it is asked in vain, the more must have gathered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// Between two steps, while more wait.
    Busy,
    /// Nothing waits.
    Quiet,
    /// Before it is closed.
    Stop,
}

pub trait Store: Send + Sync {
    /// How far the journal was applied.
    fn position(&self) -> Result<Position>;

    /// Makes one step durable, all or none. After a crash the store may be at an earlier step, never in the middle of one.
    fn commit(&self, step: &Step) -> Result<()>;

    fn life(&self, number: EntryNumber) -> Result<Option<Life>>;
    fn bill(&self, bill: &BillOfLading) -> Result<Option<BillRecord>>;
    fn loose(&self, id: NoticeId) -> Result<Option<Unmatched>>;
    fn input(&self, file: Fingerprint) -> Result<Option<InputRecord>>;
    fn alert(&self, key: &AlertKey) -> Result<Option<Alert>>;
    fn letter(&self, key: &LetterKey) -> Result<Option<Letter>>;
    fn trouble(&self, id: &TroubleId) -> Result<Option<OpenTrouble>>;
    fn course(&self, key: &AlertKey) -> Result<Option<Course>>;
    fn window(&self, name: &str) -> Result<Option<Window>>;
    fn silences(&self) -> Result<Silences>;
    fn feed(&self, broker: &BrokerName) -> Result<Option<FeedRecord>>;

    /// Up to `limit` lives with numbers above `after`, in order.
    fn lives(&self, after: Option<EntryNumber>, limit: usize) -> Result<Vec<Life>>;
    fn bills(&self, after: Option<&BillOfLading>, limit: usize) -> Result<Vec<(BillOfLading, BillRecord)>>;
    fn all_loose(&self, after: Option<NoticeId>, limit: usize) -> Result<Vec<Unmatched>>;
    fn alerts(&self, after: Option<&AlertKey>, limit: usize) -> Result<Vec<Alert>>;
    fn quarantined(
        &self,
        after: Option<&QuarantineKey>,
        limit: usize,
    ) -> Result<Vec<(QuarantineKey, Quarantined)>>;

    /// Files with fingerprints from `from` on, in order.
    fn files(&self, from: Fingerprint, limit: usize) -> Result<Vec<Fingerprint>>;
    /// Files above `after` that hold what no table knew, with the version of the tables that they were read with.
    fn unread(&self, after: Option<Fingerprint>, limit: usize) -> Result<Vec<(Fingerprint, Box<str>)>>;

    /// Every trouble that was told and is not over, in the order of what it is about.
    fn troubles(&self) -> Result<Vec<OpenTrouble>>;

    /// Reminders due on `day` or before, earliest first.
    fn due_until(&self, day: NaiveDate, limit: usize) -> Result<Vec<(DueKey, DueValue)>>;
    /// What is to happen at `now` or before, earliest first.
    fn agenda_until(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<AgendaKey>>;
    /// The moment of the first thing that is to happen.
    fn next_agenda_at(&self) -> Result<Option<DateTime<Utc>>>;
    /// What waits for the digest of `recipient`, or of everybody, a recipient's oldest first.
    fn digest(&self, recipient: Option<&str>, limit: usize) -> Result<Vec<DigestKey>>;

    /// Waiting letters whose next try is at `now` or before, most urgent and oldest first.
    fn letters_ready(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Letter>>;
    /// The earliest next try of any waiting letter.
    fn next_letter_at(&self) -> Result<Option<DateTime<Utc>>>;
    /// The newest first.
    fn letters(&self, filter: LetterFilter, limit: usize) -> Result<Vec<Letter>>;

    /// How much is in it.
    fn counts(&self) -> Result<Counts>;

    /// Bytes of keys and values that it was asked to write since it was opened, as it was asked: what lies under
    /// other keys for the sake of order counts. Zero where nothing is written.
    fn bytes_asked(&self) -> u64 {
        0
    }

    /// Makes everything committed so far survive a power cut as well as this store can.
    fn flush(&self) -> Result<()>;

    /// Does what keeps its memory small and the next start short, when enough has gathered to be worth the while. Readers
    /// and writers may have to wait for it; what they find is the same before and after.
    ///
    /// # Errors
    /// When it is of no use afterwards and must be opened again.
    fn tidy(&self, _occasion: Occasion) -> Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    pub entries: u64,
    pub bills: u64,
    pub inputs: u64,
    pub alerts: u64,
    pub letters: u64,
    pub letters_waiting: u64,
    pub loose: u64,
    pub quarantined: u64,
}

impl Counts {
    pub const ZERO: Self = Self {
        entries: 0,
        bills: 0,
        inputs: 0,
        alerts: 0,
        letters: 0,
        letters_waiting: 0,
        loose: 0,
        quarantined: 0,
    };
}

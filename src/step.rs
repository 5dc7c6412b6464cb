//! Everything that one group of journal lines changes. It lands whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::entry::{Life, Oldest, Unmatched};
use crate::ident::{BillOfLading, BrokerName, DropName, EntryNumber, Fingerprint, NoticeId};
use crate::outbox::{
    AgendaKey, Alert, AlertKey, Course, Letter, LetterKey, Silences, TroubleBrief, TroubleId, Window,
};
use crate::place::{Finding, Severity};

/// How far a store has come in the journal: the last line applied. `seq` 0 is before the first line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Position {
    pub seq: u64,
    /// The hash of that line, so that a store and a journal that do not belong together are found out.
    pub hash: Fingerprint,
}

impl Position {
    pub const START: Self = Self { seq: 0, hash: Fingerprint::ZERO };
}

/// The changes of one group, each value whole as it is afterwards. `None` removes.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    pub position: Position,
    pub lives: BTreeMap<EntryNumber, Arc<Life>>,
    pub bills: BTreeMap<BillOfLading, BillRecord>,
    /// Notices that name neither an entry nor a bill.
    pub loose: BTreeMap<NoticeId, Unmatched>,
    pub inputs: BTreeMap<Fingerprint, InputRecord>,
    pub due: BTreeMap<DueKey, Option<DueValue>>,
    pub alerts: BTreeMap<AlertKey, Alert>,
    pub letters: BTreeMap<LetterKey, Letter>,
    pub digest: BTreeMap<DigestKey, bool>,
    pub quarantine: BTreeMap<QuarantineKey, Option<Quarantined>>,
    /// Troubles that last; one that is over is removed.
    pub troubles: BTreeMap<TroubleId, Option<OpenTrouble>>,
    pub courses: BTreeMap<AlertKey, Course>,
    /// What is put on the agenda, and what is taken off.
    pub agenda: BTreeMap<AgendaKey, bool>,
    /// By the name of the window: see `pipeline::gate`.
    pub windows: BTreeMap<Box<str>, Window>,
    /// All of them, when one changed.
    pub silences: Option<Silences>,
    pub feeds: BTreeMap<BrokerName, FeedRecord>,
    /// Files that hold records, segments or codes that no table knew, and the version of the tables that they were read with.
    /// `None`: the tables know everything in it.
    pub unread: BTreeMap<Fingerprint, Option<Box<str>>>,
}

impl Step {
    pub fn at(position: Position) -> Self {
        Self {
            position,
            lives: BTreeMap::new(),
            bills: BTreeMap::new(),
            loose: BTreeMap::new(),
            inputs: BTreeMap::new(),
            due: BTreeMap::new(),
            alerts: BTreeMap::new(),
            letters: BTreeMap::new(),
            digest: BTreeMap::new(),
            quarantine: BTreeMap::new(),
            troubles: BTreeMap::new(),
            courses: BTreeMap::new(),
            agenda: BTreeMap::new(),
            windows: BTreeMap::new(),
            silences: None,
            feeds: BTreeMap::new(),
            unread: BTreeMap::new(),
        }
    }
}

/// What is known under a bill: the entries that name it, and the notices that name only the bill.
///
/// Both are kept, so that an entry that appears later receives the notices that waited, and a notice that comes later
/// finds the entries. Order does not matter.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct BillRecord {
    pub entries: BTreeSet<EntryNumber>,
    pub notices: Vec<Unmatched>,
    /// Of a daily statement: the entry from whose time of entry it counts. See `pipeline::statements`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Oldest>,
}

impl BillRecord {
    /// More entries than this under one bill are not linked; the bill is shown as crowded. A daily statement lists up to
    /// 2,000.
    pub const ENTRIES_MAX: usize = 2_000;
    /// More notices than this for one bill are kept in the archive only.
    pub const NOTICES_MAX: usize = 5_000;
}

/// A file that was received, by its content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InputRecord {
    pub seq: u64,
    pub drop: DropName,
    pub broker: BrokerName,
    pub name: Arc<str>,
    pub size_bytes: u64,
    pub received_at: DateTime<Utc>,
    /// How often the same bytes came again.
    #[serde(default)]
    pub duplicates: u32,
    pub messages: u64,
    pub notices: u64,
    /// The worst first; at most [`InputRecord::FINDINGS_MAX`].
    #[serde(default)]
    pub findings: Vec<Finding>,
}

impl InputRecord {
    pub const FINDINGS_MAX: usize = 20;
}

/// When a broker last spoke, or since when it is awaited to, and of what it speaks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FeedRecord {
    /// When its last file was received; backfills do not count. Of one that never spoke, when its business hours were first looked at.
    pub last_received_at: DateTime<Utc>,
    /// The last file after which people were told that none came.
    #[serde(default)]
    pub told_for: Option<DateTime<Utc>>,
    /// What told them so, while no file has come since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<AlertKey>,
    /// When the first of its files was received, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_received_at: Option<DateTime<Utc>>,
    /// It has dropped a statement, or an answer to a query.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tells_money: bool,
    /// No file of it came so far.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_awaited: bool,
}

impl FeedRecord {
    /// Its first file.
    pub fn heard(at: DateTime<Utc>) -> Self {
        Self {
            last_received_at: at,
            told_for: None,
            told: None,
            first_received_at: Some(at),
            tells_money: false,
            is_awaited: false,
        }
    }

    /// A feed that has to begin still.
    pub fn awaited(since: DateTime<Utc>) -> Self {
        Self { is_awaited: true, first_received_at: None, ..Self::heard(since) }
    }

    /// Another file.
    pub fn heard_again(self, at: DateTime<Utc>, tells_money: bool) -> Self {
        Self {
            last_received_at: at,
            told: None,
            first_received_at: self.first_received_at.or(Some(at)),
            tells_money: tells_money || self.tells_money,
            is_awaited: false,
            ..self
        }
    }

    /// People know that nothing came since.
    pub fn is_told(&self) -> bool {
        self.told_for == Some(self.last_received_at)
    }
}

/// When the clock has to look at an entry's deadline again. Ordered by day.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct DueKey {
    pub day: NaiveDate,
    pub entry: EntryNumber,
    /// [`EntryDeadline::key`](crate::entry::EntryDeadline::key).
    pub deadline: Box<str>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DueValue {
    /// The date that the reminder counts towards: when it moved, the reminder is void.
    pub target: NaiveDate,
}

/// An alert that waits for a recipient's next digest. In the order in which they were raised, so that what is added
/// goes behind what is there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct DigestKey {
    pub recipient: Box<str>,
    /// The moment of the journal's line that raised it.
    pub raised_at: DateTime<Utc>,
    /// Kept in the store, or told by the entry: see `Pipeline::alert`.
    pub alert: AlertKey,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct QuarantineKey {
    pub file: Fingerprint,
    /// Number of the rejected piece in the file, from 0.
    pub piece: u32,
}

/// A piece of a file that could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quarantined {
    pub drop: DropName,
    pub broker: BrokerName,
    pub name: Arc<str>,
    pub received_at: DateTime<Utc>,
    /// Where on the way: `decode`, `interpret`.
    pub stage: Box<str>,
    /// Code, place and sentence.
    pub finding: Finding,
    /// What to do next.
    pub advice: Box<str>,
}

/// A trouble that was told and is not over.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OpenTrouble {
    pub since: DateTime<Utc>,
    /// The journal's line that told it; the occasion of its alerts.
    pub seq: u64,
    pub severity: Severity,
    /// Blank when it concerns none.
    pub broker: Box<str>,
    /// As it stands now.
    pub brief: TroubleBrief,
    /// Letters that were given up, when it is about a mailbox.
    #[serde(default, skip_serializing_if = "GivenUp::is_none")]
    pub given_up: GivenUp,
    /// What told people of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<AlertKey>,
}

/// Letters that a mailbox did not take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct GivenUp {
    pub letters: u32,
    /// Of them, those that a person has to act on at once.
    pub critical: u32,
    /// The journal's line that told the first critical one, when the trouble had been told before.
    pub critical_seq: Option<u64>,
}

impl GivenUp {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

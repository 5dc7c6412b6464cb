//! What an alert keeps of an entry, a notice, a deadline or a trouble: as it was when the alert was raised.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::deadline::Confidence;
use crate::entry::{ClockMove, EntryDeadline, InternalTarget};
use crate::ident::{BrokerName, EntryNumber, Fingerprint, NoticeId};
use crate::notice::{EventTime, Kind, Token};
use crate::place::Place;

/// The entry at the moment of the alert.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EntryBrief {
    pub number: EntryNumber,
    pub status: Box<str>,
    pub broker: BrokerName,
    pub entry_type: Option<Token>,
    pub port: Option<Token>,
    pub importer: Option<Box<str>>,
    pub broker_reference: Option<Box<str>>,
    pub orders: Vec<Box<str>>,
    pub bills: Vec<Box<str>>,
    pub released_at: Option<EventTime>,
    pub open_holds: Vec<HoldBrief>,
    /// The money at stake in plain words: `Liquidated 1,250.00 above what was paid`. Blank when nothing is known.
    #[serde(default)]
    pub at_stake: Box<str>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HoldBrief {
    pub agency: Token,
    pub code: Token,
    pub since: Option<EventTime>,
    pub bill: Option<Box<str>>,
}

/// Why the alert was raised.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// Customs said something.
    Notice(Box<NoticeBrief>),
    /// A clock passed a step of its ladder.
    Deadline(Box<DeadlineBrief>),
    /// Something is wrong with a file, a drop or ourselves.
    Trouble(TroubleBrief),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NoticeBrief {
    pub id: NoticeId,
    pub kind: Kind,
    pub code: Option<Token>,
    pub table: Option<Box<str>>,
    pub meaning: Option<Box<str>>,
    pub at: Option<EventTime>,
    pub bill: Option<Box<str>>,
    /// Agency, remarks, amounts ...: the fields of the notice, in order.
    pub fields: Vec<(Box<str>, Box<str>)>,
    /// The record or segment as it stands in the file, Latin-1 bytes above 127 and control characters shown as `?`.
    pub source_line: Box<str>,
    pub file: Fingerprint,
    pub file_name: Box<str>,
    pub place: Place,
    pub received_at: DateTime<Utc>,
    /// The key of the clock that answers the notice, when one does: the protest against this liquidation, the answer to
    /// this form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Box<str>>,
    /// The arithmetic of that clock, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeadlineBrief {
    pub deadline: EntryDeadline,
    /// The name of the deadline in plain words: `Protest`.
    pub name: Box<str>,
    /// Days from the day of the alert to `act_by` (or `due`); negative when overdue.
    pub days_left: i64,
    /// The ladder step that was passed: `30`, `overdue`; or the difference that is told.
    pub step: Box<str>,
    /// The day for which this was said, in the recipient's zone.
    pub on: NaiveDate,
    /// The arithmetic, a line each.
    pub steps: Vec<String>,
    /// The deadline's id and rule, since when it stands, and the table that it is from.
    #[serde(default)]
    pub rule: Box<str>,
    #[serde(default)]
    pub confidence: Option<Confidence>,
    /// The notice behind each fact, and where it stands in which file.
    #[serde(default)]
    pub evidence: Vec<Box<str>>,
    /// The sequence of its event in a calendar on that day.
    #[serde(default)]
    pub sequence: u32,
    /// The last move, while it is news.
    #[serde(default)]
    pub moved: Option<Box<ClockMove>>,
    /// The date that a person has set, with author and reason.
    #[serde(default)]
    pub target: Option<InternalTarget>,
}

impl DeadlineBrief {
    /// What stands in [`DeadlineBrief::step`] where a difference is told: the date moved, the clock runs again, what started it was taken back.
    pub const MOVED: &str = "moved";
    pub const REOPENED: &str = "reopened";
    pub const GONE: &str = "gone";
    pub fn is_gone(&self) -> bool {
        *self.step == *Self::GONE
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TroubleBrief {
    /// What it is about: `drop acme-sftp`, `file 350.edi`.
    pub subject: Box<str>,
    /// A stable word: `list-failed`, `host-key-refused`, `too-large`, `quarantined`, `unknown-record` ...
    pub code: Box<str>,
    /// A plain sentence.
    pub message: String,
    /// What to do about it.
    pub advice: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Fingerprint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A trouble that lasts: the same two are told once, however often they are met, until they are over.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct TroubleId {
    /// [`TroubleBrief::subject`].
    pub subject: Box<str>,
    /// [`TroubleBrief::code`].
    pub code: Box<str>,
}

impl TroubleBrief {
    pub fn id(&self) -> TroubleId {
        TroubleId { subject: self.subject.clone(), code: self.code.clone() }
    }
}

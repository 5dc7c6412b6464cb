//! The questions that can be asked, as they travel.

use std::time::Duration;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::api::Action;
use super::deadlines::Window;
use crate::entry::Status;
use crate::ident::EntryNumber;
use crate::outbox::AlertKey;
use crate::place::Severity;
use crate::step::QuarantineKey;
use crate::store::LetterFilter;

/// How long a question may take: one page of a list, one entry.
const READ_SECS: u64 = 60;

/// How long a walk over everything, or a backup, may take.
const WALK_SECS: u64 = 6 * 3_600;

/// One question or one act.
///
/// As JSON: `{"ask":"entry","number":"N0170000124"}`. Lists take `limit` (rows, at most [`PAGE_MAX`](super::PAGE_MAX))
/// and `after`, which is the `next` of the page before.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// One entry, whole, as it stands on a day.
    Entry {
        number: EntryNumber,
        #[serde(default)]
        on: Option<NaiveDate>,
    },
    /// What can still be done about an entry on a day.
    Pathways { number: EntryNumber, on: NaiveDate },
    /// Entries that pass a filter, in the order of their numbers.
    Entries {
        /// Today, for the nearest deadline of each.
        on: NaiveDate,
        #[serde(default)]
        filter: EntryFilter,
        #[serde(default)]
        after: Option<EntryNumber>,
        #[serde(default)]
        limit: Option<usize>,
    },
    /// Open deadlines in a window of days, in the order of the entries' numbers.
    Deadlines {
        window: Window,
        #[serde(default)]
        after: Option<EntryNumber>,
        #[serde(default)]
        limit: Option<usize>,
    },
    /// Where an entry's dates come from: all of them, or those of one deadline id or key.
    Explain {
        number: EntryNumber,
        #[serde(default)]
        deadline: Option<String>,
        /// The day for which states are told.
        #[serde(default)]
        on: Option<NaiveDate>,
    },
    /// One entry with its notices, as it is stored.
    Life { number: EntryNumber },
    /// Entries as they are stored, in the order of their numbers.
    Lives {
        #[serde(default)]
        after: Option<EntryNumber>,
        #[serde(default)]
        limit: Option<usize>,
    },
    /// The deadlines of a team as an iCalendar text.
    Calendar { team: String },
    /// What became of these alerts; at most [`TOLD_MAX`](super::TOLD_MAX).
    Told { alerts: Vec<AlertKey> },
    /// Every silence that is in force or was lately.
    Silences,
    /// Alerts, in the order of their keys.
    Alerts {
        #[serde(default)]
        filter: AlertFilter,
        #[serde(default)]
        after: Option<AlertKey>,
        #[serde(default)]
        limit: Option<usize>,
    },
    /// Letters in one state.
    Letters {
        state: LetterState,
        #[serde(default)]
        limit: Option<usize>,
    },
    /// Pieces that could not be read, in the order of their files' fingerprints.
    Quarantine {
        #[serde(default)]
        after: Option<QuarantineKey>,
        #[serde(default)]
        limit: Option<usize>,
    },
    /// One file with pieces in quarantine, by its fingerprint or the first digits of it.
    QuarantinedFile { file: String },
    /// A file that was received, in quarantine or not, by the first digits of its fingerprint.
    ReceivedFile { file: String },
    /// A hash of all entry state.
    StateHash,
    /// How much there is, and how far the journal was applied.
    Status,
    /// Does something. It becomes a journal line like all else.
    Act { action: Action },
}

impl Request {
    /// How long the answer may take before both ends give up.
    pub fn time_limit(&self) -> Duration {
        match self {
            Self::StateHash | Self::Calendar { .. } | Self::Act { .. } => Duration::from_secs(WALK_SECS),
            _ => Duration::from_secs(READ_SECS),
        }
    }
}

/// Which entries are wanted. What is `None` or false does not restrict.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EntryFilter {
    /// [`Status`] as its word.
    pub status: Option<StatusWord>,
    /// The broker whose file spoke last of the entry; letter case does not matter.
    pub broker: Option<String>,
    /// Importer number; punctuation and letter case do not matter.
    pub importer: Option<String>,
    /// Purchase order; letter case does not matter.
    pub po: Option<String>,
    /// Bill of lading, issuer and number joined; punctuation and letter case do not matter.
    pub bill: Option<String>,
    /// At least one open deadline in this window.
    pub due: Option<Window>,
    /// At least one open hold.
    pub open_hold: bool,
    /// A report from the ACE portal and the messages disagree.
    pub contradictions: bool,
    /// Something should have been said of it by now, and was not.
    pub silent: bool,
}

/// A [`Status`] that travels as its word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusWord(pub Status);

impl Serialize for StatusWord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for StatusWord {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Status::parse(&word).map(Self).ok_or_else(|| serde::de::Error::custom("not a status"))
    }
}

/// Which alerts are wanted.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertFilter {
    pub entry: Option<EntryNumber>,
    /// This one and what is more urgent.
    pub severity: Option<Severity>,
    pub rule: Option<String>,
}

/// The state of a letter, as a filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    #[default]
    All,
    Waiting,
    Sent,
    GivenUp,
    Withdrawn,
}

impl From<LetterState> for LetterFilter {
    fn from(state: LetterState) -> Self {
        match state {
            LetterState::All => Self::All,
            LetterState::Waiting => Self::Waiting,
            LetterState::Sent => Self::Sent,
            LetterState::GivenUp => Self::GivenUp,
            LetterState::Withdrawn => Self::Withdrawn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(json: &str) -> Result<Request, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn requests_come_back_as_they_were_sent() {
        let number = EntryNumber::parse("N01-7000012-4").expect("a number");
        let on = NaiveDate::from_ymd_opt(2026, 3, 6).expect("a date");
        let filter = EntryFilter {
            status: Some(StatusWord(Status::Held)),
            due: Some(Window { on, within_days: 30, overdue_days: 0 }),
            ..EntryFilter::default()
        };
        for request in [
            Request::Entry { number, on: Some(on) },
            Request::Entries { on, filter, after: Some(number), limit: None },
            Request::Deadlines {
                window: Window { on, within_days: 60, overdue_days: 30 },
                after: None,
                limit: Some(5),
            },
            Request::Explain { number, deadline: Some("PROTEST_DUE".to_owned()), on: Some(on) },
            Request::Alerts { filter: AlertFilter::default(), after: None, limit: None },
            Request::Life { number },
            Request::Silences,
            Request::Told { alerts: vec![AlertKey::new("hold", "N0170000124", "1")] },
            Request::Letters { state: LetterState::GivenUp, limit: None },
            Request::Quarantine { after: None, limit: None },
            Request::StateHash,
            Request::Status,
            Request::Act { action: Action::Backup { dir: "/srv/backup".into() } },
        ] {
            let json = serde_json::to_string(&request).expect("it serialises");
            assert_eq!(reads(&json), Ok(request), "{json}");
        }
    }

    #[test]
    fn requests_are_read_strictly() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"ask":"nonsense"}"#,
            r#"{"ask":"entry"}"#,
            r#"{"ask":"entry","number":"123"}"#,
            r#"{"ask":"entry","number":"N0170000124","extra":1}"#,
            r#"{"ask":"entries","on":"2026-03-06","filter":{"status":"sleeping"}}"#,
            r#"{"ask":"entries","on":"2026-03-06","limit":-1}"#,
        ] {
            assert!(reads(json).is_err(), "{json}");
        }
        assert!(reads(r#"{"ask":"alerts"}"#).is_ok());
    }
}

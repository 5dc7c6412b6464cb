//! The synthetic broker: whole lives of invented entries, as the files that brokers would drop.
//!
//! Everything follows from the seed, byte for byte, on every machine. Beside the files goes a ledger of what they say,
//! so that a test can hold a reader against it. Lives are derived again whenever one of their messages is due, so a
//! feed of a million entries needs some twenty bytes for each open entry and one unfinished file for each kind.

mod abi;
mod answers;
mod bundle;
mod cargo;
mod cohort;
mod family;
mod faults;
mod feed;
mod filings;
mod life;
mod manifest;
mod orders;
mod random;
mod record;
mod said;
mod sequel;
mod statements;
mod story;
mod write;
mod x12;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::ident::{BrokerName, EntryNumber};

pub use family::{Family, UnknownFamily};
pub use faults::{Fault, UnknownFault};
pub use feed::{Feed, generate};
pub use write::{LEDGER_NAME, Totals, WriteError, write_to};

/// More brokers than this are not invented.
pub const BROKERS_MAX: usize = 8;

/// More messages than this do not go into one file, which is held in memory while it grows.
pub const MESSAGES_PER_FILE_MAX: usize = 100_000;

/// What to generate.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// How many entries; each makes some ten messages of the core families, some twenty of all. At most ten million for each broker.
    pub entries: u64,
    /// How many brokers share the entries: 1 to [`BROKERS_MAX`].
    pub brokers: usize,
    /// Which messages of the lives are written; the others are left out.
    pub families: BTreeSet<Family>,
    /// Of every hundred kinds of message about an entry, how many the broker copies; which ones differs from entry to entry.
    pub copied_percent: u64,
    /// What goes wrong on the way, beside the troubles of the entries themselves.
    pub faults: BTreeSet<Fault>,
    /// A file is closed when it holds so many messages: 1 to [`MESSAGES_PER_FILE_MAX`]. The last file of each kind
    /// may hold fewer.
    pub messages_per_file: usize,
    /// The day of the first filing. Filings spread over the year that follows, one a day at least; the last
    /// liquidations come more than a year after their filing. From 2000 to 2060, for ABI dates have two-digit years.
    pub start: NaiveDate,
}

impl Plan {
    /// A plan with three brokers that copy all of [`Family::CORE`], no faults, twenty messages a file, starting on 5 January
    /// 2026.
    pub fn new(seed: u64, entries: u64) -> Self {
        Self {
            seed,
            entries,
            brokers: 3,
            families: Family::CORE.into(),
            copied_percent: 100,
            faults: BTreeSet::new(),
            messages_per_file: 20,
            start: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default(),
        }
    }
}

/// A file as a broker drops it.
#[derive(Clone, Debug)]
pub struct GeneratedFile {
    pub broker: BrokerName,
    /// Without a folder: the set or application, the day, a number that counts the broker's files.
    pub name: String,
    pub bytes: Vec<u8>,
    /// What the file says, in its order. Empty for a truncated upload, whose messages come again in a later file.
    pub facts: Vec<Fact>,
    /// What was done to the file on its way.
    pub fault: Option<Fault>,
}

impl GeneratedFile {
    /// The file's path below the feed's folder, the same as in its facts.
    pub fn path(&self) -> String {
        format!("{}/{}", self.broker, self.name)
    }
}

/// One thing that one file says: a line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// The notice's kind, as `decode --json` names it.
    pub kind: Cow<'static, str>,
    pub entry: Option<EntryNumber>,
    /// Issuer and number without blanks; for a house bill its master.
    pub bill: Option<String>,
    pub house_bill: Option<String>,
    /// The code that carries the meaning, as the message prints it; `docs/generate.md` names the field of each kind. Empty
    /// where a message has none.
    pub code: String,
    /// `2026-03-02T08:30:00`, or the date alone; null when the message itself gives none.
    pub at: Option<String>,
    /// Fields of the notice with their values: sums, statement numbers, orders. Not all that the notice has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<Cow<'static, str>, String>,
    /// Path below the feed's folder.
    pub file: Arc<str>,
}

#[cfg(test)]
mod tests;

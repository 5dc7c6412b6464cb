//! The names that rules may use: code tables, deadlines, troubles. A rule about a name that nobody says is a mistake.

use std::collections::{BTreeMap, BTreeSet};

use crate::grammar::CodeTables;
use crate::place::{Severity, finding_code};

/// The troubles that the daemon reports by itself, beside the codes of [`finding_code`]. An operator must act on each.
pub const TROUBLES: &[&str] = &[
    // drops
    "list-failed",
    "too-many-files",
    "too-large",
    "odd-name",
    "read-failed",
    "finish-failed",
    "login-refused",
    "host-key-refused",
    "drop-unreachable",
    "drop-silent",
    "name-reused",
    // files
    "quarantined",
    "incomplete",
    "unknown-filer",
    "crowded-bill",
    "entry-full",
    // ourselves
    "disk-full",
    "archive-damaged",
    "journal-damaged",
    "store-damaged",
    "state-rebuilt",
    "clock-moved",
    "reload-refused",
    "mail-refused",
    "letter-given-up",
    "internal",
];

const FINDINGS: &[&str] = &[
    finding_code::UNKNOWN_RECORD,
    finding_code::UNKNOWN_SEGMENT,
    finding_code::UNKNOWN_SET,
    finding_code::CARRIED,
    finding_code::UNKNOWN_CODE,
    finding_code::UNKNOWN_ENTRY,
    finding_code::CHECK_DIGIT,
    finding_code::COUNT_MISMATCH,
    finding_code::CONTROL_MISMATCH,
    finding_code::MISSING_TRAILER,
    finding_code::TRUNCATED,
    finding_code::OVERLONG_RECORD,
    finding_code::OVERLONG_MESSAGE,
    finding_code::BAD_DATE,
    finding_code::BAD_NUMBER,
    finding_code::BAD_ELEMENT,
    finding_code::BAD_DELIMITER,
    finding_code::SHORT_ISA,
    finding_code::DUPLICATE_CONTROL_NUMBER,
    finding_code::NOT_EDI,
    finding_code::EMPTY,
    finding_code::ENCODING,
    finding_code::ENVELOPE,
    finding_code::MISSING_FIELD,
    finding_code::BATCH_REJECTED,
];

/// Names against which rules are checked.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    tables: BTreeMap<Box<str>, BTreeMap<Box<str>, Option<Severity>>>,
    deadlines: BTreeSet<Box<str>>,
    brokers: BTreeSet<Box<str>>,
}

impl Vocabulary {
    /// The tables of the grammar in force, and the ids of its deadlines.
    pub fn new<'a>(codes: &CodeTables, deadlines: impl IntoIterator<Item = &'a str>) -> Self {
        let tables = codes
            .iter()
            .map(|table| {
                let mut rows = BTreeMap::new();
                for row in &table.rows {
                    rows.entry(row.code.clone()).or_insert(row.severity);
                }
                (table.name.clone(), rows)
            })
            .collect();
        Self { tables, deadlines: deadlines.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Adds the brokers of the configuration. Without any, names of brokers pass unchecked.
    pub fn with_brokers<'a>(mut self, brokers: impl IntoIterator<Item = &'a str>) -> Self {
        self.brokers.extend(brokers.into_iter().map(Into::into));
        self
    }

    /// True when there are tables to check against; without any, table and code names pass unchecked.
    pub(super) fn has_tables(&self) -> bool {
        !self.tables.is_empty()
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &str> + Clone {
        self.tables.keys().map(|name| &**name)
    }

    pub(super) fn codes(&self, table: &str) -> Option<impl Iterator<Item = &str> + Clone> {
        self.tables.get(table).map(|rows| rows.keys().map(|code| &**code))
    }

    pub(super) fn has_code(&self, table: &str, code: &str) -> bool {
        self.tables.get(table).is_some_and(|rows| rows.contains_key(code))
    }

    /// The severity that the table suggests.
    pub(super) fn severity(&self, table: &str, code: &str) -> Option<Severity> {
        *self.tables.get(table)?.get(code)?
    }

    pub(super) fn deadlines(&self) -> impl Iterator<Item = &str> + Clone {
        self.deadlines.iter().map(|id| &**id)
    }

    pub(super) fn brokers(&self) -> impl Iterator<Item = &str> + Clone {
        self.brokers.iter().map(|name| &**name)
    }

    pub(super) fn troubles() -> impl Iterator<Item = &'static str> + Clone {
        TROUBLES.iter().chain(FINDINGS).copied()
    }
}

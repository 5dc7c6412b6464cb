//! The table of deadlines: read from TOML, audited whole, and then only looked at.
//!
//! A table that passed its [audit](super::audit) can be computed with without any further check: each key exists, each
//! deadline has a version and a start, lengths are in bounds.

use std::fmt;
use std::sync::{Arc, LazyLock};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::answer::{Class, Confidence, DeadlineId, Due, DueError};
use super::audit::audited;
use super::calendar::Calendar;
use super::doubt::Doubt;
use super::fault::TableError;
use super::key::Key;
use super::overrides::Overrides;
use super::term::{Term, Unit};
use super::triggers::{Triggers, closest, shown};
use super::value::Value;

/// The table that is part of the program.
pub const EMBEDDED: &str = include_str!("../../grammars/deadlines.toml");
/// How the embedded table is called in messages.
pub const EMBEDDED_NAME: &str = "grammars/deadlines.toml";

/// A deadline: its clock, its versions and its exceptions.
#[derive(Clone, Debug)]
pub struct Definition {
    pub id: DeadlineId,
    pub name: String,
    /// The group it is listed with: `entry`, `liquidation`, `protest` ...
    pub family: String,
    pub class: Class,
    /// Groups of keys: the first group of which anything is known gives day 0, and in it the earliest date.
    pub counts_from: Vec<Vec<Key>>,
    /// Every key that may be given, in the order of the table.
    pub accepts: Vec<Key>,
    /// False where the clock is kept only if the configuration asks for it.
    pub on: bool,
    /// What ends the clock, in words.
    pub closed_by: String,
    pub confidence: Confidence,
    pub note: String,
    pub(super) doubt: Doubt,
    /// In order of time, without overlap.
    pub versions: Vec<Version>,
    pub(super) requires: Vec<Key>,
    pub(super) printed: Option<Key>,
    pub(super) act_on_earlier: bool,
    pub(super) version_by: Option<Key>,
    pub(super) extension: Option<Extension>,
    pub(super) bank_calendar: bool,
    pub(super) cases: Vec<Case>,
    /// The keys of `counts_from`, shared with errors.
    pub(super) start_keys: Arc<[Key]>,
}

/// The rule as it stands for a stretch of time.
#[derive(Clone, Debug)]
pub struct Version {
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
    /// The citation.
    pub basis: String,
    pub term: Term,
    pub(super) rule: Option<String>,
    pub(super) second: Option<Second>,
    pub(super) leg: Option<Leg>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Extension {
    pub length: u32,
    pub max: u32,
}

/// Another clock beside the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Second {
    pub counts_from: Key,
    pub term: Term,
    pub use_for: SecondUse,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SecondUse {
    /// The later of the two is due.
    Later,
    /// The first is due; one acts on the earlier.
    ActBy,
}

/// The leg of a post summary correction that counts back from liquidation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub days: u32,
    /// How many days before liquidation to act, at least `days`.
    pub act_days: u32,
    /// An extension that the importer asked for moves this leg and ends the other one.
    pub importer_extension: bool,
    /// How liquidation is estimated from the date of entry while CBP has not scheduled it.
    pub estimate: Term,
}

/// An exception that certain facts call for. The first that matches applies.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub conditions: Vec<Condition>,
    pub due: Option<Due>,
    pub length: Option<u32>,
    pub unit: Option<Unit>,
    pub margin_days: Option<u32>,
    /// One acts on day 0, whatever the last day is.
    pub act_at_once: bool,
    /// How sure the exception is, where that differs from the rule.
    pub confidence: Option<Confidence>,
    pub why: String,
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    OneOf(Key, Vec<Value>),
    NoneOf(Key, Vec<Value>),
    Absent(Key),
}

impl Case {
    pub fn matches(&self, facts: &Triggers) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::OneOf(key, values) => facts.get(*key).is_some_and(|value| values.contains(value)),
            Condition::NoneOf(key, values) => facts.get(*key).is_some_and(|value| !values.contains(value)),
            Condition::Absent(key) => facts.get(*key).is_none(),
        })
    }

    pub fn adjust(&self, term: &mut Term) {
        term.length = self.length.unwrap_or(term.length);
        term.unit = self.unit.unwrap_or(term.unit);
        term.margin_days = self.margin_days.unwrap_or(term.margin_days);
    }
}

/// `entry_type is 02, 07, 12: the same day (why)`.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let either = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        for (index, condition) in self.conditions.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " and " })?;
            match condition {
                Condition::OneOf(key, values) => write!(f, "{key} is {}", either(values))?,
                Condition::NoneOf(key, values) => write!(f, "{key} is known and none of {}", either(values))?,
                Condition::Absent(key) => write!(f, "{key} is not known")?,
            }
        }
        f.write_str(": ")?;
        match (self.due, self.length, self.margin_days) {
            (Some(due), ..) => write!(f, "{due}")?,
            (None, Some(0), _) => write!(f, "the same day")?,
            (None, Some(length), _) => write!(f, "length {length}")?,
            (None, None, Some(days)) => write!(f, "act {days} day(s) before")?,
            (None, None, None) if self.act_at_once => write!(f, "act on the same day")?,
            (None, None, None) => write!(f, "as the rule stands")?,
        }
        write!(f, " ({})", self.why)
    }
}

impl Version {
    /// The rule in plain words: `180 calendar days, forward`.
    pub fn rule(&self) -> String {
        self.rule.clone().unwrap_or_else(|| self.term.to_string())
    }
}

impl Definition {
    /// The exceptions in words, in the order in which they are tried.
    pub fn exceptions(&self) -> Vec<String> {
        let mut exceptions: Vec<String> = self.cases.iter().map(Case::to_string).collect();
        exceptions.extend(self.extension.map(|extension| {
            let Extension { length, max } = extension;
            format!("each of `extensions` adds {length}; more than {max} are INVALID")
        }));
        exceptions
    }

    /// The key of a date printed by the agency, which takes the place of the computed one.
    pub fn printed(&self) -> Option<Key> {
        self.printed
    }

    /// Day 0 and the fact that gives it.
    pub fn start(&self, facts: &Triggers) -> Option<(Key, NaiveDate)> {
        let dated = |key: &Key| facts.date(*key).map(|date| (*key, date));
        self.counts_from.iter().find_map(|group| group.iter().filter_map(dated).min_by_key(|(_, date)| *date))
    }

    /// The rule for a clock that started on `date`.
    pub fn version_on(&self, date: NaiveDate) -> Option<&Version> {
        self.versions.iter().rev().find(|version| {
            version.valid_from.is_none_or(|from| from <= date) && version.valid_to.is_none_or(|to| date <= to)
        })
    }

    /// The rule as it stands last.
    pub fn current(&self) -> &Version {
        self.versions.last().expect("the audit refuses a deadline without a version")
    }

    /// The keys of which one must be known.
    pub(super) fn missing_start(&self) -> DueError {
        DueError::Missing { id: self.id.clone(), any_of: Arc::clone(&self.start_keys) }
    }
}

/// All deadlines, and the calendar they are counted with.
#[derive(Clone, Debug)]
pub struct DeadlineTable {
    definitions: Vec<Definition>,
    /// Positions in `definitions`, in the order of the ids.
    by_id: Vec<usize>,
    calendar: Calendar,
    overrides: Overrides,
    text_hash: [u8; 32],
    version: Arc<str>,
}

impl DeadlineTable {
    /// The table that is part of the program.
    pub fn embedded() -> &'static Self {
        static TABLE: LazyLock<DeadlineTable> = LazyLock::new(|| {
            DeadlineTable::parse(EMBEDDED, EMBEDDED_NAME).expect("a test audits the embedded table")
        });
        &TABLE
    }

    /// Reads and audits a table; `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// The first fault of TOML, or all faults of content, each with its place.
    pub fn parse(text: &str, name: &str) -> Result<Self, TableError> {
        audited(text, name)
    }

    /// A table of what an audit found sound.
    pub(super) fn new(text: &str, definitions: Vec<Definition>, calendar: Calendar) -> Self {
        let mut by_id: Vec<usize> = (0..definitions.len()).collect();
        by_id.sort_by(|left, right| definitions[*left].id.cmp(&definitions[*right].id));
        let text_hash = Sha256::digest(text.as_bytes()).into();
        let overrides = Overrides::default();
        Self { definitions, by_id, calendar, overrides, text_hash, version: "".into() }.stamped()
    }

    /// This table with more days on which offices are closed by order. They count, but nobody is told to act on one.
    pub fn with_closures(&self, closures: &[NaiveDate]) -> Self {
        let mut table = self.clone();
        for date in closures {
            table.calendar.close(*date, "configured");
        }
        table.stamped()
    }

    /// This table as its file has it, without what a configuration added.
    pub fn without_configuration(&self) -> Self {
        let mut table = self.clone();
        table.calendar.reopen("configured");
        table.overrides = Overrides::default();
        table.stamped()
    }

    /// This table with days that CBP declared not to count.
    pub fn with_nonworking(&self, days: &[NaiveDate]) -> Self {
        let mut table = self.clone();
        for date in days {
            table.calendar.uncount(*date);
        }
        table.stamped()
    }

    /// This table as it stood on `day`, whatever day a clock starts on: each deadline keeps the version that held then.
    /// A deadline that had none keeps all of its versions.
    pub fn as_of(&self, day: NaiveDate) -> Self {
        let mut table = self.clone();
        for definition in &mut table.definitions {
            if let Some(version) = definition.version_on(day) {
                definition.versions = vec![Version { valid_from: None, valid_to: None, ..version.clone() }];
            }
        }
        table
    }

    /// This table with what the configuration knows better.
    pub fn with_overrides(&self, overrides: Overrides) -> Self {
        Self { overrides, ..self.clone() }.stamped()
    }

    pub fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// Every deadline, in the order of the table.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    pub fn find(&self, id: &str) -> Option<&Definition> {
        let at = self.by_id.binary_search_by(|at| self.definitions[*at].id.as_str().cmp(id)).ok()?;
        Some(&self.definitions[self.by_id[at]])
    }

    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Changes whenever the table or the calendar does: 16 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn unknown(&self, id: &str) -> DueError {
        let ids = self.definitions.iter().map(|definition| definition.id.as_str());
        DueError::UnknownId { given: shown(id), closest: closest(id, ids).map(str::to_owned) }
    }

    fn stamped(mut self) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.text_hash);
        for (date, _) in self.calendar.closures() {
            hash.update(format!("closed {date}\n"));
        }
        for date in self.calendar.uncounted() {
            hash.update(format!("nonworking {date}\n"));
        }
        if self.overrides != Overrides::default() {
            hash.update(format!("{:?}", self.overrides));
        }
        let digits: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.version = digits.into();
        self
    }
}

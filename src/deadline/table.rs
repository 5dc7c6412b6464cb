//! The table of deadlines: read from TOML, audited whole, and then only looked at.
//!
//! An audit reports every fault with its line and column. A table that passes it can be computed with without any
//! further check: each key exists, each deadline has a version and a start, lengths are in bounds.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::value::Datetime;

use super::answer::{Class, Confidence, DeadlineId, Due, DueError};
use super::calendar::Calendar;
use super::raw::{RawCase, RawDeadline, RawLeg, RawSecond, RawTable, RawVersion};
use super::term::{MonthEnd, Roll, Term, Unit};
use super::triggers::{Key, Kind, Triggers, Value, closest, shown};

/// The table that is part of the program.
pub const EMBEDDED: &str = include_str!("../../grammars/deadlines.toml");
/// How the embedded table is called in messages.
pub const EMBEDDED_NAME: &str = "grammars/deadlines.toml";

/// No period is longer; with trigger dates up to 2199 no sum leaves the calendar.
const CALENDAR_DAYS_MAX: u32 = 10_000;
/// Counted day by day, so kept short.
const WORKING_DAYS_MAX: u32 = 1_000;
/// Every month has this many working days, whatever its holidays.
const WORKING_DAY_OF_MONTH_MAX: u32 = 18;
const MONTHS_MAX: u32 = 600;
const YEARS_MAX: u32 = 50;
/// More bytes than this are no table of deadlines.
const TABLE_BYTES_MAX: usize = 4 * 1024 * 1024;

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
    start_keys: Arc<[Key]>,
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
    conditions: Vec<Condition>,
    pub due: Option<Due>,
    pub length: Option<u32>,
    pub unit: Option<Unit>,
    pub margin_days: Option<u32>,
    pub why: String,
}

#[derive(Clone, Debug)]
enum Condition {
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

/// `entry_type is 02, 07 or 12: length 0 (why)`.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let either = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
        for (index, condition) in self.conditions.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " and " })?;
            match condition {
                Condition::OneOf(key, values) => write!(f, "{key} is {}", either(values))?,
                Condition::NoneOf(key, values) => write!(f, "{key} is known and not {}", either(values))?,
                Condition::Absent(key) => write!(f, "{key} is not known")?,
            }
        }
        f.write_str(": ")?;
        match (self.due, self.length, self.margin_days) {
            (Some(due), ..) => write!(f, "{due}")?,
            (None, Some(0), _) => write!(f, "the same day")?,
            (None, Some(length), _) => write!(f, "length {length}")?,
            (None, None, Some(days)) => write!(f, "act {days} day(s) before")?,
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
        let mut audit = Audit { text, faults: Vec::new() };
        let table = audit.table();
        match table {
            Some(table) if audit.faults.is_empty() => Ok(table),
            _ => Err(TableError { name: name.to_owned(), faults: audit.faults }),
        }
    }

    /// This table with more days on which offices are closed by order. They count, but nobody is told to act on one.
    pub fn with_closures(&self, closures: &[NaiveDate]) -> Self {
        let mut table = self.clone();
        for date in closures {
            table.calendar.close(*date, "configured");
        }
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
        let digits: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.version = digits.into();
        self
    }
}

/// One thing that is wrong with a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableFault {
    pub message: String,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
}

/// A table that cannot be used, with every fault that was found.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct TableError {
    pub name: String,
    /// At least one.
    pub faults: Vec<TableFault>,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let between = if index == 0 { "" } else { "\n" };
            write!(f, "{between}{}:{}:{}: {}", self.name, fault.line, fault.column, fault.message)?;
        }
        Ok(())
    }
}

/// Turns a table as written into one that can be used, collecting faults.
struct Audit<'a> {
    text: &'a str,
    faults: Vec<TableFault>,
}

impl Audit<'_> {
    fn fault(&mut self, span: Range<usize>, message: impl Into<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.faults.push(TableFault { message: message.into(), span, line, column });
    }

    fn table(&mut self) -> Option<DeadlineTable> {
        if self.text.len() > TABLE_BYTES_MAX {
            self.fault(0..0, format!("the table is larger than {TABLE_BYTES_MAX} bytes"));
            return None;
        }
        let raw: RawTable = match toml::from_str(self.text) {
            Ok(raw) => raw,
            Err(error) => {
                self.fault(error.span().unwrap_or(0..0), error.message());
                return None;
            }
        };
        let mut calendar = Calendar::default();
        for closure in &raw.closure {
            if let Some(date) = self.date(&closure.date) {
                calendar.close(date, closure.reason.as_str());
            }
        }
        let estimates = estimates(&raw);
        let mut definitions: Vec<Definition> = Vec::with_capacity(raw.deadline.len());
        for deadline in &raw.deadline {
            if definitions.iter().any(|known| known.id == deadline.id.as_ref().as_str()) {
                self.fault(deadline.id.span(), format!("`{}` is defined twice", deadline.id.as_ref()));
            }
            definitions.push(self.definition(deadline, &estimates));
        }
        if definitions.is_empty() {
            self.fault(0..0, "the table defines no deadline");
        }
        let mut by_id: Vec<usize> = (0..definitions.len()).collect();
        by_id.sort_by(|left, right| definitions[*left].id.cmp(&definitions[*right].id));
        let text_hash = Sha256::digest(self.text.as_bytes()).into();
        Some(DeadlineTable { definitions, by_id, calendar, text_hash, version: "".into() }.stamped())
    }

    fn definition(&mut self, raw: &RawDeadline, estimates: &BTreeMap<String, Term>) -> Definition {
        let id = raw.id.as_ref();
        if id.is_empty()
            || !id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        {
            self.fault(raw.id.span(), "an id is made of capital letters, digits and `_`");
        }
        for (text, what) in [(&raw.name, "name"), (&raw.family, "family"), (&raw.closed_by, "closed_by")] {
            if text.trim().is_empty() {
                self.fault(raw.id.span(), format!("{id}: `{what}` is empty"));
            }
        }
        let counts_from: Vec<Vec<Key>> = raw.counts_from.iter().map(|group| self.keys(group, true)).collect();
        if counts_from.is_empty() || counts_from.iter().any(Vec::is_empty) {
            self.fault(raw.id.span(), format!("{id} counts from nothing"));
        }
        let requires = self.keys(&raw.requires, false);
        let printed = raw.printed.as_ref().and_then(|key| self.key(key, true));
        let version_by = raw.version_by.as_ref().and_then(|key| self.key(key, true));
        let mut accepts: Vec<Key> = counts_from.concat();
        accepts.extend(&requires);
        accepts.extend(printed);
        accepts.extend(version_by);
        accepts.extend(self.keys(&raw.reads, false));
        accepts.push(Key::Nonworking);
        let mut seen = Vec::new();
        accepts.retain(|key| {
            !seen.contains(key) && {
                seen.push(*key);
                true
            }
        });

        let month_end = if raw.class == Class::Keep { MonthEnd::Overflow } else { MonthEnd::Clamp };
        let versions: Vec<Version> =
            raw.version.iter().map(|version| self.version(raw, version, month_end, estimates)).collect();
        self.order(raw, &versions);
        for version in &versions {
            let read = version.second.iter().map(|second| second.counts_from);
            for key in read.filter(|key| !accepts.contains(key)) {
                self.fault(raw.id.span(), format!("{id}: add `{key}` to `reads`"));
            }
        }
        let cases = raw.case.iter().map(|case| self.case(id, case, &accepts)).collect();
        let extension = raw.extension.as_ref().map(|extension| {
            if !accepts.contains(&Key::Extensions) {
                self.fault(extension.length.span(), format!("{id}: add `extensions` to `reads`"));
            }
            let longest = extension.length.as_ref().saturating_mul(extension.max);
            for version in &versions {
                self.length(
                    extension.length.span(),
                    longest.saturating_add(version.term.length),
                    version.term.unit,
                );
            }
            Extension { length: *extension.length.as_ref(), max: extension.max }
        });
        Definition {
            id: DeadlineId::new(id),
            name: raw.name.clone(),
            family: raw.family.clone(),
            class: raw.class,
            start_keys: counts_from.concat().into_iter().chain(printed).collect(),
            counts_from,
            accepts,
            on: raw.on,
            closed_by: raw.closed_by.clone(),
            confidence: raw.confidence,
            note: raw.note.clone(),
            versions,
            requires,
            printed,
            act_on_earlier: raw.act_on_earlier,
            version_by,
            extension,
            bank_calendar: raw.bank_calendar,
            cases,
        }
    }

    fn version(
        &mut self,
        deadline: &RawDeadline,
        raw: &RawVersion,
        month_end: MonthEnd,
        estimates: &BTreeMap<String, Term>,
    ) -> Version {
        if raw.basis.trim().is_empty() {
            self.fault(raw.length.span(), format!("{}: a version without `basis`", deadline.id.as_ref()));
        }
        self.length(raw.length.span(), *raw.length.as_ref(), raw.unit);
        if raw.margin_days > CALENDAR_DAYS_MAX {
            self.fault(raw.length.span(), format!("a margin of more than {CALENDAR_DAYS_MAX} days"));
        }
        Version {
            valid_from: raw.valid_from.as_ref().and_then(|date| self.date(date)),
            valid_to: raw.valid_to.as_ref().and_then(|date| self.date(date)),
            basis: raw.basis.clone(),
            term: Term { month_end, ..term(raw) },
            rule: raw.rule.clone(),
            second: raw.second.as_ref().and_then(|second| self.second(second, month_end)),
            leg: raw.liquidation_leg.as_ref().and_then(|leg| self.leg(leg, estimates)),
        }
    }

    fn second(&mut self, raw: &RawSecond, month_end: MonthEnd) -> Option<Second> {
        self.length(raw.length.span(), *raw.length.as_ref(), raw.unit);
        let length = *raw.length.as_ref();
        let term = Term { length, unit: raw.unit, roll: Roll::None, margin_days: 0, month_end };
        self.key(&raw.counts_from, true).map(|counts_from| Second { counts_from, term, use_for: raw.use_for })
    }

    fn leg(&mut self, raw: &RawLeg, estimates: &BTreeMap<String, Term>) -> Option<Leg> {
        let estimate = estimates.get(raw.estimate.as_ref()).copied();
        if estimate.is_none() {
            self.fault(
                raw.estimate.span(),
                format!("there is no deadline `{}`", shown(raw.estimate.as_ref())),
            );
        }
        if raw.act_days < raw.days || raw.act_days > CALENDAR_DAYS_MAX {
            self.fault(
                raw.estimate.span(),
                "`act_days` must be at least `days`, for one acts before it is due",
            );
        }
        let (days, act_days, importer_extension) = (raw.days, raw.act_days, raw.importer_extension);
        estimate.map(|estimate| Leg { days, act_days, importer_extension, estimate })
    }

    /// Versions follow each other in time: each starts after the one before it ends.
    fn order(&mut self, raw: &RawDeadline, versions: &[Version]) {
        let id = raw.id.as_ref();
        if versions.is_empty() {
            self.fault(raw.id.span(), format!("{id} has no version"));
        }
        for (version, written) in versions.iter().zip(&raw.version) {
            if let (Some(from), Some(to)) = (version.valid_from, version.valid_to)
                && to < from
            {
                self.fault(written.length.span(), format!("{id}: a version ends before it starts"));
            }
        }
        for (pair, written) in versions.windows(2).zip(raw.version.iter().skip(1)) {
            let joined = match (pair[0].valid_to, pair[1].valid_from) {
                (Some(to), Some(from)) => to.succ_opt() == Some(from),
                _ => false,
            };
            if !joined {
                let span = written.valid_from.as_ref().map_or(written.length.span(), Spanned::span);
                self.fault(span, format!("{id}: a version must start the day after the one before it ends"));
            }
        }
    }

    fn case(&mut self, id: &str, raw: &Spanned<RawCase>, accepts: &[Key]) -> Case {
        let (span, raw) = (raw.span(), raw.as_ref());
        let mut conditions = Vec::new();
        for (negated, map) in [(false, &raw.when), (true, &raw.unless)] {
            for (name, texts) in map {
                let Some(key) = self.case_key(id, &span, name, accepts) else { continue };
                let values: Vec<Value> =
                    texts.iter().filter_map(|text| Value::parse(key.kind(), text)).collect();
                if values.len() < texts.len() || values.is_empty() {
                    self.fault(span.clone(), format!("{id}: in a case `{key}` must be {}", key.kind()));
                }
                conditions.push(if negated {
                    Condition::NoneOf(key, values)
                } else {
                    Condition::OneOf(key, values)
                });
            }
        }
        for name in &raw.absent {
            conditions.extend(self.case_key(id, &span, name, accepts).map(Condition::Absent));
        }
        if conditions.is_empty() {
            self.fault(span.clone(), format!("{id}: a case without a condition"));
        }
        let due = raw.due.as_deref().map(|text| match Due::parse(text) {
            Some(due @ (Due::None | Due::Open | Due::Blocked | Due::Ineligible | Due::Invalid)) => due,
            _ => {
                self.fault(
                    span.clone(),
                    format!("{id}: a case is due NONE, OPEN, BLOCKED, INELIGIBLE or INVALID"),
                );
                Due::Invalid
            }
        });
        if let Some(length) = raw.length {
            self.length(span, length, raw.unit.unwrap_or(Unit::WorkingDays));
        }
        let RawCase { length, unit, margin_days, .. } = *raw;
        Case { conditions, due, length, unit, margin_days, why: raw.why.clone() }
    }

    fn case_key(&mut self, id: &str, span: &Range<usize>, name: &str, accepts: &[Key]) -> Option<Key> {
        let key = Key::parse(name).filter(|key| accepts.contains(key));
        if key.is_none() {
            self.fault(
                span.clone(),
                format!("{id}: a case asks for `{}`, which the deadline does not read", shown(name)),
            );
        }
        key
    }

    fn keys(&mut self, names: &[Spanned<String>], dated: bool) -> Vec<Key> {
        names.iter().filter_map(|name| self.key(name, dated)).collect()
    }

    fn key(&mut self, name: &Spanned<String>, dated: bool) -> Option<Key> {
        let Some(key) = Key::parse(name.as_ref()) else {
            let near = closest(name.as_ref(), Key::ALL.iter().map(|key| key.as_str()));
            let hint = super::triggers::did_you_mean(near);
            self.fault(name.span(), format!("there is no key `{}`{hint}", shown(name.as_ref())));
            return None;
        };
        if dated && !matches!(key.kind(), Kind::Date | Kind::Dates) {
            self.fault(name.span(), format!("`{key}` is not a date"));
        }
        Some(key)
    }

    fn length(&mut self, span: Range<usize>, length: u32, unit: Unit) {
        let (min, max) = match unit {
            Unit::CalendarDays => (0, CALENDAR_DAYS_MAX),
            Unit::WorkingDays => (0, WORKING_DAYS_MAX),
            Unit::WorkingDayOfNextMonth => (1, WORKING_DAY_OF_MONTH_MAX),
            Unit::Months => (1, MONTHS_MAX),
            Unit::Years => (1, YEARS_MAX),
        };
        if !(min..=max).contains(&length) {
            self.fault(span, format!("a length must be {min} to {max} here"));
        }
    }

    fn date(&mut self, raw: &Spanned<Datetime>) -> Option<NaiveDate> {
        let date = match *raw.as_ref() {
            Datetime { date: Some(date), time: None, offset: None } => {
                NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
            }
            _ => None,
        };
        if date.is_none() {
            self.fault(raw.span(), "expected a date such as 2026-03-06");
        }
        date
    }
}

fn term(raw: &RawVersion) -> Term {
    let (length, month_end) = (*raw.length.as_ref(), MonthEnd::Clamp);
    Term { length, unit: raw.unit, roll: raw.roll, margin_days: raw.margin_days, month_end }
}

/// The newest term of each deadline, for those that lean on another one's.
fn estimates(raw: &RawTable) -> BTreeMap<String, Term> {
    let newest = |deadline: &RawDeadline| {
        deadline.version.last().map(|version| (deadline.id.as_ref().clone(), term(version)))
    };
    raw.deadline.iter().filter_map(newest).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// A table of one sound deadline with `lines` added to it.
    fn with(lines: &str) -> String {
        format!(
            r#"[[deadline]]
id = "A_DUE"
name = "A"
family = "a"
class = "duty"
counts_from = [["entry_date"]]
closed_by = "it is done"
confidence = "confirmed"
{lines}"#
        )
    }

    const VERSION: &str = "[[deadline.version]]\nbasis = \"law\"\nlength = 3\nunit = \"working_days\"\n";

    fn check(text: &str, wanted: Expect) {
        let told =
            DeadlineTable::parse(text, "t.toml").map_or_else(|error| error.to_string(), |_| "fine".into());
        wanted.assert_eq(&told);
    }

    #[test]
    fn the_embedded_table_is_sound() {
        let table = DeadlineTable::parse(EMBEDDED, EMBEDDED_NAME).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(table.definitions().len(), 61);
        for definition in table.definitions() {
            let found = table.find(definition.id.as_str()).expect("found by id");
            assert_eq!(found.id, definition.id);
        }
        assert!(table.find("A").is_none() && table.find("").is_none());
        assert_eq!(table.version().len(), 16);
        for id in [id::PROTEST_DUE, id::ES_DUE, id::PSC_DUE, id::LIQ_SCHEDULED_EST, id::LIQ_DEEMED_1Y] {
            assert!(table.find(id).is_some_and(|definition| definition.on), "{id}");
        }
        for id in id::ALL {
            assert!(table.find(id).is_some(), "{id}");
        }
        assert!(!table.find("CAPE_80D").expect("defined").on);
    }

    use super::super::id;

    #[test]
    fn every_fault_is_told_with_its_place() {
        check(&with(VERSION), expect!["fine"]);
        check("", expect!["t.toml:1:1: missing field `deadline`"]);
        check("deadline = []", expect!["t.toml:1:1: the table defines no deadline"]);
        check("[[deadline]\n", expect!["t.toml:1:12: unclosed array table, expected `]`"]);
        check(&with(""), expect!["t.toml:2:6: A_DUE has no version"]);
        check(
            &with(&format!("colour = 1\n{VERSION}")),
            expect![
                "t.toml:9:1: unknown field `colour`, expected one of `id`, `name`, `family`, `class`, `counts_from`, `reads`, `requires`, `printed`, `act_on_earlier`, `version_by`, `extension`, `bank_calendar`, `on`, `closed_by`, `confidence`, `note`, `version`, `case`"
            ],
        );
        check(
            &with(&format!("reads = [\"entry_tipe\"]\n{VERSION}")),
            expect!["t.toml:9:10: there is no key `entry_tipe`; did you mean `entry_type`?"],
        );
        check(
            &with(&format!("printed = \"suspended\"\n{VERSION}")),
            expect!["t.toml:9:11: `suspended` is not a date"],
        );
        check(
            &with(&format!("{VERSION}valid_from = 2026-13-01\n")),
            expect!["t.toml:13:14: invalid date, expected month between 01 and 12"],
        );
        check(
            &with(&format!("{VERSION}valid_from = 2026-12-01T00:00:00\n")),
            expect!["t.toml:13:14: expected a date such as 2026-03-06"],
        );
        check(
            &with(&VERSION.replace("length = 3", "length = 1001")),
            expect!["t.toml:11:10: a length must be 0 to 1000 here"],
        );
        check(
            &with(&VERSION.replace("length = 3", "length = -1")),
            expect!["t.toml:11:10: invalid value: integer `-1`, expected u32"],
        );
        check(
            &with(&VERSION.replace("\"law\"", "\" \"")),
            expect!["t.toml:11:10: A_DUE: a version without `basis`"],
        );
        check(
            &with(&VERSION.replace("working_days", "fortnights")),
            expect![
                "t.toml:12:8: unknown variant `fortnights`, expected one of `calendar_days`, `working_days`, `working_day_of_next_month`, `months`, `years`"
            ],
        );
        check(
            &with(&format!("{VERSION}valid_to = 2020-01-01\n{VERSION}valid_from = 2020-01-03\n")),
            expect!["t.toml:18:14: A_DUE: a version must start the day after the one before it ends"],
        );
        check(
            &with(&format!("{VERSION}valid_to = 2020-01-01\n{VERSION}valid_from = 2020-01-02\n")),
            expect!["fine"],
        );
        check(
            &with(&format!("{VERSION}valid_to = 2020-01-01\nvalid_from = 2020-01-02\n")),
            expect!["t.toml:11:10: A_DUE: a version ends before it starts"],
        );
        check(
            &with(&format!("{VERSION}[[deadline.case]]\nwhen = {{ suspended = [\"yes\"] }}\nwhy = \"w\"\n")),
            expect![[r#"
                t.toml:13:1: A_DUE: a case asks for `suspended`, which the deadline does not read
                t.toml:13:1: A_DUE: a case without a condition"#]],
        );
        let reads = format!("reads = [\"suspended\"]\n{VERSION}[[deadline.case]]\n");
        check(
            &with(&format!("{reads}when = {{ suspended = [\"perhaps\"] }}\nwhy = \"w\"\n")),
            expect!["t.toml:14:1: A_DUE: in a case `suspended` must be yes or no"],
        );
        check(
            &with(&format!("{reads}when = {{ suspended = [\"yes\"] }}\ndue = \"2026-01-01\"\nwhy = \"w\"\n")),
            expect!["t.toml:14:1: A_DUE: a case is due NONE, OPEN, BLOCKED, INELIGIBLE or INVALID"],
        );
        check(
            &with(&format!("{reads}why = \"w\"\n")),
            expect!["t.toml:14:1: A_DUE: a case without a condition"],
        );
        check(
            &with(&format!("extension = {{ length = 500, max = 3 }}\n{VERSION}")),
            expect![[r#"
            t.toml:9:24: A_DUE: add `extensions` to `reads`
            t.toml:9:24: a length must be 0 to 1000 here"#]],
        );
        check(
            &format!("{}{}", with(VERSION), with(VERSION)),
            expect!["t.toml:14:6: `A_DUE` is defined twice"],
        );
        let leg =
            "liquidation_leg = { days = 15, act_days = 14, importer_extension = true, estimate = \"B\" }\n";
        check(
            &with(&format!("{VERSION}{leg}")),
            expect![[r#"
            t.toml:13:85: there is no deadline `B`
            t.toml:13:85: `act_days` must be at least `days`, for one acts before it is due"#]],
        );
        check(
            "[[closure]]\ndate = \"2026-12-24\"\nreason = \"r\"\nsource = \"s\"\n",
            expect![[r#"t.toml:2:8: invalid type: string "2026-12-24", expected a TOML datetime"#]],
        );
    }
}

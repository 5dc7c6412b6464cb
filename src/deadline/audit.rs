//! The audit that a table of deadlines must pass.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;
use toml::Spanned;
use toml::value::Datetime;

use super::answer::{Class, DeadlineId, Due};
use super::calendar::Calendar;
use super::fault::{TableError, TableFault};
use super::id;
use super::key::{Key, Kind};
use super::raw::{RawCase, RawDeadline, RawLeg, RawSecond, RawTable, RawVersion};
use super::table::{Case, Condition, DeadlineTable, Definition, Extension, Leg, Second, Version};
use super::term::{MonthEnd, Roll, Term, Unit};
use super::triggers::{closest, did_you_mean, shown};
use super::value::Value;

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

/// Reads a table from TOML and audits all of it.
pub(super) fn audited(text: &str, name: &str) -> Result<DeadlineTable, TableError> {
    let mut audit = Audit { text, faults: Vec::new() };
    let table = audit.table();
    if let Some(table) = &table {
        audit.complete(table);
    }
    match table {
        Some(table) if audit.faults.is_empty() => Ok(table),
        _ => Err(TableError { name: name.to_owned(), faults: audit.faults }),
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
        Some(DeadlineTable::new(self.text, definitions, calendar))
    }

    /// A clock that the table lacks would silently be kept for no entry any more.
    fn complete(&mut self, table: &DeadlineTable) {
        let missing: Vec<&str> = id::ALL.iter().copied().filter(|id| table.find(id).is_none()).collect();
        if !missing.is_empty() && !table.definitions().is_empty() {
            self.fault(
                0..0,
                format!(
                    "the table lacks {}; a deadline that nobody wants is switched off with `on = false`",
                    missing.join(", ")
                ),
            );
        }
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
        let read = self.keys(&raw.reads, false);
        let accepts =
            distinct([&counts_from.concat(), &requires, printed.as_slice(), version_by.as_slice(), &read]);
        let month_end = if raw.class == Class::Keep { MonthEnd::Overflow } else { MonthEnd::Clamp };
        let versions: Vec<Version> =
            raw.version.iter().map(|version| self.version(raw, version, month_end, estimates)).collect();
        self.order(raw, &versions);
        let cases = raw.case.iter().map(|case| self.case(id, case, &accepts)).collect();
        let extension = self.extension(raw, &versions, &accepts);
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
            doubt: raw.doubt,
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

    /// What versions and extensions count from must be among the keys that the deadline reads.
    fn extension(&mut self, raw: &RawDeadline, versions: &[Version], accepts: &[Key]) -> Option<Extension> {
        let id = raw.id.as_ref();
        let seconds = versions.iter().filter_map(|version| version.second.as_ref());
        for key in seconds.map(|second| second.counts_from).filter(|key| !accepts.contains(key)) {
            self.fault(raw.id.span(), format!("{id}: add `{key}` to `reads`"));
        }
        let raw = raw.extension.as_ref()?;
        if !accepts.contains(&Key::Extensions) {
            self.fault(raw.length.span(), format!("{id}: add `extensions` to `reads`"));
        }
        let longest = raw.length.as_ref().saturating_mul(raw.max);
        for term in versions.iter().map(|version| version.term) {
            self.length(raw.length.span(), longest.saturating_add(term.length), term.unit);
        }
        Some(Extension { length: *raw.length.as_ref(), max: raw.max })
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
        let RawCase { length, unit, margin_days, act_at_once, confidence, .. } = *raw;
        Case { conditions, due, length, unit, margin_days, act_at_once, confidence, why: raw.why.clone() }
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
            let hint = did_you_mean(near);
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

/// The keys of all lists, each once; every deadline also reads which days do not count.
fn distinct<'a>(lists: impl IntoIterator<Item = &'a [Key]>) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for key in lists.into_iter().flatten().chain(&[Key::Nonworking]) {
        if !keys.contains(key) {
            keys.push(*key);
        }
    }
    keys
}

#[cfg(test)]
mod tests;

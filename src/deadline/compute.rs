//! From facts to dates: one way for every deadline, with or without the arithmetic written down.
//!
//! The quiet way and the explaining way run the same code; explaining only keeps the sentences.

use chrono::NaiveDate;

use super::adjust;
use super::answer::{Class, Computed, Confidence, Dates, DeadlineId, Due, DueError};
use super::calendar::{Days, day_text, plus_days};
use super::correction;
use super::key::Key;
use super::table::{Case, DeadlineTable, Definition, Second, SecondUse, Version};
use super::term::{MonthEnd, Term, Unit};
use super::triggers::Triggers;
use crate::words::count;

/// The id that asks what kind of day a day is, instead of for a deadline.
pub const CAL_DAY: &str = "CAL_DAY";

/// Why it is not certain whether a day counts.
pub(super) const IN_QUESTION: &str = "offices were closed by order, or the holiday was new";

/// A printed date farther than this from the computed one looks like a misread year or swapped day and month.
const PRINTED_APART_DAYS: u64 = 10;

impl DeadlineTable {
    /// Computes one deadline with its arithmetic, and takes no key that the deadline does not read.
    ///
    /// ```
    /// use entrywatch::deadline::{DeadlineTable, Triggers};
    ///
    /// let table = DeadlineTable::embedded();
    /// let protest = table.compute("PROTEST_DUE", &Triggers::parse(["liquidation_date=2026-03-06"])?)?;
    /// assert_eq!(protest.due.to_string(), "2026-09-02");
    /// assert_eq!(protest.steps[0], "2026-03-06 Fri is day 0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An unknown id, a key that the deadline does not read, a fact that is missing, or a time for which the table
    /// has no period.
    pub fn compute(&self, id: &str, triggers: &Triggers) -> Result<Computed, DueError> {
        let accepted: &[Key] = match self.find(id) {
            Some(definition) => &definition.accepts,
            None if id == CAL_DAY => &[Key::Date, Key::Nonworking],
            None => return Err(self.unknown(id)),
        };
        let overrides: &[Key] = if id == CAL_DAY { &[] } else { adjust::KEYS };
        if let Some(key) = triggers.keys().find(|key| !accepted.contains(key) && !overrides.contains(key)) {
            return Err(DueError::UnexpectedKey { id: id.into(), key, accepted: accepted.to_vec() });
        }
        self.explain(id, triggers)
    }

    /// # Errors
    ///
    /// The table has no such deadline.
    pub fn known(&self, id: &str) -> Result<(), DueError> {
        self.find(id).map(|_| ()).ok_or_else(|| self.unknown(id))
    }

    /// As [`compute`](Self::compute), but passes over facts that are for other deadlines.
    ///
    /// # Errors
    ///
    /// An unknown id, a fact that is missing, or a time for which the table has no period.
    pub fn explain(&self, id: &str, facts: &Triggers) -> Result<Computed, DueError> {
        let Some(definition) = self.find(id) else { return self.calendar_day(id, facts) };
        let mut trace = Trace(Some(Written::default()));
        let found = reckon(self, definition, facts, &mut trace)?;
        let Written { steps, warnings, base, doubts } = trace.0.unwrap_or_default();
        let sure = base.unwrap_or(definition.confidence);
        let version = found.version;
        let as_written = found.term == version.term;
        let rule = if as_written { version.rule() } else { found.term.to_string() };
        let (start_key, start) = found.dates.start.unzip();
        Ok(Computed {
            id: definition.id.clone(),
            due: found.dates.due,
            act_by: found.dates.act_by,
            rule,
            basis: version.basis.clone(),
            valid_from: version.valid_from,
            steps,
            confidence: doubts.iter().map(|(confidence, _)| *confidence).fold(sure, Confidence::max),
            doubts: doubts.into_iter().map(|(_, why)| why).collect(),
            note: definition.note.clone(),
            class: definition.class,
            name: definition.name.clone(),
            start,
            start_key: start_key.map(|key| key.as_str().to_owned()),
            closed_by: definition.closed_by.clone(),
            warnings,
            table_version: self.version().to_owned(),
        })
    }

    /// The dates alone, without a word of explanation: for every entry on every change.
    ///
    /// Agrees with [`explain`](Self::explain) on the same facts.
    ///
    /// # Errors
    ///
    /// An unknown id, a fact that is missing, or a time for which the table has no period.
    pub fn compute_dates(&self, id: &str, facts: &Triggers) -> Result<Dates, DueError> {
        let definition = self.find(id).ok_or_else(|| self.unknown(id))?;
        self.dates_of(definition, facts)
    }

    /// As [`compute_dates`](Self::compute_dates), for a definition of this table.
    ///
    /// # Errors
    ///
    /// A fact that is missing, or a time for which the table has no period.
    pub fn dates_of(&self, definition: &Definition, facts: &Triggers) -> Result<Dates, DueError> {
        Ok(reckon(self, definition, facts, &mut Trace(None))?.dates)
    }

    /// What kind of day a day is, in the shape of a deadline.
    fn calendar_day(&self, id: &str, facts: &Triggers) -> Result<Computed, DueError> {
        if id != CAL_DAY {
            return Err(self.unknown(id));
        }
        let id = DeadlineId::new(CAL_DAY);
        let date = facts
            .date(Key::Date)
            .ok_or_else(|| DueError::Missing { id: id.clone(), any_of: [Key::Date].into() })?;
        let days = self.calendar().days_without(facts.dates(Key::Nonworking));
        let is_sure = !days.is_in_question(date);
        Ok(Computed {
            id,
            due: if days.is_working(date) { Due::Working } else { Due::Nonworking },
            act_by: None,
            rule: "Monday to Friday without federal holidays".to_owned(),
            basis: "5 USC 6103; EO 11582".to_owned(),
            valid_from: None,
            steps: vec![format!("{} is {}", day_text(date), days.describe(date))],
            confidence: if is_sure { Confidence::Confirmed } else { Confidence::Uncertain },
            doubts: if is_sure { Vec::new() } else { vec![IN_QUESTION.to_owned()] },
            note: String::new(),
            class: Class::Watch,
            name: "Working day of the federal calendar".to_owned(),
            start: Some(date),
            start_key: Some(Key::Date.as_str().to_owned()),
            closed_by: "-".to_owned(),
            warnings: Vec::new(),
            table_version: self.version().to_owned(),
        })
    }
}

/// Sentences that explain an answer, kept only when somebody asked.
pub(super) struct Trace(Option<Written>);

#[derive(Default)]
struct Written {
    steps: Vec<String>,
    warnings: Vec<String>,
    /// How sure the answer is before any doubt, where it is not as sure as the deadline.
    base: Option<Confidence>,
    doubts: Vec<(Confidence, String)>,
}

impl Trace {
    pub fn say(&mut self, sentence: impl FnOnce() -> String) {
        if let Some(written) = &mut self.0 {
            written.steps.push(sentence());
        }
    }

    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// The answer is less sure than its rule.
    pub fn doubt(&mut self, confidence: Confidence, why: impl Into<String>) {
        if let Some(written) = &mut self.0 {
            written.doubts.push((confidence, why.into()));
        }
    }

    /// The answer rests on something else than the rule, and what was doubted of that counts no more.
    fn rest_on(&mut self, confidence: Option<Confidence>) {
        if let Some(written) = &mut self.0 {
            written.doubts.clear();
            written.base = confidence;
        }
    }

    fn warn(&mut self, sentence: impl FnOnce() -> String) {
        if let Some(written) = &mut self.0 {
            written.warnings.push(sentence());
        }
    }
}

/// A period counted out. `act` is what `act_by` is sought from; never later than `due`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reading {
    pub due: NaiveDate,
    pub act: NaiveDate,
}

struct Found<'t> {
    dates: Dates,
    version: &'t Version,
    term: Term,
}

impl<'t> Found<'t> {
    fn without_date(due: Due, start: Option<(Key, NaiveDate)>, version: &'t Version) -> Self {
        Self { dates: Dates { due, act_by: None, start }, version, term: version.term }
    }
}

fn reckon<'t>(
    table: &DeadlineTable,
    definition: &'t Definition,
    facts: &Triggers,
    trace: &mut Trace,
) -> Result<Found<'t>, DueError> {
    let start = definition.start(facts);
    let case = definition.cases.iter().find(|case| case.matches(facts));
    if let Some(case) = case {
        trace.say(|| case.why.clone());
        trace.rest_on(case.confidence);
        if let Some(due) = case.due {
            let version = start.and_then(|(_, date)| definition.version_on(date));
            return Ok(Found::without_date(due, start, version.unwrap_or(definition.current())));
        }
    }
    let days = table.calendar().days_without(facts.dates(Key::Nonworking));
    let printed = definition.printed.and_then(|key| facts.date(key));
    let Some((key, day_0)) = start else {
        let printed = printed.ok_or_else(|| definition.missing_start())?;
        return Ok(printed_alone(definition, printed, facts, days, trace));
    };
    if let Some(key) = definition.requires.iter().find(|key| facts.get(**key).is_none()) {
        return Err(DueError::Missing { id: definition.id.clone(), any_of: [*key].into() });
    }
    let (version, mut term) = in_force(definition, case, facts, day_0)?;
    trace.say(|| format!("{} is day 0", day_text(day_0)));
    let reading = if extended(&mut term, definition, facts, trace) {
        read(definition, version, term, (key, day_0), facts, days, trace)
    } else {
        None
    };
    let Some(mut reading) = reading else {
        return Ok(Found::without_date(Due::Invalid, start, version));
    };
    if case.is_some_and(|case| case.act_at_once) {
        reading.act = reading.act.min(day_0);
        trace.say(|| format!("one acts by {}, the earlier reading", day_text(reading.act)));
    }
    if let Some(printed) = printed {
        reading = outranked(definition, reading, day_0, printed, trace);
    }
    let adjusted = adjust::adjusted(definition.id.as_str(), reading, Some(day_0), (term, days), facts, trace);
    let Some(reading) = adjusted else {
        return Ok(Found::without_date(Due::Open, start, version));
    };
    let act_by = act_by(definition.class, reading.act, days, trace);
    let dates = Dates { due: Due::Date(reading.due), act_by, start: Some((key, day_0)) };
    Ok(Found { dates, version, term })
}

/// The version that holds for these facts, and its term as the case changes it.
fn in_force<'t>(
    definition: &'t Definition,
    case: Option<&Case>,
    facts: &Triggers,
    day_0: NaiveDate,
) -> Result<(&'t Version, Term), DueError> {
    let date = definition.version_by.and_then(|key| facts.date(key)).unwrap_or(day_0);
    let version = definition
        .version_on(date)
        .ok_or_else(|| DueError::NotInForce { id: definition.id.clone(), date })?;
    let mut term = version.term;
    if let Some(case) = case {
        case.adjust(&mut term);
    }
    Ok((version, term))
}

/// Lengthens the term by its extensions; false when there are more than the rule allows.
fn extended(term: &mut Term, definition: &Definition, facts: &Triggers, trace: &mut Trace) -> bool {
    let Some(extension) = definition.extension else { return true };
    let count = facts.count(Key::Extensions).unwrap_or(0);
    if count > extension.max {
        trace.say(|| format!("{count} extensions are claimed, but there are at most {}", extension.max));
        return false;
    }
    term.length += extension.length * count;
    if count > 0 {
        trace.say(|| format!("extensions so far: {count}, so the period is {term}"));
    }
    true
}

/// Every reading of the rule, before a printed date; `None` when the facts contradict each other.
fn read(
    definition: &Definition,
    version: &Version,
    term: Term,
    (start_key, day_0): (Key, NaiveDate),
    facts: &Triggers,
    days: Days<'_>,
    trace: &mut Trace,
) -> Option<Reading> {
    let mut reading = match &version.leg {
        Some(leg) => correction::reading(term, leg, day_0, facts, trace)?,
        None => {
            definition.doubt.of_count(term, day_0, days, trace);
            counted(term, day_0, days, trace)
        }
    };
    adjust::grant(&mut reading, facts, days, trace);
    if definition.bank_calendar {
        read_bank_calendar(&mut reading, term, day_0, days, trace);
    }
    if let Some(second) = version.second.as_ref().filter(|second| second.counts_from != start_key) {
        read_second(&mut reading, second, facts, days, trace);
    }
    Some(reading)
}

/// Counts `term` from day 0 and rolls its last day.
fn counted(term: Term, day_0: NaiveDate, days: Days<'_>, trace: &mut Trace) -> Reading {
    let last_day = term.last_day(day_0, days);
    trace.say(|| counted_text(term, day_0, last_day, days));
    let due = term.rolled(last_day, days);
    if due != last_day {
        trace.say(|| format!("the roll moves the last day to {}, {}", day_text(due), days.describe(due)));
    }
    let act = super::calendar::plus_days(last_day, -i64::from(term.margin_days));
    if act != last_day {
        trace.say(|| format!("the last day is disputed, so one acts by {}", day_text(act)));
    }
    Reading { due, act }
}

fn counted_text(term: Term, day_0: NaiveDate, last_day: NaiveDate, days: Days<'_>) -> String {
    let (length, day, kind) = (term.length, day_text(last_day), days.describe(last_day));
    let counted = match term.unit {
        Unit::CalendarDays => format!("day {length} is {day}, {kind}"),
        Unit::WorkingDays => format!("working day {length} is {day}, {kind}"),
        Unit::WorkingDayOfNextMonth => {
            format!("working day {length} of {} is {day}, {kind}", last_day.format("%Y-%m"))
        }
        Unit::Months => {
            format!("{} on is {day}, {kind}{}", count(length, "month"), month_end(term, day_0, last_day))
        }
        Unit::Years => {
            format!("{} on is {day}, {kind}{}", count(length, "year"), month_end(term, day_0, last_day))
        }
    };
    let left_out = match term.unit {
        Unit::WorkingDays => days.left_out(day_0, last_day),
        Unit::WorkingDayOfNextMonth => {
            let first = chrono::Datelike::with_day(&last_day, 1).unwrap_or(last_day);
            days.left_out(super::calendar::plus_days(first, -1), last_day)
        }
        Unit::CalendarDays | Unit::Months | Unit::Years => Vec::new(),
    };
    if left_out.is_empty() { counted } else { format!("{counted}; not counted: {}", left_out.join(", ")) }
}

/// Why the same day number was not reached: `; there is no 31 November 2026, so its last day counts`.
fn month_end(term: Term, day_0: NaiveDate, last_day: NaiveDate) -> String {
    use chrono::Datelike;
    if last_day.day() == day_0.day() {
        return String::new();
    }
    let (month, counts) = match term.month_end {
        MonthEnd::Clamp => (last_day, "its last day counts"),
        MonthEnd::Overflow => (plus_days(last_day, -1), "the first of the next month counts"),
    };
    format!("; there is no {} {}, so {counts}", day_0.day(), month.format("%B %Y"))
}

/// Banks may be open when federal offices are closed, so money may be due a day earlier.
fn read_bank_calendar(
    reading: &mut Reading,
    term: Term,
    day_0: NaiveDate,
    days: Days<'_>,
    trace: &mut Trace,
) {
    let bank = term.last_day(day_0, days.bank());
    if bank < reading.act {
        reading.act = bank;
        trace.say(|| format!("by the bank calendar it is {}, so one acts by then", day_text(bank)));
        trace.doubt(Confidence::Uncertain, "banks and federal offices keep another holiday");
    }
}

/// A second clock beside the first, where its own start is known.
fn read_second(reading: &mut Reading, second: &Second, facts: &Triggers, days: Days<'_>, trace: &mut Trace) {
    let Some(start) = facts.date(second.counts_from) else { return };
    let last_day = second.term.last_day(start, days);
    let (before, key, term) = (*reading, second.counts_from, second.term);
    match second.use_for {
        SecondUse::Later => {
            reading.due = reading.due.max(last_day);
            reading.act = reading.act.max(last_day);
        }
        SecondUse::ActBy => reading.act = reading.act.min(last_day),
    }
    trace.say(|| {
        let (from, to) = (day_text(start), day_text(last_day));
        let effect = match second.use_for {
            _ if *reading == before => "which changes nothing",
            SecondUse::Later => "which is later and counts",
            SecondUse::ActBy => "which is earlier, so one acts by then",
        };
        format!("a second clock ({term}) from {key} {from} ends on {to}, {effect}")
    });
}

/// A printed date takes the place of the computed one; a large difference is worth a look.
fn outranked(
    definition: &Definition,
    computed: Reading,
    day_0: NaiveDate,
    printed: NaiveDate,
    trace: &mut Trace,
) -> Reading {
    let key = definition.printed.map_or("", Key::as_str);
    trace.rest_on(definition.doubt.printed);
    trace.say(|| format!("{key} {} takes the place of the computed date", day_text(printed)));
    let apart_days = (printed - computed.due).num_days();
    if apart_days.unsigned_abs() > PRINTED_APART_DAYS || printed < day_0 {
        trace.warn(|| {
            let computed = day_text(computed.due);
            format!("{key} {} is {apart_days} days from the computed {computed}", day_text(printed))
        });
    }
    let act = if definition.act_on_earlier { printed.min(computed.act) } else { printed };
    Reading { due: printed, act }
}

/// Only the printed date is known: it needs no count.
fn printed_alone<'t>(
    definition: &'t Definition,
    printed: NaiveDate,
    facts: &Triggers,
    days: Days<'_>,
    trace: &mut Trace,
) -> Found<'t> {
    let key = definition.printed.map_or("", Key::as_str);
    trace.rest_on(definition.doubt.printed);
    trace.say(|| format!("{key} is {}, {}", day_text(printed), days.describe(printed)));
    let version = definition.version_on(printed).unwrap_or(definition.current());
    let reading = Reading { due: printed, act: printed };
    let adjusted =
        adjust::adjusted(definition.id.as_str(), reading, None, (version.term, days), facts, trace);
    let Some(reading) = adjusted else { return Found::without_date(Due::Open, None, version) };
    let act_by = act_by(definition.class, reading.act, days, trace);
    Found { dates: Dates { due: Due::Date(reading.due), act_by, start: None }, version, term: version.term }
}

/// Duties are acted on by the last open day on or before `act`.
fn act_by(class: Class, act: NaiveDate, days: Days<'_>, trace: &mut Trace) -> Option<NaiveDate> {
    if class != Class::Duty {
        return None;
    }
    let act_by = days.open_on_or_before(act);
    if act_by != act {
        trace.say(|| {
            let (from, to) = (day_text(act), day_text(act_by));
            format!("{from} is {}, so one acts by {to}, the last open day before it", days.describe(act))
        });
    }
    Some(act_by)
}

#[cfg(test)]
mod tests;

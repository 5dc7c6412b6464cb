//! Which days count: federal holidays by rule, days closed by order, and the arithmetic over both.
//!
//! Three questions are kept apart. A *holiday* follows from 5 U.S.C. 6103 and E.O. 11582 and needs no data. A
//! *working day* is Monday to Friday and no holiday, unless CBP said that the day is not counted. An *open day* is
//! a working day on which federal offices are not closed by order either: periods count closed days, but nobody
//! should be told to act on one.
//!
//! Every function is total: at the ends of what chrono can hold it answers with the last day it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Datelike, Months, NaiveDate, TimeDelta, Weekday};

/// A federal holiday as it falls on one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holiday {
    pub name: &'static str,
    /// The holiday itself is the Saturday after or the Sunday before.
    pub observed: bool,
}

/// Whose holidays: they differ when a holiday falls on a Saturday.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Observance {
    /// Federal offices: closed on the Friday before (5 U.S.C. 6103(b)(1)).
    #[default]
    Federal,
    /// Federal Reserve Banks: open on that Friday.
    Bank,
}

/// The holiday on `date`, by the federal rules; `None` on any other day.
///
/// The rules are those in force since 1986. Inauguration Day is left out on purpose: it is a holiday for federal
/// staff in the Washington area only (5 U.S.C. 6103(c)).
pub fn federal_holiday(date: NaiveDate) -> Option<Holiday> {
    holiday(date, Observance::Federal)
}

fn holiday(date: NaiveDate, observance: Observance) -> Option<Holiday> {
    if let Some(name) = named_day(date) {
        return Some(Holiday { name, observed: false });
    }
    // Asking the neighbour also covers 1 January on a Saturday, whose observed day lies in the year before.
    let neighbour = match (date.weekday(), observance) {
        (Weekday::Fri, Observance::Federal) => date.succ_opt(),
        (Weekday::Mon, _) => date.pred_opt(),
        _ => None,
    };
    neighbour.and_then(named_day).map(|name| Holiday { name, observed: true })
}

/// The holiday that carries this very date, before any move to a weekday (5 U.S.C. 6103(a)).
fn named_day(date: NaiveDate) -> Option<&'static str> {
    let (day, weekday) = (date.day(), date.weekday());
    let monday = weekday == Weekday::Mon;
    match date.month() {
        1 if day == 1 => Some("New Year's Day"),
        1 if monday && (15..=21).contains(&day) => Some("Birthday of Martin Luther King, Jr."),
        2 if monday && (15..=21).contains(&day) => Some("Washington's Birthday"),
        5 if monday && day >= 25 => Some("Memorial Day"),
        6 if day == 19 && date.year() >= JUNETEENTH_SINCE => Some("Juneteenth"),
        7 if day == 4 => Some("Independence Day"),
        9 if monday && day <= 7 => Some("Labor Day"),
        10 if monday && (8..=14).contains(&day) => Some("Columbus Day"),
        11 if day == 11 => Some("Veterans Day"),
        11 if weekday == Weekday::Thu && (22..=28).contains(&day) => Some("Thanksgiving Day"),
        12 if day == 25 => Some("Christmas Day"),
        _ => None,
    }
}

/// Enacted 17 June 2021 and first observed the day after.
const JUNETEENTH_SINCE: i32 = 2021;

/// That first day: whether CBP left it out is not known.
const FIRST_JUNETEENTH: Option<NaiveDate> = NaiveDate::from_ymd_opt(2021, 6, 18);

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// `date` moved by `days`; at the ends of the calendar the last day there is.
pub fn plus_days(date: NaiveDate, days: i64) -> NaiveDate {
    let bound = if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
    TimeDelta::try_days(days).and_then(|delta| date.checked_add_signed(delta)).unwrap_or(bound)
}

/// The same day number `months` later; where the month is too short, its last day.
pub fn plus_months(date: NaiveDate, months: u32) -> NaiveDate {
    date.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}

/// `date` itself if it is a Friday, else the next one.
pub fn friday_on_or_after(date: NaiveDate) -> NaiveDate {
    plus_days(date, i64::from(Weekday::Fri.days_since(date.weekday())))
}

/// `2026-09-02 Wed`, as dates are written in steps.
pub fn day_text(date: NaiveDate) -> String {
    date.format("%Y-%m-%d %a").to_string()
}

/// The days that no rule gives: closures by order and days that CBP declared not to count.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calendar {
    closures: BTreeMap<NaiveDate, Arc<str>>,
    nonworking: BTreeSet<NaiveDate>,
}

impl Calendar {
    /// Federal offices are closed on `date`, for `reason`; the day still counts.
    pub fn close(&mut self, date: NaiveDate, reason: impl Into<Arc<str>>) {
        self.closures.entry(date).or_insert_with(|| reason.into());
    }

    /// Takes back every closure for `reason`.
    pub fn reopen(&mut self, reason: &str) {
        self.closures.retain(|_, known| **known != *reason);
    }

    /// CBP announced that `date` is not counted as a working day.
    pub fn uncount(&mut self, date: NaiveDate) {
        self.nonworking.insert(date);
    }

    /// The closed days, in order, each with its reason.
    pub fn closures(&self) -> impl Iterator<Item = (NaiveDate, &str)> {
        self.closures.iter().map(|(date, reason)| (*date, reason.as_ref()))
    }

    /// The days that are not counted though they are weekdays and no holidays, in order.
    pub fn uncounted(&self) -> impl Iterator<Item = NaiveDate> {
        self.nonworking.iter().copied()
    }

    /// This calendar as federal offices keep it.
    pub fn days(&self) -> Days<'_> {
        self.days_without(&[])
    }

    /// This calendar with `nonworking` taken out as well, for one computation.
    pub fn days_without<'a>(&'a self, nonworking: &'a [NaiveDate]) -> Days<'a> {
        Days { calendar: self, nonworking, observance: Observance::Federal }
    }
}

/// A calendar to count with.
#[derive(Clone, Copy, Debug)]
pub struct Days<'a> {
    calendar: &'a Calendar,
    nonworking: &'a [NaiveDate],
    observance: Observance,
}

impl Days<'_> {
    /// Whether it is not certain that the day counts, or does not: offices were closed by order, and CBP announced nothing that the
    /// configuration knows.
    pub fn is_in_question(self, date: NaiveDate) -> bool {
        let is_settled = self.calendar.nonworking.contains(&date);
        (self.calendar.closures.contains_key(&date) && !is_settled) || FIRST_JUNETEENTH == Some(date)
    }

    /// The same days as the Federal Reserve Banks keep them.
    pub fn bank(self) -> Self {
        Self { observance: Observance::Bank, ..self }
    }

    /// Monday to Friday, no holiday, and not declared uncounted by CBP.
    pub fn is_working(self, date: NaiveDate) -> bool {
        !is_weekend(date) && holiday(date, self.observance).is_none() && !self.is_uncounted(date)
    }

    /// A working day on which offices are not closed by order.
    pub fn is_open(self, date: NaiveDate) -> bool {
        self.is_working(date) && !self.calendar.closures.contains_key(&date)
    }

    fn is_uncounted(self, date: NaiveDate) -> bool {
        self.calendar.nonworking.contains(&date) || self.nonworking.contains(&date)
    }

    /// `date` if it is a working day, else the next one.
    pub fn working_on_or_after(self, mut date: NaiveDate) -> NaiveDate {
        while !self.is_working(date) {
            let Some(next) = date.succ_opt() else { return date };
            date = next;
        }
        date
    }

    /// `date` if it is an open day, else the last one before it.
    pub fn open_on_or_before(self, mut date: NaiveDate) -> NaiveDate {
        while !self.is_open(date) {
            let Some(previous) = date.pred_opt() else { return date };
            date = previous;
        }
        date
    }

    /// The `count`th working day after `date`; `date` itself is day 0 and need not be one. `date` if `count` is 0.
    pub fn plus_working(self, mut date: NaiveDate, count: u32) -> NaiveDate {
        let mut left = count;
        while left > 0 {
            let Some(next) = date.succ_opt() else { return date };
            date = next;
            left -= u32::from(self.is_working(date));
        }
        date
    }

    /// How many working days there are from `first` to `last`, both counted.
    pub fn working_between(self, first: NaiveDate, last: NaiveDate) -> u32 {
        let days = first.iter_days().take_while(|day| *day <= last).filter(|day| self.is_working(*day));
        u32::try_from(days.count()).unwrap_or(u32::MAX)
    }

    /// The `nth` working day of the month after the one of `date`; the first is 1.
    pub fn working_day_of_next_month(self, date: NaiveDate, nth: u32) -> NaiveDate {
        let first = date.with_day(1).map_or(date, |first| plus_months(first, 1));
        self.plus_working(plus_days(first, -1), nth)
    }

    /// What kind of day `date` is, in words: `a working day`, `Christmas Day`, `not a working day`.
    pub fn describe(self, date: NaiveDate) -> String {
        if let Some(Holiday { name, observed }) = holiday(date, self.observance) {
            return if observed { format!("{name} observed") } else { name.to_owned() };
        }
        if is_weekend(date) {
            "not a working day".to_owned()
        } else if self.is_uncounted(date) {
            "not counted by a CBP notice".to_owned()
        } else if let Some(reason) = self.calendar.closures.get(&date) {
            format!("a working day on which federal offices are closed ({reason})")
        } else {
            "a working day".to_owned()
        }
    }

    /// The weekdays after `from` up to `to` that a count of working days leaves out, each with its name.
    pub fn left_out(self, from: NaiveDate, to: NaiveDate) -> Vec<String> {
        let mut names = Vec::new();
        let mut date = from;
        while date < to {
            let Some(next) = date.succ_opt() else { break };
            date = next;
            if !is_weekend(date) && !self.is_working(date) {
                names.push(format!("{} ({})", day_text(date), self.describe(date)));
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn holidays_by_rule() {
        for (day, name) in [
            ("2024-01-01", "New Year's Day"),
            ("2021-12-31", "New Year's Day"), // 1 January 2022 is a Saturday
            ("2010-12-31", "New Year's Day"),
            ("2023-01-02", "New Year's Day"), // 1 January 2023 is a Sunday
            ("2029-01-15", "Birthday of Martin Luther King, Jr."),
            ("2024-01-15", "Birthday of Martin Luther King, Jr."),
            ("2027-02-15", "Washington's Birthday"),
            ("2021-05-31", "Memorial Day"),
            ("2026-05-25", "Memorial Day"),
            ("2021-06-18", "Juneteenth"), // the first one, a Saturday
            ("2022-06-20", "Juneteenth"),
            ("2024-06-19", "Juneteenth"),
            ("2026-07-03", "Independence Day"),
            ("2027-07-05", "Independence Day"),
            ("2025-09-01", "Labor Day"),
            ("2024-10-14", "Columbus Day"),
            ("2023-11-10", "Veterans Day"),
            ("2018-11-12", "Veterans Day"),
            ("2024-11-28", "Thanksgiving Day"),
            ("2018-11-22", "Thanksgiving Day"),
            ("2021-12-24", "Christmas Day"),
            ("2022-12-26", "Christmas Day"),
        ] {
            assert_eq!(federal_holiday(date(day)).map(|holiday| holiday.name), Some(name), "{day}");
        }
        for day in [
            "2018-06-19", // before Juneteenth
            "2020-06-18",
            "2024-11-29", // the Friday after Thanksgiving
            "2021-01-20", // Inauguration Day
            "2024-12-24", // closed by order, not by statute
            "2024-01-22", // fourth Monday
            "2022-01-03",
            "2024-02-29",
        ] {
            assert_eq!(federal_holiday(date(day)), None, "{day}");
        }
    }

    #[test]
    fn eleven_holidays_a_year_since_juneteenth_and_ten_before() {
        for year in 2010..2060 {
            // Observed days are counted in the year of the holiday: from the Friday before 1 January on.
            let first = NaiveDate::from_ymd_opt(year - 1, 12, 31).expect("a date");
            let found = first
                .iter_days()
                .take_while(|day| *day < NaiveDate::from_ymd_opt(year, 12, 31).expect("a date"))
                .filter(|day| !is_weekend(*day) && federal_holiday(*day).is_some())
                .count();
            assert_eq!(found, if year < JUNETEENTH_SINCE { 10 } else { 11 }, "{year}");
        }
    }

    #[test]
    fn banks_keep_the_friday_open() {
        let calendar = Calendar::default();
        assert!(!calendar.days().is_working(date("2026-07-03")));
        assert!(calendar.days().bank().is_working(date("2026-07-03")));
        assert!(
            !calendar.days().bank().is_working(date("2027-07-05")),
            "a Sunday holiday moves for banks too"
        );
    }

    #[test]
    fn closed_days_count_and_are_not_open() {
        let mut calendar = Calendar::default();
        calendar.close(date("2025-12-24"), "order");
        calendar.uncount(date("2025-12-23"));
        let days = calendar.days();
        assert!(days.is_working(date("2025-12-24")) && !days.is_open(date("2025-12-24")));
        assert!(!days.is_working(date("2025-12-23")));
        assert_eq!(days.open_on_or_before(date("2025-12-25")), date("2025-12-22"));
        assert_eq!(days.working_on_or_after(date("2025-12-23")), date("2025-12-24"));
        let fewer = [date("2025-12-24")];
        assert_eq!(calendar.days_without(&fewer).working_on_or_after(date("2025-12-23")), date("2025-12-26"));
    }

    #[test]
    fn working_days_after() {
        let calendar = Calendar::default();
        for (from, count, to) in [
            ("2024-02-28", 1, "2024-02-29"),
            ("2023-02-28", 1, "2023-03-01"),
            ("2024-11-27", 1, "2024-11-29"), // over Thanksgiving to the Friday
            ("2021-12-30", 1, "2022-01-03"), // over an observed New Year's Day in the old year
            ("2024-06-15", 3, "2024-06-20"), // from a Saturday
            ("2024-06-15", 0, "2024-06-15"),
            ("2026-07-02", 1, "2026-07-06"),
        ] {
            assert_eq!(calendar.days().plus_working(date(from), count), date(to), "{from} + {count}");
        }
        for (from, nth, day) in [
            ("2024-12-31", 1, "2025-01-02"),
            ("2021-11-02", 22, "2022-01-03"), // December 2021 has 21 working days: two holidays are observed
            ("2026-06-15", 15, "2026-07-22"),
        ] {
            assert_eq!(
                calendar.days().working_day_of_next_month(date(from), nth),
                date(day),
                "{from}, {nth}"
            );
        }
    }

    #[test]
    fn fridays_and_the_ends_of_the_calendar() {
        assert_eq!(friday_on_or_after(date("2025-12-19")), date("2025-12-19"));
        assert_eq!(friday_on_or_after(date("2025-12-20")), date("2025-12-26"));
        assert_eq!(friday_on_or_after(date("2025-12-18")), date("2025-12-19"));
        let calendar = Calendar::default();
        let _ = calendar.days().plus_working(NaiveDate::MAX, 5);
        let _ = calendar.days().open_on_or_before(NaiveDate::MIN);
        let _ = calendar.days().working_on_or_after(NaiveDate::MAX);
        assert_eq!(plus_days(NaiveDate::MAX, 1), NaiveDate::MAX);
        assert_eq!(plus_days(NaiveDate::MIN, -1), NaiveDate::MIN);
        assert_eq!(plus_months(NaiveDate::MAX, 1), NaiveDate::MAX);
    }

    #[test]
    fn days_are_named_for_people() {
        let mut calendar = Calendar::default();
        calendar.close(date("2025-12-26"), "executive order");
        let days = calendar.days();
        for (day, words) in [
            ("2025-12-25", "Christmas Day"),
            ("2026-07-03", "Independence Day observed"),
            ("2025-12-27", "not a working day"),
            ("2025-12-26", "a working day on which federal offices are closed (executive order)"),
            ("2025-12-29", "a working day"),
        ] {
            assert_eq!(days.describe(date(day)), words, "{day}");
        }
        assert_eq!(
            days.left_out(date("2025-08-29"), date("2025-09-02")),
            ["2025-09-01 Mon (Labor Day)".to_owned()]
        );
    }
}

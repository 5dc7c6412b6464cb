//! How long a period is: its length, its unit, and what happens when its last day is no working day.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::calendar::{self, Days};

/// What a period is counted in. The trigger's day is day 0 in every unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Every day counts.
    CalendarDays,
    /// Monday to Friday without federal holidays.
    WorkingDays,
    /// The nth working day of the month that follows the trigger's month.
    WorkingDayOfNextMonth,
    /// The same day number, some months on.
    Months,
    /// The same day, some years on.
    Years,
}

impl Unit {
    /// Only working days count, so the last day is one.
    pub fn is_working(self) -> bool {
        matches!(self, Self::WorkingDays | Self::WorkingDayOfNextMonth)
    }
}

/// What moves the last day of a period to another day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Roll {
    /// The counted day stands, whatever day it is.
    #[default]
    None,
    /// To the next working day, where a source supports it (T.D. 53961(1); USCIT Rule 6(a)).
    Forward,
    /// To the Friday on or after, when CBP posts liquidations.
    Friday,
}

/// Where an anniversary falls when the month has no such day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MonthEnd {
    /// On the last day of the month: the earlier reading, safe for what must be done.
    #[default]
    Clamp,
    /// On the first of the next month: the later reading, safe for what must be kept.
    Overflow,
}

/// A period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Term {
    /// In `unit`s; for [`Unit::WorkingDayOfNextMonth`] which one.
    pub length: u32,
    pub unit: Unit,
    pub roll: Roll,
    /// How many calendar days before the counted day one should have acted, where the last day is disputed.
    pub margin_days: u32,
    pub month_end: MonthEnd,
}

impl Term {
    /// The counted last day, before any roll.
    pub fn last_day(self, start: NaiveDate, days: Days<'_>) -> NaiveDate {
        match self.unit {
            Unit::CalendarDays => calendar::plus_days(start, i64::from(self.length)),
            Unit::WorkingDays => days.plus_working(start, self.length),
            Unit::WorkingDayOfNextMonth => days.working_day_of_next_month(start, self.length),
            Unit::Months => self.anniversary(start, self.length),
            Unit::Years => self.anniversary(start, self.length.saturating_mul(12)),
        }
    }

    fn anniversary(self, start: NaiveDate, months: u32) -> NaiveDate {
        let day = calendar::plus_months(start, months);
        match self.month_end {
            MonthEnd::Overflow if day.day() < start.day() => calendar::plus_days(day, 1),
            MonthEnd::Clamp | MonthEnd::Overflow => day,
        }
    }

    /// `last_day` after the roll.
    pub fn rolled(self, last_day: NaiveDate, days: Days<'_>) -> NaiveDate {
        match self.roll {
            Roll::None => last_day,
            Roll::Forward => days.working_on_or_after(last_day),
            Roll::Friday => calendar::friday_on_or_after(last_day),
        }
    }
}

/// `180 calendar days, forward`: the rule in plain words.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.length;
        let plural = if length == 1 { "" } else { "s" };
        match self.unit {
            Unit::CalendarDays | Unit::WorkingDays if length == 0 => write!(f, "the same day")?,
            Unit::CalendarDays => write!(f, "{length} calendar day{plural}")?,
            Unit::WorkingDays => write!(f, "{length} working day{plural}")?,
            Unit::WorkingDayOfNextMonth => write!(f, "working day {length} of the next month")?,
            Unit::Months => write!(f, "{length} month{plural}")?,
            Unit::Years => write!(f, "{length} year{plural}")?,
        }
        match (self.roll, self.unit) {
            (Roll::Forward, _) => write!(f, ", forward")?,
            (Roll::Friday, _) => write!(f, ", then the Friday on or after")?,
            (Roll::None, Unit::WorkingDays | Unit::WorkingDayOfNextMonth) => {}
            (Roll::None, _) => write!(f, ", no roll")?,
        }
        match self.margin_days {
            0 => Ok(()),
            1 => write!(f, ", act 1 day before"),
            days => write!(f, ", act {days} days before"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::calendar::Calendar;
    use super::*;

    fn term(length: u32, unit: Unit) -> Term {
        Term { length, unit, roll: Roll::None, margin_days: 0, month_end: MonthEnd::Clamp }
    }

    #[test]
    fn last_days() {
        let keep = Term { month_end: MonthEnd::Overflow, ..term(5, Unit::Years) };
        for (start, term, last) in [
            ("2024-02-28", term(1, Unit::CalendarDays), "2024-02-29"),
            ("2025-12-31", term(60, Unit::CalendarDays), "2026-03-01"),
            ("2024-08-31", term(6, Unit::Months), "2025-02-28"),
            ("2023-11-30", term(3, Unit::Months), "2024-02-29"),
            ("2022-12-31", term(21, Unit::Months), "2024-09-30"),
            ("2024-02-29", term(1, Unit::Years), "2025-02-28"),
            ("2024-02-29", term(4, Unit::Years), "2028-02-29"),
            ("2024-02-29", keep, "2029-03-01"),
            ("2023-02-28", keep, "2028-02-28"),
            ("2025-12-31", term(5, Unit::WorkingDays), "2026-01-08"),
            ("2025-12-31", term(11, Unit::WorkingDayOfNextMonth), "2026-01-16"),
        ] {
            let start: NaiveDate = start.parse().expect("a date");
            assert_eq!(
                term.last_day(start, Calendar::default().days()).to_string(),
                last,
                "{start} + {term}"
            );
        }
    }

    #[test]
    fn rolls() {
        for (roll, from, to) in [
            (Roll::None, "2025-07-04", "2025-07-04"),
            (Roll::Forward, "2025-07-04", "2025-07-07"),
            (Roll::Forward, "2025-07-07", "2025-07-07"),
            (Roll::Forward, "2021-12-31", "2022-01-03"),
            (Roll::Friday, "2025-07-04", "2025-07-04"), // a holiday is still a Friday
            (Roll::Friday, "2025-07-05", "2025-07-11"),
        ] {
            let term = Term { roll, ..term(1, Unit::CalendarDays) };
            let from: NaiveDate = from.parse().expect("a date");
            assert_eq!(term.rolled(from, Calendar::default().days()).to_string(), to, "{from} {roll:?}");
        }
    }

    #[test]
    fn terms_in_words() {
        for (term, words) in [
            (Term { roll: Roll::Forward, ..term(180, Unit::CalendarDays) }, "180 calendar days, forward"),
            (term(15, Unit::CalendarDays), "15 calendar days, no roll"),
            (term(0, Unit::WorkingDays), "the same day"),
            (term(10, Unit::WorkingDays), "10 working days"),
            (term(15, Unit::WorkingDayOfNextMonth), "working day 15 of the next month"),
            (Term { margin_days: 1, ..term(1, Unit::Years) }, "1 year, no roll, act 1 day before"),
            (
                Term { roll: Roll::Friday, ..term(314, Unit::CalendarDays) },
                "314 calendar days, then the Friday on or after",
            ),
        ] {
            assert_eq!(term.to_string(), words);
        }
    }
}

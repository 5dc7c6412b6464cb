//! A second opinion, written without a look at the engine: it knows holidays as a list made year by year, and finds
//! every date by walking from day to day.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, Weekday};
use entrywatch::deadline::{Class, DeadlineTable, Definition, Roll, Term, Unit};

fn ymd(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date")
}

pub fn next(day: NaiveDate) -> NaiveDate {
    day.succ_opt().expect("not the last day")
}

pub fn previous(day: NaiveDate) -> NaiveDate {
    day.pred_opt().expect("not the first day")
}

fn is_weekend(day: NaiveDate) -> bool {
    day.weekday() == Weekday::Sat || day.weekday() == Weekday::Sun
}

/// The days of a month that fall on `weekday`, in order.
fn weekdays(year: i32, month: u32, weekday: Weekday) -> Vec<NaiveDate> {
    (1..=31)
        .filter_map(|day| NaiveDate::from_ymd_opt(year, month, day))
        .filter(|day| day.weekday() == weekday)
        .collect()
}

/// Fixed holidays as they are dated, and the others, which never fall on a weekend.
fn holidays(year: i32) -> (Vec<NaiveDate>, Vec<NaiveDate>) {
    let mut fixed = vec![ymd(year, 1, 1), ymd(year, 7, 4), ymd(year, 11, 11), ymd(year, 12, 25)];
    if year > 2020 {
        fixed.push(ymd(year, 6, 19));
    }
    let monday = |month: u32| weekdays(year, month, Weekday::Mon);
    let last_may = monday(5).into_iter().next_back().expect("a month has Mondays");
    let thanksgiving = weekdays(year, 11, Weekday::Thu)[3];
    (fixed, vec![monday(1)[2], monday(2)[2], last_may, monday(9)[0], monday(10)[1], thanksgiving])
}

fn all(saturday_moves: bool) -> BTreeSet<NaiveDate> {
    let mut days = BTreeSet::new();
    for (fixed, moving) in (1985..2210).map(holidays) {
        days.extend(moving);
        days.extend(fixed.into_iter().map(|day| match day.weekday() {
            Weekday::Sat if saturday_moves => previous(day),
            Weekday::Sun => next(day),
            _ => day,
        }));
    }
    days
}

static FEDERAL: LazyLock<BTreeSet<NaiveDate>> = LazyLock::new(|| all(true));
static BANK: LazyLock<BTreeSet<NaiveDate>> = LazyLock::new(|| all(false));
static CLOSED: LazyLock<BTreeSet<NaiveDate>> =
    LazyLock::new(|| DeadlineTable::embedded().calendar().closures().map(|(day, _)| day).collect());

pub fn is_working(day: NaiveDate) -> bool {
    !is_weekend(day) && !FEDERAL.contains(&day)
}

pub fn is_open(day: NaiveDate) -> bool {
    is_working(day) && !CLOSED.contains(&day)
}

/// Every day, found by going from one to the next.
static DAYS: LazyLock<Vec<NaiveDate>> = LazyLock::new(|| {
    std::iter::successors(Some(ymd(1985, 1, 1)), |day| Some(next(*day))).take(80_000).collect()
});

fn place(day: NaiveDate) -> usize {
    DAYS.binary_search(&day).expect("a day of the list")
}

fn walk(day: NaiveDate, days: u32) -> NaiveDate {
    DAYS[place(day) + days as usize]
}

fn walk_back(day: NaiveDate, days: u32) -> NaiveDate {
    DAYS[place(day) - days as usize]
}

fn months_on(day: NaiveDate, months: u32, overflow: bool) -> NaiveDate {
    let (mut year, mut month) = (day.year(), day.month());
    for _ in 0..months {
        month += 1;
        if month == 13 {
            (year, month) = (year + 1, 1);
        }
    }
    match NaiveDate::from_ymd_opt(year, month, day.day()) {
        Some(day) => day,
        None => {
            let last = (28..=31).filter_map(|day| NaiveDate::from_ymd_opt(year, month, day)).next_back();
            let last = last.expect("a month has a last day");
            if overflow { next(last) } else { last }
        }
    }
}

fn nth_of_next_month(day: NaiveDate, nth: u32, holidays: &BTreeSet<NaiveDate>) -> NaiveDate {
    let mut candidate = months_on(ymd(day.year(), day.month(), 1), 1, false);
    let mut seen = 0;
    loop {
        seen += u32::from(!is_weekend(candidate) && !holidays.contains(&candidate));
        if seen == nth {
            return candidate;
        }
        candidate = next(candidate);
    }
}

pub fn last_day(start: NaiveDate, length: u32, unit: Unit, keep: bool) -> NaiveDate {
    match unit {
        Unit::CalendarDays => walk(start, length),
        Unit::WorkingDays => {
            let (mut day, mut counted) = (start, 0);
            while counted < length {
                day = next(day);
                counted += u32::from(is_working(day));
            }
            day
        }
        Unit::WorkingDayOfNextMonth => nth_of_next_month(start, length, &FEDERAL),
        Unit::Months => months_on(start, length, keep),
        Unit::Years => months_on(start, length * 12, keep),
    }
}

fn first(
    mut day: NaiveDate,
    step: fn(NaiveDate) -> NaiveDate,
    wanted: impl Fn(NaiveDate) -> bool,
) -> NaiveDate {
    while !wanted(day) {
        day = step(day);
    }
    day
}

pub fn roll(day: NaiveDate, roll: Roll) -> NaiveDate {
    match roll {
        Roll::None => day,
        Roll::Forward => first(day, next, is_working),
        Roll::Friday => first(day, next, |day| day.weekday() == Weekday::Fri),
    }
}

/// `due` and `act_by` of a clock that nothing but its start is known of.
pub fn dates(definition: &Definition, term: Term, start: NaiveDate) -> (NaiveDate, Option<NaiveDate>) {
    let (due, act) = if definition.id == "PSC_DUE" {
        let (after, before) = if start < ymd(2017, 11, 1) { (270, 20) } else { (300, 15) };
        let liquidation = roll(walk(start, 314), Roll::Friday);
        let after = walk(start, after);
        (after.min(walk_back(liquidation, before)), after.min(walk_back(liquidation, before + 1)))
    } else {
        let day = last_day(start, term.length, term.unit, definition.class == Class::Keep);
        (roll(day, term.roll), walk_back(day, term.margin_days))
    };
    let act = match definition.id.as_str() {
        "PMS_PRELIM" | "PMS_DUE" => act.min(nth_of_next_month(start, term.length, &BANK)),
        _ => act,
    };
    (due, (definition.class == Class::Duty).then(|| first(act, previous, is_open)))
}

pub fn first_working(day: NaiveDate) -> NaiveDate {
    first(day, next, is_working)
}

pub fn end_of_month(day: NaiveDate) -> NaiveDate {
    first(day, next, |day| next(day).day() == 1)
}

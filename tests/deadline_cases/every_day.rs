//! Every start date from 2010 to 2050, for every unit, roll and clock: nothing is sampled here.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};
use entrywatch::clock::Zone;
use entrywatch::deadline::calendar::Calendar;
use entrywatch::deadline::{DeadlineTable, Due, MonthEnd, Roll, Term, Unit};
use entrywatch::outbox::{Audience, Team};
use entrywatch::place::Severity;

use crate::reference;

fn ymd(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date")
}

fn every_day() -> impl Iterator<Item = NaiveDate> {
    ymd(2010, 1, 1).iter_days().take_while(|day| day.year() <= 2050)
}

fn term(length: u32, unit: Unit, month_end: MonthEnd) -> Term {
    Term { length, unit, roll: Roll::None, margin_days: 0, month_end }
}

/// The last day of `term` from every start, each the same as the slow reference finds.
fn last_days(term: Term) -> Vec<(NaiveDate, NaiveDate)> {
    let calendar = Calendar::default();
    let keeps = term.month_end == MonthEnd::Overflow;
    let last_days: Vec<_> = every_day().map(|start| (start, term.last_day(start, calendar.days()))).collect();
    for (start, last) in &last_days {
        assert_eq!(*last, reference::last_day(*start, term.length, term.unit, keeps), "{term} from {start}");
    }
    assert_eq!(last_days.len(), 14_975);
    assert!(last_days.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{term}: a later start ends earlier");
    last_days
}

#[test]
fn calendar_days_end_on_the_next_day_when_they_start_on_the_next_day() {
    for length in [0, 1, 15, 20, 30, 60, 80, 90, 180, 314] {
        let last_days = last_days(term(length, Unit::CalendarDays, MonthEnd::Clamp));
        for pair in last_days.windows(2) {
            assert_eq!(reference::next(pair[0].1), pair[1].1, "{length} from {}: a gap", pair[0].0);
        }
        assert!(last_days.iter().all(|(start, last)| (*last - *start).num_days() == i64::from(length)));
    }
}

#[test]
fn working_days_end_on_every_working_day_and_on_no_other() {
    for length in [1, 2, 3, 5, 10, 20] {
        let last_days = last_days(term(length, Unit::WorkingDays, MonthEnd::Clamp));
        let mut expected = last_days[0].1;
        for (start, last) in &last_days {
            assert!(reference::is_working(*last), "{length} from {start}");
            if *last != expected {
                let following = reference::first_working(reference::next(expected));
                assert_eq!(*last, following, "{length} from {start}: a working day is left out");
                expected = *last;
            }
            // The day itself is day 0, so a start on a day off counts like the working day before it.
            let counted = start.iter_days().skip(1).take_while(|day| day <= last);
            assert_eq!(counted.filter(|day| reference::is_working(*day)).count(), length as usize, "{start}");
        }
    }
    for (start, last) in last_days(term(0, Unit::WorkingDays, MonthEnd::Clamp)) {
        assert_eq!(start, last);
    }
}

#[test]
fn working_days_of_the_next_month_are_the_same_for_a_whole_month() {
    // No month has fewer than eighteen.
    for nth in [1, 11, 15, 18] {
        let last_days = last_days(term(nth, Unit::WorkingDayOfNextMonth, MonthEnd::Clamp));
        for (start, last) in &last_days {
            let first = reference::next(reference::end_of_month(*start));
            assert_eq!((last.year(), last.month()), (first.year(), first.month()), "{nth} from {start}");
            let counted = first.iter_days().take_while(|day| day <= last);
            assert_eq!(counted.filter(|day| reference::is_working(*day)).count(), nth as usize, "{start}");
        }
    }
}

#[test]
fn months_and_years_keep_the_day_or_say_where_it_goes() {
    let lengths =
        [(Unit::Months, 1, 1), (Unit::Months, 6, 6), (Unit::Months, 12, 12), (Unit::Months, 21, 21)];
    let years = [1, 2, 3, 4, 5].map(|years| (Unit::Years, years, 12 * years));
    for (unit, length, months) in lengths.into_iter().chain(years) {
        let clamped = last_days(term(length, unit, MonthEnd::Clamp));
        let kept = last_days(term(length, unit, MonthEnd::Overflow));
        for ((start, last), (_, kept)) in clamped.iter().zip(&kept) {
            let apart = (last.year() - start.year()) * 12 + last.month() as i32 - start.month() as i32;
            assert_eq!(apart, months as i32, "{length} from {start}");
            if last.day() == start.day() {
                assert_eq!(last, kept, "{length} from {start}");
            } else {
                assert_eq!(*last, reference::end_of_month(*last), "{length} from {start}");
                assert_eq!(*kept, reference::next(*last), "what is kept is kept longer: {start}");
            }
        }
    }
}

#[test]
fn rolls_stop_at_the_first_day_that_will_do() {
    let calendar = Calendar::default();
    for day in every_day() {
        for roll in [Roll::None, Roll::Forward, Roll::Friday] {
            let term = Term { roll, ..term(1, Unit::CalendarDays, MonthEnd::Clamp) };
            let rolled = term.rolled(day, calendar.days());
            assert_eq!(rolled, reference::roll(day, roll), "{day} {roll:?}");
            let will_do = |day: NaiveDate| match roll {
                Roll::None => true,
                Roll::Forward => reference::is_working(day),
                Roll::Friday => day.weekday() == Weekday::Fri,
            };
            assert!(will_do(rolled), "{day} {roll:?}");
            let passed = day.iter_days().take_while(|day| *day < rolled);
            assert!(!passed.into_iter().any(will_do), "{day} {roll:?} goes too far");
        }
    }
}

/// A holiday that is observed on another day is no working day there, and the day it is named after is one no more than
/// any Saturday or Sunday.
#[test]
fn observed_holidays_take_the_place_of_a_weekday() {
    let calendar = Calendar::default();
    for day in every_day() {
        let holiday = entrywatch::deadline::calendar::federal_holiday(day);
        assert_eq!(calendar.days().is_working(day), reference::is_working(day), "{day}");
        if let Some(holiday) = holiday.filter(|holiday| holiday.observed) {
            let named =
                if day.weekday() == Weekday::Fri { reference::next(day) } else { reference::previous(day) };
            let of_named = entrywatch::deadline::calendar::federal_holiday(named).expect("the day itself");
            assert_eq!((holiday.name, of_named.observed), (of_named.name, false), "{day}");
            assert!(!reference::is_working(day), "{day}");
        }
    }
}

/// Every clock of the table from every start: the dates of the reference, and no later start is due earlier.
#[test]
fn every_clock_from_every_day() {
    let table = DeadlineTable::embedded();
    for definition in table.definitions() {
        let mut before: Option<(NaiveDate, Option<NaiveDate>)> = None;
        for start in every_day() {
            let facts = crate::started(definition, start);
            let found = table.dates_of(definition, &facts);
            let Some(version) = definition.version_on(start) else {
                assert!(found.is_err(), "{} from {start}", definition.id);
                continue;
            };
            let term = crate::term_of(definition, version);
            let wanted = reference::dates(definition, term, start);
            let dates = found.expect("a version is in force");
            assert_eq!(
                (dates.due, dates.act_by),
                (Due::Date(wanted.0), wanted.1),
                "{} from {start}",
                definition.id
            );
            // Where a rule gave way to a shorter one, a clock that started under the old rule may end later.
            let same_rule = definition.version_on(reference::previous(start)).map(|rule| rule.valid_from);
            if let Some(before) = before.filter(|_| same_rule == Some(version.valid_from)) {
                assert!(before.0 <= wanted.0 && before.1 <= wanted.1, "{} from {start}", definition.id);
            }
            before = Some(wanted);
        }
    }
}

/// The mornings of reminders: one a day, none left out and none twice, whatever the clocks of the zone do that night.
#[test]
fn every_day_has_one_morning() {
    // Clock changes at two o'clock, at midnight and by half an hour.
    for zone in ["America/New_York", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe", "UTC"] {
        let zone = Zone::named(zone).expect("a zone");
        let team = Team {
            name: "operations".into(),
            to: Vec::new(),
            zone: zone.clone(),
            digest_at: NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
            severity_min: Severity::Info,
        };
        let audience = Audience::new(vec![team]);
        for day in every_day() {
            let morning = audience.reminders_from(day);
            assert_eq!(zone.local(morning), day.and_hms_opt(6, 0, 0).expect("a time"), "{}", zone.name());
            assert_eq!(audience.reminder_day(morning), day, "{}", zone.name());
            let just_before = audience.reminder_day(morning - TimeDelta::seconds(1));
            assert_eq!(just_before, day - Days::new(1), "{} {day}", zone.name());
        }
    }
}

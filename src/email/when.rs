//! When a clock wants something, in words.
//!
//! A clock has up to three days: the one to act by, the last one under the rule as written, and one of our own. Days are counted
//! to the day that stands beside them. Only the last day of a duty can be overdue; what Customs must do by a day has passed.

use chrono::NaiveDate;

use super::text::{day, days_left};
use crate::entry::EntryDeadline;

/// `in 3 days`, `today`, `3 days ago`.
pub(super) fn away(date: NaiveDate, today: NaiveDate) -> String {
    match (date - today).num_days() {
        days @ 0.. => days_left(days),
        -1 => "1 day ago".to_owned(),
        days => format!("{} days ago", days.unsigned_abs()),
    }
}

/// The earlier day that a person has set, while it says something beside the legal ones.
pub(super) fn our_target(clock: &EntryDeadline) -> Option<NaiveDate> {
    clock.internal.filter(|target| clock.legal().is_some_and(|legal| *target < legal))
}

/// The same in a subject: in the last days of the legal date one that has passed is no news beside it.
fn target_in_subject(clock: &EntryDeadline, today: NaiveDate) -> Option<NaiveDate> {
    let left = (clock.legal()? - today).num_days();
    our_target(clock).filter(|target| *target >= today || left > EntryDeadline::LOUD_DAYS)
}

/// How far it is to the day to act by, or to the only day of a clock that wants nothing of us.
pub(super) fn left(clock: &EntryDeadline, today: NaiveDate) -> Option<String> {
    let legal = clock.legal()?;
    Some(match (clock.act_by, clock.due) {
        (None, _) => away(legal, today),
        (Some(act_by), Some(due)) if act_by < today && act_by != due => {
            format!("passed {}", away(act_by, today))
        }
        (Some(act_by), _) => days_left((act_by - today).num_days()),
    })
}

/// How far it is to the last day under the rule, once the day to act by has passed.
pub(super) fn due_left(clock: &EntryDeadline, today: NaiveDate) -> Option<String> {
    let (act_by, due) = clock.act_by.zip(clock.due)?;
    (act_by < today && act_by != due).then(|| days_left((due - today).num_days()))
}

/// `Mon 2026-11-30 (in 3 days)`; after the day to act by with the last day behind it.
pub(super) fn dated(clock: &EntryDeadline, today: NaiveDate) -> Option<String> {
    let dated = format!("{} ({})", day(clock.legal()?), left(clock, today)?);
    let due = clock.due.zip(due_left(clock, today));
    Some(due.map_or_else(|| dated.clone(), |(due, left)| format!("{dated}, due {} ({left})", day(due))))
}

/// The same beside a name, where both days stand already.
pub(super) fn row(clock: &EntryDeadline, today: NaiveDate) -> Option<String> {
    let left = left(clock, today)?;
    let mut row = match due_left(clock, today) {
        Some(due) if clock.has_passed(today) => format!("date to act by {left}, {due}"),
        Some(due) => format!("date to act by {left}, due {due}"),
        None => left,
    };
    if let Some(target) = our_target(clock) {
        row.push_str(&format!(", our target {} ({})", day(target), away(target, today)));
    }
    Some(row)
}

/// What stands behind the name of a clock in a subject: ` due in 14 days, act by 2026-09-02`. `coming` is the word before the
/// days of a duty that lies ahead.
pub(super) fn behind_name(clock: &EntryDeadline, today: NaiveDate, coming: &str) -> Option<String> {
    let legal = clock.legal()?;
    let last = clock.due.unwrap_or(legal);
    let Some(act_by) = clock.act_by else { return Some(format!(" {}, {legal}", away(legal, today))) };
    Some(match target_in_subject(clock, today) {
        _ if last < today => format!(" {}, was due {last}", days_left((last - today).num_days())),
        _ if act_by < today => format!(": act-by date {act_by} passed {}, due {last}", away(act_by, today)),
        Some(target) if target < today => {
            let (ago, left) = (away(target, today), days_left((act_by - today).num_days()));
            format!(": our target {target} passed {ago}, act by {act_by} ({left})")
        }
        Some(target) => format!(": our target {target} {}, act by {act_by}", away(target, today)),
        None => format!(" {coming}{}, act by {act_by}", days_left((act_by - today).num_days())),
    })
}

/// The sentence about a clock that has a day.
pub(super) fn sentence(name: &str, clock: &EntryDeadline, today: NaiveDate) -> Option<String> {
    let legal = clock.legal()?;
    let last = clock.due.unwrap_or(legal);
    let Some(act_by) = clock.act_by else {
        let verb = if legal < today { "passed" } else { "comes" };
        return Some(format!("{name} {verb} {}, on {}.", away(legal, today), day(legal)));
    };
    let days = |date: NaiveDate| days_left((date - today).num_days());
    if last < today {
        return Some(format!("{name} is {}: the day was {}.", days(last), day(last)));
    }
    let rule = format!("the last day under the rule as written is {}", day(last));
    if act_by < today {
        let (act_by, ago) = (day(act_by), away(act_by, today));
        return Some(format!("{name}: the day to act by, {act_by}, passed {ago}; {rule} ({}).", days(last)));
    }
    let end = if act_by == last { ".".to_owned() } else { format!("; {rule}.") };
    Some(match our_target(clock) {
        Some(target) => {
            let verb = if target < today { "passed" } else { "comes" };
            format!(
                "{name}: our own target, {}, {verb} {}; act by {} ({}){end}",
                day(target),
                away(target, today),
                day(act_by),
                days(act_by)
            )
        }
        None => format!("{name} is due {}: act by {}{end}", days(act_by), day(act_by)),
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::sample::{day, summary_due};
    use super::*;

    /// All that is said of the clock on each of these days of March.
    fn said(clock: &EntryDeadline, days: &[u32]) -> String {
        let mut said = String::new();
        for on in days {
            let today = day(2026, 3, *on);
            let lines = [
                behind_name(clock, today, "due ").map(|text| format!("Summary{text}")),
                dated(clock, today),
                row(clock, today),
                sentence("Summary", clock, today),
            ];
            said += &format!("{on}\n");
            for line in lines.into_iter().flatten() {
                said += &format!("  {line}\n");
            }
        }
        said
    }

    #[test]
    fn days_are_counted_to_the_date_beside_them() {
        let clock = summary_due();
        expect![[r#"
            2
              Summary due in 10 days, act by 2026-03-12
              Thu 2026-03-12 (in 10 days)
              in 10 days
              Summary is due in 10 days: act by Thu 2026-03-12; the last day under the rule as written is Fri 2026-03-13.
            12
              Summary due today, act by 2026-03-12
              Thu 2026-03-12 (today)
              today
              Summary is due today: act by Thu 2026-03-12; the last day under the rule as written is Fri 2026-03-13.
            13
              Summary: act-by date 2026-03-12 passed 1 day ago, due 2026-03-13
              Thu 2026-03-12 (passed 1 day ago), due Fri 2026-03-13 (today)
              date to act by passed 1 day ago, due today
              Summary: the day to act by, Thu 2026-03-12, passed 1 day ago; the last day under the rule as written is Fri 2026-03-13 (today).
            16
              Summary 3 days overdue, was due 2026-03-13
              Thu 2026-03-12 (passed 4 days ago), due Fri 2026-03-13 (3 days overdue)
              date to act by passed 4 days ago, 3 days overdue
              Summary is 3 days overdue: the day was Fri 2026-03-13.
        "#]].assert_eq(&said(&clock, &[2, 12, 13, 16]));
        let ours = EntryDeadline { internal: Some(day(2026, 3, 9)), ..clock.clone() };
        expect![[r#"
            6
              Summary: our target 2026-03-09 in 3 days, act by 2026-03-12
              Thu 2026-03-12 (in 6 days)
              in 6 days, our target Mon 2026-03-09 (in 3 days)
              Summary: our own target, Mon 2026-03-09, comes in 3 days; act by Thu 2026-03-12 (in 6 days); the last day under the rule as written is Fri 2026-03-13.
            10
              Summary due in 2 days, act by 2026-03-12
              Thu 2026-03-12 (in 2 days)
              in 2 days, our target Mon 2026-03-09 (1 day ago)
              Summary: our own target, Mon 2026-03-09, passed 1 day ago; act by Thu 2026-03-12 (in 2 days); the last day under the rule as written is Fri 2026-03-13.
            13
              Summary: act-by date 2026-03-12 passed 1 day ago, due 2026-03-13
              Thu 2026-03-12 (passed 1 day ago), due Fri 2026-03-13 (today)
              date to act by passed 1 day ago, due today, our target Mon 2026-03-09 (4 days ago)
              Summary: the day to act by, Thu 2026-03-12, passed 1 day ago; the last day under the rule as written is Fri 2026-03-13 (today).
            16
              Summary 3 days overdue, was due 2026-03-13
              Thu 2026-03-12 (passed 4 days ago), due Fri 2026-03-13 (3 days overdue)
              date to act by passed 4 days ago, 3 days overdue, our target Mon 2026-03-09 (7 days ago)
              Summary is 3 days overdue: the day was Fri 2026-03-13.
        "#]].assert_eq(&said(&ours, &[6, 10, 13, 16]));
        let watch = EntryDeadline { act_by: None, ..clock.clone() };
        expect![[r#"
            12
              Summary in 1 day, 2026-03-13
              Fri 2026-03-13 (in 1 day)
              in 1 day
              Summary comes in 1 day, on Fri 2026-03-13.
            16
              Summary 3 days ago, 2026-03-13
              Fri 2026-03-13 (3 days ago)
              3 days ago
              Summary passed 3 days ago, on Fri 2026-03-13.
        "#]]
        .assert_eq(&said(&watch, &[12, 16]));
        let undated = EntryDeadline { act_by: None, due: None, ..clock };
        assert_eq!(said(&undated, &[12]), "12\n");
    }
}

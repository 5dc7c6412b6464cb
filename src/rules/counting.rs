//! Towards which day a ladder counts: our own date while it lies ahead, the legal one from the day after.

use chrono::{NaiveDate, TimeDelta};

use super::{Ladder, Step};
use crate::entry::EntryDeadline;

/// The step that counts on a day, and the day that it counts towards.
///
/// Behind our own date its `overdue` and the steps towards the legal date take turns: what began last counts. In the last
/// [`EntryDeadline::LOUD_DAYS`] days of the legal date, and behind it, only that one does.
pub(super) fn current(ladder: &Ladder, deadline: &EntryDeadline, on: NaiveDate) -> Option<(Step, NaiveDate)> {
    let towards = |target: NaiveDate| Some((ladder.current((target - on).num_days())?, target));
    let (ours, legal) = (deadline.target()?, deadline.legal()?);
    if on <= ours || ours == legal {
        return towards(ours);
    }
    let began = |(step, target): (Step, NaiveDate)| step.day(target);
    let by_law = towards(legal);
    match (towards(ours), by_law) {
        (Some(of_ours), Some(of_law))
            if (legal - on).num_days() > EntryDeadline::LOUD_DAYS && began(of_law) < began(of_ours) =>
        {
            Some(of_ours)
        }
        (of_ours, None) => of_ours,
        (_, of_law) => of_law,
    }
}

/// The first day after `after` on which another step may count.
pub(super) fn next(ladder: &Ladder, deadline: &EntryDeadline, after: NaiveDate) -> Option<NaiveDate> {
    let (ours, legal) = (deadline.target()?, deadline.legal()?);
    let step = ladder.next(ours, after);
    if ours == legal {
        return step;
    }
    // A step towards the legal date that began while our own date counted is told behind it.
    let turns = [ours.succ_opt(), legal.checked_sub_signed(TimeDelta::days(EntryDeadline::LOUD_DAYS))];
    let turns = turns.into_iter().flatten().filter(|day| *day > ours && *day > after && *day <= legal);
    step.into_iter().chain(ladder.next(legal, after.max(ours))).chain(turns).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::DeadlineState;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn clock(ours: Option<&str>) -> EntryDeadline {
        EntryDeadline {
            may_be_over: "".into(),
            id: "PROTEST_DUE".into(),
            instance: "".into(),
            due: Some(day("2026-09-16")),
            special: None,
            act_by: Some(day("2026-09-16")),
            internal: ours.map(day),
            state: DeadlineState::Open,
            because: "".into(),
            basis: "".into(),
            from: Vec::new(),
            starts: None,
            bases: Vec::new(),
        }
    }

    fn ladder(steps: &[&str]) -> Ladder {
        let steps: Vec<Step> = steps.iter().map(|step| Step::parse(step).expect("a step")).collect();
        Ladder::of(&steps).expect("a ladder")
    }

    /// Every step in the order in which it would be told, looked at on the days that `next` names.
    fn told(ladder: &Ladder, clock: &EntryDeadline) -> Vec<String> {
        let (mut told, mut on) = (Vec::new(), day("2026-01-01"));
        while let Some(next) = next(ladder, clock, on) {
            on = next;
            let Some((step, target)) = current(ladder, clock, on) else { continue };
            let text = format!("{step} of {target}");
            if told.last().is_none_or(|(_, last)| *last != text) {
                told.push((on, text));
            }
        }
        told.into_iter().map(|(on, text)| format!("{on} {text}")).collect()
    }

    #[test]
    fn behind_our_own_date_the_ladder_goes_on_towards_the_legal_one() {
        let full = ladder(&["90", "30", "14", "7", "3", "0", "overdue"]);
        assert_eq!(
            told(&full, &clock(Some("2026-08-20"))),
            [
                "2026-05-22 90 of 2026-08-20",
                "2026-07-21 30 of 2026-08-20",
                "2026-08-06 14 of 2026-08-20",
                "2026-08-13 7 of 2026-08-20",
                "2026-08-17 3 of 2026-08-20",
                "2026-08-20 0 of 2026-08-20",
                "2026-08-21 overdue of 2026-08-20",
                "2026-09-02 14 of 2026-09-16",
                "2026-09-09 7 of 2026-09-16",
                "2026-09-13 3 of 2026-09-16",
                "2026-09-16 0 of 2026-09-16",
                "2026-09-17 overdue of 2026-09-16",
            ]
        );
    }

    #[test]
    fn the_last_days_of_the_law_speak_whatever_the_ladder_has() {
        let late = ladder(&["30", "overdue", "overdue+21"]);
        assert_eq!(
            told(&late, &clock(Some("2026-08-20"))),
            [
                "2026-07-21 30 of 2026-08-20",
                "2026-08-21 overdue of 2026-08-20",
                "2026-09-09 30 of 2026-09-16",
                "2026-09-17 overdue of 2026-09-16",
                "2026-10-07 overdue+21 of 2026-09-16",
            ]
        );
        let short = ladder(&["30"]);
        assert_eq!(
            told(&short, &clock(Some("2026-08-20"))),
            ["2026-07-21 30 of 2026-08-20", "2026-08-21 30 of 2026-09-16"]
        );
    }

    #[test]
    fn a_date_of_ours_close_to_the_legal_one_leaves_it_the_last_word() {
        let full = ladder(&["7", "3", "1", "0", "overdue"]);
        let told = told(&full, &clock(Some("2026-09-14")));
        assert_eq!(
            told[told.len() - 3..],
            ["2026-09-15 1 of 2026-09-16", "2026-09-16 0 of 2026-09-16", "2026-09-17 overdue of 2026-09-16"]
        );
    }

    #[test]
    fn without_a_date_of_ours_nothing_is_different() {
        let ladder = ladder(&["30", "7", "0"]);
        for ours in [None, Some("2026-12-01")] {
            assert_eq!(
                told(&ladder, &clock(ours)),
                ["2026-08-17 30 of 2026-09-16", "2026-09-09 7 of 2026-09-16", "2026-09-16 0 of 2026-09-16"]
            );
        }
    }
}

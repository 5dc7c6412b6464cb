//! Reminder ladders: on which days before a date people are reminded.

use std::fmt;

use chrono::{Days, NaiveDate};

/// The largest step, in days: ten years.
pub const STEP_DAYS_MAX: u16 = 3_650;

/// One rung of a ladder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// This many days before the date; 0 is the day itself.
    Days(u16),
    /// The day after the date and later.
    Overdue,
}

impl Step {
    /// The first day on which the step counts.
    fn day(self, target: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Days(days) => target.checked_sub_days(Days::new(u64::from(days))),
            Self::Overdue => target.succ_opt(),
        }
    }

    /// Days left at the first day of the step; -1 when overdue.
    pub fn days_left(self) -> i64 {
        match self {
            Self::Days(days) => i64::from(days),
            Self::Overdue => -1,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days}"),
            Self::Overdue => f.write_str("overdue"),
        }
    }
}

/// Steps in the order in which they pass; strictly descending.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ladder(Box<[Step]>);

impl Ladder {
    /// `None` unless the steps descend strictly and there is one.
    pub fn of(steps: &[Step]) -> Option<Self> {
        let descends = steps.windows(2).all(|pair| pair[0].days_left() > pair[1].days_left());
        (descends && !steps.is_empty()).then(|| Self(steps.into()))
    }

    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The step that counts with this many days left: the most urgent one that has passed. Steps that passed unseen,
    /// while the daemon was down or before the clock was known, collapse into it. Once the date itself has passed,
    /// only `overdue` counts: a ladder without it falls silent.
    pub fn current(&self, days_left: i64) -> Option<Step> {
        if days_left < 0 {
            return self.0.last().copied().filter(|step| *step == Step::Overdue);
        }
        self.0.iter().rev().copied().find(|step| step.days_left() >= days_left)
    }

    /// The first day after `after` on which a step begins.
    pub fn next(&self, target: NaiveDate, after: NaiveDate) -> Option<NaiveDate> {
        self.0.iter().filter_map(|step| step.day(target)).find(|day| *day > after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(steps: &[i64]) -> Option<Ladder> {
        let steps: Vec<Step> =
            steps.iter().map(|&days| u16::try_from(days).map_or(Step::Overdue, Step::Days)).collect();
        Ladder::of(&steps)
    }

    #[test]
    fn ladders_descend() {
        assert!(ladder(&[90, 30, 1, 0, -1]).is_some());
        for bad in [&[][..], &[1, 1], &[1, 30], &[-1, 3], &[-1, -1]] {
            assert!(ladder(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn missed_steps_collapse_into_the_most_urgent() {
        let ladder = ladder(&[90, 30, 14, -1]).expect("a good ladder");
        for (days_left, step) in [
            (91, None),
            (90, Some("90")),
            (31, Some("90")),
            (30, Some("30")),
            (15, Some("30")),
            (2, Some("14")),
            (0, Some("14")),
            (-1, Some("overdue")),
            (-400, Some("overdue")),
        ] {
            assert_eq!(
                ladder.current(days_left).map(|step| step.to_string()).as_deref(),
                step,
                "{days_left}"
            );
        }
    }

    #[test]
    fn a_ladder_without_overdue_falls_silent() {
        let ladder = ladder(&[30, 7]).expect("a good ladder");
        assert_eq!(ladder.current(0), Some(Step::Days(7)));
        assert_eq!(ladder.current(-1), None);
    }

    #[test]
    fn the_next_day_is_strictly_later() {
        let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let ladder = ladder(&[30, 7, 0, -1]).expect("a good ladder");
        let target = date("2026-09-02");
        for (after, wanted) in [
            ("2026-01-01", Some("2026-08-03")),
            ("2026-08-03", Some("2026-08-26")),
            ("2026-08-26", Some("2026-09-02")),
            ("2026-09-02", Some("2026-09-03")),
            ("2026-09-03", None),
        ] {
            assert_eq!(ladder.next(target, date(after)), wanted.map(date), "{after}");
        }
        assert_eq!(ladder.next(NaiveDate::MAX, NaiveDate::MAX), None, "no arithmetic overflows");
        assert_eq!(ladder.next(NaiveDate::MIN, NaiveDate::MIN), NaiveDate::MIN.succ_opt());
    }
}

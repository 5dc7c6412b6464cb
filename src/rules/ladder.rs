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
    /// So many days after the date, at least two.
    Late(u16),
}

impl Step {
    /// The first day on which the step counts.
    pub fn day(self, target: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Days(days) => target.checked_sub_days(Days::new(u64::from(days))),
            Self::Overdue => target.succ_opt(),
            Self::Late(days) => target.checked_add_days(Days::new(u64::from(days))),
        }
    }

    /// Days left at the first day of the step; negative when overdue.
    pub fn days_left(self) -> i64 {
        match self {
            Self::Days(days) => i64::from(days),
            Self::Overdue => -1,
            Self::Late(days) => -i64::from(days),
        }
    }
}

impl Step {
    /// Reads what [`Display`](fmt::Display) prints.
    pub fn parse(text: &str) -> Option<Self> {
        let bounded = |days: &str| days.parse().ok().filter(|days| *days <= STEP_DAYS_MAX);
        match text.strip_prefix("overdue") {
            Some("") => Some(Self::Overdue),
            Some(late) => bounded(late.strip_prefix('+')?).filter(|days| *days > 1).map(Self::Late),
            None => bounded(text).map(Self::Days),
        }
    }
}

/// `30`, `overdue`, `overdue+7`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days}"),
            Self::Overdue => f.write_str("overdue"),
            Self::Late(days) => write!(f, "overdue+{days}"),
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
    /// only `overdue` and what follows it counts: a ladder without them falls silent.
    pub fn current(&self, days_left: i64) -> Option<Step> {
        let passed = self.0.iter().rev().copied().find(|step| step.days_left() >= days_left);
        passed.filter(|step| days_left >= 0 || step.days_left() < 0)
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
        let step = |days: &i64| match *days {
            -1 => Step::Overdue,
            days if days < 0 => Step::Late(days.unsigned_abs() as u16),
            days => Step::Days(days as u16),
        };
        Ladder::of(&steps.iter().map(step).collect::<Vec<_>>())
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
    fn overdue_is_said_once_and_then_by_the_ladder() {
        let ladder = ladder(&[1, -1, -7, -30]).expect("a good ladder");
        for (days_left, step) in [
            (0, "1"),
            (-1, "overdue"),
            (-6, "overdue"),
            (-7, "overdue+7"),
            (-29, "overdue+7"),
            (-500, "overdue+30"),
        ] {
            assert_eq!(
                ladder.current(days_left).map(|step| step.to_string()).as_deref(),
                Some(step),
                "{days_left}"
            );
        }
        let (target, day) =
            ("2026-09-02".parse().expect("a date"), |text: &str| text.parse().expect("a date"));
        assert_eq!(ladder.next(target, day("2026-09-03")), Some(day("2026-09-09")));
        assert_eq!(ladder.next(target, day("2026-10-02")), None);
    }

    #[test]
    fn steps_read_what_they_print() {
        for text in ["90", "0", "overdue", "overdue+7"] {
            assert_eq!(Step::parse(text).map(|step| step.to_string()).as_deref(), Some(text));
        }
        for text in ["", "-1", "overdue+1", "overdue+", "overdue7", "late", "3651", "overdue+99999"] {
            assert_eq!(Step::parse(text), None, "{text}");
        }
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

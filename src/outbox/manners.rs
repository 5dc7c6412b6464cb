//! How the people of a team want to be told: quiet hours, gathering, a cap.

use std::fmt;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::clock::Zone;
use crate::place::Severity;

/// The manners of a team. [`Manners::NONE`] tells everything as it comes.
#[derive(Clone, PartialEq, Debug)]
pub struct Manners {
    pub quiet: Option<Quiet>,
    /// How long alerts of one rule and broker are gathered once more than [`Manners::ALONE`] of them came.
    pub gather: Option<TimeDelta>,
    pub cap: Option<Cap>,
}

impl fmt::Display for Manners {
    /// All of it, so that two that differ read differently.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Quiet { from, to, pass }) = &self.quiet {
            write!(f, "quiet {}-{} below {} ", from.format("%H:%M"), to.format("%H:%M"), pass.as_str())?;
        }
        if let Some(gather) = self.gather {
            write!(f, "gather {}s ", gather.num_seconds())?;
        }
        if let Some(Cap { letters, within }) = self.cap {
            write!(f, "cap {letters} in {}s", within.num_seconds())?;
        }
        Ok(())
    }
}

/// Hours in which only loud alerts come, by the wall clock of the team.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quiet {
    pub from: NaiveTime,
    /// Before `from`, when the hours cross midnight.
    pub to: NaiveTime,
    /// Alerts at least this loud pass.
    pub pass: Severity,
}

/// At most so many letters within a while; what is beyond comes in one summary at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cap {
    pub letters: u32,
    pub within: TimeDelta,
}

impl Manners {
    pub const NONE: Self = Self { quiet: None, gather: None, cap: None };

    /// So many letters of one rule and broker leave at once; what follows within the window is gathered.
    pub const ALONE: u32 = 3;

    /// When an alert of this severity may be told, if not now.
    pub fn quiet_until(&self, zone: &Zone, severity: Severity, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let quiet = self.quiet.as_ref().filter(|quiet| severity < quiet.pass)?;
        quiet.end(zone, now)
    }
}

impl Quiet {
    /// The end of the quiet hours in which `now` lies. A night of a clock change is as long as its wall clock makes it.
    pub fn end(&self, zone: &Zone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = zone.date(now);
        // The hours that began yesterday, and those that begin today.
        for day in [today.pred_opt()?, today] {
            let last = if self.from < self.to { Some(day) } else { day.succ_opt() };
            let (begin, end) = (zone.instant(day.and_time(self.from)), zone.instant(last?.and_time(self.to)));
            if begin <= now && now < end {
                return Some(end);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn time(text: &str) -> NaiveTime {
        text.parse().expect("a time")
    }

    fn end(from: &str, to: &str, now: &str) -> Option<DateTime<Utc>> {
        let zone = Zone::named("America/New_York").expect("a zone");
        Quiet { from: time(from), to: time(to), pass: Severity::Critical }.end(&zone, at(now))
    }

    #[test]
    fn quiet_hours_cross_midnight() {
        for (now, wanted) in [
            ("2026-01-16T02:59:59Z", None),                         // 21:59:59
            ("2026-01-16T03:00:00Z", Some("2026-01-16T11:00:00Z")), // 22:00
            ("2026-01-16T10:59:59Z", Some("2026-01-16T11:00:00Z")), // 05:59:59
            ("2026-01-16T11:00:00Z", None),                         // 06:00
            ("2026-01-16T17:00:00Z", None),
        ] {
            assert_eq!(end("22:00:00", "06:00:00", now), wanted.map(at), "{now}");
        }
        assert_eq!(
            end("12:00:00", "13:00:00", "2026-01-16T17:30:00Z"),
            Some(at("2026-01-16T18:00:00Z")),
            "within a day"
        );
    }

    #[test]
    fn a_night_of_a_clock_change_ends_by_the_wall_clock() {
        // Spring: 02:00 becomes 03:00 on 8 March; 06:00 is 10:00 UTC.
        assert_eq!(end("22:00:00", "06:00:00", "2026-03-08T03:30:00Z"), Some(at("2026-03-08T10:00:00Z")));
        assert_eq!(end("22:00:00", "06:00:00", "2026-03-08T09:59:59Z"), Some(at("2026-03-08T10:00:00Z")));
        assert_eq!(end("22:00:00", "06:00:00", "2026-03-08T10:00:00Z"), None);
        // An end inside the hour that is skipped is the moment after the change.
        assert_eq!(end("22:00:00", "02:30:00", "2026-03-08T05:00:00Z"), Some(at("2026-03-08T07:30:00Z")));
        // Autumn: 01:30 comes twice on 1 November; the first one counts.
        assert_eq!(end("22:00:00", "01:30:00", "2026-11-01T05:00:00Z"), Some(at("2026-11-01T05:30:00Z")));
        assert_eq!(end("22:00:00", "01:30:00", "2026-11-01T05:45:00Z"), None);
        assert_eq!(end("22:00:00", "06:00:00", "2026-11-01T10:30:00Z"), Some(at("2026-11-01T11:00:00Z")));
    }

    #[test]
    fn loud_alerts_pass() {
        let zone = Zone::named("UTC").expect("a zone");
        let quiet = Quiet { from: time("22:00:00"), to: time("06:00:00"), pass: Severity::Critical };
        let manners = Manners { quiet: Some(quiet), ..Manners::NONE };
        let until = |severity| manners.quiet_until(&zone, severity, at("2026-01-16T23:00:00Z"));
        assert_eq!(until(Severity::Critical), None);
        assert_eq!(until(Severity::Warning), Some(at("2026-01-17T06:00:00Z")));
        assert_eq!(Manners::NONE.quiet_until(&zone, Severity::Info, at("2026-01-16T23:00:00Z")), None);
    }
}

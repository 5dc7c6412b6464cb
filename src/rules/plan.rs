//! Plans in plain words: when an alert is said again (`at once, then every 2 days, at most 5 times`), and lengths of time
//! (`4 hours`).

use std::fmt;
use std::ops::Range;

use chrono::{DateTime, Days, TimeDelta, Utc};

use crate::clock::Zone;
use crate::diagnostic::{Faults, suggest};

/// The longest span, in minutes: 90 days.
const SPAN_MINUTES_MAX: u32 = 90 * 1_440;

/// Nothing is said again sooner, in minutes.
const EVERY_MINUTES_MIN: u32 = 15;

/// Nothing is said more often.
const TIMES_MAX: u32 = 100;

const EXAMPLE: &str = "\"at once, then every 2 days, at most 5 times\"";

/// A length of time as people mean it: days keep the wall-clock time, minutes and hours do not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    Minutes(u32),
    Days(u32),
}

impl Span {
    /// `4 hours`, `a day`, `2 weeks`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (count, unit) = match words[..] {
            ["a" | "an", unit] => (1, unit),
            [unit] if unit.chars().all(char::is_alphabetic) => (1, unit),
            [count, unit] => (count.parse::<u32>().ok()?, unit),
            _ => return None,
        };
        let span = match unit.strip_suffix('s').unwrap_or(unit) {
            "minute" => Self::Minutes(count),
            "hour" => Self::Minutes(count.checked_mul(60)?),
            "day" => Self::Days(count),
            "week" => Self::Days(count.checked_mul(7)?),
            _ => return None,
        };
        (count > 0 && span.minutes() <= SPAN_MINUTES_MAX).then_some(span)
    }

    /// What is wrong with a text that is no length of time: `(did you mean `2 hours`?)`, else the example.
    pub(super) fn hint(text: &str, example: &str) -> String {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        let unit = match unit.trim().to_lowercase().trim_end_matches(['.', 's']) {
            "m" | "min" | "minuit" | "minut" => Some("minutes"),
            "h" | "hr" | "hour" => Some("hours"),
            "d" => Some("days"),
            "w" | "wk" => Some("weeks"),
            unit => suggest(unit, ["minutes", "hours", "days", "weeks"]),
        };
        let near = unit.map(|unit| format!("{} {unit}", if count.is_empty() { "1" } else { count }));
        match near.filter(|near| Self::parse(near).is_some()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("example: {example}"),
        }
    }

    /// Its usual length; a day of a clock change is longer or shorter.
    pub fn minutes(self) -> u32 {
        match self {
            Self::Minutes(minutes) => minutes,
            Self::Days(days) => days.saturating_mul(1_440),
        }
    }

    /// So much later than `from`.
    pub fn after(self, from: DateTime<Utc>, zone: Option<&Zone>) -> DateTime<Utc> {
        match (self, zone) {
            (Self::Days(days), Some(zone)) => {
                let then = zone.local(from).checked_add_days(Days::new(u64::from(days)));
                then.map_or(from, |then| zone.instant(then))
            }
            (span, _) => from + TimeDelta::minutes(i64::from(span.minutes())),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match *self {
            Self::Days(days) => (days, "day"),
            Self::Minutes(minutes) if minutes % 60 == 0 => (minutes / 60, "hour"),
            Self::Minutes(minutes) => (minutes, "minute"),
        };
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

/// When an alert is said, and said again until somebody answers or its cause is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Repeat {
    /// `None`: at once.
    pub first: Option<Span>,
    /// `None`: never again.
    pub every: Option<Span>,
    /// How often in all, the first time included.
    pub times: u32,
}

impl Repeat {
    /// Reads a plan; every part of it that makes no sense is a fault.
    pub(super) fn parse(text: &str, span: Range<usize>, called: &str, faults: &mut Faults) -> Option<Self> {
        let before = faults.len();
        let mut plan = Self { first: None, every: None, times: 1 };
        let (mut has_first, mut has_times) = (false, false);
        for (index, part) in text.split(',').enumerate() {
            let part = part.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            let part = part.strip_prefix("then ").unwrap_or(&part);
            let mut fault = |message: String| faults.add(span.clone(), format!("{called}: {message}"));
            if part == "at once" && index == 0 {
                has_first = true;
            } else if let Some(first) = part.strip_prefix("after ").filter(|_| index == 0) {
                has_first = true;
                plan.first = Span::parse(first);
                if plan.first.is_none() {
                    let hint = Span::hint(first, "2 hours");
                    fault(format!("`remind` waits `{first}`, which is no length of time ({hint})"));
                }
            } else if let Some(every) = part.strip_prefix("every ").filter(|_| plan.every.is_none()) {
                match Span::parse(every) {
                    None => fault(format!(
                        "`remind` says `every {every}`, which is no length of time ({})",
                        Span::hint(every, "every 2 days")
                    )),
                    Some(every) if every.minutes() < EVERY_MINUTES_MIN => {
                        fault(format!("`remind` repeats no sooner than every {EVERY_MINUTES_MIN} minutes"));
                    }
                    every => plan.every = every,
                }
            } else if let Some(times) = times(part).filter(|_| !has_times) {
                has_times = true;
                plan.times = times;
                if !(1..=TIMES_MAX).contains(&times) {
                    fault(format!("`remind` says something 1 to {TIMES_MAX} times, not {times}"));
                }
            } else {
                fault(format!("`remind` cannot be read at `{part}` (example: {EXAMPLE})"));
            }
        }
        if faults.len() == before {
            let message = match (has_first, plan.every, has_times) {
                (false, ..) => Some("`remind` must begin with `at once` or `after 2 hours`"),
                (_, Some(_), false) => Some("`remind` must say how often: `at most 5 times`"),
                (_, None, true) if plan.times > 1 => Some("`remind` must say how soon again: `every 2 days`"),
                _ => None,
            };
            if let Some(message) = message {
                faults.add(span, format!("{called}: {message}"));
            }
        }
        (faults.len() == before).then_some(plan)
    }
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            None => f.write_str("at once")?,
            Some(first) => write!(f, "after {first}")?,
        }
        if let Some(every) = self.every {
            write!(f, ", then every {every}, at most {} times", self.times)?;
        }
        Ok(())
    }
}

/// `at most 5 times`, `at most once`.
fn times(part: &str) -> Option<u32> {
    match part.strip_prefix("at most ")? {
        "once" => Some(1),
        "twice" => Some(2),
        words => words.strip_suffix(" times").or_else(|| words.strip_suffix(" time"))?.parse().ok(),
    }
}

/// How long alerts of the rule are gathered, where it differs from what the recipient's team has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gather {
    /// As the team has it.
    AsTeam,
    Never,
    For(Span),
}

/// Whom to tell when nobody has acknowledged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Escalation {
    /// Since the alert was told, or the last group was.
    pub after: Span,
    /// Names of teams, groups resolved.
    pub notify: Box<[Box<str>]>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;

    fn read(text: &str) -> Result<Repeat, String> {
        let mut faults = Faults::of(Source::new("r.toml", text));
        let plan = Repeat::parse(text, 0..text.len(), "rule `x`", &mut faults);
        plan.ok_or_else(|| faults.into_sorted().iter().map(|fault| fault.message.clone()).collect())
    }

    #[test]
    fn plans_are_read_and_said_in_plain_words() {
        for (text, said) in [
            ("at once", "at once"),
            ("at once, then every 2 days, at most 5 times", "at once, then every 2 days, at most 5 times"),
            ("At once, every hour, at most twice", "at once, then every 1 hour, at most 2 times"),
            (
                "after 90 minutes, then every week, at most 3 times",
                "after 90 minutes, then every 7 days, at most 3 times",
            ),
            ("after a day", "after 1 day"),
        ] {
            assert_eq!(read(text).map(|plan| plan.to_string()), Ok(said.to_owned()), "{text}");
        }
        for (text, part) in [
            ("", "cannot be read"),
            ("every 2 days, at most 5 times", "must begin with"),
            ("at once, then every 2 days", "how often"),
            ("at once, at most 5 times", "how soon"),
            ("at once, then every 5 minutes, at most 5 times", "no sooner"),
            ("at once, then every 2 moons, at most 5 times", "no length of time"),
            ("at once, then every 2 days, at most 0 times", "1 to 100"),
            ("at once, then sometimes", "cannot be read at `sometimes`"),
            ("after never", "no length of time"),
            ("at once, every 2 days, every 3 days, at most 5 times", "cannot be read at `every 3 days`"),
        ] {
            assert!(read(text).is_err_and(|fault| fault.contains(part)), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn days_keep_the_wall_clock_over_a_clock_change() {
        let zone = Zone::named("America/New_York").expect("a zone");
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let from = at("2026-03-07T14:00:00Z"); // 09:00
        assert_eq!(Span::Days(2).after(from, Some(&zone)), at("2026-03-09T13:00:00Z"));
        assert_eq!(Span::Minutes(48 * 60).after(from, Some(&zone)), at("2026-03-09T14:00:00Z"));
    }
}

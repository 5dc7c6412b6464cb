//! What the configuration knows better than the table: closures of some ports, dates that CBP named, clocks that a court
//! stopped, the statement calendar that CBP publishes for a year, programmes that are on for a while.
//!
//! Each override names its source, for it may move a legal date; source and author stand among the facts of every clock that
//! it moved. Of several that speak of the same clock the one with the narrowest scope is taken, of those the earliest result.

use chrono::{Datelike, NaiveDate};

use super::calendar::plus_days;
use super::key::Key;
use super::table::DeadlineTable;
use super::triggers::Triggers;
use super::value::Value;
use super::{Due, id};

/// For which entries and clocks an override is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Applies {
    /// Port codes; empty for all.
    pub ports: Vec<Box<str>>,
    /// Filer codes; empty for all.
    pub filers: Vec<Box<str>>,
    /// Deadline ids; empty for all.
    pub deadlines: Vec<Box<str>>,
    /// Entry numbers without punctuation; empty for all.
    pub entries: Vec<Box<str>>,
}

/// Days that mean something else for some entries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayOverride {
    pub from: NaiveDate,
    /// The last day, itself included.
    pub to: NaiveDate,
    pub applies: Applies,
    pub effect: DayEffect,
    /// Who says so, and who entered it: `CSMS 17-000522, entered by jo`.
    pub source: Box<str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DayEffect {
    /// The days are not counted as working days, and nothing rolls onto them.
    Nonworking,
    /// What is due on one of the days is due so many working days later. Without named deadlines this is for those that the
    /// table lets closures move.
    ExtendWorkingDays(u32),
    /// What is due on one of the days is due so many calendar days later.
    ExtendDays(u32),
}

/// A date that takes the place of the computed one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetDue {
    pub applies: Applies,
    /// Any day of the month in which the computed date falls; `None` for all.
    pub month: Option<NaiveDate>,
    pub due: NaiveDate,
    pub source: Box<str>,
}

/// A clock that was stopped, and perhaps started again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suspension {
    pub applies: Applies,
    pub from: NaiveDate,
    /// The last day on which it stands still; `None` while nobody started it again.
    pub to: Option<NaiveDate>,
    pub source: Box<str>,
}

/// A row of the statement calendar that CBP publishes: when the monthly statements of a month are due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementMonth {
    /// Any day of the month in which the statement is paid; its first in the configuration.
    pub month: NaiveDate,
    pub preliminary: Option<NaiveDate>,
    pub due: Option<NaiveDate>,
    pub source: Box<str>,
}

/// A clock that is kept only because the configuration asks for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Programme {
    pub deadline: Box<str>,
    /// Clocks that start later are not kept.
    pub until: NaiveDate,
}

/// Everything that the configuration knows better.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overrides {
    pub days: Vec<DayOverride>,
    pub set_due: Vec<SetDue>,
    pub suspensions: Vec<Suspension>,
    pub statements: Vec<StatementMonth>,
    pub programmes: Vec<Programme>,
}

/// Which entry a clock belongs to, as overrides ask for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope<'a> {
    pub port: Option<&'a str>,
    pub filer: &'a str,
    /// The entry number without punctuation.
    pub entry: &'a str,
}

/// A fact that an override brings, and its source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overriding {
    pub key: Key,
    pub value: Value,
    pub source: Box<str>,
}

/// The facts of the best override so far, how narrow it is, and what comes out.
struct Best {
    facts: Vec<Overriding>,
    narrowness: u8,
    due: Option<NaiveDate>,
}

impl Applies {
    fn is_for(&self, id: &str, scope: Scope<'_>) -> bool {
        let has = |list: &[Box<str>], word: Option<&str>| {
            list.is_empty() || word.is_some_and(|word| list.iter().any(|known| **known == *word))
        };
        has(&self.ports, scope.port)
            && has(&self.filers, Some(scope.filer))
            && has(&self.deadlines, Some(id))
            && has(&self.entries, Some(scope.entry))
    }

    /// One entry is narrower than any port or filer.
    fn narrowness(&self) -> u8 {
        let named = |list: &[Box<str>], weight| if list.is_empty() { 0 } else { weight };
        named(&self.entries, 8) + named(&self.deadlines, 1) + named(&self.ports, 1) + named(&self.filers, 1)
    }
}

impl DayOverride {
    fn days(&self) -> Vec<NaiveDate> {
        let mut days = Vec::new();
        let mut day = self.from;
        while day <= self.to {
            days.push(day);
            day = plus_days(day, 1);
        }
        days
    }
}

fn is_same_month(left: NaiveDate, right: NaiveDate) -> bool {
    (left.year(), left.month()) == (right.year(), right.month())
}

impl DeadlineTable {
    /// Whether a clock is kept: those of the table that are on, and programmes that the configuration asks for.
    pub fn keeps(&self, id: &str, facts: &Triggers) -> bool {
        let Some(definition) = self.find(id) else { return false };
        let started = || definition.start(facts).map(|(_, date)| date);
        let is_running = |known: &&super::Programme| {
            *known.deadline == *id && started().is_none_or(|date| date <= known.until)
        };
        definition.on || self.overrides().programmes.iter().any(|known| is_running(&known))
    }

    pub fn has_overrides(&self) -> bool {
        let Overrides { days, set_due, suspensions, statements, programmes: _ } = self.overrides();
        !(days.is_empty() && set_due.is_empty() && suspensions.is_empty() && statements.is_empty())
    }

    /// The facts that the configuration adds to a clock of an entry: those of the one override that moves its dates.
    pub fn overriding(&self, id: &str, facts: &Triggers, scope: Scope<'_>) -> Vec<Overriding> {
        let Some(definition) = self.find(id) else { return Vec::new() };
        let Ok(before) = self.dates_of(definition, facts) else { return Vec::new() };
        let mut best: Option<Best> = None;
        let mut offer = |told: Vec<(Key, Value)>, narrowness: u8, source: &str| {
            let mut tried = facts.clone();
            if told.iter().any(|(key, value)| tried.put(*key, value.clone()).is_err()) {
                return;
            }
            let Ok(after) = self.dates_of(definition, &tried) else { return };
            if (after.due, after.act_by) == (before.due, before.act_by) {
                return;
            }
            // A clock that stands still has no date, which is later than any.
            let rank = |narrowness: u8, due: Option<NaiveDate>| {
                (std::cmp::Reverse(narrowness), due.unwrap_or(NaiveDate::MAX))
            };
            let due = after.due.date();
            if best.as_ref().is_none_or(|best| rank(narrowness, due) < rank(best.narrowness, best.due)) {
                let fact = |(key, value)| Overriding { key, value, source: source.into() };
                best = Some(Best { facts: told.into_iter().map(fact).collect(), narrowness, due });
            }
        };
        let Overrides { days, set_due, suspensions, .. } = self.overrides();
        for day in days.iter().filter(|day| day.applies.is_for(id, scope)) {
            if let Some(fact) = day.fact(definition, facts, before.due) {
                offer(vec![fact], day.applies.narrowness(), &day.source);
            }
        }
        for set in set_due.iter().filter(|set| set.applies.is_for(id, scope)) {
            let in_month = |month| before.due.date().is_some_and(|due| is_same_month(due, month));
            if set.month.is_none_or(in_month) {
                offer(vec![(Key::SetDue, Value::Date(set.due))], set.applies.narrowness(), &set.source);
            }
        }
        for stop in suspensions.iter().filter(|stop| stop.applies.is_for(id, scope)) {
            let mut told = vec![(Key::SuspendedFrom, Value::Date(stop.from))];
            told.extend(stop.to.map(|to| (Key::SuspendedTo, Value::Date(to))));
            offer(told, stop.applies.narrowness(), &stop.source);
        }
        // The date on the statement itself ranks above the calendar.
        if let (Some((_, start)), None) = (before.start, facts.get(Key::Published)) {
            let paid_in = super::calendar::plus_months(start, 1);
            let row = self.overrides().statements.iter().find(|row| is_same_month(row.month, paid_in));
            let date = row.and_then(|row| match id {
                id::PMS_PRELIM => row.preliminary,
                id::PMS_DUE => row.due,
                _ => None,
            });
            if let (Some(row), Some(date)) = (row, date) {
                offer(vec![(Key::Published, Value::Date(date))], 0, &row.source);
            }
        }
        best.map(|best| best.facts).unwrap_or_default()
    }
}

impl DayOverride {
    /// The fact that it adds to a clock which is due on `due` without it.
    fn fact(&self, definition: &super::Definition, facts: &Triggers, due: Due) -> Option<(Key, Value)> {
        let is_in_range = due.date().is_some_and(|due| self.from <= due && due <= self.to);
        let moves_days =
            !self.applies.deadlines.is_empty() || definition.accepts.contains(&Key::ExtendWorkingDays);
        match self.effect {
            DayEffect::Nonworking => {
                let mut days = facts.dates(Key::Nonworking).to_vec();
                days.extend(self.days());
                Some((Key::Nonworking, Value::Dates(days)))
            }
            DayEffect::ExtendWorkingDays(days) if is_in_range && moves_days => {
                Some((Key::ExtendWorkingDays, Value::Count(days)))
            }
            DayEffect::ExtendDays(days) if is_in_range => Some((Key::ExtendDays, Value::Count(days))),
            DayEffect::ExtendWorkingDays(_) | DayEffect::ExtendDays(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn closure(effect: DayEffect) -> DayOverride {
        DayOverride {
            from: date("2017-08-30"),
            to: date("2017-09-01"),
            applies: Applies { ports: vec!["5301".into()], ..Applies::default() },
            effect,
            source: "CSMS 17-000522".into(),
        }
    }

    fn due(table: &DeadlineTable, id: &str, facts: &str, port: &str) -> String {
        let mut facts = Triggers::parse(facts.split(' ')).expect("facts");
        let scope = Scope { port: Some(port), filer: "ABC", entry: "ABC12345678" };
        for fact in table.overriding(id, &facts, scope) {
            facts.put(fact.key, fact.value).expect("a fact");
        }
        table.compute_dates(id, &facts).expect("dates").due.to_string()
    }

    #[test]
    fn a_local_closure_moves_what_falls_into_it() {
        for (effect, port, wanted) in [
            (DayEffect::ExtendWorkingDays(1), "5301", "2017-08-31"),
            (DayEffect::ExtendWorkingDays(1), "2704", "2017-08-30"),
            (DayEffect::Nonworking, "5301", "2017-09-05"),
        ] {
            let days = vec![closure(effect)];
            let table = DeadlineTable::embedded().with_overrides(Overrides { days, ..Overrides::default() });
            assert_eq!(due(&table, "ES_DUE", "entry_date=2017-08-16", port), wanted, "{effect:?} {port}");
            assert_eq!(due(&table, "LIQ_DEEMED_1Y", "entry_date=2017-08-16", port), "2018-08-16");
            assert_ne!(table.version(), DeadlineTable::embedded().version());
        }
    }

    #[test]
    fn days_may_be_granted_a_date_set_and_a_clock_stopped() {
        let to = |deadline: &str| Applies { deadlines: vec![deadline.into()], ..Applies::default() };
        let of_entry = |deadline: &str| Applies { entries: vec!["ABC12345678".into()], ..to(deadline) };
        let granted = |deadline: &str, days| DayOverride {
            applies: to(deadline),
            ..closure(DayEffect::ExtendDays(days))
        };
        let set = |applies, due: &str, month: Option<&str>| SetDue {
            applies,
            month: month.map(date),
            due: date(due),
            source: "CSMS 1".into(),
        };
        let stop = |deadline: &str, from: &str, to_day: Option<&str>| Suspension {
            applies: to(deadline),
            from: date(from),
            to: to_day.map(date),
            source: "a court".into(),
        };
        let none = Overrides::default;
        let entered = "entry_date=2017-08-16";
        let liquidated = "liquidation_date=2017-03-03";
        for (overrides, id, facts, wanted) in [
            // Due on 30 August, which is in the range; five calendar days on.
            (Overrides { days: vec![granted("ES_DUE", 5)], ..none() }, "ES_DUE", entered, "2017-09-04"),
            (
                Overrides { days: vec![granted("ES_DUE", 5)], ..none() },
                "ES_DUE",
                "entry_date=2017-08-18",
                "2017-09-06",
            ),
            (Overrides { days: vec![granted("BILL_DUE", 5)], ..none() }, "ES_DUE", entered, "2017-08-30"),
            // Of one entry, of a month, of another month.
            (
                Overrides { set_due: vec![set(of_entry("ES_DUE"), "2017-08-25", None)], ..none() },
                "ES_DUE",
                entered,
                "2017-08-25",
            ),
            (
                Overrides { set_due: vec![set(to("ES_DUE"), "2017-09-15", Some("2017-08-01"))], ..none() },
                "ES_DUE",
                entered,
                "2017-09-15",
            ),
            (
                Overrides { set_due: vec![set(to("ES_DUE"), "2017-09-15", Some("2017-09-01"))], ..none() },
                "ES_DUE",
                entered,
                "2017-08-30",
            ),
            // A statute's date may come nearer, never later.
            (
                Overrides { set_due: vec![set(of_entry("PROTEST_DUE"), "2017-08-01", None)], ..none() },
                "PROTEST_DUE",
                liquidated,
                "2017-08-01",
            ),
            (
                Overrides { set_due: vec![set(of_entry("PROTEST_DUE"), "2017-12-01", None)], ..none() },
                "PROTEST_DUE",
                liquidated,
                "2017-08-30",
            ),
            // One entry is narrower than a grant to all, though later.
            (
                Overrides {
                    days: vec![granted("ES_DUE", 1)],
                    set_due: vec![set(of_entry("ES_DUE"), "2017-10-02", None)],
                    ..none()
                },
                "ES_DUE",
                entered,
                "2017-10-02",
            ),
            // As wide as each other: the earlier result.
            (
                Overrides { days: vec![granted("ES_DUE", 9), granted("ES_DUE", 2)], ..none() },
                "ES_DUE",
                entered,
                "2017-09-01",
            ),
            // Stopped for ten days; stopped still; stopped when it had run out; before it began.
            (
                Overrides {
                    suspensions: vec![stop("LIQ_DEEMED_1Y", "2018-01-01", Some("2018-01-10"))],
                    ..none()
                },
                "LIQ_DEEMED_1Y",
                entered,
                "2018-08-26",
            ),
            (
                Overrides { suspensions: vec![stop("LIQ_DEEMED_1Y", "2018-01-01", None)], ..none() },
                "LIQ_DEEMED_1Y",
                entered,
                "OPEN",
            ),
            (
                Overrides { suspensions: vec![stop("LIQ_DEEMED_1Y", "2018-08-17", None)], ..none() },
                "LIQ_DEEMED_1Y",
                entered,
                "2018-08-16",
            ),
            (
                Overrides {
                    suspensions: vec![stop("LIQ_DEEMED_1Y", "2017-08-01", Some("2017-08-16"))],
                    ..none()
                },
                "LIQ_DEEMED_1Y",
                entered,
                "2018-08-16",
            ),
            (
                Overrides {
                    suspensions: vec![stop("LIQ_DEEMED_1Y", "2017-08-01", Some("2017-08-18"))],
                    ..none()
                },
                "LIQ_DEEMED_1Y",
                entered,
                "2018-08-18",
            ),
        ] {
            let table = DeadlineTable::embedded().with_overrides(overrides);
            assert_eq!(due(&table, id, facts, "5301"), wanted, "{:?}", table.overrides());
        }
    }

    #[test]
    fn the_published_calendar_takes_the_place_of_the_count() {
        let row = StatementMonth {
            month: date("2026-02-01"),
            preliminary: Some(date("2026-02-18")),
            due: Some(date("2026-02-24")),
            source: "CSMS 65000000".into(),
        };
        let overrides = Overrides { statements: vec![row], ..Overrides::default() };
        let table = DeadlineTable::embedded().with_overrides(overrides);
        assert_eq!(due(&table, "PMS_DUE", "release_date=2026-01-20", "2704"), "2026-02-24");
        assert_eq!(due(&table, "PMS_PRELIM", "release_date=2026-01-20", "2704"), "2026-02-18");
        assert_eq!(
            due(&table, "PMS_DUE", "release_date=2026-01-20 published=2026-02-20", "2704"),
            "2026-02-20"
        );
        assert_eq!(due(&table, "PMS_DUE", "release_date=2026-02-20", "2704"), "2026-03-20");
    }

    #[test]
    fn a_programme_is_kept_while_the_configuration_says_so() {
        let facts = |text: &str| Triggers::parse([text]).expect("facts");
        let early = facts("liquidation_date=2026-03-06");
        assert!(!DeadlineTable::embedded().keeps("CAPE_80D", &early));
        let programmes = vec![Programme { deadline: "CAPE_80D".into(), until: date("2026-06-30") }];
        let table =
            DeadlineTable::embedded().with_overrides(Overrides { programmes, ..Overrides::default() });
        assert!(table.keeps("CAPE_80D", &early));
        assert!(!table.keeps("CAPE_80D", &facts("liquidation_date=2026-07-03")));
        assert!(table.keeps("ES_DUE", &early));
    }
}

//! What the configuration knows better than the table: closures of some ports, the statement calendar that CBP
//! publishes for a year, programmes that are on for a while.
//!
//! Each override names its source, for it may move a legal date; the source stands among the facts of every clock that
//! it moved. Of two that speak of the same clock the earlier result is taken.

use chrono::{Datelike, NaiveDate};

use super::calendar::plus_days;
use super::table::DeadlineTable;
use super::triggers::{Key, Triggers, Value};
use super::{Due, id};

/// Days that mean something else for some entries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayOverride {
    pub from: NaiveDate,
    /// The last day, itself included.
    pub to: NaiveDate,
    /// Port codes; empty for all.
    pub ports: Vec<Box<str>>,
    /// Filer codes; empty for all.
    pub filers: Vec<Box<str>>,
    /// Deadline ids; empty for all.
    pub deadlines: Vec<Box<str>>,
    pub effect: DayEffect,
    /// The message of CBP that says so: `CSMS 17-000522`.
    pub source: Box<str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DayEffect {
    /// The days are not counted as working days, and nothing rolls onto them.
    Nonworking,
    /// What is due on one of the days is due so many working days later.
    ExtendWorkingDays(u32),
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
    pub statements: Vec<StatementMonth>,
    pub programmes: Vec<Programme>,
}

/// Which entry a clock belongs to, as overrides ask for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope<'a> {
    pub port: Option<&'a str>,
    pub filer: &'a str,
}

/// A fact that an override brings, and its source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overriding {
    pub key: Key,
    pub value: Value,
    pub source: Box<str>,
}

impl DayOverride {
    fn is_for(&self, id: &str, scope: Scope<'_>) -> bool {
        let has = |list: &[Box<str>], word: Option<&str>| {
            list.is_empty() || word.is_some_and(|word| list.iter().any(|known| **known == *word))
        };
        has(&self.ports, scope.port) && has(&self.filers, Some(scope.filer)) && has(&self.deadlines, Some(id))
    }

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
        !self.overrides().days.is_empty() || !self.overrides().statements.is_empty()
    }

    /// The facts that the configuration adds to a clock of an entry: those that move its dates.
    pub fn overriding(&self, id: &str, facts: &Triggers, scope: Scope<'_>) -> Vec<Overriding> {
        let Some(definition) = self.find(id) else { return Vec::new() };
        let Ok(before) = self.dates_of(definition, facts) else { return Vec::new() };
        let mut found: Option<(Overriding, super::Dates)> = None;
        let mut offer = |key: Key, value: Value, source: &str| {
            let mut tried = facts.clone();
            let Ok(_) = tried.put(key, value.clone()) else { return };
            let Ok(after) = self.dates_of(definition, &tried) else { return };
            let is_better = found.as_ref().is_none_or(|(_, best)| after.due.date() < best.due.date());
            if (after.due, after.act_by) != (before.due, before.act_by) && is_better {
                found = Some((Overriding { key, value, source: source.into() }, after));
            }
        };
        for day in self.overrides().days.iter().filter(|day| day.is_for(id, scope)) {
            match (day.effect, before.due) {
                (DayEffect::Nonworking, _) => {
                    let mut days = facts.dates(Key::Nonworking).to_vec();
                    days.extend(day.days());
                    offer(Key::Nonworking, Value::Dates(days), &day.source);
                }
                (DayEffect::ExtendWorkingDays(days), Due::Date(due))
                    if day.from <= due
                        && due <= day.to
                        && definition.accepts.contains(&Key::ExtendWorkingDays) =>
                {
                    offer(Key::ExtendWorkingDays, Value::Count(days), &day.source);
                }
                _ => {}
            }
        }
        // The date on the statement itself ranks above the calendar.
        if let (Some((_, start)), None) = (before.start, facts.get(Key::Published)) {
            let paid_in = super::calendar::plus_months(start, 1);
            let same = |row: &&StatementMonth| {
                (row.month.year(), row.month.month()) == (paid_in.year(), paid_in.month())
            };
            let row = self.overrides().statements.iter().find(same);
            let date = row.and_then(|row| match id {
                id::PMS_PRELIM => row.preliminary,
                id::PMS_DUE => row.due,
                _ => None,
            });
            if let (Some(row), Some(date)) = (row, date) {
                offer(Key::Published, Value::Date(date), &row.source);
            }
        }
        found.into_iter().map(|(fact, _)| fact).collect()
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
            ports: vec!["5301".into()],
            filers: Vec::new(),
            deadlines: Vec::new(),
            effect,
            source: "CSMS 17-000522".into(),
        }
    }

    fn due(table: &DeadlineTable, id: &str, facts: &str, port: &str) -> String {
        let mut facts = Triggers::parse(facts.split(' ')).expect("facts");
        let scope = Scope { port: Some(port), filer: "ABC" };
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

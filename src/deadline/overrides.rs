//! What the configuration knows better than the table: closures of some ports, dates that CBP named, clocks that a court
//! stopped, the statement calendar that CBP publishes for a year, programmes that are on for a while.
//!
//! Each override names its source, for it may move a legal date; source and author stand among the facts of every clock that
//! it moved. Of several that speak of the same clock the one with the narrowest scope is taken, of those the earliest result;
//! days that do not count add up, whoever announced them. The published calendar ranks above any count of days.

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

    /// The facts that the configuration adds to a clock of an entry: the published date, and those of the one override that
    /// moves its dates then.
    pub fn overriding(&self, id: &str, facts: &Triggers, scope: Scope<'_>) -> Vec<Overriding> {
        let Some(definition) = self.find(id) else { return Vec::new() };
        let Ok(computed) = self.dates_of(definition, facts) else { return Vec::new() };
        // The calendar outranks the count, so a closure that moves the count only moves nothing.
        let published = self.published(id, facts, computed.start.map(|(_, start)| start));
        let mut known = facts.clone();
        if let Some(published) = &published
            && known.put(published.key, published.value.clone()).is_err()
        {
            return Vec::new();
        }
        let mut told: Vec<Overriding> = published.into_iter().collect();
        told.extend(self.moving(definition, &known, scope));
        told
    }

    /// The date that CBP published for the monthly statements of the month in which this one is paid. The date on the statement
    /// itself ranks above it.
    fn published(&self, id: &str, facts: &Triggers, start: Option<NaiveDate>) -> Option<Overriding> {
        if facts.get(Key::Published).is_some() {
            return None;
        }
        let paid_in = super::calendar::plus_months(start?, 1);
        let row = self.overrides().statements.iter().find(|row| is_same_month(row.month, paid_in))?;
        let date = match id {
            id::PMS_PRELIM => row.preliminary,
            id::PMS_DUE => row.due,
            _ => None,
        }?;
        Some(Overriding { key: Key::Published, value: Value::Date(date), source: row.source.clone() })
    }

    /// The facts of the override that moves the dates of a clock.
    fn moving(&self, definition: &super::Definition, facts: &Triggers, scope: Scope<'_>) -> Vec<Overriding> {
        let id = definition.id.as_str();
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
        let days: Vec<&DayOverride> = days.iter().filter(|day| day.applies.is_for(id, scope)).collect();
        let closures = self.closures(definition, facts, &days);
        if !closures.is_empty() {
            let sources: Vec<&str> = closures.iter().map(|day| &*day.source).collect();
            let narrowness = closures.iter().map(|day| day.applies.narrowness()).max().unwrap_or(0);
            offer(vec![nonworking(facts, &closures)], narrowness, &sources.join("; "));
        }
        for day in days {
            if let Some(fact) = day.grant(definition, before.due) {
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
        best.map(|best| best.facts).unwrap_or_default()
    }

    /// The closures that move the dates of a clock, all of them together: two days that do not count cost two.
    fn closures<'d>(
        &self,
        definition: &super::Definition,
        facts: &Triggers,
        days: &[&'d DayOverride],
    ) -> Vec<&'d DayOverride> {
        let closed = |day: &&&DayOverride| day.effect == DayEffect::Nonworking;
        let mut closures: Vec<&DayOverride> = days.iter().filter(closed).copied().collect();
        let dates = |closures: &[&DayOverride]| {
            let mut tried = facts.clone();
            let (key, value) = nonworking(facts, closures);
            tried.put(key, value).ok()?;
            let dates = self.dates_of(definition, &tried).ok()?;
            Some((dates.due, dates.act_by, dates.start))
        };
        let Some((due, act_by, start)) = dates(&closures) else { return Vec::new() };
        // What lies outside of the clock is not even tried.
        let (first, last) = (start.map(|(_, start)| start), due.date());
        closures.retain(|day| {
            first.is_none_or(|first| first <= day.to) && last.is_none_or(|last| day.from <= last)
        });
        let mut at = 0;
        while at < closures.len() {
            let mut rest = closures.clone();
            rest.remove(at);
            let moved = if rest.is_empty() {
                self.dates_of(definition, facts).ok().map(|dates| (dates.due, dates.act_by))
            } else {
                dates(&rest).map(|(due, act_by, _)| (due, act_by))
            };
            if moved == Some((due, act_by)) { closures = rest } else { at += 1 }
        }
        closures
    }
}

/// All days that do not count.
fn nonworking(facts: &Triggers, closures: &[&DayOverride]) -> (Key, Value) {
    let mut days = facts.dates(Key::Nonworking).to_vec();
    days.extend(closures.iter().flat_map(|day| day.days()));
    days.sort_unstable();
    days.dedup();
    (Key::Nonworking, Value::Dates(days))
}

impl DayOverride {
    /// The days that it grants a clock which is due on `due` without it.
    fn grant(&self, definition: &super::Definition, due: Due) -> Option<(Key, Value)> {
        let is_in_range = due.date().is_some_and(|due| self.from <= due && due <= self.to);
        let moves_days =
            !self.applies.deadlines.is_empty() || definition.accepts.contains(&Key::ExtendWorkingDays);
        match self.effect {
            DayEffect::ExtendWorkingDays(days) if is_in_range && moves_days => {
                Some((Key::ExtendWorkingDays, Value::Count(days)))
            }
            DayEffect::ExtendDays(days) if is_in_range => Some((Key::ExtendDays, Value::Count(days))),
            DayEffect::Nonworking | DayEffect::ExtendWorkingDays(_) | DayEffect::ExtendDays(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;

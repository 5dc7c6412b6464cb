//! Conditions: what must hold for a rule to decide. Compiled once, evaluated without allocation.

use std::fmt;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use super::facts::Facts;
use super::lines::{LineMatch, ProductLine};
use super::matcher::{FieldMatch, TextMatch, TimeSpan};
use super::names::{Set, effect_index, kind_index};
use super::numbers::NumberMatch;
use crate::entry::Entry;
use crate::notice::{Liquidation, Notice};
use crate::place::Severity;

/// A question with a plain answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flag {
    OpenHoldAfter,
    OpenHoldBefore,
    Repeated,
    KnownEntry,
    HasEntry,
    Released,
    Suspended,
    InQuestion,
    Unpaid,
    ByLaw,
    LastDay,
    Overdue,
    DifferenceKnown,
    Contradicted,
}

/// Days of the week, Monday first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Weekdays(pub Set);

impl Weekdays {
    const WORDS: [&'static str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    pub fn words() -> impl Iterator<Item = &'static str> + Clone {
        Self::WORDS.into_iter()
    }

    pub fn one(word: &str) -> Option<Set> {
        Self::WORDS.iter().position(|name| *name == word).map(Set::one)
    }

    fn has(self, day: NaiveDate) -> bool {
        self.0.has(day.weekday().num_days_from_monday() as usize)
    }
}

/// One key of a condition, with the words in which it was written.
#[derive(Clone)]
pub(super) struct Clause {
    pub text: Box<str>,
    pub test: Test,
}

impl fmt::Debug for Clause {
    /// The meaning without the words: two clauses that mean the same print the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.test, f)
    }
}

/// A table of clauses; all must hold. An empty one always holds.
#[derive(Clone, Default)]
pub(super) struct Condition(pub Vec<Clause>);

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut clauses: Vec<String> = self.0.iter().map(|clause| format!("{clause:?}")).collect();
        clauses.sort();
        f.write_str(&clauses.join(" & "))
    }
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Any(Vec<Condition>),
    Not(Condition),
    Kind(Set),
    Effect(Set),
    Status(Set),
    StatusBefore(Set),
    Became(Set),
    Severity(SeverityMatch),
    Code(TextMatch),
    Table(TextMatch),
    Agency(TextMatch),
    EntryType(TextMatch),
    Port(TextMatch),
    Importer(TextMatch),
    Broker(TextMatch),
    Filer(TextMatch),
    EntryNumber(TextMatch),
    Bill(TextMatch),
    Container(TextMatch),
    Order(TextMatch),
    BrokerReference(TextMatch),
    HoldAgency(TextMatch),
    HoldCode(TextMatch),
    OpenHolds(NumberMatch),
    HoldDays(NumberMatch),
    Field {
        name: Box<str>,
        value: FieldMatch,
    },
    Difference(NumberMatch),
    Paid(NumberMatch),
    Liquidated(NumberMatch),
    Flag(Flag, bool),
    /// A line of the entry fits.
    Line(LineMatch),
    Lines(NumberMatch),
    EnteredValue(NumberMatch),
    Duty(NumberMatch),
    /// The entry belongs to one of them.
    ProductLine(Box<[Arc<ProductLine>]>),
    OpenDeadline(TextMatch),
    DaysLeft {
        id: Box<str>,
        days: NumberMatch,
    },
    Time(TimeSpan),
    Weekday(Weekdays),
    AgeDays(NumberMatch),
}

/// `"critical"`, a list, or `{ at_least = "warning" }`.
#[derive(Clone, Debug)]
pub(super) enum SeverityMatch {
    In(Vec<Severity>),
    AtLeast(Severity),
}

impl SeverityMatch {
    pub fn matches(&self, severity: Severity) -> bool {
        match self {
            Self::In(list) => list.contains(&severity),
            Self::AtLeast(least) => severity >= *least,
        }
    }
}

/// One clause of a condition, for people: what was asked, whether it held, and what was found instead.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct AskedClause {
    /// As written in the rule file.
    pub clause: String,
    pub holds: bool,
    /// What the event or the entry had; blank where the clause nests others.
    pub found: String,
}

impl Condition {
    /// A condition of one clause.
    pub fn of(test: Test) -> Self {
        Self(vec![Clause { text: "".into(), test }])
    }

    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.0.iter().all(|clause| clause.test.holds(facts))
    }

    /// Each clause as written, whether it holds, and what there was.
    pub fn explain(&self, facts: &Facts<'_>) -> Vec<AskedClause> {
        let asked = |clause: &Clause| AskedClause {
            clause: clause.text.to_string(),
            holds: clause.test.holds(facts),
            found: clause.test.found(facts),
        };
        self.0.iter().map(asked).collect()
    }

    /// Asks for nothing but a severity: meant for whatever other rules leave.
    pub fn is_leftover(&self) -> bool {
        self.0.iter().all(|clause| matches!(clause.test, Test::Severity(_)))
    }

    /// Asks by its code, effect, severity or new status what sort of news it is for.
    pub fn names_news(&self) -> bool {
        self.0.iter().any(|clause| match &clause.test {
            Test::Code(_) | Test::Effect(_) | Test::Severity(_) | Test::Became(_) => true,
            Test::Any(branches) => branches.iter().all(Self::names_news),
            _ => false,
        })
    }

    /// The kinds of notice for which the condition can hold.
    pub fn kinds(&self) -> Set {
        self.0.iter().fold(Set::ALL, |kinds, clause| match clause.test {
            Test::Kind(set) => kinds.and(set),
            _ => kinds,
        })
    }
}

impl Test {
    /// The comparison of a clause about one text.
    pub fn text(&self) -> Option<&TextMatch> {
        match self {
            Self::Code(wanted)
            | Self::Table(wanted)
            | Self::Agency(wanted)
            | Self::EntryType(wanted)
            | Self::Port(wanted)
            | Self::Importer(wanted)
            | Self::Broker(wanted)
            | Self::Filer(wanted)
            | Self::EntryNumber(wanted)
            | Self::Bill(wanted)
            | Self::Container(wanted)
            | Self::Order(wanted)
            | Self::BrokerReference(wanted)
            | Self::HoldAgency(wanted)
            | Self::HoldCode(wanted)
            | Self::OpenDeadline(wanted) => Some(wanted),
            _ => None,
        }
    }

    /// The bounds of a clause about one number.
    pub fn bounds(&self) -> Option<&NumberMatch> {
        match self {
            Self::OpenHolds(bounds)
            | Self::HoldDays(bounds)
            | Self::Difference(bounds)
            | Self::Paid(bounds)
            | Self::Liquidated(bounds)
            | Self::Lines(bounds)
            | Self::EnteredValue(bounds)
            | Self::Duty(bounds)
            | Self::AgeDays(bounds) => Some(bounds),
            _ => None,
        }
    }

    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        let notice = facts.notice;
        match self {
            Self::Any(list) => list.iter().any(|condition| condition.holds(facts)),
            Self::Not(condition) => !condition.holds(facts),
            Self::Kind(set) => notice.is_some_and(|notice| set.has(kind_index(notice.kind))),
            Self::Effect(set) => notice.is_some_and(|notice| set.has(effect_index(&notice.effect))),
            Self::Severity(wanted) => facts.severity().is_some_and(|severity| wanted.matches(severity)),
            Self::Status(set) => facts.status().is_some_and(|status| set.has(status as usize)),
            Self::StatusBefore(set) => facts.status_before().is_some_and(|status| set.has(status as usize)),
            Self::Became(set) => facts
                .status()
                .is_some_and(|status| set.has(status as usize) && facts.status_before() != Some(status)),
            Self::Flag(flag, wanted) => facts.flag(*flag) == Some(*wanted),
            Self::Line(wanted) => {
                facts.after.is_some_and(|entry| entry.goods().any(|line| wanted.matches(line)))
            }
            Self::ProductLine(list) => {
                facts.after.is_some_and(|entry| list.iter().any(|line| line.has(entry)))
            }
            Self::OpenDeadline(ids) => facts.has_open_deadline(ids),
            Self::DaysLeft { id, days } => facts.days_left(id).any(|left| days.matches(left.into())),
            Self::Time(span) => facts.now.is_some_and(|now| span.has(now.time())),
            Self::Weekday(days) => facts.day().is_some_and(|day| days.has(day)),
            Self::Field { name, value } => notice.is_some_and(|notice| value.matches(values(notice, name))),
            _ => self.holds_of_number(facts).unwrap_or_else(|| self.holds_of_text(facts)),
        }
    }

    /// `None` when the clause compares no number.
    fn holds_of_number(&self, facts: &Facts<'_>) -> Option<bool> {
        let (bounds, number) = self.number(facts)?;
        Some(number.is_some_and(|number| bounds.matches(number)))
    }

    pub fn number(&self, facts: &Facts<'_>) -> Option<(&NumberMatch, Option<Decimal>)> {
        let money = |of: fn(&Liquidation) -> Option<Decimal>| facts.liquidation().and_then(of);
        Some(match self {
            Self::Difference(bounds) => (bounds, money(Liquidation::difference)),
            Self::Paid(bounds) => (bounds, money(|liquidation| liquidation.paid.total())),
            Self::Liquidated(bounds) => (bounds, money(|liquidation| liquidation.liquidated.total())),
            Self::OpenHolds(bounds) => {
                (bounds, facts.after.map(|entry| Decimal::from(entry.open_holds().count() as u64)))
            }
            Self::Lines(bounds) => {
                let lines = facts.after.map(|entry| entry.goods().count()).filter(|lines| *lines > 0);
                (bounds, lines.map(|lines| Decimal::from(lines as u64)))
            }
            Self::EnteredValue(bounds) => (bounds, facts.after.and_then(Entry::entered_value)),
            Self::Duty(bounds) => (bounds, facts.after.and_then(Entry::estimated_duty)),
            Self::HoldDays(bounds) => (bounds, facts.hold_days().map(Decimal::from)),
            Self::AgeDays(bounds) => (bounds, facts.age_days().map(Decimal::from)),
            _ => return None,
        })
    }

    fn holds_of_text(&self, facts: &Facts<'_>) -> bool {
        let entry = facts.after;
        let is = |wanted: &TextMatch, value: Option<&str>| value.is_some_and(|value| wanted.matches(value));
        let one = |wanted: &TextMatch, values: &[&str]| values.iter().any(|value| wanted.matches(value));
        match self {
            Self::Code(wanted) => is(wanted, facts.code()),
            Self::Table(wanted) => is(wanted, facts.notice.and_then(|notice| notice.table.as_deref())),
            Self::Agency(wanted) => is(wanted, facts.agency()),
            Self::Broker(wanted) => wanted.matches(facts.broker),
            Self::EntryType(wanted) => is(wanted, facts.entry_type()),
            Self::Port(wanted) => is(wanted, facts.port()),
            Self::Importer(wanted) => is(wanted, entry.and_then(|entry| entry.importer.as_deref())),
            Self::Filer(wanted) => entry.is_some_and(|entry| wanted.matches(entry.filer.as_str())),
            Self::EntryNumber(wanted) => entry.is_some_and(|entry| wanted.matches(entry.number.as_str())),
            Self::Bill(wanted) => one(wanted, &facts.bills()),
            Self::Container(wanted) => one(wanted, &facts.containers()),
            Self::Order(wanted) => {
                entry.is_some_and(|entry| entry.references.orders.iter().any(|order| wanted.matches(order)))
            }
            Self::BrokerReference(wanted) => {
                is(wanted, entry.and_then(|entry| entry.references.broker.as_deref()))
            }
            Self::HoldAgency(wanted) => entry
                .is_some_and(|entry| entry.open_holds().any(|(key, _)| wanted.matches(key.agency.as_str()))),
            Self::HoldCode(wanted) => entry
                .is_some_and(|entry| entry.open_holds().any(|(key, _)| wanted.matches(key.code.as_str()))),
            _ => false,
        }
    }
}

pub(super) fn values<'n>(notice: &'n Notice, name: &str) -> impl Iterator<Item = &'n str> {
    notice.fields.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value)
}
